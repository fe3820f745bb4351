use std::collections::BTreeMap;

use simulator::{Grocery, GroceryShop, RawFile, ShopError};

/// Discount for each customer and month, in currency.
const BUDGET: f64 = 1.5;

fn small() -> Grocery {
    Grocery {
        customers: 600,
        ..Grocery::default()
    }
}

fn all_files(grocery: &Grocery) -> Vec<RawFile> {
    let shop = GroceryShop::new(grocery).unwrap();
    let mut files = shop.before();
    let (arms, assignments) = shop.pilot();
    files.push(assignments);
    files.push(shop.month(1, &arms).unwrap());
    files.push(shop.month(2, &arms).unwrap());
    files
}

fn rows(file: &RawFile) -> Vec<csv::StringRecord> {
    let mut reader = csv::Reader::from_reader(file.bytes.as_slice());
    let rows: Vec<_> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len() as u64, file.rows, "{}", file.path);
    rows
}

fn cents(cell: &str) -> i64 {
    let (whole, part) = cell.split_once('.').unwrap();
    assert_eq!(part.len(), 2, "{cell}");
    whole.parse::<i64>().unwrap() * 100 + part.parse::<i64>().unwrap()
}

#[test]
fn the_same_grocery_gives_the_same_bytes_and_another_seed_others() {
    let first = all_files(&small());
    assert_eq!(first, all_files(&small()));
    let other = all_files(&Grocery { seed: 2, ..small() });
    for (one, two) in first.iter().zip(&other) {
        assert_eq!(one.path, two.path);
        assert_ne!(one.bytes, two.bytes, "{}", one.path);
    }
}

#[test]
fn a_customer_is_moved_by_their_own_arm_only() {
    let shop = GroceryShop::new(&small()).unwrap();
    let without = |card: &str, arms: &[usize]| -> Vec<Vec<String>> {
        rows(&shop.month(1, arms).unwrap())
            .iter()
            .filter(|row| &row[3] != card)
            .map(|row| row.iter().skip(1).map(str::to_owned).collect())
            .collect()
    };
    let mut arms = vec![0; 600];
    let before = without("g000007", &arms);
    arms[7] = 2;
    assert_eq!(before, without("g000007", &arms));
}

#[test]
fn files_are_those_of_a_shop() {
    let files = all_files(&small());
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let named = [
        "raw/customers.csv",
        "raw/products.csv",
        "raw/offers.csv",
        "raw/sales-0.csv",
        "raw/assignments.csv",
        "raw/sales-1.csv",
        "raw/sales-2.csv",
    ];
    assert_eq!(paths, named);
    assert_eq!(files[0].rows, 600);
    assert_eq!(files[1].rows, 64);
    let offers = rows(&files[2]);
    let offer = |position: usize| offers[position].iter().collect::<Vec<_>>();
    // 36 months of 28 days from 2025-03-31 on.
    let valid = ["2025-03-31", "2028-01-02"];
    assert_eq!(offer(0)[..4], ["amount5", "amount", "5.00", "5.00"]);
    assert!(offers.iter().all(|row| [&row[5], &row[6]] == valid));
    assert_eq!(offer(1)[..3], ["percent10", "percentage", "10"]);
    assert_eq!(offer(2)[..3], ["points", "points", "3"]);
    let for_whom = ["", "", "customer.orders >= 2"];
    let told: Vec<_> = offers.iter().map(|row| [&row[4], &row[7]]).collect();
    assert_eq!(told, for_whom.map(|condition| ["0.00", condition]));
    let drawn = &rows(&files[4])[0];
    assert_eq!(&drawn[0], "pilot");
    assert_eq!(&drawn[2], "2025-03-31 00:00:00");
    let probabilities = "{\"none\":0.4,\"amount5\":0.2,\"percent10\":0.2,\"points\":0.2}";
    assert_eq!(&drawn[4], probabilities);
}

#[test]
fn sales_lie_within_their_period_and_the_opening_hours_and_tickets_are_unique() {
    let files = all_files(&small());
    let periods = [
        (3, "2025-01-06", "2025-03-31"),
        (5, "2025-03-31", "2025-04-28"),
        (6, "2025-04-28", "2025-05-26"),
    ];
    let mut lines: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (file, from, until) in periods {
        let mut previous = String::new();
        for row in rows(&files[file]) {
            let time = &row[2];
            assert!(from <= time && time < until, "{time}");
            assert!(("08:00:00".."21:00:00").contains(&&time[11..]), "{time}");
            assert!(previous.as_str() <= time, "{time} follows {previous}");
            previous = time.to_owned();
            let value = cents(&row[6]) * row[5].parse::<i64>().unwrap();
            assert!((0..=value).contains(&cents(&row[7])), "{row:?}");
            let ticket = lines.entry(row[0].to_owned()).or_default();
            ticket.push(value);
            assert_eq!(row[1].parse::<usize>().unwrap(), ticket.len(), "{row:?}");
        }
    }
    for (ticket, values) in lines {
        assert!(values.len() >= 3, "{ticket}");
        assert!(values.iter().sum::<i64>() >= 600, "{ticket}");
    }
}

