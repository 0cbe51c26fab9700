//! Inputs that have nothing to read: an idle one must not hold stream time back.

use super::names;
use crate::config::TopicsConfig;
use crate::runtime::broker::Source;
use crate::runtime::clock;
use crate::wire::packed::SourceTopic;
use rdkafka::Statistics;
use rdkafka::statistics::Partition;
use std::collections::HashMap;

/// The end of an input: the offset after its last record, and the time as of which it is, ms. Once it was read up to there,
/// whatever comes is newer than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    /// Of which input.
    pub source: Source,
    /// The high watermark: open transactions are before it.
    pub offset: i64,
    /// As of when, ms.
    pub at_ms: i64,
}

/// How long a record may be on its way into Kafka after its timestamp was taken.
const GRACE_MS: i64 = 60_000;

/// A partition's leader answers a fetch at the latest after half a second; the high watermark of one that was silent for
/// longer than this, µs, is an old one.
const SILENT_MAX_US: i64 = 5_000_000;

/// The ends of the inputs whose leaders can be reached, from what librdkafka reports.
pub(super) fn found(topics: &TopicsConfig, statistics: &Statistics) -> Vec<End> {
    let at_ms = clock::now_ms() - GRACE_MS;
    let reached = statistics.brokers.values().filter(|broker| broker.state == "UP" && (0..=SILENT_MAX_US).contains(&broker.rxidle));
    let reached: Vec<i32> = reached.map(|broker| broker.nodeid).collect();
    let mut ends = Vec::new();
    for topic in statistics.topics.values() {
        let Some(topic_is @ (SourceTopic::Webhooks | SourceTopic::Sends)) = names::source(topics, &topic.topic) else { continue };
        ends.extend(of_topic(topic_is, &topic.partitions, &reached, at_ms));
    }
    ends
}

fn of_topic<'a>(
    topic: SourceTopic,
    partitions: &'a HashMap<i32, Partition>,
    reached: &'a [i32],
    at_ms: i64,
) -> impl Iterator<Item = End> + 'a {
    let known = move |partition: &&Partition| partition.fetch_state == "active" && reached.contains(&partition.leader);
    let known = partitions.values().filter(known).filter(|partition| partition.partition >= 0 && partition.hi_offset >= 0);
    known.map(move |partition| End { source: (topic, partition.partition), offset: partition.hi_offset, at_ms })
}
