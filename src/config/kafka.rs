//! `[kafka]`: how to reach the brokers, and as which consumer group.

use super::problem::Cause;
use super::properties::{self, Properties, PropertyCheck};
use super::reader::Reader;
use std::time::Duration;

/// `[kafka]`
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaConfig {
    /// Brokers to ask first, `host:port` with commas between. Default `localhost:9092`.
    pub bootstrap_servers: String,
    /// The consumer group, and the beginning of every transactional id. Default `waid`. Two deployments on one
    /// cluster need two; a changed one starts anew.
    pub group_id: String,
    /// librdkafka properties, for security and fine tuning. Default: none.
    pub properties: Properties,
}

impl KafkaConfig {
    /// `session.timeout.ms` unless it is set: for how long a worker may be silent before its tasks go to others.
    pub const SESSION_MS: u64 = 10_000;
    /// `heartbeat.interval.ms` unless it is set.
    pub const HEARTBEAT_MS: u64 = 500;
    /// `max.poll.interval.ms` unless it is set: a task that is rebuilt from a long log still polls; only a stuck thread takes this long.
    pub const POLL_MS: u64 = 300_000;

    /// For how long a worker may go without a poll before its tasks go to others.
    pub fn poll_max(&self) -> Duration {
        let given = self.properties.get("max.poll.interval.ms").and_then(|text| text.parse().ok());
        Duration::from_millis(given.unwrap_or(Self::POLL_MS))
    }
}

impl Default for KafkaConfig {
    fn default() -> Self {
        Self { bootstrap_servers: "localhost:9092".to_owned(), group_id: "waid".to_owned(), properties: Properties::default() }
    }
}

pub(super) fn read(reader: &mut Reader, check: PropertyCheck) -> KafkaConfig {
    let mut kafka = KafkaConfig::default();
    reader.text("kafka.bootstrap_servers", &mut kafka.bootstrap_servers, parse_servers);
    reader.text("kafka.group_id", &mut kafka.group_id, parse_group_id);
    kafka.properties = properties::read(reader, check);
    for (name, why) in [mechanism_problem(&kafka), timeouts_problem(&kafka)].into_iter().flatten() {
        reader.problem(
            &format!("{}{name}", properties::SECTION),
            kafka.properties.get(name).map(|value| format!("{value:?}")),
            Cause::Clash(why),
        );
    }
    kafka
}

/// librdkafka would fall back to GSSAPI, which it is not built with here. The property to blame, and why.
fn mechanism_problem(kafka: &KafkaConfig) -> Option<(&'static str, String)> {
    const NAMES: [&str; 2] = ["sasl.mechanisms", "sasl.mechanism"];
    let set = NAMES.into_iter().find_map(|name| Some((name, kafka.properties.get(name)?)));
    let is_built_in = set.is_some_and(|(_, mechanism)| matches!(mechanism, "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512"));
    let has = "this build has PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512";
    (protocol(kafka).starts_with("sasl_") && !is_built_in).then(|| match set {
        Some((name, _)) => (name, has.to_owned()),
        None => ("security.protocol", format!("asks for SASL, but kafka.properties.\"sasl.mechanisms\" is not set; {has}")),
    })
}

/// librdkafka makes no producer that may wait longer for an answer than its transaction (10 s) and a little.
const SOCKET_MS_MAX: u64 = 10_100;

/// A heartbeat must fit into a session, and a session into the time that a worker may go without a poll, or no group is ever joined for long. An answer must come
/// within a transaction.
fn timeouts_problem(kafka: &KafkaConfig) -> Option<(&'static str, String)> {
    const HEARTBEAT: (&str, u64) = ("heartbeat.interval.ms", KafkaConfig::HEARTBEAT_MS);
    const SESSION: (&str, u64) = ("session.timeout.ms", KafkaConfig::SESSION_MS);
    const POLL: (&str, u64) = ("max.poll.interval.ms", KafkaConfig::POLL_MS);
    let given = |name: &str| kafka.properties.get(name).and_then(|text| text.parse::<u64>().ok());
    let value = |(name, default)| given(name).unwrap_or(default);
    let blamed = |(short, _), (long, _)| if given(short).is_some() { short } else { long };
    let clash = |short: (&'static str, u64), long: (&'static str, u64), relation| {
        let why = format!("{} ({}) must be {relation} {} ({})", short.0, value(short), long.0, value(long));
        (blamed(short, long), why)
    };
    if let Some(socket_ms) = given("socket.timeout.ms").filter(|socket_ms| *socket_ms > SOCKET_MS_MAX) {
        return Some(("socket.timeout.ms", format!("{socket_ms} is longer than a transaction may take: at most {SOCKET_MS_MAX}")));
    }
    if value(HEARTBEAT) >= value(SESSION) {
        return Some(clash(HEARTBEAT, SESSION, "below"));
    }
    (value(SESSION) > value(POLL)).then(|| clash(SESSION, POLL, "at most"))
}

/// Valid, but perhaps not meant.
pub(super) fn warnings(kafka: &KafkaConfig) -> impl Iterator<Item = String> {
    [plaintext_warning(kafka), session_warning(kafka)].into_iter().flatten()
}

fn protocol(kafka: &KafkaConfig) -> String {
    kafka.properties.get("security.protocol").unwrap_or("plaintext").to_lowercase()
}

fn plaintext_warning(kafka: &KafkaConfig) -> Option<String> {
    let far = kafka.bootstrap_servers.split(',').any(|server| !is_local(server.trim()));
    let warning = "records with phone numbers travel unencrypted: kafka.properties.\"security.protocol\" is neither SSL nor SASL_SSL";
    (far && protocol(kafka).ends_with("plaintext")).then(|| warning.to_owned())
}

fn session_warning(kafka: &KafkaConfig) -> Option<String> {
    let session_ms: u64 = kafka.properties.get("session.timeout.ms")?.parse().ok()?;
    (session_ms < KafkaConfig::SESSION_MS).then(|| {
        format!(
            "kafka.properties.\"session.timeout.ms\" = {session_ms} is below {}: a worker that pauses for longer is \
             taken for dead",
            KafkaConfig::SESSION_MS
        )
    })
}

fn is_local(server: &str) -> bool {
    let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
    host == "localhost" || host.starts_with("127.") || host == "[::1]"
}

fn parse_servers(text: &str) -> Result<String, String> {
    let servers: Vec<&str> = text.split(',').map(str::trim).collect();
    match servers.iter().find(|server| !is_server(server)) {
        None => Ok(servers.join(",")),
        Some(wrong) => Err(format!("{wrong:?} is not a broker; write host:port, with commas between")),
    }
}

fn is_server(server: &str) -> bool {
    let (host, port) = match server.rsplit_once(':') {
        // An IPv6 address is in brackets; its own colons separate no port.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (server, None),
    };
    let is_bracketed = host.starts_with('[') && host.ends_with(']');
    let host_ok = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ';') || (c == ':' && !is_bracketed));
    host_ok && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn parse_group_id(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if (1..=200).contains(&text.len()) && text.chars().all(legal) {
        return Ok(text.to_owned());
    }
    Err("must be 1 to 200 of the characters a-z, A-Z, 0-9, '.', '_' and '-'".to_owned())
}
