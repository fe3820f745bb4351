//! The nearest change that would change an answer: of one thing known of the customer, or of what an offer costs.

use super::facts::Column;
use super::worth::{Prices, Worth};
use crate::answer::Reason;
use crate::reasons::reason;
use schema::estimate::short;
use serde::{Deserialize, Serialize};

/// The values that a column had among the customers drawn, as many alike as there are between two of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Grid {
    /// Their standard deviation.
    spread: f64,
    /// Quantiles, rising, each once.
    values: Vec<f32>,
}

impl Grid {
    /// - `known`: values of customers drawn; those that are not known are left out.
    pub(crate) fn of(known: impl Iterator<Item = f32>) -> Self {
        /// Steps of a twentieth of the customers.
        const STEPS: usize = 20;
        let mut known: Vec<f32> = known.filter(|value| value.is_finite()).collect();
        known.sort_unstable_by(f32::total_cmp);
        let n = known.len().max(1) as f64;
        let mean = known.iter().map(|value| f64::from(*value)).sum::<f64>() / n;
        let squares = known.iter().map(|value| (f64::from(*value) - mean).powi(2));
        let spread = (squares.sum::<f64>() / n).sqrt();
        let last = known.len().saturating_sub(1);
        let quantiles = (0..=STEPS).filter_map(|step| known.get(step * last / STEPS));
        let mut values: Vec<f32> = quantiles.copied().collect();
        values.dedup();
        Self { spread, values }
    }
}

/// One thing known of a customer, as another customer had it, all others as they are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Move {
    fact: String,
    from: String,
    to: String,
    /// How far it is, in standard deviations of the column among customers drawn.
    spreads: f64,
    /// All columns of the customer then.
    pub(super) row: Vec<f32>,
}

/// What could be otherwise of a customer, the nearest first. What is not known of them is not moved.
///
/// - `own`: the customer's columns.
pub(super) fn moves(columns: &[Column], grid: &[Grid], own: &[f32]) -> Vec<Move> {
    let mut all = Vec::new();
    for (place, ((column, grid), value)) in columns.iter().zip(grid).zip(own).enumerate() {
        if !value.is_finite() || grid.spread <= 0.0 {
            continue;
        }
        if let Column::Is { key, text } = column {
            if *value < 0.5 {
                all.push(Move {
                    fact: key.clone(),
                    from: text_of(columns, own, key),
                    to: text.clone(),
                    spreads: 1.0 / grid.spread,
                    row: with_text(columns, own, key, place),
                });
            }
            continue;
        }
        let others = grid.values.iter().filter(|other| *other != value);
        all.extend(others.map(|other| {
            let mut row = own.to_vec();
            row[place] = *other;
            Move {
                fact: column.name(),
                from: short(f64::from(*value)),
                to: short(f64::from(*other)),
                spreads: f64::from((other - value).abs()) / grid.spread,
                row,
            }
        }));
    }
    all.sort_by(|one, other| one.spreads.total_cmp(&other.spreads));
    all
}

fn is_of(column: &Column, key: &str) -> bool {
    matches!(column, Column::Is { key: own, .. } if own == key)
}

/// The text that a customer has for a key.
fn text_of(columns: &[Column], own: &[f32], key: &str) -> String {
    let mut all = columns.iter().zip(own);
    let found = all.find_map(|(column, value)| match column {
        Column::Is { key: of, text } if of == key && *value > 0.5 => Some(text.clone()),
        Column::Is { .. }
        | Column::Number { .. }
        | Column::RecencyDays
        | Column::OrderRate
        | Column::SpendRate
        | Column::SpendPerOrder
        | Column::OrdersWithin { .. }
        | Column::SpendWithin { .. } => None,
    });
    found.unwrap_or_else(|| "another".to_owned())
}

