//! What an experiment changed, as one page that stands alone: to be sent, printed and kept.
//!
//! It is made of the pieces of the console and takes nothing from anywhere: style and charts are in the page.

use super::format::{Currency, count, percent};
use super::french;
use super::learned::{experiment, guardrails};
use super::messages::Say;
use super::page::{self, Tone, figures, words};
use crate::charts::{
    BarChart, BarRow, Estimate, IntervalChart, IntervalRow, Locale, Mark, bar_chart, interval_chart,
};
use maud::{Markup, html};
use products::Header;
use registry::TableVersion;
use serde_json::Value;

/// A read-out to be told.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// Name of the shop.
    pub shop: &'a str,
    /// The data product of kind `experiment`.
    pub product: &'a Header,
    /// Its version.
    pub version: u32,
    /// When the version was made.
    pub made_at: jiff::Timestamp,
    /// The tables that it read.
    pub inputs: &'a [TableVersion],
    /// The codes of the currencies of the shop's sales.
    pub currencies: &'a [String],
    /// What the version says of itself.
    pub page: &'a Value,
}

/// The page, in English or French; `None` where the version says nothing of an experiment.
#[must_use]
pub fn report(report: &Report<'_>, locale: Locale) -> Option<String> {
    let findings = report.page.get("findings")?.as_array()?;
    let first = findings.first()?;
    let deciding: Vec<&Value> = findings
        .iter()
        .filter(|found| found.get("outcome") == first.get("outcome"))
        .collect();
    let currency = Currency::of(report.currencies);
    let told = Told {
        l: locale,
        report,
        currency: &currency,
        money: first.get("money").and_then(Value::as_bool) == Some(true),
    };
    Some(told.document(&deciding)?.into_string())
}

struct Told<'a> {
    l: Locale,
    report: &'a Report<'a>,
    currency: &'a Currency,
    /// Whether the deciding outcome is an amount.
    money: bool,
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(of: &Value, path: &str) -> Option<f64> {
    of.pointer(path).and_then(Value::as_f64)
}

