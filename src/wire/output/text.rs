//! Values as the texts that records have for them.

use crate::domain::ids::Number;
use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use uuid::Uuid;

/// A time, ms since 1970, shown as RFC 3339 in UTC with milliseconds; one that no calendar has is shown as the nearest that it has.
#[derive(Clone, Copy)]
pub struct Rfc3339(pub i64);

/// A number, shown as its digits.
#[derive(Clone, Copy)]
pub struct Digits(pub Number);

/// A UUID, shown in lower case with hyphens.
#[derive(Clone, Copy)]
pub struct Id(pub Uuid);

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

impl Rfc3339 {
    /// Appends the text.
    pub fn put(self, bytes: &mut Vec<u8>) {
        let nearest = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let at = Timestamp::from_millisecond(self.0).unwrap_or(nearest);
        PRINTER.print_timestamp(&at, bytes).expect("memory takes it");
    }

    /// The text.
    pub fn text(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity("1970-01-01T00:00:00.000Z".len());
        self.put(&mut bytes);
        bytes
    }
}

impl Digits {
    /// Appends the text.
    pub fn put(self, bytes: &mut Vec<u8>) {
        serde_json::to_writer(bytes, &self.0.value()).expect("memory takes it");
    }
}

impl Id {
    /// Appends the text.
    pub fn put(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
    }

    /// The text.
    pub fn text(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(uuid::fmt::Hyphenated::LENGTH);
        self.put(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_whatever_they_are() {
        let rows = [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_760_000_000_070, "2025-10-09T08:53:20.070Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (i64::MAX, "9999-12-30T22:00:00.999Z"),
            (i64::MIN, "-009999-01-02T01:59:59.000Z"),
        ];
        for (ms, shown) in rows {
            assert_eq!(Rfc3339(ms).text(), shown.as_bytes());
        }
    }
}
