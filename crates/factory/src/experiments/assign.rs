//! The draw of an experiment: every customer who may be in it gets an arm, in one commit of the lake.
//!
//! Arms follow from the definition and the customer's identifier alone, so that the same call again draws nobody twice
//! and only adds customers whom the shop has come to know since. Draws are rows of table `assignments` under a tag of
//! their own, and the definition lies in the ledger of imports beside them: a definition that has changed since is
//! refused, and `import --forget experiments/NAME` takes all of it back.

use super::refused::AssignError;
use super::{Experiments, ExperimentsError, known};
use crate::import::{self, EXPERIMENTS, LedgerRow};
use crate::workshop::Workshop;
use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use features::{History, Logs};
use lake::{LakeError, Snapshot, Transaction};
use products::experiment::{
    ArmSize, Balance, Definition, DesignUnits, Drawn, SampleRatio, Unit, Unlike,
};
use schema::AsOf;
use schema::progress::Progress;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How to draw.
#[derive(Debug, Clone, Copy)]
pub struct AssignOptions {
    /// The moment of the draw.
    pub now: jiff::Timestamp,
    /// Whether everything is worked out and nothing is written.
    pub dry_run: bool,
}

/// What became of a draw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum AssignState {
    /// It is in the lake.
    Drawn {
        /// Number of the snapshot that holds it.
        version: u64,
    },
    /// Everybody was drawn before.
    NothingNew,
    /// Nothing was written.
    DryRun,
}

/// Who was drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assigned {
    /// The experiment.
    pub experiment: String,
    /// The layer that it was drawn in.
    pub layer: String,
    /// What became of it.
    pub committed: AssignState,
    /// Customers drawn now.
    pub new: u64,
    /// When the first customer was drawn.
    pub first_drawn_at: jiff::Timestamp,
    /// The customers there are.
    pub units: DesignUnits,
    /// Arms, the control first.
    pub arms: Vec<ArmSize>,
    /// Whether they have the sizes asked for.
    pub sample_ratio: SampleRatio,
    /// How unlike the arms are in what was known before the draw.
    pub balance: Vec<Unlike>,
}

/// A customer who was drawn before: the arm, and when in seconds since 1970-01-01 UTC.
type Earlier = BTreeMap<String, (usize, i64)>;

/// What is to be written, and what is said of it.
struct Planned<'a> {
    definition: &'a Definition,
    told: Assigned,
    /// Customers to draw now, with their arms.
    new: Vec<(String, usize)>,
}

impl Workshop {
    /// Draws the customers of an experiment who are not drawn yet.
    ///
    /// The same call again changes nothing. Customers whom the universal holdout has are never drawn, and none is drawn
    /// into two experiments of one layer.
    ///
    /// # Errors
    /// [`AssignError`] says why nobody was drawn; the lake is as before.
    pub async fn assign(
        &self,
        name: &str,
        options: &AssignOptions,
        progress: &dyn Progress,
    ) -> Result<Assigned, AssignError> {
        let definition = self.experiment(name)?;
        if definition.file().unit != Unit::Customer {
            let experiment = name.to_owned();
            return Err(AssignError::NotCustomers { experiment });
        }
        if options.dry_run {
            let snapshot = self.lake.snapshot().await?;
            let mut planned = self.plan(definition, &snapshot, options, progress).await?;
            planned.told.committed = AssignState::DryRun;
            return Ok(planned.told);
        }
        let mut transaction = self.lake.begin().await?;
        let base = transaction.base().clone();
        let mut planned = self.plan(definition, &base, options, progress).await?;
        if planned.new.is_empty() {
            return Ok(planned.told);
        }
        if let Err(error) = write(&mut transaction, &planned, options.now).await {
            transaction.abandon().await;
            return Err(error);
        }
        let version = transaction.commit(options.now).await?.version;
        planned.told.committed = AssignState::Drawn { version };
        Ok(planned.told)
    }

