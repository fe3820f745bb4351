//! Recommenders: three real sets, and two closed forms beside the tools that have them.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use measure::ranking::{
    Bootstrap, Interval, RankedCustomer, RankingMetric, RecallOver, interval, paired_difference,
};
use models::recommend::{
    self, BlendMember, Decay, EaseParams, FitError, FrequencyParams, Ials, IalsParams,
    ImplicitCells, Method, NextItemParams, Placement, PopularityParams, RecentDemand,
    TransitionParams, Unobserved, customer_rows, ease_weights,
};

use super::recommend_data::{Task, movielens, tafeng, uci};
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Verdict};
use crate::peer::Peer;

const MOVIELENS: &str = "movielens_1m/sequences_chronological.parquet";

pub(crate) static EASE_VS_NUMPY: Case = Case {
    name: "ease_vs_numpy",
    what: "EASE weights of MovieLens-1M: the time, and the largest difference to those of numpy's inverse",
    unit: "s",
    bar: "not slower than numpy on the same threads, and no weight further off than 1e-6",
    run: ease_vs_numpy,
};

pub(crate) static IALS_VS_IMPLICIT: Case = Case {
    name: "ials_vs_implicit",
    what: "The implicit-feedback loss on MovieLens-1M after 15 epochs at rank 64, beside implicit's",
    unit: "loss",
    bar: "not above implicit's, and faster",
    run: ials_vs_implicit,
};

pub(crate) static MOVIELENS_NEXT_ITEM: Case = Case {
    name: "movielens_next_item",
    what: "The last film of every MovieLens-1M customer among the first ten of all unseen films",
    unit: "HR@10",
    bar: "HR@10 at least .275 and NDCG@10 at least .161",
    run: movielens_next_item,
};

pub(crate) static TAFENG_NEXT_BASKET: Case = Case {
    name: "tafeng_next_basket",
    what: "The next basket of every Ta-Feng customer, repeats allowed",
    unit: "recall@10 over all targets",
    bar: "at least .152",
    run: tafeng_next_basket,
};

pub(crate) static UCI_NEW_PRODUCTS: Case = Case {
    name: "uci_new_products",
    what: "Products a wholesaler's customer buys for the first time after 2011-09-01",
    unit: "recall@20 over all targets",
    bar: "recall@20 at least .082 and NDCG@20 at least .116",
    run: uci_new_products,
};

/// Metric values of one method on one task.
fn measured(
    task: &Task,
    method: &Method,
    metrics: &[RankingMetric],
    k: usize,
) -> anyhow::Result<Vec<Vec<f64>>> {
    let fitted = method.fit(&task.known, task.as_of_days, 1)?;
    let lists = fitted.ranked_all(&task.known, task.as_of_days, k, task.seen)?;
    let customers: Vec<RankedCustomer<'_>> = task
        .targets
        .iter()
        .zip(&lists)
        .map(|(targets, listed)| RankedCustomer { targets, listed })
        .collect();
    Ok(metrics
        .iter()
        .map(|metric| metric.per_customer(&customers, k))
        .collect())
}

/// The method with the largest mean of the first metric on the inner task, of those that find something to learn from:
/// one that looks at the last weeks finds nothing where the data have no days.
fn chosen<'a>(
    inner: &Task,
    methods: &'a [Method],
    metrics: &[RankingMetric],
    k: usize,
) -> anyhow::Result<Option<&'a Method>> {
    let mut best: Option<(f64, &Method)> = None;
    for method in methods {
        let values = match measured(inner, method, &metrics[..1], k) {
            Err(e) if matches!(e.downcast_ref(), Some(FitError::NothingSeen { .. })) => continue,
            other => other?,
        };
        let mean = values[0].iter().sum::<f64>() / values[0].len().max(1) as f64;
        if best.is_none_or(|(most, _)| mean > most) {
            best = Some((mean, method));
        }
    }
    Ok(best.map(|(_, method)| method))
}

