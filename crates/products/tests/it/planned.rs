//! Experiments before they start: what is written is checked, who is drawn excludes whom, and what can be seen is seen.

use features::{History, HistoryBuilder, NewLine, Product as Goods};
use math::random::stream;
use measure::effects::{Moments, Scale, cuped};
use measure::guardrail::{Guarded, Guardrail, guarded};
use measure::readout::Method;
use measure::sequential::{ConfidenceSequence, TUNED_UNITS};
use products::Raw;
use products::experiment::{
    Balance, Definition, Design, DesignUnits, Drawing, Drawn, Place, Plans, SampleRatio, Wanted,
    spent_before,
};
use rand::RngExt;
use schema::config::ConfigFile;
use schema::time::date_of;
use schema::{AsOf, ConfigError, Direction, WhyNot};

const ARMS: &str = "[arms]\nnone = 0.5\nmail = 0.5\n";

const DAY: i64 = 86_400;

/// The first day not known.
const TODAY: i64 = 20_000;

fn read(name: &str, settings: &str) -> Result<Definition, ConfigError> {
    let text = format!("owner = \"crm\"\n{settings}\n{ARMS}");
    Definition::check(&ConfigFile::new(format!("experiments/{name}.toml"), text))
}

fn planned(name: &str, settings: &str) -> Definition {
    read(name, settings).unwrap()
}

fn customer(number: usize) -> String {
    format!("c{number:05}")
}

/// Customers who spend about as much in each of two windows of 28 days, and once long before.
fn shop(customers: usize) -> History {
    let mut random = stream(5, 0);
    let mut builder = HistoryBuilder::default();
    for number in 0..customers {
        let usual: f64 = random.random_range(20.0..60.0);
        let orders = [
            (TODAY - 200, usual),
            (TODAY - 40, usual),
            (TODAY - 10, usual + random.random_range(-15.0..15.0)),
        ];
        for (day, amount) in orders {
            builder.push(NewLine {
                customer: Some(&customer(number)),
                product: "tea",
                order: &format!("{number} {day}"),
                at_seconds: day * DAY,
                quantity: 1,
                spend_cents: (100.0 * amount) as i64,
                discount_cents: 0,
                is_return: false,
            });
        }
    }
    let tea = Goods {
        id: "tea".to_owned(),
        active: true,
        ..Goods::default()
    };
    builder.build(AsOf(date_of(i32::try_from(TODAY).unwrap())), vec![tea])
}

fn everybody(customers: usize) -> Vec<(String, i64)> {
    (0..customers).map(|n| (customer(n), i64::MIN)).collect()
}

fn designed(definition: &Definition, history: &History, wanted: Option<Wanted>) -> Design {
    let plans = Plans {
        definition,
        history,
        splits: 400,
        seed: 7,
        wanted,
    };
    let available = everybody(history.customers().len());
    plans.design(DesignUnits::default(), &available).unwrap()
}

/// The arm of everybody; `None` for those who are not in it.
fn arms(drawing: &Drawing, definition: &Definition, customers: usize) -> Vec<Option<usize>> {
    let place = |n| drawing.place(definition, &customer(n)).unwrap();
    let arm = |n| match place(n) {
        Place::Arm(arm) => Some(arm),
        Place::HeldOut | Place::OtherPart => None,
    };
    (0..customers).map(arm).collect()
}

