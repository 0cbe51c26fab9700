//! The rows of a task: their bytes in segments, which are what the changelog holds, and in a draft of the next. Those that the event at hand
//! reads or puts are at hand as they are; contacts, circles and threads, which later events mostly read again, until the next checkpoint or its
//! preparation. A journal of what the event replaced, so that a failed one leaves nothing behind; and the rows that stream time should look at
//! next.

use super::deadlines::Deadlines;
use super::index::{Index, RowId};
use super::rows::{NEVER_MS, Rows};
use super::segments::{Segments, Slot, Torn, entries};
use crate::domain::entity::Home;
use crate::domain::ids::App;
use crate::domain::state::{Key, MessageKey, Messages, Row, RowKind, State};
use crate::domain::step::Settings;
use crate::wire::DecodeError;
use crate::wire::state::{
    Dictionary, decode_key, decode_value, order_in_home, put_app_prefix, put_home_prefix, put_key, put_second_prefix,
};
use std::borrow::Cow;
use std::ops::Range;
use thiserror::Error;

/// How many rows that did not change are kept at hand.
const UNCHANGED_MAX: usize = 100_000;

/// Segments have at most this many times the bytes of the rows in them, and what comes on top.
const BYTES_PER_LIVE_BYTE: u64 = 2;
const BYTES_ON_TOP: u64 = 4 << 20;

/// As many segments there may be, whatever is in them; and beyond that, one for so many bytes of rows.
const SEGMENTS_ON_TOP: u64 = 64;
const LIVE_BYTES_PER_SEGMENT: u64 = 64 * 1024;

/// What is at so many places for rows at hand, and so many segments of the draft, are written at once ahead of a checkpoint, at most: a millisecond or
/// two each.
const PLACES_AHEAD: usize = 1_000;
const DRAFTS_AHEAD: usize = 2;

/// A checkpoint cleans segments of at most this many times the bytes it writes, and what comes on top.
const CLEANED_PER_WRITTEN_BYTE: usize = 4;
const CLEANED_ON_TOP: usize = 1 << 20;

/// Most keys have fewer bytes.
const KEY_BYTES: usize = 64;

/// What is told of a row costs so much more than to forget it.
const EXPIRY_COST: usize = 10;

/// The rows of one task.
#[derive(Default)]
pub struct Memory {
    index: Index,
    rows: Rows,
    journal: Vec<(RowId, Before)>,
    /// What the event at hand has read, to be set down after it.
    fetched: Vec<RowId>,
    changes: usize,
    /// The first segment that is in no checkpoint.
    unsaved: u32,
    /// Those that are gone since the last checkpoint, each with how many bytes it had.
    gone: Vec<(u32, usize)>,
    kinds: [usize; RowKind::ALL.len()],
    join_deadlines: Deadlines,
    message_deadlines: Deadlines,
    /// By which the deadlines were set.
    settings: Option<Settings>,
    scratch: Vec<u8>,
}

/// What was there before the event at hand.
enum Before {
    /// Nothing, not even a trace of a row.
    Absent,
    /// The row as its bytes say.
    Unchanged,
    /// Another row, or none.
    Changed(Option<Row>),
}

/// What a checkpoint did to the segments.
#[derive(Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Those that are new.
    pub written: Range<u32>,
    /// Those that are gone, each with how many bytes it had.
    pub gone: Vec<(u32, usize)>,
}

