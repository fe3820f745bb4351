//! Qini and uplift curves of a randomised trial, their areas, and the uplift of the best.

use thiserror::Error;

/// A randomised trial with one treatment, ordered by a score of the effect.
///
/// Equal scores are one step of a curve. Where a cut goes through equal scores, later rows come first, as in
/// scikit-uplift.
#[derive(Debug, Clone)]
pub struct Trial<'a> {
    outcome: &'a [f64],
    treated: &'a [bool],
    score: &'a [f64],
    /// Rows, best score first.
    order: Vec<usize>,
}

/// A point of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Units targeted, best first.
    pub targeted: f64,
    /// What targeting them gains, in outcomes; of whom, see the curve.
    pub gain: f64,
}

/// How many of the best are looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Top {
    /// A share, above 0 and below 1, rounded down to whole units.
    Share(f64),
    /// A number of units.
    Units(usize),
}

/// Of whom the best are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopOf {
    /// Of all units together; `overall` in scikit-uplift.
    Everybody,
    /// Of each arm by itself; `by_group` in scikit-uplift.
    EachArm,
}

/// A trial that has no curve.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum TrialError {
    /// Columns differ in length.
    #[error(
        "rank a trial of {outcomes} outcomes, {treated} treatments and {scores} scores: there must be as many of each"
    )]
    Lengths {
        /// Outcomes found.
        outcomes: usize,
        /// Treatments found.
        treated: usize,
        /// Scores found.
        scores: usize,
    },
    /// A value is not a number.
    #[error("rank a trial: {column} of row {row} is {value}, it must be finite")]
    NotFinite {
        /// Column.
        column: &'static str,
        /// Row, from 0.
        row: usize,
        /// Value found.
        value: f64,
    },
    /// There is nothing to compare with.
    #[error(
        "rank a trial of {treated} treated and {control} other units: both arms need at least 1"
    )]
    OneArm {
        /// Treated units.
        treated: usize,
        /// Units of the control arm.
        control: usize,
    },
    /// A perfect ranking is defined for outcomes of 0 and 1.
    #[error(
        "compare a trial with its perfect ranking: the outcome of row {row} is {value}, allowed are 0 and 1"
    )]
    NotBinary {
        /// Row, from 0.
        row: usize,
        /// Outcome found.
        value: f64,
    },
    /// No ranking gains anything over another.
    #[error("compare a trial with its perfect ranking: that gains nothing over chance")]
    NothingToGain,
    /// Without negative effects, a perfect ranking needs an overall gain.
    #[error(
        "compare a trial with a perfect ranking without negative effects: treating everybody gains {gain}, which must not be negative"
    )]
    LosesOverall {
        /// Gain of treating everybody, in outcomes of the treated arm.
        gain: f64,
    },
    /// The cut is out of range.
    #[error("look at the best {found} of {units} units: allowed is {allowed}")]
    Top {
        /// Share or units found.
        found: f64,
        /// Units there are.
        units: usize,
        /// What is allowed.
        allowed: &'static str,
    },
    /// One arm has no unit above the cut.
    #[error(
        "look at the best {found} units: {treated} are treated and {control} are not, both arms need at least 1"
    )]
    OneArmOnTop {
        /// Units above the cut.
        found: usize,
        /// Of these, treated.
        treated: usize,
        /// Of these, not treated.
        control: usize,
    },
}

impl<'a> Trial<'a> {
    /// Orders a trial by its scores: one outcome, treatment and score per unit.
    ///
    /// # Errors
    /// [`TrialError`] when columns differ in length, a value is not finite, or an arm is empty.
    pub fn new(
        outcome: &'a [f64],
        treated: &'a [bool],
        score: &'a [f64],
    ) -> Result<Self, TrialError> {
        if outcome.len() != treated.len() || outcome.len() != score.len() {
            return Err(TrialError::Lengths {
                outcomes: outcome.len(),
                treated: treated.len(),
                scores: score.len(),
            });
        }
        for (column, values) in [("the outcome", outcome), ("the score", score)] {
            if let Some(row) = values.iter().position(|value| !value.is_finite()) {
                let value = values[row];
                return Err(TrialError::NotFinite { column, row, value });
            }
        }
        let n_treated = treated.iter().filter(|treated| **treated).count();
        let n_control = treated.len() - n_treated;
        if n_treated == 0 || n_control == 0 {
            return Err(TrialError::OneArm {
                treated: n_treated,
                control: n_control,
            });
        }
        Ok(Self {
            outcome,
            treated,
            score,
            order: best_first(score),
        })
    }

    /// Outcomes gained among the treated when the best are targeted: `Y_t - Y_c N_t / N_c` of those targeted,
    /// 0 for `Y_c` where no control unit is among them. Starts at (0, 0), one point per distinct score.
    ///
    /// # Source
    /// Radcliffe (2007); defined as `qini_curve` of scikit-uplift 0.5.1.
    #[must_use]
    pub fn qini_curve(&self) -> Vec<CurvePoint> {
        curve(
            self.outcome,
            self.treated,
            self.score,
            &self.order,
            qini_gain,
        )
    }

