//! Ratios of outcomes: against plain arithmetic over rows, against known truth, and where nothing can be divided.

use measure::effects::{
    Effect, Moments, Scale, Size, adjusted_ratio, difference, linearised, ratio,
};
use measure::readout::Method;
use measure::sequential::ConfidenceSequence;
use rand::{Rng, RngExt};
use schema::WhyNot;

use crate::simulated::{Coverage, close, draws, exponential, near};

/// Spend and orders in a window and before it: whoever orders much did so before, and a basket is as large as before.
///
/// - `lift`: factor on the size of a basket.
pub(crate) fn customer(lift: f64, random: &mut impl Rng) -> [f64; 4] {
    let basket = 5.0 + 10.0 * exponential(random);
    let eager = random.random::<f64>();
    let mut of = |lift: f64| {
        let (mut spent, mut orders) = (0.0, 0.0);
        for _ in 0..4 {
            if random.random::<f64>() < 0.2 + 0.6 * eager {
                // Large baskets come with many orders: numerator and denominator hang together.
                spent += lift * (basket + 8.0 * eager + 4.0 * exponential(random));
                orders += 1.0;
            }
        }
        (spent, orders)
    };
    let (spent, orders) = of(lift);
    let (before, ordered) = of(1.0);
    [spent, orders, before, ordered]
}

/// Spend per order of [`customer`] without a lift: orders weigh those who are eager.
fn truth() -> f64 {
    // E[orders] = 4 (0.2 + 0.6 / 2) = 2, E[eager orders] = 4 (0.2 / 2 + 0.6 / 3) = 1.2.
    15.0 + 8.0 * 1.2 / 2.0 + 4.0
}

fn arm(units: u32, lift: f64, random: &mut impl Rng) -> Vec<[f64; 4]> {
    (0..units).map(|_| customer(lift, random)).collect()
}

fn moments(columns: usize, rows: &[[f64; 4]]) -> Moments {
    Moments::of_rows(columns, rows.iter().map(|row| &row[..columns])).unwrap()
}

fn size(effect: &Effect) -> Size {
    *effect.size().unwrap_or_else(|| panic!("{effect:?}"))
}

fn because(effect: &Effect) -> &str {
    match effect {
        Effect::NotMeasurable(WhyNot::DoesNotApply { because }) => because,
        Effect::NotMeasurable(_) | Effect::Measured(_) => panic!("{effect:?}"),
    }
}

#[test]
fn an_adjusted_ratio_equals_arithmetic_over_the_rows() {
    let mut random = draws(5, 0);
    let arms = [arm(60, 1.0, &mut random), arm(45, 1.2, &mut random)];
    let sum = |rows: &[[f64; 4]], column: usize| rows.iter().map(|row| row[column]).sum::<f64>();
    let all = [arms[0].clone(), arms[1].clone()].concat();
    let (r0, d0) = (sum(&all, 2) / sum(&all, 3), sum(&all, 3) / all.len() as f64);
    // Unit by unit, as the doc comment has it.
    let lines = arms.each_ref().map(|rows| {
        let (r, d) = (
            sum(rows, 0) / sum(rows, 1),
            sum(rows, 1) / rows.len() as f64,
        );
        let of = |row: &[f64; 4]| [(row[0] - r * row[1]) / d, (row[2] - r0 * row[3]) / d0];
        (r, rows.iter().map(of).collect::<Vec<_>>())
    });
    let mean = |values: &[[f64; 2]], at: usize| {
        values.iter().map(|v| v[at]).sum::<f64>() / values.len() as f64
    };
    let products = |values: &[[f64; 2]], one: usize, other: usize| -> f64 {
        let (a, b) = (mean(values, one), mean(values, other));
        values.iter().map(|v| (v[one] - a) * (v[other] - b)).sum()
    };
    let over = |one: usize, other: usize| -> f64 {
        lines.iter().map(|(_, v)| products(v, one, other)).sum()
    };
    let slope = over(0, 1) / over(1, 1);
    let adjusted = lines.each_ref().map(|(r, v)| {
        let left =
            products(v, 0, 0) - 2.0 * slope * products(v, 0, 1) + slope * slope * products(v, 1, 1);
        let n = v.len() as f64;
        (r - slope * mean(v, 1), left / (n - 1.0) / n)
    });
    let [control, treated] = arms.each_ref().map(|rows| moments(4, rows));
    let found = adjusted_ratio(&control, &treated, Scale::Absolute, 0.95).unwrap();
    let found = size(&found);
    close(found.point, adjusted[1].0 - adjusted[0].0, 1e-10);
    close(
        found.standard_error,
        (adjusted[0].1 + adjusted[1].1).sqrt(),
        1e-10,
    );
    assert_eq!(found.units, 105);
    // Without the days before it is the ratio itself.
    let plain = ratio(
        &moments(2, &arms[0]),
        &moments(2, &arms[1]),
        Scale::Absolute,
        0.95,
    );
    let plain = size(&plain.unwrap());
    close(plain.point, lines[1].0 - lines[0].0, 1e-10);
    let variance = |at: usize| {
        let values = &lines[at].1;
        let n = values.len() as f64;
        products(values, 0, 0) / (n - 1.0) / n
    };
    close(
        plain.standard_error,
        (variance(0) + variance(1)).sqrt(),
        1e-10,
    );
    // Halves merge into the whole.
    let mut merged = moments(4, &arms[0][..20]);
    merged.merge(&moments(4, &arms[0][20..])).unwrap();
    let again = adjusted_ratio(&merged, &treated, Scale::Absolute, 0.95).unwrap();
    close(size(&again).standard_error, found.standard_error, 1e-10);
}

