//! A history as a golden file: its records as bodies, and what the reference model says must come of them.

use super::apps;
use super::final_state::{Direction, FinalState, MessageKey, Outcome};
use super::history::{Record, is_bsuid};
use super::reference::{Settings, final_state, numbers};
use super::render::{self, Topic, capture};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Of a history that means what it does by the settings that a configuration has which says nothing of them.
pub fn file(records: &[Record], found: &str) -> String {
    let settings = Settings::default();
    let state = final_state(records, &settings);
    let mut lines = vec![
        format!("# Source: src/domain/MEANING.md, and a generated history: {}", found.replace('\n', " ")),
        "# What is expected is what the reference model says of it.".to_owned(),
        String::new(),
    ];
    lines.extend(config(records));
    lines.extend(inputs(records));
    if state.sends.values().any(|outcome| *outcome == Outcome::Unresolved) {
        lines.push(until(records, &settings));
    }
    lines.extend([String::new(), "in any order".to_owned()]);
    lines.extend(expectations(&state).into_iter().map(|expectation| format!("expect {expectation}")));
    lines.push(String::new());
    lines.join("\n")
}

/// All apps are listed if any must be: then there can be no doubt which tenants are configured.
fn config(records: &[Record]) -> Vec<String> {
    let apps: BTreeSet<&str> = records.iter().map(|record| record.fact.app()).collect();
    let apps: Vec<apps::App> = apps.into_iter().map(apps::named).collect();
    if apps.iter().all(|app| app.ids.is_none()) {
        return Vec::new();
    }
    let mut lines = Vec::new();
    for app in apps {
        let ids = app.ids.map_or([None, None], |[gs_app_id, phone_number_id]| [Some(gs_app_id), Some(phone_number_id)]);
        let tenant = Some(app.tenant).filter(|tenant| *tenant != apps::TENANT_DEFAULT);
        let keys = [("name", Some(app.name)), ("tenant", tenant), ("portfolio", app.portfolio)];
        lines.push("config [[apps]]".to_owned());
        for (key, value) in keys.into_iter().chain([("gs_app_id", ids[0]), ("phone_number_id", ids[1])]) {
            lines.extend(value.map(|value| format!("config {key} = {value:?}")));
        }
    }
    lines
}

fn inputs(records: &[Record]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut kafka_ms = None;
    for line in capture(records, 1).lines {
        let line: Value = serde_json::from_str(&line).expect("a capture is JSON");
        let at_ms = line["ts"].as_i64().expect("a number");
        if kafka_ms.replace(at_ms) != Some(at_ms) {
            lines.push(format!("at {}", render::rfc3339(at_ms)));
        }
        let word = if line["topic"] == Topic::Sends.name() { "send" } else { "webhook" };
        lines.push(format!("{word} {}", line["payload"].as_str().expect("a text")));
    }
    lines
}

/// When whatever waits has expired.
fn until(records: &[Record], settings: &Settings) -> String {
    let last_ms = records.iter().map(|record| record.kafka_ms).max().unwrap_or_default();
    format!("until {}", render::rfc3339(last_ms + settings.join_timeout_ms + 24 * 3_600_000))
}

fn expectations(state: &FinalState) -> Vec<String> {
    let names = Names::of(state);
    let mut expectations: Vec<String> = state.rows.iter().map(|(key, row)| identity(key, row.wa_id.as_deref(), &row.evidence)).collect();
    for ((app, id), outcome) in &state.sends {
        let message = (app.clone(), Direction::Outbound, id.clone());
        let name = names.of_message(&message);
        if !state.messages.contains_key(&message) {
            expectations.push(format!("no message {name}"));
        }
        if *outcome == Outcome::Unresolved {
            expectations.push(format!("unresolved {name} EXPIRED"));
        }
        if state.failures.contains(&(app.clone(), id.clone())) {
            expectations.push(format!("unresolved {name} FAILED"));
        }
    }
    let reasons: BTreeSet<&String> = state.dead_letters.iter().map(|(_, _, reason)| reason).collect();
    expectations.extend(reasons.into_iter().map(|reason| format!("dead letter {reason} some")));
    let rows = state.rows.iter().map(|(key, row)| (&row.identity, key.clone()));
    let messages = state.messages.iter().map(|(key, placed)| (&placed.identity, names.of_message(key)));
    expectations.extend(groups("person", rows.chain(messages)));
    let messages = state.messages.iter().map(|(key, placed)| (&placed.conversation, names.of_message(key)));
    expectations.extend(groups("conversation", messages));
    if expectations.is_empty() {
        expectations.push("nothing".to_owned());
    }
    expectations
}

/// The variant is told of a phone and a wa_id.
fn identity(key: &str, wa_id: Option<&str>, evidence: &str) -> String {
    let dialled = key.rsplit(':').next().unwrap_or(key);
    let variant = wa_id.filter(|_| !is_bsuid(dialled)).map(|wa_id| format!(" {}", numbers::variant(dialled, wa_id)));
    format!("identity {key} -> {} {evidence}{}", wa_id.unwrap_or("-"), variant.unwrap_or_default())
}

/// Who is together, and that those of different groups are not.
fn groups<'a>(what: &str, members: impl Iterator<Item = (&'a String, String)>) -> Vec<String> {
    let mut groups: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for (group, member) in members {
        groups.entry(group).or_default().push(member);
    }
    let several = groups.values().filter(|members| members.len() > 1);
    let mut expectations: Vec<String> = several.map(|members| format!("same {what} {}", members.join(" "))).collect();
    if groups.len() > 1 {
        let first: Vec<&str> = groups.values().map(|members| members[0].as_str()).collect();
        expectations.push(format!("other {what} {}", first.join(" ")));
    }
    expectations
}

/// How messages are called: by their id, if there is one of it.
struct Names(BTreeMap<String, usize>);

impl Names {
    fn of(state: &FinalState) -> Self {
        let sends = state.sends.keys().map(|(app, id)| (app.clone(), Direction::Outbound, id.clone()));
        let messages: BTreeSet<MessageKey> = state.messages.keys().cloned().chain(sends).collect();
        let mut count = BTreeMap::new();
        for (_, _, id) in messages {
            *count.entry(id).or_default() += 1;
        }
        Self(count)
    }

    fn of_message(&self, (app, direction, id): &MessageKey) -> String {
        let direction = match direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
            Direction::Echo => "echo",
        };
        if self.0[id] == 1 { id.clone() } else { format!("{app}/{direction}/{id}") }
    }
}
