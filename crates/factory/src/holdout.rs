//! The universal holdout: customers who always get the baseline, so that the worth of all decisions can be measured.

use crate::project::HoldoutFile;
use products::Asked;
use sha2::Digest;

/// What an explanation for a customer who is held out is not.
pub const HELD_OUT: &str =
    "the customer is held out and gets the baseline; this explains what the version would decide";

impl HoldoutFile {
    /// Whether a question is about a customer who is held out: the same for every product, online and in a batch, on
    /// every replica, for ever. A question about nobody is not.
    #[must_use]
    pub fn is_held_out(&self, asked: &Asked) -> bool {
        let Some(customer) = asked.customer_id.as_ref().filter(|_| self.share > 0.0) else {
            return false;
        };
        is_drawn(&self.salt, customer.as_str(), self.share)
    }
}

/// Whether a unit is among a share of all, the same for ever and on every replica.
///
/// - `salt`: text that decides who they are.
#[must_use]
pub fn is_drawn(salt: &str, unit: &str, share: f64) -> bool {
    let digest = sha2::Sha256::digest(format!("{salt}\n{unit}"));
    let mut first = [0u8; 8];
    first.copy_from_slice(&digest[..8]);
    // 53 bits are what a double holds exactly.
    ((u64::from_be_bytes(first) >> 11) as f64) < share * (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::CustomerId;

    #[test]
    fn the_holdout_has_its_share_and_stays_the_same() {
        let asked = |n: u32| Asked {
            customer_id: Some(CustomerId::new(format!("c{n}")).unwrap()),
            ..Asked::default()
        };
        let of = |share: f64| HoldoutFile {
            share,
            salt: "salt".to_owned(),
        };
        let held: Vec<u32> = (0..20_000)
            .filter(|n| of(0.05).is_held_out(&asked(*n)))
            .collect();
        // 5 % of 20,000 with a standard deviation of 31.
        assert!((876..1_124).contains(&held.len()), "{}", held.len());
        // Who is held out stays so when the share grows, and in the next version of this program.
        assert!(held.iter().all(|n| of(0.5).is_held_out(&asked(*n))));
        assert_eq!(held[..3], [6, 14, 17]);
        assert!(!of(0.5).is_held_out(&Asked::default()));
        assert!(!of(0.0).is_held_out(&asked(1)));
    }
}
