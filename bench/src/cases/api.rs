//! The server under load, clients and server on the same machine.

use std::collections::{BTreeSet, VecDeque};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use math::random::stream;

use super::measure::exponential;
use super::program::{Folder, NO_PROGRAM, comptoir, program, ran, shop};
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Size, Verdict};
use crate::child::{ChildUse, peak_memory, resident_memory};
use crate::http::{self, Connection};
use crate::machine::ProcessorTime;
use crate::peer::Peer;

/// Recommendations for known customers, each durable in the log before it is answered.
pub(crate) static API_FOR_YOU: Case = Case {
    name: "api_for_you",
    what: "ten recommendations for a known customer of the wholesaler over HTTP, each decision synced to the log before it is answered; clients and server share the processors",
    unit: "decisions/s",
    bar: "≥ 5,000/s, and at 5,000/s for ten minutes: p99 ≤ 10 ms, no growth of memory, every answer in the table",
    run: api_for_you,
};

pub(super) const CONNECTIONS: usize = 32;
/// Where the questions go.
pub(super) const PATH: &str = "/v1/products/for-you/decide";
/// Of the time of both processors in a second: one tick of the system's clock.
const DISTURBED_PERCENT: f64 = 0.5;

/// A running server; killed if the case fails.
pub(super) struct Server {
    pub(super) child: Child,
    pub(super) address: String,
}

impl Server {
    pub(super) fn start(program: &Path, shop: &Path) -> anyhow::Result<Self> {
        Self::start_with(program, shop, &[])
    }

    /// - `options`: further ones of `comptoir serve`.
    pub(super) fn start_with(
        program: &Path,
        shop: &Path,
        options: &[&str],
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["serve", "--address", "127.0.0.1:0", "--output", "json"])
            .args(options)
            .current_dir(shop)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start the server")?;
        let out = child.stdout.take().context("the server's output")?;
        let mut told = String::new();
        for line in BufReader::new(out).lines() {
            told.push_str(&line?);
            if told.ends_with('}') {
                break;
            }
        }
        let told: serde_json::Value =
            serde_json::from_str(&told).with_context(|| format!("the server said `{told}`"))?;
        let address = told["address"].as_str().context("the server's address")?;
        Ok(Self {
            address: address.trim_start_matches("http://").to_owned(),
            child,
        })
    }

    /// Asks it to end and waits until its decisions are in the lake.
    pub(super) fn stop(mut self) -> anyhow::Result<std::process::ExitStatus> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, or the case failed: there is nothing more to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// When requests leave.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// Each connection asks again as soon as it has its answer.
    Closed,
    /// So many a second over all connections, however long answers take: times count from when a request was due.
    Open { per_second: f64 },
    /// So many a second on average, by chance as customers come (a Poisson process), so that two servers which are asked
    /// at the same time meet each other in every phase.
    Chance { per_second: f64, seed: u64 },
}

/// What a load measured.
pub(super) struct Load {
    pub(super) seconds: f64,
    /// Sorted by how long they took.
    answered: Vec<Answered>,
}

/// One answer.
#[derive(Clone, Copy)]
struct Answered {
    /// When the request was due, in seconds since the load began.
    due_second: u32,
    micros: u32,
}

/// - `sorted`: microseconds, at least one.
fn quantile_ms(sorted: &[u32], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    let at = rank.clamp(1, sorted.len()) - 1;
    f64::from(sorted[at]) / 1_000.0
}

impl Load {
    fn new(mut answered: Vec<Answered>, seconds: f64) -> Self {
        answered.sort_unstable_by_key(|a| a.micros);
        Self { seconds, answered }
    }

    pub(super) fn answers(&self) -> usize {
        self.answered.len()
    }

    pub(super) fn per_second(&self) -> f64 {
        self.answers() as f64 / self.seconds
    }

    pub(super) fn quantile_ms(&self, q: f64) -> f64 {
        self.quantile_within_ms(q, |_| true).unwrap_or(f64::NAN)
    }

    /// Of the requests due in some of the seconds; `None` where there are none.
    fn quantile_within_ms(&self, q: f64, within: impl Fn(u32) -> bool) -> Option<f64> {
        let those = self.answered.iter().filter(|a| within(a.due_second));
        let sorted: Vec<u32> = those.map(|a| a.micros).collect();
        (!sorted.is_empty()).then(|| quantile_ms(&sorted, q))
    }

