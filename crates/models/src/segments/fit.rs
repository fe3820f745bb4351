//! From customers to a segmentation.

use super::baseline::{BaselineScore, ScoreSegments};
use super::choice::{choose, stability};
use super::kmeans::{assign_all, lloyd};
use super::names::{Levels, Typical, names};
use super::params::{CUSTOMERS_PER_SEGMENT_MIN, FitError, Params};
use super::quintiles::{Ranks, best_is_high};
use super::random::{Use, bootstrap, sample, stream};
use super::rfm::Rfm;
use super::rules::RuleList;
use super::segmentation::{Profile, Segmentation, SetAside};
use super::standardise::{Point, Scale, Standardisation};
use super::variance::explained_variance;

/// Segments customers by recency, frequency and spend.
///
/// The number of segments is chosen on a sample of [`Params::sample_customers`]; the centroids,
/// profiles, rules and fidelity are then computed on all customers. Customers that cannot be
/// segmented are counted by reason and do not take part.
///
/// Deterministic: the same `seed` gives the same bytes on any number of threads. Time is linear in
/// the customers beyond the sample.
///
/// # Errors
/// [`FitError`] when a parameter is out of range, or there are fewer usable customers or fewer
/// different customers than the fewest segments need.
pub fn fit(customers: &[Rfm], params: &Params, seed: u64) -> Result<Segmentation, FitError> {
    params.check()?;
    let (usable, set_aside) = usable(customers);
    let ks_by_size = usable.len() / CUSTOMERS_PER_SEGMENT_MIN;
    if ks_by_size < params.k_min {
        return Err(FitError::TooFewCustomers {
            found: usable.len(),
            needed: params.k_min * CUSTOMERS_PER_SEGMENT_MIN,
            set_aside,
        });
    }
    let standardisation = Standardisation::learn(&usable);
    let points = standardisation.points(&usable);
    let drawn = sample(
        &mut stream(seed, Use::Sample, 0),
        points.len(),
        params.sample_customers,
    );
    let sample_points: Vec<Point> = drawn.iter().map(|&i| points[i]).collect();
    let distinct = distinct(&sample_points);
    if distinct < params.k_min {
        return Err(FitError::TooFewDistinct {
            found: distinct,
            needed: params.k_min,
        });
    }
    let ks: Vec<usize> = (params.k_min..=params.k_max.min(ks_by_size).min(distinct)).collect();
    let (choice, start) = choose(&sample_points, &ks, params, seed);
    let centroids = best_first(lloyd(&points, start).centroids);
    let segments = assign_all(&points, &centroids);

    let sampled: Vec<Rfm> = drawn.iter().map(|&i| usable[i]).collect();
    let baseline = baseline(&usable, &points, &sampled, choice.k, params, seed);
    Ok(Segmentation {
        profiles: profiles(&usable, &segments, choice.k, &standardisation),
        rules: RuleList::learn(&usable, &segments, choice.k, params),
        explained_variance_logs: explained(&segments, &points),
        standardisation,
        centroids,
        choice,
        baseline,
        customers: usable.len() as u64,
        set_aside,
        params: params.clone(),
        seed,
    })
}

fn usable(customers: &[Rfm]) -> (Vec<Rfm>, SetAside) {
    let mut usable = Vec::with_capacity(customers.len());
    let mut set_aside = SetAside::default();
    for customer in customers {
        match customer.check() {
            Ok(customer) => usable.push(customer),
            Err(reason) => set_aside.count(reason),
        }
    }
    (usable, set_aside)
}

fn distinct(points: &[Point]) -> usize {
    let mut bits: Vec<[u64; 3]> = points.iter().map(|p| p.map(f64::to_bits)).collect();
    bits.sort_unstable();
    bits.dedup();
    bits.len()
}

