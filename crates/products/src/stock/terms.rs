//! How each product is supplied to each site: the terms that fit best, the settings where they say nothing.

use super::settings::Settings;
use features::supply::Terms;
use jiff::civil::{Date, Weekday};
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

/// Days on which an order can be made, Monday first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OrderDays {
    /// On these weekdays.
    Weekdays([bool; 7]),
    /// Every so many days.
    Every(u32),
}

impl OrderDays {
    pub(super) fn new(terms: Option<&Terms>, settings: &Settings) -> Self {
        match terms.and_then(|terms| terms.order_days.as_deref()) {
            // The contract of the table refuses other names.
            Some(days) => Self::Weekdays(WEEKDAYS.map(|name| days.split(',').any(|d| d == name))),
            None => Self::Every(settings.review_days),
        }
    }

    /// Whether an order can be made on a day.
    pub(super) fn on(self, day: Date) -> bool {
        match self {
            Self::Weekdays(days) => days[monday_first(day.weekday())],
            Self::Every(_) => true,
        }
    }

    /// Days from one order to the next.
    pub(super) fn until_next(self, day: Date) -> u32 {
        match self {
            Self::Weekdays(days) => {
                let today = monday_first(day.weekday());
                let next = (1..=7).find(|ahead| days[(today + ahead) % 7]);
                next.and_then(|ahead| u32::try_from(ahead).ok())
                    .unwrap_or(7)
            }
            Self::Every(days) => days,
        }
    }
}

fn monday_first(weekday: Weekday) -> usize {
    usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0)
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
        let days = OrderDays::new(Some(&terms(None, None)), &Settings::default());
        let monday = date(2026, 3, 2);
        assert!(days.on(monday) && !days.on(date(2026, 3, 3)));
        assert_eq!(days.until_next(monday), 3);
        assert_eq!(days.until_next(date(2026, 3, 5)), 4);
        let every = OrderDays::new(None, &Settings::default());
        assert!(every.on(monday) && every.until_next(monday) == 1);
    }
}
