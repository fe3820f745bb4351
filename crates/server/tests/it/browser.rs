//! Headless Chromium behind a proxy that sees every request it makes.

use crate::served::Served;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Where Debian puts it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// Longest time a browser may take before it is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether there is a browser. Says so where there is none; fails where one is required.
pub(crate) fn available(claim: &str) -> bool {
    let there = Path::new(CHROMIUM).exists();
    if !there {
        assert!(
            std::env::var("COMPTOIR_REQUIRE_CHROMIUM").as_deref() != Ok("1"),
            "COMPTOIR_REQUIRE_CHROMIUM is 1 but there is no {CHROMIUM}"
        );
        println!("skipped: {claim} needs {CHROMIUM} (apt-get install chromium)");
    }
    there
}

/// A page of the test itself, at the address of the server so that it may look into the server's pages.
const HARNESS: &str = "/_test/harness";

/// A proxy between the browser and the rest of the world.
struct Proxy {
    address: SocketAddr,
    hosts: Arc<Mutex<BTreeSet<String>>>,
}

/// Headers that forbid a page to be framed; the harness frames it. Everything else stays in force.
fn unframed(head: &str) -> String {
    let kept = head
        .lines()
        .filter(|line| !line.to_lowercase().starts_with("x-frame-options:"));
    let mut text: String = kept
        .map(|line| line.replace("frame-ancestors 'none';", "") + "\r\n")
        .collect();
    text.push_str("\r\n");
    text
}

/// Answers one request of the browser.
fn pass(
    client: TcpStream,
    to: SocketAddr,
    harness: &str,
    hosts: &Mutex<BTreeSet<String>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
            length = n.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        if !line.to_lowercase().starts_with("proxy-")
            && !line.to_lowercase().starts_with("connection:")
        {
            head.push_str(&line);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
    let mut words = first.split(' ');
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let mut client = client;
    let own = format!("http://{to}");
    let Some(path) = target.strip_prefix(&own) else {
        hosts.lock().unwrap().insert(target.to_owned());
        return client.write_all(
            b"HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        );
    };
    if path == HARNESS {
        let length = harness.len();
        return client.write_all(
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{harness}").as_bytes(),
        );
    }
    let mut server = TcpStream::connect(to)?;
    server.write_all(
        format!("{method} {path} HTTP/1.1\r\n{rest}connection: close\r\n\r\n").as_bytes(),
    )?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let end = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or(0);
    let head = unframed(&String::from_utf8_lossy(&answer[..end]));
    client.write_all(head.as_bytes())?;
    client.write_all(&answer[end + 4..])
}

impl Proxy {
    fn start(to: SocketAddr, harness: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hosts: Arc<Mutex<BTreeSet<String>>> = Arc::default();
        let (seen, harness) = (Arc::clone(&hosts), Arc::new(harness));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (seen, harness) = (Arc::clone(&seen), Arc::clone(&harness));
                // A connection that the browser gives up is none of ours.
                std::thread::spawn(move || drop(pass(client, to, &harness, &seen)));
            }
        });
        Self { address, hosts }
    }
}

/// What a script found in the server's pages.
pub(crate) struct Looked {
    /// What the script returned.
    pub(crate) found: serde_json::Value,
    /// Addresses outside the server that were asked for.
    pub(crate) outside: BTreeSet<String>,
    /// What the browser wrote to its console: errors of scripts, what the policy refused.
    pub(crate) console: Vec<String>,
}

/// Hosts that Chromium asks on its own account whatever page it shows; a page's own requests to them are told by its
/// list of resources.
fn is_of_the_browser(target: &str) -> bool {
    let host = target
        .trim_start_matches("http://")
        .split(['/', ':'])
        .next()
        .unwrap_or_default();
    host.ends_with(".google.com")
        || host.ends_with(".googleapis.com")
        || host.ends_with(".gvt1.com")
}

/// Runs a script beside the server's pages. It gets `open(path, width)`, which loads a page into a frame of that many
/// pixels and gives its document, and returns what is to be looked at.
pub(crate) fn look(served: &Served, script: &str) -> Looked {
    let harness = format!(
        "<!doctype html><meta charset=utf-8><title>harness</title><body><pre id=found></pre><script>\
         const open = (path, width) => new Promise((done) => {{\
           document.querySelectorAll('iframe').forEach((f) => f.remove());\
           const frame = document.createElement('iframe');\
           frame.style.cssText = `width:${{width}}px;height:780px;border:0`;\
           frame.onload = () => done(frame.contentDocument);\
           frame.src = path; document.body.append(frame);\
         }});\
         const wait = async (ready) => {{ for (let n = 0; n < 200 && !ready(); n++) await new Promise((r) => setTimeout(r, 50)); }};\
         (async () => {{ {script} }})().then((found) => {{ document.getElementById('found').textContent = JSON.stringify(found); }},\
           (error) => {{ document.getElementById('found').textContent = JSON.stringify({{ failed: String(error) }}); }});\
         </script>"
    );
    let proxy = Proxy::start(served.address, harness);
    let (dom, console) = dump(
        &format!("http://{}{HARNESS}", served.address),
        proxy.address,
    );
    let text = dom
        .split("<pre id=\"found\">")
        .nth(1)
        .and_then(|rest| rest.split("</pre>").next())
        .unwrap_or_default();
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    let found: serde_json::Value = serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("the script ended with an answer: {e}: {dom:.2000}"));
    assert!(found.get("failed").is_none(), "{found}");
    let outside = proxy
        .hosts
        .lock()
        .unwrap()
        .iter()
        .filter(|host| !is_of_the_browser(host))
        .cloned()
        .collect();
    Looked {
        found,
        outside,
        console,
    }
}

/// The document after its scripts have run, and what the browser wrote to its console meanwhile.
fn dump(address: &str, proxy: SocketAddr) -> (String, Vec<String>) {
    let profile = tempfile::tempdir().unwrap();
    let mut child = Command::new(CHROMIUM)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-default-apps",
            "--disable-extensions",
            "--disable-dev-shm-usage",
            "--proxy-bypass-list=<-loopback>",
            "--window-size=1400,900",
            "--virtual-time-budget=600000",
            "--enable-logging=stderr",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--proxy-server=http://{proxy}"))
        .arg(address)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    fn read(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }
    let reading = read(child.stdout.take().unwrap());
    let logging = read(child.stderr.take().unwrap());
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{address}: no answer of the browser within {PATIENCE:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = logging.join().unwrap();
    let written = log.lines().filter(|line| line.contains(":CONSOLE"));
    let written = written.map(str::to_owned).collect();
    (reading.join().unwrap(), written)
}
