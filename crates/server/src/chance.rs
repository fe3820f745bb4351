//! What is drawn anew for each request, and not by whom it is about.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

thread_local! {
    /// Begun at random, and never 0: the system is not asked for each request.
    static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(0_u8) | 1);
}

/// One of so many, drawn.
///
/// # Source
/// Marsaglia (2003), "Xorshift RNGs", with the multiplication of Vigna (2016), xorshift64*.
pub(crate) fn is_drawn(share: f64) -> bool {
    let mut state = STATE.get();
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    STATE.set(state);
    let drawn = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
    drawn as f64 / f64::from(u32::MAX) < share
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
