//! The state of a task in the changelog: rows under their keys, compacted by the broker, and a marker that says what they include.
//!
//! A checkpoint is a transaction's last records: what changed since the checkpoint before, then the marker. A row that is too large for one
//! record is cut into pieces: under its own key stands how many there are, and each piece stands under the row's key and its number.

use super::task::Task;
use crate::domain::state::{Key, Row};
use crate::store::memory::{Memory, Records};
use crate::wire::marker::{self, Marker};
use crate::wire::record::{OutRecord, Topic};
use crate::wire::state::{decode_row, encode_key, encode_row};
use std::collections::HashMap;

/// The largest value of a record: below every topic's limit.
const PIECE_BYTES_MAX: usize = 512 * 1024;

/// Before the key of a piece. No row's key begins with it.
const PIECE: u8 = 0xFE;

/// Before the number of pieces. No row's format is this byte.
const PIECES: u8 = 0xFF;

/// Adds to `records` what changed in a task since its last checkpoint, and a marker: its log was taken up to `next`. Whether it could: a task
/// without a control record has no state.
pub fn checkpoint(partition: i32, task: &mut Task, next: i64, records: &mut Vec<OutRecord>) -> bool {
    let Some(marker) = task.marker(next) else { return false };
    let mut put = |key: Vec<u8>, payload: Option<Vec<u8>>| records.push(record(partition, key, payload));
    task.store_mut().take_changes(|key, known, row| write_row(key, known, row, &mut put));
    put(marker::KEY.to_vec(), Some(marker::encode(&marker)));
    true
}

/// In how many records a row was written.
fn write_row(key: &Key, known: Records, row: Option<&Row>, put: &mut impl FnMut(Vec<u8>, Option<Vec<u8>>)) -> Records {
    let written = row.map(|row| encode_row(key, row));
    let (key, value) = match written {
        Some((key, value)) => (key, Some(value)),
        None => (encode_key(key), None),
    };
    let pieces: Vec<&[u8]> = match &value {
        Some(value) if value.len() > PIECE_BYTES_MAX => value.chunks(PIECE_BYTES_MAX).collect(),
        _ => Vec::new(),
    };
    let count = Records::try_from(pieces.len()).expect("32 GiB");
    for (number, piece) in (0..).zip(&pieces) {
        put(piece_key(&key, number), Some(piece.to_vec()));
    }
    for number in count..pieces_of(known) {
        put(piece_key(&key, number), None);
    }
    match value {
        None => {
            put(key, None);
            0
        }
        Some(_) if count > 0 => {
            put(key, Some([&[PIECES][..], &count.to_be_bytes()].concat()));
            count + 1
        }
        Some(value) => {
            put(key, Some(value));
            1
        }
    }
}

/// One record is the row, or how many pieces it has.
const fn pieces_of(records: Records) -> Records {
    records.saturating_sub(1)
}

fn piece_key(key: &[u8], number: Records) -> Vec<u8> {
    [&[PIECE][..], &number.to_be_bytes(), key].concat()
}

fn record(partition: i32, key: Vec<u8>, payload: Option<Vec<u8>>) -> OutRecord {
    OutRecord { topic: Topic::Changelog, partition: Some(partition), key: Some(key), headers: Vec::new(), payload, timestamp_ms: None }
}

/// A task in the making, from the records of its changelog.
#[derive(Default)]
pub struct Restore {
    store: Memory,
    marker: Option<Marker>,
    /// Pieces of rows, by their keys, until it is said how many there are.
    pieces: HashMap<Vec<u8>, Vec<u8>>,
    records: u64,
}

impl Restore {
    /// Takes the next record.
    ///
    /// # Errors
    /// When waid cannot have written it, or a later version has.
    pub fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
        self.records += 1;
        let unreadable = |error: crate::wire::DecodeError| error.to_string();
        match (key, value) {
            ([PIECE, ..], Some(value)) => drop(self.pieces.insert(key.to_vec(), value.to_vec())),
            ([PIECE, ..], None) => drop(self.pieces.remove(key)),
            (key, Some(value)) if *key == marker::KEY => self.marker = Some(marker::decode(value).map_err(unreadable)?),
            (key, None) => self.store.unload(&crate::wire::state::decode_key(key).map_err(unreadable)?),
            (key, Some([PIECES, count @ ..])) => {
                let count = Records::from_be_bytes(count.try_into().map_err(|_| "the number of pieces is not one")?);
                // The broker may have compacted the pieces of an older state away, before a newer one comes.
                if let Some(value) = self.join(key, count) {
                    let (key, row) = decode_row(key, &value).map_err(unreadable)?;
                    self.store.load(key, row, count + 1);
                }
            }
            (key, Some(value)) => {
                let (key, row) = decode_row(key, value).map_err(unreadable)?;
                self.store.load(key, row, 1);
            }
        }
        Ok(())
    }

    /// How many records were taken.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// The task, and the first offset of its log that it does not include; as at the beginning if there is no checkpoint.
    pub fn finish(self, partition: i32) -> (Task, Option<i64>) {
        match self.marker {
            Some(marker) => (Task::restore(partition, self.store, &marker), Some(marker.next)),
            None => (Task::new(partition), None),
        }
    }

    fn join(&self, key: &[u8], count: Records) -> Option<Vec<u8>> {
        let pieces: Option<Vec<&[u8]>> = (0..count).map(|number| self.pieces.get(&piece_key(key, number)).map(Vec::as_slice)).collect();
        pieces.map(|pieces| pieces.concat())
    }
}

#[cfg(test)]
mod tests;
