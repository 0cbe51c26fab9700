//! The rows of a task beside a plain map of them, and its segments beside what was written of them.

use super::*;
use crate::domain::entity::Original;
use crate::domain::event::{Cause, Source};
use crate::domain::ids::{MessageId, Number};
use crate::domain::join::{Join, MismatchCopies};
use crate::domain::thread::Placed;
use crate::wire::state::{Dictionary, decode_value, encode_value};
use crate::wire::tests::random::{Any, Random, any_row, seeded};
use rand::RngExt;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Segments by number.
type Written = BTreeMap<u32, Box<[u8]>>;

/// What the store must be, told the same.
struct Beside {
    store: Memory,
    rows: BTreeMap<Key, Row>,
    /// The rows as of the last checkpoint, and the segments that were written and are not gone.
    written: (BTreeMap<Key, Row>, Written),
    /// The segments that there were then.
    segments: Range<u32>,
    keys: Vec<Key>,
    random: Random,
}

impl Beside {
    fn new(seed: u64) -> Self {
        let mut random = seeded(seed);
        let keys = (0..12).map(|_| any_row(&mut random).0).chain((0..4).map(large_key)).collect();
        let written = (BTreeMap::new(), Written::new());
        Self { store: Memory::default(), rows: BTreeMap::new(), written, segments: 0..0, keys, random }
    }

    fn row_of(&mut self, key: &Key) -> Row {
        let random = &mut self.random;
        let row = match key {
            Key::Join(..) if (0..4).any(|name| *key == large_key(name)) => large(random.random()),
            Key::Join(..) => Row::Join(Any::any(random)),
            Key::Contact(_) => Row::Contact(Any::any(random)),
            Key::Circle(_) => Row::Circle(Any::any(random)),
            Key::Thread(..) => Row::Thread(Any::any(random)),
            Key::Message(..) => Row::Message(Any::any(random)),
        };
        // With what follows from it.
        decode_value(key, &encode_value(key, &row, &mut Dictionary::none()), &Dictionary::none()).expect("just encoded")
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
            self.store.keep(&Settings::USUAL);
        }
    }

    fn checkpoint(&mut self) {
        let Checkpoint { written, gone } = self.store.checkpoint();
        let before = std::mem::replace(&mut self.segments, self.store.segments());
        assert_eq!(self.store.changes(), 0);
        assert_eq!(written, before.end..self.store.segments().end, "numbers go on");
        assert!(gone.iter().map(|(number, _)| *number).eq(before.start..self.store.segments().start), "the oldest go first");
        for (number, bytes) in gone {
            assert_eq!(self.written.1.remove(&number).map(|segment| segment.len()), Some(bytes));
        }
        self.written.1.extend(written.map(|number| (number, self.store.segment(number).into())));
        self.written.0 = self.rows.clone();
    }

    /// Exactly the rows whose deadline has passed are due; each then goes, or changes, or stays.
    fn time(&mut self, joins_ms: i64, messages_ms: i64) {
        let now_ms = |key: &Key| if matches!(key, Key::Message(..)) { messages_ms } else { joins_ms };
        let is_due = |(key, row): &(&Key, &Row)| row.deadline_ms(&Settings::USUAL).is_some_and(|deadline_ms| deadline_ms < now_ms(key));
        let expected: Vec<Key> = self.rows.iter().filter(is_due).map(|(key, _)| key.clone()).collect();
        let some = self.store.due(joins_ms, messages_ms, &Settings::USUAL, self.random.random_range(1..40));
        let rest = self.store.due(joins_ms, messages_ms, &Settings::USUAL, usize::MAX);
        assert!(!self.store.has_due(joins_ms, messages_ms));
        for is_message in [false, true] {
            let deadlines = |keys: &[Key]| -> Vec<Option<i64>> {
                let of_kind = keys.iter().filter(|key| matches!(key, Key::Message(..)) == is_message);
                of_kind.map(|key| self.rows[key].deadline_ms(&Settings::USUAL)).collect()
            };
            let (some, rest) = (deadlines(&some), deadlines(&rest));
            assert!(rest.iter().all(|later| some.iter().all(|earlier| earlier < later)), "{some:?} {rest:?}");
        }
        let mut due = [some, rest].concat();
        due.sort();
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
            self.store.keep(&Settings::USUAL);
            self.store.watch(&key, &Settings::USUAL);
        }
    }

    /// As a worker finds it that comes after this one.
    fn restore(&mut self) {
        let segments = self.written.1.values().cloned().collect();
        self.store = Memory::restore(self.segments.start, segments, names(&self.store), &Settings::USUAL).expect("waid wrote it");
        self.segments = self.store.segments();
        self.rows = self.written.0.clone();
    }

    /// Reads some rows, which are at hand from then on.
    fn read(&mut self) {
        for key in &self.keys {
            if self.random.random_bool(0.3) {
                assert_eq!(self.store.get(key), self.rows.get(key));
            }
        }
    }

    fn check(&self) {
        let sorted = self.store.sorted();
        assert!(sorted.iter().map(|(key, row)| (key, row)).eq(self.rows.iter()));
        let mut kinds = [0; 5];
        self.rows.keys().for_each(|key| kinds[key.kind() as usize] += 1);
        assert_eq!((self.store.kinds(), self.store.len()), (kinds, self.rows.len()));
        for home in self.keys.iter().filter_map(|key| if let Key::Message(home, _) = key { Some(home) } else { None }) {
            let of_home = self.rows.keys().filter_map(|key| match key {
                Key::Message(other, message) if other == home => Some(message),
                _ => None,
            });
            let placed = |key: &MessageKey| match &self.rows[&Key::Message(home.clone(), key.clone())] {
                Row::Message(placed) => Placed::clone(placed),
                row => panic!("{row:?} under a message's key"),
            };
            for app in of_home.clone().map(|key| &key.app) {
                for (from_s, to_s) in of_home.clone().map(|key| (key.at_s, key.at_s.saturating_add(1))).chain([(i64::MIN, i64::MAX)]) {
                    let in_range = |key: &&MessageKey| key.app == *app && (from_s..=to_s).contains(&key.at_s);
                    let expected = of_home.clone().filter(in_range).map(placed);
                    assert!(self.store.messages(home, app, from_s, to_s).map(Cow::into_owned).eq(expected));
                    for key in of_home.clone().filter(|key| key.app == *app) {
                        let (before, behind) = self.store.messages_around(home, key, from_s, to_s);
                        let expected = |order| of_home.clone().filter(in_range).filter(move |other| other.cmp(&key) == order).map(placed);
                        assert!(before.map(Cow::into_owned).eq(expected(Ordering::Less)));
                        assert!(behind.map(Cow::into_owned).eq(expected(Ordering::Greater)));
                    }
                }
            }
        }
    }
}

