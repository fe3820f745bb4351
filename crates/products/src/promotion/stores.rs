//! Where customers usually buy, as far as limits count by it.

use super::settings::Settings;
use features::History;
use schema::AsOf;

/// Customers of a round in groups: one for each site that limits name, and one, the first, for all others.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    /// The sites, sorted.
    sites: Vec<String>,
    /// The group of each customer looked at; empty where no limit names a site.
    of: Vec<u16>,
    /// Customers asked, by group.
    asked: Vec<usize>,
    /// Customers looked at, by group.
    looked_at: Vec<usize>,
}

/// The group of a customer among sorted sites, as of a day.
fn group(sites: &[String], history: &History, (customer, at): (&str, AsOf)) -> u16 {
    let usual = history.usual_site_at(customer, at);
    let place = usual.and_then(|site| sites.binary_search_by(|one| one.as_str().cmp(site)).ok());
    place
        .and_then(|place| u16::try_from(place + 1).ok())
        .unwrap_or(0)
}

/// How many customers are in each group.
fn counted(groups: usize, of: &[u16]) -> Vec<usize> {
    let mut counted = vec![0; groups];
    of.iter()
        .for_each(|group| counted[usize::from(*group)] += 1);
    counted
}

/// The groups of customers, each as of a day, one after the other; none where no limit names a site.
pub(crate) fn groups<'a>(
    settings: &Settings,
    history: &History,
    customers: impl Iterator<Item = (&'a str, AsOf)>,
) -> Vec<u16> {
    let sites = settings.sites();
    if sites.is_empty() {
        return Vec::new();
    }
    customers.map(|one| group(&sites, history, one)).collect()
}

/// Some of so many customers, spread over each group; all of a small one, so that a limit of its site is no part of an
/// offer. Customers of groups of which more are looked at count for more where a budget has its price.
///
/// - `most`: to be looked at where all groups are large.
/// - `groups`: of the customers, see [`groups`].
pub(crate) fn some(customers: usize, most: usize, groups: &[u16]) -> Vec<usize> {
    /// Customers of a group who are looked at, where there are as many.
    const OF_GROUP: usize = 1_000;
    let step = customers.div_ceil(most).max(1);
    let of = |row: usize| groups.get(row).map_or(0, |group| usize::from(*group));
    let n_groups = 1 + groups.iter().max().map_or(0, |last| usize::from(*last));
    let mut sizes = vec![0; n_groups];
    (0..customers).for_each(|row| sizes[of(row)] += 1);
    let steps: Vec<usize> = sizes
        .iter()
        .map(|size| (size / OF_GROUP).clamp(1, step))
        .collect();
    let mut passed = vec![0_usize; n_groups];
    let is_looked_at = |row: &usize| {
        let group = of(*row);
        passed[group] += 1;
        (passed[group] - 1).is_multiple_of(steps[group])
    };
    (0..customers).filter(is_looked_at).collect()
}

impl Stores {
    /// Customers who are all alike.
    pub(crate) fn alike(asked: usize) -> Self {
        Self {
            sites: Vec::new(),
            of: Vec::new(),
            asked: vec![asked],
            looked_at: Vec::new(),
        }
    }

    /// All customers of some sites, each in the group given.
    #[cfg(test)]
    pub(crate) fn all_of(sites: &[&str], of: Vec<u16>) -> Self {
        let asked = counted(sites.len() + 1, &of);
        Self {
            sites: sites.iter().map(|site| (*site).to_owned()).collect(),
            of,
            looked_at: asked.clone(),
            asked,
        }
    }

    /// - `asked`: how many customers are asked in a round, and their groups, see [`groups`].
    /// - `of`: the groups of those looked at.
    pub(crate) fn new(settings: &Settings, asked: (usize, &[u16]), of: Vec<u16>) -> Self {
        let (asked, of_asked) = asked;
        let sites = settings.sites();
        if sites.is_empty() {
            return Self::alike(asked);
        }
        Self {
            asked: counted(sites.len() + 1, of_asked),
            looked_at: counted(sites.len() + 1, &of),
            sites,
            of,
        }
    }

    /// The same, some of the customers looked at.
    pub(crate) fn only(&self, rows: &[usize]) -> Self {
        let of = rows.iter().filter_map(|row| self.of.get(*row));
        let of: Vec<u16> = of.copied().collect();
        Self {
            looked_at: counted(self.asked.len(), &of),
            of,
            ..self.clone()
        }
    }

    /// Customers asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.iter().sum()
    }

    /// The group of each customer looked at; `None` where all are alike.
    pub(crate) fn by_row(&self) -> Option<&[u16]> {
        (!self.of.is_empty()).then_some(self.of.as_slice())
    }

    /// The group of a customer looked at.
    pub(crate) fn group(&self, row: usize) -> usize {
        self.of.get(row).map_or(0, |group| usize::from(*group))
    }

    /// The customers looked at, by group.
    ///
    /// - `rows`: how many they are.
    pub(crate) fn rows(&self, rows: usize) -> Vec<Vec<usize>> {
        let mut by_group = vec![Vec::new(); self.asked.len()];
        (0..rows).for_each(|row| by_group[self.group(row)].push(row));
        by_group
    }

    /// The site of each group, the first without one.
    pub(crate) fn each(&self) -> impl Iterator<Item = Option<&str>> {
        let named = self.sites.iter().map(|site| Some(site.as_str()));
        std::iter::once(None).chain(named)
    }

    /// The groups of some sites.
    pub(crate) fn at(&self, sites: &[String]) -> Vec<u16> {
        let places = sites
            .iter()
            .filter_map(|site| self.sites.binary_search(site).ok());
        places
            .filter_map(|place| u16::try_from(place + 1).ok())
            .collect()
    }

    /// Share of the customers asked in some groups who are looked at; in all groups where none are named. Where nobody is
    /// asked it is 1: what is asked for of them is asked for in vain.
    ///
    /// - `rows`: customers looked at.
    pub(crate) fn part(&self, groups: Option<&[u16]>, rows: usize) -> f64 {
        let Some(groups) = groups else {
            return rows as f64 / self.asked().max(1) as f64;
        };
        let asked: usize = groups.iter().map(|g| self.asked[usize::from(*g)]).sum();
        if asked == 0 {
            return 1.0;
        }
        let looked_at = groups.iter().map(|g| self.looked_at.get(usize::from(*g)));
        looked_at.flatten().sum::<usize>() as f64 / asked as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_groups_are_looked_at_whole_and_large_ones_as_far_as_all_are() {
        let alike = some(1_000_000, 200_000, &[]);
        assert_eq!((alike.len(), alike[1]), (200_000, 5));
        // A site of 40 customers between those of a large one, and one of 3,000 at the end.
        let mut groups = vec![1; 1_000_000];
        groups.iter_mut().step_by(25_000).for_each(|of| *of = 2);
        groups.extend([3; 3_000]);
        let rows = some(groups.len(), 200_600, &groups);
        let of: Vec<u16> = rows.iter().map(|row| groups[*row]).collect();
        assert_eq!(counted(4, &of), [0, 199_992, 40, 1_000]);
    }
}