    async fn plan<'a>(
        &self,
        definition: &'a Definition,
        snapshot: &Snapshot,
        options: &AssignOptions,
        progress: &dyn Progress,
    ) -> Result<Planned<'a>, AssignError> {
        let experiments = self.experiments(Unit::Customer).await?;
        let experiment = || definition.name().to_owned();
        let earlier = self.earlier(definition, snapshot).await?;
        match experiments.drawn.get(definition.name()) {
            Some(drawn) => {
                let changes = definition.changes(drawn);
                if !changes.is_empty() {
                    let experiment = experiment();
                    return Err(AssignError::Changed {
                        experiment,
                        changes,
                    });
                }
            }
            None if !earlier.is_empty() => {
                return Err(AssignError::Imported {
                    experiment: experiment(),
                    rows: earlier.len() as u64,
                });
            }
            None => {}
        }
        let known = known::known(&self.lake, snapshot, Unit::Customer).await?;
        let asked = known::asked_for(&self.lake, snapshot, definition).await?;
        let placed = experiments
            .placed(definition, &known, asked.as_ref())
            .map_err(ExperimentsError::from)?;
        let units = &placed.units;
        if placed.available.is_empty() && earlier.is_empty() {
            return Err(AssignError::Nobody {
                experiment: experiment(),
                known: units.known,
                not_asked_for: units.not_asked_for,
                held_out: units.held_out,
                other_part: units.other_part,
            });
        }
        let history = self.sales_known(snapshot, progress).await?;
        let new = new_draws(
            &experiments,
            definition,
            &placed,
            &earlier,
            history.as_ref(),
        );
        let told = told(
            definition,
            placed.units,
            (&earlier, &new),
            history.as_ref(),
            &known,
            options.now,
        );
        Ok(Planned {
            definition,
            told,
            new,
        })
    }

    /// Everybody drawn before.
    async fn earlier(
        &self,
        definition: &Definition,
        snapshot: &Snapshot,
    ) -> Result<Earlier, LakeError> {
        // The name of an experiment has no quotes.
        let sql = format!(
            "SELECT customer_id, arm, assigned_at FROM assignments WHERE trial = '{}'",
            definition.name()
        );
        let arms: Vec<&str> = definition.arms().map(|(arm, _)| arm).collect();
        let mut earlier = Earlier::new();
        for batch in self.lake.query_at(&sql, snapshot).await? {
            let (customer, arm) = (
                batch.column(0).as_string::<i32>(),
                batch.column(1).as_string::<i32>(),
            );
            let at = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            for row in 0..batch.num_rows() {
                let arm = arms.iter().position(|name| *name == arm.value(row));
                let at = at.value(row).div_euclid(1_000_000);
                earlier.insert(customer.value(row).to_owned(), (arm.unwrap_or(0), at));
            }
        }
        Ok(earlier)
    }

    /// All sales of a snapshot; `None` where there is none.
    async fn sales_known(
        &self,
        snapshot: &Snapshot,
        progress: &dyn Progress,
    ) -> Result<Option<History>, AssignError> {
        let as_of: Option<AsOf> = self.day_after_last_sale(snapshot).await?;
        let Some(as_of) = as_of else {
            return Ok(None);
        };
        let until = self.until(as_of);
        let read = features::load(&self.lake, snapshot, &until, &Logs::new(), progress).await;
        progress.end();
        Ok(Some(read.map_err(ExperimentsError::from)?))
    }
}

/// Who is drawn now. In blocks only the first time: later there are too few to be alike.
fn new_draws(
    experiments: &Experiments,
    definition: &Definition,
    placed: &known::Placed,
    earlier: &Earlier,
    history: Option<&History>,
) -> Vec<(String, usize)> {
    let file = definition.file();
    if file.blocks > 1 && earlier.is_empty() {
        let spent = |customer: &str| {
            history.map_or(0.0, |history| {
                products::experiment::spent_before(history, customer, file.covariate_days)
            })
        };
        let units: Vec<(&str, f64)> = placed
            .available
            .iter()
            .map(|(customer, _, _)| (customer.as_str(), spent(customer)))
            .collect();
        let arms = experiments.drawing.blocked(definition, &units);
        let drawn = units.iter().zip(arms);
        return drawn
            .map(|((customer, _), arm)| ((*customer).to_owned(), arm))
            .collect();
    }
    let new = placed
        .available
        .iter()
        .filter(|(customer, _, _)| !earlier.contains_key(customer));
    new.map(|(customer, _, arm)| (customer.clone(), *arm))
        .collect()
}

