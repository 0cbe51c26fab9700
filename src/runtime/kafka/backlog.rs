//! How far the tasks are behind in the repartition log: all of them, those of other workers and of nobody too.

use super::client;
use crate::config::{ClientKind, KafkaConfig};
use crate::runtime::broker::BrokerError;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked at.
const PAUSE: Duration = Duration::from_secs(1);

/// How many partitions are looked at each time, in turn, beside the one that was furthest behind: so that what this costs does not depend on
/// how many there are.
const AT_ONCE: usize = 4;

/// What may be left over after the last record of a log and is none: the marks of some transactions.
const FEW: i64 = 16;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Looks at the log from a thread of its own, since its requests would hold up a worker.
pub(super) struct Backlog {
    greatest: Arc<AtomicU64>,
    /// The thread ends when this is dropped.
    _stop: Sender<()>,
}

impl Backlog {
    /// Starts to look at the repartition topic, of so many partitions.
    pub fn watch(kafka: &KafkaConfig, topic: &str, partitions: i32) -> Result<Self, BrokerError> {
        let log = Log::new(kafka, topic).map_err(|error| BrokerError::Fatal(format!("cannot make a consumer: {error}")))?;
        let (greatest, (stop, stopped)) = (Arc::new(AtomicU64::new(0)), channel());
        let told = Arc::clone(&greatest);
        let started = thread::Builder::new().name("backlog".to_owned()).spawn(move || work(&log, partitions, &told, &stopped));
        started.map_err(|error| BrokerError::Fatal(format!("cannot start a thread: {error}")))?;
        Ok(Self { greatest, _stop: stop })
    }

    /// How many records the task that is furthest behind has to read, as of some seconds ago.
    pub fn greatest(&self) -> u64 {
        self.greatest.load(Ordering::Relaxed)
    }
}

fn work(log: &Log, partitions: i32, greatest: &AtomicU64, stopped: &Receiver<()>) {
    let mut looks: BTreeMap<i32, Look> = BTreeMap::new();
    let mut turn = (0..partitions).cycle();
    while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        let furthest = looks.iter().max_by_key(|(_, look)| look.behind()).map(|(partition, _)| *partition);
        let mut asked: Vec<i32> = turn.by_ref().take(AT_ONCE.min(usize::try_from(partitions).unwrap_or(AT_ONCE))).collect();
        asked.extend(furthest.filter(|furthest| !asked.contains(furthest)));
        if let Err(error) = log.look(&asked, &mut looks) {
            tracing::debug!(%error, "how far tasks are behind was not to be had");
        }
        greatest.store(looks.values().map(Look::behind).max().unwrap_or(0), Ordering::Relaxed);
    }
}

/// What a look at a partition has shown.
struct Look {
    /// From what the group has committed to the end, open transactions included.
    unread: Range<i64>,
    /// Whether there are records in it.
    holds: bool,
}

impl Look {
    fn behind(&self) -> u64 {
        if self.holds { u64::try_from(self.unread.end - self.unread.start).unwrap_or(0) } else { 0 }
    }
}

/// The log, as the group has read it.
struct Log {
    topic: String,
    /// Of a client that is told what is committed, whatever open transaction may be about to change it.
    config: ClientConfig,
    client: BaseConsumer,
}

impl Log {
    fn new(kafka: &KafkaConfig, topic: &str) -> Result<Self, KafkaError> {
        let mut config = client::base(kafka, ClientKind::Consumer);
        config.set("group.id", &kafka.group_id).set("enable.auto.commit", "false").set("isolation.level", "read_uncommitted");
        Ok(Self { topic: topic.to_owned(), client: config.create()?, config })
    }

    /// Looks at these partitions.
    fn look(&self, partitions: &[i32], looks: &mut BTreeMap<i32, Look>) -> Result<(), KafkaError> {
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(&self.topic, *partition);
        }
        for element in self.client.committed_offsets(asked, REQUEST_TIMEOUT)?.elements() {
            element.error()?;
            let partition = element.partition();
            let (first, end) = self.client.fetch_watermarks(&self.topic, partition, REQUEST_TIMEOUT)?;
            let from = if let Offset::Offset(offset) = element.offset() { offset.max(first) } else { first };
            let unread = from..end;
            let holds = match looks.get(&partition).filter(|before| before.unread == unread) {
                Some(before) if !before.holds || end - from <= FEW => before.holds,
                Some(_) => self.holds_more(partition, &unread)?,
                None => true,
            };
            looks.insert(partition, Look { unread, holds });
        }
        Ok(())
    }

    /// Whether there are records that count in it, or may be. What aborted transactions have written is nobody's to read, so if nothing follows
    /// it is there for ever, and inputs that wait for it would wait for ever too.
    fn holds_more(&self, partition: i32, unread: &Range<i64>) -> Result<bool, KafkaError> {
        let mut config = self.config.clone();
        let reader: BaseConsumer = config.set("isolation.level", "read_committed").set("enable.partition.eof", "true").create()?;
        let (_, stable) = reader.fetch_watermarks(&self.topic, partition, REQUEST_TIMEOUT)?;
        if stable < unread.end {
            return Ok(true);
        }
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.topic, partition, Offset::Offset(unread.start))?;
        reader.assign(&list)?;
        let deadline = Instant::now() + REQUEST_TIMEOUT;
        while Instant::now() < deadline {
            match reader.poll(Duration::from_millis(100)) {
                None => {}
                Some(Ok(_)) => return Ok(true),
                Some(Err(KafkaError::PartitionEOF(_))) => return Ok(false),
                Some(Err(error)) => return Err(error),
            }
        }
        Ok(true)
    }
}
