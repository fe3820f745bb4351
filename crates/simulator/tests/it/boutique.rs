use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use simulator::{Boutique, BoutiqueShop, Drivers, RawFile};

/// The default chain, drawn once for all tests.
pub(crate) fn chain() -> &'static BoutiqueShop {
    static CHAIN: OnceLock<BoutiqueShop> = OnceLock::new();
    CHAIN.get_or_init(|| BoutiqueShop::new(&Boutique::default()).unwrap())
}

/// The small chain, drawn once for all tests.
pub(crate) fn tiny() -> &'static BoutiqueShop {
    static CHAIN: OnceLock<BoutiqueShop> = OnceLock::new();
    CHAIN.get_or_init(|| BoutiqueShop::new(&Boutique::tiny()).unwrap())
}

pub(crate) fn rows(file: &RawFile) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(file.bytes.as_slice());
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len() as u64, file.rows, "{}", file.path);
    rows
}

/// The files before the first decision, by path without its folder.
pub(crate) fn files(shop: &BoutiqueShop) -> BTreeMap<String, RawFile> {
    let name = |file: &RawFile| file.path.strip_prefix("raw/").unwrap().to_owned();
    let files = shop.before().into_iter();
    files.map(|file| (name(&file), file)).collect()
}

/// Products and sites by identifier.
pub(crate) fn positions(shop: &BoutiqueShop) -> (BTreeMap<&str, usize>, BTreeMap<&str, usize>) {
    let products = shop.products().iter().map(|one| one.reference.as_str());
    let sites = shop.sites().iter().map(|one| one.id.as_str());
    (products.zip(0..).collect(), sites.zip(0..).collect())
}

/// Day of the default or the small chain, both of which start on 2 October 2023.
pub(crate) fn day(text: &str) -> usize {
    let date: jiff::civil::Date = text.parse().unwrap();
    let start = Boutique::default().start;
    usize::try_from((date - start).get_days()).unwrap()
}

/// Every product and store on every day of the history on which it is sold.
fn sold_days(shop: &BoutiqueShop) -> impl Iterator<Item = (usize, usize, usize, Drivers)> + '_ {
    shop.listed().flat_map(move |(product, site)| {
        let days = shop.ledger(product, site).unwrap().len();
        (0..days).filter_map(move |day| {
            let drivers = shop.drivers(product, site, day)?;
            Some((product, site, day, drivers))
        })
    })
}

#[test]
fn the_same_chain_gives_the_same_bytes_and_another_seed_others() {
    let all = |chain: &Boutique| {
        let shop = BoutiqueShop::new(chain).unwrap();
        let mut files = shop.before();
        let mut playing = shop.playing();
        for _ in 0..21 {
            let decision = shop.naive(&playing.review());
            playing.step(&decision).unwrap();
        }
        files.extend(playing.files());
        files
    };
    let first = all(&Boutique::tiny());
    assert_eq!(first, all(&Boutique::tiny()));
    let other = all(&Boutique {
        seed: 2,
        ..Boutique::tiny()
    });
    for (one, two) in first.iter().zip(&other) {
        assert_eq!(one.path, two.path);
        // Holidays are those of the calendar; of three stores none closes otherwise than by its kind.
        if one.path != "raw/calendar.csv" {
            assert_ne!(one.bytes, two.bytes, "{}", one.path);
        }
    }
}

#[test]
fn demand_has_the_mean_and_the_variance_of_its_distribution() {
    let shop = chain();
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    let (mut wanted, mut expected) = (0.0, 0.0);
    for (product, site, day, drivers) in sold_days(shop) {
        let mean = drivers.intensity();
        assert_eq!(mean, shop.intensity(product, site, day));
        let size = shop.products()[product].demand_size;
        let variance = mean + size.map_or(0.0, |size| mean * mean / size);
        let units = f64::from(shop.wanted(product, site, day));
        wanted += units;
        expected += mean;
        n += 1.0;
        sum += (units - mean) / variance.sqrt();
        squares += (units - mean).powi(2) / variance;
    }
    println!("{n} days: mean {:.5}, variance {:.4}", sum / n, squares / n);
    println!("{wanted} units wanted, expected {expected:.0}");
    // Standard error 0.0012; a mean that is off by a hundredth of the spread would show.
    assert!((sum / n).abs() < 0.006, "{}", sum / n);
    assert!((squares / n - 1.0).abs() < 0.03, "{}", squares / n);
    assert!(
        (wanted / expected - 1.0).abs() < 0.006,
        "{}",
        wanted / expected
    );
}

#[test]
fn the_distribution_of_a_day_is_that_of_its_mean_and_size() {
    let shop = tiny();
    for (product, site, day, drivers) in sold_days(shop).step_by(997) {
        let (mean, table) = (drivers.intensity(), shop.demand(product, site, day));
        assert!((table.mean() - mean).abs() < 1e-9 * (1.0 + mean));
        let size = shop.products()[product].demand_size;
        let variance = mean + size.map_or(0.0, |size| mean * mean / size);
        assert!((table.variance() - variance).abs() < 1e-8 * (1.0 + variance));
    }
}

