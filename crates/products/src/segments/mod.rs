//! Kind `segments`: which groups of customers behave alike.

mod fitted;
mod settings;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::file::{Header, ProductFile, Raw};
use crate::search::Searched;
use features::History;
use fitted::{Body, FittedSegments};
use models::segments::{Rfm, ScoreSegments, fit};
use schema::{AsOf, Bytes, ConfigError};
use settings::Settings;

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Segments;

static CARD: Card = Card {
    kind: "segments",
    question: "Which groups of customers behave alike, and which one does this customer belong to?",
    criterion: "how much of next period's spend the groups tell apart",
    baseline: "as many groups cut by the sum of the recency, frequency and money quintiles",
    measures: &[
        "explained share of next spend",
        "explained share of next log spend",
        "stability",
    ],
    reads: &["sales"],
    outputs: &[
        Output {
            name: "segment",
            unit: "name",
            meaning: "The segment, named after what sets it apart.",
        },
        Output {
            name: "score",
            unit: "standard deviations",
            meaning: "How much nearer this segment is than the next one.",
        },
    ],
    subjects: &[Subject::Customer],
    placements: &[],
    sources: &[
        "Arthur, Vassilvitskii (2007), k-means++: the advantages of careful seeding",
        "Ben-Hur, Elisseeff, Guyon (2002), a stability based method for discovering structure in clustered data",
        "Hubert, Arabie (1985), comparing partitions (adjusted Rand index)",
        "Rousseeuw (1987), silhouettes",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct SegmentsProduct {
    header: Header,
    settings: Settings,
}

impl Kind for Segments {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (header, settings) = raw.parse::<Settings>()?;
        settings.check(raw)?;
        Ok(Box::new(SegmentsProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        Searched::Nothing {
            because: "more groups always tell more spend apart, so that figures of different settings are not alike; how many there are is found by which come back in resamples",
        }
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

/// Recency, frequency and money of every customer who has ordered; `None` for those who have not.
pub(crate) fn customers(history: &History, as_of: AsOf) -> Vec<Option<Rfm>> {
    (0u32..)
        .take(history.customers().len())
        .map(|c| fitted::rfm(history.lines_of(c), as_of))
        .collect()
}

impl Product for SegmentsProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    fn judged(&self) -> Judged {
        Judged::No {
            because: "a segment is not right or wrong: each version's scorecard tells how stable segments are",
        }
    }

    fn held_out_days(&self) -> u32 {
        self.settings.held_out_days
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        // History, the three values and their logs, and the copies that resampling holds, per customer.
        const PER_CUSTOMER: u64 = 400;
        const PER_SALE: u64 = 120;
        Bytes(size.customers * PER_CUSTOMER + size.sales * PER_SALE + (64 << 20))
    }

    fn fit(&self, history: &History, seed: u64) -> Result<Box<dyn Fitted>, FitError> {
        let rfm: Vec<Rfm> = customers(history, history.as_of())
            .into_iter()
            .flatten()
            .collect();
        let segmentation = fit(&rfm, &self.settings.params(), seed)?;
        let before = history.as_of().minus_days(fitted::MONTH_DAYS);
        let migration = fitted::moves(&segmentation, history, before);
        let body = Body {
            scores: ScoreSegments::learn(&rfm, segmentation.profiles.len()),
            segmentation,
            migration,
        };
        Ok(Box::new(FittedSegments::new(
            self.header.clone(),
            history.as_of(),
            body,
        )))
    }

    fn refit(
        &self,
        _: &dyn Fitted,
        history: &History,
        seed: u64,
    ) -> Result<Box<dyn Fitted>, FitError> {
        self.fit(history, seed)
    }

    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let body: Body = artefact.body(CARD.kind, &self.header.name)?;
        let golden: Vec<Rfm> = artefact.golden_inputs()?;
        artefact.verify(&body.scores(&golden))?;
        Ok(Box::new(FittedSegments::new(
            self.header.clone(),
            artefact.as_of,
            body,
        )))
    }
}