/// Segments that are not those of a task.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum RestoreError {
    /// One is cut off.
    #[error(transparent)]
    Torn(#[from] Torn),
    /// A row in one is none.
    #[error("a row: {0}")]
    Row(#[from] DecodeError),
}

impl Memory {
    /// The rows of these segments, the first of which has this number, with deadlines by these settings.
    pub fn restore(first: u32, segments: Vec<Box<[u8]>>, names: Dictionary, settings: &Settings) -> Result<Self, RestoreError> {
        let rows = Rows::over(Segments::restore(first, segments), names);
        let mut store = Self { rows, settings: Some(*settings), ..Self::default() };
        store.unsaved = store.segments().end;
        for number in store.segments() {
            let mut next = Some(Slot::first(number));
            while let Some(slot) = next {
                next = store.load(slot, settings)?;
            }
        }
        Ok(store)
    }

    /// What was put and removed stays.
    pub fn keep(&mut self, settings: &Settings) {
        let mut journal = std::mem::take(&mut self.journal);
        for (id, _) in journal.drain(..) {
            if self.rows.at_hand(id).is_some() {
                self.look_at_in_time(id, settings);
                self.set_down(id);
            }
        }
        self.journal = journal;
        self.set_down_fetched();
        if self.rows.len_at_hand() > self.changes + UNCHANGED_MAX {
            self.rows.put_away_unchanged();
        }
    }

    /// What was put and removed since the last [`Self::keep`] is undone.
    pub fn undo(&mut self) {
        while let Some((id, before)) = self.journal.pop() {
            let Some(at_hand) = self.rows.at_hand_mut(id) else { unreachable!("what was put or removed is at hand") };
            let (kind, is) = (at_hand.key.kind(), at_hand.row.is_some());
            let was = match before {
                Before::Absent => {
                    let key = at_hand.key.clone();
                    self.changes -= 1;
                    self.drop_row(id, &key);
                    false
                }
                Before::Unchanged => {
                    self.rows.put_away(id);
                    self.changes -= usize::from(!self.rows.is_dirty(id));
                    true
                }
                Before::Changed(row) => {
                    at_hand.row = row;
                    at_hand.row.is_some()
                }
            };
            self.count(kind, is, was);
        }
        self.set_down_fetched();
    }

    /// These settings are in force from now on. What was told of the rows so far was told by those before.
    pub fn set(&mut self, settings: &Settings) {
        let before = self.settings.replace(*settings);
        if before == Some(*settings) {
            return;
        }
        (self.join_deadlines, self.message_deadlines) = (Deadlines::default(), Deadlines::default());
        let old = before.filter(|before| before.join_timeout_ms != settings.join_timeout_ms);
        for id in self.index.ids().collect::<Vec<_>>() {
            self.rows.watch(id, NEVER_MS);
            let row = old.and_then(|old| self.rows.read(id)?.keeping_to(&old));
            if let Some(row) = row {
                self.replace(id, self.rows.key(id), Some(row));
                self.keep(settings);
            } else {
                self.look_at_in_time(id, settings);
            }
        }
    }

    /// How many times a row was changed whose change was not written, since the last checkpoint.
    #[must_use]
    pub const fn changes(&self) -> usize {
        self.changes
    }

    /// Does a little of what the next checkpoint has to do, so that it takes less at once. What changes again until then is written again.
    pub fn prepare_checkpoint(&mut self) {
        let removed = self.rows.write_some(PLACES_AHEAD, DRAFTS_AHEAD, &mut self.scratch);
        self.forget(removed);
        self.clean(1);
    }

    /// Writes what changed since the last checkpoint into segments, and cleans the oldest ones.
    pub fn checkpoint(&mut self) -> Checkpoint {
        let removed = self.rows.write(&mut self.scratch);
        self.forget(removed);
        self.changes = 0;
        let written: usize = (self.unsaved..self.segments().end).map(|number| self.segment(number).len()).sum();
        self.clean(written * CLEANED_PER_WRITTEN_BYTE + CLEANED_ON_TOP);
        self.rows.segments.close();
        let written = self.unsaved..self.segments().end;
        self.unsaved = written.end;
        Checkpoint { written, gone: std::mem::take(&mut self.gone) }
    }

    /// The numbers of the segments.
    #[must_use]
    pub fn segments(&self) -> Range<u32> {
        self.rows.segments.numbers()
    }

    /// A segment by its number.
    #[must_use]
    pub fn segment(&self, number: u32) -> &[u8] {
        self.rows.segments.bytes_of(number)
    }

    /// What their rows call apps, tenants and scopes by.
    #[must_use]
    pub const fn names(&self) -> &Dictionary {
        &self.rows.names
    }

    /// How many bytes the segments have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.rows.segments.bytes()
    }

    /// The message ids' rows whose deadline is before the one time, and the messages whose deadline is before the other, in order; the earliest of
    /// each, if they are too many. Each is not looked at again before [`Self::watch`].
    pub fn due(&mut self, joins_ms: i64, messages_ms: i64, settings: &Settings, cost_max: usize) -> Vec<Key> {
        let mut due = self.take_due(|store| &mut store.join_deadlines, joins_ms, settings, cost_max);
        due.extend(self.take_due(|store| &mut store.message_deadlines, messages_ms, settings, cost_max));
        due.sort();
        due
    }

    /// Whether there may be more of them.
    #[must_use]
    pub fn has_due(&self, joins_ms: i64, messages_ms: i64) -> bool {
        self.join_deadlines.has_passed(joins_ms) || self.message_deadlines.has_passed(messages_ms)
    }

    /// Which rows are taken depends on their deadlines alone, so all of one deadline are.
    fn take_due(&mut self, of: fn(&mut Self) -> &mut Deadlines, now_ms: i64, settings: &Settings, cost_max: usize) -> Vec<Key> {
        let (mut due, mut cost, mut last_ms) = (Vec::new(), 0, i64::MIN);
        loop {
            let until_ms = if cost < cost_max { now_ms } else { last_ms.saturating_add(1) };
            let Some((watched_ms, id)) = of(self).take_before(until_ms) else { return due };
            if self.rows.watched_ms(id) != watched_ms {
                continue;
            }
            self.rows.watch(id, NEVER_MS);
            let Some(row) = self.rows.read(id) else { continue };
            if row.deadline_ms(settings).is_some_and(|deadline_ms| deadline_ms <= watched_ms) {
                (cost, last_ms) = (cost + if row.expires(settings) { EXPIRY_COST } else { 1 }, watched_ms);
                due.push(self.rows.key(id));
            } else {
                self.look_at_in_time(id, settings);
            }
        }
    }

    /// A row that was due is looked at again when its deadline as of now has passed, if it is there still.
    pub fn watch(&mut self, key: &Key, settings: &Settings) {
        if let Some(id) = self.find(key) {
            self.look_at_in_time(id, settings);
        }
    }

    /// All rows, sorted by key.
    #[must_use]
    pub fn sorted(&self) -> Vec<(Key, Row)> {
        let row = |id| self.rows.read(id).map(|row| (self.rows.key(id), row.into_owned()));
        let mut all: Vec<(Key, Row)> = self.index.ids().filter_map(row).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.iter().sum()
    }

    /// How many rows of each kind there are.
    #[must_use]
    pub const fn kinds(&self) -> [usize; RowKind::ALL.len()] {
        self.kinds
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the entry at a place in; the place after it.
    fn load(&mut self, slot: Slot, settings: &Settings) -> Result<Option<Slot>, RestoreError> {
        let Some((entry, next)) = self.rows.segments.step(slot)? else { return Ok(None) };
        let hash = self.index.hash(entry.key);
        let found = self.index.find(hash, |id| self.rows.key_bytes(id) == entry.key);
        let key = decode_key(entry.key, &self.rows.names)?;
        let row = entry.value.map(|value| decode_value(&key, value, &self.rows.names)).transpose()?;
        match (row, found) {
            (Some(row), Some(id)) => {
                self.rows.keep_at(id, slot);
                self.rows.watch(id, NEVER_MS);
                self.look_at(id, &row, settings);
            }
            (Some(row), None) => {
                let id = self.rows.add_kept(slot);
                self.index.insert(hash, id);
                self.join(id, &key);
                self.count(key.kind(), false, true);
                self.look_at(id, &row, settings);
            }
            (None, Some(id)) => {
                self.drop_row(id, &key);
                self.count(key.kind(), true, false);
            }
            (None, None) => {}
        }
        Ok(Some(next))
    }

    /// Appends what still counts of the oldest segments again and takes them away, while there are too many bytes or segments, until so many
    /// bytes went.
    fn clean(&mut self, cleaned_max: usize) {
        let mut cleaned = 0;
        while cleaned < cleaned_max && self.segments().start < self.unsaved && self.is_large() {
            let Some((number, segment)) = self.rows.segments.remove_first() else { break };
            for (slot, entry) in entries(number, &segment).filter(|(_, entry)| entry.value.is_some()) {
                let found = self.index.find(self.index.hash(entry.key), |id| self.rows.slot(id) == Some(slot));
                if let Some(id) = found {
                    let slot = self.rows.segments.append(entry);
                    self.rows.move_to(id, slot);
                }
            }
            cleaned += segment.len();
            self.gone.push((number, segment.len()));
        }
    }

    fn is_large(&self) -> bool {
        let live = self.rows.live();
        let segments = u64::try_from(self.segments().len()).expect("fits");
        self.bytes() > live * BYTES_PER_LIVE_BYTE + BYTES_ON_TOP || segments > live / LIVE_BYTES_PER_SEGMENT + SEGMENTS_ON_TOP
    }

    /// Leaves the row of a kind that is rarely read again soon as bytes.
    fn set_down(&mut self, id: RowId) {
        if self.rows.at_hand(id).is_some_and(|at_hand| is_fleeting(&at_hand.key)) {
            self.rows.set_down(id, &mut self.scratch);
        }
    }

    fn set_down_fetched(&mut self) {
        let mut fetched = std::mem::take(&mut self.fetched);
        fetched.drain(..).for_each(|id| self.set_down(id));
        self.fetched = fetched;
    }

    fn find(&mut self, key: &Key) -> Option<RowId> {
        self.scratch.clear();
        put_key(key, &mut self.rows.names, &mut self.scratch);
        let bytes = &*self.scratch;
        self.index.find(self.index.hash(bytes), |id| self.rows.key_bytes(id) == bytes)
    }

    /// What the keys of a home's messages begin with.
    fn messages_prefix(&self, home: &Home) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(KEY_BYTES);
        put_home_prefix(home, &mut &self.rows.names, &mut bytes);
        bytes
    }

    fn messages_between(&self, home: &Home, app: &App, from_s: i64, to_s: i64) -> &[RowId] {
        let key = |id| self.rows.key_bytes(id);
        let mut prefix = self.messages_prefix(home);
        let all = self.index.of_home(&prefix, key);
        if all.is_empty() {
            return all;
        }
        put_app_prefix(app, &mut &self.rows.names, &mut prefix);
        let of_app = prefix.len();
        put_second_prefix(from_s, &mut prefix);
        let from = &all[all.partition_point(|id| key(*id) < &*prefix)..];
        prefix.truncate(of_app);
        if let Some(after_s) = to_s.checked_add(1) {
            put_second_prefix(after_s, &mut prefix);
        }
        let end = from.partition_point(|id| key(*id) < &*prefix || (to_s == i64::MAX && key(*id).starts_with(&prefix)));
        &from[..end]
    }

    fn messages_with<'a>(&'a self, ids: &'a [RowId]) -> Messages<'a> {
        Box::new(ids.iter().filter_map(|id| match self.rows.read(*id)? {
            Cow::Borrowed(Row::Message(placed)) => Some(Cow::Borrowed(&**placed)),
            Cow::Owned(Row::Message(placed)) => Some(Cow::Owned(*placed)),
            Cow::Borrowed(_) | Cow::Owned(_) => None,
        }))
    }

    fn forget(&mut self, removed: Vec<RowId>) {
        for id in removed {
            self.drop_row(id, &self.rows.key(id));
        }
    }

    /// A row is no more, nor any trace of it.
    fn drop_row(&mut self, id: RowId, key: &Key) {
        self.index.remove(self.index.hash(self.rows.key_bytes(id)), id);
        if let Key::Message(home, _) = key {
            let prefix = self.messages_prefix(home);
            self.index.leave(&prefix, id, |id| self.rows.key_bytes(id), |one, other| order_in_home(prefix.len(), one, other));
        }
        self.rows.remove(id);
    }

    fn join(&mut self, id: RowId, key: &Key) {
        if let Key::Message(home, _) = key {
            let prefix = self.messages_prefix(home);
            self.index.join(&prefix, id, |id| self.rows.key_bytes(id), |one, other| order_in_home(prefix.len(), one, other));
        }
    }

    /// Sees to it that stream time looks at a row when its deadline has passed.
    fn look_at_in_time(&mut self, id: RowId, settings: &Settings) {
        let Some(row) = self.rows.read(id) else { return };
        let (deadline_ms, is_message) = (row.deadline_ms(settings), matches!(*row, Row::Message(_)));
        self.look_at_ms(id, deadline_ms, is_message);
    }

    fn look_at(&mut self, id: RowId, row: &Row, settings: &Settings) {
        self.look_at_ms(id, row.deadline_ms(settings), matches!(row, Row::Message(_)));
    }

    fn look_at_ms(&mut self, id: RowId, deadline_ms: Option<i64>, is_message: bool) {
        let Some(deadline_ms) = deadline_ms.filter(|deadline_ms| *deadline_ms < self.rows.watched_ms(id)) else { return };
        self.rows.watch(id, deadline_ms);
        let deadlines = if is_message { &mut self.message_deadlines } else { &mut self.join_deadlines };
        deadlines.add(deadline_ms, id);
    }

    fn count(&mut self, kind: RowKind, was: bool, is: bool) {
        let count = &mut self.kinds[kind as usize];
        *count = *count + usize::from(is) - usize::from(was);
    }
}

