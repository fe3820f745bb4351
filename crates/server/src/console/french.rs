//! French for the texts that other parts of the program write in English: meanings of tables and columns, cards of
//! kinds, names of measures, reasons. A text without French is shown in English and marked as English.

mod reasons;
mod schema;
mod words;

use crate::charts::Locale;
use maud::{Markup, html};
pub(super) use reasons::{reason, sentences};
use std::borrow::Cow;

fn found(english: &str) -> Option<Cow<'static, str>> {
    let of = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(e, _)| *e == english)
            .map(|(_, f)| Cow::Borrowed(*f))
    };
    of(schema::MEANINGS)
        .or_else(|| of(words::WORDS))
        .or_else(|| segment(english).map(Cow::Owned))
}

/// A text in the language of the page, or in English where there is no other.
pub(super) fn told(locale: Locale, english: &str) -> Cow<'_, str> {
    match locale {
        Locale::English => Cow::Borrowed(english),
        Locale::French => found(english).unwrap_or(Cow::Borrowed(english)),
    }
}

/// A text in the language of the page; English is marked as such for those who have pages read to them.
pub(super) fn marked(locale: Locale, english: &str) -> Markup {
    match locale {
        Locale::English => html! { (english) },
        Locale::French => match found(english) {
            Some(french) => html! { (french) },
            None => html! { span lang="en" { (english) } },
        },
    }
}

/// What people call a placement.
pub(super) fn placement(locale: Locale, code: &str) -> String {
    let (english, french) = match code {
        "for_you" => ("for you", "pour vous"),
        "similar" => ("similar", "semblables"),
        "complementary" => ("goes with it", "va avec"),
        "buy_again" => ("buy again", "à racheter"),
        "popular" => ("popular", "populaires"),
        other => (other, other),
    };
    locale.choose(english, french).to_owned()
}

/// The name of a segment: levels with commas, perhaps a figure that tells two of them apart.
fn segment(english: &str) -> Option<String> {
    let part = |text: &str| -> Option<String> {
        if let Some((_, french)) = words::LEVELS.iter().find(|(e, _)| *e == text) {
            return Some((*french).to_owned());
        }
        let (about, number) = match text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")) {
            Some((name, number)) => (name, format!(" ({number})")),
            None => (text, String::new()),
        };
        let about = about.strip_prefix("about ")?;
        let (n, what) = about.split_once(' ')?;
        let french = match what {
            "days ago" => format!("il y a environ {n} jours"),
            "in all" => format!("environ {n} en tout"),
            "orders" => format!("environ {n} commandes"),
            _ => return None,
        };
        Some(french + &number)
    };
    english
        .split(", ")
        .map(part)
        .collect::<Option<Vec<_>>>()
        .map(|parts| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_column_and_indicator_is_told_in_french() {
        let tables = ::schema::table::tables();
        let texts = tables.iter().flat_map(|t| {
            let columns = t
                .columns
                .iter()
                .flat_map(|c| [c.meaning.as_str()].into_iter().chain(c.unit.as_deref()));
            [t.meaning.as_str(), t.grain.as_str()]
                .into_iter()
                .chain(columns)
        });
        let indicators = ::schema::indicator::indicators()
            .iter()
            .flat_map(|i| [i.meaning.as_str(), i.name.as_str()]);
        let missing: Vec<&str> = texts
            .chain(indicators)
            .filter(|text| found(text).is_none())
            .collect();
        assert!(
            missing.is_empty(),
            "add them to french/schema.rs: {missing:#?}"
        );
    }

    #[test]
    fn nothing_is_translated_twice() {
        let mut all: Vec<&str> = schema::MEANINGS
            .iter()
            .chain(words::WORDS)
            .map(|(english, _)| *english)
            .collect();
        all.sort_unstable();
        let twice: Vec<&[&str]> = all.windows(2).filter(|w| w[0] == w[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn names_of_segments_are_built_from_their_levels() {
        assert_eq!(
            told(Locale::French, "recent, one order, low spend"),
            "récents, une seule commande, petite dépense"
        );
        assert_eq!(
            told(Locale::French, "very recent, about 31 days ago (2)"),
            "très récents, il y a environ 31 jours (2)"
        );
        assert_eq!(told(Locale::English, "recent"), "recent");
    }

    #[test]
    fn english_left_in_a_french_page_is_marked() {
        assert_eq!(
            marked(Locale::French, "some note").into_string(),
            "<span lang=\"en\">some note</span>"
        );
        assert_eq!(
            marked(Locale::English, "some note").into_string(),
            "some note"
        );
    }
}
