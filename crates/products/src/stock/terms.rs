//! How each product is supplied to each site: the terms that fit best, the settings where they say nothing.

use super::settings::Settings;
use decisions::stock::OrderDays;
use features::demand::CalendarDay;
use features::supply::Terms;
use jiff::civil::{Date, Weekday};
use schema::time::{date_of, epoch_day};
use std::collections::HashMap;

/// Names of weekdays in table `supply_terms`, Monday first.
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Terms by product and site; nothing stands for all.
#[derive(Debug)]
pub(super) struct Book<'a> {
    of: HashMap<(Option<&'a str>, Option<&'a str>), &'a Terms>,
}

impl<'a> Book<'a> {
    pub(super) fn new(terms: &'a [Terms]) -> Self {
        let key = |terms: &'a Terms| (terms.product.as_deref(), terms.site.as_deref());
        Self {
            of: terms.iter().map(|terms| (key(terms), terms)).collect(),
        }
    }

    /// Those of the product at the site, else of the product everywhere, else of the site, else of everything.
    pub(super) fn of(&self, product: &str, site: &str) -> Option<&'a Terms> {
        let keys = [
            (Some(product), Some(site)),
            (Some(product), None),
            (None, Some(site)),
            (None, None),
        ];
        keys.iter().find_map(|key| self.of.get(key).copied())
    }
}

/// Days on which suppliers take no orders, by their names in the calendar.
#[derive(Debug, Default)]
pub(super) struct Closed<'a>(HashMap<&'a str, Vec<Date>>);

impl<'a> Closed<'a> {
    pub(super) fn new(terms: &[Terms], calendar: &'a [CalendarDay]) -> Self {
        let mut of: HashMap<&str, Vec<Date>> = HashMap::new();
        for day in calendar.iter().filter(|day| !day.open) {
            let named = day.site.as_deref();
            if let Some(name) = named.filter(|name| terms.iter().any(|of| of.supplier == *name)) {
                of.entry(name).or_default().push(date_of(day.day));
            }
        }
        Self(of)
    }

    fn of(&self, terms: Option<&Terms>) -> &[Date] {
        let days = terms.and_then(|terms| self.0.get(terms.supplier.as_str()));
        days.map_or(&[], Vec::as_slice)
    }
}

/// When an order can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Orders {
    /// On these weekdays.
    On(OrderDays),
    /// Every so many days, on the first of these days from then on.
    Every(u32, OrderDays),
}

impl Orders {
    pub(super) fn new(terms: Option<&Terms>, settings: &Settings, closed: &Closed<'_>) -> Self {
        // The contract of the table refuses other names, and none at all.
        let named = terms.and_then(|terms| terms.order_days.as_deref());
        let weekdays: Vec<Weekday> = named
            .into_iter()
            .flat_map(|days| days.split(','))
            .filter_map(|day| WEEKDAYS.iter().position(|name| *name == day))
            .filter_map(|at| Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok())
            .collect();
        let closed = closed.of(terms);
        match OrderDays::new(&weekdays, closed) {
            Ok(days) => Self::On(days),
            Err(_) => Self::Every(settings.review_days, any_day(closed)),
        }
    }

    /// Whether an order can be made on a day.
    pub(super) fn on(&self, day: Date) -> bool {
        match self {
            Self::On(days) | Self::Every(_, days) => days.holds(day),
        }
    }

    /// Whether an order is due on a day, where the first was on another.
    pub(super) fn due(&self, day: Date, first: Date) -> bool {
        match self {
            Self::On(days) => days.holds(day),
            Self::Every(every, days) => {
                let since = epoch_day(day) - epoch_day(first);
                // What was due on closed days is ordered on the first open one after them.
                let waited = (0..=since)
                    .take_while(|back| *back == 0 || !days.holds(date_of(epoch_day(day) - back)));
                let every = i32::try_from((*every).max(1)).unwrap_or(i32::MAX);
                days.holds(day) && waited.into_iter().any(|back| (since - back) % every == 0)
            }
        }
    }

