//! How far customers are told apart by what an arm changes of them, and whether effects are of the size predicted.

use super::LEVEL;
use crate::estimates;
use crate::promotion::tried::name;
use measure::effects::Effect;
use measure::ranking::Bootstrap;
use measure::uplift::{Top, TopOf, Trial, Weighting, area_under, calibration, rate};
use models::uplift::Learner;
use schema::estimate::short;
use schema::{Direction, Estimate, Metric, Role, WhyNot};
use std::collections::BTreeMap;

/// Share of the customers, the best by the version, whose effect is shown.
const TOP_SHARE: f64 = 0.3;

/// Groups by predicted effect.
const GROUPS: usize = 10;

/// Half-samples of an interval of a rank-weighted effect.
const RESAMPLES: u32 = 400;

/// One arm beside the control, each customer as predicted by what the others taught.
pub(super) struct Compared {
    /// Name of the arm.
    pub(super) arm: String,
    /// Unit of the outcome with its window.
    pub(super) unit: String,
    /// Whether the outcome is 0 or 1.
    pub(super) is_binary: bool,
    /// Of those in the arm or in the control.
    pub(super) outcome: Vec<f64>,
    pub(super) treated: Vec<bool>,
    pub(super) predicted: Vec<f64>,
    /// Of all customers drawn, whatever their arm: the predicted effect, and the doubly robust score of the real one.
    pub(super) scored: Vec<(f64, f64)>,
}

