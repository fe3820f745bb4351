//! French for sentences that other parts of the program write around names and figures, rules and names of segments.

use super::found;
use crate::charts::Locale;
use crate::console::format::Currency;

/// English and French, the more special sentence first. In the English a name stands at `{}`, a figure at `{#}`, and
/// words that have French of their own at `{~}`; the French puts them in by their number.
pub(super) const SENTENCES: &[(&str, &str)] = &[
    // Answers to proposed orders.
    (
        "`proposed_units` is {#}, {} proposes {#} by now: look at it again",
        "vous avez vu {0} unités proposées, {1} en propose maintenant {2} : regardez de nouveau",
    ),
    (
        "`ordered_units` is {#}, as proposed: an order that is changed is another one, this one is accepted",
        "{0} unités, comme proposé : une commande modifiée est une autre commande, celle-ci est acceptée",
    ),
    (
        "`ordered_units` is missing, an order that is changed says how many units are ordered instead",
        "le nombre manque : une commande modifiée dit combien d’unités sont commandées à la place",
    ),
    (
        "`answer_id` is {}, under which {} has accepted {#} units of {} for {}; an identifier stands for one answer",
        "à ce formulaire ({0}) {1} a déjà répondu : {2} unités de {3} acceptées pour {4}",
    ),
    (
        "`answer_id` is {}, under which {} has changed {#} units of {} for {}; an identifier stands for one answer",
        "à ce formulaire ({0}) {1} a déjà répondu : modifié en {2} unités de {3} pour {4}",
    ),
    (
        "`answer_id` is {}, under which {} has refused {#} units of {} for {}; an identifier stands for one answer",
        "à ce formulaire ({0}) {1} a déjà répondu : {3} refusé pour {4}, {2} commandées",
    ),
    (
        "`who` is missing: a request without a key says who answers",
        "dites qui vous êtes : une demande sans clé dit qui répond",
    ),
    // What is known of a launch, layer by layer.
    ("launches of the category", "lancements de la catégorie"),
    ("history", "historique"),
    ("attributes", "caractéristiques"),
    ("merchant's estimate", "estimation du commercial"),
    ("attributes and estimate", "caractéristiques et estimation"),
    (
        "the same on launches with hours",
        "de même, lancements suivis par heure",
    ),
    ("first hour", "première heure"),
    ("first {#} hours", "{0} premières heures"),
    // Where a column came from, and a season that is no fall.
    (
        "{} version {#} reads column {} of table {} (its version {#}), brought by {~}",
        "la version {1} de {0} lit la colonne {2} de la table {3} (version {4} de celle-ci), apportée par {5}",
    ),
    (
        "source {} in file {}, imported {} and by {~}",
        "la source {0} dans le fichier {1}, importé le {2} et par {3}",
    ),
    (
        "source {} in file {}, imported {}",
        "la source {0} dans le fichier {1}, importé le {2}",
    ),
    (
        "{#} % since {}, and {#} % in the same weeks of the year before: the season, and no fall",
        "{0} % depuis le {1}, et {2} % les mêmes semaines de l’année précédente : la saison, et non une baisse",
    ),
    (
        "version {#} waits for a person to let it answer: {~}; {}",
        "la version {0} attend qu’une personne la laisse répondre : {1} ; {2}",
    ),
    ("it passed its gate", "elle a passé sa porte"),
    // A version that makes room for the one before it.
    (
        "version {#} answers again: version {#} was rolled back by itself: {~}",
        "la version {0} répond de nouveau : la version {1} a été retirée d’elle-même : {2}",
    ),
    (
        "version {#} makes room for version {#}: {~}",
        "la version {0} cède la place à la version {1} : {2}",
    ),
    ("rolled back by itself: {~}", "retirée d’elle-même : {0}"),
    (
        "its decisions {~}; quality is {#} % since {}, and was {#} % under version {#} in the {#} days before, {#} points ({#} to {#}); {#} % is allowed",
        "ses décisions sont {0} ; la qualité est de {1} % depuis le {2}, et était de {3} % sous la version {4} dans les {5} jours d’avant, {6} points ({7} à {8}) ; {9} % sont permis",
    ),
    (
        "{#} of {#} questions had no answer, {#} may be",
        "{0} questions sur {1} sans réponse, {2} peuvent l’être",
    ),
    (
        "{#} of {#} answers were the baseline's, {#} may be",
        "{0} réponses sur {1} étaient celles de la référence, {2} peuvent l’être",
    ),
    (
        "{#} of {#} answers were late, {#} may be",
        "{0} réponses sur {1} en retard, {2} peuvent l’être",
    ),
    // What a rule would have brought.
    (
        "what {} for everybody would have brought is not measurable: {}",
        "ce que {0} pour tous aurait apporté n’est pas mesurable : {1}",
    ),
    (
        "{} would have brought {#} ({#} to {#}) {~}, the control brought {#}",
        "{0} aurait apporté {1} ({2} à {3}), le témoin {5} ({4})",
    ),
    (
        "what {} would have brought is not measurable: {}",
        "ce que {0} aurait apporté n’est pas mesurable : {1}",
    ),
    (
        "by weights alone {#}; {#} draws were as the rule, worth {#} of its own",
        "par les seuls poids {0} ; {1} tirages étaient comme la règle et en valent {2} des siens",
    ),
    ("{~} within {#} days", "{0} en {1} jours"),
    (
        "chance drew the arm of {#} customers at their first decision and left {#} to what {} chose; of {#} others nothing could be drawn, and no rule is told",
        "le hasard a tiré la variante de {0} clients à leur première décision et en a laissé {1} au choix de {2} ; pour {3} autres rien ne pouvait être tiré, et aucune règle n’est dite",
    ),
    (
        "what {} chose brought {#} {~}",
        "le choix de {0} a apporté {1} ({2})",
    ),
    (
        "{} for everybody would have brought {#} ({#} to {#}) {~}, by draws worth {#} of its own",
        "{0} pour tous aurait apporté {1} ({2} à {3} ; {4}), selon des tirages qui en valent {5} des siens",
    ),
    (
        "what {} chose adds {#} ({#} to {#}, 95 %, read once) to {} for everybody",
        "le choix de {0} ajoute {1} ({2} à {3}, 95 %, lu une fois) à {4} pour tous",
    ),
    (
        "what version {#} chose adds {#} ({#} to {#}, 95 %, read once) to an arm by chance at its time",
        "le choix de la version {0} ajoute {1} ({2} à {3}, 95 %, lu une fois) à une variante au hasard de son temps",
    ),
    (
        "that is {#} ({#} to {#}) beside the version before it, if arms by chance were worth the same to both",
        "soit {0} ({1} à {2}) par rapport à la version d’avant, si les variantes au hasard valaient autant pour les deux",
    ),
    // Challengers.
    (
        "{#} of its {#} decisions were the baseline's, {#} may be",
        "{0} de ses {1} décisions étaient celles de la référence, {2} peuvent l’être",
    ),
    (
        "outcomes of {#} of {#} days are complete",
        "les suites de {0} jours sur {1} sont complètes",
    ),
    (
        "its share of good decisions is {#} points from the champion's ({#} to {#}), on {} to {}; it may lose {#}, and more is not ruled out",
        "sa part de bonnes décisions est à {0} points de celle du champion ({1} à {2}), du {3} au {4} ; elle peut perdre {5}, et plus n’est pas exclu",
    ),
    (
        "its share of good decisions is {#} points from the champion's ({#} to {#}), on {} to {}; it may lose {#}; {}: version {#} changes {~} by {#} ({#} to {#})",
        "sa part de bonnes décisions est à {0} points de celle du champion ({1} à {2}), du {3} au {4} ; elle peut perdre {5} ; {6} : la version {7} change {8} de {9} ({10} à {11})",
    ),
    (
        "{}: version {#} changes {~} by {#} ({#} to {#})",
        "{0} : la version {1} change {2} de {3} ({4} à {5})",
    ),
    (
        "{} tells of a broken guardrail: {}",
        "{0} signale un garde-fou rompu : {1}",
    ),
    (
        "its share of good decisions is {#} points from the champion's ({#} to {#}), on {} to {}; it may lose {#}",
        "sa part de bonnes décisions est à {0} points de celle du champion ({1} à {2}), du {3} au {4} ; elle peut perdre {5}",
    ),
    ("{#} to {#} by {}", "{0} à {1} selon {2}"),
    ("{} does not say: {}", "{0} ne le dit pas : {1}"),
    (
        "its hours in the shadow are over at {}",
        "ses heures dans l’ombre finissent le {0}",
    ),
    (
        "it answered {#} questions in the shadow, {#} are asked for",
        "elle a répondu à {0} questions dans l’ombre, {1} sont demandées",
    ),
    (
        "{#} questions in the shadow, {#} without an answer by the deadline",
        "{0} questions dans l’ombre, {1} sans réponse à temps",
    ),
    (
        "{#} of {#} questions in the shadow had no answer by the deadline ({#} late, {#} refused, {#} failed), {#} may have none",
        "{0} questions sur {1} dans l’ombre sont restées sans réponse à temps ({2} en retard, {3} refusées, {4} échouées), {5} le peuvent",
    ),
    (
        "{#} of {#} answers in the shadow hold nothing where something was shown",
        "{0} réponses sur {1} dans l’ombre sont vides là où quelque chose était montré",
    ),
    (
        "compare versions of `{}`: there is one only, number {#}",
        "comparer des versions de `{0}` : il n’y en a qu’une, le numéro {1}",
    ),
    (
        "compare versions of `{}`: none answers; name the one to compare with",
        "comparer des versions de `{0}` : aucune ne répond ; nommez celle à laquelle comparer",
    ),
    // The review.
    (
        "goes wrong {#} times as often as it may for {#} minutes; what may go wrong is used up on {}",
        "les fautes sont {0} fois trop fréquentes depuis {1} minutes ; ce qui peut en rester sera épuisé le {2}",
    ),
    ("{#} went wrong, {#} may", "{0} fautes, {1} permises"),
    (
        "{#} days with outcomes after launch, at least {#} needed",
        "{0} jours à l’issue connue depuis le lancement, il en faut au moins {1}",
    ),
    (
        "fell below what is allowed, seen by {}, likely since {}",
        "passées sous ce qui est permis, vu au plus tard le {0}, sans doute depuis le {1}",
    ),
    (
        "fell below what is allowed, seen by {}",
        "passées sous ce qui est permis, vu au plus tard le {0}",
    ),
    ("table {} is not in the lake", "il n’y a pas de table {0}"),
    (
        "of the squared error of the naive forecast, what customers bought in the {#} days before, what the forecast saves",
        "de l’erreur au carré de la prévision naïve, les achats des clients dans les {0} jours d’avant, ce que la prévision évite",
    ),
    (
        "of customers who bought within {#} days, those who bought what was shown",
        "parmi les clients qui ont acheté sous {0} jours, ceux qui ont acheté ce qui était montré",
    ),
    (
        "column {} of table {} has other values than before, likely since {}: {#} % of them",
        "la colonne {0} de la table {1} a d’autres valeurs qu’avant, sans doute depuis le {2} : {3} % d’entre elles",
    ),
    (
        "column {} of table {} is absent more or less often than before, likely since {}: {#} % of them",
        "la colonne {0} de la table {1} manque plus ou moins souvent qu’avant, sans doute depuis le {2} : {3} % des valeurs",
    ),
    (
        "column {} of table {} has values that it never had ({}), likely since {}: {#} % of them",
        "la colonne {0} de la table {1} a des valeurs qu’elle n’a jamais eues ({2}), sans doute depuis le {3} : {4} % d’entre elles",
    ),
    (
        "column {} of table {} has values that it never had, likely since {}: {#} % of them",
        "la colonne {0} de la table {1} a des valeurs qu’elle n’a jamais eues, sans doute depuis le {2} : {3} % d’entre elles",
    ),
    // What one more training is expected to gain.
    (
        "version {#} is {#} days old; one more training is expected to gain {#} of {~} ({}) ({#} to {#}), {~}, worth {#} until {}, and costs {#}",
        "la version {0} a {1} jours ; un entraînement de plus devrait gagner {2} de {3} ({4}), de {5} à {6}, {7}, ce qui vaut {8} jusqu’au {9}, et coûte {10}",
    ),
    (
        "version {#} is {#} days old; one more training is expected to gain {#} of {~} ({#} to {#}), {~}, worth {#} until {}, and costs {#}",
        "la version {0} a {1} jours ; un entraînement de plus devrait gagner {2} de {3}, de {4} à {5}, {6}, ce qui vaut {7} jusqu’au {8}, et coûte {9}",
    ),
    (
        "it was trained before parts of effects were kept",
        "elle a été entraînée avant que les parts des effets ne soient conservées",
    ),
    ("by {#} trainings", "d’après {0} entraînements"),
    (
        "by {#} days of live quality, for there are too few trainings",
        "d’après {0} jours de qualité observée, faute d’assez d’entraînements",
    ),
    (
        "what a training would gain is not known, {~}: the schedule stands",
        "ce qu’un entraînement gagnerait n’est pas connu, {0} : le calendrier vaut",
    ),
    (
        "{#} past trainings can be compared, at least {#} needed",
        "{0} entraînements passés se comparent, il en faut au moins {1}",
    ),
    (
        "version {#} was trained since and does not answer",
        "la version {0} a été entraînée depuis et ne répond pas",
    ),
    (
        "its training is not kept",
        "son entraînement n’est pas conservé",
    ),
    ("no sale is known", "aucune vente n’est connue"),
    ("its scorecard has no {~}", "sa fiche ne mesure pas : {0}"),
    (
        "its {~} could not be measured",
        "sa mesure n’a pas pu être faite : {0}",
    ),
    (
        "what it earns could not be measured: {}",
        "ce qu’il rapporte n’a pas pu être mesuré : {0}",
    ),
    ("{} shows no earnings", "{0} ne montre aucun gain"),
    (
        "its {~} leads no baseline",
        "il ne devance aucune référence : {0}",
    ),
    (
        "{~}; the column together with {} and {} explains {#} % of the fall ({#} to {#} %)",
        "{0} ; avec {1} et {2}, la colonne explique {3} % de la baisse ({4} à {5} %)",
    ),
    (
        "{~}; the column together with {} explains {#} % of the fall ({#} to {#} %)",
        "{0} ; avec {1}, la colonne explique {2} % de la baisse ({3} à {4} %)",
    ),
    (
        "{~}; the column explains {#} % of the fall ({#} to {#} %)",
        "{0} ; la colonne explique {1} % de la baisse ({2} à {3} %)",
    ),
    (
        "{~}; it weighs {#} % in version {#}",
        "{0} ; elle pèse {1} % dans la version {2}",
    ),
    (
        "{~}; it weighs less than 1 % in version {#}",
        "{0} ; elle pèse moins de 1 % dans la version {1}",
    ),
    (
        "{~}; version {#} uses it beside its model",
        "{0} ; la version {1} s’en sert à côté de son modèle",
    ),
    (
        "{~}; version {#} does not use it",
        "{0} ; la version {1} ne s’en sert pas",
    ),
    ("less than 1 %", "moins de 1 %"),
    ("beside its model", "à côté de son modèle"),
    ("weight not known", "poids inconnu"),
    ("{#} %", "{0} %"),
    (
        "mostly whom it is asked about, {#} % of the fall ({#} to {#} %), by {~}: {} is {#} % of them, {#} % before",
        "surtout ceux dont il s’agit, {0} % de la baisse ({1} à {2} %), selon {3} : {4} fait {5} % d’entre eux, {6} % avant",
    ),
    (
        "mostly what it shows, {#} % of the fall ({#} to {#} %), by {~}",
        "surtout ce qui est montré, {0} % de la baisse ({1} à {2} %), selon {3}",
    ),
    (
        "alike decisions about alike customers lead to less, {#} % of the fall ({#} to {#} %), and nothing that is watched changed: what customers want may have",
        "de mêmes décisions pour de mêmes clients mènent à moins, {0} % de la baisse ({1} à {2} %), et rien de ce qui est surveillé n’a changé : peut-être ce que veulent les clients",
    ),
    (
        "{~}; alike decisions about alike customers lead to less, {#} % of the fall ({#} to {#} %)",
        "{0} ; de mêmes décisions pour de mêmes clients mènent à moins, {1} % de la baisse ({2} à {3} %)",
    ),
    (
        "mostly what is forecast, {#} % of the fall ({#} to {#} %), by {~}: {} is {#} % of the naive forecast's error, {#} % before",
        "surtout ce qui est prévu, {0} % de la baisse ({1} à {2} %), selon {3} : {4} fait {5} % de l’erreur de la prévision naïve, {6} % avant",
    ),
    (
        "mostly what is ordered, {#} % of the fall ({#} to {#} %), by {~}: {} is {#} % of the orders, {#} % before",
        "surtout ce qui est commandé, {0} % de la baisse ({1} à {2} %), selon {3} : {4} fait {5} % des commandes, {6} % avant",
    ),
    (
        "forecasts of the like are further off, {#} % of the fall ({#} to {#} %), {#} % of that in {}, by {~}, and nothing that is watched changed: what customers want may have",
        "les prévisions des mêmes choses sont plus loin des ventes, {0} % de la baisse ({1} à {2} %), dont {3} % pour {4}, selon {5}, et rien de ce qui est surveillé n’a changé : peut-être ce que veulent les clients",
    ),
    (
        "forecasts of the like are further off, {#} % of the fall ({#} to {#} %), and nothing that is watched changed: what customers want may have",
        "les prévisions des mêmes choses sont plus loin des ventes, {0} % de la baisse ({1} à {2} %), et rien de ce qui est surveillé n’a changé : peut-être ce que veulent les clients",
    ),
    (
        "{~}; forecasts of the like are further off, {#} % of the fall ({#} to {#} %), {#} % of that in {}, by {~}",
        "{0} ; les prévisions des mêmes choses sont plus loin des ventes, {1} % de la baisse ({2} à {3} %), dont {4} % pour {5}, selon {6}",
    ),
    (
        "{~}; forecasts of the like are further off, {#} % of the fall ({#} to {#} %)",
        "{0} ; les prévisions des mêmes choses sont plus loin des ventes, {1} % de la baisse ({2} à {3} %)",
    ),
    (
        "orders of the like last less often, {#} % of the fall ({#} to {#} %), {#} % of that in {}, by {~}, and nothing that is watched changed: what customers want may have",
        "les commandes des mêmes choses suffisent moins souvent, {0} % de la baisse ({1} à {2} %), dont {3} % pour {4}, selon {5}, et rien de ce qui est surveillé n’a changé : peut-être ce que veulent les clients",
    ),
    (
        "orders of the like last less often, {#} % of the fall ({#} to {#} %), and nothing that is watched changed: what customers want may have",
        "les commandes des mêmes choses suffisent moins souvent, {0} % de la baisse ({1} à {2} %), et rien de ce qui est surveillé n’a changé : peut-être ce que veulent les clients",
    ),
    (
        "{~}; orders of the like last less often, {#} % of the fall ({#} to {#} %), {#} % of that in {}, by {~}",
        "{0} ; les commandes des mêmes choses suffisent moins souvent, {1} % de la baisse ({2} à {3} %), dont {4} % pour {5}, selon {6}",
    ),
    (
        "{~}; orders of the like last less often, {#} % of the fall ({#} to {#} %)",
        "{0} ; les commandes des mêmes choses suffisent moins souvent, {1} % de la baisse ({2} à {3} %)",
    ),
    (
        "version {#} began to answer on {}",
        "la version {0} a commencé à répondre le {1}",
    ),
    // Incidents.
    ("{~} is broken ({~})", "{0}, rompue : {1}"),
    (
        "{~} is broken: {#} d, promised ≤ {#} d",
        "{0} : {1} j, promis ≤ {2} j",
    ),
    (
        "{~} is broken: {}, promised {} ({~})",
        "{0} : {1}, promis {2} ({3})",
    ),
    ("{~} is broken: {}, promised {}", "{0} : {1}, promis {2}"),
    (
        "{~} is at risk: {}, promised {} ({~})",
        "{0}, menace : {1}, promis {2} ({3})",
    ),
    ("age of table {}", "âge de la table {0}"),
    (
        "{~}; no sale of {} or later is known",
        "{0} ; aucune vente du {1} ou d’après n’est connue",
    ),
    (
        "the last training failed: {}; {~}",
        "le dernier entraînement a échoué : {0} ; {1}",
    ),
    (
        "the last training failed: {}",
        "le dernier entraînement a échoué : {0}",
    ),
    (
        "the import of {} was refused: {}; {~}",
        "l’import de {0} a été refusé : {1} ; {2}",
    ),
    (
        "the import of {} was refused: {}",
        "l’import de {0} a été refusé : {1}",
    ),
    // Forecasts.
    (
        "mean of {~} and {~} and {~}",
        "moyenne de trois méthodes : {0} ; {1} ; {2}",
    ),
    (
        "mean of {~} and {~}",
        "moyenne de deux méthodes : {0} ; {1}",
    ),
    (
        "how far the share of periods inside an interval of {#} is from it",
        "de combien la part des périodes dans un intervalle à {0} s’en écarte",
    ),
    (
        "intervals of {#} held {#} % of the periods, those of {~} {#} %",
        "les intervalles à {0} ont tenu {1} % des périodes, ceux de {2} {3} %",
    ),
    (
        "bias {#} % of what was sold, {~} {#} %",
        "biais de {0} % de ce qui s’est vendu, {1} {2} %",
    ),
    (
        "{#} of {#} series are not measured: they sold nothing before, or nothing is known of the periods after",
        "{0} séries sur {1} ne sont pas mesurées : elles n’avaient rien vendu avant, ou l’on ne sait rien des périodes après",
    ),
    (
        "fitted before {}, {#} {~} after it of {#} series",
        "apprise avant le {0}, mesurée sur {1} {2} d’après de {3} séries",
    ),
    (
        "coverage of the interval by tenth of the series, the least selling first: {} %",
        "couverture de l’intervalle par dixième des séries, les moins vendues d’abord : {0} %",
    ),
    (
        "{~}: weighted absolute error {#} added up, {#} made to agree",
        "{0} : erreur absolue pondérée {1} en additionnant, {2} une fois accordé",
    ),
    (
        "{~}: weighted absolute error {#} added up",
        "{0} : erreur absolue pondérée {1} en additionnant",
    ),
    (
        "{#} of {#} series are of no {~}: they are added up as one of their own",
        "{0} séries sur {1} n’ont pas de {2} : elles sont additionnées à part",
    ),
    (
        "forecasts are not made to agree: {}",
        "les prévisions ne sont pas accordées : {0}",
    ),
    (
        "most periods sell nothing: to forecast zero has an absolute error of {#} beside {#} here, and leaves every shelf empty; so the quantile loss decides",
        "la plupart des périodes ne vendent rien : prévoir zéro a une erreur absolue de {0}, contre {1} ici, et laisse chaque rayon vide ; c’est donc la perte quantile qui décide",
    ),
    (
        "{#} {~} of series were out of stock: they are not taken for no demand",
        "{0} {1} de séries étaient en rupture : cela n’est pas pris pour une absence de demande",
    ),
    (
        "{#} {~} of series ran out of stock: what was asked for is estimated, at least what was sold",
        "dans {0} {1} de séries le stock s’est épuisé : la demande y est estimée, au moins ce qui s’est vendu",
    ),
    (
        "the last {#} d are no whole {~}: they are left out",
        "les {0} derniers jours ne font pas une période entière ({1}) : ils sont laissés de côté",
    ),
    (
        "the calendar ends with {}: after it sites are taken to be open as in the eight weeks before",
        "le calendrier finit le {0} : après, les sites sont tenus pour ouverts comme dans les huit semaines d’avant",
    ),
    (
        "the calendar ends with {}, before the forecast begins: sites are taken to be open on the weekdays of the last eight weeks, without holidays",
        "le calendrier finit le {0}, avant le début de la prévision : les sites sont tenus pour ouverts aux jours de la semaine des huit dernières semaines, sans jours fériés",
    ),
    (
        "product {} sold nothing before {}: a forecast needs at least one sale",
        "l’article {0} n’a rien vendu avant le {1} : une prévision demande au moins une vente",
    ),
    (
        "no {~} {} is forecast, near it are {}",
        "aucune prévision pour {0} {1} ; proches : {2}",
    ),
    (
        "the version forecasts single series alone: set `coherent` to {} or {} and train it, to ask for what they add up to",
        "la version ne prévoit que des séries seules : mettez {0} ou {1} à `coherent` et entraînez-la, pour demander leurs totaux",
    ),
    (
        "promotions of {} over {#} {~} of series: {#} % ({#} to {#}) for what is promoted, {#} % ({#} to {#}) for the rest of the category, net {#} % ({#} to {#})",
        "promotions de {0} sur {1} {2} de séries : {3} % ({4} à {5}) pour ce qui est promu, {6} % ({7} à {8}) pour le reste de la catégorie, net {9} % ({10} à {11})",
    ),
    (
        "the weather is {~}: weighted quantile loss {#} with it, {#} without; of the deviance {#} % gained, standard error {#}",
        "la météo est {0} : perte quantile pondérée {1} avec elle, {2} sans elle ; {3} % de la déviance gagnés, erreur type {4}",
    ),
    (
        "weather of {}: {#} % ({#} to {#}) for 1 °C beyond the usual, {#} % ({#} to {#}) for 1 mm of rain a day beyond the usual",
        "météo de {0} : {1} % ({2} à {3}) pour 1 °C de plus que d’habitude, {4} % ({5} à {6}) pour 1 mm de pluie par jour de plus",
    ),
    (
        "weather of {}: {#} % ({#} to {#}) for 1 °C beyond the usual",
        "météo de {0} : {1} % ({2} à {3}) pour 1 °C de plus que d’habitude",
    ),
    (
        "weather of {}: {#} % ({#} to {#}) for 1 mm of rain a day beyond the usual",
        "météo de {0} : {1} % ({2} à {3}) pour 1 mm de pluie par jour de plus que d’habitude",
    ),
    (
        "what the weather does to {#} more is on the page of the product",
        "ce que la météo fait à {0} autres est sur la page du produit",
    ),
    (
        "what promotions of {} do is not known: {}",
        "ce que font les promotions de {0} n’est pas connu : {1}",
    ),
    (
        "promotions of {#} more categories are on the page of the product",
        "les promotions de {0} autres catégories sont sur la page du produit",
    ),
    (
        "{#} blocks of four weeks, at least {#} needed",
        "{0} blocs de quatre semaines, il en faut au moins {1}",
    ),
    (
        "all of it is on promotion at the same time, or never beside the rest",
        "tout est en promotion en même temps, ou jamais à côté du reste",
    ),
    ("{#} others", "{0} autres"),
    // What people made of proposed orders.
    (
        "{} took {#} proposed orders as they were, changed {#} and refused {#}: each of {#} changes saved {#} cents ({#} to {#})",
        "{0} a pris {1} commandes proposées telles quelles, en a changé {2} et refusé {3} : chacun de {4} changements a épargné {5} centimes ({6} à {7})",
    ),
    (
        "{} took {#} proposed orders as they were, changed {#} and refused {#}: what that saved is not measurable: {}",
        "{0} a pris {1} commandes proposées telles quelles, en a changé {2} et refusé {3} : ce que cela a épargné n’est pas mesurable : {4}",
    ),
    // What nothing is ordered for.
    (
        "{#} series are not played: {~}",
        "{0} séries ne sont pas jouées : {1}",
    ),
    (
        "{#} series that sell nothing in {#} to {#} % of {~} and less than {#} a {~} are forecast by {}: that takes {#} % off their quantile loss (standard error {#})",
        "{0} séries qui ne vendent rien dans {1} à {2} % des périodes ({3}) et moins de {4} par {5} sont prévues par {6} : cela ôte {7} % de leur perte quantile (erreur type {8})",
    ),
    (
        "{#} series that sell nothing in {#} to {#} % of {~} and {#} or more a {~} are forecast by {}: that takes {#} % off their quantile loss (standard error {#})",
        "{0} séries qui ne vendent rien dans {1} à {2} % des périodes ({3}) et {4} ou plus par {5} sont prévues par {6} : cela ôte {7} % de leur perte quantile (erreur type {8})",
    ),
    (
        "{#} series that sell nothing in {#} to {#} % of {~} are forecast by {}: that takes {#} % off their quantile loss (standard error {#})",
        "{0} séries qui ne vendent rien dans {1} à {2} % des périodes ({3}) sont prévues par {4} : cela ôte {5} % de leur perte quantile (erreur type {6})",
    ),
    (
        "series of {#} sorts, by how often and how much they sell, were judged by themselves: {#} have a method of their own",
        "les séries de {0} sortes, selon combien de fois et combien elles vendent, ont été jugées à part : {1} ont leur propre méthode",
    ),
    (
        "no price is known of {#} products in the {~} to come: their forecasts look at none",
        "on ne connaît aucun prix de {0} articles pour les périodes à venir ({1}) : leurs prévisions n’en regardent pas",
    ),
    (
        "{#} categories with a service have no product: {}",
        "{0} catégories qui ont un service n’ont aucun article : {1}",
    ),
    (
        "{#} products at sites have stock or some on its way and never sold there: without a sale no demand is known, and nothing is proposed: {}",
        "{0} articles sur des sites ont du stock ou en attendent et n’y ont jamais été vendus : sans vente on ne connaît pas de demande, et rien n’est proposé : {1}",
    ),
    (
        "{#} products at sites have stock and never sold there: they can send it to other sites, and nothing is ordered for them: {}",
        "{0} articles sur des sites ont du stock et n’y ont jamais été vendus : ils peuvent l’envoyer à d’autres sites, et rien n’est commandé pour eux : {1}",
    ),
    (
        "{#} products at sites have terms of supply, no stock and no sale there: nothing is proposed: {}",
        "{0} articles sur des sites ont des conditions d’approvisionnement, ni stock ni vente : rien n’est proposé : {1}",
    ),
    (
        "{#} products at sites sell and nothing tells their stock: nothing is ordered: {}",
        "{0} articles sur des sites se vendent et rien ne dit leur stock : rien n’est commandé : {1}",
    ),
    (
        "{#} products are sold at no site that is known: nothing is proposed for these sales: {}",
        "{0} articles sont vendus sur un site inconnu : rien n’est proposé pour ces ventes : {1}",
    ),
    (
        "{#} products at sites have no price above a cost that is known: nothing is ordered by cost: {}",
        "{0} articles sur des sites n’ont pas de prix au-dessus d’un coût connu : rien n’est commandé au moindre coût : {1}",
    ),
    // Ratios, and what must not get worse.
    ("{} ({~} per {~})", "{0} ({1} par {2})"),
    ("change of {} ({})", "changement de {0} ({1})"),
    ("change of {~}", "changement : {0}"),
    (
        "guardrail broken: {} changes {~} by {#} ({#} to {#}, each end at any time), more than {#} worse",
        "garde-fou rompu : {0} change {1} de {2} ({3} à {4}, chaque borne à tout moment), pire de plus de {5}",
    ),
    (
        "guardrail kept: {} changes {~} by {#} ({#} to {#}, each end at any time), not {#} worse",
        "garde-fou tenu : {0} change {1} de {2} ({3} à {4}, chaque borne à tout moment), pas pire de {5}",
    ),
    (
        "guardrail open: {} changes {~} by {#} ({#} to {#}, each end at any time); whether it is {#} worse cannot be said yet",
        "garde-fou ouvert : {0} change {1} de {2} ({3} à {4}, chaque borne à tout moment) ; si c’est pire de {5} ne se dit pas encore",
    ),
    (
        "guardrail open: whether {} makes {~} {#} worse is not measurable: {}",
        "garde-fou ouvert : si {0} fait empirer {1} de {2} n’est pas mesurable : {3}",
    ),
    (
        "the denominator of the control arm is not far enough above 0: a mean of {#} with a standard error of {#}",
        "le dénominateur du témoin n’est pas assez au-dessus de 0 : une moyenne de {0} avec une erreur type de {1}",
    ),
    (
        "the denominator of the treated arm is not far enough above 0: a mean of {#} with a standard error of {#}",
        "le dénominateur de la variante n’est pas assez au-dessus de 0 : une moyenne de {0} avec une erreur type de {1}",
    ),
    // Who gained.
    (
        "what {} changes in {~} differs between groups (p-value {})",
        "ce que {0} change ({1}) diffère entre groupes (valeur p {2})",
    ),
    (
        "what {} changes in {~} is not told to differ between groups (p-value {})",
        "ce que {0} change ({1}) ne diffère pas entre groupes au-delà du hasard (valeur p {2})",
    ),
    (
        "{~}: {} adds {#} ({#} to {#}, all groups at once), on {#} customers",
        "{0} : {1} ajoute {2} ({3} à {4}, tous les groupes à la fois), sur {5} clients",
    ),
    (
        "{}: {} adds {#} ({#} to {#}, all groups at once), on {#} customers",
        "{0} : {1} ajoute {2} ({3} à {4}, tous les groupes à la fois), sur {5} clients",
    ),
    (
        "{~}: what {} adds is not measurable: {}",
        "{0} : ce que {1} ajoute n’est pas mesurable : {2}",
    ),
    (
        "{}: what {} adds is not measurable: {}",
        "{0} : ce que {1} ajoute n’est pas mesurable : {2}",
    ),
    (
        "spent nothing in the {#} days before",
        "rien dépensé dans les {0} jours d’avant",
    ),
    (
        "spent up to {#} in the {#} days before",
        "dépensé jusqu’à {0} dans les {1} jours d’avant",
    ),
    (
        "spent {#} to {#} in the {#} days before",
        "dépensé de {0} à {1} dans les {2} jours d’avant",
    ),
    (
        "spent more than {#} in the {#} days before",
        "dépensé plus de {0} dans les {1} jours d’avant",
    ),
    // What changes say that nobody drew.
    ("{~} per site and {#} days", "{0} par site et {1} jours"),
    ("{~} per day", "{0} par jour"),
    (
        "this holds if without the change, those changed and the others would have moved alike, and the change did not touch the others",
        "cela vaut si, sans le changement, les sites changés et les autres avaient évolué de même, et si le changement n’a pas touché les autres",
    ),
    (
        "this holds if without the change, those changed would have stayed on the course of the weighted others, and the change did not touch the others",
        "cela vaut si, sans le changement, les sites changés avaient suivi le cours des autres pondérés, et si le changement n’a pas touché les autres",
    ),
    (
        "this holds if chance drew the periods with the change, and what a period leaves behind is over after the burn-in",
        "cela vaut si le hasard a tiré les périodes du changement, et si ce qu’une période laisse derrière elle est fini après la mise en route",
    ),
    (
        "how much of the difference of {#} {~} is due to {~} is not measurable: {}",
        "quelle part de la différence de {0} ({1}) est due à ceci : {2}, n’est pas mesurable : {3}",
    ),
    (
        "the difference of {#} {~} cannot be put down to {~}: what that would take is contradicted (p-value {})",
        "la différence de {0} ({1}) ne peut être attribuée à ceci : {2} ; ce qu’il faudrait pour cela est contredit (valeur p {3})",
    ),
    (
        "whether {~} changes {~} cannot be told from chance: between {#} and {#}, beside {#} without it",
        "{0} : l’effet ({1}) ne se distingue pas du hasard : entre {2} et {3}, à côté de {4} sans cela",
    ),
    (
        "{~} adds {#} ({#} to {#}) {~} to {#}: this is real (p-value {})",
        "{0} ajoute {1} ({2} à {3}) à {5} ({4}) : c’est réel (valeur p {6})",
    ),
    (
        "{#} blocks of {#} days with it and {#} without, from {} until {}, the first {#} days of each left out",
        "{0} blocs de {1} jours avec et {2} sans, du {3} jusqu’au {4}, les {5} premiers jours de chacun laissés de côté",
    ),
    (
        "{#} sites with it beside {#} others, {#} periods of {#} days before it and {#} after, from {} until {}",
        "{0} sites avec à côté de {1} autres, {2} périodes de {3} jours avant et {4} après, du {5} jusqu’au {6}",
    ),
    (
        "{#} sites that sold nothing in some period are left out",
        "{0} sites qui n’ont rien vendu dans une période sont laissés de côté",
    ),
    (
        "an effect of {#} {~} is seen four times of five",
        "un effet de {0} ({1}) se voit quatre fois sur cinq",
    ),
    (
        "{~}: before, those changed and the others moved alike (p-value {})",
        "{0} : avant, les sites changés et les autres évoluaient de même (valeur p {1})",
    ),
    (
        "{~}: those changed and the others moved apart before the change already (p-value {})",
        "{0} : les sites changés et les autres s’écartaient déjà avant le changement (valeur p {1})",
    ),
    (
        "{~}: whether they moved alike before is not measurable: {}",
        "{0} : s’ils évoluaient de même avant n’est pas mesurable : {1}",
    ),
    (
        "a difference of trends that would go unseen could make up {#} {~}",
        "une différence de tendance qui passerait inaperçue pourrait faire {0} ({1})",
    ),
    (
        "with {#} sites changed, no p-value can be below {}",
        "avec {0} sites changés, aucune valeur p ne peut être sous {1}",
    ),
    (
        "{~}: {#} of {#} others have a weight and miss by {#} before the change, a constant by {#}",
        "{0} : {1} des {2} autres ont un poids et manquent de {3} avant le changement, une constante de {4}",
    ),
    (
        "{~}: a change pretended {#} periods before the true one shows {#} (p-value {})",
        "{0} : un changement feint {1} périodes avant le vrai montre {2} (valeur p {3})",
    ),
    (
        "{~}: what a pretended change shows is not measurable: {}",
        "{0} : ce que montre un changement feint n’est pas mesurable : {1}",
    ),
    (
        "beside {#} others of which the change is pretended, no p-value can be below {}",
        "à côté de {0} autres dont le changement est feint, aucune valeur p ne peut être sous {1}",
    ),
    (
        "the best weights were not found: {#} of the way to them is left",
        "les meilleurs poids n’ont pas été trouvés : il reste {0} du chemin",
    ),
    (
        "the blocks follow each other as drawn ones do (p-value {})",
        "les blocs se suivent comme des blocs tirés au sort (valeur p {0})",
    ),
    (
        "the blocks do not follow each other as drawn ones do (p-value {})",
        "les blocs ne se suivent pas comme des blocs tirés au sort (valeur p {0})",
    ),
    (
        "{~}: a block after one with the change has {#} (p-value {})",
        "{0} : un bloc qui suit un bloc avec le changement a {1} (valeur p {2})",
    ),
    (
        "{~}: whether a block leaves something to the next is not measurable: {}",
        "{0} : si un bloc laisse quelque chose au suivant n’est pas mesurable : {1}",
    ),
    (
        "{~}: the standard error is {#} by block, {#} where blocks resemble those before",
        "{0} : l’erreur type est {1} par bloc, {2} si les blocs ressemblent aux précédents",
    ),
    // What experiments say.
    (
        "because of {}, {#} customers brought {#} more {~} ({#} to {#}); {#} would have come anyway: this is real",
        "grâce à {0}, {1} clients ont apporté {2} de plus en {3} ({4} à {5}) ; {6} serait venu de toute façon : c’est réel",
    ),
    (
        "because of {}, {#} customers brought {#} less {~} ({#} to {#}); {#} would have come anyway: this is real",
        "à cause de {0}, {1} clients ont apporté {2} de moins en {3} ({4} à {5}) ; {6} serait venu de toute façon : c’est réel",
    ),
    (
        "whether {} changes {~} cannot be told from chance yet: between {#} and {#} in all, on {#} customers who would have brought {#} anyway",
        "l’effet de {0} ({1}) ne se distingue pas encore du hasard : entre {2} et {3} en tout, sur {4} clients qui auraient de toute façon apporté {5}",
    ),
    (
        "what {} changes in {~} is not measurable: {}",
        "ce que {0} change ({1}) n’est pas mesurable : {2}",
    ),
    (
        "{~} within {#} d: {#} for {}",
        "{0} en {1} j : {2} pour {3}",
    ),
    (
        "{} adds {#} ({#} to {#}, 95 %, read once; {#} to {#} at any time), {#}, p-value {}: real",
        "{0} ajoute {1} ({2} à {3}, 95 %, lu une fois ; {4} à {5} à tout moment), {6}, valeur p {7} : réel",
    ),
    (
        "{} adds {#} ({#} to {#}, 95 %, read once; {#} to {#} at any time), {#}, p-value {}: not told from chance",
        "{0} ajoute {1} ({2} à {3}, 95 %, lu une fois ; {4} à {5} à tout moment), {6}, valeur p {7} : peut être le hasard",
    ),
    (
        "{~} {#} ({#} to {#}) in all, on {#} customers",
        "{0} : {1} ({2} à {3}) en tout, sur {4} clients",
    ),
    (
        "so many customers show an effect of {#} {~} four times of five",
        "autant de clients montrent quatre fois sur cinq un effet de {0} ({1})",
    ),
    (
        "the {#} d before take away {#} of the variance of {~}",
        "les {0} j d’avant enlèvent {1} de la variance ({2})",
    ),
    (
        "the arms have the sizes asked for (p-value {})",
        "les variantes ont les tailles demandées (valeur p {0})",
    ),
    (
        "the arms do not have the sizes asked for: {} has {#} customers, expected {#} (p-value {}); nothing can be read until that is explained",
        "les variantes n’ont pas les tailles demandées : {0} a {1} clients, attendus : {2} (valeur p {3}) ; rien ne se lit tant que cela n’est pas expliqué",
    ),
    (
        "the arms do not have the sizes asked for: {} has {#} clusters, expected {#} (p-value {}); nothing can be read until that is explained",
        "les variantes n’ont pas les tailles demandées : {0} a {1} grappes, attendues : {2} (valeur p {3}) ; rien ne se lit tant que cela n’est pas expliqué",
    ),
    (
        "whether the arms have the sizes asked for is not measurable: does not apply: the share held out is a setting of the project, which a version does not know",
        "si les variantes ont les tailles demandées n’est pas mesurable : la part du groupe témoin est un réglage du projet, qu’une version ne connaît pas",
    ),
    (
        "{#} customers are too recent: their {#} d are not over",
        "{0} clients sont trop récents : leurs {1} j ne sont pas finis",
    ),
    (
        "{#} later draws of customers drawn before are not counted",
        "{0} tirages suivants de clients déjà tirés ne sont pas comptés",
    ),
    (
        "{#} customers were drawn again later into another arm: they count in their first one, and what reached them is mixed",
        "{0} clients ont été tirés de nouveau dans une autre variante : ils comptent dans la première, et ce qui les a touchés est mêlé",
    ),
    (
        "{#} of {#} customers were reached by their arm; those who were not are counted too",
        "{0} clients sur {1} ont été touchés par leur variante ; les autres sont comptés aussi",
    ),
    (
        "{#} customers bought before their arm reached them: that is no work of it, and is counted on both sides",
        "{0} clients ont acheté avant que leur variante les touche : ce n’est pas son œuvre, et c’est compté des deux côtés",
    ),
    (
        "{#} customers were reached by another arm than theirs: the effect shown is smaller than that of being reached",
        "{0} clients ont été touchés par une autre variante que la leur : l’effet montré est plus petit que celui d’être touché",
    ),
    (
        "{#} customers were reached by an arm before they were drawn: clocks are out of order, or it was not the draw that decided",
        "{0} clients ont été touchés par une variante avant d’être tirés : les horloges ne vont pas ensemble, ou ce n’est pas le tirage qui a décidé",
    ),
    (
        "{#} customers decided for on some days and held out on others are not counted",
        "{0} clients tantôt servis, tantôt dans le groupe témoin ne sont pas comptés",
    ),
    (
        "asked about on {#} days per customer where decided for, on {#} where held out: where the two differ, being asked is part of what it changed",
        "demandés {0} jours par client servi, {1} par client du groupe témoin : si les deux diffèrent, être demandé fait partie de ce qui a changé",
    ),
    (
        "{#} customers answered by both versions are not counted",
        "{0} clients servis par les deux versions ne sont pas comptés",
    ),
    (
        "asked about on {#} days per customer of version {#}, on {#} of version {#}: where the two differ, being asked is part of what it changed",
        "demandés {0} jours par client de la version {1}, {2} par client de la version {3} : si les deux diffèrent, être demandé fait partie de ce qui a changé",
    ),
    (
        "whether the arms have the sizes asked for is not measurable: does not apply: which share the version on trial was asked to answer was not noted on all of its days",
        "si les variantes ont les tailles demandées n’est pas mesurable : la part demandée à la version à l’essai n’a pas été notée pour tous ses jours",
    ),
    (
        "version {#} was asked to answer {#} of the customers from {} on; that day itself is not counted",
        "la version {0} devait répondre à {1} des clients à partir du {2} ; ce jour-là ne compte pas",
    ),
    (
        "{} cannot be read: {} has {#} of the customers, asked for were {#}",
        "{0} ne se lit pas : {1} a {2} des clients, {3} étaient demandés",
    ),
    (
        "{} has not read version {#} as of a day after {}: {}",
        "{0} n’a pas lu la version {1} à une date après le {2} : {3}",
    ),
    (
        "a regression on {#} things known of the {#} d before takes away {#} of the variance of {~}",
        "une régression sur {0} choses connues des {1} j d’avant enlève {2} de la variance ({3})",
    ),
    (
        "{~} is cut to between {#} and {#}, as it was in the {#} d before: {#} customers are beyond",
        "{0} : ramené entre {1} et {2}, comme dans les {3} j d’avant ; {4} clients sont au-delà",
    ),
    (
        "{~} is cut to between {#} and {#}, as it is in all arms together: {#} customers are beyond",
        "{0} : ramené entre {1} et {2}, comme dans toutes les variantes ensemble ; {3} clients sont au-delà",
    ),
    (
        "errors count clusters by {} and not customers: {}",
        "les erreurs comptent des grappes par {0} et non des clients : {1}",
    ),
    (
        "{#} clusters in each arm, the fewest that can be read",
        "{0} grappes par variante, le moins qui se lise",
    ),
    (
        "{#} customers to whom the rule was applied on some days and not on others are not counted",
        "{0} clients pour qui la règle s’est appliquée certains jours et pas d’autres ne comptent pas",
    ),
    (
        "covered on {#} days per customer with the rule, on {#} without: where the two differ, being covered is part of what it changed",
        "concernés {0} jours par client avec la règle, {1} sans : où les deux diffèrent, être concerné fait partie de ce qu’elle a changé",
    ),
    (
        "{#} customers of {} in {#} arms, what came of them within {#} days",
        "{0} clients de {1} en {2} variantes, ce qu’ils ont fait en {3} jours",
    ),
    (
        "standard error of the effect on {~}",
        "erreur type de l’effet sur : {0}",
    ),
    (
        "customer {} is in no arm of {}",
        "le client {0} n’est dans aucune variante de {1}",
    ),
    // What scorecards say of how they were made.
    (
        "{#} quintile-sum groups",
        "{0} groupes par somme de quintiles",
    ),
    (
        "inside the history a baseline did better than the model chosen: {~}",
        "dans l’historique, une référence a fait mieux que le modèle choisi : {0}",
    ),
    (
        "the likelihood is flat in {}: the history does not tell it from another parameter",
        "la vraisemblance est plate en {0} : l’historique ne le distingue pas d’un autre paramètre",
    ),
    (
        "every repeat purchase of {#} customers cost {#}: the amount is that exact mean",
        "chaque achat suivant de {0} clients a coûté {1} : le montant est cette moyenne exacte",
    ),
    (
        "what purchases bring could not be learnt, so no value is given: {}",
        "ce que rapportent les achats n’a pas pu être appris, aucune valeur n’est donc donnée : {0}",
    ),
    (
        "{~}: maximum found in {#} steps, largest gradient {}, log-likelihood {#}",
        "{0} : maximum trouvé en {1} pas, plus grand gradient {2}, log-vraisemblance {3}",
    ),
    (
        "{~}: parameters with 95 % intervals: {}",
        "{0} : paramètres et intervalles à 95 % : {1}",
    ),
    (
        "{~} takes amounts not to depend on how often somebody buys: their correlation is {#}",
        "{0} suppose que les montants ne dépendent pas de la fréquence des achats : leur corrélation est de {1}",
    ),
    (
        "trained before {}, lists over {#} products compared with what was bought in the {#} days after",
        "entraînée avant le {0}, listes sur {1} articles comparées à ce qui a été acheté dans les {2} jours suivants",
    ),
    (
        "grouped before {}, spend of {#} customers measured on the {#} days after",
        "groupés avant le {0}, dépense de {1} clients mesurée sur les {2} jours suivants",
    ),
    (
        "fitted before {}, purchases of {#} customers counted on the {#} days after",
        "ajustée avant le {0}, achats de {1} clients comptés sur les {2} jours suivants",
    ),
    (
        "predicted {#} purchase days in total, {#} happened",
        "{0} jours d’achat prédits en tout, {1} ont eu lieu",
    ),
    ("{#} segments: {~}", "{0} segments : {1}"),
    (
        "the most reproducible number of segments (agreement {#} of 1 between resampled customers)",
        "le nombre de segments le plus reproductible (accord de {0} sur 1 entre rééchantillonnages de clients)",
    ),
    (
        "{} segments are about as reproducible; this number separates customers best (silhouette {#})",
        "{0} segments sont à peu près aussi reproductibles ; ce nombre sépare le mieux les clients (silhouette {1})",
    ),
    (
        "{} segments are about as reproducible; this number separates customers best",
        "{0} segments sont à peu près aussi reproductibles ; ce nombre sépare le mieux les clients",
    ),
    (
        "no number of segments is reproducible: the best agreement is {#}, at least {#} needed; the most reproducible one was kept",
        "aucun nombre de segments n’est reproductible : le meilleur accord est {0}, il en faut au moins {1} ; le plus reproductible a été gardé",
    ),
    // What was compared in training.
    (
        "{~}: mean absolute error {#}, total {#}",
        "{0} : erreur absolue moyenne {1}, total {2}",
    ),
    (
        "needs {}, memory_max is {}",
        "demande {0}, memory_max vaut {1}",
    ),
    (
        "nobody bought for {} in the last days of the history",
        "personne n’a acheté pour {0} dans les derniers jours de l’historique",
    ),
    // Questions that cannot be answered.
    (
        "`{}` is missing: placement `{}` is asked about a {}",
        "`{0}` manque : `{1}` demande un `{2}`",
    ),
    (
        "`placement` is {}, allowed is {}",
        "`placement` vaut {0}, permis : {1}",
    ),
    (
        "`items` is {}, allowed is {~}",
        "`items` vaut {0}, permis : {1}",
    ),
    (
        "customer {} has no order before {}: {~} needs at least one",
        "le client {0} n’a aucune commande avant le {1} : {2} en demande au moins une",
    ),
    (
        "product {} is not in the catalogue",
        "l’article {0} n’est pas au catalogue",
    ),
    (
        "net spend is {#} cents, it must be positive",
        "la dépense nette est de {0} centimes, elle doit être positive",
    ),
    (
        "last order is {#} days after the as-of date",
        "la dernière commande vient {0} jours après la date d’arrêt",
    ),
    // What contracts allow.
    ("{#} to {#}", "{0} à {1}"),
    ("{#} or more", "{0} ou plus"),
    ("{#} or less", "{0} ou moins"),
    ("one of {}", "une valeur parmi {0}"),
    ("text that matches {}", "un texte de la forme {0}"),
    (
        "rows for which {}: a line of no units neither sells nor takes back",
        "les lignes où {0} : une ligne sans unité ne vend ni ne reprend rien",
    ),
    (
        "rows for which {}: units taken back are counted below zero and marked as a return by a `[[return]]` of the source",
        "les lignes où {0} : les unités reprises se comptent sous zéro et sont marquées comme retour par un `[[return]]` de la source",
    ),
    (
        "rows for which {}: an offer whose last day comes before its first is never valid",
        "les lignes où {0} : une offre dont le dernier jour précède le premier n’est jamais valable",
    ),
    (
        "rows for which {}: `propensities` names every arm that could have been drawn, and the one that was is not among them",
        "les lignes où {0} : `propensities` nomme toutes les variantes qui pouvaient être tirées, et celle qui l’a été n’y est pas",
    ),
    ("rows for which {}", "les lignes où {0}"),
    ("a value of {}", "une valeur de {0}"),
    (
        "one row per {} in a file",
        "une ligne par {0} dans un fichier",
    ),
    ("one row per {} in `{}`", "une ligne par {0} dans `{1}`"),
    ("an amount below {#}", "un montant inférieur à {0}"),
    ("a date {~}", "une date {0}"),
    ("a moment {~}", "un moment {0}"),
    ("in the format {}", "au format {0}"),
    // What broke contracts, and what is worth knowing of an import.
    (
        "{#} of the rows of {} broke a rule, allowed is {#}",
        "{0} des lignes de {1} ont rompu une règle, la limite est {2}",
    ),
    (
        "{#} of the rows of {} broke `{}`, allowed is {#}",
        "{0} des lignes de {1} ont rompu `{2}`, la limite est {3}",
    ),
    (
        "the newest row of {} is {#} days old, allowed is {#}",
        "la ligne la plus récente de {0} a {1} jours, la limite est {2}",
    ),
    (
        "no row of {} was accepted, so none is at most {#} days old",
        "aucune ligne de {0} n’a été acceptée, donc aucune n’a au plus {1} jours",
    ),
    (
        "{} has {#} rows, {#} of the median of {#}; allowed is {#} or more",
        "{0} a {1} lignes, {2} de la médiane de {3} ; la limite est {4}",
    ),
    (
        "{} has {#} rows, {#} of the median of {#}; allowed is {#} or less",
        "{0} a {1} lignes, {2} de la médiane de {3} ; la limite est {4} au plus",
    ),
    (
        "references to {} are not checked: that table has no rows",
        "les références à {0} ne sont pas vérifiées : cette table n’a aucune ligne",
    ),
    (
        "columns new since the last file: {}",
        "colonnes nouvelles depuis le dernier fichier : {0}",
    ),
    (
        "columns in the last file and no longer there: {}",
        "colonnes du dernier fichier qui n’y sont plus : {0}",
    ),
    // Names of changes, after all that is said of them.
    ("the change at sites {}", "le changement dans les sites {0}"),
    (
        "the switchback of sites {}",
        "l’alternance dans les sites {0}",
    ),
    // Parts of a total.
    (
        "category {} in region {}",
        "catégorie {0} dans la région {1}",
    ),
    ("category {} at site {}", "catégorie {0} au site {1}"),
    ("category {} in no region", "catégorie {0} sans région"),
    ("category {} at no site", "catégorie {0} sans site"),
    (
        "no category in region {}",
        "sans catégorie dans la région {0}",
    ),
    ("no category at site {}", "sans catégorie au site {0}"),
    ("category {}", "catégorie {0}"),
    ("region {}", "région {0}"),
    ("product {}", "article {0}"),
    ("site {}", "site {0}"),
    ("no {~}", "sans {0}"),
];

