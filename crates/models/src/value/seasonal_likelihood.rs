//! The likelihood of purchases in shop time, with exact slopes.
//!
//! Every customer is explained twice: as one from before the window, for whom the window opens the clock, and as one
//! who arrived with the first purchase seen. The two are weighed by how many of each kind the shop has.

use math::special::ln_add_exp;

use super::bg_nbd::{BgNbdParameters, Terms};
use super::estimate;
use super::history::History;
use super::outlook::Outlook;
use super::shop_calendar::{ShopCalendar, sales_per_day};

/// Prior spread of the logarithm of a month's pace: months between half and double are ordinary.
const SEASON_SPREAD: f64 = 0.3;
/// Prior spread of the logarithm of a year's change: a fifth up or down is ordinary.
///
/// It holds the trend near none when the window repeats no month, which is when the data cannot tell it from a season.
const TREND_SPREAD: f64 = 0.2;
/// Prior spread of the logarithms of the other parameters: wide enough to matter only where the data say nothing.
const LOG_SPREAD: f64 = 22.0;

const R_KNOWN: usize = 0;
const ALPHA_KNOWN: usize = 1;
const R_NEW: usize = 2;
const ALPHA_NEW: usize = 3;
const A: usize = 4;
const B: usize = 5;
pub(crate) const KNOWN_CUSTOMERS: usize = 6;
pub(crate) const ARRIVALS: usize = 7;
pub(crate) const TREND: usize = 8;
pub(crate) const MONTHS: usize = 9;
const WIDTH: usize = MONTHS + 12;

/// Customers with the same first and last day and the same number of repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Past {
    first: u32,
    last: u32,
    repeats: u32,
}

/// What the likelihood reads of the data.
pub(crate) struct Evidence {
    groups: Vec<(Past, f64)>,
    sales: Vec<f64>,
    weights: Vec<f64>,
    months: Vec<usize>,
    /// Months in which the shop was open in the window.
    months_seen: [bool; 12],
    days: usize,
}

/// The pace of every day of the window under some parameters.
pub(crate) struct Pace {
    pub(crate) daily: Vec<f64>,
    pub(crate) clock: Vec<f64>,
}

impl Evidence {
    pub(crate) fn of(history: &History, calendar: &ShopCalendar) -> Self {
        let mut pasts: Vec<Past> = (0..history.customers())
            .map(|c| past(history.days_of(c)))
            .collect();
        pasts.sort_unstable();
        let groups = pasts
            .chunk_by(|one, next| one == next)
            .map(|same| (same[0], same.len() as f64))
            .collect();
        let (weights, months) = calendar.window();
        let mut months_seen = [false; 12];
        for (weight, &month) in weights.iter().zip(&months) {
            months_seen[month] |= *weight > 0.0;
        }
        Self {
            groups,
            sales: sales_per_day(history),
            weights: weights.to_vec(),
            days: months.len(),
            months,
            months_seen,
        }
    }

    /// Logarithm of each month's pace: the free values, centred over the months seen.
    pub(crate) fn month_logs(&self, logs: &[f64]) -> [f64; 12] {
        month_logs(&logs[MONTHS..], &self.months_seen)
    }

    pub(crate) fn pace(&self, logs: &[f64]) -> Pace {
        let months = self.month_logs(logs);
        let mut gone = 0.0;
        let (mut daily, mut clock) = (Vec::with_capacity(self.days), Vec::with_capacity(self.days));
        for day in 0..self.days {
            let log = months[self.months[day]] + logs[TREND] * self.years_before_end(day);
            daily.push(self.weights[day] * log.exp());
            gone += daily[day];
            clock.push(gone);
        }
        Pace { daily, clock }
    }

    /// Zero on the last day and negative before it.
    fn years_before_end(&self, day: usize) -> f64 {
        (day as f64 - (self.days as f64 - 1.0)) / 365.25
    }
}

/// A customer's purchase days in three numbers.
pub(crate) fn past(days: &[u32]) -> Past {
    Past {
        first: days[0],
        last: days[days.len() - 1],
        repeats: u32::try_from(days.len() - 1).unwrap_or(u32::MAX),
    }
}

fn month_logs(free: &[f64], seen: &[bool; 12]) -> [f64; 12] {
    let count = seen.iter().filter(|seen| **seen).count().max(1) as f64;
    let mean = free
        .iter()
        .zip(seen)
        .filter(|(_, seen)| **seen)
        .map(|(log, _)| log)
        .sum::<f64>()
        / count;
    std::array::from_fn(|month| if seen[month] { free[month] - mean } else { 0.0 })
}

