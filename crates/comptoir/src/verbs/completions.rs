//! `comptoir completions`

use clap::CommandFactory;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir completions bash > ~/.local/share/bash-completion/completions/comptoir
  comptoir completions zsh > ~/.zfunc/_comptoir     with ~/.zfunc in $fpath
  comptoir completions fish > ~/.config/fish/completions/comptoir.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Completions {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut command = crate::verbs::Arguments::command();
        clap_complete::generate(self.shell, &mut command, "comptoir", &mut std::io::stdout());
        Ok(())
    }
}
