//! Launches that are open or to come, ready to be asked for.

use super::CARD;
use super::fitted::Body;
use super::gathered::{Gathered, gathered};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason};
use crate::contract::Serving;
use crate::reasons::reason;
use crate::shop::Shop;
use features::Launches;
use models::launch::{Demand, Forecast, Hourly, Newsvendor, NewsvendorError, Total, Updated};
use schema::estimate::short;
use schema::{AsOf, Estimate, Probability, ProductId, WhyNot};
use std::sync::Arc;

/// The action whose score is all that is expected to be asked for.
pub const TOTAL: &str = "total";
/// What is asked for in the first day.
pub const FIRST_DAY: &str = "first_day";
/// The quantity to order.
pub const PRE_ORDER: &str = "pre_order";
/// What is asked for in vain of it.
const LOST: &str = "lost";
/// What is left of it.
const LEFT: &str = "left";
/// What was sold so far.
pub const SOLD: &str = "sold";

/// Past launches that are named as reasons.
const ANALOGUES: usize = 3;

/// Hours of the first day.
const DAY_HOURS: usize = 24;

/// Earnings and losses of a unit in a launch.
///
/// - `salvage`: share of its cost that a left-over unit brings, where the launch does not say it.
pub(super) fn newsvendor(
    launch: &features::Launch,
    salvage: f64,
) -> Result<Newsvendor, NewsvendorError> {
    let unknown = |what| NewsvendorError::NotPositive { what, found: 0.0 };
    let price = launch.price_cents.ok_or(unknown("price of a unit"))? as f64;
    let cost = launch.cost_cents.ok_or(unknown("cost of a unit"))? as f64;
    let brings = launch
        .salvage_cents
        .map_or(cost * salvage, |cents| cents as f64);
    Newsvendor::new(price - cost, cost - brings)
}

/// A version joined with the launches that the shop plans.
#[derive(Debug)]
pub(super) struct Attached {
    body: Arc<Body>,
    launches: Arc<Launches>,
    /// By product and launch.
    ahead: Vec<Gathered>,
    today: AsOf,
}

/// What is known of one launch.
struct Told<'a> {
    of: &'a Gathered,
    launch: &'a features::Launch,
    forecast: Forecast<'a>,
    /// Where hours are known.
    updated: Option<Updated>,
}

impl Told<'_> {
    fn demand(&self) -> Demand {
        match &self.updated {
            Some(updated) => updated.demand().clone(),
            None => self.forecast.demand(),
        }
    }
}

impl Attached {
    pub(super) fn new(body: Arc<Body>, shop: &Shop) -> Self {
        let launches = Arc::clone(shop.history.launches());
        let mut ahead = gathered(&shop.history).ahead;
        let name = |of: &Gathered| {
            let launch = &launches.launches[of.at];
            (launch.product.clone(), launch.id.clone())
        };
        ahead.sort_by_cached_key(name);
        Self {
            body,
            ahead,
            launches,
            today: shop.today(),
        }
    }

    fn launch(&self, of: &Gathered) -> &features::Launch {
        &self.launches.launches[of.at]
    }