#[test]
fn what_is_wrong_in_a_definition_is_refused_at_its_line() {
    for (settings, says) in [
        (
            "days = 3",
            "mail.toml:2: unknown field `days`, expected one of `owner`",
        ),
        (
            "window_days = \"x\"",
            "mail.toml:2: invalid type: string \"x\"",
        ),
        (
            "window_days = 0",
            "mail.toml:2: `window_days` is 0, allowed is 1 to 365",
        ),
        (
            "covariate_days = 366",
            "`covariate_days` is 366, allowed is 0 to 365",
        ),
        (
            "control = \"nothing\"",
            "mail.toml:2: `control` is \"nothing\", allowed is \"mail\", \"none\"",
        ),
        (
            "from = 0.5\nto = 0.5",
            "`to` is from 0.5 to 0.5, allowed is 0 <= from < to <= 1",
        ),
        ("alpha = 0.5", "`alpha` is 0.5, allowed is 0.001 to 0.2"),
        ("power = 0.2", "`power` is 0.2, allowed is 0.5 to 0.99"),
        ("blocks = 0", "`blocks` is 0, allowed is 1 to 100"),
        (
            "outcomes = []",
            "`outcomes` is none, allowed is at least one",
        ),
        ("outcomes = [\"orders\", \"orders\"]", "Orders twice"),
        (
            "unit = \"site\"\noutcomes = [\"visits\"]",
            "`outcomes` is visits",
        ),
        ("unit = \"shelf\"", "unknown variant `shelf`"),
        ("salt = \" \"", "`salt` is \" \""),
    ] {
        let error = read("mail", settings).unwrap_err().to_string();
        assert!(error.contains(says), "{settings}: {error}");
    }
    for (arms, says) in [
        ("[arms]\nnone = 1.0\n", "`arms.none` is 1"),
        (
            "[arms]\nnone = 0.6\nmail = 0.5\n",
            "2 arms that add up to 1.1",
        ),
        (
            "[arms]\nnone = 0.9999\nmail = 0.0001\n",
            "`arms.mail` is 0.0001, allowed is 0.001 to below 1",
        ),
        (
            "[arms]\nnone = 0.5\n\"a\\\"b\" = 0.5\n",
            "allowed is a name",
        ),
        ("", "0 arms that add up to 0"),
    ] {
        let text = format!("owner = \"crm\"\n{arms}");
        let error = Definition::check(&ConfigFile::new("mail.toml", text)).unwrap_err();
        assert!(error.to_string().contains(says), "{arms}: {error}");
    }
    let no_owner = Definition::check(&ConfigFile::new("mail.toml", ARMS)).unwrap_err();
    assert!(
        no_owner.to_string().contains("`owner` is empty"),
        "{no_owner}"
    );
    let name = read("Mail 1", "").unwrap_err().to_string();
    assert!(name.contains("the name of the file"), "{name}");
}

#[test]
fn nobody_is_in_two_experiments_of_a_layer_or_held_out_and_in_one() {
    let first = planned("first", "layer = \"mails\"\nto = 0.4");
    let second = planned("second", "layer = \"mails\"\nfrom = 0.4");
    let other = planned("other", "");
    let all = [first.clone(), second.clone(), other.clone()];
    let drawing = Drawing::of(&all, ("salt", 0.1)).unwrap();
    let of = |definition| arms(&drawing, definition, 10_000);
    let (first, second, other) = (of(&first), of(&second), of(&other));
    let (mut in_first, mut in_both_layers) = (0, 0);
    for n in 0..10_000 {
        assert!(first[n].is_none() || second[n].is_none(), "{n} is in both");
        let held_out = drawing.place(&all[0], &customer(n)).unwrap() == Place::HeldOut;
        let is_in = first[n].is_some() || second[n].is_some() || other[n].is_some();
        assert_ne!(held_out, is_in, "customer {n}");
        in_first += usize::from(first[n].is_some());
        in_both_layers += usize::from(first[n] == Some(1) && other[n] == Some(1));
    }
    // 0.9 · 0.4 of 10,000 with a deviation of 48; a quarter of them in the second arm of both layers, deviation 29.
    assert!((3_410..3_790).contains(&in_first), "{in_first}");
    assert!((785..1_015).contains(&in_both_layers), "{in_both_layers}");
    let overlap = planned("overlap", "layer = \"mails\"\nfrom = 0.3");
    let error = Drawing::of([&all[0], &overlap], ("salt", 0.1)).unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert!(why.contains("`first` and `overlap`"), "{why}");
}

#[test]
fn more_of_a_layer_adds_customers_and_moves_none() {
    let (half, all) = (planned("mail", "to = 0.5"), planned("mail", ""));
    let arms_of = |definition: &Definition| {
        let drawing = Drawing::of([definition], ("salt", 0.0)).unwrap();
        arms(&drawing, definition, 4_000)
    };
    let (before, after) = (arms_of(&half), arms_of(&all));
    for (n, arm) in before.iter().enumerate().filter(|(_, arm)| arm.is_some()) {
        assert_eq!(*arm, after[n], "customer {n}");
    }
    assert!(after.iter().all(Option::is_some));
    assert!(all.changes(&half).is_empty());
    let changes = half.changes(&all);
    assert_eq!(changes[0].to_string(), "`to` was 1.0 and is 0.5");
    let told = planned("mail", "description = \"why\"");
    assert!(told.changes(&all).is_empty() && told.fingerprint() == all.fingerprint());
    let longer = planned("mail", "window_days = 7").changes(&all);
    assert_eq!(longer[0].to_string(), "`window_days` was 28 and is 7");
}

