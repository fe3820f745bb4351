//! Forecasts of a shop as it is now, ready to be asked for.

use super::CARD;
use super::fitted::Body;
use super::series::{Key, Series, series};
use super::told::{TOTAL, line};
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
    found: Option<Found>,
    /// Products that may not be sold any more.
    ended: BTreeSet<String>,
    today: schema::AsOf,
}

/// The series of the shop and what is forecast of them.
#[derive(Debug)]
struct Found {
    series: Series,
    /// Absent where the shop knows other things ahead than the version learnt from.
    forecast: Option<Forecast>,
    naive: Forecast,
}

impl Attached {
    pub(super) fn new(body: Arc<Body>, shop: &Shop) -> Self {
        let history = &shop.history;
        let found = series(history, &body.settings).map(|series| Found {
            forecast: body.forecaster.forecast(&series.panel).ok(),
            naive: body.forecaster.baseline(&series.panel),
            series,
        });
        let products = history.catalogue().products().iter();
        let ended = products
            .filter(|p| !p.active)
            .map(|p| p.id.clone())
            .collect();
        Self {
            body,
            found,
            ended,
            today: shop.today(),
        }
    }

    /// The series asked about.
    fn series(&self, asked: &Asked) -> Result<(usize, &Found), Infeasible> {
        let missing = || Infeasible::Missing {
            field: "product_id",
            placement: CARD.kind.to_owned(),
        };
        let product = asked.product_id.as_ref().ok_or_else(missing)?.as_str();
        let unknown = || Infeasible::UnknownSeries {
            product: product.to_owned(),
            as_of: self.today,
        };
        let found = self.found.as_ref().ok_or_else(unknown)?;
        let keys = &found.series.keys;
        let from = keys.partition_point(|key| key.product.as_str() < product);
        let of = keys[from..].iter().take_while(|key| key.product == product);
        let of: Vec<(usize, &Key)> = (from..).zip(of).collect();
        if of.is_empty() {
            return Err(unknown());
        }
        let sites = || {
            let named = of.iter().take(8).filter_map(|(_, key)| key.site.as_deref());
            let more = if of.len() > 8 { " …" } else { "" };
            format!("{}{more}", named.collect::<Vec<_>>().join(", "))
        };
        let at = match (&asked.placement, of.as_slice()) {
            (None, [(one, _)]) => Some(*one),
            (None, _) => {
                return Err(Infeasible::Placement {
                    found: "missing: it is the site".to_owned(),
                    allowed: sites(),
                });
            }
            (Some(site), _) => of
                .iter()
                .find(|(_, key)| key.site.as_ref() == Some(site))
                .map(|(at, _)| *at),
        };
        match at {
            Some(at) => Ok((at, found)),
            None => Err(Infeasible::Placement {
                found: asked.placement.clone().unwrap_or_default(),
                allowed: sites(),
            }),
        }
    }

    /// - `by`: which of the forecasts answers.
    fn answer(
        &self,
        asked: &Asked,
        by: impl Fn(&Found) -> Option<&Forecast>,
        method: &str,
    ) -> Result<Decisions, Infeasible> {
        let (series, found) = self.series(asked)?;
        let line = by(found).map(|forecast| line(&self.body, &found.series, forecast, series));
        let line = line.unwrap_or_default();
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
        let ended = self.ended.contains(&found.series.keys[series].product);
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
        self.answer(asked, |found| found.forecast.as_ref(), &method)
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let method = self.body.forecaster.baseline_method().name();
        self.answer(asked, |found| Some(&found.naive), method)
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let (series, found) = self.series(asked)?;
        let panel = &found.series.panel;
        let ahead = found.forecast.as_ref().map_or(0, Forecast::ahead);
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
        let sums = self.body.forecaster.drivers(panel, series, wanted);
        let sums = sums.unwrap_or_default().into_iter();
        let mut lines: Vec<ExplanationLine> = sums
            .map(|(driver, part)| ExplanationLine {
                what: named(driver).to_owned(),
                contribution: part * self.body.scale(),
            })
            .collect();
        lines.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        let score = lines.iter().map(|line| line.contribution).sum();
        let key = &found.series.keys[series];
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
