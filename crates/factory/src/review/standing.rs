//! Each promise beside what was measured.

use super::service::{Service, Slot};
use super::value::Value;
use super::{Found, Live};
use jiff::Timestamp;
use monitoring::promises::{self, BurnWindow, Ledger, Promise, Reason, Standing, Subject, judge};
use products::Header;
use schema::AsOf;
use schema::estimate::short;
use serde::Serialize;

/// Minutes of a record that a server writes: the shortest window in which a budget is seen to burn.
pub const SLOT_MINUTES: u32 = 5;

/// Of a product that is asked ten times a day one slow answer is no incident.
const BAD_MIN: u64 = 3;

/// From this share of an age that is promised on, it is told that it is about to be reached.
const SOON: f64 = 0.8;

/// How a promise stands, the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is kept.
    Kept,
    /// It cannot be said.
    Unknown,
    /// It is kept, and will not be for long.
    AtRisk,
    /// It is not.
    Broken,
}

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promised {
    /// Half of the answers leave within a time.
    LatencyP50,
    /// 99 of 100 do.
    LatencyP99,
    /// Questions get an answer.
    Answered,
    /// Answers are the version's own.
    ByVersion,
    /// The version has learnt lately.
    VersionAge,
    /// Sales came in lately.
    DataAge,
    /// Rows of another table did.
    TableAge,
    /// Decisions are as good as at launch.
    Quality,
    /// It earns what it must.
    Value,
}

impl State {
    /// In words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Unknown => "unknown",
            Self::AtRisk => "at risk",
            Self::Broken => "broken",
        }
    }
}

impl Promised {
    /// In words.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::LatencyP50 => "median answer time",
            Self::LatencyP99 => "p99 answer time",
            Self::Answered => "questions answered",
            Self::ByVersion => "answers of the version",
            Self::VersionAge => "age of the version",
            Self::DataAge => "age of the sales",
            Self::TableAge => "age of a table",
            Self::Quality => "quality of decisions",
            Self::Value => "value per period",
        }
    }
}

/// Unit of what is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Milliseconds, at most.
    Ms,
    /// A share, at least.
    Share,
    /// Days, at most.
    Days,
    /// Money in the shop's currency, at least.
    Money,
}

/// A promise beside what was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// What is promised.
    pub promise: Promised,
    /// The table, of the age of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// How it stands.
    pub state: State,
    /// The limit: at most for times and ages, at least for shares. Absent where the limit is not known yet.
    pub promised: Option<f64>,
    /// What was measured; absent where it cannot be said.
    pub measured: Option<f64>,
    /// The same within the period before.
    pub before: Option<f64>,
    /// Unit of the three.
    pub unit: Unit,
    /// What may still go wrong within the period, as a share of what may in all; below 0 when more did.
    pub budget_left: Option<f64>,
    /// In a few words why it stands as it does; empty where the figures say it.
    pub because: String,
}

impl Unit {
    /// A figure in this unit.
    #[must_use]
    pub fn told(self, figure: f64) -> String {
        match self {
            Self::Ms => format!("{} ms", trimmed(short(figure))),
            // Of shares near 1 it is what lacks that counts.
            Self::Share if figure > 0.99 => {
                format!("{} %", trimmed(format!("{:.3}", 100.0 * figure)))
            }
            Self::Share => format!("{} %", trimmed(format!("{:.1}", 100.0 * figure))),
            Self::Days => format!("{figure:.0} d"),
            Self::Money => format!("{figure:.2}"),
        }
    }

    /// Whether a promise in it is a lower limit.
    #[must_use]
    pub fn is_lower_limit(self) -> bool {
        matches!(self, Self::Share | Self::Money)
    }
}

/// Without zeros that end its decimals.
fn trimmed(figure: String) -> String {
    if figure.contains('.') {
        return figure
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned();
    }
    figure
}

impl Kept {
    /// What is promised, in words.
    #[must_use]
    pub fn told(&self) -> String {
        match &self.table {
            Some(table) => format!("age of table {table}"),
            None => self.promise.told().to_owned(),
        }
    }

    /// The limit with its side.
    #[must_use]
    pub fn limit_told(&self) -> Option<String> {
        let side = if self.unit.is_lower_limit() {
            "≥"
        } else {
            "≤"
        };
        self.promised
            .map(|limit| format!("{side} {}", self.unit.told(limit)))
    }

