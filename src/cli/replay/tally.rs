//! What a replay did, in numbers, for whoever watches.

use super::emit::PUBLISHED;
use super::line::Unreadable;
use crate::config::TopicsConfig;
use crate::runtime::kafka::of_output;
use crate::wire::packed::SourceTopic;
use crate::wire::record::{OutRecord, Topic};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many unreadable lines are told one by one.
const TOLD_MAX: u64 = 100;

/// Counts.
#[derive(Default)]
pub struct Tally {
    webhooks: u64,
    sends: u64,
    unreadable: u64,
    /// Whether a file could not be read to its end.
    pub broken_file: bool,
    published: BTreeMap<Topic, u64>,
    dead_letters: BTreeMap<String, u64>,
}

impl Tally {
    /// How many records were read.
    pub const fn records(&self) -> u64 {
        self.webhooks + self.sends
    }

    /// Counts a record read.
    pub const fn read(&mut self, topic: SourceTopic) {
        match topic {
            SourceTopic::Webhooks => self.webhooks += 1,
            SourceTopic::Sends => self.sends += 1,
            SourceTopic::Repartition | SourceTopic::Changelog => {}
        }
    }

    /// Counts a line that could not be read. What to tell of it: nothing, once there were many.
    pub fn unreadable(&mut self, file: &str, line: u64, why: &Unreadable) -> Option<String> {
        self.broken_file |= matches!(why, Unreadable::File(_));
        self.unreadable += 1;
        match self.unreadable {
            ..TOLD_MAX => Some(format!("{file}:{line}: {why}")),
            TOLD_MAX => Some(format!("{file}:{line}: {why}; lines that cannot be read are only counted from here on")),
            _ => None,
        }
    }

    /// Counts a record published.
    pub fn published(&mut self, record: &OutRecord) {
        *self.published.entry(record.topic).or_default() += 1;
        if record.topic == Topic::DeadLetter {
            let reason = record.headers.iter().rev().find(|(name, _)| name == "waid-reason").and_then(|(_, value)| value.as_deref());
            let reason = reason.map_or("none".into(), String::from_utf8_lossy).into_owned();
            *self.dead_letters.entry(reason).or_default() += 1;
        }
    }

    /// All of it, as lines.
    pub fn summary(&self, topics: &TopicsConfig, ignored: &BTreeMap<&'static str, u64>, took: Duration) -> String {
        let rate = u128::from(self.records()) * 1000 / took.as_millis().max(1);
        let read = format!("read in {:.1} s, {rate} records a second", took.as_secs_f64());
        let unreadable = Some(("lines that could not be read", self.unreadable)).filter(|(_, count)| *count > 0);
        let inputs = [(topics.webhooks.as_str(), self.webhooks), (topics.sends.as_str(), self.sends)];
        let outputs = PUBLISHED.map(|topic| (of_output(topics, topic), self.published.get(&topic).copied().unwrap_or_default()));
        [
            list(&read, inputs.into_iter().chain(unreadable)),
            list("of no interest", ignored.iter().map(|(name, count)| (*name, *count))),
            list("wrote", outputs),
            list("dead letters by reason", self.dead_letters.iter().map(|(reason, count)| (reason.as_str(), *count))),
        ]
        .concat()
    }
}

/// A title and rows, if there are any.
fn list<'a>(title: &str, rows: impl IntoIterator<Item = (&'a str, u64)>) -> String {
    let rows: Vec<String> = rows.into_iter().map(|(name, count)| format!("  {name:30} {count:>10}\n")).collect();
    if rows.is_empty() { String::new() } else { format!("{title}\n{}", rows.concat()) }
}
