//! Where log lines go and how they look: standard error, for people on a terminal and as JSON elsewhere.

use std::io::{IsTerminal as _, stderr};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use super::Failure;
use super::errors::Errors;
use crate::config::{Cause, Origin, Problem, Problems};

/// The parts that log.
const PARTS: [&str; 2] = ["waid", "librdkafka"];

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

/// Starts logging, for the rest of the process; whether lines are JSON. What is logged unless a variable says otherwise: `level`.
pub(super) fn start(format: LogFormat, level: &str) -> Result<bool, Failure> {
    let terminal = stderr().is_terminal();
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter(level)?).with_writer(Errors::open).with_ansi(terminal && !is_colour_unwanted());
    let started = if json { builder.json().flatten_event(true).try_init() } else { builder.try_init() };
    started.map(|()| json).map_err(Failure::Failed)
}

/// `NO_COLOR`, whatever it says.
fn is_colour_unwanted() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|text| !text.is_empty())
}

const VARIABLE: &str = "WAID_LOG";

/// What the variable says, else this level.
fn filter(level: &str) -> Result<EnvFilter, Failure> {
    match std::env::var(VARIABLE) {
        Ok(text) if !text.is_empty() => parse(&text).map_err(|why| wrong(VARIABLE, &text, &why)),
        Ok(_) | Err(_) => Ok(EnvFilter::new(level)),
    }
}

/// A word by itself is a level, or a part that is logged in full; another one would be taken for a part, and everything else be silent.
fn parse(text: &str) -> Result<EnvFilter, String> {
    let is_bare = |word: &&str| !word.is_empty() && !word.contains(['=', '[']);
    let is_meant = |word: &&str| PARTS.contains(word) || word.parse::<LevelFilter>().is_ok();
    if let Some(word) = text.split(',').map(str::trim).filter(is_bare).find(|word| !is_meant(word)) {
        return Err(format!("{word:?} is no level"));
    }
    EnvFilter::try_new(text).map_err(|error| error.to_string())
}

fn wrong(name: &str, text: &str, why: &str) -> Failure {
    let allowed = "write a level (off, error, warn, info, debug, trace), or one for each part, such as waid=debug,info";
    Failure::Config(Problems(vec![Problem {
        origin: Origin::Env(name.to_owned()),
        path: String::new(),
        value: None,
        cause: Cause::Invalid(format!("{text:?} is not a log filter ({why}); {allowed}")),
    }]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_no_level_is_refused() {
        for text in ["info", "WARN", "waid", "waid=debug,info", "librdkafka=trace", "off", "info,waid[commit]=debug", "info,"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["warning", "verbos", "info,wiad", "waid=loud"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
