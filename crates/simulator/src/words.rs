//! The words the shop is made of. Given and family names are common ones drawn at random and apart;
//! addresses end in `example.org`, which nobody owns (RFC 2606).

/// What is planted for a category of goods.
#[derive(Debug)]
pub(crate) struct CategoryWords {
    pub(crate) name: &'static str,
    pub(crate) families: [&'static str; 4],
    /// Cheapest and dearest list price, in cents.
    pub(crate) price_cents: (f64, f64),
    /// Month of peak demand (1 to 12) and demand there over the mean; months far from it get less.
    pub(crate) peak: (u8, f64),
    pub(crate) return_rate: f64,
    /// Demand for an item within its category and price tier goes as price^(-elasticity).
    pub(crate) elasticity: f64,
    /// Share of the goods that customers buy again at a fixed interval.
    pub(crate) replenished_share: f64,
}

const fn category(
    name: &'static str,
    families: [&'static str; 4],
    price_cents: (f64, f64),
    peak: (u8, f64),
    rates: [f64; 3],
) -> CategoryWords {
    CategoryWords {
        name,
        families,
        price_cents,
        peak,
        return_rate: rates[0],
        elasticity: rates[1],
        replenished_share: rates[2],
    }
}

/// The last array is return rate, elasticity, replenished share.
pub(crate) const CATEGORIES: [CategoryWords; 12] = [
    category(
        "Coffee & tea",
        ["coffee beans", "green tea", "herbal tea", "coffee pods"],
        (390.0, 2_900.0),
        (12, 1.3),
        [0.01, 1.6, 0.6],
    ),
    category(
        "Kitchen",
        ["saucepan", "chef knife", "baking tin", "mixing bowl"],
        (900.0, 9_900.0),
        (12, 1.6),
        [0.05, 2.0, 0.0],
    ),
    category(
        "Fashion",
        ["linen shirt", "wool jumper", "summer dress", "leather belt"],
        (1_500.0, 12_000.0),
        (5, 1.4),
        [0.20, 1.8, 0.0],
    ),
    category(
        "Garden",
        [
            "seed box",
            "pruning shears",
            "watering can",
            "terracotta pot",
        ],
        (400.0, 7_900.0),
        (5, 2.6),
        [0.03, 1.5, 0.0],
    ),
    category(
        "Toys",
        ["wooden puzzle", "board game", "soft toy", "building bricks"],
        (700.0, 5_900.0),
        (12, 2.8),
        [0.04, 2.2, 0.0],
    ),
    category(
        "Pets",
        ["cat food", "dog food", "cat litter", "dog toy"],
        (500.0, 5_500.0),
        (1, 1.1),
        [0.02, 1.3, 0.6],
    ),
    category(
        "Beauty & care",
        ["face cream", "shampoo", "hand soap", "perfume"],
        (350.0, 8_500.0),
        (12, 1.4),
        [0.03, 1.7, 0.5],
    ),
    category(
        "Home décor",
        [
            "scented candle",
            "cushion cover",
            "picture frame",
            "table lamp",
        ],
        (600.0, 8_900.0),
        (11, 1.4),
        [0.07, 1.9, 0.0],
    ),
    category(
        "Stationery",
        ["notebook", "fountain pen", "gift wrap", "desk organiser"],
        (190.0, 4_500.0),
        (9, 1.9),
        [0.02, 1.4, 0.0],
    ),
    category(
        "Sport",
        [
            "yoga mat",
            "running socks",
            "water bottle",
            "resistance band",
        ],
        (600.0, 6_900.0),
        (6, 1.4),
        [0.08, 1.8, 0.0],
    ),
    category(
        "Electronics",
        [
            "phone case",
            "charging cable",
            "wireless headphones",
            "desk speaker",
        ],
        (800.0, 14_900.0),
        (12, 1.5),
        [0.10, 2.4, 0.0],
    ),
    category(
        "Books",
        ["crime novel", "cookbook", "travel guide", "picture book"],
        (500.0, 3_500.0),
        (7, 1.3),
        [0.02, 1.2, 0.0],
    ),
];

pub(crate) const VARIANTS: [&str; 12] = [
    "classic",
    "blue",
    "large",
    "duo pack",
    "ivory",
    "compact",
    "deluxe",
    "réglisse",
    "forest",
    "travel",
    "été",
    "limited",
];

pub(crate) const BRANDS: [&str; 14] = [
    "Maison Alizée",
    "Nordvik",
    "Petit Chêne",
    "Halden",
    "Côte Brume",
    "Larkfield",
    "Tessera",
    "Bruyère",
    "Oakline",
    "Zélie",
    "Morrow",
    "Vallée Claire",
    "Kestrel",
    "Fabrique 9",
];

pub(crate) const SELLER_WORDS: [&str; 12] = [
    "Comptoir", "Atelier", "Maison", "Dépôt", "Marché", "Galerie", "Halle", "Échoppe", "Grange",
    "Fabrique", "Magasin", "Réserve",
];

pub(crate) const SELLER_NAMES: [&str; 12] = [
    "du Canal",
    "des Tilleuls",
    "du Phare",
    "de la Gare",
    "des Lilas",
    "du Château",
    "de l'Étang",
    "du Vieux Port",
    "de la Forêt",
    "des Bleuets",
    "du Pré",
    "de la Rivière",
];

pub(crate) const GIVEN_NAMES: [&str; 24] = [
    "Amélie",
    "Benoît",
    "Chloé",
    "Damien",
    "Élise",
    "François",
    "Gaëlle",
    "Hélène",
    "Inès",
    "Jérôme",
    "Karine",
    "Loïc",
    "Maëva",
    "Noël",
    "Océane",
    "Paul",
    "Quentin",
    "Rémi",
    "Sophie",
    "Théo",
    "Ursule",
    "Valérie",
    "Yann",
    "Zoé",
];

pub(crate) const FAMILY_NAMES: [&str; 24] = [
    "Martin",
    "Lefèvre",
    "Garnier",
    "Béranger",
    "Chevalier",
    "Dupré",
    "Étienne",
    "Fontaine",
    "Gérard",
    "Hébert",
    "Jacquet",
    "Lacroix",
    "Müller",
    "Noiret",
    "Ollivier",
    "Perrin",
    "Renaud",
    "Sauvage",
    "Thévenin",
    "Vidal",
    "Weber",
    "Zimmer",
    "Brûlé",
    "Noël",
];

/// Cities of France with a postal code of theirs.
pub(crate) const CITIES: [(&str, &str); 20] = [
    ("Paris", "75011"),
    ("Lyon", "69003"),
    ("Marseille", "13001"),
    ("Lille", "59000"),
    ("Nantes", "44000"),
    ("Rennes", "35000"),
    ("Toulouse", "31000"),
    ("Bordeaux", "33000"),
    ("Strasbourg", "67000"),
    ("Besançon", "25000"),
    ("Orléans", "45000"),
    ("Nîmes", "30000"),
    ("Saint-Étienne", "42000"),
    ("Angoulême", "16000"),
    ("Mâcon", "71000"),
    ("Béziers", "34500"),
    ("Évreux", "27000"),
    ("Chambéry", "73000"),
    ("Alençon", "61000"),
    ("Sète", "34200"),
];

/// Where the goods are kept: code, name, city.
pub(crate) const SITES: [(&str, &str, &str); 3] = [
    ("ORL1", "Entrepôt central", "Orléans"),
    ("LYS2", "Entrepôt sud", "Lyon"),
    ("LIL3", "Entrepôt nord", "Lille"),
];
