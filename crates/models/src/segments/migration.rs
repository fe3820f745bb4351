//! Who moved where from one month to the next.

use serde::{Deserialize, Serialize};

use super::segmentation::Placed;

/// Where a customer is in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the segment of this number.
    Segment(usize),
    /// In no segment: not a customer yet, or not segmentable.
    Outside,
}

impl From<&Placed> for Place {
    fn from(placed: &Placed) -> Self {
        match placed {
            Placed::Segment(segment) => Self::Segment(*segment),
            Placed::Not(_) => Self::Outside,
        }
    }
}

/// Why two months cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The same customers, in the same order, are needed in both months.
    #[error("{before} customers before and {after} after, they must be the same")]
    LengthsDiffer {
        /// Customers before.
        before: usize,
        /// Customers after.
        after: usize,
    },
    /// A segment number is out of range.
    #[error("customer {customer} is in segment {segment}, there are {segments} segments from 0")]
    NoSuchSegment {
        /// Position of the customer.
        customer: usize,
        /// What was found.
        segment: usize,
        /// How many there are.
        segments: usize,
    },
}

/// Counts and shares of moves between segments; the last row and column are [`Place::Outside`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Migration {
    /// `counts[from][to]`, (segments + 1) × (segments + 1), in customers.
    pub counts: Vec<Vec<u64>>,
    /// `shares[from][to]` = count over the row total; None where nobody started.
    pub shares: Vec<Vec<Option<f64>>>,
    /// Share of the customers inside a segment both times that did not move; None if there are none.
    pub stayed_share: Option<f64>,
}

/// Migration matrix of the same customers between two months, both placed by one segmentation.
///
/// # Errors
/// [`MigrationError`] when the lengths differ or a segment is not below `segments`.
pub fn migration(
    before: &[Place],
    after: &[Place],
    segments: usize,
) -> Result<Migration, MigrationError> {
    if before.len() != after.len() {
        return Err(MigrationError::LengthsDiffer {
            before: before.len(),
            after: after.len(),
        });
    }
    let mut counts = vec![vec![0_u64; segments + 1]; segments + 1];
    for (customer, (&from, &to)) in before.iter().zip(after).enumerate() {
        let from = slot(from, segments, customer)?;
        let to = slot(to, segments, customer)?;
        counts[from][to] += 1;
    }
    let shares = counts
        .iter()
        .map(|row| {
            let total: u64 = row.iter().sum();
            row.iter()
                .map(|&n| (total > 0).then(|| n as f64 / total as f64))
                .collect()
        })
        .collect();
    let inside: u64 = counts[..segments].iter().flat_map(|r| &r[..segments]).sum();
    let stayed: u64 = (0..segments).map(|s| counts[s][s]).sum();
    Ok(Migration {
        counts,
        shares,
        stayed_share: (inside > 0).then(|| stayed as f64 / inside as f64),
    })
}

fn slot(place: Place, segments: usize, customer: usize) -> Result<usize, MigrationError> {
    match place {
        Place::Segment(segment) if segment < segments => Ok(segment),
        Place::Segment(segment) => Err(MigrationError::NoSuchSegment {
            customer,
            segment,
            segments,
        }),
        Place::Outside => Ok(segments),
    }
}