impl Told<'_> {
    fn say(&self, say: Say) -> &'static str {
        say.text(self.l)
    }

    fn amount(&self, value: f64) -> String {
        if self.money {
            self.currency.about(self.l, value)
        } else {
            self.l.number(value)
        }
    }

    fn between(&self, low: f64, high: f64) -> String {
        if self.money {
            self.currency.between(self.l, low, high)
        } else {
            self.l.interval(low, high, "")
        }
    }

    fn unit(&self) -> String {
        if self.money {
            self.currency.sign().to_owned()
        } else {
            String::new()
        }
    }

    fn outcome(&self, found: &Value) -> &'static str {
        self.say(match text(found, "outcome") {
            "visits" => Say::OutcomeVisits,
            "orders" => Say::OutcomeOrders,
            "revenue" => Say::OutcomeRevenue,
            "discount" => Say::OutcomeDiscount,
            "lines" => Say::OutcomeLines,
            "returns" => Say::OutcomeReturns,
            _ => Say::OutcomeMargin,
        })
    }

    /// The sentence that can be repeated.
    fn sentence(&self, found: &Value) -> (Tone, String) {
        let (arm, outcome) = (text(found, "arm"), self.outcome(found));
        let customers = found.get("customers").and_then(Value::as_u64).unwrap_or(0);
        let customers = count(self.l, customers);
        let of = |name: &str| number(found, &format!("/total/{name}"));
        let (Some(point), Some(low), Some(high), Some(anyway)) =
            (of("point"), of("low"), of("high"), of("anyway"))
        else {
            return (Tone::Warn, Say::ReportUnknown.with(self.l, &[arm, outcome]));
        };
        let anyway = self.amount(anyway);
        let real = found.get("real").and_then(Value::as_bool) == Some(true);
        if !real {
            let range = self.between(low, high);
            let said =
                Say::ReportMayBeChance.with(self.l, &[arm, outcome, &range, &customers, &anyway]);
            return (Tone::Quiet, said);
        }
        let (say, low, high, tone) = if point >= 0.0 {
            (Say::ReportMore, low, high, Tone::Good)
        } else {
            (Say::ReportLess, -high, -low, Tone::Bad)
        };
        let (size, range) = (self.amount(point.abs()), self.between(low, high));
        (
            tone,
            say.with(self.l, &[arm, &customers, &size, outcome, &range, &anyway]),
        )
    }

    fn document(&self, deciding: &[&Value]) -> Option<Markup> {
        let (l, report) = (self.l, self.report);
        let title = Say::ReportTitle.with(l, &[text(report.page, "experiment")]);
        let all = experiment::show(l, self.currency, report.page)?;
        let body = html! {
            @if !report.product.description.is_empty() { p.lead { (report.product.description) } }
            @for (badge, sentence) in guardrails::sentences(l, report.page, true) {
                p.strong { (badge) " " (sentence) }
            }
            @for found in deciding {
                @let (tone, sentence) = self.sentence(found);
                p.strong { (page::badge(tone, self.verdict(tone))) " " (sentence) }
            }
            @for (badge, sentence) in guardrails::sentences(l, report.page, false) {
                p { (badge) " " (sentence) }
            }
            (self.currency.note(l))
            section { h2 { (self.say(Say::ReportEffect)) } div.figures { (self.effect(deciding)) } }
            section { h2 { (self.say(Say::ReportAnyway)) } p { (self.say(Say::ReportAnywayLead)) } div.figures { (self.anyway(deciding)) } }
            section { h2 { (self.say(Say::ReportAll)) } (all) }
            section { h2 { (self.say(Say::ReportSizes)) } (self.sizes()) }
            section { h2 { (self.say(Say::ReportHow)) } (self.how()) }
        };
        Some(page::alone(l, report.shop, &title, &body))
    }

    fn verdict(&self, tone: Tone) -> &'static str {
        self.say(match tone {
            Tone::Good | Tone::Bad => Say::Real,
            Tone::Quiet => Say::MayBeChance,
            Tone::Warn => Say::Unknown,
        })
    }

    fn effect(&self, deciding: &[&Value]) -> Markup {
        let row = |found: &&Value| {
            let of = |name: &str| number(found, &format!("/total/{name}"));
            let known = || {
                Some(Estimate {
                    point: of("point")?,
                    low: of("low")?,
                    high: of("high")?,
                })
            };
            IntervalRow {
                label: text(found, "arm").to_owned(),
                estimate: known(),
                note: String::new(),
            }
        };
        let outcome = deciding.first().map_or("", |found| self.outcome(found));
        let title = Say::ReportEffectOn.with(self.l, &[outcome]);
        let chart = IntervalChart {
            title: title.clone(),
            unit: self.unit(),
            promise: self.say(Say::ReportPromise).to_owned(),
            rows: deciding.iter().map(row).collect(),
            baseline: Some(Mark {
                value: 0.0,
                label: self.say(Say::ReportNoEffect).to_owned(),
            }),
        };
        page::figure(&title, &interval_chart(&chart, self.l))
    }

    fn anyway(&self, deciding: &[&Value]) -> Markup {
        let control = text(self.report.page, "control");
        let bars = deciding.iter().flat_map(|found| {
            let (anyway, adds) = (
                number(found, "/total/anyway"),
                number(found, "/total/point"),
            );
            let arm = text(found, "arm");
            let bar = |label: String, value: Option<f64>| BarRow {
                label,
                value,
                note: String::new(),
            };
            [
                bar(
                    Say::ReportWith.with(self.l, &[arm]),
                    anyway.zip(adds).map(|(a, b)| a + b),
                ),
                bar(Say::ReportWithout.with(self.l, &[arm, control]), anyway),
            ]
        });
        let outcome = deciding.first().map_or("", |found| self.outcome(found));
        let title = Say::ReportBoth.with(self.l, &[outcome]);
        let chart = BarChart {
            title: title.clone(),
            unit: self.unit(),
            rows: bars.collect(),
        };
        page::figure(&title, &bar_chart(&chart, self.l))
    }

    fn sizes(&self) -> Markup {
        let l = self.l;
        let heads = [
            words(self.say(Say::Arm)),
            figures(self.say(Say::Customers)),
            figures(self.say(Say::ReportFinished)),
            figures(self.say(Say::ReportShare)),
        ];
        let known = |value: Option<f64>, write: &dyn Fn(f64) -> String| match value {
            Some(value) => html! { (write(value)) },
            None => html! { span.unknown { (Say::Unknown.text(l)) } },
        };
        let arms = self.report.page.get("arms").and_then(Value::as_array);
        let row = |arm: &Value| {
            vec![
                html! { (text(arm, "arm")) },
                known(number(arm, "/customers"), &|n| l.fixed(n, 0)),
                known(number(arm, "/finished"), &|n| l.fixed(n, 0)),
                known(number(arm, "/share"), &|share| percent(l, share)),
            ]
        };
        let rows: Vec<_> = arms.into_iter().flatten().map(row).collect();
        page::grid(self.say(Say::ReportSizes), &heads, &rows)
    }

    fn how(&self) -> Markup {
        let (l, report, page) = (self.l, self.report, self.report.page);
        let days = |name: &str| {
            let days = page.get(name).and_then(Value::as_u64).unwrap_or(0);
            Say::ReportDays.with(l, &[&count(l, days)])
        };
        let tables = report.inputs.iter();
        let tables: Vec<String> = tables
            .map(|input| format!("{} {}", french::told(l, &input.table), input.version))
            .collect();
        let alpha = number(page, "/alpha").unwrap_or(0.0);
        let made = report.made_at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        let version = Say::ReportVersion.with(
            l,
            &[
                &report.product.name,
                &count(l, u64::from(report.version)),
                &made,
            ],
        );
        let facts = [
            (Say::ReportControl, text(page, "control").to_owned()),
            (Say::ReportStart, text(page, "start").to_owned()),
            (Say::ReportKnown, text(page, "as_of").to_owned()),
            (Say::ReportWindow, days("window_days")),
            (Say::ReportBefore, days("covariate_days")),
            (Say::ReportWrong, percent(l, alpha)),
            (Say::ReportMadeFrom, version),
            (Say::Owner, report.product.owner.clone()),
            (Say::ReportTables, tables.join(", ")),
        ];
        html! {
            p { (self.say(Say::ReportMethod)) }
            dl.card { @for (name, value) in &facts { div { dt { (self.say(*name)) } dd { (value) } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn finding(real: bool) -> Value {
        json!({
            "outcome": "margin", "unit": "margin per customer", "money": true, "arm": "mail <b>", "customers": 600,
            "real": real, "control_mean": 35.2,
            "effect": { "measured": { "point": 3.0, "low": 2.5, "high": 3.5 } },
            "always_valid": { "measured": { "point": 3.0, "low": 2.2, "high": 3.8 } },
            "relative": { "measured": { "point": 0.085 } },
            "total": { "point": 1800.0, "low": 1500.0, "high": 2100.0, "anyway": 21120.0 },
        })
    }

    fn page(real: bool, locale: Locale) -> String {
        let page = json!({
            "experiment": "trial mail", "control": "none", "start": "2026-03-01", "as_of": "2026-05-01",
            "window_days": 28, "covariate_days": 90, "alpha": 0.05,
            "arms": [{ "arm": "none", "customers": 610, "finished": 610, "share": 0.5 }, { "arm": "mail <b>", "customers": 600, "finished": 600, "share": 0.5 }],
            "findings": [finding(real)],
            "guardrails": [{
                "outcome": "basket", "unit": "basket (revenue per order)", "arm": "mail <b>", "better": "higher", "worse_by": 0.02,
                "says": { "broken": { "point": -0.08, "low": -0.12, "high": -0.04, "units": 1200 } },
            }],
            "told": ["the arms have the sizes asked for (p-value 0.912)"],
        });
        let product = Header {
            name: "read-out".to_owned(),
            kind: "experiment".to_owned(),
            owner: "crm".to_owned(),
            description: String::new(),
            deadline_ms: 50,
            promises: products::Promises::default(),
            retraining: products::Retraining::default(),
            fingerprint: String::new(),
        };
        let told = Report {
            shop: "Teas",
            product: &product,
            version: 3,
            made_at: jiff::Timestamp::UNIX_EPOCH,
            inputs: &[TableVersion {
                table: "sales".to_owned(),
                version: 12,
            }],
            currencies: &["EUR".to_owned()],
            page: &page,
        };
        report(&told, locale).unwrap()
    }

    #[test]
    fn a_report_says_in_money_what_changed_and_what_would_have_come_anyway() {
        let english = page(true, Locale::English);
        for part in [
            "Because of mail &lt;b&gt;, 600 customers brought €1,800 more margin (€1,500 to €2,100). Without it they would have brought €21,120 anyway.",
            "sales 12",
            "version 3",
            "2026-05-01",
            "28 d<",
            "<svg",
            "the arms have the sizes asked for",
        ] {
            assert!(english.contains(part), "{part}: {english}");
        }
        let french = page(false, Locale::French);
        for part in [
            "lang=\"fr\"",
            "ne se distingue pas",
            "1\u{202f}500 à 2\u{202f}100\u{a0}€",
            "28 j<",
        ] {
            assert!(french.contains(part), "{part}: {french}");
        }
    }

    #[test]
    fn a_broken_guardrail_is_said_before_what_was_won() {
        for (locale, broken, won) in [
            (Locale::English, "worse by more than", "Because of mail"),
            (
                Locale::French,
                "fait empirer plus que permis",
                "Grâce à mail",
            ),
        ] {
            let page = page(true, locale);
            let at = |part: &str| page.find(part).unwrap_or_else(|| panic!("{part}: {page}"));
            assert!(at(broken) < at(won), "{page}");
        }
    }

    #[test]
    fn a_report_takes_nothing_from_elsewhere() {
        let page = page(true, Locale::English);
        for part in ["src=", "href=", "url(", "<script", "@import", "<b>"] {
            assert!(!page.contains(part), "{part}");
        }
    }
}
