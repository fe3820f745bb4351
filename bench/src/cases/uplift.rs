//! Who is worth an e-mail: learners of effects on Hillstrom's test, judged on customers they have not seen.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use math::random::stream;
use measure::uplift::{Top, TopOf, Trial};
use models::uplift::{Experiment, Features, Fitted, Learner, Observed, Settings, choose, fit};
use rand_chacha::rand_core::Rng;

use super::columns::{batches, numbers, texts};
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Verdict};
use crate::peer::Peer;

const HILLSTROM: &str = "hillstrom/hillstrom.parquet";
const FOLDS: usize = 5;

/// Of both figures over customers, by resampling them.
const STANDARD_ERROR: f64 = 0.008;

const SPLIT: &str = "Hillstrom, one e-mail and no e-mail, 5 folds of customers: four learn and choose, the fifth judges";

pub(crate) static HILLSTROM_WOMENS_UPLIFT: Case = Case {
    name: "hillstrom_womens_uplift",
    what: "Visits by the women's e-mail: ranking of unseen customers by the learner chosen without looking",
    unit: "Qini coefficient as scikit-uplift has it",
    bar: "Qini .0645 and uplift at 30 % .080, each within a standard error of .008",
    run: womens,
};

pub(crate) static HILLSTROM_MENS_UPLIFT: Case = Case {
    name: "hillstrom_mens_uplift",
    what: "Visits by the men's e-mail: ranking of unseen customers by the learner chosen without looking",
    unit: "Qini coefficient as scikit-uplift has it",
    bar: "at least .025",
    run: mens,
};

pub(crate) static HILLSTROM_WOMENS_SPLITS: Case = Case {
    name: "hillstrom_womens_splits",
    what: "Visits by the women's e-mail ranked over 50 splits into folds: the splits in which the 95 % interval of the Qini coefficient is above a ranking at random",
    unit: "splits",
    bar: "50 of 50",
    run: splits,
};

/// Resamples of customers for an interval.
const RESAMPLES: u64 = 400;

fn womens(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let reached = |quality: Quality| {
        quality.qini >= 0.0645 - STANDARD_ERROR && quality.at_30 >= 0.080 - STANDARD_ERROR
    };
    protocol(ctx, "Womens E-Mail", reached)
}

fn mens(ctx: &Ctx) -> anyhow::Result<Outcome> {
    protocol(ctx, "Mens E-Mail", |quality| quality.qini >= 0.025)
}

/// How well scores rank customers.
#[derive(Debug, Clone, Copy)]
struct Quality {
    /// scikit-uplift's Qini coefficient.
    qini: f64,
    /// Effect on the 30 % of customers with the largest scores.
    at_30: f64,
}

impl Quality {
    fn in_words(self) -> String {
        format!("{:.4}/{:.4}", self.qini, self.at_30)
    }
}

/// Scores of every customer by what the other folds taught, every learner by itself and the one chosen.
fn protocol(ctx: &Ctx, arm: &str, reached: impl Fn(Quality) -> bool) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(HILLSTROM) else {
        return Ok(NO_DATA);
    };
    let mail = Mail::read(&path, arm, ctx.pick(20, 1))?;
    // Scores need no intervals.
    let settings = Settings {
        refits: 2,
        ..Settings::default()
    };
    let chosen = RefCell::new(BTreeMap::new());
    let scores = mail.out_of_fold(ctx.seed, |trial| {
        let choice = choose(trial, &Learner::ALL, &settings)?;
        *chosen.borrow_mut().entry(choice.chosen).or_insert(0) += 1;
        Ok(choice.fitted)
    })?;
    let value = mail.quality(&scores.effects)?;
    let within = mail.quality(&scores.within_folds())?.in_words();
    let mut note = format!(
        "Qini and uplift at 30 %, all folds in one ranking: {}; ranked within folds: {within}. Chosen: {:?}. Each learner:",
        value.in_words(),
        chosen.into_inner()
    );
    for learner in ctx.pick(&Learner::ALL[..2], &Learner::ALL[1..]) {
        let scores = mail.out_of_fold(ctx.seed, |trial| Ok(fit(trial, *learner, &settings)?))?;
        let pooled = mail.quality(&scores.effects)?.in_words();
        let within = mail.quality(&scores.within_folds())?.in_words();
        note.push_str(&format!(" {learner:?} {pooled} ({within})."));
    }
    Ok(Outcome::Measured(Measured {
        value: value.qini,
        verdict: Verdict::at_full_size(ctx, reached(value)),
        peer: Peer::ask(ctx, "uplift_lightgbm.py", &[arm]),
        split: SPLIT,
        note,
        child: None,
    }))
}

