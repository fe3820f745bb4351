//! Segmentation on two years of a real gift wholesaler.

use std::collections::BTreeMap;
use std::path::PathBuf;

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use models::segments::{
    Params, Place, Placed, Rfm, ScoreSegments, explained_variance, fit, migration,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// 2010-12-01, 2011-06-01, 2011-07-01 and 2011-12-09 as days since 1970.
const START: i64 = 14_944;
const JUNE: i64 = 15_126;
const JULY: i64 = 15_156;
const END: i64 = 15_317;

/// One paid line: customer, invoice, day, cents.
type Line = (i64, String, i64, i64);

/// Lines with a customer, a positive quantity and price, and no cancellation.
fn paid_lines(folder: PathBuf) -> Vec<Line> {
    let file = std::fs::File::open(folder.join("uci_online_retail/online_retail_2y.parquet"));
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file.expect("the sales file is in the folder"))
            .expect("the file is Parquet")
            .build()
            .expect("the file can be read");
    let mut lines = Vec::new();
    for batch in reader {
        let batch = batch.expect("every part can be read");
        let column = |name: &str, to: &DataType| {
            let found = batch.column_by_name(name).expect("the column exists");
            cast(found, to).expect("the column has the type that its description says")
        };
        let customers = column("CustomerID", &DataType::Int64);
        let customers = customers.as_primitive::<Int64Type>();
        let invoices = column("InvoiceNo", &DataType::Utf8);
        let invoices = invoices.as_string::<i32>();
        let dates = column(
            "InvoiceDate",
            &DataType::Timestamp(TimeUnit::Microsecond, None),
        );
        let dates = dates.as_primitive::<TimestampMicrosecondType>();
        let quantities = column("Quantity", &DataType::Int64);
        let quantities = quantities.as_primitive::<Int64Type>();
        let prices = column("UnitPrice", &DataType::Float64);
        let prices = prices.as_primitive::<Float64Type>();
        for i in 0..batch.num_rows() {
            let cancelled = invoices.value(i).starts_with('C');
            let (quantity, price) = (quantities.value(i), prices.value(i));
            if customers.is_valid(i) && !cancelled && quantity > 0 && price > 0.0 {
                let cents = (price * quantity as f64 * 100.0).round() as i64;
                let day = dates.value(i).div_euclid(MICROS_PER_DAY);
                lines.push((customers.value(i), invoices.value(i).to_owned(), day, cents));
            }
        }
    }
    lines
}

/// Recency, orders and spend per customer over the twelve months before a day.
fn at(lines: &[Line], as_of: i64) -> BTreeMap<i64, Rfm> {
    let mut seen: BTreeMap<i64, (i64, std::collections::BTreeSet<&str>, i64)> = BTreeMap::new();
    for (customer, invoice, day, cents) in lines {
        if *day < as_of && *day >= as_of - 365 {
            let entry = seen
                .entry(*customer)
                .or_insert((*day, Default::default(), 0));
            entry.0 = entry.0.max(*day);
            entry.1.insert(invoice);
            entry.2 += cents;
        }
    }
    seen.into_iter()
        .map(|(customer, (last, invoices, spend_cents))| {
            let rfm = Rfm {
                recency_days: (as_of - last) as f64,
                orders: invoices.len() as u32,
                spend_cents,
            };
            (customer, rfm)
        })
        .collect()
}

fn numbers(placed: &[Placed]) -> Vec<usize> {
    placed
        .iter()
        .map(|p| match p {
            Placed::Segment(s) => *s,
            Placed::Not(reason) => panic!("{reason}"),
        })
        .collect()
}

#[test]
fn real_segments_are_reproducible_and_tighter_than_score_segments() {
    let Some(folder) = std::env::var_os("COMPTOIR_DATA") else {
        println!("skipped: COMPTOIR_DATA is not set");
        return;
    };
    let lines = paid_lines(folder.into());
    assert!(lines.iter().any(|l| l.2 >= START) && lines.iter().all(|l| l.2 <= END));
    let june = at(&lines, JUNE);
    let customers: Vec<Rfm> = june.values().copied().collect();
    let found = fit(&customers, &Params::default(), 1).unwrap();
    println!(
        "{} customers, {} segments: {}",
        customers.len(),
        found.choice.k,
        found.choice.because
    );
    for tried in &found.choice.tried {
        println!("  {tried:?}");
    }
    for profile in &found.profiles {
        println!("{profile:?}");
        for rule in found
            .rules
            .rules
            .iter()
            .filter(|r| r.segment == profile.segment)
        {
            println!("    {rule} ({} of {})", rule.agreeing, rule.customers);
        }
        println!("    {:?}", found.rules.by_segment[profile.segment]);
    }
    println!(
        "fidelity {} of {} rules",
        found.rules.fidelity,
        found.rules.rules.len()
    );

    // What the segments say of spend in the following months, which they have not seen.
    let mut next: BTreeMap<i64, i64> = BTreeMap::new();
    for (customer, _, day, cents) in &lines {
        if *day >= JUNE {
            *next.entry(*customer).or_default() += cents;
        }
    }
    let log_spend: Vec<[f64; 1]> = june
        .keys()
        .map(|c| [(next.get(c).copied().unwrap_or(0) as f64 / 100.0).ln_1p()])
        .collect();
    let ours = explained_variance(&numbers(&found.place(&customers)), &log_spend).unwrap();
    let scores = ScoreSegments::learn(&customers, found.choice.k);
    let groups: Vec<usize> = customers
        .iter()
        .map(|c| scores.segment(c).unwrap())
        .collect();
    let baseline = explained_variance(&groups, &log_spend).unwrap();
    println!("next spend: clusters {ours:.4}, score segments {baseline:.4}");
    println!(
        "logs: clusters {:.4}, baseline {:?}",
        found.explained_variance_logs, found.baseline
    );

    let july = at(&lines, JULY);
    let everybody: std::collections::BTreeSet<i64> =
        june.keys().chain(july.keys()).copied().collect();
    let place = |month: &BTreeMap<i64, Rfm>| -> Vec<Place> {
        everybody
            .iter()
            .map(|c| match month.get(c) {
                Some(rfm) => Place::from(&found.place(&[*rfm])[0]),
                None => Place::Outside,
            })
            .collect()
    };
    let moves = migration(&place(&june), &place(&july), found.choice.k).unwrap();
    println!("{moves:?}");

    assert!(found.choice.tried.iter().any(|t| t.stability.mean > 0.7));
    assert!(found.explained_variance_logs > found.baseline.explained_variance_logs);
    assert!(moves.stayed_share.unwrap() > 0.6);
    assert_eq!(
        moves.counts.iter().flatten().sum::<u64>(),
        everybody.len() as u64
    );
    let best = &found.profiles[0];
    assert!(best.revenue_share > best.customers_share, "{best:?}");
}
