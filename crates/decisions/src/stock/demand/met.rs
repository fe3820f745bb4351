//! Demand that stock can meet where what finds nothing is lost.

use super::Demand;

/// Quantiles of the demand that stock and what arrives can meet, where what finds nothing before arrival is lost: what is
/// served until then, at most the position, and all that is asked for afterwards.
///
/// - `demand`: of all the time; `until`: of the part of it before arrival.
/// - `position`: units there until then, 0 or more.
/// - `levels`: rising within 0 to 1, both excluded; returns one value for each, not falling, 0 or more.
///
/// Its mean is that of `demand` less the shortage of `until` at the position.
///
/// The two parts are taken to be independent: distances from the median add up as squares, and what is asked for
/// afterwards has the distance that demand until arrival leaves of the whole.
#[must_use]
pub fn met_quantiles<const N: usize>(
    demand: &Demand<'_>,
    until: &Demand<'_>,
    position: f64,
    levels: &[f64; N],
) -> [f64; N] {
    let [middle, middle_until] = [demand, until].map(|of| of.quantile(0.5));
    let middle_served = middle_until.min(position);
    let start = middle - middle_until + middle_served;
    let mut least = 0.0_f64;
    levels.map(|level| {
        let at_until = until.quantile(level);
        let of_all = demand.quantile(level) - middle;
        let of_until = at_until - middle_until;
        let of_served = at_until.min(position) - middle_served;
        let after = (of_all * of_all - of_until * of_until).max(0.0);
        let distance = (of_served * of_served + after).sqrt();
        let value = if level < 0.5 {
            start - distance
        } else {
            start + distance
        };
        least = least.max(value);
        least
    })
}