    /// How it stands, in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let figure = |figure: Option<f64>| figure.map(|figure| self.unit.told(figure));
        let mut told = format!("{} is {}", self.told(), self.state.told());
        if let (Some(measured), Some(limit)) = (figure(self.measured), self.limit_told()) {
            told += &format!(": {measured}, promised {limit}");
        }
        if !self.because.is_empty() {
            told += &format!(" ({})", self.because);
        }
        told
    }
}

/// Every promise of a product, the worst first.
pub(super) fn of(header: &Header, found: &Found) -> Vec<Kept> {
    let mut all = of_service(header, &found.service, found.now);
    all.extend(ages(header, found));
    all.extend(quality(&found.live));
    all.extend(found.value.as_ref().map(value));
    // Those that stand alike stay in the order of their list.
    all.sort_by_key(|kept| std::cmp::Reverse(kept.state));
    all
}

/// What is promised of answers, with what of a slot counts and what of it is bad.
fn of_service(header: &Header, service: &Service, now: Timestamp) -> Vec<Kept> {
    let promises = &header.promises;
    let of_99 = promises.latency_p99(header.deadline_ms);
    let late = |ms: u64| {
        let limit = std::time::Duration::from_millis(ms);
        move |slot: &Slot| (slot.times.count(), slot.times.count_above(limit))
    };
    let (period, before) = (&service.period, &service.before);
    let of =
        |promise, good_share, limit: f64, unit, figures, counts: &dyn Fn(&Slot) -> (u64, u64)| {
            let (measured, before) = figures;
            let promised = Promise {
                subject: subject(promise, limit),
                good_share,
                period_days: promises.period_days,
            };
            let standing = stand(&promised, service, now, counts);
            let (state, because) = told(&standing);
            Kept {
                promise,
                table: None,
                state,
                promised: Some(limit),
                measured,
                before,
                unit,
                budget_left: standing.ok().and_then(|s| s.budget).map(|b| b.left_share),
                because,
            }
        };
    let mut all = vec![
        of(
            Promised::LatencyP99,
            0.99,
            of_99 as f64,
            Unit::Ms,
            (period.p99_ms, before.p99_ms),
            &late(of_99),
        ),
        of(
            Promised::Answered,
            promises.answered_share,
            promises.answered_share,
            Unit::Share,
            (period.answered_share(), before.answered_share()),
            &|slot| (slot.answered + slot.unanswered, slot.unanswered),
        ),
        of(
            Promised::ByVersion,
            promises.version_share,
            promises.version_share,
            Unit::Share,
            (period.by_version(), before.by_version()),
            &|slot| (slot.answered, slot.fallbacks),
        ),
    ];
    if let Some(ms) = promises.latency_p50_ms {
        let half = of(
            Promised::LatencyP50,
            0.5,
            f64::from(ms),
            Unit::Ms,
            (period.p50_ms, before.p50_ms),
            &late(u64::from(ms)),
        );
        all.insert(0, half);
    }
    all
}

fn subject(promise: Promised, limit: f64) -> Subject {
    match promise {
        Promised::LatencyP50 | Promised::LatencyP99 => Subject::Latency {
            ms_max: limit as u32,
        },
        Promised::ByVersion => Subject::Fallback,
        Promised::Answered
        | Promised::VersionAge
        | Promised::DataAge
        | Promised::TableAge
        | Promised::Quality
        | Promised::Value => Subject::Failures,
    }
}

/// Where a promise of answers stands.
fn stand(
    promise: &Promise,
    service: &Service,
    now: Timestamp,
    counts: &dyn Fn(&Slot) -> (u64, u64),
) -> Result<Standing, String> {
    let refused = |refusal: monitoring::refusal::Refusal| refusal.to_string();
    let mut ledger = Ledger::new(SLOT_MINUTES, promise.period_minutes()).map_err(refused)?;
    for slot in &service.records {
        let (all, bad) = counts(slot);
        if all > 0 {
            ledger.add(slot.began_at, all, bad).map_err(refused)?;
        }
    }
    let windows = BurnWindow::of_workbook(promise);
    judge(promise, &windows, &ledger, now, BAD_MIN).map_err(refused)
}

fn told(standing: &Result<Standing, String>) -> (State, String) {
    match standing.as_ref().map(|standing| &standing.state) {
        Ok(promises::State::Kept) => (State::Kept, String::new()),
        Ok(promises::State::AtRisk(reason)) => (State::AtRisk, reason_told(reason)),
        Ok(promises::State::Broken(reason)) => (State::Broken, reason_told(reason)),
        Ok(promises::State::Unknown(_)) => {
            (State::Unknown, "not asked within the period".to_owned())
        }
        Err(refused) => (State::Unknown, refused.clone()),
    }
}

