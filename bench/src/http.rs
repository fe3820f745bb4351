//! A client that asks on many connections from one thread, with as little work per answer as can be: it takes turns of
//! a processor that the server needs too.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use anyhow::{Context, ensure};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// One connection to the server, that stays open.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    /// An answer is still to come.
    asked: bool,
    /// Room for an answer, and how many bytes of it have come.
    answer: Vec<u8>,
    read: usize,
}

impl Connection {
    pub(crate) fn open(address: &str) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            request: Vec::new(),
            asked: false,
            answer: Vec::new(),
            read: 0,
        })
    }

    /// Asks. The next call is [`Connection::answered`], until the answer is whole.
    ///
    /// # Errors
    /// When the connection breaks, or the server reads no more.
    pub(crate) fn ask(&mut self, path: &str, body: &str) -> anyhow::Result<()> {
        self.request.clear();
        self.read = 0;
        self.asked = true;
        write!(
            self.request,
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        self.stream
            .write_all(&self.request)
            .with_context(|| format!("ask {path}"))
    }

    /// Reads what has come. Says whether it is the whole answer.
    ///
    /// # Errors
    /// When the connection breaks, or the answer is not a 200.
    pub(crate) fn answered(&mut self) -> anyhow::Result<bool> {
        /// Room for most answers.
        const ANSWER_BYTES: usize = 16 * 1024;
        if self.read == self.answer.len() {
            self.answer.resize(self.read + ANSWER_BYTES, 0);
        }
        match self.stream.read(&mut self.answer[self.read..]) {
            Ok(0) => anyhow::bail!("the server closed the connection"),
            Ok(bytes) => self.read += bytes,
            Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(e) => return Err(e).context("read an answer"),
        }
        let read = &self.answer[..self.read];
        let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") else {
            return Ok(false);
        };
        if read.len() < end + 4 + content_length(&read[..end])? {
            return Ok(false);
        }
        ensure!(
            read.starts_with(b"HTTP/1.1 200 "),
            "the server answered {}",
            String::from_utf8_lossy(read)
        );
        self.asked = false;
        Ok(true)
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Asks on a connection of its own, and waits for the answer.
///
/// # Errors
/// When the connection breaks, or the answer is not a 200.
pub(crate) fn once(address: &str, method: &str, path: &str, body: &str) -> anyhow::Result<String> {
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, told) = answer.split_once("\r\n\r\n").context("half an answer")?;
    ensure!(
        head.starts_with("HTTP/1.1 200 ") && told.len() == content_length(head.as_bytes())?,
        "the server answered {answer}"
    );
    Ok(told.to_owned())
}

/// Waits until something has come for one who asked, or for a time: to the microsecond, where a runtime's timer is late
/// by one or two milliseconds, as long as an answer takes. Says on which connections something has come.
pub(crate) fn wait(
    connections: &[Connection],
    at_most: Option<Duration>,
) -> anyhow::Result<Vec<usize>> {
    let (numbers, mut polled): (Vec<usize>, Vec<PollFd<'_>>) = connections
        .iter()
        .enumerate()
        .filter(|(_, c)| c.asked)
        .map(|(n, c)| (n, PollFd::new(c, PollFlags::IN)))
        .unzip();
    let at_most = at_most.map(Timespec::try_from).transpose()?;
    poll(&mut polled, at_most.as_ref())?;
    let news = numbers.into_iter().zip(&polled);
    Ok(news
        .filter(|(_, p)| !p.revents().is_empty())
        .map(|(n, _)| n)
        .collect())
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
