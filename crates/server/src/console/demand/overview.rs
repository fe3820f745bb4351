//! Every series with what makes it worth a look, in the order in which it is.

use super::forecast::Forecast;
use super::gathering::{Gatherings, Pair};
use super::history::{Measure, Step, sold_between};
use super::series::{Grain, Series};
use super::supply::{self, ALL, Override};
use crate::console::data::{self, Stamp};
use crate::live::Answering;
use crate::problem::Problem;
use crate::state::AppState;
use jiff::Timestamp;
use jiff::civil::Date;
use lake::Snapshot;
use products::Shop;
use schema::time::epoch_day;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// What the forecasts say, in the order of [`Series::all`].
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) measure: Measure,
    pub(super) step: Option<Step>,
    /// First day of the first period ahead.
    pub(super) from: Date,
    /// Periods ahead.
    pub(super) ahead: usize,
    /// By series, what is expected of all periods; nothing where the version does not say.
    pub(super) expected: Vec<Option<f64>>,
}

fn ask_all(shop: &Shop, answering: &Answering, grain: Grain) -> Option<Gathered> {
    let now = Timestamp::now();
    let all = Series::all(shop.history.demand(), grain);
    let mut first: Option<Forecast> = None;
    let mut expected = Vec::with_capacity(all.len());
    for series in &all {
        let asked = series.question();
        let decided = asked.and_then(|asked| answering.serving.decide(&asked, now).ok());
        expected.push(decided.as_ref().and_then(Forecast::expected_of));
        if first.is_none() {
            first = decided.as_ref().map(Forecast::of);
        }
    }
    let first = first?;
    Some(Gathered {
        measure: first.measure,
        step: Step::of(&answering.page),
        from: first.periods.first()?.first,
        ahead: first.periods.len(),
        expected,
    })
}

/// One series of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    /// Its place in [`Series::all`].
    pub(super) at: usize,
    /// In as many of the last periods as are forecast.
    pub(super) lately: Option<f64>,
    /// In all periods that are forecast.
    pub(super) expected: Option<f64>,
    /// Units at the last day that is told of.
    pub(super) on_hand: Option<i64>,
    /// Changes of planners to the days ahead.
    pub(super) overrides: usize,
}

impl Line {
    /// Whether nothing is left to sell.
    pub(super) fn is_out(&self) -> bool {
        self.on_hand == Some(0)
    }

    /// How much more is expected than was sold, beside what chance alone moves: the square root of a count. Without it
    /// the largest series would come first for their size, and by their ratios the rarest.
    fn change(&self) -> f64 {
        let known = self.expected.zip(self.lately);
        known.map_or(0.0, |(expected, lately)| {
            (expected - lately) / expected.max(lately).max(1.0).sqrt()
        })
    }

    /// What is out of stock and wanted first, then what planners changed, then by how much the forecast differs from
    /// what sold lately.
    fn place(&self) -> (u8, Reverse<u64>) {
        let wanted = self.expected.or(self.lately);
        let (class, size) = if self.is_out() && wanted.is_none_or(|wanted| wanted > 0.0) {
            (0, wanted.unwrap_or(0.0))
        } else if self.overrides > 0 {
            (1, self.change().abs())
        } else {
            (2, self.change().abs())
        };
        // Sizes are not negative, so that their bits are in the order of their values.
        (class, Reverse(size.to_bits()))
    }
}

/// All series, what deserves a look first.
#[derive(Debug)]
pub(super) struct Overview {
    pub(super) lines: Vec<Line>,
    /// Nothing while the forecasts of all series are still being gathered.
    pub(super) gathered: Option<Arc<Gathered>>,
}

/// What an overview is of.
pub(super) struct Of<'a> {
    pub(super) name: &'a str,
    pub(super) shop: &'a Arc<Shop>,
    pub(super) answering: &'a Arc<Answering>,
    pub(super) grain: Grain,
}

