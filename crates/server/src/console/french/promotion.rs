//! French for what kind `promotion` says: its card, its summary, its scorecard and its explanations. How sentences are
//! written is told in `patterns`.

/// Texts as they are.
pub(super) const WORDS: &[(&str, &str)] = &[
    // The card and its answers.
    (
        "Which offer does this customer get, if any, and what does it change?",
        "Quelle offre ce client reçoit-il, s’il en reçoit une, et que change-t-elle ?",
    ),
    (
        "what the offers change in the outcome, beyond what would have happened anyway",
        "ce que les offres changent au résultat, au-delà de ce qui serait arrivé de toute façon",
    ),
    (
        "everybody gets the arm with the largest average effect, or as many as a budget pays for",
        "tous reçoivent la variante au plus grand effet moyen, ou autant que paie un budget",
    ),
    ("arm", "variante"),
    ("effect", "effet"),
    ("unit of the outcome", "unité du résultat"),
    (
        "The arm whose effect on this customer is furthest above its cost, the price of the budget it spends included; the control where none is above it; for a few, by chance.",
        "La variante dont l’effet sur ce client dépasse le plus son coût, prix du budget compris ; le témoin si aucune ne le dépasse ; pour quelques-uns, au hasard.",
    ),
    (
        "What the arm changes, with its interval.",
        "Ce que la variante change, avec sa fourchette.",
    ),
    // Learners.
    ("the average for everybody", "la moyenne pour tous"),
    (
        "by the outcome expected without it",
        "d’après le résultat attendu sans elle",
    ),
    (
        "additive: a sum of functions of one thing each",
        "additive : une somme de fonctions d’une seule chose",
    ),
    ("T-learner", "méthode T"),
    ("S-learner", "méthode S"),
    ("X-learner", "méthode X"),
    ("R-learner", "méthode R"),
    ("doubly robust learner", "méthode doublement robuste"),
    // What is known of customers.
    (
        "days since the last order",
        "jours depuis la dernière commande",
    ),
    (
        "money spent per day with an order",
        "dépense par jour de commande",
    ),
    // The scorecard.
    ("Qini coefficient", "coefficient de Qini"),
    (
        "share of what a perfect ranking gains, as scikit-uplift has it",
        "part de ce que gagne un classement parfait, selon scikit-uplift",
    ),
    ("customers at random", "clients au hasard"),
    ("everybody", "tous"),
    ("noise", "du bruit"),
    ("nobody gets any", "personne n’en reçoit"),
    (
        "everybody gets the best arm on average",
        "tous reçoivent la meilleure variante en moyenne",
    ),
    (
        "as many as the budget pays for get the best arm on average",
        "autant que paie le budget reçoivent la meilleure variante en moyenne",
    ),
    (
        "area under the uplift curve (AUUC)",
        "aire sous la courbe d’uplift (AUUC)",
    ),
    (
        "rank-weighted effect (RATE, AUTOC)",
        "effet pondéré par le rang (RATE, AUTOC)",
    ),
    (
        "rank-weighted effect (RATE, Qini weights)",
        "effet pondéré par le rang (RATE, poids de Qini)",
    ),
    (
        "slope of the real effect on the predicted",
        "pente de l’effet réel sur l’effet prévu",
    ),
    (
        "1 where effects are of the size predicted, 0 where predictions are noise",
        "1 si les effets ont la taille prévue, 0 si les prévisions sont du bruit",
    ),
    (
        "a perfect ranking is known only where outcomes are 0 or 1",
        "un classement parfait n’est connu que si les résultats sont 0 ou 1",
    ),
    ("there are too few customers", "il y a trop peu de clients"),
    (
        "what the rule adds, measured beside expected",
        "ce que la règle ajoute, mesuré à côté de l’attendu",
    ),
    (
        "what its own effects let expect",
        "ce que ses propres effets laissent attendre",
    ),
    // Explanations.
    (
        "what the arm changes for everybody",
        "ce que la variante change pour tous",
    ),
    ("what it costs", "ce qu’elle coûte"),
    (
        "what the brand pays back of its discounts",
        "ce que la marque rend de ses remises",
    ),
    // What is learnt.
    (
        "the budget is more than what is worth giving",
        "le budget dépasse ce qui vaut d’être donné",
    ),
    (
        "too few orders tell at which hours the shop is usually busy: the budget is planned evenly",
        "trop peu de commandes disent à quelles heures le magasin est d’ordinaire actif : le budget est planifié uniformément",
    ),
    ("Mondays", "le lundi"),
    ("Tuesdays", "le mardi"),
    ("Wednesdays", "le mercredi"),
    ("Thursdays", "le jeudi"),
    ("Fridays", "le vendredi"),
    ("Saturdays", "le samedi"),
    ("Sundays", "le dimanche"),
];

