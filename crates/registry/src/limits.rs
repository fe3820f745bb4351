//! Limits on some arms within a budget: what of each is leased, reserved and spent.
//!
//! A lease of a budget may hold parts of its limits. Which limits a promise counts against follows from its lease and
//! its arm, so that whoever reads what a dead process promised need not know more than that.

use crate::budgets::{BudgetRecord, lease_of};
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::{StoreError, Writing};
use schema::LimitUnit;
use serde::{Deserialize, Serialize};

/// Why parts of limits are not leased.
#[derive(Debug, thiserror::Error)]
pub enum LeaseLimitsError {
    /// There is no such lease, or it was settled or released.
    #[error("lease limits: lease {lease} is not open, take another one")]
    Closed {
        /// The lease.
        lease: String,
    },
    /// The limit was not opened.
    #[error("lease limits of `{product}` for {period}: no limit {limit:?} was opened")]
    NoLimit {
        /// The data product.
        product: String,
        /// The period.
        period: String,
        /// The limit.
        limit: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A limit of a period.
#[derive(Debug, Clone, Copy)]
pub struct NewLimit<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it counts.
    pub unit: LimitUnit,
    /// How many units may be promised, above 0.
    pub units: i64,
}

/// What a lease is to hold of a limit.
#[derive(Debug, Clone, Copy)]
pub struct LimitAsked<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it counts.
    pub unit: LimitUnit,
    /// The arms that count against it: those of the first time it was leased under this lease.
    pub arms: &'a [&'a str],
    /// All that the lease holds of it as far as its holder knows. Where it is more, an answer was lost on the way, and
    /// is given again.
    pub known: i64,
    /// With less than this nothing is leased.
    pub needed: i64,
    /// A hundredth of what is free is leased, but at least this, where it is there.
    pub few: i64,
    /// And at most this.
    pub many: i64,
}

/// What a lease holds of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeasedLimit {
    /// All that was leased of it under the lease.
    pub units: i64,
    /// What is free beside it; negative where the limit was lowered, or more was redeemed than reserved.
    pub free: i64,
}

/// A limit as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitRecord {
    /// The data product.
    #[serde(skip)]
    pub product: String,
    /// The period.
    #[serde(skip)]
    pub period: String,
    /// Its name.
    pub limit: String,
    /// What the figures count.
    pub counts: LimitUnit,
    /// What may be promised.
    pub allowed: i64,
    /// Promised, and neither redeemed nor expired; an offer that expired was given all the same, where those count.
    pub reserved: i64,
    /// Redeemed.
    pub spent: i64,
    /// The part of what was redeemed that nothing was reserved for.
    pub excess: i64,
    /// Leased to processes that promise from it.
    pub leased: i64,
    /// What may still be leased; negative where the limit was lowered, or more was redeemed than reserved.
    pub free: i64,
    /// Promised, not redeemed in time, and free again.
    pub expired: i64,
}

impl LimitRecord {
    /// Whether it is one of a budget's.
    #[must_use]
    pub fn is_within(&self, budget: &BudgetRecord) -> bool {
        self.product == budget.product && self.period == budget.period
    }
}

const LIMITS: &str = "SELECT product, period, name, unit, limit_units, leased_units, reserved_units, spent_units, \
     excess_units, expired_units FROM budget_limits ORDER BY product, period, name, unit";
const LIMIT: &str = "SELECT product, period, name, unit, limit_units, leased_units, reserved_units, spent_units, \
     excess_units, expired_units FROM budget_limits WHERE product = $1 AND period = $2 AND name = $3 AND unit = $4";

