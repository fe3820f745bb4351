//! What a customer will do next: a mixture of ways to be alive, with exact counts and drawn futures.

use std::sync::LazyLock;

use math::special::{GaussLegendre, ln_gamma, mean_decay};
use rand_distr::{Beta, Distribution, Exp1, Gamma};
use serde::{Deserialize, Serialize};

/// How a customer leaves for good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Leaving {
    /// After any purchase, with a probability that is Beta(`a`, `b`) over customers.
    AfterAPurchase {
        /// First shape.
        a: f64,
        /// Second shape.
        b: f64,
    },
    /// At a constant rate per day that is Gamma(`shape`, `days`) over customers.
    AfterATime {
        /// Shape.
        shape: f64,
        /// Inverse scale, days.
        days: f64,
    },
}

/// One way for the customer to be alive now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Alive {
    /// Probability of this way, 0 to 1. What the ways leave of 1 is a customer who is gone.
    pub probability: f64,
    /// The purchase rate per day is Gamma(`rate_shape`, `rate_days`).
    pub rate_shape: f64,
    /// Inverse scale of the rate, days.
    pub rate_days: f64,
    /// How the customer leaves.
    pub leaving: Leaving,
}

/// A customer's future, given the past. Durations are days of shop time: calendar days unless the model has a calendar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    /// The ways to be alive; their probabilities add up to at most 1.
    pub alive: Vec<Alive>,
}

/// A count that holds the truth with at least the probability asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountInterval {
    /// Smallest count.
    pub low: u32,
    /// Largest count.
    pub high: u32,
}

/// Nodes for the time of leaving: the integrand is smooth in the logarithm of time, 32 reach 1e-12.
const LEAVING_NODES: u32 = 32;
/// Its nodes are constants that only a computation can write down.
static LEAVING_RULE: LazyLock<GaussLegendre> = LazyLock::new(|| GaussLegendre::new(LEAVING_NODES));

impl Outlook {
    /// Probability that the customer has not left for good, 0 to 1.
    pub fn probability_alive(&self) -> f64 {
        self.alive
            .iter()
            .map(|way| way.probability)
            .sum::<f64>()
            .min(1.0)
    }

    /// Purchases expected within the next `days` of shop time.
    pub fn expected_purchases(&self, days: f64) -> f64 {
        if days <= 0.0 {
            return 0.0;
        }
        self.alive
            .iter()
            .map(|way| way.probability * way.expected(days))
            .sum()
    }

    /// Probabilities of 0, 1, 2… purchases within the next `days` of shop time; they add up to 1 within 1e-9.
    ///
    /// Exact under the model: it holds both the chance of the counts and what is not known of this customer.
    /// What is not known of the parameters is not in it; it vanishes with the number of customers.
    pub fn purchase_probabilities(&self, days: f64) -> Vec<f64> {
        let mut all = vec![1.0 - self.probability_alive()];
        for way in &self.alive {
            for (count, probability) in way.probabilities(days.max(0.0)).into_iter().enumerate() {
                if count == all.len() {
                    all.push(0.0);
                }
                all[count] += way.probability * probability;
            }
        }
        all
    }

    /// The central range of purchases within the next `days` that holds the truth with probability `level` or more.
    pub fn purchases_interval(&self, days: f64, level: f64) -> CountInterval {
        let probabilities = self.purchase_probabilities(days);
        let tail = 0.5 * (1.0 - level);
        let quantile = |target: f64| {
            let mut below = 0.0;
            for (count, probability) in probabilities.iter().enumerate() {
                below += probability;
                if below >= target {
                    return u32::try_from(count).unwrap_or(u32::MAX);
                }
            }
            u32::try_from(probabilities.len() - 1).unwrap_or(u32::MAX)
        };
        CountInterval {
            low: quantile(tail),
            high: quantile(1.0 - tail),
        }
    }

    /// Draws one future: the shop times, in days from now, of the purchases before `days`.
    pub fn draw(&self, days: f64, rng: &mut rand_chacha::ChaCha8Rng) -> Vec<f64> {
        use rand::RngExt;
        let mut left: f64 = rng.random();
        for way in &self.alive {
            if left < way.probability {
                return way.draw(days, rng);
            }
            left -= way.probability;
        }
        Vec::new()
    }
}

impl Alive {
    /// Purchases expected within `days` of shop time of who is alive in this way.
    pub(super) fn expected(&self, days: f64) -> f64 {
        match self.leaving {
            Leaving::AfterATime {
                shape,
                days: leaving_days,
            } => {
                // E[λ] · ∫ P(still there at u) du, Pareto survival; mean_decay keeps its digits at shape 1.
                let logarithm = (days / leaving_days).ln_1p();
                self.rate_shape / self.rate_days
                    * leaving_days
                    * logarithm
                    * mean_decay((shape - 1.0) * logarithm)
            }
            Leaving::AfterAPurchase { a, b } => {
                // Σ P(the nth purchase has time to come) · P(not left at any before): no singular case at a = 1.
                let would_buy = Counts::new(self.rate_shape, days / (self.rate_days + days));
                let tails = would_buy.tails();
                let mut stays = 1.0;
                let mut expected = 0.0;
                for count in 1..would_buy.first + tails.len() {
                    let tail = if count <= would_buy.first {
                        1.0
                    } else {
                        tails[count - would_buy.first]
                    };
                    expected += tail * stays;
                    let n = count as f64;
                    stays *= (b + n - 1.0) / (a + b + n - 1.0);
                }
                expected
            }
        }
    }

