//! A trained value model: what it learned, and what it answers.

use super::measured::{self, OWN_RATE, at_own_rate};
use super::settings::Settings;
use super::{CARD, EXPECTED_PURCHASES};
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason};
use crate::artefact::Artefact;
use crate::contract::{FitError, Fitted, Serving};
use crate::file::Header;
use crate::known;
use crate::reasons::reason;
use crate::shop::Shop;
use features::{History, SaleLine, purchase_summary};
use jiff::civil::Date;
use models::value::{
    self, Amounts, Cohort, Convergence, Parameter, ParameterInterval, Question, Spend, TrialResult,
    Value as Money, WhyNoValue, Worth, cohorts, worth,
};
use schema::estimate::short;
use schema::time::date_of;
use schema::{AsOf, Cents, Estimate, Probability, Scorecard, Weights, WhyNot};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(super) settings: Settings,
    seed: u64,
    /// First and last day of the history.
    pub(super) start: Date,
    pub(super) end: Date,
    pub(super) fitted: value::Fitted,
    pub(super) amounts: Amounts,
    /// How each candidate did inside the history, and which was chosen.
    trials: Vec<String>,
    chosen: String,
    /// A baseline that did better inside the history than what was chosen.
    better_baseline: Option<String>,
    cohorts: Vec<Cohort>,
}

/// One golden input: the days on which a customer bought, counted from the first day, and what they spent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Golden {
    days: Vec<u32>,
    spend: Spend,
}

/// A candidate, as the field calls it.
fn name(candidate: value::Candidate) -> &'static str {
    match candidate {
        value::Candidate::MeanRate => "mean rate of all customers",
        value::Candidate::OwnRate => "own rate so far",
        value::Candidate::BgNbd => "BG/NBD",
        value::Candidate::ParetoNbd => "Pareto/NBD",
        value::Candidate::SeasonalBgNbd => "BG/NBD with season and calendar",
    }
}

/// How a candidate did, in one line.
fn told(trial: &value::Trial) -> String {
    let name = name(trial.candidate);
    match &trial.result {
        TrialResult::Scored(s) => format!(
            "{name}: mean absolute error {:.3}, total {:+.0} %",
            s.mae,
            100.0 * s.total_error().unwrap_or(0.0)
        ),
        TrialResult::NotFitted(why) => format!("{name}: {why}"),
    }
}

/// What the amounts are fitted by, as the field calls it.
const AMOUNTS: &str = "Gamma-Gamma";

/// How a fit ended, in one line.
fn reached(model: &str, convergence: &Convergence) -> String {
    format!(
        "{model}: maximum found in {} steps, largest gradient {:.1e}, log-likelihood {:.1}",
        convergence.iterations, convergence.gradient_norm, convergence.log_likelihood
    )
}

/// The parameters of a fit with their intervals, in one line.
fn found(model: &str, parameters: &[Parameter]) -> String {
    let told = |p: &Parameter| match p.interval {
        ParameterInterval::Measured { low, high, .. } => format!(
            "{} {} ({} to {})",
            p.name,
            short(p.value),
            short(low),
            short(high)
        ),
        ParameterInterval::LikelihoodIsFlat => format!("{} {} (flat)", p.name, short(p.value)),
    };
    let told: Vec<String> = parameters.iter().map(told).collect();
    format!(
        "{model}: parameters with 95 % intervals: {}",
        told.join(", ")
    )
}

fn amounts_page(amounts: &Amounts) -> serde_json::Value {
    match amounts {
        Amounts::Varying(fitted) => serde_json::json!({
            "convergence": fitted.convergence(),
            "parameters": fitted.parameter_intervals(),
            "frequency_correlation": fitted.frequency_correlation(),
        }),
        Amounts::Same { cents, customers } => {
            serde_json::json!({ "same": { "cents": cents, "customers": customers } })
        }
        Amounts::NotLearnt(why) => serde_json::json!({ "not_learnt": why.to_string() }),
    }
}

/// The history as the model wants it: customers with a purchase, the dates of each, and their spend.
pub(super) struct Customers {
    pub(super) positions: Vec<u32>,
    pub(super) dates: Vec<Vec<Date>>,
    pub(super) spends: Vec<Spend>,
}

