//! Repeated values as fields: lists, sets, maps, and pairs, which are the entries of maps.

use super::{DecodeError, Field, Message, Reader, Value, Wire, Writer, put_value, take_value};
use crate::domain::flat::{FlatMap, FlatSet};
use std::borrow::Borrow;

/// Writes values, which are packed into one field if their type is.
pub fn put_all<T: Value>(values: impl ExactSizeIterator<Item = impl Borrow<T>>, number: u32, out: &mut Writer) {
    if !T::PACKED {
        for value in values {
            put_value(value.borrow(), number, out);
        }
    } else if values.len() > 0 {
        out.tag(number, Wire::Length);
        out.nested(|out| values.for_each(|value| value.borrow().write(out)));
    }
}

/// Reads what is in one field.
pub fn take_some<T: Value>(number: u32, wire: Wire, input: &mut Reader<'_>, mut keep: impl FnMut(T)) -> Result<(), DecodeError> {
    if !T::PACKED {
        keep(take_value(number, wire, input)?);
        return Ok(());
    }
    if wire != Wire::Length {
        return Err(DecodeError::FieldType(number));
    }
    input.nested(|input| {
        while !input.rest.is_empty() {
            keep(T::read(input)?);
        }
        Ok(())
    })
}

impl<T: Value> Field for Vec<T> {
    fn put(&self, number: u32, out: &mut Writer) {
        put_all::<T>(self.iter(), number, out);
    }

    fn take(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        let values = slot.get_or_insert_default();
        take_some(number, wire, input, |value| values.push(value))
    }

    fn close(slot: Option<Self>, _: &'static str, _: &Reader<'_>) -> Result<Self, DecodeError> {
        Ok(slot.unwrap_or_default())
    }
}

impl<T: Value + Ord> Field for FlatSet<T> {
    fn put(&self, number: u32, out: &mut Writer) {
        put_all::<T>(self.iter(), number, out);
    }

    fn take(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        let values = slot.get_or_insert_default();
        take_some(number, wire, input, |value| {
            values.insert(value);
        })
    }

    fn close(slot: Option<Self>, _: &'static str, _: &Reader<'_>) -> Result<Self, DecodeError> {
        Ok(slot.unwrap_or_default())
    }
}

impl<K: Field + Ord, V: Field> Field for FlatMap<K, V> {
    fn put(&self, number: u32, out: &mut Writer) {
        for (key, value) in self {
            out.tag(number, Wire::Length);
            out.nested(|out| {
                key.put(1, out);
                value.put(2, out);
            });
        }
    }

    fn take(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        let (key, value) = take_value::<(K, V)>(number, wire, input)?;
        slot.get_or_insert_default().insert(key, value);
        Ok(())
    }

    fn close(slot: Option<Self>, _: &'static str, _: &Reader<'_>) -> Result<Self, DecodeError> {
        Ok(slot.unwrap_or_default())
    }
}

/// A pair is a message of two fields.
impl<A: Field, B: Field> Message for (A, B) {
    fn put_fields(&self, out: &mut Writer) {
        self.0.put(1, out);
        self.1.put(2, out);
    }

    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mut one, mut other) = (None, None);
        while let Some((number, wire)) = input.tag()? {
            match number {
                1 => A::take(&mut one, number, wire, input)?,
                2 => B::take(&mut other, number, wire, input)?,
                _ => return Err(DecodeError::UnknownField(number)),
            }
        }
        Ok((A::close(one, "the first of a pair", input)?, B::close(other, "the second of a pair", input)?))
    }
}
