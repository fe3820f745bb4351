//! Claims about boosted trees.

use math::random::stream;
use models::boost::{
    BINS_MAX, Booster, FitError, Labels, Loss, Model, Monotone, PredictError, Settings, Table,
    TableError, fit,
};
use rand::{Rng, RngExt};

const COLUMNS: usize = 4;

fn normal(random: &mut impl Rng) -> f64 {
    let (one, other): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * other).cos()
}

/// Rows of four columns of 20 values each, some missing, and a target that reads them all.
fn drawn(rows: usize, seed: u64) -> (Vec<f32>, Vec<f64>) {
    let mut random = stream(seed, 0);
    let (mut values, mut target) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let x: [f32; COLUMNS] = std::array::from_fn(|_| random.random_range(0..20) as f32);
        let missing = random.random::<f64>() < 0.1;
        let bump = if missing { 3.0 } else { f64::from(x[3]) * 0.1 };
        target.push(
            f64::from(x[0]) * 0.3 - f64::from(x[1] * x[2]) * 0.02
                + bump
                + 0.5 * normal(&mut random),
        );
        values.extend([x[0], x[1], x[2], if missing { f32::NAN } else { x[3] }]);
    }
    (values, target)
}

fn all(target: &[f64]) -> Labels<'_> {
    Labels {
        rows: None,
        target,
        weight: None,
    }
}

fn small() -> Settings {
    Settings {
        seed: 3,
        rounds_max: 30,
        leaves_max: 8,
        leaf_rows_min: 5,
        ..Settings::default()
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn mean_squared(found: &[f64], truth: &[f64]) -> f64 {
    let pairs = found.iter().zip(truth);
    pairs.map(|(one, other)| (one - other).powi(2)).sum::<f64>() / truth.len() as f64
}

/// A tree by trying every cut of every column, on rows of their own.
struct Tried<'a> {
    values: &'a [f32],
    target: &'a [f64],
    rows_min: usize,
}

impl Tried<'_> {
    fn squares(&self, rows: &[usize]) -> f64 {
        let of: Vec<f64> = rows.iter().map(|row| self.target[*row]).collect();
        of.iter().sum::<f64>().powi(2) / of.len() as f64
    }

    fn best(&self, rows: &[usize]) -> Option<(f64, Vec<usize>, Vec<usize>)> {
        let mut best: Option<(f64, Vec<usize>, Vec<usize>)> = None;
        for column in 0..COLUMNS {
            let value = |row: usize| self.values[row * COLUMNS + column];
            for cut in 0..=20 {
                for missing_left in [false, true] {
                    let left = |row: &usize| {
                        if value(*row).is_nan() {
                            missing_left
                        } else {
                            value(*row) < cut as f32
                        }
                    };
                    let (one, other): (Vec<usize>, Vec<usize>) =
                        rows.iter().partition(|row| left(row));
                    if one.len() < self.rows_min || other.len() < self.rows_min {
                        continue;
                    }
                    let gain = self.squares(&one) + self.squares(&other) - self.squares(rows);
                    if best.as_ref().is_none_or(|(most, _, _)| gain > *most + 1e-9) {
                        best = Some((gain, one, other));
                    }
                }
            }
        }
        best
    }

    /// Leaves and gains, by always splitting where most is gained.
    fn grow(&self, leaves_max: usize) -> (Vec<Vec<usize>>, Vec<f64>) {
        let mut leaves = vec![(0..self.target.len()).collect::<Vec<usize>>()];
        let mut gains = Vec::new();
        while leaves.len() < leaves_max {
            let tried: Vec<_> = leaves.iter().map(|rows| self.best(rows)).collect();
            let gain = |at: &usize| tried[*at].as_ref().map_or(0.0, |(gain, _, _)| *gain);
            let at = (0..leaves.len())
                .max_by(|one, other| gain(one).total_cmp(&gain(other)))
                .unwrap();
            let (gain, one, other) = tried[at].clone().unwrap();
            gains.push(gain);
            leaves[at] = one;
            leaves.push(other);
        }
        (leaves, gains)
    }
}

