//! A proposal in words: figures with their reasons.

use super::lead_times::ToldBy;
use super::moved;
use super::plan::{Item, Plan, Unknown};
use super::settings::{GoalName, Settings};
use super::standing::STALE_DAYS;
use crate::answer::{Action, Reason};
use crate::demand::changed_by;
use crate::reasons::reason;
use decisions::stock::propose::{
    Asked, Contradiction, Cover, Goal, LineError, Outcome, Placed, Proposal, Stopped,
};
use schema::estimate::short;
use schema::{Estimate, Probability, WhyNot};

/// The action whose score is the units to order.
pub const ORDER: &str = "order";
/// How long what there is lasts with it.
pub(super) const COVER: &str = "cover";
/// How likely something is missing before the delivery after this one.
pub(super) const STOCK_OUT: &str = "stock_out";
/// How many units are not served until then.
pub(super) const LOST: &str = "lost";
/// What the order costs.
pub(super) const COST: &str = "cost";

/// How much other sites send it.
pub(super) const RECEIVE: &str = "receive";
/// How much it sends to other sites.
pub(super) const SEND: &str = "send";

/// One figure of an answer.
struct Figure {
    id: &'static str,
    unit: &'static str,
    estimate: Estimate,
    reasons: Vec<Reason>,
}

/// What is proposed of one line.
pub(super) fn actions(plan: &Plan, place: usize, settings: &Settings, today: i32) -> Vec<Action> {
    let item = &plan.items[place];
    let mut reasons = standing(item, today);
    let figures = match &plan.proposals.outcomes[place] {
        Outcome::Refused(error) => {
            reasons.push(refused(*error));
            vec![Figure {
                id: ORDER,
                unit: "units",
                estimate: Estimate::NotMeasurable(WhyNot::DoesNotApply {
                    because: why_refused(*error),
                }),
                reasons,
            }]
        }
        Outcome::Proposed(proposal) => {
            reasons.push(needed(item));
            reasons.extend(item.lead_by.map(|by| lead_time(item, by)));
            let changes = item.changes.iter();
            reasons.extend(changes.map(|(of, more)| changed_by(of, *more, "units")));
            reasons.extend(moved::reasons(plan, item));
            reasons.extend(asked(item, proposal.asked, settings));
            reasons.extend(stopped(plan, item, proposal));
            reasons.extend(ordered_already(plan, item, settings));
            reasons.extend(binding(proposal));
            figures(plan, item, proposal, reasons)
        }
    };
    figures
        .into_iter()
        .zip(1u32..)
        .map(|(figure, position)| Action {
            position,
            id: figure.id.to_owned(),
            label: None,
            score: figure.estimate.point(),
            estimate: Some(figure.estimate),
            unit: figure.unit.into(),
            propensity: Probability::ONE,
            reasons: figure.reasons.into(),
        })
        .collect()
}

fn figures(plan: &Plan, item: &Item, proposal: &Proposal, reasons: Vec<Reason>) -> Vec<Figure> {
    let plain = |id, unit, value: f64| Figure {
        id,
        unit,
        estimate: Estimate::Exact(value),
        reasons: vec![needed(item)],
    };
    let cover = match proposal.cover {
        Cover::Days(days) => Estimate::Exact(days),
        Cover::NoDemand => Estimate::NotMeasurable(WhyNot::DoesNotApply {
            because: "nothing is expected to be asked for".to_owned(),
        }),
    };
    let mut figures = vec![
        Figure {
            reasons,
            ..plain(ORDER, "units", proposal.quantity_units as f64)
        },
        Figure {
            estimate: cover,
            ..plain(COVER, "days", 0.0)
        },
        plain(STOCK_OUT, "probability", proposal.stockout_probability),
        plain(LOST, "units", proposal.expected_lost_units),
    ];
    for (id, units, shipments) in [
        (
            RECEIVE,
            item.moves.units_received(),
            moved::received(plan, item),
        ),
        (SEND, item.moves.units_sent(), moved::sent(plan, item)),
    ] {
        if units > 0 {
            figures.push(Figure {
                reasons: shipments,
                ..plain(id, "units", units as f64)
            });
        }
    }
    if let Some(cents) = item.unit_cost_cents {
        figures.push(Figure {
            reasons: vec![reason(
                "unit_cost",
                "one unit costs {cents} cents",
                [("cents", cents.into())],
            )],
            ..plain(COST, "cents", proposal.cost.0 as f64)
        });
    }
    figures
}

