//! How much the forecast of each node is trusted.

use serde::{Deserialize, Serialize};

use super::covariance::Covariance;
use super::error::LearnError;
use super::hierarchy::Hierarchy;
use super::window::{Window, error_variances};

/// A way to weigh forecasts, the simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// See [`Weights::BottomUp`].
    BottomUp,
    /// See [`Weights::Ols`].
    Ols,
    /// See [`Weights::Structural`].
    Structural,
    /// See [`Weights::Variance`].
    Variance,
    /// See [`Weights::Shrunk`].
    Shrunk,
}

impl Method {
    /// All of them, the simplest first.
    pub const ALL: [Self; 5] = [
        Self::BottomUp,
        Self::Ols,
        Self::Structural,
        Self::Variance,
        Self::Shrunk,
    ];

    /// As the field calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BottomUp => "bottom-up",
            Self::Ols => "ordinary least squares",
            Self::Structural => "weighted by number of leaves",
            Self::Variance => "weighted by error variance",
            Self::Shrunk => "shrunk covariance",
        }
    }

    /// Its weights, from past forecasts where it needs them.
    ///
    /// # Errors
    /// [`LearnError`] when the windows do not fill the hierarchy or tell too little, or the hierarchy is too large for
    /// covariances.
    pub fn learn(
        self,
        hierarchy: &Hierarchy,
        windows: &[Window<'_>],
    ) -> Result<Weights, LearnError> {
        Ok(match self {
            Self::BottomUp => Weights::BottomUp,
            Self::Ols => Weights::Ols,
            Self::Structural => Weights::Structural,
            Self::Variance => Weights::Variance(error_variances(hierarchy, windows)?),
            Self::Shrunk => Weights::Shrunk(Covariance::shrunk(hierarchy, windows)?),
        })
    }
}

/// Covariance of forecast errors, up to a factor: what is reconciled is nearest to what was forecast in its inverse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weights {
    /// Forecasts of leaves stay as they are and are summed up.
    BottomUp,
    /// All nodes alike.
    Ols,
    /// A variance of the number of leaves below, as if leaves were as far off as each other, each by itself.
    Structural,
    /// A variance by node, above 0.
    Variance(Vec<f64>),
    /// Variances and covariances of all nodes; for small hierarchies.
    Shrunk(Covariance),
}

impl Weights {
    /// The way they weigh.
    #[must_use]
    pub fn method(&self) -> Method {
        match self {
            Self::BottomUp => Method::BottomUp,
            Self::Ols => Method::Ols,
            Self::Structural => Method::Structural,
            Self::Variance(_) => Method::Variance,
            Self::Shrunk(_) => Method::Shrunk,
        }
    }
}