#[test]
fn one_tree_is_the_one_that_trying_every_split_finds() {
    for seed in 0..5 {
        let (values, target) = drawn(300, seed);
        let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
        let settings = Settings {
            rounds_max: 1,
            learning_rate: 1.0,
            ..small()
        };
        let model = fit(&table, all(&target), None, Loss::Squared, &settings).unwrap();
        let centred: Vec<f64> = target.iter().map(|value| value - mean(&target)).collect();
        let tried = Tried {
            values: &values,
            target: &centred,
            rows_min: settings.leaf_rows_min,
        };
        let (leaves, gains) = tried.grow(settings.leaves_max);
        let predicted = model.predict(&values).unwrap();
        for leaf in &leaves {
            let expected = mean(&leaf.iter().map(|row| target[*row]).collect::<Vec<_>>());
            for row in leaf {
                // Targets differ by .5 between rows of a leaf; single precision of derivatives is what is left.
                assert!((predicted[*row] - expected).abs() < 1e-6, "{seed} {row}");
            }
        }
        let (found, expected): (f64, f64) = (model.gains().iter().sum(), gains.iter().sum());
        assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    }
}

#[test]
fn a_margin_never_falls_with_a_column_that_it_must_rise_with() {
    let (values, target) = drawn(2_000, 1);
    let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
    // Against what the target does, and along it.
    let monotone = vec![
        Monotone::Falling,
        Monotone::Free,
        Monotone::Falling,
        Monotone::Rising,
    ];
    let settings = Settings {
        monotone: monotone.clone(),
        leaves_max: 31,
        columns_share: 0.8,
        ..small()
    };
    let free = Settings {
        monotone: Vec::new(),
        ..settings.clone()
    };
    for loss in [Loss::Squared, Loss::Logistic] {
        let target: Vec<f64> = match loss {
            Loss::Squared => target.clone(),
            _ => target
                .iter()
                .map(|y| f64::from(u8::from(*y > 1.0)))
                .collect(),
        };
        let ordered = fit(&table, all(&target), None, loss, &settings).unwrap();
        let free = fit(&table, all(&target), None, loss, &free).unwrap();
        let mut broken_by_free = 0;
        for (column, monotone) in monotone.iter().enumerate() {
            let sign = match monotone {
                Monotone::Free => continue,
                Monotone::Rising => 1.0,
                Monotone::Falling => -1.0,
            };
            for row in values.chunks_exact(COLUMNS).take(200) {
                let along: Vec<f32> = (0..=20)
                    .flat_map(|value| {
                        let mut row = row.to_vec();
                        row[column] = value as f32;
                        row
                    })
                    .collect();
                let falls = |model: &Model| {
                    let margins = model.margins(&along).unwrap();
                    margins
                        .windows(2)
                        .any(|pair| sign * (pair[1] - pair[0]) < -1e-12)
                };
                assert!(!falls(&ordered), "{loss:?} {column}");
                broken_by_free += usize::from(falls(&free));
            }
        }
        assert!(broken_by_free > 100, "{broken_by_free}");
        // The fourth column may rise, and does.
        assert!(ordered.gains()[3] > 0.0, "{:?}", ordered.gains());
    }
}

