//! What every kind of data product promises to be able to do.

use crate::answer::{Asked, Decisions, Explanation, Infeasible, Subject};
use crate::artefact::{Artefact, LoadError};
use crate::file::{Header, Raw};
use crate::lately::Counted;
use crate::ledger::{Allowance, NoMoney};
use crate::search::Searched;
use crate::shop::Shop;
use crate::week::Week;
use features::History;
use models::demand::Step;
use models::launch::Hourly;
use schema::{AsOf, Bytes, ConfigError, Scorecard, Weights};
use serde::Serialize;
use std::any::Any;
use std::sync::Arc;

/// What a kind is for, in the words of the shop.
#[derive(Debug, Clone, Serialize)]
pub struct Card {
    /// Name of the kind, as in the product file.
    pub kind: &'static str,
    /// The question it answers.
    pub question: &'static str,
    /// By which it is judged.
    pub criterion: &'static str,
    /// What it must beat.
    pub baseline: &'static str,
    /// Measures of its scorecards that can be told a worth in money; none where a training gains nothing, or what is
    /// measured is money already.
    pub measures: &'static [&'static str],
    /// Tables it reads.
    pub reads: &'static [&'static str],
    /// What it answers with.
    pub outputs: &'static [Output],
    /// What an answer can be about.
    pub subjects: &'static [Subject],
    /// Placements that can be asked for; empty where there is one answer only.
    pub placements: &'static [&'static str],
    /// Papers that the method comes from.
    pub sources: &'static [&'static str],
    /// A complete product file with every setting and its default.
    pub example: &'static str,
}

/// One thing that an answer holds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Output {
    /// Name.
    pub name: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// How much there is to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Known customers.
    pub customers: u64,
    /// Products.
    pub products: u64,
    /// Lines of sales.
    pub sales: u64,
    /// Customers drawn into trials.
    pub draws: u64,
    /// Days on which data products decided for customers, each customer's counted.
    pub rounds: u64,
}

impl Size {
    /// The size of a history.
    #[must_use]
    pub fn of(history: &History) -> Self {
        Self {
            customers: history.customers().len() as u64,
            products: history.catalogue().len() as u64,
            sales: (history.lines().len() + history.anonymous().len()) as u64,
            draws: history.trials().assignments().len() as u64,
            rounds: history.trials().rounds().len() as u64,
        }
    }
}

