//! Effects by tenth of the customers: how often their intervals hold the truth.

use math::random::stream;
use measure::effects::Effect;
use measure::uplift::{AipwScores, Calibration, Units, calibration};
use models::uplift::{Learner, Settings, expected_outcomes, fit};

use super::measure::in_parallel;
use super::uplift_econml::{SET_UPS, draw};
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::peer::Peer;

pub(crate) static DECILE_COVERAGE: Case = Case {
    name: "decile_coverage",
    what: "How often 95 % intervals of the effect on each tenth of the customers, by the effect predicted of them, hold what is true of it, over 1,000 trials of the four set-ups of Nie and Wager; the worst tenth",
    unit: "% of trials",
    bar: "at least 93 %",
    run: decile_coverage,
};

const TENTHS: usize = 10;
const LEVEL: f64 = 0.95;
const LEAST: f64 = 93.0;

/// Counts over trials: of each tenth those whose interval held the truth, those in which all did, those that had ten
/// tenths, and those in which customers were told apart too little for that.
const COUNTS: usize = TENTHS + 3;
const ALL_HELD: usize = TENTHS;
const TOLD_APART: usize = TENTHS + 1;
const ALIKE: usize = TENTHS + 2;

fn decile_coverage(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let (each, rows) = ctx.pick((4, 600), (250, 2_000));
    let of_set_ups = (0..SET_UPS.len()).map(|place| {
        in_parallel(each, |trial| {
            held(place, rows, ctx.seed, trial).unwrap_or([0; COUNTS])
        })
    });
    let of_set_ups: Vec<[u32; COUNTS]> = of_set_ups.collect();
    let sum = |at: usize| -> u32 { of_set_ups.iter().map(|counts| counts[at]).sum() };
    let (trials, alike) = (sum(TOLD_APART), sum(ALIKE));
    let percent = |count: u32, of: u32| 100.0 * f64::from(count) / f64::from(of);
    let tenths: Vec<f64> = (0..TENTHS).map(|at| percent(sum(at), trials)).collect();
    let worst = tenths.iter().copied().fold(f64::INFINITY, f64::min);
    let by_set_up = SET_UPS.iter().zip(&of_set_ups).map(|(name, counts)| {
        let all: u32 = counts[..TENTHS].iter().sum();
        let tenths = counts[TOLD_APART] * TENTHS as u32;
        format!("{name} {:.1}", percent(all, tenths))
    });
    let by_set_up: Vec<String> = by_set_up.collect();
    let listed: Vec<String> = tenths.iter().map(|of| format!("{of:.1}")).collect();
    let failed = each * SET_UPS.len() as u64 - u64::from(trials + alike);
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::at_full_size(ctx, failed == 0 && worst >= LEAST),
        peer: Peer::none("the effect is known"),
        split: "drawn: 2,000 customers learn the effects and what is expected of each, 2,000 others are put into tenths and judged",
        note: format!(
            "{trials} trials, in {alike} more too many customers had the same prediction for ten groups, {failed} could not be read; tenths from the largest predicted effect down {} %; all tenths of a set-up {} %; all ten intervals of a trial, widened to hold together as products tell them, {:.1} %; the standard error of a share is .7 points",
            listed.join(", "),
            by_set_up.join(", "),
            percent(sum(ALL_HELD), trials),
        ),
        child: None,
    }))
}

/// Which intervals of one trial hold the truth, see [`COUNTS`].
fn held(place: usize, rows: usize, seed: u64, trial: u64) -> anyhow::Result<[u32; COUNTS]> {
    let mut random = stream(seed, 1_000_000 * (1 + place as u64) + trial);
    let drawn = draw(SET_UPS[place], rows, &mut random);
    let others = draw(SET_UPS[place], rows, &mut random);
    let settings = Settings {
        seed: seed + trial,
        refits: 2,
        ..Settings::default()
    };
    let (experiment, unseen) = (drawn.experiment()?, others.features()?);
    let fitted = fit(&experiment, Learner::DoublyRobust, &settings)?;
    let predicted = fitted.predict(&unseen, LEVEL)?.of_arm(0);
    let expected = expected_outcomes(&experiment, &unseen, &settings)?;
    let treated: Vec<bool> = others.arm.iter().map(|arm| *arm > 0.5).collect();
    let scores = AipwScores::new(&Units {
        outcome: &others.outcome,
        treated: &treated,
        propensity: &others.propensity,
        predicted_control: &expected[0],
        predicted_treated: &expected[1],
    })?;
    let scores = scores.effect();
    let mut counts = [0; COUNTS];
    // Intervals of groups hold together at the level that is asked for: each by itself at the root of it.
    for (level, together) in [(LEVEL.powi(TENTHS as i32), false), (LEVEL, true)] {
        let found = calibration(&predicted, &scores, TENTHS, level)?;
        if found.groups.len() < TENTHS {
            counts[ALIKE] = 1;
            return Ok(counts);
        }
        let truths = truths(&found, &predicted, &others.effect);
        let mut all = true;
        for (at, (group, truth)) in found.groups.iter().zip(truths).enumerate() {
            let Effect::Measured(size) = &group.effect else {
                anyhow::bail!("a tenth whose effect is not measured");
            };
            let holds = size.low <= truth && truth <= size.high;
            all &= holds;
            counts[at] += u32::from(holds && !together);
        }
        counts[ALL_HELD] += u32::from(together && all);
    }
    counts[TOLD_APART] = 1;
    Ok(counts)
}

/// Mean true effect of each group, which are those of the largest predicted effects first.
fn truths(found: &Calibration, predicted: &[f64], effect: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..predicted.len()).collect();
    order.sort_by(|one, other| predicted[*other].total_cmp(&predicted[*one]));
    let mut rest = order.into_iter();
    let mut of = |units: u64| {
        let rows = rest.by_ref().take(units as usize);
        rows.map(|row| effect[row]).sum::<f64>() / units as f64
    };
    found.groups.iter().map(|group| of(group.units)).collect()
}
