//! The evidence that a feature is no longer what it was, by ranking each day among days before.

use std::collections::{BTreeMap, VecDeque};

use math::random::stream;
use rand_chacha::rand_core::Rng;
use schema::AsOf;
use serde::{Deserialize, Serialize};

use super::profile::{CellCounts, FeatureProfile};
use crate::evidence::Evidence;
use crate::refusal::{Allowed, Refusal, require, require_after};

/// Powers of the bets `k p^(k - 1)` on a day's rank: from a day like no other to days somewhat unusual.
const POWERS: [f64; 3] = [0.1, 0.3, 0.6];

/// Days to rank among below which nothing could be shown within a season.
const DAYS_MIN: u64 = 14;

/// Days over which a shift is told.
const RECENT_DAYS: usize = 7;

/// A feature's values of one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureDay {
    /// The day.
    pub day: AsOf,
    /// Season of the day: it is ranked among days of the same one only. Weekend or not, say, or one for all.
    pub season: u16,
    /// Its values.
    pub counts: CellCounts,
}

/// What of a feature has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    /// How its values are distributed.
    Values,
    /// How many are absent.
    Nulls,
    /// Categories that the profile does not know.
    NeverSeen,
}

const ASPECTS: [Aspect; 3] = [Aspect::Values, Aspect::Nulls, Aspect::NeverSeen];

/// A feature, watched.
///
/// Each day is given a score of how far it is from the profile, for each [`Aspect`], and ranked among the days of its
/// season so far. While days of a season are exchangeable with those it was calibrated on, ranks are uniform and
/// independent whatever the distribution, however days differ beyond chance and however their values hang together; so
/// money bet on high ranks is an e-process ([`Evidence`]), and the mean of three of them is one. The profile must come
/// from other days than those, and days should be in season: a Christmas is ranked among Christmases.
///
/// What is kept are one score per day, aspect and season, and the counts of the last seven days.
///
/// # Source
/// Conformal test martingales: Vovk, Gammerman and Shafer (2022), "Algorithmic learning in a random world", ch. 8; the
/// power bets of Vovk, Nouretdinov and Gammerman (2003).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureWatch {
    profile: FeatureProfile,
    /// Scores by season, for each aspect, rising.
    scores: BTreeMap<u16, [Vec<f64>; ASPECTS.len()]>,
    evidence: Vec<Evidence>,
    recent: VecDeque<CellCounts>,
    seed: u64,
}

impl FeatureWatch {
    /// Before the first day.
    ///
    /// - `calibration`: days that count as good and are not those that the profile was learnt from.
    /// - `seed`: breaks ties of ranks; one of its own for each feature and product.
    ///
    /// # Errors
    /// [`Refusal`] for fewer than 14 days, days out of order, or counts that do not fit the profile.
    pub fn new(
        profile: FeatureProfile,
        calibration: &[FeatureDay],
        seed: u64,
    ) -> Result<Self, Refusal> {
        let n = calibration.len() as u64;
        let enough = Allowed::CountAtLeast(DAYS_MIN);
        require(n >= DAYS_MIN, "calibration", n, enough)?;
        let mut scores: BTreeMap<u16, [Vec<f64>; ASPECTS.len()]> = BTreeMap::new();
        for (at, day) in calibration.iter().enumerate() {
            profile
                .check(&day.counts)
                .map_err(|refusal| refusal.at(at))?;
            let before = at.checked_sub(1).map(|before| calibration[before].day);
            require_after(before, day.day).map_err(|refusal| refusal.at(at))?;
            let own = scores.entry(day.season).or_default();
            for (bag, score) in own.iter_mut().zip(scores_of(&profile, &day.counts)) {
                bag.insert(bag.partition_point(|other| *other < score), score);
            }
        }
        Ok(Self {
            profile,
            scores,
            evidence: vec![Evidence::of_bets(POWERS.len()); ASPECTS.len()],
            recent: VecDeque::new(),
            seed,
        })
    }

