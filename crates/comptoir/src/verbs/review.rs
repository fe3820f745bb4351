//! `comptoir review`

mod pages;

use crate::context::Context;
use crate::exit::Refused;
use crate::print::{self, Table};
use crate::verbs::run::one;
use factory::incidents::Incident;
use factory::review::{
    ColumnPart, Inputs, Kept, Kinds, LastRun, Live, NamedPart, Part, Review as Found, Reviewed,
    Shadow, Split, State, Trial, Why,
};
use jiff::Timestamp;
use registry::RunStatus;
use schema::estimate::short;
use server::charts::Locale;
use std::path::PathBuf;

/// Tell which data products keep their promises, the worst first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  comptoir review                      all products, one line each
  comptoir review for-you              every promise of one, with why it stands as it does
  comptoir review --publish public     one page each as HTML and Markdown, for any web server
  comptoir review --tell --quiet       from cron: tells whoever [alerts] of comptoir.toml names
  comptoir review --output json

A product file promises under [promises]: answer times, answers, ages, quality. Servers write down
every five minutes how each product answered. What recommendations led to is joined with the sales
once all of them are imported, and held against the first 28 days: that it is said to have become
worse although it has not happens once in twenty versions at most, however often you look.
Columns of the tables that products read are held, each quarter, against the 24 weeks before it.

What is wrong is noted as incidents, which `comptoir incidents` lists. Nobody is told of them
without --tell: whoever looks sends no mail. Nor does a look take a version back that makes room for
the one before it (`rolls_back_when_worse_within_days`): that is done with --tell, and by jobs.

Exit code 1: a promise is broken.")]
pub(crate) struct Review {
    /// Products; all where absent
    product: Vec<String>,
    /// Write the pages into this folder
    #[arg(long, value_name = "DIR")]
    publish: Option<PathBuf>,
    /// Language of the HTML pages
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: super::report::Language,
    /// Tell whoever [alerts] of comptoir.toml names of incidents that they were not told of
    #[arg(long)]
    tell: bool,
}

impl Review {
    pub(crate) async fn run(self, context: &Context) -> anyhow::Result<()> {
        let workshop = context.workshop().await?;
        for name in &self.product {
            one(&workshop.project, name)?;
        }
        let now = Context::now();
        let found = workshop
            .review(&self.product, now, context.progress.as_ref())
            .await?;
        let noted = workshop.note_review(&found, now).await?;
        let is_by_job = context.global.attempt.is_some();
        let moved = if self.tell || is_by_job {
            workshop.make_room(&found, now).await?
        } else {
            Vec::new()
        };
        let found = workshop.with_incidents(found).await?;
        let told = if self.tell {
            let _telling = context.slow("tell of incidents");
            Some(workshop.tell(Context::now()).await?)
        } else {
            None
        };
        let written = match &self.publish {
            Some(folder) => {
                let shop = &workshop.project.file.name;
                pages::write(folder, shop, &found, Locale::from(self.lang))?
            }
            None => Vec::new(),
        };
        if context.json() {
            print::json(&serde_json::json!({
                "review": found, "files": written, "noted": noted, "moved": moved, "told": told
            }))?;
        } else {
            show(&found, !self.product.is_empty())?;
            for change in &moved {
                print::line(format!(
                    "{}: version {} answers again",
                    change.product, change.to
                ))?;
            }
            for file in &written {
                print::line(file.display())?;
            }
            if let Some(told) = &told {
                super::incidents::deliveries(told)?;
            }
        }
        verdict(&found)
    }
}

/// Exit code 1 where a promise is broken.
fn verdict(found: &Found) -> anyhow::Result<()> {
    let broken = found.products.iter().filter(|p| p.state == State::Broken);
    let broken: Vec<&str> = broken.map(|p| p.header.name.as_str()).collect();
    if broken.is_empty() {
        return Ok(());
    }
    Err(Refused(format!("promises are broken by {}", broken.join(", "))).into())
}

