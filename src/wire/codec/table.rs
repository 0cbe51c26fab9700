//! The tables that list the fields of messages and the variants of enums, each by its number in the proto files.

/// What is done with a field: as its type says, or in a unit of time, relative to the time before.
macro_rules! field {
    ($what:ident; $($argument:expr),+) => { $crate::wire::codec::Field::$what($($argument),+) };
    ($what:ident $unit:ident; $($argument:expr),+) => { <$crate::wire::codec::$unit as $crate::wire::codec::Relative<_>>::$what($($argument),+) };
}

/// The fields of a struct, by number, times with their unit. What follows from them is given in full after a semicolon.
macro_rules! message {
    ($($type:ident { $($number:literal $field:ident $(as $unit:ident)?),+ $(; $derived:ident: $value:expr)? })+) => {$(
        impl $crate::wire::codec::Message for $type {
            fn put_fields(&self, out: &mut $crate::wire::codec::Writer) {
                $($crate::wire::codec::field!(put $($unit)?; &self.$field, $number, out);)+
            }

            fn take_fields(input: &mut $crate::wire::codec::Reader<'_>) -> Result<Self, $crate::wire::codec::DecodeError> {
                $(let mut $field = None;)+
                while let Some((number, wire)) = input.tag()? {
                    match number {
                        $($number => $crate::wire::codec::field!(take $($unit)?; &mut $field, number, wire, input)?,)+
                        _ => return Err($crate::wire::codec::DecodeError::UnknownField(number)),
                    }
                }
                Ok(Self {
                    $($field: $crate::wire::codec::field!(close $($unit)?; $field, concat!(stringify!($type), ".", stringify!($field)), input)?,)+
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
            const WIRE: $crate::wire::codec::Wire = $crate::wire::codec::Wire::Varint;

            fn write(&self, out: &mut $crate::wire::codec::Writer) {
                out.varint(match self { $(Self::$variant => $number,)+ });
            }

            fn read(input: &mut $crate::wire::codec::Reader<'_>) -> Result<Self, $crate::wire::codec::DecodeError> {
                match input.varint()? {
                    $($number => Ok(Self::$variant),)+
                    _ => Err($crate::wire::codec::DecodeError::Value(stringify!($type))),
                }
            }
        }
    )+};
}

/// The variants of an enum with data, by field number: those of one value, then those of several, which go into a message of their own.
macro_rules! one_of {
    ($($type:ident { $($number:literal $variant:ident),+ $(; $($many:literal $tuple:ident($($part_number:literal $part:ident),+)),+)? })+) => {$(
        impl $crate::wire::codec::OneOf for $type {
            fn put_one(&self, out: &mut $crate::wire::codec::Writer) {
                match self {
                    $(Self::$variant(value) => $crate::wire::codec::put_value(value, $number, out),)+
                    $($(Self::$tuple($($part),+) => {
                        out.tag($many, $crate::wire::codec::Wire::Length);
                        out.nested(|out| { $($crate::wire::codec::Field::put($part, $part_number, out);)+ });
                    })+)?
                }
            }

            fn take_one(
                slot: &mut Option<Self>,
                number: u32,
                wire: $crate::wire::codec::Wire,
                input: &mut $crate::wire::codec::Reader<'_>,
            ) -> Result<(), $crate::wire::codec::DecodeError> {
                match number {
                    $($number => *slot = Some(Self::$variant($crate::wire::codec::take_value(number, wire, input)?)),)+
                    $($($many => $crate::wire::codec::take_message(number, wire, input, |input| {
                        $(let mut $part = None;)+
                        while let Some((number, wire)) = input.tag()? {
                            match number {
                                $($part_number => $crate::wire::codec::Field::take(&mut $part, number, wire, input)?,)+
                                _ => return Err($crate::wire::codec::DecodeError::UnknownField(number)),
                            }
                        }
                        *slot = Some(Self::$tuple($($crate::wire::codec::Field::close($part, stringify!($tuple), input)?),+));
                        Ok(())
                    })?,)+)?
                    _ => return Err($crate::wire::codec::DecodeError::UnknownField(number)),
                }
                Ok(())
            }
        }
    )+};
}

/// Enums with data that are messages of their own.
macro_rules! one_of_message {
    ($($type:ident),+) => {$(
        impl $crate::wire::codec::Message for $type {
            fn put_fields(&self, out: &mut $crate::wire::codec::Writer) {
                $crate::wire::codec::OneOf::put_one(self, out);
            }

            fn take_fields(input: &mut $crate::wire::codec::Reader<'_>) -> Result<Self, $crate::wire::codec::DecodeError> {
                let mut one = None;
                while let Some((number, wire)) = input.tag()? {
                    $crate::wire::codec::OneOf::take_one(&mut one, number, wire, input)?;
                }
                one.ok_or($crate::wire::codec::DecodeError::Missing(stringify!($type)))
            }
        }
    )+};
}

pub(in crate::wire) use {enumeration, field, message, one_of, one_of_message};
