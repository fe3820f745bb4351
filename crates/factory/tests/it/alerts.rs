//! `[alerts]` of `comptoir.toml`: what it allows.

use factory::Project;

fn open(alerts: &str) -> Result<Project, schema::ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("[alerts]\n{alerts}");
    std::fs::write(folder.path().join("comptoir.toml"), text).unwrap();
    let products = folder.path().join("products");
    std::fs::create_dir(&products).unwrap();
    std::fs::write(
        products.join("value.toml"),
        "kind = \"value\"\nowner = \"a\"\n",
    )
    .unwrap();
    Project::open(folder.path())
}

const LINK: &str = "link = \"https://comptoir.teas.example\"\n";

#[test]
fn every_way_to_tell_is_read() {
    let all = format!(
        "{LINK}closing = false\ncalm_minutes = 30\nsilence = [\"22:00-07:00\", \"sat\", \"sun\"]\n\
         [[alerts.webhook]]\nname = \"chat\"\nurl = \"https://chat.example/${{HOOK}}\"\nauthorization = \"Bearer ${{TOKEN}}\"\n\
         timeout_seconds = 5\nproducts = [\"value\"]\nsilence = []\n\
         [[alerts.email]]\nname = \"mail\"\nto = [\"On call <a@teas.example>\", \"b@teas.example\"]\nfrom = \"c@teas.example\"\n\
         server = \"smtp.teas.example:2525\"\nuser = \"u\"\npassword = \"${{SMTP_PASSWORD}}\"\ntls = \"tls\"\nowners = [\"a\"]\n\
         [[alerts.email]]\nname = \"here\"\nto = [\"b@teas.example\"]\nfrom = \"c@teas.example\"\n\
         server = \"[::1]:25\"\nuser = \"u\"\npassword = \"${{SMTP_PASSWORD}}\"\ntls = \"none\"\n\
         [[alerts.file]]\nname = \"log\"\npath = \"alerts.ndjson\"\n"
    );
    open(&all).unwrap();
    // Nobody is told: then nothing need be said of a link.
    open("").unwrap();
}

