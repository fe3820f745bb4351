//! Forecasts of customers who take turns: of each one counts in a horizon, and those of neighbouring days share most of
//! their days.

use crate::simulated::{Draws, day};
use monitoring::loss::{LossDay, LossPromise, LossReference, LossVerdict, LossWatch};

const HORIZON: usize = 28;
const CUSTOMERS: usize = 1_500;
const DAYS: usize = 10 * HORIZON;
const LAUNCH: usize = 28;

/// The days of a shop whose customers buy as often as they did, but for weeks that are better or worse for all; what is
/// expected of each is the best that can be said by what they bought so far.
///
/// - `off_from`: the day from which on forecasts are too high by a half.
fn shop(draws: &mut Draws, off_from: Option<usize>) -> Vec<LossDay> {
    let (shape, mean) = (0.7, 2.0 / HORIZON as f64);
    let weeks: Vec<f64> = (0..=DAYS / 7)
        .map(|_| (0.05 * draws.normal()).exp())
        .collect();
    let mut sums = vec![(0u64, 0.0, 0.0, 0.0); DAYS];
    for customer in 0..CUSTOMERS {
        let rate = draws.gamma(shape, mean);
        let mut bought = vec![0.0; DAYS + 1];
        for n in 0..DAYS {
            let buys = draws.uniform() < rate * weeks[n / 7];
            bought[n + 1] = bought[n] + f64::from(u8::from(buys));
        }
        let first = HORIZON + customer % HORIZON;
        for n in (first..=DAYS - HORIZON).step_by(HORIZON) {
            let naive = bought[n] - bought[n - HORIZON];
            let came = bought[n + HORIZON] - bought[n];
            let best = (shape + bought[n]) / (shape / mean + n as f64) * HORIZON as f64;
            let is_off = off_from.is_some_and(|from| n >= from);
            let expected = if is_off { 1.5 * best } else { best };
            let lost = (expected - came).powi(2) / (1.0 + naive);
            let of = &mut sums[n];
            of.0 += 1;
            of.1 += lost;
            of.2 += lost * lost;
            of.3 += (naive - came).powi(2) / (1.0 + naive);
        }
    }
    let days = sums
        .into_iter()
        .zip(0..)
        .filter(|((count, ..), _)| *count > 0);
    days.map(|((count, lost, squares, naive), n)| {
        let usual = naive / count as f64;
        LossDay {
            day: day(n),
            count,
            sum: lost / usual,
            sum_squares: squares / (usual * usual),
            season: 1.0,
        }
    })
    .collect()
}

/// Whether a fall is seen beyond a tenth of the quality at first, and on which day.
fn fell(days: &[LossDay]) -> Option<schema::AsOf> {
    let (launch, after) = days.split_at(LAUNCH);
    let reference = LossReference::measure(launch).unwrap();
    let tolerance = 0.1 * (1.0 - reference.mean);
    let mut watch = LossWatch::new(LossPromise::against(&reference, tolerance, 0.05)).unwrap();
    for day in after {
        watch.look(day).unwrap();
    }
    match watch.read().verdict {
        LossVerdict::Quiet => None,
        LossVerdict::Passed { seen, .. } => Some(seen),
    }
}

#[test]
fn customers_who_take_turns_rarely_alarm_although_their_days_overlap_and_a_fall_is_seen() {
    let (shops, mut quiet_alarms, mut seen_late) = (60, 0, 0);
    let from = 5 * HORIZON;
    for index in 0..shops {
        let quiet = shop(&mut Draws::of(21, index), None);
        quiet_alarms += u32::from(fell(&quiet).is_some());
        let off = fell(&shop(&mut Draws::of(22, index), Some(from)));
        let in_time = off.is_some_and(|seen| seen < day((from + 60) as i32));
        seen_late += u32::from(!in_time);
    }
    println!(
        "of {shops} shops {quiet_alarms} quiet ones alarmed, {seen_late} falls were not seen in 60 days"
    );
    assert!(quiet_alarms <= 3, "{quiet_alarms}");
    assert!(seen_late <= 6, "{seen_late}");
}
