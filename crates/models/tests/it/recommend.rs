//! Claims about the recommenders, on planted truth and small matrices worked out another way.

use math::random::stream;
use math::sparse::Csr;
use models::recommend::{
    Answer, AnyFitted, BlendMember, ComplementParams, Complements, Decay, EaseParams, Event,
    FitError, Fitter, FrequencyParams, Ials, IalsParams, ImplicitCells, Interactions,
    InteractionsError, ItemKnnParams, Method, NextItemParams, Placement, PopularityParams, Reason,
    RecentDemand, ScoreError, Seen, Similarity, Size, Source, TransitionParams, Unobserved,
    candidates, diversified, ease_weights, lift_at_least,
};
use rand::RngExt;

const EVERYTHING: PopularityParams = PopularityParams { decay: Decay::None };

fn event(item: u32, at_days: f64) -> Event {
    Event {
        item,
        at_days,
        weight: 1.0,
    }
}

fn ease(l2: f64) -> EaseParams {
    EaseParams {
        l2,
        history: Decay::None,
        demand: None,
        neighbours: None,
        fallback: EVERYTHING,
    }
}

fn cells(unobserved: Unobserved) -> ImplicitCells {
    ImplicitCells {
        unobserved,
        unobserved_weight: 0.2,
        observed_weight: 1.0,
        l2: 0.01,
        l2_frequency_exponent: 0.5,
    }
}

fn ials(rank: u32, block: u32) -> IalsParams {
    IalsParams {
        rank,
        block,
        epochs: 12,
        cells: cells(Unobserved::EveryCell),
        init_scale: 0.1,
        history: Decay::None,
        fallback: EVERYTHING,
    }
}

fn transitions() -> TransitionParams {
    TransitionParams {
        window_baskets: 3,
        gap_exponent: 1.0,
        from_exponent: 1.0,
        to_exponent: 0.1,
        history: Decay::PerBasket { kept: 0.7 },
        demand: None,
        neighbours: None,
        fallback: EVERYTHING,
    }
}

fn next_item() -> NextItemParams {
    NextItemParams {
        l2: 2.0,
        context_kept: 0.6,
        window_baskets: 4,
        to_exponent: 0.0,
        history: Decay::PerBasket { kept: 0.6 },
        demand: None,
        neighbours: None,
        fallback: EVERYTHING,
    }
}

fn frequency() -> FrequencyParams {
    FrequencyParams {
        history: Decay::PerBasket { kept: 0.9 },
        prior_purchases: 2.0,
        prior: EVERYTHING,
        waits_for_interval: true,
    }
}

fn knn(similarity: Similarity) -> Method {
    Method::ItemKnn(ItemKnnParams {
        similarity,
        neighbours: 50,
        history: Decay::None,
        demand: None,
        fallback: EVERYTHING,
    })
}

/// One of every kind.
fn methods() -> Vec<Method> {
    let demand = Some(RecentDemand {
        half_life_days: 20.0,
        exponent: 0.5,
    });
    let cut = EaseParams {
        demand,
        neighbours: Some(12),
        history: Decay::PerDay {
            half_life_days: 30.0,
        },
        ..ease(5.0)
    };
    vec![
        Method::Popularity(EVERYTHING),
        Method::Frequency(frequency()),
        Method::Ease(ease(5.0)),
        Method::Ease(cut),
        knn(Similarity::Cosine {
            alpha: 0.5,
            shrink: 2.0,
        }),
        knn(Similarity::Rp3Beta {
            alpha: 0.8,
            beta: 0.4,
        }),
        Method::Transitions(transitions()),
        Method::NextItem(next_item()),
        Method::Ials(ials(8, 4)),
        Method::Blend(vec![
            BlendMember {
                weight: 1.0,
                method: Method::NextItem(next_item()),
            },
            BlendMember {
                weight: 0.4,
                method: Method::Ease(ease(5.0)),
            },
        ]),
    ]
}

