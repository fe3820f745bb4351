//! What launches were expected to sell before they opened is held against what they sold, beside what others had sold.

use crate::decided::{
    About, answer, day, imported, log, morning, number, of, parts, same, sums, write,
};
use factory::Workshop;
use factory::review::{Kinds, State};
use jiff::{Timestamp, ToSpan};
use lake::log::DecisionRecord;
use schema::progress::Silent;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const DAYS: i32 = 90;

/// From this day on launches sell much less than is expected.
const WORSE_FROM: i32 = 60;

/// Products in the launch of a day.
const PRODUCTS: i32 = 4;

/// One product in the launch that opens on a day and closes two days later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct One {
    opens: i32,
    product: i32,
}

impl One {
    fn all() -> impl Iterator<Item = Self> {
        (1..DAYS).flat_map(|opens| (0..PRODUCTS).map(move |product| Self { opens, product }))
    }

    fn launch(self) -> String {
        format!("L{}", self.opens)
    }

    fn item(self) -> String {
        format!("P{}-{}", self.opens, self.product)
    }

    fn closes(self) -> i32 {
        self.opens + 2
    }

    fn category(self) -> Option<&'static str> {
        ["shoes", "coats"].get(self.product as usize % 3).copied()
    }

    fn units(self) -> i32 {
        20 + 60 * (self.product % 2) + 7 * (self.opens % 5) + 3 * (self.opens * self.opens % 4)
    }

    /// How many there are, where that is known: some run out.
    fn available(self) -> Option<i32> {
        match (self.opens + self.product) % 6 {
            0 => Some(self.units()),
            1 => Some(self.units() + 1),
            _ => None,
        }
    }

    fn ran_out(self) -> bool {
        self.available() == Some(self.units())
    }

    fn is_known(self) -> bool {
        self.closes() < DAYS
    }

    /// What launches that had closed by the morning before it sold on average: of its category, else all.
    fn naive(self) -> Option<f64> {
        let mean = |alike: &dyn Fn(&Self) -> bool| {
            let closed = Self::all().filter(|of| of.closes() < self.opens && alike(of));
            let units: Vec<f64> = closed.map(|of| f64::from(of.units())).collect();
            (!units.is_empty()).then(|| units.iter().sum::<f64>() / units.len() as f64)
        };
        let of_category = self
            .category()
            .and_then(|category| mean(&|of| of.category() == Some(category)));
        of_category.or_else(|| mean(&|_| true))
    }

    fn off(self) -> f64 {
        let usual = 2.0 + f64::from((self.opens + self.product) % 3);
        if self.opens < WORSE_FROM {
            usual
        } else {
            8.0 * usual
        }
    }
}

async fn shop(folder: &Path) -> Workshop {
    let mut launches = "launch,product,opens,closes,available\n".to_owned();
    let mut sales = "order,at,product,units\n".to_owned();
    let mut products = "product,category\n".to_owned();
    for one in One::all() {
        let (item, launch) = (one.item(), one.launch());
        let available = one
            .available()
            .map_or_else(String::new, |of| of.to_string());
        let (opens, closes) = (day(one.opens), day(one.closes()));
        writeln!(
            launches,
            "{launch},{item},{opens} 00:00:00,{closes} 00:00:00,{available}"
        )
        .unwrap();
        writeln!(products, "{item},{}", one.category().unwrap_or_default()).unwrap();
        // Half on each day; what comes back, or sells before and after, is none of the launch.
        let (first, units) = (one.units() / 3, one.units());
        for (name, number, units) in [
            ("a", one.opens, first),
            ("b", one.opens + 1, units - first),
            ("c", one.opens - 1, 50),
            ("d", one.closes(), 70),
            ("e", one.opens + 1, -1),
        ] {
            if number < DAYS {
                writeln!(sales, "{name}{item},{},{item},{units}", day(number)).unwrap();
            }
        }
    }
    write(
        folder,
        &[
            ("comptoir.toml", "name = \"Club\"\n"),
            (
                "products/launches.toml",
                "kind = \"launch\"\nowner = \"buying\"\n",
            ),
            (
                "sources/sales.toml",
                "table = \"sales\"\nfiles = \"raw/sales.csv\"\nformat = \"csv\"\ncurrency = \"EUR\"\n\n[columns]\n\
                 order_id = { from = \"order\" }\nline_no = { row_number = true }\nsold_at = { from = \"at\" }\n\
                 product_id = { from = \"product\" }\nquantity = { from = \"units\" }\nunit_price_cents = { value = \"2.00\" }\n\n\
                 [[return]]\nwhen = \"units < 0\"\nreason = \"came back\"\n",
            ),
            (
                "sources/launches.toml",
                "table = \"launches\"\nfiles = \"raw/launches.csv\"\nformat = \"csv\"\ntime_zone = \"UTC\"\n\
                 date_format = \"%Y-%m-%d %H:%M:%S\"\n\n[columns]\nlaunch_id = { from = \"launch\" }\n\
                 product_id = { from = \"product\" }\nopens_at = { from = \"opens\" }\ncloses_at = { from = \"closes\" }\n\
                 available_units = { from = \"available\" }\n",
            ),
            (
                "sources/products.toml",
                "table = \"products\"\nfiles = \"raw/products.csv\"\nformat = \"csv\"\n\n[columns]\n\
                 product_id = { from = \"product\" }\ncategory = { from = \"category\" }\n",
            ),
            ("raw/sales.csv", &sales),
            ("raw/launches.csv", &launches),
            ("raw/products.csv", &products),
        ],
    );
    imported(folder, morning(DAYS)).await
}

