//! `comptoir serve`

use crate::context::Context;
use crate::print;
use factory::Workshop;
use server::ServeOptions;
use std::net::SocketAddr;

/// Serve the API and the console
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir serve
  comptoir serve --address 127.0.0.1:0     any free port; the address is printed
  curl -s localhost:7878/v1/products/for-you/decide -H 'content-type: application/json' -d '{\"customer_id\": \"17850\"}'

Ctrl-C or SIGTERM stops: requests in flight are answered, decisions reach the lake.")]
pub(crate) struct Serve {
    /// Address to listen at; overrides [server] address
    #[arg(long, value_name = "ADDRESS")]
    address: Option<SocketAddr>,
}

impl Serve {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        serve(context, workshop, self.address).await
    }
}

/// Completes when the process is asked to stop.
async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}

/// Serves until the process is asked to stop.
pub(crate) async fn serve(
    context: &Context,
    workshop: Workshop,
    address: Option<SocketAddr>,
) -> anyhow::Result<()> {
    let json = context.json();
    let ready = move |bound: SocketAddr| {
        let told = if json {
            print::json(&serde_json::json!({ "address": format!("http://{bound}") }))
        } else {
            print::line(format!(
                "console  http://{bound}/\nAPI      http://{bound}/openapi.json\nmetrics  http://{bound}/metrics"
            ))
        };
        // A closed standard output does not stop a server.
        let _ = told;
    };
    server::serve(workshop, ServeOptions { address }, ready, stop()).await?;
    Ok(())
}
