//! Writes the files of a shop into a folder.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::generate::Generated;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The raw files, then `truth.json`.
    pub files: Vec<WrittenFile>,
}

/// A file written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its rows, header not counted; `None` for the truth, which has none.
    pub rows: Option<u64>,
}

/// Why a shop could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A folder could not be made.
    #[error("make the folder `{folder}`")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("write the file `{file}`")]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The truth could not be put in JSON.
    #[error("put the truth in JSON")]
    Truth(#[source] serde_json::Error),
}

/// Writes `folder/raw/…` and `folder/truth.json`, making the folders and replacing the files of the
/// same names. The bytes depend on nothing but the shop.
///
/// # Errors
/// [`WriteError`] names the folder or file.
pub fn write(generated: &Generated, folder: &Path) -> Result<Written, WriteError> {
    let mut files = Vec::with_capacity(generated.files.len() + 1);
    for raw in &generated.files {
        let path = folder.join(&raw.path);
        put(&path, &raw.bytes)?;
        files.push(WrittenFile {
            path,
            bytes: raw.bytes.len() as u64,
            rows: Some(raw.rows),
        });
    }
    let mut truth = serde_json::to_vec(&generated.truth).map_err(WriteError::Truth)?;
    truth.push(b'\n');
    let path = folder.join("truth.json");
    put(&path, &truth)?;
    files.push(WrittenFile {
        path,
        bytes: truth.len() as u64,
        rows: None,
    });
    Ok(Written { files })
}

fn put(file: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|source| WriteError::Folder {
            folder: folder.to_owned(),
            source,
        })?;
    }
    fs::write(file, bytes).map_err(|source| WriteError::File {
        file: file.to_owned(),
        source,
    })
}