impl Registry {
    /// Opens limits of a period whose budget is open, or gives those that are open other figures. A limit below what is
    /// promised already takes nothing back; nothing more of it is leased then.
    ///
    /// # Errors
    /// [`StoreError`]: the database cannot be used, or refuses a limit of 0 or less, or one without a budget.
    pub async fn open_limits(
        &self,
        product: &str,
        period: &str,
        limits: &[NewLimit<'_>],
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        for limit in limits {
            let sql = "INSERT INTO budget_limits (product, period, name, unit, limit_units) VALUES ($1, $2, $3, $4, $5) \
                       ON CONFLICT (product, period, name, unit) DO UPDATE SET limit_units = excluded.limit_units";
            let row = values![product, period, limit.name, limit.unit.name(), limit.units];
            writing.execute(sql, row).await?;
        }
        writing.commit().await
    }

    /// Adds parts of limits to an open lease, in one transaction; of each, all that the lease holds of it then. Where
    /// less is free than is needed nothing is added.
    ///
    /// What is leased, reserved and spent together never passes a limit by this.
    ///
    /// # Errors
    /// [`LeaseLimitsError`]: the lease is not open, or a limit was not opened.
    pub async fn lease_limits(
        &self,
        lease: &str,
        asked: &[LimitAsked<'_>],
    ) -> Result<Vec<LeasedLimit>, LeaseLimitsError> {
        let mut writing = self.store.write().await?;
        let Some((of, true, _)) = lease_of(&mut writing, lease).await? else {
            return Err(LeaseLimitsError::Closed {
                lease: lease.to_owned(),
            });
        };
        let mut leased = Vec::with_capacity(asked.len());
        for one in asked {
            let key = values![
                of.product.as_str(),
                of.period.as_str(),
                one.name,
                one.unit.name()
            ];
            let Some(row) = writing.row(LIMIT, key).await? else {
                return Err(LeaseLimitsError::NoLimit {
                    product: of.product,
                    period: of.period,
                    limit: one.name.to_owned(),
                });
            };
            leased.push(add(&mut writing, &of.id, &limit_record(&row)?, one).await?);
        }
        writing.commit().await?;
        Ok(leased)
    }

    /// Gives back what a lease holds of a limit beyond `keep`: what was promised from it and may yet be written down.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn give_back_limit(
        &self,
        lease: &str,
        name: &str,
        unit: LimitUnit,
        keep: i64,
    ) -> Result<(), StoreError> {
        let mut writing = self.store.write().await?;
        let sql = "SELECT units, left_units FROM lease_limits WHERE lease = $1 AND name = $2 AND unit = $3";
        let key = values![lease, name, unit.name()];
        let (Some(row), Some((of, true, _))) = (
            writing.row(sql, key).await?,
            lease_of(&mut writing, lease).await?,
        ) else {
            return Ok(());
        };
        let (units, left): (i64, i64) = (row.get("units")?, row.get("left_units")?);
        let back = (units - keep).clamp(0, left);
        let sql = "UPDATE lease_limits SET units = units - $4, left_units = left_units - $4 \
                   WHERE lease = $1 AND name = $2 AND unit = $3";
        writing
            .execute(sql, values![lease, name, unit.name(), back])
            .await?;
        let sql = "UPDATE budget_limits SET leased_units = leased_units - $5 \
                   WHERE product = $1 AND period = $2 AND name = $3 AND unit = $4";
        let row = values![
            of.product.as_str(),
            of.period.as_str(),
            name,
            unit.name(),
            back
        ];
        writing.execute(sql, row).await?;
        writing.commit().await
    }

    /// All limits, by product, period and name.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn budget_limits(&self) -> Result<Vec<LimitRecord>, StoreError> {
        let rows = self.store.rows(LIMITS, vec![]).await?;
        rows.iter().map(limit_record).collect()
    }
}

