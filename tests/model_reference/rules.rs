//! Single rules of MEANING.md, each with the smallest history that shows it.

use crate::model::final_state::Outcome;
use crate::model::generate::handmade::{change, inbound, ms, reply, send, sent};
use crate::model::history::{Fact, Mismatch, Send, Status, StatusKind};
use crate::model::reference::{Settings, final_state};
use crate::view::{conversations, people, rows, state};

const HOUR_S: i64 = 3600;
const DIALLED: &str = "5535987654321";
const SHORT: &str = "553587654321";

fn status(kind: StatusKind, gs_id: Option<&str>, id: Option<&str>, wa_id: Option<&str>, user: Option<&str>) -> Fact {
    Fact::Status(Status {
        app: "alpha".to_owned(),
        kind,
        gs_id: gs_id.map(str::to_owned),
        whatsapp_id: id.map(str::to_owned),
        meta_msg_id: None,
        wa_id: wa_id.map(str::to_owned),
        user_id: user.map(str::to_owned),
        at_ms: ms(1),
    })
}

fn outcome(records: &[crate::model::history::Record]) -> Outcome {
    *state(records).sends.values().next().expect("a send")
}

#[test]
fn a_join_counts_up_to_the_timeout() {
    let timeout_ms = Settings::default().join_timeout_ms;
    for (apart_ms, expected) in [(timeout_ms, Outcome::Joined), (timeout_ms + 1, Outcome::Unresolved)] {
        let (send, sent) = (send("gs1", DIALLED, 0), sent("gs1", Some(SHORT), None, 1));
        assert_eq!(outcome(&[send.clone().recorded(ms(0)), sent.clone().recorded(ms(0) + apart_ms)]), expected);
        assert_eq!(outcome(&[send.recorded(ms(0) + apart_ms), sent.recorded(ms(0))]), expected);
    }
}

#[test]
fn one_alias_step_and_never_two() {
    let at = |fact: Fact| fact.recorded(ms(2));
    let send = at(send("gs1", DIALLED, 0));
    let alias = |gs_id, id| at(status(StatusKind::Enqueued, Some(gs_id), Some(id), None, None));
    let read = |id| at(status(StatusKind::Read, None, Some(id), Some(SHORT), None));
    assert_eq!(outcome(&[send.clone(), read("gs1")]), Outcome::Joined);
    assert_eq!(outcome(&[send.clone(), alias("gs1", "x"), read("x")]), Outcome::Joined);
    assert_eq!(outcome(&[send.clone(), alias("gs1", "x"), alias("x", "y"), read("y")]), Outcome::Unresolved);
    let taught_by_reply = at(reply("in1", "16315550000", None, (Some("gs1"), Some("x")), 3));
    assert_eq!(outcome(&[send, taught_by_reply, read("x")]), Outcome::Joined);
}

#[test]
fn a_foreign_reply_is_refused_but_still_a_message() {
    let records =
        [send("gs1", DIALLED, 0).recorded(ms(0)), reply("in1", "16315550000", Some("US.1"), (Some("gs1"), None), 1).recorded(ms(1))];
    let state = state(&records);
    assert_eq!(rows(&state), [""; 0]);
    assert_eq!(people(&state), ["in1"]);
    assert_eq!(state.dead_letters.into_iter().map(|letter| letter.2).collect::<Vec<_>>(), ["FOREIGN_JOIN"]);
}

#[test]
fn an_echoed_send_response_counts_for_raw_meta_only() {
    for (message_id, expected) in [("gs1", Outcome::Unresolved), ("wamid.1", Outcome::Joined)] {
        let Fact::Send(echo) = send(message_id, DIALLED, 0) else { unreachable!() };
        let echo = Fact::Send(Send { wa_id: Some(DIALLED.to_owned()), ..echo });
        assert_eq!(outcome(&[echo.recorded(ms(0))]), expected);
    }
}

/// SENT with the phone and SENT with the BSUID are one event: the two belong together. Not so SENT and READ.
#[test]
fn twins_of_one_kind_only() {
    let other_person = inbound("in1", SHORT, Some("BR.other"), -HOUR_S).recorded(ms(0));
    for (kind, expected) in [(StatusKind::Sent, "gs1"), (StatusKind::Read, "gs1 in1")] {
        let records = [
            send("gs1", DIALLED, 0).recorded(ms(0)),
            status(StatusKind::Sent, Some("gs1"), None, Some(SHORT), None).recorded(ms(1)),
            status(kind, Some("gs1"), None, None, Some("BR.1")).recorded(ms(1)),
            other_person.clone(),
        ];
        assert!(people(&state(&records)).iter().any(|person| person.trim_start_matches("[5535987654321] ") == expected), "{kind:?}");
    }
}

