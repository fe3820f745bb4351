//! A depth that no arm had: a mix of the two arms around it, and nothing beyond them.

use super::error::WhatIfError;
use features::Offers;

/// The two arms around a depth, or the one that has it, with their weights.
pub(super) fn around(
    arms: &[String],
    depth: f64,
    offers: &Offers,
) -> Result<Vec<(Option<String>, f64)>, WhatIfError> {
    let mut known = Vec::new();
    for arm in arms {
        let offer = offers.get(arm);
        known.push(offer.ok_or_else(|| WhatIfError::NoDepth { arm: arm.clone() })?);
    }
    if known.iter().any(|offer| offer.kind != known[0].kind) {
        let types: Vec<&str> = known.iter().map(|offer| offer.kind.as_str()).collect();
        return Err(WhatIfError::Types {
            found: types.join(", "),
        });
    }
    known.sort_by(|a, b| a.depth.total_cmp(&b.depth));
    let above = known.iter().position(|offer| offer.depth >= depth);
    let Some(above) = above.filter(|place| *place > 0 || known[0].depth == depth) else {
        return Err(WhatIfError::Depth {
            found: depth,
            low: known[0].depth,
            high: known[known.len() - 1].depth,
        });
    };
    let upper = known[above];
    if upper.depth == depth {
        return Ok(vec![(Some(upper.id.clone()), 1.0)]);
    }
    let lower = known[above - 1];
    let weight = (depth - lower.depth) / (upper.depth - lower.depth);
    Ok(vec![
        (Some(lower.id.clone()), 1.0 - weight),
        (Some(upper.id.clone()), weight),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn offer(id: &str, kind: &str, depth: f64) -> features::Offer {
        features::Offer {
            id: id.to_owned(),
            kind: kind.to_owned(),
            depth,
            cost_retailer_cents: 0,
            cost_brand_cents: None,
            fixed_cost_retailer_cents: None,
            fixed_cost_brand_cents: None,
            valid_from: date(2026, 1, 1),
            valid_to: date(2026, 12, 31),
            eligibility: None,
        }
    }

    #[test]
    fn a_depth_between_two_arms_is_a_mix_of_both_and_beyond_them_nothing() {
        let offers = Offers::new(vec![
            offer("ten", "amount", 10.0),
            offer("two", "amount", 2.0),
            offer("five", "amount", 5.0),
            offer("points", "points", 3.0),
        ]);
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let all = names(&["ten", "two", "five"]);
        let mixed = |depth: f64| around(&all, depth, &offers).unwrap();
        let arm = |name: &str, weight: f64| (Some(name.to_owned()), weight);
        assert_eq!(mixed(6.0), [arm("five", 0.8), arm("ten", 0.2)]);
        assert_eq!(mixed(5.0), [arm("five", 1.0)]);
        assert_eq!(mixed(2.0), [arm("two", 1.0)]);
        for depth in [1.9, 10.1] {
            let error = around(&all, depth, &offers).unwrap_err().to_string();
            assert!(error.contains("allowed is 2 to 10"), "{error}");
        }
        let types = around(&names(&["five", "points"]), 4.0, &offers).unwrap_err();
        assert!(types.to_string().contains("amount, points"), "{types}");
        let unknown = around(&names(&["five", "six"]), 5.5, &offers).unwrap_err();
        assert!(unknown.to_string().contains("\"six\""), "{unknown}");
    }
}