fn show(found: &Found, in_full: bool) -> anyhow::Result<()> {
    if found.products.is_empty() {
        return print::line(
            "there is no data product yet; comptoir products tells which kinds there are",
        );
    }
    if in_full {
        let mut products = found.products.iter();
        return products.try_for_each(|product| full(product, &found.inputs));
    }
    let mut table = Table::new(HEAD_OF_PRODUCTS);
    for product in &found.products {
        table.row(row(product));
    }
    table.print()?;
    for product in found.products.iter().filter(|p| p.state > State::Unknown) {
        let name = &product.header.name;
        for kept in product.standing.iter().filter(|k| k.state > State::Unknown) {
            print::line(format!("{name}: {}", kept.sentence()))?;
        }
        if let Some(why) = &product.why {
            print::line(format!("{name}: {}", why.sentence))?;
        }
        if let Some(makes_room) = &product.makes_room {
            print::line(format!("{name}: {}", makes_room.sentence()))?;
        }
    }
    for product in &found.products {
        for sentence in of_challenger(product) {
            print::line(format!("{}: {sentence}", product.header.name))?;
        }
    }
    for shifted in &found.inputs.shifted {
        print::line(format!("{}; {}", shifted.sentence(), shifted.used_by()))?;
    }
    if let (Some(since), []) = (found.inputs.since, found.inputs.shifted.as_slice()) {
        let watched = found.inputs.watched.len();
        print::line(format!(
            "inputs: {watched} columns are what they were before {since}"
        ))?;
    }
    Ok(())
}

/// What there is to say of a product's challenger.
fn of_challenger(product: &Reviewed) -> impl Iterator<Item = String> {
    let shadow = product.shadow.as_ref().map(Shadow::sentence);
    shadow
        .into_iter()
        .chain(product.trial.as_ref().map(Trial::sentence))
}

const NOT_KNOWN: &str = "-";

/// The head of the row of a product. What stands in brackets is of the period before, or of its launch.
const HEAD_OF_PRODUCTS: [&str; 11] = [
    "product",
    "state",
    "answers",
    "p99",
    "by version",
    "quality",
    "left",
    "value",
    "last incident",
    "last training",
    "owner",
];

fn row(product: &Reviewed) -> [String; 11] {
    let (period, before) = (&product.service.period, &product.service.before);
    let or_not = |text: Option<String>| text.unwrap_or_else(|| NOT_KNOWN.to_owned());
    let beside = |now: Option<String>, then: Option<String>| {
        let then = then.map_or_else(String::new, |then| format!(" ({then})"));
        or_not(now.map(|now| now + &then))
    };
    let percent = |share: Option<f64>| share.map(|share| format!("{:.1} %", 100.0 * share));
    let ms = |ms: Option<f64>| ms.map(|ms| format!("{} ms", short(ms)));
    let (good, at_launch) = match &product.live {
        Live::Measured(live) => (live.good.point(), live.at_launch.point()),
        Live::NotJudged { .. } | Live::Unknown { .. } => (None, None),
    };
    let left = product.budget_left();
    let value = product.value().and_then(|kept| kept.measured);
    [
        product.header.name.clone(),
        product.state.told().to_owned(),
        beside(
            Some(period.answered.to_string()),
            (before.answered > 0).then(|| before.answered.to_string()),
        ),
        beside(ms(period.p99_ms), ms(before.p99_ms)),
        beside(percent(period.by_version()), percent(before.by_version())),
        beside(percent(good), percent(at_launch)),
        or_not(left.map(|left| format!("{:.0} %", 100.0 * left))),
        or_not(value.map(|value| format!("{value:.2}"))),
        or_not(product.last_incident.as_ref().map(of_incident)),
        or_not(product.last_run.as_ref().map(of_run)),
        product.header.owner.clone(),
    ]
}

fn on(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d")
}

/// When an incident was, in a few words.
fn of_incident(incident: &Incident) -> String {
    match incident.closed_at {
        None => format!("open since {}", on(incident.opened_at)),
        Some(_) => on(incident.opened_at).to_string(),
    }
}

/// When a training was, and how it ended where that was not well.
fn of_run(run: &LastRun) -> String {
    let at = on(run.started_at);
    match &run.status {
        RunStatus::Done => at.to_string(),
        RunStatus::Running => format!("{at}, under way"),
        RunStatus::Failed { .. } => format!("{at}, failed"),
        RunStatus::Refused { .. } => format!("{at}, refused"),
    }
}

