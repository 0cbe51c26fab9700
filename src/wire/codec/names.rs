//! The dictionary of one packed record, or of all rows of a task: apps, tenants and scopes, each written once and then called by index.

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
    /// Of a table that is closed: what is new, and the index that this begins with.
    more: Vec<T>,
    more_from: Option<u32>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), index: HashMap::new(), more: Vec::new(), more_from: None }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    /// Up to so many entries comparing all is faster than hashing one.
    const COMPARED_MAX: usize = 8;

    /// The index of a value, which is new or was named before.
    pub fn index(&mut self, value: &T) -> u32 {
        self.position(value).unwrap_or_else(|| match self.more_from {
            Some(from) => from + self.add_more(value),
            None => self.add(value),
        })
    }

    /// The same, `None` if it is new and there are so many already.
    pub fn index_within(&mut self, value: &T, entries_max: usize) -> Option<u32> {
        let known = self.position(value);
        if known.is_none() && self.entries.len() >= entries_max { None } else { Some(known.unwrap_or_else(|| self.add(value))) }
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

    /// From now on what is new is no entry, and has an index from this one on.
    fn close(&mut self, more_from: usize) {
        self.more_from = u32::try_from(more_from).ok();
    }

    /// Takes new entries again; what was new meanwhile.
    fn open(&mut self) -> Vec<T> {
        self.more_from = None;
        std::mem::take(&mut self.more)
    }

    fn add_more(&mut self, value: &T) -> u32 {
        let index = self.more.iter().position(|known| known == value).unwrap_or_else(|| {
            self.more.push(value.clone());
            self.more.len() - 1
        });
        u32::try_from(index).expect("a row names fewer than 2^32 things")
    }

    fn position(&self, value: &T) -> Option<u32> {
        let compared = self.entries.iter().take(Self::COMPARED_MAX).position(|entry| entry == value);
        compared.and_then(|position| u32::try_from(position).ok()).or_else(|| self.index.get(value).copied())
    }

    fn add(&mut self, value: &T) -> u32 {
        let next = u32::try_from(self.entries.len()).expect("a record names fewer than 2^32 things");
        self.entries.push(value.clone());
        if self.entries.len() > Self::COMPARED_MAX {
            self.index.insert(value.clone(), next);
        }
        next
    }
}

/// The dictionary of the rows of a task: the apps that their keys name, with the tenants and scopes of those and of the homes in keys. So it
/// follows from the log alone, whenever rows are made bytes. It only grows, up to a bound: any other name is spelled in each row that has it,
/// so that somebody who makes up names fills rows, which are forgotten, and not what is kept for ever.
pub struct Dictionary {
    names: Names,
    entries_max: usize,
}

/// How many apps, and how many tenants and scopes, the dictionary of a task has: with names as long as ingest takes them, about half of what
/// may be in a marker.
const ENTRIES_MAX: usize = 256;

impl Default for Dictionary {
    fn default() -> Self {
        Self::within(ENTRIES_MAX)
    }
}

impl Dictionary {
    /// An empty one with room for so many apps, and for so many tenants and scopes.
    pub fn within(entries_max: usize) -> Self {
        Self { names: Names::default(), entries_max }
    }

    /// One that is full without an entry: each row spells all that it names.
    pub fn none() -> Self {
        Self::within(0)
    }

    /// One with these entries.
    pub fn of<'a>(apps: impl IntoIterator<Item = &'a App>, texts: &[Arc<str>]) -> Self {
        let mut dictionary = Self::default();
        for text in texts {
            dictionary.text(text);
        }
        for app in apps {
            dictionary.app(app);
        }
        dictionary
    }

    /// The apps, by place.
    pub fn apps(&self) -> &[App] {
        self.names.apps.entries()
    }

    /// The tenants and scopes, by place.
    pub fn texts(&self) -> &[Arc<str>] {
        self.names.texts.entries()
    }

    /// The index of the first name that a row spells.
    pub const fn spelled_from(&self) -> usize {
        self.entries_max
    }

    /// Lends it, for a row to be written.
    pub fn lend(&mut self) -> Names {
        let mut names = std::mem::take(&mut self.names);
        names.apps.close(self.entries_max);
        names.texts.close(self.entries_max);
        names
    }

    /// Takes it back; the apps, and the tenants and scopes, that the row named and that are not in here.
    pub fn give_back(&mut self, names: Names) -> (Vec<App>, Vec<Arc<str>>) {
        self.names = names;
        (self.names.apps.open(), self.names.texts.open())
    }
}

/// Where names are in a dictionary.
pub trait Places {
    /// The place of an app; `None` if there is no room for it.
    fn app(&mut self, app: &App) -> Option<u32>;
    /// The place of a tenant or scope; `None` if there is no room for it.
    fn text(&mut self, text: &Arc<str>) -> Option<u32>;
}

/// What is new gets a place.
impl Places for Dictionary {
    fn app(&mut self, app: &App) -> Option<u32> {
        let known = self.names.apps.position(app);
        known.or_else(|| {
            self.text(app.tenant());
            self.text(app.scope());
            self.names.apps.index_within(app, self.entries_max)
        })
    }

    fn text(&mut self, text: &Arc<str>) -> Option<u32> {
        self.names.texts.index_within(text, self.entries_max)
    }
}

/// A place that nothing gets.
const NOWHERE: u32 = u32::MAX - 1;

/// What is new has a place that nothing else has: nothing will be found there.
impl Places for &Dictionary {
    fn app(&mut self, app: &App) -> Option<u32> {
        let known = self.names.apps.position(app);
        known.or_else(|| (self.apps().len() < self.entries_max).then_some(NOWHERE))
    }

    fn text(&mut self, text: &Arc<str>) -> Option<u32> {
        let known = self.names.texts.position(text);
        known.or_else(|| (self.texts().len() < self.entries_max).then_some(NOWHERE))
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
