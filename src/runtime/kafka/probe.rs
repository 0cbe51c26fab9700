//! From where to where partitions reach at the brokers, open transactions included.

use super::client;
use crate::config::{ClientKind, KafkaConfig};
use crate::runtime::broker::BrokerError;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::ops::Range;
use std::time::Duration;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks for the ends of partitions. The worker's own consumer is told only what is committed: the end of what a worker
/// that has just died wrote may be further.
pub(super) struct Probe(BaseConsumer);

impl Probe {
    /// Connects when it is asked first.
    pub fn new(kafka: &KafkaConfig) -> Result<Self, BrokerError> {
        let mut config = client::base(kafka, ClientKind::Consumer);
        let made =
            config.set("group.id", &kafka.group_id).set("isolation.level", "read_uncommitted").set("enable.auto.commit", "false").create();
        made.map(Self).map_err(|error| BrokerError::Fatal(format!("cannot make a consumer: {error}")))
    }

    /// The first offset of a partition, and the one after its last.
    pub fn ends(&self, topic: &str, partition: i32) -> Result<Range<i64>, BrokerError> {
        match self.0.fetch_watermarks(topic, partition, REQUEST_TIMEOUT) {
            Ok((low, high)) => Ok(low..high),
            Err(error) => Err(BrokerError::Aborted(format!("the ends of partition {partition} of {topic} were not to be had: {error}"))),
        }
    }
}
