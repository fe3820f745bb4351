//! Kind `demand` on small shops whose truth is known: what its series are made of, and what it answers.

use features::demand::{CalendarDay, Demand, OutOfStock, PriceFrom, Promotion, Sold, SoldDay};
use features::{History, HistoryBuilder, NewLine, Product as Item};
use products::{Asked, Decisions, Fitted, Infeasible, Product, Raw, Recent, Serving, Shop};
use schema::config::ConfigFile;
use schema::time::{date_of, epoch_day};
use schema::{AsOf, Estimate, ProductId};
use std::sync::Arc;

/// Monday.
pub(crate) const FIRST: i32 = 19_723;
pub(crate) const DAYS: i32 = 210;
pub(crate) const HORIZON: i32 = 7;

pub(crate) fn product(settings: &str) -> Box<dyn Product> {
    let text = format!(
        "kind = \"demand\"\nowner = \"tests\"\n\n[settings]\nhorizon = {HORIZON}\nrows_max = 10000\n{settings}"
    );
    let raw = Raw::read(ConfigFile::new("demand.toml", text)).unwrap();
    raw.check().unwrap()
}

/// Units of a product at a site on a day: closed on Sundays, twice as much on Saturdays, half as much again when
/// promoted.
pub(crate) fn units(product: usize, site: usize, day: i32, promoted: bool) -> i64 {
    let weekday = (day - FIRST).rem_euclid(7);
    let usual = 20 + 10 * product as i64 + 6 * site as i64 + i64::from((day * 7 + 3) % 5);
    match weekday {
        6 => 0,
        5 => 2 * usual,
        _ if promoted => 3 * usual / 2,
        _ => usual,
    }
}

pub(crate) fn is_promoted(day: i32) -> bool {
    (day - FIRST).rem_euclid(14) < 3
}

pub(crate) fn sold() -> Vec<Sold> {
    let mut all = Vec::new();
    for product in 0..3 {
        for site in 0..2 {
            let day = |day| SoldDay {
                day,
                units: units(product, site, day, is_promoted(day)),
                spend_cents: 100 * units(product, site, day, is_promoted(day)),
                ..SoldDay::default()
            };
            let days = (FIRST..FIRST + DAYS).map(day).filter(|d| d.units > 0);
            all.push(Sold {
                product: format!("p{product}"),
                site: Some(format!("s{site}")),
                days: days.collect(),
            });
        }
    }
    all
}

/// Every open day of both sites up to a day.
fn calendar(until: i32) -> Vec<CalendarDay> {
    let days = (0..2).flat_map(|site| {
        (FIRST..until)
            .filter(|day| (day - FIRST).rem_euclid(7) != 6)
            .map(move |day| CalendarDay {
                day,
                site: Some(format!("s{site}")),
                open: true,
                holiday: None,
                school_holiday: None,
            })
    });
    days.collect()
}

fn promotions(until: i32) -> Vec<Promotion> {
    let days = (FIRST..until).filter(|day| is_promoted(*day));
    days.map(|day| Promotion {
        product: None,
        site: None,
        first: day,
        last: day,
        depth: None,
        spend_cents: None,
    })
    .collect()
}

pub(crate) fn whole() -> Demand {
    Demand {
        sold: sold(),
        calendar: calendar(FIRST + DAYS + HORIZON),
        promotions: promotions(FIRST + DAYS + HORIZON),
        ..Demand::default()
    }
}

pub(crate) fn history(demand: Demand) -> Arc<History> {
    let mut builder = HistoryBuilder::default();
    builder.push(NewLine {
        customer: None,
        product: "p0",
        order: "o",
        at_seconds: i64::from(FIRST) * 86_400,
        quantity: 1,
        spend_cents: 100,
        discount_cents: 0,
        is_return: false,
    });
    let items = (0..3).map(|p| Item {
        id: format!("p{p}"),
        active: true,
        ..Item::default()
    });
    let as_of = AsOf(date_of(FIRST + DAYS));
    Arc::new(builder.build(as_of, items.collect()).with_demand(demand))
}

pub(crate) fn fitted(history: &Arc<History>, settings: &str) -> Box<dyn Fitted> {
    product(settings).fit(history, 1).unwrap()
}

pub(crate) fn serving(history: &Arc<History>, settings: &str) -> Box<dyn Serving> {
    let rules = decisions::RuleSet::default();
    let shop = Shop::new(Arc::clone(history), &rules, Arc::new(Recent::default()));
    fitted(history, settings).attach(Arc::new(shop))
}

