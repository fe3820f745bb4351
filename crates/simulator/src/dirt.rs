//! Dirt: what a foreign export gets wrong, how often, and where.

use std::collections::BTreeMap;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::draws::distinct;

/// A kind of dirt. A row has at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirtKind {
    /// A second copy of a row, at the end of the file.
    ExactDuplicate,
    /// A second row with the key of a first one and another value, at the end of the file.
    KeyWithAnotherValue,
    /// The mandatory identifier is empty.
    MissingId,
    /// The identifier has spaces, a no-break space, a tab or a bell around it.
    StrayCharacters,
    /// No customer.
    MissingCustomer,
    /// A customer number that exists nowhere.
    UnknownCustomer,
    /// A product reference that exists nowhere.
    UnknownProduct,
    /// A site code that exists nowhere.
    UnknownSite,
    /// A price below zero.
    NegativePrice,
    /// A price of nine billion.
    AbsurdPrice,
    /// A price of `1e308`, which overflows when summed.
    OverflowingPrice,
    /// The text `NaN` in place of a number.
    NotANumber,
    /// A quantity of zero.
    ZeroQuantity,
    /// Stock below zero.
    NegativeStock,
    /// A date that is none.
    UnparseableDate,
    /// A right date, written otherwise than in the rest of the file: set aside where the source knows one format only.
    DateInAnotherFormat,
    /// A right date, 56 years too late.
    DateInTheFuture,
    /// A currency that does not exist.
    UnknownCurrency,
    /// An extra line of an order whose reference is a charge (postage, bank charges), no product.
    CodeThatIsNoProduct,
    /// A category that the shop does not have.
    WrongCategory,
    /// An e-mail address that cannot be one.
    BrokenEmail,
    /// An event of a kind nobody declared.
    UnknownEventType,
    /// A return that does not say of what.
    MissingReturnReference,
    /// A return of an order that exists nowhere.
    UnknownReturnReference,
}

impl DirtKind {
    /// Why a contract may accept rows with this dirt; `None` where it must set them aside.
    #[must_use]
    pub fn accepted_because(self) -> Option<&'static str> {
        match self {
            Self::StrayCharacters => {
                Some("without what nobody sees at its ends, the identifier is the shop's own")
            }
            Self::MissingCustomer => Some("a sale to somebody unknown is a sale"),
            Self::MissingReturnReference => {
                Some("the goods came back, whatever order they belong to")
            }
            Self::UnknownReturnReference => {
                Some("the goods came back; their order may be older than the files")
            }
            Self::ExactDuplicate
            | Self::KeyWithAnotherValue
            | Self::MissingId
            | Self::UnknownCustomer
            | Self::UnknownProduct
            | Self::UnknownSite
            | Self::NegativePrice
            | Self::AbsurdPrice
            | Self::OverflowingPrice
            | Self::NotANumber
            | Self::ZeroQuantity
            | Self::NegativeStock
            | Self::UnparseableDate
            | Self::DateInAnotherFormat
            | Self::DateInTheFuture
            | Self::UnknownCurrency
            | Self::CodeThatIsNoProduct
            | Self::WrongCategory
            | Self::BrokenEmail
            | Self::UnknownEventType => None,
        }
    }
}

/// A dirty row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirtRow {
    /// Path of the file under the folder written.
    pub file: String,
    /// Line of the file, from 1, the header counted.
    pub line: u64,
    /// What is wrong with it.
    pub kind: DirtKind,
    /// Key of the row before it was made dirty, its parts joined by `/`.
    pub key: String,
}

/// Every dirty row, as the files are written.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) rows: Vec<DirtRow>,
    pub(crate) counts: BTreeMap<String, BTreeMap<DirtKind, u64>>,
}

impl Ledger {
    /// The kinds noted that a contract may accept, each with the reason.
    pub(crate) fn accepted(&self) -> BTreeMap<DirtKind, String> {
        let kinds = self.counts.values().flat_map(BTreeMap::keys);
        kinds
            .filter_map(|kind| Some((*kind, kind.accepted_because()?.to_owned())))
            .collect()
    }

