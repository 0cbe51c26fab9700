//! `conversation-assigned`: where each message ended up, after MOVED and MERGED.

use super::super::final_state::{Direction, MessageKey, Placed};
use super::{Line, absorb, follow};
use std::collections::{BTreeMap, BTreeSet};

/// What was said of one message: by revision, where it belongs.
#[derive(Default)]
struct Said {
    assigned: Vec<i64>,
    by_revision: BTreeMap<i64, Placed>,
    /// Under which key which revision came; a MOVED comes under both identities' keys.
    seen: BTreeSet<(i64, String)>,
}

pub fn messages(
    lines: &[&Line],
    merged_identities: &BTreeMap<String, String>,
    violations: &mut Vec<String>,
) -> BTreeMap<MessageKey, Placed> {
    let mut said: BTreeMap<MessageKey, Said> = BTreeMap::new();
    let mut merged = BTreeMap::new();
    let mut absorbed: BTreeSet<(&str, String)> = BTreeSet::new();
    for line in lines {
        let conversation = line.required("conversation_id", violations);
        if absorbed.contains(&(line.key, conversation.clone())) {
            violations.push(format!("conversation-assigned {}: uses {conversation}, which was absorbed", line.key));
        }
        match line.event_type() {
            "MERGED" => {
                let previous = line.required("previous_conversation_id", violations);
                absorb(&mut merged, &previous, &conversation, violations);
                if !absorbed.insert((line.key, previous.clone())) {
                    violations.push(format!("conversation-assigned {}: {previous} absorbed again", line.key));
                }
            }
            "ASSIGNED" | "MOVED" => {
                let key = message_key(line, violations);
                let placed = Placed { identity: line.required("identity_id", violations), conversation };
                let complaint = said.entry(key.clone()).or_default().say(line, &placed);
                violations.extend(complaint.map(|complaint| format!("message {key:?}: {complaint}")));
            }
            other => violations.push(format!("conversation-assigned {}: event type {other:?}", line.key)),
        }
    }
    let mut messages = BTreeMap::new();
    for (key, said) in said {
        violations.extend(said.complaints().into_iter().map(|complaint| format!("message {key:?}: {complaint}")));
        if let Some((_, placed)) = said.by_revision.last_key_value() {
            let identity = follow(merged_identities, &placed.identity).to_owned();
            let conversation = follow(&merged, &placed.conversation).to_owned();
            messages.insert(key, Placed { identity, conversation });
        }
    }
    check_conversations(&messages, violations);
    messages
}

/// An inbound message and an echo are known by WhatsApp's id, an outbound one that was sent by that of its send record.
fn message_key(line: &Line, violations: &mut Vec<String>) -> MessageKey {
    let (direction, field) = match (line.required("direction", violations).as_str(), line.text("message_id")) {
        ("INBOUND", _) => (Direction::Inbound, "whatsapp_message_id"),
        (_, Some(_)) => (Direction::Outbound, "message_id"),
        (_, None) => (Direction::Echo, "whatsapp_message_id"),
    };
    (line.required("app", violations), direction, line.required(field, violations))
}

impl Said {
    fn say(&mut self, line: &Line, placed: &Placed) -> Option<String> {
        let Some(revision) = line.payload["revision"].as_i64() else { return Some("no revision".to_owned()) };
        let assigned = line.event_type() == "ASSIGNED";
        if assigned {
            self.assigned.push(revision);
        }
        let again = !self.seen.insert((revision, line.key.to_owned()));
        let before = self.by_revision.insert(revision, placed.clone());
        if again {
            return Some(format!("revision {revision} twice under {}", line.key));
        }
        match before {
            Some(_) if assigned => Some("ASSIGNED shares its revision".to_owned()),
            Some(before) if before != *placed => Some(format!("revision {revision} says two things")),
            Some(_) | None => None,
        }
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let revisions: Vec<i64> = self.by_revision.keys().copied().collect();
        if self.assigned.len() != 1 || self.assigned.first() != revisions.first() {
            complaints.push(format!("ASSIGNED at revisions {:?}, of {revisions:?}", self.assigned));
        }
        let first = revisions[0];
        let gap = revisions.iter().zip(first..).any(|(revision, expected)| *revision != expected);
        if gap || !(0..=1).contains(&first) {
            complaints.push(format!("revisions {revisions:?} do not count up from 1"));
        }
        let placed: Vec<&Placed> = self.by_revision.values().collect();
        for pair in placed.windows(2).filter(|pair| pair[0] == pair[1]) {
            complaints.push(format!("MOVED to where it was: {:?}", pair[1]));
        }
        complaints
    }
}

/// A conversation has one app and one identity.
fn check_conversations(messages: &BTreeMap<MessageKey, Placed>, violations: &mut Vec<String>) {
    let mut parties: BTreeMap<&String, (&String, &String)> = BTreeMap::new();
    for ((app, _, _), placed) in messages {
        let first = parties.entry(&placed.conversation).or_insert((app, &placed.identity));
        if *first != (app, &placed.identity) {
            violations.push(format!("conversation {} has several parties: {first:?}, {:?}", placed.conversation, (app, &placed.identity)));
        }
    }
}
