use std::collections::{BTreeMap, BTreeSet};

use simulator::{BoutiqueShop, LedgerDay, RawFile};

use crate::boutique::{chain, day, files, positions, rows, tiny};

pub(crate) type Key = (usize, usize, usize);

/// What the files tell of each product, site and day.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) sold: BTreeMap<Key, i64>,
    pub(crate) received: BTreeMap<Key, i64>,
    pub(crate) sent: BTreeMap<Key, i64>,
    pub(crate) on_hand: BTreeMap<Key, i64>,
}

impl Told {
    pub(crate) fn read(&mut self, shop: &BoutiqueShop, file: &RawFile) {
        let (products, sites) = positions(shop);
        let number = |cell: &str| cell.parse::<i64>().unwrap();
        for row in rows(file) {
            if file.path.contains("sales") {
                let key = (products[&row[5]], sites[&row[3]], day(&row[2][..10]));
                *self.sold.entry(key).or_default() += number(&row[6]);
            } else if file.path.contains("stock") {
                let key = (products[&row[2]], sites[&row[1]], day(&row[0]));
                assert_eq!(self.on_hand.insert(key, number(&row[3])), None, "{row:?}");
            } else {
                let (product, site) = (products[&row[1]], sites[&row[2]]);
                if !row[9].is_empty() {
                    let units = number(&row[10]);
                    *self
                        .received
                        .entry((product, site, day(&row[9])))
                        .or_default() += units;
                }
                if !row[4].is_empty() {
                    let key = (product, sites[&row[4]], day(&row[5]));
                    *self.sent.entry(key).or_default() += number(&row[6]);
                }
            }
        }
    }
}

#[test]
fn stock_is_that_of_the_day_before_with_what_came_and_without_what_went() {
    for shop in [tiny(), chain()] {
        let files = files(shop);
        let mut told = Told::default();
        for name in [
            "sales.csv",
            "stock_levels.csv",
            "replenishments.csv",
            "replenishments-open.csv",
        ] {
            told.read(shop, &files[name]);
        }
        let mut wasted = 0;
        for (product, site) in shop.listed() {
            let mut on_hand = 0;
            let mut level = 0;
            for (day, ledger) in shop.ledger(product, site).unwrap().iter().enumerate() {
                let key = (product, site, day);
                let of = |map: &BTreeMap<Key, i64>| map.get(&key).copied().unwrap_or(0);
                on_hand +=
                    of(&told.received) - of(&told.sent) - of(&told.sold) - i64::from(ledger.wasted);
                // A level holds until the next one is told.
                level = told.on_hand.get(&key).copied().unwrap_or(level);
                assert_eq!(on_hand, level, "{key:?} {ledger:?}");
                assert_eq!(on_hand, i64::from(ledger.on_hand), "{key:?} {ledger:?}");
                let sold = i64::from(ledger.sold) - i64::from(ledger.returned);
                assert_eq!(of(&told.sold), sold, "{key:?} {ledger:?}");
                wasted += ledger.wasted;
            }
        }
        assert!(wasted > 100, "{wasted}");
    }
}

#[test]
fn what_is_wanted_and_not_there_is_lost_and_nothing_else_is() {
    let shop = chain();
    let (mut open, mut short, mut lost, mut wanted) = (0.0, 0.0, 0.0, 0.0);
    for (product, site) in shop.listed() {
        let mut before = 0;
        for (day, ledger) in shop.ledger(product, site).unwrap().iter().enumerate() {
            let there = before + ledger.received - ledger.sent;
            assert_eq!(ledger.wanted, shop.wanted(product, site, day));
            assert_eq!(ledger.sold, ledger.wanted.min(there));
            before = ledger.on_hand;
            if shop.drivers(product, site, day).is_some() {
                open += 1.0;
                short += f64::from(u8::from(ledger.sold < ledger.wanted));
                wanted += f64::from(ledger.wanted);
                lost += f64::from(ledger.wanted - ledger.sold);
            }
        }
    }
    println!(
        "short on {:.4} of the days, {:.4} of the demand lost",
        short / open,
        lost / wanted
    );
    assert!((0.01..0.10).contains(&(short / open)), "{}", short / open);
    assert!((0.03..0.20).contains(&(lost / wanted)), "{}", lost / wanted);
}