/// The last incident and the last training of a product, each in a sentence.
fn lately(product: &Reviewed) -> Vec<(&'static str, String)> {
    let incident = product.last_incident.as_ref();
    let incident = incident.map(|of| ("incident", format!("{}: {}", of_incident(of), of.what)));
    let run = product.last_run.as_ref().map(|run| {
        let why = match &run.status {
            RunStatus::Failed { reason } | RunStatus::Refused { reason } => format!(": {reason}"),
            RunStatus::Done | RunStatus::Running => String::new(),
        };
        ("trained", format!("{}{why}", of_run(run)))
    });
    incident.into_iter().chain(run).collect()
}

/// Everything of one product.
fn full(product: &Reviewed, inputs: &Inputs) -> anyhow::Result<()> {
    let header = &product.header;
    print::line(format!("{}: {}", header.name, product.state.told()))?;
    print::line(format!("kind {}, owner {}", header.kind, header.owner))?;
    if let Some(escalation) = &header.promises.escalation {
        print::line(format!("escalation {escalation}"))?;
    }
    match &product.version {
        Some(version) => print::line(format!(
            "version {} answers since {}",
            version.number,
            version.since.strftime("%Y-%m-%d %H:%M UTC")
        ))?,
        None => print::line(format!(
            "no version answers; comptoir run {} makes one",
            header.name
        ))?,
    }
    print::line("")?;
    let mut table = Table::new([
        "promise", "state", "promised", "measured", "before", "left", "why",
    ]);
    for kept in &product.standing {
        table.row(promise_row(kept));
    }
    table.print()?;
    print::line("")?;
    live(&product.live)?;
    if let Some(expected) = &product.expected {
        print::line(format!(
            "  expected    {} of those that wait, if decisions that score alike lead to as much as before",
            expected.good
        ))?;
    }
    if let Some(why) = &product.why {
        explained(why)?;
    }
    if let Some(makes_room) = &product.makes_room {
        print::line(format!("  makes room  {}", makes_room.sentence()))?;
    }
    if let Some(sentence) = lineage(product) {
        print::line(format!("  came from   {sentence}"))?;
    }
    for sentence in of_inputs(product, inputs) {
        print::line(format!("  reads       {sentence}"))?;
    }
    for sentence in of_challenger(product) {
        print::line(format!("  challenger  {sentence}"))?;
    }
    for (what, told) in lately(product) {
        print::line(format!("  {what:<11} {told}"))?;
    }
    if let Some(next) = &product.next_training {
        print::line(format!("  training    {}", next.sentence()))?;
    }
    print::line("")
}

/// What of the columns that its version uses has changed, what can harm it most first.
pub(super) fn of_inputs(product: &Reviewed, inputs: &Inputs) -> Vec<String> {
    let name = &product.header.name;
    let version = product.version.as_ref().map(|version| version.number);
    let changed = inputs.of_product(name);
    changed
        .map(|(shifted, _)| shifted.sentence_of(name, version))
        .collect()
}

/// Where the column came from that is called the cause of a fall.
fn lineage(product: &Reviewed) -> Option<String> {
    let lineage = product.why.as_ref()?.lineage.as_ref()?;
    let version = product.version.as_ref().map(|version| version.number);
    Some(lineage.sentence(&product.header.name, version))
}

/// Why quality fell: a sentence, then the parts that add up to it.
fn explained(why: &Why) -> anyhow::Result<()> {
    print::line(format!("  why         {}", why.sentence))?;
    if let Some(split) = &why.split {
        let mut table = Table::new(HEAD_OF_PARTS);
        for row in parts(split) {
            table.row(row);
        }
        print::line("")?;
        print::line(compared(split))?;
        table.print()?;
    }
    for also in &why.coincides {
        print::line(format!("  then, too   {also}"))?;
    }
    Ok(())
}

/// The head of the parts of a fall.
const HEAD_OF_PARTS: [&str; 4] = ["part of the fall", "points", "interval", "share"];

/// Why the part of a column is not told.
const NOT_APART: &str = "cannot be told apart";

/// Which times and how many decisions the parts of a fall compare.
fn compared(split: &Split) -> String {
    let ((from, to), (since, until)) = (split.before, split.after);
    let (before, after) = split.decisions;
    format!("{since} to {until} ({after} decisions) held against {from} to {to} ({before})")
}

