//! What a review shows that somebody should know.

use crate::import::RefusedSource;
use crate::review::{Kept, LastRun, Most, Promised, Review, Reviewed, Shifted, State, Why};
use registry::{RunStatus, Signal};
use std::collections::{BTreeMap, BTreeSet};

/// Where causes of reviews begin. A review of all products looks at everything below them.
pub(super) const PROMISE: &str = "promise";
pub(super) const RUN: &str = "run";
pub(super) const IMPORT: &str = "import";
pub(super) const INPUT: &str = "input";
pub(super) const MIX: &str = "mix";
pub(super) const DATA_AGE: &str = "data_age";
pub(super) const TABLE_AGE: &str = "table_age";

/// What a review shows, and what of it cannot be said.
pub(super) struct Shown {
    pub(super) signals: Vec<Signal>,
    /// Causes that were looked at and of which something is known.
    pub(super) known: BTreeSet<String>,
    /// Causes of which nothing can be said: an incident of theirs is not over for that.
    pub(super) unknown: BTreeSet<String>,
}

/// Promises about the age of a table that are broken, by the table.
type ByTable<'r> = BTreeMap<&'r str, Vec<(&'r Reviewed, &'r Kept)>>;

/// The last part of a cause.
fn key(promised: Promised) -> &'static str {
    match promised {
        Promised::LatencyP50 => "latency_p50",
        Promised::LatencyP99 => "latency_p99",
        Promised::Answered => "answered",
        Promised::ByVersion => "by_version",
        Promised::VersionAge => "version_age",
        Promised::DataAge => DATA_AGE,
        Promised::TableAge => TABLE_AGE,
        Promised::Quality => "quality",
        Promised::Value => "value",
    }
}

/// Whether somebody is to be told of a promise: it is broken, or its budget burns too fast. An age that nears its limit
/// is no incident, since it does so before each training, nor is a value that may be too low.
fn is_told(kept: &Kept) -> bool {
    match kept.state {
        State::Kept | State::Unknown => false,
        State::Broken => true,
        State::AtRisk => match kept.promise {
            Promised::LatencyP50
            | Promised::LatencyP99
            | Promised::Answered
            | Promised::ByVersion => true,
            Promised::VersionAge
            | Promised::DataAge
            | Promised::TableAge
            | Promised::Quality
            | Promised::Value => false,
        },
    }
}

/// Whether a version has learnt all that is known, so that a training would make it no younger.
fn knows_all(review: &Review, product: &Reviewed) -> bool {
    let learnt = product.version.as_ref().and_then(|version| version.as_of);
    let until = review.data_until;
    until.is_some_and(|until| learnt.is_some_and(|learnt| learnt >= until))
}

fn failure(last: Option<&LastRun>) -> Option<&str> {
    match &last?.status {
        RunStatus::Failed { reason } => Some(reason),
        RunStatus::Running | RunStatus::Done | RunStatus::Refused { .. } => None,
    }
}

impl Shown {
    /// What a review shows. What has one reason is one cause: sales that are not imported for all products whose sales
    /// or versions are too old for it, a training that failed for the version that grows old.
    ///
    /// A promise that has an incident of its own keeps it: it is not over because its reason is known by now.
    ///
    /// - `refused`: the sources whose last import was refused, by name.
    /// - `open`: causes of incidents that are open.
    pub(super) fn by(
        review: &Review,
        refused: &BTreeMap<String, RefusedSource>,
        open: &BTreeSet<String>,
    ) -> Self {
        let mut shown = Self {
            signals: Vec::new(),
            known: BTreeSet::new(),
            unknown: BTreeSet::new(),
        };
        let mut of_data: Vec<(&Reviewed, &Kept)> = Vec::new();
        let mut of_tables = ByTable::new();
        for product in &review.products {
            shown.product(review, product, open, (&mut of_data, &mut of_tables));
        }
        shown.imports(review, &of_data, &mut of_tables, refused, open);
        for (table, of) in of_tables {
            let page = format!("/tables/{table}");
            if let Some(too_old) = strictest(&of) {
                shown.of_all(&format!("{TABLE_AGE}/{table}"), &too_old, &page, &of);
            }
        }
        shown.inputs(review);
        shown
    }

