//! A file being written, row by row, dirt included.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use super::RawFile;
use crate::dirt::{Columns, DirtKind, Ledger};

/// How rows become bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// Comma-separated UTF-8.
    Comma,
    /// Semicolon-separated Latin-1.
    SemicolonLatin1,
    /// A JSON object a line, empty cells null, the column of that number not quoted.
    JsonLines {
        keys: &'static [&'static str],
        number: usize,
    },
}

/// A file being written.
#[derive(Debug)]
pub(crate) struct Sheet {
    path: String,
    form: Form,
    bytes: Vec<u8>,
    rows: u64,
    line: u64,
}

impl Sheet {
    /// `header` is empty for JSON lines.
    pub(crate) fn new(path: String, form: Form, header: &[&str]) -> Self {
        let mut sheet = Self {
            path,
            form,
            bytes: Vec::new(),
            rows: 0,
            line: 0,
        };
        if !header.is_empty() {
            let cells: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
            sheet.push(&cells);
            sheet.rows = 0;
        }
        sheet
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Writes a row and returns its line, from 1.
    pub(crate) fn push(&mut self, cells: &[String]) -> u64 {
        match self.form {
            Form::Comma => self.separated(cells, ','),
            Form::SemicolonLatin1 => self.separated(cells, ';'),
            Form::JsonLines { keys, number } => self.json(cells, keys, number),
        }
        self.bytes.push(b'\n');
        self.rows += 1;
        self.line += 1;
        self.line
    }

    fn separated(&mut self, cells: &[String], separator: char) {
        for (column, cell) in cells.iter().enumerate() {
            if column > 0 {
                self.text(separator.encode_utf8(&mut [0; 4]));
            }
            if cell.contains([separator, '"', '\n', '\r']) {
                let quoted = format!("\"{}\"", cell.replace('"', "\"\""));
                self.text(&quoted);
            } else {
                self.text(cell);
            }
        }
    }

    fn text(&mut self, text: &str) {
        match self.form {
            Form::Comma | Form::JsonLines { .. } => self.bytes.extend_from_slice(text.as_bytes()),
            // Latin-1 is the first 256 code points; the words of the shop hold no other.
            Form::SemicolonLatin1 => self.bytes.extend(
                text.chars()
                    .map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')),
            ),
        }
    }

    fn json(&mut self, cells: &[String], keys: &[&str], number: usize) {
        for (column, (key, cell)) in keys.iter().zip(cells).enumerate() {
            let before = if column == 0 { "{\"" } else { ",\"" };
            self.text(before);
            self.text(key);
            self.text("\":");
            if cell.is_empty() {
                self.text("null");
            } else if column == number && cell.bytes().all(|byte| byte.is_ascii_digit()) {
                self.text(cell);
            } else {
                serde_json::to_writer(&mut self.bytes, cell)
                    .expect("a text always has a JSON form");
            }
        }
        self.text("}");
    }

    pub(crate) fn finish(self) -> RawFile {
        RawFile {
            path: self.path,
            bytes: self.bytes,
            rows: self.rows,
        }
    }
}

/// Writes rows with the dirt planned for them.
#[derive(Debug)]
pub(crate) struct Soiler<'a> {
    pub(crate) columns: Columns,
    pub(crate) plan: BTreeMap<usize, DirtKind>,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) ledger: &'a mut Ledger,
    /// Whether rows that must be refused are added beside the good one, under a number that nothing
    /// else mentions.
    pub(crate) beside: bool,
    /// Rows for the end of the file being written.
    late: Vec<(Vec<String>, DirtKind, String)>,
}

impl<'a> Soiler<'a> {
    pub(crate) fn new(
        columns: Columns,
        plan: BTreeMap<usize, DirtKind>,
        rng: ChaCha8Rng,
        ledger: &'a mut Ledger,
    ) -> Self {
        Self {
            columns,
            plan,
            rng,
            ledger,
            beside: false,
            late: Vec::new(),
        }
    }

    /// Writes row `row` of the plan.
    pub(crate) fn write(&mut self, sheet: &mut Sheet, row: usize, mut cells: Vec<String>) {
        let Some(&kind) = self.plan.get(&row) else {
            sheet.push(&cells);
            return;
        };
        let key = self.columns.key_of(&cells);
        let copies = [DirtKind::ExactDuplicate, DirtKind::KeyWithAnotherValue].contains(&kind);
        let mends = [DirtKind::StrayCharacters, DirtKind::DateInAnotherFormat].contains(&kind);
        if copies {
            sheet.push(&cells);
            self.columns.soil(kind, &mut cells, &mut self.rng);
            self.late.push((cells, kind, key));
        } else if self.beside && !mends {
            sheet.push(&cells);
            // C000123 becomes C8000123 and P-00123 becomes P-800123, longer than any other number.
            let id = self.columns.id;
            let digit = cells[id]
                .find(|letter: char| letter.is_ascii_digit())
                .unwrap_or(0);
            cells[id].insert(digit, '8');
            let key = self.columns.key_of(&cells);
            self.columns.soil(kind, &mut cells, &mut self.rng);
            self.late.push((cells, kind, key));
        } else {
            self.soil_in_place(sheet, kind, cells, key);
        }
    }

    fn soil_in_place(
        &mut self,
        sheet: &mut Sheet,
        kind: DirtKind,
        mut cells: Vec<String>,
        key: String,
    ) {
        self.columns.soil(kind, &mut cells, &mut self.rng);
        let line = sheet.push(&cells);
        self.ledger.note(sheet.path(), line, kind, key);
    }

    /// Adds a row that is dirt by being there.
    pub(crate) fn add(&mut self, sheet: &mut Sheet, kind: DirtKind, cells: &[String]) {
        let line = sheet.push(cells);
        self.ledger
            .note(sheet.path(), line, kind, self.columns.key_of(cells));
    }

    /// Writes the copies kept for the end and closes the file.
    pub(crate) fn close(&mut self, mut sheet: Sheet) -> RawFile {
        for (cells, kind, key) in std::mem::take(&mut self.late) {
            let line = sheet.push(&cells);
            self.ledger.note(sheet.path(), line, kind, key);
        }
        sheet.finish()
    }
}

/// `cents` as units with two decimals.
pub(crate) fn decimal(cents: i64, mark: char) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    format!("{sign}{}{mark}{:02}", cents.abs() / 100, cents.abs() % 100)
}

/// A file with commas, empty yet.
pub(crate) fn sheet(path: &str, header: &[&str]) -> Sheet {
    Sheet::new(path.to_owned(), Form::Comma, header)
}

/// `cents` as units with two decimals after a point.
pub(crate) fn money(cents: i64) -> String {
    decimal(cents, '.')
}
