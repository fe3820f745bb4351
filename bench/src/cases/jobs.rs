//! Jobs whose processes are killed at random moments.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use math::random::stream;
use rand_chacha::rand_core::Rng;
use serde_json::Value;

use super::program::{Folder, NO_PROGRAM, comptoir, program, ran, shop};
use crate::case::{Case, Ctx, Measured, Outcome, Size, Verdict};
use crate::peer::Peer;

/// `kill -9` in the midst of a night's work.
pub(crate) static JOBS_KILLED: Case = Case {
    name: "jobs_killed",
    what: "kill -9 at random moments of import, train, promote, decide, review: nights of which something was lost or done twice",
    unit: "nights",
    bar: "0 of all nights, 200 kills, audit intact",
    run: jobs_killed,
};

/// Two processes that would do the jobs, of which the one that does is killed again and again.
pub(crate) static JOBS_TWO_SCHEDULERS: Case = Case {
    name: "jobs_two_schedulers",
    what: "two schedulers on one PostgreSQL for an hour, jobs every minute, the leader killed every minute: effects that were lost or came twice",
    unit: "effects",
    bar: "0",
    run: two_schedulers,
};

const JOBS: [(&str, &str); 4] = [
    ("import", "does = \"import\"\nat = \"AT\"\n"),
    ("training", "does = \"train\"\nafter = [\"import\"]\n"),
    (
        "values",
        "does = \"decide\"\nafter = [\"training\"]\nproducts = [\"value\"]\noutput = \"values.csv\"\n",
    ),
    (
        "review",
        "does = \"review\"\nafter = [\"values\"]\npublish = \"public\"\n",
    ),
];

const KILLS_A_NIGHT: u64 = 5;

/// Rows of one decision of kind `value`.
const FIGURES: u64 = 3;

/// Data products of the shop that are trained every night.
const PRODUCTS: [&str; 3] = ["for-you", "segments", "value"];

fn jobs_killed(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let nights = match ctx.size {
        Size::Small => 1,
        Size::Full => 200 / KILLS_A_NIGHT,
    };
    let folder = Folder::new("jobs")?;
    let (shop, new_sale) = prepared(&program, &folder, "30 2 * * *")?;
    let night = |kills: &[Duration]| one_night(&program, &shop, kills);
    let whole = Instant::now();
    night(&[])?;
    // A kill comes before all is done, as often at its start as at its end.
    let lasts = whole.elapsed();
    let mut random = stream(ctx.seed, 0);
    let (mut wrong, mut states) = (Vec::new(), [0_u64; 2]);
    let first = standing(&program, &shop)?;
    for number in 1..=nights {
        fs_err::write(
            shop.join(format!("raw/night-{number}.csv")),
            new_sale(number),
        )?;
        let kills: Vec<Duration> = (0..KILLS_A_NIGHT)
            .map(|_| lasts.mul_f64(f64::from(random.next_u32()) / f64::from(u32::MAX)))
            .collect();
        let killed = night(&kills)?;
        states[0] += killed;
        states[1] += kills.len() as u64 - killed;
        if let Some(what) = told(&standing(&program, &shop)?, &first, number) {
            wrong.push(format!("night {number}: {what}"));
        }
    }
    ran(&program, &shop, &["audit", "--verify"], &[0]).context("the audit is not what it was")?;
    let holds = wrong.is_empty() && states[0] + states[1] >= 200;
    let note = format!(
        "{nights} nights, {} kills in the midst of it, {} after all was done; an undisturbed night takes {:.1} s; each night: \
         one more sale, one more version of each of three products, every customer decided for once, audit intact{}",
        states[0],
        states[1],
        lasts.as_secs_f64(),
        wrong
            .first()
            .map(|first| format!("; first wrong: {first}"))
            .unwrap_or_default()
    );
    Ok(Outcome::Measured(Measured {
        value: wrong.len() as f64,
        verdict: Verdict::at_full_size(ctx, holds),
        peer: Peer::none("the claim is about the program alone"),
        split: "the starter shop, one new file of sales a night",
        note,
        child: None,
    }))
}

/// The starter shop with jobs, the first of them due at `at`, and a file of one more sale for each number.
fn prepared(
    program: &Path,
    folder: &Folder,
    at: &str,
) -> anyhow::Result<(PathBuf, impl Fn(u64) -> String + use<>)> {
    let shop = shop(program, folder, "starter")?;
    fs_err::create_dir_all(shop.join("jobs"))?;
    for (name, text) in JOBS {
        let text = format!("owner = \"bench\"\n{}", text.replace("AT", at));
        fs_err::write(shop.join(format!("jobs/{name}.toml")), text)?;
    }
    let source = shop.join("sources/sales.toml");
    let text = fs_err::read_to_string(&source)?;
    fs_err::write(&source, text.replace("raw/sales.csv", "raw/*.csv"))?;
    let sales = fs_err::read_to_string(shop.join("raw/sales.csv"))?;
    let mut lines = sales.lines();
    let (header, example) = (lines.next(), lines.next());
    let (header, example) = header.zip(example).context("the shop has sales")?;
    let (_, rest) = example.split_once(',').context("a sale has columns")?;
    let (header, rest) = (header.to_owned(), rest.to_owned());
    Ok((shop, move |number| format!("{header}\nN{number},{rest}\n")))
}