/// Both explanations of a customer's first purchase seen.
pub(crate) struct Explained {
    log_likelihood: f64,
    /// Probability that the customer had bought before the window.
    pub(crate) known_before: f64,
    known: Terms,
    new: Terms,
}

/// Weighs the two explanations, seen from the last day of the clock.
pub(crate) fn explain(logs: &[f64], clock: &[f64], past: Past) -> Explained {
    let (known, new) = populations(logs);
    let at = |day: u32| clock[day as usize];
    let end = clock[clock.len() - 1];
    // For a known customer the window opens the clock and the first purchase seen is one like any other.
    let known = known.terms(past.repeats + 1, at(past.last), end);
    let new = new.terms(
        past.repeats,
        at(past.last) - at(past.first),
        end - at(past.first),
    );
    let as_known = logs[KNOWN_CUSTOMERS] + known.log_likelihood;
    let as_new = logs[ARRIVALS] + new.log_likelihood;
    let log_likelihood = ln_add_exp(as_known, as_new);
    Explained {
        log_likelihood,
        known_before: (as_known - log_likelihood).exp(),
        known,
        new,
    }
}

/// The future seen from the last day of the clock.
pub(crate) fn outlook(logs: &[f64], clock: &[f64], past: Past) -> Outlook {
    let found = explain(logs, clock, past);
    let (known, new) = populations(logs);
    let end = clock[clock.len() - 1];
    let age = end - clock[past.first as usize];
    Outlook {
        alive: vec![
            known.alive(
                past.repeats + 1,
                end,
                found.known_before * found.known.alive,
            ),
            new.alive(
                past.repeats,
                age,
                (1.0 - found.known_before) * found.new.alive,
            ),
        ],
    }
}

/// How known and new customers buy and leave; leaving is common to both.
pub(crate) fn populations(logs: &[f64]) -> (BgNbdParameters, BgNbdParameters) {
    let (a, b) = (logs[A].exp(), logs[B].exp());
    let population = |r: f64, alpha: f64| BgNbdParameters {
        r: r.exp(),
        alpha_days: alpha.exp(),
        a,
        b,
    };
    (
        population(logs[R_KNOWN], logs[ALPHA_KNOWN]),
        population(logs[R_NEW], logs[ALPHA_NEW]),
    )
}

/// Log-likelihood plus log-prior, with slopes.
///
/// Customers are a marked Poisson process: known ones, seen when they buy at all within the window, and arrivals.
pub(crate) fn log_posterior(evidence: &Evidence, logs: &[f64], gradient: &mut [f64]) -> f64 {
    let pace = evidence.pace(logs);
    let days = evidence.days;
    // Slopes in the parameters first, then in the clock at the end of each day.
    let mut slopes = vec![0.0; WIDTH + days];
    let mut sum = estimate::sum_in_order(
        &evidence.groups,
        &mut slopes,
        |&(past, customers), slopes| {
            let found = explain(logs, &pace.clock, past);
            let as_known = customers * found.known_before;
            let as_new = customers - as_known;
            slopes[KNOWN_CUSTOMERS] += as_known;
            slopes[ARRIVALS] += as_new;
            let of = |share: f64, terms: &Terms| terms.parameters.map(|slope| share * slope);
            let (known, new) = (of(as_known, &found.known), of(as_new, &found.new));
            for (target, slope) in [
                (R_KNOWN, known[0]),
                (ALPHA_KNOWN, known[1]),
                (R_NEW, new[0]),
                (ALPHA_NEW, new[1]),
            ] {
                slopes[target] += slope;
            }
            slopes[A] += known[2] + new[2];
            slopes[B] += known[3] + new[3];
            let clock = &mut slopes[WIDTH..];
            clock[past.last as usize] +=
                as_known * found.known.recency + as_new * found.new.recency;
            clock[days - 1] += as_known * found.known.age + as_new * found.new.age;
            clock[past.first as usize] -= as_new * (found.new.recency + found.new.age);
            customers * found.log_likelihood
        },
    );
    let (parameters, clock) = slopes.split_at_mut(WIDTH);
    sum -= expected_customers(logs, pace.clock[days - 1], parameters, &mut clock[days - 1]);
    sum += time_terms(evidence, logs, &pace, parameters, clock);
    sum += prior(logs, parameters);
    gradient.copy_from_slice(parameters);
    sum
}

