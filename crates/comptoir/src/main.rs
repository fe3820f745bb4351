//! `comptoir`: the command line. One verb, one file in `verbs/`.

mod context;
mod exit;
mod parent;
mod print;
mod progress;
mod verbs;
mod workers;

use clap::Parser;
use std::process::ExitCode;

/// A decision makes and drops hundreds of small values on several threads at once; the allocator of the C library
/// takes a fifth of the time for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = verbs::Arguments::parse();
    context::start_logging(&arguments.global);
    if arguments.global.with_parent {
        parent::end_with_parent();
    }
    let threads = context::threads(&arguments.global).max(2);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(threads).enable_all();
    if matches!(arguments.verb, verbs::Verb::Serve(_)) {
        workers::keep_apart(&mut runtime, threads);
    }
    let done = match runtime.build() {
        Ok(runtime) => runtime.block_on(verbs::run(arguments)),
        Err(error) => Err(anyhow::Error::new(error).context("start the runtime")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error),
    }
}