/// What there is.
fn standing(item: &Item, today: i32) -> Vec<Reason> {
    let standing = item.standing.as_ref();
    let Some((day, on_hand)) = standing.and_then(|s| s.on_hand) else {
        return Vec::new();
    };
    let mut reasons = vec![reason(
        "stock_position",
        "{on_hand} on hand, {on_order} on the way",
        [
            ("on_hand", on_hand.into()),
            ("on_order", item.on_order.into()),
        ],
    )];
    let told = standing.and_then(|s| s.told).unwrap_or(day);
    let old = today - 1 - told;
    if old >= STALE_DAYS {
        reasons.push(reason(
            "stock_level_old",
            "the last stock level of the site is {days} days old",
            [("days", old.into())],
        ));
    }
    reasons
}

/// What it has to last for.
fn needed(item: &Item) -> Reason {
    reason(
        "needed",
        "{expected} expected to be asked for in the {days} days until the delivery after this one",
        [
            ("expected", short(item.expected).into()),
            ("days", short(item.protection_days).into()),
        ],
    )
}

/// How long an order takes, and what says so.
fn lead_time(item: &Item, by: ToldBy) -> Reason {
    let days = short(item.lead_days.unwrap_or_default());
    let supplier = item.supplier.clone().unwrap_or_default();
    match by {
        ToldBy::Receipts(receipts) => reason(
            "lead_time_by_receipts",
            "an order takes {days} days by {receipts} receipts of {supplier}",
            [
                ("days", days.into()),
                ("receipts", receipts.into()),
                ("supplier", supplier.into()),
            ],
        ),
        ToldBy::Terms => reason(
            "lead_time_by_terms",
            "an order takes {days} days by the terms of {supplier}",
            [("days", days.into()), ("supplier", supplier.into())],
        ),
        ToldBy::Settings => reason(
            "lead_time_by_settings",
            "an order is taken to take {days} days, as the settings say: neither receipts nor terms tell it",
            [("days", days.into())],
        ),
    }
}

/// What is gone of the budget of its supplier.
fn ordered_already(plan: &Plan, item: &Item, settings: &Settings) -> Vec<Reason> {
    let Some(supplier) = &item.supplier else {
        return Vec::new();
    };
    let at = plan.suppliers.binary_search(supplier);
    let Some(budget) = at.ok().and_then(|at| plan.budgets[at]) else {
        return Vec::new();
    };
    let used = (budget.used.0 > 0).then(|| {
        reason(
            "budget_used",
            "{used} of the {budget} cents that may be ordered of {supplier} in {days} days are ordered already",
            [
                ("used", budget.used.0.into()),
                ("budget", budget.all.0.into()),
                ("supplier", supplier.clone().into()),
                ("days", settings.budget_days.into()),
            ],
        )
    });
    let unknown = (budget.unknown > 0).then(|| {
        reason(
            "budget_cost_unknown",
            "{lines} lines ordered of {supplier} in {days} days have no cost that is known and are not counted in its budget",
            [
                ("lines", budget.unknown.into()),
                ("supplier", supplier.clone().into()),
                ("days", settings.budget_days.into()),
            ],
        )
    });
    used.into_iter().chain(unknown).collect()
}

