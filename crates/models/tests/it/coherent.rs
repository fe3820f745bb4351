//! Forecasts that add up.

mod bad_input;
mod chosen;
mod levels;
mod nonnegative;
mod peer;
mod planted;

use models::coherent::{Hierarchy, Level, Method, Parents, Sign, Weights, Window, reconcile};

/// Numbers of the minimal standard generator, which any language can repeat.
pub(crate) struct Uniform(pub(crate) u64);

impl Uniform {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = 16807 * self.0 % 2_147_483_647;
        self.0 as f64 / 2_147_483_647.0
    }

    /// Nearly normal, of variance 1.
    pub(crate) fn noise(&mut self) -> f64 {
        ((0..4).fold(0.0, |sum, _| sum + self.next()) - 2.0) * 3.0_f64.sqrt()
    }
}

/// Products at sites, summed up by total, category and product, and by region and site beside them.
///
/// Each product is at some of the sites, so that no group is regular.
pub(crate) fn shop(products: usize, sites: usize, random: &mut Uniform) -> Hierarchy {
    let mut at: Vec<(usize, usize)> = Vec::new();
    for product in 0..products {
        let sold = (0..sites).filter(|_| random.next() < 0.6);
        at.extend(sold.map(|site| (product, site)));
        at.push((product, sites));
    }
    let product: Vec<String> = at
        .iter()
        .map(|(product, _)| format!("p{product}"))
        .collect();
    let site: Vec<String> = at.iter().map(|(_, site)| format!("s{site}")).collect();
    let leaf: Vec<String> = product
        .iter()
        .zip(&site)
        .map(|(p, s)| format!("{p} {s}"))
        .collect();
    let category: Vec<(String, String)> = (0..products)
        .map(|product| {
            (
                format!("p{product}"),
                format!("c{}", product % (1 + products / 5)),
            )
        })
        .collect();
    let region: Vec<(String, String)> = (0..=sites)
        .map(|site| (format!("s{site}"), format!("r{}", site % (1 + sites / 4))))
        .collect();
    fn pairs(of: &[(String, String)]) -> Vec<(&str, &str)> {
        of.iter()
            .map(|(child, parent)| (child.as_str(), parent.as_str()))
            .collect()
    }
    let of_leaves =
        |of: &'_ [String]| -> Vec<Option<String>> { of.iter().cloned().map(Some).collect() };
    let (product, site) = (of_leaves(&product), of_leaves(&site));
    let leaves: Vec<&str> = leaf.iter().map(String::as_str).collect();
    let level = |name, parents| Level { name, parents };
    Hierarchy::new(
        &leaves,
        &[
            level("total", Parents::One("all")),
            level(
                "region",
                Parents::OfGroups {
                    level: "site",
                    pairs: pairs(&region),
                },
            ),
            level(
                "category",
                Parents::OfGroups {
                    level: "product",
                    pairs: pairs(&category),
                },
            ),
            level(
                "product",
                Parents::OfLeaves(product.iter().map(Option::as_deref).collect()),
            ),
            level(
                "site",
                Parents::OfLeaves(site.iter().map(Option::as_deref).collect()),
            ),
        ],
    )
    .unwrap()
}

/// Leaves of which many are near 0, and groups that say something else than their leaves.
pub(crate) fn incoherent(hierarchy: &Hierarchy, periods: usize, random: &mut Uniform) -> Vec<f64> {
    let leaves = hierarchy.n_leaves() * periods;
    let leaves: Vec<f64> = (0..leaves).map(|_| 20.0 * random.next().powi(3)).collect();
    let mut base = hierarchy.sum_up(&leaves, periods).unwrap();
    for value in &mut base[..hierarchy.first_leaf() * periods] {
        *value *= 0.1 + random.next();
    }
    base
}

/// Weights that look at no covariance, with variances from a thousandth to a thousand.
pub(crate) fn diagonal(hierarchy: &Hierarchy, random: &mut Uniform) -> Vec<(Weights, Vec<f64>)> {
    let n = hierarchy.n_nodes();
    let mut sizes = vec![0.0; n];
    for leaf in 0..hierarchy.n_leaves() {
        let own = hierarchy.first_leaf() + leaf;
        hierarchy
            .above(leaf)
            .chain([own])
            .for_each(|node| sizes[node] += 1.0);
    }
    let drawn: Vec<f64> = (0..n)
        .map(|_| 1000_f64.powf(2.0 * random.next() - 1.0))
        .collect();
    vec![
        (Weights::Ols, vec![1.0; n]),
        (Weights::Structural, sizes),
        (Weights::Variance(drawn.clone()), drawn),
    ]
}

