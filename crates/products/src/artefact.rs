//! A trained version as bytes: no code in it, and a golden vector that proves it scores as it did.

use schema::AsOf;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::cmp::Ordering;

/// Format of artefacts that this program reads and writes. What any kind learns is part of it.
pub(crate) const FORMAT: u32 = 3;

/// A trained version as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Artefact {
    /// Format of this file.
    pub format: u32,
    /// The kind that wrote it.
    pub kind: String,
    /// The product it belongs to.
    pub product: String,
    /// Version of the program that wrote it.
    pub program: String,
    /// The first day it does not know.
    pub as_of: AsOf,
    /// What was learned.
    pub body: serde_json::Value,
    /// A few inputs and what they scored.
    pub golden: Golden,
}

/// Inputs and their scores when the version was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Golden {
    /// The inputs, in the kind's own form.
    pub inputs: serde_json::Value,
    /// The scores.
    pub scores: Vec<f64>,
}

/// Largest relative difference between a score then and now. Processors differ in the last bits of sums; a changed
/// coefficient moves a score by far more.
pub(crate) const GOLDEN_TOLERANCE: f64 = 1e-6;

/// Why an artefact was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not an artefact.
    #[error("read the artefact of {product}: it is damaged")]
    Damaged {
        /// The product.
        product: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A newer program wrote it.
    #[error("read the artefact of {product}: format {found}, this program reads {allowed}")]
    Newer {
        /// The product.
        product: String,
        /// Format found.
        found: u32,
        /// The format that this program reads.
        allowed: u32,
    },
    /// An older program wrote it.
    #[error(
        "read the artefact of {product}: format {found} of an older program, this one reads {allowed}; train it again with `comptoir run {product}`"
    )]
    Older {
        /// The product.
        product: String,
        /// Format found.
        found: u32,
        /// The format that this program reads.
        allowed: u32,
    },
    /// It may give what nobody has said the price of.
    #[error(
        "load the version of {product}: `most` of [settings.ledger] does not say what arm {arm:?} can cost"
    )]
    NotPayable {
        /// The product.
        product: String,
        /// The arm.
        arm: String,
    },
    /// It belongs to something else.
    #[error("read the artefact of {product}: it is of {found}, expected {expected}")]
    Foreign {
        /// The product.
        product: String,
        /// Kind and product found.
        found: String,
        /// Kind and product expected.
        expected: String,
    },
    /// It has no golden vector, so that nothing proves it.
    #[error("read the artefact of {product}: found no golden score, expected at least one")]
    Unproved {
        /// The product.
        product: String,
    },
    /// It scores its golden vector differently.
    #[error(
        "read the artefact of {product}: golden score {position} is {found}, expected {expected}"
    )]
    Golden {
        /// The product.
        product: String,
        /// Which score, from 0.
        position: usize,
        /// The score now.
        found: f64,
        /// The score then.
        expected: f64,
    },
}

