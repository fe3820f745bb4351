//! `comptoir new`

use crate::context::Context;
use crate::print;
use crate::verbs::demo;
use anyhow::{Context as _, bail};
use clap::builder::PossibleValuesParser;
use factory::Project;
use include_dir::{Dir, include_dir};
use sources::Source;
use std::path::{Path, PathBuf};

/// The example shops, as they lie in the repository.
static EXAMPLES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../examples");

/// Make a project folder from an example shop
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir new shop                       the smallest project: one source, a small file to try it
  comptoir new shop --shop marketplace    the shop of `comptoir demo`, without its data
  comptoir new shop --shop grocery        personal promotions under a budget, for `comptoir demo --dir shop`
  comptoir new shop --shop flash-sales    launches and what merchants expect of them, for the same
  comptoir new shop --shop boutique       stores that run out of stock, for the same

The shops car-parts, cdnow, hillstrom, rossmann, walmart and wholesaler read real data from the folder that COMPTOIR_DATA names.
An existing file is never overwritten.")]
pub(crate) struct New {
    /// The folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The example shop to start from
    #[arg(long, value_name = "NAME", default_value = "starter", value_parser = PossibleValuesParser::new(names()))]
    shop: String,
}

/// Names of the example shops.
fn names() -> Vec<&'static str> {
    let name = |d: &'static Dir<'static>| d.path().file_name().and_then(|n| n.to_str());
    let mut names: Vec<_> = EXAMPLES.dirs().filter_map(name).collect();
    names.sort_unstable();
    names
}

fn write(
    dir: &Dir<'_>,
    root: &Path,
    folder: &Path,
    written: &mut Vec<PathBuf>,
) -> anyhow::Result<()> {
    for file in dir.files() {
        let relative = file.path().strip_prefix(root).unwrap_or(file.path());
        let target = folder.join(relative);
        if target.exists() {
            bail!("{} exists already; choose another folder", target.display());
        }
        if let Some(parent) = target.parent() {
            fs_err::create_dir_all(parent)?;
        }
        fs_err::write(&target, file.contents())?;
        written.push(target);
    }
    dir.dirs()
        .try_for_each(|sub| write(sub, root, folder, written))
}

/// Writes an example shop into a folder and returns the files written.
pub(crate) fn write_example(shop: &str, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let Some(dir) = EXAMPLES.get_dir(shop) else {
        bail!(
            "there is no example shop {shop:?}, allowed is {}",
            names().join(", ")
        );
    };
    let mut written = Vec::new();
    write(dir, Path::new(shop), folder, &mut written)
        .with_context(|| format!("make {}", folder.display()))?;
    written.sort();
    Ok(written)
}

impl New {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<()> {
        let written = write_example(&self.shop, &self.folder)?;
        let missing = missing(&self.folder);
        if context.json() {
            return print::json(&serde_json::json!({
                "folder": self.folder, "shop": self.shop, "files": written, "missing": missing,
            }));
        }
        for file in &written {
            print::line(file.display())?;
        }
        let folder = self.folder.display();
        let next = "comptoir import && comptoir run && comptoir serve";
        if missing.is_empty() {
            return print::line(format!("\nnext: cd {folder} && comptoir check && {next}"));
        }
        print::line("\nThe files that its sources read are not there yet:")?;
        for line in &missing {
            print::line(format!("  {line}"))?;
        }
        if demo::SHOPS.contains(&self.shop.as_str()) {
            print::line(format!(
                "\nnext: comptoir demo --dir {folder}    simulates them and does the rest"
            ))?;
        }
        print::line(format!(
            "\nwith files of your own: cd {folder}, adapt sources/, then comptoir check && {next}"
        ))
    }
}

/// What the sources of a new project do not find, each in a sentence.
fn missing(folder: &Path) -> Vec<String> {
    // In a folder where something was before, something else may be wrong; `check` says so.
    let Ok(project) = Project::open(folder) else {
        return Vec::new();
    };
    let files = |s: &Source| s.files(folder, &|name| std::env::var(name).ok());
    let unfound = project.sources.iter().filter_map(|s| files(s).err());
    unfound.map(|e| factory::run::one_line(&e)).collect()
}
