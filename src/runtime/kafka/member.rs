//! A worker's part in its group, as the callbacks and the broker share it.

use super::commit::Committer;
use super::ends::End;
use super::epochs::Epochs;
use super::group::Group;
use super::pressure::Pressure;
use super::reminder::Reminder;
use super::share;
use super::starts::Start;
use crate::runtime::broker::{BrokerError, Change, PartitionCounts, ReadEnd, Source};
use crate::runtime::workload::Workload;
use crate::wire::packed::SourceTopic;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// What the callbacks share with the broker.
pub(super) struct Member {
    /// Commits.
    pub committer: Committer,
    /// Which partitions are held, and since when.
    pub epochs: Epochs,
    /// How many partitions there are, once that is known.
    pub partitions: Option<PartitionCounts>,
    count_due: bool,
    /// Inputs of which nothing was heard for long.
    silent: Vec<Source>,
    reminder: Reminder,
    /// What the worker has at hand while it polls, so that it can be committed before partitions are let go; else nothing.
    work: Workload,
    /// Whether it is the worker's.
    lent: bool,
    /// What librdkafka reads.
    reading: BTreeSet<Source>,
    /// Tasks whose changelog is read, and up to where.
    restoring: BTreeMap<i32, i64>,
    /// Where inputs end that were not found to be read up to there.
    ends: Vec<End>,
    /// From where on inputs are read that an earlier owner has read up to there.
    begun: BTreeMap<Source, i64>,
    /// Whether inputs wait.
    pressure: Pressure,
    /// When inputs that had waited went on.
    resumed: Option<Instant>,
    abandoned: bool,
    changes: Vec<Change>,
    failure: Option<BrokerError>,
}

/// What is known of the end of an input is from before it waited until it was fetched again, at the latest after so long.
const FETCHED_AGAIN: Duration = Duration::from_secs(5);

impl Member {
    /// Holds nothing yet.
    pub fn new(committer: Committer, pressure: Pressure) -> Self {
        Self {
            committer,
            epochs: Epochs::default(),
            partitions: None,
            count_due: false,
            silent: Vec::new(),
            reminder: Reminder::default(),
            work: Workload::empty(),
            lent: false,
            reading: BTreeSet::new(),
            restoring: BTreeMap::new(),
            ends: Vec::new(),
            begun: BTreeMap::new(),
            pressure,
            resumed: None,
            abandoned: false,
            changes: Vec::new(),
            failure: None,
        }
    }

    /// The worker begins to poll with this at hand.
    pub fn lend(&mut self, work: &mut Workload) {
        self.lent = true;
        std::mem::swap(&mut self.work, work);
    }

