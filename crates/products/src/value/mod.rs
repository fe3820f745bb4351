//! Kind `value`: what a customer will buy and bring.

mod fitted;
mod measured;
mod prospects;
mod settings;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::file::{Header, ProductFile, Raw};
use crate::search::Searched;
use features::History;
use fitted::{Body, FittedValue, Golden};
pub use prospects::horizon_days;
pub(crate) use prospects::{Valued, valued};
use schema::{AsOf, Bytes, ConfigError};
use settings::Settings;

/// The action whose score is the number of days with a purchase within the horizon.
pub const EXPECTED_PURCHASES: &str = "expected_purchases";

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Value;

static CARD: Card = Card {
    kind: "value",
    question: "Is this customer still one, how often will they buy, and what will they bring?",
    criterion: "how well predicted purchases rank and scale the customers (correlation), with about the right total",
    baseline: "each customer goes on at their own rate so far",
    measures: &["correlation", "total error", "mean absolute error"],
    reads: &["sales"],
    outputs: &[
        Output {
            name: "expected_value",
            unit: "cents",
            meaning: "Discounted spend expected within the horizon.",
        },
        Output {
            name: EXPECTED_PURCHASES,
            unit: "purchase days",
            meaning: "Days with a purchase expected within the horizon.",
        },
        Output {
            name: "probability_alive",
            unit: "probability",
            meaning: "That the customer has not left for good.",
        },
    ],
    subjects: &[Subject::Customer],
    placements: &[],
    sources: &[
        "Fader, Hardie, Lee (2005), counting your customers the easy way: BG/NBD",
        "Schmittlein, Morrison, Colombo (1987), counting your customers: Pareto/NBD",
        "Fader, Hardie, Lee (2005), RFM and CLV: Gamma-Gamma spend",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct ValueProduct {
    header: Header,
    settings: Settings,
}

impl Kind for Value {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (header, settings) = raw.parse::<Settings>()?;
        settings.check(raw)?;
        Ok(Box::new(ValueProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        Searched::Nothing {
            because: "its parameters are those of the greatest likelihood, and which model answers is chosen on days held out",
        }
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

impl ValueProduct {
    fn fitted(&self, as_of: AsOf, body: Body) -> FittedValue {
        FittedValue::new(self.header.clone(), as_of, body)
    }
}

impl Product for ValueProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    fn judged(&self) -> Judged {
        Judged::Valued {
            horizon_days: u16::try_from(self.settings.horizon_days).unwrap_or(u16::MAX),
        }
    }

    fn held_out_days(&self) -> u32 {
        self.settings.held_out_days
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        // Per customer: three numbers, an outlook with its vectors, a worth; per sale: the history and its copy.
        const PER_CUSTOMER: u64 = 600;
        const PER_SALE: u64 = 120;
        Bytes(size.customers * PER_CUSTOMER + size.sales * PER_SALE + (64 << 20))
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
        let measured = measured.of_kind::<FittedValue>();
        let choice = measured.map(|measured| measured.body());
        let body = Body::fit(history, &self.settings, seed, choice)?;
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let body: Body = artefact.body(CARD.kind, &self.header.name)?;
        let golden: Vec<Golden> = artefact.golden_inputs()?;
        artefact.verify(&body.scores(&golden))?;
        Ok(Box::new(self.fitted(artefact.as_of, body)))
    }
}
