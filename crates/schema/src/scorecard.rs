//! How good a version is, always beside its named baseline.

use crate::estimate::short;
use crate::{AsOf, Estimate, Weights};
use serde::{Deserialize, Serialize};

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// What a measure has to say at the gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The version may not lose to its baseline by it, nor be worse than the champion, beyond the noise; and by one of
    /// the deciding measures it must beat its baseline.
    Decides,
    /// It is shown and decides nothing.
    #[default]
    Shown,
    /// It is on the wrong side of its baseline beyond chance: said first where the gate opens, it decides nothing.
    Warns,
}

/// The days that a version was measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldOut {
    /// The first of them: the as-of day of what was measured.
    pub from: AsOf,
    /// How many.
    pub days: u32,
}

/// One measure of a version and of its baseline on the same held-out data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// The field's name: `recall@20`, `mean absolute error` …
    pub name: String,
    /// Where it was measured: a placement, a segment; empty for the whole product.
    pub scope: String,
    /// Unit of the value.
    pub unit: String,
    /// Which way is better.
    pub better: Direction,
    /// What it has to say at the gate; nothing in a scorecard written before measures had a role.
    #[serde(default)]
    pub role: Role,
    /// The version.
    pub value: Estimate,
    /// The baseline.
    pub baseline: Estimate,
    /// What the baseline is: "most bought in the last 30 days".
    pub baseline_name: String,
    /// Value less baseline on the same units, where both were measured unit by unit.
    pub gain: Estimate,
}

impl Metric {
    /// Whether the version beats its baseline: `None` where that cannot be said.
    #[must_use]
    pub fn beats_baseline(&self) -> Option<bool> {
        let (value, baseline) = (self.value.point()?, self.baseline.point()?);
        Some(self.better_by(value, baseline) > 0.0)
    }

    /// By how much one value is better than another, in the unit of the measure.
    #[must_use]
    pub fn better_by(&self, one: f64, other: f64) -> f64 {
        match self.better {
            Direction::Higher => one - other,
            Direction::Lower => other - one,
        }
    }

    /// By how much the version is better than its baseline, and how much better it may be within the noise: the better
    /// end of the interval of the gain where both were measured on the same units, else of the version's own.
    fn ahead(&self) -> Option<(f64, f64)> {
        let (value, baseline) = (self.value.point()?, self.baseline.point()?);
        let best = match (self.gain.interval(), self.better) {
            (Some((_, high)), Direction::Higher) => high,
            (Some((low, _)), Direction::Lower) => -low,
            (None, _) => {
                let (low, high) = self.value.interval()?;
                self.better_by(low, baseline)
                    .max(self.better_by(high, baseline))
            }
        };
        Some((self.better_by(value, baseline), best))
    }

    /// How far it is ahead of its baseline as a share of the baseline, with half the width of its interval; `None`
    /// where that cannot be said.
    ///
    /// The noise of the baseline is counted too: another season is another draw of both.
    #[must_use]
    pub fn lead(&self) -> Option<(f64, f64)> {
        let baseline = self.baseline.point().filter(|b| *b > 0.0)?;
        let half = |of: &Estimate| of.interval().map(|(low, high)| (high - low) / 2.0);
        let lead = self.ahead()?.0 / baseline;
        let of_gain = half(&self.gain).or_else(|| half(&self.value))?;
        Some((lead, of_gain.hypot(lead * half(&self.baseline)?) / baseline))
    }

    /// Whether the two are one measure, of the same things beside the same baseline.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.name == other.name
            && self.scope == other.scope
            && self.unit == other.unit
            && self.baseline_name == other.baseline_name
    }

    /// Name and scope, for a sentence.
    fn told(&self) -> String {
        if self.scope.is_empty() {
            self.name.clone()
        } else {
            format!("{} {}", self.scope, self.name)
        }
    }
}

