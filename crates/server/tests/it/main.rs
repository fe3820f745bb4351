//! The server, asked over HTTP.

mod api;
mod browser;
mod console;
mod served;