/// Conditions of a rule of segments as the model writes them, and as a page does in English and in French. An amount
/// stands at `{$}`.
const CONDITIONS: &[(&str, &str, &str)] = &[
    ("every customer", "every customer", "tous les clients"),
    (
        "last order ≤ {#} days ago",
        "last order ≤ {0} d ago",
        "dernière commande il y a ≤ {0} j",
    ),
    (
        "last order > {#} days ago",
        "last order > {0} d ago",
        "dernière commande il y a > {0} j",
    ),
    (
        "last order > {#} and ≤ {#} days ago",
        "last order > {0} and ≤ {1} d ago",
        "dernière commande il y a > {0} et ≤ {1} j",
    ),
    ("orders ≤ {#}", "orders ≤ {0}", "commandes ≤ {0}"),
    ("orders ≥ {#}", "orders ≥ {0}", "commandes ≥ {0}"),
    ("orders = {#}", "orders = {0}", "commandes = {0}"),
    (
        "orders {#} to {#}",
        "orders {0} to {1}",
        "commandes de {0} à {1}",
    ),
    ("spend ≤ {$}", "spend ≤ {0}", "dépense ≤ {0}"),
    ("spend > {$}", "spend > {0}", "dépense > {0}"),
    (
        "spend > {$} and ≤ {$}",
        "spend > {0} and ≤ {1}",
        "dépense > {0} et ≤ {1}",
    ),
];

