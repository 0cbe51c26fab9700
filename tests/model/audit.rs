//! The final state as a reader of waid's topics sees it, and the promises that each topic must keep on the way.

mod identities;
mod letters;
mod messages;

use super::apps;
use super::final_state::{FinalState, Outcome, SendKey};
use super::history::Fact;
use super::reference::Settings;
use super::render::Sources;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub struct Audit {
    pub state: FinalState,
    /// Broken promises, one sentence each; empty if all is well.
    pub violations: Vec<String>,
    /// Sends of which EXPIRED was told.
    pub expired: BTreeSet<SendKey>,
}

/// One line of output, taken apart.
struct Line<'a> {
    topic: &'a str,
    key: &'a str,
    headers: &'a Value,
    payload: &'a Value,
}

/// Reads output lines `{"topic","key","headers","payload"}` in their order. Topics are known by the end of their name.
/// `sources` tells what each input record was: which sends there are, and which element a dead letter is about.
pub fn audit(lines: &[String], sources: &Sources, settings: &Settings) -> Audit {
    let mut violations = Vec::new();
    let values: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect();
    let lines: Vec<Line> = values.iter().map(Line::of).collect();
    check_envelopes(&lines, sources, &mut violations);
    let of = |topic: &str| lines.iter().filter(|line| line.topic.ends_with(topic)).collect::<Vec<_>>();
    let events = identities::events(&of("identity-resolved"), &mut violations);
    let rows = identities::rows(&of("identities"), &events, &mut violations);
    let messages = messages::messages(&of("conversation-assigned"), &events.merged, &mut violations);
    let mut state = FinalState { rows, messages, ..FinalState::default() };
    state.dead_letters = letters::letters(&of("dead-letter"), sources, settings, &mut violations);
    let expired = outcomes(&of("send-unresolved"), sources, &mut state, &mut violations);
    Audit { state, violations, expired }
}

impl<'a> Line<'a> {
    fn of(value: &'a Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap_or("");
        Line { topic: text("topic"), key: text("key"), headers: &value["headers"], payload: &value["payload"] }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.payload[name].as_str().map(str::to_owned)
    }

    /// A field that must be there.
    fn required(&self, name: &str, violations: &mut Vec<String>) -> String {
        self.text(name).unwrap_or_else(|| {
            violations.push(format!("{} {}: no {name} in {}", self.topic, self.key, self.payload));
            String::new()
        })
    }

    fn event_type(&self) -> &str {
        self.payload["event_type"].as_str().unwrap_or("")
    }
}

const TOPICS: [&str; 5] = ["identity-resolved", "identities", "conversation-assigned", "send-unresolved", "dead-letter"];

/// Known topics, no event twice in one, and causes that were really read.
fn check_envelopes(lines: &[Line], sources: &Sources, violations: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for line in lines {
        if !TOPICS.iter().any(|topic| line.topic.ends_with(topic)) {
            violations.push(format!("a line of no known topic: {:?}", line.topic));
            continue;
        }
        if line.topic.ends_with("dead-letter") || line.payload.is_null() {
            continue;
        }
        let event_id = line.required("event_id", violations);
        if !seen.insert((line.topic, event_id.clone())) {
            violations.push(format!("{} {}: event_id {event_id} twice", line.topic, line.key));
        }
        let cause = (line.text("src_topic"), line.payload["src_partition"].as_i64(), line.payload["src_offset"].as_i64());
        let cause = match cause {
            (Some(topic), Some(partition), Some(offset)) => sources.get(&(topic, partition, offset)),
            _ => None,
        };
        let Some(elements) = cause else {
            violations.push(format!("{} {}: caused by no input record: {}", line.topic, line.key, line.payload));
            continue;
        };
        let tenant = line.required("tenant", violations);
        if tenant != apps::tenant(elements[0].fact.app()) {
            violations.push(format!("{} {}: told to {tenant} of another tenant: {}", line.topic, line.key, line.payload));
        }
    }
}

/// Follows absorbed ids to what they are now.
fn follow<'a>(merged: &'a BTreeMap<String, String>, mut id: &'a str) -> &'a str {
    // A circle of merges is reported where the map is made; here it must only end.
    for _ in 0..=merged.len() {
        match merged.get(id) {
            Some(next) => id = next,
            None => return id,
        }
    }
    id
}

/// Notes that an id was absorbed: always by the same one, never by itself or, in the end, by what it absorbed.
fn absorb(merged: &mut BTreeMap<String, String>, previous: &str, into: &str, violations: &mut Vec<String>) {
    match merged.get(previous) {
        Some(known) if known != into => {
            violations.push(format!("{previous} was absorbed by {known} and by {into}"));
        }
        Some(_) => {}
        None if follow(merged, into) == previous => {
            violations.push(format!("{previous} is absorbed by {into}, which it absorbed itself"));
        }
        None => drop(merged.insert(previous.to_owned(), into.to_owned())),
    }
}

/// Outcomes of all sends; a FAILED is told once, also of a joined message; an EXPIRED excludes everything else.
fn outcomes(lines: &[&Line], sources: &Sources, state: &mut FinalState, violations: &mut Vec<String>) -> BTreeSet<SendKey> {
    let mut expired = BTreeSet::new();
    for line in lines {
        let key = (line.required("app", violations), line.required("message_id", violations));
        let reason = line.required("reason", violations);
        let first = match reason.as_str() {
            "FAILED" => state.failures.insert(key.clone()),
            "EXPIRED" => expired.insert(key.clone()),
            other => {
                violations.push(format!("send-unresolved {}: reason {other}", line.key));
                continue;
            }
        };
        if !first {
            violations.push(format!("send {key:?}: {reason} told twice"));
        }
    }
    for record in sources.values().flatten() {
        if let Fact::Send(send) = &record.fact {
            let message = (send.app.clone(), super::final_state::Direction::Outbound, send.message_id.clone());
            let key = (send.app.clone(), send.message_id.clone());
            let outcome = match (state.messages.contains_key(&message), state.failures.contains(&key)) {
                (true, _) => Outcome::Joined,
                (false, true) => Outcome::Failed,
                (false, false) => Outcome::Unresolved,
            };
            state.sends.insert(key, outcome);
        }
    }
    for key in state.failures.iter().chain(&expired).filter(|key| !state.sends.contains_key(key)) {
        violations.push(format!("send {key:?}: an outcome, but there is no such send"));
    }
    for key in expired.iter().filter(|key| state.sends.get(key).is_some_and(|outcome| *outcome != Outcome::Unresolved)) {
        violations.push(format!("send {key:?}: EXPIRED told, but it is {:?}", state.sends[key]));
    }
    expired
}
