//! Protobuf's wire format, read. Whatever the bytes are, the answer is a value or an error.

use super::recent::Recent;
use super::writer::Wire;
use crate::domain::ids::App;
use crate::wire::varint;
use std::sync::Arc;
use thiserror::Error;

/// Bytes that are not what waid writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecodeError {
    /// They end in the middle of something.
    #[error("the bytes end too early")]
    Truncated,
    /// A varint does not end, or has more than 64 bits.
    #[error("a number is too long")]
    Overlong,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A field is none that this version knows: a newer one wrote it, and leaving it out would not be the same record.
    #[error("field {0} is unknown: a newer version of waid wrote it")]
    UnknownField(u32),
    /// A field has another wire type than it should.
    #[error("field {0} has another type")]
    FieldType(u32),
    /// A field is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A value is out of its range, or has not the form that it should.
    #[error("{0} has an impossible value")]
    Value(&'static str),
    /// An index points outside the dictionary.
    #[error("the dictionary has no entry {0}")]
    Name(u64),
    /// The format is one that this version does not know.
    #[error("format version {0} is unknown: another version of waid wrote it")]
    Version(u64),
}

/// Bytes being read, and what they may refer back to.
#[derive(Default)]
pub struct Reader<'a> {
    /// What is left of the message at hand.
    pub rest: &'a [u8],
    /// The dictionary's apps.
    pub apps: &'a [App],
    /// The dictionary's tenants and scopes.
    pub texts: &'a [Arc<str>],
    /// The apps that are named beside it.
    pub more_apps: Vec<App>,
    /// The tenants and scopes that are named beside it.
    pub more_texts: Vec<Arc<str>>,
    /// The index of the first of these.
    pub more_from: usize,
    /// What was named last.
    pub recent: Recent,
}

impl<'a> Reader<'a> {
    /// All of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, ..Self::default() }
    }

    /// The number and type of the next field; `None` at the end of the message at hand.
    pub fn tag(&mut self) -> Result<Option<(u32, Wire)>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = u32::try_from(self.varint()?).map_err(|_| DecodeError::Overlong)?;
        match tag & 7 {
            0 => Ok(Some((tag >> 3, Wire::Varint))),
            2 => Ok(Some((tag >> 3, Wire::Length))),
            _ => Err(DecodeError::FieldType(tag >> 3)),
        }
    }

    /// A number.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, DecodeError> {
        // Most are one byte.
        if let [byte @ ..0x80, rest @ ..] = self.rest {
            self.rest = rest;
            return Ok(u64::from(*byte));
        }
        self.long_varint()
    }

    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for (index, byte) in self.rest.iter().take(varint::BYTES_MAX).enumerate() {
            value |= u64::from(byte & 0x7F) << (7 * index);
            if *byte < 0x80 {
                let fits = index + 1 < varint::BYTES_MAX || *byte <= 1;
                self.rest = &self.rest[index + 1..];
                return if fits { Ok(value) } else { Err(DecodeError::Overlong) };
            }
        }
        Err(if self.rest.len() < varint::BYTES_MAX { DecodeError::Truncated } else { DecodeError::Overlong })
    }

    /// A length and so many bytes.
    pub fn slice(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(self.varint()?).map_err(|_| DecodeError::Truncated)?;
        let (slice, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(slice)
    }

    /// A length and so many bytes of text.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.slice()?).map_err(|_| DecodeError::Text)
    }

    /// A length and what `body` reads of so many bytes, which must be all.
    pub fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        let inner = self.slice()?;
        let outer = std::mem::replace(&mut self.rest, inner);
        let value = body(self);
        self.rest = outer;
        value
    }

    /// An entry of the dictionary's texts.
    pub fn named(&self, index: u64) -> Result<Arc<str>, DecodeError> {
        entry(self.texts, &self.more_texts, self.more_from, index)
    }

    /// An entry of the dictionary's apps.
    pub fn app(&self, index: u64) -> Result<App, DecodeError> {
        entry(self.apps, &self.more_apps, self.more_from, index)
    }
}

fn entry<T: Clone>(entries: &[T], more: &[T], more_from: usize, index: u64) -> Result<T, DecodeError> {
    let at = usize::try_from(index).ok();
    let known = at.and_then(|at| entries.get(at).or_else(|| more.get(at.checked_sub(more_from)?)));
    known.cloned().ok_or(DecodeError::Name(index))
}
