//! What an offer would change: nothing for nothing, what was measured as it was measured, and what cannot be said.

use crate::{change, read_out};
use features::{Assignment, History, HistoryBuilder, NewLine, Offer, Offers, Trials};
use jiff::civil::date;
use math::random::stream;
use products::what_if::{
    Amount, Answer, Basis, NamedProduct, PulledBasis, Question, Verdict, WhatIf,
};
use products::{Fitted, Raw, Shop};
use rand::RngExt;
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, Cents};
use std::sync::{Arc, LazyLock};

const DAY: i64 = 86_400;
const CUSTOMERS: usize = 1_500;
/// First day of sales, the day of the draw, and the first day not known.
const BEGAN: i64 = 20_000;
const DRAWN: i64 = BEGAN + 300;
const TODAY: i64 = BEGAN + 400;
/// The windows of the two read-outs.
const SHORT: i64 = 28;
const LONG: i64 = 56;

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

fn arm(number: usize) -> &'static str {
    ["none", "five", "ten"][number % 3]
}

/// How much more often customers of an arm buy on a day: a gain in the window, a part of it lost in the one after.
fn times(arm: &str, day: i64) -> f64 {
    let gained = match arm {
        "five" => 0.6,
        "ten" => 1.0,
        _ => 0.0,
    };
    match day - DRAWN {
        0..SHORT => 1.0 + gained,
        SHORT..LONG => 1.0 - 0.5 * gained,
        _ => 1.0,
    }
}

/// Customers who buy at a rate and for an amount of their own until some of them leave; a third of them got each offer.
static HISTORY: LazyLock<Arc<History>> = LazyLock::new(|| {
    let mut random = stream(11, 0);
    let mut builder = HistoryBuilder::default();
    let mut draws = Vec::new();
    for number in 0..CUSTOMERS {
        let rate: f64 = random.random_range(0.01..0.09);
        let usual: f64 = random.random_range(10.0..60.0);
        let leaves: f64 = random.random_range(0.0..0.1);
        let first = BEGAN + (number % 100) as i64;
        let mut there = true;
        for day in first..TODAY {
            let chance = rate * times(arm(number), day);
            if day > first && !(there && random.random_bool(chance)) {
                continue;
            }
            there = !random.random_bool(leaves);
            let amount = usual * random.random_range(0.6..1.4);
            builder.push(NewLine {
                customer: Some(&customer(number)),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: day * DAY + 3_600,
                quantity: 1,
                spend_cents: (100.0 * amount) as i64,
                discount_cents: 0,
                is_return: false,
            });
        }
        draws.push(Assignment {
            trial: "deals".into(),
            customer: customer(number),
            at_seconds: DRAWN * DAY,
            arm: arm(number).into(),
            propensities: r#"{"five":0.33333,"none":0.33334,"ten":0.33333}"#.into(),
            context: Some(format!("{{\"web\":{}}}", number.is_multiple_of(2))),
        });
    }
    let as_of = AsOf(date_of(i32::try_from(TODAY).unwrap()));
    let offer = |id: &str, depth: f64| Offer {
        id: id.to_owned(),
        kind: "amount".to_owned(),
        depth,
        cost_retailer_cents: 0,
        cost_brand_cents: None,
        fixed_cost_retailer_cents: None,
        fixed_cost_brand_cents: None,
        valid_from: date(2024, 1, 1),
        valid_to: date(2027, 12, 31),
        eligibility: None,
    };
    let history = builder.build(as_of, Vec::new());
    let history = history.with_trials(Trials::new(draws, []));
    Arc::new(history.with_offers(Offers::new(vec![offer("five", 5.0), offer("ten", 10.0)])))
});

fn version(name: &str, kind: &str, settings: &str) -> Box<dyn Fitted> {
    let text = format!("kind = \"{kind}\"\nowner = \"tests\"\n\n[settings]\n{settings}\n");
    let raw = Raw::read(ConfigFile::new(format!("{name}.toml"), text)).unwrap();
    raw.check().unwrap().fit(&HISTORY, 7).unwrap()
}

static VALUE: LazyLock<Box<dyn Fitted>> =
    LazyLock::new(|| version("value", "value", "horizon_days = 180"));

