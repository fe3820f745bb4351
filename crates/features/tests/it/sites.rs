//! What each site sold, out of the lake.

use crate::shop::{Shop, as_of, until};
use features::SiteDay;
use schema::time::date_of;

const LINES: &str = "order_id, line_no, sold_at, product_id, site_id, quantity, unit_price_cents, discount_cents, currency, is_return";

#[tokio::test]
async fn a_day_of_a_site_counts_orders_once_and_takes_returns_and_their_discounts_off() {
    let mut shop = Shop::new().await;
    shop.put(
        "products",
        "product_id, cost_cents",
        "('lamp', 400), ('rug', NULL)",
    )
    .await;
    let line = |order: &str, no: u32, at: &str, product: &str, site: &str, sold: (i64, i64)| {
        let (quantity, discount) = sold;
        let back = quantity < 0;
        format!(
            "('{order}', {no}, '{at}', '{product}', {site}, {quantity}, 1000, {discount}, 'EUR', {back})"
        )
    };
    let rows = [
        line("o1", 1, "2024-03-01T10:00:00Z", "lamp", "'lyon'", (2, 300)),
        line("o1", 2, "2024-03-01T10:00:00Z", "rug", "'lyon'", (1, 0)),
        line("o2", 1, "2024-03-01T23:59:59Z", "lamp", "'lyon'", (1, 0)),
        line("o3", 1, "2024-03-01T12:00:00Z", "lamp", "'lyon'", (-1, 150)),
        line("o4", 1, "2024-03-02T00:00:00Z", "rug", "'lyon'", (1, 0)),
        line("o5", 1, "2024-03-01T10:00:00Z", "lamp", "NULL", (1, 0)),
        line("o6", 1, "2024-03-03T10:00:00Z", "lamp", "'nice'", (1, 0)),
    ];
    shop.put("sales", LINES, &rows.join(", ")).await;
    let sites = features::sites(&shop.lake, &shop.snapshot().await, &until("2024-03-03")).await;
    let sites = sites.unwrap();
    let lyon = [
        SiteDay {
            day: 19_783,
            orders: 2,
            // 2 × 10 - 3, 10, 10, and 10 - 1.50 back.
            spend_cents: 1_700 + 1_000 + 1_000 - 850,
            // The rug's cost is not known.
            margin_cents: (1_700 - 800) + (1_000 - 400) - (850 - 400),
            discount_cents: 300 - 150,
        },
        SiteDay {
            day: 19_784,
            orders: 1,
            spend_cents: 1_000,
            margin_cents: 0,
            discount_cents: 0,
        },
    ];
    assert_eq!(date_of(19_783).to_string(), "2024-03-01");
    let found: Vec<_> = sites.each().collect();
    assert_eq!(found, [("lyon", &lyon[..])]);
    assert_eq!(sites.elsewhere().len(), 1);
    let history = shop.load("2024-03-03").await.unwrap().with_sites(sites);
    let earlier = history.until(as_of("2024-03-02"));
    assert_eq!(earlier.sites().each().next().unwrap().1, &lyon[..1]);
}

#[tokio::test]
async fn a_history_knows_where_its_customers_usually_buy() {
    let mut shop = Shop::new().await;
    shop.put(
        "sites",
        "site_id, kind",
        "('paris', 'store'), ('lyon', 'store')",
    )
    .await;
    let columns = format!("{LINES}, customer_id");
    let line = |order: &str, day: u32, customer: &str, site: &str, back: bool| {
        format!(
            "('{order}', 1, '2024-03-0{day}T10:00:00Z', 'lamp', {site}, 1, 1000, 0, 'EUR', {back}, {customer})"
        )
    };
    let rows = [
        line("o1", 1, "'c1'", "'nice'", false),
        line("o2", 2, "'c1'", "'lyon'", false),
        line("o3", 3, "'c1'", "'lyon'", true),
        line("o4", 4, "'c1'", "'nice'", false),
        line("o5", 5, "'c1'", "NULL", false),
        line("o6", 1, "'c2'", "NULL", false),
        line("o7", 1, "NULL", "'metz'", false),
    ];
    shop.put("sales", &columns, &rows.join(", ")).await;
    let history = shop.load("2024-03-10").await.unwrap();
    let usual = |history: &features::History| {
        ["c1", "c2", "c3"].map(|id| history.usual_site(id).map(str::to_owned))
    };
    assert_eq!(history.site_names(), ["lyon", "metz", "nice", "paris"]);
    assert_eq!(usual(&history), [Some("nice".to_owned()), None, None]);
    // A day earlier as many orders were at both, and the last one in Lyon.
    let earlier = history.until(as_of("2024-03-04"));
    assert_eq!(usual(&earlier), [Some("lyon".to_owned()), None, None]);
    assert_eq!(
        history.usual_site_at("c1", as_of("2024-03-04")),
        Some("lyon")
    );
}
