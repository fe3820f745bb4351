//! Forecasts of a shop as it is now, ready to be asked for.

use super::CARD;
use super::asked::{all, asked_series};
use super::fitted::Body;
use super::groups::{self, Group, Spread, Sums, asked_group};
use super::overrides::{Added, Changed};
use super::series::{Series, series};
use super::told::{Moves, TOTAL, Told, change_of, line, summed};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible};
use crate::contract::{Parts, Serving, TotalsOf};
use crate::reasons::reason;
use crate::shop::Shop;
use models::demand::{Driver, Forecast};
use schema::{Estimate, Probability};
use std::collections::BTreeSet;
use std::ops::Range;
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
    /// What is told of groups of series, by the version and by the baseline; nothing where none was learnt.
    sums: [Option<Sums>; 2],
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
        let ended: BTreeSet<String> = products
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
        let naive = panel.map(|panel| body.forecaster.baseline(panel));
        let changed = forecast.as_ref().map(|of| &of.forecast);
        let sums = [changed, naive.as_ref()].map(|forecast| {
            let found = found.as_ref()?;
            let is_ended = |series: usize| is_ended(&ended, found, series);
            Sums::new(&body, found, forecast?, is_ended)
        });
        Self {
            forecast,
            plain,
            naive,
            sums,
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
        let mut line = line(found, series);
        let all = line.len().saturating_sub(1);
        let wanted = wanted(asked, all)?;
        if wanted < all {
            line = line.drain(1..=wanted).collect();
        }
        let ended = is_ended(&self.ended, found, series);
        Ok(self.decisions(asked, line, ended, method))
    }

    /// The answer to a question about a total; `None` where it is about a series.
    ///
    /// - `by`: 0 for the version, 1 for the baseline.
    fn answer_of_total(
        &self,
        asked: &Asked,
        by: usize,
        forecast: Option<&Forecast>,
        method: &str,
    ) -> Result<Option<Decisions>, Infeasible> {
        let Some(group) = asked_group(&self.body, self.found.as_ref(), asked)? else {
            return Ok(None);
        };
        let totals = self.body.totals.as_ref();
        let (Some(totals), Some(sums), Some(forecast)) = (totals, self.sums[by].as_ref(), forecast)
        else {
            return Err(Infeasible::NoGroups);
        };
        let wanted = wanted(asked, sums.ahead())?;
        let spread = Spread {
            totals: &totals[by],
            forecast,
        };
        let line = groups::line(&self.body, &group, sums, &spread, wanted);
        Ok(Some(self.decisions(asked, line, false, method)))
    }

    fn decisions(&self, asked: &Asked, line: Vec<Told>, ended: bool, method: &str) -> Decisions {
        let actions = line.into_iter().zip(1u32..);
        let actions = actions.map(|(told, position)| {
            let (estimate, reasons) = if ended {
                let why = reason(
                    "ended",
                    "the catalogue says that it is not sold any more",
                    [],
                );
                (Estimate::Exact(0.0), vec![why])
            } else {
                (told.estimate, told.reasons)
            };
            Action {
                position,
                id: told.id,
                label: None,
                score: estimate.point(),
                estimate: Some(estimate),
                unit: self.body.unit().into(),
                propensity: Probability::ONE,
                reasons: reasons.into(),
            }
        });
        Decisions {
            placement: asked.placement.clone(),
            actions: actions.collect(),
            short_of: None,
            method: method.to_owned(),
            stake: None,
        }
    }

    /// The periods that are explained, and what they are called.
    fn explained(
        &self,
        found: &Series,
        about: Option<&str>,
    ) -> Result<(Range<usize>, String), Infeasible> {
        let panel = &found.panel;
        let ahead = self.forecast.as_ref().map_or(0, |of| of.forecast.ahead());
        let day = |ahead: usize| panel.date(panel.known() + ahead).to_string();
        match about {
            None | Some(TOTAL) => Ok((0..ahead, TOTAL.to_owned())),
            Some(id) => match (0..ahead).find(|at| day(*at) == id) {
                Some(at) => Ok((at..at + 1, id.to_owned())),
                None => {
                    let last = day(ahead.saturating_sub(1));
                    Err(Infeasible::UnknownArm {
                        found: id.to_owned(),
                        allowed: format!("{TOTAL}, {} to {last}", day(0)),
                    })
                }
            },
        }
    }

    fn explain_series(
        &self,
        asked: &Asked,
        about: Option<&str>,
    ) -> Result<Explanation, Infeasible> {
        let (series, found) = self.series(asked)?;
        let panel = &found.panel;
        let (wanted, about) = self.explained(found, about)?;
        let mut added = self.added(found, series);
        added.retain(|one| wanted.contains(&one.ahead));
        let agreed = self.agreed(series);
        let agreed: f64 = agreed.get(wanted.clone()).unwrap_or_default().iter().sum();
        let agreed = (agreed != 0.0).then(|| (AGREED.to_owned(), agreed));
        let sums = self.body.forecaster.drivers(panel, series, wanted);
        let drivers = sums.unwrap_or_default().into_iter();
        let drivers = drivers.map(|(driver, part)| (named(driver).to_owned(), part));
        let changes = summed(&added)
            .into_iter()
            .map(|(at, part)| (change_of(&found.overrides.each()[at].of), part));
        let mut lines: Vec<ExplanationLine> = drivers
            .chain(agreed)
            .chain(changes)
            .map(|(what, part)| ExplanationLine {
                what,
                contribution: part * self.body.scale(),
            })
            .collect();
        lines.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()));
        let key = &found.keys[series];
        let site = key
            .site
            .as_ref()
            .map(|site| format!(" at {site}"))
            .unwrap_or_default();
        let method = self.body.forecaster.method_of(panel, series).name();
        let of = format!("product {}{site}", key.product);
        Ok(self.explanation((&of, &method), about, lines))
    }

    /// What adds up to a forecast.
    ///
    /// - `of`: of what it is, and what forecasts it.
    /// - `about`: the periods.
    fn explanation(
        &self,
        (of, method): (&str, &str),
        about: String,
        lines: Vec<ExplanationLine>,
    ) -> Explanation {
        let score = lines.iter().map(|line| line.contribution).sum();
        Explanation {
            summary: format!(
                "{of}, {about}: {} {} expected by {method}",
                schema::estimate::short(score),
                self.body.unit(),
            ),
            about,
            score,
            unit: self.body.unit().into(),
            lines,
            why_not: None,
            rules: Vec::new(),
            flips: Vec::new(),
        }
    }

    /// What a total is made of, the largest parts by name.
    fn explain_total(
        &self,
        group: &Group<'_>,
        about: Option<&str>,
    ) -> Result<Explanation, Infeasible> {
        let (periods, about) = self.explained(group.found, about)?;
        let sums = self.sums[0].as_ref().ok_or(Infeasible::NoGroups)?;
        let mut parts = group.made_of(sums, periods);
        let others = parts.split_off(parts.len().min(PARTS_NAMED));
        let mut lines: Vec<ExplanationLine> = parts
            .into_iter()
            .map(|(what, contribution)| ExplanationLine { what, contribution })
            .collect();
        if !others.is_empty() {
            lines.push(ExplanationLine {
                what: format!("{} others", others.len()),
                contribution: others.iter().map(|(_, of)| of).sum(),
            });
        }
        let method = self.body.forecaster.method().name();
        Ok(self.explanation((&group.told(), &method), about, lines))
    }
}

