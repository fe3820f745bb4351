//! What a version is worth on customers that it has not seen: each part of them is decided for by what the others taught.

mod questions;

use super::budget::round;
use super::draws::{Draws, TrialError};
use super::facts::Column;
use super::fitted::{discounts, known_customers, name};
use super::settings::Settings;
use super::stores::{Stores, groups};
use super::worth::{Prices, Worth, best};
use crate::contract::FitError;
use crate::estimates;
use crate::outcome::Outcome;
use features::History;
use measure::effects::{Moments, Scale, difference};
use measure::uplift::{Top, TopOf, Trial};
use models::uplift::{self, Learner};
use schema::estimate::short;
use schema::{Direction, Estimate, HeldOut, Metric, Role, Scorecard, WhyNot};
use std::collections::BTreeMap;

/// Share of the customers, the best by the version, whose effect is shown.
const TOP_SHARE: f64 = 0.3;

/// Level of all intervals on scorecards.
const LEVEL: f64 = 0.95;

/// An arm that a rule gives: 0 is the control.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Given {
    arm: usize,
    /// With which probability; the control else.
    share: f64,
}

impl Given {
    const CONTROL: Self = Self { arm: 0, share: 1.0 };

    /// Always this one.
    fn always(arm: usize) -> Self {
        Self { arm, share: 1.0 }
    }

    /// The mean of what arms bring.
    fn of(self, brings: impl Fn(usize) -> f64) -> f64 {
        let own = self.share * brings(self.arm);
        if self.share < 1.0 {
            own + (1.0 - self.share) * brings(0)
        } else {
            own
        }
    }
}

/// What was predicted of every customer drawn by a version that had not seen them.
struct OutOfFold {
    /// Arms without the control × rows.
    effects: Vec<Vec<f64>>,
    /// The arm that each customer gets: 0 is the control.
    policy: Vec<Given>,
    /// The arm that everybody gets: the best on average among the customers of the other parts, or as many as the budget
    /// pays for.
    baseline: Vec<Given>,
    /// Arms × rows: outcome that the customers of the other parts let expect.
    expected: Vec<Vec<f64>>,
    /// How often each learner was chosen, by arm.
    chosen: Vec<BTreeMap<Learner, usize>>,
    /// What limits take off the worth of arms, on average over the customers; nothing without any.
    prices: Prices,
}

