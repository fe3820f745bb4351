//! What one line would order by itself, and how far it may go.

use super::check::UNITS_MAX;
use super::curve::Curve;
use super::errors::LineError;
use super::limits::Limits;
use super::line::Line;
use super::outcome::{Asked, Contradiction};
use super::{check, curve};
use crate::stock::goal::Goal;

/// Stands for no order, budget or site.
pub(super) const NONE: u32 = u32::MAX;

/// A quantity is below a whole number by less than this only by rounding.
const ROUNDING: f64 = 1e-9;

/// What is decided for a line before lines are looked at together. Orders grow in steps: the first is the fewest packs
/// that may be ordered, each further one a pack.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    /// Units of the first step.
    pub(super) first_units: u32,
    /// Units of each further step.
    pub(super) pack_units: u32,
    /// Steps that the goal asks for.
    pub(super) wanted: u32,
    /// Steps that room for the line and its shelf life allow.
    pub(super) allowed: u32,
    pub(super) held: Held,
    /// Whether a service was promised, so that its last pack is ordered whatever it costs.
    pub(super) promised: bool,
    /// Cents.
    pub(super) unit_cost: i64,
    pub(super) order: u32,
    pub(super) budget: u32,
    pub(super) site: u32,
    pub(super) position: i64,
}

/// What holds a line back by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Held {
    /// Nothing.
    Free,
    Capacity,
    ShelfLife,
    SlowPack,
    Contradiction(Contradiction),
}

impl Plan {
    pub(super) fn new(line: &Line<'_>, limits: &Limits<'_>) -> Result<Self, LineError> {
        check::line(line, limits)?;
        curve::with(line, |curve| Self::of(line, curve))
    }

    fn of(line: &Line<'_>, curve: &Curve<'_>) -> Self {
        let pack = u64::from(line.pack_units);
        let first = u64::from(line.minimum_units).div_ceil(pack).max(1) * pack;
        let mut plan = Self {
            // Both are at most a thousand million, and so is their next multiple within twice that.
            first_units: first as u32,
            pack_units: line.pack_units,
            wanted: 0,
            allowed: u32::MAX,
            held: Held::Free,
            promised: curve.target.is_some(),
            unit_cost: line.unit_cost.0,
            order: line.order.unwrap_or(NONE),
            budget: line.budget.unwrap_or(NONE),
            site: line.site.unwrap_or(NONE),
            position: line.position(),
        };
        plan.bound(line);
        plan.wanted = match curve.target {
            Some(target) => {
                let standing = target.max(f64::from(line.presentation_units));
                plan.steps_for(standing - plan.position as f64)
            }
            None => plan.cheapest(line, curve),
        };
        plan.slow(line, curve);
        plan
    }

    /// Steps that room and shelf life allow, and what contradicts them.
    fn bound(&mut self, line: &Line<'_>) {
        let first_units = u64::from(self.first_units);
        let position = self.position as f64;
        if let Some(capacity) = line.capacity_units {
            let presentation = line.presentation_units;
            if presentation > capacity {
                return self.contradict(Contradiction::PresentationAboveCapacity {
                    presentation_units: presentation,
                    capacity_units: capacity,
                });
            }
            if line.minimum_units > 0 && first_units > u64::from(capacity) {
                return self.contradict(Contradiction::MinimumAboveCapacity {
                    minimum_units: first_units,
                    capacity_units: capacity,
                });
            }
            self.allowed = self.steps_within(f64::from(capacity) - position);
            self.held = Held::Capacity;
        }
        if let Some(life) = line.shelf_life {
            let sells = (life.demand.quantile(1.0 - life.level) + ROUNDING).floor();
            let sells = sells.clamp(0.0, UNITS_MAX as f64);
            if line.minimum_units > 0 && first_units as f64 > sells {
                return self.contradict(Contradiction::MinimumAboveShelfLife {
                    minimum_units: first_units,
                    sells_units: sells as u64,
                });
            }
            let allowed = self.steps_within(sells - position);
            if allowed < self.allowed {
                self.allowed = allowed;
                self.held = Held::ShelfLife;
            }
        }
    }

    fn contradict(&mut self, contradiction: Contradiction) {
        self.allowed = 0;
        self.held = Held::Contradiction(contradiction);
    }

    /// A pack that lasts longer than a year is ordered once at most, where that is cheaper than none: now, beside
    /// waiting until the next review, and over all the time until it is sold, beside not selling any. Units that should
    /// stand there do so for good, and are not held against what they sell.
    fn slow(&mut self, line: &Line<'_>, curve: &Curve<'_>) {
        let units = f64::from(self.first_units);
        let per_day = line.demand.mean() / line.protection_days;
        let contradicted = matches!(self.held, Held::Contradiction(_));
        let position = self.position as f64;
        let asks = self.wanted > 0 || curve.cost(position + 1.0) < curve.cost(position);
        if contradicted || units <= curve.yearly || !asks {
            return;
        }
        let standing = f64::from(line.presentation_units) - position;
        let steps = self.steps_for(standing).max(1);
        let kept = 0.5 * line.holding_cents_per_day * units;
        let lasting = standing > 0.0 || curve.missing * per_day > kept;
        let now = self.net(curve, steps) > 0.0;
        self.wanted = if now && lasting { steps } else { 0 };
        if steps < self.allowed {
            self.allowed = steps;
            self.held = Held::SlowPack;
        }
    }

