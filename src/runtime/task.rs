//! A task: the state of one partition of the repartition topic, fed by nothing but that partition's log.

use super::digest::Digest;
use super::time::{HOPS, HOPS_TO_MESSAGES, StreamTime};
use crate::domain::circle::LARGE;
use crate::domain::entity::{CircleEvent, Entity, Envelope, Event, Original};
use crate::domain::event::{Reason, Rejection};
use crate::domain::output::{DeadLetter, Output};
use crate::domain::state::Key;
use crate::domain::step::{Counts, Settings, Step};
use crate::store::memory::Memory;
use crate::wire::DecodeError;
use crate::wire::marker::{Marker, NamedApp};
use crate::wire::packed::{Control, Mark, Packed, Parts, SourceTopic, Stamp};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An event that has passed more entities than this since ingest is worth an alarm: a dozen is ordinary, and each circle that another took in
/// adds one, as does each number that a person moved on to.
const FAR: u32 = 1_000;

/// Nothing passes more. No event goes round for ever, for each step of a way that could come back leads to a smaller home, or makes a row ask
/// about one number more; so this is a defect, which would keep the task from all else.
const HOPS_MAX: u32 = 1_000_000;

/// How much is acted on at once when stream time moves on: it jumps by days when a backlog was read, and then as many sends may have expired as there
/// are. 10 000 of them, or ten times as many rows to forget, fit into a transaction, also where brokers take a few MB a second.
const DUE_COST_MAX: usize = 100_000;

/// The state of one partition, and what it needs to go on.
pub struct Task {
    partition: i32,
    store: Memory,
    control: Option<Control>,
    early: Vec<Envelope>,
    parts: Parts,
    /// What follows from the event at hand on this partition; empty between two events.
    queue: VecDeque<Envelope>,
    newest: BTreeMap<(SourceTopic, i32), (u32, i64, u32)>,
    time: StreamTime,
    /// Whether stream time has passed the deadlines of more rows than were acted on.
    is_behind: bool,
    digest: Digest,
    counts: TaskCounts,
}