#[test]
fn missing_values_go_where_they_lessen_the_loss() {
    // 50 rows of each value from 0 to 3, and 50 missing ones that behave like the value named.
    for like in 0..4 {
        let mut values = Vec::new();
        let mut target = Vec::new();
        for row in 0..250 {
            let value = row % 5;
            values.push(if value == 4 { f32::NAN } else { value as f32 });
            target.push(f64::from(if value == 4 { like } else { value }));
        }
        let table = Table::new(&values, 1, BINS_MAX).unwrap();
        let settings = Settings {
            rounds_max: 1,
            learning_rate: 1.0,
            ..small()
        };
        let model = fit(&table, all(&target), None, Loss::Squared, &settings).unwrap();
        let predicted = model.predict(&[0.0, 1.0, 2.0, 3.0, f32::NAN]).unwrap();
        assert!(mean_squared(&predicted, &[0.0, 1.0, 2.0, 3.0, f64::from(like)]) < 1e-10);
    }
    // Missing alone tells: all values go to one side.
    let values: Vec<f32> = (0..100)
        .map(|row| {
            if row % 4 == 0 {
                f32::NAN
            } else {
                (row % 3) as f32
            }
        })
        .collect();
    let target: Vec<f64> = (0..100)
        .map(|row| f64::from(u8::from(row % 4 == 0)))
        .collect();
    let table = Table::new(&values, 1, BINS_MAX).unwrap();
    let settings = Settings {
        rounds_max: 1,
        learning_rate: 1.0,
        leaves_max: 2,
        ..small()
    };
    let model = fit(&table, all(&target), None, Loss::Squared, &settings).unwrap();
    let predicted = model.predict(&[f32::NAN, -1e30, f32::MAX]).unwrap();
    assert!(
        mean_squared(&predicted, &[1.0, 0.0, 0.0]) < 1e-12,
        "{predicted:?}"
    );
}

#[test]
fn a_weight_counts_as_repeated_rows() {
    let (values, target) = drawn(400, 8);
    let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
    let counts: Vec<usize> = (0..400).map(|row| 1 + row % 3).collect();
    let weight: Vec<f64> = counts.iter().map(|count| *count as f64).collect();
    let rows: Vec<usize> = (0..400)
        .flat_map(|row| std::iter::repeat_n(row, counts[row]))
        .collect();
    let settings = Settings {
        leaf_rows_min: 1,
        leaf_hessian_min: 4.0,
        rounds_max: 10,
        ..small()
    };
    for loss in [Loss::Squared, Loss::Logistic, Loss::Quantile { level: 0.8 }] {
        let target: Vec<f64> = match loss {
            Loss::Logistic => target
                .iter()
                .map(|y| f64::from(u8::from(*y > 1.0)))
                .collect(),
            _ => target.clone(),
        };
        let repeated: Vec<f64> = rows.iter().map(|row| target[*row]).collect();
        let weighted = Labels {
            weight: Some(&weight),
            ..all(&target)
        };
        let repeated = Labels {
            rows: Some(&rows),
            target: &repeated,
            weight: None,
        };
        let weighted = fit(&table, weighted, None, loss, &settings).unwrap();
        let repeated = fit(&table, repeated, None, loss, &settings).unwrap();
        let pairs = [&weighted, &repeated].map(|model| model.contributions(&values).unwrap());
        for (one, other) in pairs[0].iter().zip(&pairs[1]) {
            assert!((one - other).abs() < 1e-5, "{loss:?} {one} {other}");
        }
    }
}

#[test]
fn one_thread_and_three_give_the_same_bytes() {
    let (values, target) = drawn(40_000, 2);
    let held_out: Vec<usize> = (0..40_000).filter(|row| row % 4 == 0).collect();
    let learn: Vec<usize> = (0..40_000).filter(|row| row % 4 > 0).collect();
    let of = |rows: &[usize]| -> Vec<f64> { rows.iter().map(|row| target[*row]).collect() };
    let (held_out_target, learn_target) = (of(&held_out), of(&learn));
    let settings = Settings {
        rows_share: 0.7,
        columns_share: 0.5,
        rounds_max: 10,
        ..small()
    };
    let bytes = |threads: usize, settings: &Settings| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| {
            let table = Table::new(&values, COLUMNS, 8).unwrap();
            let part = |rows, target| Labels {
                rows: Some(rows),
                target,
                weight: None,
            };
            let (learn, held_out) = (
                part(&learn, &learn_target),
                part(&held_out, &held_out_target),
            );
            let model = fit(&table, learn, Some(held_out), Loss::Squared, settings).unwrap();
            let parts = model.contributions(&values[..4_000]).unwrap();
            (
                serde_json::to_vec(&model).unwrap(),
                model.predict(&values).unwrap(),
                parts,
            )
        })
    };
    assert_eq!(bytes(1, &settings), bytes(3, &settings));
    let other = Settings {
        seed: 4,
        ..settings.clone()
    };
    assert_ne!(bytes(1, &settings).0, bytes(1, &other).0);
}

