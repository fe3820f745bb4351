//! Every sentence of the console, in English and French. A sentence without one of the two does not compile.

use crate::charts::Locale;

macro_rules! messages {
    ($($name:ident: $english:literal, $french:literal;)*) => {
        /// One sentence or word; `{0}`, `{1}` stand for what is put in.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Say { $($name),* }

        impl Say {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),*];

            /// In the language of the page.
            pub(super) fn text(self, locale: Locale) -> &'static str {
                match self { $(Self::$name => locale.choose($english, $french)),* }
            }
        }
    };
}

impl Say {
    /// With `{0}`, `{1}` … replaced.
    pub(super) fn with(self, locale: Locale, values: &[&str]) -> String {
        let text = self.text(locale).to_owned();
        values.iter().enumerate().fold(text, |text, (n, value)| {
            text.replace(&format!("{{{n}}}"), value)
        })
    }
}

messages! {
    // The frame of every page.
    Skip: "Skip to the content", "Aller au contenu";
    Sections: "Sections", "Rubriques";
    Portfolio: "Products", "Produits";
    Customers: "Customers", "Clients";
    Tables: "Tables", "Tables";
    Indicators: "Indicators", "Indicateurs";
    LanguageAndColours: "Language and colours", "Langue et couleurs";
    ColoursSystem: "Auto", "Auto";
    ColoursLight: "Light", "Clair";
    ColoursDark: "Dark", "Sombre";
    MadeBy: "Comptoir {0}. API described in", "Comptoir {0}. L’API est décrite dans";
    Next: "What to do next", "Que faire maintenant";
    Failed: "This page cannot be shown", "Cette page ne peut pas être affichée";
    Values: "Values", "Valeurs";
    Unknown: "unknown", "inconnu";
    None: "none", "aucun";
    Yes: "yes", "oui";
    No: "no", "non";

    // The review.
    Review: "Review", "Revue";
    ReviewTitle: "Which products keep their promises", "Quels produits tiennent leurs promesses";
    ReviewLead: "The worst first. Answers and times are those of the last days that each product promises for; the quality of decisions is held against the first days after launch.", "Les pires d’abord. Réponses et temps sont ceux des derniers jours pour lesquels chaque produit promet ; la qualité des décisions est comparée aux premiers jours après le lancement.";
    ReviewNoProduct: "There is no data product yet.", "Il n’y a pas encore de produit de données.";
    ReviewMade: "Made {0}", "Faite le {0}";
    ReviewKept: "kept", "tenue";
    ReviewUnknown: "unknown", "inconnue";
    ReviewAtRisk: "at risk", "menacée";
    ReviewBroken: "broken", "rompue";
    ReviewP50: "median answer time", "temps de réponse médian";
    ReviewP99: "p99 answer time", "temps de réponse p99";
    ReviewAnswered: "questions answered", "questions avec réponse";
    ReviewByVersion: "answers of the version", "réponses de la version";
    ReviewVersionAge: "age of the version", "âge de la version";
    ReviewDataAge: "age of the sales", "âge des ventes";
    ReviewTableAge: "age of table {0}", "âge de la table {0}";
    ReviewQuality: "quality of decisions", "qualité des décisions";
    ReviewExpected: "Expected of decisions that wait", "Attendu des décisions en attente";
    ReviewExpectedIf: "An expectation, not a measurement: it holds if decisions that score alike lead to as much as before. It sees that others ask, and not that they want something else.", "Une attente, pas une mesure : elle vaut si les décisions de même score mènent à autant qu’avant. Elle voit que d’autres demandent, et non qu’ils veulent autre chose.";
    ReviewValue: "value per period", "valeur par période";
    ReviewErrors: "Weighted absolute percentage error (WAPE)", "Erreur absolue pondérée (WAPE)";
    ReviewErrorsTold: "{0}, naive forecast {1}, of {2} forecasts", "{0}, prévision naïve {1}, sur {2} prévisions";
    ReviewPositions: "Quality if lists were as long as after launch", "Qualité si les listes étaient aussi longues qu’après le lancement";
    ReviewPositionsLaunch: "After launch, at the same positions", "Après le lancement, aux mêmes positions";
    ReviewPositionsChange: "Change at these positions", "Changement à ces positions";
    ReviewPositionsBaseline: "The baseline, at these positions", "La référence, à ces positions";
    ReviewPositionsCompared: "Positions compared", "Positions comparées";
    ReviewPositionsTold: "{0} of {1}; {2} products a list, {3} after launch", "{0} sur {1} ; {2} produits par liste, {3} après le lancement";
    ReviewSeason: "Season", "Saison";
    ReviewBias: "Bias: above 0 where forecasts are too high", "Biais : au-dessus de 0 quand les prévisions sont trop hautes";
    ReviewPromise: "Promise", "Promesse";
    ReviewPromises: "Promises", "Promesses";
    ReviewPromised: "Promised", "Promis";
    ReviewMeasured: "Measured", "Mesuré";
    ReviewBefore: "Before", "Avant";
    ReviewLeft: "Left", "Reste";
    ReviewWhy: "Why", "Pourquoi";
    ReviewDays: "{0} d", "{0} j";
    ReviewAnswers: "Answers", "Réponses";
    ReviewAtLaunch: "{0} at launch", "{0} au lancement";
    ReviewThen: "before: {0}", "avant : {0}";
    ReviewBudgetLeft: "{0} left", "reste {0}";
    ReviewTrained: "Last training", "Dernier entraînement";
    ReviewLearnt: "Learnt until", "Appris jusqu’au";
    ReviewSince: "Version {0} answers since {1}", "La version {0} répond depuis le {1}";
    ReviewNoVersion: "No version answers", "Aucune version ne répond";
    ReviewLed: "What its decisions led to", "Ce que ses décisions ont amené";
    ReviewNotJudged: "Single decisions are not judged: {0}", "Les décisions ne sont pas jugées une à une : {0}";
    ReviewNotYet: "Not known yet: {0}; {1} decisions wait for their outcomes", "Pas encore connu : {0} ; {1} décisions attendent leur issue";
    ReviewGood: "Quality since the version answers", "Qualité depuis que la version répond";
    ReviewLaunch: "After launch, {0} to {1}", "Après le lancement, du {0} au {1}";
    ReviewAllowed: "It may fall to", "Elle peut baisser jusqu’à";
    ReviewBaseline: "The baseline, for customers held out", "La référence, pour les clients mis à part";
    ReviewPending: "Decisions that wait for their outcomes", "Décisions qui attendent leur issue";
    ReviewDaily: "Quality by day", "Qualité par jour";
    ReviewInputs: "What products read", "Ce que lisent les produits";
    ReviewInputsSame: "as it was", "comme avant";
    ReviewInputsWatched: "{0} columns are watched since", "{0} colonnes sont surveillées depuis le";
    HangsOn: "What its answers hang on", "Ce dont dépendent ses réponses";
    HangsBeside: "Used beside what it has learnt:", "Utilisées à côté de ce qu’elle a appris :";
    Weighs: "Weight", "Poids";
    WeighedByGains: "By what each column gained where its trees split, as shares of all.", "Selon ce que chaque colonne a gagné là où ses arbres se divisent, en parts du tout.";
    WeighedByParts: "By the mean size of the part that each column has in scores.", "Selon la taille moyenne de la part de chaque colonne dans les scores.";
    WeighedAlike: "Its method has no features: each column that it reads weighs alike.", "Sa méthode n’a pas de variables : chaque colonne qu’elle lit pèse autant.";
    ReviewColumn: "Column", "Colonne";
    ReviewChange: "What has changed", "Ce qui a changé";
    ReviewReadBy: "Used by, and what it weighs there", "Utilisée par, et son poids";
    ReviewUsedByNone: "no version that answers", "aucune version qui répond";
    ReviewNextTraining: "The next training", "Le prochain entraînement";
    ReviewThenToo: "On the days around, this changed too:", "Dans les jours autour, ceci a changé aussi :";
    ReviewWhyFell: "Why", "Pourquoi";
    ReviewParts: "The fall in parts that add up to it", "La baisse en parts dont elle est la somme";
    ReviewCompared: "{0} to {1} ({2} decisions), held against {3} to {4} ({5}); points of the share of good decisions, with intervals.", "Du {0} au {1} ({2} décisions), comparés aux jours du {3} au {4} ({5}) ; points de la part de bonnes décisions, avec intervalles.";
    ReviewComparedForecasts: "{0} to {1} ({2} forecasts), held against {3} to {4} ({5}); points of the share of the naive forecast’s error that is saved, with intervals.", "Du {0} au {1} ({2} prévisions), comparés aux jours du {3} au {4} ({5}) ; points de la part de l’erreur de la prévision naïve qui est évitée, avec intervalles.";
    ReviewComparedOrders: "{0} to {1} ({2} placed orders), held against {3} to {4} ({5}); points of the share of those that lasted, with intervals.", "Du {0} au {1} ({2} commandes passées), comparés aux jours du {3} au {4} ({5}) ; points de la part de celles qui ont suffi, avec intervalles.";
    ReviewPart: "Part", "Part";
    ReviewPoints: "Points", "Points";
    ReviewInterval: "Interval", "Intervalle";
    ReviewShareOfFall: "Share of the fall", "Part de la baisse";
    ReviewPartAll: "The whole fall", "Toute la baisse";
    ReviewPartMix: "Whom it is asked about, by {0}", "De qui il s’agit, selon {0}";
    ReviewPartForecast: "What is forecast, by {0}", "Ce qui est prévu, selon {0}";
    ReviewPartOrdered: "What is ordered, by {0}", "Ce qui est commandé, selon {0}";
    ReviewPartShown: "What it shows", "Ce qui est montré";
    ReviewPartRelation: "How alike customers take the like", "L’accueil que de mêmes clients font aux mêmes choses";
    ReviewPartOff: "How far off forecasts of the like are", "L’erreur des prévisions des mêmes choses";
    ReviewPartLasts: "How often orders of the like last", "La durée des commandes des mêmes choses";
    ReviewPartColumn: "of that, column {0}", "dont la colonne {0}";
    ReviewPartNotApart: "cannot be told apart", "ne se distingue pas";
    ReviewPartTogether: "of that, {0} together", "dont {0} ensemble";
    ReviewPartRest: "of that, the rest", "dont le reste";
    ReviewPartMore: "more or fewer: {0}", "plus ou moins : {0}";
    ReviewPartShows: "shows: {0}", "montre : {0}";
    ReviewPartTaken: "taken by: {0}", "accueil de : {0}";
    ReviewPartWithin: "within: {0}", "dans : {0}";
    ReviewPartUnknown: "not known", "inconnu";
    ReviewOwner: "Owner: {0}.", "Responsable : {0}.";
    ReviewEscalation: "Then: {0}.", "Puis : {0}.";

    // Jobs.
    Jobs: "Jobs", "Tâches";
    JobsTitle: "What is done by itself", "Ce qui se fait tout seul";
    JobsLead: "Imports, trainings, decisions and reviews at their times: one file each in jobs/. Of all servers one does them.", "Imports, entraînements, décisions et revues à leurs heures : un fichier chacun dans jobs/. Un seul des serveurs les fait.";
    JobsNone: "The project has no job.", "Le projet n’a aucune tâche.";
    JobsNobody: "nobody does them now", "personne ne les fait en ce moment";
    JobsLeader: "Process {0} does them.", "Le processus {0} les fait.";
    JobsGood: "none failed for good", "aucun échec définitif";
    JobsFailed: "{0} failed", "{0} en échec";
    JobsComing: "The next 24 hours", "Les 24 prochaines heures";
    JobsAttempts: "Last attempts", "Dernières tentatives";
    Job: "Job", "Tâche";
    JobWhen: "When", "Quand";
    JobLast: "Last", "Dernière fois";
    JobBegan: "Began", "Début";
    JobTold: "What came of it", "Résultat";
    JobImport: "import", "import";
    JobTrain: "train", "entraînement";
    JobDecide: "decide", "décision";
    JobReview: "review", "revue";
    JobReport: "report", "rapport";
    JobAfter: "after {0}", "après {0}";
    JobAttempt: "(attempt {0})", "(tentative {0})";
    JobRuns: "under way", "en cours";
    JobDue: "due", "à faire";
    JobAgain: "again at", "de nouveau à";
    JobWaits: "waits for {0}", "attend {0}";
    JobNext: "next at", "prochaine fois";
    JobRests: "rests", "au repos";
    JobNever: "never done", "jamais faite";
    JobDone: "done", "faite";
    JobRefused: "refused", "refusée";
    JobFailed: "failed", "échouée";
    JobLost: "lost", "perdue";

    // Incidents.
    Incidents: "Incidents", "Incidents";
    IncidentsTitle: "What is wrong, and who was told", "Ce qui ne va pas, et qui a été prévenu";
    IncidentsLead: "A review notes promises that are broken, trainings that failed and imports that were refused; jobs note what failed for good. Whoever is named in comptoir.toml gets one message of each.", "Une revue note les promesses rompues, les entraînements échoués et les imports refusés ; les tâches notent leurs échecs définitifs. Les personnes nommées dans comptoir.toml reçoivent un message pour chacun.";
    IncidentsOpen: "Open", "En cours";
    IncidentsOver: "Over", "Terminés";
    IncidentsNone: "No incident is open.", "Aucun incident en cours.";
    IncidentsNever: "No incident is over yet.", "Aucun incident terminé pour l’instant.";
    IncidentsCount: "{0} open", "{0} en cours";
    IncidentSince: "Since", "Depuis";
    IncidentFrom: "From, to", "De, à";
    IncidentWhat: "What", "Quoi";
    IncidentTold: "Who was told", "Qui a été prévenu";
    IncidentLast: "Last incident", "Dernier incident";
    IncidentNobody: "nobody is named for it", "personne n’est nommé pour cela";
    IncidentToldAt: "told at", "prévenu le";
    IncidentToldOver: "told that it is over at", "prévenu de la fin le";
    IncidentNotTold: "not told yet, attempts: {0}", "pas encore prévenu, essais : {0}";
    IncidentHeld: "held back until", "retenu jusqu’au";
    IncidentWaits: "to be told", "à prévenir";

    // What is not known.
    NotMeasurable: "not measurable: {0}", "non mesurable : {0}";
    TooFew: "{0} {1}, at least {2} needed", "{0} {1}, il en faut au moins {2}";
    NoVariation: "no variation in: {0}", "aucune variation : {0}";
    TooShort: "{0} days of history, at least {1} needed", "{0} jours d’historique, il en faut au moins {1}";
    DoesNotApply: "does not apply: {0}", "sans objet : {0}";

    // The portfolio.
    PortfolioLead: "A data product answers one question about the shop. This page says which ones answer, how good they are beside a naive rule, and how fast.", "Un produit de données répond à une question sur le magasin. Cette page dit lesquels répondent, ce qu’ils valent face à une règle naïve, et à quelle vitesse.";
    ProductsAnswering: "Products answering", "Produits qui répondent";
    OfAll: "{0} of {1}", "{0} sur {1}";
    DataUntil: "Sales known until", "Ventes connues jusqu’au";
    SalesLines: "Lines of sales", "Lignes de vente";
    KnownCustomers: "Known customers", "Clients connus";
    CatalogueSize: "Products sold", "Articles au catalogue";
    Product: "Product", "Produit";
    State: "State", "État";
    Quality: "Quality beside the baseline", "Qualité face à la référence";
    Latency: "Response time", "Temps de réponse";
    Asked: "Decisions", "Décisions";
    Owner: "Owner", "Responsable";
    Answers: "answers, version {0}", "répond, version {0}";
    AnswersOld: "version {0} answers, the newer one was refused", "la version {0} répond, la suivante a été refusée";
    NotTrained: "no version yet", "aucune version";
    Refused: "refused", "refusée";
    Unreadable: "cannot be read", "illisible";
    NoData: "no data yet", "pas encore de données";
    Against: "against {0} for “{1}”", "contre {0} pour « {1} »";
    Better: "better than the baseline", "mieux que la référence";
    BetterWithinNoise: "better, but within the noise", "mieux, mais dans le bruit";
    NoDifference: "no clear difference from the baseline", "pas d’écart net avec la référence";
    Worse: "not better than the baseline", "pas mieux que la référence";
    CannotCompare: "cannot be compared", "comparaison impossible";
    NotMeasuredYet: "not measured yet", "pas encore mesurée";
    Median: "{0} median", "{0} médiane";
    P99: "{0} for 99 % of answers, allowed {1}", "{0} pour 99 % des réponses, limite {1}";
    WithinDeadline: "within the deadline", "dans les délais";
    OverDeadline: "over the deadline", "hors délai";
    NothingAsked: "nothing asked since the start", "aucune question depuis le démarrage";
    SinceStart: "{0} since the start", "{0} depuis le démarrage";
    Fallbacks: "{0} by fallback", "{0} par repli";
    CouldNotAnswer: "{0} could not be answered", "{0} sans réponse";
    NoProductYet: "This project has no data product. Write one file per question in the folder products; this lists the kinds:", "Ce projet n’a aucun produit de données. Écrivez un fichier par question dans le dossier products ; voici la liste des genres :";
    NothingImported: "The lake holds no sale yet. Import the files of the shop:", "Le lac ne contient encore aucune vente. Importez les fichiers du magasin :";
    TrainAll: "No product has a trained version. Train all of them:", "Aucun produit n’a de version entraînée. Entraînez-les tous :";
    TrainOne: "{0} has no version that answers. Train it:", "{0} n’a aucune version qui réponde. Entraînez-le :";
    LookAtUnreadable: "The lake or the registry cannot be read: {0}. The server tries again every second; this looks at the whole project:", "Le lac ou le registre est illisible : {0}. Le serveur réessaie chaque seconde ; ceci examine tout le projet :";
    LookAtRefused: "The newest version of {0} was refused: {1}. Train it again:", "La dernière version de {0} a été refusée : {1}. Entraînez-la de nouveau :";
    AllWell: "Everything answers. Ask a product a question, look at a customer, or see what the imports set aside.", "Tout répond. Posez une question à un produit, regardez un client, ou voyez ce que les imports ont écarté.";
    LookAtCustomers: "Look at a customer", "Regarder un client";
    LookAtTables: "See the tables", "Voir les tables";

    // A product.
    Card: "Card", "Fiche";
    Question: "Question", "Question";
    JudgedBy: "Judged by", "Jugé sur";
    MustBeat: "Must beat", "Doit battre";
    KindOf: "Kind", "Genre";
    Reads: "Reads", "Lit";
    Deadline: "Deadline of an answer", "Délai d’une réponse";
    AnswersWith: "Answers with", "Répond par";
    KnowsUntil: "Knows all before", "Sait tout avant le";
    Configuration: "Fingerprint of its file", "Empreinte de son fichier";
    Methods: "Methods from", "Méthodes issues de";
    Scorecard: "Scorecard", "Tableau de notes";
    ScorecardLead: "Measured on days or customers that the version had not seen, beside the rule that anybody could apply. Bars are 95 % intervals.", "Mesuré sur des jours ou des clients que la version n’avait pas vus, à côté de la règle que n’importe qui pourrait appliquer. Les barres sont des intervalles à 95 %.";
    HowSplit: "How it was measured", "Comment c’est mesuré";
    Measure: "Measure", "Mesure";
    ThisVersion: "This version", "Cette version";
    Baseline: "Baseline", "Référence";
    Gain: "Difference", "Écart";
    Verdict: "Verdict", "Verdict";
    HigherIsBetter: "higher is better", "plus haut est mieux";
    LowerIsBetter: "lower is better", "plus bas est mieux";
    Interval: "95 % interval", "intervalle à 95 %";
    Learned: "What it learned", "Ce qu’elle a appris";
    Versions: "Versions", "Versions";
    Version: "Version", "Version";
    Made: "Made", "Créée";
    ArtefactSize: "Size", "Taille";
    Searched: "Settings sought", "Réglages cherchés";
    SearchSure: "surely better than the file", "sûrement mieux que le fichier";
    SearchNotSure: "not surely better than the file", "pas sûrement mieux que le fichier";
    SearchNothing: "nothing better than the file", "rien de mieux que le fichier";
    SearchDrawn: "Of {0} candidates that were held against the file as it was on past days.", "Sur {0} candidats comparés au fichier tel qu’il était, sur des jours passés.";
    SearchCompared: "better, as a mean over {0} later periods on which nothing was chosen", "de mieux, en moyenne sur {0} périodes suivantes où rien n’a été choisi";
    SearchAgain: "What is surely better is put into the file by:", "Ce qui est sûrement mieux est mis dans le fichier par :";
    Champion: "champion", "champion";
    WaitsForAPerson: "Version {0} passed its gate and waits for a person to let it answer.", "La version {0} a passé sa porte et attend qu’une personne la laisse répondre.";
    RequestsTitle: "Requests", "Requêtes";
    RequestsLead: "How this server has answered since it started, on", "Comment ce serveur a répondu depuis son démarrage, le";
    RequestsByProduct: "By data product", "Par produit de données";
    RequestsByRoute: "By route", "Par route";
    RequestsSlowest: "The slowest of the last hour", "Les plus lentes de la dernière heure";
    RequestsVersions: "decisions", "décisions";
    RequestsOfVersion: "version {0}: {1}, 99 of 100 within {2}", "version {0} : {1}, 99 sur 100 en {2}";
    RequestsHalf: "half within", "la moitié en";
    RequestsP99: "99 of 100 within", "99 sur 100 en";
    RequestsDeadline: "deadline", "délai";
    RequestsFallbacks: "by the baseline", "par la référence";
    RequestsUnanswered: "unanswered", "sans réponse";
    RequestsRefused: "wrong questions", "questions fausses";
    RequestsRoute: "route", "route";
    RequestsCount: "requests", "requêtes";
    RequestsLongest: "longest", "la plus longue";
    RequestsStatus: "status", "statut";
    RequestsSizes: "mean size", "taille moyenne";
    RequestsIn: "in {0}", "reçu {0}";
    RequestsOut: "out {0}", "envoyé {0}";
    RequestsLargest: "at most {0}", "au plus {0}";
    RequestsTook: "took", "durée";
    RequestsStages: "of that", "dont";
    RequestsNamed: "named", "nommée";
    StageRead: "read the question", "lire la question";
    StageDecide: "decide", "décider";
    StagePromise: "promise money", "promettre l’argent";
    StageLog: "log the decision", "journaliser la décision";
    StageRest: "the rest", "le reste";
    InShadow: "Version {0} passed its gate and answers in the shadow of the one that is shown.", "La version {0} a passé sa porte et répond dans l’ombre de celle qui est montrée.";
    CompareLink: "compare it with the one that answers", "la comparer à celle qui répond";
    CompareTitle: "Versions of {0}, compared", "Versions de {0}, comparées";
    CompareLead: "Version {0} beside version {1}.", "La version {0} à côté de la version {1}.";
    CompareVersion: "Version {0}", "Version {0}";
    CompareMay: "its gate lets it answer", "sa porte la laisse répondre";
    CompareMayNot: "its gate is closed", "sa porte est fermée";
    CompareApprove: "Let version {0} answer", "Laisser répondre la version {0}";
    Trial: "On a share of the customers", "Sur une part des clients";
    TrialLeads: "Version {0} answers a share of the customers, {1}, beside version {2}, since", "La version {0} répond à une part des clients, {1}, à côté de la version {2}, depuis le";
    TrialGood: "of its decisions, good ones", "de ses décisions, les bonnes";
    TrialBeside: "of the champion’s, on the same days", "de celles du champion, les mêmes jours";
    TrialLead: "difference, in points", "différence, en points";
    OnTrial: "Version {0} passed its gate and answers a share of the customers.", "La version {0} a passé sa porte et répond à une part des clients.";
    Shadow: "In the shadow", "Dans l’ombre";
    ShadowNone: "Nothing was asked of both. With shadow_hours under [retraining] of its file, a version that passes its gate answers the same questions unseen first.", "Rien n’a été demandé aux deux. Avec shadow_hours sous [retraining] de son fichier, une version qui passe sa porte répond d’abord aux mêmes questions sans être vue.";
    ShadowLead: "Version {0} answers the questions that version {1} answers, and nobody sees it, since", "La version {0} répond aux questions auxquelles répond la version {1}, et personne ne le voit, depuis le";
    ShadowWaits: "waits", "attend";
    ShadowPassed: "may answer", "peut répondre";
    ShadowFailed: "failed", "a échoué";
    ShadowAsked: "questions", "questions";
    ShadowLate: "late", "en retard";
    ShadowUnanswered: "refused or failed", "refusées ou échouées";
    ShadowEmpty: "nothing where something was shown", "rien là où quelque chose était montré";
    ShadowAlike: "the same first", "le même premier";
    ShadowShownToo: "of what was shown it would show too", "de ce qui était montré, elle montrerait aussi";
    ShadowBoughtShown: "of those who bought since, bought what was shown", "de ceux qui ont acheté depuis, ont acheté ce qui était montré";
    ShadowBoughtUnseen: "and what it would have shown", "et ce qu’elle aurait montré";
    ShadowBy: "On whom they differ", "Sur qui elles diffèrent";
    ShadowWhom: "of", "de";
    ChampionMoves: "Who answers since when", "Qui répond depuis quand";
    When: "When", "Quand";
    Move: "Change", "Changement";
    Who: "Who", "Qui";
    Why: "Why", "Pourquoi";
    Chosen: "chosen by hand", "choisie à la main";
    Promoted: "passed the gate", "a passé le contrôle";
    RolledBack: "rolled back", "retour en arrière";
    Runs: "Last runs", "Derniers entraînements";
    Started: "Started", "Début";
    AsOfDay: "As of", "Au";
    Outcome: "Outcome", "Issue";
    Duration: "Time", "Durée";
    Memory: "Memory", "Mémoire";
    RunRunning: "running", "en cours";
    RunDone: "done", "terminé";
    RunFailed: "failed", "échoué";
    RunRefused: "refused", "refusé";
    NoRuns: "No run yet. Train it:", "Aucun entraînement. Lancez-le :";
    OverVersions: "{0} of each version", "{0} de chaque version";
    Try: "Try it", "Essayer";
    TryLead: "Ask as the shop would. With scripts the answer is a real one: logged, counted, by the key of this page. Without, it is a preview that is not logged.", "Posez une question comme le ferait le magasin. Avec les scripts, la réponse est réelle : journalisée et comptée, avec la clé de cette page. Sans, c’est un aperçu non journalisé.";
    CustomerId: "Customer", "Client";
    ProductId: "Product of the catalogue", "Article du catalogue";
    Placement: "Placement", "Emplacement";
    DefaultPlacement: "the first one", "le premier";
    Items: "How many", "Combien";
    Ask: "Ask", "Demander";
    AnswerTitle: "Answer", "Réponse";
    Preview: "Preview, not logged", "Aperçu, non journalisé";
    Logged: "Logged as decision", "Journalisée, décision";
    HeldOut: "The customer is in the holdout: the baseline answered.", "Le client est dans le groupe témoin : la référence a répondu.";
    FellBack: "The version was too slow or failed: its baseline answered.", "La version a été trop lente ou a échoué : sa référence a répondu.";
    AsJson: "As the API gives it", "Tel que le donne l’API";
    Method: "Method", "Méthode";
    Rank: "Place", "Rang";
    What: "What", "Quoi";
    ScoreColumn: "Score", "Score";
    Reasons: "Reasons", "Raisons";
    EmptyAnswer: "The answer holds no action.", "La réponse ne contient aucune action.";
    WithinDays: "within {0} days", "sous {0} jours";
    ShortOf: "{0} fewer than asked for: {1}", "{0} de moins que demandé : {1}";
    LimitOfRule: "rule {0}", "règle {0}";
    CapOfRule: "cap of rule {0}", "plafond de la règle {0}";
    CannotAnswer: "This cannot be answered: {0}", "Pas de réponse possible : {0}";
    NotTrainedLead: "No version answers yet, so there is nothing to ask.", "Aucune version ne répond encore, il n’y a donc rien à demander.";

    // What kinds learned.
    WeightedQuantileLoss: "Weighted quantile loss", "Perte quantile pondérée";
    Segment: "Segment", "Segment";
    ShareOfCustomers: "Share of customers", "Part des clients";
    ShareOfRevenue: "Share of revenue", "Part du chiffre d’affaires";
    LastOrderDays: "Median days since the last order", "Jours depuis la dernière commande (médiane)";
    MedianOrders: "Median orders", "Commandes (médiane)";
    MedianSpend: "Median spend", "Dépense (médiane)";
    SegmentShares: "Customers and revenue by segment", "Clients et chiffre d’affaires par segment";
    CustomersOfSegment: "{0}: customers", "{0} : clients";
    RevenueOfSegment: "{0}: revenue", "{0} : chiffre d’affaires";
    Migration: "Where customers moved in 30 days", "Où les clients sont passés en 30 jours";
    MigrationLead: "Share of the customers of each row who are in the column a month later.", "Part des clients de chaque ligne qui sont dans la colonne un mois après.";
    Before: "Before", "Avant";
    After: "After", "Après";
    Outside: "no order yet", "aucune commande";
    SegmentRules: "The segments as rules", "Les segments en règles";
    RulesOfSegment: "Rules", "Règles";
    Fidelity: "These rules place {0} of the customers as the groups do.", "Ces règles placent {0} des clients comme le font les groupes.";
    FoundByRules: "Of the segment, found", "Du segment, trouvés";
    RulesRight: "Of those found, right", "De ceux-ci, justes";
    Cohorts: "Customers by the month of their first purchase", "Clients par mois du premier achat";
    CohortsChart: "Share of each cohort that bought again", "Part de chaque cohorte qui a racheté";
    FirstMonth: "First purchase", "Premier achat";
    StillCustomers: "Expected still customers", "Encore clients (attendu)";
    ExpectedPurchases: "Expected purchases", "Achats attendus";
    ExpectedValue: "Expected value", "Valeur attendue";
    WithoutValue: "Value not measurable", "Valeur non mesurable";
    HowFitted: "How it was fitted", "Comment il a été ajusté";
    Candidates: "Candidates compared inside the history", "Candidats comparés dans l’historique";
    Candidate: "Method", "Méthode";
    Result: "Result", "Résultat";
    Kept: "kept", "retenue";
    NotTried: "not tried: {0}", "non essayée : {0}";
    MeasuredOutcome: "Outcome", "Ce qui est mesuré";
    Arm: "Arm", "Variante";
    ArmsLead: "What each arm changes: {0}. Ranges hold with 95%.", "Ce que chaque variante change : {0}. Les fourchettes tiennent à 95 %.";
    ArmAdds: "Adds on average", "Ajoute en moyenne";
    ArmLearner: "Learner", "Méthode";
    ArmKept: "Differences between customers kept", "Différences entre clients gardées";
    ArmTried: "Learners tried for {0}", "Méthodes essayées pour {0}";
    ArmTriedLead: "What ranking customers held out by each of them gains per customer beyond chance, by doubly robust scores, ± its standard error. Of those within one standard error of the best the simplest is used.", "Ce que gagne par client, au-delà du hasard, le classement par chacune de clients gardés à part, d’après des scores doublement robustes, ± son erreur type. Parmi celles à moins d’une erreur type de la meilleure, la plus simple est retenue.";
    ArmGain: "Gain of its ranking", "Gain de son classement";
    ArmBehind: "Behind the best", "Derrière la meilleure";
    ArmTwin: "The additive twin, which a person can read, gains {0} ± {1} less than the best black box ({2}).", "La jumelle additive, qu’une personne peut lire, gagne {0} ± {1} de moins que la meilleure boîte noire ({2}).";
    ArmTwinUsed: "It is what is used.", "C’est elle qui est retenue.";
    ArmTwinNotUsed: "It is not used.", "Elle n’est pas retenue.";
    LimitsPriced: "What limits cost", "Ce que coûtent les limites";
    LimitNamed: "Limit", "Limite";
    LimitUsed: "Expected to be used", "Utilisation attendue";
    LimitAllows: "Allowed, or asked for", "Permis, ou demandé";
    LimitPrice: "One more would add", "Une unité de plus ajouterait";
    LimitOfMoney: "money, at most", "argent, au plus";
    LimitAtMost: "customers, at most", "clients, au plus";
    LimitAtLeast: "customers, at least; one fewer would add", "clients, au moins ; un de moins ajouterait";
    WhatItIsMadeOf: "What it is made of, and what would change it", "De quoi elle est faite, et ce qui la changerait";
    Contribution: "Adds", "Ajoute";
    AddsUpTo: "Worth of {0}", "Valeur de {0}";
    NotGivenSince: "Not given: {0}", "Pas donnée : {0}";
    WithoutIt: "Without it", "Sans elle";
    ItChanges: "What it changes", "Ce qu’elle change";
    Relative: "In percent", "En pourcentage";
    AtAnyTime: "Valid at any time", "Valable à tout moment";
    InAll: "In all", "En tout";
    IsReal: "Is it real?", "Est-ce réel ?";
    Real: "real", "réel";
    MayBeChance: "may be chance", "peut être le hasard";
    WhoGained: "Who gained", "Qui y a gagné";
    Group: "Group", "Groupe";
    ItChangesTogether: "What it changes, all groups at once", "Ce qu’elle change, tous les groupes à la fois";
    SeenFrom: "Seen four times of five from", "Vu quatre fois sur cinq dès";
    Contradicted: "contradicted", "contredit";
    PeriodByPeriod: "Period by period: {0}; the change lies between -1 and 1", "Période par période : {0} ; le changement se situe entre -1 et 1";
    HowKnown: "How it is known", "Comment on le sait";

    // The report of an experiment.
    ReportTitle: "What changed: {0}", "Ce qui a changé : {0}";
    ReportMore: "Because of {0}, {1} customers brought {2} more {3} ({4}). Without it they would have brought {5} anyway.", "Grâce à {0}, {1} clients ont apporté {2} de plus ({3}, {4}). Sans cela, ils auraient de toute façon apporté {5}.";
    ReportLess: "Because of {0}, {1} customers brought {2} less {3} ({4}). Without it they would have brought {5} anyway.", "À cause de {0}, {1} clients ont apporté {2} de moins ({3}, {4}). Sans cela, ils auraient de toute façon apporté {5}.";
    ReportMayBeChance: "Whether {0} changes the {1} cannot be told from chance yet: somewhere between {2} in all, on {3} customers who would have brought {4} anyway.", "L’effet de {0} ({1}) ne se distingue pas encore du hasard : quelque part entre {2} en tout, sur {3} clients qui auraient de toute façon apporté {4}.";
    ReportUnknown: "What {0} changes ({1}) cannot be measured; the reason stands in the table below.", "Ce que {0} change ({1}) n’est pas mesurable ; la raison est dans le tableau plus bas.";
    ReportEffect: "The effect", "L’effet";
    ReportEffectOn: "Effect in all: {0}", "Effet en tout : {0}";
    ReportPromise: "95 % intervals, for reading once", "intervalles à 95 %, pour une seule lecture";
    ReportNoEffect: "no effect", "aucun effet";
    ReportAnyway: "What would have happened anyway", "Ce qui serait arrivé de toute façon";
    ReportAnywayLead: "The customers who were left alone show it: chance alone decided who they are.", "Les clients laissés tels quels le montrent : seul le hasard a décidé lesquels.";
    ReportBoth: "With and without: {0}", "Avec et sans : {0}";
    ReportWith: "with {0}", "avec {0}";
    ReportWithout: "without {0}, as “{1}” shows", "sans {0}, comme le montre « {1} »";
    ReportAll: "All outcomes, and which effects are real", "Tout ce qui est mesuré, et quels effets sont réels";
    ReportSizes: "Who was in it", "Qui y était";
    ReportFinished: "Window over", "Fenêtre finie";
    ReportShare: "Share asked for", "Part demandée";
    ReportHow: "How it was measured", "Comment c’est mesuré";
    ReportMethod: "Customers were drawn by chance; those of an arm are compared with those who were left alone. What they did before takes chance out of the difference. An effect is called real where the evidence holds among all outcomes and arms looked at, at whatever time they are looked at.", "Les clients ont été tirés au hasard ; ceux d’une variante sont comparés à ceux laissés tels quels. Ce qu’ils faisaient avant retire du hasard de la différence. Un effet est dit réel si la preuve tient parmi tout ce qui est regardé, à quelque moment que ce soit.";
    ReportControl: "Compared with", "Comparé à";
    ReportStart: "First day", "Premier jour";
    ReportKnown: "Known is all before", "On sait tout avant le";
    ReportWindow: "Counted for", "Compté pendant";
    ReportBefore: "Days before that take chance out", "Jours d’avant qui retirent du hasard";
    ReportWrong: "Wrong discoveries accepted", "Fausses découvertes acceptées";
    ReportMadeFrom: "Made from", "Fait à partir de";
    ReportVersion: "data product {0}, version {1} of {2}", "produit {0}, version {1} du {2}";
    ReportTables: "Tables read, with their versions", "Tables lues, avec leurs versions";
    ReportDays: "{0} d", "{0} j";
    ReportMadeBy: "Made by Comptoir {0}.", "Fait par Comptoir {0}.";
    OutcomeVisits: "visits", "visites";
    OutcomeOrders: "orders", "commandes";
    OutcomeRevenue: "revenue", "chiffre d’affaires";
    OutcomeMargin: "margin", "marge";
    OutcomeDiscount: "discounts", "remises";
    OutcomeLines: "lines", "lignes";
    OutcomeReturns: "returns", "retours";
    Guardrails: "What must not get worse", "Ce qui ne doit pas empirer";
    GuardrailAllowed: "Allowed to be worse by", "Peut empirer de";
    GuardrailChange: "Change", "Changement";
    GuardrailSays: "Guardrail", "Garde-fou";
    GuardrailKept: "kept", "tenu";
    GuardrailBroken: "broken", "rompu";
    GuardrailOpen: "cannot say yet", "pas encore dit";
    GuardrailPromise: "Each end of the interval holds by itself, at whatever time it is looked at; all is a share of what the control has.", "Chaque borne de l’intervalle tient par elle-même, à quelque moment qu’on regarde ; tout est une part de ce qu’a le témoin.";
    ReportBroken: "{0} makes {1} worse by more than the {2} that are allowed: it changes by {3} ({4} to {5}).", "{0} fait empirer plus que permis ({2}) : {1} change de {3} ({4} à {5}).";
    ReportKept: "{0} does not make {1} {2} worse: it changes by {3} ({4} to {5}).", "{0} ne fait pas empirer de {2} : {1} change de {3} ({4} à {5}).";
    ReportOpen: "Whether {0} makes {1} {2} worse cannot be said yet: it changes by {3} ({4} to {5}).", "Si {0} fait empirer de {2} ne se dit pas encore : {1} change de {3} ({4} à {5}).";
    ReportUnguarded: "Whether {0} makes {1} {2} worse cannot be measured; the reason stands in the table below.", "Si {0} fait empirer de {2} n’est pas mesurable ({1}) ; la raison est dans le tableau plus bas.";

    // The budget of a product.
    Budget: "Budget", "Budget";
    BudgetLead: "What an offer can cost at most is counted before it is promised, so that no more is promised than the budget holds.", "Ce qu’une offre peut coûter au plus est compté avant d’être promis : jamais plus que le budget n’est promis.";
    NothingPromised: "Nothing was promised yet.", "Rien n’a encore été promis.";
    PromisedNow: "Promised, not redeemed", "Promis, non utilisé";
    Redeemed: "Redeemed", "Utilisé";
    HeldByServers: "Held by servers", "Détenu par les serveurs";
    StillFree: "Free", "Libre";
    BesideUsualPlan: "{0}: {1} of the budget promised, {2} planned by now, by the usual hours of the week; its price is {3} times the usual one.", "{0} : {1} du budget promis, {2} prévus à ce jour selon les heures habituelles de la semaine ; son prix est {3} fois le prix habituel.";
    SoManyOffers: "{0} offers", "{0} offres";
    BesidePlan: "{0}: {1} of the budget promised, {2} planned by now; its price is {3} times the usual one.", "{0} : {1} du budget promis, {2} prévus à ce jour ; son prix est {3} fois le prix habituel.";

    // Customers.
    CustomersLead: "Type the identifier of a customer, or its beginning.", "Tapez l’identifiant d’un client, ou son début.";
    Search: "Search", "Chercher";
    MostOrders: "Customers with most orders", "Clients avec le plus de commandes";
    BeginWith: "Customers that begin with “{0}”", "Clients qui commencent par « {0} »";
    NoneBeginWith: "No customer begins with “{0}”. Identifiers are written as in the sales table.", "Aucun client ne commence par « {0} ». Les identifiants s’écrivent comme dans la table des ventes.";
    Orders: "Orders", "Commandes";
    Spent: "Spent", "Dépensé";
    LastOrder: "Last order", "Dernière commande";
    FirstOrder: "First order", "Première commande";
    MoreOfThem: "{0} more; type more of the identifier.", "{0} de plus ; précisez l’identifiant.";

    // A customer.
    CustomerNamed: "Customer {0}", "Client {0}";
    NoSuchCustomer: "No sale names customer {0}. New customers get the baseline of each product until they order.", "Aucune vente ne cite le client {0}. Un nouveau client reçoit la référence de chaque produit jusqu’à sa première commande.";
    CustomerLead: "What the shop knows of this customer, what the data products conclude, and why.", "Ce que le magasin sait de ce client, ce que les produits de données en concluent, et pourquoi.";
    Returned: "Returned", "Retourné";
    UsualInterval: "Days between orders (median)", "Jours entre commandes (médiane)";
    OneOrderOnly: "one order only", "une seule commande";
    SpendByMonth: "Spend by month", "Dépenses par mois";
    LastOrders: "Last orders", "Dernières commandes";
    Lines: "Lines", "Lignes";
    Units: "Units", "Unités";
    Amount: "Amount", "Montant";
    Content: "Content", "Contenu";
    AndMore: "and {0} more", "et {0} de plus";
    Return: "return", "retour";
    OrdersNotShown: "Earlier orders not shown: {0}.", "Commandes plus anciennes non montrées : {0}.";
    InHoldout: "In the holdout: gets the baseline, so that effects can be measured", "Dans le groupe témoin : reçoit la référence, pour que les effets puissent être mesurés";
    NotInHoldout: "Not in the holdout", "Hors du groupe témoin";
    PreviewsNote: "These answers are previews and are not logged.", "Ces réponses sont des aperçus et ne sont pas journalisées.";

    // Demand and stock.
    Demand: "Demand", "Demande";
    DemandLead: "What sold lately and what is expected, what deserves a look first.", "Ce qui s’est vendu récemment et ce qui est attendu, en commençant par ce qui mérite un regard.";
    SeeDemand: "See each product at each site: what it sold, what is expected of it, and why", "Voir chaque article sur chaque site : ce qu’il a vendu, ce qui en est attendu, et pourquoi";
    SeriesOfAll: "Series", "Séries";
    ShowAll: "everything", "tout";
    ShowOut: "out of stock now", "en rupture à présent";
    ShowChanged: "changed by planners", "corrigées par les planificateurs";
    ShowOnly: "Show", "Montrer";
    SearchProduct: "Product, or a part of its name", "Article, ou une partie de son nom";
    Site: "Site", "Site";
    AllSites: "all sites", "tous les sites";
    StillGathering: "The forecasts of all series are still being gathered. Until they are, their changes do not count in the order.", "Les prévisions de toutes les séries sont encore en cours de lecture. D’ici là, leur évolution ne compte pas dans l’ordre.";
    NoSeriesFits: "No series fits.", "Aucune série ne correspond.";
    OrderOfSeries: "What is out of stock and wanted comes first, then what planners changed, then the largest change of the forecast against what sold lately. A change is measured against what chance alone moves: the square root of what sells.", "D’abord ce qui est en rupture et demandé, puis ce que les planificateurs ont corrigé, puis la plus grande évolution de la prévision face aux ventes récentes. Une évolution est mesurée à ce que le seul hasard déplace : la racine carrée des ventes.";
    CourseOfSales: "Course", "Allure";
    SoldLast: "Sold, {0} before", "Vendu, {0} avant";
    ExpectedNext: "Expected, {0} ahead", "Attendu, {0} à venir";
    ChangeOfDemand: "Change", "Évolution";
    OnHand: "On hand", "En stock";
    OnTheWay: "On the way", "En route";
    OutOfStockNow: "out of stock", "en rupture";
    SoManyChanges: "changes of planners: {0}", "corrections : {0}";
    Pages: "Pages", "Pages";
    OfShown: "{0} to {1} of {2}", "{0} à {1} sur {2}";
    PageBefore: "Previous", "Précédents";
    PageAfter: "Next", "Suivants";
    SoManyDays: "{0} days", "{0} jours";
    SoManyWeeks: "{0} weeks", "{0} semaines";
    SoManyMonths: "{0} months", "{0} mois";

    // One product at one site.
    ProductAtSite: "{0} at {1}", "{0}, {1}";
    OneLead: "What it sold, what it is expected to sell and why, and what is there to be sold.", "Ce qu’il a vendu, ce qu’il devrait vendre et pourquoi, et ce qu’il y a à vendre.";
    AllSeries: "All series", "Toutes les séries";
    GoThere: "Show", "Montrer";
    AgainstLately: "{0} against the {1} before", "{0} face aux {1} d’avant";
    BeforeAndAhead: "{0} before, {1} ahead", "{0} avant, {1} à venir";
    LatelyAmount: "{0} a {1} in the last {2} with anything to sell", "{0} par {1} ; périodes récentes où il y avait à vendre : {2}";
    UsedUp: "at what is expected, used up in the period of", "selon ce qui est attendu, épuisé dans la période du";
    LastsBeyond: "at what is expected, lasts beyond the forecast", "selon ce qui est attendu, suffit au-delà de la prévision";
    EndOfDay: "at the end of", "à la fin du";
    NextDue: "next: {0}, due on", "prochain : {0}, attendu le";
    SoldAndExpected: "Sold, and expected to sell", "Vendu, et attendu";
    FanSold: "sold", "vendu";
    FanExpected: "expected", "attendu";
    FanBand: "likely range", "fourchette probable";
    Gaps: "Gaps are no zeros; periods not drawn: {0}.", "Les vides ne sont pas des zéros ; périodes non tracées : {0}.";
    GapsClosed: "{0} closed", "{0} fermées";
    GapsOut: "{0} out of stock", "{0} en rupture";
    GapsNotYet: "{0} before the first sale", "{0} avant la première vente";
    ExpectedByPeriod: "Expected, period by period", "Attendu, période par période";
    SoldByPeriod: "Sold, period by period", "Vendu, période par période";
    Expected: "Expected", "Attendu";
    WhatIsSpecial: "What is special", "Ce qui est particulier";
    Closed: "closed", "fermé";
    NotSoldYet: "before its first sale", "avant sa première vente";
    DaysOut: "out of stock on {0} of {1} days", "en rupture {0} jours sur {1}";
    NotWhatWasWanted: "what was sold is not what was wanted", "ce qui s’est vendu n’est pas ce qui était demandé";
    Drivers: "What the forecast is made of", "De quoi la prévision est faite";
    DriversTogether: "Together: {0}", "Ensemble : {0}";
    DriversLead: "What each part adds to the total or takes off it.", "Ce que chaque part ajoute au total ou en retire.";
    NoDrivers: "The parts of this forecast cannot be told apart.", "Les parts de cette prévision ne se distinguent pas.";
    Overrides: "Changes of planners", "Corrections des planificateurs";
    NoOverrides: "No planner changed these days.", "Aucun planificateur n’a corrigé ces jours.";
    OverridesNotRead: "This data product does not read them: its forecast is without them.", "Ce produit de données ne les lit pas : sa prévision est sans elles.";
    DaysChanged: "Days", "Jours";
    HowMuch: "How much", "Combien";
    PartsAbout: "About", "Porte sur";
    NotSaid: "not said", "non dit";
    TimesFactor: "times {0}", "fois {0}";
    UnitsMore: "{0} units more in all", "{0} unités de plus en tout";
    UnitsFewer: "{0} units fewer in all", "{0} unités de moins en tout";
    UnitsInstead: "{0} units in all instead", "{0} unités en tout à la place";
    AllProducts: "all products", "tous les articles";
    AllOfCategory: "all of category {0}", "tous ceux de la catégorie {0}";
    StockAndSupply: "Stock and supply", "Stock et approvisionnement";
    NothingOnTheWay: "Nothing is on the way.", "Rien n’est en route.";
    OrderOfGoods: "Order of goods", "Commande";
    ComesFrom: "From", "De";
    GoesTo: "To", "À";
    OrderedOn: "Ordered on", "Commandé le";
    DueOn: "Due on", "Attendu le";
    Late: "late", "en retard";
    ProposalOf: "Proposed by", "Proposé par";
    NoSuchSeries: "Nothing was sold of a product {0}: a forecast needs at least one sale.", "Rien ne s’est vendu d’un article {0} : une prévision demande au moins une vente.";
    NearestProducts: "Products with the nearest identifiers:", "Articles aux identifiants les plus proches :";
    NoSuchSite: "It never sold at site {0}. Sites where it did: {1}.", "Il ne s’est jamais vendu sur le site {0}. Sites où il s’est vendu : {1}.";
    ChooseSite: "It sells at several sites: {0}. Each has a forecast of its own.", "Il se vend sur plusieurs sites : {0}. Chacun a sa propre prévision.";
    UnitsSold: "Units sold", "Unités vendues";
    LastSale: "Last sale", "Dernière vente";

    // What series add up to.
    Totals: "Totals", "Totaux";
    TotalsLead: "What is expected of several series together, with the range that their past totals had: it is narrower than the sum of theirs.", "Ce qui est attendu de plusieurs séries ensemble, avec la fourchette qu’avaient leurs totaux passés : elle est plus étroite que la somme des leurs.";
    SeeTotals: "Totals: all together, by category and by region", "Totaux : tout ensemble, par catégorie et par région";
    TotalOfAll: "All together", "Tout ensemble";
    TotalOf: "{0} {1}", "{0} {1}";
    TotalOfNone: "of no {0}", "sans {0}";
    PartsBy: "By {0}", "Par {0}";
    PartOfTotal: "Part", "Part";
    ShareOfTotal: "Share", "Proportion";

    // What promotions bring and take.
    PromotionsDid: "What promotions bring, and take from the rest", "Ce que les promotions apportent, et prennent au reste";
    PromotedLead: "Shares of what the promoted products would have sold without. What is promoted sells more; the rest of its category at the same site less, where it is taken from there, or more. Ranges hold with 95%.", "Parts de ce que les articles promus auraient vendu sans promotion. Ce qui est promu se vend plus ; le reste de sa catégorie sur le même site moins, s’il y perd, ou plus. Les fourchettes tiennent à 95 %.";
    PromotedCategory: "Category", "Catégorie";
    PromotedOwn: "What is promoted", "Ce qui est promu";
    PromotedOthers: "The rest of the category", "Le reste de la catégorie";
    PromotedNet: "Together", "Ensemble";
    PromotedPeriods: "Periods on promotion", "Périodes en promotion";

    // What the weather does.
    WeatherDid: "What the weather does to sales", "Ce que la météo fait aux ventes";
    WeatherLead: "By how much one degree and one millimetre of rain a day beyond what is usual at that time of the year change sales, learnt from the past. Ranges hold with 95%.", "De combien un degré et un millimètre de pluie par jour de plus que d’habitude à cette période de l’année changent les ventes, appris du passé. Les fourchettes tiennent à 95 %.";
    WeatherDegree: "1 °C warmer", "1 °C de plus";
    WeatherMillimetre: "1 mm more rain", "1 mm de pluie de plus";

    // Accuracy by parts.
    AccuracyBy: "Accuracy by {0}", "Précision selon : {0}";
    AccuracyError: "Weighted absolute error", "Erreur absolue pondérée";
    AccuracyCovered: "Interval held", "Fourchette tenue";
    AccuracyBaselineCovered: "Interval of the baseline held", "Fourchette de la référence tenue";
    AccuracyForecasts: "Forecasts", "Prévisions";

    // Launches and merchants.
    SeeLaunches: "See the launches that are open or to come", "Voir les lancements ouverts ou à venir";
    LaunchesAhead: "Launches open and to come", "Lancements ouverts et à venir";
    LaunchesAheadLead: "First those that are expected to sell more than there is, then those of which least is known: the widest intervals.", "D’abord ceux dont on attend plus qu’il n’y a de stock, puis ceux dont on sait le moins : les fourchettes les plus larges.";
    LaunchesGathering: "Forecasts are still being gathered; look again in a moment.", "Les prévisions sont encore en cours de collecte ; revenez dans un instant.";
    LaunchesNone: "No launch is open or to come.", "Aucun lancement n’est ouvert ou à venir.";
    LaunchesOpen: "Open", "Ouverts";
    LaunchesToCome: "To come", "À venir";
    LaunchesBeyond: "Expected beyond stock", "Attendus au-delà du stock";
    LaunchIsOpen: "open", "ouvert";
    LaunchOpens: "Opens", "Ouverture";
    LaunchTotal: "Expected in all", "Attendu en tout";
    LaunchFirstDay: "first day:", "premier jour :";
    LaunchPreOrder: "To pre-order", "À précommander";
    LaunchAvailable: "there are {0}", "{0} disponibles";
    LaunchBeyond: "beyond stock", "au-delà du stock";
    LaunchSoFar: "So far", "Jusqu’ici";
    LaunchSoldAfter: "{0} sold in {1} whole hours", "{0} vendus en {1} heures entières";
    LaunchNarrowed: "{0} expected before, {1} now", "{0} attendus avant, {1} maintenant";
    LaunchHourly: "Hour by hour", "Heure par heure";
    LaunchMedian: "Median", "Médiane";
    LaunchLayers: "What each layer of information is worth", "Ce que vaut chaque niveau d’information";
    LaunchLayer: "Known", "Connu";
    LaunchScore: "Score in units", "Score en unités";
    LaunchLaunches: "Launches", "Lancements";
    Merchants: "Merchants", "Commerciaux";
    MerchantsLead: "Whose estimates save least of the score first. A factor above 1 says that estimates are too high.", "D’abord ceux dont les estimations épargnent le moins du score. Un facteur au-dessus de 1 dit que les estimations sont trop hautes.";
    Merchant: "Merchant", "Commercial";
    AllMerchants: "All merchants", "Tous les commerciaux";
    MerchantTitle: "Estimates of {0}", "Estimations de {0}";
    MerchantLead: "How the estimates of one merchant are read, by what came of the earlier ones, and what they add to what is known without them.", "Comment les estimations d’un commercial sont lues, d’après la suite des précédentes, et ce qu’elles ajoutent à ce qui est connu sans elles.";
    MerchantSaved: "Part of the score saved", "Part du score épargnée";
    MerchantSavedOn: "on {0} launches held out", "sur {0} lancements gardés à part";
    MerchantRanked: "rank {0} of {1}", "rang {0} sur {1}";
    MerchantBias: "Estimate over demand", "Estimation sur demande";
    MerchantBiasMeans: "1 where estimates hold", "1 si les estimations tiennent";
    MerchantSpread: "Spread", "Dispersion";
    MerchantSpreadMeans: "two thirds lie within a factor of {0}", "deux tiers sont à un facteur {0} près";
    MerchantSlope: "Slope", "Pente";
    MerchantSlopeMeans: "percent of demand for one percent of the estimate", "pour cent de demande pour un pour cent d’estimation";
    MerchantDrawn: "Drawn to all merchants", "Ramené vers tous";
    MerchantDrawnMeans: "100% without a record, less the longer it is", "100 % sans historique, d’autant moins qu’il est long";
    MerchantSoldOut: "{0} of them sold out", "dont {0} épuisés";
    MerchantHeld: "Own intervals held", "Fourchettes tenues";
    MerchantIntervals: "Demand lay between low and high in {0} launches, below in {1}, above in {2}; of {3} that sold out it is not known.", "La demande était entre bas et haut dans {0} lancements, en dessous dans {1}, au-dessus dans {2} ; pour {3} épuisés elle n’est pas connue.";
    MerchantNoIntervals: "No low and high were told of launches whose demand is known.", "Ni bas ni haut n’ont été dits de lancements dont la demande est connue.";
    MerchantLaunches: "The last launches", "Les derniers lancements";
    MerchantNoLaunch: "The shop knows no launch of this merchant that is over.", "Le magasin ne connaît aucun lancement terminé de ce commercial.";
    MerchantChart: "Estimate beside what sold", "Estimation à côté du vendu";
    MerchantLaunch: "Launch", "Lancement";
    MerchantOpened: "Opened", "Ouvert";
    MerchantLow: "Low", "Bas";
    MerchantLikely: "Likely", "Probable";
    MerchantHigh: "High", "Haut";
    MerchantSold: "Sold", "Vendu";
    MerchantWithin: "within", "dedans";
    MerchantBelow: "below low", "sous le bas";
    MerchantAbove: "above high", "au-dessus du haut";
    MerchantRanOut: "sold out", "épuisé";

    // Proposed orders.
    OrdersTitle: "What to order", "À commander";
    SeeOrders: "Answer what it proposes to order", "Répondre à ce qu’il propose de commander";
    OrdersAnswerIt: "Accept, change or refuse it", "L’accepter, la modifier ou la refuser";
    OrdersLead: "What to order today, what needs a person first: what cannot be proposed, what may run out all the same, then what costs most. What is answered stands last.", "Que commander aujourd’hui, d’abord ce qui demande une personne : ce qui ne peut être proposé, ce qui peut manquer malgré tout, puis ce qui coûte le plus. Ce qui a reçu une réponse est à la fin.";
    OrdersOf: "Proposals of", "Propositions du";
    OrdersWaiting: "to be answered", "sans réponse";
    OrdersAnswered: "answered", "avec réponse";
    OrdersToOrder: "Orders proposed", "Commandes proposées";
    OrdersCost: "What they cost", "Leur coût";
    Order: "Order", "Commande";
    OrdersStockOut: "Runs out", "Manque";
    OrdersAnswer: "Answer", "Réponse";
    OrdersNone: "none can be proposed", "aucune proposition possible";
    OrdersNothing: "nothing to order", "rien à commander";
    OrdersAccept: "Accept", "Accepter";
    OrdersChange: "Change", "Modifier";
    OrdersRefuse: "Refuse", "Refuser";
    OrdersUnits: "Units to order", "Unités à commander";
    OrdersAgain: "Answer again", "Répondre de nouveau";
    OrdersAccepted: "accepted", "acceptée";
    OrdersChanged: "changed to {0}", "modifiée en {0}";
    OrdersRefused: "refused", "refusée";
    OrdersProposed: "{0} were proposed", "{0} étaient proposées";
    OrdersYou: "You answer as {0}.", "Vous répondez en tant que {0}.";
    OrdersWho: "Your name", "Votre nom";
    OrdersKeepName: "Answer as", "Répondre en tant que";
    OrdersNameFirst: "Say who you are before you answer.", "Dites qui vous êtes avant de répondre.";
    OrdersNoneFits: "No proposal fits.", "Aucune proposition ne correspond.";
    OrdersGathering: "Proposals are still being gathered; look again in a moment.", "Les propositions sont encore en cours de collecte ; revenez dans un instant.";

    // Tables.
    TablesLead: "The shared tables that all sources are mapped to. Each row read was accepted, or set aside with its reason.", "Les tables communes vers lesquelles toutes les sources sont ramenées. Chaque ligne lue a été acceptée, ou écartée avec sa raison.";
    Table: "Table", "Table";
    OneRowIs: "One row is", "Une ligne est";
    Rows: "Rows", "Lignes";
    Contract: "Contract", "Contrat";
    SetAside: "Set aside", "Écartées";
    LastImport: "Last import", "Dernier import";
    ContractMet: "met", "respecté";
    ContractBroken: "broken", "rompu";
    NotImported: "not imported", "non importée";
    WrittenByUs: "written by Comptoir", "écrite par Comptoir";
    LookAtTable: "The contract of {0} is broken: {1}.", "Le contrat de {0} est rompu : {1}.";
    TablesWell: "Every contract is met. Import again whenever files arrive; files already read are left alone:", "Tous les contrats sont respectés. Importez de nouveau quand des fichiers arrivent ; ceux déjà lus ne sont pas relus :";
    TableNever: "No source fills this table yet. Map files to it in the folder sources, then import:", "Aucune source ne remplit encore cette table. Décrivez-y des fichiers dans le dossier sources, puis importez :";
    KeyIs: "Key", "Clé";
    RowsRead: "Rows read", "Lignes lues";
    RowsAccepted: "Accepted", "Acceptées";
    ImportRefused: "The import of {0} was refused", "L'import de {0} a été refusé";
    ImportRefusedMeans: "nothing of it is in the tables; what it found is kept until the source passes", "rien n'en est dans les tables ; ce qu'il a trouvé est gardé jusqu'à ce que la source passe";
    RowsRefused: "Refused by the contract", "Refusées par le contrat";
    RowsSkipped: "Skipped by the source file", "Sautées par le fichier source";
    NewestRow: "Newest row at import", "Ligne la plus récente à l’import";
    DaysBeforeEnd: "{0} d before the last day known", "{0} j avant le dernier jour connu";
    DaysOld: "{0} d old", "âgée de {0} j";
    Sources: "Sources", "Sources";
    Files: "Files", "Fichiers";
    ContractRules: "Contract", "Contrat";
    RulesLead: "What each row must fulfil, and the rows of the last import of each file whose first broken rule it is.", "Ce que chaque ligne doit respecter, et les lignes du dernier import de chaque fichier dont c’est la première règle rompue.";
    RulesMet: "Rules that no row broke: {0}.", "Règles qu’aucune ligne n’a rompues : {0}.";
    Rule: "Rule", "Règle";
    Column: "Column", "Colonne";
    Allowed: "Allowed", "Autorisé";
    Broken: "Rows", "Lignes";
    Share: "Share", "Part";
    Effect: "Effect", "Effet";
    EffectWarns: "counted", "comptée";
    EffectAside: "set aside", "écartée";
    Quarantine: "Quarantine", "Quarantaine";
    QuarantineLead: "The rows that were set aside, by reason, with up to five examples of each. Nothing is thrown away.", "Les lignes écartées, par raison, avec jusqu’à cinq exemples de chacune. Rien n’est jeté.";
    QuarantineEmpty: "No row of this table was set aside.", "Aucune ligne de cette table n’a été écartée.";
    Examples: "Examples", "Exemples";
    NotInFuture: "not in the future", "pas dans le futur";
    ExampleAt: "{0}, row {1}", "{0}, ligne {1}";
    SkippedBySource: "skipped by the source file", "sautée par le fichier source";
    RefusedByContract: "refused by the contract", "refusée par le contrat";
    Columns: "Columns", "Colonnes";
    TypeAndUnit: "Type, unit", "Type, unité";
    MayBeEmpty: "May be empty", "Peut être vide";
    Personal: "Personal", "Personnelle";
    Meaning: "Meaning", "Signification";
    NotesOfImport: "Worth knowing", "À savoir";
    RangeBoth: "{0} to {1}", "{0} à {1}";
    RangeFrom: "from {0}", "à partir de {0}";
    RangeUpTo: "up to {0}", "jusqu’à {0}";
    MatchesPattern: "matches", "de la forme";
    ValueOf: "a value of {0}", "une valeur de {0}";

    // Indicators.
    IndicatorsLead: "One definition each, in SQL, for this page and for every evaluation. Only whole periods are shown.", "Une seule définition chacun, en SQL, pour cette page et pour toute évaluation. Seules les périodes complètes sont montrées.";
    ByMonth: "By month, {0} to {1}.", "Par mois, de {0} à {1}.";
    ByWeek: "By week, weeks of {0} to {1}.", "Par semaine, semaines du {0} au {1}.";
    HistoryTooShort: "There is no whole week of sales yet: nothing can be compared over time.", "Il n’y a pas encore de semaine complète de ventes : rien ne peut être comparé dans le temps.";
    NeedsTables: "needs rows in {0}", "demande des lignes dans {0}";
    LatestPeriod: "latest", "dernière";
    AgainstBefore: "{0} on the period before", "{0} sur la période précédente";
    AgainstYear: "{0} on the same month of last year", "{0} sur le même mois de l’an dernier";
    Formula: "Formula", "Formule";
    Period: "Period", "Période";
    IndicatorsWell: "Query anything else the same way:", "Interrogez tout le reste de la même manière :";
    SeveralCurrencies: "Sales are in several currencies ({0}); amounts are added as they are and carry none.", "Les ventes sont en plusieurs monnaies ({0}) ; les montants sont additionnés tels quels et n’en portent aucune.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_have_every_sentence_with_the_same_places() {
        for say in Say::ALL {
            let (english, french) = (say.text(Locale::English), say.text(Locale::French));
            assert!(!english.is_empty() && !french.is_empty(), "{say:?}");
            for place in ["{0}", "{1}", "{2}", "{3}"] {
                assert_eq!(
                    english.contains(place),
                    french.contains(place),
                    "{say:?} {place}"
                );
            }
        }
    }

    #[test]
    fn values_are_put_in_their_places() {
        assert_eq!(Say::OfAll.with(Locale::French, &["2", "3"]), "2 sur 3");
    }
}
