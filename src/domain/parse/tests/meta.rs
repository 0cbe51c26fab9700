//! Gupshup v3 and raw Meta bodies, a table for each behaviour.

use super::*;

const SENT_V3: &str = r#"{"gs_id":"0a58e0ce-6f0e","id":"cc3651a4-493b","meta_msg_id":"wamid.OUT","recipient_id":"553587654321","recipient_user_id":"BR.1648738043044942","status":"sent","timestamp":"1776944126","pricing":{"billable":true,"category":"utility","pricing_model":"PMP","type":"regular"}}"#;
const SENT_META: &str = r#"{"id":"wamid.OUT","status":"sent","timestamp":"1776944126","recipient_id":"553587654321","conversation":{"id":"c","origin":{"type":"utility"}}}"#;
const ENQUEUED_V3: &str =
    r#"{"gs_id":"0a58e0ce-6f0e","id":"cc3651a4-493b","recipient_id":"9191****873","status":"enqueued","timestamp":1776944126001}"#;
const FAILED_META: &str = r#"{"id":"wamid.OUT","status":"failed","timestamp":"1776944126","recipient_id":"5535987654321","errors":[{"code":131049,"title":"Not delivered","message":"Not delivered to maintain healthy ecosystem engagement"}]}"#;
const TEXT: &str = r#"{"from":"553587654321","from_user_id":"BR.1648738043044942","id":"wamid.IN","timestamp":"1776944133","type":"text","text":{"body":"oi"},"context":{"from":"5511900000000","id":"wamid.OUT"}}"#;
const MOVED: &str = r#"{"from":"553587654321","id":"wamid.S","timestamp":"1776944133","type":"system","system":{"body":"User Ana changed from 553587654321 to 551187654321","wa_id":"551187654321","user_id":"BR.2","type":"user_changed_number"}}"#;
const CONTACT: &str = r#"{"profile":{"name":"Ana"},"user_id":"BR.1648738043044942","wa_id":"553587654321"}"#;

