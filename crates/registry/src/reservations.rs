//! Reservations: what was promised to whom, and what became of it.

use crate::budgets::{LeaseRecord, close, lease_of};
use crate::limits::{self, Ends};
use crate::open::Registry;
use crate::rows::{Row, Value, values};
use crate::store::{StoreError, Writing};
use jiff::{SignedDuration, Timestamp};
use schema::{Cents, DecisionId};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::sync::LazyLock;

/// Why reservations are not noted.
#[derive(Debug, thiserror::Error)]
pub enum ReserveError {
    /// No such lease.
    #[error("note what was promised from lease {lease:?}: there is no such lease")]
    Unknown {
        /// The lease.
        lease: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a redemption is not noted.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmError {
    /// Nothing was reserved by this decision.
    #[error("note a redemption: decision {decision:?} has reserved nothing")]
    Unknown {
        /// The decision.
        decision: String,
    },
    /// The key came with something else before.
    #[error(
        "note a redemption: key {key:?} came with {cents} of decision {decision:?} before; a key stands for one redemption"
    )]
    KeyTaken {
        /// The key.
        key: String,
        /// The decision that it came with.
        decision: String,
        /// The amount that it came with.
        cents: Cents,
    },
    /// Less than nothing.
    #[error("note a redemption: found {found}, allowed is 0 or more")]
    Negative {
        /// The amount.
        found: Cents,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReservation {
    /// The decision that promised; the same one twice counts once.
    pub decision: DecisionId,
    /// To whom.
    pub customer: Option<String>,
    /// The arm given.
    pub arm: String,
    /// What it can cost at most, above 0.
    pub cents: Cents,
    /// When.
    pub at: Timestamp,
}

/// What a redemption changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeemed {
    /// The data product.
    pub product: String,
    /// The period whose budget pays.
    pub period: String,
    /// What was redeemed.
    pub redeemed_cents: Cents,
    /// What of the reservation it left, and is free again.
    pub freed_cents: Cents,
    /// What of it nothing was reserved for.
    pub excess_cents: Cents,
    /// Whether it had been noted before, and changed nothing now.
    pub repeated: bool,
}

/// What ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// Reservations.
    pub reservations: u64,
    /// What they had reserved.
    pub cents: Cents,
}

/// Columns of a reservation that is inserted.
const COLUMNS: usize = 9;
/// Reservations that one statement inserts.
const TOGETHER: usize = 50;

/// Inserts `n` reservations; gives arm and cents of those that were not there.
fn insert(n: usize) -> String {
    let mut sql = "INSERT INTO reservations (decision_id, product, period, lease, customer, arm, cents, reserved_at, \
                   expires_at, state) VALUES "
        .to_owned();
    for row in 0..n {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=COLUMNS {
            let _ = write!(sql, "${}, ", row * COLUMNS + column);
        }
        sql.push_str("'reserved')");
    }
    sql + " ON CONFLICT (decision_id) DO NOTHING RETURNING arm, cents"
}

static INSERT_ONE: LazyLock<String> = LazyLock::new(|| insert(1));
static INSERT_TOGETHER: LazyLock<String> = LazyLock::new(|| insert(TOGETHER));

impl Registry {
    /// Notes what was promised from a lease: it is reserved from now on, and no longer what is left of the lease. What
    /// was noted before is left out, and what was promised counts whatever became of the lease.
    ///
    /// # Errors
    /// [`ReserveError`]: there is no such lease, or the database cannot be used.
    pub async fn reserve(
        &self,
        lease: &str,
        promised: &[NewReservation],
        now: Timestamp,
    ) -> Result<(), ReserveError> {
        let mut writing = self.store.write().await?;
        note(&mut writing, lease, promised, now).await?;
        Ok(writing.commit().await?)
    }

    /// Notes the last that was promised from a lease, frees what is left of it and closes it; gives what is freed.
    ///
    /// # Errors
    /// As [`Registry::reserve`].
    pub async fn settle_lease(
        &self,
        lease: &str,
        promised: &[NewReservation],
        now: Timestamp,
    ) -> Result<Cents, ReserveError> {
        let mut writing = self.store.write().await?;
        let (of, open) = note(&mut writing, lease, promised, now).await?;
        if open {
            close(&mut writing, &of).await?;
        }
        writing.commit().await?;
        Ok(if open { of.left_cents } else { Cents(0) })
    }

