//! Bodies of Gupshup v3 and of Meta: several elements each, and more than one way to say who an element is about.

use super::super::apps;
use super::super::history::{Context, Echo, Fact, Inbound, NumberChange, Record, Renaming, Status, StatusKind};
use super::super::reference::numbers;
use super::{Format, choice, insert, object};
use serde_json::{Map, Value, json};

/// The body of these records of one app, and the records in the order of its elements.
pub fn body(records: &[Record], format: Format) -> (Value, Vec<Record>) {
    let mut changes: Vec<Change> = Vec::new();
    for record in records {
        let field = field(&record.fact);
        let alone = records.len() == 1 || choice(record, 20).is_multiple_of(2);
        let shared = changes.iter().position(|change| !change.alone && change.field == field).filter(|_| !alone);
        let index = shared.unwrap_or_else(|| {
            changes.push(Change { field, alone, contacts: Vec::new(), statuses: Vec::new(), others: Vec::new() });
            changes.len() - 1
        });
        changes[index].add(record);
    }
    let app = records[0].fact.app();
    let [gs_app_id, phone_number_id] = apps::named(app).ids.unwrap_or([app, app]);
    let elements = changes.iter().flat_map(Change::elements).collect();
    let bodies: Vec<Value> = changes.iter().map(|change| change.body(phone_number_id)).collect();
    let entries: Vec<Value> = bodies.chunks(2).map(|changes| json!({"id": "293928007134319", "changes": changes})).collect();
    let mut body = object(json!({"object": "whatsapp_business_account", "entry": entries}));
    if format == Format::GupshupV3 {
        body.insert("gs_app_id".to_owned(), json!(gs_app_id));
    }
    (Value::Object(body), elements)
}

fn field(fact: &Fact) -> &'static str {
    match fact {
        Fact::Echo(_) => "smb_message_echoes",
        Fact::Renaming(renaming) if is_update(renaming) => "user_id_update",
        _ => "messages",
    }
}

/// One change of a body. Only an element that has it for itself has contacts.
struct Change {
    field: &'static str,
    alone: bool,
    contacts: Vec<Value>,
    statuses: Vec<(Value, Record)>,
    others: Vec<(Value, Record)>,
}

impl Change {
    fn add(&mut self, record: &Record) {
        let vary = |what: u64| choice(record, what);
        // Without contacts the element itself must say who it is about.
        let way = if self.alone { vary(21) } else { 0 };
        let (element, contact) = match &record.fact {
            Fact::Status(status) => status_element(status, way, &vary),
            Fact::Inbound(inbound) => message(inbound, way, &vary),
            Fact::NumberChange(change) => (number_change(change, &vary), None),
            Fact::Echo(echo) => typed(echo, way),
            Fact::Renaming(renaming) if is_update(renaming) => update(renaming, way),
            Fact::Renaming(renaming) => (user_change(renaming), None),
            Fact::Send(_) | Fact::Mismatch(_) => panic!("not in this format"),
        };
        self.contacts.extend(contact);
        let elements = if matches!(record.fact, Fact::Status(_)) { &mut self.statuses } else { &mut self.others };
        elements.push((element, record.clone()));
    }

    /// Statuses come first.
    fn elements(&self) -> impl Iterator<Item = Record> {
        self.statuses.iter().chain(&self.others).map(|(_, record)| record.clone())
    }

    fn body(&self, phone_number_id: &str) -> Value {
        let metadata = json!({"display_phone_number": "5511900000000", "phone_number_id": phone_number_id});
        let mut value = object(json!({"messaging_product": "whatsapp", "metadata": metadata}));
        let mut list = |name: &str, values: Vec<&Value>| {
            if !values.is_empty() {
                value.insert(name.to_owned(), json!(values));
            }
        };
        list("contacts", self.contacts.iter().collect());
        list("statuses", self.statuses.iter().map(|(element, _)| element).collect());
        let name = match self.field {
            "smb_message_echoes" => "message_echoes",
            field => field,
        };
        list(name, self.others.iter().map(|(element, _)| element).collect());
        json!({"field": self.field, "value": value})
    }
}

/// In seconds, as a text.
fn timestamp(at_ms: i64) -> Value {
    json!(at_ms.div_euclid(1000).to_string())
}

