//! Strict reading of configuration files: what is wrong is named with file, line, key, value and what is allowed.

use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// A configuration file that cannot be used, and the place that says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or cannot be read.
    #[error("read {}: {found}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        found: String,
    },
    /// The text is not TOML, or a key, a type or an enumerated value is wrong.
    #[error("{}:{line}: {message}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What was found and what was expected.
        message: String,
    },
    /// A value is of the right type but not allowed.
    #[error("{}:{line}: `{key}` is {found}, allowed is {allowed}", file.display())]
    Value {
        /// The file.
        file: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The key, dotted.
        key: String,
        /// The value found.
        found: String,
        /// What is allowed.
        allowed: String,
    },
}

/// A file as it was read: its name and text, to place errors in.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it was read from.
    pub file: PathBuf,
    /// Its text.
    pub text: String,
}

impl ConfigError {
    /// The file that is wrong.
    #[must_use]
    pub fn file(&self) -> &Path {
        match self {
            Self::Unreadable { file, .. }
            | Self::Syntax { file, .. }
            | Self::Value { file, .. } => file,
        }
    }
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError::Unreadable`] with what the system said.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|e| ConfigError::Unreadable {
            file: file.to_owned(),
            found: e.to_string(),
        })?;
        Ok(Self {
            file: file.to_owned(),
            text,
        })
    }

    /// A file that is already in memory.
    #[must_use]
    pub fn new(file: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            text: text.into(),
        }
    }

    /// Parses the text. The target type is expected to deny unknown fields.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`] at the line of the first thing that is wrong.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let document =
            toml::Deserializer::parse(&self.text).map_err(|e| self.syntax(&e, String::new()))?;
        serde_path_to_error::deserialize(document)
            .map_err(|e| self.syntax(e.inner(), dotted(e.path())))
    }

    /// The error of the parser, with the key that it does not name.
    fn syntax(&self, error: &toml::de::Error, key: String) -> ConfigError {
        let offset = error.span().map_or(0, |s| s.start);
        let mut message = error.message().replace('\n', " ");
        if !key.is_empty() && !message.contains(&format!("`{key}`")) {
            message.push_str(&format!(" (in `{key}`)"));
        }
        ConfigError::Syntax {
            file: self.file.clone(),
            line: self.line_of(offset),
            message,
        }
    }

    /// Line of a byte offset, from 1.
    fn line_of(&self, offset: usize) -> usize {
        let end = offset.min(self.text.len());
        1 + self.text.as_bytes()[..end]
            .iter()
            .filter(|b| **b == b'\n')
            .count()
    }

    /// The error of a value that is out of range, at the line where `path` stands (keys and array positions).
    #[must_use]
    pub fn refuse(
        &self,
        path: &[&str],
        found: impl std::fmt::Display,
        allowed: impl std::fmt::Display,
    ) -> ConfigError {
        ConfigError::Value {
            file: self.file.clone(),
            line: self.line_at(path),
            key: path.join("."),
            found: found.to_string(),
            allowed: allowed.to_string(),
        }
    }

    /// Line of a key path such as `["column", "3", "type"]`, or of its nearest ancestor that exists.
    #[must_use]
    pub fn line_at(&self, path: &[&str]) -> usize {
        let Ok(document) = self.text.parse::<toml_edit::Document<String>>() else {
            return 1;
        };
        let mut item = document.as_item();
        let mut offset = 0;
        for key in path {
            let next = match key.parse::<usize>() {
                Ok(n) => item.get(n),
                Err(_) => {
                    if let Some((name, _)) = item.as_table_like().and_then(|t| t.get_key_value(key))
                        && let Some(span) = name.span()
                    {
                        offset = span.start;
                    }
                    item.get(key)
                }
            };
            let Some(next) = next else { break };
            if key.parse::<usize>().is_ok()
                && let Some(span) = next.span()
            {
                offset = span.start;
            }
            item = next;
        }
        self.line_of(offset)
    }

    /// SHA-256 of the parsed content, so that comments and blank lines do not change it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.fingerprint_without("")
    }

    /// The same without one of its first keys.
    #[must_use]
    pub fn fingerprint_without(&self, key: &str) -> String {
        let canonical = toml::from_str::<toml::Table>(&self.text).map_or_else(
            |_| self.text.clone(),
            |mut table| {
                table.remove(key);
                sorted(&toml::Value::Table(table))
            },
        );
        fingerprint(canonical.as_bytes())
    }

    /// The file with another value at a key path; its comments stay. `None` where the text is no TOML or something else
    /// than a table stands on the way.
    #[must_use]
    pub fn with(&self, path: &[&str], value: &toml::Value) -> Option<Self> {
        use toml_edit::{Item, Table, Value};
        let (last, tables) = path.split_last()?;
        let mut document = self.text.parse::<toml_edit::DocumentMut>().ok()?;
        let mut within = document.as_item_mut();
        for (depth, key) in tables.iter().enumerate() {
            let is_inline = within.is_inline_table();
            let table = within.as_table_like_mut()?;
            if table.get(key).is_none() {
                // Below a table of its own a new one is written as `table.key`.
                let mut new = Table::new();
                new.set_dotted(depth > 0);
                let mut new = Item::Table(new);
                if is_inline {
                    new.make_value();
                }
                table.insert(key, new);
            }
            within = table.get_mut(key)?;
        }
        let mut value: Value = value.to_string().parse().ok()?;
        let table = within.as_table_like_mut()?;
        match table.get_mut(last) {
            Some(Item::Value(old)) => {
                *value.decor_mut() = old.decor().clone();
                *old = value;
            }
            Some(_) => return None,
            None => {
                table.insert(last, Item::Value(value));
            }
        }
        Some(Self {
            file: self.file.clone(),
            text: document.to_string(),
        })
    }
}

