//! JSON that is passed on as it was written.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use std::sync::Arc;

/// A JSON value as text: made once, shared by all who hold it, and copied into a document as it is.
///
/// It is read from JSON text only, not from a parsed [`serde_json::Value`]. Two are equal when their texts are.
#[derive(Debug, Clone)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The JSON of a value.
    ///
    /// # Errors
    /// When the value has no JSON, such as a map whose keys are no strings.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        Ok(Self(serde_json::value::to_raw_value(value)?.into()))
    }

    /// Checks that a text is JSON.
    ///
    /// # Errors
    /// Where it is not.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        Ok(Self(RawValue::from_string(text)?.into()))
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.0.get()
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.text() == "null"
    }
}

impl Default for Json {
    /// `null`.
    fn default() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Box::<RawValue>::deserialize(deserializer)?.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_passed_on_to_the_letter() {
        #[derive(Serialize, Deserialize)]
        struct Document {
            #[serde(default)]
            why: Json,
        }
        let text = r#"{"why":[{"b" : 1.50,"a":"é\n"}]}"#;
        let read: Document = serde_json::from_str(text).unwrap();
        assert_eq!(read.why.text(), r#"[{"b" : 1.50,"a":"é\n"}]"#);
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        assert!(
            serde_json::from_str::<Document>("{}")
                .unwrap()
                .why
                .is_null()
        );
        assert!(Json::from_text("{".to_owned()).is_err());
        assert_eq!(
            Json::of(&[1, 2]).unwrap(),
            Json::from_text("[1,2]".into()).unwrap()
        );
    }
}
