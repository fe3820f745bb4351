//! The way of a version from a file of sales to the shop, killed at random moments.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use math::random::stream;
use rand_chacha::ChaCha8Rng;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::clock::Clock;
use super::measure::uniform;
use super::program::{Folder, NO_PROGRAM, program, shop};
use crate::case::{Case, Ctx, Measured, Outcome, Verdict};
use crate::http;
use crate::peer::Peer;

/// `kill -9` of the program at any moment of a version's way.
pub(crate) static KILL_ANYWHERE: Case = Case {
    name: "kill_anywhere",
    what: "kill -9 at random moments of import, training, answers in the shadow and promotion: kills that left a state that is neither the one before the step nor the one after it",
    unit: "kills",
    bar: "0 of 200 kills; each chain ends, no answer is lost or there twice, audit intact",
    run: kill_anywhere,
};

const NO_CLOCK: Outcome = Outcome::Skipped("a clock that can be set needs Linux and a C compiler");

/// What a version goes through, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Import,
    Train,
    Shadow,
    Promote,
}

const STEPS: [Step; 4] = [Step::Import, Step::Train, Step::Shadow, Step::Promote];

impl Step {
    fn told(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Train => "training",
            Self::Shadow => "shadow",
            Self::Promote => "promotion",
        }
    }
}

/// Answers in the shadow that the product's file asks for.
const IN_SHADOW: u64 = 20;

/// The hour in the shadow that it asks for, and a minute.
const SHADOW_SECONDS: i64 = 61 * 60;

/// How long an undisturbed step may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Time between two looks at a server.
const LOOK_EVERY: Duration = Duration::from_millis(20);

fn kill_anywhere(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let kills = ctx.fewer("COMPTOIR_KILLS", 6, 200);
    let folder = Folder::new("kill")?;
    let Some(clock) = Clock::new(&folder.0)? else {
        return Ok(NO_CLOCK);
    };
    let mut chain = Chain::begin(&program, &folder, clock)?;
    let mut random = stream(ctx.seed, 0);
    while chain.killed() < kills {
        // The few of the small size fall in every step.
        chain.disturbed(&mut random, ctx.pick(1, 2), kills)?;
    }
    ensure!(
        chain.killed() >= kills,
        "only {} kills fell within a step",
        chain.killed()
    );
    let tally = &chain.tally;
    let by_step: Vec<String> = STEPS
        .iter()
        .zip(&tally.kills)
        .map(|(step, [before, after])| {
            let name = step.told();
            format!(
                "{name} {} ({before} as before, {after} as after)",
                before + after
            )
        })
        .collect();
    let wrong = tally.wrong.len();
    let note = format!(
        "{} chains; kills by step: {}; {} after the step had ended; {} answers given, each once in the table; an \
         undisturbed chain takes {:.1} s; audit intact{}",
        chain.number,
        by_step.join(", "),
        tally.too_late,
        chain.answered.len(),
        chain.lasts.iter().sum::<Duration>().as_secs_f64(),
        tally
            .wrong
            .first()
            .map(|first| format!("; first wrong: {first}"))
            .unwrap_or_default()
    );
    let holds = wrong == 0;
    Ok(Outcome::Measured(Measured {
        value: wrong as f64,
        // A single state between is wrong at any size.
        verdict: match holds {
            true => Verdict::at_full_size(ctx, kills >= 200),
            false => Verdict::Fails,
        },
        peer: Peer::none("the claim is about the program alone"),
        split: "the starter shop, one more sale, one more version a chain",
        note,
        child: None,
    }))
}

/// What can be told apart from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct State {
    sales: u64,
    versions: u64,
    champion: u64,
    challenger: Option<u64>,
}

impl State {
    /// As it is after a step.
    fn after(self, step: Step) -> Self {
        match step {
            Step::Import => Self {
                sales: self.sales + 1,
                ..self
            },
            Step::Train => Self {
                versions: self.versions + 1,
                challenger: Some(self.versions + 1),
                ..self
            },
            Step::Shadow => self,
            Step::Promote => Self {
                champion: self.challenger.unwrap_or(self.champion),
                challenger: None,
                ..self
            },
        }
    }
}

/// What became of the kills.
#[derive(Debug, Default)]
struct Tally {
    /// Of each step: kills that left all as before it, and as after it.
    kills: [[u64; 2]; STEPS.len()],
    too_late: u64,
    wrong: Vec<String>,
}