    /// Steps that lower expected cost: all before the first that does not.
    fn cheapest(&self, line: &Line<'_>, curve: &Curve<'_>) -> u32 {
        let Goal::Cost { missing_cents } = line.goal else {
            return 0;
        };
        // Without what perishes and should stand there it would be the newsvendor's quantile: the search starts there.
        let holding = line.holding_cents_per_day * line.review_days;
        let ratio = missing_cents / (missing_cents + holding);
        let start = curve.demand.quantile(ratio.min(1.0 - 1e-9));
        let standing = start.max(f64::from(line.presentation_units));
        let mut high = self.steps_for(standing - self.position as f64);
        let mut low = 0;
        let pays = |step: u32| self.net(curve, step) > 0.0;
        if high > 0 && pays(high) {
            let mut by = 1;
            low = high;
            while pays(low.saturating_add(by)) && by < u32::MAX / 2 {
                low = low.saturating_add(by);
                by *= 2;
            }
            high = low.saturating_add(by);
        } else if high > 8 && pays(high - 8) {
            low = high - 8;
        } else if high == 0 {
            high = 1;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if pays(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Fewest steps that are at least so many units.
    fn steps_for(&self, units: f64) -> u32 {
        if units <= ROUNDING {
            return 0;
        }
        let beyond = (units - f64::from(self.first_units)) / f64::from(self.pack_units);
        (1.0 + (beyond - ROUNDING).ceil().max(0.0)) as u32
    }

    /// Most steps that are at most so many units.
    fn steps_within(&self, units: f64) -> u32 {
        let beyond = (units - f64::from(self.first_units)) / f64::from(self.pack_units);
        (1.0 + (beyond + ROUNDING).floor()).max(0.0) as u32
    }

    /// Steps that it would have without shared limits.
    pub(super) fn free(&self) -> u32 {
        self.wanted.min(self.allowed)
    }

    /// Units of so many steps together.
    pub(super) fn units(&self, steps: u32) -> u64 {
        match steps.checked_sub(1) {
            None => 0,
            Some(further) => {
                u64::from(self.first_units) + u64::from(further) * u64::from(self.pack_units)
            }
        }
    }

    /// Units of one step.
    pub(super) fn units_of(&self, step: u32) -> u64 {
        if step == 1 {
            u64::from(self.first_units)
        } else {
            u64::from(self.pack_units)
        }
    }

    /// Cents that so many units cost.
    pub(super) fn cost(&self, units: u64) -> i64 {
        self.unit_cost
            .saturating_mul(i64::try_from(units).unwrap_or(i64::MAX))
    }

    /// The position after so many steps.
    pub(super) fn after(&self, steps: u32) -> f64 {
        self.position as f64 + self.units(steps) as f64
    }

    /// What one step saves, in expected cents; below 0 where it costs more than it saves.
    pub(super) fn net(&self, curve: &Curve<'_>, step: u32) -> f64 {
        curve.cost(self.after(step.saturating_sub(1))) - curve.cost(self.after(step))
    }

    /// The same, where a step that was promised counts at least 0.
    pub(super) fn value(&self, curve: &Curve<'_>, step: u32) -> f64 {
        let net = self.net(curve, step);
        if self.promised && step <= self.wanted {
            net.max(0.0)
        } else {
            net
        }
    }

    /// What so many steps are worth together.
    pub(super) fn value_of_all(&self, curve: &Curve<'_>, steps: u32) -> f64 {
        let nothing = curve.cost(self.position as f64);
        let wanted = steps.min(self.wanted);
        let mut value = nothing - curve.cost(self.after(wanted));
        if self.promised && wanted > 0 {
            // Steps are worth less and less: at most the last promised one costs more than it saves.
            value = value.max(nothing - curve.cost(self.after(wanted - 1)));
        }
        if steps > wanted {
            value += curve.cost(self.after(wanted)) - curve.cost(self.after(steps));
        }
        value
    }

    /// What asked for the last of so many steps.
    pub(super) fn asked(&self, curve: &Curve<'_>, steps: u32) -> Asked {
        if steps == 0 {
            return Asked::Nothing;
        }
        if steps > self.wanted {
            return Asked::MinimumOfOrder;
        }
        let (before, after) = (self.after(steps - 1), self.after(steps));
        let goal_alone = curve.without_floor();
        let by_goal = match curve.target {
            Some(target) => before < target - ROUNDING,
            None => goal_alone.cost(before) > goal_alone.cost(after),
        };
        if !by_goal {
            return Asked::Presentation;
        }
        let fewer = after - f64::from(self.pack_units);
        let content = match curve.target {
            Some(target) => fewer >= target - ROUNDING,
            None => curve.cost(fewer) <= curve.cost(after),
        };
        if steps == 1 && self.first_units > self.pack_units && content {
            return Asked::MinimumOfLine;
        }
        Asked::Goal
    }
}
