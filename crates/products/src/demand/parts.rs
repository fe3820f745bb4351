//! How good forecasts were by how far ahead they look, by how much their series sell, and of what they add up to.

use super::measured::{Sums, sum_of, sums};
use super::series::Series;
use crate::estimates;
use models::demand::{Forecast, Panel, Step, Totals};
use schema::{Estimate, Part, WhyNot};
use std::ops::Range;

/// Where parts of the steps ahead end: the first step alone, then as planners speak of them.
const ENDS: [(Step, &[usize]); 3] = [
    (Step::Day, &[1, 7, 14, 28, 56, 112, 224]),
    (Step::Week, &[1, 4, 8, 13, 26, 52]),
    (Step::Month, &[1, 3, 6, 12, 24]),
];

/// Parts of the series by how much they sell.
const TENTHS: usize = 10;

/// Series that a tenth needs to be told.
const SERIES_MIN: usize = 10;

/// What was held out, and what was forecast of it.
pub(super) struct Measured<'a> {
    pub(super) found: &'a Series,
    /// First period held out.
    pub(super) from: usize,
    /// Of the version and of the baseline.
    pub(super) forecasts: [&'a Forecast; 2],
    /// Probability that intervals promise.
    pub(super) interval: f64,
    pub(super) seed: u64,
    /// How far off sums are, of both; nothing where series alone are told of.
    pub(super) totals: Option<&'a [Totals; 2]>,
}

/// Blocks of steps ahead, from 0, that together are all of them.
fn blocks(step: Step, ahead: usize) -> Vec<Range<usize>> {
    let ends = ENDS.iter().find(|(of, _)| *of == step);
    let ends = ends.map_or(&[][..], |(_, ends)| ends);
    let ends = ends.iter().copied().filter(|end| *end < ahead);
    let mut first = 0;
    let blocks = ends.chain([ahead]).map(|end| {
        let block = first..end;
        first = end;
        block
    });
    blocks.collect()
}

/// The parts by steps ahead, then those by size, then levels above the series; none where all is one part.
///
/// - `all`: sums of the version and of the baseline over all steps, of the series that were measured.
pub(super) fn of(measured: &Measured<'_>, all: [&Vec<Sums>; 2]) -> Vec<Part> {
    let mut parts = by_step(measured);
    parts.extend(by_size(measured, all));
    parts.extend(by_level(measured).unwrap_or_default());
    parts
}

/// Totals of each level above the series, with intervals of their own; `None` where none was learnt.
fn by_level(measured: &Measured<'_>) -> Option<Vec<Part>> {
    let (hierarchy, totals) = (measured.found.summed()?, measured.totals?);
    let panel = measured.found.panel.summed(hierarchy).ok()?;
    let mut expected = Vec::with_capacity(totals.len());
    for forecast in measured.forecasts {
        let sums = hierarchy.sum_up(forecast.all(), forecast.ahead()).ok()?;
        expected.push((sums, forecast.ahead()));
    }
    let of = |(level, name): (usize, &str)| {
        let sides = [0, 1].map(|side| {
            let (expected, ahead) = &expected[side];
            let node = |node: usize| {
                let expected = &expected[node * ahead..][..*ahead];
                let named = (name, hierarchy.label(node));
                of_total(measured, &panel, node, expected, |h| {
                    totals[side].interval(named, expected, h, measured.interval)
                })
            };
            hierarchy.nodes(level).map(node).collect::<Vec<Sums>>()
        });
        let mut part = part(
            "level",
            (level, level + 1),
            [&sides[0], &sides[1]],
            measured.seed,
        )?;
        part.label = Some(name.to_owned());
        Some(part)
    };
    let levels = hierarchy.level_names().take(hierarchy.n_levels() - 1);
    Some(levels.enumerate().filter_map(of).collect())
}

/// What was forecast of one total and what came of it.
fn of_total(
    measured: &Measured<'_>,
    panel: &Panel,
    node: usize,
    expected: &[f64],
    interval: impl Fn(usize) -> Option<(f64, f64)>,
) -> Sums {
    let mut sums = Sums::default();
    let came = panel.values(node).iter().skip(measured.from);
    for (h, (said, came)) in expected.iter().zip(came).enumerate() {
        let came = f64::from(*came);
        if came.is_nan() {
            continue;
        }
        sums.periods += 1.0;
        sums.size += came.abs();
        sums.forecast += said;
        sums.error += (came - said).abs();
        let held = interval(h).is_some_and(|(low, high)| low <= came && came <= high);
        sums.covered += f64::from(u8::from(held));
    }
    sums
}

