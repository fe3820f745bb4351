//! Kind `stock`: what to order today, of each product for each site.

mod attached;
mod fitted;
mod lead_times;
mod left_out;
mod measured;
mod moved;
mod naive;
mod people;
mod plan;
mod played;
mod settings;
mod shelf;
mod standing;
mod terms;
mod told;

pub use told::ORDER;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::demand::Golden;
use crate::file::{Header, ProductFile, Raw};
use crate::search::Searched;
use crate::trees;
use features::History;
use fitted::{Body, FittedStock};
use schema::{AsOf, Bytes, ConfigError};
use settings::Settings;

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Stock;

static CARD: Card = Card {
    kind: "stock",
    question: "How much of this product should be ordered for this site today?",
    criterion: "margin lost, money kept, perished and spent on orders, played on the days after training",
    baseline: naive::NAME,
    measures: &["cost", "fill rate", "days without a gap", "stock", "waste"],
    reads: &[
        "sales",
        "products",
        "sites",
        "calendar",
        "promotions",
        "prices",
        "overrides",
        "stock_levels",
        "weather",
        "replenishments",
        "supply_terms",
        "order_answers",
    ],
    outputs: &[
        Output {
            name: "order",
            unit: "units",
            meaning: "Units to order today, in whole packs.",
        },
        Output {
            name: "cover",
            unit: "days",
            meaning: "How long what is on hand, on its way and ordered lasts at expected demand.",
        },
        Output {
            name: "stock_out",
            unit: "probability",
            meaning: "That something is missing before the delivery after this one.",
        },
        Output {
            name: "lost",
            unit: "units",
            meaning: "Expected to be asked for in vain until then.",
        },
        Output {
            name: "cost",
            unit: "cents",
            meaning: "What the order costs.",
        },
        Output {
            name: "receive",
            unit: "units",
            meaning: "Units to send to it from other sites today, where sites may send; from which is in the reasons.",
        },
        Output {
            name: "send",
            unit: "units",
            meaning: "Units to send from it to other sites today, where sites may send; to which is in the reasons.",
        },
    ],
    subjects: &[Subject::Product],
    placements: &[],
    sources: &[
        "Arrow, Harris, Marschak (1951), optimal inventory policy",
        "Everett (1963), generalized Lagrange multiplier method",
        "Fox (1966), discrete optimization via marginal analysis",
        "Ahuja, Magnanti, Orlin (1993), minimum-cost flows with convex costs",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct StockProduct {
    header: Header,
    settings: Settings,
}

impl Kind for Stock {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (header, settings) = raw.parse::<Settings>()?;
        settings.check(raw)?;
        Ok(Box::new(StockProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        Searched::Of(trees::of_many_rows(
            &models::demand::Settings::default().trees,
        ))
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

impl StockProduct {
    fn fitted(&self, as_of: AsOf, body: Body) -> FittedStock {
        FittedStock::new(self.header.clone(), as_of, body)
    }
}

impl Product for StockProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    fn judged(&self) -> Judged {
        Judged::Lasted {
            horizon_days: u16::try_from(self.settings.horizon_days).unwrap_or(u16::MAX),
        }
    }

    fn held_out_days(&self) -> u32 {
        self.settings.held_out_days
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        self.settings.demand().memory_needed(size)
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
        let body = match measured.of_kind::<FittedStock>() {
            Some(measured) => measured.body().again(history, seed)?,
            None => Body::fit(history, &self.settings, seed)?,
        };
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let body: Body = artefact.body(CARD.kind, &self.header.name)?;
        let golden: Vec<Golden> = artefact.golden_inputs()?;
        artefact.verify(&body.scores(&golden))?;
        Ok(Box::new(self.fitted(artefact.as_of, body)))
    }
}
