//! Stock: how much to order, when and for where, from the distribution of what may be asked for.
//!
//! Everything starts from a [`Demand`]: what may be asked for over some periods together, as stored quantiles of a
//! forecast or as a distribution. An order has to last from now until the delivery after it, lead time and review
//! together; [`Schedule`] tells how long that is, from the weekdays on which a supplier takes orders and from its lead
//! time, which [`lead_time`] learns from receipts.
//!
//! - [`propose`](fn@propose::propose): what to order now, for every product at every site, under all that they share,
//!   with reasons and with what each limit is worth.
//! - [`service_mix`]: one service for the shop, spread over products so that it takes the least stock. Its price is the
//!   `missing_cents` of [`Goal::Cost`] with which [`propose`] orders just that.
//! - [`transfer`](fn@transfer::transfer): units of one product moved between sites; [`transfer::shipments`]: of many
//!   products, where a shipment costs something by itself.
//! - [`policy`]: rules for good, each with what it costs and serves.
//! - [`simulate`](fn@simulate::simulate): a policy run over demand as it was.
//!
//! Nothing here reads a table or a clock. Money is in cents: whole ones where it is paid, parts of them where it is a
//! rate or an expectation.

pub mod demand;
mod goal;
pub mod lead_time;
mod mix;
pub mod policy;
pub mod propose;
mod schedule;
pub mod simulate;
mod sum;
pub mod transfer;

pub use demand::{Demand, DemandError, Quantiles, Sample, Units, met_quantiles, mixture_quantiles};
pub use goal::Goal;
pub use mix::{Mix, MixError, MixLine, service_mix};
pub use schedule::{OrderDays, Schedule, ScheduleError};
