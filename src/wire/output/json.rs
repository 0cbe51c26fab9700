//! The records as JSON: flat, every field present, `null` where nothing is known.

use super::head::{Head, SCHEMA_VERSION};
use super::text::{Digits, Id, Rfc3339};
use super::{differs, window_is_open};
use crate::domain::entity::Direction;
use crate::domain::evidence::Evidence;
use crate::domain::ids::{IdText, MessageId, Moment, Number, User};
use crate::domain::number::Variant;
use crate::domain::output::{ConversationEvent, ConversationEventType, IdentityEvent, MessageFields, SendUnresolved, UnresolvedReason};
use serde::Serialize;
use uuid::Uuid;

/// Room for a usual record.
const RECORD_BYTES: usize = 1280;

#[derive(Serialize)]
struct Common<'a> {
    schema_version: u32,
    event_id: Id,
    event_type: &'static str,
    tenant: &'a str,
    app: Option<&'a str>,
    src_topic: &'a str,
    src_partition: i32,
    src_offset: i64,
}

#[derive(Serialize)]
struct IdentityRecord<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    address: &'a str,
    phone: Option<Digits>,
    wa_id: Option<Digits>,
    identity_id: Id,
    user_id: Option<&'a str>,
    customer_id: Option<&'a str>,
    differs: bool,
    variant: Option<&'static str>,
    evidence: Option<&'static str>,
    message_id: Option<IdText<'a>>,
    whatsapp_message_id: Option<IdText<'a>>,
    sent_at: Option<Rfc3339>,
    sent_at_ms: Option<i64>,
    observed_at: Option<Rfc3339>,
    observed_at_ms: Option<i64>,
    previous_wa_id: Option<Digits>,
    previous_identity_id: Option<Id>,
}

#[derive(Serialize)]
struct ConversationRecord<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    conversation_id: Id,
    identity_id: Id,
    #[serde(flatten)]
    message: OfMessage<'a>,
    opened_by: &'static str,
    opened_at: Rfc3339,
    opened_at_ms: i64,
    previous_conversation_id: Option<Id>,
    previous_identity_id: Option<Id>,
}

/// The fields of a message; a merge of conversations has none of them.
#[derive(Serialize, Default)]
struct OfMessage<'a> {
    wa_id: Option<Digits>,
    user_id: Option<&'a str>,
    phone: Option<Digits>,
    customer_id: Option<&'a str>,
    direction: Option<&'static str>,
    message_id: Option<IdText<'a>>,
    whatsapp_message_id: Option<IdText<'a>>,
    message_kind: Option<&'a str>,
    message_at: Option<Rfc3339>,
    message_at_ms: Option<i64>,
    is_new_conversation: Option<bool>,
    service_window_open: Option<bool>,
    service_window_expires_at: Option<Rfc3339>,
    service_window_expires_at_ms: Option<i64>,
    revision: Option<u32>,
}

#[derive(Serialize)]
struct UnresolvedRecord<'a> {
    #[serde(flatten)]
    common: Common<'a>,
    message_id: IdText<'a>,
    address: &'a str,
    phone: Option<Digits>,
    customer_id: Option<&'a str>,
    reason: &'static str,
    error_code: Option<&'a str>,
    error_reason: Option<&'a str>,
    sent_at: Rfc3339,
    sent_at_ms: i64,
}

/// A record of identity-resolved and identities.
pub fn identity(event: &IdentityEvent, head: &Head<'_>, address: &str) -> Vec<u8> {
    bytes(&IdentityRecord {
        common: common(head),
        address,
        phone: digits(event.address.phone()),
        wa_id: digits(event.wa_id),
        identity_id: Id(event.identity_id),
        user_id: user(event.user.as_ref()),
        customer_id: event.customer_id.as_deref(),
        differs: differs(event),
        variant: event.variant.map(Variant::name),
        evidence: event.evidence.map(Evidence::name),
        message_id: message_id(event.message_id.as_ref()),
        whatsapp_message_id: message_id(event.whatsapp_message_id.as_ref()),
        sent_at: time(event.sent_at),
        sent_at_ms: ms(event.sent_at),
        observed_at: time(event.observed_at),
        observed_at_ms: ms(event.observed_at),
        previous_wa_id: digits(event.previous_wa_id),
        previous_identity_id: uuid(event.previous_identity_id),
    })
}

