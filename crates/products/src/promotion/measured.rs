//! What a version is worth on customers that it has not seen: each part of them is decided for by what the others taught.

mod books;
mod questions;
mod ranking;

use super::budget::round;
use super::costs::{Costs, Money};
use super::draws::{Draws, TrialError};
use super::facts::Column;
use super::families::Families;
use super::fitted::{Body, discounts, known_customers};
use super::settings::Settings;
use super::stores::{Stores, groups};
use super::worth::{Prices, Worth, best};
use crate::contract::FitError;
use crate::estimates;
use crate::outcome::Outcome;
use books::Books;
use features::History;
use measure::effects::{Moments, Scale, difference};
use models::uplift::{self, EffectInterval, Learner};
use ranking::Compared;
use schema::estimate::short;
use schema::{Direction, Estimate, HeldOut, Metric, Role, Scorecard, WhyNot};
use std::collections::BTreeMap;

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
    /// The same of the discounts that arms lead to, 0 where nothing depends on them.
    discounts: Vec<Vec<f64>>,
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
        (settings, costs, families): (&Settings, &Costs, &Families),
        stores: &Stores,
        seed: u64,
    ) -> Result<Self, FitError> {
        let (rows, arms) = (draws.rows(), draws.arms.len());
        let part_of = draws.parts(settings.folds, seed, 0);
        let mut all = Self {
            effects: vec![vec![0.0; rows]; arms - 1],
            discounts: vec![vec![0.0; rows]; arms - 1],
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
        let of_arms = draws.arms[1..].iter();
        let money: Vec<Money> = of_arms.map(|arm| costs.money(settings, arm)).collect();
        let names: Vec<&str> = draws.arms[1..].iter().map(String::as_str).collect();
        for part in 0..settings.folds {
            let (held_out, learnt): (Vec<usize>, Vec<usize>) =
                (0..rows).partition(|row| part_of[*row] == part);
            let unseen = draws
                .features(columns, &held_out)
                .map_err(TrialError::from)?;
            let mut averages = Vec::with_capacity(arms - 1);
            let mut counted = vec![vec![0.0; held_out.len()]; arms - 1];
            let mut average_discounts = Vec::with_capacity(arms - 1);
            let mut alone = Vec::with_capacity(arms - 1);
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
                let given = if costs.spends(settings, &draws.arms[arm]) {
                    discounts(draws, arm, columns, &learnt, &how)?
                } else {
                    None
                };
                let average = given.as_ref().and_then(|given| given.arms().first());
                average_discounts.push(average.map_or(0.0, |arm| arm.average.effect.max(0.0)));
                let given = given.and_then(|given| given.predict(&unseen, LEVEL).ok());
                let given =
                    given.map_or_else(|| vec![0.0; held_out.len()], |given| given.of_arm(0));
                for (row, given) in held_out.iter().zip(given) {
                    all.discounts[arm - 1][*row] = given.max(0.0);
                }
                // Columns are those learnt from, and the level is one.
                alone.push(choice.fitted.predict(&unseen, LEVEL).ok());
            }
            families.put_in_order(&mut averages);
            for (place, row) in held_out.iter().enumerate() {
                let own = alone.iter().zip(&averages);
                let own = own.map(|(effects, average)| {
                    let known = effects.as_ref().and_then(|effects| effects.get(place, 0));
                    known.unwrap_or(EffectInterval {
                        point: *average,
                        low: *average,
                        high: *average,
                    })
                });
                for (arm, effect) in families.in_order(own.collect()).iter().enumerate() {
                    all.effects[arm][*row] = effect.point;
                    counted[arm][place] = settings.counted(effect, LEVEL);
                }
            }
            let of_everybody: Vec<Worth> = averages
                .iter()
                .zip(&average_discounts)
                .zip(&money)
                .map(|((effect, discount), money)| Worth {
                    net: money.net(*effect, *discount),
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
            let mut worth = Vec::with_capacity(held_out.len() * (arms - 1));
            for (place, row) in held_out.iter().enumerate() {
                for (arm, money) in money.iter().enumerate() {
                    worth.push(money.worth(counted[arm][place], all.discounts[arm][*row]));
                }
            }
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
}

/// The scorecard of a trial.
///
/// - `product`: its name.
pub(super) fn scorecard(body: &Body, product: &str, later: &History, seed: u64) -> Scorecard {
    let (settings, costs) = (&body.settings, &body.costs);
    let measured = Draws::of(later, settings, product, costs.asks_for_discounts())
        .map_err(FitError::from)
        .and_then(|draws| {
            let columns = draws.columns(settings);
            let asked = known_customers(later);
            let today = asked.iter().map(|customer| (*customer, later.as_of()));
            let of_asked = groups(settings, later, today);
            let asked = (asked.len(), of_asked.as_slice());
            let stores = Stores::new(settings, asked, draws.store.clone());
            let families = Families::of(settings, later, &draws.arms[1..]);
            let out = OutOfFold::of(
                &draws,
                &columns,
                (settings, costs, &families),
                &stores,
                seed,
            )?;
            Ok((draws, columns, out))
        });
    let (draws, columns, out) = match measured {
        Ok(all) => all,
        // What was just learnt from can be measured.
        Err(error) => return estimates::not_measured(&error),
    };
    let books = Books::new(&draws, settings, costs, &out);
    let everybody = if settings.budget.is_some() {
        "as many as the budget pays for get the best arm on average"
    } else {
        "everybody gets the best arm on average"
    };
    let nobody = vec![Given::CONTROL; draws.rows()];
    let mut metrics = vec![
        against(&books, seed, (&out.baseline, everybody), Role::Decides),
        against(&books, seed, (&nobody, "nobody gets any"), Role::Shown),
        foreseen(&books, seed, &nobody),
    ];
    let mut notes = Vec::new();
    let mut tenths = Vec::new();
    for arm in 1..draws.arms.len() {
        metrics.push(average(&draws, settings, arm));
        let compared = compared(&books, arm);
        let ranked = compared.figures(seed);
        let chosen = &out.chosen[arm - 1];
        notes.push(ranking::in_words(&ranked[0], chosen));
        notes.push(ranking::learners(&draws.arms[arm], chosen));
        tenths.extend(compared.by_tenth());
        metrics.extend(ranked);
    }
    notes.extend(tenths);
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
            estimates::mean(&books.spends(&out.policy), seed),
            short(allowed)
        ));
    }
    notes.extend(questions::in_questions(&books, &columns, seed));
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
    books: &Books<'_>,
    seed: u64,
    (other, other_name): (&[Given], &str),
    role: Role,
) -> Metric {
    let settings = books.settings;
    let own = books.values(&books.out.policy);
    let others = books.values(other);
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

/// What the version's rule adds per customer, as measured and as its own effects let expect: both of customers that it
/// had not seen, so that what is expected of the luckiest is told apart from what they do.
fn foreseen(books: &Books<'_>, seed: u64, nobody: &[Given]) -> Metric {
    let (out, settings) = (books.out, books.settings);
    let own = books.values(&out.policy);
    let nobody = books.values(nobody);
    let measured: Vec<f64> = own
        .iter()
        .zip(&nobody)
        .map(|(own, none)| own - none)
        .collect();
    let expected = |row: usize, given: &Given| {
        given.of(|arm| {
            let Some(treated) = arm.checked_sub(1) else {
                return 0.0;
            };
            let (effects, discounts) = (&out.effects[treated], &out.discounts[treated]);
            books.money(arm).net(effects[row], discounts[row])
        })
    };
    let rule = out.policy.iter().enumerate();
    let expected: Vec<f64> = rule.map(|(row, given)| expected(row, given)).collect();
    let beyond = measured.iter().zip(&expected);
    let beyond: Vec<f64> = beyond.map(|(found, expected)| found - expected).collect();
    Metric {
        name: "what the rule adds, measured beside expected".to_owned(),
        scope: String::new(),
        unit: settings.unit(),
        better: Direction::Higher,
        role: Role::Shown,
        value: estimates::mean(&measured, seed),
        baseline: estimates::mean(&expected, seed),
        baseline_name: "what its own effects let expect".to_owned(),
        gain: estimates::mean(&beyond, seed),
    }
}

/// One arm beside the control.
fn compared(books: &Books<'_>, arm: usize) -> Compared {
    let (draws, out, settings) = (books.draws, books.out, books.settings);
    let predicted = &out.effects[arm - 1];
    let those = (0..draws.rows()).filter(|row| [0, arm].contains(&draws.arm[*row]));
    let those: Vec<usize> = those.collect();
    let real = |row: usize| out.score(draws, row, arm) - out.score(draws, row, 0);
    Compared {
        arm: draws.arms[arm].clone(),
        unit: settings.unit(),
        is_binary: settings.outcome == Outcome::Visits,
        outcome: those.iter().map(|row| draws.outcome[*row]).collect(),
        treated: those.iter().map(|row| draws.arm[*row] == arm).collect(),
        predicted: those.iter().map(|row| predicted[*row]).collect(),
        scored: (0..draws.rows())
            .map(|row| (predicted[row], real(row)))
            .collect(),
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
