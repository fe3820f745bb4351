//! Least squares of which no value may be below 0.

use super::error::ReconcileError;

/// Times that all wrong values are exchanged at once without there being fewer of them.
const PATIENCE: usize = 3;

/// Sets of values held at 0 that are tried at most.
const STEPS_MAX: usize = 5_000;

/// What least squares come to where some values are held at 0.
pub(super) struct Held {
    /// All values; 0 where they are held.
    pub(super) values: Vec<f64>,
    /// By value that is held: how the squares change with it, in the unit of values. Others are not looked at.
    pub(super) slopes: Vec<f64>,
}

/// Which values are held at 0 at first.
pub(super) struct Start {
    pub(super) is_held: Vec<bool>,
    /// Those that are never let go; they are held.
    pub(super) is_fixed: Vec<bool>,
}

/// The values of least squares that are not below 0: no value is negative, the squares do not fall where one that is 0
/// rises, and do not change with any other (the conditions of Karush, Kuhn, Tucker, which here are sufficient).
///
/// Values that come out negative are held at 0 and those that would rise are let go, all at once while there are ever
/// fewer wrong ones, else the last alone, which ends after finitely many steps.
///
/// - `is_held`, `is_fixed`: those held at first, and those of them that stay at 0 whatever it costs.
/// - `tolerance`: what is taken for 0.
/// - `solve`: least squares with some values held.
///
/// # Errors
/// [`ReconcileError::NotConverged`] when rounding goes in circles; whatever `solve` fails with.
///
/// # Source
/// Portugal, Júdice, Vicente (1994), block principal pivoting, used by Wickramasuriya, Turlach, Hyndman (2020), section
/// 3.3; Murty (1974) for single exchanges.
pub(super) fn not_below_zero(
    Start {
        mut is_held,
        is_fixed,
    }: Start,
    tolerance: f64,
    mut solve: impl FnMut(&[bool]) -> Result<Held, ReconcileError>,
) -> Result<Vec<f64>, ReconcileError> {
    let (mut fewest, mut patience) = (usize::MAX, PATIENCE);
    for _ in 0..STEPS_MAX {
        let Held { mut values, slopes } = solve(&is_held)?;
        let is_wrong = |at: &usize| {
            let value = if is_held[*at] {
                slopes[*at]
            } else {
                values[*at]
            };
            !is_fixed[*at] && value < -tolerance
        };
        let wrong: Vec<usize> = (0..values.len()).filter(is_wrong).collect();
        let Some(last) = wrong.last() else {
            values.iter_mut().for_each(|value| *value = value.max(0.0));
            return Ok(values);
        };
        let all = wrong.len() < fewest || patience > 0;
        if wrong.len() < fewest {
            (fewest, patience) = (wrong.len(), PATIENCE);
        } else {
            patience = patience.saturating_sub(1);
        }
        let exchanged = if all {
            wrong.as_slice()
        } else {
            std::slice::from_ref(last)
        };
        for at in exchanged {
            is_held[*at] = !is_held[*at];
        }
    }
    Err(ReconcileError::NotConverged { steps: STEPS_MAX })
}