/// How good forecasts were on a part of what was held out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// What tells parts apart: `days ahead`, `weeks ahead`, `months ahead`, `tenth of the series` by how much they are
    /// forecast to sell, the least first, or `level` of what they add up to.
    pub by: String,
    /// What the part is called, where a number does not say it: a level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The first of the part, from 1.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Forecasts measured: one for each series and period.
    pub forecasts: u64,
    /// Weighted absolute error of the version, as a share of what was sold.
    pub error: Estimate,
    /// That of the baseline on the same forecasts.
    pub baseline: Estimate,
    /// The version's less the baseline's.
    pub gain: Estimate,
    /// Share of the forecasts whose interval held what was sold.
    pub covered: f64,
    /// The same of the baseline.
    pub baseline_covered: f64,
}

/// What a version was measured to be worth on data it had not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    /// How the data was split: "fitted before 2011-09-01, measured on the 99 days after".
    pub split: String,
    /// The days measured on: figures over 14 days and over 90 are not the same measure. Absent in a scorecard written
    /// before this was kept.
    #[serde(default)]
    pub held_out: Option<HeldOut>,
    /// The measures; the first is shown where there is room for one, and those whose role it is decide on promotion.
    pub metrics: Vec<Metric>,
    /// What a reader must know to judge the figures.
    pub notes: Vec<String>,
    /// The same by parts of what was held out, where the kind tells them apart; they decide nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// How much of its answers hangs on each column that it reads; they decide nothing. Absent in a scorecard written
    /// before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Weights>,
}

/// Why a version may or may not become champion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "gate")]
pub enum Gate {
    /// It may.
    Open {
        /// In one sentence.
        because: String,
    },
    /// It may not.
    Closed {
        /// In one sentence, with the figures.
        because: String,
    },
}

impl Scorecard {
    /// Whether a version with this scorecard may replace `champion`.
    ///
    /// By one of the measures that decide it must beat its baseline, and by none may it lose to it beyond the noise; a
    /// measure with a limit must keep it. By none that decides may it be worse than the champion beyond the noise:
    /// measured on the same days, the champion's point must not lie beyond the version's own 95 % interval on the
    /// better side; measured on other days, each is held against its own baseline there, because a season changes what
    /// can be reached. Champions measured on another number of days, or by other figures, are not compared.
    #[must_use]
    pub fn gate(&self, champion: Option<&Scorecard>) -> Gate {
        let wins = match self.beside_baseline() {
            Ok(wins) => wins,
            Err(because) => return Gate::Closed { because },
        };
        let wins = self.warnings() + &wins;
        let Some(champion) = champion else {
            return Gate::Open { because: wins };
        };
        match self.beside_champion(champion) {
            Ok(not_worse) => Gate::Open {
                because: format!("{wins}{not_worse}"),
            },
            Err(Refused::Worse(because)) => Gate::Closed { because },
            Err(Refused::NotAlike(why)) => Gate::Closed {
                because: format!("{wins}, but {why}: they cannot be compared, promote it by hand"),
            },
        }
    }

    /// How many days it was measured on, where that was kept.
    #[must_use]
    pub fn held_out_days(&self) -> Option<u32> {
        self.held_out.map(|held_out| held_out.days)
    }

