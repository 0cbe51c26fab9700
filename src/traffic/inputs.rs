//! The records of a world in the order in which they reach Kafka, made as they are asked for.

use super::apps::Format;
use super::body;
use super::visit::{Happening, Script, Visit};
use super::{VISIT_LASTS_MS_MAX, World};
use crate::domain::event::Source;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// A record of an input topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Which topic.
    pub source: Source,
    /// Its key. Webhooks have none, as receivers seldom know one; sends have the business's id of the person.
    pub key: Option<Vec<u8>>,
    /// Its value.
    pub value: Vec<u8>,
    /// Its Kafka timestamp, ms.
    pub kafka_ms: i64,
}

/// All records of a world. What is kept is only the visits that have begun and not ended.
pub struct Inputs {
    world: World,
    next_visit: u32,
    next_person: u32,
    pending: BinaryHeap<Pending>,
    begun: u64,
    script: Script,
}

/// A record that is not due yet.
struct Pending {
    kafka_ms: i64,
    order: u64,
    happening: Happening,
    format: Format,
    visit: Arc<Visit>,
}

/// An event that comes in two formats comes a little later in the second, ms.
const TWIN_AFTER_MS: usize = 35;

impl Inputs {
    pub(super) fn new(world: World) -> Self {
        Self { world, next_visit: 0, next_person: 0, pending: BinaryHeap::new(), begun: 0, script: Script::new() }
    }

    /// Begins visits until nothing that they bring can come before what is due.
    fn begin_visits(&mut self) {
        while self.next_visit < self.world.settings.visits {
            let start_ms = self.world.visit_start_ms(self.next_person, self.next_visit);
            if self.pending.peek().is_some_and(|due| due.kafka_ms < start_ms) {
                return;
            }
            self.begin_visit(start_ms);
            self.next_person += 1;
            if self.next_person == self.world.settings.people {
                self.next_person = 0;
                self.next_visit += 1;
            }
        }
    }

    fn begin_visit(&mut self, start_ms: i64) {
        let person = self.world.person(self.next_person);
        let mut script = std::mem::take(&mut self.script);
        let visit = Arc::new(Visit::play(&self.world, person, self.next_visit, start_ms, &mut script));
        for (kafka_ms, happening) in script.drain(..) {
            debug_assert!((start_ms..start_ms + VISIT_LASTS_MS_MAX).contains(&kafka_ms), "a visit took from {start_ms} to {kafka_ms}");
            let app = person.app_of(visit.number);
            for (format, kafka_ms) in self.world.told_in(app, &happening).zip((kafka_ms..).step_by(TWIN_AFTER_MS)) {
                self.pending.push(Pending { kafka_ms, order: self.begun, happening, format, visit: visit.clone() });
                self.begun += 1;
            }
        }
        self.script = script;
    }
}

impl Iterator for Inputs {
    type Item = Input;

    fn next(&mut self) -> Option<Input> {
        self.begin_visits();
        let Pending { kafka_ms, happening, format, visit, .. } = self.pending.pop()?;
        Some(body::input(&self.world, &visit, happening, format, kafka_ms))
    }
}

impl Ord for Pending {
    /// The greatest is the one that is due first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.kafka_ms, other.order).cmp(&(self.kafka_ms, self.order))
    }
}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Pending {}
