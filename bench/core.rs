//! `cargo bench --bench core`: what waid's own part costs, on one core and without Kafka: parsing, steps, state, checkpoints, the bytes of
//! all records. See `README.md`.

#[path = "suite/traffic.rs"]
#[allow(dead_code, reason = "of the traffic, some is for the other benchmark")]
mod traffic;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::waid::cli::pipeline;
use ::waid::config::Config;
use ::waid::domain::apps::Apps;
use ::waid::domain::event::Source as Topic;
use ::waid::domain::state::Row;
use ::waid::domain::step::Settings;
use ::waid::runtime::broker::PartitionCounts;
use ::waid::runtime::changelog::{Restore, frame};
use ::waid::runtime::ingest::Ingest;
use ::waid::runtime::memory::{MemoryBroker, Record};
use ::waid::runtime::worker::{CommitPolicy, Deployment, Worker};
use ::waid::runtime::workload::CheckpointPolicy;
use ::waid::store::memory::Memory;
use ::waid::store::segments::{Entry, Segments};
use ::waid::wire::packed::SourceTopic;
use ::waid::wire::state::{Dictionary, encode_value, put_key};
use anyhow::Result;
use clap::Parser;
use procfs::process::Process;
use traffic::Wanted;

/// As in `waid`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const PARTITIONS: PartitionCounts = PartitionCounts { webhooks: 8, sends: 4, repartition: 4 };

/// Measures the pipeline over a broker in memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// Records to process.
    #[arg(long, default_value_t = 600_000)]
    inputs: u32,
    /// In which formats webhooks come.
    #[arg(long, default_value = "v2")]
    formats: Wanted,
    /// How large rows are, kind by kind.
    #[arg(long)]
    sizes: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

#[allow(clippy::cast_precision_loss, reason = "figures to look at")]
fn main() -> Result<()> {
    let Arguments { inputs: count, formats, sizes, .. } = Arguments::parse();
    let world = traffic::two_visits(count, formats.into());
    let inputs: Vec<_> = (0..).zip(world.inputs().take(count as usize)).map(|(index, input)| placed(index, input)).collect();
    let deployment = deployment();
    let settings = deployment.settings;
    let mut worker = worker(Apps::new(&world.listed_apps()), deployment)?;
    let (begun, cpu_before) = (Instant::now(), cpu_seconds()?);
    let mut outputs = 0;
    for batch in inputs.chunks(5_000) {
        // A send is known before most of what is heard of it, as it is where nothing waits.
        for topic in [SourceTopic::Sends, SourceTopic::Webhooks] {
            for (source, record) in batch.iter().filter(|(source, _)| source.0 == topic) {
                worker.broker_mut().append(*source, record.clone());
            }
            while worker.turn(Duration::ZERO)? {}
        }
        outputs += worker.broker_mut().take_published().len();
        worker.broker_mut().trim();
    }
    let (wall, cpu) = (begun.elapsed(), cpu_seconds()? - cpu_before);
    let changelog = |partition| worker.broker().changelog(partition).map(|(key, value)| key.len() + value.map_or(0, <[u8]>::len));
    let written: usize = (0..PARTITIONS.repartition).flat_map(changelog).sum();
    let stores = || worker.tasks().map(|(_, task)| task.store());
    let (rows, bytes) = (stores().map(Memory::len).sum::<usize>(), stores().map(Memory::bytes).sum::<u64>());
    let per_input = |what: f64| what / f64::from(count);
    println!("{count} inputs in {wall:.1?}: {:.2} us CPU an input", per_input(cpu * 1e6));
    println!("{:.2} outputs an input; {:.0} bytes an input written to the changelog", per_input(outputs as f64), per_input(written as f64));
    println!("{rows} rows: {:.0} bytes each in the segments", bytes as f64 / rows as f64);
    let (records, seconds) = restored(&worker)?;
    println!("restored from {records} records of the changelog: {:.2} us CPU a row", seconds * 1e6 / rows as f64);
    if sizes {
        tell_sizes(&worker, &settings);
    }
    println!("{} MiB resident, the inputs among it", Process::myself()?.status()?.vmrss.unwrap_or(0) / 1024);
    Ok(())
}

/// Makes all tasks anew from the changelog: from how many records, and the CPU time.
fn restored(worker: &Worker<MemoryBroker>) -> Result<(u64, f64)> {
    let (mut records, before) = (0, cpu_seconds()?);
    for partition in 0..PARTITIONS.repartition {
        let mut restore = Restore::default();
        for (key, value) in worker.broker().changelog(partition) {
            restore.take(key, value)?;
        }
        records += restore.records();
        black_box(restore.finish(partition)?);
    }
    Ok((records, cpu_seconds()? - before))
}