/// Mean of a tree where only some columns are known, straight from what is written of it.
fn expected(tree: &serde_json::Value, at: i64, row: &[f32], known: &[bool]) -> f64 {
    let number = |part: &str, at: usize| tree[part][at].as_f64().unwrap();
    if at < 0 {
        return number("value", (-1 - at) as usize);
    }
    let at = at as usize;
    let column = number("column", at) as usize;
    let sides = ["left", "right"].map(|side| tree[side][at].as_i64().unwrap());
    if known[column] {
        let left = if row[column].is_nan() {
            tree["missing_left"][at].as_bool().unwrap()
        } else {
            f64::from(row[column]) <= number("threshold", at)
        };
        return expected(tree, sides[usize::from(!left)], row, known);
    }
    let covers = sides.map(|side| cover(tree, side));
    let values = sides.map(|side| expected(tree, side, row, known));
    (covers[0] * values[0] + covers[1] * values[1]) / (covers[0] + covers[1])
}

fn cover(tree: &serde_json::Value, at: i64) -> f64 {
    if at < 0 {
        return tree["cover"][(-1 - at) as usize].as_f64().unwrap();
    }
    ["left", "right"]
        .iter()
        .map(|side| cover(tree, tree[side][at as usize].as_i64().unwrap()))
        .sum()
}

#[test]
fn contributions_are_shapley_values_and_add_up_to_the_margin() {
    let (values, target) = drawn(600, 5);
    let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
    let settings = Settings {
        leaves_max: 31,
        leaf_rows_min: 1,
        rounds_max: 3,
        ..small()
    };
    let model = fit(&table, all(&target), None, Loss::Squared, &settings).unwrap();
    let parts = model.contributions(&values).unwrap();
    let margins = model.margins(&values).unwrap();
    for (parts, margin) in parts.chunks_exact(COLUMNS + 1).zip(&margins) {
        assert!((parts.iter().sum::<f64>() - margin).abs() < 1e-9);
        assert_eq!(
            parts[COLUMNS],
            model.contributions(&values[..4]).unwrap()[COLUMNS]
        );
    }
    let written = serde_json::to_value(&model).unwrap();
    let trees = written["trees"].as_array().unwrap();
    let factorial = |n: usize| (1..=n).product::<usize>() as f64;
    for (row, parts) in values
        .chunks_exact(COLUMNS)
        .zip(parts.chunks_exact(COLUMNS + 1))
        .take(60)
    {
        for column in 0..COLUMNS {
            let mut share = 0.0;
            for set in (0..1_usize << COLUMNS).filter(|set| set >> column & 1 == 0) {
                let known = |set: usize| -> Vec<bool> {
                    (0..COLUMNS).map(|at| set >> at & 1 == 1).collect()
                };
                let size = set.count_ones() as usize;
                let weight = factorial(size) * factorial(COLUMNS - size - 1) / factorial(COLUMNS);
                for tree in trees {
                    let with = expected(tree, 0, row, &known(set | 1 << column));
                    share += weight * (with - expected(tree, 0, row, &known(set)));
                }
            }
            assert!((share - parts[column]).abs() < 1e-9, "{share} {parts:?}");
        }
    }
}

