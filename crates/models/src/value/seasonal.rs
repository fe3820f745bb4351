//! BG/NBD in shop time: a seasonal year, closed days, a trend, and customers older than the data.
//!
//! Three things break the plain model on a real window, and each gets its own term:
//! a purchase is likelier in November than on a closed Saturday, so time runs at the shop's pace;
//! a shop as a whole grows or fades, so the pace may drift within the window;
//! and the data start one day while the shop did not, so the first purchase seen is often not the first.

use serde::{Deserialize, Serialize};

use super::estimate::{self, CUSTOMERS_MIN, Convergence, FitError, Parameter};
use super::history::History;
use super::outlook::Outlook;
use super::seasonal_likelihood::{
    ARRIVALS, Evidence, KNOWN_CUSTOMERS, MONTHS, TREND, explain, log_posterior, outlook, past,
    populations, start,
};
use super::shop_calendar::ShopCalendar;

/// Fewest days of history: every month must have been seen.
pub const HISTORY_DAYS_MIN: u32 = 364;

/// The parameters, in shop days: a day of average pace.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SeasonalParameters {
    /// Shape of the purchase rate of customers who bought before the window.
    pub r_known: f64,
    /// Inverse scale of that rate, shop days.
    pub alpha_known_days: f64,
    /// Shape of the purchase rate of customers who arrived within the window.
    pub r_new: f64,
    /// Inverse scale of that rate, shop days.
    pub alpha_new_days: f64,
    /// First shape of the probability to leave after a purchase.
    pub a: f64,
    /// Second shape of the probability to leave after a purchase.
    pub b: f64,
    /// Customers from before the window, seen in it or not.
    pub known_customers: f64,
    /// New customers per shop day.
    pub arrivals_per_day: f64,
    /// Change of the logarithm of the pace over a year within the window; held at its last level after it.
    pub trend_per_year: f64,
    /// Pace of January to December; the months' mean logarithm is zero.
    pub month_pace: [f64; 12],
}

/// A fitted seasonal BG/NBD model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeasonalBgNbd {
    parameters: SeasonalParameters,
    described: Vec<Parameter>,
    convergence: Convergence,
    calendar: ShopCalendar,
    /// Shop days gone at the end of each day of the window, from its start.
    clock: Vec<f64>,
}

impl SeasonalBgNbd {
    /// Fits to a window of at least [`HISTORY_DAYS_MIN`] days, by maximum likelihood with weak priors on season and trend.
    ///
    /// The trend is learnt from months seen twice and held at its last level afterwards: one year says how much
    /// a shop has changed, not how long that will go on.
    /// Deterministic on any number of threads.
    ///
    /// # Errors
    /// [`FitError`] when the history is too short or too little to learn from, or no maximum was reached.
    /// # Source
    /// Fader, Hardie and Lee (2005) for the process; the shop's clock, the marked Poisson arrivals and the
    /// customers known before the window are derived in this file.
    pub fn fit(history: &History) -> Result<Self, FitError> {
        let customers = history.customers();
        if customers < CUSTOMERS_MIN {
            return Err(FitError::TooFewCustomers {
                found: customers,
                needed: CUSTOMERS_MIN,
            });
        }
        if history.last_day() < HISTORY_DAYS_MIN {
            return Err(FitError::HistoryTooShort {
                days: history.last_day(),
                needed: HISTORY_DAYS_MIN,
            });
        }
        if history.all_days().len() == customers {
            return Err(FitError::NobodyRepeats { customers });
        }
        let calendar = ShopCalendar::of(history);
        let evidence = Evidence::of(history, &calendar);
        let start = start(history);
        let found = estimate::maximise(&start, customers as f64, |logs, gradient| {
            log_posterior(&evidence, logs, gradient)
        })?;
        let months = evidence.month_logs(&found.logs);
        let (known, new) = populations(&found.logs);
        Ok(Self {
            parameters: SeasonalParameters {
                r_known: known.r,
                alpha_known_days: known.alpha_days,
                r_new: new.r,
                alpha_new_days: new.alpha_days,
                a: known.a,
                b: known.b,
                known_customers: found.logs[KNOWN_CUSTOMERS].exp(),
                arrivals_per_day: found.logs[ARRIVALS].exp(),
                trend_per_year: found.logs[TREND],
                month_pace: months.map(f64::exp),
            },
            described: found.parameters(&NAMES, super::PARAMETER_LEVEL),
            convergence: found.convergence,
            calendar,
            clock: evidence.pace(&found.logs).clock,
        })
    }

    /// The parameters.
    pub fn parameters(&self) -> &SeasonalParameters {
        &self.parameters
    }

    /// The positive parameters with their names and 95 % intervals; the trend is given as a yearly factor.
    pub fn parameter_intervals(&self) -> &[Parameter] {
        &self.described
    }

    /// How the fit ended; its log-likelihood includes the weak priors.
    pub fn convergence(&self) -> &Convergence {
        &self.convergence
    }

    /// Probability that a customer with these purchase days, known up to `now_day`, had bought before the window.
    pub fn known_before(&self, days: &[u32], now_day: u32) -> f64 {
        explain(&self.logs(), &self.clock_until(now_day), past(days)).known_before
    }

    /// The future, in shop days, of customers whose purchase days are known up to the last day of a history.
    ///
    /// The history starts with the window fitted; it may end before it (to look back), with it, or after it.
    pub fn outlooks(&self, history: &History) -> Vec<Outlook> {
        use rayon::prelude::*;
        let (logs, clock) = (self.logs(), self.clock_until(history.last_day()));
        (0..history.customers())
            .into_par_iter()
            .map(|customer| outlook(&logs, &clock, past(history.days_of(customer))))
            .collect()
    }

    /// Shop days gone by at the end of each of the `days` calendar days after a day of the window or after it.
    pub fn shop_days_ahead(&self, now_day: u32, days: u32) -> Vec<f64> {
        let clock = self.clock_until(now_day.saturating_add(days));
        let now = clock[now_day as usize];
        clock[now_day as usize + 1..]
            .iter()
            .map(|gone| gone - now)
            .collect()
    }

    /// The clock up to a day: as fitted within the window, by calendar and season after it.
    fn clock_until(&self, last_day: u32) -> Vec<f64> {
        let days = last_day as usize + 1;
        let mut clock = self.clock[..days.min(self.clock.len())].to_vec();
        let mut gone = self.clock[self.clock.len() - 1];
        let beyond = u32::try_from(days.saturating_sub(self.clock.len())).unwrap_or(u32::MAX);
        for (weight, month) in self.calendar.ahead(beyond) {
            gone += weight * self.parameters.month_pace[month];
            clock.push(gone);
        }
        clock
    }

    fn logs(&self) -> [f64; MONTHS] {
        let of = &self.parameters;
        let mut logs = [
            of.r_known,
            of.alpha_known_days,
            of.r_new,
            of.alpha_new_days,
            of.a,
            of.b,
            of.known_customers,
            of.arrivals_per_day,
            1.0,
        ]
        .map(f64::ln);
        logs[TREND] = of.trend_per_year;
        logs
    }
}

const NAMES: [&str; MONTHS] = [
    "r_known",
    "alpha_known_days",
    "r_new",
    "alpha_new_days",
    "a",
    "b",
    "known_customers",
    "arrivals_per_day",
    "trend_factor_per_year",
];
