//! The public messages as prost generates them from `proto/waid/v1`.
#![allow(clippy::all, clippy::pedantic, missing_docs, reason = "generated")]

include!(concat!(env!("OUT_DIR"), "/waid.v1.rs"));
