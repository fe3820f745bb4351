//! How strong an effect may be: what is expected, and draws of what is not known of it.

use super::answer::{Basis, EffectPart, PulledBasis};
use super::depth::around;
use super::error::WhatIfError;
use super::file::{AssumedFile, MeasuredFile, Range, WhatIfFile};
use super::measured::{Measured, Normal, effect_of};
use crate::contract::Fitted;
use crate::outcome::Outcome;
use features::Offers;
use math::random::stream;
use math::special::normal_quantile;
use models::value::Change;
use rand::RngExt;

/// Share of the extra sales of a promotion that is borrowed from the weeks around it, where nothing else is known: about
/// a third in supermarkets, and between nothing and twice that here.
///
/// # Source
/// Van Heerde, Leeflang and Wittink (2004), decomposing the sales promotion bump with store data.
pub(super) const PULLED_BY_DEFAULT: Range = Range {
    expected: 1.0 / 3.0,
    low: 0.0,
    high: 2.0 / 3.0,
};

/// The stream of the draws of effects; those of customers have numbers from 0 on.
const STREAM: u64 = u64::MAX;

/// How strong an effect is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strength {
    pub(super) change: Change,
    /// Share of what it adds that is taken off again.
    pub(super) pulled: f64,
    /// What follows the window that it was measured in, as a share of what is spent in one.
    pub(super) later: f64,
}

impl Strength {
    /// The same as many times as strong.
    pub(super) fn times(&self, strength: f64) -> Self {
        Self {
            change: self.change.times(strength),
            later: self.later * strength,
            ..*self
        }
    }

    /// Whether it does anything.
    pub(super) fn acts(&self) -> bool {
        self.change != Change::NONE || self.later != 0.0
    }
}

/// An effect, wherever it comes from.
#[derive(Debug)]
pub(super) struct Acting {
    pub(super) expected: Strength,
    pub(super) drawn: Vec<Strength>,
    /// Days of the window that it was measured in; of an assumed one the file says it.
    pub(super) window_days: Option<u32>,
    pub(super) parts: Vec<EffectPart>,
    pub(super) pulled_basis: PulledBasis,
    /// The share pulled forward; `None` where a later window was measured.
    pub(super) pulled: Option<Range>,
}

/// What is needed of an effect besides the file.
pub(super) struct Read<'a> {
    /// The version that measured it, and the one that read a longer window.
    pub(super) versions: &'a [&'a dyn Fitted],
    pub(super) offers: &'a Offers,
    pub(super) seed: u64,
}

impl Acting {
    /// - `horizon_days`: what lasts as long borrows from nothing within it.
    pub(super) fn of(
        file: &WhatIfFile,
        read: &Read<'_>,
        horizon_days: u32,
    ) -> Result<Self, WhatIfError> {
        let resolved = match (&file.effect.measured, &file.effect.assumed) {
            (Some(measured), _) => Resolved::measured(measured, read)?,
            (None, assumed) => Resolved::assumed(&assumed.clone().unwrap_or_default()),
        };
        let ends = resolved.window_days.or(file.lasts_days);
        let ends = ends.is_some_and(|days| days < horizon_days);
        let (pulled_basis, pulled) = match (&file.pulled_forward, &resolved.later) {
            (_, Some(_)) => (PulledBasis::Measured, None),
            (Some(range), None) => (PulledBasis::Assumed, Some(*range)),
            (None, None) if ends => (PulledBasis::ByDefault, Some(PULLED_BY_DEFAULT)),
            (None, None) => (PulledBasis::Lasts, None),
        };
        let strength = |normal: &mut dyn FnMut() -> f64| {
            let change = resolved.change(normal);
            let pulled = pulled.map_or(0.0, |range| range.share(normal()));
            let later = resolved.later.map_or(0.0, |later| later.at(normal()));
            Strength {
                change,
                pulled,
                later,
            }
        };
        let mut random = stream(read.seed, STREAM);
        let mut normal = || {
            let uniform: f64 = random.random();
            normal_quantile(uniform.clamp(1e-12, 1.0 - 1e-12))
        };
        Ok(Self {
            expected: strength(&mut || 0.0),
            drawn: (0..file.draws).map(|_| strength(&mut normal)).collect(),
            window_days: resolved.window_days,
            pulled_basis,
            pulled,
            parts: resolved.parts,
        })
    }
}

/// What is known of an effect.
struct Resolved {
    factors: Factors,
    later: Option<Normal>,
    window_days: Option<u32>,
    parts: Vec<EffectPart>,
}

enum Factors {
    Assumed(AssumedFile),
    Measured(Outcome, Normal),
}

impl Resolved {
    fn assumed(file: &AssumedFile) -> Self {
        let given = file.factors().into_iter();
        let part = |(what, range): (&str, Option<Range>)| {
            let Range {
                expected,
                low,
                high,
            } = range?;
            Some(EffectPart {
                what: what.to_owned(),
                expected,
                low,
                high,
                basis: Basis::Assumed,
                from: None,
            })
        };
        Self {
            parts: given.filter_map(part).collect(),
            factors: Factors::Assumed(file.clone()),
            later: None,
            window_days: None,
        }
    }

