//! What a worker has at hand: its tasks, and what they have done since the last commit.

use super::account::Account;
use super::broker::{BrokerError, Commit, Fetched, PartitionCounts, Source};
use super::changelog::{Pending, Restore};
use super::clock;
use super::task::Task;
use super::time::HOPS_TO_MESSAGES;
use super::transaction::{Discard, Transaction};
use crate::domain::state::RowKind;
use crate::topics::count_is_fixed;
use crate::wire::DecodeError;
use crate::wire::packed::{self, Control, SourceTopic};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The version of `step`: raised with every change that makes it decide differently from the same log.
pub const STEP_VERSION: u32 = 8;

/// When the state of a task is written to the changelog.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointPolicy {
    /// After so long; those that are large one after the other, evenly within so long, so that no commit takes much longer than others.
    pub age_max: Duration,
    /// Sooner if so many rows have changed.
    pub changes_max: usize,
}

impl Default for CheckpointPolicy {
    fn default() -> Self {
        Self { age_max: Duration::from_secs(5), changes_max: 50_000 }
    }
}

impl CheckpointPolicy {
    /// Whether the next checkpoint comes soon: most of its time, or of its rows, are there.
    fn is_near(self, age: Duration, changes: usize) -> bool {
        changes > ROWS_SMALL && (age >= self.age_max / 4 * 3 || changes >= self.changes_max / 4 * 3)
    }
}

/// A checkpoint takes no longer than this to be written: where records take seconds each, its share of each transaction would not come to an end.
const LATE: Duration = Duration::from_secs(15);

/// A checkpoint of at most so many rows costs a commit next to nothing.
const ROWS_SMALL: usize = 256;

/// Tasks, and the open transaction.
pub struct Workload {
    tasks: BTreeMap<i32, Held>,
    /// What becomes visible with the next commit.
    pub open: Transaction,
    policy: Option<CheckpointPolicy>,
    /// When the last large checkpoint was written because of its age.
    paced: Instant,
    /// Checkpoints in the open transaction: up to where the log is in them.
    written: BTreeMap<i32, i64>,
}

/// A task, and how far it has come.
struct Held {
    stage: Stage,
    /// The first offset of its log that was not taken.
    next: i64,
    /// Since when what it does is not in a checkpoint.
    since: Instant,
    /// Up to where its log is in a checkpoint.
    included: i64,
    /// The checkpoint that is being written.
    pending: Option<Pending>,
}

/// What a task goes through before it works.
enum Stage {
    /// Its state is read.
    Restoring(Box<Restore>, Option<Commit>),
    /// What it took since its last checkpoint is taken again, up to the offset that was committed. All that follows was published.
    Replaying(Box<Task>, Commit),
    /// It works. Records below `claimed` were there before it, though nothing was ever committed.
    Live(Box<Task>, i64),
    /// Between two stages.
    Gone,
}

impl Workload {
    /// No tasks, and nothing open.
    pub fn new(open: Transaction, policy: Option<CheckpointPolicy>) -> Self {
        Self { tasks: BTreeMap::new(), open, policy, paced: Instant::now(), written: BTreeMap::new() }
    }

    /// Nothing, to stand for what is elsewhere.
    pub fn empty() -> Self {
        Self::new(Transaction::new(Arc::default()), None)
    }

    /// The tasks that are not being restored.
    pub fn tasks(&self) -> impl Iterator<Item = (i32, &Task)> {
        self.tasks.iter().filter_map(|(partition, held)| match &held.stage {
            Stage::Live(task, _) | Stage::Replaying(task, _) => Some((*partition, &**task)),
            Stage::Restoring(..) | Stage::Gone => None,
        })
    }

    /// How many tasks there are, and how many of them do not work yet.
    pub fn stages(&self) -> (usize, usize) {
        let waiting = self.tasks.values().filter(|held| !matches!(held.stage, Stage::Live(..))).count();
        (self.tasks.len(), waiting)
    }

