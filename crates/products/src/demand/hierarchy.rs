//! Which series add up to which: categories, products, regions, sites, and all together.

use std::collections::{BTreeMap, BTreeSet};

use features::demand::Place;
use models::coherent::{Hierarchy, Level, Parents};

use super::series::Key;

/// Stands between the product and the site of a leaf, and between a category and its region or site; none can hold it.
pub(super) const BETWEEN: char = '\u{1f}';

/// Levels that cross categories with regions and sites, each with what it crosses them with.
pub(super) static CROSSED: [(&str, &str); 2] = [
    ("category in region", "region"),
    ("category at site", "site"),
];

/// The series of a shop with the levels above them.
#[derive(Debug)]
pub(crate) struct Levels {
    /// What forecasts are made to agree with.
    pub(crate) hierarchy: Hierarchy,
    /// The same with categories in each region and at each site; absent where there are none.
    crossed: Option<Hierarchy>,
    /// What can be asked for, those with all series first, by nodes of [`Levels::summed`]. A group that is the same as one
    /// of a level before, or a single series, is its node.
    pub(super) asked: Vec<Grouping>,
    /// What a reader must know of them.
    pub(super) notes: Vec<String>,
}

impl Levels {
    /// All that can be asked for: what series are added up to.
    pub(super) fn summed(&self) -> &Hierarchy {
        self.crossed.as_ref().unwrap_or(&self.hierarchy)
    }
}

/// Groups by one of the things that series have in common.
#[derive(Debug)]
pub(super) struct Grouping {
    /// `total`, `category`, `product`, `region` or `site`, or one of [`CROSSED`].
    pub(super) name: &'static str,
    /// What the groups are called, rising; what belongs nowhere has an empty name.
    pub(super) names: Vec<String>,
    /// Node of each.
    pub(super) nodes: Vec<usize>,
    /// By series, the place of its group among them.
    pub(super) of_leaf: Vec<u32>,
}

impl Grouping {
    /// - `node`: of a series.
    fn new(name: &'static str, of: &[Option<&str>], node: impl Fn(usize) -> usize) -> Self {
        let labels = of.iter().map(|label| label.unwrap_or_default());
        let distinct: BTreeSet<&str> = labels.clone().collect();
        let names: Vec<String> = distinct.iter().map(|name| (*name).to_owned()).collect();
        let code: BTreeMap<&str, u32> = distinct.into_iter().zip(0..).collect();
        let of_leaf: Vec<u32> = labels.map(|label| code[label]).collect();
        let mut nodes = vec![0; names.len()];
        for (leaf, code) in of_leaf.iter().enumerate() {
            nodes[*code as usize] = node(leaf);
        }
        Self {
            name,
            names,
            nodes,
            of_leaf,
        }
    }

    /// The place of a group among them.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.names
            .binary_search_by(|one| one.as_str().cmp(name))
            .ok()
    }
}

