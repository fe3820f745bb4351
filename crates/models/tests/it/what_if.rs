//! What an effect would change: closed forms, nothing for nothing, and intervals that hold the truth.

use jiff::civil::{Date, date};
use models::value::{
    Alive, Amounts, Bought, Candidate, Change, Fitted, History, Leaving, Prospects, Question,
    Schedule, Spend,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Beta, Distribution, Exp1, Gamma};

const WINDOW_DAYS: u32 = 500;
const HORIZON_DAYS: u32 = 180;
const ORDER_CENTS: f64 = 1_000.0;

/// Shape and inverse scale of the rate, shapes of the probability to leave.
const TRUTH: [f64; 4] = [0.9, 30.0, 0.7, 3.0];

/// A customer with true rates: who is still there at the end of the window has some.
struct True {
    days: Vec<u32>,
    /// Purchases per day and the probability to leave after each; `None` who has left.
    rates: Option<(f64, f64)>,
}

fn customer(arrived: u32, random: &mut ChaCha8Rng) -> True {
    let [r, alpha, a, b] = TRUTH;
    let rate: f64 = Gamma::new(r, 1.0 / alpha).unwrap().sample(random);
    let leaves: f64 = Beta::new(a, b).unwrap().sample(random);
    let mut days = vec![arrived];
    let mut now = f64::from(arrived);
    loop {
        let gap: f64 = Exp1.sample(random);
        now += gap / rate;
        if now >= f64::from(WINDOW_DAYS) {
            return True {
                days,
                rates: Some((rate, leaves)),
            };
        }
        let day = now as u32;
        if days.last() != Some(&day) {
            days.push(day);
        }
        if random.random::<f64>() < leaves {
            return True { days, rates: None };
        }
    }
}

fn customers(n: u32, seed: u64) -> Vec<True> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..n).map(|c| customer(c % 200, &mut random)).collect()
}

fn history(customers: &[True]) -> History {
    let start = date(2024, 1, 1);
    let day = |day: &u32| start.saturating_add(jiff::Span::new().days(i64::from(*day)));
    let dates: Vec<Vec<Date>> = customers
        .iter()
        .map(|c| c.days.iter().map(day).collect())
        .collect();
    History::new(start, day(&WINDOW_DAYS), &dates).unwrap()
}

fn question(discount_per_year: f64) -> Question {
    Question {
        horizon_days: HORIZON_DAYS,
        discount_per_year,
        level: 0.8,
        draws: 100,
        seed: 1,
    }
}

fn same() -> Amounts {
    Amounts::Same {
        cents: ORDER_CENTS,
        customers: 100,
    }
}

fn prospects(model: &Fitted, history: &History, schedule: Schedule) -> Prospects {
    let one = Spend {
        orders: 1,
        mean_order_cents: ORDER_CENTS,
    };
    let spends = vec![one; history.customers()];
    Prospects::new(model, history, &same(), &spends, &question(0.0), schedule).unwrap()
}

fn always() -> Schedule {
    Schedule::once(HORIZON_DAYS)
}

fn total(bought: &[Bought]) -> f64 {
    bought.iter().map(|one| one.cents).sum()
}

const BOTH: [Candidate; 2] = [Candidate::BgNbd, Candidate::ParetoNbd];

fn faster(purchase_rate: f64) -> Change {
    Change {
        purchase_rate,
        ..Change::NONE
    }
}

/// Gauss' hypergeometric function by its series, `0 <= z < 1`.
fn hypergeometric(a: f64, b: f64, c: f64, z: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..100_000 {
        let n = f64::from(n);
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        if term.abs() < 1e-16 * sum.abs() {
            break;
        }
    }
    sum
}

/// Purchases expected of one who is there, by the formula of the paper: all at once, with no clock and no sum over counts.
fn by_formula(way: &Alive, rate_days: f64, leaving: Leaving, days: f64) -> f64 {
    let shape = way.rate_shape;
    match leaving {
        Leaving::AfterAPurchase { a, b } => {
            let z = days / (rate_days + days);
            let decay = (shape * (-z).ln_1p()).exp();
            let series = hypergeometric(shape, b, a + b - 1.0, z);
            (a + b - 1.0) / (a - 1.0) * (1.0 - decay * series)
        }
        Leaving::AfterATime {
            shape: s,
            days: beta,
        } => {
            let survives = ((s - 1.0) * (beta / (beta + days)).ln()).exp();
            shape * beta / (rate_days * (s - 1.0)) * (1.0 - survives)
        }
    }
}