/// What tells segments of the same levels apart.
const DETAILS: &[(&str, &str, &str)] = &[
    (
        "about {#} days ago",
        "about {0} days ago",
        "il y a environ {0} jours",
    ),
    (
        "about {$} in all",
        "about {0} in all",
        "environ {0} en tout",
    ),
    (
        "about {#} orders",
        "about {0} orders",
        "environ {0} commandes",
    ),
];

/// What stands at a place of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Name,
    Figure,
    Amount,
    Words,
}

/// The parts of a text that stand at the places of a sentence; none where the text is another sentence.
fn parts<'t>(sentence: &str, text: &'t str) -> Option<Vec<(Place, &'t str)>> {
    let (first, mut places) = sentence.split_once('{').unwrap_or((sentence, ""));
    let mut rest = text.strip_prefix(first)?;
    let mut parts = Vec::new();
    while let Some((place, after)) = places.split_once('}') {
        let place = match place {
            "#" => Place::Figure,
            "$" => Place::Amount,
            "~" => Place::Words,
            _ => Place::Name,
        };
        let (literal, next) = after.split_once('{').unwrap_or((after, ""));
        // The last part goes up to the end of the text.
        let end = if next.is_empty() {
            rest.strip_suffix(literal)?.len()
        } else {
            rest.find(literal)?
        };
        parts.push((place, &rest[..end]));
        rest = &rest[end + literal.len()..];
        places = next;
    }
    rest.is_empty().then_some(parts)
}