#[test]
fn contributions_of_deep_trees_add_up() {
    // Leaf by leaf down one side: each split takes the largest value away.
    let values: Vec<f32> = (0..60)
        .flat_map(|row| [row as f32, (row * 7 % 60) as f32])
        .collect();
    let target: Vec<f64> = (0..60)
        .map(|row| 3.0_f64.powi(row) / 3.0_f64.powi(50))
        .collect();
    let table = Table::new(&values, 2, BINS_MAX).unwrap();
    let settings = Settings {
        rounds_max: 20,
        leaves_max: 64,
        leaf_rows_min: 1,
        ..Settings::default()
    };
    let model = fit(&table, all(&target), None, Loss::Squared, &settings).unwrap();
    let parts = model.contributions(&values).unwrap();
    for (parts, margin) in parts.chunks_exact(3).zip(model.margins(&values).unwrap()) {
        let scale = margin.abs().max(1.0);
        assert!(
            (parts.iter().sum::<f64>() - margin).abs() < 1e-9 * scale,
            "{parts:?} {margin}"
        );
    }
}

#[test]
fn learning_stops_where_held_out_rows_are_predicted_best() {
    let (values, target) = drawn(800, 6);
    let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
    let (learn, held_out): (Vec<usize>, Vec<usize>) = (0..800).partition(|row| row % 2 == 0);
    let of = |rows: &[usize]| -> Vec<f64> { rows.iter().map(|row| target[*row]).collect() };
    let (one, other) = (of(&learn), of(&held_out));
    let part = |rows, target| Labels {
        rows: Some(rows),
        target,
        weight: None,
    };
    let (learn, held_out) = (part(&learn, &one), part(&held_out, &other));
    let settings = Settings {
        rounds_max: 1_000,
        patience: 30,
        learning_rate: 0.3,
        ..small()
    };
    let model = fit(&table, learn, Some(held_out), Loss::Squared, &settings).unwrap();
    let mut whole = Booster::new(&table, learn, Some(held_out), Loss::Squared, &settings).unwrap();
    whole.advance(200);
    let losses = whole.losses().to_vec();
    assert_eq!((losses.len(), whole.rounds()), (201, 200));
    let rounds = model.rounds();
    assert!(rounds > 3 && rounds < 170, "{rounds}");
    for (at, loss) in losses[..rounds + 30].iter().enumerate() {
        assert!(
            losses[rounds] < *loss || at >= rounds && losses[rounds] <= *loss,
            "{at} {rounds}"
        );
    }
    assert_eq!(whole.finish(rounds), model);
    let held_out_rows: Vec<f32> = values
        .chunks_exact(COLUMNS)
        .skip(1)
        .step_by(2)
        .flatten()
        .copied()
        .collect();
    let found = mean_squared(&model.predict(&held_out_rows).unwrap(), &other);
    assert!(
        (found - losses[rounds]).abs() < 1e-9,
        "{found} {}",
        losses[rounds]
    );
}

#[test]
fn each_loss_predicts_what_it_is_for() {
    let mut random = stream(4, 0);
    let values: Vec<f32> = (0..20_000)
        .map(|_| random.random_range(0..4) as f32)
        .collect();
    let table = Table::new(&values, 1, BINS_MAX).unwrap();
    let settings = Settings {
        rounds_max: 200,
        learning_rate: 0.2,
        ..small()
    };
    let asked = [0.0, 1.0, 2.0, 3.0];
    let of = |target: &[f64], at: f32| -> Vec<f64> {
        let own = values.iter().zip(target).filter(|(value, _)| **value == at);
        own.map(|(_, target)| *target).collect()
    };
    // Amounts that are mostly 0, or 0 and 1: each value's mean is the best that any loss of a mean can find.
    let amounts: Vec<f64> = values
        .iter()
        .map(|value| {
            let buys = random.random::<f64>() < 0.1 + 0.2 * f64::from(*value);
            f64::from(u8::from(buys)) * (1.0 + 4.0 * random.random::<f64>())
        })
        .collect();
    let shares: Vec<f64> = amounts
        .iter()
        .map(|amount| f64::from(u8::from(*amount > 0.0)))
        .collect();
    for (loss, target) in [
        (Loss::Squared, &amounts),
        (Loss::Poisson, &amounts),
        (Loss::Tweedie { power: 1.5 }, &amounts),
        (Loss::Logistic, &shares),
    ] {
        let model = fit(&table, all(target), None, loss, &settings).unwrap();
        for (at, found) in asked.iter().zip(model.predict(&asked).unwrap()) {
            let expected = mean(&of(target, *at));
            assert!(
                (found / expected - 1.0).abs() < 1e-4,
                "{loss:?} {found} {expected}"
            );
        }
    }
    let loss = Loss::Quantile { level: 0.9 };
    let model = fit(&table, all(&amounts), None, loss, &settings).unwrap();
    for (at, found) in asked.iter().zip(model.predict(&asked).unwrap()) {
        let own = of(&amounts, *at);
        let below = own.iter().filter(|amount| **amount <= found + 1e-6).count();
        let share = below as f64 / own.len() as f64;
        assert!((share - 0.9).abs() < 0.01, "{share}");
    }
}

