//! Runs a script as `waid replay` runs a capture: ingest, worker and tasks over a broker in memory.

use super::outcome::Outcome;
use super::script::{Input, Script};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use waid::cli::pipeline;
use waid::config::{Config, FileText, Sources, load};
use waid::runtime::broker::PartitionCounts;
use waid::runtime::ingest::Ingest;
use waid::runtime::marks::TickPolicy;
use waid::runtime::memory::{MemoryBroker, Record};
use waid::runtime::worker::{CommitPolicy, Deployment, Worker};
use waid::wire::packed::SourceTopic;

/// All that follows from a record is published before the next is read, as in a replay.
const ONE_BY_ONE: CommitPolicy = CommitPolicy { records_max: usize::MAX, bytes_max: usize::MAX, age_max: Duration::MAX, keeping_up: 0.0 };

/// Stream time stands still until the last record was read, as in a replay.
const AT_THE_END: TickPolicy = TickPolicy { pause: Duration::MAX, step_ms: 0, idle: Duration::MAX };

/// What moves stream time on to `until`: it is counted under a name that no script expects.
const CLOCK: &str = r#"{"app":"clock","type":"onboarding-event","payload":{}}"#;
/// That name.
const CLOCK_NAME: &str = "onboarding-event";

/// Reads the records in this order.
pub fn run(script: &Script, order: &[usize]) -> Outcome {
    let config = config(&script.config);
    // As written: one task, as in a replay. In other orders: several, which must hand over to each other.
    let repartition = if order.is_sorted() { 1 } else { 3 };
    let broker = MemoryBroker::new(PartitionCounts { webhooks: 1, sends: 1, repartition }, Box::new(|_| 0));
    let deployment = Deployment { tick: Some(AT_THE_END), ..pipeline::deployment(&config, ONE_BY_ONE) };
    let ingest = Ingest::new(pipeline::apps(&config));
    let mut worker = Worker::new(broker, ingest, deployment, Arc::new(pipeline::outputs(&config))).expect("memory answers");
    let mut offsets = BTreeMap::new();
    let mut take = |worker: &mut Worker<MemoryBroker>, input: &Input| {
        let offset = offsets.entry(input.topic).or_insert(0);
        let value = Some(input.body.clone().into_bytes());
        worker.broker_mut().append((input.topic, 0), Record { offset: *offset, timestamp_ms: input.kafka_ms, value, ..Record::default() });
        *offset += 1;
        work(worker);
    };
    work(&mut worker);
    for index in order {
        take(&mut worker, &script.inputs[*index]);
    }
    if let Some(kafka_ms) = script.until_ms {
        // A jump counts once the next record confirms it.
        let clock = Input { line: 0, topic: SourceTopic::Webhooks, kafka_ms, body: CLOCK.to_owned() };
        (0..2).for_each(|_| take(&mut worker, &clock));
    }
    worker.end_of_inputs();
    work(&mut worker);
    let ignored =
        worker.ingest().ignored().iter().filter(|(name, _)| **name != CLOCK_NAME).map(|(name, count)| ((*name).to_owned(), *count));
    let ignored = ignored.collect();
    Outcome::new(&worker.broker_mut().take_published(), ignored)
}

fn work(worker: &mut Worker<MemoryBroker>) {
    while worker.turn(Duration::ZERO).expect("memory does not fail") {}
}

fn config(text: &str) -> Config {
    let file = FileText { name: "golden".to_owned(), text: text.to_owned() };
    let sources = Sources { file: Some(file), env: Vec::new(), check_property: |_, _| Ok(()) };
    load(&sources).unwrap_or_else(|problems| panic!("{problems}")).config
}
