//! Records of the output topics, in full.

use super::events::{cause, conversation, header, identity, message, moved, outputs, records, unresolved, user};
use crate::domain::entity::Original;
use crate::domain::event::{Reason, Rejection};
use crate::domain::ids::{Address, Moment};
use crate::domain::output::{
    ConversationEvent, ConversationEventType, DeadLetter, IdentityEvent, IdentityEventType, MessageFields, Output, UnresolvedReason,
};
use crate::wire::output::{Format, Outputs};
use crate::wire::record::{OutRecord, Topic};
use std::collections::BTreeSet;
use uuid::Uuid;

fn json(record: &OutRecord) -> &str {
    std::str::from_utf8(record.payload.as_deref().expect("a payload")).expect("JSON")
}

#[test]
fn an_identity_event_is_also_the_row_of_its_address() {
    let records = records(&outputs(Format::Json), &Output::Identity(identity()));
    let [row, event] = records.as_slice() else { panic!("two records") };
    assert_eq!((row.topic, event.topic), (Topic::Identities, Topic::IdentityResolved));
    assert_eq!((&row.key, &row.payload, &row.headers), (&event.key, &event.payload, &event.headers));
    assert_eq!(event.key.as_deref(), Some(&b"5535987654321"[..]));
    let expected = concat!(
        r#"{"schema_version":1,"event_id":"EVENT_ID","event_type":"CHANGED","tenant":"acme","app":"support","#,
        r#""src_topic":"whatsapp.webhooks","src_partition":3,"src_offset":4711,"address":"5535987654321","phone":"5535987654321","#,
        r#""wa_id":"553587654321","identity_id":"00000000-0000-0000-0000-000000000001","user_id":"BR.1648738043044942","#,
        r#""customer_id":"customer-1","differs":true,"variant":"BR_NINTH_DIGIT","evidence":"SENT","#,
        r#""message_id":"ee4a68a0-1203-4c85-8dc3-49d0b3226a35","whatsapp_message_id":"wamid.HBgM","#,
        r#""sent_at":"2025-10-09T08:53:20.000Z","sent_at_ms":1760000000000,"#,
        r#""observed_at":"2025-10-09T08:53:21.500Z","observed_at_ms":1760000001500,"#,
        r#""previous_wa_id":"5535987654321","previous_identity_id":null}"#
    );
    assert_eq!(json(event), expected.replace("EVENT_ID", header(event, "ce_id")));
}