#[test]
fn an_amount_is_redeemed_once_at_the_first_trip_and_to_the_cent() {
    let shop = GroceryShop::new(&small()).unwrap();
    let file = shop.month(1, &[1; 600]).unwrap();
    let mut first: BTreeMap<String, (String, i64)> = BTreeMap::new();
    for row in rows(&file) {
        let (ticket, discount) = first
            .entry(row[3].to_owned())
            .or_insert((row[0].to_owned(), 0));
        if *ticket == row[0] {
            *discount += cents(&row[7]);
        } else {
            assert_eq!(&row[7], "0.00", "{row:?}");
        }
    }
    assert!(first.len() > 300);
    assert!(first.values().all(|(_, discount)| *discount == 500));
}

/// Revenue, margin and discount of each customer in `file`, in currency.
fn realised(file: &RawFile, costs: &BTreeMap<String, i64>, customers: usize) -> Vec<[f64; 3]> {
    let mut sums = vec![[0_i64; 3]; customers];
    for row in rows(file) {
        let units: i64 = row[5].parse().unwrap();
        let (value, discount) = (units * cents(&row[6]), cents(&row[7]));
        let sum = &mut sums[row[3][1..].parse::<usize>().unwrap()];
        sum[0] += value - discount;
        sum[1] += value - units * costs[&row[4]] - discount;
        sum[2] += discount;
    }
    sums.iter()
        .map(|sum| sum.map(|cents| cents as f64 / 100.0))
        .collect()
}

#[test]
fn what_happens_is_what_is_expected_under_every_arm() {
    let grocery = Grocery {
        customers: 20_000,
        ..Grocery::default()
    };
    let shop = GroceryShop::new(&grocery).unwrap();
    let n = shop.customers().len();
    let products = &shop.before()[1];
    let costs: BTreeMap<String, i64> = rows(products)
        .iter()
        .map(|row| (row[0].to_owned(), cents(&row[4])))
        .collect();
    for (arm, name) in GroceryShop::arms().iter().enumerate() {
        let file = shop.month(1, &vec![arm; n]).unwrap();
        let realised = realised(&file, &costs, n);
        for (measure, what) in ["revenue", "margin", "discount"].iter().enumerate() {
            // The gap of each customer, not the sum: how much customers differ cancels. 4 standard errors are about 3 % of
            // the revenue or the margin and 2 % to 4 % of the discount.
            let gaps: Vec<f64> = realised
                .iter()
                .enumerate()
                .map(|(customer, sums)| {
                    let expected = shop.expected(customer, arm);
                    let expected = [expected.revenue, expected.margin, expected.discount];
                    sums[measure] - expected[measure]
                })
                .collect();
            let mean = gaps.iter().sum::<f64>() / n as f64;
            let square = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>();
            let error = (square / n as f64 / n as f64).sqrt();
            println!("{name} {what}: gap {mean:.4}, standard error {error:.4}");
            assert!(mean.abs() <= 4.0 * error, "{name} {what}: {mean} ± {error}");
        }
    }
}

/// Effects on the margin and discounts of the offers, customer by customer.
fn offers_of(shop: &GroceryShop) -> Vec<[(f64, f64); 3]> {
    (0..shop.customers().len())
        .map(|customer| {
            let control = shop.expected(customer, 0).margin;
            [1, 2, 3].map(|arm| {
                let expected = shop.expected(customer, arm);
                (expected.margin - control, expected.discount)
            })
        })
        .collect()
}

/// Margin of the best arms for `budget` of discounts in all: the steps from offer to better offer of every customer are
/// taken by what they earn for a unit of discount, as long as the budget lasts.
fn oracle(offers: &[[(f64, f64); 3]], budget: f64) -> f64 {
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for customer in offers {
        let mut at = (0.0, 0.0);
        loop {
            let better = customer
                .iter()
                .filter(|offer| offer.0 > at.0 && offer.1 > at.1)
                .max_by(|one, two| slope(at, **one).total_cmp(&slope(at, **two)));
            let Some(&offer) = better else { break };
            steps.push((offer.0 - at.0, offer.1 - at.1));
            at = offer;
        }
    }
    steps.sort_by(|one, two| (two.0 / two.1).total_cmp(&(one.0 / one.1)));
    let (mut earned, mut left) = (0.0, budget);
    for (gain, discount) in steps {
        if discount > left {
            break;
        }
        earned += gain;
        left -= discount;
    }
    earned
}

fn slope(from: (f64, f64), to: (f64, f64)) -> f64 {
    (to.0 - from.0) / (to.1 - from.1)
}

