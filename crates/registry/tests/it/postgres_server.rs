//! A real PostgreSQL server, started by the tests themselves and gone when they end.
//!
//! It needs the server's programs (Debian: `apt-get install postgresql`) in `PATH` or under
//! `/usr/lib/postgresql`. PostgreSQL refuses to run as root, so tests run by root start it as the user
//! `postgres`, whom Debian's package creates. Where that is not there, the tests say that they are skipped; with
//! `COMPTOIR_REQUIRE_POSTGRES=1` they fail instead.

use sqlx::Connection as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

/// How long a server may take until it answers. Why: `initdb` writes 40 MB, on a busy machine in several seconds.
const START_MAX: Duration = Duration::from_secs(60);

/// Makes a database folder of its own, serves it, and ends with the pipe on its standard input: that closes
/// when the test process ends, however it ends, so nothing is left behind.
/// Nothing needs to outlive the machine, so it does not wait for the disk.
const SCRIPT: &str = r#"
cd /
dir=$(mktemp -d "$3/comptoir-postgres-XXXXXX") || exit 1
pid=
stop() { [ -n "$pid" ] && kill -INT "$pid" 2>/dev/null && wait "$pid"; rm -rf "$dir"; }
trap stop EXIT
trap 'exit 1' INT TERM HUP
"$1/initdb" -D "$dir/data" -U comptoir -A trust --no-sync --no-locale -E UTF8 </dev/null >"$dir/log" 2>&1 \
    || { cat "$dir/log" >&2; exit 1; }
"$1/postgres" -D "$dir/data" -p "$2" -c listen_addresses=127.0.0.1 -k "$dir" -c fsync=off \
    -c full_page_writes=off </dev/null >"$dir/log" 2>&1 &
pid=$!
echo "$dir"
read -r _
"#;

struct Server {
    port: u16,
    // Its standard input is held open as long as this process lives.
    _script: Mutex<Child>,
}

enum Answer {
    Running(Server),
    Missing(String),
}

static SERVER: LazyLock<Answer> = LazyLock::new(|| match start() {
    Ok(server) => Answer::Running(server),
    Err(why) => Answer::Missing(why),
});

/// URL of a new, empty database; `None` where there is no server and that is allowed.
pub(crate) async fn new_database() -> Option<String> {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let port = match &*SERVER {
        Answer::Running(server) => server.port,
        Answer::Missing(why) => {
            assert!(
                std::env::var("COMPTOIR_REQUIRE_POSTGRES").is_err(),
                "COMPTOIR_REQUIRE_POSTGRES is set and {why}"
            );
            // Not `eprintln!`: the test runner would swallow it.
            let mut stderr = std::io::stderr();
            let _ = writeln!(
                stderr,
                "skipped: the PostgreSQL half of this test, because {why}"
            );
            return None;
        }
    };
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut connection = connect(port).await.unwrap();
    let create = format!("CREATE DATABASE {name} TEMPLATE template0");
    sqlx::raw_sql(sqlx::AssertSqlSafe(create))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    Some(format!("postgres://comptoir@127.0.0.1:{port}/{name}"))
}

async fn connect(port: u16) -> sqlx::Result<sqlx::PgConnection> {
    let url = format!("postgres://comptoir@127.0.0.1:{port}/postgres");
    sqlx::PgConnection::connect(&url).await
}

fn start() -> Result<Server, String> {
    let programs = programs().ok_or(
        "no PostgreSQL server was found: install it with `apt-get install postgresql`, \
         or put initdb and postgres into PATH",
    )?;
    // The port is free now and taken a moment later: another process may be faster, so it is tried again.
    let mut last = String::new();
    for _ in 0..3 {
        let port = free_port();
        match start_on(&programs, port) {
            Ok(script) => {
                return Ok(Server {
                    port,
                    _script: Mutex::new(script),
                });
            }
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn start_on(programs: &Path, port: u16) -> Result<Child, String> {
    let mut command = if is_root() {
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
        .map_err(|error| format!("its start failed: {error}"))?;
    let stdout = script.stdout.take().expect("standard output was asked for");
    let mut folder = String::new();
    BufReader::new(stdout)
        .read_line(&mut folder)
        .map_err(|error| error.to_string())?;
    if folder.is_empty() {
        let status = script.wait().map_err(|error| error.to_string())?;
        return Err(format!(
            "the PostgreSQL server could not be started ({status})"
        ));
    }
    wait_until_it_answers(&mut script, port)?;
    Ok(script)
}

fn wait_until_it_answers(script: &mut Child, port: u16) -> Result<(), String> {
    let since = Instant::now();
    loop {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() && answers(port) {
            return Ok(());
        }
        if since.elapsed() > START_MAX {
            drop(script.stdin.take());
            return Err(format!(
                "the PostgreSQL server did not answer within {START_MAX:?}"
            ));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asked from a thread of its own: the test's runtime cannot wait for itself.
fn answers(port: u16) -> bool {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            match connect(port).await {
                Ok(connection) => connection.close().await.is_ok(),
                Err(_) => false,
            }
        })
    })
    .join()
    .unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn is_root() -> bool {
    let output = Command::new("id")
        .arg("-u")
        .output()
        .expect("`id` is there on every Unix");
    output.stdout.trim_ascii() == b"0"
}

/// The folder that holds `initdb` and `postgres`: the newest of Debian's, else the first of `PATH`.
fn programs() -> Option<PathBuf> {
    let mut debian: Vec<(u32, PathBuf)> = fs_err::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin"),
            ))
        })
        .collect();
    debian.sort();
    let debian = debian.into_iter().rev().map(|(_, folder)| folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}
