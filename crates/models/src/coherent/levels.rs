//! Levels as they are named, and the groups of leaves they come to.

use std::collections::BTreeMap;

use super::error::HierarchyError;
use super::hierarchy::LEAVES;

/// A level of a hierarchy: a name, and who is in which of its groups. Each leaf is in one group of each level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level<'a> {
    /// Its name, such as `category`; no other level has it.
    pub name: &'a str,
    /// Who is in which group.
    pub parents: Parents<'a>,
}

/// Who is in which group of a level. Groups are told apart by their labels, each within its level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parents<'a> {
    /// All leaves are in one group, of this label.
    One(&'a str),
    /// By leaf, in the order of the leaves: the label of its group. A leaf with none is refused.
    OfLeaves(Vec<Option<&'a str>>),
    /// The groups of another level are grouped: pairs of a label there and the label of its group here. Pairs of labels
    /// that the other level does not have are no part of the hierarchy.
    OfGroups {
        /// Name of the other level.
        level: &'a str,
        /// Label there, label here.
        pairs: Vec<(&'a str, &'a str)>,
    },
}

/// The groups of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Groups {
    pub(super) name: String,
    /// In the order of their first leaves.
    pub(super) labels: Vec<String>,
    /// By leaf, the number of its group.
    pub(super) of_leaf: Vec<u32>,
}

/// Groups of all levels, in the order of the levels.
pub(super) fn groups(
    leaves: &[String],
    levels: &[Level<'_>],
) -> Result<Vec<Groups>, HierarchyError> {
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, level) in levels.iter().enumerate() {
        if level.name == LEAVES || by_name.insert(level.name, at).is_some() {
            let level = level.name.to_owned();
            return Err(HierarchyError::LevelTwice { level });
        }
    }
    let mut found: Vec<Option<Groups>> = vec![None; levels.len()];
    for at in 0..levels.len() {
        // Levels below come first; the last of the way stands on leaves or on a level that is done.
        for at in way_down(levels, &by_name, at)?.into_iter().rev() {
            if found[at].is_none() {
                let groups = of_level(leaves, &levels[at], |name| {
                    found[*by_name.get(name)?].as_ref()
                })?;
                found[at] = Some(groups);
            }
        }
    }
    Ok(found.into_iter().flatten().collect())
}

/// A level, the one that it groups, the one that this groups, and so on.
fn way_down(
    levels: &[Level<'_>],
    by_name: &BTreeMap<&str, usize>,
    from: usize,
) -> Result<Vec<usize>, HierarchyError> {
    let mut way = vec![from];
    let mut at = from;
    while let Parents::OfGroups { level: below, .. } = &levels[at].parents {
        let next = by_name.get(below).copied();
        let next = next.ok_or_else(|| HierarchyError::UnknownLevel {
            level: levels[at].name.to_owned(),
            below: (*below).to_owned(),
        })?;
        if let Some(again) = way.iter().position(|passed| *passed == next) {
            let up = std::iter::once(next).chain(way[again..].iter().copied().rev());
            let through = up.map(|level| levels[level].name.to_owned()).collect();
            return Err(HierarchyError::Loop { through });
        }
        way.push(next);
        at = next;
    }
    Ok(way)
}

fn of_level<'g>(
    leaves: &[String],
    level: &Level<'_>,
    done: impl Fn(&str) -> Option<&'g Groups>,
) -> Result<Groups, HierarchyError> {
    let named = || level.name.to_owned();
    match &level.parents {
        Parents::One(label) => numbered(level.name, leaves.iter().map(|_| Ok(*label))),
        Parents::OfLeaves(of) if of.len() != leaves.len() => Err(HierarchyError::LeafCount {
            level: named(),
            found: of.len(),
            leaves: leaves.len(),
        }),
        Parents::OfLeaves(of) => numbered(
            level.name,
            of.iter().zip(leaves).map(|(label, leaf)| {
                label.ok_or_else(|| HierarchyError::LeafWithoutGroup {
                    level: named(),
                    leaf: leaf.clone(),
                })
            }),
        ),
        Parents::OfGroups {
            level: below,
            pairs,
        } => {
            let of = done(below).ok_or_else(|| HierarchyError::UnknownLevel {
                level: named(),
                below: (*below).to_owned(),
            })?;
            let parent_of = parents(level.name, pairs)?;
            let parent = of.of_leaf.iter().map(|group| {
                let child = &of.labels[*group as usize];
                let parent = parent_of.get(child.as_str()).copied();
                parent.ok_or_else(|| HierarchyError::Orphan {
                    level: named(),
                    below: (*below).to_owned(),
                    child: child.clone(),
                })
            });
            numbered(level.name, parent)
        }
    }
}

