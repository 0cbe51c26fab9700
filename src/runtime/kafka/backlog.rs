//! How far the tasks are behind in the repartition log: all of them, those of other workers and of nobody too.

use super::client;
use super::probe::Probe;
use crate::config::{ClientKind, KafkaConfig};
use crate::runtime::broker::BrokerError;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked at, at most.
const PAUSE: Duration = Duration::from_secs(1);

/// How many partitions are looked at each time, in turn, beside the one that was furthest behind: so that what this costs does not depend on
/// how many there are.
const AT_ONCE: i32 = 4;

/// What may be left over after the last record of a log and is none: the marks of some transactions.
const FEW: i64 = 16;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Looks at the log from a thread of its own, since its requests would hold up a worker; one for all workers of a process.
pub(super) struct Backlog {
    shared: Arc<Shared>,
    /// The thread ends when this is dropped.
    _stop: Sender<()>,
}

/// What the workers and the thread tell each other.
#[derive(Default)]
struct Shared {
    is_wanted: AtomicBool,
    /// How many records the task that is furthest behind has to read.
    greatest: AtomicU64,
}

impl Backlog {
    /// Starts to look at the repartition topic.
    pub fn watch(kafka: &KafkaConfig, topic: &str, probe: Arc<Probe>) -> Result<Self, BrokerError> {
        let log = Log::new(kafka, topic, probe);
        let (shared, (stop, stopped)) = (Arc::<Shared>::default(), channel());
        let told = Arc::clone(&shared);
        let started = thread::Builder::new().name("backlog".to_owned()).spawn(move || work(&log, &told, &stopped));
        started.map_err(|error| BrokerError::Fatal(format!("cannot start a thread: {error}")))?;
        Ok(Self { shared, _stop: stop })
    }

    /// It makes a difference to a worker: it reads inputs, or would. While nobody says so, nobody looks.
    pub fn want(&self) {
        self.shared.is_wanted.store(true, Ordering::Relaxed);
    }

    /// How many records the task that is furthest behind has to read, as of some seconds ago, or of when it was wanted last.
    pub fn greatest(&self) -> u64 {
        self.shared.greatest.load(Ordering::Relaxed)
    }
}

fn work(log: &Log, shared: &Shared, stopped: &Receiver<()>) {
    let (mut looks, mut first) = (BTreeMap::new(), 0);
    while stopped.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
        if !shared.is_wanted.swap(false, Ordering::Relaxed) {
            continue;
        }
        if let Err(error) = log.look_on(&mut first, &mut looks) {
            tracing::debug!(%error, "how far tasks are behind was not to be had");
        }
        shared.greatest.store(looks.values().map(Look::behind).max().unwrap_or(0), Ordering::Relaxed);
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
    /// Of a client that reads what is committed.
    config: ClientConfig,
    probe: Arc<Probe>,
    partitions: OnceCell<i32>,
}

impl Log {
    fn new(kafka: &KafkaConfig, topic: &str, probe: Arc<Probe>) -> Self {
        let mut config = client::base(kafka, ClientKind::Consumer);
        config.set("group.id", &kafka.group_id).set("enable.auto.commit", "false").set("isolation.level", "read_committed");
        config.set("enable.partition.eof", "true");
        Self { topic: topic.to_owned(), config, probe, partitions: OnceCell::new() }
    }

    /// Looks at the next partitions from `first` on, and at the one that was furthest behind.
    fn look_on(&self, first: &mut i32, looks: &mut BTreeMap<i32, Look>) -> Result<(), KafkaError> {
        let Some(partitions) = self.partitions()? else { return Ok(()) };
        let next = (0..partitions.min(AT_ONCE)).map(|place| (*first + place) % partitions);
        let furthest = looks.iter().max_by_key(|(_, look)| look.behind()).map(|(partition, _)| *partition);
        let asked: BTreeSet<i32> = next.chain(furthest).collect();
        *first = (*first + AT_ONCE) % partitions;
        self.look(asked, looks)
    }

    /// How many partitions it has: never another number, once that was found.
    fn partitions(&self) -> Result<Option<i32>, KafkaError> {
        if let Some(known) = self.partitions.get() {
            return Ok(Some(*known));
        }
        let found = self.probe.partitions(&self.topic, REQUEST_TIMEOUT)?;
        Ok(found.map(|found| *self.partitions.get_or_init(|| found)))
    }

    /// Looks at these partitions.
    fn look(&self, partitions: BTreeSet<i32>, looks: &mut BTreeMap<i32, Look>) -> Result<(), KafkaError> {
        for element in self.probe.committed(&self.topic, partitions)?.elements() {
            let partition = element.partition();
            let Range { start: first, end } = self.probe.ends_once(&self.topic, partition)?;
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
        let reader: BaseConsumer = self.config.create()?;
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
