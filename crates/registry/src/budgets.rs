//! Budgets: how much a data product may promise in a period, and what of it is leased, reserved and spent.
//!
//! Whoever promises money takes a lease first: a part of what is free, in one transaction, so that many processes can
//! promise thousands of times a second without asking for each. Money of a lease is free again only when what was
//! promised from it is known here.

use crate::limits;
use crate::open::Registry;
use crate::rows::{Row, values};
use crate::store::{StoreError, Writing};
use jiff::{SignedDuration, Timestamp};
use schema::Cents;
use serde::{Deserialize, Serialize};

/// Why a budget is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenBudgetError {
    /// No money.
    #[error("open the budget of `{product}` for {period}: found {found}, allowed is above 0")]
    NoMoney {
        /// The data product.
        product: String,
        /// The period.
        period: String,
        /// The limit found.
        found: Cents,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why money is not leased.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Less is free than is needed.
    #[error("lease money of `{product}` for {period}: {free} is free, at least {needed} is needed")]
    UsedUp {
        /// The data product.
        product: String,
        /// The period.
        period: String,
        /// What is free; negative where the limit was lowered, or more was redeemed than reserved.
        free: Cents,
        /// What is needed.
        needed: Cents,
    },
    /// No such budget.
    #[error("lease money of `{product}` for {period}: no such budget was opened")]
    NoBudget {
        /// The data product.
        product: String,
        /// The period.
        period: String,
    },
    /// The lease was settled or released.
    #[error("lease money of `{product}`: lease {lease} is closed, take another one")]
    Closed {
        /// The data product.
        product: String,
        /// The lease.
        lease: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a lease is not released.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// No such lease.
    #[error("release lease {lease:?}: there is no open lease of this identifier")]
    Unknown {
        /// The lease.
        lease: String,
    },
    /// Its holder may be at work.
    #[error(
        "release lease {lease}: its holder gave a sign of life at {last_sign_at}, allowed is {minutes} minutes after the last one"
    )]
    Alive {
        /// The lease.
        lease: String,
        /// When the holder was heard of.
        last_sign_at: Timestamp,
        /// For how long it must have been silent.
        minutes: i64,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a lease is asked for.
#[derive(Debug, Clone, Copy)]
pub struct LeaseAsked<'a> {
    /// Identifier of the lease, chosen by the holder. Asking again under it adds money to it.
    pub id: &'a str,
    /// The data product.
    pub product: &'a str,
    /// The period.
    pub period: &'a str,
    /// Where what is promised from it is logged: whoever can read that can settle the lease.
    pub holder: &'a str,
    /// Days for which a promise holds.
    pub expires_days: u32,
    /// All that was leased under this identifier as far as the holder knows. Where it is more, an answer was lost on the
    /// way, and is given again.
    pub known: Cents,
    /// With less than this nothing is leased.
    pub needed: Cents,
    /// A hundredth of what is free is leased, but at least this, where it is there.
    pub few: Cents,
    /// And at most this.
    pub many: Cents,
}

/// A budget as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRecord {
    /// The data product.
    pub product: String,
    /// The period.
    pub period: String,
    /// What may be promised.
    pub limit_cents: Cents,
    /// Promised, and neither redeemed nor expired.
    pub reserved_cents: Cents,
    /// Redeemed.
    pub spent_cents: Cents,
    /// The part of what was redeemed that nothing was reserved for.
    pub excess_cents: Cents,
    /// Leased to processes that promise from it.
    pub leased_cents: Cents,
    /// What may still be leased; negative where the limit was lowered, or more was redeemed than reserved.
    pub free_cents: Cents,
    /// Promised, not redeemed in time, and free again.
    pub expired_cents: Cents,
}

/// An open lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// Its identifier.
    pub id: String,
    /// The data product.
    pub product: String,
    /// The period.
    pub period: String,
    /// Where what is promised from it is logged.
    pub holder: String,
    /// All that was leased.
    pub cents: Cents,
    /// What of it is not known to be promised.
    pub left_cents: Cents,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// When its holder was last heard of.
    pub last_sign_at: Timestamp,
}

const BUDGETS: &str = "SELECT product, period, limit_cents, leased_cents, reserved_cents, spent_cents, excess_cents, \
     expired_cents FROM budgets ORDER BY product, period";
const BUDGET: &str = "SELECT product, period, limit_cents, leased_cents, reserved_cents, spent_cents, excess_cents, \
     expired_cents FROM budgets WHERE product = $1 AND period = $2";