impl OutOfFold {
    /// Learns and chooses anew for each part of the customers.
    fn of(
        draws: &Draws,
        columns: &[Column],
        settings: &Settings,
        stores: &Stores,
        seed: u64,
    ) -> Result<Self, FitError> {
        let (rows, arms) = (draws.rows(), draws.arms.len());
        let part_of = draws.parts(settings.folds, seed, 0);
        let mut all = Self {
            effects: vec![vec![0.0; rows]; arms - 1],
            policy: vec![Given::CONTROL; rows],
            baseline: vec![Given::CONTROL; rows],
            expected: vec![vec![0.0; rows]; arms],
            chosen: vec![BTreeMap::new(); arms - 1],
            prices: Prices::none(arms - 1),
        };
        let how = uplift::Settings {
            seed,
            // Intervals of unseen customers are only asked where effects compete for a budget.
            refits: if settings.budget.is_some() { 10 } else { 2 },
            ..uplift::Settings::default()
        };
        let costs: Vec<f64> = draws.arms[1..]
            .iter()
            .map(|arm| settings.cost(arm))
            .collect();
        let names: Vec<&str> = draws.arms[1..].iter().map(String::as_str).collect();
        for part in 0..settings.folds {
            let (held_out, learnt): (Vec<usize>, Vec<usize>) =
                (0..rows).partition(|row| part_of[*row] == part);
            let unseen = draws
                .features(columns, &held_out)
                .map_err(TrialError::from)?;
            let mut averages = Vec::with_capacity(arms - 1);
            let mut counted = vec![vec![0.0; held_out.len()]; arms - 1];
            let mut spends = Vec::with_capacity(arms - 1);
            for arm in 1..arms {
                let experiment = draws.experiment(&draws.outcome, &[0, arm], columns, &learnt)?;
                let choice = uplift::choose(&experiment, &Learner::ALL, &how)?;
                *all.chosen[arm - 1].entry(choice.chosen).or_default() += 1;
                averages.push(
                    choice
                        .fitted
                        .arms()
                        .first()
                        .map_or(0.0, |a| a.average.effect),
                );
                let given = discounts(draws, arm, columns, &learnt, &how)?;
                let given = given.and_then(|given| given.predict(&unseen, LEVEL).ok());
                spends.push(match given {
                    Some(given) => given
                        .of_arm(0)
                        .into_iter()
                        .map(|given| given.max(0.0))
                        .collect(),
                    None => vec![0.0; held_out.len()],
                });
                // Columns are those learnt from, and the level is one.
                if let Ok(effects) = choice.fitted.predict(&unseen, LEVEL) {
                    for (place, row) in held_out.iter().enumerate() {
                        if let Some(effect) = effects.get(place, 0) {
                            all.effects[arm - 1][*row] = effect.point;
                            counted[arm - 1][place] = settings.counted(&effect, LEVEL);
                        }
                    }
                }
            }
            let of_everybody: Vec<Worth> = averages
                .iter()
                .zip(&costs)
                .map(|(effect, cost)| Worth {
                    net: effect - cost,
                    spend: 0.0,
                })
                .collect();
            let free = Prices::none(arms - 1);
            let everybody = best(&of_everybody, &free, false).map_or(0, |arm| arm + 1);
            let every: Vec<usize> = (0..arms).collect();
            let trial = draws.experiment(&draws.outcome, &every, columns, &learnt)?;
            let expected = uplift::expected_outcomes(&trial, &unseen, &how)?;
            for (all, expected) in all.expected.iter_mut().zip(expected) {
                held_out
                    .iter()
                    .zip(expected)
                    .for_each(|(row, y)| all[*row] = y);
            }
            let worth: Vec<Worth> = (0..held_out.len())
                .flat_map(|place| {
                    let of_arm = counted.iter().zip(&costs).zip(&spends);
                    of_arm.map(move |((counted, cost), spend)| Worth {
                        net: counted[place] - cost,
                        spend: spend[place] + cost,
                    })
                })
                .collect();
            let here = stores.only(&held_out);
            // By group of customers.
            let prices: Vec<(Prices, f64)> = match settings.budget {
                Some(budget) => {
                    let round = round(&worth, &names, &here, budget, settings)?;
                    let of = |site| (round.prices(arms - 1, None, site), round.at_price(site));
                    here.each().map(of).collect()
                }
                None => here.each().map(|_| (free.clone(), 0.0)).collect(),
            };
            for ((prices, _), rows) in prices.iter().zip(here.rows(held_out.len())) {
                let share = rows.len() as f64 / held_out.len().max(1) as f64;
                all.prices.add(prices, share / settings.folds as f64);
            }
            // As many as the budget pays for get the best arm on average.
            let share = match (settings.budget, everybody) {
                (Some(budget), 1..) => {
                    let of_arm = worth.iter().skip(everybody - 1).step_by(arms - 1);
                    let spend: f64 = of_arm.map(|worth| worth.spend).sum();
                    let part = here.part(None, held_out.len());
                    if spend > 0.0 {
                        (part * budget / spend).min(1.0)
                    } else {
                        1.0
                    }
                }
                _ => 1.0,
            };
            let each = held_out.iter().zip(worth.chunks_exact(arms - 1));
            for (place, (row, worth)) in each.enumerate() {
                let (prices, at_price) = &prices[here.group(place)];
                let above = best(worth, prices, false).map(|arm| Given::always(arm + 1));
                let at = || {
                    best(worth, prices, true).map(|arm| Given {
                        arm: arm + 1,
                        share: *at_price,
                    })
                };
                all.policy[*row] = above.or_else(at).unwrap_or(Given::CONTROL);
                all.baseline[*row] = Given {
                    arm: everybody,
                    share,
                };
            }
        }
        Ok(all)
    }

