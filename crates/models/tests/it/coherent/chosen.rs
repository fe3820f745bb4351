//! Which weights are chosen.

use models::coherent::{
    Choice, Hierarchy, LearnError, LevelLoss, Method, Outcome, Sign, TrialError, Weights, Window,
    choose,
};

use super::{Uniform, shop};

const PERIODS: usize = 4;

/// Windows of a truth and of forecasts that are off by so much, leaves and groups.
fn windows(
    hierarchy: &Hierarchy,
    (leaves, groups): (f64, f64),
    n: usize,
    random: &mut Uniform,
) -> Vec<(Vec<f64>, Vec<Option<f64>>)> {
    let window = |_| {
        let truth: Vec<f64> = (0..hierarchy.n_leaves() * PERIODS)
            .map(|_| 5.0 + 10.0 * random.next())
            .collect();
        let truth = hierarchy.sum_up(&truth, PERIODS).unwrap();
        let off = |at: usize| {
            if at < hierarchy.first_leaf() * PERIODS {
                groups
            } else {
                leaves
            }
        };
        let base = (0..truth.len())
            .map(|at| truth[at] + off(at) * random.noise())
            .collect();
        (base, truth.into_iter().map(Some).collect())
    };
    (0..n).map(window).collect()
}

fn chosen(
    hierarchy: &Hierarchy,
    drawn: &[(Vec<f64>, Vec<Option<f64>>)],
    loss: &LevelLoss,
) -> Choice {
    let windows = drawn.iter().map(|(base, actual)| Window {
        base,
        actual,
        periods: PERIODS,
    });
    let windows: Vec<Window<'_>> = windows.collect();
    choose(hierarchy, &windows, &Method::ALL, loss, Sign::NonNegative).unwrap()
}

fn losses(choice: &Choice) -> Vec<f64> {
    let loss = |outcome: &Outcome| match outcome {
        Outcome::Tried { loss, .. } => *loss,
        Outcome::NotTried(_) => f64::INFINITY,
    };
    choice
        .trials
        .iter()
        .map(|trial| loss(&trial.outcome))
        .collect()
}

/// Groups that are hardly off say what their leaves do not know; groups that know nothing are left alone.
#[test]
fn what_is_off_least_is_trusted_most() {
    let (mut exact, mut useless) = (Vec::new(), Vec::new());
    for seed in 1..=20 {
        let mut random = Uniform(100 + seed);
        let hierarchy = shop(10, 4, &mut random);
        let loss = LevelLoss::equal(&hierarchy);
        let drawn = windows(&hierarchy, (4.0, 1.0), 4, &mut random);
        let choice = chosen(&hierarchy, &drawn, &loss);
        let [bottom_up, .., variance, _] = losses(&choice)[..] else {
            panic!("{choice:?}")
        };
        assert!(variance < 0.9 * bottom_up, "{variance} {bottom_up}");
        assert_eq!(choice.windows, 4);
        exact.push(choice.weights.method());
        let drawn = windows(&hierarchy, (0.5, 60.0), 4, &mut random);
        useless.push(chosen(&hierarchy, &drawn, &loss).weights.method());
    }
    println!("{exact:?}\n{useless:?}");
    assert!(exact.iter().all(|method| *method != Method::BottomUp));
    // Learnt variances see that groups know nothing as well, and gain nothing by it but chance.
    let simplest = useless.iter().filter(|method| **method == Method::BottomUp);
    assert!(simplest.count() >= 17);
}

#[test]
fn the_loss_says_what_counts() {
    // Groups are a little better than leaves for the groups, and worse for leaves than leaves themselves.
    let mut random = Uniform(7);
    let hierarchy = shop(10, 4, &mut random);
    let mut drawn = windows(&hierarchy, (2.0, 0.1), 4, &mut random);
    // The leaves of each product change places: groups by product do not see it.
    for (base, _) in &mut drawn {
        let total = hierarchy.node("total", "all").unwrap();
        base[total * PERIODS..(total + 1) * PERIODS]
            .iter_mut()
            .for_each(|value| *value *= 1.5);
    }
    let of_total: Vec<f64> = hierarchy
        .level_names()
        .map(|name| f64::from(u8::from(name == "total")))
        .collect();
    let of_leaves: Vec<f64> = hierarchy
        .level_names()
        .map(|name| f64::from(u8::from(name == "leaves")))
        .collect();
    let [total, leaves] = [of_total, of_leaves].map(|of| {
        let loss = LevelLoss::new(&hierarchy, of).unwrap();
        losses(&chosen(&hierarchy, &drawn, &loss))
    });
    // A total that is half too high harms it under weights that trust it as much as others, and leaves hardly.
    assert!(total[1] > 5.0 * total[0], "{total:?}");
    assert!(leaves[1] < 2.0 * leaves[0], "{leaves:?}");
}

