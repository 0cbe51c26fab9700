//! Numbers, texts and bytes as values of fields.

use super::{DecodeError, Reader, Value, Wire, Writer, put_value};
use std::sync::Arc;

/// An integer: left out if 0.
macro_rules! integer {
    ($($type:ty),+) => {$(
        impl Value for $type {
            const WIRE: Wire = Wire::Varint;
            const PACKED: bool = true;

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
