//! What a worker's two clients are made from: names, limits, and the librdkafka properties with why each is as it is.

use super::client;
use super::pressure::BEHIND_BYTES_MAX;
use crate::config::{ClientKind, KafkaConfig, TopicsConfig};
use crate::topics::MAX_MESSAGE_BYTES_DEFAULT;
use rdkafka::ClientConfig;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// A defence that a test leaves out, to see that it is what keeps duplicates away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weakness {
    /// What was open when partitions were lost is kept.
    KeepsLost,
    /// The same, and it is committed as if they had never been away.
    NoEpochs,
    /// Offsets are not put into transactions, so that the group's coordinator never sees who commits.
    NoOffsets,
}

/// How long a transaction may take before the brokers abort it. Short, because a worker that dies leaves one open, and
/// until then nobody can read past it.
pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// What a worker's consumer and producer are made from.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The brokers and the group.
    pub kafka: KafkaConfig,
    /// The names of the topics.
    pub topics: TopicsConfig,
    /// `max.message.bytes` of each topic by its name, where it is known.
    pub limits: BTreeMap<String, u64>,
    /// What makes this worker the same one after a restart: a producer that comes with the same id fences the last one
    /// and settles what that left open.
    pub transactional_id: String,
    /// How long a transaction may take, and each step of it; [`TRANSACTION_TIMEOUT`].
    pub transaction_timeout: Duration,
    /// How long the group waits for a worker that is silent. As short as a pause of the machine should not be taken for a
    /// death: until it is over, nobody has the partitions of one that was killed, not even its successor on the same machine.
    pub session_timeout: Duration,
    /// How often a worker tells the group that it lives, and hears that others come or go: a rebalance waits for that.
    pub heartbeat: Duration,
    /// Whether offsets are committed once more after each transaction, outside it. librdkafka's mock cluster takes the
    /// offsets of a transaction and throws them away, so with it this must be on; with a real broker it must be off, for
    /// a crash in between the two would be a lie about what was read.
    pub offsets_outside_transaction: bool,
    /// Set when the worker is to stop: from then on it does not wait for what others have left open.
    pub stop: Arc<AtomicBool>,
    /// How far behind in the repartition log, bytes, any task may be before inputs wait.
    pub behind_bytes_max: u64,
    /// What a test leaves out. Release builds do not heed it.
    pub weakness: Option<Weakness>,
}

impl Setup {
    /// For real brokers.
    pub fn new(kafka: KafkaConfig, topics: TopicsConfig, limits: BTreeMap<String, u64>, transactional_id: String) -> Self {
        Self {
            kafka,
            topics,
            limits,
            transactional_id,
            transaction_timeout: TRANSACTION_TIMEOUT,
            session_timeout: Duration::from_millis(KafkaConfig::SESSION_MS),
            heartbeat: Duration::from_millis(KafkaConfig::HEARTBEAT_MS),
            offsets_outside_transaction: false,
            stop: Arc::default(),
            behind_bytes_max: BEHIND_BYTES_MAX,
            weakness: None,
        }
    }

    /// For librdkafka's mock cluster, which has groups but no transactions: quick rebalances, and nothing is exactly once.
    pub fn for_mock_cluster(kafka: KafkaConfig, topics: TopicsConfig, transactional_id: String) -> Self {
        Self {
            session_timeout: Duration::from_millis(3200),
            heartbeat: Duration::from_millis(100),
            offsets_outside_transaction: true,
            ..Self::new(kafka, topics, BTreeMap::new(), transactional_id)
        }
    }

    /// Whether a test leaves this defence out.
    pub(super) fn has(&self, weakness: Weakness) -> bool {
        cfg!(debug_assertions) && self.weakness == Some(weakness)
    }

    /// The properties of the consumer.
    pub fn consumer(&self) -> ClientConfig {
        let mut client = client::base(&self.kafka, ClientKind::Consumer);
        client
            .set("group.id", &self.kafka.group_id)
            .set("partition.assignment.strategy", "cooperative-sticky")
            .set("isolation.level", "read_committed")
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            // Where to begin is always said; an offset that the broker does not have must be told, not replaced.
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true")
            .set("statistics.interval.ms", "5000");
        let suggestions = [
            ("session.timeout.ms", millis(self.session_timeout)),
            ("heartbeat.interval.ms", millis(self.heartbeat)),
            ("max.poll.interval.ms", KafkaConfig::POLL_MS.to_string()),
            // A fetch that finds nothing waits at the broker and returns with the first record: a shorter wait brings no
            // latency and costs idle CPU.
            ("fetch.wait.max.ms", "500".to_owned()),
            ("fetch.min.bytes", "1".to_owned()),
            // What was fetched of a partition is taken before more is fetched. A fetch costs the broker the same, however little it brings; it
            // would have one of each consumer at all times, and a transaction's worth of records has to wait for the last anyway.
            ("queued.min.messages", "1".to_owned()),
            // A fetch must come within `socket.timeout.ms`, or it is asked again, for ever: by itself it may bring 50 MiB, which a slow link takes minutes for.
            ("fetch.max.bytes", FETCH_MAX_BYTES.to_string()),
            // How soon fetching goes on once a full queue has room again.
            ("fetch.queue.backoff.ms", "10".to_owned()),
        ];
        self.suggest(&mut client, &suggestions);
        client
    }