#[test]
fn blocks_make_arms_alike_in_what_was_spent_before() {
    let history = shop(1_000);
    let unlike = |settings: &str| {
        let definition = planned("mail", settings);
        let drawing = Drawing::of([&definition], ("salt", 0.0)).unwrap();
        let names: Vec<String> = (0..1_000).map(customer).collect();
        let units: Vec<(&str, f64)> = names
            .iter()
            .map(|name| (name.as_str(), spent_before(&history, name, 90)))
            .collect();
        let arms = drawing.blocked(&definition, &units);
        let drawn: Vec<Drawn<'_>> = names
            .iter()
            .zip(arms)
            .map(|(customer, arm)| Drawn {
                customer,
                arm,
                at_seconds: TODAY * DAY,
                is_new: true,
                known_since: None,
            })
            .collect();
        let balance = Balance::of(&definition, &drawn, Some(&history));
        assert!(matches!(balance.sample_ratio, SampleRatio::Holds { .. }));
        let sizes: Vec<u64> = balance.arms.iter().map(|arm| arm.customers).collect();
        let spent = &balance.unlike[0];
        assert_eq!(spent.covariate, "money spent before");
        (sizes, spent.difference.unwrap().abs())
    };
    let (sizes, difference) = unlike("blocks = 50");
    // Blocks of 20 are split 10 to 10; chance alone makes 0.06 of a deviation.
    assert_eq!(sizes, [500, 500]);
    assert!(difference < 0.01, "{difference}");
    let (_, plain) = unlike("");
    assert!(plain < 0.25, "{plain}");
}

#[test]
fn an_effect_of_the_detectable_size_is_seen_as_often_as_planned() {
    let history = shop(600);
    let definition = planned(
        "mail",
        "outcomes = [\"revenue\", \"orders\"]\ncovariate_days = 90",
    );
    let design = designed(&definition, &history, Some(Wanted::Relative(0.05)));
    let revenue = &design.outcomes[0];
    let arm = &revenue.arms[0];
    let detectable = arm.detectable.unwrap();
    // Half of the noise is 15 wide on each side: 8.66, over customers who are 40 wide: 11.5.
    assert!(
        (0.5..0.75).contains(&revenue.variance_saved.unwrap()),
        "{revenue:#?}"
    );
    assert!(arm.detectable_any_time.unwrap() > detectable);
    let rows: Vec<[f64; 2]> = (0..600)
        .map(|n| {
            let lines = history.lines_of(history.customer_index(&customer(n)).unwrap());
            let spent = |line: usize| lines[line].spend_cents as f64 / 100.0;
            [spent(2), spent(1)]
        })
        .collect();
    let mut seen = 0;
    for split in 0..1_000 {
        let mut random = stream(11, split);
        let mut arms = [Moments::new(2), Moments::new(2)];
        for row in &rows {
            let treated = random.random::<bool>();
            let added = if treated { detectable } else { 0.0 };
            arms[usize::from(treated)]
                .push(&[row[0] + added, row[1]])
                .unwrap();
        }
        let effect = cuped(&arms[0], &arms[1], Scale::Absolute, 0.95).unwrap();
        seen += usize::from(effect.size().unwrap().p_value < 0.05);
    }
    // 80 % of 1,000 with a deviation of 1.3 %.
    assert!((760..=840).contains(&seen), "{seen}");
    let needed = arm.units_needed.unwrap();
    let ratio = (detectable / (0.05 * revenue.mean.unwrap())).powi(2);
    assert!(
        (needed as f64 / (600.0 * ratio) - 1.0).abs() < 0.02,
        "{needed} for {ratio}"
    );
    let tried = revenue.false_alarms.unwrap();
    assert!(tried.low <= 0.05 && 0.05 <= tried.high, "{tried:?}");
    // Everybody orders once in a window.
    let orders = &design.outcomes[1];
    let why = orders.not_measurable.clone().unwrap();
    assert!(
        matches!(why, WhyNot::NoVariation { .. }) && orders.arms.is_empty(),
        "{orders:#?}"
    );
    // Costs are not known.
    let margin = designed(&planned("mail", ""), &history, None);
    let why = margin.outcomes[0].not_measurable.clone().unwrap();
    assert!(why.to_string().contains("cost of no product"), "{why}");
}

