//! The truth of a simulated world is what the worker finds, over several partitions and in an order that no broker would give.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use waid::domain::apps::Apps;
use waid::domain::event::Source;
use waid::domain::step;
use waid::runtime::broker::PartitionCounts;
use waid::runtime::ingest::Ingest;
use waid::runtime::memory::{MemoryBroker, Record};
use waid::runtime::worker::{CommitPolicy, Deployment, Worker};
use waid::runtime::workload::STEP_VERSION;
use waid::traffic::audit::{Audit, Published};
use waid::traffic::truth::Row;
use waid::traffic::{Formats, Settings, World};
use waid::wire::output::{Format, Outputs};
use waid::wire::packed::SourceTopic;
use waid::wire::record::{OutRecord, Topic};

const INPUT_PARTITIONS: usize = 4;

/// Shuffled records over all partitions, read in no order.
fn broker(world: &World, repartition: i32) -> MemoryBroker {
    let mut random = ChaCha8Rng::seed_from_u64(world.settings().seed);
    let mut below = move |bound: usize| usize::try_from(random.next_u64() % bound as u64).expect("fits");
    let mut inputs: Vec<_> = world.inputs().collect();
    for last in (1..inputs.len()).rev() {
        inputs.swap(last, below(last + 1));
    }
    let partitions = i32::try_from(INPUT_PARTITIONS).expect("few");
    let counts = PartitionCounts { webhooks: partitions, sends: partitions, repartition };
    let mut offsets = BTreeMap::new();
    let places: Vec<i32> = inputs.iter().map(|_| i32::try_from(below(INPUT_PARTITIONS)).expect("few")).collect();
    let mut broker = MemoryBroker::new(counts, Box::new(move |ready| below(ready.len())));
    for (input, partition) in inputs.into_iter().zip(places) {
        let topic = match input.source {
            Source::Webhooks => SourceTopic::Webhooks,
            Source::Sends => SourceTopic::Sends,
        };
        let offset = offsets.entry((topic, partition)).or_insert(0);
        let record =
            Record { offset: *offset, timestamp_ms: input.kafka_ms, key: input.key, value: Some(input.value), headers: Vec::new() };
        broker.append((topic, partition), record);
        *offset += 1;
    }
    broker
}

/// What the worker publishes of it.
fn published(world: &World, broker: MemoryBroker, records_max: usize) -> Vec<OutRecord> {
    played(world, broker, records_max).broker_mut().take_published()
}

/// A worker that has read all of it.
fn played(world: &World, broker: MemoryBroker, records_max: usize) -> Worker<MemoryBroker> {
    let settings = step::Settings::USUAL;
    let commit = CommitPolicy { records_max, bytes_max: usize::MAX, age_max: Duration::MAX, keeping_up: 0.0 };
    let (webhooks, sends) = ("webhooks".to_owned(), "sends".to_owned());
    let outputs =
        Outputs { format: Format::Json, webhooks: webhooks.clone(), sends: sends.clone(), keys_name_tenant: world.settings().tenants > 1 };
    let deployment = Deployment { webhooks, sends, settings, commit, tick: None, checkpoint: None };
    let mut worker =
        Worker::new(broker, Ingest::new(Apps::new(&world.listed_apps())), deployment, Arc::new(outputs)).expect("memory answers");
    while worker.broker().has_more() {
        while worker.turn(Duration::ZERO).expect("memory does not fail") {}
    }
    worker
}

/// What was published of the world, as its audit takes it in.
fn audit(records: &[OutRecord]) -> Audit {
    let mut audit = Audit::default();
    for record in records {
        let published = match record.topic {
            Topic::IdentityResolved => Published::IdentityResolved,
            Topic::Identities => Published::Identities,
            Topic::ConversationAssigned => Published::ConversationAssigned,
            Topic::SendUnresolved => Published::SendUnresolved,
            Topic::DeadLetter => Published::DeadLetter,
            Topic::Repartition | Topic::Changelog => unreachable!("internal"),
        };
        let reason = record.headers.iter().find(|(name, _)| name == "waid-reason").and_then(|(_, value)| value.clone());
        let reason = reason.map(|reason| String::from_utf8(reason.into_owned()).expect("text"));
        audit.take(published, record.payload.as_deref().unwrap_or_default(), reason.as_deref());
    }
    audit
}

/// The keys of all rows.
fn keys(records: Vec<OutRecord>) -> BTreeSet<String> {
    let rows = records.into_iter().filter(|record| record.topic == Topic::Identities);
    rows.map(|record| String::from_utf8(record.key.expect("a key")).expect("text")).collect()
}

#[test]
fn the_truth_is_found_whatever_the_order() {
    let cases = [
        (1, 1, 1000, Formats::V2),
        (2, 3, 1, Formats::V2),
        (3, 7, 50, Formats::V2),
        (4, 3, 50, Formats::V3),
        (5, 2, 7, Formats::Both),
        (6, 1, 1000, Formats::All),
        (7, 3, 50, Formats::All),
        (8, 7, 7, Formats::All),
    ];
    for (seed, repartition, records_max, formats) in cases {
        let settings = match formats {
            Formats::All => Settings { visits: 4, ..Settings::of_all_kinds(seed, 500, 1_776_000_000_000) },
            Formats::V2 | Formats::V3 | Formats::Both => {
                Settings { visits: 3, apps: 3, formats, ..Settings::new(seed, 400, 1_776_000_000_000) }
            }
        };
        let world = World::new(settings);
        let records = published(&world, broker(&world, repartition), records_max);
        assert_eq!(audit(&records).verdict(&world).differences, [], "seed {seed}");
        let of_tenant = |row: &Row| if settings.tenants > 1 { format!("{}:{}", row.tenant, row.address) } else { row.address.clone() };
        let rows: BTreeSet<String> = world.truths().flat_map(|truth| truth.rows).map(|row| of_tenant(&row)).collect();
        assert_eq!(keys(records), rows, "seed {seed}");
    }
}

/// A log that is taken again must come to what was told at first, or a task stops. So whoever changes what is decided says so.
#[test]
fn what_is_decided_is_of_this_version_of_the_step() {
    let mut told = 0_u64;
    for seed in 1..=12 {
        let world = World::new(Settings::of_all_kinds(seed, 60, 1_760_000_000_000));
        for (_, task) in played(&world, broker(&world, 3), 50).tasks() {
            told = told.rotate_left(7) ^ task.digest().0;
        }
    }
    assert_eq!((STEP_VERSION, told), (8, 0xb865_e668_cc9e_9d64), "{told:#x}: raise STEP_VERSION, and put both here");
}