/// The parts of a fall: what adds up to it, then each of the three in its own parts.
fn parts(split: &Split) -> Vec<[String; 4]> {
    let row = |name: String, part: &Part| {
        let points = |change: f64| format!("{:+.1}", 100.0 * change);
        let share = part.share.map(|share| format!("{:.0} %", 100.0 * share));
        [
            name,
            points(part.change),
            format!("{} to {}", points(part.low), points(part.high)),
            share.unwrap_or_else(|| NOT_KNOWN.to_owned()),
        ]
    };
    let parts = &split.parts;
    let mut rows = vec![
        row("all".to_owned(), &parts.change),
        row(
            format!("{}, by {}", split.of.mix(), split.by.told()),
            &parts.mix,
        ),
    ];
    if split.of == Kinds::Lists {
        rows.push(row("what it shows".to_owned(), &parts.inputs));
    }
    rows.push(row(split.of.relation().to_owned(), &parts.relation));
    for of in &split.columns {
        let name = format!("  of that, column {}", of.name());
        rows.push(match &of.part {
            ColumnPart::Told(part) => row(name, part),
            ColumnPart::NotApart => [
                name,
                NOT_KNOWN.to_owned(),
                NOT_APART.to_owned(),
                NOT_KNOWN.to_owned(),
            ],
        });
    }
    if let Some(of) = &split.together {
        let names = of.names.join(" and ");
        rows.push(row(format!("  of that, {names} together"), &of.part));
    }
    if !split.columns.is_empty() {
        rows.push(row("  of that, the rest".to_owned(), &split.rest));
    }
    let of = |name: &NamedPart| {
        if name.name.is_empty() {
            "not known".to_owned()
        } else {
            name.name.clone()
        }
    };
    rows.extend(
        parts
            .mix_by_segment
            .iter()
            .map(|part| row(format!("  more or fewer: {}", of(part)), &part.part)),
    );
    rows.extend(
        parts
            .inputs_by_feature
            .iter()
            .map(|part| row(format!("  shows: {}", of(part)), &part.part)),
    );
    rows.extend(
        parts
            .relation_by_segment
            .iter()
            .map(|part| row(format!("  {}: {}", split.of.within(), of(part)), &part.part)),
    );
    rows
}

pub(super) fn promise_row(kept: &Kept) -> [String; 7] {
    let or_not = |text: Option<String>| text.unwrap_or_else(|| NOT_KNOWN.to_owned());
    let figure = |figure: Option<f64>| or_not(figure.map(|figure| kept.unit.told(figure)));
    [
        kept.told(),
        kept.state.told().to_owned(),
        or_not(kept.limit_told()),
        figure(kept.measured),
        figure(kept.before),
        or_not(
            kept.budget_left
                .map(|left| format!("{:.0} %", 100.0 * left)),
        ),
        kept.because.clone(),
    ]
}

fn live(live: &Live) -> anyhow::Result<()> {
    match live {
        Live::NotJudged { because } => {
            print::line(format!("single decisions are not judged: {because}"))
        }
        Live::Unknown { why, pending } => print::line(format!(
            "what its decisions led to is not known yet: {why}; {pending} decisions wait for their outcomes"
        )),
        Live::Measured(live) => {
            let (first, last) = live.launch_days;
            print::line(format!("quality: {}", live.what))?;
            print::line(format!(
                "  at launch   {} ({first} to {last})",
                live.at_launch
            ))?;
            print::line(format!(
                "  since then  {} (holds however often it is read)",
                live.good
            ))?;
            if live.holds_out() {
                print::line(format!(
                    "  baseline    {} (customers of the holdout)",
                    live.baseline
                ))?;
            }
            if let Some(at) = &live.at_positions {
                print::line(format!("  positions   {}", at.sentence()))?;
            }
            if let Some(season) = &live.season {
                print::line(format!("  season      {}", season.sentence()))?;
            }
            if let Some(errors) = &live.errors {
                let wape = errors.wape.zip(errors.naive_wape);
                let wape = wape.map_or_else(String::new, |(wape, naive)| {
                    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
                    format!("WAPE {} (naive {}), ", percent(wape), percent(naive))
                });
                print::line(format!(
                    "  errors      {wape}bias {:+.1} %, of {} forecasts",
                    100.0 * errors.bias,
                    errors.forecasts
                ))?;
            }
            print::line(format!(
                "  waiting     {} decisions whose outcomes are not complete",
                live.pending
            ))
        }
    }
}
