//! JSON of unknown authorship into types: every field is read leniently, so that one odd value costs only what needed it.

use super::rejected;
use crate::domain::event::{Reason, Rejection};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// How gzip begins (RFC 1952).
const GZIP: [u8; 2] = [0x1F, 0x8B];

/// Reads a body, which may begin with a byte order mark. Its depth is harmless: what is not read is skipped without recursion.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Rejection> {
    if body.starts_with(&GZIP) {
        return Err(rejected(Reason::NotJson, "gzip; write bodies as JSON, and let the producer's compression.type compress"));
    }
    let text =
        std::str::from_utf8(body).map_err(|error| rejected(Reason::NotJson, format!("not UTF-8 from byte {} on", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(rejected(Reason::NotJson, "the body is empty"));
    }
    serde_json::from_str(text).map_err(|error| unreadable(&error))
}

/// Reads one element of a body that was found to be JSON, so that what is wrong with it is its own affair; `None` if it is no object.
pub fn part<'a, T: Deserialize<'a>>(text: &'a RawValue) -> Result<Option<T>, Rejection> {
    let read: Result<Object<T>, _> = serde_json::from_str(text.get());
    read.map(|object| object.0).map_err(|error| match error.classify() {
        Category::Data => rejected(Reason::UnknownShape, format!("{} is given twice", twice(&error))),
        Category::Io | Category::Syntax | Category::Eof => rejected(Reason::NotJson, "a number or a text that cannot be"),
    })
}

/// A single value likewise; one that cannot be is [`Scalar::Other`].
pub fn scalar(text: Option<&RawValue>) -> Scalar<'_> {
    let Some(text) = text.map(RawValue::get) else { return Scalar::Absent };
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(plain) if !plain.contains('\\') => Scalar::Text(Cow::Borrowed(plain)),
        _ => serde_json::from_str(text).unwrap_or(Scalar::Other),
    }
}

/// Whether a body is an array, by the first byte that means anything.
pub fn is_array(body: &[u8]) -> bool {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii_start().first() == Some(&b'[')
}

/// The body without halves of surrogate pairs that stand alone, if there are any: a text that was cut in the middle of a character, and then written as
/// JavaScript does, ends with one (`"\ud83d"`). JSON has such texts, and Rust has not.
pub fn mended(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended = None;
    let mut at = 0;
    while let Some(found) = body[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        at += match (escaped_unit(body, at), escaped_unit(body, at + ESCAPED)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 2 * ESCAPED,
            (Some(0xD800..=0xDFFF), _) => {
                mended.get_or_insert_with(|| body.to_vec())[at..at + ESCAPED].copy_from_slice(br"\ufffd");
                ESCAPED
            }
            (Some(_), _) => ESCAPED,
            // Of another escape the second character may be a backslash too.
            (None, _) => 2.min(body.len() - at),
        };
    }
    mended
}

/// How many bytes a code unit takes that is written as `\uXXXX`.
const ESCAPED: usize = 6;

/// The code unit that is written so at this place.
fn escaped_unit(body: &[u8], at: usize) -> Option<u16> {
    let digits = body.get(at..at + ESCAPED)?.strip_prefix(br"\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Why serde_json stopped, without any value from the body: its messages on syntax are fixed texts with a position, those on data are not.
fn unreadable(error: &serde_json::Error) -> Rejection {
    match error.classify() {
        Category::Io | Category::Syntax | Category::Eof => rejected(Reason::NotJson, error.to_string()),
        Category::Data => {
            let (line, column) = (error.line(), error.column());
            rejected(Reason::UnknownShape, format!("{} is given twice, before line {line} column {column}", twice(error)))
        }
    }
}

/// Which of the fields that are read was given twice, under one name or two: the only thing that is wrong with what is JSON.
fn twice(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.strip_prefix("duplicate field `").and_then(|name| name.split_once('`')).map_or("a field", |(name, _)| name).to_owned()
}

/// The value of a field that should be a text or a number, and may be anything.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Scalar<'a> {
    /// Not there, or null.
    #[default]
    Absent,
    /// A text, or an integer beyond `i64` as its digits.
    Text(Cow<'a, str>),
    /// An integer.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A boolean, an array or an object.
    Other,
}

impl<'a> Scalar<'a> {
    /// The value as the text that spells it; `None` for what has no spelling of its own, as a number that was rounded when it was read.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(integer) => Some(Cow::Owned(integer.to_string())),
            Self::Float(float) if float.abs() < EXACT_BELOW => Some(Cow::Owned(float.to_string())),
            Self::Absent | Self::Float(_) | Self::Other => None,
        }
    }

    /// The value as a text, unless there is none or it is empty.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(Cow::Borrowed(text)),
            Self::Integer(integer) => Some(Cow::Owned(integer.to_string())),
            Self::Absent | Self::Text(_) | Self::Float(_) | Self::Other => None,
        }
    }

    /// The value as one of a set of words; empty for what is no text.
    pub fn word(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Absent | Self::Integer(_) | Self::Float(_) | Self::Other => "",
        }
    }

    /// Whether nothing is said: no field, null, or an empty text.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Text(text) => text.is_empty(),
            Self::Integer(_) | Self::Float(_) | Self::Other => false,
        }
    }
}

/// 2^53: below it, a float has a place for every whole number.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Integer(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(integer).map_or_else(|_| Scalar::Text(Cow::Owned(integer.to_string())), Scalar::Integer))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(float))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        skip_items(items)?;
        Ok(Scalar::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        skip_fields(fields)?;
        Ok(Scalar::Other)
    }
}

/// The value of a field that should be an object: read if it is one, `None` for anything else.
#[derive(Debug)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        skip_items(items)?;
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// The value of a field that should be an array.
#[derive(Debug, Default)]
pub enum Array<T> {
    /// Not there, or null.
    #[default]
    Absent,
    /// Its items.
    Items(Vec<T>),
    /// Anything else.
    Other,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Array<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ArrayVisitor(PhantomData))
    }
}

struct ArrayVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ArrayVisitor<T> {
    type Value = Array<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Array::Items(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
        skip_fields(fields)?;
        Ok(Array::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Array::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Array::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Array::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Array::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Array::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Array::Absent)
    }
}

/// Whether an object has anything in it, which is all that is of interest about it.
#[derive(Debug)]
pub struct Filled(pub bool);

impl<'de> Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FilledVisitor).map(Self)
    }
}

struct FilledVisitor;

impl<'de> Visitor<'de> for FilledVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let filled = fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some();
        skip_fields(fields)?;
        Ok(filled)
    }
}

fn skip_items<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_fields<'de, A: MapAccess<'de>>(mut fields: A) -> Result<(), A::Error> {
    while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}