#[test]
fn a_faster_rate_and_other_odds_to_leave_give_the_closed_forms_at_changed_parameters() {
    let known = customers(400, 3);
    let history = history(&known);
    for candidate in BOTH {
        let model = Fitted::fit(candidate, &history).unwrap();
        let prospects = prospects(&model, &history, always());
        for (rate, dropout) in [(1.0, 1.0), (1.2, 1.0), (0.7, 1.0), (1.0, 0.6), (1.3, 1.5)] {
            let change = Change {
                dropout,
                ..faster(rate)
            };
            let found = prospects.expected(&change);
            for (bought, outlook) in found.iter().zip(model.outlooks(&history)) {
                let expected: f64 = outlook
                    .alive
                    .iter()
                    .map(|way| {
                        let leaving = match way.leaving {
                            Leaving::AfterAPurchase { a, b } => {
                                Leaving::AfterAPurchase { a: a * dropout, b }
                            }
                            Leaving::AfterATime { shape, days } => Leaving::AfterATime {
                                shape,
                                days: days / dropout,
                            },
                        };
                        let days = f64::from(HORIZON_DAYS);
                        way.probability * by_formula(way, way.rate_days / rate, leaving, days)
                    })
                    .sum();
                let gap = bought.cents / ORDER_CENTS - expected;
                // A factor that is off by a millionth, or one stretch left out, is seen.
                assert!(
                    gap.abs() < 1e-8 * (1.0 + expected),
                    "{candidate:?} {rate} {dropout}: {gap:e} of {expected}"
                );
            }
        }
    }
}

#[test]
fn while_an_effect_acts_the_clock_of_purchases_runs_faster_and_then_as_before() {
    let history = history(&customers(200, 4));
    let (acts, horizon, rate) = (28_u32, f64::from(HORIZON_DAYS), 1.5);
    for candidate in BOTH {
        let model = Fitted::fit(candidate, &history).unwrap();
        let found = prospects(&model, &history, Schedule::once(acts)).expected(&faster(rate));
        for (bought, outlook) in found.iter().zip(model.outlooks(&history)) {
            let at = |days: f64| outlook.expected_purchases(days);
            let meanwhile = f64::from(acts);
            let expected = match candidate {
                Candidate::BgNbd => at(rate * meanwhile + horizon - meanwhile),
                _ => rate * at(meanwhile) + at(horizon) - at(meanwhile),
            };
            let gap = bought.cents / ORDER_CENTS - expected;
            assert!(gap.abs() < 1e-9 * (1.0 + expected), "{candidate:?} {gap:e}");
            let now = match candidate {
                Candidate::BgNbd => at(rate * meanwhile),
                _ => rate * at(meanwhile),
            };
            let gap = bought.orders_meanwhile - now;
            assert!(gap.abs() < 1e-9 * (1.0 + now), "{candidate:?} {gap:e}");
        }
    }
}

#[test]
fn no_change_changes_nothing_to_the_bit_and_measured_orders_are_taken_as_they_are() {
    let history = history(&customers(300, 5));
    for candidate in BOTH {
        let model = Fitted::fit(candidate, &history).unwrap();
        let prospects = prospects(&model, &history, Schedule::once(28));
        let before = prospects.expected(&Change::NONE);
        assert_eq!(before, prospects.expected(&faster(1.3).times(0.0)));
        for drawn in prospects.drawn(&[Change::NONE; 20], 7) {
            assert_eq!(drawn.before, drawn.after);
            assert!(drawn.before.cents > 0.0);
        }
        let measured = Change {
            orders: 1.1,
            spend: 1.2,
            ..Change::NONE
        };
        for (before, after) in before.iter().zip(prospects.expected(&measured)) {
            let more = after.cents - before.cents;
            let expected = 0.32 * before.cents_meanwhile;
            assert!(
                (more - expected).abs() < 1e-9 * before.cents,
                "{more} {expected}"
            );
            let orders = after.orders_meanwhile / before.orders_meanwhile;
            assert!((orders - 1.1).abs() < 1e-12, "{orders}");
        }
    }
}

