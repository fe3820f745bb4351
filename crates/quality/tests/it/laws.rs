//! Every row read is accepted or set aside with one reason, whatever the rows are.

use crate::judge::{Around, Site, judge, sites};
use proptest::prelude::*;
use quality::{Gate, Report, merge};

fn site() -> impl Strategy<Value = Site> {
    (
        prop::option::weighted(0.9, (0..20_u8).prop_map(|n| format!("s{n}"))),
        prop::option::weighted(
            0.9,
            prop::sample::select(vec!["store", "warehouse", "kiosk"]),
        ),
        prop::option::weighted(0.9, -120.0..120.0_f64),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn rows_read_are_rows_accepted_plus_rows_quarantined(
        rows in prop::collection::vec(site(), 1..60),
        skipped in prop::collection::vec(0..60_usize, 0..8),
        unreadable in prop::collection::vec(0..60_usize, 0..8),
        unread in 0..4_usize,
        batch in 1..60_usize,
    ) {
        let around = Around { skipped, unreadable, unread };
        let (report, verdicts) = judge(&sites(1.0), &rows, &around, batch);
        prop_assert_eq!(report.rows_read as usize, rows.len() + unread);
        prop_assert_eq!(report.rows_read, report.rows_accepted + report.rows_quarantined);
        let accepted: usize = verdicts.iter().map(|v| v.accepted.true_count()).sum();
        let set_aside: usize = verdicts.iter().map(|v| v.set_aside.len()).sum();
        prop_assert_eq!(report.rows_accepted as usize, accepted);
        prop_assert_eq!(report.rows_quarantined as usize, set_aside + unread);
        for verdict in &verdicts {
            for aside in &verdict.set_aside {
                prop_assert!(!verdict.accepted.value(aside.row));
            }
        }
    }

    #[test]
    fn the_judgement_does_not_depend_on_the_size_of_batches(rows in prop::collection::vec(site(), 1..60), batch in 1..60_usize) {
        let (whole, _) = judge(&sites(1.0), &rows, &Around::default(), rows.len());
        let (parts, _) = judge(&sites(1.0), &rows, &Around::default(), batch);
        // Memory of the sets depends on how they grew.
        prop_assert_eq!(Report { keys_bytes: 0, ..whole }, Report { keys_bytes: 0, ..parts });
    }

    #[test]
    fn accepted_rows_meet_every_rule_and_no_two_share_a_key(rows in prop::collection::vec(site(), 1..60)) {
        let (_, verdicts) = judge(&sites(1.0), &rows, &Around::default(), rows.len());
        let kept: Vec<&Site> = rows.iter().zip(verdicts[0].accepted.iter()).filter(|(_, a)| *a == Some(true)).map(|(r, _)| r).collect();
        let mut keys: Vec<&String> = kept.iter().map(|r| r.0.as_ref().unwrap()).collect();
        keys.sort();
        prop_assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
        prop_assert!(kept.iter().all(|r| matches!(r.1, Some("store" | "warehouse"))));
        prop_assert!(kept.iter().all(|r| r.2.is_none_or(|l| (-90.0..=90.0).contains(&l))));
    }
}

fn row(id: &str, kind: &'static str, latitude: f64) -> Site {
    (Some(id.to_owned()), Some(kind), Some(latitude))
}

#[test]
fn a_row_that_is_refused_does_not_occupy_its_key() {
    let rows = [
        row("a", "kiosk", 1.0),
        row("a", "store", 1.0),
        row("a", "store", 2.0),
    ];
    let (report, verdicts) = judge(&sites(1.0), &rows, &Around::default(), 3);
    let rules: Vec<(usize, &str)> = verdicts[0]
        .set_aside
        .iter()
        .map(|s| (s.row, &*s.rule))
        .collect();
    assert_eq!(rules, [(0, "allowed values"), (2, "unique key")]);
    assert_eq!(report.rows_accepted, 1);
}

#[test]
fn skipped_rows_do_not_close_the_gate_and_refused_ones_do() {
    let rows: Vec<Site> = (0..10)
        .map(|n| row(&format!("s{n}"), "store", 1.0))
        .collect();
    let skipped = Around {
        skipped: (0..5).collect(),
        ..Around::default()
    };
    assert_eq!(judge(&sites(0.0), &rows, &skipped, 10).0.gate, Gate::Open);
    let unreadable = Around {
        skipped: (0..5).collect(),
        unreadable: vec![9],
        unread: 0,
    };
    assert_eq!(
        judge(&sites(0.2), &rows, &unreadable, 10).0.gate,
        Gate::Open
    );
    let Gate::Closed { reasons } = judge(&sites(0.19), &rows, &unreadable, 10).0.gate else {
        panic!("open")
    };
    assert_eq!(
        reasons,
        ["20.00 % of the rows of sites.csv broke a rule, allowed is 19.00 %"]
    );
}

#[test]
fn the_report_shows_each_rule_with_examples_and_reads_back_from_json() {
    let rows: Vec<Site> = (0..8)
        .map(|n| row(&format!("s{n}"), "store", if n < 7 { 91.0 } else { 1.0 }))
        .collect();
    let around = Around {
        skipped: vec![0],
        unreadable: vec![1],
        unread: 1,
    };
    let (report, _) = judge(&sites(0.5), &rows, &around, 3);
    let text = report.to_string();
    for line in [
        "source `sites`, table `sites`, sites.csv",
        "  read 9, accepted 1, set aside 8: skipped 1, broke a rule 7 (87.50 % of the rows not skipped)",
        "  range    latitude     5  55.56 %  row 3 \"91.0\", row 4 \"91.0\", row 5 \"91.0\", row 6 \"91.0\", row 7 \"91.0\"; allowed: -90 to 90",
        "  gate: closed: 87.50 % of the rows of sites.csv broke a rule, allowed is 50.00 %",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let range = report
        .rules
        .iter()
        .find(|r| r.rule == "range" && r.rows > 0);
    assert_eq!(range.unwrap().share, Some(5.0 / 9.0));
    assert_eq!(report.skipped[0].share, Some(1.0 / 9.0));
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
}

#[test]
fn reports_of_several_files_add_up() {
    let rows = [row("a", "kiosk", 1.0), row("b", "store", 1.0)];
    let (report, _) = judge(&sites(0.0), &rows, &Around::default(), 2);
    let both = merge(&[report.clone(), report]).unwrap();
    assert_eq!(
        (
            both.rows_read,
            both.rows_accepted,
            both.rows_quarantined,
            both.files.len()
        ),
        (4, 2, 2, 2)
    );
    let broken = both.rules.iter().find(|r| r.rows > 0).unwrap();
    assert_eq!((broken.rows, broken.share), (2, Some(0.5)));
    let Gate::Closed { reasons } = &both.gate else {
        panic!("open")
    };
    assert_eq!(reasons.len(), 2);
    assert!(merge(&[]).is_none());
}
