//! Schedules and lead times.

use decisions::stock::lead_time::{Basis, LeadTime, LeadTimeError, LeadTimes, Receipt};
use decisions::stock::{
    Demand, DemandError, OrderDays, Quantiles, Sample, Schedule, ScheduleError, Units,
    mixture_quantiles,
};
use jiff::civil::{Date, Weekday, date};
use math::random::stream;
use rand_chacha::rand_core::Rng;

#[test]
fn dates_follow_the_suppliers_weekdays_and_closed_days() {
    // 2026-03-02 is a Monday.
    let closed = [date(2026, 3, 5)];
    let orders = OrderDays::new(&[Weekday::Tuesday, Weekday::Thursday], &closed).unwrap();
    let open = OrderDays::new(
        &[
            Weekday::Monday,
            Weekday::Tuesday,
            Weekday::Wednesday,
            Weekday::Thursday,
            Weekday::Friday,
        ],
        &[],
    )
    .unwrap();
    let found = Schedule::new(date(2026, 3, 2), &orders, 4, &open).unwrap();
    // Ordered on Tuesday, due on Saturday, received on Monday; Thursday is closed, so the next order is a week later.
    assert_eq!(found.order, date(2026, 3, 3));
    assert_eq!(found.arrival, date(2026, 3, 9));
    assert_eq!(found.next_order, date(2026, 3, 10));
    assert_eq!(found.next_arrival, date(2026, 3, 16));
    assert_eq!(
        (
            found.days_until_arrival(),
            found.protection_days(),
            found.review_days()
        ),
        (7, 14, 7)
    );
    let daily = Schedule::new(
        date(2026, 3, 2),
        &OrderDays::every_day(),
        0,
        &OrderDays::every_day(),
    );
    let daily = daily.unwrap();
    assert_eq!(
        (daily.arrival, daily.next_arrival),
        (date(2026, 3, 2), date(2026, 3, 3))
    );
    assert_eq!(
        (daily.days_until_arrival(), daily.protection_days()),
        (0, 1)
    );
    assert_eq!(OrderDays::new(&[], &[]), Err(ScheduleError::NoWeekday));
    let all: Vec<Date> = date(2026, 1, 1)
        .series(jiff::Span::new().days(1))
        .take(800)
        .collect();
    let never = OrderDays::new(&[Weekday::Monday], &all).unwrap();
    assert!(matches!(
        never.from(date(2026, 1, 1)),
        Err(ScheduleError::NoOpenDay { .. })
    ));
}

fn day(n: i64) -> Date {
    date(2026, 1, 1)
        .checked_add(jiff::Span::new().days(n))
        .unwrap()
}

fn receipt(supplier: u32, ordered: i64, took: Option<i64>) -> Receipt {
    Receipt {
        supplier,
        ordered: day(ordered),
        received: took.map(|took| day(ordered + took)),
    }
}

#[test]
fn open_orders_count_as_long_as_they_are_awaited() {
    // Worked out by hand: 5 orders; one took 2, one is awaited for 3, two took 4, one took 6.
    let as_of = day(30);
    let receipts = [
        receipt(1, 0, Some(2)),
        receipt(1, 27, None),
        receipt(1, 1, Some(4)),
        receipt(1, 2, Some(4)),
        receipt(1, 3, Some(6)),
    ];
    let learnt = LeadTimes::learn(&receipts, as_of, 0.0).unwrap();
    let found = learnt.pooled().probabilities();
    let expected = [0.0, 0.0, 0.2, 0.0, 0.8 * 2.0 / 3.0, 0.0, 0.8 / 3.0];
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
    assert_eq!(learnt.pooled().at_least(), 0.0);
    let own = learnt.of(1);
    assert_eq!(
        own.basis,
        Basis::Own {
            received: 4,
            open: 1
        }
    );
    assert_eq!(own.lead_time, learnt.pooled());
    // One awaited longer than all that arrived: how long it takes is not known.
    let late = [receipts[0], receipt(1, 10, None)];
    let learnt = LeadTimes::learn(&late, as_of, 0.0).unwrap();
    let found = learnt.pooled();
    assert_eq!((found.at_least(), found.probabilities()[2]), (0.5, 0.5));
    assert_eq!((found.quantile(0.5), found.quantile(0.9)), (2, 21));
}

#[test]
fn few_orders_are_drawn_towards_those_of_all() {
    let as_of = day(100);
    let mut receipts: Vec<Receipt> = (0..40).map(|n| receipt(1, n, Some(3))).collect();
    receipts.extend((0..10).map(|n| receipt(2, n, Some(9))));
    receipts.push(receipt(3, 95, None));
    let learnt = LeadTimes::learn(&receipts, as_of, 5.0).unwrap();
    // Without open orders the posterior is both distributions, weighted by 10 orders and by 5.
    let of_all = learnt.pooled().probabilities();
    let found = learnt.of(2).lead_time.probabilities();
    for (days, found) in found.iter().enumerate() {
        let own = f64::from(u8::from(days == 9));
        let expected = (10.0 * own + 5.0 * of_all[days]) / 15.0;
        assert!(
            (found - expected).abs() < 1e-9,
            "{days}: {found} {expected}"
        );
    }
    // One awaited for 5 days without an arrival: of all, those within 5 days have become less likely.
    let waiting = learnt.of(3);
    assert_eq!(
        waiting.basis,
        Basis::Pooled {
            received: 50,
            open: 1
        }
    );
    assert!(waiting.lead_time.probabilities()[9] > of_all[9]);
    assert_eq!(learnt.of(77).lead_time, learnt.pooled());
    assert_eq!(
        learnt.of(77).basis,
        Basis::Pooled {
            received: 50,
            open: 0
        }
    );
}

