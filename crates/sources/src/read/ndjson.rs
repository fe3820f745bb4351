//! One JSON object per line. Nested objects become columns with dotted names; lists stay JSON text.

use super::lines::{TextRows, text_schema};
use super::sample::text_file;
use super::{Lapse, ROW_BYTES_MAX, RawFile, RawRows, ReadError, beginning, io};
use crate::config::{Encoding, Origin, Source};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXPECTED: &str = "one JSON object per line (`format = \"ndjson\"`)";

/// Lines whose keys become columns; keys that appear only later are columns where the source file maps them.
const HEADER_LINES: usize = 10_000;

/// Bytes of these lines.
const HEADER_BYTES: usize = 32 << 20;

type Row = BTreeMap<String, Option<String>>;

fn flatten(prefix: &str, object: serde_json::Map<String, Value>, row: &mut Row) {
    for (key, value) in object {
        let name = if prefix.is_empty() {
            key
        } else {
            format!("{prefix}.{key}")
        };
        match value {
            Value::Null => drop(row.insert(name, None)),
            Value::String(text) => drop(row.insert(name, Some(text))),
            Value::Object(inner) => flatten(&name, inner, row),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
                drop(row.insert(name, Some(other.to_string())));
            }
        }
    }
}

fn parse(line: &str) -> Result<Row, Lapse> {
    match serde_json::from_str(line) {
        Ok(Value::Object(object)) => {
            let mut row = Row::new();
            flatten("", object, &mut row);
            Ok(row)
        }
        Ok(Value::Array(_)) => Err(Lapse::NotAnObject {
            found: "a list".to_owned(),
        }),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            Err(Lapse::NotAnObject {
                found: "a bare value".to_owned(),
            })
        }
        Err(e) => Err(Lapse::NotAnObject {
            found: format!("broken JSON ({e})"),
        }),
    }
}

struct Lines {
    file: PathBuf,
    encoding: Encoding,
    reader: BufReader<std::fs::File>,
    buffer: Vec<u8>,
    line_no: u64,
}

impl Lines {
    /// The next line that is not blank.
    fn next(&mut self) -> Result<Option<String>, ReadError> {
        loop {
            self.buffer.clear();
            self.line_no += 1;
            let limited = self.reader.by_ref().take(ROW_BYTES_MAX as u64);
            let n = { limited }
                .read_until(b'\n', &mut self.buffer)
                .map_err(io(&self.file))?;
            if n == 0 {
                return Ok(None);
            }
            if n == ROW_BYTES_MAX {
                let allowed = schema::Bytes(ROW_BYTES_MAX as u64);
                return Err(ReadError::RowTooLong {
                    file: self.file.clone(),
                    line: self.line_no,
                    allowed,
                });
            }
            let text = match self.encoding {
                Encoding::Latin1 => {
                    encoding_rs::WINDOWS_1252
                        .decode_without_bom_handling(&self.buffer)
                        .0
                }
                Encoding::Utf8 => {
                    std::str::from_utf8(&self.buffer)
                        .map(Into::into)
                        .map_err(|e| {
                            let wrong = &self.buffer[e.valid_up_to()..];
                            let bytes = wrong
                                .iter()
                                .take(4)
                                .map(|b| format!("{b:02x}"))
                                .collect::<Vec<_>>()
                                .join(" ");
                            ReadError::Encoding {
                                file: self.file.clone(),
                                line: self.line_no,
                                bytes,
                            }
                        })?
                }
            };
            let text = text.trim();
            if !text.is_empty() {
                return Ok(Some(text.to_owned()));
            }
        }
    }
}

struct Ndjson {
    lines: Lines,
    ahead: VecDeque<String>,
    rows: TextRows,
    columns: Vec<String>,
    /// Columns that the source file maps and that no row has had yet.
    unseen: BTreeMap<String, String>,
    done: bool,
}

