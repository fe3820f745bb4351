//! A trained forecaster: what it learnt, and what it tells of it.

use super::agreed;
use super::attached::Attached;
use super::golden::{Golden, golden};
use super::measured;
use super::planners::{Scored, Worth, scored, worth};
use super::promoted::{self, Promoted, promoted};
use super::segments;
use super::series::{Series, series};
use super::settings::{Coherent, Measure, Settings};
use super::weather;
use super::weights;
use crate::artefact::Artefact;
use crate::contract::{FitError, Fitted, Serving};
use crate::file::Header;
use crate::shop::Shop;
use features::History;
use models::demand::{self, Agreement, Forecast, Forecaster, HeldOut, Panel, Totals};
use schema::estimate::short;
use schema::{AsOf, Scorecard, Weights};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) settings: Settings,
    pub(crate) forecaster: Forecaster,
    /// How forecasts are made to agree; absent where series alone are forecast.
    #[serde(default)]
    pub(super) agreement: Option<Agreement>,
    /// How far off sums of forecasts are, of the version and of the baseline; absent where series alone are told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) totals: Option<[Totals; 2]>,
    /// What promotions of each category did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    promoted: Vec<Promoted>,
    series: usize,
    periods: usize,
    /// First day after what was learnt from.
    until: jiff::civil::Date,
    notes: Vec<String>,
    /// Changes of planners, on periods that were not seen.
    planners: Vec<Scored>,
    pub(crate) golden: Vec<Golden>,
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
        let Agreeing {
            early,
            agreement,
            totals,
            why_not,
        } = agreeing(early, &found, settings.coherent, &learning)?;
        let forecast = |past: &Panel| {
            let plain = early.forecast(past)?;
            agreed(agreement.as_ref(), &found, past, plain)
        };
        let planners = scored((horizon, forecast), &found, seen)?;
        let forecaster = early.again(panel, &learning)?;
        let agreement = agreement_again(agreement, &found, &learning)?;
        let mut body = Self::new(settings, (forecaster, agreement, totals), &found, planners);
        body.notes.extend(why_not);
        Ok(body)
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
            let forecast = |past: &Panel| {
                let plain = self.forecaster.forecast(past)?;
                self.agreed(&found, past, plain)
            };
            let ahead = self.forecaster.ahead();
            planners.extend(scored((ahead, forecast), &found, seen)?);
        }
        let learning = learning(settings, seed);
        let forecaster = self.forecaster.clone().again(panel, &learning)?;
        let agreement = agreement_again(self.agreement.clone(), &found, &learning)?;
        Ok(Self::new(
            settings,
            (forecaster, agreement, self.totals.clone()),
            &found,
            planners,
        ))
    }

    /// A forecast of all series as it is told: made to agree with those of the groups above them, where that was learnt.
    ///
    /// - `panel`: of the series, as they are known or were.
    pub(super) fn agreed(
        &self,
        found: &Series,
        panel: &Panel,
        plain: Forecast,
    ) -> Result<Forecast, demand::FitError> {
        agreed(self.agreement.as_ref(), found, panel, plain)
    }

    fn new(
        settings: &Settings,
        (forecaster, agreement, totals): (Forecaster, Option<Agreement>, Option<[Totals; 2]>),
        found: &Series,
        planners: Vec<Scored>,
    ) -> Self {
        let panel = &found.panel;
        let mut golden = golden(panel, false);
        if let (Some(true), Some(hierarchy)) = (
            agreement.as_ref().map(Agreement::changes),
            found.hierarchy(),
        ) && let Ok(sums) = panel.summed(hierarchy)
        {
            golden.extend(super::golden::golden(&sums, true));
        }
        Self {
            settings: settings.clone(),
            forecaster,
            agreement,
            totals,
            promoted: promoted(found),
            series: panel.series(),
            periods: panel.known(),
            until: panel.date(panel.known()),
            notes: found.notes.clone(),
            planners,
            golden,
        }
    }

    /// What golden series are forecast to sell.
    pub(crate) fn scores(&self, golden: &[Golden]) -> Vec<f64> {
        let mut scores = Vec::new();
        for series in golden {
            let panel = series.panel(&self.settings);
            let groups = self.agreement.as_ref().and_then(Agreement::groups);
            let forecaster = match series.is_group {
                true => groups,
                false => Some(&self.forecaster),
            };
            let told = panel.as_ref().and_then(|panel| {
                let forecast = forecaster?.forecast(panel).ok()?;
                let last = forecast.ahead().checked_sub(1)?;
                Some([
                    forecast.expected(0).iter().sum(),
                    forecast.quantile_of_total(0, last, 0.9),
                ])
            });
            scores.extend(told.unwrap_or([f64::NAN; 2]));
        }
        scores.extend(self.forecaster.answers().map(demand::Answers::check));
        let agreement = self.agreement.as_ref().filter(|of| of.changes());
        scores.extend(agreement.map(Agreement::check));
        scores.extend(self.totals.iter().flatten().map(Totals::check));
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

    /// What the changes of planners were worth, in words.
    pub(crate) fn planners(&self) -> Vec<String> {
        worth(&self.planners).iter().map(Worth::told).collect()
    }
}

