//! What a decision of kind `promotion` stands under beside its question: the plan of its budget, and what the customer got.

use crate::promotion::{CUSTOMERS, LEDGER, asked, decided, fitted, product, serving, shop};
use products::{
    Asked, Decisions, Gave, LimitLeft, LimitStake, NoMoney, Pace, Pacing, Raw, Serving, Standing,
};
use schema::LimitUnit;
use schema::config::ConfigFile;

/// The answer to a customer under what is promised and planned, in percent of the budget.
fn paced(serving: &dyn Serving, number: usize, promised: f64, plan: f64) -> Decisions {
    let pace = Some(Pace {
        promised: promised / 100.0,
        plan: plan / 100.0,
    });
    let asked = Asked {
        standing: Standing {
            pace,
            ..Standing::default()
        },
        ..asked(number)
    };
    serving.decide(&asked, jiff::Timestamp::UNIX_EPOCH).unwrap()
}

fn codes(answer: &Decisions) -> Vec<String> {
    let reasons = answer.actions[0].reasons.list();
    reasons.into_iter().map(|reason| reason.code).collect()
}

#[test]
fn ahead_of_its_plan_an_offer_is_held_for_later_and_the_answer_says_at_which_price() {
    let history = shop();
    let ledger = format!("{LEDGER}\npace = \"even\"");
    let version = fitted(
        &format!("budget = 1000.0\nexplore = 0.1\n{ledger}"),
        &history,
    )
    .unwrap();
    let served = serving(version.as_ref(), &history);
    let all = |promised, plan| -> Vec<Decisions> {
        let each = 0..400;
        each.map(|number| paced(served.as_ref(), number, promised, plan))
            .collect()
    };
    let deals = |answers: &[Decisions]| -> Vec<usize> {
        let numbered = answers.iter().enumerate();
        let deals = numbered.filter(|(_, answer)| answer.actions[0].id == "deal");
        deals.map(|(number, _)| number).collect()
    };
    let plain: Vec<usize> = (0..400)
        .filter(|number| decided(served.as_ref(), *number).0 == "deal")
        .collect();
    let (ahead, on, behind) = (all(60.0, 20.0), all(40.0, 40.0), all(20.0, 60.0));
    assert_eq!(deals(&on), plain, "on plan it decides as without one");
    assert!(deals(&behind).len() > plain.len(), "more when behind");
    let mut held = 0;
    for (number, answer) in ahead.iter().enumerate() {
        let (codes, action) = (codes(answer), &answer.actions[0]);
        if codes[0] == "drawn" {
            // Whom chance draws is drawn whatever the plan says, with the same probability of each arm.
            assert_eq!(codes, ["drawn"]);
            assert_eq!(action.id, on[number].actions[0].id);
            continue;
        }
        assert_eq!(action.id, "none", "{number}: {codes:?}");
        // Not drawn, or drawn into the control.
        assert!((action.propensity.get() - 0.95).abs() < 1e-9);
        assert!(codes.contains(&"paced".to_owned()), "{codes:?}");
        if codes[0] == "held_for_later" {
            held += 1;
            assert!(plain.contains(&number), "{number}");
            let said = action.reasons.list();
            let number_of = |value: &str| said[0].values[value].as_str()?.parse::<f64>().ok();
            assert!(number_of("price") > number_of("usual"), "{said:?}");
            assert_eq!(
                (&said[1].values["promised"], &said[1].values["planned"]),
                (&60.0.into(), &20.0.into())
            );
        }
    }
    let drawn = plain.iter().filter(|n| codes(&ahead[**n])[0] == "drawn");
    assert_eq!(held, plain.len() - drawn.count());
}

