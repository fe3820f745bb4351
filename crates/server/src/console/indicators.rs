//! The indicators of the shop over time, from the definitions that evaluations use too.

use super::data::{self, Cache};
use super::format::Currency;
use super::french;
use super::messages::Say;
use super::page::{self, Page, Section, figures, words};
use super::visit::Visit;
use crate::api::Shared;
use crate::charts::{LineChart, Locale, Series as Line, line_chart};
use crate::problem::Problem;
use crate::state::AppState;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::{Date, Weekday};
use lake::Snapshot;
use maud::{Markup, html};
use schema::indicator::{Indicator, indicators};
use schema::time::date_of;
use std::sync::Arc;

/// Most months and weeks that are shown; thirteen months hold the same month of the year before.
const MONTHS_MAX: usize = 13;
const WEEKS_MAX: usize = 26;

/// Fewer whole months than these and weeks tell more.
const MONTHS_MIN: usize = 4;

/// Days of a first month that may lie before the first sale: a shop that opened on the second still has a whole month.
const FIRST_DAYS_MISSING: i32 = 3;

/// The length of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    Month,
    Week,
}

/// Whole periods of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Periods {
    length: Length,
    /// First day of each, and the first day after the last.
    bounds: Vec<Date>,
}

/// The indicators over the periods.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    periods: Option<Periods>,
    /// One value per period; an indicator whose tables are empty has none at all.
    values: Vec<Option<Vec<Option<f64>>>>,
}

/// The whole months between the first day with a sale and the first day not known; whole weeks where there are few.
pub(super) fn periods(first: i32, as_of: Date) -> Option<Periods> {
    let start = date_of(first);
    let mut month = start.first_of_month();
    if (start - month).get_days() >= FIRST_DAYS_MISSING {
        month = month.saturating_add(jiff::Span::new().months(1));
    }
    let months: Vec<Date> = month
        .series(jiff::Span::new().months(1))
        .take_while(|m| *m <= as_of)
        .collect();
    let last = |mut bounds: Vec<Date>, most: usize, length: Length| {
        bounds.drain(..bounds.len().saturating_sub(most + 1));
        (bounds.len() > 1).then_some(Periods { length, bounds })
    };
    if months.len() > MONTHS_MIN {
        return last(months, MONTHS_MAX, Length::Month);
    }
    let to_monday = i64::from(Weekday::Monday.since(start.weekday()).rem_euclid(7));
    let monday = start.saturating_add(jiff::Span::new().days(to_monday));
    let weeks: Vec<Date> = monday
        .series(jiff::Span::new().weeks(1))
        .take_while(|w| *w <= as_of)
        .collect();
    last(weeks, WEEKS_MAX, Length::Week)
}

/// Tables that an indicator reads and that have no row.
fn missing<'a>(indicator: &'a Indicator, snapshot: &Snapshot) -> Vec<&'a str> {
    indicator
        .reads
        .iter()
        .map(String::as_str)
        .filter(|t| !snapshot.tables.contains_key(*t))
        .collect()
}

async fn measure(
    state: &AppState,
    snapshot: &Snapshot,
    of: &Indicator,
    periods: &Periods,
) -> Result<Vec<Option<f64>>, Problem> {
    let pairs = periods.bounds.windows(2).enumerate();
    let parts = pairs.map(|(n, w)| {
        format!(
            "SELECT {n} AS place, ({}) AS value",
            of.sql_between(w[0], w[1]).trim()
        )
    });
    let sql = parts.collect::<Vec<_>>().join(" UNION ALL ");
    let mut values = vec![None; periods.bounds.len() - 1];
    for batch in data::query(state, snapshot, &sql).await? {
        for (place, value) in data::integers(&batch, 0)?
            .into_iter()
            .zip(data::numbers(&batch, 1)?)
        {
            if let Some(slot) = place
                .and_then(|p| usize::try_from(p).ok())
                .and_then(|p| values.get_mut(p))
            {
                *slot = value.filter(|v| v.is_finite());
            }
        }
    }
    Ok(values)
}

