//! What was named last in a row or event: the same again, or something near to it, takes few bytes.

use super::collection::{put_all, take_some};
use super::{DecodeError, Reader, Value, Wire, Writer, put_value, take_value};
use crate::domain::flat::FlatSet;
use crate::domain::ids::{MessageId, Number, User};
use crate::domain::number::{self, Class};

/// What was named last, while writing and while reading.
#[derive(Clone, Default)]
pub struct Recent {
    /// The message id: the same again is written as no bytes, which no id is.
    pub id: Option<MessageId>,
    /// The BSUID: the same again is written as no fields.
    pub user: Option<User>,
    /// The number, and the one before: they are written as 0 and 1, which no number is.
    pub numbers: [u64; 2],
    /// The time, ms: the next is written as the difference.
    pub at_ms: i64,
}

impl Recent {
    /// What a number is written as.
    pub fn code_of(&mut self, number: u64) -> u64 {
        let code = self.numbers.iter().position(|known| *known == number);
        self.note(number);
        code.map_or(number, |code| code as u64)
    }

    /// The number that was written so. One that none was written before is 0.
    pub fn number_of(&mut self, code: u64) -> u64 {
        let known = usize::try_from(code).ok().and_then(|code| self.numbers.get(code));
        let number = known.copied().unwrap_or(code);
        self.note(number);
        number
    }

    /// The class of the number.
    pub fn class(&self) -> Option<Class> {
        Number::from_value(self.numbers[0]).map(number::class)
    }

    /// Takes a number as named.
    pub fn note(&mut self, number: u64) {
        if self.numbers[0] != number {
            self.numbers = [number, self.numbers[0]];
        }
    }
}

/// A time in ms, written as the difference to the time before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ms(pub i64);

impl Value for Ms {
    const WIRE: Wire = Wire::Varint;
    const PACKED: bool = true;

    fn write(&self, out: &mut Writer) {
        let before_ms = std::mem::replace(&mut out.recent.at_ms, self.0);
        out.varint(zigzag(self.0.wrapping_sub(before_ms)));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        input.recent.at_ms = input.recent.at_ms.wrapping_add(unzigzag(input.varint()?));
        Ok(Self(input.recent.at_ms))
    }
}

/// A time in s, written as the difference to the time before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub i64);

impl Value for Seconds {
    const WIRE: Wire = Wire::Varint;
    const PACKED: bool = true;

    fn write(&self, out: &mut Writer) {
        let before_s = out.recent.at_ms.div_euclid(1000);
        out.varint(zigzag(self.0.wrapping_sub(before_s)));
        out.recent.at_ms = self.0.wrapping_mul(1000);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let at_s = input.recent.at_ms.div_euclid(1000).wrapping_add(unzigzag(input.varint()?));
        input.recent.at_ms = at_s.wrapping_mul(1000);
        Ok(Self(at_s))
    }
}

/// Small for a small difference, whichever its sign.
pub const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

/// What [`zigzag`] was made of.
pub const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// How a field that holds times as integers is written: as [`super::Field`], but relative to the time before.
pub trait Relative<T>: Sized {
    /// Writes it, with its head.
    fn put(value: &T, number: u32, out: &mut Writer);
    /// Reads one occurrence of it.
    fn take(slot: &mut Option<T>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError>;
    /// What it is after all its occurrences, or without one.
    fn close(slot: Option<T>, name: &'static str, input: &Reader<'_>) -> Result<T, DecodeError>;
}

impl<C: Time> Relative<i64> for C {
    fn put(value: &i64, number: u32, out: &mut Writer) {
        put_value(&Self::from(*value), number, out);
    }

    fn take(slot: &mut Option<i64>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        *slot = Some(take_value::<Self>(number, wire, input)?.into());
        Ok(())
    }

    fn close(slot: Option<i64>, name: &'static str, _: &Reader<'_>) -> Result<i64, DecodeError> {
        slot.ok_or(DecodeError::Missing(name))
    }
}

impl<C: Time> Relative<Option<i64>> for C {
    fn put(value: &Option<i64>, number: u32, out: &mut Writer) {
        if let Some(value) = value {
            put_value(&Self::from(*value), number, out);
        }
    }

    fn take(slot: &mut Option<Option<i64>>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        *slot = Some(Some(take_value::<Self>(number, wire, input)?.into()));
        Ok(())
    }

    fn close(slot: Option<Option<i64>>, _: &'static str, _: &Reader<'_>) -> Result<Option<i64>, DecodeError> {
        Ok(slot.flatten())
    }
}

impl<C: Time> Relative<FlatSet<i64>> for C {
    fn put(value: &FlatSet<i64>, number: u32, out: &mut Writer) {
        put_all::<Self>(value.iter().map(|value| Self::from(*value)), number, out);
    }

    fn take(slot: &mut Option<FlatSet<i64>>, number: u32, wire: Wire, input: &mut Reader<'_>) -> Result<(), DecodeError> {
        let values = slot.get_or_insert_default();
        take_some(number, wire, input, |value: Self| {
            values.insert(value.into());
        })
    }

    fn close(slot: Option<FlatSet<i64>>, _: &'static str, _: &Reader<'_>) -> Result<FlatSet<i64>, DecodeError> {
        Ok(slot.unwrap_or_default())
    }
}

/// A unit of time.
pub trait Time: Value + From<i64> + Into<i64> {}

macro_rules! times {
    ($($unit:ident),+) => {$(
        impl From<i64> for $unit {
            fn from(value: i64) -> Self {
                Self(value)
            }
        }

        impl From<$unit> for i64 {
            fn from(value: $unit) -> Self {
                value.0
            }
        }

        impl Time for $unit {}
    )+};
}
times!(Ms, Seconds);