/// Why a product could not be trained.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// There is too little to learn from.
    #[error("found {found} {what}, at least {needed} needed")]
    TooLittle {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many are needed.
        needed: u64,
    },
    /// The value model could not be fitted.
    #[error("fit the value model")]
    Value(#[from] models::value::FitError),
    /// No value model could be chosen.
    #[error("choose the value model")]
    ValueChoice(#[source] models::value::ChooseError),
    /// The segments could not be fitted.
    #[error("fit the segments")]
    Segments(#[from] models::segments::FitError),
    /// Purchases that no recommender can read.
    #[error("arrange the purchases")]
    Interactions(#[source] models::recommend::InteractionsError),
    /// The trial cannot be learnt from.
    #[error("read the trial")]
    Trial(#[from] crate::promotion::TrialError),
    /// The experiment cannot be read.
    #[error("read the experiment")]
    Experiment(#[from] crate::experiment::ExperimentError),
    /// No effects could be learnt.
    #[error("learn the effects of the offers")]
    Effects(#[from] models::uplift::FitError),
    /// No demand could be learnt.
    #[error("learn to forecast demand")]
    Demand(#[from] models::demand::FitError),
    /// No launch can be forecast.
    #[error("learn to forecast launches")]
    Launch(#[from] models::launch::FitError),
    /// No recommender could be fitted.
    #[error("fit the recommender")]
    Recommend(#[from] models::recommend::FitError),
}

/// How what came after a decision says whether it was good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judged {
    /// An answer that names products to a customer was good where the customer bought one of them within so many days;
    /// of customers who bought nothing at all within them it says nothing, for shops have seasons.
    Bought {
        /// Days after the decision in which a purchase is its outcome.
        window_days: u16,
    },
    /// An answer that names products was good where an event that echoes its `decision_id` tells of a click on one of
    /// them, of one put in the cart or of one bought, within so many days.
    Clicked {
        /// Days after the decision in which a click is its outcome.
        window_days: u16,
    },
    /// A forecast of what sells in a period was good where it was nearer to what sold than the naive forecast.
    Sold(Forecasts),
    /// A forecast of how often a customer buys was good where it was nearer to what the customer bought, from the day of
    /// the decision on, than what they had bought on as many days before it. Distances are squared and divided by one
    /// more than the naive forecast: who buys most does not decide alone, and the best forecast is still the mean.
    ///
    /// Of the decisions about one customer at most one for each horizon counts.
    Valued {
        /// Days that the forecast is of.
        horizon_days: u16,
    },
    /// The last forecast of a launch before its opening was good where it was nearer to what it sold by its close than
    /// what launches of its category had sold. Of a launch that ran out it is not known what was asked for.
    Launched,
    /// A proposed order that was placed was good where its product did not run out at its site from its delivery to the
    /// next one.
    Lasted {
        /// Days after the proposal from which on what is there is no matter of it.
        horizon_days: u16,
    },
    /// Single decisions are not judged, and why.
    No {
        /// In a few words.
        because: &'static str,
    },
}

/// Why no challenger answers a share of the customers where decisions are about none.
const ABOUT_NO_CUSTOMER: &str = "its decisions are about no customer that could be drawn";

impl Judged {
    /// Days after a decision in which its outcome comes, the day of the decision not counted; 0 for launches, which count
    /// on the day that they close. `None` where single decisions are not judged.
    #[must_use]
    pub fn window_days(self) -> Option<u16> {
        match self {
            Self::Bought { window_days } | Self::Clicked { window_days } => Some(window_days),
            Self::Sold(forecasts) => Some(forecasts.days_max() - 1),
            Self::Valued { horizon_days } | Self::Lasted { horizon_days } => {
                Some(horizon_days.saturating_sub(1))
            }
            Self::Launched => Some(0),
            Self::No { .. } => None,
        }
    }

    /// Tables that tell what came after a decision; none where single decisions are not judged.
    #[must_use]
    pub fn told_by(self) -> &'static [&'static str] {
        match self {
            Self::Bought { .. } | Self::Sold(_) | Self::Valued { .. } => &["sales"],
            Self::Clicked { .. } => &["events"],
            Self::Launched => &["launches", "sales"],
            Self::Lasted { .. } => &["replenishments", "stock_levels"],
            Self::No { .. } => &[],
        }
    }

    /// Whether its decisions are lists of products.
    #[must_use]
    pub fn is_of_lists(self) -> bool {
        matches!(self, Self::Bought { .. } | Self::Clicked { .. })
    }

    /// Whether its decisions are forecasts, held against naive ones.
    #[must_use]
    pub fn is_of_forecasts(self) -> bool {
        matches!(self, Self::Sold(_) | Self::Valued { .. } | Self::Launched)
    }

    /// Why a challenger cannot answer a share of the customers; `None` where it can.
    #[must_use]
    pub fn no_trial(self) -> Option<&'static str> {
        match self {
            Self::Bought { .. } | Self::Clicked { .. } => None,
            Self::Sold(_) | Self::Launched | Self::Lasted { .. } => Some(ABOUT_NO_CUSTOMER),
            Self::Valued { .. } => Some(
                "what a customer is worth is known after its horizon, later than a trial can wait",
            ),
            Self::No { because } => Some(because),
        }
    }
}

/// Forecasts whose actions are the first days of the periods they are of, and whose scores are what is expected there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forecasts {
    /// Length of a period.
    pub step: Step,
    /// Periods that an answer holds at most.
    pub horizon: u32,
    /// Whether a place of the answer is a site; of all sites together otherwise.
    pub by_site: bool,
    /// Whether money is forecast, in cents, and not units.
    pub in_money: bool,
    /// Whether what comes back is taken off.
    pub net_of_returns: bool,
}

impl Forecasts {
    /// Days of the longest period.
    #[must_use]
    pub fn days_max(self) -> u16 {
        match self.step {
            Step::Day => 1,
            Step::Week => 7,
            Step::Month => 31,
        }
    }
}

/// One kind of question. One static per kind, listed in [`crate::KINDS`].
pub trait Kind: Send + Sync + 'static {
    /// What it is for.
    fn card(&self) -> &'static Card;

    /// Checks a product file of this kind.
    ///
    /// # Errors
    /// [`ConfigError`] names file, line, key, the value found and what is allowed.
    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError>;

    /// Which of its settings are worth searching: those that change how is learnt, and nothing of what is measured.
    fn searched(&self) -> Searched;

    /// JSON Schema of the whole product file.
    fn schema(&self) -> schemars::Schema;
}

impl dyn Fitted {
    /// The version as one of a kind; `None` where it is of another kind.
    pub(crate) fn of_kind<T: Fitted>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref()
    }
}

/// A product whose file was checked: it knows what it reads and can learn.
pub trait Product: Send + Sync {
    /// The part of the file that all kinds share.
    fn header(&self) -> &Header;

    /// What it may promise, where a ledger keeps its budget.
    fn allowance(&self) -> Option<Allowance> {
        None
    }

    /// Which of its decisions count against its caps per customer, where it has any.
    fn counted(&self) -> Option<Counted> {
        None
    }

    /// How what came after its decisions says whether they were good.
    fn judged(&self) -> Judged;

    /// Days held out to measure a version before the final training.
    fn held_out_days(&self) -> u32;

    /// The first of the days that a version is measured on, where so much is known.
    fn measured_from(&self, as_of: AsOf) -> AsOf {
        as_of.minus_days(i32::try_from(self.held_out_days()).unwrap_or(i32::MAX))
    }

    /// Whether it compares sites: only then is it read what each of them sold.
    fn compares_sites(&self) -> bool {
        false
    }

    /// The data product of which it compares the version on trial with the champion; `None` where it does not.
    fn compares_versions_of(&self) -> Option<&str> {
        None
    }

    /// The data product and the measured rule on its decisions whose effect it reads, if any.
    fn reads_rule(&self) -> Option<(&str, &str)> {
        None
    }

    /// Names under which it looks for decisions to learn from, those of data products among them: the logs of all others
    /// are not read.
    fn learns_from(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Memory that training needs at most. Asked before starting; what does not fit is not started.
    fn memory_needed(&self, size: &Size) -> Bytes;

    /// Learns from everything known before the history's as-of day. The same history and seed give the same bytes.
    ///
    /// # Errors
    /// [`FitError`] says what there is too little of, or what did not converge.
    fn fit(&self, history: &History, seed: u64) -> Result<Box<dyn Fitted>, FitError>;

    /// Learns from a longer history with the choices of a version that was measured: what is published is what was
    /// measured, with more to learn from. Segments learn anew, their number included: it belongs to what is learned.
    ///
    /// # Errors
    /// As [`Product::fit`].
    fn refit(
        &self,
        measured: &dyn Fitted,
        history: &History,
        seed: u64,
    ) -> Result<Box<dyn Fitted>, FitError>;

    /// Reads a version back and scores its golden vector again.
    ///
    /// # Errors
    /// [`LoadError`] when the artefact is damaged, foreign or newer, or scores its golden vector differently.
    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError>;
}

/// A trained version. "Not fitted" cannot be written.
pub trait Fitted: Any + Send + Sync {
    /// The first day it does not know.
    fn as_of(&self) -> AsOf;

    /// How good it is on what came after its as-of day, beside its baseline.
    /// `later` holds the history up to a later day, the part before included.
    fn evaluate(&self, later: &History, seed: u64) -> Scorecard;

    /// How much of what it answers hangs on each column of the tables that its kind reads.
    fn weights(&self) -> Weights;

    /// What it learned, in a few lines for a person.
    fn summary(&self) -> Vec<String>;

    /// What it learned, as tables and figures for the console; `null` where there is nothing to show.
    fn page(&self) -> serde_json::Value;

    /// At which hours of a week the shop is usually busy, where it has learnt that: what a plan of the budget goes by.
    fn week(&self) -> Option<&Week> {
        None
    }

    /// The version as bytes, with its golden vector.
    fn artefact(&self) -> Artefact;

    /// Joins the version with the shop's present catalogue, customers and rules, once, so that no request has to.
    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving>;
}

/// Which totals are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TotalsOf {
    /// All together, categories, products, regions and sites.
    Levels,
    /// Categories in each region and at each site: there may be as many as series.
    Crossed,
}

/// Questions whose answers add up to that of another.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// What they are: `category`, `product`, `region`, `site` or `series`.
    pub by: &'static str,
    /// Each with what it is called.
    pub each: Vec<(String, Asked)>,
}

/// A version that answers: batch and online are the same code.
pub trait Serving: Send + Sync {
    /// Decides. `now` is the moment of the question: rules hold from one day to another. With what the question stands
    /// under ([`Asked::standing`]) it is all that the answer depends on.
    ///
    /// # Errors
    /// [`Infeasible`] names what was asked for, why it cannot be answered, and what can.
    fn decide(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible>;

    /// What the baseline decides: the answer for the holdout, and the fallback when the deadline passes.
    ///
    /// # Errors
    /// As [`Serving::decide`]: a question that cannot be answered is refused in the holdout too.
    fn baseline(&self, asked: &Asked, now: jiff::Timestamp) -> Result<Decisions, Infeasible>;

    /// The answer where nothing can be promised: it takes nothing of the budget.
    ///
    /// # Errors
    /// As [`Serving::decide`].
    fn without_money(
        &self,
        asked: &Asked,
        now: jiff::Timestamp,
        _why: NoMoney,
    ) -> Result<Decisions, Infeasible> {
        self.baseline(asked, now)
    }

    /// Places in [`Allowance::limits`] of the limits on customers of some sites that count the one asked about: see
    /// [`crate::Stake::counted_by`].
    fn counted_by(&self, _asked: &Asked) -> Vec<usize> {
        Vec::new()
    }

    /// See [`Fitted::week`].
    fn week(&self) -> Option<&Week> {
        None
    }

    /// Every question that it can be asked, where they can be listed and are not simply those about each customer.
    fn all(&self) -> Option<Vec<Asked>> {
        None
    }

    /// What answers can be added up to, where they can: the question about all together first.
    fn totals(&self, _: TotalsOf) -> Vec<Asked> {
        Vec::new()
    }

    /// What the answer to a question about a total is the sum of, in each of the ways to tell it apart; none where it is
    /// of nothing smaller.
    fn parts(&self, _asked: &Asked) -> Vec<Parts> {
        Vec::new()
    }

    /// How the interval of what is asked about narrowed since a launch opened, before its first hour first; none where
    /// nothing opens, or no hour of it is known.
    fn hourly(&self, _asked: &Asked) -> Vec<Hourly> {
        Vec::new()
    }

    /// Why it decides so; contributions add up to the score.
    ///
    /// # Errors
    /// As [`Serving::decide`].
    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        now: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible>;
}
