//! Rows as a table: what stands in one field of all of them is one column, since it is of one kind and compresses far better so than between
//! other fields. Rows of one shape, with the same fields, differ in nothing else.
//!
//! ```text
//! column 0    shapes, each once: varint: its bytes ┃ shape
//! column 1    row by row, varint: its shape
//! others      what is in one field, row by row, in the order in which shapes name the fields first: numbers in one,
//!             of bytes their lengths in one and themselves in the next
//!
//! shape       pieces of the key ┃ of each what it has in common with others, behind its length
//!             0                     the row was removed
//!             1                     its value is no Protobuf and one field
//!             2 ┃ format ┃ fields   its value
//! fields      field … 0
//! field       tag of a number
//!             tag of bytes ┃ 0
//!             tag of a message ┃ 1 ┃ fields
//! ```
//!
//! A value is taken apart without knowing what it says: bytes that could be a message count as one, and come together again as they were.

use super::codec::{DecodeError, Wire, Writer};
use super::key::pieces;
use super::varint;
use std::collections::{BTreeMap, HashMap};

const SHAPES: usize = 0;
const ROWS: usize = 1;

/// What a shape says of the value.
mod value {
    pub const REMOVED: u8 = 0;
    pub const WHOLE: u8 = 1;
    pub const FIELDS: u8 = 2;
}

/// What a shape says of a field with a length.
mod length {
    pub const BYTES: u8 = 0;
    pub const MESSAGE: u8 = 1;
}

/// Behind the fields of a message: no tag is 0.
const END: u8 = 0;

/// How deep messages are taken apart.
const DEPTH_MAX: usize = 16;

/// Rows being put into columns.
pub struct Table {
    columns: Vec<Vec<u8>>,
    shapes: HashMap<Vec<u8>, usize>,
    layouts: Vec<Layout>,
    places: Places,
}

/// Where a row's parts are.
struct Layout {
    key: Vec<(Vec<u8>, Place)>,
    value: Value,
}

enum Value {
    Removed,
    Whole(Place),
    Fields(u8, Vec<Field>),
}

struct Field {
    tag: u64,
    content: Content,
}

enum Content {
    Number(usize),
    Bytes(Place),
    Message(Vec<Field>),
}

/// The column of lengths; the bytes are in the next.
#[derive(Clone, Copy)]
struct Place(usize);

/// The columns so far, by what leads to them.
struct Places {
    known: BTreeMap<Vec<u8>, usize>,
    next: usize,
}

/// A row taken apart: its shape, and what is in its columns.
#[derive(Default)]
struct Parts<'a> {
    shape: Vec<u8>,
    contents: Vec<&'a [u8]>,
}

impl Default for Table {
    fn default() -> Self {
        Self { columns: vec![Vec::new(), Vec::new()], shapes: HashMap::new(), layouts: Vec::new(), places: Places::new() }
    }
}

impl Table {
    /// Puts a row behind the others: its key, and its value unless it was removed.
    pub fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        let parts = Parts::of(key, value);
        let shape = self.shape(&parts.shape);
        varint::put(&mut self.columns[ROWS], shape as u64);
        let mut contents = parts.contents.into_iter();
        self.layouts[shape].put(&mut contents, &mut self.columns);
    }

    /// The columns.
    #[must_use]
    pub fn columns(self) -> Vec<Vec<u8>> {
        self.columns
    }

    fn shape(&mut self, shape: &[u8]) -> usize {
        if let Some(known) = self.shapes.get(shape) {
            return *known;
        }
        let layout = Layout::of(shape, &mut self.places).expect("a shape just made");
        self.columns.resize_with(self.places.next, Vec::new);
        varint::put(&mut self.columns[SHAPES], shape.len() as u64);
        self.columns[SHAPES].extend_from_slice(shape);
        self.layouts.push(layout);
        self.shapes.insert(shape.to_vec(), self.layouts.len() - 1);
        self.layouts.len() - 1
    }
}

