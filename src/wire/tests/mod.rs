//! Round trips of random values, Protobuf as prost understands it, and garbage.

mod events;
mod fixture;
mod generated;
mod output;
mod output_protobuf;
mod packed;
pub mod random;
mod send;
mod sizes;
mod state;