    fn probabilities(&self, days: f64) -> Vec<f64> {
        let counts_within =
            |days: f64| Counts::new(self.rate_shape, days / (self.rate_days + days));
        match self.leaving {
            Leaving::AfterATime {
                shape,
                days: leaving_days,
            } => {
                let end = (days / leaving_days).ln_1p();
                let mut all = Vec::new();
                counts_within(days).add_to(&mut all, (-shape * end).exp());
                // Past 40 mean lives nobody is left to leave.
                for (logarithm, weight) in LEAVING_RULE.over(0.0, end.min(40.0 / shape)) {
                    let left_at = leaving_days * logarithm.exp_m1();
                    let density = shape * (-shape * logarithm).exp();
                    counts_within(left_at).add_to(&mut all, weight * density);
                }
                all
            }
            Leaving::AfterAPurchase { a, b } => {
                let would_buy = counts_within(days);
                let tails = would_buy.tails();
                let mut all = Vec::with_capacity(would_buy.first + tails.len());
                let mut stays_before = 1.0;
                for count in 0..would_buy.first + would_buy.probabilities.len() {
                    let n = count as f64;
                    let (exactly, at_least) = match count.checked_sub(would_buy.first) {
                        Some(index) => (would_buy.probabilities[index], tails[index]),
                        None => (0.0, 1.0),
                    };
                    if count == 0 {
                        all.push(exactly);
                        continue;
                    }
                    let leaves_now = stays_before * a / (a + b + n - 1.0);
                    stays_before *= (b + n - 1.0) / (a + b + n - 1.0);
                    all.push(exactly * stays_before + at_least * leaves_now);
                }
                all
            }
        }
    }

    fn draw(&self, days: f64, rng: &mut rand_chacha::ChaCha8Rng) -> Vec<f64> {
        use rand::RngExt;
        let rate = gamma(self.rate_shape, self.rate_days, rng);
        let (ends, leaves_after_each) = match self.leaving {
            Leaving::AfterATime {
                shape,
                days: leaving_days,
            } => {
                let leaving_rate = gamma(shape, leaving_days, rng);
                let life: f64 = Exp1.sample(rng);
                (days.min(life / leaving_rate), 0.0)
            }
            Leaving::AfterAPurchase { a, b } => (
                days,
                Beta::new(a, b).map_or(a / (a + b), |beta| beta.sample(rng)),
            ),
        };
        let mut times = Vec::new();
        let mut now = 0.0;
        loop {
            let gap: f64 = Exp1.sample(rng);
            now += gap / rate;
            // A rate of zero gives an endless gap, and nothing divided by it no number.
            if now >= ends || now.is_nan() {
                return times;
            }
            times.push(now);
            if leaves_after_each > 0.0 && rng.random::<f64>() < leaves_after_each {
                return times;
            }
        }
    }
}

/// A draw of Gamma(shape, inverse scale), both above zero.
pub(super) fn gamma(shape: f64, inverse_scale: f64, rng: &mut rand_chacha::ChaCha8Rng) -> f64 {
    Gamma::new(shape, 1.0 / inverse_scale).map_or(shape / inverse_scale, |gamma| gamma.sample(rng))
}

/// A negative binomial distribution over counts, kept where it is not negligible.
struct Counts {
    /// First count kept.
    first: usize,
    /// Probabilities of `first`, `first + 1`…
    probabilities: Vec<f64>,
}

/// Probabilities below this share of the largest are dropped.
const NEGLIGIBLE: f64 = 1e-17;
/// Counts kept at most: a guard of memory, far above any customer.
const COUNTS_MAX: usize = 5_000_000;

impl Counts {
    /// Purchases in a time, when the rate is Gamma with this shape and the time's share `q` of time plus inverse scale.
    fn new(shape: f64, q: f64) -> Self {
        if q <= 0.0 {
            return Self {
                first: 0,
                probabilities: vec![1.0],
            };
        }
        // From the mode outwards, so that nothing underflows for frequent buyers.
        let mode = (q * (shape - 1.0) / (1.0 - q)).max(0.0).floor();
        let peak = (ln_gamma(shape + mode) - ln_gamma(shape) - ln_gamma(mode + 1.0)
            + shape * (-q).ln_1p()
            + mode * q.ln())
        .exp();
        let mut below = Vec::new();
        let (mut n, mut probability) = (mode, peak);
        while n >= 1.0 {
            probability *= n / (q * (shape + n - 1.0));
            if probability < NEGLIGIBLE * peak {
                break;
            }
            n -= 1.0;
            below.push(probability);
        }
        let first = n as usize;
        below.reverse();
        let mut probabilities = below;
        probabilities.push(peak);
        (n, probability) = (mode, peak);
        while probabilities.len() < COUNTS_MAX {
            n += 1.0;
            probability *= q * (shape + n - 1.0) / n;
            if probability < NEGLIGIBLE * peak {
                break;
            }
            probabilities.push(probability);
        }
        Self {
            first,
            probabilities,
        }
    }

    /// Probability of at least each count kept, then a zero.
    fn tails(&self) -> Vec<f64> {
        let mut tails = vec![0.0; self.probabilities.len() + 1];
        for index in (0..self.probabilities.len()).rev() {
            tails[index] = tails[index + 1] + self.probabilities[index];
        }
        tails
    }

    /// Adds the distribution, times a weight, to probabilities from zero on.
    fn add_to(&self, all: &mut Vec<f64>, weight: f64) {
        let needed = self.first + self.probabilities.len();
        if all.len() < needed {
            all.resize(needed, 0.0);
        }
        for (cell, probability) in all[self.first..].iter_mut().zip(&self.probabilities) {
            *cell += weight * probability;
        }
    }
}
