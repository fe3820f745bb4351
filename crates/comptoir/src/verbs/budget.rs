//! `comptoir budget`

use crate::context::Context;
use crate::print::{self, Table};
use anyhow::bail;
use factory::Workshop;
use factory::ledger::LEASE_SILENCE;
use products::{Pacing, Week};
use registry::{BudgetRecord, LeaseRecord, LimitRecord};
use schema::{Cents, LimitUnit};
use std::collections::{BTreeMap, BTreeSet};

/// Show what offers have promised of their budgets
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  comptoir budget                   limit, reserved, spent, free and leases of every product,
                                    and of each of its limits on some arms
  comptoir budget offers
  comptoir budget release 0198f3    free the lease of a process that is lost with its machine

Where the product says `pace = \"even\"` or `\"usual\"`, it also says what the plan would have promised
by now: ahead of it the price of the budget rises, so that only offers worth more go out, behind it
falls. A usual plan goes by the hours of the week as the champion has learnt them.

Processes promise from leases, parts of a budget that they take at once. The lease of a process
that died is settled by the next `comptoir serve` on its machine, from the decisions that it logged.
Where that machine is lost, the whole lease counts as spent until somebody releases it."
)]
pub(crate) struct Budget {
    /// The data product; all where absent
    product: Option<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Free what is left of a lease whose holder is lost
    #[command(after_help = "Example:
  comptoir budget release 0198f3    the lease that `comptoir budget` shows as stranded

What the lost process promised and nobody has written down is then promised a second time:
release a lease only when its decision log is lost for good.")]
    Release {
        /// The lease
        lease: String,
    },
}

/// Whether nothing was heard of the holder for so long that nobody promises from the lease any more.
fn is_stranded(lease: &LeaseRecord, now: jiff::Timestamp) -> bool {
    now.duration_since(lease.last_sign_at) >= LEASE_SILENCE
}

/// A budget with its limits, and where it stands beside its plan, where it has one.
#[derive(serde::Serialize)]
struct Planned<'a> {
    #[serde(flatten)]
    budget: &'a BudgetRecord,
    limits: Vec<Within<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pace: Option<Shares>,
}

/// A limit within a budget.
#[derive(serde::Serialize)]
struct Within<'a> {
    #[serde(flatten)]
    limit: &'a LimitRecord,
    /// The sites whose customers it counts, as the product's file says now; absent where it counts all.
    #[serde(skip_serializing_if = "Option::is_none")]
    sites: Option<BTreeSet<String>>,
    /// Its name, with these sites.
    #[serde(skip)]
    named: String,
}

/// Shares of the limit.
#[derive(serde::Serialize)]
struct Shares {
    promised: f64,
    planned: f64,
    /// What the plan goes by: `even`, also where too few orders tell what is `usual`.
    by: &'static str,
    /// By how much the plan multiplies the price of the budget now.
    price_factor: f64,
}

impl<'a> Planned<'a> {
    fn of(
        budget: &'a BudgetRecord,
        limits: &'a [LimitRecord],
        workshop: &Workshop,
        weeks: &BTreeMap<String, Week>,
        now: jiff::Timestamp,
    ) -> Self {
        let week = weeks.get(&budget.product);
        let pace = workshop.pace_of(budget, week, now);
        let product = workshop.project.product(&budget.product);
        let allowance = product.and_then(|product| product.allowance());
        let within = limits.iter().filter(|of| of.is_within(budget));
        let within = within.map(|limit| {
            let (allowance, name) = (allowance.as_ref(), limit.limit.as_str());
            Within {
                limit,
                sites: allowance.and_then(|of| of.sites_of(name).cloned()),
                named: allowance.map_or_else(|| name.to_owned(), |of| of.named(name)),
            }
        });
        Self {
            budget,
            limits: within.collect(),
            pace: pace.map(|pace| Shares {
                promised: pace.promised,
                planned: pace.plan,
                by: week.map_or(Pacing::Even, |_| Pacing::Usual).code(),
                price_factor: pace.factor(),
            }),
        }
    }

    /// In a sentence.
    fn told(&self) -> Option<String> {
        let BudgetRecord {
            product, period, ..
        } = self.budget;
        let Shares {
            promised,
            planned,
            by,
            price_factor,
        } = self.pace.as_ref()?;
        Some(format!(
            "{product}, {period}: promised {:.0} % of the budget, the {by} plan says {:.0} %; its price is {price_factor:.2} times the usual one",
            100.0 * promised,
            100.0 * planned
        ))
    }
}