/// Customers with random baskets over `n_items`, a few items each day.
fn shop(n_customers: usize, n_items: u32, seed: u64) -> Interactions {
    let mut random = stream(seed, 0);
    let histories = (0..n_customers).map(|_| {
        let days = random.random_range(2..8);
        let mut events = Vec::new();
        for day in 0..days {
            for _ in 0..random.random_range(1..4) {
                events.push(event(random.random_range(0..n_items), f64::from(day * 3)));
            }
        }
        events
    });
    Interactions::new(n_items as usize, histories.collect::<Vec<_>>()).expect("planted here")
}

/// Even customers have even items, odd ones odd items, each all but one.
fn checkerboard() -> Interactions {
    let n = 50u32;
    let histories = (0..n).map(|customer| {
        let own = (0..n).filter(|item| item % 2 == customer % 2 && *item != customer);
        own.map(|item| event(item, f64::from(item)))
            .collect::<Vec<_>>()
    });
    Interactions::new(n as usize, histories).expect("planted here")
}

#[test]
fn the_one_missing_square_of_a_checkerboard_is_found() {
    let board = checkerboard();
    let tasted = [
        Method::Ease(ease(1.0)),
        knn(Similarity::Cosine {
            alpha: 0.5,
            shrink: 0.0,
        }),
        knn(Similarity::Rp3Beta {
            alpha: 1.0,
            beta: 0.5,
        }),
        Method::Ials(ials(6, 3)),
    ];
    for method in tasted {
        let fitted = method.fit(&board, 100.0, 1).unwrap();
        let lists = fitted.ranked_all(&board, 100.0, 1, Seen::Excluded).unwrap();
        for (customer, list) in lists.iter().enumerate() {
            assert_eq!(
                list,
                &[customer as u32],
                "{} for customer {customer}",
                method.name()
            );
        }
    }
}

#[test]
fn a_planted_order_is_followed_forwards_and_not_backwards() {
    // Everybody buys 0, 1, 2, 3, … in turn, starting anywhere.
    let histories = (0..200u32).map(|c| {
        (0..5)
            .map(|step| event((c + step) % 20, f64::from(step)))
            .collect::<Vec<_>>()
    });
    let seen = Interactions::new(20, histories).unwrap();
    for method in [
        Method::Transitions(transitions()),
        Method::NextItem(next_item()),
    ] {
        let fitted = method.fit(&seen, 10.0, 1).unwrap();
        let (answer, list) = fitted
            .recommend(
                &[event(6, 0.0), event(7, 1.0)],
                2.0,
                1,
                Seen::Excluded,
                |_| true,
            )
            .unwrap();
        assert_eq!(
            (answer, list[0].item),
            (Answer::Personal, 8),
            "{}",
            method.name()
        );
        let Reason::Follows {
            item: 7,
            times,
            expected,
        } = list[0].reason
        else {
            panic!("{:?}", list[0])
        };
        // 40 customers pass from 7 to 8; three baskets of window spread followers over three items.
        assert!(
            times == 40.0 && expected < times / 3.0,
            "{times} {expected}"
        );
    }
}

/// Gauss-Jordan with pivoting: another way to the inverse than the one under test.
fn inverse(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = matrix.len();
    for (row, cells) in matrix.iter_mut().enumerate() {
        cells.extend((0..n).map(|column| f64::from(u8::from(row == column))));
    }
    for column in 0..n {
        let pivot = (column..n)
            .max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))
            .expect("planted here");
        matrix.swap(column, pivot);
        let scale = matrix[column][column];
        matrix[column].iter_mut().for_each(|cell| *cell /= scale);
        let pivot_row = matrix[column].clone();
        for (row, cells) in matrix.iter_mut().enumerate() {
            if row != column {
                let factor = cells[column];
                cells
                    .iter_mut()
                    .zip(&pivot_row)
                    .for_each(|(cell, pivot)| *cell -= factor * pivot);
            }
        }
    }
    matrix
        .into_iter()
        .map(|cells| cells[n..].to_vec())
        .collect()
}

