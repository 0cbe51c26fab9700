//! What is known about each topic before any broker is asked: its role, key, partitions and settings.

mod check;

use crate::config::TopicsConfig;
use crate::wire::record::{INTERNAL_BYTES_MAX, OUTPUT_BYTES_MAX};

pub use check::{Finding, ObservedTopic, check, count_is_fixed};

/// The limit of a topic that nobody gave one: the broker's default `message.max.bytes`.
pub const MAX_MESSAGE_BYTES_DEFAULT: u64 = 1_048_588;

/// What a record may gain on its way through waid: headers of a dead letter, the frame of a packed record.
pub const MAX_MESSAGE_BYTES_MARGIN: u64 = 64 * 1024;

/// One topic as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// The key in `[topics]` that names it.
    pub setting: &'static str,
    /// Its name.
    pub name: String,
    /// What it is to waid.
    pub role: Role,
    /// What its records say.
    pub about: &'static str,
    /// What its records are keyed by.
    pub key: &'static str,
    /// How many partitions it has.
    pub partitions: Partitions,
    /// What must be set on it.
    pub settings: Vec<Setting>,
}

/// Who writes and who reads a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Written by others, read by waid, which never creates or changes it.
    Input,
    /// Written by waid for others.
    Output,
    /// Written and read by waid only.
    Internal,
}

/// A number of partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Partitions {
    /// As many as its readers like.
    Any,
    /// This many, one for each task.
    Exactly(u32),
    /// At least so many; waid leaves those behind them alone.
    AtLeast(u32),
}

/// One topic-level setting of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The broker's name for it.
    pub name: &'static str,
    /// What waid creates the topic with.
    pub value: String,
    /// What else would do.
    pub rule: Rule,
}

/// How a setting is compared with the one that a topic has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing else would do.
    Same,
    /// A greater number does as well.
    AtLeast,
    /// Any number does from this one on.
    NotBelow(u64),
    /// A choice made at creation; any other does.
    Free,
}

impl Role {
    /// As it is shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Internal => "internal",
        }
    }
}

impl Partitions {
    /// Whether a topic may have so many.
    pub fn admits(self, count: u32) -> bool {
        match self {
            Self::Any => true,
            Self::Exactly(right) => count == right,
            Self::AtLeast(least) => count >= least,
        }
    }
}

impl TopicSpec {
    /// The value of one setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.iter().find(|setting| setting.name == name).map(|setting| setting.value.as_str())
    }
}

/// Every topic, inputs first. `input_max_bytes` is the greatest `max.message.bytes` of the inputs: whatever comes in
/// must fit into the dead letters, and into the repartition topic, through which an undecided element travels. Each topic must take the
/// largest record that waid writes to it: one that is refused in the middle of the work would be refused again for ever.
pub fn specs(topics: &TopicsConfig, input_max_bytes: u64) -> Vec<TopicSpec> {
    let [webhooks, sends] = inputs(topics);
    let roomy = at_least("max.message.bytes", input_max_bytes.max(bytes(INTERNAL_BYTES_MAX)) + MAX_MESSAGE_BYTES_MARGIN);
    let output = |setting, name: &str, about, key, settings| TopicSpec {
        setting,
        name: name.to_owned(),
        role: Role::Output,
        about,
        key,
        partitions: Partitions::Any,
        settings,
    };
    let delete = || same("cleanup.policy", "delete");
    let events = || vec![delete(), takes(OUTPUT_BYTES_MAX)];
    // Whoever begins to read later must find into what an identity was merged.
    let kept = Setting { name: "retention.ms", value: "-1".to_owned(), rule: Rule::Free };
    let forever = events().into_iter().chain([kept]).collect();
    let table = vec![same("cleanup.policy", "compact"), takes(OUTPUT_BYTES_MAX)];
    let tasks = topics.repartition_partitions;
    vec![
        webhooks,
        sends,
        output("identity_resolved", &topics.identity_resolved, "identity events", "address", forever),
        output("identities", &topics.identities, "the current row of each address", "address", table),
        output("conversation_assigned", &topics.conversation_assigned, "the conversation of each message", "identity_id", events()),
        output("send_unresolved", &topics.send_unresolved, "sends that failed or expired", "address", events()),
        output("dead_letter", &topics.dead_letter, "records that could not be used", "as received", vec![delete(), roomy.clone()]),
        internal("repartition", &topics.repartition, "events on their way", Partitions::Exactly(tasks), repartition_settings(roomy)),
        internal("changelog", &topics.changelog, "state", Partitions::AtLeast(tasks), changelog_settings()),
    ]
}

/// The input topics: the names are all that waid has a say in.
pub fn inputs(topics: &TopicsConfig) -> [TopicSpec; 2] {
    let input = |setting, name: &str, about| TopicSpec {
        setting,
        name: name.to_owned(),
        role: Role::Input,
        about,
        key: "any",
        partitions: Partitions::Any,
        settings: Vec::new(),
    };
    [input("webhooks", &topics.webhooks, "webhook bodies as received"), input("sends", &topics.sends, "outbound-send records")]
}

fn internal(setting: &'static str, name: &str, about: &'static str, partitions: Partitions, settings: Vec<Setting>) -> TopicSpec {
    TopicSpec { setting, name: name.to_owned(), role: Role::Internal, about, key: "partition by entity", partitions, settings }
}

/// Nothing may vanish by time or size before it is in a checkpoint; waid deletes what is, segment by segment, so
/// segments are small.
fn repartition_settings(roomy: Setting) -> Vec<Setting> {
    vec![
        same("cleanup.policy", "delete"),
        same("retention.ms", "-1"),
        same("retention.bytes", "-1"),
        roomy,
        Setting { name: "segment.bytes", value: (64 << 20).to_string(), rule: Rule::Free },
    ]
}

/// A reader of the changelog that takes less than the tombstones' life sees each of them.
fn changelog_settings() -> Vec<Setting> {
    const WEEK_MS: u64 = 7 * 24 * 3600 * 1000;
    vec![same("cleanup.policy", "compact"), at_least("delete.retention.ms", WEEK_MS), takes(INTERNAL_BYTES_MAX)]
}

/// Room for records of so many bytes; the topic is created with the broker's default, which has more.
fn takes(bytes_max: usize) -> Setting {
    let rule = Rule::NotBelow(bytes(bytes_max) + MAX_MESSAGE_BYTES_MARGIN);
    Setting { name: "max.message.bytes", value: MAX_MESSAGE_BYTES_DEFAULT.to_string(), rule }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).expect("fits")
}

fn same(name: &'static str, value: &str) -> Setting {
    Setting { name, value: value.to_owned(), rule: Rule::Same }
}

fn at_least(name: &'static str, value: u64) -> Setting {
    Setting { name, value: value.to_string(), rule: Rule::AtLeast }
}
