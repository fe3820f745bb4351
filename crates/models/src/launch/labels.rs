//! Labels and words as numbers: by how much launches that carry them differ from all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Launches that must carry a word before it says anything.
const WORD_LAUNCHES_MIN: usize = 3;

/// Letters and digits that a word must have.
const WORD_LETTERS_MIN: usize = 2;

/// By how much launches of each label differ from all, drawn towards 0 where there are few.
///
/// # Source
/// Efron and Morris (1975): means of groups, each drawn to the common one by its own error over the spread of groups;
/// both by the analysis of variance of unequal groups, Searle, Casella, McCulloch (1992), section 3.6.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Means {
    of: BTreeMap<String, Group>,
}

/// Launches that carry a label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Group {
    launches: usize,
    differs: f64,
}

/// Sum, sum of squares and number of what carries a label.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Means {
    /// Learns from labels and values.
    pub(super) fn fit<'a>(each: impl Iterator<Item = (Option<&'a str>, f64)>) -> Self {
        let mut groups: BTreeMap<&str, Sums> = BTreeMap::new();
        for (label, value) in each {
            let Some(label) = label else { continue };
            let group = groups.entry(label).or_default();
            group.n += 1.0;
            group.sum += value;
            group.squares += value * value;
        }
        let total = groups.values().fold(Sums::default(), |all, one| Sums {
            n: all.n + one.n,
            sum: all.sum + one.sum,
            squares: all.squares + one.squares,
        });
        let mean = total.sum / total.n.max(1.0);
        let ratio = noise_over_signal(&groups, &total);
        let of = groups.into_iter().map(|(label, group)| {
            let differs = ratio.map_or(0.0, |ratio| {
                (group.sum - group.n * mean) / (group.n + ratio)
            });
            let launches = group.n as usize;
            (label.to_owned(), Group { launches, differs })
        });
        Self { of: of.collect() }
    }

    /// By how much a label differs; 0 where it is new, `None` where there is none.
    pub(super) fn differs(&self, label: Option<&str>) -> Option<f64> {
        label.map(|label| self.of.get(label).map_or(0.0, |group| group.differs))
    }

    /// Launches seen that carry a label.
    pub(super) fn launches(&self, label: Option<&str>) -> usize {
        label
            .and_then(|label| self.of.get(label))
            .map_or(0, |group| group.launches)
    }
}

/// Variance within groups over variance between them; `None` where groups do not differ beyond chance.
fn noise_over_signal(groups: &BTreeMap<&str, Sums>, total: &Sums) -> Option<f64> {
    let count = groups.len() as f64;
    let explained: f64 = groups.values().map(|g| g.sum * g.sum / g.n).sum();
    let inside = total.squares - explained;
    let degrees = total.n - count;
    // Where each label is carried once, nothing tells noise from signal: half of what is seen is taken for noise.
    let within = if degrees > 0.0 {
        inside / degrees
    } else {
        let all = total.squares - total.sum * total.sum / total.n.max(1.0);
        0.5 * all / (total.n - 1.0).max(1.0)
    };
    let between = explained - total.sum * total.sum / total.n.max(1.0);
    let sizes: f64 = groups.values().map(|g| g.n * g.n).sum();
    let scale = total.n - sizes / total.n.max(1.0);
    let signal = (between - (count - 1.0) * within) / scale;
    (count > 1.0 && scale > 0.0 && signal > 0.0).then(|| within / signal)
}

/// By how much launches whose name has a word differ from all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Words {
    means: Means,
}

/// The words of a name, each once.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() >= WORD_LETTERS_MIN)
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

impl Words {
    /// Learns from names and values.
    pub(super) fn fit<'a>(each: impl Iterator<Item = (Option<&'a str>, f64)>) -> Self {
        let mut pairs: Vec<(String, f64)> = Vec::new();
        for (text, value) in each {
            let found = words(text.unwrap_or_default());
            pairs.extend(found.into_iter().map(|word| (word, value)));
        }
        let mut means = Means::fit(
            pairs
                .iter()
                .map(|(word, value)| (Some(word.as_str()), *value)),
        );
        means
            .of
            .retain(|_, group| group.launches >= WORD_LAUNCHES_MIN);
        Self { means }
    }

    /// The mean over the words that are known; 0 where none is, `None` where there is no name.
    pub(super) fn differs(&self, text: Option<&str>) -> Option<f64> {
        let known = words(text?)
            .into_iter()
            .filter_map(|word| self.means.of.get(&word));
        let (sum, n) = known.fold((0.0, 0.0), |(sum, n), group| (sum + group.differs, n + 1.0));
        Some(if n > 0.0 { sum / n } else { 0.0 })
    }
}
