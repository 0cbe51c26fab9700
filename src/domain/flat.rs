//! Sets and maps as sorted vectors: what rows of state are made of, where one to four elements are the rule.
//!
//! A `BTreeMap` allocates room for eleven elements with its first, and rows are cloned for every event. The methods are those of the
//! standard collections and iterate in the same order; inserting into or removing from the middle moves what comes after it.

use std::borrow::Borrow;

/// A sorted set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FlatSet<T>(Vec<T>);

/// A sorted map.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FlatMap<K, V>(Vec<(K, V)>);

/// The place of a key in a map.
pub struct Entry<'a, K, V> {
    map: &'a mut FlatMap<K, V>,
    key: K,
    found: Result<usize, usize>,
}

impl<T> FlatSet<T> {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The least.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.0.first()
    }

    /// The greatest.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.0.last()
    }

    /// All, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T: Ord> FlatSet<T> {
    /// Whether it has this one.
    #[must_use]
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.find(value).is_ok()
    }

    /// Adds one; whether it is new.
    pub fn insert(&mut self, value: T) -> bool {
        let Err(index) = self.find(&value) else { return false };
        insert(&mut self.0, index, value);
        true
    }

    /// Takes one out; whether it was there.
    pub fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.find(value).map(|index| self.0.remove(index)).is_ok()
    }

    /// The greatest that is less than this.
    #[must_use]
    pub fn before(&self, value: &T) -> Option<&T> {
        self.0[..self.0.partition_point(|known| known < value)].last()
    }

    /// The least that is greater than this.
    #[must_use]
    pub fn after(&self, value: &T) -> Option<&T> {
        self.0[self.0.partition_point(|known| known <= value)..].first()
    }

    /// Those that the other has not, in order.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.0.iter().filter(|value| !other.contains(*value))
    }

    fn find<Q: Ord + ?Sized>(&self, value: &Q) -> Result<usize, usize>
    where
        T: Borrow<Q>,
    {
        self.0.binary_search_by(|known| known.borrow().cmp(value))
    }
}

impl<K, V> FlatMap<K, V> {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many keys there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All, in the order of the keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> + DoubleEndedIterator {
        self.0.iter().map(|(key, value)| (key, value))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &K> + DoubleEndedIterator {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values, in the order of their keys.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> + DoubleEndedIterator {
        self.0.iter().map(|(_, value)| value)
    }

    /// The values to be changed, in the order of their keys.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut V> + DoubleEndedIterator {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

impl<K: Ord, V> FlatMap<K, V> {
    /// The value of a key.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|index| &self.0[index].1)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|index| &mut self.0[index].1)
    }

    /// Whether it has this key.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Sets the value of a key; the value before, if there was one.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok(index) => Some(std::mem::replace(&mut self.0[index].1, value)),
            Err(index) => {
                insert(&mut self.0, index, (key, value));
                None
            }
        }
    }

    /// Takes a key out, with its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|index| self.0.remove(index).1)
    }

    /// The place of a key.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let found = self.find(&key);
        Entry { map: self, key, found }
    }

    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        self.0.binary_search_by(|(known, _)| known.borrow().cmp(key))
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> std::ops::Index<&Q> for FlatMap<K, V> {
    type Output = V;

    /// # Panics
    /// When there is no such key.
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("no such key")
    }
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The value, which is this one if there was none.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value, which is made now if there was none.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        let Self { map: FlatMap(all), key, found } = self;
        let index = found.unwrap_or_else(|index| {
            insert(all, index, (key, value()));
            index
        });
        &mut all[index].1
    }

    /// The value, which is the default if there was none.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }
}

/// Room doubles from one on: most have one element, and a vector's own beginning is room for four.
fn insert<T>(all: &mut Vec<T>, index: usize, value: T) {
    if all.len() == all.capacity() {
        all.reserve_exact(all.len().max(1));
    }
    all.insert(index, value);
}

impl<T> Default for FlatSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> Default for FlatMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Ord> FromIterator<T> for FlatSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut all: Vec<T> = values.into_iter().collect();
        all.sort();
        all.dedup();
        Self(all)
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for FlatMap<K, V> {
    /// Of equal keys the last one counts.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(values: I) -> Self {
        let mut all: Vec<(K, V)> = values.into_iter().collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Self(all)
    }
}

impl<T: Ord> Extend<T> for FlatSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, values: I) {
        values.into_iter().for_each(|value| {
            self.insert(value);
        });
    }
}

impl<K: Ord, V> Extend<(K, V)> for FlatMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, values: I) {
        values.into_iter().for_each(|(key, value)| {
            self.insert(key, value);
        });
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for FlatSet<T> {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for FlatMap<K, V> {
    fn from(values: [(K, V); N]) -> Self {
        values.into_iter().collect()
    }
}

impl<T> IntoIterator for FlatSet<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a FlatSet<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<K, V> IntoIterator for FlatMap<K, V> {
    type Item = (K, V);
    type IntoIter = std::vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a FlatMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::iter::Map<std::slice::Iter<'a, (K, V)>, fn(&'a (K, V)) -> (&'a K, &'a V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(key, value)| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_set_is_what_the_standard_one_is() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let (mut flat, mut tree) = (FlatSet::new(), BTreeSet::new());
        for _ in 0..2000 {
            let value: u8 = random.random_range(0..40);
            if random.random() {
                assert_eq!(flat.insert(value), tree.insert(value));
            } else {
                assert_eq!(flat.remove(&value), tree.remove(&value));
            }
            assert!(flat.iter().eq(&tree));
            assert_eq!((flat.first(), flat.last(), flat.contains(&value)), (tree.first(), tree.last(), tree.contains(&value)));
            assert_eq!((flat.before(&value), flat.after(&value)), (tree.range(..value).next_back(), tree.range(value + 1..).next()));
        }
        let other = FlatSet::from([3, 1, 3, 2, 39]);
        assert_eq!(other.iter().collect::<Vec<_>>(), [&1, &2, &3, &39]);
        assert!(other.difference(&flat).eq(other.iter().filter(|value| !tree.contains(value))));
    }

    #[test]
    fn a_map_is_what_the_standard_one_is() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        let (mut flat, mut tree) = (FlatMap::new(), BTreeMap::new());
        for turn in 0..2000 {
            let key: u8 = random.random_range(0..40);
            match random.random_range(0..4) {
                0 => assert_eq!(flat.insert(key, turn), tree.insert(key, turn)),
                1 => assert_eq!(flat.remove(&key), tree.remove(&key)),
                2 => assert_eq!(flat.entry(key).or_insert(turn), tree.entry(key).or_insert(turn)),
                _ => assert_eq!(flat.get_mut(&key).map(|value| *value += 1), tree.get_mut(&key).map(|value| *value += 1)),
            }
            assert!(flat.iter().eq(&tree));
            assert_eq!((flat.get(&key), flat.contains_key(&key)), (tree.get(&key), tree.contains_key(&key)));
        }
        let pairs = [(3, 'a'), (1, 'b'), (3, 'c'), (2, 'd'), (3, 'e')];
        assert!(FlatMap::from(pairs).into_iter().eq(BTreeMap::from(pairs)), "the last of equal keys counts");
    }
}
