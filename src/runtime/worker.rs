//! A worker: one thread that reads, steps and commits for the partitions it was given.

use super::broker::{Broker, BrokerError, Change, Fetched, PartitionCounts, Source};
use super::ingest::Ingest;
use super::task::Task;
use super::transaction::{Discard, Transaction};
use super::vitals::Vitals;
use crate::domain::step::Settings;
use crate::wire::output::Outputs;
use crate::wire::packed::{self, Control, SourceTopic};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The version of `step`: raised with every change that makes it decide differently from the same log.
pub const STEP_VERSION: u32 = 1;

/// When a transaction is committed.
#[derive(Clone, Copy, Debug)]
pub struct CommitPolicy {
    /// At the latest after so many records.
    pub records_max: usize,
    /// At the latest after so many bytes read.
    pub bytes_max: usize,
    /// At the latest after so long.
    pub age_max: Duration,
    /// At once when nothing has come for so long.
    pub idle: Duration,
}

impl Default for CommitPolicy {
    fn default() -> Self {
        Self { records_max: 20_000, bytes_max: 8 << 20, age_max: Duration::from_millis(100), idle: Duration::from_millis(2) }
    }
}

/// What a worker is told about the deployment.
#[derive(Clone)]
pub struct Deployment {
    /// The names of the input topics.
    pub webhooks: String,
    /// See `webhooks`.
    pub sends: String,
    /// What decides what follows from events.
    pub settings: Settings,
    /// When to commit.
    pub commit: CommitPolicy,
}

/// A worker and all that it holds.
pub struct Worker<B> {
    broker: B,
    ingest: Ingest,
    deployment: Deployment,
    partitions: PartitionCounts,
    tasks: BTreeMap<i32, Held>,
    open: Transaction,
    opened: Instant,
    vitals: Arc<Vitals>,
}

/// A task, and the first offset of its log that was not taken before.
struct Held {
    task: Task,
    live_from: i64,
    live: bool,
}

impl<B: Broker> Worker<B> {
    /// A worker without partitions.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn new(mut broker: B, ingest: Ingest, deployment: Deployment, outputs: Arc<Outputs>) -> Result<Self, BrokerError> {
        let partitions = broker.partitions()?;
        let open = Transaction::new(outputs);
        Ok(Self { broker, ingest, deployment, partitions, tasks: BTreeMap::new(), open, opened: Instant::now(), vitals: Arc::default() })
    }

    /// The same, showing how it fares.
    #[must_use]
    pub fn with_vitals(self, vitals: Arc<Vitals>) -> Self {
        Self { vitals, ..self }
    }

    /// Works until told to stop; then what is open is committed and the group is left.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), BrokerError> {
        while !stop.load(Ordering::Relaxed) {
            self.turn(Duration::from_millis(50))?;
        }
        self.commit()?;
        self.broker.close();
        Ok(())
    }

    /// Takes what the broker has next, and commits when it is time to. Whether there was anything to do.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    pub fn turn(&mut self, wait: Duration) -> Result<bool, BrokerError> {
        self.vitals.beat();
        let Self { broker, open, .. } = self;
        let was_empty = open.is_empty();
        let polled = broker.poll(if was_empty { wait } else { self.deployment.commit.idle }, open)?;
        let (changes, idle) = (polled.changes, polled.record.is_none());
        let changed = !changes.is_empty();
        for change in changes {
            apply(&change, &mut self.tasks, &mut self.open, &self.deployment, self.partitions);
        }
        if let Some(record) = polled.record {
            take(&record, &mut self.tasks, &mut self.open, &mut self.ingest, self.partitions)?;
        }
        if was_empty {
            self.opened = Instant::now();
        }
        let due = self.is_due(idle);
        if due {
            self.commit()?;
        }
        if due || changed {
            self.show();
        }
        Ok(!idle || changed || due)
    }

    /// Commits what is open.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    pub fn commit(&mut self) -> Result<(), BrokerError> {
        if self.open.is_empty() { Ok(()) } else { self.broker.commit(&mut self.open) }
    }

    /// The tasks it holds.
    pub fn tasks(&self) -> impl Iterator<Item = (i32, &Task)> {
        self.tasks.iter().map(|(partition, held)| (*partition, &held.task))
    }

    /// Its broker.
    pub const fn broker(&self) -> &B {
        &self.broker
    }

    /// Its broker, to be fed and emptied.
    pub const fn broker_mut(&mut self) -> &mut B {
        &mut self.broker
    }

    /// What it read of the inputs.
    pub const fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    fn show(&mut self) {
        self.vitals.tasks(self.tasks.len(), self.tasks.values().filter(|held| !held.live).count());
        self.vitals.ignored(&self.ingest.take_fresh());
    }

    fn is_due(&self, idle: bool) -> bool {
        let policy = &self.deployment.commit;
        let full = self.open.taken() >= policy.records_max || self.open.taken_bytes() >= policy.bytes_max;
        !self.open.is_empty() && (idle || full || self.opened.elapsed() >= policy.age_max)
    }
}

