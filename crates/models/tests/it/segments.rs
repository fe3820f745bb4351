//! What segmentation promises, on customers whose segments are known.

use models::segments::{
    Because, Feature, Fidelity, FitError, NotExplained, NotSegmentable, Params, Place, Placed, Rfm,
    Scale, ScoreSegments, Segmentation, adjusted_rand_index, explained_variance, fit, migration,
    quintiles, silhouette,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Typical recency in days, orders and spend in currency units of four planted segments.
const PLANTED: [(f64, f64, f64); 4] = [
    (6.0, 40.0, 4_000.0),
    (10.0, 3.0, 90.0),
    (150.0, 12.0, 1_500.0),
    (260.0, 1.4, 25.0),
];

/// Customers around the planted segments, with their segment.
fn planted(n: usize, seed: u64) -> (Vec<Rfm>, Vec<usize>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Sum of three uniforms: a bell between exp(-0.5) and exp(0.5) times the typical value.
    let mut around = |typical: f64| -> f64 {
        let bell: f64 = (0..3).map(|_| rng.random::<f64>() - 0.5).sum();
        typical * (bell / 3.0).exp()
    };
    (0..n)
        .map(|i| {
            let segment = i % PLANTED.len();
            let (recency, orders, spend) = PLANTED[segment];
            let customer = Rfm {
                recency_days: around(recency).round(),
                orders: around(orders).round().max(1.0) as u32,
                spend_cents: (around(spend) * 100.0).round() as i64,
            };
            (customer, segment)
        })
        .unzip()
}

fn quick() -> Params {
    Params {
        k_min: 2,
        k_max: 6,
        bootstraps: 8,
        sample_customers: 2_000,
        silhouette_customers: 800,
        ..Params::default()
    }
}

fn segments(of: &Segmentation, customers: &[Rfm]) -> Vec<usize> {
    of.place(customers)
        .into_iter()
        .map(|p| match p {
            Placed::Segment(s) => s,
            Placed::Not(reason) => panic!("{reason}"),
        })
        .collect()
}

#[test]
fn planted_segments_are_found_and_counted() {
    let (customers, truth) = planted(4_000, 1);
    let found = fit(&customers, &quick(), 7).unwrap();
    assert_eq!(found.choice.k, 4, "{:?}", found.choice);
    let agreement = adjusted_rand_index(&truth, &segments(&found, &customers)).unwrap();
    // Below 0.95 about one customer in fifty is in the wrong place.
    assert!(agreement > 0.95, "agreement {agreement}");
    assert_eq!(found.choice.tried.len(), 5);
    for tried in &found.choice.tried {
        let s = tried.stability;
        assert!(s.low <= s.mean && s.mean <= s.high && s.pairs == 8, "{s:?}");
    }
}

#[test]
fn rules_say_what_the_planted_clusters_say() {
    let (customers, _) = planted(4_000, 2);
    let found = fit(&customers, &quick(), 7).unwrap();
    assert!(found.rules.reaches_target);
    assert!(found.rules.fidelity >= 0.95);
    for Fidelity {
        found_share,
        right_share,
    } in &found.rules.by_segment
    {
        assert!(*found_share >= 0.9 && right_share.unwrap() >= 0.9);
    }
    // The stated fidelity is the one measured customer by customer.
    let agreeing = customers
        .iter()
        .filter(|c| found.assign(c).unwrap().rule_agrees)
        .count();
    assert_eq!(agreeing as f64 / 4_000.0, found.rules.fidelity);
    let covered: u64 = found.rules.rules.iter().map(|r| r.customers).sum();
    assert_eq!(covered, 4_000);
}

#[test]
fn every_segment_has_its_own_name_and_shares_add_up() {
    let (customers, _) = planted(3_000, 3);
    for k in [2, 3, 6, 12] {
        let params = Params {
            k_min: k,
            k_max: k,
            ..quick()
        };
        let found = fit(&customers, &params, 5).unwrap();
        assert_eq!(found.choice.because, Because::OnlyOneTried);
        let mut names: Vec<&str> = found.profiles.iter().map(|p| p.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), k, "{names:?}");
        let customers_share: f64 = found.profiles.iter().map(|p| p.customers_share).sum();
        let revenue_share: f64 = found.profiles.iter().map(|p| p.revenue_share).sum();
        let revenue: i64 = found.profiles.iter().map(|p| p.revenue_cents).sum();
        assert!((customers_share - 1.0).abs() < 1e-12 && (revenue_share - 1.0).abs() < 1e-12);
        assert_eq!(
            revenue,
            customers.iter().map(|c| c.spend_cents).sum::<i64>()
        );
    }
}

