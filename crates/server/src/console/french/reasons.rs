//! Reasons of decisions, from their codes and figures.

use super::{patterns, told};
use crate::charts::Locale;
use crate::console::format::Currency;
use products::Reason;
use serde_json::Value;
use std::collections::BTreeMap;

/// Sentence of each code; a value stands where its name is in braces.
const SENTENCES: &[(&str, &str)] = &[
    (
        "lately",
        "{mean} {unit} par {step} ; périodes récentes où il y avait à vendre : {periods}",
    ),
    (
        "agreement",
        "changé de {more} {unit} pour s’accorder avec les prévisions des niveaux au-dessus",
    ),
    (
        "hardly_sold",
        "vendu dans {sold} des {periods} périodes connues ({step}) : on n’en peut presque rien dire",
    ),
    ("sum_of_series", "la somme de {series} séries"),
    (
        "largest_part",
        "pour la plus grande part : {part}, {amount} {unit}",
    ),
    (
        "own_errors",
        "sa fourchette est celle de ses propres erreurs passées, sur {windows} fenêtres, ramenées vers celles de son niveau",
    ),
    (
        "errors_of_level",
        "ses propres erreurs passées sont trop peu connues : sa fourchette est celle des {groups} groupes de son niveau",
    ),
    ("override", "{author} l’a changé de {more} {unit} : {why}"),
    (
        "override_unexplained",
        "{author} l’a changé de {more} {unit}",
    ),
    ("analogue", "comme {launch}, qui s’est vendu à {units}"),
    ("analogue_sold_out", "comme {launch}, épuisé à {units}"),
    (
        "below_minimum_order",
        "ce qu’on veut de {supplier} coûte {wanted} centimes, et atteindre sa commande minimale coûterait {loss} centimes de plus que d’attendre",
    ),
    (
        "beyond_horizon",
        "ce qu’on commande maintenant devrait durer au-delà des jours prévus",
    ),
    (
        "category",
        "ce que les lancements de la catégorie ont vendu",
    ),
    (
        "cost_unknown",
        "rien n’est commandé sur un budget pour un article dont nul ne connaît le coût",
    ),
    ("enough", "un colis de plus vaudrait {cents} centimes"),
    ("first_hours", "{units} vendus en {hours} heures"),
    (
        "for_cost",
        "c’est la quantité dont le coût attendu des manques, du stock et des pertes est le plus bas",
    ),
    (
        "for_cycle_service",
        "il en faut autant pour que rien ne manque avec {service} %",
    ),
    (
        "for_fill_rate",
        "il en faut autant pour servir {service} % de la demande",
    ),
    (
        "for_order_cost",
        "une commande coûte {cost} centimes : une fois passée, elle amène jusqu’à {level}",
    ),
    (
        "for_shop_service",
        "il en faut autant pour servir {service} % de toute la demande du magasin avec le moins de stock : une unité qui manque ici compte {cents} centimes",
    ),
    (
        "for_minimum_order",
        "commandé pour atteindre ce que le fournisseur livre au moins",
    ),
    ("for_minimum_units", "on ne peut pas en commander moins"),
    ("for_presentation", "le rayon doit en montrer autant"),
    (
        "lead_time_unknown",
        "nul ne sait combien de temps met une commande à arriver",
    ),
    (
        "margin_unknown",
        "rien n’est commandé au moindre coût pour un article dont nul ne connaît le coût ou le prix",
    ),
    (
        "merchant_estimate",
        "{author} attend {likely}, ce qui selon ses estimations passées signifie {calibrated} ; poids {weight} %",
    ),
    (
        "minimum_above_capacity",
        "on ne peut en commander moins de {minimum}, et il y a de la place pour {capacity} : rien n’est commandé",
    ),
    (
        "minimum_above_shelf_life",
        "on ne peut en commander moins de {minimum}, et {sells} se vendent avant la date limite : rien n’est commandé",
    ),
    (
        "minimum_order_too_large",
        "la commande minimale de {supplier} ne peut être atteinte : pas plus de {reachable} centimes ne trouvent place",
    ),
    (
        "needed",
        "{expected} demandés, selon la prévision, dans les {days} jours jusqu’à la livraison d’après",
    ),
    (
        "newsvendor",
        "{quantity} suffisent avec {level} % : une unité vendue rapporte {margin} centimes, une unité qui reste en perd {loss}",
    ),
    (
        "budget_used",
        "sur les {budget} centimes qu’on peut commander à {supplier} en {days} jours, {used} sont déjà commandés",
    ),
    (
        "budget_cost_unknown",
        "{lines} lignes commandées à {supplier} en {days} jours n’ont pas de coût connu et ne comptent pas dans son budget",
    ),
    (
        "lead_time_by_receipts",
        "une commande met {days} jours, d’après {receipts} réceptions de {supplier}",
    ),
    (
        "lead_time_by_terms",
        "une commande met {days} jours, selon les conditions de {supplier}",
    ),
    (
        "lead_time_by_settings",
        "une commande est supposée mettre {days} jours, comme le disent les réglages : ni réceptions ni conditions ne le disent",
    ),
    (
        "no_budget",
        "le budget du fournisseur vaut plus pour d’autres articles",
    ),
    (
        "no_newsvendor",
        "{what} n’est pas au-dessus de 0 ou n’est pas connu : aucune quantité n’est la meilleure",
    ),
    ("no_room", "il n’y a plus de place pour un colis de plus"),
    ("not_readable", "ce qu’on en sait se contredit : {why}"),
    (
        "not_today",
        "on pourra le commander de nouveau dans {days} jours",
    ),
    (
        "order_waits",
        "une commande coûte {cost} centimes : elle attend qu’il n’y en ait pas plus de {point} en stock ou en route",
    ),
    ("order_not_placed", "rien n’est commandé à {supplier}"),
    (
        "pack_above_year",
        "un colis dépasse les ventes d’une année : {units}",
    ),
    (
        "presentation_above_capacity",
        "le rayon doit en montrer {presentation}, et il y a de la place pour {capacity} : rien n’est commandé",
    ),
    (
        "receive_from",
        "{units} envoyées de {site} épargnent {saved} centimes au-delà des {cost} de leur envoi : {missing} de moins demandées en vain, {wasted} de moins périmées",
    ),
    (
        "send_to",
        "{units} envoyées à {site} épargnent {saved} centimes au-delà des {cost} de leur envoi : {missing} de moins demandées en vain, {wasted} de moins périmées",
    ),
    (
        "share_of_first_day",
        "{share} % du total sont attendus dans les {hours} premières heures",
    ),
    (
        "site_full",
        "la place du site vaut plus pour d’autres articles",
    ),
    (
        "sold_out",
        "épuisé à {units} après {hours} heures entières : on en a demandé davantage",
    ),
    (
        "stock_level_old",
        "le dernier niveau de stock du site a {days} jours",
    ),
    ("stock_position", "{on_hand} en stock, {on_order} en route"),
    ("stock_unknown", "nul ne sait combien il y en a"),
    (
        "transfer_none_to_spare",
        "aucun site qui peut en envoyer n’en a de plus à céder",
    ),
    (
        "transfer_not_worth",
        "une de plus envoyée de {site} épargnerait {gain} centimes et en coûterait {cost}",
    ),
    (
        "transfer_saves_little",
        "{units} envoyées de {site} épargneraient {saved} centimes : moins que ce que doit épargner un transfert",
    ),
    (
        "transfer_shipment",
        "{units} envoyées de {site} épargneraient {saved} centimes, et tout l’envoi {all} : moins que ce que coûte un envoi",
    ),
    ("unit_cost", "une unité coûte {cents} centimes"),
    (
        "usual_order",
        "la moyenne des {days} derniers jours sur les jours à couvrir, moins ce qu’il y a",
    ),
    (
        "worth_of_budget",
        "un centime de budget de plus vaudrait {cents} centimes",
    ),
    (
        "worth_of_room",
        "la place pour une unité de plus vaudrait {cents} centimes",
    ),
    (
        "worth_of_shelf_life",
        "une unité de plus qui se vend à temps vaudrait {cents} centimes",
    ),
    (
        "worth_of_site",
        "la place pour une unité de plus sur le site vaudrait {cents} centimes",
    ),
    (
        "would_perish",
        "un colis de plus ne se vendrait guère avant la date limite",
    ),
    ("promotion", "une promotion est prévue"),
    ("holiday", "un jour férié"),
    ("closed", "fermé"),
    ("ended", "le catalogue dit qu’il ne se vend plus"),
    (
        "bought_with",
        "acheté avec {product} ; fois : {times}, attendu : {expected}",
    ),
    (
        "follows",
        "acheté après {product} ; fois : {times}, attendu : {expected}",
    ),
    (
        "similar_to",
        "ressemble à {product}, qui apporte {percent} % du score",
    ),
    (
        "bought_before",
        "achats : {times}, le dernier il y a {last_days_ago} j ; intervalle habituel {usual_days} j",
    ),
    (
        "bought_before_no_rhythm",
        "achats : {times}, le dernier il y a {last_days_ago} j",
    ),
    (
        "popular",
        "se vend en ce moment ; ventes récentes pondérées par l’âge : {recent_sales}, {percent} % du total",
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
        "dernière commande il y a {recency_days} j ; commandes : {orders}, dépensé : {spend}",
    ),
    (
        "largest_effect",
        "{arm} ajoute {effect} ({low} à {high}) et coûte {cost} : aucune variante ne vaut plus ; en moyenne elle ajoute {average} ({unit})",
    ),
    (
        "best_on_average",
        "{arm} ajoute en moyenne {average} et coûte {cost} : aucune variante ne vaut plus ({unit})",
    ),
    (
        "no_effect",
        "aucune variante ne devrait apporter plus qu’elle ne coûte : {control} ({unit})",
    ),
    (
        "worth_its_budget",
        "{arm} ajoute {effect} ({low} à {high}) et prend {spend} au budget, dont chaque unité rapporte {price} ailleurs : aucune variante ne vaut plus ; en moyenne elle ajoute {average} ({unit})",
    ),
    (
        "not_worth_its_budget",
        "aucune variante ne devrait apporter plus qu’elle ne coûte et que les {price} que chaque unité du budget rapporte ailleurs : {control} ({unit})",
    ),
    (
        "limit_of_money",
        "la limite « {limit} » est épuisée par ce qui vaut le plus : chaque unité que {arm} en dépense doit rapporter {price} de plus",
    ),
    (
        "limit_of_customers",
        "la limite « {limit} » est épuisée par ceux pour qui elle vaut le plus : {arm} doit valoir {price} de plus",
    ),
    (
        "limit_asks_for_more",
        "la limite « {limit} » demande plus de clients que {arm} n’en vaut : elle est donnée là où il lui manque moins de {price}",
    ),
    (
        "drawn",
        "tirée au hasard, pour que les versions suivantes apprennent ce qu’elle change",
    ),
    (
        "held_out",
        "{control} : le groupe témoin ne reçoit rien de ce que paie le budget",
    ),
    (
        "none_possible",
        "aucune variante ne peut être donnée : {control}",
    ),
    (
        "not_yet_valid",
        "{arm} vaudrait plus, mais n’est pas valable avant le {from}",
    ),
    (
        "no_longer_valid",
        "{arm} vaudrait plus, mais était valable jusqu’au {to}",
    ),
    (
        "not_eligible",
        "{arm} vaudrait plus, mais exige {condition}",
    ),
    (
        "eligibility_unknown",
        "{arm} vaudrait plus, mais exige {condition}, ce qui n’est pas connu",
    ),
    (
        "eligibility_unreadable",
        "{arm} vaudrait plus, mais sa condition dans la table « offers » est illisible",
    ),
    ("rule_gave", "la règle « {rule} » donne {arm} ({because})"),
    (
        "rule_excluded",
        "la règle « {rule} » exclut {arm} ({because})",
    ),
    (
        "rule_held_out",
        "la règle « {rule} » est mesurée et ne s’applique pas ici : une part de {share} des clients en est tenue à l’écart",
    ),
    (
        "rule_measured",
        "la règle « {rule} » est mesurée : une part de {share} des clients en est tenue à l’écart, pas celui-ci",
    ),
    (
        "budget_used_up",
        "{control} : ce qui reste du budget ne paie plus d’offre",
    ),
    (
        "ledger_unavailable",
        "{control} : on ne peut savoir pour l’instant ce qui reste du budget, et rien n’est promis sans cela",
    ),
    (
        "held_for_later",
        "{arm} attend : selon le plan du budget, chaque unité doit rapporter {price} maintenant, {usual} sans lui : {control}",
    ),
    (
        "paced",
        "{promised} % du budget sont promis, le plan en prévoit {planned} % : chaque unité doit rapporter {price} maintenant, {usual} sans le plan",
    ),
    (
        "capped",
        "{arm} vaudrait plus, mais le client l’a déjà reçue ; fois en {days} j : {times}, au plus {most}",
    ),
    (
        "limit_used_up",
        "{arm} vaudrait plus, mais ce qui reste de la limite {limit} ne suffit pas",
    ),
    (
        "limit_unknown",
        "{arm} vaudrait plus, mais on ne sait pas à présent ce qui reste de la limite {limit}, et rien n’est promis sans le savoir",
    ),
    (
        "enough_offers",
        "{control} : le client a reçu assez d’offres ; en {days} j : {times}, au plus {most}",
    ),
    (
        "flips_with_fact",
        "si {fact} était {to} au lieu de {from}, à {spreads} de ses écarts-types, {answer} serait donnée ; aucun fait seul ne change la réponse de plus près",
    ),
    (
        "flips_with_no_fact",
        "{given} serait donnée de même, quel que soit un seul fait tel qu’un autre client tiré l’avait",
    ),
    (
        "flips_if_dearer",
        "si {arm} coûtait plus de {change} de plus par client qui la reçoit, {answer} serait donnée",
    ),
    (
        "flips_if_cheaper",
        "si {arm} coûtait plus de {change} de moins par client qui la reçoit, elle serait donnée",
    ),
    (
        "control_arm",
        "{arm} est le témoin de « {experiment} » : {mean} ({unit})",
    ),
    (
        "arm_adds",
        "{arm} ajoute {effect} ({low} à {high}) aux {mean} de {control} : c’est réel ({unit})",
    ),
    (
        "arm_within_chance",
        "{arm} ajoute {effect} ({low} à {high}) aux {mean} de {control} : cela peut être le hasard ({unit})",
    ),
    (
        "arm_not_measurable",
        "{arm} de « {experiment} » : ce qu’elle change n’est pas mesurable : {because}",
    ),
    ("rule", "{rule}"),
    (
        "next_nearest",
        "le segment suivant le plus proche est : {segment}",
    ),
    (
        "purchases",
        "jours d’achat : {purchases}, le dernier il y a {recency_days} j ; client depuis {age_days} j",
    ),
    (
        "one_order",
        "un seul achat en dit peu : l’intervalle est celui de tous ces clients",
    ),
    ("mean_order", "{mean} par achat suivant"),
    ("same_amount", "chaque achat suivant a coûté {amount}"),
    (
        "own_rate",
        "continue comme jusqu’ici : achats suivants : {repeats}, client depuis {age_days} j",
    ),
    (
        "quintiles",
        "des cinq cinquièmes de tous les clients : récence {recency}, commandes {orders}, dépense {spend} ; 5 est le mieux",
    ),
];

