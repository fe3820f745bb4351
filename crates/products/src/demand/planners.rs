//! What the changes of planners were worth, on periods that the forecast had not seen.

use std::collections::{BTreeMap, BTreeSet};

use math::tails::student_t_upper_quantile;
use models::demand::{FitError, Forecast, Panel};
use schema::estimate::short;
use schema::time::epoch_day;
use schema::{Estimate, WhyNot};
use serde::{Deserialize, Serialize};

use super::overrides::Overrides;
use super::series::Series;

/// Forecasts in each horizon that changes are held against: a change is judged from the first that knows it.
const ORIGINS: usize = 4;

/// Changes that an interval needs.
const CHANGES_MIN: usize = 5;

/// Probability that an interval leaves out on each side.
const TAIL: f64 = 0.025;

/// A change, and how far off the forecast was in its periods without it and with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scored {
    author: String,
    /// Of its product, or that it names; none where it is about several.
    category: Option<String>,
    /// What was sold, its absolute value.
    sold: f64,
    /// Absolute error without it.
    without: f64,
    /// Absolute error with it.
    with: f64,
}

/// What the changes of one planner were worth, of all categories or of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Worth {
    pub(super) author: String,
    /// `None` for all together.
    pub(super) category: Option<String>,
    pub(super) changes: usize,
    /// Absolute error without them, as a share of what was sold in their periods.
    pub(super) without: f64,
    /// Absolute error with them.
    pub(super) with: f64,
    /// By how much they lowered it, with an interval over changes.
    pub(super) gain: Estimate,
}

/// Scores the changes that were known before periods from `from` on, each by the first forecast that could know it.
/// Changes are taken in the order in which they were made, so that what each of them gains adds up to what all do.
///
/// - `ahead`, `forecast`: periods that are forecast from what is known of a panel, by what has not seen these.
///
/// # Errors
/// As `forecast`.
pub(super) fn scored(
    (ahead, forecast): (usize, impl Fn(&Panel) -> Result<Forecast, FitError>),
    found: &Series,
    from: usize,
) -> Result<Vec<Scored>, FitError> {
    let (panel, overrides) = (&found.panel, &found.overrides);
    let day = |period: usize| epoch_day(panel.date(period));
    let mut open: BTreeSet<usize> = overrides
        .each()
        .iter()
        .enumerate()
        .filter(|(_, one)| one.of.last >= day(from) && one.of.made_on() < day(panel.known()))
        .map(|(at, _)| at)
        .collect();
    let mut sums: BTreeMap<usize, [f64; 3]> = BTreeMap::new();
    for origin in (from..panel.known()).step_by((ahead / ORIGINS).max(1)) {
        let (today, end) = (day(origin), day((origin + ahead).min(panel.known())));
        let is_due = |at: &&usize| {
            let of = &overrides.each()[**at].of;
            of.made_on() < today && of.last >= today && of.first < end
        };
        let due: BTreeSet<usize> = open.iter().filter(is_due).copied().collect();
        if due.is_empty() {
            continue;
        }
        open.retain(|at| !due.contains(at));
        let past = panel.before(origin);
        let changed = overrides.change(&past, Some(today), forecast(&past)?);
        let touched: BTreeSet<usize> = due
            .iter()
            .flat_map(|at| overrides.each()[*at].series())
            .copied()
            .collect();
        for series in touched {
            for added in changed.added(overrides, &past, series) {
                let sold = found.sold(series, origin + added.ahead);
                if let Some(sold) = sold.filter(|_| due.contains(&added.at)) {
                    let sums = sums.entry(added.at).or_default();
                    sums[0] += sold.abs();
                    sums[1] += (sold - added.before).abs();
                    sums[2] += (sold - added.after).abs();
                }
            }
        }
    }
    Ok(sums
        .into_iter()
        .map(|(at, [sold, without, with])| Scored {
            author: overrides.each()[at].of.author.clone(),
            category: category(overrides, found, at),
            sold,
            without,
            with,
        })
        .collect())
}

/// The category of all series that a change is about.
fn category(overrides: &Overrides, found: &Series, at: usize) -> Option<String> {
    let mut each = overrides.each()[at].series().iter();
    let first = found.categories.get(*each.next()?)?.clone();
    each.all(|series| found.categories.get(*series) == Some(&first))
        .then_some(first)
        .flatten()
}

