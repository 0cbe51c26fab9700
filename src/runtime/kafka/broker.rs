//! Kafka as a worker's broker: one consumer and one transactional producer, used by one thread.

use super::commit::Committer;
use super::common::Common;
use super::group::Group;
use super::leave::leave;
use super::member::Member;
use super::pressure::Pressure;
use super::record::Record;
use super::setup::Setup;
use super::{client, names, silence};
use crate::config::TopicsConfig;
use crate::runtime::broker::{Broker, BrokerError, PartitionCounts, Polled, ReadEnd, Source};
use crate::runtime::clock;
use crate::runtime::vitals::Vitals;
use crate::runtime::workload::Workload;
use crate::topics::count_is_fixed;
use crate::wire::packed::SourceTopic;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const METADATA_TIMEOUT: Duration = Duration::from_secs(10);

/// How long librdkafka may take to start reading what was assigned to it.
const STARTED_WITHIN: Duration = Duration::from_secs(5);

const START_PAUSE: Duration = Duration::from_millis(2);

/// Short, since no record is read meanwhile.
const RECOUNT_TIMEOUT: Duration = Duration::from_secs(1);

/// A member of the group.
pub struct KafkaBroker {
    consumer: BaseConsumer<Group>,
    topics: TopicsConfig,
    vitals: Arc<Vitals>,
    common: Arc<Common>,
    record: Record,
    /// The record was read in a poll that brought changes too, which come first.
    put_off: Option<Source>,
}

impl KafkaBroker {
    /// Takes over from an earlier worker of the same transactional id, then joins the group.
    pub fn start(setup: Setup, vitals: Arc<Vitals>, common: Arc<Common>) -> Result<Self, BrokerError> {
        let (topics, config, stop) = (setup.topics.clone(), setup.consumer(), Arc::clone(&setup.stop));
        let pressure = Pressure::new(setup.behind_bytes_max);
        let member = Member::new(Committer::start(setup, Arc::clone(&vitals))?, pressure);
        let group = Group::new(topics.clone(), Arc::clone(&vitals), stop, Arc::clone(&common), member);
        let consumer: BaseConsumer<Group> = config.create_with_context(group).map_err(|error| fatal(&error))?;
        let broker = Self { consumer, topics, vitals, common, record: Record::default(), put_off: None };
        let counts = broker.counts(METADATA_TIMEOUT)?;
        broker.check_tasks(counts.repartition)?;
        broker.consumer.context().member().partitions = Some(counts);
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

    /// They were as many when the process began.
    fn check_tasks(&self, count: i32) -> Result<(), BrokerError> {
        let TopicsConfig { repartition, repartition_partitions, .. } = &self.topics;
        if u32::try_from(count) == Ok(*repartition_partitions) {
            return Ok(());
        }
        Err(BrokerError::Log(format!("{repartition} has {count} partitions, but {}", count_is_fixed(repartition_partitions))))
    }

    /// Lets the inputs wait when tasks are too far behind, and go on when they are not any more.
    fn balance(&self) -> Result<(), BrokerError> {
        let Some(backlog) = &self.common.backlog else { return Ok(()) };
        let (group, behind_records) = (self.consumer.context(), backlog.greatest());
        let mut member = group.member();
        if member.inputs_wait() {
            backlog.want();
        }
        let Some(waits) = member.judge(behind_records) else { return Ok(()) };
        let inputs = group.list(&member.inputs());
        let switched = if waits { self.consumer.pause(&inputs) } else { self.consumer.resume(&inputs) };
        switched.map_err(|error| BrokerError::Aborted(format!("inputs could not be paused or resumed: {error}")))?;
        self.vitals.inputs_paused(if waits { inputs.count() } else { 0 });
        let behind_bytes = member.behind_bytes(behind_records);
        tracing::info!(behind_records, behind_bytes, "{}", if waits { "inputs wait for the tasks" } else { "inputs go on" });
        Ok(())
    }

    /// The partitions of an input that has grown belong to no task until the workers are built anew. One that is gone may be about to come
    /// back; librdkafka gives it up after half a minute. A broker that does not answer will be asked again.
    fn check_inputs(&self, known: PartitionCounts, silent: &[Source]) -> Result<(), BrokerError> {
        let reason = match self.counts(RECOUNT_TIMEOUT) {
            Ok(counts) if counts != known => return Err(BrokerError::Aborted(format!("there were {known:?}, now there are {counts:?}"))),
            Err(gone @ BrokerError::NoTopic(_)) => Some(gone.to_string()),
            Ok(_) | Err(_) => silence::told(silent, &self.topics),
        };
        if self.vitals.inputs_unread(reason.clone()) {
            tracing::error!(reason, "inputs are not read");
        }
        Ok(())
    }

    fn count(&self, source: SourceTopic, timeout: Duration) -> Result<i32, BrokerError> {
        let name = names::of_source(&self.topics, source);
        let found = self.common.probe.partitions(name, timeout);
        let found = found.map_err(|error| client::cannot_begin(&format!("ask for the partitions of {name}"), &error))?;
        found.ok_or_else(|| BrokerError::NoTopic(name.to_owned()))
    }
}

impl Broker for KafkaBroker {
    fn poll(&mut self, wait: Duration, work: &mut Workload) -> Result<Polled<'_>, BrokerError> {
        self.balance()?;
        let group = self.consumer.context();
        let put_off = self.put_off.take();
        let read = if put_off.is_some() {
            Ok(put_off)
        } else {
            let is_open = !work.open.is_empty();
            group.member().lend(work);
            let read = if is_open && !wait.is_zero() { read_on } else { read };
            read(&self.consumer, &self.topics, &mut self.record, wait)
        };
        let mut member = group.member();
        let changes = member.give_back(work)?;
        member.committer.take_back()?;
        if let Some(known) = member.partitions.filter(|_| member.take_count_due()) {
            self.check_inputs(known, member.silent())?;
        }
        // The record of a partition that was taken in the same poll is the next owner's.
        let source = read?.filter(|source| member.epochs.holds(held_with(*source)));
        if !changes.is_empty() {
            self.put_off = source;
            return Ok(Polled::Changed(changes));
        }
        match source {
            Some(source) => {
                member.takes(source, self.record.bytes());
                if let (SourceTopic::Webhooks | SourceTopic::Sends, Some(backlog)) = (source.0, &self.common.backlog) {
                    backlog.want();
                }
            }
            None => member.committer.serve(),
        }
        Ok(source.map_or(Polled::Nothing, |source| Polled::Record(self.record.fetched(source))))
    }