#[test]
fn a_planted_lead_time_is_found_although_slow_orders_are_still_open() {
    let truth =
        LeadTime::weighted(&[0.0, 0.0, 0.3, 0.2, 0.1, 0.0, 0.0, 0.0, 0.2, 0.0, 0.2]).unwrap();
    let mut random = stream(11, 0);
    let receipts: Vec<Receipt> = (0..20_000)
        .map(|_| {
            let ordered = i64::from(random.next_u32() % 20);
            let took = i64::from(truth.quantile(f64::from(random.next_u32()) / 4_294_967_296.0));
            receipt(1, ordered, (ordered + took <= 20).then_some(took))
        })
        .collect();
    let open = receipts.iter().filter(|r| r.received.is_none()).count();
    assert!(open > 3000);
    let learnt = LeadTimes::learn(&receipts, day(20), 5.0).unwrap();
    // 20,000 orders leave a standard error below 0.005; leaving out the open ones would be off by 0.06.
    for (found, expected) in learnt
        .pooled()
        .probabilities()
        .iter()
        .zip(truth.probabilities())
    {
        assert!((found - expected).abs() < 0.02, "{found} {expected}");
    }
    assert!((learnt.pooled().mean() - truth.mean()).abs() < 0.1);
}

#[test]
fn demand_over_a_lead_time_has_the_variance_of_both() {
    let lead = LeadTime::weighted(&[0.0, 0.2, 0.5, 0.0, 0.3]).unwrap();
    let parts: Vec<(f64, Demand<'_>)> = lead
        .each()
        .map(|(days, p)| (p, Demand::poisson(6.0 * f64::from(days)).unwrap()))
        .collect();
    let sample = Sample::mixture(&parts).unwrap();
    let masses = sample.demand().masses(1e-12);
    let moment = |power: i32| -> f64 {
        let each = masses.iter().enumerate();
        each.map(|(k, p)| (k as f64).powi(power) * p).sum()
    };
    // The textbook: mean d·E(L), variance E(L)·d + d²·Var(L).
    let (mean, variance) = (
        6.0 * lead.mean(),
        6.0 * lead.mean() + 36.0 * lead.variance(),
    );
    assert!((moment(1) - mean).abs() < 1e-6);
    assert!((moment(2) - mean * mean - variance).abs() < 1e-4);
    // The quantiles alone are those of the whole.
    let levels = [0.05, 0.5, 0.9, 0.99];
    let values = mixture_quantiles(&parts, &levels).unwrap();
    for (level, value) in levels.iter().zip(values) {
        assert_eq!(value, sample.demand().quantile(*level));
    }
    // A lead time of 0 days asks for nothing before arrival.
    let none = LeadTime::fixed(0).unwrap();
    assert_eq!((none.mean(), none.quantile(0.99)), (0.0, 0));
}

#[test]
fn quantiles_of_a_mixture_reach_their_levels() {
    let stored = |values| {
        Demand::quantiles(Quantiles {
            levels: &[0.1, 0.5, 0.9],
            values,
            expected: None,
            units: Units::Any,
        })
        .unwrap()
    };
    let parts = [
        (2.0, stored(&[1.0, 4.0, 9.0])),
        (1.0, stored(&[10.0, 30.0, 31.0])),
    ];
    let levels = [0.02, 0.3, 0.5, 0.7, 0.95];
    let values = mixture_quantiles(&parts, &levels).unwrap();
    for (level, value) in levels.iter().zip(&values) {
        let reached = (2.0 * parts[0].1.cdf(*value) + parts[1].1.cdf(*value)) / 3.0;
        assert!((reached - level).abs() < 1e-7, "{level} {reached}");
    }
    let wrong = [(-1.0, parts[0].1)];
    assert!(matches!(
        mixture_quantiles(&wrong, &levels),
        Err(DemandError::Weight { place: 0, .. })
    ));
    assert_eq!(mixture_quantiles(&[], &levels), Err(DemandError::Empty));
    assert!(matches!(
        mixture_quantiles(&parts, &[0.5, 0.4]),
        Err(DemandError::Level { place: 1, .. })
    ));
}

#[test]
fn what_teaches_no_lead_time_is_refused_by_name() {
    let as_of = day(10);
    let learn = |receipts: &[Receipt], pooled| LeadTimes::learn(receipts, as_of, pooled);
    assert_eq!(
        learn(&[receipt(1, 0, None)], 5.0),
        Err(LeadTimeError::NothingReceived { open: 1 })
    );
    assert_eq!(
        learn(&[], 5.0),
        Err(LeadTimeError::NothingReceived { open: 0 })
    );
    assert!(matches!(
        learn(&[receipt(1, 4, Some(-1))], 5.0),
        Err(LeadTimeError::Received { place: 0, .. })
    ));
    assert!(matches!(
        learn(&[receipt(1, 4, Some(7))], 5.0),
        Err(LeadTimeError::Received { place: 0, .. })
    ));
    assert!(matches!(
        learn(&[receipt(1, 11, None)], 5.0),
        Err(LeadTimeError::Ordered { place: 0, .. })
    ));
    assert!(matches!(
        learn(&[receipt(1, 1, Some(2))], f64::NAN),
        Err(LeadTimeError::Pooling { .. })
    ));
    assert_eq!(LeadTime::weighted(&[0.0]), Err(LeadTimeError::Empty));
    assert!(matches!(
        LeadTime::weighted(&[0.1, -1.0]),
        Err(LeadTimeError::Weight { days: 1, .. })
    ));
    assert!(matches!(
        LeadTime::fixed(9999),
        Err(LeadTimeError::Days { .. })
    ));
}