#[test]
fn an_offer_that_waits_for_the_plan_is_explained_with_the_price_that_it_does_not_pay() {
    let history = shop();
    let ledger = format!("{LEDGER}\npace = \"even\"");
    let version = fitted(&format!("budget = 1000.0\n{ledger}"), &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let held =
        |number: &usize| codes(&paced(served.as_ref(), *number, 60.0, 20.0))[0] == "held_for_later";
    let number = (0..CUSTOMERS).find(held).unwrap();
    let pace = Some(Pace {
        promised: 0.6,
        plan: 0.2,
    });
    let asked = Asked {
        standing: Standing {
            pace,
            ..Standing::default()
        },
        ..asked(number)
    };
    let now = jiff::Timestamp::UNIX_EPOCH;
    let told = served.explain(&asked, None, now).unwrap();
    let why_not = told.why_not.unwrap();
    assert!(
        why_not.contains(
            "held for later, since 60.0 % of the budget is promised and the plan says 20.0 %"
        ),
        "{why_not}"
    );
    let sum: f64 = told.lines.iter().map(|line| line.contribution).sum();
    assert!((sum - told.score).abs() < 1e-9 && told.score < 0.0, "{sum}");
}

/// A question of a customer who got deals so many days ago.
fn after(number: usize, days_ago: &[i64]) -> Asked {
    let now = jiff::Timestamp::UNIX_EPOCH;
    let gave = |days: &i64| Gave {
        arm: "deal".into(),
        at: now - jiff::SignedDuration::from_hours(24 * days),
    };
    Asked {
        standing: Standing {
            given: days_ago.iter().map(gave).collect(),
            ..Standing::default()
        },
        ..asked(number)
    }
}

const CAPS: &str = "[settings.caps]\nper_customer = 2\ndays = 28";

#[test]
fn who_got_enough_offers_gets_the_control_for_sure_chance_included() {
    let history = shop();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let settings = format!("budget = 1000000.0\nexplore = 0.2\n{LEDGER}\n{CAPS}");
    let version = fitted(&settings, &history).unwrap();
    let served = serving(version.as_ref(), &history);
    for number in 0..200 {
        let plain = served.decide(&asked(number), now).unwrap();
        for few in [&[][..], &[3], &[3, 29]] {
            assert_eq!(served.decide(&after(number, few), now).unwrap(), plain);
        }
        let answer = served.decide(&after(number, &[3, 28]), now).unwrap();
        let action = &answer.actions[0];
        assert_eq!((action.id.as_str(), action.propensity.get()), ("none", 1.0));
        assert_eq!(
            (codes(&answer), answer.stake),
            (vec!["enough_offers".to_owned()], None)
        );
        let said = &action.reasons.list()[0].text;
        assert!(
            said.contains("2 offers within 28 days, and at most 2"),
            "{said}"
        );
    }
    let told = served
        .explain(&after(0, &[3, 28]), Some("deal"), now)
        .unwrap();
    assert!(told.why_not.unwrap().contains("at most 2 are given"));
    // Where the baseline gives offers it keeps to the caps too.
    let version = fitted(CAPS, &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let baseline = |asked: &Asked| served.baseline(asked, now).unwrap().actions[0].id.clone();
    assert_eq!(baseline(&asked(0)), "deal");
    assert_eq!(baseline(&after(0, &[3, 4])), "none");
}

#[test]
fn an_arm_with_a_cap_of_its_own_is_not_given_beyond_it_by_an_older_version_either() {
    let history = shop();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let older = fitted("budget = 1000000.0", &history).unwrap().artefact();
    let product = product(&format!(
        "budget = 1000000.0\n{CAPS}\narms = {{ deal = 1 }}"
    ))
    .unwrap();
    let counted = product.counted().unwrap();
    assert_eq!((counted.control.as_str(), counted.days), ("none", 28));
    let served = serving(product.load(&older).unwrap().as_ref(), &history);
    let number = (0..CUSTOMERS)
        .find(|number| decided(served.as_ref(), *number).0 == "deal")
        .unwrap();
    let answer = served.decide(&after(number, &[5]), now).unwrap();
    assert_eq!(answer.actions[0].id, "none");
    assert_eq!(codes(&answer), ["none_possible", "capped"]);
}

#[test]
fn caps_that_make_no_sense_are_refused_at_their_line() {
    for (settings, line, says) in [
        (CAPS.replace("= 2\n", "= 0\n"), 9, "1 to 100"),
        (CAPS.replace("= 2\n", "= -1\n"), 9, "-1"),
        (CAPS.replace("28", "0"), 10, "1 to 366"),
        (
            format!("{CAPS}\narms = {{ deal = 3 }}"),
            11,
            "1 to `per_customer`, which is 2",
        ),
        (
            format!("{CAPS}\narms = {{ deal = 0 }}"),
            11,
            "0 for \"deal\"",
        ),
        (
            format!("{CAPS}\narms = {{ none = 1 }}"),
            11,
            "one of the control \"none\"",
        ),
        (format!("{CAPS}\nhours = 3"), 11, "hours"),
    ] {
        let refused = product(&settings).map(|_| ()).unwrap_err().to_string();
        assert!(refused.contains(says), "{settings}: {refused}");
        assert!(
            refused.contains(&format!("offers.toml:{line}")),
            "{refused}"
        );
    }
    let settings = format!("{CAPS}\narms = {{ letter = 1 }}");
    let error = fitted(&settings, &shop()).map(|_| ()).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    assert!(source.is_some_and(|s| s.contains("\"letter\", which is no arm of trial")));
}

#[test]
fn the_product_file_of_the_guide_is_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/offers.md");
    let page = std::fs::read_to_string(path).unwrap();
    let block = page.split("```toml\n").nth(1).unwrap();
    let file = block.split("```").next().unwrap();
    let raw = Raw::read(ConfigFile::new("offers.toml", file)).unwrap();
    let product = raw.check().unwrap();
    assert_eq!(product.counted().map(|counted| counted.days), Some(28));
    assert_eq!(product.allowance().map(|a| a.pacing), Some(Pacing::Usual));
}

const LIMITS: &str = "[[settings.limits]]\nname = \"campaign\"\narms = [\"deal\"]\nspend_at_most = 5000.0\n\
     [[settings.limits]]\nname = \"seen\"\narms = [\"deal\"]\ncustomers_at_least = 1\n\
     [[settings.limits]]\nname = \"few\"\narms = [\"deal\"]\ncustomers_at_most = 900";

#[test]
fn a_limit_that_is_used_up_takes_its_arms_away_for_sure_chance_included() {
    let history = shop();
    let now = jiff::Timestamp::UNIX_EPOCH;
    let settings = format!("budget = 1000000.0\nexplore = 0.2\n{LEDGER}\n{LIMITS}");
    let counted = product(&settings).unwrap().allowance().unwrap().limits;
    let counted: Vec<_> = counted
        .iter()
        .map(|of| (of.name.as_str(), of.unit, of.units, of.takes("deal")))
        .collect();
    // What is asked for at least is nothing that a ledger could keep.
    let expected = [
        ("campaign", LimitUnit::Cents, 500_000, 750),
        ("few", LimitUnit::Offers, 900, 1),
    ];
    assert_eq!(counted, expected);
    let version = fitted(&settings, &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let under = |number: usize, limit: usize, units: i64, why: NoMoney| {
        let short = vec![LimitLeft { limit, units, why }];
        Asked {
            standing: Standing {
                short,
                ..Standing::default()
            },
            ..asked(number)
        }
    };
    let (mut told, mut deals) = (0, 0);
    for number in 0..200 {
        let plain = served.decide(&asked(number), now).unwrap();
        let is_deal = plain.actions[0].id == "deal";
        deals += usize::from(is_deal);
        // Whoever is drawn might have got the deal: both limits must have it.
        let takes = |units| if is_deal { units } else { 0 };
        let stakes = [(0, 750), (1, 1)].map(|(limit, must_have)| LimitStake {
            limit,
            takes: takes(must_have),
            must_have,
        });
        assert_eq!(plain.stake.as_ref().unwrap().limits, stakes, "{number}");
        let enough = under(number, 0, 750, NoMoney::UsedUp);
        assert_eq!(served.decide(&enough, now).unwrap(), plain);
        for (limit, units, why, code) in [
            (0, 749, NoMoney::UsedUp, "limit_used_up"),
            (1, 0, NoMoney::Unavailable, "limit_unknown"),
        ] {
            let answer = served
                .decide(&under(number, limit, units, why), now)
                .unwrap();
            let action = &answer.actions[0];
            assert_eq!((action.id.as_str(), action.propensity.get()), ("none", 1.0));
            assert_eq!(answer.stake, None);
            let codes = codes(&answer);
            assert_eq!(codes[0], "none_possible");
            told += usize::from(codes.contains(&code.to_owned()));
        }
    }
    assert!(told >= deals && deals > 50, "{told} of {deals}");
    let short = under(0, 0, 0, NoMoney::UsedUp);
    let explained = served.explain(&short, Some("deal"), now).unwrap();
    assert_eq!(
        explained.why_not.as_deref(),
        Some("what is left of limit campaign does not pay for it")
    );
}

#[test]
fn a_version_learns_the_usual_week_and_says_where_too_few_orders_tell_it() {
    let settings = format!("budget = 1000.0\n{LEDGER}\npace = \"usual\"");
    let history = shop();
    let version = fitted(&settings, &history).unwrap();
    let served = serving(version.as_ref(), &history);
    let week = served.week().unwrap();
    assert_eq!(version.week(), Some(week));
    // A week later as much of a month of four weeks is over as at any other time.
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap();
    let span = (at("2027-02-01T00:00:00Z"), at("2027-03-01T00:00:00Z"));
    let share = week.share(span, at("2027-02-08T00:00:00Z"));
    assert!((share - 0.25).abs() < 1e-9, "{share}");
    let told = version.summary().join("\n");
    assert!(
        told.contains("the budget is planned by usual hours"),
        "{told}"
    );
    let again = product(&settings)
        .unwrap()
        .load(&version.artefact())
        .unwrap();
    assert_eq!(again.week(), Some(week));
    // Three weeks tell no usual one.
    let few = history.from(history.as_of().minus_days(27));
    assert!(few.lines().len() > 500);
    let version = fitted(&settings, &few).unwrap();
    assert_eq!(version.week(), None);
    let told = version.summary().join("\n");
    assert!(told.contains("the budget is planned evenly"), "{told}");
}
