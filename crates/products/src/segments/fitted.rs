//! A trained segmentation: measured on what its groups tell of the next period's spend.

use super::CARD;
use crate::answer::{Action, Asked, Decisions, Explanation, ExplanationLine, Infeasible, Reason};
use crate::artefact::Artefact;
use crate::contract::{Fitted, Serving};
use crate::estimates;
use crate::file::Header;
use crate::known;
use crate::reasons::reason;
use crate::shop::Shop;
use features::{History, SaleLine, recency_frequency_value};
use models::segments::{
    Assignment, Migration, NotSegmentable, Place, Placed, Rfm, ScoreSegments, Segmentation,
    explained_variance, migration,
};
use schema::{
    AsOf, Direction, Estimate, HeldOut, Metric, Probability, Role, Scorecard, Weights, WhyNot,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A month of the migration matrix.
pub(crate) const MONTH_DAYS: i32 = 30;

/// What was learned.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Body {
    pub(crate) segmentation: Segmentation,
    /// The baseline: as many groups by the sum of the quintiles.
    pub(crate) scores: ScoreSegments,
    /// Who moved where in the month before; absent where the history is shorter.
    pub(crate) migration: Option<Migration>,
}

impl Body {
    /// Segment and distance of each golden customer, one after the other; -1 for one who cannot be placed.
    pub(crate) fn scores(&self, customers: &[Rfm]) -> Vec<f64> {
        customers
            .iter()
            .flat_map(|c| match self.segmentation.assign(c) {
                Ok(a) => [a.segment as f64, a.distance],
                Err(_) => [-1.0, -1.0],
            })
            .collect()
    }
}

/// A customer's recency, frequency and money, as the model wants them.
pub(crate) fn rfm(lines: &[SaleLine], as_of: AsOf) -> Option<Rfm> {
    recency_frequency_value(lines, as_of).map(|r| Rfm {
        recency_days: r.recency_days,
        orders: r.orders,
        spend_cents: r.spend.0,
    })
}

/// Moves of all customers between `before` and the history's as-of day, both placed by one segmentation.
pub(crate) fn moves(
    segmentation: &Segmentation,
    history: &History,
    before: AsOf,
) -> Option<Migration> {
    history
        .first_day()
        .filter(|first| *first < before.epoch_day())?;
    let at = |as_of: AsOf| -> Vec<Place> {
        super::customers(history, as_of)
            .into_iter()
            .map(|r| match r.map(|r| segmentation.place(&[r])) {
                Some(placed) => placed.first().map_or(Place::Outside, Place::from),
                None => Place::Outside,
            })
            .collect()
    };
    migration(
        &at(before),
        &at(history.as_of()),
        segmentation.profiles.len(),
    )
    .ok()
}

pub(crate) struct FittedSegments {
    header: Header,
    as_of: AsOf,
    body: Arc<Body>,
}

impl FittedSegments {
    pub(crate) fn new(header: Header, as_of: AsOf, body: Body) -> Self {
        Self {
            header,
            as_of,
            body: Arc::new(body),
        }
    }
}

/// Customers needed to say how much a grouping tells.
const CUSTOMERS_NEEDED: usize = 50;

/// Share of the variance of next spend between our groups and between those of the baseline, and the difference, with
/// bootstrap intervals over the same customers.
fn told_apart(ours: &[usize], theirs: &[usize], spend: &[[f64; 1]], seed: u64) -> [Estimate; 3] {
    if ours.len() < CUSTOMERS_NEEDED {
        let why = WhyNot::TooFew {
            what: "customers with orders before and after".to_owned(),
            found: ours.len() as u64,
            needed: CUSTOMERS_NEEDED as u64,
        };
        return std::array::from_fn(|_| Estimate::NotMeasurable(why.clone()));
    }
    let share = |groups: &[usize], sample: &[usize]| {
        let g: Vec<usize> = sample.iter().map(|i| groups[*i]).collect();
        let s: Vec<[f64; 1]> = sample.iter().map(|i| spend[*i]).collect();
        explained_variance(&g, &s).ok()
    };
    [
        estimates::statistic(ours.len(), seed, |sample| share(ours, sample)),
        estimates::statistic(ours.len(), seed, |sample| share(theirs, sample)),
        estimates::statistic(ours.len(), seed, |sample| {
            Some(share(ours, sample)? - share(theirs, sample)?)
        }),
    ]
}