    /// The launch asked about.
    fn told(&self, asked: &Asked) -> Result<Told<'_>, Infeasible> {
        let missing = || Infeasible::Missing {
            field: "product_id",
            placement: CARD.kind.to_owned(),
        };
        let product = asked.product_id.as_ref().ok_or_else(missing)?.as_str();
        let from = self
            .ahead
            .partition_point(|of| self.launch(of).product.as_str() < product);
        let of: Vec<&Gathered> = self.ahead[from..]
            .iter()
            .take_while(|of| self.launch(of).product == product)
            .collect();
        let ids = || {
            let ids = of.iter().map(|of| self.launch(of).id.as_str());
            ids.collect::<Vec<_>>().join(", ")
        };
        let one = match (&asked.placement, of.as_slice()) {
            (_, []) => {
                return Err(Infeasible::NoLaunch {
                    product: product.to_owned(),
                    as_of: self.today,
                });
            }
            (None, [one]) => one,
            (None, _) => {
                return Err(Infeasible::Placement {
                    found: "missing: it is the launch".to_owned(),
                    allowed: ids(),
                });
            }
            (Some(id), _) => of
                .iter()
                .find(|of| self.launch(of).id == *id)
                .ok_or_else(|| Infeasible::Placement {
                    found: id.clone(),
                    allowed: ids(),
                })?,
        };
        let forecast = self.body.forecaster.forecast(&one.launch);
        let forecast = forecast.map_err(|_| Infeasible::NoLaunch {
            product: product.to_owned(),
            as_of: self.today,
        })?;
        let seen = !one.sales.hours.is_empty() || one.sales.sold_out.is_some();
        let updated = seen.then(|| forecast.update(&one.sales).ok()).flatten();
        Ok(Told {
            of: one,
            launch: self.launch(one),
            forecast,
            updated,
        })
    }

    fn figure(&self, id: &str, demand: &Demand, reasons: Vec<Reason>) -> Action {
        let (low, high) = demand.interval(self.body.settings.interval);
        let point = demand.mean();
        let estimate = Estimate::Measured {
            point,
            low: low.floor().min(point),
            high: high.ceil().max(point),
            units: 1,
        };
        action(id, estimate, reasons)
    }

    /// What to order, of what is asked for.
    fn order(&self, told: &Told<'_>, demand: &Demand) -> Vec<Action> {
        match newsvendor(told.launch, self.body.settings.salvage) {
            Ok(costs) => {
                let quantity = costs.best(demand).quantity.round();
                let order = costs.order(demand, quantity);
                let why = reason(
                    "newsvendor",
                    "{quantity} are enough with {level} %: a unit sold earns {margin} cents, one left loses {loss}",
                    [
                        ("quantity", quantity.into()),
                        ("level", short(100.0 * costs.critical_level()).into()),
                        ("margin", costs.unit_margin().into()),
                        ("loss", costs.unit_loss().into()),
                    ],
                );
                let why = vec![why];
                vec![
                    action(PRE_ORDER, Estimate::Exact(quantity), why.clone()),
                    action(LOST, Estimate::Exact(order.lost), why.clone()),
                    action(LEFT, Estimate::Exact(order.left), why),
                ]
            }
            Err(NewsvendorError::NotPositive { what, .. }) => {
                let because = format!("{what} is not above 0 or not known");
                let estimate = Estimate::NotMeasurable(WhyNot::DoesNotApply { because });
                let why = reason(
                    "no_newsvendor",
                    "{what} is not above 0 or not known: no quantity is the best",
                    [("what", what.into())],
                );
                vec![action(PRE_ORDER, estimate, vec![why])]
            }
        }
    }

    /// Why so much is expected.
    fn reasons(&self, told: &Told<'_>) -> Vec<Reason> {
        let mut reasons = Vec::new();
        let (forecast, sales) = (&told.forecast, &told.of.sales);
        if told.updated.is_some() {
            reasons.push(match sales.sold_out {
                Some(units) => reason(
                    "sold_out",
                    "sold out with {units} after {hours} whole hours: more was asked for",
                    [("units", units.into()), ("hours", sales.hours.len().into())],
                ),
                None => reason(
                    "first_hours",
                    "{units} sold in the first {hours} hours",
                    [
                        ("units", sales.units().into()),
                        ("hours", sales.hours.len().into()),
                    ],
                ),
            });
        }
        if let (Some(author), Some(said), Some(estimate)) =
            (&told.of.author, told.of.launch.estimate, forecast.estimate)
        {
            reasons.push(reason(
                "merchant_estimate",
                "{author} expects {likely}, which by the record so far means {calibrated}; it weighs {weight} %",
                [
                    ("author", author.clone().into()),
                    ("likely", said.likely().into()),
                    ("calibrated", short(estimate.mean()).into()),
                    ("weight", short(100.0 * forecast.estimate_weight).into()),
                ],
            ));
        }
        let alike = self.body.forecaster.analogues(&told.of.launch, ANALOGUES);
        for analogue in alike.unwrap_or_default() {
            let values = [
                ("launch", analogue.id.clone().into()),
                ("units", analogue.total.units().into()),
            ];
            reasons.push(match analogue.total {
                Total::Sold(_) => reason("analogue", "like {launch}, which sold {units}", values),
                Total::AtLeast(_) => reason(
                    "analogue_sold_out",
                    "like {launch}, which sold out with {units}",
                    values,
                ),
            });
        }
        reasons
    }
}