    fn measured(file: &MeasuredFile, read: &Read<'_>) -> Result<Self, WhatIfError> {
        let arms = match file.depth {
            Some(depth) => around(&file.arms, depth, read.offers)?,
            None => vec![(file.arm.clone(), 1.0)],
        };
        let mut all = Vec::new();
        for (arm, weight) in arms {
            all.push((of_arm(file, arm.as_deref(), read)?, weight));
        }
        let (first, _) = &all[0];
        // Arms share their control, so that their errors go along: adding them up promises nothing too much.
        let mix = |of: &dyn Fn(&OfArm) -> Normal| {
            let each = all.iter().map(|(arm, weight)| (of(arm), weight));
            each.fold(
                Normal {
                    point: 0.0,
                    error: 0.0,
                },
                |sum, (one, weight)| Normal {
                    point: sum.point + weight * one.point,
                    error: sum.error + weight * one.error,
                },
            )
        };
        let relative = mix(&|arm: &OfArm| arm.now.relative);
        let later = first
            .later
            .map(|_| mix(&|arm: &OfArm| arm.later.unwrap_or(arm.now.relative)));
        let names: Vec<String> = all.iter().map(|(arm, _)| arm.told()).collect();
        let basis = if all.len() > 1 {
            Basis::Interpolated
        } else {
            Basis::Measured
        };
        let part = |what: &str, around: f64, normal: Normal| {
            let reach = normal_quantile(0.975) * normal.error;
            EffectPart {
                what: what.to_owned(),
                expected: around + normal.point,
                low: around + normal.point - reach,
                high: around + normal.point + reach,
                basis,
                from: Some(names.join("; ")),
            }
        };
        let mut parts = vec![part(first.now.outcome.name(), 1.0, relative)];
        parts.extend(later.map(|later| part("later", 0.0, later)));
        Ok(Self {
            factors: Factors::Measured(first.now.outcome, relative),
            later,
            window_days: Some(first.now.window_days),
            parts,
        })
    }

    /// The factors, each at its own normal draw; at zeros what is expected.
    fn change(&self, normal: &mut dyn FnMut() -> f64) -> Change {
        match &self.factors {
            Factors::Assumed(file) => {
                let mut at = |range: Option<Range>| {
                    let normal = normal();
                    range.map_or(1.0, |range| range.factor(normal))
                };
                Change {
                    purchase_rate: at(file.purchase_rate),
                    dropout: at(file.dropout),
                    spend: at(file.spend),
                    orders: 1.0,
                }
            }
            Factors::Measured(outcome, relative) => {
                // Less than nothing cannot come.
                let factor = (1.0 + relative.at(normal())).max(0.0);
                if *outcome == Outcome::Orders {
                    Change {
                        orders: factor,
                        ..Change::NONE
                    }
                } else {
                    Change {
                        spend: factor,
                        ..Change::NONE
                    }
                }
            }
        }
    }
}

impl Normal {
    fn at(self, normal: f64) -> f64 {
        self.point + normal * self.error
    }
}

impl Range {
    /// A factor: half a normal in logarithms on either side of what is expected.
    fn factor(&self, normal: f64) -> f64 {
        let side = if normal < 0.0 { self.low } else { self.high };
        let spread = (side / self.expected).ln().abs() / normal_quantile(0.975);
        self.expected * (normal * spread).exp()
    }

    /// A share: half a normal on either side of what is expected, within 0 and 1.
    fn share(&self, normal: f64) -> f64 {
        let side = if normal < 0.0 { self.low } else { self.high };
        let spread = (side - self.expected).abs() / normal_quantile(0.975);
        (self.expected + normal * spread).clamp(0.0, 1.0)
    }
}

/// One arm, and what followed its window as a share of what the control brought in one.
struct OfArm {
    now: Measured,
    later: Option<Normal>,
    later_days: Option<u32>,
}

impl OfArm {
    fn told(&self) -> String {
        let Measured {
            experiment,
            arm,
            window_days,
            customers,
            ..
        } = &self.now;
        let later = self
            .later_days
            .map(|days| format!(", then until day {days}"));
        format!(
            "{arm} of {experiment} within {window_days} days of {customers} customers{}",
            later.unwrap_or_default()
        )
    }
}

fn of_arm(file: &MeasuredFile, arm: Option<&str>, read: &Read<'_>) -> Result<OfArm, WhatIfError> {
    let of = |place: usize, product: &str, arm: Option<&str>, outcome: Option<Outcome>| {
        effect_of(read.versions[place], arm, outcome).map_err(|source| WhatIfError::Effect {
            product: product.to_owned(),
            source,
        })
    };
    let now = of(0, &file.product, arm, file.outcome)?;
    let Some(product) = &file.later else {
        return Ok(OfArm {
            now,
            later: None,
            later_days: None,
        });
    };
    let long = of(1, product, Some(&now.arm), Some(now.outcome))?;
    if long.experiment != now.experiment || long.window_days <= now.window_days {
        return Err(WhatIfError::Later {
            found: format!("{} within {} days", long.experiment, long.window_days),
            allowed: format!(
                "{} within more than {} days",
                now.experiment, now.window_days
            ),
        });
    }
    // What one window more adds is told by customers of other weeks: its error is what the longer one has more.
    let error = long.effect.error.powi(2) - now.effect.error.powi(2);
    let later = Normal {
        point: long.effect.point - now.effect.point,
        error: error.max(0.0).sqrt(),
    };
    Ok(OfArm {
        later: Some(later.over(now.control_mean)),
        later_days: Some(long.window_days),
        now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_of_a_range_have_its_ends_and_its_middle() {
        let range = Range {
            expected: 1.2,
            low: 1.1,
            high: 1.5,
        };
        let end = normal_quantile(0.975);
        for (normal, expected) in [(-end, 1.1), (0.0, 1.2), (end, 1.5)] {
            assert!((range.factor(normal) - expected).abs() < 1e-12);
            assert!((range.share(normal) - expected.min(1.0)).abs() < 1e-12);
        }
        assert!(range.factor(-50.0) > 0.0);
        assert_eq!(PULLED_BY_DEFAULT.share(-9.0), 0.0);
        let known = Range {
            expected: 1.0,
            low: 1.0,
            high: 1.0,
        };
        assert_eq!(known.factor(-1.3), 1.0);
    }
}
