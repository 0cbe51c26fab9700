//! The keys of rows as bytes. The messages of one app in one home sort by them as they do by time: so a scan of neighbours gives those near
//! to one of them.
//!
//! ```text
//! Join     1 ┃ app ┃ id
//! Contact  2 ┃ home
//! Circle   3 ┃ home
//! Thread   4 ┃ home ┃ app
//! Message  5 ┃ home ┃ app ┃ seconds ┃ direction ┃ id ┃ echo
//!
//! app        varint: 1 + its place in the dictionary
//!            0 ┃ text of the tenant ┃ text of the name ┃ text of the scope      (if the dictionary is full)
//! name       varint: 1 + its place in the dictionary; or 0 ┃ text
//! home       1 ┃ name of the tenant ┃ number            (a number's class)
//!            2 ┃ name of the tenant ┃ name of the scope ┃ text of the BSUID
//! text       its UTF-8, each byte 00 as 00 FF; then 00 01
//! number     7 bytes, big-endian: the digits, filled up to 15 with zeros on the right, times 16, plus how many they are
//! seconds    8 bytes, big-endian, the highest bit turned
//! direction  1 outbound, 2 inbound
//! id         FF ┃ 16 bytes                        of one that is written as a UUID
//!            FD ┃ side ┃ number ┃ what is its own of one that has the form of most of Meta's
//!            FE ┃ what it has in base64           of another of Meta's
//!            its UTF-8                            of any other
//!            up to the end; of a message each byte 00 as 00 FF, but not of a UUID
//! echo       nothing; of an echo 00 01
//! ```

pub mod id;

mod digits;
mod pieces;

pub use pieces::pieces;

use super::codec::{DecodeError, Dictionary, Places};
use super::varint;
use crate::domain::entity::{Direction, Home};
use crate::domain::ids::{App, Bsuid, MessageId, User};
use crate::domain::number::Class;
use crate::domain::state::{Key, MessageKey};
use std::cmp::Ordering;
use std::sync::Arc;

const JOIN: u8 = 1;
const CONTACT: u8 = 2;
const CIRCLE: u8 = 3;
const THREAD: u8 = 4;
const MESSAGE: u8 = 5;

const NUMBER: u8 = 1;
const USER: u8 = 2;

const OUTBOUND: u8 = 1;
const INBOUND: u8 = 2;

/// A byte 00 inside a text.
const ESCAPED: [u8; 2] = [0x00, 0xFF];
/// The end of a text, which sorts before all that a longer text goes on with.
const END: [u8; 2] = [0x00, 0x01];

/// Appends a key. Names that are not in the dictionary yet go into it.
pub fn put(key: &Key, names: &mut impl Places, bytes: &mut Vec<u8>) {
    match key {
        Key::Join(app, id) => {
            bytes.push(JOIN);
            put_app(bytes, names, app);
            id::put(id, bytes);
        }
        Key::Contact(home) => {
            bytes.push(CONTACT);
            put_home(bytes, names, home);
        }
        Key::Circle(home) => {
            bytes.push(CIRCLE);
            put_home(bytes, names, home);
        }
        Key::Thread(home, app) => {
            bytes.push(THREAD);
            put_home(bytes, names, home);
            put_app(bytes, names, app);
        }
        Key::Message(home, message) => {
            bytes.push(MESSAGE);
            put_home(bytes, names, home);
            put_message(bytes, names, message);
        }
    }
}

/// Appends what the keys of all messages of a home begin with.
pub fn put_home_prefix(home: &Home, names: &mut impl Places, bytes: &mut Vec<u8>) {
    bytes.push(MESSAGE);
    put_home(bytes, names, home);
}

/// Appends what those of one app have behind it.
pub fn put_app_prefix(app: &App, names: &mut impl Places, bytes: &mut Vec<u8>) {
    put_app(bytes, names, app);
}

/// Appends what those of this second have behind that.
pub fn put_second_prefix(at_s: i64, bytes: &mut Vec<u8>) {
    put_seconds(bytes, at_s);
}

