//! The console's pages of demand and stock, on a shop whose sales are planted.

use crate::browser::available;
use crate::console::fit;
use crate::house::decide;
use crate::served::{get, shop};
use crate::stocked::{HORIZON, day, stocked, units};
use serde_json::json;
use std::collections::BTreeSet;

fn page(path: &str, language: &str) -> String {
    let response = get(stocked().address, path, &[("accept-language", language)]);
    assert_eq!(response.status, 200, "{path}: {}", response.body);
    response.body
}

/// A page without its tags.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first number after a text, as English writes it.
fn number_after(page: &str, before: &str) -> f64 {
    let rest = page
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {page}"))
        .1;
    let number: String = rest
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_digit() || ",.\u{2212}".contains(*c))
        .collect();
    let plain = number.replace(',', "").replace('\u{2212}', "-");
    plain
        .trim_end_matches('.')
        .parse()
        .unwrap_or_else(|e| panic!("{number:?} after {before:?}: {e}"))
}

const TEA: &str = "/demand/p1?product=orders&site=s2";

#[test]
fn a_page_shows_what_sold_what_is_expected_and_parts_that_add_up_to_it() {
    let html = page(TEA, "en");
    let told = text(&html);
    let answer = decide(
        stocked(),
        "orders",
        &json!({ "product_id": "p1", "placement": "s2" }),
    );
    let total = answer["actions"][0]["score"].as_f64().unwrap();
    // Figures on screen have three digits.
    let near = |shown: f64, what: &str| {
        assert!(
            (shown - total).abs() <= 0.006 * total,
            "{what}: {shown} for {total}"
        );
    };
    near(number_after(&told, "Expected, 7 days ahead"), "the total");
    near(number_after(&told, "Together:"), "the parts together");
    let parts = html
        .split("<title>What the forecast is made of</title><desc>")
        .nth(1)
        .unwrap();
    let parts = parts.split("</desc>").next().unwrap();
    let sum: f64 = parts.split(". ").map(|part| number_after(part, ": ")).sum();
    near(sum, parts);
    assert!(parts.split(". ").count() >= 3, "{parts}");
    // Each day ahead, with its interval; the promotion plan and the Sunday are told.
    let ahead = told.split("What is special").nth(1).unwrap();
    for number in 212..212 + HORIZON {
        let rest = ahead.split(&day(number).to_string()).nth(1).unwrap();
        if number % 7 == 6 {
            assert!(rest.starts_with(" closed"), "{rest:.80}");
        } else {
            // The street festival that a planner knows of, on the second to the fourth day.
            let times = if (213..=215).contains(&number) {
                1.3
            } else {
                1.0
            };
            let truth = times * units(1, 2, number) as f64;
            let said = number_after(rest, "");
            assert!(
                (said - truth).abs() < 0.25 * truth,
                "{number}: {said} for {truth}"
            );
        }
    }
    // What was sold on a day, the closed Sunday, and the days without stock.
    let before = told.rsplit("Sold, period by period").next().unwrap();
    let sold = |number: i64| before.split(&day(number).to_string()).nth(1).unwrap();
    assert_eq!(number_after(sold(198), ""), units(1, 2, 198) as f64);
    assert!(sold(209).starts_with(" closed"), "{:.80}", sold(209));
    assert!(
        sold(201).starts_with(" 0 out of stock on 1 of 1 days"),
        "{:.80}",
        sold(201)
    );
    let gaps = told.split("Gaps are no zeros").nth(1).unwrap();
    assert!(gaps.contains("3 out of stock"), "{gaps:.120}");
    assert_eq!(
        html.matches("class=\"s4 mark\"").count(),
        3 + 1,
        "three days and the legend"
    );
}

