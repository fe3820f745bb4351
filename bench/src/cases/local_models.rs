//! Methods that forecast each series from itself, beside statsforecast on real series.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail, ensure};
use jiff::ToSpan;
use jiff::civil::date;
use models::demand::local::{Ets, Form, Local, Noise, Season, Theta, Trend};
use serde::{Deserialize, Serialize};

use super::columns::{batches, numbers, numbers_or_nan};
use super::measure::without;
use super::program::Folder;
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Verdict, read_text};
use crate::child::processor_seconds;
use crate::peer::Peer;

pub(crate) static LOCAL_MODELS_SPEED: Case = Case {
    name: "local_models_speed",
    what: "ETS, its form chosen by AICc, and twelve periods ahead: car parts by month, drugstores by month and by day with a week, beside statsforecast, each on two cores with warm code",
    unit: "ms of processors a series",
    bar: "at least 5 times as fast, by time of processors, for each of the three, and the mean AICc of none higher",
    run: speed,
};

pub(crate) static LOCAL_MODELS_EQUAL: Case = Case {
    name: "local_models_equal",
    what: "200 real series: ETS of the form that statsforecast chose as likely as it has it, and the forecasts of the dynamic optimised Theta method, Croston SBA and TSB the same",
    unit: "of 200 series worse or other by one of the four",
    bar: "0: log-likelihood not lower by 1e-3 of it, nor by .1, where theirs keeps the bounds β ≤ α and γ ≤ 1 − α of both; forecasts within 1e-3 of theirs; those of Theta or with a smaller squared error, which is the higher likelihood of normal errors",
    run: equal,
};

const SPLIT: &str =
    "car parts: 39 of 51 months; jewellery: 124 weeks; drugstores: 31 months, 140 days";
const AHEAD: usize = 12;
/// Threads on either side.
const THREADS: usize = 2;
/// Months of car parts that are known.
const MONTHS: usize = 39;
/// Last days of drugstores.
const DAYS: usize = 140;

/// A series as both sides get it.
#[derive(Debug, Clone, Serialize)]
struct Problem {
    /// Periods of a season, 1 for none.
    season: usize,
    /// Oldest first, without gaps.
    values: Vec<f64>,
    /// Level, α and θ found by us, where no season was taken out.
    theta: Option<[f64; 3]>,
}

/// What the peer says of a series.
#[derive(Debug, Deserialize)]
struct Told {
    form: String,
    log_likelihood: f64,
    /// Whether its parameters lie beyond the bounds that its documentation states, which its search does not keep.
    #[serde(default)]
    beyond: bool,
    aicc: f64,
    #[serde(default)]
    theta: Vec<f64>,
    theta_error: Option<f64>,
    /// What the peer's own objective is for the parameters that we found.
    theta_error_of_ours: Option<f64>,
    croston: Option<f64>,
    tsb: Option<f64>,
}

/// Series of the same kind.
struct Group {
    name: &'static str,
    problems: Vec<Problem>,
}

/// Every series of a table, in its order, of those without gaps; `periods` of them at most.
fn series(ctx: &Ctx, file: &str, periods: usize) -> anyhow::Result<Option<Vec<Vec<f64>>>> {
    let Some(path) = ctx.data_file(file) else {
        return Ok(None);
    };
    let table = batches(&path)?;
    let (names, units) = (numbers(&table, "series")?, numbers_or_nan(&table, "units")?);
    let mut all: Vec<Vec<f64>> = Vec::new();
    let mut before = f64::NAN;
    for (name, units) in names.into_iter().zip(units) {
        if name != before {
            all.push(Vec::new());
            before = name;
        }
        if let Some(last) = all.last_mut() {
            last.push(units);
        }
    }
    all.retain(|values| values.iter().all(|value| value.is_finite()));
    all.iter_mut().for_each(|values| values.truncate(periods));
    Ok(Some(all))
}

