//! Settings of kind `experiment`.

use super::change::Change;
use super::groups::SPENT_BEFORE;
use super::policy::Policy;
use super::ratio::{Guardrail, Measure, Ratio, check, measures};
use crate::file::{Header, Raw};
use crate::outcome::Outcome;
use jiff::civil::Date;
use schema::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The control of a trial whose settings name none.
pub(crate) const CONTROL: &str = "none";

/// Settings as written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// The trial in table `assignments` to read. Exactly one of `trial`, `product` and `change` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trial: Option<String>,
    /// The data product to read: the customers it decided for against those held out, from table `decisions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) product: Option<String>,
    /// Of the product, instead of those held out: customers whom its version on trial answered against those whom its
    /// champion did on the same days. A trial is asked for with `trial_share` in the product's file.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) versions: bool,
    /// Of the product, instead of those held out: the name of a rule that is measured (`measure_share` in its file).
    /// Customers whom it covered and to whom it was applied against those it covered and to whom it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// The arm of the trial that was left alone, `none` where it is not given; of a product those held out are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) control: Option<String>,
    /// What may have changed, each once; the first decides whether a version is published.
    pub(crate) outcomes: Vec<Outcome>,
    /// Ratios of two outcomes that may have changed, beside the outcomes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ratio: Vec<Ratio>,
    /// What must not get worse: outcomes and ratios, each read at any time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) guardrail: Vec<Guardrail>,
    /// Days after a draw or a decision in which it counts, 1 to 365.
    pub(crate) window_days: u32,
    /// Days before a customer's first draw or decision: their outcome then takes chance out of the effect, 0 to 365; 0
    /// for none.
    pub(crate) covariate_days: u32,
    /// Share of wrong discoveries accepted, and probability that an interval valid at any time ever misses, 0.001 to
    /// 0.2.
    pub(crate) alpha: f64,
    /// The first day whose draws and decisions count; all of them where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) start: Option<Date>,
    /// The first day on which an arm of the trial reaches anybody: the windows of those drawn before it begin then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub(crate) begins: Option<Date>,
    /// By what customers are told apart to see who gained by the first outcome: `spent_before`, for what they spent in
    /// the covariate days, or a key of what the trial's draws logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) groups: Option<String>,
    /// A rule whose worth the trial's draws tell: which arm some of `groups` get, and all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<Policy>,
    /// Share of the customers whose outcome is as it is, above 0.5 and below 1: what is beyond this quantile, or below one
    /// less it, is cut to it, so that a few do not decide. Visits are never cut. Nothing is where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) winsorise: Option<f64>,
    /// How what is known from before takes chance out of the effects.
    #[serde(skip_serializing_if = "Adjust::is_cuped")]
    pub(crate) adjust: Adjust,
    /// A key of what the trial's draws logged, where all customers of one value were drawn as one, such as a household or a
    /// store: errors then count values and not customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
    /// A change that nobody drew: sites that were changed beside others, or blocks of days; windows and covariates are
    /// not read with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) change: Option<Change>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            trial: None,
            product: None,
            versions: false,
            rule: None,
            control: None,
            outcomes: vec![Outcome::Margin],
            ratio: Vec::new(),
            guardrail: Vec::new(),
            window_days: 14,
            covariate_days: 90,
            alpha: 0.05,
            start: None,
            begins: None,
            groups: None,
            policy: None,
            winsorise: None,
            adjust: Adjust::Cuped,
            cluster: None,
            change: None,
        }
    }
}

/// How what is known from before takes chance out of effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Adjust {
    /// By the same outcome in the covariate days.
    #[default]
    Cuped,
    /// By what a regression says of the outcome that reads several things known of the covariate days, and has not seen the
    /// customer. Ratios are adjusted as before.
    Regression,
}