    pub(crate) fn note(&mut self, file: &str, line: u64, kind: DirtKind, key: String) {
        *self
            .counts
            .entry(file.to_owned())
            .or_default()
            .entry(kind)
            .or_default() += 1;
        self.rows.push(DirtRow {
            file: file.to_owned(),
            line,
            kind,
            key,
        });
    }
}

/// Which of `rows` rows gets which kind: `rate` of them in all, the kinds equally often and at
/// least twice, never two on a row, only where `fits(row, kind)`.
pub(crate) fn plan(
    rng: &mut ChaCha8Rng,
    rate: f64,
    rows: usize,
    kinds: &[DirtKind],
    fits: impl Fn(usize, DirtKind) -> bool,
) -> BTreeMap<usize, DirtKind> {
    let mut planned = BTreeMap::new();
    if rate <= 0.0 {
        return planned;
    }
    let each = ((rate * rows as f64 / kinds.len() as f64).round() as usize).max(2);
    let mut taken = vec![false; rows];
    let mut free: Vec<usize> = Vec::with_capacity(rows);
    for &kind in kinds {
        free.clear();
        free.extend((0..rows).filter(|row| !taken[*row] && fits(*row, kind)));
        for position in distinct(rng, free.len(), each) {
            taken[free[position]] = true;
            planned.insert(free[position], kind);
        }
    }
    planned
}

/// Where the columns of a file are that dirt can fall on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Columns {
    /// Columns that together identify a row.
    pub(crate) key: &'static [usize],
    /// The column emptied by [`DirtKind::MissingId`] and soiled by [`DirtKind::StrayCharacters`].
    pub(crate) id: usize,
    /// The column that differs in [`DirtKind::KeyWithAnotherValue`], and what it then holds.
    pub(crate) other: (usize, Other),
    pub(crate) customer: usize,
    pub(crate) product: usize,
    pub(crate) site: usize,
    pub(crate) price: usize,
    pub(crate) quantity: usize,
    pub(crate) number: usize,
    pub(crate) date: usize,
    pub(crate) currency: usize,
    pub(crate) category: usize,
    pub(crate) email: usize,
    pub(crate) event: usize,
    pub(crate) return_of: usize,
}

/// Another value than the one there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Other {
    /// A whole number, plus this.
    Plus(i64),
    /// This text.
    Text(&'static str),
}

impl Default for Other {
    fn default() -> Self {
        Self::Plus(7)
    }
}

