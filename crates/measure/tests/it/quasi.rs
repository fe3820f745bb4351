//! Changes that nobody drew, on cases worked out by hand and against the plain formulas.

use crate::simulated::{close, draws, normal};
use measure::effects::Effect;
use measure::quasi::{
    Change, InTime, Panel, QuasiError, Reading, Switchback, Trends, difference_in_differences,
    simplex_weights, switchback, synthetic_control,
};
use schema::WhyNot;

const READING: Reading = Reading {
    level: 0.95,
    draws: 999,
    seed: 5,
};

fn first_of(treated: usize, units: usize) -> Vec<bool> {
    (0..units).map(|unit| unit < treated).collect()
}

/// Solves `a x = b` by elimination with pivots; `a` is n × n.
fn solved(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n)
            .max_by(|x, y| a[*x][i].abs().total_cmp(&a[*y][i].abs()))
            .unwrap();
        a.swap(i, pivot);
        b.swap(i, pivot);
        for row in i + 1..n {
            let factor = a[row][i] / a[i][i];
            let (above, below) = a.split_at_mut(row);
            for (cell, of) in below[0].iter_mut().zip(&above[i]).skip(i) {
                *cell -= factor * of;
            }
            b[row] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|j| a[i][j] * b[j]).sum();
        b[i] = (b[i] - known) / a[i][i];
    }
    b
}

#[test]
fn it_is_the_two_way_regression_with_errors_clustered_by_unit() {
    let (units, periods, first, changed) = (25, 6, 4, 11);
    let mut random = draws(1, 0);
    let values: Vec<f64> = (0..units * periods).map(|_| normal(&mut random)).collect();
    let treated = first_of(changed, units);
    let panel = Panel::new(&values, periods).unwrap();
    let change = Change {
        treated: &treated,
        first,
    };
    let found = difference_in_differences(&panel, &change, &READING).unwrap();
    // The regression on the treatment, a dummy of each unit and of each period but the first.
    let columns = 1 + units + periods - 1;
    let row = |unit: usize, period: usize| -> Vec<f64> {
        let mut row = vec![0.0; columns];
        row[0] = f64::from(u8::from(treated[unit] && period >= first));
        row[1 + unit] = 1.0;
        if period > 0 {
            row[units + period] = 1.0;
        }
        row
    };
    let mut gram = vec![vec![0.0; columns]; columns];
    let mut moment = vec![0.0; columns];
    for unit in 0..units {
        for period in 0..periods {
            let x = row(unit, period);
            for (i, of) in x.iter().enumerate() {
                moment[i] += of * values[unit * periods + period];
                for (cell, by) in gram[i].iter_mut().zip(&x) {
                    *cell += of * by;
                }
            }
        }
    }
    let coefficients = solved(gram.clone(), moment);
    close(found.point, coefficients[0], 1e-10);
    // The sandwich: the first row of the inverse, and per unit the sum of regressors times residuals.
    let mut one = vec![0.0; columns];
    one[0] = 1.0;
    let bread = solved(gram, one);
    let mut variance = 0.0;
    for (unit, is_treated) in treated.iter().enumerate() {
        let mut score = 0.0;
        for period in 0..periods {
            let x = row(unit, period);
            let told: f64 = x.iter().zip(&coefficients).map(|(x, c)| x * c).sum();
            let weight: f64 = x.iter().zip(&bread).map(|(x, b)| x * b).sum();
            score += weight * (values[unit * periods + period] - told);
        }
        // The leverage of a cluster among n alike is 1 / n: CR2 divides its score by the root of what is left.
        let n = if *is_treated {
            changed
        } else {
            units - changed
        } as f64;
        variance += score * score * n / (n - 1.0);
    }
    close(
        found.effect.size().unwrap().standard_error,
        variance.sqrt(),
        1e-10,
    );
    let after: f64 = found.steps[first..].iter().map(|step| step.point).sum();
    close(after / (periods - first) as f64, found.point, 1e-12);
    let before: f64 = found.steps[..first].iter().map(|step| step.point).sum();
    close(before, 0.0, 1e-12);
}