    /// Since when, wall-clock ms, something that a task did has not been in a checkpoint; now if everything is. `None` without tasks.
    pub fn checkpointed_ms(&self) -> Option<i64> {
        let age = |held: &Held| if held.next > held.included { held.since.elapsed() } else { Duration::ZERO };
        let oldest = self.tasks.values().map(age).max()?;
        Some(clock::now_ms() - i64::try_from(oldest.as_millis()).unwrap_or(0))
    }

    /// The least stream time of the tasks, ms, where messages are.
    pub fn watermark_ms(&self) -> Option<i64> {
        self.tasks().map(|(_, task)| task.time().reached(HOPS_TO_MESSAGES)).min().flatten()
    }

    /// How many rows of each kind the tasks hold.
    pub fn rows(&self) -> [usize; RowKind::ALL.len()] {
        let mut rows = [0; RowKind::ALL.len()];
        for (_, task) in self.tasks() {
            rows.iter_mut().zip(task.store().kinds()).for_each(|(all, kind)| *all += kind);
        }
        rows
    }

    /// How many bytes of state the tasks hold.
    pub fn state_bytes(&self) -> u64 {
        self.tasks().map(|(_, task)| task.store().bytes()).sum()
    }

    /// A task is this worker's from now on; its state comes next.
    pub fn assign(&mut self, partition: i32, committed: Option<Commit>) {
        self.tasks.insert(partition, Held::restoring(committed));
    }

    /// A partition is this worker's no more.
    pub fn revoke(&mut self, source: Source) {
        self.open.forget(source);
        if source.0 == SourceTopic::Repartition {
            self.tasks.remove(&source.1);
        }
    }

    /// Whether any task has more to act on, now that stream time has moved on.
    pub fn is_behind(&self) -> bool {
        self.tasks().any(|(_, task)| task.is_behind())
    }

    /// Whether any task works.
    pub fn has_live_tasks(&self) -> bool {
        self.tasks.values().any(|held| matches!(held.stage, Stage::Live(..)))
    }

    /// Commits the offsets of the tasks that work with what is open, as they are, so that it is fenced.
    pub fn touch(&mut self) {
        for (partition, held) in &self.tasks {
            if matches!(held.stage, Stage::Live(..)) {
                self.open.touch((SourceTopic::Repartition, *partition), held.next);
            }
        }
    }

    /// Takes a record of a task's state.
    pub fn restore(&mut self, record: &Fetched) -> Result<(), BrokerError> {
        let partition = record.source.1;
        let Some(Held { stage: Stage::Restoring(restore, _), .. }) = self.tasks.get_mut(&partition) else { return Ok(()) };
        let taken = restore.take(record.key.unwrap_or_default(), record.value);
        taken.map_err(|why| {
            log_error(partition, format_args!("the record at offset {} of its changelog cannot be read: {why}", record.offset))
        })
    }

    /// The state of a task was read to its end, and its log reaches so far for now: where to read on in it.
    pub fn restored(&mut self, partition: i32, log: &Range<i64>, partitions: PartitionCounts) -> Result<i64, BrokerError> {
        let Some(held) = self.tasks.get_mut(&partition) else { return Err(log_error(partition, format_args!("it is not assigned"))) };
        let Stage::Restoring(restore, committed) = std::mem::replace(&mut held.stage, Stage::Gone) else {
            return Err(log_error(partition, format_args!("its state was read twice")));
        };
        let records = restore.records();
        let finished = restore.finish(partition);
        let (task, included) = finished.map_err(|why| log_error(partition, format_args!("its changelog cannot be read: {why}")))?;
        let from = included.unwrap_or(0);
        check_start(partition, included, committed.as_ref(), log)?;
        task.control().map_or(Ok(()), |control| check_partitions(control, partitions))?;
        let replay = committed.as_ref().map_or(0, |committed| committed.offset - from);
        tracing::info!(partition, rows = task.store().len(), records, included = from, replay, "task restored");
        let task = Box::new(task);
        (held.next, held.included) = (from, from);
        held.since = Instant::now();
        held.stage = match committed {
            Some(committed) if committed.offset > from => Stage::Replaying(task, committed),
            // Somebody has set it, as is advised where the offset is gone.
            Some(committed) if included.is_some() && Account::parse(&committed.account).is_none() => {
                tracing::warn!(
                    partition,
                    offset = committed.offset,
                    "the group's offset was set to where the state ends; if waid was killed before that, what it had told since is told again"
                );
                Stage::Live(task, 0)
            }
            Some(committed) => {
                check_account(partition, &task, &committed)?;
                Stage::Live(task, 0)
            }
            None => Stage::Live(task, log.end),
        };
        self.open.touch((SourceTopic::Repartition, partition), committed_of(held));
        Ok(from)
    }

