//! What columns that changed explain of a planted fall.

use monitoring::cause::{
    Alike, ByColumns, CauseOptions, ColumnPart, Part, PeriodMoments, explain, explain_columns,
};

use crate::simulated::Draws;

const OPTIONS: CauseOptions = CauseOptions { level: 0.95 };
const SEGMENTS: [&str; 2] = ["known", "new"];
/// What is shown, and what the model says that it adds.
const SHOWN: [f64; 2] = [0.1, -0.05];
/// What the cells of two columns add; the last of each is never met before.
const ADDS: [[f64; 3]; 2] = [[0.0, 0.05, -0.15], [0.02, -0.04, 0.0]];

/// How a period is drawn, by segment: its share, the share of good decisions where nothing adds, the share of what is shown
/// first, and the shares of the cells of both columns.
type World = [(f64, f64, f64, [[f64; 3]; 2]); 2];

const BEFORE: World = [
    (0.6, 0.4, 0.7, [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]),
    (0.4, 0.3, 0.5, [[0.8, 0.2, 0.0], [0.3, 0.7, 0.0]]),
];

/// Half of the first column has a value that it never had; the second has others more often; customers want less, too.
const AFTER: World = [
    (0.5, 0.37, 0.6, [[0.3, 0.2, 0.5], [0.2, 0.8, 0.0]]),
    (0.5, 0.25, 0.5, [[0.4, 0.1, 0.5], [0.2, 0.8, 0.0]]),
];

fn drawn(draws: &mut Draws, world: &World, rows: u64) -> Vec<Alike> {
    let mut alike = Vec::new();
    let segments = draws.cells(rows, &world.map(|of| of.0));
    for ((segment, rows), (_, base, first, columns)) in SEGMENTS.iter().zip(segments).zip(world) {
        for (shown, rows) in SHOWN.iter().zip(draws.cells(rows, &[*first, 1.0 - first])) {
            for (one, rows) in draws.cells(rows, &columns[0]).into_iter().enumerate() {
                for (other, rows) in draws.cells(rows, &columns[1]).into_iter().enumerate() {
                    let good = draws.hits(rows, base + shown + ADDS[0][one] + ADDS[1][other]);
                    alike.extend(
                        [(1.0, good), (0.0, rows - good)].map(|(outcome, rows)| Alike {
                            segment: (*segment).to_owned(),
                            outcome,
                            contributions: vec![*shown],
                            cells: vec![one, other],
                            rows,
                        }),
                    );
                }
            }
        }
    }
    alike
}

/// What was planted: by the first column, by the second, and the rest.
fn planted(after: &World) -> [f64; 3] {
    let sum = |of: &dyn Fn(usize) -> f64| -> f64 {
        let share = |at: usize| 0.5 * (BEFORE[at].0 + after[at].0);
        (0..2).map(|at| share(at) * of(at)).sum()
    };
    let column = |n: usize| {
        sum(&|at| {
            let (was, is) = (BEFORE[at].3[n], after[at].3[n]);
            (0..3)
                .map(|cell| (is[cell] - was[cell]) * ADDS[n][cell])
                .sum()
        })
    };
    [column(0), column(1), sum(&|at| after[at].1 - BEFORE[at].1)]
}

fn split(before: &[Alike], after: &[Alike]) -> ByColumns {
    explain_columns(before, after, &["shown"], &[3, 3], OPTIONS).unwrap()
}

/// What nothing but the relation explains where no column is known.
fn relation(before: &[Alike], after: &[Alike]) -> Part {
    let [before, after] = [before, after].map(|period| {
        let mut sums = PeriodMoments::of_features(&["shown"]);
        for rows in period {
            let of = &rows.contributions;
            sums.push_alike(&rows.segment, rows.outcome, of, rows.rows)
                .unwrap();
        }
        sums
    });
    explain(&before, &after, OPTIONS).unwrap().relation
}

fn told(part: ColumnPart) -> Part {
    match part {
        ColumnPart::Told(part) => part,
        ColumnPart::NotApart => panic!("it can be told"),
    }
}

#[test]
fn planted_parts_of_columns_lie_within_their_intervals_as_often_as_promised_and_add_up() {
    let (worlds, truth) = (600, planted(&AFTER));
    let mut held = [0_u32; 3];
    for world in 0..worlds {
        let mut draws = Draws::of(43, world);
        let before = drawn(&mut draws, &BEFORE, 4_000);
        let after = drawn(&mut draws, &AFTER, 2_000);
        let found = split(&before, &after);
        let parts = [told(found.columns[0]), told(found.columns[1]), found.rest];
        let all: f64 = parts.iter().map(|part| part.change).sum();
        assert!((all - relation(&before, &after).change).abs() < 1e-9);
        for ((held, part), truth) in held.iter_mut().zip(parts).zip(truth) {
            *held += u32::from(part.low <= truth && truth <= part.high);
        }
    }
    let shares = held.map(|held| 100.0 * f64::from(held) / worlds as f64);
    println!("planted {truth:.4?} within their 95 %: {shares:.1?}");
    // Three standard errors of 600 are 2.7.
    for share in shares {
        assert!((92.3..=98.5).contains(&share), "{shares:?}");
    }
}

