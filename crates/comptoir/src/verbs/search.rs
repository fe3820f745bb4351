//! `comptoir search`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::run::one;
use factory::search::{Found, Measure, Period, Plan, Planned, Tried};
use factory::{SearchOptions, Workshop};
use schema::estimate::short;
use schema::{AsOf, Bytes};
use std::io::Write;
use std::time::Duration;

/// Search settings of a data product that suit its history better, and tell what they gain over its file
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir search demand --dry-run          what is sought, on which days, and how many fits that takes
  comptoir search demand                    16 candidates, as long as it takes
  comptoir search demand --trials 40 --minutes 90
  comptoir search demand --write            put what is surely better into products/demand.toml

Candidates are drawn from [search.space] of the product's file, or from the settings that its kind has
for that. They are fitted and measured on past days as a training does; the worse half leaves after each
rung. The best is then compared with the file as it is on later days, on which nothing was chosen.

Each fit is kept: the same command goes on where an earlier one ended, however it did. Nothing is trained
or promoted; without --write the file stays as it is.

Exit code 2: there is nothing to be searched, or too little history. 3: refused for memory.")]
pub(crate) struct Search {
    /// The data product
    product: String,
    /// Candidates that are drawn, 1 to 1000
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    trials: u16,
    /// Minutes that it may take; then the best so far is compared
    #[arg(long, value_name = "M", value_parser = minutes)]
    minutes: Option<Duration>,
    /// The first day that must not be known; the day after the last sale where absent
    #[arg(long, value_name = "DATE")]
    as_of: Option<jiff::civil::Date>,
    /// Tell what would be done, and fit nothing
    #[arg(long)]
    dry_run: bool,
    /// Write what was found into the product's file where it is surely better; comments stay
    #[arg(long, conflicts_with = "dry_run")]
    write: bool,
}

/// Candidates that are shown.
const SHOWN: usize = 8;

/// Most minutes: a month.
const MINUTES_MAX: f64 = 44_640.0;

fn minutes(text: &str) -> Result<Duration, String> {
    let minutes = text.parse::<f64>().ok();
    let minutes = minutes.filter(|m| *m > 0.0 && *m <= MINUTES_MAX);
    let allowed = || format!("allowed is a number above 0, up to {MINUTES_MAX}");
    Ok(Duration::from_secs_f64(60.0 * minutes.ok_or_else(allowed)?))
}

impl Search {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        one(&workshop.project, &self.product)?;
        let options = SearchOptions {
            trials: usize::from(self.trials),
            limit: self.minutes,
            as_of: self.as_of.map(AsOf),
            seed: context.global.seed,
        };
        let (name, progress) = (&self.product, &context.progress);
        if self.dry_run {
            let planned = workshop.plan_search(name, &options, progress).await?;
            return if context.json() {
                print::json(&planned)
            } else {
                show_planned(&planned)
            };
        }
        let found = workshop.search(name, &options, progress).await?;
        if context.json() {
            print::json(&found)?;
        } else {
            show(&found)?;
        }
        if self.write {
            write(&workshop, &found, context)?;
        }
        Ok(())
    }
}

fn show_planned(planned: &Planned) -> anyhow::Result<()> {
    show_plan(&planned.plan)?;
    let mut table = Table::new(["setting", "sought in", "as it is"]);
    for of in &planned.plan.space {
        table.row([of.key.clone(), of.within.clone(), of.as_it_is.to_string()]);
    }
    table.print()?;
    print::line("")?;
    let mut table = Table::new(["rung", "candidates", "periods", "first of them", "last"]);
    let mut before = 0;
    for (rung, number) in planned.plan.rungs.iter().zip(1..) {
        let new = planned.plan.choose_on.get(before..rung.periods);
        before = rung.periods;
        let new = new.unwrap_or_default();
        let told = |period: Option<&Period>| period.map_or_else(String::new, days);
        table.row([
            number.to_string(),
            rung.candidates.to_string(),
            rung.periods.to_string(),
            told(new.last()),
            told(new.first()),
        ]);
    }
    table.print()?;
    for period in &planned.plan.compare_on {
        print::line(format!("then the best is compared on {}", days(period)))?;
    }
    print::line(format!(
        "at most {} fits, {} of them made already; up to {} of memory",
        planned.plan.fits_at_most,
        planned.fits_made,
        Bytes(planned.memory_needed_bytes)
    ))?;
    for line in &planned.left_out {
        print::line(format!("left out: {line}"))?;
    }
    let seconds = |ms: u64| format!("{:.1} s", ms as f64 / 1000.0);
    print::line(match (planned.fit_ms, planned.last_run_ms) {
        (Some(fit), _) => format!("a fit took {} in earlier searches", seconds(fit)),
        (None, Some(run)) => format!(
            "the last training took {}, which is two fits and their measuring",
            seconds(run)
        ),
        (None, None) => "how long a fit takes is not known: it was never trained".to_owned(),
    })
}

