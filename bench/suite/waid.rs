//! `waid run` with its configuration and topics.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::feed::Inputs;
use super::subject::Subject;
use crate::support::{broker, unique};

const WAID: &str = env!("CARGO_BIN_EXE_waid");

/// How many partitions its topics have.
#[derive(Clone, Copy)]
pub enum Partitions {
    /// The default of its repartition topic, which leaves room for more threads; outputs have one for each thread.
    Roomy,
    /// One task for each thread, and outputs of one: a transaction writes to no more than it must.
    Fewest,
}

/// A group of its own, with outputs of its own, over these inputs.
pub struct Waid<'a> {
    /// What it reads.
    pub inputs: &'a Inputs,
    /// The group.
    pub group: String,
    directory: TempDir,
}

impl<'a> Waid<'a> {
    /// Writes the configuration, with all defaults but names, threads, partitions and these lines of apps, and creates the topics.
    pub fn create(inputs: &'a Inputs, threads: usize, partitions: Partitions, apps: &str) -> Result<Self> {
        let waid = Self { inputs, group: unique("bench-waid"), directory: tempfile::tempdir()? };
        fs::write(waid.file(), waid.configuration(threads, partitions) + apps)?;
        let of_outputs = partitions.of_outputs(threads).to_string();
        let created = Command::new(WAID).args(["--config", &waid.file(), "topics", "create", "--partitions", &of_outputs]).output()?;
        if !created.status.success() {
            bail!("cannot create the topics of waid: {}", String::from_utf8_lossy(&created.stderr));
        }
        Ok(waid)
    }

    /// Starts `waid run`.
    pub fn start(&self) -> Result<Subject> {
        Subject::start(&[WAID, "--config", &self.file(), "run"]).context("cannot start waid")
    }

    /// The name of an output or internal topic, such as `repartition`.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.group)
    }

    /// How many tasks it has.
    pub fn tasks(&self) -> usize {
        broker().partitions(&self.topic("repartition")).len()
    }

    fn file(&self) -> String {
        self.directory.path().join("waid.toml").display().to_string()
    }

    fn configuration(&self, threads: usize, partitions: Partitions) -> String {
        let Self { inputs: Inputs { webhooks, sends }, group, directory } = self;
        let bootstrap = broker().bootstrap();
        let tasks = partitions.of_repartition(threads).map(|count| format!("repartition_partitions = {count}")).unwrap_or_default();
        let state = directory.path().join("state").display().to_string();
        format!(
            r#"
[kafka]
bootstrap_servers = "{bootstrap}"
group_id = "{group}"
[topics]
prefix = "{group}."
{tasks}
webhooks = "{webhooks}"
sends = "{sends}"
[state]
dir = "{state}"
[workers]
threads = {threads}
[http]
listen = "127.0.0.1:0"
"#
        )
    }
}

impl Partitions {
    /// Of each output.
    const fn of_outputs(self, threads: usize) -> usize {
        match self {
            Self::Roomy => threads,
            Self::Fewest => 1,
        }
    }

    /// Of the repartition topic, if not as by default.
    const fn of_repartition(self, threads: usize) -> Option<usize> {
        match self {
            Self::Roomy => None,
            Self::Fewest => Some(threads),
        }
    }
}
