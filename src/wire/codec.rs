//! How values become fields: numbers, texts and messages, optional, repeated and as maps; and the tables that list a message's fields.

use super::reader::{DecodeError, Reader};
use super::writer::{Wire, Writer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A value of a field, without the field's head.
pub trait Value: Sized {
    /// How it is delimited.
    const WIRE: Wire = Wire::Length;
    /// Whether several go into one field, without heads.
    const PACKED: bool = false;

    /// Writes it.
    fn write(&self, out: &mut Writer);
    /// Reads it.
    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
    /// Writes it as a field of its own, which may be left out if [`Self::absent`] brings it back.
    fn put_field(&self, number: u32, out: &mut Writer) {
        put_value(self, number, out);
    }
    /// What a field that is not there means; `None` if it must be there.
    fn absent(_: &Reader<'_>) -> Option<Self> {
        None
    }
}

/// A value with fields of its own.
pub trait Message: Sized {
    /// Writes its fields.
    fn put_fields(&self, out: &mut Writer);
    /// Reads its fields, up to the end of what is to be read.
    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError>;
}

/// A value that is one of several, each a field of the message around it.
pub trait OneOf: Sized {
    /// Writes the field.
    fn put_one(&self, out: &mut Writer);
    /// Reads the field, if it is one of them.
    fn take_one(number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<Option<Self>, DecodeError>;
}

/// What stands behind a field: one value, perhaps none, or many.
pub trait Field: Sized {
    /// Writes it, with its head.
    fn put(&self, number: u32, out: &mut Writer);
    /// Reads one occurrence of it.
    fn take(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError>;
    /// What it is after all its occurrences, or without one.
    fn close(slot: Option<Self>, name: &'static str, input: &Reader<'_>) -> Result<Self, DecodeError>;
}

/// Writes a field, absent or not.
pub fn put_value<T: Value>(value: &T, number: u32, out: &mut Writer) {
    out.tag(number, T::WIRE);
    value.write(out);
}

/// Reads the value of a field.
pub fn take_value<T: Value>(number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<T, DecodeError> {
    if wire == T::WIRE { T::read(input) } else { Err(DecodeError::FieldType(number)) }
}

/// Reads the fields of a message that has no type of its own.
pub fn take_message<'a, T>(
    number: u32,
    wire: Wire,
    input: &mut Reader<'a>,
    body: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    if wire == Wire::Length { input.nested(body) } else { Err(DecodeError::FieldType(number)) }
}

impl<T: Value> Field for T {
    fn put(&self, number: u32, out: &mut Writer) {
        self.put_field(number, out);
    }

    fn take(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        *slot = Some(take_value(number, wire, input)?);
        Ok(())
    }

    fn close(slot: Option<Self>, name: &'static str, input: &Reader<'_>) -> Result<Self, DecodeError> {
        slot.or_else(|| T::absent(input)).ok_or(DecodeError::Missing(name))
    }
}

impl<T: Value> Field for Option<T> {
    fn put(&self, number: u32, out: &mut Writer) {
        if let Some(value) = self {
            put_value(value, number, out);
        }
    }

    fn take(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        *slot = Some(Some(take_value(number, wire, input)?));
        Ok(())
    }

    fn close(slot: Option<Self>, _: &'static str, _: &Reader<'_>) -> Result<Self, DecodeError> {
        Ok(slot.flatten())
    }
}

fn put_all<'a, T: Value + 'a>(values: impl ExactSizeIterator<Item = &'a T>, number: u32, out: &mut Writer) {
    if !T::PACKED {
        for value in values {
            put_value(value, number, out);
        }
    } else if values.len() > 0 {
        out.tag(number, Wire::Length);
        out.nested(|out| values.for_each(|value| value.write(out)));
    }
}

fn take_some<T: Value>(number: u32, wire: Wire, input: &mut Reader<'_>, mut keep: impl FnMut(T)) -> Result<(), DecodeError> {
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
        put_all(self.iter(), number, out);
    }

    fn take(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        let values = slot.get_or_insert_default();
        take_some(number, wire, input, |value| values.push(value))
    }

    fn close(slot: Option<Self>, _: &'static str, _: &Reader<'_>) -> Result<Self, DecodeError> {
        Ok(slot.unwrap_or_default())
    }
}

impl<T: Value + Ord> Field for BTreeSet<T> {
    fn put(&self, number: u32, out: &mut Writer) {
        put_all(self.iter(), number, out);
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

impl<K: Field + Ord, V: Field> Field for BTreeMap<K, V> {
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

impl<T: Message> Value for T {
    fn write(&self, out: &mut Writer) {
        out.nested(|out| self.put_fields(out));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.nested(T::take_fields)
    }
}

impl<T: Message> Message for Box<T> {
    fn put_fields(&self, out: &mut Writer) {
        self.as_ref().put_fields(out);
    }

    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::take_fields(input).map(Self::new)
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

/// An integer: left out if 0.
macro_rules! integer {
    ($($type:ty),+) => {$(
        impl Value for $type {
            const WIRE: Wire = Wire::Varint;
            const PACKED: bool = true;

            #[expect(clippy::allow_attributes, reason = "for some of the types")]
            #[allow(clippy::cast_sign_loss, clippy::cast_lossless, reason = "Protobuf writes a negative number as 64 bits in two's complement")]
            fn write(&self, out: &mut Writer) {
                out.varint(*self as u64);
            }

            #[allow(clippy::cast_possible_wrap, reason = "likewise")]
            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let value = input.varint()?;
                Self::try_from(value).or_else(|_| Self::try_from(value as i64)).map_err(|_| DecodeError::Value(stringify!($type)))
            }

            fn put_field(&self, number: u32, out: &mut Writer) {
                if *self != 0 {
                    put_value(self, number, out);
                }
            }

            fn absent(_: &Reader<'_>) -> Option<Self> {
                Some(0)
            }
        }
    )+};
}
integer!(u32, u64, i32, i64);

impl Value for bool {
    const WIRE: Wire = Wire::Varint;

    fn write(&self, out: &mut Writer) {
        out.varint(u64::from(*self));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match input.varint()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Value("bool")),
        }
    }

    fn put_field(&self, number: u32, out: &mut Writer) {
        if *self {
            put_value(self, number, out);
        }
    }

    fn absent(_: &Reader<'_>) -> Option<Self> {
        Some(false)
    }
}

/// A text: left out if empty.
impl Value for Arc<str> {
    fn write(&self, out: &mut Writer) {
        out.slice(self.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.text().map(Self::from)
    }

    fn put_field(&self, number: u32, out: &mut Writer) {
        if !self.is_empty() {
            put_value(self, number, out);
        }
    }

    fn absent(_: &Reader<'_>) -> Option<Self> {
        Some("".into())
    }
}

impl Value for String {
    fn write(&self, out: &mut Writer) {
        out.slice(self.as_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.text().map(Self::from)
    }

    fn put_field(&self, number: u32, out: &mut Writer) {
        if !self.is_empty() {
            put_value(self, number, out);
        }
    }

    fn absent(_: &Reader<'_>) -> Option<Self> {
        Some(Self::new())
    }
}

/// Bytes as they are.
impl Value for Arc<[u8]> {
    fn write(&self, out: &mut Writer) {
        out.slice(self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.slice().map(Self::from)
    }
}

/// The fields of a struct, by number. What follows from them is given in full after a semicolon.
macro_rules! message {
    ($($type:ident { $($number:literal $field:ident),+ $(; $derived:ident: $value:expr)? })+) => {$(
        impl $crate::wire::codec::Message for $type {
            fn put_fields(&self, out: &mut $crate::wire::writer::Writer) {
                $($crate::wire::codec::Field::put(&self.$field, $number, out);)+
            }

            fn take_fields(input: &mut $crate::wire::reader::Reader<'_>) -> Result<Self, $crate::wire::reader::DecodeError> {
                $(let mut $field = None;)+
                while let Some((number, wire)) = input.tag()? {
                    match number {
                        $($number => $crate::wire::codec::Field::take(&mut $field, number, wire, input)?,)+
                        _ => return Err($crate::wire::reader::DecodeError::UnknownField(number)),
                    }
                }
                Ok(Self {
                    $($field: $crate::wire::codec::Field::close($field, concat!(stringify!($type), ".", stringify!($field)), input)?,)+
                    $($derived: $value,)?
                })
            }
        }
    )+};
}

/// The variants of an enum, by number; 0 stands for none, so that a missing one is noticed.
macro_rules! enumeration {
    ($($type:ident { $($number:literal $variant:ident),+ })+) => {$(
        impl $crate::wire::codec::Value for $type {
            const WIRE: $crate::wire::writer::Wire = $crate::wire::writer::Wire::Varint;

            fn write(&self, out: &mut $crate::wire::writer::Writer) {
                out.varint(match self { $(Self::$variant => $number,)+ });
            }

            fn read(input: &mut $crate::wire::reader::Reader<'_>) -> Result<Self, $crate::wire::reader::DecodeError> {
                match input.varint()? {
                    $($number => Ok(Self::$variant),)+
                    _ => Err($crate::wire::reader::DecodeError::Value(stringify!($type))),
                }
            }
        }
    )+};
}

/// The variants of an enum with data, by field number: those of one value, then those of several, which go into a message of their own.
macro_rules! one_of {
    ($($type:ident { $($number:literal $variant:ident),+ $(; $($many:literal $tuple:ident($($part_number:literal $part:ident),+)),+)? })+) => {$(
        impl $crate::wire::codec::OneOf for $type {
            fn put_one(&self, out: &mut $crate::wire::writer::Writer) {
                match self {
                    $(Self::$variant(value) => $crate::wire::codec::put_value(value, $number, out),)+
                    $($(Self::$tuple($($part),+) => {
                        out.tag($many, $crate::wire::writer::Wire::Length);
                        out.nested(|out| { $($crate::wire::codec::Field::put($part, $part_number, out);)+ });
                    })+)?
                }
            }

            fn take_one(
                number: u32,
                wire: $crate::wire::writer::Wire,
                input: &mut $crate::wire::reader::Reader<'_>,
            ) -> Result<Option<Self>, $crate::wire::reader::DecodeError> {
                match number {
                    $($number => $crate::wire::codec::take_value(number, wire, input).map(|value| Some(Self::$variant(value))),)+
                    $($($many => $crate::wire::codec::take_message(number, wire, input, |input| {
                        $(let mut $part = None;)+
                        while let Some((number, wire)) = input.tag()? {
                            match number {
                                $($part_number => $crate::wire::codec::Field::take(&mut $part, number, wire, input)?,)+
                                _ => return Err($crate::wire::reader::DecodeError::UnknownField(number)),
                            }
                        }
                        Ok(Some(Self::$tuple($($crate::wire::codec::Field::close($part, stringify!($tuple), input)?),+)))
                    }),)+)?
                    _ => Ok(None),
                }
            }
        }
    )+};
}

/// Enums with data that are messages of their own.
macro_rules! one_of_message {
    ($($type:ident),+) => {$(
        impl $crate::wire::codec::Message for $type {
            fn put_fields(&self, out: &mut $crate::wire::writer::Writer) {
                $crate::wire::codec::OneOf::put_one(self, out);
            }

            fn take_fields(input: &mut $crate::wire::reader::Reader<'_>) -> Result<Self, $crate::wire::reader::DecodeError> {
                let mut one = None;
                while let Some((number, wire)) = input.tag()? {
                    let known = <Self as $crate::wire::codec::OneOf>::take_one(number, wire, input)?;
                    one = Some(known.ok_or($crate::wire::reader::DecodeError::UnknownField(number))?);
                }
                one.ok_or($crate::wire::reader::DecodeError::Missing(stringify!($type)))
            }
        }
    )+};
}

pub(super) use {enumeration, message, one_of, one_of_message};
