//! `raw/products.csv`, `raw/prices.csv`, `raw/stock.csv` and `raw/sites.csv`.

use super::RawFile;
use super::sheet::{Form, Sheet, Soiler, decimal};
use crate::dirt::{Columns, DirtKind, Ledger, Other, plan};
use crate::draws::{Purpose, stream};
use crate::rows::{Merchant, PriceChange, Product, Site, StockDay};
use crate::shop::Shop;
use crate::words::CATEGORIES;

const PRODUCT_KINDS: [DirtKind; 9] = [
    DirtKind::ExactDuplicate,
    DirtKind::KeyWithAnotherValue,
    DirtKind::MissingId,
    DirtKind::StrayCharacters,
    DirtKind::WrongCategory,
    DirtKind::NegativePrice,
    DirtKind::AbsurdPrice,
    DirtKind::OverflowingPrice,
    DirtKind::NotANumber,
];
const PRICE_KINDS: [DirtKind; 9] = [
    DirtKind::ExactDuplicate,
    DirtKind::KeyWithAnotherValue,
    DirtKind::UnknownProduct,
    DirtKind::NegativePrice,
    DirtKind::AbsurdPrice,
    DirtKind::OverflowingPrice,
    DirtKind::NotANumber,
    DirtKind::UnparseableDate,
    DirtKind::DateInAnotherFormat,
];
const STOCK_KINDS: [DirtKind; 9] = [
    DirtKind::ExactDuplicate,
    DirtKind::KeyWithAnotherValue,
    DirtKind::MissingId,
    DirtKind::UnknownProduct,
    DirtKind::UnknownSite,
    DirtKind::NegativeStock,
    DirtKind::NotANumber,
    DirtKind::UnparseableDate,
    DirtKind::DateInTheFuture,
];

pub(crate) fn products_file(
    shop: &Shop,
    rows: &[Product],
    merchants: &[Merchant],
    ledger: &mut Ledger,
) -> RawFile {
    let header = [
        "Ref",
        "Label",
        "Department",
        "Family",
        "Brand",
        "SellerNo",
        "SellerName",
        "ListPrice",
        "UnitCost",
        "WeightG",
        "OnSaleFrom",
        "OnSaleUntil",
    ];
    let columns = Columns {
        key: &[0],
        id: 0,
        other: (9, Other::Plus(7)),
        category: 2,
        price: 7,
        number: 7,
        ..Columns::default()
    };
    let mut rng = stream(shop.seed, Purpose::Dirt, 2);
    let plan = plan(
        &mut rng,
        shop.dirt_rate,
        rows.len(),
        &PRODUCT_KINDS,
        |_, _| true,
    );
    let mut soiler = Soiler::new(columns, plan, rng, ledger);
    soiler.beside = true;
    let mut sheet = Sheet::new("raw/products.csv".to_owned(), Form::Comma, &header);
    for (row, product) in rows.iter().enumerate() {
        let merchant = &merchants[product.merchant];
        let cells = vec![
            product.reference.clone(),
            product.label.clone(),
            CATEGORIES[product.category].name.to_owned(),
            product.family.to_owned(),
            product.brand.to_owned(),
            merchant.number.clone(),
            merchant.name.clone(),
            decimal(product.list_price_cents, ','),
            decimal(product.cost_cents, ','),
            product.weight_g.to_string(),
            shop.date_of(product.launched_day).to_string(),
            product
                .retired_day
                .map_or(String::new(), |day| shop.date_of(day).to_string()),
        ];
        soiler.write(&mut sheet, row, cells);
    }
    soiler.close(sheet)
}

pub(crate) fn prices_file(
    shop: &Shop,
    rows: &[PriceChange],
    products: &[Product],
    ledger: &mut Ledger,
) -> RawFile {
    let columns = Columns {
        key: &[0, 1],
        id: 0,
        other: (2, Other::Text("0.99")),
        product: 0,
        date: 1,
        price: 2,
        number: 2,
        ..Columns::default()
    };
    let mut rng = stream(shop.seed, Purpose::Dirt, 3);
    let plan = plan(
        &mut rng,
        shop.dirt_rate,
        rows.len(),
        &PRICE_KINDS,
        |_, _| true,
    );
    let mut soiler = Soiler::new(columns, plan, rng, ledger);
    let header = ["Ref", "ValidFrom", "Price"];
    let mut sheet = Sheet::new("raw/prices.csv".to_owned(), Form::Comma, &header);
    for (row, change) in rows.iter().enumerate() {
        let cells = vec![
            products[change.product].reference.clone(),
            change.from.to_string(),
            decimal(change.price_cents, '.'),
        ];
        soiler.write(&mut sheet, row, cells);
    }
    soiler.close(sheet)
}

pub(crate) fn stock_file(
    shop: &Shop,
    rows: &[StockDay],
    products: &[Product],
    sites: &[Site],
    ledger: &mut Ledger,
) -> RawFile {
    let columns = Columns {
        key: &[0, 1, 2],
        id: 1,
        other: (3, Other::Plus(7)),
        product: 1,
        site: 2,
        date: 0,
        number: 3,
        ..Columns::default()
    };
    let mut rng = stream(shop.seed, Purpose::Dirt, 4);
    let plan = plan(
        &mut rng,
        shop.dirt_rate,
        rows.len(),
        &STOCK_KINDS,
        |_, _| true,
    );
    let mut soiler = Soiler::new(columns, plan, rng, ledger);
    let header = ["Day", "Ref", "Site", "OnHand"];
    let mut sheet = Sheet::new("raw/stock.csv".to_owned(), Form::Comma, &header);
    for (row, level) in rows.iter().enumerate() {
        let cells = vec![
            level.date.to_string(),
            products[level.product].reference.clone(),
            sites[level.site].code.to_owned(),
            level.on_hand.to_string(),
        ];
        soiler.write(&mut sheet, row, cells);
    }
    soiler.close(sheet)
}

pub(crate) fn sites_file(rows: &[Site]) -> RawFile {
    let mut sheet = Sheet::new(
        "raw/sites.csv".to_owned(),
        Form::Comma,
        &["Site", "Name", "City"],
    );
    for site in rows {
        sheet.push(&[
            site.code.to_owned(),
            site.name.to_owned(),
            site.city.to_owned(),
        ]);
    }
    sheet.finish()
}
