//! How good a version is, always beside its named baseline.

use crate::Estimate;
use serde::{Deserialize, Serialize};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// One measure of a version and of its baseline on the same held-out data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The field's name: `recall@20`, `mean absolute error` …
    pub name: String,
    /// Where it was measured: a placement, a segment; empty for the whole product.
    pub scope: String,
    /// Unit of the value.
    pub unit: String,
    /// Which way is better.
    pub better: Direction,
    /// The version.
    pub value: Estimate,
    /// The baseline.
    pub baseline: Estimate,
    /// What the baseline is: "most bought in the last 30 days".
    pub baseline_name: String,
    /// Value less baseline on the same units, where both were measured unit by unit.
    pub gain: Estimate,
}

impl Metric {
    /// Whether the version beats its baseline: `None` where that cannot be said.
    #[must_use]
    pub fn beats_baseline(&self) -> Option<bool> {
        let (value, baseline) = (self.value.point()?, self.baseline.point()?);
        Some(match self.better {
            Direction::Higher => value > baseline,
            Direction::Lower => value < baseline,
        })
    }
}

/// What a version was measured to be worth on data it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    /// How the data was split: "fitted before 2011-09-01, measured on the 99 days after".
    pub split: String,
    /// The measures; the first is the one that decides on promotion.
    pub metrics: Vec<Metric>,
    /// What a reader must know to judge the figures.
    pub notes: Vec<String>,
}

/// Why a version may or may not become champion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "gate")]
pub enum Gate {
    /// It may.
    Open {
        /// In one sentence.
        because: String,
    },
    /// It may not.
    Closed {
        /// In one sentence, with the figures.
        because: String,
    },
}

impl Scorecard {
    /// Whether a version with this scorecard may replace `champion`.
    ///
    /// It must beat its baseline on the deciding measure, and must not be worse than the champion by more than
    /// the noise: the champion's point must not lie beyond the version's own 95 % interval on the better side.
    #[must_use]
    pub fn gate(&self, champion: Option<&Scorecard>) -> Gate {
        let Some(metric) = self.metrics.first() else {
            return Gate::Closed {
                because: "nothing was measured".to_owned(),
            };
        };
        match metric.beats_baseline() {
            None => {
                return Gate::Closed {
                    because: format!(
                        "{} could not be compared with the baseline: {}",
                        metric.name, metric.value
                    ),
                };
            }
            Some(false) => {
                return Gate::Closed {
                    because: format!(
                        "{} {} does not beat the baseline ({}) {}",
                        metric.name, metric.value, metric.baseline_name, metric.baseline
                    ),
                };
            }
            Some(true) => {}
        }
        let wins = format!(
            "{} {} beats {} {}",
            metric.name, metric.value, metric.baseline_name, metric.baseline
        );
        let Some(rival) = champion.and_then(|c| c.metrics.first()) else {
            return Gate::Open { because: wins };
        };
        if rival.name != metric.name || rival.scope != metric.scope {
            return Gate::Closed {
                because: format!(
                    "{wins}, but the champion was measured by {} {}: they cannot be compared, promote it by hand",
                    rival.scope, rival.name
                ),
            };
        }
        let Some((rival_point, (low, high))) = rival.value.point().zip(metric.value.interval())
        else {
            return Gate::Open { because: wins };
        };
        let worse = match metric.better {
            Direction::Higher => high < rival_point,
            Direction::Lower => low > rival_point,
        };
        if worse {
            Gate::Closed {
                because: format!(
                    "{} {} is worse than the champion's {} beyond its noise",
                    metric.name,
                    metric.value,
                    crate::estimate::short(rival_point)
                ),
            }
        } else {
            Gate::Open {
                because: format!(
                    "{wins} and is not worse than the champion's {}",
                    crate::estimate::short(rival_point)
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(point: f64, baseline: f64) -> Scorecard {
        let measured = |point: f64| Estimate::Measured {
            point,
            low: point - 0.1,
            high: point + 0.1,
            units: 100,
        };
        Scorecard {
            split: String::new(),
            notes: vec![],
            metrics: vec![Metric {
                name: "recall@20".into(),
                scope: String::new(),
                unit: "share".into(),
                better: Direction::Higher,
                value: measured(point),
                baseline: measured(baseline),
                baseline_name: "popularity".into(),
                gain: measured(point - baseline),
            }],
        }
    }

    #[test]
    fn the_gate_opens_only_above_baseline_and_within_noise_of_the_champion() {
        assert!(matches!(card(0.5, 0.4).gate(None), Gate::Open { .. }));
        assert!(matches!(card(0.3, 0.4).gate(None), Gate::Closed { .. }));
        assert!(matches!(
            card(0.5, 0.4).gate(Some(&card(0.55, 0.4))),
            Gate::Open { .. }
        ));
        assert!(matches!(
            card(0.5, 0.4).gate(Some(&card(0.7, 0.4))),
            Gate::Closed { .. }
        ));
    }

    #[test]
    fn versions_measured_by_different_figures_are_not_compared() {
        let mut champion = card(0.1, 0.05);
        champion.metrics[0].name = "hit rate@10".into();
        assert!(
            matches!(card(0.5, 0.4).gate(Some(&champion)), Gate::Closed { because } if because.contains("hit rate@10"))
        );
    }
}
