//! What moves the demand for a product at a store on a day, each driver a factor.

/// The factors whose product is the mean of the demand of a day, in units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drivers {
    /// Units of a middling day of a middling year: product, category and store.
    pub base: f64,
    /// Growth since the start.
    pub trend: f64,
    /// Day of the week in that kind of store.
    pub weekday: f64,
    /// Time of the year.
    pub season: f64,
    /// Highest temperature and rain.
    pub weather: f64,
    /// Public and school holidays.
    pub holiday: f64,
    /// Christmas, Valentine's Day, Mother's Day, Easter.
    pub occasion: f64,
    /// Price against the first one.
    pub price: f64,
    /// Promotion, its price and its display.
    pub promotion: f64,
    /// Promotions of other products of the category at the store.
    pub others: f64,
    /// New products take time to be found, those that end are asked for less.
    pub life: f64,
    /// What no table tells of.
    pub event: f64,
}

impl Drivers {
    /// Mean of the demand, in units.
    #[must_use]
    pub fn intensity(&self) -> f64 {
        self.foreseeable() * self.event
    }

    /// The same without what no table tells of.
    #[must_use]
    pub fn foreseeable(&self) -> f64 {
        self.base
            * self.trend
            * self.weekday
            * self.season
            * self.weather
            * self.holiday
            * self.occasion
            * self.price
            * self.promotion
            * self.others
            * self.life
    }
}