    /// Notes that an offer was redeemed.
    ///
    /// Less than was reserved frees the rest. More, or once more, or after it expired, counts as spent all the same and is
    /// told as excess: the shop has given it away. What others have reserved stays theirs.
    ///
    /// - `key`: names this redemption; the same one twice counts once.
    ///
    /// # Errors
    /// [`ConfirmError`]: the decision has reserved nothing, the key stands for another redemption, or the amount is
    /// negative.
    pub async fn confirm(
        &self,
        key: &str,
        decision: &str,
        cents: Cents,
        now: Timestamp,
    ) -> Result<Redeemed, ConfirmError> {
        if cents.0 < 0 {
            return Err(ConfirmError::Negative { found: cents });
        }
        let mut writing = self.store.write().await?;
        if let Some(row) = writing.row(REDEMPTION, values![key]).await? {
            let before: String = row.get("decision_id")?;
            let paid = Cents(row.get("cents")?);
            if before != decision || paid != cents {
                return Err(ConfirmError::KeyTaken {
                    key: key.to_owned(),
                    decision: before,
                    cents: paid,
                });
            }
            return Ok(redeemed(&row, true)?);
        }
        let Some(row) = writing.row(RESERVATION, values![decision]).await? else {
            return Err(ConfirmError::Unknown {
                decision: decision.to_owned(),
            });
        };
        let state: String = row.get("state")?;
        let promised = Cents(row.get("cents")?);
        // What this redemption ends of what is reserved, and of what had expired.
        let (reserved, expired) = match state.as_str() {
            "reserved" => (promised.0, 0),
            "expired" => (0, promised.0),
            _ => (0, 0),
        };
        let freed = (reserved - cents.0).max(0);
        let excess = (cents.0 - reserved).max(0);
        let sql = "UPDATE reservations SET state = 'confirmed', confirmed_cents = confirmed_cents + $2 \
                   WHERE decision_id = $1";
        writing.execute(sql, values![decision, cents.0]).await?;
        let sql = "UPDATE budgets SET reserved_cents = reserved_cents - $3, spent_cents = spent_cents + $4, \
                   excess_cents = excess_cents + $5, expired_cents = expired_cents - $6 \
                   WHERE product = $1 AND period = $2";
        let (product, period): (String, String) = (row.get("product")?, row.get("period")?);
        let of = values![
            product.as_str(),
            period.as_str(),
            reserved,
            cents.0,
            excess,
            expired
        ];
        writing.execute(sql, of).await?;
        let (lease, arm): (String, String) = (row.get("lease")?, row.get("arm")?);
        let ends = Ends {
            reserved,
            expired,
            cents: cents.0,
            excess,
            first: state != "confirmed",
        };
        limits::confirm(&mut writing, (&product, &period), (&lease, &arm), ends).await?;
        let sql = "INSERT INTO redemptions (idempotency_key, decision_id, cents, freed_cents, excess_cents, redeemed_at) \
                   VALUES ($1, $2, $3, $4, $5, $6)";
        let of = values![key, decision, cents.0, freed, excess, now];
        writing.execute(sql, of).await?;
        writing.commit().await?;
        Ok(Redeemed {
            product,
            period,
            redeemed_cents: cents,
            freed_cents: Cents(freed),
            excess_cents: Cents(excess),
            repeated: false,
        })
    }

