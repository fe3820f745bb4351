//! What customers got lately, as the decisions in the lake tell it.

use factory::{Given, Project, Workshop};
use jiff::{SignedDuration, Timestamp};
use lake::LakeOptions;
use lake::log::{ActionRecord, Answer, DecisionRecord};
use products::Asked;
use schema::{CustomerId, DecisionId, Json, Probability};
use std::path::Path;

async fn workshop(folder: &Path) -> Workshop {
    std::fs::create_dir_all(folder.join("products")).unwrap();
    std::fs::write(folder.join("comptoir.toml"), "name = \"Deals\"\n").unwrap();
    let file =
        "kind = \"promotion\"\nowner = \"tests\"\n\n[settings.caps]\nper_customer = 2\ndays = 7\n";
    for (name, text) in [
        ("deals", file),
        ("free", "kind = \"promotion\"\nowner = \"tests\"\n"),
    ] {
        std::fs::write(folder.join(format!("products/{name}.toml")), text).unwrap();
    }
    let project = Project::open(folder).unwrap();
    let options = LakeOptions::default();
    Workshop::open(project, &options).await.unwrap()
}

fn now() -> Timestamp {
    "2026-11-28T12:00:00Z".parse().unwrap()
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

/// What a product decided for a customer, so many days ago.
fn decided(product: &str, customer: &str, arm: &str, days: i64) -> DecisionRecord {
    DecisionRecord {
        decision_id: DecisionId::new(format!("{product} {customer} {arm} {days}")).unwrap(),
        decided_at: days_ago(days),
        product: product.to_owned(),
        version: 1,
        customer_id: Some(CustomerId::new(customer).unwrap()),
        subject_product_id: None,
        placement: None,
        answer: Answer::Actions(vec![ActionRecord {
            action: Some(arm.to_owned()),
            score: None,
            propensity: Probability::ONE,
            reasons: Json::default(),
        }]),
        holdout: false,
        fallback: false,
        fingerprint: None,
        reserved: None,
    }
}

/// Logs decisions as another process does: in a file of their own.
async fn logged(workshop: &Workshop, tag: &str, decisions: &[DecisionRecord]) {
    let rows = DecisionRecord::to_batch(decisions);
    let mut transaction = workshop.lake.begin().await.unwrap();
    let mut writer = transaction
        .writer("decisions", rows.schema(), tag)
        .await
        .unwrap();
    writer.write(&rows).await.unwrap();
    writer.finish(&mut transaction).await.unwrap();
    transaction.commit(now()).await.unwrap();
}

/// For how many days ago each offer of a customer counts.
fn counts(given: &Given, customer: &str) -> Vec<i64> {
    let asked = Asked {
        customer_id: Some(CustomerId::new(customer).unwrap()),
        ..Asked::default()
    };
    let all = given.to("deals", &asked, now());
    let days = |at: Timestamp| now().duration_since(at).as_hours() / 24;
    all.iter().map(|gave| days(gave.at)).collect()
}

#[tokio::test]
async fn what_others_gave_counts_once_it_is_in_the_lake_and_once_only() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = workshop(folder.path()).await;
    let products = workshop.project.products.iter();
    let capping = products.filter_map(|product| factory::counted(product.as_ref()));
    let given = Given::of(&workshop.lake, capping).unwrap();
    assert!(given.lately("free").is_none(), "it caps nothing");
    given.look(None, now()).await.unwrap();
    assert!(counts(&given, "C1").is_empty());

    let first = [
        decided("deals", "C1", "deal", 7),
        decided("deals", "C1", "deal", 8),
        decided("deals", "C1", "none", 1),
        decided("deals", "C2", "deal", 3),
        decided("free", "C1", "deal", 2),
    ];
    logged(&workshop, "one", &first).await;
    given.look(None, now()).await.unwrap();
    assert_eq!(
        counts(&given, "C1"),
        [7],
        "the control and other products do not count"
    );
    logged(&workshop, "two", &[decided("deals", "C1", "deal", 0)]).await;
    given.look(None, now()).await.unwrap();
    given.look(None, now()).await.unwrap();
    assert_eq!(counts(&given, "C1"), [7, 0]);
    assert_eq!(counts(&given, "C2"), [3]);

    // Who explains beside a server reads of the one customer only.
    let product = workshop.project.product("deals").unwrap();
    let asked = Asked {
        customer_id: Some(CustomerId::new("C1").unwrap()),
        ..Asked::default()
    };
    let standing = workshop
        .standing(product.as_ref(), (1, None), &asked, now())
        .await
        .unwrap();
    assert_eq!((standing.given.len(), standing.pace), (2, None));
    given.look(None, days_ago(-7)).await.unwrap();
    assert_eq!(counts(&given, "C2"), Vec::<i64>::new(), "it is over");
}