/// By leaf and period, how half the weighted squares change with the leaf, and the size of what adds up to it, both times
/// its variance: in the unit of forecasts. At the minimum the first is 0 everywhere, but for rounding of the second.
pub(crate) fn slopes(
    hierarchy: &Hierarchy,
    variances: &[f64],
    base: &[f64],
    found: &[f64],
    periods: usize,
) -> Vec<(f64, f64)> {
    let mut slopes = Vec::new();
    for leaf in 0..hierarchy.n_leaves() {
        let own = hierarchy.first_leaf() + leaf;
        for period in 0..periods {
            let (mut slope, mut size) = (0.0, 0.0);
            for node in hierarchy.above(leaf).chain([own]) {
                let at = node * periods + period;
                let weight = variances[own] / variances[node];
                slope += weight * (found[at] - base[at]);
                size += weight * (found[at].abs() + base[at].abs());
            }
            slopes.push((slope, size));
        }
    }
    slopes
}

pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// By the textbook: S(SᵀW⁻¹S)⁻¹SᵀW⁻¹ŷ with matrices in full, of one period, from the inverse of W.
pub(crate) fn textbook(hierarchy: &Hierarchy, inverse: &[Vec<f64>], base: &[f64]) -> Vec<f64> {
    let (n, leaves, first) = (
        hierarchy.n_nodes(),
        hierarchy.n_leaves(),
        hierarchy.first_leaf(),
    );
    let mut sums = vec![vec![0.0; leaves]; n];
    for leaf in 0..leaves {
        for node in hierarchy.above(leaf).chain([first + leaf]) {
            sums[node][leaf] = 1.0;
        }
    }
    let mut system = vec![vec![0.0; leaves + 1]; leaves];
    for (one, row) in system.iter_mut().enumerate() {
        let weighted: Vec<f64> = (0..n)
            .map(|node| (0..n).map(|of| sums[of][one] * inverse[of][node]).sum())
            .collect();
        for other in 0..leaves {
            row[other] = (0..n).map(|node| weighted[node] * sums[node][other]).sum();
        }
        row[leaves] = (0..n).map(|node| weighted[node] * base[node]).sum();
    }
    let found = eliminated(system);
    hierarchy.sum_up(&found, 1).unwrap()
}

/// Solves equations whose last column is the right side, with the largest pivot of each column.
pub(crate) fn eliminated(mut system: Vec<Vec<f64>>) -> Vec<f64> {
    let n = system.len();
    for at in 0..n {
        let pivot = (at..n).max_by(|a, b| system[*a][at].abs().total_cmp(&system[*b][at].abs()));
        system.swap(at, pivot.unwrap());
        let lead = system[at].clone();
        for row in 0..n {
            if row != at {
                let by = system[row][at] / lead[at];
                for column in at..=n {
                    system[row][column] -= by * lead[column];
                }
            }
        }
    }
    (0..n)
        .map(|row| system[row][n] / system[row][row])
        .collect()
}

/// 1e-9 of the largest value sees any wrong weight, sum or share; the textbook's own matrices lose 1e-11.
#[test]
fn every_weight_gives_what_the_textbook_gives() {
    let mut random = Uniform(11);
    for (products, sites) in [(1, 1), (7, 3), (12, 5)] {
        let hierarchy = shop(products, sites, &mut random);
        let base = incoherent(&hierarchy, 1, &mut random);
        for (weights, variances) in diagonal(&hierarchy, &mut random) {
            let found = reconcile(&hierarchy, &weights, &base, 1, Sign::Any).unwrap();
            let n = hierarchy.n_nodes();
            let inverse = |row: usize, column: usize| {
                if row == column {
                    1.0 / variances[row]
                } else {
                    0.0
                }
            };
            let inverse: Vec<Vec<f64>> = (0..n)
                .map(|row| (0..n).map(|column| inverse(row, column)).collect())
                .collect();
            let expected = textbook(&hierarchy, &inverse, &base);
            let gap: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
            assert!(
                largest(&gap) < 1e-9 * largest(&base),
                "{}: {}",
                weights.method().name(),
                largest(&gap)
            );
        }
    }
}

/// The minimum has no slope, at any size: no other solver is needed to know it. Groups that cross the tree are few, or
/// more than are factored.
#[test]
fn large_hierarchies_are_at_the_minimum() {
    let mut random = Uniform(5);
    for (products, sites) in [(2_000, 20), (2_900, 2_300)] {
        let hierarchy = if sites < 100 {
            shop(products, sites, &mut random)
        } else {
            scattered(products, sites)
        };
        let periods = 2;
        let base = incoherent(&hierarchy, periods, &mut random);
        for (weights, variances) in diagonal(&hierarchy, &mut random) {
            let found = reconcile(&hierarchy, &weights, &base, periods, Sign::Any).unwrap();
            let slopes = slopes(&hierarchy, &variances, &base, &found, periods);
            let shares: Vec<f64> = slopes.iter().map(|(slope, size)| slope / size).collect();
            let shares = largest(&shares);
            println!(
                "{products} × {sites}, {}: {shares:.1e}",
                weights.method().name()
            );
            assert!(shares < 1e-11);
        }
    }
}

