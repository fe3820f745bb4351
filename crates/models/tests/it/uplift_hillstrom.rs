//! Effects of two e-mails on real customers; needs the folder named by `COMPTOIR_DATA`.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use math::random::stream;
use measure::uplift::{Top, TopOf, Trial};
use models::uplift::{Experiment, Features, Learner, Observed, Settings, choose, fit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::seq::SliceRandom;

const FOLDS: usize = 5;

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
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
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
        column.as_string::<i32>().iter().map(|text| text.unwrap().to_owned()).collect()
    };
    batches.iter().flat_map(of).collect()
}

fn mail(batches: &[RecordBatch], arm: &str) -> Mail {
    let segment = texts(batches, "segment");
    let rows: Vec<usize> =
        (0..segment.len()).filter(|row| [arm, "No E-Mail"].contains(&segment[*row].as_str())).collect();
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
        features: Features::new(columns.into_iter().map(|(name, _)| name).collect(), values).unwrap(),
        treated: rows.iter().map(|row| segment[*row] == arm).collect(),
        visit: rows.iter().map(|row| visit[*row]).collect(),
    }
}

impl Mail {
    fn experiment(&self, rows: &[usize]) -> Experiment {
        Experiment::new(Observed {
            features: self.features.select(rows).unwrap(),
            arms: vec!["none".to_owned(), "e-mail".to_owned()],
            arm: rows.iter().map(|row| usize::from(self.treated[*row])).collect(),
            outcome: rows.iter().map(|row| self.visit[*row]).collect(),
            // One of three letters was drawn for each customer; those with the third are left out.
            propensity: vec![1.0 / 3.0; 2 * rows.len()],
        })
        .unwrap()
    }

    /// Effects of each customer by what was learnt from the other folds.
    fn out_of_fold(&self, seed: u64, learn: impl Fn(&Experiment) -> models::uplift::Fitted) -> Vec<f64> {
        let mut order: Vec<usize> = (0..self.visit.len()).collect();
        order.shuffle(&mut stream(seed, 0));
        let mut scores = vec![0.0; order.len()];
        for fold in 0..FOLDS {
            let part = |inside: bool| -> Vec<usize> {
                let at = (0..order.len()).filter(|at| (at % FOLDS == fold) == inside);
                at.map(|at| order[at]).collect()
            };
            let (learnt, held_out) = (part(false), part(true));
            let fitted = learn(&self.experiment(&learnt));
            let effects = fitted.predict(&self.features.select(&held_out).unwrap(), 0.9).unwrap();
            for (row, effect) in held_out.iter().zip(effects.of_arm(0)) {
                scores[*row] = effect;
            }
        }
        scores
    }

    /// scikit-uplift's Qini coefficient, and uplift at 30 % of everybody.
    fn quality(&self, scores: &[f64]) -> (f64, f64) {
        let trial = Trial::new(&self.visit, &self.treated, scores).unwrap();
        let qini = trial.qini_coefficient(true).unwrap();
        (qini, trial.uplift_at(Top::Share(0.3), TopOf::Everybody).unwrap())
    }
}

#[test]
fn explore() {
    let Some(batches) = batches() else { return };
    let get = |name: &str, default: f64| std::env::var(name).map_or(default, |v| v.parse().unwrap());
    let seeds = get("SEEDS", 1.0) as u64;
    let mut settings = Settings { refits: 2, ..Settings::default() };
    settings.boosting.depth = get("DEPTH", settings.boosting.depth as f64) as usize;
    settings.boosting.learning_rate = get("LR", settings.boosting.learning_rate);
    settings.boosting.leaf_rows_min = get("LEAF", settings.boosting.leaf_rows_min as f64) as usize;
    settings.boosting.rows_share = get("ROWS", settings.boosting.rows_share);
    settings.boosting.columns_share = get("COLS", settings.boosting.columns_share);
    settings.boosting.l2_rows = get("L2", settings.boosting.l2_rows);
    settings.boosting.bins = get("BINS", settings.boosting.bins as f64) as usize;
    settings.folds = get("FOLDS", settings.folds as f64) as usize;
    let only = std::env::var("ONLY").unwrap_or_default();
    for arm in ["Womens E-Mail", "Mens E-Mail"] {
        let mail = mail(&batches, arm);
        for learner in Learner::ALL.into_iter().skip(1) {
            let name = format!("{learner:?}");
            if !only.is_empty() && !only.split(',').any(|o| o == name) { continue; }
            let begin = std::time::Instant::now();
            let (mut q, mut u, mut w) = (vec![], vec![], vec![]);
            for seed in 0..seeds {
                let ws = std::sync::Mutex::new(vec![]);
                let scores = mail.out_of_fold(seed, |e| {
                    let f = fit(e, learner, &settings).unwrap();
                    ws.lock().unwrap().push(f.arms()[0].shrinkage.weight);
                    f
                });
                let (qini, uplift) = mail.quality(&scores);
                q.push(qini); u.push(uplift); w.extend(ws.into_inner().unwrap());
            }
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            println!("{arm} {name:14} qini {:.4} uplift30 {:.4} weight {:.2} {:?}  {:?} each", mean(&q), mean(&u), mean(&w), q.iter().map(|v| (v * 1e4).round() / 1e4).collect::<Vec<_>>(), begin.elapsed() / seeds as u32);
        }
        if only.is_empty() || only.contains("choose") {
            let begin = std::time::Instant::now();
            for seed in 0..seeds {
                let scores = mail.out_of_fold(seed, |e| {
                    let c = choose(e, &Learner::ALL, &settings).unwrap();
                    println!("  {:?}: {}", c.chosen, c.trials.iter().map(|t| format!("{:?} {:.4}±{:.4} (-{:.4}±{:.4}) c{}", t.learner, 1e2*t.gain, 1e2*t.gain_standard_error, 1e2*t.behind, 1e2*t.behind_standard_error, t.complexity)).collect::<Vec<_>>().join(" | "));
                    c.fitted
                });
                println!("{arm} chosen {:?} {:?}", mail.quality(&scores), begin.elapsed());
            }
        }
    }
}
