//! Kind `recommend`: what to show to whom, and beside what.

mod attached;
mod body;
mod choose;
mod fitted;
mod kept;
mod sentences;
mod settings;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::file::{Header, ProductFile, Raw};
use crate::search::Searched;
use body::Body;
use features::History;
use fitted::{FittedRecommend, Golden};
use models::recommend::{self, Complements, Placement, candidates_with};
use schema::{AsOf, Bytes, ConfigError};
use settings::{Checked, Settings};

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Recommend;

static CARD: Card = Card {
    kind: "recommend",
    question: "Which products to show this customer, or beside this product?",
    criterion: "discounted gain (NDCG) of full-catalogue lists on what was bought later",
    baseline: "what sold most in the last weeks, the same for everybody",
    measures: &["ndcg@20", "recall@20", "hit rate@10"],
    reads: &["sales", "products", "prices", "stock_levels"],
    outputs: &[
        Output {
            name: "product_id",
            unit: "product",
            meaning: "A product to show, best first.",
        },
        Output {
            name: "score",
            unit: "none",
            meaning: "Comparable within one answer only.",
        },
        Output {
            name: "reasons",
            unit: "sentences",
            meaning: "Why, with the counts behind it.",
        },
    ],
    subjects: &[Subject::Customer, Subject::Product],
    placements: &[
        "for_you",
        "similar",
        "complementary",
        "buy_again",
        "popular",
    ],
    sources: &[
        "Steck (2019), embarrassingly shallow autoencoders for sparse data (EASE)",
        "Rendle, Krichene, Zhang, Koren (2021), revisiting the performance of iALS on item recommendation benchmarks",
        "Christoffel, Paudel, Newell, Bernstein (2015), blockbusters and wallflowers (RP3beta)",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct RecommendProduct {
    header: Header,
    settings: Checked,
}

impl Kind for Recommend {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (header, settings) = raw.parse::<Settings>()?;
        let settings = settings.check(raw)?;
        Ok(Box::new(RecommendProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        Searched::Of(settings::searched())
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

impl RecommendProduct {
    fn fitted(&self, as_of: AsOf, body: Body) -> FittedRecommend {
        FittedRecommend::new(self.header.clone(), self.settings.clone(), as_of, body)
    }
}

impl Product for RecommendProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    fn judged(&self) -> Judged {
        self.settings.judged
    }

    fn held_out_days(&self) -> u32 {
        self.settings.held_out_days
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        let size = choose::size(size);
        let within = |method: &recommend::Method| {
            Some(method.memory_needed(&size)).filter(|b| *b <= self.settings.memory_max.0)
        };
        let seen = |p| choose::listable(p, self.settings.seen);
        let placements = self.settings.placements.iter();
        let methods = placements.flat_map(|p| candidates_with(*p, seen(*p), &self.settings.tuning));
        let largest = methods.filter_map(|m| within(&m)).max().unwrap_or(0);
        // Complements may spread over all processors there are.
        const THREADS: u64 = 64;
        let pairs = if self.settings.placements.contains(&Placement::Complementary) {
            let params = body::complement_params(&self.settings);
            Complements::memory_needed(size.n_items, size.n_events, THREADS.min(threads()), &params)
        } else {
            0
        };
        // The history, its split copies, and the interactions of three splits.
        const PER_EVENT: u64 = 200;
        Bytes(largest.max(pairs) + size.n_events * PER_EVENT + (64 << 20))
    }

    fn fit(&self, history: &History, seed: u64) -> Result<Box<dyn Fitted>, FitError> {
        let body = Body::fit(history, &self.settings, seed, None)?;
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn refit(
        &self,
        measured: &dyn Fitted,
        history: &History,
        seed: u64,
    ) -> Result<Box<dyn Fitted>, FitError> {
        let measured = measured.of_kind::<FittedRecommend>();
        let choices = measured.map(|measured| measured.body());
        let body = Body::fit(history, &self.settings, seed, choices)?;
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let body: Body = artefact.body(CARD.kind, &self.header.name)?;
        let golden: Golden = artefact.golden_inputs()?;
        artefact.verify(&golden.scores(&body))?;
        Ok(Box::new(self.fitted(artefact.as_of, body)))
    }
}

/// Threads that learning spreads over.
fn threads() -> u64 {
    rayon::current_num_threads() as u64
}
