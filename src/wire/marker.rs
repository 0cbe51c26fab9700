//! The marker of a checkpoint: the layout is `proto/waid/internal/v1/marker.proto`.

use super::codec::{DecodeError, Message, Reader, Writer, message, take_value};
use super::packed::{Control, Mark, Stamp};
use super::state::Dictionary;
use std::sync::Arc;

pub use super::model::NamedApp;

/// The key of markers: that of no segment begins with this byte.
pub const KEY: [u8; 1] = [0];

/// The format written. A reader refuses any that it does not know.
const VERSION: u64 = 6;

/// Field numbers of what is not part of [`Marker`].
const VERSION_FIELD: u32 = 1;

/// What the state in the changelog includes.
#[derive(Clone, PartialEq, Debug)]
pub struct Marker {
    /// The offset of the first record of the repartition log that is not included.
    pub next: i64,
    /// What the task steps by.
    pub control: Control,
    /// Of each sender, its newest packed record that was taken.
    pub newest: Vec<Stamp>,
    /// Watermarks that were taken.
    pub marks: Vec<Mark>,
    /// How far the task's own clocks came, hop by hop.
    pub reached: Vec<Mark>,
    /// What the task has told, folded into a number.
    pub digest: u64,
    /// The numbers of the segments that hold the rows: from this one on,
    pub segment_first: u32,
    /// up to the one before this.
    pub segment_next: u32,
    /// The tenants and scopes of their dictionary.
    pub texts: Vec<Arc<str>>,
    /// Its apps.
    pub apps: Vec<NamedApp>,
}

impl Marker {
    /// What the rows call apps, tenants and scopes by.
    #[must_use]
    pub fn dictionary(&self) -> Dictionary {
        Dictionary::of(self.apps.iter().map(|NamedApp(app)| app), &self.texts)
    }
}

/// A marker as bytes.
pub fn encode(marker: &Marker) -> Vec<u8> {
    let mut out = Writer::default();
    out.uint(VERSION_FIELD, VERSION);
    marker.put_fields(&mut out);
    out.bytes
}

/// A marker from bytes.
pub fn decode(bytes: &[u8]) -> Result<Marker, DecodeError> {
    let mut input = Reader::new(bytes);
    let version = match input.tag()? {
        Some((VERSION_FIELD, wire)) => take_value(VERSION_FIELD, wire, &mut input)?,
        Some(_) | None => 0,
    };
    if version != VERSION {
        return Err(DecodeError::Version(version));
    }
    Marker::take_fields(&mut input)
}

message! {
    Marker { 2 next, 3 control, 4 newest, 5 marks, 6 reached, 7 digest, 8 segment_first, 9 segment_next, 10 texts, 11 apps }
}
