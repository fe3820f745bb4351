//! What a version says of a series, period by period.

use super::history::Measure;
use jiff::civil::Date;
use products::{Decisions, Reason};
use schema::Estimate;

/// The action that is all periods together.
const TOTAL: &str = "total";

/// The reason that says what sold lately, the same for every period.
const LATELY: &str = "lately";

/// Why nothing is expected of a period.
const CLOSED: &str = "closed";

/// One period to come.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ahead {
    pub(super) first: Date,
    pub(super) estimate: Estimate,
    /// What is special about it.
    pub(super) reasons: Vec<Reason>,
}

impl Ahead {
    /// Whether nothing can be sold in it.
    pub(super) fn is_closed(&self) -> bool {
        self.reasons.iter().any(|reason| reason.code == CLOSED)
    }
}

/// A forecast of one series.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Forecast {
    pub(super) measure: Measure,
    pub(super) total: Option<Estimate>,
    /// Oldest first.
    pub(super) periods: Vec<Ahead>,
    pub(super) lately: Option<Reason>,
    pub(super) method: String,
}

impl Forecast {
    pub(super) fn of(decided: &Decisions) -> Self {
        let unit = decided.actions.first().map_or("", |a| &a.unit);
        let mut found = Self {
            measure: Measure::of(unit),
            total: None,
            periods: Vec::new(),
            lately: None,
            method: decided.method.clone(),
        };
        for action in &decided.actions {
            let Some(estimate) = &action.estimate else {
                continue;
            };
            let (lately, reasons) = action
                .reasons
                .list()
                .into_iter()
                .partition::<Vec<Reason>, _>(|reason| reason.code == LATELY);
            found.lately = found.lately.or_else(|| lately.into_iter().next());
            if action.id == TOTAL {
                found.total = Some(estimate.clone());
            } else if let Ok(first) = action.id.parse::<Date>() {
                found.periods.push(Ahead {
                    first,
                    estimate: estimate.clone(),
                    reasons,
                });
            }
        }
        found
    }

    /// What is expected in all periods; an answer of one series says it first.
    pub(super) fn expected_of(decided: &Decisions) -> Option<f64> {
        let total = decided.actions.iter().find(|action| action.id == TOTAL);
        total?.estimate.as_ref()?.point()
    }

    /// The period in which so many units run out at what is expected; nothing where they last longer.
    pub(super) fn runs_out(&self, units: f64) -> Option<Date> {
        let mut left = units;
        let runs_out = |ahead: &&Ahead| {
            left -= ahead.estimate.point().unwrap_or(0.0);
            left < 0.0
        };
        self.periods.iter().find(runs_out).map(|ahead| ahead.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use products::Action;
    use schema::Probability;

    fn action(id: &str, estimate: Estimate, code: &str) -> Action {
        Action {
            position: 1,
            id: id.to_owned(),
            label: None,
            score: estimate.point(),
            estimate: Some(estimate),
            unit: "units".into(),
            propensity: Probability::ONE,
            reasons: vec![products::reasons::reason(code, code, [])].into(),
        }
    }

    fn measured(point: f64) -> Estimate {
        Estimate::Measured {
            point,
            low: 0.0,
            high: 2.0 * point,
            units: 1,
        }
    }

    #[test]
    fn periods_are_told_from_their_total_and_stock_lasts_through_closed_ones() {
        let decided = Decisions {
            placement: None,
            actions: vec![
                action("total", measured(7.0), "lately"),
                action("2024-05-01", measured(3.0), "lately"),
                action("2024-05-02", Estimate::Exact(0.0), "closed"),
                action("2024-05-03", measured(4.0), "promotion"),
            ],
            short_of: None,
            method: "ETS".to_owned(),
            stake: None,
        };
        let forecast = Forecast::of(&decided);
        assert_eq!(Forecast::expected_of(&decided), Some(7.0));
        assert_eq!(forecast.total, Some(measured(7.0)));
        let closed: Vec<bool> = forecast.periods.iter().map(Ahead::is_closed).collect();
        assert_eq!(closed, [false, true, false]);
        assert!(forecast.periods[0].reasons.is_empty() && forecast.lately.is_some());
        assert_eq!(forecast.runs_out(7.0), None);
        let ends = |units: f64| forecast.runs_out(units).map(|d| d.to_string());
        assert_eq!(ends(3.0).as_deref(), Some("2024-05-03"));
        assert_eq!(ends(2.0).as_deref(), Some("2024-05-01"));
    }
}