/// What the ids of messages with large rows begin with.
const LARGE: &str = "large-";

fn large_key(name: usize) -> Key {
    Key::Join(App::new("default", "app", "app"), MessageId::parse(&format!("{LARGE}{name}")).expect("an id"))
}

/// A row of 40 000 bytes: a few of them fill a segment.
fn large(byte: u8) -> Row {
    let original = Original { value: Some(vec![byte; 40_000].into()), ..Original::default() };
    let cause = Cause { source: Source::Webhooks, partition: 0, offset: 0, element: 0, kafka_ms: 0 };
    let copies = MismatchCopies { kafka_ms: [1].into(), cause, original: Some(original) };
    let number = Number::from_digits("5535987654321").expect("a number");
    Row::Join(Join { mismatches: [((number, 1), copies)].into_iter().collect(), ..Join::default() }.into())
}

/// What the marker has beside the segments.
fn names(store: &Memory) -> Dictionary {
    Dictionary::of(store.names().apps(), store.names().texts())
}

#[test]
fn it_keeps_what_a_plain_map_does_and_its_segments_what_was_written() {
    for seed in 0..60 {
        let mut beside = Beside::new(seed);
        let mut now_ms = 1_700_000_000_000;
        for _ in 0..120 {
            match beside.random.random_range(0..20) {
                0 => beside.checkpoint(),
                1 => beside.restore(),
                2 => beside.store.prepare_checkpoint(),
                3..5 => {
                    now_ms += beside.random.random_range(0..5_000_000_000);
                    let behind_ms = beside.random.random_range(0..1_000_000_000);
                    beside.time(now_ms, now_ms - behind_ms);
                }
                5..8 => beside.read(),
                _ => beside.event(),
            }
            beside.check();
        }
    }
}

/// Some rows change all the time, some never do, and there are ever more checkpoints.
#[test]
fn segments_grow_with_what_there_is_and_not_with_what_was_written() {
    let mut beside = Beside::new(7);
    let (mut segments_max, mut bytes_max) = (0, 0);
    for at in 0..3_000 {
        beside.event();
        let key = large_key(if at < 20 { at } else { at % 5 });
        let row = large(u8::try_from(at % 251).expect("a byte"));
        beside.store.put(key.clone(), row.clone());
        beside.store.keep(&Settings::USUAL);
        beside.rows.insert(key, row);
        if at % 3 == 0 {
            beside.store.prepare_checkpoint();
        }
        beside.checkpoint();
        segments_max = segments_max.max(beside.store.segments().len());
        bytes_max = bytes_max.max(beside.store.bytes());
        if at % 500 == 0 {
            beside.restore();
            beside.check();
        }
    }
    beside.check();
    assert!(segments_max <= 90, "{segments_max} segments");
    assert!(bytes_max < 8 << 20, "{bytes_max} bytes of segments, though the rows have 0.8 MB");
    assert!(beside.store.segments().start > 2_000, "{:?}", beside.store.segments());
}

/// However much of it was replaced before it could be saved.
#[test]
fn what_is_in_no_checkpoint_yet_is_not_cleaned() {
    let mut beside = Beside::new(5);
    for at in 0..300 {
        let (key, row) = (large_key(at % 4), large(u8::try_from(at % 251).expect("a byte")));
        beside.store.put(key.clone(), row.clone());
        beside.store.keep(&Settings::USUAL);
        beside.rows.insert(key, row);
        beside.store.prepare_checkpoint();
    }
    assert!(beside.store.is_large());
    beside.checkpoint();
    beside.restore();
    beside.check();
}

#[test]
fn what_is_cut_off_is_refused() {
    let mut beside = Beside::new(3);
    beside.event();
    beside.event();
    beside.checkpoint();
    let whole = beside.store.segment(0).to_vec();
    let refused = (1..whole.len())
        .filter(|end| Memory::restore(0, vec![whole[..*end].into()], names(&beside.store), &Settings::USUAL).is_err())
        .count();
    let rows = entries(0, &whole).count();
    assert_eq!(refused, whole.len() - rows, "all but those that end where a row does");
}
