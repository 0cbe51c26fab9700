//! A reader of the outputs, as an application would be one.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ::waid::domain::event::Source;
use anyhow::{Context, Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use serde::Deserialize;

use super::feed::{Inputs, Place};
use super::progress::Offsets;
use crate::support::{broker, unique};

/// How long one output may take to come.
const PATIENCE: Duration = Duration::from_mins(2);

/// An output: which input caused it, and when it was read.
pub struct Heard {
    /// The input.
    pub cause: Place,
    /// When.
    pub at: Instant,
}

/// Reads the outputs as they come, until the last one, which is known at last.
pub fn listen(topics: &[String], inputs: &Inputs, last: &OnceLock<Offsets>) -> Result<Vec<Heard>> {
    let reader = reader(topics)?;
    let (mut heard, mut next, mut newest) = (Vec::new(), Offsets::new(), Instant::now());
    loop {
        match reader.poll(Duration::from_millis(20)) {
            Some(Ok(record)) => {
                newest = Instant::now();
                heard.push(Heard { cause: cause(&record, inputs)?, at: newest });
                match next.get_mut(&(record.topic().to_owned(), record.partition())) {
                    Some(next) => *next = record.offset() + 1,
                    None => drop(next.insert((record.topic().to_owned(), record.partition()), record.offset() + 1)),
                }
            }
            Some(Err(error)) => return Err(error).context("cannot read the outputs"),
            None => {
                let Some(last) = last.get() else { continue };
                if last.iter().all(|(place, last)| next.get(place).unwrap_or(&0) >= last) {
                    return Ok(heard);
                }
                if newest.elapsed() > PATIENCE {
                    bail!("some outputs did not come within {PATIENCE:?}");
                }
            }
        }
    }
}

fn reader(topics: &[String]) -> Result<BaseConsumer> {
    let mut config = broker().config();
    config.set("group.id", unique("bench-listener")).set("enable.auto.commit", "false").set("isolation.level", "read_committed");
    let reader: BaseConsumer = config.create()?;
    let mut assignment = TopicPartitionList::new();
    for topic in topics {
        for partition in broker().partitions(topic) {
            assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
        }
    }
    reader.assign(&assignment)?;
    Ok(reader)
}

/// What an output says of its cause.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(rename = "src_topic")]
    topic: &'a str,
    #[serde(rename = "src_partition")]
    partition: i32,
    #[serde(rename = "src_offset")]
    offset: i64,
}

/// The input that an output names: in its fields, or a dead letter in its headers.
fn cause(record: &BorrowedMessage<'_>, inputs: &Inputs) -> Result<Place> {
    let header = |name: &str| {
        let headers = record.headers()?;
        let found = headers.iter().find(|header| header.key == name)?;
        str::from_utf8(found.value?).ok()
    };
    let (topic, partition, offset) = if let Some(topic) = header("waid-topic") {
        let number = |name: &str| header(name).with_context(|| format!("a dead letter without {name}"));
        (topic, number("waid-partition")?.parse()?, number("waid-offset")?.parse()?)
    } else {
        let said: Said<'_> = serde_json::from_slice(record.payload().unwrap_or_default()).context("an output that names no cause")?;
        (said.topic, said.partition, said.offset)
    };
    let source = if topic == inputs.sends { Source::Sends } else { Source::Webhooks };
    Ok(Place { source, partition, offset })
}