fn show_plan(plan: &Plan) -> anyhow::Result<()> {
    print::line(format!(
        "{} ({}): {} candidates and the file as it is, as of {}, seed {}",
        plan.product, plan.kind, plan.drawn, plan.as_of, plan.seed
    ))
}

fn days(period: &Period) -> String {
    format!("{} to {}", period.from, period.until.minus_days(1))
}

fn show(found: &Found) -> anyhow::Result<()> {
    show_plan(&found.plan)?;
    let Measure {
        name, scope, unit, ..
    } = &found.measure;
    let scope = if scope.is_empty() {
        String::new()
    } else {
        format!("{scope} ")
    };
    print::line(format!("  chosen by {scope}{name}, {unit}"))?;
    show_candidates(found)?;
    if !found.compared.is_empty() {
        print::line("")?;
        let mut table = Table::new(["nothing was chosen on", "best", "as it is"]);
        for of in &found.compared {
            let (best, as_it_is) = (of.best.to_string(), of.as_it_is.to_string());
            table.row([days(&of.period), best, as_it_is]);
        }
        table.print()?;
    }
    print::line(format!("  {}", found.sentence))?;
    for note in &found.notes {
        print::line(format!("  - {note}"))?;
    }
    if let Some(best) = &found.best {
        print::line(format!("\n# products/{}.toml", found.plan.product))?;
        print::line(best.toml.trim_end())?;
    }
    Ok(())
}

/// The best candidates, each beside the file as it is on the same days.
fn show_candidates(found: &Found) -> anyhow::Result<()> {
    let headings = ["candidate", "periods", "mean", "as it is", "gain"];
    let settings = found.plan.space.iter();
    let settings = settings.map(|of| of.key.rsplit('.').next().unwrap_or(&of.key));
    let mut table = Table::new(headings.into_iter().chain(settings));
    let number = |value: Option<f64>| value.map_or_else(|| "not measured".to_owned(), short);
    for tried in found.candidates.iter().take(SHOWN) {
        let Tried {
            number: candidate,
            periods,
            value,
            as_it_is,
            gain,
            ..
        } = tried;
        let figures = [
            candidate.to_string(),
            periods.to_string(),
            number(*value),
            number(*as_it_is),
            number(*gain),
        ];
        let settings = found.plan.space.iter().map(|of| {
            let value = tried.settings.value(&of.key);
            value.map_or_else(String::new, ToString::to_string)
        });
        table.row(figures.into_iter().chain(settings));
    }
    table.print()?;
    let more = found.candidates.len().saturating_sub(SHOWN);
    if more > 0 {
        print::line(format!("  and {more} more: --output json shows all"))?;
    }
    Ok(())
}

/// Puts what is surely better into the product's file.
fn write(workshop: &Workshop, found: &Found, context: &Context) -> anyhow::Result<()> {
    let told = |line: &str| {
        context.progress.note(line);
    };
    let Some(best) = found.best.as_ref().filter(|_| found.surely_better) else {
        told("nothing is written: only what is surely better is");
        return Ok(());
    };
    let file = workshop.product_file_with(&found.plan.product, &best.settings)?;
    // Beside the file first: whoever reads it meanwhile finds the old one or the new one.
    let beside = file.file.with_extension("toml.new");
    let mut new = fs_err::File::create(&beside)?;
    new.write_all(file.text.as_bytes())?;
    new.sync_all()?;
    fs_err::rename(&beside, &file.file)?;
    told(&format!(
        "written into {}; `comptoir run {}` trains by it",
        file.file.display(),
        found.plan.product
    ));
    Ok(())
}
