//! Limits on some arms beside the budget, for all customers or those of some sites: what they may spend, and how many
//! customers may or must get them.

use super::draws::TrialError;
use super::settings::{Ledger, Settings, whole_cents};
use crate::file::Raw;
use crate::ledger::ArmsAllowance;
use crate::logged::listed;
use decisions::allocate::{Limit, Rule};
use features::History;
use schema::{Cents, ConfigError, LimitUnit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Limits at most: each has a price that is looked for.
const LIMITS_MAX: usize = 100;

/// Sites that they name at most, all together.
const SITES_MAX: usize = 10_000;

/// A limit on deciding once for every known customer, as written. Of the three figures it has one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArmsLimit {
    /// What it is called: a brand, a campaign, a store.
    pub(crate) name: String,
    /// The arms that it counts together; where `sites` is given and this is absent, all but the control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) arms: Option<Vec<String>>,
    /// Sites whose customers it counts: those who placed most of their orders of the last year there; of sites with as
    /// many it is the one of the latest order. Who ordered at no site then is counted by no limit with `sites`. All
    /// customers where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sites: Option<Vec<String>>,
    /// Money that they are expected to spend at most, in the shop's currency; with a ledger also what they may promise at
    /// most in each period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spend_at_most: Option<f64>,
    /// Customers who get one of them, at most; with a ledger also how many of them may be given in each period, each
    /// giving counted, also one that expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) customers_at_most: Option<u32>,
    /// Customers who get one of them, at least, whatever that costs in value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) customers_at_least: Option<u32>,
}

/// What a limit counts, and which way it binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Counts {
    /// Money, at most.
    Spend,
    /// Customers, at most.
    AtMost,
    /// Customers, at least.
    AtLeast,
}

impl ArmsLimit {
    /// What it counts, and how much of it is allowed or asked for.
    pub(crate) fn counts(&self) -> (Counts, f64) {
        match (
            self.spend_at_most,
            self.customers_at_most,
            self.customers_at_least,
        ) {
            (Some(money), _, _) => (Counts::Spend, money),
            (None, Some(most), _) => (Counts::AtMost, f64::from(most)),
            (None, None, least) => (Counts::AtLeast, least.map_or(0.0, f64::from)),
        }
    }

    /// The places of its arms among `arms`, which leave out the control.
    pub(crate) fn places(&self, arms: &[&str]) -> Vec<usize> {
        let of = |arm: &String| arms.iter().position(|name| name == arm);
        match &self.arms {
            Some(those) => those.iter().filter_map(of).collect(),
            None => (0..arms.len()).collect(),
        }
    }

    /// The sites whose customers it counts; `None` where it counts all.
    pub(crate) fn only_at(&self) -> Option<BTreeSet<String>> {
        let sites = self.sites.as_ref()?;
        Some(sites.iter().cloned().collect())
    }

    /// What a ledger keeps of it; `None` of what is asked for at least.
    pub(super) fn allowance(&self, ledger: &Ledger) -> Option<ArmsAllowance> {
        let (unit, units) = match self.counts() {
            (Counts::Spend, money) => (LimitUnit::Cents, whole_cents(money)?.0),
            (Counts::AtMost, _) => (LimitUnit::Offers, i64::from(self.customers_at_most?)),
            (Counts::AtLeast, _) => return None,
        };
        let is_counted = |arm: &&String| self.arms.as_ref().is_none_or(|arms| arms.contains(arm));
        let named = ledger.most.keys().filter(is_counted);
        let takes = named.map(|arm| {
            let takes = match unit {
                LimitUnit::Cents => ledger.most(arm).0,
                LimitUnit::Offers => 1,
            };
            (arm.clone(), takes)
        });
        Some(ArmsAllowance {
            name: self.name.clone(),
            unit,
            units,
            takes: takes.collect(),
            sites: self.only_at(),
        })
    }

    /// As it is allocated by, once a part of it is taken off.
    ///
    /// - `amount`: money or customers that are left to be decided for.
    /// - `groups`: of customers that it counts; `None` where it counts all.
    pub(crate) fn rule(&self, arms: &[&str], amount: f64, groups: Option<&[u16]>) -> Limit {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "money and customers beyond 64 bits are no limit, and the casts end there"
        )]
        let rule = match self.counts().0 {
            Counts::Spend => Rule::SpendAtMost((100.0 * amount.max(0.0)).floor() as i64),
            Counts::AtMost => Rule::ChooseAtMost(amount.max(0.0).floor() as u64),
            Counts::AtLeast => Rule::ChooseAtLeast(amount.max(0.0).ceil() as u64),
        };
        let places = self.places(arms).into_iter();
        let places: Vec<u16> = places.filter_map(|arm| u16::try_from(arm).ok()).collect();
        let limit = Limit::new(&self.name, rule).on_offers(&places);
        match groups {
            Some(groups) => limit.in_groups(groups),
            None => limit,
        }
    }
}

/// Whether a limit on customers of some sites, or on all, counts one who usually buys at a site, or at none.
pub(super) fn counts_at(sites: Option<&BTreeSet<String>>, site: Option<&str>) -> bool {
    sites.is_none_or(|sites| site.is_some_and(|site| sites.contains(site)))
}

