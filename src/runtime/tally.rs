//! What one transaction did, counted while it is open and added to the worker's vitals once it is committed.

use super::broker::Source;
use super::task::TaskCounts;
use crate::domain::event::Reason;
use crate::domain::output::Output;
use crate::wire::packed::SourceTopic;
use crate::wire::record::{OutRecord, Topic};
use std::collections::BTreeMap;

/// Counts of one transaction; each array is indexed by the number of its enum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records taken, by topic.
    pub read: [u64; SourceTopic::ALL.len()],
    /// The Kafka timestamp of the record taken last of each partition, ms.
    pub read_ms: BTreeMap<Source, i64>,
    /// Elements of the input records taken.
    pub elements: u64,
    /// Events taken by tasks.
    pub events: u64,
    /// Of these: straight from inputs, and nothing new.
    pub duplicates: u64,
    /// Of these: straight from inputs, and not kept, since a stronger status had named the same person.
    pub repeated: u64,
    /// Statuses, replies and mismatch events that were forgotten without a send.
    pub unmatched: u64,
    /// Events that had passed very many entities.
    pub far: u64,
    /// Packed records that had been taken before.
    pub stale: u64,
    /// The most facts that any circle had, if one got any.
    pub circle_facts_max: Option<u64>,
    /// Records published, by topic.
    pub published: [u64; Topic::ALL.len()],
    /// Dead letters, by reason.
    pub dead_letters: [u64; Reason::ALL.len()],
}

impl Tally {
    /// A record was taken.
    pub fn took(&mut self, source: Source, kafka_ms: i64) {
        self.read[source.0 as usize] += 1;
        self.read_ms.insert(source, kafka_ms);
    }

    /// A task, whose counts were those before, took what it was given.
    pub fn stepped(&mut self, before: &TaskCounts, after: &TaskCounts) {
        self.events += after.events - before.events;
        self.duplicates += after.core.duplicates - before.core.duplicates;
        self.repeated += after.core.repeated - before.core.repeated;
        self.unmatched += after.core.unmatched - before.core.unmatched;
        self.far += after.far - before.far;
        self.stale += after.stale - before.stale;
        let facts = Some(after.core.circle_facts_max).filter(|facts| *facts > 0);
        self.circle_facts_max = self.circle_facts_max.max(facts);
    }

    /// An output is to be published: of a dead letter, the reason counts.
    pub fn told(&mut self, output: &Output) {
        if let Output::DeadLetter(letter) = output {
            self.dead_letters[letter.rejection.reason as usize] += 1;
        }
    }

    /// These records are published.
    pub fn published(&mut self, records: &[OutRecord]) {
        for record in records {
            self.published[record.topic as usize] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TopicsConfig;

    #[test]
    fn each_is_at_its_own_number_and_goes_by_its_key_of_the_configuration() {
        let topics = TopicsConfig::default();
        let key = |role: &str| topics.names().iter().any(|(key, _)| *key == role);
        for (index, topic) in SourceTopic::ALL.into_iter().enumerate() {
            assert!(topic as usize == index && key(topic.role()), "{topic:?}");
        }
        for (index, topic) in Topic::ALL.into_iter().enumerate() {
            assert!(topic as usize == index && key(topic.role()), "{topic:?}");
        }
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index, "{reason:?}");
        }
    }
}
