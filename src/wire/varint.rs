//! Numbers in groups of seven bits, the lowest first, each but the last with its highest bit set.

/// The most bytes that one of 64 bits takes.
pub const BYTES_MAX: usize = 10;

/// Appends one.
pub fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    bytes.push(low_bits(value));
}

/// The next, and its bytes; `None` if it does not end, has more than 64 bits, or more bytes than it needs.
pub fn take<'a>(rest: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let last = rest.iter().take(BYTES_MAX).position(|byte| *byte < 0x80)?;
    let (bytes, after) = rest.split_at(last + 1);
    let is_shortest = last == 0 || bytes[last] != 0;
    let fits = last + 1 < BYTES_MAX || bytes[last] <= 1;
    if !is_shortest || !fits {
        return None;
    }
    *rest = after;
    Some((bytes.iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7F)), bytes))
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits are what is wanted")]
const fn low_bits(value: u64) -> u8 {
    value as u8 & 0x7F
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_as_they_were() {
        for value in [0, 1, 0x7F, 0x80, 0x3FFF, 0x4000, u64::from(u32::MAX), u64::MAX >> 1, u64::MAX] {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            let (written, mut rest) = (bytes.clone(), bytes.as_slice());
            assert_eq!(take(&mut rest), Some((value, written.as_slice())));
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn only_the_shortest_bytes_count() {
        for bytes in
            [[0x80, 0].as_slice(), &[0xFF, 0x80, 0], &[0x80], &[], &[0xFF; 10], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2]]
        {
            assert_eq!(take(&mut &*bytes), None, "{bytes:?}");
        }
    }
}
