//! Outputs as the core gives them, one of each kind.

use crate::domain::entity::Direction;
use crate::domain::event::{Cause, Source};
use crate::domain::evidence::Evidence;
use crate::domain::ids::{Address, App, Bsuid, MessageId, Moment, Number, User};
use crate::domain::number::Variant;
use crate::domain::output::{
    ConversationEvent, ConversationEventType, IdentityEvent, IdentityEventType, MessageFields, Output, SendUnresolved, UnresolvedReason,
};
use crate::wire::output::{Format, Outputs};
use crate::wire::record::OutRecord;
use uuid::Uuid;

/// A deployment of one tenant.
pub fn outputs(format: Format) -> Outputs {
    Outputs { format, webhooks: "whatsapp.webhooks".into(), sends: "whatsapp.sends".into(), keys_name_tenant: false }
}

/// The records of an output.
pub fn records(outputs: &Outputs, output: &Output) -> Vec<OutRecord> {
    let mut sink = Vec::new();
    outputs.records(output, &mut sink);
    sink
}

/// A header, as text.
pub fn header<'a>(record: &'a OutRecord, name: &str) -> &'a str {
    let (_, value) = record.headers.iter().find(|(known, _)| known == name).expect("a header");
    std::str::from_utf8(value.as_deref().expect("a value")).expect("a text")
}

/// An app in a portfolio.
pub fn app() -> App {
    App::new("acme", "support", "acme-portfolio")
}

/// A number.
pub fn number(digits: &str) -> Number {
    Number::from_digits(digits).expect("a number")
}

/// A message id.
pub fn id(text: &str) -> MessageId {
    MessageId::parse(text).expect("an id")
}

/// A BSUID.
pub fn user() -> User {
    User { scope: app().scope().clone(), id: Bsuid::parse("BR.1648738043044942").expect("the form") }
}

/// A record of webhooks.
pub fn cause() -> Cause {
    Cause { source: Source::Webhooks, partition: 3, offset: 4711, element: 1, kafka_ms: 1_760_000_009_000 }
}

/// A row whose answer changed.
pub fn identity() -> IdentityEvent {
    IdentityEvent {
        event_type: IdentityEventType::Changed,
        cause: cause(),
        tenant: "acme".into(),
        app: Some(app()),
        address: Address::Phone(number("5535987654321")),
        is_row: true,
        revision: 2,
        wa_id: Some(number("553587654321")),
        identity_id: Uuid::from_u128(1),
        user: Some(user()),
        customer_id: Some("customer-1".into()),
        variant: Some(Variant::BrNinthDigit),
        evidence: Some(Evidence::Sent),
        message_id: Some(id("ee4a68a0-1203-4c85-8dc3-49d0b3226a35")),
        whatsapp_message_id: Some(id("wamid.HBgM")),
        sent_at: Some(Moment(1_760_000_000_000)),
        observed_at: Some(Moment(1_760_000_001_500)),
        previous_wa_id: Some(number("5535987654321")),
        previous_identity_id: None,
    }
}

/// A message from a person.
pub fn message() -> MessageFields {
    MessageFields {
        direction: Direction::Inbound,
        wa_id: Some(number("553587654321")),
        user: None,
        phone: Some(number("5535987654321")),
        customer_id: None,
        message_id: None,
        whatsapp_message_id: Some(id("wamid.HBgM")),
        kind: Some("text".into()),
        at: Moment(1_760_000_002_000),
        is_new_conversation: false,
        window_expires_at: Some(Moment(1_760_086_402_000)),
        revision: 1,
    }
}

/// What happened to a conversation of that person.
pub fn conversation(event_type: ConversationEventType) -> ConversationEvent {
    ConversationEvent {
        event_type,
        cause: cause(),
        app: app(),
        conversation_id: Uuid::from_u128(7),
        identity_id: Uuid::from_u128(1),
        opened_by: Direction::Outbound,
        opened_at: Moment(1_760_000_000_000),
        previous_conversation_id: None,
        previous_identity_id: None,
    }
}

/// A message that moved from another conversation of another person.
pub fn moved(revision: u32) -> Output {
    let event_type = ConversationEventType::Moved(Box::new(MessageFields { revision, ..message() }));
    let (previous_conversation_id, previous_identity_id) = (Some(Uuid::from_u128(8)), Some(Uuid::from_u128(2)));
    Output::Conversation(ConversationEvent { previous_conversation_id, previous_identity_id, ..conversation(event_type) })
}

/// A send without an answer.
pub fn unresolved(reason: UnresolvedReason) -> SendUnresolved {
    SendUnresolved {
        cause: cause(),
        app: app(),
        message_id: id("ee4a68a0"),
        address: Address::User(user()),
        customer_id: None,
        reason,
        error_code: Some("131026".into()),
        error_reason: Some("Message \"undeliverable\"".into()),
        sent_at: Moment(1_760_000_000_000),
    }
}
