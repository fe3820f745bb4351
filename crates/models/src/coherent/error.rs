//! Why forecasts cannot be made to add up.

/// Why series are no hierarchy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HierarchyError {
    /// Nothing to sum up, or nothing to sum it up to.
    #[error(
        "arrange the hierarchy: found {leaves} leaves and {levels} levels above them, at least 1 of each needed"
    )]
    Empty {
        /// Leaves found.
        leaves: usize,
        /// Levels found.
        levels: usize,
    },
    /// More nodes than can be numbered.
    #[error("arrange the hierarchy: found {found} nodes, at most {allowed} allowed")]
    TooLarge {
        /// Nodes found.
        found: usize,
        /// Nodes allowed.
        allowed: usize,
    },
    /// Two leaves of one name.
    #[error("arrange the hierarchy: leaf `{leaf}` is named twice")]
    LeafTwice {
        /// The leaf.
        leaf: String,
    },
    /// Two levels of one name; the leaves are a level called `leaves`.
    #[error("arrange the hierarchy: level `{level}` is named twice")]
    LevelTwice {
        /// The level.
        level: String,
    },
    /// Groups that are not one for each leaf.
    #[error(
        "arrange level `{level}`: found groups of {found} leaves, expected one for each of {leaves} leaves"
    )]
    LeafCount {
        /// The level.
        level: String,
        /// Groups found.
        found: usize,
        /// Leaves.
        leaves: usize,
    },
    /// A leaf without a place.
    #[error("arrange level `{level}`: leaf `{leaf}` is in no group")]
    LeafWithoutGroup {
        /// The level.
        level: String,
        /// The leaf.
        leaf: String,
    },
    /// A group of the level below without a parent.
    #[error("arrange level `{level}`: `{child}` of level `{below}` is in no group")]
    Orphan {
        /// The level.
        level: String,
        /// The level whose groups it groups.
        below: String,
        /// The group without a parent.
        child: String,
    },
    /// A level that groups a level that is not there.
    #[error("arrange level `{level}`: it groups level `{below}`, which is named nowhere")]
    UnknownLevel {
        /// The level.
        level: String,
        /// The level that is missing.
        below: String,
    },
    /// A parent that is not there.
    #[error("arrange the tree: the parent `{parent}` of `{child}` is named nowhere")]
    UnknownParent {
        /// Whose parent it is.
        child: String,
        /// The parent that is missing.
        parent: String,
    },
    /// Two parents in one level.
    #[error("arrange level `{level}`: `{child}` is in `{first}` and in `{second}`, one allowed")]
    TwoParents {
        /// The level.
        level: String,
        /// Who has two parents.
        child: String,
        /// One of them.
        first: String,
        /// Another.
        second: String,
    },
    /// Going up comes back to where it began.
    #[error("arrange the hierarchy: going up from `{}` comes back to it: {}", .through.first().map_or("", String::as_str), .through.join(" → "))]
    Loop {
        /// From a group or level up to the same.
        through: Vec<String>,
    },
    /// A leaf with more or fewer levels above it than named.
    #[error(
        "arrange the tree: found {found} levels above leaf `{leaf}`, expected the {expected} that are named"
    )]
    Depth {
        /// The leaf.
        leaf: String,
        /// Levels above it.
        found: usize,
        /// Levels named.
        expected: usize,
    },
}

/// Values that do not fill series × periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("found {found} values, expected {series} series × {periods} periods, at least 1 period")]
pub struct ShapeError {
    /// Values found.
    pub found: usize,
    /// Series expected.
    pub series: usize,
    /// Periods expected.
    pub periods: usize,
}

/// Why forecasts cannot be weighted so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WeightsError {
    /// Variances of other nodes.
    #[error("weight the forecasts: found variances of {found} nodes, expected {nodes}")]
    Nodes {
        /// Variances found.
        found: usize,
        /// Nodes of the hierarchy.
        nodes: usize,
    },
    /// A variance that is none.
    #[error(
        "weight the forecasts: the variance of `{node}` is {value}, finite values above 0 are allowed"
    )]
    Variance {
        /// The node.
        node: String,
        /// The variance found.
        value: f64,
    },
    /// Variances so far apart, or covariances so dependent, that rounding decides.
    #[error(
        "weight the forecasts: the covariance of what does not add up is not positive definite within rounding"
    )]
    NotPositiveDefinite,
}

