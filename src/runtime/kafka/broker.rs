//! Kafka as a worker's broker: one consumer and one transactional producer, used by one thread.

use super::commit::Committer;
use super::group::Group;
use super::member::Member;
use super::names;
use super::record::Record;
use super::setup::Setup;
use crate::config::TopicsConfig;
use crate::runtime::broker::{Broker, BrokerError, PartitionCounts, Polled, Source};
use crate::runtime::transaction::Transaction;
use crate::runtime::vitals::Vitals;
use crate::wire::output::Outputs;
use crate::wire::packed::SourceTopic;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

/// Short, since no record is read meanwhile.
const RECOUNT_TIMEOUT: Duration = Duration::from_secs(1);

/// A member of the group.
pub struct KafkaBroker {
    consumer: BaseConsumer<Group>,
    topics: TopicsConfig,
    record: Record,
}

impl KafkaBroker {
    /// Takes over from an earlier worker of the same transactional id, then joins the group.
    pub fn start(setup: Setup, outputs: Arc<Outputs>, vitals: Arc<Vitals>) -> Result<Self, BrokerError> {
        let (topics, config, stop) = (setup.topics.clone(), setup.consumer(), Arc::clone(&setup.stop));
        let committer = Committer::start(setup, Arc::clone(&vitals))?;
        let member = Member::new(committer, Transaction::new(outputs));
        let group = Group::new(topics.clone(), vitals, stop, member);
        let consumer: BaseConsumer<Group> = config.create_with_context(group).map_err(|error| fatal(&error))?;
        let broker = Self { consumer, topics, record: Record::default() };
        broker.consumer.context().member().partitions = Some(broker.counts(METADATA_TIMEOUT)?);
        broker.consumer.subscribe(&[&broker.topics.repartition]).map_err(|error| fatal(&error))?;
        Ok(broker)
    }

    fn counts(&self, timeout: Duration) -> Result<PartitionCounts, BrokerError> {
        Ok(PartitionCounts {
            webhooks: self.count(SourceTopic::Webhooks, timeout)?,
            sends: self.count(SourceTopic::Sends, timeout)?,
            repartition: self.count(SourceTopic::Repartition, timeout)?,
        })
    }

    /// The partitions of an input that has grown belong to no task until the workers are built anew. A broker that does
    /// not answer will be asked again.
    fn check_counts(&self, known: PartitionCounts) -> Result<(), BrokerError> {
        match self.counts(RECOUNT_TIMEOUT) {
            Ok(counts) if counts != known => Err(BrokerError::Aborted(format!("there were {known:?}, now there are {counts:?}"))),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn count(&self, source: SourceTopic, timeout: Duration) -> Result<i32, BrokerError> {
        let name = names::of_source(&self.topics, source);
        let metadata = self.consumer.fetch_metadata(Some(name), timeout).map_err(|error| fatal(&error))?;
        let count = metadata
            .topics()
            .iter()
            .find(|topic| topic.name() == name && topic.error().is_none())
            .map_or(0, |topic| topic.partitions().len());
        match i32::try_from(count) {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(BrokerError::Log(format!("there is no topic {name}"))),
        }
    }
}

impl Broker for KafkaBroker {
    fn poll(&mut self, wait: Duration, open: &mut Transaction) -> Result<Polled<'_>, BrokerError> {
        let group = self.consumer.context();
        group.member().lend(open);
        let read = read(&self.consumer, &self.topics, &mut self.record, wait);
        let mut member = group.member();
        let changes = member.give_back(open)?;
        if let Some(known) = member.partitions.filter(|_| member.take_count_due()) {
            self.check_counts(known)?;
        }
        // The record of a partition that was taken in the same poll is the next owner's.
        let source = read?.filter(|source| member.epochs.holds(*source));
        match source {
            Some(source) => {
                member.committer.takes(source);
                member.epochs.begin(source);
            }
            None => member.committer.serve(),
        }
        Ok(Polled { changes, record: source.map(|source| self.record.fetched(source)) })
    }

    fn commit(&mut self, open: &mut Transaction) -> Result<(), BrokerError> {
        self.consumer.context().member().commit(&self.consumer, open)
    }

    fn partitions(&mut self) -> Result<PartitionCounts, BrokerError> {
        self.consumer.context().member().partitions.map_or_else(|| self.counts(METADATA_TIMEOUT), Ok)
    }

    /// Dropping the consumer leaves the group.
    fn close(self) {}
}

impl Drop for KafkaBroker {
    /// Leaving revokes all partitions, and that commits what is open; after a panic in the middle of a poll there may be
    /// something, and nobody knows whether it is whole.
    fn drop(&mut self) {
        self.consumer.context().member().abandon();
        self.consumer.context().member().committer.leaves();
    }
}

/// Waits for a record and copies it. What librdkafka tells meanwhile is handled on the way.
fn read(consumer: &BaseConsumer<Group>, topics: &TopicsConfig, record: &mut Record, wait: Duration) -> Result<Option<Source>, BrokerError> {
    let deadline = Instant::now() + wait;
    let mut remaining = wait;
    loop {
        match consumer.poll(remaining) {
            None => return Ok(None),
            Some(Ok(message)) => {
                let Some(topic) = names::source(topics, message.topic()) else { continue };
                record.copy(&message);
                return Ok(Some((topic, message.partition())));
            }
            Some(Err(error)) => judge(&error)?,
        }
        remaining = deadline.saturating_duration_since(Instant::now());
    }
}

/// Whether the consumer can go on. What it tries again by itself it has told the log.
fn judge(error: &KafkaError) -> Result<(), BrokerError> {
    use RDKafkaErrorCode as Code;
    let is_fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    match error.rdkafka_error_code() {
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange) => Err(BrokerError::Log(GONE.to_owned())),
        Some(Code::TopicAuthorizationFailed | Code::GroupAuthorizationFailed | Code::UnknownTopicOrPartition) => Err(fatal(error)),
        _ if is_fatal => Err(fatal(error)),
        _ => Ok(()),
    }
}

const GONE: &str = "the next record to read is not there any more: was a topic emptied or created anew, or does it keep its \
                    records for too short a time? The lines of librdkafka before this one name the partition";

fn fatal(error: &KafkaError) -> BrokerError {
    BrokerError::Fatal(error.to_string())
}