    /// What one customer says of the outcome under an arm, whatever arm they were in: unbiased, as propensities are known.
    fn score(&self, draws: &Draws, row: usize, arm: usize) -> f64 {
        let expected = self.expected[arm][row];
        if draws.arm[row] == arm {
            expected + (draws.outcome[row] - expected) / draws.propensity(row, arm)
        } else {
            expected
        }
    }

    /// What one customer says of the outcome under an arm, less what the arm costs.
    fn net(&self, draws: &Draws, settings: &Settings, row: usize, arm: usize) -> f64 {
        self.score(draws, row, arm) - settings.cost(&draws.arms[arm])
    }

    /// What each customer says of a rule, less what it costs.
    fn values(&self, draws: &Draws, settings: &Settings, rule: &[Given]) -> Vec<f64> {
        let scored = rule.iter().enumerate();
        scored
            .map(|(row, given)| given.of(|arm| self.net(draws, settings, row, arm)))
            .collect()
    }
}

/// What customers say of the money that arms spend: costs, and the discounts that an arm leads to.
struct Spends<'a> {
    draws: &'a Draws,
    settings: &'a Settings,
    /// Discounts of an arm on average.
    expected: Vec<f64>,
}

impl<'a> Spends<'a> {
    fn of(draws: &'a Draws, settings: &'a Settings) -> Self {
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let arms = 0..draws.arms.len();
        let expected = arms
            .map(|arm| mean(draws.of_arm(&draws.discount, arm)))
            .collect();
        Self {
            draws,
            settings,
            expected,
        }
    }

    /// What one customer says of an arm, as [`OutOfFold::score`] of the outcome.
    fn score(&self, row: usize, arm: usize) -> f64 {
        let Self {
            draws, expected, ..
        } = self;
        let seen = if draws.arm[row] == arm {
            (draws.discount[row] - expected[arm]) / draws.propensity(row, arm)
        } else {
            0.0
        };
        expected[arm] + seen + self.settings.cost(&draws.arms[arm])
    }

    /// What each customer says of the money that a rule spends beyond the control.
    fn values(&self, rule: &[Given]) -> Vec<f64> {
        let rule = rule.iter().enumerate();
        rule.map(|(row, given)| given.of(|arm| self.score(row, arm)) - self.score(row, 0))
            .collect()
    }
}

