//! The series that a data product forecasts: a product at a site, or a product at all of them.

use features::demand::{Demand, Sold};
use products::{Asked, Serving};
use schema::ProductId;

/// What a data product's series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// Each product at each site.
    Sites,
    /// Each product, all sites together.
    Products,
}

impl Grain {
    /// By whether the version knows a series by its site.
    pub(super) fn of(serving: &dyn Serving, demand: &Demand, now: jiff::Timestamp) -> Self {
        let known = demand.sold.iter().find(|sold| sold.site.is_some());
        let asked = known.and_then(|sold| question(&sold.product, sold.site.as_deref()));
        match asked.map(|asked| serving.decide(&asked, now)) {
            Some(Err(_)) => Self::Products,
            // Where no site is known both are the same.
            Some(Ok(_)) | None => Self::Sites,
        }
    }
}

/// The question about a series; none where the identifier is none that a question can hold.
pub(in crate::console) fn question(product: &str, site: Option<&str>) -> Option<Asked> {
    Some(Asked {
        product_id: Some(ProductId::new(product).ok()?),
        placement: site.map(str::to_owned),
        ..Asked::default()
    })
}

/// One series, with what was sold of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Series<'a> {
    pub(super) product: &'a str,
    /// Nothing where it is of all sites, or of sales whose site is not known.
    pub(super) site: Option<&'a str>,
    /// One for each of its sites.
    pub(super) sold: &'a [Sold],
}

impl<'a> Series<'a> {
    /// All series in the order of their products and sites.
    pub(super) fn all(demand: &'a Demand, grain: Grain) -> Vec<Self> {
        Self::within(&demand.sold, grain)
    }

    /// Those of one product.
    pub(super) fn of_product(demand: &'a Demand, grain: Grain, product: &str) -> Vec<Self> {
        let from = demand
            .sold
            .partition_point(|s| s.product.as_str() < product);
        let until = demand
            .sold
            .partition_point(|s| s.product.as_str() <= product);
        Self::within(demand.sold.get(from..until).unwrap_or_default(), grain)
    }

    fn within(sold: &'a [Sold], grain: Grain) -> Vec<Self> {
        let together = |a: &Sold, b: &Sold| {
            a.product == b.product && (grain == Grain::Products || a.site == b.site)
        };
        let of = |sold: &'a [Sold]| {
            let first = sold.first()?;
            Some(Self {
                product: &first.product,
                site: first.site.as_deref().filter(|_| grain == Grain::Sites),
                sold,
            })
        };
        sold.chunk_by(together).filter_map(of).collect()
    }

    /// The question about it.
    pub(super) fn question(&self) -> Option<Asked> {
        question(self.product, self.site)
    }
}

/// Products with sales whose identifiers stand nearest to one that has none, in their order.
pub(super) fn nearest<'a>(demand: &'a Demand, product: &str, most: usize) -> Vec<&'a str> {
    let (before, after) = demand.sold.split_at(
        demand
            .sold
            .partition_point(|s| s.product.as_str() < product),
    );
    let mut found = distinct(before.iter().rev(), most / 2);
    found.reverse();
    found.extend(distinct(after.iter(), most - found.len()));
    found
}

/// The first products of series that lie together.
fn distinct<'a>(sold: impl Iterator<Item = &'a Sold>, most: usize) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for product in sold.map(|s| s.product.as_str()) {
        if found.last() != Some(&product) {
            if found.len() == most {
                break;
            }
            found.push(product);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand() -> Demand {
        let sold = |(product, site): (&str, Option<&str>)| Sold {
            product: product.to_owned(),
            site: site.map(str::to_owned),
            days: Vec::new(),
        };
        let all = [
            ("a", Some("x")),
            ("b", Some("x")),
            ("b", Some("y")),
            ("b", None),
            ("c", None),
        ];
        Demand {
            sold: all.map(sold).to_vec(),
            ..Demand::default()
        }
    }

    #[test]
    fn a_series_is_a_product_at_a_site_or_at_all_of_them() {
        let demand = demand();
        let told = |grain: Grain| -> Vec<(&str, Option<&str>, usize)> {
            let all = Series::all(&demand, grain);
            all.iter()
                .map(|s| (s.product, s.site, s.sold.len()))
                .collect()
        };
        let sites = [
            ("a", Some("x"), 1),
            ("b", Some("x"), 1),
            ("b", Some("y"), 1),
            ("b", None, 1),
            ("c", None, 1),
        ];
        assert_eq!(told(Grain::Sites), sites);
        assert_eq!(
            told(Grain::Products),
            [("a", None, 1), ("b", None, 3), ("c", None, 1)]
        );
        assert_eq!(Series::of_product(&demand, Grain::Sites, "b").len(), 3);
        assert!(Series::of_product(&demand, Grain::Sites, "bb").is_empty());
    }

    #[test]
    fn who_mistypes_a_product_is_told_its_neighbours() {
        let demand = demand();
        assert_eq!(nearest(&demand, "bb", 2), ["b", "c"]);
        assert_eq!(nearest(&demand, "", 2), ["a", "b"]);
        assert_eq!(nearest(&demand, "z", 4), ["b", "c"]);
    }
}
