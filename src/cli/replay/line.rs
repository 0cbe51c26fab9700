//! A line of a capture, as `kcat -J` writes it: one JSON object for each record.

use crate::config::TopicsConfig;
use crate::runtime::memory::Record;
use crate::wire::packed::SourceTopic;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_json::Value;
use serde_json::error::Category;
use std::borrow::Cow;
use std::fmt;
use thiserror::Error;

/// A record, and where it was captured.
#[derive(Debug, PartialEq)]
pub struct Captured {
    /// From which topic.
    pub topic: SourceTopic,
    /// From which partition, if the line says.
    pub partition: Option<i32>,
    /// At which offset, if the line says.
    pub offset: Option<i64>,
    /// The record; its offset is still 0.
    pub record: Record,
}

/// Why a line cannot be read. Without personal data: nothing of the line is repeated but the names of topics and places.
#[derive(Debug, Error, PartialEq)]
pub enum Unreadable {
    /// It is not JSON, or a record's field is of another type.
    #[error("{0}")]
    NotJson(String),
    /// It is longer than a record can be.
    #[error("longer than {0} bytes")]
    TooLong(usize),
    /// It is of a topic that is no input.
    #[error("of topic {0:?}, which is neither topics.webhooks nor topics.sends")]
    OtherTopic(String),
    /// It has no Kafka timestamp, without which no limit can be kept.
    #[error("no timestamp in ts")]
    NoTimestamp,
    /// Its partition or offset is negative.
    #[error("a negative partition or offset")]
    BadPlace,
    /// Its offset was passed already.
    #[error("offset {0} comes after {1} of the same partition: read before, or from files in the wrong order")]
    Passed(i64, i64),
    /// The file cannot be read on.
    #[error("the file cannot be read any further: {0}")]
    File(String),
}

/// A line, in the names of kcat.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    partition: Option<i32>,
    offset: Option<i64>,
    ts: Option<i64>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
    #[serde(borrow, default)]
    key: Content<'a>,
    #[serde(borrow, default)]
    payload: Content<'a>,
}

/// Reads one line.
pub fn read(line: &[u8], topics: &TopicsConfig) -> Result<Captured, Unreadable> {
    let fields: Fields<'_> = serde_json::from_slice(line).map_err(|error| Unreadable::NotJson(why(&error)))?;
    let topic = match &*fields.topic {
        name if name == topics.webhooks => SourceTopic::Webhooks,
        name if name == topics.sends => SourceTopic::Sends,
        other => return Err(Unreadable::OtherTopic(other.chars().take(249).collect())),
    };
    if fields.partition.is_some_and(i32::is_negative) || fields.offset.is_some_and(i64::is_negative) {
        return Err(Unreadable::BadPlace);
    }
    let record = Record {
        offset: 0,
        timestamp_ms: fields.ts.filter(|ts| *ts > 0).ok_or(Unreadable::NoTimestamp)?,
        key: fields.key.0.map(|text| text.into_owned().into_bytes()),
        value: fields.payload.0.map(|text| text.into_owned().into_bytes()),
        headers: fields.headers.0,
    };
    Ok(Captured { topic, partition: fields.partition, offset: fields.offset, record })
}

/// Where serde_json stopped. What it says of syntax are fixed texts; what it says of types repeats values.
fn why(error: &serde_json::Error) -> String {
    match error.classify() {
        Category::Io | Category::Syntax | Category::Eof => format!("not JSON: {error}"),
        Category::Data => format!("no record as kcat -J writes it, from column {} on", error.column()),
    }
}