fn reason_told(reason: &Reason) -> String {
    match reason {
        Reason::Burning { burn, spent_at } => format!(
            "goes wrong {} times as often as it may for {} minutes; what may go wrong is used up on {}",
            short(burn.long),
            burn.window.long_minutes,
            spent_at.strftime("%Y-%m-%d %H:%M UTC"),
        ),
        Reason::Spent { bad, bad_allowed } => {
            format!("{bad} went wrong, {} may", short(*bad_allowed))
        }
    }
}

/// Promises about the age of the version and of the data.
fn ages(header: &Header, found: &Found) -> Vec<Kept> {
    let promises = &header.promises;
    let today = AsOf(found.now.to_zoned(jiff::tz::TimeZone::UTC).date());
    let of = |promise, most: Option<u32>, until: Option<AsOf>, missing: &str| {
        let kept = Kept {
            promise,
            ..age(most?, until, today)
        };
        Some(match until {
            Some(_) => kept,
            None => Kept {
                because: missing.to_owned(),
                ..kept
            },
        })
    };
    let learnt = found.version.as_ref().and_then(|version| version.as_of);
    let of_version = of(
        Promised::VersionAge,
        promises.version_age_days_max,
        learnt,
        "no version answers",
    );
    let of_sales = of(
        Promised::DataAge,
        promises.data_age_days_max,
        found.data_until,
        "no sale is known",
    );
    let of_tables = promises.table_age_days_max.iter().map(|(table, most)| {
        let until = found.table_until.get(table).copied().flatten();
        let kept = Kept {
            table: Some(table.clone()),
            ..age(*most, until, today)
        };
        match until {
            Some(_) => kept,
            // Who promises rows of a table has them.
            None => Kept {
                state: State::Broken,
                because: "none of its rows is known".to_owned(),
                ..kept
            },
        }
    });
    let of_data = of_version.into_iter().chain(of_sales);
    of_data.chain(of_tables).collect()
}

/// How old a table is.
///
/// - `until`: the first day of which no row is known.
fn age(most: u32, until: Option<AsOf>, today: AsOf) -> Kept {
    let most = f64::from(most);
    let age = until.map(|until| f64::from((today.epoch_day() - until.epoch_day()).max(0)));
    let state = match age {
        None => State::Unknown,
        Some(age) if age > most => State::Broken,
        Some(age) if age > SOON * most && age >= 1.0 => State::AtRisk,
        Some(_) => State::Kept,
    };
    Kept {
        promise: Promised::TableAge,
        table: None,
        state,
        promised: Some(most),
        measured: age,
        before: None,
        unit: Unit::Days,
        budget_left: age.map(|age| 1.0 - age / most.max(1.0)),
        because: String::new(),
    }
}

/// Whether it earns what it must: broken where that is surely less, at risk where it may be.
fn value(value: &Value) -> Kept {
    let least = value.at_least;
    let kept = Kept {
        promise: Promised::Value,
        table: None,
        state: State::Unknown,
        promised: Some(least),
        measured: None,
        before: None,
        unit: Unit::Money,
        budget_left: None,
        because: String::new(),
    };
    match &value.measured {
        Err(because) => Kept {
            because: format!("{} does not say: {because}", value.experiment),
            ..kept
        },
        Ok(measured) => {
            let point = measured.point();
            let (low, high) = measured
                .interval()
                .unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            let state = match point {
                None => State::Unknown,
                Some(_) if high < least => State::Broken,
                Some(point) if point < least => State::AtRisk,
                Some(_) => State::Kept,
            };
            Kept {
                state,
                measured: point,
                because: format!("{low:.2} to {high:.2} by {}", value.experiment),
                ..kept
            }
        }
    }
}

/// Whether decisions are as good as at launch; nothing where single decisions are not judged.
fn quality(live: &Live) -> Option<Kept> {
    let kept = Kept {
        promise: Promised::Quality,
        table: None,
        state: State::Unknown,
        promised: None,
        measured: None,
        before: None,
        unit: Unit::Share,
        budget_left: None,
        because: String::new(),
    };
    match live {
        Live::NotJudged { .. } => None,
        Live::Unknown { why, .. } => Some(Kept {
            because: why.to_string(),
            ..kept
        }),
        Live::Measured(measured) => Some(Kept {
            state: if measured.fell.is_some() {
                State::Broken
            } else {
                State::Kept
            },
            promised: Some(measured.allowed),
            measured: measured.good.point(),
            before: measured.at_launch.point(),
            because: measured
                .fell
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            ..kept
        }),
    }
}
