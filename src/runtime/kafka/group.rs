//! What a worker does when its group gives it partitions or takes them: the callbacks, which run inside its own polls.

use super::common::Common;
use super::ends;
use super::member::Member;
use super::silence::Silence;
use super::stalls::{Stalled, Stalls};
use super::starts::{self, Start};
use super::{log, names};
use crate::config::TopicsConfig;
use crate::runtime::broker::{BrokerError, Source};
use crate::runtime::clock;
use crate::runtime::vitals::Vitals;
use crate::wire::packed::SourceTopic;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::{Partition, Statistics};
use rdkafka::types::RDKafkaRespErr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The context of the worker's consumer.
pub(super) struct Group {
    topics: TopicsConfig,
    vitals: Arc<Vitals>,
    stop: Arc<AtomicBool>,
    common: Arc<Common>,
    member: Mutex<Member>,
    stalls: Mutex<Stalls>,
    silence: Mutex<Silence>,
}

impl Group {
    /// The context of a consumer whose worker ends when `stop` is set.
    pub fn new(topics: TopicsConfig, vitals: Arc<Vitals>, stop: Arc<AtomicBool>, common: Arc<Common>, member: Member) -> Self {
        Self { topics, vitals, stop, common, member: Mutex::new(member), stalls: Mutex::default(), silence: Mutex::default() }
    }

    /// What the workers of the process have in common.
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// What the callbacks share with the broker. Only one thread ever polls, so nobody waits for this lock.
    pub fn member(&self) -> MutexGuard<'_, Member> {
        self.member.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The partitions in a list of names.
    pub fn list(&self, sources: &[Source]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(sources.len());
        for (topic, partition) in sources {
            list.add_partition(names::of_source(&self.topics, *topic), *partition);
        }
        list
    }

    fn on_assign(&self, consumer: &BaseConsumer<Self>, given: &TopicPartitionList) {
        let mut member = self.member();
        if member.is_abandoned() {
            // The group waits for an answer, but the partitions are for others; a consumer that closes is not even told
            // the committed offsets.
            let _ = consumer.incremental_assign(&TopicPartitionList::new());
            return;
        }
        let starts = member.shares(given).and_then(|sources| starts::find(consumer, &self.common, &self.topics, &sources, &self.stop));
        match starts.and_then(|starts| self.assign(consumer, &starts).map(|()| starts)) {
            Ok(starts) => {
                // With none, the others may be about to let some go.
                if given.count() > 0 {
                    self.vitals.given(given.count());
                }
                member.was_given(starts);
                if member.inputs_wait() {
                    let inputs = member.inputs();
                    self.vitals.inputs_paused(inputs.len());
                    if let Err(error) = consumer.pause(&self.list(&inputs)) {
                        member.fail(BrokerError::Aborted(format!("cannot pause the inputs: {error}")));
                    }
                }
            }
            Err(error) => {
                // The group waits for an answer; this one takes nothing, and the worker is rebuilt.
                let _ = consumer.incremental_assign(&TopicPartitionList::new());
                member.fail(error);
            }
        }
    }

    fn assign(&self, consumer: &BaseConsumer<Self>, starts: &[Start]) -> Result<(), BrokerError> {
        let mut list = TopicPartitionList::with_capacity(starts.len());
        let waiting: Vec<Source> = starts.iter().filter_map(Start::waits).map(|(log, _)| log).collect();
        let all = starts.iter().filter_map(Start::reads).chain(starts.iter().filter_map(Start::waits));
        let added = all.into_iter().try_for_each(|((topic, partition), offset)| {
            list.add_partition_offset(names::of_source(&self.topics, topic), partition, offset)
        });
        let assigned = added.and_then(|()| consumer.incremental_assign(&list)).and_then(|()| consumer.pause(&self.list(&waiting)));
        assigned.map_err(|error| BrokerError::Aborted(format!("cannot take the partitions: {error}")))
    }

    fn on_revoke(&self, consumer: &BaseConsumer<Self>, taken: &TopicPartitionList) {
        let mut member = self.member();
        let lost = consumer.assignment_lost();
        // Partitions that could not be taken are taken away all the same.
        let mut sources = member.shares(taken).unwrap_or_default();
        sources.retain(|source| member.epochs.holds(*source));
        if lost {
            self.vitals.was_lost();
            member.drop_open();
        } else {
            member.commit_open(consumer, &sources);
        }
        let read = self.list(&member.was_taken(&sources, lost));
        // A partition stays paused when it goes, and would be when it comes back.
        let resumed = consumer.resume(&read);
        self.vitals.inputs_paused(if member.inputs_wait() { member.inputs().len() } else { 0 });
        if let Err(error) = resumed.and_then(|()| consumer.incremental_unassign(&read)) {
            member.fail(BrokerError::Aborted(format!("cannot let go of the partitions: {error}")));
        }
        member.begin_anew_if_closed();
    }

