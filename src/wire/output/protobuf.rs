//! The records as the messages of `proto/waid/v1/output.proto`.

use super::head::{Head, SCHEMA_VERSION};
use super::{differs, window_is_open};
use crate::domain::entity::Direction;
use crate::domain::evidence::Evidence;
use crate::domain::ids::{MessageId, Number, User};
use crate::domain::number::Variant;
use crate::domain::output::{
    ConversationEvent, ConversationEventType, IdentityEvent, IdentityEventType, MessageFields, SendUnresolved, UnresolvedReason,
};
use crate::wire::generated::{self, conversation_assigned, identity_resolved, send_unresolved};
use prost::Message;
use std::sync::Arc;

/// A record of identity-resolved and identities.
pub fn identity(event: &IdentityEvent, head: &Head<'_>, address: &str) -> Vec<u8> {
    let message = generated::IdentityResolved {
        schema_version: SCHEMA_VERSION,
        event_id: head.event_id.to_string(),
        event_type: identity_event_type(event.event_type).into(),
        tenant: head.tenant.to_owned(),
        app: head.app.map(str::to_owned),
        src_topic: head.topic.to_owned(),
        src_partition: head.cause.partition,
        src_offset: head.cause.offset,
        address: address.to_owned(),
        phone: event.address.phone().map(Number::reveal),
        wa_id: event.wa_id.map(Number::reveal),
        identity_id: event.identity_id.to_string(),
        user_id: user_id(event.user.as_ref()),
        customer_id: text(event.customer_id.as_ref()),
        differs: differs(event),
        variant: event.variant.map(|known| variant(known).into()),
        evidence: event.evidence.map(|known| evidence(known).into()),
        message_id: message_id(event.message_id.as_ref()),
        whatsapp_message_id: message_id(event.whatsapp_message_id.as_ref()),
        sent_at_ms: event.sent_at.map(|at| at.0),
        observed_at_ms: event.observed_at.map(|at| at.0),
        previous_wa_id: event.previous_wa_id.map(Number::reveal),
        previous_identity_id: event.previous_identity_id.map(|id| id.to_string()),
    };
    message.encode_to_vec()
}

/// A record of conversation-assigned.
pub fn conversation(event: &ConversationEvent, head: &Head<'_>) -> Vec<u8> {
    let opened_by = match event.opened_by {
        Direction::Outbound => conversation_assigned::OpenedBy::Business,
        Direction::Inbound => conversation_assigned::OpenedBy::User,
    };
    let (event_type, fields) = match &event.event_type {
        ConversationEventType::Assigned(fields) => (conversation_assigned::EventType::Assigned, Some(fields)),
        ConversationEventType::Moved(fields) => (conversation_assigned::EventType::Moved, Some(fields)),
        ConversationEventType::Merged => (conversation_assigned::EventType::Merged, None),
    };
    let message = generated::ConversationAssigned {
        schema_version: SCHEMA_VERSION,
        event_id: head.event_id.to_string(),
        event_type: event_type.into(),
        tenant: head.tenant.to_owned(),
        app: event.app.name().to_string(),
        src_topic: head.topic.to_owned(),
        src_partition: head.cause.partition,
        src_offset: head.cause.offset,
        conversation_id: event.conversation_id.to_string(),
        identity_id: event.identity_id.to_string(),
        opened_by: opened_by.into(),
        opened_at_ms: event.opened_at.0,
        previous_conversation_id: event.previous_conversation_id.map(|id| id.to_string()),
        previous_identity_id: event.previous_identity_id.map(|id| id.to_string()),
        ..fields.map(|fields| of_message(fields)).unwrap_or_default()
    };
    message.encode_to_vec()
}