#[test]
fn the_loss_is_the_mean_of_shares_by_level() {
    let hierarchy = super::peer::small();
    // Every leaf sells 1, and one too much is forecast of the first: 17 nodes, one period.
    let came: Vec<Option<f64>> = hierarchy
        .sum_up(&[1.0; 8], 1)
        .unwrap()
        .into_iter()
        .map(Some)
        .collect();
    let mut leaves = [1.0; 8];
    leaves[0] = 2.0;
    let forecasts = hierarchy.sum_up(&leaves, 1).unwrap();
    let equal = LevelLoss::equal(&hierarchy);
    let close =
        |found: Option<f64>, expected: f64| assert!((found.unwrap() - expected).abs() < 1e-15);
    close(equal.of(&hierarchy, &forecasts, &came, 1), 1.0 / 8.0);
    // What is not known does not count: the first leaf alone is off, and the level of leaves is right without it.
    let mut unknown = came.clone();
    unknown[9] = None;
    close(
        equal.of(&hierarchy, &forecasts, &unknown, 1),
        4.0 / 5.0 / 8.0,
    );
    let twice = LevelLoss::new(&hierarchy, vec![0.0, 0.0, 0.0, 3.0, 1.0]).unwrap();
    close(
        twice.of(&hierarchy, &forecasts, &unknown, 1),
        3.0 / 4.0 / 8.0,
    );
    assert_eq!(equal.of(&hierarchy, &forecasts, &[None; 17], 1), None);
    assert_eq!(equal.of(&hierarchy, &forecasts, &[Some(0.0); 17], 1), None);
    assert_eq!(equal.of(&hierarchy, &forecasts, &came[1..], 1), None);
}

/// With forecasts that add up nothing changes them, and the simplest stays.
#[test]
fn equals_are_decided_by_simplicity() {
    let mut random = Uniform(5);
    let hierarchy = shop(10, 4, &mut random);
    let mut drawn = windows(&hierarchy, (3.0, 3.0), 3, &mut random);
    for (base, _) in &mut drawn {
        *base = hierarchy
            .sum_up(&base[hierarchy.first_leaf() * PERIODS..], PERIODS)
            .unwrap();
        base.iter_mut().for_each(|value| *value = value.abs());
    }
    let choice = chosen(&hierarchy, &drawn, &LevelLoss::equal(&hierarchy));
    assert_eq!(choice.weights, Weights::BottomUp);
    let names: Vec<Method> = choice.trials.iter().map(|trial| trial.method).collect();
    assert_eq!(names, Method::ALL);
}

#[test]
fn what_could_not_be_tried_says_why() {
    let mut random = Uniform(5);
    let hierarchy = shop(400, 5, &mut random);
    let drawn = windows(&hierarchy, (3.0, 3.0), 2, &mut random);
    let choice = chosen(&hierarchy, &drawn, &LevelLoss::equal(&hierarchy));
    let too_large = LearnError::TooLarge {
        found: hierarchy.n_nodes(),
        allowed: 1_000,
    };
    assert_eq!(
        choice.trials[4].outcome,
        Outcome::NotTried(TrialError::Learn(too_large))
    );
    assert!(losses(&choice)[..4].iter().all(|loss| loss.is_finite()));
}

/// One that is never off is nearly certain, and one of which nothing is known is as its level.
#[test]
fn variances_of_what_is_not_known_are_those_of_its_level() {
    let hierarchy = super::peer::small();
    let base = vec![0.0; 17 * 2];
    let mut actual = vec![Some(2.0); 17 * 2];
    // Leaves: one was right twice, one is not known, one is known once.
    actual[9 * 2..9 * 2 + 6].copy_from_slice(&[Some(0.0), Some(0.0), None, None, Some(4.0), None]);
    let window = Window {
        base: &base,
        actual: &actual,
        periods: 2,
    };
    let Weights::Variance(found) = Method::Variance.learn(&hierarchy, &[window]).unwrap() else {
        panic!("other weights")
    };
    let level = (0.0 + 16.0 + 5.0 * 4.0) / 7.0;
    assert_eq!(found[..9], [4.0; 9]);
    assert_eq!(found[9..13], [1e-6 * level, level, 16.0, 4.0]);
}
