//! What promotions take from others of their category, on simulated boutiques where that is planted.

use std::collections::BTreeMap;
use std::sync::Arc;

use features::demand::{CalendarDay, Demand, Place, Promotion, Sold, SoldDay, WeatherDay};
use features::{History, HistoryBuilder, Product as Item};
use products::{Fitted, Product, Raw};
use schema::AsOf;
use schema::config::ConfigFile;
use schema::time::epoch_day;
use simulator::{Boutique, BoutiqueShop};

const HORIZON: u32 = 14;

pub(crate) fn product(settings: &str) -> Box<dyn Product> {
    let text = format!(
        "kind = \"demand\"\nowner = \"tests\"\n\n[settings]\nhorizon = {HORIZON}\nrows_max = 60000\n{settings}"
    );
    let raw = Raw::read(ConfigFile::new("demand.toml", text)).unwrap();
    raw.check().unwrap()
}

pub(crate) fn chain(seed: u64, taken_percent: u32) -> BoutiqueShop {
    BoutiqueShop::new(&Boutique {
        seed,
        stores: 4,
        products: 80,
        customers: 100,
        days: 560,
        taken_percent,
        ..Boutique::default()
    })
    .unwrap()
}

/// What was wanted of every product at every store on each day, as if no shelf had ever been empty.
pub(crate) fn history(shop: &BoutiqueShop) -> Arc<History> {
    history_with(shop, Vec::new())
}

/// The same with the weather.
pub(crate) fn history_with(shop: &BoutiqueShop, weather: Vec<WeatherDay>) -> Arc<History> {
    let days = usize::try_from((shop.now() - shop.date(0)).get_days()).unwrap();
    let first = epoch_day(shop.date(0));
    let day = |day: usize| first + i32::try_from(day).unwrap();
    let stores: Vec<usize> = (0..shop.sites().len())
        .filter(|site| !shop.sites()[*site].warehouse)
        .collect();
    let listed = shop.listed().filter(|(_, site)| stores.contains(site));
    let sold = listed.map(|(product, site)| {
        let days = (0..days).filter_map(|at| {
            let units = i64::from(shop.wanted(product, site, at));
            (units > 0).then(|| SoldDay {
                day: day(at),
                units,
                ..SoldDay::default()
            })
        });
        Sold {
            product: shop.products()[product].reference.clone(),
            site: Some(shop.sites()[site].id.clone()),
            days: days.collect(),
        }
    });
    let mut sold: Vec<Sold> = sold.filter(|sold| !sold.days.is_empty()).collect();
    sold.sort_by(|a, b| (&a.product, &a.site).cmp(&(&b.product, &b.site)));
    let files = shop.before();
    let rows = |path: &str| -> Vec<Vec<String>> {
        let file = files.iter().find(|file| file.path == path).unwrap();
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        let lines = text.lines().skip(1);
        lines
            .map(|line| line.split(',').map(str::to_owned).collect())
            .collect()
    };
    let date = |text: &str| epoch_day(text.parse().unwrap());
    let promotions = rows("raw/promotions.csv").into_iter().map(|row| Promotion {
        product: Some(row[1].clone()),
        site: (row[2] != "*" && !row[2].is_empty()).then(|| row[2].clone()),
        first: date(&row[3]),
        last: date(&row[4]),
        depth: Some(row[5].parse().unwrap()),
        spend_cents: None,
    });
    let calendar = rows("raw/calendar.csv").into_iter().map(|row| CalendarDay {
        day: date(&row[0]),
        site: Some(row[1].clone()),
        open: ["1", "true", "yes"].contains(&row[2].as_str()),
        holiday: (!row[3].is_empty()).then(|| row[3].clone()),
        school_holiday: None,
    });
    let places = stores.iter().map(|site| Place {
        id: shop.sites()[*site].id.clone(),
        format: None,
        region: Some(shop.sites()[*site].region.to_owned()),
    });
    let demand = Demand {
        sold,
        calendar: calendar.collect(),
        promotions: promotions.collect(),
        places: places.collect(),
        weather,
        ..Demand::default()
    };
    let items = shop.products().iter().map(|of| Item {
        id: of.reference.clone(),
        category: Some(of.category.to_owned()),
        active: true,
        ..Item::default()
    });
    let builder = HistoryBuilder::default();
    Arc::new(
        builder
            .build(AsOf(shop.now()), items.collect())
            .with_demand(demand),
    )
}