/// The scorecard of a trial.
///
/// - `product`: its name.
pub(super) fn scorecard(
    settings: &Settings,
    product: &str,
    later: &History,
    seed: u64,
) -> Scorecard {
    let measured = Draws::of(later, settings, product)
        .map_err(FitError::from)
        .and_then(|draws| {
            let columns = draws.columns(settings);
            let asked = known_customers(later);
            let today = asked.iter().map(|customer| (*customer, later.as_of()));
            let of_asked = groups(settings, later, today);
            let asked = (asked.len(), of_asked.as_slice());
            let stores = Stores::new(settings, asked, draws.store.clone());
            let out = OutOfFold::of(&draws, &columns, settings, &stores, seed)?;
            Ok((draws, columns, out))
        });
    let (draws, columns, out) = match measured {
        Ok(all) => all,
        // What was just learnt from can be measured.
        Err(error) => return estimates::not_measured(&error),
    };
    let mut metrics = vec![
        against(
            &draws,
            &out,
            settings,
            seed,
            &out.baseline,
            if settings.budget.is_some() {
                "as many as the budget pays for get the best arm on average"
            } else {
                "everybody gets the best arm on average"
            },
            Role::Decides,
        ),
        against(
            &draws,
            &out,
            settings,
            seed,
            &vec![Given::CONTROL; draws.rows()],
            "nobody gets any",
            Role::Shown,
        ),
    ];
    let mut notes = Vec::new();
    for arm in 1..draws.arms.len() {
        metrics.push(average(&draws, settings, arm));
        let compared: Vec<usize> = (0..draws.rows())
            .filter(|row| [0, arm].contains(&draws.arm[*row]))
            .collect();
        let ranked = ranking(&draws, &out, settings, arm, &compared, seed);
        notes.push(in_words(&draws, &out, arm, &ranked[0]));
        metrics.extend(ranked);
    }
    let kept = out.policy.iter().filter(|given| given.arm == 0).count();
    notes.push(format!(
        "of {} customers {} would get no arm",
        draws.rows(),
        kept
    ));
    if let Some(budget) = settings.budget {
        let allowed = budget / known_customers(later).len().max(1) as f64;
        notes.push(format!(
            "the rule spends {} per customer, the budget allows {}",
            estimates::mean(&Spends::of(&draws, settings).values(&out.policy), seed),
            short(allowed)
        ));
    }
    notes.extend(questions::in_questions(
        &draws, &columns, &out, settings, seed,
    ));
    if draws.unfinished > 0 {
        notes.push(format!(
            "{} draws are too recent to count: their {} d are not over",
            draws.unfinished, settings.window_days
        ));
    }
    let own = match draws.own {
        0 => String::new(),
        own => format!(", and {own} that it drew by chance,"),
    };
    Scorecard {
        split: format!(
            "{} customers drawn in trial {}{} in {} parts, each decided for by what the others taught, the choice of the learner included",
            draws.rows() - draws.own,
            settings.trial,
            own,
            settings.folds
        ),
        held_out: Some(HeldOut {
            from: later.as_of(),
            days: 0,
        }),
        metrics,
        notes,
        parts: Vec::new(),
        weights: None,
    }
}

/// What the version's rule is worth beside another one, on the same customers.
fn against(
    draws: &Draws,
    out: &OutOfFold,
    settings: &Settings,
    seed: u64,
    other: &[Given],
    other_name: &str,
    role: Role,
) -> Metric {
    let own = out.values(draws, settings, &out.policy);
    let others = out.values(draws, settings, other);
    let gain: Vec<f64> = own
        .iter()
        .zip(&others)
        .map(|(own, other)| own - other)
        .collect();
    let name = if settings.costs.is_empty() {
        settings.outcome.unit().to_owned()
    } else {
        format!("{} less costs", settings.outcome.unit())
    };
    Metric {
        name,
        scope: String::new(),
        unit: settings.unit(),
        better: Direction::Higher,
        role,
        value: estimates::mean(&own, seed),
        baseline: estimates::mean(&others, seed),
        baseline_name: other_name.to_owned(),
        gain: estimates::mean(&gain, seed),
    }
}

/// What an arm changes on average: difference of means as drawn, with Welch's interval.
fn average(draws: &Draws, settings: &Settings, arm: usize) -> Metric {
    let of = |arm: usize| draws.of_arm(&draws.outcome, arm);
    let (control, treated) = (of(0), of(arm));
    let moments = Moments::of(&control).and_then(|c| Ok((c, Moments::of(&treated)?)));
    let gain = moments
        .ok()
        .and_then(|(control, treated)| difference(&control, &treated, Scale::Absolute, LEVEL).ok());
    let mean = |values: &[f64]| Estimate::Exact(values.iter().sum::<f64>() / values.len() as f64);
    Metric {
        name: format!("{} as drawn", settings.outcome.unit()),
        scope: draws.arms[arm].clone(),
        unit: settings.unit(),
        better: Direction::Higher,
        role: Role::Shown,
        value: mean(&treated),
        baseline: mean(&control),
        baseline_name: draws.arms[0].clone(),
        gain: gain.map_or_else(unreadable, |effect| estimates::of_effect(&effect)),
    }
}

fn unreadable() -> Estimate {
    Estimate::NotMeasurable(WhyNot::DoesNotApply {
        because: "an outcome is no number".to_owned(),
    })
}

