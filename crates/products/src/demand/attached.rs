//! Forecasts of a shop as it is now, ready to be asked for.

use super::CARD;
use super::asked::{all, asked_series};
use super::fitted::Body;
use super::overrides::{Added, Changed};
use super::series::{Series, series};
use super::told::{Moves, TOTAL, Told, line, summed};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible};
use crate::contract::Serving;
use crate::reasons::reason;
use crate::shop::Shop;
use models::demand::{Driver, Forecast};
use schema::{Estimate, Probability};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A version joined with what the shop has sold by now.
#[derive(Debug)]
pub(super) struct Attached {
    body: Arc<Body>,
    found: Option<Series>,
    /// With what planners changed; absent where the shop knows other things ahead than the version learnt from.
    forecast: Option<Changed>,
    /// What was expected before it was made to agree: series × periods ahead; empty where it is not.
    plain: Vec<f64>,
    naive: Option<Forecast>,
    /// Products that may not be sold any more.
    ended: BTreeSet<String>,
    today: schema::AsOf,
}

impl Attached {
    pub(super) fn new(body: Arc<Body>, shop: &Shop) -> Self {
        let history = &shop.history;
        let found = series(history, &body.settings);
        let panel = found.as_ref().map(|found| &found.panel);
        let products = history.catalogue().products().iter();
        let ended = products
            .filter(|p| !p.active)
            .map(|p| p.id.clone())
            .collect();
        let mut plain = Vec::new();
        let forecast = found.as_ref().and_then(|found| {
            let own = body.forecaster.forecast(&found.panel).ok()?;
            // Rather a forecast that does not agree than none.
            let forecast = match body.agreed(found, &found.panel, own.clone()) {
                Ok(agreed) if agreed.all() != own.all() => {
                    plain = own.all().to_vec();
                    agreed
                }
                Ok(_) | Err(_) => own,
            };
            Some(found.overrides.change(&found.panel, None, forecast))
        });
        Self {
            forecast,
            plain,
            naive: panel.map(|panel| body.forecaster.baseline(panel)),
            body,
            found,
            ended,
            today: shop.today(),
        }
    }

    /// The series asked about.
    fn series(&self, asked: &Asked) -> Result<(usize, &Series), Infeasible> {
        asked_series(self.found.as_ref(), asked, CARD.kind, self.today)
    }

    /// What planners add to the forecast of a series.
    fn added(&self, found: &Series, series: usize) -> Vec<Added> {
        let changed = self.forecast.as_ref();
        let added = |changed: &Changed| changed.added(&found.overrides, &found.panel, series);
        changed.map(added).unwrap_or_default()
    }

    /// What agreeing adds to the forecast of a series, period by period; nothing where forecasts are told as they were.
    fn agreed(&self, series: usize) -> Vec<f64> {
        let Some(changed) = &self.forecast else {
            return Vec::new();
        };
        let ahead = changed.forecast.ahead();
        let plain = self.plain.get(series * ahead..(series + 1) * ahead);
        let each = plain.unwrap_or_default().iter();
        each.zip(changed.before(series))
            .map(|(plain, agreed)| agreed - plain)
            .collect()
    }

    /// - `line`: of a series, all periods together and each.
    fn answer(
        &self,
        asked: &Asked,
        line: impl Fn(&Series, usize) -> Vec<Told>,
        method: &str,
    ) -> Result<Decisions, Infeasible> {
        let (series, found) = self.series(asked)?;
        let line = line(found, series);
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

/// What agreeing adds, in words.
const AGREED: &str = "agreement with the levels above";

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
        let method = self.body.forecaster.method().name();
        let told = |found: &Series, series: usize| {
            let changed = self.forecast.as_ref();
            let moves = Moves {
                agreed: self.agreed(series),
                added: self.added(found, series),
            };
            changed.map_or_else(Vec::new, |changed| {
                line(&self.body, found, &changed.forecast, &moves, series)
            })
        };
        self.answer(asked, told, &method)
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let method = self.body.forecaster.baseline_method().name();
        let told = |found: &Series, series: usize| {
            let naive = self.naive.as_ref();
            naive.map_or_else(Vec::new, |naive| {
                line(&self.body, found, naive, &Moves::default(), series)
            })
        };
        self.answer(asked, told, method)
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
        let panel = &found.panel;
        let ahead = self.forecast.as_ref().map_or(0, |of| of.forecast.ahead());
        let day = |ahead: usize| panel.date(panel.known() + ahead).to_string();
        let wanted = match about {
            None => 0..ahead,
            Some(id) => match (0..ahead).find(|at| day(*at) == id) {
                Some(at) => at..at + 1,
                None if id == TOTAL => 0..ahead,
                None => {
                    let last = day(ahead.saturating_sub(1));
                    return Err(Infeasible::UnknownArm {
                        found: id.to_owned(),
                        allowed: format!("{TOTAL}, {} to {last}", day(0)),
                    });
                }
            },
        };
        let mut added = self.added(found, series);
        added.retain(|one| wanted.contains(&one.ahead));
        let agreed = self.agreed(series);
        let agreed: f64 = agreed.get(wanted.clone()).unwrap_or_default().iter().sum();
        let agreed = (agreed != 0.0).then(|| (AGREED.to_owned(), agreed));
        let sums = self.body.forecaster.drivers(panel, series, wanted);
        let drivers = sums.unwrap_or_default().into_iter();
        let drivers = drivers.map(|(driver, part)| (named(driver).to_owned(), part));
        let changes = summed(&added).into_iter().map(|(at, part)| {
            let of = &found.overrides.each()[at].of;
            (format!("change of {} ({})", of.author, of.id), part)
        });
        let mut lines: Vec<ExplanationLine> = drivers
            .chain(agreed)
            .chain(changes)
            .map(|(what, part)| ExplanationLine {
                what,
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