/// Adds a part of a limit to a lease.
async fn add(
    writing: &mut Writing<'_>,
    lease: &str,
    limit: &LimitRecord,
    asked: &LimitAsked<'_>,
) -> Result<LeasedLimit, StoreError> {
    let unit = asked.unit.name();
    let sql = "SELECT units FROM lease_limits WHERE lease = $1 AND name = $2 AND unit = $3";
    let row = writing.row(sql, values![lease, asked.name, unit]).await?;
    let before = row
        .as_ref()
        .map(|row| row.get::<i64>("units"))
        .transpose()?;
    let held = LeasedLimit {
        units: before.unwrap_or(0),
        free: limit.free,
    };
    if held.units > asked.known || limit.free < asked.needed.max(1) {
        return Ok(held);
    }
    let few = asked.few.max(asked.needed);
    let more = (limit.free / 100)
        .clamp(few, asked.many.max(few))
        .min(limit.free);
    // The limit is kept by the statement itself, whatever was read above.
    let sql = "UPDATE budget_limits SET leased_units = leased_units + $5 \
               WHERE product = $1 AND period = $2 AND name = $3 AND unit = $4 \
               AND leased_units + reserved_units + spent_units + $5 <= limit_units";
    let (product, period) = (limit.product.as_str(), limit.period.as_str());
    let row = values![product, period, asked.name, unit, more];
    if writing.execute(sql, row).await? != 1 {
        return Ok(held);
    }
    let sql = "INSERT INTO lease_limits (lease, name, unit, units, left_units) VALUES ($1, $2, $3, $4, $4) \
               ON CONFLICT (lease, name, unit) DO UPDATE SET units = lease_limits.units + excluded.units, \
               left_units = lease_limits.left_units + excluded.left_units";
    writing
        .execute(sql, values![lease, asked.name, unit, more])
        .await?;
    if before.is_none() {
        for arm in asked.arms {
            let sql =
                "INSERT INTO lease_limit_arms (lease, arm, name, unit) VALUES ($1, $2, $3, $4)";
            writing
                .execute(sql, values![lease, *arm, asked.name, unit])
                .await?;
        }
    }
    Ok(LeasedLimit {
        units: held.units + more,
        free: limit.free - more,
    })
}

/// Counts what was promised from a lease against its limits.
///
/// - `added`: arm and cents of each promise that was not known before.
pub(crate) async fn note(
    writing: &mut Writing<'_>,
    (product, period): (&str, &str),
    lease: &str,
    added: &[(String, i64)],
) -> Result<(), StoreError> {
    if added.is_empty() {
        return Ok(());
    }
    let sql = "SELECT a.arm, a.name, a.unit, l.left_units FROM lease_limit_arms a \
               JOIN lease_limits l ON l.lease = a.lease AND l.name = a.name AND l.unit = a.unit \
               WHERE a.lease = $1 ORDER BY a.name, a.unit";
    let mut limits: Vec<(String, LimitUnit, i64, i64)> = Vec::new();
    for row in writing.rows(sql, values![lease]).await? {
        let (arm, name): (String, String) = (row.get("arm")?, row.get("name")?);
        let unit = unit(&row)?;
        let of_arm = added.iter().filter(|(of, _)| *of == arm);
        let units: i64 = of_arm
            .map(|(_, cents)| match unit {
                LimitUnit::Cents => *cents,
                LimitUnit::Offers => 1,
            })
            .sum();
        match limits.last_mut() {
            Some((of, same, sum, _)) if *of == name && *same == unit => *sum += units,
            Some(_) | None => limits.push((name, unit, units, row.get("left_units")?)),
        }
    }
    for (name, unit, units, left) in limits.iter().filter(|(_, _, units, _)| *units > 0) {
        let (name, unit) = (name.as_str(), unit.name());
        let taken = (*units).min(*left);
        let sql = "UPDATE lease_limits SET left_units = left_units - $4 \
                   WHERE lease = $1 AND name = $2 AND unit = $3";
        writing
            .execute(sql, values![lease, name, unit, taken])
            .await?;
        let sql = "UPDATE budget_limits SET leased_units = leased_units - $5, reserved_units = reserved_units + $6 \
                   WHERE product = $1 AND period = $2 AND name = $3 AND unit = $4";
        let row = values![product, period, name, unit, taken, *units];
        writing.execute(sql, row).await?;
    }
    Ok(())
}

/// Frees what is left of a lease's limits.
pub(crate) async fn close(
    writing: &mut Writing<'_>,
    (product, period): (&str, &str),
    lease: &str,
) -> Result<(), StoreError> {
    let sql = "SELECT name, unit, left_units FROM lease_limits WHERE lease = $1 AND left_units > 0";
    for row in writing.rows(sql, values![lease]).await? {
        let (name, unit): (String, String) = (row.get("name")?, row.get("unit")?);
        let left: i64 = row.get("left_units")?;
        let sql = "UPDATE budget_limits SET leased_units = leased_units - $5 \
                   WHERE product = $1 AND period = $2 AND name = $3 AND unit = $4";
        let row = values![product, period, name.as_str(), unit.as_str(), left];
        writing.execute(sql, row).await?;
    }
    let sql = "UPDATE lease_limits SET left_units = 0 WHERE lease = $1";
    writing.execute(sql, values![lease]).await?;
    Ok(())
}

