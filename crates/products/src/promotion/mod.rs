//! Kind `promotion`: who gets which offer, and what it changes.

mod attached;
mod budget;
mod caps;
mod costs;
mod counted;
mod draws;
mod effect;
mod facts;
mod families;
mod fitted;
mod flip;
mod limits;
mod measured;
#[cfg(test)]
mod month;
mod offers;
mod possible;
mod settings;
mod stores;
mod told;
mod tried;
mod worth;

pub use draws::TrialError;
pub(crate) use effect::effect_of;
pub use offers::OfferError;

use crate::answer::Subject;
use crate::artefact::{Artefact, LoadError};
use crate::contract::{Card, FitError, Fitted, Judged, Kind, Output, Product, Size};
use crate::file::{Header, ProductFile, Raw};
use crate::lately::Counted;
use crate::ledger::Allowance;
use crate::search::Searched;
use features::History;
use fitted::{Body, FittedPromotion, Golden};
use schema::{AsOf, Bytes, ConfigError};
use settings::Settings;

/// The kind.
#[derive(Debug, Clone, Copy)]
pub struct Promotion;

static CARD: Card = Card {
    kind: "promotion",
    question: "Which offer does this customer get, if any, and what does it change?",
    criterion: "what the offers change in the outcome, beyond what would have happened anyway",
    baseline: "everybody gets the arm with the largest average effect, or as many as a budget pays for",
    measures: &[],
    reads: &[
        "assignments",
        "decisions",
        "events",
        "offers",
        "products",
        "sales",
        "sites",
    ],
    outputs: &[
        Output {
            name: "arm",
            unit: "name",
            meaning: "The arm whose effect on this customer is furthest above its cost, the price of the budget it spends included; the control where none is above it; for a few, by chance.",
        },
        Output {
            name: "effect",
            unit: "unit of the outcome",
            meaning: "What the arm changes, with its interval.",
        },
    ],
    subjects: &[Subject::Customer],
    placements: &[],
    sources: &[
        "Robins, Rotnitzky, Zhao (1994), estimation of regression coefficients when some regressors are not always observed",
        "Kuenzel, Sekhon, Bickel, Yu (2019), metalearners for estimating heterogeneous treatment effects",
        "Nie, Wager (2021), quasi-oracle estimation of heterogeneous treatment effects",
        "Kennedy (2023), towards optimal doubly robust estimation of heterogeneous causal effects",
        "Sinha, Zoltners (1979), the multiple-choice knapsack problem",
        "Yadlowsky, Fleming, Shah, Brunskill, Wager (2021), evaluating treatment prioritization rules",
        "Athey, Wager (2021), policy learning with observational data",
    ],
    example: include_str!("example.toml"),
};

/// A checked product file of this kind.
#[derive(Debug, Clone)]
pub(crate) struct PromotionProduct {
    header: Header,
    settings: Settings,
}

impl Kind for Promotion {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn check(&self, raw: &Raw) -> Result<Box<dyn Product>, ConfigError> {
        let (header, settings) = raw.parse::<Settings>()?;
        settings.check(raw)?;
        Ok(Box::new(PromotionProduct { header, settings }))
    }

    fn searched(&self) -> Searched {
        Searched::Nothing {
            because: "a trial is one draw of customers, by whom candidates would be both chosen and judged; how deep its trees grow and how many there are is found on customers held out",
        }
    }

    fn schema(&self) -> schemars::Schema {
        schemars::schema_for!(ProductFile<Settings>)
    }
}

impl PromotionProduct {
    fn fitted(&self, as_of: AsOf, body: Body) -> FittedPromotion {
        FittedPromotion::new(self.header.clone(), as_of, body)
    }
}

impl Product for PromotionProduct {
    fn header(&self) -> &Header {
        &self.header
    }

    fn allowance(&self) -> Option<Allowance> {
        self.settings.allowance()
    }

    fn counted(&self) -> Option<Counted> {
        let caps = self.settings.caps.as_ref()?;
        Some(Counted {
            control: self.settings.control.clone(),
            days: caps.days,
        })
    }

    fn learns_from(&self) -> Vec<&str> {
        vec![&self.header.name, &self.settings.trial]
    }

    /// None: a version is measured on customers that it has not seen, not on days.
    fn judged(&self) -> Judged {
        Judged::No {
            because: "what an offer changed cannot be seen in the one customer who got it: a product of kind `experiment` that names this one as its `product` reads it from this one's own draws and the customers held out",
        }
    }

    fn held_out_days(&self) -> u32 {
        0
    }

    fn memory_needed(&self, size: &Size) -> Bytes {
        // Per customer drawn: facts as JSON and parsed, numbers for each of several learners, scores; per sale: the
        // history.
        const PER_DRAW: u64 = 6_000;
        const PER_SALE: u64 = 120;
        Bytes(size.draws * PER_DRAW + size.sales * PER_SALE + (64 << 20))
    }

    fn fit(&self, history: &History, seed: u64) -> Result<Box<dyn Fitted>, FitError> {
        let body = Body::fit(history, &self.settings, &self.header.name, seed, None)?;
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn refit(
        &self,
        measured: &dyn Fitted,
        history: &History,
        seed: u64,
    ) -> Result<Box<dyn Fitted>, FitError> {
        let measured = measured.of_kind::<FittedPromotion>();
        let choice = measured.map(FittedPromotion::body);
        let body = Body::fit(history, &self.settings, &self.header.name, seed, choice)?;
        Ok(Box::new(self.fitted(history.as_of(), body)))
    }

    fn load(&self, artefact: &Artefact) -> Result<Box<dyn Fitted>, LoadError> {
        let mut body: Body = artefact.body(CARD.kind, &self.header.name)?;
        if let Some(ledger) = &self.settings.ledger {
            let mut arms = body.arms.iter().map(|arm| &arm.name);
            if let Some(arm) = arms.find(|arm| !ledger.most.contains_key(*arm)) {
                return Err(LoadError::NotPayable {
                    product: self.header.name.clone(),
                    arm: arm.clone(),
                });
            }
        }
        // What is promised is the shop's to say, from today on and not from the next training.
        body.settings.ledger.clone_from(&self.settings.ledger);
        body.settings.caps.clone_from(&self.settings.caps);
        // Their prices are what was learnt; what a ledger keeps of them is the file's.
        body.settings.limits.clone_from(&self.settings.limits);
        let golden: Vec<Golden> = artefact.golden_inputs()?;
        artefact.verify(&body.scores(&golden))?;
        Ok(Box::new(self.fitted(artefact.as_of, body)))
    }
}
