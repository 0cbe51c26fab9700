//! From where to where partitions reach at the brokers, open transactions included.

use super::client;
use crate::config::{ClientKind, KafkaConfig};
use crate::runtime::broker::BrokerError;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to go on asking: shorter than the group waits for an answer.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Asks for the ends of partitions, and for what the group has committed. A worker's own consumer is told only what is final: the end of
/// what a worker that has just died wrote may be further.
pub(super) struct Probe(BaseConsumer);

impl Probe {
    /// Connects when it is asked first.
    pub fn new(kafka: &KafkaConfig) -> Result<Self, BrokerError> {
        let mut config = client::base(kafka, ClientKind::Consumer);
        config.set("group.id", &kafka.group_id).set("isolation.level", "read_uncommitted").set("enable.auto.commit", "false");
        config.create().map(Self).map_err(|error| BrokerError::Fatal(format!("cannot make a consumer: {error}")))
    }

    /// The first offset of a partition, and the one after its last. A partition whose leader is just being found is asked again.
    pub fn ends(&self, topic: &str, partition: i32) -> Result<Range<i64>, BrokerError> {
        let deadline = Instant::now() + FOUND_WITHIN;
        loop {
            match self.ends_once(topic, partition) {
                Ok(ends) => return Ok(ends),
                Err(_) if Instant::now() < deadline => thread::sleep(RETRY_PAUSE),
                Err(error) => {
                    return Err(BrokerError::Aborted(format!("the ends of partition {partition} of {topic} were not to be had: {error}")));
                }
            }
        }
    }

    /// The same, asked once. After an error the leaders are looked up, for when it is asked next: librdkafka forgets a broker that is no more in the cluster, but
    /// not that it led a partition, and then finds no leader without asking for one.
    pub fn ends_once(&self, topic: &str, partition: i32) -> Result<Range<i64>, KafkaError> {
        let ends = self.0.fetch_watermarks(topic, partition, REQUEST_TIMEOUT);
        if ends.is_err() {
            let _ = self.partitions(topic, REQUEST_TIMEOUT);
        }
        ends.map(|(low, high)| low..high)
    }

    /// What the group has committed of these partitions of a topic, whatever an open transaction may be about to change.
    pub fn committed(&self, topic: &str, partitions: impl IntoIterator<Item = i32>) -> Result<TopicPartitionList, KafkaError> {
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(topic, partition);
        }
        let committed = self.0.committed_offsets(asked, REQUEST_TIMEOUT)?;
        committed.elements().iter().try_for_each(TopicPartitionListElem::error).map(|()| committed)
    }

    /// How many partitions a topic has, if it is there.
    pub fn partitions(&self, topic: &str, timeout: Duration) -> Result<Option<i32>, KafkaError> {
        let metadata = self.0.fetch_metadata(Some(topic), timeout)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic && found.error().is_none());
        Ok(found.and_then(|found| i32::try_from(found.partitions().len()).ok()).filter(|count| *count > 0))
    }
}