fn apply(change: &Change, tasks: &mut BTreeMap<i32, Held>, open: &mut Transaction, deployment: &Deployment, partitions: PartitionCounts) {
    match *change {
        Change::Assigned { source: (SourceTopic::Repartition, partition), committed } => {
            let live_from = committed.unwrap_or(0);
            tracing::info!(partition, live_from, "task assigned");
            tasks.insert(partition, Held { task: Task::new(partition), live_from, live: false });
            open.touch((SourceTopic::Repartition, partition), live_from);
            open.control(partition, &control(deployment, partitions));
        }
        Change::Assigned { source, committed } => tracing::info!(?source, committed, "input assigned"),
        Change::Revoked(source) => {
            tracing::info!(?source, "partition revoked");
            open.forget(source);
            if source.0 == SourceTopic::Repartition {
                tasks.remove(&source.1);
            }
        }
    }
}

fn take(
    record: &Fetched,
    tasks: &mut BTreeMap<i32, Held>,
    open: &mut Transaction,
    ingest: &mut Ingest,
    partitions: PartitionCounts,
) -> Result<(), BrokerError> {
    let bytes = record.value.map_or(0, <[u8]>::len);
    if record.source.0 != SourceTopic::Repartition {
        ingest.take(record, partitions.repartition, &mut open.sink(record.source, record.offset, Some(record.timestamp_ms)));
        open.advance(record.source, record.offset + 1, bytes);
        open.tally.took(record.source.0, record.timestamp_ms);
        return Ok(());
    }
    let Some(held) = tasks.get_mut(&record.source.1) else {
        return Err(BrokerError::Log(format!("partition {} of the repartition topic is not assigned", record.source.1)));
    };
    let packed =
        packed::decode(record.value.unwrap_or_default()).map_err(|error| unreadable(record.source, record.offset, &error.to_string()))?;
    check_partitions(&packed, partitions)?;
    if record.offset < held.live_from {
        held.task.take(packed, &mut Discard);
    } else {
        let before = held.task.counts().events;
        held.task.take(packed, &mut open.sink(record.source, record.offset, None));
        held.live = true;
        open.tally.took(record.source.0, record.timestamp_ms);
        open.tally.stepped(held.task.counts().events - before);
        open.advance(record.source, record.offset + 1, bytes);
    }
    Ok(())
}

fn unreadable((_, partition): Source, offset: i64, why: &str) -> BrokerError {
    BrokerError::Log(format!("the record at offset {offset} of partition {partition} of the repartition topic cannot be read: {why}"))
}

/// Entities are spread over the partitions by their count: with another count, each would be looked for in the wrong place.
fn check_partitions(packed: &packed::Packed, partitions: PartitionCounts) -> Result<(), BrokerError> {
    let said = packed.control.as_ref().map_or(partitions.repartition, |control| control.repartition_partitions);
    if said == partitions.repartition {
        return Ok(());
    }
    Err(BrokerError::Log(format!(
        "the repartition topic has {} partitions, but its log was written for {said}: restore that count, or start over with a new topics.prefix and group_id",
        partitions.repartition
    )))
}

fn control(deployment: &Deployment, partitions: PartitionCounts) -> Control {
    Control {
        webhooks: deployment.webhooks.clone(),
        sends: deployment.sends.clone(),
        webhooks_partitions: partitions.webhooks,
        sends_partitions: partitions.sends,
        repartition_partitions: partitions.repartition,
        settings: deployment.settings,
        step_version: STEP_VERSION,
    }
}