/// The order of two messages of a home, whose keys both begin with `prefix` bytes that are the same: those of one app as their keys are ordered.
/// Only of two ids that are both kept as UUIDs, or both as texts, the bytes sort as their texts do.
pub fn order_in_home(prefix: usize, one: &[u8], other: &[u8]) -> Ordering {
    let (one, other) = (&one[prefix..], &other[prefix..]);
    let same = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let Some(id) = id_at(one).filter(|id| *id <= same) else { return one.cmp(other) };
    match (one.get(id), other.get(id)) {
        (Some(&id::UUID), Some(&id::UUID)) => one.cmp(other),
        (Some(&(id::WAMID..)), _) | (_, Some(&(id::WAMID..))) => take_message_id(&one[id..]).ok().cmp(&take_message_id(&other[id..]).ok()),
        _ => one.cmp(other),
    }
}

/// Where the id of a message begins, in the part of its key behind the home.
fn id_at(key: &[u8]) -> Option<usize> {
    Some(app_bytes(key).ok()? + size_of::<i64>() + 1)
}

/// How many bytes the app has that a key goes on with.
fn app_bytes(key: &[u8]) -> Result<usize, DecodeError> {
    let mut rest = key;
    if take_place(&mut rest)? == 0 {
        (0..3).try_for_each(|_| take_text(&mut rest).map(drop))?;
    }
    Ok(key.len() - rest.len())
}

/// A key from bytes.
pub fn decode(bytes: &[u8], names: &Dictionary) -> Result<Key, DecodeError> {
    let mut rest = bytes;
    let kind = take_byte(&mut rest)?;
    let key = match kind {
        JOIN => Key::Join(take_app(&mut rest, names)?, id::take(std::mem::take(&mut rest))?),
        CONTACT => Key::Contact(take_home(&mut rest, names)?),
        CIRCLE => Key::Circle(take_home(&mut rest, names)?),
        THREAD => Key::Thread(take_home(&mut rest, names)?, take_app(&mut rest, names)?),
        MESSAGE => Key::Message(take_home(&mut rest, names)?, take_message(&mut rest, names)?),
        _ => return Err(DecodeError::Value("a key's kind")),
    };
    if rest.is_empty() { Ok(key) } else { Err(DecodeError::Value("a key's length")) }
}

fn put_app(bytes: &mut Vec<u8>, names: &mut impl Places, app: &App) {
    let place = names.app(app);
    put_place(bytes, place);
    if place.is_none() {
        for text in [app.tenant(), app.name(), app.scope()] {
            put_text(bytes, text);
        }
    }
}

fn put_name(bytes: &mut Vec<u8>, names: &mut impl Places, name: &Arc<str>) {
    let place = names.text(name);
    put_place(bytes, place);
    if place.is_none() {
        put_text(bytes, name);
    }
}

fn put_place(bytes: &mut Vec<u8>, place: Option<u32>) {
    varint::put(bytes, place.map_or(0, |place| u64::from(place) + 1));
}

fn put_home(bytes: &mut Vec<u8>, names: &mut impl Places, home: &Home) {
    match home {
        Home::Number { tenant, class } => {
            bytes.push(NUMBER);
            put_name(bytes, names, tenant);
            digits::put(bytes, class.value());
        }
        Home::User { tenant, user } => {
            bytes.push(USER);
            put_name(bytes, names, tenant);
            put_name(bytes, names, &user.scope);
            put_text(bytes, user.id.reveal());
        }
    }
}

fn put_message(bytes: &mut Vec<u8>, names: &mut impl Places, message: &MessageKey) {
    put_app(bytes, names, &message.app);
    put_seconds(bytes, message.at_s);
    bytes.push(match message.direction {
        Direction::Outbound => OUTBOUND,
        Direction::Inbound => INBOUND,
    });
    if message.id.uuid().is_some() {
        id::put(&message.id, bytes);
    } else {
        let start = bytes.len();
        id::put(&message.id, bytes);
        if bytes[start..].contains(&0) {
            let plain = bytes.split_off(start);
            put_escaped(bytes, &plain);
        }
    }
    if message.echo {
        bytes.extend_from_slice(&END);
    }
}

fn put_seconds(bytes: &mut Vec<u8>, at_s: i64) {
    bytes.extend_from_slice(&(at_s.cast_unsigned() ^ 1 << 63).to_be_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_escaped(bytes, text.as_bytes());
    bytes.extend_from_slice(&END);
}

fn put_escaped(bytes: &mut Vec<u8>, plain: &[u8]) {
    let mut parts = plain.split(|byte| *byte == 0);
    bytes.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        bytes.extend_from_slice(&ESCAPED);
        bytes.extend_from_slice(part);
    }
}

