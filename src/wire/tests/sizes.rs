//! No record is larger than its topic was found to take.

use super::events::{cause, conversation, id, identity, message, outputs, records, unresolved};
use crate::domain::apps::Apps;
use crate::domain::entity::Original;
use crate::domain::event::{Reason, Rejection};
use crate::domain::ids::{Address, App, Bsuid, MessageId, User};
use crate::domain::output::{
    ConversationEvent, ConversationEventType, DeadLetter, IdentityEvent, MessageFields, Output, SendUnresolved, UnresolvedReason,
};
use crate::wire::output::{Format, Outputs, drop_original};
use crate::wire::record::{OUTPUT_BYTES_MAX, OutRecord};
use std::sync::Arc;

/// So many of the character that JSON makes most of: `\u0001`.
fn text(bytes: usize) -> Arc<str> {
    "\u{1}".repeat(bytes).into()
}

fn bytes(record: &OutRecord) -> usize {
    let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
    let headers: usize = record.headers.iter().map(|(name, value)| 10 + name.len() + length(value.as_deref())).sum();
    100 + length(record.key.as_deref()) + length(record.payload.as_deref()) + headers
}

#[test]
fn every_output_is_below_the_bound_with_all_texts_as_long_as_they_can_be() {
    let name = text(Apps::NAME_LENGTH_MAX);
    let app = App::new(&text(200), &name, &name);
    let user = User { scope: name, id: Bsuid::parse(&format!("BR.{}", "1".repeat(Bsuid::LENGTH_MAX - 3))).expect("the form") };
    let (id, long) = (id(&text(MessageId::LENGTH_MAX)), Some(text(1024)));
    let identity = IdentityEvent {
        tenant: app.tenant().clone(),
        app: Some(app.clone()),
        address: Address::User(user.clone()),
        user: Some(user.clone()),
        customer_id: long.clone(),
        message_id: Some(id.clone()),
        whatsapp_message_id: Some(id.clone()),
        ..identity()
    };
    let fields = MessageFields {
        user: Some(user.clone()),
        customer_id: long.clone(),
        message_id: Some(id.clone()),
        whatsapp_message_id: Some(id.clone()),
        kind: long.clone(),
        ..message()
    };
    let conversation = ConversationEvent { app: app.clone(), ..conversation(ConversationEventType::Moved(Box::new(fields))) };
    let unresolved = SendUnresolved {
        app,
        message_id: id,
        address: Address::User(user),
        customer_id: long.clone(),
        error_code: long.clone(),
        error_reason: long,
        ..unresolved(UnresolvedReason::Failed)
    };
    let topic = "t".repeat(249);
    for format in [Format::Json, Format::Protobuf] {
        let outputs = Outputs { keys_name_tenant: true, webhooks: topic.clone(), sends: topic.clone(), ..outputs(format) };
        let all =
            [Output::Identity(identity.clone()), Output::Conversation(conversation.clone()), Output::SendUnresolved(unresolved.clone())];
        for record in all.iter().flat_map(|output| records(&outputs, output)) {
            assert!(bytes(&record) <= OUTPUT_BYTES_MAX, "{:?} of {} bytes", record.topic, bytes(&record));
        }
    }
}

#[test]
fn a_dead_letter_goes_without_the_record_that_it_is_about_if_need_be() {
    let original = Original {
        key: Some(b"key"[..].into()),
        value: Some(b"value"[..].into()),
        headers: vec![("trace".into(), None), ("waid-detail".into(), Some(b"of an earlier one"[..].into()))],
    };
    let rejection = Rejection { reason: Reason::InconsistentMismatch, detail: "why".to_owned() };
    let letter = Output::DeadLetter(DeadLetter { cause: cause(), rejection, original });
    let mut record = records(&outputs(Format::Json), &letter).remove(0);
    drop_original(&mut record, 4711);
    assert_eq!((&record.key, &record.payload), (&None, &None));
    let shown: Vec<String> = record
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_deref().expect("a value"))))
        .collect();
    let expected = [
        "waid-reason: INCONSISTENT_MISMATCH",
        "waid-detail: why; the record, with which this has 4711 bytes, is too large to be kept",
        "waid-topic: whatsapp.webhooks",
        "waid-partition: 3",
        "waid-offset: 4711",
        "waid-element: 1",
        "waid-timestamp: 1760000009000",
    ];
    assert_eq!(shown, expected);
}