    /// How many records partitions of a topic hold that were not read, where that is known.
    fn unread<'a>(&self, source: SourceTopic, statistics: &'a Statistics) -> impl Iterator<Item = (i32, i64)> + use<'a> {
        let topic = statistics.topics.get(names::of_source(&self.topics, source));
        topic
            .into_iter()
            .flat_map(|topic| topic.partitions.values())
            .filter_map(|partition| Some((partition.partition, unread(partition)?)))
    }

    /// Inputs of which nothing was heard for long. Those that wait are not asked for.
    fn silent(&self, statistics: &Statistics) -> Vec<Source> {
        let member = self.member();
        let mut unknown = if member.inputs_wait() { Vec::new() } else { member.inputs() };
        drop(member);
        for topic in [SourceTopic::Webhooks, SourceTopic::Sends] {
            let known: Vec<i32> = self.unread(topic, statistics).map(|(partition, _)| partition).collect();
            unknown.retain(|(unknown, partition)| *unknown != topic || !known.contains(partition));
        }
        self.silence.lock().unwrap_or_else(PoisonError::into_inner).note(&unknown, Instant::now())
    }

    fn warn_of_stalls(&self, statistics: &Statistics) {
        let mut stalls = self.stalls.lock().unwrap_or_else(PoisonError::into_inner);
        let inputs_wait = self.member().inputs_wait();
        for topic in statistics.topics.values() {
            let is_input = [&self.topics.webhooks, &self.topics.sends].contains(&&topic.topic);
            if is_input && inputs_wait {
                stalls.forget(&topic.topic);
                continue;
            }
            for Stalled { topic, partition, offset, end } in stalls.note(&topic.topic, topic.partitions.values(), Instant::now()) {
                tracing::warn!(
                    topic,
                    partition,
                    offset,
                    end,
                    "a transaction has been open here for a minute, and what stands behind it waits: a producer that died or forgot to commit? \
                     kafka-transactions.sh find-hanging and abort"
                );
            }
        }
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, kind: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        match kind {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => self.on_assign(consumer, partitions),
            // The wrapper passes on these two only.
            _ => self.on_revoke(consumer, partitions),
        }
    }
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log::line(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if matches!(error, KafkaError::Global(RDKafkaErrorCode::PartitionEOF)) {
            return;
        }
        log::error("consumer", &error, reason);
        match error.rdkafka_error_code().and_then(way_in) {
            Some(way_in) if self.vitals.hindered(&format!("{reason}: {way_in}")) => {
                tracing::error!(reason, "the group does not take this worker in: {way_in}");
            }
            None if !self.vitals.is_member() => {
                self.vitals.hindered(reason);
            }
            Some(_) | None => {}
        }
    }

    fn stats(&self, statistics: Statistics) {
        let silent = self.silent(&statistics);
        self.member().tick(ends::found(&self.topics, &statistics), silent);
        if statistics.cgrp.as_ref().is_some_and(|group| group.join_state == "steady") {
            self.vitals.joined();
        }
        self.warn_of_stalls(&statistics);
        for source in SourceTopic::ALL {
            self.vitals.lags(source, self.unread(source, &statistics).collect(), clock::now_ms());
        }
    }
}

/// What to do where a group refuses whoever wants to join it, for as long as nobody does.
fn way_in(refused: RDKafkaErrorCode) -> Option<&'static str> {
    match refused {
        RDKafkaErrorCode::InvalidSessionTimeout => Some(
            "session.timeout.ms (kafka.properties, by default 10000) must be from the brokers' group.min.session.timeout.ms to their \
             group.max.session.timeout.ms",
        ),
        RDKafkaErrorCode::InconsistentGroupProtocol => {
            Some("its members are of another application, which shares partitions otherwise: choose a kafka.group_id that is waid's alone")
        }
        RDKafkaErrorCode::GroupMaxSizeReached => {
            Some("it has as many members as the brokers' group.max.size allows: raise that, or run fewer worker threads (workers.threads)")
        }
        _ => None,
    }
}

/// How many records a partition that is read holds that were not read, of one that nothing was read of yet from where it begins, those behind an
/// open transaction included; `None` if that is not known.
fn unread(partition: &Partition) -> Option<i64> {
    let next = if partition.app_offset >= 0 { partition.app_offset } else { partition.next_offset };
    let is_known = partition.fetch_state == "active" && next >= 0 && partition.hi_offset >= 0;
    is_known.then(|| (partition.hi_offset - next).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_read_yet_counts_from_where_reading_begins() {
        let partition = |fetch_state: &str, app_offset, next_offset| Partition {
            fetch_state: fetch_state.to_owned(),
            app_offset,
            next_offset,
            hi_offset: 7,
            ..Partition::default()
        };
        assert_eq!(unread(&partition("active", 5, 7)), Some(2));
        assert_eq!(unread(&partition("active", -1001, 3)), Some(4), "nothing of it was read");
        assert_eq!(unread(&partition("offset-query", -1001, -1001)), None);
        assert_eq!(unread(&partition("none", 5, 7)), None, "it is not this worker's");
    }
}
