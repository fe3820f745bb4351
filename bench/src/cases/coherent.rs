//! Forecasts that add up: the same as hierarchicalforecast gives, and at a size that shops have.

use std::time::Instant;

use anyhow::{Context, ensure};
use math::random::stream;
use models::coherent::{
    Hierarchy, Level, Method, Parents, Reconciler, Sign, Weights, Window, reconcile,
};

use super::measure::{largest_gap, read_floats, uniform, without, write_floats};
use super::program::Folder;
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::child::own_peak_memory;
use crate::peer::Peer;

pub(crate) static RECONCILE_HUNDRED_THOUSAND: Case = Case {
    name: "reconcile_hundred_thousand",
    what: "Forecasts of 100,000 leaves, 28 periods, made to add up to product, category, total and site: weighted by number of leaves, beside hierarchicalforecast's sparse solver",
    unit: "s",
    bar: "at most 20 s and 2 GiB, also by error variances and not below 0, and each at its minimum",
    run: reconcile_hundred_thousand,
};

pub(crate) static RECONCILE_SMALL_TREE: Case = Case {
    name: "reconcile_small_tree",
    what: "Forecasts of products at sites by five weights: largest difference to hierarchicalforecast",
    unit: "largest difference, over 1 + the forecast",
    bar: "at most 1e-8; not below 0, no larger squares than its own",
    run: reconcile_small_tree,
};

const SPLIT: &str = "drawn: leaves of 0 to 20, groups 20 % off either way";

/// Every product at every site, under category and total, and site beside them.
fn shop(products: usize, sites: usize) -> anyhow::Result<Hierarchy> {
    let numbered = |n: usize| -> Vec<String> { (0..n).map(|at| at.to_string()).collect() };
    let leaves = numbered(products * sites);
    let categories = products / 20 + 2;
    let (product, site) = (numbered(products), numbered(sites));
    let category: Vec<String> = (0..products)
        .map(|at| (at % categories).to_string())
        .collect();
    let pairs = product
        .iter()
        .zip(&category)
        .map(|(p, c)| (p.as_str(), c.as_str()));
    let leaf_names: Vec<&str> = leaves.iter().map(String::as_str).collect();
    let levels = [
        Level {
            name: "total",
            parents: Parents::One("all"),
        },
        Level {
            name: "category",
            parents: Parents::OfGroups {
                level: "product",
                pairs: pairs.collect(),
            },
        },
        Level {
            name: "product",
            parents: Parents::OfLeaves(
                (0..leaves.len())
                    .map(|leaf| Some(product[leaf / sites].as_str()))
                    .collect(),
            ),
        },
        Level {
            name: "site",
            parents: Parents::OfLeaves(
                (0..leaves.len())
                    .map(|leaf| Some(site[leaf % sites].as_str()))
                    .collect(),
            ),
        },
    ];
    Ok(Hierarchy::new(&leaf_names, &levels)?)
}

/// Forecasts of leaves, and of groups that say something else.
fn forecasts(hierarchy: &Hierarchy, periods: usize, seed: u64) -> anyhow::Result<Vec<f64>> {
    let mut random = stream(seed, 0);
    let leaves = 0..hierarchy.n_leaves() * periods;
    let leaves: Vec<f64> = leaves
        .map(|_| 20.0 * uniform(&mut random).powi(3))
        .collect();
    let mut base = hierarchy.sum_up(&leaves, periods)?;
    for value in &mut base[..hierarchy.first_leaf() * periods] {
        *value *= 0.8 + 0.4 * uniform(&mut random);
    }
    Ok(base)
}

/// What the peer's script reads.
fn written(
    hierarchy: &Hierarchy,
    base: &[f64],
    errors: &[f64],
    [periods, known]: [usize; 2],
) -> Vec<Vec<f64>> {
    let (leaves, levels) = (hierarchy.n_leaves(), hierarchy.n_levels() - 1);
    let sizes = [leaves, levels, periods, known].map(|size| size as f64);
    let mut nodes = vec![0.0; levels * leaves];
    for leaf in 0..leaves {
        for (level, node) in hierarchy.above(leaf).enumerate() {
            nodes[level * leaves + leaf] = node as f64;
        }
    }
    vec![sizes.to_vec(), nodes, base.to_vec(), errors.to_vec()]
}

/// Errors of leaves, summed up, with further ones of each node.
fn past_errors(hierarchy: &Hierarchy, known: usize, seed: u64) -> anyhow::Result<Vec<f64>> {
    let mut random = stream(seed, 1);
    let mut off = || 100.0 * (uniform(&mut random) - 0.5);
    let leaves: Vec<f64> = (0..hierarchy.n_leaves() * known).map(|_| off()).collect();
    let mut errors = hierarchy.sum_up(&leaves, known)?;
    errors.iter_mut().for_each(|error| *error += off());
    Ok(errors)
}

