//! What is refused, and how it is named.

use models::coherent::{
    ChoiceError, Covariance, Hierarchy, HierarchyError, LearnError, Level, LevelLoss, LossError,
    Method, Parents, ReconcileError, ShapeError, Sign, Weights, WeightsError, Window, choose,
    reconcile,
};

use super::peer::small;
use super::{Uniform, came, incoherent, shop};

fn some<'a>(of: &[&'a str]) -> Parents<'a> {
    Parents::OfLeaves(of.iter().copied().map(Some).collect())
}

fn refused(leaves: &[&str], levels: &[(&'static str, Parents<'static>)]) -> String {
    let level = |(name, parents): &(&'static str, Parents<'static>)| Level {
        name,
        parents: parents.clone(),
    };
    let levels: Vec<Level<'_>> = levels.iter().map(level).collect();
    Hierarchy::new(leaves, &levels).unwrap_err().to_string()
}

fn of(level: &'static str, pairs: &[(&'static str, &'static str)]) -> Parents<'static> {
    Parents::OfGroups {
        level,
        pairs: pairs.to_vec(),
    }
}

#[test]
fn what_is_no_hierarchy_is_named() {
    let one = || ("total", Parents::One("all"));
    for (leaves, levels, expected) in [
        (
            &[][..],
            vec![one()],
            "arrange the hierarchy: found 0 leaves and 1 levels above them, at least 1 of each needed",
        ),
        (
            &["a"],
            vec![],
            "arrange the hierarchy: found 1 leaves and 0 levels above them, at least 1 of each needed",
        ),
        (
            &["a", "b", "a"],
            vec![one()],
            "arrange the hierarchy: leaf `a` is named twice",
        ),
        (
            &["a"],
            vec![one(), one()],
            "arrange the hierarchy: level `total` is named twice",
        ),
        (
            &["a"],
            vec![("leaves", Parents::One("all"))],
            "arrange the hierarchy: level `leaves` is named twice",
        ),
        (
            &["a", "b"],
            vec![("site", some(&["x"]))],
            "arrange level `site`: found groups of 1 leaves, expected one for each of 2 leaves",
        ),
        (
            &["a", "b"],
            vec![("site", Parents::OfLeaves(vec![Some("x"), None]))],
            "arrange level `site`: leaf `b` is in no group",
        ),
        (
            &["a"],
            vec![("region", of("site", &[("x", "north")]))],
            "arrange level `region`: it groups level `site`, which is named nowhere",
        ),
        (
            &["a", "b"],
            vec![
                ("region", of("site", &[("x", "north")])),
                ("site", some(&["x", "y"])),
            ],
            "arrange level `region`: `y` of level `site` is in no group",
        ),
        (
            &["a"],
            vec![
                ("site", some(&["x"])),
                (
                    "region",
                    of("site", &[("x", "north"), ("x", "north"), ("x", "south")]),
                ),
            ],
            "arrange level `region`: `x` is in `north` and in `south`, one allowed",
        ),
    ] {
        assert_eq!(refused(leaves, &levels), expected);
    }
}

#[test]
fn levels_that_group_each_other_are_named() {
    let one = || ("total", Parents::One("all"));
    for (leaves, levels, expected) in [
        (
            &["a"][..],
            vec![
                one(),
                ("A", of("B", &[("b", "a")])),
                ("B", of("A", &[("a", "b")])),
            ],
            "arrange the hierarchy: going up from `A` comes back to it: A → B → A",
        ),
        (
            &["a"],
            vec![("A", of("A", &[("a", "a")]))],
            "arrange the hierarchy: going up from `A` comes back to it: A → A",
        ),
    ] {
        assert_eq!(refused(leaves, &levels), expected);
    }
}

#[test]
fn what_is_no_tree_is_named() {
    let refused = |leaves: &[(&str, &str)], parents: &[(&str, Option<&str>)], levels: &[&str]| {
        Hierarchy::tree(leaves, parents, levels).unwrap_err()
    };
    let found = refused(
        &[("tea", "A")],
        &[("A", Some("B")), ("B", Some("A"))],
        &["category"],
    );
    let through = ["A", "B", "A"].map(str::to_owned).to_vec();
    assert_eq!(found, HierarchyError::Loop { through });
    // Also where no leaf leads there.
    let found = refused(
        &[("tea", "top")],
        &[("top", None), ("x", Some("x"))],
        &["total"],
    );
    assert_eq!(
        found.to_string(),
        "arrange the hierarchy: going up from `x` comes back to it: x → x"
    );
    let found = refused(
        &[("tea", "drinks")],
        &[("drinks", Some("all"))],
        &["category", "total"],
    );
    assert_eq!(
        found.to_string(),
        "arrange the tree: the parent `all` of `drinks` is named nowhere"
    );
    let found = refused(&[("tea", "drinks")], &[], &["category"]);
    assert_eq!(
        found.to_string(),
        "arrange the tree: the parent `drinks` of `tea` is named nowhere"
    );
    let found = refused(
        &[("tea", "x")],
        &[("x", None), ("x", Some("y")), ("y", None)],
        &["total"],
    );
    assert_eq!(
        found.to_string(),
        "arrange level `tree`: `x` is in `nothing` and in `y`, one allowed"
    );
    let parents = [("drinks", Some("all")), ("all", None)];
    let found = refused(
        &[("tea", "drinks"), ("bag", "all")],
        &parents,
        &["category", "total"],
    );
    assert_eq!(
        found.to_string(),
        "arrange the tree: found 1 levels above leaf `bag`, expected the 2 that are named"
    );
}

#[test]
fn forecasts_and_weights_that_do_not_fit_are_named() {
    let hierarchy = small();
    let base = incoherent(&hierarchy, 2, &mut Uniform(1));
    let refused = |weights: &Weights, base: &[f64], periods| {
        reconcile(&hierarchy, weights, base, periods, Sign::Any).unwrap_err()
    };
    let shape = ShapeError {
        found: 34,
        series: 17,
        periods: 3,
    };
    assert_eq!(
        refused(&Weights::Ols, &base, 3),
        ReconcileError::Shape(shape)
    );
    assert!(matches!(
        refused(&Weights::BottomUp, &[], 0),
        ReconcileError::Shape(_)
    ));
    assert!(matches!(
        refused(&Weights::BottomUp, &base, usize::MAX / 2),
        ReconcileError::Shape(_)
    ));
    assert!(hierarchy.sum_up(&[1.0], 1).is_err() && hierarchy.sum_up(&[], 0).is_err());
    for value in [f64::NAN, f64::INFINITY] {
        let mut base = base.clone();
        base[2 * 4 + 1] = value;
        let found = refused(&Weights::BottomUp, &base, 2).to_string();
        assert_eq!(
            found,
            format!(
                "reconcile forecasts: that of `p1` in period 1 is {value}, finite values are allowed"
            )
        );
    }
    for weights in [Weights::BottomUp, Weights::Ols] {
        let largest = f64::MAX;
        let found = refused(&weights, &[largest; 17], 1);
        assert_eq!(found, ReconcileError::TooLarge { largest });
    }
    let found = refused(&Weights::Variance(vec![1.0; 3]), &base, 2);
    assert_eq!(
        found,
        WeightsError::Nodes {
            found: 3,
            nodes: 17
        }
        .into()
    );
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let mut variances = vec![1.0; 17];
        variances[0] = value;
        let found = refused(&Weights::Variance(variances), &base, 2).to_string();
        assert_eq!(
            found,
            format!(
                "weight the forecasts: the variance of `all` is {value}, finite values above 0 are allowed"
            )
        );
    }
    // Groups surer than rounding allows: what they agree on is lost.
    let mut variances = vec![1e20; 17];
    variances[..9].fill(1e-20);
    let found = refused(&Weights::Variance(variances), &base, 2);
    assert_eq!(found, WeightsError::NotPositiveDefinite.into());
}

