//! From where to where partitions reach at the brokers, open transactions included.

use super::client;
use crate::config::{ClientKind, KafkaConfig};
use crate::runtime::broker::BrokerError;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to go on asking: shorter than the group waits for an answer.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

const RETRY_PAUSE: Duration = Duration::from_millis(100);

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

    /// The first offset of a partition, and the one after its last. A partition whose leader is just being found is asked again.
    pub fn ends(&self, topic: &str, partition: i32) -> Result<Range<i64>, BrokerError> {
        let deadline = Instant::now() + FOUND_WITHIN;
        loop {
            match self.0.fetch_watermarks(topic, partition, REQUEST_TIMEOUT) {
                Ok((low, high)) => return Ok(low..high),
                Err(_) if Instant::now() < deadline => thread::sleep(RETRY_PAUSE),
                Err(error) => {
                    return Err(BrokerError::Aborted(format!("the ends of partition {partition} of {topic} were not to be had: {error}")));
                }
            }
        }
    }
}
