//! Facts as bytes: webhook bodies of three formats and send records, in shapes that vary by a function of the record alone.

pub mod meta;

use super::history::{Context, Fact, Inbound, Mismatch, NumberChange, Record, Send, Status, StatusKind};
use super::reference::numbers;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Webhooks,
    Sends,
}

impl Topic {
    pub fn name(self) -> &'static str {
        match self {
            Topic::Webhooks => "whatsapp.webhooks",
            Topic::Sends => "whatsapp.sends",
        }
    }
}

/// By topic, partition and offset: what the elements of a body are, in its order.
pub type Sources = BTreeMap<(String, i64, i64), Vec<Record>>;

/// A capture in `kcat -J` lines, and where each record went.
pub struct Capture {
    pub lines: Vec<String>,
    pub sources: Sources,
}

/// The format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    GupshupV2,
    GupshupV3,
    Meta,
}

/// Elements of a body at most.
const BUNDLE_MAX: usize = 6;

/// Writes the records down in the order given, spread over `partitions` of each topic; offsets count up per partition. Of the events that
/// come at one Kafka time in one format and app, some share a body, which stands where the first of them would.
pub fn capture(records: &[Record], partitions: i64) -> Capture {
    write_down(bundles(records), partitions, partitions)
}

/// A body for each record, over so many partitions of webhooks, and of sends.
pub fn capture_over(records: &[Record], webhooks: i64, sends: i64) -> Capture {
    write_down(records.iter().map(|record| vec![record.clone()]).collect(), webhooks, sends)
}

/// The records of each body.
pub fn bundles(records: &[Record]) -> Vec<Vec<Record>> {
    let mut bundles: Vec<Vec<Record>> = Vec::new();
    let mut open: BTreeMap<(i64, &str, bool), usize> = BTreeMap::new();
    for record in records {
        let format = format(record);
        if format == Format::GupshupV2 || choice(record, 9).is_multiple_of(4) {
            bundles.push(vec![record.clone()]);
            continue;
        }
        let place = (record.kafka_ms, record.fact.app(), format == Format::Meta);
        match open.get(&place) {
            Some(index) if bundles[*index].len() < BUNDLE_MAX => bundles[*index].push(record.clone()),
            _ => {
                open.insert(place, bundles.len());
                bundles.push(vec![record.clone()]);
            }
        }
    }
    bundles
}

fn write_down(bundles: Vec<Vec<Record>>, webhooks: i64, sends: i64) -> Capture {
    let mut ends: BTreeMap<(Topic, i64), i64> = BTreeMap::new();
    let mut capture = Capture { lines: Vec::new(), sources: Sources::new() };
    for records in bundles {
        let record = &records[0];
        let (topic, payload, elements) = render_all(&records);
        let partitions = if topic == Topic::Webhooks { webhooks } else { sends };
        let partition = i64::try_from(choice(record, 7)).expect("a small number").rem_euclid(partitions);
        let end = ends.entry((topic, partition)).or_default();
        let payload = String::from_utf8(payload).expect("JSON is UTF-8");
        let line = json!({
            "topic": topic.name(), "partition": partition, "offset": *end, "tstype": "create", "ts": record.kafka_ms,
            "broker": 0, "key": null, "payload": payload,
        });
        capture.lines.push(line.to_string());
        capture.sources.insert((topic.name().to_owned(), partition, *end), elements);
        *end += 1;
    }
    capture
}

pub fn render(record: &Record) -> (Topic, Vec<u8>) {
    let (topic, payload, _) = render_all(std::slice::from_ref(record));
    (topic, payload)
}

/// One body of all these, and what its elements are.
fn render_all(records: &[Record]) -> (Topic, Vec<u8>, Vec<Record>) {
    let bytes = |body: &Value| serde_json::to_vec(body).expect("a value is JSON");
    match format(&records[0]) {
        Format::GupshupV2 => {
            let (topic, body) = single(&records[0]);
            (topic, bytes(&body), records.to_vec())
        }
        format => {
            let (body, elements) = meta::body(records, format);
            (Topic::Webhooks, bytes(&body), elements)
        }
    }
}

