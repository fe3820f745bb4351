#![allow(warnings)]
//! Effects of two e-mails on real customers; needs the folder named by `COMPTOIR_DATA`.

use std::cell::RefCell;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use math::random::stream;
use measure::uplift::{Top, TopOf, Trial};
use models::uplift::{
    Boosting, Experiment, Features, Fitted, Learner, Observed, Settings, choose, fit,
};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::seq::SliceRandom;

const FOLDS: usize = 5;

/// Of the folds.
const SEED: u64 = 0;

/// One e-mail against none.
struct Mail {
    features: Features,
    treated: Vec<bool>,
    visit: Vec<f64>,
}

fn batches() -> Option<Vec<RecordBatch>> {
    let Some(folder) = std::env::var_os("COMPTOIR_DATA") else {
        println!("skipped: COMPTOIR_DATA is not set");
        return None;
    };
    let path = std::path::Path::new(&folder).join("hillstrom/hillstrom.parquet");
    let file = std::fs::File::open(path).expect("the trial");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    Some(reader.collect::<Result<_, _>>().unwrap())
}

fn numbers(batches: &[RecordBatch], name: &str) -> Vec<f64> {
    let of = |batch: &RecordBatch| {
        let column = cast(batch.column_by_name(name).unwrap(), &DataType::Float64).unwrap();
        column.as_primitive::<Float64Type>().values().to_vec()
    };
    batches.iter().flat_map(of).collect()
}

fn texts(batches: &[RecordBatch], name: &str) -> Vec<String> {
    let of = |batch: &RecordBatch| -> Vec<String> {
        let column = cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
        column
            .as_string::<i32>()
            .iter()
            .map(|text| text.unwrap().to_owned())
            .collect()
    };
    batches.iter().flat_map(of).collect()
}

fn mail(batches: &[RecordBatch], arm: &str) -> Mail {
    let segment = texts(batches, "segment");
    let rows: Vec<usize> = (0..segment.len())
        .filter(|row| [arm, "No E-Mail"].contains(&segment[*row].as_str()))
        .collect();
    let mut columns: Vec<(String, Vec<f64>)> = ["recency", "history", "mens", "womens", "newbie"]
        .map(|name| (name.to_owned(), numbers(batches, name)))
        .to_vec();
    for (name, levels) in [
        ("zip_code", ["Surburban", "Rural", "Urban"]),
        ("channel", ["Phone", "Web", "Multichannel"]),
    ] {
        let found = texts(batches, name);
        for level in levels {
            let is = found.iter().map(|text| f64::from(u8::from(text == level)));
            columns.push((format!("{name} {level}"), is.collect()));
        }
    }
    let mut values = Vec::new();
    for row in &rows {
        values.extend(columns.iter().map(|(_, column)| column[*row] as f32));
    }
    let visit = numbers(batches, "visit");
    Mail {
        features: Features::new(columns.into_iter().map(|(name, _)| name).collect(), values)
            .unwrap(),
        treated: rows.iter().map(|row| segment[*row] == arm).collect(),
        visit: rows.iter().map(|row| visit[*row]).collect(),
    }
}

impl Mail {
    fn experiment(&self, rows: &[usize]) -> Experiment {
        Experiment::new(Observed {
            features: self.features.select(rows).unwrap(),
            arms: vec!["none".to_owned(), "e-mail".to_owned()],
            arm: rows
                .iter()
                .map(|row| usize::from(self.treated[*row]))
                .collect(),
            outcome: rows.iter().map(|row| self.visit[*row]).collect(),
            // One of three letters was drawn for each customer; those with the third are left out.
            propensity: vec![1.0 / 3.0; 2 * rows.len()],
        })
        .unwrap()
    }