/// Computed once for each state of the tables that indicators read; who comes meanwhile waits for the same answer.
async fn series(
    state: &AppState,
    cache: &Cache,
    snapshot: &Snapshot,
) -> Result<Arc<Series>, Problem> {
    let mut tables: Vec<&str> = indicators()
        .iter()
        .flat_map(|i| i.reads.iter().map(String::as_str))
        .collect();
    tables.sort_unstable();
    tables.dedup();
    let stamp = data::stamp(snapshot, &tables);
    let mut kept = cache.indicators.lock().await;
    if let Some((_, known)) = kept.as_ref().filter(|(at, _)| *at == stamp) {
        return Ok(Arc::clone(known));
    }
    let Some(shop) = state.live.shop() else {
        return Ok(Arc::new(Series {
            periods: None,
            values: Vec::new(),
        }));
    };
    let periods = shop
        .history
        .first_day()
        .and_then(|first| periods(first, shop.today().0));
    let mut values = Vec::new();
    if let Some(periods) = &periods {
        for indicator in indicators() {
            let known = missing(indicator, snapshot).is_empty();
            values.push(if known {
                Some(measure(state, snapshot, indicator, periods).await?)
            } else {
                None
            });
        }
    }
    let found = Arc::new(Series { periods, values });
    *kept = Some((stamp, Arc::clone(&found)));
    Ok(found)
}

pub(super) async fn show(
    State(state): Shared,
    Extension(cache): Extension<Arc<Cache>>,
    visit: Visit,
) -> Response {
    let found = body(&state, &cache, &visit).await;
    page::answer(&state, &visit, Section::Indicators, found)
}

async fn body(state: &AppState, cache: &Cache, visit: &Visit) -> Result<Page, Problem> {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let title = say(Say::Indicators);
    let lead = html! { p.lead { (say(Say::IndicatorsLead)) } };
    if state.live.shop().is_none() {
        let todo = page::no_shop(state, l);
        return Ok(Page::new(title, html! { (lead) (page::next(l, &todo)) }));
    }
    let snapshot = data::snapshot(state).await?;
    let currency = cache.currency(state, &snapshot).await?;
    let series = series(state, cache, &snapshot).await?;
    let Some(periods) = &series.periods else {
        return Ok(Page::new(
            title,
            html! { (lead) p.problem role="status" { (say(Say::HistoryTooShort)) } },
        ));
    };
    let labels = labels(periods);
    let (first, last) = (
        labels.first().cloned().unwrap_or_default(),
        labels.last().cloned().unwrap_or_default(),
    );
    let span = match periods.length {
        Length::Month => Say::ByMonth,
        Length::Week => Say::ByWeek,
    };
    let body = html! {
        (lead)
        p { (span.with(l, &[&first, &last])) @if let Currency::Several(codes) = &currency { " " (Say::SeveralCurrencies.with(l, &[&codes.join(", ")])) } }
        div.figures.wide {
            @for (indicator, values) in indicators().iter().zip(&series.values) {
                (one(l, &currency, indicator, values.as_deref(), periods.length, &labels, &missing(indicator, &snapshot)))
            }
        }
        (page::next(l, &page::command(say(Say::IndicatorsWell), "comptoir query \"SELECT COUNT(*) FROM sales\"")))
    };
    Ok(Page::new(title, body))
}

fn labels(periods: &Periods) -> Vec<String> {
    let whole = &periods.bounds[..periods.bounds.len() - 1];
    let format = match periods.length {
        Length::Month => "%Y-%m",
        Length::Week => "%Y-%m-%d",
    };
    whole
        .iter()
        .map(|d| d.strftime(format).to_string())
        .collect()
}

/// How the values of an indicator are written: times what, and beside which unit.
fn written<'a>(l: Locale, currency: &'a Currency, unit: &'a str) -> (f64, String) {
    match unit {
        "share" => (100.0, "%".to_owned()),
        "cents" | "cents per order" => (0.01, currency.sign().to_owned()),
        other => (1.0, french::told(l, other).into_owned()),
    }
}

fn change(l: Locale, now: f64, before: f64, share: bool) -> Option<String> {
    if share {
        let points = 100.0 * (now - before);
        let sign = if points > 0.0 { "+" } else { "" };
        return Some(format!("{sign}{}", l.attach(&l.fixed(points, 1), "pt")));
    }
    (before != 0.0).then(|| {
        let part = 100.0 * (now / before - 1.0);
        let sign = if part > 0.0 { "+" } else { "" };
        format!("{sign}{}", l.attach(&l.fixed(part, 1), "%"))
    })
}

