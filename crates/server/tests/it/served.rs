//! A small shop that is really served: simulated, imported, trained, on a port of its own.

use factory::import::ImportOptions;
use factory::{Project, RunOptions, Workshop};
use lake::LakeOptions;
use schema::progress::{Progress, Silent};
use server::{ServeOptions, serve};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use tempfile::TempDir;

/// One answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Names in lower case; values of one name are joined by a line end.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Reads a page.
pub(crate) fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    ask(address, "GET", path, headers, "")
}

/// Sends a JSON body.
pub(crate) fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let mut all = vec![("content-type", "application/json")];
    all.extend(headers);
    ask(address, "POST", path, &all, body)
}

/// Sends one request on a connection of its own.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Response {
    let length = body.len();
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n"
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(format!("{request}\r\n").as_bytes())
        .unwrap();
    // A server that refuses a large body may close while it is still being sent; its answer is there all the same.
    let _ = stream.write_all(body.as_bytes());
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("an answer has a head");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        let kept = found.entry(name.to_lowercase()).or_default();
        if !kept.is_empty() {
            kept.push('\n');
        }
        kept.push_str(value);
    }
    Response {
        status,
        headers: found,
        body: String::from_utf8_lossy(&bytes[end + 4..]).into_owned(),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The example marketplace in a folder of its own, without raw files.
pub(crate) fn project() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/marketplace");
    copy(Path::new(example), folder.path());
    folder
}

/// Replaces a part of a file of a project.
pub(crate) fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "no {from:?} in {text}");
    std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
}

/// Lets answers of `for-you` take their time: a debug build on a busy machine is slow.
pub(crate) fn in_no_hurry(folder: &Path) {
    let file = "products/for-you.toml";
    edit(folder, file, "deadline_ms = ", "deadline_ms = 10000 # ");
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// Works on a project beside the server, as the command line does.
pub(crate) fn within<T>(folder: &Path, work: impl AsyncFnOnce(&Workshop) -> T) -> T {
    runtime().block_on(async {
        let project = Project::open(folder).unwrap();
        let workshop = Workshop::open(project, &LakeOptions::default())
            .await
            .unwrap();
        let made = work(&workshop).await;
        workshop.registry.close().await;
        made
    })
}

/// When the files of the small marketplace were imported.
pub(crate) const IMPORTED_AT: &str = "2025-06-05T08:00:00Z";

/// Imports, and trains what learns in a moment.
pub(crate) async fn train(workshop: &Workshop, now: &str) {
    let now = now.parse().unwrap();
    workshop
        .import(&ImportOptions::at(now), &Silent)
        .await
        .unwrap();
    let (history, inputs) = workshop.history(None, &Silent).await.unwrap();
    let silent: Arc<dyn Progress> = Arc::new(Silent);
    for product in &workshop.project.products {
        let options = RunOptions {
            as_of: None,
            seed: 1,
            now,
            attempt: None,
        };
        workshop
            .run(product, &history, &inputs, &options, &silent)
            .await
            .unwrap();
    }
}

/// A copy of the small marketplace, imported and trained; that is done once for all tests.
pub(crate) fn trained() -> TempDir {
    static TRAINED: LazyLock<TempDir> = LazyLock::new(|| {
        // Large enough that each kind beats its baseline, small enough to be trained in a moment.
        let shop = simulator::Shop {
            customers: 600,
            products: 400,
            days: 420,
            ..simulator::Shop::tiny()
        };
        let folder = project();
        let generated = simulator::generate(&shop).unwrap();
        simulator::write(&generated, folder.path()).unwrap();
        within(folder.path(), async |workshop| {
            train(workshop, IMPORTED_AT).await;
        });
        folder
    });
    let folder = tempfile::tempdir().unwrap();
    copy(TRAINED.path(), folder.path());
    folder
}

/// A server and the folder it lives in.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Served {
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops as a signal does: what was logged is in the lake afterwards.
    pub(crate) fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap();
        self.folder
    }
}

