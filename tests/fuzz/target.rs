//! What reads bytes: webhook bodies and send records through ingest, the log, the changelog and rows of state, and lines of captures.

use super::corpus;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use waid::cli::replay::line;
use waid::config::TopicsConfig;
use waid::domain::apps::{Apps, ListedApp};
use waid::domain::entity::Envelope;
use waid::domain::output::Output;
use waid::domain::step::Settings;
use waid::runtime::broker::Fetched;
use waid::runtime::changelog::{Restore, frame};
use waid::runtime::ingest::Ingest;
use waid::runtime::task::Sink;
use waid::store::memory::Memory;
use waid::wire::output::{Format, Outputs};
use waid::wire::packed::{self, Packer, SourceTopic};
use waid::wire::{marker, state};

/// The Kafka timestamp of every record.
pub const KAFKA_MS: i64 = 1_776_944_200_000;

const SETTINGS: Settings =
    Settings { join_timeout_ms: 1000, idle_timeout_s: 1, retention_ms: 1000, service_window_s: 1, referral_window_s: 1 };

/// Something that reads bytes.
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Whether what it reads is JSON.
    pub is_json: bool,
    /// Reads.
    pub run: Run,
}

/// Reads an input.
type Run = Box<dyn FnMut(&[u8]) -> Came>;

/// What came of an input.
pub struct Came {
    /// What tells this outcome from others, roughly.
    pub outcome: String,
    /// Whether anything was used.
    pub accepted: bool,
    /// All of it, as a number.
    pub digest: u64,
}

/// All of them.
pub fn all() -> Vec<Target> {
    vec![
        target("webhooks", true, taken(SourceTopic::Webhooks, None)),
        target("sends", true, taken(SourceTopic::Sends, None)),
        target("protobuf", false, taken(SourceTopic::Sends, Some("application/x-protobuf"))),
        target("packed", false, |input: &[u8]| read(packed::decode(input), packed::encode)),
        target("marker", false, |input: &[u8]| read(marker::decode(input), marker::encode)),
        target("segment", false, |input: &[u8]| read(Memory::restore(7, vec![input.into()], corpus::names(), &SETTINGS), rows_of)),
        target("columns", false, |input: &[u8]| read(rows_in(input).ok_or("no columns"), |digest| digest.to_be_bytes().to_vec())),
        target("changelog", false, restored),
        target("row", false, |input: &[u8]| {
            let (key, value) = split(input);
            read(state::decode_row(key, value), |(key, row)| state::encode_row(key, row).1)
        }),
        target("capture", true, |input: &[u8]| read(line::read(input, &TopicsConfig::default()), |line| format!("{line:?}").into_bytes())),
    ]
}

/// The rows that are in columns, as a number: a few bytes can stand for many.
fn rows_in(columns: &[u8]) -> Option<u64> {
    let mut hasher = DefaultHasher::new();
    frame::read(columns, |key, value| (key, value).hash(&mut hasher))?;
    Some(hasher.finish())
}

/// Records of a changelog as one input: of each a byte of length, its key, two bytes of length, its value.
pub fn framed(records: &[(&[u8], &[u8])]) -> Vec<u8> {
    let frame = |(key, value): &(&[u8], &[u8])| {
        let (key_length, value_length) = (u8::try_from(key.len()).expect("short"), u16::try_from(value.len()).expect("short"));
        [&[key_length], *key, &value_length.to_be_bytes(), *value].concat()
    };
    records.iter().flat_map(frame).collect()
}

/// The record that an input begins with, and the rest; what is missing is left out.
fn unframed(input: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key_length, rest) = input.split_first()?;
    let (key, rest) = rest.split_at_checked(usize::from(*key_length))?;
    let (value_length, rest) = rest.split_first_chunk::<2>()?;
    let (value, rest) = rest.split_at(usize::from(u16::from_be_bytes(*value_length)).min(rest.len()));
    Some((key, value, rest))
}

/// Reads a changelog as a worker that is given a task does.
fn restored(input: &[u8]) -> Came {
    let (mut restore, mut rest, mut taken) = (Restore::default(), input, Ok(()));
    while let (Some((key, value, after)), Ok(())) = (unframed(rest), &taken) {
        taken = restore.take(key, Some(value).filter(|value| !value.is_empty()));
        rest = after;
    }
    read(taken.and_then(|()| restore.finish(0)).map_err(|error| error.to_string()), |(task, next)| match next {
        Some(next) => [task.marker(*next).map(|marker| marker::encode(&marker)).unwrap_or_default(), rows_of(task.store())].concat(),
        None => Vec::new(),
    })
}

/// A row as one input: two bytes of length, key, value.
pub fn joined((key, value): &(Vec<u8>, Vec<u8>)) -> Vec<u8> {
    let length = u16::try_from(key.len()).expect("a short key").to_be_bytes();
    [&length, key.as_slice(), value].concat()
}