/// What asked for it.
fn asked(item: &Item, asked: Asked, settings: &Settings) -> Option<Reason> {
    let service = || short(100.0 * item.service);
    if let (Asked::Goal, Some(of)) = (asked, item.min_max) {
        return Some(reason(
            "for_order_cost",
            "an order of it costs {cost} cents: once it is placed it brings up to {level}",
            [
                ("cost", short(of.order_cents).into()),
                ("level", of.level.into()),
            ],
        ));
    }
    Some(match asked {
        Asked::Nothing => return None,
        Asked::Goal => match settings.goal {
            GoalName::Cost => reason(
                "for_cost",
                "so much has the least expected cost of missing, kept and perished units",
                [],
            ),
            GoalName::ShopService => reason(
                "for_shop_service",
                "so much brings the shop to {service} % of all that is asked for with the least stock: one missing here counts {cents} cents",
                [
                    ("service", service().into()),
                    ("cents", short(counts(item)).into()),
                ],
            ),
            GoalName::CycleService => reason(
                "for_cycle_service",
                "so much is needed for nothing to be missing with {service} %",
                [("service", service().into())],
            ),
            GoalName::FillRate => reason(
                "for_fill_rate",
                "so much is needed to serve {service} % of demand",
                [("service", service().into())],
            ),
        },
        Asked::Presentation => reason("for_presentation", "the shelf must show so many", []),
        Asked::MinimumOfLine => reason("for_minimum_units", "fewer cannot be ordered", []),
        Asked::MinimumOfOrder => reason(
            "for_minimum_order",
            "ordered to reach what the supplier delivers at least",
            [],
        ),
    })
}

/// What one missing unit counts, in cents.
fn counts(item: &Item) -> f64 {
    match item.goal {
        Goal::Cost { missing_cents } | Goal::UpTo { missing_cents, .. } => missing_cents,
        Goal::CycleService(_) | Goal::FillRate(_) => item.missing_cents.unwrap_or(0.0),
    }
}

/// Why not more.
fn stopped(plan: &Plan, item: &Item, proposal: &Proposal) -> Option<Reason> {
    if let Some(unknown) = item.unknown {
        return Some(not_known(unknown));
    }
    if let Some(days) = item.orders_in {
        return Some(reason(
            "not_today",
            "it can be ordered again in {days} days",
            [("days", days.into())],
        ));
    }
    if let Some(of) = item.min_max.filter(|of| !of.due) {
        return Some(reason(
            "order_waits",
            "an order of it costs {cost} cents: it waits until no more than {point} are there or on the way",
            [
                ("cost", short(of.order_cents).into()),
                ("point", of.point.into()),
            ],
        ));
    }
    Some(match proposal.stopped {
        Stopped::Enough { next_pack_cents } => reason(
            "enough",
            "another pack would be worth {cents} cents",
            [("cents", short(next_pack_cents).into())],
        ),
        Stopped::LineCapacity => reason("no_room", "there is no room for another pack of it", []),
        Stopped::ShelfLife => reason(
            "would_perish",
            "another pack would hardly sell before it perishes",
            [],
        ),
        Stopped::SiteCapacity => reason(
            "site_full",
            "the room at the site is worth more with other products",
            [],
        ),
        Stopped::Budget => reason(
            "no_budget",
            "the budget of the supplier is worth more with other products",
            [],
        ),
        Stopped::PackAboveYearlyDemand { yearly_units } => reason(
            "pack_above_year",
            "a pack is more than a year sells: {units}",
            [("units", short(yearly_units).into())],
        ),
        Stopped::OrderNotPlaced => not_placed(plan, item),
        Stopped::Contradiction(contradiction) => contradicted(contradiction),
    })
}

fn not_known(unknown: Unknown) -> Reason {
    match unknown {
        Unknown::Margin => reason(
            "margin_unknown",
            "nothing is ordered by cost of what costs or brings nobody knows how much",
            [],
        ),
        Unknown::Cost => reason(
            "cost_unknown",
            "nothing is ordered out of a budget of what costs nobody knows how much",
            [],
        ),
        Unknown::BeyondHorizon => reason(
            "beyond_horizon",
            "what is ordered now would have to last beyond the days that are forecast",
            [],
        ),
    }
}