#[test]
fn what_was_written_reads_back_to_the_same_bytes_and_nonsense_is_refused() {
    let (values, target) = drawn(400, 7);
    let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
    let count: Vec<f64> = target.iter().map(|y| y.abs().round()).collect();
    let loss = Loss::Tweedie { power: 1.2 };
    let model = fit(&table, all(&count), None, loss, &small()).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    let read: Model = serde_json::from_str(&text).unwrap();
    assert_eq!(read, model);
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
    assert_eq!(
        read.predict(&values).unwrap(),
        model.predict(&values).unwrap()
    );
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    let refused = |path: &str, damage: serde_json::Value| {
        let mut value = whole.clone();
        *value.pointer_mut(path).unwrap() = damage;
        let error = serde_json::from_value::<Model>(value).unwrap_err();
        error.to_string()
    };
    let no_tree = "no single tree";
    for (path, damage, said) in [
        ("/columns", serde_json::json!(3), "beyond the 3 learnt from"),
        ("/columns", serde_json::json!(0), "0 columns"),
        ("/base", serde_json::json!(null), "null"),
        (
            "/loss",
            serde_json::json!({"tweedie": {"power": 2.5}}),
            "the loss is none",
        ),
        ("/loss", serde_json::json!("cubic"), "cubic"),
        ("/trees/3/left/0", serde_json::json!(0), no_tree),
        ("/trees/3/left/0", serde_json::json!(1_000), no_tree),
        ("/trees/3/left/2", serde_json::json!(-1_000), no_tree),
        ("/trees/3/left/2", serde_json::json!(i32::MIN), no_tree),
        ("/trees/3/left/2", serde_json::json!(1), no_tree),
        ("/trees/3/column/2", serde_json::json!(4), "beyond the 4"),
        (
            "/trees/3/value",
            serde_json::json!([1.0]),
            "differ in length",
        ),
        ("/trees/3/cover/1", serde_json::json!(0.0), "covers no rows"),
        (
            "/trees/3/threshold/1",
            serde_json::json!(1e300),
            "not finite",
        ),
        ("/trees/3", serde_json::json!({}), "missing field"),
    ] {
        let error = refused(path, damage);
        assert!(error.contains(said), "{path}: {error}");
    }
    let mut more = whole.clone();
    more["more"] = serde_json::json!(1);
    assert!(serde_json::from_value::<Model>(more).is_err());
}