impl Fitted for FittedSegments {
    fn as_of(&self) -> AsOf {
        self.as_of
    }

    fn evaluate(&self, later: &History, seed: u64) -> Scorecard {
        let segmentation = &self.body.segmentation;
        let known = super::customers(later, self.as_of);
        let after = later.from(self.as_of);
        let (mut rfms, mut spend) = (Vec::new(), Vec::new());
        for (customer, rfm) in (0u32..).zip(&known) {
            let Some(rfm) = rfm.filter(|r| r.check().is_ok()) else {
                continue;
            };
            let cents: i64 = after.lines_of(customer).iter().map(|l| l.spend_cents).sum();
            rfms.push(rfm);
            spend.push([cents.max(0) as f64 / 100.0]);
        }
        let placed = |p: &Placed| match p {
            Placed::Segment(s) => *s,
            Placed::Not(_) => usize::MAX,
        };
        let groups: Vec<usize> = segmentation.place(&rfms).iter().map(placed).collect();
        let baseline: Vec<usize> = rfms
            .iter()
            .map(|r| self.body.scores.segment(r).unwrap_or(usize::MAX))
            .collect();
        let days = later.as_of().epoch_day() - self.as_of.epoch_day();
        let kept = segmentation
            .choice
            .tried
            .iter()
            .find(|t| t.k == segmentation.choice.k);
        let logs: Vec<[f64; 1]> = spend.iter().map(|[s]| [s.ln_1p()]).collect();
        let share = |name: &str, unit: &str, role, spend: &[[f64; 1]]| {
            let [value, theirs, gain] = told_apart(&groups, &baseline, spend, seed);
            Metric {
                name: name.to_owned(),
                scope: String::new(),
                unit: unit.to_owned(),
                better: Direction::Higher,
                role,
                value,
                baseline: theirs,
                baseline_name: "as many quintile-sum groups".to_owned(),
                gain,
            }
        };
        let mut metrics = vec![
            share(
                "explained share of next spend",
                "share of variance of spend",
                Role::Decides,
                &spend,
            ),
            share(
                "explained share of next log spend",
                "share of variance of log spend",
                Role::Shown,
                &logs,
            ),
        ];
        if let Some(kept) = kept {
            let stability = |s: &models::segments::Stability| Estimate::Measured {
                point: s.mean,
                low: s.low,
                high: s.high,
                units: s.pairs as u64,
            };
            metrics.push(Metric {
                name: "stability".to_owned(),
                scope: String::new(),
                unit: "adjusted Rand index between resamples".to_owned(),
                better: Direction::Higher,
                role: Role::Shown,
                value: stability(&kept.stability),
                baseline: stability(&segmentation.baseline.stability),
                baseline_name: "quintile-sum groups".to_owned(),
                gain: Estimate::NotMeasurable(WhyNot::DoesNotApply {
                    because: "different resamples".to_owned(),
                }),
            });
        }
        Scorecard {
            split: format!(
                "grouped before {}, spend of {} customers measured on the {days} days after",
                self.as_of,
                groups.len()
            ),
            held_out: Some(HeldOut {
                from: self.as_of,
                days: u32::try_from(days).unwrap_or(0),
            }),
            metrics,
            notes: vec![format!(
                "{} segments: {}",
                segmentation.profiles.len(),
                segmentation.choice.because
            )],
            parts: Vec::new(),
            weights: None,
        }
    }

    fn weights(&self) -> Weights {
        Weights::alike(known::OF_ORDERS)
    }

