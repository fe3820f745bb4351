//! Kind `promotion` and table `offers`: what an offer costs, when it is valid, who may get it, and what the rules of the
//! shop give and keep away.

use decisions::RuleSet;
use decisions::rules::Names;
use features::{Assignment, History, HistoryBuilder, NewLine, Offer, Offers, Trials};
use jiff::Timestamp;
use jiff::civil::date;
use math::random::stream;
use products::{Action, Asked, Explanation, Fitted, Product, Raw, Serving, Shop};
use rand::RngExt;
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, CustomerId};
use std::sync::{Arc, OnceLock};

const DRAWN: i64 = 20_000;
const DAY: i64 = 86_400;
const CUSTOMERS: usize = 1_200;
const ARMS: [&str; 3] = ["none", "deal", "gift"];

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

/// Who spends much is brought to spend 20 more by the deal, everybody 6 more by the gift.
fn is_large(number: usize) -> bool {
    number.is_multiple_of(2)
}

fn arm(number: usize) -> usize {
    (number / 2) % 3
}

/// Two orders before the draw and one after it; on 24 October 2024 all of it is known.
fn history() -> &'static History {
    static HISTORY: OnceLock<History> = OnceLock::new();
    HISTORY.get_or_init(|| {
        let mut random = stream(5, 0);
        let mut builder = HistoryBuilder::default();
        let mut draws = Vec::new();
        for number in 0..CUSTOMERS {
            let usual = if is_large(number) { 60.0 } else { 20.0 };
            let more = match (ARMS[arm(number)], is_large(number)) {
                ("deal", true) => 20.0,
                ("gift", _) => 6.0,
                _ => 0.0,
            };
            for (day, added) in [(-37, 0.0), (-9, 0.0), (2, more)] {
                let amount: f64 = usual + added + random.random_range(-6.0..6.0);
                builder.push(NewLine {
                    customer: Some(&customer(number)),
                    product: "tea",
                    order: &format!("{number} {day}"),
                    at_seconds: (DRAWN + day) * DAY,
                    quantity: 1,
                    spend_cents: (amount * 100.0).round() as i64,
                    discount_cents: 0,
                    is_return: false,
                });
            }
            draws.push(Assignment {
                trial: "pilot".into(),
                customer: customer(number),
                at_seconds: DRAWN * DAY,
                arm: ARMS[arm(number)].into(),
                propensities: r#"{"deal":0.33,"gift":0.33,"none":0.34}"#.into(),
                context: Some(format!(
                    "{{\"channel\":\"{}\"}}",
                    if number < 600 { "web" } else { "store" }
                )),
            });
        }
        let as_of = AsOf(date_of(i32::try_from(DRAWN).unwrap() + 20));
        let history = builder.build(as_of, Vec::new());
        history.with_trials(Trials::new(draws, []))
    })
}

fn offer(id: &str) -> Offer {
    Offer {
        id: id.to_owned(),
        kind: "amount".to_owned(),
        depth: 5.0,
        cost_retailer_cents: 0,
        cost_brand_cents: None,
        fixed_cost_retailer_cents: Some(0),
        fixed_cost_brand_cents: None,
        valid_from: date(2024, 10, 1),
        valid_to: date(2024, 12, 31),
        eligibility: None,
    }
}

fn for_whom(id: &str, condition: &str) -> Offer {
    Offer {
        eligibility: Some(condition.to_owned()),
        ..offer(id)
    }
}

fn with(offers: impl Into<Vec<Offer>>) -> History {
    history().clone().with_offers(Offers::new(offers.into()))
}

fn product(settings: &str) -> Box<dyn Product> {
    let text = format!(
        "kind = \"promotion\"\nowner = \"tests\"\n\n[settings]\ntrial = \"pilot\"\noutcome = \"revenue\"\nfolds = 2\nleave_out = [\"channel\"]\n{settings}\n"
    );
    let file = ConfigFile::new("offers.toml", &text);
    Raw::read(file).and_then(|raw| raw.check()).unwrap()
}

/// A version that draws for a fifth of the customers, without a budget and without table `offers`.
fn version() -> &'static dyn Fitted {
    static VERSION: OnceLock<Box<dyn Fitted>> = OnceLock::new();
    let fit = || product("explore = 0.2").fit(history(), 1).unwrap();
    VERSION.get_or_init(fit).as_ref()
}

