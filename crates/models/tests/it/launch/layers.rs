//! Over twenty shops each layer lowers the score by what it tells, and intervals hold.

use std::sync::OnceLock;

use models::launch::{Demand, Forecaster, Layer, Sales, Score, Settings, Total, kendall_tau};
use rayon::prelude::*;

use super::shop::{DAY, MERCHANTS, Shop, columns};

const SHOPS: u64 = 20;
const PAST: usize = 350;
const FUTURE: usize = 80;
const HOURS: [usize; 5] = [1, 2, 4, 8, 24];

/// What was forecast of future launches whose demand is known in full.
#[derive(Clone, Copy)]
struct Run {
    naive: Score,
    history: Score,
    attributes: Score,
    estimate: Score,
    combined: Score,
    oracle: Score,
    first_day: Score,
    after: [Score; HOURS.len()],
    tau: f64,
    /// The combined layer as the forecaster measured it beside that of attributes.
    measured: f64,
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    settings.trees.rounds_max = 150;
    settings
}

fn run(shop: &Shop) -> Run {
    let learnt = Forecaster::fit(&shop.past, &columns(), &settings()).unwrap();
    let forecasts: Vec<_> = shop
        .future
        .iter()
        .map(|truth| learnt.forecast(&truth.past.launch).unwrap())
        .collect();
    let demand: Vec<u64> = shop.future.iter().map(|truth| truth.demand).collect();
    let first_day = |hours: &[u32]| hours[..DAY].iter().map(|units| u64::from(*units)).sum();
    let of_day: Vec<u64> = shop
        .future
        .iter()
        .map(|truth| first_day(&truth.hours))
        .collect();
    let score = |said: Vec<Demand>, came: &[u64]| {
        let came = came.iter().map(|units| Total::Sold(*units));
        Score::of(said.iter().zip(came).map(|(said, came)| (said, came, None))).unwrap()
    };
    let of = |said: &dyn Fn(usize) -> Demand| score((0..FUTURE).map(said).collect(), &demand);
    let after = HOURS.map(|hours| {
        of(&|at| {
            let hours = shop.future[at].hours[..hours].to_vec();
            let sales = Sales {
                hours,
                sold_out: None,
            };
            forecasts[at].update(&sales).unwrap().demand().clone()
        })
    });
    let records = learnt.records();
    let skill: Vec<f64> = records.iter().map(|record| record.skill).collect();
    let truth = |name: &str| -shop.merchants[name[9..].parse::<usize>().unwrap()].1;
    let truth: Vec<f64> = records
        .iter()
        .map(|record| truth(&record.merchant))
        .collect();
    assert_eq!(records.len(), MERCHANTS);
    let measured = |layer| {
        let found = learnt
            .measured()
            .iter()
            .find(|measured| measured.layer == layer);
        found.unwrap().score.crps
    };
    let whole_day = (0..FUTURE)
        .map(|at| forecasts[at].first_hours(&Sales::default(), DAY).unwrap())
        .collect();
    Run {
        naive: of(&|at| forecasts[at].naive.clone()),
        history: of(&|at| Demand::LogNormal(forecasts[at].history)),
        attributes: of(&|at| Demand::LogNormal(forecasts[at].attributes)),
        estimate: of(&|at| Demand::LogNormal(forecasts[at].estimate.unwrap())),
        combined: of(&|at| forecasts[at].demand()),
        oracle: of(&|at| Demand::LogNormal(shop.future[at].oracle)),
        first_day: score(whole_day, &of_day),
        after,
        tau: kendall_tau(&skill, &truth).unwrap(),
        measured: measured(Layer::Combined) / measured(Layer::Attributes),
    }
}

fn runs() -> &'static [Run] {
    static RUNS: OnceLock<Vec<Run>> = OnceLock::new();
    RUNS.get_or_init(|| {
        let each = (0..SHOPS).into_par_iter();
        each.map(|seed| run(&Shop::new(seed, PAST, FUTURE, true)))
            .collect()
    })
}