impl Columns {
    pub(crate) fn key_of(&self, cells: &[String]) -> String {
        self.key
            .iter()
            .map(|column| cells[*column].as_str())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// Makes a row dirty. The kinds that copy or add a row are the caller's, but for the changed
    /// value of [`DirtKind::KeyWithAnotherValue`].
    pub(crate) fn soil(&self, kind: DirtKind, cells: &mut [String], rng: &mut ChaCha8Rng) {
        let nowhere = rng.random_range(0..100_000);
        match kind {
            DirtKind::ExactDuplicate | DirtKind::CodeThatIsNoProduct => {}
            DirtKind::KeyWithAnotherValue => self.change(cells),
            DirtKind::MissingId => cells[self.id].clear(),
            DirtKind::StrayCharacters => {
                let id = &cells[self.id];
                let soiled = [
                    format!(" {id}"),
                    format!("{id}  "),
                    format!("{id}\u{a0}"),
                    format!("\t{id}"),
                    format!("{id}\u{7}"),
                ];
                let choice = rng.random_range(0..soiled.len());
                cells[self.id] = soiled[choice].clone();
            }
            DirtKind::MissingCustomer => cells[self.customer].clear(),
            DirtKind::UnknownCustomer => cells[self.customer] = format!("C9{nowhere:05}"),
            DirtKind::UnknownProduct => cells[self.product] = format!("X-{nowhere:05}"),
            DirtKind::UnknownSite => cells[self.site] = "XXX9".to_owned(),
            DirtKind::NegativePrice => cells[self.price].insert(0, '-'),
            DirtKind::AbsurdPrice => cells[self.price] = "9000000000".to_owned(),
            DirtKind::OverflowingPrice => cells[self.price] = "1e308".to_owned(),
            DirtKind::NotANumber => cells[self.number] = "NaN".to_owned(),
            DirtKind::ZeroQuantity => cells[self.quantity] = "0".to_owned(),
            DirtKind::NegativeStock => {
                cells[self.number] = format!("-{}", rng.random_range(1..40));
            }
            DirtKind::UnparseableDate => {
                let date = &cells[self.date];
                // The date stays in the text, so that two such rows never share a key by accident.
                let texts = [
                    impossible(date),
                    format!("#REF! {date}"),
                    format!("circa {date}"),
                ];
                cells[self.date] = texts[rng.random_range(0..texts.len())].clone();
            }
            DirtKind::DateInAnotherFormat => cells[self.date] = otherwise(&cells[self.date]),
            DirtKind::DateInTheFuture => cells[self.date] = in_the_future(&cells[self.date]),
            DirtKind::UnknownCurrency => cells[self.currency] = "ZZZ".to_owned(),
            DirtKind::WrongCategory => {
                let texts = ["#N/A", "to be sorted", "Kitchne"];
                cells[self.category] = texts[rng.random_range(0..texts.len())].to_owned();
            }
            DirtKind::BrokenEmail => {
                let email = &cells[self.email];
                let texts = [
                    email.replace('@', ""),
                    email.replace('@', "@@"),
                    "n/a".to_owned(),
                ];
                cells[self.email] = texts[rng.random_range(0..texts.len())].clone();
            }
            DirtKind::UnknownEventType => cells[self.event] = "heartbeat".to_owned(),
            DirtKind::MissingReturnReference => cells[self.return_of].clear(),
            DirtKind::UnknownReturnReference => {
                cells[self.return_of] = format!("CMD999{nowhere:05}");
            }
        }
    }

    fn change(&self, cells: &mut [String]) {
        let (column, other) = self.other;
        match other {
            Other::Plus(step) => {
                let value: i64 = cells[column].parse().unwrap_or(0);
                cells[column] = (value + step).to_string();
            }
            Other::Text(text) => cells[column] = text.to_owned(),
        }
    }
}

/// ISO dates become French ones and French ones become dotted: 2025-03-01T14:02:11 is 01/03/2025
/// 14:02, 01/03/2025 is 2025.03.01.
fn otherwise(date: &str) -> String {
    if iso(date) {
        let time = date
            .get(11..16)
            .map_or(String::new(), |time| format!(" {time}"));
        format!("{}/{}/{}{time}", &date[8..10], &date[5..7], &date[..4])
    } else {
        format!("{}.{}.{}", &date[6..10], &date[3..5], &date[..2])
    }
}

/// The same day 56 years later: twice the cycle of leap years and weekdays, so that a 29 February
/// stays a date, until 2099.
fn in_the_future(date: &str) -> String {
    let year = if iso(date) { 0..4 } else { 6..10 };
    with_number(date, year, 56)
}

/// The same day of a month from 51 to 62.
fn impossible(date: &str) -> String {
    let month = if iso(date) { 5..7 } else { 3..5 };
    with_number(date, month, 50)
}

fn iso(date: &str) -> bool {
    date.as_bytes().get(4) == Some(&b'-')
}

fn with_number(date: &str, at: std::ops::Range<usize>, more: u32) -> String {
    let number: u32 = date[at.clone()].parse().unwrap_or(0);
    let mut changed = date.to_owned();
    changed.replace_range(at, &(number + more).to_string());
    changed
}