/// Whether a row is of a kind that is rarely read again soon.
const fn is_fleeting(key: &Key) -> bool {
    match key {
        Key::Join(..) | Key::Message(..) => true,
        Key::Contact(_) | Key::Circle(_) | Key::Thread(..) => false,
    }
}

impl State for Memory {
    fn get(&mut self, key: &Key) -> Option<&Row> {
        let id = self.find(key)?;
        if self.rows.fetch(id, key) && is_fleeting(key) {
            self.fetched.push(id);
        }
        self.rows.at_hand(id)?.row.as_ref()
    }

    fn put(&mut self, key: Key, row: Row) {
        let Some(id) = self.find(&key) else {
            let hash = self.index.hash(&self.scratch);
            let id = self.rows.add_new(key.clone(), &self.scratch, row);
            self.index.insert(hash, id);
            self.join(id, &key);
            self.count(key.kind(), false, true);
            self.changes += 1;
            return self.journal.push((id, Before::Absent));
        };
        self.replace(id, key, Some(row));
    }

    fn remove(&mut self, key: &Key) {
        if let Some(id) = self.find(key) {
            self.replace(id, key.clone(), None);
        }
    }

    fn messages(&self, home: &Home, app: &App, from_s: i64, to_s: i64) -> Messages<'_> {
        self.messages_with(self.messages_between(home, app, from_s, to_s))
    }

    fn messages_around(&self, home: &Home, key: &MessageKey, from_s: i64, to_s: i64) -> (Messages<'_>, Messages<'_>) {
        let all = self.messages_between(home, &key.app, from_s, to_s);
        let prefix = self.messages_prefix(home).len();
        let mut own = Vec::with_capacity(KEY_BYTES);
        put_key(&Key::Message(home.clone(), key.clone()), &mut &self.rows.names, &mut own);
        let order = |id: &RowId| order_in_home(prefix, self.rows.key_bytes(*id), &own);
        let before = all.partition_point(|id| order(id).is_lt());
        let behind = before + all[before..].partition_point(|id| order(id).is_eq());
        (self.messages_with(&all[..before]), self.messages_with(&all[behind..]))
    }
}

impl Memory {
    /// Another row, or none, where a row is or was.
    fn replace(&mut self, id: RowId, key: Key, row: Option<Row>) {
        let (kind, is, was_dirty) = (key.kind(), row.is_some(), self.rows.is_dirty(id));
        let (was, before) = match self.rows.at_hand_mut(id) {
            Some(at_hand) if at_hand.is_changed => {
                let before = std::mem::replace(&mut at_hand.row, row);
                (before.is_some(), Before::Changed(before))
            }
            Some(at_hand) => {
                (at_hand.row, at_hand.is_changed) = (row, true);
                (true, Before::Unchanged)
            }
            None => {
                self.rows.change(id, key, row);
                (true, Before::Unchanged)
            }
        };
        self.changes += usize::from(!was_dirty);
        self.count(kind, was, is);
        self.journal.push((id, before));
    }
}

#[cfg(test)]
mod tests;