impl Adjust {
    fn is_cuped(&self) -> bool {
        *self == Self::Cuped
    }
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source<'a> {
    /// A trial, and its arm that was left alone.
    Trial { trial: &'a str, control: &'a str },
    /// A data product against the holdout.
    Product(&'a str),
    /// The version on trial of a data product against its champion.
    Versions(&'a str),
    /// A measured rule on what a data product decides.
    Rule { product: &'a str, rule: &'a str },
}

impl Settings {
    /// What is read. Of settings that were checked exactly one is given.
    pub(crate) fn source(&self) -> Source<'_> {
        match (&self.product, &self.trial) {
            (Some(product), _) if self.rule.is_some() => Source::Rule {
                product,
                rule: self.rule.as_deref().unwrap_or_default(),
            },
            (Some(product), _) if self.versions => Source::Versions(product),
            (Some(product), _) => Source::Product(product),
            (None, trial) => Source::Trial {
                trial: trial.as_deref().unwrap_or_default(),
                control: self.control.as_deref().unwrap_or(CONTROL),
            },
        }
    }

    /// What is read, as a person calls it.
    pub(crate) fn experiment(&self) -> String {
        match self.source() {
            Source::Trial { trial, .. } => format!("trial {trial}"),
            Source::Product(product) => format!("product {product} against the holdout"),
            Source::Versions(product) => format!("the version of {product} on trial"),
            Source::Rule { product, rule } => format!("rule \"{rule}\" on product {product}"),
        }
    }

    /// Unit of an outcome with its window.
    pub(crate) fn unit(&self, outcome: Outcome) -> String {
        self.within(Measure::Outcome(outcome))
    }

    /// Unit of what is measured with its window.
    pub(crate) fn within(&self, measure: Measure<'_>) -> String {
        format!("{} within {} days", measure.unit(), self.window_days)
    }

    /// What is measured: outcomes, and then ratios.
    pub(crate) fn measures(&self) -> impl Iterator<Item = Measure<'_>> {
        measures(&self.outcomes, &self.ratio)
    }

    /// Whether an outcome is read, by itself or in a ratio.
    pub(crate) fn reads(&self, outcome: Outcome) -> bool {
        self.measures().any(|measure| measure.reads(outcome))
    }

    pub(crate) fn check(&self, header: &Header, raw: &Raw) -> Result<(), ConfigError> {
        self.check_source(header, raw)?;
        for (place, outcome) in self.outcomes.iter().enumerate() {
            if self.outcomes[..place].contains(outcome) {
                return Err(raw.refuse("outcomes", format!("{outcome:?} twice"), "each one once"));
            }
        }
        if self.outcomes.is_empty() {
            return Err(raw.refuse("outcomes", "none", "at least one"));
        }
        if !(1..=365).contains(&self.window_days) {
            return Err(raw.refuse("window_days", self.window_days, "1 to 365"));
        }
        if self.covariate_days > 365 {
            return Err(raw.refuse("covariate_days", self.covariate_days, "0 to 365"));
        }
        if !(0.001..=0.2).contains(&self.alpha) {
            return Err(raw.refuse("alpha", self.alpha, "0.001 to 0.2"));
        }
        self.check_groups(raw)?;
        self.check_reading(raw)?;
        let refuse = |path: &[&str], found: String, allowed: &str| {
            let path: Vec<&str> = ["settings"].iter().chain(path).copied().collect();
            raw.file.refuse(&path, found, allowed)
        };
        check(&self.outcomes, &self.ratio, &self.guardrail, &refuse)?;
        match &self.change {
            Some(change) => change.check(&self.outcomes, raw),
            None => Ok(()),
        }
    }