#[test]
fn one_store_beside_nineteen_is_read_by_hand() {
    // Others rise by 0, 1, ... 18; the one changed by 100.
    let values: Vec<f64> = (0..20)
        .flat_map(|unit| {
            let rise = if unit == 0 {
                100.0
            } else {
                f64::from(unit - 1)
            };
            [
                5.0 * f64::from(unit),
                5.0 * f64::from(unit),
                5.0 * f64::from(unit) + rise,
            ]
        })
        .collect();
    let treated = first_of(1, 20);
    let panel = Panel::new(&values, 3).unwrap();
    let change = Change {
        treated: &treated,
        first: 2,
    };
    let found = difference_in_differences(&panel, &change, &READING).unwrap();
    close(found.point, 91.0, 1e-12);
    close(found.p_least.unwrap(), 0.05, 1e-12);
    let size = found.effect.size().unwrap();
    close(size.p_value, 0.05, 1e-12);
    // Every store was flat before: there is nothing by which trends could be told apart.
    assert!(matches!(
        found.trends,
        Trends::NotMeasurable(WhyNot::NoVariation { .. })
    ));
    // With one store less, no result could be told from chance at 5 %.
    let fewer = Panel::new(&values[..57], 3).unwrap();
    let change = Change {
        treated: &treated[..19],
        first: 2,
    };
    let found = difference_in_differences(&fewer, &change, &READING).unwrap();
    let Effect::NotMeasurable(WhyNot::TooFew { found, needed, .. }) = found.effect else {
        panic!("{found:?}");
    };
    assert_eq!((found, needed), (19, 20));
}