/// A figure as the language writes it, with as many decimals as it has; none where the text is no figure.
fn figure(locale: Locale, text: &str) -> Option<String> {
    let (number, unit) = match text.strip_suffix(" %") {
        Some(number) => (number, "%"),
        None => (text, ""),
    };
    let (sign, number) = match number.strip_prefix('+') {
        Some(number) => ("+", number),
        None => ("", number),
    };
    let plain = number.replace(',', "");
    let is_digits = plain
        .trim_start_matches('-')
        .chars()
        .all(|c| c.is_ascii_digit() || c == '.');
    let value = plain.parse::<f64>().ok().filter(|_| is_digits)?;
    let decimals = plain.split_once('.').map_or(0, |(_, d)| d.len());
    let written = locale.fixed(value, decimals);
    Some(format!("{sign}{}", locale.attach(&written, unit)))
}

/// A part as a page writes it; none where it is not what its place is for.
fn written(locale: Locale, currency: &Currency, place: Place, part: &str) -> Option<String> {
    match place {
        Place::Name => Some(part.to_owned()),
        Place::Figure => figure(locale, part),
        Place::Amount => Some(locale.attach(&figure(locale, part)?, currency.sign())),
        Place::Words => Some(found(part)?.into_owned()),
    }
}

/// A sentence in the language of the page; none where the text is another one.
fn filled(
    locale: Locale,
    currency: &Currency,
    sentence: &str,
    told: &str,
    text: &str,
) -> Option<String> {
    let mut filled = told.to_owned();
    for (n, (place, part)) in parts(sentence, text)?.into_iter().enumerate() {
        let part = written(locale, currency, place, part)?;
        filled = filled.replace(&format!("{{{n}}}"), &part);
    }
    Some(filled)
}

