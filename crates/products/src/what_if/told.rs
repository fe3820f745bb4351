//! An answer in sentences: what a manager can repeat first, then what it stands on, then what cannot be said.

use super::answer::{Amount, Answer, Basis, EffectPart, PulledBasis, Verdict};
use super::file::WhatIfFile;
use schema::Cents;
use schema::estimate::short;

/// The whole answer.
pub(super) fn lines(answer: &Answer, file: &WhatIfFile, total_error: Option<f64>) -> Vec<String> {
    let mut lines = vec![first(answer), customers(answer)];
    lines.extend(answer.effect.iter().map(|part| effect(answer, part)));
    lines.push(acts(answer));
    lines.extend(pulled_forward(answer));
    lines.extend(cost(answer, file));
    lines.extend(break_even(answer));
    lines.extend(unknown(answer, total_error));
    lines
}

fn range(of: &Amount) -> String {
    format!("{} to {}", of.low_cents, of.high_cents)
}

fn first(answer: &Answer) -> String {
    let (cost, kept, net) = (&answer.cost.total, &answer.kept, &answer.net);
    let (days, of) = (answer.horizon_days, kind(answer));
    let verdict = match answer.verdict {
        Verdict::Pays => format!("it pays {} ({})", net.expected_cents, range(net)),
        Verdict::DoesNotPay => format!("it does not pay: {} ({})", net.expected_cents, range(net)),
        Verdict::NotTold => format!(
            "whether it pays cannot be told: {} ({}), and in {:.0} % of the draws it does",
            net.expected_cents,
            range(net),
            100.0 * answer.pays_in_draws
        ),
    };
    format!(
        "It would cost {} and bring {} ({}) of {of} over {days} days: {verdict}.",
        cost.expected_cents,
        kept.expected_cents,
        range(kept)
    )
}

fn kind(answer: &Answer) -> &'static str {
    if answer.margin.is_some() {
        "margin"
    } else {
        "sales"
    }
}

fn customers(answer: &Answer) -> String {
    let who = &answer.customers;
    let clv = &answer.clv;
    let mut line = format!(
        "{} of {} customers: by version {} of {} they are worth {} ({}) over {} days, {} each",
        who.applies,
        who.known,
        answer.version,
        answer.product,
        clv.total.expected_cents,
        range(&clv.total),
        answer.horizon_days,
        clv.mean_cents
    );
    if who.left_out > 0 {
        line.push_str(&format!("; the condition leaves out {}", who.left_out));
    }
    line
}