#[test]
fn the_newest_of_class_a_answers() {
    let records = [
        send("gs1", DIALLED, 0).recorded(ms(0)),
        sent("gs1", Some(SHORT), None, 1).recorded(ms(1)),
        send("gs2", DIALLED, 100).recorded(ms(100)),
        sent("gs2", Some(DIALLED), None, 101).recorded(ms(101)),
    ];
    // A later echo is class C and corrects nothing; a later reply from the dialled number is class A.
    assert_eq!(rows(&state(&records)), ["5535987654321 553587654321 SENT"]);
    let replied = reply("in1", DIALLED, None, (Some("gs2"), None), 200).recorded(ms(200));
    assert_eq!(rows(&state(&[records.to_vec(), vec![replied]].concat())), ["5535987654321 5535987654321 REPLY"]);
}

#[test]
fn a_mismatch_gives_a_row_without_a_join() {
    let phone = DIALLED.to_owned();
    let mismatch =
        Fact::Mismatch(Mismatch { app: "alpha".to_owned(), message_id: "gs1".to_owned(), phone, wa_id: SHORT.to_owned(), at_ms: ms(1) });
    let records = [send("gs1", DIALLED, 0).recorded(ms(0)), mismatch.recorded(ms(1))];
    let state = state(&records);
    assert_eq!(rows(&state), ["5535987654321 553587654321 MISMATCH"]);
    assert_eq!(people(&state), ["[5535987654321]"]);
    assert_eq!(outcome(&records), Outcome::Unresolved);
}

/// A send to a BSUID: what its statuses call nobody in particular is that BSUID, and a wa_id beside it a sight.
#[test]
fn a_send_to_a_bsuid() {
    let null = [send("gs1", "BR.1", 0).recorded(ms(0)), status(StatusKind::Read, Some("gs1"), None, None, None).recorded(ms(1))];
    assert_eq!(rows(&state(&null)), ["alpha:BR.1 null READ"]);
    let seen = [null[0].clone(), sent("gs1", Some(SHORT), None, 1).recorded(ms(1)), inbound("in1", DIALLED, None, 9).recorded(ms(9))];
    let state = state(&seen);
    assert_eq!(rows(&state), ["alpha:BR.1 553587654321 SENT"]);
    assert_eq!(people(&state), ["[alpha:BR.1] gs1 in1"]);
}

/// A reply with a phone only to a send to a BSUID: the BSUID was seen with that phone, when the reply came.
#[test]
fn a_reply_to_a_bsuid_is_a_sight() {
    let records = [
        send("gs1", "BR.1", 0).recorded(ms(0)),
        reply("in1", SHORT, None, (Some("gs1"), None), 10).recorded(ms(10)),
        inbound("before", DIALLED, Some("BR.0"), 9).recorded(ms(9)),
        inbound("after", DIALLED, None, 11).recorded(ms(11)),
    ];
    let state = state(&records);
    assert_eq!(rows(&state), ["alpha:BR.1 553587654321 REPLY"]);
    assert_eq!(people(&state), ["[alpha:BR.1] after gs1 in1", "before"]);
}

/// READ at 10 s and SENT at 20 s of the same wa_id are one SENT from 10 s to 20 s: a change at 15 s finds it at 10 s, and a
/// reply of the same second wins over it by its kind.
#[test]
fn exact_joins_are_one_observation() {
    let records = [
        send("gs1", DIALLED, 10).recorded(ms(10)),
        status(StatusKind::Read, Some("gs1"), None, Some(SHORT), None).recorded(ms(10)),
        send("gs2", DIALLED, 20).recorded(ms(20)),
        sent("gs2", Some(SHORT), None, 20).recorded(ms(20)),
        change("ch1", (SHORT, "553191112222"), None, 15).recorded(ms(20)),
    ];
    let analysis = crate::model::reference::analyse(&records, &Settings::default());
    let observations = &analysis.addresses[DIALLED].observations;
    let shown: Vec<_> =
        observations.iter().map(|((_, wa_id, kind), span)| (wa_id.as_str(), kind.name(), span.newest_s - span.earliest_s)).collect();
    assert_eq!(shown, [("553191112222", "NUMBER_CHANGE", 0), (SHORT, "SENT", 10)]);
}

/// A BSUID address has joined itself, also when all its evidence names another.
#[test]
fn a_bsuid_address_joins_itself() {
    let records = [
        send("gs1", "BR.1", 0).recorded(ms(0)),
        sent("gs1", None, Some("BR.2"), 1).recorded(ms(1)),
        inbound("in1", SHORT, Some("BR.1"), 5).recorded(ms(5)),
        inbound("in2", "553191112222", Some("BR.2"), 4).recorded(ms(4)),
    ];
    assert_eq!(rows(&state(&records)), ["alpha:BR.1 553587654321 USER_ID"]);
}

/// The address joined a BSUID which was first seen elsewhere: USER_ID, dated at that sight, unless it is the phone itself.
#[test]
fn a_wa_id_seen_with_the_joined_user() {
    let base = [send("gs1", DIALLED, 0).recorded(ms(0)), sent("gs1", None, Some("BR.1"), 1).recorded(ms(1))];
    assert_eq!(rows(&state(&base)), ["5535987654321 null SENT"]);
    let elsewhere = inbound("in1", "553191112222", Some("BR.1"), 5).recorded(ms(5));
    assert_eq!(rows(&state(&[base.to_vec(), vec![elsewhere]].concat())), ["5535987654321 553191112222 USER_ID"]);
}

