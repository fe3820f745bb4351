//! Groups of customers who behave alike, from recency, frequency and spend.
//!
//! The way through: [`Rfm`] per customer at an as-of date → logs, standardised
//! ([`Standardisation`]) → k-means++ for each candidate number of segments → the number kept is
//! the one whose grouping comes back on resampled customers ([`Choice`]) → each segment gets a
//! profile, a name and short rules ([`RuleList`]) whose fidelity is stated, never assumed.
//!
//! [`Segmentation::assign`] places one customer, [`migration`] compares two months, and
//! [`ScoreSegments`] is the plain quantile grouping that the clusters must beat on
//! [`explained_variance`].
//!
//! What is deliberately absent: dates and currencies. The caller turns dates into days before the
//! as-of date and keeps one currency per call.

mod agreement;
mod baseline;
mod choice;
mod fit;
mod kmeans;
mod migration;
mod names;
mod params;
mod quintiles;
mod random;
mod rfm;
mod rules;
mod segmentation;
mod silhouette;
mod standardise;
mod tree;
mod variance;

pub use agreement::adjusted_rand_index;
pub use baseline::{BaselineScore, ScoreSegments};
pub use choice::{Because, Choice, Stability, Tried};
pub use fit::fit;
pub use migration::{Migration, MigrationError, Place, migration};
pub use names::Levels;
pub use params::{FitError, Params};
pub use quintiles::quintiles;
pub use rfm::{Feature, NotSegmentable, Rfm};
pub use rules::{Condition, Fidelity, Rule, RuleList};
pub use segmentation::{Assignment, Placed, Profile, Segmentation, SetAside};
pub use silhouette::silhouette;
pub use standardise::{Scale, Standardisation};
pub use variance::{NotExplained, explained_variance};