#[test]
fn what_cannot_be_learnt_from_is_refused() {
    let (values, target) = drawn(50, 1);
    let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
    let refused = |labels: Labels<'_>, loss: Loss, settings: &Settings| {
        fit(&table, labels, None, loss, settings).unwrap_err()
    };
    let short = refused(all(&target[1..]), Loss::Squared, &small());
    assert_eq!(
        short.to_string(),
        "boost trees: there are 49 targets, needed are 50"
    );
    let rows = [1, 50];
    let labels = Labels {
        rows: Some(&rows),
        target: &target[..2],
        weight: None,
    };
    let unknown = refused(labels, Loss::Squared, &small());
    assert_eq!(
        unknown,
        FitError::UnknownRow {
            found: 50,
            rows: 50
        }
    );
    let labels = Labels {
        rows: Some(&[]),
        target: &[],
        weight: None,
    };
    assert_eq!(
        refused(labels, Loss::Squared, &small()),
        FitError::NoRows {
            purpose: "learn from"
        }
    );
    let weight = [0.0; 50];
    let labels = Labels {
        weight: Some(&weight),
        ..all(&target)
    };
    let weightless = refused(labels, Loss::Squared, &small());
    assert!(
        matches!(weightless, FitError::Weight { position: 0, .. }),
        "{weightless:?}"
    );
    let nothing = [0.0; 50];
    for loss in [Loss::Poisson, Loss::Logistic, Loss::Tweedie { power: 1.5 }] {
        let wrong = refused(all(&[-1.0; 50]), loss, &small());
        assert!(
            matches!(wrong, FitError::Target { position: 0, .. }),
            "{wrong:?}"
        );
        let none = refused(all(&nothing), loss, &small());
        assert!(
            matches!(none, FitError::OneSided { value: 0.0, .. }),
            "{none:?}"
        );
    }
    for loss in [
        Loss::Tweedie { power: 2.0 },
        Loss::Quantile { level: f64::NAN },
    ] {
        let wrong = refused(all(&nothing), loss, &small());
        assert!(matches!(wrong, FitError::Setting { .. }), "{wrong:?}");
    }
    let setting = |settings: Settings| refused(all(&target), Loss::Squared, &settings).to_string();
    let rate = setting(Settings {
        learning_rate: 0.0,
        ..small()
    });
    assert_eq!(
        rate,
        "boost trees: `learning_rate` is 0, allowed is above 0, at most 1"
    );
    let leaves = setting(Settings {
        leaves_max: 1,
        ..small()
    });
    assert_eq!(
        leaves,
        "boost trees: `leaves_max` is 1, allowed is 2 to 4096"
    );
    let monotone = setting(Settings {
        monotone: vec![Monotone::Free],
        ..small()
    });
    assert_eq!(
        monotone,
        "boost trees: there are 1 monotone constraints, needed are 4"
    );
    let quantile = refused(
        all(&target),
        Loss::Quantile { level: 0.5 },
        &Settings {
            monotone: vec![Monotone::Rising; 4],
            ..small()
        },
    );
    assert_eq!(quantile, FitError::MonotoneQuantile { column: 0 });
    let shape = TableError::Shape {
        values: 3,
        columns: 2,
    };
    assert_eq!(Table::new(&[1.0; 3], 2, 8), Err(shape));
    assert!(matches!(
        Table::new(&[1.0; 4], 2, 256),
        Err(TableError::Bins {
            found: 256,
            most: 255
        })
    ));
    let infinite = Table::new(&[1.0, f32::INFINITY], 1, 8).unwrap_err();
    assert!(
        matches!(
            infinite,
            TableError::Infinite {
                column: 0,
                row: 1,
                ..
            }
        ),
        "{infinite:?}"
    );
    let model = fit(&table, all(&target), None, Loss::Squared, &small()).unwrap();
    assert_eq!(
        model.predict(&values[1..]),
        Err(PredictError::Shape {
            values: 199,
            columns: 4
        })
    );
}

/// Trains LightGBM on what stands in a file and prints its predictions.
const PEER: &str = r#"
import json, sys
import numpy as np
import lightgbm as lgb
asked = json.load(open(sys.argv[1]))
x = np.array(asked["values"], dtype=np.float32).reshape(len(asked["target"]), -1)
y = np.array(asked["target"])
part = np.arange(len(y)) % 2 == 0
answers = []
for rounds, rate in asked["runs"]:
    model = lgb.train(dict(objective=asked["objective"], learning_rate=rate, num_leaves=31, min_data_in_leaf=asked["rows_min"],
        min_sum_hessian_in_leaf=asked["hessian_min"],
        min_data_in_bin=1, num_threads=1, deterministic=True, verbose=-1), lgb.Dataset(x[part], y[part]), rounds)
    answers.append(list(model.predict(x)))
