//! What the weather does to each category, on simulated boutiques where that is planted.

use std::sync::Arc;

use features::History;
use features::demand::WeatherDay;
use products::{Fitted, Recent, Serving, Shop};
use schema::AsOf;
use schema::time::epoch_day;
use simulator::BoutiqueShop;

use crate::promoted::{chain, history_with, product};

const TAKEN_IN: &str = "weather = \"taken_in\"\n";

/// By category what one degree and one millimetre more do, where it is much, as logarithms.
const PLANTED: [(&str, &str, f64); 4] = [
    ("Ice cream", "per_degree", 0.05),
    ("Sun & beach", "per_degree", 0.055),
    ("Candles", "per_degree", -0.028),
    ("Umbrellas & rainwear", "per_millimetre", 0.07),
];

/// What the files of a shop tell of the weather: until its last day, and two weeks on.
fn told(shop: &BoutiqueShop) -> Vec<WeatherDay> {
    let files = shop.before();
    let rows = ["raw/weather.csv", "raw/weather-ahead.csv"].map(|path| {
        let file = files.iter().find(|file| file.path == path).unwrap();
        String::from_utf8(file.bytes.clone()).unwrap()
    });
    let date = |text: &str| epoch_day(text.parse().unwrap());
    let rows = rows.iter().flat_map(|text| text.lines().skip(1));
    rows.map(|line| {
        let row: Vec<&str> = line.split(',').collect();
        WeatherDay {
            site: row[1].to_owned(),
            day: date(row[0]),
            temperature: Some(row[2].parse().unwrap()),
            rain: Some(row[3].parse().unwrap()),
            forecast_on: (!row[4].is_empty()).then(|| date(row[4])),
        }
    })
    .collect()
}

fn attached(version: &dyn Fitted, history: &Arc<History>) -> Box<dyn Serving> {
    let rules = decisions::RuleSet::default();
    let recent = Arc::new(Recent::default());
    version.attach(Arc::new(Shop::new(Arc::clone(history), &rules, recent)))
}

#[test]
fn answers_of_categories_to_the_weather_are_found_and_are_a_driver_that_adds_up() {
    let shop = chain(3, 0);
    let known = history_with(&shop, told(&shop));
    let version = product(TAKEN_IN).fit(&known, 1).unwrap();
    let page = version.page();
    let answers = page["weather"]["answers"].as_array().unwrap();
    let mut held = 0;
    for (category, figure, planted) in PLANTED {
        let answer = answers.iter().find(|of| of["category"] == category);
        let [point, low, high] =
            ["point", "low", "high"].map(|end| answer.unwrap()[figure][end].as_f64().unwrap());
        let truth = planted.exp_m1();
        println!("{category} {figure}: {point:.4} ({low:.4} to {high:.4}), planted {truth:.4}");
        assert!(
            (point - truth).abs() < 0.35 * truth.abs(),
            "{category}: {point}"
        );
        held += usize::from(low <= truth && truth <= high);
    }
    assert!(held >= 3, "{held}");
    let summary = version.summary().join("\n");
    assert!(summary.contains("°C beyond the usual, "), "{summary}");
    let serving = attached(version.as_ref(), &known);
    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut moved = 0;
    for asked in serving.all().unwrap().iter().step_by(9) {
        let decided = serving.decide(asked, now).unwrap();
        let explained = serving.explain(asked, None, now).unwrap();
        let sum: f64 = explained.lines.iter().map(|line| line.contribution).sum();
        let said = decided.actions[0].score.unwrap();
        assert!((sum - said).abs() <= 1e-6 * said.max(1.0), "{sum} {said}");
        let weather =
            |line: &products::ExplanationLine| line.what == "weather" && line.contribution != 0.0;
        moved += usize::from(explained.lines.iter().any(weather));
    }
    assert!(moved > 0);
}

#[test]
fn a_version_is_measured_without_the_weather_of_the_days_held_out() {
    let shop = chain(4, 0);
    let later = history_with(&shop, told(&shop));
    let product = product(TAKEN_IN);
    let from: AsOf = product.measured_from(later.as_of());
    let version = product.fit(&later.until(from), 1).unwrap();
    let told = version.evaluate(&later, 1);
    // Another weather on these days changes nothing of what was forecast before them.
    let mut other = self::told(&shop);
    for day in other.iter_mut().filter(|of| of.day >= from.epoch_day()) {
        day.temperature = Some(40.0);
        day.rain = Some(50.0);
    }
    let elsewhere = history_with(&shop, other);
    let again = version.evaluate(&elsewhere, 1);
    assert_eq!(told.metrics, again.metrics);
    let off = product_off().fit(&later.until(from), 1).unwrap();
    let loss = |card: &schema::Scorecard| card.metrics[0].value.point().unwrap();
    println!(
        "taken in {}, off {}",
        loss(&told),
        loss(&off.evaluate(&later, 1))
    );
}

fn product_off() -> Box<dyn products::Product> {
    product("weather = \"off\"\n")
}