fn dense_rows(seen: &Interactions) -> Vec<Vec<f64>> {
    seen.histories()
        .map(|history| {
            let mut row = vec![0.0; seen.n_items()];
            history
                .iter()
                .for_each(|event| row[event.item as usize] = 1.0);
            row
        })
        .collect()
}

#[test]
fn ease_equals_an_explicit_inverse() {
    // 130 items: more than one tile of the transposition.
    let seen = shop(300, 130, 1);
    let rows = dense_rows(&seen);
    let n = seen.n_items();
    let mut normal = vec![vec![0.0; n]; n];
    for row in &rows {
        for i in 0..n {
            for j in 0..n {
                normal[i][j] += row[i] * row[j];
            }
        }
    }
    (0..n).for_each(|i| normal[i][i] += 3.0);
    let inverse = inverse(normal);
    let sparse = Csr::from_rows(
        n,
        rows.iter().map(|row| {
            (0..n as u32)
                .filter(|&i| row[i as usize] > 0.0)
                .map(|i| (i, 1.0))
                .collect()
        }),
    )
    .unwrap();
    let weights = ease_weights(&sparse, 3.0).unwrap();
    for i in 0..n {
        for j in 0..n {
            let expected = if i == j {
                0.0
            } else {
                -inverse[i][j] / inverse[j][j]
            };
            let found = f64::from(weights[i * n + j]);
            // f32 holds weights below 1 to 6e-8.
            assert!(
                (found - expected).abs() < 1e-6,
                "{i} {j}: {found} {expected}"
            );
        }
    }
}

#[test]
fn the_regression_on_contexts_equals_the_one_written_out() {
    let seen = shop(60, 12, 2);
    let (n, params) = (seen.n_items(), next_item());
    let (mut normal, mut right) = (vec![vec![0.0; n]; n], vec![vec![0.0; n]; n]);
    for history in seen.histories() {
        let baskets: Vec<&[Event]> = models::recommend::baskets(history).collect();
        for (t, target) in baskets.iter().enumerate().skip(1) {
            let mut context = vec![0.0; n];
            for gap in 1..=t.min(params.window_baskets as usize) {
                for event in baskets[t - gap] {
                    context[event.item as usize] += params.context_kept.powi(gap as i32 - 1);
                }
            }
            for i in 0..n {
                (0..n).for_each(|j| normal[i][j] += context[i] * context[j]);
                target
                    .iter()
                    .for_each(|event| right[i][event.item as usize] += context[i]);
            }
        }
    }
    (0..n).for_each(|i| normal[i][i] += params.l2);
    let inverse = inverse(normal);
    let AnyFitted::ItemToItem(fitted) = Method::NextItem(params).fit(&seen, 30.0, 1).unwrap()
    else {
        panic!()
    };
    for i in 0..n {
        for j in 0..n {
            let expected: f64 = (0..n).map(|h| inverse[i][h] * right[h][j]).sum();
            let found = f64::from(fitted.weight(i as u32, j as u32));
            assert!(
                (found - expected).abs() < 1e-5,
                "{i} {j}: {found} {expected}"
            );
        }
    }
}

#[test]
fn every_method_gives_the_same_bytes_on_one_thread_and_on_two() {
    let seen = shop(400, 90, 3);
    let on = |threads: usize, method: &Method| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| serde_json::to_string(&method.fit(&seen, 30.0, 9).unwrap()).unwrap())
    };
    for method in methods() {
        assert_eq!(on(1, &method), on(2, &method), "{}", method.name());
    }
}

#[test]
fn a_large_inverse_gives_the_same_bytes_on_one_thread_and_on_two() {
    // Large enough for the dense kernels to split their work.
    let seen = shop(1500, 700, 4);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| Method::Ease(ease(2.0)).fit(&seen, 30.0, 1).unwrap())
    };
    assert!(on(1) == on(2));
}