/// A shop, and how far it has come.
struct Chain {
    program: PathBuf,
    shop: PathBuf,
    clock: Clock,
    /// Seconds that its clock is ahead.
    ahead: i64,
    header: String,
    sale: String,
    number: u64,
    lasts: [Duration; STEPS.len()],
    /// Decisions that were answered.
    answered: BTreeSet<String>,
    state: State,
    tally: Tally,
}

impl Chain {
    /// A shop with a champion, and one chain that nobody disturbed.
    fn begin(program: &Path, folder: &Folder, clock: Clock) -> anyhow::Result<Self> {
        let shop = shop(program, folder, "starter")?;
        let source = shop.join("sources/sales.toml");
        let text = fs_err::read_to_string(&source)?;
        fs_err::write(&source, text.replace("raw/sales.csv", "raw/*.csv"))?;
        let product = shop.join("products/for-you.toml");
        let text = fs_err::read_to_string(&product)?;
        let asks = format!(
            "[retraining]\nshadow_hours = 1\nshadow_answers_min = {IN_SHADOW}\n\n[settings]"
        );
        fs_err::write(&product, text.replacen("[settings]", &asks, 1))?;
        for other in ["segments", "value"] {
            fs_err::remove_file(shop.join(format!("products/{other}.toml")))?;
        }
        let sales = fs_err::read_to_string(shop.join("raw/sales.csv"))?;
        let mut lines = sales.lines();
        let both = lines.next().zip(lines.next());
        let (header, example) = both.context("the shop has sales")?;
        let (_, sale) = example.split_once(',').context("a sale has columns")?;
        let mut chain = Self {
            program: program.to_owned(),
            header: header.to_owned(),
            sale: sale.to_owned(),
            shop,
            clock,
            ahead: 0,
            number: 0,
            lasts: [Duration::ZERO; STEPS.len()],
            answered: BTreeSet::new(),
            state: State {
                sales: 0,
                versions: 0,
                champion: 0,
                challenger: None,
            },
            tally: Tally::default(),
        };
        for arguments in [
            &["import", "--quiet"][..],
            &["run", "for-you", "--quiet"],
            &[
                "promote",
                "for-you",
                "1",
                "--despite-gate",
                "--why",
                "the first",
            ],
        ] {
            let status = chain.command(arguments).status()?;
            // The gate may say no, or have let it answer already.
            let fine = status.success() || arguments[0] != "import";
            ensure!(fine, "comptoir {} ended with {status}", arguments.join(" "));
        }
        chain.state = chain.seen()?;
        chain.begins()?;
        for step in STEPS {
            chain.whole(step)?;
        }
        chain.ends()?;
        Ok(chain)
    }

    fn killed(&self) -> u64 {
        self.tally.kills.iter().flatten().sum::<u64>() + self.tally.wrong.len() as u64
    }

    /// One chain with so many kills in each of its steps, up to `most` in all chains.
    fn disturbed(&mut self, random: &mut ChaCha8Rng, a_step: u64, most: u64) -> anyhow::Result<()> {
        self.begins()?;
        for (at, step) in STEPS.into_iter().enumerate() {
            let (before, after) = (self.state, self.state.after(step));
            let mut is_done = false;
            for _ in 0..a_step {
                if is_done || self.killed() >= most {
                    break;
                }
                // Late moments more often than early ones: there it is that what was done is written down.
                let moment = self.lasts[at].mul_f64(uniform(random).sqrt());
                if !self.does(step, Some(moment))? {
                    self.tally.too_late += 1;
                    is_done = true;
                    break;
                }
                let seen = self.seen().and_then(|seen| {
                    self.good(&["audit", "--verify"])?;
                    Ok(seen)
                });
                let seen = seen.with_context(|| format!("{} killed after {moment:?}", step.told()));
                match seen {
                    // Answers in the shadow change nothing that is seen here: they are looked for at the end.
                    Ok(seen) if seen == before => self.tally.kills[at][0] += 1,
                    Ok(seen) if seen == after => {
                        self.tally.kills[at][1] += 1;
                        is_done = true;
                    }
                    Ok(seen) => {
                        let number = self.number;
                        let what = format!(
                            "chain {number}, {} killed after {moment:?}: {seen:?}, before {before:?}",
                            step.told()
                        );
                        self.tally.wrong.push(what);
                        // What follows is told by what there is.
                        self.state = seen;
                        return Ok(());
                    }
                    Err(error) => return Err(error),
                }
            }
            if is_done {
                self.state = after;
            } else {
                self.whole(step)?;
            }
        }
        self.ends()
    }

