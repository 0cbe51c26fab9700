//! From what the core publishes to records of the output topics, as JSON or Protobuf.

mod dead_letter;
mod head;
mod json;
mod object;
mod protobuf;
mod text;

use super::record::{OutRecord, Topic};
use crate::domain::event::Source;
use crate::domain::output::{ConversationEvent, ConversationEventType, IdentityEvent, MessageFields, Output, SendUnresolved};
use head::{Happened, Head};

pub use dead_letter::drop_original;

/// What records are written as.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// Flat objects, every field present.
    #[default]
    Json,
    /// The messages of `proto/waid/v1/output.proto`.
    Protobuf,
}

impl Format {
    /// As it is written in a configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Protobuf => "protobuf",
        }
    }
}

/// How a deployment publishes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outputs {
    /// As what.
    pub format: Format,
    /// The name of the topic of webhook bodies.
    pub webhooks: String,
    /// The name of the topic of send records.
    pub sends: String,
    /// Whether keys begin with `tenant:`, since addresses of several tenants share the topics.
    pub keys_name_tenant: bool,
}

impl Outputs {
    /// Appends the records of one output to `sink`.
    pub fn records(&self, output: &Output, sink: &mut Vec<OutRecord>) {
        match output {
            Output::Identity(event) => self.identity(event, sink),
            Output::Conversation(event) => self.conversation(event, sink),
            Output::SendUnresolved(event) => self.send_unresolved(event, sink),
            Output::DeadLetter(letter) => sink.push(dead_letter::record(letter, self.topic(letter.cause.source))),
        }
    }

    /// An event, and the row of the table, which is the same record.
    fn identity(&self, event: &IdentityEvent, sink: &mut Vec<OutRecord>) {
        let address = event.address.reveal();
        let head = Head::new(&Happened::identity(event, &address), &address, self.topic(event.cause.source));
        let payload = match self.format {
            Format::Json => json::identity(event, &head, &address),
            Format::Protobuf => protobuf::identity(event, &head, &address),
        };
        let record = self.record(Topic::IdentityResolved, self.key(&event.tenant, &address), &head, payload);
        sink.extend(event.is_row.then(|| OutRecord { topic: Topic::Identities, ..record.clone() }));
        sink.push(record);
    }

    /// One record under the person's key; and one under that of the person before, whose readers must hear of it too.
    fn conversation(&self, event: &ConversationEvent, sink: &mut Vec<OutRecord>) {
        let retold = !matches!(event.event_type, ConversationEventType::Assigned(_));
        let before = event.previous_identity_id.filter(|before| retold && *before != event.identity_id);
        let happened = Happened::conversation(event);
        for person in [event.identity_id].into_iter().chain(before) {
            let key = person.to_string();
            let head = Head::new(&happened, &key, self.topic(event.cause.source));
            let payload = match self.format {
                Format::Json => json::conversation(event, &head),
                Format::Protobuf => protobuf::conversation(event, &head),
            };
            sink.push(self.record(Topic::ConversationAssigned, key, &head, payload));
        }
    }

    fn send_unresolved(&self, event: &SendUnresolved, sink: &mut Vec<OutRecord>) {
        let address = event.address.reveal();
        let head = Head::new(&Happened::send_unresolved(event), &address, self.topic(event.cause.source));
        let payload = match self.format {
            Format::Json => json::send_unresolved(event, &head, &address),
            Format::Protobuf => protobuf::send_unresolved(event, &head, &address),
        };
        sink.push(self.record(Topic::SendUnresolved, self.key(event.app.tenant(), &address), &head, payload));
    }

    fn record(&self, topic: Topic, key: String, head: &Head<'_>, payload: Vec<u8>) -> OutRecord {
        let content_type = match self.format {
            Format::Json => "application/json",
            Format::Protobuf => "application/x-protobuf",
        };
        OutRecord {
            topic,
            partition: None,
            key: Some(key.into_bytes()),
            headers: head.headers(content_type),
            payload: Some(payload),
            timestamp_ms: None,
        }
    }

    fn key(&self, tenant: &str, address: &str) -> String {
        if self.keys_name_tenant { format!("{tenant}:{address}") } else { address.to_owned() }
    }

    fn topic(&self, source: Source) -> &str {
        match source {
            Source::Webhooks => &self.webhooks,
            Source::Sends => &self.sends,
        }
    }
}

/// Whether the wa_id is not the phone that was dialled; `None` if there is none of one.
fn differs(event: &IdentityEvent) -> Option<bool> {
    event.address.phone().zip(event.wa_id).map(|(phone, wa_id)| phone != wa_id)
}

/// Whether the business may answer freely at the time of the message: never before the person has written.
fn window_is_open(message: &MessageFields) -> bool {
    message.window_expires_at.is_some_and(|end| message.at < end)
}