/// Two products of thousands at each of thousands of sites.
fn scattered(products: usize, sites: usize) -> Hierarchy {
    let at: Vec<(String, String)> = (0..4 * products)
        .map(|i| {
            (
                format!("p{}", i % products),
                format!("s{}", (i * 7_919 + i / products) % sites),
            )
        })
        .collect();
    let leaves: Vec<String> = (0..at.len()).map(|i| i.to_string()).collect();
    let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
    let level = |name, of| Level {
        name,
        parents: Parents::OfLeaves(of),
    };
    let product = at
        .iter()
        .map(|(product, _)| Some(product.as_str()))
        .collect();
    let site = at.iter().map(|(_, site)| Some(site.as_str())).collect();
    let total = Level {
        name: "total",
        parents: Parents::One("all"),
    };
    Hierarchy::new(
        &leaves,
        &[total, level("product", product), level("site", site)],
    )
    .unwrap()
}

fn windows_of<'a>(base: &'a [f64], actual: &'a [Option<f64>], periods: usize) -> [Window<'a>; 1] {
    [Window {
        base,
        actual,
        periods,
    }]
}

/// What came, where each forecast was off by up to 5.
pub(crate) fn came(base: &[f64], random: &mut Uniform) -> Vec<Option<f64>> {
    base.iter()
        .map(|value| Some(value + 10.0 * (random.next() - 0.5)))
        .collect()
}

#[test]
fn forecasts_add_up_whatever_the_weights() {
    let mut random = Uniform(3);
    let hierarchy = shop(15, 4, &mut random);
    let periods = 12;
    let base = incoherent(&hierarchy, periods, &mut random);
    let actual = came(&base, &mut random);
    for method in Method::ALL {
        let weights = method
            .learn(&hierarchy, &windows_of(&base, &actual, periods))
            .unwrap();
        for sign in [Sign::Any, Sign::NonNegative] {
            let found = reconcile(&hierarchy, &weights, &base, periods, sign).unwrap();
            let leaves = &found[hierarchy.first_leaf() * periods..];
            // To the bit: the same sums in the same order.
            assert_eq!(found, hierarchy.sum_up(leaves, periods).unwrap());
            // Each level comes to the total, to rounding.
            for level in 0..hierarchy.n_levels() {
                for period in 0..periods {
                    let nodes = hierarchy.nodes(level);
                    let sum: f64 = nodes.map(|node| found[node * periods + period]).sum();
                    let total = found[hierarchy.node("total", "all").unwrap() * periods + period];
                    assert!((sum - total).abs() < 1e-12 * total.abs(), "{sum} {total}");
                }
            }
            let is_negative = leaves.iter().any(|value| *value < 0.0);
            assert!(sign == Sign::Any || !is_negative);
        }
    }
}

#[test]
fn what_adds_up_already_stays_as_it_is() {
    let mut random = Uniform(4);
    let hierarchy = shop(15, 4, &mut random);
    let periods = 12;
    let leaves: Vec<f64> = (0..hierarchy.n_leaves() * periods)
        .map(|_| 20.0 * random.next())
        .collect();
    let base = hierarchy.sum_up(&leaves, periods).unwrap();
    let actual = came(&base, &mut random);
    for method in Method::ALL {
        let weights = method
            .learn(&hierarchy, &windows_of(&base, &actual, periods))
            .unwrap();
        let found = reconcile(&hierarchy, &weights, &base, periods, Sign::NonNegative).unwrap();
        let moved: Vec<f64> = found.iter().zip(&base).map(|(a, b)| a - b).collect();
        assert!(
            largest(&moved) < 1e-12 * largest(&base),
            "{}: {}",
            method.name(),
            largest(&moved)
        );
    }
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let mut random = Uniform(8);
    let hierarchy = shop(60, 9, &mut random);
    let periods = 6;
    let base = incoherent(&hierarchy, periods, &mut random);
    let actual = came(&base, &mut random);
    for method in Method::ALL {
        let weights = method
            .learn(&hierarchy, &windows_of(&base, &actual, periods))
            .unwrap();
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                reconcile(&hierarchy, &weights, &base, periods, Sign::NonNegative).unwrap()
            })
        };
        let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<u64>>();
        assert_eq!(bits(on(1)), bits(on(4)), "{}", method.name());
    }
}
