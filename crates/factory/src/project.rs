//! A project: a folder with `comptoir.toml`, `sources/`, `experiments/`, `products/`, `whatif/`, `jobs/` and `rules/`, all
//! read strictly.

use crate::import;
use crate::incidents::settings::is_web_address;
use crate::incidents::{Alerts, AlertsFile};
use crate::jobs::{self, Job};
use decisions::RuleSet;
use decisions::rules::{Contradiction, Names};
use jiff::tz::TimeZone;
use products::experiment::{Definition, Drawing};
use products::what_if::{NamedProduct, WhatIf};
use products::{Header, KINDS, Product, Raw};
use schema::config::ConfigFile;
use schema::{Bytes, ConfigError};
use schemars::JsonSchema;
use serde::Deserialize;
use sources::Source;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// `comptoir.toml`, as written. Like the files of `sources/`, `products/` and `rules/` it is read when a command or the
/// server starts; `comptoir serve` knows of a change once it is started again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProjectFile {
    /// Name of the shop, shown in the console.
    pub name: String,
    /// Folder or URL (`s3://`, `gs://`, `az://`, `memory://`) of the lake; a relative folder is below the project.
    pub lake: String,
    /// Registry: a file of SQLite below the project, or `postgres://USER@HOST/DATABASE`. `${VAR}` is replaced from the environment.
    pub registry: String,
    /// IANA name of the time zone of the shop's clocks, such as `Europe/Paris`: by them a sale is of a day, and rules hold at
    /// an hour or on a day. Where it is absent it is that of the sources of table `sales`, and UTC where they name none.
    pub time_zone: Option<String>,
    /// The SQL engine.
    pub engine: EngineFile,
    /// The HTTP server.
    pub server: ServerFile,
    /// Customers who always get the baseline, so that the worth of all decisions can be measured.
    pub holdout: HoldoutFile,
    /// Who is told when something is wrong.
    pub alerts: AlertsFile,
    /// The jobs of `jobs/`.
    pub jobs: JobsFile,
}

impl Default for ProjectFile {
    fn default() -> Self {
        Self {
            name: "shop".to_owned(),
            lake: "lake".to_owned(),
            registry: "registry.sqlite".to_owned(),
            time_zone: None,
            engine: EngineFile::default(),
            server: ServerFile::default(),
            holdout: HoldoutFile::default(),
            alerts: AlertsFile::default(),
            jobs: JobsFile::default(),
        }
    }
}

/// The SQL engine and the memory of training.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EngineFile {
    /// Memory that queries may hold before they spill, and that training may need: `512MiB`, `8GiB`.
    pub memory: String,
    /// Threads; 0 takes all processors.
    pub threads: usize,
}

impl Default for EngineFile {
    fn default() -> Self {
        Self {
            memory: "2GiB".to_owned(),
            threads: 0,
        }
    }
}

/// The HTTP server.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerFile {
    /// Address to listen at. Loopback by default: who opens it to a network must also create API keys.
    pub address: String,
    /// Whether requests without an API key are answered. Only allowed while the address is a loopback address.
    pub anonymous: bool,
    /// Largest request body.
    pub body_max: String,
    /// Most questions in one batch.
    pub batch_max: usize,
    /// Most requests per second and key; 0 for no limit.
    pub requests_per_second_max: u32,
    /// Whether requests are timed, counted and noted part by part, and how products answer is written down. Without it
    /// `/metrics` tells of no requests, promises about answers are not judged, no version is taken back for how it
    /// answers, and an answer that is late is waited for.
    pub monitoring: bool,
    /// Where requests are sent as traces: an OpenTelemetry collector's address for OTLP over HTTP, as
    /// `http://127.0.0.1:4318/v1/traces`; nowhere where absent.
    pub traces: Option<String>,
    /// Share of requests that are sent, 0 to 1; of one whose header `traceparent` says whether, as it says.
    pub traces_share: f64,
}

impl Default for ServerFile {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:7878".to_owned(),
            anonymous: true,
            body_max: "1MiB".to_owned(),
            batch_max: 1_000,
            requests_per_second_max: 0,
            monitoring: true,
            traces: None,
            traces_share: 0.01,
        }
    }
}