fn decisions(asked: &Asked, mut actions: Vec<Action>, method: &str) -> Decisions {
    for (action, position) in actions.iter_mut().zip(1u32..) {
        action.position = position;
    }
    Decisions {
        placement: asked.placement.clone(),
        actions,
        short_of: None,
        method: method.to_owned(),
        stake: None,
    }
}

fn action(id: &str, estimate: Estimate, reasons: Vec<Reason>) -> Action {
    Action {
        position: 1,
        id: id.to_owned(),
        label: None,
        score: estimate.point(),
        estimate: Some(estimate),
        unit: "units".into(),
        propensity: Probability::ONE,
        reasons: reasons.into(),
    }
}

/// What the forecast rests on.
fn method(told: &Told<'_>) -> &'static str {
    match (&told.updated, told.forecast.estimate) {
        (Some(_), Some(_)) => "attributes, estimate and first hours",
        (Some(_), None) => "attributes and first hours",
        (None, Some(_)) => "attributes and estimate",
        (None, None) => "attributes",
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let told = self.told(asked)?;
        let demand = told.demand();
        let reasons = self.reasons(&told);
        let mut actions = vec![self.figure(TOTAL, &demand, reasons.clone())];
        if let Ok(first) = told.forecast.first_hours(&told.of.sales, DAY_HOURS) {
            let share = 100.0 * first.mean() / demand.mean().max(f64::MIN_POSITIVE);
            let why = reason(
                "share_of_first_day",
                "{share} % of all is expected in the first {hours} hours",
                [("share", short(share).into()), ("hours", DAY_HOURS.into())],
            );
            actions.push(self.figure(FIRST_DAY, &first, vec![why]));
        }
        actions.extend(self.order(&told, &demand));
        if told.updated.is_some() {
            let sales = &told.of.sales;
            let sold = sales.sold_out.unwrap_or_else(|| sales.units());
            let why = reasons.into_iter().take(1).collect();
            actions.push(action(SOLD, Estimate::Exact(sold as f64), why));
        }
        Ok(decisions(asked, actions, method(&told)))
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let told = self.told(asked)?;
        let demand = &told.forecast.naive;
        let why = reason("category", "what launches of the category sold", []);
        let mut actions = vec![self.figure(TOTAL, demand, vec![why])];
        actions.extend(self.order(&told, demand));
        Ok(decisions(asked, actions, CARD.baseline))
    }

    fn all(&self) -> Option<Vec<Asked>> {
        let asked = self.ahead.iter().filter_map(|of| {
            let launch = self.launch(of);
            Some(Asked {
                product_id: Some(ProductId::new(launch.product.clone()).ok()?),
                placement: Some(launch.id.clone()),
                ..Asked::default()
            })
        });
        Some(asked.collect())
    }

    fn hourly(&self, asked: &Asked) -> Vec<Hourly> {
        let Ok(told) = self.told(asked) else {
            return Vec::new();
        };
        if told.updated.is_none() {
            return Vec::new();
        }
        let interval = self.body.settings.interval;
        let hourly = told.forecast.hourly(&told.of.sales, interval);
        hourly.unwrap_or_default()
    }

    fn explain(
        &self,
        asked: &Asked,
        _: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let told = self.told(asked)?;
        let forecast = &told.forecast;
        let score = told.demand().mean();
        let steps = [
            ("launches so far", forecast.history.mean()),
            ("what is told of it", forecast.attributes.mean()),
            ("what its merchant expects", forecast.combined.mean()),
            ("what its first hours sold", score),
        ];
        let mut before = 0.0;
        let lines = steps
            .into_iter()
            .map(|(what, now)| {
                let contribution = now - before;
                before = now;
                ExplanationLine {
                    what: what.to_owned(),
                    contribution,
                }
            })
            .collect();
        let reasons = self.reasons(&told).into_iter().map(|why| why.text);
        Ok(Explanation {
            about: TOTAL.to_owned(),
            summary: format!(
                "{} of {} expected; {}",
                short(score),
                told.of.launch.id,
                reasons.collect::<Vec<_>>().join("; ")
            ),
            score,
            unit: "units".into(),
            lines,
            why_not: None,
            rules: Vec::new(),
            flips: Vec::new(),
        })
    }
}
