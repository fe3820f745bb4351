//! The ways to learn effects.

use serde::{Deserialize, Serialize};

/// A way to learn effects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learner {
    /// Baseline: everybody has the arm's average effect.
    Average,
    /// The effect is a smooth monotone function of the expected outcome without treatment; what is left of the effect
    /// is learnt too, and used as far as it is found again in customers not learnt from. For weak signals.
    Prognostic,
    /// Doubly robust scores by a sum of functions of one column each, which a person can read: an explainable boosting
    /// machine without interactions. Lou, Caruana and Gehrke (2012).
    Additive,
    /// One model of the outcome per arm; the effect is their difference. Künzel et al. (2019).
    T,
    /// One model of the outcome that reads the arm as columns; the effect is what changing them changes. Künzel et al. (2019).
    S,
    /// Outcomes of one arm less what the other arm's model expects, learnt in both arms and averaged by the propensity.
    /// Künzel et al. (2019), eq. 8 to 10.
    X,
    /// What outcomes exceed their expectation by, against what treatment exceeds its propensity by. Nie and Wager (2021), eq. 4.
    R,
    /// Doubly robust scores as if they were outcomes. Kennedy (2023), algorithm 1, with the logged propensities.
    DoublyRobust,
}

impl Learner {
    /// All, the simplest first.
    pub const ALL: [Self; 8] = [
        Self::Average,
        Self::Prognostic,
        Self::Additive,
        Self::T,
        Self::S,
        Self::X,
        Self::R,
        Self::DoublyRobust,
    ];

    /// Whether nobody can read what it learnt: trees of many columns at once.
    #[must_use]
    pub fn is_black_box(self) -> bool {
        match self {
            Self::Average | Self::Prognostic | Self::Additive => false,
            Self::T | Self::S | Self::X | Self::R | Self::DoublyRobust => true,
        }
    }
}
