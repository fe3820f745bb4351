//! Long records take less of the disk: a list of ten with its reasons repeats most of its words.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use zstd::bulk::{Compressor, Decompressor};

/// Records below this size are left as they are.
const LONG_BYTES: usize = 1 << 10;

/// A decision waits for it: a list of ten takes 10 µs and two fifths of its bytes; at level 1 18 µs and a third.
const LEVEL: i32 = -1;

/// First bytes of what is compressed (RFC 8878); a record begins otherwise.
const MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Largest record before compression.
const UNPACKED_BYTES_MAX: u64 = 64 << 20;

thread_local! {
    static COMPRESSOR: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Runs with the tool of this thread, which is made on first use: its tables cost more than a record.
fn with<T, R>(
    tool: &RefCell<Option<T>>,
    make: impl FnOnce() -> io::Result<T>,
    run: impl FnOnce(&mut T) -> io::Result<R>,
) -> io::Result<R> {
    let mut tool = tool.borrow_mut();
    let made = match tool.take() {
        Some(made) => made,
        None => make()?,
    };
    run(tool.insert(made))
}

/// Compresses a long record.
///
/// # Errors
/// When there is no memory for it.
pub(super) fn pack(record: Vec<u8>) -> io::Result<Vec<u8>> {
    if record.len() < LONG_BYTES {
        return Ok(record);
    }
    COMPRESSOR.with(|tool| with(tool, || Compressor::new(LEVEL), |c| c.compress(&record)))
}

/// A record as it was before [`pack`].
///
/// # Errors
/// When the bytes are no whole compressed record of at most [`UNPACKED_BYTES_MAX`] bytes.
pub(super) fn unpack(bytes: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    if !bytes.starts_with(&MAGIC) {
        return Ok(Cow::Borrowed(bytes));
    }
    let bad = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let size = zstd::zstd_safe::get_frame_content_size(bytes)
        .map_err(|_| bad("its first bytes are damaged"))?
        .filter(|size| *size <= UNPACKED_BYTES_MAX)
        .and_then(|size| usize::try_from(size).ok())
        .ok_or_else(|| bad("its size is missing or too large"))?;
    DECOMPRESSOR
        .with(|tool| with(tool, Decompressor::new, |d| d.decompress(bytes, size)))
        .map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_records_shrink_and_come_back_to_the_letter_and_short_ones_stay() {
        let short = br#"{"event":{}}"#.to_vec();
        assert_eq!(pack(short.clone()).unwrap(), short);
        assert_eq!(unpack(&short).unwrap(), short);
        let long = br#"{"because":"bought before","weight":0.5}"#.repeat(100);
        let packed = pack(long.clone()).unwrap();
        assert!(packed.len() * 4 < long.len(), "{} bytes", packed.len());
        assert_eq!(unpack(&packed).unwrap(), long);
    }

    #[test]
    fn a_cut_or_changed_record_is_refused() {
        let packed = pack((0..2000_u32).flat_map(u32::to_le_bytes).collect()).unwrap();
        for end in 4..packed.len() {
            assert!(unpack(&packed[..end]).is_err(), "{end} bytes");
        }
        let mut huge = MAGIC.to_vec();
        // A single segment whose size of eight bytes says more than any record has.
        huge.extend([0xE0, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert!(unpack(&huge).is_err());
    }
}
