//! What decisions led to, held against the days after launch.

use super::at_positions::{AtPositions, Noted};
use super::good::what_is_good;
use crate::Workshop;
use jiff::Timestamp;
use lake::{LakeError, Snapshot};
use monitoring::loss::{LossDay, LossPromise, LossReference, LossVerdict, LossWatch};
use monitoring::refusal::Refusal;
use products::{Forecasts, Header, Judged, Product, Step};
use registry::{ErrorSums, OutcomeDay, PositionDay, StoreError};
use schema::time::day_of;
use schema::{AsOf, Estimate, WhyNot};
use serde::Serialize;
use std::collections::BTreeMap;

/// Days with outcomes after launch that later ones are held against.
const LAUNCH_DAYS: usize = 28;

/// The same where a day stands for a week or a month of a forecast: the fewest from which it is known how they vary.
const LAUNCH_PERIODS: usize = 14;

/// A day on which forecasts are so many times as wrong as the naive ones counts as this many: where next to nothing
/// sells, the naive forecast may be right by chance.
pub(super) const TIMES_WRONG_MOST: f64 = 2.0;

/// The chance that a version is ever said to have lost quality although it has not, however often it is looked at.
const ALPHA: f64 = 0.05;

/// The normal quantile of a 95 % interval.
pub(super) const Z_95: f64 = 1.959_963_984_540_054;

/// Why outcomes cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum OutcomesError {
    /// The lake.
    #[error("read the lake")]
    Lake(#[from] LakeError),
    /// The registry.
    #[error("read the registry")]
    Registry(#[from] StoreError),
    /// Counts that no decisions can have.
    #[error("watch the outcomes")]
    Watch(#[from] Refusal),
}

/// What a product's decisions led to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case", tag = "judged")]
pub enum Live {
    /// Single decisions are not judged.
    NotJudged {
        /// Why.
        because: String,
    },
    /// They are, but nothing can be said yet.
    Unknown {
        /// Why.
        why: WhyNot,
        /// Decisions whose outcomes are not complete.
        pending: u64,
    },
    /// They are held against the days after launch.
    Measured(Box<Measured>),
}

/// What decisions led to, beside what they led to after launch.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// What a good decision is.
    pub what: String,
    /// Quality since the version answers, with the interval that holds however often it is read: the share of good
    /// decisions, or of forecasts what they save of the error of the naive ones. Answers to the holdout are not in it.
    pub good: Estimate,
    /// The same on the first days.
    pub at_launch: Estimate,
    /// The first of these days and the last.
    pub launch_days: (AsOf, AsOf),
    /// What quality may fall to.
    pub allowed: f64,
    /// The days since then on which outcomes are known, and the quality of each.
    pub days: Vec<(AsOf, f64)>,
    /// Quality in the four weeks before the present version answered.
    pub before: Estimate,
    /// What the baseline's answers to the holdout led to since the version answers.
    pub baseline: Estimate,
    /// Quality if lists had shown something at each position as often as after launch; absent where decisions are no lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_positions: Option<AtPositions>,
    /// How wrong forecasts were since the version answers; absent where decisions are no forecasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Errors>,
    /// When it was seen that quality fell below that, where it did and the season is not why.
    pub fell: Option<Fell>,
    /// Where quality is below what is allowed as it was in the same weeks of the year before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub season: Option<Season>,
    /// Decisions whose outcomes are not complete.
    pub pending: u64,
}

impl Measured {
    /// Whether its decisions are about customers who could be held out, so that a baseline is told beside them.
    #[must_use]
    pub fn holds_out(&self) -> bool {
        !matches!(
            self.baseline,
            Estimate::NotMeasurable(WhyNot::DoesNotApply { .. })
        )
    }

    /// Quality at the positions of launch, on the days that are told.
    fn at_positions(&self, positions: &[PositionDay], days: &[OutcomeDay]) -> Option<AtPositions> {
        let ((first, _), (last, _)) = (self.days.first()?, self.days.last()?);
        let since = (*first, *last);
        Some(Noted { days, positions }.compared(self.launch_days, since))
    }
}

/// How wrong forecasts were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Errors {
    /// Forecasts: of one period of one series, of one customer, of one product in one launch.
    pub forecasts: u64,
    /// Weighted absolute percentage error: the sum of absolute errors as a share of what sold. Absent where errors are
    /// squared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wape: Option<f64>,
    /// That of the naive forecasts of the same periods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub naive_wape: Option<f64>,
    /// What was forecast beyond what sold, as a share of that: above 0 where forecasts were too high.
    pub bias: f64,
}

