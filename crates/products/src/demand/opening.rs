//! On which days sites sell.

use std::collections::{BTreeMap, BTreeSet};

use features::demand::Demand;
use schema::time::date_of;

use super::days::Days;

/// Days of a weekday that tell whether a site sells on it.
const WEEKDAYS_SEEN: usize = 8;

/// Sales a day from which a day without any is a closed one.
const BUSY: f64 = 5.0;

/// When sites sell.
#[derive(Debug)]
pub(super) struct Opening {
    /// By site, what its calendar says; that of all sites under nothing.
    calendar: BTreeMap<Option<String>, BTreeMap<i32, bool>>,
    /// By site, days with a sale, and how many series sold; those of all sites together under nothing.
    sold: BTreeMap<Option<String>, BTreeMap<i32, u32>>,
    /// What a reader must know of it.
    pub(super) notes: Vec<String>,
}

impl Opening {
    pub(super) fn new(demand: &Demand, days: &Days) -> Self {
        let mut calendar: BTreeMap<Option<String>, BTreeMap<i32, bool>> = BTreeMap::new();
        // Suppliers have days in it, too.
        let sites: BTreeSet<Option<&str>> =
            demand.sold.iter().map(|of| of.site.as_deref()).collect();
        let of_sites = demand.calendar.iter();
        let of_sites = of_sites.filter(|day| match day.site.as_deref() {
            None => true,
            site => sites.contains(&site),
        });
        for day in of_sites {
            calendar
                .entry(day.site.clone())
                .or_default()
                .insert(day.day, day.open);
        }
        let mut sold: BTreeMap<Option<String>, BTreeMap<i32, u32>> = BTreeMap::new();
        for series in &demand.sold {
            for day in &series.days {
                *sold.entry(None).or_default().entry(day.day).or_default() += 1;
                if series.site.is_some() {
                    let own = sold.entry(series.site.clone()).or_default();
                    *own.entry(day.day).or_default() += 1;
                }
            }
        }
        let planned = calendar.values().filter_map(|c| c.keys().next_back()).max();
        let ends = days.start_of(days.known);
        let mut notes = Vec::new();
        match planned {
            Some(last) if *last + 1 < days.until && *last + 7 >= ends => notes.push(format!(
                "the calendar ends with {}: after it sites are taken to be open as in the eight weeks before",
                date_of(*last)
            )),
            Some(last) if *last + 7 < ends => notes.push(format!(
                "the calendar ends with {}, before the forecast begins: sites are taken to be open on the weekdays of the last eight weeks, without holidays",
                date_of(*last)
            )),
            _ => {}
        }
        Self {
            calendar,
            sold,
            notes,
        }
    }

    /// Days on which a site is open, or the shop where no site is named.
    pub(super) fn of(&self, site: Option<&str>, days: &Days) -> BTreeSet<i32> {
        let key = site.map(str::to_owned);
        let empty = BTreeMap::new();
        let sold = self.sold.get(&key).unwrap_or(&empty);
        let own = self.calendar.get(&key).or_else(|| self.calendar.get(&None));
        let busy = sold.values().map(|n| f64::from(*n)).sum::<f64>()
            / f64::from((days.until - days.from).max(1))
            >= BUSY;
        let known_until = days.start_of(days.known);
        let span = own.and_then(|c| Some(*c.keys().next()?..=*c.keys().next_back()?));
        // A calendar that names more than half of its days names those that are open; else only the exceptions.
        let listed = own.zip(span.as_ref()).is_some_and(|(calendar, span)| {
            2 * calendar.len() as i32 > span.end() + 1 - span.start()
        });
        let told = |day: i32| match own.and_then(|calendar| calendar.get(&day)) {
            Some(is) => Some(*is),
            None => (listed && span.as_ref().is_some_and(|s| s.contains(&day))).then_some(false),
        };
        let mut open = BTreeSet::new();
        for day in days.from..days.until {
            let is = sold.contains_key(&day)
                || told(day).unwrap_or_else(|| {
                    if day < known_until && (busy || sold.is_empty()) {
                        sold.is_empty()
                    } else {
                        self.weekday_open(&open, sold, day, known_until, busy)
                    }
                });
            if is {
                open.insert(day);
            }
        }
        open
    }

    /// Whether the last days of its weekday, of those that are known, were open.
    fn weekday_open(
        &self,
        open: &BTreeSet<i32>,
        sold: &BTreeMap<i32, u32>,
        day: i32,
        known_until: i32,
        busy: bool,
    ) -> bool {
        let before = (1..)
            .map(|weeks| day - 7 * weeks)
            .filter(|before| *before < known_until)
            .take(WEEKDAYS_SEEN);
        let Some(first) = sold.keys().next() else {
            return true;
        };
        let seen: Vec<i32> = before.take_while(|before| before >= first).collect();
        let were = seen.iter().filter(|d| open.contains(d)).count();
        // Where little is sold, a day without a sale says little.
        if busy || !self.calendar.is_empty() {
            2 * were >= seen.len()
        } else {
            true
        }
    }
}
