//! CSV and its relatives.

use super::lines::{TextRows, text_schema};
use super::sample::text_file;
use super::{Lapse, ROW_BYTES_MAX, RawFile, RawRows, ReadError, io};
use crate::config::{Encoding, Source};
use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const EXPECTED: &str = "text with separators (`format = \"csv\"`)";

/// Separators that files use, tried when the header does not split.
const LIKELY: [char; 4] = [',', ';', '\t', '|'];

/// Hands on bytes up to an allowance that is renewed with each row, so that a quote that is never closed cannot fill
/// the memory.
struct Allowance<R> {
    inner: R,
    read: u64,
    allowed: Arc<AtomicU64>,
}

impl<R: Read> Read for Allowance<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.read >= self.allowed.load(Ordering::Relaxed) {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        let n = self.inner.read(buffer)?;
        self.read += n as u64;
        Ok(n)
    }
}

/// One row as bytes, and the line where it begins.
enum Splitter {
    Quoted {
        reader: Box<csv::Reader<Allowance<std::fs::File>>>,
        record: csv::ByteRecord,
        allowed: Arc<AtomicU64>,
    },
    Merged {
        reader: BufReader<std::fs::File>,
        line: Vec<u8>,
        line_no: u64,
        separator: u8,
    },
}

/// A field of the current row.
type Fields<'a> = Vec<&'a [u8]>;

impl Splitter {
    fn new(source: &Source, opened: std::fs::File) -> Self {
        let separator = source.raw.separator.as_bytes()[0];
        if source.raw.merge_separators {
            return Self::Merged {
                reader: BufReader::new(opened),
                line: Vec::new(),
                line_no: 0,
                separator,
            };
        }
        let allowed = Arc::new(AtomicU64::new(ROW_BYTES_MAX as u64));
        let counted = Allowance {
            inner: opened,
            read: 0,
            allowed: Arc::clone(&allowed),
        };
        let reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(1 << 18)
            .from_reader(counted);
        Self::Quoted {
            reader: Box::new(reader),
            record: csv::ByteRecord::new(),
            allowed,
        }
    }

    /// The next row and its first line; `None` at the end.
    fn next(&mut self, file: &Path) -> Result<Option<(u64, Fields<'_>)>, ReadError> {
        match self {
            Self::Quoted {
                reader,
                record,
                allowed,
            } => {
                let before = reader.position().line();
                allowed.store(
                    reader.position().byte() + ROW_BYTES_MAX as u64,
                    Ordering::Relaxed,
                );
                let more = reader
                    .read_byte_record(record)
                    .map_err(|e| csv_error(file, before, e))?;
                if !more {
                    return Ok(None);
                }
                let line = record.position().map_or(before, csv::Position::line);
                Ok(Some((line, record.iter().collect())))
            }
            Self::Merged {
                reader,
                line,
                line_no,
                separator,
            } => loop {
                line.clear();
                *line_no += 1;
                let n = reader
                    .by_ref()
                    .take(ROW_BYTES_MAX as u64)
                    .read_until(b'\n', line)
                    .map_err(io(file))?;
                if n == 0 {
                    return Ok(None);
                }
                if n == ROW_BYTES_MAX {
                    return Err(too_long(file, *line_no));
                }
                while line.last().is_some_and(|b| matches!(b, b'\n' | b'\r')) {
                    line.pop();
                }
                if line.is_empty() {
                    continue;
                }
                let fields = line
                    .split(|b| b == separator)
                    .filter(|f| !f.is_empty())
                    .collect();
                return Ok(Some((*line_no, fields)));
            },
        }
    }
}

fn too_long(file: &Path, line: u64) -> ReadError {
    ReadError::RowTooLong {
        file: file.to_owned(),
        line,
        allowed: schema::Bytes(ROW_BYTES_MAX as u64),
    }
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other errors are told as they come"
)]
fn csv_error(file: &Path, line: u64, error: csv::Error) -> ReadError {
    match error.into_kind() {
        csv::ErrorKind::Io(e) if e.kind() == std::io::ErrorKind::FileTooLarge => {
            too_long(file, line)
        }
        csv::ErrorKind::Io(source) => ReadError::Io {
            file: file.to_owned(),
            source,
        },
        // The reader is flexible and reads bytes: it has no other error today.
        other => ReadError::Io {
            file: file.to_owned(),
            source: std::io::Error::other(format!("{other:?}")),
        },
    }
}

