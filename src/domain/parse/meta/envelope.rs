//! What is around the elements of a body: entries, their changes, the value of each. Here nothing can be wrong that costs more than itself:
//! single values are left as texts until they are needed, and a field given twice is remembered and not an error.

use crate::domain::parse::json::{Array, Object, Scalar};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// An object as JSON has it, its fields under their own names.
macro_rules! object {
    ($(#[$about:meta])* $name:ident { $($(#[$field_about:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Default)]
        pub struct $name<'a> {
            $($(#[$field_about])* pub $field: Option<$type>,)*
            /// Whether one of these fields is given twice.
            pub twice: bool,
        }

        impl<'de: 'a, 'a> Deserialize<'de> for $name<'a> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;

                impl<'a> Visitor<'a> for Fields {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(name) = fields.next_key::<Scalar<'a>>()? {
                            match name.word() {
                                $(stringify!($field) => object.twice |= object.$field.replace(fields.next_value()?).is_some(),)*
                                _ => drop(fields.next_value::<IgnoredAny>()?),
                            }
                        }
                        Ok(object)
                    }
                }

                deserializer.deserialize_map(Fields)
            }
        }
    };
}

object! {
    /// One of `entry`.
    Entry {
        /// What changed.
        changes: Array<Object<Change<'a>>>,
    }
}

object! {
    /// One of `changes`.
    Change {
        /// What it is about.
        field: &'a RawValue,
        /// What it says.
        value: Object<Box<Value<'a>>>,
    }
}

object! {
    /// `value` of a change, of every field that is read.
    Value {
        /// The business's number.
        metadata: Object<Metadata<'a>>,
        /// The people.
        contacts: Array<Object<Contact<'a>>>,
        /// News of sent messages.
        statuses: Array<&'a RawValue>,
        /// Messages from people.
        messages: Array<&'a RawValue>,
        /// Messages that the business typed.
        message_echoes: Array<&'a RawValue>,
        /// Changes of BSUIDs.
        user_id_update: Array<&'a RawValue>,
        /// What Meta could not do.
        errors: Array<IgnoredAny>,
        /// Of a change of BSUID that is no list.
        user_id: &'a RawValue,
        /// Likewise.
        wa_id: &'a RawValue,
        /// Likewise.
        timestamp: &'a RawValue,
    }
}

object! {
    /// `metadata` of a change.
    Metadata {
        /// Meta's id of the business's number.
        phone_number_id: &'a RawValue,
    }
}

object! {
    /// One of `contacts`.
    Contact {
        /// The wa_id.
        wa_id: &'a RawValue,
        /// The BSUID.
        user_id: &'a RawValue,
    }
}
