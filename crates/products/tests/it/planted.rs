//! What was planted in a simulated marketplace is what a trained product answers with.

use crate::shop::history;
use products::{Asked, KINDS, Raw, Shop};
use schema::ProductId;
use schema::config::ConfigFile;
use simulator::Truth;
use std::sync::Arc;

/// Products in a list.
const LISTED: u32 = 12;

/// The lists of products that go with each product asked about, out of one trained version.
struct Complements {
    serving: Box<dyn products::Serving>,
    truth: Truth,
    products: usize,
}

impl Complements {
    fn train() -> Self {
        let shop = simulator::Shop {
            customers: 2_500,
            products: 240,
            merchants: 12,
            days: 450,
            dirt_rate: 0.0,
            ..simulator::Shop::marketplace()
        };
        let generated = simulator::generate(&shop).unwrap();
        let history = Arc::new(history(&generated));
        let kind = KINDS
            .iter()
            .find(|kind| kind.card().kind == "recommend")
            .unwrap();
        let alone: String = kind
            .card()
            .example
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some(("placements", _)) => "placements = [\"complementary\"]\n".to_owned(),
                _ => format!("{line}\n"),
            })
            .collect();
        let product = Raw::read(ConfigFile::new("complements.toml", alone))
            .unwrap()
            .check()
            .unwrap();
        let fitted = product.fit(&history, 7).unwrap();
        let rules = decisions::RuleSet::default();
        Self {
            products: history.catalogue().len(),
            serving: fitted.attach(Arc::new(Shop::new(history, &rules, Arc::default()))),
            truth: generated.truth,
        }
    }

    fn of(&self, product: &str) -> Vec<String> {
        let asked = Asked {
            product_id: Some(ProductId::new(product.to_owned()).unwrap()),
            placement: Some("complementary".to_owned()),
            items: Some(LISTED),
            ..Asked::default()
        };
        let decided = self
            .serving
            .decide(&asked, jiff::Timestamp::UNIX_EPOCH)
            .unwrap();
        for action in &decided.actions {
            assert_eq!(action.reasons.list()[0].code, "bought_with", "{action:?}");
        }
        decided
            .actions
            .into_iter()
            .map(|action| action.id)
            .collect()
    }
}

#[test]
fn planted_complements_are_listed_first_and_substitutes_not_at_all() {
    let complements = Complements::train();
    let truth = &complements.truth;
    assert_eq!((truth.complements.len(), truth.substitutes.len()), (8, 5));
    // Both ways: who bought the effect has mostly bought the cause.
    let (mut first, mut among_three) = (0, 0);
    for pair in &truth.complements {
        for (about, wanted) in [(&pair.bought, &pair.adds), (&pair.adds, &pair.bought)] {
            let listed = complements.of(about);
            first += usize::from(listed.first() == Some(wanted));
            among_three += usize::from(listed.iter().take(3).any(|id| id == wanted));
        }
    }
    // By chance, 3 of 239 products would hold the one wanted once in eighty questions: 0.2 of 16.
    assert_eq!(complements.products, 240);
    assert!(
        first >= 13 && among_three >= 15,
        "{first} first, {among_three} among three, of 16"
    );
    let mut lists = 0;
    for group in &truth.substitutes {
        for product in &group.products {
            let listed = complements.of(product);
            lists += usize::from(!listed.is_empty());
            for other in &group.products {
                assert!(
                    !listed.contains(other),
                    "{other} replaces {product}, and goes with it: {listed:?}"
                );
            }
        }
    }
    // Lists without substitutes because they are without anything would prove little.
    assert!(lists >= 8, "{lists} of 15");
}