/// A loss of quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fell {
    /// The day that showed it.
    pub seen: AsOf,
    /// The day from which on a change explains most.
    pub likely_since: Option<AsOf>,
}

/// Quality that is as low as it was in the same weeks of the year before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Season {
    /// Since when it is lower than after launch.
    pub since: AsOf,
    /// Quality since then.
    pub good: f64,
    /// Quality 52 weeks before those days.
    pub good_before: f64,
}

/// 52 weeks: the same weekdays of the year before.
const YEAR_DAYS: i32 = 364;

impl Season {
    /// Whether a fall is no deeper than one of the same weeks of the year before; `None` where it is, and where those
    /// weeks are not known.
    ///
    /// - `losses`: of all days, in their order.
    /// - `loss_max`: the share of its quality then that it may lose.
    /// - `few`: days from which on those weeks are known.
    fn of(losses: &[LossDay], fell: Fell, loss_max: f64, few: usize) -> Option<Self> {
        let since = fell.likely_since.unwrap_or(fell.seen);
        let last = losses.last()?.day;
        let of_days = |from: AsOf, to: AsOf| {
            let days = losses.iter().filter(|of| of.day >= from && of.day <= to);
            let (days, count, sum) = days.fold((0, 0, 0.0), |(days, count, sum), of| {
                (days + 1, count + of.count, sum + of.sum)
            });
            (days, 1.0 - sum / count.max(1) as f64)
        };
        // Of a few days next to nothing is known: their season is that of the weeks around them.
        let width = (last.epoch_day() - since.epoch_day() + 1).max(0);
        let around = (few as i32 - width).max(0) / 2 + 1;
        let (days_before, good_before) = of_days(
            since.minus_days(YEAR_DAYS + around),
            last.minus_days(YEAR_DAYS - around),
        );
        if days_before < few {
            return None;
        }
        let (_, good) = of_days(since, last);
        (good >= good_before - loss_max * good_before).then_some(Self {
            since,
            good,
            good_before,
        })
    }

    /// In a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "{:.1} % since {}, and {:.1} % in the same weeks of the year before: the season, and no fall",
            100.0 * self.good,
            self.since,
            100.0 * self.good_before
        )
    }
}

impl std::fmt::Display for Fell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "fell below what is allowed, seen by {}", self.seen)?;
        match self.likely_since {
            Some(since) => write!(f, ", likely since {since}"),
            None => Ok(()),
        }
    }
}

/// What a product's decisions led to, as far as it is noted.
///
/// - `since`: from when on the present version answers.
pub(super) async fn live(
    workshop: &Workshop,
    product: &dyn Product,
    snapshot: &Snapshot,
    since: Option<Timestamp>,
    pending: u64,
) -> Result<Live, OutcomesError> {
    let judged = product.judged();
    if let Judged::No { because } = judged {
        return Ok(Live::NotJudged {
            because: because.to_owned(),
        });
    }
    let header = product.header();
    let (known, _) = workshop.registry.outcomes(&header.name).await?;
    let missing = judged
        .told_by()
        .iter()
        .find(|table| !snapshot.tables.contains_key(**table));
    if let (Some(table), true) = (missing, known.is_empty()) {
        let because = format!("table {table} is not in the lake");
        let why = WhyNot::DoesNotApply { because };
        return Ok(Live::Unknown { why, pending });
    }
    let days = counted(known, header);
    let since = since.map(|at| AsOf(schema::time::date_of(day_of(at.as_second()))));
    let loss_max = header.promises.quality_loss_max;
    let mut live = held_against_launch(&days, since, judged, loss_max, pending)?;
    if let (Live::Measured(measured), true) = (&mut live, judged.is_of_lists()) {
        let positions = workshop.registry.outcome_positions(&header.name).await?;
        measured.at_positions = measured.at_positions(&positions, &days);
    }
    Ok(live)
}

/// The days that count by `quality_since` of a product's file.
fn counted(mut days: Vec<OutcomeDay>, header: &Header) -> Vec<OutcomeDay> {
    if let Some(first) = header.promises.quality_since {
        days.retain(|of| of.day >= first);
    }
    days
}

