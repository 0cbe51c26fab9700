//! The dictionary of one packed record or row: apps, tenants and scopes, each written once and then called by index.

use crate::domain::ids::App;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

/// What was named so far, while writing.
#[derive(Default)]
pub struct Names {
    /// Apps.
    pub apps: Table<App>,
    /// Tenants and scopes of BSUIDs.
    pub texts: Table<Arc<str>>,
}

/// Distinct values in the order in which they were first named.
pub struct Table<T> {
    entries: Vec<T>,
    index: HashMap<T, u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), index: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    /// Up to so many entries comparing all is faster than hashing one.
    const COMPARED_MAX: usize = 8;

    /// The index of a value, which is new or was named before.
    pub fn index(&mut self, value: &T) -> u32 {
        let compared = self.entries.iter().take(Self::COMPARED_MAX).position(|entry| entry == value);
        if let Some(known) = compared.and_then(|position| u32::try_from(position).ok()).or_else(|| self.index.get(value).copied()) {
            return known;
        }
        let next = u32::try_from(self.entries.len()).expect("a record names fewer than 2^32 things");
        self.entries.push(value.clone());
        if self.entries.len() > Self::COMPARED_MAX {
            self.index.insert(value.clone(), next);
        }
        next
    }

    /// All values, by index.
    pub fn entries(&self) -> &[T] {
        &self.entries
    }

    /// Forgets all but the first `length` values.
    pub fn truncate(&mut self, length: usize) {
        for forgotten in self.entries.drain(length..) {
            self.index.remove(&forgotten);
        }
    }
}

/// Names that were read before on this thread: rows keep them, and one allocation for all is less memory and compares at once.
#[derive(Default)]
struct Known {
    texts: HashSet<Arc<str>>,
    apps: HashMap<Arc<str>, App>,
}

/// How many names of a kind are kept; the ones after that are built anew each time.
const KNOWN_MAX: usize = 1024;

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// A tenant or scope, as it was read before if it was.
pub fn known_text(text: &str) -> Arc<str> {
    KNOWN.with_borrow_mut(|Known { texts, .. }| {
        if let Some(known) = texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        if texts.len() < KNOWN_MAX {
            texts.insert(new.clone());
        }
        new
    })
}

/// An app, as it was read before if it was.
pub fn known_app(tenant: &str, name: &str, scope: &str) -> App {
    KNOWN.with_borrow_mut(|Known { apps, .. }| {
        if let Some(known) = apps.get(name).filter(|known| (&**known.tenant(), &**known.scope()) == (tenant, scope)) {
            return known.clone();
        }
        let new = App::new(tenant, name, scope);
        if apps.len() < KNOWN_MAX {
            apps.insert(new.name().clone(), new.clone());
        }
        new
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_is_shared_and_what_differs_is_not() {
        let app = known_app("tenant", "app", "scope");
        assert!(Arc::ptr_eq(app.name(), known_app("tenant", "app", "scope").name()));
        for (tenant, scope) in [("tenant", "other"), ("other", "scope")] {
            assert_eq!(known_app(tenant, "app", scope), App::new(tenant, "app", scope));
        }
        assert!(Arc::ptr_eq(&known_text("scope"), &known_text("scope")));
        assert_eq!(&*known_text("another"), "another");
    }

    #[test]
    fn each_value_has_one_index_also_beyond_those_that_are_compared() {
        let mut table = Table::default();
        for round in 0..2 {
            for value in 0..20_u32 {
                assert_eq!(table.index(&value), value, "round {round}");
            }
        }
        table.truncate(15);
        assert_eq!((table.index(&3), table.index(&12), table.index(&99), table.index(&15)), (3, 12, 15, 16));
        assert_eq!(table.entries()[12..], [12, 13, 14, 99, 15]);
    }
}
