//! Customers who were drawn as one: a household, a store. Their outcomes hang together, so errors count them once.

use super::error::ExperimentError;
use super::groups::logged_under;
use super::measuring::Rows;
use super::settings::Settings;
use super::units::Units;
use features::History;
use measure::effects::{Moments, cluster_sums};
use std::collections::BTreeMap;

/// Who was drawn with whom.
pub(super) struct Clusters<'a> {
    /// The number of each finished customer's cluster.
    of_customers: BTreeMap<&'a str, u64>,
    /// Clusters of each arm.
    pub(super) of_arms: Vec<u64>,
}

impl<'a> Clusters<'a> {
    /// `None` where the settings name no key.
    pub(super) fn of(
        history: &History,
        settings: &Settings,
        units: &Units<'a>,
    ) -> Result<Option<Self>, ExperimentError> {
        let Some(key) = &settings.cluster else {
            return Ok(None);
        };
        let logged = logged_under(history, settings, units, key);
        let unknown = logged.iter().filter(|value| value.is_none()).count();
        if unknown > 0 {
            return Err(ExperimentError::NoCluster {
                key: key.clone(),
                unknown: unknown as u64,
                customers: logged.len() as u64,
            });
        }
        let mut weights: Vec<Option<f64>> = vec![None; units.arms.len()];
        let mut arms: BTreeMap<String, (u64, usize)> = BTreeMap::new();
        let mut of_customers = BTreeMap::new();
        for (unit, cluster) in units.finished.iter().zip(logged.into_iter().flatten()) {
            let of_arm = *weights[unit.arm].get_or_insert(unit.weight);
            if of_arm != unit.weight {
                return Err(ExperimentError::UnlikeClusters { key: key.clone() });
            }
            let next = arms.len() as u64;
            let (number, arm) = *arms.entry(cluster.clone()).or_insert((next, unit.arm));
            if arm != unit.arm {
                return Err(ExperimentError::ClusterInTwoArms {
                    key: key.clone(),
                    cluster,
                    one: units.arms[arm].clone(),
                    other: units.arms[unit.arm].clone(),
                });
            }
            of_customers.insert(unit.customer, number);
        }
        let mut of_arms = vec![0; units.arms.len()];
        for (_, arm) in arms.into_values() {
            of_arms[arm] += 1;
        }
        Ok(Some(Self {
            of_customers,
            of_arms,
        }))
    }

    /// Moments of the clusters of each arm: sums of some columns of their customers' rows.
    pub(super) fn moments<const N: usize, const M: usize>(
        &self,
        of: &Rows<'_>,
        rows: &[Vec<[f64; N]>],
        columns: impl Fn([f64; N]) -> [f64; M],
    ) -> Result<Vec<Moments>, ExperimentError> {
        let mut all = Vec::new();
        for (arm, rows) in rows.iter().enumerate() {
            for (unit, row) in of.of_arm(arm).zip(rows) {
                // Every finished customer has one.
                let cluster = self.of_customers.get(unit.customer).copied();
                all.push((cluster.unwrap_or(u64::MAX), arm, columns(*row)));
            }
        }
        Ok(cluster_sums(all, rows.len())?)
    }
}
