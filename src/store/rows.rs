//! Rows by their ids: their bytes in segments, and those at hand also as they are.

use super::index::RowId;
use super::segments::{Entry, Segments, Slot};
use crate::domain::state::{Key, Row};
use crate::wire::state::{decode_key, decode_value, encode_value};
use std::borrow::Cow;
use std::num::NonZeroU32;

/// A deadline that never comes, ms.
pub const NEVER_MS: i64 = i64::MAX;

/// The rows.
#[derive(Default)]
pub struct Rows {
    known: Vec<Known>,
    free: Vec<RowId>,
    at_hand: Vec<AtHand>,
    /// The bytes.
    pub segments: Segments,
    /// How many bytes the entries have that count still.
    live: u64,
}

/// What is known of a row.
#[derive(Clone, Copy)]
struct Known {
    /// Its bytes, as of the last checkpoint that had it.
    slot: Option<Slot>,
    /// One more than where it is at hand, if it is.
    at_hand: Option<NonZeroU32>,
    /// When stream time is to look at it, ms.
    watched_ms: i64,
}

/// A row as it is.
pub struct AtHand {
    id: RowId,
    /// Its key.
    pub key: Key,
    /// The bytes of the key, of a row that is in no segment.
    bytes: Box<[u8]>,
    /// `None` if it was removed.
    pub row: Option<Row>,
    /// Whether the segments have it otherwise.
    pub is_changed: bool,
}

impl Rows {
    /// Over these segments, no row of which is known yet.
    pub fn over(segments: Segments) -> Self {
        Self { segments, ..Self::default() }
    }

    /// A row that is in a segment.
    pub fn add_kept(&mut self, slot: Slot) -> RowId {
        let id = self.new_id();
        self.keep_at(id, slot);
        id
    }

    /// A row that is in no segment.
    pub fn add_new(&mut self, key: Key, bytes: &[u8], row: Row) -> RowId {
        let id = self.new_id();
        self.take_at_hand(AtHand { id, key, bytes: bytes.into(), row: Some(row), is_changed: true });
        id
    }

    /// A row is no more.
    pub fn remove(&mut self, id: RowId) {
        if let Some(slot) = self.known[id as usize].slot {
            self.live -= self.segments.entry(slot).bytes();
        }
        self.known[id as usize] = Known::NOTHING;
        self.free.push(id);
    }

    /// From now on the bytes of a row are there.
    pub fn keep_at(&mut self, id: RowId, slot: Slot) {
        let before = self.known[id as usize].slot.replace(slot);
        self.live += self.segments.entry(slot).bytes();
        self.live -= before.map_or(0, |before| self.segments.entry(before).bytes());
    }

    /// The same bytes are there from now on.
    pub fn move_to(&mut self, id: RowId, slot: Slot) {
        self.known[id as usize].slot = Some(slot);
    }

    /// Where the bytes of a row are.
    pub fn slot(&self, id: RowId) -> Option<Slot> {
        self.known[id as usize].slot
    }

    /// The bytes of a row's key.
    pub fn key_bytes(&self, id: RowId) -> &[u8] {
        match self.slot(id) {
            Some(slot) => self.segments.entry(slot).key,
            None => self.at_hand(id).map_or(&[], |at_hand| &at_hand.bytes),
        }
    }

    /// A row's key.
    pub fn key(&self, id: RowId) -> Key {
        match self.at_hand(id) {
            Some(at_hand) => at_hand.key.clone(),
            None => decode_key(self.key_bytes(id)).expect("it was read before"),
        }
    }