/// Of each kind of row, how many there are, and the bytes of their keys and values, as they are and as a changelog of only this kind would keep
/// them; and what a message has of them: the rows that are forgotten with it, together as the changelog keeps them.
#[allow(clippy::cast_precision_loss, reason = "figures to look at")]
fn tell_sizes(worker: &Worker<MemoryBroker>, settings: &Settings) {
    let mut sizes: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let (mut messages, mut plain, mut kept) = (0, 0, 0);
    for (_, task) in worker.tasks() {
        let store = task.store();
        let mut names = Dictionary::of(store.names().apps(), store.names().texts());
        let mut rows = store.sorted();
        rows.sort_by_cached_key(|(_, row)| row.deadline_ms(settings));
        let mut of_messages = Segments::default();
        let mut of_kinds: BTreeMap<&str, Segments> = BTreeMap::new();
        for (key, row) in rows {
            let mut bytes = Vec::new();
            put_key(&key, &mut names, &mut bytes);
            let value = encode_value(&key, &row, &mut names);
            let [count, keys, values, _] = sizes.entry(kind(&row)).or_default();
            (*count, *keys, *values) = (*count + 1, *keys + bytes.len(), *values + value.len());
            let entry = Entry { key: &bytes, value: Some(&value) };
            of_kinds.entry(kind(&row)).or_default().append(entry);
            if row.deadline_ms(settings).is_some() {
                of_messages.append(entry);
            }
            messages += usize::from(matches!(row, Row::Message(_)));
        }
        (plain, kept) = (plain + of_messages.bytes(), kept + packed(&mut of_messages));
        for (kind, mut rows) in of_kinds {
            sizes.entry(kind).or_default()[3] += packed(&mut rows);
        }
    }
    for (kind, [count, keys, values, kept]) in sizes {
        let each = |bytes: usize| bytes as f64 / count as f64;
        println!("{count:>9} x {kind}: key {:.0}, value {:.0} bytes; {:.0} in the changelog", each(keys), each(values), each(kept));
    }
    let each = |bytes: f64| bytes / messages as f64;
    println!("a message has {:.1} bytes of rows, {:.1} in the changelog", each(plain as f64), each(kept as f64));
}

const fn kind(row: &Row) -> &'static str {
    match row {
        Row::Join(join) if join.sent.is_some() => "join of a send",
        Row::Join(join) if join.inbound.is_some() => "join of an inbound message",
        Row::Join(_) => "join of another name",
        Row::Contact(_) => "contact",
        Row::Circle(_) => "circle",
        Row::Thread(_) => "thread",
        Row::Message(_) => "message",
    }
}

/// How many bytes the changelog has of these.
fn packed(segments: &mut Segments) -> usize {
    segments.close();
    segments.numbers().map(|number| frame::pack(segments.bytes_of(number)).len()).sum()
}

/// An input with its place: sends by customer, webhooks one partition after the other.
fn placed(index: i64, input: ::waid::traffic::Input) -> ((SourceTopic, i32), Record) {
    let (topic, partitions) = match input.source {
        Topic::Webhooks => (SourceTopic::Webhooks, PARTITIONS.webhooks),
        Topic::Sends => (SourceTopic::Sends, PARTITIONS.sends),
    };
    let partition = i32::try_from(index % i64::from(partitions)).expect("small");
    let record = Record { offset: index, timestamp_ms: input.kafka_ms, key: input.key, value: Some(input.value), ..Record::default() };
    ((topic, partition), record)
}

fn worker(apps: Apps, deployment: Deployment) -> Result<Worker<MemoryBroker>> {
    let broker = MemoryBroker::new(PARTITIONS, Box::new(|_| 0));
    let outputs = pipeline::outputs(&Config::default());
    Ok(Worker::new(broker, Ingest::new(apps), deployment, Arc::new(outputs))?)
}

/// As `waid run` has it without configuration.
fn deployment() -> Deployment {
    let checkpoint = Some(CheckpointPolicy::default());
    Deployment { checkpoint, ..pipeline::deployment(&Config::default(), CommitPolicy::default()) }
}

/// The CPU time of this thread, which does it all.
fn cpu_seconds() -> Result<f64> {
    let nanoseconds = Process::myself()?.schedstat()?.sum_exec_runtime;
    Ok(Duration::from_nanos(nanoseconds).as_secs_f64())
}