/// Serves a project on a port of its own, until it is stopped or the test program ends.
pub(crate) fn serving(folder: TempDir) -> Served {
    let path = folder.path().to_owned();
    let (told, address) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || {
        runtime().block_on(async {
            let project = Project::open(&path).unwrap();
            let workshop = Workshop::open(project, &LakeOptions::default())
                .await
                .unwrap();
            let options = ServeOptions {
                address: Some("127.0.0.1:0".parse().unwrap()),
            };
            let stop = async {
                // A test that ends without stopping its server leaves it to the end of the program.
                if stopped.await.is_err() {
                    std::future::pending().await
                }
            };
            serve(workshop, options, |bound| told.send(bound).unwrap(), stop)
                .await
                .unwrap();
        });
    });
    let address = address.recv().expect("the server starts");
    Served {
        address,
        folder,
        stop,
        thread,
    }
}

/// The small marketplace, trained: served once for all tests.
pub(crate) fn shop() -> &'static Served {
    static SHOP: LazyLock<Served> = LazyLock::new(|| serving(trained()));
    &SHOP
}

/// A project that nothing was imported into.
pub(crate) fn empty() -> Served {
    serving(project())
}

/// Makes a project answer nobody without a key.
pub(crate) fn lock(folder: &Path) {
    edit(
        folder,
        "comptoir.toml",
        "anonymous = true",
        "anonymous = false",
    );
}

/// Makes a key with a scope.
pub(crate) async fn key(workshop: &Workshop, scope: &str) -> registry::NewKey {
    let mut secret = [0; 32];
    secret[..scope.len()].copy_from_slice(scope.as_bytes());
    let (scopes, at) = ([scope.to_owned()].into(), jiff::Timestamp::UNIX_EPOCH);
    workshop
        .registry
        .create_key(scope, &scopes, secret, at)
        .await
        .unwrap()
}

/// A project that answers nobody without a key, and a key that may read.
pub(crate) fn locked() -> (Served, String) {
    let folder = project();
    lock(folder.path());
    let key = within(folder.path(), async |workshop| key(workshop, "read").await);
    (serving(folder), key.plaintext)
}

/// The month by the clocks of the shop, as the ledger names it.
pub(crate) fn this_month() -> String {
    let now = jiff::Timestamp::now().in_tz("Europe/Paris").unwrap();
    now.strftime("%Y-%m").to_string()
}

/// Has the ledger of a running server hold a promise of 5.00 by a decision of this name.
pub(crate) fn promise(served: &Served, decision: &str) {
    use schema::{Cents, DecisionId};
    let promised = registry::NewReservation {
        decision: DecisionId::new(decision).unwrap(),
        customer: None,
        arm: "deal".to_owned(),
        cents: Cents(500),
        at: jiff::Timestamp::now(),
    };
    let period = this_month();
    within(served.folder(), async |workshop| {
        let asked = registry::LeaseAsked {
            id: decision,
            product: "offers",
            period: &period,
            holder: "elsewhere/process",
            expires_days: 7,
            known: Cents(0),
            needed: Cents(500),
            few: Cents(500),
            many: Cents(500),
        };
        let (registry, now) = (&workshop.registry, promised.at);
        let opened = registry.open_budget(asked.product, asked.period, Cents(90_000));
        opened.await.unwrap();
        registry.lease(&asked, now).await.unwrap();
        registry
            .settle_lease(decision, &[promised], now)
            .await
            .unwrap();
    });
}

/// That a project is refused whose product's file has these lines of `[retraining]`, with the file and what is said.
pub(crate) fn retraining_is_refused(product: &str, asks: &str, says: &str) {
    let folder = project();
    let file = format!("products/{product}.toml");
    let section = format!("[retraining]\n{asks}\n\n[settings]");
    edit(folder.path(), &file, "[settings]", &section);
    let refused = factory::Project::open(folder.path())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains(says) && refused.contains(&file),
        "{asks}: {refused}"
    );
}
