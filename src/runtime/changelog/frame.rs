//! The bytes of a segment in the changelog: a Zstandard frame of its columns, behind a hash. What is not as it was written is told by that,
//! before a frame asks for memory that it does not need.
//!
//! ```text
//! packed   XXH3 of the frame, 8 bytes ┃ frame
//! frame    varint: how many columns ┃ of each, varint: its bytes ┃ column …       (compressed)
//! ```

use crate::store::segments::{Entry, entries, put};
use crate::wire::columns::{Table, rows};
use crate::wire::varint;
use std::io::{self, Write};
use xxhash_rust::xxh3::xxh3_64;

/// How many bytes stand before the frame.
const HASH_BYTES: usize = size_of::<u64>();

/// How hard to compress: as Zstandard does by itself.
const LEVEL: i32 = 3;

/// A column of so many bytes is worth a block of its own, which is compressed by what is in it alone.
const BLOCK_BYTES: usize = 256;

/// A segment as the changelog has it.
#[must_use]
pub fn pack(segment: &[u8]) -> Vec<u8> {
    let mut table = Table::default();
    entries(0, segment).for_each(|(_, entry)| table.push(entry.key, entry.value));
    compress(&table.columns()).expect("into memory that grows")
}

/// The segment that was packed; `None` if these are not the bytes.
#[must_use]
pub fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (hash, frame) = packed.split_first_chunk()?;
    if xxh3_64(frame) != u64::from_be_bytes(*hash) {
        return None;
    }
    let table = zstd::stream::decode_all(frame).ok()?;
    let mut segment = Vec::with_capacity(table.len());
    read(&table, |key, value| put(&mut segment, Entry { key, value }))?;
    Some(segment)
}

/// Gives the rows that are in a frame, which was decompressed, to `take`; `None` if it holds no such.
pub fn read(table: &[u8], take: impl FnMut(&[u8], Option<&[u8]>)) -> Option<()> {
    rows(&columns_of(table)?, take).ok()
}

/// The most bytes that so large a segment has when packed: shapes and lengths, which say again how rows are made, are at worst half of it, or a
/// few KiB of a small one. So an ordinary segment is one part.
#[must_use]
pub fn bytes_max(segment: usize) -> usize {
    HASH_BYTES + zstd::zstd_safe::compress_bound(segment + segment / 2 + 4096)
}

fn compress(columns: &[Vec<u8>]) -> io::Result<Vec<u8>> {
    let lengths: Vec<usize> = columns.iter().map(Vec::len).collect();
    let mut head = Vec::new();
    varint::put(&mut head, lengths.len() as u64);
    for length in &lengths {
        varint::put(&mut head, *length as u64);
    }
    let mut frame = zstd::stream::Encoder::new(vec![0; HASH_BYTES], LEVEL)?;
    frame.write_all(&head)?;
    for column in order(&lengths) {
        if lengths[column] >= BLOCK_BYTES {
            frame.flush()?;
        }
        frame.write_all(&columns[column])?;
    }
    let mut packed = frame.finish()?;
    let hash = xxh3_64(&packed[HASH_BYTES..]);
    packed[..HASH_BYTES].copy_from_slice(&hash.to_be_bytes());
    Ok(packed)
}

fn columns_of(table: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = table;
    let mut next = || varint::take(&mut rest).and_then(|(length, _)| usize::try_from(length).ok());
    let count = next()?;
    let lengths: Vec<usize> = (0..count).map(|_| next()).collect::<Option<_>>()?;
    let mut columns = vec![table; lengths.len()];
    for column in order(&lengths) {
        (columns[column], rest) = rest.split_at_checked(lengths[column])?;
    }
    rest.is_empty().then_some(columns)
}

/// How columns follow each other: first the small ones, in one block with the head.
fn order(lengths: &[usize]) -> impl Iterator<Item = usize> {
    let (small, large): (Vec<usize>, Vec<usize>) = (0..lengths.len()).partition(|column| lengths[*column] < BLOCK_BYTES);
    small.into_iter().chain(large)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::state::encode_row;
    use crate::wire::tests::random::{any_row, seeded};
    use rand::RngExt;

    fn segment(seed: u64) -> Vec<u8> {
        let (random, mut segment) = (&mut seeded(seed), Vec::new());
        for _ in 0..random.random_range(0..100) {
            let (key, row) = any_row(random);
            let (key, value) = encode_row(&key, &row);
            put(&mut segment, Entry { key: &key, value: Some(&value).filter(|_| random.random_bool(0.9)).map(Vec::as_slice) });
        }
        segment
    }

    #[test]
    fn a_segment_comes_back_as_it_was() {
        for seed in 0..100 {
            let segment = segment(seed);
            assert_eq!(unpack(&pack(&segment)), Some(segment), "seed {seed}");
        }
    }

    #[test]
    fn a_frame_is_no_larger_than_is_said() {
        let mut odd = Vec::new();
        for number in 0..300_u16 {
            let key = [&[1, 0][..], &number.to_be_bytes()].concat();
            put(&mut odd, Entry { key: &key, value: Some(&[4, (number % 15) as u8 * 8 + 8, 0]) });
        }
        for segment in (0..50).map(segment).chain([odd]) {
            assert!(pack(&segment).len() <= bytes_max(segment.len()), "{}", segment.len());
        }
    }

    #[test]
    fn what_is_no_frame_is_told() {
        let frame = pack(&segment(1));
        assert_eq!(unpack(&frame[..frame.len() - 1]), None);
        assert_eq!(unpack(b""), None);
        let mut other = frame.clone();
        other[100] ^= 1;
        assert_eq!(unpack(&other), None, "a bit of an id is another id");
        let compressed = |bytes: &[u8]| {
            let frame = zstd::bulk::compress(bytes, LEVEL).expect("in memory");
            [&xxh3_64(&frame).to_be_bytes(), frame.as_slice()].concat()
        };
        assert_eq!(unpack(&compressed(&[])), None);
        assert_eq!(unpack(&compressed(&[2, 0, 0])), Some(Vec::new()));
        assert_eq!(unpack(&compressed(&[2, 0, 0, 7])), None, "bytes in no column");
        assert_eq!(unpack(&compressed(&[3, 1, 1])), None, "columns that are not there");
    }
}
