//! Launches of flash-sales clubs whose demand is known: what each layer of information is worth.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use models::launch::{
    Columns, Demand, Estimate, Forecaster, HOURS, Launch, Past, Sales, Score, Settings, Total,
    kendall_tau,
};
use simulator::{FlashSales, FlashSalesShop, LaunchTruth, MerchantSkill, RawFile};

use super::measure::mean;
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::peer::Peer;

/// What each layer is worth, and how well merchants are told apart.
pub(crate) static LAUNCH_LAYERS: Case = Case {
    name: "launch_layers",
    what: "launches of simulated flash-sales clubs of 600 launches, forecast from their category, from what is told of them, with the merchant's estimate, and after 1, 2, 4 and 8 hours: CRPS beside the simulator's truth",
    unit: "CRPS with the merchant's estimate over that of the category",
    bar: "over 20 clubs each layer lowers the CRPS beyond the 95 % interval, and merchants ranked by what was learnt have a Kendall's tau of ≥ .7 with their planted skill",
    run: launch_layers,
};

/// Clubs of the full size.
const CLUBS: u64 = 20;
/// Kendall's tau that is asked for.
const TAU_MIN: f64 = 0.7;
const HOUR_SECONDS: i64 = 3_600;
/// Hours after which every launch has closed.
const HOURS_MAX: u32 = 480;
/// Layers, in the order in which more is known.
const LAYERS: [&str; 3 + HOURS.len()] = [
    "category",
    "attributes",
    "merchant's estimate",
    "1 hour",
    "2 hours",
    "4 hours",
    "8 hours",
];

/// What came of a club.
struct Club {
    /// By layer.
    crps: [f64; LAYERS.len()],
    tau: f64,
    /// Of one who sees all demand and all estimates, knows what attributes do and how to read each merchant, and ranks by
    /// how far demand was off.
    off_tau: f64,
    /// Of one who in addition knows how counts scatter and which skills there are, and ranks by what is expected of each
    /// merchant: nobody ranks better by these launches.
    informed_tau: f64,
    merchants: usize,
    learnt: usize,
    judged: usize,
}

fn seconds(time: DateTime) -> anyhow::Result<i64> {
    Ok(time.to_zoned(TimeZone::UTC)?.timestamp().as_second())
}

/// Units by hour since the opening of every product of every launch, as the files of sales tell them.
fn hours(shop: &FlashSalesShop, files: &[RawFile]) -> anyhow::Result<Vec<Vec<u32>>> {
    let launches = shop.launches();
    let mut at = BTreeMap::new();
    let mut opened = Vec::new();
    let mut units = Vec::new();
    for (place, launch) in launches.iter().enumerate() {
        at.insert((launch.launch.as_str(), launch.product.as_str()), place);
        let (opens, closes) = (seconds(launch.opens_at)?, seconds(launch.closes_at)?);
        opened.push(opens);
        units.push(vec![0; ((closes - opens) / HOUR_SECONDS) as usize]);
    }
    for file in files {
        let text = std::str::from_utf8(&file.bytes)?;
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let [_, time, _, product, launch, sold, _] = cells[..] else {
                anyhow::bail!("a line of {} is `{line}`", file.path);
            };
            let place = *at.get(&(launch, product)).context("no such launch")?;
            let time: DateTime = time.trim_end_matches('Z').parse()?;
            let hour = ((seconds(time)? - opened[place]) / HOUR_SECONDS) as usize;
            let sold: u32 = sold.parse()?;
            // The last hour may be a part of one.
            if let Some(hour) = units[place].get_mut(hour) {
                *hour += sold;
            } else if let Some(last) = units[place].last_mut() {
                *last += sold;
            }
        }
    }
    Ok(units)
}

