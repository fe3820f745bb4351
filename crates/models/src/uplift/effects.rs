//! Predicted effects, and why they are as they are.

/// Effects of some customers, in units of the outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects {
    pub(super) arms: usize,
    /// Rows × arms, without the control.
    pub(super) point: Vec<f64>,
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
}

/// An effect with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EffectInterval {
    /// Effect.
    pub point: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Why effects are as they are.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanations {
    pub(super) columns: usize,
    pub(super) arms: usize,
    /// Rows × arms.
    pub(super) base: Vec<f64>,
    /// Rows × arms × columns.
    pub(super) parts: Vec<f64>,
}

/// Why one effect is as it is; the base and the contributions add up to the effect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Explanation<'a> {
    /// Effect of a customer of whom nothing is known; one number for all, but with [`super::Learner::S`], where it also
    /// holds what the arm does by itself in this row.
    pub base: f64,
    /// What each column adds to it, in the order of [`super::Fitted::columns`].
    pub contributions: &'a [f64],
}

impl Effects {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.point.len() / self.arms
    }

    /// Effect on a row of an arm, a position in [`super::Fitted::arms`]; `None` where there is no such row or arm.
    #[must_use]
    pub fn get(&self, row: usize, arm: usize) -> Option<EffectInterval> {
        let cell = row.checked_mul(self.arms)?.checked_add(arm)?;
        let there = arm < self.arms && cell < self.point.len();
        there.then(|| EffectInterval {
            point: self.point[cell],
            low: self.low[cell],
            high: self.high[cell],
        })
    }

    /// Effects on all rows of an arm, a position in [`super::Fitted::arms`]; empty where there is no such arm.
    #[must_use]
    pub fn of_arm(&self, arm: usize) -> Vec<f64> {
        let rows = self.point.chunks_exact(self.arms);
        rows.filter_map(|row| row.get(arm).copied()).collect()
    }
}

impl Explanations {
    /// Why an arm, a position in [`super::Fitted::arms`], has its effect on a row; `None` where there is no such row or arm.
    #[must_use]
    pub fn get(&self, row: usize, arm: usize) -> Option<Explanation<'_>> {
        let cell = row.checked_mul(self.arms)?.checked_add(arm)?;
        let there = arm < self.arms && cell < self.base.len();
        there.then(|| Explanation {
            base: self.base[cell],
            contributions: &self.parts[cell * self.columns..(cell + 1) * self.columns],
        })
    }

    pub(super) fn effect_at(&self, cell: usize) -> f64 {
        let parts = &self.parts[cell * self.columns..(cell + 1) * self.columns];
        self.base[cell] + parts.iter().sum::<f64>()
    }
}

impl Explanation<'_> {
    /// The effect explained.
    #[must_use]
    pub fn effect(&self) -> f64 {
        self.base + self.contributions.iter().sum::<f64>()
    }
}
