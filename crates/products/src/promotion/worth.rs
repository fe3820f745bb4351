//! What the arms do for one customer, and which of them is worth what limits ask for it.

/// What one arm does for one customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Worth {
    /// What it changes, less its cost, in the unit of the outcome.
    pub(crate) net: f64,
    /// What it is expected to spend of the budget, 0 or more.
    pub(crate) spend: f64,
}

impl Worth {
    /// Of an arm that the customer may not be given: no price makes it worth giving.
    pub(crate) const NEVER: Self = Self {
        net: f64::NEG_INFINITY,
        spend: 0.0,
    };

    /// Whether the customer may be given it.
    pub(crate) fn is_possible(&self) -> bool {
        self.net > f64::NEG_INFINITY
    }
}

/// What limits take off the worth of each arm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Prices {
    /// For each unit of money that the arm spends, 0 or more.
    of_money: Vec<f64>,
    /// For each customer who gets the arm; below 0 where more of them are asked for than are worth it.
    of_giving: Vec<f64>,
}

impl Prices {
    /// One price of money for all arms.
    pub(crate) fn of_budget(price: f64, arms: usize) -> Self {
        Self {
            of_money: vec![price; arms],
            of_giving: vec![0.0; arms],
        }
    }

    /// Where nothing is limited.
    pub(crate) fn none(arms: usize) -> Self {
        Self::of_budget(0.0, arms)
    }

    /// Adds what a limit takes off an arm: for the money that it spends, and for giving it.
    pub(crate) fn charge(&mut self, arm: usize, (of_money, of_giving): (f64, f64)) {
        self.of_money[arm] += of_money;
        self.of_giving[arm] += of_giving;
    }

    /// Adds a share of other prices.
    pub(crate) fn add(&mut self, other: &Self, share: f64) {
        let add = |to: &mut Vec<f64>, from: &[f64]| {
            to.iter_mut()
                .zip(from)
                .for_each(|(to, from)| *to += share * from);
        };
        add(&mut self.of_money, &other.of_money);
        add(&mut self.of_giving, &other.of_giving);
    }

    /// What is taken off an arm that spends so much.
    pub(crate) fn of(&self, arm: usize, spend: f64) -> f64 {
        self.of_money[arm] * spend + self.of_giving[arm]
    }

    /// What one unit of cost more takes off an arm: itself, and the price of the money that it spends.
    pub(crate) fn of_cost(&self, arm: usize) -> f64 {
        1.0 + self.of_money[arm]
    }

    fn bind(&self, arm: usize) -> bool {
        self.of_money[arm] > 0.0 || self.of_giving[arm] != 0.0
    }

    /// What an arm is worth once limits have taken their prices; exactly 0 at the prices, where rounding does not tell.
    pub(crate) fn priced(&self, arm: usize, worth: &Worth) -> f64 {
        /// Values and costs are allocated in single precision and whole cents.
        const ROUNDING: f64 = 1e-3;
        let priced = worth.net - self.of(arm, worth.spend);
        let rounded = self.of_money[arm] * worth.spend.max(0.01) + self.of_giving[arm].abs();
        if self.bind(arm) && priced.abs() <= ROUNDING * rounded {
            0.0
        } else {
            priced
        }
    }
}

/// The arm that is worth most, prices taken off; `None` where none is worth anything. At the prices themselves `admitted`
/// tells whether the customer gets it.
pub(crate) fn best(worth: &[Worth], prices: &Prices, admitted: bool) -> Option<usize> {
    let priced = worth.iter().enumerate();
    let arms = priced.map(|(arm, worth)| (arm, prices.priced(arm, worth)));
    let (arm, most) = arms.reduce(|best, other| if other.1 > best.1 { other } else { best })?;
    let at_price = most == 0.0 && admitted && prices.bind(arm);
    (most > 0.0 || at_price).then_some(arm)
}
