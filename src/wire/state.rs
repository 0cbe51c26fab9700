//! Rows of state as bytes: what the store and, in segments, the changelog keep.
//!
//! ```text
//! key     as `key.rs` draws it: it sorts as the key does
//! value   1 ┃ Row of proto/waid/internal/v1/state.proto
//!         └ the format; a reader refuses any that it does not know
//! ```

use super::codec::{DecodeError, Names, Reader, Wire, Writer, put_value, take_value};
use super::key;
use super::model::{NamedApp, NamedText};
use crate::domain::circle::Circle;
use crate::domain::entity::Home;
use crate::domain::ids::{App, MessageId};
use crate::domain::state::{Key, Row};
use std::sync::Arc;

/// The format written.
const FORMAT: u8 = 1;

/// Room for a usual row.
const ROW_BYTES: usize = 192;

/// Fields of a row.
mod field {
    pub const TEXTS: u32 = 1;
    pub const APPS: u32 = 2;
    pub const JOIN: u32 = 3;
    pub const CONTACT: u32 = 4;
    pub const CIRCLE: u32 = 5;
    pub const THREAD: u32 = 6;
    pub const MESSAGE: u32 = 7;
}

/// Appends the bytes of a key.
pub fn put_key(key: &Key, bytes: &mut Vec<u8>) {
    key::put(key, bytes);
}

/// What the keys of all messages of a home begin with; of one app's; of one app's from this second on.
pub fn messages_prefix(home: &Home, app: Option<&App>, from_s: Option<i64>) -> Vec<u8> {
    key::messages_prefix(home, app, from_s)
}

/// A key from its bytes.
pub fn decode_key(key: &[u8]) -> Result<Key, DecodeError> {
    key::decode(key)
}

/// The bytes of a row's key and value.
pub fn encode_row(key: &Key, row: &Row) -> (Vec<u8>, Vec<u8>) {
    (key::encode(key), encode_value(key, row))
}

/// The bytes of a row's value.
pub fn encode_value(key: &Key, row: &Row) -> Vec<u8> {
    let (names, last_id) = named_by(key);
    let (texts, apps) = (names.texts.entries().len(), names.apps.entries().len());
    let mut bytes = Vec::with_capacity(ROW_BYTES);
    bytes.push(FORMAT);
    let mut body = Writer { bytes, names, last_id };
    match row {
        Row::Join(join) => put_value(join, field::JOIN, &mut body),
        Row::Contact(contact) => put_value(contact, field::CONTACT, &mut body),
        Row::Circle(circle) => put_value(circle, field::CIRCLE, &mut body),
        Row::Thread(thread) => put_value(thread, field::THREAD, &mut body),
        Row::Message(placed) => put_value(placed, field::MESSAGE, &mut body),
    }
    if body.names.texts.entries().len() == texts && body.names.apps.entries().len() == apps {
        return body.bytes;
    }
    let mut out = Writer { bytes: vec![FORMAT], ..Writer::default() };
    for text in &body.names.texts.entries()[texts..] {
        put_value(text, field::TEXTS, &mut out);
    }
    for app in &body.names.apps.entries()[apps..] {
        put_value(&NamedApp(app.clone()), field::APPS, &mut out);
    }
    out.bytes.extend_from_slice(&body.bytes[1..]);
    out.bytes
}

/// A row from the bytes of its key and value.
pub fn decode_row(key: &[u8], value: &[u8]) -> Result<(Key, Row), DecodeError> {
    let key = key::decode(key)?;
    let row = decode_value(&key, value)?;
    Ok((key, row))
}

/// A row from its key and the bytes of its value.
pub fn decode_value(key: &Key, value: &[u8]) -> Result<Row, DecodeError> {
    let (format, body) = value.split_first().ok_or(DecodeError::Truncated)?;
    if *format != FORMAT {
        return Err(DecodeError::Version((*format).into()));
    }
    let (names, last_id) = named_by(key);
    let (apps, texts) = (names.apps.entries().to_vec(), names.texts.entries().to_vec());
    let mut input = Reader { rest: body, apps, texts, last_id };
    let mut row = None;
    while let Some((number, wire)) = input.tag()? {
        match number {
            field::TEXTS => {
                let NamedText(text) = take_value(number, wire, &mut input)?;
                input.texts.push(text);
            }
            field::APPS => {
                let NamedApp(app) = take_value(number, wire, &mut input)?;
                input.apps.push(app);
            }
            _ => row = Some(take_row(key, number, wire, &mut input)?),
        }
    }
    row.ok_or(DecodeError::Missing("Row.row"))
}

/// A row is of its key's kind.
fn take_row(key: &Key, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<Row, DecodeError> {
    match (key, number) {
        (Key::Join(..), field::JOIN) => take_value(number, wire, input).map(Row::Join),
        (Key::Contact(_), field::CONTACT) => take_value(number, wire, input).map(Row::Contact),
        (Key::Circle(_), field::CIRCLE) => take_value(number, wire, input).map(with_derived).map(Row::Circle),
        (Key::Thread(..), field::THREAD) => take_value(number, wire, input).map(Row::Thread),
        (Key::Message(..), field::MESSAGE) => take_value(number, wire, input).map(Row::Message),
        (Key::Join(..) | Key::Contact(_) | Key::Circle(_) | Key::Thread(..) | Key::Message(..), _) => {
            Err(DecodeError::UnknownField(number))
        }
    }
}

/// What follows from the rest of a circle is not kept.
fn with_derived(mut circle: Box<Circle>) -> Box<Circle> {
    circle.derive();
    circle
}

/// What the key names, and the row need not name again.
fn named_by(key: &Key) -> (Names, Option<MessageId>) {
    let (home, app, id): (Option<&Home>, Option<&App>, Option<&MessageId>) = match key {
        Key::Join(app, id) => (None, Some(app), Some(id)),
        Key::Contact(home) | Key::Circle(home) => (Some(home), None, None),
        Key::Thread(home, app) => (Some(home), Some(app), None),
        Key::Message(home, message) => (Some(home), Some(&message.app), Some(&message.id)),
    };
    let scope_of_home = home.and_then(|home| match home {
        Home::Number { .. } => None,
        Home::User { user, .. } => Some(&user.scope),
    });
    let tenant: Option<&Arc<str>> = home.map(Home::tenant).or_else(|| app.map(App::tenant));
    let mut names = Names::default();
    for text in [tenant, scope_of_home, app.map(App::scope)].into_iter().flatten() {
        names.texts.index(text);
    }
    if let Some(app) = app {
        names.apps.index(app);
    }
    (names, id.cloned())
}
