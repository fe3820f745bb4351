use std::collections::BTreeMap;
use std::sync::OnceLock;

use simulator::{Curve, FlashSales, FlashSalesShop, Habit, Informed, LaunchTruth, RawFile};

/// The default club, drawn once for all tests.
fn club() -> &'static FlashSalesShop {
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

/// Least squares of `y` on three columns: coefficients, their standard errors and the residual standard deviation.
fn regression(rows: &[([f64; 3], f64)]) -> ([f64; 3], [f64; 3], f64) {
    let mut a = [[0.0; 3]; 3];
    let mut b = [0.0; 3];
    for (x, y) in rows {
        for i in 0..3 {
            b[i] += x[i] * y;
            for j in 0..3 {
                a[i][j] += x[i] * x[j];
            }
        }
    }
    // The inverse by Gauss and Jordan: the matrix is positive definite.
    let mut inverse = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    for i in 0..3 {
        let pivot = a[i][i];
        for j in 0..3 {
            a[i][j] /= pivot;
            inverse[i][j] /= pivot;
        }
        for k in (0..3).filter(|k| *k != i) {
            let factor = a[k][i];
            for j in 0..3 {
                a[k][j] -= factor * a[i][j];
                inverse[k][j] -= factor * inverse[i][j];
            }
        }
    }
    let mut found = [0.0; 3];
    for i in 0..3 {
        found[i] = (0..3).map(|j| inverse[i][j] * b[j]).sum();
    }
    let squares: f64 = rows
        .iter()
        .map(|(x, y)| (y - (0..3).map(|i| x[i] * found[i]).sum::<f64>()).powi(2))
        .sum();
    let variance = squares / (rows.len() - 3) as f64;
    let errors = [0, 1, 2].map(|i| (variance * inverse[i][i]).sqrt());
    (found, errors, variance.sqrt())
}

#[test]
fn bias_slope_signal_and_noise_of_each_merchant_are_those_planted() {
    let shop = FlashSalesShop::new(&FlashSales {
        launches: 3_000,
        merchants: 20,
        ..FlashSales::default()
    })
    .unwrap();
    let middle = 100.0_f64.ln();
    let tau = FlashSalesShop::unexplained_spread();
    let mut compared = 0;
    for (position, merchant) in shop.merchants().iter().enumerate() {
        let told: Vec<([f64; 3], f64)> = shop
            .estimates()
            .iter()
            // Small figures are rounded to whole units: that is no noise of the merchant.
            .filter(|one| one.merchant == position && one.likely >= 15)
            .map(|one| {
                let truth = &shop.launches()[one.launch];
                let x = [1.0, truth.attributes - middle, truth.unexplained];
                (x, f64::from(one.likely).ln() - middle)
            })
            .collect();
        if told.len() < 100 {
            continue;
        }
        compared += 1;
        let (found, errors, residual) = regression(&told);
        let square = merchant.signal.powi(2);
        let planted = [merchant.bias, merchant.slope, merchant.slope * square];
        for i in 0..3 {
            // Leaving small figures out takes off a little of the slope.
            let allowed = 4.0 * errors[i] + 0.04;
            assert!(
                (found[i] - planted[i]).abs() < allowed,
                "{} {i}: {} planted {}, allowed {allowed}",
                merchant.merchant,
                found[i],
                planted[i]
            );
        }
        let felt = merchant.slope * merchant.signal * tau * (1.0 - square).sqrt();
        let spread = merchant.noise.hypot(felt);
        assert!(
            (residual / spread - 1.0).abs() < 0.2,
            "{}: {residual} planted {spread}",
            merchant.merchant
        );
    }
    assert!(compared >= 15, "{compared}");
}

#[test]
fn a_calibrated_reader_of_an_estimate_is_off_by_what_is_left_unexplained() {
    let shop = club();
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for estimate in shop.estimates() {
        let truth = &shop.launches()[estimate.launch];
        let merchant = &shop.merchants()[estimate.merchant];
        let likely = f64::from(estimate.likely);
        let (mean, spread) = merchant.unexplained_given(truth.attributes, likely);
        assert_eq!(spread, merchant.left_unexplained());
        let gap = (truth.unexplained - mean) / spread;
        n += 1.0;
        sum += gap;
        squares += gap * gap;
    }
    println!("{n} estimates: {:.4}, {:.4}", sum / n, squares / n);
    // Standard errors 0.025 and 0.035.
    assert!((sum / n).abs() < 0.1, "{}", sum / n);
    assert!((squares / n - 1.0).abs() < 0.15, "{}", squares / n);
}

