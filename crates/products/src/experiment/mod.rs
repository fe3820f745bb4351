//! Kind `experiment`: what a trial or a data product changed, and whether that is real.

mod attached;
mod balance;
mod by_log;
mod change;
mod clusters;
mod complete;
mod counted;
mod cuts;
mod decided;
mod definition;
mod design;
mod drawing;
mod drawn;
mod effect;
mod error;
mod fitted;
mod groups;
mod guardrails;
mod known_before;
mod measured;
mod measuring;
mod policy;
mod ratio;
mod reading;
mod ruled;
mod settings;
mod sums;
mod told;
mod units;
mod verdict;
mod versions;
mod wanted;

pub use balance::{ArmSize, Balance, Drawn, Unlike, spent_before};
pub use definition::{Change, Definition, ExperimentFile, Unit};
pub use design::{
    ArmDesign, Design, DesignError, GuardrailDesign, OutcomeDesign, Plans, SharedWith,
    Units as DesignUnits,
};
pub use drawing::{Drawing, DrawingError, Place};
pub(crate) use effect::effect_of;
pub use effect::money_per_period;
pub use error::ExperimentError;
pub use measure::sequential::SampleRatio;
pub use verdict::ToldOfVersion;
pub use wanted::Wanted;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::file::{Header, ProductFile, Raw};
use crate::search::Searched;
use change::FittedChange;
use features::History;
use fitted::{Body, FittedExperiment, Golden};
use schema::{Bytes, ConfigError};
use settings::Settings;

/// The arm of the customers whom a data product held out.
const HELD_OUT: &str = "held_out";

/// The arm of the customers whom a data product decided for.
const DECIDED: &str = "decided";

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Experiment;

static CARD: Card = Card {
    kind: "experiment",
    question: "What did it change, and is that real?",
    criterion: "how precisely the effect is known",
    baseline: "the smallest experiment that can be read at all",
    measures: &[],
    reads: &["assignments", "decisions", "events", "products", "sales"],
    outputs: &[Output {
        name: "arm",
        unit: "name",
        meaning: "The arm that the customer is in, with what it changes.",
    }],
    subjects: &[Subject::Customer],
    placements: &[],
    sources: &[
        "Deng, Xu, Kohavi, Walker (2013), improving the sensitivity of online controlled experiments by utilizing pre-experiment data",
        "Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2021), time-uniform central limit theory and asymptotic confidence sequences",
        "Wang, Ramdas (2022), false discovery rate control with e-values",
        "Deng, Knoblich, Lu (2018), applying the delta method in metric analytics",
        "Lin (2013), agnostic notes on regression adjustments; Wager, Du, Taylor, Tibshirani (2016), cross-fitted",
        "Liang, Zeger (1986), errors of clusters",
        "Schultzberg, Ankargren, Frånberg (2024), risk-aware product decisions in A/B tests with multiple metrics",
        "Fabijan et al. (2019), diagnosing sample ratio mismatch in online controlled experiments",
        "Bloom (1995), minimum detectable effects",
        "Šidák (1967), simultaneous intervals of groups",
        "Dudík, Langford, Li (2011), doubly robust policy evaluation and learning",
        "Bell, McCaffrey (2002), bias reduction in standard errors; Imbens, Kolesár (2016)",
        "MacKinnon, Webb (2020), randomization inference for difference-in-differences with few treated clusters",
        "Abadie, Diamond, Hainmueller (2010), synthetic control methods; Ferman, Pinto (2021) for the intercept",
        "Bojinov, Simchi-Levi, Zhao (2023), design and analysis of switchback experiments",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct ExperimentProduct {
    header: Header,
    settings: Settings,
}

impl Kind for Experiment {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (mut header, mut settings) = raw.parse::<Settings>()?;
        settings.check(&header, raw)?;
        complete::with_definition(raw, &mut header, &mut settings)?;
        Ok(Box::new(ExperimentProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        Searched::Nothing {
            because: "an experiment is read as it was planned, and settings chosen by what they make of it would say what one wants to hear",
        }
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

impl Product for ExperimentProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    /// None: customers were held out by the experiment itself.
    fn judged(&self) -> Judged {
        Judged::No {
            because: "it reads what others decided",
        }
    }

    fn held_out_days(&self) -> u32 {
        0
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        // A draw with its texts, a unit with its windows and the numbers of each outcome; a round of decisions with its
        // window, and what it tells of a measured rule; per sale: the history.
        const PER_DRAW: u64 = 600;
        const PER_ROUND: u64 = 40;
        const PER_RULED_ROUND: u64 = 160;
        const PER_SALE: u64 = 120;
        let per_round = match self.settings.rule {
            Some(_) => PER_RULED_ROUND,
            None => PER_ROUND,
        };
        let drawn = size.draws * PER_DRAW + size.rounds * per_round;
        Bytes(drawn + size.sales * PER_SALE + (64 << 20))
    }

    fn learns_from(&self) -> Vec<&str> {
        let read = [&self.settings.product, &self.settings.trial];
        read.into_iter().flatten().map(String::as_str).collect()
    }

    fn compares_sites(&self) -> bool {
        self.settings.change.is_some()
    }

    fn compares_versions_of(&self) -> Option<&str> {
        let product = self.settings.product.as_deref();
        product.filter(|_| self.settings.versions)
    }

    fn reads_rule(&self) -> Option<(&str, &str)> {
        self.settings
            .product
            .as_deref()
            .zip(self.settings.rule.as_deref())
    }

    fn fit(&self, history: &History, seed: u64) -> Result<Box<dyn Fitted>, FitError> {
        let header = self.header.clone();
        if let Some(change) = &self.settings.change {
            let body = change::Body::fit(history, &self.settings, change, seed)?;
            return Ok(Box::new(FittedChange::new(header, body)));
        }
        let body = Body::fit(history, &self.settings)?;
        Ok(Box::new(FittedExperiment::new(header, body)))
    }

    /// The read-out chooses nothing that could be kept.
    fn refit(
        &self,
        _: &dyn Fitted,
        history: &History,
        seed: u64,
    ) -> Result<Box<dyn Fitted>, FitError> {
        self.fit(history, seed)
    }

    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let header = self.header.clone();
        if self.settings.change.is_some() {
            let body: change::Body = artefact.body(CARD.kind, &header.name)?;
            let golden: Vec<change::Golden> = artefact.golden_inputs()?;
            artefact.verify(&body.scores(&golden))?;
            return Ok(Box::new(FittedChange::new(header, body)));
        }
        let body: Body = artefact.body(CARD.kind, &header.name)?;
        let golden: Vec<Golden> = artefact.golden_inputs()?;
        artefact.verify(&body.scores(&golden))?;
        Ok(Box::new(FittedExperiment::new(header, body)))
    }
}
