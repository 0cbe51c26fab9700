//! The internal formats as prost generates them: what the tables of field numbers are held against.
#![allow(clippy::all, clippy::pedantic, missing_docs, dead_code, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/waid.internal.v1.rs"));
