//! Runs the program in a folder of its own.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The program under test.
pub(crate) fn comptoir() -> &'static str {
    env!("CARGO_BIN_EXE_comptoir")
}

/// What a call gave back.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs the program in `folder`.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    Command::new(comptoir())
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("COMPTOIR_PROJECT")
        .output()
        .unwrap()
        .into()
}

/// Runs the program, which must end with `code` and say each of `says` on one of its outputs, without a panic.
#[track_caller]
pub(crate) fn refused(folder: &Path, arguments: &[&str], code: i32, says: &[&str]) -> Ran {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, code, "comptoir {}: {ran:#?}", arguments.join(" "));
    for part in says {
        assert!(
            ran.err.contains(part) || ran.out.contains(part),
            "no {part:?} in {ran:#?}"
        );
    }
    assert!(!ran.err.contains("panicked"), "{ran:#?}");
    ran
}

/// Runs the program and expects success.
#[track_caller]
pub(crate) fn good(folder: &Path, arguments: &[&str]) -> Ran {
    let ran = run(folder, arguments);
    assert_eq!(ran.code, 0, "comptoir {}: {ran:#?}", arguments.join(" "));
    ran
}

/// Makes the starter shop.
pub(crate) fn starter(folder: &Path) -> PathBuf {
    good(folder, &["new", "shop"]);
    folder.join("shop")
}

/// A JSON document.
#[track_caller]
pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The rows that a query gives.
#[track_caller]
pub(crate) fn rows(shop: &Path, sql: &str) -> Vec<Value> {
    let told = good(shop, &["query", sql, "--output", "json", "--quiet"]).out;
    told.lines().map(json).collect()
}

/// What an import has brought: rows accepted, rows set aside, files in the ledger.
#[track_caller]
pub(crate) fn counts(shop: &Path) -> [u64; 3] {
    let sql = "SELECT (SELECT COUNT(*) FROM sales) AS sales, (SELECT COUNT(*) FROM quarantine) AS quarantine, (SELECT COUNT(*) FROM imports) AS imports";
    let row = &rows(shop, sql)[0];
    ["sales", "quarantine", "imports"].map(|table| row[table].as_u64().unwrap())
}

/// A file of sales large enough that an import of it takes a while and its data file does not fit everywhere. Every
/// row keeps the contract.
pub(crate) fn many_sales() -> String {
    let mut text = String::from("order,date,customer,product,quantity,price\n");
    for n in 0..MANY_SALES {
        // Knuth's multiplier: orders that no encoding makes small.
        let order = n.wrapping_mul(2_654_435_761) % (1 << 32);
        let (month, day) = (1 + n * 12 / MANY_SALES, 1 + order % 28);
        let time = format!("{:02}:{:02}:00", order % 24, order / 7 % 60);
        let (customer, product) = (n % 997, n % 1_009);
        let (quantity, price) = (1 + n % 3, format!("{}.{:02}", 1 + n % 50, order % 100));
        text += &format!(
            "{order},2025-{month:02}-{day:02}T{time},C{customer:03},P{product},{quantity},{price}\n"
        );
    }
    text
}

/// Rows of [`many_sales`].
pub(crate) const MANY_SALES: u64 = 6_000;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The folder of real data, where there is one.
pub(crate) fn real_data(claim: &str) -> Option<String> {
    let folder = std::env::var("COMPTOIR_DATA").ok();
    if folder.is_none() {
        println!("skipped: {claim} needs COMPTOIR_DATA, the folder of real data sets");
    }
    folder
}
