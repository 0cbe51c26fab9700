//! Round trips of random values, Protobuf as prost understands it, and garbage.

mod events;
mod generated;
mod output;
mod output_protobuf;
mod packed;
mod random;