#[test]
fn news_of_an_absorbed_identity_is_no_row() {
    let absorbed = IdentityEvent {
        event_type: IdentityEventType::Merged,
        is_row: false,
        app: None,
        address: Address::User(user()),
        wa_id: None,
        variant: None,
        evidence: None,
        observed_at: None,
        ..identity()
    };
    let outputs = Outputs { keys_name_tenant: true, ..outputs(Format::Json) };
    let records = records(&outputs, &Output::Identity(absorbed));
    let [event] = records.as_slice() else { panic!("one record") };
    assert_eq!(event.key.as_deref(), Some(&b"acme:acme-portfolio:BR.1648738043044942"[..]));
    assert!(json(event).contains(r#""app":null,"#));
    assert!(json(event).contains(r#""address":"acme-portfolio:BR.1648738043044942","phone":null,"wa_id":null,"#));
    assert!(json(event).contains(r#""differs":null,"variant":null,"evidence":null,"#));
    assert_eq!(header(event, "ce_time"), "2025-10-09T08:53:29.000Z", "the record's, for want of its own");
}

#[test]
fn a_message_has_one_record_with_all_its_fields() {
    let assigned = conversation(ConversationEventType::Assigned(Box::new(message())));
    let records = records(&outputs(Format::Json), &Output::Conversation(assigned));
    let [record] = records.as_slice() else { panic!("one record") };
    assert_eq!((record.topic, record.key.as_deref()), (Topic::ConversationAssigned, Some(&b"00000000-0000-0000-0000-000000000001"[..])));
    let expected = concat!(
        r#"{"schema_version":1,"event_id":"EVENT_ID","event_type":"ASSIGNED","tenant":"acme","app":"support","#,
        r#""src_topic":"whatsapp.webhooks","src_partition":3,"src_offset":4711,"#,
        r#""conversation_id":"00000000-0000-0000-0000-000000000007","identity_id":"00000000-0000-0000-0000-000000000001","#,
        r#""wa_id":"553587654321","user_id":null,"phone":"5535987654321","customer_id":null,"direction":"INBOUND","message_id":null,"#,
        r#""whatsapp_message_id":"wamid.HBgM","message_kind":"text","#,
        r#""message_at":"2025-10-09T08:53:22.000Z","message_at_ms":1760000002000,"is_new_conversation":false,"#,
        r#""service_window_open":true,"service_window_expires_at":"2025-10-10T08:53:22.000Z","service_window_expires_at_ms":1760086402000,"#,
        r#""revision":1,"opened_by":"BUSINESS","opened_at":"2025-10-09T08:53:20.000Z","opened_at_ms":1760000000000,"#,
        r#""previous_conversation_id":null,"previous_identity_id":null}"#
    );
    assert_eq!(json(record), expected.replace("EVENT_ID", header(record, "ce_id")));
}

#[test]
fn a_merge_of_conversations_has_the_fields_of_no_message() {
    let merged = ConversationEvent { previous_conversation_id: Some(Uuid::from_u128(8)), ..conversation(ConversationEventType::Merged) };
    let records = records(&outputs(Format::Json), &Output::Conversation(merged));
    let [record] = records.as_slice() else { panic!("one record, since the person is the same") };
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json(record)).expect("an object");
    let unknown: Vec<&str> = fields.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(fields.len(), 30);
    assert_eq!(
        unknown.iter().copied().collect::<BTreeSet<_>>(),
        [
            "customer_id",
            "direction",
            "is_new_conversation",
            "message_at",
            "message_at_ms",
            "message_id",
            "message_kind",
            "phone",
            "previous_identity_id",
            "revision",
            "service_window_expires_at",
            "service_window_expires_at_ms",
            "service_window_open",
            "user_id",
            "wa_id",
            "whatsapp_message_id"
        ]
        .into()
    );
}

#[test]
fn what_moves_is_told_to_both_persons_under_ids_of_their_own() {
    let outputs = outputs(Format::Json);
    let both = records(&outputs, &moved(2));
    let keys: Vec<_> = both.iter().map(|record| record.key.clone().expect("a key")).collect();
    assert_eq!(keys, [Uuid::from_u128(1), Uuid::from_u128(2)].map(|person| person.to_string().into_bytes()));
    let ids = |records: &[OutRecord]| records.iter().map(|record| header(record, "ce_id").to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(ids(&both).len(), 2);
    assert_eq!(ids(&both), ids(&records(&outputs, &moved(2))), "the same on reprocessing");
    assert!(ids(&both).is_disjoint(&ids(&records(&outputs, &moved(3)))));
}

#[test]
fn a_service_window_that_ended_or_never_began_is_closed() {
    for (end, open) in [(None, false), (Some(1_760_000_002_000), false), (Some(1_760_000_002_001), true)] {
        let fields = MessageFields { window_expires_at: end.map(Moment), ..message() };
        let event = conversation(ConversationEventType::Assigned(Box::new(fields)));
        let records = records(&outputs(Format::Json), &Output::Conversation(event));
        assert!(json(&records[0]).contains(&format!(r#""service_window_open":{open},"#)), "{end:?}");
    }
}

#[test]
fn a_failed_send_says_why() {
    let records = records(&outputs(Format::Json), &Output::SendUnresolved(unresolved(UnresolvedReason::Failed)));
    let [record] = records.as_slice() else { panic!("one record") };
    assert_eq!((record.topic, record.key.as_deref()), (Topic::SendUnresolved, Some(&b"acme-portfolio:BR.1648738043044942"[..])));
    let expected = concat!(
        r#"{"schema_version":1,"event_id":"EVENT_ID","event_type":"UNRESOLVED","tenant":"acme","app":"support","#,
        r#""src_topic":"whatsapp.webhooks","src_partition":3,"src_offset":4711,"message_id":"ee4a68a0","#,
        r#""address":"acme-portfolio:BR.1648738043044942","phone":null,"customer_id":null,"reason":"FAILED","#,
        r#""error_code":"131026","error_reason":"Message \"undeliverable\"","sent_at":"2025-10-09T08:53:20.000Z","sent_at_ms":1760000000000}"#
    );
    assert_eq!(json(record), expected.replace("EVENT_ID", header(record, "ce_id")));
}

#[test]
fn headers_are_those_of_cloud_events_and_of_a_trace() {
    let outputs = outputs(Format::Json);
    let identity = &records(&outputs, &Output::Identity(identity()))[0];
    let names: Vec<&str> = identity.headers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type", "traceparent"]);
    let shown = ["ce_specversion", "ce_source", "ce_type", "ce_time", "content-type"].map(|name| header(identity, name));
    assert_eq!(shown, ["1.0", "/waid/whatsapp.webhooks", "waid.identity.changed", "2025-10-09T08:53:21.500Z", "application/json"]);

    let conversation = &records(&outputs, &moved(2))[0];
    let traces = [identity, conversation].map(|record| header(record, "traceparent"));
    let [[_, trace, _, _], [_, same, _, _]] =
        traces.map(|trace| <[&str; 4]>::try_from(trace.split('-').collect::<Vec<_>>()).expect("four parts"));
    assert_eq!(trace, same, "one record, one trace");
    let span = header(identity, "ce_id").replace('-', "");
    assert_eq!(traces[0], format!("00-{trace}-{}-01", &span[16..]));
}

#[test]
fn a_dead_letter_is_the_record_byte_for_byte() {
    let original = Original {
        key: Some([0, 159][..].into()),
        value: Some([0xFF, b'{'][..].into()),
        headers: vec![("traceparent".into(), None), ("x".into(), Some([1, 2][..].into()))],
    };
    let rejection = Rejection { reason: Reason::NotJson, detail: "at byte 0".into() };
    let letter = Output::DeadLetter(DeadLetter { cause: cause(), rejection, original });
    for format in [Format::Json, Format::Protobuf] {
        let records = records(&outputs(format), &letter);
        let [record] = records.as_slice() else { panic!("one record") };
        assert_eq!((record.key.as_deref(), record.payload.as_deref()), (Some(&[0, 159][..]), Some(&[0xFF, b'{'][..])));
        let headers: Vec<(&str, Option<&[u8]>)> = record.headers.iter().map(|(name, value)| (&**name, value.as_deref())).collect();
        let expected: [(&str, Option<&[u8]>); 9] = [
            ("traceparent", None),
            ("x", Some(&[1, 2])),
            ("waid-reason", Some(b"NOT_JSON")),
            ("waid-detail", Some(b"at byte 0")),
            ("waid-topic", Some(b"whatsapp.webhooks")),
            ("waid-partition", Some(b"3")),
            ("waid-offset", Some(b"4711")),
            ("waid-element", Some(b"1")),
            ("waid-timestamp", Some(b"1760000009000")),
        ];
        assert_eq!(headers, expected);
    }
}
