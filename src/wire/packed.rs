//! Packed records of the repartition log: many events in one record, encoded once and decoded once.
//!
//! The layout is `proto/waid/internal/v1/repartition.proto`. The dictionary stands before the events, though it is complete only after
//! the last of them: [`Packer`] encodes each event as it comes and puts the head in front at the end.

use super::DecodeError;
use super::codec::{Field, Message, OneOf, enumeration, message, put_value, take_message, take_value};
use super::reader::Reader;
use super::writer::{Wire, Writer};
use crate::domain::entity::{Entity, Envelope, Event, Home};
use crate::domain::event::{Cause, Source};
use crate::domain::ids::{App, MessageId};
use crate::domain::step::Settings;
use std::sync::Arc;

/// The format written. A reader refuses any that it does not know.
const VERSION: u64 = 1;

/// A topic that packed records follow from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SourceTopic {
    /// Webhook bodies.
    Webhooks,
    /// Send records.
    Sends,
    /// The repartition log itself.
    Repartition,
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
    /// Raised when the offsets of a source are reset on purpose.
    pub epoch: u32,
}

/// A watermark that the sender passes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The source.
    pub topic: SourceTopic,
    /// Its partition.
    pub partition: i32,
    /// All of it up to this Kafka timestamp was passed on, ms.
    pub kafka_ms: i64,
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
}

/// A packed record being filled: each event is encoded at once, and nothing of it is kept but the bytes.
pub struct Packer {
    events: Writer,
    before: Cause,
    count: u32,
}

impl Default for Packer {
    fn default() -> Self {
        Self { events: Writer::default(), before: NO_CAUSE, count: 0 }
    }
}

impl Packer {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event. Returns the bytes so far: all that [`Self::finish`] will give but the dictionary, stamp, marks and control.
    pub fn push(&mut self, envelope: &Envelope) -> usize {
        let before = &self.before;
        self.events.last_id = None;
        self.events.tag(field::EVENTS, Wire::Length);
        self.events.nested(|out| put_envelope(envelope, before, out));
        self.before.clone_from(&envelope.cause);
        self.count += 1;
        self.events.bytes.len()
    }

    /// Adds an event unless the bytes so far would then exceed `bytes_max`; whether it was added. An empty one takes an event of any size.
    pub fn push_within(&mut self, envelope: &Envelope, bytes_max: usize) -> bool {
        let (bytes, before, count) = (self.events.bytes.len(), self.before.clone(), self.count);
        let (apps, texts) = (self.events.names.apps.entries().len(), self.events.names.texts.entries().len());
        if self.push(envelope) <= bytes_max || count == 0 {
            return true;
        }
        self.events.bytes.truncate(bytes);
        self.events.names.apps.truncate(apps);
        self.events.names.texts.truncate(texts);
        (self.before, self.count) = (before, count);
        false
    }

    /// How many events it holds.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The record.
    pub fn finish(self, stamp: Option<&Stamp>, marks: &[Mark], control: Option<&Control>) -> Vec<u8> {
        let Writer { bytes: events, names, .. } = self.events;
        let mut out = Writer { bytes: Vec::with_capacity(events.len() + HEAD_BYTES), ..Writer::default() };
        out.uint(field::VERSION, VERSION);
        if let Some(stamp) = stamp {
            put_value(stamp, field::STAMP, &mut out);
        }
        for mark in marks {
            put_value(mark, field::MARKS, &mut out);
        }
        if let Some(control) = control {
            put_value(control, field::CONTROL, &mut out);
        }
        for text in names.texts.entries() {
            put_value(text, field::TEXTS, &mut out);
        }
        for app in names.apps.entries() {
            put_value(&Named(app.clone()), field::APPS, &mut out);
        }
        out.uint(field::COUNT, self.count.into());
        out.bytes.extend_from_slice(&events);
        out.bytes
    }
}

/// A packed record as bytes.
pub fn encode(packed: &Packed) -> Vec<u8> {
    let mut packer = Packer::new();
    for envelope in &packed.events {
        packer.push(envelope);
    }
    packer.finish(packed.stamp.as_ref(), &packed.marks, packed.control.as_ref())
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
                let text = take_value(number, wire, &mut input)?;
                input.texts.push(text);
            }
            field::APPS => {
                let Named(app) = take_value(number, wire, &mut input)?;
                input.apps.push(app);
            }
            field::COUNT => {
                count = take_value(number, wire, &mut input)?;
                packed.events.reserve(plausible_count(count, bytes.len()));
            }
            field::EVENTS => {
                input.last_id = None;
                packed.events.push(take_message(number, wire, &mut input, |input| take_envelope(input, &mut before))?);
            }
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
}

