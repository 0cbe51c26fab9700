//! Where reading begins in partitions that were just assigned.

use super::common::Common;
use super::names;
use crate::config::TopicsConfig;
use crate::runtime::broker::{BrokerError, Commit, Source};
use crate::wire::packed::SourceTopic;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long to wait for offsets that no open transaction may change any more: the transaction of a worker that died is
/// aborted after its timeout (10 s) and the broker's next look at overdue ones (another 10 s).
const STABLE_WITHIN: Duration = Duration::from_mins(1);

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Where reading begins in one partition.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// The partition.
    pub source: Source,
    /// What was committed of it, if anything was.
    pub committed: Option<Commit>,
    /// Of a task: up to where its changelog is to be read first, if there is anything in it.
    pub changelog: Option<i64>,
    /// Of a task: an offset that its log has.
    log: Option<i64>,
}

impl Start {
    /// What is read at once, and from where. Inputs go on where they were left, at the first start with what they still
    /// hold from before. Of a task it is the state first, from its beginning; where its log goes on follows from that.
    pub fn reads(&self) -> Option<(Source, Offset)> {
        match (self.source, &self.committed) {
            ((SourceTopic::Repartition, partition), _) => self.changelog.map(|_| ((SourceTopic::Changelog, partition), Offset::Beginning)),
            (input, Some(committed)) => Some((input, Offset::Offset(committed.offset))),
            (input, None) => Some((input, Offset::Beginning)),
        }
    }

    /// Of a task, its log, from some offset on: assigned with the rest and paused, since what is assigned later would be taken for the answer to whatever the
    /// group has asked meanwhile. Never from a place that librdkafka would have to ask for: what it is told then goes over a later seek.
    pub fn waits(&self) -> Option<(Source, Offset)> {
        self.log.map(|offset| (self.source, Offset::Offset(offset)))
    }
}

/// Looks up where to begin in each of these partitions. Gives up when told to stop.
pub(super) fn find<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    common: &Common,
    topics: &TopicsConfig,
    sources: &[Source],
    stop: &AtomicBool,
) -> Result<Vec<Start>, BrokerError> {
    let mut asked = TopicPartitionList::with_capacity(sources.len());
    for (topic, partition) in sources {
        asked.add_partition(names::of_source(topics, *topic), *partition);
    }
    let (committed, probe) = (stable_offsets(consumer, &asked, stop)?, &common.probe);
    let mut starts = Vec::with_capacity(sources.len());
    for source in sources {
        let found = committed.find_partition(names::of_source(topics, source.0), source.1);
        let committed = found.and_then(|found| match found.offset() {
            Offset::Offset(offset) => Some(Commit { offset, account: found.metadata().to_owned() }),
            _ => None,
        });
        let committed = match (source, committed) {
            ((SourceTopic::Webhooks | SourceTopic::Sends, partition), Some(committed)) if common.has_missed() => {
                let topic = names::of_source(topics, source.0);
                // If it is not to be had now, the consumer will miss it again.
                let ends = probe.ends_once(topic, *partition).ok();
                Some(ends.map_or(Ok(committed.clone()), |ends| within(committed, &ends, topic, *partition))?)
            }
            (_, committed) => committed,
        };
        // After the committed offsets: the checkpoint of the last transaction lies before this end.
        let changelog = match source.0 {
            SourceTopic::Repartition => Some(probe.ends(&topics.changelog, source.1)?).filter(|ends| !ends.is_empty()).map(|ends| ends.end),
            SourceTopic::Webhooks | SourceTopic::Sends | SourceTopic::Changelog => None,
        };
        let log = match (source.0, &committed) {
            (SourceTopic::Repartition, Some(committed)) => Some(committed.offset),
            (SourceTopic::Repartition, None) => Some(probe.ends(&topics.repartition, source.1)?.start),
            (SourceTopic::Webhooks | SourceTopic::Sends | SourceTopic::Changelog, _) => None,
        };
        starts.push(Start { source: *source, committed, changelog, log });
    }
    Ok(starts)
}

/// What the group has committed, as soon as no transaction is open that would change it.
fn stable_offsets<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    asked: &TopicPartitionList,
    stop: &AtomicBool,
) -> Result<TopicPartitionList, BrokerError> {
    let deadline = Instant::now() + STABLE_WITHIN;
    loop {
        // A read_committed consumer is told stable offsets only.
        let answer = consumer.committed_offsets(asked.clone(), REQUEST_TIMEOUT);
        let answer = answer.and_then(|answer| answer.elements().iter().try_for_each(TopicPartitionListElem::error).map(|()| answer));
        match answer {
            Ok(answer) => return Ok(answer),
            Err(_) if stop.load(Ordering::Relaxed) => return Err(BrokerError::Stopped),
            Err(error) if Instant::now() >= deadline => return Err(unknown(&error)),
            Err(error) => {
                tracing::info!(%error, "waiting for the committed offsets");
                std::thread::sleep(RETRY_PAUSE);
            }
        }
    }
}

/// Where to go on in an input from where to where it reaches. What was deleted before it was read is not to be had by waiting.
fn within(committed: Commit, ends: &Range<i64>, topic: &str, partition: i32) -> Result<Commit, BrokerError> {
    let offset = committed.offset;
    if offset > ends.end {
        return Err(BrokerError::Log(format!(
            "the group has read partition {partition} of {topic} up to offset {offset}, but it ends at {}: was the topic emptied or created anew? Stop all \
             waid, then say where to go on: kafka-consumer-groups --bootstrap-server … --group … --reset-offsets --topic {topic}:{partition} --to-earliest --execute",
            ends.end
        )));
    }
    if offset < ends.start {
        tracing::error!(
            topic,
            partition,
            committed = offset,
            first = ends.start,
            "what was to be read next was deleted: does the topic keep its records for too short a time? Reading goes on with the first record that is \
             there; those between were not read, unless they were marks of transactions only"
        );
    }
    Ok(Commit { offset: offset.max(ends.start), ..committed })
}

fn unknown(error: &KafkaError) -> BrokerError {
    BrokerError::Aborted(format!("the committed offsets were not to be had within {STABLE_WITHIN:?}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_goes_on_with_what_is_still_there() {
        let within = |offset| within(Commit { offset, account: "epoch=1".to_owned() }, &(5..9), "webhooks", 3).map(|commit| commit.offset);
        assert!(matches!((within(5), within(9), within(2)), (Ok(5), Ok(9), Ok(5))));
        let Err(BrokerError::Log(why)) = within(10) else { panic!("it ends before") };
        assert!(why.contains("partition 3 of webhooks up to offset 10, but it ends at 9"), "{why}");
    }
}