/// What is said of a draw, nothing of it written yet.
fn told(
    definition: &Definition,
    units: DesignUnits,
    (earlier, new): (&Earlier, &[(String, usize)]),
    history: Option<&History>,
    known: &known::Known,
    now: jiff::Timestamp,
) -> Assigned {
    let before = earlier.iter().map(|(customer, (arm, at))| Drawn {
        customer,
        arm: *arm,
        at_seconds: *at,
        is_new: false,
        known_since: known.get(customer).copied(),
    });
    let today = now.as_second();
    let drawn = new.iter().map(|(customer, arm)| Drawn {
        customer,
        arm: *arm,
        at_seconds: today,
        is_new: true,
        known_since: known.get(customer).copied(),
    });
    let all: Vec<Drawn<'_>> = before.chain(drawn).collect();
    let first = all
        .iter()
        .map(|drawn| drawn.at_seconds)
        .min()
        .unwrap_or(today);
    let balance = Balance::of(definition, &all, history);
    Assigned {
        experiment: definition.name().to_owned(),
        layer: definition.layer().to_owned(),
        committed: AssignState::NothingNew,
        new: new.len() as u64,
        first_drawn_at: jiff::Timestamp::from_second(first).unwrap_or(now),
        units,
        arms: balance.arms,
        sample_ratio: balance.sample_ratio,
        balance: balance.unlike,
    }
}

/// The rows of a draw, and its line in the ledger.
async fn write(
    transaction: &mut Transaction,
    planned: &Planned<'_>,
    now: jiff::Timestamp,
) -> Result<(), AssignError> {
    let definition = planned.definition;
    let table = schema::table::table("assignments").expect("the shared schema has draws");
    let rows = planned.new.len();
    let arms: Vec<&str> = definition.arms().map(|(arm, _)| arm).collect();
    let same = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; rows])) };
    let each = |of: &dyn Fn(&(String, usize)) -> String| -> ArrayRef {
        Arc::new(
            planned
                .new
                .iter()
                .map(|d| Some(of(d)))
                .collect::<StringArray>(),
        )
    };
    let moments = TimestampMicrosecondArray::from(vec![now.as_microsecond(); rows]);
    let propensities = definition.propensities();
    let columns = table.columns.iter().map(|c| match c.name.as_str() {
        "trial" => same(definition.name()),
        "customer_id" => each(&|(customer, _)| customer.clone()),
        "assigned_at" => Arc::new(moments.clone().with_timezone("UTC")),
        "arm" => each(&|(_, arm)| arms[*arm].to_owned()),
        "propensities" => same(&propensities),
        _ => arrow::array::new_null_array(&c.kind.arrow(), rows),
    });
    let batch = RecordBatch::try_new(table.arrow(), columns.collect())?;
    let source = format!("{EXPERIMENTS}{}", definition.name());
    let file = format!("{source}.toml");
    let tag = import::tag(&source, &file);
    let mut writer = transaction.writer(&table.name, table.arrow(), &tag).await?;
    writer.write(&batch).await?;
    writer.finish(transaction).await?;
    let stored = serde_json::to_string(definition.file()).expect("a definition is JSON");
    let id = format!("{} {now} {source}", transaction.base().version);
    let id = schema::config::fingerprint(id.as_bytes())[..16].to_owned();
    let row = LedgerRow::drawn(&source, &file, stored, rows as u64);
    import::write_ledger(transaction, &id, now, &[row])
        .await
        .map_err(AssignError::Ledger)
}