fn split(input: &[u8]) -> (&[u8], &[u8]) {
    let Some((length, rest)) = input.split_first_chunk::<2>() else { return (&[], &[]) };
    rest.split_at(usize::from(u16::from_be_bytes(*length)).min(rest.len()))
}

fn target(name: &'static str, is_json: bool, run: impl FnMut(&[u8]) -> Came + 'static) -> Target {
    Target { name, is_json, run: Box::new(run) }
}

/// Reads what waid wrote, or a line of a capture; what was read is written again.
fn read<T, E: std::fmt::Debug>(result: Result<T, E>, write: impl Fn(&T) -> Vec<u8>) -> Came {
    match result {
        Ok(value) => {
            let written = write(&value);
            // Which fields there are shows in the length, roughly.
            Came { outcome: format!("read {}", written.len() / 8), accepted: true, digest: hash(&written) }
        }
        Err(error) => {
            let outcome = format!("{error:?}");
            Came { digest: hash(&outcome), outcome, accepted: false }
        }
    }
}

fn rows_of(store: &Memory) -> Vec<u8> {
    store.sorted().into_iter().flat_map(|(key, row)| joined(&state::encode_row(&key, &row))).collect()
}

fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Takes a record of an input topic, as a worker does.
fn taken(topic: SourceTopic, content_type: Option<&'static str>) -> impl FnMut(&[u8]) -> Came {
    let listed = ListedApp {
        name: "DemoApp".to_owned(),
        tenant: "acme".to_owned(),
        gs_app_id: Some("4005ef9e-581e-41f4-9b04-e0797e0463d2".to_owned()),
        phone_number_id: Some("269033402967482".to_owned()),
        portfolio: Some("acme".to_owned()),
    };
    let mut ingest = Ingest::new(Apps::new(&[listed]));
    let (webhooks, sends) = ("whatsapp.webhooks".to_owned(), "whatsapp.sends".to_owned());
    let outputs = Arc::new(Outputs { format: Format::Json, webhooks, sends, keys_name_tenant: true });
    move |input| {
        let headers = content_type.map(|value| ("content-type", Some(value.as_bytes()))).into_iter().collect();
        let record = Fetched { source: (topic, 0), offset: 42, timestamp_ms: KAFKA_MS, key: None, value: Some(input), headers };
        let mut told = Told {
            outputs: Arc::clone(&outputs),
            packer: Packer::new(),
            events: 0,
            letters: 0,
            hasher: DefaultHasher::new(),
            kinds: Vec::new(),
        };
        ingest.take(&record, 4, &mut told);
        let ignored = ingest.take_fresh();
        told.came(&ignored.into_iter().collect::<Vec<_>>())
    }
}

/// Where what follows from a record goes: packed as for the log, written as for the topics.
struct Told {
    outputs: Arc<Outputs>,
    packer: Packer,
    events: usize,
    letters: usize,
    hasher: DefaultHasher,
    kinds: Vec<String>,
}

/// So many kinds tell an outcome from others.
const KINDS_MAX: usize = 6;

impl Told {
    fn note(&mut self, kind: impl FnOnce() -> String) {
        if self.kinds.len() < KINDS_MAX {
            self.kinds.push(kind());
        }
    }

    fn came(mut self, ignored: &[(&'static str, u64)]) -> Came {
        let packed = self.packer.finish(None, &[], None);
        packed.hash(&mut self.hasher);
        ignored.hash(&mut self.hasher);
        let names: Vec<&str> = ignored.iter().map(|(name, _)| *name).collect();
        let accepted = self.events > 0 || !ignored.is_empty();
        // A status of nobody's ids, or a change of a number to itself, is all that comes to nothing.
        Came { outcome: format!("{:?} {names:?} {}", self.kinds, packed.len() / 16), accepted, digest: self.hasher.finish() }
    }
}

impl Sink for Told {
    fn publish(&mut self, output: &Output) {
        self.letters += 1;
        let mut records = Vec::new();
        self.outputs.records(output, &mut records);
        for record in &records {
            (&record.key, &record.payload).hash(&mut self.hasher);
            format!("{:?}", record.headers).hash(&mut self.hasher);
        }
        if let Output::DeadLetter(letter) = output {
            let reason = letter.rejection.reason.name();
            self.note(|| reason.to_owned());
        }
    }

    fn send(&mut self, partition: i32, envelope: &Envelope) {
        self.events += 1;
        partition.hash(&mut self.hasher);
        self.packer.push(envelope);
        self.note(|| {
            let shown = format!("{:?}", envelope.event);
            shown.split(|c: char| !c.is_alphanumeric()).take(1).collect()
        });
    }
}