/// What the peer gives by some methods, one after the other; nothing where it was not asked.
fn asked(ctx: &Ctx, given: &[Vec<f64>], methods: &str) -> anyhow::Result<(Peer, Vec<f64>)> {
    let folder = Folder::new("hierarchicalforecast")?;
    let [input, output] = ["input.f64", "output.f64"].map(|name| folder.0.join(name));
    write_floats(&input, given)?;
    let paths = [&input, &output].map(|path| path.to_string_lossy());
    let arguments = [&*paths[0], &*paths[1], methods];
    let peer = Peer::ask(ctx, "reconcile_hierarchicalforecast.py", &arguments);
    let found = match &peer {
        Peer::Measured(_) => read_floats(&output)?,
        Peer::Absent(_) => Vec::new(),
    };
    Ok((peer, found))
}

fn reconcile_small_tree(ctx: &Ctx) -> anyhow::Result<Outcome> {
    const PERIODS: usize = 28;
    const KNOWN: usize = 84;
    let hierarchy = shop(ctx.pick(6, 40), 4)?;
    let base = forecasts(&hierarchy, PERIODS, ctx.seed)?;
    let errors = past_errors(&hierarchy, KNOWN, ctx.seed)?;
    let came: Vec<Option<f64>> = errors.iter().copied().map(Some).collect();
    let none = vec![0.0; errors.len()];
    let window = Window {
        base: &none,
        actual: &came,
        periods: KNOWN,
    };
    let (mut ours, mut raised) = (Vec::new(), Vec::new());
    let started = Instant::now();
    for method in Method::ALL {
        let weights = method.learn(&hierarchy, &[window])?;
        ours.extend(reconcile(&hierarchy, &weights, &base, PERIODS, Sign::Any)?);
    }
    let seconds = started.elapsed().as_secs_f64();
    let sizes = sizes(&hierarchy)?;
    let ones = vec![1.0; sizes.len()];
    let not_below = [(Weights::Ols, &ones), (Weights::Structural, &sizes)];
    for (weights, _) in &not_below {
        let found = reconcile(&hierarchy, weights, &base, PERIODS, Sign::NonNegative);
        raised.push(found?);
    }
    let methods = "bottom_up,ols,wls_struct,wls_var,mint_shrink,sparse:ols:nonnegative,sparse:wls_struct:nonnegative";
    let given = written(&hierarchy, &base, &errors, [PERIODS, KNOWN]);
    let (mut peer, found) = asked(ctx, &given, methods)?;
    let Peer::Measured(theirs) = &mut peer else {
        return Ok(without(
            &peer,
            "the peer hierarchicalforecast is needed to compare with: set COMPTOIR_PEERS_PYTHON",
        ));
    };
    // Its difference to itself.
    theirs.value = 0.0;
    let all = ours.len() + raised.len() * base.len();
    ensure!(
        found.len() == all,
        "the peer wrote {} forecasts of {all}",
        found.len()
    );
    let (free, theirs) = found.split_at(ours.len());
    let worst = largest_gap(&ours, free, |forecast| 1.0 + forecast.abs())?;
    // Theirs less ours, as a share of ours: at the minimum of each nothing is below ours.
    let more: Vec<f64> = not_below
        .iter()
        .zip(raised.iter().zip(theirs.chunks_exact(base.len())))
        .map(|((_, variances), (ours, theirs))| {
            let [ours, theirs] = [ours, theirs].map(|of| squares(variances, &base, of, PERIODS));
            (theirs - ours) / ours
        })
        .collect();
    let [least, most] = [more[0].min(more[1]), more[0].max(more[1])];
    Ok(Outcome::Measured(Measured {
        value: worst,
        verdict: Verdict::of(worst <= 1e-8 && least >= -1e-14),
        note: format!(
            "{} forecasts of {} nodes by bottom-up, ordinary least squares, number of leaves, error variance and shrunk covariance in {seconds:.3} s; not below 0, by least squares and number of leaves: its squares are larger by {least:.0e} and {most:.0e} of ours",
            ours.len(),
            hierarchy.n_nodes()
        ),
        peer,
        split: SPLIT,
        child: None,
    }))
}

/// Leaves below each node, 1 for a leaf.
fn sizes(hierarchy: &Hierarchy) -> anyhow::Result<Vec<f64>> {
    Ok(hierarchy.sum_up(&vec![1.0; hierarchy.n_leaves()], 1)?)
}

