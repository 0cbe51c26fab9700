//! Where the parts of a row of one shape are.

use super::ROWS;
use super::shape::{DEPTH_MAX, END, length, take_byte, take_slice, take_varint, value, wire};
use crate::wire::codec::{DecodeError, Wire, Writer};
use crate::wire::varint;
use foldhash::fast::RandomState;
use std::collections::{BTreeMap, HashMap};

/// Where a row's parts are.
pub struct Layout {
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
pub struct Places {
    keys: BTreeMap<Vec<u8>, Place>,
    whole: Option<Place>,
    numbers: HashMap<(Scope, u64), usize, RandomState>,
    bytes: HashMap<(Scope, u64), Place, RandomState>,
    messages: HashMap<(Scope, u64), Scope, RandomState>,
    next: usize,
}

/// Values, or the messages in one field of them.
type Scope = usize;

/// All values.
const VALUES: Scope = 0;

impl Places {
    /// Those of shapes and rows alone.
    pub fn new() -> Self {
        Self {
            keys: BTreeMap::new(),
            whole: None,
            numbers: HashMap::default(),
            bytes: HashMap::default(),
            messages: HashMap::default(),
            next: ROWS + 1,
        }
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.next
    }

    fn piece(&mut self, path: &[u8]) -> Place {
        let Self { keys, next, .. } = self;
        keys.get(path).copied().unwrap_or_else(|| *keys.entry(path.to_vec()).or_insert(Place(take(next, 2))))
    }

    fn whole(&mut self) -> Place {
        *self.whole.get_or_insert_with(|| Place(take(&mut self.next, 2)))
    }

    fn number(&mut self, scope: Scope, tag: u64) -> usize {
        *self.numbers.entry((scope, tag)).or_insert_with(|| take(&mut self.next, 1))
    }

    fn bytes(&mut self, scope: Scope, tag: u64) -> Place {
        *self.bytes.entry((scope, tag)).or_insert_with(|| Place(take(&mut self.next, 2)))
    }

    fn message(&mut self, scope: Scope, tag: u64) -> Scope {
        let inner = self.messages.len() + 1;
        *self.messages.entry((scope, tag)).or_insert(inner)
    }
}

/// The next so many columns.
const fn take(next: &mut usize, count: usize) -> usize {
    *next += count;
    *next - count
}

impl Layout {
    /// That of a shape, whose fields may be in new columns.
    pub fn of(shape: &[u8], places: &mut Places) -> Result<Self, DecodeError> {
        let (mut rest, mut path) = (shape, Vec::new());
        let mut key = Vec::new();
        for _ in 0..take_varint(&mut rest)? {
            let common = take_slice(&mut rest)?;
            path.push(b'k');
            path.extend_from_slice(common);
            key.push((common.to_vec(), places.piece(&path)));
        }
        let value = match take_byte(&mut rest)? {
            value::REMOVED => Value::Removed,
            value::WHOLE => Value::Whole(places.whole()),
            value::FIELDS => {
                let format = take_byte(&mut rest)?;
                Value::Fields(format, Field::all(&mut rest, VALUES, places, 0)?)
            }
            _ => return Err(DecodeError::Value("a shape's value")),
        };
        if rest.is_empty() { Ok(Self { key, value }) } else { Err(DecodeError::Value("a shape's length")) }
    }

    /// Puts what a row of this shape contains into its columns.
    pub fn put<'a>(&self, contents: &mut impl Iterator<Item = &'a [u8]>, columns: &mut [Vec<u8>]) {
        for (_, place) in &self.key {
            place.put(contents, columns);
        }
        match &self.value {
            Value::Removed => {}
            Value::Whole(place) => place.put(contents, columns),
            Value::Fields(_, fields) => Field::put_all(fields, contents, columns),
        }
    }

    /// Takes the next row of this shape out of its columns; whether it has a value.
    pub fn take(&self, columns: &mut [&[u8]], key: &mut Vec<u8>, value: &mut Writer) -> Result<bool, DecodeError> {
        for (common, place) in &self.key {
            key.extend_from_slice(common);
            key.extend_from_slice(place.take(columns)?);
        }
        self.value.take(columns, value)
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
    fn all(shape: &mut &[u8], scope: Scope, places: &mut Places, depth: usize) -> Result<Vec<Self>, DecodeError> {
        let mut fields = Vec::new();
        loop {
            let tag = take_varint(shape)?;
            if tag == u64::from(END) {
                return Ok(fields);
            }
            let content = match wire(tag).ok_or(DecodeError::Value("a shape's tag"))? {
                Wire::Varint => Content::Number(places.number(scope, tag)),
                Wire::Length => match take_byte(shape)? {
                    length::BYTES => Content::Bytes(places.bytes(scope, tag)),
                    length::MESSAGE if depth < DEPTH_MAX => {
                        Content::Message(Self::all(shape, places.message(scope, tag), places, depth + 1)?)
                    }
                    _ => return Err(DecodeError::Value("a shape's field")),
                },
            };
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
