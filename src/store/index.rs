//! Where to find a row by the bytes of its key, and the messages of a home in order. It holds ids only; the keys are where the rows are.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::cmp::Ordering;
use std::hash::BuildHasher as _;

/// A row, as long as it is there; then the id is another's.
pub type RowId = u32;

/// The ids of rows.
#[derive(Default)]
pub struct Index {
    rows: HashTable<Found>,
    homes: HashTable<OfHome>,
    hasher: RandomState,
}

/// What a key hashes to here. Half of a hash: it is kept beside each id, so that the table grows without looking at the keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hashed(u32);

struct Found {
    hash: Hashed,
    id: RowId,
}

/// The messages of a home; there is one at least.
struct OfHome {
    hash: Hashed,
    /// In the order of their keys, from `first` on; those before it are gone.
    ids: Vec<RowId>,
    first: usize,
}

impl Index {
    /// What these bytes hash to.
    pub fn hash(&self, bytes: &[u8]) -> Hashed {
        let hash = self.hasher.hash_one(bytes);
        Hashed(u32::try_from(hash >> u32::BITS).expect("half of it"))
    }

    /// The row with this hash that is the one.
    pub fn find(&self, hash: Hashed, is_it: impl Fn(RowId) -> bool) -> Option<RowId> {
        self.rows.find(hash.spread(), |found| found.hash == hash && is_it(found.id)).map(|found| found.id)
    }

    /// Adds a row that is not there.
    pub fn insert(&mut self, hash: Hashed, id: RowId) {
        self.rows.insert_unique(hash.spread(), Found { hash, id }, |found| found.hash.spread());
    }

    /// Takes a row away.
    pub fn remove(&mut self, hash: Hashed, id: RowId) {
        if let Ok(found) = self.rows.find_entry(hash.spread(), |found| found.id == id) {
            found.remove();
        }
    }

    /// All rows, in no order.
    pub fn ids(&self) -> impl Iterator<Item = RowId> {
        self.rows.iter().map(|found| found.id)
    }

    /// Adds a message to those of its home, whose keys all begin with `prefix`, where it stands by this order of keys.
    pub fn join<'a>(&mut self, prefix: &[u8], id: RowId, key_of: impl Fn(RowId) -> &'a [u8], order: impl Fn(&[u8], &[u8]) -> Ordering) {
        let hash = self.hash(prefix);
        match self.homes.find_mut(hash.spread(), |home| home.is(hash, prefix, &key_of)) {
            Some(home) => {
                let key = key_of(id);
                let is_before = |other: &RowId| order(key_of(*other), key).is_lt();
                let is_newest = home.ids.last().is_some_and(is_before);
                let at = if is_newest { home.ids.len() } else { home.first + home.all().partition_point(is_before) };
                home.ids.insert(at, id);
            }
            None => drop(self.homes.insert_unique(hash.spread(), OfHome { hash, ids: vec![id], first: 0 }, |home| home.hash.spread())),
        }
    }

    /// Takes a message away from those of its home. Mostly it is the first of them: the oldest are forgotten first.
    pub fn leave<'a>(&mut self, prefix: &[u8], id: RowId, key_of: impl Fn(RowId) -> &'a [u8], order: impl Fn(&[u8], &[u8]) -> Ordering) {
        let hash = self.hash(prefix);
        let Ok(mut found) = self.homes.find_entry(hash.spread(), |home| home.is(hash, prefix, &key_of)) else { return };
        let (home, key) = (found.get_mut(), key_of(id));
        let at = home.first + home.all().partition_point(|other| order(key_of(*other), key).is_lt());
        if home.ids.get(at) != Some(&id) {
            return;
        }
        if at == home.first {
            home.first += 1;
        } else {
            home.ids.remove(at);
        }
        if home.all().is_empty() {
            found.remove();
        } else if home.first > home.ids.len() / 2 {
            home.ids.drain(..home.first);
            home.first = 0;
        }
    }

    /// The messages of a home, in order.
    pub fn of_home<'a>(&self, prefix: &[u8], key_of: impl Fn(RowId) -> &'a [u8]) -> &[RowId] {
        let hash = self.hash(prefix);
        self.homes.find(hash.spread(), |home| home.is(hash, prefix, &key_of)).map_or(&[], OfHome::all)
    }
}

impl OfHome {
    /// Whether it is the home whose messages' keys begin with `prefix`.
    fn is<'a>(&self, hash: Hashed, prefix: &[u8], key_of: impl Fn(RowId) -> &'a [u8]) -> bool {
        self.hash == hash && key_of(self.ids[self.first]).starts_with(prefix)
    }

    fn all(&self) -> &[RowId] {
        &self.ids[self.first..]
    }
}

impl Hashed {
    /// As the table wants it: all its bits differ.
    const fn spread(self) -> u64 {
        (self.0 as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}