#[test]
fn a_past_shorter_than_the_experiment_and_one_without_customers_are_refused() {
    let history = shop(50);
    let refused = |settings: &str, available: &[(String, i64)]| {
        let definition = planned("mail", settings);
        let plans = Plans {
            definition: &definition,
            history: &history,
            splits: 0,
            seed: 7,
            wanted: None,
        };
        let error = plans.design(DesignUnits::default(), available).unwrap_err();
        error.to_string()
    };
    let short = refused("window_days = 200", &everybody(50));
    assert!(
        short.contains("from 200 days of sales: `window_days` asks for 200"),
        "{short}"
    );
    let nobody = refused("", &[]);
    assert!(nobody.contains("of 0 customers"), "{nobody}");
}

#[test]
fn a_read_out_shares_the_definition_and_may_not_say_otherwise() {
    let definition = planned("mail", "outcomes = [\"revenue\"]\nbegins = \"2026-03-01\"");
    let check = |settings: &str, beside: &[Definition]| {
        let text = format!("kind = \"experiment\"\nowner = \"me\"\n[settings]\n{settings}\n");
        let raw = Raw::read(ConfigFile::new("read-out.toml", text)).unwrap();
        raw.beside(beside).check()
    };
    let beside = std::slice::from_ref(&definition);
    let shared = check("trial = \"mail\"", beside).unwrap();
    let alone = check("trial = \"mail\"", &[]).unwrap();
    let other = check("trial = \"letter\"", beside).unwrap();
    assert_ne!(shared.header().fingerprint, alone.header().fingerprint);
    assert_ne!(shared.header().fingerprint, other.header().fingerprint);
    assert!(
        check(
            "trial = \"mail\"\nwindow_days = 28\ncontrol = \"none\"",
            beside
        )
        .is_ok()
    );
    for (said, says) in [
        (
            "window_days = 14",
            "`settings.window_days` is 14, allowed is 28, as experiments/mail.toml says",
        ),
        (
            "outcomes = [\"margin\"]",
            "is [\"margin\"], allowed is [\"revenue\"]",
        ),
        ("begins = \"2026-03-02\"", "allowed is \"2026-03-01\""),
    ] {
        let error = check(&format!("trial = \"mail\"\n{said}"), beside).map(|_| ());
        let error = error.unwrap_err().to_string();
        assert!(
            error.starts_with("read-out.toml:5: ") && error.contains(says),
            "{error}"
        );
    }
}

