//! A web address that takes messages, or does not.

use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How it answers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply {
    Status(u16),
    /// It takes the request and says nothing.
    Never,
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

pub(crate) struct Receiver {
    address: SocketAddr,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Receiver {
    /// Answers the first request with the first reply, and so on; what comes after the last one with the last.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let kept = Arc::clone(&got);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, replies.clone(), Arc::clone(&kept)));
            }
        });
        Self { address, got }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().clone()
    }

    pub(crate) async fn wait_for(&self, requests: usize) {
        while self.got.lock().len() < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn answer(mut stream: TcpStream, replies: Vec<Reply>, kept: Arc<Mutex<Vec<Got>>>) {
    let mut read = Vec::new();
    let (head, body_from) = loop {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.unwrap();
        if n == 0 {
            return;
        }
        read.extend_from_slice(&part[..n]);
        if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
            break (String::from_utf8(read[..end].to_vec()).unwrap(), end + 4);
        }
    };
    let mut got = Got {
        head: format!("{head}\r\n"),
        body: String::new(),
    };
    let length: usize = got.header("content-length").unwrap().parse().unwrap();
    while read.len() < body_from + length {
        let mut part = [0; 4096];
        let n = stream.read(&mut part).await.unwrap();
        read.extend_from_slice(&part[..n]);
    }
    got.body = String::from_utf8(read[body_from..].to_vec()).unwrap();
    let nth = {
        let mut kept = kept.lock();
        kept.push(got);
        kept.len() - 1
    };
    match replies[nth.min(replies.len() - 1)] {
        Reply::Status(status) => {
            let told =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(told.as_bytes()).await;
        }
        Reply::Never => {
            // Until the other side gives up.
            let _ = stream.read(&mut [0]).await;
        }
    }
}
