//! Round trips of random values, Protobuf as prost understands it, and garbage.

mod generated;
mod packed;
mod random;