/// A key or payload: a text, nothing, or (where kcat decoded it) JSON.
#[derive(Default)]
struct Content<'a>(Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, an object or null")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Content<'de>, E> {
        Ok(Content(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content<'de>, E> {
        Ok(Content(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Content<'de>, E> {
        Ok(Content(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Content<'de>, A::Error> {
        let object = Value::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(Content(Some(Cow::Owned(object.to_string()))))
    }
}

/// Headers: names and values by turns, or an object.
#[derive(Default)]
struct Headers<'a>(Vec<(String, Option<Vec<u8>>)>, std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and values by turns")
    }

    fn visit_unit<E>(self) -> Result<Headers<'de>, E> {
        Ok(Headers::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Headers<'de>, A::Error> {
        let mut headers = Vec::new();
        while let Some(name) = items.next_element::<String>()? {
            let value = items.next_element::<Content<'de>>()?;
            let value = value.ok_or_else(|| de::Error::custom("a header without a value"))?;
            headers.push((name, value.0.map(|text| text.into_owned().into_bytes())));
        }
        Ok(Headers(headers, std::marker::PhantomData))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Headers<'de>, A::Error> {
        let mut headers = Vec::new();
        while let Some((name, value)) = fields.next_entry::<String, Content<'de>>()? {
            headers.push((name, value.0.map(|text| text.into_owned().into_bytes())));
        }
        Ok(Headers(headers, std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Captured, Unreadable> {
        super::read(line.as_bytes(), &TopicsConfig::default())
    }

    #[test]
    fn a_line_of_kcat() {
        let line = r#"{"topic":"whatsapp.sends","partition":3,"offset":12,"tstype":"create","ts":1776944126001,"broker":0,"headers":["content-type","application/json","empty",null],"key":"c-1","payload":"{\"app\":\"a\"}"}"#;
        let captured = read(line).expect("readable");
        assert_eq!((captured.topic, captured.partition, captured.offset), (SourceTopic::Sends, Some(3), Some(12)));
        let headers = vec![("content-type".into(), Some(b"application/json".to_vec())), ("empty".into(), None)];
        let (key, value) = (Some(b"c-1".to_vec()), Some(br#"{"app":"a"}"#.to_vec()));
        assert_eq!(captured.record, Record { offset: 0, timestamp_ms: 1_776_944_126_001, key, value, headers });
    }

    #[test]
    fn what_may_be_missing_is_missing() {
        let captured = read(r#"{"topic":"whatsapp.webhooks","ts":1776944126001,"key":null}"#).expect("readable");
        assert_eq!((captured.topic, captured.partition, captured.offset), (SourceTopic::Webhooks, None, None));
        assert_eq!((captured.record.key, captured.record.value, captured.record.headers), (None, None, vec![]));
    }

    #[test]
    fn a_payload_that_kcat_decoded_is_json_again() {
        let captured = read(r#"{"topic":"whatsapp.webhooks","ts":1776944126001,"payload":{"app":"a","version":2}}"#).expect("readable");
        assert_eq!(captured.record.value, Some(br#"{"app":"a","version":2}"#.to_vec()));
    }

    #[test]
    fn a_line_that_cannot_be_read_says_why_and_repeats_nothing() {
        let rows = [
            ("% Reached end of topic", "not JSON: expected value at line 1 column 1"),
            (r#"{"topic":"whatsapp.sends","ts":1,"payload":"5535987654321"#, "not JSON: EOF while parsing a string at line 1 column 57"),
            (r#"{"topic":"whatsapp.sends","ts":"5535987654321"}"#, "no record as kcat -J writes it, from column 46 on"),
            (r#"{"topic":"whatsapp.sends","ts":1,"headers":["a"]}"#, "no record as kcat -J writes it, from column 48 on"),
            (r#"{"ts":1}"#, "no record as kcat -J writes it, from column 8 on"),
            ("[1]", "no record as kcat -J writes it, from column 2 on"),
            (r#"{"topic":"orders","ts":1}"#, r#"of topic "orders", which is neither topics.webhooks nor topics.sends"#),
            (r#"{"topic":"whatsapp.sends","tstype":"unknown","ts":-1}"#, "no timestamp in ts"),
            (r#"{"topic":"whatsapp.sends","offset":-1001,"ts":1}"#, "a negative partition or offset"),
        ];
        for (line, why) in rows {
            assert_eq!(read(line).expect_err(line).to_string(), why, "{line}");
        }
    }
}
