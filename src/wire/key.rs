//! The keys of rows as bytes, which sort as the keys do: so a scan of neighbours gives the messages of a conversation in their order.
//!
//! ```text
//! Join     1 ┃ app ┃ id
//! Contact  2 ┃ home
//! Circle   3 ┃ home
//! Thread   4 ┃ home ┃ app
//! Message  5 ┃ home ┃ app ┃ seconds ┃ direction ┃ id
//!
//! app        text of the tenant ┃ text of the name ┃ text of the scope
//! home       1 ┃ text of the tenant ┃ number            (a number's class)
//!            2 ┃ text of the tenant ┃ text of the scope ┃ text of the BSUID
//! text       its UTF-8, each byte 00 as 00 FF; then 00 01
//! number     7 bytes, big-endian: the digits, filled up to 15 with zeros on the right, times 16, plus how many they are
//! seconds    8 bytes, big-endian, the highest bit turned
//! direction  1 outbound, 2 inbound
//! id         its UTF-8, up to the end; of a message, each byte 00 of it as 00 FF, and of an echo then 00 01
//! ```

use super::codec::DecodeError;
use crate::domain::entity::{Direction, Home};
use crate::domain::ids::{App, Bsuid, MessageId, Number, User};
use crate::domain::number::Class;
use crate::domain::state::{Key, MessageKey};

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

/// A key as bytes.
pub fn encode(key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    put(key, &mut bytes);
    bytes
}

/// A key as bytes, after what is in `bytes`.
pub fn put(key: &Key, bytes: &mut Vec<u8>) {
    match key {
        Key::Join(app, id) => {
            bytes.push(JOIN);
            put_app(bytes, app);
            bytes.extend_from_slice(id.reveal().as_bytes());
        }
        Key::Contact(home) => {
            bytes.push(CONTACT);
            put_home(bytes, home);
        }
        Key::Circle(home) => {
            bytes.push(CIRCLE);
            put_home(bytes, home);
        }
        Key::Thread(home, app) => {
            bytes.push(THREAD);
            put_home(bytes, home);
            put_app(bytes, app);
        }
        Key::Message(home, message) => {
            bytes.push(MESSAGE);
            put_home(bytes, home);
            put_message(bytes, message);
        }
    }
}

/// What the keys of all messages of a home begin with; of one app's; of one app's from this second on.
pub fn messages_prefix(home: &Home, app: Option<&App>, from_s: Option<i64>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    bytes.push(MESSAGE);
    put_home(&mut bytes, home);
    if let Some(app) = app {
        put_app(&mut bytes, app);
        if let Some(from_s) = from_s {
            put_seconds(&mut bytes, from_s);
        }
    }
    bytes
}

/// A key from bytes.
pub fn decode(bytes: &[u8]) -> Result<Key, DecodeError> {
    let mut rest = bytes;
    let kind = take_byte(&mut rest)?;
    let key = match kind {
        JOIN => Key::Join(take_app(&mut rest)?, take_id(&mut rest)?),
        CONTACT => Key::Contact(take_home(&mut rest)?),
        CIRCLE => Key::Circle(take_home(&mut rest)?),
        THREAD => Key::Thread(take_home(&mut rest)?, take_app(&mut rest)?),
        MESSAGE => Key::Message(take_home(&mut rest)?, take_message(&mut rest)?),
        _ => return Err(DecodeError::Value("a key's kind")),
    };
    if rest.is_empty() { Ok(key) } else { Err(DecodeError::Value("a key's length")) }
}

fn put_app(bytes: &mut Vec<u8>, app: &App) {
    for text in [app.tenant(), app.name(), app.scope()] {
        put_text(bytes, text);
    }
}

fn put_home(bytes: &mut Vec<u8>, home: &Home) {
    match home {
        Home::Number { tenant, class } => {
            bytes.push(NUMBER);
            put_text(bytes, tenant);
            put_number(bytes, class.value());
        }
        Home::User { tenant, user } => {
            bytes.push(USER);
            put_text(bytes, tenant);
            put_text(bytes, &user.scope);
            put_text(bytes, user.id.reveal());
        }
    }
}

fn put_message(bytes: &mut Vec<u8>, message: &MessageKey) {
    put_app(bytes, &message.app);
    put_seconds(bytes, message.at_s);
    bytes.push(match message.direction {
        Direction::Outbound => OUTBOUND,
        Direction::Inbound => INBOUND,
    });
    put_escaped(bytes, message.id.reveal());
    if message.echo {
        bytes.extend_from_slice(&END);
    }
}

