//! Seeded histories: from realistic traffic among people who change numbers, to random facts over a tiny universe.

mod adversarial;
mod copies;
mod dice;
mod edges;
pub mod handmade;
mod lively;
mod sends;
mod world;

use super::history::Record;
use super::reference::Settings;

/// Whether histories hold echoes and renamings, and numbers repeated beside BSUIDs that belong elsewhere.
pub const NEWER_FACTS: bool = true;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People with numbers and BSUIDs who write, answer, move, swap and recycle. Kafka times lie within one retention.
    Lively,
    /// Random facts over 3 numbers, 3 BSUIDs, 5 message ids and a few times. `people` and `density` mean nothing.
    Adversarial,
    /// Isolated sends whose only evidence lies at the edge of `join.timeout`. `people` and `density` mean nothing.
    JoinEdges,
    /// Isolated people whose messages' Kafka times lie at the edge of a tie. `people` and `density` mean nothing.
    KafkaEdges,
}

#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub seed: u64,
    pub kind: Kind,
    /// Records in all, 20 to 5000.
    pub events: usize,
    /// 2 to 200.
    pub people: usize,
    /// From 0 (everyone for themselves, over a month) to 1 (all on a few numbers, within days, with many changes).
    pub density: f64,
    pub settings: Settings,
    /// Numbers, BSUIDs and message ids of one world are never those of another, below 1000. Means nothing for `Kind::Adversarial`.
    pub world: usize,
    /// Echoes, renamings, and numbers repeated beside BSUIDs that belong elsewhere.
    pub newer_facts: bool,
    /// Portfolios, a second tenant, statuses with two candidate ids, and facts that are lost.
    pub wide: bool,
}

impl Options {
    pub fn new(seed: u64, kind: Kind, events: usize, people: usize, density: f64) -> Self {
        Options { seed, kind, events, people, density, settings: Settings::default(), world: 0, newer_facts: NEWER_FACTS, wide: true }
    }
}

/// A history in the order of its Kafka times, never outside the guarantee (see `guarantee`).
pub fn generate(options: &Options) -> Vec<Record> {
    let mut records = match options.kind {
        Kind::Lively => lively::generate(options),
        Kind::Adversarial => adversarial::generate(options),
        Kind::JoinEdges => edges::at_join_timeout(options),
        Kind::KafkaEdges => edges::at_tie_limit(options),
    };
    records.truncate(options.events);
    records.sort_by_key(|record| record.kafka_ms);
    records
}
