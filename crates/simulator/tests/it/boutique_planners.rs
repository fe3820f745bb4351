use std::collections::BTreeMap;

use simulator::PlannerKind;

use crate::boutique::{chain, day, files, rows};

#[test]
fn the_good_planner_knows_the_biased_one_exaggerates_and_the_noisy_one_guesses() {
    let shop = chain();
    let gaps = |kind: PlannerKind| -> Vec<(f64, f64)> {
        let of = shop
            .changes()
            .iter()
            .filter(|change| change.planner == kind);
        of.map(|change| (change.thought.factor.ln(), change.true_factor.ln()))
            // A change of what is sold nowhere in these days says nothing.
            .filter(|(_, real)| kind == PlannerKind::Noisy || *real != 0.0)
            .collect()
    };
    let moments = |values: &[(f64, f64)]| {
        let n = values.len() as f64;
        let mean = values.iter().map(|one| one.0 - one.1).sum::<f64>() / n;
        let square = values
            .iter()
            .map(|one| (one.0 - one.1).powi(2))
            .sum::<f64>()
            / n;
        (n, mean, square.sqrt())
    };
    for kind in PlannerKind::ALL {
        println!("{kind:?}: {:?}", moments(&gaps(kind)));
    }
    // Events overlap, so that the real factor is not that of one event alone.
    let (n, mean, spread) = moments(&gaps(PlannerKind::Good));
    assert!(
        n > 80.0 && mean.abs() < 0.05 && spread < 0.2,
        "{n} {mean} {spread}"
    );
    let (n, mean, spread) = moments(&gaps(PlannerKind::Biased));
    assert!(
        n > 60.0 && (mean - 1.3_f64.ln()).abs() < 0.06 && spread < 0.35,
        "{n} {mean} {spread}"
    );
    let noisy = gaps(PlannerKind::Noisy);
    let (n, mean, spread) = moments(&noisy);
    assert!(
        n > 40.0 && mean.abs() < 0.2 && spread > 0.25,
        "{n} {mean} {spread}"
    );
}

#[test]
fn what_is_written_of_a_change_is_what_the_planner_thinks() {
    let shop = chain();
    let written = rows(&files(shop)["overrides.csv"]);
    assert_eq!(written.len(), shop.changes().len());
    let now = format!("{} 00:00:00", shop.now());
    let mut ways: BTreeMap<String, usize> = BTreeMap::new();
    for (row, change) in written.iter().zip(shop.changes()) {
        assert_eq!(&row[2], change.planner.author());
        assert!(row[1] < *now && row[1] < row[6], "{row:?}");
        *ways.entry(row[8].to_owned()).or_default() += 1;
        let value: f64 = row[9].parse().unwrap();
        assert_eq!(value, change.value);
        let thought = &change.thought;
        assert_eq!((day(&row[6]), day(&row[7])), (thought.first, thought.last));
        let usual: f64 = shop
            .listed()
            .filter(|one| {
                thought.product == Some(one.0) && thought.site.is_none_or(|site| site == one.1)
            })
            .flat_map(|(product, site)| {
                (thought.first..=thought.last)
                    .filter_map(move |day| shop.drivers(product, site, day))
            })
            .map(|drivers| drivers.foreseeable())
            .sum();
        let expected = match &row[8] {
            "factor" => thought.factor,
            "more" => (thought.factor - 1.0) * usual,
            _ => thought.factor * usual,
        };
        let rounding = if &row[8] == "factor" { 0.0051 } else { 0.51 };
        assert!((value - expected).abs() < rounding, "{row:?}: {expected}");
    }
    assert!(
        ["factor", "more", "instead"]
            .iter()
            .all(|way| ways[*way] > 5),
        "{ways:?}"
    );
}