/// The universal holdout.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HoldoutFile {
    /// Share of the customers, 0 to 0.5.
    pub share: f64,
    /// Text that decides who they are; changing it draws others.
    pub salt: String,
}

impl Default for HoldoutFile {
    fn default() -> Self {
        Self {
            share: 0.0,
            salt: "comptoir".to_owned(),
        }
    }
}

/// How jobs are done.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JobsFile {
    /// How many are done at once, 1 to 16: each may take the memory of `[engine]`.
    pub at_once: usize,
}

impl Default for JobsFile {
    fn default() -> Self {
        Self { at_once: 1 }
    }
}

/// A project whose files were all checked.
pub struct Project {
    /// The folder.
    pub folder: PathBuf,
    /// `comptoir.toml`, checked.
    pub file: ProjectFile,
    /// Memory budget.
    pub memory: Bytes,
    /// Largest request body.
    pub body_max: Bytes,
    /// The address to listen at.
    pub address: std::net::SocketAddr,
    /// The time zone of the shop's clocks.
    pub time_zone: TimeZone,
    /// Who is told when something is wrong.
    pub alerts: Alerts,
    /// Sources, by file name.
    pub sources: Vec<Source>,
    /// Experiments, by name.
    pub experiments: Vec<Definition>,
    /// Data products, by name.
    pub products: Vec<Arc<dyn Product>>,
    /// Questions of what an offer or a rule would change, by name.
    pub what_ifs: Vec<WhatIf>,
    /// Expert rules of all files.
    pub rules: Arc<RuleSet>,
    /// What is done without a person, each job behind those that it comes after.
    pub jobs: Vec<Job>,
}

impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// `comptoir.toml`, checked.
struct Settings {
    file: ProjectFile,
    memory: Bytes,
    body_max: Bytes,
    address: std::net::SocketAddr,
    /// As written.
    time_zone: Option<TimeZone>,
    alerts: Alerts,
}

impl Settings {
    /// The settings, or everything that is wrong with them.
    ///
    /// - `products`: names of the data products, right or wrong.
    fn check(main: &ConfigFile, products: &[String]) -> Result<Self, Vec<ConfigError>> {
        let file: ProjectFile = main.parse().map_err(|e| vec![e])?;
        let mut wrong = Vec::new();
        let time_zone = file.time_zone.as_deref().map(TimeZone::get).transpose();
        if time_zone.is_err() {
            let found = format!("{:?}", file.time_zone.as_deref().unwrap_or_default());
            let allowed = "an IANA time zone such as \"Europe/Paris\"";
            wrong.push(main.refuse(&["time_zone"], found, allowed));
        }
        let memory = file.engine.memory.parse::<Bytes>();
        if memory.is_err() {
            let allowed = "a size such as 512MiB or 8GiB";
            wrong.push(main.refuse(&["engine", "memory"], &file.engine.memory, allowed));
        }
        let body_max = file.server.body_max.parse::<Bytes>();
        if body_max.is_err() {
            let allowed = "a size such as 1MiB";
            wrong.push(main.refuse(&["server", "body_max"], &file.server.body_max, allowed));
        }
        let address = file.server.address.parse::<std::net::SocketAddr>();
        if address.is_err() {
            let allowed = "an address with a port such as 127.0.0.1:7878";
            wrong.push(main.refuse(&["server", "address"], &file.server.address, allowed));
        }
        if let Ok(address) = address
            && file.server.anonymous
            && !address.ip().is_loopback()
        {
            let allowed = format!(
                "false while the server listens at {address}, which is no loopback address"
            );
            wrong.push(main.refuse(&["server", "anonymous"], true, allowed));
        }
        if !(0.0..=0.5).contains(&file.holdout.share) {
            wrong.push(main.refuse(&["holdout", "share"], file.holdout.share, "0 to 0.5"));
        }
        if !(1..=100_000).contains(&file.server.batch_max) {
            let found = file.server.batch_max;
            wrong.push(main.refuse(&["server", "batch_max"], found, "1 to 100000"));
        }
        if let Some(traces) = &file.server.traces
            && !is_web_address(traces)
        {
            let allowed = "an address such as http://127.0.0.1:4318/v1/traces";
            wrong.push(main.refuse(&["server", "traces"], format!("{traces:?}"), allowed));
        }
        if !(0.0..=1.0).contains(&file.server.traces_share) {
            let found = file.server.traces_share;
            wrong.push(main.refuse(&["server", "traces_share"], found, "0 to 1"));
        }
        if !(1..=16).contains(&file.jobs.at_once) {
            wrong.push(main.refuse(&["jobs", "at_once"], file.jobs.at_once, "1 to 16"));
        }
        let alerts = Alerts::check(main, &file.alerts, products);
        let alerts = alerts.map_err(|refused| wrong.extend(refused));
        match (memory, body_max, address, time_zone, alerts) {
            (Ok(memory), Ok(body_max), Ok(address), Ok(time_zone), Ok(alerts))
                if wrong.is_empty() =>
            {
                Ok(Self {
                    file,
                    memory,
                    body_max,
                    address,
                    time_zone,
                    alerts,
                })
            }
            _ => Err(wrong),
        }
    }
}

