//! What a day of age costs, where the truth is known.

use monitoring::ageing::{Rate, Step};

#[test]
fn what_is_not_sure_is_drawn_to_nothing_and_intervals_hold() {
    let step = |age_days, gain, error| Step {
        age_days,
        gain,
        error,
    };
    // Three gains of chance: what is said is far less than their mean.
    let noisy = [
        step(10.0, 0.02, 0.02),
        step(10.0, -0.01, 0.02),
        step(10.0, 0.02, 0.02),
    ];
    let plain = Rate::of_trainings(&noisy).unwrap();
    let drawn = plain.drawn_to_nothing(0.15, 60.0);
    assert!((plain.per_day - 0.001).abs() < 1e-12);
    assert!(drawn.per_day < 0.1 * plain.per_day, "{drawn:?}");
    assert!(drawn.error < plain.error);
    assert_eq!(Rate::of_trainings(&noisy[..1]), None);
}

#[test]
fn the_line_through_nothing_finds_a_planted_rate_and_its_interval_holds_it() {
    // Gains of .0002 a day with errors of .002 that go up and down, after 10 to 45 days.
    let step = |n: i32| {
        let age_days = 10.0 + 5.0 * f64::from(n);
        let off = if n % 2 == 0 { 0.002 } else { -0.002 };
        Step::new(age_days, 0.0002 * age_days + off, 1.96 * 0.002)
    };
    let steps: Vec<Step> = (0..8).map(step).collect();
    let rate = Rate::of_trainings(&steps).unwrap();
    let [point, low, high] = rate.after(30.0);
    assert!((point - 0.006).abs() < 0.0005, "{rate:?}");
    assert!(low < 0.006 && 0.006 < high && low > 0.0, "{low} {high}");
    // What is sure stays nearly as it is.
    let drawn = rate.drawn_to_nothing(0.15, 30.0);
    assert!(
        (0.95..1.0).contains(&(drawn.per_day / rate.per_day)),
        "{drawn:?}"
    );
}

#[test]
fn a_quality_that_falls_by_the_day_is_a_cost_and_one_that_stays_is_none() {
    let days = |slope: f64| -> Vec<(f64, f64)> {
        (0..60)
            .map(|n| {
                let noise = if n % 2 == 0 { 0.01 } else { -0.01 };
                (f64::from(n), 0.3 + slope * f64::from(n) + noise)
            })
            .collect()
    };
    let falling = Rate::of_falling(&days(-0.001)).unwrap();
    assert!((falling.per_day - 0.001).abs() < 3.0 * falling.error);
    assert!(falling.after(1.0)[1] > 0.0, "{falling:?}");
    let stays = Rate::of_falling(&days(0.0)).unwrap();
    let [_, low, high] = stays.after(1.0);
    assert!(low < 0.0 && 0.0 < high, "{stays:?}");
    assert_eq!(Rate::of_falling(&days(0.0)[..2]), None);
}
