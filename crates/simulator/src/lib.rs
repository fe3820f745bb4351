//! A marketplace with known truth.
//!
//! Customers buy by a known process with known parameters, out of latent tastes, with planted
//! complements, substitutes, replenished goods, price response, trends, seasons, returns and
//! stock-outs. What comes out is what a foreign system would export (its own column names, mixed
//! encodings and date formats, dirt of every kind counted exactly) beside the truth behind it.
//!
//! ```
//! let generated = simulator::generate(&simulator::Shop::tiny())?;
//! assert_eq!(generated.customers.len(), 300);
//! # Ok::<(), simulator::ShopError>(())
//! ```
//!
//! Beside it, a [`Grocery`] with personal promotions: what each offer changes for each customer is known in closed form
//! ([`GroceryShop::expected`]), and what happens in a month depends on who was given which offer.
//!
//! A flash-sales club ([`FlashSales`]) whose merchants estimate what launches will sell, each with a known bias, slope,
//! noise and skill; what every ordered quantity is expected to cost is known ([`FlashSalesShop::expected_cost`]).
//!
//! A chain of boutiques ([`Boutique`]) whose stores run out of stock, so that sales are less than demand; what moves the
//! demand of each day is known ([`BoutiqueShop::drivers`]), and so is what any way of ordering would have led to
//! ([`BoutiqueShop::play`]).
//!
//! A dealer of used cars ([`UsedCars`]) of which a year is played day by day with lists that are answered for its visitors;
//! what goes wrong in it is known ([`UsedCarsShop::incidents`]), and so is what that costs
//! ([`UsedCarsShop::lost_cents`]).
//!
//! What is deliberately absent: a clock, a thread and a global state. The same [`Shop`] gives the
//! same bytes, always; so do the same [`Grocery`], the same [`FlashSales`], the same [`Boutique`]
//! and the same [`UsedCars`].

mod baskets;
mod boutique;
mod catalogue;
mod counts;
mod customers;
mod dirt;
mod draws;
mod events;
mod flash_sales;
mod generate;
mod grocery;
mod ideal;
mod orders;
mod process;
mod raw;
mod rows;
mod season;
mod shop;
mod stock;
mod truth;
mod used_cars;
mod words;
mod write;

pub use boutique::{
    Boutique, BoutiqueProduct, BoutiqueShop, BoutiqueSite, Decision, Drivers, GoodsOrder,
    LedgerDay, LocalEvent, PlannerChange, PlannerKind, PlayError, Played, Playing, Review,
    SeriesPlayed, StockPosition, SupplyTerms, Transfer,
};
pub use counts::{CountDistribution, Newsvendor};
pub use dirt::{DirtKind, DirtRow};
pub use flash_sales::{
    Curve, FlashSales, FlashSalesShop, Habit, Informed, LaunchEstimate, LaunchTruth, MerchantSkill,
};
pub use generate::{Generated, generate};
pub use grocery::{Expected, Grocery, GroceryShop};
pub use process::{
    BgNbd, GammaGamma, ParetoNbd, ProcessError, PurchaseSummary, purchases_bgnbd,
    purchases_pareto_nbd, spend_gamma_gamma,
};
pub use raw::RawFile;
pub use rows::{
    Customer, Event, EventKind, LineKind, Merchant, OrderLine, PriceChange, Product, Site, StockDay,
};
pub use shop::{Shop, ShopError};
pub use truth::{
    BasketTruth, CategoryTruth, Complement, CustomerTruth, LikelyItem, LostDemand, MerchantTruth,
    PositionBias, ProductTruth, ReturnLink, SeasonTruth, StockOut, StockOutCause, SubstituteGroup,
    Taste, Trend, Truth,
};
pub use used_cars::{Acted, Incident, Prospect, UsedCars, UsedCarsShop, Visit, Wrong};
pub use write::{WriteError, Written, WrittenFile, write};
