//! Exit codes, and how an error is told.

use lake::LakeError;
use std::process::ExitCode;

/// A check or a gate said no.
pub(crate) const GATE: u8 = 1;
/// Wrong use or bad input.
pub(crate) const INPUT: u8 = 2;
/// Refused for memory or another budget.
pub(crate) const BUDGET: u8 = 3;

/// A verdict that is no error of the program: what was asked was done, and the answer is no.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(pub(crate) String);

fn code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if cause.downcast_ref::<Refused>().is_some() {
            return GATE;
        }
        if let Some(LakeError::OverBudget { .. }) = cause.downcast_ref::<LakeError>() {
            return BUDGET;
        }
        let import = cause.downcast_ref::<factory::import::ImportError>();
        if import.is_some_and(|e| e.blame() == factory::import::Blame::Budget) {
            return BUDGET;
        }
        if let Some(factory::RunError::OverBudget { .. }) =
            cause.downcast_ref::<factory::RunError>()
        {
            return BUDGET;
        }
    }
    INPUT
}

/// A reader that went away (`comptoir tables | head`) is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|c| c.downcast_ref::<std::io::Error>())
        .any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Tells an error with its causes, one line, on standard error.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let code = code(error);
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // A cause that its wrapper has already told is not told again.
        if !line.contains(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    let word = if code == GATE { "refused" } else { "error" };
    tracing::debug!(?error);
    eprintln!("{word}: {line}");
    ExitCode::from(code)
}