    fn summary(&self) -> Vec<String> {
        let s = &self.body.segmentation;
        let mut lines: Vec<String> = s
            .profiles
            .iter()
            .zip(&s.rules.by_segment)
            .map(|(p, told)| {
                format!(
                    "{}: {} customers ({:.0} %), {:.0} % of revenue; median: last order {:.0} days ago, number of orders {:.0}; its rules find {:.0} % of them",
                    p.name,
                    p.customers,
                    100.0 * p.customers_share,
                    100.0 * p.revenue_share,
                    p.median_recency_days,
                    p.median_orders,
                    100.0 * told.found_share
                )
            })
            .collect();
        lines.push(format!(
            "the rules place {:.0} % of the customers as the groups do",
            100.0 * s.rules.fidelity
        ));
        lines
    }

    fn page(&self) -> serde_json::Value {
        let s = &self.body.segmentation;
        serde_json::json!({
            "segments": s.profiles,
            "rules": s.rules.rules.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "rule_segments": s.rules.rules.iter().map(|r| r.segment).collect::<Vec<_>>(),
            "fidelity": s.rules.fidelity,
            "fidelity_by_segment": s.rules.by_segment,
            "quintile_groups": self.body.scores,
            "choice": s.choice,
            "because": s.choice.because.to_string(),
            "set_aside": s.set_aside.to_string(),
            "migration": self.body.migration,
        })
    }

    fn artefact(&self) -> Artefact {
        // The corners and the middle of what customers look like.
        let golden: Vec<Rfm> = [
            (1.0, 1, 500),
            (30.0, 3, 20_000),
            (400.0, 1, 1_000),
            (5.0, 40, 900_000),
            (90.0, 8, 60_000),
        ]
        .map(|(recency_days, orders, spend_cents)| Rfm {
            recency_days,
            orders,
            spend_cents,
        })
        .to_vec();
        let scores = self.body.scores(&golden);
        Artefact::new(
            CARD.kind,
            &self.header.name,
            self.as_of,
            self.body.as_ref(),
            &golden,
            scores,
        )
    }

    fn attach(&self, shop: Arc<Shop>) -> Box<dyn Serving> {
        Box::new(Attached {
            body: Arc::clone(&self.body),
            shop,
        })
    }
}

struct Attached {
    body: Arc<Body>,
    shop: Arc<Shop>,
}

impl Attached {
    fn place(&self, asked: &Asked) -> Result<(String, Rfm, Assignment), Infeasible> {
        let customer = asked.customer(CARD.kind)?;
        let as_of = self.shop.today();
        let what = "a segment";
        let unknown = || Infeasible::UnknownCustomer {
            customer: customer.to_owned(),
            what,
            as_of,
        };
        let rfm = rfm(&self.shop.lines_of(customer), as_of).ok_or_else(unknown)?;
        let placed = self
            .body
            .segmentation
            .assign(&rfm)
            .map_err(|why: NotSegmentable| Infeasible::NotMeasurable {
                customer: customer.to_owned(),
                what,
                why: WhyNot::DoesNotApply {
                    because: why.to_string(),
                },
            })?;
        Ok((customer.to_owned(), rfm, placed))
    }

    /// Where the customer stands among all, three times.
    fn quintiles(&self, rfm: &Rfm) -> Option<([u8; 3], Reason)> {
        let scores = self.body.scores.quintiles(rfm).ok()?;
        let [recency, orders, spend] = scores;
        let why = reason(
            "quintiles",
            "of five fifths of all customers: recency {recency}, orders {orders}, spend {spend}; 5 is best",
            [
                ("recency", recency.into()),
                ("orders", orders.into()),
                ("spend", spend.into()),
            ],
        );
        Some((scores, why))
    }

    /// The group of the baseline.
    fn group(&self, rfm: &Rfm) -> Option<Action> {
        let group = self.body.scores.segment(rfm).ok()?;
        let (scores, why) = self.quintiles(rfm)?;
        Some(Action {
            position: 1,
            id: group.to_string(),
            label: Some(format!(
                "quintile-sum group {} of {}",
                group + 1,
                self.body.scores.groups()
            )),
            score: Some(scores.iter().map(|s| f64::from(*s)).sum()),
            estimate: None,
            unit: "sum of three quintiles, 3 to 15".into(),
            propensity: Probability::ONE,
            reasons: vec![why].into(),
        })
    }