pub(super) fn open(source: &Source, file: &Path) -> Result<RawFile, ReadError> {
    let opened = text_file(file, EXPECTED)?;
    let place = opened.try_clone().map_err(io(file))?;
    let mut lines = Lines {
        file: file.to_owned(),
        encoding: source.raw.encoding,
        reader: BufReader::with_capacity(1 << 18, opened),
        buffer: Vec::new(),
        line_no: 0,
    };
    let mut ahead = VecDeque::new();
    let mut bytes = 0;
    let mut found: Vec<String> = Vec::new();
    let mut known = BTreeSet::new();
    let mut wrong = None;
    while ahead.len() < HEADER_LINES && bytes < HEADER_BYTES {
        let Some(line) = lines.next()? else { break };
        bytes += line.len();
        match parse(&line) {
            Ok(row) => {
                for name in row.into_keys() {
                    if known.insert(name.clone()) {
                        found.push(name);
                    }
                }
            }
            Err(lapse) => wrong = wrong.or(Some((line.clone(), lapse))),
        }
        ahead.push_back(line);
    }
    if found.is_empty() {
        let Some((line, lapse)) = wrong else {
            return Err(ReadError::NoRows {
                file: file.to_owned(),
            });
        };
        let found = format!("{lapse}: {:?}", beginning(&line, 60));
        let found = found.trim_start_matches("found ").to_owned();
        return Err(ReadError::NotThisFormat {
            file: file.to_owned(),
            found,
            expected: EXPECTED,
        });
    }
    let mapped: BTreeMap<String, String> = source
        .columns
        .iter()
        .zip(&source.table.columns)
        .filter_map(|(mapping, column)| match &mapping.origin {
            Origin::Column(from) => Some((from.clone(), column.name.clone())),
            Origin::Constant(_)
            | Origin::RowNumber
            | Origin::Sql(_)
            | Origin::Nothing
            | Origin::Returned => None,
        })
        .collect();
    let whole_file_seen = ahead.len() < HEADER_LINES && bytes < HEADER_BYTES;
    let unseen: BTreeMap<String, String> = mapped
        .into_iter()
        .filter(|(from, _)| !known.contains(from))
        .collect();
    let mut columns = found;
    if !whole_file_seen {
        columns.extend(unseen.keys().cloned());
    }
    let schema = text_schema(columns.clone());
    let rows = TextRows::new(Arc::clone(&schema), source.raw.null_values.clone());
    let unseen = if whole_file_seen {
        BTreeMap::new()
    } else {
        unseen
    };
    Ok(RawFile {
        place,
        schema,
        batches: Box::new(Ndjson {
            lines,
            ahead,
            rows,
            columns,
            unseen,
            done: false,
        }),
    })
}

impl Ndjson {
    fn batch(&mut self) -> Result<Option<RawRows>, ReadError> {
        while !self.rows.is_full() {
            let next = match self.ahead.pop_front() {
                Some(line) => Some(line),
                None => self.lines.next()?,
            };
            let Some(line) = next else {
                self.done = true;
                self.check_unseen()?;
                break;
            };
            match parse(&line) {
                Ok(row) => {
                    self.unseen.retain(|name, _| !row.contains_key(name));
                    self.rows.push(
                        self.columns
                            .iter()
                            .map(|name| row.get(name).and_then(Option::as_deref)),
                    );
                }
                Err(lapse) => self.rows.refuse(lapse, &line),
            }
        }
        Ok(self.rows.take())
    }

    fn check_unseen(&self) -> Result<(), ReadError> {
        let Some((column, mapped_to)) = self.unseen.first_key_value() else {
            return Ok(());
        };
        let found: Vec<String> = self
            .columns
            .iter()
            .filter(|c| !self.unseen.contains_key(*c))
            .cloned()
            .collect();
        Err(ReadError::MissingColumn {
            file: self.lines.file.clone(),
            column: column.clone(),
            mapped_to: mapped_to.clone(),
            nearest: crate::map::nearest(column, &found),
            found,
        })
    }
}

impl Iterator for Ndjson {
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