pub(super) fn dates_of(lines: &[SaleLine], end: AsOf) -> Vec<Date> {
    let mut days: Vec<i32> = lines
        .iter()
        .filter(|l| !l.is_return)
        .map(SaleLine::epoch_day)
        .filter(|d| *d < end.epoch_day())
        .collect();
    days.dedup();
    days.into_iter().map(date_of).collect()
}

/// Repeat orders with money in them; a customer whose repeat orders brought nothing tells nothing of amounts.
fn spend_of(lines: &[SaleLine], as_of: AsOf) -> Spend {
    match purchase_summary(lines, as_of) {
        Some(s) if s.repeat_purchases > 0 && s.repeat_spend > Cents(0) => Spend {
            orders: s.repeat_purchases,
            mean_order_cents: s.repeat_spend.0 as f64 / f64::from(s.repeat_purchases),
        },
        _ => Spend {
            orders: 0,
            mean_order_cents: 0.0,
        },
    }
}

pub(super) fn customers(history: &History, as_of: AsOf) -> Customers {
    let mut all = Customers {
        positions: Vec::new(),
        dates: Vec::new(),
        spends: Vec::new(),
    };
    for customer in (0u32..).take(history.customers().len()) {
        let lines = history.lines_of(customer);
        let dates = dates_of(lines, as_of);
        if !dates.is_empty() {
            all.positions.push(customer);
            all.spends.push(spend_of(lines, as_of));
            all.dates.push(dates);
        }
    }
    all
}

impl Body {
    /// Learns; with the model of `choice` where there is one, else with the one that does best on the last days of the
    /// history.
    pub(crate) fn fit(
        history: &History,
        settings: &Settings,
        seed: u64,
        choice: Option<&Self>,
    ) -> Result<Self, FitError> {
        let all = customers(history, history.as_of());
        let needed = value::CUSTOMERS_MIN as u64;
        let too_little = |found| FitError::TooLittle {
            what: "customers with a purchase",
            found,
            needed,
        };
        let first = history.first_day().ok_or_else(|| too_little(0))?;
        let (start, end) = (date_of(first), date_of(history.as_of().epoch_day() - 1));
        let past = value::History::new(start, end, &all.dates)
            .map_err(|_| too_little(all.dates.len() as u64))?;
        let (fitted, trials, better_baseline) = match choice {
            Some(measured) => {
                let candidate = measured.fitted.candidate();
                (
                    value::Fitted::fit(candidate, &past)?,
                    measured.trials.clone(),
                    measured.better_baseline.clone(),
                )
            }
            None => {
                let choice = value::choose(&past, value::suitable_hold_out(&past))
                    .map_err(FitError::ValueChoice)?;
                let better = choice
                    .better_baseline
                    .map(|baseline| name(baseline).to_owned());
                (
                    choice.fitted,
                    choice.trials.iter().map(told).collect(),
                    better,
                )
            }
        };
        let mut body = Self {
            settings: settings.clone(),
            seed,
            start,
            end,
            chosen: name(fitted.candidate()).to_owned(),
            fitted,
            amounts: Amounts::learn(&all.spends),
            trials,
            better_baseline,
            cohorts: Vec::new(),
        };
        let worths = worth(
            &body.fitted,
            &past,
            &body.amounts,
            &all.spends,
            &body.question(),
        );
        body.cohorts = worths
            .ok()
            .and_then(|w| cohorts(&past, &w))
            .unwrap_or_default();
        Ok(body)
    }

    /// How the fits ended and what they found, in a few lines.
    fn fit_in_words(&self) -> Vec<String> {
        let mut lines = vec![
            reached(&self.chosen, self.fitted.convergence()),
            found(&self.chosen, self.fitted.parameter_intervals()),
        ];
        if let Amounts::Varying(fitted) = &self.amounts {
            lines.push(reached(AMOUNTS, fitted.convergence()));
            lines.push(found(AMOUNTS, fitted.parameter_intervals()));
            if let Some(correlation) = fitted.frequency_correlation() {
                lines.push(format!(
                    "{AMOUNTS} takes amounts not to depend on how often somebody buys: their correlation is {correlation:.2}"
                ));
            }
        }
        lines
    }

