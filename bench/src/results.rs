//! Results kept: a file of lines per day, and the table of the README.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::civil::Date;

use crate::record::Record;

const BEGIN: &str = "<!-- results: begin, written by `bench --save` -->";
const END: &str = "<!-- results: end -->";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

/// Writes the day's file, keeping its lines of other cases, and the table from the latest line of every case.
///
/// # Errors
/// When a file cannot be read or written, or the README has lost its markers.
pub(crate) fn save(records: &[Record], date: &Date) -> anyhow::Result<()> {
    let folder = root().join("results");
    fs_err::create_dir_all(&folder)?;
    let path = folder.join(format!("{date}.jsonl"));
    let mut day = if path.exists() {
        read(&path)?
    } else {
        BTreeMap::new()
    };
    // A case that was skipped measured nothing: what was measured before stays.
    day.extend(
        records
            .iter()
            .filter(|record| record.skipped.is_none())
            .map(|record| (record.case.clone(), record.clone())),
    );
    let mut text = String::new();
    for record in day.values() {
        writeln!(text, "{}", serde_json::to_string(record)?)?;
    }
    fs_err::write(&path, text)?;
    let readme = root().join("README.md");
    let table = table(&latest(&folder)?);
    fs_err::write(
        &readme,
        with_table(&fs_err::read_to_string(&readme)?, &table)?,
    )?;
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<BTreeMap<String, Record>> {
    let text = fs_err::read_to_string(path)?;
    text.lines()
        .map(|line| {
            let record: Record = serde_json::from_str(line)
                .with_context(|| format!("line of {}", path.display()))?;
            Ok((record.case.clone(), record))
        })
        .collect()
}

/// The latest result of every case, with the day it is from.
fn latest(folder: &Path) -> anyhow::Result<BTreeMap<String, (String, Record)>> {
    let mut files: Vec<PathBuf> = fs_err::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "jsonl")
    });
    // Names are dates: sorted by name is sorted by time.
    files.sort();
    let mut all = BTreeMap::new();
    for path in files {
        let day = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        all.extend(
            read(&path)?
                .into_iter()
                .map(|(case, record)| (case, (day.clone(), record))),
        );
    }
    Ok(all)
}

fn table(latest: &BTreeMap<String, (String, Record)>) -> String {
    let mut text = String::from(
        "| case | value | bar | holds | peer | seconds | peak memory | day |\n|---|---|---|---|---|---|---|---|\n",
    );
    for (day, record) in latest.values() {
        let value = match (&record.skipped, record.value) {
            (Some(reason), _) => format!("skipped: {reason}"),
            (None, Some(value)) => format!("{} {}", number(value), record.unit),
            (None, None) => "not measured".to_owned(),
        };
        let holds = match record.holds {
            Some(true) => "yes",
            Some(false) => "**no**",
            None => "not judged",
        };
        let memory = record.peak_memory_bytes.map_or_else(
            || "–".to_owned(),
            |bytes| format!("{:.0} MiB", bytes as f64 / 1024.0 / 1024.0),
        );
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {value} | {} | {holds} | {} | {:.2} | {memory} | {day} |",
            record.case,
            record.bar.replace('|', "\\|"),
            record.peer.in_words().replace('|', "\\|"),
            record.seconds,
        );
    }
    text.push_str("\nWhat the cases say besides:\n\n");
    for (_, record) in latest.values() {
        if !record.note.is_empty() {
            let _ = writeln!(text, "- `{}`: {}", record.case, record.note);
        }
    }
    text
}

/// A figure with the digits a reader can use.
pub(crate) fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-4 {
        return format!("{value:.1e}");
    }
    let digits = match value.abs() {
        size if size >= 10_000.0 => 0,
        size if size >= 100.0 => 2,
        size if size >= 1.0 => 3,
        _ => 4,
    };
    format!("{value:.digits$}")
}

fn with_table(readme: &str, table: &str) -> anyhow::Result<String> {
    let (Some(begin), Some(end)) = (readme.find(BEGIN), readme.find(END)) else {
        bail!("bench/README.md has lost its markers `{BEGIN}` and `{END}`");
    };
    if end < begin {
        bail!("bench/README.md has its end marker before its begin marker");
    }
    Ok(format!(
        "{}{BEGIN}\n\n{table}\n{}",
        &readme[..begin],
        &readme[end..]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_goes_between_its_markers_and_nothing_else_changes() {
        let readme = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let once = with_table(&readme, "new\n").unwrap();
        assert_eq!(once, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(with_table(&once, "new\n").unwrap(), once);
        assert!(with_table("no markers", "new").is_err());
    }

    /// `UPDATE_REFERENCE=1` rewrites it.
    #[test]
    fn the_table_of_the_readme_is_what_the_committed_results_give() {
        let path = root().join("README.md");
        let readme = fs_err::read_to_string(&path).unwrap();
        let table = table(&latest(&root().join("results")).unwrap());
        let expected = with_table(&readme, &table).unwrap();
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            fs_err::write(&path, &expected).unwrap();
        }
        let now = fs_err::read_to_string(&path).unwrap();
        let other = now.lines().zip(expected.lines()).find(|(a, b)| a != b);
        assert!(
            now == expected,
            "bench/README.md is not what bench/results give: {other:?}; `bench --save` or UPDATE_REFERENCE=1 rewrites it"
        );
    }

    #[test]
    fn the_readme_has_its_markers_and_the_results_can_be_read() {
        let readme = fs_err::read_to_string(root().join("README.md")).unwrap();
        assert!(with_table(&readme, "").is_ok());
        if root().join("results").exists() {
            latest(&root().join("results")).unwrap();
        }
    }
}