/// A body with one change: of v3 if it names the app, else of Meta.
pub fn body(gs_app_id: &str, field: &str, value: &str) -> String {
    let own = if gs_app_id.is_empty() { String::new() } else { format!(r#""gs_app_id":"{gs_app_id}","#) };
    let value = format!(
        r#"{{"messaging_product":"whatsapp","metadata":{{"display_phone_number":"15550783881","phone_number_id":"106"}},{value}}}"#
    );
    let changes = format!(r#"[{{"value":{value},"field":"{field}"}}]"#);
    format!(r#"{{"object":"whatsapp_business_account",{own}"entry":[{{"id":"102","changes":{changes}}}]}}"#)
}

/// A good status under this id.
pub fn status_of(id: &str) -> String {
    format!(r#"{{"id":"{id}","status":"delivered","timestamp":"1776944126","recipient_id":"553587654321"}}"#)
}

/// What each element of a body is.
fn all_told(body: &str) -> Vec<String> {
    webhook(body.as_bytes(), KAFKA_MS, &apps()).iter().map(in_words).collect()
}

/// What a status of v3 is, beside these contacts.
fn status(status: &str, contacts: &str) -> String {
    told(&body("gs", "messages", &format!(r#""contacts":[{contacts}],"statuses":[{status}]"#)))
}

/// What a message of Meta is, beside these contacts.
fn message(message: &str, contacts: &str) -> String {
    told(&body("", "messages", &format!(r#""contacts":[{contacts}],"messages":[{message}]"#)))
}

/// A sample with a part replaced that it has.
fn with(sample: &str, from: &str, to: &str) -> String {
    assert!(sample.contains(from), "{from} is not in {sample}");
    sample.replace(from, to)
}

/// A refusal of the one status or message of a body.
fn refused(name: &str, reason: &str) -> String {
    let (reason, detail) = reason.split_once(": ").expect("a reason");
    format!("{reason}: entry[0].changes[0].value.{name}[0]: {detail}")
}

#[test]
fn each_status_has_its_ids_where_gupshup_or_meta_put_them() {
    let v3 = "default/gs gs=0a58e0ce other=cc3651a4 other=wamid.OUT wa=553587654321 user=BR.1648738043044942 at=1776944126000";
    for (name, kind) in [("sent", "Sent"), ("delivered", "Delivered"), ("read", "Read"), ("played", "Read")] {
        assert_eq!(status(&with(SENT_V3, r#""sent""#, &format!(r#""{name}""#)), CONTACT), format!("{kind} {v3}"));
    }
    let gs = r#""gs_id":"0a58e0ce-6f0e","#;
    assert_eq!(status(&with(SENT_V3, gs, ""), CONTACT), format!("Sent {}", v3.replace("gs=0a58e0ce ", "")));
    let same = with(&with(SENT_V3, "cc3651a4-493b", "0a58e0ce-6f0e"), "wamid.OUT", "0a58e0ce-6f0e");
    assert_eq!(status(&same, CONTACT), format!("Sent {}", v3.replace("other=cc3651a4 other=wamid.OUT ", "")));
    assert_eq!(status(ENQUEUED_V3, ""), "Enqueued default/gs gs=0a58e0ce other=cc3651a4 at=1776944126001");
    let raw = told(&body("", "messages", &format!(r#""statuses":[{SENT_META}]"#)));
    assert_eq!(raw, "Sent default/106 other=wamid.OUT wa=553587654321 at=1776944126000");
    let none = with(SENT_META, r#""id":"wamid.OUT","#, "");
    assert_eq!(status(&none, ""), refused("statuses", "MISSING_MESSAGE_ID: neither gs_id nor id"));
    let long = with(SENT_META, "wamid.OUT", &"x".repeat(513));
    assert_eq!(status(&long, ""), refused("statuses", "MISSING_MESSAGE_ID: id is longer than 512 bytes"));
}

#[test]
fn a_failure_says_why_in_a_list_or_flat() {
    let failed = "Failed default/gs other=wamid.OUT";
    for (errors, expected) in [
        (r#""errors":[{"code":131049,"title":"Not delivered","message":"x"}]"#, " code=131049 reason=Not delivered"),
        (r#""errors":[7,{"code":"131049","message":"Not delivered"},{"code":1}]"#, " code=131049 reason=Not delivered"),
        (r#""errors":[],"code":1008,"reason":"User is not Opted in""#, " code=1008 reason=User is not Opted in"),
        (r#""errors":{"code":1},"code":"","reason":"""#, ""),
        (r#""errors":null"#, ""),
    ] {
        let sample = format!(r#"{{"id":"wamid.OUT","status":"failed","timestamp":"1776944126","recipient_id":"?",{errors}}}"#);
        assert_eq!(status(&sample, CONTACT), format!("{failed}{expected} at=1776944126000"), "{errors}");
    }
    assert_eq!(status(FAILED_META, ""), format!("{failed} code=131049 reason=Not delivered at=1776944126000"));
}

#[test]
fn a_status_is_about_its_own_contact() {
    let dialled = with(SENT_V3, r#""recipient_id":"553587654321""#, r#""recipient_id":"5535987654321""#);
    let userless = with(&dialled, r#","recipient_user_id":"BR.1648738043044942""#, "");
    let nameless = with(&userless, r#""recipient_id":"5535987654321","#, "");
    let by_user = with(&dialled, r#""recipient_id":"5535987654321","#, "");
    let bare = r#"{"wa_id":"553587654321"}"#;
    let other = r#"{"wa_id":"5511911112222","user_id":"BR.9"}"#;
    for (sample, contacts, expected) in [
        // by BSUID, by number
        (&dialled, CONTACT.to_owned(), " wa=553587654321 user=BR.1648738043044942"),
        (&dialled, format!("{other},{CONTACT}"), " wa=553587654321 user=BR.1648738043044942"),
        (&by_user, format!("{other},{CONTACT}"), " wa=553587654321 user=BR.1648738043044942"),
        (&userless, format!(r#"{other},{{"wa_id":"5535987654321","user_id":"BR.7"}}"#), " wa=5535987654321 user=BR.7"),
        // the only one around, unless it contradicts
        (&userless, bare.to_owned(), " wa=553587654321"),
        (&nameless, bare.to_owned(), " wa=553587654321"),
        (&nameless, CONTACT.to_owned(), " wa=553587654321 user=BR.1648738043044942"),
        (&userless, other.to_owned(), " wa=5535987654321"),
        (&by_user, other.to_owned(), " user=BR.1648738043044942"),
        // one of several that is not named
        (&nameless, format!("{other},{bare}"), ""),
        // another spelling of the only one that it can be
        (&userless, format!("{other},{bare}"), " wa=553587654321"),
        (&userless, format!("{bare},{bare}"), " wa=553587654321"),
        (&dialled, format!("{other},{bare}"), " wa=553587654321 user=BR.1648738043044942"),
        (&dialled, format!(r#"{other},{{"wa_id":"553587654321","user_id":"BR.7"}}"#), " wa=5535987654321 user=BR.1648738043044942"),
        (&userless, format!(r#"{bare},{{"wa_id":"5535987654321"}}"#), " wa=5535987654321"),
        (&nameless, format!("null,{bare}"), ""),
        // none, or none that can be read
        (&dialled, String::new(), " wa=5535987654321 user=BR.1648738043044942"),
        (
            &dialled,
            r#"null,7,[{}],{"wa_id":{}},{"wa_id":1e999,"user_id":"\ud800"}"#.to_owned(),
            " wa=5535987654321 user=BR.1648738043044942",
        ),
        // a BSUID where a number should be
        (&nameless, r#"{"wa_id":"BR.3"}"#.to_owned(), " user=BR.3"),
    ] {
        let expected = format!("Sent default/gs gs=0a58e0ce other=cc3651a4 other=wamid.OUT{expected} at=1776944126000");
        assert_eq!(status(sample, &contacts), expected, "{sample} {contacts}");
    }
    let masked = with(&userless, "5535987654321", "5535****4321");
    assert_eq!(status(&masked, ""), refused("statuses", "BAD_NUMBER: recipient_id is neither a number nor a BSUID"));
    assert!(status(&masked, CONTACT).contains("wa=553587654321"));
    let bsuid = with(&userless, "5535987654321", "BR.1648738043044942");
    assert!(status(&bsuid, "").ends_with("wamid.OUT user=BR.1648738043044942 at=1776944126000"));
}

#[test]
fn many_statuses_find_their_contacts() {
    let number = |index: usize| format!("5511{}", 911_110_000 + index);
    let contacts: Vec<String> = (0..100).rev().map(|index| format!(r#"{{"wa_id":"{}","user_id":"BR.{index}"}}"#, number(index))).collect();
    let statuses: Vec<String> = (0..100)
        .map(|index| {
            let name = if index % 2 == 0 {
                format!(r#""recipient_user_id":"BR.{index}""#)
            } else {
                format!(r#""recipient_id":"{}""#, number(index))
            };
            format!(r#"{{"gs_id":"g{index}","status":"read","timestamp":"1776944126",{name}}}"#)
        })
        .collect();
    let value = format!(r#""contacts":[{}],"statuses":[{}]"#, contacts.join(","), statuses.join(","));
    for (index, told) in all_told(&body("gs", "messages", &value)).iter().enumerate() {
        assert_eq!(*told, format!("Read default/gs gs=g{index} wa={} user=BR.{index} at=1776944126000", number(index)));
    }
}

#[test]
fn groups_probes_and_payments_are_nobodys_news() {
    let group = r#""recipient_type":"group","recipient_id":"Y2FwaV9ncm91cDoxNzA1","recipient_participant_id":"553587654321","#;
    for (sample, expected) in [
        (r#"{"type":"set-callback"}"#.to_owned(), "IGNORED status/set-callback"),
        (with(SENT_META, r#""id":"wamid.OUT","#, r#""type":"payment","#), "IGNORED status/payment"),
        (with(FAILED_META, r#""status""#, r#""type":"payment","status""#), "IGNORED status/payment"),
        (with(SENT_META, r#""recipient_id":"553587654321","#, group), "IGNORED group"),
        (with(SENT_META, r#""recipient_id""#, r#""recipient_type":"group","recipient_id""#), "IGNORED group"),
        (with(FAILED_META, "5535987654321", "Y2FwaV9ncm91cDoxNzA1NTU1"), "IGNORED group"),
        (with(SENT_META, "553587654321", "120363040469423382@g.us"), "IGNORED group"),
        (with(SENT_META, r#""status":"sent""#, r#""status":"deleted""#), "IGNORED status/deleted"),
        (with(SENT_META, r#""status":"sent""#, r#""status":"of tomorrow""#), "IGNORED status/unknown"),
    ] {
        assert_eq!(status(&sample, CONTACT), expected, "{sample}");
    }
    for place in [r#""group_id":"Y2FwaV9ncm91cDox","from""#, r#""group_id":7,"from""#] {
        assert_eq!(message(&with(TEXT, r#""from""#, place), CONTACT), "IGNORED group");
    }
    assert_eq!(message(&with(TEXT, r#""from":"553587654321""#, r#""from":"120363040469423382@g.us""#), ""), "IGNORED group");
}

#[test]
fn a_message_is_its_authors() {
    let text = "INBOUND default/106 wamid.IN wa=553587654321 user=BR.1648738043044942 kind=text re=wamid.OUT at=1776944133000";
    let userless = with(TEXT, r#""from_user_id":"BR.1648738043044942","#, "");
    let nameless = with(&userless, r#""from":"553587654321","#, "");
    let by_user = with(TEXT, r#""from":"553587654321","#, "");
    let other = r#"{"wa_id":"5511911112222","user_id":"BR.9"}"#;
    for (sample, contacts) in [
        (TEXT, String::new()),
        (&userless, CONTACT.to_owned()),
        (&by_user, CONTACT.to_owned()),
        (&nameless, CONTACT.to_owned()),
        (&by_user, format!("{other},{CONTACT}")),
        (&userless, format!("{other},{CONTACT}")),
    ] {
        assert_eq!(message(sample, &contacts), text, "{sample} {contacts}");
    }
    let unphoned = text.replace("wa=553587654321 ", "");
    assert_eq!(message(&by_user, ""), unphoned);
    assert_eq!(message(&with(&userless, "553587654321", "BR.1648738043044942"), ""), unphoned);
    assert_eq!(message(&userless, other), text.replace(" user=BR.1648738043044942", ""), "a contact that contradicts");
    let nobody = "BAD_NUMBER: neither from nor from_user_id nor a contact names anybody";
    assert_eq!(message(&nameless, ""), refused("messages", nobody));
    assert_eq!(message(&nameless, &format!("{other},{CONTACT}")), refused("messages", nobody), "which of two it is, nobody says");
    let bad = with(&userless, "553587654321", "@ana");
    assert_eq!(message(&bad, ""), refused("messages", "BAD_NUMBER: from is neither a number nor a BSUID"));
    assert_eq!(message(&bad, CONTACT), text);
    assert_eq!(message(&with(TEXT, "wamid.IN", ""), ""), refused("messages", "MISSING_MESSAGE_ID: no id"));
}

#[test]
fn a_message_may_answer_one_and_come_from_an_ad() {
    let context = r#""context":{"from":"5511900000000","id":"wamid.OUT"}"#;
    for (other, expected) in [
        (r#""context":{"id":"wamid.OUT","gs_id":"0a58e0ce-6f0e"}"#, " re-gs=0a58e0ce re=wamid.OUT"),
        (r#""context":{"gs_id":"0a58e0ce-6f0e","meta_msg_id":"wamid.OUT"}"#, " re-gs=0a58e0ce re=wamid.OUT"),
        (r#""context":{"id":"0a58e0ce-6f0e","gs_id":"0a58e0ce-6f0e","meta_msg_id":"wamid.OUT"}"#, " re-gs=0a58e0ce re=wamid.OUT"),
        (r#""context":{"forwarded":true}"#, ""),
        (r#""context":[]"#, ""),
        (r#""reaction":{"message_id":"wamid.OUT","emoji":"+"}"#, " re=wamid.OUT"),
        (r#""context":{"id":"wamid.OUT"},"reaction":{"message_id":"wamid.OTHER"}"#, " re=wamid.OUT"),
        (r#""reaction":{"emoji":""}"#, ""),
        (r#""referral":{"source_type":"ad","source_id":"1"}"#, " referral"),
        (r#""referral":{}"#, ""),
    ] {
        let text = "INBOUND default/106 wamid.IN wa=553587654321 user=BR.1648738043044942 kind=text";
        assert_eq!(message(&with(TEXT, context, other), CONTACT), format!("{text}{expected} at=1776944133000"), "{other}");
    }
    for kind in ["reaction", "unsupported", "unknown", "button", "order", "of_tomorrow"] {
        assert!(message(&with(TEXT, r#""type":"text""#, &format!(r#""type":"{kind}""#)), CONTACT).contains(&format!(" kind={kind} ")));
    }
}

#[test]
fn a_system_message_is_a_change_or_nothing() {
    let number = r#""wa_id":"551187654321","#;
    let user = r#""user_id":"BR.2","#;
    let kind = "user_changed_number";
    let from = r#""from":"553587654321","#;
    let changed = "CHANGE default/106 553587654321→551187654321 at=1776944133000";
    let of_user = with(MOVED, kind, "user_changed_user_id");
    for (sample, expected) in [
        (MOVED.to_owned(), changed.to_owned()),
        (of_user.clone(), changed.to_owned()),
        (with(&with(MOVED, kind, "customer_changed_number"), r#""wa_id""#, r#""new_wa_id""#), changed.to_owned()),
        (with(&with(MOVED, from, ""), r#""wa_id""#, r#""customer":"553587654321","wa_id""#), changed.to_owned()),
        (with(MOVED, r#""id""#, r#""from_user_id":"BR.1","id""#), changed.replace(" at", " user=BR.1 at")),
        (with(MOVED, r#""id""#, r#""from_user_id":"BR.2","id""#), changed.to_owned()),
        (with(MOVED, user, r#""previous_user_id":"BR.1","user_id":"BR.2","#), changed.replace(" at", " user=BR.1 at")),
        // since August 2026: nobody's number
        (
            with(&with(&with(&of_user, from, ""), number, ""), user, r#""previous_user_id":"BR.1","user_id":"BR.2","#),
            "USER default/106 BR.1→BR.2 at=1776944133000".to_owned(),
        ),
        (
            with(&with(MOVED, from, ""), user, r#""previous_user_id":"BR.1","user_id":"BR.2","#),
            "USER default/106 BR.1→BR.2 wa=551187654321 at=1776944133000".to_owned(),
        ),
        (with(MOVED, r#""wamid.S""#, "null"), changed.to_owned()),
        // one number, or none
        (with(MOVED, r#""551187654321""#, r#""553587654321""#), "IGNORED message/system".to_owned()),
        (with(&of_user, number, ""), "USER default/106 ?→BR.2 old=553587654321 at=1776944133000".to_owned()),
        (with(MOVED, number, ""), "USER default/106 ?→BR.2 old=553587654321 at=1776944133000".to_owned()),
        (with(&of_user, from, r#""from_user_id":"BR.1","#), "USER default/106 BR.1→BR.2 wa=551187654321 at=1776944133000".to_owned()),
        (with(&of_user, from, ""), "USER default/106 ?→BR.2 wa=551187654321 at=1776944133000".to_owned()),
        (with(&with(&of_user, from, ""), number, ""), "IGNORED message/system".to_owned()),
        (with(&with(&of_user, number, ""), user, ""), refused("messages", "BAD_NUMBER: system.user_id is no BSUID")),
        (with(&with(MOVED, from, ""), user, ""), refused("messages", "BAD_NUMBER: a number change without from")),
        (with(&with(MOVED, number, ""), user, ""), refused("messages", "BAD_NUMBER: system.wa_id is no number")),
        (with(MOVED, r#""551187654321""#, r#""@ana""#), refused("messages", "BAD_NUMBER: system.wa_id is no number")),
        (with(MOVED, r#""1776944133""#, "null"), refused("messages", "BAD_TIMESTAMP: no timestamp")),
        (with(MOVED, kind, "customer_identity_changed"), "IGNORED message/system".to_owned()),
        (with(MOVED, r#""system":{"#, r#""x":{"#), "IGNORED message/system".to_owned()),
    ] {
        assert_eq!(message(&sample, ""), expected, "{sample}");
    }
}

#[test]
fn a_bsuid_may_become_another() {
    let update = r#"{"wa_id":"553587654321","detail":"User id for Ana has been updated.","user_id":{"previous":"BR.1","current":"BR.2"},"parent_user_id":{"previous":"BR.ENT.1","current":"BR.ENT.2"},"timestamp":"1776944133"}"#;
    let told_of = |update: &str, contacts: &str| {
        told(&body("", "user_id_update", &format!(r#""contacts":[{contacts}],"user_id_update":[{update}]"#)))
    };
    let changed = "USER default/106 BR.1→BR.2 wa=553587654321 at=1776944133000";
    let phoneless = with(update, r#""wa_id":"553587654321","#, "");
    assert_eq!(told_of(update, ""), changed);
    assert_eq!(told_of(&phoneless, r#"{"wa_id":"553587654321"}"#), changed);
    assert_eq!(told_of(&phoneless, ""), changed.replace(" wa=553587654321", ""));
    assert_eq!(told_of(&with(update, "BR.2", "BR.1"), ""), "IGNORED user_id_update");
    let place = "entry[0].changes[0].value.user_id_update[0]";
    for (from, to, expected) in [
        (r#""BR.1""#, "null", changed.replace("BR.1", "?")),
        (r#""BR.1""#, "{}", format!("BAD_NUMBER: {place}: user_id.previous is no BSUID")),
        (r#""BR.2""#, "null", format!("MISSING_FIELD: {place}: no user_id.current")),
        ("BR.2", "2", format!("BAD_NUMBER: {place}: user_id.current is no BSUID")),
        (r#""user_id":{"#, r#""x":{"#, format!("MISSING_FIELD: {place}: user_id is no object")),
        (r#""1776944133""#, "[]", format!("BAD_TIMESTAMP: {place}: timestamp is no time")),
    ] {
        assert_eq!(told_of(&with(update, from, to), ""), expected);
    }
    let flat = &update[1..update.len() - 1];
    assert_eq!(told(&body("", "user_id_update", flat)), changed, "the value itself");
    assert_eq!(all_told(&body("", "user_id_update", &format!(r#""user_id_update":[{update},7,{phoneless}]"#))).len(), 3);
}

#[test]
fn an_echo_is_what_the_business_typed() {
    let echo =
        r#"{"from":"15550783881","to":"+55 35 98765-4321","id":"wamid.ECHO","timestamp":"1776944133","type":"text","text":{"body":"oi"}}"#;
    let told_of = |echo: &str, contacts: &str| {
        told(&body("", "smb_message_echoes", &format!(r#""contacts":[{contacts}],"message_echoes":[{echo}]"#)))
    };
    assert_eq!(told_of(echo, ""), "ECHO default/106 wamid.ECHO to=5535987654321 kind=text at=1776944133000");
    let known = "ECHO default/106 wamid.ECHO to=553587654321 user=BR.1648738043044942 kind=text at=1776944133000";
    assert_eq!(told_of(echo, CONTACT), known);
    let unphoned = with(echo, r#""to":"+55 35 98765-4321""#, r#""to_user_id":"BR.5""#);
    assert_eq!(told_of(&unphoned, ""), "ECHO default/106 wamid.ECHO user=BR.5 kind=text at=1776944133000");
    assert_eq!(told_of(&with(echo, "+55 35 98765-4321", "Y2FwaV9ncm91cDox"), ""), "IGNORED group");
    assert_eq!(told_of(&with(echo, r#""id""#, r#""group_id":"x","id""#), ""), "IGNORED group");
    let place = "entry[0].changes[0].value.message_echoes[0]";
    assert_eq!(told_of(&with(echo, "wamid.ECHO", ""), ""), format!("MISSING_MESSAGE_ID: {place}: no id"));
    let nobody = with(echo, r#""to":"+55 35 98765-4321","#, "");
    assert_eq!(told_of(&nobody, ""), format!("BAD_NUMBER: {place}: neither to nor to_user_id nor a contact names anybody"));
}

#[test]
fn other_fields_are_counted_under_a_bounded_set_of_names() {
    for (field, expected) in [
        ("account_update", "IGNORED account_update"),
        ("message_template_status_update", "IGNORED message_template_status_update"),
        ("calls", "IGNORED calls"),
        ("history", "IGNORED history"),
        ("billing-event", "IGNORED billing-event"),
        ("of_tomorrow", "IGNORED unknown field"),
        ("", "UNKNOWN_SHAPE: entry[0].changes[0]: no field"),
    ] {
        assert_eq!(told(&body("gs", field, r#""messages":[{}]"#)), expected, "{field}");
    }
    assert_eq!(all_told(&body("", "messages", r#""errors":[{"code":130429},{}]"#)), ["IGNORED messages/errors"; 2]);
    assert_eq!(told(&body("", "messages", r#""contacts":[]"#)), "IGNORED empty change");
}

#[test]
fn an_app_goes_by_either_id() {
    let listed = "4005ef9e-581e-41f4-9b04-e0797e0463d2";
    let one = format!(r#""statuses":[{SENT_META}]"#);
    let app = |body: &str| told(body).split(' ').nth(1).expect("an app").to_owned();
    assert_eq!(app(&body(listed, "messages", &one)), "acme/acme-support");
    assert_eq!(app(&with(&body("gs", "messages", &one), r#""106""#, r#""269033402967482""#)), "acme/acme-support");
    assert_eq!(app(&with(&body("", "messages", &one), r#""106""#, r#""269033402967482""#)), "acme/acme-support");
    assert_eq!(app(&with(&body("", "messages", &one), r#""106""#, "106")), "default/106");
    let nameless = "UNKNOWN_SHAPE: neither gs_app_id nor metadata.phone_number_id";
    for metadata in ["{}", "[]", "null", r#"{"phone_number_id":1e999}"#] {
        let value = r#"{"display_phone_number":"15550783881","phone_number_id":"106"}"#;
        assert_eq!(told(&with(&body("", "messages", &one), value, metadata)), refused("statuses", nameless), "{metadata}");
    }
    let long = "UNKNOWN_SHAPE: a gs_app_id or phone_number_id of more than 256 bytes";
    assert_eq!(told(&body(&"a".repeat(257), "messages", &one)), refused("statuses", long));
}

#[test]
fn all_is_walked_in_one_order() {
    let change = |value: &str| format!(r#"{{"field":"messages","value":{{{value}}}}}"#);
    let second = SENT_META.replace("wamid.OUT", "wamid.TWO");
    let first = change(&format!(r#""messages":[{TEXT}],"errors":[{{}}],"statuses":[{SENT_META},{second}]"#));
    let entries = format!(
        r#"{{"changes":[{first},{{"field":"calls"}}]}},{{"changes":[]}},{{"changes":[{}]}}"#,
        change(&format!(r#""statuses":[{SENT_V3}]"#))
    );
    let body = format!(r#"{{"entry":[{entries}],"gs_app_id":"gs","object":"whatsapp_business_account"}}"#);
    let heads: Vec<String> = all_told(&body).iter().map(|told| told.split(" wa=").next().expect("a head").to_owned()).collect();
    let expected = [
        "Sent default/gs other=wamid.OUT",
        "Sent default/gs other=wamid.TWO",
        "INBOUND default/gs wamid.IN",
        "IGNORED messages/errors",
        "IGNORED calls",
        "Sent default/gs gs=0a58e0ce other=cc3651a4 other=wamid.OUT",
    ];
    assert_eq!(heads, expected);
}
