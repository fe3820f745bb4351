//! A clock that can be set while a program runs: tests and benchmarks move the time of day of the real program, and of
//! it alone.

use std::io::{Error, Result, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The time of day of the programs that are started on it.
#[derive(Debug)]
pub(crate) struct Clock {
    library: PathBuf,
    ahead: PathBuf,
}

/// In seconds.
const HOUR: i64 = 3_600;

impl Clock {
    /// The machine's time, until it is set. `None` where there is no Linux, or no C compiler to build the library with.
    ///
    /// - `folder`: where library and setting are kept.
    pub(crate) fn new(folder: &Path) -> Result<Option<Self>> {
        let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
        std::fs::write(&source, include_str!("clock.c"))?;
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let built = Command::new(compiler)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .stderr(Stdio::null())
            .status();
        if !cfg!(target_os = "linux") || !built.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let clock = Self {
            library,
            ahead: folder.join("clock"),
        };
        // That programs live by it is proved on one that says the time.
        std::fs::write(&clock.ahead, HOUR.to_ne_bytes())?;
        let is_ahead = (clock.shown()? - HOUR).abs() < 10;
        clock.set(0)?;
        Ok(is_ahead.then_some(clock))
    }

    /// Sets it so many seconds before (below 0) or ahead of the machine's.
    pub(crate) fn set(&self, seconds: i64) -> Result<()> {
        // In place: programs under way read these very bytes.
        let mut file = std::fs::OpenOptions::new().write(true).open(&self.ahead)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&seconds.to_ne_bytes())
    }

    /// A program that lives by this clock.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env("LD_PRELOAD", &self.library)
            .env("COMPTOIR_TEST_CLOCK", &self.ahead);
        command
    }

    /// What a program says of the time of day, in seconds beside the machine's.
    fn shown(&self) -> Result<i64> {
        let seconds = |command: &mut Command| {
            let told = command.arg("+%s").output()?;
            let told = String::from_utf8_lossy(&told.stdout).trim().to_owned();
            told.parse::<i64>().map_err(Error::other)
        };
        Ok(seconds(&mut self.command("date"))? - seconds(&mut Command::new("date"))?)
    }
}