/// Segment numbers mean something: 0 has the best mix of recent, many and large orders. The order
/// depends on the centroids alone, so two months number alike segments alike.
fn best_first(mut centroids: Vec<Point>) -> Vec<Point> {
    let worth = |c: &Point| -c[0] + c[1] + c[2];
    centroids.sort_by(|a, b| {
        worth(b)
            .total_cmp(&worth(a))
            .then_with(|| a[0].total_cmp(&b[0]))
            .then_with(|| a[1].total_cmp(&b[1]))
    });
    centroids
}

fn explained(segments: &[usize], points: &[Point]) -> f64 {
    explained_variance(segments, points)
        .expect("points are finite and at least two of them differ, checked before clustering")
}

fn baseline(
    usable: &[Rfm],
    points: &[Point],
    sampled: &[Rfm],
    k: usize,
    params: &Params,
    seed: u64,
) -> BaselineScore {
    let grouped = |learnt: &ScoreSegments, customers: &[Rfm]| -> Vec<usize> {
        customers
            .iter()
            .map(|c| learnt.segment(c).expect("only usable customers are kept"))
            .collect()
    };
    let on_all = grouped(&ScoreSegments::learn(usable, k), usable);
    BaselineScore {
        explained_variance_logs: explained(&on_all, points),
        stability: stability(params.bootstraps, |pair, side| {
            let mut rng = stream(seed, Use::Baseline, ((pair as u64) << 1) | side);
            let drawn: Vec<Rfm> = bootstrap(&mut rng, sampled.len())
                .into_iter()
                .map(|i| sampled[i])
                .collect();
            grouped(&ScoreSegments::learn(&drawn, k), sampled)
        }),
    }
}

/// Figures and name of every segment.
fn profiles(
    usable: &[Rfm],
    segments: &[usize],
    k: usize,
    standardisation: &Standardisation,
) -> Vec<Profile> {
    let ranks = Ranks::of(usable.iter().map(best_is_high));
    let mut members: Vec<Vec<Rfm>> = vec![Vec::new(); k];
    for (customer, &segment) in usable.iter().zip(segments) {
        members[segment].push(*customer);
    }
    let typical: Vec<Typical> = members
        .iter()
        .map(|m| typical(m, &ranks, standardisation))
        .collect();
    // A shop of a million customers spending millions each still fits in 128 bits.
    let revenue = |of: &[Rfm]| of.iter().map(|c| i128::from(c.spend_cents)).sum::<i128>();
    let all_revenue = revenue(usable);
    names(&typical)
        .into_iter()
        .zip(typical.iter().zip(&members))
        .enumerate()
        .map(|(segment, (name, (typical, members)))| {
            let own_revenue = revenue(members);
            Profile {
                segment,
                name,
                levels: typical.levels,
                customers: members.len() as u64,
                customers_share: members.len() as f64 / usable.len() as f64,
                revenue_cents: i64::try_from(own_revenue).unwrap_or(i64::MAX),
                revenue_share: own_revenue as f64 / all_revenue as f64,
                median_recency_days: typical.recency_days,
                median_orders: typical.orders,
                median_spend_cents: typical.spend_cents,
            }
        })
        .collect()
}

fn typical(members: &[Rfm], ranks: &Ranks, standardisation: &Standardisation) -> Typical {
    let recency_days = median(members.iter().map(|c| c.recency_days).collect());
    let orders = median(members.iter().map(|c| f64::from(c.orders)).collect());
    let spend = median(members.iter().map(|c| c.spend_cents as f64).collect());
    let scores = ranks.scores(&[-recency_days, orders, spend / 100.0]);
    let level = |f: usize| match standardisation.scales[f] {
        Scale::Varies { .. } => Some(scores[f]),
        Scale::Constant => None,
    };
    Typical {
        levels: Levels {
            recency: level(0),
            orders: level(1),
            spend: level(2),
        },
        recency_days,
        orders,
        spend_cents: spend.round() as i64,
    }
}

/// Middle value, or the mean of the two middle ones; 0 for an empty segment, which k-means with at
/// least `k` different points does not leave.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}
