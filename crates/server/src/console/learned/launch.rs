//! What each layer of information about launches is worth, and what merchants' estimates are, the worst first.

use super::{list, number, shown, text};
use crate::api::merchants::worst_first;
use crate::charts::Locale;
use crate::console::format::{count, percent};
use crate::console::french;
use crate::console::merchant;
use crate::console::messages::Say;
use crate::console::page::{self, figures, words};
use maud::{Markup, html};
use serde_json::Value;

/// Merchants listed.
const LISTED: usize = 200;

pub(super) fn show(l: Locale, name: &str, page: &Value) -> Option<Markup> {
    let merchants = list(page, "merchants");
    let layers = list(page, "layers");
    if merchants.is_none() && layers.is_none() {
        return None;
    }
    Some(html! {
        @if let Some(layers) = layers { (of_layers(l, layers)) }
        @if let Some(merchants) = merchants { (of_merchants(l, name, merchants)) }
    })
}

fn of_layers(l: Locale, layers: &[Value]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::LaunchLayer)),
        figures(say(Say::LaunchScore)),
        figures(say(Say::LaunchLaunches)),
    ];
    let row = |layer: &Value| {
        vec![
            french::marked(l, text(layer, "layer")),
            shown(l, number(layer, "crps"), |score| l.number(score)),
            shown(l, number(layer, "launches"), |n| l.fixed(n, 0)),
        ]
    };
    let rows: Vec<_> = layers.iter().map(row).collect();
    html! {
        h3 { (say(Say::LaunchLayers)) }
        (page::grid(say(Say::LaunchLayers), &heads, &rows))
    }
}

fn of_merchants(l: Locale, name: &str, merchants: &[Value]) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Merchant)),
        figures(say(Say::MerchantSaved)),
        figures(say(Say::MerchantBias)),
        figures(say(Say::MerchantSpread)),
        figures(say(Say::MerchantHeld)),
        figures(say(Say::LaunchLaunches)),
    ];
    let all = worst_first(merchants);
    let row = |of: &&Value| {
        let id = text(of, "merchant");
        vec![
            html! { a href=(merchant::address(name, id)) { (id) } },
            shown(l, number(of, "saved"), |share| percent(l, share)),
            shown(l, number(of, "bias"), |factor| l.fixed(factor, 2)),
            shown(l, number(of, "spread"), |spread| l.fixed(spread, 2)),
            shown(l, number(of, "held"), |share| percent(l, share)),
            shown(l, number(of, "launches"), |n| l.fixed(n, 0)),
        ]
    };
    let rows: Vec<_> = all.iter().take(LISTED).map(row).collect();
    let more = all.len() - rows.len();
    html! {
        h3 #merchants { (say(Say::Merchants)) }
        p.small { (say(Say::MerchantsLead)) }
        (page::grid(say(Say::Merchants), &heads, &rows))
        @if more > 0 { p.small { (Say::AndMore.with(l, &[&count(l, more as u64)])) } }
    }
}
