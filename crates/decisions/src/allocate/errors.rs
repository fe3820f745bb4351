//! What is refused, and why.

use super::table::{CUSTOMERS_MAX, OFFERS_MAX};

/// Why nothing can be allocated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AllocateError {
    /// No offer, or more than there are numbers for.
    #[error("allocate {found} offers: allowed is 1 to {OFFERS_MAX}")]
    OfferCount {
        /// Offers given.
        found: usize,
    },
    /// More customers than there are numbers for.
    #[error("allocate to {found} customers: allowed is at most {CUSTOMERS_MAX}")]
    CustomerCount {
        /// Customers given.
        found: usize,
    },
    /// The values are not whole rows.
    #[error("allocate {found} values: allowed are whole rows of {n_offers} offers")]
    Values {
        /// Values given.
        found: usize,
        /// Offers of a row.
        n_offers: usize,
    },
    /// A column has another length than the values ask for.
    #[error("allocate with {found} {what}: allowed is {expected}, one for each {per}")]
    Length {
        /// The column.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length that fits the values.
        expected: usize,
        /// What has one.
        per: &'static str,
    },
    /// A value is not a finite number.
    #[error(
        "allocate offer {offer} to customer {customer}: its value is {found}, allowed is a finite number"
    )]
    Value {
        /// The customer, by row.
        customer: usize,
        /// The offer, by column.
        offer: usize,
        /// The value.
        found: f32,
    },
    /// A cost of one customer's offer is negative.
    #[error(
        "allocate offer {offer} to customer {customer}: its cost is {found}, allowed is 0 or more"
    )]
    PairCost {
        /// The customer, by row.
        customer: usize,
        /// The offer, by column.
        offer: usize,
        /// The cost.
        found: i32,
    },
    /// A cost of an offer is negative.
    #[error("allocate offer {offer}: its cost is {found}, allowed is 0 or more")]
    OfferCost {
        /// The offer, by column.
        offer: usize,
        /// The cost.
        found: i32,
    },
    /// Money is limited and an offer's cost is not known.
    #[error(
        "allocate offer {offer} under limit `{limit}`: its cost is unknown, allowed is 0 or more"
    )]
    UnknownCost {
        /// The offer, by column.
        offer: usize,
        /// The limit on spending that covers it.
        limit: String,
    },
    /// Nobody may have anything.
    #[error("allocate at most 0 offers per customer: allowed is 1 or more")]
    NothingPerCustomer,
    /// A budget is negative.
    #[error("allocate under limit `{limit}`: its budget is {found}, allowed is 0 or more")]
    Budget {
        /// The limit.
        limit: String,
        /// The budget.
        found: i64,
    },
    /// More limits than allowed.
    #[error("allocate under {found} limits: allowed is at most {allowed_max}")]
    LimitCount {
        /// Limits given.
        found: usize,
        /// Most that are allowed.
        allowed_max: usize,
    },
    /// Two limits have one name, so that no message could tell them apart.
    #[error("allocate under limit `{limit}`: found twice, allowed is one limit of a name")]
    SameName {
        /// The name.
        limit: String,
    },
    /// A limit covers no offer or no group.
    #[error("allocate under limit `{limit}`: it covers no {what}, allowed is one or more")]
    CoversNothing {
        /// The limit.
        limit: String,
        /// Offers or groups.
        what: &'static str,
    },
    /// A limit covers an offer that does not exist.
    #[error(
        "allocate under limit `{limit}`: it covers offer {offer}, allowed is 0 to {allowed_max}"
    )]
    UnknownOffer {
        /// The limit.
        limit: String,
        /// The offer.
        offer: u16,
        /// The last offer.
        allowed_max: usize,
    },
    /// A limit names groups and customers have none.
    #[error(
        "allocate under limit `{limit}`: it covers groups, and no groups of customers are given"
    )]
    NoGroups {
        /// The limit.
        limit: String,
    },
    /// A minimum is above what its customers can have at all.
    #[error(
        "allocate under limit `{limit}`: it asks for {asked} choices, possible are at most {allowed_max}"
    )]
    TooFewChoices {
        /// The limit.
        limit: String,
        /// What it asks for.
        asked: u64,
        /// Choices of its offers that its customers may have, alone.
        allowed_max: u64,
    },
    /// Two limits contradict each other.
    #[error(
        "allocate under limit `{limit}`: it asks for {asked} choices, which use at least {needed} of limit `{other}`; allowed there is {allowed}, which is enough for {allowed_max} choices"
    )]
    Contradiction {
        /// The limit with the minimum.
        limit: String,
        /// What it asks for.
        asked: u64,
        /// The least that so many choices use of the other limit.
        needed: u64,
        /// The other limit.
        other: String,
        /// What the other limit allows.
        allowed: u64,
        /// Choices that the other limit is enough for.
        allowed_max: u64,
    },
    /// A minimum was not reached. Each other limit alone would have let it: together they may not.
    #[error(
        "allocate under limit `{limit}`: it asks for {asked} choices, found were {found} within the other limits; lower it or raise them"
    )]
    NotReached {
        /// The limit.
        limit: String,
        /// What it asks for.
        asked: u64,
        /// The most that was found.
        found: u64,
    },
}

/// Why a stream of blocks was not allocated.
#[derive(Debug, thiserror::Error)]
pub enum StreamError<E: std::error::Error + 'static> {
    /// A block could not be read.
    #[error("read block {block} of the offers")]
    Read {
        /// The block.
        block: usize,
        /// Why.
        #[source]
        source: E,
    },
    /// What was asked or what a block holds is refused; customers are counted from the start of the block.
    #[error("allocate block {block} of the offers")]
    Refused {
        /// The block.
        block: usize,
        /// Why.
        #[source]
        source: AllocateError,
    },
    /// The blocks were not the same each time they were read.
    #[error(
        "allocate blocks of offers: the choices cost {found} of a budget of {allowed}, so the blocks changed between two readings"
    )]
    Changed {
        /// What the choices would cost.
        found: u64,
        /// The budget.
        allowed: u64,
    },
}
