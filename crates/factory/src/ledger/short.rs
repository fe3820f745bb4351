//! Which limits on some arms are short: arms that they do not pay for are left out of an answer before it is decided.

use super::{Ledger, Part};
use crate::run::one_line;
use crate::workshop::Workshop;
use jiff::Timestamp;
use products::{LimitLeft, NoMoney, Product};

impl Ledger {
    /// The limits of a product that are known not to pay for each of their arms, and what is left of them: of those that
    /// count a customer.
    ///
    /// - `version`: that is asked.
    /// - `counted_by`: see [`products::Serving::counted_by`].
    #[must_use]
    pub fn short(
        &self,
        product: &str,
        version: u32,
        counted_by: Vec<usize>,
        now: Timestamp,
    ) -> Vec<LimitLeft> {
        let Some(allowance) = self.allowances.get(product) else {
            return Vec::new();
        };
        if allowance.limits.is_empty() {
            return Vec::new();
        }
        let part = Part {
            period: allowance.period.name_at(now, &self.time_zone, version),
            counted_by,
        };
        let mut state = self.state.lock();
        let away = state.away;
        let of_product = state.accounts.get_mut(product);
        let Some(account) = of_product.and_then(|of| of.get_mut(&part)) else {
            return Vec::new();
        };
        let (mut short, mut news) = (Vec::new(), false);
        let heard = account.is_heard(now);
        let numbered = account.limits.iter_mut().zip(&allowance.limits).enumerate();
        for (limit, (pot, of)) in numbered.filter(|(place, (_, of))| part.is_counted(*place, of)) {
            let units = if heard { pot.left() } else { 0 };
            if units >= of.dearest() {
                continue;
            }
            let why = match (away, pot.used_up_at) {
                (true, _) => NoMoney::Unavailable,
                (false, Some(_)) if heard => NoMoney::UsedUp,
                (false, _) => continue,
            };
            // Arms that are left out want nothing themselves: it is looked here whether something has become free.
            pot.needed_at = pot.needed_at.max(now);
            news |= pot.want(of.cheapest(), now);
            short.push(LimitLeft { limit, units, why });
        }
        if news && !away {
            self.wanted.notify_one();
        }
        short
    }
}

impl Workshop {
    /// The same for who decides or explains beside a server: by what is free, which a process that holds a lease may
    /// have more of. Nothing where the registry does not tell.
    pub(crate) async fn short(
        &self,
        product: &dyn Product,
        version: u32,
        now: Timestamp,
    ) -> Vec<LimitLeft> {
        let allowance = product.allowance();
        let Some(allowance) = allowance.filter(|of| !of.limits.is_empty()) else {
            return Vec::new();
        };
        let name = product.header().name.as_str();
        let period = allowance
            .period
            .name_at(now, &self.project.time_zone, version);
        let known = match self.registry.budget_limits().await {
            Ok(known) => known,
            Err(error) => {
                let error = one_line(&error);
                tracing::warn!(error, product = name, "what is left of limits is not known");
                return Vec::new();
            }
        };
        let limits = allowance.limits.iter().enumerate();
        let short = limits.filter_map(|(limit, of)| {
            let of_limit = |l: &&registry::LimitRecord| {
                l.product == name && l.period == period && l.limit == of.name && l.counts == of.unit
            };
            let free = known.iter().find(of_limit)?.free;
            (free < of.dearest()).then_some(LimitLeft {
                limit,
                units: free.max(0),
                why: NoMoney::UsedUp,
            })
        });
        short.collect()
    }
}