/// How far customers are told apart by what an arm changes of them; the first metric says whether at all.
fn ranking(
    draws: &Draws,
    out: &OutOfFold,
    settings: &Settings,
    arm: usize,
    compared: &[usize],
    seed: u64,
) -> Vec<Metric> {
    let outcome: Vec<f64> = compared.iter().map(|row| draws.outcome[*row]).collect();
    let treated: Vec<bool> = compared.iter().map(|row| draws.arm[*row] == arm).collect();
    let effects: Vec<f64> = compared
        .iter()
        .map(|row| out.effects[arm - 1][*row])
        .collect();
    let on = |sample: &[usize], of: &dyn Fn(&Trial<'_>) -> Option<f64>| {
        let outcome: Vec<f64> = sample.iter().map(|i| outcome[*i]).collect();
        let treated: Vec<bool> = sample.iter().map(|i| treated[*i]).collect();
        let effects: Vec<f64> = sample.iter().map(|i| effects[*i]).collect();
        of(&Trial::new(&outcome, &treated, &effects).ok()?)
    };
    // The effect on all of a sample: the difference of the arms' means.
    let average = |sample: &[usize]| {
        let mean = |of: bool| {
            let those = || sample.iter().filter(|i| treated[**i] == of);
            let n = those().count();
            (n > 0).then(|| those().map(|i| outcome[*i]).sum::<f64>() / n as f64)
        };
        Some(mean(true)? - mean(false)?)
    };
    let top = |trial: &Trial<'_>| {
        trial
            .uplift_at(Top::Share(TOP_SHARE), TopOf::Everybody)
            .ok()
    };
    let metric = |name: String, unit: String, value, baseline, gain, baseline_name: &str| Metric {
        name,
        scope: draws.arms[arm].clone(),
        unit,
        better: Direction::Higher,
        role: Role::Shown,
        value,
        baseline,
        baseline_name: baseline_name.to_owned(),
        gain,
    };
    let unit = settings.unit();
    let statistic = |of: &(dyn Fn(&[usize]) -> Option<f64> + Sync)| {
        estimates::statistic(compared.len(), seed, of)
    };
    let best = |sample: &[usize]| on(sample, &top);
    let mut found = vec![metric(
        format!("effect on the best {:.0} %", 100.0 * TOP_SHARE),
        unit,
        statistic(&best),
        statistic(&average),
        statistic(&|sample| Some(best(sample)? - average(sample)?)),
        "everybody",
    )];
    if settings.outcome == Outcome::Visits {
        let qini = statistic(&|sample| on(sample, &|trial| trial.qini_coefficient(true).ok()));
        found.insert(
            0,
            metric(
                "Qini coefficient".to_owned(),
                "share of what a perfect ranking gains, as scikit-uplift has it".to_owned(),
                qini.clone(),
                Estimate::Exact(0.0),
                qini,
                "customers at random",
            ),
        );
    }
    found
}

/// Whether customers can be told apart by what an arm changes, and by what, in one sentence.
fn in_words(draws: &Draws, out: &OutOfFold, arm: usize, ranked: &Metric) -> String {
    let arm_name = &draws.arms[arm];
    let chosen = &out.chosen[arm - 1];
    let learners: Vec<String> = chosen
        .iter()
        .map(|(learner, parts)| format!("{} in {parts}", name(*learner)))
        .collect();
    let learners = learners.join(", ");
    let (found, low) = match &ranked.gain {
        Estimate::Measured {
            point, low, high, ..
        } => (
            format!(
                "{} {} (95 % {} to {})",
                ranked.name,
                short(*point),
                short(*low),
                short(*high)
            ),
            *low,
        ),
        other @ (Estimate::Exact(_) | Estimate::NotMeasurable(_)) => {
            return format!("{arm_name}: {other}");
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
        "{arm_name}: {told}; {found}, chosen of {} parts: {learners}",
        chosen.values().sum::<usize>()
    )
}
