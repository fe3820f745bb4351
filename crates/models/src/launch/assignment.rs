//! Which curve a launch follows, as far as it can be told before it opens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::past::Launch;

/// How many launches of all curves stand beside those of a label: values that are compared.
const PRIORS: [f64; 4] = [1.0, 4.0, 16.0, 64.0];

/// Share of the launches, the latest, that labels are compared on.
const HELD_OUT: f64 = 0.3;

/// What tells launches apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Nothing: each curve is as likely as it is common.
    None,
    /// Their category.
    Category,
    /// Their merchant.
    Merchant,
    /// The label of this position in [`super::Columns::labels`].
    Label(usize),
}

/// Probability of each curve given a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Assignment {
    column: Column,
    prior: f64,
    overall: Vec<f64>,
    by_label: BTreeMap<String, Vec<f64>>,
}

impl Column {
    fn of(self, launch: &Launch) -> Option<&str> {
        match self {
            Self::None => None,
            Self::Category => launch.category.as_deref(),
            Self::Merchant => launch.merchant.as_deref(),
            Self::Label(at) => launch.labels.get(at)?.as_deref(),
        }
    }
}

impl Assignment {
    /// Each curve is as likely as the others.
    pub(super) fn even(clusters: usize) -> Self {
        Self {
            column: Column::None,
            prior: PRIORS[0],
            overall: vec![1.0 / clusters as f64; clusters],
            by_label: BTreeMap::new(),
        }
    }

    /// Learns by the label that told the latest launches best; by the one of `column` where that is chosen already.
    ///
    /// - `shares`: by launch, in the order of time, the probability of each curve given its hours.
    pub(super) fn fit(launches: &[&Launch], shares: &[Vec<f64>], column: Option<Column>) -> Self {
        let clusters = shares.first().map_or(1, Vec::len);
        let labels = launches.first().map_or(0, |launch| launch.labels.len());
        let columns = match column {
            Some(column) => vec![column],
            None if clusters == 1 => vec![Column::None],
            None => [Column::None, Column::Category, Column::Merchant]
                .into_iter()
                .chain((0..labels).map(Column::Label))
                .collect(),
        };
        let early = launches.len() - (HELD_OUT * launches.len() as f64) as usize;
        let mut best: Option<(Column, f64, f64)> = None;
        for column in columns {
            for prior in PRIORS {
                let learnt = Self::count(&launches[..early], &shares[..early], column, prior);
                let late = launches[early..].iter().zip(&shares[early..]);
                let ln: f64 = late
                    .map(|(launch, share)| learnt.ln_score(launch, share))
                    .sum();
                if best.is_none_or(|(_, _, most)| ln > most) {
                    best = Some((column, prior, ln));
                }
            }
        }
        let (column, prior, _) = best.unwrap_or((Column::None, PRIORS[0], 0.0));
        Self::count(launches, shares, column, prior)
    }

    fn count(launches: &[&Launch], shares: &[Vec<f64>], column: Column, prior: f64) -> Self {
        let clusters = shares.first().map_or(1, Vec::len);
        let mut overall = vec![1.0; clusters];
        let mut by_label: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let add = |to: &mut Vec<f64>, share: &[f64]| {
            to.iter_mut()
                .zip(share)
                .for_each(|(to, share)| *to += share);
        };
        for (launch, share) in launches.iter().zip(shares) {
            add(&mut overall, share);
            if let Some(label) = column.of(launch) {
                let own = by_label.entry(label.to_owned());
                add(own.or_insert_with(|| vec![0.0; clusters]), share);
            }
        }
        let scale = |counts: &mut Vec<f64>| {
            let sum: f64 = counts.iter().sum();
            counts.iter_mut().for_each(|count| *count /= sum);
        };
        scale(&mut overall);
        for counts in by_label.values_mut() {
            counts
                .iter_mut()
                .zip(&overall)
                .for_each(|(count, all)| *count += prior * all);
            scale(counts);
        }
        Self {
            column,
            prior,
            overall,
            by_label,
        }
    }

    fn ln_score(&self, launch: &Launch, share: &[f64]) -> f64 {
        let said = self.weights(launch);
        said.iter()
            .zip(share)
            .map(|(said, share)| share * said.ln())
            .sum()
    }

    /// Probability of each curve; as common as they are where the label is new.
    pub(super) fn weights(&self, launch: &Launch) -> Vec<f64> {
        let label = self.column.of(launch);
        let own = label.and_then(|label| self.by_label.get(label));
        own.unwrap_or(&self.overall).clone()
    }

    pub(super) fn column(&self) -> Column {
        self.column
    }
}
