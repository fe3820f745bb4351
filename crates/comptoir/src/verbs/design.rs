//! `comptoir design`

use crate::context::Context;
use crate::exit::Refused;
use crate::print;
use ::products::experiment::{
    ArmDesign, Design as Designed, DesignUnits, GuardrailDesign, OutcomeDesign, Unit, Wanted,
};
use factory::experiments::DesignOptions;
use schema::AsOf;

/// Say what an experiment can see before it starts, from the shop's own past
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir design mail                  what experiments/mail.toml can see with the customers there are
  comptoir design mail --effect 2%      and how many customers or days an effect of 2 % of the mean takes
  comptoir design mail --effect 0.5     the same in the unit of each outcome
  comptoir design mail --as-of 2025-11-01 --splits 2000

The past window is as long as `window_days`; its random splits (A/A) show how often nothing is called real.
Nothing is drawn: that is comptoir assign.
Exit code 1: the first outcome cannot be measured, or the effect asked for is not seen with the units there are.")]
pub(crate) struct Design {
    /// The experiment, a file of experiments/
    experiment: String,
    /// An effect that must be seen: a share of the mean such as 2%, or a number in the unit of the outcome
    #[arg(long, value_name = "EFFECT", allow_hyphen_values = true)]
    effect: Option<Wanted>,
    /// Random splits of the past window; 0 for none
    #[arg(long, value_name = "N", default_value_t = 500)]
    splits: u32,
    /// The first day that must not be known; the day after the last sale where absent
    #[arg(long, value_name = "DATE")]
    as_of: Option<jiff::civil::Date>,
}

impl Design {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let options = DesignOptions {
            as_of: self.as_of.map(AsOf),
            wanted: self.effect,
            splits: self.splits,
            seed: context.global.seed,
        };
        let progress = context.progress.as_ref();
        let design = workshop
            .design(&self.experiment, &options, progress)
            .await?;
        if context.json() {
            print::json(&design)?;
        } else {
            show(&design)?;
        }
        verdict(&design)
    }
}

/// Whether the outcome that decides can be measured, and the effect asked for be seen.
fn verdict(design: &Designed) -> anyhow::Result<()> {
    let Some(first) = design.outcomes.first() else {
        return Ok(());
    };
    if let Some(why) = &first.not_measurable {
        return Err(Refused(format!("{} is not measurable: {why}", first.unit)).into());
    }
    let Some(wanted) = design.wanted else {
        return Ok(());
    };
    let short_of = |arm: &&ArmDesign| arm.units_needed.is_none_or(|needed| needed > arm.units);
    match first.arms.iter().find(short_of) {
        None => Ok(()),
        Some(arm) => {
            let (has, unit) = (arm.units, design.unit.plural());
            let effect = written(wanted);
            Err(Refused(format!(
                "{has} {unit} do not show an effect of {effect} of {} on {}",
                arm.arm, first.unit
            ))
            .into())
        }
    }
}

