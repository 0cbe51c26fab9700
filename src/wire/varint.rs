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
#[inline]
pub fn take<'a>(rest: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    // Most are one byte.
    if let ([byte @ ..0x80], after) = rest.split_at_checked(1)? {
        let bytes = &rest[..1];
        *rest = after;
        return Some((u64::from(*byte), bytes));
    }
    take_long(rest)
}

fn take_long<'a>(rest: &mut &'a [u8]) -> Option<(u64, &'a [u8])> {
    let mut value = 0;
    for (index, byte) in rest.iter().take(BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7F) << (7 * index);
        if *byte < 0x80 {
            let is_shortest = index == 0 || *byte != 0;
            let fits = index + 1 < BYTES_MAX || *byte <= 1;
            let (bytes, after) = rest.split_at(index + 1);
            *rest = after;
            return (is_shortest && fits).then_some((value, bytes));
        }
    }
    None
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
