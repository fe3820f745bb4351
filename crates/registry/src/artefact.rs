//! Artefacts: the bytes of a trained model, and the checks that stand between them and a customer.

use crate::open::Registry;
use crate::rows::values;
use crate::runs::json;
use crate::store::StoreError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The largest artefact that is stored. Why: PostgreSQL refuses a value of 1 GiB
/// (<https://www.postgresql.org/docs/current/limits.html>), and each replica holds an artefact in memory.
pub const ARTEFACT_BYTES_MAX: usize = 512 << 20;

/// How far a golden answer may move, relative to 1 + its size.
/// Why: another processor may round a transcendental function differently in the last bits, which sums of a few
/// thousand terms carry to about 1e-12; a wrong tree, factor or feature moves an answer by far more than 1e-9.
const GOLDEN_TOLERANCE: f64 = 1e-9;

/// A few questions with the answers that the model gave when it was registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Golden {
    /// The questions, in whatever shape the product's kind reads.
    pub questions: serde_json::Value,
    /// The answers, in the order of the questions: at least one, all finite.
    pub answers: Vec<f64>,
}

/// A model that no longer answers as it did when it was registered.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GoldenMismatch {
    /// Another number of answers.
    #[error("check the golden answers: found {found}, expected {expected}")]
    Count {
        /// How many the loaded model gave.
        found: usize,
        /// How many are stored.
        expected: usize,
    },
    /// Another answer.
    #[error(
        "check golden answer {index}: found {found}, expected {expected} within 1e-9 of 1 + its size"
    )]
    Answer {
        /// Which answer, from 0.
        index: usize,
        /// What the loaded model gave.
        found: f64,
        /// What is stored.
        expected: f64,
    },
}

impl Golden {
    /// Compares what a loaded model answers to the stored questions with the stored answers.
    ///
    /// # Errors
    /// [`GoldenMismatch`] names the first answer that differs; one that is not a number always does.
    pub fn check(&self, answers: &[f64]) -> Result<(), GoldenMismatch> {
        if answers.len() != self.answers.len() {
            return Err(GoldenMismatch::Count {
                found: answers.len(),
                expected: self.answers.len(),
            });
        }
        for (index, (&found, &expected)) in answers.iter().zip(&self.answers).enumerate() {
            let near = (found - expected).abs() <= GOLDEN_TOLERANCE * (1.0 + expected.abs());
            if !near {
                return Err(GoldenMismatch::Answer {
                    index,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
}

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
    /// Questions that the model must still answer as it did.
    pub golden: Golden,
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

/// An artefact that this program cannot load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArtefactError {
    /// Another kind of product wrote it.
    #[error(
        "load version {version} of `{product}`: found an artefact of kind `{found}`, expected `{expected}`"
    )]
    Foreign {
        /// The data product.
        product: String,
        /// The version.
        version: u32,
        /// The kind that wrote it.
        found: String,
        /// The kind that reads it.
        expected: String,
    },
    /// A newer program wrote it.
    #[error(
        "load version {version} of `{product}`: found format {found}, this program reads up to {allowed}; \
         use the newer program, or train again"
    )]
    Newer {
        /// The data product.
        product: String,
        /// The version.
        version: u32,
        /// The format found.
        found: u32,
        /// The newest format that can be read.
        allowed: u32,
    },
}

impl Artefact {
    /// Whether a program that reads `kind` in formats up to `newest_format` can load it.
    ///
    /// # Errors
    /// [`ArtefactError`] names what was found and what is allowed.
    pub fn readable_by(&self, kind: &str, newest_format: u32) -> Result<(), ArtefactError> {
        let (product, version) = (self.product.clone(), self.version);
        if self.kind != kind {
            return Err(ArtefactError::Foreign {
                product,
                version,
                found: self.kind.clone(),
                expected: kind.to_owned(),
            });
        }
        if self.format_version > newest_format {
            return Err(ArtefactError::Newer {
                product,
                version,
                found: self.format_version,
                allowed: newest_format,
            });
        }
        Ok(())
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
        let sql = "SELECT v.kind, v.format_version, v.golden, v.artefact_sha256, a.content \
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
            golden: json(&row, "golden")?,
        })
    }
}

/// SHA-256 in 64 lower-case hexadecimal digits.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
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

    #[test]
    fn a_model_that_answers_differently_is_refused() {
        let golden = Golden {
            questions: serde_json::json!(["a", "b"]),
            answers: vec![0.25, 1e6],
        };
        assert_eq!(golden.check(&[0.25 + 1e-12, 1e6 + 1e-5]), Ok(()));
        assert!(matches!(
            golden.check(&[0.25 + 1e-8, 1e6]),
            Err(GoldenMismatch::Answer { index: 0, .. })
        ));
        assert!(matches!(
            golden.check(&[0.25, f64::NAN]),
            Err(GoldenMismatch::Answer { index: 1, .. })
        ));
        assert_eq!(
            golden.check(&[0.25]),
            Err(GoldenMismatch::Count {
                found: 1,
                expected: 2
            })
        );
    }
}