impl Compared {
    fn trial<T>(&self, sample: &[usize], of: impl Fn(&Trial<'_>) -> Option<T>) -> Option<T> {
        let outcome: Vec<f64> = sample.iter().map(|i| self.outcome[*i]).collect();
        let treated: Vec<bool> = sample.iter().map(|i| self.treated[*i]).collect();
        let predicted: Vec<f64> = sample.iter().map(|i| self.predicted[*i]).collect();
        of(&Trial::new(&outcome, &treated, &predicted).ok()?)
    }

    /// The effect on all of a sample: the difference of the arms' means.
    fn average(&self, sample: &[usize]) -> Option<f64> {
        let mean = |of: bool| {
            let those = || sample.iter().filter(|i| self.treated[**i] == of);
            let n = those().count();
            (n > 0).then(|| those().map(|i| self.outcome[*i]).sum::<f64>() / n as f64)
        };
        Some(mean(true)? - mean(false)?)
    }

    /// The effect on the best of a sample.
    fn best(&self, sample: &[usize]) -> Option<f64> {
        self.trial(sample, |trial| {
            trial
                .uplift_at(Top::Share(TOP_SHARE), TopOf::Everybody)
                .ok()
        })
    }

    /// Area under the uplift curve of a sample: what targeting the best share adds per customer, all shares averaged.
    fn area(&self, sample: &[usize]) -> Option<f64> {
        let units = sample.len() as f64;
        self.trial(sample, |trial| {
            Some(area_under(&trial.uplift_curve()) / (units * units))
        })
    }

    fn statistic(&self, seed: u64, of: impl Fn(&[usize]) -> Option<f64> + Sync) -> Estimate {
        estimates::statistic(self.outcome.len(), seed, of)
    }

    fn metric(&self, name: &str, unit: String, figures: [Estimate; 3], beside: &str) -> Metric {
        let [value, baseline, gain] = figures;
        Metric {
            name: name.to_owned(),
            scope: self.arm.clone(),
            unit,
            better: Direction::Higher,
            role: Role::Shown,
            value,
            baseline,
            baseline_name: beside.to_owned(),
            gain,
        }
    }

    /// All figures; the first says whether customers are told apart at all.
    pub(super) fn figures(&self, seed: u64) -> Vec<Metric> {
        let of_chance = |found: Estimate| [found.clone(), Estimate::Exact(0.0), found];
        let qini = if self.is_binary {
            self.statistic(seed, |sample| {
                self.trial(sample, |trial| trial.qini_coefficient(true).ok())
            })
        } else {
            Estimate::NotMeasurable(WhyNot::DoesNotApply {
                because: "a perfect ranking is known only where outcomes are 0 or 1".to_owned(),
            })
        };
        let qini = self.metric(
            "Qini coefficient",
            "share of what a perfect ranking gains, as scikit-uplift has it".to_owned(),
            of_chance(qini),
            AT_RANDOM,
        );
        let best = self.metric(
            &format!("effect on the best {:.0} %", 100.0 * TOP_SHARE),
            self.unit.clone(),
            [
                self.statistic(seed, |sample| self.best(sample)),
                self.statistic(seed, |sample| self.average(sample)),
                self.statistic(seed, |sample| {
                    Some(self.best(sample)? - self.average(sample)?)
                }),
            ],
            "everybody",
        );
        let half = |sample: &[usize]| Some(self.average(sample)? / 2.0);
        let area = self.metric(
            "area under the uplift curve (AUUC)",
            format!("{}, all shares targeted averaged", self.unit),
            [
                self.statistic(seed, |sample| self.area(sample)),
                self.statistic(seed, half),
                self.statistic(seed, |sample| Some(self.area(sample)? - half(sample)?)),
            ],
            AT_RANDOM,
        );
        let rates = [
            (
                Weighting::Autoc,
                "rank-weighted effect (RATE, AUTOC)",
                "the best shares beyond everybody, each share alike",
            ),
            (
                Weighting::Qini,
                "rank-weighted effect (RATE, Qini weights)",
                "the best shares beyond everybody, each by its size",
            ),
        ];
        let rates = rates.map(|(weighting, name, counted)| {
            let found = self.rate(weighting, seed);
            let unit = format!("{}, {counted}", self.unit);
            self.metric(name, unit, of_chance(found), AT_RANDOM)
        });
        let slope = self.metric(
            "slope of the real effect on the predicted",
            "1 where effects are of the size predicted, 0 where predictions are noise".to_owned(),
            of_chance(self.calibrated().map_or_else(
                || unreadable("there are too few customers"),
                |found| estimates::of_effect(&found.slope),
            )),
            "noise",
        );
        let first = if self.is_binary {
            [qini, best]
        } else {
            [best, qini]
        };
        let rest = [area].into_iter().chain(rates).chain([slope]);
        first.into_iter().chain(rest).collect()
    }

    fn rate(&self, weighting: Weighting, seed: u64) -> Estimate {
        let (predicted, scores): (Vec<f64>, Vec<f64>) = self.scored.iter().copied().unzip();
        let bootstrap = Bootstrap {
            resamples: RESAMPLES,
            level: LEVEL,
            seed,
        };
        rate(&predicted, &scores, weighting, &bootstrap).map_or_else(
            |error| unreadable(&error.to_string()),
            |found| estimates::of_effect(&found),
        )
    }

    fn calibrated(&self) -> Option<measure::uplift::Calibration> {
        let (predicted, scores): (Vec<f64>, Vec<f64>) = self.scored.iter().copied().unzip();
        calibration(&predicted, &scores, GROUPS, LEVEL).ok()
    }

    /// Predicted beside real effects by tenth of the prediction, in one sentence.
    pub(super) fn by_tenth(&self) -> Option<String> {
        let found = self.calibrated()?;
        let groups = found.groups.iter().map(|group| {
            let real = match &group.effect {
                Effect::Measured(size) => format!(
                    "{} [{}, {}]",
                    short(size.point),
                    short(size.low),
                    short(size.high)
                ),
                Effect::NotMeasurable(_) => "–".to_owned(),
            };
            format!("{} → {real}", short(group.predicted))
        });
        let groups: Vec<String> = groups.collect();
        Some(format!(
            "{}: predicted → real effect by tenth of the predicted, largest first, intervals of 95 % for all together: {}",
            self.arm,
            groups.join("; ")
        ))
    }
}

/// What rankings are compared with.
const AT_RANDOM: &str = "customers at random";

fn unreadable(because: &str) -> Estimate {
    Estimate::NotMeasurable(WhyNot::DoesNotApply {
        because: because.to_owned(),
    })
}

/// Whether customers can be told apart by what an arm changes, in one sentence.
///
/// - `ranked`: the first of [`Compared::figures`].
/// - `chosen`: of how many parts each learner was chosen.
pub(super) fn in_words(ranked: &Metric, chosen: &BTreeMap<Learner, usize>) -> String {
    let (arm, name) = (&ranked.scope, &ranked.name);
    let (point, low, high) = match &ranked.gain {
        Estimate::Measured {
            point, low, high, ..
        } => (*point, *low, *high),
        other @ (Estimate::Exact(_) | Estimate::NotMeasurable(_)) => {
            return format!("{arm}: {other}");
        }
    };
    let by_itself = |learner: &Learner| ![Learner::Average, Learner::Prognostic].contains(learner);
    let told = if low <= 0.0 {
        "customers can hardly be ranked by what it changes"
    } else if chosen.keys().any(by_itself) {
        "customers can be ranked by what it changes"
    } else {
        "customers can be ranked by what it changes only through what they would do without it: learners of the effect itself rank them no better"
    };
    format!(
        "{arm}: {told}; {name}: {} (95 % {} to {})",
        short(point),
        short(low),
        short(high)
    )
}

/// Of how many parts each learner was chosen.
pub(super) fn learners(arm: &str, chosen: &BTreeMap<Learner, usize>) -> String {
    let each = chosen.iter();
    let each: Vec<String> = each
        .map(|(learner, parts)| format!("{} in {parts}", name(*learner)))
        .collect();
    format!(
        "{arm}: learners chosen, of {} parts: {}",
        chosen.values().sum::<usize>(),
        each.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use math::random::stream;
    use rand::RngExt;

    /// Customers of whom every second is treated, and gains three where `gains`; scores are predictions out of fold.
    fn compared(gains: impl Fn(usize) -> bool, predicted: impl Fn(usize) -> f64) -> Compared {
        let mut random = stream(3, 0);
        let customers = 0..1_200;
        let treated: Vec<bool> = customers
            .clone()
            .map(|i: usize| i.is_multiple_of(2))
            .collect();
        let outcome: Vec<f64> = customers
            .clone()
            .map(|i| {
                let gain = if treated[i] && gains(i) { 3.0 } else { 0.0 };
                10.0 + gain + random.random_range(-1.0..1.0)
            })
            .collect();
        let predicted: Vec<f64> = customers.map(predicted).collect();
        // Half of each in the arm: a score is twice the outcome less ten, with the sign of the arm.
        let score = |i: usize| 2.0 * (outcome[i] - 10.0) * if treated[i] { 1.0 } else { -1.0 };
        Compared {
            arm: "mail".to_owned(),
            unit: "orders per customer within 14 days".to_owned(),
            is_binary: false,
            scored: (0..1_200).map(|i| (predicted[i], score(i))).collect(),
            outcome,
            treated,
            predicted,
        }
    }

    /// A third of the customers gains, other than those who are treated.
    fn gains(i: usize) -> bool {
        (i / 2).is_multiple_of(3)
    }

    fn knows(i: usize) -> f64 {
        if gains(i) { 3.0 } else { 0.0 }
    }

    fn figure<'a>(figures: &'a [Metric], name: &str) -> &'a Metric {
        figures.iter().find(|m| m.name.contains(name)).unwrap()
    }

