//! Settings of kind `recommend`.

use crate::contract::Judged;
use crate::file::Raw;
use crate::search::{Knob, Value, Within};
use models::recommend::{Placement, Seen, Tuning};
use schema::{Bytes, ConfigError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Placements by their names in files and questions.
pub(crate) const PLACEMENTS: [(&str, Placement); 5] = [
    ("for_you", Placement::ForYou),
    ("similar", Placement::Similar),
    ("complementary", Placement::Complementary),
    ("buy_again", Placement::BuyAgain),
    ("popular", Placement::Popular),
];

/// The name of a placement in files and questions.
pub(crate) fn name(placement: Placement) -> &'static str {
    PLACEMENTS
        .iter()
        .find(|(_, p)| *p == placement)
        .map_or("", |(name, _)| name)
}

/// Days after an answer in which a purchase of what it showed speaks for it.
const BOUGHT_WITHIN_DAYS: u16 = 7;

/// Days after an answer in which a click on what it showed does.
const CLICKED_WITHIN_DAYS: u16 = 1;

/// Most products in one answer.
pub(crate) const ITEMS_MAX: u32 = 200;

/// Settings as written.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Placements that are trained; the first answers where a question names none.
    /// Allowed: for_you, similar, complementary, buy_again, popular.
    pub(crate) placements: Vec<String>,
    /// Products in an answer, unless the question says otherwise, 1 to 200.
    pub(crate) items: u32,
    /// Days at the end of the history that are held out to measure a version, 7 to 365.
    pub(crate) held_out_days: u32,
    /// Placement for_you: `excluded` shows only what the customer never bought, `allowed` anything.
    pub(crate) seen: String,
    /// Most products of one category in an answer; 0 for no limit.
    pub(crate) at_most_per_category: u32,
    /// Whether sales without a customer count for popularity and complements.
    pub(crate) anonymous_baskets: bool,
    /// Days after a basket in which a purchase still goes with it, 0 to 60.
    pub(crate) complement_window_days: u32,
    /// Methods that would need more memory than this are not tried.
    pub(crate) memory_max: String,
    /// What says whether an answer was good: `purchases` of what it showed, or `clicks` on it, for shops that echo
    /// `decision_id` in their events.
    pub(crate) judged_by: String,
    /// What methods are tried with; what is usual where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) methods: Option<Methods>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            placements: PLACEMENTS
                .iter()
                .map(|(name, _)| (*name).to_owned())
                .collect(),
            items: 12,
            held_out_days: 60,
            seen: "excluded".to_owned(),
            at_most_per_category: 0,
            anonymous_baskets: true,
            complement_window_days: 0,
            memory_max: "1GiB".to_owned(),
            judged_by: "purchases".to_owned(),
            methods: None,
        }
    }
}

/// What methods are tried with; what is not said stays as is usual.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Methods {
    /// Penalty of EASE, 1 to 1e6.
    #[serde(skip_serializing_if = "Option::is_none")]
    ease_l2: Option<f64>,
    /// Days after which half of what a customer bought counts, in methods that count it by the day; 1 to 10000.
    #[serde(skip_serializing_if = "Option::is_none")]
    history_half_life_days: Option<f64>,
    /// Days after which half of what sold counts for what sells now, 1 to 1000.
    #[serde(skip_serializing_if = "Option::is_none")]
    demand_half_life_days: Option<f64>,
    /// How much of it what sells now weighs, as an exponent, 0 to 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    demand_exponent: Option<f64>,
    /// Length of a factor of iALS, 1 to 1024.
    #[serde(skip_serializing_if = "Option::is_none")]
    ials_factors: Option<u32>,
    /// Penalty of iALS, 1e-6 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    ials_l2: Option<f64>,
    /// Weight of what a customer has not bought in iALS, 1e-5 to 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    ials_unobserved_weight: Option<f64>,
}

impl Methods {
    fn check(self, raw: &Raw) -> Result<Tuning, ConfigError> {
        let usual = Tuning::default();
        let number = |key: &str, found: Option<f64>, usual: f64, min: f64, max: f64| {
            let value = found.unwrap_or(usual);
            if (min..=max).contains(&value) {
                return Ok(value);
            }
            Err(raw.refuse_at(&["methods", key], value, format!("{min} to {max}")))
        };
        let single = |key: &str, found: Option<f64>, usual: f32, min: f64, max: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "half of the digits suffice"
            )]
            number(key, found, f64::from(usual), min, max).map(|value| value as f32)
        };
        let ials_factors = self.ials_factors.unwrap_or(usual.ials_factors);
        if !(1..=1_024).contains(&ials_factors) {
            let key = ["methods", "ials_factors"];
            return Err(raw.refuse_at(&key, ials_factors, "1 to 1024"));
        }
        Ok(Tuning {
            ease_l2: number("ease_l2", self.ease_l2, usual.ease_l2, 1.0, 1e6)?,
            history_half_life_days: single(
                "history_half_life_days",
                self.history_half_life_days,
                usual.history_half_life_days,
                1.0,
                10_000.0,
            )?,
            demand_half_life_days: single(
                "demand_half_life_days",
                self.demand_half_life_days,
                usual.demand_half_life_days,
                1.0,
                1_000.0,
            )?,
            demand_exponent: single(
                "demand_exponent",
                self.demand_exponent,
                usual.demand_exponent,
                0.0,
                3.0,
            )?,
            ials_factors,
            ials_l2: number("ials_l2", self.ials_l2, usual.ials_l2, 1e-6, 100.0)?,
            ials_unobserved_weight: number(
                "ials_unobserved_weight",
                self.ials_unobserved_weight,
                usual.ials_unobserved_weight,
                1e-5,
                10.0,
            )?,
        })
    }
}

