//! `waid config`: whether the configuration is right, and what it is.

use std::path::Path;

use clap::Subcommand;

use super::{Failure, print};
use crate::config::Loaded;
use crate::runtime::kafka::admin::Admin;

/// `waid config …`
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Tell everything that is wrong with the configuration, or that it is valid.
    Check,
    /// Print the configuration in effect as TOML, with where each value comes from. Secrets are masked.
    Show,
}

/// A configuration that is wrong never gets here: loading it has failed.
pub(super) fn run(command: &ConfigCommand, loaded: &Loaded, file: Option<&Path>) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check => {
            // Files of keys and certificates are read when a client is made, which waits for no broker.
            Admin::new(&loaded.config.kafka)?;
            print(&verdict(loaded, file))
        }
        ConfigCommand::Show => print(&loaded.to_toml()),
    }
}

fn verdict(loaded: &Loaded, file: Option<&Path>) -> String {
    let from = file.map_or_else(|| "no file".to_owned(), |file| file.display().to_string());
    let warnings = loaded.warnings.iter().map(|warning| format!("warning: {warning}\n"));
    format!("configuration is valid ({from})\n{}", warnings.collect::<String>())
}