#[test]
fn windows_that_do_not_fit_are_named() {
    let hierarchy = small();
    let mut random = Uniform(1);
    let base = incoherent(&hierarchy, 2, &mut random);
    let actual = came(&base, &mut random);
    let window = Window {
        base: &base,
        actual: &actual,
        periods: 2,
    };
    let variances =
        |windows: &[Window<'_>]| Method::Variance.learn(&hierarchy, windows).unwrap_err();
    assert_eq!(variances(&[]), LearnError::NoWindow);
    let short = Window {
        base: &base[1..],
        ..window
    };
    let shape = ShapeError {
        found: 33,
        series: 17,
        periods: 2,
    };
    assert_eq!(
        variances(&[window, short]),
        LearnError::Shape { window: 1, shape }
    );
    let mut infinite = actual.clone();
    infinite[3] = Some(f64::INFINITY);
    let found = variances(&[Window {
        actual: &infinite,
        ..window
    }])
    .to_string();
    assert_eq!(
        found,
        "learn from past forecasts: window 0: found inf for `x` in period 1, finite values are allowed"
    );
    let exact: Vec<Option<f64>> = base.iter().copied().map(Some).collect();
    let unknown = vec![None; base.len()];
    for actual in [&exact, &unknown] {
        assert_eq!(
            variances(&[Window { actual, ..window }]),
            LearnError::NothingOff
        );
    }
    let found = Covariance::shrunk(&hierarchy, &[window]).unwrap_err();
    assert_eq!(
        found,
        LearnError::TooFew {
            found: 2,
            needed: 3
        }
    );
    let large = shop(400, 5, &mut random);
    let base = vec![0.0; large.n_nodes()];
    let actual = vec![Some(1.0); base.len()];
    let window = Window {
        base: &base,
        actual: &actual,
        periods: 1,
    };
    let found = Covariance::shrunk(&large, &[window; 5]).unwrap_err();
    let (n, allowed) = (large.n_nodes(), Covariance::NODES_MAX);
    assert_eq!(found, LearnError::TooLarge { found: n, allowed });
    assert!(n > allowed && allowed == 1_000);
}

#[test]
fn what_cannot_be_chosen_is_named() {
    let hierarchy = small();
    let mut random = Uniform(1);
    let base = incoherent(&hierarchy, 2, &mut random);
    let actual = came(&base, &mut random);
    let window = Window {
        base: &base,
        actual: &actual,
        periods: 2,
    };
    let loss = LevelLoss::equal(&hierarchy);
    let refused = |windows: &[Window<'_>], methods: &[Method], loss: &LevelLoss| {
        choose(&hierarchy, windows, methods, loss, Sign::Any).unwrap_err()
    };
    assert_eq!(refused(&[window; 2], &[], &loss), ChoiceError::NoMethod);
    let twice = refused(
        &[window; 2],
        &[Method::Ols, Method::BottomUp, Method::Ols],
        &loss,
    );
    assert_eq!(
        twice.to_string(),
        "choose weights: method `ordinary least squares` is named twice"
    );
    let unknown = vec![None; base.len()];
    let nothing = Window {
        actual: &unknown,
        ..window
    };
    let few = refused(&[window, nothing], &Method::ALL, &loss);
    assert_eq!(
        few,
        ChoiceError::TooFewWindows {
            found: 1,
            needed: 2
        }
    );
    let other = LevelLoss::equal(
        &Hierarchy::new(
            &["a"],
            &[Level {
                name: "total",
                parents: Parents::One("all"),
            }],
        )
        .unwrap(),
    );
    assert_eq!(
        refused(&[window; 2], &Method::ALL, &other),
        LossError::Levels {
            found: 2,
            levels: 5
        }
        .into()
    );
    let weights = |of: &[f64]| LevelLoss::new(&hierarchy, of.to_vec()).unwrap_err();
    assert_eq!(
        weights(&[1.0]),
        LossError::Levels {
            found: 1,
            levels: 5
        }
    );
    assert_eq!(weights(&[0.0; 5]), LossError::NoLevel);
    let found = weights(&[1.0, -2.0, 1.0, 1.0, 1.0]).to_string();
    assert_eq!(
        found,
        "weigh the levels: that of `category` is -2, finite values of at least 0 are allowed"
    );
    // Forecasts that were never off leave nothing to learn.
    let exact: Vec<f64> = hierarchy.sum_up(&[1.0; 16], 2).unwrap();
    let came: Vec<Option<f64>> = exact.iter().copied().map(Some).collect();
    let right = Window {
        base: &exact,
        actual: &came,
        periods: 2,
    };
    let found = refused(&[right; 2], &[Method::Variance], &loss).to_string();
    let why = "learn from past forecasts: of no forecast it is known that it was off";
    assert_eq!(
        found,
        format!("choose weights: no method could be tried, the first because it failed to {why}")
    );
}
