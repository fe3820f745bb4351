//! What is moved between sites, in words.

use super::plan::{Item, Plan};
use crate::answer::Reason;
use crate::reasons::reason;
use decisions::stock::transfer::{NotMore, Shipment, WhyAside};
use schema::estimate::short;
use serde_json::Value;

/// What comes from other sites, what goes there, and why not more comes.
pub(super) fn reasons(plan: &Plan, item: &Item) -> Vec<Reason> {
    let site = |place: u32| plan.sites[place as usize].clone();
    let mut reasons = received(plan, item);
    reasons.extend(sent(plan, item));
    reasons.extend(item.moves.aside.iter().map(|aside| {
        let of = &aside.shipment;
        let values = [
            ("units", of.units.into()),
            ("site", site(of.from).into()),
            ("saved", short(of.saved_cents).into()),
        ];
        match aside.why {
            WhyAside::SavesTooLittle => reason(
                "transfer_saves_little",
                "{units} sent from {site} would save {saved} cents: less than a transfer must",
                values,
            ),
            WhyAside::ShipmentCostsMore { saved_cents } => reason(
                "transfer_shipment",
                "{units} sent from {site} would save {saved} cents, and all that would be sent along {all}: less than a shipment costs",
                values.into_iter().chain([("all", short(saved_cents).into())]),
            ),
        }
    }));
    reasons.extend(item.moves.not_more.map(|why| match why {
        NotMore::NothingToSpare => reason(
            "transfer_none_to_spare",
            "no site that may send it has more to spare",
            [],
        ),
        NotMore::CostsMore {
            from,
            gain_cents,
            cost_cents,
        } => reason(
            "transfer_not_worth",
            "another one sent from {site} would save {gain} cents and cost {cost}",
            [
                ("site", site(from).into()),
                ("gain", short(gain_cents).into()),
                ("cost", short(cost_cents).into()),
            ],
        ),
    }));
    reasons
}

pub(super) fn received(plan: &Plan, item: &Item) -> Vec<Reason> {
    let each = item.moves.received.iter().map(|of| {
        reason(
            "receive_from",
            "{units} sent from {site} save {saved} cents beyond the {cost} that moving them costs: {missing} fewer asked for in vain, {wasted} fewer perish",
            shipment(of, &plan.sites[of.from as usize]),
        )
    });
    each.collect()
}

pub(super) fn sent(plan: &Plan, item: &Item) -> Vec<Reason> {
    let each = item.moves.sent.iter().map(|of| {
        reason(
            "send_to",
            "{units} sent to {site} save {saved} cents beyond the {cost} that moving them costs: {missing} fewer asked for in vain, {wasted} fewer perish",
            shipment(of, &plan.sites[of.to as usize]),
        )
    });
    each.collect()
}

/// The figures of a shipment, with the site at its other end.
fn shipment(of: &Shipment, site: &str) -> [(&'static str, Value); 6] {
    [
        ("units", of.units.into()),
        ("site", site.into()),
        ("saved", short(of.saved_cents).into()),
        ("cost", short(of.transport_cents).into()),
        ("missing", short(of.missing_saved).into()),
        ("wasted", short(of.wasted_saved).into()),
    ]
}