/// Customers the model expects to see, whose slopes are taken off.
fn expected_customers(logs: &[f64], end: f64, slopes: &mut [f64], slope_end: &mut f64) -> f64 {
    let (known, _) = populations(logs);
    let customers = logs[KNOWN_CUSTOMERS].exp();
    let log_unseen = -known.r * (end / known.alpha_days).ln_1p();
    let seen = -log_unseen.exp_m1();
    let unseen = customers * log_unseen.exp();
    slopes[KNOWN_CUSTOMERS] -= customers * seen;
    slopes[R_KNOWN] += unseen * log_unseen;
    slopes[ALPHA_KNOWN] += unseen * known.r * end / (known.alpha_days + end);
    *slope_end -= unseen * known.r / (known.alpha_days + end);
    let arrived = logs[ARRIVALS].exp() * end;
    slopes[ARRIVALS] -= arrived;
    *slope_end -= logs[ARRIVALS].exp();
    customers * seen + arrived
}

/// The days on which purchases fell, and the chain from the clock to months and trend.
fn time_terms(
    evidence: &Evidence,
    logs: &[f64],
    pace: &Pace,
    slopes: &mut [f64],
    clock: &[f64],
) -> f64 {
    let mut in_months = [0.0; 12];
    let mut sum = 0.0;
    // The clock at the end of a day holds the pace of all days up to it.
    let mut later = 0.0;
    for day in (0..evidence.days).rev() {
        later += clock[day];
        let sold = evidence.sales[day];
        if sold > 0.0 {
            sum += sold * pace.daily[day].ln();
        }
        let slope = sold + later * pace.daily[day];
        in_months[evidence.months[day]] += slope;
        slopes[TREND] += slope * evidence.years_before_end(day);
    }
    let seen = evidence
        .months_seen
        .iter()
        .filter(|seen| **seen)
        .count()
        .max(1) as f64;
    let mean = (0..12)
        .filter(|&month| evidence.months_seen[month])
        .map(|month| in_months[month])
        .sum::<f64>()
        / seen;
    for month in (0..12).filter(|&month| evidence.months_seen[month]) {
        slopes[MONTHS + month] += in_months[month] - mean;
    }
    debug_assert_eq!(logs.len(), WIDTH);
    sum
}

fn prior(logs: &[f64], slopes: &mut [f64]) -> f64 {
    let mut sum = 0.0;
    for (index, (log, slope)) in logs.iter().zip(slopes).enumerate() {
        let spread = match index {
            TREND => TREND_SPREAD,
            MONTHS.. => SEASON_SPREAD,
            _ => LOG_SPREAD,
        };
        sum -= 0.5 * (log / spread).powi(2);
        *slope -= log / (spread * spread);
    }
    sum
}

/// A start of the right scale: half of the customers known, the rest arriving evenly.
pub(crate) fn start(history: &History) -> [f64; WIDTH] {
    let customers = history.customers() as f64;
    let days = f64::from(history.last_day() + 1);
    let purchases = history.all_days().len() as f64;
    let alpha = 0.8 * days * customers / purchases;
    let mut logs = [0.0; WIDTH];
    for (index, value) in [
        (R_KNOWN, 0.5),
        (ALPHA_KNOWN, alpha),
        (R_NEW, 0.8),
        (ALPHA_NEW, alpha),
        (A, 0.5),
        (B, 20.0),
        (KNOWN_CUSTOMERS, customers),
        (ARRIVALS, 0.5 * customers / days),
    ] {
        logs[index] = f64::ln(value);
    }
    logs
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn slopes_are_those_of_the_likelihood() {
        let start_date = date(2021, 3, 1);
        let customers: Vec<Vec<jiff::civil::Date>> = (0..60_i64)
            .map(|customer| {
                (0..=customer % 7)
                    .map(|purchase| {
                        let day = (customer * 37 + purchase * (11 + customer)) % 400;
                        start_date.saturating_add(jiff::Span::new().days(day))
                    })
                    .collect()
            })
            .collect();
        let history = History::new(start_date, date(2022, 4, 10), &customers).unwrap();
        let evidence = Evidence::of(&history, &ShopCalendar::of(&history));
        let mut logs = start(&history);
        logs[TREND] = -0.2;
        logs[MONTHS + 3] = 0.4;
        logs[MONTHS + 10] = -0.3;
        let mut slopes = [0.0; WIDTH];
        log_posterior(&evidence, &logs, &mut slopes);
        for index in 0..WIDTH {
            let at = |step: f64| {
                let mut moved = logs;
                moved[index] += step;
                log_posterior(&evidence, &moved, &mut [0.0; WIDTH])
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(
                (slope - slopes[index]).abs() < 1e-4 * (1.0 + slope.abs()),
                "{index}: {slope} {}",
                slopes[index]
            );
        }
    }
}