const OPEN_LEASES: &str = "SELECT id, product, period, holder, cents, left_cents, taken_at, last_sign_at, state \
     FROM leases WHERE state = 'open' ORDER BY product, period, taken_at, id";
const LEASE: &str = "SELECT id, product, period, holder, cents, left_cents, taken_at, last_sign_at, state \
     FROM leases WHERE id = $1";

impl Registry {
    /// Opens the budget of a period, or gives one that is open another limit. A limit below what is promised already
    /// takes nothing back; nothing more is leased then.
    ///
    /// # Errors
    /// [`OpenBudgetError`]: the limit is no money, or the database cannot be used.
    pub async fn open_budget(
        &self,
        product: &str,
        period: &str,
        limit: Cents,
    ) -> Result<(), OpenBudgetError> {
        if limit.0 <= 0 {
            return Err(OpenBudgetError::NoMoney {
                product: product.to_owned(),
                period: period.to_owned(),
                found: limit,
            });
        }
        let mut writing = self.store.write().await?;
        let sql = "INSERT INTO budgets (product, period, limit_cents) VALUES ($1, $2, $3) \
                   ON CONFLICT (product, period) DO UPDATE SET limit_cents = excluded.limit_cents";
        writing
            .execute(sql, values![product, period, limit.0])
            .await?;
        Ok(writing.commit().await?)
    }

    /// Leases money, or adds money to a lease; gives all that was leased under its identifier so far.
    ///
    /// What is leased, reserved and spent together never passes the limit by this.
    ///
    /// # Errors
    /// [`LeaseError`]: less is free than is needed, there is no such budget, or the lease was closed.
    pub async fn lease(&self, asked: &LeaseAsked<'_>, now: Timestamp) -> Result<Cents, LeaseError> {
        let (product, period) = (asked.product, asked.period);
        let mut writing = self.store.write().await?;
        let budget = writing.row(BUDGET, values![product, period]).await?;
        let Some(budget) = budget.as_ref().map(budget_record).transpose()? else {
            return Err(LeaseError::NoBudget {
                product: product.to_owned(),
                period: period.to_owned(),
            });
        };
        let before = match writing.row(LEASE, values![asked.id]).await? {
            None => Cents(0),
            Some(row) if row.get::<String>("state")? == "open" => lease_record(&row)?.cents,
            Some(_) => {
                return Err(LeaseError::Closed {
                    product: product.to_owned(),
                    lease: asked.id.to_owned(),
                });
            }
        };
        if before > asked.known {
            return Ok(before);
        }
        let free = budget.free_cents;
        let used_up = || LeaseError::UsedUp {
            product: product.to_owned(),
            period: period.to_owned(),
            free,
            needed: asked.needed,
        };
        if free < asked.needed.max(Cents(1)) {
            return Err(used_up());
        }
        let few = asked.few.max(asked.needed);
        let more = (free.0 / 100)
            .clamp(few.0, asked.many.max(few).0)
            .min(free.0);
        // The limit is kept by the statement itself, whatever was read above.
        let sql = "UPDATE budgets SET leased_cents = leased_cents + $3 WHERE product = $1 AND period = $2 \
                   AND leased_cents + reserved_cents + spent_cents + $3 <= limit_cents";
        if writing.execute(sql, values![product, period, more]).await? != 1 {
            return Err(used_up());
        }
        let sql = "INSERT INTO leases (id, product, period, holder, cents, left_cents, expires_days, state, taken_at, \
                   last_sign_at) VALUES ($1, $2, $3, $4, $5, $5, $6, 'open', $7, $7) ON CONFLICT (id) DO UPDATE SET \
                   cents = leases.cents + excluded.cents, left_cents = leases.left_cents + excluded.left_cents, \
                   last_sign_at = excluded.last_sign_at";
        let row = values![
            asked.id,
            product,
            period,
            asked.holder,
            more,
            asked.expires_days,
            now
        ];
        writing.execute(sql, row).await?;
        writing.commit().await?;
        Ok(before + Cents(more))
    }

