//! `comptoir plan`

use crate::context::Context;
use crate::print::{self, Table};
use crate::verbs::run::chosen;
use ::products::Size;
use schema::AsOf;

/// Say what training would read and need, and whether it fits, without starting it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir plan                            all products, as of the day after the last sale
  comptoir plan for-you --memory 512MiB    whether one product fits into less memory
  comptoir plan --as-of 2011-09-01         as if that day and all later ones were not known yet

Exit code 3: at least one product needs more memory than the budget.")]
pub(crate) struct Plan {
    /// Data products; all where absent
    products: Vec<String>,
    /// The first day that must not be known; the day after the last sale where absent
    #[arg(long, value_name = "DATE")]
    as_of: Option<jiff::civil::Date>,
}

impl Plan {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        let products = chosen(&workshop.project, &self.products)?;
        let (history, inputs) = workshop
            .history(self.as_of.map(AsOf), context.progress.as_ref())
            .await?;
        context.progress.end();
        let size = Size::of(&history);
        let budget = workshop.project.memory;
        let mut refused = None;
        let mut lines = Vec::new();
        for product in &products {
            let needed = product.memory_needed(&size);
            if let Err(error) = workshop.within_budget(product.as_ref(), &size) {
                refused = refused.or(Some(error));
            }
            lines.push((product.header().clone(), needed));
        }
        if context.json() {
            let list: Vec<_> = lines
                .iter()
                .map(|(h, needed)| serde_json::json!({ "product": h.name, "kind": h.kind, "memory_bytes": needed.0, "fits": *needed <= budget }))
                .collect();
            print::json(&serde_json::json!({
                "as_of": history.as_of(), "size": size, "inputs": inputs, "budget_bytes": budget.0, "products": list,
            }))?;
        } else {
            print::line(format!(
                "as of {}: {} customers, {} products, {} lines of sales over {} days, {} draws of trials; memory budget {budget}\n",
                history.as_of(),
                size.customers,
                size.products,
                size.sales,
                history.days(),
                size.draws
            ))?;
            let mut table = Table::new(["product", "kind", "memory up to", "fits"]);
            for (h, needed) in &lines {
                let fits = if *needed <= budget { "yes" } else { "no" };
                table.row([
                    h.name.clone(),
                    h.kind.clone(),
                    needed.to_string(),
                    fits.to_owned(),
                ]);
            }
            table.print()?;
        }
        refused.map_or(Ok(()), |error| Err(error.into()))
    }
}