    /// A row; `None` if it was removed.
    pub fn read(&self, id: RowId) -> Option<Cow<'_, Row>> {
        match self.at_hand(id) {
            Some(at_hand) => at_hand.row.as_ref().map(Cow::Borrowed),
            None => self.decode(id, &self.key(id)).map(Cow::Owned),
        }
    }

    /// A row, at hand.
    pub fn at_hand(&self, id: RowId) -> Option<&AtHand> {
        let index = self.known[id as usize].at_hand?;
        Some(&self.at_hand[index.get() as usize - 1])
    }

    /// The same, to be changed.
    pub fn at_hand_mut(&mut self, id: RowId) -> Option<&mut AtHand> {
        let index = self.known[id as usize].at_hand?;
        Some(&mut self.at_hand[index.get() as usize - 1])
    }

    /// A row, at hand from now on, to be read.
    pub fn fetch(&mut self, id: RowId, key: &Key) -> Option<&Row> {
        if self.known[id as usize].at_hand.is_none() {
            let row = self.decode(id, key);
            self.take_at_hand(AtHand { id, key: key.clone(), bytes: Box::default(), row, is_changed: false });
        }
        self.at_hand(id)?.row.as_ref()
    }

    /// A row of which there are only bytes is changed, or removed.
    pub fn change(&mut self, id: RowId, key: Key, row: Option<Row>) {
        self.take_at_hand(AtHand { id, key, bytes: Box::default(), row, is_changed: true });
    }

    /// Of a row only the bytes are left.
    pub fn put_away(&mut self, id: RowId) {
        self.known[id as usize].at_hand = None;
    }

    /// Of rows that did not change only the bytes are left.
    pub fn put_away_unchanged(&mut self) {
        let all = std::mem::take(&mut self.at_hand);
        for (past, at_hand) in (1..).zip(all) {
            if self.is_at_hand(at_hand.id, past) {
                self.put_away(at_hand.id);
                if at_hand.is_changed {
                    self.take_at_hand(at_hand);
                }
            }
        }
    }

    /// Of all rows only the bytes are left.
    pub fn put_away_all(&mut self) {
        for (past, at_hand) in (1..).zip(std::mem::take(&mut self.at_hand)) {
            if self.is_at_hand(at_hand.id, past) {
                self.put_away(at_hand.id);
            }
        }
    }

    /// The rows that changed, removed ones among them.
    pub fn changed(&self) -> Vec<RowId> {
        let all = (1..).zip(&self.at_hand);
        all.filter(|(past, at_hand)| at_hand.is_changed && self.is_at_hand(at_hand.id, *past)).map(|(_, at_hand)| at_hand.id).collect()
    }

    /// How many rows are at hand.
    pub const fn len_at_hand(&self) -> usize {
        self.at_hand.len()
    }

    /// Appends a row at hand to the segments, under the bytes of its key; whether it was one, and not removed.
    pub fn write(&mut self, id: RowId, key: &[u8]) -> bool {
        let Some(at_hand) = self.at_hand(id) else { return true };
        let value = at_hand.row.as_ref().map(|row| encode_value(&at_hand.key, row));
        if value.is_some() || self.slot(id).is_some() {
            let slot = self.segments.append(Entry { key, value: value.as_deref() });
            if value.is_some() {
                self.keep_at(id, slot);
            }
        }
        value.is_some()
    }

    /// When stream time is to look at a row, ms.
    pub fn watched_ms(&self, id: RowId) -> i64 {
        self.known.get(id as usize).map_or(NEVER_MS, |known| known.watched_ms)
    }

    /// Sets that.
    pub fn watch(&mut self, id: RowId, deadline_ms: i64) {
        self.known[id as usize].watched_ms = deadline_ms;
    }

    /// How many bytes the entries have that count still.
    pub const fn live(&self) -> u64 {
        self.live
    }

    fn decode(&self, id: RowId, key: &Key) -> Option<Row> {
        let value = self.segments.entry(self.slot(id)?).value?;
        Some(decode_value(key, value).expect("it was read before"))
    }

    /// Whether a row is at hand there, one before `past`, and not elsewhere or no more.
    fn is_at_hand(&self, id: RowId, past: u32) -> bool {
        self.known[id as usize].at_hand.is_some_and(|known| known.get() == past)
    }

    fn take_at_hand(&mut self, at_hand: AtHand) {
        let id = at_hand.id;
        self.at_hand.push(at_hand);
        let past = u32::try_from(self.at_hand.len()).expect("fewer than 2^32");
        self.known[id as usize].at_hand = NonZeroU32::new(past);
    }

    fn new_id(&mut self) -> RowId {
        self.free.pop().unwrap_or_else(|| {
            self.known.push(Known::NOTHING);
            u32::try_from(self.known.len() - 1).expect("fewer than 2^32 rows in a task")
        })
    }
}

impl Known {
    const NOTHING: Self = Self { slot: None, at_hand: None, watched_ms: NEVER_MS };
}
