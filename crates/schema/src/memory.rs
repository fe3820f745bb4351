//! Sizes of memory as people write them: `8GiB`, `512MiB`.

use serde::{Deserialize, Serialize};

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

/// A text that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read a size: found {found:?}, expected a number with a unit such as 512MiB, 8GiB or 2GB")]
pub struct BytesError {
    /// The text found.
    pub found: String,
}

const UNITS: [(&str, u64); 9] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("b", 1),
];

impl std::str::FromStr for Bytes {
    type Err = BytesError;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    fn from_str(text: &str) -> Result<Self, BytesError> {
        let wrong = || BytesError {
            found: text.to_owned(),
        };
        let lower = text.trim().to_ascii_lowercase();
        let (unit, factor) = UNITS
            .iter()
            .find(|(unit, _)| lower.ends_with(unit))
            .ok_or_else(wrong)?;
        let number: f64 = lower[..lower.len() - unit.len()]
            .trim()
            .parse()
            .map_err(|_| wrong())?;
        let bytes = number * *factor as f64;
        if !(1.0..1e18).contains(&bytes) {
            return Err(wrong());
        }
        Ok(Self(bytes as u64))
    }
}

impl std::fmt::Display for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (unit, size) = match self.0 {
            n if n >= 1 << 30 => ("GiB", 1u64 << 30),
            n if n >= 1 << 20 => ("MiB", 1 << 20),
            n if n >= 1 << 10 => ("KiB", 1 << 10),
            n => return write!(f, "{n} B"),
        };
        write!(f, "{:.1} {unit}", self.0 as f64 / size as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!("8GiB".parse::<Bytes>().unwrap(), Bytes(8 << 30));
        assert_eq!("1.5 MB".parse::<Bytes>().unwrap(), Bytes(1_500_000));
        for wrong in ["8", "GiB", "-1GiB", "NaNGiB", "0MiB"] {
            assert!(wrong.parse::<Bytes>().is_err(), "{wrong}");
        }
        assert_eq!(Bytes(3 << 29).to_string(), "1.5 GiB");
    }
}