    /// Notes a sign of life of the holder of leases; gives those that are still open.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn renew_leases(
        &self,
        holder: &str,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        let mut writing = self.store.write().await?;
        let sql =
            "UPDATE leases SET last_sign_at = $2 WHERE state = 'open' AND holder = $1 RETURNING id";
        let rows = writing.rows(sql, values![holder, now]).await?;
        let ids = rows.iter().map(|row| row.get("id")).collect();
        writing.commit().await?;
        ids
    }

    /// Frees what is left of a lease whose log cannot be read, by the hand of a person who knows that nothing is promised
    /// from it that is not known here.
    ///
    /// - `silent_for`: how long its holder must not have been heard of.
    ///
    /// # Errors
    /// [`ReleaseError`]: there is no such open lease, or its holder may be at work.
    pub async fn release_lease(
        &self,
        lease: &str,
        silent_for: SignedDuration,
        now: Timestamp,
    ) -> Result<LeaseRecord, ReleaseError> {
        let mut writing = self.store.write().await?;
        let row = writing.row(LEASE, values![lease]).await?;
        let open = match row {
            Some(row) if row.get::<String>("state")? == "open" => lease_record(&row)?,
            Some(_) | None => {
                return Err(ReleaseError::Unknown {
                    lease: lease.to_owned(),
                });
            }
        };
        if now.duration_since(open.last_sign_at) < silent_for {
            return Err(ReleaseError::Alive {
                lease: lease.to_owned(),
                last_sign_at: open.last_sign_at,
                minutes: silent_for.as_mins(),
            });
        }
        close(&mut writing, &open).await?;
        writing.commit().await?;
        Ok(open)
    }

    /// All budgets, by product and period.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn budgets(&self) -> Result<Vec<BudgetRecord>, StoreError> {
        let rows = self.store.rows(BUDGETS, vec![]).await?;
        rows.iter().map(budget_record).collect()
    }

    /// The budget of one period; `None` where nothing was leased from it yet.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn budget(
        &self,
        product: &str,
        period: &str,
    ) -> Result<Option<BudgetRecord>, StoreError> {
        let row = self.store.row(BUDGET, values![product, period]).await?;
        row.as_ref().map(budget_record).transpose()
    }

    /// The open leases, by product, period and age.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn open_leases(&self) -> Result<Vec<LeaseRecord>, StoreError> {
        let rows = self.store.rows(OPEN_LEASES, vec![]).await?;
        rows.iter().map(lease_record).collect()
    }
}

/// Frees what is left of a lease and of its limits, and closes it.
pub(crate) async fn close(writing: &mut Writing<'_>, open: &LeaseRecord) -> Result<(), StoreError> {
    limits::close(writing, (&open.product, &open.period), &open.id).await?;
    let sql =
        "UPDATE budgets SET leased_cents = leased_cents - $3 WHERE product = $1 AND period = $2";
    let (product, period) = (open.product.as_str(), open.period.as_str());
    writing
        .execute(sql, values![product, period, open.left_cents.0])
        .await?;
    let sql = "UPDATE leases SET state = 'closed', left_cents = 0 WHERE id = $1";
    writing.execute(sql, values![open.id.as_str()]).await?;
    Ok(())
}

/// A lease, open or closed, and whether it is open.
pub(crate) async fn lease_of(
    writing: &mut Writing<'_>,
    id: &str,
) -> Result<Option<(LeaseRecord, bool, u32)>, StoreError> {
    let sql = "SELECT id, product, period, holder, cents, left_cents, taken_at, last_sign_at, state, expires_days \
               FROM leases WHERE id = $1";
    let Some(row) = writing.row(sql, values![id]).await? else {
        return Ok(None);
    };
    let open = row.get::<String>("state")? == "open";
    Ok(Some((
        lease_record(&row)?,
        open,
        row.number("expires_days")?,
    )))
}

fn budget_record(row: &Row) -> Result<BudgetRecord, StoreError> {
    let cents = |column| row.get::<i64>(column).map(Cents);
    let (limit, leased) = (cents("limit_cents")?, cents("leased_cents")?);
    let (reserved, spent) = (cents("reserved_cents")?, cents("spent_cents")?);
    Ok(BudgetRecord {
        product: row.get("product")?,
        period: row.get("period")?,
        limit_cents: limit,
        reserved_cents: reserved,
        spent_cents: spent,
        excess_cents: cents("excess_cents")?,
        leased_cents: leased,
        free_cents: Cents(limit.0 - leased.0 - reserved.0 - spent.0),
        expired_cents: cents("expired_cents")?,
    })
}

fn lease_record(row: &Row) -> Result<LeaseRecord, StoreError> {
    Ok(LeaseRecord {
        id: row.get("id")?,
        product: row.get("product")?,
        period: row.get("period")?,
        holder: row.get("holder")?,
        cents: row.get("cents").map(Cents)?,
        left_cents: row.get("left_cents").map(Cents)?,
        taken_at: row.time("taken_at")?,
        last_sign_at: row.time("last_sign_at")?,
    })
}
