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