/// An overview with what it was made from.
struct Known {
    of: Pair,
    stamp: Stamp,
    overview: Arc<Overview>,
}

/// By data product, the last overview and what was gathered for it.
#[derive(Default)]
pub(in crate::console) struct Overviews {
    gatherings: Gatherings<Gathered>,
    known: Mutex<BTreeMap<String, Known>>,
}

impl Overviews {
    /// Made anew only where the version, the shop, stock or what planners changed is another.
    pub(super) async fn of(
        &self,
        state: &AppState,
        snapshot: &Snapshot,
        of: &Of<'_>,
    ) -> Result<Arc<Overview>, Problem> {
        let grain = of.grain;
        let all = move |shop: &Shop, answering: &Answering| ask_all(shop, answering, grain);
        let gathered = self.gatherings.of(of.name, of.shop, of.answering, all);
        let gathered = gathered.await;
        let pair = Pair::of(of.shop, of.answering);
        let stamp = data::stamp(snapshot, &["stock_levels", "overrides"]);
        let mut kept = self.known.lock().await;
        let same = |known: &&Known| {
            known.of == pair
                && known.stamp == stamp
                && known.overview.gathered.is_some() == gathered.is_some()
        };
        if let Some(known) = kept.get(of.name).filter(same) {
            return Ok(Arc::clone(&known.overview));
        }
        let overview = Arc::new(made(state, snapshot, of, gathered).await?);
        let known = Known {
            of: pair,
            stamp,
            overview: Arc::clone(&overview),
        };
        kept.insert(of.name.to_owned(), known);
        Ok(overview)
    }
}

async fn made(
    state: &AppState,
    snapshot: &Snapshot,
    of: &Of<'_>,
    gathered: Option<Arc<Gathered>>,
) -> Result<Overview, Problem> {
    let stock = Stock::of(supply::all_levels(state, snapshot).await?);
    let today = of.shop.today().epoch_day();
    let changes = supply::overrides(state, snapshot, None, (today, i32::MAX)).await?;
    let changes = Changes::of(&changes, of.grain);
    let catalogue = of.shop.history.catalogue();
    let span = gathered.as_ref().and_then(|g| {
        let bounds = g.step?.bounds(g.from, g.ahead);
        Some((g.measure, *bounds.first()?, epoch_day(g.from)))
    });
    let line = |(at, series): (usize, Series<'_>)| {
        let product = catalogue.index_of(series.product);
        let category = product.and_then(|p| catalogue.get(p)?.category.as_deref());
        Line {
            at,
            lately: span.map(|(measure, from, until)| sold_between(&series, measure, from, until)),
            expected: gathered.as_ref().and_then(|g| *g.expected.get(at)?),
            on_hand: stock.units(series.product, series.site),
            overrides: changes.about(series.product, category, series.site),
        }
    };
    let all = Series::all(of.shop.history.demand(), of.grain).into_iter();
    let mut lines: Vec<Line> = all.enumerate().map(line).collect();
    // Of equals the order of their names stays.
    lines.sort_by_cached_key(Line::place);
    Ok(Overview { lines, gathered })
}

/// The last levels by product and site.
struct Stock(Vec<(String, String, i64)>);

impl Stock {
    fn of(mut levels: Vec<(String, String, i64)>) -> Self {
        levels.sort_unstable();
        Self(levels)
    }

    /// Units of a product at a site, or at all together; nothing where no level is told.
    fn units(&self, product: &str, site: Option<&str>) -> Option<i64> {
        let from = self.0.partition_point(|(p, _, _)| p.as_str() < product);
        let own = self.0[from..].iter().take_while(|(p, _, _)| p == product);
        let own = own.filter(|(_, s, _)| site.is_none_or(|site| s == site));
        own.map(|(_, _, units)| *units).reduce(|a, b| a + b)
    }
}

/// How many changes there are about what, by product and site, and by category where they name one.
#[derive(Default)]
struct Changes(BTreeMap<(String, String, Option<String>), usize>);

