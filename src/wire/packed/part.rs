//! A packed record that is too large for one record of the log: in parts, which its receiver puts together again.
//!
//! All parts are in one transaction, so that a reader meets all of them or none; between them may stand what others sent.

use super::{Packed, Packer, SourceTopic, Stamp, decode, field};
use crate::wire::codec::{DecodeError, Writer, message, put_value};
use crate::wire::record::INTERNAL_BYTES_MAX;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A part of a packed record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// How many more come.
    pub left: u32,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

/// The records of a packed record that is too large for one. It bears the first stamp; each of the others has one chunk more.
pub fn split(payload: &[u8], stamp: &Stamp) -> Vec<Vec<u8>> {
    let count = u32::try_from(payload.len().div_ceil(INTERNAL_BYTES_MAX)).expect("a payload is below 2 TiB");
    let parts = (0..count).zip(payload.chunks(INTERNAL_BYTES_MAX));
    parts
        .map(|(index, bytes)| {
            let stamp = Stamp { chunk: stamp.chunk + index, ..*stamp };
            append(&Part { left: count - 1 - index, bytes: bytes.into() }, Packer::new().finish(Some(&stamp), &[], None))
        })
        .collect()
}

/// What has come in parts and is not whole yet, by its source.
#[derive(Default)]
pub struct Parts(BTreeMap<(SourceTopic, i32), (u32, Vec<u8>)>);

impl Parts {
    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes a record: itself if it is whole, what it makes whole, or nothing if more is to come.
    pub fn take(&mut self, packed: Packed) -> Result<Option<Packed>, DecodeError> {
        let Some(Part { left, bytes }) = &packed.part else { return Ok(Some(packed)) };
        let source = packed.stamp.map(|stamp| (stamp.topic, stamp.partition)).ok_or(DecodeError::Missing("Packed.stamp"))?;
        let (expected, so_far) = self.0.entry(source).or_insert_with(|| (*left, Vec::new()));
        if expected != left {
            return Err(DecodeError::Missing("Packed.part"));
        }
        so_far.extend_from_slice(bytes);
        if let Some(next) = left.checked_sub(1) {
            *expected = next;
            return Ok(None);
        }
        let (_, whole) = self.0.remove(&source).expect("just extended");
        decode(&whole).map(Some)
    }
}

/// Puts a part behind the bytes of a record.
pub(super) fn append(part: &Part, bytes: Vec<u8>) -> Vec<u8> {
    let mut out = Writer { bytes, ..Writer::default() };
    put_value(part, field::PART, &mut out);
    out.bytes
}

message! {
    Part { 1 left, 2 bytes }
}