/// Sentences with names and figures.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    // What is known of customers.
    (
        "days with an order in the last {#}",
        "jours de commande parmi les {0} derniers",
    ),
    ("days with an order per {#}", "jours de commande sur {0}"),
    (
        "money spent in the last {#} days",
        "dépense des {0} derniers jours",
    ),
    ("money spent per {#} days", "dépense par {0} jours"),
    // Units and names of measures.
    ("additional {~}", "{0} en plus"),
    ("{~} less costs", "{0}, coûts déduits"),
    ("{~} as drawn", "{0}, selon le tirage"),
    ("effect on the best {#} %", "effet sur les meilleurs {0} %"),
    (
        "{~}, all shares targeted averaged",
        "{0}, en moyenne sur toutes les parts visées",
    ),
    (
        "{~}, the best shares beyond everybody, each share alike",
        "{0}, les meilleures parts au-delà de tous, chaque part de même poids",
    ),
    (
        "{~}, the best shares beyond everybody, each by its size",
        "{0}, les meilleures parts au-delà de tous, chacune selon sa taille",
    ),
    // What is learnt.
    (
        "{~} within {#} d: {#} without ({})",
        "{0} en {1} j : {2} sans ({3})",
    ),
    (
        "{} adds {#} ({#} to {#}, 95 %), measured on {#} customers",
        "{0} ajoute {1} ({2} à {3}, 95 %), mesuré sur {4} clients",
    ),
    (
        "{}: learnt {~}; of the differences between customers {#} % are kept",
        "{0} : apprise par : {1} ; des différences entre clients {2} % sont gardés",
    ),
    (
        "{}: what rankings by each learner gain on customers held out: {~} = {#} ± {#}; {~} = {#} ± {#}; {~} = {#} ± {#}; {~} = {#} ± {#}; {~} = {#} ± {#}; {~} = {#} ± {#}; {~} = {#} ± {#}; {~} = {#} ± {#}",
        "{0} : ce que gagne le classement par chaque méthode de clients gardés à part : {1} = {2} ± {3} ; {4} = {5} ± {6} ; {7} = {8} ± {9} ; {10} = {11} ± {12} ; {13} = {14} ± {15} ; {16} = {17} ± {18} ; {19} = {20} ± {21} ; {22} = {23} ± {24}",
    ),
    (
        "{}: the additive twin, which a person can read, gains {#} ± {#} less than the best black box ({~}); it is what is used",
        "{0} : la jumelle additive, qu’une personne peut lire, gagne {1} ± {2} de moins que la meilleure boîte noire ({3}) ; c’est elle qui est retenue",
    ),
    (
        "{}: the additive twin, which a person can read, gains {#} ± {#} less than the best black box ({~}); it is not used",
        "{0} : la jumelle additive, qu’une personne peut lire, gagne {1} ± {2} de moins que la meilleure boîte noire ({3}) ; elle n’est pas retenue",
    ),
    (
        "{}: redemptions are discounts in sales, of which the brand pays back {#} %",
        "{0} : ses utilisations sont des remises dans les ventes, dont la marque rend {1} %",
    ),
    (
        "{}: a redemption costs {#} that no sale shows, {#} expected of each customer who gets it: {#} is taken off",
        "{0} : une utilisation coûte {1} qu’aucune vente ne montre, {2} attendues de chaque client qui la reçoit : {3} sont déduits",
    ),
    (
        "{}: what giving it costs is not known (`fixed_cost_retailer_cents` is empty): nothing is taken off for it",
        "{0} : ce que coûte de la donner n’est pas connu (`fixed_cost_retailer_cents` est vide) : rien n’est déduit pour cela",
    ),
    (
        "{}: its redemptions should be discounts in sales, but none of the {#} customers given it has any: where they are booked elsewhere take its type out of `in_sales`",
        "{0} : ses utilisations devraient être des remises dans les ventes, mais aucun des {1} clients qui l’ont reçue n’en a : si elles sont comptées ailleurs, ôtez son type de `in_sales`",
    ),
    (
        "a deeper offer is not taken to change less: {}",
        "une offre plus forte n’est pas tenue pour changer moins : {0}",
    ),
    (
        "what offers cost is not taken off: {~} are no money",
        "ce que coûtent les offres n’est pas déduit : « {0} » n’est pas de l’argent",
    ),
    (
        "budget {#}: {#} of {#} customers get an arm, expected to spend {#} and to add {#}; at most {#} more could be had",
        "budget {0} : {1} clients sur {2} reçoivent une variante, pour une dépense attendue de {3} et un apport de {4} ; on ne pourrait gagner que {5} de plus",
    ),
    (
        "one more of budget would add {#}",
        "une unité de budget de plus ajouterait {0}",
    ),
    (
        "limit {}: spends {#} of {#}, one more would add {#}",
        "limite {0} : dépense {1} sur {2}, une unité de plus ajouterait {3}",
    ),
    (
        "limit {}: spends {#} of {#}",
        "limite {0} : dépense {1} sur {2}",
    ),
    (
        "limit {}: {#} of {#} customers, one more would add {#}",
        "limite {0} : {1} clients sur {2}, un de plus ajouterait {3}",
    ),
    (
        "limit {}: {#} of {#} customers",
        "limite {0} : {1} clients sur {2}",
    ),
    (
        "limit {}: {#} customers, {#} are asked for, one fewer would add {#}",
        "limite {0} : {1} clients, {2} sont demandés, un de moins ajouterait {3}",
    ),
    (
        "limit {}: {#} customers, {#} are asked for",
        "limite {0} : {1} clients, {2} sont demandés",
    ),
    (
        "the budget is planned by usual hours: the busiest, {~} at {#} h UTC, has {#} % of a week's orders",
        "le budget est planifié selon les heures habituelles : la plus active, {0} à {1} h UTC, a {2} % des commandes d’une semaine",
    ),
    (
        "{#} of it is expected to be spent on the {#} % whose arm is drawn by chance",
        "{0} devraient en être dépensés pour les {1} % dont la variante est tirée au hasard",
    ),
    (
        "{#} draws are too recent: their {#} d are not over",
        "{0} tirages sont trop récents : leurs {1} j ne sont pas finis",
    ),
    (
        "{#} draws are too recent to count: their {#} d are not over",
        "{0} tirages sont trop récents pour compter : leurs {1} j ne sont pas finis",
    ),
    // The scorecard.
    (
        "{#} customers drawn in trial {}, and {#} that it drew by chance, in {#} parts, each decided for by what the others taught, the choice of the learner included",
        "{0} clients tirés dans l’essai {1}, et {2} que le produit a tirés au hasard, en {3} parties, chacune décidée d’après ce que les autres ont appris, choix de la méthode compris",
    ),
    (
        "{#} customers drawn in trial {} in {#} parts, each decided for by what the others taught, the choice of the learner included",
        "{0} clients tirés dans l’essai {1}, en {2} parties, chacune décidée d’après ce que les autres ont appris, choix de la méthode compris",
    ),
    (
        "{}: customers can be ranked by what it changes only through what they would do without it: learners of the effect itself rank them no better; {~}: {#} (95 % {#} to {#})",
        "{0} : les clients ne se classent selon ce qu’elle change que par ce qu’ils feraient sans elle : les méthodes qui apprennent l’effet lui-même ne les classent pas mieux ; {1} : {2} (95 % : {3} à {4})",
    ),
    (
        "{}: customers can be ranked by what it changes; {~}: {#} (95 % {#} to {#})",
        "{0} : les clients se classent selon ce qu’elle change ; {1} : {2} (95 % : {3} à {4})",
    ),
    (
        "{}: customers can hardly be ranked by what it changes; {~}: {#} (95 % {#} to {#})",
        "{0} : les clients ne se classent guère selon ce qu’elle change ; {1} : {2} (95 % : {3} à {4})",
    ),
    (
        "{}: learners chosen, of {#} parts: {~} in {#}, {~} in {#}, {~} in {#}, {~} in {#}",
        "{0} : méthodes retenues, en {1} parties : {2} ({3}), {4} ({5}), {6} ({7}), {8} ({9})",
    ),
    (
        "{}: learners chosen, of {#} parts: {~} in {#}, {~} in {#}, {~} in {#}",
        "{0} : méthodes retenues, en {1} parties : {2} ({3}), {4} ({5}), {6} ({7})",
    ),
    (
        "{}: learners chosen, of {#} parts: {~} in {#}, {~} in {#}",
        "{0} : méthodes retenues, en {1} parties : {2} ({3}), {4} ({5})",
    ),
    (
        "{}: learners chosen, of {#} parts: {~} in {#}",
        "{0} : méthode retenue, en {1} parties : {2} ({3})",
    ),
    (
        "{}: predicted → real effect by tenth of the predicted, largest first, intervals of 95 % for all together: {}",
        "{0} : effet prévu → réel par dixième de l’effet prévu, les plus grands d’abord, fourchettes à 95 % pour tous ensemble : {1}",
    ),
    (
        "of {#} customers {#} would get no arm",
        "sur {0} clients, {1} ne recevraient aucune variante",
    ),
    (
        "the rule spends {#} ({#} to {#}) per customer, the budget allows {#}",
        "la règle dépense {0} ({1} à {2}) par client, le budget permet {3}",
    ),
    (
        "no question tells beyond chance who should get another arm than the others: of one arm for everybody, {} is worth most",
        "aucune question ne dit, au-delà du hasard, qui devrait recevoir une autre variante : parmi une seule pour tous, {0} vaut le plus",
    ),
    (
        "these questions, found on one half of the customers, gain per customer of the other half {#} ({#} to {#}) and spend {#} ({#} to {#}); the version's own decisions gain {#} ({#} to {#}) and spend {#} ({#} to {#})",
        "ces questions, trouvées sur une moitié des clients, gagnent par client de l’autre moitié {0} ({1} à {2}) et dépensent {3} ({4} à {5}) ; les décisions de la version gagnent {6} ({7} à {8}) et dépensent {9} ({10} à {11})",
    ),
    (
        "these questions, found on one half of the customers, gain per customer of the other half {#} ({#} to {#}); the version's own decisions gain {#} ({#} to {#})",
        "ces questions, trouvées sur une moitié des clients, gagnent par client de l’autre moitié {0} ({1} à {2}) ; les décisions de la version gagnent {3} ({4} à {5})",
    ),
    // Explanations.
    (
        "what its redemptions cost, {#} of {#} each",
        "ce que coûtent ses utilisations, {0} à {1} chacune",
    ),
    (
        "what caution takes off: {#} standard errors",
        "ce que la prudence retire : {0} erreurs types",
    ),
    (
        "what its {#} of the budget would add elsewhere",
        "ce que ses {0} de budget ajouteraient ailleurs",
    ),
    (
        "what its {#} of limit {} would add elsewhere",
        "ce que ses {0} de la limite {1} ajouteraient ailleurs",
    ),
    (
        "what its place within limit {} would add elsewhere",
        "ce que sa place dans la limite {0} ajouterait ailleurs",
    ),
    (
        "what limit {}, which asks for more of it, gives it",
        "ce que lui donne la limite {0}, qui en demande plus",
    ),
    (
        "{} adds {#} ({#} to {#}), which is not above its cost of {#}: {}",
        "{0} ajoute {1} ({2} à {3}), ce qui n’est pas au-dessus de son coût de {4} : {5}",
    ),
    (
        "{} adds {#} ({#} to {#}); {} adds {#} ({#} to {#})",
        "{0} ajoute {1} ({2} à {3}) ; {4} ajoute {5} ({6} à {7})",
    ),
    (
        "it is not valid until {}",
        "elle n’est pas valable avant le {0}",
    ),
    ("it was valid until {}", "elle était valable jusqu’au {0}"),
    (
        "the customer is not eligible: it takes {}, and {}",
        "le client n’y a pas droit : elle exige {0}, et {1}",
    ),
    (
        "whether the customer is eligible is not known: it takes {}, and {}",
        "on ne sait pas si le client y a droit : elle exige {0}, et {1}",
    ),
    (
        "of it the customer got {#} within {#} days, and at most {#} are given",
        "le client en a reçu {0} en {1} jours, et au plus {2} sont données",
    ),
    (
        "the customer got {#} offers within {#} days, and at most {#} are given",
        "le client a reçu {0} offres en {1} jours, et au plus {2} sont données",
    ),
    (
        "what is left of limit {} does not pay for it",
        "ce qui reste de la limite {0} ne la paie pas",
    ),
];

