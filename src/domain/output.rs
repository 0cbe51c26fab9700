//! The records that waid publishes, as values.

use super::entity::{Direction, Original};
use super::event::{Cause, Rejection};
use super::evidence::Evidence;
use super::ids::{Address, App, MessageId, Moment, Number, User};
use super::number::Variant;
use std::sync::Arc;
use uuid::Uuid;

/// One record for a downstream topic.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// For the identity events and, of a row, the identity table.
    Identity(IdentityEvent),
    /// For the conversation events.
    Conversation(ConversationEvent),
    /// For the sends that found no answer.
    SendUnresolved(SendUnresolved),
    /// For the dead letters.
    DeadLetter(DeadLetter),
}

/// What happened to a row, or to the person it named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IdentityEventType {
    /// The first answer for this address.
    Resolved,
    /// The same answer, on other evidence.
    Confirmed,
    /// Another wa_id.
    Changed,
    /// Two identities turned out to be one.
    Merged,
    /// The number has another owner.
    Reassigned,
}

/// A change of what is known about an address.
#[derive(Clone, PartialEq, Debug)]
pub struct IdentityEvent {
    /// What happened.
    pub event_type: IdentityEventType,
    /// The record that caused it.
    pub cause: Cause,
    /// The tenant.
    pub tenant: Arc<str>,
    /// The app of the evidence, if it has one.
    pub app: Option<App>,
    /// The address, and key.
    pub address: Address,
    /// Whether this is the address's current row (not only news of an absorbed identity).
    pub is_row: bool,
    /// Counts the events of this address.
    pub revision: u32,
    /// The answer.
    pub wa_id: Option<Number>,
    /// The person.
    pub identity_id: Uuid,
    /// The BSUID, if known.
    pub user: Option<User>,
    /// The business's id for the person.
    pub customer_id: Option<Arc<str>>,
    /// How number and wa_id differ.
    pub variant: Option<Variant>,
    /// What the answer rests on.
    pub evidence: Option<Evidence>,
    /// The message that showed it.
    pub message_id: Option<MessageId>,
    /// WhatsApp's id of it.
    pub whatsapp_message_id: Option<MessageId>,
    /// When that was sent.
    pub sent_at: Option<Moment>,
    /// The date of the evidence.
    pub observed_at: Option<Moment>,
    /// The answer before, of a changed one.
    pub previous_wa_id: Option<Number>,
    /// The person before.
    pub previous_identity_id: Option<Uuid>,
}

/// What happened to a message or conversation.
#[derive(Clone, PartialEq, Debug)]
pub enum ConversationEventType {
    /// A message has its conversation.
    Assigned(Box<MessageFields>),
    /// A message has another conversation or person than said before.
    Moved(Box<MessageFields>),
    /// Two conversations are one.
    Merged,
}

/// What is said about a message.
#[derive(Clone, PartialEq, Debug)]
pub struct MessageFields {
    /// Which way it went.
    pub direction: Direction,
    /// The wa_id it belongs to.
    pub wa_id: Option<Number>,
    /// The BSUID it belongs to.
    pub user: Option<User>,
    /// The phone dialled, if known.
    pub phone: Option<Number>,
    /// The business's id for the person.
    pub customer_id: Option<Arc<str>>,
    /// The id of an outbound message as in its send record; an echo has none.
    pub message_id: Option<MessageId>,
    /// WhatsApp's id.
    pub whatsapp_message_id: Option<MessageId>,
    /// What kind of message.
    pub kind: Option<Arc<str>>,
    /// When.
    pub at: Moment,
    /// Whether the conversation began with it.
    pub is_new_conversation: bool,
    /// End of the customer service window that is open as of the message.
    pub window_expires_at: Option<Moment>,
    /// Counts what was said of this message, from 1.
    pub revision: u32,
}

/// A conversation event.
#[derive(Clone, PartialEq, Debug)]
pub struct ConversationEvent {
    /// What happened.
    pub event_type: ConversationEventType,
    /// The record that caused it.
    pub cause: Cause,
    /// The app.
    pub app: App,
    /// The conversation.
    pub conversation_id: Uuid,
    /// The person.
    pub identity_id: Uuid,
    /// Who began it, as far as known.
    pub opened_by: Direction,
    /// When it began, as far as known.
    pub opened_at: Moment,
    /// The conversation before.
    pub previous_conversation_id: Option<Uuid>,
    /// The person before.
    pub previous_identity_id: Option<Uuid>,
}

/// Why a send has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnresolvedReason {
    /// It failed.
    Failed,
    /// No evidence came in time.
    Expired,
}

/// A send that failed or found no answer.
#[derive(Clone, PartialEq, Debug)]
pub struct SendUnresolved {
    /// The record that caused it.
    pub cause: Cause,
    /// The app.
    pub app: App,
    /// The message.
    pub message_id: MessageId,
    /// What was dialled.
    pub address: Address,
    /// The business's id for the person.
    pub customer_id: Option<Arc<str>>,
    /// Why.
    pub reason: UnresolvedReason,
    /// The error's code, as text.
    pub error_code: Option<Arc<str>>,
    /// The error's reason.
    pub error_reason: Option<Arc<str>>,
    /// When it was sent.
    pub sent_at: Moment,
}

/// An element that could not be used.
#[derive(Clone, PartialEq, Debug)]
pub struct DeadLetter {
    /// The record and element.
    pub cause: Cause,
    /// Why.
    pub rejection: Rejection,
    /// The record, if it is still at hand.
    pub original: Original,
}