fn mean(of: impl Fn(&Run) -> f64) -> f64 {
    runs().iter().map(of).sum::<f64>() / SHOPS as f64
}

/// By how much one layer lowers the score of another, as a share of it: the mean over shops.
fn saved(from: impl Fn(&Run) -> Score, to: impl Fn(&Run) -> Score) -> f64 {
    mean(|run| 1.0 - to(run).crps / from(run).crps)
}

#[test]
fn each_layer_lowers_the_score_by_what_it_tells() {
    let of_history = saved(|r| r.history, |r| r.attributes);
    let of_naive = saved(|r| r.naive, |r| r.attributes);
    let of_estimate = saved(|r| r.attributes, |r| r.combined);
    let of_pool = saved(|r| r.estimate, |r| r.combined);
    let of_hours = |from: usize, to: usize| saved(|r| r.after[from], |r| r.after[to]);
    let first = saved(|r| r.combined, |r| r.after[0]);
    println!("{of_history:.3} {of_naive:.3} {of_estimate:.3} {of_pool:.3} {first:.3}");
    for at in 1..HOURS.len() {
        println!("{} hours {:.3}", HOURS[at], of_hours(at - 1, at));
    }
    assert!(of_history > 0.25, "attributes over history: {of_history}");
    assert!(of_naive > 0.15, "attributes over the category: {of_naive}");
    assert!(
        of_estimate > 0.3,
        "estimates over attributes: {of_estimate}"
    );
    assert!(of_pool > 0.08, "both over estimates: {of_pool}");
    assert!(first > 0.15, "an hour over none: {first}");
    for at in 1..HOURS.len() {
        assert!(of_hours(at - 1, at) > 0.08, "{} hours", HOURS[at]);
    }
}

#[test]
fn nobody_could_say_much_more_before_the_opening() {
    let missing = mean(|run| run.combined.crps / run.oracle.crps) - 1.0;
    println!("missing {missing:.3}");
    assert!((0.0..0.25).contains(&missing), "{missing}");
}

#[test]
fn intervals_hold_at_each_layer_and_after_each_hour() {
    let layers: [(&str, fn(&Run) -> Score); 11] = [
        ("history", |r| r.history),
        ("attributes", |r| r.attributes),
        ("estimate", |r| r.estimate),
        ("combined", |r| r.combined),
        ("first day", |r| r.first_day),
        ("1 hour", |r| r.after[0]),
        ("2 hours", |r| r.after[1]),
        ("4 hours", |r| r.after[2]),
        ("8 hours", |r| r.after[3]),
        ("24 hours", |r| r.after[4]),
        ("naive", |r| r.naive),
    ];
    for (name, of) in layers {
        let (held_80, held_90) = (mean(|run| of(run).held_80), mean(|run| of(run).held_90));
        println!(
            "{name} {held_80:.3} {held_90:.3} {:.3}",
            mean(|run| of(run).width_80)
        );
        if name == "naive" {
            continue;
        }
        if name == "24 hours" {
            // What is left of a quick launch is a unit or two: an interval of whole units holds more than it promises.
            assert!((0.78..0.9).contains(&held_80) && (0.88..0.96).contains(&held_90));
            continue;
        }
        // Of 1,600 launches in 20 shops the standard error of 80 % is 1.0 %, of 90 % 0.8 %, and somewhat more since
        // launches of a shop share what was learnt.
        assert!(
            (-0.035..0.04).contains(&(held_80 - 0.8)),
            "{name} {held_80}"
        );
        assert!(
            (-0.025..0.03).contains(&(held_90 - 0.9)),
            "{name} {held_90}"
        );
    }
}