/// What was chosen on the inner task, and how it did on the test.
struct Found<'a> {
    method: &'a Method,
    /// Per metric, per customer.
    values: Vec<Vec<f64>>,
    /// Per metric.
    intervals: Vec<Interval>,
    note: String,
}

/// Chooses on `inner`, measures on `test`.
fn chosen_and_measured<'a>(
    ctx: &Ctx,
    inner: &Task,
    test: &Task,
    methods: &'a [Method],
    metrics: &[RankingMetric],
    k: usize,
) -> anyhow::Result<Option<Found<'a>>> {
    let started = Instant::now();
    let Some(method) = chosen(inner, methods, metrics, k)? else {
        return Ok(None);
    };
    let choosing_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let values = measured(test, method, metrics, k)?;
    let seconds = started.elapsed().as_secs_f64();
    let intervals = values
        .iter()
        .map(|values| interval(values, &bootstrap(ctx)))
        .collect::<Result<Vec<_>, _>>()?;
    let written = serde_json::to_string(method)?;
    let note = format!(
        "chosen of {} in {choosing_seconds:.1} s, fitted and ranked in {seconds:.1} s: {written}",
        methods.len()
    );
    Ok(Some(Found {
        method,
        values,
        intervals,
        note,
    }))
}

fn bootstrap(ctx: &Ctx) -> Bootstrap {
    Bootstrap {
        seed: ctx.seed,
        ..Bootstrap::default()
    }
}

/// Memory that a method of the product may take, as in its example file.
const MEMORY_MAX: u64 = 1 << 30;

/// What the product itself would choose among its candidates for the placement `for_you`, and how that does.
fn of_the_product(
    ctx: &Ctx,
    inner: &Task,
    test: &Task,
    metrics: &[RankingMetric],
    k: usize,
) -> anyhow::Result<String> {
    let size = recommend::Size {
        n_customers: test.known.n_customers() as u64,
        n_items: test.known.n_items() as u64,
        n_events: test.known.n_events() as u64,
    };
    let mut methods = recommend::candidates(Placement::ForYou, test.seen);
    let all = methods.len();
    methods.retain(|method| method.memory_needed(&size) <= MEMORY_MAX);
    if ctx.size == crate::case::Size::Small {
        // One of each sort, the quick ones of them: the others only take longer.
        methods.retain(|m| {
            matches!(
                m,
                Method::Popularity(_) | Method::Frequency(_) | Method::ItemKnn(_)
            )
        });
    }
    let tried = methods.len();
    let Some(found) = chosen_and_measured(ctx, inner, test, &methods, metrics, k)? else {
        return Ok(
            "; the product's own candidates look at days, which these data do not have".to_owned(),
        );
    };
    let values: Vec<String> = found
        .intervals
        .iter()
        .map(|i| format!("{:.4} [{:.4}, {:.4}]", i.mean, i.low, i.high))
        .collect();
    Ok(format!(
        "; the product's own candidates, {tried} of {all} within 1 GiB: {} with {}",
        values.join(" and "),
        serde_json::to_string(found.method)?
    ))
}

/// What keeping 400 weights per item costs in NDCG, and the time of one customer's scores on one thread.
fn cut_in_words(
    ctx: &Ctx,
    test: &Task,
    found: &Found<'_>,
    metrics: &[RankingMetric],
    k: usize,
) -> anyhow::Result<String> {
    let Method::Ease(params) = found.method else {
        return Ok(String::new());
    };
    let cut = Method::Ease(EaseParams {
        neighbours: Some(400),
        ..*params
    });
    let values = measured(test, &cut, &metrics[..1], k)?;
    let lost = paired_difference(&found.values[0], &values[0], &bootstrap(ctx))?;
    let fitted = cut.fit(&test.known, test.as_of_days, 1)?;
    let mut scores = vec![0.0; test.known.n_items()];
    let started = Instant::now();
    for history in test.known.histories() {
        fitted.score_into(history, test.as_of_days, &mut scores)?;
    }
    let micros = started.elapsed().as_secs_f64() * 1e6 / test.known.n_customers() as f64;
    Ok(format!(
        "; with 400 weights per item NDCG loses {:.4} [{:.4}, {:.4}] and scores of {} items take {micros:.0} µs a customer",
        lost.mean,
        lost.low,
        lost.high,
        scores.len()
    ))
}