fn by_step(measured: &Measured<'_>) -> Vec<Part> {
    let panel = &measured.found.panel;
    let known = panel.known() - measured.from;
    let ahead = measured.forecasts[0].ahead().min(known);
    let blocks = blocks(panel.step(), ahead);
    if blocks.len() < 2 {
        return Vec::new();
    }
    let by = format!("{}s ahead", panel.step().name());
    let part = |block: &Range<usize>| {
        let steps = (measured.from, block);
        let [ours, theirs] = measured
            .forecasts
            .map(|of| sums(of, measured.found, steps, measured.interval));
        let both = ours.into_iter().zip(theirs);
        let (ours, theirs) = both.filter(|(ours, _)| ours.periods > 0.0).unzip();
        part(
            &by,
            (block.start, block.end),
            [&ours, &theirs],
            measured.seed,
        )
    };
    blocks.iter().filter_map(part).collect()
}

/// By what is forecast, as a shop can tell them apart beforehand: by what was sold, those that sold more than expected
/// would be the largest.
fn by_size(measured: &Measured<'_>, [ours, theirs]: [&Vec<Sums>; 2]) -> Vec<Part> {
    let n = ours.len();
    if n < TENTHS * SERIES_MIN {
        return Vec::new();
    }
    let mean = |at: &usize| ours[*at].forecast / ours[*at].periods;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| mean(a).total_cmp(&mean(b)));
    let tenth = |at: usize| {
        let own = &order[n * at / TENTHS..n * (at + 1) / TENTHS];
        let of = |sums: &Vec<Sums>| -> Vec<Sums> { own.iter().map(|at| sums[*at]).collect() };
        let by = "tenth of the series";
        part(by, (at, at + 1), [&of(ours), &of(theirs)], measured.seed)
    };
    (0..TENTHS).filter_map(tenth).collect()
}

/// One part; none where nothing was measured in it.
fn part(by: &str, (start, end): (usize, usize), sides: [&Vec<Sums>; 2], seed: u64) -> Option<Part> {
    let all: Vec<usize> = (0..sides[0].len()).collect();
    let periods = sum_of(sides[0], &all, |sums| sums.periods);
    let share = |sums: &Vec<Sums>, sample: &[usize]| {
        let size = sum_of(sums, sample, |sums| sums.size);
        (size > 0.0).then(|| sum_of(sums, sample, |sums| sums.error) / size)
    };
    let covered = |sums: &Vec<Sums>| sum_of(sums, &all, |sums| sums.covered) / periods;
    let [error, baseline, gain] = estimates::beside(all.len(), seed, sides, share);
    let exact = |estimate: Estimate, point: Option<f64>| match (estimate, point) {
        // Of few series the figure itself is known, and only its interval is not.
        (Estimate::NotMeasurable(WhyNot::TooFew { .. }), Some(point)) => Estimate::Exact(point),
        (estimate, _) => estimate,
    };
    let [ours, theirs] = sides.map(|sums| share(sums, &all));
    (periods > 0.0).then(|| Part {
        by: by.to_owned(),
        label: None,
        first: u32::try_from(start + 1).unwrap_or(u32::MAX),
        last: u32::try_from(end).unwrap_or(u32::MAX),
        forecasts: periods as u64,
        error: exact(error, ours),
        baseline: exact(baseline, theirs),
        gain: exact(gain, ours.zip(theirs).map(|(ours, theirs)| ours - theirs)),
        covered: covered(sides[0]),
        baseline_covered: covered(sides[1]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_steps_are_all_of_them_once() {
        let of = |step, ahead| -> Vec<(usize, usize)> {
            let blocks = blocks(step, ahead);
            blocks.iter().map(|b| (b.start + 1, b.end)).collect()
        };
        assert_eq!(of(Step::Day, 28), [(1, 1), (2, 7), (8, 14), (15, 28)]);
        assert_eq!(
            of(Step::Day, 30),
            [(1, 1), (2, 7), (8, 14), (15, 28), (29, 30)]
        );
        assert_eq!(of(Step::Week, 6), [(1, 1), (2, 4), (5, 6)]);
        assert_eq!(of(Step::Month, 1), [(1, 1)]);
    }
}
