//! Customer value: the literature's reference sample, planted truth, and a real seasonal shop.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, TimestampMicrosecondType};
use jiff::civil::{Date, date};
use models::value::{
    BgNbd, BgNbdParameters, Candidate, Choice, Fitted, GammaGamma, History, ParameterInterval,
    ParetoNbd, Score, Spend, Summary, TrialResult, choose, suitable_hold_out,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Verdict, read_text};
use crate::peer::Peer;

const DAYS_PER_WEEK: f64 = 7.0;
const CENTS_PER_DOLLAR: f64 = 100.0;
const CDNOW: &str = "cdnow/CDNOW_sample.txt";
const CDNOW_CALIBRATION_LAST_DAY: u32 = 272;
const CDNOW_HOLD_OUT_DAYS: u32 = 273;
const CDNOW_SPLIT: &str = "CDNOW sample, 2,357 customers: 1997-01-01 to 1997-09-30 learns";
const CDNOW_SPLIT_HELD: &str = "CDNOW sample, 2,357 customers: 1997-01-01 to 1997-09-30 learns and chooses, 1997-10-01 to 1998-06-30 judges";

pub(crate) static CDNOW_BGNBD: Case = Case {
    name: "cdnow_bgnbd",
    what: "BG/NBD fitted to the CDNOW sample: its log-likelihood in weeks",
    unit: "natural log units",
    bar: "-9582.4256 within 1e-3; r .242593, alpha 4.413531, a .792886, b 2.425754 within 1e-3",
    run: cdnow_bgnbd,
};

pub(crate) static CDNOW_PARETO_NBD: Case = Case {
    name: "cdnow_pareto_nbd",
    what: "Pareto/NBD fitted to the CDNOW sample: its log-likelihood in weeks",
    unit: "natural log units",
    bar: "-9594.9739 within 1e-3",
    run: cdnow_pareto_nbd,
};

pub(crate) static CDNOW_GAMMA_GAMMA: Case = Case {
    name: "cdnow_gamma_gamma",
    what: "Gamma-Gamma fitted to the 946 repeat buyers of the CDNOW sample: its log-likelihood in dollars",
    unit: "natural log units",
    bar: "p 6.2488, q 3.7446, v 15.4477 within 1e-2",
    run: cdnow_gamma_gamma,
};

pub(crate) static CDNOW_HOLDOUT: Case = Case {
    name: "cdnow_holdout",
    what: "Purchases per customer over the 39 weeks after, by the model chosen within the 39 weeks before",
    unit: "purchases, mean absolute error",
    bar: "MAE at most .755 and correlation at least .630",
    run: cdnow_holdout,
};

pub(crate) static VALUE_PLANTED_TRUTH: Case = Case {
    name: "value_planted_truth",
    what: "100 samples of 3,000 customers of the simulator's BG/NBD process: in how many the 95 % interval holds each parameter",
    unit: "% of samples, the worst of the four parameters",
    bar: "at least 90 of 100",
    run: planted_truth,
};

pub(crate) static VALUE_FIT_MILLION: Case = Case {
    name: "value_fit_million",
    what: "BG/NBD and Pareto/NBD fitted to a million customers drawn from a known BG/NBD, on days",
    unit: "s for both",
    bar: "under 60 s",
    run: fit_million,
};

pub(crate) static UCI_VALUE: Case = Case {
    name: "uci_value",
    what: "Purchase days per customer of a seasonal wholesaler over 343 days, by the model chosen within the 13 months before",
    unit: "correlation over customers",
    bar: "correlation at least .84 and total within 15 %",
    run: uci_value,
};

/// Dollars of each day with a purchase, by customer.
type Cdnow = BTreeMap<u32, BTreeMap<Date, f64>>;

fn cdnow(path: &Path) -> anyhow::Result<Cdnow> {
    let mut customers = Cdnow::new();
    for line in read_text(path)?.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[_, customer, day, _, dollars] = fields.as_slice() else {
            bail!("line `{line}` of {}: expected five fields", path.display());
        };
        let bought = Date::strptime("%Y%m%d", day)?;
        *customers
            .entry(customer.parse()?)
            .or_default()
            .entry(bought)
            .or_insert(0.0) += dollars.parse::<f64>()?;
    }
    Ok(customers)
}