/// Room for what stands before the events.
const HEAD_BYTES: usize = 1024;
/// The least bytes of an event: fewer cannot say to whom and what.
const EVENT_BYTES_MIN: usize = 8;

/// What the first event of a record says the difference to.
const NO_CAUSE: Cause = Cause { source: Source::Webhooks, partition: 0, offset: 0, element: 0, kafka_ms: 0 };

/// How many events to make room for: as many as the record claims, if it can hold them.
fn plausible_count(claimed: u32, bytes: usize) -> usize {
    usize::try_from(claimed).unwrap_or(usize::MAX).min(bytes / EVENT_BYTES_MIN)
}

enumeration! {
    SourceTopic { 1 Webhooks, 2 Sends, 3 Repartition }
}
message! {
    Stamp { 1 topic, 2 partition, 3 offset, 4 chunk, 5 epoch }
    Mark { 1 topic, 2 partition, 3 kafka_ms }
    Control { 1 webhooks, 2 sends, 3 webhooks_partitions, 4 sends_partitions, 5 repartition_partitions, 6 settings, 7 step_version }
    Settings { 1 join_timeout_ms, 2 idle_timeout_s, 3 retention_ms, 4 service_window_s, 5 referral_window_s }
}

/// An app with all its names, as the dictionary has it.
pub(super) struct Named(pub App);

impl Message for Named {
    fn put_fields(&self, out: &mut Writer) {
        self.0.tenant().put(1, out);
        self.0.name().put(2, out);
        (self.0.scope() != self.0.name()).then(|| self.0.scope().clone()).put(3, out);
    }

    fn take_fields(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mut tenant, mut name, mut scope) = (None, None, None);
        while let Some((number, wire)) = input.tag()? {
            match number {
                1 => Arc::<str>::take(&mut tenant, number, wire, input)?,
                2 => Arc::<str>::take(&mut name, number, wire, input)?,
                3 => Arc::<str>::take(&mut scope, number, wire, input)?,
                _ => return Err(DecodeError::UnknownField(number)),
            }
        }
        let name = name.unwrap_or_default();
        Ok(Self(App::new(&tenant.unwrap_or_default(), &name, &scope.unwrap_or_else(|| name.clone()))))
    }
}

fn put_envelope(envelope: &Envelope, before: &Cause, out: &mut Writer) {
    let cause = &envelope.cause;
    (cause.source != before.source).then_some(cause.source).put(1, out);
    (cause.partition != before.partition).then_some(cause.partition).put(2, out);
    out.uint(3, zigzag(cause.offset.wrapping_sub(before.offset)));
    out.uint(4, zigzag(cause.kafka_ms.wrapping_sub(before.kafka_ms)));
    cause.element.put(5, out);
    envelope.hops.put(6, out);
    match &envelope.to {
        Entity::Message { app, id } => {
            out.tag(7, Wire::Length);
            out.nested(|out| {
                app.put(1, out);
                id.put(2, out);
            });
        }
        Entity::Home(home) => put_value(home, 8, out),
    }
    envelope.event.put_one(out);
}

fn take_envelope(input: &mut Reader<'_>, before: &mut Cause) -> Result<Envelope, DecodeError> {
    let (mut to, mut event, mut hops) = (None, None, 0);
    before.element = 0;
    while let Some((number, wire)) = input.tag()? {
        match number {
            1 => before.source = take_value(number, wire, input)?,
            2 => before.partition = take_value(number, wire, input)?,
            3 => before.offset = before.offset.wrapping_add(unzigzag(take_value(number, wire, input)?)),
            4 => before.kafka_ms = before.kafka_ms.wrapping_add(unzigzag(take_value(number, wire, input)?)),
            5 => before.element = take_value(number, wire, input)?,
            6 => hops = take_value(number, wire, input)?,
            7 => {
                let (app, id): (App, MessageId) = take_value(number, wire, input)?;
                to = Some(Entity::Message { app, id });
            }
            8 => to = Some(Entity::Home(take_value::<Home>(number, wire, input)?)),
            _ => event = Some(Event::take_one(number, wire, input)?.ok_or(DecodeError::UnknownField(number))?),
        }
    }
    let to = to.ok_or(DecodeError::Missing("Envelope.to"))?;
    let event = event.ok_or(DecodeError::Missing("Envelope.event"))?;
    Ok(Envelope { to, cause: before.clone(), hops, event })
}

/// Small for a small difference, whichever its sign.
const fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}
