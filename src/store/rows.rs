//! Rows by their ids: their bytes in segments, or in a draft of the next; and those at hand also as they are.

use super::index::RowId;
use super::segments::{Entry, Segments, Slot, entries};
use crate::domain::state::{Key, Row};
use crate::wire::state::{Dictionary, decode_key, decode_value, encode_value};
use std::borrow::Cow;
use std::num::NonZeroU32;

/// A deadline that never comes, ms.
pub const NEVER_MS: i64 = i64::MAX;

/// Before the key of an entry of the draft: the row's id.
const ID_BYTES: usize = size_of::<RowId>();

/// What a segment of the draft has at least before the next is begun: so much is written into those that stay at once.
const DRAFT_SEGMENT_BYTES: usize = 64 * 1024;

/// The rows.
#[derive(Default)]
pub struct Rows {
    known: Vec<Known>,
    free: Vec<RowId>,
    at_hand: Vec<Option<AtHand>>,
    vacant: Vec<NonZeroU32>,
    /// The bytes as of the last checkpoint.
    pub segments: Segments,
    /// The bytes of rows that changed since.
    draft: Segments,
    /// How many bytes the entries of the segments have that count still.
    live: u64,
    /// From which place on the rows at hand are put away next.
    swept: usize,
    /// What the bytes of rows call apps, tenants and scopes by.
    pub names: Dictionary,
}

/// What is known of a row.
#[derive(Clone, Copy)]
struct Known {
    /// Its bytes, as of the last checkpoint that had it.
    slot: Option<Slot>,
    /// Its bytes, if it changed since.
    draft: Option<Slot>,
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
    /// The bytes of the key, of a row that has no other bytes.
    bytes: Box<[u8]>,
    /// `None` if it was removed.
    pub row: Option<Row>,
    /// Whether its bytes say otherwise.
    pub is_changed: bool,
}

impl Rows {
    /// Over these segments, no row of which is known yet.
    pub fn over(segments: Segments, names: Dictionary) -> Self {
        Self { segments, names, ..Self::default() }
    }

    /// A row that is in a segment.
    pub fn add_kept(&mut self, slot: Slot) -> RowId {
        let id = self.new_id();
        self.keep_at(id, slot);
        id
    }

    /// A row that has no bytes yet.
    pub fn add_new(&mut self, key: Key, bytes: &[u8], row: Row) -> RowId {
        let id = self.new_id();
        self.take_at_hand(AtHand { id, key, bytes: bytes.into(), row: Some(row), is_changed: true });
        id
    }

