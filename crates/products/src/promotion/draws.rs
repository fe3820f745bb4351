//! A trial's draws as they are learnt from: facts, arm, probabilities and what came of it.

use super::facts::{Column, Facts, columns, rows};
use super::settings::Settings;
use crate::logged::{PropensitiesError, listed, propensities};
use crate::outcome::{Outcome, knows_costs};
use features::{Assignment, History};
use math::random::stream;
use models::uplift::{Experiment, ExperimentError, Features, FeaturesError, Observed};
use rand::seq::SliceRandom;
use schema::AsOf;
use schema::time::{self, DAY_SECONDS, date_of};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A trial that cannot be learnt from.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// No such trial.
    #[error("table `assignments` has no draw of trial {trial:?} before {as_of}; it holds {held}")]
    NoTrial {
        /// The trial asked for.
        trial: String,
        /// The first day not known.
        as_of: AsOf,
        /// The trials there are.
        held: String,
    },
    /// No such arm.
    #[error("trial {trial:?} has no arm {control:?} to compare with; its arms are {arms}")]
    NoControl {
        /// The trial.
        trial: String,
        /// The arm that should be the control.
        control: String,
        /// The arms there are.
        arms: String,
    },
    /// A cost of something that is no arm.
    #[error("`costs` names {found:?}, which is no arm of trial {trial:?}; its arms are {arms}")]
    NoArm {
        /// The trial.
        trial: String,
        /// The name found.
        found: String,
        /// The arms there are.
        arms: String,
    },
    /// A cap of something that is no arm.
    #[error(
        "`arms` of [settings.caps] names {found:?}, which is no arm of trial {trial:?}; its arms are {arms}"
    )]
    NoCappedArm {
        /// The trial.
        trial: String,
        /// The name found.
        found: String,
        /// The arms there are.
        arms: String,
    },
    /// A limit on something that is no arm.
    #[error(
        "limit {limit:?} of [[settings.limits]] names {found:?}, which is no arm of trial {trial:?}; its arms are {arms}"
    )]
    NoLimitedArm {
        /// The trial.
        trial: String,
        /// The limit.
        limit: String,
        /// The name found.
        found: String,
        /// The arms there are.
        arms: String,
    },
    /// A limit on customers of something that is no site.
    #[error(
        "limit {limit:?} of [[settings.limits]] names {found:?}, which is a site of no row of tables `sales` and `sites`; the sites are {sites}"
    )]
    NoLimitedSite {
        /// The limit.
        limit: String,
        /// The name found.
        found: String,
        /// The sites there are.
        sites: String,
    },
    /// An arm of which nobody has said what it can cost.
    #[error(
        "`most` of [settings.ledger] does not say what arm {arm:?} of trial {trial:?} can cost; the arms that promise money are {arms}"
    )]
    NotPayable {
        /// The trial.
        trial: String,
        /// The arm.
        arm: String,
        /// The arms there are.
        arms: String,
    },
    /// A budget that nothing counts against.
    #[error(
        "`budget` is {budget}, but no arm of trial {trial:?} spends anything: name what they cost in `costs`, or import sales with their discounts"
    )]
    NothingSpent {
        /// The budget.
        budget: f64,
        /// The trial.
        trial: String,
    },
    /// A budget that chance alone would spend.
    #[error(
        "`budget` is {budget}, but the {explore} of the customers whose arm is drawn by chance are expected to spend {spend} alone: explore less, or allow more"
    )]
    Explored {
        /// The budget.
        budget: f64,
        /// Share of the customers whose arm is drawn.
        explore: f64,
        /// What they are expected to spend.
        spend: f64,
    },
    /// A limit on some arms that chance alone would use up.
    #[error(
        "limit {limit:?} is {amount}, but the {explore} of the customers whose arm is drawn by chance are expected to use {used} of it alone: explore less, or allow more"
    )]
    ExploredLimit {
        /// The limit.
        limit: String,
        /// What it allows.
        amount: f64,
        /// Share of the customers whose arm is drawn.
        explore: f64,
        /// What they are expected to use.
        used: f64,
    },
    /// An offer that cannot be given.
    #[error("read the offers of the trial")]
    Offer(#[from] super::offers::OfferError),
    /// Offers that cannot be allocated.
    #[error("allocate the budget")]
    Allocate(#[from] decisions::allocate::AllocateError),
    /// Margins of goods whose cost nobody knows.
    #[error(
        "the outcome is margin, but table `products` knows the cost of no product: import `cost_cents`, or take revenue"
    )]
    NoGoodsCost,
    /// Probabilities that are none.
    #[error(transparent)]
    Propensities(#[from] PropensitiesError),
    /// Arms against the control.
    #[error("compare {arms} with the control")]
    Arms {
        /// The arms.
        arms: String,
        /// What is wrong.
        #[source]
        source: ExperimentError,
    },
    /// What is known of the customers.
    #[error("read what is known of the customers drawn")]
    Features(#[from] FeaturesError),
}

/// The draws whose window is over.
#[derive(Debug)]
pub(crate) struct Draws {
    /// Names of the arms, the control first.
    pub(crate) arms: Vec<String>,
    pub(crate) facts: Vec<Facts>,
    pub(crate) arm: Vec<usize>,
    pub(crate) outcome: Vec<f64>,
    /// Discounts given in the window; empty where they are not asked for.
    pub(crate) discount: Vec<f64>,
    /// Who was drawn, counted from 0 in the order of their first draw: one may be drawn in several rounds.
    pub(crate) customer: Vec<usize>,
    /// The group of each row, see [`super::stores::groups`]; empty where no limit counts by site.
    pub(crate) store: Vec<u16>,
    /// Rows × arms.
    propensity: Vec<f64>,
    /// How many of the draws the product made itself.
    pub(crate) own: usize,
    /// Draws that came too late to have an outcome.
    pub(crate) unfinished: usize,
    /// For how many days sales were known at the first draw.
    known_days: i32,
}

impl Draws {
    /// The draws of the trial that the settings name, and those that the product drew itself where it explores.
    ///
    /// - `product`: its name.
    /// - `discounts`: whether they are asked for; with a budget they always are.
    pub(crate) fn of(
        history: &History,
        settings: &Settings,
        product: &str,
        discounts: bool,
    ) -> Result<Self, TrialError> {
        let all = drawn(history, settings, product);
        if settings.outcome == Outcome::Margin && !knows_costs(history) {
            return Err(TrialError::NoGoodsCost);
        }
        let names: BTreeSet<&str> = all.iter().map(|a| &*a.arm).collect();
        let control = settings.control.as_str();
        if all.is_empty() {
            let trials = history.trials().assignments().iter().map(|a| &*a.trial);
            return Err(TrialError::NoTrial {
                trial: settings.trial.clone(),
                as_of: history.as_of(),
                held: listed(&trials.collect()),
            });
        }
        if !names.contains(control) {
            return Err(TrialError::NoControl {
                trial: settings.trial.clone(),
                control: control.to_owned(),
                arms: listed(&names),
            });
        }
        let strange = |name: &&String| !names.contains(name.as_str());
        if let Some(found) = settings.costs.keys().find(strange) {
            return Err(TrialError::NoArm {
                trial: settings.trial.clone(),
                found: found.clone(),
                arms: listed(&names),
            });
        }
        let capped = settings.caps.iter().flat_map(|caps| caps.arms.keys());
        if let Some(found) = capped.into_iter().find(strange) {
            return Err(TrialError::NoCappedArm {
                trial: settings.trial.clone(),
                found: found.clone(),
                arms: listed(&names),
            });
        }
        super::limits::known(settings, &names, history)?;
        if let Some(ledger) = &settings.ledger {
            let treated = names.iter().copied().filter(|name| *name != control);
            let all: BTreeSet<&str> = treated.collect();
            if let Some(arm) = all.iter().find(|arm| !ledger.most.contains_key(**arm)) {
                return Err(TrialError::NotPayable {
                    trial: settings.trial.clone(),
                    arm: (*arm).to_owned(),
                    arms: listed(&all),
                });
            }
        }
        let treated = names.into_iter().filter(|name| *name != control);
        let arms: Vec<String> = std::iter::once(control)
            .chain(treated)
            .map(str::to_owned)
            .collect();
        let mut draws = Self {
            facts: Vec::with_capacity(all.len()),
            arm: Vec::with_capacity(all.len()),
            outcome: Vec::with_capacity(all.len()),
            discount: Vec::new(),
            customer: Vec::with_capacity(all.len()),
            store: Vec::new(),
            propensity: Vec::with_capacity(all.len() * arms.len()),
            own: 0,
            unfinished: 0,
            known_days: known_days(history, &all),
            arms,
        };
        let window = i64::from(settings.window_days) * DAY_SECONDS;
        let known_until = history.begins(history.as_of());
        // Draws of one campaign log one text of probabilities, or a few.
        let mut read: HashMap<&str, Vec<f64>> = HashMap::new();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut drawn = Vec::with_capacity(all.len());
        for draw in all {
            if draw.at_seconds + window > known_until {
                draws.unfinished += 1;
                continue;
            }
            let of_arms = match read.get(&*draw.propensities) {
                Some(known) => known,
                None => {
                    let found = propensities(draw, &draws.arms)?;
                    read.entry(&draw.propensities).or_insert(found)
                }
            };
            draws.propensity.extend(of_arms);
            let arm = draws.arms.iter().position(|name| **name == *draw.arm);
            draws.arm.push(arm.unwrap_or(0));
            draws.own += usize::from(*draw.trial == *product);
            let during = draw.at_seconds..draw.at_seconds + window;
            let of = |what: Outcome| what.of(history, &draw.customer, &during);
            draws.outcome.push(of(settings.outcome));
            if discounts || settings.budget.is_some() {
                draws.discount.push(of(Outcome::Discount));
            }
            let next = numbers.len();
            let number = *numbers.entry(&draw.customer).or_insert(next);
            draws.customer.push(number);
            draws.facts.push(facts_at(history, draw));
            drawn.push((draw.customer.as_str(), AsOf(date_of(day_of(draw)))));
        }
        draws.store = super::stores::groups(settings, history, drawn.into_iter());
        Ok(draws)
    }

    pub(crate) fn rows(&self) -> usize {
        self.arm.len()
    }

    /// The columns of what is known of those drawn; at least one, as an effect may depend on nothing.
    pub(crate) fn columns(&self, settings: &Settings) -> Vec<Column> {
        let found = columns(&self.facts, &settings.leave_out, self.known_days);
        if found.is_empty() {
            vec![Column::OrderRate]
        } else {
            found
        }
    }

    /// Parts of the customers, drawn by chance and equally large, by row: draws of one customer are in one part, so that
    /// no part is decided for by what it did itself.
    ///
    /// - `purpose`: tells divisions of one seed apart.
    pub(crate) fn parts(&self, parts: usize, seed: u64, purpose: u64) -> Vec<usize> {
        let customers = self.customer.iter().max().map_or(0, |last| last + 1);
        let mut place: Vec<usize> = (0..customers).collect();
        place.shuffle(&mut stream(seed, purpose));
        self.customer.iter().map(|c| place[*c] % parts).collect()
    }

    pub(crate) fn propensity(&self, row: usize, arm: usize) -> f64 {
        self.propensity[row * self.arms.len() + arm]
    }

    /// Outcomes or discounts of the rows of an arm.
    pub(crate) fn of_arm(&self, what: &[f64], arm: usize) -> Vec<f64> {
        let pairs = self.arm.iter().zip(what);
        pairs.filter(|(a, _)| **a == arm).map(|(_, y)| *y).collect()
    }

    /// Some arms, the control first, on some of the rows.
    ///
    /// - `what`: what is compared, of all rows.
    pub(crate) fn experiment(
        &self,
        what: &[f64],
        arms: &[usize],
        columns: &[Column],
        of: &[usize],
    ) -> Result<Experiment, TrialError> {
        let place = |row: usize| arms.iter().position(|arm| *arm == self.arm[row]);
        let of: Vec<usize> = of.iter().copied().filter(|r| place(*r).is_some()).collect();
        let names: Vec<String> = arms.iter().map(|arm| self.arms[*arm].clone()).collect();
        let observed = Observed {
            features: self.features(columns, &of)?,
            arms: names.clone(),
            arm: of.iter().filter_map(|row| place(*row)).collect(),
            outcome: of.iter().map(|row| what[*row]).collect(),
            propensity: of
                .iter()
                .flat_map(|row| arms.iter().map(|arm| self.propensity(*row, *arm)))
                .collect(),
        };
        Experiment::new(observed).map_err(|source| TrialError::Arms {
            arms: names[1..].join(", "),
            source,
        })
    }

    /// What is known of some rows.
    pub(crate) fn features(
        &self,
        columns: &[Column],
        of: &[usize],
    ) -> Result<Features, FeaturesError> {
        features(columns, of.iter().map(|row| &self.facts[*row]))
    }
}

/// Draws of a trial, and those that the product drew itself; what it drew before an arm was added says nothing of it.
fn drawn<'a>(history: &'a History, settings: &Settings, product: &str) -> Vec<&'a Assignment> {
    let trial = history.trials().of(&settings.trial);
    if settings.trial == product {
        return trial.iter().collect();
    }
    let arms: BTreeSet<&str> = trial.iter().map(|draw| &*draw.arm).collect();
    let own = history.trials().of(product).iter();
    let knows_all = |draw: &&Assignment| {
        let logged: Option<BTreeMap<String, f64>> = serde_json::from_str(&draw.propensities).ok();
        logged.is_some_and(|logged| {
            arms.len() == logged.len() && arms.iter().all(|arm| logged.contains_key(*arm))
        })
    };
    trial.iter().chain(own.filter(knows_all)).collect()
}

/// What is known of some customers, as learners read it.
pub(crate) fn features<'a>(
    columns: &[Column],
    customers: impl IntoIterator<Item = &'a Facts>,
) -> Result<Features, FeaturesError> {
    let names = columns.iter().map(Column::name).collect();
    Features::new(names, rows(customers, columns))
}

fn day_of(draw: &Assignment) -> i32 {
    time::day_of(draw.at_seconds)
}

/// Days from the first sale to the first draw.
fn known_days(history: &History, draws: &[&Assignment]) -> i32 {
    let first = draws.iter().map(|draw| day_of(draw)).min();
    let since = history.first_day();
    first.zip(since).map_or(0, |(day, since)| day - since)
}

/// What was known of a customer when the arm was drawn.
fn facts_at(history: &History, draw: &Assignment) -> Facts {
    let lines = history.customer_index(&draw.customer);
    let lines = lines.map_or(&[][..], |c| history.lines_of(c));
    let told = history.trials().last_of(&draw.customer);
    let told = told.filter(|told| told.at_seconds <= draw.at_seconds);
    let context = draw.context.as_deref();
    let context = context.or_else(|| told.and_then(|told| told.context.as_deref()));
    Facts::new(context, lines, AsOf(date_of(day_of(draw))))
}
