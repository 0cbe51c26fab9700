//! The least that a processor with transactions can do: each input, unchanged, to one output, at once or through topics in between.
//!
//! It runs as a process of its own, with waid's clients and waid's rhythm of transactions.

use std::collections::{BTreeMap, HashMap};
use std::env;
use std::thread;
use std::time::{Duration, Instant};

use ::waid::config::{KafkaConfig, TopicsConfig};
use ::waid::runtime::kafka::Setup;
use ::waid::runtime::worker::CommitPolicy;
use anyhow::{Context, Result, anyhow};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedHeaders, BorrowedMessage, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};

use super::feed::Inputs;
use super::subject::Subject;
use crate::support::{broker, unique};

/// Names the variable that makes a process do nothing but copy.
const VARIABLE: &str = "WAID_BENCH_COPY";

/// Of each topic that is written: as many as waid's repartition topic has without configuration.
const PARTITIONS: i32 = 4;

/// How long a step of a transaction may take.
const STEP_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait for a first record.
const IDLE_WAIT: Duration = Duration::from_millis(50);

/// Between two looks at what is on its way: the client's own flush looks every 100 ms.
const DRAIN_PAUSE: Duration = Duration::from_micros(300);

/// What to copy.
#[derive(Clone, Serialize, Deserialize)]
pub struct Task {
    /// The group.
    pub group: String,
    /// Where to.
    pub output: String,
    /// The topics in between.
    pub between: Vec<String>,
    bootstrap: String,
    read: Vec<(String, i32)>,
    threads: usize,
}

impl Task {
    /// A copy of these inputs to a topic of its own, in so many transactions one after the other.
    pub fn create(inputs: &Inputs, threads: usize, hops: usize) -> Self {
        let topics: Vec<String> = (0..hops).map(|_| unique("bench-copied")).collect();
        for topic in &topics {
            broker().create_topic(topic, PARTITIONS, &[]);
        }
        let (output, between) = topics.split_last().expect("at least one hop");
        let partitions =
            |topic: &str| broker().partitions(topic).into_iter().map(|partition| (topic.to_owned(), partition)).collect::<Vec<_>>();
        let read = inputs.topics().into_iter().chain(between.iter().map(String::as_str)).flat_map(partitions).collect();
        let (output, between) = (output.clone(), between.to_vec());
        Self { group: unique("bench-copy"), output, between, bootstrap: broker().bootstrap().to_owned(), read, threads }
    }

    /// Where the records of a topic go.
    fn next(&self, topic: &str) -> &str {
        let at = self.between.iter().position(|between| between == topic);
        self.between.get(at.map_or(0, |at| at + 1)).unwrap_or(&self.output)
    }

    /// Starts this program once more, with these arguments, to do it. It runs on when all is copied.
    pub fn start(&self, arguments: &[&str]) -> Result<Subject> {
        let program = env::current_exe()?.display().to_string();
        let variable = format!("{VARIABLE}={}", serde_json::to_string(self)?);
        Subject::start(&[&["env", &variable, &program], arguments].concat()).context("cannot start the copy")
    }

    /// The task that this process was started for.
    pub fn from_environment() -> Result<Option<Self>> {
        let Ok(text) = env::var(VARIABLE) else { return Ok(None) };
        serde_json::from_str(&text).with_context(|| format!("{VARIABLE} is for the benchmark itself")).map(Some)
    }

    /// Copies until it is killed.
    pub fn run(&self) -> Result<()> {
        thread::scope(|scope| {
            let copiers: Vec<_> = (0..self.threads).map(|thread| scope.spawn(move || Copier::start(self, thread)?.run())).collect();
            copiers.into_iter().try_for_each(|copier| copier.join().map_err(|_| anyhow!("a thread of the copy panicked"))?)
        })
    }
}

/// One thread, with each so many'th partition.
struct Copier<'a> {
    task: &'a Task,
    policy: CommitPolicy,
    consumer: BaseConsumer,
    producer: BaseProducer,
}

