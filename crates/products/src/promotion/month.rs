//! A month of questions under a budget and its plan, played.

use super::budget::{Round, round};
use super::settings::Settings;
use super::stores::Stores;
use super::worth::{Worth, best};
use crate::ledger::even_plan;
use crate::standing::Pace;
use crate::week::Week;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;

fn worth(net: f64) -> Worth {
    Worth { net, spend: OFFER }
}

/// Customers to whom an offer is worth more or less.
fn customers() -> Vec<Worth> {
    let mut random = math::random::stream(7, 0);
    let draw = |_| worth(-4.0 * random.random_range(1e-9..1.0_f64).ln());
    (0..10_000).map(draw).collect()
}

/// A month of questions: what is promised by the end of each day, in shares of the budget, and the value of it.
struct Month {
    promised: Vec<f64>,
    value: f64,
}

const DAYS: usize = 30;
const OFFER: f64 = 5.0;
const BUDGET: f64 = 5_000.0;

/// A plan of the budget.
#[derive(Clone, Copy, PartialEq)]
enum Plan {
    None,
    Even,
    Usual,
}

/// The budget, allocated among customers.
fn allocated(of: &[Worth]) -> Round {
    let (stores, settings) = (Stores::alike(of.len()), Settings::default());
    round(of, &["offer"], &stores, BUDGET, &settings).unwrap()
}

/// Shares of the questions that come in each hour of a week: between eight and ten at night, twice as many at weekends.
fn usual() -> Week {
    Week::of_counts(&std::array::from_fn(|hour| match (hour / 24, hour % 24) {
        (_, 0..8 | 22..24) => 0.0,
        (5 | 6, _) => 200.0,
        (_, _) => 100.0,
    }))
}

/// Everybody asks `times` times at random, at the hours of [`usual`], from a Saturday on. The ledger promises no more than
/// there is.
fn month(round: &Round, of: &[Worth], times: f64, plan: Plan) -> Month {
    let week = usual();
    let starts: Timestamp = "2026-10-31T00:00:00Z".parse().unwrap();
    let at = |days: f64| starts + SignedDuration::from_secs_f64(86_400.0 * days);
    let span = (starts, at(DAYS as f64));
    let mut random = math::random::stream(11, 0);
    let (mut promised, mut value) = (0.0, 0.0);
    let mut by_day = Vec::new();
    for day in 0..DAYS {
        let weight = if day % 7 < 2 { 2.0 } else { 1.0 };
        // Ten days of the thirty count twice: 40 in all.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of questions"
        )]
        let asked = (of.len() as f64 * times * weight / 40.0).round() as usize;
        for number in 0..asked {
            let hour = 8.0 + 14.0 * number as f64 / asked as f64;
            let now = at(day as f64 + hour / 24.0);
            let pace = Pace {
                promised: promised / BUDGET,
                plan: match plan {
                    Plan::None | Plan::Even => even_plan(span, now),
                    Plan::Usual => week.share(span, now),
                },
            };
            let worth = &of[random.random_range(0..of.len())];
            let prices = round.prices(1, (plan != Plan::None).then_some(pace), None);
            let chosen = best(std::slice::from_ref(worth), &prices, false);
            if chosen.is_some() && promised + OFFER <= BUDGET {
                promised += OFFER;
                value += worth.net;
            }
        }
        by_day.push(promised / BUDGET);
    }
    Month {
        promised: by_day,
        value,
    }
}

#[test]
fn a_paced_budget_lasts_for_its_month_and_buys_more_than_one_that_is_gone_on_the_tenth_day() {
    let of = customers();
    // Money for a tenth of the customers, each asked once.
    let round = allocated(&of);
    assert_eq!(round.chosen, 1_000);
    for times in [3.0, 1.0, 0.4] {
        let (free, paced) = (
            month(&round, &of, times, Plan::None),
            month(&round, &of, times, Plan::Even),
        );
        let off = |day: usize| paced.promised[day] - (day + 1) as f64 / DAYS as f64;
        let band = (0..DAYS).map(|day| off(day).abs()).fold(0.0, f64::max);
        assert!(band < 0.06, "{times}: {band} {:?}", paced.promised);
        assert!(paced.promised[DAYS - 1] > 0.98, "{:?}", paced.promised);
        let offers = |month: &Month| month.promised[DAYS - 1] * BUDGET / OFFER;
        let each = |month: &Month| month.value / offers(month);
        if times > 1.0 {
            // Three times as many ask: without a plan the first third of the month has all of it.
            let gone = free.promised.iter().position(|p| *p > 0.999).unwrap();
            assert!((8..13).contains(&gone), "{gone}");
            assert!(each(&paced) > 1.2 * each(&free), "{}", each(&paced));
            assert!(paced.value > 1.2 * free.value, "{}", paced.value);
        } else if times < 1.0 {
            // Fewer ask than thought: without a plan more than half of the money stays unspent.
            assert!(free.promised[DAYS - 1] < 0.5, "{:?}", free.promised);
            assert!(paced.value > 1.4 * free.value, "{}", paced.value);
        } else {
            assert!(paced.value > 0.93 * free.value, "{}", paced.value);
        }
    }
}

#[test]
fn a_budget_that_one_round_does_not_need_is_spread_all_the_same() {
    // All of 200 would be given at once, and are asked for ten times in the month.
    let of: Vec<Worth> = (1..=200).map(|n| worth(f64::from(n) / 10.0)).collect();
    let round = allocated(&of);
    assert_eq!(round.price, 0.0);
    let month = month(&round, &of, 10.0, Plan::Even);
    assert!(month.promised[9] < 0.45, "{:?}", month.promised);
    assert!(month.promised[DAYS - 1] > 0.98, "{:?}", month.promised);
}

#[test]
fn a_plan_by_usual_hours_keeps_the_price_where_weekends_move_that_of_an_even_one() {
    let of = customers();
    let round = allocated(&of);
    let of_plan = |plan| month(&round, &of, 1.0, plan);
    let (free, even, usual) = (
        of_plan(Plan::None),
        of_plan(Plan::Even),
        of_plan(Plan::Usual),
    );
    let [free, even, of_usual] = [&free, &even, &usual].map(|month| month.value);
    assert!(
        of_usual > 0.98 * free && of_usual > even,
        "{free} without, {even} even, {of_usual} usual"
    );
    assert!(usual.promised[DAYS - 1] > 0.98, "{:?}", usual.promised);
}