    /// What a reader must know before trusting the figures; nothing where all is well.
    pub(super) fn caveats(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(baseline) = &self.better_baseline {
            lines.push(format!(
                "inside the history a baseline did better than the model chosen: {baseline}"
            ));
        }
        let amounts = match &self.amounts {
            Amounts::Varying(fitted) => fitted.parameter_intervals(),
            Amounts::Same { .. } | Amounts::NotLearnt(_) => &[],
        };
        for parameter in self.fitted.parameter_intervals().iter().chain(amounts) {
            if parameter.interval == ParameterInterval::LikelihoodIsFlat {
                lines.push(format!(
                    "the likelihood is flat in {}: the history does not tell it from another parameter",
                    parameter.name
                ));
            }
        }
        match &self.amounts {
            Amounts::Varying(_) => {}
            Amounts::Same { cents, customers } => lines.push(format!(
                "every repeat purchase of {customers} customers cost {}: the amount is that exact mean",
                Cents::nearest(*cents).unwrap_or_default()
            )),
            Amounts::NotLearnt(why) => lines.push(format!(
                "what purchases bring could not be learnt, so no value is given: {why}"
            )),
        }
        lines
    }

    pub(super) fn question(&self) -> Question {
        Question {
            horizon_days: self.settings.horizon_days,
            discount_per_year: self.settings.discount_per_year,
            level: self.settings.interval,
            draws: self.settings.draws,
            seed: self.seed,
        }
    }

    /// One customer's worth; `None` where the dates do not lie within the history.
    fn worth_of(&self, dates: Vec<Date>, spend: Spend) -> Option<Worth> {
        let past = value::History::new(self.start, self.end, &[dates]).ok()?;
        worth(
            &self.fitted,
            &past,
            &self.amounts,
            &[spend],
            &self.question(),
        )
        .ok()?
        .pop()
    }

    /// Probability alive, purchases and value of each golden customer, one after the other.
    pub(crate) fn scores(&self, golden: &[Golden]) -> Vec<f64> {
        let first = AsOf(self.start).epoch_day();
        golden
            .iter()
            .flat_map(|g| {
                let dates = g
                    .days
                    .iter()
                    .map(|d| date_of(first + i32::try_from(*d).unwrap_or(0)))
                    .collect();
                match self.worth_of(dates, g.spend) {
                    Some(w) => {
                        let money = match w.value {
                            Money::Measured { expected_cents, .. } => expected_cents as f64,
                            Money::NotMeasurable(_) => -1.0,
                        };
                        [w.probability_alive, w.expected_purchases, money]
                    }
                    None => [-1.0; 3],
                }
            })
            .collect()
    }
}

pub(crate) struct FittedValue {
    header: Header,
    as_of: AsOf,
    body: Arc<Body>,
}

impl FittedValue {
    pub(crate) fn new(header: Header, as_of: AsOf, body: Body) -> Self {
        Self {
            header,
            as_of,
            body: Arc::new(body),
        }
    }

    pub(crate) fn body(&self) -> &Body {
        &self.body
    }
}

impl Fitted for FittedValue {
    fn as_of(&self) -> AsOf {
        self.as_of
    }

    fn evaluate(&self, later: &History, seed: u64) -> Scorecard {
        measured::scorecard(&self.body, self.as_of, later, seed)
    }

    fn weights(&self) -> Weights {
        Weights::alike(known::OF_ORDERS)
    }

    fn summary(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "chosen by a hold-out inside the history: {}",
            self.body.chosen
        )];
        lines.extend(self.body.trials.iter().cloned());
        lines.extend(self.body.fit_in_words());
        lines.extend(self.body.caveats());
        lines
    }

    fn page(&self) -> serde_json::Value {
        serde_json::json!({
            "chosen": self.body.chosen,
            "trials": self.body.trials,
            "better_baseline": self.body.better_baseline,
            "fit": {
                "convergence": self.body.fitted.convergence(),
                "parameters": self.body.fitted.parameter_intervals(),
            },
            "amounts": amounts_page(&self.body.amounts),
            "told": ([self.body.fit_in_words(), self.body.caveats()].concat()),
            "horizon_days": self.body.settings.horizon_days,
            "cohorts": self.body.cohorts,
        })
    }

    fn artefact(&self) -> Artefact {
        let last =
            u32::try_from(AsOf(self.body.end).epoch_day() - AsOf(self.body.start).epoch_day())
                .unwrap_or(0);
        let spend = |orders, mean_order_cents| Spend {
            orders,
            mean_order_cents,
        };
        // One who bought once long ago, one who bought now and then, one who buys all the time.
        let golden = vec![
            Golden {
                days: vec![0],
                spend: spend(0, 0.0),
            },
            Golden {
                days: vec![0, last / 3, last / 2],
                spend: spend(2, 4_250.0),
            },
            Golden {
                days: (0..=last).step_by(((last / 12).max(1)) as usize).collect(),
                spend: spend(11, 12_900.0),
            },
        ];
        let scores = self.body.scores(&golden);
        Artefact::new(
            CARD.kind,
            &self.header.name,
            self.as_of,
            self.body.as_ref(),
            &golden,
            scores,
        )
    }

    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving> {
        Box::new(Attached {
            as_of: self.as_of,
            body: Arc::clone(&self.body),
            shop,
        })
    }
}

