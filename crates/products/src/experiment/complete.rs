//! A read-out of an experiment that the project defines takes from the definition what its own file does not say.

use super::definition::Definition;
use super::settings::Settings;
use crate::file::{Header, ProductFile, Raw};
use schema::ConfigError;
use schema::config::fingerprint;
use serde::Serialize;

/// Takes over the definition of the trial, where the project has one.
///
/// # Errors
/// [`ConfigError`] where the product's file says otherwise: what was planned is not changed by how it is read.
pub(super) fn with_definition(
    raw: &Raw,
    header: &mut Header,
    settings: &mut Settings,
) -> Result<(), ConfigError> {
    let Some(definition) = raw
        .experiments
        .iter()
        .find(|e| Some(e.name()) == settings.trial.as_deref())
    else {
        return Ok(());
    };
    let written: ProductFile<toml::Table> = raw.file.parse()?;
    let planned = planned(settings, definition);
    let pairs = [
        same("control", &settings.control, &planned.control),
        same("outcomes", &settings.outcomes, &planned.outcomes),
        same("ratio", &settings.ratio, &planned.ratio),
        same("guardrail", &settings.guardrail, &planned.guardrail),
        same("window_days", &settings.window_days, &planned.window_days),
        same(
            "covariate_days",
            &settings.covariate_days,
            &planned.covariate_days,
        ),
        same("alpha", &settings.alpha, &planned.alpha),
        same("begins", &settings.begins, &planned.begins),
    ];
    for (key, found, allowed) in pairs {
        if written.settings.contains_key(key) && found != allowed {
            let allowed = format!("{allowed}, as experiments/{}.toml says", definition.name());
            return Err(raw.refuse(key, found, allowed));
        }
    }
    *settings = planned;
    let both = format!("{}\n{}", header.fingerprint, definition.fingerprint());
    header.fingerprint = fingerprint(both.as_bytes());
    Ok(())
}

fn planned(settings: &Settings, definition: &Definition) -> Settings {
    let file = definition.file();
    Settings {
        control: Some(file.control.clone()),
        outcomes: file.outcomes.clone(),
        ratio: file.ratio.clone(),
        guardrail: file.guardrail.clone(),
        window_days: file.window_days,
        covariate_days: file.covariate_days,
        alpha: file.alpha,
        begins: file.begins,
        ..settings.clone()
    }
}

/// A key with what was found and what was planned, as JSON.
fn same(
    key: &'static str,
    found: &impl Serialize,
    planned: &impl Serialize,
) -> (&'static str, String, String) {
    let text = |value: serde_json::Result<String>| value.unwrap_or_default();
    (
        key,
        text(serde_json::to_string(found)),
        text(serde_json::to_string(planned)),
    )
}