/// What a text among the values is, where it is no name that the shop gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// In the shop's currency, with two decimals.
    Amount,
    /// The name of a segment.
    Segment,
    /// The rule of a segment.
    Rule,
    /// A word of ours.
    Word,
    /// A number, with a point in English.
    Number,
}

/// By code and name of the value.
const SORTS: &[(&str, &str, Sort)] = &[
    ("behaviour", "spend", Sort::Amount),
    ("mean_order", "mean", Sort::Amount),
    ("same_amount", "amount", Sort::Amount),
    ("next_nearest", "segment", Sort::Segment),
    ("rule", "rule", Sort::Rule),
    ("flips_with_fact", "fact", Sort::Word),
    ("flips_with_fact", "spreads", Sort::Number),
    ("flips_if_dearer", "change", Sort::Number),
    ("flips_if_cheaper", "change", Sort::Number),
    ("lately", "mean", Sort::Number),
    ("lately", "unit", Sort::Word),
    ("lately", "step", Sort::Word),
    ("hardly_sold", "step", Sort::Word),
    ("agreement", "more", Sort::Number),
    ("agreement", "unit", Sort::Word),
    ("largest_part", "part", Sort::Word),
    ("largest_part", "amount", Sort::Number),
    ("largest_part", "unit", Sort::Word),
    ("override", "more", Sort::Number),
    ("override", "unit", Sort::Word),
    ("override_unexplained", "more", Sort::Number),
    ("override_unexplained", "unit", Sort::Word),
    ("for_order_cost", "cost", Sort::Number),
    ("for_shop_service", "service", Sort::Number),
    ("for_shop_service", "cents", Sort::Number),
    ("lead_time_by_receipts", "days", Sort::Number),
    ("lead_time_by_terms", "days", Sort::Number),
    ("lead_time_by_settings", "days", Sort::Number),
    ("order_waits", "cost", Sort::Number),
    ("receive_from", "saved", Sort::Number),
    ("receive_from", "cost", Sort::Number),
    ("receive_from", "missing", Sort::Number),
    ("receive_from", "wasted", Sort::Number),
    ("send_to", "saved", Sort::Number),
    ("send_to", "cost", Sort::Number),
    ("send_to", "missing", Sort::Number),
    ("send_to", "wasted", Sort::Number),
    ("transfer_not_worth", "gain", Sort::Number),
    ("transfer_not_worth", "cost", Sort::Number),
    ("transfer_saves_little", "saved", Sort::Number),
    ("transfer_shipment", "saved", Sort::Number),
    ("transfer_shipment", "all", Sort::Number),
];

