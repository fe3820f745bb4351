//! Moving an alias: by choice, and the way back.

use crate::aliases::{AliasChange, Cause, Signature, alias_change, cause};
use crate::audit::Deed;
use crate::open::Registry;
use crate::rows::values;
use crate::store::{StoreError, Writing};

/// Why an alias is not moved.
#[derive(Debug, thiserror::Error)]
pub enum AliasError {
    /// The alias is no word.
    #[error(
        "move alias {found:?} of `{product}`: an alias is 1 to 40 lower-case letters, digits, - or _, \
         and begins with a letter"
    )]
    Name {
        /// The data product.
        product: String,
        /// The alias found.
        found: String,
    },
    /// Nobody signed, or gave no reason.
    #[error(
        "move alias `{alias}` of `{product}`: {missing} is empty, the audit needs both who and why"
    )]
    Unsigned {
        /// The data product.
        product: String,
        /// The alias.
        alias: String,
        /// `who` or `why`.
        missing: &'static str,
    },
    /// There is no such version.
    #[error(
        "move alias `{alias}` of `{product}` to version {version}: found {found} versions, allowed is one of them"
    )]
    UnknownVersion {
        /// The data product.
        product: String,
        /// The alias.
        alias: String,
        /// The version asked for.
        version: u32,
        /// How many versions the product has: they are numbered from 1.
        found: u32,
    },
    /// Somebody else moved it first.
    #[error(
        "move alias `{alias}` of `{product}`: found it at {}, expected {}: somebody moved it meanwhile, look again",
        place(*.found), place(*.expected)
    )]
    Moved {
        /// The data product.
        product: String,
        /// The alias.
        alias: String,
        /// Where it points now.
        found: Option<u32>,
        /// Where the caller believed it to point.
        expected: Option<u32>,
    },
    /// It points there already.
    #[error("move alias `{alias}` of `{product}`: it points to version {version} already")]
    AlreadyThere {
        /// The data product.
        product: String,
        /// The alias.
        alias: String,
        /// The version.
        version: u32,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an alias does not go back.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is nothing before.
    #[error("roll back alias `{alias}` of `{product}`: found {}, and no version before it to go back to", place(*.found))]
    NothingBefore {
        /// The data product.
        product: String,
        /// The alias.
        alias: String,
        /// Where it points now.
        found: Option<u32>,
    },
    /// The alias cannot be moved.
    #[error(transparent)]
    Alias(#[from] AliasError),
}

impl From<StoreError> for RollbackError {
    fn from(error: StoreError) -> Self {
        Self::Alias(error.into())
    }
}

fn place(version: Option<u32>) -> String {
    version.map_or_else(
        || "no version".to_owned(),
        |version| format!("version {version}"),
    )
}

impl Registry {
    /// Points an alias to a version, whatever the scorecards say: a person's decision.
    /// [`Registry::promote`] is the way through the gate.
    ///
    /// `expected_current` is where the caller saw it point (`None`: nowhere yet). Of two changes made at once
    /// from the same sight exactly one happens, and the other learns of it.
    ///
    /// # Errors
    /// [`AliasError`] names what was found and what was expected.
    pub async fn set_alias(
        &self,
        product: &str,
        alias: &str,
        version: u32,
        expected_current: Option<u32>,
        signed: Signature<'_>,
    ) -> Result<AliasChange, AliasError> {
        let mut writing = self.store.write().await?;
        let change = Move {
            product,
            alias,
            to: version,
            expected_current,
            cause: Cause::Chosen,
        };
        let done = change.apply(&mut writing, signed).await?;
        writing.commit().await?;
        Ok(done)
    }

    /// Takes an alias back to where it pointed before the change that brought it where it is.
    ///
    /// Called again it goes back one step more, never forward to what was left: after 1, 2, 3 it goes to 2 and
    /// then to 1. `expected_current` is where the caller saw it point, so that two people who roll back at once
    /// do not go back twice.
    ///
    /// # Errors
    /// [`RollbackError`]: there is nothing before, or somebody moved it meanwhile.
    pub async fn rollback(
        &self,
        product: &str,
        alias: &str,
        expected_current: u32,
        signed: Signature<'_>,
    ) -> Result<AliasChange, RollbackError> {
        let mut writing = self.store.write().await?;
        let sql = "SELECT to_number, cause FROM alias_history WHERE product = $1 AND alias = $2 ORDER BY id";
        let mut steps = Vec::new();
        for row in writing.rows(sql, values![product, alias]).await? {
            steps.push((row.number("to_number")?, cause(&row)?));
        }
        let expected_current = Some(expected_current);
        let found = steps.last().map(|(to, _)| *to);
        let (product_name, alias_name) = (product.to_owned(), alias.to_owned());
        if found.is_some() && found != expected_current {
            return Err(AliasError::Moved {
                product: product_name,
                alias: alias_name,
                found,
                expected: expected_current,
            }
            .into());
        }
        let Some(to) = before(&steps) else {
            return Err(RollbackError::NothingBefore {
                product: product_name,
                alias: alias_name,
                found,
            });
        };
        let change = Move {
            product,
            alias,
            to,
            expected_current,
            cause: Cause::RolledBack,
        };
        let done = change.apply(&mut writing, signed).await?;
        writing.commit().await?;
        Ok(done)
    }
}

/// A change of an alias that is asked for.
pub(crate) struct Move<'a> {
    pub(crate) product: &'a str,
    pub(crate) alias: &'a str,
    pub(crate) to: u32,
    pub(crate) expected_current: Option<u32>,
    pub(crate) cause: Cause,
}