fn take_app(rest: &mut &[u8], names: &Dictionary) -> Result<App, DecodeError> {
    match take_place(rest)? {
        0 => {
            let [tenant, name, scope] = [take_text(rest)?, take_text(rest)?, take_text(rest)?];
            Ok(App::new(&tenant, &name, &scope))
        }
        place => names.apps().get(place - 1).cloned().ok_or(DecodeError::Value("a key's app")),
    }
}

fn take_name(rest: &mut &[u8], names: &Dictionary) -> Result<Arc<str>, DecodeError> {
    match take_place(rest)? {
        0 => take_text(rest).map(Arc::from),
        place => names.texts().get(place - 1).cloned().ok_or(DecodeError::Value("a key's name")),
    }
}

fn take_home(rest: &mut &[u8], names: &Dictionary) -> Result<Home, DecodeError> {
    match take_byte(rest)? {
        NUMBER => Ok(Home::Number { tenant: take_name(rest, names)?, class: take_class(rest)? }),
        USER => {
            let (tenant, scope) = (take_name(rest, names)?, take_name(rest, names)?);
            let id = Bsuid::parse(&take_text(rest)?).ok_or(DecodeError::Value("a key's BSUID"))?;
            Ok(Home::User { tenant, user: User { scope, id } })
        }
        _ => Err(DecodeError::Value("a key's home")),
    }
}

fn take_message(rest: &mut &[u8], names: &Dictionary) -> Result<MessageKey, DecodeError> {
    let app = take_app(rest, names)?;
    let (seconds, after) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
    *rest = after;
    let at_s = (u64::from_be_bytes(*seconds) ^ 1 << 63).cast_signed();
    let direction = match take_byte(rest)? {
        OUTBOUND => Direction::Outbound,
        INBOUND => Direction::Inbound,
        _ => return Err(DecodeError::Value("a key's direction")),
    };
    let (id, echo) = take_message_id(std::mem::take(rest))?;
    Ok(MessageKey { app, at_s, direction, id, echo })
}

/// An id that goes up to the end of its key, and whether it is that of an echo.
fn take_message_id(bytes: &[u8]) -> Result<(MessageId, bool), DecodeError> {
    const UUID_BYTES: usize = 17;
    if bytes.first() == Some(&id::UUID) {
        let (uuid, rest) = bytes.split_at_checked(UUID_BYTES).ok_or(DecodeError::Truncated)?;
        return match rest {
            [] => id::take(uuid).map(|id| (id, false)),
            rest if *rest == END => id::take(uuid).map(|id| (id, true)),
            _ => Err(DecodeError::Value("a key's message id")),
        };
    }
    if !bytes.contains(&0) {
        return id::take(bytes).map(|id| (id, false));
    }
    let echo = bytes.ends_with(&END);
    let mut text = bytes.to_vec();
    if !echo {
        text.extend_from_slice(&END);
    }
    let mut rest = text.as_slice();
    let id = id::take(&take_escaped(&mut rest)?)?;
    if rest.is_empty() { Ok((id, echo)) } else { Err(DecodeError::Value("a key's message id")) }
}

/// A place in the dictionary, or 0.
fn take_place(rest: &mut &[u8]) -> Result<usize, DecodeError> {
    let (place, _) = varint::take(rest).ok_or(DecodeError::Overlong)?;
    usize::try_from(place).map_err(|_| DecodeError::Overlong)
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, DecodeError> {
    let (byte, after) = rest.split_first().ok_or(DecodeError::Truncated)?;
    *rest = after;
    Ok(*byte)
}

fn take_text(rest: &mut &[u8]) -> Result<String, DecodeError> {
    String::from_utf8(take_escaped(rest)?).map_err(|_| DecodeError::Text)
}

fn take_escaped(rest: &mut &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut text = Vec::new();
    loop {
        let zero = rest.iter().position(|byte| *byte == 0).ok_or(DecodeError::Truncated)?;
        text.extend_from_slice(&rest[..zero]);
        let (mark, after) = rest[zero..].split_first_chunk().ok_or(DecodeError::Truncated)?;
        *rest = after;
        match *mark {
            END => return Ok(text),
            ESCAPED => text.push(0),
            _ => return Err(DecodeError::Value("a key's text")),
        }
    }
}

fn take_class(rest: &mut &[u8]) -> Result<Class, DecodeError> {
    let number = digits::take(rest)?;
    Class::from_value(number.value()).ok_or(DecodeError::Value("a key's class"))
}
