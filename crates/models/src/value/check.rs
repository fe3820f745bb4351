//! What can be learnt from at all.

use super::estimate::{CUSTOMERS_MIN, FitError};
use super::summary::{Group, Summary, group};

/// Refuses impossible histories.
pub(crate) fn check(customers: &[Summary]) -> Result<(), FitError> {
    customers
        .iter()
        .enumerate()
        .try_for_each(|(position, summary)| {
            summary
                .check()
                .map_err(|source| FitError::BadSummary { position, source })
        })
}

/// Groups of equal histories, or why nothing can be learnt from them.
pub(crate) fn learnable(customers: &[Summary]) -> Result<Vec<Group>, FitError> {
    let found = customers.len();
    if found < CUSTOMERS_MIN {
        return Err(FitError::TooFewCustomers {
            found,
            needed: CUSTOMERS_MIN,
        });
    }
    if customers
        .iter()
        .all(|customer| customer.repeat_purchases == 0)
    {
        return Err(FitError::NobodyRepeats { customers: found });
    }
    let groups = group(customers);
    if groups.len() == 1 {
        return Err(FitError::AllIdentical { customers: found });
    }
    Ok(groups)
}
