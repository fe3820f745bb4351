//! Which versions use a column that has changed, and how much of what they answer hangs on it.

use super::{ALPHA, SUSPECTED_FROM, Seen, Shifted, TOLD_FROM, Watched};
use crate::review::Inputs;
use crate::{CHAMPION, Workshop};
use lake::Snapshot;
use monitoring::inputs::{Aspect, FeatureReading, rank_features};
use monitoring::refusal::Refusal;
use registry::StoreError;
use schema::table::table;
use schema::{Scorecard, Weight, Weights};
use serde::Serialize;
use std::collections::BTreeMap;

/// Tables that are our own doing: what they hold changes when we do.
const OWN: [&str; 4] = ["decisions", "assignments", "exposures", "shadow_answers"];

/// A product that uses a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadBy {
    /// The product.
    pub product: String,
    /// The version that answers; `None` where none does.
    pub version: Option<u32>,
    /// What the column is to it.
    #[serde(flatten)]
    pub weight: Weight,
    /// Its weight times the share of the column's values that are others: what the change can move answers by. Of a weight
    /// that is not known it is taken that all columns that are watched weigh alike.
    pub harm: f64,
}

impl std::fmt::Display for ReadBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.product, self.weight)
    }
}

/// A product, the tables that its kind reads, and what its champion hangs on.
pub(super) struct Reader {
    pub(super) product: String,
    pub(super) tables: &'static [&'static str],
    pub(super) version: Option<u32>,
    pub(super) weights: Weights,
}

impl Reader {
    /// Every product of a project.
    pub(super) async fn all(workshop: &Workshop) -> Result<Vec<Self>, StoreError> {
        let mut all = Vec::with_capacity(workshop.project.products.len());
        for product in &workshop.project.products {
            let header = product.header();
            let unknown = |because: &str| Weights::Unknown {
                because: because.to_owned(),
            };
            let champion = workshop.registry.alias(&header.name, CHAMPION).await?;
            let version = champion.map(|alias| alias.version);
            let record = match version {
                Some(number) => workshop.registry.version(&header.name, number).await?,
                None => None,
            };
            let scorecard = record.map(|of| serde_json::from_value::<Scorecard>(of.scorecard));
            let weights = match scorecard {
                None => unknown("no version answers"),
                Some(Err(_)) => unknown("its scorecard cannot be read"),
                Some(Ok(card)) => card
                    .weights
                    .unwrap_or_else(|| unknown("it was trained before weights were kept")),
            };
            all.push(Self {
                product: header.name.clone(),
                tables: products::kind(&header.kind).map_or(&[][..], |kind| kind.card().reads),
                version,
                weights,
            });
        }
        Ok(all)
    }

    fn reads(&self, table: &str) -> bool {
        self.tables.contains(&table)
    }
}

/// The tables with a time that products read, in their order.
pub(super) fn tables(readers: &[Reader], snapshot: &Snapshot) -> Vec<&'static str> {
    let mut read: Vec<&'static str> = readers.iter().flat_map(|of| of.tables).copied().collect();
    read.sort_unstable();
    read.dedup();
    read.retain(|name| {
        let has_time = table(name).is_some_and(|table| table.time.is_some());
        has_time && !OWN.contains(name) && snapshot.tables.contains_key(*name)
    });
    read
}

/// Those whose answers hang on a column, the most harmed first, then by name.
///
/// - `even`: what a column weighs of which that is not known.
fn read_by(readers: &[Reader], seen: &Seen, even: f64) -> Vec<ReadBy> {
    let name = format!("{}.{}", seen.table, seen.column);
    let readers = readers.iter().filter(|reader| reader.reads(&seen.table));
    let mut all: Vec<ReadBy> = readers
        .filter_map(|reader| {
            let weight = reader.weights.of(&name)?;
            let share = match &weight {
                Weight::Share { share } => *share,
                Weight::Beside | Weight::Unknown { .. } => even,
            };
            Some(ReadBy {
                product: reader.product.clone(),
                version: reader.version,
                weight,
                harm: share * seen.shift,
            })
        })
        .collect();
    all.sort_by(|a, b| {
        let harm = b.harm.total_cmp(&a.harm);
        harm.then_with(|| a.product.cmp(&b.product))
    });
    all
}