fn rules(text: &str) -> RuleSet {
    let names = Names {
        products: &["offers"],
        offers: &["offers"],
        placements: &[],
    };
    RuleSet::check(&[ConfigFile::new("rules/house.toml", text)], &names).unwrap()
}

fn attached(version: &dyn Fitted, history: History, rules: &RuleSet) -> Box<dyn Serving> {
    version.attach(Arc::new(Shop::new(
        Arc::new(history),
        rules,
        Arc::default(),
    )))
}

fn serving(offers: impl Into<Vec<Offer>>, text: &str) -> Box<dyn Serving> {
    attached(version(), with(offers), &rules(text))
}

/// On 25 October 2024.
fn now() -> Timestamp {
    Timestamp::from_second((DRAWN + 21) * DAY).unwrap()
}

fn asked(number: usize) -> Asked {
    Asked {
        customer_id: Some(CustomerId::new(customer(number)).unwrap()),
        ..Asked::default()
    }
}

fn decided(serving: &dyn Serving, number: usize) -> Action {
    let answer = serving.decide(&asked(number), now()).unwrap();
    answer.actions.into_iter().next().unwrap()
}

fn explained(serving: &dyn Serving, number: usize, about: &str) -> Explanation {
    serving.explain(&asked(number), Some(about), now()).unwrap()
}

fn codes(action: &Action) -> Vec<String> {
    let reasons = action.reasons.list().into_iter();
    reasons.map(|reason| reason.code).collect()
}

/// Those who are not drawn by chance.
fn not_drawn(serving: &dyn Serving) -> Vec<(usize, Action)> {
    let all = (0..CUSTOMERS).map(|number| (number, decided(serving, number)));
    all.filter(|(_, action)| codes(action)[0] != "drawn")
        .collect()
}

/// How often each arm is given, in the order of [`ARMS`].
fn given(answers: &[(usize, Action)]) -> [usize; 3] {
    ARMS.map(|arm| {
        answers
            .iter()
            .filter(|(_, action)| action.id == arm)
            .count()
    })
}

#[test]
fn an_offer_is_given_on_its_days_and_the_next_best_on_others() {
    let valid = not_drawn(serving([offer("deal"), offer("gift")], "").as_ref());
    let [none, deal, gift] = given(&valid);
    let all = valid.len();
    assert!(
        deal > all * 40 / 100 && gift > all * 40 / 100 && none < all / 10,
        "{none} {deal} {gift}"
    );
    for (from, to, says) in [
        (
            date(2024, 10, 26),
            date(2024, 12, 31),
            "it is not valid until 2024-10-26",
        ),
        (
            date(2024, 10, 1),
            date(2024, 10, 24),
            "it was valid until 2024-10-24",
        ),
    ] {
        let deal = Offer {
            valid_from: from,
            valid_to: to,
            ..offer("deal")
        };
        let serving = serving([deal, offer("gift")], "");
        let answers = not_drawn(serving.as_ref());
        let [_, deals, gifts] = given(&answers);
        assert_eq!((deals, answers.len()), (0, all), "the same are drawn");
        assert!(gifts > all * 85 / 100, "{gifts}");
        let told = explained(serving.as_ref(), 0, "deal");
        assert_eq!(told.why_not.as_deref(), Some(says));
        // Who would have had the deal is told why not.
        let large = answers
            .iter()
            .find(|(number, _)| is_large(*number))
            .unwrap();
        let reasons = large.1.reasons.list();
        let last = reasons.last().unwrap();
        let says = says.trim_start_matches("it ");
        assert_eq!(last.text, format!("deal would be worth more, but {says}"));
    }
    // Its last day is one of its days, and an arm that is no offer has none.
    let last_day = Offer {
        valid_to: date(2024, 10, 25),
        ..offer("deal")
    };
    assert_eq!(
        given(&not_drawn(serving([last_day], "").as_ref())),
        [none, deal, gift]
    );
}

