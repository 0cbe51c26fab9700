//! When stream time should look at which row.

use super::index::RowId;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows by deadline, ms. A row whose deadline has moved away since keeps its entry: whoever takes it looks at the row and adds it again.
#[derive(Default)]
pub(super) struct Deadlines(BinaryHeap<Reverse<(i64, RowId)>>);

impl Deadlines {
    /// Adds a row.
    pub fn add(&mut self, deadline_ms: i64, id: RowId) {
        self.0.push(Reverse((deadline_ms, id)));
    }

    /// Takes the first entry, if it is before `until_ms`.
    pub fn take_before(&mut self, until_ms: i64) -> Option<(i64, RowId)> {
        if self.has_passed(until_ms) { self.0.pop().map(|Reverse(entry)| entry) } else { None }
    }

    /// Whether any entry is before `now_ms`.
    pub fn has_passed(&self, now_ms: i64) -> bool {
        self.0.peek().is_some_and(|Reverse((deadline_ms, _))| *deadline_ms < now_ms)
    }
}