fn cdnow_history(customers: &Cdnow) -> anyhow::Result<History> {
    let dates: Vec<Vec<Date>> = customers
        .values()
        .map(|days| days.keys().copied().collect())
        .collect();
    Ok(History::new(date(1997, 1, 1), date(1998, 6, 30), &dates)?)
}

/// The calibration period of the sample, and what turns a log-likelihood per day into one per week.
fn calibration(path: &Path) -> anyhow::Result<(Vec<Summary>, f64)> {
    let exact = cdnow_history(&cdnow(path)?)?
        .until(CDNOW_CALIBRATION_LAST_DAY)
        .history
        .summaries();
    let summaries: Vec<Summary> = exact.into_iter().map(in_published_weeks).collect();
    let repeats: f64 = summaries
        .iter()
        .map(|past| f64::from(past.repeat_purchases))
        .sum();
    Ok((summaries, repeats * DAYS_PER_WEEK.ln()))
}

/// The published figures were computed from weeks rounded to two decimals.
fn in_published_weeks(past: Summary) -> Summary {
    let rounded = |days: f64| (days / DAYS_PER_WEEK * 100.0).round() / 100.0 * DAYS_PER_WEEK;
    Summary {
        recency_days: rounded(past.recency_days),
        age_days: rounded(past.age_days),
        ..past
    }
}

fn near(pairs: &[(f64, f64)], tolerance: f64) -> bool {
    pairs
        .iter()
        .all(|(found, expected)| (found - expected).abs() <= tolerance)
}

fn cdnow_bgnbd(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(CDNOW) else {
        return Ok(NO_DATA);
    };
    let (summaries, per_week) = calibration(&path)?;
    let began = Instant::now();
    let model = BgNbd::fit(&summaries)?;
    let seconds = began.elapsed().as_secs_f64();
    let found = model.parameters();
    let alpha_weeks = found.alpha_days / DAYS_PER_WEEK;
    let value = model.convergence().log_likelihood + per_week;
    let close = near(
        &[
            (found.r, 0.242_593),
            (alpha_weeks, 4.413_531),
            (found.a, 0.792_886),
            (found.b, 2.425_754),
            (value, -9582.4256),
        ],
        1e-3,
    );
    Ok(Outcome::Measured(Measured {
        value,
        verdict: Verdict::of(close),
        peer: Peer::ask(ctx, "value.py", &["bgnbd"]),
        split: CDNOW_SPLIT,
        note: format!(
            "r {:.6}, alpha {alpha_weeks:.6} weeks, a {:.6}, b {:.6}; {} iterations, {seconds:.3} s.",
            found.r,
            found.a,
            found.b,
            model.convergence().iterations
        ),
        child: None,
    }))
}

fn cdnow_pareto_nbd(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(CDNOW) else {
        return Ok(NO_DATA);
    };
    let (summaries, per_week) = calibration(&path)?;
    let began = Instant::now();
    let model = ParetoNbd::fit(&summaries)?;
    let seconds = began.elapsed().as_secs_f64();
    let found = model.parameters();
    let value = model.convergence().log_likelihood + per_week;
    Ok(Outcome::Measured(Measured {
        value,
        verdict: Verdict::of(near(&[(value, -9594.9739)], 1e-3)),
        peer: Peer::ask(ctx, "value.py", &["pareto_nbd"]),
        split: CDNOW_SPLIT,
        note: format!(
            "r {:.6}, alpha {:.6} weeks, s {:.6}, beta {:.6} weeks; {} iterations, {seconds:.3} s.",
            found.r,
            found.alpha_days / DAYS_PER_WEEK,
            found.s,
            found.beta_days / DAYS_PER_WEEK,
            model.convergence().iterations
        ),
        child: None,
    }))
}

