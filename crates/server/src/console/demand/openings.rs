//! Which days sites sold on, by their calendars and by what they sold.

use features::demand::Demand;
use std::collections::{BTreeMap, BTreeSet};

/// Series that sell on a usual day from which a day without any sale is a closed one.
const BUSY: f64 = 5.0;

/// Open days of some sites within a span of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Openings {
    from: i32,
    /// By site, whether each day is open; those of the whole shop under nothing.
    open: BTreeMap<Option<String>, Vec<bool>>,
}

/// What a calendar says.
#[derive(Default)]
struct Told {
    /// Of the days of the span.
    of_span: BTreeMap<i32, bool>,
    /// Its first and its last day, and how many it names.
    all: Option<(i32, i32, i32)>,
}

impl Told {
    fn add(&mut self, day: i32, open: bool, is_of_span: bool) {
        let (first, last, named) = self.all.unwrap_or((day, day, 0));
        self.all = Some((first.min(day), last.max(day), named + 1));
        if is_of_span {
            self.of_span.insert(day, open);
        }
    }

    /// A calendar that names more than half of its days names those that are open; else only exceptions.
    fn is_open(&self, day: i32) -> Option<bool> {
        let listed = |(first, last, named): (i32, i32, i32)| {
            (first..=last).contains(&day) && 2 * named > last + 1 - first
        };
        let unnamed = self.all.is_some_and(listed).then_some(false);
        self.of_span.get(&day).copied().or(unnamed)
    }
}

impl Openings {
    /// Looks once through all sales of the span.
    ///
    /// - `sites`: nothing is the whole shop.
    pub(super) fn of(
        demand: &Demand,
        sites: &BTreeSet<Option<&str>>,
        from: i32,
        until: i32,
    ) -> Self {
        let days = usize::try_from(until - from).unwrap_or(0);
        let at = |day: i32| usize::try_from(day - from).ok().filter(|at| *at < days);
        let mut selling: BTreeMap<Option<&str>, Vec<u32>> =
            sites.iter().map(|site| (*site, vec![0; days])).collect();
        for series in &demand.sold {
            let whole = series.site.as_ref().map(|_| None);
            for site in whole.into_iter().chain([series.site.as_deref()]) {
                let Some(counts) = selling.get_mut(&site) else {
                    continue;
                };
                let start = series.days.partition_point(|d| d.day < from);
                let of_span = series.days[start..].iter().map_while(|d| at(d.day));
                for day in of_span {
                    counts[day] += 1;
                }
            }
        }
        let mut calendars: BTreeMap<Option<&str>, Told> = BTreeMap::new();
        for day in &demand.calendar {
            let site = day.site.as_deref();
            if site.is_none() || sites.contains(&site) {
                let told = calendars.entry(site).or_default();
                told.add(day.day, day.open, at(day.day).is_some());
            }
        }
        let nothing = Told::default();
        let open = selling.iter().map(|(site, counts)| {
            let told = calendars.get(site).or_else(|| calendars.get(&None));
            let told = told.unwrap_or(&nothing);
            let usual = counts.iter().map(|n| f64::from(*n)).sum::<f64>() / days.max(1) as f64;
            let is_open =
                |(day, n): (i32, &u32)| *n > 0 || told.is_open(day).unwrap_or(usual < BUSY);
            let days = (from..).zip(counts).map(is_open).collect();
            (site.map(str::to_owned), days)
        });
        Self {
            from,
            open: open.collect(),
        }
    }

    /// Whether a site sold on a day; a day or a site that was not asked for is taken for open.
    pub(super) fn is_open(&self, site: Option<&str>, day: i32) -> bool {
        let days = self.open.iter().find(|(of, _)| of.as_deref() == site);
        let at = usize::try_from(day - self.from).ok();
        let open = days
            .zip(at)
            .and_then(|((_, days), at)| days.get(at).copied());
        open.unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use features::demand::{CalendarDay, Sold, SoldDay};

    fn sold(product: usize, site: &str, days: &[i32]) -> Sold {
        let day = |day: &i32| SoldDay {
            day: *day,
            units: 1,
            ..SoldDay::default()
        };
        Sold {
            product: format!("p{product}"),
            site: Some(site.to_owned()),
            days: days.iter().map(day).collect(),
        }
    }

    fn named(day: i32, site: Option<&str>, open: bool) -> CalendarDay {
        CalendarDay {
            day,
            site: site.map(str::to_owned),
            open,
            holiday: None,
            school_holiday: None,
        }
    }

    fn open(demand: &Demand, site: Option<&str>) -> Vec<i32> {
        let found = Openings::of(demand, &BTreeSet::from([site]), 0, 7);
        (0..7).filter(|day| found.is_open(site, *day)).collect()
    }

    #[test]
    fn a_busy_site_that_sold_nothing_was_closed_and_a_quiet_one_was_not() {
        let days = [0, 1, 2, 4, 5, 6];
        let mut demand = Demand {
            sold: (0..6).map(|p| sold(p, "busy", &days)).collect(),
            ..Demand::default()
        };
        demand.sold.push(sold(0, "quiet", &days));
        assert_eq!(open(&demand, Some("busy")), days);
        assert_eq!(open(&demand, Some("quiet")), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(open(&demand, None), days);
    }

    #[test]
    fn a_calendar_names_exceptions_or_the_open_days_and_a_sale_is_stronger() {
        let mut demand = Demand {
            sold: vec![sold(0, "s", &[3])],
            calendar: vec![named(2, None, false), named(3, None, false)],
            ..Demand::default()
        };
        assert_eq!(open(&demand, Some("s")), [0, 1, 3, 4, 5, 6]);
        demand.calendar = [0, 1, 4, 5].map(|day| named(day, Some("s"), true)).to_vec();
        // Day 6 lies after its last one: nothing is said of it.
        assert_eq!(open(&demand, Some("s")), [0, 1, 3, 4, 5, 6]);
    }
}
