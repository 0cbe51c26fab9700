//! Rows in memory, with a journal of what the event at hand replaced, so that a failed one leaves nothing behind; with what changed since
//! the last checkpoint; and with the rows that stream time should look at next.

use super::deadlines::Deadlines;
use crate::domain::entity::{Direction, Home};
use crate::domain::ids::{App, MessageId};
use crate::domain::state::{Key, MessageKey, Row, State};
use crate::domain::step::Settings;
use crate::domain::thread::Placed;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// The rows of one task.
#[derive(Default)]
pub struct Memory {
    rows: HashMap<Key, Kept, RandomState>,
    messages: HashMap<Home, BTreeMap<MessageKey, Kept>, RandomState>,
    journal: Vec<(Key, Option<Kept>)>,
    kinds: [usize; 5],
    changed: Vec<Key>,
    gone: BTreeMap<Key, Records>,
    join_deadlines: Deadlines,
    message_deadlines: Deadlines,
}

/// How many records of the changelog hold a row; none if it is not there.
pub type Records = u16;

/// A row, and what the changelog knows of it.
struct Kept {
    row: Row,
    records: Records,
    is_changed: bool,
}

impl Memory {
    /// What was put and removed stays.
    pub fn keep(&mut self, settings: &Settings) {
        let mut journal = std::mem::take(&mut self.journal);
        for (key, before) in journal.drain(..) {
            self.note(key, before, settings);
        }
        self.journal = journal;
    }

    /// What was put and removed since the last [`Self::keep`] is undone.
    pub fn undo(&mut self) {
        while let Some((key, before)) = self.journal.pop() {
            match before {
                Some(kept) => drop(self.replace(key, kept)),
                None => drop(self.take(&key)),
            }
        }
    }

    /// A row as the changelog has it, in so many records.
    pub fn load(&mut self, key: Key, row: Row, records: Records) {
        self.replace(key, Kept { row, records, is_changed: false });
    }

    /// A row that the changelog has no more.
    pub fn unload(&mut self, key: &Key) {
        self.take(key);
    }

    /// Brings up to date what follows from rows that were loaded, or from other settings.
    pub fn loaded(&mut self, settings: &Settings) {
        (self.join_deadlines, self.message_deadlines) = (Deadlines::default(), Deadlines::default());
        for (key, kept) in &self.rows {
            self.join_deadlines.add(kept.row.deadline_ms(settings), || key.clone());
        }
        for (home, of_home) in &self.messages {
            for (key, kept) in of_home {
                self.message_deadlines.add(kept.row.deadline_ms(settings), || Key::Message(home.clone(), key.clone()));
            }
        }
    }

