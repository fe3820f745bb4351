//! Who was drawn into which arm of which trial, whom products decided for, and who came back.

use crate::{Rounds, RuleRound};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// One customer's draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The trial.
    pub trial: Arc<str>,
    /// Who was drawn.
    pub customer: String,
    /// When, in seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// The arm drawn.
    pub arm: Arc<str>,
    /// The probability of every arm, as a JSON object.
    pub propensities: Arc<str>,
    /// What else was known of the customer then, as a JSON object.
    pub context: Option<String>,
}

/// The draws of a shop's trials, the rounds in which its data products decided, and the visits of the customers in them.
#[derive(Debug, Clone, Default)]
pub struct Trials {
    /// By trial and customer.
    assignments: Vec<Assignment>,
    /// The place of each customer's last draw among all, of those that tell something of them where there are any.
    last: HashMap<String, usize>,
    /// Moments of each customer's visits in seconds since 1970-01-01 UTC, oldest first.
    visits: HashMap<String, Vec<i64>>,
    rounds: Rounds,
    /// What each customer was shown of offers, oldest first.
    exposures: HashMap<String, Vec<Exposure>>,
    /// By data product: which share of the customers its versions on trial were asked to answer, oldest first.
    shares: BTreeMap<String, Vec<TrialShare>>,
    /// By data product and measured rule: by customer and time.
    ruled: BTreeMap<(String, String), Vec<RuleRound>>,
}

/// The share of the customers that a version on trial was asked to answer from a moment on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrialShare {
    /// The version.
    pub version: u32,
    /// Of the customers, 0 to 1.
    pub share: f64,
    /// Since when, in seconds since 1970-01-01 UTC.
    pub since_seconds: i64,
}

/// An offer that reached a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposure {
    /// When, in seconds since 1970-01-01 UTC.
    pub at_seconds: i64,
    /// The offer: that of an arm has its name.
    pub offer: Arc<str>,
}

impl Trials {
    /// In any order of draws and visits.
    #[must_use]
    pub fn new(
        mut assignments: Vec<Assignment>,
        seen: impl IntoIterator<Item = (String, i64)>,
    ) -> Self {
        assignments.sort_unstable_by(|a, b| (&a.trial, &a.customer).cmp(&(&b.trial, &b.customer)));
        let mut visits: HashMap<String, Vec<i64>> = HashMap::new();
        for (customer, at_seconds) in seen {
            visits.entry(customer).or_default().push(at_seconds);
        }
        visits
            .values_mut()
            .for_each(|moments| moments.sort_unstable());
        let mut last: HashMap<String, usize> = HashMap::new();
        for (place, draw) in assignments.iter().enumerate() {
            let known = last.entry(draw.customer.clone()).or_insert(place);
            let order = |draw: &Assignment| (draw.context.is_some(), draw.at_seconds);
            if order(&assignments[*known]) <= order(draw) {
                *known = place;
            }
        }
        Self {
            assignments,
            last,
            visits,
            rounds: Rounds::default(),
            exposures: HashMap::new(),
            shares: BTreeMap::new(),
            ruled: BTreeMap::new(),
        }
    }

    /// The same with the offers that reached customers, in any order.
    #[must_use]
    pub fn with_exposures(mut self, shown: impl IntoIterator<Item = (String, Exposure)>) -> Self {
        for (customer, exposure) in shown {
            self.exposures.entry(customer).or_default().push(exposure);
        }
        for own in self.exposures.values_mut() {
            own.sort_unstable_by(|a, b| (a.at_seconds, &a.offer).cmp(&(b.at_seconds, &b.offer)));
        }
        self
    }

    /// The offers that reached a customer, oldest first.
    #[must_use]
    pub fn exposures_of(&self, customer: &str) -> &[Exposure] {
        self.exposures.get(customer).map_or(&[], Vec::as_slice)
    }

    /// Takes over the shares of the customers that versions of a data product were asked to answer, in any order.
    pub(crate) fn take_shares(&mut self, product: &str, mut shares: Vec<TrialShare>) {
        shares.sort_by_key(|share| share.since_seconds);
        self.shares.insert(product.to_owned(), shares);
    }

    /// Takes over the days on which a measured rule covered what a data product decided, in any order.
    pub(crate) fn take_ruled(&mut self, product: &str, rule: &str, mut rounds: Vec<RuleRound>) {
        rounds.sort_by(|a, b| (&a.customer, a.at_seconds).cmp(&(&b.customer, b.at_seconds)));
        self.ruled
            .insert((product.to_owned(), rule.to_owned()), rounds);
    }

    /// The days on which a measured rule covered what a data product decided, by customer and time; nothing where they
    /// were not read.
    #[must_use]
    pub fn ruled(&self, product: &str, rule: &str) -> &[RuleRound] {
        let of = (product.to_owned(), rule.to_owned());
        self.ruled.get(&of).map_or(&[], Vec::as_slice)
    }

