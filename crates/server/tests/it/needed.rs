//! Which products a schedule trains: by the age of what they know, by how much came in since, and by what became worse.

use crate::served::{edit, trained, within};
use factory::{Needed, RunOptions, Workshop};
use schema::AsOf;
use schema::progress::{Progress, Silent};
use std::sync::Arc;

const NAME: &str = "value";
const NOW: &str = "2025-07-01T08:00:00Z";

/// Whether the product needs a training once it was trained on all but the last `days`, and why or why not.
fn after(days: i32, asks: &str) -> Needed {
    let folder = trained();
    let retraining = format!("[retraining]\n{asks}\n\n[settings]");
    let file = format!("products/{NAME}.toml");
    edit(folder.path(), &file, "[settings]", &retraining);
    within(folder.path(), async |workshop| needed(workshop, days).await)
}

async fn needed(workshop: &Workshop, days: i32) -> Needed {
    let product = workshop.project.product(NAME).unwrap();
    let runs = workshop.registry.runs(NAME, 1).await.unwrap();
    let until: AsOf = runs[0].as_of;
    let as_of = until.minus_days(days);
    let (history, inputs) = workshop.history(Some(as_of), &Silent).await.unwrap();
    let options = RunOptions {
        as_of: Some(as_of),
        seed: 1,
        now: NOW.parse().unwrap(),
        attempt: None,
    };
    let silent: Arc<dyn Progress> = Arc::new(Silent);
    let run = workshop.run(product, &history, &inputs, &options, &silent);
    assert_eq!(run.await.unwrap().as_of, as_of);
    let products = [Arc::clone(product)];
    let found = workshop.trainings_needed(&products, NOW.parse().unwrap(), &Silent);
    found.await.unwrap().remove(0)
}

#[test]
fn a_version_is_trained_once_it_knows_too_little_of_what_came_in() {
    let no = after(6, "age_days = 7");
    assert!(
        matches!(&no, Needed::No { because } if because.contains("asks for a training every 7 days")),
        "{no:?}"
    );
    let old = after(7, "age_days = 7");
    assert!(
        matches!(&old, Needed::Yes { because } if because.ends_with(", 7 days ago")),
        "{old:?}"
    );
    let few = after(6, "age_days = 7\nnew_sales_share = 0.5");
    assert!(matches!(few, Needed::No { .. }), "{few:?}");
    let many = after(6, "age_days = 7\nnew_sales_share = 0.001");
    assert!(
        matches!(&many, Needed::Yes { because } if because.contains(" sales came in since version 2 learned from ")),
        "{many:?}"
    );
}