pub(crate) fn asked(product: &str, site: Option<&str>) -> Asked {
    Asked {
        product_id: Some(ProductId::new(product).unwrap()),
        placement: site.map(str::to_owned),
        ..Asked::default()
    }
}

pub(crate) fn decided(serving: &dyn Serving, product: &str, site: Option<&str>) -> Decisions {
    let now = jiff::Timestamp::UNIX_EPOCH;
    serving.decide(&asked(product, site), now).unwrap()
}

pub(crate) fn point(decisions: &Decisions, at: usize) -> f64 {
    decisions.actions[at]
        .estimate
        .as_ref()
        .unwrap()
        .point()
        .unwrap()
}

#[test]
fn each_day_is_forecast_the_closed_one_is_nothing_and_the_total_is_all() {
    let history = history(whole());
    let serving = serving(&history, "");
    let week = decided(serving.as_ref(), "p1", Some("s0"));
    assert_eq!(week.actions.len(), 1 + HORIZON as usize);
    assert_eq!(week.actions[0].id, "total");
    let mut sum = 0.0;
    for ahead in 0..HORIZON {
        let day = FIRST + DAYS + ahead;
        let action = &week.actions[1 + ahead as usize];
        assert_eq!(action.id, date_of(day).to_string());
        let truth = units(1, 0, day, is_promoted(day)) as f64;
        let said = point(&week, 1 + ahead as usize);
        assert!(
            (said - truth).abs() <= 0.15 * truth,
            "{}: {said} {truth}",
            action.id
        );
        let codes: Vec<String> = action
            .reasons
            .list()
            .iter()
            .map(|r| r.code.clone())
            .collect();
        let closed = truth == 0.0;
        assert_eq!(codes.contains(&"closed".to_owned()), closed, "{codes:?}");
        let promoted = is_promoted(day) && !closed;
        assert_eq!(
            codes.contains(&"promotion".to_owned()),
            promoted,
            "{codes:?}"
        );
        let (low, high) = action.estimate.as_ref().unwrap().interval().unwrap();
        assert!(
            low >= 0.0 && low.is_sign_positive() && high >= said,
            "{action:?}"
        );
        sum += said;
    }
    assert!((point(&week, 0) - sum).abs() < 1e-9 * sum);
    let explained = serving
        .explain(&asked("p1", Some("s0")), None, jiff::Timestamp::UNIX_EPOCH)
        .unwrap();
    assert!((explained.score - sum).abs() < 1e-6 * sum, "{explained:?}");
}

#[test]
fn a_site_must_be_named_where_there_are_several_and_be_one_of_them() {
    let history = history(whole());
    let serving = serving(&history, "");
    let now = jiff::Timestamp::UNIX_EPOCH;
    let refused =
        |product: &str, site: Option<&str>| serving.decide(&asked(product, site), now).unwrap_err();
    for site in [None, Some("s9")] {
        let why = refused("p1", site);
        assert!(
            matches!(&why, Infeasible::Placement { allowed, .. } if allowed == "s0, s1"),
            "{why}"
        );
    }
    let why = refused("p9", None);
    assert!(matches!(why, Infeasible::UnknownSeries { .. }), "{why}");
    let few = Asked {
        items: Some(3),
        ..asked("p1", Some("s1"))
    };
    let first = serving.decide(&few, now).unwrap();
    assert_eq!(first.actions.len(), 3);
    assert_eq!(first.actions[0].id, date_of(FIRST + DAYS).to_string());
    let why = serving
        .decide(
            &Asked {
                items: Some(8),
                ..few
            },
            now,
        )
        .unwrap_err();
    assert_eq!(
        why,
        Infeasible::Items {
            found: 8,
            allowed: 7
        }
    );
    // All sites together need no site.
    let together = self::serving(&history, "grain = \"product\"\n");
    let both = point(&decided(together.as_ref(), "p1", None), 1);
    let each: f64 = ["s0", "s1"]
        .map(|site| point(&decided(serving.as_ref(), "p1", Some(site)), 1))
        .iter()
        .sum();
    assert!((both - each).abs() < 0.1 * each, "{both} {each}");
}

