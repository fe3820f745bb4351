use simulator::{FlashSales, FlashSalesShop, Habit, Informed};

use crate::flash_sales::club;

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