    fn deciding(&self) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().filter(|m| m.role == Role::Decides)
    }

    /// What is wrong beyond chance and decides nothing, before anything else is said.
    fn warnings(&self) -> String {
        let warn = self.metrics.iter().filter(|m| m.role == Role::Warns);
        let told = warn.map(|m| {
            format!(
                "warning: {} {} is beyond {} {}; ",
                m.told(),
                m.value,
                m.baseline_name,
                m.baseline
            )
        });
        told.collect()
    }

    /// By what the version beats its baseline, or why it may not go on.
    fn beside_baseline(&self) -> Result<String, String> {
        let first = self
            .deciding()
            .next()
            .ok_or_else(|| "nothing that decides was measured".to_owned())?;
        for metric in self.deciding() {
            if metric.ahead().is_some_and(|(_, best)| best < 0.0) {
                return Err(format!(
                    "{} {} is worse than the baseline ({}) {} beyond the noise",
                    metric.told(),
                    metric.value,
                    metric.baseline_name,
                    metric.baseline,
                ));
            }
        }
        let beats = |m: &&Metric| m.beats_baseline() == Some(true);
        if let Some(wins) = self.deciding().find(beats) {
            return Ok(format!(
                "{} {} beats {} {}",
                wins.told(),
                wins.value,
                wins.baseline_name,
                wins.baseline
            ));
        }
        Err(match first.beats_baseline() {
            None => format!(
                "{} could not be compared with the baseline: {}",
                first.told(),
                first.value
            ),
            Some(_) => format!(
                "{} {} does not beat the baseline ({}) {}",
                first.told(),
                first.value,
                first.baseline_name,
                first.baseline
            ),
        })
    }

    /// By what the version is not worse than the champion, or why it may not replace it.
    fn beside_champion(&self, champion: &Self) -> Result<String, Refused> {
        if self.held_out_days() != champion.held_out_days() {
            let told = |days: Option<u32>| {
                days.map_or_else(
                    || "an unknown number of days".to_owned(),
                    |d| format!("{d} days"),
                )
            };
            return Err(Refused::NotAlike(format!(
                "the champion was measured on {}, this version on {}",
                told(champion.held_out_days()),
                told(self.held_out_days())
            )));
        }
        let figure = |m: &Metric| format!("{} ({}, beside {})", m.told(), m.unit, m.baseline_name);
        let mut pairs: Vec<(&Metric, &Metric)> = Vec::new();
        for rival in champion.deciding() {
            let Some(metric) = self.deciding().find(|m| m.is_alike(rival)) else {
                let ours: Vec<String> = self.deciding().map(figure).collect();
                return Err(Refused::NotAlike(format!(
                    "the champion was measured by {}, this version by {}",
                    figure(rival),
                    ours.join(", ")
                )));
            };
            pairs.push((metric, rival));
        }
        let Some((first, rival)) = pairs.first() else {
            let why = "nothing that decides was measured of the champion".to_owned();
            return Err(Refused::NotAlike(why));
        };
        let same_days = self.held_out == champion.held_out;
        for (metric, rival) in &pairs {
            let both_measured = metric.value.point().and(rival.value.point()).is_some();
            if both_measured && !same_days && metric.lead().and(rival.lead()).is_none() {
                return Err(Refused::NotAlike(format!(
                    "{} was measured on other days, and beside a baseline that no lead is a share of",
                    metric.told()
                )));
            }
            if let Some(worse) = worse(metric, rival, same_days) {
                return Err(Refused::Worse(worse));
            }
        }
        let Some(point) = rival.value.point() else {
            return Ok(String::new());
        };
        Ok(match (same_days, first.lead(), rival.lead()) {
            (false, Some((ours, _)), Some((theirs, _))) => format!(
                " and leads it by {} of it, the champion led its own by {}",
                percent(ours),
                percent(theirs)
            ),
            (_, _, _) => format!(" and is not worse than the champion's {}", short(point)),
        })
    }
}

/// Why a version may not replace the champion.
enum Refused {
    /// It is worse beyond the noise.
    Worse(String),
    /// The two cannot be compared.
    NotAlike(String),
}

