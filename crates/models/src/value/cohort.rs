//! Customers by the month of their first purchase: what each month's arrivals did since, and are worth from here.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::history::History;
use super::worth::{Value, Worth};

/// Customers who first bought in one month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cohort {
    /// First day of the month.
    pub first_month: Date,
    /// Customers in it.
    pub customers: u32,
    /// What they did in this month and each later one of the window, without gaps.
    pub months: Vec<CohortMonth>,
    /// Customers expected not to have left.
    pub expected_alive: f64,
    /// Purchases expected within the horizon.
    pub expected_purchases: f64,
    /// Discounted spend expected within the horizon, cents, over the customers whose value can be said.
    pub expected_value_cents: i64,
    /// Customers whose value cannot be said; they are not in the sum.
    pub without_value: u32,
}

/// What a cohort did in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CohortMonth {
    /// First day of the month.
    pub month: Date,
    /// Customers who bought.
    pub buyers: u32,
    /// Days with a purchase, over customers.
    pub purchases: u32,
    /// Whether the window holds the whole month.
    pub complete: bool,
}

/// Cohorts in order of month; `worths` holds one entry per customer of the history.
///
/// Absent when the two do not have the same customers.
pub fn cohorts(history: &History, worths: &[Worth]) -> Option<Vec<Cohort>> {
    if worths.len() != history.customers() {
        return None;
    }
    let months: Vec<Date> = history
        .start()
        .series(jiff::Span::new().days(1))
        .take(history.last_day() as usize + 1)
        .map(Date::first_of_month)
        .collect();
    let mut cohorts: BTreeMap<Date, Cohort> = BTreeMap::new();
    for (customer, worth) in worths.iter().enumerate() {
        let days = history.days_of(customer);
        let first_month = months[days[0] as usize];
        let cohort = cohorts
            .entry(first_month)
            .or_insert_with(|| empty(first_month, &months));
        cohort.customers += 1;
        cohort.expected_alive += worth.probability_alive;
        cohort.expected_purchases += worth.expected_purchases;
        match worth.value {
            Value::Measured { expected_cents, .. } => cohort.expected_value_cents += expected_cents,
            Value::NotMeasurable(_) => cohort.without_value += 1,
        }
        for same_month in days.chunk_by(|one, next| months[*one as usize] == months[*next as usize])
        {
            let month = months[same_month[0] as usize];
            if let Ok(index) = cohort
                .months
                .binary_search_by_key(&month, |cell| cell.month)
            {
                cohort.months[index].buyers += 1;
                cohort.months[index].purchases +=
                    u32::try_from(same_month.len()).unwrap_or(u32::MAX);
            }
        }
    }
    Some(cohorts.into_values().collect())
}

fn empty(first_month: Date, months: &[Date]) -> Cohort {
    let cells = months
        .chunk_by(|one, next| one == next)
        .filter(|days| days[0] >= first_month);
    Cohort {
        first_month,
        customers: 0,
        months: cells
            .map(|days| CohortMonth {
                month: days[0],
                buyers: 0,
                purchases: 0,
                complete: days.len() == usize::from(days[0].days_in_month().unsigned_abs()),
            })
            .collect(),
        expected_alive: 0.0,
        expected_purchases: 0.0,
        expected_value_cents: 0,
        without_value: 0,
    }
}
