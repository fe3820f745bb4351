//! What was noticed, beside what went wrong in truth.

use crate::print::{self, Table};
use factory::incidents::IncidentRecord;
use serde::Serialize;
use simulator::{Incident, UsedCarsShop, Wrong};

/// Days after a thing began, or was mended, within which what is noticed belongs to it.
const WITHIN_DAYS: u32 = 60;

/// An incident of the product, as it was when it was opened.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Noticed {
    /// The day, counted from the first that is played.
    pub(super) day: u32,
    pub(super) cause: String,
    pub(super) products: Vec<String>,
    pub(super) what: String,
}

/// What was done about an incident.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// People mended what was named.
    Mended { day: u32, incident: usize },
    /// A product was trained.
    Trained { day: u32, promoted: bool },
}

/// One thing that went wrong, beside what was noticed.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    /// What, in truth.
    truth: &'static str,
    /// What it was about.
    about: Vec<String>,
    /// The day from which on, counted from the first that is played.
    from_day: u32,
    /// The first incident about it; of the quiet product the first false one.
    noticed: Option<Noticed>,
    /// Whether that one named the true cause.
    right: bool,
    /// What was done, in sentences.
    done: Vec<String>,
    /// Margin that it cost, expected, in the shop's currency.
    cost: f64,
    /// What it would have cost until the end of the year at the pace of the days before anything was done, and no less
    /// than it did; absent where nothing that is done helps.
    unnoticed: Option<f64>,
}

impl Noticed {
    pub(super) fn of(day: u32, incident: &IncidentRecord) -> Self {
        Self {
            day,
            cause: incident.cause.clone(),
            products: incident.products.clone(),
            what: incident.what.clone(),
        }
    }

    /// Whether it names what went wrong as the cause.
    pub(super) fn names(&self, truth: &Incident) -> bool {
        let of_truth = || self.products.iter().any(|product| truth.is_about(product));
        let column = self.cause.strip_prefix("input/");
        let is_about_column = || column.is_some_and(|column| truth.is_about(column));
        let ends = |with: &str| self.cause.starts_with("promise/") && self.cause.ends_with(with);
        match truth.wrong {
            Wrong::PriceUnit | Wrong::NullColumn => is_about_column(),
            Wrong::SlowDependency => ends("/latency_p99") && of_truth(),
            // Where the new visitors buy is told by a column, too.
            Wrong::Mix => is_about_column() || (self.cause.starts_with("mix/") && of_truth()),
            Wrong::Competitor => ends("/quality") && self.what.contains("what customers want"),
            Wrong::Quiet => false,
        }
    }

    /// Whether it can be about what went wrong, although it names something else.
    fn may_be_about(&self, truth: &Incident) -> bool {
        if !(truth.from_day..truth.from_day + WITHIN_DAYS).contains(&self.day) {
            return false;
        }
        match truth.wrong {
            Wrong::Mix | Wrong::SlowDependency => {
                self.products.iter().any(|product| truth.is_about(product))
            }
            Wrong::PriceUnit | Wrong::NullColumn | Wrong::Competitor => true,
            Wrong::Quiet => false,
        }
    }

    /// Which of all that went wrong it is about: what it names and is so on the day, else the last that it may be about.
    fn about(&self, truths: &[Incident]) -> Option<usize> {
        let since = |truth: &Incident| truth.from_day <= self.day;
        let named = truths.iter().rposition(|of| since(of) && self.names(of));
        named.or_else(|| truths.iter().rposition(|of| self.may_be_about(of)))
    }
}

