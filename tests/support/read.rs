//! Reading topics from tests, always `read_committed`: a whole topic as it is now, or until it holds what is expected.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::kafka::Broker;
use super::unique;
use super::wait::{DEADLINE, wait_until};

const POLL: Duration = Duration::from_millis(100);

/// A record as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    pub partition: i32,
    pub offset: i64,
    pub timestamp_ms: Option<i64>,
    pub key: Option<Vec<u8>>,
    pub payload: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Received {
    /// The key as text; panics when there is none or it is not UTF-8.
    pub fn key_text(&self) -> &str {
        text(self.key.as_deref())
    }

    /// The payload as text; panics when there is none or it is not UTF-8.
    pub fn payload_text(&self) -> &str {
        text(self.payload.as_deref())
    }
}

impl Broker {
    /// All committed records of the topic up to its present high watermark, ordered by partition and offset.
    /// Waits for transactions that are still open below it.
    pub fn read_all(&self, topic: &str) -> Vec<Received> {
        let partitions = self.partitions(topic);
        let reader = self.reader();
        self.wait_until_stable(topic, &partitions, &reader);
        assign(&reader, topic, &partitions);
        let mut unfinished = BTreeSet::from_iter(partitions);
        collect(&reader, topic, |_, ended| {
            unfinished.retain(|partition| Some(*partition) != ended);
            unfinished.is_empty()
        })
    }

    /// The committed records of the topic, read on as they come, until they are `enough`; panics when that takes too long.
    /// Ordered by partition and offset, for `enough` as they arrived.
    pub fn read_until(&self, topic: &str, mut enough: impl FnMut(&[Received]) -> bool) -> Vec<Received> {
        let reader = self.reader();
        assign(&reader, topic, &self.partitions(topic));
        collect(&reader, topic, |received, _| enough(received))
    }

    fn reader(&self) -> BaseConsumer {
        self.reader_as(&unique("reader"))
    }

    /// A reader that speaks for a group, without being a member of it.
    pub(super) fn reader_as(&self, group: &str) -> BaseConsumer {
        let mut config = self.config();
        config.set("group.id", group).set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        config.set("isolation.level", "read_committed").set("enable.partition.eof", "true");
        // The end of a partition is reported after an empty fetch, which the broker holds back for this long.
        config.set("fetch.wait.max.ms", "10");
        config.create().expect("a consumer")
    }

    /// Waits until the last stable offset of each partition has reached what is its high watermark now: from then on, the first end
    /// of partition that a `read_committed` reader sees lies behind all of it. A client is told the end that its own isolation level shows, so each takes one of its own.
    pub(super) fn wait_until_stable(&self, topic: &str, partitions: &[i32], committed: &BaseConsumer) {
        let uncommitted = self.config().set("isolation.level", "read_uncommitted").create().expect("a consumer");
        for &partition in partitions {
            let target = end_offset(&uncommitted, topic, partition);
            let what = format!("transactions in {topic} partition {partition} to end below offset {target}");
            wait_until(&what, || (end_offset(committed, topic, partition) >= target).then_some(()));
        }
    }
}

fn assign(reader: &BaseConsumer, topic: &str, partitions: &[i32]) {
    let mut assignment = TopicPartitionList::new();
    for &partition in partitions {
        assignment.add_partition_offset(topic, partition, Offset::Beginning).expect("a valid offset");
    }
    reader.assign(&assignment).expect("an assignment");
}

/// Polls until `enough`, which is asked at first and after each record and each end of a partition.
fn collect(reader: &BaseConsumer, topic: &str, mut enough: impl FnMut(&[Received], Option<i32>) -> bool) -> Vec<Received> {
    let deadline = Instant::now() + DEADLINE;
    let mut received = Vec::new();
    let mut done = enough(&received, None);
    while !done {
        assert!(Instant::now() < deadline, "read {topic} for {DEADLINE:?} in vain; so far {} records: {received:#?}", received.len());
        match reader.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                received.push(detach(&message));
                done = enough(&received, None);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => done = enough(&received, Some(partition)),
            Some(Err(error)) => panic!("cannot read {topic}: {error}"),
        }
    }
    received.sort_by_key(|record| (record.partition, record.offset));
    received
}

fn end_offset(consumer: &BaseConsumer, topic: &str, partition: i32) -> i64 {
    consumer.fetch_watermarks(topic, partition, DEADLINE).expect("an answer to ListOffsets").1
}

fn detach(message: &BorrowedMessage<'_>) -> Received {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Received {
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        payload: message.payload().map(<[u8]>::to_vec),
        headers: headers.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect(),
    }
}

fn text(bytes: Option<&[u8]>) -> &str {
    str::from_utf8(bytes.expect("a value")).expect("UTF-8")
}
