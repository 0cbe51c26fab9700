//! The vitals of one worker, or of several together, at one moment.

use super::durations::Spread;
use crate::domain::event::Reason;
use crate::domain::state::RowKind;
use crate::wire::packed::SourceTopic;
use crate::wire::record::Topic;
use std::collections::BTreeMap;

/// Counters, which never fall, and gauges. Each array is indexed by the number of its enum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Tasks that have their state.
    pub live: usize,
    /// Tasks that do not have their state back yet.
    pub restoring: usize,
    /// Input partitions that wait until tasks are less far behind.
    pub inputs_paused: usize,
    /// How often a worker failed and was built anew.
    pub rebuilds: u64,
    /// Records taken in and committed, by topic.
    pub read: [u64; SourceTopic::ALL.len()],
    /// Records still to be read, by topic, where that is known.
    pub lag: [Option<i64>; SourceTopic::ALL.len()],
    /// How far the partition furthest behind is, in Kafka time, while it holds more, ms, by topic, where that is known; of several workers the greatest.
    pub lag_ms: [Option<i64>; SourceTopic::ALL.len()],
    /// Elements of the input records taken in and committed.
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
    /// The most facts that any circle had, where one got any; of several workers the greatest.
    pub circle_facts_max: Option<i64>,
    /// Records published, by topic.
    pub published: [u64; Topic::ALL.len()],
    /// Dead letters, by reason.
    pub dead_letters: [u64; Reason::ALL.len()],
    /// Events that are known and of no interest, by name.
    pub ignored: BTreeMap<&'static str, u64>,
    /// Transactions committed, by how long they took.
    pub commits: Spread,
    /// Transactions that were not committed, or of which nobody knows.
    pub failed: u64,
    /// How far stream time is behind the wall clock, ms; of several workers the greatest.
    pub watermark_lag_ms: Option<i64>,
    /// How long ago the state was last in a checkpoint, ms; of several workers the greatest.
    pub checkpoint_age_ms: Option<i64>,
    /// Rows of state by kind, where they are known.
    pub rows: [Option<i64>; RowKind::ALL.len()],
    /// Bytes of state, where they are known.
    pub state_bytes: Option<i64>,
}

impl Reading {
    /// Adds another worker's.
    pub fn add(&mut self, other: &Self) {
        self.live += other.live;
        self.restoring += other.restoring;
        self.inputs_paused += other.inputs_paused;
        self.rebuilds += other.rebuilds;
        sum(&mut self.read, &other.read);
        self.lag.iter_mut().zip(other.lag).for_each(|(lag, more)| *lag = lag.map_or(more, |lag| Some(lag + more.unwrap_or(0))));
        self.lag_ms.iter_mut().zip(other.lag_ms).for_each(|(lag, other)| *lag = other.max(*lag));
        self.elements += other.elements;
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.repeated += other.repeated;
        self.unmatched += other.unmatched;
        self.far += other.far;
        self.stale += other.stale;
        self.circle_facts_max = self.circle_facts_max.max(other.circle_facts_max);
        sum(&mut self.published, &other.published);
        sum(&mut self.dead_letters, &other.dead_letters);
        other.ignored.iter().for_each(|(name, count)| *self.ignored.entry(name).or_default() += count);
        self.commits.add(&other.commits);
        self.failed += other.failed;
        self.watermark_lag_ms = self.watermark_lag_ms.max(other.watermark_lag_ms);
        self.checkpoint_age_ms = self.checkpoint_age_ms.max(other.checkpoint_age_ms);
        for (rows, more) in self.rows.iter_mut().zip(other.rows) {
            *rows = both(*rows, more);
        }
        self.state_bytes = both(self.state_bytes, other.state_bytes);
    }
}

/// Of two gauges, what is known.
fn both(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    if one.is_none() && other.is_none() { None } else { Some(one.unwrap_or(0) + other.unwrap_or(0)) }
}

fn sum(counts: &mut [u64], more: &[u64]) {
    counts.iter_mut().zip(more).for_each(|(count, more)| *count += more);
}