/// Squares of what was changed, weighted by variances.
fn squares(variances: &[f64], base: &[f64], found: &[f64], periods: usize) -> f64 {
    let changed = found.iter().zip(base).enumerate();
    let each = changed.map(|(at, (one, other))| (one - other).powi(2) / variances[at / periods]);
    each.sum()
}

/// How far forecasts are from the minimum of squares weighted by variances: by leaf, the slope of half the squares times the
/// variance of the leaf, as a share of what adds up to it. Where leaves may not be below 0 those that are 0 may slope up.
fn off_minimum(
    hierarchy: &Hierarchy,
    variances: &[f64],
    (base, found): (&[f64], &[f64]),
    periods: usize,
    sign: Sign,
) -> f64 {
    let mut worst = 0.0_f64;
    for leaf in 0..hierarchy.n_leaves() {
        let own = hierarchy.first_leaf() + leaf;
        for period in 0..periods {
            let (mut slope, mut size) = (0.0, 0.0);
            for node in hierarchy.above(leaf).chain([own]) {
                let at = node * periods + period;
                let weight = variances[own] / variances[node];
                slope += weight * (found[at] - base[at]);
                size += weight * (found[at].abs() + base[at].abs());
            }
            let may_slope = sign == Sign::NonNegative && found[own * periods + period] == 0.0;
            let wrong = if may_slope { -slope } else { slope.abs() };
            worst = worst.max(wrong / size);
        }
    }
    worst
}

fn reconcile_hundred_thousand(ctx: &Ctx) -> anyhow::Result<Outcome> {
    const SITES: usize = 25;
    const PERIODS: usize = 28;
    let started = Instant::now();
    let hierarchy = shop(ctx.pick(40, 4_000), SITES)?;
    let arranged = started.elapsed().as_secs_f64();
    let base = forecasts(&hierarchy, PERIODS, ctx.seed)?;
    let n = hierarchy.n_nodes();
    let sizes = sizes(&hierarchy)?;
    let mut random = stream(ctx.seed, 1);
    // Forecasts of groups are a few times surer or less sure than their leaves together.
    let drawn: Vec<f64> = sizes
        .iter()
        .map(|size| size * 10_f64.powf(uniform(&mut random) - 0.5))
        .collect();
    let tasks = [
        (Weights::Structural, &sizes, Sign::Any),
        (Weights::Structural, &sizes, Sign::NonNegative),
        (Weights::Variance(drawn.clone()), &drawn, Sign::Any),
        (Weights::Variance(drawn.clone()), &drawn, Sign::NonNegative),
    ];
    let (mut seconds, mut gaps, mut first) = (Vec::new(), Vec::new(), None);
    for (weights, variances, sign) in &tasks {
        let started = Instant::now();
        let found = Reconciler::new(&hierarchy, weights)?.reconcile(&base, PERIODS, *sign)?;
        seconds.push(started.elapsed().as_secs_f64());
        gaps.push(off_minimum(
            &hierarchy,
            variances,
            (&base, &found),
            PERIODS,
            *sign,
        ));
        first.get_or_insert(found);
    }
    let peak = own_peak_memory().context("the peak memory of this process is not known")?;
    let given = written(&hierarchy, &base, &[], [PERIODS, 0]);
    let (peer, found) = asked(ctx, &given, "sparse:wls_struct")?;
    let theirs = match &peer {
        Peer::Absent(_) => "it was not asked".to_owned(),
        Peer::Measured(_) => {
            let off = off_minimum(&hierarchy, &sizes, (&base, &found), PERIODS, Sign::Any);
            let ours = first.unwrap_or_default();
            let gap = largest_gap(&ours, &found, |forecast| 1.0 + forecast.abs())?;
            format!("{off:.1e}, largest difference of a forecast {gap:.1e} over 1 + the forecast")
        }
    };
    let holds = seconds.iter().all(|seconds| arranged + seconds <= 20.0)
        && gaps.iter().all(|gap| *gap <= 1e-9)
        && peak <= 2 << 30;
    let [free, raised, by_variance, both] = seconds[..] else {
        anyhow::bail!("{} tasks", seconds.len())
    };
    let worst = gaps.iter().copied().fold(0.0, f64::max);
    Ok(Outcome::Measured(Measured {
        value: free,
        verdict: Verdict::at_full_size(ctx, holds),
        peer,
        split: SPLIT,
        note: format!(
            "{n} nodes, arranged in {arranged:.2} s; not below 0 {raised:.2} s, by error variances {by_variance:.2} s, both {both:.2} s; off the minimum by at most {worst:.1e} of what adds up to the slope; hierarchicalforecast: {theirs}"
        ),
        child: None,
    }))
}
