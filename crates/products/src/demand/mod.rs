//! Kind `demand`: what will sell, of each product at each site, in each period to come.

mod agreed;
mod asked;
mod attached;
mod days;
mod fitted;
mod golden;
mod groups;
mod hierarchy;
mod measured;
mod opening;
mod overrides;
mod parts;
mod planners;
mod plans;
mod promoted;
mod segments;
mod series;
mod settings;
mod spelling;
mod told;
mod weather;
mod weights;

pub(crate) use asked::{all, asked_series};
pub(crate) use fitted::Body;
pub(crate) use golden::Golden;
pub(crate) use segments::told as segments_told;
pub(crate) use series::{Key, Series, series};
pub(crate) use settings::{Settings, WeatherUse};
pub(crate) use told::{change_of, changed_by};
pub(crate) use weather::summary as weather_told;
pub(crate) use weights::of as weights;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::file::{Header, ProductFile, Raw};
use crate::search::{Knob, Searched, Value, Within};
use crate::trees;
use features::History;
use fitted::FittedDemand;
use models::demand::Step;
use schema::{AsOf, Bytes, ConfigError};

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Demand;

static CARD: Card = Card {
    kind: "demand",
    question: "How much of this product will sell at this site, in each period to come?",
    criterion: "weighted quantile loss and weighted absolute error on the periods after training",
    baseline: "the better of the mean of the last periods alike and the season before",
    measures: &[
        "weighted quantile loss",
        "weighted absolute error",
        "coverage error",
        "root mean squared percentage error",
    ],
    reads: &[
        "sales",
        "products",
        "sites",
        "calendar",
        "promotions",
        "prices",
        "stock_levels",
        "weather",
        "overrides",
    ],
    outputs: &[
        Output {
            name: "total",
            unit: "units or cents",
            meaning: "What is expected to sell in all of them together; its interval is not the sum of theirs.",
        },
        Output {
            name: "the first day of each period",
            unit: "units or cents",
            meaning: "What is expected to sell in the period, with its interval.",
        },
    ],
    subjects: &[Subject::Product],
    placements: &[],
    sources: &[
        "Makridakis, Spiliotis, Assimakopoulos (2022), M5 accuracy competition: boosted trees over many series",
        "Vovk, Gammerman, Shafer (2005), Mondrian conformal prediction",
        "Liang, Zeger (1986), DerSimonian, Laird (1986): answers to the weather with clustered errors, drawn to each other",
        "Ang (2004), logarithmic mean Divisia index",
        "Wickramasuriya, Athanasopoulos, Hyndman (2019), forecasts of a hierarchy that add up",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct DemandProduct {
    header: Header,
    settings: Settings,
}

impl Kind for Demand {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (header, settings) = raw.parse::<Settings>()?;
        settings.check(raw)?;
        Ok(Box::new(DemandProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        let mut knobs = trees::of_many_rows(&models::demand::Settings::default().trees);
        // Sums of series can be asked for or not: that is nothing to search.
        let names = ["off", "chosen"].map(|name| Value::Text(name.to_owned()));
        knobs.push(Knob {
            key: "coherent",
            default: names[0].clone(),
            within: Within::Of(names.to_vec()),
            // It takes several times as long.
            by_default: false,
        });
        let names = ["left_out", "taken_in"].map(|name| Value::Text(name.to_owned()));
        knobs.push(Knob {
            key: "promotions_of_others",
            default: names[0].clone(),
            within: Within::Of(names.to_vec()),
            by_default: false,
        });
        let names = ["off", "chosen", "taken_in"].map(|name| Value::Text(name.to_owned()));
        knobs.push(Knob {
            key: "weather",
            default: names[0].clone(),
            within: Within::Of(names.to_vec()),
            by_default: false,
        });
        Searched::Of(knobs)
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

impl DemandProduct {
    fn fitted(&self, as_of: AsOf, body: Body) -> FittedDemand {
        FittedDemand::new(self.header.clone(), as_of, body)
    }
}

impl Product for DemandProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    fn judged(&self) -> Judged {
        Judged::Sold(self.settings.forecasts())
    }

    fn held_out_days(&self) -> u32 {
        match self.settings.step() {
            Step::Day => self.settings.horizon,
            Step::Week => 7 * self.settings.horizon,
            Step::Month => 31 * self.settings.horizon,
        }
    }

    fn measured_from(&self, as_of: AsOf) -> AsOf {
        let (step, starts) = (self.settings.step(), self.settings.week_starts());
        let end = step.start_of(as_of.0, starts);
        AsOf(step.before(end, self.settings.horizon as usize))
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        self.settings.memory_needed(size)
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
        let body = match measured.of_kind::<FittedDemand>() {
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