    /// Effects of each customer by what was learnt from the other folds, and the fold.
    fn out_of_fold(
        &self,
        seed: u64,
        learn: impl Fn(&Experiment) -> Fitted,
    ) -> (Vec<f64>, Vec<usize>) {
        let mut order: Vec<usize> = (0..self.visit.len()).collect();
        order.shuffle(&mut stream(seed, 0));
        // Each fold has its share of visits in each arm: else a fold that happens to gain more is predicted to gain less.
        order.sort_by_key(|row| (self.treated[*row], self.visit[*row] > 0.0));
        let (mut scores, mut folds) = (vec![0.0; order.len()], vec![0; order.len()]);
        for (at, row) in order.iter().enumerate() {
            folds[*row] = at % FOLDS;
        }
        for fold in 0..FOLDS {
            let part = |inside: bool| -> Vec<usize> {
                (0..folds.len())
                    .filter(|row| (folds[*row] == fold) == inside)
                    .collect()
            };
            let (learnt, held_out) = (part(false), part(true));
            let fitted = learn(&self.experiment(&learnt));
            let effects = fitted
                .predict(&self.features.select(&held_out).unwrap(), 0.9)
                .unwrap();
            for (row, effect) in held_out.iter().zip(effects.of_arm(0)) {
                scores[*row] = effect;
            }
        }
        (scores, folds)
    }

    /// scikit-uplift's Qini coefficient, and uplift at 30 % of everybody.
    fn quality(&self, scores: &[f64]) -> (f64, f64) {
        let trial = Trial::new(&self.visit, &self.treated, scores).unwrap();
        let qini = trial.qini_coefficient(true).unwrap();
        (
            qini,
            trial.uplift_at(Top::Share(0.3), TopOf::Everybody).unwrap(),
        )
    }
}

/// Scores as shares of their fold that have smaller ones: models of different folds differ in their mean by chance,
/// which is no ranking.
fn within_folds(scores: &[f64], folds: &[usize]) -> Vec<f64> {
    let mut shares = vec![0.0; scores.len()];
    for fold in 0..FOLDS {
        let mut rows: Vec<usize> = (0..folds.len()).filter(|row| folds[*row] == fold).collect();
        rows.sort_by(|one, other| scores[*one].total_cmp(&scores[*other]));
        for (at, row) in rows.iter().enumerate() {
            // Equal scores stay equal.
            let same = at > 0 && scores[rows[at - 1]] == scores[*row];
            shares[*row] = if same {
                shares[rows[at - 1]]
            } else {
                at as f64 / rows.len() as f64
            };
        }
    }
    shares
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let arm = &args[1];
    let seed: u64 = args[2].parse().unwrap();
    let batches = batches().unwrap();
    let mail = mail(&batches, arm);
    for preset in &args[3..] {
        let boosting: Boosting = serde_json::from_str(preset).unwrap();
        let settings = Settings {
            refits: 2,
            boosting,
            ..Settings::default()
        };
        let begin = std::time::Instant::now();
        let trials = RefCell::new(Vec::new());
        let found = mail.out_of_fold(seed, |trial| {
            let choice = choose(trial, &Learner::ALL, &settings).unwrap();
            trials.borrow_mut().push((choice.chosen, choice.trials));
            choice.fitted
        });
        let trials = trials.into_inner();
        println!(
            "{arm} {preset} chosen {:?} in {:.1?}",
            trials.iter().map(|t| t.0).collect::<Vec<_>>(),
            begin.elapsed()
        );
        for at in 0..7 {
            let gains: Vec<f64> = trials.iter().map(|t| t.1[at].gain).collect();
            println!(
                "   inner gain {:?} {:.5} se {:.5} {:.5?}",
                trials[0].1[at].learner,
                gains.iter().sum::<f64>() / 5.0,
                trials[0].1[at].gain_standard_error,
                gains
            );
        }
        if std::env::var_os("DETAIL").is_some() {
            let both = |(scores, folds): (Vec<f64>, Vec<usize>)| {
                [
                    mail.quality(&scores),
                    mail.quality(&within_folds(&scores, &folds)),
                ]
            };
            println!("   chosen {:.4?}", both(found));
            for learner in Learner::ALL {
                let found =
                    both(mail.out_of_fold(seed, |trial| fit(trial, learner, &settings).unwrap()));
                println!("   {learner:?}: {found:.4?}");
            }
        }
    }
}
