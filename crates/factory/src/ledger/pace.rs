//! Where the promises of a period stand beside their plan. What is promised is read from the registry once a second, so
//! that all processes ask nearly the same price; the leases keep the budget whatever that price is.

use super::tend::{Away, within};
use super::{Ledger, Paced, is_past};
use crate::run::one_line;
use crate::workshop::Workshop;
use jiff::{SignedDuration, Timestamp};
use products::{Allowance, Pace, Product, Week};
use registry::BudgetRecord;

/// Between two looks at what all processes have promised.
const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// What counts as promised: what is reserved, and what was redeemed of it.
fn promised(budget: Option<&BudgetRecord>) -> i64 {
    budget.map_or(0, |b| b.reserved_cents.0 + b.spent_cents.0)
}

fn pace(
    allowance: &Allowance,
    promised: i64,
    span: (Timestamp, Timestamp),
    week: Option<&Week>,
    now: Timestamp,
) -> Pace {
    Pace {
        promised: promised as f64 / allowance.limit.0.max(1) as f64,
        plan: allowance.plan(span, week, now),
    }
}

impl Ledger {
    /// Where the budget of a product stands beside its plan. `None` where there is no plan, or where the registry has not
    /// told yet what is promised: in the first moments of a process and of a period.
    ///
    /// While the registry is away it is what was promised at the last look, and what this process has promised since.
    ///
    /// - `week`: what the version that answers knows of usual hours.
    #[must_use]
    pub fn pace(&self, product: &str, week: Option<&Week>, now: Timestamp) -> Option<Pace> {
        let allowance = self.allowances.get(product)?;
        let state = self.state.lock();
        let paced = state.paced.get(product)?;
        let (starts, ends) = paced.span;
        let is_its_time = (starts..ends).contains(&now);
        is_its_time.then(|| pace(allowance, paced.promised, paced.span, week, now))
    }

    /// Reads what is promised of budgets that are spread over their period, where that is due. Whether the registry was
    /// asked.
    pub(super) async fn look_at_pace(&self, now: Timestamp) -> Result<bool, Away> {
        let mut asked = false;
        for (product, allowance) in &self.allowances {
            let Some(span) = allowance.paced_span(now, &self.time_zone) else {
                continue;
            };
            let is_new =
                |paced: &Paced| paced.span == span && !is_past(paced.read_at, LOOK_EVERY, now);
            if self.state.lock().paced.get(product).is_some_and(is_new) {
                continue;
            }
            // Periods that have a plan do not depend on the version.
            let period = allowance.period.name_at(now, &self.time_zone, 0);
            let budget = within(self.registry.budget(product, &period)).await??;
            asked = true;
            let mut state = self.state.lock();
            // What this process has promised and not written down is not in the registry.
            let accounts = state.accounts.get(product).into_iter().flatten();
            let accounts = accounts.filter(|(part, _)| part.period == period);
            let waiting = accounts.filter_map(|(_, of)| state.promised.get(&of.lease));
            let waiting = waiting.flat_map(|waiting| &waiting.all);
            let own: i64 = waiting.map(|one| one.cents.0).sum();
            let paced = Paced {
                period,
                span,
                promised: promised(budget.as_ref()) + own,
                read_at: now,
            };
            state.paced.insert(product.clone(), paced);
        }
        Ok(asked)
    }
}

impl Workshop {
    /// Where the budget of a product stands beside its plan, for who decides or explains beside a server: what is
    /// promised and not written down yet is not counted. `None` where there is no plan, or the registry does not tell.
    ///
    /// - `week`: what the version that answers knows of usual hours.
    pub async fn pace(
        &self,
        product: &dyn Product,
        week: Option<&Week>,
        now: Timestamp,
    ) -> Option<Pace> {
        let allowance = product.allowance()?;
        let time_zone = &self.project.time_zone;
        let span = allowance.paced_span(now, time_zone)?;
        let period = allowance.period.name_at(now, time_zone, 0);
        let name = product.header().name.as_str();
        match self.registry.budget(name, &period).await {
            Ok(budget) => {
                let promised = promised(budget.as_ref());
                Some(pace(&allowance, promised, span, week, now))
            }
            Err(error) => {
                let error = one_line(&error);
                tracing::warn!(error, product = name, "what is promised is not known");
                None
            }
        }
    }

    /// The same of a budget of the registry that is at hand; `None` also where it is of another period.
    ///
    /// - `week`: what the version that answers knows of usual hours.
    #[must_use]
    pub fn pace_of(
        &self,
        budget: &BudgetRecord,
        week: Option<&Week>,
        now: Timestamp,
    ) -> Option<Pace> {
        let allowance = self.project.product(&budget.product)?.allowance()?;
        let time_zone = &self.project.time_zone;
        let span = allowance.paced_span(now, time_zone)?;
        let is_now = allowance.period.name_at(now, time_zone, 0) == budget.period;
        is_now.then(|| pace(&allowance, promised(Some(budget)), span, week, now))
    }
}
