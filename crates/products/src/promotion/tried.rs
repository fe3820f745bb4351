//! How the learners did that were tried for one arm, and what the one that a person can read would cost.

use models::uplift::{Choice, Learner};
use schema::estimate::short;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How one learner ranked customers that it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OfLearner {
    learner: Learner,
    /// What its ranking gains beyond chance by the doubly robust scores, in the unit of the outcome.
    gain: f64,
    standard_error: f64,
    /// Gain of the best less this one, on the same customers.
    behind: f64,
    behind_standard_error: f64,
}

/// The best learner that nobody can read less the additive one, on the same customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OfTwin {
    black_box: Learner,
    gap: f64,
    standard_error: f64,
}

/// The learners tried for one arm; none in what was learnt before this was kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tried {
    learners: Vec<OfLearner>,
    twin: Option<OfTwin>,
}

/// A learner, as a person calls it.
pub(crate) fn name(learner: Learner) -> &'static str {
    match learner {
        Learner::Average => "the average for everybody",
        Learner::Prognostic => "by the outcome expected without it",
        Learner::Additive => "additive: a sum of functions of one thing each",
        Learner::T => "T-learner",
        Learner::S => "S-learner",
        Learner::X => "X-learner",
        Learner::R => "R-learner",
        Learner::DoublyRobust => "doubly robust learner",
    }
}

impl From<&Choice> for Tried {
    fn from(choice: &Choice) -> Self {
        let learners = choice.trials.iter().map(|trial| OfLearner {
            learner: trial.learner,
            gain: trial.gain,
            standard_error: trial.gain_standard_error,
            behind: trial.behind,
            behind_standard_error: trial.behind_standard_error,
        });
        Self {
            learners: learners.collect(),
            twin: choice.twin.map(|twin| OfTwin {
                black_box: twin.black_box,
                gap: twin.gap,
                standard_error: twin.gap_standard_error,
            }),
        }
    }
}

impl Tried {
    /// What was tried and what came of it, in sentences.
    ///
    /// - `used`: the learner that was taken.
    pub(super) fn lines(&self, arm: &str, used: Learner) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.learners.is_empty() {
            let each = self.learners.iter().map(|of| {
                let (gain, error) = (short(of.gain), short(of.standard_error));
                format!("{} = {gain} ± {error}", name(of.learner))
            });
            let each: Vec<String> = each.collect();
            lines.push(format!(
                "{arm}: what rankings by each learner gain on customers held out: {}",
                each.join("; ")
            ));
        }
        lines.extend(self.twin.as_ref().map(|twin| {
            let told = if used == Learner::Additive {
                "it is what is used"
            } else {
                "it is not used"
            };
            format!(
                "{arm}: the additive twin, which a person can read, gains {} ± {} less than the best black box ({}); {told}",
                short(twin.gap),
                short(twin.standard_error),
                name(twin.black_box)
            )
        }));
        lines
    }

    /// For the page of a version.
    ///
    /// - `used`: the learner that was taken.
    pub(super) fn page(&self, used: Learner) -> Value {
        let learners = self.learners.iter().map(|of| {
            json!({
                "learner": of.learner,
                "name": name(of.learner),
                "gain": of.gain,
                "standard_error": of.standard_error,
                "behind": of.behind,
                "behind_standard_error": of.behind_standard_error,
                "used": of.learner == used,
            })
        });
        let twin = self.twin.as_ref().map(|twin| {
            json!({
                "black_box": name(twin.black_box),
                "gap": twin.gap,
                "standard_error": twin.standard_error,
                "used": used == Learner::Additive,
            })
        });
        json!({ "learners": learners.collect::<Vec<_>>(), "twin": twin })
    }
}
