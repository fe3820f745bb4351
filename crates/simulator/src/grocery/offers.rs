//! The arms: what a customer may be given for a month, and what it takes off a basket.

/// Names of the arms, in the order of [`Arm::ALL`].
pub(super) const NAMES: [&str; 4] = ["none", "amount5", "percent10", "points"];
/// Chances of the arms in the pilot.
pub(super) const PILOT_CHANCES: [f64; 4] = [0.4, 0.2, 0.2, 0.2];

/// What a customer is given for a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arm {
    /// Nothing: the control.
    None,
    /// 5.00 off the first basket of the month.
    Amount,
    /// 10 % off every line of the month.
    Percent,
    /// Points worth 3 % of the spend, booked as discount.
    Points,
}

impl Arm {
    /// The control comes first.
    pub(super) const ALL: [Self; 4] = [Self::None, Self::Amount, Self::Percent, Self::Points];

    pub(super) fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

/// What [`Arm::Amount`] takes off.
pub(super) const AMOUNT_CENTS: i64 = 500;
/// What [`Arm::Percent`] takes off, in percent of each line.
pub(super) const PERCENT: i64 = 10;
/// What [`Arm::Points`] gives, in percent of each line.
pub(super) const POINTS_PERCENT: i64 = 3;

/// Discount of each line of a basket, from the values of its lines, all in cents and `first` if it is the first one of
/// the month. The discount of a line is at least 0 and at most its value.
pub(super) fn discounts(arm: Arm, first: bool, values: &[i64]) -> Vec<i64> {
    match arm {
        Arm::None => vec![0; values.len()],
        Arm::Amount if first => shared(AMOUNT_CENTS, values),
        Arm::Amount => vec![0; values.len()],
        Arm::Percent => values
            .iter()
            .map(|value| percent(*value, PERCENT))
            .collect(),
        Arm::Points => values
            .iter()
            .map(|value| percent(*value, POINTS_PERCENT))
            .collect(),
    }
}

/// Half a cent is rounded up.
fn percent(value: i64, percent: i64) -> i64 {
    (value * percent + 50) / 100
}

/// `cents` spread over the lines in proportion to their values, summing to `cents` exactly: each line gets the growth of
/// the rounded running share.
fn shared(cents: i64, values: &[i64]) -> Vec<i64> {
    let total: i64 = values.iter().sum();
    let mut until = 0;
    values
        .iter()
        .map(|value| {
            let before = until * cents / total;
            until += value;
            until * cents / total - before
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_spread_to_the_cent_and_never_above_a_line() {
        for values in [
            vec![200, 200, 200],
            vec![200, 201, 899],
            vec![333, 333, 334, 1, 1],
            vec![201; 40],
        ] {
            let discounts = discounts(Arm::Amount, true, &values);
            assert_eq!(discounts.iter().sum::<i64>(), AMOUNT_CENTS);
            for (discount, value) in discounts.iter().zip(&values) {
                assert!((0..=*value).contains(discount), "{discount} of {value}");
            }
        }
    }

    #[test]
    fn an_amount_is_given_once_and_a_percentage_on_every_line() {
        assert_eq!(discounts(Arm::Amount, false, &[300, 300]), [0, 0]);
        assert_eq!(discounts(Arm::Percent, false, &[304, 305]), [30, 31]);
        assert_eq!(discounts(Arm::Points, true, &[200, 250]), [6, 8]);
        assert_eq!(discounts(Arm::None, true, &[200]), [0]);
    }

    #[test]
    fn arms_are_in_the_order_of_their_names() {
        for (position, arm) in Arm::ALL.into_iter().enumerate() {
            assert_eq!(arm.name(), NAMES[position]);
        }
        assert_eq!(PILOT_CHANCES.iter().sum::<f64>(), 1.0);
    }
}