#[test]
fn a_plan_says_what_it_can_see_of_a_ratio_and_how_likely_a_guardrail_is_kept() {
    let history = shop(600);
    let ratios = "outcomes = [\"revenue\"]\ncovariate_days = 90\n[[ratio]]\nname = \"basket\"\nof = \"revenue\"\nper = \"orders\"\n[[ratio]]\nname = \"returned\"\nof = \"returns\"\nper = \"lines\"\n";
    let rail = |what: &str, worse_by: f64| {
        format!("[[guardrail]]\noutcome = \"{what}\"\nworse_by = {worse_by}\n")
    };
    let rails = [
        rail("revenue", 0.02),
        rail("basket", 0.1),
        rail("returned", 0.1),
    ]
    .concat();
    let definition = planned("mail", &format!("{ratios}{rails}"));
    let design = designed(&definition, &history, Some(Wanted::Relative(0.05)));
    let [revenue, basket, returned] = &design.outcomes[..] else {
        panic!("{design:#?}")
    };
    // Everybody orders once in a window: revenue per order is revenue per customer.
    assert_eq!(basket.unit, "basket (revenue per order) within 28 days");
    let same = |one: Option<f64>, other: Option<f64>| {
        assert!(
            (one.unwrap() / other.unwrap() - 1.0).abs() < 1e-9,
            "{one:?} {other:?}"
        );
    };
    same(basket.mean, revenue.mean);
    same(basket.deviation, revenue.deviation);
    same(basket.arms[0].detectable, revenue.arms[0].detectable);
    assert_eq!(basket.arms[0].units_needed, revenue.arms[0].units_needed);
    let tried = basket.false_alarms.unwrap();
    assert!(tried.low <= 0.05 && 0.05 <= tried.high, "{tried:?}");
    // Nothing was taken back.
    assert!(returned.not_measurable.is_some() && returned.arms.is_empty());
    let [two, ten, none] = &design.guardrails[..] else {
        panic!("{design:#?}")
    };
    assert_eq!(
        (two.outcome.as_str(), two.arm.as_str(), two.units),
        ("revenue", "mail", 600)
    );
    assert!(
        two.kept.unwrap() < 0.2 && ten.kept.unwrap() > 0.95,
        "{:#?}",
        design.guardrails
    );
    assert!(two.units_needed.unwrap() > 600 && ten.units_needed.unwrap() < 600);
    assert_eq!((none.kept, none.units_needed), (None, None));
    // A guardrail is kept as often as was said.
    let mut kept = 0;
    let worse_by = 0.05;
    let of = planned(
        "mail",
        &format!("outcomes = [\"revenue\"]\n{}", rail("revenue", worse_by)),
    );
    let said = designed(&of, &history, None).guardrails[0].kept.unwrap();
    let rows: Vec<[f64; 2]> = (0..600)
        .map(|n| {
            let lines = history.lines_of(history.customer_index(&customer(n)).unwrap());
            let spent = |line: usize| lines[line].spend_cents as f64 / 100.0;
            [spent(2), spent(1)]
        })
        .collect();
    let sequence = ConfidenceSequence::tuned_to(TUNED_UNITS, 0.05).unwrap();
    let guardrail = Guardrail {
        method: Method::Adjusted,
        better: Direction::Higher,
        worse_by,
    };
    for split in 0..1_000 {
        let mut random = stream(12, split);
        let mut arms = [Moments::new(2), Moments::new(2)];
        for row in &rows {
            arms[usize::from(random.random::<bool>())]
                .push(row)
                .unwrap();
        }
        let says = guarded(&guardrail, &arms[0], &arms[1], &sequence).unwrap();
        kept += usize::from(matches!(says, Guarded::Kept(_)));
    }
    // Four standard deviations of 1,000 splits are 6 %, at the most.
    assert!(
        (kept as f64 / 1_000.0 - said).abs() < 0.07,
        "{kept} of 1000, {said} was said"
    );
}

#[test]
fn ratios_and_guardrails_are_part_of_what_was_planned() {
    let basket = "[[ratio]]\nname = \"basket\"\nof = \"revenue\"\nper = \"orders\"\n";
    let rail = "[[guardrail]]\noutcome = \"basket\"\nworse_by = 0.02\n";
    let (plain, guarded) = (
        planned("mail", ""),
        planned("mail", &format!("{basket}{rail}")),
    );
    let changes: Vec<String> = guarded
        .changes(&plain)
        .iter()
        .map(|c| c.key.clone())
        .collect();
    assert_eq!(changes, ["guardrail", "ratio"]);
    let check = |settings: &str| {
        let text = format!("kind = \"experiment\"\nowner = \"me\"\n[settings]\n{settings}\n");
        let raw = Raw::read(ConfigFile::new("read-out.toml", text)).unwrap();
        raw.beside(std::slice::from_ref(&guarded))
            .check()
            .map(|_| ())
    };
    assert!(check("trial = \"mail\"").is_ok());
    let other = "trial = \"mail\"\n[[settings.guardrail]]\noutcome = \"margin\"\nworse_by = 0.5";
    let error = check(other).unwrap_err().to_string();
    assert!(
        error.contains("`settings.guardrail` is")
            && error.contains("as experiments/mail.toml says"),
        "{error}"
    );
    for (settings, says) in [
        (
            "[[guardrail]]\noutcome = \"basket\"\nworse_by = 0.02",
            "`guardrail.0.outcome` is \"basket\"",
        ),
        (
            "unit = \"site\"\noutcomes = [\"revenue\"]\n[[ratio]]\nname = \"per visit\"\nof = \"revenue\"\nper = \"visits\"",
            "`ratio` is one of visits",
        ),
    ] {
        let error = read("mail", settings).unwrap_err().to_string();
        assert!(error.contains(says), "{settings}: {error}");
    }
    let visits = "[[ratio]]\nname = \"per visit\"\nof = \"revenue\"\nper = \"visits\"\n";
    assert!(planned("mail", visits).reads_visits() && !plain.reads_visits());
}