#[test]
fn what_is_not_allowed_is_refused_at_its_line_and_no_secret_is_shown() {
    let hook = |rest: &str| format!("{LINK}[[alerts.webhook]]\nname = \"chat\"\n{rest}");
    let mail = |rest: &str| {
        format!(
            "{LINK}[[alerts.email]]\nname = \"mail\"\nto = [\"a@teas.example\"]\nfrom = \"b@teas.example\"\n{rest}"
        )
    };
    let file = "[[alerts.file]]\nname = \"log\"\npath = \"a\"\n";
    for (alerts, line, parts) in [
        (
            file.to_owned(),
            1,
            ["`alerts.link` is missing", "https://comptoir.shop.example"],
        ),
        (
            format!("link = \"comptoir\"\n{file}"),
            2,
            ["`alerts.link` is \"comptoir\"", "https://"],
        ),
        (
            format!("{LINK}{file}after_hours = 721\n"),
            6,
            ["`alerts.file.0.after_hours` is 721", "0 to 720"],
        ),
        (
            format!("{LINK}{file}owners = [\"a\", \"b\"]\n"),
            6,
            [
                "`alerts.file.0.owners.1` is \"b\"",
                "one of the owners of data products: a",
            ],
        ),
        (
            format!("{LINK}{file}escalations = [\"boss\"]\n"),
            6,
            [
                "`alerts.file.0.escalations.0` is \"boss\"",
                "of whom there is none",
            ],
        ),
        (
            format!("{LINK}calm_minutes = 1441\n"),
            3,
            ["`alerts.calm_minutes` is 1441", "0 to 1440"],
        ),
        (
            format!("{LINK}silence = [\"sat\", \"22-7\"]\n"),
            3,
            ["`alerts.silence.1` is \"22-7\"", "22:00-07:00"],
        ),
        (
            format!("{LINK}silence = [\"mon-sun\"]\n"),
            3,
            [
                "`alerts.silence` is the whole week",
                "some time of the week",
            ],
        ),
        (
            format!("{LINK}mail = 3\n"),
            3,
            ["unknown field `mail`", "`email`"],
        ),
        (
            hook("url = \"chat.example/s3cret\"\n"),
            5,
            ["`alerts.webhook.0.url` is no such address", "https://"],
        ),
        (
            hook("url = \"https://u:s3cret@chat.example\"\n"),
            5,
            ["with a password in it", "${ALERT_SECRET}"],
        ),
        (
            hook("url = \"${HOOK}\"\nauthorization = \"Bearer s3cret\"\n"),
            6,
            [
                "`alerts.webhook.0.authorization` is written out",
                "${ALERT_TOKEN}",
            ],
        ),
        (
            hook("url = \"${HOOK}\"\ntimeout_seconds = 61\n"),
            6,
            ["`alerts.webhook.0.timeout_seconds` is 61", "1 to 60"],
        ),
        (
            hook("url = \"${HOOK}\"\nproducts = [\"valeu\"]\n"),
            6,
            ["`alerts.webhook.0.products.0` is \"valeu\"", "one of value"],
        ),
        (
            hook("url = \"${HOOK}\"\nsilence = [\"x\"]\n"),
            6,
            [
                "`alerts.webhook.0.silence.0` is \"x\"",
                "mon-fri 12:00-14:00",
            ],
        ),
        (
            format!("{LINK}[[alerts.file]]\nname = \"My log\"\npath = \"a\"\n"),
            4,
            ["`alerts.file.0.name` is \"My log\"", "lower-case letters"],
        ),
        (
            format!("{LINK}[[alerts.file]]\nname = \"log\"\npath = \"\"\n"),
            5,
            ["`alerts.file.0.path` is empty", "a file"],
        ),
        (
            format!("{LINK}{file}{file}"),
            7,
            ["`alerts.file.1.name` is \"log\"", "no other channel has"],
        ),
        (
            mail("server = \"smtp.example\"\nuser = \"u\"\npassword = \"s3cret\"\n"),
            9,
            [
                "`alerts.email.0.password` is written out",
                "${ALERT_SECRET}",
            ],
        ),
        (
            mail("server = \"smtp.example\"\nuser = \"u\"\npassword = \"s3cret${X}\"\n"),
            9,
            ["written out", "${ALERT_SECRET}"],
        ),
        (
            mail("server = \"smtp.example\"\nuser = \"u\"\n"),
            8,
            ["`alerts.email.0.user` is there alone", "`password`"],
        ),
        (
            mail("server = \"smtp.example:no\"\n"),
            7,
            [
                "`alerts.email.0.server` is \"smtp.example:no\"",
                "with a port",
            ],
        ),
        (
            mail("server = \"smtp.example\"\ntls = \"none\"\nuser = \"u\"\npassword = \"${X}\"\n"),
            8,
            ["`alerts.email.0.tls` is \"none\"", "another machine"],
        ),
        (
            mail("server = \"smtp.example\"\ntls = \"ssl\"\n"),
            8,
            ["unknown variant `ssl`", "`starttls`"],
        ),
        (
            mail("server = \"smtp.example\"\n").replace("a@teas", "a teas"),
            5,
            [
                "`alerts.email.0.to.0` is \"a teas.example\"",
                "a mail address",
            ],
        ),
        (
            mail("server = \"smtp.example\"\n").replace("\"a@teas.example\"", ""),
            5,
            ["`alerts.email.0.to` is empty", "at least one"],
        ),
    ] {
        let refused = open(&alerts).unwrap_err().to_string();
        let place = format!("comptoir.toml:{line}: ");
        for part in [place.as_str(), parts[0], parts[1]] {
            assert!(refused.contains(part), "no {part:?} in {refused}");
        }
        assert!(!refused.contains("s3cret"), "{refused}");
    }
}
