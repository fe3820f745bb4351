//! Who and what a read-out counts, in sentences.

use super::cuts::Basis;
use super::fitted::Body;
use super::settings::Source;
use super::told::p_value;
use super::units::{Reached, day_of};
use measure::sequential::SampleRatio;
use schema::estimate::short;

/// What is cut, what errors count, whether the arms have their sizes, and who is left out.
pub(super) fn lines(body: &Body) -> Vec<String> {
    let mut lines: Vec<String> = cuts(body).collect();
    lines.extend(clusters(body));
    lines.push(sizes(body));
    lines.extend(asked_for(body));
    lines.extend(left_out(body));
    lines
}

/// Between which values outcomes were cut.
fn cuts(body: &Body) -> impl Iterator<Item = String> {
    let days = body.settings.window_days;
    body.sums.cuts.iter().map(move |cut| {
        let (low, high) = cut.bounds.bounds();
        let (what, customers) = (cut.outcome.unit(), cut.customers);
        let (low, high) = (short(low), short(high));
        match cut.basis {
            Basis::Before => format!(
                "{what} is cut to between {low} and {high}, as it was in the {days} d before: {customers} customers are beyond"
            ),
            Basis::Arms => format!(
                "{what} is cut to between {low} and {high}, as it is in all arms together: {customers} customers are beyond"
            ),
        }
    })
}

/// What errors count where customers were drawn together.
fn clusters(body: &Body) -> Option<String> {
    let (of_arms, key) = (
        body.sums.clusters.as_ref()?,
        body.settings.cluster.as_ref()?,
    );
    let counted = of_arms.iter().zip(&body.sums.arms);
    let counted: Vec<String> = counted.map(|(n, arm)| format!("{n} in {arm}")).collect();
    let counted = counted.join(", ");
    Some(format!(
        "errors count clusters by {key} and not customers: {counted}"
    ))
}

/// The shares of the customers that a version on trial was asked to answer.
fn asked_for(body: &Body) -> impl Iterator<Item = String> {
    let tried = body.sums.arms.last().map_or("", String::as_str);
    body.sums.asked_for.iter().map(move |of| {
        let (share, day) = (short(100.0 * of.share), day_of(of.since));
        format!("{tried} was asked to answer {share} % of the customers from {day} on; that day itself is not counted")
    })
}

/// Whether the arms have the sizes asked for.
fn sizes(body: &Body) -> String {
    match &body.reading.sample_ratio {
        SampleRatio::Holds { p_value: p } => {
            format!(
                "the arms have the sizes asked for (p-value {})",
                p_value(*p)
            )
        }
        SampleRatio::Broken {
            p_value: p,
            arm,
            found,
            expected,
        } => format!(
            "the arms do not have the sizes asked for: {} has {found} {}, expected {expected:.0} (p-value {}); nothing can be read until that is explained",
            body.sums.arms.get(*arm).map_or("", String::as_str),
            body.sums
                .clusters
                .as_ref()
                .map_or("customers", |_| "clusters"),
            p_value(*p)
        ),
        SampleRatio::NotMeasurable(why) => {
            format!("whether the arms have the sizes asked for is not measurable: {why}")
        }
    }
}

/// Who is not counted, and what a reader must know of those who are.
fn left_out(body: &Body) -> Vec<String> {
    let (sums, days) = (&body.sums, body.settings.window_days);
    let mut lines = Vec::new();
    if sums.unfinished > 0 {
        let recent = sums.unfinished;
        lines.push(format!(
            "{recent} customers are too recent: their {days} d are not over"
        ));
    }
    if sums.repeated > 0 {
        let repeated = sums.repeated;
        lines.push(format!(
            "{repeated} later draws of customers drawn before are not counted"
        ));
    }
    if sums.moved > 0 {
        let moved = sums.moved;
        lines.push(format!(
            "{moved} customers were drawn again later into another arm: they count in their first one, and what reached them is mixed"
        ));
    }
    lines.extend(sums.reached.iter().flat_map(reached_in_words));
    if sums.both > 0 {
        let both = sums.both;
        lines.push(match body.settings.source() {
            Source::Versions(_) => {
                format!("{both} customers answered by both versions are not counted")
            }
            Source::Rule { .. } => format!(
                "{both} customers to whom the rule was applied on some days and not on others are not counted"
            ),
            Source::Product(_) | Source::Trial { .. } => format!(
                "{both} customers decided for on some days and held out on others are not counted"
            ),
        });
    }
    if let Some([beside, tried]) = sums.rounds.as_deref() {
        let (beside, tried) = (short(*beside), short(*tried));
        let arm = |place: usize| sums.arms.get(place).map_or("", String::as_str);
        lines.push(match body.settings.source() {
            Source::Versions(_) => format!(
                "asked about on {tried} days per customer of {}, on {beside} of {}: where the two differ, being asked is part of what it changed",
                arm(1),
                arm(0)
            ),
            Source::Rule { .. } => format!(
                "covered on {tried} days per customer with the rule, on {beside} without: where the two differ, being covered is part of what it changed"
            ),
            Source::Product(_) | Source::Trial { .. } => format!(
                "asked about on {tried} days per customer where decided for, on {beside} where held out: where the two differ, being asked is part of what it changed"
            ),
        });
    }
    lines
}

/// What reached customers, beside what was drawn for them.
fn reached_in_words(reached: &Reached) -> Vec<String> {
    let Reached {
        treated,
        by_own_arm,
        bought_before,
        by_another_arm,
        before_the_draw,
    } = reached;
    let mut lines = vec![format!(
        "{by_own_arm} of {treated} customers were reached by their arm; those who were not are counted too"
    )];
    if *bought_before > 0 {
        lines.push(format!(
            "{bought_before} customers bought before their arm reached them: that is no work of it, and is counted on both sides"
        ));
    }
    if *by_another_arm > 0 {
        lines.push(format!(
            "{by_another_arm} customers were reached by another arm than theirs: the effect shown is smaller than that of being reached"
        ));
    }
    if *before_the_draw > 0 {
        lines.push(format!(
            "{before_the_draw} customers were reached by an arm before they were drawn: clocks are out of order, or it was not the draw that decided"
        ));
    }
    lines
}
