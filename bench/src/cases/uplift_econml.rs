//! Effects that are known, learnt by doubly robust scores, beside econml's learner.

use std::time::Instant;

use anyhow::Context;
use math::random::stream;
use models::uplift::{Experiment, Features, Learner, Observed, Settings, fit};
use rand_chacha::rand_core::Rng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

use super::measure::{read_floats, without, write_floats};
use super::program::Folder;
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::child::own_peak_memory;
use crate::peer::Peer;

pub(crate) static DR_VS_ECONML: Case = Case {
    name: "dr_vs_econml",
    what: "Effects of the four set-ups of Nie and Wager by the doubly robust learner: error on customers not learnt from, over econml's DRLearner with LightGBM, the worst set-up",
    unit: "root mean squared error, ours over theirs",
    bar: "at most 1.05; at least 5 times as fast; at most 1/5 of the memory",
    run: dr_vs_econml,
};

pub(super) const SET_UPS: [&str; 4] = ["A", "B", "C", "D"];
const COLUMNS: usize = 6;

/// Customers of one set-up with their truth, column by column.
pub(super) struct Drawn {
    columns: Vec<Vec<f64>>,
    pub(super) propensity: Vec<f64>,
    /// 1 where treated, 0 where not.
    pub(super) arm: Vec<f64>,
    pub(super) outcome: Vec<f64>,
    pub(super) effect: Vec<f64>,
}

/// Nie and Wager (2021), section 5.
pub(super) fn draw(set_up: &str, rows: usize, random: &mut impl Rng) -> Drawn {
    let mut drawn = Drawn {
        columns: vec![Vec::new(); COLUMNS],
        propensity: Vec::with_capacity(rows),
        arm: Vec::with_capacity(rows),
        outcome: Vec::with_capacity(rows),
        effect: Vec::with_capacity(rows),
    };
    let plus = |value: f64| value.max(0.0);
    for _ in 0..rows {
        let mut uniform = || -> f64 { StandardUniform.sample(random) };
        let x: [f64; COLUMNS] = if set_up == "A" {
            std::array::from_fn(|_| uniform())
        } else {
            std::array::from_fn(|_| StandardNormal.sample(random))
        };
        let (base, propensity, effect) = match set_up {
            "A" => {
                let sine = (std::f64::consts::PI * x[0] * x[1]).sin();
                let base = sine + 2.0 * (x[2] - 0.5).powi(2) + x[3] + 0.5 * x[4];
                (base, sine.clamp(0.1, 0.9), 0.5 * (x[0] + x[1]))
            }
            "B" => (
                plus(plus(x[0] + x[1]) + x[2]) + plus(x[3] + x[4]),
                0.5,
                x[0] + x[1].exp().ln_1p(),
            ),
            "C" => (
                2.0 * (x[0] + x[1] + x[2]).exp().ln_1p(),
                1.0 / (1.0 + (x[1] + x[2]).exp()),
                1.0,
            ),
            _ => (
                0.5 * (plus(x[0] + x[1] + x[2]) + plus(x[3] + x[4])),
                1.0 / (1.0 + (-x[0]).exp() + (-x[1]).exp()),
                plus(x[0] + x[1] + x[2]) - plus(x[3] + x[4]),
            ),
        };
        let draw: f64 = StandardUniform.sample(random);
        let noise: f64 = StandardNormal.sample(random);
        let side = if draw < propensity { 0.5 } else { -0.5 };
        for (column, value) in drawn.columns.iter_mut().zip(x) {
            column.push(f64::from(value as f32));
        }
        drawn.propensity.push(propensity);
        drawn.arm.push(side + 0.5);
        drawn.outcome.push(base + side * effect + noise);
        drawn.effect.push(effect);
    }
    drawn
}

impl Drawn {
    pub(super) fn features(&self) -> anyhow::Result<Features> {
        let rows = self.arm.len();
        let values = (0..rows).flat_map(|row| self.columns.iter().map(move |of| of[row] as f32));
        let names = (0..COLUMNS).map(|column| format!("x{column}")).collect();
        Ok(Features::new(names, values.collect())?)
    }

