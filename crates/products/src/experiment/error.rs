//! Why an experiment cannot be read.

use crate::logged::PropensitiesError;
use measure::effects::{ClusterError, MomentsError};
use measure::guardrail::GuardrailError;
use measure::offpolicy::OffPolicyError;
use measure::quasi::QuasiError;
use measure::readout::ReadOutError;
use schema::AsOf;

/// An experiment that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// No such trial.
    #[error(
        "table `assignments` has no draw of trial {trial:?} before {as_of} that counts; it holds {held}"
    )]
    NoTrial {
        /// The trial asked for.
        trial: String,
        /// The first day not known.
        as_of: AsOf,
        /// The trials there are.
        held: String,
    },
    /// No such product.
    #[error(
        "table `decisions` has no decision of product {product:?} about a customer before {as_of} that counts; `comptoir query \"SELECT product, count(*) FROM decisions GROUP BY product\"` lists whose it has"
    )]
    NoDecision {
        /// The product asked for.
        product: String,
        /// The first day not known.
        as_of: AsOf,
    },
    /// No trial of a version.
    #[error(
        "before {as_of} no two versions of product {product:?} answered customers on the same days; `trial_share` in its file lets a version answer a share of them first"
    )]
    NoVersions {
        /// The product.
        product: String,
        /// The first day not known.
        as_of: AsOf,
    },
    /// No measured rule.
    #[error(
        "no decision of product {product:?} about a customer before {as_of} tells of a measured rule {rule:?}; `measure_share` in its file holds it out for a share of the customers"
    )]
    NoRule {
        /// The product.
        product: String,
        /// The rule asked for.
        rule: String,
        /// The first day not known.
        as_of: AsOf,
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
    /// Nothing to compare with.
    #[error("every customer of {experiment} is in arm {arm:?}; at least 2 arms are needed")]
    OneArm {
        /// What is read.
        experiment: String,
        /// The only arm.
        arm: String,
    },
    /// It has not begun.
    #[error(
        "{experiment} begins on {begins}: its first day is known the day after, and known is what is before {as_of}"
    )]
    NotBegun {
        /// What is read.
        experiment: String,
        /// Its first day.
        begins: AsOf,
        /// The first day not known.
        as_of: AsOf,
    },
    /// It is too early.
    #[error(
        "of the {unfinished} customers of {experiment} none was drawn {window_days} days before {as_of}: there is no outcome yet"
    )]
    NothingFinished {
        /// What is read.
        experiment: String,
        /// Customers whose window is not over.
        unfinished: u64,
        /// Days after a draw.
        window_days: u32,
        /// The first day not known.
        as_of: AsOf,
    },
    /// Margins of goods whose cost nobody knows.
    #[error(
        "margin is among what is measured, but table `products` knows the cost of no product: import `cost_cents`, or take revenue"
    )]
    NoGoodsCost,
    /// A key that makes no groups.
    #[error(
        "`groups` is {key:?}: the draws that count logged {found} values of it, allowed are 1 to {most}"
    )]
    Groups {
        /// The key asked for.
        key: String,
        /// Values found.
        found: u64,
        /// Values allowed.
        most: u64,
    },
    /// Customers of whom it is not known with whom they were drawn.
    #[error(
        "`cluster` is {key:?}: of {unknown} of the {customers} customers the draws logged no value of it; each must have one"
    )]
    NoCluster {
        /// The key asked for.
        key: String,
        /// Customers without a value.
        unknown: u64,
        /// Customers there are.
        customers: u64,
    },
    /// A cluster that was not drawn as one.
    #[error(
        "`cluster` is {key:?}: customers of {cluster:?} are in arms {one:?} and {other:?}; a cluster must be in one"
    )]
    ClusterInTwoArms {
        /// The key asked for.
        key: String,
        /// The cluster.
        cluster: String,
        /// One of its arms.
        one: String,
        /// Another one.
        other: String,
    },
    /// Clusters of which some were likelier drawn than others.
    #[error(
        "`cluster` is {key:?}, and the draws have different probabilities; errors of clusters are read where all are alike"
    )]
    UnlikeClusters {
        /// The key asked for.
        key: String,
    },
    /// Clusters that cannot be added up.
    #[error("add up the clusters")]
    Clusters(#[from] ClusterError),
    /// A rule that gives an arm which nobody was drawn into.
    #[error("`policy` gives arm {arm:?}, which the draws could not show; their arms are {arms}")]
    NotDrawn {
        /// The arm.
        arm: String,
        /// The arms there are.
        arms: String,
    },
    /// A rule about a group that nobody is in.
    #[error("`policy` is about group {group:?}, which nobody is in; the groups are {groups}")]
    NoSuchGroup {
        /// The group.
        group: String,
        /// The groups there are.
        groups: String,
    },
    /// A rule that the draws cannot value.
    #[error(transparent)]
    OffPolicy(#[from] OffPolicyError),
    /// No sale names its site.
    #[error("table `sales` names the site of no sale before {as_of}: import `site_id`")]
    NoSites {
        /// The first day not known.
        as_of: AsOf,
    },
    /// No such site.
    #[error(
        "`change` names site {site:?}, which sold nothing before {as_of}; table `sales` holds {held}"
    )]
    UnknownSite {
        /// The site asked for.
        site: String,
        /// The first day not known.
        as_of: AsOf,
        /// The sites there are.
        held: String,
    },
    /// A changed site that was closed.
    #[error(
        "site {site:?} sold nothing from {from} until {until}: what a closed site would have sold cannot be compared"
    )]
    ClosedSite {
        /// The site.
        site: String,
        /// First day of the period.
        from: AsOf,
        /// First day after it.
        until: AsOf,
    },
    /// A change of which nothing can be said.
    #[error(transparent)]
    Change(#[from] QuasiError),
    /// Probabilities that are none.
    #[error(transparent)]
    Propensities(#[from] PropensitiesError),
    /// A guardrail that cannot be read.
    #[error("read the guardrails")]
    Guardrail(#[from] GuardrailError),
    /// An outcome that is no number.
    #[error("add up the outcomes")]
    Moments(#[from] MomentsError),
    /// The arms cannot be compared.
    #[error("compare the arms")]
    ReadOut(#[from] ReadOutError),
}
