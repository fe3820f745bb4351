//! What was made of a proposed order, and the buttons by which a person says it.

use super::proposals::Proposal;
use crate::api::orders::Sent;
use crate::charts::Locale;
use crate::console::format::moment;
use crate::console::messages::Say;
use crate::console::page::{self, Tone};
use crate::console::visit::Visit;
use crate::problem::Problem;
use lake::log::{OrderAnswer, OrderAnswerRecord};
use maud::{Markup, html};
use schema::ProductId;
use std::collections::BTreeMap;

/// The page that takes answers.
const ADDRESS: &str = "/orders/answer";

/// What was made of it, by whom, and why.
pub(super) fn state(l: Locale, record: &OrderAnswerRecord) -> Markup {
    let number = |units: u32| l.fixed(f64::from(units), 0);
    let (tone, told) = match record.answer {
        OrderAnswer::Accepted => (Tone::Good, Say::OrdersAccepted.text(l).to_owned()),
        OrderAnswer::Changed => (
            Tone::Warn,
            Say::OrdersChanged.with(l, &[&number(record.ordered_units)]),
        ),
        OrderAnswer::Refused => (Tone::Bad, Say::OrdersRefused.text(l).to_owned()),
    };
    html! {
        div { (page::badge(tone, &told)) }
        div.small { (record.author) ", " (moment(record.made_at)) }
        div.small { (Say::OrdersProposed.with(l, &[&number(record.proposed_units)])) }
        @if let Some(reason) = &record.reason { div.small { (reason) } }
    }
}

/// The buttons of one proposal.
///
/// Each has an identifier of its own, so that a form that is sent twice is one answer, and names what its reader saw.
pub(super) fn buttons(visit: &Visit, name: &str, proposal: &Proposal, units: u32) -> Markup {
    let l = visit.locale;
    let say = |s: Say| s.text(l);
    let hidden = |answer: OrderAnswer| {
        let id = uuid::Uuid::now_v7().simple();
        html! {
            input type="hidden" name="product_id" value=(proposal.product);
            input type="hidden" name="site_id" value=(proposal.site);
            input type="hidden" name="proposed_units" value=(units);
            input type="hidden" name="answer" value=(answer.name());
            input type="hidden" name="answer_id" value=(id);
        }
    };
    let action = visit.address_at(ADDRESS, "product", name);
    let why = html! { label { span { (say(Say::Why)) } input name="reason" maxlength="200" autocomplete="off"; } };
    html! {
        form.row method="post" action=(action) { (hidden(OrderAnswer::Accepted)) button { (say(Say::OrdersAccept)) } }
        details { summary { (say(Say::OrdersChange)) }
            form.row method="post" action=(action) {
                (hidden(OrderAnswer::Changed))
                label { span { (say(Say::OrdersUnits)) }
                    input name="ordered_units" type="number" min="0" max=(u32::MAX) inputmode="numeric" required value=(units);
                }
                (why)
                button { (say(Say::OrdersChange)) }
            }
        }
        details { summary { (say(Say::OrdersRefuse)) }
            form.row method="post" action=(action) { (hidden(OrderAnswer::Refused)) (why) button { (say(Say::OrdersRefuse)) } }
        }
    }
}

/// By what name the visitor answers, and where it can be said.
pub(super) fn name_of_visitor(visit: &Visit) -> Markup {
    let l = visit.locale;
    let key = visit.key.as_deref();
    let named = match (visit.who.as_deref(), key) {
        (Some(who), Some(key)) if who != key => Some(format!("{who}, key {key}")),
        (who, key) => key.or(who).map(str::to_owned),
    };
    html! {
        @match &named {
            Some(named) => p { (Say::OrdersYou.with(l, &[named])) },
            None => p.problem role="status" { (Say::OrdersNameFirst.text(l)) },
        }
        form method="get" action="/orders" {
            @for (name, value) in visit.kept() { input type="hidden" name=(name) value=(value); }
            label { span { (Say::OrdersWho.text(l)) }
                input name="who" required maxlength="80" autocomplete="name" value=(visit.who.as_deref().unwrap_or_default());
            }
            button { (Say::OrdersKeepName.text(l)) }
        }
    }
}

/// Whether the visitor can answer: somebody must be named.
pub(super) fn has_name(visit: &Visit) -> bool {
    visit.key.is_some() || visit.who.is_some()
}

/// The answer that a form holds.
pub(super) fn sent(visit: &Visit, fields: &BTreeMap<String, String>) -> Result<Sent, Problem> {
    let text = |name: &str| {
        let value = fields.get(name).map(|value| value.trim());
        value.filter(|value| !value.is_empty())
    };
    let needed = |name: &'static str| {
        text(name).ok_or_else(|| Problem::invalid(format!("`{name}` is missing")).field(name))
    };
    let units = |name: &'static str| {
        let wrong = |value: &str| {
            let allowed = u32::MAX;
            Problem::invalid(format!("`{name}` is {value:?}, allowed is 0 to {allowed}"))
                .field(name)
        };
        let units = text(name).map(|value| value.parse().map_err(|_| wrong(value)));
        units.transpose()
    };
    let answer = needed("answer")?;
    let words = OrderAnswer::ALL.map(OrderAnswer::name);
    let unknown = || {
        let allowed = words.join(", ");
        Problem::invalid(format!("`answer` is {answer:?}, allowed is {allowed}")).field("answer")
    };
    let answer = OrderAnswer::ALL.into_iter().find(|a| a.name() == answer);
    let product = ProductId::new(needed("product_id")?)
        .map_err(|e| Problem::invalid(e.to_string()).field("product_id"))?;
    Ok(Sent {
        product_id: product,
        site_id: needed("site_id")?.to_owned(),
        answer: answer.ok_or_else(unknown)?,
        ordered_units: units("ordered_units")?,
        proposed_units: units("proposed_units")?,
        reason: text("reason").map(str::to_owned),
        answer_id: text("answer_id").map(str::to_owned),
        who: visit.who.clone().unwrap_or_default(),
    })
}
