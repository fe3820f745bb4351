//! Artefacts: the bytes of a trained model, and the checks that stand between them and a customer.

use crate::open::Registry;
use crate::rows::values;
use crate::store::StoreError;
use sha2::{Digest, Sha256};

/// The largest artefact that is stored. Why: PostgreSQL refuses a value of 1 GiB
/// (<https://www.postgresql.org/docs/current/limits.html>), and each replica holds an artefact in memory.
pub const ARTEFACT_BYTES_MAX: usize = 512 << 20;

/// The bytes of a trained model, verified against their SHA-256, with what is needed to judge them.
#[derive(Clone, PartialEq)]
pub struct Artefact {
    /// The data product.
    pub product: String,
    /// The number of the version.
    pub version: u32,
    /// The kind of product that wrote it.
    pub kind: String,
    /// The version of that kind's format.
    pub format_version: u32,
    /// The model.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Artefact {
    /// Without the bytes: a log line of a hundred megabytes helps nobody.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Artefact")
            .field("product", &self.product)
            .field("version", &self.version)
            .field("kind", &self.kind)
            .field("format_version", &self.format_version)
            .field("size_bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Why an artefact is not handed out.
#[derive(Debug, thiserror::Error)]
pub enum ReadArtefactError {
    /// The product has no version of this number.
    #[error("read version {version} of `{product}`: there is no such version")]
    Unknown {
        /// The data product.
        product: String,
        /// The version asked for.
        version: u32,
    },
    /// The bytes are not those that were stored.
    #[error(
        "read version {version} of `{product}`: its artefact is damaged, found SHA-256 {found} of {size_bytes} \
         bytes, expected {expected}; roll back, or train again"
    )]
    Damaged {
        /// The data product.
        product: String,
        /// The version asked for.
        version: u32,
        /// The hash of the bytes as they are now.
        found: String,
        /// How many bytes there are now.
        size_bytes: usize,
        /// The hash of the bytes as they were stored.
        expected: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// The artefact of a version, verified against the SHA-256 it was stored under.
    ///
    /// # Errors
    /// [`ReadArtefactError`]: there is no such version, or its bytes have changed.
    pub async fn artefact(
        &self,
        product: &str,
        version: u32,
    ) -> Result<Artefact, ReadArtefactError> {
        let sql = "SELECT v.kind, v.format_version, v.artefact_sha256, a.content \
                   FROM versions v JOIN artefacts a ON a.sha256 = v.artefact_sha256 \
                   WHERE v.product = $1 AND v.number = $2";
        let Some(row) = self.store.row(sql, values![product, version]).await? else {
            return Err(ReadArtefactError::Unknown {
                product: product.to_owned(),
                version,
            });
        };
        let bytes: Vec<u8> = row.get("content")?;
        let expected: String = row.get("artefact_sha256")?;
        let found = sha256_hex(&bytes);
        if found != expected {
            return Err(ReadArtefactError::Damaged {
                product: product.to_owned(),
                version,
                found,
                size_bytes: bytes.len(),
                expected,
            });
        }
        Ok(Artefact {
            product: product.to_owned(),
            version,
            kind: row.get("kind")?,
            format_version: row.number("format_version")?,
            bytes,
        })
    }
}

/// SHA-256 in 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_the_published_one() {
        // FIPS 180-2, appendix B.1: the message "abc".
        assert_eq!(
            sha256_hex(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