/// What a task has counted since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    /// Events taken.
    pub events: u64,
    /// Of these: straight from inputs.
    pub first: u64,
    /// What the core counts.
    pub core: Counts,
    /// What went to other partitions, or came from them.
    pub crossed: Crossed,
    /// Packed records that were already there.
    pub stale: u64,
    /// Events that failed and were dead-lettered.
    pub failed: u64,
    /// Events that had passed very many entities.
    pub far: u64,
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
            parts: Parts::default(),
            queue: VecDeque::new(),
            newest: BTreeMap::new(),
            time: StreamTime::default(),
            is_behind: false,
            digest: Digest::default(),
            counts: TaskCounts::default(),
        }
    }

    /// A task as a checkpoint has it.
    #[must_use]
    pub fn restore(partition: i32, store: Memory, marker: &Marker) -> Self {
        let newest = marker.newest.iter().map(|stamp| ((stamp.topic, stamp.partition), (stamp.epoch, stamp.offset, stamp.chunk)));
        Self {
            partition,
            store,
            control: Some(marker.control.clone()),
            early: Vec::new(),
            parts: Parts::default(),
            queue: VecDeque::new(),
            newest: newest.collect(),
            time: StreamTime::restore(&marker.marks, &marker.reached),
            is_behind: false,
            digest: Digest(marker.digest),
            counts: TaskCounts::default(),
        }
    }

    /// What a checkpoint says of the task besides its rows, when the log was taken up to `next`; `None` before its first control record.
    #[must_use]
    pub fn marker(&self, next: i64) -> Option<Marker> {
        let newest = self.newest.iter().map(|((topic, partition), (epoch, offset, chunk))| Stamp {
            topic: *topic,
            partition: *partition,
            offset: *offset,
            chunk: *chunk,
            epoch: *epoch,
        });
        Some(Marker {
            next,
            control: self.control.clone()?,
            newest: newest.collect(),
            marks: self.time.marks(),
            reached: self.time.passed_on(self.partition).collect(),
            digest: self.digest.0,
            segment_first: self.store.segments().start,
            segment_next: self.store.segments().end,
            texts: self.store.names().texts().to_vec(),
            apps: self.store.names().apps().iter().cloned().map(NamedApp).collect(),
        })
    }

    /// Whether its rows are its state: not before its first control record, and not while a record has come in part.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.control.is_some() && self.parts.is_empty()
    }

    /// Takes one record of the log. Events before the first control record wait for it, since it says how to take them.
    ///
    /// # Errors
    /// When parts of a record do not belong together.
    pub fn take(&mut self, packed: Packed, sink: &mut dyn Sink) -> Result<(), DecodeError> {
        if packed.stamp.is_some_and(|stamp| self.is_stale(stamp)) {
            self.counts.stale += 1;
            tracing::error!(
                partition = self.partition,
                "a packed record came twice and was dropped: another instance may have passed fencing"
            );
            return Ok(());
        }
        let Some(packed) = self.parts.take(packed)? else { return Ok(()) };
        let foreign = packed.stamp.is_some_and(|stamp| stamp.topic == SourceTopic::Repartition && stamp.partition != self.partition);
        let moves = self.counts.core.moves;
        self.time.note(&packed.marks);
        if let Some(control) = packed.control {
            self.store.set(&control.settings);
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
        if !packed.marks.is_empty() {
            self.advance(sink);
        }
        Ok(())
    }

    /// How far it has come, to be told to all partitions.
    pub fn marks(&self) -> impl Iterator<Item = Mark> + '_ {
        self.time.passed_on(self.partition)
    }

    /// Its clocks.
    #[must_use]
    pub const fn time(&self) -> &StreamTime {
        &self.time
    }

    /// What it has told so far, as a number.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
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

    /// Its rows, for a checkpoint.
    pub const fn store_mut(&mut self) -> &mut Memory {
        &mut self.store
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
        let mut queue = std::mem::take(&mut self.queue);
        queue.push_back(envelope);
        let partitions = self.control.as_ref().expect("checked by the caller").repartition_partitions;
        while let Some(envelope) = queue.pop_front() {
            for told in self.step(&envelope, sink) {
                let entity = told.to.stable_hash();
                let partition = partition_of_hash(entity, partitions);
                if partition == self.partition {
                    queue.push_back(told);
                } else {
                    self.counts.crossed.count(&told.event);
                    self.digest.tell(entity, &told);
                    sink.send(partition, &told);
                }
            }
        }
        self.queue = queue;
    }

    /// Moves stream time on, and acts on the rows whose deadline it has passed: those of message ids by the clock of the last hop that can
    /// bring them anything, the others when everything has arrived everywhere.
    fn advance(&mut self, sink: &mut dyn Sink) {
        let Some(control) = &self.control else { return };
        self.time.advance(control);
        let settings = control.settings;
        let Some(now_ms) = self.time.reached(HOPS_TO_MESSAGES) else { return };
        let late_ms = self.time.reached(HOPS).unwrap_or(i64::MIN);
        let due = self.store.due(now_ms, late_ms, &settings, DUE_COST_MAX);
        self.is_behind = self.store.has_due(now_ms, late_ms);
        for key in due {
            let now_ms = if matches!(key, Key::Join(..)) { now_ms } else { late_ms };
            self.on_time(&key, now_ms, &settings, sink);
        }
    }

    /// Whether there is more to act on than was at once: the next marks of the log go on with it.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.is_behind
    }

    fn on_time(&mut self, key: &Key, now_ms: i64, settings: &Settings, sink: &mut dyn Sink) {
        let store = &mut self.store;
        let acted = catch_unwind(AssertUnwindSafe(|| {
            let step = Step::on_time(store, settings, key, now_ms);
            (step.outputs, step.counts)
        }));
        let Ok((outputs, counts)) = acted else {
            self.store.undo();
            self.store.watch(key, settings);
            self.counts.failed += 1;
            tracing::error!(partition = self.partition, "a row could not be looked at when its time had come: please report this defect");
            return;
        };
        self.store.keep(settings);
        self.store.watch(key, settings);
        self.counts.core += counts;
        self.publish(&outputs, sink);
    }

    fn publish(&mut self, outputs: &[Output], sink: &mut dyn Sink) {
        for output in outputs {
            self.digest.publish(output);
            sink.publish(output);
        }
    }

    fn step(&mut self, envelope: &Envelope, sink: &mut dyn Sink) -> Vec<Envelope> {
        self.counts.events += 1;
        self.counts.first += u64::from(envelope.hops == 0);
        if envelope.hops > FAR {
            self.note_far(envelope);
        }
        if envelope.hops > HOPS_MAX {
            self.fail(envelope, sink);
            return Vec::new();
        }
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
        self.store.keep(&settings);
        self.counts.core += counts;
        if counts.large_circles > 0 {
            self.note_large(counts.circle_facts_max);
        }
        self.publish(&outputs, sink);
        told
    }

    /// Says so once: where there is one such event there are many.
    fn note_far(&mut self, envelope: &Envelope) {
        self.counts.far += 1;
        if self.counts.far == 1 {
            let (partition, offset, hops) = (self.partition, envelope.cause.offset, envelope.hops);
            tracing::error!(partition, offset, hops, "an event has passed more than {FAR} entities: does it go round? It is taken still");
        }
    }

    /// Says so of the first circle, the second, the fourth, and so on.
    fn note_large(&self, facts: u64) {
        let circles = self.counts.core.large_circles;
        if circles.is_power_of_two() {
            tracing::warn!(
                partition = self.partition,
                facts,
                circles,
                "more than {LARGE} numbers and BSUIDs were seen together: a shared telephone, or a number for tests? Each further one costs more"
            );
        }
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
        let letter = DeadLetter { cause: envelope.cause.clone(), rejection, original: Original::default() };
        self.publish(&[Output::DeadLetter(letter)], sink);
    }
}

/// The partition that owns an entity: by waid's own hash, never by what a client's partitioner says.
#[must_use]
pub fn partition_of(entity: &Entity, partitions: i32) -> i32 {
    partition_of_hash(entity.stable_hash(), partitions)
}

fn partition_of_hash(hash: u64, partitions: i32) -> i32 {
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

#[cfg(test)]
mod tests;
