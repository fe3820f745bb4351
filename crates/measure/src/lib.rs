//! Experiments, causal effects and the quality of what was shown.
//!
//! Reading order: [`effects`] (averages of arms, from sums that merge), [`sequential`] (reading while it runs),
//! [`guardrail`] (what must not get worse), [`design`] (before it starts), [`readout`] (all of it for one experiment),
//! [`uplift`] (who is worth treating), [`quasi`] (where nobody was drawn), [`offpolicy`] (what another policy would have
//! earned), [`ranking`] (quality of lists).
//!
//! What cannot be computed is [`effects::Effect::NotMeasurable`] with its reason; what makes no sense is an error.

pub mod design;
pub mod effects;
pub mod guardrail;
pub mod offpolicy;
pub mod quasi;
pub mod ranking;
pub mod readout;
pub mod sequential;
pub mod uplift;