/// A lease with whether its holder is lost.
#[derive(serde::Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    lease: &'a LeaseRecord,
    stranded: bool,
}

impl Budget {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let (registry, now) = (&workshop.registry, Context::now());
        if let Some(Action::Release { lease }) = &self.action {
            let released = registry.release_lease(lease, LEASE_SILENCE, now).await?;
            if context.json() {
                return print::json(&Shown {
                    lease: &released,
                    stranded: true,
                });
            }
            let LeaseRecord {
                id,
                product,
                period,
                left_cents,
                ..
            } = &released;
            return print::line(format!(
                "{left_cents} of lease {id} is free again: {product}, {period}"
            ));
        }
        let (mut budgets, mut leases) = (registry.budgets().await?, registry.open_leases().await?);
        if let Some(product) = &self.product {
            let known = workshop.project.product(product).is_some();
            if !known && !budgets.iter().any(|b| b.product == *product) {
                let names = workshop.project.product_names().join(", ");
                bail!("there is no data product {product:?}, allowed is {names}");
            }
            budgets.retain(|b| b.product == *product);
            leases.retain(|l| l.product == *product);
        }
        let limits = registry.budget_limits().await?;
        let weeks = usual_weeks(&workshop, &budgets).await;
        let planned = budgets
            .iter()
            .map(|b| Planned::of(b, &limits, &workshop, &weeks, now));
        let planned: Vec<Planned<'_>> = planned.collect();
        if context.json() {
            let shown = leases.iter().map(|lease| Shown {
                lease,
                stranded: is_stranded(lease, now),
            });
            let leases: Vec<Shown<'_>> = shown.collect();
            return print::json(&serde_json::json!({ "budgets": planned, "leases": leases }));
        }
        if budgets.is_empty() {
            return print::line("nothing was promised yet");
        }
        of_budgets(&planned).print()?;
        for told in planned.iter().filter_map(Planned::told) {
            print::line(told)?;
        }
        if leases.is_empty() {
            return Ok(());
        }
        print::line("")?;
        of_leases(&leases, now).print()
    }
}

/// What the champions know of usual hours, of products whose plan goes by them.
async fn usual_weeks(workshop: &Workshop, budgets: &[BudgetRecord]) -> BTreeMap<String, Week> {
    let mut weeks = BTreeMap::new();
    let products = workshop.project.products.iter();
    for product in products.filter(|p| p.allowance().is_some_and(|a| a.pacing == Pacing::Usual)) {
        let name = &product.header().name;
        if !budgets.iter().any(|budget| budget.product == *name) {
            continue;
        }
        match workshop.champion(product.as_ref()).await {
            Ok(Some((_, fitted))) => {
                let week = fitted.week().cloned();
                weeks.extend(week.map(|week| (name.clone(), week)));
            }
            Ok(None) => {}
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, product = name, "its usual hours are not known");
            }
        }
    }
    weeks
}

fn of_budgets(budgets: &[Planned<'_>]) -> Table {
    let mut table = Table::new([
        "product", "period", "limit", "reserved", "spent", "leased", "free", "expired", "excess",
    ]);
    for of in budgets {
        let b = of.budget;
        table.row([
            b.product.clone(),
            b.period.clone(),
            b.limit_cents.to_string(),
            b.reserved_cents.to_string(),
            b.spent_cents.to_string(),
            b.leased_cents.to_string(),
            b.free_cents.to_string(),
            b.expired_cents.to_string(),
            b.excess_cents.to_string(),
        ]);
        for Within {
            limit: l, named, ..
        } in &of.limits
        {
            let units = |units: i64| match l.counts {
                LimitUnit::Cents => Cents(units).to_string(),
                LimitUnit::Offers => format!("{units} offers"),
            };
            table.row([
                format!("  {named}"),
                b.period.clone(),
                units(l.allowed),
                units(l.reserved),
                units(l.spent),
                units(l.leased),
                units(l.free),
                units(l.expired),
                units(l.excess),
            ]);
        }
    }
    table
}

fn of_leases(leases: &[LeaseRecord], now: jiff::Timestamp) -> Table {
    let mut table = Table::new([
        "lease",
        "product",
        "period",
        "leased",
        "left",
        "last heard of",
        "holder",
        "",
    ]);
    for l in leases {
        table.row([
            l.id.clone(),
            l.product.clone(),
            l.period.clone(),
            l.cents.to_string(),
            l.left_cents.to_string(),
            l.last_sign_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            l.holder.clone(),
            if is_stranded(l, now) { "stranded" } else { "" }.to_owned(),
        ]);
    }
    table
}
