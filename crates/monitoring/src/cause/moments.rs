//! Sums of the rows of a period, by segment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::refusal::{Allowed, Refusal, require, require_finite};

/// Sums of a period's rows, of which any number merge into one: one row per independent unit, a customer say.
///
/// Of each row it takes the outcome and what each feature contributed to the model's score of it: the parts that the
/// model itself explains a score by, up to a constant. What of the outcome they do not say is its residual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodMoments {
    features: Vec<String>,
    segments: BTreeMap<String, Segment>,
}

/// Sums of a segment. Columns are the outcome, the residual, the score, then each feature's contribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Segment {
    pub(super) rows: u64,
    means: Vec<f64>,
    /// Sums of squares about the mean.
    squares: Vec<f64>,
}

pub(super) const OUTCOME: usize = 0;
pub(super) const RESIDUAL: usize = 1;
pub(super) const SCORE: usize = 2;
pub(super) const FEATURES: usize = 3;

impl PeriodMoments {
    /// No rows yet, of a model with these features; without any all that is not mix is relation.
    #[must_use]
    pub fn of_features(features: &[&str]) -> Self {
        Self {
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            segments: BTreeMap::new(),
        }
    }

    /// Takes in a row.
    ///
    /// - `contributions`: one per feature, in the unit of the outcome.
    ///
    /// # Errors
    /// [`Refusal`] when there are not as many contributions as features, or a figure is not finite; nothing is taken in.
    pub fn push(
        &mut self,
        segment: &str,
        outcome: f64,
        contributions: &[f64],
    ) -> Result<(), Refusal> {
        self.push_alike(segment, outcome, contributions, 1)
    }

    /// Takes in so many rows that are alike.
    ///
    /// # Errors
    /// As [`Self::push`].
    pub fn push_alike(
        &mut self,
        segment: &str,
        outcome: f64,
        contributions: &[f64],
        rows: u64,
    ) -> Result<(), Refusal> {
        let needed = self.features.len();
        let allowed = Allowed::Count(needed as u64);
        let found = contributions.len();
        require(found == needed, "contributions", found, allowed)?;
        require_finite("outcome", outcome)?;
        for (at, part) in contributions.iter().enumerate() {
            require_finite("contributions", *part).map_err(|refusal| refusal.at(at))?;
        }
        let score: f64 = contributions.iter().sum();
        let known = [outcome, outcome - score, score];
        let alike = Segment {
            rows,
            means: known.iter().chain(contributions).copied().collect(),
            squares: vec![0.0; FEATURES + needed],
        };
        match self.segments.get_mut(segment) {
            Some(sums) => sums.merge(&alike),
            None if rows > 0 => {
                self.segments.insert(segment.to_owned(), alike);
            }
            None => {}
        }
        Ok(())
    }

    /// Adds the rows of another part of the period.
    ///
    /// # Errors
    /// [`Refusal`] when it is of other features.
    pub fn merge(&mut self, other: &Self) -> Result<(), Refusal> {
        self.check_same_features(other)?;
        for (name, sums) in &other.segments {
            match self.segments.get_mut(name) {
                Some(own) => own.merge(sums),
                None => {
                    self.segments.insert(name.clone(), sums.clone());
                }
            }
        }
        Ok(())
    }

    pub(super) fn check_same_features(&self, other: &Self) -> Result<(), Refusal> {
        let count = Allowed::Count(self.features.len() as u64);
        let found = other.features.len();
        require(found == self.features.len(), "features", found, count)?;
        let pairs = self.features.iter().zip(&other.features);
        match pairs.enumerate().find(|(_, (own, others))| own != others) {
            Some((at, _)) => Err(Refusal::of("features", found, count).at(at)),
            None => Ok(()),
        }
    }

    /// Rows of all segments.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.segments.values().map(|segment| segment.rows).sum()
    }

    pub(super) fn features(&self) -> &[String] {
        &self.features
    }

    pub(super) fn segments(&self) -> &BTreeMap<String, Segment> {
        &self.segments
    }
}

impl Segment {
    fn merge(&mut self, other: &Self) {
        let (own, more) = (self.rows as f64, other.rows as f64);
        let n = own + more;
        if more == 0.0 {
            return;
        }
        for column in 0..self.means.len() {
            let apart = other.means[column] - self.means[column];
            self.means[column] += apart * more / n;
            self.squares[column] += other.squares[column] + apart * apart * own * more / n;
        }
        self.rows += other.rows;
    }

    pub(super) fn mean(&self, column: usize) -> f64 {
        self.means[column]
    }

    pub(super) fn squares(&self, column: usize) -> f64 {
        self.squares[column]
    }
}