/// Levels above series: all together, categories and products, and regions and sites, which cross them; and beside those,
/// to be asked for alone, categories in each region and at each site. A level that groups series as one before it does,
/// or not at all, is left out. `None` where there is one series.
///
/// Products without a category, and sites without a region or that no table names, are a group of their own each, with an
/// empty name: every series is in one group of each level, and no group is within another of its level, so that going up
/// from a series always ends with all together.
pub(super) fn levels(
    keys: &[Key],
    categories: &[Option<String>],
    places: &[Place],
) -> Option<Levels> {
    let region_of: BTreeMap<&str, Option<&str>> = places
        .iter()
        .map(|place| (place.id.as_str(), place.region.as_deref()))
        .collect();
    let region = |key: &Key| *region_of.get(key.site.as_deref()?)?;
    let each: [(&'static str, Vec<Option<&str>>); 5] = [
        ("total", keys.iter().map(|_| Some("all")).collect()),
        (
            "category",
            categories.iter().map(Option::as_deref).collect(),
        ),
        (
            "product",
            keys.iter().map(|key| Some(key.product.as_str())).collect(),
        ),
        ("region", keys.iter().map(region).collect()),
        ("site", keys.iter().map(|key| key.site.as_deref()).collect()),
    ];
    let crossed = CROSSED.map(|(name, with)| {
        let of = |level: &str| each.iter().find(|(name, _)| *name == level);
        let labels = of("category").zip(of(with));
        (
            name,
            labels.map_or_else(Vec::new, |(a, b)| crossed(&a.1, &b.1)),
        )
    });
    let leaf = |key: &Key| {
        let site = key.site.as_deref().unwrap_or_default();
        format!("{}{BETWEEN}{site}", key.product)
    };
    let leaves: Vec<String> = keys.iter().map(leaf).collect();
    let leaves: Vec<&str> = leaves.iter().map(String::as_str).collect();
    let mut above = Above::default();
    for (name, of) in each.iter().map(|(name, of)| (*name, of)) {
        above.add(name, of);
    }
    let hierarchy = Hierarchy::new(&leaves, &above.levels).ok()?;
    let plain = above.levels.len();
    for (name, of) in crossed.iter().map(|(name, of)| (*name, of)) {
        let of: Vec<Option<&str>> = of.iter().map(|label| Some(label.as_str())).collect();
        above.add(name, &of);
    }
    let crossed = (above.levels.len() > plain).then(|| Hierarchy::new(&leaves, &above.levels));
    let crossed = crossed.transpose().ok()?;
    let summed = crossed.as_ref().unwrap_or(&hierarchy);
    let asked = above.asked.iter().map(|&(name, ref of, level)| {
        let node = |leaf: usize| {
            let above = level.and_then(|level| summed.above(leaf).nth(level));
            above.unwrap_or(summed.first_leaf() + leaf)
        };
        Grouping::new(name, of, node)
    });
    let asked = asked.collect();
    Some(Levels {
        asked,
        notes: above.notes,
        hierarchy,
        crossed,
    })
}

/// Categories at what series have in common else; none where nothing is known of either.
fn crossed(categories: &[Option<&str>], others: &[Option<&str>]) -> Vec<String> {
    let is_known = |of: &[Option<&str>]| of.iter().any(Option::is_some);
    if !is_known(categories) || !is_known(others) {
        return Vec::new();
    }
    let both = categories.iter().zip(others).map(|(category, other)| {
        let [category, other] = [category, other].map(|of| of.unwrap_or_default());
        format!("{category}{BETWEEN}{other}")
    });
    both.collect()
}

/// What can be asked for: each with the groups of the series, and the level that it is; none where it is the series.
type Asked<'a> = (&'static str, Vec<Option<&'a str>>, Option<usize>);

/// Levels as they are found.
#[derive(Default)]
struct Above<'a> {
    seen: BTreeMap<Vec<usize>, usize>,
    levels: Vec<Level<'a>>,
    asked: Vec<Asked<'a>>,
    notes: Vec<String>,
}

impl<'a> Above<'a> {
    /// - `of`: by series, its group.
    fn add(&mut self, name: &'static str, of: &[Option<&'a str>]) {
        let groups = numbered(of);
        let n = groups.iter().collect::<BTreeSet<_>>().len();
        let same = self.seen.get(&groups).copied();
        let level = same.or((n < of.len()).then_some(self.levels.len()));
        if of.iter().any(Option::is_some) {
            self.asked.push((name, of.to_vec(), level));
        }
        if n == of.len() || n == 0 || same.is_some() {
            return;
        }
        self.seen.insert(groups, self.levels.len());
        let without = of.iter().filter(|label| label.is_none()).count();
        if without > 0 {
            self.notes.push(format!(
                "{without} of {} series are of no {name}: they are added up as one of their own",
                of.len()
            ));
        }
        let labels = of.iter().map(|label| Some(label.unwrap_or_default()));
        self.levels.push(Level {
            name,
            parents: Parents::OfLeaves(labels.collect()),
        });
    }
}