fn one(
    l: Locale,
    currency: &Currency,
    of: &Indicator,
    values: Option<&[Option<f64>]>,
    length: Length,
    labels: &[String],
    missing: &[&str],
) -> Markup {
    let name = match l {
        Locale::English => of.name.replace('_', " "),
        Locale::French => french::told(l, &of.name).replace('_', " "),
    };
    let (factor, unit) = written(l, currency, &of.unit);
    let share = of.unit == "share";
    let heading = html! { h2 { (name) } p.small { (french::marked(l, &of.meaning)) } };
    let Some(values) = values else {
        return html! {
            section.indicator { (heading)
                p.unknown { (Say::NotMeasurable.with(l, &[&Say::NeedsTables.with(l, &[&missing.join(", ")])])) }
            }
        };
    };
    let latest = values.last().copied().flatten();
    let back = |n: usize| values.len().checked_sub(n + 1).and_then(|i| values[i]);
    let versus = |n: usize| {
        latest
            .zip(back(n))
            .and_then(|(now, before)| change(l, now, before, share))
    };
    let scaled: Vec<Option<f64>> = values.iter().map(|v| v.map(|v| v * factor)).collect();
    let chart = LineChart {
        title: name.clone(),
        unit: unit.clone(),
        labels: labels.to_vec(),
        series: vec![Line {
            label: String::new(),
            values: scaled.clone(),
        }],
        from_zero: true,
    };
    let money = of.unit.starts_with("cents");
    let shown = |v: Option<f64>| match v {
        Some(v) if money => html! { (currency.about(l, v)) },
        Some(v) => html! { (l.with_unit(v, &unit)) },
        None => html! { span.unknown { (Say::Unknown.text(l)) } },
    };
    let heads = [words(Say::Period.text(l)), figures(&name)];
    let rows: Vec<Vec<Markup>> = labels
        .iter()
        .zip(&scaled)
        .rev()
        .map(|(label, v)| vec![html! { (label) }, shown(*v)])
        .collect();
    html! {
        section.indicator {
            (heading)
            p.latest { b { (shown(latest.map(|v| v * factor))) } " " span.small { (Say::LatestPeriod.text(l)) (l.colon()) (labels.last().map_or("", String::as_str)) } }
            p.small {
                @if let Some(text) = versus(1) { (Say::AgainstBefore.with(l, &[&text])) }
                @if length == Length::Month { @if let Some(text) = versus(12) { br; (Say::AgainstYear.with(l, &[&text])) } }
            }
            (maud::PreEscaped(line_chart(&chart, l)))
            details { summary { (Say::Values.text(l)) } (page::grid(&name, &heads, &rows)) }
            details { summary { (Say::Formula.text(l)) } pre { code { (of.sql.trim()) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use schema::time::epoch_day;

    #[test]
    fn only_whole_months_are_compared() {
        let found = periods(epoch_day(date(2009, 12, 1)), date(2011, 12, 10)).unwrap();
        assert_eq!(found.length, Length::Month);
        // The months of a year and the one before them, to compare with the same month.
        assert_eq!(labels(&found).first().unwrap(), "2010-11");
        assert_eq!(labels(&found).last().unwrap(), "2011-11");
        let later = periods(epoch_day(date(2011, 1, 7)), date(2011, 12, 10)).unwrap();
        assert_eq!(labels(&later).first().unwrap(), "2011-02");
    }

    #[test]
    fn a_short_history_is_told_by_weeks_and_a_very_short_one_not_at_all() {
        let found = periods(epoch_day(date(2024, 1, 3)), date(2024, 2, 10)).unwrap();
        assert_eq!(found.length, Length::Week);
        assert_eq!(
            labels(&found),
            ["2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29"]
        );
        assert_eq!(
            periods(epoch_day(date(2024, 1, 3)), date(2024, 1, 12)),
            None
        );
    }

    #[test]
    fn a_change_of_a_share_is_in_points_and_nothing_grows_from_zero() {
        assert_eq!(
            change(Locale::English, 0.12, 0.10, true).as_deref(),
            Some("+2.0\u{a0}pt")
        );
        assert_eq!(
            change(Locale::French, 90.0, 100.0, false).as_deref(),
            Some("−10,0\u{202f}%")
        );
        assert_eq!(change(Locale::English, 5.0, 0.0, false), None);
    }
}
