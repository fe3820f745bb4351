//! Which share of demand comes by which hour.

use serde::{Deserialize, Serialize};

/// What is held of how alike curves of launches are, as the size of a Dirichlet distribution, in logarithms: 20, give or
/// take a factor of 4.5.
pub(super) const LN_SIZE_PRIOR: (f64, f64) = (3.0, 1.5);

/// How far the size of one hour may lie from that of the whole curve, in logarithms: a factor of 2.
pub(super) const LN_SIZE_OF_HOUR: f64 = 0.7;

/// Bounds of the size, in logarithms: 1 to 160,000; beyond, counting alone spreads launches apart.
pub(super) const LN_SIZES: (f64, f64) = (0.0, 12.0);

/// A share of a curve below this is read as this.
const SHARE_MIN: f64 = 1e-9;

/// A curve: the share of demand that came by each hour since the opening, and how much launches differ from it.
///
/// Of a launch with demand D the hours split as a Dirichlet-multinomial distribution of these shares, so that what came by
/// an hour is beta-binomial: hours are negative binomial given their mean, and D their sum (Mosimann, 1962).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// By hour from the first, rising to 1.
    up_to: Vec<f64>,
    spread: Spread,
}

/// How much launches differ from a curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spread {
    /// By counting only.
    Exact,
    /// By a Dirichlet distribution of this size, and of another by the hour.
    Dirichlet {
        ln_size: f64,
        /// Hours, rising, each with the logarithm of the size of what came by then.
        by_hour: Vec<(f64, f64)>,
        /// Launches that the curve was learnt from.
        launches: f64,
    },
}

/// Why shares are no curve.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CurveError {
    /// No hour.
    #[error("read the curve: found no hours, at least 1 needed")]
    Empty,
    /// It falls, or leaves 0 to 1.
    #[error("read the curve: {found} by hour {hour}, expected {least} to 1")]
    Falls {
        /// The hour, from 1.
        hour: usize,
        /// Share found.
        found: f64,
        /// Share of the hour before.
        least: f64,
    },
    /// It does not end at 1.
    #[error("read the curve: {found} by the last hour, expected 1")]
    End {
        /// Share found.
        found: f64,
    },
}

/// What came by an hour of demand: a share, with the parameters of the beta distribution of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Share {
    /// Of each unit this is the probability.
    Exact(f64),
    /// Beta distributed.
    Beta(f64, f64),
}

impl Curve {
    /// A curve that is known: launches follow it but for counting.
    ///
    /// - `up_to`: share of demand that came by the end of each hour from the first, rising to 1.
    ///
    /// # Errors
    /// [`CurveError`] when it has no hours, falls, or does not end at 1.
    pub fn exact(up_to: Vec<f64>) -> Result<Self, CurveError> {
        let mut least = 0.0;
        for (at, found) in up_to.iter().copied().enumerate() {
            if !(found >= least && found <= 1.0) {
                let hour = at + 1;
                return Err(CurveError::Falls { hour, found, least });
            }
            least = found;
        }
        match up_to.last() {
            None => Err(CurveError::Empty),
            Some(found) if (found - 1.0).abs() > 1e-9 => Err(CurveError::End { found: *found }),
            Some(_) => Ok(Self {
                up_to,
                spread: Spread::Exact,
            }),
        }
    }

    /// A learnt curve.
    pub(super) fn learnt(
        up_to: Vec<f64>,
        ln_size: f64,
        by_hour: Vec<(f64, f64)>,
        launches: f64,
    ) -> Self {
        let spread = Spread::Dirichlet {
            ln_size,
            by_hour,
            launches,
        };
        Self { up_to, spread }
    }

    /// Hours until all has come.
    #[must_use]
    pub fn hours(&self) -> usize {
        self.up_to.len()
    }

