//! The raw files, as a foreign system would export them.
//!
//! | file | form | columns |
//! |---|---|---|
//! | `raw/customers.csv` | Latin-1, `;`, dates 31/12/2024 | NUM_CLIENT NOM PRENOM COURRIEL VILLE CP DATE_INSCRIPTION ANNEE_NAISSANCE OPTIN (O, N) |
//! | `raw/products.csv` | UTF-8, `,`, prices "12,90" | Ref Label Department Family Brand SellerNo SellerName ListPrice UnitCost WeightG OnSaleFrom OnSaleUntil |
//! | `raw/orders/orders-YYYY-MM.csv` | UTF-8, `,`, local time of Paris without offset | OrderNo LineNo OrderedAt CustNo Ref Qty UnitPrice Discount Cur Status (SOLD, CANCELLED, RETURNED) ReturnOf |
//! | `raw/events/events-YYYY-MM.ndjson` | UTF-8, time with offset | id ts sid cust what ref pos q order |
//! | `raw/stock.csv` | UTF-8, `,`, a row per day on which it changed | Day Ref Site OnHand |
//! | `raw/prices.csv` | UTF-8, `,` | Ref ValidFrom Price |
//! | `raw/sites.csv` | UTF-8, `,`, never dirty | Site Name City |
//!
//! Dirty rows of customers and products that would have to be refused are extra rows, of numbers
//! nothing else mentions (`C8…`, `P-8…`): refusing them orphans no order, so that the counts of
//! customers and products that exist nowhere stay those of the truth.

mod events;
mod listings;
mod orders;
mod people;
mod sheet;

pub(crate) use events::event_files;
pub(crate) use listings::{prices_file, products_file, sites_file, stock_file};
pub(crate) use orders::order_files;
pub(crate) use people::customers_file;
pub(crate) use sheet::{Sheet, money, sheet};

/// A file ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFile {
    /// Path under the folder, `/` between its parts.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Rows, header not counted.
    pub rows: u64,
}
