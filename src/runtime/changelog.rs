//! The state of a task in the changelog: segments of rows, and a marker that says what they include.
//!
//! ```text
//! key                                              value
//! 1 ┃ segment, 4 bytes ┃ part of it, 2 bytes       parts that it has, 2 bytes ┃ bytes      (big-endian numbers)
//! 0                                                the marker
//! ```
//!
//! The bytes of a segment's parts together are a hash and a Zstandard frame of its columns. Rows repeat each other, so that is two fifths, to be
//! sent, kept and read again; the producer's own compression of whole batches finds nothing more in it.
//!
//! A checkpoint is the last records of some transactions: the segments that are new, and with the last of them a tombstone for each part of one
//! that is gone, then the marker. So the broker compacts away what no longer counts, and what it has left is read from beginning to end.
//! Segments of a checkpoint that never came to its marker are written over by the next.

pub mod frame;

use super::task::Task;
use crate::store::memory::{Checkpoint, Memory, RestoreError};
use crate::wire::DecodeError;
use crate::wire::marker::{self, Marker};
use crate::wire::record::{INTERNAL_BYTES_MAX, OutRecord, Topic};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;
use thiserror::Error;

/// Before the key of a part of a segment.
const SEGMENT: u8 = 1;

/// A checkpoint is written in at most so many transactions.
const TRANSACTIONS_MAX: usize = 16;

/// A checkpoint that is not all in the changelog yet. To compress its segments takes long, so they go with one transaction after the other, and
/// nobody waits for all of them. Whoever restores the task meanwhile passes over them, for the marker in force is that of the checkpoint before.
pub struct Pending {
    /// What is in it, and up to where the log was taken.
    marker: Marker,
    /// The segments that are not written yet.
    segments: Range<u32>,
    /// How many go with a transaction.
    at_once: usize,
    /// The segments that go with the marker, each with how many bytes it had.
    gone: Vec<(u32, usize)>,
    /// What the task did since then is not in it.
    pub begun: Instant,
}

impl Pending {
    /// What changed in a task since its last checkpoint; its log was taken up to `next`. `None` for one whose rows are not all of its state.
    pub fn begin(task: &mut Task, next: i64) -> Option<Self> {
        if !task.is_whole() {
            return None;
        }
        let Checkpoint { written, gone } = task.store_mut().checkpoint();
        let marker = task.marker(next)?;
        Some(Self { marker, at_once: written.len().div_ceil(TRANSACTIONS_MAX), segments: written, gone, begun: Instant::now() })
    }

    /// Up to where the log is in it.
    #[must_use]
    pub const fn next(&self) -> i64 {
        self.marker.next
    }

    /// Adds its next segments to `records`, or all of them; behind the last, tombstones and the marker. Whether that was all.
    pub fn write(&mut self, partition: i32, task: &Task, all: bool, records: &mut Vec<OutRecord>) -> bool {
        let mut put = |key: Vec<u8>, payload: Option<Vec<u8>>| records.push(record(partition, key, payload));
        let at_once = if all { usize::MAX } else { self.at_once };
        for number in self.segments.by_ref().take(at_once) {
            let segment = frame::pack(task.store().segment(number));
            let parts = parts_of(segment.len());
            for (part, bytes) in (0..).zip(segment.chunks(INTERNAL_BYTES_MAX)) {
                put(key_of(number, part), Some([&parts.to_be_bytes(), bytes].concat()));
            }
        }
        if !self.segments.is_empty() {
            return false;
        }
        for (number, bytes) in self.gone.drain(..) {
            for part in 0..parts_of(frame::bytes_max(bytes)) {
                put(key_of(number, part), None);
            }
        }
        put(marker::KEY.to_vec(), Some(marker::encode(&self.marker)));
        true
    }
}

fn parts_of(bytes: usize) -> u16 {
    u16::try_from(bytes.div_ceil(INTERNAL_BYTES_MAX)).expect("a row is below 32 GiB")
}