struct Attached {
    as_of: AsOf,
    body: Arc<Body>,
    shop: Arc<Shop>,
}

fn why_no_value(why: WhyNoValue) -> WhyNot {
    WhyNot::DoesNotApply {
        because: match why {
            WhyNoValue::SpendHasNoMean => {
                "amounts vary so much that their mean does not exist".to_owned()
            }
            WhyNoValue::AmountsNotLearnt => "what purchases bring could not be learnt".to_owned(),
            WhyNoValue::TooLarge => "the value is too large to be told in cents".to_owned(),
        },
    }
}

/// A customer's past and future.
struct Told {
    customer: String,
    summary: features::PurchaseSummary,
    spend: Spend,
    worth: Worth,
}

/// A customer's past.
struct Known {
    customer: String,
    lines: Vec<SaleLine>,
    summary: features::PurchaseSummary,
}

impl Attached {
    /// The customer asked about, with a purchase before the as-of day.
    fn known(&self, asked: &Asked) -> Result<Known, Infeasible> {
        let customer = asked.customer(CARD.kind)?.to_owned();
        let lines = self.shop.lines_of(&customer);
        match purchase_summary(&lines, self.as_of) {
            Some(summary) => Ok(Known {
                customer,
                lines,
                summary,
            }),
            None => Err(self.unknown(customer)),
        }
    }

    fn unknown(&self, customer: String) -> Infeasible {
        Infeasible::UnknownCustomer {
            customer,
            what: "a value",
            as_of: self.as_of,
        }
    }

    fn tell(&self, asked: &Asked) -> Result<Told, Infeasible> {
        let Known {
            customer,
            lines,
            summary,
        } = self.known(asked)?;
        let spend = spend_of(&lines, self.as_of);
        let Some(worth) = self.body.worth_of(dates_of(&lines, self.as_of), spend) else {
            return Err(self.unknown(customer));
        };
        Ok(Told {
            customer,
            summary,
            spend,
            worth,
        })
    }

    fn actions(&self, told: &Told) -> Vec<Action> {
        let (s, w) = (&told.summary, &told.worth);
        let history = reason(
            "purchases",
            "purchase days: {purchases}, the last one {recency_days} d ago; customer for {age_days} d",
            [
                ("purchases", (s.repeat_purchases + 1).into()),
                (
                    "recency_days",
                    ((s.age_days - s.recency_days) as i64).into(),
                ),
                ("age_days", (s.age_days as i64).into()),
            ],
        );
        let width = if let Amounts::Same { cents, .. } = self.body.amounts {
            let amount = Cents::nearest(cents).unwrap_or_default();
            reason(
                "same_amount",
                "every repeat purchase cost {amount}",
                [("amount", amount.to_string().into())],
            )
        } else if told.spend.orders == 0 {
            reason(
                "one_order",
                "one purchase tells little: the interval is that of all such customers",
                [],
            )
        } else {
            let mean = Cents::nearest(told.spend.mean_order_cents).unwrap_or_default();
            reason(
                "mean_order",
                "{mean} per repeat purchase",
                [("mean", mean.to_string().into())],
            )
        };
        let measured = |point: f64, low: f64, high: f64| Estimate::Measured {
            point,
            low,
            high,
            units: 1,
        };
        let value = match w.value {
            Money::Measured {
                expected_cents,
                low_cents,
                high_cents,
                ..
            } => measured(expected_cents as f64, low_cents as f64, high_cents as f64),
            Money::NotMeasurable(why) => Estimate::NotMeasurable(why_no_value(why)),
        };
        let purchases = measured(
            w.expected_purchases,
            f64::from(w.purchases.low),
            f64::from(w.purchases.high),
        );
        let alive = Estimate::Exact(w.probability_alive);
        self.figures([
            (value, vec![width]),
            (purchases, vec![history.clone()]),
            (alive, vec![history]),
        ])
    }