fn in_words(name: &str, found: &Interval) -> String {
    let Interval {
        mean,
        low,
        high,
        n_customers,
    } = found;
    format!("{name} {mean:.4} [{low:.4}, {high:.4}] over {n_customers} customers")
}

fn everything() -> PopularityParams {
    PopularityParams { decay: Decay::None }
}

fn ease(l2: f64, history: Decay, demand: Option<RecentDemand>) -> Method {
    Method::Ease(EaseParams {
        l2,
        history,
        demand,
        neighbours: None,
        fallback: everything(),
    })
}

fn movielens_methods() -> Vec<Method> {
    let recent = Decay::PerBasket { kept: 0.8 };
    let transitions = |to_exponent| {
        Method::Transitions(TransitionParams {
            window_baskets: 10,
            gap_exponent: 0.8,
            from_exponent: 0.7,
            to_exponent,
            history: recent,
            demand: None,
            neighbours: None,
            fallback: everything(),
        })
    };
    let next_item = |l2| {
        Method::NextItem(NextItemParams {
            l2,
            context_kept: 0.8,
            window_baskets: 15,
            to_exponent: 0.15,
            history: recent,
            demand: None,
            neighbours: None,
            fallback: everything(),
        })
    };
    let long = || ease(300.0, Decay::PerBasket { kept: 0.97 }, None);
    let blend = |first, weight| {
        Method::Blend(vec![
            BlendMember {
                weight: 1.0,
                method: first,
            },
            BlendMember {
                weight,
                method: long(),
            },
        ])
    };
    vec![
        Method::Popularity(everything()),
        ease(300.0, Decay::None, None),
        ease(300.0, Decay::PerBasket { kept: 0.9 }, None),
        transitions(0.2),
        transitions(0.3),
        next_item(300.0),
        next_item(500.0),
        blend(transitions(0.2), 0.3),
        blend(next_item(500.0), 0.2),
        blend(next_item(500.0), 0.3),
        blend(next_item(500.0), 0.4),
    ]
}

fn movielens_next_item(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(MOVIELENS) else {
        return Ok(NO_DATA);
    };
    let every = ctx.pick(20, 1);
    let (inner, test) = (movielens(&path, 1, every)?, movielens(&path, 2, every)?);
    let methods = ctx.pick(movielens_methods()[..4].to_vec(), movielens_methods());
    let metrics = [RankingMetric::Ndcg, RankingMetric::HitRate];
    let chosen = chosen_and_measured(ctx, &inner, &test, &methods, &metrics, 10)?
        .context("no method to choose from")?;
    let (found, note) = (&chosen.intervals, &chosen.note);
    let own = of_the_product(ctx, &inner, &test, &metrics, 10)?;
    let holds = found[1].mean >= 0.275 && found[0].mean >= 0.161;
    Ok(Outcome::Measured(Measured {
        value: found[1].mean,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none(
            "published: SASRec .2500 / .1341, BERT4Rec .2843 / .1537, SASRec+CE .3152 / .1821 (antklen/sasrec-bert4rec-recsys23)",
        ),
        split: "split 0 learns and split 1 chooses; then splits 0 and 1 learn and split 2 judges; all films but those seen",
        note: format!(
            "{}, {}; {note}{own}",
            in_words("HR@10", &found[1]),
            in_words("NDCG@10", &found[0])
        ),
        child: None,
    }))
}

fn tafeng_methods() -> Vec<Method> {
    let mut methods = vec![Method::Popularity(everything())];
    for kept in [1.0, 0.97, 0.95, 0.9] {
        for prior_kept in [0.9, 0.6, 0.3] {
            for prior_purchases in [0.1, 100.0, 150.0, 200.0, 300.0] {
                methods.push(Method::Frequency(FrequencyParams {
                    history: Decay::PerBasket { kept },
                    prior_purchases,
                    prior: PopularityParams {
                        decay: Decay::PerBasket { kept: prior_kept },
                    },
                    waits_for_interval: false,
                }));
            }
        }
    }
    methods
}