fn cdnow_gamma_gamma(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(CDNOW) else {
        return Ok(NO_DATA);
    };
    let customers = cdnow(&path)?;
    let spends: Vec<Spend> = customers.values().map(repeat_spend).collect();
    let buyers = spends.iter().filter(|spend| spend.orders > 0).count() as f64;
    let model = GammaGamma::fit(&spends)?;
    let found = model.parameters();
    let v_dollars = found.v_cents / CENTS_PER_DOLLAR;
    let close = near(
        &[(found.p, 6.2488), (found.q, 3.7446), (v_dollars, 15.4477)],
        1e-2,
    );
    Ok(Outcome::Measured(Measured {
        value: model.convergence().log_likelihood + buyers * CENTS_PER_DOLLAR.ln(),
        verdict: Verdict::of(close),
        peer: Peer::ask(ctx, "value.py", &["gamma_gamma"]),
        split: CDNOW_SPLIT,
        note: format!(
            "p {:.5}, q {:.5}, v {v_dollars:.5} dollars; correlation of orders and mean order {:.3}.",
            found.p,
            found.q,
            model.frequency_correlation().unwrap_or(f64::NAN)
        ),
        child: None,
    }))
}

/// Repeat orders within the calibration period, as the published fit counts them.
fn repeat_spend(days: &BTreeMap<Date, f64>) -> Spend {
    let last = date(1997, 9, 30);
    let dollars: Vec<f64> = days
        .iter()
        .skip(1)
        .filter(|(day, _)| **day <= last)
        .map(|(_, paid)| *paid)
        .collect();
    Spend {
        orders: u32::try_from(dollars.len()).unwrap_or(u32::MAX),
        mean_order_cents: CENTS_PER_DOLLAR * dollars.iter().sum::<f64>()
            / dollars.len().max(1) as f64,
    }
}

fn cdnow_holdout(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(CDNOW) else {
        return Ok(NO_DATA);
    };
    let whole = cdnow_history(&cdnow(&path)?)?;
    let judged = judge(&whole, CDNOW_CALIBRATION_LAST_DAY, CDNOW_HOLD_OUT_DAYS)?;
    let score = judged.score;
    let correlation = score.correlation.unwrap_or(f64::NAN);
    Ok(Outcome::Measured(Measured {
        value: score.mae,
        verdict: Verdict::of(score.mae <= 0.755 && correlation >= 0.630),
        peer: Peer::ask(ctx, "value.py", &["holdout"]),
        split: CDNOW_SPLIT_HELD,
        note: judged.note,
        child: None,
    }))
}

/// A choice made on the past and its score on the future.
struct Judged {
    score: Score,
    note: String,
}

fn judge(whole: &History, last_day: u32, days: u32) -> anyhow::Result<Judged> {
    let past = whole.until(last_day);
    let choice = choose(&past.history, suitable_hold_out(&past.history))?;
    let actual: Vec<f64> = past
        .customers
        .iter()
        .map(|&customer| f64::from(whole.purchases_after(customer, last_day)))
        .collect();
    let score_of =
        |fitted: &Fitted| Score::of(&fitted.expected_purchases(&past.history, days), &actual);
    let score = score_of(&choice.fitted);
    let mut note = format!("Chosen: {:?} ({}).", choice.chosen, trials(&choice));
    for candidate in [
        Candidate::BgNbd,
        Candidate::ParetoNbd,
        Candidate::SeasonalBgNbd,
    ] {
        match Fitted::fit(candidate, &past.history) {
            Ok(fitted) => note.push_str(&format!(
                " {candidate:?}: {}.",
                in_words(&score_of(&fitted))
            )),
            Err(error) => note.push_str(&format!(" {candidate:?}: {error}.")),
        }
    }
    Ok(Judged { score, note })
}

fn trials(choice: &Choice) -> String {
    let parts: Vec<String> = choice
        .trials
        .iter()
        .map(|trial| match &trial.result {
            TrialResult::Scored(score) => format!("{:?} MAE {:.4}", trial.candidate, score.mae),
            TrialResult::NotFitted(error) => format!("{:?} not fitted: {error}", trial.candidate),
        })
        .collect();
    format!("inner hold-out {:?}: {}", choice.held_out, parts.join(", "))
}

