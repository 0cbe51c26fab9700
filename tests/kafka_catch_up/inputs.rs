//! A history as records of the two inputs, spread unevenly over their partitions, and where each one is.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::history::{DAY_MS, START_MS};
use super::model::history::{Fact, Record as Recorded};
use super::model::render::{Sources, Topic, render};
use crate::support::{Deployment, Placed, Record};

pub const WEBHOOKS: i32 = 8;
pub const SENDS: i32 = 4;

/// The partition of the webhooks that has half of all.
const LARGEST: i32 = 0;

pub struct Inputs {
    /// Those of the tail come last.
    pub webhooks: Vec<Record>,
    /// How many there are of the last days in the largest partition. They can be held back when all else can be read.
    pub tail: usize,
    pub sends: Vec<Record>,
    /// What each record was, once it is placed.
    pub sources: Sources,
    recorded: [Vec<Recorded>; 2],
}

impl Inputs {
    /// In the order of their Kafka times, but for the tail.
    pub fn of(records: &[Recorded], deployment: &Deployment) -> Self {
        let mut records: Vec<_> = records.iter().collect();
        records.sort_by_key(|record| is_of_tail(record));
        let tail = records.iter().filter(|record| is_of_tail(record)).count();
        let mut inputs =
            Self { webhooks: Vec::new(), tail, sends: Vec::new(), sources: Sources::new(), recorded: [Vec::new(), Vec::new()] };
        for record in records {
            let (topic, payload) = render(record);
            let (name, partition) = match topic {
                Topic::Webhooks => ("in.webhooks", webhooks_partition(record)),
                Topic::Sends => ("in.sends", sends_partition(record)),
            };
            let rendered = Record::to(&deployment.topic(name)).payload(payload).partition(partition).timestamp_ms(record.kafka_ms);
            let of_topic = if topic == Topic::Webhooks { &mut inputs.webhooks } else { &mut inputs.sends };
            of_topic.push(rendered);
            inputs.recorded[topic as usize].push(record.clone());
        }
        inputs
    }

    /// This is where the webhooks are.
    pub fn placed_webhooks(&mut self, placed: &[Placed]) {
        place(&mut self.sources, &self.webhooks, placed, &self.recorded[Topic::Webhooks as usize]);
    }

    /// This is where the sends are.
    pub fn placed_sends(&mut self, placed: &[Placed]) {
        place(&mut self.sources, &self.sends, placed, &self.recorded[Topic::Sends as usize]);
    }
}

fn is_of_tail(record: &Recorded) -> bool {
    !matches!(record.fact, Fact::Send(_)) && webhooks_partition(record) == LARGEST && days(record) >= 5
}

fn place(sources: &mut Sources, records: &[Record], placed: &[Placed], recorded: &[Recorded]) {
    for ((record, placed), recorded) in records.iter().zip(placed).zip(recorded) {
        sources.insert((record.topic.clone(), i64::from(placed.partition), placed.offset), vec![recorded.clone()]);
    }
}

/// Half of all in one; one with nothing but the first days, and one with nothing but the last.
fn webhooks_partition(record: &Recorded) -> i32 {
    let drawn = draw(record);
    match days(record) {
        ..3 if drawn.is_multiple_of(4) => WEBHOOKS - 2,
        7.. if drawn.is_multiple_of(4) => WEBHOOKS - 1,
        _ if drawn % 4 < 3 => LARGEST,
        _ => 1 + i32::try_from(drawn / 4 % 5).expect("small"),
    }
}

/// Two with everything; one with nothing but the first days, and one with nothing but the last.
fn sends_partition(record: &Recorded) -> i32 {
    let drawn = draw(record);
    match days(record) {
        ..5 if drawn.is_multiple_of(2) => SENDS - 2,
        5.. if drawn.is_multiple_of(2) => SENDS - 1,
        _ => i32::try_from(drawn / 2 % 2).expect("small"),
    }
}

fn days(record: &Recorded) -> i64 {
    (record.kafka_ms - START_MS).div_euclid(DAY_MS)
}

/// A number that depends on nothing but the record.
fn draw(record: &Recorded) -> u64 {
    let mut hasher = DefaultHasher::new();
    record.hash(&mut hasher);
    hasher.finish()
}
