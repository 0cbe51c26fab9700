//! `waid run` with its configuration and topics.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::feed::Inputs;
use super::subject::Subject;
use crate::support::{broker, unique};

const WAID: &str = env!("CARGO_BIN_EXE_waid");

/// A group of its own, with outputs of its own, over these inputs.
pub struct Waid<'a> {
    /// What it reads.
    pub inputs: &'a Inputs,
    /// The group.
    pub group: String,
    directory: TempDir,
}

impl<'a> Waid<'a> {
    /// Writes the configuration, with all defaults but names, threads and these lines of apps, and creates the topics: outputs have a
    /// partition for each thread.
    pub fn create(inputs: &'a Inputs, threads: usize, apps: &str) -> Result<Self> {
        let waid = Self { inputs, group: unique("bench-waid"), directory: tempfile::tempdir()? };
        fs::write(waid.file(), waid.configuration(threads) + apps)?;
        let partitions = threads.to_string();
        let created = Command::new(WAID).args(["--config", &waid.file(), "topics", "create", "--partitions", &partitions]).output()?;
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

    fn configuration(&self, threads: usize) -> String {
        let Self { inputs: Inputs { webhooks, sends }, group, directory } = self;
        let bootstrap = broker().bootstrap();
        let state = directory.path().join("state").display().to_string();
        format!(
            r#"
[kafka]
bootstrap_servers = "{bootstrap}"
group_id = "{group}"
[topics]
prefix = "{group}."
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