#[test]
fn chance_draws_only_among_the_arms_that_may_be_given_and_tells_their_probabilities() {
    let serving = serving(
        [
            for_whom("deal", "context.channel == 'web' && customer.orders >= 3"),
            offer("gift"),
        ],
        "",
    );
    let mut drawn = [[0; 3]; 2];
    for number in 0..CUSTOMERS {
        let web = number < 600;
        let action = decided(serving.as_ref(), number);
        let reason = &action.reasons.list()[0];
        let possible = if web { 3.0 } else { 2.0 };
        let of_chance = 0.2 / possible;
        let propensity = action.propensity.get();
        let is_own = (propensity - of_chance - 0.8).abs() < 1e-9;
        if reason.code == "drawn" {
            let arm = ARMS.iter().position(|arm| *arm == action.id).unwrap();
            drawn[usize::from(web)][arm] += 1;
            let logged = reason.values["propensities"].as_str().unwrap();
            let logged: serde_json::Value = serde_json::from_str(logged).unwrap();
            assert_eq!(
                logged.as_object().unwrap().len() as f64,
                possible,
                "{logged}"
            );
            assert!(
                (logged[&action.id].as_f64().unwrap() - 1.0 / possible).abs() < 1e-9,
                "{logged}"
            );
            assert!(
                is_own || (propensity - of_chance).abs() < 1e-9,
                "{propensity}"
            );
        } else {
            assert!(is_own, "{propensity} for {number}");
            assert!(web || action.id != "deal", "{number}");
        }
    }
    // 120 of 600 each way: a third or a half of them in each arm, and no deal in the store.
    let [store, web] = drawn;
    assert_eq!(store[1], 0, "{drawn:?}");
    assert!(
        [store[0], store[2]].iter().all(|n| (35..90).contains(n)),
        "{drawn:?}"
    );
    assert!(web.iter().all(|n| (20..65).contains(n)), "{drawn:?}");
    let told = explained(serving.as_ref(), 800, "deal");
    assert_eq!(
        told.why_not.unwrap(),
        "the customer is not eligible: it takes context.channel == 'web' && customer.orders >= 3, and context.channel is \"store\", customer.orders is 3"
    );
}

#[test]
fn where_no_arm_may_be_given_everybody_gets_the_control_for_sure() {
    let serving = serving(
        [
            for_whom("deal", "customer.orders > 9"),
            for_whom("gift", "customer.orders > 9"),
        ],
        "",
    );
    for number in [0, 1, 2, 3, 500] {
        let action = decided(serving.as_ref(), number);
        assert_eq!((action.id.as_str(), action.propensity.get()), ("none", 1.0));
        assert_eq!(codes(&action), ["none_possible", "not_eligible"]);
    }
    // Who is held out gets the best on average: of what may be given.
    let held_out = serving.baseline(&asked(0), now()).unwrap();
    assert_eq!(held_out.actions[0].id, "none");
    // Of somebody whom nobody knows the orders are not known.
    let nobody = Asked {
        customer_id: Some(CustomerId::new("nobody".to_owned()).unwrap()),
        ..Asked::default()
    };
    let told = serving.explain(&nobody, Some("deal"), now()).unwrap();
    assert_eq!(
        told.why_not.unwrap(),
        "whether the customer is eligible is not known: it takes customer.orders > 9, and customer.orders is not known"
    );
}

const EXCLUDE: &str = "[[rule]]\nname = \"no deals in the store\"\nowner = \"me\"\nreason = \"tills do not know them\"\n\
    when = \"offer.offer_id == 'deal' && context.channel == 'store'\"\nthen = \"exclude\"\n\
    [[rule.example]]\noffer = { offer_id = \"deal\" }\ncontext = { channel = \"store\" }\napplies = true\n";
const PIN: &str = "[[rule]]\nname = \"gifts for the first\"\nowner = \"me\"\nreason = \"promised\"\n\
    when = \"offer.offer_id == 'gift' && customer.customer_id in ['c00000', 'c00800']\"\nthen = \"pin\"\n\
    [[rule.example]]\noffer = { offer_id = \"gift\" }\ncustomer = { customer_id = \"c00000\" }\napplies = true\n";

