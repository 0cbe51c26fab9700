//! `waid run`: the processor.

use clap::Args;

/// Join webhooks and sends, and publish identities and conversations, until told to stop.
#[derive(Debug, Args)]
pub struct RunArgs {}
