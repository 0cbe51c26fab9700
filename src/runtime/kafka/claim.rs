//! Whether the group and the topics belong together, and are as they were, found before anything is read: with the topics of another group, inputs would be read from their
//! beginning, and what was told would be told again; with other topics of the same group, what waits for its answer would be lost in silence.

use super::probe::Probe;
use crate::config::{KafkaConfig, TopicsConfig};
use crate::runtime::account::Account;
use crate::runtime::broker::BrokerError;
use crate::runtime::epoch::Epoch;
use crate::topics::count_is_fixed;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::thread;
use std::time::{Duration, Instant};

/// How long the first transaction of another process may be open: its records are there before its offsets are.
const SETTLED_WITHIN: Duration = Duration::from_secs(15);

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What does not belong together.
#[derive(Clone, Copy)]
enum Stranger {
    /// The topics hold the state of a group, and this one has not read their log.
    Group,
    /// The group has read the inputs, and these topics hold nothing of it.
    Topics,
    /// The log was written for so many partitions, and there are so many: each entity would be looked for in the wrong place.
    Count(i32, usize),
}

/// Looks whether they do.
pub(super) fn check(probe: &Probe, topics: &TopicsConfig) -> Result<(), BrokerError> {
    let deadline = Instant::now() + SETTLED_WITHIN;
    loop {
        let found = match find(probe, topics) {
            Ok(None) => return Ok(()),
            Ok(Some(stranger)) => stranger.told(topics),
            Err(error) => BrokerError::Unreachable(format!("what the group has committed was not to be had: {error}")),
        };
        if Instant::now() >= deadline {
            return Err(found);
        }
        thread::sleep(RETRY_PAUSE);
    }
}

fn find(probe: &Probe, topics: &TopicsConfig) -> Result<Option<Stranger>, KafkaError> {
    let tasks = committed(probe, &topics.repartition)?;
    if has(&tasks, |_| true) {
        let said = partitions_said(&tasks);
        let is_other = |said: &i32| usize::try_from(*said) != Ok(tasks.count());
        return Ok(said.filter(is_other).map(|said| Stranger::Count(said, tasks.count())));
    }
    for task in tasks.elements() {
        if !probe.ends_once(&topics.changelog, task.partition())?.is_empty() {
            return Ok(Some(Stranger::Group));
        }
    }
    for input in [&topics.webhooks, &topics.sends] {
        if has(&committed(probe, input)?, Epoch::is_in) {
            return Ok(Some(Stranger::Topics));
        }
    }
    Ok(None)
}

/// For how many partitions of the repartition topic the group has state, as far as that is to be found out.
pub fn written_for(kafka: &KafkaConfig, topics: &TopicsConfig) -> Option<u32> {
    let tasks = committed(&Probe::new(kafka).ok()?, &topics.repartition).ok()?;
    partitions_said(&tasks).and_then(|said| u32::try_from(said).ok())
}

fn partitions_said(tasks: &TopicPartitionList) -> Option<i32> {
    tasks.elements().iter().find_map(|task| Account::parse(task.metadata())?.partitions)
}

fn committed(probe: &Probe, topic: &str) -> Result<TopicPartitionList, KafkaError> {
    let partitions = probe.partitions(topic, REQUEST_TIMEOUT)?.unwrap_or(0);
    probe.committed(topic, 0..partitions)
}

/// Whether something was committed, beside words that are so.
fn has(committed: &TopicPartitionList, words: impl Fn(&str) -> bool) -> bool {
    committed.elements().iter().any(|element| matches!(element.offset(), Offset::Offset(_)) && words(element.metadata()))
}

impl Stranger {
    fn told(self, TopicsConfig { repartition, changelog, .. }: &TopicsConfig) -> BrokerError {
        BrokerError::Log(match self {
            Self::Group => format!(
                "{changelog} has state, but the group has no committed offset in {repartition}: is it another group (kafka.group_id), was it deleted, or was \
                 it away for longer than the brokers' offsets.retention.minutes? If waid was stopped by SIGTERM, set those in {repartition} to the earliest (kafka-consumer-groups \
                 --reset-offsets), and where waid then says which it must be, to that, and those in the inputs to where they were; after a kill, start over with \
                 a new topics.prefix and kafka.group_id"
            ),
            Self::Topics => format!(
                "the group has read the inputs before, but nothing of {repartition}: are these other topics (topics.prefix), or were they deleted? What waits \
                 for its answer is in those of before. Start over with a new kafka.group_id as well, or say from where to read the inputs (kafka-consumer-groups \
                 --reset-offsets)"
            ),
            Self::Count(said, count) => format!("{repartition} has {count} partitions, but {}", count_is_fixed(said)),
        })
    }
}