#[test]
fn the_best_segment_comes_first_and_is_named_so() {
    let (customers, _) = planted(4_000, 4);
    let found = fit(&customers, &quick(), 7).unwrap();
    assert_eq!(
        found.profiles[0].name,
        "very recent, very frequent, top spend"
    );
    let last = found.profiles.last().unwrap();
    assert!(last.name.starts_with("long gone"), "{}", last.name);
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let (customers, _) = planted(30_000, 5);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let found = fit(&customers, &quick(), 11).unwrap();
            serde_json::to_string(&found).unwrap()
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
}

#[test]
fn a_stored_segmentation_places_customers_alike() {
    let (customers, _) = planted(2_000, 6);
    let found = fit(&customers, &quick(), 11).unwrap();
    let stored = serde_json::to_string(&found).unwrap();
    let loaded: Segmentation = serde_json::from_str(&stored).unwrap();
    assert_eq!(loaded.place(&customers), found.place(&customers));
    assert_eq!(loaded.profiles.len(), found.profiles.len());
}

#[test]
fn an_assignment_tells_how_sure_it_is() {
    let (customers, _) = planted(4_000, 7);
    let found = fit(&customers, &quick(), 7).unwrap();
    let (recency_days, orders, spend) = PLANTED[0];
    let central = found
        .assign(&Rfm {
            recency_days,
            orders: orders as u32,
            spend_cents: (spend * 100.0) as i64,
        })
        .unwrap();
    assert!(central.rule_agrees && central.margin > 1.0, "{central:?}");
    assert_ne!(central.segment, central.second);
    // A customer on the way to another centroid has a smaller margin than one at home.
    let between = found
        .assign(&Rfm {
            recency_days: 30.0,
            orders: 22,
            spend_cents: 245_000,
        })
        .unwrap();
    assert!(between.margin < central.margin, "{between:?}");
}

#[test]
fn customers_that_cannot_be_segmented_say_why() {
    let customer = |recency_days, orders, spend_cents| Rfm {
        recency_days,
        orders,
        spend_cents,
    };
    let odd = [
        customer(3.0, 0, 0),
        customer(3.0, 2, 0),
        customer(3.0, 2, -500),
        customer(f64::NAN, 2, 500),
        customer(f64::INFINITY, 2, 500),
        customer(-1.0, 2, 500),
    ];
    let (mut customers, _) = planted(500, 8);
    customers.extend(odd);
    let found = fit(&customers, &quick(), 3).unwrap();
    assert_eq!(found.customers, 500);
    let aside = found.set_aside;
    assert_eq!(
        (
            aside.no_order,
            aside.spend_not_positive,
            aside.recency_not_finite,
            aside.order_after_as_of
        ),
        (1, 2, 2, 1)
    );
    assert_eq!(aside.total() + found.customers, customers.len() as u64);
    let placed = found.place(&odd);
    assert_eq!(placed[0], Placed::Not(NotSegmentable::NoOrder));
    assert_eq!(
        placed[2],
        Placed::Not(NotSegmentable::SpendNotPositive { spend_cents: -500 })
    );
    assert_eq!(
        found.assign(&odd[5]),
        Err(NotSegmentable::OrderAfterAsOf { days: 1.0 })
    );
    assert_eq!(quintiles(&odd)[3], Err(NotSegmentable::RecencyNotFinite));
}

