//! The change of what forecasts save of the naive forecast's error, in parts: mix of segments, and the relation itself.

use std::collections::BTreeMap;

use math::tails::student_t_upper_quantile;

use super::explain::{Cause, CauseOptions, NamedPart, Part};
use crate::refusal::{Allowed, Refusal, require, require_finite};

/// Errors of the forecasts of one unit and one segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Errors {
    /// The independent unit: a day, say, for what nobody foresaw of a day is shared by all that is forecast for it.
    pub unit: i32,
    /// The segment.
    pub segment: String,
    /// Sum of the errors, ≥ 0.
    pub missed: f64,
    /// Sum of the naive forecast's errors, ≥ 0.
    pub naive: f64,
}

/// Splits the change of the saved share `q = 1 - Σ missed / Σ naive` between two periods.
///
/// With shares `w` of the naive forecast's error and saved shares `m` of each segment, in the reference (0) and now (1):
/// `Δq = Σ (w₁ - w₀) (m₀ + m₁) / 2 + Σ (w₀ + w₁) / 2 · (m₁ - m₀)`, averaged over both orders; exact up to rounding. A
/// segment of which only one period has a naive error is mix. There are no inputs: that part is 0, and has no parts.
///
/// Intervals are by the delta method over units, with the quantiles of Student's t at the degrees of freedom of Welch and
/// Satterthwaite; of single segments' mix with the mean of all as given. Units that hang together make them too short.
///
/// # Errors
/// [`Refusal`] when a period has fewer than two units with a naive error, a figure is not finite or below 0, or the level is
/// no probability.
/// # Source
/// Kitagawa (1955); for ratios of sums Cochran (1977), "Sampling techniques", section 6.3; Satterthwaite (1946).
pub fn explain_saved(
    reference: &[Errors],
    now: &[Errors],
    options: CauseOptions,
) -> Result<Cause, Refusal> {
    let level = options.level;
    let usable = level > 0.0 && level < 1.0;
    require(usable, "level", level, Allowed::Inside(0.0, 1.0))?;
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for errors in reference.iter().chain(now) {
        let next = places.len();
        places.entry(&errors.segment).or_insert(next);
    }
    let sides = [
        Side::of("reference", reference, &places)?,
        Side::of("now", now, &places)?,
    ];
    let periods = Periods {
        sides,
        tail: 0.5 * (1.0 - level),
    };
    Ok(periods.cause(&places))
}

/// Errors and naive errors.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    missed: f64,
    naive: f64,
}

impl Sums {
    fn add(&mut self, missed: f64, naive: f64) {
        self.missed += missed;
        self.naive += naive;
    }
}

/// One period.
struct Side {
    all: Sums,
    /// By segment.
    segments: Vec<Sums>,
    /// Of each unit all, and each of its segments.
    units: Vec<(Sums, Vec<(usize, Sums)>)>,
}

impl Side {
    fn of(
        field: &'static str,
        errors: &[Errors],
        places: &BTreeMap<&str, usize>,
    ) -> Result<Self, Refusal> {
        let mut all = Sums::default();
        let mut segments = vec![Sums::default(); places.len()];
        let mut units: BTreeMap<i32, (Sums, BTreeMap<usize, Sums>)> = BTreeMap::new();
        for (at, of) in errors.iter().enumerate() {
            for (field, figure) in [("missed", of.missed), ("naive", of.naive)] {
                require_finite(field, figure).map_err(|refusal| refusal.at(at))?;
                let allowed = Allowed::AtLeast(0.0);
                require(figure >= 0.0, field, figure, allowed).map_err(|refusal| refusal.at(at))?;
            }
            let place = places[of.segment.as_str()];
            all.add(of.missed, of.naive);
            segments[place].add(of.missed, of.naive);
            let (whole, apart) = units.entry(of.unit).or_default();
            whole.add(of.missed, of.naive);
            apart.entry(place).or_default().add(of.missed, of.naive);
        }
        let known = units.values().filter(|(whole, _)| whole.naive > 0.0);
        let known = known.count() as u64;
        require(known >= 2, field, known, Allowed::CountAtLeast(2))?;
        let units = units.into_values();
        Ok(Self {
            all,
            segments,
            units: units
                .map(|(whole, apart)| (whole, apart.into_iter().collect()))
                .collect(),
        })
    }

    fn share(&self, at: usize) -> f64 {
        self.segments[at].naive / self.all.naive
    }

    /// The saved share of a segment that has a naive error.
    fn saved(&self, at: usize) -> f64 {
        1.0 - self.segments[at].missed / self.segments[at].naive
    }

    /// What a segment adds to the saved share of all.
    fn adds(&self, at: usize) -> f64 {
        (self.segments[at].naive - self.segments[at].missed) / self.all.naive
    }

    fn has(&self, at: usize) -> bool {
        self.segments[at].naive > 0.0
    }

    /// Variance of a sum of shares, saved shares and what segments add, with these slopes.
    ///
    /// - `slopes`: by segment; those that are not named have none.
    fn variance(&self, slopes: &BTreeMap<usize, Slopes>) -> f64 {
        let n = self.units.len() as f64;
        let of_unit = |(whole, apart): &(Sums, Vec<(usize, Sums)>)| {
            let of = |at: usize, sums: Sums, slopes: &Slopes| {
                let share = sums.naive - self.share(at) * whole.naive;
                let adds = sums.naive - sums.missed - self.adds(at) * whole.naive;
                let saved = if self.has(at) {
                    let lost = self.segments[at].missed / self.segments[at].naive;
                    (lost * sums.naive - sums.missed) / self.segments[at].naive
                } else {
                    0.0
                };
                (slopes.share * share + slopes.adds * adds) / self.all.naive + slopes.saved * saved
            };
            let mut there = apart.iter().peekable();
            let each = slopes.iter().map(|(at, slopes)| {
                while there.next_if(|(other, _)| other < at).is_some() {}
                let sums = there.next_if(|(other, _)| other == at);
                of(*at, sums.map_or_else(Sums::default, |(_, of)| *of), slopes)
            });
            each.sum::<f64>().powi(2)
        };
        self.units.iter().map(of_unit).sum::<f64>() * n / (n - 1.0)
    }
}

