//! What offers have promised of a product's budget, beside its plan.

use super::format::Currency;
use super::messages::Say;
use super::page::{self, figures, words};
use crate::charts::Locale;
use crate::live::Slot;
use crate::problem::Problem;
use crate::state::AppState;
use jiff::Timestamp;
use maud::{Markup, html};
use products::{Allowance, Pacing, Week};
use registry::{BudgetRecord, LimitRecord};
use schema::{Cents, LimitUnit};

/// Periods shown, the latest first.
const PERIODS: usize = 12;

/// Nothing for a product without a ledger that has promised nothing.
pub(super) async fn show(
    state: &AppState,
    l: Locale,
    currency: &Currency,
    name: &str,
) -> Result<Option<Markup>, Problem> {
    let project = &state.workshop.project;
    let counts = project
        .product(name)
        .and_then(|product| product.allowance());
    let budgets = state.workshop.registry.budgets().await;
    let mut budgets = budgets.map_err(|e| Problem::internal("read the registry", &e))?;
    budgets.retain(|budget| budget.product == name);
    if budgets.is_empty() && counts.is_none() {
        return Ok(None);
    }
    let limits = state.workshop.registry.budget_limits().await;
    let limits = limits.map_err(|e| Problem::internal("read the registry", &e))?;
    budgets.sort_by(|one, other| other.period.cmp(&one.period));
    budgets.truncate(PERIODS);
    let now = Timestamp::now();
    let live = state.live.slots.get(name).and_then(Slot::answering);
    let week = live.as_ref().and_then(|live| live.serving.week());
    let planned = budgets
        .iter()
        .filter_map(|budget| beside_plan(state, l, budget, week, now));
    let planned: Vec<String> = planned.collect();
    Ok(Some(html! {
        p { (Say::BudgetLead.text(l)) }
        @if budgets.is_empty() { p { (Say::NothingPromised.text(l)) } } @else { (table(l, currency, &budgets, &limits, counts.as_ref())) }
        @for told in &planned { p { (told) } }
    }))
}

/// Budgets, each with its limits on some arms below it.
///
/// - `allowance`: what the product's file says of them now.
fn table(
    l: Locale,
    currency: &Currency,
    budgets: &[BudgetRecord],
    limits: &[LimitRecord],
    allowance: Option<&Allowance>,
) -> Markup {
    let say = |s: Say| s.text(l);
    let heads = [
        words(say(Say::Period)),
        figures(say(Say::Budget)),
        figures(say(Say::PromisedNow)),
        figures(say(Say::Redeemed)),
        figures(say(Say::HeldByServers)),
        figures(say(Say::StillFree)),
    ];
    let amount = |cents: Cents| html! { (currency.amount(l, cents.0)) };
    let row = |b: &BudgetRecord| {
        vec![
            html! { (b.period) },
            amount(b.limit_cents),
            amount(b.reserved_cents),
            amount(b.spent_cents),
            amount(b.leased_cents),
            amount(b.free_cents),
        ]
    };
    let of_limit = |limit: &LimitRecord| {
        let units = |units: i64| match limit.counts {
            LimitUnit::Cents => amount(Cents(units)),
            LimitUnit::Offers => {
                html! { (Say::SoManyOffers.with(l, &[&l.fixed(units as f64, 0)])) }
            }
        };
        vec![
            html! { (allowance.map_or_else(|| limit.limit.clone(), |of| of.named(&limit.limit))) },
            units(limit.allowed),
            units(limit.reserved),
            units(limit.spent),
            units(limit.leased),
            units(limit.free),
        ]
    };
    let rows = budgets.iter().flat_map(|budget| {
        let within = limits.iter().filter(|limit| limit.is_within(budget));
        std::iter::once(row(budget)).chain(within.map(of_limit))
    });
    let rows: Vec<Vec<Markup>> = rows.collect();
    page::grid(say(Say::Budget), &heads, &rows)
}

/// Where the budget of the period that runs now stands; `None` where it has no plan.
fn beside_plan(
    state: &AppState,
    l: Locale,
    budget: &BudgetRecord,
    week: Option<&Week>,
    now: Timestamp,
) -> Option<String> {
    let pace = state.workshop.pace_of(budget, week, now)?;
    let percent = |share: f64| super::format::percent(l, share);
    let product = state.workshop.project.product(&budget.product)?;
    let by_hours = week.is_some() && product.allowance()?.pacing == Pacing::Usual;
    let say = if by_hours {
        Say::BesideUsualPlan
    } else {
        Say::BesidePlan
    };
    Some(say.with(
        l,
        &[
            &budget.period,
            &percent(pace.promised),
            &percent(pace.plan),
            &l.fixed(pace.factor(), 2),
        ],
    ))
}
