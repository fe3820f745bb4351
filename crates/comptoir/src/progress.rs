//! Progress on standard error: bars with the time left on a terminal, plain lines elsewhere.

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use schema::progress::Progress;
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
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
    fn end(&self) {}
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

    fn end(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.end();
    }
}

/// Progress as fits the terminal; nothing at all when asked to be quiet. Bars have no colour.
pub(crate) fn progress(quiet: bool) -> Arc<dyn Progress> {
    if quiet {
        Arc::new(schema::progress::Silent)
    } else if ProgressDrawTarget::stderr().is_hidden() {
        // No terminal, or one that cannot move its cursor.
        Arc::new(Lines)
    } else {
        Arc::new(Bars(Mutex::new(None)))
    }
}

/// Work that is told of only once it has taken a second; what was told goes away when this is dropped.
pub(crate) struct Slow {
    progress: Arc<dyn Progress>,
    /// Dropped, it wakes the thread that waits to tell.
    done: Option<Sender<()>>,
    telling: Option<JoinHandle<()>>,
}

impl Slow {
    /// Begins the work. A thread tells of it, since work may keep every thread of the runtime busy.
    pub(crate) fn begin(progress: &Arc<dyn Progress>, what: &str) -> Self {
        const UNTOLD: Duration = Duration::from_secs(1);
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let (teller, what) = (Arc::clone(progress), what.to_owned());
        let tell = move || {
            if is_done.recv_timeout(UNTOLD) == Err(RecvTimeoutError::Timeout) {
                teller.stage(&what, 0);
            }
        };
        Self {
            progress: Arc::clone(progress),
            done: Some(done),
            // Where there is no thread to be had, the work is done in silence.
            telling: std::thread::Builder::new().spawn(tell).ok(),
        }
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        drop(self.done.take());
        let _ = self.telling.take().map(JoinHandle::join);
        self.progress.end();
    }
}
