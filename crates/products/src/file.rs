//! The product file: what all kinds share, and how it is read strictly.

use crate::contract::Judged;
use crate::promises::Promises;
use crate::retraining::Retraining;
use crate::search::{SearchFile, Space};
use schema::ConfigError;
use schema::config::ConfigFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A product file with the settings of its kind. It is read when a command or the server starts; `comptoir serve`
/// knows of a change once it is started again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(bound = "S: JsonSchema + Default + Serialize")]
pub struct ProductFile<S: Default> {
    /// Kind of the product.
    pub kind: String,
    /// Who answers for it: a person or a team.
    pub owner: String,
    /// What it is for, in one sentence.
    #[serde(default)]
    pub description: String,
    /// Milliseconds that a version has to score a question; then the baseline answers, marked `fallback`. It does so
    /// at the deadline itself where more than one answer in a thousand was late, else when the scoring ends.
    #[serde(default = "deadline_ms_default")]
    pub deadline_ms: u64,
    /// What it promises to those who ask it.
    #[serde(default)]
    pub promises: Promises,
    /// When it is trained anew, and who lets a version answer.
    #[serde(default)]
    pub retraining: Retraining,
    /// Settings of the kind.
    #[serde(default)]
    pub settings: S,
    /// Which settings `comptoir search` seeks, and where.
    #[serde(default)]
    pub search: SearchFile,
}

fn deadline_ms_default() -> u64 {
    50
}

/// What all kinds share, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Header {
    /// Name of the product: the name of its file.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// Who answers for it.
    pub owner: String,
    /// What it is for.
    pub description: String,
    /// Milliseconds that a version has to score a question.
    pub deadline_ms: u64,
    /// What it promises to those who ask it.
    pub promises: Promises,
    /// When it is trained anew, and who lets a version answer.
    pub retraining: Retraining,
    /// Fingerprint of the file's content, `[search]` left out.
    pub fingerprint: String,
}

/// The name that a file gives to what it defines: its own, without the ending.
///
/// # Errors
/// [`ConfigError`] where it is no name: lower-case letters, digits and -.
pub fn name_of(file: &ConfigFile) -> Result<String, ConfigError> {
    let name = file.file.file_stem().map(|s| s.to_string_lossy());
    let name = name.map(std::borrow::Cow::into_owned).unwrap_or_default();
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(good) {
        let found = format!("{name:?} (the name of the file)");
        return Err(file.refuse(&[], found, "lower-case letters, digits and -"));
    }
    Ok(name)
}

/// A product file that was read but not checked by its kind yet.
#[derive(Debug, Clone)]
pub struct Raw {
    /// Name of the product.
    pub name: String,
    /// The file.
    pub file: ConfigFile,
    /// Name of its kind.
    pub kind: String,
    /// The experiments that the project defines.
    pub(crate) experiments: Vec<crate::experiment::Definition>,
}

impl Raw {
    /// Reads what all kinds share; the name is that of the file.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of what is wrong; an unknown kind is answered with those there are.
    pub fn read(file: ConfigFile) -> Result<Self, ConfigError> {
        let parsed: ProductFile<toml::Table> = file.parse()?;
        let name = name_of(&file)?;
        if crate::kind(&parsed.kind).is_none() {
            let kinds: Vec<_> = crate::KINDS
                .iter()
                .map(|k| format!("{:?}", k.card().kind))
                .collect();
            return Err(file.refuse(&["kind"], format!("{:?}", parsed.kind), kinds.join(", ")));
        }
        Ok(Self {
            name,
            file,
            kind: parsed.kind,
            experiments: Vec::new(),
        })
    }

    /// The same in a project that defines experiments: a product that reads one of them shares its definition.
    #[must_use]
    pub fn beside(mut self, experiments: &[crate::experiment::Definition]) -> Self {
        self.experiments = experiments.to_vec();
        self
    }

    /// Reads the whole file with the settings of one kind, and checks what all kinds share.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of what is wrong.
    pub fn parse<S: serde::de::DeserializeOwned + Default>(
        &self,
    ) -> Result<(Header, S), ConfigError> {
        const DEADLINE_MS_MAX: u64 = 60_000;
        let parsed: ProductFile<S> = self.file.parse()?;
        if !(1..=DEADLINE_MS_MAX).contains(&parsed.deadline_ms) {
            let allowed = format!("1 to {DEADLINE_MS_MAX}");
            return Err(self
                .file
                .refuse(&["deadline_ms"], parsed.deadline_ms, allowed));
        }
        if parsed.owner.trim().is_empty() {
            return Err(self
                .file
                .refuse(&["owner"], "empty", "the name of a person or a team"));
        }
        let card = crate::kind(&parsed.kind).map(|kind| kind.card());
        let reads = card.map_or(&[][..], |card| card.reads);
        parsed
            .promises
            .check(&self.file, parsed.deadline_ms, reads)?;
        let measures = card.map_or(&[][..], |card| card.measures);
        parsed
            .retraining
            .check(&self.file, measures, &parsed.promises)?;
        let header = Header {
            name: self.name.clone(),
            kind: parsed.kind,
            owner: parsed.owner,
            description: parsed.description,
            deadline_ms: parsed.deadline_ms,
            promises: parsed.promises,
            retraining: parsed.retraining,
            fingerprint: self.file.fingerprint_without("search"),
        };
        Ok((header, parsed.settings))
    }

    /// Checks the file by its kind.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of what is wrong.
    pub fn check(&self) -> Result<Box<dyn crate::Product>, ConfigError> {
        let product = self.check_kind()?;
        self.space()?;
        Ok(product)
    }

    /// Which of its settings are sought, and where; `None` where its kind has nothing to be searched.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of what is wrong.
    pub fn space(&self) -> Result<Option<Space>, ConfigError> {
        let parsed: ProductFile<toml::Table> = self.file.parse()?;
        let Some(kind) = crate::kind(&self.kind) else {
            return Ok(None);
        };
        Space::of(self, kind, &parsed.search)
    }

    /// Checks everything but where its settings are sought.
    pub(crate) fn check_kind(&self) -> Result<Box<dyn crate::Product>, ConfigError> {
        let Some(kind) = crate::kind(&self.kind) else {
            return Err(self.file.refuse(&["kind"], &self.kind, "a known kind"));
        };
        let product = kind.check(self)?;
        if let (Some(share), Some(because)) = (
            product.header().retraining.trial_share,
            product.judged().no_trial(),
        ) {
            let allowed = format!("no share: {because}");
            return Err(self
                .file
                .refuse(&["retraining", "trial_share"], share, allowed));
        }
        if let (Some(days), Judged::No { because }) = (
            product
                .header()
                .retraining
                .rolls_back_when_worse_within_days,
            product.judged(),
        ) {
            let key = ["retraining", "rolls_back_when_worse_within_days"];
            return Err(self.file.refuse(&key, days, format!("no days: {because}")));
        }
        Ok(product)
    }

    /// Refuses a setting of a table below `[settings]` at its line.
    #[must_use]
    pub fn refuse_at(
        &self,
        path: &[&str],
        found: impl std::fmt::Display,
        allowed: impl std::fmt::Display,
    ) -> ConfigError {
        self.file
            .refuse(&[&["settings"], path].concat(), found, allowed)
    }

    /// Refuses a setting at its line.
    #[must_use]
    pub fn refuse(
        &self,
        key: &str,
        found: impl std::fmt::Display,
        allowed: impl std::fmt::Display,
    ) -> ConfigError {
        self.file.refuse(&["settings", key], found, allowed)
    }
}
