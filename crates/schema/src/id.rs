//! Typed identifiers: a customer can never be passed where a product is meant.

use serde::{Deserialize, Serialize};

/// An identifier that is empty, holds a control character or begins or ends with white space.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read a {kind} identifier: found {found:?}, allowed is any text of 1 to 200 characters without control characters and without white space at its ends"
)]
pub struct IdError {
    /// What the identifier names.
    pub kind: &'static str,
    /// The text found, cut after 40 characters.
    pub found: String,
}

fn valid(kind: &'static str, text: &str) -> Result<(), IdError> {
    let untidy = text.trim().len() < text.len() || text.chars().any(char::is_control);
    if text.is_empty() || text.chars().count() > 200 || untidy {
        return Err(IdError {
            kind,
            found: text.chars().take(40).collect(),
        });
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text: 1 to 200 characters, none of them a control character, no white space at its ends.
            ///
            /// # Errors
            /// [`IdError`] names the kind of identifier and what was found.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                valid($kind, &text)?;
                Ok(Self(text))
            }

            /// The identifier as the shop writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// Who buys.
    CustomerId "customer";
    /// What is sold.
    ProductId "product";
    /// A store or a warehouse.
    SiteId "site";
    /// An order.
    OrderId "order";
    /// One answer of a data product.
    DecisionId "decision";
    /// One training run.
    RunId "run";
}

impl ProductId {
    /// Stands for a product whose identifier cannot be written.
    #[must_use]
    pub fn unnamed() -> Self {
        Self("?".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_identifier_is_refused_with_its_kind() {
        let refused = CustomerId::new("").unwrap_err();
        assert_eq!(refused.kind, "customer");
        for wrong in ["a\nb", " a", "a\u{a0}", "\u{7}a"] {
            assert!(ProductId::new(wrong).is_err(), "{wrong:?}");
        }
        assert_eq!(ProductId::new("a b").unwrap().as_str(), "a b");
        assert_eq!(ProductId::new("85123A").unwrap().as_str(), "85123A");
    }
}