    /// One more sale is there.
    fn begins(&mut self) -> anyhow::Result<()> {
        self.number += 1;
        let text = format!("{}\nK{},{}\n", self.header, self.number, self.sale);
        let file = self.shop.join(format!("raw/kill-{}.csv", self.number));
        Ok(fs_err::write(file, text)?)
    }

    /// All that was answered is in the table once, nothing is half done, and the champion can answer.
    fn ends(&mut self) -> anyhow::Result<()> {
        // What a killed server has logged comes to the table with the next one.
        self.served(None, |_, _| Ok(true))?;
        self.good(&["audit", "--verify"])?;
        self.good(&["doctor"])?;
        let sql = "SELECT COUNT(*) AS n FROM runs WHERE version IS NOT NULL AND state = 'running'";
        ensure!(
            self.json(&["query", sql])?["n"] == 0,
            "a version is registered, and its run has not ended"
        );
        let sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT decision_id || '/' || position) AS d FROM decisions";
        let row = self.json(&["query", sql])?;
        ensure!(row["n"] == row["d"], "decisions are there twice: {row}");
        let sql = "SELECT COUNT(*) AS n, COUNT(DISTINCT decision_id || '/' || version || '/' || position) AS d FROM shadow_answers";
        let row = self.json(&["query", sql])?;
        ensure!(
            row["n"] == row["d"],
            "answers in the shadow are there twice: {row}"
        );
        let told = self.told(&["query", "SELECT DISTINCT decision_id AS id FROM decisions"])?;
        let logged: BTreeSet<String> = told
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|row| row["id"].as_str().map(str::to_owned))
            .collect();
        let lost: Vec<&String> = self.answered.difference(&logged).collect();
        ensure!(lost.is_empty(), "answered and not in the table: {lost:?}");
        Ok(())
    }

    /// A step that nobody disturbs, and what there is then.
    fn whole(&mut self, step: Step) -> anyhow::Result<()> {
        let began = Instant::now();
        self.does(step, None)
            .with_context(|| format!("{} of chain {}", step.told(), self.number))?;
        // The machine may be quicker by now than it was.
        self.lasts[step as usize] = began.elapsed();
        let (seen, after) = (self.seen()?, self.state.after(step));
        let name = step.told();
        ensure!(seen == after, "after {name}: {seen:?} instead of {after:?}");
        self.state = after;
        Ok(())
    }

    /// Does a step, killed after a time where there is one. Whether it was killed before it had ended.
    fn does(&mut self, step: Step, kill: Option<Duration>) -> anyhow::Result<bool> {
        match step {
            Step::Import => self.ran(&["import", "--quiet"], kill),
            Step::Train => self.ran(&["run", "for-you", "--quiet"], kill),
            Step::Shadow => {
                let mut asked = 0;
                self.served(kill, |chain, address| {
                    for _ in 0..4 {
                        chain.ask(address, asked)?;
                        asked += 1;
                    }
                    let told = http::once(address, "GET", "/metrics", "")?;
                    let of = "comptoir_shadow_answers_total{product=\"for-you\"} ";
                    let count = told.lines().find_map(|line| line.strip_prefix(of));
                    let count = count.and_then(|count| count.trim().parse::<f64>().ok());
                    Ok(count.unwrap_or(0.0) >= IN_SHADOW as f64)
                })
            }
            Step::Promote => {
                let wanted = self.state.after(step).champion;
                // Nothing comes of it that the clock goes on more often than it must.
                self.ahead += SHADOW_SECONDS;
                self.clock.set(self.ahead)?;
                self.served(kill, |chain, address| {
                    Ok(chain.ask(address, chain.answered.len())? == wanted)
                })
            }
        }
    }

    fn ran(&self, arguments: &[&str], kill: Option<Duration>) -> anyhow::Result<bool> {
        let mut child = self.command(arguments).spawn()?;
        let status = with_killer(&mut child, kill, |child| Ok(child.wait()?))?;
        if was_killed(status) {
            return Ok(true);
        }
        // A gate may say no, which is then seen in what there is.
        let fine = matches!(status.code(), Some(0 | 1));
        ensure!(fine, "comptoir {} ended with {status}", arguments.join(" "));
        Ok(false)
    }

    /// Serves until `is_done`, and stops in good order.
    fn served(
        &mut self,
        kill: Option<Duration>,
        mut is_done: impl FnMut(&mut Self, &str) -> anyhow::Result<bool>,
    ) -> anyhow::Result<bool> {
        let serve = ["serve", "--address", "127.0.0.1:0", "--output", "json"];
        let mut child = self.command(&serve).stdout(Stdio::piped()).spawn()?;
        let status = with_killer(&mut child, kill, |child| {
            let began = Instant::now();
            if let Some(address) = address(child)? {
                loop {
                    match is_done(self, &address) {
                        Ok(true) => break,
                        Ok(false) if began.elapsed() > PATIENCE => bail!("it is never done"),
                        Ok(false) => std::thread::sleep(LOOK_EVERY),
                        // Killed in the midst of an answer.
                        Err(error) => match child.try_wait()? {
                            Some(_) => break,
                            None if kill.is_none() => return Err(error),
                            None => std::thread::sleep(LOOK_EVERY),
                        },
                    }
                }
                if child.try_wait()?.is_none() {
                    kill_process(pid(child)?, Signal::TERM)?;
                }
            }
            Ok(child.wait()?)
        })?;
        let killed = was_killed(status);
        ensure!(killed || status.success(), "the server ended with {status}");
        Ok(killed)
    }

    /// Asks for one of the customers; the version that answered.
    fn ask(&mut self, address: &str, number: usize) -> anyhow::Result<u64> {
        let body = format!(
            "{{\"customer_id\": \"C{:03}\", \"items\": 3}}",
            1 + number % 90
        );
        let told = http::once(address, "POST", "/v1/products/for-you/decide", &body)?;
        let answer: Value = serde_json::from_str(&told)?;
        let id = answer["decision_id"].as_str().context("an identifier")?;
        self.answered.insert(id.to_owned());
        answer["version"].as_u64().context("a version")
    }

    fn seen(&self) -> anyhow::Result<State> {
        let row = self.json(&["query", "SELECT COUNT(*) AS n FROM sales"])?;
        let told = self.json(&["versions", "for-you"])?;
        Ok(State {
            sales: row["n"].as_u64().context("a count")?,
            versions: told["versions"].as_array().map_or(0, Vec::len) as u64,
            champion: told["champion"].as_u64().unwrap_or(0),
            challenger: told["challenger"].as_u64(),
        })
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.clock.command(&self.program);
        command
            .args(arguments)
            .current_dir(&self.shop)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn good(&self, arguments: &[&str]) -> anyhow::Result<()> {
        self.told(arguments).map(drop)
    }

    fn json(&self, arguments: &[&str]) -> anyhow::Result<Value> {
        Ok(serde_json::from_str(&self.told(arguments)?)?)
    }

    fn told(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self
            .command(arguments)
            .args(["--output", "json", "--quiet"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()?;
        ensure!(
            output.status.success(),
            "comptoir {} says {}{}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Does something with a child that is killed after a time, if that comes first.
fn with_killer(
    child: &mut Child,
    kill: Option<Duration>,
    does: impl FnOnce(&mut Child) -> anyhow::Result<ExitStatus>,
) -> anyhow::Result<ExitStatus> {
    let Some(after) = kill else {
        let done = does(child);
        if done.is_err() {
            let _ = child.kill();
            let _ = child.wait();
        }
        return done;
    };
    let victim = pid(child)?;
    let (ended, has_ended) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if has_ended.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                // It may have ended a moment ago.
                let _ = kill_process(victim, Signal::KILL);
            }
        });
        let done = does(child);
        drop(ended);
        done
    })
}

fn pid(child: &Child) -> anyhow::Result<Pid> {
    let id = i32::try_from(child.id())?;
    Pid::from_raw(id).context("a process has an identifier")
}

fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::KILL.as_raw())
}

/// Where a server answers; `None` where it ended before it said so.
fn address(child: &mut Child) -> anyhow::Result<Option<String>> {
    let out = child.stdout.take().context("the server's output")?;
    let mut told = String::new();
    for line in BufReader::new(out).lines() {
        told.push_str(&line?);
        if told.ends_with('}') {
            let told: Value = serde_json::from_str(&told)?;
            let address = told["address"].as_str().context("the server's address")?;
            return Ok(Some(address.trim_start_matches("http://").to_owned()));
        }
    }
    Ok(None)
}
