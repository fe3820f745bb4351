//! Cards of kinds, names of measures and of methods, and the parts of names of segments.

/// Levels of segments, all about customers.
pub(super) const LEVELS: &[(&str, &str)] = &[
    ("long gone", "partis depuis longtemps"),
    ("lapsing", "en train de partir"),
    ("cooling", "moins actifs"),
    ("recent", "récents"),
    ("very recent", "très récents"),
    ("rare", "rares"),
    ("occasional", "occasionnels"),
    ("regular", "réguliers"),
    ("frequent", "fréquents"),
    ("very frequent", "très fréquents"),
    ("one order", "une seule commande"),
    ("lowest spend", "très petite dépense"),
    ("low spend", "petite dépense"),
    ("medium spend", "dépense moyenne"),
    ("high spend", "forte dépense"),
    ("top spend", "très forte dépense"),
    ("all alike", "tous semblables"),
];

/// What answers name: methods, units, and why a figure is not there.
pub(super) const ANSWERED: &[(&str, &str)] = &[
    (
        "largest effect on the customer, less its cost",
        "plus grand effet sur le client, moins son coût",
    ),
    (
        "nothing is known of the customer: the best arm on average, less its cost",
        "rien n’est connu du client : la meilleure variante en moyenne, moins son coût",
    ),
    ("a rule of the shop", "une règle du magasin"),
    ("drawn by chance", "tirée au hasard"),
    (
        "the control: the budget is not spent on it",
        "le témoin : le budget n’y est pas dépensé",
    ),
    (
        "the control: nothing can be promised",
        "le témoin : rien ne peut être promis",
    ),
    (
        "neither the version nor what it reads changed; too few decisions since to say more",
        "ni la version ni ce qu’elle lit n’a changé ; trop peu de décisions depuis pour en dire plus",
    ),
    (
        "of answers, those of which something was clicked",
        "parmi les réponses, celles dont quelque chose a été cliqué",
    ),
    (
        "of the error of the naive forecast, what sold on the same day of the week before, what the forecast saves",
        "de l’erreur de la prévision naïve, les ventes du même jour de la semaine d’avant, ce que la prévision évite",
    ),
    (
        "of the error of the naive forecast, what sold in the week before, what the forecast saves",
        "de l’erreur de la prévision naïve, les ventes de la semaine d’avant, ce que la prévision évite",
    ),
    (
        "of the error of the naive forecast, what sold in the month before, what the forecast saves",
        "de l’erreur de la prévision naïve, les ventes du mois d’avant, ce que la prévision évite",
    ),
    (
        "of the error of the naive forecast, what launches of the category sold, what the forecast saves",
        "de l’erreur de la prévision naïve, les ventes des lancements de la catégorie, ce que la prévision évite",
    ),
    (
        "of proposed orders that were placed, those that lasted until the next delivery",
        "parmi les commandes proposées qui ont été passées, celles qui ont suffi jusqu’à la livraison suivante",
    ),
    (
        "after launch forecasts were no nearer to what sold than the naive ones",
        "après le lancement, les prévisions n’étaient pas plus proches des ventes que les prévisions naïves",
    ),
    (
        "nothing that is watched changed: what customers want may have",
        "rien de ce qui est surveillé n’a changé : ce que veulent les clients, peut-être",
    ),
    ("the customer's country", "le pays du client"),
    (
        "what the customer had bought before",
        "ce que le client avait acheté avant",
    ),
    ("the category asked about", "la catégorie demandée"),
    ("merchant", "marchand"),
    ("supplier", "fournisseur"),
    ("how far ahead", "l’horizon"),
    (
        "how long the product had been sold for",
        "depuis quand l’article se vendait",
    ),
    ("at most a day", "un jour au plus"),
    ("2 to 7 days", "2 à 7 jours"),
    ("8 to 28 days", "8 à 28 jours"),
    ("more than 28 days", "plus de 28 jours"),
    ("category shown first", "la catégorie montrée d’abord"),
    ("products shown", "le nombre d’articles montrés"),
    ("nothing", "rien"),
    ("first within 91 days", "pour la première fois en 91 jours"),
    (
        "first longer ago",
        "pour la première fois il y a plus longtemps",
    ),
    (
        "popularity: the version does not know the product",
        "popularity : la version ne connaît pas l’article",
    ),
    (
        "popularity: nothing is known of the customer",
        "popularity : on ne sait rien du client",
    ),
    (
        "not asked within the period",
        "rien demandé pendant la période",
    ),
    ("no version answers", "aucune version ne répond"),
    ("no sale is known", "aucune vente n’est connue"),
    (
        "days with outcomes after launch",
        "jours à l’issue connue depuis le lancement",
    ),
    (
        "of some of the days it is noted what lists led to, and not where in them",
        "pour certains jours il est noté à quoi les listes ont mené, mais non à quelle place",
    ),
    ("lists in each period", "listes dans chaque période"),
    ("lists at each position", "listes à chaque place"),
    ("days with lists", "jours avec des listes"),
    (
        "decisions for the holdout",
        "décisions pour les clients mis à part",
    ),
    (
        "a segment is not right or wrong: each version's scorecard tells how stable segments are",
        "un segment n’est ni juste ni faux : le bilan de chaque version dit combien les segments sont stables",
    ),
    (
        "it reads what others decided",
        "il lit ce que d’autres ont décidé",
    ),
    (
        "its decisions are about no customer who could be held out",
        "ses décisions ne portent sur aucun client qui puisse être mis à part",
    ),
    (
        "what an offer changed cannot be seen in the one customer who got it: a product of kind `experiment` that names this one as its `product` reads it from this one's own draws and the customers held out",
        "ce qu’une offre a changé ne se voit pas chez le seul client qui l’a reçue : un produit de type `experiment` qui nomme celui-ci comme son `product` le lit dans ses propres tirages et chez les clients mis à part",
    ),
    ("k-means on logs", "k-moyennes sur les logarithmes"),
    ("own rate so far", "son propre rythme"),
    (
        "mean rate of all customers",
        "rythme moyen de tous les clients",
    ),
    ("Gamma-Gamma", "Gamma-Gamma"),
    (
        "sum of three quintiles, 3 to 15",
        "somme de trois quintiles, de 3 à 15",
    ),
    ("seasonal naive", "naïf saisonnier"),
    (
        "mean of the last 8 alike",
        "moyenne des 8 dernières périodes semblables",
    ),
    ("day", "jour"),
    ("days", "jours"),
    ("week", "semaine"),
    ("weeks", "semaines"),
    ("month", "mois"),
    ("months", "mois"),
    ("ETS", "ETS"),
    ("Theta", "Thêta"),
    (
        "STL with exponential smoothing",
        "STL avec lissage exponentiel",
    ),
    ("Croston SBA", "Croston SBA"),
    ("TSB", "TSB"),
    ("ADIDA", "ADIDA"),
    (
        "boosted trees of logarithms",
        "arbres boostés des logarithmes",
    ),
    ("boosted trees, Tweedie", "arbres boostés, Tweedie"),
    (
        "boosted trees of the median",
        "arbres boostés de la médiane",
    ),
    ("BG/NBD", "BG/NBD"),
    ("visits per customer", "visites par client"),
    ("orders per customer", "commandes par client"),
    ("revenue per customer", "chiffre d’affaires par client"),
    ("margin per customer", "marge par client"),
    (
        "the metric in the control arm",
        "ce qui est mesuré, sans la variante",
    ),
    (
        "the metric in the treated arm",
        "ce qui est mesuré, avec la variante",
    ),
    ("discounts per customer", "remises par client"),
    ("lines per customer", "lignes par client"),
    ("returns per customer", "retours par client"),
    ("lines", "lignes"),
    ("returns", "retours"),
    ("visit", "visite"),
    ("order", "commande"),
    ("line", "ligne"),
    ("return", "retour"),
    ("discount", "remise"),
    ("the guardrail", "le garde-fou"),
    (
        "share of the control's mean",
        "part de la moyenne du témoin",
    ),
    (
        "the plain difference of ratios",
        "la simple différence des rapports",
    ),
    ("there is nothing to divide by", "rien par quoi diviser"),
    (
        "the ratio in the control arm",
        "le rapport, sans la variante",
    ),
    (
        "the ratio in the treated arm",
        "le rapport, avec la variante",
    ),
    (
        "the denominator of the control arm is 0",
        "le dénominateur du témoin est 0",
    ),
    (
        "the denominator of the treated arm is 0",
        "le dénominateur de la variante est 0",
    ),
    (
        "the denominator before the experiment is 0",
        "le dénominateur d’avant l’expérience est 0",
    ),
    (
        "the mean of the control arm is not told from 0, of which nothing is a share",
        "la moyenne du témoin ne se distingue pas de 0, dont rien n’est une part",
    ),
    ("visits", "visites"),
    (
        "error of what would have come",
        "erreur de ce qui serait venu",
    ),
    (
        "those changed going on as they were",
        "les sites changés continuant comme avant",
    ),
    ("10 blocks each way", "10 blocs de chaque sorte"),
    ("without the change", "sans le changement"),
    (
        "the switchback of all sales",
        "l’alternance sur toutes les ventes",
    ),
    ("discounts", "remises"),
    ("the arm that the customer is in", "la variante du client"),
    ("the control's mean", "la moyenne du témoin"),
    ("what the arm adds", "ce que la variante ajoute"),
    ("Pareto/NBD", "Pareto/NBD"),
    (
        "BG/NBD with season and calendar",
        "BG/NBD avec saison et calendrier",
    ),
    ("purchase days", "jours d’achat"),
    ("probability", "probabilité"),
    (
        "standard deviations nearer than the next segment",
        "écarts-types de moins que le segment suivant",
    ),
    (
        "amounts vary so much that their mean does not exist",
        "les montants varient tant que leur moyenne n’existe pas",
    ),
    (
        "what purchases bring could not be learnt",
        "ce que rapportent les achats n’a pas pu être appris",
    ),
    (
        "repeat purchases brought no money",
        "les achats suivants n’ont rien rapporté",
    ),
    (
        "a rate says nothing of leaving",
        "un rythme ne dit rien d’un départ",
    ),
    (
        "the value is too large to be told in cents",
        "la valeur est trop grande pour être dite en centimes",
    ),
];

