//! Weights as they are kept: for a hierarchy that may have other nodes by the time that they are used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::coherent::{Hierarchy, Method, Weights};

/// Weights with what their nodes are called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    weights: Weights,
    /// By level; none where weights are of no node.
    levels: Vec<Named>,
}

/// A level and its nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    level: String,
    nodes: Vec<String>,
}

impl Kept {
    pub(super) fn new(hierarchy: &Hierarchy, weights: Weights) -> Self {
        let levels = match &weights {
            Weights::BottomUp | Weights::Ols | Weights::Structural => Vec::new(),
            Weights::Variance(_) | Weights::Shrunk(_) => named(hierarchy),
        };
        Self { weights, levels }
    }

    pub(super) fn method(&self) -> Method {
        self.weights.method()
    }

    /// Weights of the nodes that a hierarchy has. A node that was not there has the mean variance of its level. Covariances
    /// are those of all nodes together: where one has come or gone their variances alone are used.
    pub(super) fn of(&self, hierarchy: &Hierarchy) -> Weights {
        match &self.weights {
            same @ (Weights::BottomUp | Weights::Ols | Weights::Structural) => same.clone(),
            Weights::Variance(variances) => self.variances(hierarchy, variances),
            Weights::Shrunk(covariance) => {
                if self.levels == named(hierarchy) {
                    return self.weights.clone();
                }
                let own = (0..covariance.n_nodes()).map(|node| covariance.row(node)[node]);
                self.variances(hierarchy, &own.collect::<Vec<_>>())
            }
        }
    }

    fn variances(&self, hierarchy: &Hierarchy, of: &[f64]) -> Weights {
        let mut known: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        let nodes = self.levels.iter().flat_map(|level| {
            let nodes = level.nodes.iter();
            nodes.map(|node| (level.level.as_str(), node.as_str()))
        });
        known.extend(nodes.zip(of.iter().copied()));
        let overall = mean(of.iter().copied()).unwrap_or(1.0);
        let mut all = Vec::with_capacity(hierarchy.n_nodes());
        for (at, level) in hierarchy.level_names().enumerate() {
            let nodes = hierarchy.nodes(at);
            let own = nodes.map(|node| known.get(&(level, hierarchy.label(node))).copied());
            let own: Vec<Option<f64>> = own.collect();
            let usual = mean(own.iter().flatten().copied()).unwrap_or(overall);
            all.extend(own.into_iter().map(|own| own.unwrap_or(usual)));
        }
        Weights::Variance(all)
    }

    /// A figure that changes with any of the weights.
    pub(super) fn check(&self) -> f64 {
        let sum = |of: &[f64]| of.iter().zip(1..).map(|(v, at)| v / f64::from(at)).sum();
        match &self.weights {
            Weights::BottomUp | Weights::Ols | Weights::Structural => 0.0,
            Weights::Variance(variances) => sum(variances),
            Weights::Shrunk(covariance) => {
                let rows = (0..covariance.n_nodes()).map(|node| sum(covariance.row(node)));
                sum(&rows.collect::<Vec<f64>>())
            }
        }
    }
}

fn named(hierarchy: &Hierarchy) -> Vec<Named> {
    let levels = hierarchy.level_names().enumerate();
    let levels = levels.map(|(at, level)| Named {
        level: level.to_owned(),
        nodes: hierarchy
            .nodes(at)
            .map(|node| hierarchy.label(node).to_owned())
            .collect(),
    });
    levels.collect()
}

fn mean(of: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = of.fold((0.0, 0.0), |(sum, n), one| (sum + one, n + 1.0));
    (n > 0.0).then(|| sum / n)
}
