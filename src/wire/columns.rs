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

mod layout;
mod parts;
mod shape;

use super::codec::{DecodeError, Writer};
use super::varint;
use foldhash::fast::RandomState;
use layout::{Layout, Places};
use parts::Parts;
use shape::{take_slice, take_varint};
use std::collections::HashMap;

const SHAPES: usize = 0;
const ROWS: usize = 1;

/// Rows being put into columns.
pub struct Table {
    columns: Vec<Vec<u8>>,
    shapes: HashMap<Vec<u8>, usize, RandomState>,
    layouts: Vec<Layout>,
    places: Places,
}

impl Default for Table {
    fn default() -> Self {
        Self { columns: vec![Vec::new(), Vec::new()], shapes: HashMap::default(), layouts: Vec::new(), places: Places::new() }
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
        self.columns.resize_with(self.places.count(), Vec::new);
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
    if columns.len() < places.count() {
        return Err(DecodeError::Truncated);
    }
    let (mut key, mut value) = (Vec::new(), Writer::default());
    while !columns[ROWS].is_empty() {
        let shape = usize::try_from(take_varint(&mut columns[ROWS])?).ok();
        let layout = shape.and_then(|shape| layouts.get(shape)).ok_or(DecodeError::Value("a row's shape"))?;
        key.clear();
        value.bytes.clear();
        let is_there = layout.take(&mut columns, &mut key, &mut value)?;
        take(&key, is_there.then_some(&value.bytes));
    }
    Ok(())
}

fn next_shape<'a>(columns: &mut [&'a [u8]]) -> Result<Option<&'a [u8]>, DecodeError> {
    let shapes = columns.get_mut(SHAPES).ok_or(DecodeError::Truncated)?;
    if shapes.is_empty() { Ok(None) } else { take_slice(shapes).map(Some) }
}

#[cfg(test)]
mod tests;