#[test]
fn a_calendar_that_ends_too_early_falls_back_on_weekdays_and_says_so() {
    for (until, says) in [
        (FIRST + DAYS, "after it sites are taken to be open"),
        (FIRST + DAYS - 300, "without holidays"),
    ] {
        let demand = Demand {
            calendar: if until > FIRST {
                calendar(until)
            } else {
                // A holiday file for the wrong year: it says nothing of the days asked about.
                vec![CalendarDay {
                    day: until,
                    site: None,
                    open: false,
                    holiday: Some("New Year".to_owned()),
                    school_holiday: None,
                }]
            },
            ..whole()
        };
        let history = history(demand);
        let version = fitted(&history, "");
        let told = version.summary().join("; ");
        assert!(told.contains(says), "{told}");
        let serving = serving(&history, "");
        let week = decided(serving.as_ref(), "p2", Some("s1"));
        let sunday = (1..=HORIZON as usize).find(|at| {
            let day = epoch_day(week.actions[*at].id.parse().unwrap());
            (day - FIRST).rem_euclid(7) == 6
        });
        let open = week.actions.len() - 1 - usize::from(point(&week, sunday.unwrap()) == 0.0);
        assert!(open >= 6, "{week:?}");
        if until > FIRST {
            assert_eq!(point(&week, sunday.unwrap()), 0.0);
        }
    }
}

#[test]
fn days_out_of_stock_do_not_lower_the_forecast() {
    // For the last eight weeks nothing of p0 was there at s0 in the second half of each week.
    let is_out =
        |day: i32| day >= FIRST + DAYS - 56 && (3..6).contains(&(day - FIRST).rem_euclid(7));
    let mut demand = whole();
    for series in &mut demand.sold {
        if series.product == "p0" && series.site.as_deref() == Some("s0") {
            series.days.retain(|day| !is_out(day.day));
        }
    }
    let naive = history(demand.clone());
    demand.out_of_stock = (FIRST..FIRST + DAYS)
        .filter(|day| is_out(*day))
        .map(|day| OutOfStock {
            product: "p0".to_owned(),
            site: "s0".to_owned(),
            from: day,
            until: Some(day + 1),
        })
        .collect();
    let told = history(demand);
    let truth: i64 = (0..HORIZON)
        .map(|ahead| FIRST + DAYS + ahead)
        .map(|day| units(0, 0, day, is_promoted(day)))
        .sum();
    let off = |history: &Arc<History>| {
        let serving = serving(history, "");
        point(&decided(serving.as_ref(), "p0", Some("s0")), 0) / truth as f64 - 1.0
    };
    let (with, without) = (off(&told), off(&naive));
    assert!(with.abs() < 0.1, "{with}");
    assert!(without < -0.2, "{without}");
    let summary = fitted(&told, "").summary().join("; ");
    assert!(
        summary.contains("24 days of series were out of stock"),
        "{summary}"
    );
}

#[test]
fn what_came_back_lowers_demand_only_where_it_is_asked_to() {
    let mut demand = whole();
    for day in demand.sold.iter_mut().flat_map(|series| &mut series.days) {
        day.returned_units = day.units / 2;
        day.returned_cents = day.spend_cents / 2;
    }
    let history = history(demand);
    let total = |settings: &str| {
        let serving = serving(&history, settings);
        point(&decided(serving.as_ref(), "p1", Some("s1")), 0)
    };
    let (gross, net) = (total(""), total("returns = \"taken_off\"\n"));
    assert!((net / gross - 0.5).abs() < 0.05, "{gross} {net}");
    // Revenue is in cents, at one of the shop's currency a unit.
    let money = total("measure = \"revenue\"\n");
    assert!(
        (money / (100.0 * gross) - 1.0).abs() < 0.05,
        "{gross} {money}"
    );
}

#[test]
fn a_price_that_is_not_known_yet_is_the_last_one() {
    let demand = Demand {
        prices: ["p0", "p1", "p2"]
            .into_iter()
            .flat_map(|product| {
                [(FIRST, 100), (FIRST + 100, 120)].map(|(from, cents)| PriceFrom {
                    product: product.to_owned(),
                    from,
                    cents,
                })
            })
            .collect(),
        ..whole()
    };
    let history = history(demand);
    let serving = serving(&history, "");
    let week = decided(serving.as_ref(), "p1", Some("s0"));
    assert!(point(&week, 0) > 0.0);
    for action in &week.actions {
        let estimate = action.estimate.as_ref().unwrap();
        assert!(
            !matches!(estimate, Estimate::NotMeasurable(_)),
            "{action:?}"
        );
    }
}

