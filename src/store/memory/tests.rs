//! The rows of a task beside a plain map of them, and a changelog beside what the store knows of it.

use super::*;
use crate::wire::tests::random::{Any, Random, any_row, seeded};
use rand::RngExt;

const HOUR_MS: i64 = 3_600_000;
const SETTINGS: Settings = Settings {
    join_timeout_ms: 7 * 24 * HOUR_MS,
    idle_timeout_s: 24 * 3600,
    retention_ms: 72 * HOUR_MS,
    service_window_s: 24 * 3600,
    referral_window_s: 72 * 3600,
};

/// What the store must be, told the same.
struct Beside {
    store: Memory,
    rows: BTreeMap<Key, Row>,
    /// The rows of the changelog, each with its number of records.
    changelog: BTreeMap<Key, (Row, Records)>,
    keys: Vec<Key>,
    random: Random,
}

impl Beside {
    fn new(seed: u64) -> Self {
        let mut random = seeded(seed);
        let keys = (0..12).map(|_| any_row(&mut random).0).collect();
        Self { store: Memory::default(), rows: BTreeMap::new(), changelog: BTreeMap::new(), keys, random }
    }

    fn row_of(&mut self, key: &Key) -> Row {
        let random = &mut self.random;
        match key {
            Key::Join(..) => Row::Join(Any::any(random)),
            Key::Contact(_) => Row::Contact(Any::any(random)),
            Key::Circle(_) => Row::Circle(Any::any(random)),
            Key::Thread(..) => Row::Thread(Any::any(random)),
            Key::Message(..) => Row::Message(Any::any(random)),
        }
    }

    /// Puts and removes, often the same row several times; then it stays, or it is undone.
    fn event(&mut self) {
        let before = self.rows.clone();
        for _ in 0..self.random.random_range(0..6) {
            let key = self.keys[self.random.random_range(0..self.keys.len())].clone();
            if self.random.random_bool(0.4) {
                self.store.remove(&key);
                self.rows.remove(&key);
            } else {
                let row = self.row_of(&key);
                self.store.put(key.clone(), row.clone());
                self.rows.insert(key, row);
            }
        }
        if self.random.random_bool(0.3) {
            self.store.undo();
            self.rows = before;
        } else {
            self.store.keep(&SETTINGS);
        }
    }

    /// Whatever changed is written, and nothing is said of a row that the changelog does not have.
    fn checkpoint(&mut self) {
        let Self { store, rows, changelog, random, .. } = self;
        store.take_changes(|key, known, row| {
            assert_eq!(known, changelog.get(key).map_or(0, |(_, records)| *records), "records of {key:?}");
            assert_eq!(row, rows.get(key), "{key:?}");
            assert!(row.is_some() || known > 0, "a tombstone for what is not there: {key:?}");
            let records = random.random_range(1..4);
            match row {
                Some(row) => drop(changelog.insert(key.clone(), (row.clone(), records))),
                None => drop(changelog.remove(key)),
            }
            if row.is_some() { records } else { 0 }
        });
        assert_eq!(store.changes(), 0);
        let written: Vec<(&Key, &Row)> = changelog.iter().map(|(key, (row, _))| (key, row)).collect();
        assert_eq!(written, rows.iter().collect::<Vec<_>>(), "the changelog has what the store has");
    }

    /// Exactly the rows whose deadline has passed are due; each then goes, or changes, or stays.
    fn time(&mut self, joins_ms: i64, messages_ms: i64) {
        let now_ms = |key: &Key| if matches!(key, Key::Message(..)) { messages_ms } else { joins_ms };
        let is_due = |(key, row): &(&Key, &Row)| row.deadline_ms(&SETTINGS).is_some_and(|deadline_ms| deadline_ms < now_ms(key));
        let expected: Vec<Key> = self.rows.iter().filter(is_due).map(|(key, _)| key.clone()).collect();
        let due = self.store.due(joins_ms, messages_ms, &SETTINGS);
        assert_eq!(due, expected);
        for key in due {
            match self.random.random_range(0..3) {
                0 => {
                    self.store.remove(&key);
                    self.rows.remove(&key);
                }
                1 => {
                    let row = self.row_of(&key);
                    self.store.put(key.clone(), row.clone());
                    self.rows.insert(key.clone(), row);
                }
                _ => {}
            }
            self.store.keep(&SETTINGS);
            self.store.watch(&key, &SETTINGS);
        }
    }

    /// As a worker finds it that comes after this one.
    fn restore(&mut self) {
        self.store = Memory::default();
        for (key, (row, records)) in &self.changelog {
            self.store.load(key.clone(), Row::clone(row), records + 1);
            self.store.unload(key);
            self.store.load(key.clone(), row.clone(), *records);
        }
        self.store.loaded(&SETTINGS);
        self.rows = self.changelog.iter().map(|(key, (row, _))| (key.clone(), row.clone())).collect();
    }

    fn check(&self) {
        let sorted = self.store.sorted();
        assert!(sorted.iter().map(|(key, row)| (key, *row)).eq(self.rows.iter()));
        let mut kinds = [0; 5];
        self.rows.keys().for_each(|key| kinds[kind(key)] += 1);
        assert_eq!((self.store.kinds(), self.store.len()), (kinds, self.rows.len()));
        for home in self.keys.iter().filter_map(|key| if let Key::Message(home, _) = key { Some(home) } else { None }) {
            let of_home = self.rows.keys().filter_map(|key| match key {
                Key::Message(other, message) if other == home => Some(message),
                _ => None,
            });
            assert!(self.store.messages(home, None, i64::MIN, i64::MAX).map(|(key, _)| key).eq(of_home));
        }
    }
}

#[test]
fn it_keeps_what_a_plain_map_does_and_knows_what_the_changelog_has() {
    for seed in 0..60 {
        let mut beside = Beside::new(seed);
        let mut now_ms = 1_700_000_000_000;
        for _ in 0..120 {
            match beside.random.random_range(0..20) {
                0 => beside.checkpoint(),
                1 => beside.restore(),
                2..5 => {
                    now_ms += beside.random.random_range(0..5_000_000_000);
                    let behind_ms = beside.random.random_range(0..1_000_000_000);
                    beside.time(now_ms, now_ms - behind_ms);
                }
                _ => beside.event(),
            }
            beside.check();
        }
    }
}
