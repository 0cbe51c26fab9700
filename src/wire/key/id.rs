//! A message id as bytes.

use super::{DecodeError, digits, take_byte};
use crate::domain::ids::MessageId;
use crate::domain::wamid::Wamid;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

/// What a UUID begins with: no text does.
pub const UUID: u8 = 0xFF;
/// What stands before the base64 of one of Meta's: nor does any text begin so.
pub const BASE64: u8 = 0xFE;
/// What one begins with that has the form of most of Meta's.
pub const WAMID: u8 = 0xFD;

/// Appends an id.
pub fn put(id: &MessageId, bytes: &mut Vec<u8>) {
    if let Some(uuid) = id.uuid() {
        bytes.push(UUID);
        bytes.extend_from_slice(uuid.as_bytes());
    } else if let Some(wamid) = id.wamid() {
        bytes.extend_from_slice(&[WAMID, wamid.side]);
        digits::put(bytes, wamid.number.value());
        bytes.extend_from_slice(wamid.own());
    } else {
        put_text(&id.reveal(), bytes);
    }
}

fn put_text(text: &str, bytes: &mut Vec<u8>) {
    let start = bytes.len();
    if let Some(base64) = text.strip_prefix(MessageId::WAMID) {
        bytes.push(BASE64);
        if STANDARD.decode_vec(base64, bytes).is_ok() {
            return;
        }
        bytes.truncate(start);
    }
    bytes.extend_from_slice(text.as_bytes());
}

/// The id that these are all bytes of.
pub fn take(bytes: &[u8]) -> Result<MessageId, DecodeError> {
    let id = match bytes.split_first() {
        Some((&UUID, uuid)) => Uuid::from_slice(uuid).ok().map(MessageId::from_uuid),
        Some((&WAMID, mut rest)) => {
            let (side, number) = (take_byte(&mut rest)?, digits::take(&mut rest)?);
            Wamid::new(number, side, rest).map(MessageId::from_wamid)
        }
        Some((&BASE64, plain)) => {
            let mut text = MessageId::WAMID.to_owned();
            STANDARD.encode_string(plain, &mut text);
            MessageId::parse(&text).filter(|id| id.wamid().is_none())
        }
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::Text)?;
            MessageId::parse(text).filter(|id| id.uuid().is_none() && id.wamid().is_none())
        }
    };
    id.ok_or(DecodeError::Value("MessageId"))
}
