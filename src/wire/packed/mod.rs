//! Packed records of the repartition log: many events in one record, encoded once and decoded once.
//!
//! The layout is `proto/waid/internal/v1/repartition.proto`. The dictionary stands before the events, though it is complete only after
//! the last of them: [`Packer`] encodes each event as it comes and puts the head in front at the end.

mod envelope;
mod packer;
mod part;

pub use packer::Packer;
pub use part::{Part, Parts, split};

use super::codec::{DecodeError, Reader, enumeration, message, take_message, take_value};
use super::model::{NamedApp, NamedText};
use crate::domain::entity::Envelope;
use crate::domain::step::Settings;
use envelope::NO_CAUSE;

/// The format written. A reader refuses any that it does not know.
const VERSION: u64 = 4;

/// A topic that packed records follow from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SourceTopic {
    /// Webhook bodies.
    Webhooks,
    /// Send records.
    Sends,
    /// The repartition log itself.
    Repartition,
    /// The state of tasks.
    Changelog,
}

impl SourceTopic {
    /// All of them, each at its own number.
    pub const ALL: [Self; 4] = [Self::Webhooks, Self::Sends, Self::Repartition, Self::Changelog];

    /// What it is to waid, whatever it is called: its key in the configuration, and its name in metrics.
    #[must_use]
    pub const fn role(self) -> &'static str {
        match self {
            Self::Webhooks => "webhooks",
            Self::Sends => "sends",
            Self::Repartition => "repartition",
            Self::Changelog => "changelog",
        }
    }
}

/// How far in its source a packed record reaches, so that its receiver notices one that comes again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// The source.
    pub topic: SourceTopic,
    /// Its partition.
    pub partition: i32,
    /// The last offset of it included.
    pub offset: i64,
    /// Counts the packed records of that offset.
    pub chunk: u32,
    /// Of the source's offsets: greater since the topic was created anew, or its offsets were set back on purpose.
    pub epoch: u32,
}

/// A watermark that the sender passes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The source.
    pub topic: SourceTopic,
    /// Its partition.
    pub partition: i32,
    /// Whatever followed from inputs up to this Kafka timestamp was passed on, ms.
    pub kafka_ms: i64,
    /// After how many hops through the log: none of an input itself.
    pub hops: u32,
}

/// What a partition's owner declares before its first step: what the step depends on besides events.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Control {
    /// The name of the topic of webhook bodies.
    pub webhooks: String,
    /// The name of the topic of send records.
    pub sends: String,
    /// How many partitions the first has.
    pub webhooks_partitions: i32,
    /// How many partitions the second has.
    pub sends_partitions: i32,
    /// How many partitions the repartition log has.
    pub repartition_partitions: i32,
    /// The settings of the step.
    pub settings: Settings,
    /// The version of the step.
    pub step_version: u32,
}

/// A packed record.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Packed {
    /// What it follows from; none of a control record or a tick.
    pub stamp: Option<Stamp>,
    /// Watermarks.
    pub marks: Vec<Mark>,
    /// A declaration.
    pub control: Option<Control>,
    /// Events, in order.
    pub events: Vec<Envelope>,
    /// Instead of all that, a part of what is too large for one record.
    pub part: Option<Part>,
}

/// A packed record as bytes.
pub fn encode(packed: &Packed) -> Vec<u8> {
    let mut packer = Packer::new();
    for envelope in &packed.events {
        packer.push(envelope);
    }
    let bytes = packer.finish(packed.stamp.as_ref(), &packed.marks, packed.control.as_ref());
    match &packed.part {
        Some(part) => part::append(part, bytes),
        None => bytes,
    }
}

/// A packed record from bytes. Equal apps, tenants and scopes share one allocation.
pub fn decode(bytes: &[u8]) -> Result<Packed, DecodeError> {
    let mut input = Reader::new(bytes);
    let (mut packed, mut count, mut before) = (Packed::default(), 0, NO_CAUSE);
    take_version(&mut input)?;
    while let Some((number, wire)) = input.tag()? {
        match number {
            field::STAMP => packed.stamp = Some(take_value(number, wire, &mut input)?),
            field::MARKS => packed.marks.push(take_value(number, wire, &mut input)?),
            field::CONTROL => packed.control = Some(take_value(number, wire, &mut input)?),
            field::TEXTS => {
                let NamedText(text) = take_value(number, wire, &mut input)?;
                input.more_texts.push(text);
            }
            field::APPS => {
                let NamedApp(app) = take_value(number, wire, &mut input)?;
                input.more_apps.push(app);
            }
            field::COUNT => {
                count = take_value(number, wire, &mut input)?;
                packed.events.reserve(plausible_count(count, bytes.len()));
            }
            field::EVENTS => {
                packed.events.push(take_message(number, wire, &mut input, |input| envelope::take(input, &mut before))?);
            }
            field::PART => packed.part = Some(take_value(number, wire, &mut input)?),
            _ => return Err(DecodeError::UnknownField(number)),
        }
    }
    if u32::try_from(packed.events.len()) == Ok(count) { Ok(packed) } else { Err(DecodeError::Truncated) }
}

/// The version comes first, so that nothing is misread before it is known.
fn take_version(input: &mut Reader<'_>) -> Result<(), DecodeError> {
    let version = match input.tag()? {
        Some((field::VERSION, wire)) => take_value(field::VERSION, wire, input)?,
        Some(_) | None => 0,
    };
    if version == VERSION { Ok(()) } else { Err(DecodeError::Version(version)) }
}

/// Fields of a packed record.
mod field {
    pub const VERSION: u32 = 1;
    pub const STAMP: u32 = 2;
    pub const MARKS: u32 = 3;
    pub const CONTROL: u32 = 4;
    pub const TEXTS: u32 = 5;
    pub const APPS: u32 = 6;
    pub const COUNT: u32 = 7;
    pub const EVENTS: u32 = 8;
    pub const PART: u32 = 9;
}

/// The least bytes of an event: fewer cannot say to whom and what.
const EVENT_BYTES_MIN: usize = 8;

/// How many events to make room for: as many as the record claims, if it can hold them.
fn plausible_count(claimed: u32, bytes: usize) -> usize {
    usize::try_from(claimed).unwrap_or(usize::MAX).min(bytes / EVENT_BYTES_MIN)
}

enumeration! {
    SourceTopic { 1 Webhooks, 2 Sends, 3 Repartition, 4 Changelog }
}
message! {
    Stamp { 1 topic, 2 partition, 3 offset, 4 chunk, 5 epoch }
    Mark { 1 topic, 2 partition, 3 kafka_ms, 4 hops }
    Control { 1 webhooks, 2 sends, 3 webhooks_partitions, 4 sends_partitions, 5 repartition_partitions, 6 settings, 7 step_version }
    Settings { 1 join_timeout_ms, 2 idle_timeout_s, 3 retention_ms, 4 service_window_s, 5 referral_window_s }
}