    /// The 99th percentile of each minute, in words: `2.1, 2.3, …`.
    pub(super) fn minutes(&self) -> String {
        let p99 = |minute| self.quantile_within_ms(0.99, |second| second / 60 == minute);
        let minutes: Vec<String> = (0..).map_while(p99).map(|ms| format!("{ms:.1}")).collect();
        minutes.join(", ")
    }
}

/// Asks for a while: what is due next leaves on whatever connection is free.
pub(super) fn load(
    address: &str,
    path: &str,
    bodies: &[String],
    pace: Pace,
    lasts: Duration,
) -> anyhow::Result<Load> {
    let mut connections = (0..CONNECTIONS)
        .map(|_| Connection::open(address))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut free: VecDeque<usize> = (0..CONNECTIONS).collect();
    let mut due_on = [Duration::ZERO; CONNECTIONS];
    let mut answered = Vec::new();
    let mut requests = 0_usize;
    let seed = match pace {
        Pace::Chance { seed, .. } => seed,
        Pace::Closed | Pace::Open { .. } => 0,
    };
    let mut random = stream(seed, 0);
    let mut next_second = 0.0;
    let began = Instant::now();
    loop {
        let due = match pace {
            Pace::Closed => began.elapsed(),
            Pace::Open { .. } | Pace::Chance { .. } => Duration::from_secs_f64(next_second),
        };
        // By the clock too: a server that falls behind is not waited for.
        let now = began.elapsed();
        let over = due.max(now) >= lasts;
        if over && free.len() == CONNECTIONS {
            break;
        }
        let until_due = match free.front() {
            Some(&n) if !over && due <= now => {
                free.pop_front();
                connections[n].ask(path, &bodies[requests % bodies.len()])?;
                due_on[n] = due;
                requests += 1;
                next_second = match pace {
                    Pace::Closed => 0.0,
                    Pace::Open { per_second } => requests as f64 / per_second,
                    Pace::Chance { per_second, .. } => {
                        next_second + exponential(&mut random) / per_second
                    }
                };
                continue;
            }
            Some(_) if !over => Some(due - now),
            _ => None,
        };
        for n in http::wait(&connections, until_due)? {
            if connections[n].answered()? {
                let took = began.elapsed().saturating_sub(due_on[n]);
                answered.push(Answered {
                    due_second: u32::try_from(due_on[n].as_secs()).unwrap_or(u32::MAX),
                    micros: u32::try_from(took.as_micros()).unwrap_or(u32::MAX),
                });
                free.push_back(n);
            }
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    ensure!(!answered.is_empty(), "nothing was answered");
    Ok(Load::new(answered, seconds))
}

/// What is seen of a load from outside, once a second.
struct Look {
    resident: Option<u64>,
    processors: Option<ProcessorTime>,
}

/// Looks when a load begins and after each second of it, until told to stop.
fn watch(child: &Child, stop: &AtomicBool) -> Vec<Look> {
    let began = Instant::now();
    let mut looks = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let due = Duration::from_secs(looks.len() as u64);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        looks.push(Look {
            resident: resident_memory(child),
            processors: ProcessorTime::now(),
        });
    }
    looks
}

/// The seconds in which, and in the one before which, the host left the processors alone: what waits for one that was
/// taken away is answered a moment later.
fn undisturbed(looks: &[Look]) -> BTreeSet<u32> {
    let calm: Vec<bool> = looks
        .windows(2)
        .map(|pair| match (pair[0].processors, pair[1].processors) {
            (Some(before), Some(after)) => after.stolen_percent_since(before) <= DISTURBED_PERCENT,
            _ => false,
        })
        .collect();
    (1_u32..)
        .zip(calm.windows(2))
        .filter(|(_, pair)| pair[0] && pair[1])
        .map(|(second, _)| second)
        .collect()
}

/// What the host took of the processors since, in words.
pub(super) fn stolen(before: Option<ProcessorTime>) -> String {
    match (before, ProcessorTime::now()) {
        (Some(before), Some(after)) => format!(
            "{:.1} % of the processors taken by the host",
            after.stolen_percent_since(before)
        ),
        _ => "what the host took is unknown".to_owned(),
    }
}

/// What a query answers, one JSON object a line.
pub(super) fn query(
    program: &Path,
    folder: &Path,
    sql: &str,
) -> anyhow::Result<Vec<serde_json::Value>> {
    let output = comptoir(program, folder, &["query", sql, "--output", "json"])
        .stdout(Stdio::piped())
        .output()?;
    ensure!(output.status.success(), "the query `{sql}` failed");
    let text = String::from_utf8(output.stdout)?;
    text.lines()
        .map(|line| Ok(serde_json::from_str(line)?))
        .collect()
}

/// One question for ten recommendations about each customer of a shop, at least one.
pub(super) fn questions(program: &Path, shop: &Path) -> anyhow::Result<Vec<String>> {
    let known = "SELECT DISTINCT customer_id FROM sales WHERE customer_id IS NOT NULL ORDER BY 1";
    let bodies: Vec<String> = query(program, shop, known)?
        .iter()
        .map(|row| {
            serde_json::json!({"customer_id": row["customer_id"], "placement": "for_you", "items": 10})
                .to_string()
        })
        .collect();
    ensure!(!bodies.is_empty(), "the shop has no customers");
    Ok(bodies)
}

fn api_for_you(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.size == Size::Full && ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let folder = Folder::new("api")?;
    let shop = shop(&program, &folder, ctx.pick("starter", "wholesaler"))?;
    ran(&program, &shop, &["import", "--quiet"], &[0])?;
    ran(&program, &shop, &["run", "for-you", "--quiet"], &[0, 1])?;
    let bodies = questions(&program, &shop)?;

    let server = Server::start(&program, &shop)?;
    let address = server.address.as_str();
    let seconds = |small, full| Duration::from_secs(ctx.pick(small, full));
    let warm = load(address, PATH, &bodies, Pace::Closed, seconds(1, 5))?;
    let most = load(address, PATH, &bodies, Pace::Closed, seconds(1, 30))?;
    let per_second = ctx.pick(50.0, 5_000.0);
    let stop = AtomicBool::new(false);
    let processors = ProcessorTime::now();
    let (steady, looks) = std::thread::scope(|scope| {
        let watched = scope.spawn(|| watch(&server.child, &stop));
        let steady = load(
            address,
            PATH,
            &bodies,
            Pace::Open { per_second },
            seconds(2, 600),
        );
        stop.store(true, Ordering::Relaxed);
        (steady, watched.join().expect("looking does not panic"))
    });
    let steady = steady?;
    let stolen = stolen(processors);
    let peak_memory_bytes = peak_memory(&server.child);
    let answered = warm.answers() + most.answers() + steady.answers();
    let status = server.stop()?;
    ensure!(status.success(), "the server ended with {status}");
    let counted = query(
        &program,
        &shop,
        "SELECT COUNT(*) AS n FROM decisions WHERE position = 1",
    )?;
    let logged = counted[0]["n"].as_u64().context("the count")?;

    let memory: Vec<u64> = looks.iter().filter_map(|look| look.resident).collect();
    let (first, second) = memory.split_at(memory.len() / 2);
    let peak = |half: &[u64]| half.iter().max().copied().unwrap_or(0) as f64 / f64::from(1 << 20);
    let (before, after) = (peak(first), peak(second));
    let p99 = steady.quantile_ms(0.99);
    let calm = undisturbed(&looks);
    let calm_p99 = steady.quantile_within_ms(0.99, |second| calm.contains(&second));
    let told = match calm_p99 {
        Some(ms) => format!("p99 {ms:.1} ms in the {} seconds left alone", calm.len()),
        None => "no second left alone".to_owned(),
    };
    let holds = most.per_second() >= 5_000.0
        && steady.per_second() >= 0.999 * per_second
        && p99 <= 10.0
        && after <= before * 1.05
        && logged == answered as u64;
    let note = format!(
        "{CONNECTIONS} connections; as fast as answers come: p50 {:.1} ms, p99 {:.1} ms; {:.0}/s for {:.0} s: p50 {:.1} ms, p99 {p99:.1} ms (by minute {}), longest {:.0} ms, {stolen}, {told}; largest memory of the first half {before:.0} MiB, of the second {after:.0} MiB; {answered} answered, {logged} in the table",
        most.quantile_ms(0.5),
        most.quantile_ms(0.99),
        steady.per_second(),
        steady.seconds,
        steady.quantile_ms(0.5),
        steady.minutes(),
        steady.quantile_ms(1.0),
    );
    let child = ChildUse {
        seconds: warm.seconds + most.seconds + steady.seconds,
        peak_memory_bytes,
        status,
    };
    Ok(outcome(ctx, &most, holds, note, child))
}

/// What loads of a server measured, by the most that it answered.
pub(super) fn outcome(
    ctx: &Ctx,
    most: &Load,
    holds: bool,
    note: String,
    child: ChildUse,
) -> Outcome {
    Outcome::Measured(Measured {
        value: most.per_second(),
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("the claim is about the program alone"),
        split: "none",
        note,
        child: Some(child),
    })
}