fn read_out_of(outcomes: &str, window_days: i64) -> Box<dyn Fitted> {
    let settings =
        format!("trial = \"deals\"\noutcomes = {outcomes}\nwindow_days = {window_days}\n");
    version("read-out", "experiment", &settings)
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let rules = decisions::RuleSet::default();
    Shop::new(Arc::clone(&HISTORY), &rules, Arc::default())
});

fn products() -> Vec<NamedProduct> {
    let named = |(name, kind): (&str, &str)| NamedProduct {
        name: name.to_owned(),
        kind: Some(kind.to_owned()),
    };
    let all = [
        ("value", "value"),
        ("other-value", "value"),
        ("read-out", "experiment"),
        ("long", "experiment"),
        ("deals", "promotion"),
        ("for-you", "recommend"),
    ];
    all.map(named).to_vec()
}

const HEAD: &str = "owner = \"crm\"\nproduct = \"value\"\n";

fn checked(text: &str) -> Result<WhatIf, String> {
    let file = ConfigFile::new("whatif/deal.toml", format!("{HEAD}{text}"));
    WhatIf::check(&file, &products()).map_err(|error| error.to_string())
}

fn asked(text: &str, measured: &[&dyn Fitted], seed: u64) -> Result<Answer, String> {
    let what_if = checked(text).unwrap();
    let question = Question {
        what_if: &what_if,
        shop: &SHOP,
        value: (3, VALUE.as_ref()),
        total_error: Some(0.04),
        measured,
        seed,
    };
    let all = |error: &dyn std::error::Error| {
        let source = error.source().map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    };
    question.answer().map_err(|error| all(&error))
}

fn answer(text: &str) -> Answer {
    asked(text, &[], 7).unwrap()
}

const NOTHING: Amount = Amount {
    expected_cents: Cents(0),
    low_cents: Cents(0),
    high_cents: Cents(0),
};

fn is_close(found: Cents, expected: f64) -> bool {
    (found.0 as f64 - expected).abs() <= 1.0 + 1e-9 * expected.abs()
}

#[test]
fn an_effect_of_nothing_changes_nothing_to_the_cent_and_only_costs() {
    let none = "{ expected = 1, low = 1, high = 1 }";
    let found = answer(&format!(
        "cost = {{ per_customer_cents = 50 }}\n[effect.assumed]\npurchase_rate = {none}\ndropout = {none}\nspend = {none}\n"
    ));
    assert_eq!(found.customers.applies, CUSTOMERS as u64);
    for amount in [found.change, found.pulled_forward.amount, found.kept] {
        assert_eq!(amount, NOTHING);
    }
    assert!(found.clv.total.expected_cents > Cents(0));
    assert!(found.clv.total.low_cents < found.clv.total.high_cents);
    let cost = -50 * i64::try_from(CUSTOMERS).unwrap();
    assert_eq!(found.net.expected_cents, Cents(cost), "{found:#?}");
    assert_eq!(
        (found.net.low_cents, found.net.high_cents),
        (found.net.expected_cents, found.net.expected_cents)
    );
    assert_eq!((found.verdict, found.pays_for), (Verdict::DoesNotPay, 0));
    assert_eq!(found.break_even.of_effect, None);
    assert_eq!(found.break_even.per_customer_cents, Some(0.0));
}

