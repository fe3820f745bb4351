//! Orders of all lines while they are decided: how many steps each has, and what they leave of what is shared.

use rayon::prelude::*;

use super::curve;
use super::errors::LineError;
use super::limits::Limits;
use super::line::Lines;
use super::plan::{NONE, Plan};
use crate::stock::sum::summed;

/// The state of a decision. What is left of a limit is never below 0 but for a site that was full before.
pub(super) struct Work<'a, L: ?Sized> {
    pub(super) lines: &'a L,
    pub(super) plans: Vec<Result<Plan, LineError>>,
    /// Steps of each line.
    pub(super) steps: Vec<u32>,
    /// Fewest steps of each line: what a minimum order needs is kept for it.
    pub(super) floors: Vec<u32>,
    /// Orders that are left out, each with all its lines.
    pub(super) left_out: Vec<bool>,
    /// Cents left of each budget, where all of them are spent as `steps` say.
    pub(super) money: Vec<i64>,
    /// Units left of the room at each site.
    pub(super) room: Vec<i64>,
    /// The same where nothing is ordered.
    pub(super) all_money: Vec<i64>,
    pub(super) all_room: Vec<i64>,
}

impl<'a, L: Lines + ?Sized> Work<'a, L> {
    pub(super) fn new(lines: &'a L, limits: &Limits<'_>) -> Self {
        let plans: Vec<Result<Plan, LineError>> = (0..lines.n_lines())
            .into_par_iter()
            .with_min_len(1024)
            .map(|place| lines.line(place).and_then(|line| Plan::new(&line, limits)))
            .collect();
        let mut room: Vec<i64> = limits
            .sites
            .iter()
            .map(|units| i64::try_from(*units).unwrap_or(i64::MAX))
            .collect();
        for plan in plans.iter().flatten() {
            if let Some(room) = room.get_mut(plan.site as usize) {
                *room = room.saturating_sub(plan.position.max(0));
            }
        }
        let money: Vec<i64> = limits.budgets.iter().map(|budget| budget.0).collect();
        Self {
            lines,
            steps: vec![0; plans.len()],
            floors: vec![0; plans.len()],
            plans,
            left_out: vec![false; limits.orders.len()],
            money: money.clone(),
            room: room.clone(),
            all_money: money,
            all_room: room,
        }
    }

    /// The same lines before anything was decided.
    pub(super) fn afresh(&self) -> Self {
        Self {
            lines: self.lines,
            plans: self.plans.clone(),
            steps: vec![0; self.plans.len()],
            floors: vec![0; self.plans.len()],
            left_out: vec![false; self.left_out.len()],
            money: self.all_money.clone(),
            room: self.all_room.clone(),
            all_money: self.all_money.clone(),
            all_room: self.all_room.clone(),
        }
    }

    /// What all lines are worth together, as they are.
    pub(super) fn worth(&self) -> f64 {
        summed(self.plans.len(), |place| {
            let plan = self.active(place);
            plan.map_or(0.0, |plan| {
                self.value_of_all(place, plan, self.steps[place])
            })
        })
    }

    /// Takes all steps back but those that are kept.
    pub(super) fn start_again(&mut self) {
        self.steps.fill(0);
        self.money.clone_from(&self.all_money);
        self.room.clone_from(&self.all_room);
        for place in 0..self.floors.len() {
            let floor = self.floors[place];
            if floor > 0
                && let Ok(plan) = self.plans[place]
            {
                self.set(place, &plan, floor);
            }
        }
    }

    /// Steps that a line would have without shared limits, or that are kept for it.
    pub(super) fn wants(&self, place: usize, plan: &Plan) -> u32 {
        plan.free().max(self.floors[place])
    }

    /// The plan of a line that may order something.
    pub(super) fn active(&self, place: usize) -> Option<&Plan> {
        let plan = self.plans[place].as_ref().ok()?;
        let left_out = plan.order != NONE && self.left_out[plan.order as usize];
        (!left_out).then_some(plan)
    }

    /// Lines that may order something, with their plans.
    pub(super) fn all_active(&self) -> impl Iterator<Item = (usize, &Plan)> {
        (0..self.plans.len()).filter_map(|place| Some((place, self.active(place)?)))
    }

    /// Whether so many units of a line are left of all that it shares.
    pub(super) fn fits(&self, plan: &Plan, units: u64) -> bool {
        let money = self.money.get(plan.budget as usize);
        let room = self.room.get(plan.site as usize);
        money.is_none_or(|money| plan.cost(units) <= *money)
            && room.is_none_or(|room| units as i64 <= *room)
    }

    /// Gives a line more or fewer steps.
    pub(super) fn set(&mut self, place: usize, plan: &Plan, steps: u32) {
        let before = plan.units(self.steps[place]);
        let after = plan.units(steps);
        if let Some(money) = self.money.get_mut(plan.budget as usize) {
            *money = money
                .saturating_add(plan.cost(before))
                .saturating_sub(plan.cost(after));
        }
        if let Some(room) = self.room.get_mut(plan.site as usize) {
            *room += before as i64 - after as i64;
        }
        self.steps[place] = steps;
    }

    /// What one step of a line is worth; 0 where its curve cannot be drawn, which a line that has a plan rules out.
    pub(super) fn value(&self, place: usize, plan: &Plan, step: u32) -> f64 {
        let line = self.lines.line(place);
        line.and_then(|line| curve::with(&line, |curve| plan.value(curve, step)))
            .unwrap_or(0.0)
    }

    /// What so many steps of a line are worth together.
    pub(super) fn value_of_all(&self, place: usize, plan: &Plan, steps: u32) -> f64 {
        if steps == 0 {
            return 0.0;
        }
        let line = self.lines.line(place);
        line.and_then(|line| curve::with(&line, |curve| plan.value_of_all(curve, steps)))
            .unwrap_or(0.0)
    }
}
