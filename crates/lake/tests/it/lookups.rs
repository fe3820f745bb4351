//! A decision is found wherever it is.

use crate::shop::{append_decision, decision, lake_in, now, patient, wal_in};
use lake::log::{Answer, Drain, find_decision};
use schema::DecisionId;
use std::sync::Arc;

#[tokio::test]
async fn a_decision_is_found_unsealed_sealed_and_in_the_lake_with_the_same_content() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    let asked = [decision("it's \"quoted\"", 3), decision("d-2", 0)];
    for record in &asked {
        append_decision(&wal, record.clone()).await;
    }
    for stage in ["open", "sealed", "drained"] {
        match stage {
            "sealed" => wal.seal().await.unwrap(),
            "drained" => {
                let moved = Drain::new(lake.clone(), Arc::clone(&wal), patient())
                    .run(now())
                    .await
                    .unwrap();
                assert_eq!(moved.decisions, 2);
            }
            _ => {}
        }
        for record in &asked {
            let found = find_decision(&lake, wal.root(), &record.decision_id)
                .await
                .unwrap();
            assert_eq!(found.as_ref(), Some(record), "{stage}");
        }
        let unknown = DecisionId::new("d-3").unwrap();
        assert_eq!(
            find_decision(&lake, wal.root(), &unknown).await.unwrap(),
            None,
            "{stage}"
        );
    }
}

#[tokio::test]
async fn an_empty_list_of_actions_is_kept_as_no_action_that_was_not_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let lake = lake_in(&folder.path().join("lake")).await;
    let wal = wal_in(&folder.path().join("wal"));
    let mut record = decision("d-1", 1);
    record.answer = Answer::Actions(Vec::new());
    append_decision(&wal, record.clone()).await;
    Drain::new(lake.clone(), Arc::clone(&wal), patient())
        .run(now())
        .await
        .unwrap();
    let found = find_decision(&lake, wal.root(), &record.decision_id)
        .await
        .unwrap()
        .unwrap();
    let nothing = Answer::Nothing {
        propensity: schema::Probability::ONE,
        reasons: schema::Json::default(),
    };
    assert_eq!(found.answer, nothing);
}
