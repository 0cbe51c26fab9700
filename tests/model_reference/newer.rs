//! Echoes, renamings and hearsay: hand-made histories, with what MEANING.md promises of them.

use crate::model::final_state::{Direction, Outcome, compare};
use crate::model::generate::handmade::{inbound, ms, newer};
use crate::model::guarantee;
use crate::model::history::Record;
use crate::model::reference::{Settings, analyse, final_state};
use crate::view::{conversations, people, rows, state};

/// The history, and the same without its last record.
fn with_and_without_last(records: &[Record]) -> [Vec<String>; 2] {
    [records, &records[..records.len() - 1]].map(|records| people(&state(records)))
}

#[test]
fn every_set_is_within_the_guarantee_and_has_no_order() {
    let settings = Settings::default();
    for (name, mut records) in newer::all() {
        assert_eq!(guarantee::violations(&records, &settings), Vec::<String>::new(), "{name}");
        let expected = final_state(&records, &settings);
        records.reverse();
        compare(&expected, &final_state(&records, &settings)).unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn an_echo_is_a_message_of_the_conversation() {
    let records = newer::echo_between();
    assert_eq!(conversations(&state(&records[..2])), ["at-0", "at-30"]);
    assert_eq!(conversations(&state(&records)), ["at-0 at-30 typed-15"]);
}

#[test]
fn an_echo_is_a_sight_by_hearsay() {
    let records = newer::echo_shows_an_owner();
    assert_eq!(people(&state(&records)), ["known", "plain typed"]);
    let sights = analyse(&records[..1], &Settings::default()).owners.sights;
    assert_eq!(sights.values().map(|seen| seen.earliest_first_hand_s).collect::<Vec<_>>(), [None]);
}

#[test]
fn copies_of_an_echo_complete_each_other() {
    let [whole, part] = with_and_without_last(&newer::echo_told_twice());
    assert_eq!(whole, ["ana typed", "stranger"]);
    assert_eq!(part, ["ana", "stranger typed"]);
    let state = state(&newer::echo_told_twice());
    assert_eq!(state.messages.keys().filter(|(_, direction, _)| *direction == Direction::Echo).count(), 1);
}

#[test]
fn an_echo_and_a_send_under_one_id_are_two() {
    let state = state(&newer::echo_under_the_id_of_a_send());
    let messages: Vec<_> = state.messages.keys().map(|(_, direction, id)| (*direction, id.as_str())).collect();
    assert_eq!(messages, [(Direction::Outbound, "m2"), (Direction::Echo, "m1"), (Direction::Echo, "m2")]);
    assert_eq!(state.sends.values().collect::<Vec<_>>(), [&Outcome::Unresolved, &Outcome::Joined]);
    assert_eq!(rows(&state), ["5535988880004 5535988880004 SENT"]);
}

#[test]
fn a_renaming_makes_two_one() {
    let [told, untold] = with_and_without_last(&newer::renaming_told_last());
    assert_eq!(told, ["after before", "stranger"]);
    assert_eq!(untold, ["after", "before", "stranger"]);
}

#[test]
fn renamings_are_an_equivalence() {
    let [told, untold] = with_and_without_last(&newer::chain_of_renamings());
    assert_eq!(told, ["home work"]);
    assert_eq!(untold, ["home", "work"]);
}

#[test]
fn a_renamed_leaver_takes_nothing_back() {
    let records = newer::renaming_on_a_recycled_number();
    assert_eq!(people(&state(&records)), ["ana ana-later", "plain stranger"]);
}

#[test]
fn a_change_may_name_another_bsuid_of_the_leaver() {
    let [told, untold] = with_and_without_last(&newer::change_of_a_former_user());
    assert_eq!(told, ["ana moved", "stranger"]);
    assert_eq!(untold, ["ana", "moved stranger"]);
}

#[test]
fn a_change_from_nobody_said_admits_the_next_bsuid() {
    let records = newer::previous_unknown();
    let state = state(&records);
    assert_eq!(people(&state), ["[5535988880004] stranger", "after before gs1 known"]);
    // The stranger wrote last; no change of the number into itself stands behind it.
    assert_eq!(rows(&state), ["5535988880004 5535988880004 INBOUND"]);
    let analysis = analyse(&records, &Settings::default());
    let kinds: Vec<_> =
        analysis.addresses.values().flat_map(|address| address.observations.keys()).map(|(_, _, kind)| kind.name()).collect();
    assert_eq!(kinds, ["INBOUND", "SENT"]);
}

#[test]
fn a_renaming_with_a_number_is_a_sight() {
    let state = state(&newer::renaming_is_a_sight());
    assert_eq!(rows(&state), ["alpha:BR.1 null SENT", "alpha:BR.2 5535988880004 USER_ID"]);
    assert_eq!(people(&state), ["[alpha:BR.1] [alpha:BR.2] gs1 gs2 plain"]);
}

#[test]
fn a_row_keeps_to_the_bsuid_that_was_joined() {
    let [told, untold] = with_and_without_last(&newer::user_id_follows_no_renaming());
    assert_eq!(rows(&state(&newer::user_id_follows_no_renaming())), ["alpha:BR.1 null SENT"]);
    assert_eq!(told, ["[alpha:BR.1] gs1 in1"]);
    assert_eq!(untold, ["[alpha:BR.1] gs1", "in1"]);
}

#[test]
fn hearsay_is_no_answer() {
    let records = newer::two_repeated_spellings();
    let repeated = state(&records[..4]);
    assert_eq!(rows(&repeated), ["541141234567 541141234567 SENT", "5491141234567 5491141234567 SENT"]);
    assert_eq!(people(&repeated), ["[541141234567] [5491141234567] gs1 gs2"]);
    assert_eq!(rows(&state(&records)), ["541141234567 5491141234567 USER_ID", "5491141234567 5491141234567 INBOUND"]);
}

/// It is a sight all the same: of the lines on which Ana's BSUID was, and so of who was written to.
#[test]
fn hearsay_still_says_who_it_was() {
    let records = newer::astray();
    let state = state(&records);
    assert_eq!(rows(&state), ["5535988880004 null SENT", "5535988880005 5535988880005 SENT"]);
    assert_eq!(people(&state), ["[5535988880004] [5535988880005] gs1 gs2"]);
    let seen = inbound("in1", "5535988880005", Some("BR.ana"), 20).recorded(ms(20));
    let known = crate::view::state(&[records, vec![seen]].concat());
    assert_eq!(rows(&known), ["5535988880004 5535988880005 USER_ID", "5535988880005 5535988880005 INBOUND"]);
}
