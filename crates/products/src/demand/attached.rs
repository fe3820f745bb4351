//! Forecasts of a shop as it is now, ready to be asked for.

use super::CARD;
use super::asked::{all, asked_series};
use super::fitted::Body;
use super::series::{Series, series};
use super::settings::{Measure, Returns};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason};
use crate::contract::Serving;
use crate::reasons::reason;
use crate::shop::Shop;
use models::demand::{Driver, Forecast, Role};
use schema::{Estimate, Probability};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The action that is all periods together.
const TOTAL: &str = "total";

/// What is known of one period of one series.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    id: String,
    estimate: Estimate,
    reasons: Vec<Reason>,
}

/// Forecasts of one series by one method.
type Line = Vec<Told>;

/// A version joined with what the shop has sold by now.
#[derive(Debug)]
pub(super) struct Attached {
    body: Arc<Body>,
    found: Option<Series>,
    /// By series.
    forecasts: Vec<Line>,
    baselines: Vec<Line>,
    /// Products that may not be sold any more.
    ended: BTreeSet<String>,
    today: schema::AsOf,
}

impl Attached {
    pub(super) fn new(body: Arc<Body>, shop: &Shop) -> Self {
        let history = &shop.history;
        let found = series(history, &body.settings);
        let products = history.catalogue().products().iter();
        let ended = products
            .filter(|p| !p.active)
            .map(|p| p.id.clone())
            .collect();
        let (forecasts, baselines) = found.as_ref().map_or_else(Default::default, |found| {
            let forecast = body.forecaster.forecast(&found.panel).ok();
            let naive = body.forecaster.baseline(&found.panel);
            let lines = |forecast: &Forecast<'_>| {
                (0..found.panel.series())
                    .map(|series| line(&body, found, forecast, series))
                    .collect::<Vec<Line>>()
            };
            (
                forecast.as_ref().map(lines).unwrap_or_default(),
                lines(&naive),
            )
        });
        Self {
            body,
            found,
            forecasts,
            baselines,
            ended,
            today: shop.today(),
        }
    }

    /// The series asked about.
    fn series(&self, asked: &Asked) -> Result<(usize, &Series), Infeasible> {
        asked_series(self.found.as_ref(), asked, CARD.kind, self.today)
    }

    fn answer(&self, asked: &Asked, lines: &[Line], method: &str) -> Result<Decisions, Infeasible> {
        let (series, found) = self.series(asked)?;
        let line = lines.get(series).map_or(&[][..], Vec::as_slice);
        let (total, periods) = line.split_at(line.len().min(1));
        let most = u32::try_from(periods.len()).unwrap_or(u32::MAX);
        if let Some(items) = asked.items.filter(|items| *items == 0 || *items > most) {
            return Err(Infeasible::Items {
                found: items,
                allowed: most,
            });
        }
        let wanted = asked.items.unwrap_or(most) as usize;
        let total = total.iter().filter(|_| wanted == periods.len());
        let ended = self.ended.contains(&found.keys[series].product);
        let actions = total.chain(&periods[..wanted]).zip(1u32..);
        let actions = actions.map(|(told, position)| {
            let (estimate, reasons) = if ended {
                let why = reason(
                    "ended",
                    "the catalogue says that it is not sold any more",
                    [],
                );
                (Estimate::Exact(0.0), vec![why])
            } else {
                (told.estimate.clone(), told.reasons.clone())
            };
            Action {
                position,
                id: told.id.clone(),
                label: None,
                score: estimate.point(),
                estimate: Some(estimate),
                unit: self.body.unit().to_owned(),
                propensity: Probability::ONE,
                reasons: reasons.into(),
            }
        });
        Ok(Decisions {
            placement: asked.placement.clone(),
            actions: actions.collect(),
            short_of: None,
            method: method.to_owned(),
            stake: None,
        })
    }
}

/// A figure as it is told: whole units or cents.
fn rounded(body: &Body, value: f64) -> f64 {
    (value * body.scale()).round()
}

/// Less than nothing is only sold where what is taken back is taken off.
fn lowest(body: &Body, low: f64) -> f64 {
    match body.settings.returns {
        // Adding 0 makes a negative zero a plain one.
        Returns::LeftOut => low.max(0.0) + 0.0,
        Returns::TakenOff => low,
    }
}