    /// Takes a record of a task's log. What follows from it goes into the open transaction, unless it was published before.
    pub fn take(&mut self, record: &Fetched, partitions: PartitionCounts) -> Result<(), BrokerError> {
        let partition = record.source.1;
        let bytes = record.value.unwrap_or_default();
        let Some(held) = self.tasks.get_mut(&partition) else { return Err(log_error(partition, format_args!("it is not assigned"))) };
        let unreadable =
            |error: DecodeError| log_error(partition, format_args!("the record at offset {} cannot be read: {error}", record.offset));
        let packed = packed::decode(bytes).map_err(unreadable)?;
        packed.control.as_ref().map_or(Ok(()), |control| check_partitions(control, partitions))?;
        held.go_live_before(partition, record.offset)?;
        match &mut held.stage {
            Stage::Replaying(task, _) => task.take(packed, &mut Discard).map_err(unreadable)?,
            Stage::Live(_, claimed) if packed.control.is_some() && record.offset < *claimed => return Err(unclaimed(partition)),
            Stage::Live(task, _) => {
                let before = *task.counts();
                task.take(packed, &mut self.open.sink(record.source, record.offset)).map_err(unreadable)?;
                self.open.tally.took(record.source, record.timestamp_ms);
                self.open.tally.stepped(&before, task.counts());
                self.open.advance(record.source, record.offset + 1, bytes.len());
            }
            Stage::Restoring(..) | Stage::Gone => return Err(log_error(partition, format_args!("its log came before its state"))),
        }
        if held.next == held.included {
            held.since = Instant::now();
        }
        held.next = record.offset + 1;
        held.go_live_before(partition, held.next)
    }

    /// What the open transaction has to do for checkpoints, unless it was done: while the worker waits, or else before it commits.
    pub fn checkpoint_in_turn(&mut self) {
        if !self.open.has_checkpoints {
            self.checkpoint(|_| false);
            self.open.has_checkpoints = !self.open.is_empty();
        }
    }

    /// Begins the checkpoints that are due, and adds of each what goes with the open transaction; of some tasks all, in any case.
    pub fn checkpoint(&mut self, leaving: impl Fn(i32) -> bool) {
        let Some(policy) = self.policy else { return };
        self.prepare_checkpoint(policy);
        let turn = self.large_and_due(policy);
        for (partition, held) in &mut self.tasks {
            let is_leaving = leaving(*partition);
            if is_leaving || turn == Some(*partition) || held.is_due(policy) {
                held.begin_checkpoint();
            }
            // What was done since a checkpoint was begun goes into another.
            let all = is_leaving || held.is_late();
            while let Some(included) = held.write_checkpoint(*partition, all, &mut self.open) {
                self.written.insert(*partition, included);
                if !is_leaving || !held.begin_checkpoint() {
                    break;
                }
            }
        }
    }

    /// Does a little of the next checkpoint that comes soon, of the task with the most to do.
    fn prepare_checkpoint(&mut self, policy: CheckpointPolicy) {
        let near = self.tasks.values_mut().filter_map(|held| {
            let age = held.since.elapsed();
            held.with_news().map(Task::store_mut).filter(|store| policy.is_near(age, store.changes()))
        });
        if let Some(store) = near.max_by_key(|store| store.changes()) {
            store.prepare_checkpoint();
        }
    }