    /// Who goes on at their own rate: what the version is measured against.
    fn at_own_rate(&self, known: &Known) -> Vec<Action> {
        let past = &known.summary;
        let purchases = at_own_rate(past, self.body.settings.horizon_days);
        let spend = spend_of(&known.lines, self.as_of);
        let value = if past.repeat_purchases == 0 {
            Estimate::Exact(0.0)
        } else if spend.orders == 0 {
            Estimate::NotMeasurable(WhyNot::DoesNotApply {
                because: "repeat purchases brought no money".to_owned(),
            })
        } else {
            Estimate::Exact(purchases * spend.mean_order_cents)
        };
        let alive = Estimate::NotMeasurable(WhyNot::DoesNotApply {
            because: "a rate says nothing of leaving".to_owned(),
        });
        let rate = reason(
            "own_rate",
            "goes on as so far: repeat purchases: {repeats}, customer for {age_days} d",
            [
                ("repeats", past.repeat_purchases.into()),
                ("age_days", (past.age_days as i64).into()),
            ],
        );
        self.figures([value, Estimate::Exact(purchases), alive].map(|e| (e, vec![rate.clone()])))
    }

    /// The three figures of an answer.
    fn figures(&self, of: [(Estimate, Vec<Reason>); 3]) -> Vec<Action> {
        let days = self.body.settings.horizon_days;
        let named = [
            ("expected_value", format!("cents within {days} days")),
            (
                EXPECTED_PURCHASES,
                format!("purchase days within {days} days"),
            ),
            ("probability_alive", "probability".to_owned()),
        ];
        named
            .into_iter()
            .zip(of)
            .zip(1u32..)
            .map(|(((id, unit), (estimate, reasons)), position)| Action {
                position,
                id: id.to_owned(),
                label: None,
                score: estimate.point(),
                estimate: Some(estimate),
                unit: unit.into(),
                propensity: Probability::ONE,
                reasons: reasons.into(),
            })
            .collect()
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let told = self.tell(asked)?;
        let actions = self.actions(&told);
        Ok(Decisions {
            placement: None,
            actions,
            short_of: None,
            method: self.body.chosen.clone(),
            stake: None,
        })
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let known = self.known(asked)?;
        Ok(Decisions {
            placement: None,
            actions: self.at_own_rate(&known),
            short_of: None,
            method: OWN_RATE.to_owned(),
            stake: None,
        })
    }

    fn explain(
        &self,
        asked: &Asked,
        _: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let told = self.tell(asked)?;
        let w = &told.worth;
        let Money::Measured {
            expected_cents,
            low_cents,
            high_cents,
            ..
        } = w.value
        else {
            let Money::NotMeasurable(why) = w.value else {
                unreachable!("the other variant was matched above")
            };
            return Err(Infeasible::NotMeasurable {
                customer: told.customer,
                what: "a value",
                why: why_no_value(why),
            });
        };
        // log(value) = log(probability alive) + log(purchases if alive) + log(money per purchase, discounted).
        let if_alive = w.expected_purchases / w.probability_alive.max(f64::MIN_POSITIVE);
        let per_purchase = expected_cents as f64 / w.expected_purchases.max(f64::MIN_POSITIVE);
        let part = |what: String, factor: f64| ExplanationLine {
            what,
            contribution: factor.max(f64::MIN_POSITIVE).ln(),
        };
        let lines = vec![
            part(
                format!("money per purchase, discounted: {:.0} cents", per_purchase),
                per_purchase,
            ),
            part(
                format!("purchases if still a customer: {if_alive:.2}"),
                if_alive,
            ),
            part(
                format!(
                    "probability of still being a customer: {:.3}",
                    w.probability_alive
                ),
                w.probability_alive,
            ),
        ];
        Ok(Explanation {
            about: "expected_value".to_owned(),
            summary: format!(
                "customer {}: {} expected within {} days ({} to {}); purchase days so far: {}, the last one {} d ago",
                told.customer,
                Cents(expected_cents),
                self.body.settings.horizon_days,
                Cents(low_cents),
                Cents(high_cents),
                told.summary.repeat_purchases + 1,
                told.summary.age_days - told.summary.recency_days,
            ),
            score: lines.iter().map(|l| l.contribution).sum(),
            unit: "natural logarithm of cents".to_owned(),
            lines,
            why_not: None,
            rules: Vec::new(),
            flips: Vec::new(),
        })
    }
}