#[test]
fn rules_keep_offers_away_and_every_decision_says_which_touched_it() {
    let serving = serving([], EXCLUDE);
    for number in 0..CUSTOMERS {
        let action = decided(serving.as_ref(), number);
        let touched: Vec<_> = action
            .reasons
            .list()
            .into_iter()
            .filter(|r| r.code == "rule_excluded")
            .collect();
        if number < 600 {
            assert!(touched.is_empty(), "{touched:?}");
        } else {
            assert_ne!(action.id, "deal");
            assert_eq!(
                touched[0].text,
                "rule \"no deals in the store\" excludes deal (tills do not know them)"
            );
        }
    }
    let told = explained(serving.as_ref(), 800, "deal");
    assert_eq!(
        told.why_not.unwrap(),
        "rule \"no deals in the store\" excludes it (tills do not know them)"
    );
    assert_eq!(
        told.rules,
        ["rule \"no deals in the store\" excludes deal (tills do not know them)"]
    );
    assert!(explained(serving.as_ref(), 800, "gift").rules.is_empty());
}

#[test]
fn what_a_rule_gives_is_given_for_sure_where_it_may_be() {
    let pinned = serving([], PIN);
    for number in [0, 800] {
        let action = decided(pinned.as_ref(), number);
        assert_eq!((action.id.as_str(), action.propensity.get()), ("gift", 1.0));
        assert_eq!(codes(&action), ["rule_gave"]);
        assert_eq!(
            action.reasons.list()[0].text,
            "rule \"gifts for the first\" gives gift (promised)"
        );
    }
    let free = serving([], "");
    for number in (0..CUSTOMERS).filter(|number| ![0, 800].contains(number)) {
        let answers = [&pinned, &free].map(|serving| decided(serving.as_ref(), number));
        assert_eq!(answers[0], answers[1], "a rule touches whom it holds for");
    }
    let told = explained(pinned.as_ref(), 0, "deal");
    assert_eq!(
        told.why_not.unwrap(),
        "rule \"gifts for the first\" gives gift (promised)"
    );
    // An exclusion wins over a pin, and so do the days of the offer.
    let exclude = EXCLUDE
        .replace("'deal'", "'gift'")
        .replace("\"deal\"", "\"gift\"");
    let both = serving([], &(PIN.to_owned() + &exclude));
    assert_eq!(decided(both.as_ref(), 0).id, "gift");
    assert_ne!(decided(both.as_ref(), 800).id, "gift");
    let over = Offer {
        valid_to: date(2024, 10, 2),
        ..offer("gift")
    };
    let over = serving([over], PIN);
    let action = decided(over.as_ref(), 0);
    assert_ne!(action.id, "gift");
    assert!(!codes(&action).contains(&"rule_gave".to_owned()));
    let told = explained(over.as_ref(), 0, "gift");
    assert_eq!(told.why_not.unwrap(), "it was valid until 2024-10-02");
    assert_eq!(
        told.rules.len(),
        1,
        "the rule that would give it is told all the same"
    );
}

const EVERYBODY: &str = "[[rule]]\nname = \"gifts for all\"\nowner = \"me\"\nreason = \"a trial\"\n\
    when = \"offer.offer_id == 'gift' && context.channel == 'web'\"\nthen = \"pin\"\nmeasure_share = 0.25\n\
    [[rule.example]]\noffer = { offer_id = \"gift\" }\ncontext = { channel = \"web\" }\napplies = true\n";

#[test]
fn a_measured_rule_is_left_out_for_its_share_and_propensities_count_both_ways() {
    let (measured, free) = (serving([], EVERYBODY), serving([], ""));
    let mut held_out = 0;
    for number in 0..CUSTOMERS {
        let (action, alone) = (
            decided(measured.as_ref(), number),
            decided(free.as_ref(), number),
        );
        if number >= 600 {
            assert_eq!(action, alone, "the rule does not cover it");
            continue;
        }
        let told = codes(&action);
        let chance = |id: &str| {
            if alone.id == id {
                alone.propensity.get()
            } else {
                0.0
            }
        };
        if told.contains(&"rule_held_out".to_owned()) {
            held_out += 1;
            assert_eq!((&action.id, action.score), (&alone.id, alone.score));
            let pinned = if action.id == "gift" { 0.75 } else { 0.0 };
            let expected = 0.25 * chance(&action.id) + pinned;
            assert!(
                (action.propensity.get() - expected).abs() < 1e-12,
                "{action:?}"
            );
        } else {
            assert_eq!(told, ["rule_gave", "rule_measured"]);
            assert_eq!(action.id, "gift");
            let values = &action.reasons.list()[1].values;
            assert_eq!(values["rule"], "gifts for all");
            assert_eq!(values["share"], 0.25);
            let least = 0.75 + 0.25 * chance("gift");
            assert!(action.propensity.get() >= least - 1e-12, "{action:?}");
        }
    }
    // A quarter of 600 with a standard deviation of 11.
    assert!((110..190).contains(&held_out), "{held_out}");
}

