//! Where customers usually buy, as far as limits count by it.

use super::settings::Settings;
use features::History;
use std::collections::BTreeSet;

/// Customers of a round in groups: one for each site that limits name, and one, the first, for all others.
#[derive(Debug, Clone)]
pub(crate) struct Stores {
    /// The sites, sorted.
    sites: Vec<String>,
    /// The group of each customer looked at; empty where no limit names a site.
    of: Vec<u16>,
    /// Customers asked, by group.
    asked: Vec<usize>,
}

/// The group of a customer among sorted sites.
fn group(sites: &[String], history: &History, customer: &str) -> u16 {
    let usual = history.usual_site(customer);
    let place = usual.and_then(|site| sites.binary_search_by(|one| one.as_str().cmp(site)).ok());
    place
        .and_then(|place| u16::try_from(place + 1).ok())
        .unwrap_or(0)
}

/// The groups of customers, one after the other; none where no limit names a site.
pub(crate) fn groups<'a>(
    settings: &Settings,
    history: &History,
    customers: impl Iterator<Item = &'a str>,
) -> Vec<u16> {
    let sites = settings.sites();
    if sites.is_empty() {
        return Vec::new();
    }
    customers.map(|one| group(&sites, history, one)).collect()
}

impl Stores {
    /// Customers who are all alike.
    pub(crate) fn alike(asked: usize) -> Self {
        Self {
            sites: Vec::new(),
            of: Vec::new(),
            asked: vec![asked],
        }
    }

    /// All customers of some sites, each in the group given.
    #[cfg(test)]
    pub(crate) fn all_of(sites: &[&str], of: Vec<u16>) -> Self {
        let mut asked = vec![0; sites.len() + 1];
        of.iter().for_each(|group| asked[usize::from(*group)] += 1);
        Self {
            sites: sites.iter().map(|site| (*site).to_owned()).collect(),
            of,
            asked,
        }
    }

    /// - `asked`: customers that are asked in a round.
    /// - `of`: the groups of those looked at, see [`groups`].
    pub(crate) fn new(
        settings: &Settings,
        history: &History,
        asked: &BTreeSet<&str>,
        of: Vec<u16>,
    ) -> Self {
        let sites = settings.sites();
        if sites.is_empty() {
            return Self::alike(asked.len());
        }
        let mut by_group = vec![0; sites.len() + 1];
        for customer in asked {
            by_group[usize::from(group(&sites, history, customer))] += 1;
        }
        Self {
            sites,
            of,
            asked: by_group,
        }
    }

    /// The same, some of the customers looked at.
    pub(crate) fn only(&self, rows: &[usize]) -> Self {
        let of = rows.iter().filter_map(|row| self.of.get(*row));
        Self {
            of: of.copied().collect(),
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

    /// The site of each group, the first without one.
    pub(crate) fn each(&self) -> impl Iterator<Item = Option<&str>> {
        let named = self.sites.iter().map(|site| Some(site.as_str()));
        std::iter::once(None).chain(named)
    }

    /// The groups of some sites.
    pub(crate) fn at(&self, sites: &[String]) -> Vec<u16> {
        let places = (1..=u16::MAX).zip(&self.sites);
        let those = places.filter(|(_, site)| sites.contains(site));
        those.map(|(group, _)| group).collect()
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
        let looked_at = self.of.iter().filter(|group| groups.contains(group));
        looked_at.count() as f64 / asked as f64
    }
}
