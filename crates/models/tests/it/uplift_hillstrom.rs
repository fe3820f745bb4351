//! Effects of an e-mail on real customers; needs the folder named by `COMPTOIR_DATA`.
//!
//! The whole protocol, with the choice of a learner, is the cases `hillstrom_*_uplift` of `bench`.

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use math::random::stream;
use measure::uplift::Trial;
use models::uplift::{Experiment, Features, Learner, Observed, Settings, fit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::seq::SliceRandom;

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

    /// Half of the customers teach, the other half judge: scikit-uplift's Qini coefficient.
    fn qini(&self, learner: Learner) -> f64 {
        let mut order: Vec<usize> = (0..self.visit.len()).collect();
        order.shuffle(&mut stream(0, 0));
        let (learnt, held_out) = order.split_at(order.len() / 2);
        // Scores need no intervals.
        let settings = Settings {
            refits: 2,
            ..Settings::default()
        };
        let fitted = fit(&self.experiment(learnt), learner, &settings).unwrap();
        let effects = fitted
            .predict(&self.features.select(held_out).unwrap(), 0.9)
            .unwrap()
            .of_arm(0);
        let visit: Vec<f64> = held_out.iter().map(|row| self.visit[*row]).collect();
        let treated: Vec<bool> = held_out.iter().map(|row| self.treated[*row]).collect();
        let trial = Trial::new(&visit, &treated, &effects).unwrap();
        trial.qini_coefficient(true).unwrap()
    }
}

#[test]
fn customers_not_learnt_from_are_ranked_by_what_the_womens_mail_changes() {
    let Some(batches) = batches() else {
        return;
    };
    let qini = mail(&batches, "Womens E-Mail").qini(Learner::S);
    println!("{qini:.4}");
    // .065 on all customers; one standard error over half of them is .011, and 0 is no ranking.
    assert!(qini > 0.035, "{qini}");
}
