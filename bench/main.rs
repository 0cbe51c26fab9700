//! `cargo bench`: how fast waid is on a real Kafka, beside a bare transactional copy of the same records. See `README.md`.

mod suite;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use suite::Plan;
use suite::copy::Task;
use suite::traffic::Wanted;

/// Measures `waid run` and a bare transactional copy of the same records on a real Kafka.
#[derive(Debug, Parser)]
struct Arguments {
    /// Records to process.
    #[arg(long, default_value_t = 2_000_000, conflicts_with = "short")]
    inputs: u32,
    /// In which formats webhooks come, where all are processed at once.
    #[arg(long, default_value = "v2")]
    formats: Wanted,
    /// A quick look: 100 000 records, and each other measurement for 10 s.
    #[arg(long)]
    short: bool,
    /// How often waid has its turn; the copy has one before, between and after.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Threads of waid, and of the copy. Default: the cores of this machine.
    #[arg(long)]
    threads: Option<usize>,
    /// Inputs per second at which latency is measured, with commas between.
    #[arg(long, value_delimiter = ',', default_value = "1000,20000")]
    rates: Vec<u32>,
    /// Seconds of each latency measurement, after 5 s of warm-up, and of the idle one.
    #[arg(long)]
    seconds: Option<u64>,
    /// Where the numbers go as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What Cargo says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    fn plan(&self) -> Plan {
        let seconds = Duration::from_secs(self.seconds.unwrap_or(if self.short { 10 } else { 30 }));
        Plan {
            inputs: if self.short { 100_000 } else { self.inputs },
            formats: self.formats,
            rounds: self.rounds,
            threads: self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            rates: self.rates.clone(),
            warm_up: Duration::from_secs(5),
            latency: seconds,
            idle: seconds,
            copy_arguments: &[],
        }
    }
}

fn main() -> Result<()> {
    if let Some(task) = Task::from_environment()? {
        return task.run();
    }
    let arguments = Arguments::parse();
    support::start_for_long();
    let report = suite::measure(&arguments.plan())?;
    println!("{report}");
    if let Some(file) = &arguments.json {
        fs::write(file, serde_json::to_string_pretty(&report)?).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}