#[test]
fn what_cannot_be_identified_is_refused_with_the_reason() {
    let values = vec![1.0; 40];
    let panel = Panel::new(&values, 4).unwrap();
    let of = |treated: &[bool], first: usize| {
        let change = Change { treated, first };
        let one = difference_in_differences(&panel, &change, &READING).map(|_| ());
        let other = synthetic_control(&panel, &change, true, &READING).map(|_| ());
        (one.err(), other.err())
    };
    let (everybody, nobody, some) = (first_of(10, 10), first_of(0, 10), first_of(3, 10));
    for (treated, first, said) in [
        (&everybody, 2, "all 10 units were changed at once"),
        (&nobody, 2, "no unit of 10 was changed"),
        (&some, 0, "lie before the change"),
        (&some, 4, "none of 4 periods lies after"),
    ] {
        let (one, other) = of(treated, first);
        for error in [one.unwrap(), other.unwrap()] {
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    // Weights on two periods would fit by chance.
    let (one, other) = of(&some, 2);
    assert_eq!(one, None);
    assert_eq!(other, Some(QuasiError::NothingBefore { needed: 4 }));
    let short = Change {
        treated: &some[..9],
        first: 2,
    };
    let error = difference_in_differences(&panel, &short, &READING).unwrap_err();
    assert_eq!(
        error,
        QuasiError::Treated {
            found: 9,
            units: 10
        }
    );
    assert!(matches!(
        Panel::new(&values[..39], 4),
        Err(QuasiError::Shape { found: 39, .. })
    ));
    let broken = [1.0, f64::NAN];
    assert!(matches!(
        Panel::new(&broken, 2),
        Err(QuasiError::NotFinite { place: 1, .. })
    ));
    let sure = Reading {
        level: 1.0,
        ..READING
    };
    let change = Change {
        treated: &some,
        first: 2,
    };
    let error = difference_in_differences(&panel, &change, &sure).unwrap_err();
    assert_eq!(error, QuasiError::Level { level: 1.0 });
}

/// Sums of products of series, and with a target.
fn products(series: &[Vec<f64>], target: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let gram = series
        .iter()
        .flat_map(|a| series.iter().map(move |b| dot(a, b)));
    (
        gram.collect(),
        series.iter().map(|a| dot(a, target)).collect(),
    )
}

#[test]
fn weights_are_the_mix_that_was_made_and_the_nearest_where_none_was() {
    let series = vec![
        vec![1.0, 0.0, 2.0],
        vec![0.0, 3.0, 1.0],
        vec![9.0, 9.0, 9.0],
    ];
    let mixed: Vec<f64> = (0..3)
        .map(|t| 0.3 * series[0][t] + 0.7 * series[1][t])
        .collect();
    let (gram, target) = products(&series, &mixed);
    let found = simplex_weights(&gram, 3, &target, &[0, 1, 2]);
    assert!(found.convergence.converged, "{found:?}");
    for (weight, planted) in found.of.iter().zip([0.3, 0.7, 0.0]) {
        close(*weight, planted, 1e-6);
    }
    // Of two points the segment's nearest to the origin-side target is an end: by hand, the first.
    let (gram, target) = products(&series[..2], &[2.0, -1.0, 3.0]);
    let found = simplex_weights(&gram, 2, &target, &[0, 1]);
    assert_eq!(found.of, [1.0, 0.0]);
    // A series that may have no weight has none.
    let (gram, target) = products(&series, &series[0]);
    let found = simplex_weights(&gram, 3, &target, &[1, 2]);
    assert_eq!(found.of[0], 0.0);
}

#[test]
fn no_other_weights_on_a_fine_grid_are_better() {
    let mut random = draws(2, 0);
    for case in 0..50 {
        let series: Vec<Vec<f64>> = (0..3)
            .map(|_| (0..5).map(|_| normal(&mut random)).collect())
            .collect();
        let target: Vec<f64> = (0..5).map(|_| normal(&mut random)).collect();
        let (gram, b) = products(&series, &target);
        let error = |w: &[f64]| -> f64 {
            let at = |t: usize| target[t] - (0..3).map(|j| w[j] * series[j][t]).sum::<f64>();
            (0..5).map(|t| at(t).powi(2)).sum()
        };
        let found = simplex_weights(&gram, 3, &b, &[0, 1, 2]);
        assert!(found.convergence.converged, "{case}: {found:?}");
        close(found.of.iter().sum(), 1.0, 1e-12);
        assert!(found.of.iter().all(|w| *w >= 0.0), "{found:?}");
        let ours = error(&found.of);
        for i in 0..=100 {
            for j in 0..=100 - i {
                let (one, two) = (f64::from(i) / 100.0, f64::from(j) / 100.0);
                let other = error(&[one, two, 1.0 - one - two]);
                assert!(ours <= other + 1e-7, "{case}: {ours} above {other}");
            }
        }
    }
}

/// Series of stores that follow two courses in shares of their own; the first store is half of the next two, and gains
/// `added` from period 12 on.
fn chain(stores: usize, added: f64) -> Vec<f64> {
    let mut random = draws(3, 0);
    let course: Vec<[f64; 2]> = (0..18)
        .map(|_| [normal(&mut random), normal(&mut random)])
        .collect();
    let mut rows: Vec<Vec<f64>> = (1..stores)
        .map(|store| {
            let share = store as f64 / stores as f64;
            let noise = (0..18).map(|_| 0.05 * normal(&mut random));
            let of = course.iter().zip(noise);
            of.map(|(c, e)| {
                10.0 * store as f64 + 5.0 * share * c[0] + 5.0 * (1.0 - share) * c[1] + e
            })
            .collect()
        })
        .collect();
    let first = (0..18).map(|t| {
        let middle = 0.5 * (rows[0][t] + rows[1][t]);
        middle + if t >= 12 { added } else { 0.0 }
    });
    let first = first.collect();
    rows.insert(0, first);
    rows.concat()
}

#[test]
fn a_store_that_is_the_mean_of_two_others_gains_what_was_planted() {
    let values = chain(25, 2.0);
    let panel = Panel::new(&values, 18).unwrap();
    let treated = first_of(1, 25);
    let change = Change {
        treated: &treated,
        first: 12,
    };
    for intercept in [false, true] {
        let found = synthetic_control(&panel, &change, intercept, &READING).unwrap();
        assert!(found.convergence.converged, "{:?}", found.convergence);
        assert!((found.point - 2.0).abs() < 0.1, "{}", found.point);
        // The farthest of 25: the least p-value that 24 placebos allow.
        assert_eq!((found.placebos, found.p_value), (24, 0.04));
        close(found.p_least, 0.04, 1e-12);
        let size = found.effect.size().unwrap();
        assert!(
            size.low < 2.0 && 2.0 < size.high && size.low > 0.0,
            "{size:?}"
        );
        assert!(found.fit.error < 0.2 * found.fit.spread, "{:?}", found.fit);
        close(found.weights.iter().sum(), 1.0, 1e-12);
        assert_eq!(found.weights[0], 0.0);
        let InTime::Pretended { gaps, p_value, .. } = &found.in_time else {
            panic!("{:?}", found.in_time);
        };
        assert_eq!(gaps.len(), 4);
        assert!(*p_value > 0.05, "{p_value}");
    }
    // Eighteen others give no p-value below 1 / 19.
    let few = Panel::new(&values[..19 * 18], 18).unwrap();
    let change = Change {
        treated: &treated[..19],
        first: 12,
    };
    let found = synthetic_control(&few, &change, true, &READING).unwrap();
    close(found.p_least, 1.0 / 19.0, 1e-12);
    let Effect::NotMeasurable(WhyNot::TooFew {
        found: placebos,
        needed,
        ..
    }) = found.effect
    else {
        panic!("{:?}", found.effect);
    };
    assert_eq!((placebos, needed), (18, 19));
    assert_eq!(found.detectable, None);
    // One other store leaves no placebo, and is still a comparison.
    let two = Panel::new(&values[..36], 18).unwrap();
    let change = Change {
        treated: &treated[..2],
        first: 12,
    };
    let found = synthetic_control(&two, &change, true, &READING).unwrap();
    assert_eq!((found.placebos, found.p_least), (0, 1.0));
}

#[test]
fn blocks_are_compared_by_hand() {
    // Blocks of two periods, the first left out: 5, 7 with, 1, 3 without; the periods left out are far off.
    let outcomes = [99.0, 5.0, -9.0, 1.0, 50.0, 3.0, 70.0, 7.0];
    let treated = [true, false, false, true];
    let experiment = Switchback {
        outcomes: &outcomes,
        treated: &treated,
        block: 2,
        burn_in: 1,
    };
    let found = switchback(&experiment, &READING).unwrap();
    close(found.point, 4.0, 1e-12);
    close(found.control_mean, 2.0, 1e-12);
    // Of six draws, two are as far: this one and its opposite.
    close(found.p_least, 1.0 / 6.0, 1e-12);
    let Effect::NotMeasurable(WhyNot::TooFew {
        found: ways,
        needed,
        ..
    }) = &found.effect
    else {
        panic!("{:?}", found.effect);
    };
    assert_eq!((*ways, *needed), (6, 20));
    // Residuals are 1 in all four blocks: 4 / 4 · 1 / 4 = 1/4 each way, times 4 / (4 - 2).
    close(found.block_error, 2f64.sqrt(), 1e-12);
    assert!(matches!(found.carryover, Effect::NotMeasurable(_)));
    let alternating = [true, false, true, false, true, false, true, false];
    let long: Vec<f64> = (0..8).map(|t| f64::from(t * t)).collect();
    let experiment = Switchback {
        outcomes: &long,
        treated: &alternating,
        block: 1,
        burn_in: 0,
    };
    let found = switchback(&experiment, &READING).unwrap();
    // Of 70 draws two alternate throughout.
    close(found.order_p_value, 4.0 / 70.0, 1e-12);
    // What strictly alternates never follows itself.
    assert!(matches!(
        found.carryover,
        Effect::NotMeasurable(WhyNot::TooFew { found: 0, .. })
    ));
}

#[test]
fn a_switchback_that_cannot_be_read_is_refused() {
    let outcomes = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let of = |treated: &[bool], block: usize, burn_in: usize| {
        let experiment = Switchback {
            outcomes: &outcomes,
            treated,
            block,
            burn_in,
        };
        switchback(&experiment, &READING).map(|_| ()).unwrap_err()
    };
    let mixed = [true, false, false, true];
    assert_eq!(
        of(&mixed, 3, 0),
        QuasiError::Blocks {
            blocks: 4,
            block: 3,
            found: 8
        }
    );
    assert_eq!(
        of(&mixed, 2, 2),
        QuasiError::BurnIn {
            burn_in: 2,
            block: 2
        }
    );
    let always = [true, true, true, true];
    let error = of(&always, 2, 0);
    assert_eq!(
        error,
        QuasiError::OneArm {
            treated: 4,
            blocks: 4
        }
    );
    let once = [true, false, false, false];
    let error = of(&once, 2, 0);
    assert_eq!(
        error,
        QuasiError::OneArm {
            treated: 1,
            blocks: 4
        }
    );
}
