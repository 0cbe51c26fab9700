//! The configuration: one typed value, its defaults, and why each is what it is.
//!
//! Read from, in rising order: the defaults here, one TOML file, environment variables. It is validated once, at
//! the start, and every problem is told at once; code that holds a [`Config`] checks nothing again.

mod apps;
mod kafka;
mod load;
mod owned;
mod problem;
mod properties;
mod reader;
mod show;
mod source;
mod topics;
mod value;

#[cfg(test)]
mod tests;

use crate::domain::apps::{ListedApp, TENANT_DEFAULT};
use crate::wire::output::Format;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use kafka::KafkaConfig;
pub use load::load;
pub use problem::{Cause, Origin, Problem, Problems};
pub use properties::{ClientKind, Properties, Property, PropertyCheck, all_properties};
pub use source::{FileText, Sources};
pub use topics::TopicsConfig;

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// How to reach Kafka, and as whom.
    pub kafka: KafkaConfig,
    /// The names of the topics, and the number of tasks.
    pub topics: TopicsConfig,
    /// The apps that need more than their own name: a tenant, ids, a portfolio. Default: none, and then every app
    /// goes by its own name or id, in the tenant "default".
    pub apps: Vec<ListedApp>,
    /// Joining evidence with the sends it belongs to.
    pub join: JoinConfig,
    /// Cutting messages into conversations.
    pub conversation: ConversationConfig,
    /// Where state lives beside Kafka, and how much of it in memory.
    pub state: StateConfig,
    /// How many threads work.
    pub workers: WorkersConfig,
    /// The port for health and metrics.
    pub http: HttpConfig,
    /// The shape of the output records.
    pub output: OutputConfig,
}

/// `[join]`
#[derive(Debug, Clone, PartialEq)]
pub struct JoinConfig {
    /// How far apart, in Kafka timestamps, a send and its evidence may lie; then the send is told as EXPIRED. Default
    /// 7 d: webhooks are sent again for that long. What is waiting is kept for twice as long.
    pub timeout: Duration,
}

/// `[conversation]`
#[derive(Debug, Clone, PartialEq)]
pub struct ConversationConfig {
    /// How far apart, in event time, two messages of one conversation may lie. Default 24 h: the customer service
    /// window of WhatsApp.
    pub idle_timeout: Duration,
    /// How much later than its event a record may reach Kafka and still change a conversation. Default 72 h: a
    /// weekend's outage of a webhook receiver. Longer keeps more state.
    pub retention: Duration,
}

/// `[state]`
#[derive(Debug, Clone, PartialEq)]
pub struct StateConfig {
    /// The directory of the ids of processes, which a restart keeps; it may be lost: all state is in Kafka. Default `/var/lib/waid`. Processes
    /// that share it take a slot each.
    pub dir: PathBuf,
    /// How many bytes of state all workers together should hold in memory, where all of it is; of more the log warns. Default 1 GiB.
    pub memory_max: u64,
}

/// `[workers]`
#[derive(Debug, Clone, PartialEq)]
pub struct WorkersConfig {
    /// Worker threads, each with a consumer and a producer of its own. Default: the cores of this machine, since a
    /// worker rarely waits. More than there are partitions of the repartition topic is a waste.
    pub threads: usize,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq)]
pub struct HttpConfig {
    /// Address and port; port 0 is any free one, `None` is no port at all. Default 127.0.0.1:9464, this machine only: there is no
    /// login.
    pub listen: Option<SocketAddr>,
}

/// `[output]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OutputConfig {
    /// Default JSON: every consumer can read it.
    pub format: Format,
}

impl Config {
    /// The tenants that there may be: those of the listed apps, and that of the apps that are not listed.
    pub fn tenants(&self) -> BTreeSet<&str> {
        self.apps.iter().map(|app| app.tenant.as_str()).chain([TENANT_DEFAULT]).collect()
    }
}

/// A valid configuration, and what is worth saying about it.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Where each value that is not a default came from, by its path.
    pub origins: BTreeMap<String, Origin>,
    /// Valid, but perhaps not meant.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// The configuration in effect as TOML that can be read again, each value with its origin, secrets masked.
    pub fn to_toml(&self) -> String {
        show::to_toml(&self.config, &self.origins)
    }
}

impl Default for JoinConfig {
    fn default() -> Self {
        Self { timeout: Duration::from_hours(7 * 24) }
    }
}

impl Default for ConversationConfig {
    fn default() -> Self {
        Self { idle_timeout: Duration::from_hours(24), retention: Duration::from_hours(72) }
    }
}

impl Default for StateConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("/var/lib/waid"), memory_max: 1 << 30 }
    }
}

impl Default for WorkersConfig {
    fn default() -> Self {
        Self { threads: std::thread::available_parallelism().map_or(1, usize::from) }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))) }
    }
}

impl HttpConfig {
    /// What is written in the place of an address to have no port.
    pub const OFF: &str = "off";
}