impl Workshop {
    /// What came of a product's decisions, on the days that count.
    pub(super) async fn outcomes_counted(
        &self,
        header: &Header,
    ) -> Result<Vec<OutcomeDay>, StoreError> {
        let (known, _) = self.registry.outcomes(&header.name).await?;
        Ok(counted(known, header))
    }
}

/// The fall of quality that is seen by whoever watches from a day on, whichever versions answer.
pub(super) fn fell_when_watched_from(
    days: &[OutcomeDay],
    first: AsOf,
    judged: Judged,
    loss_max: f64,
) -> Result<Option<Fell>, OutcomesError> {
    let live = held_against_launch(days, Some(first), judged, loss_max, 0)?;
    Ok(match live {
        Live::Measured(measured) => measured.fell,
        Live::NotJudged { .. } | Live::Unknown { .. } => None,
    })
}

/// Days with outcomes that later ones are held against.
fn launch_days(judged: Judged) -> usize {
    match judged {
        Judged::Sold(Forecasts {
            step: Step::Week | Step::Month,
            ..
        })
        | Judged::Launched => LAUNCH_PERIODS,
        Judged::Sold(Forecasts {
            step: Step::Day, ..
        })
        | Judged::Bought { .. }
        | Judged::Clicked { .. }
        | Judged::Valued { .. }
        | Judged::Lasted { .. }
        | Judged::No { .. } => LAUNCH_DAYS,
    }
}

/// The losses of each day.
pub(super) fn losses(days: &[OutcomeDay], judged: Judged, held_out: bool) -> Vec<LossDay> {
    if judged.is_of_forecasts() {
        errors_by_day(days, held_out)
    } else {
        by_day(days, held_out)
    }
}

/// Days with outcomes beside the first of them.
fn held_against_launch(
    days: &[OutcomeDay],
    since: Option<AsOf>,
    judged: Judged,
    loss_max: f64,
    pending: u64,
) -> Result<Live, OutcomesError> {
    let unknown = |why| Ok(Live::Unknown { why, pending });
    let (losses, launch_days) = (losses(days, judged, false), launch_days(judged));
    let too_few = |found: usize| WhyNot::TooFew {
        what: "days with outcomes after launch".to_owned(),
        found: found as u64,
        needed: launch_days as u64 + 1,
    };
    if losses.len() <= launch_days {
        return unknown(too_few(losses.len()));
    }
    let are_forecasts = judged.is_of_forecasts();
    let (launch, after) = losses.split_at(launch_days);
    let lost: f64 = launch.iter().map(|day| day.sum).sum();
    let count: u64 = launch.iter().map(|day| day.count).sum();
    if lost == 0.0 || (lost == count as f64 && !are_forecasts) {
        return unknown(WhyNot::NoVariation {
            what: "what decisions led to after launch".to_owned(),
        });
    }
    let reference = LossReference::measure(launch)?;
    let first = since.unwrap_or(launch[0].day);
    let watched: Vec<&LossDay> = after.iter().filter(|day| day.day >= first).collect();
    if watched.is_empty() {
        return unknown(too_few(launch_days));
    }
    let at_launch = 1.0 - reference.mean;
    if at_launch <= 0.0 {
        return unknown(WhyNot::DoesNotApply {
            because: "after launch forecasts were no nearer to what sold than the naive ones"
                .to_owned(),
        });
    }
    let tolerance = loss_max * at_launch;
    let promise = LossPromise::against(&reference, tolerance, ALPHA);
    let mut watch = LossWatch::new(promise)?;
    for day in &watched {
        watch.look(day)?;
    }
    let reading = watch.read();
    let worst = if are_forecasts {
        1.0 - TIMES_WRONG_MOST
    } else {
        0.0
    };
    let units: u64 = watched.iter().map(|day| day.count).sum();
    let good = match reading.interval {
        None => Estimate::NotMeasurable(too_few(0)),
        Some(interval) => Estimate::Measured {
            point: 1.0 - interval.mean,
            low: (1.0 - interval.high).max(worst),
            high: (1.0 - interval.low).min(1.0),
            units,
        },
    };
    let half = Z_95 * reference.standard_error;
    let recent = losses
        .iter()
        .filter(|day| day.day < first && day.day >= first.minus_days(LAUNCH_DAYS as i32));
    let before = "decisions before the present version";
    let fell = match reading.verdict {
        LossVerdict::Quiet => None,
        // A later change may explain more than the one that was seen; that one it does not date.
        LossVerdict::Passed { seen, likely_since } => Some(Fell {
            seen,
            likely_since: likely_since.filter(|since| *since <= seen),
        }),
    };
    let season = fell.and_then(|fell| Season::of(&losses, fell, loss_max, launch_days));
    Ok(Live::Measured(Box::new(Measured {
        what: what_is_good(judged),
        good,
        at_launch: Estimate::Measured {
            point: at_launch,
            low: (at_launch - half).max(worst),
            high: (at_launch + half).min(1.0),
            units: count,
        },
        launch_days: (launch[0].day, launch[launch.len() - 1].day),
        allowed: at_launch - tolerance,
        days: watched
            .iter()
            .map(|day| (day.day, 1.0 - day.mean()))
            .collect(),
        before: if are_forecasts {
            mean_of_days(recent, before)
        } else {
            share(recent, before)
        },
        baseline: baseline_since(days, judged, first),
        at_positions: None,
        errors: errors_since(days, judged, first),
        fell: fell.filter(|_| season.is_none()),
        season,
        pending,
    })))
}

