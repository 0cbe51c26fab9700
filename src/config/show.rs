//! The configuration in effect as TOML that can be read again: where each value came from, secrets masked.

use std::collections::BTreeMap;

use toml::Value;

use super::value::{format_bytes, format_duration};
use super::{Config, HttpConfig, Origin};
use crate::domain::apps::ListedApp;

/// One key of a section.
struct Entry {
    /// As it is written, with quotes if it needs them.
    key: String,
    value: Value,
    /// The path under which its origin is known.
    path: String,
}

pub(super) fn to_toml(config: &Config, origins: &BTreeMap<String, Origin>) -> String {
    let sections = sections(config).into_iter().map(|(section, entries)| (format!("[{section}]"), entries));
    let apps = config.apps.iter().enumerate().map(|(index, app)| ("[[apps]]".to_owned(), app_entries(index, app)));
    let blocks: Vec<String> = sections
        .chain(apps)
        .map(|(header, entries)| {
            let lines = entries.iter().map(|entry| line(entry, origins));
            std::iter::once(header).chain(lines).collect::<Vec<_>>().join("\n") + "\n"
        })
        .collect();
    blocks.join("\n")
}

fn line(Entry { key, value, path }: &Entry, origins: &BTreeMap<String, Origin>) -> String {
    let origin = origins.get(path).unwrap_or(&Origin::Default);
    format!("{key} = {value}  # {origin}")
}

/// Every section with every key; the list that the example file is held against.
fn sections(config: &Config) -> Vec<(&'static str, Vec<Entry>)> {
    let Config { kafka, topics, apps: _, join, conversation, state, workers, http, output } = config;
    let mut topic_names = vec![entry("topics", "prefix", &*topics.prefix)];
    topic_names.extend(topics.names().map(|(key, name)| entry("topics", key, name)));
    topic_names.push(entry("topics", "repartition_partitions", i64::from(topics.repartition_partitions)));
    let properties = kafka.properties.shown().map(|(_, key, value)| Entry {
        path: format!("{}{key}", super::properties::SECTION),
        key: format!("{key:?}"),
        value: Value::String(value),
    });
    vec![
        ("kafka", vec![entry("kafka", "bootstrap_servers", &*kafka.bootstrap_servers), entry("kafka", "group_id", &*kafka.group_id)]),
        ("kafka.properties", properties.collect()),
        ("topics", topic_names),
        ("join", vec![entry("join", "timeout", format_duration(join.timeout))]),
        (
            "conversation",
            vec![
                entry("conversation", "idle_timeout", format_duration(conversation.idle_timeout)),
                entry("conversation", "retention", format_duration(conversation.retention)),
            ],
        ),
        (
            "state",
            vec![entry("state", "dir", state.dir.display().to_string()), entry("state", "memory_max", format_bytes(state.memory_max))],
        ),
        ("workers", vec![entry("workers", "threads", i64::try_from(workers.threads).unwrap_or(i64::MAX))]),
        ("http", vec![entry("http", "listen", http.listen.map_or(HttpConfig::OFF.to_owned(), |listen| listen.to_string()))]),
        ("output", vec![entry("output", "format", output.format.name())]),
    ]
}

fn app_entries(index: usize, app: &ListedApp) -> Vec<Entry> {
    let ListedApp { name, tenant, gs_app_id, phone_number_id, portfolio } = app;
    let keys = [
        ("name", Some(name)),
        ("tenant", Some(tenant)),
        ("gs_app_id", gs_app_id.as_ref()),
        ("phone_number_id", phone_number_id.as_ref()),
        ("portfolio", portfolio.as_ref()),
    ];
    let set = keys.into_iter().filter_map(|(key, value)| Some((key, value?)));
    set.map(|(key, value)| entry(&format!("apps[{index}]"), key, &**value)).collect()
}

fn entry(section: &str, key: &str, value: impl Into<Value>) -> Entry {
    Entry { key: key.to_owned(), value: value.into(), path: format!("{section}.{key}") }
}
