//! A trained forecaster: what it learnt, and what it tells of it.

use super::attached::Attached;
use super::measured;
use super::planners::{Scored, Worth, scored, worth};
use super::series::{Series, series};
use super::settings::{Measure, Settings};
use crate::artefact::Artefact;
use crate::contract::{FitError, Fitted, Serving};
use crate::file::Header;
use crate::shop::Shop;
use features::History;
use models::demand::{self, Forecaster, Known, Panel, Role};
use schema::estimate::short;
use schema::{AsOf, Scorecard};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) settings: Settings,
    pub(crate) forecaster: Forecaster,
    series: usize,
    periods: usize,
    /// First day after what was learnt from.
    until: jiff::civil::Date,
    notes: Vec<String>,
    /// Changes of planners, on periods that were not seen.
    planners: Vec<Scored>,
    pub(crate) golden: Vec<Golden>,
}

/// One golden input: a short series with what is known ahead of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Golden {
    first: jiff::civil::Date,
    known: usize,
    ahead: usize,
    values: Vec<Option<f32>>,
    columns: Vec<(Role, String, Vec<Option<f32>>)>,
}

/// Series whose forecasts prove an artefact.
const GOLDEN: usize = 3;

fn told(values: &[f32]) -> Vec<Option<f32>> {
    let known = |v: &f32| (!v.is_nan()).then_some(*v);
    values.iter().map(known).collect()
}

fn untold(values: &[Option<f32>]) -> Vec<f32> {
    values.iter().map(|v| v.unwrap_or(f32::NAN)).collect()
}

impl Golden {
    fn of(panel: &Panel, series: usize) -> Self {
        let columns = panel.columns().iter().zip(0..);
        Self {
            first: panel.date(0),
            known: panel.known(),
            ahead: panel.ahead(),
            values: told(panel.values(series)),
            columns: columns
                .map(|(column, at)| {
                    let values = told(panel.column(at, series));
                    (column.role, column.name.clone(), values)
                })
                .collect(),
        }
    }

    fn panel(&self, settings: &Settings) -> Option<Panel> {
        let columns = self.columns.iter().map(|(role, name, values)| Known {
            role: *role,
            name: name.clone(),
            row_of: vec![0],
            values: untold(values),
        });
        Panel::new(
            settings.step(),
            self.first,
            (self.known, self.ahead),
            untold(&self.values),
            vec![[0, 0]],
            columns.collect(),
        )
        .ok()
    }
}

impl Body {
    /// Learns.
    pub(crate) fn fit(history: &History, settings: &Settings, seed: u64) -> Result<Self, FitError> {
        let found = series(history, settings).ok_or(FitError::TooLittle {
            what: "whole periods with sales",
            found: 0,
            needed: u64::from(4 * settings.horizon),
        })?;
        let (panel, horizon) = (&found.panel, settings.horizon as usize);
        let learning = learning(settings, seed);
        let early = Forecaster::fit_early(panel, horizon, &learning)?;
        let seen = panel.known().saturating_sub(early.windows() * horizon);
        let planners = scored(&early, &found, seen)?;
        let forecaster = early.again(panel, &learning)?;
        Ok(Self::new(settings, forecaster, &found, planners))
    }

    /// Learns from another history by the same method.
    pub(crate) fn again(&self, history: &History, seed: u64) -> Result<Self, FitError> {
        let settings = &self.settings;
        let found = series(history, settings).ok_or(FitError::TooLittle {
            what: "whole periods with sales",
            found: 0,
            needed: 1,
        })?;
        let panel = &found.panel;
        let seen = settings.step().between(panel.date(0), self.until);
        let mut planners = self.planners.clone();
        if let Ok(seen) = usize::try_from(seen)
            && (1..panel.known()).contains(&seen)
        {
            planners.extend(scored(&self.forecaster, &found, seen)?);
        }
        let learning = learning(settings, seed);
        let forecaster = self.forecaster.clone().again(panel, &learning)?;
        Ok(Self::new(settings, forecaster, &found, planners))
    }

    fn new(
        settings: &Settings,
        forecaster: Forecaster,
        found: &Series,
        planners: Vec<Scored>,
    ) -> Self {
        let panel = &found.panel;
        let every = (panel.series() / GOLDEN).max(1);
        let golden = (0..panel.series()).step_by(every).take(GOLDEN);
        Self {
            settings: settings.clone(),
            forecaster,
            series: panel.series(),
            periods: panel.known(),
            until: panel.date(panel.known()),
            notes: found.notes.clone(),
            planners,
            golden: golden.map(|series| Golden::of(panel, series)).collect(),
        }
    }

