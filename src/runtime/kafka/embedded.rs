//! A broker inside this process: librdkafka's mock cluster, for showing what waid does where there is no Kafka.
//!
//! It has topics and groups, but no transactions (what is written is visible at once), no compaction, and it keeps only the newest 5 MiB of a
//! partition. So it proves nothing about exactly-once.

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers as _, Message as _};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use std::time::Duration;
use thiserror::Error;

/// How much of a partition is kept, in bytes.
pub const PARTITION_BYTES_MAX: usize = 5 << 20;

/// How long the broker, which is a thread of this process, may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The embedded broker, or a client of it, failed.
#[derive(Debug, Error)]
#[error("the embedded broker: {0}")]
pub struct EmbeddedError(#[from] KafkaError);

/// A broker. It ends when this is dropped, so clients must be gone by then.
pub struct Embedded {
    cluster: MockCluster<'static, DefaultProducerContext>,
    topics: Vec<(String, i32)>,
}

/// Writes to it.
pub struct Feeder(BaseProducer);

/// Reads from it, each partition from its beginning.
pub struct Reader(BaseConsumer);

impl Embedded {
    /// A broker with these topics, each with so many partitions.
    pub fn start(topics: &[(&str, i32)]) -> Result<Self, EmbeddedError> {
        let cluster = MockCluster::new(1)?;
        for (name, partitions) in topics {
            cluster.create_topic(name, *partitions, 1)?;
        }
        let topics = topics.iter().map(|(name, partitions)| ((*name).to_owned(), *partitions)).collect();
        Ok(Self { cluster, topics })
    }

    /// How to reach it.
    pub fn bootstrap_servers(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// A client that writes.
    pub fn feeder(&self) -> Result<Feeder, EmbeddedError> {
        Ok(Feeder(self.client().set("linger.ms", "5").set("compression.codec", "lz4").create()?))
    }

    /// A client that reads these topics.
    pub fn reader(&self, topics: &[&str]) -> Result<Reader, EmbeddedError> {
        let consumer: BaseConsumer = self.client().set("group.id", "embedded-reader").set("enable.auto.commit", "false").create()?;
        consumer.assign(&self.partitions(topics, Offset::Beginning))?;
        Ok(Reader(consumer))
    }

    /// How far a group is in these topics: the sum of its offsets, and of those that it is still to reach.
    pub fn progress(&self, group: &str, topics: &[&str]) -> Result<(i64, i64), EmbeddedError> {
        let consumer: BaseConsumer = self.client().set("group.id", group).create()?;
        let committed = consumer.committed_offsets(self.partitions(topics, Offset::Invalid), ANSWER_TIMEOUT)?;
        let (mut read, mut unread) = (0, 0);
        for partition in committed.elements() {
            let (low, high) = consumer.fetch_watermarks(partition.topic(), partition.partition(), ANSWER_TIMEOUT)?;
            let at = partition.offset().to_raw().filter(|offset| *offset >= 0).unwrap_or(low);
            read += at;
            unread += high - at;
        }
        Ok((read, unread))
    }

    fn partitions(&self, topics: &[&str], offset: Offset) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for (name, partitions) in self.topics.iter().filter(|(name, _)| topics.contains(&name.as_str())) {
            for partition in 0..*partitions {
                list.add_partition_offset(name, partition, offset).expect("no offset that is not one");
            }
        }
        list
    }

    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.bootstrap_servers()).set_log_level(RDKafkaLogLevel::Warning);
        client
    }
}

impl Feeder {
    /// Writes a record, waiting while too many are on their way.
    pub fn send(&self, topic: &str, partition: i32, key: Option<&[u8]>, value: &[u8], timestamp_ms: i64) -> Result<(), EmbeddedError> {
        let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition).payload(value).timestamp(timestamp_ms);
        record.key = key;
        while let Err((error, returned)) = self.0.send(record) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(error.into());
            }
            record = returned;
            self.0.poll(Duration::from_millis(10));
        }
        self.0.poll(Duration::ZERO);
        Ok(())
    }

    /// Waits until all is written.
    pub fn flush(&self) -> Result<(), EmbeddedError> {
        Ok(self.0.flush(ANSWER_TIMEOUT)?)
    }
}

impl Reader {
    /// Gives the next record, if one comes in time, to `take`: its topic, its payload, and the value of a header of its. Whether one came.
    pub fn read(&self, wait: Duration, header: &str, take: impl FnOnce(&str, &[u8], Option<&str>)) -> Result<bool, EmbeddedError> {
        let Some(message) = self.0.poll(wait).transpose()? else { return Ok(false) };
        let value = message.headers().and_then(|headers| headers.iter().find(|each| each.key == header)).and_then(|found| found.value);
        let value = value.and_then(|value| std::str::from_utf8(value).ok());
        take(message.topic(), message.payload().unwrap_or_default(), value);
        Ok(true)
    }
}