impl Move<'_> {
    /// Checks the change against what is there now and makes it, with its line in the audit.
    pub(crate) async fn apply(
        &self,
        writing: &mut Writing<'_>,
        signed: Signature<'_>,
    ) -> Result<AliasChange, AliasError> {
        let from = self.check(writing, signed).await?;
        writing
            .execute(
                "INSERT INTO aliases (product, alias, number, since) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (product, alias) DO UPDATE SET number = excluded.number, since = excluded.since",
                values![self.product, self.alias, self.to, signed.at],
            )
            .await?;
        writing
            .execute(
                "INSERT INTO alias_history (id, product, alias, from_number, to_number, cause, who, why, \
                 changed_at) SELECT COALESCE(MAX(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8 FROM alias_history",
                values![
                    self.product,
                    self.alias,
                    from,
                    self.to,
                    self.cause.word(),
                    signed.who,
                    signed.why,
                    signed.at,
                ],
            )
            .await?;
        let sql = "SELECT id, product, alias, from_number, to_number, cause, who, why, changed_at \
                   FROM alias_history WHERE id = (SELECT MAX(id) FROM alias_history)";
        let row = writing.row(sql, vec![]).await?;
        let change = row.as_ref().map(alias_change).transpose()?;
        let change = change.expect("a row inserted in this transaction is seen by it");
        Deed::moved(&change).write(writing).await?;
        Ok(change)
    }

    /// Where the alias points now, once nothing stands against the change.
    async fn check(
        &self,
        writing: &mut Writing<'_>,
        signed: Signature<'_>,
    ) -> Result<Option<u32>, AliasError> {
        let (product, alias) = (self.product.to_owned(), self.alias.to_owned());
        if !is_alias(self.alias) {
            return Err(AliasError::Name {
                product,
                found: alias,
            });
        }
        for (missing, text) in [("who", signed.who), ("why", signed.why)] {
            if text.trim().is_empty() {
                return Err(AliasError::Unsigned {
                    product,
                    alias,
                    missing,
                });
            }
        }
        let sql = "SELECT number FROM aliases WHERE product = $1 AND alias = $2";
        let row = writing.row(sql, values![self.product, self.alias]).await?;
        let found = row.map(|row| row.number("number")).transpose()?;
        if found != self.expected_current {
            let expected = self.expected_current;
            return Err(AliasError::Moved {
                product,
                alias,
                found,
                expected,
            });
        }
        if found == Some(self.to) {
            return Err(AliasError::AlreadyThere {
                product,
                alias,
                version: self.to,
            });
        }
        let sql = "SELECT COALESCE(MAX(number), 0) AS number FROM versions WHERE product = $1";
        let row = writing.row(sql, values![self.product]).await?;
        let last: u32 = row
            .map(|row| row.number("number"))
            .transpose()?
            .unwrap_or(0);
        if self.to == 0 || self.to > last {
            return Err(AliasError::UnknownVersion {
                product,
                alias,
                version: self.to,
                found: last,
            });
        }
        Ok(found)
    }
}

/// Whether a text can be an alias: it must not be taken for a version's number.
fn is_alias(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
        })
}

/// Where a rollback leads: forward moves are steps up a stair, a rollback is a step down.
fn before(steps: &[(u32, Cause)]) -> Option<u32> {
    let mut stair = Vec::new();
    for (to, cause) in steps {
        match cause {
            Cause::Chosen | Cause::Promoted => stair.push(*to),
            Cause::RolledBack => {
                stair.pop();
            }
        }
    }
    stair.len().checked_sub(2).map(|below| stair[below])
}

#[cfg(test)]
mod tests {
    use super::*;
    use Cause::{Chosen, Promoted, RolledBack};

    #[test]
    fn a_rollback_never_leads_forward() {
        assert_eq!(before(&[]), None);
        assert_eq!(before(&[(1, Promoted)]), None);
        let mut steps = vec![(1, Promoted), (2, Promoted), (3, Chosen)];
        assert_eq!(before(&steps), Some(2));
        steps.push((2, RolledBack));
        assert_eq!(before(&steps), Some(1));
        steps.push((4, Promoted));
        assert_eq!(
            before(&steps),
            Some(2),
            "from 4 back to what answered before it"
        );
    }

    #[test]
    fn an_alias_is_never_taken_for_a_number() {
        assert!(is_alias("champion") && is_alias("shadow-2"));
        for wrong in ["", "3", "Champion", "a b", "é", &"a".repeat(41)] {
            assert!(!is_alias(wrong), "{wrong:?}");
        }
    }
}