    /// What golden series are forecast to sell.
    pub(crate) fn scores(&self, golden: &[Golden]) -> Vec<f64> {
        let mut scores = Vec::new();
        for series in golden {
            let panel = series.panel(&self.settings);
            let told = panel.as_ref().and_then(|panel| {
                let forecast = self.forecaster.forecast(panel).ok()?;
                let last = forecast.ahead().checked_sub(1)?;
                Some([
                    forecast.expected(0).iter().sum(),
                    forecast.quantile_of_total(0, last, 0.9),
                ])
            });
            scores.extend(told.unwrap_or([f64::NAN; 2]));
        }
        scores
    }

    /// What is forecast, in words.
    pub(super) fn unit(&self) -> &'static str {
        match self.settings.measure {
            Measure::Units => "units",
            Measure::Revenue => "cents",
        }
    }

    /// What one of the forecaster's figures is in the unit told.
    pub(super) fn scale(&self) -> f64 {
        match self.settings.measure {
            Measure::Units => 1.0,
            Measure::Revenue => 100.0,
        }
    }

    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn learning(settings: &Settings, seed: u64) -> demand::Settings {
    demand::Settings {
        seed,
        ..settings.learning()
    }
}

/// A trained version of this kind.
#[derive(Debug)]
pub(crate) struct FittedDemand {
    header: Header,
    as_of: AsOf,
    body: Arc<Body>,
}

impl FittedDemand {
    pub(super) fn new(header: Header, as_of: AsOf, body: Body) -> Self {
        Self {
            header,
            as_of,
            body: Arc::new(body),
        }
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }
}

impl Fitted for FittedDemand {
    fn as_of(&self) -> AsOf {
        self.as_of
    }

    fn evaluate(&self, later: &History, seed: u64) -> Scorecard {
        measured::scorecard(&self.body, self.as_of, later, seed)
    }

    fn summary(&self) -> Vec<String> {
        let body = &self.body;
        let forecaster = &body.forecaster;
        let step = body.settings.step().name();
        let mut lines = vec![format!(
            "{} series of {} {step}s; forecast {} {step}s ahead by: {}",
            body.series,
            body.periods,
            forecaster.ahead(),
            forecaster.method().name()
        )];
        let trials = forecaster
            .trials()
            .iter()
            .map(|trial| match trial.quantile_loss {
                Some(loss) => format!("{} {}", trial.method.name(), short(loss)),
                None => format!("{} not measurable", trial.method.name()),
            });
        lines.push(format!(
            "weighted quantile loss on the last {} {step}s learnt from: {}",
            forecaster.windows() * forecaster.ahead(),
            trials.collect::<Vec<_>>().join(", ")
        ));
        for boosted in forecaster.boosted() {
            let gains = boosted.gains();
            let most = gains.iter().take(5);
            let most = most.map(|(name, gain)| format!("{name} {:.0} %", 100.0 * gain));
            lines.push(format!(
                "{} trees look most at: {}",
                boosted.rounds(),
                most.collect::<Vec<_>>().join(", ")
            ));
        }
        lines.extend(worth(&body.planners).iter().map(Worth::told));
        lines.extend(body.notes.iter().cloned());
        lines
    }

    fn page(&self) -> serde_json::Value {
        let forecaster = &self.body.forecaster;
        serde_json::json!({
            "method": forecaster.method().name(),
            "series": self.body.series,
            "step": self.body.settings.step().name(),
            "periods": self.body.periods,
            "trials": forecaster.trials().iter().map(|trial| serde_json::json!({
                "method": trial.method.name(),
                "weighted_quantile_loss": trial.quantile_loss,
            })).collect::<Vec<_>>(),
            "planners": worth(&self.body.planners).iter().map(|worth| serde_json::json!({
                "author": worth.author,
                "category": worth.category,
                "changes": worth.changes,
                "error_without": worth.without,
                "error_with": worth.with,
                "gain": worth.gain,
            })).collect::<Vec<_>>(),
            "columns": forecaster.boosted().iter().map(|boosted| {
                boosted.gains().iter().take(12).map(|(name, gain)| serde_json::json!({
                    "name": name, "share": gain,
                })).collect::<Vec<_>>()
            }).collect::<Vec<_>>(),
        })
    }

    fn artefact(&self) -> Artefact {
        let golden = &self.body.golden;
        Artefact::new(
            super::CARD.kind,
            &self.header.name,
            self.as_of,
            self.body.as_ref(),
            golden,
            self.body.scores(golden),
        )
    }

    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving> {
        Box::new(Attached::new(Arc::clone(&self.body), &shop))
    }
}