/// One of those that can say what the record says; a send record is of no other.
pub fn format(record: &Record) -> Format {
    use Format::{GupshupV2, GupshupV3, Meta};
    let formats: &[Format] = match &record.fact {
        Fact::Send(_) | Fact::Mismatch(_) => &[GupshupV2],
        Fact::Status(Status { meta_msg_id: Some(_), .. })
        | Fact::Inbound(Inbound { context: Some(Context { meta_msg_id: Some(_), .. }), .. }) => &[GupshupV3],
        Fact::Status(Status { kind: StatusKind::Enqueued, .. }) => &[GupshupV2, GupshupV3],
        Fact::Echo(_) | Fact::Renaming(_) | Fact::NumberChange(NumberChange { current_user_id: Some(_), .. }) => &[GupshupV3, Meta],
        Fact::Status(Status { gs_id: Some(_), .. }) | Fact::Inbound(Inbound { context: Some(Context { gs_id: Some(_), .. }), .. }) => {
            &[GupshupV2, GupshupV3]
        }
        Fact::Status(_) | Fact::Inbound(_) | Fact::NumberChange(_) => &[GupshupV2, GupshupV2, GupshupV3, Meta],
    };
    formats[usize::try_from(choice(record, 8)).expect("31 bits") % formats.len()]
}

fn single(record: &Record) -> (Topic, Value) {
    let vary = |what: u64| choice(record, what);
    match &record.fact {
        Fact::Send(send) => (Topic::Sends, send_record(send, vary)),
        Fact::Status(status) => (Topic::Webhooks, status_event(status, vary)),
        Fact::Mismatch(mismatch) => (Topic::Webhooks, mismatch_event(mismatch)),
        Fact::Inbound(inbound) => (Topic::Webhooks, message(inbound, vary)),
        Fact::NumberChange(change) => (Topic::Webhooks, system_message(change)),
        Fact::Echo(_) | Fact::Renaming(_) => panic!("not in this format"),
    }
}

/// A small number that depends on nothing but the record and the question asked.
fn choice(record: &Record, what: u64) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ what;
    for byte in format!("{record:?}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash.wrapping_mul(0xff51_afd7_ed55_8ccd) >> 33
}

fn send_record(send: &Send, vary: impl Fn(u64) -> u64) -> Value {
    let names = match vary(0) % 3 {
        0 => ["message_id", "sent_at", "customer_id", "wa_id"],
        _ => ["messageId", "sentAt", "customerId", "waId"],
    };
    let sent_at = match vary(1) % 4 {
        0 => json!(rfc3339(send.sent_at_ms)),
        1 if send.sent_at_ms % 1000 == 0 => json!(send.sent_at_ms / 1000),
        _ => json!(send.sent_at_ms),
    };
    let mut body = object(json!({"app": send.app, "destination": send.destination, "source": "5511900000000"}));
    body.insert(names[0].to_owned(), json!(send.message_id));
    body.insert(names[1].to_owned(), sent_at);
    insert(&mut body, names[2], send.customer_id.as_ref());
    insert(&mut body, names[3], send.wa_id.as_ref());
    if vary(2).is_multiple_of(2) {
        body.insert("kind".to_owned(), json!("text"));
    }
    Value::Object(body)
}

/// The ids trade places: see which field holds which for each type.
fn status_event(status: &Status, vary: impl Fn(u64) -> u64) -> Value {
    let mut payload = Map::new();
    let mut inner = Map::new();
    let mut timestamp_ms = status.at_ms;
    let name = match status.kind {
        StatusKind::Enqueued => "enqueued",
        StatusKind::Sent => "sent",
        StatusKind::Delivered => "delivered",
        StatusKind::Read => "read",
        StatusKind::Failed => "failed",
    };
    payload.insert("type".to_owned(), json!(name));
    match (status.kind, &status.gs_id, &status.whatsapp_id) {
        (StatusKind::Enqueued, gs_id, whatsapp_id) => {
            insert(&mut payload, "id", gs_id.as_ref());
            insert(&mut inner, "whatsappMessageId", whatsapp_id.as_ref());
            inner.insert("type".to_owned(), json!("session"));
        }
        (_, gs_id, whatsapp_id) => {
            insert(&mut payload, "gsId", gs_id.as_ref());
            insert(&mut payload, "id", whatsapp_id.as_ref());
        }
    }
    match status.kind {
        StatusKind::Enqueued => {}
        StatusKind::Failed => {
            inner.insert("code".to_owned(), json!(1008));
            inner.insert("reason".to_owned(), json!("User is not Opted in and Inactive"));
        }
        StatusKind::Sent | StatusKind::Delivered | StatusKind::Read => {
            // Of the two times that a status can carry, the inner one counts.
            if !vary(3).is_multiple_of(3) {
                inner.insert("ts".to_owned(), json!(status.at_ms.div_euclid(1000)));
                timestamp_ms += 2_171;
            }
        }
    }
    status_ids(status, &mut payload, &vary);
    payload.insert("payload".to_owned(), Value::Object(inner));
    envelope(&status.app, timestamp_ms, "message-event", &payload)
}

