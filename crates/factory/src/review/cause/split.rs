//! A fall in parts that add up to it.

use super::super::attribute::Attribute;
use super::super::outcomes::OutcomesError;
use super::super::{ByProduct, Fell, Inputs, Live, Measured};
use super::columns::{COLUMNS_MAX, Met};
use super::{counted, reads, saved, shifted};
use crate::Workshop;
use lake::Snapshot;
use monitoring::cause::{Cause, ColumnPart, Part};
use products::{Judged, Product};
use registry::StoreError;
use schema::AsOf;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What decisions are, by which their parts are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kinds {
    /// Lists of products: parts of the share of good ones.
    Lists,
    /// Forecasts: parts of the share of the naive forecast's error that they save. Shares are of that error.
    Forecasts,
    /// Placed orders: parts of the share of those that lasted.
    Orders,
}

impl Kinds {
    /// What decisions that are judged so are.
    pub(in crate::review) fn of(judged: Judged) -> Self {
        match judged {
            Judged::Bought { .. } | Judged::Clicked { .. } | Judged::No { .. } => Self::Lists,
            Judged::Sold(_) | Judged::Launched | Judged::Valued { .. } => Self::Forecasts,
            Judged::Lasted { .. } => Self::Orders,
        }
    }

    /// What other shares of segments are a change of.
    #[must_use]
    pub fn mix(self) -> &'static str {
        match self {
            Self::Lists => "whom it is asked about",
            Self::Forecasts => "what is forecast",
            Self::Orders => "what is ordered",
        }
    }

    /// What is otherwise within segments.
    #[must_use]
    pub fn relation(self) -> &'static str {
        match self {
            Self::Lists => "how alike customers take the like",
            Self::Forecasts => "how far off forecasts of the like are",
            Self::Orders => "how often orders of the like last",
        }
    }

    /// Before the name of a segment, what is otherwise within it.
    #[must_use]
    pub fn within(self) -> &'static str {
        match self {
            Self::Lists => "taken by",
            Self::Forecasts | Self::Orders => "within",
        }
    }

    /// What shares are of.
    pub(super) fn whole(self) -> &'static str {
        match self {
            Self::Lists => "them",
            Self::Forecasts => "the naive forecast's error",
            Self::Orders => "the orders",
        }
    }

    /// What became worse within segments.
    pub(super) fn worse(self) -> &'static str {
        match self {
            Self::Lists => "alike decisions about alike customers lead to less",
            Self::Forecasts => "forecasts of the like are further off",
            Self::Orders => "orders of the like last less often",
        }
    }
}

/// A fall in parts that add up to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// What the decisions are.
    pub of: Kinds,
    /// The days that the fall is held against, the first and the last.
    pub before: (AsOf, AsOf),
    /// The days of the fall.
    pub after: (AsOf, AsOf),
    /// Decisions of both times.
    pub decisions: (u64, u64),
    /// The attribute of whom or what decisions are about by which the parts below are split: the one whose mix explains
    /// most. Of forecasts and orders, where no mix surely explains something, the one of which a single value became worse.
    pub by: Attribute,
    /// The parts.
    pub parts: Cause,
    /// What of the relation columns that changed explain, by name.
    pub columns: Vec<OfColumn>,
    /// What of it columns explain that changed for the same decisions.
    pub together: Option<OfColumns>,
    /// The relation without that: adds up to it with the columns.
    pub rest: Part,
    /// Shares of each value of the attribute, before and after.
    pub shares: Vec<(String, f64, f64)>,
    /// What the mix by each attribute explains of the fall.
    pub mixes: Vec<(Attribute, Part)>,
}

/// What a column that changed explains of a fall, beyond whom decisions are about and what they show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfColumn {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Its part, where it can be told from all else that changed then.
    pub part: ColumnPart,
}

impl OfColumn {
    /// The column with its table.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

/// What columns explain together that are not told apart from each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfColumns {
    /// The columns, each with its table.
    pub names: Vec<String>,
    /// Their part.
    pub part: Part,
}

impl Split {
    /// The value of the attribute whose share grew most, with its shares before and after.
    pub(super) fn grown(&self) -> Option<(&str, f64, f64)> {
        let growth = |(_, before, after): &&(String, f64, f64)| after - before;
        let most = self
            .shares
            .iter()
            .max_by(|a, b| growth(a).total_cmp(&growth(b)));
        most.map(|(value, before, after)| (value.as_str(), *before, *after))
    }
}

/// A fall whose cause is looked for.
pub(in crate::review) struct Falling<'a> {
    pub(in crate::review) product: &'a str,
    pub(in crate::review) judged: Judged,
    pub(in crate::review) live: &'a Measured,
    pub(in crate::review) fell: Fell,
    /// Columns that changed around it and of which its decisions met a value each: those that can harm most, by name.
    pub(super) met: Vec<Met>,
}