/// What has changed, what can harm most first; what no version uses comes last.
pub(super) fn ranked(watched: Watched, readers: &[Reader]) -> Result<Inputs, Refusal> {
    let mut inputs = Inputs {
        since: watched.since,
        watched: watched.columns,
        ..Inputs::default()
    };
    let even = 1.0 / inputs.watched.len().max(1) as f64;
    let mut of: BTreeMap<(String, String), (Seen, Vec<ReadBy>)> = BTreeMap::new();
    let mut readings = Vec::with_capacity(watched.seen.len());
    for seen in watched.seen {
        let read_by = read_by(readers, &seen, even);
        let shift = seen.shift.max(f64::MIN_POSITIVE);
        // One reading a column, in the version that it can harm most: what is said to have changed follows from the
        // lake alone.
        readings.push(FeatureReading {
            product: seen.table.clone(),
            feature: seen.column.clone(),
            weight: read_by.first().map_or(0.0, |most| most.harm / shift),
            shift: seen.shift,
            ln_e_value: seen.ln_e_value,
            aspect: seen.aspect,
        });
        of.insert((seen.table.clone(), seen.column.clone()), (seen, read_by));
    }
    for ranked in rank_features(readings, ALPHA)? {
        let reading = ranked.reading;
        if reading.aspect != Aspect::NeverSeen && reading.shift < TOLD_FROM {
            continue;
        }
        let Some((seen, read_by)) = of.remove(&(reading.product, reading.feature)) else {
            continue;
        };
        let shifted = Shifted {
            table: seen.table,
            column: seen.column,
            aspect: seen.aspect,
            since: seen.since,
            share: seen.shift,
            new_values: seen.new_values,
            read_by,
        };
        if ranked.shifted {
            inputs.shifted.push(shifted);
        } else if shifted.share >= SUSPECTED_FROM {
            inputs.suspected.push(shifted);
        }
    }
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::weights::WeighedBy;

    fn seen(column: &str, shift: f64) -> Seen {
        Seen {
            table: "sales".to_owned(),
            column: column.to_owned(),
            aspect: Aspect::Values,
            shift,
            // Sure beyond any doubt.
            ln_e_value: 50.0,
            since: None,
            new_values: Vec::new(),
        }
    }

    fn reader(product: &str, weights: Weights) -> Reader {
        Reader {
            product: product.to_owned(),
            tables: &["sales"],
            version: Some(3),
            weights,
        }
    }

    fn watched() -> Watched {
        let seen = vec![
            seen("channel", 0.95),
            seen("discount_cents", 0.9),
            seen("quantity", 0.3),
            seen("unit_price_cents", 0.02),
        ];
        Watched {
            since: None,
            columns: seen
                .iter()
                .map(|of| format!("sales.{}", of.column))
                .collect(),
            seen,
        }
    }

    fn weights(of: &[(f64, &'static str)]) -> Weights {
        let each = of.iter().map(|(weight, column)| (*weight, vec![*column]));
        Weights::of_parts(WeighedBy::Gains, each)
    }

    #[test]
    fn what_weighs_much_and_changed_less_comes_before_what_weighs_little_and_changed_most() {
        let readers = [
            reader(
                "demand",
                weights(&[(0.9, "sales.quantity"), (0.1, "sales.discount_cents")]),
            ),
            reader("orders", weights(&[(1.0, "sales.quantity")])),
        ];
        let inputs = ranked(watched(), &readers).unwrap();
        let names: Vec<&str> = inputs.shifted.iter().map(|of| of.column.as_str()).collect();
        // By shift alone it would be channel, discount, quantity.
        assert_eq!(names, ["quantity", "discount_cents", "channel"]);
        let told: Vec<String> = inputs.shifted.iter().map(Shifted::used_by).collect();
        assert_eq!(
            told,
            [
                "used by orders (100 %), demand (90 %)",
                "used by demand (10 %)",
                "used by no version that answers"
            ]
        );
        // To each product what matters to it.
        let of = |product| {
            let found = inputs.of_product(product);
            found.map(|(of, _)| of.column.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of("demand"), ["quantity", "discount_cents"]);
        assert_eq!(of("orders"), ["quantity"]);
    }

    #[test]
    fn where_weights_are_not_known_all_columns_weigh_alike_and_nobody_is_left_out() {
        let unknown = Weights::Unknown {
            because: "it was trained before weights were kept".to_owned(),
        };
        let inputs = ranked(watched(), &[reader("old", unknown)]).unwrap();
        let names: Vec<&str> = inputs.shifted.iter().map(|of| of.column.as_str()).collect();
        assert_eq!(names, ["channel", "discount_cents", "quantity"]);
        assert_eq!(
            inputs.shifted[0].used_by(),
            "used by old (weight not known)"
        );
        assert!((inputs.shifted[0].read_by[0].harm - 0.95 / 4.0).abs() < 1e-12);
    }
}
