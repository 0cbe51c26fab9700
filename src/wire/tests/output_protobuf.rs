//! Records of the output topics as Protobuf.

use super::events::{conversation, header, identity, moved, outputs, records, unresolved};
use crate::domain::output::{ConversationEventType, Output, UnresolvedReason};
use crate::wire::generated::{
    ConversationAssigned, Direction, Evidence, IdentityResolved, SendUnresolved, Variant, conversation_assigned, identity_resolved,
    send_unresolved,
};
use crate::wire::output::Format;
use crate::wire::record::OutRecord;
use prost::Message;

/// The first record of an output, and its event id.
fn first(output: &Output) -> (Vec<u8>, String) {
    let of = |format| records(&outputs(format), output);
    let (in_protobuf, in_json) = (of(Format::Protobuf), of(Format::Json));
    let keyed = |records: &[OutRecord]| records.iter().map(|record| (record.topic, record.key.clone())).collect::<Vec<_>>();
    assert_eq!(keyed(&in_protobuf), keyed(&in_json));
    assert_eq!(header(&in_protobuf[0], "content-type"), "application/x-protobuf");
    assert_eq!(header(&in_protobuf[0], "ce_id"), header(&in_json[0], "ce_id"));
    (in_protobuf[0].payload.clone().expect("a payload"), header(&in_json[0], "ce_id").to_owned())
}

#[test]
fn an_identity_event() {
    let (bytes, event_id) = first(&Output::Identity(identity()));
    let expected = IdentityResolved {
        schema_version: 1,
        event_id,
        event_type: identity_resolved::EventType::Changed.into(),
        tenant: "acme".into(),
        app: Some("support".into()),
        src_topic: "whatsapp.webhooks".into(),
        src_partition: 3,
        src_offset: 4711,
        address: "5535987654321".into(),
        phone: Some("5535987654321".into()),
        wa_id: Some("553587654321".into()),
        identity_id: "00000000-0000-0000-0000-000000000001".into(),
        user_id: Some("BR.1648738043044942".into()),
        customer_id: Some("customer-1".into()),
        differs: Some(true),
        variant: Some(Variant::BrNinthDigit.into()),
        evidence: Some(Evidence::Sent.into()),
        message_id: Some("ee4a68a0-1203-4c85-8dc3-49d0b3226a35".into()),
        whatsapp_message_id: Some("wamid.HBgM".into()),
        sent_at_ms: Some(1_760_000_000_000),
        observed_at_ms: Some(1_760_000_001_500),
        previous_wa_id: Some("5535987654321".into()),
        previous_identity_id: None,
    };
    assert_eq!(IdentityResolved::decode(bytes.as_slice()), Ok(expected));
}

#[test]
fn a_message_that_moved() {
    let (bytes, event_id) = first(&moved(2));
    let expected = ConversationAssigned {
        schema_version: 1,
        event_id,
        event_type: conversation_assigned::EventType::Moved.into(),
        tenant: "acme".into(),
        app: "support".into(),
        src_topic: "whatsapp.webhooks".into(),
        src_partition: 3,
        src_offset: 4711,
        conversation_id: "00000000-0000-0000-0000-000000000007".into(),
        identity_id: "00000000-0000-0000-0000-000000000001".into(),
        opened_by: conversation_assigned::OpenedBy::Business.into(),
        opened_at_ms: 1_760_000_000_000,
        previous_conversation_id: Some("00000000-0000-0000-0000-000000000008".into()),
        previous_identity_id: Some("00000000-0000-0000-0000-000000000002".into()),
        direction: Some(Direction::Inbound.into()),
        wa_id: Some("553587654321".into()),
        user_id: None,
        phone: Some("5535987654321".into()),
        customer_id: None,
        message_id: None,
        whatsapp_message_id: Some("wamid.HBgM".into()),
        message_kind: Some("text".into()),
        message_at_ms: Some(1_760_000_002_000),
        is_new_conversation: Some(false),
        service_window_open: Some(true),
        service_window_expires_at_ms: Some(1_760_086_402_000),
        revision: Some(2),
    };
    assert_eq!(ConversationAssigned::decode(bytes.as_slice()), Ok(expected));
}

#[test]
fn a_merge_of_conversations_has_the_fields_of_no_message() {
    let (bytes, event_id) = first(&Output::Conversation(conversation(ConversationEventType::Merged)));
    let decoded = ConversationAssigned::decode(bytes.as_slice()).expect("encoded here");
    let expected = ConversationAssigned {
        schema_version: 1,
        event_id,
        event_type: conversation_assigned::EventType::Merged.into(),
        tenant: "acme".into(),
        app: "support".into(),
        src_topic: "whatsapp.webhooks".into(),
        src_partition: 3,
        src_offset: 4711,
        conversation_id: "00000000-0000-0000-0000-000000000007".into(),
        identity_id: "00000000-0000-0000-0000-000000000001".into(),
        opened_by: conversation_assigned::OpenedBy::Business.into(),
        opened_at_ms: 1_760_000_000_000,
        ..ConversationAssigned::default()
    };
    assert_eq!(decoded, expected);
}

#[test]
fn a_send_that_expired() {
    let (bytes, event_id) = first(&Output::SendUnresolved(unresolved(UnresolvedReason::Expired)));
    let expected = SendUnresolved {
        schema_version: 1,
        event_id,
        event_type: send_unresolved::EventType::Unresolved.into(),
        tenant: "acme".into(),
        app: "support".into(),
        src_topic: "whatsapp.webhooks".into(),
        src_partition: 3,
        src_offset: 4711,
        message_id: "ee4a68a0".into(),
        address: "acme-portfolio:BR.1648738043044942".into(),
        phone: None,
        customer_id: None,
        reason: send_unresolved::Reason::Expired.into(),
        error_code: Some("131026".into()),
        error_reason: Some("Message \"undeliverable\"".into()),
        sent_at_ms: 1_760_000_000_000,
    };
    assert_eq!(SendUnresolved::decode(bytes.as_slice()), Ok(expected));
}