/// Turnover of each drugstore: by day of the last `DAYS`, 0 while closed, and by month.
fn drugstores(ctx: &Ctx) -> anyhow::Result<Option<[Vec<Vec<f64>>; 2]>> {
    let Some(path) = ctx.data_file("rossmann/train_open_days.parquet") else {
        return Ok(None);
    };
    let table = batches(&path)?;
    let (stores, times) = (numbers(&table, "Store")?, numbers(&table, "Date")?);
    let sales = numbers(&table, "Sales")?;
    // Nanoseconds since 1970.
    let day = |time: f64| (time / 86_400e9) as i64;
    let last = times.iter().map(|time| day(*time)).max().unwrap_or(0);
    let month = |day: i64| {
        let date = date(1970, 1, 1).saturating_add(day.days());
        let months = (i32::from(date.year()) - 2013) * 12 + i32::from(date.month()) - 1;
        usize::try_from(months).unwrap_or(0)
    };
    let n = stores.iter().fold(0.0f64, |most, store| most.max(*store)) as usize;
    let mut by_day = vec![vec![0.0; DAYS]; n];
    let mut by_month = vec![vec![0.0; month(last) + 1]; n];
    for ((store, time), sales) in stores.iter().zip(&times).zip(sales) {
        let (store, day) = (*store as usize - 1, day(*time));
        by_month[store][month(day)] += sales;
        if let Some(at) = usize::try_from(last - day)
            .ok()
            .filter(|before| *before < DAYS)
        {
            by_day[store][DAYS - 1 - at] = sales;
        }
    }
    Ok(Some([by_day, by_month]))
}

/// So many of them, evenly spread; those that never change are left out.
fn spread(all: Vec<Vec<f64>>, season: usize, n: usize) -> Vec<Problem> {
    let all: Vec<Vec<f64>> = all
        .into_iter()
        .filter(|values| values.iter().any(|value| *value != values[0]))
        .collect();
    let n = n.min(all.len());
    (0..n)
        .map(|at| Problem {
            season,
            values: all[at * all.len() / n].clone(),
            theta: None,
        })
        .collect()
}