#[test]
fn what_perishes_is_gone_when_its_days_are_over() {
    let shop = chain();
    let mut wasted = 0;
    for (product, site) in shop.listed() {
        let terms = shop.terms(product, site).unwrap();
        let Some(life) = terms.shelf_life_days else {
            continue;
        };
        let ledger: &[LedgerDay] = shop.ledger(product, site).unwrap();
        for (day, today) in ledger.iter().enumerate() {
            // In the evening only what came in the last days but one can still be sold.
            let since = (day + 2).saturating_sub(life as usize);
            let young: u32 = ledger[since..=day].iter().map(|one| one.received).sum();
            assert!(today.on_hand <= young, "{product} {site} {day}: {today:?}");
            wasted += today.wasted;
        }
    }
    assert!(wasted > 10_000, "{wasted}");
}

#[test]
fn suppliers_come_as_late_as_they_are_said_to() {
    let shop = chain();
    let (products, sites) = positions(shop);
    let mut late: BTreeMap<String, (Vec<f64>, BTreeMap<(String, String), usize>)> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    let arrived = &files(shop)["replenishments.csv"];
    for row in rows(arrived) {
        assert!(
            keys.insert((row[0].to_owned(), row[1].to_owned(), row[2].to_owned())),
            "{row:?}"
        );
        let (ordered, due, received) = (&row[5], &row[8], &row[9]);
        assert!(ordered < due && due <= received, "{row:?}");
        // The first deliveries come for sure.
        if row[3].is_empty() || *ordered < *"2023-10-02" {
            continue;
        }
        let terms = shop.terms(products[&row[1]], sites[&row[2]]).unwrap();
        let units: u32 = row[6].parse().unwrap();
        assert_eq!((terms.supplier, terms.allowed(units)), (&row[3], units));
        assert_eq!(day(due) - day(ordered), terms.lead_time_days as usize);
        let introduced = shop.products()[products[&row[1]]].introduced;
        if introduced.is_some_and(|first| day(ordered) < first) {
            continue;
        }
        let weekday = (day(ordered)) % 7;
        assert!(terms.order_days[weekday], "{row:?}");
        let of = late.entry(row[3].to_owned()).or_default();
        of.0 = terms.delays.to_vec();
        // What is ordered together comes together.
        let days = day(received) - day(due);
        let together = (row[2].to_owned(), ordered.to_owned());
        assert_eq!(*of.1.entry(together).or_insert(days), days, "{row:?}");
    }
    assert_eq!(late.len(), 9);
    for (supplier, (chances, orders)) in late {
        let n = orders.len() as f64;
        assert!(n > 300.0, "{supplier}: {n}");
        for (days, chance) in chances.iter().enumerate() {
            let found = orders.values().filter(|late| **late == days).count() as f64 / n;
            let error = (chance * (1.0 - chance) / n).sqrt();
            assert!(
                (found - chance).abs() < 4.5 * error,
                "{supplier} {days}: {found}, {chance} ± {error}"
            );
        }
    }
}

#[test]
fn a_few_goods_come_back_with_the_price_they_were_sold_for() {
    let shop = chain();
    let sales = rows(&files(shop)["sales.csv"]);
    let mut sold: BTreeMap<(&str, &str), Vec<&csv::StringRecord>> = BTreeMap::new();
    let mut lines = BTreeSet::new();
    let (mut returns, mut known) = (0, 0);
    for row in &sales {
        assert!(lines.insert((&row[0], &row[1])), "{row:?}");
        if !row[6].starts_with('-') {
            sold.entry((&row[0], &row[5])).or_default().push(row);
        }
    }
    for row in sales.iter().filter(|row| row[6].starts_with('-')) {
        returns += 1;
        if row[9].is_empty() {
            continue;
        }
        known += 1;
        let of = &sold[&(&row[9], &row[5])];
        let same = |one: &&csv::StringRecord| {
            [3, 4, 7, 8].iter().all(|&cell| one[cell] == row[cell])
                && format!("-{}", &one[6]) == row[6]
        };
        assert!(of.iter().any(|one| same(one) && one[2] < row[2]), "{row:?}");
    }
    let share = f64::from(returns) / sales.len() as f64;
    println!(
        "{} lines, {share:.4} come back, of {known} the ticket is known",
        sales.len()
    );
    assert!((0.003..0.015).contains(&share), "{share}");
    assert!((0.6..0.8).contains(&(f64::from(known) / f64::from(returns))));
    let cards = sales.iter().filter(|row| !row[4].is_empty()).count() as f64;
    assert!((cards / sales.len() as f64 - 0.35).abs() < 0.02);
}