/// By how much a part grows with what is known of a segment in one period.
#[derive(Debug, Clone, Copy, Default)]
struct Slopes {
    share: f64,
    saved: f64,
    adds: f64,
}

/// A part of one segment before it is told: what it adds, and its slopes in each period.
struct Raw {
    change: f64,
    slopes: [Slopes; 2],
}

const SIGNS: [f64; 2] = [-1.0, 1.0];

struct Periods {
    sides: [Side; 2],
    tail: f64,
}

impl Periods {
    fn are_both(&self, at: usize) -> bool {
        self.sides.iter().all(|side| side.has(at))
    }

    fn growth(&self, at: usize) -> f64 {
        self.sides[1].share(at) - self.sides[0].share(at)
    }

    /// The mean saved share of a segment that both periods have.
    fn level(&self, at: usize) -> f64 {
        0.5 * (self.sides[0].saved(at) + self.sides[1].saved(at))
    }

    /// What all add.
    fn whole(&self, at: usize) -> Raw {
        Raw {
            change: self.sides[1].adds(at) - self.sides[0].adds(at),
            slopes: SIGNS.map(|sign| Slopes {
                adds: sign,
                ..Slopes::default()
            }),
        }
    }

    /// The mix of a segment, beyond what growth by itself gives at a level of all.
    fn mix(&self, at: usize, level_of_all: f64) -> Raw {
        let mut raw = if self.are_both(at) {
            Raw {
                change: self.growth(at) * self.level(at),
                slopes: SIGNS.map(|sign| Slopes {
                    share: sign * self.level(at),
                    saved: 0.5 * self.growth(at),
                    adds: 0.0,
                }),
            }
        } else {
            self.whole(at)
        };
        raw.change -= self.growth(at) * level_of_all;
        for (slopes, sign) in raw.slopes.iter_mut().zip(SIGNS) {
            slopes.share -= sign * level_of_all;
        }
        raw
    }

    fn relation(&self, at: usize) -> Raw {
        if !self.are_both(at) {
            let slopes = [Slopes::default(); 2];
            return Raw {
                change: 0.0,
                slopes,
            };
        }
        let step = self.sides[1].saved(at) - self.sides[0].saved(at);
        let share = 0.5 * (self.sides[0].share(at) + self.sides[1].share(at));
        Raw {
            change: share * step,
            slopes: SIGNS.map(|sign| Slopes {
                share: 0.5 * step,
                saved: sign * share,
                adds: 0.0,
            }),
        }
    }

    /// A part that is the sum of those of some segments.
    fn tell(&self, of: &[(usize, Raw)], whole: f64) -> Part {
        let change: f64 = of.iter().map(|(_, raw)| raw.change).sum();
        let variance = [0, 1].map(|side: usize| {
            let slopes = of.iter().map(|(at, raw)| (*at, raw.slopes[side]));
            self.sides[side].variance(&slopes.collect())
        });
        let all: f64 = variance.iter().sum();
        let lost: f64 = variance
            .iter()
            .zip(&self.sides)
            .map(|(variance, side)| variance.powi(2) / (side.units.len() as f64 - 1.0))
            .sum();
        let half = if lost > 0.0 {
            student_t_upper_quantile(self.tail, all * all / lost) * all.sqrt()
        } else {
            0.0
        };
        Part {
            change,
            low: change - half,
            high: change + half,
            share: (whole != 0.0).then(|| change / whole),
        }
    }

    fn cause(&self, places: &BTreeMap<&str, usize>) -> Cause {
        let mean = |side: &Side| 1.0 - side.all.missed / side.all.naive;
        let [reference_mean, now_mean] = [0, 1].map(|side: usize| mean(&self.sides[side]));
        let whole = now_mean - reference_mean;
        let all = |raw: &dyn Fn(usize) -> Raw| {
            let each = places.values().map(|at| (*at, raw(*at)));
            self.tell(&each.collect::<Vec<_>>(), whole)
        };
        let by_segment = |raw: &dyn Fn(usize) -> Raw| -> Vec<NamedPart> {
            let named = |(name, at): (&&str, &usize)| NamedPart {
                name: (*name).to_owned(),
                part: self.tell(&[(*at, raw(*at))], whole),
            };
            places.iter().map(named).collect()
        };
        let level_of_all = 0.5 * (reference_mean + now_mean);
        let none = Part {
            change: 0.0,
            low: 0.0,
            high: 0.0,
            share: (whole != 0.0).then_some(0.0),
        };
        Cause {
            reference_mean,
            now_mean,
            change: all(&|at| self.whole(at)),
            mix: all(&|at| self.mix(at, 0.0)),
            inputs: none,
            relation: all(&|at| self.relation(at)),
            mix_by_segment: by_segment(&|at| self.mix(at, level_of_all)),
            inputs_by_feature: Vec::new(),
            inputs_by_segment: Vec::new(),
            relation_by_segment: by_segment(&|at| self.relation(at)),
        }
    }
}