/// Two threads take what is left, one by one; results in the order of `all`.
fn side_by_side<T: Sync, R: Send>(all: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(all.len()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut own = Vec::new();
                while let Some((at, one)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    all.get(at).map(|one| (at, one))
                } {
                    own.push((at, of(one)));
                }
                if let Ok(mut done) = done.lock() {
                    done.extend(own);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_default();
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

/// What the peer says of each, where it was asked.
fn asked(ctx: &Ctx, problems: &[Problem], task: &str) -> anyhow::Result<(Peer, Vec<Told>)> {
    let folder = Folder::new("statsforecast")?;
    fs_err::write(
        folder.0.join("problems.json"),
        serde_json::to_string(problems)?,
    )?;
    let peer = Peer::ask(
        ctx,
        "local_statsforecast.py",
        &[&folder.0.to_string_lossy(), task],
    );
    if let Peer::Absent(_) = peer {
        return Ok((peer, Vec::new()));
    }
    let text = read_text(&folder.0.join("answers.json"))?;
    let told: Vec<Told> = serde_json::from_str(&text).context("read statsforecast's answers")?;
    ensure!(told.len() == problems.len(), "{} answers", told.len());
    Ok((peer, told))
}

fn speed(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let parts = series(ctx, "expsmooth/carparts_long.parquet", usize::MAX)?;
    let (Some(parts), Some([days, months])) = (parts, drugstores(ctx)?) else {
        return Ok(NO_DATA);
    };
    let group = |name, all, season, most| Group {
        name,
        problems: spread(all, season, ctx.pick(20, most)),
    };
    let groups = [
        group("car parts by month", parts, 1, usize::MAX),
        group("drugstores by month", months, 12, 400),
        group("drugstores by day", days, 7, 400),
    ];
    let (mut ours, mut theirs, mut n) = (0.0, 0.0, 0);
    let (mut notes, mut holds, mut absent) = (Vec::new(), true, None);
    let mut version = None;
    for Group { name, problems } in &groups {
        let fit = |problem: &Problem| {
            let fitted = Ets::fit(&problem.values, problem.season)?;
            // The compiler must not leave the forecast out.
            let ahead = std::hint::black_box(fitted.forecast(AHEAD));
            anyhow::Ok((fitted.aicc(), fitted.log_likelihood(), ahead.len()))
        };
        problems
            .iter()
            .take(THREADS)
            .try_for_each(|p| fit(p).map(drop))?;
        // Time of processors, for the machine may have others to serve.
        let before = processor_seconds()?;
        let fitted = side_by_side(problems, fit);
        let seconds = processor_seconds()? - before;
        let fitted: Vec<_> = fitted.into_iter().collect::<Result<_, _>>()?;
        ours += seconds;
        n += problems.len();
        let each = 1e3 * seconds / problems.len() as f64;
        let mut note = format!("{name}: {} series, {each:.3} ms each", problems.len());
        let (peer, told) = asked(ctx, problems, "ets")?;
        match peer {
            Peer::Absent(_) => absent = Some(peer),
            Peer::Measured(peer) => {
                let took = peer.seconds.unwrap_or(f64::NAN);
                theirs += took;
                let gaps: Vec<[f64; 2]> = fitted
                    .iter()
                    .zip(&told)
                    .map(|((aicc, likelihood, _), told)| {
                        [aicc - told.aicc, likelihood - told.log_likelihood]
                    })
                    .collect();
                let mean =
                    |of: usize| gaps.iter().map(|gap| gap[of]).sum::<f64>() / gaps.len() as f64;
                let above = gaps.iter().filter(|gap| gap[0] > 0.1).count();
                let below = gaps.iter().filter(|gap| gap[0] < -0.1).count();
                let most = gaps.iter().map(|gap| gap[0]).fold(f64::MIN, f64::max);
                let times = took / seconds;
                holds &= times >= 5.0 && mean(0) <= 0.0;
                note.push_str(&format!(
                    ", {times:.1} times as fast; AICc {:+.3} on average, more than .1 lower for {below} and higher for {above}, by {most:.2} at most; log-likelihood {:+.3}",
                    mean(0),
                    mean(1)
                ));
                version = Some(peer);
            }
        }
        notes.push(note);
    }
    let peer = match (absent, version) {
        (Some(absent), _) => absent,
        (None, Some(mut peer)) => {
            peer.value = 1e3 * theirs / n as f64;
            peer.seconds = Some(theirs);
            Peer::Measured(peer)
        }
        (None, None) => Peer::none("there is no series"),
    };
    let judged = matches!(peer, Peer::Measured(_));
    Ok(Outcome::Measured(Measured {
        value: 1e3 * ours / n as f64,
        verdict: if judged {
            Verdict::at_full_size(ctx, holds)
        } else {
            Verdict::NotJudged
        },
        peer,
        split: "all values are fitted: car parts 51, drugstores 31 months and 140 days",
        note: notes.join("; "),
        child: None,
    }))
}

/// The form that the field writes so.
fn form(name: &str) -> anyhow::Result<Form> {
    let trends = [Trend::None, Trend::Additive, Trend::Damped];
    let seasons = [Season::None, Season::Additive, Season::Multiplicative];
    for noise in [Noise::Additive, Noise::Multiplicative] {
        for trend in trends {
            for season in seasons {
                let form = Form {
                    noise,
                    trend,
                    season,
                };
                if form.name() == name {
                    return Ok(form);
                }
            }
        }
    }
    bail!("no form `{name}`")
}

/// Largest difference of a forecast, as a share of theirs; of the usual value where theirs is next to nothing.
fn gap(ours: &[f64], theirs: &[f64], values: &[f64]) -> f64 {
    let usual = values.iter().map(|value| value.abs()).sum::<f64>() / values.len() as f64;
    let gaps = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs().max(1e-3 * usual));
    gaps.fold(0.0, |most, gap| if gap <= most { most } else { gap })
}

/// Log-likelihood that two searches for the same may end apart at most, ...
const LIKELIHOOD: f64 = 0.1;
/// ... and as a share; relative difference of forecasts.
const APART: f64 = 1e-3;

/// How series are beside what the peer says of them.
#[derive(Debug, Default)]
struct Compared {
    /// Series that are not as good by one of the methods.
    worse: usize,
    /// Of which the form that the peer chose is less likely as we fit it, by how much in the worst; those with parameters
    /// of the peer that lie beyond its bounds; and likelier.
    less_likely: (usize, f64),
    beyond: (usize, f64),
    likelier: usize,
    /// Of which the form chosen is another.
    other_form: usize,
    /// Of which the criterion of the form we chose is higher.
    higher: usize,
    /// Whose Theta forecasts differ, by how much in the worst; those of them with a smaller squared error.
    theta: (usize, f64),
    smaller: usize,
    /// Largest difference of Croston SBA and TSB.
    croston: f64,
    tsb: f64,
}

impl Compared {
    fn add(&mut self, problem: &Problem, theta: &Theta, told: &Told) -> anyhow::Result<()> {
        let (values, season) = (&problem.values, problem.season);
        let own = Ets::fit(values, season)?;
        let same = Ets::fit_form(form(&told.form)?, values, season)?;
        let missing = told.log_likelihood - same.log_likelihood();
        let tolerated = LIKELIHOOD.min(APART * told.log_likelihood.abs());
        let is_less_likely = missing > tolerated && !told.beyond;
        let counted = if told.beyond {
            &mut self.beyond
        } else {
            &mut self.less_likely
        };
        counted.0 += usize::from(missing > tolerated);
        counted.1 = counted.1.max(missing);
        self.likelier += usize::from(missing < -LIKELIHOOD);
        self.other_form += usize::from(own.name() != told.form);
        self.higher += usize::from(own.aicc() > told.aicc + 2.0 * LIKELIHOOD);

        let apart = gap(&theta.forecast(AHEAD), &told.theta, values);
        let is_apart = apart > APART;
        let errors = told.theta_error_of_ours.zip(told.theta_error);
        let is_smaller = is_apart && errors.is_some_and(|(ours, theirs)| ours <= theirs);
        self.theta.0 += usize::from(is_apart);
        self.theta.1 = self.theta.1.max(apart);
        self.smaller += usize::from(is_smaller);

        let flat = |method: Local, theirs: Option<f64>| {
            let theirs = theirs.unwrap_or(f64::NAN);
            gap(&method.forecast(values, season, 1), &[theirs], values)
        };
        let croston = flat(Local::CrostonSba, told.croston);
        let tsb = flat(Local::Tsb, told.tsb);
        (self.croston, self.tsb) = (self.croston.max(croston), self.tsb.max(tsb));
        let worse = is_less_likely
            || (is_apart && !is_smaller)
            || [croston, tsb].iter().any(|gap| *gap > APART);
        self.worse += usize::from(worse);
        Ok(())
    }
}

fn equal(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let parts = series(ctx, "expsmooth/carparts_long.parquet", MONTHS)?;
    let jewels = series(ctx, "expsmooth/jewelry_long.parquet", usize::MAX)?;
    let (Some(parts), Some(jewels), Some([days, months])) = (parts, jewels, drugstores(ctx)?)
    else {
        return Ok(NO_DATA);
    };
    let mut problems = spread(parts, 1, ctx.pick(8, 80));
    problems.extend(spread(jewels, 1, ctx.pick(4, 40)));
    problems.extend(spread(months, 12, ctx.pick(4, 40)));
    problems.extend(spread(days, 7, ctx.pick(4, 40)));
    let thetas: Vec<Theta> = problems
        .iter()
        .map(|problem| Theta::fit(&problem.values, problem.season))
        .collect::<Result<_, _>>()?;
    for (problem, theta) in problems.iter_mut().zip(&thetas) {
        let found = theta.parameters();
        problem.theta = (!theta.is_seasonal()).then_some([found.level, found.alpha, found.theta]);
    }
    let (peer, told) = asked(ctx, &problems, "all")?;
    let Peer::Measured(mut theirs) = peer else {
        return Ok(without(
            &peer,
            "the peer statsforecast is needed to compare with: set COMPTOIR_PEERS_PYTHON",
        ));
    };
    // Series of it that are not as its own.
    theirs.value = 0.0;
    let mut compared = Compared::default();
    for ((problem, theta), told) in problems.iter().zip(&thetas).zip(&told) {
        compared.add(problem, theta, told)?;
    }
    let Compared {
        worse,
        less_likely,
        beyond,
        likelier,
        other_form,
        higher,
        theta,
        smaller,
        croston,
        tsb,
    } = compared;
    Ok(Outcome::Measured(Measured {
        value: worse as f64,
        verdict: Verdict::at_full_size(ctx, worse == 0),
        peer: Peer::Measured(theirs),
        split: SPLIT,
        note: format!(
            "{} series. ETS: the form it chose is less likely in {}, by {:.3} at most, and in {} of which its parameters lie beyond the bounds, by {:.2} at most; likelier by more than {LIKELIHOOD} in {likelier}; {other_form} have another form, {higher} a higher AICc by more than {}. Theta: {} differ by more than {APART}, by {:.2} at most, {smaller} of them with a smaller squared error by its own account. Largest difference of Croston SBA {croston:.0e}, of TSB {tsb:.0e}",
            problems.len(),
            less_likely.0,
            less_likely.1,
            beyond.0,
            beyond.1,
            2.0 * LIKELIHOOD,
            theta.0,
            theta.1,
        ),
        child: None,
    }))
}
