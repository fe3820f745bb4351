//! How each product is supplied to each site: the terms that fit best, the settings where they say nothing.

use super::settings::Settings;
use decisions::stock::OrderDays;
use features::supply::Terms;
use jiff::civil::{Date, Weekday};
use schema::time::epoch_day;
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

/// When an order can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Orders {
    /// On these weekdays.
    On(OrderDays),
    /// On any day, every so many days.
    Every(u32),
}

impl Orders {
    pub(super) fn new(terms: Option<&Terms>, settings: &Settings) -> Self {
        // The contract of the table refuses other names, and none at all.
        let named = terms.and_then(|terms| terms.order_days.as_deref());
        let weekdays: Vec<Weekday> = named
            .into_iter()
            .flat_map(|days| days.split(','))
            .filter_map(|day| WEEKDAYS.iter().position(|name| *name == day))
            .filter_map(|at| Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok())
            .collect();
        match OrderDays::new(&weekdays, &[]) {
            Ok(days) => Self::On(days),
            Err(_) => Self::Every(settings.review_days),
        }
    }

    /// Whether an order can be made on a day.
    pub(super) fn on(&self, day: Date) -> bool {
        match self {
            Self::On(days) => days.holds(day),
            Self::Every(_) => true,
        }
    }

    /// Days from one order to the next.
    pub(super) fn until_next(&self, day: Date) -> u32 {
        match self {
            Self::On(days) => days
                .after(day)
                .ok()
                .and_then(|next| u32::try_from(epoch_day(next) - epoch_day(day)).ok())
                .unwrap_or(7),
            Self::Every(days) => *days,
        }
    }
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
        let days = Orders::new(Some(&terms(None, None)), &Settings::default());
        let monday = date(2026, 3, 2);
        assert!(days.on(monday) && !days.on(date(2026, 3, 3)));
        assert_eq!(days.until_next(monday), 3);
        assert_eq!(days.until_next(date(2026, 3, 5)), 4);
        let every = Orders::new(None, &Settings::default());
        assert!(every.on(monday) && every.until_next(monday) == 1);
    }
}
