//! Records and rows as bytes, and back: the only place that knows Protobuf, and the shapes of JSON that is published.
//!
//! What waid reads back itself (the repartition log, rows of state) is Protobuf as `proto/waid/internal/v1` describes it, but written straight
//! from the domain's types and read straight into them by `codec`: a struct in between would cost an allocation for each text on the way
//! out and two on the way in, on the hottest path there is. A test holds every byte against prost.

pub mod columns;
pub mod marker;
pub mod output;
pub mod packed;
pub mod record;
pub mod send;
pub mod state;
pub mod varint;

mod codec;
mod generated;
mod key;
mod model;

#[cfg(test)]
pub mod tests;

pub use codec::DecodeError;
