//! Who of a shop's customers gets which arm of which experiment.

use super::definition::Definition;
use measure::design::{Assigned, Assignment, AssignmentError, Holdout, Layer, Slot, arms_in_block};
use std::collections::BTreeMap;

/// The experiments of a shop, drawn in their layers, and the universal holdout that none of them touches.
#[derive(Debug)]
pub struct Drawing {
    assignment: Assignment,
    layers: BTreeMap<String, usize>,
    slots: BTreeMap<String, (usize, Slot)>,
}

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The universal holdout has it.
    HeldOut,
    /// It is outside the experiment's part of its layer.
    OtherPart,
    /// It gets this arm; 0 is the control.
    Arm(usize),
}

/// Experiments that cannot be drawn side by side.
#[derive(Debug, thiserror::Error)]
#[error("draw the experiments")]
pub struct DrawingError(#[from] AssignmentError);

impl Drawing {
    /// Checks that experiments fit together: those of one layer want different parts of it.
    ///
    /// - `holdout`: salt and share of the universal holdout.
    ///
    /// # Errors
    /// [`DrawingError`] names the two that exclude each other.
    pub fn of<'a>(
        definitions: impl IntoIterator<Item = &'a Definition>,
        holdout: (&str, f64),
    ) -> Result<Self, DrawingError> {
        let mut layers: Vec<Layer> = Vec::new();
        let (mut names, mut slots) = (BTreeMap::new(), BTreeMap::new());
        for definition in definitions {
            let name = definition.layer();
            let place = *names.entry(name.to_owned()).or_insert(layers.len());
            if place == layers.len() {
                layers.push(Layer {
                    salt: format!("layer {name}"),
                    slots: Vec::new(),
                });
            }
            let slot = definition.slot();
            layers[place].slots.push(slot.clone());
            slots.insert(definition.name().to_owned(), (place, slot));
        }
        let (salt, share) = (holdout.0.to_owned(), holdout.1);
        Ok(Self {
            assignment: Assignment::new(Holdout { salt, share }, layers)?,
            layers: names,
            slots,
        })
    }

    /// What a unit gets of an experiment: the same at any time, on any machine.
    ///
    /// - `held_out`: whether the universal holdout applies to it; it is drawn of customers.
    ///
    /// # Errors
    /// [`DrawingError`] for a unit without a name.
    pub fn place(&self, definition: &Definition, unit: &str) -> Result<Place, DrawingError> {
        let layer = self.layers.get(definition.layer());
        let layer = layer.copied().unwrap_or(usize::MAX);
        Ok(match self.assignment.assign(layer, unit)? {
            Assigned::HeldOut => Place::HeldOut,
            Assigned::InNone => Place::OtherPart,
            Assigned::Arm { experiment, .. } if experiment != definition.name() => Place::OtherPart,
            Assigned::Arm { arm, .. } => {
                let mut arms = definition.arms();
                Place::Arm(arms.position(|(name, _)| name == arm).unwrap_or(0))
            }
        })
    }

    /// Arms of units that are all drawn at once, in blocks of those alike in `spend`: the same in each block, to one unit.
    ///
    /// - `units`: with what they spent before.
    /// - returns the arm of each, in their order; 0 is the control.
    #[must_use]
    pub fn blocked(&self, definition: &Definition, units: &[(&str, f64)]) -> Vec<usize> {
        let Some((_, slot)) = self.slots.get(definition.name()) else {
            return vec![0; units.len()];
        };
        let mut order: Vec<usize> = (0..units.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (units[*a], units[*b]);
            a.1.total_cmp(&b.1).then_with(|| a.0.cmp(b.0))
        });
        let blocks = (definition.file().blocks as usize).clamp(1, units.len().max(1));
        let mut arms = vec![0; units.len()];
        for block in 0..blocks {
            let own = &order[block * units.len() / blocks..(block + 1) * units.len() / blocks];
            let names: Vec<&str> = own.iter().map(|at| units[*at].0).collect();
            for (at, arm) in own.iter().zip(arms_in_block(slot, block, &names)) {
                arms[*at] = arm;
            }
        }
        arms
    }
}
