//! What searches of settings have measured.

use crate::backend::{Backend, at};
use registry::SearchedFit;
use serde_json::json;

const NOW: &str = "2026-03-01T02:30:00Z";

fn fit(point: f64) -> SearchedFit {
    SearchedFit {
        duration_ms: 1_250,
        outcome: json!({ "measured": { "name": "loss", "value": point } }),
    }
}

pub(crate) async fn a_fit_is_kept_once_and_comes_back_as_it_was(backend: &Backend) {
    let registry = backend.open().await;
    // A figure that a careless round trip through text would change in its last bit.
    let first = fit(0.122_341_095_423_874_39);
    for (product, key, fit) in [
        ("demand", "a", &first),
        ("demand", "a", &fit(0.5)),
        ("demand", "b", &fit(0.7)),
        ("other", "c", &fit(0.9)),
    ] {
        let kept = registry.keep_searched_fit(product, key, fit, at(NOW));
        kept.await.unwrap();
    }
    let again = backend.open().await;
    let kept = again.searched_fits("demand").await.unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(kept["a"], first, "what is kept stays");
    assert!(again.searched_fits("nobody").await.unwrap().is_empty());
}

pub(crate) async fn the_last_search_is_kept_and_fits_of_long_ago_are_forgotten(backend: &Backend) {
    let registry = backend.open().await;
    assert_eq!(registry.last_search("demand").await.unwrap(), None);
    for (key, time) in [
        ("old", "2025-03-01T02:30:00Z"),
        ("new", "2026-02-01T02:30:00Z"),
    ] {
        let fit = fit(0.5);
        let kept = registry.keep_searched_fit("demand", key, &fit, at(time));
        kept.await.unwrap();
    }
    for gain in [1, 2] {
        let found = json!({ "gain": gain });
        registry
            .keep_search("demand", &found, at(NOW))
            .await
            .unwrap();
    }
    let last = registry.last_search("demand").await.unwrap().unwrap();
    assert_eq!((last.found, last.ended_at), (json!({ "gain": 2 }), at(NOW)));
    let kept = registry.searched_fits("demand").await.unwrap();
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["new"]);
}