    /// Frees what was promised and not redeemed in time.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be used.
    pub async fn expire(&self, now: Timestamp) -> Result<Expired, StoreError> {
        // Looked at first without the writer's lock: mostly there is none.
        let any = "SELECT decision_id FROM reservations WHERE state = 'reserved' AND expires_at <= $1 LIMIT 1";
        if self.store.row(any, values![now]).await?.is_none() {
            return Ok(Expired::default());
        }
        let mut writing = self.store.write().await?;
        let sql = "SELECT product, period, COUNT(*) AS n, CAST(SUM(cents) AS BIGINT) AS cents FROM reservations \
                   WHERE state = 'reserved' AND expires_at <= $1 GROUP BY product, period";
        let mut expired = Expired::default();
        for row in writing.rows(sql, values![now]).await? {
            let (product, period): (String, String) = (row.get("product")?, row.get("period")?);
            let cents: i64 = row.get("cents")?;
            let sql = "UPDATE budgets SET reserved_cents = reserved_cents - $3, expired_cents = expired_cents + $3 \
                       WHERE product = $1 AND period = $2";
            writing
                .execute(sql, values![product.as_str(), period.as_str(), cents])
                .await?;
            expired.reservations += row.number::<u64>("n")?;
            expired.cents = expired.cents + Cents(cents);
        }
        limits::expire(&mut writing, now).await?;
        let sql = "UPDATE reservations SET state = 'expired' WHERE state = 'reserved' AND expires_at <= $1";
        writing.execute(sql, values![now]).await?;
        writing.commit().await?;
        Ok(expired)
    }
}

const RESERVATION: &str =
    "SELECT product, period, lease, arm, cents, state FROM reservations WHERE decision_id = $1";
const REDEMPTION: &str = "SELECT d.decision_id, d.cents, d.freed_cents, d.excess_cents, r.product, r.period \
     FROM redemptions d JOIN reservations r ON r.decision_id = d.decision_id WHERE d.idempotency_key = $1";

fn redeemed(row: &Row, repeated: bool) -> Result<Redeemed, StoreError> {
    Ok(Redeemed {
        product: row.get("product")?,
        period: row.get("period")?,
        redeemed_cents: Cents(row.get("cents")?),
        freed_cents: Cents(row.get("freed_cents")?),
        excess_cents: Cents(row.get("excess_cents")?),
        repeated,
    })
}

/// Notes what was promised; gives the lease as it stands then, and whether it is open.
async fn note(
    writing: &mut Writing<'_>,
    lease: &str,
    promised: &[NewReservation],
    now: Timestamp,
) -> Result<(LeaseRecord, bool), ReserveError> {
    let Some((mut of, open, expires_days)) = lease_of(writing, lease).await? else {
        return Err(ReserveError::Unknown {
            lease: lease.to_owned(),
        });
    };
    let holds = SignedDuration::from_hours(24 * i64::from(expires_days));
    let row = |one: &NewReservation| -> Vec<Value> {
        values![
            one.decision.as_str(),
            of.product.as_str(),
            of.period.as_str(),
            lease,
            one.customer.as_deref(),
            one.arm.as_str(),
            one.cents.0,
            one.at,
            one.at.saturating_add(holds).unwrap_or(Timestamp::MAX),
        ]
    };
    let mut new: Vec<(String, i64)> = Vec::with_capacity(promised.len());
    let mut add = |rows: Vec<Row>| -> Result<(), StoreError> {
        for row in rows {
            new.push((row.get("arm")?, row.get("cents")?));
        }
        Ok(())
    };
    let (together, single) = promised.split_at(promised.len() - promised.len() % TOGETHER);
    for some in together.chunks(TOGETHER) {
        let all = some.iter().flat_map(row).collect();
        add(writing.rows(&INSERT_TOGETHER, all).await?)?;
    }
    for one in single {
        add(writing.rows(&INSERT_ONE, row(one)).await?)?;
    }
    let added: i64 = new.iter().map(|(_, cents)| cents).sum();
    let taken = added.min(of.left_cents.0);
    let sql = "UPDATE leases SET left_cents = left_cents - $2, last_sign_at = $3 WHERE id = $1";
    writing.execute(sql, values![lease, taken, now]).await?;
    let sql = "UPDATE budgets SET leased_cents = leased_cents - $3, reserved_cents = reserved_cents + $4 \
               WHERE product = $1 AND period = $2";
    let (product, period) = (of.product.as_str(), of.period.as_str());
    writing
        .execute(sql, values![product, period, taken, added])
        .await?;
    limits::note(writing, (product, period), lease, &new).await?;
    of.left_cents = Cents(of.left_cents.0 - taken);
    Ok((of, open))
}
