//! Which files a source reads, and what is in them.

use crate::config::{Format, Source};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A file that a source reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFound {
    /// Its name in the ledger: the path relative to the project, with variables as the source file writes them, so that
    /// a folder that moves keeps its history.
    pub name: String,
    /// Where it is now.
    pub path: PathBuf,
}

/// Content of a file at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileHash {
    /// SHA-256 of the content, hexadecimal.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// Files that cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// The pattern names a variable that the environment does not have.
    #[error(
        "list the files of source `{origin}`: `{pattern}` needs the environment variable {variable}, which is not set"
    )]
    NoVariable {
        /// The source.
        origin: String,
        /// The pattern as written.
        pattern: String,
        /// The variable.
        variable: String,
    },
    /// The pattern is no glob.
    #[error("list the files of source `{origin}`: `{pattern}` is no glob: {found}")]
    Pattern {
        /// The source.
        origin: String,
        /// The pattern, variables replaced.
        pattern: String,
        /// What is wrong with it.
        found: String,
    },
    /// Nothing is there.
    #[error("list the files of source `{origin}`: found no file at {}", pattern.display())]
    Missing {
        /// The source.
        origin: String,
        /// The file, folder or glob.
        pattern: PathBuf,
    },
    /// The system refused.
    #[error("list the files of source `{origin}`")]
    Unreadable {
        /// The source.
        origin: String,
        /// What the system said, with the path.
        #[source]
        source: std::io::Error,
    },
}

/// Replaces `${NAME}`; `Err` is the name that has no value.
fn expand(pattern: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        text.push_str(before);
        text.push_str(&variable(name).ok_or_else(|| name.to_owned())?);
        rest = tail;
    }
    text.push_str(rest);
    Ok(text)
}

fn endings(format: Format) -> &'static [&'static str] {
    match format {
        Format::Csv => &["csv", "tsv", "txt"],
        Format::Ndjson => &["ndjson", "jsonl", "json"],
        Format::Parquet => &["parquet"],
    }
}

impl Source {
    /// The files that are there now, by name. `variable` gives the value of an environment variable.
    ///
    /// A folder stands for the files in it (not below it) with an ending of the format.
    ///
    /// # Errors
    /// [`ListError`]: a variable without value, a wrong glob, no file, or a folder that cannot be read.
    pub fn files(
        &self,
        project: &Path,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<FileFound>, ListError> {
        let origin = || self.name.clone();
        let written = &self.raw.files;
        let expanded = expand(written, variable).map_err(|variable| ListError::NoVariable {
            origin: origin(),
            pattern: written.clone(),
            variable,
        })?;
        let pattern = project.join(&expanded);
        let mut paths = if pattern.is_dir() {
            self.in_folder(&pattern)
                .map_err(|source| ListError::Unreadable {
                    origin: origin(),
                    source,
                })?
        } else if pattern.is_file() {
            vec![pattern.clone()]
        } else {
            let text = pattern.to_string_lossy();
            let found = glob::glob(&text).map_err(|e| ListError::Pattern {
                origin: origin(),
                pattern: text.to_string(),
                found: e.to_string(),
            })?;
            let all: Result<Vec<_>, _> = found.collect();
            let all = all.map_err(|e| ListError::Unreadable {
                origin: origin(),
                source: e.into(),
            })?;
            all.into_iter().filter(|p| p.is_file()).collect()
        };
        if paths.is_empty() {
            return Err(ListError::Missing {
                origin: origin(),
                pattern,
            });
        }
        paths.sort();
        let name = |path: PathBuf| FileFound {
            name: ledger_name(&path, project, written, variable),
            path,
        };
        Ok(paths.into_iter().map(name).collect())
    }

    fn in_folder(&self, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            let ending = path
                .extension()
                .map(|e| e.to_string_lossy().to_lowercase())
                .unwrap_or_default();
            if path.is_file() && endings(self.raw.format).contains(&ending.as_str()) {
                paths.push(path);
            }
        }
        Ok(paths)
    }
}

fn ledger_name(
    path: &Path,
    project: &Path,
    written: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> String {
    let in_variable = || {
        let (name, _) = written.strip_prefix("${")?.split_once('}')?;
        let rest = path.strip_prefix(project.join(variable(name)?)).ok()?;
        Some(format!("${{{name}}}/{}", rest.to_string_lossy()))
    };
    if let Some(name) = in_variable() {
        return name;
    }
    path.strip_prefix(project)
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

impl FileFound {
    /// The content now; `progress` is told the bytes that were read.
    ///
    /// # Errors
    /// What the system said, with the path.
    pub fn hash(&self) -> std::io::Result<FileHash> {
        use sha2::Digest;
        const CHUNK: usize = 1 << 20;
        let mut file = fs_err::File::open(&self.path)?;
        let mut digest = sha2::Sha256::new();
        let mut bytes = 0;
        let mut chunk = vec![0; CHUNK];
        loop {
            let n = file.read(&mut chunk)?;
            if n == 0 {
                break;
            }
            digest.update(&chunk[..n]);
            bytes += n as u64;
        }
        let sha256 = digest
            .finalize()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        Ok(FileHash { sha256, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_a_missing_one_is_named() {
        let known = |name: &str| (name == "HERE").then(|| "/data".to_owned());
        assert_eq!(expand("${HERE}/a/*.csv", &known).unwrap(), "/data/a/*.csv");
        assert_eq!(expand("x/${THERE}/a", &known).unwrap_err(), "THERE");
    }

    #[test]
    fn a_file_keeps_its_name_when_the_folder_of_its_variable_moves() {
        let here = |_: &str| Some("/one".to_owned());
        let there = |_: &str| Some("/two".to_owned());
        let project = Path::new("/project");
        let one = ledger_name(Path::new("/one/a.csv"), project, "${D}/*.csv", &here);
        assert_eq!(
            one,
            ledger_name(Path::new("/two/a.csv"), project, "${D}/*.csv", &there)
        );
        assert_eq!(
            ledger_name(Path::new("/project/raw/a.csv"), project, "raw", &here),
            "raw/a.csv"
        );
    }
}
