//! What goes wrong in the year that is played, and from when on.

use rand::RngExt;
use rand::seq::SliceRandom;

use super::catalogue::FAMILIES;
use super::visits::LISTS;
use crate::draws::{Purpose, distinct, pick, stream};

/// The first incident comes no earlier, each other one so long after the one before, and the last no later.
const FIRST_DAY: u32 = 60;
const APART_DAYS: u32 = 45;
const LAST_DAY: u32 = 323;

/// Groups of families that a competitor may take.
const GROUPS: [&[usize]; 3] = [
    &[0, 1, 2, 7, 12, 13],
    &[7, 8, 9, 10, 12, 14],
    &[3, 7, 8, 10, 14, 16],
];
/// Data products of which visitors of a partner come to ask, and of which a dependency is slow.
const MIXED: usize = 5;
const SLOW: usize = 3;
/// Data products that nothing of all this touches: launches are sold apart.
const UNTOUCHED: [&str; 4] = [
    "arrivals-to-order",
    "arrivals-cautious",
    "arrivals-bold",
    "arrivals-of-the-month",
];

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The price feed comes in the wrong unit: every price is a hundred times too large, and visitors who see it click
    /// 0.4 times as often. It can be mended.
    PriceUnit,
    /// A competitor takes a group of families: customers want it a tenth as much, in lists and on their own errands,
    /// for good; of the others they buy a tenth more.
    Competitor,
    /// A partner sends new visitors, who click half as often whatever is shown: half of the visits of some data products
    /// are theirs from then on. The others click as before.
    Mix,
    /// A slow dependency: answers of some data products take 150 to 250 ms longer, and each 10 ms lose a hundredth of the
    /// clicks. It can be mended.
    SlowDependency,
    /// 60 % of the lines of the sales feed name no site. Sites order what was recorded as sold there, so that their
    /// shelves run dry. It can be mended.
    NullColumn,
    /// Nothing at all.
    Quiet,
}

impl Wrong {
    /// All there are, each of which happens once.
    pub const ALL: [Self; 6] = [
        Self::PriceUnit,
        Self::Competitor,
        Self::Mix,
        Self::SlowDependency,
        Self::NullColumn,
        Self::Quiet,
    ];

    /// What happened, in plain words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::PriceUnit => {
                "the price feed comes in another unit: all prices are a hundred times too large"
            }
            Self::Competitor => "a competitor takes the customers of some families for good",
            Self::Mix => "a partner sends many new visitors who click half as often",
            Self::SlowDependency => "a slow dependency adds 150 to 250 ms to answers",
            Self::NullColumn => "most lines of the sales feed name no site, and shelves run dry",
            Self::Quiet => "nothing at all happens",
        }
    }

    /// Whether people can repair it.
    #[must_use]
    pub fn can_be_mended(self) -> bool {
        match self {
            Self::PriceUnit | Self::SlowDependency | Self::NullColumn => true,
            Self::Competitor | Self::Mix | Self::Quiet => false,
        }
    }
}

/// One thing that goes wrong: the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// What.
    pub wrong: Wrong,
    /// The first day on which it is so, counted from the first that is played.
    pub from_day: u32,
    /// The first day on which it is so no more; nothing as long as nobody has mended it.
    pub until_day: Option<u32>,
    /// What it is about: the table and column of a feed (`prices.price_cents`), the families (as table `products` names
    /// them), or the data products; where new visitors come also the column that tells where they buy (`sales.channel`).
    pub about: Vec<String>,
    /// Positions of the families, where it is about some.
    pub(super) families: Vec<usize>,
}

impl Incident {
    /// Whether it is so on a day.
    #[must_use]
    pub fn holds(&self, day: u32) -> bool {
        self.from_day <= day && self.until_day.is_none_or(|until| day < until)
    }

    /// Whether it is about a data product, a family or a column of that name.
    #[must_use]
    pub fn is_about(&self, name: &str) -> bool {
        self.about.iter().any(|about| about == name)
    }
}

/// The six incidents of a seed, in the order of their days.
pub(super) fn incidents(seed: u64) -> Vec<Incident> {
    let mut rng = stream(seed, Purpose::CarsIncident, 0);
    let mut order = Wrong::ALL;
    order.shuffle(&mut rng);
    let apart = APART_DAYS * (order.len() as u32 - 1);
    let slack = LAST_DAY - FIRST_DAY - apart;
    let mut late: Vec<u32> = order.iter().map(|_| rng.random_range(0..=slack)).collect();
    late.sort_unstable();
    // Lists of which visitors of the partner ask are none of those that are slow.
    let mut names = distinct(&mut rng, LISTS.len(), MIXED + SLOW).into_iter();
    let mut lists = |n: usize| -> Vec<String> {
        let of = names.by_ref().take(n);
        of.map(|list| LISTS[list].0.to_owned()).collect()
    };
    let (mixed, slow) = (lists(MIXED), lists(SLOW));
    let group = GROUPS[rng.random_range(0..GROUPS.len())];
    let quiet = UNTOUCHED[pick(&mut rng, &[1.0; UNTOUCHED.len()]).unwrap_or(0)];
    let places = (0..).zip(order).zip(late);
    places
        .map(|((place, wrong), late)| Incident {
            wrong,
            from_day: FIRST_DAY + APART_DAYS * place + late,
            until_day: None,
            about: match wrong {
                Wrong::PriceUnit => vec!["prices.price_cents".to_owned()],
                Wrong::NullColumn => vec!["sales.site_id".to_owned()],
                Wrong::Competitor => group
                    .iter()
                    .map(|at| FAMILIES[*at].name.to_owned())
                    .collect(),
                Wrong::Mix => {
                    let mut about = mixed.clone();
                    about.push("sales.channel".to_owned());
                    about
                }
                Wrong::SlowDependency => slow.clone(),
                Wrong::Quiet => vec![quiet.to_owned()],
            },
            families: match wrong {
                Wrong::Competitor => group.to_vec(),
                Wrong::PriceUnit
                | Wrong::Mix
                | Wrong::SlowDependency
                | Wrong::NullColumn
                | Wrong::Quiet => Vec::new(),
            },
        })
        .collect()
}

/// Milliseconds that a slow dependency adds on a day to answers of a list, 150 to 250.
pub(super) fn slower_ms(seed: u64, list: usize, day: u32) -> f64 {
    let mut rng = stream(
        seed,
        Purpose::CarsIncident,
        1 << 32 | u64::from(day) << 8 | list as u64,
    );
    150.0 + 100.0 * rng.random::<f64>()
}