    fn commit(&mut self, work: &mut Workload) -> Result<(), BrokerError> {
        self.consumer.context().member().commit(&self.consumer, work)
    }

    fn log(&mut self, partition: i32) -> Result<Range<i64>, BrokerError> {
        self.common.probe.ends(&self.topics.repartition, partition)
    }

    fn read_log(&mut self, partition: i32, from: i64) -> Result<(), BrokerError> {
        // It was assigned in the callback, and waits: what is assigned outside of callbacks is taken for the answer to one that is still to be called, as when
        // the group takes partitions away just now (librdkafka's `rd_kafka_cgrp_incremental_assign`).
        let deadline = Instant::now() + STARTED_WITHIN;
        while let Err(error) = self.consumer.seek(&self.topics.repartition, partition, Offset::Offset(from), STARTED_WITHIN) {
            if Instant::now() >= deadline {
                return Err(BrokerError::Aborted(format!("the log of task {partition} cannot be read from {from} on: {error}")));
            }
            // Its reading is being started still, by another thread.
            thread::sleep(START_PAUSE);
        }
        let list = self.consumer.context().list(&[(SourceTopic::Repartition, partition)]);
        self.consumer.resume(&list).map_err(|error| fatal(&error))
    }

    fn now_ms(&self) -> i64 {
        clock::now_ms()
    }

    fn take_ends(&mut self) -> Vec<ReadEnd> {
        let mut member = self.consumer.context().member();
        // The position is behind a record that was put off, and the worker has not taken it.
        if self.put_off.is_some() || !member.waits_for_ends() {
            return Vec::new();
        }
        let Ok(positions) = self.consumer.position() else { return Vec::new() };
        let position = |(topic, partition): Source| {
            positions.find_partition(names::of_source(&self.topics, topic), partition).and_then(|found| found.offset().to_raw())
        };
        member.take_ends(position)
    }

    fn partitions(&mut self) -> Result<PartitionCounts, BrokerError> {
        self.consumer.context().member().partitions.map_or_else(|| self.counts(METADATA_TIMEOUT), Ok)
    }

    /// Dropping it leaves the group.
    fn close(self) {}
}

