//! From which strength on an effect pays.

/// Strengths looked at: an effect more than that many times as strong as the one expected is another effect.
const STRENGTH_MAX: f64 = 16.0;
/// How exactly the strength is found, relative to itself.
const TOLERANCE: f64 = 1e-6;
/// Evaluations at most: each values all customers.
const EVALUATIONS_MAX: u32 = 40;

/// The least strength from which on the net is above nothing, up to [`STRENGTH_MAX`]; 0 where no effect at all is
/// needed, `None` where no strength tried pays.
///
/// - `known`: the net of no effect and of the effect expected.
/// - `net`: by strength; rising or falling as a whole.
///
/// # Source
/// Dowell and Jarratt (1971), a modified regula falsi method (the Illinois method).
pub(super) fn strength_that_pays(known: (f64, f64), net: impl Fn(f64) -> f64) -> Option<f64> {
    let (mut low, mut at_low) = (0.0, known.0);
    let (mut high, mut at_high) = (1.0, known.1);
    if at_low > 0.0 {
        return Some(0.0);
    }
    // What leads away from paying leads nowhere, however strong.
    if at_high <= at_low {
        return None;
    }
    while at_high <= 0.0 {
        if high >= STRENGTH_MAX {
            return None;
        }
        (low, at_low) = (high, at_high);
        high *= 2.0;
        at_high = net(high);
        if !at_high.is_finite() {
            return None;
        }
    }
    let mut stuck = 0;
    for _ in 0..EVALUATIONS_MAX {
        let next = (low * at_high - high * at_low) / (at_high - at_low);
        if high - low <= TOLERANCE * high {
            break;
        }
        let at_next = net(next);
        if at_next == 0.0 {
            return Some(next);
        }
        // An end that stays twice counts half from then on, so that it moves too.
        if at_next > 0.0 {
            let moved = high - next;
            (high, at_high) = (next, at_next);
            if stuck == 1 {
                at_low *= 0.5;
            }
            stuck = 1;
            if moved <= TOLERANCE * high {
                break;
            }
        } else {
            let moved = next - low;
            (low, at_low) = (next, at_next);
            if stuck == -1 {
                at_high *= 0.5;
            }
            stuck = -1;
            if moved <= TOLERANCE * high {
                break;
            }
        }
    }
    Some((low * at_high - high * at_low) / (at_high - at_low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn found(net: impl Fn(f64) -> f64) -> (Option<f64>, u32) {
        let asked = Cell::new(0);
        let counted = |strength: f64| {
            asked.set(asked.get() + 1);
            net(strength)
        };
        let strength = strength_that_pays((net(0.0), net(1.0)), counted);
        (strength, asked.get())
    }

    #[test]
    fn the_strength_at_which_the_net_is_nothing_is_found_in_few_steps() {
        for cost in [0.01, 0.3, 0.99, 3.0, 9.0] {
            let (strength, asked) = found(|k| 1.05_f64.powf(k) - 1.0 - 0.05 * cost);
            let exact = (1.0 + 0.05 * cost).ln() / 1.05_f64.ln();
            assert!((strength.unwrap() / exact - 1.0).abs() < 1e-5, "{cost}");
            assert!(asked < 15, "{cost}: {asked}");
        }
    }

    #[test]
    fn what_never_pays_has_no_strength_and_what_always_does_needs_none() {
        assert_eq!(found(|k| -1.0 - k).0, None);
        assert_eq!(found(|k| k - 1_000.0).0, None);
        assert_eq!(found(|_| -1.0).0, None);
        assert_eq!(found(|k| 1.0 + k).0, Some(0.0));
    }
}
