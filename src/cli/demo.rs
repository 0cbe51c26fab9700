//! `waid demo`: everything in one process, with nothing to install.

use clap::Args;

/// Start an embedded broker, simulated traffic and the processor, and show what it resolved.
#[derive(Debug, Args)]
pub struct DemoArgs {}
