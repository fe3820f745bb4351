//! A client for one connection that stays open, with as little work per answer as can be.

use std::io::Write;

use anyhow::{Context, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One connection to the server.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    /// Bytes read that belong to no answer yet.
    buffer: Vec<u8>,
    request: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            request: Vec::new(),
        })
    }

    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is not a 200.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> anyhow::Result<()> {
        self.request.clear();
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream.write_all(&self.request).await?;
        self.buffer.clear();
        let (head, length) = loop {
            if let Some(end) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break (end + 4, content_length(&self.buffer[..end])?);
            }
            self.read_some().await?;
        };
        while self.buffer.len() < head + length {
            self.read_some().await?;
        }
        ensure!(
            self.buffer.starts_with(b"HTTP/1.1 200 "),
            "{path} answered {}",
            String::from_utf8_lossy(&self.buffer)
        );
        Ok(())
    }

    async fn read_some(&mut self) -> anyhow::Result<()> {
        /// Room for an answer.
        const ANSWER_BYTES: usize = 16 * 1024;
        self.buffer.reserve(ANSWER_BYTES);
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }
}

fn content_length(head: &[u8]) -> anyhow::Result<usize> {
    let head = std::str::from_utf8(head)?;
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("an answer without its length")?
        .1
        .trim()
        .parse()
        .context("the length of an answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_found_in_any_case() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\nx: y";
        assert_eq!(content_length(head).unwrap(), 12);
        assert!(content_length(b"HTTP/1.1 200 OK\r\nx: y").is_err());
    }
}
