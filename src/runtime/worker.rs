//! A worker: one thread that reads, steps and commits for the partitions it was given.

use super::broker::{Broker, BrokerError, Change, Fetched, PartitionCounts, Polled, ReadEnd};
use super::epoch::Epoch;
use super::ingest::Ingest;
use super::marks::{Marks, TickPolicy};
use super::task::Task;
use super::transaction::Transaction;
use super::vitals::Vitals;
use super::workload::{CheckpointPolicy, STEP_VERSION, Workload};
use crate::domain::state::RowKind;
use crate::domain::step::Settings;
use crate::wire::output::Outputs;
use crate::wire::packed::{Control, SourceTopic};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a worker that has nothing at hand waits for a record before it looks around: whether it is to stop, and whether it is time for a
/// checkpoint or a tick. A record ends the wait at once.
const IDLE_WAIT: Duration = Duration::from_millis(200);

/// A record that takes so long to step is slow, and others may be that come so soon after it. What is sent ahead of them would be a transaction that is open
/// all the while, and the brokers abort those that are open for too long.
const SLOW: Duration = Duration::from_secs(1);
const SLOW_FOR: Duration = Duration::from_mins(1);

/// When a transaction is committed: early as long as the worker keeps up, late when it has a backlog.
#[derive(Clone, Copy, Debug)]
pub struct CommitPolicy {
    /// At the latest after so many records.
    pub records_max: usize,
    /// At the latest after so many bytes read.
    pub bytes_max: usize,
    /// At the latest after so long.
    pub age_max: Duration,
    /// When all that had come is taken, after so many times as long as the last commit took: of a worker that keeps up, commits
    /// take no greater part of the time than this leaves them. Where the brokers are slow, what comes meanwhile needs no commit of its own.
    pub keeping_up: f64,
}

impl Default for CommitPolicy {
    fn default() -> Self {
        Self { records_max: 20_000, bytes_max: 8 << 20, age_max: Duration::from_millis(100), keeping_up: 0.5 }
    }
}

impl CommitPolicy {
    /// The same, but for a quarter of the records and bytes, so many times over.
    #[must_use]
    pub fn eased(self, times: u32) -> Self {
        let quarter = |max: usize| (max >> (2 * times)).max(1);
        Self { records_max: quarter(self.records_max), bytes_max: quarter(self.bytes_max), ..self }
    }

    /// For how long to wait for another record before what has been open for `age` is committed, when the last commit took so long.
    #[must_use]
    pub fn patience(&self, commit_took: Duration, age: Duration) -> Duration {
        commit_took.mul_f64(self.keeping_up).min(self.age_max).saturating_sub(age)
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
    /// When to tell how far the worker has come; `None` is never: then nothing expires and nothing is forgotten.
    pub tick: Option<TickPolicy>,
    /// When to write the state of tasks to the changelog; `None` is never.
    pub checkpoint: Option<CheckpointPolicy>,
}

/// A worker and all that it holds.
pub struct Worker<B> {
    broker: B,
    ingest: Ingest,
    deployment: Deployment,
    partitions: PartitionCounts,
    work: Workload,
    marks: Option<Marks>,
    opened: Instant,
    /// The wall clock as of the last look.
    now_ms: i64,
    /// How long the last commit took.
    commit_took: Duration,
    vitals: Arc<Vitals>,
}

impl<B: Broker> Worker<B> {
    /// A worker without partitions.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn new(mut broker: B, ingest: Ingest, deployment: Deployment, outputs: Arc<Outputs>) -> Result<Self, BrokerError> {
        let (partitions, now_ms) = (broker.partitions()?, broker.now_ms());
        let work = Workload::new(Transaction::new(outputs), deployment.checkpoint);
        let marks = deployment.tick.map(Marks::new);
        Ok(Self {
            broker,
            ingest,
            deployment,
            partitions,
            work,
            marks,
            opened: Instant::now(),
            now_ms,
            commit_took: Duration::ZERO,
            vitals: Arc::default(),
        })
    }