/// A customer who has the text of one column for a key, and no other.
fn with_text(columns: &[Column], own: &[f32], key: &str, text: usize) -> Vec<f32> {
    let each = columns.iter().zip(own).enumerate();
    each.map(
        |(place, (column, value))| match (is_of(column, key), place == text) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            (false, _) => *value,
        },
    )
    .collect()
}

/// Names as answers write them, an arm by its place, the control as `None`.
pub(super) type Names<'a> = &'a dyn Fn(Option<usize>) -> &'a str;

/// The nearest move that changes the answer, or that none does.
///
/// - `moves`: the nearest first, see [`moves`].
/// - `answers`: what would be answered after each.
/// - `given`: what is answered.
pub(super) fn of_facts(
    moves: &[Move],
    answers: impl Iterator<Item = Option<usize>>,
    given: Option<usize>,
    names: Names<'_>,
) -> Reason {
    let mut flips = moves.iter().zip(answers);
    match flips.find(|(_, answer)| *answer != given) {
        Some((moved, answer)) => reason(
            "flips_with_fact",
            "were {fact} {to} instead of {from}, {spreads} of its standard deviations away, {answer} would be given; no single fact changes the answer nearer by",
            [
                ("answer", names(answer).into()),
                ("fact", moved.fact.as_str().into()),
                ("to", moved.to.as_str().into()),
                ("from", moved.from.as_str().into()),
                ("spreads", short(moved.spreads).into()),
            ],
        ),
        None => reason(
            "flips_with_no_fact",
            "{given} would be given all the same, whatever single fact were as another customer drawn had it",
            [("given", names(given).into())],
        ),
    }
}