/// French for a sentence with names and figures.
pub(super) fn sentence(english: &str) -> Option<String> {
    let no_amounts = Currency::Unknown;
    let mut all = SENTENCES.iter().chain(super::promotion::SENTENCES);
    all.find_map(|(sentence, french)| {
        filled(Locale::French, &no_amounts, sentence, french, english)
    })
}

/// The one of some sentences that a text is.
fn one_of(
    sentences: &[(&str, &str, &str)],
    locale: Locale,
    currency: &Currency,
    text: &str,
) -> Option<String> {
    sentences.iter().find_map(|(sentence, english, french)| {
        let told = locale.choose(english, french);
        filled(locale, currency, sentence, told, text)
    })
}

/// A rule of segments in the language of the page, amounts with their currency; none where the text is no such rule.
pub(in crate::console) fn rule(
    locale: Locale,
    currency: &Currency,
    english: &str,
) -> Option<String> {
    let mut conditions: Vec<String> = Vec::new();
    for part in english.split(" and ") {
        match conditions.last_mut() {
            // The upper end of the same condition.
            Some(last) if part.starts_with('≤') => {
                last.push_str(" and ");
                last.push_str(part);
            }
            Some(_) | None => conditions.push(part.to_owned()),
        }
    }
    let told = conditions
        .iter()
        .map(|condition| one_of(CONDITIONS, locale, currency, condition))
        .collect::<Option<Vec<_>>>()?;
    Some(told.join(locale.choose(" and ", " et ")))
}