/// The name of the file that makes a folder a project.
pub const PROJECT_FILE: &str = "comptoir.toml";

/// A file and what was read.
type Found = (PathBuf, Result<ConfigFile, ConfigError>);

/// What a file is, or everything that was found wrong with it: never an empty list.
pub type Verdict = Result<String, Vec<ConfigError>>;

/// The TOML files of a folder by name, those that cannot be read among them; none where the folder is missing.
fn files(folder: &Path) -> Result<Vec<Found>, ConfigError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let unreadable = |e: std::io::Error| ConfigError::Unreadable {
        file: folder.to_owned(),
        found: e.to_string(),
    };
    let mut paths = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let file = ConfigFile::read(&path);
        (path, file)
    };
    Ok(paths.into_iter().map(read).collect())
}

/// Names of the TOML files of a folder; none where it cannot be listed, which its files say themselves.
fn stems(folder: &Path) -> Vec<String> {
    let found = files(folder).unwrap_or_default();
    let stem = |(path, _): &Found| Some(path.file_stem()?.to_string_lossy().into_owned());
    found.iter().filter_map(stem).collect()
}

/// Every file of a project with its own verdict, so that all errors can be listed at once.
#[derive(Debug)]
pub struct Checked {
    /// File, relative to the project, and what is said of it.
    pub files: Vec<(PathBuf, Verdict)>,
    /// The project, where nothing is wrong.
    pub project: Option<Project>,
    /// Rules that contradict each other, which is no error: an exclusion wins.
    pub contradictions: Vec<Contradiction>,
}

/// Names of data products.
#[derive(Default)]
struct ProductNames {
    all: Vec<String>,
    /// The same with their kinds.
    kinds: Vec<NamedProduct>,
    /// Those whose kind gives offers.
    offers: Vec<String>,
}

impl ProductNames {
    /// Refuses a promise of value that no experiment of the project measures.
    fn check_value(&self, raw: &Raw, header: &Header) -> Result<(), ConfigError> {
        const EXPERIMENT: &str = "experiment";
        let Some(value) = &header.promises.value else {
            return Ok(());
        };
        // A file that cannot be read is wrong by itself.
        let may_be = |named: &NamedProduct| named.kind.as_deref().is_none_or(|k| k == EXPERIMENT);
        let experiments: Vec<&str> = self
            .kinds
            .iter()
            .filter(|named| may_be(named))
            .map(|named| named.name.as_str())
            .collect();
        if experiments.contains(&value.experiment.as_str()) {
            return Ok(());
        }
        let found = format!("experiment {:?}", value.experiment);
        let allowed = if experiments.is_empty() {
            "a data product of kind `experiment`, of which the project has none".to_owned()
        } else {
            format!(
                "a data product of kind `experiment`: {}",
                experiments.join(", ")
            )
        };
        Err(raw.file.refuse(&["promises", "value"], found, allowed))
    }
}

