//! Workers, one after the other, over a broker in memory that is fed piece by piece.

use super::history::{DAY_MS, END_MS, SETTINGS};
use super::model::audit::{Audit, audit};
use super::model::history::Record;
use super::model::render::{Sources, capture_over};
use super::records::{Rows, apps, input, line, outputs, rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use waid::domain::step;
use waid::runtime::broker::{PartitionCounts, Source};
use waid::runtime::ingest::Ingest;
use waid::runtime::marks::TickPolicy;
use waid::runtime::memory::{self, MemoryBroker, Scheduler};
use waid::runtime::task::Task;
use waid::runtime::worker::{CommitPolicy, Deployment, Worker};
use waid::runtime::workload::CheckpointPolicy;
use waid::wire::marker::{self, Marker};
use waid::wire::record::OutRecord;

pub const WEBHOOKS: i32 = 8;
pub const SENDS: i32 = 4;

/// How records are read.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Of all chance.
    pub seed: u64,
    pub order: Order,
    /// Partitions of the repartition topic.
    pub tasks: i32,
    /// Records between two commits.
    pub batch: usize,
    /// By how much a watermark must move on to be told, ms.
    pub step_ms: i64,
    /// Changed rows between two checkpoints; `None` is none at all.
    pub changes_max: Option<usize>,
    /// How likely a worker is lost after each piece.
    pub crashes: f64,
}

/// Which records are there to be read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they come about.
    Live,
    /// All of one partition, then all others.
    OneFirst,
    /// Everything at once; some partitions are read much faster than others.
    Backlog,
    /// One partition after the other.
    Sources,
}

impl Plan {
    /// 1 to 8 tasks, small and large batches.
    pub fn of_seed(seed: u64, order: Order) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(!seed);
        let batch = [1, 3, 20, 200][random.random_range(0..4)];
        let step_ms = [0, 60_000, 3_600_000][random.random_range(0..3)];
        let changes_max = [None, Some(1), Some(20), Some(500)][random.random_range(0..4)];
        let crashes = if changes_max.is_some() { [0.0, 0.3][random.random_range(0..2)] } else { 0.0 };
        Self { seed, order, tasks: random.random_range(1..=8), batch, step_ms, changes_max, crashes }
    }
}

/// Records that come at once, each with its partition.
pub type Piece = Vec<(Source, memory::Record)>;

/// The partition that a record is written to.
pub fn place(record: &Record) -> Source {
    let written = capture_over(std::slice::from_ref(record), i64::from(WEBHOOKS), i64::from(SENDS));
    input(&written.lines[0]).0
}

/// A worker, and what all workers so far have published.
pub struct Machine {
    worker: Option<Worker<MemoryBroker>>,
    plan: Plan,
    random: ChaCha8Rng,
    published: Vec<OutRecord>,
    pub sources: Sources,
}

impl Machine {
    pub fn new(plan: Plan) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
        let counts = PartitionCounts { webhooks: WEBHOOKS, sends: SENDS, repartition: plan.tasks };
        let broker = MemoryBroker::new(counts, scheduler(&mut random));
        let worker = Some(worker(broker, plan));
        Self { worker, plan, random, published: Vec::new(), sources: Sources::new() }
    }

    /// Reads a whole history.
    pub fn run(records: &[Record], plan: Plan) -> Self {
        let mut machine = Self::new(plan);
        let (pieces, sources) = machine.pieces(records);
        machine.sources = sources;
        let last = pieces.len() - 1;
        for (index, piece) in pieces.into_iter().enumerate() {
            machine.feed(piece);
            // A worker that is lost near the end of an input waits for two more records of it.
            if index < last && machine.random.random_bool(machine.plan.crashes) {
                let turns = machine.random.random_range(0..400);
                machine.turns(turns);
                machine.crash();
            }
            machine.settle();
        }
        machine
    }

    /// What comes when, the end of all in the last: pieces of records, each with its partition.
    pub fn pieces(&mut self, records: &[Record]) -> (Vec<Piece>, Sources) {
        let written = capture_over(records, i64::from(WEBHOOKS), i64::from(SENDS));
        let all = written.lines.iter().map(|line| input(line));
        let (all, end): (Vec<_>, Vec<_>) = all.partition(|(_, record)| record.timestamp_ms != END_MS);
        let size = self.random.random_range(1..50);
        let mut of_source: BTreeMap<Source, Piece> = BTreeMap::new();
        for (source, record) in &all {
            of_source.entry(*source).or_default().push((*source, record.clone()));
        }
        let mut parts: Vec<_> = of_source.into_values().collect();
        for last in (1..parts.len()).rev() {
            parts.swap(last, self.random.random_range(0..=last));
        }
        let mut pieces: Vec<Piece> = match self.plan.order {
            Order::Live => all.chunks(size).map(<[_]>::to_vec).collect(),
            Order::Backlog => vec![all],
            Order::Sources => parts,
            Order::OneFirst => {
                let rest = parts.split_off(1).concat();
                vec![parts.remove(0), rest]
            }
        };
        pieces.push(end);
        (pieces, written.sources)
    }

    pub fn feed(&mut self, piece: Piece) {
        let broker = self.worker_mut().broker_mut();
        for (source, record) in piece {
            broker.append(source, record);
        }
    }

    /// At most so many turns.
    pub fn turns(&mut self, count: usize) {
        for _ in 0..count {
            if !self.worker_mut().turn(Duration::ZERO).expect("memory does not fail") {
                break;
            }
        }
    }

    /// Until there is nothing to do.
    pub fn settle(&mut self) {
        while self.worker_mut().turn(Duration::ZERO).expect("memory does not fail") {}
    }

    /// The worker is lost with all that it had not committed; another takes its place.
    pub fn crash(&mut self) {
        let mut broker = self.stop();
        broker.restart(scheduler(&mut self.random));
        self.start(broker);
    }

    /// The worker is lost.
    pub fn stop(&mut self) -> MemoryBroker {
        let mut broker = self.worker.take().expect("it works").into_broker();
        self.published.append(&mut broker.take_published());
        broker
    }

    /// Another one begins.
    pub fn start(&mut self, broker: MemoryBroker) {
        self.worker = Some(worker(broker, self.plan));
    }

    pub const fn worker(&self) -> &Worker<MemoryBroker> {
        self.worker.as_ref().expect("it works")
    }

    pub const fn worker_mut(&mut self) -> &mut Worker<MemoryBroker> {
        self.worker.as_mut().expect("it works")
    }

    /// The rows of each task, and what a checkpoint would say of it besides.
    pub fn states(&self) -> BTreeMap<i32, (Rows, Vec<u8>)> {
        self.worker().tasks().map(|(partition, task)| (partition, state(task))).collect()
    }

    /// How many message ids and messages are kept.
    pub fn kept(&self) -> [usize; 2] {
        let kinds = self.worker().tasks().map(|(_, task)| task.store().kinds());
        kinds.fold([0, 0], |[joins, messages], kinds| [joins + kinds[0], messages + kinds[4]])
    }

    /// All that was published.
    pub fn lines(&mut self) -> Vec<String> {
        let mut news = self.worker_mut().broker_mut().take_published();
        self.published.append(&mut news);
        self.published.iter().map(line).collect()
    }

    /// What a reader of the topics finds.
    pub fn audit(&mut self) -> Audit {
        let lines = self.lines();
        let mut audit = audit(&lines, &self.sources, &SETTINGS);
        for (partition, task) in self.worker().tasks() {
            let counts = task.counts();
            if (counts.failed, counts.stale) != (0, 0) {
                audit.violations.push(format!("task {partition}: {counts:?}"));
            }
        }
        audit
    }
}