/// The name of a segment in the language of the page: levels with commas, perhaps a figure that tells two of them
/// apart. A name that was made in another way stays as it is.
pub(in crate::console) fn segment(locale: Locale, currency: &Currency, english: &str) -> String {
    let part = |text: &str| -> Option<String> {
        let level = super::words::LEVELS.iter().find(|(e, _)| *e == text);
        if let Some((english, french)) = level {
            return Some(locale.choose(english, french).to_owned());
        }
        let (about, number) = match text.strip_suffix(')').and_then(|t| t.rsplit_once(" (")) {
            Some((name, number)) => (name, format!(" ({number})")),
            None => (text, String::new()),
        };
        Some(one_of(DETAILS, locale, currency, about)? + &number)
    };
    let parts = english.split(", ").map(part);
    parts
        .collect::<Option<Vec<_>>>()
        .map_or_else(|| english.to_owned(), |parts| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euro() -> Currency {
        Currency::One("EUR".to_owned())
    }

    #[test]
    fn french_puts_in_every_part_of_the_english() {
        let both = SENTENCES.iter().chain(super::super::promotion::SENTENCES);
        let both = both.map(|(e, f)| (*e, *f));
        let three = CONDITIONS.iter().chain(DETAILS);
        let three = three.flat_map(|(s, e, f)| [(*s, *e), (*s, *f)]);
        for (sentence, told) in both.chain(three) {
            let places = sentence.matches('{').count();
            assert_eq!(told.matches('{').count(), places, "{sentence}");
            for n in 0..places {
                assert!(told.contains(&format!("{{{n}}}")), "{sentence}: {n}");
            }
        }
    }

    #[test]
    fn sentences_are_told_with_their_names_and_figures() {
        for (english, french) in [
            (
                "grouped before 2025-10-03, spend of 3774 customers measured on the 90 days after",
                "groupés avant le 2025-10-03, dépense de 3\u{202f}774 clients mesurée sur les 90 jours suivants",
            ),
            (
                "4 segments: the most reproducible number of segments (agreement 0.91 of 1 between resampled customers)",
                "4 segments : le nombre de segments le plus reproductible (accord de 0,91 sur 1 entre rééchantillonnages de clients)",
            ),
            (
                "5 segments: 4, 5 segments are about as reproducible; this number separates customers best (silhouette 0.40)",
                "5 segments : 4, 5 segments sont à peu près aussi reproductibles ; ce nombre sépare le mieux les clients (silhouette 0,40)",
            ),
            (
                "BG/NBD: mean absolute error 1.062, total +3 %",
                "BG/NBD : erreur absolue moyenne 1,062, total +3\u{202f}%",
            ),
            (
                "`items` is \"many\", allowed is 1 to 50",
                "`items` vaut \"many\", permis : 1 à 50",
            ),
            (
                "customer \"C 1\" has no order before 2025-01-01: a segment needs at least one",
                "le client \"C 1\" n’a aucune commande avant le 2025-01-01 : un segment en demande au moins une",
            ),
            (
                "fitted before 2024-07-24, 7 days after it of 24 series",
                "apprise avant le 2024-07-24, mesurée sur 7 jours d’après de 24 séries",
            ),
            (
                "coverage of the interval by tenth of the series, the least selling first: 91, 88, 90 %",
                "couverture de l’intervalle par dixième des séries, les moins vendues d’abord : 91, 88, 90 %",
            ),
            (
                "category: weighted absolute error 0.131 added up, 0.094 made to agree",
                "catégorie : erreur absolue pondérée 0,131 en additionnant, 0,094 une fois accordé",
            ),
            (
                "2 of 24 series are of no region: they are added up as one of their own",
                "2 séries sur 24 n’ont pas de région : elles sont additionnées à part",
            ),
            (
                "3 weeks of series were out of stock: they are not taken for no demand",
                "3 semaines de séries étaient en rupture : cela n’est pas pris pour une absence de demande",
            ),
            (
                "a moment in the format \"%Y-%m-%d\"",
                "un moment au format \"%Y-%m-%d\"",
            ),
            (
                "-1000000 to 1000000",
                "−1\u{202f}000\u{202f}000 à 1\u{202f}000\u{202f}000",
            ),
            (
                "mail adds +2.950 (+2.500 to +3.400, 95 %, read once; -0.100 to +6.000 at any time), +8.4 %, p-value < 0.001: real",
                "mail ajoute +2,950 (+2,500 à +3,400, 95 %, lu une fois ; −0,100 à +6,000 à tout moment), +8,4\u{202f}%, valeur p < 0.001 : réel",
            ),
            (
                "because of mail, 600 customers brought 1802 more margin (1500 to 2104); 21120 would have come anyway: this is real",
                "grâce à mail, 600 clients ont apporté 1\u{202f}802 de plus en marge (1\u{202f}500 à 2\u{202f}104) ; 21\u{202f}120 serait venu de toute façon : c’est réel",
            ),
            (
                "guardrail broken: mail changes basket (revenue per order) by -8.1 % (-12.0 % to -4.2 %, each end at any time), more than 2 % worse",
                "garde-fou rompu : mail change basket (chiffre d’affaires par commande) de −8,1\u{202f}% (−12,0\u{202f}% à −4,2\u{202f}%, chaque borne à tout moment), pire de plus de 2\u{202f}%",
            ),
            (
                "version 2 was asked to answer 10 % of the customers from 2025-07-01 on; that day itself is not counted",
                "la version 2 devait répondre à 10\u{202f}% des clients à partir du 2025-07-01 ; ce jour-là ne compte pas",
            ),
            (
                "guard cannot be read: version 2 has 60.0 % of the customers, asked for were 30.0 %",
                "guard ne se lit pas : version 2 a 60,0\u{202f}% des clients, 30,0\u{202f}% étaient demandés",
            ),
            (
                "guard: version 2 changes orders per customer by -0.10 (-0.20 to -0.05)",
                "guard : la version 2 change commandes par client de −0,10 (−0,20 à −0,05)",
            ),
            (
                "a regression on 8 things known of the 90 d before takes away 45 % of the variance of revenue per customer",
                "une régression sur 8 choses connues des 90 j d’avant enlève 45\u{202f}% de la variance (chiffre d’affaires par client)",
            ),
            (
                "version 1 answers again: version 2 was rolled back by itself: 180 of 6000 answers were late, 60.00 may be",
                "la version 1 répond de nouveau : la version 2 a été retirée d’elle-même : 180 réponses sur 6\u{202f}000 en retard, 60,00 peuvent l’être",
            ),
            (
                "version 2 makes room for version 1: its decisions fell below what is allowed, seen by 2026-05-24, likely since 2026-05-14; quality is 30.2 % since 2026-05-14, and was 40.2 % under version 1 in the 28 days before, -10.0 points (-10.4 to -9.6); 36.0 % is allowed",
                "la version 2 cède la place à la version 1 : ses décisions sont passées sous ce qui est permis, vu au plus tard le 2026-05-24, sans doute depuis le 2026-05-14 ; la qualité est de 30,2\u{202f}% depuis le 2026-05-14, et était de 40,2\u{202f}% sous la version 1 dans les 28 jours d’avant, −10,0 points (−10,4 à −9,6) ; 36,0\u{202f}% sont permis",
            ),
            (
                "1.16 % of the rows of raw/a b.csv broke `type`, allowed is 1.00 %",
                "1,16\u{202f}% des lignes de raw/a b.csv ont rompu `type`, la limite est 1,00\u{202f}%",
            ),
        ] {
            assert_eq!(sentence(english).as_deref(), Some(french), "{english}");
        }
        // Written by the shop, or about something else.
        for other in [
            "sold to euros",
            "quantity is not zero",
            "a moment later",
            "4 segments: ours",
        ] {
            assert_eq!(sentence(other), None, "{other}");
        }
    }

    #[test]
    fn rules_of_segments_are_told_with_amounts_in_their_currency() {
        let text =
            "last order > 60 and ≤ 90 days ago and orders 10 to 12 and spend > 250 and ≤ 3,000";
        assert_eq!(
            rule(Locale::English, &euro(), text).as_deref(),
            Some(
                "last order > 60 and ≤ 90 d ago and orders 10 to 12 and spend > €250 and ≤ €3,000"
            )
        );
        assert_eq!(
            rule(Locale::French, &euro(), text).as_deref(),
            Some(
                "dernière commande il y a > 60 et ≤ 90 j et commandes de 10 à 12 et dépense > 250\u{a0}€ et ≤ 3\u{202f}000\u{a0}€"
            )
        );
        assert_eq!(
            rule(Locale::French, &Currency::Unknown, "every customer").as_deref(),
            Some("tous les clients")
        );
        assert_eq!(rule(Locale::French, &euro(), "tea and biscuits"), None);
    }

    #[test]
    fn names_of_segments_are_built_from_their_levels() {
        for (english, told, french) in [
            (
                "recent, one order, low spend",
                "recent, one order, low spend",
                "récents, une seule commande, petite dépense",
            ),
            (
                "very recent, about 31 days ago (2)",
                "very recent, about 31 days ago (2)",
                "très récents, il y a environ 31 jours (2)",
            ),
            (
                "recent, about 1234 in all",
                "recent, about €1,234 in all",
                "récents, environ 1\u{202f}234\u{a0}€ en tout",
            ),
            ("our best ones", "our best ones", "our best ones"),
        ] {
            assert_eq!(segment(Locale::English, &euro(), english), told);
            assert_eq!(segment(Locale::French, &euro(), english), french);
        }
    }
}