fn tafeng_next_basket(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(folder) = ctx.data_file("tafeng_nbr") else {
        return Ok(NO_DATA);
    };
    let every = ctx.pick(20, 1);
    let (inner, test) = (
        tafeng(&folder, true, every)?,
        tafeng(&folder, false, every)?,
    );
    let metrics = [
        RankingMetric::Recall(RecallOver::Targets),
        RankingMetric::Ndcg,
    ];
    let methods = ctx.pick(tafeng_methods()[..8].to_vec(), tafeng_methods());
    let chosen = chosen_and_measured(ctx, &inner, &test, &methods, &metrics, 10)?
        .context("no method to choose from")?;
    let (found, note) = (&chosen.intervals, &chosen.note);
    let own = of_the_product(ctx, &inner, &test, &metrics, 10)?;
    Ok(Outcome::Measured(Measured {
        value: found[0].mean,
        verdict: Verdict::at_full_size(ctx, found[0].mean >= 0.152),
        peer: Peer::none(
            "computed with numpy on the same split: TIFU-KNN .1305, personal then global .1350",
        ),
        split: "the last known basket chooses; then all known baskets learn and the future one judges",
        note: format!(
            "{}, {}; {note}{own}",
            in_words("recall@10", &found[0]),
            in_words("NDCG@10", &found[1])
        ),
        child: None,
    }))
}

/// 2011-06-01 and 2011-09-01, in days since 1970.
const UCI_INNER_DAYS: f64 = 15_126.0;
const UCI_CUT_DAYS: f64 = 15_218.0;

fn uci_methods() -> Vec<Method> {
    let mut methods = vec![Method::Popularity(everything())];
    methods.push(Method::Popularity(PopularityParams {
        decay: Decay::PerDay {
            half_life_days: 15.0,
        },
    }));
    methods.push(ease(300.0, Decay::None, None));
    for l2 in [300.0, 1000.0, 2000.0] {
        for half_life_days in [100.0, 200.0] {
            for demand_days in [7.0, 15.0, 30.0] {
                let demand = RecentDemand {
                    half_life_days: demand_days,
                    exponent: 1.0,
                };
                methods.push(ease(l2, Decay::PerDay { half_life_days }, Some(demand)));
            }
        }
    }
    methods
}

fn uci_new_products(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file("uci_online_retail/online_retail_2y.parquet") else {
        return Ok(NO_DATA);
    };
    let (inner, test) = (
        uci(&path, UCI_INNER_DAYS, UCI_CUT_DAYS)?,
        uci(&path, UCI_CUT_DAYS, f64::INFINITY)?,
    );
    let methods = ctx.pick(uci_methods()[..2].to_vec(), uci_methods());
    let metrics = [
        RankingMetric::Ndcg,
        RankingMetric::Recall(RecallOver::Targets),
    ];
    let chosen = chosen_and_measured(ctx, &inner, &test, &methods, &metrics, 20)?
        .context("no method to choose from")?;
    let (found, note) = (&chosen.intervals, &chosen.note);
    let cut = cut_in_words(ctx, &test, &chosen, &metrics, 20)?;
    let own = of_the_product(ctx, &inner, &test, &metrics, 20)?;
    Ok(Outcome::Measured(Measured {
        value: found[1].mean,
        verdict: Verdict::at_full_size(ctx, found[1].mean >= 0.082 && found[0].mean >= 0.116),
        peer: Peer::none(
            "computed with numpy on the same split: plain EASE .0649 / .0900, iALS .0596 / .0854, popularity .0268 / .0425",
        ),
        split: "before 2011-06-01 learns and the summer chooses; then before 2011-09-01 learns and the rest judges",
        note: format!(
            "{}, {}; {note}{cut}{own}",
            in_words("recall@20", &found[1]),
            in_words("NDCG@20", &found[0])
        ),
        child: None,
    }))
}

