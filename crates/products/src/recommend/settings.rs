//! Settings of kind `recommend`.

use crate::contract::Judged;
use crate::file::Raw;
use models::recommend::{Placement, Seen};
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
        }
    }
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
        })
    }
}
