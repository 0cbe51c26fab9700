//! The digits of a number in 7 bytes, which sort as the digits do as text.

use super::DecodeError;
use crate::domain::ids::Number;

/// How many bytes they take.
pub const BYTES: usize = 7;

/// Appends them, of a number's value or its class's.
pub fn put(bytes: &mut Vec<u8>, value: u64) {
    let count = count(value);
    let filled = value * fill(count) * 16 + u64::from(count);
    bytes.extend_from_slice(&filled.to_be_bytes()[1..]);
}

/// The number with these.
pub fn take(rest: &mut &[u8]) -> Result<Number, DecodeError> {
    let (digits, after) = rest.split_first_chunk::<BYTES>().ok_or(DecodeError::Truncated)?;
    *rest = after;
    let filled = digits.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let said = u32::try_from(filled % 16).expect("less than 16");
    let exact = (filled / 16).is_multiple_of(fill(said));
    let number = Number::from_value(filled / 16 / fill(said));
    number.filter(|number| exact && count(number.value()) == said).ok_or(DecodeError::Value("a key's number"))
}

const fn count(value: u64) -> u32 {
    value.ilog10() + 1
}

/// What fills so many digits up to 15.
const fn fill(count: u32) -> u64 {
    10_u64.pow(Number::DIGITS_MAX.saturating_sub(count))
}