fn ease_vs_numpy(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(MOVIELENS) else {
        return Ok(NO_DATA);
    };
    let every = ctx.pick(20, 1);
    let rows = customer_rows(&movielens(&path, 2, every)?.known)?;
    let l2 = 300.0;
    let started = Instant::now();
    let ours = ease_weights(&rows, l2)?;
    let seconds = started.elapsed().as_secs_f64();
    let theirs_path = scratch("ease_vs_numpy.f32")?;
    let (every, l2) = (every.to_string(), l2.to_string());
    let peer = Peer::ask(
        ctx,
        "ease_numpy.py",
        &[&every, &l2, &theirs_path.to_string_lossy()],
    );
    let theirs = fs_err::read(&theirs_path).unwrap_or_default();
    // A file left behind costs disk and nothing else.
    let _ = fs_err::remove_file(&theirs_path);
    let measured = |verdict, peer, note| {
        Ok(Outcome::Measured(Measured {
            value: seconds,
            verdict,
            peer,
            split: "MovieLens-1M, splits 0 and 1",
            note,
            child: None,
        }))
    };
    let n = rows.n_columns();
    let Peer::Measured(of_numpy) = &peer else {
        let note = format!("{n} items; numpy was not asked, so no weight was compared");
        return measured(Verdict::NotJudged, peer, note);
    };
    anyhow::ensure!(
        theirs.len() == ours.len() * 4,
        "numpy wrote {} weights of {}",
        theirs.len() / 4,
        ours.len()
    );
    let largest = ours
        .iter()
        .zip(theirs.chunks_exact(4))
        .map(|(ours, bytes)| {
            (ours - f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).abs()
        })
        .fold(0.0f32, f32::max);
    let holds = largest <= 1e-6 && seconds <= of_numpy.value;
    let note = format!("{n} items, one after the other; largest difference {largest:.1e}");
    let verdict = Verdict::at_full_size(ctx, holds);
    measured(verdict, peer, note)
}

fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("comptoir-bench-{}", std::process::id()));
    fs_err::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

fn ials_vs_implicit(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(path) = ctx.data_file(MOVIELENS) else {
        return Ok(NO_DATA);
    };
    let every = ctx.pick(20, 1);
    let rows = customer_rows(&movielens(&path, 2, every)?.known)?;
    let params = IalsParams {
        rank: ctx.pick(16, 64),
        block: ctx.pick(16, 64),
        epochs: 15,
        cells: ImplicitCells {
            unobserved: Unobserved::OnlyUntouched,
            unobserved_weight: 1.0,
            observed_weight: 10.0,
            l2: 0.01,
            l2_frequency_exponent: 0.0,
        },
        init_scale: 0.1,
        history: Decay::None,
        fallback: everything(),
    };
    let started = Instant::now();
    let (customers, items) = Ials::factors(&rows, &params, ctx.seed)?;
    let seconds = started.elapsed().as_secs_f64();
    let loss = Ials::loss(&rows, &customers, &items, &params);
    let arguments =
        [every, params.rank as i32, params.epochs as i32].map(|number| number.to_string());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let peer = Peer::ask(ctx, "ials_implicit.py", &arguments);
    let (verdict, theirs) = match &peer {
        Peer::Absent(_) => (Verdict::NotJudged, f64::NAN),
        Peer::Measured(measured) => {
            let their_seconds = measured.seconds.unwrap_or(f64::NAN);
            (
                Verdict::at_full_size(ctx, loss <= measured.value && seconds < their_seconds),
                their_seconds,
            )
        }
    };
    Ok(Outcome::Measured(Measured {
        value: loss,
        verdict,
        peer,
        split: "MovieLens-1M, splits 0 and 1: touched cells weigh 10, untouched 1, penalty .01",
        note: format!(
            "rank {}, {} epochs; ours {seconds:.2} s, implicit {theirs:.2} s, one after the other",
            params.rank, params.epochs
        ),
        child: None,
    }))
}
