//! Nothing is lost in silence: each element of the inputs is accounted for in exactly one way, and the counters say so.
//!
//! elements = of no interest + dead-lettered on sight + used; events of used ones = known to the state + duplicates + what only names a
//! person again; and when all time has passed: sends = assigned + unresolved, and what is known of no send = unmatched. A model that knows
//! nothing of threads and identities holds what the state must hold.

#[path = "conservation/feed.rs"]
mod feed;
#[path = "conservation/ledger.rs"]
mod ledger;

use feed::Feed;
use ledger::Ledger;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use waid::cli::pipeline;
use waid::config::Config;
use waid::domain::event::Reason;
use waid::runtime::broker::PartitionCounts;
use waid::runtime::ingest::Ingest;
use waid::runtime::marks::TickPolicy;
use waid::runtime::memory::{MemoryBroker, Record};
use waid::runtime::reading::Reading;
use waid::runtime::worker::{CommitPolicy, Deployment, Worker};
use waid::wire::packed::SourceTopic;
use waid::wire::record::{OutRecord, Topic};

/// What only the state can find wrong; all else is found on sight.
const FOUND_LATER: [Reason; 3] = [Reason::ForeignJoin, Reason::InconsistentMismatch, Reason::Internal];

fn worker() -> Worker<MemoryBroker> {
    let config = Config::default();
    let broker = MemoryBroker::new(PartitionCounts { webhooks: 1, sends: 1, repartition: 1 }, Box::new(|_| 0));
    let commit = CommitPolicy { age_max: Duration::MAX, keeping_up: 0.0, ..CommitPolicy::default() };
    let at_the_end = TickPolicy { pause: Duration::MAX, step_ms: 0, idle: Duration::MAX };
    let deployment = Deployment { tick: Some(at_the_end), ..pipeline::deployment(&config, commit) };
    let vitals = Arc::clone(broker.vitals());
    let ingest = Ingest::new(pipeline::apps(&config));
    Worker::new(broker, ingest, deployment, Arc::new(pipeline::outputs(&config))).expect("memory answers").with_vitals(vitals)
}

fn work(worker: &mut Worker<MemoryBroker>) -> Reading {
    while worker.turn(Duration::ZERO).expect("memory does not fail") {}
    worker.broker().vitals().reading(0)
}

fn take(worker: &mut Worker<MemoryBroker>, offset: i64, topic: SourceTopic, timestamp_ms: i64, body: &[u8]) -> Reading {
    worker.broker_mut().append((topic, 0), Record { offset, timestamp_ms, value: Some(body.to_vec()), ..Record::default() });
    work(worker)
}

/// The ids of the messages that records of a topic tell of, in one direction.
fn told(records: &[OutRecord], topic: Topic, direction: Option<&str>) -> BTreeSet<(String, String)> {
    let payloads = records.iter().filter(|record| record.topic == topic);
    let payloads = payloads.map(|record| serde_json::from_slice::<Value>(record.payload.as_deref().expect("an event")).expect("JSON"));
    let of = payloads.filter(|payload| direction.is_none_or(|direction| payload["direction"] == direction));
    let id = if direction == Some("INBOUND") { "whatsapp_message_id" } else { "message_id" };
    of.map(|payload| (payload["app"].to_string(), payload[id].to_string())).collect()
}

#[test]
fn every_element_is_accounted_for() {
    for seed in [1, 2, 3] {
        let feed = Feed::new(seed);
        let (mut worker, mut ledger) = (worker(), Ledger::new());
        work(&mut worker);
        let mut reading = Reading::default();
        for (offset, fed) in (0..).zip(&feed.records) {
            reading = take(&mut worker, offset, fed.topic, fed.kafka_ms, &fed.body);
            ledger.take(fed);
        }
        assert_eq!(reading.elements, feed.elements, "seed {seed}: elements fed, as they were built");
        let letters = |later: bool| -> u64 {
            Reason::ALL
                .iter()
                .filter(|reason| FOUND_LATER.contains(reason) == later)
                .map(|reason| reading.dead_letters[*reason as usize])
                .sum()
        };
        let ignored: u64 = reading.ignored.values().sum();
        assert_eq!((ignored, letters(false)), (ledger.ignored, ledger.rejected), "seed {seed}: {reading:?}");
        assert_eq!(reading.elements, ignored + letters(false) + ledger.used, "seed {seed}");

        let (_, task) = worker.tasks().next().expect("one task");
        assert_eq!((task.counts().first, task.counts().failed), (ledger.events, 0), "seed {seed}: all events arrive");
        assert_eq!((reading.duplicates, reading.repeated), (ledger.duplicates, ledger.repeated), "seed {seed}");
        assert_eq!(ledger.difference(task.store()), Vec::<String>::new(), "seed {seed}: what is known is in the state");
        assert_eq!(reading.unmatched, 0, "seed {seed}: nothing is given up while time stands still");
        let categories = [ignored, letters(false), letters(true), ledger.used, ledger.duplicates, ledger.repeated, ledger.unmatched()];
        assert!(categories.iter().all(|count| *count > 0), "seed {seed}: {categories:?} of {reading:?}");

        let end_ms = feed.end_ms + 60 * 86_400_000;
        for offset in 0..2 {
            take(&mut worker, 1_000_000 + offset, SourceTopic::Webhooks, end_ms, feed::CLOCK);
        }
        worker.end_of_inputs();
        let reading = work(&mut worker);
        let published = worker.broker_mut().take_published();
        assert_eq!(reading.unmatched, ledger.unmatched(), "seed {seed}");
        let (assigned, unresolved) =
            (told(&published, Topic::ConversationAssigned, Some("OUTBOUND")), told(&published, Topic::SendUnresolved, None));
        assert_eq!(assigned.union(&unresolved).count(), ledger.sends(), "seed {seed}: each send is assigned or unresolved");
        assert_eq!(told(&published, Topic::ConversationAssigned, Some("INBOUND")).len(), ledger.inbounds(), "seed {seed}");
        let letters = published.iter().filter(|record| record.topic == Topic::DeadLetter).count();
        assert_eq!(u64::try_from(letters).expect("fits"), reading.dead_letters.iter().sum::<u64>(), "seed {seed}: counted as published");
        println!("seed {seed}: {} records, {} elements: {categories:?}", feed.records.len(), feed.elements);
    }
}