    fn name(&self, segment: usize) -> &str {
        self.body
            .segmentation
            .profiles
            .get(segment)
            .map_or("", |p| p.name.as_str())
    }
}

impl Serving for Attached {
    fn decide(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let (_, rfm, a) = self.place(asked)?;
        let mut reasons = vec![reason(
            "behaviour",
            "last order {recency_days} d ago; orders: {orders}, spent: {spend}",
            [
                ("recency_days", rfm.recency_days.into()),
                ("orders", rfm.orders.into()),
                ("spend", schema::Cents(rfm.spend_cents).to_string().into()),
            ],
        )];
        reasons.extend(self.quintiles(&rfm).map(|(_, why)| why));
        if a.rule_agrees {
            reasons.push(reason("rule", "{rule}", [("rule", a.rule.clone().into())]));
        }
        let next = self.name(a.second).to_owned();
        reasons.push(reason(
            "next_nearest",
            "the next nearest segment is {segment}",
            [("segment", next.into())],
        ));
        let action = Action {
            position: 1,
            id: a.segment.to_string(),
            label: Some(self.name(a.segment).to_owned()),
            score: Some(a.margin),
            estimate: None,
            unit: "standard deviations nearer than the next segment".into(),
            propensity: Probability::ONE,
            reasons: reasons.into(),
        };
        Ok(Decisions {
            placement: None,
            actions: vec![action],
            short_of: None,
            method: "k-means on logs".to_owned(),
            stake: None,
        })
    }

    fn baseline(&self, asked: &Asked, _: jiff::Timestamp) -> Result<Decisions, Infeasible> {
        let (_, rfm, _) = self.place(asked)?;
        Ok(Decisions {
            placement: None,
            actions: self.group(&rfm).into_iter().collect(),
            short_of: None,
            method: "quintile-sum groups".to_owned(),
            stake: None,
        })
    }

    fn explain(
        &self,
        asked: &Asked,
        about: Option<&str>,
        _: jiff::Timestamp,
    ) -> Result<Explanation, Infeasible> {
        let (customer, rfm, a) = self.place(asked)?;
        let s = &self.body.segmentation;
        let point = s.standardisation.point(&rfm);
        let asked_for = about
            .and_then(|id| id.parse::<usize>().ok())
            .filter(|n| *n < s.centroids.len());
        let segment = asked_for.unwrap_or(a.segment);
        let rival = if segment == a.segment {
            a.second
        } else {
            a.segment
        };
        // Squared distances add up over the three values, so the lead of one segment over another does too.
        let lead = |d: usize| {
            (point[d] - s.centroids[rival][d]).powi(2)
                - (point[d] - s.centroids[segment][d]).powi(2)
        };
        let mut lines: Vec<ExplanationLine> = ["days since the last order", "orders", "spend"]
            .iter()
            .enumerate()
            .map(|(d, what)| ExplanationLine {
                what: format!("{what}, as a standardised log"),
                contribution: lead(d),
            })
            .collect();
        let score = lines.iter().map(|l| l.contribution).sum();
        lines.sort_by(|x, y| y.contribution.abs().total_cmp(&x.contribution.abs()));
        let why_not = (segment != a.segment).then(|| {
            format!(
                "{} is nearer: the customer's rule is \"{}\"",
                self.name(a.segment),
                a.rule
            )
        });
        Ok(Explanation {
            about: self.name(segment).to_owned(),
            summary: format!(
                "customer {customer} is in \"{}\": {}",
                self.name(a.segment),
                a.rule
            ),
            score,
            unit: format!(
                "squared distance to \"{}\" less that to \"{}\"",
                self.name(rival),
                self.name(segment)
            ),
            lines,
            why_not,
            rules: Vec::new(),
            flips: Vec::new(),
        })
    }
}
