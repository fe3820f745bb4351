//! A read-out in sentences.

use super::by_log::Valued;
use super::counted;
use super::fitted::Body;
use super::guardrails::Watched;
use super::known_before::KNOWN;
use super::reading::Finding;
use super::settings::{Adjust, Source};
use measure::effects::{Effect, Size};
use measure::guardrail::Guarded;
use schema::estimate::short;

/// The whole read-out: what a category manager can repeat first, then how it is known.
pub(super) fn lines(body: &Body) -> Vec<String> {
    let guardrails = || body.reading.guardrails.iter();
    let broken = guardrails().filter(|watched| watched.is_broken());
    let mut lines: Vec<String> = broken.map(|watched| guarded(body, watched)).collect();
    let deciding = body.reading.findings.iter();
    let deciding = deciding.filter(|found| found.decides(&body.settings));
    lines.extend(deciding.map(|found| in_words(body, found)));
    let others = guardrails().filter(|watched| !watched.is_broken());
    lines.extend(others.map(|watched| guarded(body, watched)));
    for found in &body.reading.findings {
        lines.extend(figures(body, found));
    }
    lines.extend(in_groups(body));
    lines.extend(policy(body));
    lines.extend(by_log(body));
    lines.extend(counted::lines(body));
    lines
}

/// One guardrail of one arm.
fn guarded(body: &Body, watched: &Watched) -> String {
    let (who, what) = (subject(body, &watched.arm), &watched.unit);
    let allowed = short_percent(watched.worse_by);
    let change = watched.says.change().map(|change| {
        format!(
            "{who} changes {what} by {} ({} to {}, each end at any time)",
            percent(change.point),
            percent(change.low),
            percent(change.high)
        )
    });
    let change = change.unwrap_or_default();
    match &watched.says {
        Guarded::Broken(_) => {
            format!("guardrail broken: {change}, more than {allowed} worse")
        }
        Guarded::Kept(_) => {
            format!("guardrail kept: {change}, not {allowed} worse")
        }
        Guarded::Undecided(_) => {
            format!("guardrail open: {change}; whether it is {allowed} worse cannot be said yet")
        }
        Guarded::NotMeasurable(why) => {
            format!(
                "guardrail open: whether {who} makes {what} {allowed} worse is not measurable: {why}"
            )
        }
    }
}

/// What a rule would have brought.
fn policy(body: &Body) -> Vec<String> {
    let (Some(of), Some(outcome)) = (&body.sums.policy, body.settings.outcomes.first()) else {
        return Vec::new();
    };
    let (rule, unit) = (&of.rule, body.settings.unit(*outcome));
    let first = match &of.value.doubly_robust {
        Effect::Measured(size) => {
            let (point, low, high) = (short(size.point), short(size.low), short(size.high));
            let control = body
                .sums
                .moments
                .first()
                .and_then(|arms| arms.first()?.mean(0));
            let control = control.map(short).unwrap_or_default();
            format!(
                "{rule} would have brought {point} ({low} to {high}) {unit}, the control brought {control}"
            )
        }
        Effect::NotMeasurable(why) => {
            format!("what {rule} would have brought is not measurable: {why}")
        }
    };
    let (alike, effective) = (of.as_drawn, of.value.effective_units.floor());
    let weighed = of.value.self_normalised.size().map(|size| {
        let point = short(size.point);
        format!(
            "by weights alone {point}; {alike} draws were as the rule, worth {effective} of its own"
        )
    });
    std::iter::once(first).chain(weighed).collect()
}