    /// Share of demand that came in the first hours, 0 to 1, of a launch open for so many hours.
    ///
    /// A launch that is open for less than the curve has all of its demand within its own hours: shares are relative.
    #[must_use]
    pub fn share(&self, hours: usize, open_hours: u32) -> f64 {
        let up_to = |hours: usize| match hours {
            0 => 0.0,
            some => self.up_to.get(some - 1).copied().unwrap_or(1.0),
        };
        let open = open_hours as usize;
        if hours >= open {
            return 1.0;
        }
        (up_to(hours) / up_to(open).max(SHARE_MIN)).min(1.0)
    }

    /// Size of the Dirichlet distribution, its shares being estimates; `None` where curves are exact.
    ///
    /// - `hours`: of what came by then; `None` for the whole curve.
    pub(super) fn size(&self, hours: Option<usize>) -> Option<f64> {
        let Spread::Dirichlet {
            ln_size,
            by_hour,
            launches,
        } = &self.spread
        else {
            return None;
        };
        let own = hours.map_or(*ln_size, |hours| between(by_hour, hours as f64, *ln_size));
        // A new launch differs from the estimate as launches do and as the mean of so many of them does.
        let widened = (own.exp() + 1.0) / (1.0 + 1.0 / launches.max(1.0));
        Some((widened - 1.0).max(0.1))
    }

    /// The same curve whose launches differ by so many times the size.
    pub(super) fn loosened(mut self, ln_factor: f64) -> Self {
        if let Spread::Dirichlet { by_hour, .. } = &mut self.spread {
            by_hour
                .iter_mut()
                .for_each(|(_, ln_size)| *ln_size += ln_factor);
        }
        self
    }

    /// What came in hours `from..to` of what came from `from` on.
    pub(super) fn part(&self, from: usize, to: usize, open_hours: u32) -> Share {
        let (start, end) = (self.share(from, open_hours), self.share(to, open_hours));
        let (inside, after) = ((end - start).max(SHARE_MIN), (1.0 - end).max(0.0));
        match self.size(Some(to)) {
            None => Share::Exact((inside / (inside + after)).min(1.0)),
            Some(_) if after <= 0.0 => Share::Exact(1.0),
            Some(size) => Share::Beta(size * inside, size * after),
        }
    }

    /// Log-probability of how units split over hours, given their sum, less what no curve changes.
    pub(super) fn ln_split(&self, hours: &[u32], open_hours: u32) -> f64 {
        let (mut before, mut sum, mut ln) = (0.0, 0u32, 0.0);
        let size = self.size(None);
        for (at, units) in hours.iter().enumerate() {
            let up_to = self.share(at + 1, open_hours);
            let share = (up_to - before).max(SHARE_MIN);
            before = up_to;
            sum = sum.saturating_add(*units);
            ln += match size {
                Some(size) => ln_rising(size * share, *units),
                None => f64::from(*units) * share.ln(),
            };
        }
        let all = before.max(SHARE_MIN);
        ln - match size {
            Some(size) => ln_rising(size * all, sum),
            None => f64::from(sum) * all.ln(),
        }
    }
}

/// The line between points, beyond them the last; of none `otherwise`.
fn between(points: &[(f64, f64)], at: f64, otherwise: f64) -> f64 {
    let above = points.partition_point(|(x, _)| *x < at);
    match (
        above.checked_sub(1).map(|below| points[below]),
        points.get(above),
    ) {
        (Some(one), Some(two)) => {
            let share = (at.ln() - one.0.ln()) / (two.0.ln() - one.0.ln());
            one.1 + share * (two.1 - one.1)
        }
        (Some(one), None) => one.1,
        (None, Some(two)) => two.1,
        (None, None) => otherwise,
    }
}

impl Share {
    /// Log-probability that `units` of `demand` came.
    pub(super) fn ln_probability(self, units: f64, demand: f64) -> f64 {
        self.of(units).ln_probability(demand)
    }

