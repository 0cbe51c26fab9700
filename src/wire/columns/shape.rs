//! The bytes that shapes are made of.

use crate::wire::codec::{DecodeError, Wire};
use crate::wire::varint;

/// What a shape says of the value.
pub mod value {
    pub const REMOVED: u8 = 0;
    pub const WHOLE: u8 = 1;
    pub const FIELDS: u8 = 2;
}

/// What a shape says of a field with a length.
pub mod length {
    pub const BYTES: u8 = 0;
    pub const MESSAGE: u8 = 1;
}

/// Behind the fields of a message: no tag is 0.
pub const END: u8 = 0;

/// How deep messages are taken apart.
pub const DEPTH_MAX: usize = 16;

/// How a field of this tag is delimited; `None` if it is no tag of waid's.
pub fn wire(tag: u64) -> Option<Wire> {
    match tag & 7 {
        _ if tag < 8 => None,
        0 => Some(Wire::Varint),
        2 => Some(Wire::Length),
        _ => None,
    }
}

/// A number.
pub fn take_varint(rest: &mut &[u8]) -> Result<u64, DecodeError> {
    varint::take(rest).map(|(value, _)| value).ok_or(DecodeError::Overlong)
}

/// A length and so many bytes.
pub fn take_slice<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let length = usize::try_from(take_varint(rest)?).map_err(|_| DecodeError::Truncated)?;
    let (slice, after) = rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
    *rest = after;
    Ok(slice)
}

/// A byte.
pub fn take_byte(rest: &mut &[u8]) -> Result<u8, DecodeError> {
    let (byte, after) = rest.split_first().ok_or(DecodeError::Truncated)?;
    *rest = after;
    Ok(*byte)
}