/// What rules would have brought by a product's own log, beside what it chose.
fn by_log(body: &Body) -> Vec<String> {
    let (Some(log), Some(outcome)) = (&body.sums.by_log, body.settings.outcomes.first()) else {
        return Vec::new();
    };
    let (who, unit) = (subject(body, ""), body.settings.unit(*outcome));
    let (drawn, chosen, fixed) = (log.drawn, log.chosen, log.fixed);
    let mut lines = vec![format!(
        "chance drew the arm of {drawn} customers at their first decision and left {chosen} to what {who} chose; of {fixed} others nothing could be drawn, and no rule is told"
    )];
    lines.extend(log.chosen_mean.map(|mean| {
        let mean = short(mean);
        format!("what {who} chose brought {mean} {unit}")
    }));
    for rule in &log.rules {
        let arm = &rule.arm;
        let value = match &rule.value {
            Valued::NotMeasurable(why) => Err(why),
            Valued::Measured(value) => match &value.doubly_robust {
                Effect::Measured(size) => Ok((size, value.effective_units.floor())),
                Effect::NotMeasurable(why) => Err(why),
            },
        };
        lines.push(match value {
            Ok((size, effective)) => {
                let (point, low, high) = (short(size.point), short(size.low), short(size.high));
                format!(
                    "{arm} for everybody would have brought {point} ({low} to {high}) {unit}, by draws worth {effective} of its own"
                )
            }
            Err(why) => {
                format!("what {arm} for everybody would have brought is not measurable: {why}")
            }
        });
        if let Effect::Measured(size) = &rule.choice_adds {
            let (point, low, high) = (signed(size.point), signed(size.low), signed(size.high));
            lines.push(format!(
                "what {who} chose adds {point} ({low} to {high}, 95 %, read once) to {arm} for everybody"
            ));
        }
    }
    if log.versions.len() < 2 {
        return lines;
    }
    for of in &log.versions {
        let version = of.version;
        if let Effect::Measured(size) = &of.adds {
            let (point, low, high) = (signed(size.point), signed(size.low), signed(size.high));
            lines.push(format!(
                "what version {version} chose adds {point} ({low} to {high}, 95 %, read once) to an arm by chance at its time"
            ));
        }
        if let Some(Effect::Measured(size)) = &of.more {
            let (point, low, high) = (signed(size.point), signed(size.low), signed(size.high));
            lines.push(format!(
                "that is {point} ({low} to {high}) beside the version before it, if arms by chance were worth the same to both"
            ));
        }
    }
    lines
}

/// Who gained by the first outcome.
fn in_groups(body: &Body) -> Vec<String> {
    let mut lines = Vec::new();
    let what = body.settings.outcomes.first().map_or("", |o| o.name());
    for read in body.in_groups() {
        let who = subject(body, read.arm);
        lines.extend(read.same.p_value().map(|p| {
            let told = if p <= body.settings.alpha {
                "differs between groups"
            } else {
                "is not told to differ between groups"
            };
            format!(
                "what {who} changes in {what} {told} (p-value {})",
                p_value(p)
            )
        }));
        lines.extend(read.groups.iter().map(|found| {
            let (group, customers) = (found.group, found.customers);
            match &found.effect {
                Effect::Measured(size) => {
                    let (low, high) = (signed(size.low), signed(size.high));
                    let point = signed(size.point);
                    format!("{group}: {who} adds {point} ({low} to {high}, all groups at once), on {customers} customers")
                }
                Effect::NotMeasurable(why) => {
                    format!("{group}: what {who} adds is not measurable: {why}")
                }
            }
        }));
    }
    lines
}

/// What changed: an arm of a trial, or a product.
fn subject(body: &Body, arm: &str) -> String {
    match body.settings.source() {
        Source::Trial { .. } => arm.to_owned(),
        Source::Product(product) => format!("product {product}"),
        Source::Versions(product) => format!("{arm} of {product}"),
        Source::Rule { rule, .. } => format!("rule \"{rule}\""),
    }
}