#[test]
fn stock_goods_on_the_way_and_changes_of_planners_stand_beside_the_forecast() {
    let told = text(&page(TEA, "en"));
    for part in [
        "On hand 95 at the end of 2024-07-30",
        "used up in the period of 2024-08-",
        "On the way 120 next: 120, due on 2024-08-02",
        "PO-9 Thés du Nord Lille (s2) 2024-07-26 2024-08-02 120",
        "2024-07-29 09:30 UTC ana 2024-08-01 – 2024-08-03 times 1.3 p1, Lille (s2) street festival",
        "ana changed it by",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    // What arrived is no longer on its way, and what was long over is not told.
    assert!(
        !told.contains("PO-8") && !told.contains("long over"),
        "{told}"
    );
    let quiet = text(&page("/demand/p0?product=orders&site=s0", "en"));
    assert!(
        quiet.contains("No planner changed these days") && quiet.contains("On hand unknown"),
        "{quiet}"
    );
}

#[test]
fn the_list_begins_with_what_is_out_of_stock_then_what_planners_changed() {
    let html = page("/demand", "en");
    let links: Vec<&str> = html
        .split("<a class=\"strong\" href=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(links.len(), 24);
    assert_eq!(links[0], "/demand/p3?product=orders&amp;site=s1");
    assert_eq!(links[1], "/demand/p1?product=orders&amp;site=s2");
    let told = text(&html);
    assert!(
        told.contains("Series 24 out of stock now 1 changed by planners 1"),
        "{told}"
    );
    assert!(!told.contains("still being gathered"), "{told}");
    let sold: i64 = (205..212).map(|number| units(1, 2, number)).sum();
    let row = html.split("changes of planners: 1").nth(1).unwrap();
    let shown = number_after(row, "data-name=\"Sold, 7 days before\" class=\"number\">");
    assert!(
        (shown - sold as f64).abs() <= 0.006 * sold as f64,
        "{sold}, shown {shown}"
    );
    let listed = |query: &str| {
        page(&format!("/demand?product=orders&{query}"), "en")
            .matches("<a class=\"strong\"")
            .count()
    };
    assert_eq!(
        [
            listed("q=COCO"),
            listed("q=p1&site=s2"),
            listed("site=s0"),
            listed("show=out_of_stock"),
            listed("q=none")
        ],
        [4, 1, 6, 1, 0]
    );
}

#[test]
fn totals_are_shown_from_all_together_down_to_a_series() {
    let list = page("/demand?product=orders", "en");
    assert!(
        list.contains("href=\"/totals?product=orders&amp;of=all\""),
        "{list}"
    );
    let html = page("/totals?product=orders&of=all", "en");
    let told = text(&html);
    let answer = decide(stocked(), "orders", &json!({ "placement": "all" }));
    let total = answer["actions"][0]["score"].as_f64().unwrap();
    let near =
        |shown: f64, truth: f64| assert!((shown - truth).abs() <= 0.006 * truth, "{shown} {truth}");
    near(number_after(&told, "Expected, 7 days ahead"), total);
    near(number_after(&told, "Together:"), total);
    for part in [
        "the sum of 24 series",
        "its interval is that of its own past errors, in 3 windows",
        "most of it is of category drinks",
        "By category",
        "By site",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    // What was sold on a day at all sites, and the closed Sunday.
    let before = told.rsplit("Sold, period by period").next().unwrap();
    let sold = |number: i64| before.split(&day(number).to_string()).nth(1).unwrap();
    let all: i64 = (0..6)
        .flat_map(|p| (0..4).map(move |s| units(p, s, 198)))
        .sum();
    near(number_after(sold(198), ""), all as f64);
    assert!(sold(209).starts_with(" closed"), "{:.80}", sold(209));
    // Down to a site, and to a series of it.
    let site = "/totals?product=orders&amp;of=site%3Ds2";
    assert!(html.contains(&format!("href=\"{site}\"")), "{html}");
    let html = page(&site.replace("&amp;", "&"), "en");
    assert!(
        html.contains("href=\"/demand/p1?product=orders&amp;site=s2\""),
        "{html}"
    );
    assert!(text(&html).contains("site Lille (s2)"), "{html}");
    let french = text(&page("/totals?product=orders&of=site%3Ds2", "fr"));
    for part in ["la somme de 6 séries", "Par séries", "Tout ensemble"] {
        assert!(french.contains(part), "no {part:?} in {french}");
    }
    // And to a category at one site.
    let both = "/totals?product=orders&amp;of=category%3Ddrinks%26site%3Ds2";
    let html = page("/totals?product=orders&of=category%3Ddrinks", "en");
    assert!(html.contains(&format!("href=\"{both}\"")), "{html}");
    let html = page(&both.replace("&amp;", "&"), "en");
    assert!(
        text(&html).contains("category drinks, site Lille (s2)"),
        "{html}"
    );
    let wrong = get(
        stocked().address,
        "/totals?product=orders&of=category%3Ddrink",
        &[],
    );
    assert_eq!(wrong.status, 404);
    assert!(
        text(&wrong.body).contains("near it are drinks"),
        "{}",
        wrong.body
    );
}

#[test]
fn the_api_answers_for_what_series_add_up_to() {
    let of = |placement: &str| {
        let answer = decide(stocked(), "orders", &json!({ "placement": placement }));
        let actions = answer["actions"].as_array().unwrap().clone();
        assert_eq!(answer["placement"], placement);
        actions
            .iter()
            .map(|action| action["score"].as_f64().unwrap())
            .collect::<Vec<f64>>()
    };
    let all = of("all");
    assert_eq!(all.len(), 1 + HORIZON as usize);
    for level in ["site=s", "product=p"] {
        let parts = if level == "site=s" { 4 } else { 6 };
        for (at, whole) in all.iter().enumerate() {
            let sum: f64 = (0..parts)
                .map(|part| of(&format!("{level}{part}"))[at])
                .sum();
            assert!((sum - whole).abs() <= 1e-9 * whole.max(1.0), "{level} {at}");
        }
    }
    let refused = |body: &serde_json::Value| {
        let path = "/v1/products/orders/decide";
        let answer = crate::served::post(stocked().address, path, &[], &body.to_string());
        let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        (answer.status, told["field"].clone(), told["detail"].clone())
    };
    let (status, field, detail) = refused(&json!({ "placement": "category=drink" }));
    assert_eq!((status, &field), (404, &json!("placement")));
    assert_eq!(
        detail,
        "no category \"drink\" is forecast, near it are drinks"
    );
    // A category at its sites is that category.
    let whole = of("category=drinks");
    for (at, whole) in whole.iter().enumerate() {
        let site = |site: i32| of(&format!("category=drinks&site=s{site}"))[at];
        let sum: f64 = (0..4).map(site).sum();
        assert!((sum - whole).abs() <= 1e-9 * whole.max(1.0), "{at}");
    }
    let (status, field, _) = refused(&json!({ "placement": "colour=red" }));
    assert_eq!((status, &field), (422, &json!("placement")));
}

#[test]
fn who_asks_for_what_is_not_there_is_told_what_is() {
    let address = stocked().address;
    let lost = |path: &str, status: u16, parts: &[&str]| {
        let response = get(address, path, &[]);
        assert_eq!(response.status, status, "{path}: {}", response.body);
        assert!(response.header("content-type").starts_with("text/html"));
        for part in parts {
            assert!(
                response.body.contains(part),
                "{path}: no {part:?} in {}",
                response.body
            );
        }
        assert!(!response.body.contains("<script>alert"), "{path}");
    };
    let site = "href=\"/demand/p1?product=orders&amp;site=s2\"";
    lost(
        "/demand/p9",
        404,
        &[
            "Nothing was sold of a product p9",
            "href=\"/demand/p3?product=orders\"",
            "Cocoa",
        ],
    );
    lost("/demand/p1", 200, &["It sells at several sites: 4", site]);
    lost(
        "/demand/p1?site=s9",
        404,
        &["It never sold at site s9", site],
    );
    lost("/demand/p1?product=none", 404, &["allowed is orders"]);
    lost("/demand?product=none", 404, &["allowed is orders"]);
    lost(
        "/demand/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        404,
        &["Nothing was sold"],
    );
    let french = get(address, "/demand/p9", &[("accept-language", "fr")]);
    assert!(
        french.body.contains("Rien ne s’est vendu d’un article p9"),
        "{}",
        french.body
    );
}

#[test]
fn every_link_of_these_pages_leads_somewhere() {
    let mut links: BTreeSet<String> = BTreeSet::new();
    for path in [
        "/demand?product=orders&q=tea",
        TEA,
        "/demand/p1",
        "/totals?product=orders&of=all",
        "/totals?product=orders&of=product%3Dp1",
    ] {
        let html = page(path, "en");
        let found = html.split("href=\"").skip(1);
        let found = found.map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
        links.extend(found.filter(|link| link.starts_with('/')));
    }
    assert!(
        links.iter().filter(|link| link.contains("site=")).count() >= 4,
        "{links:?}"
    );
    for link in links {
        assert_eq!(get(stocked().address, &link, &[]).status, 200, "{link}");
    }
}

#[test]
fn a_shop_without_such_a_product_has_no_such_pages() {
    let with = page("/products/orders", "en");
    assert!(with.contains("href=\"/demand\"") && with.contains("href=\"/demand?product=orders\""));
    assert!(
        !get(shop().address, "/", &[])
            .body
            .contains("href=\"/demand\"")
    );
    let none = get(shop().address, "/demand", &[]);
    assert!(
        none.status == 404 && none.body.contains("comptoir products"),
        "{}",
        none.body
    );
}

#[test]
fn french_pages_of_demand_are_french() {
    let told = text(&page(TEA, "fr"));
    for part in [
        "Thé d’été &lt;bio&gt;, Lille (s2)",
        "Attendu, 7 jours à venir",
        "De quoi la prévision est faite",
        "niveau",
        "fois 1,3 p1, Lille (s2) street festival",
        "unités par jour",
        "une promotion est prévue",
        "fermé",
    ] {
        assert!(told.contains(part), "no {part:?} in {told}");
    }
    for english in [
        "units",
        "expected",
        "out of stock",
        "on hand",
        "closed",
        "level",
        "day of the week",
    ] {
        assert!(!told.contains(english), "{english:?} in {told}");
    }
    let list = text(&page("/demand", "fr"));
    assert!(
        list.contains("en rupture à présent") && !list.contains("out of stock"),
        "{list}"
    );
}

#[test]
fn pages_of_demand_fit_a_telephone_and_write_nothing_to_the_console() {
    if !available("pages_of_demand_fit_a_telephone_and_write_nothing_to_the_console") {
        return;
    }
    let paths = [
        "/demand",
        "/totals?product=orders&of=all",
        TEA,
        "/demand/p1",
        "/demand/p9",
        "/products/orders",
    ]
    .map(str::to_owned);
    let looked = fit(stocked(), &paths.into());
    let found = looked.found.as_array().unwrap();
    let charts = |path: &str| found.iter().find(|p| p["path"] == path).unwrap()["charts"].as_u64();
    // The fan, and what it is made of.
    assert_eq!(charts(TEA), Some(2), "{found:?}");
}
