//! Expert rules: what someone of the shop has decided, written down with the reason and examples.
//!
//! A rule excludes, pins, boosts or caps the items its condition holds for, or excludes or pins offers. Conditions are CEL, the
//! [Common Expression Language](https://cel.dev): it has no loops without end, no side effects, and no clock.
//!
//! A field that is missing makes a condition unknown unless the rest decides it alone: `item.price_cents < 500 &&
//! item.category == 'wine'` does not hold for a book without a price, and is unknown for a wine without one. A rule
//! whose condition is unknown does not apply, and is counted.
//!
//! No rule has a number that says how much it weighs: an exclusion wins over a pin, and of two that compete otherwise the
//! one that comes first, by the name of the file and then by its place in it.

mod check;
mod example;
mod measured;
mod pairs;
pub mod raw;

pub use measured::{Covering, MEASURED_MAX};
pub use pairs::Contradiction;

use crate::condition::Condition;
use jiff::civil::Date;
use schema::ConfigError;
use schema::config::ConfigFile;
use serde::Serialize;
use std::sync::Arc;

/// Rules that were checked: every condition is made of known words, and every example holds.
#[derive(Clone)]
pub struct RuleSet {
    pub(crate) rules: Arc<[Rule]>,
    pub(crate) env: Arc<cel::Env>,
}

impl std::fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleSet")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

impl Default for RuleSet {
    fn default() -> Self {
        Self {
            rules: Arc::new([]),
            env: crate::condition::environment(),
        }
    }
}

/// Names that the scope of a rule may use.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The data products there are.
    pub products: &'a [&'a str],
    /// Those of the data products that give offers.
    pub offers: &'a [&'a str],
    /// The placements that a request can name.
    pub placements: &'a [&'a str],
}

impl RuleSet {
    /// Checks rule files together. Earlier files, and earlier rules in a file, come first where two rules compete.
    ///
    /// # Errors
    /// A [`ConfigError`] for each file that cannot be read and each rule that is wrong, with file, line, key, what was
    /// found and what is allowed: an unknown key, a condition that is no CEL or uses an unknown variable, field or
    /// function, a key that its action does not take, a product or placement that is not among `names`, a name used
    /// twice, an example that does not hold, two pins that always claim the same place.
    pub fn check(files: &[ConfigFile], names: &Names<'_>) -> Result<Self, Vec<ConfigError>> {
        let env = crate::condition::environment();
        Ok(Self {
            rules: check::check(files, names, &env)?.into(),
            env,
        })
    }

    /// The rules, in the order of the files.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// One rule that was checked.
#[derive(Debug)]
pub struct Rule {
    /// File and line.
    pub(crate) at: String,
    pub(crate) examples: Vec<example::Example>,
    pub(crate) name: Arc<str>,
    pub(crate) owner: String,
    pub(crate) reason: Arc<str>,
    pub(crate) when: String,
    pub(crate) condition: Condition,
    pub(crate) action: Action,
    pub(crate) scope: Scope,
    pub(crate) measure_share: Option<f64>,
}

impl Rule {
    /// Its name, unique in its set.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who answers for it.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Why it is there.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Its condition, as written.
    #[must_use]
    pub fn when(&self) -> &str {
        &self.when
    }

    /// File and line where it is written.
    #[must_use]
    pub fn at(&self) -> &str {
        &self.at
    }

    /// Whether its condition looks at offers; else it is about the items of lists, or about everything that is decided
    /// for whom it holds.
    #[must_use]
    pub fn is_about_offers(&self) -> bool {
        self.condition.has_offer_part()
    }

    /// Whether its condition looks at items.
    #[must_use]
    pub fn is_about_items(&self) -> bool {
        self.condition.has_item_part() || self.condition.has_joint_part()
    }

    /// The keys of `context` that its condition names.
    pub fn context_keys(&self) -> impl Iterator<Item = &str> {
        self.condition.context_keys()
    }

    /// What it does.
    #[must_use]
    pub fn action(&self) -> Action {
        self.action
    }

    /// Share of the customers to whom it is not applied, so that what it changes can be measured; `None` where it is
    /// applied to all.
    #[must_use]
    pub fn measure_share(&self) -> Option<f64> {
        self.measure_share
    }

    /// Where and on which days it does so.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

/// What a rule does to the items its condition holds for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "then", rename_all = "snake_case")]
pub enum Action {
    /// They are not listed.
    Exclude,
    /// The best of them that may be listed takes this place.
    Pin {
        /// The place, from 1.
        position: u32,
    },
    /// Their score is multiplied; a score below zero is divided.
    Boost {
        /// 0.01 to 100.
        factor: f32,
    },
    /// Only so many of them are listed per group.
    Cap {
        /// The most that are listed, per group.
        at_most: u32,
        /// What a group is.
        per: Group,
    },
}

/// What a cap counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Per category.
    Category,
    /// Per merchant.
    Merchant,
    /// Per brand.
    Brand,
    /// In the whole list.
    List,
}

/// Where and on which days a rule applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Placements; `None` is all of them, and also a request that names none.
    pub placements: Option<Vec<String>>,
    /// Data products; `None` is all of them.
    pub products: Option<Vec<String>>,
    /// First day.
    pub valid_from: Option<Date>,
    /// Last day.
    pub valid_to: Option<Date>,
}

impl Scope {
    /// Whether a request lies within.
    #[must_use]
    pub fn holds(&self, product: &str, placement: Option<&str>, today: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= today)
            && self.valid_to.is_none_or(|to| today <= to)
            && self.names_product(product)
            && self
                .placements
                .as_ref()
                .is_none_or(|all| placement.is_some_and(|asked| all.iter().any(|p| p == asked)))
    }

    /// Whether a data product lies within, on whichever day.
    #[must_use]
    pub fn names_product(&self, product: &str) -> bool {
        let products = self.products.as_ref();
        products.is_none_or(|all| all.iter().any(|name| name == product))
    }

    /// Whether there can be a request that lies within both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let share = |a: &Option<Vec<String>>, b: &Option<Vec<String>>| match (a, b) {
            (Some(a), Some(b)) => a.iter().any(|x| b.contains(x)),
            (None, _) | (_, None) => true,
        };
        let ends_before = |a: &Self, b: &Self| {
            a.valid_to
                .zip(b.valid_from)
                .is_some_and(|(to, from)| to < from)
        };
        share(&self.placements, &other.placements)
            && share(&self.products, &other.products)
            && !ends_before(self, other)
            && !ends_before(other, self)
    }
}