/// By category, what promotions brought and what they took, as shares of what was promoted would have sold.
fn truth(shop: &BoutiqueShop) -> BTreeMap<&str, [f64; 2]> {
    let days = usize::try_from((shop.now() - shop.date(0)).get_days()).unwrap();
    let mut sums: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for (product, site) in shop.listed() {
        let of = sums.entry(shop.products()[product].category).or_default();
        for day in 0..days {
            let Some(drivers) = shop.drivers(product, site, day) else {
                continue;
            };
            let base = drivers.intensity() / drivers.promotion / drivers.others;
            of[0] += base * (drivers.promotion - 1.0);
            of[1] += base * (drivers.others - 1.0);
            if drivers.promotion > 1.0 {
                of[2] += base;
            }
        }
    }
    let shares = |[own, others, base]: [f64; 3]| [own / base, others / base];
    sums.into_iter()
        .map(|(name, of)| (name, shares(of)))
        .collect()
}

fn change(of: &serde_json::Value, name: &str) -> [f64; 3] {
    ["point", "low", "high"].map(|end| of[name][end].as_f64().unwrap())
}

/// The table of a version beside the truth: how many categories, in how many the interval of what is taken holds, in how
/// many it lies below 0, and the mean of what is taken as found and in truth.
fn table(version: &dyn Fitted, shop: &BoutiqueShop) -> (usize, usize, usize, [f64; 2]) {
    let page = version.page();
    let (mut of, mut held, mut surely, mut means) = (0, 0, 0, [0.0; 2]);
    let truths = truth(shop);
    for found in page["promotions"].as_array().unwrap() {
        let truth = truths[found["category"].as_str().unwrap()];
        if found["others"].is_null() {
            continue;
        }
        let ([own, _, _], [point, low, high]) = (change(found, "own"), change(found, "others"));
        assert!((own + point - change(found, "net")[0]).abs() < 1e-9);
        // What is promoted sells more: the display alone lifts it by a sixth.
        assert!(
            own > 0.1 && (own - truth[0]).abs() < 0.5 * truth[0],
            "{found} {truth:?}"
        );
        of += 1;
        held += usize::from(low <= truth[1] && truth[1] <= high);
        surely += usize::from(high < 0.0);
        means[0] += point;
        means[1] += truth[1];
    }
    (of, held, surely, means.map(|sum| sum / of as f64))
}

#[test]
fn what_promotions_take_from_their_category_is_told_beside_what_they_bring() {
    let taking = chain(3, 150);
    let version = product("").fit(&history(&taking), 1).unwrap();
    let (of, held, surely, [found, planted]) = table(version.as_ref(), &taking);
    println!("taken: {held} of {of} held, {surely} surely, {found:.3} for {planted:.3}");
    assert!(of >= 8 && held + 2 >= of, "{held} of {of}");
    assert!(
        (found - planted).abs() < 0.35 * planted.abs(),
        "{found} {planted}"
    );
    let summary = version.summary().join("\n");
    assert!(
        summary.contains("for the rest of the category, net "),
        "{summary}"
    );
    // By default nothing is taken, and nothing is found but by chance.
    let plain = chain(3, 0);
    let version = product("").fit(&history(&plain), 1).unwrap();
    let (of, held, surely, [found, _]) = table(version.as_ref(), &plain);
    println!("nothing taken: {held} of {of} held, {surely} surely, {found:.3}");
    assert!(
        held + 2 >= of && found.abs() < 0.5 * planted.abs(),
        "{held} of {of}: {found}"
    );
}

/// Weighted quantile loss and absolute error of a version on the days after it.
fn measured(later: &Arc<History>, settings: &str) -> [f64; 2] {
    let product = product(settings);
    let from = product.measured_from(later.as_of());
    let version = product.fit(&later.until(from), 1).unwrap();
    let card = version.evaluate(later, 1);
    [0, 1].map(|at| card.metrics[at].value.point().unwrap())
}

#[test]
fn promotions_of_others_are_a_driver_that_adds_up_where_they_are_taken_in() {
    let shop = chain(3, 150);
    let later = history(&shop);
    let settings = "promotions_of_others = \"taken_in\"\n";
    let version = product(settings).fit(&later, 1).unwrap();
    let rules = decisions::RuleSet::default();
    let recent = Arc::new(products::Recent::default());
    let serving = version.attach(Arc::new(products::Shop::new(
        Arc::clone(&later),
        &rules,
        recent,
    )));
    let now = jiff::Timestamp::UNIX_EPOCH;
    let mut seen = 0;
    for asked in serving.all().unwrap().iter().step_by(7) {
        let decided = serving.decide(asked, now).unwrap();
        let explained = serving.explain(asked, None, now).unwrap();
        let sum: f64 = explained.lines.iter().map(|line| line.contribution).sum();
        let said = decided.actions[0].score.unwrap();
        assert!((sum - said).abs() <= 1e-6 * said.max(1.0), "{sum} {said}");
        seen += usize::from(explained.lines.iter().any(|line| {
            line.what == "promotions of others of the category" && line.contribution != 0.0
        }));
    }
    assert!(seen > 0);
    let [out, taken] = ["", settings].map(|settings| measured(&later, settings));
    println!("left out {out:?}, taken in {taken:?}");
}