fn put_seconds(bytes: &mut Vec<u8>, at_s: i64) {
    bytes.extend_from_slice(&(at_s.cast_unsigned() ^ 1 << 63).to_be_bytes());
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_escaped(bytes, text);
    bytes.extend_from_slice(&END);
}

fn put_escaped(bytes: &mut Vec<u8>, text: &str) {
    let mut parts = text.as_bytes().split(|byte| *byte == 0);
    bytes.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        bytes.extend_from_slice(&ESCAPED);
        bytes.extend_from_slice(part);
    }
}

fn put_number(bytes: &mut Vec<u8>, digits: u64) {
    let count = count(digits);
    let filled = digits * fill(count) * 16 + u64::from(count);
    bytes.extend_from_slice(&filled.to_be_bytes()[1..]);
}

const fn count(digits: u64) -> u32 {
    digits.ilog10() + 1
}

/// What fills so many digits up to 15.
const fn fill(count: u32) -> u64 {
    10_u64.pow(Number::DIGITS_MAX.saturating_sub(count))
}

fn take_app(rest: &mut &[u8]) -> Result<App, DecodeError> {
    let [tenant, name, scope] = [take_text(rest)?, take_text(rest)?, take_text(rest)?];
    Ok(App::new(&tenant, &name, &scope))
}

fn take_home(rest: &mut &[u8]) -> Result<Home, DecodeError> {
    match take_byte(rest)? {
        NUMBER => Ok(Home::Number { tenant: take_text(rest)?.into(), class: take_number(rest)? }),
        USER => {
            let (tenant, scope) = (take_text(rest)?.into(), take_text(rest)?.into());
            let id = Bsuid::parse(&take_text(rest)?).ok_or(DecodeError::Value("a key's BSUID"))?;
            Ok(Home::User { tenant, user: User { scope, id } })
        }
        _ => Err(DecodeError::Value("a key's home")),
    }
}

fn take_message(rest: &mut &[u8]) -> Result<MessageKey, DecodeError> {
    let app = take_app(rest)?;
    let (seconds, after) = rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
    *rest = after;
    let at_s = (u64::from_be_bytes(*seconds) ^ 1 << 63).cast_signed();
    let direction = match take_byte(rest)? {
        OUTBOUND => Direction::Outbound,
        INBOUND => Direction::Inbound,
        _ => return Err(DecodeError::Value("a key's direction")),
    };
    let echo = rest.ends_with(&END);
    let mut id = std::mem::take(rest).to_vec();
    if !echo {
        id.extend_from_slice(&END);
    }
    let mut text = id.as_slice();
    let id = MessageId::parse(&take_text(&mut text)?).filter(|_| text.is_empty()).ok_or(DecodeError::Value("a key's message id"))?;
    Ok(MessageKey { app, at_s, direction, id, echo })
}

fn take_id(rest: &mut &[u8]) -> Result<MessageId, DecodeError> {
    let text = std::str::from_utf8(std::mem::take(rest)).map_err(|_| DecodeError::Text)?;
    MessageId::parse(text).ok_or(DecodeError::Value("a key's message id"))
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, DecodeError> {
    let (byte, after) = rest.split_first().ok_or(DecodeError::Truncated)?;
    *rest = after;
    Ok(*byte)
}

fn take_text(rest: &mut &[u8]) -> Result<String, DecodeError> {
    let mut text = Vec::new();
    loop {
        let zero = rest.iter().position(|byte| *byte == 0).ok_or(DecodeError::Truncated)?;
        text.extend_from_slice(&rest[..zero]);
        let (mark, after) = rest[zero..].split_first_chunk().ok_or(DecodeError::Truncated)?;
        *rest = after;
        match *mark {
            END => return String::from_utf8(text).map_err(|_| DecodeError::Text),
            ESCAPED => text.push(0),
            _ => return Err(DecodeError::Value("a key's text")),
        }
    }
}

fn take_number(rest: &mut &[u8]) -> Result<Class, DecodeError> {
    let (number, after) = rest.split_first_chunk::<7>().ok_or(DecodeError::Truncated)?;
    *rest = after;
    let filled = number.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let said = u32::try_from(filled % 16).expect("less than 16");
    let exact = (filled / 16).is_multiple_of(fill(said));
    let class = Class::from_value(filled / 16 / fill(said));
    class.filter(|class| exact && count(class.value()) == said).ok_or(DecodeError::Value("a key's number"))
}