    /// A row is no more.
    pub fn remove(&mut self, id: RowId) {
        self.put_away(id);
        let known = std::mem::replace(&mut self.known[id as usize], Known::NOTHING);
        self.live -= known.slot.map_or(0, |slot| self.segments.entry(slot).bytes());
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

    /// Where the bytes of a row are in the segments.
    pub fn slot(&self, id: RowId) -> Option<Slot> {
        self.known[id as usize].slot
    }

    /// The bytes of a row's key.
    pub fn key_bytes(&self, id: RowId) -> &[u8] {
        let known = &self.known[id as usize];
        match (known.slot, known.draft) {
            (Some(slot), _) => self.segments.entry(slot).key,
            (None, Some(draft)) => &self.draft.entry(draft).key[ID_BYTES..],
            (None, None) => self.at_hand(id).map_or(&[], |at_hand| &at_hand.bytes),
        }
    }

    /// A row's key.
    pub fn key(&self, id: RowId) -> Key {
        match self.at_hand(id) {
            Some(at_hand) => at_hand.key.clone(),
            None => decode_key(self.key_bytes(id), &self.names).expect("it was read before"),
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
        let place = self.known[id as usize].at_hand?;
        self.at_hand[index_of(place)].as_ref()
    }

    /// The same, to be changed.
    pub fn at_hand_mut(&mut self, id: RowId) -> Option<&mut AtHand> {
        let place = self.known[id as usize].at_hand?;
        self.at_hand[index_of(place)].as_mut()
    }

    /// Takes a row to hand, to be read; whether it was not.
    pub fn fetch(&mut self, id: RowId, key: &Key) -> bool {
        let is_new = self.known[id as usize].at_hand.is_none();
        if is_new {
            let row = self.decode(id, key);
            self.take_at_hand(AtHand { id, key: key.clone(), bytes: Box::default(), row, is_changed: false });
        }
        is_new
    }

    /// A row of which there are only bytes is changed, or removed.
    pub fn change(&mut self, id: RowId, key: Key, row: Option<Row>) {
        self.take_at_hand(AtHand { id, key, bytes: Box::default(), row, is_changed: true });
    }

    /// Whether the segments have a row otherwise than it is.
    pub fn is_dirty(&self, id: RowId) -> bool {
        self.known[id as usize].draft.is_some() || self.at_hand(id).is_some_and(|at_hand| at_hand.is_changed)
    }

    /// Of a row only the bytes are left that there are.
    pub fn put_away(&mut self, id: RowId) {
        if let Some(place) = self.known[id as usize].at_hand.take() {
            self.at_hand[index_of(place)] = None;
            self.vacant.push(place);
        }
    }

    /// A row that is at hand is left as bytes, in the draft if it changed. Not one that was removed.
    pub fn set_down(&mut self, id: RowId, scratch: &mut Vec<u8>) {
        let Some(at_hand) = self.known[id as usize].at_hand.and_then(|place| self.at_hand[index_of(place)].as_ref()) else { return };
        let AtHand { key, row: Some(row), is_changed, .. } = at_hand else { return };
        if *is_changed {
            let value = encode_value(key, row, &mut self.names);
            scratch.clear();
            scratch.extend_from_slice(&id.to_le_bytes());
            scratch.extend_from_slice(self.key_bytes(id));
            if self.draft.open_bytes() >= DRAFT_SEGMENT_BYTES {
                self.draft.close();
            }
            self.known[id as usize].draft = Some(self.draft.append(Entry { key: scratch, value: Some(&value) }));
        }
        self.put_away(id);
    }

    /// Of rows that did not change only the bytes are left.
    pub fn put_away_unchanged(&mut self) {
        let unchanged = |at_hand: &AtHand| (!at_hand.is_changed).then_some(at_hand.id);
        for id in self.at_hand.iter().flatten().filter_map(unchanged).collect::<Vec<_>>() {
            self.put_away(id);
        }
    }

    /// How many rows are at hand.
    pub const fn len_at_hand(&self) -> usize {
        self.at_hand.len() - self.vacant.len()
    }

    /// Writes all that changed into the segments, and puts all away. What was removed is left to be forgotten.
    pub fn write(&mut self, scratch: &mut Vec<u8>) -> Vec<RowId> {
        let at_hand = self.at_hand.iter().flatten().map(|at_hand| at_hand.id).collect();
        let removed = self.write_down(at_hand, scratch);
        self.draft.close();
        while self.empty_draft() {}
        removed
    }

    /// Puts the rows away that are at so many of the places at hand, those that follow on the last ones, and writes what changed of them; and the
    /// oldest segments of the draft, so many at most. What was removed is left to be forgotten.
    pub fn write_some(&mut self, places: usize, segments: usize, scratch: &mut Vec<u8>) -> Vec<RowId> {
        let rest = self.at_hand.iter().skip(self.swept);
        let at_hand = rest.take(places).flatten().map(|at_hand| at_hand.id).collect();
        self.swept = Some(self.swept + places).filter(|next| *next < self.at_hand.len()).unwrap_or(0);
        let removed = self.write_down(at_hand, scratch);
        for _ in 0..segments {
            self.empty_draft();
        }
        removed
    }

    /// Leaves rows that are at hand as bytes: in the draft, or the removal in a segment. Returns which were removed.
    fn write_down(&mut self, ids: Vec<RowId>, scratch: &mut Vec<u8>) -> Vec<RowId> {
        let mut removed = Vec::new();
        for id in ids {
            if self.at_hand(id).is_some_and(|at_hand| at_hand.row.is_none()) {
                self.write_removal(id, scratch);
                removed.push(id);
            }
            self.set_down(id, scratch);
        }
        removed
    }

    /// Writes the oldest segment of the draft into those that stay; whether there was one.
    fn empty_draft(&mut self) -> bool {
        let Some((number, segment)) = self.draft.remove_first() else { return false };
        for (slot, Entry { key, value }) in entries(number, &segment) {
            let (id, key) = key.split_first_chunk().expect("it begins with an id");
            let id = RowId::from_le_bytes(*id);
            if self.known[id as usize].draft == Some(slot) {
                self.known[id as usize].draft = None;
                let slot = self.segments.append(Entry { key, value });
                self.keep_at(id, slot);
            }
        }
        true
    }

    /// When stream time is to look at a row, ms.
    pub fn watched_ms(&self, id: RowId) -> i64 {
        self.known.get(id as usize).map_or(NEVER_MS, |known| known.watched_ms)
    }

    /// Sets that.
    pub fn watch(&mut self, id: RowId, deadline_ms: i64) {
        self.known[id as usize].watched_ms = deadline_ms;
    }

    /// How many bytes the entries of the segments have that count still.
    pub const fn live(&self) -> u64 {
        self.live
    }

    fn write_removal(&mut self, id: RowId, scratch: &mut Vec<u8>) {
        scratch.clear();
        scratch.extend_from_slice(self.key_bytes(id));
        if self.slot(id).is_some() {
            self.segments.append(Entry { key: scratch, value: None });
        }
        self.known[id as usize].draft = None;
        if let Some(at_hand) = self.at_hand_mut(id) {
            at_hand.bytes = scratch.as_slice().into();
        }
    }

    fn decode(&self, id: RowId, key: &Key) -> Option<Row> {
        let known = &self.known[id as usize];
        let entry = match (known.draft, known.slot) {
            (Some(draft), _) => self.draft.entry(draft),
            (None, slot) => self.segments.entry(slot?),
        };
        Some(decode_value(key, entry.value?, &self.names).expect("it was read before"))
    }

    fn take_at_hand(&mut self, at_hand: AtHand) {
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.at_hand.push(None);
            u32::try_from(self.at_hand.len()).ok().and_then(NonZeroU32::new).expect("fewer than 2^32")
        });
        self.known[at_hand.id as usize].at_hand = Some(place);
        self.at_hand[index_of(place)] = Some(at_hand);
    }

    fn new_id(&mut self) -> RowId {
        self.free.pop().unwrap_or_else(|| {
            self.known.push(Known::NOTHING);
            u32::try_from(self.known.len() - 1).expect("fewer than 2^32 rows in a task")
        })
    }
}

const fn index_of(place: NonZeroU32) -> usize {
    place.get() as usize - 1
}

impl Known {
    const NOTHING: Self = Self { slot: None, draft: None, at_hand: None, watched_ms: NEVER_MS };
}
