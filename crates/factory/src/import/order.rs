//! Sources in the order of their references: what others refer to comes first.

use super::ImportError;
use sources::Source;
use std::collections::BTreeSet;

/// Tables that a table refers to.
fn referred(source: &Source) -> BTreeSet<&str> {
    let targets = source.references();
    targets
        .filter_map(|t| t.split_once('.').map(|(table, _)| table))
        .filter(|t| *t != source.table().name)
        .collect()
}

/// The sources asked for, those first that others refer to, by name among equals.
pub(super) fn chosen<'a>(
    sources: &'a [Source],
    only: &[String],
) -> Result<Vec<&'a Source>, ImportError> {
    if sources.is_empty() {
        return Err(ImportError::NoSources);
    }
    if let Some(asked) = only
        .iter()
        .find(|name| !sources.iter().any(|s| s.name() == **name))
    {
        let found = sources.iter().map(|s| s.name().to_owned()).collect();
        return Err(ImportError::UnknownSource {
            asked: asked.clone(),
            found,
        });
    }
    let mut waiting: Vec<&Source> = sources
        .iter()
        .filter(|s| only.is_empty() || only.iter().any(|o| o == s.name()))
        .collect();
    waiting.sort_by_key(|s| s.name());
    let mut ordered = Vec::new();
    while !waiting.is_empty() {
        let tables: BTreeSet<&str> = waiting.iter().map(|s| s.table().name.as_str()).collect();
        let free = waiting
            .iter()
            .position(|s| referred(s).is_disjoint(&tables));
        // References of the shared tables form no circle; where rules of sources do, names decide.
        ordered.push(waiting.remove(free.unwrap_or(0)));
    }
    Ok(ordered)
}
