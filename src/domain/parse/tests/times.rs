//! Times of statuses, in all their spellings.

use super::*;

fn sent_at(ts: &str) -> String {
    let told = told(&SENT.replace(r#""ts":1776944126"#, &format!(r#""ts":{ts}"#)));
    told.rsplit_once(" at=").map_or(told.clone(), |(_, at)| at.to_owned())
}

#[test]
fn seconds_and_milliseconds_are_told_apart_by_magnitude() {
    for (ts, expected) in [
        ("1776944126", "1776944126000"),
        ("1776944126001", "1776944126001"),
        (r#""1776944126""#, "1776944126000"),
        (r#"" 1776944126001 ""#, "1776944126001"),
        ("1776944126.25", "1776944126250"),
        (r#""1776944126.25""#, "1776944126250"),
        ("1776944126001.9", "1776944126001"),
        ("1.776944126e9", "1776944126000"),
        ("1230768000", "1230768000000"),
    ] {
        assert_eq!(sent_at(ts), expected, "{ts}");
    }
}

#[test]
fn a_status_without_a_time_has_that_of_its_envelope() {
    for nothing in ["null", r#""""#] {
        assert_eq!(sent_at(nothing), "1776944128172", "{nothing}");
    }
    let none = SENT.replace(r#""ts":1776944126"#, "").replace("1776944128172", "null");
    assert_eq!(told(&none), "BAD_TIMESTAMP: no timestamp");
}

#[test]
fn times_that_cannot_be_are_refused() {
    let outside = "BAD_TIMESTAMP: payload.payload.ts is outside 2009–2100";
    let nonsense = "BAD_TIMESTAMP: payload.payload.ts is no time";
    for (ts, expected) in [
        ("0", outside),
        ("-1776944126", outside),
        ("1230767999", outside),
        ("4133980800", outside),
        ("1776944126000000", outside),
        ("9223372036854775807", outside),
        ("-9223372036854775808", outside),
        ("18446744073709551615", outside),
        ("123456789012345678901234567890", outside),
        ("1e300", outside),
        (r#""1e999""#, outside),
        (r#""NaN""#, outside),
        (r#""soon""#, nonsense),
        ("true", nonsense),
        ("[1776944126]", nonsense),
        ("{}", nonsense),
    ] {
        assert_eq!(sent_at(ts), expected, "{ts}");
    }
}

#[test]
fn nothing_happens_more_than_a_day_after_its_record() {
    let ts = 1_776_944_126_000;
    assert!(told_at(SENT, ts - 24 * 3_600_000).starts_with("Sent "));
    assert_eq!(
        told_at(SENT, ts - 24 * 3_600_000 - 1),
        "BAD_TIMESTAMP: payload.payload.ts is more than 24 h after the record's Kafka timestamp"
    );
    for extreme in [i64::MIN, -1, i64::MAX] {
        let _ = told_at(SENT, extreme);
    }
}