    /// The same, showing how it fares.
    #[must_use]
    pub fn with_vitals(self, vitals: Arc<Vitals>) -> Self {
        Self { vitals, ..self }
    }

    /// Works until told to stop; then what is open is committed, with the state of all tasks, and the group is left.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    pub fn run(mut self, stop: &AtomicBool) -> Result<(), BrokerError> {
        while !stop.load(Ordering::Relaxed) {
            match self.turn(IDLE_WAIT) {
                // While it waited for what others have left open; it holds other tasks all the same.
                Err(BrokerError::Stopped) => break,
                turned => turned?,
            };
        }
        self.work.checkpoint(|_| true);
        self.commit()?;
        self.broker.close();
        Ok(())
    }

    /// Takes what the broker has next, and commits when it is time to. Whether there was anything to do.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    pub fn turn(&mut self, wait: Duration) -> Result<bool, BrokerError> {
        let (now, was_empty) = (Instant::now(), self.work.open.is_empty());
        self.vitals.beat(now);
        let wait = match self.deployment.commit.patience(self.commit_took, now - self.opened) {
            _ if was_empty => wait,
            _ if self.vitals.was_slow_within(SLOW_FOR) => Duration::ZERO,
            patience => patience,
        };
        let idle = match self.broker.poll(wait, &mut self.work)? {
            Polled::Nothing => true,
            Polled::Record(record) => {
                let (ingest, marks, began) = (&mut self.ingest, self.marks.as_mut(), Instant::now());
                take(&record, &mut self.work, ingest, marks, self.partitions, self.now_ms)?;
                if began.elapsed() > SLOW {
                    self.vitals.was_slow();
                }
                false
            }
            Polled::Changed(changes) => {
                changes.into_iter().try_for_each(|change| self.apply(change))?;
                self.show();
                false
            }
        };
        let now = Instant::now();
        if was_empty {
            self.opened = now;
        }
        if !(idle || self.is_full(now)) {
            return Ok(true);
        }
        self.now_ms = self.broker.now_ms();
        self.tick();
        self.work.checkpoint_in_turn();
        let due = !self.work.open.is_empty();
        self.commit()?;
        if due {
            self.show();
        }
        Ok(!idle || due)
    }

    /// No input has more records: stream time goes on to the last of them, and from now on whatever it brings is told at once.
    pub fn end_of_inputs(&mut self) {
        let Some(marks) = &mut self.marks else { return };
        let Some(end_ms) = marks.greatest_ms() else { return };
        let PartitionCounts { webhooks, sends, .. } = self.partitions;
        let inputs = [(SourceTopic::Webhooks, webhooks), (SourceTopic::Sends, sends)];
        for source in inputs.into_iter().flat_map(|(topic, count)| (0..count).map(move |partition| (topic, partition))) {
            marks.note_end(source, end_ms);
        }
        marks.hasten();
    }

    /// Gives its broker back.
    pub fn into_broker(self) -> B {
        self.broker
    }

    /// Commits what is open.
    ///
    /// # Errors
    /// When the worker must be rebuilt.
    pub fn commit(&mut self) -> Result<(), BrokerError> {
        if self.work.open.is_empty() {
            return Ok(());
        }
        let began = Instant::now();
        self.broker.commit(&mut self.work)?;
        self.commit_took = began.elapsed();
        Ok(())
    }

    /// The tasks it holds.
    pub fn tasks(&self) -> impl Iterator<Item = (i32, &Task)> {
        self.work.tasks()
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
        let (tasks, restoring) = self.work.stages();
        self.vitals.tasks(tasks, restoring);
        self.vitals.ignored(&self.ingest.take_fresh());
        self.vitals.watermark_ms(self.work.watermark_ms());
        self.vitals.checkpointed(self.work.checkpointed_ms());
        for (kind, rows) in RowKind::ALL.into_iter().zip(self.work.rows()) {
            self.vitals.state_rows(kind, rows);
        }
        self.vitals.state_bytes(self.work.state_bytes());
    }

    fn apply(&mut self, change: Change) -> Result<(), BrokerError> {
        match change {
            Change::Assigned { source: (SourceTopic::Repartition, partition), committed } => {
                tracing::info!(partition, committed = committed.as_ref().map(|committed| committed.offset), "task assigned");
                self.work.assign(partition, committed);
            }
            Change::Assigned { source, committed } => {
                let epoch = Epoch::of(committed.as_ref(), self.broker.now_ms());
                tracing::info!(?source, committed = committed.map(|committed| committed.offset), epoch = epoch.0, "input assigned");
                self.work.open.begin(source, epoch);
            }
            Change::Restored(partition) => {
                let log = self.broker.log(partition)?;
                let from = self.work.restored(partition, &log, self.partitions)?;
                self.work.open.control(partition, &control(&self.deployment, self.partitions));
                self.broker.read_log(partition, from)?;
            }
            Change::Revoked(source) => {
                tracing::info!(?source, "partition revoked");
                self.work.revoke(source);
                if let Some(marks) = &mut self.marks {
                    marks.forget(source);
                }
            }
        }
        Ok(())
    }

    /// Tells all partitions how far the worker has come, if it is time to.
    fn tick(&mut self) {
        let Some(marks) = &mut self.marks else { return };
        for ReadEnd { source, at_ms, behind } in self.broker.take_ends() {
            marks.note_end(source, at_ms);
            if let Some(end) = behind {
                self.work.open.pass(source, end);
            }
        }
        // Marks speak for tasks that work, and a transaction without their offsets would not be fenced.
        if !self.work.has_live_tasks() {
            return;
        }
        let told = marks.due(self.work.tasks().flat_map(|(_, task)| task.marks()), self.work.is_behind());
        if !told.is_empty() {
            self.work.touch();
            self.work.open.tick(&told, self.partitions.repartition);
        }
    }

    fn is_full(&self, now: Instant) -> bool {
        let (policy, open) = (self.deployment.commit.eased(self.vitals.eased()), &self.work.open);
        open.taken() >= policy.records_max || open.taken_bytes() >= policy.bytes_max || now - self.opened >= policy.age_max
    }
}