#[test]
fn explanations_add_up_to_the_score() {
    let seen = shop(200, 40, 5);
    let as_of_days = 30.0;
    for method in methods() {
        let fitted = method.fit(&seen, as_of_days, 1).unwrap();
        let mut scores = vec![0.0; seen.n_items()];
        for history in [seen.history(0), seen.history(1), &[]] {
            fitted.score_into(history, as_of_days, &mut scores).unwrap();
            let size = scores
                .iter()
                .fold(0f32, |most, score| most.max(score.abs()));
            for item in 0..seen.n_items() as u32 {
                let parts = fitted.explain(item, history, as_of_days).unwrap();
                let sum: f32 = parts.iter().map(|part| part.1).sum();
                let score = scores[item as usize];
                assert!(
                    (sum - score).abs() <= 1e-5 * size,
                    "{}: {sum} {score}",
                    method.name()
                );
                assert!(
                    parts.windows(2).all(|pair| pair[0].1 >= pair[1].1),
                    "largest first"
                );
            }
        }
    }
}

#[test]
fn seen_items_are_left_out_when_asked_and_alone_when_asked() {
    let seen = shop(100, 30, 6);
    for method in methods() {
        let fitted = method.fit(&seen, 30.0, 1).unwrap();
        for customer in 0..20 {
            let history = seen.history(customer);
            let held = |item: u32| history.iter().any(|event| event.item == item);
            let list = |rule| {
                fitted
                    .recommend(history, 30.0, 30, rule, |item| item != 4)
                    .unwrap()
                    .1
            };
            assert!(
                list(Seen::Excluded)
                    .iter()
                    .all(|line| !held(line.item) && line.item != 4)
            );
            assert!(
                list(Seen::Only)
                    .iter()
                    .all(|line| held(line.item) && line.item != 4)
            );
            assert_eq!(list(Seen::Allowed).len(), 29);
        }
    }
}

#[test]
fn an_empty_history_gets_what_sells_and_says_so() {
    let seen = shop(100, 30, 7);
    let mut popular = vec![0.0; 30];
    Method::Popularity(EVERYTHING)
        .fit(&seen, 30.0, 1)
        .unwrap()
        .score_into(&[], 30.0, &mut popular)
        .unwrap();
    for method in methods()
        .into_iter()
        .filter(|method| !matches!(method, Method::Popularity(_) | Method::Blend(_)))
    {
        let fitted = method.fit(&seen, 30.0, 1).unwrap();
        let mut scores = vec![0.0; 30];
        let answer = fitted.score_into(&[], 30.0, &mut scores).unwrap();
        assert_eq!(
            (answer, &scores),
            (Answer::PopularBecauseNothingKnown, &popular),
            "{}",
            method.name()
        );
        let (_, list) = fitted
            .recommend(&[], 30.0, 3, Seen::Excluded, |_| true)
            .unwrap();
        assert!(
            list.iter()
                .all(|line| matches!(line.reason, Reason::Popular { .. })),
            "{list:?}"
        );
    }
}

#[test]
fn methods_fitted_together_are_those_fitted_alone() {
    let seen = shop(100, 30, 8);
    let mut fitter = Fitter::new(&seen, 30.0, 1);
    for method in methods() {
        assert_eq!(
            fitter.fit(&method),
            method.fit(&seen, 30.0, 1),
            "{}",
            method.name()
        );
    }
}

#[test]
fn an_unknown_item_is_an_error() {
    let seen = shop(100, 30, 8);
    for method in methods() {
        let fitted = method.fit(&seen, 30.0, 1).unwrap();
        let mut scores = vec![0.0; 30];
        let unknown = ScoreError::UnknownItem {
            item: 30,
            n_items: 30,
        };
        assert_eq!(
            fitted.score_into(&[event(30, 1.0)], 2.0, &mut scores),
            Err(unknown)
        );
        assert_eq!(fitted.explain(30, &[], 2.0), Err(unknown));
        assert_eq!(fitted.reasons(&[30], &[], 2.0), Err(unknown));
        let short = fitted.score_into(&[], 2.0, &mut scores[..29]);
        assert_eq!(
            short,
            Err(ScoreError::WrongLength {
                found: 29,
                expected: 30
            })
        );
    }
    let outside = Interactions::new(3, [vec![], vec![event(0, 0.0), event(3, 1.0)]]);
    let expected = InteractionsError::UnknownItem {
        customer: 1,
        event: 1,
        item: 3,
        n_items: 3,
    };
    assert_eq!(outside.unwrap_err(), expected);
}

