//! The answer: what customers buy with and without the effect, what is kept of that, and what it costs.

use super::answer::{Amount, Answer, Applies, Clv, Cost, Decile, Pulled, Share, Verdict};
use super::books::{Books, Entry};
use super::effect::{Acting, Read};
use super::error::WhatIfError;
use super::file::{WhatIf, WhatIfFile};
use super::told;
use crate::contract::Fitted;
use crate::shop::Shop;
use crate::value::{Valued, horizon_days, valued};
use decisions::{Eligibility, Eligible};
use models::value::{Change, Changed, Schedule};
use schema::Cents;

/// What an answer is made from.
pub struct Question<'a> {
    /// The question.
    pub what_if: &'a WhatIf,
    /// The shop as it is now.
    pub shop: &'a Shop,
    /// The version that values customers, with its number.
    pub value: (u32, &'a dyn Fitted),
    /// How far its total was off when it was measured, as a share; `None` where that is not known.
    pub total_error: Option<f64>,
    /// The versions that [`WhatIf::measuring`] names, in that order.
    pub measured: &'a [&'a dyn Fitted],
    /// Seed of the draws.
    pub seed: u64,
}

impl std::fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question")
            .field("what_if", &self.what_if)
            .finish_non_exhaustive()
    }
}

/// Whom it applies to, as indices of the history's customers.
struct Chosen {
    customers: Vec<u32>,
    known: usize,
    not_known: usize,
}

impl Question<'_> {
    /// The answer. The same seed, shop and versions give the same one on any number of threads.
    ///
    /// # Errors
    /// [`WhatIfError`] says what is asked for that cannot be said.
    pub fn answer(&self) -> Result<Answer, WhatIfError> {
        let file = self.what_if.file();
        let horizon_days = self.horizon_days()?;
        let read = Read {
            versions: self.measured,
            offers: self.shop.history.offers(),
            seed: self.seed,
        };
        let acting = Acting::of(file, &read, horizon_days)?;
        let schedule = schedule(file, &acting, horizon_days)?;
        let chosen = self.chosen()?;
        let history = &self.shop.history;
        let of_version = self.value.1;
        let valued = valued(
            of_version,
            history,
            &chosen.customers,
            horizon_days,
            schedule,
        );
        let valued = valued.ok_or_else(|| WhatIfError::Version {
            product: file.product.clone(),
        })?;
        if valued.prospects.places().is_empty() {
            return Err(WhatIfError::NoValue {
                customers: chosen.customers.len() as u64,
                unknown: valued.unknown as u64,
            });
        }
        let ahead = (horizon_days, schedule);
        let mut answer = self.figures(&acting, ahead, &chosen, &valued);
        answer.told = told::lines(&answer, file, self.total_error);
        Ok(answer)
    }

    fn horizon_days(&self) -> Result<u32, WhatIfError> {
        let file = self.what_if.file();
        let covers = horizon_days(self.value.1).ok_or_else(|| WhatIfError::Version {
            product: file.product.clone(),
        })?;
        match file.horizon_days {
            Some(found) if found > covers => Err(WhatIfError::Horizon {
                found,
                covers,
                product: file.product.clone(),
            }),
            Some(days) => Ok(days),
            None => Ok(covers),
        }
    }

    /// The customers for whom the condition holds.
    fn chosen(&self) -> Result<Chosen, WhatIfError> {
        let history = &self.shop.history;
        let known = history.customers().len();
        let numbered = (0_u32..).zip(history.customers());
        let Some(text) = &self.what_if.file().customers else {
            return Ok(Chosen {
                customers: numbered.map(|(customer, _)| customer).collect(),
                known,
                not_known: 0,
            });
        };
        let condition = Eligibility::new(text, &self.shop.context_keys())?;
        let (mut customers, mut not_known) = (Vec::new(), 0);
        for (customer, id) in numbered {
            match condition.of(id, &self.shop.customer_facts(id)) {
                Eligible::Yes => customers.push(customer),
                Eligible::No { .. } => {}
                Eligible::NotKnown { .. } => not_known += 1,
            }
        }
        if customers.is_empty() {
            return Err(WhatIfError::Nobody {
                known: known as u64,
                not_known: not_known as u64,
            });
        }
        Ok(Chosen {
            customers,
            known,
            not_known,
        })
    }

    fn figures(
        &self,
        acting: &Acting,
        (horizon_days, schedule): (u32, Schedule),
        chosen: &Chosen,
        valued: &Valued,
    ) -> Answer {
        let file = self.what_if.file();
        let prospects = &valued.prospects;
        let books = Books::of(file, prospects);
        let before = prospects.expected(&Change::NONE);
        let after = prospects.expected(&acting.expected.change);
        let pairs = before.iter().zip(&after).map(|(before, after)| Changed {
            before: *before,
            after: *after,
        });
        let each: Vec<Entry> = pairs
            .map(|one| books.entry(1.0, &one, &acting.expected))
            .collect();
        let customers = each.len() as f64;
        let changes: Vec<Change> = acting
            .drawn
            .iter()
            .map(|strength| strength.change)
            .collect();
        let drawn = prospects
            .drawn(&changes, self.seed)
            .into_iter()
            .zip(&acting.drawn);
        let drawn: Vec<Entry> = drawn
            .map(|(all, strength)| books.entry(customers, &all, strength))
            .collect();
        let all: Entry = each.iter().copied().sum();
        let amount = |of: fn(&Entry) -> f64| amount(of(&all), drawn.iter().map(of).collect());
        let net = amount(Entry::net);
        let pays = drawn.iter().filter(|entry| entry.net() > 0.0).count();
        Answer {
            what_if: self.what_if.name().to_owned(),
            product: file.product.clone(),
            version: self.value.0,
            as_of: self.value.1.as_of(),
            horizon_days,
            lasts_days: schedule.lasts_days,
            times: schedule.times,
            every_days: Some(schedule.every_days).filter(|_| schedule.times > 1),
            margin: file.margin,
            customers: applies(chosen, valued, each.len()),
            effect: acting.parts.clone(),
            clv: Clv {
                total: amount(|entry| entry.clv),
                mean_cents: cents(all.clv / customers),
            },
            change: amount(|entry| entry.change),
            pulled_forward: pulled(acting, amount(|entry| entry.pulled)),
            kept: amount(|entry| entry.kept),
            cost: Cost {
                total: amount(|entry| entry.cost),
                anyway_cents: cents(books.anyway(&before.iter().copied().sum())),
            },
            net,
            pays_in_draws: pays as f64 / drawn.len().max(1) as f64,
            pays_for: each.iter().filter(|entry| entry.net() > 0.0).count() as u64,
            verdict: verdict(&net),
            break_even: books.break_even(prospects, &before, acting, &all),
            deciles: deciles(&each),
            told: Vec::new(),
        }
    }
}