fn two_schedulers(ctx: &Ctx) -> anyhow::Result<Outcome> {
    let Some(program) = program() else {
        return Ok(NO_PROGRAM);
    };
    let (minutes, minute) = match ctx.size {
        Size::Small => (1, Duration::from_secs(5)),
        Size::Full => (60, Duration::from_secs(60)),
    };
    let Some(database) = Postgres::start()? else {
        return Ok(NO_POSTGRES);
    };
    let folder = Folder::new("schedulers")?;
    let (shop, new_sale) = prepared(&program, &folder, "* * * * *")?;
    let main = shop.join("comptoir.toml");
    let text = fs_err::read_to_string(&main)?;
    let registry = format!("registry = \"{}\"", database.url);
    let text = match text.lines().find(|line| line.starts_with("registry")) {
        Some(line) => text.replace(line, &registry),
        None => format!("{registry}\n{text}"),
    };
    fs_err::write(&main, text)?;
    ran(&program, &shop, &["work", "--ask", "import"], &[0])?;
    ran(&program, &shop, &["work", "--once"], &[0])?;
    let first = standing(&program, &shop)?;
    let mut working = [0, 1].map(|_| comptoir(&program, &shop, &["work"]).spawn());
    let mut random = stream(ctx.seed, 1);
    let mut killed = 0_u64;
    for number in 1..=minutes {
        fs_err::write(
            shop.join(format!("raw/minute-{number}.csv")),
            new_sale(number),
        )?;
        if ctx.size == Size::Small {
            ran(&program, &shop, &["work", "--ask", "import"], &[0])?;
        }
        let share = f64::from(random.next_u32()) / f64::from(u32::MAX);
        std::thread::sleep(minute.mul_f64(share));
        let leader = document(&program, &shop, &["schedule"])?["leader"].clone();
        let leader = leader.as_str().unwrap_or_default().to_owned();
        for one in &mut working {
            let child = one
                .as_mut()
                .map_err(|e| anyhow!("start comptoir work: {e}"))?;
            if leader.starts_with(&format!("{} ", child.id())) {
                child.kill()?;
                child.wait()?;
                killed += 1;
                *one = comptoir(&program, &shop, &["work"]).spawn();
            }
        }
        std::thread::sleep(minute.mul_f64(1.0 - share));
    }
    for one in working {
        let mut child = one?;
        let _ = child.kill();
        child.wait()?;
    }
    ran(&program, &shop, &["work", "--once"], &[0])?;
    let last = standing(&program, &shop)?;
    let audit = document(&program, &shop, &["audit", "--last", "1000000"])?;
    ran(&program, &shop, &["audit", "--verify"], &[0]).context("the audit is not what it was")?;
    let registered: Vec<(&str, &str)> = audit
        .as_array()
        .context("lines of the audit")?
        .iter()
        .filter(|line| line["act"] == "version_registered")
        .map(|line| {
            (
                line["product"].as_str().unwrap_or_default(),
                line["details"]["attempt"].as_str().unwrap_or_default(),
            )
        })
        .collect();
    let apart: BTreeSet<&(&str, &str)> = registered.iter().collect();
    let sql =
        "SELECT COUNT(DISTINCT regexp_replace(decision_id, '-[0-9]+$', '')) AS b FROM decisions";
    let batches = document(&program, &shop, &["query", sql])?["b"]
        .as_u64()
        .context("a count")?;
    let off = |found: u64, wanted: u64| found.abs_diff(wanted);
    let wrong = off(last.sales, first.sales + minutes)
        + off(registered.len() as u64, apart.len() as u64)
        + off(last.decisions, last.customers * batches)
        + off(last.rows, last.decisions * FIGURES)
        + u64::from(!last.done);
    let note = format!(
        "{killed} leaders killed; {} trainings registered {} versions, each once; {batches} batches decided for each of {} \
         customers once; {minutes} files of sales imported once; audit intact",
        apart.len() / PRODUCTS.len(),
        registered.len(),
        last.customers
    );
    Ok(Outcome::Measured(Measured {
        value: wrong as f64,
        verdict: Verdict::at_full_size(ctx, wrong == 0 && killed + 5 >= minutes),
        peer: Peer::none("the claim is about the program alone"),
        split: "the starter shop, one new file of sales a minute, PostgreSQL 15 or later of the system",
        note,
        child: None,
    }))
}