print(json.dumps(answers))
"#;

#[test]
fn lightgbm_learns_the_same() {
    let Some(python) = std::env::var_os("COMPTOIR_PEERS_PYTHON") else {
        println!("skipped: COMPTOIR_PEERS_PYTHON is not set");
        return;
    };
    let known = std::process::Command::new(&python)
        .args(["-c", "import lightgbm, numpy"])
        .output()
        .expect("the peers' Python");
    if !known.status.success() {
        println!("skipped: the peers' Python has no lightgbm");
        return;
    }
    let (mut values, target) = drawn(4_000, 12);
    // Missing values in what is learnt from as well as in what is not.
    values[7] = f32::NAN;
    let rows: Vec<usize> = (0..4_000).step_by(2).collect();
    let table = Table::new(&values, COLUMNS, BINS_MAX).unwrap();
    // LightGBM guesses the rows of a leaf from second derivatives where these differ: there, none are asked for.
    for (loss, objective, rows_min, hessian_min) in [
        (Loss::Squared, "regression", 20, 1e-3),
        (Loss::Logistic, "binary", 1, 5.0),
    ] {
        let target: Vec<f64> = match loss {
            Loss::Squared => target.clone(),
            _ => target
                .iter()
                .map(|y| f64::from(u8::from(*y > 1.0)))
                .collect(),
        };
        let runs = [(1, 1.0), (50, 0.1)];
        let file = std::env::temp_dir().join(format!(
            "comptoir-boost-{}-{objective}.json",
            std::process::id()
        ));
        let values_or_none: Vec<Option<f32>> =
            values.iter().map(|v| (!v.is_nan()).then_some(*v)).collect();
        let asked = serde_json::json!({"values": values_or_none, "target": target, "runs": runs, "objective": objective, "rows_min": rows_min, "hessian_min": hessian_min});
        std::fs::write(&file, asked.to_string()).unwrap();
        let output = std::process::Command::new(&python)
            .arg("-c")
            .arg(PEER)
            .arg(&file)
            .output()
            .unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let answers: Vec<Vec<f64>> = serde_json::from_slice(&output.stdout).unwrap();
        let learnt: Vec<f64> = rows.iter().map(|row| target[*row]).collect();
        for ((rounds_max, learning_rate), theirs) in runs.into_iter().zip(&answers) {
            let settings = Settings {
                rounds_max,
                learning_rate,
                leaf_rows_min: rows_min,
                leaf_hessian_min: hessian_min,
                ..Settings::default()
            };
            let labels = Labels {
                rows: Some(&rows),
                target: &learnt,
                weight: None,
            };
            let ours = fit(&table, labels, None, loss, &settings)
                .unwrap()
                .predict(&values)
                .unwrap();
            let apart = ours
                .iter()
                .zip(theirs)
                .map(|(one, other)| (one - other).abs());
            let apart: Vec<f64> = apart.collect();
            let same = apart.iter().filter(|apart| **apart < 1e-5).count();
            let (mine, others) = (mean_squared(&ours, &target), mean_squared(theirs, &target));
            println!(
                "{objective} {rounds_max}: {same} of 4000 the same, squared error {mine:.6} {others:.6}"
            );
            // One tree is the same; of many, one may split equal gains otherwise, by rounding.
            assert!(
                same >= if rounds_max == 1 { 4_000 } else { 3_900 },
                "{objective} {rounds_max}: {same}"
            );
            assert!(
                (mine / others - 1.0).abs() < 0.01,
                "{objective} {mine} {others}"
            );
        }
    }
}