/// Gives the rows of these columns to `take`, in their order: key, and value unless it was removed.
pub fn rows(columns: &[&[u8]], mut take: impl FnMut(&[u8], Option<&[u8]>)) -> Result<(), DecodeError> {
    let (mut columns, mut places) = (columns.to_vec(), Places::new());
    let mut layouts = Vec::new();
    while let Some(shape) = next_shape(&mut columns)? {
        layouts.push(Layout::of(shape, &mut places)?);
    }
    if columns.len() < places.next {
        return Err(DecodeError::Truncated);
    }
    let (mut key, mut value) = (Vec::new(), Writer::default());
    while !columns[ROWS].is_empty() {
        let shape = usize::try_from(take_varint(&mut columns[ROWS])?).ok();
        let layout = shape.and_then(|shape| layouts.get(shape)).ok_or(DecodeError::Value("a row's shape"))?;
        key.clear();
        value.bytes.clear();
        for (common, place) in &layout.key {
            key.extend_from_slice(common);
            key.extend_from_slice(place.take(&mut columns)?);
        }
        let is_there = layout.value.take(&mut columns, &mut value)?;
        take(&key, is_there.then_some(&value.bytes));
    }
    Ok(())
}

fn next_shape<'a>(columns: &mut [&'a [u8]]) -> Result<Option<&'a [u8]>, DecodeError> {
    let shapes = columns.get_mut(SHAPES).ok_or(DecodeError::Truncated)?;
    if shapes.is_empty() { Ok(None) } else { take_slice(shapes).map(Some) }
}

impl<'a> Parts<'a> {
    fn of(key: &'a [u8], value: Option<&'a [u8]>) -> Self {
        let mut parts = Self::default();
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

impl Places {
    const fn new() -> Self {
        Self { known: BTreeMap::new(), next: ROWS + 1 }
    }

    fn number(&mut self, path: &[u8]) -> usize {
        self.columns(path, 1)
    }

    fn bytes(&mut self, path: &[u8]) -> Place {
        Place(self.columns(path, 2))
    }

    fn columns(&mut self, path: &[u8], count: usize) -> usize {
        if let Some(known) = self.known.get(path) {
            return *known;
        }
        self.known.insert(path.to_vec(), self.next);
        self.next += count;
        self.next - count
    }
}

impl Layout {
    fn of(shape: &[u8], places: &mut Places) -> Result<Self, DecodeError> {
        let (mut rest, mut path) = (shape, Vec::new());
        let mut key = Vec::new();
        for _ in 0..take_varint(&mut rest)? {
            let common = take_slice(&mut rest)?;
            path.push(b'k');
            path.extend_from_slice(common);
            key.push((common.to_vec(), places.bytes(&path)));
        }
        let value = match take_byte(&mut rest)? {
            value::REMOVED => Value::Removed,
            value::WHOLE => Value::Whole(places.bytes(b"w")),
            value::FIELDS => {
                let format = take_byte(&mut rest)?;
                Value::Fields(format, Field::all(&mut rest, &mut vec![b'v'], places, 0)?)
            }
            _ => return Err(DecodeError::Value("a shape's value")),
        };
        if rest.is_empty() { Ok(Self { key, value }) } else { Err(DecodeError::Value("a shape's length")) }
    }

    fn put<'a>(&self, contents: &mut impl Iterator<Item = &'a [u8]>, columns: &mut [Vec<u8>]) {
        for (_, place) in &self.key {
            place.put(contents, columns);
        }
        match &self.value {
            Value::Removed => {}
            Value::Whole(place) => place.put(contents, columns),
            Value::Fields(_, fields) => Field::put_all(fields, contents, columns),
        }
    }
}

impl Value {
    /// Whether it is there, and then its bytes.
    fn take(&self, columns: &mut [&[u8]], out: &mut Writer) -> Result<bool, DecodeError> {
        match self {
            Self::Removed => return Ok(false),
            Self::Whole(place) => out.bytes.extend_from_slice(place.take(columns)?),
            Self::Fields(format, fields) => {
                out.bytes.push(*format);
                Field::take_all(fields, columns, out)?;
            }
        }
        Ok(true)
    }
}

impl Field {
    fn all(shape: &mut &[u8], path: &mut Vec<u8>, places: &mut Places, depth: usize) -> Result<Vec<Self>, DecodeError> {
        let mut fields = Vec::new();
        loop {
            let tag = take_varint(shape)?;
            if tag == u64::from(END) {
                return Ok(fields);
            }
            let before = path.len();
            varint::put(path, tag);
            let content = match wire(tag).ok_or(DecodeError::Value("a shape's tag"))? {
                Wire::Varint => Content::Number(places.number(path)),
                Wire::Length => match take_byte(shape)? {
                    length::BYTES => {
                        path.push(length::BYTES);
                        Content::Bytes(places.bytes(path))
                    }
                    length::MESSAGE if depth < DEPTH_MAX => {
                        path.push(length::MESSAGE);
                        Content::Message(Self::all(shape, path, places, depth + 1)?)
                    }
                    _ => return Err(DecodeError::Value("a shape's field")),
                },
            };
            path.truncate(before);
            fields.push(Self { tag, content });
        }
    }

