//! When stream time should look at which row.

use crate::domain::state::Key;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows by deadline. A row whose deadline has moved away since keeps its entry: whoever takes it looks at the row and adds it again.
#[derive(Default)]
pub(super) struct Deadlines(BinaryHeap<Reverse<(i64, Key)>>);

impl Deadlines {
    /// Adds a row, if it has a deadline, ms.
    pub fn add(&mut self, deadline_ms: Option<i64>, key: impl FnOnce() -> Key) {
        if let Some(deadline_ms) = deadline_ms {
            self.0.push(Reverse((deadline_ms, key())));
        }
    }

    /// Takes the rows whose entries are before `now_ms`, some perhaps twice.
    pub fn passed(&mut self, now_ms: i64) -> Vec<Key> {
        let mut passed = Vec::new();
        while self.0.peek().is_some_and(|Reverse((deadline_ms, _))| *deadline_ms < now_ms) {
            passed.extend(self.0.pop().map(|Reverse((_, key))| key));
        }
        passed
    }
}