/// A status without a phone has no destination, or the BSUID there.
fn status_ids(status: &Status, payload: &mut Map<String, Value>, vary: &impl Fn(u64) -> u64) {
    let mut user_shown = false;
    match (&status.wa_id, &status.user_id) {
        (Some(wa_id), _) if vary(4).is_multiple_of(5) && !wa_id.starts_with('+') => {
            payload.insert("destination".to_owned(), json!(format!("+{wa_id}")));
        }
        (Some(wa_id), _) => insert(payload, "destination", Some(wa_id)),
        (None, Some(user_id)) if vary(5).is_multiple_of(2) => {
            insert(payload, "destination", Some(user_id));
            user_shown = vary(6).is_multiple_of(2);
        }
        (None, _) => {}
    }
    if !user_shown {
        insert(payload, "userId", status.user_id.as_ref());
    }
}

fn mismatch_event(mismatch: &Mismatch) -> Value {
    let payload = json!({
        "id": mismatch.message_id, "type": "mismatch", "destination": mismatch.phone,
        "payload": {"phone": mismatch.phone, "wa_id": mismatch.wa_id},
    });
    envelope(&mismatch.app, mismatch.at_ms, "message-event", &object(payload))
}

/// A message without a phone has the BSUID as its source, or no source.
fn message(inbound: &Inbound, vary: impl Fn(u64) -> u64) -> Value {
    let mut sender = object(json!({"name": "Ana"}));
    let mut payload = object(json!({"id": inbound.id, "type": "text", "payload": {"text": "Oi"}}));
    if let Some(wa_id) = &inbound.wa_id {
        let digits = numbers::digits(wa_id);
        let (country, local) = digits.split_at(2.min(digits.len()));
        sender.insert("phone".to_owned(), json!(wa_id));
        sender.insert("country_code".to_owned(), json!(country));
        sender.insert("dial_code".to_owned(), json!(local));
        payload.insert("source".to_owned(), json!(wa_id));
    } else if vary(3).is_multiple_of(2) {
        insert(&mut payload, "source", inbound.user_id.as_ref());
    }
    let shown_by_source = inbound.wa_id.is_none() && payload.contains_key("source") && vary(4).is_multiple_of(2);
    if !shown_by_source {
        insert(&mut sender, "userId", inbound.user_id.as_ref());
    }
    payload.insert("sender".to_owned(), Value::Object(sender));
    if let Some(Context { gs_id, id, .. }) = &inbound.context {
        let mut context = Map::new();
        insert(&mut context, "gsId", gs_id.as_ref());
        insert(&mut context, "id", id.as_ref());
        payload.insert("context".to_owned(), Value::Object(context));
    }
    envelope(&inbound.app, inbound.at_ms, "message", &payload)
}

fn system_message(change: &NumberChange) -> Value {
    let mut sender = object(json!({"phone": change.old}));
    insert(&mut sender, "userId", change.user_id.as_ref());
    let body = format!("User A changed from {} to {}", change.old, change.new);
    let payload = json!({
        "id": change.id, "source": change.old, "type": "system", "sender": sender,
        "payload": {"type": "user_changed_number", "wa_id": change.new, "body": body},
    });
    envelope(&change.app, change.at_ms, "message", &object(payload))
}

fn envelope(app: &str, timestamp_ms: i64, kind: &str, payload: &Map<String, Value>) -> Value {
    json!({"app": app, "timestamp": timestamp_ms, "version": 2, "type": kind, "payload": payload})
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

fn insert(map: &mut Map<String, Value>, name: &str, value: Option<&String>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), json!(value));
    }
}

/// UTC with milliseconds; the days are counted in the proleptic Gregorian calendar, years beginning in March.
pub fn rfc3339(at_ms: i64) -> String {
    let (days, ms) = (at_ms.div_euclid(86_400_000), at_ms.rem_euclid(86_400_000));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
    let (second, fraction) = (ms / 1000 % 60, ms % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:03}Z")
}