impl Artefact {
    /// Wraps what was learned.
    #[must_use]
    pub fn new(
        kind: &str,
        product: &str,
        as_of: AsOf,
        body: &impl Serialize,
        inputs: &impl Serialize,
        scores: Vec<f64>,
    ) -> Self {
        Self {
            format: FORMAT,
            kind: kind.to_owned(),
            product: product.to_owned(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            as_of,
            body: serde_json::to_value(body).unwrap_or_default(),
            golden: Golden {
                inputs: serde_json::to_value(inputs).unwrap_or_default(),
                scores,
            },
        }
    }

    /// The bytes to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads stored bytes; the format is looked at before anything else.
    ///
    /// # Errors
    /// [`LoadError::Damaged`], [`LoadError::Newer`] or [`LoadError::Older`].
    pub fn from_bytes(product: &str, bytes: &[u8]) -> Result<Self, LoadError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let damaged = |source| LoadError::Damaged {
            product: product.to_owned(),
            source,
        };
        let found = serde_json::from_slice::<Format>(bytes)
            .map_err(damaged)?
            .format;
        let (product_name, allowed) = (product.to_owned(), FORMAT);
        match found.cmp(&FORMAT) {
            Ordering::Equal => {}
            Ordering::Greater => {
                return Err(LoadError::Newer {
                    product: product_name,
                    found,
                    allowed,
                });
            }
            Ordering::Less => {
                return Err(LoadError::Older {
                    product: product_name,
                    found,
                    allowed,
                });
            }
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }

    /// What was learned, once kind and product are the expected ones.
    ///
    /// # Errors
    /// [`LoadError::Foreign`] or [`LoadError::Damaged`].
    pub fn body<T: DeserializeOwned>(&self, kind: &str, product: &str) -> Result<T, LoadError> {
        if self.kind != kind || self.product != product {
            return Err(LoadError::Foreign {
                product: product.to_owned(),
                found: format!("{} `{}`", self.kind, self.product),
                expected: format!("{kind} `{product}`"),
            });
        }
        T::deserialize(&self.body).map_err(|source| LoadError::Damaged {
            product: product.to_owned(),
            source,
        })
    }

    /// The golden inputs.
    ///
    /// # Errors
    /// [`LoadError::Damaged`].
    pub fn golden_inputs<T: DeserializeOwned>(&self) -> Result<T, LoadError> {
        T::deserialize(&self.golden.inputs).map_err(|source| LoadError::Damaged {
            product: self.product.clone(),
            source,
        })
    }

    /// Compares the scores of the golden inputs now with those then.
    ///
    /// # Errors
    /// [`LoadError::Unproved`] where there is none, [`LoadError::Golden`] at the first that differs.
    pub fn verify(&self, scores: &[f64]) -> Result<(), LoadError> {
        if self.golden.scores.is_empty() {
            return Err(LoadError::Unproved {
                product: self.product.clone(),
            });
        }
        let n = self.golden.scores.len().max(scores.len());
        for position in 0..n {
            let expected = self
                .golden
                .scores
                .get(position)
                .copied()
                .unwrap_or(f64::NAN);
            let found = scores.get(position).copied().unwrap_or(f64::NAN);
            let same = (expected - found).abs() <= GOLDEN_TOLERANCE * expected.abs().max(1e-9);
            if !same {
                return Err(LoadError::Golden {
                    product: self.product.clone(),
                    position,
                    found,
                    expected,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artefact() -> Artefact {
        Artefact::new(
            "value",
            "clv",
            AsOf(jiff::civil::date(2025, 1, 1)),
            &[1.0, 2.0],
            &[3],
            vec![4.0],
        )
    }

    #[test]
    fn another_format_and_a_foreign_product_are_refused_by_name() {
        let older = Artefact {
            format: 1,
            ..artefact()
        };
        let refused = Artefact::from_bytes("clv", &older.to_bytes()).unwrap_err();
        assert!(matches!(refused, LoadError::Older { found: 1, .. }));
        assert!(
            refused.to_string().contains("`comptoir run clv`"),
            "{refused}"
        );
        let newer = Artefact {
            format: 99,
            ..artefact()
        }
        .to_bytes();
        assert!(matches!(
            Artefact::from_bytes("clv", &newer),
            Err(LoadError::Newer { found: 99, .. })
        ));
        assert!(matches!(
            Artefact::from_bytes("clv", b"{\"format\":2,"),
            Err(LoadError::Damaged { .. })
        ));
        assert!(matches!(
            artefact().body::<Vec<f64>>("segments", "clv"),
            Err(LoadError::Foreign { .. })
        ));
        assert_eq!(
            artefact().body::<Vec<f64>>("value", "clv").unwrap(),
            [1.0, 2.0]
        );
    }

    #[test]
    fn a_changed_score_is_noticed() {
        assert!(artefact().verify(&[4.0]).is_ok());
        assert!(matches!(
            artefact().verify(&[4.0001]),
            Err(LoadError::Golden { position: 0, .. })
        ));
        assert!(artefact().verify(&[]).is_err());
        let mut bare = artefact();
        bare.golden.scores.clear();
        assert!(matches!(bare.verify(&[]), Err(LoadError::Unproved { .. })));
    }
}