    fn product<'r>(
        &mut self,
        review: &Review,
        product: &'r Reviewed,
        open: &BTreeSet<String>,
        (of_data, of_tables): (&mut Vec<(&'r Reviewed, &'r Kept)>, &mut ByTable<'r>),
    ) {
        let name = &product.header.name;
        let run = format!("{RUN}/{name}");
        let mut failed = failure(product.last_run.as_ref())
            .map(|reason| format!("the last training failed: {reason}"));
        let running = matches!(&product.last_run, Some(last) if last.status == RunStatus::Running);
        for kept in &product.standing {
            let cause = match (kept.promise, &kept.table) {
                (Promised::DataAge, _) => DATA_AGE.to_owned(),
                (_, Some(table)) => format!("{TABLE_AGE}/{table}"),
                (promise, None) => format!("{PROMISE}/{name}/{}", key(promise)),
            };
            if kept.state == State::Unknown {
                self.unknown.insert(cause);
                continue;
            }
            self.known.insert(cause.clone());
            if !is_told(kept) {
                continue;
            }
            let grows_old = kept.promise == Promised::VersionAge && !open.contains(&cause);
            if let Some(table) = &kept.table {
                of_tables.entry(table).or_default().push((product, kept));
            } else if kept.promise == Promised::DataAge || (grows_old && knows_all(review, product))
            {
                of_data.push((product, kept));
            } else if let (true, Some(failed)) = (grows_old, &mut failed) {
                *failed += &format!("; {}", kept.sentence());
            } else if kept.promise == Promised::Quality {
                self.worse(product, kept, cause, open);
            } else {
                self.signals.push(signal(cause, name, kept.sentence()));
            }
        }
        if running {
            self.unknown.insert(run);
        } else {
            self.known.insert(run.clone());
            self.signals
                .extend(failed.map(|what| signal(run, name, what)));
        }
    }

    /// Decisions that became worse, with why. Those of several products that became worse for the same reason are one
    /// cause: a column that all of them read is an incident of its own, which tells of them.
    fn worse(&mut self, product: &Reviewed, kept: &Kept, own: String, open: &BTreeSet<String>) {
        let name = &product.header.name;
        let why = product.why.as_ref().filter(|_| !open.contains(&own));
        let (cause, what) = match why.and_then(|why| Some((why, why.shared.as_ref()?))) {
            Some((why, _)) if why.most == Most::Source => return,
            // What several have in common is told without the figures of one.
            Some((why, of)) => (
                format!("{MIX}/{of}"),
                format!("decisions became worse: {}", why.sentence),
            ),
            None => {
                let why = product.why.iter().map(|why| why.sentence.as_str());
                let told: Vec<String> = std::iter::once(kept.sentence())
                    .chain(why.map(str::to_owned))
                    .collect();
                (own, told.join("; "))
            }
        };
        self.known.insert(cause.clone());
        self.signals.push(signal(cause, name, what));
    }

    /// One cause for each import that was refused, and one for all whose data or versions are too old because no sales
    /// come in: that of the import where one of sales was refused.
    fn imports(
        &mut self,
        review: &Review,
        of_data: &[(&Reviewed, &Kept)],
        of_tables: &mut ByTable<'_>,
        refused: &BTreeMap<String, RefusedSource>,
        open: &BTreeSet<String>,
    ) {
        let mut too_old = too_old(review, of_data);
        for source in refused.values() {
            let cause = format!("{IMPORT}/{}", source.source);
            self.known.insert(cause.clone());
            let mut what = source.sentence();
            let page = format!("/tables/{}", source.table);
            let of_sales = source.table == "sales" && !open.contains(DATA_AGE);
            let of_table = if open.contains(&format!("{TABLE_AGE}/{}", source.table)) {
                None
            } else {
                of_tables.remove(source.table.as_str())
            };
            if let Some((of, too_old)) = of_table.and_then(|of| Some((strictest(&of)?, of))) {
                what += &format!("; {of}");
                self.of_all(&cause, &what, &page, &too_old);
            } else if let Some(too_old) = too_old.take_if(|_| of_sales) {
                what += &format!("; {too_old}");
                self.of_all(&cause, &what, &page, of_data);
            } else {
                self.signals.push(Signal {
                    cause,
                    product: None,
                    what,
                    page,
                });
            }
        }
        if let Some(too_old) = too_old {
            self.known.insert(DATA_AGE.to_owned());
            self.of_all(DATA_AGE, &too_old, "/review", of_data);
        }
    }

