//! Durations and sizes: how they are written in the file, read from it, and shown again.

use std::time::Duration;

use bytesize::ByteSize;
use jiff::{SignedDuration, Span, SpanRelativeTo, SpanRound, Unit, fmt::friendly};

/// "7d", "24h", "90s", "1h30m"; a day is 24 hours.
pub(super) fn parse_duration(text: &str) -> Result<Duration, String> {
    const FORMAT: &str = r#"not a duration; write one like "7d", "24h", "90s" or "1h30m""#;
    let span: Span = text.trim().parse().map_err(|_| FORMAT.to_owned())?;
    let signed = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| FORMAT.to_owned())?;
    Duration::try_from(signed).map_err(|_| "a duration cannot be negative".to_owned())
}

/// The shortest spelling that reads back as the same duration.
pub(super) fn format_duration(duration: Duration) -> String {
    let longest = SpanRound::new().largest(Unit::Day).days_are_24_hours();
    let span =
        SignedDuration::try_from(duration).ok().and_then(|signed| Span::try_from(signed).ok()).and_then(|span| span.round(longest).ok());
    match span {
        Some(span) => {
            friendly::SpanPrinter::new().spacing(friendly::Spacing::None).designator(friendly::Designator::Compact).span_to_string(&span)
        }
        None => format!("{}s", duration.as_secs()),
    }
}

/// "1GiB", "512MB", or a plain count of bytes.
pub(super) fn parse_bytes(text: &str) -> Result<u64, String> {
    let size: Result<ByteSize, _> = text.trim().parse();
    size.map(|size| size.as_u64()).map_err(|_| r#"not a size; write one like "1GiB", "512MiB" or "2GB""#.to_owned())
}

/// The shortest spelling that reads back as exactly the same count.
pub(super) fn format_bytes(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    UNITS
        .into_iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit))
        .map_or_else(|| format!("{bytes}B"), |(name, unit)| format!("{}{name}", bytes / unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        let table = [
            ("7d", 7 * 86_400_000, "7d"),
            ("24h", 86_400_000, "1d"),
            ("90s", 90_000, "1m30s"),
            ("1h30m", 5_400_000, "1h30m"),
            ("2 days 4 hours", 187_200_000, "2d4h"),
            ("250ms", 250, "250ms"),
            ("1w", 7 * 86_400_000, "7d"),
            ("0s", 0, "0s"),
        ];
        for (text, millis, shown) in table {
            let duration = parse_duration(text).expect(text);
            assert_eq!(duration.as_millis(), millis, "{text}");
            assert_eq!(format_duration(duration), shown);
            assert_eq!(parse_duration(shown), Ok(duration));
        }
        for text in ["", "7", "7 dayz", "1mo", "1y", "d"] {
            let why = parse_duration(text).expect_err(text);
            assert!(why.starts_with("not a duration"), "{text}: {why}");
        }
        assert_eq!(parse_duration("-1s").unwrap_err(), "a duration cannot be negative");
    }

    #[test]
    fn sizes_are_read_and_shown() {
        let table = [
            ("1GiB", 1 << 30, "1GiB"),
            ("1.5 GiB", 3 << 29, "1536MiB"),
            ("2GB", 2_000_000_000, "1953125KiB"),
            ("1000001", 1_000_001, "1000001B"),
        ];
        for (text, bytes, shown) in table {
            assert_eq!(parse_bytes(text), Ok(bytes));
            assert_eq!(format_bytes(bytes), shown);
            assert_eq!(parse_bytes(shown), Ok(bytes));
        }
        for text in ["", "GiB", "1 gigs", "-1GiB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }
}