/// The rows of a task, and its marker, but for where the rows are.
pub fn state(task: &Task) -> (Rows, Vec<u8>) {
    let marker = task.marker(0).expect("its control record came first");
    (rows(task), marker::encode(&Marker { segment_first: 0, segment_next: 0, ..marker }))
}

/// The same but for the epochs of inputs, which follow from when a machine began to read them.
pub fn of_any_epoch((rows, marker): (Rows, Vec<u8>)) -> (Rows, Vec<u8>) {
    let mut marker = marker::decode(&marker).expect("waid wrote it");
    marker.newest.iter_mut().for_each(|stamp| stamp.epoch = 0);
    (rows, marker::encode(&marker))
}

/// The offset up to where the newest checkpoint of a task includes its log.
pub fn included(broker: &MemoryBroker, partition: i32) -> Option<i64> {
    let marker = broker.changelog(partition).filter(|(key, _)| *key == marker::KEY).last()?;
    Some(marker::decode(marker.1?).expect("waid wrote it").next)
}

/// Which partition is read next depends on those that can be, and on nothing that went before.
pub fn memoryless(seed: u64) -> Scheduler {
    Box::new(move |ready| {
        let mut hasher = DefaultHasher::new();
        (seed, ready).hash(&mut hasher);
        usize::try_from(hasher.finish() % ready.len() as u64).expect("an index")
    })
}

/// Some partitions are read much faster than others.
fn scheduler(random: &mut ChaCha8Rng) -> Scheduler {
    let mut random = ChaCha8Rng::seed_from_u64(random.random());
    let mut weights: BTreeMap<Source, u32> = BTreeMap::new();
    Box::new(move |ready| {
        for source in ready {
            weights.entry(*source).or_insert_with(|| [1, 5, 30, 200][random.random_range(0..4)]);
        }
        let mut drawn = random.random_range(0..ready.iter().map(|source| weights[source]).sum());
        let chosen = ready.iter().position(|source| match drawn.checked_sub(weights[source]) {
            Some(rest) => {
                drawn = rest;
                false
            }
            None => true,
        });
        chosen.expect("the draw is below the sum")
    })
}

fn worker(broker: MemoryBroker, plan: Plan) -> Worker<MemoryBroker> {
    let settings = step::Settings {
        join_timeout_ms: SETTINGS.join_timeout_ms,
        idle_timeout_s: SETTINGS.idle_timeout_s,
        retention_ms: SETTINGS.retention_ms,
        service_window_s: 3600,
        referral_window_s: 2 * 3600,
    };
    assert!(settings.message_kept_ms() < DAY_MS, "messages are forgotten many times in ten days");
    let deployment = Deployment {
        webhooks: "whatsapp.webhooks".to_owned(),
        sends: "whatsapp.sends".to_owned(),
        settings,
        commit: CommitPolicy { records_max: plan.batch, age_max: Duration::MAX, ..CommitPolicy::default() },
        tick: Some(TickPolicy { pause: Duration::ZERO, step_ms: plan.step_ms, idle: Duration::MAX }),
        checkpoint: plan.changes_max.map(|changes_max| CheckpointPolicy { age_max: Duration::MAX, changes_max }),
    };
    Worker::new(broker, Ingest::new(apps()), deployment, outputs(false)).expect("memory answers")
}