/// Four significant digits, without zeros at the end.
fn figure(value: f64) -> String {
    let text = short(value);
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn percent(share: f64) -> String {
    format!("{} %", figure(100.0 * share))
}

/// A factor as a person calls it.
fn called(what: &str) -> &str {
    match what {
        "purchase_rate" => "how often they buy",
        "dropout" => "how soon they leave for good",
        "spend" => "what an order brings",
        other => other,
    }
}

fn effect(answer: &Answer, part: &EffectPart) -> String {
    let EffectPart {
        expected,
        low,
        high,
        ..
    } = part;
    let from = part.from.as_deref().unwrap_or_default();
    if part.what == "later" {
        let (expected, low, high) = (percent(*expected), percent(*low), percent(*high));
        return format!(
            "after the window {expected} ({low} to {high}) of what comes in one followed: measured"
        );
    }
    let (expected, low, high) = (figure(*expected), figure(*low), figure(*high));
    let basis = match part.basis {
        Basis::Assumed => "assumed, nobody has measured it".to_owned(),
        Basis::Measured => format!("measured, {from}"),
        Basis::Interpolated => format!("between two measured depths: {from}"),
    };
    let during = if answer.lasts_days < answer.horizon_days {
        " while it acts"
    } else {
        ""
    };
    let what = called(&part.what);
    format!("{what}{during}: times {expected} ({low} to {high}), {basis}")
}

fn acts(answer: &Answer) -> String {
    let (lasts, times) = (answer.lasts_days, answer.times);
    match answer.every_days {
        Some(every) => {
            format!(
                "it is given {times} times, every {every} days, and acts {lasts} days each time"
            )
        }
        None if lasts >= answer.horizon_days => format!("it acts all {lasts} days"),
        None => format!("it acts {lasts} days"),
    }
}

fn pulled_forward(answer: &Answer) -> Vec<String> {
    let of = &answer.pulled_forward;
    let change = &answer.change;
    let gross = format!(
        "sales change by {} ({})",
        change.expected_cents,
        range(change)
    );
    let taken = format!("{} ({})", of.amount.expected_cents, range(&of.amount));
    let share = of.share.map(|share| {
        let (expected, low, high) = (share.expected, share.low, share.high);
        format!(
            "{} ({} to {})",
            percent(expected),
            percent(low),
            percent(high)
        )
    });
    let share = share.unwrap_or_default();
    let line = match of.basis {
        PulledBasis::Measured if of.amount.expected_cents < Cents(0) => {
            format!(
                "{gross}; nothing of it was pulled forward: {taken} more came after the window, which is not taken off but added",
                taken = added(&of.amount)
            )
        }
        PulledBasis::Measured => format!(
            "{gross}, of which {taken} was pulled forward from the weeks after and is taken off: measured by the later window"
        ),
        PulledBasis::Assumed => format!(
            "{gross}, of which {taken} is pulled forward from the weeks after and is taken off: {share}, assumed"
        ),
        PulledBasis::ByDefault => format!(
            "{gross}, of which {taken} is pulled forward from the weeks after and is taken off: {share}, assumed since the file says nothing of `pulled_forward`; in supermarkets it is about a third"
        ),
        PulledBasis::Lasts => format!(
            "{gross}; nothing is taken off as pulled forward, since it lasts as long as is looked ahead and the file says nothing of `pulled_forward`"
        ),
    };
    vec![line]
}

/// What was added, with its interval the right way round.
fn added(of: &Amount) -> String {
    let [expected, low, high] = [of.expected_cents, of.high_cents, of.low_cents]
        .map(|cents| Cents(cents.0.saturating_neg()));
    format!("{expected} ({low} to {high})")
}

fn cost(answer: &Answer, file: &WhatIfFile) -> Vec<String> {
    let mut lines = Vec::new();
    let anyway = answer.cost.anyway_cents;
    if file.cost.per_order_cents > 0 || file.cost.share_of_spend > 0.0 {
        lines.push(format!(
            "{anyway} of the cost goes to what would have been bought anyway"
        ));
    }
    let (pays_for, all) = (answer.pays_for, answer.customers.applies);
    lines.push(format!(
        "it is expected to pay for {pays_for} of {all} customers"
    ));
    lines
}

fn break_even(answer: &Answer) -> Vec<String> {
    let of = &answer.break_even;
    let mut lines = vec![match of.of_effect {
        Some(0.0) => "it costs nothing, so that any gain pays".to_owned(),
        Some(strength) => {
            let each = of.factors.iter().filter(|(what, _)| *what != "later");
            let each: Vec<String> = each
                .map(|(what, factor)| format!("{} times {}", called(what), figure(*factor)))
                .collect();
            format!(
                "break-even: {} of that effect, {}",
                percent(strength),
                each.join(" and ")
            )
        }
        None => "break-even: no effect of this sort pays, however strong".to_owned(),
    }];
    lines.push(match of.per_customer_cents.and_then(Cents::nearest) {
        Some(most) => {
            format!("break-even: each giving may cost at most {most} per customer, all other costs as they are")
        }
        None => "break-even: it would not pay even if giving it cost nothing".to_owned(),
    });
    lines
}

/// What cannot be said, or must be known before the figures are believed.
fn unknown(answer: &Answer, total_error: Option<f64>) -> Vec<String> {
    let who = &answer.customers;
    let mut lines = Vec::new();
    if answer.margin.is_none() {
        lines.push(
            "sales count in full, as if the goods cost nothing: `margin` says what the shop keeps"
                .to_owned(),
        );
    }
    let measured = answer
        .effect
        .iter()
        .any(|part| part.basis != Basis::Assumed);
    if measured && answer.pulled_forward.basis != PulledBasis::Measured {
        lines.push(format!(
            "what it does after its window of {} days was never measured",
            answer.lasts_days
        ));
    }
    let from_chance = |part: &&EffectPart| {
        part.basis != Basis::Assumed && part.what != "later" && part.low <= 1.0 && part.high >= 1.0
    };
    if answer.effect.iter().any(|part| from_chance(&part)) {
        lines.push("that it changes anything is not told from chance".to_owned());
    }
    if measured && answer.times > 1 {
        lines.push("that it does the same each time was not measured".to_owned());
    }
    if who.bought_once > 0 {
        let once = who.bought_once;
        lines.push(format!(
            "{once} of these customers bought once: what they are worth is what such customers are on average"
        ));
    }
    if who.not_known > 0 {
        let not_known = who.not_known;
        lines.push(format!(
            "of {not_known} customers it is not known whether the condition holds: they are left out"
        ));
    }
    if who.without_value > 0 {
        let without = who.without_value;
        lines.push(format!(
            "{without} customers it applies to have no value and are in no figure"
        ));
    }
    lines.push(match total_error {
        Some(error) => format!(
            "on the days it was measured on the version missed all purchases by {} in total: that is not in the intervals, nor is the luck of single purchases",
            percent(error)
        ),
        None => "how far the version misses all purchases in total is not known and not in the intervals, nor is the luck of single purchases".to_owned(),
    });
    lines
}