impl Changes {
    /// A series of all sites together is touched by a change at any of them.
    fn of(all: &[Override], grain: Grain) -> Self {
        let mut found = Self::default();
        for change in all {
            let site = match grain {
                Grain::Sites => change.site.as_str(),
                Grain::Products => ALL,
            };
            let key = (
                change.product.clone(),
                site.to_owned(),
                change.category.clone(),
            );
            *found.0.entry(key).or_default() += 1;
        }
        found
    }

    fn about(&self, product: &str, category: Option<&str>, site: Option<&str>) -> usize {
        if self.0.is_empty() {
            return 0;
        }
        let categories = [None].into_iter().chain(category.map(Some));
        let mut count = 0;
        for category in categories {
            for product in [product, ALL] {
                for site in site.into_iter().chain([ALL]) {
                    let category = category.map(str::to_owned);
                    let key = (product.to_owned(), site.to_owned(), category);
                    count += self.0.get(&key).copied().unwrap_or(0);
                }
            }
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(expected: f64, lately: f64, on_hand: Option<i64>, overrides: usize) -> Line {
        Line {
            at: 0,
            lately: Some(lately),
            expected: Some(expected),
            on_hand,
            overrides,
        }
    }

    #[test]
    fn what_is_missing_and_wanted_comes_first_and_what_goes_on_as_before_last() {
        let wanted_and_out = line(30.0, 30.0, Some(0), 0);
        let more_wanted_and_out = line(90.0, 90.0, Some(0), 0);
        let changed_by_hand = line(30.0, 30.0, Some(5), 2);
        let falls = line(10.0, 90.0, None, 0);
        let grows_a_little = line(1_010.0, 1_000.0, None, 0);
        let rare_doubles = line(2.0, 1.0, None, 0);
        let unwanted_and_out = line(0.0, 0.0, Some(0), 0);
        let expected = [
            more_wanted_and_out,
            wanted_and_out,
            changed_by_hand,
            falls,
            rare_doubles,
            grows_a_little,
            unwanted_and_out,
        ];
        let mut sorted = expected;
        sorted.reverse();
        sorted.sort_by_cached_key(Line::place);
        assert_eq!(sorted, expected);
    }

    #[test]
    fn stock_of_all_sites_is_added_up_and_none_told_is_not_nothing() {
        let level = |product: &str, site: &str, units| (product.to_owned(), site.to_owned(), units);
        let stock = Stock::of(vec![
            level("b", "y", 0),
            level("b", "x", 4),
            level("a", "x", 0),
        ]);
        assert_eq!(stock.units("b", None), Some(4));
        assert_eq!(stock.units("b", Some("y")), Some(0));
        assert_eq!(stock.units("c", None), None);
    }

    #[test]
    fn changes_are_counted_as_they_are_listed() {
        let day = jiff::civil::date(2024, 5, 1);
        let change = |product: &str, category: Option<&str>, site: &str| Override {
            made_at: Timestamp::UNIX_EPOCH,
            author: "ana".to_owned(),
            product: product.to_owned(),
            category: category.map(str::to_owned),
            site: site.to_owned(),
            first: day,
            last: day,
            change: "factor".to_owned(),
            value: 1.2,
            reason: None,
        };
        let mut all = Vec::new();
        for product in ["*", "a", "b"] {
            for category in [None, Some("c"), Some("d")] {
                for site in ["*", "s", "t"] {
                    all.push(change(product, category, site));
                }
            }
        }
        for (grain, product, category, site) in [
            (Grain::Sites, "a", Some("c"), Some("s")),
            (Grain::Sites, "a", None, Some("t")),
            (Grain::Products, "z", Some("d"), None),
            (Grain::Products, "b", None, None),
        ] {
            let about = |c: &&Override| c.is_about(product, category, site);
            let listed = all.iter().filter(about).count();
            let counted = Changes::of(&all, grain).about(product, category, site);
            assert_eq!(counted, listed, "{product} {category:?} {site:?}");
        }
    }
}
