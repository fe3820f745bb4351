//! Progress on standard error: bars with the time left on a terminal, plain lines elsewhere.

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use schema::progress::Progress;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

#[derive(Debug)]
struct Bars(Mutex<Option<ProgressBar>>);

/// One line per stage, for logs and pipes.
#[derive(Debug)]
struct Lines;

impl Progress for Lines {
    fn stage(&self, what: &str, _: u64) {
        eprintln!("{what}");
    }
    fn stage_of_time(&self, what: &str, _: Option<Duration>) {
        eprintln!("{what}");
    }
    fn advance(&self, _: u64) {}
    fn note(&self, line: &str) {
        eprintln!("{line}");
    }
}

impl Bars {
    fn show(&self, what: &str, new: ProgressBar, style: ProgressStyle) {
        let mut bar = self.bar();
        if let Some(old) = bar.take() {
            old.finish_and_clear();
        }
        new.set_draw_target(ProgressDrawTarget::stderr());
        new.set_style(style);
        new.set_message(what.to_owned());
        new.enable_steady_tick(Duration::from_millis(200));
        *bar = Some(new);
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(units: u64) -> ProgressStyle {
    let template = if units > 0 {
        "{spinner} {msg} [{bar:30}] {percent}% {elapsed} ({eta} left)"
    } else {
        "{spinner} {msg} {elapsed}"
    };
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

impl Progress for Bars {
    fn stage(&self, what: &str, units: u64) {
        let new = if units > 0 {
            ProgressBar::new(units)
        } else {
            ProgressBar::new_spinner()
        };
        self.show(what, new, style(units));
    }

    fn stage_of_time(&self, what: &str, expected: Option<Duration>) {
        let Some(expected) = expected else {
            return self.stage(what, 0);
        };
        let left = move |state: &ProgressState, to: &mut dyn std::fmt::Write| {
            let left = expected.saturating_sub(state.elapsed());
            // Where the terminal does not take it, nothing is lost.
            let _ = write!(to, "{}", HumanDuration(left));
        };
        let template = "{spinner} {msg} {elapsed} (about {left} left, as in the last run)";
        let style = ProgressStyle::with_template(template)
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .with_key("left", left);
        self.show(what, ProgressBar::new_spinner(), style);
    }

    fn advance(&self, units: u64) {
        if let Some(bar) = self.bar().as_ref() {
            bar.inc(units);
        }
    }

    fn note(&self, line: &str) {
        match self.bar().as_ref() {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }
}

/// Progress as fits the terminal; nothing at all when asked to be quiet.
pub(crate) fn progress(quiet: bool) -> Arc<dyn Progress> {
    if quiet {
        Arc::new(schema::progress::Silent)
    } else if crate::context::is_coloured() {
        Arc::new(Bars(Mutex::new(None)))
    } else {
        Arc::new(Lines)
    }
}
