//! Shops whose decisions are planted, and what a review says of them.

use factory::import::{ImportOptions, import};
use factory::review::{Kinds, Live, Measured, Review, Reviewed, Split};
use factory::{Project, Workshop};
use jiff::Timestamp;
use lake::LakeOptions;
use lake::log::{ActionRecord, Answer, DecisionRecord};
use registry::OutcomeDay;
use schema::progress::Silent;
use schema::{AsOf, CustomerId, DecisionId, Json, Probability, ProductId};
use std::path::Path;

/// A Monday, and the days after it.
pub(crate) fn day(number: i32) -> AsOf {
    AsOf(jiff::civil::date(2024, 1, 1)).minus_days(-number)
}

pub(crate) fn number(day_of: AsOf) -> i32 {
    day_of.epoch_day() - day(0).epoch_day()
}

pub(crate) fn morning(number: i32) -> Timestamp {
    format!("{}T05:00:00Z", day(number)).parse().unwrap()
}

/// Writes files below a folder.
pub(crate) fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// A project whose sources have been imported.
pub(crate) async fn imported(folder: &Path, now: Timestamp) -> Workshop {
    let project = Project::open(folder).unwrap();
    let workshop = Workshop::open(project, &LakeOptions::default())
        .await
        .unwrap();
    let sources = sources::read_sources(&folder.join("sources")).unwrap();
    let options = ImportOptions {
        accept_failed_gate: true,
        ..ImportOptions::at(now)
    };
    import(&workshop.lake, folder, &sources, &options, &Silent)
        .await
        .unwrap();
    workshop
}

/// Whom or what an answer is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub(crate) customer: Option<&'a str>,
    pub(crate) item: Option<&'a str>,
    pub(crate) place: Option<&'a str>,
}

/// One answer of a version with its figures.
pub(crate) fn answer(
    (product, version): (&str, u32),
    about: About<'_>,
    made: Timestamp,
    figures: &[(&str, f64)],
) -> DecisionRecord {
    let action = |(action, score): &(&str, f64)| ActionRecord {
        action: Some((*action).to_owned()),
        score: Some(*score),
        propensity: Probability::ONE,
        reasons: Json::default(),
    };
    let id = format!("{product} {version} {about:?} {made}").replace(['"', '\n'], "");
    DecisionRecord {
        decision_id: DecisionId::new(id).unwrap(),
        decided_at: made,
        product: product.to_owned(),
        version,
        customer_id: about.customer.map(|of| CustomerId::new(of).unwrap()),
        subject_product_id: about.item.map(|of| ProductId::new(of).unwrap()),
        placement: about.place.map(str::to_owned),
        answer: Answer::Actions(figures.iter().map(action).collect()),
        holdout: false,
        fallback: false,
        fingerprint: None,
        reserved: None,
    }
}

/// Puts decisions into the lake.
pub(crate) async fn log(workshop: &Workshop, decisions: &[DecisionRecord], now: Timestamp) {
    let rows = DecisionRecord::to_batch(decisions);
    let mut transaction = workshop.lake.begin().await.unwrap();
    let mut writer = transaction
        .writer("decisions", rows.schema(), "test")
        .await
        .unwrap();
    writer.write(&rows).await.unwrap();
    writer.finish(&mut transaction).await.unwrap();
    transaction.commit(now).await.unwrap();
}

/// What a review says of a product.
pub(crate) fn of<'a>(review: &'a Review, name: &str) -> (&'a Reviewed, Option<&'a Measured>) {
    let mut products = review.products.iter();
    let found = products.find(|of| of.header.name == name).unwrap();
    let live = match &found.live {
        Live::Measured(live) => Some(live.as_ref()),
        Live::Unknown { .. } | Live::NotJudged { .. } => None,
    };
    (found, live)
}

/// The parts of the fall of a product, which add up to the change of the quality of its days, each counted by what is
/// judged of it.
#[track_caller]
pub(crate) fn parts<'a>(reviewed: &'a Reviewed, of: Kinds, noted: &[OutcomeDay]) -> &'a Split {
    let Live::Measured(live) = &reviewed.live else {
        panic!("{:?}", reviewed.live);
    };
    let split = reviewed.why.as_ref().unwrap().split.as_ref().unwrap();
    assert_eq!((split.of, split.before), (of, live.launch_days));
    let quality = |(first, last): (AsOf, AsOf)| {
        let days = noted
            .iter()
            .filter(|of| !of.held_out && of.day >= first && of.day <= last);
        let (mut all, mut saved) = (0.0, 0.0);
        for day in days {
            let judged = day.judged as f64;
            let (counts, of_day) = match &day.errors {
                Some(errors) if errors.missed_naive > 0.0 => {
                    (judged, 1.0 - (errors.missed / errors.missed_naive).min(2.0))
                }
                Some(_) => (0.0, 0.0),
                None => (judged, day.good as f64 / judged.max(1.0)),
            };
            all += counts;
            saved += counts * of_day;
        }
        saved / all
    };
    let parts = &split.parts;
    let sum = parts.mix.change + parts.relation.change;
    let told = [parts.reference_mean, parts.now_mean, sum];
    let [before, after] = [split.before, split.after].map(quality);
    same("parts", &told, &[before, after, after - before]);
    let launch = live.at_launch.point().unwrap();
    assert!((launch - before).abs() < 0.01, "{launch}, {before}");
    split
}

/// That figures are the same but for rounding.
#[track_caller]
pub(crate) fn same(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let off = (found - expected).abs();
        assert!(
            off <= 1e-9 * expected.abs().max(1.0),
            "{what}: {found}, {expected}"
        );
    }
}

/// The five sums of errors, in the order of their columns.
pub(crate) fn sums(of: &registry::ErrorSums) -> [f64; 5] {
    [
        of.missed,
        of.missed_squares,
        of.missed_naive,
        of.excess,
        of.sold,
    ]
}
