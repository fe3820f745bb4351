//! How many segments: the number whose grouping comes back, then the one that separates best.

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::agreement::adjusted_rand_index;
use super::kmeans::{Grouping, assign_all, kmeans};
use super::params::Params;
use super::random::{Use, bootstrap, sample, stream};
use super::silhouette::silhouette;
use super::standardise::Point;

/// Share of bootstrap pairs inside the interval of a [`Stability`].
const INTERVAL: f64 = 0.95;

/// How much two groupings learnt on resampled customers agree about the same customers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stability {
    /// Mean adjusted Rand index over pairs of bootstrap samples; 1 is perfect agreement.
    pub mean: f64,
    /// 2.5 % quantile over the pairs.
    pub low: f64,
    /// 97.5 % quantile over the pairs.
    pub high: f64,
    /// Pairs of bootstrap samples.
    pub pairs: usize,
}

/// One number of segments that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Number of segments.
    pub k: usize,
    /// Agreement over bootstrap pairs.
    pub stability: Stability,
    /// Mean silhouette on a sample; None if the sample fell into a single segment.
    pub silhouette: Option<f64>,
    /// Mean squared distance to the own centroid, in squared standard deviations of the logs.
    pub spread: f64,
}

/// The number of segments kept, with what it was compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Segments kept.
    pub k: usize,
    /// Why.
    pub because: Because,
    /// Every number tried, in increasing order.
    pub tried: Vec<Tried>,
    /// Customers on whom stability was measured.
    pub sample_customers: usize,
    /// Customers on whom silhouettes were measured.
    pub silhouette_customers: usize,
}

/// Why a number of segments was kept. `Display` gives the sentence for the screen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Because {
    /// Nothing else could be tried.
    OnlyOneTried,
    /// No other number is as stable.
    MostStable {
        /// Its mean adjusted Rand index.
        stability: f64,
    },
    /// Several are about as stable; this one separates customers best.
    BestSeparatedAmongStable {
        /// The numbers about as stable as the best one.
        stable: Vec<usize>,
        /// Silhouette of the number kept.
        silhouette: Option<f64>,
    },
    /// No number gives segments that come back; the most stable was kept. Treat with care.
    NoneReproducible {
        /// The best mean adjusted Rand index.
        stability: f64,
        /// The least that counts as reproducible.
        needed: f64,
    },
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnlyOneTried => write!(f, "the only number of segments that could be tried"),
            Self::MostStable { stability } => write!(
                f,
                "the most reproducible number of segments (agreement {stability:.2} of 1 between resampled customers)"
            ),
            Self::BestSeparatedAmongStable { stable, silhouette } => {
                let numbers: Vec<String> = stable.iter().map(usize::to_string).collect();
                write!(
                    f,
                    "{} segments are about as reproducible; this number separates customers best",
                    numbers.join(", ")
                )?;
                match silhouette {
                    Some(s) => write!(f, " (silhouette {s:.2})"),
                    None => Ok(()),
                }
            }
            Self::NoneReproducible { stability, needed } => write!(
                f,
                "no number of segments is reproducible: the best agreement is {stability:.2}, at least {needed:.2} needed; the most reproducible one was kept"
            ),
        }
    }
}

/// Tries every number of segments in `ks` on a sample, and keeps one with its centroids.
pub(crate) fn choose(
    points: &[Point],
    ks: &[usize],
    params: &Params,
    seed: u64,
) -> (Choice, Vec<Point>) {
    let shown = sample(
        &mut stream(seed, Use::Silhouette, 0),
        points.len(),
        params.silhouette_customers,
    );
    let shown: Vec<Point> = shown.into_iter().map(|i| points[i]).collect();
    let groupings: Vec<Grouping> = ks
        .par_iter()
        .map(|&k| {
            let mut rng = stream(seed, Use::Start, k as u64);
            kmeans(points, k, params.starts, &mut rng)
        })
        .collect();
    let tried: Vec<Tried> = ks
        .iter()
        .zip(&groupings)
        .map(|(&k, grouping)| Tried {
            k,
            stability: kmeans_stability(points, k, params, seed),
            silhouette: silhouette(&shown, &assign_all(&shown, &grouping.centroids)),
            spread: grouping.inertia / points.len() as f64,
        })
        .collect();
    let (kept, because) = keep(&tried, params);
    let choice = Choice {
        k: tried[kept].k,
        because,
        sample_customers: points.len(),
        silhouette_customers: shown.len(),
        tried,
    };
    (choice, groupings[kept].centroids.clone())
}

/// Agreement of k-means fitted on pairs of bootstrap samples.
///
/// # Source
/// Dolnicar and Leisch (2010), Evaluation of structure and reproducibility of cluster solutions
/// using the bootstrap, Marketing Letters 21.
fn kmeans_stability(points: &[Point], k: usize, params: &Params, seed: u64) -> Stability {
    stability(params.bootstraps, |pair, side| {
        let mut rng = stream(
            seed,
            Use::Bootstrap,
            ((k as u64) << 32) | ((pair as u64) << 1) | side,
        );
        let drawn: Vec<Point> = bootstrap(&mut rng, points.len())
            .into_iter()
            .map(|i| points[i])
            .collect();
        // k-means++ with greedy draws rarely fails twice; more starts would only cost time.
        let fitted = kmeans(&drawn, k, params.starts.min(2), &mut rng);
        assign_all(points, &fitted.centroids)
    })
}