impl Sort {
    /// As a page writes it; none where it is something else.
    fn written(self, locale: Locale, currency: &Currency, text: &str) -> Option<String> {
        match self {
            Self::Amount => {
                let cents = (text.parse::<f64>().ok()? * 100.0).round();
                Some(currency.amount(locale, cents as i64))
            }
            Self::Segment => Some(patterns::segment(locale, currency, text)),
            Self::Rule => patterns::rule(locale, currency, text),
            Self::Word => Some(told(locale, text).into_owned()),
            Self::Number => match locale {
                Locale::English => None,
                Locale::French => Some(locale.number(text.parse().ok()?)),
            },
        }
    }
}

/// The sentences by code, for the script of the page; empty in English, where the API's own sentence is shown.
pub(in crate::console) fn sentences(locale: Locale) -> BTreeMap<&'static str, &'static str> {
    match locale {
        Locale::English => BTreeMap::new(),
        Locale::French => SENTENCES.iter().copied().collect(),
    }
}

/// The value that is an amount, by the code of its reason, for the script of the page.
pub(in crate::console) fn amounts() -> BTreeMap<&'static str, &'static str> {
    let amounts = SORTS.iter().filter(|(_, _, sort)| *sort == Sort::Amount);
    amounts.map(|(code, name, _)| (*code, *name)).collect()
}