    /// Takes in a day.
    ///
    /// # Errors
    /// [`Refusal`] when the day is not after the last or its counts do not fit the profile; nothing is taken in.
    pub fn look(&mut self, day: &FeatureDay) -> Result<(), Refusal> {
        self.evidence[0].check_day(day.day)?;
        self.profile.check(&day.counts)?;
        let own = self.scores.entry(day.season).or_default();
        let mut random = stream(self.seed, u64::from(self.evidence[0].looks()));
        let scores = scores_of(&self.profile, &day.counts);
        for ((bag, score), evidence) in own.iter_mut().zip(scores).zip(&mut self.evidence) {
            let tie = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let ln_p = p_value(bag, score, tie).ln();
            evidence.look(
                day.day,
                &POWERS.map(|power| power.ln() + (power - 1.0) * ln_p),
            )?;
            bag.insert(bag.partition_point(|other| *other < score), score);
        }
        self.recent.push_back(day.counts.clone());
        if self.recent.len() > RECENT_DAYS {
            self.recent.pop_front();
        }
        Ok(())
    }

    /// Natural logarithm of the e-value against "exchangeable with the days it was calibrated on".
    #[must_use]
    pub fn ln_e_value(&self) -> f64 {
        let each = self.evidence.iter().map(Evidence::ln_e_value);
        let sum = each.fold(f64::NEG_INFINITY, math::special::ln_add_exp);
        sum - (ASPECTS.len() as f64).ln()
    }

    /// The aspect with most evidence.
    #[must_use]
    pub fn aspect(&self) -> Aspect {
        let by_evidence = |one: &usize, other: &usize| {
            let value = |at: usize| self.evidence[at].ln_e_value();
            value(*one).total_cmp(&value(*other))
        };
        // Of equals the last wins; so the order is turned, and values come before what is rarer.
        let best = (0..ASPECTS.len()).rev().max_by(by_evidence);
        ASPECTS[best.unwrap_or(0)]
    }

    /// The day from which on a change of that aspect would explain most: an estimate.
    #[must_use]
    pub fn likely_since(&self) -> Option<AsOf> {
        let at = ASPECTS.iter().position(|aspect| *aspect == self.aspect())?;
        self.evidence[at].likely_since()
    }

    /// How far the last seven days are from the profile, 0 to 1 ([`FeatureProfile::shift`]); absent before the first.
    #[must_use]
    pub fn shift(&self) -> Option<f64> {
        let mut recent = self.recent.iter();
        let mut sum = recent.next()?.clone();
        for counts in recent {
            sum.merge(counts).ok()?;
        }
        self.profile.shift(&sum)
    }

    /// What the feature looked like.
    #[must_use]
    pub fn profile(&self) -> &FeatureProfile {
        &self.profile
    }
}

/// Rank of a score among those before, from the top, as a share: uniform where all are exchangeable.
fn p_value(rising: &[f64], score: f64, tie: f64) -> f64 {
    let below = rising.partition_point(|other| *other < score);
    let above = rising.len() - rising.partition_point(|other| *other <= score);
    let equal = rising.len() - above - below;
    let p = (above as f64 + tie * (equal + 1) as f64) / (rising.len() + 1) as f64;
    // A draw of exactly 0 would win everything.
    p.max(f64::MIN_POSITIVE.sqrt())
}

/// How far a day is from the profile, by aspect.
fn scores_of(profile: &FeatureProfile, counts: &CellCounts) -> [f64; ASPECTS.len()] {
    let total = counts.total() as f64;
    let values: u64 = counts.cells.iter().sum();
    let nulls = (counts.nulls as f64 / total - profile.null_share()).abs();
    [
        excess(profile.shares(), &counts.cells, values as f64),
        nulls,
        counts.never_seen as f64 / total,
    ]
}

/// Chi-squared distance of shares, less what chance alone makes of it: days of few values are not far because of that.
fn excess(expected: &[f64], cells: &[u64], values: f64) -> f64 {
    if values == 0.0 {
        return 0.0;
    }
    // A share that the sample hardly had counts as one in a thousand, or one value more would be a revolution.
    let floor = |share: f64| share.max(1e-3);
    let apart: f64 = expected
        .iter()
        .zip(cells)
        .map(|(share, count)| (*count as f64 / values - share).powi(2) / floor(*share))
        .sum();
    let by_chance: f64 = expected
        .iter()
        .map(|share| share * (1.0 - share) / floor(*share))
        .sum();
    apart - by_chance / values
}