    /// How many rows the next checkpoint is about.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.changed.len() + self.gone.len()
    }

    /// Gives what changed since this was asked last to `write`: the key, in how many records the changelog has it, and the row, if there
    /// is one; it says in how many the changelog has it from now on.
    pub fn take_changes(&mut self, mut write: impl FnMut(&Key, Records, Option<&Row>) -> Records) {
        for (key, records) in std::mem::take(&mut self.gone) {
            write(&key, records, None);
        }
        for key in std::mem::take(&mut self.changed) {
            let Some(kept) = self.kept_mut(&key).filter(|kept| kept.is_changed) else { continue };
            kept.records = write(&key, kept.records, Some(&kept.row));
            kept.is_changed = false;
        }
    }

    /// The message ids' rows whose deadline is before the one time, and the messages whose deadline is before the other, in order. Each is
    /// not looked at again before [`Self::watch`].
    pub fn due(&mut self, joins_ms: i64, messages_ms: i64, settings: &Settings) -> Vec<Key> {
        let passed = [(self.join_deadlines.passed(joins_ms), joins_ms), (self.message_deadlines.passed(messages_ms), messages_ms)];
        let mut due = Vec::new();
        for (keys, now_ms) in passed {
            for key in keys {
                match self.get(&key).and_then(|row| row.deadline_ms(settings)) {
                    Some(deadline_ms) if deadline_ms < now_ms => due.push(key),
                    deadline_ms => self.deadlines(&key).add(deadline_ms, || key),
                }
            }
        }
        due.sort();
        due.dedup();
        due
    }

    /// A row that was due is looked at again when its deadline as of now has passed, if it is there still.
    pub fn watch(&mut self, key: &Key, settings: &Settings) {
        let deadline_ms = self.get(key).and_then(|row| row.deadline_ms(settings));
        self.deadlines(key).add(deadline_ms, || key.clone());
    }

    fn deadlines(&mut self, key: &Key) -> &mut Deadlines {
        if matches!(key, Key::Message(..)) { &mut self.message_deadlines } else { &mut self.join_deadlines }
    }

    /// All rows, sorted by key.
    #[must_use]
    pub fn sorted(&self) -> Vec<(Key, &Row)> {
        let messages = self
            .messages
            .iter()
            .flat_map(|(home, of_home)| of_home.iter().map(|(key, kept)| (Key::Message(home.clone(), key.clone()), &kept.row)));
        let mut all: Vec<(Key, &Row)> = self.rows.iter().map(|(key, kept)| (key.clone(), &kept.row)).chain(messages).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kinds.iter().sum()
    }

    /// How many rows of each kind there are: joins, contacts, circles, threads, messages.
    #[must_use]
    pub const fn kinds(&self) -> [usize; 5] {
        self.kinds
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Notes that a row is not what it was: for the next checkpoint, and for stream time if that should look at it sooner.
    fn note(&mut self, key: Key, before: Option<Kept>, settings: &Settings) {
        let records = before.as_ref().map_or(0, |before| before.records);
        let looked_at_ms = before.and_then(|before| before.row.deadline_ms(settings));
        let buried = if self.gone.is_empty() { None } else { self.gone.remove(&key) };
        let Some(kept) = self.kept_mut(&key) else {
            if let Some(records) = buried.or((records > 0).then_some(records)) {
                self.gone.insert(key, records);
            }
            return;
        };
        kept.records = kept.records.max(records).max(buried.unwrap_or(0));
        let is_news = !std::mem::replace(&mut kept.is_changed, true);
        let deadline_ms =
            kept.row.deadline_ms(settings).filter(|deadline_ms| looked_at_ms.is_none_or(|looked_at_ms| *deadline_ms < looked_at_ms));
        self.deadlines(&key).add(deadline_ms, || key.clone());
        if is_news {
            self.changed.push(key);
        }
    }

    fn kept_mut(&mut self, key: &Key) -> Option<&mut Kept> {
        match key {
            Key::Message(home, message) => self.messages.get_mut(home)?.get_mut(message),
            key => self.rows.get_mut(key),
        }
    }

    fn replace(&mut self, key: Key, kept: Kept) -> Option<Kept> {
        let kind = kind(&key);
        let before = match key {
            Key::Message(home, message) => self.messages.entry(home).or_default().insert(message, kept),
            key => self.rows.insert(key, kept),
        };
        self.kinds[kind] += usize::from(before.is_none());
        before
    }

    fn take(&mut self, key: &Key) -> Option<Kept> {
        let kept = match key {
            Key::Message(home, message) => {
                let of_home = self.messages.get_mut(home)?;
                let kept = of_home.remove(message);
                if of_home.is_empty() {
                    self.messages.remove(home);
                }
                kept
            }
            key => self.rows.remove(key),
        };
        self.kinds[kind(key)] -= usize::from(kept.is_some());
        kept
    }
}

const fn kind(key: &Key) -> usize {
    match key {
        Key::Join(..) => 0,
        Key::Contact(_) => 1,
        Key::Circle(_) => 2,
        Key::Thread(..) => 3,
        Key::Message(..) => 4,
    }
}

impl State for Memory {
    fn get(&self, key: &Key) -> Option<&Row> {
        let kept = match key {
            Key::Message(home, message) => self.messages.get(home)?.get(message),
            key => self.rows.get(key),
        };
        kept.map(|kept| &kept.row)
    }

    fn put(&mut self, key: Key, row: Row) {
        let before = if let Some(kept) = self.kept_mut(&key) {
            let now = Kept { row, ..*kept };
            Some(std::mem::replace(kept, now))
        } else {
            self.replace(key.clone(), Kept { row, records: 0, is_changed: false })
        };
        self.journal.push((key, before));
    }

    fn remove(&mut self, key: &Key) {
        if let Some(before) = self.take(key) {
            self.journal.push((key.clone(), Some(before)));
        }
    }

    fn messages(
        &self,
        home: &Home,
        app: Option<&App>,
        from_s: i64,
        to_s: i64,
    ) -> Box<dyn DoubleEndedIterator<Item = (&MessageKey, &Placed)> + '_> {
        let Some(of_home) = self.messages.get(home) else { return Box::new(std::iter::empty()) };
        let least = |app: &App, at_s| MessageKey { app: app.clone(), at_s, direction: Direction::Outbound, id: MessageId::least() };
        let range = app.map(|app| (Bound::Included(least(app, from_s)), Bound::Excluded(least(app, to_s.saturating_add(1)))));
        let all = (Bound::Unbounded, Bound::Unbounded);
        Box::new(of_home.range(range.unwrap_or(all)).filter_map(|(key, kept)| match &kept.row {
            Row::Message(placed) => Some((key, &**placed)),
            Row::Join(_) | Row::Contact(_) | Row::Circle(_) | Row::Thread(_) => None,
        }))
    }
}

#[cfg(test)]
mod tests;
