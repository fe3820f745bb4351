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