/// Verdicts as they are found.
struct Verdicts<'a> {
    folder: &'a Path,
    files: Vec<(PathBuf, Verdict)>,
}

impl Verdicts<'_> {
    fn add(&mut self, path: &Path, verdict: Verdict) {
        let relative = path.strip_prefix(self.folder).unwrap_or(path);
        self.files.push((relative.to_owned(), verdict));
    }

    /// The files of a folder; one that cannot be listed has a verdict of its own.
    fn files(&mut self, name: &str) -> Vec<Found> {
        let folder = self.folder.join(name);
        files(&folder).unwrap_or_else(|error| {
            self.add(&folder, Err(vec![error]));
            Vec::new()
        })
    }

    /// The sources; where one names no time zone it is the shop's.
    fn sources(&mut self, of_shop: Option<&TimeZone>) -> Vec<Source> {
        let of_shop = of_shop.cloned().unwrap_or(TimeZone::UTC);
        let mut sources = Vec::new();
        for (path, file) in self.files("sources") {
            let verdict = file.and_then(|file| {
                let source = Source::check_in(&file, &of_shop)?;
                // Whether its rules can be checked does not depend on the moment of an import.
                import::contract(&source, jiff::Timestamp::UNIX_EPOCH)?;
                let what = format!("source of table {}", source.table().name);
                sources.push(source);
                Ok(what)
            });
            self.add(&path, verdict.map_err(|e| vec![e]));
        }
        sources
    }

    /// Says of the project's file that it must name the time zone.
    fn refuse_zone(&mut self, main: &Path, names: &[String]) {
        let Ok(file) = ConfigFile::read(main) else {
            return;
        };
        let allowed = format!(
            "an IANA time zone: sources of `sales` name more than one ({})",
            names.join(", ")
        );
        let error = file.refuse(&["time_zone"], "absent", allowed);
        let relative = main.strip_prefix(self.folder).unwrap_or(main);
        if let Some((_, verdict)) = self.files.iter_mut().find(|(path, _)| path == relative) {
            *verdict = Err(vec![error]);
        }
    }

    /// The experiments. Those of one layer must want different parts of it.
    fn experiments(&mut self, holdout: &HoldoutFile) -> Vec<Definition> {
        let mut experiments: Vec<Definition> = Vec::new();
        for (path, file) in self.files("experiments") {
            let checked = file.and_then(|file| Ok((Definition::check(&file)?, file)));
            let fits = checked.and_then(|(definition, file)| {
                let both = experiments.iter().chain([&definition]);
                match Drawing::of(both, (&holdout.salt, holdout.share)) {
                    Ok(_) => Ok(definition),
                    Err(error) => Err(definition.refuse_place(&file, &error)),
                }
            });
            let verdict = fits.map(|definition| {
                let what = format!("experiment in layer {}", definition.layer());
                experiments.push(definition);
                what
            });
            self.add(&path, verdict.map_err(|e| vec![e]));
        }
        experiments
    }

    /// The data products, and what rules may name of all their files: one that is wrong is there all the same.
    fn products(&mut self, experiments: &[Definition]) -> (Vec<Arc<dyn Product>>, ProductNames) {
        let (mut products, mut names) = (Vec::new(), ProductNames::default());
        let mut found = Vec::new();
        for (path, file) in self.files("products") {
            let name = path.file_stem().map(|s| s.to_string_lossy().into_owned());
            names.all.extend(name.clone());
            let raw = file.and_then(Raw::read);
            names.kinds.extend(name.map(|name| NamedProduct {
                name,
                kind: raw.as_ref().ok().map(|raw| raw.kind.clone()),
            }));
            found.push((path, raw));
        }
        for (path, raw) in found {
            let verdict = raw.and_then(|raw| {
                if products::kind(&raw.kind).is_some_and(|k| k.card().reads.contains(&"offers")) {
                    names.offers.push(raw.name.clone());
                }
                let product = {
                    let raw = raw.beside(experiments);
                    let product = raw.check()?;
                    names.check_value(&raw, product.header())?;
                    product
                };
                let what = format!("data product of kind {}", product.header().kind);
                products.push(Arc::from(product));
                Ok(what)
            });
            self.add(&path, verdict.map_err(|e| vec![e]));
        }
        (products, names)
    }

    /// The questions; the data products that they name must be there.
    fn what_ifs(&mut self, products: &ProductNames) -> Vec<WhatIf> {
        let mut what_ifs = Vec::new();
        for (path, file) in self.files("whatif") {
            let checked = file.and_then(|file| WhatIf::check(&file, &products.kinds));
            let verdict = checked.map(|what_if| {
                let what = format!("question of data product {}", what_if.file().product);
                what_ifs.push(what_if);
                what
            });
            self.add(&path, verdict.map_err(|e| vec![e]));
        }
        what_ifs
    }

    /// The jobs. Each may come after others, and none after itself.
    fn jobs(&mut self, products: &[Arc<dyn Product>], sources: &[Source]) -> Vec<Job> {
        let (mut jobs, mut files) = (Vec::new(), Vec::new());
        for (path, file) in self.files("jobs") {
            match file.and_then(|file| Ok((Job::check(&file, products, sources)?, file))) {
                Ok((job, file)) => {
                    files.push((job.name.clone(), file));
                    jobs.push(job);
                }
                Err(error) => self.add(&path, Err(vec![error])),
            }
        }
        let names: Vec<(String, String)> = jobs
            .iter()
            .map(|job| (job.name.clone(), format!("job, due {}", job.when())))
            .collect();
        let ordered = jobs::in_order(jobs);
        for ((name, file), (_, what)) in files.iter().zip(names) {
            let verdict = match &ordered {
                Err((wrong, found)) if wrong == name => {
                    let allowed = "names of other files in jobs/, none of which waits for this one";
                    Err(vec![file.refuse(&["after"], found, allowed)])
                }
                Ok(_) | Err(_) => Ok(what),
            };
            self.add(&file.file, verdict);
        }
        ordered.unwrap_or_default()
    }

    fn rules(&mut self, products: &ProductNames) -> RuleSet {
        let mut readable = Vec::new();
        for (path, file) in self.files("rules") {
            match file {
                Ok(file) => readable.push(file),
                Err(error) => self.add(&path, Err(vec![error])),
            }
        }
        let [of_all, of_offers] = [&products.all, &products.offers]
            .map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        let placements = KINDS.iter().flat_map(|k| k.card().placements).copied();
        let names = Names {
            products: &of_all,
            offers: &of_offers,
            placements: &placements.collect::<Vec<_>>(),
        };
        let (rules, wrong) = match RuleSet::check(&readable, &names) {
            Ok(rules) => (rules, Vec::new()),
            Err(wrong) => (RuleSet::default(), wrong),
        };
        for file in &readable {
            let of_file: Vec<_> = wrong
                .iter()
                .filter(|e| e.file() == file.file)
                .cloned()
                .collect();
            let verdict = if of_file.is_empty() {
                Ok("rules".to_owned())
            } else {
                Err(of_file)
            };
            self.add(&file.file, verdict);
        }
        rules
    }
}

