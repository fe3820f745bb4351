//! The grocery itself: its population, its files, its truth.

use jiff::civil::Date;

use super::catalogue::{Article, articles};
use super::customers::{Customer, customer};
use super::expected::{Expected, expected};
use super::files;
use super::offers::{Arm, NAMES, PILOT_CHANCES};
use super::trips::{Buyer, Period, Ticket};
use super::{Grocery, MONTHS_MAX};
use crate::draws::{Purpose, pick, stream};
use crate::raw::RawFile;
use crate::shop::{ShopError, count};

/// A grocery whose customers are drawn: what happens to them is a function of the arms they are given.
///
/// A customer makes a Poisson number of trips in a month, at uniform moments of the opening hours, with a Poisson number
/// of items beyond the first three. An offer changes both means by factors that depend on how often the customer comes,
/// how much a basket holds and whether the customer is lapsing, times noise that nothing tells:
///
/// - `amount5` (5.00 off the first basket) brings back rare and lapsing customers; frequent ones redeem it and come as
///   often as before.
/// - `percent10` (10 % off everything) makes customers of middling frequency with big baskets buy more.
/// - `points` (3 % of the spend, booked as discount) makes frequent customers come a little more often.
///
/// Each pays on a part of the customers and loses money on the others.
///
/// Nothing is carried over: what a customer was given in one month changes no other month, and all months after the
/// history have the same expected values. There is no season, and nobody joins or leaves for good.
#[derive(Debug, Clone)]
pub struct GroceryShop {
    grocery: Grocery,
    articles: Vec<Article>,
    customers: Vec<Customer>,
}

impl GroceryShop {
    /// Draws the goods and the customers of `grocery`.
    ///
    /// # Errors
    /// [`ShopError`] names the field that is out of its range.
    pub fn new(grocery: &Grocery) -> Result<Self, ShopError> {
        grocery.check()?;
        let articles = articles(grocery.seed);
        let customers = (0..grocery.customers)
            .map(|index| customer(grocery, &articles, index))
            .collect();
        Ok(Self {
            grocery: grocery.clone(),
            articles,
            customers,
        })
    }

    /// Cards of the customers, such as `g000123`, in the order of their positions.
    pub fn customers(&self) -> impl ExactSizeIterator<Item = &str> {
        self.customers.iter().map(|customer| customer.card.as_str())
    }

    /// Names of the arms, the control first: `none`, `amount5`, `percent10`, `points`. An arm is its position here.
    #[must_use]
    pub fn arms() -> &'static [&'static str] {
        &NAMES
    }

    /// First day of month `month`; month 1 follows the history, and each month the one before.
    #[must_use]
    pub fn month_start(&self, month: u32) -> Date {
        self.grocery.date_of(self.grocery.days_before(month))
    }

    /// What the customer at position `customer` is worth in any month under the arm at position `arm`.
    ///
    /// # Panics
    /// When there is no such customer or no such arm.
    #[must_use]
    pub fn expected(&self, customer: usize, arm: usize) -> Expected {
        let days = self.grocery.month_days;
        let customer = &self.customers[customer];
        expected(customer, Arm::ALL[arm], customer.responses[arm], days)
    }

    /// What it would be worth if it answered as customers of the same habits do on average: all that anybody could know
    /// who has seen everything but this customer's own answers.
    ///
    /// # Panics
    /// When there is no such customer or no such arm.
    #[must_use]
    pub fn foreseeable(&self, customer: usize, arm: usize) -> Expected {
        let days = self.grocery.month_days;
        let customer = &self.customers[customer];
        expected(customer, Arm::ALL[arm], customer.typical[arm], days)
    }

    /// The files that exist before the first month: `raw/customers.csv`, `raw/products.csv`, `raw/offers.csv` and the
    /// history `raw/sales-0.csv`.
    #[must_use]
    pub fn before(&self) -> Vec<RawFile> {
        let last = self.grocery.days_before(MONTHS_MAX + 1) - 1;
        let valid = (self.month_start(1), self.grocery.date_of(last));
        let history = self.buyers().flat_map(Buyer::history).collect();
        vec![
            files::customers_file(&self.customers),
            files::products_file(&self.articles),
            files::offers_file(&self.grocery, &self.customers, valid),
            self.sales(0, history),
        ]
    }

    /// The draw for month 1: the arm of each customer, in the order of their positions, and `raw/assignments.csv`, which
    /// tells it.
    ///
    /// Each customer is drawn alone, into `none` with the chance 0.4 and into each offer with 0.2, at 00:00 UTC of the
    /// month's first day.
    #[must_use]
    pub fn pilot(&self) -> (Vec<usize>, RawFile) {
        let arms: Vec<usize> = (0..u64::from(self.grocery.customers))
            .map(|index| {
                let mut rng = stream(self.grocery.seed, Purpose::GroceryPilot, index);
                pick(&mut rng, &PILOT_CHANCES).expect("the chances are above 0")
            })
            .collect();
        let file = files::assignments_file(&self.customers, &arms, self.month_start(1));
        (arms, file)
    }

    /// The sales of month `month` (1 to 36) when the customer at position `i` was given the arm at position `arms[i]`:
    /// `raw/sales-<month>.csv`.
    ///
    /// What a customer does depends on the month and on the customer's own arm only.
    ///
    /// # Errors
    /// [`ShopError::Count`] for a month that is none, [`ShopError::Arms`] unless each customer has one arm, and
    /// [`ShopError::Arm`] for an arm that is none.
    pub fn month(&self, month: u32, arms: &[usize]) -> Result<RawFile, ShopError> {
        count("month", month, (1, MONTHS_MAX))?;
        let arms = self.checked(arms)?;
        let period = Period {
            first_day: self.grocery.days_before(month),
            days: self.grocery.month_days,
        };
        let tickets = self
            .buyers()
            .zip(arms)
            .flat_map(|(buyer, arm)| buyer.month(month, period, arm))
            .collect();
        Ok(self.sales(month, tickets))
    }

    fn checked(&self, arms: &[usize]) -> Result<Vec<Arm>, ShopError> {
        let customers = self.customers.len();
        if arms.len() != customers {
            return Err(ShopError::Arms {
                found: arms.len(),
                customers,
            });
        }
        let known = arms.iter().enumerate().map(|(customer, &found)| {
            Arm::ALL.get(found).copied().ok_or(ShopError::Arm {
                customer,
                found,
                max: Arm::ALL.len() - 1,
            })
        });
        known.collect()
    }

    fn buyers(&self) -> impl Iterator<Item = Buyer<'_>> {
        (0..).zip(&self.customers).map(|(index, customer)| Buyer {
            grocery: &self.grocery,
            articles: &self.articles,
            customer,
            index,
        })
    }

    fn sales(&self, month: u32, tickets: Vec<Ticket>) -> RawFile {
        files::sales_file(
            &self.grocery,
            &self.articles,
            &self.customers,
            month,
            tickets,
        )
    }
}
