//! A worker's part in its group, as the callbacks and the broker share it.

use super::commit::Committer;
use super::epochs::Epochs;
use super::group::Group;
use super::reminder::Reminder;
use super::share;
use super::starts::Start;
use crate::runtime::broker::{BrokerError, Change, PartitionCounts, Source};
use crate::runtime::transaction::Transaction;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::BaseConsumer;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use std::time::Instant;

/// What the callbacks share with the broker.
pub(super) struct Member {
    /// Commits.
    pub committer: Committer,
    /// Which partitions are held, and since when.
    pub epochs: Epochs,
    /// How many partitions there are, once that is known.
    pub partitions: Option<PartitionCounts>,
    count_due: bool,
    reminder: Reminder,
    /// The worker's open transaction while it polls, so that it can be committed before partitions are let go; else an
    /// empty one.
    open: Transaction,
    /// Whether it is the worker's.
    lent: bool,
    abandoned: bool,
    changes: Vec<Change>,
    failure: Option<BrokerError>,
}

impl Member {
    /// Holds nothing yet. `empty` is a transaction with nothing in it.
    pub fn new(committer: Committer, empty: Transaction) -> Self {
        Self {
            committer,
            epochs: Epochs::default(),
            partitions: None,
            count_due: false,
            reminder: Reminder::default(),
            open: empty,
            lent: false,
            abandoned: false,
            changes: Vec::new(),
            failure: None,
        }
    }

    /// The worker begins to poll with this open transaction.
    pub fn lend(&mut self, open: &mut Transaction) {
        self.lent = true;
        std::mem::swap(&mut self.open, open);
    }

    /// The poll is over: what is open still, and what has changed.
    pub fn give_back(&mut self, open: &mut Transaction) -> Result<Vec<Change>, BrokerError> {
        self.lent = false;
        std::mem::swap(&mut self.open, open);
        if open.is_empty() {
            self.epochs.end();
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
    pub fn commit(&mut self, consumer: &BaseConsumer<Group>, open: &mut Transaction) -> Result<(), BrokerError> {
        let offsets = self.committer.commit(consumer, &mut self.epochs, open)?;
        self.reminder.committed(offsets, Instant::now());
        Ok(())
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
    /// to do. Nothing of it was sent, and nothing is waited for here.
    pub fn drop_open(&mut self) {
        if self.committer.keeps_what_is_lost() && !self.abandoned {
            return;
        }
        drop(self.open.finish());
        self.epochs.end();
    }

    /// The partitions are still this worker's until the callback returns, and the group waits for it: what was done is
    /// committed, under the generation that begins, so that the next owner finds the offsets where the work ended.
    pub fn commit_open(&mut self, consumer: &BaseConsumer<Group>) {
        if self.open.is_empty() || self.failure.is_some() {
            return;
        }
        match self.committer.commit(consumer, &mut self.epochs, &mut self.open) {
            Ok(offsets) => self.reminder.committed(offsets, Instant::now()),
            Err(error) => self.fail(error),
        }
    }

    /// The worker is no more; whatever the group does now concerns nobody.
    pub fn abandon(&mut self) {
        self.abandoned = true;
        self.lent = false;
        self.drop_open();
    }

    /// Whether the consumer is being closed.
    pub const fn is_abandoned(&self) -> bool {
        self.abandoned
    }

    /// What is to be done every few seconds. Offsets that would be forgotten are committed again with the worker's open
    /// transaction.
    pub fn tick(&mut self) {
        self.count_due = true;
        if !self.lent {
            return;
        }
        for (source, offset) in self.reminder.due(Instant::now()) {
            self.open.touch(source, offset);
            self.epochs.begin(source);
        }
    }

    /// These partitions are the worker's from now on.
    pub fn was_given(&mut self, starts: &[Start]) {
        for Start { source, committed } in starts {
            self.epochs.given(*source);
            if let Some(committed) = committed {
                self.reminder.found(*source, *committed);
            }
            self.changes.push(Change::Assigned { source: *source, committed: *committed });
        }
    }

    /// These partitions are the worker's no more; when they are lost, all of them should be.
    pub fn was_taken(&mut self, sources: &[Source], lost: bool) {
        for source in sources {
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
    }

    /// Whether it is time to see if a topic has grown; once for each time it was due.
    pub fn take_count_due(&mut self) -> bool {
        std::mem::take(&mut self.count_due)
    }
}