/// Why a version is worse than the champion by one measure of both, beyond its noise; `None` where it is not.
fn worse(metric: &Metric, rival: &Metric, same_days: bool) -> Option<String> {
    if same_days {
        let (point, (low, high)) = rival.value.point().zip(metric.value.interval())?;
        let best = metric
            .better_by(low, point)
            .max(metric.better_by(high, point));
        return (best < 0.0).then(|| {
            format!(
                "{} {} is worse than the champion's {} beyond its noise",
                metric.told(),
                metric.value,
                short(point)
            )
        });
    }
    let ((ours, our_half), (theirs, their_half)) = metric.lead().zip(rival.lead())?;
    (ours + our_half.hypot(their_half) < theirs).then(|| {
        format!(
            "{} leads its baseline by {} of it, the champion led its own by {}: less, beyond the noise",
            metric.told(),
            percent(ours),
            percent(theirs)
        )
    })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(point: f64, half: f64) -> Estimate {
        Estimate::Measured {
            point,
            low: point - half,
            high: point + half,
            units: 100,
        }
    }

    fn metric(point: f64, baseline: f64) -> Metric {
        Metric {
            name: "recall@20".into(),
            scope: String::new(),
            unit: "share".into(),
            better: Direction::Higher,
            role: Role::Decides,
            value: measured(point, 0.1),
            baseline: measured(baseline, 0.02),
            baseline_name: "popularity".into(),
            gain: measured(point - baseline, 0.05),
        }
    }

    fn card(point: f64, baseline: f64) -> Scorecard {
        Scorecard {
            split: String::new(),
            held_out: Some(held_out(6, 90)),
            notes: vec![],
            parts: vec![],
            weights: None,
            metrics: vec![metric(point, baseline)],
        }
    }

    fn held_out(month: i8, days: u32) -> HeldOut {
        HeldOut {
            from: AsOf(jiff::civil::date(2026, month, 1)),
            days,
        }
    }

    fn is_open(card: &Scorecard, champion: Option<&Scorecard>) -> bool {
        matches!(card.gate(champion), Gate::Open { .. })
    }

    fn refusal(card: &Scorecard, champion: Option<&Scorecard>) -> String {
        match card.gate(champion) {
            Gate::Closed { because } => because,
            Gate::Open { because } => panic!("open: {because}"),
        }
    }

    #[test]
    fn the_gate_opens_only_above_baseline_and_within_noise_of_the_champion() {
        assert!(is_open(&card(0.5, 0.4), None));
        assert!(!is_open(&card(0.3, 0.4), None));
        assert!(is_open(&card(0.5, 0.4), Some(&card(0.55, 0.4))));
        assert!(!is_open(&card(0.5, 0.4), Some(&card(0.7, 0.4))));
    }

    #[test]
    fn versions_measured_by_different_figures_are_not_compared() {
        type Change = fn(&mut Metric);
        let changes: [(Change, &str); 4] = [
            (|m| m.name = "hit rate@10".into(), "hit rate@10"),
            (|m| m.scope = "similar".into(), "similar"),
            (|m| m.unit = "share of new products".into(), "by hand"),
            (|m| m.baseline_name = "nothing".into(), "by hand"),
        ];
        for (change, said) in changes {
            let mut champion = card(0.1, 0.05);
            change(&mut champion.metrics[0]);
            let why = refusal(&card(0.5, 0.4), Some(&champion));
            assert!(why.contains(said) && why.contains("by hand"), "{why}");
        }
    }

    #[test]
    fn figures_over_another_number_of_days_are_not_compared() {
        let fortnight = Scorecard {
            held_out: Some(held_out(6, 14)),
            ..card(0.9, 0.4)
        };
        // Neither blocked by what looks better nor waved through past what looks worse.
        for (one, other) in [
            (card(0.5, 0.4), &fortnight),
            (fortnight.clone(), &card(0.5, 0.4)),
        ] {
            let why = refusal(&one, Some(other));
            assert!(why.contains("14 days") && why.contains("90 days"), "{why}");
        }
        let before_this_was_kept = Scorecard {
            held_out: None,
            ..card(0.5, 0.4)
        };
        let why = refusal(&card(0.5, 0.4), Some(&before_this_was_kept));
        assert!(why.contains("an unknown number of days"), "{why}");
    }

    #[test]
    fn versions_measured_in_different_seasons_are_each_held_against_their_own_baseline() {
        // At Christmas everything is easier: both figures are double those of summer.
        let christmas = Scorecard {
            held_out: Some(held_out(12, 90)),
            ..card(1.0, 0.8)
        };
        assert!(is_open(&card(0.5, 0.4), Some(&christmas)));
        assert!(is_open(&christmas, Some(&card(0.5, 0.4))));
        // A summer version that leads by a tenth is worse than a Christmas version that leads by a half.
        let strong = Scorecard {
            held_out: Some(held_out(12, 90)),
            ..card(1.2, 0.8)
        };
        let why = refusal(&card(0.44, 0.4), Some(&strong));
        assert!(why.contains("10.0 %") && why.contains("50.0 %"), "{why}");
        // The raw figures of a hard season do not hide a version that has become worse.
        let why = refusal(&christmas, Some(&card(0.8, 0.4)));
        assert!(why.contains("25.0 %") && why.contains("100.0 %"), "{why}");
    }

    #[test]
    fn without_a_baseline_above_zero_other_days_are_not_compared() {
        let other_days = Scorecard {
            held_out: Some(held_out(12, 90)),
            ..card(0.5, 0.0)
        };
        assert!(refusal(&card(0.5, 0.4), Some(&other_days)).contains("by hand"));
        assert!(is_open(&card(0.5, 0.0), Some(&card(0.5, 0.0))));
    }

    #[test]
    fn a_version_that_lacks_a_measure_of_the_champion_is_not_compared() {
        let mut champion = card(0.5, 0.4);
        champion.metrics.push(Metric {
            scope: "similar".into(),
            ..metric(0.5, 0.4)
        });
        assert!(refusal(&card(0.5, 0.4), Some(&champion)).contains("similar recall@20"));
        assert!(is_open(&champion, Some(&card(0.5, 0.4))));
    }

    #[test]
    fn a_placement_that_loses_to_its_baseline_beyond_the_noise_closes_the_gate() {
        let similar = |point: f64| Metric {
            scope: "similar".into(),
            ..metric(point, 0.4)
        };
        let both = |point: f64, role: Role| {
            let mut both = card(0.5, 0.4);
            both.metrics.push(Metric {
                role,
                ..similar(point)
            });
            both
        };
        let why = refusal(&both(0.3, Role::Decides), None);
        assert!(why.contains("similar recall@20"), "{why}");
        assert!(is_open(&both(0.38, Role::Decides), None), "within noise");
        assert!(is_open(&both(0.3, Role::Shown), None));
        // It need not be ahead itself where the other is: a placement may answer with its baseline.
        let mut popular_first = both(0.5, Role::Decides);
        popular_first.metrics[0] = metric(0.4, 0.4);
        assert!(is_open(&popular_first, None));
        // Nor may it fall behind the champion's.
        let why = refusal(&both(0.45, Role::Decides), Some(&both(0.6, Role::Decides)));
        assert!(why.contains("similar recall@20"), "{why}");
    }

    #[test]
    fn a_warning_is_said_first_and_closes_nothing() {
        let mut warned = card(0.5, 0.4);
        let warning = Metric {
            name: "change of margin".into(),
            role: Role::Warns,
            ..metric(-0.3, -0.02)
        };
        warned.metrics.insert(0, warning);
        let Gate::Open { because } = warned.gate(None) else {
            panic!("closed")
        };
        assert!(
            because.starts_with("warning: change of margin -0.3")
                && because.contains("is beyond popularity -0.02")
                && because.contains("; recall@20 0.5"),
            "{because}"
        );
        assert!(is_open(&warned, Some(&card(0.5, 0.4))));
    }

    #[test]
    fn a_scorecard_written_before_measures_had_roles_is_read_and_decides_nothing() {
        let mut old = serde_json::to_value(card(0.5, 0.4)).unwrap();
        old.as_object_mut().unwrap().remove("held_out");
        let metric = old["metrics"][0].as_object_mut().unwrap();
        metric.remove("role");
        let old: Scorecard = serde_json::from_value(old).unwrap();
        assert!(refusal(&old, None).contains("nothing that decides"));
        let old = Scorecard {
            held_out: Some(held_out(6, 90)),
            ..old
        };
        let why = refusal(&card(0.5, 0.4), Some(&old));
        assert!(
            why.contains("nothing that decides") && why.contains("by hand"),
            "{why}"
        );
    }
}