/// A path into a file as errors name it: keys and array positions, dotted.
fn dotted(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    };
    path.iter().filter_map(step).collect::<Vec<_>>().join(".")
}

fn sorted(value: &toml::Value) -> String {
    match value {
        toml::Value::Table(table) => {
            let mut entries: Vec<_> = table.iter().collect();
            entries.sort_by(|a, b| a.0.cmp(b.0));
            let inner: Vec<_> = entries
                .iter()
                .map(|(k, v)| format!("{k:?}={}", sorted(v)))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        toml::Value::Array(items) => format!(
            "[{}]",
            items.iter().map(sorted).collect::<Vec<_>>().join(",")
        ),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => value.to_string(),
    }
}

/// SHA-256 as hexadecimal text.
#[must_use]
pub fn fingerprint(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        name: String,
        #[serde(default)]
        column: Vec<Column>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Column {
        width: i64,
    }

    #[test]
    fn an_unknown_key_is_refused_at_its_line_with_what_is_allowed() {
        let file = ConfigFile::new("a.toml", "name = \"x\"\n\ncolour = 3\n");
        let error = file.parse::<Example>().unwrap_err().to_string();
        assert!(
            error.starts_with("a.toml:3: unknown field `colour`, expected `name` or `column`"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_type_is_refused_with_its_key() {
        let text = "name = \"x\"\n[[column]]\nwidth = 1\n\n[[column]]\nwidth = \"wide\"\n";
        let error = |text: &str| {
            ConfigFile::new("a.toml", text)
                .parse::<Example>()
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error(text),
            "a.toml:6: invalid type: string \"wide\", expected i64 (in `column.1.width`)"
        );
        let missing = error("name = \"x\"\n[[column]]\n");
        assert!(
            missing.starts_with("a.toml:2: missing field `width`") && missing.contains("column.0"),
            "{missing}"
        );
    }

    #[test]
    fn a_value_out_of_range_is_refused_at_its_line() {
        let file = ConfigFile::new(
            "a.toml",
            "name = \"x\"\n[[column]]\nwidth = 1\n\n[[column]]\nwidth = -4\n",
        );
        let read: Example = file.parse().unwrap();
        assert_eq!((read.name.as_str(), read.column[1].width), ("x", -4));
        let error = file
            .refuse(&["column", "1", "width"], -4, "1 to 100")
            .to_string();
        assert_eq!(
            error,
            "a.toml:6: `column.1.width` is -4, allowed is 1 to 100"
        );
    }

    #[test]
    fn another_value_leaves_comments_and_everything_else_as_they_are() {
        let text = "# ours\nname = \"x\"\n\n[settings]\nwidth = 1 # mm\n";
        let file = ConfigFile::new("a.toml", text);
        let with = |path: &[&str], value: i64| {
            let changed = file.with(path, &toml::Value::Integer(value)).unwrap();
            changed.text
        };
        assert_eq!(with(&["settings", "width"], 7), text.replace("= 1", "= 7"));
        assert_eq!(
            with(&["settings", "trees", "leaves"], 7),
            format!("{text}trees.leaves = 7\n")
        );
        assert_eq!(
            with(&["more", "leaves"], 7),
            format!("{text}\n[more]\nleaves = 7\n")
        );
        let inline = ConfigFile::new("a.toml", "settings = { trees = { leaves = 3 } }\n");
        let more = inline.with(&["settings", "trees", "rounds"], &toml::Value::Integer(7));
        let read: toml::Table = more.unwrap().text.parse().unwrap();
        assert_eq!(read["settings"]["trees"]["rounds"].as_integer(), Some(7));
        assert_eq!(read["settings"]["trees"]["leaves"].as_integer(), Some(3));
        let more = inline.with(&["settings", "a", "b"], &toml::Value::Integer(7));
        let read: toml::Table = more.unwrap().text.parse().unwrap();
        assert_eq!(read["settings"]["a"]["b"].as_integer(), Some(7));
        assert!(
            file.with(&["name", "x"], &toml::Value::Integer(7))
                .is_none()
        );
        assert!(file.with(&["settings"], &toml::Value::Integer(7)).is_none());
    }

    #[test]
    fn the_fingerprint_ignores_comments_and_order() {
        let one = ConfigFile::new("a", "a = 1\nb = 2\n").fingerprint();
        assert_eq!(
            one,
            ConfigFile::new("a", "# why\nb = 2\n\na = 1\n").fingerprint()
        );
        assert_ne!(one, ConfigFile::new("a", "a = 1\nb = 3\n").fingerprint());
    }
}
