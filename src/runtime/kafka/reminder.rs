//! Committed offsets of inputs that must be committed again, though nothing has changed.
//!
//! The group does not subscribe to the inputs (see `share`), and the brokers forget offsets of topics that no member
//! subscribes to when they were committed too long ago (`offsets.retention.minutes`, a week by default): an input
//! partition that is quiet for longer would be read again from its beginning.

use crate::runtime::broker::Source;
use crate::wire::packed::SourceTopic;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How old a committed offset may get: far below any retention.
const AGE_MAX: Duration = Duration::from_hours(1);

/// The newest committed offsets of the inputs at hand.
#[derive(Default)]
pub(super) struct Reminder {
    committed: BTreeMap<Source, (i64, Option<Instant>)>,
}

impl Reminder {
    /// Notes what was committed now.
    pub fn committed(&mut self, offsets: impl IntoIterator<Item = (Source, i64)>, now: Instant) {
        let inputs = offsets.into_iter().filter(|((topic, _), _)| *topic != SourceTopic::Repartition);
        self.committed.extend(inputs.map(|(source, offset)| (source, (offset, Some(now)))));
    }

    /// Notes what an earlier owner of the partition has committed, nobody knows when.
    pub fn found(&mut self, source: Source, offset: i64) {
        if source.0 != SourceTopic::Repartition {
            self.committed.insert(source, (offset, None));
        }
    }

    /// The partition has gone to another worker.
    pub fn forget(&mut self, source: Source) {
        self.committed.remove(&source);
    }

    /// What was committed of an input last, if anything was.
    pub fn newest(&self, source: Source) -> Option<i64> {
        self.committed.get(&source).map(|(offset, _)| *offset)
    }

    /// What should be committed again.
    pub fn due(&self, now: Instant) -> Vec<(Source, i64)> {
        let due = self.committed.iter().filter(|(_, (_, at))| at.is_none_or(|at| now.duration_since(at) >= AGE_MAX));
        due.map(|(source, (offset, _))| (*source, *offset)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_offsets_of_inputs_are_due() {
        let (quiet, busy, task) = ((SourceTopic::Sends, 0), (SourceTopic::Sends, 1), (SourceTopic::Repartition, 0));
        let mut reminder = Reminder::default();
        let begin = Instant::now();
        reminder.committed([(quiet, 5), (busy, 7), (task, 9)], begin);
        reminder.committed([(busy, 8)], begin + AGE_MAX / 2);
        assert_eq!(reminder.due(begin + AGE_MAX), [(quiet, 5)]);
        reminder.found(busy, 8);
        assert_eq!(reminder.due(begin), [(busy, 8)]);
        reminder.forget(busy);
        reminder.forget(quiet);
        assert_eq!(reminder.due(begin + AGE_MAX), []);
    }
}