#[test]
fn parameters_without_meaning_and_empty_shops_are_refused() {
    let empty = Interactions::new(5, [vec![], vec![]]).unwrap();
    for method in methods() {
        assert_eq!(
            method.fit(&empty, 1.0, 1).unwrap_err(),
            FitError::NothingSeen { n_events: 0 },
            "{}",
            method.name()
        );
    }
    let seen = shop(10, 5, 1);
    let wrong = [
        Method::Ease(ease(0.0)),
        Method::Ease(EaseParams {
            history: Decay::PerBasket { kept: 1.5 },
            ..ease(1.0)
        }),
        Method::Ials(ials(4, 5)),
        Method::NextItem(NextItemParams {
            context_kept: 1.0,
            ..next_item()
        }),
        Method::Transitions(TransitionParams {
            window_baskets: 0,
            ..transitions()
        }),
        Method::Blend(vec![]),
    ];
    for method in wrong {
        assert!(
            matches!(method.fit(&seen, 1.0, 1), Err(FitError::Parameter { .. })),
            "{method:?}"
        );
    }
}

#[test]
fn the_loss_never_rises_with_either_loss_and_any_block() {
    let seen = shop(150, 60, 9);
    let rows = models::recommend::customer_rows(&seen).unwrap();
    for unobserved in [Unobserved::EveryCell, Unobserved::OnlyUntouched] {
        for block in [1, 3, 4, 8] {
            let params = IalsParams {
                cells: cells(unobserved),
                ..ials(8, block)
            };
            let losses = Ials::losses(&rows, &params, 1).unwrap();
            for pair in losses.windows(2) {
                // Factors are f32: the loss is known to about 1e-6 of itself.
                assert!(
                    pair[1] <= pair[0] * (1.0 + 1e-6),
                    "{unobserved:?} block {block}: {losses:?}"
                );
            }
            assert!(losses[0] > losses[losses.len() - 1] * 1.01, "{losses:?}");
        }
    }
}

#[test]
fn the_loss_equals_the_one_written_out() {
    let seen = shop(20, 10, 10);
    let rows = models::recommend::customer_rows(&seen).unwrap();
    let touched = dense_rows(&seen);
    for unobserved in [Unobserved::EveryCell, Unobserved::OnlyUntouched] {
        let params = IalsParams {
            cells: cells(unobserved),
            ..ials(4, 2)
        };
        let (customers, items) = Ials::factors(&rows, &params, 1).unwrap();
        let mut expected = 0.0;
        let square = |factor: &[f32]| factor.iter().map(|&x| f64::from(x * x)).sum::<f64>();
        for (u, row) in touched.iter().enumerate() {
            let n: f64 = row.iter().sum();
            expected += 0.01 * (n + 0.2 * 10.0).sqrt() * square(&customers[u * 4..][..4]);
            for (i, &cell) in row.iter().enumerate() {
                let predicted: f64 = (0..4)
                    .map(|d| f64::from(customers[u * 4 + d] * items[i * 4 + d]))
                    .sum();
                let pulled = unobserved == Unobserved::EveryCell || cell == 0.0;
                expected += cell * (1.0 - predicted).powi(2)
                    + if pulled {
                        0.2 * predicted * predicted
                    } else {
                        0.0
                    };
            }
        }
        for i in 0..10 {
            let n: f64 = touched.iter().map(|row| row[i]).sum();
            expected += 0.01 * (n + 0.2 * 20.0).sqrt() * square(&items[i * 4..][..4]);
        }
        let found = Ials::loss(&rows, &customers, &items, &params);
        assert!(
            (found - expected).abs() < 1e-5 * expected,
            "{unobserved:?}: {found} {expected}"
        );
    }
}