/// A record of send-unresolved.
pub fn send_unresolved(event: &SendUnresolved, head: &Head<'_>, address: &str) -> Vec<u8> {
    let reason = match event.reason {
        UnresolvedReason::Failed => send_unresolved::Reason::Failed,
        UnresolvedReason::Expired => send_unresolved::Reason::Expired,
    };
    let message = generated::SendUnresolved {
        schema_version: SCHEMA_VERSION,
        event_id: head.event_id.to_string(),
        event_type: send_unresolved::EventType::Unresolved.into(),
        tenant: head.tenant.to_owned(),
        app: event.app.name().to_string(),
        src_topic: head.topic.to_owned(),
        src_partition: head.cause.partition,
        src_offset: head.cause.offset,
        message_id: event.message_id.reveal().to_owned(),
        address: address.to_owned(),
        phone: event.address.phone().map(Number::reveal),
        customer_id: text(event.customer_id.as_ref()),
        reason: reason.into(),
        error_code: text(event.error_code.as_ref()),
        error_reason: text(event.error_reason.as_ref()),
        sent_at_ms: event.sent_at.0,
    };
    message.encode_to_vec()
}

fn of_message(fields: &MessageFields) -> generated::ConversationAssigned {
    let direction = match fields.direction {
        Direction::Outbound => generated::Direction::Outbound,
        Direction::Inbound => generated::Direction::Inbound,
    };
    generated::ConversationAssigned {
        direction: Some(direction.into()),
        wa_id: fields.wa_id.map(Number::reveal),
        user_id: user_id(fields.user.as_ref()),
        phone: fields.phone.map(Number::reveal),
        customer_id: text(fields.customer_id.as_ref()),
        message_id: message_id(fields.message_id.as_ref()),
        whatsapp_message_id: message_id(fields.whatsapp_message_id.as_ref()),
        message_kind: text(fields.kind.as_ref()),
        message_at_ms: Some(fields.at.0),
        is_new_conversation: Some(fields.is_new_conversation),
        service_window_open: Some(window_is_open(fields)),
        service_window_expires_at_ms: fields.window_expires_at.map(|at| at.0),
        revision: Some(fields.revision),
        ..generated::ConversationAssigned::default()
    }
}

const fn identity_event_type(event_type: IdentityEventType) -> identity_resolved::EventType {
    match event_type {
        IdentityEventType::Resolved => identity_resolved::EventType::Resolved,
        IdentityEventType::Confirmed => identity_resolved::EventType::Confirmed,
        IdentityEventType::Changed => identity_resolved::EventType::Changed,
        IdentityEventType::Merged => identity_resolved::EventType::Merged,
        IdentityEventType::Reassigned => identity_resolved::EventType::Reassigned,
    }
}

const fn variant(variant: Variant) -> generated::Variant {
    match variant {
        Variant::Same => generated::Variant::Same,
        Variant::BrNinthDigit => generated::Variant::BrNinthDigit,
        Variant::MxMobileOne => generated::Variant::MxMobileOne,
        Variant::ArMobileNine => generated::Variant::ArMobileNine,
        Variant::Unrecognised => generated::Variant::Unrecognised,
    }
}

const fn evidence(evidence: Evidence) -> generated::Evidence {
    match evidence {
        Evidence::Reply => generated::Evidence::Reply,
        Evidence::Inbound => generated::Evidence::Inbound,
        Evidence::Sent => generated::Evidence::Sent,
        Evidence::Delivered => generated::Evidence::Delivered,
        Evidence::Read => generated::Evidence::Read,
        Evidence::SendResponse => generated::Evidence::SendResponse,
        Evidence::Mismatch => generated::Evidence::Mismatch,
        Evidence::NumberChange => generated::Evidence::NumberChange,
        Evidence::UserId => generated::Evidence::UserId,
    }
}

fn user_id(user: Option<&User>) -> Option<String> {
    user.map(|user| user.id.reveal().to_owned())
}

fn message_id(id: Option<&MessageId>) -> Option<String> {
    id.map(|id| id.reveal().to_owned())
}

fn text(text: Option<&Arc<str>>) -> Option<String> {
    text.map(ToString::to_string)
}
