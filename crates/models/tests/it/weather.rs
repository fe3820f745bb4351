//! What the weather does to sales is learnt from the past alone, on shops in which it is planted.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use jiff::civil::date;
use math::random::stream;
use models::demand::{
    Answers, Driver, Forecaster, Panel, Place, Settings, Step, TakeIn, Told, Weather,
};
use rand::RngExt;

const DAYS: usize = 560;
const AHEAD: usize = 14;
const PLACES: usize = 4;
const PER_KIND: usize = 6;

/// By kind, the logarithm of what one degree and one millimetre beyond the usual do.
const PLANTED: [[f64; 2]; 3] = [[0.05, -0.03], [-0.03, 0.04], [0.0, 0.0]];
const SERIES: usize = PLANTED.len() * PLACES * PER_KIND;

/// About normal, with mean 0 and standard deviation 1.
fn normal(random: &mut impl RngExt) -> f64 {
    (0..12).map(|_| random.random_range(-0.5..0.5)).sum()
}

fn usual(day: usize) -> f64 {
    15.0 - 8.0 * (TAU * day as f64 / 365.2425).cos()
}

/// What a series sells where the weather is as usual.
fn plain(series: usize, day: usize) -> f64 {
    let week = if day % 7 == 5 { 1.5 } else { 0.9 };
    (8.0 + (series * 7 % 11) as f64) * week
}

struct Shop {
    panel: Panel,
    /// Of all days, those ahead too, by place.
    real: Vec<Vec<[f32; 2]>>,
    /// By kind and place, what the weather multiplies sales by on each day.
    factor: Vec<Vec<f64>>,
}

/// - `strength`: by what the planted effects are multiplied.
fn shop(seed: u64, strength: f64) -> Shop {
    let all = DAYS + AHEAD;
    let mut random = stream(seed, 1);
    let real: Vec<Vec<[f32; 2]>> = (0..PLACES)
        .map(|_| {
            let mut unusual = 0.0;
            let day = |day: usize| {
                unusual = 0.8 * unusual + 2.2 * normal(&mut random);
                let rain = f64::max(4.0 * normal(&mut random), 0.0);
                [(usual(day) + unusual) as f32, rain as f32]
            };
            (0..all).map(day).collect()
        })
        .collect();
    // Rain is as usual at 1.6 mm a day.
    let factor = |[warm, wet]: [f64; 2], place: usize, day: usize| {
        let [degrees, rain] = real[place][day].map(f64::from);
        let beyond = warm * (degrees - usual(day)) + wet * (rain - 1.6);
        (strength * beyond).exp()
    };
    let mut factors = Vec::new();
    for planted in PLANTED {
        for place in 0..PLACES {
            factors.push((0..all).map(|day| factor(planted, place, day)).collect());
        }
    }
    let mut values = Vec::with_capacity(SERIES * DAYS);
    for series in 0..SERIES {
        let of: &Vec<f64> = &factors[series / PER_KIND];
        for (day, factor) in of.iter().enumerate().take(DAYS) {
            let mean = plain(series, day) * factor;
            let sold = mean + mean.sqrt() * normal(&mut random);
            values.push(sold.round().max(0.0) as f32);
        }
    }
    let of = |series: usize| (series / PER_KIND / PLACES, series / PER_KIND % PLACES);
    let groups = (0..SERIES).map(|s| [of(s).0 as u32, of(s).1 as u32]);
    let panel = Panel::new(
        Step::Day,
        date(2024, 1, 1),
        (DAYS, AHEAD),
        values,
        groups.collect(),
        Vec::new(),
    );
    Shop {
        panel: panel.unwrap(),
        real,
        factor: factors,
    }
}

impl Shop {
    /// With what was observed until a day, and with forecasts that come true of so many days after it.
    fn told(&self, until: usize, days: usize) -> Panel {
        let place = |real: &Vec<[f32; 2]>| {
            let unknown = [f32::NAN; 2];
            let observed = real.iter().enumerate();
            let observed = observed.map(|(day, of)| if day < until { *of } else { unknown });
            let told = (until..until + days).map(|day| {
                let made = self.panel.date(until - 1);
                let ahead = i32::try_from(day + 1 - until).unwrap();
                (day, Told::new(made, &[(ahead, real[day].map(f64::from))]))
            });
            Place {
                observed: observed.collect(),
                told: told.collect::<BTreeMap<_, _>>(),
            }
        };
        let weather = Weather {
            place_of: (0..SERIES as u32)
                .map(|s| s / PER_KIND as u32 % PLACES as u32)
                .collect(),
            places: self.real.iter().map(place).collect(),
            kind_of: (0..SERIES as u32)
                .map(|s| s / (PER_KIND * PLACES) as u32)
                .collect(),
            kinds: ["warm", "cold", "any"].map(str::to_owned).to_vec(),
        };
        self.panel.before(DAYS).with_weather(weather).unwrap()
    }
}