/// Losses of each day: 1 for a decision that was judged and not good.
fn by_day(days: &[OutcomeDay], held_out: bool) -> Vec<LossDay> {
    let mut sums: BTreeMap<AsOf, (u64, u64)> = BTreeMap::new();
    for of in days.iter().filter(|of| of.held_out == held_out) {
        let (judged, good) = sums.entry(of.day).or_default();
        *judged += of.judged;
        *good += of.good;
    }
    let judged = sums.into_iter().filter(|(_, (judged, _))| *judged > 0);
    judged
        .map(|(day, (judged, good))| {
            let lost = (judged - good) as f64;
            LossDay {
                day,
                count: judged,
                sum: lost,
                sum_squares: lost,
                season: 1.0,
            }
        })
        .collect()
}

/// Errors of each day as shares of the naive forecast's error of the same day: what is hard for both is no loss of
/// quality. Days on which the naive forecast is right say nothing and are left out.
fn errors_by_day(days: &[OutcomeDay], held_out: bool) -> Vec<LossDay> {
    let mut sums: BTreeMap<AsOf, (u64, ErrorSums)> = BTreeMap::new();
    for of in days.iter().filter(|of| of.held_out == held_out) {
        let Some(errors) = of.errors else { continue };
        let (count, sum) = sums.entry(of.day).or_default();
        *count += of.judged;
        *sum += errors;
    }
    let known = sums
        .into_iter()
        .filter(|(_, (count, sum))| *count > 0 && sum.missed_naive > 0.0);
    known
        .map(|(day, (count, sum))| {
            let usual = sum.missed_naive / count as f64;
            let times = (sum.missed / sum.missed_naive).min(TIMES_WRONG_MOST);
            let lost = times * count as f64;
            LossDay {
                day,
                count,
                sum: lost,
                // A day that is cut is told with the least scatter that it can have.
                sum_squares: (sum.missed_squares / (usual * usual)).max(lost * times),
                season: 1.0,
            }
        })
        .collect()
}

/// What the baseline's answers to the holdout led to from a day on.
fn baseline_since(days: &[OutcomeDay], judged: Judged, first: AsOf) -> Estimate {
    let of = losses(days, judged, true);
    let since = of.iter().filter(|day| day.day >= first);
    let what = "decisions for the holdout";
    match judged {
        Judged::Bought { .. } | Judged::Clicked { .. } => share(since, what),
        Judged::Valued { .. } => mean_of_days(since, what),
        Judged::Sold(_) | Judged::Launched | Judged::Lasted { .. } | Judged::No { .. } => {
            Estimate::NotMeasurable(WhyNot::DoesNotApply {
                because: "its decisions are about no customer who could be held out".to_owned(),
            })
        }
    }
}

/// How wrong forecasts were from a day on; nothing where none is known, or nothing sold.
fn errors_since(days: &[OutcomeDay], judged: Judged, first: AsOf) -> Option<Errors> {
    let since = days.iter().filter(|of| of.day >= first && !of.held_out);
    let (mut forecasts, mut sums) = (0, ErrorSums::default());
    for (count, errors) in since.filter_map(|of| Some((of.judged, of.errors?))) {
        forecasts += count;
        sums += errors;
    }
    let is_squared = matches!(judged, Judged::Valued { .. });
    let share = |missed: f64| (!is_squared).then(|| missed / sums.sold);
    (sums.sold > 0.0).then(|| Errors {
        forecasts,
        wape: share(sums.missed),
        naive_wape: share(sums.missed_naive),
        bias: sums.excess / sums.sold,
    })
}

