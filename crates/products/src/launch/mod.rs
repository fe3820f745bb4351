//! Kind `launch`: what will sell of what has never been sold, before it opens and in its first hours.

mod attached;
mod estimated;
mod fitted;
mod gathered;
mod measured;
mod settings;

pub use attached::{FIRST_DAY, PRE_ORDER, SOLD, TOTAL};
pub use estimated::{Estimated, estimated};
pub use models::launch::Hourly;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::file::{Header, ProductFile, Raw};
use crate::search::Searched;
use crate::trees;
use features::History;
use fitted::{Body, FittedLaunch};
use schema::{AsOf, Bytes, ConfigError};
use settings::Settings;

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Launch;

static CARD: Card = Card {
    kind: "launch",
    question: "How much will this launch sell of this product, and how much should be ordered before it opens?",
    criterion: "continuous ranked probability score of the total demand of launches that open after training",
    baseline: "what launches of the same category sold",
    measures: &[
        "continuous ranked probability score",
        "weighted absolute error",
        "cost of what was ordered",
    ],
    reads: &["launches", "estimates", "sales", "products"],
    outputs: &[
        Output {
            name: "total",
            unit: "units",
            meaning: "What is expected to be asked for from opening to closing, had there been enough; with its interval.",
        },
        Output {
            name: "first_day",
            unit: "units",
            meaning: "The same for the first 24 hours.",
        },
        Output {
            name: "pre_order",
            unit: "units",
            meaning: "The quantity of the largest expected profit, of what can be ordered once before it opens.",
        },
        Output {
            name: "lost",
            unit: "units",
            meaning: "What is expected to be asked for in vain of that quantity.",
        },
        Output {
            name: "left",
            unit: "units",
            meaning: "What is expected to be left of it.",
        },
        Output {
            name: "sold",
            unit: "units",
            meaning: "What was sold in its whole hours so far, once it is open.",
        },
    ],
    subjects: &[Subject::Product],
    placements: &[],
    sources: &[
        "Clemen, Winkler (1985), limits for the precision and value of information from dependent sources",
        "Gneiting, Raftery (2007), strictly proper scoring rules",
        "Arrow, Harris, Marschak (1951), optimal inventory policy",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct LaunchProduct {
    header: Header,
    settings: Settings,
}

impl Kind for Launch {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (header, settings) = raw.parse::<Settings>()?;
        settings.check(raw)?;
        Ok(Box::new(LaunchProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        Searched::Of(trees::of_few_rows(
            &models::launch::Settings::default().trees,
        ))
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

impl LaunchProduct {
    fn fitted(&self, as_of: AsOf, body: Body) -> FittedLaunch {
        FittedLaunch::new(self.header.clone(), as_of, body)
    }
}

impl Product for LaunchProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    fn judged(&self) -> Judged {
        Judged::Launched
    }

    fn held_out_days(&self) -> u32 {
        self.settings.held_out_days
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        // A launch with its hours, its columns and what past launches it is like; products stand for launches.
        const PER_LAUNCH: u64 = 16 << 10;
        Bytes(size.products * PER_LAUNCH + (64 << 20))
    }

    fn fit(&self, history: &History, seed: u64) -> Result<Box<dyn Fitted>, FitError> {
        let body = Body::fit(history, &self.settings, seed)?;
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn refit(
        &self,
        measured: &dyn Fitted,
        history: &History,
        seed: u64,
    ) -> Result<Box<dyn Fitted>, FitError> {
        let body = match measured.of_kind::<FittedLaunch>() {
            Some(measured) => measured.body().again(history)?,
            None => Body::fit(history, &self.settings, seed)?,
        };
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let body: Body = artefact.body(CARD.kind, &self.header.name)?;
        let golden: Vec<models::launch::Launch> = artefact.golden_inputs()?;
        artefact.verify(&body.scores(&golden))?;
        Ok(Box::new(self.fitted(artefact.as_of, body)))
    }
}
