//! A job as it is written: what is done, when, and after what.

use croner::Cron;
use croner::parser::{CronParser, Seconds};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use products::Product;
use schema::ConfigError;
use schema::config::ConfigFile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What a job does: the command of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// `comptoir import`: rows of the sources that are new or have changed.
    Import,
    /// `comptoir run`: versions of data products, which answer where their gate opens.
    Train,
    /// `comptoir decide`: the answers to many questions, into a file.
    Decide,
    /// `comptoir review`: what of all that was promised is kept.
    Review,
    /// `comptoir report`: what an experiment changed, on one page.
    Report,
}

impl Does {
    /// In a word.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Train => "train",
            Self::Decide => "decide",
            Self::Review => "review",
            Self::Report => "report",
        }
    }
}

/// `jobs/NAME.toml`, as written: what `comptoir serve` and `comptoir work` do by themselves, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobFile {
    /// What is done.
    pub does: Does,
    /// Who answers for it: a person or a team.
    pub owner: String,
    /// When it is due, in the five fields of crontab(5): minute, hour, day of the month, month, day of the week; on the
    /// shop's clocks (`time_zone` of `comptoir.toml`). Where clocks leave out the hour it is due as soon as they go on;
    /// where they repeat it, once. Absent where it is due whenever all jobs of `after` have been done anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Jobs that must be done before. With `at` it waits at its time until none of them is under way or has failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// How often it is tried again when it fails, 0 to 20.
    #[serde(default = "retries")]
    pub retries: u32,
    /// Minutes until it is tried again, and twice as many each further time: 0 to 1440.
    #[serde(default = "retry_minutes")]
    pub retry_minutes: u32,
    /// Minutes that it may take, 1 to 10080; then it is stopped.
    #[serde(default = "minutes_max")]
    pub minutes_max: u32,
    /// Sources that `import` reads; all where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// Data products that `train` or `review` is about, all where absent; of `decide` the one that decides, of `report` the
    /// experiment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<String>,
    /// Whether `train` leaves out products that need no training: those that learned from the same days with the same
    /// settings, or do not ask for it under `[retraining]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<bool>,
    /// Questions of `decide`, a file: `.ndjson`, `.csv` or `.parquet`; everything that can be asked where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// Where the answers of `decide` go, `.ndjson`, `.csv` or `.parquet`, or the page of `report`, `.html`; `{date}` is the
    /// day when it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Folder into which `review` writes its pages; none are written where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publish: Option<String>,
}

fn retries() -> u32 {
    2
}
fn retry_minutes() -> u32 {
    5
}
fn minutes_max() -> u32 {
    12 * 60
}

/// A job whose file was checked.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its name, that of its file.
    pub name: String,
    /// Its file.
    pub file: JobFile,
    cron: Option<Cron>,
}

/// No time is looked for beyond so many occurrences: a job every minute has 1,440 a day.
const COUNTED_MAX: u32 = 10_000;

impl Job {
    /// A job, or the first thing that is wrong with its file.
    ///
    /// - `products`, `sources`: what there is in the project.
    ///
    /// # Errors
    /// [`ConfigError`] at the line of the value.
    pub fn check(
        file: &ConfigFile,
        products: &[Arc<dyn Product>],
        sources: &[sources::Source],
    ) -> Result<Self, ConfigError> {
        let parsed: JobFile = file.parse()?;
        let name = products::name_of(file)?;
        if parsed.owner.trim().is_empty() {
            return Err(file.refuse(&["owner"], "\"\"", "a person or a team"));
        }
        let cron = match &parsed.at {
            Some(at) => Some(times(at).map_err(|why| {
                let allowed =
                    "five fields of crontab(5) such as \"30 2 * * *\", minute and hour first";
                file.refuse(&["at"], format!("{at:?} ({why})"), allowed)
            })?),
            None => None,
        };
        if cron.is_none() && parsed.after.is_empty() {
            let allowed = "a time, or jobs under `after`: else it is never due";
            return Err(file.refuse(&["at"], "nothing", allowed));
        }
        for (key, found, allowed) in [
            ("retries", parsed.retries, 0..=20),
            ("retry_minutes", parsed.retry_minutes, 0..=24 * 60),
            ("minutes_max", parsed.minutes_max, 1..=7 * 24 * 60),
        ] {
            if !allowed.contains(&found) {
                let allowed = format!("{} to {}", allowed.start(), allowed.end());
                return Err(file.refuse(&[key], found, allowed));
            }
        }
        fitting(file, &parsed)?;
        let known = products.iter().map(|p| p.header().name.as_str());
        all_known(file, "products", &parsed.products, known.collect())?;
        let of = |name: &String| products.iter().find(|p| p.header().name == *name);
        if parsed.does == Does::Report
            && let Some(other) = parsed
                .products
                .iter()
                .filter_map(of)
                .find(|p| p.header().kind != "experiment")
        {
            let found = format!("{:?}, of kind {}", other.header().name, other.header().kind);
            return Err(file.refuse(&["products"], found, "a data product of kind experiment"));
        }
        let known = sources.iter().map(sources::Source::name);
        all_known(file, "sources", &parsed.sources, known.collect())?;
        Ok(Self {
            name,
            file: parsed,
            cron,
        })
    }