/// Everything else.
pub(super) const WORDS: &[(&str, &str)] = &[
    // Promises.
    ("median answer time", "temps de réponse médian"),
    ("p99 answer time", "temps de réponse p99"),
    ("questions answered", "questions avec réponse"),
    ("answers of the version", "réponses de la version"),
    ("age of the version", "âge de la version"),
    ("age of the sales", "âge des ventes"),
    (
        "none of its rows is known",
        "aucune de ses lignes n’est connue",
    ),
    ("quality of decisions", "qualité des décisions"),
    ("value per period", "valeur par période"),
    (
        "its effect is not one of single customers",
        "son effet n’est pas celui de clients un à un",
    ),
    (
        "the first of its outcomes is not money",
        "le premier de ses résultats n’est pas de l’argent",
    ),
    (
        "no window of its customers is over",
        "aucune fenêtre de ses clients n’est close",
    ),
    (
        "no version of it answers",
        "aucune de ses versions ne répond",
    ),
    // Cards.
    (
        "What did it change, and is that real?",
        "Qu’est-ce que cela a changé, et est-ce réel ?",
    ),
    (
        "how precisely the effect is known",
        "la précision avec laquelle l’effet est connu",
    ),
    (
        "the smallest experiment that can be read at all",
        "la plus petite expérience qui se lise",
    ),
    (
        "The arm that the customer is in, with what it changes.",
        "La variante du client, avec ce qu’elle change.",
    ),
    (
        "10 customers in each arm, the fewest that can be read",
        "10 clients par variante, le moins qui se lise",
    ),
    (
        "the plain difference of means",
        "la simple différence des moyennes",
    ),
    (
        "Which products to show this customer, or beside this product?",
        "Quels articles montrer à ce client, ou à côté de cet article ?",
    ),
    (
        "discounted gain (NDCG) of full-catalogue lists on what was bought later",
        "le gain actualisé (NDCG) de listes sur tout le catalogue, face à ce qui a été acheté ensuite",
    ),
    (
        "what sold most in the last weeks, the same for everybody",
        "ce qui s’est le plus vendu ces dernières semaines, le même pour tous",
    ),
    (
        "Which groups of customers behave alike, and which one does this customer belong to?",
        "Quels groupes de clients se comportent de même, et auquel ce client appartient-il ?",
    ),
    (
        "how much of next period's spend the groups tell apart",
        "la part de la dépense suivante que les groupes distinguent",
    ),
    (
        "as many groups cut by the sum of the recency, frequency and money quintiles",
        "autant de groupes découpés par la somme des quintiles de récence, fréquence et montant",
    ),
    (
        "Is this customer still one, how often will they buy, and what will they bring?",
        "Ce client l’est-il encore, combien de fois achètera-t-il, et qu’apportera-t-il ?",
    ),
    (
        "how well predicted purchases rank and scale the customers (correlation), with about the right total",
        "combien les achats prédits classent et échelonnent les clients (corrélation), avec un total à peu près juste",
    ),
    (
        "each customer goes on at their own rate so far",
        "chaque client continue à son propre rythme",
    ),
    (
        "How much of this product will sell at this site, in each period to come?",
        "Combien de cet article se vendra-t-il sur ce site, à chaque période à venir ?",
    ),
    (
        "weighted quantile loss and weighted absolute error on the periods after training",
        "perte quantile pondérée et erreur absolue pondérée sur les périodes après l’apprentissage",
    ),
    (
        "the better of the mean of the last periods alike and the season before",
        "la meilleure de la moyenne des dernières périodes semblables et de la saison d’avant",
    ),
    (
        "the first day of each period",
        "premier jour de chaque période",
    ),
    ("units or cents", "unités ou centimes"),
    (
        "Units to send to it from other sites today, where sites may send; from which is in the reasons.",
        "Unités à lui envoyer d’autres sites aujourd’hui, là où des sites peuvent en envoyer ; desquels, les raisons le disent.",
    ),
    (
        "Units to send from it to other sites today, where sites may send; to which is in the reasons.",
        "Unités à en envoyer à d’autres sites aujourd’hui, là où des sites peuvent en envoyer ; auxquels, les raisons le disent.",
    ),
    (
        "What is expected to sell in the period, with its interval.",
        "Ce qui devrait se vendre dans la période, avec son intervalle.",
    ),
    (
        "What is expected to sell in all of them together; its interval is not the sum of theirs.",
        "Ce qui devrait se vendre sur toutes ensemble ; son intervalle n’est pas la somme des leurs.",
    ),
    ("total", "total"),
    // What forecasts add up to.
    ("category", "catégorie"),
    ("region", "région"),
    ("site", "site"),
    ("series", "séries"),
    ("category in region", "catégorie par région"),
    ("category at site", "catégorie par site"),
    // What forecasts are made of.
    ("level", "niveau"),
    ("trend", "tendance"),
    ("season", "saison"),
    (
        "day of the week and openings",
        "jour de la semaine et ouvertures",
    ),
    ("holidays", "jours fériés"),
    (
        "agreement with the levels above",
        "accord avec les niveaux au-dessus",
    ),
    // What a product of stock answers.
    ("cover", "durée couverte"),
    ("stock_out", "risque de rupture"),
    ("lost", "demandés en vain"),
    ("cost", "coût"),
    ("receive", "à recevoir d’autres sites"),
    ("send", "à envoyer à d’autres sites"),
    (
        "goods are moved between sites as proposed, and what that costs is spent; by the naive rule nothing is moved",
        "les transferts proposés ont lieu, et leur coût est dépensé ; la règle naïve ne déplace rien",
    ),
    (
        "these figures are of orders without the changes of planners: what those gain is told apart",
        "ces mesures sont celles de commandes sans les corrections des planificateurs : ce qu’elles apportent est dit à part",
    ),
    // Why days of a series are not played.
    (
        "the site of their sales is not known",
        "le site de leurs ventes n’est pas connu",
    ),
    (
        "their stock before those days is not known",
        "leur stock avant ces jours n’est pas connu",
    ),
    ("their price is not known", "leur prix n’est pas connu"),
    ("their cost is not known", "leur coût n’est pas connu"),
    (
        "how long their orders take is not known",
        "la durée de leurs commandes n’est pas connue",
    ),
    // What orders are made of.
    ("expected to be asked for", "demandés selon la prévision"),
    ("on hand and on the way", "en stock et en route"),
    (
        "against more or less than expected, in whole packs",
        "contre plus ou moins que prévu, en colis entiers",
    ),
    ("minimums and limits", "minimums et limites"),
    (
        "sent here from other sites",
        "envoyés ici par d’autres sites",
    ),
    ("sent to other sites", "envoyés à d’autres sites"),
    ("price", "prix"),
    ("taken in", "prise en compte"),
    ("not taken in", "pas prise en compte"),
    (
        "promotions of others of the category",
        "promotions d’autres articles de la catégorie",
    ),
    ("weighted quantile loss", "perte quantile pondérée"),
    ("weighted absolute error", "erreur absolue pondérée"),
    ("coverage error", "erreur de couverture"),
    (
        "what series add up to can be asked for: all, categories, products, regions and sites, as far as there are",
        "on peut demander ce que font les séries ensemble : tout, catégories, articles, régions et sites, autant qu’il y en a",
    ),
    ("days ahead", "jours à l’avance"),
    ("weeks ahead", "semaines à l’avance"),
    ("months ahead", "mois à l’avance"),
    (
        "tenth of the series",
        "dixième des séries, de la moins vendue à la plus vendue",
    ),
    (
        "root mean squared percentage error",
        "racine de l’erreur quadratique moyenne en pourcentage",
    ),
    ("share of what was sold", "part de ce qui s’est vendu"),
    (
        "relative to what was sold, over periods with a sale",
        "rapportée à ce qui s’est vendu, sur les périodes avec une vente",
    ),
    (
        "A product to show, best first.",
        "Un article à montrer, le meilleur d’abord.",
    ),
    (
        "Comparable within one answer only.",
        "Comparable au sein d’une même réponse seulement.",
    ),
    (
        "Why, with the counts behind it.",
        "Pourquoi, avec les comptes qui le fondent.",
    ),
    (
        "The segment, named after what sets it apart.",
        "Le segment, nommé d’après ce qui le distingue.",
    ),
    (
        "How much nearer this segment is than the next one.",
        "De combien ce segment est plus proche que le suivant.",
    ),
    (
        "Discounted spend expected within the horizon.",
        "Dépense actualisée attendue à l’horizon.",
    ),
    (
        "Days with a purchase expected within the horizon.",
        "Jours d’achat attendus à l’horizon.",
    ),
    (
        "That the customer has not left for good.",
        "Que le client ne soit pas parti pour de bon.",
    ),
    ("name", "nom"),
    ("none", "aucune"),
    ("sentences", "phrases"),
    ("product", "article"),
    ("standard deviations", "écarts-types"),
    // Names of figures.
    ("expected_value", "valeur attendue"),
    ("expected_purchases", "achats attendus"),
    ("probability_alive", "probabilité d’être encore client"),
    ("product_id", "article"),
    ("score", "score"),
    ("reasons", "raisons"),
    ("segment", "segment"),
    // Measures and baselines.
    ("mean absolute error", "erreur absolue moyenne"),
    ("correlation", "corrélation"),
    ("total error", "erreur sur le total"),
    (
        "explained share of next spend",
        "part expliquée de la dépense suivante",
    ),
    ("stability", "stabilité"),
    ("hit rate@10", "taux de réussite@10"),
    ("ndcg@20", "ndcg@20"),
    ("recall@20", "rappel@20"),
    ("fill rate", "taux de service"),
    ("days without a gap", "jours sans manque"),
    ("stock", "stock"),
    ("waste", "pertes"),
    (
        "continuous ranked probability score",
        "score de probabilité continu (CRPS)",
    ),
    ("cost of what was ordered", "coût de ce qui a été commandé"),
    ("purchase days per customer", "jours d’achat par client"),
    (
        "of predicted and actual purchases",
        "entre achats prédits et réels",
    ),
    (
        "share of all purchases, absolute",
        "part de tous les achats, en valeur absolue",
    ),
    (
        "share of variance of log spend",
        "part de la variance du logarithme de la dépense",
    ),
    (
        "adjusted Rand index between resamples",
        "indice de Rand ajusté entre rééchantillonnages",
    ),
    ("mean over customers", "moyenne sur les clients"),
    (
        "mean over customers, any product",
        "moyenne sur les clients, tout article",
    ),
    ("mean over baskets", "moyenne sur les paniers"),
    ("most sold lately", "meilleures ventes récentes"),
    ("quintile-sum groups", "groupes par somme de quintiles"),
    (
        "as many quintile-sum groups",
        "autant de groupes par somme de quintiles",
    ),
    (
        "explained share of next log spend",
        "part expliquée du logarithme de la dépense suivante",
    ),
    (
        "share of variance of spend",
        "part de la variance de la dépense",
    ),
    // Reasons why something is not measurable.
    ("customers to measure on", "clients à mesurer"),
    (
        "customers with orders before and after",
        "clients avec commandes avant et après",
    ),
    ("purchases", "les achats"),
    ("a segment", "un segment"),
    (
        "no order in the observed period",
        "aucune commande dans la période observée",
    ),
    (
        "recency is not a finite number of days",
        "la récence n’est pas un nombre fini de jours",
    ),
    (
        "the later history cannot be read",
        "l’historique suivant ne peut pas être lu",
    ),
    (
        "the only number of segments that could be tried",
        "le seul nombre de segments qui pouvait être essayé",
    ),
    // Limits that take candidates off a list.
    ("inactive", "retirés de la vente"),
    ("out of stock", "en rupture"),
    ("category limit", "limite par catégorie"),
    ("outranked", "devancés par d’autres"),
    ("what is measured", "ce qui est mesuré"),
    ("different resamples", "rééchantillonnages différents"),
    // Types of columns and units.
    ("text", "texte"),
    ("integer", "entier"),
    ("cents", "centimes"),
    ("number", "nombre"),
    ("date", "date"),
    ("timestamp", "horodatage"),
    ("boolean", "vrai ou faux"),
    // Rules of contracts.
    ("type", "type"),
    ("not null", "présence"),
    ("range", "plage"),
    ("allowed values", "valeurs autorisées"),
    ("pattern", "forme"),
    ("reference", "référence"),
    ("unique key", "clé unique"),
    ("currency", "devise"),
    ("probabilities", "probabilités"),
    ("a currency code of ISO 4217", "un code de devise ISO 4217"),
    (
        "probabilities that add up to at most 1",
        "des probabilités dont la somme est au plus 1",
    ),
    ("quantity is not zero", "quantité non nulle"),
    (
        "only returns are negative",
        "seuls les retours sont négatifs",
    ),
    (
        "it does not end before it begins",
        "elle ne finit pas avant de commencer",
    ),
    (
        "the arm drawn has a probability",
        "la variante tirée a une probabilité",
    ),
    ("a value", "une valeur"),
    ("any number", "un nombre quelconque"),
    ("a whole number", "un nombre entier"),
    ("a whole number of cents", "un nombre entier de centimes"),
    ("a finite number", "un nombre fini"),
    (
        "in ISO 8601 (2024-05-31 14:30:00)",
        "au format ISO 8601 (2024-05-31 14:30:00)",
    ),
    ("in seconds since 1970", "en secondes depuis 1970"),
    ("in milliseconds since 1970", "en millisecondes depuis 1970"),
    (
        "true or false (or yes, no, 1, 0)",
        "vrai ou faux (true, false, yes, no, 1, 0)",
    ),
];
