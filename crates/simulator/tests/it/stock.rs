use std::collections::{BTreeMap, BTreeSet};

use simulator::{Generated, LineKind, StockOutCause};

use crate::{marketplace, tiny};

/// Units on hand at the opening of each day, carried forward, for the days asked.
fn openings(shop: &Generated) -> BTreeMap<usize, BTreeMap<jiff::civil::Date, u32>> {
    let mut levels: BTreeMap<usize, BTreeMap<_, _>> = BTreeMap::new();
    for row in &shop.stock {
        let before = levels
            .entry(row.product)
            .or_default()
            .insert(row.date, row.on_hand);
        assert_eq!(before, None, "one level a day");
    }
    levels
}

#[test]
fn nothing_is_sold_beyond_what_is_on_hand_at_opening() {
    for shop in [marketplace(), tiny()] {
        let levels = openings(shop);
        let mut sold: BTreeMap<(usize, jiff::civil::Date), u32> = BTreeMap::new();
        for line in shop.lines.iter().filter(|line| line.kind == LineKind::Sale) {
            *sold.entry((line.product, line.at.date())).or_default() +=
                line.quantity.unsigned_abs();
        }
        for ((product, date), units) in sold {
            let level = levels[&product]
                .range(..=date)
                .next_back()
                .map(|(_, level)| *level);
            assert!(
                Some(units) <= level,
                "{product} on {date}: {units} of {level:?}"
            );
        }
    }
}

#[test]
fn nothing_is_sold_in_a_stock_out_window_and_both_causes_occur() {
    let shop = marketplace();
    let product_of: BTreeMap<&str, usize> = shop
        .products
        .iter()
        .enumerate()
        .map(|(at, row)| (row.reference.as_str(), at))
        .collect();
    let mut out = BTreeSet::new();
    for window in &shop.truth.stock_outs {
        assert!(window.from < window.until);
        let mut date = window.from;
        while date < window.until {
            out.insert((product_of[window.product.as_str()], date));
            date = date.tomorrow().unwrap();
        }
    }
    let sold = shop
        .lines
        .iter()
        .filter(|line| line.kind == LineKind::Sale)
        .filter(|line| out.contains(&(line.product, line.at.date())))
        .count();
    assert_eq!(sold, 0);
    for cause in [StockOutCause::SoldOut, StockOutCause::SupplierFailure] {
        let windows = shop
            .truth
            .stock_outs
            .iter()
            .filter(|window| window.cause == cause)
            .count();
        assert!(windows >= 30, "{cause:?}: {windows}");
    }
    assert!(
        shop.truth
            .lost_demand
            .iter()
            .map(|one| one.lost)
            .sum::<u64>()
            > 100
    );
}

#[test]
fn stock_out_windows_are_those_of_the_stock_file() {
    for shop in [marketplace(), tiny()] {
        let mut expected = BTreeSet::new();
        for (product, levels) in openings(shop) {
            let mut since = None;
            for (&date, &level) in &levels {
                match (level, since) {
                    (0, _) => since = Some(date),
                    (_, Some(from)) => {
                        expected.insert((shop.products[product].reference.clone(), from, date));
                        since = None;
                    }
                    (_, None) => {}
                }
            }
            if let Some(from) = since {
                let end = shop.truth.end;
                expected.insert((shop.products[product].reference.clone(), from, end));
            }
        }
        let found: BTreeSet<_> = shop
            .truth
            .stock_outs
            .iter()
            .map(|window| (window.product.clone(), window.from, window.until))
            .collect();
        assert_eq!(found, expected);
    }
}
