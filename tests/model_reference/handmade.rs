//! The hand-made histories, with the final state that the documents promise.

use crate::model::final_state::Outcome;
use crate::model::generate::handmade::{
    all, argentine_evidence, article_case, article_mismatch, landline_pair, late_sight, recycled_number, swapped_numbers,
    user_on_two_numbers,
};
use crate::model::guarantee;
use crate::model::reference::Settings;
use crate::view::{conversations, people, rows, state};

#[test]
fn every_set_is_within_the_guarantee() {
    for (name, records) in all() {
        assert_eq!(guarantee::violations(&records, &Settings::default()), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_article_has_one_conversation() {
    let state = state(&article_case());
    assert_eq!(rows(&state), ["5535987654321 553587654321 INBOUND"]);
    assert_eq!(people(&state), ["[5535987654321] gs1 in1"]);
    assert_eq!(conversations(&state), ["gs1 in1"]);
    assert_eq!(state.sends.values().collect::<Vec<_>>(), [&Outcome::Joined]);
}

#[test]
fn the_contradictory_mismatch_ends_in_quarantine() {
    let state = state(&article_mismatch());
    assert_eq!(rows(&state), [""; 0]);
    let letter = ("alpha".to_owned(), "gs1".to_owned(), "INCONSISTENT_MISMATCH".to_owned());
    assert_eq!(state.dead_letters.into_iter().collect::<Vec<_>>(), [letter]);
    assert_eq!(state.sends.values().collect::<Vec<_>>(), [&Outcome::Unresolved]);
}

/// Until the stranger writes, the old number stays Ana's; from then on it is the stranger's, and so is its row: the
/// newest of class A is the stranger's inbound message, not the change.
#[test]
fn a_late_change_leaves_the_stranger_alone() {
    let state = state(&recycled_number());
    assert_eq!(rows(&state), ["5535988880001 5535988880001 INBOUND"]);
    assert_eq!(people(&state), ["[5535988880001] stranger", "ana-first ana-moved ana-old-number gs-ana"]);
    assert_eq!(conversations(&state), ["ana-first ana-moved ana-old-number gs-ana", "stranger"]);
}

#[test]
fn swapped_numbers_do_not_mix_people() {
    let state = state(&swapped_numbers());
    assert_eq!(people(&state), ["p-after p-before", "q-after q-before"]);
}

#[test]
fn a_user_on_two_numbers_is_one_person() {
    let state = state(&user_on_two_numbers());
    assert_eq!(people(&state), ["home home-later home-user work work-user", "stranger work-later"]);
}

/// 12 h and 24 h were 12 h apart, 24 h and 40 h 16 h. Without the one in the middle, 28 h is a cut.
#[test]
fn a_late_sight_cuts_a_conversation() {
    let records = late_sight();
    let before = state(&records[..records.len() - 1]);
    assert_eq!(conversations(&before), ["at-0 at-12 at-24 at-40"]);
    let after = state(&records);
    assert_eq!(people(&after), ["at-0 at-12 at-40", "at-14 at-24"]);
    assert_eq!(conversations(&after), ["at-0 at-12", "at-14 at-24", "at-40"]);
}

#[test]
fn a_landline_and_a_mobile_are_never_linked() {
    let state = state(&landline_pair());
    assert_eq!(rows(&state), ["551133334444 5511933334444 SENT"]);
    assert_eq!(people(&state), ["[551133334444] gs1 mobile", "landline"]);
}

#[test]
fn argentine_spellings_are_linked_by_evidence_only() {
    let state = state(&argentine_evidence());
    // The inbound message from the dialled spelling is newer than the send.
    assert_eq!(rows(&state), ["541141234567 541141234567 INBOUND"]);
    assert_eq!(people(&state), ["[541141234567] gs1 long short", "other-long", "other-short"]);
}