#[test]
fn a_customer_never_seen_is_folded_in_by_taste() {
    let board = checkerboard();
    for block in [2, 6] {
        let fitted = Method::Ials(ials(6, block)).fit(&board, 100.0, 1).unwrap();
        let (answer, list) = fitted
            .recommend(
                &[event(4, 0.0), event(10, 1.0)],
                2.0,
                20,
                Seen::Excluded,
                |_| true,
            )
            .unwrap();
        assert_eq!(answer, Answer::Personal);
        assert!(list.iter().all(|line| line.item % 2 == 0), "{list:?}");
        assert!(list[0].score > 0.2, "{list:?}");
    }
}

#[test]
fn the_lower_bound_of_lift_rises_with_the_count_and_stays_below_the_lift() {
    let bound = |times| lift_at_least(times, 2.1, 1.0, 0.95);
    for times in 0..200 {
        let times = f64::from(times);
        assert!(bound(times + 1.0) > bound(times), "{times}");
        assert!(bound(times) < (times + 1.0) / 3.1);
        assert!(lift_at_least(times, 2.1, 1.0, 0.99) <= bound(times));
    }
    // Gamma(15, rate 3.1): 5 % quantile 9.24630 / 3.1 (R: qgamma(.05, 15)).
    assert!((bound(14.0) - 9.2463 / 3.1).abs() < 0.01, "{}", bound(14.0));
}

/// 0 brings 1 within the basket; 2 and 3 replace each other; 4 and 5 of the same customers come together by chance.
fn pantry() -> Interactions {
    let mut random = stream(12, 0);
    let histories = (0..400).map(|customer| {
        let mut events = Vec::new();
        for day in 0..8 {
            let day = f64::from(day);
            if random.random_range(0.0..1.0) < 0.3 {
                events.push(event(0, day));
                if random.random_range(0.0..1.0) < 0.7 {
                    events.push(event(1, day));
                }
            }
            if customer % 10 == 0 {
                // Every basket of these customers has one of the two, seldom both.
                let both = random.random_range(0.0..1.0) < 0.08;
                let first = random.random_range(0.0..1.0) < 0.5;
                if first || both {
                    events.push(event(2, day));
                }
                if !first || both {
                    events.push(event(3, day));
                }
            }
            for item in 4..12 {
                if random.random_range(0.0..1.0) < 0.15 {
                    events.push(event(item, day));
                }
            }
        }
        events
    });
    Interactions::new(12, histories.collect::<Vec<_>>()).expect("planted here")
}

const COMPLEMENTS: ComplementParams = ComplementParams {
    window_days: 0.0,
    prior_pairs: 1.0,
    confidence: 0.95,
    substitute_penalty: 1.0,
    within_category: true,
    kept: 5,
};

#[test]
fn the_planted_complement_is_found_and_the_substitute_is_not() {
    let found = Complements::fit(&pantry(), None, &COMPLEMENTS).unwrap();
    let of_0 = found.of(0).unwrap();
    assert_eq!(of_0[0].item, 1);
    assert!(
        of_0[0].lift_at_least > 2.0 && f64::from(of_0[0].times) > 2.0 * f64::from(of_0[0].expected),
        "{of_0:?}"
    );
    let reason = of_0[0].reason(0);
    assert!(
        matches!(reason, Reason::BoughtWith { item: 0, times, expected } if times > expected),
        "{reason:?}"
    );
    assert!(
        found
            .of(2)
            .unwrap()
            .iter()
            .all(|complement| complement.item != 3),
        "{:?}",
        found.of(2)
    );
    // It is the turns that give it away: the same customers have both more often than chance even within a basket.
    let blind = ComplementParams {
        substitute_penalty: 0.0,
        ..COMPLEMENTS
    };
    let blind = Complements::fit(&pantry(), None, &blind).unwrap();
    assert!(
        blind
            .of(2)
            .unwrap()
            .iter()
            .any(|complement| complement.item == 3)
    );
    assert_eq!(
        found.of(12),
        Err(ScoreError::UnknownItem {
            item: 12,
            n_items: 12
        })
    );
}

