//! Which series a question is about.

use super::series::{Key, Series};
use crate::answer::{Asked, Infeasible};
use schema::AsOf;

/// Sites that an error names at most.
const NAMED: usize = 8;

/// The series of the product at the site that a question names; the site may be left out where there is only one.
///
/// - `kind`: that is asked.
///
/// # Errors
/// [`Infeasible`] when no product is named, nothing is known of it, or the site is none of those it is sold at.
pub(crate) fn asked_series<'a>(
    found: Option<&'a Series>,
    asked: &Asked,
    kind: &str,
    today: AsOf,
) -> Result<(usize, &'a Series), Infeasible> {
    let missing = || Infeasible::Missing {
        field: "product_id",
        placement: kind.to_owned(),
    };
    let product = asked.product_id.as_ref().ok_or_else(missing)?.as_str();
    let unknown = || Infeasible::UnknownSeries {
        product: product.to_owned(),
        as_of: today,
    };
    let found = found.ok_or_else(unknown)?;
    let from = found
        .keys
        .partition_point(|key| key.product.as_str() < product);
    let of = found.keys[from..]
        .iter()
        .take_while(|key| key.product == product);
    let of: Vec<(usize, &Key)> = (from..).zip(of).collect();
    let sites = || {
        let named = of.iter().filter_map(|(_, key)| key.site.as_deref());
        let more = if of.len() > NAMED { " …" } else { "" };
        let named: Vec<&str> = named.take(NAMED).collect();
        format!("{}{more}", named.join(", "))
    };
    match (&asked.placement, of.as_slice()) {
        (_, []) => Err(unknown()),
        (None, [(one, _)]) => Ok((*one, found)),
        (None, _) => Err(Infeasible::Placement {
            found: "missing: it is the site".to_owned(),
            allowed: sites(),
        }),
        (Some(site), _) => of
            .iter()
            .find(|(_, key)| key.site.as_ref() == Some(site))
            .map(|(at, _)| (*at, found))
            .ok_or_else(|| Infeasible::Placement {
                found: site.clone(),
                allowed: sites(),
            }),
    }
}

/// Every question about a series.
pub(crate) fn all(found: Option<&Series>) -> Vec<Asked> {
    let keys = found.map_or(&[][..], |found| &found.keys);
    let asked = keys.iter().filter_map(|key| {
        Some(Asked {
            product_id: Some(schema::ProductId::new(key.product.clone()).ok()?),
            placement: key.site.clone(),
            ..Asked::default()
        })
    });
    asked.collect()
}