/// One sentence without a term of statistics.
fn in_words(body: &Body, found: &Finding) -> String {
    let (who, what) = (subject(body, &found.arm), found.outcome.name());
    let totals = found.total().zip(found.anyway());
    let Some(([point, low, high], anyway)) = totals else {
        return match &found.effect {
            Effect::NotMeasurable(why) => {
                format!("what {who} changes in {what} is not measurable: {why}")
            }
            Effect::Measured(_) => {
                format!("what {who} changes in {what} is not measurable")
            }
        };
    };
    let customers = found.customers;
    if !found.real {
        return format!(
            "whether {who} changes {what} cannot be told from chance yet: between {} and {} in all, on {customers} customers who would have brought {} anyway",
            signed(low),
            signed(high),
            short(anyway)
        );
    }
    let (more, from, to) = if point >= 0.0 {
        ("more", low, high)
    } else {
        ("less", -high, -low)
    };
    format!(
        "because of {who}, {customers} customers brought {} {more} {what} ({} to {}); {} would have come anyway: this is real",
        short(point.abs()),
        short(from),
        short(to),
        short(anyway)
    )
}

/// The numbers of one outcome or ratio of one arm.
fn figures(body: &Body, found: &Finding) -> Vec<String> {
    let (who, unit) = (subject(body, &found.arm), found.measure().unit());
    let days = body.settings.window_days;
    let (Some(mean), Some(size)) = (found.control_mean, found.effect.size()) else {
        // What decides has been said already.
        return match &found.effect {
            Effect::NotMeasurable(why) if !found.decides(&body.settings) => {
                vec![format!(
                    "what {who} changes in {unit} is not measurable: {why}"
                )]
            }
            Effect::NotMeasurable(_) | Effect::Measured(_) => Vec::new(),
        };
    };
    let control = body.sums.arms.first().map_or("", String::as_str);
    let mut lines = vec![
        format!("{unit} within {days} d: {} for {control}", short(mean)),
        effect(found, &who, size),
    ];
    if let Some([point, low, high]) = found.total() {
        lines.push(format!(
            "{} {} ({} to {}) in all, on {} customers",
            found.outcome.name(),
            signed(point),
            signed(low),
            signed(high),
            found.customers
        ));
    }
    let seen = found.detectable.map(|least| {
        let least = short(least);
        format!("so many customers show an effect of {least} {unit} four times of five")
    });
    lines.extend(seen);
    let saved = found.variance_saved.map(|share| {
        let (share, before) = (100.0 * share, body.settings.covariate_days);
        match (body.settings.adjust, &found.ratio) {
            (Adjust::Regression, None) => format!(
                "a regression on {KNOWN} things known of the {before} d before takes away {share:.0} % of the variance of {unit}"
            ),
            (Adjust::Cuped, _) | (Adjust::Regression, Some(_)) => {
                format!("the {before} d before take away {share:.0} % of the variance of {unit}")
            }
        }
    });
    lines.extend(saved);
    lines
}

/// The effect with both intervals, and whether it is real.
fn effect(found: &Finding, who: &str, size: &Size) -> String {
    let always = found.always.reading().map(|reading| {
        let (low, high) = (signed(reading.low), signed(reading.high));
        format!("; {low} to {high} at any time")
    });
    let relative = found.relative.size().map(|relative| {
        let share = 100.0 * relative.point;
        format!(", {share:+.1} %")
    });
    format!(
        "{who} adds {} ({} to {}, 95 %, read once{}){}, p-value {}: {}",
        signed(size.point),
        signed(size.low),
        signed(size.high),
        always.unwrap_or_default(),
        relative.unwrap_or_default(),
        p_value(size.p_value),
        if found.real {
            "real"
        } else {
            "not told from chance"
        }
    )
}

/// A change in per cent, with its sign.
fn percent(share: f64) -> String {
    format!("{:+.1} %", 100.0 * share)
}

/// A tolerance in per cent, without zeros that say nothing.
fn short_percent(share: f64) -> String {
    let text = format!("{:.2}", 100.0 * share);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// With its sign.
pub(super) fn signed(value: f64) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", short(value))
}

/// Three decimals are all that a p-value can promise.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}