/// The last estimate of each launch that has one, and by whom; who is in charge of the product knows it best.
fn estimates<'a>(
    shop: &'a FlashSalesShop,
    in_charge: &[&str],
) -> anyhow::Result<Vec<Option<(&'a str, Estimate)>>> {
    let mut best: Vec<Option<((bool, DateTime), &str, Estimate)>> = vec![None; in_charge.len()];
    for told in shop.estimates() {
        let author = shop.merchants()[told.merchant].merchant.as_str();
        let likely = f64::from(told.likely);
        let (low, high) = told.interval.unzip();
        let estimate = Estimate::told(low.map(f64::from), likely, high.map(f64::from))?;
        let order = (author == in_charge[told.launch], told.told_at);
        let best = &mut best[told.launch];
        if best.is_none_or(|(before, ..)| before <= order) {
            *best = Some((order, author, estimate));
        }
    }
    let named = |best: Option<(_, &'a str, Estimate)>| best.map(|(_, author, told)| (author, told));
    Ok(best.into_iter().map(named).collect())
}

/// Launches as the kind `launch` reads them from its tables.
fn gathered(shop: &FlashSalesShop) -> anyhow::Result<Vec<Launch>> {
    let launches = shop.launches();
    let mut first = BTreeMap::new();
    for launch in launches {
        let merchant = shop.merchants()[launch.merchant].merchant.as_str();
        first.entry(launch.product.as_str()).or_insert(merchant);
    }
    let in_charge: Vec<&str> = launches
        .iter()
        .map(|of| first[of.product.as_str()])
        .collect();
    let told = estimates(shop, &in_charge)?;
    let each = launches.iter().zip(&in_charge).zip(told);
    each.map(|((of, merchant), told)| {
        let (opens, closes) = (seconds(of.opens_at)?, seconds(of.closes_at)?);
        let (author, estimate) = told.unzip();
        let time = Timestamp::from_second(opens)?.to_zoned(TimeZone::UTC);
        let price = of.price_cents as f64;
        Ok(Launch {
            id: format!("{} {}", of.launch, of.product),
            opens_hour: opens.div_euclid(HOUR_SECONDS),
            duration_hours: u32::try_from((closes - opens) / HOUR_SECONDS)?,
            category: Some(of.category.to_owned()),
            merchant: Some(author.unwrap_or(merchant).to_owned()),
            labels: vec![
                Some(of.brand.clone()),
                Some((*merchant).to_owned()),
                Some(format!("{:?}", time.weekday()).to_lowercase()),
                Some(time.month().to_string()),
            ],
            numbers: vec![
                Some(price.ln()),
                Some(1.0 - price / of.list_price_cents as f64),
                Some(f64::from(time.hour())),
            ],
            text: None,
            estimate,
        })
    })
    .collect()
}

fn columns() -> Columns {
    Columns {
        labels: ["brand", "merchant", "weekday", "month"]
            .map(str::to_owned)
            .to_vec(),
        numbers: ["logarithm of the price", "discount", "hour of the day"]
            .map(str::to_owned)
            .to_vec(),
    }
}

/// Learns from launches that are over when the last day opens; judges those to come.
fn club(of: &FlashSales) -> anyhow::Result<Club> {
    let shop = FlashSalesShop::new(of)?;
    let now = seconds(shop.now())?;
    let files = shop.before();
    let sales = files.iter().find(|file| file.path == "raw/sales.csv");
    let files = [sales.context("no sales")?.clone(), shop.open(HOURS_MAX)?];
    let hours = hours(&shop, &files)?;
    let (mut past, mut ahead) = (Vec::new(), Vec::new());
    for (place, launch) in gathered(&shop)?.into_iter().enumerate() {
        let truth = &shop.launches()[place];
        let stock = truth.available_units.map(u64::from);
        let sold: u64 = hours[place].iter().map(|units| u64::from(*units)).sum();
        ensure!(
            sold == u64::from(shop.sold(place)),
            "{} sold {sold}",
            launch.id
        );
        if truth.upcoming {
            ahead.push((launch, place));
        } else if seconds(truth.closes_at)? <= now {
            past.push(Past {
                launch,
                total: match stock {
                    Some(stock) if sold >= stock => Total::AtLeast(sold),
                    Some(_) | None => Total::Sold(sold),
                },
                stock,
                sales: Some(Sales::until_sold_out(&hours[place], stock)),
            });
        }
    }
    let mut settings = Settings::default();
    settings.trees.seed = of.seed;
    settings.curves.seed = of.seed;
    let forecaster = Forecaster::fit(&past, &columns(), &settings)?;
    let mut said: [Vec<Demand>; LAYERS.len()] = Default::default();
    for (launch, place) in &ahead {
        let forecast = forecaster.forecast(launch)?;
        said[0].push(forecast.naive.clone());
        said[1].push(Demand::LogNormal(forecast.attributes));
        said[2].push(forecast.demand());
        for (at, seen) in HOURS.iter().enumerate() {
            let hours = hours[*place][..*seen].to_vec();
            let sales = Sales {
                hours,
                sold_out: None,
            };
            said[3 + at].push(forecast.update(&sales)?.demand().clone());
        }
    }
    let came = |place: usize| Total::Sold(u64::from(shop.launches()[place].demand));
    let mut crps = [0.0; LAYERS.len()];
    for (crps, said) in crps.iter_mut().zip(&said) {
        let each = said.iter().zip(&ahead);
        let score = Score::of(each.map(|(said, (_, place))| (said, came(*place), None)));
        *crps = score.context("nothing to judge")?.crps;
    }
    let records = forecaster.records();
    let skill: Vec<f64> = records.iter().map(|record| record.skill).collect();
    let planted = |name: &str| {
        let merchant = shop.merchants().iter().find(|one| one.merchant == name)?;
        Some(-merchant.left_unexplained())
    };
    let truth: Option<Vec<f64>> = records.iter().map(|one| planted(&one.merchant)).collect();
    let truth = truth.context("no such merchant")?;
    let told: Vec<Vec<Told<'_>>> = records
        .iter()
        .map(|one| told_by(&shop, &one.merchant, now))
        .collect();
    let ranked = |of: &dyn Fn(&Vec<Told<'_>>) -> f64| {
        let each: Vec<f64> = told.iter().map(of).collect();
        kendall_tau(&each, &truth).context("no ranking")
    };
    Ok(Club {
        crps,
        tau: kendall_tau(&skill, &truth).context("no ranking")?,
        off_tau: ranked(&|told| -off(told))?,
        informed_tau: ranked(&|told| -expected_left(&shop, told))?,
        merchants: records.len(),
        learnt: past.len(),
        judged: ahead.len(),
    })
}

/// An estimate of a launch that is over, as one sees it who knows everything but what was not explained.
struct Told<'a> {
    by: &'a MerchantSkill,
    truth: &'a LaunchTruth,
    likely: f64,
    /// Logarithm of demand beside what attributes tell.
    beyond: f64,
}