    /// Columns that are no longer what they were, each one cause for all products whose champion uses it.
    fn inputs(&mut self, review: &Review) {
        let watched = review.inputs.watched.iter();
        self.known.extend(watched.map(|of| format!("{INPUT}/{of}")));
        // What customers do changes with them, and is told by the review; what a feed does is for somebody to mend.
        let worse_by = |shifted: &Shifted| -> Vec<&str> {
            let is_of = |why: &Why| {
                why.most == Most::Source && why.shared.as_deref() == Some(&shifted.name())
            };
            let products = review.products.iter();
            products
                .filter(|product| product.why.as_ref().is_some_and(is_of))
                .map(|product| product.header.name.as_str())
                .collect()
        };
        let (sure, suspected) = (&review.inputs.shifted, &review.inputs.suspected);
        let of_feeds = sure.iter().filter(|of| of.is_of_feed());
        let suspected = suspected.iter().filter(|of| !worse_by(of).is_empty());
        for shifted in of_feeds.chain(suspected) {
            let cause = format!("{INPUT}/{}", shifted.name());
            let worse = worse_by(shifted);
            let mut what = shifted.sentence();
            if !worse.is_empty() {
                what += &format!("; decisions of {} became worse then", worse.join(", "));
            }
            let users = shifted.read_by.iter().map(|by| by.product.as_str());
            let of: BTreeSet<&str> = users.chain(worse).collect();
            // A feed that broke is for somebody to mend although no version uses the column.
            let nobody = of.is_empty().then_some(None);
            let signals = of
                .into_iter()
                .map(Some)
                .chain(nobody)
                .map(|product| Signal {
                    cause: cause.clone(),
                    product: product.map(str::to_owned),
                    what: what.clone(),
                    page: format!("/tables/{}", shifted.table),
                });
            self.signals.extend(signals);
        }
    }

    /// One cause of several products.
    fn of_all(&mut self, cause: &str, what: &str, page: &str, products: &[(&Reviewed, &Kept)]) {
        let signals = products.iter().map(|(product, _)| Signal {
            cause: cause.to_owned(),
            product: Some(product.header.name.clone()),
            what: what.to_owned(),
            page: page.to_owned(),
        });
        self.signals.extend(signals);
    }
}

/// How old the sales are, by whoever promises most; nothing where that breaks no promise.
fn too_old(review: &Review, of_data: &[(&Reviewed, &Kept)]) -> Option<String> {
    let of_sales = of_data
        .iter()
        .filter(|(_, kept)| kept.promise == Promised::DataAge);
    if let Some(told) = strictest(&of_sales.copied().collect::<Vec<_>>()) {
        return Some(told);
    }
    let (_, kept) = of_data.first()?;
    let until = review.data_until?;
    Some(format!(
        "{}; no sale of {until} or later is known",
        kept.sentence()
    ))
}

/// The sentence of whoever promises most.
fn strictest(of: &[(&Reviewed, &Kept)]) -> Option<String> {
    let least = of
        .iter()
        .min_by(|(_, a), (_, b)| f64::total_cmp(&limit(a), &limit(b)));
    least.map(|(_, kept)| kept.sentence())
}

/// What is promised at most.
fn limit(kept: &Kept) -> f64 {
    kept.promised.unwrap_or(f64::INFINITY)
}

fn signal(cause: String, product: &str, what: String) -> Signal {
    Signal {
        cause,
        product: Some(product.to_owned()),
        what,
        page: format!("/review/{product}"),
    }
}
