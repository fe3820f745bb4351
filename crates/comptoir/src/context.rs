//! What every verb shares: global options, the project, the open workshop.

use crate::print::Format;
use crate::progress::{self, Slow};
use anyhow::Context as _;
use factory::{Project, Workshop};
use lake::LakeOptions;
use schema::Bytes;
use schema::progress::Progress;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Options that every verb takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Global {
    /// Folder of the project (the one with comptoir.toml)
    #[arg(
        long,
        global = true,
        default_value = ".",
        value_name = "DIR",
        env = "COMPTOIR_PROJECT"
    )]
    pub(crate) project: PathBuf,
    /// How results are printed
    #[arg(long, global = true, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Format,
    /// Memory that queries and training may take; overrides [engine] memory
    #[arg(long, global = true, value_name = "SIZE")]
    pub(crate) memory: Option<Bytes>,
    /// Threads; 0 takes all processors
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Seed of everything that is drawn
    #[arg(long, global = true, default_value_t = 7, value_name = "N")]
    pub(crate) seed: u64,
    /// No progress on standard error
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// End when standard input closes, and leave processors to others: how jobs are started
    #[arg(long, global = true, hide = true)]
    pub(crate) with_parent: bool,
    /// The attempt at a job that this call is
    #[arg(long, global = true, hide = true, value_name = "NAME", value_parser = attempt)]
    pub(crate) attempt: Option<String>,
    /// More about what happens on standard error; twice for still more
    #[arg(short, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// A name that goes into identifiers and queries as it is.
fn attempt(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if text.is_empty() || !text.chars().all(is_plain) {
        return Err("allowed are letters, digits and -".to_owned());
    }
    Ok(text.to_owned())
}

/// Whether standard error may be coloured: it is a terminal, and its user has not set `NO_COLOR`.
pub(crate) fn is_coloured() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Sends what the program says of itself to standard error.
pub(crate) fn start_logging(global: &Global) {
    use tracing_subscriber::EnvFilter;
    let level = match global.verbose {
        0 => "warn,delta_kernel=error,deltalake_core=error,buoyant_kernel=error",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("COMPTOIR_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A second start (in tests) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_coloured())
        .try_init();
}

/// Threads asked for, or all processors.
pub(crate) fn threads(global: &Global) -> usize {
    match global.threads {
        Some(n) if n > 0 => n,
        _ => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    }
}

/// Global options with what follows from them.
pub(crate) struct Context {
    /// The options.
    pub(crate) global: Global,
    /// Where progress goes.
    pub(crate) progress: Arc<dyn Progress>,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let progress = progress::progress(global.quiet);
        Self { global, progress }
    }

    /// Whether results are printed as JSON.
    pub(crate) fn json(&self) -> bool {
        self.global.output == Format::Json
    }

    /// Now, for everything that happens in this call.
    pub(crate) fn now() -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    /// The project of the call, every file checked.
    pub(crate) fn project(&self) -> anyhow::Result<Project> {
        self.project_in(&self.global.project)
    }

    /// The project in a folder, every file checked.
    pub(crate) fn project_in(&self, folder: &Path) -> anyhow::Result<Project> {
        let mut project = Project::open(folder)?;
        if let Some(memory) = self.global.memory {
            project.memory = memory;
        }
        if let Some(threads) = self.global.threads {
            project.file.engine.threads = threads;
        }
        Ok(project)
    }

    /// Says what is under way once it has taken a second, until the answer is dropped.
    pub(crate) fn slow(&self, what: &str) -> Slow {
        Slow::begin(&self.progress, what)
    }

    /// The project of the call with its lake and registry open; `None` where the folder is no project.
    pub(crate) async fn workshop_if_any(&self) -> anyhow::Result<Option<Workshop>> {
        if Project::is_in(&self.global.project) {
            self.workshop().await.map(Some)
        } else {
            Ok(None)
        }
    }

    /// The project of the call with its lake and registry open.
    pub(crate) async fn workshop(&self) -> anyhow::Result<Workshop> {
        self.workshop_in(&self.global.project).await
    }

    /// The project in a folder with its lake and registry open.
    pub(crate) async fn workshop_in(&self, folder: &Path) -> anyhow::Result<Workshop> {
        let project = self.project_in(folder)?;
        let threads = match project.file.engine.threads {
            0 => threads(&self.global),
            n => n,
        };
        // Training works on this pool. The first project of a process sizes it; a later one finds it built.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global();
        let options = LakeOptions {
            memory: project.memory,
            threads,
        };
        let folder = project.folder.display().to_string();
        let _opening = self.slow("open the lake and the registry");
        Workshop::open(project, &options)
            .await
            .with_context(|| format!("open the project in {folder}"))
    }
}