    /// Outcomes gained among all targeted, were all of them treated: the difference of the arms' mean outcomes among
    /// those targeted times their number. Starts at (0, 0), one point per distinct score.
    ///
    /// # Source
    /// Devriendt, Guns and Verbeke (2020), arXiv 2002.05897; defined as `uplift_curve` of scikit-uplift 0.5.1.
    #[must_use]
    pub fn uplift_curve(&self) -> Vec<CurvePoint> {
        curve(
            self.outcome,
            self.treated,
            self.score,
            &self.order,
            uplift_gain,
        )
    }

    /// Area between the Qini curve and chance, over that of a perfect ranking: 1 is perfect, 0 is chance.
    ///
    /// - `negative_effects`: whether a perfect ranking knows who buys only when left alone.
    ///
    /// # Errors
    /// [`TrialError`] when outcomes are not 0 and 1, or no ranking gains anything over chance.
    /// # Source
    /// Defined as `qini_auc_score` of scikit-uplift 0.5.1, whose figures are in `tests/it/uplift.rs`.
    pub fn qini_coefficient(&self, negative_effects: bool) -> Result<f64, TrialError> {
        normalised(
            &self.qini_curve(),
            &self.perfect_qini_curve(negative_effects)?,
        )
    }

    /// Area between the uplift curve and chance, over that of a perfect ranking: 1 is perfect, 0 is chance.
    ///
    /// # Errors
    /// [`TrialError`] when outcomes are not 0 and 1, or no ranking gains anything over chance.
    /// # Source
    /// Defined as `uplift_auc_score` of scikit-uplift 0.5.1, whose figures are in `tests/it/uplift.rs`.
    pub fn uplift_coefficient(&self) -> Result<f64, TrialError> {
        normalised(&self.uplift_curve(), &self.perfect_uplift_curve()?)
    }

    /// The Qini curve of a ranking that knows the outcomes: treated who bought, those who did nothing, control who bought.
    ///
    /// # Errors
    /// [`TrialError::NotBinary`]; without negative effects, [`TrialError::LosesOverall`] when treating everybody loses.
    pub fn perfect_qini_curve(
        &self,
        negative_effects: bool,
    ) -> Result<Vec<CurvePoint>, TrialError> {
        self.check_binary()?;
        if negative_effects {
            let score: Vec<f64> = self
                .outcome
                .iter()
                .zip(self.treated)
                .map(|(outcome, treated)| if *treated { *outcome } else { -outcome })
                .collect();
            return Ok(self.curve_by(&score, qini_gain));
        }
        let counts = self.order.iter().fold(Counts::default(), |counts, row| {
            counts.with(self.outcome[*row], self.treated[*row])
        });
        let gain =
            counts.treated_outcomes - counts.treated * counts.control_outcomes / counts.control;
        if gain < 0.0 {
            return Err(TrialError::LosesOverall { gain });
        }
        let at = |targeted, gain| CurvePoint { targeted, gain };
        Ok(vec![
            at(0.0, 0.0),
            at(gain, gain),
            at(self.outcome.len() as f64, gain),
        ])
    }

    /// The uplift curve of a ranking that knows the outcomes.
    ///
    /// # Errors
    /// [`TrialError::NotBinary`].
    pub fn perfect_uplift_curve(&self) -> Result<Vec<CurvePoint>, TrialError> {
        self.check_binary()?;
        let rows = || self.outcome.iter().zip(self.treated);
        let control_buyers = rows()
            .filter(|(y, treated)| **y == 1.0 && !**treated)
            .count();
        let treated_others = rows()
            .filter(|(y, treated)| **y == 0.0 && **treated)
            .count();
        // Buyers who were treated and others who were not come first; of the rest, the smaller group comes last.
        let by_outcome = control_buyers > treated_others;
        let score: Vec<f64> = rows()
            .map(|(outcome, treated)| {
                let treated = f64::from(u8::from(*treated));
                let agrees = f64::from(u8::from(*outcome == treated));
                2.0 * agrees + if by_outcome { *outcome } else { treated }
            })
            .collect();
        Ok(self.curve_by(&score, uplift_gain))
    }

