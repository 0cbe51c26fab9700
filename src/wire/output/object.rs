//! A flat JSON object, field by field.
//!
//! Records are many and their fields are known, so that serde's way, which looks at each letter of each name, was most of what a record cost.

use super::text::{Digits, Id, Rfc3339};
use crate::domain::ids::IdText;
use serde::Serialize;

/// Room for a usual record.
const RECORD_BYTES: usize = 1280;

/// An object that is being written.
pub struct Object(Vec<u8>);

/// What a field may hold. `None` is `null`.
pub trait Value {
    /// Writes it.
    fn write(self, bytes: &mut Vec<u8>);
}

impl Object {
    /// An object with this first field.
    pub fn beginning_with(name: &'static str, value: impl Value) -> Self {
        let mut object = Self(Vec::with_capacity(RECORD_BYTES));
        object.put(b'{', name, value);
        object
    }

    /// The object with one field more. No name has a letter that JSON would escape.
    pub fn field(mut self, name: &'static str, value: impl Value) -> Self {
        self.put(b',', name, value);
        self
    }

    /// All of it.
    pub fn close(self) -> Vec<u8> {
        let Self(mut bytes) = self;
        bytes.push(b'}');
        bytes
    }

    fn put(&mut self, before: u8, name: &'static str, value: impl Value) {
        let Self(bytes) = self;
        bytes.extend_from_slice(&[before, b'"']);
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b"\":");
        value.write(bytes);
    }
}

fn serialize(value: &(impl Serialize + ?Sized), bytes: &mut Vec<u8>) {
    serde_json::to_writer(bytes, value).expect("memory takes it");
}

/// A text without a letter that JSON would escape.
fn quote(bytes: &mut Vec<u8>, plain: impl FnOnce(&mut Vec<u8>)) {
    bytes.push(b'"');
    plain(bytes);
    bytes.push(b'"');
}

impl Value for &str {
    fn write(self, bytes: &mut Vec<u8>) {
        // To count is to look at many at once, and hardly any text has one.
        let escaped = self.bytes().filter(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')).count();
        if escaped == 0 {
            quote(bytes, |bytes| bytes.extend_from_slice(self.as_bytes()));
        } else {
            serialize(self, bytes);
        }
    }
}

impl Value for IdText<'_> {
    fn write(self, bytes: &mut Vec<u8>) {
        (&*self).write(bytes);
    }
}

macro_rules! quoted {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn write(self, bytes: &mut Vec<u8>) {
                quote(bytes, |bytes| self.put(bytes));
            }
        }
    )+};
}
quoted!(Rfc3339, Digits, Id);

impl<T: Value> Value for Option<T> {
    fn write(self, bytes: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(bytes),
            None => bytes.extend_from_slice(b"null"),
        }
    }
}

macro_rules! plain {
    ($($type:ty),+) => {$(
        impl Value for $type {
            fn write(self, bytes: &mut Vec<u8>) {
                serialize(&self, bytes);
            }
        }
    )+};
}
plain!(bool, i32, u32, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_serde_json_does() {
        for text in ["", "plain é 漢", "a\"b", "back\\slash", "line\nfeed", "\u{1f}\u{7f}\u{2028}"] {
            let object = Object::beginning_with("text", text).field("none", None::<bool>).close();
            let expected = format!(r#"{{"text":{},"none":null}}"#, serde_json::to_string(text).expect("a text"));
            assert_eq!(String::from_utf8(object).expect("UTF-8"), expected);
        }
    }
}
