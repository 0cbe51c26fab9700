//! Dead letters: the record byte for byte, and why it could not be used.

use crate::domain::output::DeadLetter;
use crate::wire::record::{Headers, OutRecord, Topic};

/// How many headers say why and where from. They are the last.
const SAID: usize = 7;

/// The one that says more about why.
const DETAIL: &str = "waid-detail";

/// The record of a dead letter whose cause is a record of `topic`.
pub fn record(letter: &DeadLetter, topic: &str) -> OutRecord {
    let DeadLetter { cause, rejection, original } = letter;
    let said: [_; SAID] = [
        ("waid-reason", rejection.reason.name().to_owned()),
        (DETAIL, rejection.detail.clone()),
        ("waid-topic", topic.to_owned()),
        ("waid-partition", cause.partition.to_string()),
        ("waid-offset", cause.offset.to_string()),
        ("waid-element", cause.element.to_string()),
        ("waid-timestamp", cause.kafka_ms.to_string()),
    ];
    let mut headers: Headers = original
        .headers
        .iter()
        .map(|(name, value)| (name.to_string().into(), value.as_deref().map(|value| value.to_vec().into())))
        .collect();
    headers.extend(said.map(|(name, value)| (name.into(), Some(value.into_bytes().into()))));
    OutRecord {
        topic: Topic::DeadLetter,
        partition: None,
        key: original.key.as_deref().map(<[u8]>::to_vec),
        headers,
        payload: original.value.as_deref().map(<[u8]>::to_vec),
        timestamp_ms: None,
    }
}

/// Lets a dead letter go without the record that it is about: its topic does not take as many bytes as it has.
pub fn drop_original(letter: &mut OutRecord, bytes: u64) {
    (letter.key, letter.payload) = (None, None);
    letter.headers.drain(..letter.headers.len() - SAID);
    if let Some((_, Some(detail))) = letter.headers.iter_mut().find(|(name, _)| name == DETAIL) {
        detail.to_mut().extend_from_slice(format!("; the record, with which this has {bytes} bytes, is too large to be kept").as_bytes());
    }
}
