//! Rows of state as bytes: what the store and, in segments, the changelog keep.
//!
//! ```text
//! key     as `key.rs` draws it: it sorts as the key does
//! value   5 ┃ Row of proto/waid/internal/v1/state.proto
//!         └ the format; a reader refuses any that it does not know
//! ```
//!
//! Both call apps, tenants and scopes by their places in the [`Dictionary`] of the task, which its marker keeps.

use super::codec::{DecodeError, Reader, Recent, Wire, Writer, put_value, take_value};
use super::key;
use super::model::{NamedApp, NamedText};
use crate::domain::circle::Circle;
use crate::domain::entity::Home;
use crate::domain::ids::MessageId;
use crate::domain::state::{Key, Row};

pub use super::codec::{Dictionary, Places};
pub use super::key::{decode as decode_key, order_in_home, put as put_key, put_app_prefix, put_home_prefix, put_second_prefix};

/// The format written.
const FORMAT: u8 = 5;

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

/// The bytes of a row's key and value, which spell all names.
pub fn encode_row(key: &Key, row: &Row) -> (Vec<u8>, Vec<u8>) {
    let (names, mut bytes) = (&mut Dictionary::none(), Vec::new());
    key::put(key, names, &mut bytes);
    (bytes, encode_value(key, row, names))
}

/// The bytes of a row's value.
pub fn encode_value(key: &Key, row: &Row, names: &mut Dictionary) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ROW_BYTES);
    bytes.push(FORMAT);
    let mut body = Writer { bytes, names: names.lend(), recent: named_by(key) };
    match row {
        Row::Join(join) => put_value(join, field::JOIN, &mut body),
        Row::Contact(contact) => put_value(contact, field::CONTACT, &mut body),
        Row::Circle(circle) => put_value(circle, field::CIRCLE, &mut body),
        Row::Thread(thread) => put_value(thread, field::THREAD, &mut body),
        Row::Message(placed) => put_value(placed, field::MESSAGE, &mut body),
    }
    let (apps, texts) = names.give_back(body.names);
    if apps.is_empty() && texts.is_empty() {
        return body.bytes;
    }
    let mut out = Writer { bytes: vec![FORMAT], ..Writer::default() };
    for text in &texts {
        put_value(text, field::TEXTS, &mut out);
    }
    for app in apps {
        put_value(&NamedApp(app), field::APPS, &mut out);
    }
    out.bytes.extend_from_slice(&body.bytes[1..]);
    out.bytes
}

/// A row from the bytes of its key and value, which spell all names.
pub fn decode_row(key: &[u8], value: &[u8]) -> Result<(Key, Row), DecodeError> {
    let names = Dictionary::none();
    let key = key::decode(key, &names)?;
    let row = decode_value(&key, value, &names)?;
    Ok((key, row))
}

/// A row from its key and the bytes of its value.
pub fn decode_value(key: &Key, value: &[u8], names: &Dictionary) -> Result<Row, DecodeError> {
    let (format, body) = value.split_first().ok_or(DecodeError::Truncated)?;
    if *format != FORMAT {
        return Err(DecodeError::Version((*format).into()));
    }
    let (apps, texts, more_from) = (names.apps(), names.texts(), names.spelled_from());
    let mut input = Reader { rest: body, apps, texts, more_from, recent: named_by(key), ..Reader::default() };
    let mut row = None;
    while let Some((number, wire)) = input.tag()? {
        match number {
            field::TEXTS => {
                let NamedText(text) = take_value(number, wire, &mut input)?;
                input.more_texts.push(text);
            }
            field::APPS => {
                let NamedApp(app) = take_value(number, wire, &mut input)?;
                input.more_apps.push(app);
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
fn named_by(key: &Key) -> Recent {
    match key {
        Key::Join(_, id) => named_by_id(id, Recent::default()),
        Key::Contact(home) | Key::Circle(home) | Key::Thread(home, _) => named_by_home(home),
        Key::Message(home, message) => {
            let by_home = Recent { at_ms: message.at_s.wrapping_mul(1000), ..named_by_home(home) };
            named_by_id(&message.id, by_home)
        }
    }
}

fn named_by_id(id: &MessageId, mut recent: Recent) -> Recent {
    recent.id = Some(id.clone());
    if let Some(wamid) = id.wamid() {
        recent.note(wamid.number.value());
    }
    recent
}

fn named_by_home(home: &Home) -> Recent {
    match home {
        Home::Number { class, .. } => Recent { numbers: [class.value(), 0], ..Recent::default() },
        Home::User { user, .. } => Recent { user: Some(user.clone()), ..Recent::default() },
    }
}
