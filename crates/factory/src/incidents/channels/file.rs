//! Messages as lines of a file.

use super::SendError;
use crate::incidents::message::Message;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Appends a message as one line, in one write: lines of several processes do not mix. It is on disk once this answers.
pub(super) async fn append(channel: &str, path: &Path, message: &Message) -> Result<(), SendError> {
    let (path, line) = (path.to_owned(), message.json());
    let written = tokio::task::spawn_blocking(move || write(&path, &line)).await;
    let failed = |source| SendError::File {
        channel: channel.to_owned(),
        source,
    };
    written
        .map_err(|stopped| failed(Error::other(stopped)))?
        .map_err(failed)
}

fn write(path: &Path, line: &str) -> std::io::Result<()> {
    let mut options = fs_err::OpenOptions::new();
    let mut file = options.read(true).append(true).create(true).open(path)?;
    let mut whole = String::with_capacity(line.len() + 2);
    if !ends_a_line(&mut file)? {
        whole.push('\n');
    }
    whole += line;
    whole.push('\n');
    let written = file.write(whole.as_bytes())?;
    if written < whole.len() {
        let told = format!(
            "{}: only {written} of {} bytes were written",
            path.display(),
            whole.len()
        );
        return Err(Error::new(ErrorKind::WriteZero, told));
    }
    file.sync_data()
}

/// Whether what is appended begins a line. Where the disk was full the last one may have been cut off.
fn ends_a_line(file: &mut fs_err::File) -> std::io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}