/// Refuses limits that contradict themselves or each other.
pub(super) fn check(settings: &Settings, raw: &Raw) -> Result<(), ConfigError> {
    let refuse = |found: String, allowed: &str| {
        Err(raw.file.refuse(&["settings", "limits"], found, allowed))
    };
    let limits = &settings.limits;
    if limits.is_empty() {
        return Ok(());
    }
    if settings.budget.is_none() {
        let found = format!("{} without a `budget`", limits.len());
        return refuse(found, "none, or a `budget` over all arms beside them");
    }
    if limits.len() > LIMITS_MAX {
        return refuse(limits.len().to_string(), &format!("at most {LIMITS_MAX}"));
    }
    let sites = settings.sites().len();
    if sites > SITES_MAX {
        let found = format!("{sites} sites of all limits");
        return refuse(found, &format!("at most {SITES_MAX}"));
    }
    let mut names = BTreeSet::new();
    for limit in limits {
        let of = |found: &str| format!("{found} of {:?}", limit.name);
        if limit.name.trim().is_empty() || !names.insert(limit.name.as_str()) {
            let found = format!("{:?}", limit.name);
            return refuse(found, "a `name` that no other limit has");
        }
        let figures = [
            limit.spend_at_most.is_some(),
            limit.customers_at_most.is_some(),
            limit.customers_at_least.is_some(),
        ];
        if figures.iter().filter(|is_there| **is_there).count() != 1 {
            return refuse(
                of("not one figure"),
                "one of `spend_at_most`, `customers_at_most` and `customers_at_least`",
            );
        }
        if let Some(money) = limit.spend_at_most.filter(|money| !usable(*money)) {
            return refuse(of(&money.to_string()), "a cent or more as `spend_at_most`");
        }
        let arms = once_each(limit.arms.as_deref());
        if limit.arms.is_some() != arms.is_some() || (arms.is_none() && limit.sites.is_none()) {
            let found = limit
                .arms
                .as_ref()
                .map_or("none".to_owned(), |arms| format!("{arms:?}"));
            return refuse(
                of(&found),
                "one or more `arms`, each once; they may be left out where `sites` is there, for all but the control",
            );
        }
        let sites = once_each(limit.sites.as_deref());
        if limit.sites.is_some() != sites.is_some() {
            let found = format!(
                "{:?} as `sites`",
                limit.sites.as_deref().unwrap_or_default()
            );
            return refuse(
                of(&found),
                "one or more sites, each once, or no `sites` for all customers",
            );
        }
        if arms.iter().flatten().any(|arm| **arm == settings.control) {
            let found = of(&format!("the control {:?}", settings.control));
            return refuse(found, "`arms` that are offers");
        }
        let counted = settings.ledger.as_ref().and_then(|l| limit.allowance(l));
        if let Some(counted) = counted.filter(|of| of.units < of.cheapest().max(1)) {
            let found = match counted.unit {
                LimitUnit::Cents => Cents(counted.units).to_string(),
                LimitUnit::Offers => counted.units.to_string(),
            };
            return refuse(
                of(&found),
                "with a ledger enough for one offer: what `most` says of one of its arms, or one customer",
            );
        }
        let alike = |other: &&ArmsLimit| {
            arms == once_each(other.arms.as_deref()) && sites == once_each(other.sites.as_deref())
        };
        let most = limits
            .iter()
            .filter(alike)
            .find_map(|l| l.customers_at_most);
        if let (Some(least), Some(most)) = (limit.customers_at_least, most)
            && least > most
        {
            let found = of(&format!("at least {least} customers and at most {most}"));
            return refuse(
                found,
                "limits on the same arms and sites that can both be kept",
            );
        }
    }
    Ok(())
}

/// Names that are there and no two alike, in their order; `None` where not.
fn once_each(names: Option<&[String]>) -> Option<BTreeSet<&String>> {
    let names = names?;
    let each: BTreeSet<&String> = names.iter().collect();
    (!each.is_empty() && each.len() == names.len()).then_some(each)
}

fn usable(money: f64) -> bool {
    money.is_finite() && (0.01..1.0e12).contains(&money)
}

/// Refuses limits on what is no arm of the trial, and of customers of what is no site.
///
/// - `names`: its arms.
pub(super) fn known(
    settings: &Settings,
    names: &BTreeSet<&str>,
    history: &History,
) -> Result<(), TrialError> {
    for limit in &settings.limits {
        let mut arms = limit.arms.iter().flatten();
        if let Some(arm) = arms.find(|arm| !names.contains(arm.as_str())) {
            return Err(TrialError::NoLimitedArm {
                trial: settings.trial.clone(),
                limit: limit.name.clone(),
                found: arm.clone(),
                arms: listed(names),
            });
        }
        let mut sites = limit.sites.iter().flatten();
        let known = history.site_names();
        if let Some(site) = sites.find(|site| known.binary_search(site).is_err()) {
            return Err(TrialError::NoLimitedSite {
                limit: limit.name.clone(),
                found: site.clone(),
                sites: listed(&known.iter().map(String::as_str).collect()),
            });
        }
    }
    Ok(())
}
