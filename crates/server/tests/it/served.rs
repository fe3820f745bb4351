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
pub(crate) fn project(folder: &Path) {
    copy(
        Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../examples/marketplace"
        )),
        folder,
    );
}

async fn workshop(folder: &Path) -> Workshop {
    Workshop::open(Project::open(folder).unwrap(), &LakeOptions::default())
        .await
        .unwrap()
}

/// Imports, trains what learns in a moment, and opens the shop again.
async fn trained(folder: &Path) -> Workshop {
    // Large enough that each kind beats its baseline, small enough to be trained in a moment.
    let shop = simulator::Shop {
        customers: 600,
        products: 400,
        days: 420,
        ..simulator::Shop::tiny()
    };
    let generated = simulator::generate(&shop).unwrap();
    simulator::write(&generated, folder).unwrap();
    let now = "2025-06-05T08:00:00Z".parse().unwrap();
    let workshop = workshop(folder).await;
    workshop
        .import(&ImportOptions::at(now), &Silent)
        .await
        .unwrap();
    let (history, inputs) = workshop.history(None).await.unwrap();
    let silent: Arc<dyn Progress> = Arc::new(Silent);
    for product in &workshop.project.products {
        let options = RunOptions {
            as_of: None,
            seed: 1,
            now,
        };
        workshop
            .run(product, &history, &inputs, &options, &silent)
            .await
            .unwrap();
    }
    workshop
}

/// A server and the folder it lives in.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

/// Serves until the test program ends.
fn start(prepare: impl AsyncFnOnce(&Path) -> Workshop + Send + 'static) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let (told, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let workshop = prepare(&path).await;
            let options = ServeOptions {
                address: Some("127.0.0.1:0".parse().unwrap()),
            };
            serve(
                workshop,
                options,
                |bound| told.send(bound).unwrap(),
                std::future::pending(),
            )
            .await
            .unwrap();
        });
    });
    let address = address.recv().expect("the server starts");
    Served {
        address,
        _folder: folder,
    }
}

/// The small marketplace, trained: made once for all tests.
pub(crate) fn shop() -> &'static Served {
    static SHOP: LazyLock<Served> = LazyLock::new(|| {
        start(async |folder: &Path| {
            project(folder);
            trained(folder).await
        })
    });
    &SHOP
}

/// A project that nothing was imported into.
pub(crate) fn empty() -> Served {
    start(async |folder: &Path| {
        project(folder);
        workshop(folder).await
    })
}

/// A project that answers nobody without a key, and a key that may read.
pub(crate) fn locked() -> (Served, String) {
    let (told, key) = std::sync::mpsc::channel();
    let served = start(async move |folder: &Path| {
        project(folder);
        let file = folder.join("comptoir.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("anonymous = true", "anonymous = false")).unwrap();
        let workshop = workshop(folder).await;
        let scopes = ["read".to_owned()].into();
        let made = workshop
            .registry
            .create_key("till", &scopes, [7; 32], jiff::Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        told.send(made.plaintext).unwrap();
        workshop
    });
    (served, key.recv().unwrap())
}