/// What is forecast of a series: all periods together, then each.
fn line(body: &Body, found: &Series, forecast: &Forecast<'_>, series: usize) -> Line {
    let (panel, level) = (&found.panel, body.settings.interval);
    let expected = forecast.expected(series);
    let measured = |point: f64, (low, high): (f64, f64)| {
        let point = match body.settings.measure {
            // Half a unit may be expected, although it cannot be sold.
            Measure::Units => point,
            Measure::Revenue => rounded(body, point),
        };
        Estimate::Measured {
            point,
            low: lowest(body, rounded(body, low)).min(point),
            high: rounded(body, high).max(point),
            units: 1,
        }
    };
    let lately = lately(body, found, series);
    let mut line: Line = Vec::with_capacity(expected.len() + 1);
    if let Some(last) = expected.len().checked_sub(1) {
        let interval = forecast.interval_of_total(series, last, level);
        line.push(Told {
            id: TOTAL.to_owned(),
            estimate: measured(expected.iter().sum(), interval),
            reasons: vec![lately.clone()],
        });
    }
    for (ahead, point) in expected.iter().enumerate() {
        let period = panel.known() + ahead;
        let open = panel.is_open(series, period);
        let estimate = if open {
            measured(*point, forecast.interval(series, ahead, level))
        } else {
            Estimate::Exact(0.0)
        };
        let mut reasons = Vec::new();
        if open {
            reasons.push(lately.clone());
            if panel.value_of(Role::Promotion, series, period) > Some(0.0) {
                reasons.push(reason("promotion", "a promotion is planned", []));
            }
            if panel.value_of(Role::Holiday, series, period) > Some(0.0) {
                reasons.push(reason("holiday", "a public holiday", []));
            }
        } else {
            reasons.push(reason("closed", "closed", []));
        }
        line.push(Told {
            id: panel.date(period).to_string(),
            estimate,
            reasons,
        });
    }
    line
}

/// What a series sold in the last periods known.
fn lately(body: &Body, found: &Series, series: usize) -> Reason {
    let (panel, step) = (&found.panel, body.settings.step());
    let values = panel.values(series);
    let recent = &values[values.len().saturating_sub(step.level())..];
    let known: Vec<f64> = recent
        .iter()
        .filter(|v| !v.is_nan())
        .map(|v| f64::from(*v))
        .collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64 * body.scale();
    reason(
        "lately",
        "{mean} {unit} a {step} in the last {periods} with anything to sell",
        [
            ("mean", schema::estimate::short(mean).into()),
            ("unit", body.unit().into()),
            ("step", step.name().into()),
            ("periods", known.len().into()),
        ],
    )
}

/// A driver in words.
fn named(driver: Driver) -> &'static str {
    match driver {
        Driver::Level => "level",
        Driver::Trend => "trend",
        Driver::Season => "season",
        Driver::Week => "day of the week and openings",
        Driver::Promotion => "promotions",
        Driver::Holiday => "holidays",
        Driver::Price => "price",
        Driver::Weather => "weather",
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        self.answer(
            asked,
            &self.forecasts,
            &self.body.forecaster.method().name(),
        )
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let method = self.body.forecaster.baseline_method().name();
        self.answer(asked, &self.baselines, method)
    }

    fn all(&self) -> Option<Vec<Asked>> {
        Some(all(self.found.as_ref()))
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let (series, found) = self.series(asked)?;
        let line = self.forecasts.get(series).map_or(&[][..], Vec::as_slice);
        let periods = &line[line.len().min(1)..];
        let wanted = match about {
            None => 0..periods.len(),
            Some(id) => match periods.iter().position(|told| told.id == id) {
                Some(at) => at..at + 1,
                None if id == TOTAL => 0..periods.len(),
                None => {
                    let (first, last) = (periods.first(), periods.last());
                    let day = |told: Option<&Told>| told.map_or("", |t| &t.id).to_owned();
                    return Err(Infeasible::UnknownArm {
                        found: id.to_owned(),
                        allowed: format!("{TOTAL}, {} to {}", day(first), day(last)),
                    });
                }
            },
        };
        let sums = self.body.forecaster.drivers(&found.panel, series, wanted);
        let sums = sums.unwrap_or_default().into_iter();
        let mut lines: Vec<ExplanationLine> = sums
            .map(|(driver, part)| ExplanationLine {
                what: named(driver).to_owned(),
                contribution: part * self.body.scale(),
            })
            .collect();
        lines.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        let score = lines.iter().map(|line| line.contribution).sum();
        let key = &found.keys[series];
        let site = key
            .site
            .as_ref()
            .map(|site| format!(" at {site}"))
            .unwrap_or_default();
        let about = match about {
            Some(id) if id != TOTAL => id.to_owned(),
            _ => TOTAL.to_owned(),
        };
        Ok(Explanation {
            summary: format!(
                "product {}{site}, {about}: {} {} expected by {}",
                key.product,
                schema::estimate::short(score),
                self.body.unit(),
                self.body.forecaster.method().name(),
            ),
            about,
            score,
            unit: self.body.unit().to_owned(),
            lines,
            why_not: None,
            rules: Vec::new(),
        })
    }
}
