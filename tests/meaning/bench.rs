//! Runs a history through ingest, worker and tasks over a broker in memory that reads its partitions in an adversarial order.

use super::model::apps::tenants;
use super::model::audit::{Audit, audit};
use super::model::history::Record;
use super::model::reference;
use super::model::render::{Sources, capture};
use super::records::{Rows, apps, input, line, outputs, rows};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use waid::domain::step::Settings;
use waid::runtime::broker::PartitionCounts;
use waid::runtime::ingest::Ingest;
use waid::runtime::memory::MemoryBroker;
use waid::runtime::task::{Crossed, Sink, Task};
use waid::runtime::worker::{CommitPolicy, Deployment, Worker};
use waid::wire::output::Outputs;
use waid::wire::packed;
use waid::wire::record::{OutRecord, Topic};

/// How a history is run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Of the order in which records and partitions are read, and of the batches.
    pub seed: u64,
    /// Partitions of the repartition topic.
    pub partitions: i32,
    /// Partitions of each input topic.
    pub inputs: i32,
    /// Records between two commits.
    pub batch: usize,
}

impl Plan {
    /// 1 to 8 partitions, small and large batches.
    pub fn of_seed(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(!seed);
        let batch = [1, 2, 5, 17, 100][random.random_range(0..5)];
        Self { seed, partitions: random.random_range(1..=8), inputs: random.random_range(1..=4), batch }
    }
}

/// What crossed partitions, and what went wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counters {
    pub crossed: Crossed,
    pub failed: u64,
    pub stale: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.crossed.events += other.crossed.events;
        self.crossed.links += other.crossed.links;
        self.crossed.hand_overs += other.crossed.hand_overs;
        self.crossed.merges += other.crossed.merges;
        self.crossed.moves += other.crossed.moves;
        self.failed += other.failed;
        self.stale += other.stale;
    }
}

/// A finished run.
pub struct Bench {
    worker: Worker<MemoryBroker>,
    published: Vec<OutRecord>,
    sources: Sources,
    partitions: i32,
    keys_name_tenant: bool,
}

/// What a task rebuilt from its log holds and told.
pub struct Replayed {
    pub state: Rows,
    pub outputs: Vec<Vec<u8>>,
    /// The keys of the table of identities that it wrote.
    pub rows_written: BTreeSet<Vec<u8>>,
}

impl Bench {
    pub fn run(records: &[Record], plan: Plan, settings: &reference::Settings) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
        let mut shuffled = records.to_vec();
        for last in (1..shuffled.len()).rev() {
            shuffled.swap(last, random.random_range(0..=last));
        }
        let written = capture(&shuffled, i64::from(plan.inputs));
        let counts = PartitionCounts { webhooks: plan.inputs, sends: plan.inputs, repartition: plan.partitions };
        let mut broker = MemoryBroker::new(counts, Box::new(move |ready| random.random_range(0..ready.len())));
        for line in &written.lines {
            let (source, record) = input(line);
            broker.append(source, record);
        }
        let keys_name_tenant = tenants(records).len() > 1;
        let outputs = outputs(keys_name_tenant);
        let mut worker = Worker::new(broker, Ingest::new(apps()), deployment(plan, settings), outputs).expect("memory answers");
        while worker.turn(Duration::ZERO).expect("memory does not fail") {}
        let published = worker.broker_mut().take_published();
        Self { worker, published, sources: written.sources, partitions: plan.partitions, keys_name_tenant }
    }

    /// What a reader of the topics finds.
    pub fn audit(&self, settings: &reference::Settings) -> (Audit, Counters) {
        let lines: Vec<String> = self.published.iter().map(line).collect();
        let mut counters = Counters::default();
        for (_, task) in self.worker.tasks() {
            let counts = task.counts();
            counters += Counters { crossed: counts.crossed, failed: counts.failed, stale: counts.stale };
        }
        (audit(&lines, &self.sources, settings), counters)
    }

    /// The rows of each task, as bytes.
    pub fn states(&self) -> BTreeMap<i32, Rows> {
        self.worker.tasks().map(|(partition, task)| (partition, rows(task))).collect()
    }

    /// Rebuilds a task from its log.
    pub fn replay(&self, partition: i32) -> Replayed {
        let mut task = Task::new(partition);
        let mut told = Told { outputs: outputs(self.keys_name_tenant), records: Vec::new() };
        let (worker, log) = (&self.worker, self.worker.broker().repartition_log(partition));
        assert!(worker.tasks().count() == usize::try_from(self.partitions).expect("small"));
        for value in log {
            task.take(packed::decode(&value).expect("waid wrote it"), &mut told).expect("all parts are there");
        }
        let rows_written = told.records.iter().filter(|record| record.topic == Topic::Identities).filter_map(|record| record.key.clone());
        Replayed {
            state: rows(&task),
            outputs: told.records.iter().map(|record| line(record).into_bytes()).collect(),
            rows_written: rows_written.collect(),
        }
    }

    /// What the tasks told: all but the dead letters of ingest.
    pub fn outputs_of_tasks(&self) -> Vec<Vec<u8>> {
        self.published.iter().map(|record| line(record).into_bytes()).collect()
    }
}

/// Collects what a rebuilt task tells.
struct Told {
    outputs: Arc<Outputs>,
    records: Vec<OutRecord>,
}

impl Sink for Told {
    fn publish(&mut self, output: &waid::domain::output::Output) {
        self.outputs.records(output, &mut self.records);
    }

    fn send(&mut self, _: i32, _: &waid::domain::entity::Envelope) {}
}

fn deployment(plan: Plan, settings: &reference::Settings) -> Deployment {
    Deployment {
        webhooks: "whatsapp.webhooks".to_owned(),
        sends: "whatsapp.sends".to_owned(),
        settings: Settings {
            join_timeout_ms: settings.join_timeout_ms,
            idle_timeout_s: settings.idle_timeout_s,
            retention_ms: settings.retention_ms,
            ..Settings::USUAL
        },
        commit: CommitPolicy { records_max: plan.batch, age_max: Duration::MAX, ..CommitPolicy::default() },
        // The records of a partition are shuffled: their times say nothing of how far it was read.
        tick: None,
        checkpoint: None,
    }
}