    /// The poll is over: what is at hand still, and what has changed.
    pub fn give_back(&mut self, work: &mut Workload) -> Result<Vec<Change>, BrokerError> {
        if std::mem::take(&mut self.lent) {
            std::mem::swap(&mut self.work, work);
        }
        if work.open.is_empty() {
            self.epochs.begin_anew();
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let changes = std::mem::take(&mut self.changes);
        for change in &changes {
            if let Change::Assigned { source, .. } = change {
                self.epochs.begin(*source);
            }
        }
        Ok(changes)
    }

    /// Makes what is open visible; see [`Committer::commit`].
    pub fn commit(&mut self, consumer: &BaseConsumer<Group>, work: &mut Workload) -> Result<(), BrokerError> {
        let offsets = self.committer.commit(consumer, &mut self.epochs, work)?;
        self.reminder.committed(offsets.into_iter().map(|(source, commit)| (source, commit.offset)), Instant::now());
        let written = work.take_written();
        if let Some(purger) = &consumer.context().common().purger {
            for (partition, included) in written {
                purger.purge(partition, included);
            }
        }
        Ok(())
    }

    /// Nothing more has come for now: what is open so far is sent ahead. While the brokers let that into its partitions, there is time for what is
    /// to be done for checkpoints, which follows it.
    pub fn send_ahead(&mut self) -> Result<(), BrokerError> {
        // What partitions were given or taken meanwhile is for the worker to hear first.
        if self.failure.is_some() || self.committer.is_ahead() || !self.changes.is_empty() {
            return Ok(());
        }
        self.committer.send_ahead(&mut self.work.open)?;
        self.work.checkpoint_in_turn();
        self.committer.send_ahead(&mut self.work.open)
    }

    /// Something went wrong in a callback; the poll around it will say so.
    pub fn fail(&mut self, error: BrokerError) {
        self.failure.get_or_insert(error);
    }

    /// What goes with these partitions of the repartition topic, them included.
    pub fn shares(&self, tasks: &TopicPartitionList) -> Result<Vec<Source>, BrokerError> {
        let counts = self.partitions.expect("counted before the group is joined");
        let partitions: Vec<i32> = tasks.elements().iter().map(TopicPartitionListElem::partition).collect();
        match partitions.iter().find(|partition| **partition >= counts.repartition) {
            Some(_) => Err(BrokerError::Aborted("the repartition topic has more partitions than before".to_owned())),
            None => Ok(partitions.into_iter().flat_map(|partition| share::of_task(partition, counts)).collect()),
        }
    }

    /// The partitions have gone to others already, who began where the last commit ended: what was done since is theirs
    /// to do. Nothing of it was committed, and nothing is waited for here.
    pub fn drop_open(&mut self) {
        if self.committer.keeps_what_is_lost() && !self.abandoned {
            return;
        }
        self.work.drop_open();
        self.committer.give_up();
        self.epochs.begin_anew();
    }

    /// The partitions are still this worker's until the callback returns, and the group waits for it: what was done is
    /// committed, under the generation that begins, so that the next owner finds the offsets where the work ended, with
    /// the state of the tasks that go, so that it has nothing to take again.
    pub fn commit_open(&mut self, consumer: &BaseConsumer<Group>, taken: &[Source]) {
        if self.failure.is_some() {
            return;
        }
        self.work.checkpoint(|partition| taken.contains(&(SourceTopic::Repartition, partition)));
        if self.work.open.is_empty() {
            return;
        }
        let mut work = std::mem::replace(&mut self.work, Workload::empty());
        if let Err(error) = self.commit(consumer, &mut work) {
            self.fail(error);
        }
        self.work = work;
    }

    /// The worker is no more; whatever the group does now concerns nobody, and nothing of what is at hand may be committed.
    pub fn abandon(&mut self) {
        self.abandoned = true;
        self.lent = false;
        self.drop_open();
        self.work = Workload::empty();
    }

    /// What is begun next has nothing to do with the partitions that went, if nothing is open.
    pub fn begin_anew_if_closed(&mut self) {
        if self.lent && self.work.open.is_empty() {
            self.epochs.begin_anew();
        }
    }

    /// Whether the consumer is being closed.
    pub const fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    /// What is to be done every few seconds, with what was found of inputs: their ends, and of which nothing was heard for long. Offsets that would be forgotten are committed again with the worker's open
    /// transaction.
    pub fn tick(&mut self, ends: Vec<End>, silent: Vec<Source>) {
        (self.count_due, self.silent) = (true, silent);
        self.ends = if self.knows_ends() { ends } else { Vec::new() };
        if !self.lent {
            return;
        }
        for (source, offset) in self.reminder.due(Instant::now()) {
            self.work.open.touch(source, offset);
            self.epochs.begin(source);
        }
    }

    /// Notes that a record of this partition, of so many bytes, is taken.
    pub fn takes(&mut self, source: Source, bytes: usize) {
        self.committer.takes(source);
        if source.0 == SourceTopic::Repartition {
            self.pressure.weigh(u64::try_from(bytes).expect("fits"));
        }
    }

    /// The task that is furthest behind has so many records to read: whether inputs wait from now on, if that is new.
    pub fn judge(&mut self, behind_records: u64) -> Option<bool> {
        let waits = self.pressure.judge(behind_records)?;
        // An input that waits is not one that has come to its end.
        self.ends.clear();
        self.resumed = (!waits).then(Instant::now);
        Some(waits)
    }

    /// How many bytes so many records of the repartition log have, about.
    pub const fn behind_bytes(&self, records: u64) -> u64 {
        self.pressure.behind_bytes(records)
    }

    /// The inputs that wait, or would if any did.
    pub fn inputs(&self) -> Vec<Source> {
        self.reading.iter().copied().filter(|(topic, _)| matches!(topic, SourceTopic::Webhooks | SourceTopic::Sends)).collect()
    }

    /// Whether inputs wait.
    pub const fn inputs_wait(&self) -> bool {
        self.pressure.waiting()
    }

    fn knows_ends(&self) -> bool {
        !self.inputs_wait() && self.resumed.is_none_or(|resumed| resumed.elapsed() >= FETCHED_AGAIN)
    }

    /// These partitions are the worker's from now on.
    pub fn was_given(&mut self, starts: Vec<Start>) {
        self.reading.extend(starts.iter().filter_map(Start::reads).map(|(source, _)| source));
        self.reading.extend(starts.iter().filter_map(Start::waits).map(|(log, _)| log));
        for Start { source, committed, changelog, .. } in starts {
            self.epochs.given(source);
            if let Some(committed) = &committed {
                self.reminder.found(source, committed.offset);
                self.begun.insert(source, committed.offset);
            }
            self.changes.push(Change::Assigned { source, committed });
            match (source, changelog) {
                ((SourceTopic::Repartition, partition), Some(end)) => drop(self.restoring.insert(partition, end)),
                ((SourceTopic::Repartition, partition), None) => self.changes.push(Change::Restored(partition)),
                _ => {}
            }
        }
    }

    /// Up to where the changelog of a task is to be read still.
    pub fn restores(&self, partition: i32) -> Option<i64> {
        self.restoring.get(&partition).copied()
    }

    /// The changelog of a task was read to its end.
    pub fn was_restored(&mut self, partition: i32) {
        self.restoring.remove(&partition);
        self.changes.push(Change::Restored(partition));
    }

    /// Takes the ends of those inputs that were read up to there. What is behind the offset that was committed of one is for the open transaction.
    pub fn take_ends(&mut self, position: impl Fn(Source) -> Option<i64>) -> Vec<ReadEnd> {
        let begun = |source| self.begun.get(&source).copied();
        let (read, unread): (Vec<End>, _) = self.ends.drain(..).partition(|end| end.is_reached(position(end.source), begun(end.source)));
        self.ends = unread;
        let known = |End { source, offset, at_ms, .. }| {
            let behind = Some(offset).filter(|offset| self.reminder.newest(source).is_some_and(|committed| committed < *offset));
            ReadEnd { source, at_ms, behind }
        };
        let read: Vec<ReadEnd> = read.into_iter().map(known).collect();
        read.iter().filter(|end| end.behind.is_some()).for_each(|end| self.epochs.begin(end.source));
        read
    }

    /// Whether there are inputs that may have been read to their ends.
    pub fn waits_for_ends(&self) -> bool {
        !self.ends.is_empty()
    }

    /// These partitions are the worker's no more; when they are lost, all of them should be. What of them was being read.
    pub fn was_taken(&mut self, sources: &[Source], lost: bool) -> Vec<Source> {
        let mut read = Vec::new();
        for source in sources {
            if let (SourceTopic::Repartition, partition) = *source {
                self.restoring.remove(&partition);
                self.changes.retain(|change| *change != Change::Restored(partition));
                read.extend(self.reading.take(&(SourceTopic::Changelog, partition)));
            }
            read.extend(self.reading.take(source));
            self.ends.retain(|end| end.source != *source);
            self.begun.remove(source);
            self.epochs.taken(*source);
            self.reminder.forget(*source);
            // What was given and taken within one poll was never the worker's.
            let untold = self.changes.iter().position(|change| matches!(change, Change::Assigned { source: given, .. } if given == source));
            match untold {
                Some(untold) => drop(self.changes.remove(untold)),
                None => self.changes.push(Change::Revoked(*source)),
            }
        }
        if lost && self.epochs.held().next().is_some() {
            self.fail(BrokerError::Aborted("part of the partitions went to others".to_owned()));
        }
        read
    }

    /// Inputs of which nothing was heard for long.
    pub fn silent(&self) -> &[Source] {
        &self.silent
    }

    /// Whether it is time to see if a topic has grown; once for each time it was due.
    pub fn take_count_due(&mut self) -> bool {
        std::mem::take(&mut self.count_due)
    }
}
