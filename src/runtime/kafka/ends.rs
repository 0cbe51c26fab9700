//! Inputs that have nothing to read: an idle one must not hold stream time back.

use super::names;
use crate::config::TopicsConfig;
use crate::runtime::broker::Source;
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
    /// The offset of the first record that it still holds: what was before needs no reading.
    pub first: i64,
    /// As of when, ms.
    pub at_ms: i64,
}

impl End {
    /// Whether it was read up to there, by this worker, which has come to `position`, or by an earlier owner, up to where this one has
    /// `begun`: the consumer has no position in what it has read nothing of.
    pub fn is_reached(&self, position: Option<i64>, begun: Option<i64>) -> bool {
        position.max(begun).max(Some(self.first)) >= Some(self.offset)
    }
}

/// How long a record may be on its way into Kafka after its timestamp was taken.
const GRACE_MS: i64 = 60_000;

/// A partition's leader answers a fetch at the latest after half a second; the high watermark of one that was silent for
/// longer than this, µs, is an old one.
const SILENT_MAX_US: i64 = 5_000_000;

/// The ends of the inputs whose leaders can be reached, from what librdkafka reports.
pub(super) fn found(topics: &TopicsConfig, statistics: &Statistics) -> Vec<End> {
    // As of when they were taken, however late they are heard.
    let at_ms = statistics.time * 1000 - GRACE_MS;
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
    // Fetching has come to an end since it began: the high watermark is not one from before the partition was this worker's. A broker that
    // leads the partition no more answers with none, -1.
    let has_end = |partition: &&Partition| partition.eof_offset >= 0 && partition.hi_offset >= partition.eof_offset;
    let known = partitions.values().filter(known).filter(|partition| partition.partition >= 0).filter(has_end);
    known.map(move |partition| End { source: (topic, partition.partition), offset: partition.hi_offset, first: partition.lo_offset, at_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Source = (SourceTopic::Sends, 3);

    #[test]
    fn an_input_is_at_its_end_though_nothing_was_read_of_it() {
        let (end, none) = (End { source: INPUT, offset: 7, first: 2, at_ms: 0 }, Some(-1001));
        assert!(end.is_reached(Some(7), None) && !end.is_reached(Some(6), Some(5)) && !end.is_reached(none, None));
        assert!(end.is_reached(none, Some(7)), "an earlier owner has read it all");
        assert!(End { first: 7, ..end }.is_reached(none, None), "it holds nothing any more");
        assert!(End { offset: 0, first: 0, ..end }.is_reached(none, None), "it never held anything");
    }

    #[test]
    fn a_high_watermark_from_before_is_none() {
        let partition = |eof_offset| Partition {
            partition: INPUT.1,
            fetch_state: "active".to_owned(),
            leader: 1,
            hi_offset: 7,
            lo_offset: 0,
            eof_offset,
            ..Partition::default()
        };
        let ends = |eof_offset| of_topic(INPUT.0, &HashMap::from([(INPUT.1, partition(eof_offset))]), &[1], 5).collect::<Vec<_>>();
        assert_eq!(ends(-1001), []);
        assert_eq!(ends(6), [End { source: INPUT, offset: 7, first: 0, at_ms: 5 }]);
        let moved = Partition { hi_offset: -1, lo_offset: -1, ..partition(6) };
        assert_eq!(of_topic(INPUT.0, &HashMap::from([(INPUT.1, moved)]), &[1], 5).count(), 0, "its leader has changed");
    }
}
