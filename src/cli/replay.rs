//! `waid replay`: a capture through the same pipeline, without a broker.

mod emit;
mod files;
pub mod line;
mod tally;

use super::errors::say;
use super::{Failure, pipeline, stop};
use crate::config::{Config, Loaded};
use crate::runtime::broker::{PartitionCounts, Source};
use crate::runtime::ingest::Ingest;
use crate::runtime::marks::TickPolicy;
use crate::runtime::memory::{MemoryBroker, Record};
use crate::runtime::worker::{CommitPolicy, Deployment, Worker};
use crate::runtime::workload::CheckpointPolicy;
use clap::Args;
use emit::Lines;
use files::{Files, Item};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::Metadata;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use tally::Tally;

/// Read a capture and write the outputs, without a broker.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Captures in the lines of `kcat -J`, of one topic or several; `-` is standard input. Several are merged by time.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write a TOPIC.jsonl each; without it, all lines go to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// How many lines are read ahead at a time, and how many times.
const AHEAD: usize = 1000;
const AHEAD_TIMES: usize = 4;

/// How soon Ctrl-C is noticed while nothing comes.
const LOOK: Duration = Duration::from_millis(100);

/// When all that follows from a record was published, and only then, is the next one read: whatever the lines are, the outputs come in one
/// order only.
const ONE_BY_ONE: CommitPolicy = CommitPolicy { records_max: usize::MAX, bytes_max: usize::MAX, age_max: Duration::MAX, keeping_up: 0.0 };

/// Stream time stands still until the last line was read: a capture may hold one partition after the other, and nobody knows which are to come.
const AT_THE_END: TickPolicy = TickPolicy { pause: Duration::MAX, step_ms: 0, idle: Duration::MAX };

/// Lines read ahead, and how many bytes were read with them.
struct Ahead {
    items: Vec<Item>,
    bytes: u64,
}

/// Why a replay ends before its time.
enum End {
    /// Whoever read standard output has gone away, such as `head`.
    ReaderGone,
    /// It failed.
    Failed(Failure),
}

/// A replay under way.
struct Replay<'a> {
    config: &'a Config,
    files: Vec<String>,
    worker: Worker<MemoryBroker>,
    lines: Lines,
    tally: Tally,
    bar: ProgressBar,
}

/// Replays the files. Lines that cannot be read are told and stop nothing.
pub(super) fn run(args: &ReplayArgs, loaded: &Loaded) -> Result<(), Failure> {
    let (config, begun) = (&loaded.config, Instant::now());
    let files = Files::open(&args.files, &config.topics).map_err(Failure::failed)?;
    let mut replay = Replay::new(args, config)?;
    let stop = stop::flag()?;
    let (sender, ahead) = sync_channel(AHEAD_TIMES);
    // Detached: standard input may never end, and waiting for it cannot be cut short.
    let told = Arc::clone(&stop);
    thread::Builder::new().name("reader".to_owned()).spawn(move || read_ahead(files, &sender, &told)).map_err(Failure::failed)?;
    match replay.take_all(&ahead, &stop) {
        Ok(()) => {}
        Err(End::ReaderGone) => return Ok(()),
        Err(End::Failed(failure)) => return Err(failure),
    }
    replay.finish(begun.elapsed(), stop.load(Ordering::Relaxed))
}

/// Reads until there is no more, or until told to stop. What was read is passed on before waiting for more.
fn read_ahead(mut files: Files, sender: &SyncSender<Ahead>, stop: &AtomicBool) {
    let mut items = Vec::new();
    let mut ended = false;
    while !ended && !stop.load(Ordering::Relaxed) {
        let item = files.next();
        ended = item.is_none();
        items.extend(item);
        if ended || items.len() == AHEAD || files.is_dry() {
            let ahead = Ahead { items: std::mem::take(&mut items), bytes: files.bytes() };
            // If nobody listens any more, the replay has failed.
            ended |= sender.send(ahead).is_err();
        }
    }
}