#[test]
fn what_is_all_pulled_forward_brings_nothing_and_the_rest_in_proportion() {
    let effect = "lasts_days = 28\ncost = { per_customer_cents = 10 }\n[effect.assumed]\npurchase_rate = { expected = 1.3, low = 1.2, high = 1.5 }\n";
    let pulled = |share: &str| {
        answer(&format!(
            "pulled_forward = {{ expected = {share}, low = {share}, high = {share} }}\n{effect}"
        ))
    };
    let (none, half, all) = (pulled("0"), pulled("0.5"), pulled("1"));
    assert_eq!(all.kept, NOTHING);
    assert_eq!((all.change, all.cost), (none.change, none.cost));
    assert_eq!(all.net.expected_cents.0, -all.cost.total.expected_cents.0);
    let whole = none.kept.expected_cents.0 as f64;
    assert!(whole > 0.0 && is_close(half.kept.expected_cents, 0.5 * whole));
    assert_eq!(none.kept, none.change);
    // What is said of nothing is told: a third is taken off.
    let silent = answer(effect);
    assert_eq!(silent.pulled_forward.basis, PulledBasis::ByDefault);
    assert!(
        is_close(silent.kept.expected_cents, 2.0 / 3.0 * whole),
        "{silent:#?}"
    );
    let told = silent.told.join("\n");
    for part in [
        "is pulled forward from the weeks after and is taken off: 33.33 % (0 % to 66.67 %), assumed since the file says nothing of `pulled_forward`",
        "sales count in full, as if the goods cost nothing",
        "how often they buy while it acts: times 1.3 (1.2 to 1.5), assumed, nobody has measured it",
        "it acts 28 days",
        "missed all purchases by 4 % in total",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    assert!(
        told.starts_with("It would cost 150.00 and bring "),
        "{told}"
    );
    let lasting =
        answer("[effect.assumed]\npurchase_rate = { expected = 1.3, low = 1.2, high = 1.5 }\n");
    assert_eq!(
        (lasting.pulled_forward.basis, lasting.kept),
        (PulledBasis::Lasts, lasting.change)
    );
    assert!(
        lasting
            .told
            .join("\n")
            .contains("nothing is taken off as pulled forward")
    );
}

#[test]
fn the_interval_holds_what_a_known_effect_would_bring_and_ends_where_it_pays() {
    let of = |range: &str, more: &str| {
        answer(&format!(
            "margin = 0.4\n{more}\n[cost]\nper_customer_cents = 120\nshare_of_spend = 0.01\n[effect.assumed]\npurchase_rate = {range}\n"
        ))
    };
    let found = of("{ expected = 1.05, low = 0.98, high = 1.12 }", "");
    let known = |at: f64| {
        of(
            &format!("{{ expected = {at}, low = {at}, high = {at} }}"),
            "",
        )
    };
    let kept = &found.kept;
    for (end, at) in [(kept.low_cents, 0.98), (kept.high_cents, 1.12)] {
        let exact = known(at).kept;
        assert!(
            exact.low_cents <= exact.expected_cents && exact.expected_cents <= exact.high_cents
        );
        // The ends of 400 draws: their own error is a sixth of the range.
        let width = (kept.high_cents.0 - kept.low_cents.0) as f64;
        let gap = (end.0 - exact.expected_cents.0) as f64;
        assert!(gap.abs() < 0.2 * width, "{at}: {gap} of {width}");
    }
    assert!(found.cost.anyway_cents > Cents(0));
    assert_eq!(found.verdict, Verdict::NotTold, "{:#?}", found.told);
    let strength = found.break_even.of_effect.unwrap();
    let factor = found.break_even.factors["purchase_rate"];
    assert!((factor - 1.05_f64.powf(strength)).abs() < 1e-12);
    // At that factor it costs what it brings, to a ten-thousandth of the cost.
    let at = known(factor);
    let net = at.net.expected_cents.0 as f64;
    assert!(
        net.abs() < 1e-4 * at.cost.total.expected_cents.0 as f64,
        "{net}"
    );
    // And so it does at that cost.
    let most = found.break_even.per_customer_cents.unwrap();
    let dear = answer(&format!(
        "margin = 0.4\n[cost]\nper_customer_cents = {}\nshare_of_spend = 0.01\n[effect.assumed]\npurchase_rate = {{ expected = 1.05, low = 0.98, high = 1.12 }}\n",
        most.round()
    ));
    assert!(
        (dear.net.expected_cents.0 as f64).abs() < 0.51 * CUSTOMERS as f64,
        "{dear:#?}"
    );
    assert!(found.pays_for > 0 && found.pays_for < CUSTOMERS as u64);
    let deciles = &found.deciles;
    assert_eq!(deciles.len(), 10);
    assert_eq!(
        deciles.iter().map(|d| d.customers).sum::<u64>(),
        CUSTOMERS as u64
    );
    assert_eq!(
        deciles.iter().map(|d| d.pays_for).sum::<u64>(),
        found.pays_for
    );
    assert!(
        deciles
            .windows(2)
            .all(|two| two[0].clv_mean_cents >= two[1].clv_mean_cents)
    );
    // Who is worth more pays first.
    assert!(deciles[0].pays_for > deciles[9].pays_for);
    assert_eq!(
        of("{ expected = 1.05, low = 0.98, high = 1.12 }", ""),
        found
    );
    let harmful = known(0.9);
    assert_eq!(
        (
            harmful.break_even.of_effect,
            harmful.break_even.per_customer_cents
        ),
        (None, None)
    );
    assert!(
        harmful
            .told
            .join("\n")
            .contains("it would not pay even if giving it cost nothing")
    );
    let free = answer("[effect.assumed]\nspend = { expected = 1.1, low = 1.05, high = 1.2 }\n");
    assert_eq!(
        (free.verdict, free.break_even.of_effect),
        (Verdict::Pays, Some(0.0))
    );
    let more = 0.1 * free.clv.total.expected_cents.0 as f64;
    assert!(is_close(free.change.expected_cents, more), "{free:#?}");
}

#[test]
fn it_applies_to_whom_the_condition_holds_for() {
    let effect = "[effect.assumed]\nspend = { expected = 1.1, low = 1.05, high = 1.2 }\n";
    let all = answer(effect);
    let of = |condition: &str| answer(&format!("customers = \"{condition}\"\n{effect}"));
    let (web, store) = (of("context.web == true"), of("context.web == false"));
    assert_eq!((web.customers.applies, web.customers.left_out), (750, 750));
    let sum = web.clv.total.expected_cents.0 + store.clv.total.expected_cents.0;
    assert!((sum - all.clv.total.expected_cents.0).abs() <= 1);
    let often = of("customer.orders >= 8");
    assert!(often.clv.mean_cents > all.clv.mean_cents);
    assert_eq!(often.customers.bought_once, 0);
    let mut known = [0; 2];
    for number in 0..CUSTOMERS {
        let orders = SHOP.customer_facts(&customer(number)).orders.unwrap();
        known[usize::from(orders >= 8)] += 1;
    }
    assert_eq!([often.customers.left_out, often.customers.applies], known);
    let refused = |condition: &str| {
        asked(&format!("customers = \"{condition}\"\n{effect}"), &[], 7).unwrap_err()
    };
    let nobody = refused("customer.orders > 100000");
    assert!(
        nobody.contains("holds for none of 1500 customers"),
        "{nobody}"
    );
    let strange = refused("context.age > 18");
    assert!(
        strange.contains("context.age") && strange.contains("context.web"),
        "{strange}"
    );
}

#[test]
fn a_measured_effect_acts_in_its_window_and_a_later_loss_is_pulled_forward() {
    let short = read_out_of("[\"revenue\", \"orders\"]", SHORT);
    let long = read_out_of("[\"revenue\", \"orders\"]", LONG);
    let of = |more: &str, versions: &[&dyn Fitted]| {
        asked(
            &format!("[effect.measured]\nproduct = \"read-out\"\narm = \"ten\"\n{more}"),
            versions,
            7,
        )
    };
    let alone = of("", &[short.as_ref()]).unwrap();
    let part = &alone.effect[0];
    let page = short.page();
    let findings = page["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|f| f["arm"] == "ten" && f["outcome"] == "revenue");
    let relative = read_out::number(found.unwrap(), "/relative/measured/point");
    assert!((part.expected - 1.0 - relative).abs() < 1e-12, "{part:?}");
    assert!(
        part.low < 2.0 && 2.0 < part.high && part.basis == Basis::Measured,
        "{part:?}"
    );
    assert_eq!(
        (alone.lasts_days, alone.pulled_forward.basis),
        (28, PulledBasis::ByDefault)
    );
    let told = alone.told.join("\n");
    assert!(
        told.contains("what it does after its window of 28 days was never measured"),
        "{told}"
    );
    assert!(
        told.contains("measured, ten of trial deals within 28 days of 500 customers"),
        "{told}"
    );

    let both = of("later = \"long\"\n", &[short.as_ref(), long.as_ref()]).unwrap();
    assert_eq!(
        (both.change, both.pulled_forward.basis),
        (alone.change, PulledBasis::Measured)
    );
    let later = &both.effect[1];
    assert!(
        later.what == "later" && later.low < -0.5 && -0.5 < later.high,
        "{later:?}"
    );
    let lost = both.pulled_forward.amount.expected_cents.0 as f64;
    let gained = both.change.expected_cents.0 as f64;
    assert!(
        (lost / gained + later.expected / relative).abs() < 1e-4,
        "{lost} {gained}"
    );
    assert!(
        both.told
            .join("\n")
            .contains("was pulled forward from the weeks after and is taken off: measured")
    );

    // Orders as they were counted: what they bring is taken off as what each order costs.
    let orders = of("outcome = \"orders\"\n", &[short.as_ref()]).unwrap();
    assert_eq!(orders.effect[0].what, "orders");
    let again = asked(
        "times = 3\nevery_days = 60\ncost = { per_order_cents = 100 }\n[effect.measured]\nproduct = \"read-out\"\narm = \"ten\"\noutcome = \"orders\"\n",
        &[short.as_ref()],
        7,
    )
    .unwrap();
    assert!(again.change.expected_cents > orders.change.expected_cents);
    let factor = orders.effect[0].expected;
    let cost = again.cost.total.expected_cents.0 as f64;
    assert!(
        is_close(again.cost.anyway_cents, cost / factor),
        "{again:#?}"
    );
    assert!(
        again
            .told
            .join("\n")
            .contains("that it does the same each time was not measured")
    );
}

#[test]
fn a_depth_between_measured_ones_lies_between_their_effects_and_none_is_told_beyond() {
    let short = read_out_of("[\"revenue\"]", SHORT);
    let of = |depth: f64| {
        let text = format!(
            "[effect.measured]\nproduct = \"read-out\"\narms = [\"five\", \"ten\"]\ndepth = {depth}\n"
        );
        asked(&text, &[short.as_ref()], 7)
    };
    let at = |depth: f64| of(depth).unwrap().effect[0].clone();
    let (five, eight, ten) = (at(5.0), at(8.0), at(10.0));
    assert_eq!(
        (five.basis, eight.basis),
        (Basis::Measured, Basis::Interpolated)
    );
    let mixed = 0.4 * five.expected + 0.6 * ten.expected;
    assert!((eight.expected - mixed).abs() < 1e-12);
    let width = |part: &products::what_if::EffectPart| part.high - part.low;
    assert!((width(&eight) - 0.4 * width(&five) - 0.6 * width(&ten)).abs() < 1e-12);
    for depth in [4.0, 12.0] {
        let error = of(depth).unwrap_err();
        assert!(
            error.contains("allowed is 5 to 10: beyond the depths that were measured"),
            "{error}"
        );
    }
    let text =
        "[effect.measured]\nproduct = \"read-out\"\narms = [\"five\", \"none\"]\ndepth = 4\n";
    let error = asked(text, &[short.as_ref()], 7).unwrap_err();
    assert!(
        error.contains("arm \"none\" is no offer of table `offers`"),
        "{error}"
    );
}

#[test]
fn a_promotion_tells_the_average_effect_of_its_arm() {
    let settings = "trial = \"deals\"\noutcome = \"orders\"\nwindow_days = 28\nfolds = 2\n";
    let promotion = version("deals", "promotion", settings);
    let text = "[effect.measured]\nproduct = \"deals\"\narm = \"ten\"\n";
    let found = asked(text, &[promotion.as_ref()], 7).unwrap();
    let page = promotion.page();
    let arms = page["arms"].as_array().unwrap();
    let ten = arms.iter().find(|arm| arm["arm"] == "ten").unwrap();
    let share =
        read_out::number(ten, "/average_effect/point") / read_out::number(&page, "/control_mean");
    let part = &found.effect[0];
    assert!(
        (part.expected - 1.0 - share).abs() < 1e-12,
        "{part:?} {share}"
    );
    assert!(
        part.low < 2.0 && 2.0 < part.high && part.what == "orders",
        "{part:?}"
    );
}

#[test]
fn what_a_read_out_does_not_say_is_refused_with_the_reason() {
    let short = read_out_of("[\"orders\"]", SHORT);
    let long = read_out_of("[\"orders\"]", LONG);
    let refused = |more: &str, versions: &[&dyn Fitted]| {
        let text = format!("[effect.measured]\nproduct = \"read-out\"\n{more}");
        asked(&text, versions, 7).unwrap_err()
    };
    let discount = read_out_of("[\"discount\"]", SHORT);
    let cases = [
        (
            refused("", &[short.as_ref()]),
            "`arm` is not given, allowed is five, ten",
        ),
        (
            refused("arm = \"two\"\n", &[short.as_ref()]),
            "`arm` is \"two\", allowed is five, ten",
        ),
        (
            refused("arm = \"ten\"\noutcome = \"revenue\"\n", &[short.as_ref()]),
            "it measured orders, allowed is revenue",
        ),
        (
            refused("arm = \"ten\"\n", &[discount.as_ref()]),
            "it measured discounts, allowed is revenue or orders: what customers are worth is what they spend",
        ),
        (
            refused(
                "arm = \"ten\"\nlater = \"long\"\n",
                &[long.as_ref(), short.as_ref()],
            ),
            "reads trial deals within 28 days, allowed is trial deals within more than 56 days",
        ),
        (
            refused("arm = \"ten\"\n", &[VALUE.as_ref()]),
            "it measures no effect of an arm on customers",
        ),
    ];
    for (error, part) in cases {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
    let drifts = |site: usize, day: i32| {
        if site < 12 {
            0.2 * f64::from(day - change::START)
        } else {
            0.0
        }
    };
    for (more, says) in [
        (Some(drifts), "is contradicted (p-value"),
        (None, "measured sites, allowed is a read-out of customers"),
    ] {
        let sold = change::chain(40, |site, day| more.map_or(0.0, |more| more(site, day)));
        let settings = change::change("difference_in_differences", &change::TWELVE, "");
        let sites = read_out::fitted(&settings, &change::shop(sold)).unwrap();
        let error = refused("", &[sites.as_ref()]);
        assert!(error.contains(says), "no {says:?} in {error}");
    }
    // A trial whose arms do not have their sizes tells nothing.
    let draws = HISTORY
        .trials()
        .of("deals")
        .iter()
        .filter(|draw| &*draw.arm != "ten" || draw.customer.ends_with('7'));
    let broken = Trials::new(draws.cloned().collect(), []);
    let broken = HISTORY.as_ref().clone().with_trials(broken);
    let settings = format!("trial = \"deals\"\noutcomes = [\"orders\"]\nwindow_days = {SHORT}");
    let broken = read_out::fitted(&settings, &broken).unwrap();
    let error = refused("arm = \"ten\"\n", &[broken.as_ref()]);
    assert!(error.contains("do not have the sizes asked"), "{error}");
}

#[test]
fn days_that_the_version_does_not_cover_are_refused() {
    let effect = "[effect.assumed]\nspend = { expected = 1.1, low = 1.05, high = 1.2 }\n";
    let error = |more: &str| asked(&format!("{more}\n{effect}"), &[], 7).unwrap_err();
    let far = error("horizon_days = 181");
    assert!(
        far.contains("`horizon_days` is 181, allowed is 1 to 180"),
        "{far}"
    );
    let long = error("horizon_days = 90\nlasts_days = 91");
    assert!(
        long.contains("all of it within the horizon of 90 days"),
        "{long}"
    );
    let often = error("lasts_days = 28\ntimes = 4\nevery_days = 60");
    assert!(
        often.contains("4 times, and begins every 60 days"),
        "{often}"
    );
    let near = asked(&format!("horizon_days = 90\n{effect}"), &[], 7).unwrap();
    assert_eq!((near.horizon_days, near.lasts_days), (90, 90));
}

#[test]
fn a_file_is_refused_at_its_line_with_what_is_allowed() {
    let spend = "[effect.assumed]\nspend = { expected = 1.1, low = 1.05, high = 1.2 }\n";
    let assumed = |range: &str| format!("[effect.assumed]\npurchase_rate = {range}\n");
    let measured = |more: &str| format!("[effect.measured]\n{more}\n");
    let cases = [
        (
            format!("colour = 3\n{spend}"),
            "deal.toml:3: unknown field `colour`",
        ),
        (
            String::new(),
            "`effect` is nothing, allowed is `assumed` or `measured`",
        ),
        (
            format!("{spend}[effect.measured]\nproduct = \"read-out\"\n"),
            "both `assumed` and `measured`",
        ),
        (
            "[effect.assumed]\n".to_owned(),
            "at least one of `purchase_rate`, `dropout`, `spend`",
        ),
        (
            assumed("{ expected = 0, low = 0, high = 1 }"),
            "deal.toml:4: `effect.assumed.purchase_rate.expected` is 0, allowed is 0.01 to 100",
        ),
        (
            assumed("{ expected = 1, low = -1, high = 1 }"),
            "`effect.assumed.purchase_rate.low` is -1",
        ),
        (
            assumed("{ expected = 1.1, low = 1.2, high = 1.3 }"),
            "is low 1.2, expected 1.1, high 1.3, allowed is low <= expected <= high",
        ),
        (
            assumed("{ expected = 1.1, low = 1.0 }"),
            "missing field `high`",
        ),
        (assumed("1.05"), "deal.toml:4:"),
        (
            format!(
                "lasts_days = 28\n{}",
                assumed("{ expected = 1, low = 1, high = 1 }").replace("purchase_rate", "dropout")
            ),
            "absent with `lasts_days`",
        ),
        (
            format!("lasts_days = 0\n{spend}"),
            "`lasts_days` is 0, allowed is 1 to 3650",
        ),
        (
            format!("times = 2\n{spend}"),
            "allowed is 1, or `lasts_days`",
        ),
        (
            format!("lasts_days = 28\ntimes = 2\n{spend}"),
            "allowed is 1, or `every_days`",
        ),
        (
            format!("lasts_days = 28\ntimes = 2\nevery_days = 20\n{spend}"),
            "`every_days` is 20, allowed is 28",
        ),
        (
            format!("margin = 0.0\n{spend}"),
            "`margin` is 0, allowed is above 0 to 1",
        ),
        (
            format!("draws = 10\n{spend}"),
            "`draws` is 10, allowed is 200 to 10000",
        ),
        (
            format!("cost = {{ per_order_cents = -1 }}\n{spend}"),
            "`cost.per_order_cents` is -1",
        ),
        (
            format!("cost = {{ per_redemption_cents = 100 }}\n{spend}"),
            "`redeemed`, the share of the givings that are redeemed",
        ),
        (
            format!("cost = {{ share_of_spend = 1.5 }}\n{spend}"),
            "`cost.share_of_spend` is 1.5, allowed is 0 to 1",
        ),
        (
            format!("pulled_forward = {{ expected = 0.5, low = 0, high = 1.5 }}\n{spend}"),
            "`pulled_forward.high` is 1.5, allowed is 0 to 1",
        ),
        (
            format!("customers = \"customer.orders >\"\n{spend}"),
            "deal.toml:3: `customers` is",
        ),
        (
            format!("customers = \"offer.depth > 3\"\n{spend}"),
            "using `offer.depth`",
        ),
        (
            measured("product = \"gone\""),
            "`effect.measured.product` is \"gone\", allowed is a data product of kind experiment or promotion: read-out, long, deals",
        ),
        (
            measured("product = \"for-you\""),
            "\"for-you\", of kind recommend",
        ),
        (
            measured("product = \"read-out\"\nlater = \"deals\""),
            "`effect.measured.later` is \"deals\", of kind promotion",
        ),
        (
            measured("product = \"read-out\"\nlater = \"read-out\""),
            "which is `product`",
        ),
        (
            measured("product = \"read-out\"\noutcome = \"margin\""),
            "`effect.measured.outcome` is \"margin\", allowed is orders or revenue",
        ),
        (
            measured("product = \"read-out\"\ndepth = 3"),
            "at least two arms of the read-out",
        ),
        (
            measured(
                "product = \"read-out\"\ndepth = 3\narm = \"ten\"\narms = [\"five\", \"ten\"]",
            ),
            "given with `depth`",
        ),
        (
            measured("product = \"read-out\"\narms = [\"five\"]"),
            "given without `depth`",
        ),
        (
            format!("lasts_days = 28\n{}", measured("product = \"read-out\"")),
            "a measured effect acts for the window it was measured in",
        ),
        (
            format!(
                "pulled_forward = {{ expected = 0.5, low = 0, high = 1 }}\n{}",
                measured("product = \"read-out\"\nlater = \"long\"")
            ),
            "`later` measures it",
        ),
    ];
    for (text, part) in cases {
        let error = checked(&text).unwrap_err();
        assert!(error.contains(part), "no {part:?} in {error}\n{text}");
    }
    let other = |text: &str| {
        let file = ConfigFile::new("whatif/deal.toml", text);
        WhatIf::check(&file, &products()).unwrap_err().to_string()
    };
    let wrong = other(&format!("owner = \"crm\"\nproduct = \"for-you\"\n{spend}"));
    assert!(wrong.contains("deal.toml:2: `product` is \"for-you\", of kind recommend, allowed is a data product of kind value: value, other-value"), "{wrong}");
    let wrong = other(&format!("product = \"value\"\n{spend}"));
    assert!(wrong.contains("`owner` is empty"), "{wrong}");
    let file = ConfigFile::new("whatif/A deal.toml", format!("{HEAD}{spend}"));
    assert!(WhatIf::check(&file, &products()).is_err());
}