impl<'a> Falling<'a> {
    /// A product's fall, where its decisions became worse.
    pub(in crate::review) fn of(
        product: &'a dyn Product,
        live: &'a Live,
        inputs: &Inputs,
    ) -> Option<Self> {
        let Live::Measured(live) = live else {
            return None;
        };
        let (header, fell) = (product.header(), live.fell?);
        let shifted = shifted(inputs, reads(header), &header.name, fell);
        // What columns explain is told of lists alone.
        let columns_max = if product.judged().is_of_lists() {
            COLUMNS_MAX
        } else {
            0
        };
        let met = shifted.into_iter().filter_map(Met::of);
        let mut met: Vec<Met> = met.take(columns_max).collect();
        met.sort_by_key(Met::name);
        Some(Self {
            product: &header.name,
            judged: product.judged(),
            live,
            fell,
            met,
        })
    }

    /// How its decisions are counted: falls of which that is the same are counted by one query.
    fn counted_by(&self) -> (Judged, Vec<String>) {
        (self.judged, self.met.iter().map(Met::name).collect())
    }

    fn since(&self) -> AsOf {
        self.fell.since()
    }

    /// The days that it is held against, the first and the last.
    pub(super) fn before(&self) -> (AsOf, AsOf) {
        self.live.launch_days
    }

    /// Its own days.
    pub(super) fn after(&self) -> (AsOf, AsOf) {
        let last = self
            .live
            .days
            .last()
            .map_or(self.fell.seen, |(day, _)| *day);
        (self.since(), last)
    }

    /// All that a split is made of. Days whose outcomes are noted stay as they were: what the log says of them later is
    /// no matter, what the catalogue says of those whom they are about is.
    pub(super) fn made_of(&self, snapshot: &Snapshot) -> String {
        let at = |table: &str| match snapshot.tables.get(table) {
            Some(version) => format!("{table} {version}"),
            None => format!("no {table}"),
        };
        let columns = self.met.iter();
        let columns = columns.map(|met| format!("{} of {}", met.column.name, at(&met.table.name)));
        let made_of: Vec<String> = ["customers", "products"]
            .map(at)
            .into_iter()
            .chain(columns)
            .collect();
        let [(from, to), (since, until)] = [self.before(), self.after()];
        let judged = self.judged;
        format!(
            "{FORMAT}: {judged:?} {from} {to} {since} {until}, {}",
            made_of.join(", ")
        )
    }
}

/// How splits are made; what was kept by others is not read.
const FORMAT: &str = "by one attribute and columns, together where they cannot be told apart, of lists, forecasts and orders";

/// The falls of all products in parts. Those that are kept in the registry are only read.
pub(in crate::review) async fn of_falls(
    workshop: &Workshop,
    snapshot: &Snapshot,
    falls: &[Falling<'_>],
) -> Result<ByProduct<Split>, OutcomesError> {
    let mut splits = BTreeMap::new();
    let mut new: BTreeMap<(Judged, Vec<String>), Vec<&Falling<'_>>> = BTreeMap::new();
    for fall in falls {
        match kept(workshop, snapshot, fall).await? {
            Some(split) => splits.extend(split.map(|split| (fall.product.to_owned(), split))),
            None => new.entry(fall.counted_by()).or_default().push(fall),
        }
    }
    for ((judged, _), falls) in new {
        let met = falls.first().map_or(&[][..], |fall| &fall.met);
        let found: Result<Vec<_>, _> = if judged.is_of_lists() {
            let mut cells = counted::of_falls(workshop, snapshot, judged, met, &falls).await?;
            let mut of = |fall: &Falling<'_>| cells.remove(fall.product).unwrap_or_default();
            falls.iter().map(|fall| of(fall).split(fall)).collect()
        } else {
            let mut groups = saved::of_falls(workshop, snapshot, judged, &falls).await?;
            let mut of = |fall: &Falling<'_>| groups.remove(fall.product).unwrap_or_default();
            falls.iter().map(|fall| of(fall).split(fall)).collect()
        };
        for (fall, split) in falls.into_iter().zip(found?) {
            let text = serde_json::to_string(&split).unwrap_or_default();
            let (name, of) = (kept_as(fall.product), fall.made_of(snapshot));
            workshop.registry.keep(&name, &of, &text).await?;
            splits.extend(split.map(|split| (fall.product.to_owned(), split)));
        }
    }
    Ok(splits)
}

fn kept_as(product: &str) -> String {
    format!("cause/{product}")
}

/// What is kept of a fall, where it was made of the same; `None` within it where too few decisions are known.
async fn kept(
    workshop: &Workshop,
    snapshot: &Snapshot,
    fall: &Falling<'_>,
) -> Result<Option<Option<Split>>, StoreError> {
    let (name, of) = (kept_as(fall.product), fall.made_of(snapshot));
    let text = workshop.registry.kept(&name, &of).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}