impl Drop for KafkaBroker {
    /// Leaving revokes all partitions, and that commits what is open; after a panic in the middle of a poll there may be
    /// something, and nobody knows whether it is whole.
    fn drop(&mut self) {
        self.consumer.context().member().abandon();
        self.consumer.context().member().committer.leaves();
        leave(&self.consumer);
    }
}

/// As part of which partition one is held: the state of a task goes with its log.
const fn held_with((topic, partition): Source) -> Source {
    match topic {
        SourceTopic::Changelog => (SourceTopic::Repartition, partition),
        SourceTopic::Webhooks | SourceTopic::Sends | SourceTopic::Repartition => (topic, partition),
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
            Some(Err(KafkaError::PartitionEOF(partition))) if at_end_of_changelog(consumer, topics, partition)? => return Ok(None),
            Some(Err(error)) => judge(&error, topics).inspect_err(|_| {
                if is_miss(&error) {
                    consumer.context().common().misses();
                }
            })?,
        }
        remaining = deadline.saturating_duration_since(Instant::now());
    }
}

/// The same while something is open: when there is no record yet, it goes on its way meanwhile.
fn read_on(
    consumer: &BaseConsumer<Group>,
    topics: &TopicsConfig,
    record: &mut Record,
    wait: Duration,
) -> Result<Option<Source>, BrokerError> {
    let source = read(consumer, topics, record, Duration::ZERO)?;
    if source.is_some() {
        return Ok(source);
    }
    consumer.context().member().send_ahead()?;
    read(consumer, topics, record, wait)
}

/// A partition of some topic was read to its end: whether that is the changelog of a task that waits for it. What was
/// committed is delivered before; that of an open transaction is not, so the end to come to is the one found before.
fn at_end_of_changelog(consumer: &BaseConsumer<Group>, topics: &TopicsConfig, partition: i32) -> Result<bool, BrokerError> {
    let group = consumer.context();
    let Some(end) = group.member().restores(partition) else { return Ok(false) };
    let positions = consumer.position().map_err(|error| fatal(&error))?;
    let position = positions.find_partition(&topics.changelog, partition).and_then(|found| found.offset().to_raw());
    if position < Some(end) {
        return Ok(false);
    }
    // It goes with its task: as in `read_log`, nothing is unassigned outside of callbacks.
    let list = group.list(&[(SourceTopic::Changelog, partition)]);
    consumer.pause(&list).map_err(|error| fatal(&error))?;
    group.member().was_restored(partition);
    Ok(true)
}

/// Whether the consumer can go on. What it tries again by itself it has told the log.
fn judge(error: &KafkaError, topics: &TopicsConfig) -> Result<(), BrokerError> {
    use RDKafkaErrorCode as Code;
    let is_fatal = matches!(error, KafkaError::MessageConsumptionFatal(_));
    match error.rdkafka_error_code() {
        _ if is_miss(error) => Err(BrokerError::Missed),
        // It goes on behind some of such batches, and reads the others again and again: too large by far when decompressed, say.
        Some(Code::BadMessage | Code::NotImplemented | Code::BadCompression | Code::MessageSizeTooLarge) => {
            Err(BrokerError::Log(format!("a batch of records cannot be read: {error}")))
        }
        Some(Code::TopicAuthorizationFailed) => Err(BrokerError::Fatal(format!(
            "{error}: does waid have the right to READ {}, {}, {} and {}?",
            topics.webhooks, topics.sends, topics.repartition, topics.changelog
        ))),
        Some(Code::GroupAuthorizationFailed | Code::UnknownTopicOrPartition) => Err(fatal(error)),
        _ if is_fatal => Err(fatal(error)),
        _ => Ok(()),
    }
}

/// Whether a partition does not have the offset that is to be read.
fn is_miss(error: &KafkaError) -> bool {
    matches!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange))
}

fn fatal(error: &KafkaError) -> BrokerError {
    BrokerError::Fatal(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_librdkafka_passes_over_ends_the_worker() {
        let judged = |code| judge(&KafkaError::MessageConsumption(code), &TopicsConfig::default());
        assert!(matches!(judged(RDKafkaErrorCode::BadMessage), Err(BrokerError::Log(_))));
        assert!(matches!(judged(RDKafkaErrorCode::AutoOffsetReset), Err(BrokerError::Missed)));
        assert!(judged(RDKafkaErrorCode::AllBrokersDown).is_ok(), "it tries again by itself");
    }
}
