//! What came of decisions: counts of whole days, kept so that a day is joined with its outcomes once.

use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::StoreError;
use schema::AsOf;
use serde::{Deserialize, Serialize};

/// What came of one version's decisions of one day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OutcomeDay {
    /// The day of the decisions.
    pub day: AsOf,
    /// The version.
    pub version: u32,
    /// Whether they were about customers of the holdout, whom the baseline answered.
    pub held_out: bool,
    /// Decisions that could have been judged, repeated ones too.
    pub decisions: u64,
    /// Those of which something came that says whether they were good.
    pub judged: u64,
    /// Those that were.
    pub good: u64,
    /// How wrong they were, where they are forecasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<ErrorSums>,
}

/// How wrong forecasts of a day were: sums over them. Distances are as their kind measures them, absolute or squared; the
/// rest is in the unit that they are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorSums {
    /// Distances of forecast and what sold.
    pub missed: f64,
    /// Their squares.
    pub missed_squares: f64,
    /// Distances of the naive forecast and what sold.
    pub missed_naive: f64,
    /// What was forecast less what sold: above 0 where forecasts were too high.
    pub excess: f64,
    /// What sold.
    pub sold: f64,
}

impl std::ops::AddAssign for ErrorSums {
    fn add_assign(&mut self, other: Self) {
        self.missed += other.missed;
        self.missed_squares += other.missed_squares;
        self.missed_naive += other.missed_naive;
        self.excess += other.excess;
        self.sold += other.sold;
    }
}

/// What came of one version's lists of one day, at one position of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionDay {
    /// The day of the decisions.
    pub day: AsOf,
    /// The version.
    pub version: u32,
    /// Whether they were about customers of the holdout, whom the baseline answered.
    pub held_out: bool,
    /// The position, from 1.
    pub position: u32,
    /// Judged decisions that show something there.
    pub shown: u64,
    /// Those of them whose first product that led to something stands there. Over all positions these add up to the good
    /// decisions of the day.
    pub good: u64,
}

impl Registry {
    /// Notes what came of the decisions of days up to `last`. A day that was noted before keeps what was said of it: its
    /// outcomes were complete.
    ///
    /// - `positions`: of the same days, where decisions are lists.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used; nothing is noted then.
    pub async fn add_outcomes(
        &self,
        product: &str,
        days: &[OutcomeDay],
        positions: &[PositionDay],
        last: AsOf,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "INSERT INTO outcomes (product, day, number, held_out, decisions, judged, good, \
                   missed, missed_squares, missed_naive, excess, sold) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
                   ON CONFLICT (product, day, number, held_out) DO NOTHING";
        for of in days {
            let day = i64::from(of.day.epoch_day());
            let held_out = i64::from(of.held_out);
            let counts = values![
                product,
                day,
                of.version,
                held_out,
                of.decisions,
                of.judged,
                of.good,
                of.errors.map(|sums| sums.missed),
                of.errors.map(|sums| sums.missed_squares),
                of.errors.map(|sums| sums.missed_naive),
                of.errors.map(|sums| sums.excess),
                of.errors.map(|sums| sums.sold),
            ];
            writing.execute(sql, counts).await?;
        }
        let sql = "INSERT INTO outcome_positions (product, day, number, held_out, position, shown, good) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7) \
                   ON CONFLICT (product, day, number, held_out, position) DO NOTHING";
        for of in positions {
            let day = i64::from(of.day.epoch_day());
            let held_out = i64::from(of.held_out);
            let counts = values![
                product,
                day,
                of.version,
                held_out,
                of.position,
                of.shown,
                of.good
            ];
            writing.execute(sql, counts).await?;
        }
        let sql = "INSERT INTO outcomes_known (product, day) VALUES ($1, $2) ON CONFLICT (product) \
                   DO UPDATE SET day = excluded.day WHERE outcomes_known.day < excluded.day";
        let last = i64::from(last.epoch_day());
        writing.execute(sql, values![product, last]).await?;
        writing.commit().await
    }

    /// What came of a product's decisions, by day, and the last day of which that is known.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn outcomes(
        &self,
        product: &str,
    ) -> Result<(Vec<OutcomeDay>, Option<AsOf>), StoreError> {
        let sql = "SELECT day FROM outcomes_known WHERE product = $1";
        let known = self.store.row(sql, values![product]).await?;
        let last = known.as_ref().map(day).transpose()?;
        let sql = "SELECT day, number, held_out, decisions, judged, good, missed, missed_squares, missed_naive, \
                   excess, sold \
                   FROM outcomes WHERE product = $1 ORDER BY day, number, held_out";
        let rows = self.store.rows(sql, values![product]).await?;
        let days = rows.iter().map(outcome_day).collect::<Result<_, _>>()?;
        Ok((days, last))
    }

    /// What came of a product's lists, by day and position. Days that were noted without positions are not in it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn outcome_positions(&self, product: &str) -> Result<Vec<PositionDay>, StoreError> {
        let sql = "SELECT day, number, held_out, position, shown, good FROM outcome_positions \
                   WHERE product = $1 ORDER BY day, number, held_out, position";
        let rows = self.store.rows(sql, values![product]).await?;
        rows.iter().map(position_day).collect()
    }
}

fn day(row: &Row) -> Result<AsOf, StoreError> {
    Ok(AsOf(schema::time::date_of(row.number("day")?)))
}

fn errors(row: &Row) -> Result<Option<ErrorSums>, StoreError> {
    let sum = |column| row.get::<Option<f64>>(column);
    let sums = [
        sum("missed")?,
        sum("missed_squares")?,
        sum("missed_naive")?,
        sum("excess")?,
        sum("sold")?,
    ];
    let [
        Some(missed),
        Some(missed_squares),
        Some(missed_naive),
        Some(excess),
        Some(sold),
    ] = sums
    else {
        return Ok(None);
    };
    Ok(Some(ErrorSums {
        missed,
        missed_squares,
        missed_naive,
        excess,
        sold,
    }))
}

fn outcome_day(row: &Row) -> Result<OutcomeDay, StoreError> {
    Ok(OutcomeDay {
        day: day(row)?,
        version: row.number("number")?,
        held_out: row.number::<i64>("held_out")? == 1,
        decisions: row.number("decisions")?,
        judged: row.number("judged")?,
        good: row.number("good")?,
        errors: errors(row)?,
    })
}

fn position_day(row: &Row) -> Result<PositionDay, StoreError> {
    Ok(PositionDay {
        day: day(row)?,
        version: row.number("number")?,
        held_out: row.number::<i64>("held_out")? == 1,
        position: row.number("position")?,
        shown: row.number("shown")?,
        good: row.number("good")?,
    })
}