    /// Whose turn it is of the tasks with large checkpoints that are due by their age: that with the oldest, if it is time for another.
    fn large_and_due(&mut self, policy: CheckpointPolicy) -> Option<i32> {
        let apart = policy.age_max / u32::try_from(self.tasks.len().max(1)).expect("few");
        if self.paced.elapsed() < apart {
            return None;
        }
        let due = self.tasks.iter_mut().filter_map(|(partition, held)| {
            let is_large = held.with_news()?.store().changes() > ROWS_SMALL;
            (is_large && held.since.elapsed() >= policy.age_max).then_some((held.since, *partition))
        });
        let (_, partition) = due.min()?;
        self.paced = Instant::now();
        Some(partition)
    }

    /// Says beside the offset of each task in the open transaction what the task has done.
    pub fn seal(&mut self) {
        for (partition, held) in &self.tasks {
            let account = match &held.stage {
                Stage::Live(task, _) => Account::of(STEP_VERSION, task).to_string(),
                Stage::Replaying(_, committed) => committed.account.clone(),
                Stage::Restoring(_, committed) => committed.as_ref().map(|committed| committed.account.clone()).unwrap_or_default(),
                Stage::Gone => continue,
            };
            self.open.account((SourceTopic::Repartition, *partition), account);
        }
    }

    /// The open transaction was committed: up to where each task's log is in a checkpoint of it.
    pub fn take_written(&mut self) -> BTreeMap<i32, i64> {
        std::mem::take(&mut self.written)
    }

    /// What has been done since the last commit is given up.
    pub fn drop_open(&mut self) {
        drop(self.open.finish());
        self.written.clear();
    }
}

impl Held {
    /// A task whose state is to be read.
    fn restoring(committed: Option<Commit>) -> Self {
        Self { stage: Stage::Restoring(Box::default(), committed), next: 0, since: Instant::now(), included: 0, pending: None }
    }

    /// The task, if it works and has done something that is in no checkpoint, and none is being written.
    fn with_news(&mut self) -> Option<&mut Task> {
        match &mut self.stage {
            Stage::Live(task, _) if self.pending.is_none() && self.next != self.included => Some(task),
            _ => None,
        }
    }

    /// Whether a checkpoint must not wait, or costs next to nothing.
    fn is_due(&mut self, policy: CheckpointPolicy) -> bool {
        let is_old = self.since.elapsed() >= policy.age_max;
        let changes = self.with_news().map(|task| task.store().changes());
        changes.is_some_and(|changes| changes >= policy.changes_max || is_old && changes <= ROWS_SMALL)
    }

    /// Whether the rest of a checkpoint goes with the next transaction.
    fn is_late(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.begun.elapsed() >= LATE)
    }

    /// Begins a checkpoint if there is anything for one; whether one is being written now.
    fn begin_checkpoint(&mut self) -> bool {
        let next = self.next;
        if let Some(task) = self.with_news() {
            self.pending = Pending::begin(task, next);
        }
        self.pending.is_some()
    }

    /// Adds more of the checkpoint that is being written to a transaction, or all that is left of it; when that was the last, up to where the log
    /// is in it.
    fn write_checkpoint(&mut self, partition: i32, all: bool, open: &mut Transaction) -> Option<i64> {
        let (Some(pending), Stage::Live(task, _)) = (&mut self.pending, &self.stage) else { return None };
        let is_done = pending.write(partition, task, all, open.records());
        open.touch((SourceTopic::Repartition, partition), self.next);
        if !is_done {
            return None;
        }
        (self.included, self.since) = (pending.next(), pending.begun);
        self.pending = None;
        Some(self.included)
    }

    /// A replay is over when the next record to take was never taken.
    fn go_live_before(&mut self, partition: i32, offset: i64) -> Result<(), BrokerError> {
        if !matches!(&self.stage, Stage::Replaying(_, committed) if offset >= committed.offset) {
            return Ok(());
        }
        let Stage::Replaying(task, committed) = std::mem::replace(&mut self.stage, Stage::Gone) else { return Ok(()) };
        check_account(partition, &task, &committed)?;
        tracing::info!(partition, offset = committed.offset, "task replayed");
        self.stage = Stage::Live(task, 0);
        Ok(())
    }
}