/// Asks for the night's work, kills whoever does it at the moments given, and lets it be done in the end. How many were
/// killed before they had ended by themselves.
fn one_night(program: &Path, shop: &Path, kills: &[Duration]) -> anyhow::Result<u64> {
    ran(program, shop, &["work", "--ask", "import"], &[0])?;
    let mut killed = 0;
    for after in kills {
        let mut child = comptoir(program, shop, &["work", "--once"]).spawn()?;
        std::thread::sleep(*after);
        killed += u64::from(child.try_wait()?.is_none());
        // It may have ended by itself.
        let _ = child.kill();
        child.wait()?;
    }
    ran(program, shop, &["work", "--once"], &[0])?;
    Ok(killed)
}

/// What there is after a night.
struct Standing {
    sales: u64,
    versions: Vec<u64>,
    decisions: u64,
    rows: u64,
    customers: u64,
    done: bool,
}

fn standing(program: &Path, shop: &Path) -> anyhow::Result<Standing> {
    let sql = "SELECT (SELECT COUNT(*) FROM sales) AS s, COUNT(*) AS r, COUNT(DISTINCT decision_id) AS d, \
               COUNT(DISTINCT customer_id) AS c FROM decisions";
    let row = document(program, shop, &["query", sql])?;
    let of = |key: &str| row[key].as_u64().context("a count");
    let mut versions = Vec::new();
    for product in PRODUCTS {
        let told = document(program, shop, &["versions", product])?;
        versions.push(told["versions"].as_array().map_or(0, Vec::len) as u64);
    }
    let schedule = document(program, shop, &["schedule"])?;
    let jobs = schedule["jobs"].as_array().context("a list of jobs")?;
    Ok(Standing {
        sales: of("s")?,
        rows: of("r")?,
        decisions: of("d")?,
        customers: of("c")?,
        versions,
        done: jobs.iter().all(|job| job["last"]["state"] == "done"),
    })
}

/// What is not as it must be after so many nights; nothing where all is.
fn told(now: &Standing, first: &Standing, nights: u64) -> Option<String> {
    let must = |what: &str, found: u64, wanted: u64| {
        (found != wanted).then(|| format!("{what}: {found} instead of {wanted}"))
    };
    let versions = now.versions.iter().zip(PRODUCTS);
    must("sales", now.sales, first.sales + nights)
        .or_else(|| {
            let mut wrong = versions.filter_map(|(found, name)| must(name, *found, 1 + nights));
            wrong.next()
        })
        .or_else(|| must("decisions", now.decisions, now.customers * (1 + nights)))
        .or_else(|| must("rows of decisions", now.rows, now.decisions * FIGURES))
        .or_else(|| (!now.done).then(|| "a job is not done".to_owned()))
}

fn document(program: &Path, shop: &Path, arguments: &[&str]) -> anyhow::Result<Value> {
    let output = Command::new(program)
        .args(arguments)
        .args(["--output", "json", "--quiet"])
        .current_dir(shop)
        .stdin(Stdio::null())
        .output()?;
    ensure!(
        output.status.success(),
        "comptoir {} says {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

const NO_POSTGRES: Outcome =
    Outcome::Skipped("there is no PostgreSQL server; install it with apt-get install postgresql");

/// A PostgreSQL server of this case alone. It ends with the pipe on its standard input.
struct Postgres {
    url: String,
    script: Child,
}

/// Makes a database folder, serves it, and ends with its standard input: nothing is left behind.
const SERVE: &str = r#"
cd /
dir=$(mktemp -d "$3/comptoir-bench-postgres-XXXXXX") || exit 1
pid=
trap '[ -n "$pid" ] && kill -INT "$pid" && wait "$pid"; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
"$1/initdb" -D "$dir/data" -U comptoir -A trust --no-locale -E UTF8 </dev/null >"$dir/log" 2>&1 || exit 1
"$1/postgres" -D "$dir/data" -p "$2" -c listen_addresses=127.0.0.1 -k "$dir" </dev/null >"$dir/log" 2>&1 &
pid=$!
until "$1/pg_isready" -q -h 127.0.0.1 -p "$2"; do kill -0 "$pid" || exit 1; sleep 0.1; done
echo ready
read -r _
"#;

impl Postgres {
    /// `None` where there is none to be had.
    fn start() -> anyhow::Result<Option<Self>> {
        let found = fs_err::read_dir("/usr/lib/postgresql");
        let folders = found
            .into_iter()
            .flatten()
            .flatten()
            .map(|of| of.path().join("bin"));
        let Some(programs) = folders.filter(|of| of.join("initdb").is_file()).max() else {
            return Ok(None);
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        // It refuses to run as root.
        let is_root = rustix::process::getuid().is_root();
        let mut command = if is_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut script = command
            .args(["-c", SERVE, "sh"])
            .arg(programs)
            .arg(port.to_string())
            .arg(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut ready = String::new();
        if let Some(stdout) = script.stdout.take() {
            BufReader::new(stdout).read_line(&mut ready)?;
        }
        ensure!(
            ready.trim() == "ready",
            "the PostgreSQL server does not start"
        );
        Ok(Some(Self {
            url: format!("postgres://comptoir@127.0.0.1:{port}/postgres"),
            script,
        }))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}
