//! Meta's message ids as they are mostly made. Their form is documented nowhere, so it is only a way to keep them: one that differs in
//! anything stays the text that it is.
//!
//! ```text
//! wamid.    base64 of 1C 18 ┃ length ┃ digits of the peer's number ┃ 15 02 00 ┃ side ┃ 18 ┃ length ┃ hexadecimal digits ┃ 00
//! ```

use super::ids::Number;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What ids begin with that Meta gives; base64 follows.
pub const PREFIX: &str = "wamid.";

/// An id of this form: the number of the peer, from whose side it comes, and what is its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wamid {
    /// The peer's number.
    pub number: Number,
    /// From whose side, as Meta has it.
    pub side: u8,
    own: [u8; Self::OWN_MAX],
    own_bytes: u8,
}

/// The text of one.
pub struct WamidText {
    bytes: [u8; WamidText::LENGTH_MAX],
    length: usize,
}

const BEFORE_NUMBER: [u8; 2] = [0x1C, 0x18];
const AFTER_NUMBER: [u8; 3] = [0x15, 0x02, 0x00];
const TEXT: u8 = 0x18;
const END: u8 = 0x00;

/// The most bytes that the base64 stands for.
const PLAIN_MAX: usize = 45;

impl Wamid {
    /// The most bytes of its own: twenty hexadecimal digits.
    pub const OWN_MAX: usize = 10;

    /// One from its text, if it has just this form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut plain = [0; PLAIN_MAX];
        let base64 = text.strip_prefix(PREFIX).filter(|base64| base64.len() <= WamidText::BASE64_MAX)?;
        let length = STANDARD.decode_slice(base64, &mut plain).ok()?;
        let rest = plain[..length].strip_prefix(&BEFORE_NUMBER)?;
        let (number, rest) = take_text(rest)?;
        let (side, rest) = rest.strip_prefix(&AFTER_NUMBER)?.split_first()?;
        let (digits, rest) = take_text(rest.strip_prefix(&[TEXT])?)?;
        let number = Number::from_digits(std::str::from_utf8(number).ok()?)?;
        let mut own = [0; Self::OWN_MAX];
        let own_bytes = own_of(digits, &mut own)?;
        (*rest == [END]).then_some(Self { number, side: *side, own, own_bytes })
    }

    /// One from its parts; `None` if it has more of its own than [`Self::OWN_MAX`] bytes.
    #[must_use]
    pub fn new(number: Number, side: u8, own: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::OWN_MAX];
        bytes.get_mut(..own.len())?.copy_from_slice(own);
        Some(Self { number, side, own: bytes, own_bytes: u8::try_from(own.len()).ok()? })
    }

    /// What is its own: its hexadecimal digits as bytes.
    #[must_use]
    pub fn own(&self) -> &[u8] {
        &self.own[..usize::from(self.own_bytes)]
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> WamidText {
        let number = self.number.value().to_string();
        let mut plain = Plain { bytes: [0; PLAIN_MAX], length: 0 };
        plain.put(&BEFORE_NUMBER);
        plain.put(&[u8::try_from(number.len()).expect("few digits")]);
        plain.put(number.as_bytes());
        plain.put(&AFTER_NUMBER);
        plain.put(&[self.side, TEXT, 2 * self.own_bytes]);
        self.own().iter().for_each(|byte| plain.put(&[digit(byte >> 4), digit(byte & 15)]));
        plain.put(&[END]);
        let mut text = WamidText { bytes: [0; WamidText::LENGTH_MAX], length: PREFIX.len() };
        text.bytes[..PREFIX.len()].copy_from_slice(PREFIX.as_bytes());
        text.length += STANDARD.encode_slice(&plain.bytes[..plain.length], &mut text.bytes[PREFIX.len()..]).expect("room for it");
        text
    }
}

impl WamidText {
    const BASE64_MAX: usize = PLAIN_MAX.div_ceil(3) * 4;
    const LENGTH_MAX: usize = PREFIX.len() + Self::BASE64_MAX;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("base64 is ASCII")
    }
}

/// Bytes before they become base64.
struct Plain {
    bytes: [u8; PLAIN_MAX],
    length: usize,
}

impl Plain {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }
}

/// A length and so many bytes.
fn take_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

/// What hexadecimal digits stand for, and how many bytes that are.
fn own_of(digits: &[u8], own: &mut [u8]) -> Option<u8> {
    let (pairs, []) = digits.as_chunks() else { return None };
    let own = own.get_mut(..pairs.len())?;
    for (byte, [high, low]) in own.iter_mut().zip(pairs) {
        *byte = value(*high)? << 4 | value(*low)?;
    }
    u8::try_from(pairs.len()).ok()
}

const fn value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const fn digit(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'A' + value - 10 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(plain: &[u8]) -> String {
        format!("{PREFIX}{}", STANDARD.encode(plain))
    }

    #[test]
    fn ids_as_they_are_mostly_made_are_the_same_again() {
        for text in [
            "wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA".to_owned(),
            of(b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x143A0123456789ABCDEF01\0"),
            of(b"\x1C\x18\x0F123456789012345\x15\x02\0\x11\x18\x143A0123456789ABCDEF01\0"),
            of(b"\x1C\x18\x0512345\x15\x02\0\xFF\x18\0\0"),
        ] {
            let wamid = Wamid::parse(&text).expect(&text);
            assert_eq!(wamid.text().as_str(), text);
            assert!(Wamid::new(wamid.number, wamid.side, wamid.own()) == Some(wamid));
        }
    }

    #[test]
    fn what_differs_in_anything_has_another_form() {
        for plain in [
            b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x20".as_slice(),
            b"\x1D\x18\x0C553587654321\x15\x02\0\x12\x18\x023A\0",
            b"\x1C\x18\x0C553587654321\x15\x02\x01\x12\x18\x023A\0",
            b"\x1C\x18\x0C053587654321\x15\x02\0\x12\x18\x023A\0",
            b"\x1C\x18\x0B553587654321\x15\x02\0\x12\x18\x023A\0",
            b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x023a\0",
            b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x033A1\0",
            b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x163A0123456789ABCDEF0123\0",
            b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x023A\x01",
            b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x023A\0\0",
            b"\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x023A",
            b"",
        ] {
            assert!(Wamid::parse(&of(plain)).is_none(), "{plain:?}");
        }
        let text = of(b"\x1C\x18\x0512345\x15\x02\0\x12\x18\x023A\0");
        assert!(Wamid::parse(&text).is_some());
        for other in [text.trim_end_matches('='), &text[1..], &text.to_uppercase(), &format!("{text}\0")] {
            assert!(Wamid::parse(other).is_none(), "{other}");
        }
        assert!(Wamid::new(Number::from_value(12345).expect("a number"), 0, &[0; Wamid::OWN_MAX + 1]).is_none());
    }
}