    /// The trial that learners see.
    pub(super) fn experiment(&self) -> anyhow::Result<Experiment> {
        let pairs = self.propensity.iter().flat_map(|p| [1.0 - p, *p]);
        let arm = self.arm.iter().map(|arm| usize::from(*arm > 0.5));
        Ok(Experiment::new(Observed {
            features: self.features()?,
            arms: vec!["none".to_owned(), "offer".to_owned()],
            arm: arm.collect(),
            outcome: self.outcome.clone(),
            propensity: pairs.collect(),
        })?)
    }

    fn error(&self, found: &[f64]) -> f64 {
        let pairs = found.iter().zip(&self.effect);
        let squares: f64 = pairs.map(|(found, truth)| (found - truth).powi(2)).sum();
        (squares / self.effect.len() as f64).sqrt()
    }
}

/// Error of our learner on `others`, learnt from `drawn`.
fn ours(drawn: &Drawn, others: &Drawn, seed: u64) -> anyhow::Result<f64> {
    // Effects without intervals, as they are asked of the peer.
    let settings = Settings {
        seed,
        refits: 2,
        ..Settings::default()
    };
    let fitted = fit(&drawn.experiment()?, Learner::DoublyRobust, &settings)?;
    let found = fitted.predict(&others.features()?, 0.9)?.of_arm(0);
    Ok(others.error(&found))
}

fn dr_vs_econml(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let (rows, repeats) = ctx.pick((1_000, 1), (10_000, 3));
    let folder = Folder::new("econml")?;
    let (input, output) = (folder.0.join("input.f64"), folder.0.join("output.f64"));
    let mut columns: Vec<Vec<f64>> = Vec::new();
    let (mut errors, mut seconds) = (Vec::new(), 0.0);
    for (place, set_up) in SET_UPS.iter().enumerate() {
        for repeat in 0..repeats {
            let mut random = stream(ctx.seed, place as u64 * 1_000 + repeat);
            let drawn = draw(set_up, rows, &mut random);
            let others = draw(set_up, rows, &mut random);
            let began = Instant::now();
            errors.push(ours(&drawn, &others, ctx.seed + repeat)?);
            seconds += began.elapsed().as_secs_f64();
            columns.extend(drawn.columns);
            columns.extend([drawn.propensity, drawn.arm, drawn.outcome]);
            columns.extend(others.columns);
            columns.push(others.effect);
        }
    }
    write_floats(&input, &columns)?;
    drop(columns);
    let memory = own_peak_memory().context("the peak of memory")? as f64;
    let runs = SET_UPS.len() as u64 * repeats;
    let peer = Peer::ask(
        ctx,
        "uplift_econml.py",
        &[
            &input.to_string_lossy(),
            &output.to_string_lossy(),
            &rows.to_string(),
            &runs.to_string(),
        ],
    );
    let Peer::Measured(theirs) = &peer else {
        return Ok(without(
            &peer,
            "the peer econml is needed to compare with: set COMPTOIR_PEERS_PYTHON",
        ));
    };
    let found = read_floats(&output)?;
    let (their_memory, their_errors) = found.split_last().context("no figures of the peer")?;
    let mean = |of: &[f64], place: usize| {
        let of = &of[place * repeats as usize..(place + 1) * repeats as usize];
        of.iter().sum::<f64>() / of.len() as f64
    };
    let mut told = Vec::new();
    let mut worst = 0.0f64;
    for (place, set_up) in SET_UPS.iter().enumerate() {
        let (own, other) = (mean(&errors, place), mean(their_errors, place));
        worst = worst.max(own / other);
        told.push(format!("{set_up} {own:.3} ({other:.3})"));
    }
    let their_seconds = theirs.seconds.unwrap_or(f64::NAN);
    let (faster, share) = (their_seconds / seconds, memory / their_memory);
    let holds = worst <= 1.05 && faster >= 5.0 && share <= 0.2;
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::at_full_size(ctx, holds),
        note: format!(
            "root mean squared error of effects, theirs in brackets: {}; {runs} fits in {seconds:.1} s, theirs in {their_seconds:.1} s ({faster:.1} times as fast); peak memory {:.0} MiB, theirs {:.0} MiB (this process holds all {runs} data sets, theirs one)",
            told.join(", "),
            memory / 1_048_576.0,
            their_memory / 1_048_576.0,
        ),
        peer,
        split: "10,000 customers learn, 10,000 others judge, 3 draws of each set-up; both are told the true propensities, 5 folds",
        child: None,
    }))
}
