//! Where reading begins in partitions that were just assigned.

use super::names;
use super::probe::Probe;
use crate::config::TopicsConfig;
use crate::runtime::broker::{BrokerError, Commit, Source};
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
    probe: &Probe,
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
        let found = committed.find_partition(names::of_source(topics, source.0), source.1);
        let committed = found.and_then(|found| match found.offset() {
            Offset::Offset(offset) => Some(Commit { offset, account: found.metadata().to_owned() }),
            _ => None,
        });
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

fn unknown(error: &KafkaError) -> BrokerError {
    BrokerError::Aborted(format!("the committed offsets were not to be had within {STABLE_WITHIN:?}: {error}"))
}
