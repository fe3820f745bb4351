//! What the factory promises.

mod import;
mod import_bad_input;
mod import_killed;
mod import_real_data;
mod import_shop;
