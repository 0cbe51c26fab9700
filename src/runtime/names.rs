//! Counters by name that one thread adds to and another reads, without a lock; there is a bound to how many names they take.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// More than there are names of events; a name that comes when all are taken counts as [`OTHER`].
const SLOTS: usize = 32;

/// What names beyond the bound are counted under.
pub const OTHER: &str = "other";

/// Counters by name.
#[derive(Debug, Default)]
pub struct Names {
    slots: [Slot; SLOTS],
    other: Slot,
}

#[derive(Debug, Default)]
struct Slot {
    name: OnceLock<&'static str>,
    total: AtomicU64,
}

impl Names {
    /// Adds to the counter of a name.
    pub fn add(&self, name: &'static str, count: u64) {
        let slot = self.slots.iter().find(|slot| *slot.name.get_or_init(|| name) == name).unwrap_or(&self.other);
        slot.total.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds all of them to these.
    pub fn add_to(&self, all: &mut BTreeMap<&'static str, u64>) {
        let named = self.slots.iter().filter_map(|slot| Some((*slot.name.get()?, slot.total.load(Ordering::Relaxed))));
        let other = Some(self.other.total.load(Ordering::Relaxed)).filter(|total| *total > 0).map(|total| (OTHER, total));
        named.chain(other).for_each(|(name, total)| *all.entry(name).or_default() += total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_bound_are_one() {
        let names = Names::default();
        let many: Vec<&'static str> = (0..SLOTS + 2).map(|index| &*format!("name {index}").leak()).collect();
        for name in &many {
            names.add(name, 1);
            names.add(name, 2);
        }
        let mut all = BTreeMap::new();
        names.add_to(&mut all);
        assert_eq!((all.len(), all["name 0"], all[OTHER]), (SLOTS + 1, 3, 6));
    }
}
