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

/// Several verdicts of one call.
#[derive(Debug, thiserror::Error)]
#[error("{}", told.join("; "))]
struct Several {
    /// The worst of their exit codes.
    code: u8,
    told: Vec<String>,
}

/// All errors as one, which ends the program with the worst exit code among them.
///
/// # Errors
/// The one error, or all of them together; none where there is none.
pub(crate) fn worst(mut errors: Vec<anyhow::Error>) -> anyhow::Result<()> {
    if errors.len() > 1 {
        let told = errors.iter().map(one_line).collect();
        let code = errors.iter().map(code).max().unwrap_or(INPUT);
        return Err(Several { code, told }.into());
    }
    errors.pop().map_or(Ok(()), Err)
}

fn code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(several) = cause.downcast_ref::<Several>() {
            return several.code;
        }
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

/// An error with its causes in one line; a cause that its wrapper has already told is not told again.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !line.contains(&text) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&text);
        }
    }
    line
}

/// Tells an error with its causes, one line, on standard error.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if is_broken_pipe(error) {
        return ExitCode::SUCCESS;
    }
    let code = code(error);
    let word = if code == GATE { "refused" } else { "error" };
    tracing::debug!(?error);
    eprintln!("{word}: {}", one_line(error));
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_several_errors_gives_the_exit_code_and_all_are_told() {
        let gate = || anyhow::Error::new(Refused("no".to_owned()));
        let input = || anyhow::anyhow!("missing").context("read a.csv");
        assert!(worst(Vec::new()).is_ok());
        let one = worst(vec![gate()]).unwrap_err();
        assert_eq!((code(&one), one_line(&one).as_str()), (GATE, "no"));
        let both = worst(vec![input(), gate()]).unwrap_err();
        assert_eq!(
            (code(&both), one_line(&both).as_str()),
            (INPUT, "read a.csv: missing; no")
        );
    }
}
