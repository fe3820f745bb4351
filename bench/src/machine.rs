//! The machine a figure was measured on.

/// Processor, cores and memory, in words.
pub(crate) fn describe() -> String {
    let read = |path: &str| fs_err::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_once(':')
            .map(|(_, value)| value.trim().to_owned())
    };
    let processor = field(&read("/proc/cpuinfo"), "model name")
        .unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = field(&read("/proc/meminfo"), "MemTotal")
        .and_then(|total| total.strip_suffix("kB")?.trim().parse::<f64>().ok())
        .map_or_else(
            || "memory unknown".to_owned(),
            |kib| format!("{:.0} GiB", kib / 1024.0 / 1024.0),
        );
    format!(
        "{cores} cores of {processor}, {memory}, {}",
        std::env::consts::OS
    )
}

/// Time of all processors since the machine started, in ticks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessorTime {
    all: u64,
    stolen: u64,
}

impl ProcessorTime {
    /// Now; `None` where the system does not say.
    pub(crate) fn now() -> Option<Self> {
        Self::of(&fs_err::read_to_string("/proc/stat").ok()?)
    }

    /// From the text of `/proc/stat`: user, nice, system, idle, waiting, interrupts (2), stolen.
    fn of(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Option<Vec<u64>> = line
            .split_whitespace()
            .take(8)
            .map(|n| n.parse().ok())
            .collect();
        let ticks = ticks?;
        Some(Self {
            all: ticks.iter().sum(),
            stolen: *ticks.get(7)?,
        })
    }

    /// Share of the time since `before` that the host of a virtual machine gave to others, in percent.
    pub(crate) fn stolen_percent_since(self, before: Self) -> f64 {
        let all = self.all.saturating_sub(before.all).max(1);
        100.0 * self.stolen.saturating_sub(before.stolen) as f64 / all as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_host_took_is_a_share_of_all_time() {
        let at = |text: &str| ProcessorTime::of(text).unwrap();
        let before = at("cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 5 0 5 40 0 0 0 0 0 0");
        let after = at("cpu  60 0 30 85 0 0 0 25 0 0\n");
        assert!((after.stolen_percent_since(before) - 25.0).abs() < 1e-9);
        assert!(ProcessorTime::of("intr 1 2").is_none());
    }
}