#[test]
fn too_few_customers_are_refused_with_the_figures() {
    let (customers, _) = planted(19, 9);
    let refused = fit(&customers, &quick(), 3).unwrap_err();
    assert!(
        matches!(
            refused,
            FitError::TooFewCustomers {
                found: 19,
                needed: 20,
                ..
            }
        ),
        "{refused}"
    );
    assert!(matches!(
        fit(&[], &quick(), 3).unwrap_err(),
        FitError::TooFewCustomers { found: 0, .. }
    ));
    let same = vec![customers[0]; 300];
    assert_eq!(
        fit(&same, &quick(), 3).unwrap_err(),
        FitError::TooFewDistinct {
            found: 1,
            needed: 2
        }
    );
}

#[test]
fn fewer_customers_try_fewer_segments() {
    let (customers, _) = planted(45, 10);
    let found = fit(&customers, &quick(), 3).unwrap();
    let tried: Vec<usize> = found.choice.tried.iter().map(|t| t.k).collect();
    assert_eq!(tried, [2, 3, 4]);
}

#[test]
fn a_value_out_of_range_is_named() {
    let params = Params {
        k_max: 1,
        ..Params::default()
    };
    let refused = fit(&[], &params, 0).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "read `k_max`: found 1, expected from k_min to 20"
    );
}

#[test]
fn a_feature_that_never_varies_counts_for_nothing() {
    let (mut customers, truth) = planted(2_000, 11);
    for customer in &mut customers {
        customer.orders = 1;
    }
    let found = fit(&customers, &quick(), 3).unwrap();
    let orders = Feature::ALL
        .iter()
        .position(|f| *f == Feature::Orders)
        .unwrap();
    assert_eq!(found.standardisation.scales[orders], Scale::Constant);
    assert!(found.profiles.iter().all(|p| p.levels.orders.is_none()));
    assert!(found.profiles.iter().all(|p| !p.name.contains("order")));
    // Recency and spend alone still tell the planted segments apart.
    let agreement = adjusted_rand_index(&truth, &segments(&found, &customers)).unwrap();
    assert!(agreement > 0.9, "agreement {agreement}");
}

#[test]
fn clusters_explain_more_than_score_segments_on_planted_customers() {
    let (customers, truth) = planted(4_000, 12);
    let found = fit(&customers, &quick(), 3).unwrap();
    assert!(found.explained_variance_logs > found.baseline.explained_variance_logs + 0.05);
    let by_score = ScoreSegments::learn(&customers, 4);
    let groups: Vec<usize> = customers
        .iter()
        .map(|c| by_score.segment(c).unwrap())
        .collect();
    let baseline = adjusted_rand_index(&truth, &groups).unwrap();
    let ours = adjusted_rand_index(&truth, &segments(&found, &customers)).unwrap();
    assert!(ours > baseline, "{ours} against {baseline}");
    let best = groups.iter().zip(&truth).filter(|(g, _)| **g == 0);
    assert!(best.clone().filter(|(_, t)| **t == 0).count() * 2 > best.count());
}

#[test]
fn the_rand_index_matches_values_worked_by_hand() {
    // Six customers are 15 pairs; two groups of three against three groups of two.
    let index = adjusted_rand_index(&[0, 0, 0, 1, 1, 1], &[0, 0, 1, 1, 2, 2]).unwrap();
    // together 1 + 1 = 2, rows 3 + 3 = 6, columns 1 + 1 + 1 = 3; (2 − 6·3/15) / (4.5 − 1.2).
    assert!((index - 0.8 / 3.3).abs() < 1e-15);
    // The value that scikit-learn documents for this pair is 0.57.
    let documented = adjusted_rand_index(&[0, 0, 1, 2], &[0, 0, 1, 1]).unwrap();
    assert!((documented - 4.0 / 7.0).abs() < 1e-15);
    assert_eq!(adjusted_rand_index(&[0, 0, 1, 1], &[5, 5, 2, 2]), Some(1.0));
    assert_eq!(adjusted_rand_index(&[0, 0, 0, 0], &[0, 1, 2, 3]), Some(0.0));
    let crossed = adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1]).unwrap();
    assert!((crossed + 0.5).abs() < 1e-15);
    assert_eq!(adjusted_rand_index(&[3, 3], &[1, 1]), Some(1.0));
    assert_eq!(adjusted_rand_index(&[0], &[0, 1]), None);
    assert_eq!(adjusted_rand_index(&[], &[]), None);
}