/// What planners' changes were worth: of each all together, then by category.
pub(super) fn worth(scored: &[Scored]) -> Vec<Worth> {
    let mut of: BTreeMap<(&str, Option<&str>), Vec<&Scored>> = BTreeMap::new();
    for one in scored {
        of.entry((&one.author, None)).or_default().push(one);
        if let Some(category) = &one.category {
            let key = (one.author.as_str(), Some(category.as_str()));
            of.entry(key).or_default().push(one);
        }
    }
    let worth = |((author, category), of): ((&str, Option<&str>), Vec<&Scored>)| {
        let sold: f64 = of.iter().map(|one| one.sold).sum();
        let share = |of: f64| of / sold.max(f64::MIN_POSITIVE);
        Worth {
            author: author.to_owned(),
            category: category.map(str::to_owned),
            changes: of.len(),
            without: share(of.iter().map(|one| one.without).sum()),
            with: share(of.iter().map(|one| one.with).sum()),
            gain: gain(&of, sold),
        }
    };
    of.into_iter().map(worth).collect()
}

/// A ratio of sums over changes, with the interval of Student's t: what one change does in its periods hangs together.
///
/// # Source
/// Cochran (1977), Sampling Techniques, eq. 6.13, the variance of a ratio.
fn gain(of: &[&Scored], sold: f64) -> Estimate {
    let n = of.len();
    if n < CHANGES_MIN {
        return Estimate::NotMeasurable(WhyNot::TooFew {
            what: "changes of forecasts".to_owned(),
            found: n as u64,
            needed: CHANGES_MIN as u64,
        });
    }
    if sold <= 0.0 {
        return Estimate::NotMeasurable(WhyNot::NoVariation {
            what: "what was sold".to_owned(),
        });
    }
    let gained = |one: &Scored| one.without - one.with;
    let point = of.iter().map(|one| gained(one)).sum::<f64>() / sold;
    let off = |one: &Scored| (gained(one) - point * one.sold).powi(2);
    let squares: f64 = of.iter().map(|one| off(one)).sum();
    let degrees = (n - 1) as f64;
    let error = (n as f64 / degrees * squares).sqrt() / sold;
    let reach = student_t_upper_quantile(TAIL, degrees) * error;
    Estimate::Measured {
        point,
        low: point - reach,
        high: point + reach,
        units: n as u64,
    }
}

impl Worth {
    /// In words.
    pub(super) fn told(&self) -> String {
        let Self {
            author, changes, ..
        } = self;
        let of = self.category.as_ref();
        let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
        let gain = match &self.gain {
            Estimate::Measured {
                point, low, high, ..
            } => format!(
                "gained {} ({} to {})",
                short(*point),
                short(*low),
                short(*high)
            ),
            Estimate::Exact(point) => format!("gained {}", short(*point)),
            Estimate::NotMeasurable(why) => format!("gain not measurable: {why}"),
        };
        format!(
            "{changes} changes of forecasts{of} by {author}: absolute error {} of what was sold without them, {} with them, {gain}",
            short(self.without),
            short(self.with)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Scored, worth};
    use schema::Estimate;

    fn scored(author: &str, category: Option<&str>, without: f64, with: f64) -> Scored {
        Scored {
            author: author.to_owned(),
            category: category.map(str::to_owned),
            sold: 100.0,
            without,
            with,
        }
    }

    #[test]
    fn what_planners_gain_is_told_by_planner_and_category_with_the_interval_of_a_ratio() {
        let mut all: Vec<Scored> = [40.0, 50.0, 60.0, 45.0, 55.0]
            .into_iter()
            .map(|without| scored("ann", Some("tea"), without, 30.0))
            .collect();
        all.push(scored("ann", Some("coffee"), 20.0, 30.0));
        all.push(scored("bob", None, 10.0, 20.0));
        let told = worth(&all);
        let named: Vec<_> = told
            .iter()
            .map(|w| (w.author.as_str(), w.category.as_deref(), w.changes))
            .collect();
        assert_eq!(
            named,
            [
                ("ann", None, 6),
                ("ann", Some("coffee"), 1),
                ("ann", Some("tea"), 5),
                ("bob", None, 1)
            ]
        );
        // Gains .1, .2, .3, .15, .25: mean .2, standard deviation .0790569; t of 4 degrees at .025 is 2.776445.
        let Estimate::Measured {
            point, low, high, ..
        } = &told[2].gain
        else {
            panic!("{:?}", told[2]);
        };
        let reach = 2.776_445 * 0.079_056_94 / 5f64.sqrt();
        assert!((point - 0.2).abs() < 1e-12);
        assert!((low - (0.2 - reach)).abs() < 1e-6 && (high - (0.2 + reach)).abs() < 1e-6);
        assert!((told[2].without - 0.5).abs() < 1e-12 && (told[2].with - 0.3).abs() < 1e-12);
        assert!(matches!(told[3].gain, Estimate::NotMeasurable(_)));
    }
}
