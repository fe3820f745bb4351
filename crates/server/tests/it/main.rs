//! The server, asked over HTTP.

mod browser;
mod console;
mod served;