fn decode<'a>(
    encoding: Encoding,
    field: &'a [u8],
    file: &Path,
    line: u64,
) -> Result<Cow<'a, str>, ReadError> {
    match encoding {
        Encoding::Latin1 => Ok(encoding_rs::WINDOWS_1252
            .decode_without_bom_handling(field)
            .0),
        Encoding::Utf8 => std::str::from_utf8(field).map(Cow::Borrowed).map_err(|e| {
            let wrong = &field[e.valid_up_to()..];
            let bytes = wrong
                .iter()
                .take(4)
                .map(|b| format!("{b:02x}"))
                .collect::<Vec<_>>()
                .join(" ");
            ReadError::Encoding {
                file: file.to_owned(),
                line,
                bytes,
            }
        }),
    }
}

/// The error of a header that another separator would split.
fn check_separator(file: &Path, written: char, names: &[String]) -> Result<(), ReadError> {
    let [only] = names else { return Ok(()) };
    let best = LIKELY
        .iter()
        .filter(|c| **c != written)
        .max_by_key(|c| only.matches(**c).count());
    match best {
        Some(likely) if only.contains(*likely) => Err(ReadError::Separator {
            file: file.to_owned(),
            written,
            likely: *likely,
            columns: only.matches(*likely).count() + 1,
        }),
        Some(_) | None => Ok(()),
    }
}

struct Delimited {
    file: PathBuf,
    encoding: Encoding,
    separator: char,
    splitter: Splitter,
    rows: TextRows,
    done: bool,
}

pub(super) fn open(source: &Source, file: &Path) -> Result<RawFile, ReadError> {
    let opened = text_file(file, EXPECTED)?;
    let encoding = source.raw.encoding;
    let separator = char::from(source.raw.separator.as_bytes()[0]);
    let place = opened.try_clone().map_err(io(file))?;
    let mut splitter = Splitter::new(source, opened);
    let names = if source.raw.header {
        let Some((line, fields)) = splitter.next(file)? else {
            return Err(ReadError::Empty {
                file: file.to_owned(),
            });
        };
        let mut names = Vec::with_capacity(fields.len());
        for (position, field) in fields.into_iter().enumerate() {
            let name = decode(encoding, field, file, line)?.trim().to_owned();
            names.push(if name.is_empty() {
                format!("column_{}", position + 1)
            } else {
                name
            });
        }
        check_separator(file, separator, &names)?;
        names
    } else {
        source.raw.column_names.clone()
    };
    let schema = text_schema(names);
    let rows = TextRows::new(Arc::clone(&schema), source.raw.null_values.clone());
    let reader = Delimited {
        file: file.to_owned(),
        encoding,
        separator,
        splitter,
        rows,
        done: false,
    };
    Ok(RawFile {
        place,
        schema,
        batches: Box::new(reader),
    })
}

impl Delimited {
    fn batch(&mut self) -> Result<Option<RawRows>, ReadError> {
        while !self.rows.is_full() {
            let Some((line, fields)) = self.splitter.next(&self.file)? else {
                self.done = true;
                if self.rows.rows_seen() == 0 {
                    return Err(ReadError::NoRows {
                        file: self.file.clone(),
                    });
                }
                break;
            };
            if fields.len() != self.rows.width() {
                let text = fields
                    .iter()
                    .map(|f| String::from_utf8_lossy(f))
                    .collect::<Vec<_>>();
                let text = text.join(&self.separator.to_string());
                self.rows.refuse(
                    Lapse::Shape {
                        found: fields.len(),
                        expected: self.rows.width(),
                    },
                    &text,
                );
                continue;
            }
            let mut decoded = Vec::with_capacity(fields.len());
            for field in fields {
                decoded.push(decode(self.encoding, field, &self.file, line)?);
            }
            self.rows.push(decoded.iter().map(|f| Some(f.as_ref())));
        }
        Ok(self.rows.take())
    }
}

impl Iterator for Delimited {
    type Item = Result<RawRows, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.batch();
        self.done |= batch.is_err();
        batch.transpose()
    }
}
