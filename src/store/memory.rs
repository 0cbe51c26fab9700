//! Rows in memory, with a journal of what the event at hand replaced, so that a failed one leaves nothing behind.

use crate::domain::entity::{Direction, Home};
use crate::domain::ids::{App, MessageId};
use crate::domain::state::{Key, MessageKey, Row, State};
use crate::domain::thread::Placed;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

/// The rows of one task.
#[derive(Default)]
pub struct Memory {
    rows: HashMap<Key, Row>,
    messages: HashMap<Home, BTreeMap<MessageKey, Row>>,
    journal: Vec<(Key, Option<Row>)>,
}

impl Memory {
    /// What was put and removed stays.
    pub fn keep(&mut self) {
        self.journal.clear();
    }

    /// What was put and removed since the last [`Self::keep`] is undone.
    pub fn undo(&mut self) {
        while let Some((key, before)) = self.journal.pop() {
            match before {
                Some(row) => drop(self.replace(key, row)),
                None => drop(self.take(&key)),
            }
        }
    }

    /// All rows, sorted by key.
    #[must_use]
    pub fn sorted(&self) -> Vec<(Key, &Row)> {
        let messages = self
            .messages
            .iter()
            .flat_map(|(home, of_home)| of_home.iter().map(|(key, row)| (Key::Message(home.clone(), key.clone()), row)));
        let mut all: Vec<(Key, &Row)> = self.rows.iter().map(|(key, row)| (key.clone(), row)).chain(messages).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len() + self.messages.values().map(BTreeMap::len).sum::<usize>()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn replace(&mut self, key: Key, row: Row) -> Option<Row> {
        match key {
            Key::Message(home, message) => self.messages.entry(home).or_default().insert(message, row),
            key => self.rows.insert(key, row),
        }
    }

    fn take(&mut self, key: &Key) -> Option<Row> {
        let Key::Message(home, message) = key else { return self.rows.remove(key) };
        let of_home = self.messages.get_mut(home)?;
        let row = of_home.remove(message);
        if of_home.is_empty() {
            self.messages.remove(home);
        }
        row
    }
}

impl State for Memory {
    fn get(&self, key: &Key) -> Option<&Row> {
        match key {
            Key::Message(home, message) => self.messages.get(home)?.get(message),
            key => self.rows.get(key),
        }
    }

    fn put(&mut self, key: Key, row: Row) {
        let before = self.replace(key.clone(), row);
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
        Box::new(of_home.range(range.unwrap_or(all)).filter_map(|(key, row)| match row {
            Row::Message(placed) => Some((key, &**placed)),
            Row::Join(_) | Row::Contact(_) | Row::Circle(_) | Row::Thread(_) => None,
        }))
    }
}
