//! Whether what a model is given is still what it learnt from, feature by feature.
//!
//! Reading order: [`FeatureProfile`] (what a feature looked like, and into which cells its values fall), [`CellCounts`]
//! (one day of it), [`FeatureWatch`] (the evidence between two days), [`rank_features`] (which of all features of all
//! products have shifted, the most harmful first).

mod profile;
mod rank;
mod watch;

pub use profile::{CellCounts, FeatureProfile, Shape};
pub use rank::{FeatureReading, RankedFeature, rank_features};
pub use watch::{Aspect, FeatureDay, FeatureWatch};