#[test]
fn a_row_follows_a_change_as_of_its_time() {
    let (old, new) = ("16315550001", "16315550002");
    let base = vec![send("gs1", old, 0).recorded(ms(0)), sent("gs1", Some(old), None, 1).recorded(ms(1))];
    for (second, expected) in [(0, "16315550001 16315550002 NUMBER_CHANGE"), (-1, "16315550001 16315550001 SENT")] {
        let changed = change("ch1", (old, new), None, second).recorded(ms(2));
        assert_eq!(rows(&state(&[base.clone(), vec![changed]].concat())), [expected]);
    }
}

/// The mover is the first unknown BSUID at or after the change; what came before belongs to whom it belonged.
#[test]
fn an_entry_opens_an_owner() {
    let (old, new) = ("16315550001", "16315550002");
    let records = [
        inbound("mover-before", old, Some("US.m1"), 0).recorded(ms(0)),
        inbound("resident", new, None, 9).recorded(ms(9)),
        inbound("resident-user", new, Some("US.r"), 9).recorded(ms(9)),
        change("ch1", (old, new), None, 10).recorded(ms(10)),
        inbound("mover-plain", new, None, 10).recorded(ms(10)),
        inbound("mover-user", new, Some("US.m2"), 50).recorded(ms(50)),
        inbound("next", new, Some("US.n"), 60).recorded(ms(60)),
        inbound("left-behind", old, None, 60).recorded(ms(60)),
    ];
    let state = state(&records);
    assert_eq!(people(&state), ["left-behind mover-before mover-plain mover-user", "next", "resident resident-user"]);
}

#[test]
fn a_change_within_a_line_admits_the_next_user() {
    let records = [
        inbound("before", SHORT, Some("BR.1"), 0).recorded(ms(0)),
        change("ch1", (SHORT, DIALLED), Some("BR.1"), 10).recorded(ms(10)),
        inbound("after", DIALLED, Some("BR.2"), 20).recorded(ms(20)),
        inbound("stranger", DIALLED, Some("BR.3"), 30).recorded(ms(30)),
    ];
    assert_eq!(people(&state(&records)), ["after before", "stranger"]);
}

#[test]
fn another_apps_first_user_is_the_same_owner() {
    let Fact::Inbound(mut beta) = inbound("beta", SHORT, Some("BR.9"), 5) else { unreachable!() };
    beta.app = "beta".to_owned();
    let records = [inbound("alpha", SHORT, Some("BR.1"), 0).recorded(ms(0)), Fact::Inbound(beta).recorded(ms(5))];
    let state = state(&records);
    assert_eq!(people(&state), ["alpha beta"]);
    assert_eq!(conversations(&state), ["alpha", "beta"]);
}

#[test]
fn ties_need_both_times() {
    let idle_s = Settings::default().idle_timeout_s;
    let limit_ms = idle_s * 1000 + Settings::default().retention_ms;
    for (apart_s, kafka_apart_ms, expected) in [(idle_s, limit_ms, 1), (idle_s + 1, limit_ms, 2), (idle_s, limit_ms + 1, 2)] {
        let records = [inbound("a", SHORT, None, 0).recorded(ms(0)), inbound("b", SHORT, None, apart_s).recorded(ms(0) + kafka_apart_ms)];
        assert_eq!(conversations(&final_state(&records, &Settings::default())).len(), expected);
    }
}

/// The least, over matching pairs, of the later of the two.
#[test]
fn kafka_time_of_an_outbound_message() {
    let hour_ms = 3_600_000;
    let records = [
        send("gs1", DIALLED, 0).recorded(ms(0)),
        send("gs1", DIALLED, 0).recorded(ms(0) + 50 * hour_ms),
        sent("gs1", Some(SHORT), None, 1).recorded(ms(0) + 20 * hour_ms),
        sent("gs1", Some(SHORT), None, 1).recorded(ms(0) + 10 * hour_ms),
    ];
    let analysis = crate::model::reference::analyse(&records, &Settings::default());
    let kafka_ms = analysis.joins.outbound.values().next().and_then(|outbound| outbound.kafka_ms);
    assert_eq!(kafka_ms, Some(ms(0) + 10 * hour_ms));
}

#[test]
fn copies_of_an_inbound_message_complete_each_other() {
    let records = [
        inbound("in1", SHORT, None, 0).recorded(ms(0)),
        inbound("in1", "", Some("BR.1"), 0).recorded(ms(1)),
        inbound("in2", "", Some("BR.1"), 5).recorded(ms(5)),
        inbound("in3", DIALLED, None, 6).recorded(ms(6)),
    ];
    assert_eq!(people(&state(&records)), ["in1 in2 in3"]);
}
