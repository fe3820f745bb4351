//! How products answered, and what came of their decisions.

use crate::backend::{Backend, at};
use registry::{ErrorSums, OutcomeDay, PositionDay, ServiceRecord};
use schema::AsOf;

fn service(product: &str, process: &str, began: &str, answered: u64) -> ServiceRecord {
    ServiceRecord {
        product: product.to_owned(),
        process: process.to_owned(),
        version: 3,
        began_at: at(began),
        ended_at: at("2026-03-02T00:00:00Z"),
        answered,
        unanswered: 2,
        fallbacks: 1,
        times: vec![0, 7, 0xff],
    }
}

pub(crate) async fn how_products_answered_is_noted_once_and_folded(backend: &Backend) {
    let registry = backend.open().await;
    let (early, late) = ("2026-03-01T10:00:00Z", "2026-03-01T10:05:00Z");
    let all = [
        service("a", "one", early, 5),
        service("a", "two", early, 6),
        service("a", "one", late, 7),
        service("b", "one", late, 8),
    ];
    registry.add_service(&all).await.unwrap();
    // The answer was lost on the way, and meanwhile there is more to tell of the last minutes.
    let mut grown = service("a", "one", late, 9);
    grown.times = vec![1];
    registry.add_service(&[grown.clone()]).await.unwrap();
    let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z"));
    let found = registry.service(from, to).await.unwrap();
    assert_eq!(
        found,
        [
            all[0].clone(),
            all[1].clone(),
            grown.clone(),
            all[3].clone()
        ]
    );
    assert_eq!(
        registry.service(from, at(late)).await.unwrap().len(),
        2,
        "the end is not in it"
    );

    let one = service("a", "all", early, 11);
    registry
        .fold_service(from, at(late), |records| {
            assert_eq!(records, all[..2]);
            vec![one.clone()]
        })
        .await
        .unwrap();
    let folded = [one, grown, all[3].clone()];
    assert_eq!(registry.service(from, to).await.unwrap(), folded);
    // More answers by the baseline than answers there were: nothing of it is kept.
    let mut wrong = service("a", "one", late, 0);
    wrong.fallbacks = 4;
    let good = service("c", "one", late, 1);
    assert!(registry.add_service(&[good, wrong]).await.is_err());
    assert_eq!(registry.service(from, to).await.unwrap(), folded);
}

pub(crate) async fn what_came_of_a_day_is_noted_once(backend: &Backend) {
    let registry = backend.open().await;
    let day = |day| AsOf(jiff::civil::date(2026, 3, day));
    let of = |on, held_out, good| OutcomeDay {
        day: day(on),
        version: 2,
        held_out,
        decisions: 40,
        judged: 20,
        good,
        errors: None,
    };
    assert_eq!(registry.outcomes("a").await.unwrap(), (vec![], None));
    let forecasts = OutcomeDay {
        errors: Some(ErrorSums {
            missed: 12.25,
            missed_squares: 1.0 / 3.0,
            missed_naive: 1e12,
            excess: -0.1,
            sold: 0.0,
        }),
        ..of(2, false, 6)
    };
    let first = [of(1, false, 5), of(1, true, 4), forecasts];
    let at = |on, position, shown, good| PositionDay {
        day: day(on),
        version: 2,
        held_out: false,
        position,
        shown,
        good,
    };
    let lists = [at(1, 1, 20, 4), at(1, 2, 12, 1), at(2, 1, 20, 6)];
    let noted = registry.add_outcomes("a", &first, &lists, day(3));
    noted.await.unwrap();
    assert_eq!(
        registry.outcomes("a").await.unwrap(),
        (first.to_vec(), Some(day(3)))
    );
    // Two reviews at once: the second one finds what the first one noted, and takes nothing back.
    registry
        .add_outcomes(
            "a",
            &[of(2, false, 19), of(4, false, 7)],
            &[at(2, 1, 20, 19)],
            day(2),
        )
        .await
        .unwrap();
    let all = [&first[..], &[of(4, false, 7)]].concat();
    assert_eq!(registry.outcomes("a").await.unwrap(), (all, Some(day(3))));
    assert_eq!(registry.outcomes("b").await.unwrap(), (vec![], None));
    assert_eq!(registry.outcome_positions("a").await.unwrap(), lists);
    assert_eq!(registry.outcome_positions("b").await.unwrap(), []);
}
