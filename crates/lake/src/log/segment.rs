//! The bytes of one segment: a magic, then framed records.
//!
//! A frame is `length u32 | checksum u32 | distance u32 | payload`, little-endian. `distance` is how far the
//! frame lies from the first byte of the batch that was written and synced with it. It is what tells a torn
//! tail from damage: a batch is written only after the one before it is on disk, so bytes that cannot be read
//! were once on disk exactly where a readable frame of a *later* batch follows them.
//!
//! A segment may be written over a drained one: its blocks are there already, so that a sync waits for its own bytes
//! and not for the journal of the file system. Checksums are therefore salted with the segment's own name, so that
//! what an earlier segment left is no frame of this one, and a mark behind each batch says where this one ends.

use bytes::Bytes;
use crc32fast::Hasher;
use std::path::{Path, PathBuf};

/// First bytes of a segment; the last of them is the format.
pub(crate) const MAGIC: [u8; 8] = *b"CPTRLOG2";

/// The format before segments were written over drained ones: no salt, no mark.
const UNSALTED: u8 = b'1';

/// Bytes of a frame before its payload, and of the mark of the end.
const HEADER_BYTES: usize = 12;

/// Largest record. A decision of a thousand actions with their reasons stays below.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// Ending of the file that is being written.
pub(crate) const OPEN: &str = "open";
/// Ending of a file that is complete and waits to be drained.
pub(crate) const SEALED: &str = "sealed";
/// Ending of a file whose readable records are in the lake and whose other bytes need a person.
pub(crate) const DAMAGED: &str = "damaged";

/// Ending of a drained file that the next segment is written over.
pub(crate) const SPARE: &str = "spare";

/// One record as it lies in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRecord {
    /// Where its frame begins in the file, in bytes.
    pub offset: u64,
    /// What was appended.
    pub payload: Bytes,
}

/// Bytes that were once on disk and can no longer be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read segment {}: {bytes} bytes from offset {offset} are damaged", path.display())]
pub struct Damage {
    /// The segment.
    pub path: PathBuf,
    /// Where the damage begins, in bytes.
    pub offset: u64,
    /// How many bytes cannot be read.
    pub bytes: u64,
}

/// A segment that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The file system refused.
    #[error("read segment {}", path.display())]
    Read {
        /// The segment.
        path: PathBuf,
        /// What the file system said.
        #[source]
        source: std::io::Error,
    },
    /// A newer program wrote it.
    #[error("read segment {}: its format is {found:?}, this program reads {:?}", path.display(), char::from(MAGIC[7]))]
    Newer {
        /// The segment.
        path: PathBuf,
        /// Format found.
        found: char,
    },
}

/// What the next bytes of a segment are.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Record {
        end: usize,
    },
    /// The mark behind the last batch.
    End,
    Unreadable,
}

/// The records of one segment, in the order in which they were appended.
///
/// An item is a record, or the [`Damage`] that stands between two records; iteration goes on behind it.
/// The tail of an open segment that was never acknowledged is no item: [`SegmentReader::torn_bytes`] counts it.
#[derive(Debug)]
pub struct SegmentReader {
    path: PathBuf,
    bytes: Bytes,
    salt: u32,
    at: usize,
    /// A sealed segment was on disk to its last byte: it has no tail that may be torn.
    sealed: bool,
    torn_bytes: u64,
    ended: bool,
}

/// Opens a segment for reading; one that another process is writing may be read too.
///
/// # Errors
/// [`SegmentError::Read`] when the file cannot be read, [`SegmentError::Newer`] when a newer program wrote it.
pub fn read_segment(path: &Path) -> Result<SegmentReader, SegmentError> {
    let bytes = fs_err::read(path).map_err(|source| SegmentError::Read {
        path: path.to_owned(),
        source,
    })?;
    let found = bytes.get(7).copied().unwrap_or(MAGIC[7]);
    let ours = bytes.starts_with(&MAGIC[..7]);
    if ours && found > MAGIC[7] && found.is_ascii_alphanumeric() {
        return Err(SegmentError::Newer {
            path: path.to_owned(),
            found: char::from(found),
        });
    }
    let sealed = path.extension().is_none_or(|ending| ending != OPEN);
    let unsalted = ours && found == UNSALTED;
    let at = if bytes.starts_with(&MAGIC) || unsalted {
        MAGIC.len()
    } else {
        0
    };
    let salt = if unsalted { 0 } else { salt(path) };
    Ok(SegmentReader {
        path: path.to_owned(),
        bytes: bytes.into(),
        salt,
        at,
        sealed,
        torn_bytes: 0,
        ended: false,
    })
}

