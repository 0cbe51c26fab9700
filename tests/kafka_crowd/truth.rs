//! What must come of a crowd, however its records were read, by whom, and how often somebody began anew.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::person::{MESSAGES, Person};
use crate::support::{Deployment, Received, broker};

/// Panics unless a reader of the outputs sees just what must come of so many people.
pub fn check(deployment: &Deployment, people: usize) {
    check_conversations(&read(deployment, "conversation-assigned"), people);
    check_rows(&read(deployment, "identities"), people);
    read(deployment, "identity-resolved");
    for topic in ["dead-letter", "send-unresolved"] {
        assert!(broker().read_all(&deployment.topic(topic)).is_empty(), "{topic}");
    }
}

/// All events of a topic; panics if one came twice.
fn read(deployment: &Deployment, topic: &str) -> Vec<(Received, Value)> {
    let records = broker().read_all(&deployment.topic(topic)).into_iter();
    let events: Vec<(Received, Value)> = records
        .map(|record| {
            let event = serde_json::from_str(record.payload_text()).expect("JSON");
            (record, event)
        })
        .collect();
    let ids: BTreeSet<&str> = events.iter().map(|(_, event)| text(event, "event_id")).collect();
    assert_eq!(ids.len(), events.len(), "an event_id came twice in {topic}");
    events
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_else(|| panic!("no {field} in {event:#}"))
}

/// One ASSIGNED for each message; in the end, one conversation and one identity for each person.
fn check_conversations(events: &[(Received, Value)], people: usize) {
    let last = last_told(events);
    assert_eq!(last.len(), people * MESSAGES);
    let merged: BTreeMap<&str, &str> =
        of_type(events, "MERGED").map(|event| (text(event, "previous_conversation_id"), text(event, "conversation_id"))).collect();
    let (mut conversations, mut identities) = (BTreeSet::new(), BTreeSet::new());
    for person in (0..people).map(Person) {
        let of_one = person.messages().map(|id| last[id.as_str()]);
        let [first, rest @ ..] = of_one.map(|event| (follow(&merged, text(event, "conversation_id")), text(event, "identity_id")));
        assert!(rest.iter().all(|other| *other == first), "{of_one:#?}");
        conversations.insert(first.0);
        identities.insert(first.1);
    }
    assert_eq!((conversations.len(), identities.len()), (people, people));
}

/// Of each message what was said last; panics if one was assigned twice.
fn last_told(events: &[(Received, Value)]) -> BTreeMap<&str, &Value> {
    let mut last: BTreeMap<&str, &Value> = BTreeMap::new();
    for event in of_type(events, "ASSIGNED") {
        let before = last.insert(message_of(event), event);
        assert!(before.is_none(), "assigned twice: {event:#}");
    }
    for event in of_type(events, "MOVED") {
        let said = last.get_mut(message_of(event)).expect("assigned before it was moved");
        if event["revision"].as_u64() > said["revision"].as_u64() {
            *said = event;
        }
    }
    last
}

fn message_of(event: &Value) -> &str {
    let id = event["message_id"].as_str().or(event["whatsapp_message_id"].as_str());
    id.unwrap_or_else(|| panic!("no message in {event:#}"))
}

fn of_type<'a>(events: &'a [(Received, Value)], kind: &'static str) -> impl Iterator<Item = &'a Value> {
    events.iter().map(|(_, event)| event).filter(move |event| event["event_type"] == kind)
}

fn follow<'a>(merged: &BTreeMap<&'a str, &'a str>, mut id: &'a str) -> &'a str {
    while let Some(next) = merged.get(id) {
        id = next;
    }
    id
}

/// One row for each person, with the wa_id that answered.
fn check_rows(rows: &[(Received, Value)], people: usize) {
    let newest: BTreeMap<&str, &Value> = rows.iter().map(|(record, row)| (record.key_text(), row)).collect();
    assert_eq!(newest.len(), people);
    for person in (0..people).map(Person) {
        let row = newest[person.phone().as_str()];
        assert_eq!((&row["wa_id"], &row["evidence"]), (&json!(person.wa_id()), &json!("INBOUND")), "{row:#}");
    }
}
