//! What a product earns, as an experiment measures it.

use crate::Workshop;
use products::Header;
use products::experiment::money_per_period;
use schema::Estimate;

/// What a product earns beside what it promised to.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// The data product that measures it.
    pub(super) experiment: String,
    /// Money per period that is promised.
    pub(super) at_least: f64,
    /// Money per period that was measured, or why that cannot be said.
    pub(super) measured: Result<Estimate, String>,
}

/// What a product earns by the champion of its experiment; nothing where it promises no value.
pub(super) async fn of(workshop: &Workshop, header: &Header) -> Option<Value> {
    let promise = header.promises.value.as_ref()?;
    let measured = measured(workshop, &promise.experiment, header.promises.period_days).await;
    Some(Value {
        experiment: promise.experiment.clone(),
        at_least: promise.at_least,
        measured,
    })
}

async fn measured(
    workshop: &Workshop,
    experiment: &str,
    period_days: u32,
) -> Result<Estimate, String> {
    let found = workshop.project.product(experiment);
    let product = found.ok_or_else(|| "there is no such data product".to_owned())?;
    match workshop.champion(product.as_ref()).await {
        Ok(Some((_, version))) => money_per_period(version.as_ref(), period_days),
        Ok(None) => Err("no version of it answers".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
