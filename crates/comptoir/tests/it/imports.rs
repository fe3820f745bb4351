//! Imports that do not go through: the lake is as before, and the error says why.

use crate::program::{
    MANY_SALES, Ran, comptoir, counts, good, json, many_sales, refused, rows as rows_of, run,
    starter,
};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn what_is_no_table_of_sales_is_refused_by_name_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    good(&shop, &["import", "--quiet"]);
    let before = counts(&shop);
    assert!(before.iter().all(|n| *n > 0), "{before:?}");
    let file = shop.join("raw/sales.csv");
    let sales = std::fs::read_to_string(&file).unwrap();
    let header = sales.lines().next().unwrap();
    let mixed = [sales.as_bytes(), b"9001,2025-06-02,C075,CR\xc8ME,2,6.50\n"].concat();
    let line = format!("sales.csv:{}", sales.lines().count() + 1);
    let cases: [(&[u8], &[&str]); 8] = [
        (b"", &["the file is empty"]),
        (header.as_bytes(), &["found a header but no row"]),
        (b"PK\x03\x04\x14\0\x06", &["found a zip or Excel file"]),
        (b"\x7fELF\x02\x01\0", &["found a binary file", "offset 6"]),
        (&mixed, &[&line, "c8 4d 45", "encoding = \"latin-1\""]),
        (
            &sales.replace(',', ";").into_bytes(),
            &["separator ','", "';' would give 6"],
        ),
        (
            &sales.replacen("customer", "client", 1).into_bytes(),
            &["column `customer`", "client"],
        ),
        (
            &sales.replacen("customer", "order", 1).into_bytes(),
            &["names `order` twice"],
        ),
    ];
    for (content, says) in cases {
        std::fs::write(&file, content).unwrap();
        let ran = refused(&shop, &["import"], 2, says);
        assert!(ran.err.contains("raw/sales.csv"), "{ran:#?}");
        assert_eq!(ran.out, "", "a report of an import that was none");
        let committed = std::fs::read_dir(shop.join("lake/_comptoir/snapshots")).unwrap();
        assert_eq!(committed.count(), 1, "{says:?}");
    }
    std::fs::remove_file(&file).unwrap();
    refused(
        &shop,
        &["import"],
        2,
        &["`sales`", "no file at ./raw/sales.csv"],
    );
    assert_eq!(counts(&shop), before);
    std::fs::write(&file, sales + "9001,2025-06-02,C075,TEA-CHAI,2,6.50\n").unwrap();
    good(&shop, &["import", "--quiet"]);
    let [accepted, quarantined, files] = before;
    assert_eq!(counts(&shop), [accepted + 1, quarantined, files + 1]);
}

#[test]
fn a_closed_gate_ends_with_one_and_writes_nothing_unless_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let file = shop.join("raw/sales.csv");
    let sales = std::fs::read_to_string(&file).unwrap();
    let rows: Vec<&str> = sales.lines().skip(1).take(90).collect();
    let bad = "9001,yesterday,C075,TEA-CHAI,2,6.50\n".repeat(10);
    std::fs::write(
        &file,
        format!(
            "order,date,customer,product,quantity,price\n{}\n{bad}",
            rows.join("\n")
        ),
    )
    .unwrap();
    let says = [
        "closed: 10.00 % of the rows of raw/sales.csv broke a rule, allowed is 5.00 %",
        "the gate is closed: nothing was written",
        "the contract is not met by sales",
    ];
    refused(&shop, &["import", "--quiet"], 1, &says);
    assert_eq!(counts(&shop), [0, 0, 0]);
    let told = json(&refused(&shop, &["import", "--output", "json"], 1, &[]).out);
    assert_eq!(told["committed"]["state"], "gate_closed", "{told}");
    assert_eq!(told["gate_open"], false, "{told}");
    let refusal = "SELECT source, \"table\", reasons, report FROM refused_imports";
    let kept = &rows_of(&shop, refusal)[0];
    assert_eq!(
        (&kept["source"], &kept["table"]),
        (&"sales".into(), &"sales".into())
    );
    let says = "10.00 % of the rows of raw/sales.csv broke a rule, allowed is 5.00 %";
    assert_eq!(kept["reasons"], says);
    let report = json(kept["report"].as_str().unwrap());
    assert_eq!(report, told["sources"][0]["report"]);
    refused(
        &shop,
        &["import", "--dry-run", "--accept-failed-gate"],
        1,
        &["dry run"],
    );
    assert_eq!(counts(&shop), [0, 0, 0]);
    refused(
        &shop,
        &["import", "--accept-failed-gate"],
        1,
        &["snapshot 1"],
    );
    assert_eq!(counts(&shop), [90, 10, 1]);
    assert!(rows_of(&shop, refusal).is_empty());
}

