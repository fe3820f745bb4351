//! A rule that is not applied to a share of the customers, from its file to what an experiment reads of it.

use crate::house::{customers, decide};
use crate::served::{in_no_hurry, serving, trained, within};
use schema::progress::Silent;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn who_is_held_out_of_a_rule_is_in_the_log_for_an_experiment_to_read() {
    let folder = trained();
    in_no_hurry(folder.path());
    let rule = "[[rule]]\nname = \"dear first\"\nowner = \"house\"\nreason = \"a trial\"\nwhen = \"item.price_cents > 1500\"\n\
        then = \"boost\"\nfactor = 50.0\nproducts = [\"for-you\"]\nmeasure_share = 0.4\n\n\
        [[rule.example]]\nitem = { price_cents = 2000 }\napplies = true\n";
    std::fs::create_dir_all(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("rules/measured.toml"), rule).unwrap();
    let read_out = "kind = \"experiment\"\nowner = \"shop\"\n\n[settings]\nproduct = \"for-you\"\nrule = \"dear first\"\n\
        outcomes = [\"orders\"]\n";
    std::fs::write(folder.path().join("products/read-out.toml"), read_out).unwrap();
    let served = serving(folder);
    let known = customers(&served);
    let all: BTreeSet<String> = known
        .into_iter()
        .chain((0..150).map(|number| format!("new-{number}")))
        .collect();
    let (mut held_out, mut in_holdout) = (BTreeMap::new(), 0);
    for customer in &all {
        let answer = decide(&served, "for-you", &json!({ "customer_id": customer }));
        if answer["holdout"] == true {
            in_holdout += 1;
            continue;
        }
        let actions = answer["actions"].as_array().unwrap();
        let reasons = actions[0]["reasons"].as_array().unwrap();
        let code = |code: &str| reasons.iter().any(|reason| reason["code"] == code);
        assert!(code("rule_held_out") != code("rule_measured"), "{answer:#}");
        let is_held_out = code("rule_held_out");
        held_out.insert(customer.clone(), is_held_out);
        for action in actions {
            let propensity = action["propensity"].as_f64().unwrap();
            let own = if is_held_out { 0.4 } else { 0.6 };
            assert!([own, 1.0].contains(&propensity), "{action:#}");
            let touched = action["reasons"].as_array().unwrap().iter();
            assert!(!is_held_out || touched.into_iter().all(|of| of["code"] != "rule_boosted"));
        }
    }
    let left_out = held_out.values().filter(|is| **is).count();
    // Two fifths of some 160 with a standard deviation of 6.
    assert!(
        (40..90).contains(&left_out),
        "{left_out} of {}",
        held_out.len()
    );
    let folder = served.stop();
    within(folder.path(), async |workshop| {
        let tomorrow = schema::AsOf(jiff::Zoned::now().date()).minus_days(-2);
        let (history, _) = workshop.history(Some(tomorrow), &Silent).await.unwrap();
        let rounds = history.trials().ruled("for-you", "dear first");
        let read: BTreeMap<String, bool> = rounds
            .iter()
            .map(|of| (of.customer.clone(), of.held_out))
            .collect();
        assert_eq!(read, held_out, "{in_holdout} are in the holdout");
        assert!(rounds.iter().all(|of| of.share == 0.4));
    });
}