fn told_by<'a>(shop: &'a FlashSalesShop, merchant: &str, now: i64) -> Vec<Told<'a>> {
    let each = shop.estimates().iter().map(|told| {
        let truth = &shop.launches()[told.launch];
        Told {
            by: &shop.merchants()[told.merchant],
            truth,
            likely: f64::from(told.likely),
            beyond: f64::from(truth.demand).max(0.5).ln() - truth.attributes,
        }
    });
    each.filter(|told| {
        let is_over = seconds(told.truth.closes_at).is_ok_and(|closes| closes <= now);
        told.by.merchant == merchant && is_over
    })
    .collect()
}

/// Mean square of what demand was off the estimates of a merchant, read by what is planted, in logarithms.
fn off(told: &[Told<'_>]) -> f64 {
    let square = |told: &Told<'_>| {
        let (read, _) = told
            .by
            .unexplained_given(told.truth.attributes, told.likely);
        (told.beyond - read).powi(2)
    };
    told.iter().map(square).sum::<f64>() / told.len().max(1) as f64
}

/// What is expected to be left unexplained by the estimates of a merchant whose bias and slope are known, and who is as
/// skilled as one of the merchants of the club.
fn expected_left(shop: &FlashSalesShop, told: &[Told<'_>]) -> f64 {
    let Some(by) = told.first().map(|told| told.by) else {
        return FlashSalesShop::unexplained_spread();
    };
    let each = shop.merchants().iter().map(|as_skilled| {
        let mut by = by.clone();
        (by.signal, by.noise) = (as_skilled.signal, as_skilled.noise);
        let ln: f64 = told.iter().map(|told| ln_likelihood(&by, told)).sum();
        (by.left_unexplained(), ln)
    });
    let each: Vec<(f64, f64)> = each.collect();
    let most = each.iter().fold(f64::MIN, |most, (_, ln)| most.max(*ln));
    let (sum, weights) = each.iter().fold((0.0, 0.0), |(sum, weights), (left, ln)| {
        let weight = (ln - most).exp();
        (sum + weight * left, weights + weight)
    });
    sum / weights
}

/// Of an estimate and the demand that came, both in logarithms and normal: counts scatter as their variance is.
fn ln_likelihood(by: &MerchantSkill, told: &Told<'_>) -> f64 {
    let unexplained = FlashSalesShop::unexplained_spread().powi(2);
    let signal = by.signal * by.signal * unexplained;
    let of_counts = 1.0 / FlashSalesShop::demand_size() + 1.0 / told.truth.intensity;
    let (read, left) = by.unexplained_given(told.truth.attributes, told.likely);
    // What is read of an estimate is a share of what it says beyond attributes; that share of the signal is told.
    let (told_by_it, around) = (unexplained - left * left, left * left + of_counts);
    let of_estimate = read * read / told_by_it + (signal * signal / told_by_it).ln();
    let of_demand = (told.beyond - read).powi(2) / around + around.ln();
    -0.5 * (of_estimate + of_demand)
}

fn launch_layers(ctx: &Ctx) -> anyhow::Result<Outcome> {
    // Launches that judge are many, and those that teach as many as the club has.
    let full = FlashSales {
        upcoming: 200,
        ..FlashSales::default()
    };
    let mut clubs = Vec::new();
    for seed in 0..ctx.fewer("COMPTOIR_BENCH_SEEDS", 2, CLUBS) {
        clubs.push(club(&FlashSales {
            seed: ctx.seed + seed,
            ..ctx.pick(FlashSales::tiny(), full.clone())
        })?);
    }
    let saved = |from: usize, to: usize| -> Vec<f64> {
        let each = clubs.iter();
        each.map(|club| 1.0 - club.crps[to] / club.crps[from])
            .collect()
    };
    let mut notes = Vec::new();
    let mut each_lowers = true;
    for (to, name) in LAYERS.iter().enumerate().skip(1) {
        let saved = saved(to - 1, to);
        let (by, half) = mean(&saved);
        each_lowers &= by - half > 0.0;
        let lower = saved.iter().filter(|saved| **saved > 0.0).count();
        notes.push(format!(
            "{} {:.1} ± {:.1} % ({lower} of {})",
            name,
            100.0 * by,
            100.0 * half,
            clubs.len()
        ));
    }
    let taus: Vec<f64> = clubs.iter().map(|club| club.tau).collect();
    let mean_tau = |of: fn(&Club) -> f64| mean(&clubs.iter().map(of).collect::<Vec<_>>()).0;
    let (off, informed) = (
        mean_tau(|club| club.off_tau),
        mean_tau(|club| club.informed_tau),
    );
    let (tau, half) = mean(&taus);
    let least = taus.iter().copied().fold(1.0, f64::min);
    let holds = each_lowers && tau >= TAU_MIN && clubs.len() as u64 >= CLUBS;
    let (value, _) = mean(&saved(0, 2));
    let mean_of =
        |of: fn(&Club) -> usize| clubs.iter().map(of).sum::<usize>() as f64 / clubs.len() as f64;
    Ok(Outcome::Measured(Measured {
        value: 1.0 - value,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("the claim is beside the simulator's truth"),
        split: "launches that closed before the last day learn, those of the last day and of ten days after judge",
        note: format!(
            "{} clubs, {:.0} products of launches to learn from, {:.0} to judge; by how much each layer lowers the CRPS of the one before, and in how many clubs: {}; Kendall's tau of {:.0} merchants {tau:.3} ± {half:.3}, least {least:.3}; {off:.3} for one who sees all demand, knows what attributes do and how to read each merchant, and ranks by how far demand was off, {informed:.3} for one who also knows which skills there are and expects each merchant's by them",
            clubs.len(),
            mean_of(|club| club.learnt),
            mean_of(|club| club.judged),
            notes.join(", "),
            mean_of(|club| club.merchants),
        ),
        child: None,
    }))
}