/// What distinguishes the checksums of a segment from those of every other one: its name, whatever its ending.
pub(crate) fn salt(path: &Path) -> u32 {
    let name = path.file_stem().unwrap_or_default();
    let mut hasher = Hasher::new();
    hasher.update(name.as_encoded_bytes());
    // Never zero, the salt of unsalted segments.
    hasher.finalize() | 1
}

/// Makes a frame one of the segment with this salt.
pub(crate) fn salted(batch: &mut [u8], frame: usize, salt: u32) {
    for (byte, salt) in batch[frame + 4..frame + 8]
        .iter_mut()
        .zip(salt.to_le_bytes())
    {
        *byte ^= salt;
    }
}

/// The mark behind the last batch of a segment, for an offset in it.
pub(crate) fn end_mark(at: u64, salt: u32) -> [u8; HEADER_BYTES] {
    let (length, at) = ([0; 4], u32::try_from(at).unwrap_or(u32::MAX).to_le_bytes());
    let sum = (checksum(length, at, &[]) ^ salt).to_le_bytes();
    let mut mark = [0; HEADER_BYTES];
    mark[4..8].copy_from_slice(&sum);
    mark[8..].copy_from_slice(&at);
    mark
}

/// Appends the frame of `payload` to a batch in preparation; [`salted`] makes it one of a segment.
///
/// `payload` holds 1 to [`RECORD_BYTES_MAX`] bytes and the batch less than 4 GiB: [`super::Wal`] refuses others.
pub(crate) fn push_frame(batch: &mut Vec<u8>, payload: &[u8]) {
    let length = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    let distance = u32::try_from(batch.len()).unwrap_or(u32::MAX).to_le_bytes();
    batch.extend_from_slice(&length);
    batch.extend_from_slice(&checksum(length, distance, payload).to_le_bytes());
    batch.extend_from_slice(&distance);
    batch.extend_from_slice(payload);
}

fn checksum(length: [u8; 4], distance: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&length);
    hasher.update(&distance);
    hasher.update(payload);
    hasher.finalize()
}

fn word(bytes: &[u8], at: usize) -> Option<[u8; 4]> {
    bytes.get(at..at + 4)?.try_into().ok()
}

/// The frame at `at`: where it ends and where its batch begins.
fn frame(bytes: &[u8], at: usize, salt: u32) -> Option<(usize, usize)> {
    let length = word(bytes, at)?;
    let payload_bytes = u32::from_le_bytes(length) as usize;
    if !(1..=RECORD_BYTES_MAX).contains(&payload_bytes) {
        return None;
    }
    let distance = word(bytes, at + 8)?;
    let batch_start = at.checked_sub(u32::from_le_bytes(distance) as usize)?;
    let end = at + HEADER_BYTES + payload_bytes;
    let payload = bytes.get(at + HEADER_BYTES..end)?;
    ((checksum(length, distance, payload) ^ salt).to_le_bytes() == word(bytes, at + 4)?)
        .then_some((end, batch_start))
}

impl SegmentReader {
    /// Bytes at the end of an open segment that were being written when the process died: never acknowledged.
    /// Known once the iterator has ended.
    #[must_use]
    pub fn torn_bytes(&self) -> u64 {
        self.torn_bytes
    }

    /// Bytes up to the end of the last record read.
    pub(crate) fn read_bytes(&self) -> u64 {
        self.at as u64
    }

    /// Where reading can go on behind unreadable bytes; `None` where those are a torn tail.
    fn resume(&self) -> Option<usize> {
        let (mut first, mut at) = (None, self.at + 1);
        while at < self.bytes.len() {
            let Some((end, batch_start)) = frame(&self.bytes, at, self.salt) else {
                at += 1;
                continue;
            };
            let resume = *first.get_or_insert(at);
            if self.sealed || batch_start > self.at {
                return Some(resume);
            }
            at = end;
        }
        None
    }

    fn next(&self) -> Next {
        match frame(&self.bytes, self.at, self.salt) {
            Some((end, _)) if self.at >= MAGIC.len() => Next::Record { end },
            _ if self.bytes[self.at..].starts_with(&end_mark(self.at as u64, self.salt)) => {
                Next::End
            }
            _ => Next::Unreadable,
        }
    }
}

