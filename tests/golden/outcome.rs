//! What was published, as its readers see it in the end: MERGED and MOVED followed.

use serde_json::Value;
use std::collections::BTreeMap;
use waid::wire::record::{OutRecord, Topic};

/// All that came of a run.
#[derive(Default)]
pub struct Outcome {
    /// The table of identities, by key.
    pub rows: BTreeMap<String, Row>,
    /// The types of the identity events, by key, in order.
    pub events: BTreeMap<String, Vec<String>>,
    /// Messages by their id: of an outbound one as sent, of an inbound one as WhatsApp gave it. One for each app and direction.
    pub messages: BTreeMap<String, Vec<Message>>,
    /// Each send that was told to be unresolved.
    pub unresolved: Vec<Unresolved>,
    /// Dead letters, by reason.
    pub dead_letters: BTreeMap<String, u64>,
    /// Events of no interest, by name.
    pub ignored: BTreeMap<String, u64>,
    /// Promises about single records that were broken.
    pub broken: Vec<String>,
    /// How many records were published.
    pub records: usize,
    shown: Vec<String>,
}

/// A row of the table.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    /// wa_id (`-` for none), evidence and variant (nothing for none).
    pub answer: String,
    /// The person.
    pub identity: String,
    /// The BSUID; `-` for none.
    pub user: String,
    /// The business's id for the person; `-` for none.
    pub customer: String,
}

/// Where a message ended up.
#[derive(Clone)]
pub struct Message {
    /// Whose it is.
    pub identity: String,
    /// In which conversation.
    pub conversation: String,
    /// Until when the service window is open, as last told; `-` if it is closed.
    pub window: String,
    app: String,
    direction: Direction,
    revision: u64,
    assigned: u64,
}

/// A send of which nothing, or nothing good, was heard.
pub struct Unresolved {
    app: String,
    /// As sent.
    pub id: String,
    /// `FAILED` or `EXPIRED`.
    pub reason: String,
}

/// Which way a message went. An echo has no send record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Inbound,
    Outbound,
    Echo,
}

impl Outcome {
    /// Reads what was published, in its order.
    pub fn new(records: &[OutRecord], ignored: BTreeMap<String, u64>) -> Self {
        let mut outcome = Self { ignored, records: records.len(), ..Self::default() };
        let (mut identities, mut conversations) = (BTreeMap::new(), BTreeMap::new());
        for record in records {
            let payload = record.payload.as_deref().and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or(Value::Null);
            let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
            outcome.shown.push(format!("    {:?} {key} {}", record.topic, brief(&payload)));
            match record.topic {
                Topic::IdentityResolved => outcome.note_event(key, &payload, &mut identities),
                Topic::Identities => drop(outcome.rows.insert(key, Row::of(&payload))),
                Topic::ConversationAssigned => outcome.note_message(&payload, &mut conversations),
                Topic::SendUnresolved => outcome.unresolved.push(Unresolved::of(&payload)),
                Topic::DeadLetter => outcome.note_letter(record),
                Topic::Repartition | Topic::Changelog => {}
            }
        }
        outcome.rows.values_mut().for_each(|row| row.identity = follow(&identities, &row.identity));
        for (id, message) in outcome.messages.iter_mut().flat_map(|(id, messages)| messages.iter_mut().map(move |message| (id, message))) {
            message.identity = follow(&identities, &message.identity);
            message.conversation = follow(&conversations, &message.conversation);
            if message.assigned != 1 {
                outcome.broken.push(format!("{} ASSIGNED for {id}", message.assigned));
            }
        }
        outcome
    }

    /// The records, a line each.
    pub fn shown(&self) -> String {
        self.shown.join("\n")
    }

    /// The person behind a message or an address.
    pub fn identity_of(&self, name: &str) -> Result<&str, String> {
        match (self.messages_named(name).as_slice(), self.rows.get(name)) {
            ([], Some(row)) => Ok(&row.identity),
            ([], None) => Err(format!("neither a message nor an address: {name}")),
            ([..], _) => self.message(name).map(|message| message.identity.as_str()),
        }
    }

    /// A message by its id; or, if there are several of it, by app, direction and id.
    pub fn message(&self, name: &str) -> Result<&Message, String> {
        match self.messages_named(name).as_slice() {
            [message] => Ok(message),
            [] => Err(format!("no message {name}")),
            messages => Err(format!("{} messages {name}; name the app and the direction too: app/inbound/{name}", messages.len())),
        }
    }

    /// All messages of that name.
    pub fn messages_named(&self, name: &str) -> Vec<&Message> {
        let id = id_in(name);
        let messages = self.messages.get(id).into_iter().flatten();
        messages.filter(|message| id == name || full_name(&message.app, message.direction, id) == name).collect()
    }