fn in_words(score: &Score) -> String {
    format!(
        "{} customers, {:.0} predicted for {:.0} ({:+.1} %), MAE {:.4}, RMSE {:.4}, correlation {:.4}",
        score.customers,
        score.predicted_total,
        score.actual_total,
        100.0 * score.total_error().unwrap_or(f64::NAN),
        score.mae,
        score.rmse,
        score.correlation.unwrap_or(f64::NAN)
    )
}

const TRUTH: BgNbdParameters = BgNbdParameters {
    r: 0.8,
    alpha_days: 40.0,
    a: 0.7,
    b: 3.0,
};

/// Customers drawn from the truth, who arrive over 200 days and are watched until day 500.
///
/// Purchases are on whole days.
fn drawn(customers: u32, seed: u64) -> Vec<Summary> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let newcomer = TRUTH.newcomer();
    (0..customers)
        .map(|customer| {
            let age_days = 300.0 + f64::from(customer % 200);
            let mut times = newcomer.draw(age_days, &mut rng);
            times
                .iter_mut()
                .for_each(|time| *time = time.ceil().min(age_days));
            times.dedup();
            Summary {
                repeat_purchases: u32::try_from(times.len()).unwrap_or(u32::MAX),
                recency_days: times.last().copied().unwrap_or(0.0),
                age_days,
            }
        })
        .collect()
}

/// Customers of the simulator's process with the same truth, watched for 300 to 500 days.
///
/// The simulator does not know the model: it plays each purchase and each leaving on its own.
fn simulated(customers: usize, seed: u64) -> anyhow::Result<Vec<Summary>> {
    let process = simulator::BgNbd {
        r: TRUTH.r,
        alpha_days: TRUTH.alpha_days,
        a: TRUTH.a,
        b: TRUTH.b,
    };
    let lives = simulator::purchases_bgnbd(customers, &process, 300.0..=500.0, seed)?;
    let summary = |life: simulator::PurchaseSummary| Summary {
        repeat_purchases: life.repeats,
        recency_days: life.recency_days,
        age_days: life.age_days,
    };
    Ok(lives.into_iter().map(summary).collect())
}

fn planted_truth(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let samples: u32 = ctx.pick(10, 100);
    let truth = [TRUTH.r, TRUTH.alpha_days, TRUTH.a, TRUTH.b];
    let (mut inside, mut all_inside) = ([0_u32; 4], 0_u32);
    for sample in 0..samples {
        let model = BgNbd::fit(&simulated(3000, ctx.seed * 1000 + u64::from(sample))?)?;
        let mut all = true;
        for (index, (parameter, truth)) in model.parameter_intervals().iter().zip(truth).enumerate()
        {
            let holds = match parameter.interval {
                ParameterInterval::Measured { low, high, .. } => low <= truth && truth <= high,
                ParameterInterval::LikelihoodIsFlat => false,
            };
            inside[index] += u32::from(holds);
            all &= holds;
        }
        all_inside += u32::from(all);
    }
    let worst = 100.0 * f64::from(inside.into_iter().min().unwrap_or(0)) / f64::from(samples);
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::at_full_size(ctx, worst >= 90.0),
        peer: Peer::none("the claim is about the product's own intervals"),
        split: "drawn by the simulator: r .8, alpha 40 days, a .7, b 3; 300 to 500 days observed",
        note: format!(
            "r, alpha, a, b inside in {inside:?} of {samples}; all four at once in {all_inside}."
        ),
        child: None,
    }))
}

