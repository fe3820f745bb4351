use std::collections::BTreeMap;
use std::sync::OnceLock;

use simulator::{Curve, FlashSales, FlashSalesShop, LaunchTruth, RawFile};

/// The default club, drawn once for all tests.
pub(crate) fn club() -> &'static FlashSalesShop {
    static CLUB: OnceLock<FlashSalesShop> = OnceLock::new();
    CLUB.get_or_init(|| FlashSalesShop::new(&FlashSales::default()).unwrap())
}

fn tiny() -> FlashSalesShop {
    FlashSalesShop::new(&FlashSales::tiny()).unwrap()
}

fn rows(file: &RawFile) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(file.bytes.as_slice());
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len() as u64, file.rows, "{}", file.path);
    rows
}

fn variance(launch: &LaunchTruth) -> f64 {
    launch.intensity + launch.intensity.powi(2) / FlashSalesShop::demand_size()
}

#[test]
fn the_same_club_gives_the_same_bytes_and_another_seed_others() {
    let files = |club: &FlashSales| {
        let shop = FlashSalesShop::new(club).unwrap();
        let mut files = shop.before();
        files.push(shop.open(3).unwrap());
        files
    };
    let first = files(&FlashSales::tiny());
    assert_eq!(first, files(&FlashSales::tiny()));
    let other = files(&FlashSales {
        seed: 2,
        ..FlashSales::tiny()
    });
    for (one, two) in first.iter().zip(&other) {
        assert_eq!(one.path, two.path);
        assert_ne!(one.bytes, two.bytes, "{}", one.path);
    }
}

#[test]
fn demand_has_the_mean_and_the_variance_of_its_distribution() {
    let launches = club().launches();
    let n = launches.len() as f64;
    let standardised: Vec<f64> = launches
        .iter()
        .map(|launch| (f64::from(launch.demand) - launch.intensity) / variance(launch).sqrt())
        .collect();
    let mean = standardised.iter().sum::<f64>() / n;
    let square = standardised.iter().map(|z| z * z).sum::<f64>() / n;
    println!("{n} launches × products: mean {mean:.4}, variance {square:.4}");
    // Standard errors 0.025 and 0.04: an intensity that is off by a twentieth of its spread would show.
    assert!(mean.abs() < 4.0 / n.sqrt(), "{mean}");
    assert!((square - 1.0).abs() < 0.16, "{square}");
}

