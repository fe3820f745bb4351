//! A question as it is written: what would this offer or rule do to what customers are worth?

use crate::outcome::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `whatif/NAME.toml`, as written: an offer or a rule that is not there yet, to whom it would apply, what it would cost
/// and what it would do. `comptoir whatif NAME` says what it would change of what customers are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WhatIfFile {
    /// Who answers for it: a person or a team.
    pub owner: String,
    /// What it is about, in one sentence.
    pub description: String,
    /// The data product of kind `value` whose champion says what customers are worth without it.
    pub product: String,
    /// To whom it applies: a condition in CEL over `customer` and `context`, as the `eligibility` of offers; everybody
    /// who has bought where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customers: Option<String>,
    /// Days ahead that are looked at, 1 to those that the product covers; all of these where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub horizon_days: Option<u32>,
    /// Days that the effect acts each time, 1 to 3650; the whole horizon where it is absent, as of a rule. A measured
    /// effect acts for the window that it was measured in, and this is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lasts_days: Option<u32>,
    /// How often each customer is given it within the horizon, 1 to 366.
    pub times: u32,
    /// Days from one giving to the next, at least as many as the effect acts; needed where `times` is above 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every_days: Option<u32>,
    /// Share of what customers spend that the shop keeps after the cost of the goods, above 0 to 1. Where it is absent
    /// sales count in full, and the answer says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Draws of what is not known, 200 to 10000.
    pub draws: u32,
    /// What it costs.
    pub cost: CostFile,
    /// What it does. Exactly one of `assumed` and `measured` is given.
    pub effect: EffectFile,
    /// Share of what it adds that is borrowed from the weeks after it, 0 to 1, and is taken off. Where nothing is said and
    /// no later window was measured, a third (0 to two thirds) of an effect that ends within the horizon, and nothing of
    /// one that lasts; the answer says which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pulled_forward: Option<Range>,
}

/// What an offer costs the shop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CostFile {
    /// Cents each time that it is given to a customer, used or not.
    pub per_customer_cents: i64,
    /// Cents of each order made while it acts, those that would have come anyway included.
    pub per_order_cents: i64,
    /// Cents of each redemption; needs `redeemed`.
    pub per_redemption_cents: i64,
    /// Share of the givings that are redeemed, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redeemed: Option<f64>,
    /// Share of what is spent while it acts that is given back, 0 to 1, of what would have been spent anyway included.
    pub share_of_spend: f64,
}

/// Where the effect comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EffectFile {
    /// It is taken to be so: nobody has measured it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assumed: Option<AssumedFile>,
    /// It was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<MeasuredFile>,
}

/// Factors that are taken to be so; at least one of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AssumedFile {
    /// On how often customers buy while it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_rate: Option<Range>,
    /// On leaving for good: below 1 fewer leave. Of an effect that lasts the whole horizon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropout: Option<Range>,
    /// On what an order brings while it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend: Option<Range>,
}

/// A figure that is not known exactly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// What is expected: half of what it may be lies on either side.
    pub expected: f64,
    /// One in forty is below.
    pub low: f64,
    /// One in forty is above.
    pub high: f64,
}

/// An effect that a read-out holds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MeasuredFile {
    /// The data product of kind `experiment` or `promotion` whose champion measured it.
    pub product: String,
    /// The arm; the only one where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// The outcome that it changes, `orders` or `revenue`; revenue where it is absent and measured, else orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
    /// A data product of kind `experiment` that reads the same trial over a longer window: what was gained in the first
    /// weeks and lost in those after was pulled forward.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<String>,
    /// A depth between those of `arms` in place of `arm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<f64>,
    /// Arms that are offers of one type in table `offers`, at least two, each once; with `depth`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<String>,
}

impl Default for WhatIfFile {
    fn default() -> Self {
        Self {
            owner: String::new(),
            description: String::new(),
            product: String::new(),
            customers: None,
            horizon_days: None,
            lasts_days: None,
            times: 1,
            every_days: None,
            margin: None,
            draws: 400,
            cost: CostFile::default(),
            effect: EffectFile::default(),
            pulled_forward: None,
        }
    }
}

/// A question that was checked.
#[derive(Debug, Clone, PartialEq)]
pub struct WhatIf {
    pub(super) name: String,
    pub(super) file: WhatIfFile,
}

impl WhatIf {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was written.
    #[must_use]
    pub fn file(&self) -> &WhatIfFile {
        &self.file
    }

    /// The data products whose champions it needs besides the one that values customers.
    #[must_use]
    pub fn measuring(&self) -> Vec<&str> {
        let measured = self.file.effect.measured.iter();
        let both = measured.flat_map(|m| [Some(m.product.as_str()), m.later.as_deref()]);
        both.flatten().collect()
    }
}

impl AssumedFile {
    /// The factors with their keys.
    pub(super) fn factors(&self) -> [(&'static str, Option<Range>); 3] {
        [
            ("purchase_rate", self.purchase_rate),
            ("dropout", self.dropout),
            ("spend", self.spend),
        ]
    }
}