    /// What its times follow from: a text that changes when they do.
    #[must_use]
    pub fn due(&self) -> String {
        let at = self.file.at.as_deref().unwrap_or_default();
        format!("{at} after {}", self.file.after.join(","))
    }

    /// When it is due in words, for people.
    #[must_use]
    pub fn when(&self) -> String {
        let after = self.file.after.join(" and ");
        let at = self.cron.as_ref().map(|cron| {
            let told = cron.describe().to_string();
            // "At every 2 minutes": the first word is too much.
            let told = match told.strip_prefix("At every") {
                Some(rest) => format!("Every{rest}"),
                None => told,
            };
            let mut letters = told.trim_end_matches('.').chars();
            let first = letters.next().map(|first| first.to_ascii_lowercase());
            first.into_iter().chain(letters).collect::<String>()
        });
        match (at, after.is_empty()) {
            (Some(at), true) => at,
            (Some(at), false) => format!("{at}, after {after}"),
            (None, _) => format!("after {after}"),
        }
    }

    /// Whether it has times of its own.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.cron.is_some()
    }

    /// The next time after a moment; `None` where there is none.
    #[must_use]
    pub fn next_after(&self, moment: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let cron = self.cron.as_ref()?;
        let next = cron.find_next_occurrence(&moment.to_zoned(zone.clone()), false);
        next.ok().map(|next| next.timestamp())
    }

    /// The next times after a moment, up to another; so many at most, since one of every minute has 1,440 a day.
    #[must_use]
    pub fn times(
        &self,
        after: Timestamp,
        until: Timestamp,
        most: usize,
        zone: &TimeZone,
    ) -> Vec<Timestamp> {
        let next = |at: &Timestamp| self.next_after(*at, zone).filter(|at| *at <= until);
        std::iter::successors(next(&after), next)
            .take(most)
            .collect()
    }

    /// The last time in `(from, until]`, and how many others lie before it there.
    #[must_use]
    pub fn last_within(
        &self,
        from: Timestamp,
        until: Timestamp,
        zone: &TimeZone,
    ) -> Option<(Timestamp, u32)> {
        let mut last = self.next_after(from, zone).filter(|next| *next <= until)?;
        let mut before = 0;
        while let Some(next) = self.next_after(last, zone).filter(|next| *next <= until) {
            before += 1;
            last = next;
            if before == COUNTED_MAX {
                // Nobody wants to know how often exactly: what counts is the last one.
                let cron = self.cron.as_ref()?;
                let until = until.to_zoned(zone.clone());
                let found = cron.find_previous_occurrence(&until, true).ok()?;
                return Some((found.timestamp(), before));
            }
        }
        Some((last, before))
    }

    /// The arguments of the command that does it.
    ///
    /// - `due_at`: when it was due.
    #[must_use]
    pub fn command(&self, due_at: Timestamp, zone: &TimeZone) -> Vec<String> {
        let file = &self.file;
        let mut arguments: Vec<String> = Vec::new();
        let mut add = |text: &str| arguments.push(text.to_owned());
        match file.does {
            Does::Import => {
                add("import");
                file.sources.iter().for_each(|source| add(source));
            }
            Does::Train => {
                add("run");
                file.products.iter().for_each(|product| add(product));
                if file.needed == Some(true) {
                    add("--needed");
                }
            }
            Does::Decide => {
                add("decide");
                file.products.iter().for_each(|product| add(product));
                if let Some(input) = &file.input {
                    add("--input");
                    add(input);
                }
                add("--output-file");
                add(&file.output(due_at, zone));
            }
            Does::Report => {
                add("report");
                file.products.iter().for_each(|product| add(product));
                add("--html");
                add(&file.output(due_at, zone));
            }
            Does::Review => {
                add("review");
                file.products.iter().for_each(|product| add(product));
                if let Some(folder) = &file.publish {
                    add("--publish");
                    add(folder);
                }
            }
        }
        arguments
    }
}

