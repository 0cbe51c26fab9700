//! A task: the state of one partition of the repartition topic, fed by nothing but that partition's log.

use crate::domain::entity::{CircleEvent, Entity, Envelope, Event, Original};
use crate::domain::event::{Reason, Rejection};
use crate::domain::output::{DeadLetter, Output};
use crate::domain::step::{Counts, Step};
use crate::store::memory::Memory;
use crate::wire::packed::{Control, Packed, SourceTopic, Stamp};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The state of one partition, and what it needs to go on.
pub struct Task {
    partition: i32,
    store: Memory,
    control: Option<Control>,
    early: Vec<Envelope>,
    newest: BTreeMap<(SourceTopic, i32), (u32, i64, u32)>,
    counts: TaskCounts,
}

/// What a task has counted since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// Events taken.
    pub events: u64,
    /// What the core counts.
    pub core: Counts,
    /// What went to other partitions, or came from them.
    pub crossed: Crossed,
    /// Packed records that were already there.
    pub stale: u64,
    /// Events that failed and were dead-lettered.
    pub failed: u64,
}

/// What passed from one partition to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossed {
    /// Events sent on, of all kinds.
    pub events: u64,
    /// Of these: circles found to be one.
    pub links: u64,
    /// Of these: circles handed over.
    pub hand_overs: u64,
    /// Of these: identities found to be another's, told to the home that founded them.
    pub merges: u64,
    /// Messages told to belong elsewhere, because of an event of another partition.
    pub moves: u64,
}

/// Where what follows from a record goes.
pub trait Sink {
    /// A record to publish.
    fn publish(&mut self, output: &Output);
    /// An event for an entity of another partition.
    fn send(&mut self, partition: i32, envelope: &Envelope);
}

impl Task {
    /// An empty task.
    #[must_use]
    pub fn new(partition: i32) -> Self {
        Self {
            partition,
            store: Memory::default(),
            control: None,
            early: Vec::new(),
            newest: BTreeMap::new(),
            counts: TaskCounts::default(),
        }
    }

    /// Takes one record of the log. Events before the first control record wait for it, since it says how to take them.
    pub fn take(&mut self, packed: Packed, sink: &mut dyn Sink) {
        if packed.stamp.is_some_and(|stamp| self.is_stale(stamp)) {
            self.counts.stale += 1;
            tracing::error!(
                partition = self.partition,
                "a packed record came twice and was dropped: another instance may have passed fencing"
            );
            return;
        }
        let foreign = packed.stamp.is_some_and(|stamp| stamp.topic == SourceTopic::Repartition && stamp.partition != self.partition);
        let moves = self.counts.core.moves;
        if let Some(control) = packed.control {
            self.control = Some(control);
            for envelope in std::mem::take(&mut self.early) {
                self.take_event(envelope, sink);
            }
        }
        for envelope in packed.events {
            match self.control {
                Some(_) => self.take_event(envelope, sink),
                None => self.early.push(envelope),
            }
        }
        if foreign {
            self.counts.crossed.moves += self.counts.core.moves - moves;
        }
    }

    /// What it has counted.
    #[must_use]
    pub const fn counts(&self) -> &TaskCounts {
        &self.counts
    }

    /// Its rows.
    #[must_use]
    pub const fn store(&self) -> &Memory {
        &self.store
    }

    /// The control record in force.
    #[must_use]
    pub const fn control(&self) -> Option<&Control> {
        self.control.as_ref()
    }

    /// Whether a record of this sender was taken at or after this position.
    fn is_stale(&mut self, stamp: Stamp) -> bool {
        let position = (stamp.epoch, stamp.offset, stamp.chunk);
        match self.newest.insert((stamp.topic, stamp.partition), position) {
            Some(newest) if newest >= position => {
                self.newest.insert((stamp.topic, stamp.partition), newest);
                true
            }
            _ => false,
        }
    }

    /// Takes an event and, at once, all that follows from it on this partition; the rest is sent on.
    fn take_event(&mut self, envelope: Envelope, sink: &mut dyn Sink) {
        let mut queue = VecDeque::from([envelope]);
        let partitions = self.control.as_ref().expect("checked by the caller").repartition_partitions;
        while let Some(envelope) = queue.pop_front() {
            for told in self.step(&envelope, sink) {
                let partition = partition_of(&told.to, partitions);
                if partition == self.partition {
                    queue.push_back(told);
                } else {
                    self.counts.crossed.count(&told.event);
                    sink.send(partition, &told);
                }
            }
        }
    }

    fn step(&mut self, envelope: &Envelope, sink: &mut dyn Sink) -> Vec<Envelope> {
        self.counts.events += 1;
        let settings = self.control.as_ref().expect("checked by the caller").settings;
        let store = &mut self.store;
        let taken = catch_unwind(AssertUnwindSafe(|| {
            let step = Step::take(store, &settings, envelope);
            (step.told, step.outputs, step.counts)
        }));
        let Ok((told, outputs, counts)) = taken else {
            self.fail(envelope, sink);
            return Vec::new();
        };
        self.store.keep();
        self.counts.core += counts;
        for output in &outputs {
            sink.publish(output);
        }
        told
    }

    /// A defect of the core costs the one event, the same one at every replay.
    fn fail(&mut self, envelope: &Envelope, sink: &mut dyn Sink) {
        self.store.undo();
        self.counts.failed += 1;
        tracing::error!(
            partition = self.partition,
            offset = envelope.cause.offset,
            "an event failed and was dead-lettered: please report this defect"
        );
        let rejection = Rejection { reason: Reason::Internal, detail: "waid failed on this element".to_owned() };
        sink.publish(&Output::DeadLetter(DeadLetter { cause: envelope.cause.clone(), rejection, original: Original::default() }));
    }
}

/// The partition that owns an entity: by waid's own hash, never by what a client's partitioner says.
#[must_use]
pub fn partition_of(entity: &Entity, partitions: i32) -> i32 {
    let hash = entity.stable_hash();
    let partitions = u64::try_from(partitions).expect("a topic has partitions");
    i32::try_from(hash % partitions).expect("less than an i32")
}

impl Crossed {
    fn count(&mut self, event: &Event) {
        self.events += 1;
        match event {
            Event::Circle(CircleEvent::Link(_)) => self.links += 1,
            Event::Circle(CircleEvent::HandOver(_)) => self.hand_overs += 1,
            Event::Absorbed(_) => self.merges += 1,
            _ => {}
        }
    }
}