    /// Difference of the arms' mean outcomes among the best, in outcomes per unit.
    ///
    /// # Errors
    /// [`TrialError`] when the cut is out of range or leaves an arm without units above it.
    /// # Source
    /// Defined as `uplift_at_k` of scikit-uplift 0.5.1, cuts through equal scores included.
    pub fn uplift_at(&self, top: Top, of: TopOf) -> Result<f64, TrialError> {
        let (n, n_treated) = (self.order.len(), self.count(&self.order).0);
        let cut = |units: usize| match top {
            Top::Share(share) => (units as f64 * share) as usize,
            Top::Units(asked) => asked,
        };
        let refused = |found: f64, units: usize, allowed| TrialError::Top {
            found,
            units,
            allowed,
        };
        match top {
            Top::Share(share) if !(share > 0.0 && share < 1.0) => {
                return Err(refused(share, n, "a share above 0 and below 1"));
            }
            Top::Units(units) if units == 0 || units >= n => {
                return Err(refused(
                    units as f64,
                    n,
                    "at least 1 and fewer than there are",
                ));
            }
            Top::Share(_) | Top::Units(_) => {}
        }
        let chosen: Vec<usize> = match of {
            TopOf::Everybody => self.order.iter().take(cut(n)).copied().collect(),
            TopOf::EachArm => {
                let (most_treated, most_control) = (cut(n_treated), cut(n - n_treated));
                for (asked, units) in [(most_treated, n_treated), (most_control, n - n_treated)] {
                    if asked > units {
                        return Err(refused(
                            asked as f64,
                            units,
                            "at most the units of each arm",
                        ));
                    }
                }
                let of_arm = |arm: bool, most: usize| {
                    let rows = self
                        .order
                        .iter()
                        .filter(move |row| self.treated[**row] == arm);
                    rows.take(most).copied()
                };
                of_arm(true, most_treated)
                    .chain(of_arm(false, most_control))
                    .collect()
            }
        };
        let (treated, control) = self.count(&chosen);
        if treated == 0 || control == 0 {
            return Err(TrialError::OneArmOnTop {
                found: chosen.len(),
                treated,
                control,
            });
        }
        let sum = |arm: bool| -> f64 {
            let rows = chosen.iter().filter(|row| self.treated[**row] == arm);
            rows.map(|row| self.outcome[*row]).sum()
        };
        Ok(sum(true) / treated as f64 - sum(false) / control as f64)
    }

    /// Treated and control units among rows.
    fn count(&self, rows: &[usize]) -> (usize, usize) {
        let treated = rows.iter().filter(|row| self.treated[**row]).count();
        (treated, rows.len() - treated)
    }

    fn check_binary(&self) -> Result<(), TrialError> {
        let not_binary = |value: &f64| *value != 0.0 && *value != 1.0;
        match self.outcome.iter().position(not_binary) {
            None => Ok(()),
            Some(row) => Err(TrialError::NotBinary {
                row,
                value: self.outcome[row],
            }),
        }
    }

    fn curve_by(&self, score: &[f64], gain: fn(&Counts) -> f64) -> Vec<CurvePoint> {
        curve(self.outcome, self.treated, score, &best_first(score), gain)
    }
}

/// Area under a curve, by trapezoids, in units × outcomes.
#[must_use]
pub fn area_under(curve: &[CurvePoint]) -> f64 {
    curve
        .windows(2)
        .map(|pair| (pair[1].targeted - pair[0].targeted) * (pair[0].gain + pair[1].gain) / 2.0)
        .sum()
}

/// Area over chance, over that of the perfect curve; chance is the straight line to the perfect curve's end.
fn normalised(actual: &[CurvePoint], perfect: &[CurvePoint]) -> Result<f64, TrialError> {
    let end = perfect.last().map_or(0.0, |end| end.targeted * end.gain);
    let chance = end / 2.0;
    let best = area_under(perfect) - chance;
    if best == 0.0 {
        return Err(TrialError::NothingToGain);
    }
    Ok((area_under(actual) - chance) / best)
}

/// Units and outcomes of both arms among those targeted.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    treated: f64,
    treated_outcomes: f64,
    control: f64,
    control_outcomes: f64,
}

impl Counts {
    fn with(mut self, outcome: f64, treated: bool) -> Self {
        if treated {
            self.treated += 1.0;
            self.treated_outcomes += outcome;
        } else {
            self.control += 1.0;
            self.control_outcomes += outcome;
        }
        self
    }
}

fn qini_gain(counts: &Counts) -> f64 {
    let scale = ratio(counts.treated, counts.control);
    counts.treated_outcomes - counts.control_outcomes * scale
}

fn uplift_gain(counts: &Counts) -> f64 {
    let difference = ratio(counts.treated_outcomes, counts.treated)
        - ratio(counts.control_outcomes, counts.control);
    difference * (counts.treated + counts.control)
}

/// A ratio, 0 where there is nothing to divide by.
fn ratio(top: f64, bottom: f64) -> f64 {
    if bottom == 0.0 { 0.0 } else { top / bottom }
}

/// Rows by score, best first; of equal scores the later row first.
fn best_first(score: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..score.len()).rev().collect();
    // Scores are finite, and 0 and -0 are equal here as they are on a curve.
    order.sort_by(|one, other| {
        let better = score[*other].partial_cmp(&score[*one]);
        better.unwrap_or(std::cmp::Ordering::Equal)
    });
    order
}

fn curve(
    outcome: &[f64],
    treated: &[bool],
    score: &[f64],
    order: &[usize],
    gain: fn(&Counts) -> f64,
) -> Vec<CurvePoint> {
    let mut points = vec![CurvePoint {
        targeted: 0.0,
        gain: 0.0,
    }];
    let mut counts = Counts::default();
    for (at, row) in order.iter().enumerate() {
        counts = counts.with(outcome[*row], treated[*row]);
        let last_of_its_score = order
            .get(at + 1)
            .is_none_or(|next| score[*next] != score[*row]);
        if last_of_its_score {
            points.push(CurvePoint {
                targeted: (at + 1) as f64,
                gain: gain(&counts),
            });
        }
    }
    points
}
