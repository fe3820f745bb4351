//! `comptoir new`

use crate::context::Context;
use crate::print;
use anyhow::{Context as _, bail};
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

/// The example shops, as they lie in the repository.
static EXAMPLES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../examples");

/// Make a project folder from an example shop
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir new shop                       the smallest project: one source to adapt
  comptoir new shop --shop marketplace    the shop of `comptoir demo`, without its data

An existing file is never overwritten.")]
pub(crate) struct New {
    /// The folder to make
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The example shop to start from
    #[arg(long, value_name = "NAME", default_value = "starter")]
    shop: String,
}

/// Names of the example shops.
fn names() -> Vec<String> {
    let mut names: Vec<_> = EXAMPLES
        .dirs()
        .map(|d| {
            d.path()
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default()
        })
        .collect();
    names.sort();
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
        if context.json() {
            return print::json(
                &serde_json::json!({ "folder": self.folder, "shop": self.shop, "files": written }),
            );
        }
        for file in &written {
            print::line(file.display())?;
        }
        print::line(format!(
            "\nnext: cd {} && comptoir check && comptoir import && comptoir run && comptoir serve",
            self.folder.display()
        ))
    }
}
