//! A row taken apart.

use super::shape::{DEPTH_MAX, END, length, value, wire};
use crate::wire::codec::Wire;
use crate::wire::key::pieces;
use crate::wire::varint;

/// Room for the shape of an ordinary row, bytes.
const SHAPE_BYTES: usize = 128;

/// Room for what is in its columns.
const CONTENTS: usize = 32;

/// A row's shape, and what is in its columns.
pub struct Parts<'a> {
    /// Its shape.
    pub shape: Vec<u8>,
    /// What goes into columns.
    pub contents: Vec<&'a [u8]>,
}

impl<'a> Parts<'a> {
    /// Those of a row, with its value unless it was removed.
    pub fn of(key: &'a [u8], value: Option<&'a [u8]>) -> Self {
        let mut parts = Self { shape: Vec::with_capacity(SHAPE_BYTES), contents: Vec::with_capacity(CONTENTS) };
        let pieces = pieces(key);
        varint::put(&mut parts.shape, pieces.len() as u64);
        for (common, different) in pieces {
            varint::put(&mut parts.shape, common.len() as u64);
            parts.shape.extend_from_slice(common);
            parts.contents.push(different);
        }
        parts.take_value(value);
        parts
    }

    fn take_value(&mut self, value: Option<&'a [u8]>) {
        let Some(bytes) = value else { return self.shape.push(value::REMOVED) };
        let start = self.shape.len();
        if let Some((format, fields)) = bytes.split_first() {
            self.shape.extend_from_slice(&[value::FIELDS, *format]);
            if self.are_fields(fields, 0) {
                return;
            }
        }
        self.shape.truncate(start);
        self.shape.push(value::WHOLE);
        self.contents.push(bytes);
    }

    /// Takes the fields of a message apart, if it can be one.
    fn are_fields(&mut self, message: &'a [u8], depth: usize) -> bool {
        let (shape, contents) = (self.shape.len(), self.contents.len());
        let are = depth < DEPTH_MAX && self.take_fields(message, depth).is_some();
        if !are {
            self.shape.truncate(shape);
            self.contents.truncate(contents);
        }
        are
    }

    fn take_fields(&mut self, mut message: &'a [u8], depth: usize) -> Option<()> {
        while !message.is_empty() {
            let (tag, _) = varint::take(&mut message)?;
            varint::put(&mut self.shape, tag);
            match wire(tag)? {
                Wire::Varint => self.contents.push(varint::take(&mut message)?.1),
                Wire::Length => {
                    let (length, _) = varint::take(&mut message)?;
                    let (bytes, rest) = message.split_at_checked(usize::try_from(length).ok()?)?;
                    message = rest;
                    self.take_bytes(bytes, depth);
                }
            }
        }
        self.shape.push(END);
        Some(())
    }

    fn take_bytes(&mut self, bytes: &'a [u8], depth: usize) {
        let kind = self.shape.len();
        self.shape.push(length::MESSAGE);
        if bytes.is_empty() || !self.are_fields(bytes, depth + 1) {
            self.shape[kind] = length::BYTES;
            self.contents.push(bytes);
        }
    }
}