/// What is learnt of groups.
struct Agreeing {
    /// With intervals of what it tells then.
    early: Forecaster,
    agreement: Option<Agreement>,
    totals: Option<[Totals; 2]>,
    /// Why forecasts are not made to agree where they cannot be.
    why_not: Option<String>,
}

/// How forecasts are made to agree, and how far off their sums are.
fn agreeing(
    early: Forecaster,
    found: &Series,
    coherent: Coherent,
    learning: &demand::Settings,
) -> Result<Agreeing, FitError> {
    let Some(hierarchy) = found.hierarchy() else {
        return Ok(Agreeing {
            early,
            agreement: None,
            totals: None,
            why_not: None,
        });
    };
    let panel = &found.panel;
    let (early, agreement, why_not, told) = match coherent {
        Coherent::Off | Coherent::Summed => {
            let told = early.held_out(panel)?;
            (early, None, None, told)
        }
        Coherent::Chosen => match Agreement::learn(panel, hierarchy, early.clone(), learning) {
            Ok((agreement, early, told)) => (early, Some(agreement), None, told),
            Err(why @ demand::FitError::Choice(_)) => {
                let why = format!("forecasts are not made to agree: failed to {why}");
                let told = early.held_out(panel)?;
                (early, None, Some(why), told)
            }
            Err(why) => return Err(why.into()),
        },
    };
    let naive: Vec<HeldOut> = told
        .iter()
        .map(|window| HeldOut {
            from: window.from,
            expected: early.baseline(&panel.before(window.from)).all().to_vec(),
        })
        .collect();
    let summed = found.summed().unwrap_or(hierarchy);
    let totals = [told, naive].map(|windows| Totals::learn(panel, summed, &windows));
    let totals = match totals {
        [Ok(own), Ok(naive)] => Some([own, naive]),
        [Err(demand::FitError::NothingSold), _] | [_, Err(demand::FitError::NothingSold)] => None,
        [Err(why), _] | [_, Err(why)] => return Err(why.into()),
    };
    Ok(Agreeing {
        early,
        agreement,
        totals,
        why_not,
    })
}

fn agreement_again(
    agreement: Option<Agreement>,
    found: &Series,
    learning: &demand::Settings,
) -> Result<Option<Agreement>, demand::FitError> {
    match (agreement, found.hierarchy()) {
        (Some(of), Some(hierarchy)) => of.again(&found.panel, hierarchy, learning).map(Some),
        (_, _) => Ok(None),
    }
}

fn agreed(
    agreement: Option<&Agreement>,
    found: &Series,
    panel: &Panel,
    plain: Forecast,
) -> Result<Forecast, demand::FitError> {
    match (agreement, found.hierarchy()) {
        (Some(of), Some(hierarchy)) => of.agree(panel, hierarchy, plain),
        (_, _) => Ok(plain),
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

    fn weights(&self) -> Weights {
        weights::of(&self.body)
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
        lines.extend(segments::told(forecaster, step));
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
        if let Some(agreement) = &body.agreement {
            lines.extend(agreed::summary(agreement, step, forecaster.ahead()));
        }
        if body.totals.is_some() {
            lines.push(
                "what series add up to can be asked for: all, categories, products, regions and sites, as far as there are"
                    .to_owned(),
            );
        }
        lines.extend(promoted::summary(&body.promoted, step));
        lines.extend(weather::summary(forecaster));
        lines.extend(body.planners());
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
            "segments": segments::page(forecaster),
            "agreement": self.body.agreement.as_ref().map(agreed::page),
            "totals": self.body.totals.is_some(),
            "promotions": promoted::page(&self.body.promoted),
            "weather": weather::page(forecaster),
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
