//! The units that a shop knows, and what an experiment makes of them.

use super::{Experiments, ExperimentsError};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type};
use lake::{Lake, LakeError, Snapshot};
use products::experiment::{Definition, DesignUnits, DrawingError, Place, SharedWith, Unit};
use schema::time::DAY_SECONDS;
use std::collections::{BTreeMap, BTreeSet};

/// Units with the first moment that the shop knew of each, in seconds since 1970-01-01 UTC; the beginning of time where
/// it does not say.
pub(super) type Known = BTreeMap<String, i64>;

/// Every unit that the shop knows as of a snapshot.
pub(super) async fn known(
    lake: &Lake,
    snapshot: &Snapshot,
    unit: Unit,
) -> Result<Known, LakeError> {
    let sql = match unit {
        Unit::Customer => {
            "SELECT unit, MIN(day) FROM (SELECT customer_id AS unit, joined_on AS day FROM customers \
             UNION ALL SELECT customer_id, CAST(sold_at AS DATE) FROM sales) WHERE unit IS NOT NULL GROUP BY unit"
        }
        Unit::Site => {
            "SELECT site_id, MIN(CAST(sold_at AS DATE)) FROM sales WHERE site_id IS NOT NULL GROUP BY site_id"
        }
    };
    let mut known = Known::new();
    for batch in lake.query_at(sql, snapshot).await? {
        let (unit, day) = (
            batch.column(0).as_string::<i32>(),
            batch.column(1).as_primitive::<Date32Type>(),
        );
        for row in 0..batch.num_rows() {
            let since = day
                .is_valid(row)
                .then(|| i64::from(day.value(row)) * DAY_SECONDS);
            known.insert(unit.value(row).to_owned(), since.unwrap_or(i64::MIN));
        }
    }
    Ok(known)
}

/// The customers that a definition asks for; `None` where it takes all.
pub(super) async fn asked_for(
    lake: &Lake,
    snapshot: &Snapshot,
    definition: &Definition,
) -> Result<Option<BTreeSet<String>>, ExperimentsError> {
    let Some(sql) = &definition.file().customers else {
        return Ok(None);
    };
    let failed = |source| ExperimentsError::Customers {
        experiment: definition.name().to_owned(),
        source,
    };
    let mut asked = BTreeSet::new();
    for batch in lake.query_at(sql, snapshot).await.map_err(failed)? {
        let texts =
            cast(batch.column(0), &DataType::Utf8).map_err(|e| failed(lake.sql_error(e.into())))?;
        asked.extend(texts.as_string::<i32>().iter().flatten().map(str::to_owned));
    }
    Ok(Some(asked))
}

/// What an experiment makes of the units there are.
#[derive(Debug, Default)]
pub(super) struct Placed {
    pub(super) units: DesignUnits,
    /// Who can be drawn: with the first moment known and the arm that the hash gives; 0 is the control.
    pub(super) available: Vec<(String, i64, usize)>,
}

impl Experiments {
    /// Who of the known units can be drawn, in the order of their names.
    pub(super) fn placed(
        &self,
        definition: &Definition,
        known: &Known,
        asked: Option<&BTreeSet<String>>,
    ) -> Result<Placed, DrawingError> {
        let mut placed = Placed::default();
        placed.units.known = known.len() as u64;
        for (unit, since) in known {
            if asked.is_some_and(|asked| !asked.contains(unit)) {
                placed.units.not_asked_for += 1;
                continue;
            }
            match self.drawing.place(definition, unit)? {
                Place::HeldOut => placed.units.held_out += 1,
                Place::OtherPart => placed.units.other_part += 1,
                Place::Arm(arm) => placed.available.push((unit.clone(), *since, arm)),
            }
        }
        placed.units.available = placed.available.len() as u64;
        let own = (definition.layer(), definition.file().unit);
        let others = self.all.iter();
        for other in others.filter(|o| o.layer() != own.0 && o.file().unit == own.1) {
            let mut units = 0;
            for (unit, _, _) in &placed.available {
                units += u64::from(matches!(self.drawing.place(other, unit)?, Place::Arm(_)));
            }
            placed.units.shared.push(SharedWith {
                experiment: other.name().to_owned(),
                layer: other.layer().to_owned(),
                units,
            });
        }
        Ok(placed)
    }
}
