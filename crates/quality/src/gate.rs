//! Whether the rows of a file, or of a source, may be used.

use crate::contract::Contract;
use crate::report::{Gate, Newest, Report, Volume, share};

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// Each limit of files that a file breaks.
pub(crate) fn gate(report: &Report, contract: &Contract) -> Gate {
    let limits = contract.limits();
    let files = report.files.join(", ");
    let mut reasons = Vec::new();
    if let Some(found) = report.refused_share()
        && found > limits.quarantined_share_max
    {
        let allowed = percent(limits.quarantined_share_max);
        reasons.push(format!(
            "{} of the rows of {files} broke a rule, allowed is {allowed}",
            percent(found)
        ));
    }
    for rule in &report.rules {
        if let (Some(allowed), Some(found)) = (rule.share_max, share(rule.rows, report.rows_read))
            && found > allowed
        {
            let (name, found, allowed) = (&rule.rule, percent(found), percent(allowed));
            reasons.push(format!(
                "{found} of the rows of {files} broke `{name}`, allowed is {allowed}"
            ));
        }
    }
    if let Volume::Share {
        share, median_rows, ..
    } = report.volume
    {
        let (min, max) = (limits.volume_share_min, limits.volume_share_max);
        let broken = [
            (min.filter(|min| share < *min), "more"),
            (max.filter(|max| share > *max), "less"),
        ];
        for (allowed, or) in broken {
            let Some(allowed) = allowed else { continue };
            let (rows, found, allowed) = (report.rows_read, percent(share), percent(allowed));
            reasons.push(format!(
                "{files} has {rows} rows, {found} of the median of {median_rows:.0}; allowed is {allowed} or {or}"
            ));
        }
    }
    if reasons.is_empty() {
        Gate::Open
    } else {
        Gate::Closed { reasons }
    }
}

impl Contract {
    /// Whether the rows of a source are fresh enough: what is wrong where they are not. Judged over all files of the
    /// source, so that old files beside a new one do no harm and a feed that stopped is noticed without a new file.
    ///
    /// - `newest_micros`: moment of the newest accepted row of all its files; `None` where no row was accepted.
    /// - `now_micros`: the moment of the import. Both in microseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn staleness(
        &self,
        source: &str,
        newest_micros: Option<i64>,
        now_micros: i64,
    ) -> Option<String> {
        let allowed = self.limits().freshness_days_max?;
        self.table().time.as_ref()?;
        match Newest::of(newest_micros, now_micros) {
            Newest::Days { days } if days > i64::from(allowed) => Some(format!(
                "the newest row of `{source}` is {days} days old, allowed is {allowed}"
            )),
            Newest::NoRow => Some(format!(
                "no row of `{source}` was accepted, so none is at most {allowed} days old"
            )),
            Newest::Days { .. } | Newest::NoTime => None,
        }
    }
}