fn settings(weather: TakeIn) -> Settings {
    let mut settings = Settings {
        rows_max: 30_000,
        weather,
        ..Settings::default()
    };
    settings.trees.rounds_max = 80;
    settings
}

#[test]
fn answers_to_the_weather_are_found_with_intervals_that_hold() {
    let (mut held, mut of) = (0, 0);
    let mut off = [[0.0f64; 2]; 3];
    for seed in 0..12 {
        let answers = Answers::learn(&shop(seed, 1.0).told(DAYS, 0)).unwrap();
        for (kind, name) in ["warm", "cold", "any"].into_iter().enumerate() {
            let answer = answers.of(name).unwrap();
            for at in 0..2 {
                let (truth, change) = (PLANTED[kind][at], answer.change(at).unwrap());
                off[kind][at] += (answer.effects[at] - truth) / 12.0;
                let truth = truth.exp_m1();
                held += u32::from(change.low <= truth && truth <= change.high);
                of += 1;
            }
        }
    }
    println!("{held} of {of} held, off by {off:?}");
    assert!(f64::from(held) >= 0.85 * f64::from(of), "{held} of {of}");
    // A tenth of the largest effect.
    assert!(off.iter().flatten().all(|off| off.abs() < 0.005), "{off:?}");
}

#[test]
fn what_is_forecast_of_the_weather_moves_sales_and_nothing_later_does() {
    let shop = shop(3, 1.0);
    let known = shop.told(DAYS, AHEAD);
    let learnt = Forecaster::fit(&known, AHEAD, &settings(TakeIn::Always)).unwrap();
    let told = learnt.forecast(&known).unwrap();
    let untold = learnt.forecast(&shop.told(DAYS, 0)).unwrap();
    // Of what answers to the weather, after the first days, of which the last ones tell enough.
    let (mut ours, mut without) = (0.0, 0.0);
    for series in 0..2 * PLACES * PER_KIND {
        let factors = &shop.factor[series / PER_KIND];
        for ahead in 2..8 {
            let truth = plain(series, DAYS + ahead) * factors[DAYS + ahead];
            let off = |said: f64| (said / truth).ln().powi(2);
            ours += off(told.expected(series)[ahead]);
            without += off(untold.expected(series)[ahead]);
        }
    }
    assert!(ours < 0.7 * without, "{ours} {without}");
    for series in [0, 30, SERIES - 1] {
        let drivers = learnt.drivers(&known, series, 0..AHEAD).unwrap();
        let sum: f64 = drivers.values().sum();
        let said: f64 = told.expected(series).iter().sum();
        assert!((sum - said).abs() < 1e-6 * said, "{sum} {said}");
        assert!(drivers.contains_key(&Driver::Weather), "{drivers:?}");
    }
    // As of an earlier day neither what was observed since nor a forecast that was made since is looked at.
    let from = DAYS - 5;
    let seen = learnt.forecast(&known.before(from)).unwrap();
    let unseen = learnt.forecast(&shop.told(from, 0).before(from)).unwrap();
    assert_eq!(seen.all(), unseen.all());
}

#[test]
fn the_weather_is_taken_in_only_where_it_paid_beyond_chance() {
    for strength in [0.0, 3.0] {
        let panel = shop(5, strength).told(DAYS, 0);
        let chosen = Forecaster::fit(&panel, AHEAD, &settings(TakeIn::WhereItPays)).unwrap();
        let trial = chosen.weather().unwrap();
        println!("{strength}: {trial:?}");
        let [without, with] = trial.quantile_loss.map(Option::unwrap);
        assert_eq!(
            trial.taken_in,
            with < without && trial.gain > trial.error,
            "{trial:?}"
        );
        assert_eq!(chosen.answers().is_some(), trial.taken_in);
        assert!(strength > 0.0 || !trial.taken_in, "{trial:?}");
    }
}

#[test]
fn of_less_than_a_year_of_weather_nothing_is_learnt() {
    let shop = shop(7, 1.0);
    assert!(Answers::learn(&shop.told(300, 0).before(300)).is_none());
    assert!(Answers::learn(&shop.panel).is_none());
}

#[test]
fn a_figure_that_nobody_tells_has_no_effect_and_not_none_of_it() {
    let mut shop = shop(9, 1.0);
    for of in shop.real.iter_mut().flatten() {
        of[1] = f32::NAN;
    }
    let answers = Answers::learn(&shop.told(DAYS, 0)).unwrap();
    for (name, answer) in answers.each() {
        assert!(answer.change(0).is_some(), "{name}");
        assert_eq!(answer.effects[1], 0.0, "{name}");
        assert!(answer.change(1).is_none(), "{name}");
    }
}
