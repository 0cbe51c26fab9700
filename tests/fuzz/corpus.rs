//! The inputs that mutation begins with: real shapes, `tests/fuzz/corpus/<target>/*`.

use super::target::{framed, joined};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use waid::domain::apps::Apps;
use waid::domain::event::Source;
use waid::domain::step::Settings as StepSettings;
use waid::runtime::broker::PartitionCounts;
use waid::runtime::ingest::Ingest;
use waid::runtime::marks::TickPolicy;
use waid::runtime::memory::{MemoryBroker, Record};
use waid::runtime::worker::{CommitPolicy, Deployment, Worker};
use waid::runtime::workload::CheckpointPolicy;
use waid::traffic::{Settings, World};
use waid::wire::output::{Format, Outputs};
use waid::wire::packed::SourceTopic;
use waid::wire::{marker, state};

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(target)
}

/// The files of a target, by name.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder(target)).expect("a folder for each target");
    let mut files: Vec<(String, Vec<u8>)> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.file_name().expect("a file").to_string_lossy().into_owned(), fs::read(path).expect("readable")))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus for {target}");
    files
}

/// What waid writes itself changes with its formats: `cargo test --test fuzz -- --ignored` writes it anew.
#[test]
#[ignore = "writes the files of the formats that are waid's own"]
fn write_what_waid_writes() {
    let worker = small_world();
    let broker = worker.broker();
    for (index, value) in broker.repartition_log(0).into_iter().filter(|value| value.len() < 2_000).take(24).enumerate() {
        write("packed", index, &value);
    }
    let records: Vec<(&[u8], &[u8])> = broker.changelog(0).filter_map(|(key, value)| Some((key, value?))).collect();
    for (index, (_, value)) in records.iter().filter(|(key, _)| *key == marker::KEY).take(4).enumerate() {
        write("marker", index, value);
    }
    // As of its first checkpoints: each ends with a marker.
    for (index, end) in records.iter().enumerate().filter(|(_, (key, _))| *key == marker::KEY).map(|(end, _)| end).take(4).enumerate() {
        write("changelog", index, &framed(&records[..=end]));
    }
    // Frames, behind the number of their parts and a hash, decompressed.
    let frames = records.iter().filter(|(key, value)| *key != marker::KEY && value[..2] == [0, 1]).map(|(_, value)| &value[10..]);
    for (index, frame) in frames.take(8).enumerate() {
        write("columns", index, &zstd::stream::decode_all(frame).expect("waid wrote it"));
    }
    let (_, task) = worker.tasks().next().expect("one task");
    let segments = task.store().segments().map(|number| task.store().segment(number));
    for (index, segment) in segments.filter(|segment| segment.len() < 4_000).take(12).enumerate() {
        write("segment", index, segment);
    }
    for (index, (key, row)) in task.store().sorted().into_iter().enumerate().step_by(4).take(40) {
        write("row", index, &joined(&state::encode_row(&key, &row)));
    }
}

/// What the rows of the segments call apps, tenants and scopes by.
pub fn names() -> state::Dictionary {
    let (_, newest) = of("marker").pop().expect("there are some");
    marker::decode(&newest).expect("waid wrote it").dictionary()
}

fn write(target: &str, index: usize, bytes: &[u8]) {
    fs::create_dir_all(folder(target)).expect("a folder");
    fs::write(folder(target).join(format!("{index:03}.bin")), bytes).expect("written");
}

/// A few people, all read, with checkpoints on the way.
fn small_world() -> Worker<MemoryBroker> {
    const START_MS: i64 = 1_704_844_800_000;
    let broker = MemoryBroker::new(PartitionCounts { webhooks: 1, sends: 1, repartition: 1 }, Box::new(|_| 0));
    let deployment = Deployment {
        webhooks: "whatsapp.webhooks".to_owned(),
        sends: "whatsapp.sends".to_owned(),
        settings: StepSettings {
            join_timeout_ms: 7 * 86_400_000,
            idle_timeout_s: 86_400,
            retention_ms: 3 * 86_400_000,
            service_window_s: 86_400,
            referral_window_s: 3 * 86_400,
        },
        commit: CommitPolicy { records_max: 6, ..CommitPolicy::default() },
        tick: Some(TickPolicy { pause: Duration::ZERO, step_ms: 0, idle: Duration::ZERO }),
        checkpoint: Some(CheckpointPolicy { age_max: Duration::MAX, changes_max: 8 }),
    };
    let (webhooks, sends) = (deployment.webhooks.clone(), deployment.sends.clone());
    let outputs = Outputs { format: Format::Json, webhooks, sends, keys_name_tenant: false };
    let mut worker = Worker::new(broker, Ingest::new(Apps::new(&[])), deployment, Arc::new(outputs)).expect("memory answers");
    let world = World::new(Settings::new(3, 12, START_MS));
    for (offset, input) in (0..).zip(world.inputs()) {
        let topic = if input.source == Source::Sends { SourceTopic::Sends } else { SourceTopic::Webhooks };
        let record = Record { offset, timestamp_ms: input.kafka_ms, key: input.key, value: Some(input.value), ..Record::default() };
        worker.broker_mut().append((topic, 0), record);
    }
    while worker.turn(Duration::ZERO).expect("memory does not fail") {}
    worker
}