/// What the arm given and another one would have to cost for another answer: exactly where nothing is limited, else as
/// exactly as decisions at the prices of limits are, to a thousandth of these.
///
/// - `worth`: of the arms, those that may not be given worth nothing.
/// - `about`: the arm that is asked about.
pub(super) fn of_costs(
    worth: &[Worth],
    prices: &Prices,
    given: Option<usize>,
    about: usize,
    names: Names<'_>,
) -> Vec<Reason> {
    let priced = |arm: usize| prices.priced(arm, &worth[arm]);
    let possible = (0..worth.len()).filter(|arm| worth[*arm].is_possible());
    let others: Vec<usize> = possible.filter(|arm| Some(*arm) != given).collect();
    let asked = Some(about).filter(|about| others.contains(about));
    let next = others
        .into_iter()
        .max_by(|one, other| priced(*one).total_cmp(&priced(*other)));
    let own = given.map_or(0.0, priced);
    let mut told = Vec::new();
    if let Some(arm) = given {
        let instead = next.filter(|other| priced(*other) > 0.0);
        let lead = own - instead.map_or(0.0, priced);
        told.push(reason(
            "flips_if_dearer",
            "were {arm} dearer by more than {change} for each customer who gets it, {answer} would be given",
            [
                ("answer", names(instead).into()),
                ("arm", names(given).into()),
                ("change", short(lead / prices.of_cost(arm)).into()),
            ],
        ));
    }
    if let Some(other) = asked.or(next) {
        told.push(reason(
            "flips_if_cheaper",
            "were {arm} cheaper by more than {change} for each customer who gets it, it would be given",
            [
                ("arm", names(Some(other)).into()),
                (
                    "change",
                    short((own - priced(other)) / prices.of_cost(other)).into(),
                ),
            ],
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::worth::best;
    use super::*;

    fn names(arm: Option<usize>) -> &'static str {
        match arm {
            None => "none",
            Some(0) => "small",
            Some(_) => "large",
        }
    }

    fn change(of: &Reason) -> f64 {
        of.values["change"].as_str().unwrap().parse().unwrap()
    }

    /// Arms once one of them costs more.
    fn dearer(worth: &[Worth], arm: usize, by: f64) -> Vec<Worth> {
        let mut changed = worth.to_vec();
        changed[arm].net -= by;
        changed[arm].spend += by;
        changed
    }

    #[test]
    fn an_answer_changes_at_the_cost_that_is_told_and_not_before() {
        let worth = |net: f64, spend: f64| Worth { net, spend };
        for (arms, price) in [
            ([worth(3.0, 1.0), worth(5.0, 2.0)], 0.0),
            ([worth(3.0, 1.0), worth(5.0, 2.0)], 0.75),
            ([worth(-3.0, 1.0), worth(5.0, 2.0)], 0.75),
            ([worth(1.0, 4.0), worth(0.5, 1.0)], 0.75),
        ] {
            let prices = Prices::of_budget(price, 2);
            let given = best(&arms, &prices, false);
            let told = of_costs(&arms, &prices, given, 0, &names);
            assert_eq!(told.len(), 1 + usize::from(given.is_some()), "{told:?}");
            for one in &told {
                let (arm, sign) = match one.code.as_str() {
                    "flips_if_dearer" => (given.unwrap(), 1.0),
                    _ => (usize::from(one.values["arm"] == "large"), -1.0),
                };
                let after = |share: f64| {
                    let changed = dearer(&arms, arm, share * sign * change(one));
                    best(&changed, &prices, false)
                };
                // A hundredth less does nothing, and a hundredth more does.
                assert_eq!(after(0.99), given, "{one:?}");
                assert_ne!(after(1.01), given, "{one:?}");
                let answer = one.values.get("answer").unwrap_or(&one.values["arm"]);
                assert_eq!(names(after(1.01)), answer, "{one:?}");
            }
        }
    }

    #[test]
    fn the_nearest_of_all_single_moves_is_told() {
        let number = |key: &str| Column::Number {
            key: key.to_owned(),
        };
        let is = |text: &str| Column::Is {
            key: "place".to_owned(),
            text: text.to_owned(),
        };
        let columns = [number("age"), number("visits"), is("north"), is("south")];
        let ages = (0..=60_u8).map(|age| f32::from(20 + age));
        let visits = (0..=20_u8).map(f32::from);
        let places = (0..10_u8).map(|of| f32::from(of % 2));
        let grid = [
            Grid::of(ages.chain([f32::NAN])),
            Grid::of(visits),
            Grid::of(places.clone()),
            Grid::of(places),
        ];
        assert_eq!((grid[0].values.len(), grid[0].values[1]), (21, 23.0));
        assert_eq!(
            grid[2],
            Grid {
                spread: 0.5,
                values: vec![0.0, 1.0]
            }
        );
        let own = [30.0, f32::NAN, 1.0, 0.0];
        let all = moves(&columns, &grid, &own);
        // Visits are not known, so that they are not moved: twenty ages, and the south.
        assert_eq!(all.len(), 22);
        assert!(all.is_sorted_by(|one, other| one.spreads <= other.spreads));
        let south = all.iter().find(|moved| moved.fact == "place").unwrap();
        assert_eq!(south.row[2..], [0.0, 1.0]);
        assert_eq!((south.from.as_str(), south.to.as_str()), ("north", "south"));
        // Who is 40 gets the large one, and so does the south.
        let answer = |row: &[f32]| (row[0] >= 40.0 || row[3] > 0.5).then_some(1);
        let told = of_facts(
            &all,
            all.iter().map(|moved| answer(&moved.row)),
            None,
            &names,
        );
        assert_eq!(told.code, "flips_with_fact");
        assert_eq!(
            (&told.values["fact"], &told.values["to"]),
            (&"age".into(), &"41.00".into())
        );
        let spreads: f64 = told.values["spreads"].as_str().unwrap().parse().unwrap();
        for moved in all.iter().filter(|moved| moved.spreads < spreads - 1e-3) {
            assert_eq!(answer(&moved.row), None, "{moved:?}");
        }
        let none = of_facts(&all, all.iter().map(|_| None), None, &names);
        assert_eq!(none.code, "flips_with_no_fact");
    }
}
