//! Whether the apps are those that state was written with, found before anything is read. Of an app that is another now, nothing that is known would be found:
//! its messages would be told again, and what waits for its answer would be lost in silence.

use super::client;
use super::probe::Probe;
use crate::config::{ClientKind, KafkaConfig, TopicsConfig};
use crate::domain::apps::{Apps, Moved};
use crate::domain::ids::App;
use crate::runtime::broker::BrokerError;
use crate::wire::marker::{self, NamedApp};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The marker of a task that was stopped is the last record of its changelog; behind that of one that works, or was killed, stands what there is of the next
/// checkpoint. One that is further from the end is left out: the other tasks know the app as well.
const TAIL: i64 = 8;

/// Over a slow link they may take longer; the start does not wait for that.
const FOUND_WITHIN: Duration = Duration::from_secs(10);

const WAIT: Duration = Duration::from_millis(100);

/// Looks whether they are.
pub(super) fn check(probe: &Probe, kafka: &KafkaConfig, topics: &TopicsConfig, apps: &Apps) -> Result<(), BrokerError> {
    let met = met(&tails(probe, topics)?, kafka, &topics.changelog);
    let met = met.map_err(|error| client::cannot_begin(&format!("read the ends of {}", topics.changelog), &error))?;
    let Some(Moved { app, field, before, now }) = apps.moved(&met) else { return Ok(()) };
    Err(BrokerError::Log(format!(
        "state was written with app {app} of {field} {before}, but by [[apps]] that is {now} now: what is known of its messages would not be found, and they \
         would be told again. Put it back as it was, or start over with a new topics.prefix and kafka.group_id"
    )))
}

/// From where on to look in each changelog that holds anything.
fn tails(probe: &Probe, topics: &TopicsConfig) -> Result<BTreeMap<i32, i64>, BrokerError> {
    let mut tails = BTreeMap::new();
    for partition in 0..i32::try_from(topics.repartition_partitions).expect("the configuration bounds it") {
        let ends = probe.ends(&topics.changelog, partition)?;
        if !ends.is_empty() {
            tails.insert(partition, ends.start.max(ends.end - TAIL));
        }
    }
    Ok(tails)
}

/// The apps in the newest markers.
fn met(tails: &BTreeMap<i32, i64>, kafka: &KafkaConfig, changelog: &str) -> Result<BTreeSet<App>, KafkaError> {
    if tails.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut config = client::base(kafka, ClientKind::Consumer);
    config.set("group.id", &kafka.group_id).set("enable.auto.commit", "false").set("isolation.level", "read_committed");
    config.set("enable.partition.eof", "true").set("auto.offset.reset", "earliest").set("fetch.wait.max.ms", "10");
    let consumer: BaseConsumer = config.create()?;
    let mut list = TopicPartitionList::new();
    for (partition, from) in tails {
        list.add_partition_offset(changelog, *partition, Offset::Offset(*from))?;
    }
    consumer.assign(&list)?;
    let deadline = Instant::now() + FOUND_WITHIN;
    let (mut unread, mut newest): (BTreeSet<i32>, _) = (tails.keys().copied().collect(), BTreeMap::new());
    while !unread.is_empty() && Instant::now() < deadline {
        match consumer.poll(WAIT) {
            Some(Ok(record)) if record.key() == Some(&marker::KEY) => {
                let marker = record.payload().and_then(|bytes| marker::decode(bytes).ok());
                newest.insert(record.partition(), marker.map(|marker| marker.apps).unwrap_or_default());
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => drop(unread.remove(&partition)),
            Some(Ok(_) | Err(_)) | None => {}
        }
    }
    if !unread.is_empty() {
        tracing::warn!(partitions = ?unread, "with which apps the state was written is not known of all tasks: the ends of their changelogs did not come");
    }
    Ok(newest.into_values().flatten().map(|NamedApp(app)| app).collect())
}
