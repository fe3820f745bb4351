//! Who gets what: by a salted hash of the unit, so that every replica agrees and nothing needs to be stored.

use std::collections::BTreeSet;

use schema::config::fingerprint;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Shares may miss their sum by this much, for the rounding of thirds.
const ROUNDING: f64 = 1e-9;

/// Units that no experiment may touch, so that the worth of all of them together can be measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holdout {
    /// Text that decides who they are.
    pub salt: String,
    /// Share of the units, 0 to 0.5.
    pub share: f64,
}

/// Experiments that exclude each other: a unit is in at most one of a layer's slots.
///
/// Layers are independent of each other: a unit's place in one says nothing about its place in another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Text that decides the order of the units.
    pub salt: String,
    /// The experiments.
    pub slots: Vec<Slot>,
}

/// One experiment's part of a layer.
///
/// Raising `to` adds units and moves none between arms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Name of the experiment.
    pub experiment: String,
    /// Text that decides the arms; a new one draws them anew.
    pub salt: String,
    /// Where its part of the layer's units begins, 0 to 1.
    pub from: f64,
    /// Where it ends, exclusive.
    pub to: f64,
    /// The arms, whose shares sum to 1.
    pub arms: Vec<ArmShare>,
}

/// An arm and its share of the experiment's units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmShare {
    /// Name of the arm.
    pub arm: String,
    /// Share, above 0.
    pub share: f64,
}

/// Layers and a holdout that fit together. Checked when it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    holdout: Holdout,
    layers: Vec<Layer>,
}

/// What a unit got in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Assigned<'a> {
    /// It is held out of everything.
    HeldOut,
    /// No experiment of the layer has it.
    InNone,
    /// It is in an experiment.
    Arm {
        /// Name of the experiment.
        experiment: &'a str,
        /// Name of the arm.
        arm: &'a str,
        /// Probability with which a unit of the experiment gets this arm: what is logged with the decision.
        propensity: f64,
    },
}

/// Layers that do not fit together, or a unit that has no name.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AssignmentError {
    /// The holdout's share is out of range.
    #[error("hold out a share of {share} of the units: allowed is 0 to 0.5")]
    HoldoutShare {
        /// Share found.
        share: f64,
    },
    /// A salt cannot be one.
    #[error("assign by the salt {salt:?}: it must be one line of text")]
    Salt {
        /// Salt found.
        salt: String,
    },
    /// Two hashes would go the same way.
    #[error("assign by the salt `{salt}` twice: who is in one would decide who is in the other")]
    SaltTwice {
        /// Salt found twice.
        salt: String,
    },
    /// An experiment's part of its layer is none.
    #[error(
        "give experiment `{experiment}` the units from {from} to {to}: allowed is 0 <= from < to <= 1"
    )]
    Range {
        /// Experiment.
        experiment: String,
        /// Start found.
        from: f64,
        /// End found.
        to: f64,
    },
    /// Two experiments of a layer want the same units.
    #[error(
        "give experiments `{first}` and `{second}` of one layer the units around {at}: they exclude each other"
    )]
    Overlap {
        /// One experiment.
        first: String,
        /// The other.
        second: String,
        /// Where both are.
        at: f64,
    },
    /// Shares of arms are not shares.
    #[error(
        "split experiment `{experiment}` into {arms} arms that sum to {sum}: at least 2 arms, each above 0, must sum to 1"
    )]
    Arms {
        /// Experiment.
        experiment: String,
        /// Arms found.
        arms: usize,
        /// Sum found.
        sum: f64,
    },
    /// Two arms have one name.
    #[error("split experiment `{experiment}` into two arms `{arm}`: names must differ")]
    ArmTwice {
        /// Experiment.
        experiment: String,
        /// Name found twice.
        arm: String,
    },
    /// The unit has no name.
    #[error("assign a unit without an identifier: it would always get the same arm")]
    NoUnit,
    /// There is no such layer.
    #[error("assign in layer {layer}: there are {layers}, counted from 0")]
    NoLayer {
        /// Layer asked.
        layer: usize,
        /// Layers there are.
        layers: usize,
    },
}

