//! The command line: one file a subcommand, and what they share.

pub mod demo;
pub mod replay;
pub mod run;

mod config;
mod errors;
mod failure;
mod log;
pub mod pipeline;
mod stop;
mod topics;

use std::ffi::OsString;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use clap::builder::OsStringValueParser;
use clap::{Parser, Subcommand};

use crate::config::{Loaded, Sources};
use crate::runtime::kafka::client::check_property;

pub use errors::tell_the_end;
pub use failure::Failure;
pub use log::LogFormat;

/// Learns which wa_id stands behind each phone number, and which conversation each message belongs to.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
#[derive(Debug, Parser)]
#[command(name = "waid", version, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every subcommand takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// The configuration file, TOML. Without one the defaults hold; WAID__SECTION__KEY variables go over either.
    #[arg(long, global = true, value_name = "FILE", env = "WAID_CONFIG", value_parser = OsStringValueParser::new())]
    config: Option<OsString>,
    /// How log lines look on standard error. WAID_LOG sets what is logged: info, debug, waid=debug, …
    #[arg(long, global = true, value_name = "FORMAT", env = "WAID_LOG_FORMAT", default_value = "auto")]
    log_format: LogFormat,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Join webhooks and sends, and publish identities and conversations, until told to stop.
    Run(run::RunArgs),
    /// Show on simulated traffic what waid does, with nothing to install.
    Demo(demo::DemoArgs),
    /// Read a capture and write the outputs, without a broker.
    Replay(replay::ReplayArgs),
    /// Print, create or check the topics.
    #[command(subcommand)]
    Topics(topics::TopicsCommand),
    /// Check or show the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
}

impl Command {
    /// What is logged by default: whoever runs a command to read its answer is not told how it came about.
    const fn log_level(&self) -> &'static str {
        match self {
            Self::Demo(_) | Self::Replay(_) => "warn",
            Self::Run(_) | Self::Topics(_) | Self::Config(_) => "info",
        }
    }
}

/// Runs the command line. `--help`, and arguments that are wrong, end the process here.
pub fn main(args: impl IntoIterator<Item = OsString>) -> Result<(), Failure> {
    let Cli { global, command } = Cli::parse_from(args);
    let is_json = log::start(global.log_format, command.log_level())?;
    if is_json && matches!(command, Command::Run(_)) {
        errors::log_the_end();
    }
    match command {
        Command::Run(args) => run::run(&args, &global.load()?),
        Command::Demo(args) => demo::run(&args),
        Command::Replay(args) => replay::run(&args, &global.load()?),
        Command::Topics(command) => topics::run(&command, &global.load()?.config),
        Command::Config(command) => config::run(&command, &global.load()?, global.file()),
    }
}

impl Global {
    /// The configuration file, if there is one: an empty WAID_CONFIG is none.
    fn file(&self) -> Option<&Path> {
        self.config.as_deref().filter(|file| !file.is_empty()).map(Path::new)
    }

    /// The configuration, or everything that is wrong with it.
    pub fn load(&self) -> Result<Loaded, Failure> {
        let sources = Sources::of_process(self.file(), check_property)?;
        Ok(crate::config::load(&sources)?)
    }
}

/// Writes to standard output; a reader that has gone away, such as `head`, is none of our business.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
