//! The weather of table `weather` in periods, and what sales made of it, in words.

use std::collections::BTreeMap;

use features::demand::{Demand, WeatherDay};
use models::demand::{
    Answer, Answers, Change, FIGURES, Forecaster, Place, Told, Weather, WeatherTrial,
};
use schema::estimate::short;
use schema::time::date_of;

use super::days::Days;
use super::series::Key;

/// Categories that a summary names.
const NAMED: usize = 5;

/// One unit of each figure, as it is told.
const UNITS: [&str; FIGURES] = ["°C", "mm of rain a day"];

/// The weather at the sites of series, all sites together where a series is of all; `None` where nothing is told of it.
///
/// - `kinds`: by series, what answers to it alike.
pub(super) fn weather(
    demand: &Demand,
    keys: &[Key],
    kinds: &[Option<String>],
    days: &Days,
) -> Option<Weather> {
    if demand.weather.is_empty() {
        return None;
    }
    let mut of_site: BTreeMap<&str, Vec<&WeatherDay>> = BTreeMap::new();
    for day in &demand.weather {
        of_site.entry(&day.site).or_default().push(day);
    }
    let mut places = Vec::new();
    let mut known: BTreeMap<Option<&str>, u32> = BTreeMap::new();
    let place_of = keys.iter().map(|key| {
        *known.entry(key.site.as_deref()).or_insert_with(|| {
            let own = key.site.as_deref().map(|site| of_site.get(site));
            places.push(match own {
                Some(own) => place(own.into_iter().flatten().copied(), days),
                None => place(demand.weather.iter(), days),
            });
            u32::try_from(places.len() - 1).unwrap_or(u32::MAX)
        })
    });
    let place_of = place_of.collect();
    let mut names: BTreeMap<&str, u32> = kinds
        .iter()
        .map(|kind| (kind.as_deref().unwrap_or_default(), 0))
        .collect();
    for (code, at) in names.values_mut().zip(0..) {
        *code = at;
    }
    let kind_of = kinds
        .iter()
        .map(|kind| names[kind.as_deref().unwrap_or_default()])
        .collect();
    Some(Weather {
        place_of,
        places,
        kind_of,
        kinds: names.into_keys().map(str::to_owned).collect(),
    })
}

/// The weather of one place in periods.
fn place<'a>(told: impl Iterator<Item = &'a WeatherDay>, days: &Days) -> Place {
    let mut sums = vec![[(0.0, 0.0); FIGURES]; days.all];
    // Of each period the last day on which it was forecast, and what was said of its days.
    let mut said: BTreeMap<usize, (i32, Vec<(i32, [f64; FIGURES])>)> = BTreeMap::new();
    for day in told {
        let Some(period) = days.period(day.day) else {
            continue;
        };
        let figures = [day.temperature, day.rain];
        match day.forecast_on {
            None => {
                for (sum, figure) in sums[period].iter_mut().zip(figures) {
                    if let Some(figure) = figure {
                        *sum = (sum.0 + figure, sum.1 + 1.0);
                    }
                }
            }
            Some(made) => {
                let of = said.entry(period).or_insert((made, Vec::new()));
                of.0 = of.0.max(made);
                let figures = figures.map(|figure| figure.unwrap_or(f64::NAN));
                of.1.push((day.day - made, figures));
            }
        }
    }
    let mean = |(sum, n): (f64, f64)| if n > 0.0 { (sum / n) as f32 } else { f32::NAN };
    let told = said.into_iter().map(|(period, (made, mut of))| {
        // A day that is not forecast is expected to be as usual.
        let whole = days.start_of(period + 1) - days.start_of(period);
        let whole = usize::try_from(whole).unwrap_or(0);
        of.resize(whole.max(of.len()), (0, [f64::NAN; FIGURES]));
        (period, Told::new(date_of(made), &of))
    });
    Place {
        observed: sums.iter().map(|of| of.map(mean)).collect(),
        told: told.collect(),
    }
}

fn share(of: &Change) -> String {
    let [point, low, high] = [of.point, of.low, of.high].map(|one| 100.0 * one);
    format!("{point:+.1} % ({low:+.1} to {high:+.1})")
}

/// Whether taking it in paid, in words; nothing where that could not be measured.
fn tried(trial: &WeatherTrial) -> Option<String> {
    let [Some(without), Some(with)] = trial.quantile_loss else {
        return None;
    };
    let taken = match trial.taken_in {
        true => "taken in",
        false => "not taken in",
    };
    Some(format!(
        "the weather is {taken}: weighted quantile loss {} with it, {} without; of the deviance {:+.2} % gained, standard error {:.2}",
        short(with),
        short(without),
        100.0 * trial.gain,
        100.0 * trial.error
    ))
}

/// What the weather does to one kind, in words; nothing where nothing is known of it.
fn told(name: &str, answer: &Answer) -> Option<String> {
    let figures = (0..FIGURES).zip(UNITS).filter_map(|(at, unit)| {
        let change = share(&answer.change(at)?);
        Some(format!("{change} for 1 {unit} beyond the usual"))
    });
    let figures: Vec<String> = figures.collect();
    let name = match name {
        "" => "what has no category",
        name => name,
    };
    (!figures.is_empty()).then(|| format!("weather of {name}: {}", figures.join(", ")))
}

/// What the weather does, the kinds that answer most to warmth first.
pub(crate) fn summary(forecaster: &Forecaster) -> Vec<String> {
    let trial = forecaster.weather().and_then(tried);
    let mut lines: Vec<String> = trial.into_iter().collect();
    let answers = forecaster.answers().into_iter();
    let mut each: Vec<(&str, &Answer)> = answers.flat_map(Answers::each).collect();
    each.sort_by(|a, b| b.1.effects[0].abs().total_cmp(&a.1.effects[0].abs()));
    let more = each.len().saturating_sub(NAMED);
    let named = each.iter().take(NAMED);
    lines.extend(named.filter_map(|(name, answer)| told(name, answer)));
    if more > 0 {
        lines.push(format!(
            "what the weather does to {more} more is on the page of the product"
        ));
    }
    lines
}

/// The same for pages.
pub(super) fn page(forecaster: &Forecaster) -> serde_json::Value {
    let change =
        |of: Change| serde_json::json!({ "point": of.point, "low": of.low, "high": of.high });
    let answers = forecaster.answers().into_iter();
    let each = answers.flat_map(Answers::each);
    let each = each.map(|(name, answer)| {
        serde_json::json!({
            "category": name,
            "per_degree": answer.change(0).map(change),
            "per_millimetre": answer.change(1).map(change),
        })
    });
    serde_json::json!({
        "taken_in": forecaster.answers().is_some(),
        "trial": forecaster.weather().map(|trial| serde_json::json!({
            "quantile_loss_without": trial.quantile_loss[0],
            "quantile_loss_with": trial.quantile_loss[1],
            "gain": trial.gain,
            "standard_error": trial.error,
        })),
        "answers": each.collect::<Vec<_>>(),
    })
}