    fn note_event(&mut self, key: String, payload: &Value, identities: &mut BTreeMap<String, String>) {
        let kind = text(payload, "event_type");
        if kind == "MERGED" {
            identities.insert(text(payload, "previous_identity_id"), text(payload, "identity_id"));
        }
        self.events.entry(key).or_default().push(kind);
    }

    fn note_message(&mut self, payload: &Value, conversations: &mut BTreeMap<String, String>) {
        let kind = text(payload, "event_type");
        if kind == "MERGED" {
            conversations.insert(text(payload, "previous_conversation_id"), text(payload, "conversation_id"));
            return;
        }
        // A message that was not sent by a record has WhatsApp's id only.
        let unsent = payload["message_id"].is_null();
        let id = text(payload, if unsent { "whatsapp_message_id" } else { "message_id" });
        let direction = match text(payload, "direction").as_str() {
            "INBOUND" => Direction::Inbound,
            _ if unsent => Direction::Echo,
            _ => Direction::Outbound,
        };
        let (app, revision) = (text(payload, "app"), payload["revision"].as_u64().unwrap_or_default());
        let messages = self.messages.entry(id).or_default();
        let known = messages.iter().position(|message| message.app == app && message.direction == direction);
        let before = known.map(|known| messages.swap_remove(known));
        let assigned = u64::from(kind == "ASSIGNED") + before.as_ref().map_or(0, |before| before.assigned);
        let newest = before.filter(|before| before.revision > revision);
        let said = |app| Message {
            identity: text(payload, "identity_id"),
            conversation: text(payload, "conversation_id"),
            window: text(payload, "service_window_expires_at"),
            app,
            direction,
            revision,
            assigned,
        };
        messages.push(newest.map_or_else(|| said(app), |newest| Message { assigned, ..newest }));
    }

    fn note_letter(&mut self, record: &OutRecord) {
        let header = |wanted: &str| record.headers.iter().rev().find(|(name, _)| name == wanted).and_then(|(_, value)| value.as_deref());
        let word = |wanted| String::from_utf8_lossy(header(wanted).unwrap_or_default()).into_owned();
        let reason = word("waid-reason");
        self.shown.push(format!("      {reason} element {}: {}", word("waid-element"), word("waid-detail")));
        *self.dead_letters.entry(reason).or_default() += 1;
    }
}

impl Unresolved {
    fn of(payload: &Value) -> Self {
        let [app, id, reason] = ["app", "message_id", "reason"].map(|field| text(payload, field));
        Self { app, id, reason }
    }

    /// Whether the send is called so.
    pub fn is_named(&self, name: &str) -> bool {
        self.id == name || full_name(&self.app, Direction::Outbound, &self.id) == name
    }
}

fn full_name(app: &str, direction: Direction, id: &str) -> String {
    let direction = match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
        Direction::Echo => "echo",
    };
    format!("{app}/{direction}/{id}")
}

/// The id in a full name; what is none is an id.
fn id_in(name: &str) -> &str {
    name.splitn(3, '/').nth(2).unwrap_or(name)
}

impl Row {
    fn of(payload: &Value) -> Self {
        let words = ["wa_id", "evidence", "variant"].map(|field| text(payload, field));
        Self {
            answer: words.join(" ").trim_end_matches(" -").to_owned(),
            identity: text(payload, "identity_id"),
            user: text(payload, "user_id"),
            customer: text(payload, "customer_id"),
        }
    }
}

fn text(payload: &Value, field: &str) -> String {
    payload[field].as_str().unwrap_or("-").to_owned()
}

/// What a chain of merges ends at.
fn follow(merged: &BTreeMap<String, String>, id: &str) -> String {
    let mut id = id;
    for _ in 0..=merged.len() {
        let Some(into) = merged.get(id) else { return id.to_owned() };
        id = into;
    }
    panic!("merges go round in a circle")
}

/// What tells records apart for a reader of a failed test.
fn brief(payload: &Value) -> String {
    const FIELDS: [&str; 15] = [
        "event_type",
        "reason",
        "direction",
        "message_id",
        "whatsapp_message_id",
        "wa_id",
        "user_id",
        "evidence",
        "variant",
        "identity_id",
        "previous_identity_id",
        "conversation_id",
        "previous_conversation_id",
        "revision",
        "message_at",
    ];
    let said = FIELDS.iter().filter(|field| !payload[**field].is_null());
    said.map(|field| format!("{field}={}", payload[*field].to_string().trim_matches('"'))).collect::<Vec<_>>().join(" ")
}
