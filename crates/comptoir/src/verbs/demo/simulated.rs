//! The shops whose raw files are simulated at once.

use super::{BOUTIQUE, FLASH_SALES, GROCERY, MARKETPLACE, Simulated, USED_CARS};
use factory::Project;
use simulator::{
    Boutique, BoutiqueShop, FlashSales, FlashSalesShop, Generated, RawFile, Shop, generate as draw,
};
use std::path::Path;

/// The raw files of a shop, and what goes with them.
pub(super) enum Drawn {
    /// A marketplace writes its truth into a file.
    Marketplace(Box<Generated>),
    /// The truth of the others is asked for where it is needed.
    Files(Vec<RawFile>),
}

/// The example shop that a project was made from: told by what only that one has.
pub(super) fn shop_of(project: &Project) -> &'static str {
    let mut products = project.products.iter();
    let fills = |table: &str| {
        let mut sources = project.sources.iter();
        sources.any(|source| source.table().name == table)
    };
    if fills("launches") && fills("supply_terms") {
        USED_CARS
    } else if products.any(|product| product.header().kind == "promotion") {
        GROCERY
    } else if fills("launches") {
        FLASH_SALES
    } else if fills("supply_terms") {
        BOUTIQUE
    } else {
        MARKETPLACE
    }
}

/// What the shop is, in words.
pub(super) fn what(shop: &str) -> &'static str {
    match shop {
        FLASH_SALES => "a flash-sales club",
        BOUTIQUE => "a chain of boutiques",
        USED_CARS => "a used-car dealer",
        _ => "a marketplace",
    }
}

/// Draws a shop of so many customers, or of as many as it usually has.
pub(super) fn generate(shop: &str, seed: u64, customers: Option<u32>) -> anyhow::Result<Drawn> {
    match shop {
        FLASH_SALES => {
            let usual = FlashSales::default();
            let club = FlashSalesShop::new(&FlashSales {
                seed,
                customers: customers.unwrap_or(usual.customers),
                ..usual
            })?;
            Ok(Drawn::Files(club.before()))
        }
        BOUTIQUE => {
            let usual = Boutique::default();
            let chain = BoutiqueShop::new(&Boutique {
                seed,
                customers: customers.unwrap_or(usual.customers),
                ..usual
            })?;
            Ok(Drawn::Files(chain.before()))
        }
        _ => {
            let usual = Shop::marketplace();
            let marketplace = Shop::marketplace_of(customers.unwrap_or(usual.customers));
            let generated = draw(&Shop {
                seed,
                ..marketplace
            })?;
            Ok(Drawn::Marketplace(Box::new(generated)))
        }
    }
}

impl Drawn {
    /// The file that holds the truth, where there is one.
    pub(super) fn truth(&self) -> Option<&'static str> {
        match self {
            Self::Marketplace(_) => Some("truth.json"),
            Self::Files(_) => None,
        }
    }

    /// Writes everything below a folder.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<Simulated> {
        match self {
            Self::Files(files) => put(folder, files),
            Self::Marketplace(generated) => {
                let written = simulator::write(generated, folder)?;
                Ok(Simulated {
                    files: written.files.len(),
                    rows: written.files.iter().filter_map(|f| f.rows).sum(),
                    bytes: written.files.iter().map(|f| f.bytes).sum(),
                })
            }
        }
    }
}

/// Writes raw files below a folder.
pub(super) fn put(folder: &Path, files: &[RawFile]) -> anyhow::Result<Simulated> {
    for file in files {
        let path = folder.join(&file.path);
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        fs_err::write(&path, &file.bytes)?;
    }
    Ok(Simulated {
        files: files.len(),
        rows: files.iter().map(|file| file.rows).sum(),
        bytes: files.iter().map(|file| file.bytes.len() as u64).sum(),
    })
}
