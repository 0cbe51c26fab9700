//! How far a group has come, seen from outside.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};

use super::subject::Subject;
use crate::support::{broker, unique};

/// An offset of each partition.
pub type Offsets = BTreeMap<(String, i32), i64>;

/// How long a group may commit nothing new before it is given up.
const PATIENCE: Duration = Duration::from_mins(2);

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// How often the end of what follows from the inputs is looked at anew: it keeps moving, slowly, without any input.
const LOOKS_MAX: usize = 5;

/// Someone who asks for the committed offsets of a group.
pub struct Progress<'a> {
    client: BaseConsumer,
    subject: &'a Subject,
}

/// When a group has reached what it was to reach.
#[derive(Clone, Copy)]
pub struct Reached {
    /// The first time that anything was committed.
    pub first: Instant,
    /// The first time that all was.
    pub all: Instant,
}

impl<'a> Progress<'a> {
    /// Of the group that the process is the only member of.
    pub fn of(group: &str, subject: &'a Subject) -> Result<Self> {
        // Who reads uncommitted records is told what was committed before a transaction that is still open, at once.
        let mut config = broker().config();
        config.set("group.id", group).set("isolation.level", "read_uncommitted");
        Ok(Self { client: config.create()?, subject })
    }

    /// Waits until the group has committed these offsets.
    pub fn wait_for(&self, targets: &Offsets) -> Result<Reached> {
        let (mut first, mut newest, mut moved) = (None, 0, Instant::now());
        loop {
            let committed = self.committed(targets);
            let now = Instant::now();
            let sum: i64 = committed.values().sum();
            if sum > 0 {
                first.get_or_insert(now);
            }
            if targets.iter().all(|(place, target)| committed.get(place).unwrap_or(&0) >= target) {
                return Ok(Reached { first: first.unwrap_or(now), all: now });
            }
            if sum > newest {
                (newest, moved) = (sum, now);
            }
            self.subject.check()?;
            if now - moved > PATIENCE {
                let missing = targets.values().sum::<i64>() - sum;
                bail!("{missing} records were left, and none committed for {PATIENCE:?}; it said:\n{}", self.subject.log_excerpt());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits until the group has read this topic, which it also writes, up to an end that was seen just now.
    pub fn wait_for_rest(&self, topic: &str) -> Result<Reached> {
        let mut reached = self.wait_for(&last_records(topic)?)?;
        for _ in 1..LOOKS_MAX {
            let targets = last_records(topic)?;
            let committed = self.committed(&targets);
            if targets.iter().all(|(place, target)| committed.get(place).unwrap_or(&0) >= target) {
                break;
            }
            reached = self.wait_for(&targets)?;
        }
        Ok(reached)
    }

    /// What is committed for these partitions, as far as the broker says.
    fn committed(&self, of: &Offsets) -> Offsets {
        let mut asked = TopicPartitionList::new();
        for (topic, partition) in of.keys() {
            asked.add_partition(topic, *partition);
        }
        let answer = self.client.committed_offsets(asked, REQUEST_TIMEOUT).map(|answer| answer.to_topic_map()).unwrap_or_default();
        answer.into_iter().filter_map(|(place, offset)| offset.to_raw().filter(|raw| *raw >= 0).map(|raw| (place, raw))).collect()
    }
}

/// The end of each partition of these topics, which nobody writes to.
pub fn ends(topics: &[&str]) -> Result<Offsets> {
    let client: BaseConsumer = broker().config().set("isolation.level", "read_uncommitted").create()?;
    let mut ends = Offsets::new();
    for topic in topics {
        for partition in broker().partitions(topic) {
            ends.insert(((*topic).to_owned(), partition), high_watermark(&client, topic, partition)?);
        }
    }
    Ok(ends)
}

/// The offset after the last committed record before the present end of each partition. Not the end: that comes after the marker of
/// a transaction, which no consumer ever sees and no group commits.
pub fn last_records(topic: &str) -> Result<Offsets> {
    let ends = ends(&[topic])?;
    let mut config = broker().config();
    config.set("group.id", unique("bench-looker")).set("enable.auto.commit", "false").set("auto.offset.reset", "error");
    config.set("isolation.level", "read_committed").set("enable.partition.eof", "true").set("fetch.wait.max.ms", "10");
    let reader: BaseConsumer = config.create()?;
    ends.into_iter()
        .map(|((topic, partition), end)| {
            wait_until_stable(&reader, &topic, partition, end)?;
            let last = last_record(&reader, &topic, partition, end)?;
            Ok(((topic, partition), last))
        })
        .collect()
}

/// Waits until no transaction is open before `end`.
fn wait_until_stable(reader: &BaseConsumer, topic: &str, partition: i32, end: i64) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while high_watermark(reader, topic, partition)? < end {
        if Instant::now() > deadline {
            bail!("a transaction in {topic} stays open");
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Looks further and further back from `end` until there is a record, or nothing that was not deleted.
fn last_record(reader: &BaseConsumer, topic: &str, partition: i32, end: i64) -> Result<i64> {
    let mut back = 8;
    loop {
        let (low, _) = watermarks(reader, topic, partition)?;
        let from = (end - back).max(low);
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
        reader.assign(&assignment)?;
        let mut last = None;
        loop {
            match reader.poll(REQUEST_TIMEOUT) {
                Some(Ok(record)) if record.offset() < end => last = Some(record.offset() + 1),
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => break,
                // It was deleted since, for it is in a checkpoint.
                Some(Err(error)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::AutoOffsetReset) => break,
                Some(Err(error)) => return Err(error).context("cannot look for the last record"),
                None => bail!("no answer from the broker about {topic}"),
            }
        }
        match last {
            Some(last) => return Ok(last),
            None if from == low => return Ok(0),
            None => back *= 8,
        }
    }
}

fn high_watermark(client: &BaseConsumer, topic: &str, partition: i32) -> Result<i64> {
    watermarks(client, topic, partition).map(|(_, high)| high)
}

fn watermarks(client: &BaseConsumer, topic: &str, partition: i32) -> Result<(i64, i64)> {
    client.fetch_watermarks(topic, partition, REQUEST_TIMEOUT).with_context(|| format!("cannot ask for the end of {topic}"))
}