impl<'a> Copier<'a> {
    fn start(task: &'a Task, thread: usize) -> Result<Self> {
        let kafka = KafkaConfig { bootstrap_servers: task.bootstrap.clone(), group_id: task.group.clone(), ..KafkaConfig::default() };
        let setup = Setup::new(kafka, TopicsConfig::default(), BTreeMap::new(), format!("{}-{thread}", task.group));
        let consumer: BaseConsumer = setup.consumer().create()?;
        let mut assignment = TopicPartitionList::new();
        for (topic, partition) in task.read.iter().skip(thread).step_by(task.threads) {
            assignment.add_partition_offset(topic, *partition, Offset::Beginning)?;
        }
        consumer.assign(&assignment)?;
        let producer: BaseProducer = setup.producer().create()?;
        producer.init_transactions(STEP_TIMEOUT)?;
        Ok(Self { task, policy: CommitPolicy::default(), consumer, producer })
    }

    fn run(&self) -> Result<()> {
        let mut commit_took = Duration::ZERO;
        loop {
            let batch = self.read(commit_took)?;
            if !batch.is_empty() {
                let began = Instant::now();
                self.commit(&batch)?;
                commit_took = began.elapsed();
            }
        }
    }

    /// The records of one transaction.
    fn read(&self, commit_took: Duration) -> Result<Vec<BorrowedMessage<'_>>> {
        let (mut batch, mut opened) = (Vec::new(), Instant::now());
        while batch.len() < self.policy.records_max {
            let wait = if batch.is_empty() { IDLE_WAIT } else { self.policy.patience(commit_took, opened.elapsed()) };
            match self.consumer.poll(wait) {
                Some(Ok(record)) => {
                    if batch.is_empty() {
                        opened = Instant::now();
                    }
                    batch.push(record);
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => return Err(error).context("cannot read the inputs"),
                None => break,
            }
            if opened.elapsed() >= self.policy.age_max {
                break;
            }
        }
        Ok(batch)
    }

    fn commit(&self, batch: &[BorrowedMessage<'_>]) -> Result<()> {
        self.producer.begin_transaction()?;
        let mut next = HashMap::new();
        for record in batch {
            self.send(record)?;
            next.insert((record.topic(), record.partition()), record.offset() + 1);
        }
        self.drain();
        let mut offsets = TopicPartitionList::with_capacity(next.len());
        for ((topic, partition), offset) in next {
            offsets.add_partition_offset(topic, partition, Offset::Offset(offset))?;
        }
        let group = self.consumer.group_metadata().context("no group")?;
        self.producer.send_offsets_to_transaction(&offsets, &group, STEP_TIMEOUT)?;
        Ok(self.producer.commit_transaction(STEP_TIMEOUT)?)
    }

    fn send(&self, record: &BorrowedMessage<'_>) -> Result<()> {
        // The first of several copies says which record it is one of.
        let headers = (!self.task.between.is_empty()).then(|| record.headers().map_or_else(|| origin(record), BorrowedHeaders::detach));
        let mut copy = BaseRecord::<[u8], [u8]> {
            topic: self.task.next(record.topic()),
            partition: None,
            payload: record.payload(),
            key: record.key(),
            timestamp: record.timestamp().to_millis(),
            headers,
            delivery_opaque: (),
        };
        while let Err((error, refused)) = self.producer.send(copy) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                return Err(error).context("a record was refused");
            }
            copy = refused;
            self.wait_a_little();
        }
        Ok(())
    }

    /// Until each record is with the broker; the commit tells if one is not.
    fn drain(&self) {
        while self.producer.in_flight_count() > 0 {
            self.wait_a_little();
        }
    }

    fn wait_a_little(&self) {
        let before = self.producer.in_flight_count();
        self.producer.poll(Duration::ZERO);
        if self.producer.in_flight_count() == before {
            thread::sleep(DRAIN_PAUSE);
        }
    }
}

/// Headers as those of a dead letter, which name a record.
fn origin(record: &BorrowedMessage<'_>) -> OwnedHeaders {
    let (partition, offset) = (record.partition().to_string(), record.offset().to_string());
    let named = [("waid-topic", record.topic()), ("waid-partition", &partition), ("waid-offset", &offset)];
    named.into_iter().fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
