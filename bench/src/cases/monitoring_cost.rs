//! What it costs to watch a server.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};

use super::api::{Load, PATH, Pace, Server, load, questions, stolen};
use super::measure::mean;
use super::program::{Folder, NO_PROGRAM, program, ran, shop};
use crate::case::{Case, Ctx, Measured, NO_DATA, Outcome, Size, Verdict};
use crate::child::child_processor_seconds;
use crate::http;
use crate::machine::ProcessorTime;
use crate::peer::Peer;

/// The same load on two servers of the same program, one watched and one not.
pub(crate) static MONITORING_COST: Case = Case {
    name: "monitoring_cost",
    what: "two servers beside each other, each asked 1,000 questions a second by chance for a minute, started anew ten times: processor time of the one with monitoring over that of the one without: requests noted by their parts, counted, one in a hundred sent to a collector, /metrics read every 15 s, records of how products answer, versions watched every minute",
    unit: "% more",
    bar: "≤ 3 % on average",
    run: monitoring_cost,
};

/// Time between two readings of the metrics, as collectors of them are usually set up.
const SCRAPED_EVERY: Duration = Duration::from_secs(15);

const PAIRS: usize = 10;

/// Seconds that a pair is asked.
const SECONDS: u64 = 60;

/// A shop with a champion that its gate let answer lately, and what its server is started with.
struct Served {
    shop: PathBuf,
    /// What holds the shop; removed with it.
    _folder: Folder,
    options: &'static [&'static str],
}

impl Served {
    /// - `settings`: lines of `[server]`.
    fn new(
        ctx: &Ctx,
        program: &Path,
        name: &str,
        settings: &str,
        options: &'static [&'static str],
    ) -> anyhow::Result<Self> {
        let folder = Folder::new(name)?;
        let shop = shop(program, &folder, ctx.pick("starter", "wholesaler"))?;
        // A version that its gate let answer is watched for so long.
        let watched = "[retraining]\nrolls_back_within_hours = 96\n\n[settings]";
        replace(&shop.join("products/for-you.toml"), "[settings]", watched)?;
        let server = format!("[server]\n{settings}\n");
        replace(&shop.join("comptoir.toml"), "[server]\n", &server)?;
        ran(program, &shop, &["import", "--quiet"], &[0])?;
        ran(program, &shop, &["run", "for-you", "--quiet"], &[0, 1])?;
        Ok(Self {
            shop,
            _folder: folder,
            options,
        })
    }
}

fn monitoring_cost(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    if ctx.size == Size::Full && ctx.data.is_none() {
        return Ok(NO_DATA);
    }
    let collector = Collector::start()?;
    let traces = format!("traces = \"http://{}/v1/traces\"", collector.address);
    let with = Served::new(ctx, &program, "watched", &traces, &[])?;
    let unwatched = "monitoring = false";
    let without = Served::new(ctx, &program, "unwatched", unwatched, &["--no-jobs"])?;
    let bodies = questions(&program, &with.shop)?;
    let each = ctx.fewer("COMPTOIR_BENCH_SECONDS", 2, SECONDS);
    let lasts = Duration::from_secs(each);
    let per_second = ctx.pick(50.0, 1_000.0);
    let processors = ProcessorTime::now();
    let (mut more, mut seconds, mut slowest) = (Vec::new(), [0.0; 2], f64::INFINITY);
    for pair in 0..PAIRS {
        // What else the machine does falls on both alike, since they are asked at the same time; which of them starts
        // first alternates.
        let mut turn = [&without, &with];
        turn.rotate_left(pair % 2);
        let servers = turn
            .iter()
            .map(|of| Server::start_with(&program, &of.shop, of.options))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let is_watched = |place: usize| (place + pair) % 2 == 1;
        // What is done once, when the first questions come, is not the point.
        asked(&servers, &bodies, per_second, lasts / 12, pair)?;
        let before = used(&servers)?;
        let stop = AtomicBool::new(false);
        let loads = std::thread::scope(|scope| {
            for (place, server) in servers.iter().enumerate() {
                if is_watched(place) {
                    scope.spawn(|| scrape(&server.address, &stop));
                }
            }
            let loads = asked(&servers, &bodies, per_second, lasts, pair);
            stop.store(true, Ordering::Relaxed);
            loads
        })?;
        let after = used(&servers)?;
        let mut of_pair = [0.0; 2];
        for place in 0..2 {
            of_pair[usize::from(is_watched(place))] = after[place] - before[place];
        }
        for load in &loads {
            slowest = slowest.min(load.per_second());
        }
        for server in servers {
            let status = server.stop()?;
            ensure!(status.success(), "a server ended with {status}");
        }
        let [without, with] = of_pair;
        ensure!(without > 0.0, "the server took no processor time");
        more.push(100.0 * (with / without - 1.0));
        seconds = [seconds[0] + without, seconds[1] + with];
    }
    let (mean, half) = mean(&more);
    let listed: Vec<String> = more.iter().map(|of| format!("{of:.1}")).collect();
    let spans = collector.received.load(Ordering::Relaxed);
    ensure!(
        ctx.size == Size::Small || spans > 0,
        "nothing was sent to the collector"
    );
    // As many as come in a minute by chance are 2 % fewer about once in a million minutes.
    let kept_up = slowest >= 0.98 * per_second;
    Ok(Outcome::Measured(Measured {
        value: mean,
        verdict: Verdict::at_full_size(ctx, mean <= 3.0 && kept_up && each == SECONDS),
        peer: Peer::none("the claim is about the program alone"),
        split: "none",
        note: format!(
            "{} % more, {mean:.1} ± {half:.1} (95 %, Student's t); {:.1} s of processors watched, {:.1} s not, for {PAIRS} times {:.0} s at {slowest:.0}/s at least; {spans} messages to the collector; {}; what decisions led to is worked out by reviews, in processes of their own (case portfolio_day)",
            listed.join(", "),
            seconds[1],
            seconds[0],
            lasts.as_secs_f64(),
            stolen(processors),
        ),
        child: None,
    }))
}