fn key_of(segment: u32, part: u16) -> Vec<u8> {
    [&[SEGMENT][..], &segment.to_be_bytes(), &part.to_be_bytes()].concat()
}

fn record(partition: i32, key: Vec<u8>, payload: Option<Vec<u8>>) -> OutRecord {
    OutRecord { topic: Topic::Changelog, partition: Some(partition), key: Some(key), headers: Vec::new(), payload, timestamp_ms: None }
}

/// A task in the making, from the records of its changelog.
#[derive(Default)]
pub struct Restore {
    marker: Option<Marker>,
    segments: BTreeMap<u32, Parts>,
    records: u64,
}

/// The parts of a segment, by number, and how many there should be.
#[derive(Default)]
struct Parts {
    count: u16,
    bytes: BTreeMap<u16, Box<[u8]>>,
}

/// What a changelog may not hold.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ChangelogError {
    /// A record that waid did not write, or another version did.
    #[error("a record is none of this version of waid")]
    Foreign,
    /// The newest marker cannot be read.
    #[error("its marker: {0}")]
    Marker(DecodeError),
    /// The marker counts on a segment that is not there.
    #[error("segment {0} is missing: was retention set on the topic, or its cleanup policy changed?")]
    Missing(u32),
    /// The bytes of a segment are no frame of columns.
    #[error("segment {0} cannot be unpacked")]
    Frame(u32),
    /// A segment cannot be read.
    #[error(transparent)]
    Rows(#[from] RestoreError),
}

impl Restore {
    /// Takes the next record.
    pub fn take(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), ChangelogError> {
        self.records += 1;
        match (key, value) {
            (key, Some(value)) if *key == marker::KEY => self.marker = Some(marker::decode(value).map_err(ChangelogError::Marker)?),
            ([SEGMENT, place @ ..], value) => {
                let (segment, part) = place.split_first_chunk().ok_or(ChangelogError::Foreign)?;
                let (segment, part) = (u32::from_be_bytes(*segment), part.try_into().map_err(|_| ChangelogError::Foreign)?);
                self.take_part(segment, u16::from_be_bytes(part), value)?;
            }
            _ => return Err(ChangelogError::Foreign),
        }
        Ok(())
    }

    /// How many records were taken.
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// The task, and the first offset of its log that it does not include; as at the beginning if there is no checkpoint.
    pub fn finish(mut self, partition: i32) -> Result<(Task, Option<i64>), ChangelogError> {
        let Some(marker) = self.marker.take() else { return Ok((Task::new(partition), None)) };
        let segments = (marker.segment_first..marker.segment_next).map(|number| {
            let frame = self.segment(number).ok_or(ChangelogError::Missing(number))?;
            let segment = frame::unpack(&frame).ok_or(ChangelogError::Frame(number))?;
            Ok(segment.into_boxed_slice())
        });
        let store = Memory::restore(
            marker.segment_first,
            segments.collect::<Result<_, ChangelogError>>()?,
            marker.dictionary(),
            &marker.control.settings,
        )?;
        Ok((Task::restore(partition, store, &marker), Some(marker.next)))
    }

    fn take_part(&mut self, segment: u32, part: u16, value: Option<&[u8]>) -> Result<(), ChangelogError> {
        let Some(value) = value else {
            self.segments.remove(&segment);
            return Ok(());
        };
        let (count, bytes) = value.split_first_chunk().ok_or(ChangelogError::Foreign)?;
        let parts = self.segments.entry(segment).or_default();
        parts.count = u16::from_be_bytes(*count);
        parts.bytes.insert(part, bytes.into());
        Ok(())
    }

    fn segment(&mut self, number: u32) -> Option<Box<[u8]>> {
        let mut parts = self.segments.remove(&number)?;
        if parts.count == 1 {
            return parts.bytes.remove(&0);
        }
        let parts: Option<Vec<Box<[u8]>>> = (0..parts.count).map(|part| parts.bytes.remove(&part)).collect();
        parts.map(|parts| parts.concat().into())
    }
}

#[cfg(test)]
mod tests;