/// Four significant digits, without zeros at the end.
fn short(value: f64) -> String {
    let text = schema::estimate::short(value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn written(wanted: Wanted) -> String {
    match wanted {
        Wanted::Relative(share) => format!("{} %", short(100.0 * share)),
        Wanted::Absolute(effect) => short(effect),
    }
}

fn show(design: &Designed) -> anyhow::Result<()> {
    let (units, name) = (&design.units, design.unit.plural());
    print::line(format!(
        "experiment {}: {} {name} can be drawn",
        design.experiment, units.available
    ))?;
    show_units(units, design.unit)?;
    print::line(format!(
        "  figures from the {} days before {}, of {} {name} known before; level {} %, power {} %",
        design.window_days,
        design.as_of,
        design.past_units,
        short(100.0 * design.alpha),
        short(100.0 * design.power)
    ))?;
    design
        .outcomes
        .iter()
        .try_for_each(|outcome| show_outcome(design, outcome))?;
    if !design.guardrails.is_empty() {
        print::line("\nguardrails, read at any time, where nothing changes")?;
    }
    design
        .guardrails
        .iter()
        .try_for_each(|guardrail| show_guardrail(design, guardrail))
}

fn show_guardrail(design: &Designed, of: &GuardrailDesign) -> anyhow::Result<()> {
    let (unit, what, arm) = (design.unit.plural(), &of.outcome, &of.arm);
    let allowed = short(100.0 * of.worse_by);
    let Some(kept) = of.kept else {
        return print::line(format!(
            "  {what} of {arm}, at most {allowed} % worse: cannot be said from the past"
        ));
    };
    let needed = match of.units_needed {
        Some(needed) => format!("takes {needed} {unit}"),
        None => format!("takes more {unit} than can be counted"),
    };
    print::line(format!(
        "  {what} of {arm}, at most {allowed} % worse: its {} {unit} with the control show it kept with a probability of {:.0} %; {} % {needed}",
        of.units,
        100.0 * kept,
        short(100.0 * design.power)
    ))
}

/// Prints who there is, and who of them cannot be drawn.
pub(crate) fn show_units(units: &DesignUnits, unit: Unit) -> anyhow::Result<()> {
    let name = unit.plural();
    print::line(format!(
        "  {} {name} known: {} left out by the query, {} held out, {} in other parts of the layer",
        units.known, units.not_asked_for, units.held_out, units.other_part
    ))?;
    units.shared.iter().try_for_each(|with| {
        print::line(format!(
            "  {} of them may also be in {} (layer {}), which draws independently",
            with.units, with.experiment, with.layer
        ))
    })
}

fn show_outcome(design: &Designed, outcome: &OutcomeDesign) -> anyhow::Result<()> {
    print::line(format!("\n{}", outcome.unit))?;
    if let Some(why) = &outcome.not_measurable {
        return print::line(format!("  not measurable: {why}"));
    }
    let known = |value: Option<f64>| value.map_or_else(|| "unknown".to_owned(), short);
    let saved = outcome.variance_saved.map(|share| {
        let share = 100.0 * share;
        format!(
            "; the {} days before take away {share:.0} % of the variance",
            design.covariate_days
        )
    });
    print::line(format!(
        "  mean {}, standard deviation {}{}",
        known(outcome.mean),
        known(outcome.deviation),
        saved.unwrap_or_default()
    ))?;
    for arm in &outcome.arms {
        show_arm(design, arm)?;
    }
    let Some(tried) = outcome.false_alarms else {
        return Ok(());
    };
    print::line(format!(
        "  A/A: {} of {} random splits of the past window are called real: {:.1} % ({:.1} to {:.1} %), where {} % are meant",
        tried.called,
        tried.splits,
        100.0 * tried.share,
        100.0 * tried.low,
        100.0 * tried.high,
        short(100.0 * design.alpha)
    ))
}

fn show_arm(design: &Designed, arm: &ArmDesign) -> anyhow::Result<()> {
    let unit = design.unit.plural();
    let (Some(seen), Some(always)) = (arm.detectable, arm.detectable_any_time) else {
        let (arm, units) = (&arm.arm, arm.units);
        return print::line(format!(
            "  {arm}: {units} {unit} with its control are too few to be read"
        ));
    };
    let relative = arm
        .detectable_relative
        .map(|share| format!(" ({} %)", short(100.0 * share)));
    print::line(format!(
        "  {}: its {} {unit} with the control show an effect of {}{} read once, of {} read at any time",
        arm.arm,
        arm.units,
        short(seen),
        relative.unwrap_or_default(),
        short(always)
    ))?;
    let Some(wanted) = design.wanted else {
        return Ok(());
    };
    let units = match arm.units_needed {
        Some(needed) => format!("{needed} {unit}"),
        None => format!("more {unit} than can be counted"),
    };
    let days = match (arm.days_needed, arm.days_tried) {
        (Some(days), _) => format!("; with those there are, {days} days"),
        (None, Some(tried)) => format!("; with those there are, more than {tried} days"),
        (None, None) => String::new(),
    };
    print::line(format!(
        "    an effect of {} takes {units}{days}",
        written(wanted)
    ))
}
