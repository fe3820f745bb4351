//! What is known of each customer and product as of a day: the same definition offline and online.
//!
//! A [`History`] holds the accepted sales before a day, in the order of time, per customer. Training reads it
//! as it is; the server keeps one in memory and adds what happens after it. Features are plain functions over a
//! customer's lines, so there is no second definition that could differ.

mod catalogue;
mod clock;
mod columns;
mod customer;
pub mod demand;
mod history;
pub mod launches;
mod load;
mod offers;
mod order_answers;
mod overrides;
mod rounds;
mod ruled;
mod shown;
mod sites;
pub mod supply;
mod trial;
mod weather;

pub use catalogue::{Catalogue, Product};
pub use clock::{Clock, Until};
pub use customer::{
    PurchaseSummary, Recency, purchase_summary, recency_frequency_value, usual_site,
};
pub use history::{History, HistoryBuilder, NewLine, SaleLine};
pub use launches::{Launch, LaunchEstimate, Launches};
pub use load::{LoadError, Logs, PROPENSITIES, Purchase, load, load_sites, purchases};
pub use offers::{Offer, Offers};
pub use rounds::{Logged, Round, Rounds, RoundsBuilder};
pub use ruled::{RULE_HELD_OUT, RULE_MEASURED, RuleRound, ruled};
pub use shown::visits;
pub use sites::{SiteDay, Sites, sites};
pub use supply::Supply;
pub use trial::{Assignment, Exposure, TrialShare, Trials};