#[test]
fn offers_pay_on_some_and_the_oracle_earns_several_times_the_best_offer_for_all() {
    for seed in 1..=4 {
        let shop = GroceryShop::new(&Grocery {
            seed,
            ..Grocery::default()
        })
        .unwrap();
        let offers = offers_of(&shop);
        let n = offers.len() as f64;
        let control = (0..offers.len()).map(|customer| shop.expected(customer, 0).margin);
        println!(
            "seed {seed}: margin of none {:.3}",
            control.sum::<f64>() / n
        );
        let (mut best, mut best_in_budget) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (position, name) in GroceryShop::arms()[1..].iter().enumerate() {
            let of = || offers.iter().map(|customer| customer[position]);
            let effect = of().map(|offer| offer.0).sum::<f64>() / n;
            let discount = of().map(|offer| offer.1).sum::<f64>() / n;
            let pays = of().filter(|offer| offer.0 > 0.0).count() as f64 / n;
            println!("{name}: effect {effect:.3}, discount {discount:.3}, pays on {pays:.3}");
            assert!((0.15..=0.5).contains(&pays), "{name} pays on {pays}");
            best = best.max(effect);
            // Given to as many customers, drawn by chance, as the budget allows.
            best_in_budget = best_in_budget.max(effect * (BUDGET / discount).min(1.0));
        }
        let oracle = oracle(&offers, BUDGET * n) / n;
        println!("oracle {oracle:.3}, best for all {best:.3}, in budget {best_in_budget:.3}");
        assert!((-0.3..=0.4).contains(&best), "best offer for all: {best}");
        assert!(oracle > 1.0, "oracle: {oracle}");
        assert!(oracle > 5.0 * best.max(0.0), "{oracle} against {best}");
    }
}

/// What the history shows of each customer: tickets of its first and of its second half, and units of a ticket, coarsely.
fn shown(shop: &GroceryShop) -> Vec<[usize; 3]> {
    let mut tickets = vec![[0_usize; 2]; shop.customers().len()];
    let mut units = vec![0_usize; tickets.len()];
    for row in rows(&shop.before()[3]) {
        let customer: usize = row[3][1..].parse().unwrap();
        // The middle of 84 days from 2025-01-06 on.
        let late = usize::from(&row[2] >= "2025-02-17");
        tickets[customer][late] += usize::from(&row[1] == "1");
        units[customer] += row[5].parse::<usize>().unwrap();
    }
    let of = |([early, late], units): ([usize; 2], usize)| {
        let per_ticket = units.checked_div(early + late).unwrap_or(0);
        [early.min(5), late.min(5), per_ticket.clamp(4, 9)]
    };
    tickets.into_iter().zip(units).map(of).collect()
}

#[test]
fn the_history_tells_a_part_of_who_answers_to_an_offer() {
    let shop = GroceryShop::new(&Grocery::default()).unwrap();
    let offers = offers_of(&shop);
    let budget = BUDGET * offers.len() as f64;
    let shown = shown(&shop);
    let mut groups: BTreeMap<[usize; 3], [(f64, f64); 3]> = BTreeMap::new();
    for (group, customer) in shown.iter().zip(&offers) {
        let sums = groups.entry(*group).or_default();
        for (sum, offer) in sums.iter_mut().zip(customer) {
            *sum = (sum.0 + offer.0, sum.1 + offer.1);
        }
    }
    // One offer for a whole group: who knows the group only can do no better.
    let groups: Vec<_> = groups.into_values().collect();
    let told = oracle(&groups, budget) / oracle(&offers, budget);
    println!("the history tells {told:.3} of what the oracle earns");
    assert!((0.3..0.9).contains(&told), "{told}");
}

#[test]
fn impossible_groceries_months_and_arms_are_refused_by_name() {
    let refused = |grocery: Grocery| GroceryShop::new(&grocery).unwrap_err().to_string();
    let text = refused(Grocery {
        customers: 10,
        ..small()
    });
    assert!(
        text.contains("`customers` is 10, allowed 500 to 200000"),
        "{text}"
    );
    let text = refused(Grocery {
        history_days: 0,
        ..small()
    });
    assert!(text.contains("`history_days` is 0"), "{text}");
    let text = refused(Grocery {
        month_days: 100,
        ..small()
    });
    assert!(text.contains("`month_days` is 100"), "{text}");
    let start = jiff::civil::date(1066, 10, 14);
    assert!(refused(Grocery { start, ..small() }).contains("`start` is 1066-10-14"));

    let shop = GroceryShop::new(&small()).unwrap();
    for month in [0, 37] {
        let text = shop.month(month, &[0; 600]).unwrap_err().to_string();
        assert!(text.contains("allowed 1 to 36"), "{text}");
    }
    let short = shop.month(1, &[0; 599]).unwrap_err();
    assert!(matches!(
        short,
        ShopError::Arms {
            found: 599,
            customers: 600
        }
    ));
    let mut arms = vec![0; 600];
    arms[3] = 4;
    let unknown = shop.month(1, &arms).unwrap_err().to_string();
    assert!(
        unknown.contains("customer 3 is 4, allowed 0 to 3"),
        "{unknown}"
    );
}
