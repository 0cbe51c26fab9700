//! Ingest: from an input record to events for entities. Stateless.

use super::broker::Fetched;
use super::task::{Sink, partition_of};
use crate::domain::apps::Apps;
use crate::domain::entity::Original;
use crate::domain::event::{Cause, Element, Reason, Rejection, Source as Input};
use crate::domain::ingest::{Routed, route};
use crate::domain::output::{DeadLetter, Output};
use crate::domain::parse::{self, Encoding};
use crate::wire;
use crate::wire::packed::SourceTopic;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Reads input records.
pub struct Ingest {
    apps: Apps,
    ignored: BTreeMap<&'static str, u64>,
    fresh: BTreeMap<&'static str, u64>,
    original_max: u64,
}

impl Ingest {
    /// Ingest for these apps.
    #[must_use]
    pub const fn new(apps: Apps) -> Self {
        Self { apps, ignored: BTreeMap::new(), fresh: BTreeMap::new(), original_max: u64::MAX }
    }

    /// Takes one record of an input topic; how many elements it had. Each is told, ignored or dead-lettered.
    pub fn take(&mut self, record: &Fetched, partitions: i32, sink: &mut dyn Sink) -> u64 {
        let source = match record.source.0 {
            SourceTopic::Webhooks => Input::Webhooks,
            SourceTopic::Sends => Input::Sends,
            SourceTopic::Repartition | SourceTopic::Changelog => unreachable!("what waid wrote is read by its task"),
        };
        let elements = guarded(record, || self.elements(source, record));
        let count = u64::try_from(elements.len()).expect("fits");
        let mut kept_by = None;
        for (index, element) in elements.into_iter().enumerate() {
            let cause = Cause {
                source,
                partition: record.source.1,
                offset: record.offset,
                element: u32::try_from(index).unwrap_or(u32::MAX),
                kafka_ms: record.timestamp_ms,
            };
            match route(element, &cause, || self.original(record)) {
                Routed::Events(events) => events.iter().for_each(|envelope| sink.send(partition_of(&envelope.to, partitions), envelope)),
                Routed::Ignored(name) => {
                    *self.ignored.entry(name).or_default() += 1;
                    *self.fresh.entry(name).or_default() += 1;
                }
                Routed::Rejected(rejection) => {
                    sink.publish(&Output::DeadLetter(self.letter(record, cause, rejection, &mut kept_by)));
                }
            }
        }
        count
    }

    /// A record of more bytes than this is not kept with what it is the reason of: it would fit into no topic of waid's. (An input takes
    /// larger ones, for its limit is on what they are compressed to.)
    #[must_use]
    pub fn with_original_max(self, bytes: u64) -> Self {
        Self { original_max: bytes, ..self }
    }

    /// Events that are known and of no interest, by name.
    #[must_use]
    pub const fn ignored(&self) -> &BTreeMap<&'static str, u64> {
        &self.ignored
    }

    /// The same, of those that came since this was asked last.
    pub fn take_fresh(&mut self) -> BTreeMap<&'static str, u64> {
        std::mem::take(&mut self.fresh)
    }

    fn elements(&self, source: Input, record: &Fetched) -> Vec<Element> {
        let body = record.value.unwrap_or_default();
        match source {
            Input::Webhooks => parse::webhook(body, record.timestamp_ms, &self.apps),
            Input::Sends => vec![self.send(record, body)],
        }
    }

    /// Of headers with one name the last counts, as for Kafka's own clients.
    fn send(&self, record: &Fetched, body: &[u8]) -> Element {
        let content_type = record.headers.iter().rfind(|(name, _)| name.eq_ignore_ascii_case("content-type")).and_then(|(_, value)| *value);
        match Encoding::of(content_type.and_then(|value| std::str::from_utf8(value).ok())) {
            Encoding::Json => parse::send(body, record.timestamp_ms, &self.apps),
            Encoding::Protobuf => match wire::send::decode(body) {
                Ok(send) => send.into_element(record.timestamp_ms, &self.apps),
                Err(error) => Element::Rejected(Rejection { reason: Reason::NotJson, detail: error.to_string() }),
            },
        }
    }

    /// The record, byte for byte, if it can be kept.
    fn original(&self, record: &Fetched) -> Original {
        if bytes(record) > self.original_max {
            return Original::default();
        }
        Original {
            key: record.key.map(Into::into),
            value: record.value.map(Into::into),
            headers: record.headers.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect(),
        }
    }

    /// A dead letter. The first of a record has the record; the others name that one, so that a batch with many bad elements, which may be
    /// megabytes, is kept once.
    fn letter(&self, record: &Fetched, cause: Cause, rejection: Rejection, kept_by: &mut Option<u32>) -> DeadLetter {
        let bytes = bytes(record);
        let why_not = match *kept_by {
            _ if bytes > self.original_max => format!("the record, of {bytes} bytes, is too large to be kept"),
            Some(element) => format!("the dead letter of element {element} has the record"),
            None => {
                *kept_by = Some(cause.element);
                return DeadLetter { cause, rejection, original: self.original(record) };
            }
        };
        let rejection = Rejection { detail: format!("{}; {why_not}", rejection.detail), ..rejection };
        DeadLetter { cause, rejection, original: Original::default() }
    }
}

/// A defect of reading costs the one record, which is dead-lettered: it would be met again at each attempt.
fn guarded(record: &Fetched, read: impl FnOnce() -> Vec<Element>) -> Vec<Element> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        let (topic, partition) = record.source;
        tracing::error!(
            ?topic,
            partition,
            offset = record.offset,
            "a record could not be read and was dead-lettered: please report this defect"
        );
        vec![Element::Rejected(Rejection { reason: Reason::Internal, detail: "waid failed on this record".to_owned() })]
    })
}

/// What a record takes in a topic of waid's, at most.
fn bytes(record: &Fetched) -> u64 {
    const HEADER: usize = 16;
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers = record.headers.iter().map(|(name, value)| HEADER + name.len() + length(*value)).sum::<usize>();
    u64::try_from(length(record.key) + length(record.value) + headers).expect("fits")
}

#[cfg(test)]
mod tests;