/// What a redemption ends of the promise that it is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// What was reserved.
    pub(crate) reserved: i64,
    /// What had expired.
    pub(crate) expired: i64,
    /// What is redeemed.
    pub(crate) cents: i64,
    /// What of it nothing was reserved for.
    pub(crate) excess: i64,
    /// Whether it is the first redemption of the promise.
    pub(crate) first: bool,
}

/// Counts a redemption against the limits that its arm counts against under the lease that it was promised from.
pub(crate) async fn confirm(
    writing: &mut Writing<'_>,
    (product, period): (&str, &str),
    (lease, arm): (&str, &str),
    ends: Ends,
) -> Result<(), StoreError> {
    let sql = "UPDATE budget_limits SET reserved_units = reserved_units - $5, spent_units = spent_units + $6, \
               excess_units = excess_units + $7, expired_units = expired_units - $8 \
               WHERE product = $1 AND period = $2 AND unit = 'cents' AND name IN \
               (SELECT name FROM lease_limit_arms WHERE lease = $3 AND arm = $4 AND unit = 'cents')";
    let row = values![
        product,
        period,
        lease,
        arm,
        ends.reserved,
        ends.cents,
        ends.excess,
        ends.expired
    ];
    writing.execute(sql, row).await?;
    if ends.first {
        // That it expired has not ended that it was given.
        let sql = "UPDATE budget_limits SET reserved_units = reserved_units - 1, spent_units = spent_units + 1 \
                   WHERE product = $1 AND period = $2 AND unit = 'offers' AND name IN \
                   (SELECT name FROM lease_limit_arms WHERE lease = $3 AND arm = $4 AND unit = 'offers')";
        writing
            .execute(sql, values![product, period, lease, arm])
            .await?;
    }
    Ok(())
}

/// Frees what was promised of limits and is about to expire: money, not the offers that were given.
pub(crate) async fn expire(
    writing: &mut Writing<'_>,
    now: jiff::Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT r.product, r.period, a.name, CAST(SUM(r.cents) AS BIGINT) AS cents FROM reservations r \
               JOIN lease_limit_arms a ON a.lease = r.lease AND a.arm = r.arm AND a.unit = 'cents' \
               WHERE r.state = 'reserved' AND r.expires_at <= $1 GROUP BY r.product, r.period, a.name";
    for row in writing.rows(sql, values![now]).await? {
        let (product, period): (String, String) = (row.get("product")?, row.get("period")?);
        let (name, cents): (String, i64) = (row.get("name")?, row.get("cents")?);
        let sql = "UPDATE budget_limits SET reserved_units = reserved_units - $4, expired_units = expired_units + $4 \
                   WHERE product = $1 AND period = $2 AND name = $3 AND unit = 'cents'";
        let row = values![product.as_str(), period.as_str(), name.as_str(), cents];
        writing.execute(sql, row).await?;
    }
    Ok(())
}

fn unit(row: &Row) -> Result<LimitUnit, StoreError> {
    row.parsed("unit", "cents or offers", LimitUnit::named)
}

fn limit_record(row: &Row) -> Result<LimitRecord, StoreError> {
    let (allowed, leased): (i64, i64) = (row.get("limit_units")?, row.get("leased_units")?);
    let (reserved, spent): (i64, i64) = (row.get("reserved_units")?, row.get("spent_units")?);
    Ok(LimitRecord {
        product: row.get("product")?,
        period: row.get("period")?,
        limit: row.get("name")?,
        counts: unit(row)?,
        allowed,
        reserved,
        spent,
        excess: row.get("excess_units")?,
        leased,
        free: allowed - leased - reserved - spent,
        expired: row.get("expired_units")?,
    })
}
