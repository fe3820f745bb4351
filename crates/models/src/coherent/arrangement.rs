//! Leaves in an order in which the groups of one nested chain of levels lie together.

use super::levels::Groups;

/// A chain of nested levels, which is a tree, and the levels that cross it.
///
/// Leaves are sorted so that each group of the chain holds neighbouring places. The chain is that of the most groups:
/// what it leaves over is what costs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrangement {
    /// By place, the leaf.
    pub(super) order: Vec<u32>,
    /// The chain, from the finest level.
    pub(super) tiers: Vec<Tier>,
    /// The other levels.
    pub(super) crossings: Vec<Crossing>,
    /// Groups of all other levels.
    pub(super) n_crossed: usize,
}

/// A level of the chain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tier {
    /// By group in the order of places, its first child: a place, or a group of the tier below. One more at the end.
    pub(super) starts: Vec<u32>,
    /// By group in the order of places, its node.
    pub(super) nodes: Vec<u32>,
}

/// A level that crosses the chain.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Crossing {
    /// Node of its first group; the others follow.
    pub(super) node: usize,
    /// Number of its first group among all that cross.
    pub(super) column: usize,
    /// Groups.
    pub(super) groups: usize,
    /// By place, the group counted among all that cross.
    pub(super) of_place: Vec<u32>,
}

impl Arrangement {
    /// - `firsts`: node of the first group of each level.
    pub(super) fn of(levels: &[Groups], firsts: &[usize]) -> Self {
        Self::along(&chain(levels), levels, firsts)
    }

    /// - `chain`: nested levels, from the finest.
    pub(super) fn along(chain: &[usize], levels: &[Groups], firsts: &[usize]) -> Self {
        let n = levels.first().map_or(0, |level| level.of_leaf.len());
        let mut order: Vec<u32> = (0..n as u32).collect();
        // Coarsest first, so that each group lies within that of the next level.
        let key = |leaf: u32| {
            let of = chain.iter().rev();
            of.map(move |level| levels[*level].of_leaf[leaf as usize])
        };
        order.sort_by(|one, other| key(*one).cmp(key(*other)));
        let mut tiers: Vec<Tier> = Vec::with_capacity(chain.len());
        // Places at which the groups of the tier below begin.
        let mut below: Vec<u32> = (0..n as u32).collect();
        for level in chain {
            let group = |place: u32| levels[*level].of_leaf[order[place as usize] as usize];
            let (mut starts, mut nodes, mut places) = (Vec::new(), Vec::new(), Vec::new());
            for (child, place) in below.iter().enumerate() {
                if child == 0 || group(*place) != group(below[child - 1]) {
                    starts.push(child as u32);
                    nodes.push(firsts[*level] as u32 + group(*place));
                    places.push(*place);
                }
            }
            starts.push(below.len() as u32);
            below = places;
            tiers.push(Tier { starts, nodes });
        }
        let (mut crossings, mut column) = (Vec::new(), 0);
        for (at, level) in levels.iter().enumerate() {
            if chain.contains(&at) {
                continue;
            }
            let of_place = order.iter();
            let of_place = of_place.map(|leaf| column as u32 + level.of_leaf[*leaf as usize]);
            let groups = level.labels.len();
            crossings.push(Crossing {
                node: firsts[at],
                column,
                groups,
                of_place: of_place.collect(),
            });
            column += groups;
        }
        Self {
            order,
            tiers,
            crossings,
            n_crossed: column,
        }
    }

    /// Rows of leaves in the order of places.
    pub(super) fn placed(&self, leaves: &[f64], periods: usize) -> Vec<f64> {
        let row = |leaf: &u32| &leaves[*leaf as usize * periods..][..periods];
        self.order.iter().flat_map(row).copied().collect()
    }

    /// Rows in the order of places back in that of leaves.
    pub(super) fn unplaced(&self, placed: &[f64], periods: usize) -> Vec<f64> {
        let mut leaves = vec![0.0; placed.len()];
        for (leaf, row) in self.order.iter().zip(placed.chunks_exact(periods)) {
            leaves[*leaf as usize * periods..][..periods].copy_from_slice(row);
        }
        leaves
    }
}

/// Whether each group of `fine` lies within one group of `coarse`.
fn is_nested(fine: &Groups, coarse: &Groups) -> bool {
    let mut within: Vec<Option<u32>> = vec![None; fine.labels.len()];
    fine.of_leaf
        .iter()
        .zip(&coarse.of_leaf)
        .all(|(of, within_of)| *within[*of as usize].get_or_insert(*within_of) == *within_of)
}

/// The nested levels with the most groups together, from the finest.
fn chain(levels: &[Groups]) -> Vec<usize> {
    let mut by_size: Vec<usize> = (0..levels.len()).collect();
    by_size.sort_by_key(|level| std::cmp::Reverse(levels[*level].labels.len()));
    // By level in that order: the groups of the best chain that ends there, and the level before it.
    let mut best: Vec<(usize, Option<usize>)> = Vec::with_capacity(levels.len());
    for (at, level) in by_size.iter().enumerate() {
        let below = (0..at).filter(|before| is_nested(&levels[by_size[*before]], &levels[*level]));
        // The first of the best, so that the order of the levels decides between equals.
        let below = below.fold(None, |most: Option<usize>, before| match most {
            Some(most) if best[most].0 >= best[before].0 => Some(most),
            _ => Some(before),
        });
        let so_far = below.map_or(0, |before| best[before].0);
        best.push((so_far + levels[*level].labels.len(), below));
    }
    let longest = (0..best.len()).fold(
        0,
        |most, at| if best[at].0 > best[most].0 { at } else { most },
    );
    let (mut chain, mut at) = (Vec::new(), Some(longest).filter(|_| !best.is_empty()));
    while let Some(level) = at {
        chain.push(by_size[level]);
        at = best[level].1;
    }
    chain.reverse();
    chain
}

#[cfg(test)]
mod tests {
    use super::super::{Hierarchy, Level, Parents};

    fn level<'a>(name: &'a str, of: &[&'a str]) -> Level<'a> {
        Level {
            name,
            parents: Parents::OfLeaves(of.iter().copied().map(Some).collect()),
        }
    }

    #[test]
    fn the_chain_of_the_most_groups_is_the_tree_and_the_others_cross_it() {
        let hierarchy = Hierarchy::new(
            &["a1", "b1", "a2", "b2", "c2"],
            &[
                level("total", &["all"; 5]),
                level("site", &["1", "1", "2", "2", "2"]),
                level("category", &["x", "x", "x", "x", "y"]),
                level("product", &["a", "b", "a", "b", "c"]),
            ],
        )
        .unwrap();
        let found = hierarchy.arrangement();
        assert_eq!(found.order, [0, 2, 1, 3, 4]);
        let [product, category, total] = found.tiers.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!(product.starts, [0, 2, 4, 5]);
        assert_eq!(product.nodes, [5, 6, 7]);
        assert_eq!(category.starts, [0, 2, 3]);
        assert_eq!(category.nodes, [3, 4]);
        assert_eq!(
            (total.starts.as_slice(), total.nodes.as_slice()),
            (&[0, 2][..], &[0][..])
        );
        let [site] = found.crossings.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((site.node, site.column, site.groups), (1, 0, 2));
        assert_eq!(site.of_place, [0, 1, 0, 1, 1]);
    }
}
