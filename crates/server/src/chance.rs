//! What is drawn anew for each request, and not by whom it is about.

use std::hash::{BuildHasher, RandomState};

/// One of so many, drawn.
pub(crate) fn is_drawn(share: f64) -> bool {
    // Keys that differ each time, from one random start per thread: the system is not asked for each request.
    let drawn = RandomState::new().hash_one(0u8);
    (drawn >> 32) as f64 / f64::from(u32::MAX) < share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_are_drawn_as_asked_for() {
        let drawn = (0..10_000).filter(|_| is_drawn(0.25)).count();
        assert!((2_200..2_800).contains(&drawn), "{drawn}");
        assert!(!is_drawn(0.0));
    }
}