#[test]
fn drawn_customers_buy_on_average_what_is_expected() {
    let history = history(&customers(300, 6));
    for candidate in BOTH {
        let model = Fitted::fit(candidate, &history).unwrap();
        for (rate, dropout, acts) in [
            (1.3, 1.0, 28),
            (1.0, 0.5, HORIZON_DAYS),
            (1.1, 1.8, HORIZON_DAYS),
        ] {
            let prospects = prospects(&model, &history, Schedule::once(acts));
            let change = Change {
                dropout,
                ..faster(rate)
            };
            let exact =
                total(&prospects.expected(&change)) - total(&prospects.expected(&Change::NONE));
            const DRAWS: usize = 3_000;
            let drawn = prospects.drawn(&[change; DRAWS], 8);
            let changes: Vec<f64> = drawn
                .iter()
                .map(|d| d.after.cents - d.before.cents)
                .collect();
            let mean = changes.iter().sum::<f64>() / DRAWS as f64;
            let squares: f64 = changes.iter().map(|c| (c - mean).powi(2)).sum();
            let error = squares.sqrt() / DRAWS as f64;
            assert!(
                (mean - exact).abs() < 4.5 * error && error < 0.02 * exact.abs(),
                "{candidate:?} {rate} {dropout}: {mean} ({error}) {exact}"
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let history = history(&customers(1_500, 9));
    let model = Fitted::fit(Candidate::BgNbd, &history).unwrap();
    let prospects = prospects(&model, &history, always());
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let drawn = || prospects.drawn(&[faster(1.1); 10], 3);
        pool.build().unwrap().install(drawn)
    };
    assert_eq!(on(1), on(3));
    assert_ne!(on(1), prospects.drawn(&[faster(1.1); 10], 4));
}

#[test]
fn intervals_hold_what_true_customers_under_a_true_effect_would_bring() {
    let (mut held, mut width) = (0, 0.0);
    const REPETITIONS: u64 = 150;
    for seed in 0..REPETITIONS {
        let mut random = ChaCha8Rng::seed_from_u64(1_000 + seed);
        let known = customers(250, 2_000 + seed);
        let history = history(&known);
        let model = Fitted::fit(Candidate::BgNbd, &history).unwrap();
        // What is believed of the effect, and what it is: both around 1.2.
        let mut believed = || {
            let normal: f64 = rand_distr::StandardNormal.sample(&mut random);
            faster(1.2 * (0.05 * normal).exp())
        };
        let truth = believed().purchase_rate;
        let changes: Vec<Change> = (0..300).map(|_| believed()).collect();
        let true_change: f64 = known
            .iter()
            .filter_map(|customer| customer.rates)
            .map(|(rate, leaves)| {
                let hazard = rate * leaves * f64::from(HORIZON_DAYS);
                let within = |factor: f64| -(-factor * hazard).exp_m1() / leaves;
                ORDER_CENTS * (within(truth) - within(1.0))
            })
            .sum();
        let drawn = prospects(&model, &history, always()).drawn(&changes, seed);
        let mut changed: Vec<f64> = drawn
            .iter()
            .map(|d| d.after.cents - d.before.cents)
            .collect();
        changed.sort_unstable_by(f64::total_cmp);
        let (low, high) = (changed[7], changed[292]);
        held += u32::from(low <= true_change && true_change <= high);
        width += (high - low) / true_change;
    }
    let share = f64::from(held) / REPETITIONS as f64;
    // 95 % are meant. Parameters are not drawn and days are rounded, which takes little; an interval of half the width
    // holds some 70 %.
    assert!((0.88..=1.0).contains(&share), "{share}");
    assert!(width / (REPETITIONS as f64) < 1.5, "{width}");
}

#[test]
fn money_later_is_worth_less_and_who_has_no_value_is_left_out() {
    let history = history(&customers(100, 10));
    let model = Fitted::fit(Candidate::BgNbd, &history).unwrap();
    let spends = vec![
        Spend {
            orders: 1,
            mean_order_cents: ORDER_CENTS,
        };
        100
    ];
    let schedule = Schedule {
        lasts_days: 10,
        times: 2,
        every_days: 100,
    };
    let at = |discount: f64| {
        let asked = question(discount);
        Prospects::new(&model, &history, &same(), &spends, &asked, schedule).unwrap()
    };
    let (free, dear) = (at(0.0), at(0.5));
    assert_eq!(
        (free.given(), free.places().len(), free.without_repeat()),
        (2.0, 100, 0)
    );
    assert!(total(&dear.expected(&Change::NONE)) < 0.95 * total(&free.expected(&Change::NONE)));
    // Today, and in a hundred days at 50 % a year.
    let expected = 1.0 + 1.5_f64.powf(-100.0 / 365.25);
    assert!((dear.given() - expected).abs() < 1e-12, "{}", dear.given());
    let unknown = Amounts::NotLearnt(models::value::FitError::NotComputable);
    let asked = question(0.0);
    let nobody = Prospects::new(&model, &history, &unknown, &spends, &asked, schedule).unwrap();
    assert!(nobody.places().is_empty() && nobody.expected(&Change::NONE).is_empty());
    assert_eq!(nobody.drawn(&[Change::NONE], 1)[0].before.cents, 0.0);
}
