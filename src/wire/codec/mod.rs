//! How values become fields: numbers, texts and messages, optional, repeated and as maps; and the tables that list a message's fields.

mod collection;
mod names;
mod reader;
mod recent;
mod scalar;
mod table;
mod writer;

pub use names::{Dictionary, Places, known_app, known_text};
pub use reader::{DecodeError, Reader};
pub use recent::{Ms, Recent, Relative, Seconds, unzigzag, zigzag};
pub(super) use table::{enumeration, field, message, one_of, one_of_message};
pub use writer::{Wire, Writer};

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
    /// Reads the field; an error if it is none of them.
    fn take_one(slot: &mut Option<Self>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError>;
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
