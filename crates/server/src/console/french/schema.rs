//! Tables, columns and indicators of the shared schema.

/// English and French, in the order of the files.
pub(super) const MEANINGS: &[(&str, &str)] = &[
    // Tables and what one row is.
    (
        "What makes a day unlike another: holidays, closures, school.",
        "Ce qui distingue un jour d’un autre : fériés, fermetures, école.",
    ),
    ("one day at one site", "un jour sur un site"),
    (
        "Who buys: identity without socio-demographic data.",
        "Qui achète : l’identité, sans donnée sociodémographique.",
    ),
    ("one customer", "un client"),
    (
        "What was decided for whom, with everything that a later measurement needs.",
        "Ce qui a été décidé pour qui, avec tout ce qu’il faudra pour le mesurer.",
    ),
    (
        "What a challenger answered to the same question in the shadow of the version that was shown; nobody saw it.",
        "Ce qu’une version candidate a répondu à la même question dans l’ombre de celle qui était montrée ; personne ne l’a vu.",
    ),
    ("one action of one answer", "une action d’une réponse"),
    (
        "The decision that was shown.",
        "La décision qui était montrée.",
    ),
    (
        "When the question was asked, in UTC.",
        "Quand la question a été posée, en UTC.",
    ),
    (
        "The data product that was asked.",
        "Le produit de données interrogé.",
    ),
    ("The version in the shadow.", "La version dans l’ombre."),
    (
        "The version whose answer was shown.",
        "La version dont la réponse était montrée.",
    ),
    (
        "What became of the question: an answer by the deadline, one after it, none because the version refuses what the other answered, none because it failed.",
        "Ce qu’est devenue la question : une réponse à temps, une trop tardive, aucune parce que la version refuse ce à quoi l’autre répond, aucune parce qu’elle a échoué.",
    ),
    (
        "How long the version in the shadow took, in microseconds.",
        "Le temps pris par la version dans l’ombre, en microsecondes.",
    ),
    (
        "Where it would have been shown.",
        "Où elle aurait été montrée.",
    ),
    (
        "The item, segment or value that it would have decided.",
        "L’article, le segment ou la valeur qu’elle aurait décidé.",
    ),
    ("one action of one decision", "une action d’une décision"),
    (
        "What visitors looked at, searched for and did.",
        "Ce que les visiteurs ont regardé, cherché et fait.",
    ),
    (
        "Who was drawn into which arm of a trial and with which probability, those who were left alone included.",
        "Qui a été tiré dans quelle variante d’un essai et avec quelle probabilité, y compris ceux qu’on a laissés tranquilles.",
    ),
    (
        "one customer drawn into one arm of one trial",
        "un client tiré dans une variante d’un essai",
    ),
    ("The trial or campaign.", "L’essai ou la campagne."),
    (
        "When the arm was drawn, in UTC.",
        "Quand la variante a été tirée, en UTC.",
    ),
    (
        "The arm drawn: an offer, a mail, or the control.",
        "La variante tirée : une offre, un courriel ou le témoin.",
    ),
    (
        "The probability of every arm when it was drawn, as a JSON object; each above 0 and below 1.",
        "La probabilité de chaque variante au moment du tirage, en objet JSON ; chacune entre 0 et 1, bornes exclues.",
    ),
    (
        "What else was known of the customer then, as a JSON object of numbers, texts and truth values.",
        "Ce qu’on savait alors du client, en objet JSON de nombres, de textes et de valeurs vrai ou faux.",
    ),
    ("one action of a visitor", "une action d’un visiteur"),
    (
        "What was really shown, which is not always what was decided.",
        "Ce qui a vraiment été montré, qui n’est pas toujours ce qui a été décidé.",
    ),
    (
        "one customer who was shown one offer or item once",
        "un client à qui l’on a montré une fois une offre ou un article",
    ),
    (
        "The ledger of imports: which file with which content gave how many rows.",
        "Le registre des imports : quel fichier, avec quel contenu, a donné combien de lignes.",
    ),
    (
        "one file imported once through one source",
        "un fichier importé une fois par une source",
    ),
    (
        "What may be offered to a customer, and what it costs to whom.",
        "Ce qui peut être offert à un client, et ce que cela coûte à qui.",
    ),
    ("one offer", "une offre"),
    (
        "The promotion plan: what was or will be cheaper or displayed for everybody, where and when. What is offered to single customers is in table offers.",
        "Le plan de promotions : ce qui a été ou sera moins cher ou mis en avant pour tous, où et quand. Ce qui est offert à un client en particulier est dans la table des offres.",
    ),
    (
        "one promotion of one product at one site from one day to another",
        "une promotion d’un article sur un site d’un jour à un autre",
    ),
    (
        "The shop's own identifier of the promotion, or of its kind.",
        "Identifiant de la promotion, ou de sa sorte, dans le magasin.",
    ),
    (
        "What is promoted; * for all products of the site.",
        "Ce qui est en promotion ; * pour tous les articles du site.",
    ),
    ("Where; * for all sites.", "Où ; * pour tous les sites."),
    (
        "First day of the promotion.",
        "Premier jour de la promotion.",
    ),
    (
        "Last day of the promotion.",
        "Dernier jour de la promotion.",
    ),
    (
        "Share of the price that is taken off; empty where only that there is a promotion is known.",
        "Part du prix retirée ; vide si l’on sait seulement qu’il y a une promotion.",
    ),
    (
        "What the promotion gives away at the site in all its days, where that is planned.",
        "Ce que la promotion donne sur le site sur tous ses jours, si c’est prévu.",
    ),
    ("ISO 4217 code of the amount.", "Code ISO 4217 du montant."),
    (
        "Region that figures of sites are added up by.",
        "Région par laquelle les chiffres des sites sont additionnés.",
    ),
    (
        "Format of the store, as the shop names it: hypermarket, corner shop …",
        "Format du magasin, tel que l’enseigne le nomme : hypermarché, supérette…",
    ),
    ("The history of prices.", "L’historique des prix."),
    (
        "one product from one moment on",
        "un article à partir d’un moment",
    ),
    (
        "What is sold: the catalogue.",
        "Ce qui est vendu : le catalogue.",
    ),
    (
        "one product that can be sold",
        "un article qui peut être vendu",
    ),
    (
        "Rows that did not pass their contract or that a source file skips, with the reason.",
        "Les lignes qui n’ont pas respecté leur contrat ou qu’un fichier source saute, avec la raison.",
    ),
    ("one row that was set aside", "une ligne écartée"),
    (
        "What was bought; a return is a line with negative quantity that names the order it returns where known.",
        "Ce qui a été acheté ; un retour est une ligne de quantité négative qui cite sa commande d’origine si elle est connue.",
    ),
    ("one line of an order", "une ligne de commande"),
    (
        "Where goods are kept and sold.",
        "Où les marchandises sont gardées et vendues.",
    ),
    ("one store or warehouse", "un magasin ou un entrepôt"),
    (
        "How many units could be sold at the end of the day.",
        "Combien d’unités pouvaient être vendues en fin de journée.",
    ),
    (
        "one product at one site on one day",
        "un article sur un site un jour donné",
    ),
    (
        "The weather as observed or as forecast.",
        "Le temps observé ou prévu.",
    ),
    // Columns.
    (
        "Address for messages; never used by a model.",
        "Adresse pour les messages ; jamais utilisée par un modèle.",
    ),
    ("Brand, as printed.", "Marque, telle qu’imprimée."),
    (
        "Content hash: the same content is not imported again.",
        "Empreinte du contenu : le même contenu n’est pas importé deux fois.",
    ),
    (
        "Cost of one redemption to the brand.",
        "Coût d’une utilisation pour la marque.",
    ),
    (
        "Cost of one redemption to the retailer.",
        "Coût d’une utilisation pour l’enseigne.",
    ),
    (
        "Cost to the retailer of giving it to one customer, used or not, such as print and postage; empty is unknown.",
        "Coût pour l’enseigne de la donner à un client, utilisée ou non, comme l’impression et le port ; vide est inconnu.",
    ),
    (
        "Country of delivery, as the shop writes it.",
        "Pays de livraison, tel que l’écrit le magasin.",
    ),
    (
        "Current price, tax included.",
        "Prix actuel, taxes comprises.",
    ),
    (
        "Day of the first known contact.",
        "Jour du premier contact connu.",
    ),
    (
        "Day of the forecast; empty for an observation.",
        "Jour de la prévision ; vide pour une observation.",
    ),
    (
        "Discount of the whole line, as a positive amount.",
        "Remise de toute la ligne, en montant positif.",
    ),
    (
        "Fingerprint of the configuration that decided.",
        "Empreinte de la configuration qui a décidé.",
    ),
    (
        "The lease of the product's budget that the decision promised from, where it promised money.",
        "La part de budget réservée par un processus, sur laquelle la décision a promis, si elle a promis de l’argent.",
    ),
    (
        "What the decision reserved of that budget, once and not for each action.",
        "Ce que la décision a réservé de ce budget, une fois et non pour chaque action.",
    ),
    (
        "Fingerprint of the source file that mapped it: a changed mapping imports the file again.",
        "Empreinte du fichier source qui l’a traduit : une traduction changée fait réimporter le fichier.",
    ),
    ("First day of the price.", "Premier jour du prix."),
    ("First day.", "Premier jour."),
    (
        "For whom, where the decision is about a customer.",
        "Pour qui, si la décision concerne un client.",
    ),
    ("Highest temperature.", "Température maximale."),
    (
        "How it was sold: web, app, store, phone.",
        "Canal de vente : web, application, magasin, téléphone.",
    ),
    (
        "ISO 4217 code of every amount in the row.",
        "Code ISO 4217 de chaque montant de la ligne.",
    ),
    (
        "ISO 4217 code of the amounts.",
        "Code ISO 4217 des montants.",
    ),
    (
        "Identifier given with the answer.",
        "Identifiant donné avec la réponse.",
    ),
    ("Identifier of the import.", "Identifiant de l’import."),
    ("Identifier of the offer.", "Identifiant de l’offre."),
    ("Its version.", "Sa version."),
    ("Last day.", "Dernier jour."),
    ("Leaf category.", "Catégorie la plus fine."),
    ("Name of the public holiday.", "Nom du jour férié."),
    (
        "Name of the source file that mapped it.",
        "Nom du fichier source qui l’a traduit.",
    ),
    (
        "Number of the row in its file, from 1, the header not counted.",
        "Numéro de la ligne dans son fichier, à partir de 1, sans l’en-tête.",
    ),
    (
        "Path of the file, relative to the project.",
        "Chemin du fichier, relatif au projet.",
    ),
    (
        "Place in the list that was shown, from 1.",
        "Rang dans la liste montrée, à partir de 1.",
    ),
    (
        "Place in the list, from 1.",
        "Rang dans la liste, à partir de 1.",
    ),
    (
        "Place of delivery; never used by a model.",
        "Lieu de livraison ; jamais utilisé par un modèle.",
    ),
    (
        "Place of the action in the answer, from 1; 0 where the answer holds no action.",
        "Rang de l’action dans la réponse, à partir de 1 ; 0 si la réponse n’en contient pas.",
    ),
    (
        "Position of the line in its order.",
        "Position de la ligne dans sa commande.",
    ),
    (
        "Price paid for one unit before the discount of the line.",
        "Prix payé par unité avant la remise de la ligne.",
    ),
    ("Price, tax included.", "Prix, taxes comprises."),
    (
        "Probability with which this action was drawn at this place.",
        "Probabilité avec laquelle cette action a été tirée à ce rang.",
    ),
    ("Rain of the day.", "Pluie du jour."),
    ("Reasons, as JSON.", "Raisons, en JSON."),
    (
        "Rows read; always accepted plus quarantined.",
        "Lignes lues ; toujours acceptées plus mises en quarantaine.",
    ),
    (
        "Rows set aside because the source file says so.",
        "Lignes écartées parce que le fichier source le dit.",
    ),
    (
        "Rows set aside, the skipped ones included.",
        "Lignes écartées, sautées comprises.",
    ),
    (
        "Rows that passed the contract.",
        "Lignes qui ont respecté le contrat.",
    ),
    ("Size of the file.", "Taille du fichier."),
    (
        "Size of the gift, in the unit of its type.",
        "Valeur de l’avantage, dans l’unité de son type.",
    ),
    (
        "The column that broke it, where it is one.",
        "La colonne fautive, s’il y en a une.",
    ),
    (
        "The data product that decided.",
        "Le produit de données qui a décidé.",
    ),
    ("The day.", "Le jour."),
    (
        "The decision that led to it.",
        "La décision qui y a conduit.",
    ),
    (
        "The decision that this action answers, where the shop echoes it.",
        "La décision à laquelle cette action répond, si le magasin la renvoie.",
    ),
    ("The first rule it broke.", "La première règle rompue."),
    (
        "The item, segment or value decided.",
        "L’article, le segment ou la valeur décidés.",
    ),
    (
        "The model's score of the action.",
        "Le score de l’action selon le modèle.",
    ),
    ("The offer, where it is one.", "L’offre, si c’en est une."),
    (
        "The order that a return belongs to, where known.",
        "La commande d’origine d’un retour, si elle est connue.",
    ),
    (
        "The product concerned, where there is one.",
        "L’article concerné, s’il y en a un.",
    ),
    (
        "The product that the decision is about, where there is one.",
        "L’article dont traite la décision, s’il y en a un.",
    ),
    (
        "The product, where it is one.",
        "L’article, si c’en est un.",
    ),
    ("The product.", "L’article."),
    (
        "The quality report, as JSON.",
        "Le rapport de qualité, en JSON.",
    ),
    (
        "The same as far as the brand pays it.",
        "De même pour ce qu’en paie la marque.",
    ),
    (
        "The row as read, as JSON, cut after 4,000 characters.",
        "La ligne telle que lue, en JSON, coupée après 4 000 caractères.",
    ),
    (
        "The shared table it was meant for.",
        "La table commune à laquelle elle était destinée.",
    ),
    (
        "The shared table that received the rows.",
        "La table commune qui a reçu les lignes.",
    ),
    (
        "The shop's own identifier of the customer.",
        "Identifiant du client propre au magasin.",
    ),
    (
        "The shop's own identifier of the order.",
        "Identifiant de la commande propre au magasin.",
    ),
    (
        "The shop's own identifier of the product.",
        "Identifiant de l’article propre au magasin.",
    ),
    (
        "The shop's own identifier of the site.",
        "Identifiant du site propre au magasin.",
    ),
    ("The site.", "Le site."),
    ("The site; * for all.", "Le site ; * pour tous."),
    (
        "The site, or a supplier of table supply_terms; * for all sites.",
        "Le site, ou un fournisseur de la table supply_terms ; * pour tous les sites.",
    ),
    ("The store or warehouse.", "Le magasin ou l’entrepôt."),
    (
        "The value found, cut after 200 characters.",
        "La valeur trouvée, coupée après 200 caractères.",
    ),
    (
        "The visit it belongs to.",
        "La visite à laquelle elle appartient.",
    ),
    ("Unique identifier.", "Identifiant unique."),
    (
        "Unique identifier; the same identifier twice is the same event.",
        "Identifiant unique ; deux fois le même est un seul événement.",
    ),
    (
        "Units bought; negative for a return, never zero.",
        "Unités achetées ; négatif pour un retour, jamais zéro.",
    ),
    (
        "Units put in the cart or bought.",
        "Unités mises au panier ou achetées.",
    ),
    (
        "Units that could be sold.",
        "Unités qui pouvaient être vendues.",
    ),
    ("WGS 84 latitude.", "Latitude WGS 84."),
    ("WGS 84 longitude.", "Longitude WGS 84."),
    ("What happened.", "Ce qui s’est passé."),
    (
        "What is allowed, or why it is skipped.",
        "Ce qui est autorisé, ou pourquoi elle est sautée.",
    ),
    (
        "To whom it may be given, as a condition in CEL over `customer` and `context`; empty is everybody.",
        "À qui elle peut être donnée : une condition en CEL sur `customer` et `context` ; vide est tout le monde.",
    ),
    ("What is given.", "Ce qui est donné."),
    ("What it is.", "Ce que c’est."),
    ("What people call it.", "Le nom qu’on lui donne."),
    ("What the customer reads.", "Ce que lit le client."),
    (
        "What the shop pays for one unit.",
        "Ce que le magasin paie par unité.",
    ),
    ("What was bought.", "Ce qui a été acheté."),
    (
        "What was typed into the search box.",
        "Ce qui a été tapé dans la recherche.",
    ),
    (
        "When it happened, in UTC.",
        "Quand cela s’est passé, en UTC.",
    ),
    (
        "When the order was placed, in UTC.",
        "Quand la commande a été passée, en UTC.",
    ),
    ("When, in UTC.", "Quand, en UTC."),
    ("Where it is shown.", "Où elle est montrée."),
    ("Where it was sold.", "Où cela a été vendu."),
    (
        "Whether it may be shown; empty means yes.",
        "S’il peut être montré ; vide veut dire oui.",
    ),
    ("Whether schools are closed.", "Si les écoles sont fermées."),
    (
        "Whether the customer accepts personalised offers; empty is unknown.",
        "Si le client accepte des offres personnalisées ; vide est inconnu.",
    ),
    (
        "Whether the customer belongs to the universal holdout and got the baseline instead.",
        "Si le client appartient au groupe témoin universel et a reçu la référence.",
    ),
    (
        "Whether the declared fallback answered.",
        "Si le repli déclaré a répondu.",
    ),
    (
        "Whether the line takes goods back.",
        "Si la ligne est un retour.",
    ),
    (
        "Whether the site sells on that day, or the supplier takes orders.",
        "Si le site vend ce jour-là, ou si le fournisseur prend des commandes.",
    ),
    (
        "Whether the source file skips such rows; false where the contract refused it.",
        "Si le fichier source saute de telles lignes ; faux si le contrat l’a refusée.",
    ),
    (
        "Who acted; empty for an unknown visitor.",
        "Qui a agi ; vide pour un visiteur inconnu.",
    ),
    (
        "Who bought; empty where the sale was anonymous.",
        "Qui a acheté ; vide si la vente est anonyme.",
    ),
    (
        "Who sells it on a marketplace; empty where the shop sells itself.",
        "Qui le vend sur une place de marché ; vide si le magasin vend lui-même.",
    ),
    ("Who.", "Qui."),
    // Units.
    ("bytes", "octets"),
    ("degrees Celsius", "degrés Celsius"),
    ("degrees", "degrés"),
    ("millimetres", "millimètres"),
    ("rows", "lignes"),
    ("units", "unités"),
    // Indicators.
    ("active_customers", "clients actifs"),
    (
        "Customers who bought at least once.",
        "Clients qui ont acheté au moins une fois.",
    ),
    ("availability", "disponibilité"),
    (
        "Share of product, site and day with at least one unit to sell; a level holds until the next one written.",
        "Part des articles, sites et jours avec au moins une unité à vendre ; un niveau vaut jusqu’au suivant écrit.",
    ),
    ("basket", "panier moyen"),
    ("Money taken per order.", "Montant encaissé par commande."),
    ("gross_revenue", "chiffre d’affaires brut"),
    (
        "Money taken for goods before returns.",
        "Montant encaissé avant retours.",
    ),
    ("margin", "marge"),
    (
        "Revenue less the cost of the goods, over the lines whose cost is known.",
        "Chiffre d’affaires moins le coût des marchandises, sur les lignes dont le coût est connu.",
    ),
    ("orders", "commandes"),
    (
        "Orders placed, returns not counted.",
        "Commandes passées, retours non comptés.",
    ),
    ("products_sold", "articles vendus"),
    ("Different products sold.", "Articles différents vendus."),
    ("repeat_rate", "taux de réachat"),
    (
        "Share of the buying customers who had bought before the period.",
        "Part des acheteurs qui avaient déjà acheté avant la période.",
    ),
    ("return_rate", "taux de retour"),
    (
        "Units returned for each unit sold in the same period.",
        "Unités retournées par unité vendue dans la même période.",
    ),
    ("revenue", "chiffre d’affaires"),
    (
        "Money taken for goods, less returns and discounts.",
        "Montant encaissé, moins retours et remises.",
    ),
    ("units_per_order", "unités par commande"),
    ("Units per order.", "Unités par commande."),
    ("customers", "clients"),
    ("products", "articles"),
    ("units per order", "unités par commande"),
    // Launches, overrides and supply.
    ("What is sold.", "Ce qui est vendu."),
    (
        "Sales that open at one moment and close at another: when, at which price, with how much on offer.",
        "Les ventes qui ouvrent à un moment et ferment à un autre : quand, à quel prix, avec quelle quantité proposée.",
    ),
    ("one product in one launch", "un article dans un lancement"),
    (
        "The shop's own identifier of the launch.",
        "Identifiant du lancement dans le magasin.",
    ),
    ("When it opens, in UTC.", "Quand il ouvre, en UTC."),
    ("When it closes, in UTC.", "Quand il ferme, en UTC."),
    (
        "Price in the launch, tax included.",
        "Prix pendant le lancement, taxes comprises.",
    ),
    (
        "Price elsewhere, tax included.",
        "Prix ailleurs, taxes comprises.",
    ),
    (
        "What a unit brings that is left over.",
        "Ce que rapporte une unité invendue.",
    ),
    (
        "How many can be sold; empty where there is no limit or none is known.",
        "Combien peuvent être vendues ; vide s’il n’y a pas de limite ou si elle n’est pas connue.",
    ),
    (
        "What merchants expect a launch to sell, told before it opens.",
        "Ce que les marchands attendent d’un lancement, dit avant son ouverture.",
    ),
    (
        "what one person expected of one product in one launch, once",
        "ce qu’une personne attendait d’un article dans un lancement, une fois",
    ),
    ("The launch.", "Le lancement."),
    (
        "Who expects it, by the shop's own identifier.",
        "Qui l’attend, par son identifiant dans le magasin.",
    ),
    ("When it was told, in UTC.", "Quand cela a été dit, en UTC."),
    (
        "So many units or more are all but sure.",
        "Autant d’unités ou plus sont presque sûres.",
    ),
    ("Units that are likely.", "Les unités probables."),
    (
        "More units than that are all but excluded.",
        "Davantage d’unités est presque exclu.",
    ),
    (
        "Proposed orders that people took as they were, changed or refused: who, when, how much was ordered instead, and why.",
        "Les commandes proposées que des personnes ont prises telles quelles, changées ou refusées : qui, quand, combien a été commandé à la place, et pourquoi.",
    ),
    (
        "what one person made of one proposed order",
        "ce qu’une personne a fait d’une commande proposée",
    ),
    (
        "The shop's own identifier of the answer.",
        "Identifiant de la réponse dans le magasin.",
    ),
    (
        "The product that was to be ordered.",
        "L’article qui était à commander.",
    ),
    (
        "The site that it was to be ordered for.",
        "Le site pour lequel il l’était.",
    ),
    ("The day of the proposal.", "Le jour de la proposition."),
    ("Units that were proposed.", "Unités proposées."),
    ("What was made of it.", "Ce qui en a été fait."),
    ("Units that were ordered.", "Unités commandées."),
    (
        "an order that was accepted is the one that was proposed",
        "une commande acceptée est celle qui a été proposée",
    ),
    (
        "an order that was changed is not the one that was proposed",
        "une commande changée n’est pas celle qui a été proposée",
    ),
    (
        "of an order that was refused nothing is ordered",
        "d’une commande refusée rien n’est commandé",
    ),
    (
        "What planners know better than the forecast: who, when, why, how much and until when.",
        "Ce que les planificateurs savent mieux que la prévision : qui, quand, pourquoi, combien et jusqu’à quand.",
    ),
    (
        "one change that a planner made to a forecast",
        "une correction d’une prévision par un planificateur",
    ),
    (
        "The shop's own identifier of the change.",
        "Identifiant de la correction dans le magasin.",
    ),
    (
        "When it was made, in UTC.",
        "Quand elle a été faite, en UTC.",
    ),
    (
        "Who made it, by the shop's own identifier.",
        "Qui l’a faite, par son identifiant dans le magasin.",
    ),
    ("The product; * for all.", "L’article ; * pour tous."),
    (
        "Only products of this category; empty for all.",
        "Seulement les articles de cette catégorie ; vide pour tous.",
    ),
    ("First day that it changes.", "Premier jour corrigé."),
    ("Last day that it changes.", "Dernier jour corrigé."),
    (
        "What is done to the forecast: multiplied by the value, so many units more in all its days, or set to so many units in all its days.",
        "Ce qu’elle fait à la prévision : la multiplier par la valeur, ajouter tant d’unités sur l’ensemble des jours, ou la fixer à tant d’unités sur l’ensemble des jours.",
    ),
    (
        "The factor or the units; units may be negative where they come on top.",
        "Le facteur ou les unités ; les unités peuvent être négatives quand elles s’ajoutent.",
    ),
    ("Why, in words.", "Pourquoi, en mots."),
    (
        "Goods ordered from suppliers or sent from another site, and what arrived when.",
        "Les marchandises commandées aux fournisseurs ou envoyées d’un autre site, et ce qui est arrivé quand.",
    ),
    (
        "one product in one order of goods for one site",
        "un article dans une commande de marchandises pour un site",
    ),
    (
        "The shop's own identifier of the order or transfer.",
        "Identifiant de la commande ou du transfert dans le magasin.",
    ),
    ("Where it goes.", "Où cela va."),
    (
        "Who sends it; empty for a transfer.",
        "Qui l’envoie ; vide pour un transfert.",
    ),
    (
        "The site that it comes from; empty for an order from a supplier.",
        "Le site d’où cela vient ; vide pour une commande à un fournisseur.",
    ),
    ("Day of the order.", "Jour de la commande."),
    ("Units ordered.", "Unités commandées."),
    ("What one unit costs.", "Ce que coûte une unité."),
    (
        "Day promised by who sends it.",
        "Jour promis par l’expéditeur.",
    ),
    (
        "Day of arrival; empty where nothing has arrived yet.",
        "Jour d’arrivée ; vide si rien n’est encore arrivé.",
    ),
    (
        "Units that arrived; empty where nothing has arrived yet.",
        "Unités arrivées ; vide si rien n’est encore arrivé.",
    ),
    (
        "Who supplies what, in which packs, how fast, and what a site can hold of it.",
        "Qui fournit quoi, en quels colis, en combien de temps, et ce qu’un site peut en contenir.",
    ),
    (
        "how one product is supplied to one site",
        "comment un article est fourni à un site",
    ),
    ("Who supplies it.", "Qui le fournit."),
    (
        "Days from order to arrival as the supplier promises them.",
        "Jours de la commande à l’arrivée, tels que le fournisseur les promet.",
    ),
    (
        "Weekdays on which it can be ordered, as mon,thu; empty for every day.",
        "Jours de la semaine où l’on peut commander, comme mon,thu ; vide pour tous les jours.",
    ),
    (
        "Units of one pack; only whole packs are ordered.",
        "Unités d’un colis ; on ne commande que des colis entiers.",
    ),
    (
        "Fewest units of one order line.",
        "Le moins d’unités d’une ligne de commande.",
    ),
    (
        "What one unit costs; empty for the cost in table products.",
        "Ce que coûte une unité ; vide pour le coût de la table des articles.",
    ),
    (
        "What one order line costs whatever its size.",
        "Ce que coûte une ligne de commande, quelle que soit sa taille.",
    ),
    (
        "Days that it can be sold after it arrives; empty where it does not perish.",
        "Jours pendant lesquels on peut le vendre après son arrivée ; vide s’il ne se périme pas.",
    ),
    (
        "Units that the shelf must show.",
        "Unités que le rayon doit montrer.",
    ),
    (
        "Units that the site can hold of it.",
        "Unités que le site peut en contenir.",
    ),
    (
        "Units of all products together that it can hold.",
        "Unités qu’il peut contenir, tous articles confondus.",
    ),
    // Names of tables.
    ("assignments", "affectations"),
    ("calendar", "calendrier"),
    ("decisions", "décisions"),
    ("estimates", "estimations"),
    ("events", "événements"),
    ("exposures", "expositions"),
    ("imports", "imports"),
    ("launches", "lancements"),
    ("offers", "offres"),
    ("order_answers", "réponses aux commandes"),
    ("overrides", "corrections"),
    ("prices", "prix"),
    ("promotions", "promotions"),
    ("quarantine", "quarantaine"),
    ("replenishments", "réapprovisionnements"),
    ("sales", "ventes"),
    ("shadow_answers", "réponses dans l’ombre"),
    ("sites", "sites"),
    ("stock_levels", "stocks"),
    ("supply_terms", "conditions d’approvisionnement"),
    ("weather", "météo"),
];
