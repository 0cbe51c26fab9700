//! Records on their way into a broker in memory and out of it, and the rows of tasks, in the forms that tests compare.

use super::model;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use waid::domain::apps::{Apps, ListedApp};
use waid::runtime::memory;
use waid::runtime::task::Task;
use waid::wire::output::{Format, Outputs};
use waid::wire::packed::SourceTopic;
use waid::wire::record::{OutRecord, Topic};
use waid::wire::state::encode_row;

/// The keys and values of rows, as stored.
pub type Rows = Vec<(Vec<u8>, Vec<u8>)>;

pub fn rows(task: &Task) -> Rows {
    task.store().sorted().into_iter().map(|(key, row)| encode_row(&key, &row)).collect()
}

/// As the model has them.
pub fn apps() -> Apps {
    let listed = model::apps::all_listed().map(|app| ListedApp {
        name: app.name.into(),
        tenant: app.tenant.into(),
        gs_app_id: app.ids.map(|[gs_app_id, _]| gs_app_id.into()),
        phone_number_id: app.ids.map(|[_, phone_number_id]| phone_number_id.into()),
        portfolio: app.portfolio.map(Into::into),
    });
    Apps::new(&listed.collect::<Vec<_>>())
}

pub fn outputs(keys_name_tenant: bool) -> Arc<Outputs> {
    let (webhooks, sends) = ("whatsapp.webhooks".to_owned(), "whatsapp.sends".to_owned());
    Arc::new(Outputs { format: Format::Json, webhooks, sends, keys_name_tenant })
}

pub fn input(line: &str) -> ((SourceTopic, i32), memory::Record) {
    let line: Value = serde_json::from_str(line).expect("the capture is JSON");
    let topic = if line["topic"] == "whatsapp.sends" { SourceTopic::Sends } else { SourceTopic::Webhooks };
    let integer = |name: &str| line[name].as_i64().expect("a number");
    let value = line["payload"].as_str().expect("a text").as_bytes().to_vec();
    let record = memory::Record { offset: integer("offset"), timestamp_ms: integer("ts"), value: Some(value), ..memory::Record::default() };
    ((topic, i32::try_from(integer("partition")).expect("small")), record)
}

pub fn line(record: &OutRecord) -> String {
    let text = |bytes: Option<&[u8]>| bytes.map_or(Value::Null, |bytes| String::from_utf8_lossy(bytes).into());
    let topic = match record.topic {
        Topic::IdentityResolved => "waid.identity-resolved",
        Topic::Identities => "waid.identities",
        Topic::ConversationAssigned => "waid.conversation-assigned",
        Topic::SendUnresolved => "waid.send-unresolved",
        Topic::DeadLetter => "waid.dead-letter",
        Topic::Repartition | Topic::Changelog => unreachable!("not published"),
    };
    let headers: Map<String, Value> = record.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_deref()))).collect();
    let payload = record.payload.as_ref().map_or(Value::Null, |bytes| serde_json::from_slice(bytes).expect("outputs are JSON"));
    json!({ "topic": topic, "key": text(record.key.as_deref()), "headers": headers, "payload": payload }).to_string()
}