    /// The probability that so many units came, as a function of demand.
    pub(super) fn of(self, units: f64) -> Came {
        let constant = match self {
            Self::Exact(share) if units > 0.0 => units * share.ln(),
            Self::Exact(_) => 0.0,
            Self::Beta(a, b) => ln_gamma(a + units) - ln_beta(a, b),
        };
        Came {
            share: self,
            units,
            constant: constant - ln_gamma(units + 1.0),
        }
    }
}

/// Units that came, with what their probability has in common for any demand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came {
    share: Share,
    units: f64,
    constant: f64,
}

impl Came {
    /// Log-probability given demand.
    pub(super) fn ln_probability(&self, demand: f64) -> f64 {
        let left = demand - self.units;
        if left < 0.0 {
            return f64::NEG_INFINITY;
        }
        let ln_choose = ln_gamma(demand + 1.0) - ln_gamma(left + 1.0);
        let own = match self.share {
            Share::Exact(share) if share >= 1.0 => {
                if left > 0.0 {
                    f64::NEG_INFINITY
                } else {
                    0.0
                }
            }
            Share::Exact(share) => left * (-share).ln_1p(),
            Share::Beta(a, b) => ln_gamma(b + left) - ln_gamma(a + b + demand),
        };
        self.constant + ln_choose + own
    }
}

/// From here on Stirling's series, cut off, is right to 1e-14.
const STIRLING_MIN: f64 = 16.0;

/// Natural logarithm of the gamma function of `x` > 0: the hot loop of every correction.
fn ln_gamma(x: f64) -> f64 {
    let (mut at, mut product) = (x, 1.0);
    while at < STIRLING_MIN {
        product *= at;
        at += 1.0;
    }
    let square = 1.0 / (at * at);
    let series = 1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1_260.0 - square / 1_680.0));
    (at - 0.5) * at.ln() - at + 0.918_938_533_204_672_7 + series / at - product.ln()
}

/// Up to so many factors a rising factorial is multiplied out.
const FACTORS_MAX: u32 = 32;

/// `ln Γ(a + count) − ln Γ(a)`, for `a` above 1e-9.
pub(super) fn ln_rising(a: f64, count: u32) -> f64 {
    if count > FACTORS_MAX {
        return ln_gamma(a + f64::from(count)) - ln_gamma(a);
    }
    // 32 factors of at most 1e7 stay within a double.
    (0..count)
        .fold(1.0, |product, term| product * (a + f64::from(term)))
        .ln()
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// The argument of the largest value of a function with one peak, by golden section.
pub(super) fn peak(
    value: impl Fn(f64) -> f64,
    (mut low, mut high): (f64, f64),
    steps: usize,
) -> f64 {
    let golden = 0.5 * (5.0_f64.sqrt() - 1.0);
    let (mut one, mut two) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_one, mut at_two) = (value(one), value(two));
    for _ in 0..steps {
        if at_one > at_two {
            (high, two, at_two) = (two, one, at_one);
            one = high - golden * (high - low);
            at_one = value(one);
        } else {
            (low, one, at_one) = (one, two, at_two);
            two = low + golden * (high - low);
            at_two = value(two);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use math::special;

    use super::{ln_gamma, ln_rising};

    #[test]
    fn rising_factorials_agree_with_those_of_special_functions() {
        for a in [1e-9, 0.02, 3.3, 1e5, 1e7] {
            for count in [0, 1, 31, 32, 33, 500] {
                let (found, expected) = (ln_rising(a, count), special::ln_rising(a, count));
                // Past 32 factors digits are lost with the size of the log-gammas: 1e8 of them here.
                assert!(
                    (found - expected).abs() < 1e-7,
                    "{a} {count} {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn stirlings_series_agrees_with_that_of_lanczos() {
        for x in [1e-9, 0.3, 1.0, 2.0, 7.7, 15.99, 16.0, 25.5, 1e3, 1e7] {
            let (found, expected) = (ln_gamma(x), special::ln_gamma(x));
            assert!(
                (found - expected).abs() < 1e-13 * expected.abs().max(10.0),
                "{x} {found} {expected}"
            );
        }
    }
}
