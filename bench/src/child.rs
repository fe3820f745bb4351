//! Time and peak memory of a child process, from `/proc` and without foreign code.

use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::Context;

/// What a child process used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChildUse {
    /// From start to end, seconds.
    pub(crate) seconds: f64,
    /// Largest resident memory seen, bytes; absent where the system does not say or the child was too quick.
    pub(crate) peak_memory_bytes: Option<u64>,
    /// How it ended.
    pub(crate) status: ExitStatus,
}

/// Shortest time between two looks at the child. The kernel keeps the peak itself, so only growth within the last one
/// is missed.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Share of the child's time between two looks: looking at a build of minutes must not take a part of its processors.
const LOOK_SHARE: u32 = 1000;

/// Runs a command to its end and measures it.
///
/// # Errors
/// When the command cannot be started or waited for.
pub(crate) fn measure(command: &mut Command) -> anyhow::Result<ChildUse> {
    let began = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("start {command:?}"))?;
    let mut peak_memory_bytes = None;
    loop {
        peak_memory_bytes = peak_memory_bytes.max(peak_memory(&child));
        if let Some(status) = child.try_wait().context("wait for the child process")? {
            return Ok(ChildUse {
                seconds: began.elapsed().as_secs_f64(),
                peak_memory_bytes,
                status,
            });
        }
        std::thread::sleep(LOOK_EVERY.max(began.elapsed() / LOOK_SHARE));
    }
}

/// Largest resident memory of a child so far, bytes: for processes that the case starts and ends itself.
pub(crate) fn peak_memory(child: &Child) -> Option<u64> {
    memory(&child.id().to_string(), "VmHWM:")
}

/// Resident memory of a child now, bytes.
pub(crate) fn resident_memory(child: &Child) -> Option<u64> {
    memory(&child.id().to_string(), "VmRSS:")
}

/// Largest resident memory of this process so far, bytes.
pub(crate) fn own_peak_memory() -> Option<u64> {
    memory("self", "VmHWM:")
}

/// Time of processors that this process and its threads have taken so far, in steps of 10 ms.
///
/// # Errors
/// When the system does not say.
pub(crate) fn processor_seconds() -> anyhow::Result<f64> {
    processor_seconds_of("self")
}

/// Time of processors that a child and its threads have taken so far, in steps of 10 ms.
///
/// # Errors
/// When the system does not say.
pub(crate) fn child_processor_seconds(child: &Child) -> anyhow::Result<f64> {
    processor_seconds_of(&child.id().to_string())
}

fn processor_seconds_of(process: &str) -> anyhow::Result<f64> {
    // Linux counts in hundredths for every program, whatever its own clock is.
    const TICKS: f64 = 100.0;
    let stat = fs_err::read_to_string(format!("/proc/{process}/stat"))?;
    // Behind the name, which may hold spaces: user and system time are the 12th and 13th.
    let (_, fields) = stat
        .rsplit_once(')')
        .with_context(|| format!("no name in /proc/{process}/stat"))?;
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: Vec<f64> = times.map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

fn memory(process: &str, what: &str) -> Option<u64> {
    let status = fs_err::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_timed_and_its_memory_seen() {
        let used = measure(Command::new("sleep").arg("0.05")).unwrap();
        assert!(used.status.success());
        assert!(used.seconds >= 0.05, "{used:?}");
        if cfg!(target_os = "linux") {
            assert!(
                used.peak_memory_bytes.is_some_and(|bytes| bytes > 100_000),
                "{used:?}"
            );
            assert!(own_peak_memory().is_some_and(|bytes| bytes > 1_000_000));
        }
    }

    #[test]
    fn a_command_that_does_not_exist_is_named() {
        let error = measure(&mut Command::new("no-such-command-here")).unwrap_err();
        assert!(format!("{error:#}").contains("no-such-command-here"));
    }
}