/// Why the supplier gets no order.
fn not_placed(plan: &Plan, item: &Item) -> Reason {
    let supplier = item.supplier.clone().unwrap_or_default();
    let at = plan.suppliers.binary_search(&supplier);
    let placed = at.ok().map(|at| plan.proposals.orders[at].placed);
    match placed {
        Some(Placed::BelowMinimum {
            wanted_cost,
            loss_cents,
            ..
        }) => reason(
            "below_minimum_order",
            "what is wanted of {supplier} costs {wanted} cents, and reaching its minimum order would cost {loss} cents more than waiting",
            [
                ("supplier", supplier.into()),
                ("wanted", wanted_cost.0.into()),
                ("loss", short(loss_cents).into()),
            ],
        ),
        Some(Placed::MinimumAboveWhatFits { reachable_cost, .. }) => reason(
            "minimum_order_too_large",
            "the minimum order of {supplier} cannot be reached: no more than {reachable} cents fit",
            [
                ("supplier", supplier.into()),
                ("reachable", reachable_cost.0.into()),
            ],
        ),
        Some(Placed::AsWanted | Placed::Raised { .. } | Placed::NothingWanted) | None => reason(
            "order_not_placed",
            "nothing is ordered of {supplier}",
            [("supplier", supplier.into())],
        ),
    }
}

fn contradicted(contradiction: Contradiction) -> Reason {
    match contradiction {
        Contradiction::PresentationAboveCapacity {
            presentation_units,
            capacity_units,
        } => reason(
            "presentation_above_capacity",
            "the shelf must show {presentation}, and there is room for {capacity}: nothing is ordered",
            [
                ("presentation", presentation_units.into()),
                ("capacity", capacity_units.into()),
            ],
        ),
        Contradiction::MinimumAboveCapacity {
            minimum_units,
            capacity_units,
        } => reason(
            "minimum_above_capacity",
            "no fewer than {minimum} can be ordered, and there is room for {capacity}: nothing is ordered",
            [
                ("minimum", minimum_units.into()),
                ("capacity", capacity_units.into()),
            ],
        ),
        Contradiction::MinimumAboveShelfLife {
            minimum_units,
            sells_units,
        } => reason(
            "minimum_above_shelf_life",
            "no fewer than {minimum} can be ordered, and {sells} sell before they perish: nothing is ordered",
            [
                ("minimum", minimum_units.into()),
                ("sells", sells_units.into()),
            ],
        ),
    }
}

/// What one more unit of what binds would be worth.
fn binding(proposal: &Proposal) -> Vec<Reason> {
    let binding = &proposal.binding;
    let worth = |price: Option<f64>| {
        let price = price.filter(|price| *price > 0.0)?;
        Some([("cents", short(price).into())])
    };
    let room = worth(binding.line_capacity).map(|cents| {
        reason(
            "worth_of_room",
            "room for one more unit of it would be worth {cents} cents",
            cents,
        )
    });
    let shelf_life = worth(binding.shelf_life).map(|cents| {
        reason(
            "worth_of_shelf_life",
            "one more unit that sells in time would be worth {cents} cents",
            cents,
        )
    });
    let site = worth(binding.site_capacity).map(|cents| {
        reason(
            "worth_of_site",
            "room for one more unit at the site would be worth {cents} cents",
            cents,
        )
    });
    let budget = worth(binding.budget).map(|cents| {
        reason(
            "worth_of_budget",
            "one more cent of budget would be worth {cents} cents",
            cents,
        )
    });
    [room, shelf_life, site, budget]
        .into_iter()
        .flatten()
        .collect()
}

fn refused(error: LineError) -> Reason {
    match error {
        LineError::UnknownLeadTime => reason(
            "lead_time_unknown",
            "nobody knows how long an order takes to arrive",
            [],
        ),
        LineError::UnknownStock => reason("stock_unknown", "nobody knows how much there is", []),
        LineError::Demand(_)
        | LineError::NegativeStock { .. }
        | LineError::TooMany { .. }
        | LineError::EmptyPack
        | LineError::Level { .. }
        | LineError::Amount { .. }
        | LineError::UnknownUntilArrival
        | LineError::NoSuchLimit { .. } => reason(
            "not_readable",
            "what is known of it contradicts itself: {why}",
            [("why", why_refused(error).into())],
        ),
    }
}

/// The whole of an error in one line.
fn why_refused(error: LineError) -> String {
    let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}