    fn check_reading(&self, raw: &Raw) -> Result<(), ConfigError> {
        if let Some(share) = self
            .winsorise
            .filter(|share| !(*share > 0.5 && *share < 1.0))
        {
            return Err(raw.refuse("winsorise", share, "above 0.5 and below 1"));
        }
        if self.adjust == Adjust::Regression && self.covariate_days == 0 {
            let allowed = "regression with `covariate_days` above 0";
            return Err(raw.refuse("adjust", "regression", allowed));
        }
        let given = [
            ("winsorise", self.winsorise.is_some()),
            ("adjust", self.adjust == Adjust::Regression),
            ("cluster", self.cluster.is_some()),
        ];
        let with_change = given.iter().find(|(_, is)| *is && self.change.is_some());
        if let Some((key, _)) = with_change {
            return Err(raw.refuse(key, "it and `change`", "none with `change`"));
        }
        let Some(key) = &self.cluster else {
            return Ok(());
        };
        let allowed = if self.trial.is_none() || key.trim().is_empty() {
            "with `trial` a key of its context"
        } else if self.groups.is_some() {
            "none with `groups`, whose customers are units"
        } else {
            return Ok(());
        };
        Err(raw.refuse("cluster", format!("{key:?}"), allowed))
    }

    fn check_groups(&self, raw: &Raw) -> Result<(), ConfigError> {
        if self.policy.is_some() && (self.groups.is_none() || self.trial.is_none()) {
            let allowed = "with `trial`, whose draws have probabilities, and `groups`";
            return Err(raw.refuse("policy", "it without them", allowed));
        }
        let Some(groups) = &self.groups else {
            return Ok(());
        };
        let by_spend = groups == SPENT_BEFORE;
        let allowed = if self.change.is_some() {
            "none with `change`"
        } else if by_spend && self.covariate_days == 0 {
            "spent_before with `covariate_days` above 0"
        } else if !by_spend && (self.trial.is_none() || groups.trim().is_empty()) {
            "spent_before, or with `trial` a key of its context"
        } else {
            return Ok(());
        };
        Err(raw.refuse("groups", format!("{groups:?}"), allowed))
    }

    fn check_source(&self, header: &Header, raw: &Raw) -> Result<(), ConfigError> {
        const ONE: &str = "exactly one of `trial`, `product` and `change`";
        if self.versions && self.product.is_none() {
            let allowed = "true with `product`, whose versions they are";
            return Err(raw.refuse("versions", true, allowed));
        }
        if let Some(rule) = self.rule.as_ref().filter(|_| self.product.is_none()) {
            let allowed = "a name with `product`, on whose decisions the rule is measured";
            return Err(raw.refuse("rule", format!("{rule:?}"), allowed));
        }
        if let Some(rule) = self.rule.as_ref().filter(|_| self.versions) {
            let allowed = "none with `versions`: one of both is compared";
            return Err(raw.refuse("rule", format!("{rule:?}"), allowed));
        }
        if self.change.is_some() {
            let others = [
                ("trial", self.trial.is_some()),
                ("product", self.product.is_some()),
                ("control", self.control.is_some()),
                ("start", self.start.is_some()),
                ("ratio", !self.ratio.is_empty()),
                ("guardrail", !self.guardrail.is_empty()),
            ];
            return match others.iter().find(|(_, is)| *is) {
                Some((key, _)) => Err(raw.refuse(key, "it and `change`", "none with `change`")),
                None => Ok(()),
            };
        }
        match (&self.trial, &self.product) {
            (None, None) => return Err(raw.refuse("trial", "neither it nor `product`", ONE)),
            (Some(_), Some(_)) => return Err(raw.refuse("product", "it and `trial`", ONE)),
            (Some(_), None) | (None, Some(_)) => {}
        }
        if let (Some(control), Some(_)) = (&self.control, &self.product) {
            let allowed = "none with `product`: those held out are its control";
            return Err(raw.refuse("control", format!("{control:?}"), allowed));
        }
        if self.product.as_deref() == Some(&header.name) {
            let found = format!("{:?}, this product itself", header.name);
            return Err(raw.refuse("product", found, "another data product"));
        }
        let named = [
            ("trial", &self.trial),
            ("product", &self.product),
            ("control", &self.control),
            ("rule", &self.rule),
        ];
        for (key, name) in named {
            if let Some(name) = name.as_deref().filter(|name| name.trim().is_empty()) {
                return Err(raw.refuse(key, format!("{name:?}"), "a name"));
            }
        }
        Ok(())
    }
}
