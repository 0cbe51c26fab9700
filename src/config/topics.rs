//! `[topics]`: the name of each topic, and how many partitions the internal ones have.

use std::collections::BTreeMap;

use super::problem::Cause;
use super::reader::Reader;

/// `[topics]`
#[derive(Debug, Clone, PartialEq)]
pub struct TopicsConfig {
    /// What the names of outputs and internal topics begin with, unless one is set by itself. Default `waid.`.
    pub prefix: String,
    /// Input: webhook bodies. A full name. Default `whatsapp.webhooks`.
    pub webhooks: String,
    /// Input: outbound-send records. A full name. Default `whatsapp.sends`.
    pub sends: String,
    /// Output: identity events. A full name. Default prefix + `identity-resolved`.
    pub identity_resolved: String,
    /// Output: the current row of each address. Default prefix + `identities`.
    pub identities: String,
    /// Output: the conversation of each message. Default prefix + `conversation-assigned`.
    pub conversation_assigned: String,
    /// Output: sends that failed or expired. Default prefix + `send-unresolved`.
    pub send_unresolved: String,
    /// Output: records that could not be used. Default prefix + `dead-letter`.
    pub dead_letter: String,
    /// Internal: events on their way to the entity they concern. Default prefix + `repartition`.
    pub repartition: String,
    /// Internal: state, as of the last checkpoint. Default prefix + `changelog`.
    pub changelog: String,
    /// Partitions of the two internal topics, and so the number of tasks, which bounds the workers that can share the
    /// load: 2 to 4 for each worker expected. Default 4: two workers. Each costs a little of every commit, and the
    /// number is fixed once the topics exist, since it says on which partition a person's state lies.
    pub repartition_partitions: u32,
}

impl Default for TopicsConfig {
    fn default() -> Self {
        Self::with_prefix("waid.")
    }
}

impl TopicsConfig {
    /// The defaults under another prefix.
    pub fn with_prefix(prefix: &str) -> Self {
        let name = |name: &str| format!("{prefix}{name}");
        Self {
            prefix: prefix.to_owned(),
            webhooks: "whatsapp.webhooks".to_owned(),
            sends: "whatsapp.sends".to_owned(),
            identity_resolved: name("identity-resolved"),
            identities: name("identities"),
            conversation_assigned: name("conversation-assigned"),
            send_unresolved: name("send-unresolved"),
            dead_letter: name("dead-letter"),
            repartition: name("repartition"),
            changelog: name("changelog"),
            repartition_partitions: 4,
        }
    }

    /// The key of each topic in `[topics]`, with its name.
    pub fn names(&self) -> [(&'static str, &str); 9] {
        [
            ("webhooks", &self.webhooks),
            ("sends", &self.sends),
            ("identity_resolved", &self.identity_resolved),
            ("identities", &self.identities),
            ("conversation_assigned", &self.conversation_assigned),
            ("send_unresolved", &self.send_unresolved),
            ("dead_letter", &self.dead_letter),
            ("repartition", &self.repartition),
            ("changelog", &self.changelog),
        ]
    }

    fn names_mut(&mut self) -> [(&'static str, &mut String); 9] {
        [
            ("webhooks", &mut self.webhooks),
            ("sends", &mut self.sends),
            ("identity_resolved", &mut self.identity_resolved),
            ("identities", &mut self.identities),
            ("conversation_assigned", &mut self.conversation_assigned),
            ("send_unresolved", &mut self.send_unresolved),
            ("dead_letter", &mut self.dead_letter),
            ("repartition", &mut self.repartition),
            ("changelog", &mut self.changelog),
        ]
    }
}

pub(super) fn read(reader: &mut Reader) -> TopicsConfig {
    let mut prefix = TopicsConfig::default().prefix;
    reader.text("topics.prefix", &mut prefix, parse_prefix);
    let mut topics = TopicsConfig::with_prefix(&prefix);
    for (key, name) in topics.names_mut() {
        reader.text(&format!("topics.{key}"), name, parse_name);
    }
    reader.integer("topics.repartition_partitions", &mut topics.repartition_partitions, 1..=1024);
    judge_distinct(reader, &topics);
    topics
}

/// No two topics may have one name, nor names that differ in `.` and `_` only: Kafka refuses the second.
fn judge_distinct(reader: &mut Reader, topics: &TopicsConfig) {
    let mut seen = BTreeMap::new();
    for (key, name) in topics.names() {
        let Some(other) = seen.insert(name.replace('.', "_"), key) else {
            continue;
        };
        // Of the two, the one that was set is to blame.
        let (path, other) = match reader.origin(&format!("topics.{key}")) {
            super::Origin::Default => (format!("topics.{other}"), key),
            _ => (format!("topics.{key}"), other),
        };
        let why = format!("the same name as topics.{other} (to Kafka '.' and '_' are alike); each topic needs its own");
        reader.problem(&path, Some(format!("{name:?}")), Cause::Clash(why));
    }
}

/// What Kafka allows: 1 to 249 of these characters, and neither "." nor "..".
fn parse_name(text: &str) -> Result<String, String> {
    if (1..=249).contains(&text.len()) && text.chars().all(is_legal) && text != "." && text != ".." {
        return Ok(text.to_owned());
    }
    Err("not a topic name: 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'".to_owned())
}

/// A prefix leaves room for the longest name, and may be empty.
fn parse_prefix(text: &str) -> Result<String, String> {
    if text.len() <= 200 && text.chars().all(is_legal) {
        return Ok(text.to_owned());
    }
    Err("not the beginning of a topic name: at most 200 of the characters a-z, A-Z, 0-9, '.', '_' and '-'".to_owned())
}

fn is_legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}
