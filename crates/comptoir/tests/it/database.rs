//! A PostgreSQL server of one test, which can be stopped and started again. It needs what the tests of crate `registry`
//! need, and ends with the test.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Does what it is told on its standard input, and ends with it: nothing is left behind, however the test ends.
const SCRIPT: &str = r#"
cd /
programs=$1 port=$2
dir=$(mktemp -d "$3/comptoir-ledger-XXXXXX") || exit 1
pid=
down() { [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null && wait "$pid"; pid=; }
up() {
    "$programs/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -k "$dir" -c fsync=off \
        -c full_page_writes=off </dev/null >>"$dir/log" 2>&1 &
    pid=$!
    until "$programs/pg_isready" -q -h 127.0.0.1 -p "$port"; do
        kill -0 "$pid" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
        sleep 0.1
    done
}
trap 'down; rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM HUP
"$programs/initdb" -D "$dir/data" -U comptoir -A trust --no-sync --no-locale -E UTF8 </dev/null >"$dir/log" 2>&1 \
    || { cat "$dir/log" >&2; exit 1; }
while read -r word; do
    "$word"
    echo "$word"
done
"#;

pub(crate) struct Database {
    pub(crate) url: String,
    script: Child,
    told: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Database {
    /// A server with an empty database; `None` where there is no PostgreSQL, and that is allowed.
    pub(crate) fn start(claim: &str) -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var("COMPTOIR_REQUIRE_POSTGRES").is_err(),
                "COMPTOIR_REQUIRE_POSTGRES is set and no PostgreSQL was found"
            );
            println!("skipped: {claim} needs PostgreSQL (apt-get install postgresql)");
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        // PostgreSQL refuses to run as root.
        let id = Command::new("id").arg("-u").output().unwrap();
        let mut command = if id.stdout.trim_ascii() == b"0" {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--", "sh"]);
            command
        } else {
            Command::new("sh")
        };
        let mut script = command
            .args(["-c", SCRIPT, "sh"])
            .arg(programs)
            .arg(port.to_string())
            .arg(std::env::temp_dir())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut database = Self {
            url: format!("postgres://comptoir@127.0.0.1:{port}/postgres"),
            told: script.stdin.take(),
            answers: BufReader::new(script.stdout.take().unwrap()),
            script,
        };
        database.up();
        Some(database)
    }

    fn tell(&mut self, word: &str) {
        let told = self.told.as_mut().expect("it is told until it is dropped");
        writeln!(told, "{word}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim(), word, "the PostgreSQL server ended");
    }

    pub(crate) fn up(&mut self) {
        self.tell("up");
    }

    pub(crate) fn down(&mut self) {
        self.tell("down");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.told = None;
        let _ = self.script.wait();
    }
}

/// The folder that holds `initdb` and `postgres`: the newest of Debian's, else the first of `PATH`.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql");
    let mut debian: Vec<(u32, PathBuf)> = debian
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    debian.sort();
    let debian = debian.into_iter().rev().map(|(_, folder)| folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}