/// What went wrong within the days that were played, beside what was noticed, and what was noticed and is none of it.
pub(super) fn beside(
    shop: &UsedCarsShop,
    days: u32,
    noticed: &[Noticed],
    acts: &[Act],
) -> (Vec<Told>, Vec<Noticed>) {
    let truths = shop.incidents();
    let truths = &truths[..truths.partition_point(|truth| truth.from_day < days)];
    let about: Vec<Option<usize>> = noticed.iter().map(|of| of.about(truths)).collect();
    let told = truths.iter().enumerate().map(|(at, truth)| {
        let of_truth = || {
            let all = noticed.iter().zip(&about);
            all.filter(|(_, about)| **about == Some(at))
                .map(|(of, _)| of)
        };
        // Of what is told on one morning the cause itself stands for the rest.
        let morning = of_truth().next().map(|first| first.day);
        let first = if truth.wrong == Wrong::Quiet {
            noticed.iter().find(|of| {
                of.products.iter().any(|product| truth.is_about(product))
                    && of.cause.starts_with("promise/")
            })
        } else {
            let same = || of_truth().filter(|of| Some(of.day) == morning);
            same().find(|of| of.names(truth)).or_else(|| same().next())
        };
        let right = match (truth.wrong, first) {
            (Wrong::Quiet, first) => first.is_none(),
            (_, first) => first.is_some_and(|first| first.names(truth)),
        };
        let (done, acted) = acts_of(at, truth, first, acts);
        let lost: Vec<f64> = (0..shop.days())
            .map(|day| shop.lost_cents(at, day) / 100.0)
            .collect();
        let from = truth.from_day as usize;
        let acted = acted
            .map_or(lost.len(), |day| day as usize)
            .clamp(from + 1, lost.len());
        let helps = truth.wrong.can_be_mended() || truth.wrong == Wrong::Competitor;
        let cost: f64 = lost.iter().sum();
        let pace = lost[from..acted].iter().sum::<f64>() / (acted - from) as f64;
        Told {
            truth: truth.wrong.told(),
            about: truth.about.clone(),
            from_day: truth.from_day,
            noticed: first.cloned(),
            right,
            done,
            cost,
            unnoticed: helps.then_some(cost.max(pace * (lost.len() - from) as f64)),
        }
    });
    let others = noticed.iter().zip(&about);
    let others = others
        .filter(|(_, about)| about.is_none())
        .map(|(of, _)| of);
    (told.collect(), others.cloned().collect())
}

/// What was done about a truth, in sentences, and the day of the first of it.
fn acts_of(
    at: usize,
    truth: &Incident,
    first: Option<&Noticed>,
    acts: &[Act],
) -> (Vec<String>, Option<u32>) {
    let mut told = Vec::new();
    let mut acted = None;
    for act in acts {
        if let Act::Mended { day, incident } = act
            && *incident == at
        {
            told.push(format!("mended on day {day}"));
            acted = Some(*day);
        }
    }
    let until = truth.from_day + WITHIN_DAYS;
    let trained: Vec<(&u32, bool)> = acts
        .iter()
        .filter_map(|act| match act {
            Act::Trained { day, promoted }
                if matches!(truth.wrong, Wrong::Competitor | Wrong::Mix)
                    && first.is_some_and(|first| (first.day..until).contains(day)) =>
            {
                Some((day, *promoted))
            }
            Act::Trained { .. } | Act::Mended { .. } => None,
        })
        .collect();
    if let Some((day, _)) = trained.first() {
        let promoted = trained.iter().filter(|(_, promoted)| *promoted).count();
        told.push(format!(
            "trainings from day {day} on: {}, versions let answer: {promoted}",
            trained.len()
        ));
        acted = acted.or(Some(**day));
    }
    (told, acted)
}

/// For a person.
pub(super) fn show(told: &[Told], others: &[Noticed]) -> anyhow::Result<()> {
    print::line("5. What went wrong, and what was noticed of it")?;
    if told.is_empty() {
        print::line("   nothing yet: something does from the third month on")?;
    }
    for of in told {
        print::line(format!(
            "   day {}: {} ({})",
            of.from_day,
            of.truth,
            of.about.join(", ")
        ))?;
        let verdict = match (&of.noticed, of.right) {
            (None, true) => "nothing was said of it, rightly".to_owned(),
            (None, false) => "not noticed".to_owned(),
            (Some(first), right) => format!(
                "noticed on day {}, {} days after; the cause named first is {}",
                first.day,
                first.day.saturating_sub(of.from_day),
                if right { "right" } else { "wrong" }
            ),
        };
        print::line(format!("     {verdict}"))?;
        if let Some(first) = &of.noticed {
            print::line(format!("     {}: {}", first.cause, first.what))?;
        }
        for done in &of.done {
            print::line(format!("     {done}"))?;
        }
    }
    print::line("")?;
    let mut table = Table::new(["what", "from day", "noticed", "cause", "cost", "unnoticed"]);
    for of in told {
        let noticed = of
            .noticed
            .as_ref()
            .map_or("-".to_owned(), |first| first.day.to_string());
        let cause = if of.right { "right" } else { "wrong" };
        table.row([
            of.truth.to_owned(),
            of.from_day.to_string(),
            noticed,
            cause.to_owned(),
            format!("{:.0}", of.cost),
            of.unnoticed
                .map_or("-".to_owned(), |cost| format!("{cost:.0}")),
        ]);
    }
    table.print()?;
    print::line(
        "   cost: margin lost, expected, by the simulator's truth; unnoticed: at least, until the end of the year at the pace of the days before anything was done",
    )?;
    print::line(format!("   noted, and none of this: {}", others.len()))?;
    for other in others {
        print::line(format!(
            "     day {}: {}: {}",
            other.day, other.cause, other.what
        ))?;
    }
    Ok(())
}
