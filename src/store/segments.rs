//! Rows as bytes, in segments: each checkpoint appends what changed, and the oldest segment goes once what still counts of it was appended
//! again. They are the rows' memory and, segment by segment, what the changelog holds.
//!
//! ```text
//! segment   entry …
//! entry     varint: bytes of the key ┃ varint: 0 = the row was removed, else 1 + bytes of the value ┃ key ┃ value
//! ```

use crate::wire::varint;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::ops::Range;
use thiserror::Error;

/// What a segment has at least before the next is begun: small enough to be cleaned at once, large enough to be one record of the changelog.
const SEGMENT_BYTES: usize = 256 * 1024;

/// Where an entry stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slot {
    segment: u32,
    /// One more than the byte that it begins at.
    past: NonZeroU32,
}

/// What became of a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The bytes of its key.
    pub key: &'a [u8],
    /// The bytes of its value; `None` if it was removed.
    pub value: Option<&'a [u8]>,
}

/// Bytes that are no segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[error("the entry at byte {0} of a segment goes on behind its end")]
pub struct Torn(usize);

/// The segments of one task, numbered in the order in which they were written.
#[derive(Default)]
pub struct Segments {
    first: u32,
    kept: VecDeque<Box<[u8]>>,
    /// What is being written becomes the last.
    open: Vec<u8>,
    bytes: u64,
}

impl Segments {
    /// As they were: from this number on.
    pub fn restore(first: u32, kept: impl IntoIterator<Item = Box<[u8]>>) -> Self {
        let kept: VecDeque<Box<[u8]>> = kept.into_iter().collect();
        let bytes = kept.iter().map(|segment| length(segment)).sum();
        Self { first, kept, open: Vec::new(), bytes }
    }

    /// The numbers of those there are.
    pub fn numbers(&self) -> Range<u32> {
        self.first..self.next()
    }

    /// One by its number.
    pub fn bytes_of(&self, number: u32) -> &[u8] {
        let index = usize::try_from(number - self.first).expect("fits");
        self.kept.get(index).map_or(&self.open, |segment| segment)
    }

    /// How many bytes all have together.
    pub fn bytes(&self) -> u64 {
        self.bytes + length(&self.open)
    }

    /// How many bytes there are of the one that is being written.
    pub const fn open_bytes(&self) -> usize {
        self.open.len()
    }

    /// An entry.
    pub fn entry(&self, slot: Slot) -> Entry<'_> {
        read(self.bytes_of(slot.segment), slot.at()).expect("a slot is where an entry was written").0
    }

    /// Appends an entry.
    pub fn append(&mut self, entry: Entry<'_>) -> Slot {
        if self.open.len() >= SEGMENT_BYTES {
            self.close();
        }
        let slot = Slot::new(self.next(), self.open.len()).expect("a row is below 4 GiB");
        put(&mut self.open, entry);
        slot
    }

    /// Ends the segment that is being written, if anything was.
    pub fn close(&mut self) {
        if !self.open.is_empty() {
            self.bytes += length(&self.open);
            self.kept.push_back(std::mem::take(&mut self.open).into());
        }
    }

    /// Takes the oldest away.
    pub fn remove_first(&mut self) -> Option<(u32, Box<[u8]>)> {
        let segment = self.kept.pop_front()?;
        self.bytes -= length(&segment);
        self.first += 1;
        Some((self.first - 1, segment))
    }

    /// The entry at a place, and the place after it; `None` at the end of its segment.
    pub fn step(&self, slot: Slot) -> Result<Option<(Entry<'_>, Slot)>, Torn> {
        step(slot, self.bytes_of(slot.segment))
    }

    /// The number of the one that is being written.
    fn next(&self) -> u32 {
        self.first + u32::try_from(self.kept.len()).expect("fewer than 2^32")
    }
}

/// Appends an entry to the bytes of a segment.
pub fn put(segment: &mut Vec<u8>, entry: Entry<'_>) {
    varint::put(segment, entry.key.len() as u64);
    varint::put(segment, entry.value.map_or(0, |value| value.len() as u64 + 1));
    segment.extend_from_slice(entry.key);
    segment.extend_from_slice(entry.value.unwrap_or_default());
}

/// The entries of a segment, in the order in which they were written.
pub fn entries(number: u32, segment: &[u8]) -> impl Iterator<Item = (Slot, Entry<'_>)> {
    let mut at = Slot::first(number);
    std::iter::from_fn(move || {
        let (entry, next) = step(at, segment).expect("waid wrote it")?;
        Some((std::mem::replace(&mut at, next), entry))
    })
}

fn step(slot: Slot, segment: &[u8]) -> Result<Option<(Entry<'_>, Slot)>, Torn> {
    if slot.at() >= segment.len() {
        return Ok(None);
    }
    let (entry, end) = read(segment, slot.at()).ok_or(Torn(slot.at()))?;
    let next = Slot::new(slot.segment, end).ok_or(Torn(slot.at()))?;
    Ok(Some((entry, next)))
}

impl Slot {
    /// The first place of a segment.
    pub const fn first(segment: u32) -> Self {
        Self { segment, past: NonZeroU32::MIN }
    }

    fn new(segment: u32, at: usize) -> Option<Self> {
        let past = u32::try_from(at).ok()?.checked_add(1).and_then(NonZeroU32::new)?;
        Some(Self { segment, past })
    }

    const fn at(self) -> usize {
        self.past.get() as usize - 1
    }
}

impl Entry<'_> {
    /// How many bytes it takes.
    pub fn bytes(&self) -> u64 {
        let value = self.value.map_or(0, |value| value.len() + 1);
        let heads = varint_bytes(self.key.len()) + varint_bytes(value);
        u64::try_from(heads + self.key.len() + self.value.map_or(0, <[u8]>::len)).expect("fits")
    }
}

/// An entry, and where it ends.
fn read(segment: &[u8], at: usize) -> Option<(Entry<'_>, usize)> {
    let mut rest = segment.get(at..)?;
    let (key, value) = (take_varint(&mut rest)?, take_varint(&mut rest)?);
    let (key, rest) = rest.split_at_checked(key)?;
    let (value, rest) = match value.checked_sub(1) {
        None => (None, rest),
        Some(bytes) => rest.split_at_checked(bytes).map(|(value, rest)| (Some(value), rest))?,
    };
    Some((Entry { key, value }, segment.len() - rest.len()))
}

fn take_varint(rest: &mut &[u8]) -> Option<usize> {
    varint::take(rest).and_then(|(value, _)| usize::try_from(value).ok())
}

const fn varint_bytes(value: usize) -> usize {
    (value | 1).ilog2() as usize / 7 + 1
}

fn length(segment: &[u8]) -> u64 {
    u64::try_from(segment.len()).expect("fits")
}
