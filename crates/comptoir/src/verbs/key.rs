//! `comptoir key`

use crate::context::Context;
use crate::print::{self, Table};
use anyhow::bail;
use std::collections::BTreeSet;
use std::io::Read;

/// Create, list and revoke API keys
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir key create \"web shop\" --scope decide --scope ingest
  comptoir key list
  comptoir key revoke 3

Scopes: read (pages and figures), decide, ingest (events), order (what people make of
proposed orders), promote (which version answers), admin (all).
A key is shown once; only its hash is stored.
Requests need a key once [server] anonymous in comptoir.toml is false.")]
pub(crate) struct Key {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Create a key and print it once
    #[command(after_help = "Examples:
  comptoir key create \"web shop\" --scope decide --scope ingest
  curl -s localhost:7878/v1/products -H \"authorization: Bearer $KEY\"    with a key that may read")]
    Create {
        /// Who uses it
        name: String,
        /// What it may do: read, decide, ingest, order, promote, admin
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
    },
    /// List keys, without their secrets
    #[command(after_help = "Example:
  comptoir key list")]
    List,
    /// Revoke a key
    #[command(after_help = "Example:
  comptoir key revoke 3    the number that `comptoir key list` shows")]
    Revoke {
        /// Number of the key
        id: u32,
    },
}

/// What a key may be allowed.
const SCOPES: [&str; 6] = ["read", "decide", "ingest", "order", "promote", "admin"];

impl Key {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        match self.action {
            Action::Create { name, scopes } => {
                if let Some(wrong) = scopes.iter().find(|s| !SCOPES.contains(&s.as_str())) {
                    bail!("--scope is {wrong:?}, allowed is {}", SCOPES.join(", "));
                }
                let mut secret = [0u8; 32];
                fs_err::File::open("/dev/urandom")?.read_exact(&mut secret)?;
                let scopes: BTreeSet<String> = scopes.into_iter().collect();
                let key = workshop
                    .registry
                    .create_key(&name, &scopes, secret, Context::now())
                    .await?;
                if context.json() {
                    return print::json(
                        &serde_json::json!({ "key": key.plaintext, "record": key.record }),
                    );
                }
                print::line(format!(
                    "{}\nkey {} of {name:?}; it is not shown again",
                    key.plaintext, key.record.id
                ))
            }
            Action::List => {
                let keys = workshop.registry.keys().await?;
                if context.json() {
                    return print::json(&keys);
                }
                let mut table = Table::new(["key", "name", "scopes", "created", "revoked"]);
                for k in keys {
                    let day = |t: jiff::Timestamp| t.strftime("%Y-%m-%d").to_string();
                    let scopes: Vec<_> = k.scopes.iter().cloned().collect();
                    table.row([
                        k.id.to_string(),
                        k.name,
                        scopes.join(", "),
                        day(k.created_at),
                        k.revoked_at.map_or_else(String::new, day),
                    ]);
                }
                table.print()
            }
            Action::Revoke { id } => {
                workshop.registry.revoke_key(id, Context::now()).await?;
                if context.json() {
                    let keys = workshop.registry.keys().await?;
                    return print::json(&keys.iter().find(|k| k.id == id));
                }
                print::line(format!("key {id} is revoked"))
            }
        }
    }
}