#[test]
fn a_source_without_a_file_is_named_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    good(&shop, &["import", "--quiet"]);
    let [accepted, set_aside, files] = counts(&shop);
    let renamed = shop.join("sources/orders.toml");
    std::fs::rename(shop.join("sources/sales.toml"), renamed).unwrap();
    let says = [
        "source `sales` has no file in sources/ any more and its rows stay in the lake",
        "the contract is not met by orders",
    ];
    refused(&shop, &["import", "--quiet"], 1, &says);
    let unknown = "nothing was imported from it; found sales";
    refused(&shop, &["import", "--forget", "sails"], 2, &[unknown]);
    refused(
        &shop,
        &["import", "--forget", "sales", "--dry-run"],
        2,
        &["--dry-run"],
    );
    let told = json(&good(&shop, &["import", "--forget", "sales", "--output", "json"]).out);
    assert_eq!(
        (&told["source"], &told["files"]),
        (&"sales".into(), &1.into())
    );
    assert_eq!(told["rows"]["sales"], accepted, "{told}");
    assert_eq!(counts(&shop), [0, 0, 0]);
    good(&shop, &["import", "--quiet"]);
    assert_eq!(counts(&shop), [accepted, set_aside, files]);
}

#[test]
fn an_import_that_does_not_fit_into_memory_ends_with_three() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let says = [
        "keys and references take",
        "allowed is 4.0 KiB",
        "raise --memory",
    ];
    refused(&shop, &["import", "--memory", "4KiB"], 3, &says);
    assert_eq!(counts(&shop), [0, 0, 0]);
}

/// An import under way in another process, frozen while it holds the lake.
struct Frozen(Child);

impl Frozen {
    /// Freezes an import as soon as it has written its name into the lock. `None` where it was done before that.
    fn new(shop: &Path) -> Option<Self> {
        let lock = shop.join("lake/_comptoir/writer.lock");
        let _ = std::fs::remove_file(&lock);
        let mut child = Command::new(comptoir())
            .args(["import", "--output", "json"])
            .current_dir(shop)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let name = format!("process {}", child.id());
        let since = Instant::now();
        while !std::fs::read_to_string(&lock).is_ok_and(|t| t.contains(&name)) {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "no lock was taken"
            );
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut frozen = Self(child);
        frozen.signal("-STOP");
        frozen.0.try_wait().unwrap().is_none().then_some(frozen)
    }

    fn signal(&mut self, signal: &str) {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Lets it go on to its end.
    fn ended(&mut self) -> Ran {
        self.signal("-CONT");
        let (mut out, mut err) = (String::new(), String::new());
        let child = &mut self.0;
        child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut err)
            .unwrap();
        let code = child.wait().unwrap().code().unwrap_or(-1);
        Ran { code, out, err }
    }
}