#[test]
fn products_without_a_price_to_come_are_counted() {
    let price = |product: &str, from: i32| PriceFrom {
        product: product.to_owned(),
        from,
        cents: 100,
    };
    let told = |prices: Vec<PriceFrom>| {
        let history = history(Demand { prices, ..whole() });
        fitted(&history, "").summary().join("\n")
    };
    const NONE: &str =
        "no price is known of 2 products in the days to come: their forecasts look at none";
    // One has a price that holds on; the prices of one begin after the first day that is forecast.
    let some = vec![price("p0", FIRST), price("p1", FIRST + DAYS + 1)];
    let told_of_some = told(some);
    assert!(told_of_some.contains(NONE), "{told_of_some}");
    let all = ["p0", "p1", "p2"].map(|product| price(product, FIRST));
    assert!(!told(all.into()).contains("no price is known"));
    assert!(!told(Vec::new()).contains("no price is known"));
}

#[test]
fn a_series_that_hardly_ever_sold_says_so() {
    let mut demand = whole();
    let day = |day: i32, units: i64, returned_units: i64| SoldDay {
        day,
        units,
        returned_units,
        ..SoldDay::default()
    };
    let series = |product: &str, days: Vec<SoldDay>| Sold {
        product: product.to_owned(),
        site: Some("s0".to_owned()),
        days,
    };
    demand.sold.extend([
        // What came back of what was sold before all that is known.
        series("zeros", vec![day(FIRST + 1, 0, 2), day(FIRST + 50, 0, 1)]),
        series("spike", vec![day(FIRST + 1, 500, 0)]),
    ]);
    let history = history(demand);
    let serving = serving(&history, "");
    for (product, sold) in [("zeros", 0), ("spike", 1)] {
        let decided = decided(serving.as_ref(), product, Some("s0"));
        let reasons = decided.actions[0].reasons.list();
        let why = reasons.iter().find(|of| of.code == "hardly_sold");
        let why = why.unwrap_or_else(|| panic!("{product}: {reasons:?}"));
        let values = serde_json::to_value(&why.values).unwrap();
        assert_eq!(values["sold"], sold, "{product}");
        assert!(values["periods"].as_u64() > Some(150), "{values}");
        let score = decided.actions[0].score.unwrap();
        assert!(score.is_finite() && score >= 0.0, "{product} {score}");
    }
    let often = decided(serving.as_ref(), "p1", Some("s0"));
    let reasons = often.actions[0].reasons.list();
    assert!(reasons.iter().all(|of| of.code != "hardly_sold"));
}

#[test]
fn a_product_that_is_not_sold_any_more_is_forecast_nothing_and_says_why() {
    let ended = history(whole());
    let items = (0..3).map(|p| Item {
        id: format!("p{p}"),
        active: p != 2,
        ..Item::default()
    });
    let as_of = ended.as_of();
    let history = HistoryBuilder::default()
        .build(as_of, items.collect())
        .with_demand(whole());
    let history = Arc::new(history);
    let serving = serving(&history, "");
    let week = decided(serving.as_ref(), "p2", Some("s0"));
    assert_eq!(point(&week, 0), 0.0);
    assert_eq!(week.actions[0].reasons.list()[0].code, "ended");
    assert!(point(&decided(serving.as_ref(), "p1", Some("s0")), 0) > 0.0);
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    for (line, allowed) in [
        ("horizon = 0\n", "1 to 400"),
        ("interval = 0.4\n", "0.5 to 0.99"),
        ("rows_max = 5\n", "10000 to 50000000"),
        ("step = \"hour\"\n", "`day`"),
    ] {
        let text = format!("kind = \"demand\"\nowner = \"tests\"\n\n[settings]\n{line}");
        let raw = Raw::read(ConfigFile::new("demand.toml", text)).unwrap();
        let refused = raw.check().map(|_| ()).unwrap_err().to_string();
        assert!(
            refused.contains(allowed) && refused.contains("demand.toml:5"),
            "{refused}"
        );
    }
}

#[test]
fn too_short_a_history_is_refused_with_what_is_needed() {
    let mut demand = whole();
    for series in &mut demand.sold {
        series.days.retain(|day| day.day >= FIRST + DAYS - 20);
    }
    let refused = product("")
        .fit(&history(demand), 1)
        .map(|_| ())
        .unwrap_err();
    let told = std::iter::successors(Some(&refused as &dyn std::error::Error), |e| e.source());
    let told: Vec<String> = told.map(ToString::to_string).collect();
    assert!(
        told.join(": ")
            .contains("found 20 periods of history, at least 28 needed"),
        "{told:?}"
    );
}
