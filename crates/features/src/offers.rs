//! What may be offered to customers, as table `offers` says.

use jiff::civil::Date;

/// One offer.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Its identifier: the arm of a trial that gives it has the same name.
    pub id: String,
    /// What is given.
    pub kind: String,
    /// Size of the gift, in the unit of its type.
    pub depth: f64,
    /// Cost of one redemption to the retailer, in cents.
    pub cost_retailer_cents: i64,
    /// The same to the brand; `None` where it is not known.
    pub cost_brand_cents: Option<i64>,
    /// Cost to the retailer of giving it to one customer, used or not, in cents; `None` where it is not known.
    pub fixed_cost_retailer_cents: Option<i64>,
    /// The same as far as the brand pays it.
    pub fixed_cost_brand_cents: Option<i64>,
    /// First day.
    pub valid_from: Date,
    /// Last day.
    pub valid_to: Date,
    /// To whom it may be given, as a condition in CEL; `None` is everybody.
    pub eligibility: Option<String>,
}

/// All offers, by identifier.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offers(Vec<Offer>);

impl Offers {
    /// In any order.
    #[must_use]
    pub fn new(mut offers: Vec<Offer>) -> Self {
        offers.sort_by(|a, b| a.id.cmp(&b.id));
        Self(offers)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Offer] {
        &self.0
    }

    /// One offer; `None` for a name that is none.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Offer> {
        let place = self.0.binary_search_by(|offer| offer.id.as_str().cmp(id));
        Some(&self.0[place.ok()?])
    }
}
