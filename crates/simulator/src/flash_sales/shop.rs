//! The club itself: its files, its truth, and what the best decisions would cost.

use jiff::civil::DateTime;
use math::special::GaussLegendre;

use super::arrivals::{Members, Sale, limit, sales};
use super::catalogue::{Brand, Category, brands, categories};
use super::estimates::{LaunchEstimate, estimates};
use super::launches::{Article, Cast, LaunchTruth, SIZE, UNEXPLAINED};
use super::merchants::{MerchantSkill, merchants};
use super::{FlashSales, HOUR_SECONDS, files};
use crate::counts::CountDistribution;
use crate::raw::RawFile;
use crate::shop::{ShopError, count};

/// Hours after the opening of the last day of which the sales can be told: every launch has closed by then.
const HOURS: (u32, u32) = (0, 480);
/// Points and half the width, in standard deviations, of the average over what is not known of an intensity.
const NODES: u32 = 48;
const REACH: f64 = 6.0;

/// What is known of a launch before it opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Informed {
    /// Its attributes and what each of them does.
    Attributes,
    /// The same, and what its merchant in charge told, read by the merchant's true bias, slope, noise and signal.
    Estimate,
    /// The intensity itself.
    Intensity,
}

/// A flash-sales club whose launches, merchants and members are drawn.
///
/// Units wanted of a product in a launch are negative binomial. Their mean, the intensity, is log-normal: category,
/// brand, price, depth of the discount, season, weekday, hour and merchant tell a part of it; the rest is drawn anew for
/// each product of each launch, and merchants know of it what their skill tells them ([`MerchantSkill`]). Units are
/// wanted one by one, at hours that follow the curve of the launch ([`Curve`](super::Curve)), and sold as long as the
/// stock lasts.
#[derive(Debug, Clone)]
pub struct FlashSalesShop {
    club: FlashSales,
    categories: Vec<Category>,
    brands: Vec<Brand>,
    merchants: Vec<MerchantSkill>,
    members: Members,
    articles: Vec<Article>,
    launches: Vec<LaunchTruth>,
    estimates: Vec<LaunchEstimate>,
}

