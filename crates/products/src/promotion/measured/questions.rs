//! The rule in two questions that a person can check, beside what the version decides.

use super::Given;
use super::books::Books;
use crate::estimates;
use crate::promotion::draws::Draws;
use crate::promotion::facts::Column;
use models::uplift::{Condition, PolicyLeaf, PolicyTree};
use schema::Estimate;
use schema::estimate::short;

/// Level of the intervals of leaves.
const LEVEL: f64 = 0.95;

/// A tree of two questions, found on one half of the customers and valued on the other, in words; and what it is worth
/// there beside the rule of the version.
pub(super) fn in_questions(books: &Books<'_>, columns: &[Column], seed: u64) -> Vec<String> {
    let (draws, out) = (books.draws, books.out);
    let all: Vec<usize> = (0..draws.rows()).collect();
    let halves = draws.parts(2, seed, 1);
    let found_on: Vec<bool> = halves.iter().map(|half| *half == 0).collect();
    let has_budget = books.settings.budget.is_some();
    let reward = |row: usize, arm: usize| {
        let net = books.net(row, arm);
        match arm.checked_sub(1).filter(|_| has_budget) {
            Some(treated) => net - out.prices.of(treated, books.spend(row, arm)),
            None => net,
        }
    };
    let arms = 0..draws.arms.len();
    let rewards: Vec<Vec<f64>> = arms
        .map(|arm| all.iter().map(|row| reward(*row, arm)).collect())
        .collect();
    let Ok(features) = draws.features(columns, &all) else {
        return Vec::new();
    };
    let Some(tree) = PolicyTree::learn(&features, &rewards, &found_on) else {
        return Vec::new();
    };
    let leaves = tree.leaves();
    if let [(_, leaf)] = &leaves[..] {
        let arm = &draws.arms[leaf.arm];
        return vec![format!(
            "no question tells beyond chance who should get another arm than the others: of one arm for everybody, {arm} is worth most"
        )];
    }
    let told: Vec<String> = leaves
        .iter()
        .map(|(path, leaf)| in_words(path, leaf, columns, draws))
        .collect();
    let rows = features.values().chunks_exact(columns.len());
    let rule: Vec<Given> = rows.map(|row| Given::always(tree.arm(row))).collect();
    let on_others = |values: Vec<f64>| -> Estimate {
        let pairs = values.into_iter().zip(&found_on);
        let those: Vec<f64> = pairs
            .filter(|(_, f)| !**f)
            .map(|(value, _)| value)
            .collect();
        estimates::mean(&those, seed)
    };
    let nobody = books.values(&vec![Given::CONTROL; rule.len()]);
    let worth = |rule: &[Given]| {
        let values = books.values(rule);
        let gains = values.iter().zip(&nobody).map(|(own, none)| own - none);
        let gained = on_others(gains.collect());
        if has_budget {
            format!("{gained} and spend {}", on_others(books.spends(rule)))
        } else {
            gained.to_string()
        }
    };
    let priced = if has_budget {
        "; gains are less what is spent, at the price of the budget"
    } else {
        ""
    };
    vec![
        format!("as two questions: {}{priced}", told.join("; ")),
        format!(
            "these questions, found on one half of the customers, gain per customer of the other half {}; the version's own decisions gain {}",
            worth(&rule),
            worth(&out.policy)
        ),
    ]
}

/// Who, which arm, and what it gains.
fn in_words(path: &[Condition], leaf: &PolicyLeaf, columns: &[Column], draws: &Draws) -> String {
    let asked: Vec<String> = path
        .iter()
        .map(|asked| columns[asked.column].condition(asked.below, asked.holds))
        .collect();
    let who = asked.join(" and ");
    let arm = &draws.arms[leaf.arm];
    let gain = leaf
        .gain
        .and_then(|gain| Some((gain, gain.interval(LEVEL)?)));
    match gain {
        Some((gain, (low, high))) => {
            format!(
                "{who}: {arm} (gains {}, {} to {}, on {} customers)",
                short(gain.effect),
                short(low),
                short(high),
                gain.rows
            )
        }
        None => format!("{who}: {arm}"),
    }
}
