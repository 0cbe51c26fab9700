//! Where log lines go and how they look: standard error, for people on a terminal and as JSON elsewhere.

use std::io::{IsTerminal as _, stderr};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use super::Failure;
use crate::config::{Cause, Origin, Problem, Problems};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Starts logging, for the rest of the process. What is logged unless a variable says otherwise: `level`.
pub(super) fn start(format: LogFormat, level: &str) -> Result<(), Failure> {
    let terminal = stderr().is_terminal();
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    let builder = tracing_subscriber::fmt().with_env_filter(filter(level)?).with_writer(stderr).with_ansi(terminal);
    let started = if json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
    started.map_err(Failure::Failed)
}

/// `WAID_LOG`, else `RUST_LOG`, else this level.
fn filter(level: &str) -> Result<EnvFilter, Failure> {
    for name in ["WAID_LOG", "RUST_LOG"] {
        let Ok(text) = std::env::var(name) else { continue };
        if !text.is_empty() {
            return EnvFilter::try_new(&text).map_err(|error| wrong(name, &text, &error));
        }
    }
    Ok(EnvFilter::new(level))
}

fn wrong(name: &str, text: &str, error: &ParseError) -> Failure {
    let allowed = "write a level such as info, or one for each part, such as waid=debug,info";
    Failure::Config(Problems(vec![Problem {
        origin: Origin::Env(name.to_owned()),
        path: String::new(),
        value: None,
        cause: Cause::Invalid(format!("{text:?} is not a log filter ({error}); {allowed}")),
    }]))
}
