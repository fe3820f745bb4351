//! A change in sentences.

use super::super::told::{p_value, signed};
use super::fitted::Body;
use super::read::{By, Finding};
use measure::effects::Effect;
use measure::quasi::{DifferenceInDifferences, InTime, Switched, SyntheticControl, Trends};
use schema::estimate::short;

/// The whole read-out: what a category manager can repeat first, then what it stands on.
pub(super) fn lines(body: &Body) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for found in &body.findings {
        lines.push(in_words(body, found));
    }
    if let Some(found) = body.findings.first() {
        lines.push(format!("this holds if {}", found.by.assumption()));
        lines.push(compared(body));
    }
    for found in &body.findings {
        lines.extend(figures(body, found));
    }
    if body.compared.left_out > 0 {
        let left_out = body.compared.left_out;
        lines.push(format!(
            "{left_out} sites that sold nothing in some period are left out"
        ));
    }
    lines
}

/// One sentence without a term of statistics.
fn in_words(body: &Body, found: &Finding) -> String {
    let (who, unit) = (body.change().named(), body.change().unit(found.outcome));
    let anyway = short(found.by.anyway());
    let size = match found.by.effect() {
        Effect::Measured(size) => size,
        Effect::NotMeasurable(why) => {
            let point = signed(found.by.point());
            return format!(
                "how much of the difference of {point} {unit} is due to {who} is not measurable: {why}"
            );
        }
    };
    if let Some(p) = found.by.contradicted(body.alpha()) {
        let p = p_value(p);
        let point = signed(size.point);
        return format!(
            "the difference of {point} {unit} cannot be put down to {who}: what that would take is contradicted (p-value {p})"
        );
    }
    if !found.real {
        return format!(
            "whether {who} changes {unit} cannot be told from chance: between {} and {}, beside {anyway} without it",
            signed(size.low),
            signed(size.high)
        );
    }
    format!(
        "{who} adds {} ({} to {}) {unit} to {anyway}: this is real (p-value {})",
        signed(size.point),
        signed(size.low),
        signed(size.high),
        p_value(size.p_value)
    )
}

/// What was held beside what.
pub(super) fn compared(body: &Body) -> String {
    let (compared, change) = (&body.compared, body.change());
    let (days, burn_in) = (change.period_days, change.burn_in_days);
    let changed = compared.changed();
    let others = compared.treated.len() - changed;
    let (from, until) = (compared.from, compared.until);
    if let Some(Finding {
        by: By::Switched(_),
        ..
    }) = body.findings.first()
    {
        return format!(
            "{changed} blocks of {days} days with it and {others} without, from {from} until {until}, the first {burn_in} days of each left out"
        );
    }
    let (before, after) = (compared.before, compared.after);
    format!(
        "{changed} sites with it beside {others} others, {before} periods of {days} days before it and {after} after, from {from} until {until}"
    )
}

/// What one outcome stands on.
fn figures(body: &Body, found: &Finding) -> Vec<String> {
    let unit = body.change().unit(found.outcome);
    let mut lines = match &found.by {
        By::Differences(found) => differences(found, &unit),
        By::Synthetic(found) => synthetic(found, &unit),
        By::Switched(found) => switched(found, &unit),
    };
    lines.extend(found.by.detectable().map(|least| {
        let least = short(least);
        format!("an effect of {least} {unit} is seen four times of five")
    }));
    lines
}

fn differences(found: &DifferenceInDifferences, unit: &str) -> Vec<String> {
    let mut lines = vec![match &found.trends {
        Trends::Alike { p_value: p } => {
            let p = p_value(*p);
            format!("{unit}: before, those changed and the others moved alike (p-value {p})")
        }
        Trends::Apart { p_value: p } => {
            let p = p_value(*p);
            format!(
                "{unit}: those changed and the others moved apart before the change already (p-value {p})"
            )
        }
        Trends::NotMeasurable(why) => {
            format!("{unit}: whether they moved alike before is not measurable: {why}")
        }
    }];
    lines.extend(found.unseen_trend.map(|unseen| {
        let unseen = short(unseen);
        format!("a difference of trends that would go unseen could make up {unseen} {unit}")
    }));
    lines.extend(found.p_least.map(|least| {
        let (treated, least) = (found.treated, p_value(least));
        format!("with {treated} sites changed, no p-value can be below {least}")
    }));
    lines
}

fn synthetic(found: &SyntheticControl, unit: &str) -> Vec<String> {
    let fit = &found.fit;
    let mut lines = vec![format!(
        "{unit}: {} of {} others have a weight and miss by {} before the change, a constant by {}",
        fit.weighted,
        found.others,
        short(fit.error),
        short(fit.spread)
    )];
    lines.push(match &found.in_time {
        InTime::Pretended {
            gaps, p_value: p, ..
        } => {
            let gap = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let (count, gap, p) = (gaps.len(), signed(gap), p_value(*p));
            format!(
                "{unit}: a change pretended {count} periods before the true one shows {gap} (p-value {p})"
            )
        }
        InTime::NotMeasurable(why) => {
            format!("{unit}: what a pretended change shows is not measurable: {why}")
        }
    });
    let (placebos, least) = (found.placebos, p_value(found.p_least));
    lines.push(format!(
        "beside {placebos} others of which the change is pretended, no p-value can be below {least}"
    ));
    if !found.convergence.converged {
        let gap = short(found.convergence.gap);
        lines.push(format!(
            "the best weights were not found: {gap} of the way to them is left"
        ));
    }
    lines
}

fn switched(found: &Switched, unit: &str) -> Vec<String> {
    let carried = match &found.carryover {
        Effect::Measured(size) => {
            let (point, p) = (signed(size.point), p_value(size.p_value));
            format!("{unit}: a block after one with the change has {point} (p-value {p})")
        }
        Effect::NotMeasurable(why) => {
            format!("{unit}: whether a block leaves something to the next is not measurable: {why}")
        }
    };
    let p = p_value(found.order_p_value);
    let order = if found.order_p_value <= 0.025 {
        format!("the blocks do not follow each other as drawn ones do (p-value {p})")
    } else {
        format!("the blocks follow each other as drawn ones do (p-value {p})")
    };
    let (block, serial) = (short(found.block_error), short(found.serial_error));
    vec![
        order,
        carried,
        format!(
            "{unit}: the standard error is {block} by block, {serial} where blocks resemble those before"
        ),
    ]
}