/// The additive learner, which is what is chosen for this e-mail in most folds: to choose again in each of 250 folds takes
/// hours.
fn splits(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(HILLSTROM) else {
        return Ok(NO_DATA);
    };
    let mail = Mail::read(&path, "Womens E-Mail", ctx.pick(20, 1))?;
    let settings = Settings {
        refits: 2,
        ..Settings::default()
    };
    let n_splits = ctx.pick(2, 50);
    let (mut above, mut points, mut lowest) = (0, Vec::new(), f64::INFINITY);
    for split in 0..n_splits {
        let scores = mail.out_of_fold(ctx.seed + split, |trial| {
            Ok(fit(trial, Learner::Additive, &settings)?)
        })?;
        let scores = scores.within_folds();
        points.push(mail.quality(&scores)?.qini);
        let low = mail.lowest_qini(&scores, ctx.seed + split, ctx.pick(40, RESAMPLES))?;
        above += u32::from(low > 0.0);
        lowest = lowest.min(low);
    }
    points.sort_by(f64::total_cmp);
    let middle = points[points.len() / 2];
    let (least, most) = (points[0], points[points.len() - 1]);
    Ok(Outcome::Measured(Measured {
        value: f64::from(above),
        verdict: Verdict::at_full_size(ctx, u64::from(above) == n_splits),
        peer: Peer::none("see hillstrom_womens_uplift"),
        split: "Hillstrom, women's e-mail and no e-mail, 50 times 5 folds of customers, ranked within folds",
        note: format!(
            "additive learner; Qini coefficient {middle:.4} in the middle split, {least:.4} to {most:.4}; the lowest end of an interval is {lowest:.4}; each from {RESAMPLES} resamples of customers"
        ),
        child: None,
    }))
}

/// One e-mail against none.
struct Mail {
    features: Features,
    treated: Vec<bool>,
    visit: Vec<f64>,
}

/// Effects of customers by models that have not seen them.
struct Scores {
    effects: Vec<f64>,
    folds: Vec<usize>,
}

impl Scores {
    /// Shares of the fold with smaller effects: models of different folds differ in their mean by chance, which is no
    /// ranking. Equal effects stay equal.
    fn within_folds(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.effects.len()];
        for fold in 0..FOLDS {
            let own = (0..self.folds.len()).filter(|row| self.folds[*row] == fold);
            let mut rows: Vec<usize> = own.collect();
            rows.sort_by(|one, other| self.effects[*one].total_cmp(&self.effects[*other]));
            for at in 1..rows.len() {
                let (before, row) = (rows[at - 1], rows[at]);
                shares[row] = if self.effects[before] == self.effects[row] {
                    shares[before]
                } else {
                    at as f64 / rows.len() as f64
                };
            }
        }
        shares
    }
}

impl Mail {
    /// Every `every`th customer of an arm and of those who got no e-mail, with one column per level of what has levels.
    fn read(path: &Path, arm: &str, every: usize) -> anyhow::Result<Self> {
        let batches = batches(path)?;
        let segment = texts(&batches, "segment")?;
        let rows: Vec<usize> = (0..segment.len())
            .filter(|row| [arm, "No E-Mail"].contains(&segment[*row].as_str()))
            .step_by(every)
            .collect();
        let mut columns = Vec::new();
        for name in ["recency", "history", "mens", "womens", "newbie"] {
            columns.push((name.to_owned(), numbers(&batches, name)?));
        }
        for (name, levels) in [
            ("zip_code", ["Surburban", "Rural", "Urban"]),
            ("channel", ["Phone", "Web", "Multichannel"]),
        ] {
            let found = texts(&batches, name)?;
            for level in levels {
                let is = found.iter().map(|text| f64::from(u8::from(text == level)));
                columns.push((format!("{name} {level}"), is.collect()));
            }
        }
        let mut values = Vec::new();
        for row in &rows {
            values.extend(columns.iter().map(|(_, column)| column[*row] as f32));
        }
        let visit = numbers(&batches, "visit")?;
        let names = columns.into_iter().map(|(name, _)| name).collect();
        Ok(Self {
            features: Features::new(names, values)?,
            treated: rows.iter().map(|row| segment[*row] == arm).collect(),
            visit: rows.iter().map(|row| visit[*row]).collect(),
        })
    }

