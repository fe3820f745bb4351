//! `raw/customers.csv`.

use super::RawFile;
use super::sheet::{Form, Sheet, Soiler};
use crate::dirt::{Columns, DirtKind, Ledger, Other, plan};
use crate::draws::{Purpose, stream};
use crate::rows::Customer;
use crate::shop::Shop;

const HEADER: [&str; 9] = [
    "NUM_CLIENT",
    "NOM",
    "PRENOM",
    "COURRIEL",
    "VILLE",
    "CP",
    "DATE_INSCRIPTION",
    "ANNEE_NAISSANCE",
    "OPTIN",
];
const KINDS: [DirtKind; 8] = [
    DirtKind::ExactDuplicate,
    DirtKind::KeyWithAnotherValue,
    DirtKind::MissingId,
    DirtKind::StrayCharacters,
    DirtKind::BrokenEmail,
    DirtKind::UnparseableDate,
    DirtKind::DateInAnotherFormat,
    DirtKind::DateInTheFuture,
];

pub(crate) fn customers_file(shop: &Shop, rows: &[Customer], ledger: &mut Ledger) -> RawFile {
    let columns = Columns {
        key: &[0],
        id: 0,
        other: (7, Other::Plus(7)),
        email: 3,
        date: 6,
        ..Columns::default()
    };
    let mut rng = stream(shop.seed, Purpose::Dirt, 1);
    let plan = plan(&mut rng, shop.dirt_rate, rows.len(), &KINDS, |_, _| true);
    let mut soiler = Soiler::new(columns, plan, rng, ledger);
    soiler.beside = true;
    let mut sheet = Sheet::new(
        "raw/customers.csv".to_owned(),
        Form::SemicolonLatin1,
        &HEADER,
    );
    for (row, customer) in rows.iter().enumerate() {
        let day = customer.registered;
        let cells = vec![
            customer.number.clone(),
            customer.family_name.clone(),
            customer.given_name.clone(),
            customer.email.clone(),
            customer.city.to_owned(),
            customer.postcode.to_owned(),
            format!("{:02}/{:02}/{:04}", day.day(), day.month(), day.year()),
            customer.birth_year.to_string(),
            (if customer.opt_in { "O" } else { "N" }).to_owned(),
        ];
        soiler.write(&mut sheet, row, cells);
    }
    soiler.close(sheet)
}
