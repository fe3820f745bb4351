//! Sentences that say why, from a code and its figures.

use crate::Reason;
use indexmap::IndexMap;
use schema::Json;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The reasons of an action as JSON, made once for all answers and log records that carry them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Reasons(Json);

impl Reasons {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> &Json {
        &self.0
    }

    /// One by one.
    #[must_use]
    pub fn list(&self) -> Vec<Reason> {
        serde_json::from_str(self.0.text()).expect("it was made from reasons")
    }
}

impl From<Vec<Reason>> for Reasons {
    fn from(list: Vec<Reason>) -> Self {
        Self(Json::of(&list).expect("texts and figures have a JSON"))
    }
}

impl<'de> Deserialize<'de> for Reasons {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from)
    }
}

/// A reason with its sentence. Values are put in where the sentence names them in braces.
#[must_use]
pub fn reason(
    code: &str,
    sentence: &str,
    values: impl IntoIterator<Item = (&'static str, Value)>,
) -> Reason {
    let values: IndexMap<String, Value> =
        values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    Reason {
        code: code.to_owned(),
        text: fill(sentence, &values),
        values,
    }
}

/// Puts the values into a sentence that names them in braces; the console fills its own language's sentence.
#[must_use]
pub fn fill(sentence: &str, values: &IndexMap<String, Value>) -> String {
    let mut text = sentence.to_owned();
    for (name, value) in values {
        let shown = match value {
            Value::String(s) => s.clone(),
            Value::Number(n) => match n.as_f64() {
                Some(f) if n.is_f64() => format!("{}", (f * 10.0).round() / 10.0),
                _ => n.to_string(),
            },
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        text = text.replace(&format!("{{{name}}}"), &shown);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_holds_its_figures() {
        let why = reason(
            "bought_with",
            "bought with {product} {times} times, expected {expected}",
            [
                ("product", "tea".into()),
                ("times", 14.into()),
                ("expected", 2.1234.into()),
            ],
        );
        assert_eq!(why.text, "bought with tea 14 times, expected 2.1");
    }
}