    /// Days from one order to the next, or from a day without one.
    pub(super) fn until_next(&self, day: Date) -> u32 {
        let (next, otherwise) = match self {
            Self::On(days) => (days.after(day), 7),
            Self::Every(every, days) if days.holds(day) => {
                let earliest = i32::try_from(*every).unwrap_or(i32::MAX / 2);
                (days.from(date_of(epoch_day(day) + earliest)), *every)
            }
            Self::Every(every, days) => (days.after(day), *every),
        };
        next.ok()
            .and_then(|next| u32::try_from(epoch_day(next) - epoch_day(day)).ok())
            .unwrap_or(otherwise)
    }
}

/// Every day but these.
fn any_day(closed: &[Date]) -> OrderDays {
    let all = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    OrderDays::new(&all, closed).unwrap_or_else(|_| OrderDays::every_day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn terms(product: Option<&str>, site: Option<&str>) -> Terms {
        Terms {
            product: product.map(str::to_owned),
            site: site.map(str::to_owned),
            order_days: Some("mon,thu".to_owned()),
            ..Terms::default()
        }
    }

    #[test]
    fn what_names_the_product_wins_over_what_names_the_site() {
        let all = [
            terms(None, None),
            terms(None, Some("s")),
            terms(Some("tea"), None),
            terms(Some("tea"), Some("t")),
        ];
        let book = Book::new(&all);
        assert_eq!(book.of("tea", "t"), Some(&all[3]));
        assert_eq!(book.of("tea", "s"), Some(&all[2]));
        assert_eq!(book.of("rice", "s"), Some(&all[1]));
        assert_eq!(book.of("rice", "t"), Some(&all[0]));
        assert_eq!(Book::new(&all[1..]).of("rice", "t"), None);
    }

    #[test]
    fn the_next_order_is_on_the_next_weekday_named() {
        let closed = Closed::default();
        let days = Orders::new(Some(&terms(None, None)), &Settings::default(), &closed);
        let monday = date(2026, 3, 2);
        assert!(days.on(monday) && !days.on(date(2026, 3, 3)));
        assert_eq!(days.until_next(monday), 3);
        assert_eq!(days.until_next(date(2026, 3, 5)), 4);
        let every = Orders::new(None, &Settings::default(), &closed);
        assert!(every.on(monday) && every.until_next(monday) == 1);
    }

    #[test]
    fn closed_days_are_waited_for_and_what_was_due_on_them_comes_after_them() {
        let all = [Terms {
            supplier: "x".to_owned(),
            ..terms(None, None)
        }];
        let shut = |day: Date, name: &str, open: bool| CalendarDay {
            day: epoch_day(day),
            site: Some(name.to_owned()),
            open,
            holiday: None,
            school_holiday: None,
        };
        let (monday, thursday) = (date(2026, 3, 2), date(2026, 3, 5));
        let calendar = [
            shut(monday, "x", false),
            shut(thursday, "x", true),
            // Of a site, and of a supplier that no terms name.
            shut(thursday, "s", false),
            shut(thursday, "y", false),
        ];
        let closed = Closed::new(&all, &calendar);
        let named = Orders::new(all.first(), &Settings::default(), &closed);
        assert!(!named.on(monday) && named.on(thursday));
        assert_eq!(named.until_next(date(2026, 2, 26)), 7);
        let terms = Terms {
            order_days: None,
            ..all[0].clone()
        };
        let settings = Settings {
            review_days: 3,
            ..Settings::default()
        };
        let every = Orders::new(Some(&terms), &settings, &closed);
        let friday = date(2026, 2, 27);
        assert!(every.on(friday) && !every.on(monday));
        // Three days later it is closed, and one day after that not.
        assert_eq!((every.until_next(friday), every.until_next(monday)), (4, 1));
        let due = |day| every.due(day, friday);
        let days = [friday, monday, date(2026, 3, 3), date(2026, 3, 4), thursday];
        assert_eq!(days.map(due), [true, false, true, false, true]);
    }
}