impl<'a> Replay<'a> {
    fn new(args: &ReplayArgs, config: &'a Config) -> Result<Self, Failure> {
        let outputs = pipeline::outputs(config);
        let lines = match &args.out {
            Some(directory) => Lines::to_directory(directory, &config.topics, outputs.format)
                .map_err(|error| Failure::failed(format!("{}: {error}", directory.display())))?,
            None => Lines::to_stream(io::stdout(), &config.topics, outputs.format),
        };
        // One partition: nothing has to be handed from one task to another, and the result is the same.
        let counts = PartitionCounts { webhooks: 1, sends: 1, repartition: 1 };
        let broker = MemoryBroker::new(counts, Box::new(|_| 0)).timeless();
        // Nobody reads them: rows that are written down need less room.
        let checkpoint = Some(CheckpointPolicy::default());
        let deployment = Deployment { tick: Some(AT_THE_END), checkpoint, ..pipeline::deployment(config, ONE_BY_ONE) };
        let ingest = Ingest::new(pipeline::apps(config));
        let worker = Worker::new(broker, ingest, deployment, Arc::new(outputs)).map_err(Failure::failed)?;
        let files = args.files.iter().map(|path| path.display().to_string()).collect();
        Ok(Self { config, files, worker, lines, tally: Tally::default(), bar: bar(&args.files) })
    }

    /// Takes all that is read, until there is no more. When told to stop, it still takes what was read by then.
    fn take_all(&mut self, ahead: &Receiver<Ahead>, stop: &AtomicBool) -> Result<(), End> {
        loop {
            match ahead.recv_timeout(LOOK) {
                Ok(Ahead { items, bytes }) => {
                    items.into_iter().try_for_each(|item| self.take(item))?;
                    self.bar.set_position(bytes);
                }
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return self.flush(),
                // Whoever feeds standard input by hand wants to see what came of it.
                Err(RecvTimeoutError::Timeout) => self.flush()?,
                Err(RecvTimeoutError::Disconnected) => {
                    self.worker.end_of_inputs();
                    self.work()?;
                    return self.flush();
                }
            }
        }
    }

    fn flush(&mut self) -> Result<(), End> {
        self.lines.flush().map_err(End::of_writing)
    }

    fn take(&mut self, item: Item) -> Result<(), End> {
        match item {
            Item::Record(source, record) => self.take_record(source, record),
            Item::Unreadable(file, line, why) => {
                if let Some(told) = self.tally.unreadable(&self.files[file], line, &why) {
                    self.bar.suspend(|| say(&format!("waid: {told}\n")));
                }
                Ok(())
            }
        }
    }

    fn take_record(&mut self, source: Source, record: Record) -> Result<(), End> {
        self.tally.read(source.0);
        self.worker.broker_mut().append(source, record);
        self.work()
    }

    /// Until all that follows from what was read is published.
    fn work(&mut self) -> Result<(), End> {
        while self.worker.turn(Duration::ZERO).map_err(|error| End::Failed(Failure::failed(error)))? {}
        let broker = self.worker.broker_mut();
        broker.trim();
        broker.lose_changelog();
        for record in broker.take_published() {
            self.lines.write(&record).map_err(End::of_writing)?;
            self.tally.published(&record);
        }
        Ok(())
    }

    fn finish(self, took: Duration, stopped: bool) -> Result<(), Failure> {
        self.bar.finish_and_clear();
        say(&self.tally.summary(&self.config.topics, self.worker.ingest().ignored(), took));
        if self.tally.records() == 0 {
            return Err(Failure::failed("no line could be read"));
        }
        if self.tally.broken_file {
            return Err(Failure::failed("a file could not be read to its end"));
        }
        if stopped {
            return Err(Failure::failed("stopped before the end"));
        }
        Ok(())
    }
}

impl End {
    fn of_writing(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::ReaderGone } else { Self::Failed(Failure::failed(error)) }
    }
}

/// Bytes read of all bytes, where they can be known. Drawn on a terminal only.
fn bar(files: &[PathBuf]) -> ProgressBar {
    let sizes = files.iter().map(|file| file.metadata().ok().filter(Metadata::is_file).map(|about| about.len()));
    let total = sizes.sum::<Option<u64>>();
    let template = if total.is_some() { "{bar:40} {binary_bytes} of {binary_total_bytes}, {eta} left" } else { "{spinner} {binary_bytes}" };
    let style = ProgressStyle::with_template(template).expect("a template that indicatif knows");
    total.map_or_else(ProgressBar::new_spinner, ProgressBar::new).with_style(style)
}