/// Groups by number, in the order in which they come.
fn numbered(of: &[Option<&str>]) -> Vec<usize> {
    let mut numbers = BTreeMap::new();
    let mut number = |label| {
        let next = numbers.len();
        *numbers.entry(label).or_insert(next)
    };
    of.iter().map(|label| number(*label)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Levels, levels};
    use crate::demand::Key;
    use features::demand::Place;

    fn shop(
        of: &[(&str, Option<&str>)],
        categories: &[Option<&str>],
        places: &[(&str, Option<&str>)],
    ) -> Option<Levels> {
        let keys: Vec<Key> = of
            .iter()
            .map(|(product, site)| Key {
                product: (*product).to_owned(),
                site: site.map(str::to_owned),
            })
            .collect();
        let categories: Vec<Option<String>> =
            categories.iter().map(|of| of.map(str::to_owned)).collect();
        let places: Vec<Place> = places
            .iter()
            .map(|(id, region)| Place {
                id: (*id).to_owned(),
                format: None,
                region: region.map(str::to_owned),
            })
            .collect();
        levels(&keys, &categories, &places)
    }

    fn names(of: &Levels) -> Vec<&str> {
        of.hierarchy.level_names().collect()
    }

    #[test]
    fn what_is_in_no_category_region_or_table_is_in_a_group_of_its_own_and_told() {
        let of = [
            ("a", Some("1")),
            ("a", Some("2")),
            ("a", Some("9")),
            ("b", Some("1")),
            ("b", None),
            ("c", Some("2")),
        ];
        let categories = [Some("x"), Some("x"), Some("x"), None, None, Some("x")];
        let places = [("1", Some("north")), ("2", None)];
        let found = shop(&of, &categories, &places).unwrap();
        assert_eq!(
            names(&found),
            ["total", "category", "product", "region", "site", "leaves"]
        );
        assert_eq!(
            found.notes,
            [
                "2 of 6 series are of no category: they are added up as one of their own",
                "4 of 6 series are of no region: they are added up as one of their own",
                "1 of 6 series are of no site: they are added up as one of their own",
            ]
        );
        // Every level has all that is sold, and the groups of their own what belongs nowhere.
        let sums = found
            .hierarchy
            .sum_up(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0], 1)
            .unwrap();
        for level in 0..5 {
            let all: f64 = found.hierarchy.nodes(level).map(|node| sums[node]).sum();
            assert_eq!(all, 63.0);
        }
        let of = |level: &str, label: &str| sums[found.hierarchy.node(level, label).unwrap()];
        assert_eq!(of("category", ""), 24.0);
        assert_eq!((of("region", "north"), of("region", "")), (9.0, 54.0));
        assert_eq!(of("site", ""), 16.0);
        // Categories at sites and in regions are added up beside them.
        let summed = found.summed();
        let sums = summed.sum_up(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0], 1).unwrap();
        let of = |level: &str, label: &str| sums[summed.node(level, label).unwrap()];
        assert_eq!(of("category at site", "x\u{1f}2"), 34.0);
        assert_eq!(of("category in region", "\u{1f}north"), 8.0);
        assert_eq!(of("category in region", "x\u{1f}"), 38.0);
    }

    #[test]
    fn levels_that_say_nothing_are_left_out() {
        // Without categories, regions or sites there are only products and their sum.
        let found = shop(&[("a", None), ("b", None)], &[None, None], &[]).unwrap();
        assert_eq!(names(&found), ["total", "leaves"]);
        assert!(found.notes.is_empty());
        // One product at several sites of one region each.
        let of = [("a", Some("1")), ("a", Some("2")), ("a", Some("3"))];
        let places = [("1", Some("n")), ("2", Some("n")), ("3", Some("s"))];
        let found = shop(&of, &[Some("x"); 3], &places).unwrap();
        assert_eq!(names(&found), ["total", "region", "leaves"]);
        assert!(shop(&[("a", Some("1"))], &[None], &[]).is_none());
    }
}
