//! The records as JSON: flat, every field present, `null` where nothing is known.

use super::head::{Head, SCHEMA_VERSION};
use super::object::Object;
use super::text::{Digits, Id, Rfc3339};
use super::{differs, window_is_open};
use crate::domain::entity::Direction;
use crate::domain::evidence::Evidence;
use crate::domain::ids::{IdText, MessageId, Moment, Number, User};
use crate::domain::number::Variant;
use crate::domain::output::{ConversationEvent, ConversationEventType, IdentityEvent, MessageFields, SendUnresolved, UnresolvedReason};
use uuid::Uuid;

/// A record of identity-resolved and identities.
pub fn identity(event: &IdentityEvent, head: &Head<'_>, address: &str) -> Vec<u8> {
    common(head)
        .field("address", address)
        .field("phone", digits(event.address.phone()))
        .field("wa_id", digits(event.wa_id))
        .field("identity_id", Id(event.identity_id))
        .field("user_id", user(event.user.as_ref()))
        .field("customer_id", event.customer_id.as_deref())
        .field("differs", differs(event))
        .field("variant", event.variant.map(Variant::name))
        .field("evidence", event.evidence.map(Evidence::name))
        .field("message_id", message_id(event.message_id.as_ref()))
        .field("whatsapp_message_id", message_id(event.whatsapp_message_id.as_ref()))
        .field("sent_at", time(event.sent_at))
        .field("sent_at_ms", ms(event.sent_at))
        .field("observed_at", time(event.observed_at))
        .field("observed_at_ms", ms(event.observed_at))
        .field("previous_wa_id", digits(event.previous_wa_id))
        .field("previous_identity_id", uuid(event.previous_identity_id))
        .close()
}

/// A record of conversation-assigned. A merge of conversations has no fields of a message.
pub fn conversation(event: &ConversationEvent, head: &Head<'_>) -> Vec<u8> {
    let message = match &event.event_type {
        ConversationEventType::Assigned(fields) | ConversationEventType::Moved(fields) => Some(&**fields),
        ConversationEventType::Merged => None,
    };
    let opened_by = match event.opened_by {
        Direction::Outbound => "BUSINESS",
        Direction::Inbound => "USER",
    };
    let object = common(head).field("conversation_id", Id(event.conversation_id)).field("identity_id", Id(event.identity_id));
    of_message(object, message)
        .field("opened_by", opened_by)
        .field("opened_at", Rfc3339(event.opened_at.0))
        .field("opened_at_ms", event.opened_at.0)
        .field("previous_conversation_id", uuid(event.previous_conversation_id))
        .field("previous_identity_id", uuid(event.previous_identity_id))
        .close()
}

/// A record of send-unresolved.
pub fn send_unresolved(event: &SendUnresolved, head: &Head<'_>, address: &str) -> Vec<u8> {
    let reason = match event.reason {
        UnresolvedReason::Failed => "FAILED",
        UnresolvedReason::Expired => "EXPIRED",
    };
    common(head)
        .field("message_id", event.message_id.reveal())
        .field("address", address)
        .field("phone", digits(event.address.phone()))
        .field("customer_id", event.customer_id.as_deref())
        .field("reason", reason)
        .field("error_code", event.error_code.as_deref())
        .field("error_reason", event.error_reason.as_deref())
        .field("sent_at", Rfc3339(event.sent_at.0))
        .field("sent_at_ms", event.sent_at.0)
        .close()
}

fn of_message(object: Object, message: Option<&MessageFields>) -> Object {
    let window_expires_at = message.and_then(|message| message.window_expires_at);
    let direction = message.map(|message| match message.direction {
        Direction::Outbound => "OUTBOUND",
        Direction::Inbound => "INBOUND",
    });
    object
        .field("wa_id", message.and_then(|message| digits(message.wa_id)))
        .field("user_id", message.and_then(|message| user(message.user.as_ref())))
        .field("phone", message.and_then(|message| digits(message.phone)))
        .field("customer_id", message.and_then(|message| message.customer_id.as_deref()))
        .field("direction", direction)
        .field("message_id", message.and_then(|message| message_id(message.message_id.as_ref())))
        .field("whatsapp_message_id", message.and_then(|message| message_id(message.whatsapp_message_id.as_ref())))
        .field("message_kind", message.and_then(|message| message.kind.as_deref()))
        .field("message_at", message.and_then(|message| time(Some(message.at))))
        .field("message_at_ms", message.map(|message| message.at.0))
        .field("is_new_conversation", message.map(|message| message.is_new_conversation))
        .field("service_window_open", message.map(window_is_open))
        .field("service_window_expires_at", time(window_expires_at))
        .field("service_window_expires_at_ms", ms(window_expires_at))
        .field("revision", message.map(|message| message.revision))
}

fn common(head: &Head<'_>) -> Object {
    Object::beginning_with("schema_version", SCHEMA_VERSION)
        .field("event_id", Id(head.event_id))
        .field("event_type", head.event_type)
        .field("tenant", head.tenant)
        .field("app", head.app)
        .field("src_topic", head.topic)
        .field("src_partition", head.cause.partition)
        .field("src_offset", head.cause.offset)
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
