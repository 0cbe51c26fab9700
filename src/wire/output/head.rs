//! What every record says about itself: its id, where it came from, and the headers of CloudEvents and of tracing.
//!
//! All of it is a function of the event, so that the same log gives the same records.

use super::text::{Id, Rfc3339};
use crate::domain::entity::Direction;
use crate::domain::event::Cause;
use crate::domain::name_based::name_based;
use crate::domain::output::{
    ConversationEvent, ConversationEventType, IdentityEvent, IdentityEventType, MessageFields, SendUnresolved, UnresolvedReason,
};
use crate::wire::record::Headers;
use std::borrow::Cow;
use std::fmt::Write;
use uuid::Uuid;
use uuid::fmt::Simple;
use xxhash_rust::xxh3::xxh3_128;

/// The version of the records' fields: raised when one of them changes its meaning, not when one is added.
pub const SCHEMA_VERSION: u32 = 1;

/// The namespace of event ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x0f4f_6a35_5e0a_5d0c_8c53_2f9e_8b0e_4c11);

/// An event, as far as all kinds of them are alike.
pub struct Happened<'a> {
    cause: &'a Cause,
    tenant: &'a str,
    app: Option<&'a str>,
    /// Its type in records, then in CloudEvents.
    types: (&'static str, &'static str),
    /// When, as the event itself says, ms.
    at_ms: i64,
    /// What it is about. With its cause, type and revision there is no second one.
    subject: Cow<'a, str>,
    revision: u32,
}

/// What a record says about itself.
pub struct Head<'a> {
    /// Its id.
    pub event_id: Uuid,
    /// Its type.
    pub event_type: &'static str,
    /// The tenant.
    pub tenant: &'a str,
    /// The app, if it has one.
    pub app: Option<&'a str>,
    /// The topic of the record that caused it.
    pub topic: &'a str,
    /// That record.
    pub cause: &'a Cause,
    cloud_type: &'static str,
    at_ms: i64,
}

impl<'a> Happened<'a> {
    /// What happened to the row of `address`, or to the person it names.
    pub fn identity(event: &'a IdentityEvent, address: &'a str) -> Self {
        let types = match event.event_type {
            IdentityEventType::Resolved => ("RESOLVED", "waid.identity.resolved"),
            IdentityEventType::Confirmed => ("CONFIRMED", "waid.identity.confirmed"),
            IdentityEventType::Changed => ("CHANGED", "waid.identity.changed"),
            IdentityEventType::Merged => ("MERGED", "waid.identity.merged"),
            IdentityEventType::Reassigned => ("REASSIGNED", "waid.identity.reassigned"),
        };
        Self {
            cause: &event.cause,
            tenant: &event.tenant,
            app: event.app.as_ref().map(|app| &**app.name()),
            types,
            at_ms: event.observed_at.map_or(event.cause.kafka_ms, |at| at.0),
            subject: address.into(),
            revision: event.revision,
        }
    }

    /// What happened to a message or conversation.
    pub fn conversation(event: &'a ConversationEvent) -> Self {
        let (types, message) = match &event.event_type {
            ConversationEventType::Assigned(message) => (("ASSIGNED", "waid.conversation.assigned"), Some(message)),
            ConversationEventType::Moved(message) => (("MOVED", "waid.conversation.moved"), Some(message)),
            ConversationEventType::Merged => (("MERGED", "waid.conversation.merged"), None),
        };
        let absorbed = event.previous_conversation_id.unwrap_or_default();
        let merge = || Cow::Owned(format!("{absorbed} {}", event.conversation_id));
        Self {
            cause: &event.cause,
            tenant: event.app.tenant(),
            app: Some(event.app.name()),
            types,
            at_ms: message.map_or(event.cause.kafka_ms, |message| message.at.0),
            subject: message.map_or_else(merge, |message| message_subject(message)),
            revision: message.map_or(0, |message| message.revision),
        }
    }