/// Where what methods are tried with is sought.
///
/// # Source
/// Rendle, Krichene, Zhang, Koren (2021) for the ranges of iALS; Steck (2019) for that of EASE.
pub(crate) fn searched() -> Vec<Knob> {
    let usual = Tuning::default();
    let number = |key, default, from, to, logarithmic| Knob {
        key,
        default: Value::Number(default),
        within: Within::Number {
            from,
            to,
            logarithmic,
        },
        by_default: true,
    };
    let (history, now) = (usual.history_half_life_days, usual.demand_half_life_days);
    let weight = f64::from(usual.demand_exponent);
    vec![
        number("methods.ease_l2", usual.ease_l2, 30.0, 3_000.0, true),
        number(
            "methods.history_half_life_days",
            f64::from(history),
            30.0,
            1_000.0,
            true,
        ),
        number(
            "methods.demand_half_life_days",
            f64::from(now),
            4.0,
            90.0,
            true,
        ),
        number("methods.demand_exponent", weight, 0.0, 1.5, false),
        Knob {
            key: "methods.ials_factors",
            default: Value::Whole(i64::from(usual.ials_factors)),
            within: Within::Whole {
                from: 16,
                to: 256,
                logarithmic: true,
            },
            by_default: true,
        },
        number("methods.ials_l2", usual.ials_l2, 0.000_5, 0.05, true),
        number(
            "methods.ials_unobserved_weight",
            usual.ials_unobserved_weight,
            0.01,
            1.0,
            true,
        ),
    ]
}

/// Settings, checked.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) placements: Vec<Placement>,
    pub(crate) items: u32,
    pub(crate) held_out_days: u32,
    pub(crate) seen: Seen,
    pub(crate) at_most_per_category: Option<u32>,
    pub(crate) anonymous_baskets: bool,
    pub(crate) complement_window_days: u32,
    pub(crate) memory_max: Bytes,
    pub(crate) judged: Judged,
    pub(crate) tuning: Tuning,
}

impl Settings {
    pub(crate) fn check(&self, raw: &Raw) -> Result<Checked, ConfigError> {
        let names: Vec<_> = PLACEMENTS.iter().map(|(name, _)| *name).collect();
        let allowed = names.join(", ");
        let mut placements = Vec::new();
        for name in &self.placements {
            match PLACEMENTS.iter().find(|(known, _)| known == name) {
                Some((_, placement)) if !placements.contains(placement) => {
                    placements.push(*placement)
                }
                Some(_) => {
                    return Err(raw.refuse(
                        "placements",
                        format!("{name:?} twice"),
                        "each placement once",
                    ));
                }
                None => return Err(raw.refuse("placements", format!("{name:?}"), &allowed)),
            }
        }
        if placements.is_empty() {
            return Err(raw.refuse("placements", "empty", &allowed));
        }
        let seen = match self.seen.as_str() {
            "excluded" => Seen::Excluded,
            "allowed" => Seen::Allowed,
            other => {
                return Err(raw.refuse(
                    "seen",
                    format!("{other:?}"),
                    "\"excluded\" or \"allowed\"",
                ));
            }
        };
        if !(1..=ITEMS_MAX).contains(&self.items) {
            return Err(raw.refuse("items", self.items, format!("1 to {ITEMS_MAX}")));
        }
        if !(7..=365).contains(&self.held_out_days) {
            return Err(raw.refuse("held_out_days", self.held_out_days, "7 to 365"));
        }
        if self.complement_window_days > 60 {
            return Err(raw.refuse(
                "complement_window_days",
                self.complement_window_days,
                "0 to 60",
            ));
        }
        let judged = match self.judged_by.as_str() {
            "purchases" => Judged::Bought {
                window_days: BOUGHT_WITHIN_DAYS,
            },
            "clicks" => Judged::Clicked {
                window_days: CLICKED_WITHIN_DAYS,
            },
            other => {
                return Err(raw.refuse(
                    "judged_by",
                    format!("{other:?}"),
                    "\"purchases\" or \"clicks\"",
                ));
            }
        };
        let memory_max = self.memory_max.parse().map_err(|_| {
            raw.refuse(
                "memory_max",
                format!("{:?}", self.memory_max),
                "a size such as 512MiB",
            )
        })?;
        Ok(Checked {
            placements,
            items: self.items,
            held_out_days: self.held_out_days,
            seen,
            at_most_per_category: (self.at_most_per_category > 0)
                .then_some(self.at_most_per_category),
            anonymous_baskets: self.anonymous_baskets,
            complement_window_days: self.complement_window_days,
            memory_max,
            judged,
            tuning: self.methods.unwrap_or_default().check(raw)?,
        })
    }
}