/// Where a unit falls, uniform in 0..1 and independent between salts: the first 53 bits of SHA-256 of
/// `salt`, a line break and `unit`.
///
/// The universal holdout of the server is drawn the same way, so that who is held out can be computed again here.
#[must_use]
pub fn unit_draw(salt: &str, unit: &str) -> f64 {
    let digest = fingerprint(format!("{salt}\n{unit}").as_bytes());
    // 16 hexadecimal digits are 64 bits, of which a double holds 53 exactly.
    let bits = digest
        .bytes()
        .take(16)
        .filter_map(|digit| char::from(digit).to_digit(16))
        .fold(0u64, |bits, digit| (bits << 4) | u64::from(digit));
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

impl Assignment {
    /// Checks that layers and holdout fit together.
    ///
    /// # Errors
    /// [`AssignmentError`] when a share, range, salt or name is out of range, twice, or overlaps.
    pub fn new(holdout: Holdout, layers: Vec<Layer>) -> Result<Self, AssignmentError> {
        if !(0.0..=0.5).contains(&holdout.share) {
            let share = holdout.share;
            return Err(AssignmentError::HoldoutShare { share });
        }
        let mut salts = BTreeSet::new();
        let of_layers = layers.iter().flat_map(|layer| {
            std::iter::once(&layer.salt).chain(layer.slots.iter().map(|slot| &slot.salt))
        });
        for salt in std::iter::once(&holdout.salt).chain(of_layers) {
            if salt.is_empty() || salt.contains('\n') {
                return Err(AssignmentError::Salt { salt: salt.clone() });
            }
            if !salts.insert(salt.as_str()) {
                return Err(AssignmentError::SaltTwice { salt: salt.clone() });
            }
        }
        for layer in &layers {
            layer.check()?;
        }
        Ok(Self { holdout, layers })
    }

    /// Whether no experiment may touch a unit.
    #[must_use]
    pub fn is_held_out(&self, unit: &str) -> bool {
        unit_draw(&self.holdout.salt, unit) < self.holdout.share
    }

    /// What a unit gets in a layer: the same at any time, on any machine.
    ///
    /// # Errors
    /// [`AssignmentError`] when the unit has no name or there is no such layer.
    pub fn assign(&self, layer: usize, unit: &str) -> Result<Assigned<'_>, AssignmentError> {
        if unit.is_empty() {
            return Err(AssignmentError::NoUnit);
        }
        let Some(asked) = self.layers.get(layer) else {
            let layers = self.layers.len();
            return Err(AssignmentError::NoLayer { layer, layers });
        };
        if self.is_held_out(unit) {
            return Ok(Assigned::HeldOut);
        }
        let place = unit_draw(&asked.salt, unit);
        let slot = asked
            .slots
            .iter()
            .find(|slot| slot.from <= place && place < slot.to);
        Ok(slot.map_or(Assigned::InNone, |slot| slot.arm_of(unit)))
    }
}

impl Layer {
    fn check(&self) -> Result<(), AssignmentError> {
        for slot in &self.slots {
            slot.check()?;
        }
        for (at, second) in self.slots.iter().enumerate() {
            for first in &self.slots[..at] {
                let both = first.from.max(second.from);
                if both < first.to.min(second.to) {
                    return Err(AssignmentError::Overlap {
                        first: first.experiment.clone(),
                        second: second.experiment.clone(),
                        at: both,
                    });
                }
            }
        }
        Ok(())
    }
}

impl Slot {
    fn check(&self) -> Result<(), AssignmentError> {
        let experiment = || self.experiment.clone();
        let (from, to) = (self.from, self.to);
        if !(0.0 <= from && from < to && to <= 1.0) {
            return Err(AssignmentError::Range {
                experiment: experiment(),
                from,
                to,
            });
        }
        let sum: f64 = self.arms.iter().map(|arm| arm.share).sum();
        let positive = self.arms.iter().all(|arm| arm.share > 0.0);
        if self.arms.len() < 2 || !positive || (sum - 1.0).abs() > ROUNDING {
            return Err(AssignmentError::Arms {
                experiment: experiment(),
                arms: self.arms.len(),
                sum,
            });
        }
        let mut names = BTreeSet::new();
        for arm in &self.arms {
            if !names.insert(&arm.arm) {
                return Err(AssignmentError::ArmTwice {
                    experiment: experiment(),
                    arm: arm.arm.clone(),
                });
            }
        }
        Ok(())
    }

    /// The arm, from 0, at a place between 0 and 1: arms lie one after the other, each as long as its share.
    pub(crate) fn arm_at(&self, place: f64) -> usize {
        let mut end = 0.0;
        for (arm, of) in self.arms.iter().enumerate() {
            end += of.share;
            if place < end {
                return arm;
            }
        }
        // Shares that round to a little less than 1 leave the rest to the last arm.
        self.arms.len().saturating_sub(1)
    }

    fn arm_of(&self, unit: &str) -> Assigned<'_> {
        let arm = self.arms.get(self.arm_at(unit_draw(&self.salt, unit)));
        arm.map_or(Assigned::InNone, |arm| Assigned::Arm {
            experiment: &self.experiment,
            arm: &arm.arm,
            propensity: arm.share,
        })
    }
}