    /// A send failed or found no answer.
    pub fn send_unresolved(event: &'a SendUnresolved) -> Self {
        let reason = match event.reason {
            UnresolvedReason::Failed => "failed",
            UnresolvedReason::Expired => "expired",
        };
        Self {
            cause: &event.cause,
            tenant: event.app.tenant(),
            app: Some(event.app.name()),
            types: ("UNRESOLVED", "waid.send.unresolved"),
            at_ms: event.cause.kafka_ms,
            subject: format!("{reason} {}", &*event.message_id.reveal()).into(),
            revision: 0,
        }
    }

    /// A UUIDv5 of the causing record and element, the type, app, subject and key, and the revision.
    fn id(&self, key: &str, topic: &str) -> Uuid {
        let Self { cause, tenant, app, types: (_, cloud_type), subject, revision, .. } = self;
        let Cause { partition, offset, element, .. } = cause;
        let mut name = String::with_capacity(256);
        let app = app.unwrap_or_default();
        write!(name, "{topic}\n{partition}\n{offset}\n{element}\n{cloud_type}\n{tenant}\n{app}\n{key}\n{revision}\n{subject}")
            .expect("a String takes any text");
        name_based(&NAMESPACE, name.as_bytes())
    }
}

impl<'a> Head<'a> {
    /// The head of the record of an event under `key`, caused by a record of `topic`.
    pub fn new(happened: &Happened<'a>, key: &str, topic: &'a str) -> Self {
        let Happened { cause, tenant, app, types: (event_type, cloud_type), at_ms, .. } = *happened;
        Self { event_id: happened.id(key, topic), event_type, tenant, app, topic, cause, cloud_type, at_ms }
    }

    /// CloudEvents 1.0 in binary mode (<https://github.com/cloudevents/spec>, Kafka protocol binding), and a W3C trace context whose trace is
    /// all that the causing record led to.
    pub fn headers(&self, content_type: &'static str) -> Headers {
        let text = |text: Vec<u8>| Some(Cow::Owned(text));
        let constant = |text: &'static str| Some(Cow::Borrowed(text.as_bytes()));
        vec![
            ("ce_specversion".into(), constant("1.0")),
            ("ce_id".into(), text(Id(self.event_id).text())),
            ("ce_source".into(), text([b"/waid/", self.topic.as_bytes()].concat())),
            ("ce_type".into(), constant(self.cloud_type)),
            ("ce_time".into(), text(Rfc3339(self.at_ms).text())),
            ("content-type".into(), constant(content_type)),
            ("traceparent".into(), text(self.traceparent())),
        ]
    }

    fn traceparent(&self) -> Vec<u8> {
        let Cause { partition, offset, .. } = self.cause;
        let trace = xxh3_128(format!("{}\n{partition}\n{offset}", self.topic).as_bytes()).max(1);
        let (mut trace_hex, mut event_hex) = ([0; Simple::LENGTH], [0; Simple::LENGTH]);
        let trace = Uuid::from_u128(trace).simple().encode_lower(&mut trace_hex);
        let event = self.event_id.simple().encode_lower(&mut event_hex);
        [b"00-", trace.as_bytes(), b"-", &event.as_bytes()[Simple::LENGTH / 2..], b"-01"].concat()
    }
}

/// A message's id in its app: the two directions have ids of their own, and so have echoes, which have no id of a send record.
fn message_subject(message: &MessageFields) -> Cow<'_, str> {
    let (kind, id) = match (message.direction, &message.message_id, &message.whatsapp_message_id) {
        (Direction::Outbound, Some(id), _) => ("Outbound", Some(id)),
        (Direction::Outbound, None, id) => ("Echo", id.as_ref()),
        (Direction::Inbound, _, id) => ("Inbound", id.as_ref()),
    };
    Cow::Owned(match id {
        Some(id) => [kind, " ", &*id.reveal()].concat(),
        None => [kind, " "].concat(),
    })
}
