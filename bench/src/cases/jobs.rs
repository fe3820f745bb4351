//! Jobs whose processes are killed at random moments.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
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

const JOBS: [(&str, &str); 4] = [
    ("import", "does = \"import\"\nat = \"30 2 * * *\"\n"),
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
    let shop = shop(&program, &folder, "starter")?;
    fs_err::create_dir_all(shop.join("jobs"))?;
    for (name, text) in JOBS {
        let text = format!("owner = \"bench\"\n{text}");
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
    let night = |kills: &[Duration]| one_night(&program, &shop, kills);
    let whole = Instant::now();
    night(&[])?;
    // A kill comes before all is done, as often at its start as at its end.
    let lasts = whole.elapsed();
    let mut random = stream(ctx.seed, 0);
    let (mut wrong, mut states) = (Vec::new(), [0_u64; 2]);
    let first = standing(&program, &shop)?;
    for number in 1..=nights {
        let new = format!("{header}\nN{number},{rest}\n");
        fs_err::write(shop.join(format!("raw/night-{number}.csv")), new)?;
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