#[test]
fn what_changed_for_all_at_once_cannot_be_told_from_all_else_and_stays_in_the_rest() {
    let mut after = AFTER;
    after.iter_mut().for_each(|of| of.3[0] = [0.0, 0.0, 1.0]);
    let mut draws = Draws::of(44, 0);
    let before = drawn(&mut draws, &BEFORE, 4_000);
    let after = drawn(&mut draws, &after, 2_000);
    let found = split(&before, &after);
    assert_eq!(found.columns[0], ColumnPart::NotApart);
    let sum = told(found.columns[1]).change + found.rest.change;
    assert!((sum - relation(&before, &after).change).abs() < 1e-9);
}

#[test]
fn columns_that_change_in_the_same_rows_are_told_together_and_none_by_itself() {
    let row = |cells: [usize; 3], outcome: f64, rows: u64| Alike {
        segment: "all".to_owned(),
        outcome,
        contributions: Vec::new(),
        cells: cells.to_vec(),
        rows,
    };
    let cells = |n: usize| [n % 3, n / 3 % 3, n / 9];
    let of = |cells: [usize; 3], good: u64, rows: u64| {
        [row(cells, 1.0, good), row(cells, 0.0, rows - good)]
    };
    let before: Vec<Alike> = (0..27).flat_map(|n| of(cells(n), 50, 100)).collect();
    // Two of five have neither of the first two columns and are worth a quarter less; the third is another matter.
    let broken = |n: usize| of([3, 3, n], 90, 360);
    let after: Vec<Alike> = (0..27)
        .flat_map(|n| of(cells(n), 30, 60))
        .chain((0..3).flat_map(broken))
        .collect();
    let found = explain_columns(&before, &after, &[], &[4, 4, 3], OPTIONS).unwrap();
    assert_eq!(found.columns[..2], [ColumnPart::NotApart; 2]);
    assert!(told(found.columns[2]).change.abs() < 1e-9, "{found:?}");
    let together = found.together.as_ref().unwrap();
    assert_eq!(together.columns, [0, 1]);
    let (part, rest) = (together.part, found.rest);
    assert!(part.low <= -0.1 && -0.1 <= part.high, "{part:?}");
    assert!((part.change + rest.change + 0.1).abs() < 1e-9, "{found:?}");
    assert!(rest.change.abs() < 0.005, "{rest:?}");
    // A third column that changed for everybody is of neither.
    let everybody = |rows: &Alike| row([rows.cells[0], rows.cells[1], 3], rows.outcome, rows.rows);
    let all: Vec<Alike> = after.iter().map(everybody).collect();
    let of_three = explain_columns(&before, &all, &[], &[4, 4, 4], OPTIONS).unwrap();
    assert_eq!(of_three.columns, [ColumnPart::NotApart; 3]);
    let of_two = of_three.together.unwrap();
    assert_eq!(of_two.columns, [0, 1]);
    assert!(
        (of_two.part.change - part.change).abs() < 0.005,
        "{of_two:?}"
    );
    // Where each is absent by itself as well, both are told.
    let by_itself = |n: usize| [of([3, 0, n], 144, 360), of([0, 3, n], 126, 360)];
    let after: Vec<Alike> = after
        .into_iter()
        .chain((0..3).flat_map(by_itself).flatten())
        .collect();
    let found = explain_columns(&before, &after, &[], &[4, 4, 3], OPTIONS).unwrap();
    assert_eq!(found.together, None);
    let share = 2160.0 / 4860.0;
    for (column, adds) in found.columns.iter().zip([-0.1, -0.15]) {
        let part = told(*column);
        let truth = share * adds;
        assert!(part.low <= truth && truth <= part.high, "{truth} {part:?}");
    }
}

#[test]
fn a_column_that_is_as_it_was_explains_nothing() {
    let mut after = BEFORE;
    after.iter_mut().for_each(|of| of.1 -= 0.1);
    let mut draws = Draws::of(45, 0);
    let before = drawn(&mut draws, &BEFORE, 4_000);
    let after = drawn(&mut draws, &after, 4_000);
    let found = split(&before, &after);
    for column in &found.columns {
        let part = told(*column);
        assert!(
            part.change.abs() < 0.01 && part.low < 0.0 && part.high > 0.0,
            "{part:?}"
        );
    }
    assert!((found.rest.change + 0.1).abs() < 0.03, "{:?}", found.rest);
}

#[test]
fn rows_without_a_cell_of_each_column_are_refused() {
    let mut draws = Draws::of(46, 0);
    let mut rows = drawn(&mut draws, &BEFORE, 100);
    rows[3].cells.pop();
    let few = explain_columns(&rows, &rows, &["shown"], &[3, 3], OPTIONS).unwrap_err();
    assert_eq!((few.field.as_str(), few.at), ("cells", Some(3)));
    rows[3].cells.push(3);
    let beyond = explain_columns(&rows, &rows, &["shown"], &[3, 3], OPTIONS).unwrap_err();
    assert_eq!((beyond.field.as_str(), beyond.at), ("cell", Some(3)));
}