#[test]
fn intervals_narrow_with_each_hour() {
    let width = |at: usize| mean(|run| run.after[at].width_80);
    let before = mean(|run| run.combined.width_80);
    assert!(width(0) < 0.95 * before, "{} {before}", width(0));
    for at in 1..HOURS.len() {
        assert!(width(at) < 0.95 * width(at - 1), "{} hours", HOURS[at]);
    }
}

#[test]
fn merchants_are_ranked_as_their_skill_is() {
    let tau = mean(|run| run.tau);
    println!("tau {tau:.3}");
    assert!(tau >= 0.7, "{tau}");
}

#[test]
fn what_the_forecaster_measured_of_itself_is_what_came() {
    let (said, came) = (
        mean(|run| run.measured),
        mean(|run| run.combined.crps / run.attributes.crps),
    );
    println!("{said:.3} {came:.3}");
    // Scores of launches with a stock end there, so that the two shares are not of quite the same launches.
    assert!((said - came).abs() < 0.1, "{said} {came}");
}

#[test]
fn intervals_hold_where_launches_are_not_as_models_hold() {
    let runs: Vec<Run> = (0..8)
        .into_par_iter()
        .map(|seed| run(&Shop::restless(seed, PAST, FUTURE)))
        .collect();
    let mean = |of: &dyn Fn(&Run) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
    let (held_80, held_90) = (
        mean(&|run| run.combined.held_80),
        mean(&|run| run.combined.held_90),
    );
    // Of 640 launches in 8 shops: standard errors of 1.6 % and 1.2 %.
    assert!((held_80 - 0.8).abs() < 0.05, "{held_80}");
    assert!((held_90 - 0.9).abs() < 0.04, "{held_90}");
    for (at, hours) in HOURS.iter().enumerate().take(4) {
        let (held_80, held_90) = (
            mean(&|r| r.after[at].held_80),
            mean(&|r| r.after[at].held_90),
        );
        println!("{hours} hours {held_80:.3} {held_90:.3}");
        assert!((held_80 - 0.8).abs() < 0.05, "{hours} hours {held_80}");
        assert!((held_90 - 0.9).abs() < 0.04, "{hours} hours {held_90}");
    }
}

#[test]
fn zz_parts() {
    let each: Vec<_> = (0..10u64)
        .into_par_iter()
        .map(|seed| {
            let shop = Shop::new(seed, PAST, FUTURE, true);
            let learnt = Forecaster::fit(&shop.past, &columns(), &settings()).unwrap();
            let mut sums = [[0.0; 6]; 2];
            for t in &shop.future {
                let f = learnt.forecast(&t.past.launch).unwrap();
                let m: usize = t.past.launch.merchant.as_ref().unwrap()[9..]
                    .parse()
                    .unwrap();
                let (bias, spread) = shop.merchants[m];
                let l = t.past.launch.estimate.unwrap().likely().ln();
                let (pa, pe) = (f.attributes.sigma.powi(-2), spread.powi(-2));
                let best = models::launch::LogNormal {
                    mu: (pa * f.attributes.mu + pe * (l - bias)) / (pa + pe),
                    sigma: (pa + pe).powf(-0.5),
                };
                // told known, estimate calibrated ours
                let g = (spread > 0.3) as usize;
                let d = t.demand as f64;
                for (at, x) in [
                    t.oracle,
                    f.combined,
                    best,
                    f.attributes,
                    f.estimate.unwrap(),
                    f.history,
                ]
                .iter()
                .enumerate()
                {
                    sums[g][at] += ((x.mu - d.max(0.5).ln()).powi(2)) / 1.0;
                    let _ = x;
                }
            }
            sums
        })
        .collect();
    for g in 0..2 {
        let tot: Vec<f64> = (0..6)
            .map(|at| each.iter().map(|s| s[g][at]).sum::<f64>())
            .collect();
        println!(
            "parts {g} rmse ratio to oracle {:?}",
            tot.iter().map(|x| (x / tot[0]).sqrt()).collect::<Vec<_>>()
        );
    }
}
