//! A product of kind `experiment`, from its settings to what it says.

use features::History;
use products::{FitError, Fitted, Product, Raw};
use schema::ConfigError;
use schema::config::ConfigFile;
use serde_json::Value;

pub(crate) fn product(settings: &str) -> Result<Box<dyn Product>, ConfigError> {
    let text = format!("kind = \"experiment\"\nowner = \"me\"\n\n[settings]\n{settings}\n");
    Raw::read(ConfigFile::new("read-out.toml", text))?.check()
}

pub(crate) fn fitted(settings: &str, history: &History) -> Result<Box<dyn Fitted>, FitError> {
    product(settings).unwrap().fit(history, 7)
}

/// Why it is not read.
pub(crate) fn refused(settings: &str, history: &History) -> String {
    let error = fitted(settings, history).map(|_| ()).unwrap_err();
    let source = std::error::Error::source(&error);
    source.map(ToString::to_string).unwrap_or_default()
}

pub(crate) fn number(of: &Value, path: &str) -> f64 {
    let found = of.pointer(path).and_then(Value::as_f64);
    found.unwrap_or_else(|| panic!("{path}: {of:#}"))
}
