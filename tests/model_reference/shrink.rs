//! The shrinker keeps what fails and nothing else; the printer says what is left.

use crate::model::generate::{Kind, Options, generate};
use crate::model::history::{Fact, Record};
use crate::model::reference::{Settings, final_state};
use crate::model::render::rfc3339;
use crate::model::{guarantee, shrink};

#[test]
fn a_failure_becomes_minimal() {
    let records = generate(&Options::new(11, Kind::Lively, 200, 5, 0.8));
    let fails = |records: &[Record]| {
        let state = final_state(records, &Settings::default());
        state.rows.values().any(|row| row.evidence == "REPLY" && row.wa_id.is_some())
    };
    let small = shrink::shrink_guaranteed(&records, &Settings::default(), fails);
    for left_out in 0..small.len() {
        let rest: Vec<Record> = [&small[..left_out], &small[left_out + 1..]].concat();
        assert!(!fails(&rest), "{}", shrink::print(&small));
    }
    // The send, the reply, and perhaps what taught the alias between them.
    assert!((2..=3).contains(&small.len()), "{}", shrink::print(&small));
    assert!(small.iter().any(|record| matches!(record.fact, Fact::Send(_))));
    assert!(guarantee::violations(&small, &Settings::default()).is_empty());
    assert_eq!(shrink::print(&small).lines().count(), small.len() + 1);
}

#[test]
fn dates() {
    for (at_ms, expected) in [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_772_323_200_000, "2026-03-01T00:00:00.000Z"),
        (1_772_323_199_999, "2026-02-28T23:59:59.999Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (1_798_761_599_000, "2026-12-31T23:59:59.000Z"),
    ] {
        assert_eq!(rfc3339(at_ms), expected);
    }
}
