//! A packed record in the making.

use super::envelope::{self, NO_CAUSE};
use super::{Control, Mark, Stamp, VERSION, field};
use crate::domain::entity::Envelope;
use crate::domain::event::Cause;
use crate::wire::codec::{Wire, Writer, put_value};
use crate::wire::model::NamedApp;

/// Room for what stands before the events.
const HEAD_BYTES: usize = 1024;
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
        self.events.tag(field::EVENTS, Wire::Length);
        self.events.nested(|out| envelope::put(envelope, before, out));
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
            put_value(&NamedApp(app.clone()), field::APPS, &mut out);
        }
        out.uint(field::COUNT, self.count.into());
        out.bytes.extend_from_slice(&events);
        out.bytes
    }
}