fn take(
    record: &Fetched,
    work: &mut Workload,
    ingest: &mut Ingest,
    marks: Option<&mut Marks>,
    partitions: PartitionCounts,
    now_ms: i64,
) -> Result<(), BrokerError> {
    match record.source.0 {
        SourceTopic::Changelog => work.restore(record),
        SourceTopic::Repartition => work.take(record, partitions),
        SourceTopic::Webhooks | SourceTopic::Sends => {
            let elements = ingest.take(record, partitions.repartition, &mut work.open.sink(record.source, record.offset));
            work.open.tally.elements += elements;
            work.open.tally.took(record.source, record.timestamp_ms);
            work.open.advance(record.source, record.offset + 1, record.value.map_or(0, <[u8]>::len));
            if let Some(marks) = marks {
                marks.note(record.source, record.timestamp_ms, now_ms);
            }
            Ok(())
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_little_is_still_a_record() {
        let eased = |times| CommitPolicy::default().eased(times);
        assert_eq!([0, 1, 6].map(|times| eased(times).records_max), [20_000, 5_000, 4]);
        assert_eq!(CommitPolicy { records_max: 2, ..eased(0) }.eased(1).records_max, 1);
    }

    #[test]
    fn a_worker_that_keeps_up_waits_in_proportion_to_what_a_commit_takes() {
        let patience = |took_ms, age_ms| CommitPolicy::default().patience(Duration::from_millis(took_ms), Duration::from_millis(age_ms));
        assert_eq!(patience(20, 3), Duration::from_millis(7));
        assert_eq!(patience(20, 15), Duration::ZERO, "it has waited enough");
        assert_eq!(patience(0, 0), Duration::ZERO, "the first transaction waits for nothing");
        assert_eq!(patience(5000, 0), Duration::from_millis(100), "one slow commit is no reason for a long wait");
    }
}
