//! How many offers one customer gets.

use super::possible::Limit;
use super::settings::Settings;
use crate::file::Raw;
use crate::lately::since;
use crate::standing::Gave;
use jiff::Timestamp;
use schema::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many offers one customer gets at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Caps {
    /// Offers, arms other than the control, that one customer gets within `days`, 1 to 100. Those that chance draws or
    /// a rule gives count, and are not given beyond it.
    pub(crate) per_customer: u32,
    /// Days, each of 24 hours, counted back from the moment of the question, 1 to 366.
    pub(crate) days: u32,
    /// The same of single arms, each 1 to `per_customer`; an arm that is not named has no cap of its own.
    #[serde(default)]
    pub(crate) arms: BTreeMap<String, u32>,
}

impl Caps {
    pub(super) fn check(&self, settings: &Settings, raw: &Raw) -> Result<(), ConfigError> {
        let refuse = |key: &str, found: String, allowed: &str| {
            let at = ["settings", "caps", key];
            Err(raw.file.refuse(&at, found, allowed))
        };
        if !(1..=100).contains(&self.per_customer) {
            return refuse("per_customer", self.per_customer.to_string(), "1 to 100");
        }
        if !(1..=366).contains(&self.days) {
            return refuse("days", self.days.to_string(), "1 to 366");
        }
        if self.arms.contains_key(&settings.control) {
            let found = format!("one of the control {:?}", settings.control);
            return refuse("arms", found, "caps of arms that are offers");
        }
        let of_all = 1..=self.per_customer;
        if let Some((arm, most)) = self.arms.iter().find(|(_, most)| !of_all.contains(most)) {
            let allowed = format!("1 to `per_customer`, which is {}", self.per_customer);
            return refuse("arms", format!("{most} for {arm:?}"), &allowed);
        }
        Ok(())
    }
}

/// Of each arm, why the caps do not let a customer have it; `None` where they do.
///
/// - `given`: what the customer got lately.
pub(super) fn capped<'a>(
    caps: &Caps,
    arms: impl Iterator<Item = &'a str>,
    given: &[Gave],
    now: Timestamp,
) -> Vec<Option<Limit>> {
    let since = since(caps.days, now);
    let lately = || given.iter().filter(|gave| gave.at >= since);
    let count = |times: usize| u32::try_from(times).unwrap_or(u32::MAX);
    let all = count(lately().count());
    let of = |arm: &str| {
        if all >= caps.per_customer {
            return Some(Limit::Enough {
                times: all,
                days: caps.days,
                most: caps.per_customer,
            });
        }
        let most = *caps.arms.get(arm)?;
        let times = count(lately().filter(|gave| *gave.arm == *arm).count());
        (times >= most).then_some(Limit::Capped {
            times,
            days: caps.days,
            most,
        })
    };
    arms.map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gave(arm: &str, at: &str) -> Gave {
        Gave {
            arm: arm.into(),
            at: at.parse().unwrap(),
        }
    }

    /// Whether a small and a large offer may be given at noon of the 28th.
    fn may(given: &[Gave]) -> (bool, bool) {
        let caps = Caps {
            per_customer: 2,
            days: 7,
            arms: [("large".to_owned(), 1)].into(),
        };
        let now = "2026-11-28T12:00:00Z".parse().unwrap();
        let limits = capped(&caps, ["small", "large"].into_iter(), given, now);
        (limits[0].is_none(), limits[1].is_none())
    }

    #[test]
    fn offers_count_for_so_many_days_and_single_arms_have_their_own_cap() {
        let old = gave("large", "2026-11-21T11:59:59Z");
        let first = gave("large", "2026-11-21T12:00:00Z");
        let second = gave("small", "2026-11-28T11:59:59Z");
        assert_eq!(may(&[]), (true, true));
        assert_eq!(may(std::slice::from_ref(&old)), (true, true));
        assert_eq!(may(std::slice::from_ref(&first)), (true, false));
        assert_eq!(may(&[old, second.clone()]), (true, true));
        assert_eq!(may(&[first, second]), (false, false));
    }
}