#[test]
fn complements_of_one_category_are_left_out_when_asked() {
    let category_of = [7, 7, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5];
    let params = ComplementParams {
        within_category: false,
        ..COMPLEMENTS
    };
    let found = Complements::fit(&pantry(), Some(&category_of), &params).unwrap();
    assert!(
        found
            .of(0)
            .unwrap()
            .iter()
            .all(|complement| complement.item != 1)
    );
    let short = Complements::fit(&pantry(), Some(&category_of[..3]), &params);
    assert_eq!(
        short,
        Err(FitError::Categories {
            found: 3,
            expected: 12
        })
    );
}

#[test]
fn what_comes_days_after_complements_one_way_only() {
    // Half of the customers buy 0 and, two days later, 1; everybody buys something else.
    let histories = (0..300u32).map(|c| {
        let mut events = vec![event(2 + c % 8, 0.0), event(2 + (c / 8) % 8, 50.0)];
        if c % 2 == 0 {
            events.extend([event(0, 10.0), event(1, 12.0)]);
        }
        events
    });
    let seen = Interactions::new(10, histories).unwrap();
    let params = ComplementParams {
        window_days: 5.0,
        substitute_penalty: 0.0,
        ..COMPLEMENTS
    };
    let found = Complements::fit(&seen, None, &params).unwrap();
    assert_eq!(
        found
            .of(0)
            .unwrap()
            .first()
            .map(|complement| complement.item),
        Some(1)
    );
    assert!(
        found
            .of(1)
            .unwrap()
            .iter()
            .all(|complement| complement.item != 0)
    );
}

