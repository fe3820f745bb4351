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
    let cases = [
        (
            GOOD.replace("\"products\"", "\"product\""),
            "sources/p.toml:1: `table` is \"product\", allowed is `calendar`,",
        ),
        (
            GOOD.replace("\"products\"", "\"imports\""),
            "sources/p.toml:1: `table` is \"imports\"",
        ),
        (
            GOOD.replace("\"csv\"", "\"xlsx\""),
            "sources/p.toml:3: unknown variant `xlsx`, expected one of",
        ),
        (GOOD.replace("format", "formats"), "unknown field `formats`"),
        (
            GOOD.replace("product_id =", "product ="),
            "sources/p.toml:5: `columns.product` is no column of `products`",
        ),
        (
            GOOD.replace("product_id =", "name ="),
            "`columns` is without `product_id`",
        ),
        (
            GOOD.replace("{ from = \"id\" }", "{ from = \"id\", value = \"x\" }"),
            "`columns.product_id` is with several origins",
        ),
        (
            GOOD.replace("{ from = \"id\" }", "{}"),
            "`columns.product_id` is without an origin",
        ),
        (
            GOOD.replace("{ from = \"id\" }", "{ sql = \"upper(\" }"),
            "sources/p.toml:5: `columns.product_id.sql`",
        ),
        (
            GOOD.replace("{ from = \"id\" }", "{ from = \"id\", unit = \"cents\" }"),
            "`columns.product_id.unit`",
        ),
        (
            format!("separator = \";;\"\n{GOOD}"),
            "sources/p.toml:1: `separator` is \";;\"",
        ),
        (
            format!("thousands = \".\"\n{GOOD}"),
            "other than the decimal mark",
        ),
        (
            format!("time_zone = \"Europe/Lyon\"\n{GOOD}"),
            "`time_zone` is \"Europe/Lyon\", allowed is an IANA time zone",
        ),
        (
            format!("date_format = \"dd/mm/yyyy\"\n{GOOD}"),
            "`date_format` is \"dd/mm/yyyy\"",
        ),
        (
            format!("currency = \"euro\"\n{GOOD}"),
            "`currency` is \"euro\"",
        ),
        (
            format!("query = \"DROP TABLE raw\"\n{GOOD}"),
            "`query` is a statement that is no SELECT",
        ),
        (format!("header = false\n{GOOD}"), "`column_names` is []"),
        (
            format!("{GOOD}price_cents = {{ value = \"cheap\" }}\n"),
            "`columns.price_cents.value` is \"cheap\", allowed is an amount",
        ),
        (
            format!("{GOOD}[[skip]]\nwhen = \"id = \"\nreason = \"x\"\n"),
            "sources/p.toml:7: `skip.0.when`",
        ),
        (
            format!("{GOOD}[[skip]]\nwhen = \"id = 1\"\nreason = \"\"\n"),
            "`skip.0.reason` is empty",
        ),
        (
            format!("{GOOD}[[return]]\nwhen = \"id = 1\"\nreason = \"x\"\n"),
            "`return` is set for `products`",
        ),
        (
            format!("{GOOD}[[rule]]\nname = \"x\"\n"),
            "exactly one of `unique`, `holds` and `column`",
        ),
        (
            format!("{GOOD}[[rule]]\nname = \"x\"\ncolumn = \"prize\"\nmin = 1\n"),
            "`rule.0.column` is \"prize\"",
        ),
        (
            format!("{GOOD}[[rule]]\nname = \"x\"\ncolumn = \"name\"\n"),
            "at least one of `min`",
        ),
        (
            format!("{GOOD}[contract]\nquarantined_share_max = 5\n"),
            "sources/p.toml:7: `contract.quarantined_share_max` is 5, allowed is 0 to 1",
        ),
    ];
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
