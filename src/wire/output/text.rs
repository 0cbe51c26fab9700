//! Values as the texts that records have for them.

use crate::domain::ids::{IdText, Number};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use std::fmt;
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

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nearest = if self.0 < 0 { Timestamp::MIN } else { Timestamp::MAX };
        write!(f, "{:.3}", Timestamp::from_millisecond(self.0).unwrap_or(nearest))
    }
}

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.value())
    }
}

impl Serialize for IdText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
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
            assert_eq!(Rfc3339(ms).to_string(), shown);
        }
    }
}