#[test]
fn the_silhouette_matches_a_value_worked_by_hand() {
    let at = |x: f64| [x, 0.0, 0.0];
    // 0 and 1 together, 5 alone: (5 − 1)/5, (4 − 1)/4, and 0 for the one alone.
    let value = silhouette(&[at(0.0), at(1.0), at(5.0)], &[0, 0, 1]).unwrap();
    assert!((value - (0.8 + 0.75) / 3.0).abs() < 1e-15);
    assert_eq!(silhouette(&[at(0.0), at(1.0)], &[0, 0]), None);
}

#[test]
fn the_explained_variance_matches_a_value_worked_by_hand() {
    let rows = [[1.0], [3.0], [5.0], [7.0]];
    // Total 9 + 1 + 1 + 9 = 20, between 2·4 + 2·4 = 16.
    assert!((explained_variance(&[0, 0, 1, 1], &rows).unwrap() - 0.8).abs() < 1e-15);
    assert_eq!(
        explained_variance(&[0, 1], &[[2.0], [2.0]]),
        Err(NotExplained::NoVariation { rows: 2 })
    );
    assert_eq!(
        explained_variance(&[0, 1], &[[2.0], [f64::NAN]]),
        Err(NotExplained::NotFinite { row: 1 })
    );
}

#[test]
fn equal_customers_get_equal_scores_whatever_their_order() {
    let customer = |recency_days, orders| Rfm {
        recency_days,
        orders,
        spend_cents: 1_000,
    };
    let customers: Vec<Rfm> = (0..10)
        .map(|i| customer(f64::from(i), if i < 6 { 1 } else { i as u32 }))
        .collect();
    let scores: Vec<[u8; 3]> = quintiles(&customers)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(scores[0], [5, 2, 3]);
    assert_eq!(scores[9], [1, 5, 3]);
    // Two customers per recency score; six equal customers share the middle of ranks 1 to 6.
    for score in 1..=5 {
        assert_eq!(scores.iter().filter(|s| s[0] == score).count(), 2);
    }
    assert!(scores[..6].iter().all(|s| s[1] == 2));
    let turned: Vec<Rfm> = customers.iter().rev().copied().collect();
    let mut turned_scores: Vec<[u8; 3]> =
        quintiles(&turned).into_iter().map(Result::unwrap).collect();
    turned_scores.reverse();
    assert_eq!(scores, turned_scores);
}

#[test]
fn migration_counts_every_customer_once() {
    use Place::{Outside, Segment};
    let before = [Segment(0), Segment(0), Segment(1), Outside];
    let after = [Segment(0), Segment(1), Segment(1), Segment(0)];
    let moves = migration(&before, &after, 3).unwrap();
    assert_eq!(moves.counts[0], [1, 1, 0, 0]);
    assert_eq!(moves.shares[0][1], Some(0.5));
    // Nobody started in segment 2: its shares are unknown, not zero.
    assert_eq!(moves.shares[2], [None; 4]);
    assert_eq!(moves.counts[3][0], 1);
    assert_eq!(moves.stayed_share, Some(2.0 / 3.0));
    assert_eq!(moves.counts.iter().flatten().sum::<u64>(), 4);
    assert!(migration(&before, &after[..2], 3).is_err());
    assert!(migration(&before, &after, 1).is_err());
}

#[test]
fn rules_read_like_a_sentence_with_round_figures() {
    let (customers, _) = planted(4_000, 13);
    let found = fit(&customers, &quick(), 7).unwrap();
    for rule in &found.rules.rules {
        let text = rule.to_string();
        assert!(text.contains("last order") || text.contains("orders") || text.contains("spend"));
        for condition in &rule.conditions {
            for bound in [condition.above, condition.up_to].into_iter().flatten() {
                // At most two significant digits below a hundred and three above.
                let digits = format!("{bound}").replace('.', "");
                assert!(digits.trim_matches('0').len() <= 3, "{text}");
            }
        }
    }
}