/// A status of Meta has its one id; one of v3 has Gupshup's besides, and calls the other by either of two names, or has one under each.
fn status_element(status: &Status, way: u64, vary: &impl Fn(u64) -> u64) -> (Value, Option<Value>) {
    let name = match status.kind {
        StatusKind::Enqueued => "enqueued",
        StatusKind::Sent => "sent",
        StatusKind::Delivered => "delivered",
        StatusKind::Read if vary(22).is_multiple_of(4) => "played",
        StatusKind::Read => "read",
        StatusKind::Failed => "failed",
    };
    let mut element = object(json!({"status": name, "timestamp": timestamp(status.at_ms)}));
    insert(&mut element, "gs_id", status.gs_id.as_ref());
    let names: &[&str] = match (&status.gs_id, vary(23) % 3) {
        (Some(_), 0) if status.meta_msg_id.is_none() => &["meta_msg_id"],
        (Some(_), 1) if status.meta_msg_id.is_none() => &["id", "meta_msg_id"],
        _ => &["id"],
    };
    for name in names {
        insert(&mut element, name, status.whatsapp_id.as_ref());
    }
    insert(&mut element, "meta_msg_id", status.meta_msg_id.as_ref());
    match status.kind {
        StatusKind::Enqueued => {
            element.insert("timestamp".to_owned(), json!(status.at_ms));
            element.insert("recipient_id".to_owned(), json!("9191****873"));
            (Value::Object(element), None)
        }
        StatusKind::Failed => {
            element.insert("errors".to_owned(), json!([{"code": 131_049, "title": "Not delivered"}]));
            (Value::Object(element), None)
        }
        StatusKind::Sent | StatusKind::Delivered | StatusKind::Read => {
            let (wa_id, user) = (status.wa_id.as_ref(), status.user_id.as_ref());
            let fields = ["recipient_id", "recipient_user_id"];
            let contact = name_someone(&mut element, fields, (wa_id, user), way);
            (Value::Object(element), contact)
        }
    }
}

/// Says who a status or an echo is about: by itself, or by the contact beside it, which is right where the two differ.
fn name_someone(
    element: &mut Map<String, Value>,
    [number_field, user_field]: [&str; 2],
    (wa_id, user): (Option<&String>, Option<&String>),
    way: u64,
) -> Option<Value> {
    let wa_id = wa_id.map(|wa_id| numbers::digits(wa_id));
    let repeated = wa_id.as_ref().map(|wa_id| other_spelling(wa_id));
    let (number, user_shown, with_contact) = match (&wa_id, user, way % 5) {
        (Some(_), Some(_), 1) => (repeated, user, true),
        (Some(_), _, 2) => (repeated, None, true),
        (Some(_), Some(_), 3) | (None, Some(_), 1) => (None, user, true),
        (Some(_), None, 3) | (None, Some(_), 2) => (None, None, true),
        (Some(_), Some(_), 4) => (wa_id.clone(), None, true),
        (None, Some(_), 4) => (user.cloned(), None, false),
        (_, _, _) => (wa_id.clone(), user, false),
    };
    insert(element, number_field, number.as_ref());
    insert(element, user_field, user_shown);
    with_contact.then(|| contact(wa_id.as_ref(), user))
}

fn contact(wa_id: Option<&String>, user: Option<&String>) -> Value {
    let mut contact = object(json!({"profile": {"name": "Ana"}}));
    insert(&mut contact, "wa_id", wa_id);
    insert(&mut contact, "user_id", user);
    Value::Object(contact)
}

/// As the business may have dialled it; always of the same co-location class.
fn other_spelling(number: &str) -> String {
    let other = match number.len() {
        12 if number.starts_with("55") => format!("{}9{}", &number[..4], &number[4..]),
        13 if number.starts_with("55") => format!("{}{}", &number[..4], &number[5..]),
        12 if number.starts_with("52") => format!("521{}", &number[2..]),
        12 if number.starts_with("54") => format!("549{}", &number[2..]),
        _ => number.to_owned(),
    };
    if numbers::class(&other) == numbers::class(number) { other } else { number.to_owned() }
}