/// Stability of any grouping: `grouped(pair, side)` learns on a bootstrap sample and groups the
/// original customers.
pub(crate) fn stability(
    pairs: usize,
    grouped: impl Fn(usize, u64) -> Vec<usize> + Sync,
) -> Stability {
    let mut indices: Vec<f64> = (0..pairs)
        .into_par_iter()
        .map(|pair| {
            adjusted_rand_index(&grouped(pair, 0), &grouped(pair, 1))
                .expect("both sides group the same customers, of whom there are some")
        })
        .collect();
    indices.sort_unstable_by(f64::total_cmp);
    Stability {
        mean: indices.iter().sum::<f64>() / pairs as f64,
        low: quantile(&indices, (1.0 - INTERVAL) / 2.0),
        high: quantile(&indices, f64::midpoint(1.0, INTERVAL)),
        pairs,
    }
}

/// Quantile of sorted values, linear between neighbours.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let below = at.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (at - below as f64) * (sorted[above] - sorted[below])
}

/// The position kept, and why. The smaller number wins ties.
fn keep(tried: &[Tried], params: &Params) -> (usize, Because) {
    if tried.len() == 1 {
        return (0, Because::OnlyOneTried);
    }
    let most_stable = first_best(tried, |t| t.stability.mean);
    let best = tried[most_stable].stability.mean;
    if best < params.stability_min {
        let because = Because::NoneReproducible {
            stability: best,
            needed: params.stability_min,
        };
        return (most_stable, because);
    }
    let floor = (best - params.stability_margin).max(params.stability_min);
    let stable: Vec<usize> = tried
        .iter()
        .filter(|t| t.stability.mean >= floor)
        .map(|t| t.k)
        .collect();
    if stable.len() == 1 {
        return (most_stable, Because::MostStable { stability: best });
    }
    let kept = first_best(tried, |t| {
        if stable.contains(&t.k) {
            t.silhouette.unwrap_or(-1.0)
        } else {
            f64::NEG_INFINITY
        }
    });
    let silhouette = tried[kept].silhouette;
    (
        kept,
        Because::BestSeparatedAmongStable { stable, silhouette },
    )
}

fn first_best(tried: &[Tried], of: impl Fn(&Tried) -> f64) -> usize {
    let mut best = 0;
    for i in 1..tried.len() {
        if of(&tried[i]) > of(&tried[best]) {
            best = i;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of segments with their mean agreement and silhouette.
    fn tried(all: &[(usize, f64, Option<f64>)]) -> Vec<Tried> {
        all.iter()
            .map(|&(k, mean, silhouette)| Tried {
                k,
                stability: Stability {
                    mean,
                    low: mean - 0.1,
                    high: mean + 0.1,
                    pairs: 20,
                },
                silhouette,
                spread: 1.0 / k as f64,
            })
            .collect()
    }

    /// The number kept among those tried, and why.
    fn kept(all: &[(usize, f64, Option<f64>)]) -> (usize, Because) {
        let tried = tried(all);
        let (position, because) = keep(&tried, &Params::default());
        (tried[position].k, because)
    }

    #[test]
    fn a_number_that_comes_back_beats_one_that_separates_better() {
        let found = kept(&[(3, 0.80, Some(0.9)), (4, 0.95, Some(0.2)), (5, 0.85, None)]);
        assert_eq!(found, (4, Because::MostStable { stability: 0.95 }));
    }

    #[test]
    fn among_numbers_about_as_stable_the_one_that_separates_best_is_kept() {
        // 3 separates best of all, but 0.89 is more than the margin of 0.05 below 0.95.
        let all = [
            (3, 0.89, Some(0.9)),
            (4, 0.95, Some(0.3)),
            (5, 0.91, Some(0.5)),
            (6, 0.93, None),
        ];
        let because = Because::BestSeparatedAmongStable {
            stable: vec![4, 5, 6],
            silhouette: Some(0.5),
        };
        assert_eq!(kept(&all), (5, because.clone()));
        assert_eq!(
            because.to_string(),
            "4, 5, 6 segments are about as reproducible; this number separates customers best (silhouette 0.50)"
        );
        // A sample that fell into one segment separates nobody: it loses to any silhouette that was measured.
        let (k, _) = kept(&[(3, 0.95, None), (4, 0.94, Some(-0.9))]);
        assert_eq!(k, 4);
    }

    #[test]
    fn the_smaller_number_wins_ties() {
        let (k, _) = kept(&[
            (3, 0.9, Some(0.4)),
            (4, 0.9, Some(0.4)),
            (5, 0.9, Some(0.4)),
        ]);
        assert_eq!(k, 3);
        let (k, because) = kept(&[(3, 0.9, None), (4, 0.9, None)]);
        let stable = vec![3, 4];
        let silhouette = None;
        assert_eq!(
            (k, because),
            (3, Because::BestSeparatedAmongStable { stable, silhouette })
        );
    }

    #[test]
    fn where_nothing_comes_back_the_most_stable_is_kept_and_said_to_be_doubtful() {
        let (k, because) = kept(&[(3, 0.5, Some(0.9)), (4, 0.69, Some(0.1))]);
        assert_eq!(
            (k, &because),
            (
                4,
                &Because::NoneReproducible {
                    stability: 0.69,
                    needed: 0.7
                }
            )
        );
        assert!(
            because
                .to_string()
                .contains("the best agreement is 0.69, at least 0.70 needed")
        );
        // The margin does not reach below what counts as reproducible.
        let found = kept(&[(3, 0.69, Some(0.9)), (4, 0.72, Some(0.1))]);
        assert_eq!(found, (4, Because::MostStable { stability: 0.72 }));
    }

    #[test]
    fn a_single_number_is_kept_whatever_it_is() {
        assert_eq!(kept(&[(7, 0.1, None)]), (7, Because::OnlyOneTried));
    }
}