#[cfg(test)]
mod tests {
    use super::super::found;

    #[test]
    fn what_a_promotion_says_is_told_in_french() {
        for english in [
            "margin per customer within 28 d: 12.50 without (none)",
            "amount5 adds 1.500 (0.5000 to 2.500, 95 %), measured on 1200 customers",
            "amount5: learnt X-learner; of the differences between customers 42 % are kept",
            "amount5: the additive twin, which a person can read, gains -0.0100 ± 0.0300 less than the best black box (X-learner); it is not used",
            "amount5: customers can be ranked by what it changes; effect on the best 30 %: 1.500 (95 % 0.5000 to 2.500)",
            "amount5: customers can hardly be ranked by what it changes; Qini coefficient: 0.0100 (95 % -0.0200 to 0.0300)",
            "amount5: learners chosen, of 5 parts: by the outcome expected without it in 3, X-learner in 2",
            "amount5: predicted → real effect by tenth of the predicted, largest first, intervals of 95 % for all together: 3.000 → 2.500 [1.000, 4.000]",
            "margin per customer within 28 days, all shares targeted averaged",
            "margin per customer within 28 days, the best shares beyond everybody, each by its size",
            "additional margin per customer within 28 days",
            "margin per customer less costs",
            "visits per customer as drawn",
            "the rule spends 1.400 (1.200 to 1.600) per customer, the budget allows 1.500",
            "budget 1000: 200 of 1600 customers get an arm, expected to spend 999.5 and to add 2000; at most 0.1000 more could be had",
            "limit brand money (customers of lyon-1): spends 1999 of 2000, one more would add 0.8400",
            "the budget is planned by usual hours: the busiest, Saturdays at 16 h UTC, has 2.1 % of a week's orders",
            "what its 4.000 of the budget would add elsewhere",
            "days with an order in the last 28",
            "money spent per 28 days",
            "amount5 adds 1.500 (0.5000 to 2.500), which is not above its cost of 2.000: none",
            "what offers cost is not taken off: orders per customer are no money",
        ] {
            assert!(found(english).is_some(), "{english}");
        }
        let eight = "the average for everybody = 0 ± 0; by the outcome expected without it = 0.1 ± 0.2; additive: a sum of functions of one thing each = 0.1 ± 0.2; T-learner = 0.1 ± 0.2; S-learner = 0.1 ± 0.2; X-learner = -0.1 ± 0.2; R-learner = 0.1 ± 0.2; doubly robust learner = 0.1 ± 0.2";
        let english =
            format!("mail: what rankings by each learner gain on customers held out: {eight}");
        assert!(
            found(&english)
                .unwrap()
                .ends_with("méthode doublement robuste = 0,1 ± 0,2")
        );
    }
}
