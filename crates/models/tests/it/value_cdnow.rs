//! Customer value on the reference sample of the literature; needs the folder named by `COMPTOIR_DATA`.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use models::value::{
    BgNbd, Candidate, GammaGamma, History, ParetoNbd, Score, Spend, Summary, choose,
    suitable_hold_out,
};

const DAYS_PER_WEEK: f64 = 7.0;
const CENTS_PER_DOLLAR: f64 = 100.0;

/// Amount in dollars of each day with a purchase, by customer.
type Sample = BTreeMap<u32, BTreeMap<Date, f64>>;

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn sample() -> Option<Sample> {
    let Some(folder) = std::env::var_os("COMPTOIR_DATA") else {
        println!("skipped: COMPTOIR_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("cdnow/CDNOW_sample.txt");
    let mut sample = Sample::new();
    for line in std::fs::read_to_string(&path).expect("the sample").lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let day: i32 = fields[2].parse().expect("a day");
        let bought = date(
            (day / 10_000) as i16,
            (day / 100 % 100) as i8,
            (day % 100) as i8,
        );
        let dollars: f64 = fields[4].parse().expect("an amount");
        *sample
            .entry(fields[1].parse().expect("a customer"))
            .or_default()
            .entry(bought)
            .or_insert(0.0) += dollars;
    }
    assert_eq!(sample.len(), 2357);
    Some(sample)
}

const CALIBRATION_LAST: Date = date(1997, 9, 30);

fn whole(sample: &Sample) -> History {
    let dates: Vec<Vec<Date>> = sample
        .values()
        .map(|days| days.keys().copied().collect())
        .collect();
    History::new(date(1997, 1, 1), date(1998, 6, 30), &dates).expect("days lie in the window")
}

const CALIBRATION_LAST_DAY: u32 = 272;

/// The published figures were computed from weeks rounded to two decimals.
fn in_published_weeks(past: Summary) -> Summary {
    let rounded = |days: f64| (days / DAYS_PER_WEEK * 100.0).round() / 100.0 * DAYS_PER_WEEK;
    Summary {
        recency_days: rounded(past.recency_days),
        age_days: rounded(past.age_days),
        ..past
    }
}

#[test]
fn the_published_parameters_and_likelihoods_are_reached() {
    let Some(sample) = sample() else { return };
    let calibration = whole(&sample).until(CALIBRATION_LAST_DAY).history;
    let summaries: Vec<Summary> = calibration
        .summaries()
        .into_iter()
        .map(in_published_weeks)
        .collect();
    // Likelihoods are published in weeks: a density per day is one per week over seven.
    let repeats: u32 = summaries.iter().map(|past| past.repeat_purchases).sum();
    let per_week = f64::from(repeats) * DAYS_PER_WEEK.ln();

    let bg_nbd = BgNbd::fit(&summaries).unwrap();
    let found = bg_nbd.parameters();
    for (found, published) in [
        (found.r, 0.242_593),
        (found.alpha_days / DAYS_PER_WEEK, 4.413_531),
        (found.a, 0.792_886),
        (found.b, 2.425_754),
    ] {
        assert!((found - published).abs() < 1e-3, "{found} {published}");
    }
    let log_likelihood = bg_nbd.convergence().log_likelihood + per_week;
    assert!(
        (log_likelihood + 9582.4256).abs() < 1e-3,
        "{log_likelihood}"
    );

    let pareto = ParetoNbd::fit(&summaries).unwrap();
    let log_likelihood = pareto.convergence().log_likelihood + per_week;
    assert!(
        (log_likelihood + 9594.9739).abs() < 1e-3,
        "{log_likelihood}"
    );
    for (found, published) in [
        (pareto.parameters().r, 0.553_275),
        (pareto.parameters().alpha_days / DAYS_PER_WEEK, 10.577_612),
        (pareto.parameters().s, 0.606_214),
        (pareto.parameters().beta_days / DAYS_PER_WEEK, 11.667_911),
    ] {
        // The likelihood is flat here: the reference stopped within a thousandth.
        assert!(
            (found / published - 1.0).abs() < 1e-3,
            "{found} {published}"
        );
    }
}

#[test]
fn the_published_spend_parameters_are_reached() {
    let Some(sample) = sample() else { return };
    let spends: Vec<Spend> = sample
        .values()
        .map(|days| {
            let repeats: Vec<f64> = days
                .iter()
                .skip(1)
                .filter(|(day, _)| **day <= CALIBRATION_LAST)
                .map(|(_, dollars)| *dollars)
                .collect();
            Spend {
                orders: u32::try_from(repeats.len()).unwrap(),
                mean_order_cents: CENTS_PER_DOLLAR * repeats.iter().sum::<f64>()
                    / repeats.len().max(1) as f64,
            }
        })
        .collect();
    assert_eq!(spends.iter().filter(|spend| spend.orders > 0).count(), 946);
    let model = GammaGamma::fit(&spends).unwrap();
    let found = model.parameters();
    for (found, published) in [
        (found.p, 6.2488),
        (found.q, 3.7446),
        (found.v_cents / CENTS_PER_DOLLAR, 15.4477),
    ] {
        assert!((found - published).abs() < 1e-2, "{found} {published}");
    }
    assert!(model.frequency_correlation().unwrap().abs() < 0.2);
}

#[test]
fn the_model_chosen_inside_the_calibration_predicts_the_hold_out() {
    let Some(sample) = sample() else { return };
    let whole = whole(&sample);
    let calibration = whole.until(CALIBRATION_LAST_DAY).history;
    let choice = choose(&calibration, suitable_hold_out(&calibration)).unwrap();
    println!("{:#?}", choice.trials);
    let predicted = choice.fitted.expected_purchases(&calibration, 273);
    let actual: Vec<f64> = (0..2357)
        .map(|customer| f64::from(whole.purchases_after(customer, CALIBRATION_LAST_DAY)))
        .collect();
    let score = Score::of(&predicted, &actual);
    println!("{score:?}");
    assert_eq!(actual.iter().sum::<f64>(), 1882.0);
    assert_ne!(choice.chosen, Candidate::SeasonalBgNbd);
    assert!(score.mae <= 0.755, "{score:?}");
    assert!(score.correlation.unwrap() >= 0.630, "{score:?}");
}