    /// The properties of the producer.
    pub fn producer(&self) -> ClientConfig {
        let mut client = client::base(&self.kafka, ClientKind::Producer);
        client
            .set("transactional.id", &self.transactional_id)
            .set("transaction.timeout.ms", millis(self.transaction_timeout))
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", self.largest_record().to_string());
        let suggestions = [
            // All records of a transaction are handed over at once and then waited for, so lingering only delays.
            ("linger.ms", "0".to_owned()),
            ("compression.codec", "lz4".to_owned()),
            // A broker that is silent may be asked twice within a step: by then another may answer for it.
            ("socket.timeout.ms", millis(self.transaction_timeout / 2)),
            ("batch.size", self.batch_bytes().to_string()),
            // `send_offsets_to_transaction` has no timeout while the coordinator of the group is away, and looks for the new one only when
            // some connection opens or closes (librdkafka's issues 5456 and 5511; version 2.12.1 still does). So those that nothing is sent
            // on close.
            ("connections.max.idle.ms", "10000".to_owned()),
            // A whole transaction fits, so that sending it waits for nothing.
            ("queue.buffering.max.messages", "1000000".to_owned()),
        ];
        self.suggest(&mut client, &suggestions);
        client
    }

    /// The limit of a topic, bytes of a record batch.
    pub(super) fn limit(&self, topic: &str) -> u64 {
        self.limits.get(topic).copied().unwrap_or(MAX_MESSAGE_BYTES_DEFAULT)
    }

    fn largest_record(&self) -> u64 {
        self.limits.values().copied().max().unwrap_or(0).clamp(MAX_MESSAGE_BYTES_DEFAULT, MESSAGE_MAX_BYTES)
    }

    /// As large as every topic takes it: a broker counts a batch as one record.
    fn batch_bytes(&self) -> u64 {
        let topics = &self.topics;
        let written = topics.names().into_iter().filter(|(_, name)| ![&topics.webhooks, &topics.sends].map(String::as_str).contains(name));
        let smallest = written.map(|(_, name)| self.limit(name)).min().unwrap_or(MAX_MESSAGE_BYTES_DEFAULT);
        smallest.saturating_sub(BATCH_MARGIN).clamp(BATCH_LEAST, self.largest_record())
    }

    /// Properties that the configuration may set otherwise, under any of their names.
    fn suggest(&self, client: &mut ClientConfig, suggestions: &[(&str, String)]) {
        for (name, value) in suggestions {
            let alias = ALIASES.iter().find(|(canonical, _)| canonical == name).map(|(_, alias)| *alias);
            if self.kafka.properties.get(name).or_else(|| self.kafka.properties.get(alias?)).is_none() {
                client.set(*name, value);
            }
        }
    }
}

/// What a fetch brings, a single record aside that is larger. With 10 s for it, that takes a link of 0.4 MB/s.
const FETCH_MAX_BYTES: u32 = 4 << 20;

/// librdkafka's own bound of `message.max.bytes`.
const MESSAGE_MAX_BYTES: u64 = 1_000_000_000;

/// What a full batch may be over `batch.size`: its header, and the frame of its last record.
const BATCH_MARGIN: u64 = 1024;

/// Below this, every record of ordinary size would be a batch of its own.
const BATCH_LEAST: u64 = 16 * 1024;

const ALIASES: &[(&str, &str)] = &[("linger.ms", "queue.buffering.max.ms"), ("compression.codec", "compression.type")];

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(limits: &[(&str, u64)]) -> Setup {
        let limits = limits.iter().map(|(name, limit)| ((*name).to_owned(), *limit)).collect();
        Setup::new(KafkaConfig::default(), TopicsConfig::default(), limits, "waid-x-0".to_owned())
    }

    #[test]
    fn both_clients_can_be_made() {
        let limits = [("waid.dead-letter", 5_065_536), ("waid.identities", 100_000)];
        for setup in [setup(&[]), setup(&limits)] {
            setup.consumer().create_native_config().expect("a consumer");
            setup.producer().create_native_config().expect("a producer");
        }
        let producer = setup(&limits).producer();
        assert_eq!((producer.get("message.max.bytes"), producer.get("batch.size")), (Some("5065536"), Some("98976")));
    }
}
