//! A project: a folder with `comptoir.toml`, `sources/`, `products/` and `rules/`, all read strictly.

use decisions::RuleSet;
use jiff::tz::TimeZone;
use products::{Product, Raw};
use schema::config::ConfigFile;
use schema::{Bytes, ConfigError};
use schemars::JsonSchema;
use serde::Deserialize;
use sources::Source;
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
    /// IANA name of the time zone of the shop's clocks, such as `Europe/Paris`: by them rules hold at an hour or on a day.
    pub time_zone: String,
    /// The SQL engine.
    pub engine: EngineFile,
    /// The HTTP server.
    pub server: ServerFile,
    /// Customers who always get the baseline, so that the worth of all decisions can be measured.
    pub holdout: HoldoutFile,
}

impl Default for ProjectFile {
    fn default() -> Self {
        Self {
            name: "shop".to_owned(),
            lake: "lake".to_owned(),
            registry: "registry.sqlite".to_owned(),
            time_zone: "UTC".to_owned(),
            engine: EngineFile::default(),
            server: ServerFile::default(),
            holdout: HoldoutFile::default(),
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
}

impl Default for ServerFile {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:7878".to_owned(),
            anonymous: true,
            body_max: "1MiB".to_owned(),
            batch_max: 1_000,
            requests_per_second_max: 0,
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
    /// Sources, by file name.
    pub sources: Vec<Source>,
    /// Data products, by name.
    pub products: Vec<Arc<dyn Product>>,
    /// Expert rules of all files.
    pub rules: Arc<RuleSet>,
}

impl std::fmt::Debug for Project {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Project")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// The name of the file that makes a folder a project.
pub const PROJECT_FILE: &str = "comptoir.toml";

/// The TOML files of a folder, by name; none where the folder is missing.
fn files(folder: &Path) -> Result<Vec<ConfigFile>, ConfigError> {
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
    paths.iter().map(|p| ConfigFile::read(p)).collect()
}

/// Every file of a project with its own verdict, so that `check` can list all errors at once.
#[derive(Debug)]
pub struct Checked {
    /// File, relative to the project, and what it is or what is wrong with it.
    pub files: Vec<(PathBuf, Result<String, ConfigError>)>,
}

impl Project {
    /// Opens a project folder and checks every file in it.
    ///
    /// # Errors
    /// The first [`ConfigError`] found, in the order project, sources, products, rules.
    pub fn open(folder: &Path) -> Result<Self, ConfigError> {
        let (project, checked) = Self::read(folder)?;
        match checked
            .files
            .into_iter()
            .find_map(|(_, verdict)| verdict.err())
        {
            Some(error) => Err(error),
            None => Ok(project),
        }
    }

    /// Opens a project folder and says of every file what it is or what is wrong with it.
    ///
    /// # Errors
    /// [`ConfigError`] when `comptoir.toml` itself cannot be read.
    pub fn read(folder: &Path) -> Result<(Self, Checked), ConfigError> {
        let path = folder.join(PROJECT_FILE);
        if !path.is_file() {
            return Err(ConfigError::Unreadable {
                file: path,
                found: "there is no such file, so this folder is no project; make one with `comptoir new`".to_owned(),
            });
        }
        let main = ConfigFile::read(&path)?;
        let mut project = Self::from_file(folder, &main)?;
        let mut verdicts = vec![(PathBuf::from(PROJECT_FILE), Ok("the project".to_owned()))];
        let relative = |f: &ConfigFile| f.file.strip_prefix(folder).unwrap_or(&f.file).to_owned();
        for file in files(&folder.join("sources"))? {
            let verdict = Source::check(&file).map(|source| {
                let what = format!("source of table {}", source.table().name);
                project.sources.push(source);
                what
            });
            verdicts.push((relative(&file), verdict));
        }
        for file in files(&folder.join("products"))? {
            let name = relative(&file);
            let verdict = Raw::read(file).and_then(|raw| {
                let product = raw.check()?;
                let what = format!("data product of kind {}", product.header().kind);
                project.products.push(Arc::from(product));
                Ok(what)
            });
            verdicts.push((name, verdict));
        }
        let rules = files(&folder.join("rules"))?;
        match RuleSet::check(&rules) {
            Ok(set) => {
                project.rules = Arc::new(set);
                verdicts.extend(rules.iter().map(|f| (relative(f), Ok("rules".to_owned()))));
            }
            Err(error) => verdicts.push((PathBuf::from("rules"), Err(error))),
        }
        Ok((project, Checked { files: verdicts }))
    }

    fn from_file(folder: &Path, main: &ConfigFile) -> Result<Self, ConfigError> {
        let file: ProjectFile = main.parse()?;
        let time_zone = TimeZone::get(&file.time_zone).map_err(|_| {
            main.refuse(
                &["time_zone"],
                format!("{:?}", file.time_zone),
                "an IANA time zone such as \"Europe/Paris\"",
            )
        })?;
        let memory: Bytes = file.engine.memory.parse().map_err(|_| {
            main.refuse(
                &["engine", "memory"],
                &file.engine.memory,
                "a size such as 512MiB or 8GiB",
            )
        })?;
        let body_max: Bytes = file.server.body_max.parse().map_err(|_| {
            main.refuse(
                &["server", "body_max"],
                &file.server.body_max,
                "a size such as 1MiB",
            )
        })?;
        let address: std::net::SocketAddr = file.server.address.parse().map_err(|_| {
            main.refuse(
                &["server", "address"],
                &file.server.address,
                "an address with a port such as 127.0.0.1:7878",
            )
        })?;
        if file.server.anonymous && !address.ip().is_loopback() {
            return Err(main.refuse(
                &["server", "anonymous"],
                true,
                format!(
                    "false while the server listens at {address}, which is no loopback address"
                ),
            ));
        }
        if !(0.0..=0.5).contains(&file.holdout.share) {
            return Err(main.refuse(&["holdout", "share"], file.holdout.share, "0 to 0.5"));
        }
        if !(1..=100_000).contains(&file.server.batch_max) {
            return Err(main.refuse(
                &["server", "batch_max"],
                file.server.batch_max,
                "1 to 100000",
            ));
        }
        Ok(Self {
            folder: folder.to_owned(),
            memory,
            body_max,
            address,
            time_zone,
            file,
            sources: Vec::new(),
            products: Vec::new(),
            rules: Arc::new(RuleSet::default()),
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

/// JSON Schema of a rule file.
#[must_use]
pub fn rules_schema() -> schemars::Schema {
    schemars::schema_for!(decisions::rules::raw::RawRuleFile)
}