/// A record of conversation-assigned.
pub fn conversation(event: &ConversationEvent, head: &Head<'_>) -> Vec<u8> {
    let message = match &event.event_type {
        ConversationEventType::Assigned(fields) | ConversationEventType::Moved(fields) => message(fields),
        ConversationEventType::Merged => OfMessage::default(),
    };
    bytes(&ConversationRecord {
        common: common(head),
        conversation_id: Id(event.conversation_id),
        identity_id: Id(event.identity_id),
        message,
        opened_by: match event.opened_by {
            Direction::Outbound => "BUSINESS",
            Direction::Inbound => "USER",
        },
        opened_at: Rfc3339(event.opened_at.0),
        opened_at_ms: event.opened_at.0,
        previous_conversation_id: uuid(event.previous_conversation_id),
        previous_identity_id: uuid(event.previous_identity_id),
    })
}

/// A record of send-unresolved.
pub fn send_unresolved(event: &SendUnresolved, head: &Head<'_>, address: &str) -> Vec<u8> {
    bytes(&UnresolvedRecord {
        common: common(head),
        message_id: event.message_id.reveal(),
        address,
        phone: digits(event.address.phone()),
        customer_id: event.customer_id.as_deref(),
        reason: match event.reason {
            UnresolvedReason::Failed => "FAILED",
            UnresolvedReason::Expired => "EXPIRED",
        },
        error_code: event.error_code.as_deref(),
        error_reason: event.error_reason.as_deref(),
        sent_at: Rfc3339(event.sent_at.0),
        sent_at_ms: event.sent_at.0,
    })
}

fn message(fields: &MessageFields) -> OfMessage<'_> {
    OfMessage {
        wa_id: digits(fields.wa_id),
        user_id: user(fields.user.as_ref()),
        phone: digits(fields.phone),
        customer_id: fields.customer_id.as_deref(),
        direction: Some(match fields.direction {
            Direction::Outbound => "OUTBOUND",
            Direction::Inbound => "INBOUND",
        }),
        message_id: message_id(fields.message_id.as_ref()),
        whatsapp_message_id: message_id(fields.whatsapp_message_id.as_ref()),
        message_kind: fields.kind.as_deref(),
        message_at: time(Some(fields.at)),
        message_at_ms: Some(fields.at.0),
        is_new_conversation: Some(fields.is_new_conversation),
        service_window_open: Some(window_is_open(fields)),
        service_window_expires_at: time(fields.window_expires_at),
        service_window_expires_at_ms: ms(fields.window_expires_at),
        revision: Some(fields.revision),
    }
}

fn common<'a>(head: &Head<'a>) -> Common<'a> {
    Common {
        schema_version: SCHEMA_VERSION,
        event_id: Id(head.event_id),
        event_type: head.event_type,
        tenant: head.tenant,
        app: head.app,
        src_topic: head.topic,
        src_partition: head.cause.partition,
        src_offset: head.cause.offset,
    }
}

fn bytes(record: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES);
    serde_json::to_writer(&mut bytes, record).expect("texts, numbers and nulls into memory");
    bytes
}

fn digits(number: Option<Number>) -> Option<Digits> {
    number.map(Digits)
}

fn user(user: Option<&User>) -> Option<&str> {
    user.map(|user| user.id.reveal())
}

fn message_id(id: Option<&MessageId>) -> Option<IdText<'_>> {
    id.map(MessageId::reveal)
}

fn uuid(id: Option<Uuid>) -> Option<Id> {
    id.map(Id)
}

fn time(moment: Option<Moment>) -> Option<Rfc3339> {
    moment.map(|moment| Rfc3339(moment.0))
}

fn ms(moment: Option<Moment>) -> Option<i64> {
    moment.map(|moment| moment.0)
}
