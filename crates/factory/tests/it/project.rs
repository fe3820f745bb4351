//! `comptoir.toml`: what it allows.

use factory::Project;

/// Opens a project of which only the main file is there.
fn open(text: &str) -> Result<Project, schema::ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("comptoir.toml"), text).unwrap();
    Project::open(folder.path())
}

#[test]
fn an_address_that_others_reach_is_refused_while_no_key_is_needed() {
    for address in ["0.0.0.0:7878", "[::]:7878", "192.168.1.20:7878"] {
        let file = |anonymous: bool| {
            format!("[server]\naddress = \"{address}\"\nanonymous = {anonymous}\n")
        };
        let refused = open(&file(true)).unwrap_err().to_string();
        for part in ["comptoir.toml:3", "`server.anonymous` is true", address] {
            assert!(refused.contains(part), "no {part:?} in {refused}");
        }
        // The default is to answer without a key, so the address alone is refused too.
        let alone = format!("[server]\naddress = \"{address}\"\n");
        assert!(open(&alone).is_err(), "{address}");
        assert!(open(&file(false)).is_ok(), "{address}");
    }
    for address in ["127.0.0.1:7878", "127.0.0.2:80", "[::1]:7878"] {
        let file = format!("[server]\naddress = \"{address}\"\nanonymous = true\n");
        assert!(open(&file).is_ok(), "{address}");
    }
}

#[test]
fn the_clocks_of_the_shop_show_a_known_time_zone() {
    let zone = |project: Project| project.time_zone.iana_name().map(str::to_owned);
    assert_eq!(zone(open("").unwrap()).as_deref(), Some("UTC"));
    let paris = open("time_zone = \"Europe/Paris\"\n").unwrap();
    assert_eq!(zone(paris).as_deref(), Some("Europe/Paris"));
    let refused = open("name = \"x\"\ntime_zone = \"Europe/Lyon\"\n").unwrap_err();
    let refused = refused.to_string();
    assert!(
        refused.contains(
            "comptoir.toml:2: `time_zone` is \"Europe/Lyon\", allowed is an IANA time zone"
        ),
        "{refused}"
    );
}

#[test]
fn promises_that_contradict_each_other_or_the_deadline_are_refused() {
    let open = |promises: &str| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("comptoir.toml"), "").unwrap();
        std::fs::create_dir(folder.path().join("products")).unwrap();
        let file = format!(
            "kind = \"value\"\nowner = \"a\"\ndeadline_ms = 50\n\n[promises]\n{promises}\n"
        );
        std::fs::write(folder.path().join("products/value.toml"), file).unwrap();
        Project::open(folder.path())
    };
    for good in [
        "latency_p50_ms = 75",
        "latency_p99_ms = 50\nlatency_p50_ms = 50",
    ] {
        open(good).unwrap();
    }
    for (promises, parts) in [
        (
            "latency_p50_ms = 76",
            ["`promises.latency_p50_ms` is 76", "1 to 75"],
        ),
        (
            "latency_p50_ms = 61\nlatency_p99_ms = 60",
            ["is 61", "1 to 60"],
        ),
        (
            "latency_p99_ms = 49",
            [
                "`promises.latency_p99_ms` is 49",
                "at least `deadline_ms`, 50",
            ],
        ),
        (
            "answered_share = 1.0",
            ["`promises.answered_share` is 1", "below 1"],
        ),
        (
            "version_share = 0.0",
            ["`promises.version_share` is 0", "above 0"],
        ),
        (
            "quality_loss_max = 1.5",
            ["`promises.quality_loss_max` is 1.5", "0 to 1"],
        ),
        (
            "period_days = 0",
            ["`promises.period_days` is 0", "1 to 366"],
        ),
        ("uptime = 0.9", ["uptime", "latency_p99_ms"]),
    ] {
        let refused = open(promises).unwrap_err().to_string();
        for part in parts {
            assert!(refused.contains(part), "no {part:?} in {refused}");
        }
    }
}

#[test]
fn clocks_show_the_time_that_sources_of_sales_name_where_the_project_names_none() {
    let opened = |main: &str, zones: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("comptoir.toml"), main).unwrap();
        std::fs::create_dir(folder.path().join("sources")).unwrap();
        for (zone, n) in zones.iter().zip(0..) {
            let source = format!(
                "table = \"sales\"\nfiles = \"raw/*.csv\"\nformat = \"csv\"\ncurrency = \"EUR\"\n{zone}\n[columns]\n\
                 order_id = {{ from = \"order\" }}\nline_no = {{ row_number = true }}\nsold_at = {{ from = \"day\" }}\n\
                 product_id = {{ from = \"product\" }}\nquantity = {{ from = \"units\" }}\nunit_price_cents = {{ value = \"2\" }}\n"
            );
            let path = folder.path().join(format!("sources/s{n}.toml"));
            std::fs::write(path, source).unwrap();
        }
        let project = Project::open(folder.path()).map_err(|e| e.to_string())?;
        Ok::<_, String>(project.time_zone.iana_name().map(str::to_owned))
    };
    let (paris, tokyo) = (
        "time_zone = \"Europe/Paris\"\n",
        "time_zone = \"Asia/Tokyo\"\n",
    );
    let zone = |name: &str| Ok(Some(name.to_owned()));
    assert_eq!(opened("", &[paris, paris]), zone("Europe/Paris"));
    assert_eq!(opened(tokyo, &[paris]), zone("Asia/Tokyo"));
    assert_eq!(opened("", &[""]), zone("UTC"));
    assert_eq!(opened("", &["", paris]), zone("Europe/Paris"));
    assert_eq!(opened(paris, &[""]), zone("Europe/Paris"));
    let several = opened("", &[paris, tokyo]).unwrap_err();
    assert!(
        several.contains("`time_zone` is absent, allowed is an IANA time zone: sources of `sales` name more than one (Asia/Tokyo, Europe/Paris)"),
        "{several}"
    );
    assert_eq!(opened(paris, &[paris, tokyo]), zone("Europe/Paris"));
}