fn decisions() -> Vec<DecisionRecord> {
    let mut all = Vec::new();
    let mut said = |item: &str, place: Option<&str>, made: Timestamp, total: f64| {
        let about = About {
            item: Some(item),
            place,
            ..About::default()
        };
        let figures = [("total", total), ("first_day", 1.0), ("pre_order", 9_999.0)];
        let answer = answer(("launches", 1), about, made, &figures);
        all.push(answer.clone());
        answer
    };
    let mut fallbacks = Vec::new();
    for one in One::all() {
        let (item, launch) = (one.item(), one.launch());
        let before = morning(one.opens - 1);
        // The launch need not be named where the product has one.
        let place = (one.opens % 2 == 0).then_some(launch.as_str());
        said(&item, place, before - 3.hour(), 5_000.0);
        let last = said(&item, place, before, f64::from(one.units()) + one.off());
        // In its first hours it is another question, and the baseline's answer is none of the version.
        said(&item, place, morning(one.opens), 5_000.0);
        let late = before + 1.hour();
        let id = format!("{} late", last.decision_id);
        fallbacks.push(DecisionRecord {
            decision_id: schema::DecisionId::new(id).unwrap(),
            decided_at: late,
            fallback: true,
            ..last
        });
    }
    // Of launches that nobody knows, and of one under another's name.
    said("ghost", Some("L3"), morning(1), 10.0);
    said("P4-1", Some("L5"), morning(1), 10.0);
    all.extend(fallbacks);
    all
}

#[tokio::test]
async fn launches_are_held_against_what_they_sold_and_a_fall_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = shop(folder.path()).await;
    log(&workshop, &decisions(), morning(DAYS)).await;
    let review = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();
    let (noted, known) = workshop.registry.outcomes("launches").await.unwrap();
    assert_eq!(known, Some(day(DAYS - 1)));
    let mut expected: BTreeMap<i32, (u64, [f64; 5])> = BTreeMap::new();
    for one in One::all().filter(|of| of.is_known() && !of.ran_out()) {
        let Some(naive) = one.naive() else { continue };
        let (came, off) = (f64::from(one.units()), one.off());
        let more = [off, off * off, (naive - came).abs(), off, came];
        let (count, sums) = expected.entry(one.closes()).or_default();
        *count += 1;
        for (sum, more) in sums.iter_mut().zip(more) {
            *sum += more;
        }
    }
    assert_eq!(noted.len(), expected.len());
    assert!(noted.len() > 80);
    for of in &noted {
        let (count, five) = &expected[&number(of.day)];
        assert_eq!((of.version, of.judged), (1, *count), "{}", of.day);
        same(&of.day.to_string(), &sums(&of.errors.unwrap()), five);
    }

    let (reviewed, live) = of(&review, "launches");
    let live = live.unwrap();
    let fell = live.fell.unwrap();
    let closes = WORSE_FROM + 2;
    assert!(
        fell.seen >= day(closes) && fell.seen <= day(closes + 10),
        "{fell:?}"
    );
    assert_eq!(reviewed.state, State::Broken);
    parts(reviewed, Kinds::Forecasts, &noted);
    let (first, last) = live.launch_days;
    assert_eq!(
        number(last) - number(first),
        13,
        "fourteen days are its launch"
    );
    assert!(
        !live.holds_out() && live.errors.unwrap().wape.is_some(),
        "{live:?}"
    );
    let waiting = One::all().filter(|of| !of.is_known()).count();
    assert_eq!(live.pending, waiting as u64);
}

#[tokio::test]
async fn launches_forecast_as_well_as_at_first_are_no_fall() {
    let folder = tempfile::tempdir().unwrap();
    let workshop = shop(folder.path()).await;
    let mut decisions = decisions();
    let worse: BTreeMap<String, f64> = One::all()
        .filter(|of| of.opens >= WORSE_FROM)
        .map(|of| (of.item(), 7.0 * of.off() / 8.0))
        .collect();
    for of in &mut decisions {
        let item = of.subject_product_id.as_ref().unwrap().as_str();
        if let (Some(less), lake::log::Answer::Actions(actions)) = (worse.get(item), &mut of.answer)
        {
            let total = actions[0].score.unwrap();
            actions[0].score = Some(total - less);
        }
    }
    log(&workshop, &decisions, morning(DAYS)).await;
    let review = workshop.review(&[], morning(DAYS), &Silent).await.unwrap();
    let (reviewed, live) = of(&review, "launches");
    let live = live.unwrap();
    assert!(live.fell.is_none(), "{live:?}");
    assert_ne!(reviewed.state, State::Broken);
}