impl Project {
    /// Opens a project folder and checks every file in it.
    ///
    /// # Errors
    /// The first [`ConfigError`] found, in the order project, sources, experiments, products, questions, rules, jobs.
    pub fn open(folder: &Path) -> Result<Self, ConfigError> {
        let checked = Self::read(folder)?;
        let first = checked.files.into_iter().find_map(|(_, v)| v.err());
        match (
            checked.project,
            first.and_then(|all| all.into_iter().next()),
        ) {
            (Some(project), _) => Ok(project),
            (None, Some(error)) => Err(error),
            (None, None) => unreachable!("a project is absent only where a file is wrong"),
        }
    }

    /// Whether a folder is a project, right or wrong.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        // What cannot be looked at is there: opening it will say why it cannot be read.
        folder.join(PROJECT_FILE).try_exists().unwrap_or(true)
    }

    /// Reads a project folder and says of every file what it is or what is wrong with it.
    ///
    /// # Errors
    /// [`ConfigError`] when there is no `comptoir.toml`: then the folder is no project.
    pub fn read(folder: &Path) -> Result<Checked, ConfigError> {
        let path = folder.join(PROJECT_FILE);
        if !Self::is_in(folder) {
            return Err(ConfigError::Unreadable {
                file: path,
                found: "there is no such file, so this folder is no project; make one with `comptoir new`".to_owned(),
            });
        }
        let mut verdicts = Verdicts {
            folder,
            files: Vec::new(),
        };
        let main = ConfigFile::read(&path).map_err(|e| vec![e]);
        let checked = main
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|main| Settings::check(main, &stems(&folder.join("products"))));
        let (mut settings, verdict) = match checked {
            Ok(settings) => (Some(settings), Ok("the project".to_owned())),
            Err(wrong) => (None, Err(wrong)),
        };
        verdicts.add(&path, verdict);
        let written = settings.as_ref().and_then(|of| of.time_zone.clone());
        let sources = verdicts.sources(written.as_ref());
        let time_zone = match written {
            Some(zone) => zone,
            None => match zone_of_sales(&sources) {
                Ok(zone) => zone,
                Err(names) => {
                    settings = None;
                    verdicts.refuse_zone(&path, &names);
                    TimeZone::UTC
                }
            },
        };
        let holdout = settings.as_ref().map(|s| s.file.holdout.clone());
        let experiments = verdicts.experiments(&holdout.unwrap_or_default());
        let (products, names) = verdicts.products(&experiments);
        if let (Ok(main), Some(settings)) = (&main, &settings)
            && names.all.len() == products.len()
        {
            let headers: Vec<&Header> = products.iter().map(|product| product.header()).collect();
            let wrong = settings.file.alerts.check_people(main, &headers);
            if !wrong.is_empty() {
                verdicts.files[0].1 = Err(wrong);
            }
        }
        let what_ifs = verdicts.what_ifs(&names);
        let rules = verdicts.rules(&names);
        let contradictions = rules.contradictions();
        let jobs = verdicts.jobs(&products, &sources);
        let good = verdicts.files.iter().all(|(_, verdict)| verdict.is_ok());
        let project = settings.filter(|_| good).map(|settings| Self {
            folder: folder.to_owned(),
            memory: settings.memory,
            body_max: settings.body_max,
            address: settings.address,
            time_zone,
            alerts: settings.alerts,
            file: settings.file,
            sources,
            experiments,
            products,
            what_ifs,
            rules: Arc::new(rules),
            jobs,
        });
        Ok(Checked {
            files: verdicts.files,
            project,
            contradictions,
        })
    }

    /// A data product by name.
    #[must_use]
    pub fn product(&self, name: &str) -> Option<&Arc<dyn Product>> {
        self.products.iter().find(|p| p.header().name == name)
    }

    /// Names of all data products.
    #[must_use]
    pub fn product_names(&self) -> Vec<&str> {
        self.products
            .iter()
            .map(|p| p.header().name.as_str())
            .collect()
    }
}

/// The time zone of the moments of sales, as their sources name it: UTC where none does; `Err` with all of several.
fn zone_of_sales(sources: &[Source]) -> Result<TimeZone, Vec<String>> {
    let of_sales = sources.iter().filter(|of| of.table().name == "sales");
    let zones: Vec<&TimeZone> = of_sales.filter_map(|of| of.zone_of("sold_at")).collect();
    match zones.split_first() {
        None => Ok(TimeZone::UTC),
        Some((first, others)) if others.iter().all(|zone| zone == first) => Ok((*first).clone()),
        Some(_) => {
            let names = zones.iter().filter_map(|zone| zone.iana_name());
            let names: BTreeSet<String> = names.map(str::to_owned).collect();
            Err(names.into_iter().collect())
        }
    }
}

/// JSON Schema of a rule file.
#[must_use]
pub fn rules_schema() -> schemars::Schema {
    schemars::schema_for!(decisions::rules::raw::RawRuleFile)
}