fn message(inbound: &Inbound, way: u64, vary: &impl Fn(u64) -> u64) -> (Value, Option<Value>) {
    let head = json!({"id": inbound.id, "timestamp": timestamp(inbound.at_ms), "type": "text", "text": {"body": "Oi"}});
    let mut element = object(head);
    let (wa_id, user) = (inbound.wa_id.as_ref(), inbound.user_id.as_ref());
    let (number_shown, user_shown, with_contact) = match (wa_id, user, way % 5) {
        (Some(_), Some(_), 1) => (wa_id, None, true),
        (Some(_), Some(_), 2) => (None, user, true),
        (_, _, 3) => (None, None, true),
        (None, Some(_), 4) => (user, None, false),
        (_, _, _) => (wa_id, user, false),
    };
    insert(&mut element, "from", number_shown);
    insert(&mut element, "from_user_id", user_shown);
    if let Some(Context { gs_id, id, meta_msg_id }) = &inbound.context {
        let mut context = object(json!({"from": "5511900000000"}));
        insert(&mut context, "gs_id", gs_id.as_ref());
        let by_other_name = gs_id.is_some() && meta_msg_id.is_none() && vary(24).is_multiple_of(3);
        insert(&mut context, if by_other_name { "meta_msg_id" } else { "id" }, id.as_ref());
        insert(&mut context, "meta_msg_id", meta_msg_id.as_ref());
        element.insert("context".to_owned(), Value::Object(context));
    }
    (Value::Object(element), with_contact.then(|| contact(wa_id, user)))
}

/// The BSUID after the change means nothing beside none before it: no event has shown it.
fn number_change(change: &NumberChange, vary: &impl Fn(u64) -> u64) -> Value {
    let body = format!("User A changed from {} to {}", change.old, change.new);
    let mut system = object(json!({"body": body, "wa_id": change.new, "type": "user_changed_number"}));
    insert(&mut system, "user_id", change.current_user_id.as_ref());
    if change.user_id.is_none() && change.current_user_id.is_none() && vary(25).is_multiple_of(3) {
        system.insert("user_id".to_owned(), json!("ZZ.31337"));
    }
    let head = json!({"from": change.old, "id": change.id, "timestamp": timestamp(change.at_ms), "type": "system", "system": system});
    let mut element = object(head);
    // Both of Meta's ways.
    let previous = if vary(26).is_multiple_of(2) { "previous_user_id" } else { "from_user_id" };
    match (previous, element.get_mut("system")) {
        ("previous_user_id", Some(Value::Object(system))) => insert(system, previous, change.user_id.as_ref()),
        _ => insert(&mut element, "from_user_id", change.user_id.as_ref()),
    }
    Value::Object(element)
}

fn typed(echo: &Echo, way: u64) -> (Value, Option<Value>) {
    let head = json!({"from": "5511900000000", "id": echo.id, "timestamp": timestamp(echo.at_ms), "type": "text", "text": {"body": "Oi"}});
    let mut element = object(head);
    let contact = name_someone(&mut element, ["to", "to_user_id"], (echo.wa_id.as_ref(), echo.user_id.as_ref()), way);
    (Value::Object(element), contact)
}

/// Whether it comes as `user_id_update`; the rest, and all that name no previous BSUID, come as system messages.
fn is_update(renaming: &Renaming) -> bool {
    renaming.previous.is_some() && !(renaming.wa_id.is_some() && renaming.at_ms.div_euclid(1000) % 4 == 0)
}

fn update(renaming: &Renaming, way: u64) -> (Value, Option<Value>) {
    let users = json!({"previous": renaming.previous, "current": renaming.current});
    let head = json!({"detail": "User id for Ana has been updated.", "user_id": users, "timestamp": timestamp(renaming.at_ms)});
    let mut element = object(head);
    if renaming.wa_id.is_some() && way % 3 == 1 {
        return (Value::Object(element), Some(contact(renaming.wa_id.as_ref(), None)));
    }
    insert(&mut element, "wa_id", renaming.wa_id.as_ref());
    (Value::Object(element), None)
}

/// With the previous BSUID and the number that the current one is on; or with the number alone.
fn user_change(renaming: &Renaming) -> Value {
    let mut system = object(json!({"body": "User Ana changed", "type": "user_changed_user_id", "user_id": renaming.current}));
    let id = format!("wamid.{}.{}", renaming.current, renaming.at_ms);
    let mut element = object(json!({"id": id, "timestamp": timestamp(renaming.at_ms), "type": "system"}));
    if renaming.previous.is_some() {
        insert(&mut element, "from_user_id", renaming.previous.as_ref());
        insert(&mut system, "wa_id", renaming.wa_id.as_ref());
    } else {
        insert(&mut element, "from", renaming.wa_id.as_ref());
    }
    element.insert("system".to_owned(), Value::Object(system));
    Value::Object(element)
}
