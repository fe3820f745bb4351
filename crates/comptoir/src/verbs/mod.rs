//! The verbs, one file each.

mod assign;
mod audit;
mod budget;
mod check;
mod compare;
mod completions;
mod decide;
mod demo;
mod design;
mod doctor;
mod explain;
mod import;
mod incidents;
mod key;
mod new;
mod plan;
mod products;
mod promote;
mod query;
mod replay;
mod report;
mod review;
mod run;
mod schedule;
mod schemas;
mod search;
mod serve;
mod tables;
mod versions;
mod whatif;
mod work;

use crate::context::{Context, Global};
use clap::{Parser, Subcommand};

/// The decision engine of a retailer: from raw sales to measured decisions.
#[derive(Debug, Parser)]
#[command(
    name = "comptoir",
    version,
    after_help = "First time here?  comptoir demo\nYour own shop:    comptoir new shop && cd shop && comptoir check"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(demo::Demo),
    New(new::New),
    Import(import::Import),
    Check(check::Check),
    Tables(tables::Tables),
    Query(query::Query),
    Plan(plan::Plan),
    Run(run::Run),
    Design(design::Design),
    Assign(assign::Assign),
    Decide(decide::Decide),
    Explain(explain::Explain),
    Report(report::Report),
    Review(review::Review),
    Incidents(incidents::Incidents),
    Whatif(whatif::Whatif),
    Budget(budget::Budget),
    Products(products::Products),
    Versions(versions::Versions),
    Search(search::Search),
    Compare(compare::Compare),
    Replay(replay::Replay),
    Promote(promote::Promote),
    Rollback(promote::Rollback),
    Serve(serve::Serve),
    Schedule(schedule::Schedule),
    Work(work::Work),
    Audit(audit::Audit),
    Key(key::Key),
    Doctor(doctor::Doctor),
    Schemas(schemas::Schemas),
    Completions(completions::Completions),
}

/// Runs one verb.
///
/// # Errors
/// Whatever the verb says; `exit` turns it into a line and a code.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let context = Context::new(arguments.global);
    match arguments.verb {
        Verb::Demo(v) => v.run(&context).await,
        Verb::New(v) => v.run(&context),
        Verb::Import(v) => v.run(&context).await,
        Verb::Check(v) => v.run(&context).await,
        Verb::Tables(v) => v.run(&context).await,
        Verb::Query(v) => v.run(&context).await,
        Verb::Plan(v) => v.run(&context).await,
        Verb::Run(v) => v.run(&context).await,
        Verb::Design(v) => v.run(&context).await,
        Verb::Assign(v) => v.run(&context).await,
        Verb::Decide(v) => v.run(&context).await,
        Verb::Explain(v) => v.run(&context).await,
        Verb::Report(v) => v.run(&context).await,
        Verb::Review(v) => v.run(&context).await,
        Verb::Incidents(v) => v.run(&context).await,
        Verb::Whatif(v) => v.run(&context).await,
        Verb::Budget(v) => v.run(&context).await,
        Verb::Products(v) => v.run(&context).await,
        Verb::Versions(v) => v.run(&context).await,
        Verb::Search(v) => v.run(&context).await,
        Verb::Compare(v) => v.run(&context).await,
        Verb::Replay(v) => v.run(&context).await,
        Verb::Promote(v) => v.run(&context).await,
        Verb::Rollback(v) => v.run(&context).await,
        Verb::Serve(v) => v.run(&context).await,
        Verb::Schedule(v) => v.run(&context).await,
        Verb::Work(v) => v.run(&context).await,
        Verb::Audit(v) => v.run(&context).await,
        Verb::Key(v) => v.run(&context).await,
        Verb::Doctor(v) => v.run(&context).await,
        Verb::Schemas(v) => v.run(&context),
        Verb::Completions(v) => v.run(),
    }
}