/// Mean quality of days with the interval of their scatter.
fn mean_of_days<'a>(days: impl Iterator<Item = &'a LossDay>, what: &str) -> Estimate {
    let (mut units, mut quality) = (0, Vec::new());
    for day in days {
        units += day.count;
        quality.push(1.0 - day.mean());
    }
    let n = quality.len() as f64;
    if quality.len() < 2 {
        return Estimate::NotMeasurable(WhyNot::TooFew {
            what: what.to_owned(),
            found: units,
            needed: 2,
        });
    }
    let mean = quality.iter().sum::<f64>() / n;
    let squares: f64 = quality.iter().map(|of| (of - mean).powi(2)).sum();
    let half = Z_95 * (squares / (n - 1.0) / n).sqrt();
    Estimate::Measured {
        point: mean,
        low: mean - half,
        high: mean + half,
        units,
    }
}

/// Share of good decisions.
fn share<'a>(days: impl Iterator<Item = &'a LossDay>, what: &str) -> Estimate {
    let (count, lost) = days.fold((0, 0.0), |(n, lost), day| (n + day.count, lost + day.sum));
    Estimate::share(count as f64 - lost, count, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty days of twenty judged decisions each.
    fn forty(good: u64) -> Vec<OutcomeDay> {
        let first = AsOf(jiff::civil::date(2026, 3, 1));
        let day = |n: i32| OutcomeDay {
            day: first.minus_days(-n),
            version: 1,
            held_out: false,
            decisions: 30,
            judged: 20,
            good: good + u64::from(good > 0 && good < 20 && n % 2 == 0),
            errors: None,
        };
        (0..40).map(day).collect()
    }

    #[test]
    fn a_season_that_was_there_the_year_before_is_no_fall_and_one_that_was_not_is() {
        let first = AsOf(jiff::civil::date(2025, 1, 1));
        // From June to August two of twenty fewer are good.
        let days_of = |last_year: bool| -> Vec<OutcomeDay> {
            let day = |n: i32| {
                let day = first.minus_days(-n);
                let summer = (6..=8).contains(&day.0.month());
                let fewer = u64::from(summer && (last_year || day.0.year() == 2026)) * 5;
                OutcomeDay {
                    day,
                    version: 1,
                    held_out: false,
                    decisions: 60,
                    judged: 60,
                    good: 30 - 2 * fewer + u64::from(n % 2 == 0),
                    errors: None,
                }
            };
            (0..600).map(day).collect()
        };
        let since = Some(AsOf(jiff::civil::date(2026, 3, 1)));
        let live = |last_year| {
            let judged = Judged::Bought { window_days: 7 };
            held_against_launch(&days_of(last_year), since, judged, 0.1, 0).unwrap()
        };
        let Live::Measured(fallen) = live(false) else {
            panic!("years of decisions are judged");
        };
        let fell = fallen.fell.expect("the summer before was not like that");
        assert_eq!((fell.seen.0.month(), fallen.season), (6, None));
        let Live::Measured(seasonal) = live(true) else {
            panic!("years of decisions are judged");
        };
        let season = seasonal.season.expect("the summer before was like that");
        assert_eq!(seasonal.fell, None);
        assert_eq!(season.since.0.month(), 6);
        assert!(
            (season.good - season.good_before).abs() < 0.02,
            "{season:?}"
        );
        assert!(season.sentence().ends_with("the season, and no fall"));
    }

    fn live_of(days: &[OutcomeDay]) -> Result<Live, OutcomesError> {
        let judged = Judged::Bought { window_days: 7 };
        held_against_launch(days, None, judged, 0.1, 5)
    }

    #[test]
    fn decisions_that_never_or_always_led_to_something_are_held_against_nothing() {
        for good in [0, 20] {
            let live = live_of(&forty(good)).unwrap();
            let nothing = matches!(
                live,
                Live::Unknown {
                    why: WhyNot::NoVariation { .. },
                    pending: 5
                }
            );
            assert!(nothing, "{live:?}");
        }
        let live = live_of(&forty(8)).unwrap();
        assert!(matches!(live, Live::Measured(of) if of.fell.is_none() && of.days.len() == 12));
    }
}