/// Why forecasts could not be made to add up.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReconcileError {
    /// Weights that do not suit the hierarchy.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// Forecasts that do not fill the hierarchy.
    #[error("reconcile forecasts: {0}")]
    Shape(ShapeError),
    /// A forecast that is none.
    #[error(
        "reconcile forecasts: that of `{node}` in period {period} is {value}, finite values are allowed"
    )]
    NotFinite {
        /// The node.
        node: String,
        /// The period, counted from 0.
        period: usize,
        /// The value found.
        value: f64,
    },
    /// Sums that no number holds.
    #[error(
        "reconcile forecasts: found up to {largest:e}, of which sums and products are not finite"
    )]
    TooLarge {
        /// The largest forecast, without its sign.
        largest: f64,
    },
    /// The search did not end.
    #[error("reconcile forecasts: not at the optimum after {steps} steps")]
    NotConverged {
        /// Steps taken.
        steps: usize,
    },
}

/// Why nothing can be learnt of how far off forecasts are.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LearnError {
    /// No windows.
    #[error("learn from past forecasts: found none")]
    NoWindow,
    /// Forecasts or what came of them do not fill the hierarchy.
    #[error("learn from past forecasts: window {window}: {shape}")]
    Shape {
        /// The window, counted from 0.
        window: usize,
        /// What was found.
        shape: ShapeError,
    },
    /// A value that is none.
    #[error(
        "learn from past forecasts: window {window}: found {value} for `{node}` in period {period}, finite values are allowed"
    )]
    NotFinite {
        /// The window, counted from 0.
        window: usize,
        /// The node.
        node: String,
        /// The period, counted from 0.
        period: usize,
        /// The value found.
        value: f64,
    },
    /// No forecast was off, or of none it is known.
    #[error("learn from past forecasts: of no forecast it is known that it was off")]
    NothingOff,
    /// Too few periods in which all nodes are known.
    #[error(
        "learn covariances: found {found} periods in which all nodes are known, at least {needed} needed"
    )]
    TooFew {
        /// Periods found.
        found: usize,
        /// Periods needed.
        needed: usize,
    },
    /// More nodes than all pairs of them can be weighed of.
    #[error("learn covariances: found {found} nodes, at most {allowed} allowed")]
    TooLarge {
        /// Nodes found.
        found: usize,
        /// Nodes allowed.
        allowed: usize,
    },
}

/// Why levels cannot be weighed so.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LossError {
    /// Weights of other levels.
    #[error("weigh the levels: found {found} weights, expected {levels}, the leaves last")]
    Levels {
        /// Weights found.
        found: usize,
        /// Levels, the leaves among them.
        levels: usize,
    },
    /// A weight that is none.
    #[error(
        "weigh the levels: that of `{level}` is {value}, finite values of at least 0 are allowed"
    )]
    Weight {
        /// The level.
        level: String,
        /// The weight found.
        value: f64,
    },
    /// No level counts.
    #[error("weigh the levels: all weights are 0, one above it needed")]
    NoLevel,
}

/// Why weights could not be chosen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ChoiceError {
    /// Nothing to choose from.
    #[error("choose weights: no method to choose from")]
    NoMethod,
    /// A method twice.
    #[error("choose weights: method `{method}` is named twice")]
    MethodTwice {
        /// The method.
        method: &'static str,
    },
    /// Too few windows to tell a difference from noise.
    #[error(
        "choose weights: found {found} windows in which something is known and not 0, at least {needed} needed"
    )]
    TooFewWindows {
        /// Windows found.
        found: usize,
        /// Windows needed.
        needed: usize,
    },
    /// The loss is of another hierarchy.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The windows do not fit.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// No method could be tried.
    #[error("choose weights: no method could be tried, the first because it failed to {0}")]
    NoneTried(TrialError),
}

/// Why a method could not be tried.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrialError {
    /// Its weights could not be learnt.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// Forecasts could not be reconciled by it.
    #[error(transparent)]
    Reconcile(#[from] ReconcileError),
}