    fn put_all<'a>(fields: &[Self], contents: &mut impl Iterator<Item = &'a [u8]>, columns: &mut [Vec<u8>]) {
        for field in fields {
            match &field.content {
                Content::Number(column) => columns[*column].extend_from_slice(contents.next().expect("of this shape")),
                Content::Bytes(place) => place.put(contents, columns),
                Content::Message(fields) => Self::put_all(fields, contents, columns),
            }
        }
    }

    fn take_all(fields: &[Self], columns: &mut [&[u8]], out: &mut Writer) -> Result<(), DecodeError> {
        for field in fields {
            out.varint(field.tag);
            match &field.content {
                Content::Number(column) => out.varint(take_varint(&mut columns[*column])?),
                Content::Bytes(place) => out.slice(place.take(columns)?),
                Content::Message(fields) => {
                    let mut taken = Ok(());
                    out.nested(|out| taken = Self::take_all(fields, columns, out));
                    taken?;
                }
            }
        }
        Ok(())
    }
}

impl Place {
    fn put<'a>(self, contents: &mut impl Iterator<Item = &'a [u8]>, columns: &mut [Vec<u8>]) {
        let bytes = contents.next().expect("of this shape");
        varint::put(&mut columns[self.0], bytes.len() as u64);
        columns[self.0 + 1].extend_from_slice(bytes);
    }

    fn take<'a>(self, columns: &mut [&'a [u8]]) -> Result<&'a [u8], DecodeError> {
        let length = usize::try_from(take_varint(&mut columns[self.0])?).map_err(|_| DecodeError::Truncated)?;
        let (bytes, rest) = columns[self.0 + 1].split_at_checked(length).ok_or(DecodeError::Truncated)?;
        columns[self.0 + 1] = rest;
        Ok(bytes)
    }
}

fn wire(tag: u64) -> Option<Wire> {
    match tag & 7 {
        _ if tag < 8 => None,
        0 => Some(Wire::Varint),
        2 => Some(Wire::Length),
        _ => None,
    }
}

fn take_varint(rest: &mut &[u8]) -> Result<u64, DecodeError> {
    varint::take(rest).map(|(value, _)| value).ok_or(DecodeError::Overlong)
}

/// A length and so many bytes.
fn take_slice<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let length = usize::try_from(take_varint(rest)?).map_err(|_| DecodeError::Truncated)?;
    let (slice, after) = rest.split_at_checked(length).ok_or(DecodeError::Truncated)?;
    *rest = after;
    Ok(slice)
}

fn take_byte(rest: &mut &[u8]) -> Result<u8, DecodeError> {
    let (byte, after) = rest.split_first().ok_or(DecodeError::Truncated)?;
    *rest = after;
    Ok(*byte)
}

#[cfg(test)]
mod tests;
