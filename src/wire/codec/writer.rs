//! Protobuf's wire format, written.

use super::names::Names;
use super::recent::Recent;
use crate::wire::varint;

/// How the value of a field is delimited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wire {
    /// A number in groups of seven bits.
    Varint = 0,
    /// A length, then so many bytes.
    Length = 2,
}

/// Bytes being written, and what they may refer back to.
#[derive(Default)]
pub struct Writer {
    /// What is written.
    pub bytes: Vec<u8>,
    /// The dictionary so far.
    pub names: Names,
    /// What was named last.
    pub recent: Recent,
}

impl Writer {
    /// The head of a field.
    pub fn tag(&mut self, number: u32, wire: Wire) {
        self.varint(u64::from(number << 3 | wire as u32));
    }

    /// A number.
    pub fn varint(&mut self, value: u64) {
        varint::put(&mut self.bytes, value);
    }

    /// A field that is a number, unless it is 0.
    pub fn uint(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.tag(number, Wire::Varint);
            self.varint(value);
        }
    }

    /// A length and so many bytes.
    pub fn slice(&mut self, slice: &[u8]) {
        self.varint(slice.len() as u64);
        self.bytes.extend_from_slice(slice);
    }

    /// A length and what `body` writes.
    pub fn nested(&mut self, body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.push(0);
        body(self);
        let length = self.bytes.len() - start - 1;
        match u8::try_from(length) {
            Ok(short) if short < 0x80 => self.bytes[start] = short,
            _ => self.lengthen(start, length as u64),
        }
    }

    /// Puts a length of more than one byte where one byte was left for it.
    fn lengthen(&mut self, start: usize, length: u64) {
        let end = self.bytes.len();
        self.varint(length);
        let mut prefix = [0; varint::BYTES_MAX];
        let width = self.bytes.len() - end;
        prefix[..width].copy_from_slice(&self.bytes[end..]);
        self.bytes.copy_within(start + 1..end, start + width);
        self.bytes[start..start + width].copy_from_slice(&prefix[..width]);
        self.bytes.truncate(end - 1 + width);
    }
}