/// To whom it applies.
///
/// - `with_value`: those whose value can be said.
fn applies(chosen: &Chosen, valued: &Valued, with_value: usize) -> Applies {
    let holds = chosen.customers.len();
    Applies {
        known: chosen.known as u64,
        applies: with_value as u64,
        left_out: (chosen.known - chosen.not_known - holds) as u64,
        not_known: chosen.not_known as u64,
        without_value: (valued.unknown + valued.without_value) as u64,
        bought_once: valued.prospects.without_repeat() as u64,
    }
}

/// What is borrowed from the weeks after.
fn pulled(acting: &Acting, amount: Amount) -> Pulled {
    Pulled {
        basis: acting.pulled_basis,
        share: acting.pulled.map(|range| Share {
            expected: range.expected,
            low: range.low,
            high: range.high,
        }),
        amount,
    }
}

/// When the effect acts.
fn schedule(
    file: &WhatIfFile,
    acting: &Acting,
    horizon_days: u32,
) -> Result<Schedule, WhatIfError> {
    let lasts = acting.window_days.or(file.lasts_days);
    let lasts_days = lasts.unwrap_or(horizon_days);
    let every_days = file.every_days.unwrap_or(lasts_days);
    let ends = u64::from(file.times - 1) * u64::from(every_days) + u64::from(lasts_days);
    if ends > u64::from(horizon_days) || every_days < lasts_days {
        return Err(WhatIfError::Schedule {
            lasts_days,
            times: file.times,
            every_days,
            horizon_days,
        });
    }
    Ok(Schedule {
        lasts_days,
        times: file.times,
        every_days,
    })
}

fn cents(amount: f64) -> Cents {
    // Beyond 9e15 cents no shop has an amount.
    Cents::nearest(amount).unwrap_or(Cents(if amount < 0.0 { i64::MIN } else { i64::MAX }))
}

/// What is expected, with the central 95 of 100 draws.
fn amount(expected: f64, mut drawn: Vec<f64>) -> Amount {
    drawn.sort_unstable_by(f64::total_cmp);
    let beyond = (0.025 * drawn.len() as f64).floor() as usize;
    Amount {
        expected_cents: cents(expected),
        low_cents: cents(drawn[beyond]),
        high_cents: cents(drawn[drawn.len() - 1 - beyond]),
    }
}

fn verdict(net: &Amount) -> Verdict {
    if net.low_cents > Cents(0) {
        Verdict::Pays
    } else if net.high_cents <= Cents(0) {
        Verdict::DoesNotPay
    } else {
        Verdict::NotTold
    }
}

/// The customers by what they are worth, the most first, in ten groups; in as many as there are where they are fewer.
fn deciles(each: &[Entry]) -> Vec<Decile> {
    let mut sorted: Vec<&Entry> = each.iter().collect();
    sorted.sort_by(|a, b| b.clv.total_cmp(&a.clv));
    let groups = sorted.len().min(10);
    let of = |group: usize| {
        let bounds = [group, group + 1].map(|bound| bound * sorted.len() / groups);
        let own = &sorted[bounds[0]..bounds[1]];
        let mean = |of: fn(&Entry) -> f64| {
            cents(own.iter().map(|entry| of(entry)).sum::<f64>() / own.len() as f64)
        };
        Decile {
            decile: u32::try_from(group + 1).unwrap_or(u32::MAX),
            customers: own.len() as u64,
            clv_mean_cents: mean(|entry| entry.clv),
            kept_mean_cents: mean(|entry| entry.kept),
            cost_mean_cents: mean(|entry| entry.cost),
            pays_for: own.iter().filter(|entry| entry.net() > 0.0).count() as u64,
        }
    };
    (0..groups).map(of).collect()
}
