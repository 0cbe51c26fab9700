//! `waid replay`: a capture through the same pipeline, without a broker.

use std::path::PathBuf;

use clap::Args;

/// Read a capture and write the outputs, without a broker.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Captures in the lines of `kcat -J`.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where to write a TOPIC.jsonl each; without it, all lines go to standard output.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}