fn fit_million(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let customers = ctx.pick(20_000, 1_000_000);
    let summaries = drawn(customers, ctx.seed);
    let began = Instant::now();
    let bg_nbd = BgNbd::fit(&summaries)?;
    let after_first = began.elapsed().as_secs_f64();
    let pareto = ParetoNbd::fit(&summaries)?;
    let value = began.elapsed().as_secs_f64();
    Ok(Outcome::Measured(Measured {
        value,
        verdict: Verdict::at_full_size(ctx, value < 60.0),
        peer: Peer::none("none asked: lifetimes groups nothing and is frozen"),
        split: "drawn from the model: r .8, alpha 40 days, a .7, b 3; 300 to 499 days observed, purchases on whole days",
        note: format!(
            "{customers} customers; BG/NBD {after_first:.2} s in {} iterations, Pareto/NBD {:.2} s in {}.",
            bg_nbd.convergence().iterations,
            value - after_first,
            pareto.convergence().iterations
        ),
        child: None,
    }))
}

const UCI: &str = "uci_online_retail/online_retail_2y.parquet";
const UCI_START: Date = date(2009, 12, 1);
const UCI_END: Date = date(2011, 12, 9);
const UCI_FITTED_LAST_DAY: u32 = 395;
const UCI_HOLD_OUT_DAYS: u32 = 343;
const UCI_CUSTOMERS: usize = 4342;

fn uci_value(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(UCI) else {
        return Ok(NO_DATA);
    };
    let whole = uci_history(&path)?;
    let known = whole.until(UCI_FITTED_LAST_DAY).history.customers();
    ensure!(
        known == UCI_CUSTOMERS,
        "{known} customers by 2010-12-31, expected {UCI_CUSTOMERS}"
    );
    let judged = judge(&whole, UCI_FITTED_LAST_DAY, UCI_HOLD_OUT_DAYS)?;
    let correlation = judged.score.correlation.unwrap_or(f64::NAN);
    let total_error = judged.score.total_error().unwrap_or(f64::NAN);
    Ok(Outcome::Measured(Measured {
        value: correlation,
        verdict: Verdict::of(correlation >= 0.84 && total_error.abs() <= 0.15),
        peer: Peer::ask(ctx, "value.py", &["uci"]),
        split: "UCI Online Retail II, one purchase a day: 2009-12-01 to 2010-12-31 learns and chooses, to 2011-12-09 judges",
        note: judged.note,
        child: None,
    }))
}

/// Days with a sale to a known customer, of lines that are no cancellation and have quantity and price above zero.
fn uci_history(path: &Path) -> anyhow::Result<History> {
    let file = fs_err::File::open(path)?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.into_parts().0)?.build()?;
    let mut customers: BTreeMap<i32, BTreeSet<i64>> = BTreeMap::new();
    for batch in reader {
        add_sales(&batch?, &mut customers)?;
    }
    let dates: Vec<Vec<Date>> = customers
        .values()
        .map(|days| {
            days.iter()
                .map(|&day| UNIX_EPOCH.saturating_add(jiff::Span::new().days(day)))
                .collect()
        })
        .collect();
    Ok(History::new(UCI_START, UCI_END, &dates)?)
}

const UNIX_EPOCH: Date = date(1970, 1, 1);
const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

fn add_sales(
    batch: &RecordBatch,
    customers: &mut BTreeMap<i32, BTreeSet<i64>>,
) -> anyhow::Result<()> {
    let column = |name: &str| {
        batch
            .column_by_name(name)
            .with_context(|| format!("no column {name}"))
    };
    let invoices = column("InvoiceNo")?.as_string::<i64>();
    let quantities = column("Quantity")?.as_primitive::<Int32Type>();
    let moments = column("InvoiceDate")?.as_primitive::<TimestampMicrosecondType>();
    let prices = column("UnitPrice")?.as_primitive::<Float64Type>();
    let buyers = column("CustomerID")?.as_primitive::<Int32Type>();
    for row in 0..batch.num_rows() {
        let cancelled = invoices.value(row).starts_with('C');
        if buyers.is_valid(row)
            && !cancelled
            && quantities.value(row) > 0
            && prices.value(row) > 0.0
        {
            let day = moments.value(row).div_euclid(MICROSECONDS_PER_DAY);
            customers.entry(buyers.value(row)).or_default().insert(day);
        }
    }
    Ok(())
}