/// A reason in the language of the page, and whether it is: it stays in English where its code is not known here.
pub(in crate::console) fn reason(
    locale: Locale,
    currency: &Currency,
    reason: &Reason,
) -> (String, bool) {
    match locale {
        Locale::English => (english(currency, reason), true),
        Locale::French => match french(currency, reason) {
            Some(text) => (text, true),
            None => (english(currency, reason), false),
        },
    }
}

/// The API's own sentence, which knows of no currency.
fn english(currency: &Currency, reason: &Reason) -> String {
    let sorts = SORTS.iter().filter(|(code, _, _)| *code == reason.code);
    sorts.fold(reason.text.clone(), |sentence, (_, name, sort)| {
        let bare = reason.values.get(*name).and_then(Value::as_str);
        let Some(bare) = bare.filter(|bare| !bare.is_empty()) else {
            return sentence;
        };
        match sort.written(Locale::English, currency, bare) {
            Some(written) => sentence.replacen(bare, &written, 1),
            None => sentence,
        }
    })
}

/// None where the code or one of the values is not known here.
fn french(currency: &Currency, reason: &Reason) -> Option<String> {
    let (_, sentence) = SENTENCES.iter().find(|(code, _)| *code == reason.code)?;
    let mut values = reason.values.clone();
    for (name, value) in &mut values {
        let of = |(code, n, _): &&(&str, &str, Sort)| *code == reason.code && *n == name;
        let written = match (&*value, SORTS.iter().find(of)) {
            (Value::Number(number), _) => number.as_f64().map(|v| Locale::French.number(v)),
            (Value::String(text), Some((_, _, sort))) => {
                Some(sort.written(Locale::French, currency, text)?)
            }
            // A name that the shop gave.
            _ => None,
        };
        if let Some(written) = written {
            *value = Value::String(written);
        }
    }
    Some(products::reasons::fill(sentence, &values))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn euro() -> Currency {
        Currency::One("EUR".to_owned())
    }

    fn both(why: &Reason) -> (String, String) {
        let (english, told) = reason(Locale::English, &euro(), why);
        assert!(told);
        let (french, told) = reason(Locale::French, &euro(), why);
        assert!(told, "{french}");
        (english, french)
    }

    #[test]
    fn a_reason_is_told_with_its_figures() {
        let why = products::reasons::reason(
            "bought_with",
            "bought with {product}; times: {times}, expected: {expected}",
            [
                ("product", "thé".into()),
                ("times", 1_400.into()),
                ("expected", 2.5.into()),
            ],
        );
        assert_eq!(
            both(&why).1,
            "acheté avec thé ; fois : 1\u{202f}400, attendu : 2,5"
        );
        let other = Reason {
            code: "new".to_owned(),
            ..why
        };
        assert!(!reason(Locale::French, &euro(), &other).1);
    }

    #[test]
    fn amounts_carry_the_currency_in_both_languages() {
        let why = products::reasons::reason(
            "mean_order",
            "{mean} per repeat purchase",
            [("mean", "1095.59".into())],
        );
        let (english, french) = both(&why);
        assert_eq!(english, "€1,095.59 per repeat purchase");
        assert_eq!(french, "1\u{202f}095,59\u{a0}€ par achat suivant");
        let why = products::reasons::reason(
            "behaviour",
            "last order {recency_days} d ago; orders: {orders}, spent: {spend}",
            [
                ("recency_days", 4.0.into()),
                ("orders", 1.into()),
                ("spend", "11928.07".into()),
            ],
        );
        let (english, french) = both(&why);
        assert!(
            english.ends_with("orders: 1, spent: €11,928.07"),
            "{english}"
        );
        assert!(
            french.ends_with("dépensé : 11\u{202f}928,07\u{a0}€"),
            "{french}"
        );
    }

    #[test]
    fn segments_and_their_rules_are_told() {
        let segment = "recent, one order, low spend";
        let why = products::reasons::reason(
            "next_nearest",
            "the next nearest segment is {segment}",
            [("segment", segment.into())],
        );
        let (english, french) = both(&why);
        assert!(english.ends_with(segment), "{english}");
        assert!(french.ends_with("récents, une seule commande, petite dépense"));
        let rule = |text: &str| {
            products::reasons::reason("rule", "{rule}", [("rule", text.to_owned().into())])
        };
        let (english, french) = both(&rule("orders ≥ 13 and spend > 600"));
        assert_eq!(english, "orders ≥ 13 and spend > €600");
        assert_eq!(french, "commandes ≥ 13 et dépense > 600\u{a0}€");
        // A rule that cannot be told in French is marked as English.
        let other = reason(Locale::French, &euro(), &rule("whoever likes tea"));
        assert_eq!(other, ("whoever likes tea".to_owned(), false));
    }

    #[test]
    fn names_that_the_shop_gave_are_not_told() {
        let why = products::reasons::reason(
            "similar_to",
            "like {product}, which brings {percent} % of the score",
            [("product", "segment".into()), ("percent", 1.into())],
        );
        assert!(both(&why).1.starts_with("ressemble à segment,"));
    }

    /// All Rust files below a folder.
    fn sources(folder: &Path) -> Vec<String> {
        let mut texts = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                texts.extend(sources(&path));
            } else if path.extension().is_some_and(|e| e == "rs") {
                texts.push(std::fs::read_to_string(&path).unwrap());
            }
        }
        texts
    }

    /// The string literal at the beginning of a text, and what follows it.
    fn literal(text: &str) -> Option<(String, &str)> {
        let text = text
            .trim_start_matches([' ', '\n', ','])
            .strip_prefix('"')?;
        let mut escaped = false;
        let end = text.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        Some((text[..end].replace('\\', ""), &text[end + 1..]))
    }

    fn values(sentence: &str) -> BTreeSet<&str> {
        let names = sentence.split('{').skip(1);
        names.filter_map(|part| part.split('}').next()).collect()
    }

    #[test]
    fn every_reason_that_a_kind_gives_has_a_french_sentence_with_the_same_values() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../products/src");
        let mut seen = BTreeSet::new();
        for source in sources(Path::new(folder)) {
            for call in source.split("reason(").skip(1) {
                let Some((code, rest)) = literal(call) else {
                    continue;
                };
                let (english, _) = literal(rest).expect("a sentence follows the code");
                let (_, french) = SENTENCES
                    .iter()
                    .find(|(known, _)| *known == code)
                    .unwrap_or_else(|| panic!("no French for `{code}`: {english}"));
                assert_eq!(values(french), values(&english), "{code}");
                seen.insert(code);
            }
        }
        let known: BTreeSet<String> = SENTENCES.iter().map(|(c, _)| (*c).to_owned()).collect();
        assert_eq!(seen, known, "French for what no kind says");
    }
}
