//! Names that are spelt like one that is not there.

/// Names that an error names.
const NAMED: usize = 5;

/// Letters that must be changed, added or left out to come from one word to the other.
///
/// # Source
/// Levenshtein (1966); rows of Wagner and Fischer (1974).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (next, found) in other.iter().enumerate() {
            let changed = before + usize::from(letter != *found);
            before = row[next + 1];
            row[next + 1] = changed.min(before + 1).min(row[next] + 1);
        }
    }
    row[other.len()]
}

/// The names that are spelt most like one, the nearest first, as they are told.
pub(super) fn near(names: &[String], wanted: &str) -> String {
    let wanted = wanted.to_lowercase();
    let named = names.iter().filter(|name| !name.is_empty());
    let mut all: Vec<(usize, &String)> = named
        .map(|name| (distance(&name.to_lowercase(), &wanted), name))
        .collect();
    all.sort();
    let more = if all.len() > NAMED { " …" } else { "" };
    let named: Vec<&str> = all
        .iter()
        .take(NAMED)
        .map(|(_, name)| name.as_str())
        .collect();
    format!("{}{more}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{distance, near};

    #[test]
    fn words_are_as_far_apart_as_letters_must_be_changed() {
        for (one, other, expected) in [
            ("", "", 0),
            ("jam", "", 3),
            ("", "jam", 3),
            ("jam", "jams", 1),
            ("jma", "jam", 2),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_are_named_first_and_not_all_of_many() {
        let names = ["", "bread", "Jams", "jam tarts", "tea", "wine", "zinc"].map(str::to_owned);
        let near = near(&names, "jma");
        assert!(
            near.starts_with("Jams, tea, ") && near.ends_with(" …"),
            "{near}"
        );
    }
}
