//! Reasons of decisions, from their codes and figures.

use crate::charts::Locale;
use products::Reason;
use serde_json::Value;
use std::collections::BTreeMap;

/// Sentence of each code; a value stands where its name is in braces.
const SENTENCES: &[(&str, &str)] = &[
    (
        "bought_with",
        "acheté {times} fois avec {product}, attendu {expected}",
    ),
    (
        "follows",
        "acheté {times} fois après {product}, attendu {expected}",
    ),
    (
        "similar_to",
        "ressemble à {product}, qui apporte {percent} % du score",
    ),
    (
        "bought_before",
        "acheté {times} fois, la dernière il y a {last_days_ago} jours ; d’habitude tous les {usual_days} jours",
    ),
    (
        "bought_before_no_rhythm",
        "acheté {times} fois, la dernière il y a {last_days_ago} jours",
    ),
    (
        "popular",
        "se vend en ce moment : {recent_sales} ventes récentes pondérées par l’âge, {percent} % du total",
    ),
    (
        "fits_taste",
        "correspond aux achats du client (préférence prédite {preference})",
    ),
    (
        "rule_pinned",
        "la règle « {rule} » le fixe à la place {position} ({because})",
    ),
    (
        "rule_boosted",
        "la règle « {rule} » multiplie son score par {factor} ({because})",
    ),
    (
        "rule_capped",
        "la règle « {rule} » en admet {at_most} de son groupe ({because})",
    ),
    (
        "behaviour",
        "dernière commande il y a {recency_days} jours, {orders} commandes, {spend} dépensés",
    ),
    (
        "next_nearest",
        "le segment suivant le plus proche est : {segment}",
    ),
    (
        "purchases",
        "{purchases} jours d’achat, le dernier il y a {recency_days} jours, client depuis {age_days} jours",
    ),
    (
        "one_order",
        "un seul achat en dit peu : l’intervalle est celui de tous ces clients",
    ),
    ("mean_order", "{mean} par achat suivant"),
];

/// The sentences by code, for the script of the page; empty in English, where the API's own sentence is shown.
pub(crate) fn sentences(locale: Locale) -> BTreeMap<&'static str, &'static str> {
    match locale {
        Locale::English => BTreeMap::new(),
        Locale::French => SENTENCES.iter().copied().collect(),
    }
}

/// A reason in the language of the page; in English where its code is not known here.
pub(crate) fn reason(locale: Locale, reason: &Reason) -> (String, bool) {
    let sentence = SENTENCES
        .iter()
        .find(|(code, _)| *code == reason.code)
        .map(|(_, s)| *s);
    match (locale, sentence) {
        (Locale::French, Some(sentence)) => {
            let mut values = reason.values.clone();
            values
                .values_mut()
                .for_each(|value| *value = written(locale, value));
            (products::reasons::fill(sentence, &values), true)
        }
        (Locale::French, None) => (reason.text.clone(), false),
        (Locale::English, _) => (reason.text.clone(), true),
    }
}

/// A figure or a name as the language writes it.
fn written(locale: Locale, value: &Value) -> Value {
    match value {
        Value::Number(n) => n
            .as_f64()
            .map_or_else(|| value.clone(), |v| Value::String(locale.number(v))),
        Value::String(text) => Value::String(super::told(locale, text).into_owned()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_with_its_figures() {
        let why = products::reasons::reason(
            "bought_with",
            "bought with {product} {times} times, expected {expected}",
            [
                ("product", "thé".into()),
                ("times", 1_400.into()),
                ("expected", 2.5.into()),
            ],
        );
        let (french, told) = reason(Locale::French, &why);
        assert!(told);
        assert_eq!(french, "acheté 1\u{202f}400 fois avec thé, attendu 2,5");
        let other = Reason {
            code: "new".to_owned(),
            ..why
        };
        assert!(!reason(Locale::French, &other).1);
    }
}
