//! A source file that is wrong is refused at its line, with what was found and what is allowed.

use schema::config::ConfigFile;
use sources::Source;

const GOOD: &str = r#"table = "products"
files = "raw/*.csv"
format = "csv"
[columns]
product_id = { from = "id" }
"#;

fn refusal(toml: &str) -> String {
    Source::check(&ConfigFile::new("sources/p.toml", toml))
        .unwrap_err()
        .to_string()
}

#[test]
fn the_name_of_a_source_is_that_of_its_file() {
    let source = Source::check(&ConfigFile::new("sources/p.toml", GOOD)).unwrap();
    assert_eq!(
        (source.name(), source.table().name.as_str()),
        ("p", "products")
    );
}

#[test]
fn each_wrong_value_is_refused_at_its_line_with_what_is_allowed() {
    const ID: &str = "{ from = \"id\" }";
    let replaced = [
        (
            "\"products\"",
            "\"product\"",
            "sources/p.toml:1: `table` is \"product\", allowed is `assignments`, `calendar`,",
        ),
        (
            "\"products\"",
            "\"imports\"",
            "sources/p.toml:1: `table` is \"imports\"",
        ),
        (
            "\"csv\"",
            "\"xlsx\"",
            "sources/p.toml:3: unknown variant `xlsx`, expected one of",
        ),
        ("format", "formats", "unknown field `formats`"),
        (
            "product_id =",
            "product =",
            "sources/p.toml:5: `columns.product` is no column of `products`",
        ),
        (
            "product_id =",
            "name =",
            "`columns` is without `product_id`",
        ),
        (
            ID,
            "{ from = \"id\", value = \"x\" }",
            "`columns.product_id` is with several origins",
        ),
        (ID, "{}", "`columns.product_id` is without an origin"),
        (
            ID,
            "{ sql = \"upper(\" }",
            "sources/p.toml:5: `columns.product_id.sql`",
        ),
        (
            ID,
            "{ from = \"id\", unit = \"cents\" }",
            "`columns.product_id.unit`",
        ),
        (
            ID,
            "{ from = \"id\", format = \"dd/mm\" }",
            "sources/p.toml:5: `columns.product_id.format` is \"dd/mm\"",
        ),
        (
            ID,
            "{ from = \"id\", time_zone = \"Lyon\" }",
            "sources/p.toml:5: `columns.product_id.time_zone` is \"Lyon\", allowed is an IANA time zone",
        ),
    ];
    let before = [
        (
            "separator = \";;\"",
            "sources/p.toml:1: `separator` is \";;\"",
        ),
        ("thousands = \".\"", "other than the decimal mark"),
        (
            "time_zone = \"Europe/Lyon\"",
            "`time_zone` is \"Europe/Lyon\", allowed is an IANA time zone",
        ),
        (
            "date_format = \"dd/mm/yyyy\"",
            "`date_format` is \"dd/mm/yyyy\"",
        ),
        ("currency = \"euro\"", "`currency` is \"euro\""),
        (
            "query = \"DROP TABLE raw\"",
            "`query` is a statement that is no SELECT",
        ),
        ("header = false", "`column_names` is []"),
    ];
    let after = [
        (
            "price_cents = { value = \"cheap\" }",
            "`columns.price_cents.value` is \"cheap\", allowed is an amount",
        ),
        (
            "price_cents = { from = \"p\", unit = \"percent\" }",
            "sources/p.toml:6: `columns.price_cents.unit`",
        ),
        (
            "[[skip]]\nwhen = \"id = \"\nreason = \"x\"",
            "sources/p.toml:7: `skip.0.when`",
        ),
        (
            "[[skip]]\nwhen = \"id = 1\"\nreason = \"\"",
            "`skip.0.reason` is empty",
        ),
        (
            "[[return]]\nwhen = \"id = 1\"\nreason = \"x\"",
            "`return` is set for `products`",
        ),
        (
            "[[rule]]\nname = \"x\"",
            "exactly one of `unique`, `holds` and `column`",
        ),
        (
            "[[rule]]\nname = \"x\"\ncolumn = \"prize\"\nmin = 1",
            "`rule.0.column` is \"prize\"",
        ),
        (
            "[[rule]]\nname = \"x\"\ncolumn = \"name\"",
            "at least one of `min`",
        ),
        (
            "[[rule]]\nname = \"x\"\ncolumn = \"name\"\nreferences = \"customer\"",
            "sources/p.toml:9: `rule.0.references` is \"customer\", allowed is `table.column` of another table than `products`, of the type of `name` (text)",
        ),
        (
            "[[rule]]\nname = \"x\"\ncolumn = \"name\"\nreferences = \"products.product_id\"",
            "`rule.0.references` is \"products.product_id\"",
        ),
        (
            "[[rule]]\nname = \"x\"\ncolumn = \"name\"\nreferences = \"sales.quantity\"",
            "of the type of `name` (text)",
        ),
        (
            "[contract]\nvolume_share_min = 0.5\nvolume_share_max = 0.4",
            "sources/p.toml:8: `contract.volume_share_max` is 0.4, allowed is `volume_share_min` (0.5) or more",
        ),
        (
            "[contract]\nquarantined_share_max = 5",
            "sources/p.toml:7: `contract.quarantined_share_max` is 5, allowed is 0 to 1",
        ),
    ];
    let cases = replaced
        .iter()
        .map(|(old, new, says)| (GOOD.replace(old, new), *says))
        .chain(
            before
                .iter()
                .map(|(line, says)| (format!("{line}\n{GOOD}"), *says)),
        )
        .chain(
            after
                .iter()
                .map(|(lines, says)| (format!("{GOOD}{lines}\n"), *says)),
        );
    for (toml, says) in cases {
        let refusal = refusal(&toml);
        assert!(refusal.contains(says), "{refusal}\n{says}");
    }
}

#[test]
fn the_json_schema_of_the_file_describes_every_key() {
    let schema = serde_json::to_value(schemars::schema_for!(sources::config::RawSource)).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    assert!(properties.contains_key("files") && properties.contains_key("return"));
    for (key, property) in properties {
        assert!(property["description"].is_string(), "{key}");
    }
}
