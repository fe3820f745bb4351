//! What a question may say, and where it is refused.

use super::file::{AssumedFile, CostFile, MeasuredFile, Range, WhatIf, WhatIfFile};
use crate::file::name_of;
use crate::outcome::Outcome;
use decisions::Eligibility;
use schema::ConfigError;
use schema::config::ConfigFile;

/// A data product of the project: its name, and its kind where that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedProduct {
    /// Its name.
    pub name: String,
    /// Its kind; `None` where its file is wrong, which is said of that file.
    pub kind: Option<String>,
}

/// Kinds that measure effects.
const MEASURING: [&str; 2] = ["experiment", "promotion"];

impl WhatIf {
    /// Checks a file; the name of the question is that of the file.
    ///
    /// - `products`: those of the project.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of what is wrong, with the value found and what is allowed.
    pub fn check(file: &ConfigFile, products: &[NamedProduct]) -> Result<Self, ConfigError> {
        let name = name_of(file)?;
        let read: WhatIfFile = file.parse()?;
        if read.owner.trim().is_empty() {
            return Err(file.refuse(&["owner"], "empty", "the name of a person or a team"));
        }
        check_product(file, &["product"], &read.product, &["value"], products)?;
        read.check_customers(file)?;
        read.check_days(file)?;
        read.cost.check(file)?;
        read.check_effect(file, products)?;
        if let Some(range) = &read.pulled_forward {
            range.check(file, &["pulled_forward"], 0.0, 1.0)?;
        }
        Ok(Self { name, file: read })
    }
}

/// Refuses a product that is not there or of another kind.
fn check_product(
    file: &ConfigFile,
    path: &[&str],
    name: &str,
    kinds: &[&str],
    products: &[NamedProduct],
) -> Result<(), ConfigError> {
    let fits = |p: &&NamedProduct| p.kind.as_deref().is_none_or(|kind| kinds.contains(&kind));
    let found = products.iter().find(|p| p.name == name);
    if found.is_some_and(|p| fits(&p)) {
        return Ok(());
    }
    let found = match found.and_then(|p| p.kind.as_deref()) {
        Some(kind) => format!("{name:?}, of kind {kind}"),
        None => format!("{name:?}"),
    };
    let names: Vec<&str> = products
        .iter()
        .filter(fits)
        .map(|p| p.name.as_str())
        .collect();
    let names = if names.is_empty() {
        "there is none".to_owned()
    } else {
        names.join(", ")
    };
    let kinds = kinds.join(" or ");
    Err(file.refuse(
        path,
        found,
        format!("a data product of kind {kinds}: {names}"),
    ))
}

impl WhatIfFile {
    fn check_customers(&self, file: &ConfigFile) -> Result<(), ConfigError> {
        let Some(text) = &self.customers else {
            return Ok(());
        };
        // Which keys trials logged is known with the shop alone.
        match Eligibility::of_any_context(text) {
            Ok(_) => Ok(()),
            Err(error) => {
                let found = format!("{text:?}, {}", error.found());
                Err(file.refuse(&["customers"], found, error.allowed()))
            }
        }
    }

    fn check_days(&self, file: &ConfigFile) -> Result<(), ConfigError> {
        const DAYS_MAX: u32 = 3_650;
        let days = [
            ("horizon_days", self.horizon_days),
            ("lasts_days", self.lasts_days),
            ("every_days", self.every_days),
        ];
        for (key, found) in days {
            if let Some(found) = found.filter(|days| !(1..=DAYS_MAX).contains(days)) {
                return Err(file.refuse(&[key], found, format!("1 to {DAYS_MAX}")));
            }
        }
        if !(1..=366).contains(&self.times) {
            return Err(file.refuse(&["times"], self.times, "1 to 366"));
        }
        let lasts = self.lasts_days.is_some() || self.effect.measured.is_some();
        if self.times > 1 && !lasts {
            let allowed = "1, or `lasts_days`: what lasts the whole horizon is given once";
            return Err(file.refuse(&["times"], self.times, allowed));
        }
        if self.times > 1 && self.every_days.is_none() {
            let allowed = "1, or `every_days`, the days from one giving to the next";
            return Err(file.refuse(&["times"], self.times, allowed));
        }
        if let (Some(every), Some(lasts)) = (self.every_days, self.lasts_days)
            && every < lasts
        {
            let allowed = format!("{lasts} (`lasts_days`) or more");
            return Err(file.refuse(&["every_days"], every, allowed));
        }
        if let Some(margin) = self.margin.filter(|m| !(*m > 0.0 && *m <= 1.0)) {
            return Err(file.refuse(&["margin"], margin, "above 0 to 1"));
        }
        if !(200..=10_000).contains(&self.draws) {
            return Err(file.refuse(&["draws"], self.draws, "200 to 10000"));
        }
        Ok(())
    }