/// What was wanted over what would have been without one driver, and 4.5 standard errors of it.
fn effect(
    shop: &BoutiqueShop,
    chosen: impl Fn(usize, usize, &Drivers) -> Option<f64>,
) -> (f64, f64) {
    let (mut wanted, mut without, mut variance) = (0.0, 0.0, 0.0);
    for (product, site, day, drivers) in sold_days(shop) {
        let Some(factor) = chosen(product, day, &drivers) else {
            continue;
        };
        let mean = drivers.intensity();
        let size = shop.products()[product].demand_size;
        wanted += f64::from(shop.wanted(product, site, day));
        without += mean / factor;
        variance += mean + size.map_or(0.0, |size| mean * mean / size);
    }
    assert!(without > 100.0, "{without} units are too few to tell");
    (wanted / without, 4.5 * variance.sqrt() / without)
}

#[test]
fn promotions_lift_demand_by_what_their_plan_says() {
    let shop = chain();
    // Elasticity and display of pastries and of candles; depths of 10 % and of 30 %.
    for (category, elasticity, display) in [("Pastries", 1.3, 0.15), ("Candles", 2.0, 0.25)] {
        let mut seen = 0;
        for depth in [0.10, 0.15, 0.20, 0.25, 0.30, 0.40] {
            let lift = (1.0_f64 - depth).powf(-elasticity) * f64::exp(display);
            let of = |product: usize, _: usize, drivers: &Drivers| {
                let one = &shop.products()[product];
                let same = (drivers.promotion - lift).abs() < 1e-9;
                (one.category == category && same).then_some(drivers.promotion)
            };
            let days = sold_days(shop).filter(|one| of(one.0, one.2, &one.3).is_some());
            if days.count() < 200 {
                continue;
            }
            seen += 1;
            let (found, allowed) = effect(shop, of);
            println!("{category} {depth}: {found:.3}, planted {lift:.3} ± {allowed:.3}");
            assert!(
                (found - lift).abs() < allowed,
                "{category} {depth}: {found}, planted {lift}"
            );
        }
        assert!(seen >= 2, "{category}: {seen} depths");
    }
}

#[test]
fn promotions_take_from_their_category_what_is_planted_and_nothing_by_default() {
    let of = |taken_percent: u32| {
        BoutiqueShop::new(&Boutique {
            taken_percent,
            ..Boutique::tiny()
        })
        .unwrap()
    };
    let (plain, taking) = (of(0), of(150));
    let (mut without, mut taken) = (0, 0);
    for (product, site, day, drivers) in sold_days(&taking) {
        let own = plain.drivers(product, site, day).unwrap();
        assert_eq!(own.others, 1.0);
        let expected = own.intensity() * drivers.others;
        assert!((drivers.intensity() - expected).abs() <= 1e-12 * expected);
        assert!((0.4..=1.0).contains(&drivers.others), "{drivers:?}");
        if drivers.others < 1.0 {
            taken += 1;
        } else {
            without += 1;
        }
    }
    assert!(taken > 500 && without > 500, "{taken} {without}");
    // What is wanted is what is left of it.
    let (left, allowed) = effect(&taking, |_, _, drivers| {
        (drivers.others < 1.0).then_some(drivers.others)
    });
    let days = sold_days(&taking).filter(|of| of.3.others < 1.0);
    let (with, all) = days.fold((0.0, 0.0), |(with, all), (_, _, _, drivers)| {
        let mean = drivers.intensity();
        (with + mean, all + mean / drivers.others)
    });
    assert!(with / all < 0.99, "{with} of {all}");
    assert!(
        (left - with / all).abs() < allowed,
        "{left}: {with} of {all}"
    );
}

#[test]
fn hot_days_sell_ice_cream_and_wet_ones_umbrellas() {
    let shop = chain();
    for (category, warm, wet) in [
        ("Ice cream", 0.5, -0.3),
        ("Umbrellas & rainwear", -0.05, 0.7),
    ] {
        let weather: BTreeMap<(usize, usize), (f64, f64)> = {
            let (_, sites) = positions(shop);
            let number = |cell: &str| cell.parse::<f64>().unwrap();
            rows(&files(shop)["weather.csv"])
                .iter()
                .map(|row| {
                    (
                        (sites[&row[1]], day(&row[0])),
                        (number(&row[2]), number(&row[3])),
                    )
                })
                .collect()
        };
        for (product, site, day, drivers) in sold_days(shop) {
            if shop.products()[product].category == category {
                let (temperature, rain) = weather[&(site, day)];
                let told = warm * (temperature - 16.0) / 10.0 + wet * rain.min(20.0) / 10.0;
                assert!((drivers.weather.ln() - told).abs() < 1e-9);
            }
        }
        let unusual = |product: usize, _: usize, drivers: &Drivers| {
            let one = &shop.products()[product];
            (one.category == category && drivers.weather > 1.3).then_some(drivers.weather)
        };
        let (found, allowed) = effect(shop, unusual);
        println!("{category}: {found:.3} ± {allowed:.3}");
        assert!(found - allowed > 1.3, "{category}: {found} ± {allowed}");
    }
}