impl Iterator for SegmentReader {
    type Item = Result<SegmentRecord, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.len() - self.at;
        if rest == 0 || self.torn_bytes > 0 || self.ended {
            return None;
        }
        let start = self.at;
        match SegmentReader::next(self) {
            Next::Record { end } => {
                self.at = end;
                let payload = self.bytes.slice(start + HEADER_BYTES..end);
                Some(Ok(SegmentRecord {
                    offset: start as u64,
                    payload,
                }))
            }
            next @ (Next::End | Next::Unreadable) => {
                let resume = match self.resume() {
                    Some(resume) => resume,
                    None if next == Next::End => {
                        self.ended = true;
                        return None;
                    }
                    None if self.sealed => self.bytes.len(),
                    None => {
                        self.torn_bytes = rest as u64;
                        return None;
                    }
                };
                self.at = resume;
                let bytes = (resume - start) as u64;
                Some(Err(Damage {
                    path: self.path.clone(),
                    offset: start as u64,
                    bytes,
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment of three batches of two records each, as a file with the given ending.
    fn segment(folder: &Path, ending: &str) -> (PathBuf, Vec<u8>) {
        let mut bytes = MAGIC.to_vec();
        let path = folder.join(format!("0000000001-test.{ending}"));
        for batch in 0..3 {
            let mut frames = Vec::new();
            for record in 0..2 {
                let start = frames.len();
                push_frame(
                    &mut frames,
                    format!("record {record} of batch {batch}").as_bytes(),
                );
                salted(&mut frames, start, salt(&path));
            }
            bytes.extend_from_slice(&frames);
        }
        std::fs::write(&path, &bytes).unwrap();
        (path, bytes)
    }

    fn read(path: &Path) -> (Vec<String>, Vec<Damage>, u64) {
        let mut reader = read_segment(path).unwrap();
        let (mut records, mut damage) = (Vec::new(), Vec::new());
        for item in reader.by_ref() {
            match item {
                Ok(record) => records.push(String::from_utf8(record.payload.to_vec()).unwrap()),
                Err(found) => damage.push(found),
            }
        }
        (records, damage, reader.torn_bytes())
    }

    #[test]
    fn cutting_an_open_segment_anywhere_loses_only_what_lies_behind_the_cut() {
        let folder = tempfile::tempdir().unwrap();
        let (path, bytes) = segment(folder.path(), OPEN);
        let whole = read(&path).0;
        assert_eq!(whole.len(), 6);
        let frame_bytes = (bytes.len() - MAGIC.len()) / 6;
        for cut in 0..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            let (records, damage, torn) = read(&path);
            let complete = cut.saturating_sub(MAGIC.len()) / frame_bytes;
            assert_eq!(records, whole[..complete], "cut at {cut}");
            assert_eq!(damage, [], "cut at {cut}");
            let kept = if cut < MAGIC.len() {
                0
            } else {
                MAGIC.len() + complete * frame_bytes
            };
            assert_eq!(torn, (cut - kept) as u64, "cut at {cut}");
        }
    }

    #[test]
    fn a_flipped_bit_never_yields_a_wrong_record_and_is_reported_unless_it_could_be_a_torn_tail() {
        let folder = tempfile::tempdir().unwrap();
        let (path, bytes) = segment(folder.path(), OPEN);
        let whole = read(&path).0;
        let frame_bytes = (bytes.len() - MAGIC.len()) / 6;
        let last_batch = MAGIC.len() + 4 * frame_bytes;
        // The format's digit is left out: another digit there is a newer program's segment, tested below.
        for at in (0..bytes.len()).filter(|at| *at != 7) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            std::fs::write(&path, &flipped).unwrap();
            let (records, damage, torn) = read(&path);
            assert!(
                records.iter().all(|r| whole.contains(r)),
                "byte {at} gave a record that was never written"
            );
            if at >= last_batch {
                assert!(damage.is_empty() && torn > 0, "byte {at}");
            } else {
                assert_eq!((damage.len(), torn), (1, 0), "byte {at}");
                // Every record but the one hit is still read.
                assert_eq!(
                    records.len(),
                    if at < MAGIC.len() { 6 } else { 5 },
                    "byte {at}"
                );
            }
        }
    }

    #[test]
    fn a_sealed_segment_has_no_torn_tail_every_missing_byte_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut bytes) = segment(folder.path(), SEALED);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let (records, damage, torn) = read(&path);
        assert_eq!((records.len(), damage.len(), torn), (5, 1, 0));
    }

    #[test]
    fn pages_lost_in_the_middle_of_the_last_batch_are_a_torn_tail() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut bytes) = segment(folder.path(), OPEN);
        let frame_bytes = (bytes.len() - MAGIC.len()) / 6;
        let last_batch = MAGIC.len() + 4 * frame_bytes;
        bytes[last_batch..last_batch + frame_bytes].fill(0);
        std::fs::write(&path, &bytes).unwrap();
        let (records, damage, torn) = read(&path);
        assert_eq!(
            (records.len(), damage.len(), torn),
            (4, 0, 2 * frame_bytes as u64)
        );
    }

    /// One batch and its mark, written over the segment that [`segment`] makes.
    fn written_over(folder: &Path, ending: &str) -> (PathBuf, Vec<u8>, usize) {
        let (old, mut bytes) = segment(folder, ending);
        let path = folder.join(format!("0000000002-next.{ending}"));
        std::fs::rename(old, &path).unwrap();
        let mut frames = Vec::new();
        for record in ["first", "second"] {
            let start = frames.len();
            push_frame(&mut frames, record.as_bytes());
            salted(&mut frames, start, salt(&path));
        }
        let end = MAGIC.len() + frames.len();
        frames.extend_from_slice(&end_mark(end as u64, salt(&path)));
        bytes[MAGIC.len()..MAGIC.len() + frames.len()].copy_from_slice(&frames);
        std::fs::write(&path, &bytes).unwrap();
        (path, bytes, end)
    }

    #[test]
    fn what_an_earlier_segment_left_behind_the_mark_is_neither_read_nor_damage() {
        let folder = tempfile::tempdir().unwrap();
        for ending in [OPEN, SEALED] {
            let (path, _, end) = written_over(folder.path(), ending);
            let (records, damage, torn) = read(&path);
            assert_eq!(records, ["first", "second"], "{ending}");
            assert_eq!((damage.len(), torn), (0, 0), "{ending}");
            let mut reader = read_segment(&path).unwrap();
            reader.by_ref().for_each(drop);
            assert_eq!(reader.read_bytes(), end as u64);
        }
    }

    #[test]
    fn a_flipped_bit_in_a_segment_written_over_another_never_brings_records_of_the_other() {
        let folder = tempfile::tempdir().unwrap();
        for ending in [OPEN, SEALED] {
            let (path, bytes, end) = written_over(folder.path(), ending);
            for at in (0..end + HEADER_BYTES).filter(|at| *at != 7) {
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x10;
                std::fs::write(&path, &flipped).unwrap();
                let (records, damage, torn) = read(&path);
                assert!(
                    records.iter().all(|r| r == "first" || r == "second"),
                    "byte {at}: {records:?}"
                );
                // In a sealed one every lost record is told; in an open one the last batch may be torn.
                let told = damage.len() + usize::from(torn > 0);
                assert!(records.len() == 2 || told > 0, "{ending}, byte {at}");
            }
        }
    }

    #[test]
    fn a_mark_before_acknowledged_records_hides_none_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut bytes) = segment(folder.path(), OPEN);
        let second = MAGIC.len() + (bytes.len() - MAGIC.len()) / 3;
        // As a disk leaves it that has lost the write of the second batch's first bytes.
        bytes[second..second + HEADER_BYTES].copy_from_slice(&end_mark(second as u64, salt(&path)));
        std::fs::write(&path, &bytes).unwrap();
        let (records, damage, torn) = read(&path);
        assert_eq!((records.len(), damage.len(), torn), (5, 1, 0));
    }

    #[test]
    fn a_segment_of_the_first_format_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0000000001-test.sealed");
        let (mut bytes, mut batch) = (b"CPTRLOG1".to_vec(), Vec::new());
        push_frame(&mut batch, b"unsalted");
        bytes.extend_from_slice(&batch);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&path).0, ["unsalted"]);
    }

    #[test]
    fn a_segment_of_a_newer_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, mut bytes) = segment(folder.path(), SEALED);
        bytes[7] = b'3';
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(
            read_segment(&path),
            Err(SegmentError::Newer { found: '3', .. })
        ));
    }
}
