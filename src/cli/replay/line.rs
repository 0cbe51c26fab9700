//! A line of a capture, as `kcat -J` writes it: one JSON object for each record. What is no text kcat writes as the bytes that it is, in the middle of the JSON;
//! replay itself writes `{"base64": …}`, and reads that too.

use crate::config::TopicsConfig;
use crate::runtime::memory::Record;
use crate::wire::packed::SourceTopic;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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
    if let Ok(line) = str::from_utf8(line) {
        return read_text(line, topics);
    }
    let mut captured = read_text(&stood_in_for(line), topics)?;
    let record = &mut captured.record;
    let headers = record.headers.iter_mut().filter_map(|(_, value)| value.as_mut());
    headers.chain(&mut record.key).chain(&mut record.value).for_each(|text| *text = given_back(text));
    Ok(captured)
}

/// Each byte that is no text has a character of its own, from here on: of the last plane of private use, where no text has any.
const STAND_IN: u32 = 0x10_FF00;

/// The line as a text.
fn stood_in_for(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len() + line.len() / 2);
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().filter_map(|byte| char::from_u32(STAND_IN + u32::from(*byte))));
    }
    text
}

/// The bytes of a text in which characters may stand for bytes.
fn given_back(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in String::from_utf8_lossy(text).chars() {
        match u32::from(character).checked_sub(STAND_IN).and_then(|byte| u8::try_from(byte).ok()) {
            Some(byte) => bytes.push(byte),
            None => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    bytes
}

fn read_text(line: &str, topics: &TopicsConfig) -> Result<Captured, Unreadable> {
    let fields: Fields<'_> = serde_json::from_str(line).map_err(|error| Unreadable::NotJson(why(&error)))?;
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
        key: fields.key.0.map(Cow::into_owned),
        value: fields.payload.0.map(Cow::into_owned),
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

/// A key or payload: a text, nothing, bytes as replay writes them, or (where kcat decoded it) JSON.
#[derive(Default)]
struct Content<'a>(Option<Cow<'a, [u8]>>);

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
        Ok(Content(Some(Cow::Borrowed(text.as_bytes()))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Content<'de>, E> {
        Ok(Content(Some(Cow::Owned(text.as_bytes().to_owned()))))
    }

    fn visit_unit<E>(self) -> Result<Content<'de>, E> {
        Ok(Content(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Content<'de>, A::Error> {
        let object = Value::deserialize(MapAccessDeserializer::new(fields))?;
        let bytes =
            object.as_object().filter(|fields| fields.len() == 1).and_then(|fields| STANDARD.decode(fields.get("base64")?.as_str()?).ok());
        Ok(Content(Some(Cow::Owned(bytes.unwrap_or_else(|| object.to_string().into_bytes())))))
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
            headers.push((name, value.0.map(Cow::into_owned)));
        }
        Ok(Headers(headers, std::marker::PhantomData))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Headers<'de>, A::Error> {
        let mut headers = Vec::new();
        while let Some((name, value)) = fields.next_entry::<String, Content<'de>>()? {
            headers.push((name, value.0.map(Cow::into_owned)));
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
    fn what_is_no_text_is_the_bytes_that_it_is() {
        let line = b"{\"topic\":\"whatsapp.sends\",\"ts\":1776944126001,\"headers\":[\"raw\",\"\xFE\"],\"key\":\"caf\xC3\xA9\",\"payload\":\"\\n\x80\xC3\xA9\xFF\\\"\"}";
        let record = super::read(line, &TopicsConfig::default()).expect("readable").record;
        assert_eq!((record.key.as_deref(), record.value.as_deref()), (Some("caf\u{e9}".as_bytes()), Some(&b"\n\x80\xC3\xA9\xFF\""[..])));
        assert_eq!(record.headers, [("raw".to_owned(), Some(vec![0xFE]))]);
        let line = r#"{"topic":"whatsapp.sends","ts":1776944126001,"headers":{"raw":{"base64":"/g=="}},"payload":{"base64":"gP8="}}"#;
        let record = read(line).expect("readable").record;
        assert_eq!((record.value.as_deref(), &record.headers[..]), (Some(&[0x80, 0xFF][..]), &[("raw".to_owned(), Some(vec![0xFE]))][..]));
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
