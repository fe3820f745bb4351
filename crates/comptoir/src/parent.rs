//! A process that another one started ends with it.

use std::io::Read;

/// Five steps of niceness leave three quarters of a contested processor to whoever answers.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 5;

/// Ends this process once its standard input closes, and lets others go first where processors are short.
///
/// The other end of the pipe is the parent's alone: it closes however that ends, `kill -9` included.
pub(crate) fn end_with_parent() {
    // Threads take over the priority of the one that starts them: this is before any other.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!(%error, "the job is done at the priority of answers");
    }
    let wait = || {
        let mut input = std::io::stdin().lock();
        let mut nothing = [0; 64];
        while matches!(input.read(&mut nothing), Ok(1..)) {}
        eprintln!("error: the process that started this job is gone");
        std::process::exit(i32::from(crate::exit::INPUT));
    };
    let thread = std::thread::Builder::new().name("parent".to_owned());
    if let Err(error) = thread.spawn(wait) {
        tracing::warn!(%error, "the job goes on if the process that started it ends");
    }
}