/// What a refused training says, with its causes.
fn refused(settings: &str, history: &History) -> String {
    let error = product(settings).fit(history, 1).map(|_| ()).unwrap_err();
    let mut told = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        told.push(error.to_string());
        cause = error.source();
    }
    told.join(": ")
}

#[test]
fn what_giving_an_offer_costs_comes_from_the_table_unless_the_product_names_it() {
    let dear = Offer {
        fixed_cost_retailer_cents: Some(3_000),
        fixed_cost_brand_cents: Some(250),
        ..offer("deal")
    };
    let history = with([dear, offer("gift")]);
    let costed = product("").fit(&history, 1).unwrap();
    let serving = attached(costed.as_ref(), history.clone(), &rules(""));
    assert_eq!(
        given(&not_drawn(serving.as_ref()))[1],
        0,
        "it adds 20 and costs 30"
    );
    let told = explained(serving.as_ref(), 0, "deal");
    let cost = told
        .lines
        .iter()
        .find(|line| line.what == "what it costs")
        .unwrap();
    assert_eq!(
        cost.contribution, -30.0,
        "what the brand pays is no cost of the shop"
    );
    assert!(
        told.summary
            .ends_with("; the brand pays 2.500 for giving it"),
        "{}",
        told.summary
    );
    let named = product("costs = { deal = 1.0 }").fit(&history, 1).unwrap();
    let serving = attached(named.as_ref(), history, &rules(""));
    let answers = not_drawn(serving.as_ref());
    assert!(given(&answers)[1] > answers.len() * 40 / 100);
}

#[test]
fn offers_that_cannot_be_given_are_refused_when_a_version_learns() {
    let unknown = Offer {
        fixed_cost_retailer_cents: None,
        ..offer("deal")
    };
    let history = with([unknown]);
    let told = refused("budget = 1000.0", &history);
    assert!(
        told.contains("offer \"deal\" has no `fixed_cost_retailer_cents` in table `offers`"),
        "{told}"
    );
    // With its cost named only that nothing else spends is left to say.
    let named = refused("budget = 1000.0\ncosts = { deal = 0.0 }", &history);
    assert!(
        named.contains("no arm of trial \"pilot\" spends anything"),
        "{named}"
    );
    for (condition, says) in [
        (
            "customer.ordres > 1",
            "offer \"deal\" of table `offers`: eligibility is \"customer.ordres > 1\", using the unknown field `customer.ordres`; allowed is customer.customer_id, customer.orders",
        ),
        (
            "context.chanel == 'web'",
            "using `context.chanel`, which no draw has logged; allowed is context.channel",
        ),
        ("customer.orders >", "not CEL"),
    ] {
        let told = refused("", &with([for_whom("deal", condition)]));
        assert!(told.contains(says), "{told}");
        // One that came later gives it to nobody, and says why.
        let serving = serving([for_whom("deal", condition)], "");
        assert_eq!(given(&not_drawn(serving.as_ref()))[1], 0);
        let told = explained(serving.as_ref(), 0, "deal").why_not.unwrap();
        assert!(
            told.starts_with("nobody can say to whom it may be given: eligibility is"),
            "{told}"
        );
    }
}

#[test]
fn a_budget_is_made_for_those_who_may_be_given_something() {
    let history = with([
        for_whom("deal", "context.channel == 'web'"),
        for_whom("gift", "context.channel == 'web'"),
    ]);
    let round = |history: &History| {
        let version = product("budget = 400.0\ncosts = { deal = 2.0, gift = 2.0 }")
            .fit(history, 1)
            .unwrap();
        let round = version.page()["round"].clone();
        ["chosen", "spend", "price"].map(|key| round[key].as_f64().unwrap())
    };
    let ([all, spend, price], [web, of_web, price_of_web]) = (round(&with([])), round(&history));
    // Money for 200 of 1,200, or of 600: it earns less among fewer.
    assert!(
        all <= 200.0 && (190.0..=200.0).contains(&web),
        "{all} {web}"
    );
    assert!(spend <= 400.0 && of_web <= 400.0);
    assert!(price_of_web < price, "{price_of_web} {price}");
}
