//! French for the texts that other parts of the program write in English: meanings of tables and columns, cards of
//! kinds, names of measures, reasons. A text without French is shown in English and marked as English.

mod patterns;
mod promotion;
mod reasons;
mod schema;
mod words;

use crate::charts::Locale;
use maud::{Markup, html};
pub(super) use patterns::{rule, segment};
pub(super) use reasons::{amounts, reason, sentences};
use std::borrow::Cow;

fn found(english: &str) -> Option<Cow<'static, str>> {
    let of = |list: &[(&str, &'static str)]| {
        list.iter()
            .find(|(e, _)| *e == english)
            .map(|(_, f)| Cow::Borrowed(*f))
    };
    of(schema::MEANINGS)
        .or_else(|| of(words::WORDS))
        .or_else(|| of(words::ANSWERED))
        .or_else(|| of(promotion::WORDS))
        .or_else(|| patterns::sentence(english).map(Cow::Owned))
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

/// What answers name, in English and as the page tells it.
pub(super) fn answered(locale: Locale) -> impl Iterator<Item = (&'static str, &'static str)> {
    let told = words::ANSWERED.iter();
    told.map(move |(english, french)| (*english, locale.choose(english, french)))
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
    fn what_a_review_says_of_decisions_is_told_in_french() {
        let of_kinds = products::KINDS.iter().map(|kind| {
            let example = ::schema::config::ConfigFile::new("example.toml", kind.card().example);
            let product = products::Raw::read(example).unwrap().check().unwrap();
            factory::review::what_is_good(product.judged())
        });
        let others = [
            "table stock_levels is not in the lake",
            "its decisions are about no customer who could be held out",
        ];
        let missing: Vec<String> = of_kinds
            .chain(others.map(str::to_owned))
            .filter(|text| found(text).is_none())
            .collect();
        assert!(missing.is_empty(), "add them to french/: {missing:#?}");
    }

    #[test]
    fn what_a_fall_of_forecasts_and_orders_is_split_into_is_told_in_french() {
        let of_fall = "83 % of the fall (70 to 96 %)";
        let wants = "and nothing that is watched changed: what customers want may have";
        let mixes = [
            ("forecast", "the naive forecast's error"),
            ("ordered", "the orders"),
        ]
        .map(|(what, of)| {
            format!(
                "mostly what is {what}, {of_fall}, by category: shoes is 55 % of {of}, 10 % before"
            )
        });
        let relations = [
            "forecasts of the like are further off",
            "orders of the like last less often",
        ];
        let relations =
            relations.iter().flat_map(|worse| {
                ["", ", 91 % of that in shoes, by supplier"].into_iter().flat_map(move |within| {
                [
                    format!("{worse}, {of_fall}{within}, {wants}"),
                    format!("version 3 began to answer on 2026-05-14; {worse}, {of_fall}{within}"),
                ]
            })
            });
        for english in mixes.into_iter().chain(relations) {
            let french = found(&english).unwrap_or_else(|| panic!("add to french/: {english}"));
            assert!(french.contains("83 % de la baisse"), "{french}");
        }
        for by in [
            "merchant",
            "supplier",
            "how far ahead",
            "how long the product had been sold for",
        ] {
            assert!(found(by).is_some(), "add to french/words.rs: {by}");
        }
    }

    #[test]
    fn nothing_is_translated_twice() {
        let mut all: Vec<&str> = schema::MEANINGS
            .iter()
            .chain(words::WORDS)
            .chain(words::ANSWERED)
            .chain(promotion::WORDS)
            .map(|(english, _)| *english)
            .collect();
        all.sort_unstable();
        let twice: Vec<&[&str]> = all.windows(2).filter(|w| w[0] == w[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
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
