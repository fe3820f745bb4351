//! Whether the rows of a file may be used.

use crate::contract::Contract;
use crate::report::{Gate, Newest, Report, share};

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// Each limit that a file breaks.
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
    match (limits.freshness_days_max, &report.newest) {
        (Some(allowed), Newest::Days { days }) if *days > i64::from(allowed) => {
            reasons.push(format!(
                "the newest row of {files} is {days} days old, allowed is {allowed}"
            ));
        }
        (Some(allowed), Newest::NoRow) => {
            reasons.push(format!(
                "no row of {files} was accepted, so none is at most {allowed} days old"
            ));
        }
        (Some(_) | None, Newest::Days { .. } | Newest::NoTime | Newest::NoRow) => {}
    }
    if let (
        Some(allowed),
        crate::Volume::Share {
            share, median_rows, ..
        },
    ) = (limits.volume_share_min, &report.volume)
        && *share < allowed
    {
        let rows = report.rows_read;
        let allowed = percent(allowed);
        reasons.push(format!("{files} has {rows} rows, {} of the median of {median_rows:.0}; allowed is {allowed} or more", percent(*share)));
    }
    if reasons.is_empty() {
        Gate::Open
    } else {
        Gate::Closed { reasons }
    }
}