/// The one parent of each child; naming it again changes nothing.
fn parents<'a>(
    level: &str,
    pairs: &[(&'a str, &'a str)],
) -> Result<BTreeMap<&'a str, &'a str>, HierarchyError> {
    let mut parent_of = BTreeMap::new();
    for (child, parent) in pairs {
        let before = parent_of.insert(*child, *parent);
        if let Some(first) = before.filter(|first| first != parent) {
            return Err(HierarchyError::TwoParents {
                level: level.to_owned(),
                child: (*child).to_owned(),
                first: first.to_owned(),
                second: (*parent).to_owned(),
            });
        }
    }
    Ok(parent_of)
}

/// Numbers labels in the order of their first leaves.
fn numbered<'a>(
    name: &str,
    of_leaf: impl Iterator<Item = Result<&'a str, HierarchyError>>,
) -> Result<Groups, HierarchyError> {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut groups = Groups {
        name: name.to_owned(),
        labels: Vec::new(),
        of_leaf: Vec::new(),
    };
    for label in of_leaf {
        let label = label?;
        let number = *numbers.entry(label).or_insert_with(|| {
            groups.labels.push(label.to_owned());
            groups.labels.len() as u32 - 1
        });
        groups.of_leaf.push(number);
    }
    Ok(groups)
}

/// The levels of a tree of which each child names its parent, from the finest.
///
/// - `leaves`: names of leaves, each with its parent.
/// - `parents`: all that stand above leaves, each with its parent; none for those at the top.
pub(super) fn of_tree<'a>(
    leaves: &[(&'a str, &'a str)],
    parents: &[(&'a str, Option<&'a str>)],
    levels: &[&'a str],
) -> Result<Vec<Level<'a>>, HierarchyError> {
    let mut parent_of: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for (child, parent) in parents {
        let before = parent_of.insert(child, *parent);
        if let Some(first) = before.filter(|first| first != parent) {
            let named = |label: Option<&str>| label.unwrap_or("nothing").to_owned();
            return Err(HierarchyError::TwoParents {
                level: "tree".to_owned(),
                child: (*child).to_owned(),
                first: named(first),
                second: named(*parent),
            });
        }
    }
    for (child, _) in parents {
        // Loops that no leaf leads to are as wrong.
        way_up(&parent_of, child, child)?;
    }
    let mut labels: Vec<Vec<Option<&str>>> = vec![Vec::with_capacity(leaves.len()); levels.len()];
    for (leaf, parent) in leaves {
        let way = way_up(&parent_of, leaf, parent)?;
        if way.len() != levels.len() {
            return Err(HierarchyError::Depth {
                leaf: (*leaf).to_owned(),
                found: way.len(),
                expected: levels.len(),
            });
        }
        for (of, label) in labels.iter_mut().zip(way) {
            of.push(Some(label));
        }
    }
    let named = levels.iter().zip(labels);
    Ok(named
        .map(|(name, of)| Level {
            name,
            parents: Parents::OfLeaves(of),
        })
        .collect())
}

/// From a label up to the top.
fn way_up<'a>(
    parent_of: &BTreeMap<&'a str, Option<&'a str>>,
    child: &'a str,
    from: &'a str,
) -> Result<Vec<&'a str>, HierarchyError> {
    let (mut way, mut below, mut at) = (Vec::new(), child, from);
    loop {
        if let Some(again) = way.iter().position(|passed| *passed == at) {
            let up = way[again..].iter().copied().chain([at]);
            let through = up.map(str::to_owned).collect();
            return Err(HierarchyError::Loop { through });
        }
        way.push(at);
        let next = parent_of
            .get(at)
            .ok_or_else(|| HierarchyError::UnknownParent {
                child: below.to_owned(),
                parent: at.to_owned(),
            })?;
        match next {
            None => return Ok(way),
            Some(next) => (below, at) = (at, *next),
        }
    }
}