    fn experiment(&self, rows: &[usize]) -> anyhow::Result<Experiment> {
        let arm = rows.iter().map(|row| usize::from(self.treated[*row]));
        Ok(Experiment::new(Observed {
            features: self.features.select(rows).context("an empty fold")?,
            arms: vec!["none".to_owned(), "e-mail".to_owned()],
            arm: arm.collect(),
            outcome: rows.iter().map(|row| self.visit[*row]).collect(),
            // One of three letters was drawn for each customer; those with the third are left out.
            propensity: vec![1.0 / 3.0; 2 * rows.len()],
        })?)
    }

    /// Learns from all folds but one, five times.
    fn out_of_fold(
        &self,
        seed: u64,
        learn: impl Fn(&Experiment) -> anyhow::Result<Fitted>,
    ) -> anyhow::Result<Scores> {
        let folds = self.folds(seed);
        let mut effects = vec![0.0; folds.len()];
        for fold in 0..FOLDS {
            let part = |inside: bool| -> Vec<usize> {
                (0..folds.len())
                    .filter(|row| (folds[*row] == fold) == inside)
                    .collect()
            };
            let held_out = part(true);
            let fitted = learn(&self.experiment(&part(false))?)?;
            let features = self.features.select(&held_out).context("an empty fold")?;
            let found = fitted.predict(&features, 0.9)?.of_arm(0);
            for (row, effect) in held_out.into_iter().zip(found) {
                effects[row] = effect;
            }
        }
        Ok(Scores { effects, folds })
    }

    /// Each fold has its share of visits in each arm: else a fold that happens to gain more is predicted to gain less.
    fn folds(&self, seed: u64) -> Vec<usize> {
        let mut random = stream(seed, 0);
        let mut order: Vec<(bool, bool, u64, usize)> = (0..self.visit.len())
            .map(|row| {
                (
                    self.treated[row],
                    self.visit[row] > 0.0,
                    random.next_u64(),
                    row,
                )
            })
            .collect();
        order.sort_unstable();
        let mut folds = vec![0; order.len()];
        for (at, (_, _, _, row)) in order.into_iter().enumerate() {
            folds[row] = at % FOLDS;
        }
        folds
    }

    /// The lower end of the 95 % interval of the Qini coefficient, by resampling customers.
    fn lowest_qini(&self, scores: &[f64], seed: u64, resamples: u64) -> anyhow::Result<f64> {
        let n = scores.len();
        let mut found = Vec::new();
        for resample in 0..resamples {
            let mut random = stream(seed, 1 + resample);
            let rows: Vec<usize> = (0..n)
                .map(|_| ((u128::from(random.next_u64()) * n as u128) >> 64) as usize)
                .collect();
            let visit: Vec<f64> = rows.iter().map(|row| self.visit[*row]).collect();
            let treated: Vec<bool> = rows.iter().map(|row| self.treated[*row]).collect();
            let scores: Vec<f64> = rows.iter().map(|row| scores[*row]).collect();
            found.push(Trial::new(&visit, &treated, &scores)?.qini_coefficient(true)?);
        }
        found.sort_by(f64::total_cmp);
        Ok(found[(0.025 * resamples as f64) as usize])
    }

    fn quality(&self, scores: &[f64]) -> anyhow::Result<Quality> {
        let trial = Trial::new(&self.visit, &self.treated, scores)?;
        Ok(Quality {
            qini: trial.qini_coefficient(true)?,
            at_30: trial.uplift_at(Top::Share(0.3), TopOf::Everybody)?,
        })
    }
}