    fn check_effect(
        &self,
        file: &ConfigFile,
        products: &[NamedProduct],
    ) -> Result<(), ConfigError> {
        match (&self.effect.assumed, &self.effect.measured) {
            (Some(assumed), None) => assumed.check(file, self.lasts_days.is_some()),
            (None, Some(measured)) => {
                if let Some(days) = self.lasts_days {
                    let allowed =
                        "absent: a measured effect acts for the window it was measured in";
                    return Err(file.refuse(&["lasts_days"], days, allowed));
                }
                if measured.later.is_some() && self.pulled_forward.is_some() {
                    let allowed = "absent: `later` measures it";
                    return Err(file.refuse(&["pulled_forward"], "given", allowed));
                }
                measured.check(file, products)
            }
            (None, None) => Err(file.refuse(&["effect"], "nothing", "`assumed` or `measured`")),
            (Some(_), Some(_)) => {
                let found = "both `assumed` and `measured`";
                Err(file.refuse(&["effect"], found, "one of them"))
            }
        }
    }
}

impl CostFile {
    fn check(&self, file: &ConfigFile) -> Result<(), ConfigError> {
        const CENTS_MAX: i64 = 100_000_000;
        let cents = [
            ("per_customer_cents", self.per_customer_cents),
            ("per_order_cents", self.per_order_cents),
            ("per_redemption_cents", self.per_redemption_cents),
        ];
        for (key, found) in cents {
            if !(0..=CENTS_MAX).contains(&found) {
                return Err(file.refuse(&["cost", key], found, format!("0 to {CENTS_MAX}")));
            }
        }
        let shares = [
            ("redeemed", self.redeemed),
            ("share_of_spend", Some(self.share_of_spend)),
        ];
        for (key, found) in shares {
            if let Some(found) = found.filter(|share| !(0.0..=1.0).contains(share)) {
                return Err(file.refuse(&["cost", key], found, "0 to 1"));
            }
        }
        if self.per_redemption_cents > 0 && self.redeemed.is_none() {
            let allowed = "0, or `redeemed`, the share of the givings that are redeemed";
            let path = ["cost", "per_redemption_cents"];
            return Err(file.refuse(&path, self.per_redemption_cents, allowed));
        }
        Ok(())
    }
}

impl AssumedFile {
    fn check(&self, file: &ConfigFile, ends: bool) -> Result<(), ConfigError> {
        let given = |(key, range): (&'static str, Option<Range>)| Some((key, range?));
        let all: Vec<(&str, Range)> = self.factors().into_iter().filter_map(given).collect();
        for (key, range) in &all {
            range.check(file, &["effect", "assumed", key], 0.01, 100.0)?;
        }
        if all.is_empty() {
            let allowed = "at least one of `purchase_rate`, `dropout`, `spend`";
            return Err(file.refuse(&["effect", "assumed"], "nothing", allowed));
        }
        if self.dropout.is_some() && ends {
            let allowed = "absent with `lasts_days`: who leaves less is told of a rule that lasts the whole horizon";
            return Err(file.refuse(&["effect", "assumed", "dropout"], "given", allowed));
        }
        Ok(())
    }
}

impl Range {
    fn check(
        &self,
        file: &ConfigFile,
        path: &[&str],
        least: f64,
        most: f64,
    ) -> Result<(), ConfigError> {
        let within = |found: &f64| (least..=most).contains(found);
        let all = [
            ("expected", self.expected),
            ("low", self.low),
            ("high", self.high),
        ];
        if let Some((key, found)) = all.into_iter().find(|(_, found)| !within(found)) {
            let path = [path, &[key]].concat();
            return Err(file.refuse(&path, found, format!("{least} to {most}")));
        }
        if !(self.low <= self.expected && self.expected <= self.high) {
            let Self {
                expected,
                low,
                high,
            } = self;
            let found = format!("low {low}, expected {expected}, high {high}");
            return Err(file.refuse(path, found, "low <= expected <= high"));
        }
        Ok(())
    }
}

impl MeasuredFile {
    fn check(&self, file: &ConfigFile, products: &[NamedProduct]) -> Result<(), ConfigError> {
        let path = |key: &'static str| ["effect", "measured", key];
        check_product(file, &path("product"), &self.product, &MEASURING, products)?;
        if let Some(later) = &self.later {
            check_product(file, &path("later"), later, &["experiment"], products)?;
            if *later == self.product {
                let found = format!("{later:?}, which is `product`");
                let allowed = "a data product that reads the same trial over a longer window";
                return Err(file.refuse(&path("later"), found, allowed));
            }
        }
        if let Some(outcome) = self.outcome
            && !matches!(outcome, Outcome::Orders | Outcome::Revenue)
        {
            let found = format!("{:?}", outcome.name());
            let allowed = "orders or revenue: what customers are worth is what they spend";
            return Err(file.refuse(&path("outcome"), found, allowed));
        }
        let Some(depth) = self.depth else {
            if self.arms.is_empty() {
                return Ok(());
            }
            let allowed = "absent, or with `depth`";
            return Err(file.refuse(&path("arms"), "given without `depth`", allowed));
        };
        if !(depth.is_finite() && depth > 0.0) {
            return Err(file.refuse(&path("depth"), depth, "above 0"));
        }
        if self.arm.is_some() {
            return Err(file.refuse(&path("arm"), "given with `depth`", "one of them"));
        }
        let twice = |(place, arm): (usize, &String)| self.arms[..place].contains(arm);
        if self.arms.len() < 2 || self.arms.iter().enumerate().any(twice) {
            let found = format!("{:?}", self.arms);
            let allowed = "at least two arms of the read-out, each once";
            return Err(file.refuse(&path("arms"), found, allowed));
        }
        Ok(())
    }
}
