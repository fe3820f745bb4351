//! The fan of a series, its figures period by period, and what the forecast is made of.

use super::forecast::{Ahead, Forecast};
use super::history::{Measure, Past, Period, Step};
use crate::charts::{BarChart, BarRow, Estimate, FanChart, FanWords, Locale, bar_chart, fan_chart};
use crate::console::estimates::{Written, estimate};
use crate::console::format::{Currency, count};
use crate::console::french;
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use jiff::civil::Date;
use maud::{Markup, html};
use products::Explanation;

/// What is shown of one series.
pub(super) struct Outlook<'a> {
    pub(super) l: Locale,
    pub(super) currency: &'a Currency,
    pub(super) title: &'a str,
    pub(super) step: Option<Step>,
    pub(super) past: &'a [Period],
    pub(super) forecast: &'a Forecast,
    pub(super) explained: Option<&'a Explanation>,
}

impl Outlook<'_> {
    pub(super) fn show(&self) -> Markup {
        let l = self.l;
        let say = |s: Say| s.text(l);
        html! {
            section {
                h2 #outlook { (say(Say::SoldAndExpected)) }
                div.figures {
                    div {
                        (page::figure(&self.span(), &fan_chart(&self.fan(), l)))
                        @if let Some(gaps) = self.gaps() { p.small { (gaps) } }
                    }
                    div { (self.drivers()) }
                }
                h3 { (say(Say::ExpectedByPeriod)) }
                div.narrow { (self.ahead()) }
                p.small { (say(Say::Method)) (l.colon()) (french::told(l, &self.forecast.method)) }
                @if !self.past.is_empty() {
                    details { summary { (say(Say::SoldByPeriod)) } div.narrow { (self.before()) } }
                }
            }
        }
    }

    /// What the fan spans.
    fn span(&self) -> String {
        let l = self.l;
        let Some(step) = self.step else {
            return Say::ExpectedByPeriod.text(l).to_owned();
        };
        let many = |n: usize| step.periods().with(l, &[&count(l, n as u64)]);
        let (before, ahead) = (many(self.past.len()), many(self.forecast.periods.len()));
        Say::BeforeAndAhead.with(l, &[&before, &ahead])
    }

    fn written(&self) -> Written<'_> {
        match self.forecast.measure {
            Measure::Money => Written::Money(self.currency),
            Measure::Units => Written::Plain,
        }
    }

    /// What one of the forecast's figures is in a chart, and the unit beside it.
    fn drawn(&self) -> (f64, String) {
        match self.forecast.measure {
            Measure::Money => (0.01, self.currency.sign().to_owned()),
            Measure::Units => (1.0, french::told(self.l, "units").into_owned()),
        }
    }

    fn label(&self, first: Date) -> String {
        self.step
            .map_or_else(|| first.to_string(), |step| step.label(first))
    }

    fn fan(&self) -> FanChart {
        let l = self.l;
        let (factor, unit) = self.drawn();
        let past = self.past.iter().map(|p| p.first);
        let ahead = self.forecast.periods.iter();
        let labels = past.chain(ahead.clone().map(|a| a.first));
        let drawn = |a: &Ahead| {
            let (low, high) = a.estimate.interval()?;
            let open = Estimate {
                point: a.estimate.point()? * factor,
                low: low * factor,
                high: high * factor,
            };
            (!a.is_closed()).then_some(open)
        };
        let out = self.past.iter().enumerate().filter(|(_, p)| p.days_out > 0);
        FanChart {
            title: self.title.to_owned(),
            unit,
            words: FanWords {
                past: Say::FanSold.text(l).to_owned(),
                ahead: Say::FanExpected.text(l).to_owned(),
                band: Say::FanBand.text(l).to_owned(),
                sign: Say::OutOfStockNow.text(l).to_owned(),
            },
            labels: labels.map(|first| self.label(first)).collect(),
            past: self
                .past
                .iter()
                .map(|p| p.past.demand().map(|v| v * factor))
                .collect(),
            ahead: ahead.map(drawn).collect(),
            signs: out.map(|(at, _)| at).collect(),
        }
    }

    /// Why the line has gaps; nothing where it has none.
    fn gaps(&self) -> Option<String> {
        let l = self.l;
        let many = |is: fn(Past) -> bool| self.past.iter().filter(|p| is(p.past)).count() as u64;
        let closed = many(|p| p == Past::Closed);
        let ahead = self.forecast.periods.iter().filter(|a| a.is_closed());
        let parts = [
            (Say::GapsClosed, closed + ahead.count() as u64),
            (Say::GapsOut, many(|p| matches!(p, Past::OutOfStock(_)))),
            (Say::GapsNotYet, many(|p| p == Past::NotYet)),
        ];
        let told = parts.iter().filter(|(_, n)| *n > 0);
        let told: Vec<String> = told.map(|(say, n)| say.with(l, &[&count(l, *n)])).collect();
        (!told.is_empty()).then(|| Say::Gaps.with(l, &[&told.join(", ")]))
    }

    fn ahead(&self) -> Markup {
        let l = self.l;
        let heads = [
            words(Say::Period.text(l)),
            figures(Say::Expected.text(l)),
            words(Say::WhatIsSpecial.text(l)),
        ];
        let row = |a: &Ahead| {
            vec![
                html! { (self.label(a.first)) },
                if a.is_closed() {
                    html! { span.unknown { (Say::Closed.text(l)) } }
                } else {
                    estimate(l, &a.estimate, self.written())
                },
                self.special(a),
            ]
        };
        let rows: Vec<_> = self.forecast.periods.iter().map(row).collect();
        page::grid(Say::ExpectedByPeriod.text(l), &heads, &rows)
    }

    /// What is told of a period beside its figure; an empty cell where nothing is.
    fn special(&self, a: &Ahead) -> Markup {
        if a.is_closed() || a.reasons.is_empty() {
            return html! {};
        }
        html! {
            ul.plain {
                @for reason in &a.reasons {
                    @let (text, told) = french::reason(self.l, self.currency, reason);
                    li lang=[(!told).then_some("en")] { (text) }
                }
            }
        }
    }

    fn before(&self) -> Markup {
        let l = self.l;
        let heads = [
            words(Say::Period.text(l)),
            figures(Say::FanSold.text(l)),
            words(Say::WhatIsSpecial.text(l)),
        ];
        let amount = |value: f64| self.written().point(l, value);
        let row = |p: &Period| {
            let sold = match p.past {
                Past::Sold(value) | Past::OutOfStock(value) => html! { (amount(value)) },
                Past::Closed => html! { span.unknown { (Say::Closed.text(l)) } },
                Past::NotYet => html! { span.unknown { (Say::NotSoldYet.text(l)) } },
            };
            let days = [p.days_out, p.days].map(|n| l.fixed(f64::from(n), 0));
            vec![
                html! { (self.label(p.first)) },
                sold,
                html! {
                    @if p.days_out > 0 { div { (Say::DaysOut.with(l, &[&days[0], &days[1]])) } }
                    @if matches!(p.past, Past::OutOfStock(_)) { div.small { (Say::NotWhatWasWanted.text(l)) } }
                },
            ]
        };
        // The latest first: that is what one looks for.
        let rows: Vec<_> = self.past.iter().rev().map(row).collect();
        page::grid(Say::SoldByPeriod.text(l), &heads, &rows)
    }

    /// The parts of the total, which add up to it.
    fn drivers(&self) -> Markup {
        let l = self.l;
        let (factor, unit) = self.drawn();
        let title = Say::Drivers.text(l);
        let parts = self
            .explained
            .map(|e| &e.lines)
            .filter(|parts| !parts.is_empty());
        let total = self
            .forecast
            .total
            .as_ref()
            .and_then(schema::Estimate::point);
        let (Some(parts), Some(total)) = (parts, total) else {
            return html! { h3 { (title) } p.unknown { (Say::NoDrivers.text(l)) } };
        };
        let together: f64 = parts.iter().map(|part| part.contribution).sum();
        // What the catalogue has ended is not what was learnt.
        if (together - total).abs() > 0.01 * total.abs().max(1.0) {
            return html! { h3 { (title) } p.unknown { (Say::NoDrivers.text(l)) } };
        }
        let rows = parts.iter().filter_map(|part| {
            let value = rounded(part.contribution * factor, total * factor);
            let label = french::told(l, &part.what).into_owned();
            (value != 0.0).then_some(BarRow {
                label,
                value: Some(value),
                note: String::new(),
            })
        });
        let chart = BarChart {
            title: title.to_owned(),
            unit,
            rows: rows.collect(),
        };
        html! {
            (page::figure(title, &bar_chart(&chart, l)))
            p { b { (Say::DriversTogether.with(l, &[&self.written().point(l, together)])) } }
            p.small { (Say::DriversLead.text(l)) }
        }
    }
}

/// A part of a total to the fourth digit of the total: what is less says nothing of it.
fn rounded(part: f64, total: f64) -> f64 {
    let digit = 10.0_f64.powf(total.abs().max(1e-3).log10().floor() - 3.0);
    (part / digit).round() * digit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_rounded_by_their_total() {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * b.abs().max(1.0);
        assert!(near(rounded(-5.1234, 329.0), -5.1));
        assert!(near(rounded(0.0009, 329.0), 0.0));
        assert!(near(rounded(123_456.0, 987_654.0), 123_500.0));
        assert!(near(rounded(0.25, 0.0), 0.25));
    }
}
