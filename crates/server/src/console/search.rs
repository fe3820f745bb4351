//! The last search of a product's settings.

use super::estimates::{self, Written};
use super::format::{count, moment};
use super::french;
use super::messages::Say;
use super::page::{self, Tone};
use crate::charts::Locale;
use factory::search::Found;
use maud::{Markup, html};
use registry::SearchRecord;

/// What the last search found; nothing where another program wrote something else.
pub(super) fn show(l: Locale, record: &SearchRecord) -> Option<Markup> {
    let found: Found = serde_json::from_value(record.found.clone()).ok()?;
    let say = |s: Say| s.text(l);
    let (tone, verdict) = match (&found.best, found.surely_better) {
        (None, _) => (Tone::Quiet, Say::SearchNothing),
        (Some(_), true) => (Tone::Good, Say::SearchSure),
        (Some(_), false) => (Tone::Warn, Say::SearchNotSure),
    };
    let drawn = count(l, found.plan.drawn as u64);
    let compared = count(l, found.compared.len() as u64);
    let name = &found.plan.product;
    Some(html! {
        p { (page::badge(tone, say(verdict))) " " (Say::SearchDrawn.with(l, &[&drawn])) " (" (moment(record.ended_at)) ")" }
        @if let Some(gain) = &found.gain {
            p {
                (french::marked(l, &found.measure.name))
                @if !found.measure.scope.is_empty() { ", " (french::placement(l, &found.measure.scope)) }
                (l.colon()) (estimates::estimate(l, gain, Written::Plain))
                " " (Say::SearchCompared.with(l, &[&compared]))
            }
        }
        @if let Some(best) = &found.best {
            pre.command { code { (best.toml.trim_end()) } }
        }
        (page::command(say(Say::SearchAgain), &format!("comptoir search {name} --write")))
    })
}