impl JobFile {
    /// Where its output goes.
    fn output(&self, due_at: Timestamp, zone: &TimeZone) -> String {
        let date = due_at.to_zoned(zone.clone()).date().to_string();
        let output = self.output.clone().unwrap_or_default();
        output.replace("{date}", &date)
    }
}

/// Times as crontab(5) writes them.
fn times(text: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).build();
    let cron = parser.parse(text).map_err(|e| e.to_string())?;
    // The thirtieth of February: it can be read, and is never due.
    let start = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    match cron.find_next_occurrence(&start, false) {
        Ok(_) => Ok(cron),
        Err(_) => Err("there is no such day".to_owned()),
    }
}

/// Refuses keys that what is done does not know, and those that it lacks.
fn fitting(file: &ConfigFile, parsed: &JobFile) -> Result<(), ConfigError> {
    let does = parsed.does;
    let given = [
        (
            "sources",
            !parsed.sources.is_empty(),
            [Does::Import].as_slice(),
        ),
        (
            "products",
            !parsed.products.is_empty(),
            &[Does::Train, Does::Decide, Does::Review, Does::Report],
        ),
        ("needed", parsed.needed.is_some(), &[Does::Train]),
        ("input", parsed.input.is_some(), &[Does::Decide]),
        (
            "output",
            parsed.output.is_some(),
            &[Does::Decide, Does::Report],
        ),
        ("publish", parsed.publish.is_some(), &[Does::Review]),
    ];
    for (key, is_given, of) in given {
        if is_given && !of.contains(&does) {
            let of: Vec<&str> = of.iter().map(|does| does.told()).collect();
            let allowed = format!("this key where `does` is {}", of.join(", "));
            return Err(file.refuse(&[key], format!("{:?}", does.told()), allowed));
        }
    }
    let format = |path: &str| crate::batch::FileFormat::of(std::path::Path::new(path)).is_some();
    let page = |path: &str| {
        std::path::Path::new(path)
            .extension()
            .is_some_and(|of| of == "html")
    };
    let (whom, is_known, allowed): (_, &dyn Fn(&str) -> bool, _) = match does {
        Does::Decide => (
            "one data product, which decides",
            &format,
            "a file name that ends in .ndjson, .csv or .parquet",
        ),
        Does::Report => (
            "one data product, of kind experiment",
            &page,
            "a file name that ends in .html",
        ),
        Does::Import | Does::Train | Does::Review => return Ok(()),
    };
    if parsed.products.len() != 1 {
        return Err(file.refuse(&["products"], parsed.products.len(), whom));
    }
    for (key, path, must) in [
        ("output", &parsed.output, true),
        ("input", &parsed.input, false),
    ] {
        match path {
            Some(path) if !is_known(path) => {
                return Err(file.refuse(&[key], format!("{path:?}"), allowed));
            }
            None if must => return Err(file.refuse(&[key], "nothing", allowed)),
            Some(_) | None => {}
        }
    }
    Ok(())
}

fn all_known(
    file: &ConfigFile,
    key: &str,
    named: &[String],
    known: Vec<&str>,
) -> Result<(), ConfigError> {
    match named.iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let allowed = match known.as_slice() {
                [] => "nothing: there is none in the project".to_owned(),
                known => known.join(", "),
            };
            Err(file.refuse(&[key], format!("{name:?}"), allowed))
        }
        None => Ok(()),
    }
}

/// Puts jobs into an order in which each stands behind those that it comes after.
///
/// # Errors
/// The name of a job with what is wrong with its `after`: it names a job that is not there, or waits for itself.
pub(crate) fn in_order(jobs: Vec<Job>) -> Result<Vec<Job>, (String, String)> {
    for job in &jobs {
        for before in &job.file.after {
            if !jobs.iter().any(|other| other.name == *before) {
                return Err((
                    job.name.clone(),
                    format!("{before:?}, and there is no such job"),
                ));
            }
        }
    }
    let (mut ordered, mut left): (Vec<Job>, Vec<Job>) = (Vec::new(), jobs);
    while !left.is_empty() {
        let is_free = |job: &Job| {
            let mut before = job.file.after.iter();
            before.all(|name| ordered.iter().any(|other| other.name == *name))
        };
        let (free, bound): (Vec<Job>, Vec<Job>) = left.into_iter().partition(is_free);
        if free.is_empty() {
            let round: Vec<&str> = bound.iter().map(|job| job.name.as_str()).collect();
            let found = format!("{}, which wait for each other", round.join(", "));
            return Err((bound[0].name.clone(), found));
        }
        ordered.extend(free);
        left = bound;
    }
    Ok(ordered)
}
