//! `comptoir query`

use crate::context::Context;
use crate::print;
use anyhow::Context as _;
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use futures::TryStreamExt;
use std::io::Write;

/// Ask the lake in SQL (read only)
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir query \"SELECT country, COUNT(*) FROM customers GROUP BY country ORDER BY 2 DESC\"
  comptoir query \"SELECT rule, COUNT(*) FROM quarantine GROUP BY rule\" --output json
  comptoir query \"SELECT product, state, duration_ms FROM runs\"

Tables: all shared tables (comptoir tables), quarantine, imports, refused_imports, decisions, runs.
The SQL is DataFusion's.
With --output json every row is one line, and every line has every column.
Exit code 3: the query does not fit into --memory even with spilling to disk.")]
pub(crate) struct Query {
    /// The query
    sql: String,
}

impl Query {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        workshop.add_views().await?;
        let running = context.slow("run the query");
        let mut rows = workshop.lake.stream(&self.sql).await?;
        if context.json() {
            // One JSON object a line, as they come: a result of any size fits. Every row has every key.
            let mut writer = WriterBuilder::new()
                .with_explicit_nulls(true)
                .build::<_, LineDelimited>(std::io::stdout().lock());
            let mut running = Some(running);
            while let Some(batch) = rows
                .try_next()
                .await
                .map_err(|e| workshop.lake.sql_error(e))?
            {
                // The first rows say themselves that the query runs.
                drop(running.take());
                writer.write(&batch).context("print the rows")?;
            }
            return writer.finish().context("print the rows");
        }
        /// More rows than this are counted, not printed: nobody reads them on a screen.
        const ROWS_SHOWN: usize = 1_000;
        let (mut shown, mut total) = (Vec::new(), 0);
        let schema = rows.schema();
        while let Some(batch) = rows
            .try_next()
            .await
            .map_err(|e| workshop.lake.sql_error(e))?
        {
            let room = ROWS_SHOWN.saturating_sub(total);
            total += batch.num_rows();
            if room > 0 {
                shown.push(batch.slice(0, room.min(batch.num_rows())));
            }
        }
        drop(running);
        if shown.is_empty() {
            shown.push(arrow::array::RecordBatch::new_empty(schema));
        }
        let text = arrow::util::pretty::pretty_format_batches(&shown).context("print the rows")?;
        writeln!(std::io::stdout(), "{text}")?;
        if total > ROWS_SHOWN {
            print::line(format!(
                "{ROWS_SHOWN} of {total} rows; --output json prints all"
            ))?;
        }
        Ok(())
    }
}
