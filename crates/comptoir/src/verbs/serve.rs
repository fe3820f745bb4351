//! `comptoir serve`

use crate::context::Context;
use crate::print;
use crate::verbs::work::{beside, program};
use factory::Workshop;
use factory::jobs::WorkOptions;
use server::ServeOptions;
use std::net::SocketAddr;

/// Serve the API and the console
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir serve
  comptoir serve --address 127.0.0.1:0     any free port; the address is printed
  curl -s localhost:7878/v1/products/for-you/decide -H 'content-type: application/json' -d '{\"customer_id\": \"17850\"}'

To answer other machines, set [server] address and anonymous = false in comptoir.toml, and create
keys (comptoir key).
The jobs of jobs/ are done at their times too, in processes of their own that leave processors to
answers, and versions are taken back or let answer as [retraining] of product files says; of several
servers on one registry one does that.
Ctrl-C or SIGTERM stops: requests in flight are answered, decisions reach the lake.")]
pub(crate) struct Serve {
    /// Address to listen at; overrides [server] address
    #[arg(long, value_name = "ADDRESS")]
    address: Option<SocketAddr>,
    /// Leave the jobs of jobs/ to other processes (comptoir work)
    #[arg(long)]
    no_jobs: bool,
}

impl Serve {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let json = context.json();
        let jobs = if self.no_jobs || !workshop.works_by_itself() {
            None
        } else {
            let options = WorkOptions {
                program: program()?,
                once: false,
            };
            let (no_more, enough) = tokio::sync::oneshot::channel::<()>();
            let enough = async {
                let _ = enough.await;
            };
            let working = tokio::spawn(beside(workshop.clone(), options, enough));
            Some((no_more, working))
        };
        let served = serve(context, workshop, self.address, move |address| {
            if json {
                print::json(&serde_json::json!({ "address": address }))
            } else {
                tell(address)
            }
        })
        .await;
        if let Some((no_more, working)) = jobs {
            drop(no_more);
            let _ = working.await;
        }
        served
    }
}

/// Completes when the process is asked to stop. Being asked is noticed from the call on: a server that has just said its
/// address stops in good order too.
pub(crate) fn stop() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    async fn received(signal: std::io::Result<tokio::signal::unix::Signal>) {
        match signal {
            Ok(mut signal) => {
                signal.recv().await;
            }
            // What cannot be listened to stops the process by itself.
            Err(_) => std::future::pending().await,
        }
    }
    let (interrupt, terminate) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    async move {
        tokio::select! {
            () = received(interrupt) => {}
            () = received(terminate) => {}
        }
    }
}

/// Says where everything is.
pub(crate) fn tell(address: &str) -> anyhow::Result<()> {
    print::line(format!(
        "console  {address}/\nAPI      {address}/openapi.json\nmetrics  {address}/metrics"
    ))
}

/// Serves until the process is asked to stop.
///
/// - `ready` is told `http://` and the address once requests are answered there.
pub(crate) async fn serve(
    context: &Context,
    workshop: Workshop,
    address: Option<SocketAddr>,
    ready: impl FnOnce(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let starting = context.slow("load the shop and the champions");
    let ready = move |bound: SocketAddr| {
        drop(starting);
        // A closed standard output does not stop a server.
        let _ = ready(&format!("http://{bound}"));
    };
    server::serve(workshop, ServeOptions { address }, ready, stop()).await?;
    Ok(())
}