/// The offset that is committed for a task while it takes nothing.
fn committed_of(held: &Held) -> i64 {
    match &held.stage {
        Stage::Replaying(_, committed) => committed.offset,
        Stage::Restoring(..) | Stage::Live(..) | Stage::Gone => held.next,
    }
}

/// The log must hold every record from the checkpoint on.
fn check_start(partition: i32, included: Option<i64>, committed: Option<&Commit>, log: &Range<i64>) -> Result<(), BrokerError> {
    let from = included.unwrap_or(0);
    let problem = match committed.map(|committed| committed.offset) {
        None if included.is_some() => {
            format!(
                "has a checkpoint in the changelog, but the group has no committed offset: was the group deleted, or was it away for longer than \
                 the brokers' offsets.retention.minutes? {}",
                go_on_from(from)
            )
        }
        Some(committed) if committed > log.end => {
            format!(
                "ends at offset {}, before offset {committed} which the group has committed. Was the topic created anew? Start",
                log.end
            )
        }
        Some(committed) if committed < from => {
            format!("is in the changelog up to offset {from}, but the group has committed {committed}. Was it reset? {}", go_on_from(from))
        }
        _ if log.start > from => format!(
            "begins at offset {}, but the records from {from} on are needed. Was retention set on the topic, or the changelog emptied? Start",
            log.start
        ),
        _ => return Ok(()),
    };
    Err(log_error(partition, format_args!("its log {problem} over with a new topics.prefix and kafka.group_id")))
}

/// What to do where the checkpoint is all that is known: the end of a sentence.
fn go_on_from(included: i64) -> String {
    format!(
        "If waid was stopped by SIGTERM, set the group's offset of this partition to {included}; after a kill that would tell again what was told since, so start"
    )
}

/// A replay must have come to what was done at first.
fn check_account(partition: i32, task: &Task, committed: &Commit) -> Result<(), BrokerError> {
    let Some(account) = Account::parse(&committed.account) else { return Err(not_ours(partition, committed)) };
    if account.digest == task.digest() {
        return Ok(());
    }
    let versions = if account.step_version == STEP_VERSION {
        "Have the brokers lost records of it (an unclean election or restart)? Then start over with a new topics.prefix and kafka.group_id; if not, this is a defect: please report it"
            .to_owned()
    } else {
        format!(
            "It was done by version {} of the step, this is {STEP_VERSION}: let the version before stop by SIGTERM, which leaves nothing to replay",
            account.step_version
        )
    };
    Err(log_error(
        partition,
        format_args!("taking its log again up to offset {} did not do what was done at first. {versions}", committed.offset),
    ))
}

/// Nothing says then what was done of the log: records may be left out, or be told twice.
fn not_ours(partition: i32, committed: &Commit) -> BrokerError {
    log_error(
        partition,
        format_args!(
            "the offset {} that the group has for it was not committed by waid: was it reset? Only those of inputs may be. Start over with a new \
             topics.prefix and kafka.group_id",
            committed.offset
        ),
    )
}

fn unclaimed(partition: i32) -> BrokerError {
    log_error(
        partition,
        format_args!(
            "its log was read before, but the group has no committed offset: was the group deleted or renamed? Restore its offsets, or start over \
             with a new topics.prefix and kafka.group_id"
        ),
    )
}

fn log_error(partition: i32, what: fmt::Arguments<'_>) -> BrokerError {
    BrokerError::Log(format!("partition {partition} of the repartition topic: {what}"))
}

/// Entities are spread over the partitions by their count: with another count, each would be looked for in the wrong place.
fn check_partitions(control: &Control, partitions: PartitionCounts) -> Result<(), BrokerError> {
    let said = control.repartition_partitions;
    if said == partitions.repartition {
        return Ok(());
    }
    Err(BrokerError::Log(format!("the repartition topic has {} partitions, but {}", partitions.repartition, count_is_fixed(said))))
}

#[cfg(test)]
mod tests;
