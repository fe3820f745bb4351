//! Curves of launches of which only the first hours may be known.

/// Units by hour of one launch, while there was stock.
#[derive(Debug, Clone)]
pub(super) struct Observed {
    /// Units by hour.
    pub(super) hours: Vec<u32>,
    /// Units up to each hour.
    pub(super) up_to: Vec<f64>,
    /// Hours open.
    pub(super) open_hours: u32,
    /// Demand, where all hours until the end are known.
    pub(super) whole: Option<f64>,
}

/// What is held before any launch was seen, in units: demand comes evenly.
const EVEN: f64 = 0.5;

/// A curve from launches, each counted by a weight.
///
/// What is known of a launch that ran out, or was open for a short time, is how its first hours compare with each other.
/// That tells, of what came by an hour, the share that came within it; from the last hour backwards these shares give the
/// curve. Units of a launch go together, so that a launch counts for no more than launches of its size tell apart.
///
/// - `weighted`: launches with weights.
/// - `hours`: of the curve.
/// - `size`: of the Dirichlet distribution that launches differ by.
/// - `prior`: a curve that counts as one launch.
///
/// # Source
/// Lynden-Bell (1971); Woodroofe (1985), the product-limit estimator of right-truncated data.
pub(super) fn product_limit<'a>(
    weighted: impl Iterator<Item = (&'a Observed, f64)>,
    hours: usize,
    size: f64,
    prior: Option<&[f64]>,
) -> Vec<f64> {
    let (mut within, mut until) = (vec![0.0; hours], vec![0.0; hours]);
    let (mut units, mut weights) = (0.0, 0.0);
    for (launch, weight) in weighted {
        for (at, (own, up_to)) in launch.hours.iter().zip(&launch.up_to).enumerate() {
            let counts = weight * (size + 1.0) / (up_to + size);
            within[at] += counts * f64::from(*own);
            until[at] += counts * up_to;
        }
        units += weight * launch.up_to.last().copied().unwrap_or(0.0);
        weights += weight;
    }
    let mean = units / f64::max(weights, 1e-9);
    let of_prior = mean * (size + 1.0) / (mean + size);
    let mut curve = vec![1.0; hours];
    for at in (1..hours).rev() {
        let even = EVEN / (at + 1) as f64;
        let (mut inside, mut all) = (within[at] + even, until[at] + EVEN);
        if let Some(prior) = prior {
            inside += of_prior * (1.0 - prior[at - 1] / prior[at].max(1e-300));
            all += of_prior;
        }
        curve[at - 1] = curve[at] * (1.0 - (inside / all).min(1.0));
    }
    curve
}

#[cfg(test)]
mod tests {
    use super::{Observed, product_limit};

    fn launch(hours: &[u32]) -> Observed {
        let mut sum = 0.0;
        let up_to = hours.iter().map(|units| {
            sum += f64::from(*units);
            sum
        });
        Observed {
            up_to: up_to.collect(),
            hours: hours.to_vec(),
            open_hours: 4,
            whole: None,
        }
    }

    #[test]
    fn launches_cut_off_at_any_hour_give_the_curve_of_whole_ones() {
        // Half of what is left comes in each hour: 800, 400, 200, 200.
        let whole = [
            launch(&[8_000, 4_000, 2_000, 2_000]),
            launch(&[800_000, 400_000, 200_000, 200_000]),
        ];
        let cut = [
            launch(&[8_000]),
            launch(&[80_000, 40_000]),
            launch(&[8_000, 4_000, 2_000]),
            launch(&[800_000, 400_000, 200_000, 200_000]),
        ];
        for launches in [&whole[..], &cut[..]] {
            let curve = product_limit(launches.iter().map(|l| (l, 1.0)), 4, 1e9, None);
            for (found, expected) in curve.iter().zip([0.5, 0.75, 0.875, 1.0]) {
                // What is held before is half a unit among thousands.
                assert!((found - expected).abs() < 1e-4, "{curve:?}");
            }
        }
    }
}