#[test]
fn arrivals_of_each_curve_come_at_their_hours() {
    let shop = club();
    for curve in Curve::ALL {
        let of: Vec<usize> = (0..shop.launches().len())
            .filter(|&launch| shop.launches()[launch].curve == curve)
            .collect();
        assert!(of.len() > 100, "{curve:?}: {}", of.len());
        for hours in [1.0, 3.0, 24.0, 30.0, 47.0] {
            let (mut found, mut expected, mut spread) = (0.0, 0.0, 0.0);
            for &launch in &of {
                let truth = &shop.launches()[launch];
                let (demand, share) = (f64::from(truth.demand), truth.share(hours));
                found += f64::from(shop.wanted_until(launch, hours));
                expected += demand * share;
                spread += demand * share * (1.0 - share);
            }
            // Given the demand, arrivals are binomial; 4.5 standard errors are about 1 % of the arrivals.
            let gap = (found - expected) / spread.sqrt();
            assert!(
                gap.abs() < 4.5,
                "{curve:?} after {hours}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn what_is_sold_is_what_is_wanted_as_far_as_the_stock_reaches() {
    let shop = club();
    let files = shop.before();
    let last = shop.open(480).unwrap();
    let mut sold: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut previous = String::new();
    for row in rows(&files[4]).iter().chain(&rows(&last)) {
        assert!(
            previous.as_str() <= &row[1],
            "{previous} before {}",
            &row[1]
        );
        row[1].clone_into(&mut previous);
        *sold
            .entry((row[4].to_owned(), row[3].to_owned()))
            .or_default() += 1;
    }
    let (mut limited, mut out) = (0, 0);
    for (position, launch) in shop.launches().iter().enumerate() {
        let key = (launch.launch.clone(), launch.product.clone());
        let found = sold.remove(&key).unwrap_or(0);
        assert_eq!(found, shop.sold(position), "{key:?}");
        if let Some(available) = launch.available_units {
            assert_eq!(found, launch.demand.min(available), "{key:?}");
            assert!(!launch.upcoming);
            limited += 1;
            out += u32::from(found < launch.demand);
        } else {
            assert_eq!(found, launch.demand, "{key:?}");
        }
    }
    assert!(sold.is_empty(), "{sold:?}");
    let share = f64::from(out) / f64::from(limited);
    println!(
        "{limited} with a limit, {share:.3} sold out, {} rows",
        files[4].rows
    );
    assert!((0.2..0.6).contains(&share), "{share}");
}

#[test]
fn a_unit_is_sold_while_its_launch_is_open_and_by_a_member() {
    let shop = tiny();
    let files = shop.before();
    let launches: BTreeMap<(String, String), (String, String)> = rows(&files[2])
        .iter()
        .map(|row| {
            let key = (row[0].to_owned(), row[1].to_owned());
            (key, (row[2].to_owned(), row[3].to_owned()))
        })
        .collect();
    assert_eq!(launches.len(), shop.launches().len(), "the key is unique");
    let members: Vec<String> = rows(&files[0])
        .iter()
        .map(|row| row[0].to_owned())
        .collect();
    let now = shop.now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    for row in rows(&files[4]) {
        let key = (row[4].to_owned(), row[3].to_owned());
        let (opens, closes) = &launches[&key];
        assert!(
            opens.as_str() <= &row[1] && &row[1] < closes.as_str(),
            "{row:?}"
        );
        assert!(row[1] < *now, "{row:?}");
        assert!(members.binary_search(&row[2].to_owned()).is_ok(), "{row:?}");
    }
}

#[test]
fn the_last_day_goes_on_from_hour_to_hour() {
    let shop = tiny();
    assert_eq!(shop.open(0).unwrap().rows, 0);
    let (one, two) = (shop.open(1).unwrap(), shop.open(2).unwrap());
    assert!(two.rows > one.rows && one.rows > 0);
    assert!(two.bytes.starts_with(&one.bytes));
    let opening: Vec<usize> = (0..shop.launches().len())
        .filter(|&launch| shop.launches()[launch].opens_at == shop.now())
        .collect();
    // Half of the eight launches to come open now.
    let mut names: Vec<&str> = opening
        .iter()
        .map(|&launch| &*shop.launches()[launch].launch)
        .collect();
    names.dedup();
    assert_eq!(names.len(), 4);
    for launch in opening {
        let truth = &shop.launches()[launch];
        let found = rows(&two)
            .iter()
            .filter(|row| row[4] == *truth.launch && row[3] == *truth.product)
            .count();
        assert_eq!(found as u32, shop.wanted_until(launch, 2.0));
        assert_eq!(shop.wanted_until(launch, 1e3), truth.demand);
    }
}

#[test]
fn impossible_clubs_and_hours_are_refused_by_name() {
    let refused = |club: FlashSales| FlashSalesShop::new(&club).unwrap_err().to_string();
    let tiny = FlashSales::tiny;
    let cases = [
        (
            FlashSales {
                launches: 19,
                ..tiny()
            },
            "`launches` is 19, allowed 20 to 5000",
        ),
        (
            FlashSales {
                upcoming: 1,
                ..tiny()
            },
            "`upcoming` is 1, allowed 2 to 200",
        ),
        (
            FlashSales { days: 59, ..tiny() },
            "`days` is 59, allowed 60 to 1500",
        ),
        (
            FlashSales {
                merchants: 7,
                ..tiny()
            },
            "`merchants` is 7, allowed 8 to 200",
        ),
        (
            FlashSales {
                brands: 301,
                ..tiny()
            },
            "`brands` is 301, allowed 3 to 300",
        ),
        (
            FlashSales {
                customers: 99,
                ..tiny()
            },
            "`customers` is 99, allowed 100 to 200000",
        ),
    ];
    for (club, said) in cases {
        let text = refused(club);
        assert!(text.contains(said), "{text}");
    }
    let start = jiff::civil::date(1989, 12, 31);
    assert!(refused(FlashSales { start, ..tiny() }).contains("`start` is 1989-12-31"));
    let text = club().open(481).unwrap_err().to_string();
    assert!(text.contains("`hours` is 481, allowed 0 to 480"), "{text}");
}