#[test]
fn ranks_go_by_what_a_merchant_leaves_unexplained() {
    let mut merchants: Vec<_> = club().merchants().iter().collect();
    merchants.sort_by_key(|one| one.rank);
    for (rank, pair) in (1..).zip(merchants.windows(2)) {
        assert_eq!(pair[0].rank, rank);
        assert!(pair[0].left_unexplained() <= pair[1].left_unexplained());
    }
    let tau = FlashSalesShop::unexplained_spread();
    assert!(merchants[0].left_unexplained() < 0.5 * tau);
    assert!(merchants[39].left_unexplained() > 0.95 * tau);
}

#[test]
fn some_merchants_say_nothing_some_the_likely_figure_only_and_some_are_new() {
    let shop = club();
    let (mut told, mut made) = (vec![0; 40], vec![[0; 2]; 40]);
    for estimate in shop.estimates() {
        let (merchant, launch) = (
            &shop.merchants()[estimate.merchant],
            &shop.launches()[estimate.launch],
        );
        told[estimate.merchant] += 1;
        assert_ne!(merchant.habit, Habit::Silent);
        assert_eq!(
            estimate.interval.is_none(),
            merchant.habit == Habit::LikelyOnly
        );
        if let Some((low, high)) = estimate.interval {
            assert!(low <= estimate.likely && estimate.likely <= high);
        }
        assert!(estimate.told_at < launch.opens_at && estimate.told_at < shop.now());
    }
    for launch in shop.launches() {
        made[launch.merchant][usize::from(launch.upcoming)] += 1;
    }
    let count = |habit: Habit| {
        shop.merchants()
            .iter()
            .filter(|one| one.habit == habit)
            .count()
    };
    let habits = [
        Habit::Full,
        Habit::LikelyOnly,
        Habit::Silent,
        Habit::Newcomer,
    ];
    assert_eq!(habits.map(count), [30, 5, 3, 2]);
    for (position, merchant) in shop.merchants().iter().enumerate() {
        let [past, upcoming] = made[position];
        match merchant.habit {
            Habit::Newcomer => assert!(past == 0 && upcoming > 0),
            Habit::Silent => assert!(past > 0 && told[position] == 0),
            Habit::Full | Habit::LikelyOnly => assert!(past > 0 && told[position] > 0),
        }
    }
}

#[test]
fn who_knows_more_orders_better_and_demand_falls_where_its_distribution_says() {
    let shop = club();
    let informed = [
        Informed::Attributes,
        Informed::Estimate,
        Informed::Intensity,
    ];
    let mut costs = [0.0; 3];
    let mut within = [0.0; 3];
    let mut n = 0.0;
    for launch in (0..shop.launches().len()).step_by(7) {
        n += 1.0;
        let demand = shop.launches()[launch].demand;
        for (position, informed) in informed.into_iter().enumerate() {
            let distribution = shop.demand(launch, informed);
            let units = distribution.best_units(shop.launches()[launch].costs());
            assert_eq!(units, shop.best_units(launch, informed));
            costs[position] += shop.expected_cost(launch, units);
            let (low, high) = (distribution.quantile(0.1), distribution.quantile(0.9));
            within[position] += f64::from(u8::from(low <= demand && demand <= high));
        }
    }
    println!(
        "costs {costs:?}, within the middle 80 % {:?} of {n}",
        within.map(|w| w / n)
    );
    assert!(
        costs[0] > 1.1 * costs[1] && costs[1] > 1.1 * costs[2],
        "{costs:?}"
    );
    for share in within {
        // The ends count in: of few units a little more than 80 % lies between. The standard error is 0.027.
        assert!((share / n - 0.81).abs() < 0.1, "{}", share / n);
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