/// Parts of a total that an explanation names.
const PARTS_NAMED: usize = 12;

/// Periods that a question wants.
fn wanted(asked: &Asked, all: usize) -> Result<usize, Infeasible> {
    let allowed = u32::try_from(all).unwrap_or(u32::MAX);
    match asked.items {
        None => Ok(all),
        Some(items) if items == 0 || items > allowed => Err(Infeasible::Items {
            found: items,
            allowed,
        }),
        Some(items) => Ok(items as usize),
    }
}

fn is_ended(ended: &BTreeSet<String>, found: &Series, series: usize) -> bool {
    ended.contains(&found.keys[series].product)
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
        Driver::Others => "promotions of others of the category",
        Driver::Holiday => "holidays",
        Driver::Price => "price",
        Driver::Weather => "weather",
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let method = self.body.forecaster.method().name();
        let forecast = self.forecast.as_ref().map(|of| &of.forecast);
        if let Some(answer) = self.answer_of_total(asked, 0, forecast, &method)? {
            return Ok(answer);
        }
        let own = self.series(asked).ok();
        let own = own.map(|(series, found)| {
            let forecaster = &self.body.forecaster;
            forecaster.method_of(&found.panel, series).name()
        });
        let method = own.unwrap_or(method);
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
        if let Some(answer) = self.answer_of_total(asked, 1, self.naive.as_ref(), method)? {
            return Ok(answer);
        }
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

    fn totals(&self, of: TotalsOf) -> Vec<Asked> {
        groups::all(&self.body, self.found.as_ref(), of)
    }

    fn parts(&self, asked: &Asked) -> Vec<Parts> {
        let group = asked_group(&self.body, self.found.as_ref(), asked);
        group
            .ok()
            .flatten()
            .map_or_else(Vec::new, |group| group.parts())
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        _now: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        match asked_group(&self.body, self.found.as_ref(), asked)? {
            None => self.explain_series(asked, about),
            Some(group) => match group.alone() {
                Some(series) => self.explain_series(&series, about),
                None => self.explain_total(&group, about),
            },
        }
    }
}