#[test]
fn intervals_of_ratios_cover_the_truth_and_the_days_before_make_them_narrower() {
    let [mut plain, mut adjusted, mut nothing, mut relative] =
        [(); 4].map(|()| Coverage::default());
    let mut narrower = 0.0;
    let lifted = 0.1 * truth();
    for sample in 0..1_000 {
        let mut random = draws(77, sample);
        let rows = [
            arm(250, 1.0, &mut random),
            arm(350, 1.1, &mut random),
            arm(250, 1.0, &mut random),
        ];
        let two = rows.each_ref().map(|rows| moments(2, rows));
        let four = rows.each_ref().map(|rows| moments(4, rows));
        let found = size(&ratio(&two[0], &two[1], Scale::Absolute, 0.95).unwrap());
        plain.add(found.low, lifted, found.high);
        let same = size(&adjusted_ratio(&four[0], &four[1], Scale::Absolute, 0.95).unwrap());
        adjusted.add(same.low, lifted, same.high);
        narrower += same.standard_error / found.standard_error;
        let share = size(&adjusted_ratio(&four[0], &four[1], Scale::Relative, 0.95).unwrap());
        relative.add(share.low, 0.1, share.high);
        // A/A: nothing was done, and 5 % at most may be called something.
        let idle = size(&adjusted_ratio(&four[0], &four[2], Scale::Absolute, 0.95).unwrap());
        nothing.add(idle.low, 0.0, idle.high);
        assert_eq!(idle.p_value < 0.05, !(idle.low <= 0.0 && 0.0 <= idle.high));
    }
    plain.assert_is(0.95, "ratio");
    adjusted.assert_is(0.95, "adjusted ratio");
    relative.assert_is(0.95, "adjusted ratio, relative");
    nothing.assert_is(0.95, "adjusted ratio of nothing");
    assert!(narrower / 1_000.0 < 0.8, "{narrower}");
    let mut random = draws(78, 0);
    let large = [arm(20_000, 1.0, &mut random), arm(20_000, 1.1, &mut random)];
    let four = large.each_ref().map(|rows| moments(4, rows));
    near(
        &size(&adjusted_ratio(&four[0], &four[1], Scale::Absolute, 0.95).unwrap()),
        lifted,
    );
    // Customers order twice on average: their spend moves by two baskets' worth.
    let spend = size(&difference(&four[0], &four[1], Scale::Absolute, 0.95).unwrap());
    near(&spend, 2.0 * lifted);
}

#[test]
fn a_ratio_without_an_effect_is_rarely_ever_called_real_however_often_it_is_read() {
    let sequence = ConfidenceSequence::tuned_to(500.0, 0.05).unwrap();
    let mut wrong = 0;
    for path in 0..400 {
        let mut random = draws(34, path);
        let mut arms = [Moments::new(4), Moments::new(4)];
        for unit in 0..600 {
            let arm = usize::from(random.random::<bool>());
            arms[arm].push(&customer(1.0, &mut random)).unwrap();
            if unit < 20 {
                continue;
            }
            let found = adjusted_ratio(&arms[0], &arms[1], Scale::Absolute, 0.95).unwrap();
            let Some(found) = found.size() else { continue };
            let half = sequence.half_width(found.standard_error, found.units as f64);
            if found.point.abs() > half {
                wrong += 1;
                break;
            }
        }
    }
    // 5 % of 400 is 20, with a standard deviation of 4.4.
    assert!(wrong <= 33, "{wrong} of 400");
}

