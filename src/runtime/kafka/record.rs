//! A record as read, copied out of librdkafka's fetch buffer.
//!
//! A borrowed message pins the buffer of its whole fetch and cannot be kept beside the consumer that it borrows from. A
//! copy into memory that is used again for every record costs tens of nanoseconds, of several thousand that a record takes.

use crate::runtime::broker::{Fetched, Source};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The last record that was read.
#[derive(Default)]
pub(super) struct Record {
    offset: i64,
    timestamp_ms: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    /// Takes the place of the one before.
    pub fn copy(&mut self, message: &BorrowedMessage<'_>) {
        self.offset = message.offset();
        self.timestamp_ms = message.timestamp().to_millis().unwrap_or(0);
        copy(message.key(), &mut self.key);
        copy(message.payload(), &mut self.value);
        self.headers = headers(message);
    }

    /// How long its value is.
    pub fn bytes(&self) -> usize {
        self.value.as_ref().map_or(0, Vec::len)
    }

    /// As the worker sees it.
    pub fn fetched(&self, source: Source) -> Fetched<'_> {
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let (key, value) = (self.key.as_deref(), self.value.as_deref());
        Fetched { source, offset: self.offset, timestamp_ms: self.timestamp_ms, key, value, headers }
    }
}

fn copy(from: Option<&[u8]>, to: &mut Option<Vec<u8>>) {
    let Some(from) = from else {
        *to = None;
        return;
    };
    let to = to.get_or_insert_default();
    to.clear();
    to.extend_from_slice(from);
}

/// The wrapper panics at a header whose name is not UTF-8. Nothing that waid needs is in one, so that one counts as not there: anybody who may
/// write to an input could stop the processor otherwise.
fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, Option<Vec<u8>>)> {
    let Some(headers) = message.headers() else { return Vec::new() };
    let copied = |index| {
        let header = catch_unwind(AssertUnwindSafe(|| headers.try_get(index)));
        let header = header.ok().flatten().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)));
        if header.is_none() {
            tracing::warn!(partition = message.partition(), offset = message.offset(), "a header was left out: its name is not UTF-8");
        }
        header
    };
    (0..headers.count()).filter_map(copied).collect()
}