    #[test]
    fn the_sentence_says_clearly_only_by_likelihood_or_not_at_all() {
        let own = BTreeMap::from([(Learner::Prognostic, 3), (Learner::X, 2)]);
        let likely = BTreeMap::from([(Learner::Average, 1), (Learner::Prognostic, 4)]);
        let clear = compared(gains, knows).figures(1);
        let told = in_words(&clear[0], &own);
        assert!(
            told.starts_with(
                "mail: customers can be ranked by what it changes; effect on the best 30 %: "
            ),
            "{told}"
        );
        assert_eq!(
            learners("mail", &own),
            "mail: learners chosen, of 5 parts: by the outcome expected without it in 3, X-learner in 2"
        );
        // The same figures, reached by who would come anyway.
        let told = in_words(&clear[0], &likely);
        assert!(
            told.starts_with("mail: customers can be ranked by what it changes only through what they would do without it: "),
            "{told}"
        );
        // Predictions that have nothing to do with who gains.
        let noise = compared(gains, |i| {
            f64::from(u32::try_from(i * 7919 % 1_013).unwrap())
        });
        let told = in_words(&noise.figures(1)[0], &own);
        assert!(
            told.starts_with("mail: customers can hardly be ranked by what it changes; "),
            "{told}"
        );
        let alike = compared(gains, |_| 1.0);
        let unknown = Metric {
            gain: unreadable("there is nothing"),
            ..alike.figures(1).remove(0)
        };
        assert_eq!(
            in_words(&unknown, &own),
            "mail: not measurable: does not apply: there is nothing"
        );
    }

    #[test]
    fn figures_of_an_outcome_that_is_no_yes_or_no_are_those_that_exist_for_it() {
        let all = compared(gains, knows).figures(1);
        let point = |name: &str| figure(&all, name).value.point().unwrap();
        // A third gains 3: the best third adds 1 of all, the rest nothing; at random a half of it on average.
        assert!((point("effect on the best") - 3.0).abs() < 0.2);
        let area = figure(&all, "AUUC");
        assert!(
            (area.value.point().unwrap() - 5.0 / 6.0).abs() < 0.05,
            "{area:?}"
        );
        assert!((area.baseline.point().unwrap() - 0.5).abs() < 0.05);
        // Shares u up to a third have 3, larger ones 1/u: less 1, averaged, is ln 3 + 1 - 1.
        assert!(
            (point("AUTOC") - 3.0_f64.ln()).abs() < 0.1,
            "{}",
            point("AUTOC")
        );
        // The Qini weights of the same: the area beyond chance.
        assert!((point("Qini weights") - 1.0 / 3.0).abs() < 0.05);
        assert!((point("slope") - 1.0).abs() < 0.1);
        let qini = figure(&all, "Qini coefficient");
        assert!(
            matches!(
                &qini.value,
                Estimate::NotMeasurable(WhyNot::DoesNotApply { .. })
            ),
            "{qini:?}"
        );
        let tenths = compared(gains, knows).by_tenth().unwrap();
        // Equal predictions stay together: two groups.
        assert_eq!(tenths.matches('→').count(), 3, "{tenths}");
        assert!(tenths.contains(": 3.000 → "), "{tenths}");
    }

    #[test]
    fn who_came_or_not_has_a_qini_coefficient_first() {
        let mut visits = compared(gains, knows);
        visits.is_binary = true;
        for (outcome, treated) in visits.outcome.iter_mut().zip(&visits.treated) {
            *outcome = f64::from(u8::from(*treated && *outcome > 11.5));
        }
        let all = visits.figures(1);
        assert_eq!(all[0].name, "Qini coefficient");
        // Those in the control who would gain come first, too: a perfect ranking knows whom chance treated.
        assert!(
            (all[0].value.point().unwrap() - 0.8).abs() < 0.05,
            "{:?}",
            all[0]
        );
    }
}
