//! Forecasts of a known truth, off by known amounts.

use models::coherent::{Hierarchy, Method, Sign, Weights, Window, reconcile};

use super::{Uniform, shop};

/// Truth of all nodes, and forecasts of them, each off by its own variance.
fn drawn(
    hierarchy: &Hierarchy,
    variances: &[f64],
    periods: usize,
    random: &mut Uniform,
) -> (Vec<f64>, Vec<f64>) {
    let leaves: Vec<f64> = (0..hierarchy.n_leaves() * periods)
        .map(|_| 10.0 * random.next().powi(2))
        .collect();
    let truth = hierarchy.sum_up(&leaves, periods).unwrap();
    let off = |at: usize| variances[at / periods].sqrt();
    let base = (0..truth.len())
        .map(|at| truth[at] + off(at) * random.noise())
        .collect();
    (truth, base)
}

/// By level, the sum of squared errors.
fn squares(hierarchy: &Hierarchy, found: &[f64], truth: &[f64], periods: usize) -> Vec<f64> {
    let of = |level: usize| {
        let nodes = hierarchy.nodes(level);
        let cells = nodes.start * periods..nodes.end * periods;
        let each = found[cells.clone()].iter().zip(&truth[cells]);
        each.map(|(one, other)| (one - other).powi(2)).sum()
    };
    (0..hierarchy.n_levels()).map(of).collect()
}

/// With the variances that forecasts have, each level is less off than it was, whatever the level: that is what the weights
/// are optimal for. With others, learnt from past errors, it holds as well here.
#[test]
fn every_level_is_less_off_than_it_was() {
    let mut random = Uniform(31);
    let hierarchy = shop(12, 4, &mut random);
    let (n, periods, known) = (hierarchy.n_nodes(), 4, 40);
    let variances: Vec<f64> = (0..n)
        .map(|node| if node < hierarchy.first_leaf() { 40.0 } else { 9.0 } * (0.2 + random.next()))
        .collect();
    let methods = [None, Some(Method::Variance), Some(Method::Shrunk)];
    let mut sums = vec![vec![0.0; hierarchy.n_levels()]; 1 + methods.len()];
    for _ in 0..200 {
        let (past, base) = drawn(&hierarchy, &variances, known, &mut random);
        let came: Vec<Option<f64>> = past.iter().copied().map(Some).collect();
        let window = Window {
            base: &base,
            actual: &came,
            periods: known,
        };
        let (truth, base) = drawn(&hierarchy, &variances, periods, &mut random);
        let add = |sums: &mut Vec<f64>, found: &[f64]| {
            let squares = squares(&hierarchy, found, &truth, periods);
            sums.iter_mut()
                .zip(squares)
                .for_each(|(sum, of)| *sum += of);
        };
        add(&mut sums[0], &base);
        for (method, sums) in methods.iter().zip(&mut sums[1..]) {
            let weights = match method {
                None => Weights::Variance(variances.clone()),
                Some(method) => method.learn(&hierarchy, &[window]).unwrap(),
            };
            let found = reconcile(&hierarchy, &weights, &base, periods, Sign::Any).unwrap();
            add(sums, &found);
        }
    }
    let shares = |of: &[f64]| -> Vec<f64> { of.iter().zip(&sums[0]).map(|(a, b)| a / b).collect() };
    let [best, variance, shrunk] = [1, 2, 3].map(|of| shares(&sums[of]));
    println!("true variances {best:.3?}, learnt {variance:.3?}, covariances {shrunk:.3?}");
    // What remains of each level; the standard error over 200 draws is below 0.02.
    assert!(best.iter().all(|share| *share < 0.95), "{best:?}");
    for learnt in [&variance, &shrunk] {
        for (learnt, best) in learnt.iter().zip(&best) {
            assert!(*learnt < 1.0 && *learnt > best - 0.02, "{learnt} {best}");
        }
    }
    // The total is known from many.
    assert!(best[0] < 0.6, "{best:?}");
}

/// A truth of at least 0 adds up, so that the nearest point of all that do is nearer to it than the forecasts were: for every
/// draw, and not only on average.
#[test]
fn what_is_reconciled_is_nearer_to_the_truth_every_time() {
    let mut random = Uniform(33);
    let hierarchy = shop(12, 4, &mut random);
    let variances: Vec<f64> = (0..hierarchy.n_nodes())
        .map(|_| 60.0 * random.next())
        .collect();
    let weights = Weights::Variance(variances.clone());
    for _ in 0..200 {
        let (truth, base) = drawn(&hierarchy, &variances, 1, &mut random);
        let distance = |of: &[f64]| -> f64 {
            let each = of.iter().zip(&truth).zip(&variances);
            each.map(|((one, other), variance)| (one - other).powi(2) / variance)
                .sum()
        };
        let free = reconcile(&hierarchy, &weights, &base, 1, Sign::Any).unwrap();
        let raised = reconcile(&hierarchy, &weights, &base, 1, Sign::NonNegative).unwrap();
        assert!(distance(&free) < distance(&base));
        assert!(distance(&raised) <= distance(&free) * (1.0 + 1e-12));
    }
}

/// Half of the leaves are off together, the others by as much each by itself, and only the total knows better. Variances
/// say that all leaves are as likely to be wrong; covariances that it is those that come together.
#[test]
fn covariances_help_where_errors_come_together() {
    let mut random = Uniform(35);
    let hierarchy = shop(8, 3, &mut random);
    let (n, periods, known) = (hierarchy.n_nodes(), 2, 120);
    let total = hierarchy.node("total", "all").unwrap();
    let errors = |periods: usize, random: &mut Uniform| -> Vec<f64> {
        let shared: Vec<f64> = (0..periods).map(|_| 3.0 * random.noise()).collect();
        let off = |at: usize| {
            if at / periods < hierarchy.n_leaves() / 2 {
                shared[at % periods] + random.noise()
            } else {
                10_f64.sqrt() * random.noise()
            }
        };
        let leaves: Vec<f64> = (0..hierarchy.n_leaves() * periods).map(off).collect();
        let mut errors = hierarchy.sum_up(&leaves, periods).unwrap();
        for error in &mut errors[total * periods..(total + 1) * periods] {
            *error = 2.0 * random.noise();
        }
        errors
    };
    let mut sums = [0.0; 3];
    for _ in 0..60 {
        let came: Vec<Option<f64>> = errors(known, &mut random)
            .iter()
            .map(|error| Some(-error))
            .collect();
        let none = vec![0.0; n * known];
        let window = Window {
            base: &none,
            actual: &came,
            periods: known,
        };
        let base = errors(periods, &mut random);
        let methods = [Method::BottomUp, Method::Variance, Method::Shrunk];
        for (method, sum) in methods.into_iter().zip(&mut sums) {
            let weights = method.learn(&hierarchy, &[window]).unwrap();
            let found = reconcile(&hierarchy, &weights, &base, periods, Sign::Any).unwrap();
            let leaves = found.len() - hierarchy.n_leaves() * periods;
            *sum += found[leaves..]
                .iter()
                .map(|error| error * error)
                .sum::<f64>();
        }
    }
    println!("{sums:.0?}");
    // Nearly half of the variance of leaves is the shared one, which the total tells: most of it can be taken off.
    assert!(
        sums[2] < 0.7 * sums[0] && sums[2] < 0.9 * sums[1],
        "{sums:?}"
    );
}
