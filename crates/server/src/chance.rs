//! What is drawn anew for each request, and not by whom it is about.

/// One of so many, drawn.
pub(crate) fn is_drawn(share: f64) -> bool {
    // The first half of a random identifier holds 62 random bits.
    let (drawn, _) = uuid::Uuid::new_v4().as_u64_pair();
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
