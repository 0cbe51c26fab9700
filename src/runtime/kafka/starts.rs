//! Where reading begins in partitions that were just assigned.

use super::names;
use crate::config::TopicsConfig;
use crate::runtime::broker::{BrokerError, Source};
use crate::wire::packed::SourceTopic;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long to wait for offsets that no open transaction may change any more: the transaction of a worker that died is
/// aborted after its timeout (10 s) and the broker's next look at overdue ones (another 10 s).
const STABLE_WITHIN: Duration = Duration::from_mins(1);

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

const RETRY_PAUSE: Duration = Duration::from_millis(200);

/// Where reading begins in one partition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    /// The partition.
    pub source: Source,
    /// The first offset that was not taken yet, if any was.
    pub committed: Option<i64>,
}

impl Start {
    /// A task is rebuilt from its whole log, whatever of it was taken before. Inputs go on where they were left, at the
    /// first start with what they still hold from before.
    pub fn offset(&self) -> Offset {
        match (self.source, self.committed) {
            ((SourceTopic::Webhooks | SourceTopic::Sends, _), Some(committed)) => Offset::Offset(committed),
            ((SourceTopic::Webhooks | SourceTopic::Sends, _), None) | ((SourceTopic::Repartition, _), _) => Offset::Beginning,
        }
    }
}

/// Looks up where to begin in each of these partitions. Gives up when told to stop.
pub(super) fn find<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topics: &TopicsConfig,
    sources: &[Source],
    stop: &AtomicBool,
) -> Result<Vec<Start>, BrokerError> {
    let mut asked = TopicPartitionList::with_capacity(sources.len());
    for (topic, partition) in sources {
        asked.add_partition(names::of_source(topics, *topic), *partition);
    }
    let committed = stable_offsets(consumer, &asked, stop)?;
    let mut starts = Vec::with_capacity(sources.len());
    for source in sources {
        let found = committed.find_partition(names::of_source(topics, source.0), source.1).map(|found| found.offset());
        let committed = match found {
            Some(Offset::Offset(offset)) => Some(offset),
            _ => None,
        };
        if source.0 == SourceTopic::Repartition {
            check_log(consumer, &topics.repartition, source.1, committed)?;
        }
        starts.push(Start { source: *source, committed });
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

fn unknown(error: &KafkaError) -> BrokerError {
    BrokerError::Aborted(format!("the committed offsets were not to be had within {STABLE_WITHIN:?}: {error}"))
}

/// A task's state is what its log says from the first record on; a log that lost its beginning or its end gives another.
fn check_log<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
    committed: Option<i64>,
) -> Result<(), BrokerError> {
    let ends = consumer.fetch_watermarks(topic, partition, REQUEST_TIMEOUT);
    let (low, high) = ends.map_err(|error| BrokerError::Aborted(format!("the ends of {topic} were not to be had: {error}")))?;
    let problem = match committed {
        None if low == 0 => return Ok(()),
        Some(committed) if low == 0 && committed <= high => return Ok(()),
        Some(committed) if committed > high => format!("ends at offset {high}, before offset {committed} which the group has committed"),
        _ => format!("begins at offset {low}; the records before it are gone"),
    };
    Err(BrokerError::Log(format!(
        "partition {partition} of {topic} {problem}. Was the topic deleted, or its retention set? Start over with a new topics.prefix and kafka.group_id"
    )))
}
