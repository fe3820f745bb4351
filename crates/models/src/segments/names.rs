//! Names in the words of a shop, never twice the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Where the typical customer of a segment stands among all customers, as quintile scores: 1 is
/// the weakest fifth, 5 the best. None when all customers have the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Levels {
    /// 5 = ordered most recently.
    pub recency: Option<u8>,
    /// 5 = most orders.
    pub orders: Option<u8>,
    /// 5 = highest spend.
    pub spend: Option<u8>,
}

/// What a name is made of: the levels and the medians of a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typical {
    pub(crate) levels: Levels,
    pub(crate) recency_days: f64,
    pub(crate) orders: f64,
    pub(crate) spend_cents: i64,
}

const RECENCY: [&str; 5] = ["long gone", "lapsing", "cooling", "recent", "very recent"];
const ORDERS: [&str; 5] = ["rare", "occasional", "regular", "frequent", "very frequent"];
const SPEND: [&str; 5] = [
    "lowest spend",
    "low spend",
    "medium spend",
    "high spend",
    "top spend",
];

/// One name per segment, all different. Segments on the same levels are told apart by the median
/// that differs most, and by a number when even the medians are equal.
pub(crate) fn names(typical: &[Typical]) -> Vec<String> {
    let mut named: Vec<String> = typical.iter().map(plain).collect();
    for same in repeated(&named) {
        let told_apart = detail(&same.iter().map(|&i| typical[i]).collect::<Vec<_>>());
        for (&i, more) in same.iter().zip(told_apart) {
            named[i] = format!("{}, {more}", named[i]);
        }
    }
    for same in repeated(&named) {
        for (number, &i) in same.iter().enumerate() {
            named[i] = format!("{} ({})", named[i], number + 1);
        }
    }
    named
}

fn plain(of: &Typical) -> String {
    let word = |level: Option<u8>, words: &[&'static str; 5]| {
        level.map(|l| words[usize::from(l.clamp(1, 5)) - 1])
    };
    let orders = if of.orders == 1.0 && of.levels.orders.is_some() {
        Some("one order")
    } else {
        word(of.levels.orders, &ORDERS)
    };
    let parts: Vec<&str> = [
        word(of.levels.recency, &RECENCY),
        orders,
        word(of.levels.spend, &SPEND),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "all alike".to_owned()
    } else {
        parts.join(", ")
    }
}

/// Positions of names that occur more than once.
fn repeated(named: &[String]) -> Vec<Vec<usize>> {
    let mut positions: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, name) in named.iter().enumerate() {
        positions.entry(name).or_default().push(i);
    }
    positions.into_values().filter(|p| p.len() > 1).collect()
}

/// The median that differs most between segments of one name, in words.
fn detail(same: &[Typical]) -> Vec<String> {
    let ratio = |of: fn(&Typical) -> f64| {
        let values = same.iter().map(of);
        let high = values.clone().fold(0.0, f64::max);
        let low = values.fold(f64::INFINITY, f64::min);
        (1.0 + high) / (1.0 + low)
    };
    let recency = ratio(|t| t.recency_days);
    let orders = ratio(|t| t.orders);
    let spend = ratio(|t| t.spend_cents as f64 / 100.0);
    let text = |t: &Typical| {
        if recency >= orders && recency >= spend {
            format!("about {:.0} days ago", t.recency_days)
        } else if spend >= orders {
            format!("about {:.0} in all", t.spend_cents as f64 / 100.0)
        } else {
            format!("about {:.0} orders", t.orders)
        }
    };
    same.iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typical(recency_days: f64, spend_cents: i64) -> Typical {
        Typical {
            levels: Levels {
                recency: Some(4),
                orders: Some(5),
                spend: None,
            },
            recency_days,
            orders: 9.0,
            spend_cents,
        }
    }

    #[test]
    fn segments_on_the_same_levels_get_different_names() {
        let named = names(&[
            typical(10.0, 5_000),
            typical(31.0, 5_000),
            typical(31.0, 5_000),
        ]);
        assert_eq!(named[0], "recent, very frequent, about 10 days ago");
        assert_eq!(named[1], "recent, very frequent, about 31 days ago (1)");
        assert_eq!(named[2], "recent, very frequent, about 31 days ago (2)");
    }

    #[test]
    fn every_single_order_is_called_one_order() {
        let mut one = typical(10.0, 100);
        one.orders = 1.0;
        assert_eq!(names(&[one]), ["recent, one order"]);
    }
}
