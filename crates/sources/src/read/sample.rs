//! The first bytes of a text file: what kind of file it really is.

use super::{ReadError, io};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that are looked at.
const SAMPLE_BYTES: usize = 64 << 10;

const KINDS: [(&[u8], &str); 9] = [
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"PK\x03\x04", "a zip or Excel file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"%PDF", "a PDF file"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
];

/// Opens a text file behind its byte order mark, after a look at what it is.
pub(super) fn text_file(file: &Path, expected: &'static str) -> Result<std::fs::File, ReadError> {
    let mut opened = fs_err::File::open(file).map_err(io(file))?.into_file();
    let mut sample = Vec::new();
    (&mut opened)
        .take(SAMPLE_BYTES as u64)
        .read_to_end(&mut sample)
        .map_err(io(file))?;
    if sample.is_empty() {
        return Err(ReadError::Empty {
            file: file.to_owned(),
        });
    }
    let binary = KINDS
        .iter()
        .find(|(magic, _)| sample.starts_with(magic))
        .map(|(_, kind)| (*kind).to_owned());
    let binary = binary.or_else(|| {
        let zero = sample.iter().position(|b| *b == 0)?;
        Some(format!("a binary file (a zero byte at offset {zero})"))
    });
    if let Some(found) = binary {
        return Err(ReadError::NotThisFormat {
            file: file.to_owned(),
            found,
            expected,
        });
    }
    let start = if sample.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    if sample.len() == start {
        return Err(ReadError::Empty {
            file: file.to_owned(),
        });
    }
    opened
        .seek(SeekFrom::Start(start as u64))
        .map_err(io(file))?;
    Ok(opened)
}