#[test]
fn what_has_no_denominator_is_not_measurable_and_says_why() {
    let mut random = draws(6, 0);
    let good = arm(50, 1.0, &mut random);
    let without = |rows: &[[f64; 4]], keep: usize| -> Vec<[f64; 4]> {
        let none = |(at, row): (usize, &[f64; 4])| match at < keep {
            true => *row,
            false => [0.0, 0.0, row[2], row[3]],
        };
        rows.iter().enumerate().map(none).collect()
    };
    let read = |control: &[[f64; 4]], treated: &[[f64; 4]]| {
        [
            ratio(
                &moments(2, control),
                &moments(2, treated),
                Scale::Absolute,
                0.95,
            )
            .unwrap(),
            adjusted_ratio(
                &moments(4, control),
                &moments(4, treated),
                Scale::Absolute,
                0.95,
            )
            .unwrap(),
        ]
    };
    for found in read(&without(&good, 0), &good) {
        assert_eq!(because(&found), "the denominator of the control arm is 0");
    }
    // Three of fifty customers ordered: a ratio of their orders is chance.
    for found in read(&good, &without(&good, 3)) {
        let said = because(&found);
        assert!(
            said.starts_with("the denominator of the treated arm is not far enough above 0"),
            "{said}"
        );
    }
    // Returns may make a denominator negative.
    let negative: Vec<[f64; 4]> = good
        .iter()
        .map(|row| [row[0], -row[1], row[2], row[3]])
        .collect();
    for found in read(&negative, &good) {
        assert!(because(&found).contains("of the control arm is not far enough above 0"));
    }
    let fixed: Vec<[f64; 4]> = good
        .iter()
        .map(|row| [3.0 * row[1], row[1], row[2], row[3]])
        .collect();
    for found in read(&fixed, &good) {
        let Effect::NotMeasurable(WhyNot::NoVariation { what }) = &found else {
            panic!("{found:?}")
        };
        assert_eq!(what, "the ratio in the control arm");
    }
    for found in read(&good[..9], &good) {
        assert!(matches!(
            found,
            Effect::NotMeasurable(WhyNot::TooFew { found: 9, .. })
        ));
    }
    // Nobody ordered before: there is nothing to adjust by.
    let new: Vec<[f64; 4]> = good.iter().map(|row| [row[0], row[1], 0.0, 0.0]).collect();
    let found = adjusted_ratio(&moments(4, &new), &moments(4, &new), Scale::Absolute, 0.95);
    assert_eq!(
        because(&found.unwrap()),
        "the denominator before the experiment is 0"
    );
    let wrong = adjusted_ratio(
        &moments(2, &good),
        &moments(2, &good),
        Scale::Absolute,
        0.95,
    );
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "compare arms of 2 and 2 columns: both need 4"
    );
    assert_eq!(
        serde_json::to_string(&Method::AdjustedRatio).unwrap(),
        "\"adjusted_ratio\""
    );
}

#[test]
fn units_of_a_ratio_have_its_mean_and_the_variance_of_the_delta_method() {
    let mut random = draws(9, 0);
    let rows = arm(300, 1.0, &mut random);
    let lines = linearised(&rows).unwrap();
    let found = Moments::of_rows(2, &lines).unwrap();
    let sum = |column: usize| rows.iter().map(|row| row[column]).sum::<f64>();
    close(found.mean(0).unwrap(), sum(0) / sum(1), 1e-12);
    close(found.mean(1).unwrap(), 0.0, 1e-12);
    // Twice the same arm: each has half of the variance of the difference.
    let two = moments(2, &rows);
    let both = size(&ratio(&two, &two, Scale::Absolute, 0.95).unwrap());
    let variance = found.covariance(0, 0).unwrap() / 300.0;
    close(variance, both.standard_error.powi(2) / 2.0, 1e-10);
    let new: Vec<[f64; 4]> = rows.iter().map(|row| [row[0], row[1], 0.0, 0.0]).collect();
    assert!(linearised(&new).unwrap().iter().all(|row| row[1] == 0.0));
    assert!(linearised(&rows[..5]).is_err());
    let none: Vec<[f64; 4]> = rows
        .iter()
        .map(|row| [row[0], 0.0, row[2], row[3]])
        .collect();
    assert!(linearised(&none).is_err());
}
