//! The HTTP doors: the API that shops call and the console that people look at.
//!
//! The way of a request: key and scope → product version → decide within its deadline → durable log → answer.

mod api;
mod auth;
mod chance;
pub mod charts;
mod console;
mod figures;
mod live;
mod openapi;
mod otlp;
mod problem;
mod serve;
mod service;
mod shadow;
mod state;
mod trace;

pub use console::{Report, report, review, review_of};
pub use openapi::document as openapi_document;
pub use serve::{ServeError, ServeOptions, serve};