/// Asks both servers at once.
fn asked(
    servers: &[Server],
    bodies: &[String],
    per_second: f64,
    lasts: Duration,
    pair: usize,
) -> anyhow::Result<Vec<Load>> {
    std::thread::scope(|scope| {
        let asking: Vec<_> = servers
            .iter()
            .zip(2 * pair as u64..)
            .map(|(server, seed)| {
                let pace = Pace::Chance { per_second, seed };
                scope.spawn(move || load(&server.address, PATH, bodies, pace, lasts))
            })
            .collect();
        let joined = asking.into_iter().map(|asking| asking.join());
        joined
            .map(|load| load.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

/// Time of processors that servers have taken so far.
fn used(servers: &[Server]) -> anyhow::Result<Vec<f64>> {
    let of = servers.iter().map(|of| child_processor_seconds(&of.child));
    of.collect()
}

fn replace(file: &Path, from: &str, to: &str) -> anyhow::Result<()> {
    let text = fs_err::read_to_string(file)?;
    ensure!(text.contains(from), "{} has no {from}", file.display());
    Ok(fs_err::write(file, text.replacen(from, to, 1))?)
}

/// Reads the metrics as a collector of them does, until told to stop.
fn scrape(address: &str, stop: &AtomicBool) {
    const LOOK_EVERY: Duration = Duration::from_millis(100);
    let mut waited = SCRAPED_EVERY;
    while !stop.load(Ordering::Relaxed) {
        if waited >= SCRAPED_EVERY {
            // What was not read is read the next time.
            let _ = http::once(address, "GET", "/metrics", "");
            waited = Duration::ZERO;
        }
        std::thread::sleep(LOOK_EVERY);
        waited += LOOK_EVERY;
    }
}

/// Takes what is sent to it, and says that it is good.
struct Collector {
    address: String,
    received: Arc<AtomicU64>,
}

impl Collector {
    /// It ends with the process.
    fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        let received = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                // One that breaks off is the sender's to notice.
                std::thread::spawn(move || take(stream, &counted));
            }
        });
        Ok(Self { address, received })
    }
}

/// Reads messages of a connection until it ends.
fn take(stream: TcpStream, counted: &AtomicU64) -> anyhow::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut answers = stream;
    loop {
        let mut length = 0_u64;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim().to_lowercase();
            if let Some(told) = line.strip_prefix("content-length:") {
                length = told.trim().parse().context("the length of a message")?;
            }
            if line.is_empty() {
                break;
            }
        }
        std::io::copy(&mut (&mut reader).take(length), &mut std::io::sink())?;
        counted.fetch_add(1, Ordering::Relaxed);
        answers.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}
