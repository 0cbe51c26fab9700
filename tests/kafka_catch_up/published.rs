//! What a reader of the outputs finds, as the model's audit takes it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::model::audit::{Audit, audit as audit_lines};
use super::model::reference::Settings;
use super::model::render::Sources;
use crate::support::{DEADLINE, Deployment, Received, broker, poll_for};

const TOPICS: [&str; 5] = ["identity-resolved", "identities", "conversation-assigned", "send-unresolved", "dead-letter"];

/// Everything that was published.
pub fn audit(deployment: &Deployment, sources: &Sources, settings: &Settings) -> Audit {
    let topics = TOPICS.map(|topic| (topic, broker().read_all(&deployment.topic(topic))));
    let lines: Vec<String> = topics.iter().flat_map(|(topic, records)| records.iter().map(|record| line(topic, record))).collect();
    audit_lines(&lines, sources, settings)
}

/// Waits until so many sends were told to have expired.
pub fn wait_for_expired(deployment: &Deployment, count: usize) {
    let topic = deployment.topic("send-unresolved");
    let mut told = 0;
    let enough = poll_for(DEADLINE, || {
        told = broker().read_all(&topic).iter().filter(|record| reason(record) == "EXPIRED").count();
        (told >= count).then_some(())
    });
    assert!(enough.is_some(), "EXPIRED was told of {told} sends within {DEADLINE:?}, and should be of {count}");
}

/// The first send of which this is told, if one is within this time.
pub fn first_unresolved(deployment: &Deployment, within: Duration, told: &str) -> Option<Received> {
    let topic = deployment.topic("send-unresolved");
    poll_for(within, || broker().read_all(&topic).into_iter().find(|record| reason(record) == told))
}

fn reason(record: &Received) -> String {
    let event: Value = serde_json::from_str(record.payload_text()).expect("JSON");
    event["reason"].as_str().expect("a reason").to_owned()
}

fn line(topic: &str, record: &Received) -> String {
    let text = |bytes: Option<&[u8]>| bytes.map_or(Value::Null, |bytes| String::from_utf8_lossy(bytes).into());
    let headers: Map<String, Value> = record.headers.iter().map(|(name, value)| (name.clone(), text(value.as_deref()))).collect();
    let payload = record.payload.as_ref().map_or(Value::Null, |bytes| serde_json::from_slice(bytes).expect("outputs are JSON"));
    json!({ "topic": topic, "key": text(record.key.as_deref()), "headers": headers, "payload": payload }).to_string()
}
