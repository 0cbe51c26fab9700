//! What a reader of the outputs sees, against the truth.

use std::collections::BTreeSet;

use serde_json::Value;
use waid::traffic::World;
use waid::traffic::audit::{Audit, Published};

use crate::support::{Deployment, Received, broker};

const TOPICS: [(&str, Published); 5] = [
    ("identity-resolved", Published::IdentityResolved),
    ("identities", Published::Identities),
    ("conversation-assigned", Published::ConversationAssigned),
    ("send-unresolved", Published::SendUnresolved),
    ("dead-letter", Published::DeadLetter),
];

/// Panics unless the outputs tell the truth of this world, each event once. How many events there are.
pub fn check(deployment: &Deployment, world: &World) -> usize {
    let (mut audit, mut count) = (Audit::default(), 0);
    for (topic, published) in TOPICS {
        let records = broker().read_all(&deployment.topic(topic));
        check_once(topic, &records);
        for record in &records {
            audit.take(published, record.payload.as_deref().unwrap_or_default(), header(record, "waid-reason"));
        }
        count += records.len();
    }
    let verdict = audit.verdict(world);
    let shown = &verdict.differences[..verdict.differences.len().min(20)];
    assert!(shown.is_empty(), "{} differences: {shown:#?}", verdict.differences.len());
    count
}

/// An event may be told under two keys, and never twice under one. A dead letter has no id but its coordinates.
fn check_once(topic: &str, records: &[Received]) {
    let mut seen = BTreeSet::new();
    for record in records {
        let id = if topic == "dead-letter" {
            ["waid-topic", "waid-partition", "waid-offset", "waid-element", "waid-reason"]
                .map(|name| header(record, name).unwrap_or_default())
                .join(" ")
        } else {
            let event: Value = serde_json::from_str(record.payload_text()).expect("JSON");
            event["event_id"].as_str().expect("an event_id").to_owned()
        };
        let key = record.key.clone();
        assert!(seen.insert((key, id.clone())), "{topic} has an event twice: {id}, at {} of partition {}", record.offset, record.partition);
    }
}

fn header<'a>(record: &'a Received, name: &str) -> Option<&'a str> {
    let value = record.headers.iter().find(|(key, _)| key == name)?.1.as_deref()?;
    Some(str::from_utf8(value).expect("text"))
}