impl FlashSalesShop {
    /// Draws everything of `club`.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn new(club: &FlashSales) -> Result<Self, ShopError> {
        club.check()?;
        let (categories, brands) = (categories(club), brands(club));
        let merchants = merchants(club);
        let (articles, mut launches) = Cast {
            club,
            categories: &categories,
            brands: &brands,
            merchants: &merchants,
        }
        .launches();
        let estimates = estimates(club, &merchants, &launches);
        limit(club, &mut launches, &estimates);
        Ok(Self {
            club: club.clone(),
            categories,
            brands,
            merchants,
            members: Members::new(club),
            articles,
            launches,
            estimates,
        })
    }

    /// The truth of each product of each launch, in the order of the openings; those to come are the last.
    #[must_use]
    pub fn launches(&self) -> &[LaunchTruth] {
        &self.launches
    }

    /// What is planted for each merchant.
    #[must_use]
    pub fn merchants(&self) -> &[MerchantSkill] {
        &self.merchants
    }

    /// What merchants told.
    #[must_use]
    pub fn estimates(&self) -> &[LaunchEstimate] {
        &self.estimates
    }

    /// When the launches of the last day open, in UTC; [`FlashSalesShop::before`] holds what was known then.
    #[must_use]
    pub fn now(&self) -> DateTime {
        self.club.moment(self.club.now())
    }

    /// τ: standard deviation of the part of the logarithm of an intensity that attributes do not tell.
    #[must_use]
    pub fn unexplained_spread() -> f64 {
        UNEXPLAINED
    }

    /// Size of the negative binomial demand: its variance is `mean + mean² / size`.
    #[must_use]
    pub fn demand_size() -> f64 {
        SIZE
    }

    /// The files that exist when the last day opens.
    #[must_use]
    pub fn before(&self) -> Vec<RawFile> {
        let now = self.club.now();
        let sales = self.sales(|second| second < now);
        let sales = self.sales_file(&sales, ("raw/sales.csv", "F"));
        vec![
            files::customers_file(&self.club, &self.members),
            files::products_file(
                &self.articles,
                &self.categories,
                &self.brands,
                &self.merchants,
            ),
            files::launches_file(&self.launches),
            files::estimates_file(&self.estimates, &self.launches, &self.merchants),
            sales,
        ]
    }

    /// What is sold in the first `hours` (0 to 480) after the last day has opened, in all launches that are open
    /// meanwhile: `raw/sales-last-day.csv`, which starts with the same bytes whatever the hours.
    ///
    /// # Errors
    /// [`ShopError::Count`] for more hours.
    pub fn open(&self, hours: u32) -> Result<RawFile, ShopError> {
        count("hours", hours, HOURS)?;
        let now = self.club.now();
        let until = now + i64::from(hours) * HOUR_SECONDS;
        let sales = self.sales(|second| (now..until).contains(&second));
        Ok(self.sales_file(&sales, ("raw/sales-last-day.csv", "G")))
    }

    /// Units wanted of a product in a launch in its first `hours`, sold or not.
    ///
    /// - `launch`: position in [`FlashSalesShop::launches`].
    ///
    /// # Panics
    /// When there is no such launch.
    #[must_use]
    pub fn wanted_until(&self, launch: usize, hours: f64) -> u32 {
        let unlimited = LaunchTruth {
            available_units: None,
            ..self.launches[launch].clone()
        };
        let until = unlimited.opens as f64 + hours * HOUR_SECONDS as f64;
        let sales = sales(&self.club, &self.members, launch, &unlimited);
        sales
            .iter()
            .filter(|sale| (sale.second as f64) < until)
            .count() as u32
    }

    /// Units sold of a product in a launch from opening to closing, those after the last day included.
    ///
    /// # Panics
    /// When there is no such launch.
    #[must_use]
    pub fn sold(&self, launch: usize) -> u32 {
        let launch = &self.launches[launch];
        let available = launch.available_units.unwrap_or(u32::MAX);
        launch.demand.min(available)
    }

    /// Distribution of the units wanted of a product in a launch, for someone who knows `informed` of it.
    ///
    /// Without an estimate of the merchant in charge, [`Informed::Estimate`] is [`Informed::Attributes`]. The average
    /// over an unknown intensity is taken by 48 points of Gauss-Legendre quadrature over six standard deviations.
    ///
    /// # Panics
    /// When there is no such launch.
    #[must_use]
    pub fn demand(&self, launch: usize, informed: Informed) -> CountDistribution {
        let truth = &self.launches[launch];
        let (mean, spread) = match informed {
            Informed::Intensity => {
                return CountDistribution::negative_binomial(truth.intensity, SIZE);
            }
            Informed::Attributes => (0.0, UNEXPLAINED),
            Informed::Estimate => self.told(launch).unwrap_or((0.0, UNEXPLAINED)),
        };
        let parts: Vec<(f64, CountDistribution)> = GaussLegendre::new(NODES)
            .over(-REACH, REACH)
            .map(|(unit, weight)| {
                let intensity = (truth.attributes + mean + spread * unit).exp();
                let density = (-0.5 * unit * unit).exp();
                let counts = CountDistribution::negative_binomial(intensity, SIZE);
                (weight * density, counts)
            })
            .collect();
        CountDistribution::mixture(&parts)
    }

    /// Mean and standard deviation of what is unexplained, after the estimate of the merchant in charge.
    fn told(&self, launch: usize) -> Option<(f64, f64)> {
        let truth = &self.launches[launch];
        let first = self.estimates.partition_point(|one| one.launch < launch);
        let estimate = self.estimates.get(first)?;
        let own = estimate.launch == launch && estimate.merchant == truth.merchant;
        own.then(|| {
            let merchant = &self.merchants[truth.merchant];
            merchant.unexplained_given(truth.attributes, f64::from(estimate.likely))
        })
    }

    /// Expected cost in cents of ordering `units` before the launch, under the true distribution of its demand.
    ///
    /// # Panics
    /// When there is no such launch.
    #[must_use]
    pub fn expected_cost(&self, launch: usize, units: u32) -> f64 {
        let costs = self.launches[launch].costs();
        self.demand(launch, Informed::Intensity)
            .expected_cost(units, costs)
    }

    /// The quantity that someone would order who knows `informed` of the launch.
    ///
    /// # Panics
    /// When there is no such launch.
    #[must_use]
    pub fn best_units(&self, launch: usize, informed: Informed) -> u32 {
        let costs = self.launches[launch].costs();
        self.demand(launch, informed).best_units(costs)
    }

    /// The sales at the seconds chosen, in the order of time.
    fn sales(&self, chosen: impl Fn(i64) -> bool) -> Vec<Sale> {
        let mut all: Vec<Sale> = Vec::new();
        for (pair, launch) in self.launches.iter().enumerate() {
            let sales = sales(&self.club, &self.members, pair, launch).into_iter();
            all.extend(sales.filter(|sale| chosen(sale.second)));
        }
        // The sort is stable: sales in the same second keep the order of the launches.
        all.sort_by_key(|sale| sale.second);
        all
    }

    fn sales_file(&self, sales: &[Sale], names: (&str, &str)) -> RawFile {
        files::sales_file(&self.club, &self.launches, sales, names)
    }
}