#[test]
fn sales_carry_the_price_and_the_promotion_of_their_day() {
    let shop = tiny();
    let files = files(shop);
    let (products, sites) = positions(shop);
    let cents = |cell: &str| (cell.parse::<f64>().unwrap() * 100.0).round() as i64;
    let mut prices: BTreeMap<usize, Vec<(usize, i64)>> = BTreeMap::new();
    for row in rows(&files["prices.csv"]) {
        let of = prices.entry(products[&row[0]]).or_default();
        of.push((day(&row[1]), cents(&row[2])));
    }
    let promotions: Vec<_> = rows(&files["promotions.csv"])
        .iter()
        .map(|row| {
            let site = (&row[2] != "*").then(|| sites[&row[2]]);
            let depth: f64 = row[5].parse().unwrap();
            (products[&row[1]], site, day(&row[3])..=day(&row[4]), depth)
        })
        .collect();
    let mut discounted = 0;
    for row in rows(&files["sales.csv"]) {
        let units: i64 = row[6].parse().unwrap();
        if units < 0 {
            continue;
        }
        let (product, site, day) = (products[&row[5]], sites[&row[3]], day(&row[2][..10]));
        let known = prices[&product].iter().rfind(|price| price.0 <= day);
        assert_eq!(cents(&row[7]), known.unwrap().1, "{row:?}");
        let depth = promotions
            .iter()
            .filter(|(one, at, days, _)| {
                *one == product && at.is_none_or(|at| at == site) && days.contains(&day)
            })
            .map(|promotion| promotion.3)
            .fold(0.0, f64::max);
        let discount = (depth * (units * cents(&row[7])) as f64).round() as i64;
        assert_eq!(cents(&row[8]), discount, "{row:?}");
        discounted += i64::from(discount > 0);
    }
    assert!(discounted > 500, "{discounted}");
}

#[test]
fn the_calendar_says_when_stores_are_open_and_nothing_sells_on_other_days() {
    let shop = chain();
    let files = files(shop);
    let (_, sites) = positions(shop);
    let mut open: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    for row in rows(&files["calendar.csv"]) {
        open.insert((sites[&row[1]], day(&row[0])), &row[2] == "yes");
    }
    let sundays = |site: usize| {
        (6..728)
            .step_by(7)
            .filter(|day| open[&(site, *day)])
            .count()
    };
    let closed: BTreeSet<bool> = (1..shop.sites().len())
        .map(|site| {
            assert_eq!(shop.sites()[site].sunday_closed, sundays(site) == 0);
            shop.sites()[site].sunday_closed
        })
        .collect();
    assert_eq!(
        closed.len(),
        2,
        "some are closed on Sundays and some are not"
    );
    for (product, site) in shop.listed().filter(|(_, site)| *site > 0) {
        let lives = |day| shop.products()[product].lives(day);
        for day in 0..728 {
            let sells = shop.drivers(product, site, day).is_some();
            assert_eq!(sells, open[&(site, day)] && lives(day));
            assert!(sells || shop.wanted(product, site, day) == 0);
        }
    }
}

#[test]
fn products_come_and_go_in_the_history_and_in_the_weeks_after_it() {
    let shop = chain();
    let count = |days: std::ops::Range<usize>,
                 of: fn(&simulator::BoutiqueProduct) -> Option<usize>| {
        let within = |product: &&simulator::BoutiqueProduct| {
            of(product).is_some_and(|at| days.contains(&at))
        };
        shop.products().iter().filter(within).count()
    };
    assert!(count(0..728, |product| product.introduced) >= 8);
    assert!(count(0..728, |product| product.ended) >= 5);
    assert!(count(728..800, |product| product.introduced.or(product.ended)) >= 2);
}

#[test]
fn impossible_chains_are_refused_by_name() {
    let refused = |chain: Boutique| BoutiqueShop::new(&chain).unwrap_err().to_string();
    let tiny = Boutique::tiny;
    let cases = [
        (
            Boutique {
                stores: 1,
                ..tiny()
            },
            "`stores` is 1, allowed 2 to 40",
        ),
        (
            Boutique {
                products: 19,
                ..tiny()
            },
            "`products` is 19, allowed 20 to 600",
        ),
        (
            Boutique {
                customers: 99,
                ..tiny()
            },
            "`customers` is 99, allowed 100 to 100000",
        ),
        (
            Boutique {
                days: 181,
                ..tiny()
            },
            "`days` is 181, allowed 182 to 1456",
        ),
    ];
    for (chain, said) in cases {
        let text = refused(chain);
        assert!(text.contains(said), "{text}");
    }
    let start = jiff::civil::date(2031, 1, 1);
    assert!(refused(Boutique { start, ..tiny() }).contains("`start` is 2031-01-01"));
}
