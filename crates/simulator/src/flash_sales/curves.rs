//! How the sales of a launch spread over its hours.

use math::tails::normal_upper_tail;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// A latent cluster of launches whose sales come at like hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Curve {
    /// Members wait for it: most is sold within hours.
    OpeningPeak,
    /// A peak at the opening and another one when the members are reminded, about 25 hours later.
    SecondWave,
    /// The same at all hours.
    Flat,
    /// Little interest until the launch is about to close.
    ClosingRush,
}

/// A part of a curve.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Falls off from the opening on, with this time in hours.
    FromOpening(f64),
    /// Rises until the closing, with this time in hours.
    UntilClosing(f64),
    /// Around an hour, with this standard deviation in hours.
    Around(f64, f64),
    Even,
}

impl Curve {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::OpeningPeak,
        Self::SecondWave,
        Self::Flat,
        Self::ClosingRush,
    ];

    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpeningPeak => "opening peak",
            Self::SecondWave => "second wave",
            Self::Flat => "flat",
            Self::ClosingRush => "closing rush",
        }
    }

    /// Shares of all arrivals that come by each part; they sum to 1.
    fn parts(self) -> &'static [(f64, Part)] {
        match self {
            Self::OpeningPeak => &[(0.75, Part::FromOpening(2.5)), (0.25, Part::Even)],
            Self::SecondWave => &[
                (0.40, Part::FromOpening(2.5)),
                (0.35, Part::Around(25.0, 2.0)),
                (0.25, Part::Even),
            ],
            Self::Flat => &[(1.0, Part::Even)],
            Self::ClosingRush => &[
                (0.20, Part::FromOpening(4.0)),
                (0.35, Part::Even),
                (0.45, Part::UntilClosing(8.0)),
            ],
        }
    }

    /// Share of all that is wanted in a launch of `length_hours` that is wanted in its first `hours`, 0 to 1.
    ///
    /// Closed form: exponential, normal and even parts, each cut off at both ends of the launch.
    #[must_use]
    pub fn share(self, hours: f64, length_hours: f64) -> f64 {
        if hours <= 0.0 {
            return 0.0;
        }
        if hours >= length_hours {
            return 1.0;
        }
        let parts = self.parts().iter();
        parts
            .map(|(weight, part)| weight * part.share(hours, length_hours))
            .sum()
    }

    /// Hours after the opening at which one unit is wanted.
    pub(super) fn draw(self, rng: &mut ChaCha8Rng, length_hours: f64) -> f64 {
        let mut left = rng.random::<f64>();
        let parts = self.parts();
        let mut chosen = parts[parts.len() - 1].1;
        for (weight, part) in parts {
            left -= weight;
            if left < 0.0 {
                chosen = *part;
                break;
            }
        }
        chosen.draw(rng, length_hours)
    }
}

impl Part {
    fn share(self, hours: f64, length: f64) -> f64 {
        match self {
            Self::Even => hours / length,
            Self::FromOpening(time) => (-hours / time).exp_m1() / (-length / time).exp_m1(),
            Self::UntilClosing(time) => 1.0 - Self::FromOpening(time).share(length - hours, length),
            Self::Around(middle, spread) => {
                let below = |at: f64| normal_upper_tail((middle - at) / spread);
                (below(hours) - below(0.0)) / (below(length) - below(0.0))
            }
        }
    }

    fn draw(self, rng: &mut ChaCha8Rng, length: f64) -> f64 {
        match self {
            Self::Even => length * rng.random::<f64>(),
            Self::FromOpening(time) => {
                let share = rng.random::<f64>() * -(-length / time).exp_m1();
                -time * (-share).ln_1p()
            }
            Self::UntilClosing(time) => length - Self::FromOpening(time).draw(rng, length),
            Self::Around(middle, spread) => loop {
                let unit: f64 = StandardNormal.sample(rng);
                let hours = middle + spread * unit;
                if (0.0..length).contains(&hours) {
                    return hours;
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::{Purpose, stream};

    #[test]
    fn weights_sum_to_one_and_shares_rise_from_nothing_to_everything() {
        for curve in Curve::ALL {
            let sum: f64 = curve.parts().iter().map(|(weight, _)| weight).sum();
            assert!((sum - 1.0).abs() < 1e-12);
            for length in [48.0, 120.0] {
                let mut before = 0.0;
                for hour in 1..=length as u32 {
                    let share = curve.share(f64::from(hour), length);
                    assert!(share > before, "{curve:?} {hour}");
                    before = share;
                }
                assert!((before - 1.0).abs() < 1e-12);
                // The closed form meets its ends without a jump.
                assert!(curve.share(1e-9, length) < 1e-8);
                assert!(curve.share(length - 1e-9, length) > 1.0 - 1e-8);
            }
        }
    }

    #[test]
    fn drawn_hours_follow_the_closed_form() {
        let n = 40_000;
        for (index, curve) in (0..).zip(Curve::ALL) {
            let mut rng = stream(5, Purpose::FlashArrival, index);
            let drawn: Vec<f64> = (0..n).map(|_| curve.draw(&mut rng, 72.0)).collect();
            for hours in [1.0, 6.0, 24.0, 27.0, 60.0, 71.0] {
                let found = drawn.iter().filter(|at| **at < hours).count() as f64 / f64::from(n);
                let expected = curve.share(hours, 72.0);
                // 4.5 standard errors, 0.011 at most.
                let error = (expected * (1.0 - expected) / f64::from(n)).sqrt();
                assert!(
                    (found - expected).abs() < 4.5 * error,
                    "{curve:?} after {hours}: {found}, expected {expected}"
                );
            }
        }
    }
}