impl Drop for Frozen {
    /// A test that fails leaves no frozen process behind.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn of_two_imports_at_once_one_is_told_who_is_at_work_and_no_row_is_there_twice() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    std::fs::write(shop.join("raw/sales.csv"), many_sales()).unwrap();
    good(&shop, &["tables", "--quiet"]);
    let mut first = Frozen::new(&shop).expect("the import of many sales was done in a moment");
    let holder = format!("another writer holds it (process {})", first.0.id());
    let second = refused(&shop, &["import"], 2, &["./lake", &holder]);
    assert_eq!(second.out, "");
    assert_eq!(
        counts(&shop),
        [0, 0, 0],
        "readers see what was there before"
    );
    let first = first.ended();
    assert_eq!(first.code, 0, "{first:#?}");
    assert_eq!(json(&first.out)["committed"]["state"], "snapshot");
    assert_eq!(counts(&shop), [MANY_SALES, 0, 1]);
    let again = json(&good(&shop, &["import", "--output", "json"]).out);
    assert_eq!(again["committed"]["state"], "nothing_new", "{again}");
    assert_eq!(counts(&shop), [MANY_SALES, 0, 1]);
}

/// Runs an import none of whose files may grow beyond 50 KiB or 100 KiB: shells count in blocks of 512 bytes or 1 KiB.
fn import_on_a_small_disk(shop: &Path) -> Ran {
    let limited = "trap '' XFSZ; ulimit -f 100; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", limited, comptoir(), "import", "--quiet"]);
    let ran = command.current_dir(shop).env("NO_COLOR", "1").output();
    ran.unwrap().into()
}

#[test]
fn a_disk_that_refuses_to_write_leaves_the_lake_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    good(&shop, &["import", "--quiet"]);
    let before = counts(&shop);
    let source = shop.join("sources/sales.toml");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, text.replace("share_max = 0.05", "share_max = 1.0")).unwrap();
    // First the data file of the sales does not fit, then that of the quarantine behind a small one of sales.
    let accepted = many_sales();
    let set_aside = accepted.replace("T0", "at 0").replace("T1", "at 1");
    let late = accepted.lines().filter(|l| l.contains("T2")).count() as u64;
    let cases = [
        (&accepted, "sales", [MANY_SALES, 0]),
        (&set_aside, "quarantine", [late, MANY_SALES - late]),
    ];
    for (number, (sales, table, after)) in cases.into_iter().enumerate() {
        let before = if number == 0 { before } else { counts(&shop) };
        std::fs::write(shop.join("raw/sales.csv"), sales).unwrap();
        let ran = import_on_a_small_disk(&shop);
        assert_eq!(ran.code, 2, "{ran:#?}");
        assert!(ran.err.contains(&format!("`{table}/")), "{ran:#?}");
        assert!(ran.err.contains("File too large"), "{ran:#?}");
        assert_eq!(ran.out, "");
        assert_eq!(counts(&shop), before, "{table}");
        good(&shop, &["import", "--quiet"]);
        let [accepted, quarantined] = after;
        assert_eq!(
            counts(&shop),
            [accepted, quarantined, before[2] + 1],
            "{table}"
        );
    }
}

#[test]
fn a_full_disk_leaves_the_lake_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let shop = starter(folder.path());
    let disk = shop.join("lake");
    std::fs::create_dir(&disk).unwrap();
    let small = ["-t", "tmpfs", "-o", "size=64k", "tmpfs"];
    let mounted = Command::new("mount").args(small).arg(&disk).output();
    if !mounted.is_ok_and(|o| o.status.success()) {
        println!(
            "skipped: a_full_disk_leaves_the_lake_as_it_was needs the right to mount a small file system"
        );
        return;
    }
    std::fs::write(disk.join("ballast"), vec![0u8; 48 * 1024]).unwrap();
    let ran = run(&shop, &["import"]);
    std::fs::remove_file(disk.join("ballast")).unwrap();
    let sql = "SELECT (SELECT COUNT(*) FROM sales) + (SELECT COUNT(*) FROM quarantine) + (SELECT COUNT(*) FROM imports) AS n";
    let rows = run(&shop, &["query", sql, "--output", "json"]);
    Command::new("umount").arg(&disk).output().unwrap();
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert!(ran.err.contains("space"), "{ran:#?}");
    assert_eq!(rows.out.trim(), "{\"n\":0}", "{rows:#?}");
}
