//! Gupshup v2 events, a table for each behaviour.

use super::*;

/// Each row: a sample, what to replace in it, what it then is.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str);

fn check(rows: &[Row]) {
    for (sample, changes, expected) in rows {
        let body = changes.iter().fold((*sample).to_owned(), |body, (from, to)| {
            assert!(body.contains(from), "{from} is not in {body}");
            body.replace(from, to)
        });
        assert_eq!(told(&body), *expected, "{body}");
    }
}

const GS: &str = r#""gsId":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","#;
const ID: &str = r#""id":"cc3651a4-493b-4a38-b867-c547af202259","#;
const FAILED_ID: &str = r#""id":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","#;

#[test]
fn each_status_has_its_ids_where_gupshup_puts_them() {
    check(&[
        (ENQUEUED, &[], "Enqueued default/DemoApp gs=0a58e0ce other=cc3651a4 at=1776944126001"),
        (ENQUEUED, &[("whatsappMessageId", "x")], "Enqueued default/DemoApp gs=0a58e0ce at=1776944126001"),
        (SENT, &[], "Sent default/DemoApp gs=0a58e0ce other=cc3651a4 wa=553587654321 user=BR.1648738043044942 at=1776944126000"),
        (
            SENT,
            &[(r#""type":"sent""#, r#""type":"delivered""#), (r#","userId":"BR.1648738043044942""#, "")],
            "Delivered default/DemoApp gs=0a58e0ce other=cc3651a4 wa=553587654321 at=1776944126000",
        ),
        (
            SENT,
            &[(r#""type":"sent""#, r#""type":"read""#), (r#","userId":"BR.1648738043044942""#, "")],
            "Read default/DemoApp gs=0a58e0ce other=cc3651a4 wa=553587654321 at=1776944126000",
        ),
        (
            SENT,
            &[(r#""type":"sent""#, r#""type":"played""#), (r#","userId":"BR.1648738043044942""#, "")],
            "Read default/DemoApp gs=0a58e0ce other=cc3651a4 wa=553587654321 at=1776944126000",
        ),
        // a week after the send
        (SENT, &[(GS, "")], "Sent default/DemoApp other=cc3651a4 wa=553587654321 user=BR.1648738043044942 at=1776944126000"),
        (SENT, &[(GS, r#""gsId":"","#)], "Sent default/DemoApp other=cc3651a4 wa=553587654321 user=BR.1648738043044942 at=1776944126000"),
        (SENT, &[(GS, r#""gsId":null,"#)], "Sent default/DemoApp other=cc3651a4 wa=553587654321 user=BR.1648738043044942 at=1776944126000"),
        (SENT, &[(ID, "")], "Sent default/DemoApp gs=0a58e0ce wa=553587654321 user=BR.1648738043044942 at=1776944126000"),
        (SENT, &[(ID, FAILED_ID)], "Sent default/DemoApp gs=0a58e0ce wa=553587654321 user=BR.1648738043044942 at=1776944126000"),
        (SENT, &[(ID, ""), (GS, "")], "MISSING_MESSAGE_ID: neither payload.gsId nor payload.id"),
        (ENQUEUED, &[(FAILED_ID, "")], "Enqueued default/DemoApp other=cc3651a4 at=1776944126001"),
        // at Gupshup, or at WhatsApp a week after the send; then at WhatsApp
        (FAILED, &[], "Failed default/DemoApp other=0a58e0ce code=1008 reason=User is not Opted in and Inactive at=1776944130000"),
        (
            FAILED,
            &[(FAILED_ID, r#""id":"cc3651a4-493b","gsId":"0a58e0ce-6f0e","#), ("1008", r#""131026""#)],
            "Failed default/DemoApp gs=0a58e0ce other=cc3651a4 code=131026 reason=User is not Opted in and Inactive at=1776944130000",
        ),
        (
            FAILED,
            &[(r#""payload":{"code":1008,"reason":"User is not Opted in and Inactive"}"#, r#""payload":null"#)],
            "Failed default/DemoApp other=0a58e0ce at=1776944130000",
        ),
        (FAILED, &[(FAILED_ID, "")], "MISSING_MESSAGE_ID: neither payload.gsId nor payload.id"),
    ]);
}

#[test]
fn only_what_whatsapp_answered_is_evidence() {
    check(&[
        // the destination of enqueued and failed repeats the request: not read, whatever it is
        (
            ENQUEUED,
            &[(r#""destination":"5535987654321""#, r#""destination":"?","userId":"BR.1""#)],
            "Enqueued default/DemoApp gs=0a58e0ce other=cc3651a4 at=1776944126001",
        ),
        (
            FAILED,
            &[(r#""type":"failed""#, r#""type":"failed","userId":"BR.1""#)],
            "Failed default/DemoApp other=0a58e0ce code=1008 reason=User is not Opted in and Inactive at=1776944130000",
        ),
        (
            SENT,
            &[("553587654321", "+55 35 8765-4321")],
            "Sent default/DemoApp gs=0a58e0ce other=cc3651a4 wa=553587654321 user=BR.1648738043044942 at=1776944126000",
        ),
        (
            SENT,
            &[(r#""553587654321""#, "553587654321")],
            "Sent default/DemoApp gs=0a58e0ce other=cc3651a4 wa=553587654321 user=BR.1648738043044942 at=1776944126000",
        ),
        // without a phone
        (
            SENT,
            &[("553587654321", "BR.1648738043044942"), (r#","userId":"BR.1648738043044942""#, "")],
            "Sent default/DemoApp gs=0a58e0ce other=cc3651a4 user=BR.1648738043044942 at=1776944126000",
        ),
        (
            SENT,
            &[(r#""destination":"553587654321","#, "")],
            "Sent default/DemoApp gs=0a58e0ce other=cc3651a4 user=BR.1648738043044942 at=1776944126000",
        ),
        (SENT, &[("553587654321", "@ana")], "Sent default/DemoApp gs=0a58e0ce other=cc3651a4 user=BR.1648738043044942 at=1776944126000"),
        (SENT, &[("553587654321", ""), ("BR.1648738043044942", "")], "Sent default/DemoApp gs=0a58e0ce other=cc3651a4 at=1776944126000"),
        (
            SENT,
            &[("553587654321", "@ana"), ("BR.1648738043044942", "ana")],
            "BAD_NUMBER: payload.destination is neither a number nor a BSUID",
        ),
        (
            SENT,
            &[(r#""553587654321""#, "[]"), ("BR.1648738043044942", "")],
            "BAD_NUMBER: payload.destination is neither a number nor a BSUID",
        ),
    ]);
}

#[test]
fn a_mismatch_claims_a_wa_id() {
    check(&[
        (MISMATCH, &[], "MISMATCH default/DemoApp 499a3642 wa=5593587654321 at=1638607221146"),
        (MISMATCH, &[(r#""wa_id":"5593587654321""#, r#""wa":1"#)], "BAD_NUMBER: payload.payload.wa_id is no number"),
        (MISMATCH, &[("5593587654321", "BR.1648738043044942")], "BAD_NUMBER: payload.payload.wa_id is no number"),
        (MISMATCH, &[(r#""id":"499a3642-5d41-477f-8bdc-58985e9c6996","#, "")], "MISSING_MESSAGE_ID: no payload.id"),
    ]);
}

const PHONE: &str = r#""phone":"553587654321","#;
const SOURCE: &str = r#""source":"553587654321","#;
const USER: &str = r#","userId":"BR.1648738043044942""#;
const CONTEXT: &str = r#","context":{"id":"gBEG","gsId":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10"}"#;

#[test]
fn an_inbound_message_has_an_author() {
    check(&[
        (
            INBOUND,
            &[(CONTEXT, "")],
            "INBOUND default/DemoApp wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg wa=553587654321 user=BR.1648738043044942 kind=text at=1776944190000",
        ),
        (
            INBOUND,
            &[(CONTEXT, ""), (SOURCE, ""), (USER, "")],
            "INBOUND default/DemoApp wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg wa=553587654321 kind=text at=1776944190000",
        ),
        (
            INBOUND,
            &[(CONTEXT, ""), (PHONE, ""), (USER, "")],
            "INBOUND default/DemoApp wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg wa=553587654321 kind=text at=1776944190000",
        ),
        (
            INBOUND,
            &[(CONTEXT, ""), (PHONE, ""), (SOURCE, "")],
            "INBOUND default/DemoApp wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg user=BR.1648738043044942 kind=text at=1776944190000",
        ),
        (
            INBOUND,
            &[(CONTEXT, ""), (PHONE, ""), (SOURCE, r#""source":"BR.1648738043044942","#), (USER, "")],
            "INBOUND default/DemoApp wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg user=BR.1648738043044942 kind=text at=1776944190000",
        ),
        (
            INBOUND,
            &[(CONTEXT, ""), (PHONE, ""), (SOURCE, ""), (USER, "")],
            "BAD_NUMBER: neither payload.source nor payload.sender names anybody",
        ),
        (
            INBOUND,
            &[(CONTEXT, ""), (PHONE, ""), ("553587654321", "@ana"), (USER, "")],
            "BAD_NUMBER: payload.source is neither a number nor a BSUID",
        ),
        (INBOUND, &[("wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg", "")], "MISSING_MESSAGE_ID: no payload.id"),
        (INBOUND, &[(SOURCE, r#""source":"120363394132096417@g.us","#)], "IGNORED group"),
        (INBOUND, &[(r#""type":"text""#, r#""type":"revoke""#)], "IGNORED message/revoke"),
        (INBOUND, &[(r#""type":"text""#, r#""type":"edit""#)], "IGNORED message/edit"),
        (INBOUND, &[("1776944190000", "null")], "BAD_TIMESTAMP: no timestamp"),
    ]);
}

#[test]
fn a_reply_names_what_it_answers() {
    let text = "INBOUND default/DemoApp wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg wa=553587654321 user=BR.1648738043044942 kind=text";
    for (context, expected) in [
        (CONTEXT, " re-gs=0a58e0ce re=gBEG"),
        (r#","context":{"id":"gBEG"}"#, " re=gBEG"),
        (r#","context":{"gsId":"0a58e0ce-6f0e"}"#, " re-gs=0a58e0ce"),
        (r#","context":{"id":"0a58e0ce","gsId":"0a58e0ce"}"#, " re-gs=0a58e0ce"),
        (r#","context":{"id":"","gsId":null}"#, ""),
        (r#","context":{"forwarded":true}"#, ""),
        (r#","context":null"#, ""),
        (r#","context":[1,{"gsId":"x"}]"#, ""),
        ("", ""),
    ] {
        assert_eq!(told(&INBOUND.replace(CONTEXT, context)), format!("{text}{expected} at=1776944190000"), "{context}");
    }
    let named = r#""id":"gBEG","gsId":"0a58e0ce-6f0e","text":"Oi""#;
    let plain = INBOUND.replace(CONTEXT, "").replace(r#""text":"Oi""#, named);
    assert_eq!(told(&plain), format!("{text} at=1776944190000"), "of another type it is an id of something else");
    let reaction = plain.replace(r#""type":"text""#, r#""type":"reaction""#);
    assert_eq!(told(&reaction), format!("{} re-gs=0a58e0ce re=gBEG at=1776944190000", text.replace("text", "reaction")));
}

#[test]
fn a_referral_is_seen_on_either_level() {
    for (place, referral, expected) in [
        (r#""type":"text","#, r#""referral":{"source_type":"ad","source_url":"https://fb.me/x"},"#, true),
        (r#""text":"Oi","#, r#""referral":{"headline":"Sale"},"#, true),
        (r#""type":"text","#, r#""referral":{},"#, false),
        (r#""type":"text","#, r#""referral":null,"#, false),
        (r#""text":"Oi","#, r#""referral":"no","#, false),
    ] {
        let body = INBOUND.replace(r#""text":"Oi""#, r#""text":"Oi","emoji":0"#).replacen(place, &format!("{place}{referral}"), 1);
        assert_ne!(body, INBOUND);
        assert_eq!(told(&body).contains(" referral "), expected, "{body}");
    }
}

#[test]
fn a_system_message_is_a_number_change_or_nothing() {
    check(&[
        (CHANGED, &[], "CHANGE default/DemoApp 553587654321→551187654321 user=BR.1648738043044942 at=1776944190000"),
        (
            CHANGED,
            &[("user_changed", "customer_changed"), (r#""wa_id""#, r#""new_wa_id""#), (USER, "")],
            "CHANGE default/DemoApp 553587654321→551187654321 at=1776944190000",
        ),
        (CHANGED, &[("wamid.S", "")], "CHANGE default/DemoApp 553587654321→551187654321 user=BR.1648738043044942 at=1776944190000"),
        (CHANGED, &[("551187654321", "553587654321")], "IGNORED message/system"),
        (CHANGED, &[("user_changed_number", "user_changed_user_id")], "IGNORED message/system"),
        (CHANGED, &[(r#""type":"user_changed_number","#, "")], "IGNORED message/system"),
        (CHANGED, &[(r#""wa_id":"551187654321""#, r#""x":0"#)], "BAD_NUMBER: payload.payload.wa_id is no number"),
        (CHANGED, &[("553587654321", "")], "BAD_NUMBER: a number change without payload.source"),
        (CHANGED, &[("1776944190000", r#""""#)], "BAD_TIMESTAMP: no timestamp"),
    ]);
}

#[test]
fn what_is_of_no_interest_is_counted() {
    check(&[
        (SANDBOX, &[], "IGNORED user-event"),
        (SANDBOX, &[("user-event", "billing-event")], "IGNORED billing-event"),
        (SANDBOX, &[("user-event", "template-event")], "IGNORED template-event"),
        (SANDBOX, &[("user-event", "account-event")], "IGNORED account-event"),
        (SANDBOX, &[("user-event", "system-event")], "IGNORED system-event"),
        (SANDBOX, &[("user-event", "onboarding-event")], "IGNORED onboarding-event"),
        (SANDBOX, &[("user-event", "preference-event")], "IGNORED preference-event"),
        (SANDBOX, &[("user-event", "event-of-tomorrow")], "IGNORED unknown event type"),
        (SANDBOX, &[("1580142086287", "-1")], "IGNORED user-event"),
        (SENT, &[(r#""type":"sent""#, r#""type":"deleted""#)], "IGNORED message-event/deleted"),
        (SENT, &[(r#""type":"sent""#, r#""type":"submitted""#)], "IGNORED message-event/submitted"),
        (SENT, &[(r#""type":"sent""#, r#""type":"set-callback""#)], "IGNORED message-event/set-callback"),
        (SENT, &[(r#""type":"sent""#, r#""type":"status-of-tomorrow""#)], "IGNORED message-event/unknown"),
        (SENT, &[(r#""type":"sent""#, r#""type":7"#)], "IGNORED message-event/unknown"),
    ]);
}

#[test]
fn the_app_is_the_listed_one_by_name_or_id() {
    let with = "Failed acme/acme-support other=0a58e0ce code=1008 reason=User is not Opted in and Inactive at=1776944130000";
    check(&[
        (FAILED, &[("DemoApp", "acme-support")], with),
        (FAILED, &[(r#""app":"DemoApp""#, r#""appId":"4005ef9e-581e-41f4-9b04-e0797e0463d2""#)], with),
        (FAILED, &[(r#""app":"DemoApp""#, r#""app":"renamed","appId":"4005ef9e-581e-41f4-9b04-e0797e0463d2""#)], with),
        (
            FAILED,
            &[(r#""app":"DemoApp""#, r#""app":null,"appId":17"#)],
            "Failed default/17 other=0a58e0ce code=1008 reason=User is not Opted in and Inactive at=1776944130000",
        ),
        (FAILED, &[(r#""app":"DemoApp","#, "")], "UNKNOWN_SHAPE: neither app nor appId"),
    ]);
    let long = FAILED.replace("DemoApp", &"a".repeat(257));
    assert_eq!(told(&long), "UNKNOWN_SHAPE: an app or appId of more than 256 bytes");
}

#[test]
fn texts_are_bounded() {
    let long = FAILED.replace("User is", &"é".repeat(3000)).replace("1008", &format!(r#""{}""#, "9".repeat(100)));
    let [Element::Status(status)] = &webhook(long.as_bytes(), KAFKA_MS, &apps())[..] else { panic!("a status") };
    let error = status.error.as_ref().expect("an error");
    assert_eq!((error.code.as_ref().map(|code| code.len()), error.reason.as_ref().map(|reason| reason.len())), (Some(64), Some(1024)));
    let id = SENT.replace("0a58e0ce", &"x".repeat(500));
    assert_eq!(told(&id), "MISSING_MESSAGE_ID: payload.gsId is longer than 512 bytes");
}