    /// The shares of the customers that versions of a data product on trial were asked to answer, oldest first.
    #[must_use]
    pub fn shares_of(&self, product: &str) -> &[TrialShare] {
        self.shares.get(product).map_or(&[], Vec::as_slice)
    }

    /// The same with the rounds in which data products decided.
    #[must_use]
    pub fn with_rounds(mut self, rounds: Rounds) -> Self {
        self.rounds = rounds;
        self
    }

    /// Whom data products decided for, and whom they held out.
    #[must_use]
    pub fn rounds(&self) -> &Rounds {
        &self.rounds
    }

    /// All draws, by trial and customer.
    #[must_use]
    pub fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// The draws of one trial, by customer; empty for a trial that is not known.
    #[must_use]
    pub fn of(&self, trial: &str) -> &[Assignment] {
        let begin = self.assignments.partition_point(|a| *a.trial < *trial);
        let end = self.assignments.partition_point(|a| *a.trial <= *trial);
        &self.assignments[begin..end]
    }

    /// A customer's last draw in any trial, of those that tell something of them where there are any; `None` for one who
    /// was never drawn.
    #[must_use]
    pub fn last_of(&self, customer: &str) -> Option<&Assignment> {
        Some(&self.assignments[*self.last.get(customer)?])
    }

    /// Moments of a customer's visits, oldest first.
    #[must_use]
    pub fn visits_of(&self, customer: &str) -> &[i64] {
        self.visits.get(customer).map_or(&[], Vec::as_slice)
    }

    /// What was known before a moment.
    #[must_use]
    pub(crate) fn before(&self, seconds: i64) -> Self {
        let drawn = self.assignments.iter().filter(|a| a.at_seconds < seconds);
        let seen = self.visits.iter().flat_map(|(customer, moments)| {
            let known = moments.iter().filter(|at| **at < seconds);
            known.map(move |at| (customer.clone(), *at))
        });
        let shown = self.exposures.iter().flat_map(|(customer, own)| {
            let known = own.iter().filter(|shown| shown.at_seconds < seconds);
            known.map(move |shown| (customer.clone(), shown.clone()))
        });
        let mut earlier = Self::new(drawn.cloned().collect(), seen)
            .with_rounds(self.rounds.before(seconds))
            .with_exposures(shown);
        for (product, all) in &self.shares {
            let known = all.iter().filter(|share| share.since_seconds < seconds);
            earlier.take_shares(product, known.copied().collect());
        }
        for ((product, rule), all) in &self.ruled {
            let known = all.iter().filter(|round| round.at_seconds < seconds);
            earlier.take_ruled(product, rule, known.cloned().collect());
        }
        earlier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(trial: &str, customer: &str, at_seconds: i64) -> Assignment {
        Assignment {
            trial: trial.into(),
            customer: customer.to_owned(),
            at_seconds,
            arm: "mail".into(),
            propensities: r#"{"mail":0.5,"none":0.5}"#.into(),
            context: None,
        }
    }

    #[test]
    fn a_trial_holds_its_own_draws_and_a_day_what_came_before_it() {
        let draws = vec![drawn("b", "2", 20), drawn("a", "9", 5), drawn("b", "1", 10)];
        let seen = [("1".to_owned(), 30), ("1".to_owned(), 12)];
        let shown = |at_seconds| {
            let offer = "mail".into();
            ("1".to_owned(), Exposure { at_seconds, offer })
        };
        let share = |since_seconds| TrialShare {
            version: 2,
            share: 0.3,
            since_seconds,
        };
        let mut trials = Trials::new(draws, seen).with_exposures([shown(25), shown(11)]);
        trials.take_shares("list", vec![share(22), share(3)]);
        let customers = |trials: &Trials, trial: &str| -> Vec<String> {
            trials
                .of(trial)
                .iter()
                .map(|a| a.customer.clone())
                .collect()
        };
        assert_eq!(customers(&trials, "b"), ["1", "2"]);
        assert!(trials.of("c").is_empty());
        assert_eq!(trials.last_of("9").unwrap().at_seconds, 5);
        assert_eq!(trials.last_of("5"), None);
        assert_eq!(trials.visits_of("1"), [12, 30]);
        let before = trials.before(20);
        assert_eq!(customers(&before, "b"), ["1"]);
        assert_eq!(before.visits_of("1"), [12]);
        assert!(before.visits_of("2").is_empty());
        assert_eq!(trials.shares_of("list"), [share(3), share(22)]);
        assert_eq!(before.shares_of("list"), [share(3)]);
        assert!(trials.shares_of("offers").is_empty());
        let moments = |trials: &Trials| -> Vec<i64> {
            trials
                .exposures_of("1")
                .iter()
                .map(|shown| shown.at_seconds)
                .collect()
        };
        assert_eq!(
            (moments(&trials), moments(&before)),
            (vec![11, 25], vec![11])
        );
    }
}
