//! A mail server that keeps what it is given, by the words of RFC 5321.

use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail that was taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) text: String,
}

#[derive(Default)]
struct Kept {
    mails: Vec<Mail>,
    said: Vec<String>,
}

pub(crate) struct MailServer {
    address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

impl MailServer {
    /// A server that knows nobody of one address, and may ask for a password, which it does not look at.
    pub(crate) async fn start(refuses: &'static str, asks_for_a_password: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let all = Arc::clone(&kept);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, refuses, asks_for_a_password, Arc::clone(&all)));
            }
        });
        Self { address, kept }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.kept.lock().mails.clone()
    }

    /// What clients said, except for mails.
    pub(crate) fn said(&self) -> Vec<String> {
        self.kept.lock().said.clone()
    }
}

/// The address of `MAIL FROM:<a@b>`.
fn address(line: &str) -> String {
    let inner = line.split_once('<').unwrap().1;
    inner.split_once('>').unwrap().0.to_owned()
}

async fn talk(
    stream: TcpStream,
    refuses: &'static str,
    asks_for_a_password: bool,
    kept: Arc<Mutex<Kept>>,
) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut mail = Mail::default();
    let mut is_known = !asks_for_a_password;
    let _ = write.write_all(b"220 teas.example ESMTP\r\n").await;
    while let Ok(Some(line)) = lines.next_line().await {
        kept.lock().said.push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" if asks_for_a_password => "250-teas.example\r\n250-8BITMIME\r\n250 AUTH PLAIN",
            "EHLO" => "250-teas.example\r\n250 8BITMIME",
            "AUTH" => {
                is_known = true;
                "235 2.7.0 welcome"
            }
            "MAIL" if !is_known => "530 5.7.0 who are you",
            "MAIL" => {
                mail = Mail {
                    from: address(&line),
                    ..Mail::default()
                };
                "250 2.1.0 fine"
            }
            "RCPT" if address(&line) == refuses => "550 5.1.1 no such user",
            "RCPT" => {
                mail.to.push(address(&line));
                "250 2.1.5 fine"
            }
            "DATA" => {
                let _ = write.write_all(b"354 go on\r\n").await;
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    mail.text += line.strip_prefix('.').unwrap_or(&line);
                    mail.text.push('\n');
                }
                kept.lock().mails.push(mail.clone());
                "250 2.0.0 taken"
            }
            "QUIT" => "221 2.0.0 bye",
            _ => "250 2.0.0 fine",
        };
        let told = format!("{answer}\r\n");
        if write.write_all(told.as_bytes()).await.is_err() || verb == "QUIT" {
            return;
        }
    }
}
