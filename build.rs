//! Generates Rust from `proto/`, without `protoc`.

use std::io;

/// All files, public and internal.
const FILES: [&str; 5] = [
    "waid/v1/output.proto",
    "waid/v1/send.proto",
    "waid/internal/v1/repartition.proto",
    "waid/internal/v1/state.proto",
    "waid/internal/v1/marker.proto",
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(FILES, ["proto"]).map_err(io::Error::other)?;
    prost_build::Config::new().compile_fds(descriptors)
}
