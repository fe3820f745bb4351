//! What is proposed, what asked for it and what stopped it.

use schema::Cents;

use super::errors::LineError;

/// What came out for all lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposals {
    /// One for each line, in its place.
    pub outcomes: Vec<Outcome>,
    /// One for each of the orders.
    pub orders: Vec<OrderUse>,
    /// One for each of the budgets.
    pub budgets: Vec<BudgetUse>,
    /// One for each of the sites.
    pub sites: Vec<SiteUse>,
    /// What all proposals together save over ordering nothing, in expected cents of missing, kept and perished units.
    /// The last pack that a service needs counts at least 0: it is ordered for the promise.
    pub value_cents: f64,
    /// What no other quantities within budgets and room could be worth more than. It looks at orders that are placed:
    /// which of those below their minimum are raised or left out is decided one by one.
    pub bound_cents: f64,
}

/// What came out for one line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Outcome {
    /// An order, perhaps of nothing.
    Proposed(Proposal),
    /// What is known of the line does not allow one.
    Refused(LineError),
}

/// A proposed order of one line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// Units to order: a multiple of the pack, perhaps 0.
    pub quantity_units: u64,
    /// What they cost.
    pub cost: Cents,
    /// Units in stock and on order that are not promised, before the order.
    pub position_units: i64,
    /// Units that the goal alone asks for, in whole packs: without room, shelf life and what is shared.
    pub wanted_units: u64,
    /// How long the position with the order lasts at expected demand.
    pub cover: Cover,
    /// Probability that something is missing between the arrival of this order and the delivery after it.
    pub stockout_probability: f64,
    /// Probability that something is missing before what is ordered now arrives, which no order can change; absent
    /// where demand until then is not known.
    pub stockout_before_arrival: Option<f64>,
    /// Units of demand that are not served from stock until the next delivery, on average; where unmet demand is lost,
    /// with those lost before arrival.
    pub expected_lost_units: f64,
    /// Units left at the next delivery, on average.
    pub expected_left_units: f64,
    /// Units of it that perish, on average; absent where it does not perish.
    pub expected_waste_units: Option<f64>,
    /// What asked for the last pack of it.
    pub asked: Asked,
    /// Why it is not more.
    pub stopped: Stopped,
    /// What binds, with what one more unit of it would be worth.
    pub binding: Binding,
}

/// For how long stock lasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cover {
    /// So many days at expected demand; 0 where more is promised than there is.
    Days(f64),
    /// Nothing is expected to be asked for.
    NoDemand,
}

/// What asked for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Nothing did, and nothing is ordered.
    Nothing,
    /// The goal: a service, or the least cost.
    Goal,
    /// Units that should stand there whatever is asked for.
    Presentation,
    /// The fewest units that the product is ordered in: the goal alone would have been content with fewer.
    MinimumOfLine,
    /// The least that the supplier delivers at once: it was cheaper to reach it with this line than not to order.
    MinimumOfOrder,
}

/// Why not more is ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stopped {
    /// The goal is reached.
    Enough {
        /// What the next pack would be worth, in expected cents; where the goal is the least cost, not above 0.
        next_pack_cents: f64,
    },
    /// There is no room for another pack of it.
    LineCapacity,
    /// Another pack would not sell before it perishes with the probability asked for.
    ShelfLife,
    /// The site has no room, or what is left of it is worth more with other lines.
    SiteCapacity,
    /// The budget is spent, or what is left of it is worth more with other lines.
    Budget,
    /// One pack is more than a year's demand: at most one is ordered, and that only where it lowers expected cost until
    /// it is sold.
    PackAboveYearlyDemand {
        /// Expected demand of a year.
        yearly_units: f64,
    },
    /// The order that it would be part of is not placed: [`OrderUse`] says why.
    OrderNotPlaced,
    /// What is asked of the line contradicts itself; nothing is ordered.
    Contradiction(Contradiction),
}

/// Demands on a line that cannot be met together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Contradiction {
    /// More should stand there than there is room for.
    PresentationAboveCapacity {
        /// Units that should stand there.
        presentation_units: u32,
        /// Units there is room for.
        capacity_units: u32,
    },
    /// The fewest units of an order are more than there is room for at all.
    MinimumAboveCapacity {
        /// Fewest units, in whole packs.
        minimum_units: u64,
        /// Units there is room for.
        capacity_units: u32,
    },
    /// The fewest units of an order are more than sells before they perish, with nothing else in stock.
    MinimumAboveShelfLife {
        /// Fewest units, in whole packs.
        minimum_units: u64,
        /// Units that sell before they perish with the probability asked for.
        sells_units: u64,
    },
}

/// What holds a line back, each with what one more unit of it would be worth, in expected cents; absent where it does
/// not bind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Binding {
    /// Room for the product, per unit.
    pub line_capacity: Option<f64>,
    /// Units that sell before they perish, per unit: what the next pack is worth for each of its units.
    pub shelf_life: Option<f64>,
    /// Room at the site, per unit.
    pub site_capacity: Option<f64>,
    /// Money, per cent of budget.
    pub budget: Option<f64>,
}

/// What became of a supplier's order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderUse {
    /// Units of its lines.
    pub units: u64,
    /// What they cost.
    pub cost: Cents,
    /// Whether it is placed.
    pub placed: Placed,
}

/// Whether an order is placed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Placed {
    /// It is, and its minimum asked for nothing more.
    AsWanted,
    /// It is, with more than its lines wanted, to reach the minimum.
    Raised {
        /// What that costs over what its lines wanted, in expected cents; negative where it saves something.
        cost_cents: f64,
        /// What a minimum lower by one unit would save, in expected cents; absent where units do not bind.
        per_unit_cents: Option<f64>,
        /// What a minimum lower by one cent would save, in expected cents; absent where money does not bind.
        per_cent_cents: Option<f64>,
    },
    /// No line asks for anything.
    NothingWanted,
    /// Lines ask for something, and it is better not to order than to reach the minimum.
    BelowMinimum {
        /// Units that its lines want.
        wanted_units: u64,
        /// What they cost.
        wanted_cost: Cents,
        /// What reaching the minimum would cost over not ordering, in expected cents.
        loss_cents: f64,
    },
    /// The minimum is above what room, shelf life and budgets leave: it cannot be reached.
    MinimumAboveWhatFits {
        /// Most units that were found to fit.
        reachable_units: u64,
        /// What they cost.
        reachable_cost: Cents,
    },
}

/// What became of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BudgetUse {
    /// What may be spent.
    pub allowed: Cents,
    /// What is spent, never above it.
    pub spent: Cents,
    /// What one more cent would be worth, in expected cents; 0 where it does not bind.
    pub price: f64,
}

/// What became of the room at a site.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SiteUse {
    /// Units there is room for.
    pub allowed: u64,
    /// Units there, on order and ordered now; above what is allowed only where that was so before, and then nothing is
    /// ordered.
    pub used: u64,
    /// What room for one more unit would be worth, in expected cents; 0 where it does not bind.
    pub price: f64,
}