#[test]
fn no_category_takes_more_than_its_share() {
    let seen = shop(200, 40, 13);
    let fitted = Method::Ease(ease(5.0)).fit(&seen, 30.0, 1).unwrap();
    let mut scores = vec![0.0; 40];
    let (_, ranked) = fitted
        .ranked(
            seen.history(0),
            30.0,
            40,
            Seen::Allowed,
            |_| true,
            &mut scores,
        )
        .unwrap();
    let category_of: Vec<u32> = (0..40).map(|item| u32::from(item >= 5)).collect();
    let list = diversified(&ranked, &category_of, 3, 10);
    assert_eq!(list.len(), 6, "two categories of three");
    assert!(list.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert_eq!(list[0], ranked[0]);
}

#[test]
fn a_product_just_bought_waits_for_its_usual_interval() {
    // Item 0 is bought every day, item 1 every 20 days.
    let histories = (0..50).map(|_| {
        let daily = (0..41).map(|day| event(0, f64::from(day)));
        daily
            .chain((0..3).map(|n| event(1, f64::from(n * 20))))
            .collect::<Vec<_>>()
    });
    let seen = Interactions::new(3, histories).unwrap();
    let params = FrequencyParams {
        history: Decay::None,
        prior_purchases: 0.0,
        ..frequency()
    };
    let fitted = Method::Frequency(params).fit(&seen, 41.0, 1).unwrap();
    let history = [event(0, 0.0), event(1, 0.0)];
    let score = |as_of_days: f64| {
        let mut scores = vec![0.0; 3];
        fitted
            .score_into(&history, as_of_days, &mut scores)
            .unwrap();
        scores
    };
    assert!(score(1.0)[0] > 4.0 * score(1.0)[1], "{:?}", score(1.0));
    assert!(
        (score(200.0)[1] - 1.0).abs() < 0.01,
        "long due: {:?}",
        score(200.0)
    );
    let Reason::BoughtBefore {
        times: 1,
        last_days_ago,
        usual_interval_days: Some(usual),
    } = fitted.reasons(&[1], &history, 7.0).unwrap()[0]
    else {
        panic!("bought before")
    };
    assert!(
        last_days_ago == 7.0 && (10.0..=20.0).contains(&usual),
        "{usual}"
    );
}

#[test]
fn recent_demand_moves_what_sells_now_up() {
    // The same customers bought 1 and 2 equally with 0, 1 long ago and 2 lately.
    let histories = (0..100u32).map(|c| {
        let partner = if c % 2 == 0 {
            event(1, 0.0)
        } else {
            event(2, 100.0)
        };
        vec![event(0, partner.at_days), partner]
    });
    let seen = Interactions::new(4, histories).unwrap();
    let weight = |demand| {
        let AnyFitted::ItemToItem(fitted) = Method::Ease(EaseParams {
            demand,
            ..ease(5.0)
        })
        .fit(&seen, 101.0, 1)
        .unwrap() else {
            panic!()
        };
        (fitted.weight(0, 1), fitted.weight(0, 2))
    };
    let (old, new) = weight(None);
    assert!((old - new).abs() < 1e-6);
    let (old, new) = weight(Some(RecentDemand {
        half_life_days: 30.0,
        exponent: 1.0,
    }));
    assert!(new > 3.0 * old, "{old} {new}");
}

#[test]
fn what_is_fitted_round_trips_through_json() {
    let seen = shop(80, 20, 14);
    for method in methods() {
        let written = serde_json::to_string(&method).unwrap();
        assert_eq!(serde_json::from_str::<Method>(&written).unwrap(), method);
        let fitted = method.fit(&seen, 30.0, 1).unwrap();
        let read: AnyFitted =
            serde_json::from_str(&serde_json::to_string(&fitted).unwrap()).unwrap();
        let (mut left, mut right) = (vec![0.0; 20], vec![0.0; 20]);
        fitted.score_into(seen.history(3), 30.0, &mut left).unwrap();
        read.score_into(seen.history(3), 30.0, &mut right).unwrap();
        assert_eq!(left, right, "{}", method.name());
    }
}

#[test]
fn every_placement_has_its_baseline_first_and_candidates_that_fit() {
    let seen = shop(120, 100, 15);
    let placements = [
        (Placement::Similar, Seen::Excluded),
        (Placement::ForYou, Seen::Excluded),
        (Placement::ForYou, Seen::Allowed),
        (Placement::BuyAgain, Seen::Only),
        (Placement::Popular, Seen::Allowed),
    ];
    let frequency = |m: &Method| matches!(m, Method::Frequency(_));
    let walk = |m: &Method| match m {
        Method::ItemKnn(params) => matches!(params.similarity, Similarity::Rp3Beta { .. }),
        _ => false,
    };
    for (placement, listed) in placements {
        let methods = candidates(placement, listed);
        // The own past counts where it may be listed; the walk that the card cites is tried where taste is.
        let may_repeat = placement == Placement::BuyAgain
            || (placement, listed) == (Placement::ForYou, Seen::Allowed);
        assert_eq!(methods.iter().any(frequency), may_repeat, "{placement:?}");
        let by_taste = matches!(placement, Placement::Similar | Placement::ForYou);
        assert_eq!(methods.iter().any(walk), by_taste, "{placement:?}");
        assert!(
            matches!(methods[0], Method::Popularity(_)) && methods.len() >= 3,
            "{placement:?}"
        );
        for method in methods {
            let size = Size {
                n_customers: 120,
                n_items: 100,
                n_events: seen.n_events() as u64,
            };
            assert!(method.memory_needed(&size) > 0);
            method.fit(&seen, 30.0, 1).unwrap();
        }
    }
    assert!(candidates(Placement::Complementary, Seen::Allowed).is_empty());
}

#[test]
fn the_reason_names_the_item_that_counts_most() {
    let board = checkerboard();
    let fitted = Method::Ease(ease(1.0)).fit(&board, 100.0, 1).unwrap();
    let history = [event(4, 0.0), event(10, 1.0)];
    let parts = fitted.explain(8, &history, 2.0).unwrap();
    let Source::HistoryItem(most) = parts[0].0 else {
        panic!("{parts:?}")
    };
    let Reason::BoughtWith {
        item,
        times,
        expected,
    } = fitted.reasons(&[8], &history, 2.0).unwrap()[0]
    else {
        panic!()
    };
    // 25 customers hold even items, each item is missing for one of them: 23 hold both, of 50 customers.
    assert_eq!((item, times), (most, 23.0));
    assert!((expected - 24.0 * 24.0 / 50.0).abs() < 1e-4);
}
