//! waid as a process against the shared broker: topics and configuration of its own, started, signalled, awaited.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::process::Process;
use super::wait::{DEADLINE, poll_for, wait_until};
use super::{broker, unique};

/// A group with its topics.
pub struct Deployment {
    prefix: String,
    threads: usize,
    session_ms: u32,
    /// The apps, as lines of the configuration.
    apps: String,
    /// Where machines keep their state.
    machines: TempDir,
}

/// Two apps, one of which is known by all of its ids.
const APPS: &str = r#"
[[apps]]
name = "DemoApp"
[[apps]]
name = "alpha"
gs_app_id = "4005ef9e-581e-41f4-9b04-e0797e0463d2"
phone_number_id = "269033402967482"
"#;

/// A process of `waid run`; killed on drop.
pub struct Running {
    process: Process,
}

impl Deployment {
    /// Creates the inputs with these numbers of partitions, then all other topics by `waid topics create`.
    pub fn create(name: &str, [webhooks, sends]: [i32; 2], threads: usize) -> Self {
        let deployment = Self::named(name, threads);
        broker().create_topic(&deployment.topic("in.webhooks"), webhooks, &[]);
        broker().create_topic(&deployment.topic("in.sends"), sends, &[]);
        let replicas = broker().replicas().to_string();
        let created = deployment.waid(&["topics", "create", "--partitions", "4", "--replication-factor", &replicas], &[]);
        assert!(created.status.success(), "{created:?}");
        // The controller has created them; the broker hears of it a little later.
        wait_until("the topics to be seen", || deployment.waid(&["topics", "check"], &[]).status.success().then_some(()));
        deployment
    }

    /// Names only: no topic is created.
    pub fn named(name: &str, threads: usize) -> Self {
        let machines = tempfile::Builder::new().prefix("waid-state-").tempdir().expect("a directory");
        Self { prefix: unique(name), threads, session_ms: 6000, apps: APPS.to_owned(), machines }
    }

    /// Another session timeout than 6 s.
    #[must_use]
    pub fn session_ms(self, session_ms: u32) -> Self {
        Self { session_ms, ..self }
    }

    /// Other apps, as lines of the configuration.
    #[must_use]
    pub fn apps(self, apps: String) -> Self {
        Self { apps, ..self }
    }

    /// A topic of its own, such as `identities` or `in.sends`.
    pub fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// The group's name.
    pub fn group(&self) -> &str {
        &self.prefix
    }

    /// How many input records the group has read.
    pub fn inputs_read(&self) -> usize {
        let topics = ["in.webhooks", "in.sends"].into_iter().map(|name| broker().committed(self.group(), &self.topic(name)));
        let read: i64 = topics.flat_map(BTreeMap::into_values).map(|committed| committed.offset).sum();
        usize::try_from(read).expect("a count")
    }

    /// Waits until it has read so many input records.
    pub fn wait_for_inputs(&self, least: usize) {
        wait_until(&format!("{least} input records to be read"), || (self.inputs_read() >= least).then_some(()));
    }

    /// Waits until nothing is left to read, neither of the inputs nor of what followed from them.
    pub fn wait_until_settled(&self) {
        let topics = ["in.webhooks", "in.sends", "repartition"].map(|name| self.topic(name));
        broker().wait_until_read(self.group(), &topics.each_ref().map(String::as_str));
    }

    /// Runs `waid` to its end, with its configuration in variables, and with these variables over them.
    pub fn waid(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("waid.toml");
        fs::write(&config, self.config(&self.machines.path().join("tool"))).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_waid"));
        command.args(args).env("WAID_CONFIG", config).envs(env.iter().copied());
        command.output().expect("waid starts")
    }

    /// Starts `waid run` on a machine that has never run it before.
    pub fn start(&self) -> Running {
        self.start_with(&[])
    }

    /// The same with these variables.
    pub fn start_with(&self, env: &[(&str, &str)]) -> Running {
        self.start_on(&unique("machine"), env)
    }

    /// Starts `waid run` on this machine, that is with what the last one there has kept, and with these variables.
    pub fn start_on(&self, machine: &str, env: &[(&str, &str)]) -> Running {
        let directory = tempfile::Builder::new().prefix("waid-run-").tempdir().expect("a directory");
        let config = directory.path().join("waid.toml");
        fs::write(&config, self.config(&self.machines.path().join(machine))).expect("a file");
        let config = config.display().to_string();
        let env: Vec<String> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut command = vec!["env"];
        command.extend(env.iter().map(String::as_str));
        command.extend([env!("CARGO_BIN_EXE_waid"), "--config", &config, "run"]);
        Running { process: Process::start(directory, &command).expect("a process") }
    }

    fn config(&self, state: &Path) -> String {
        let Self { prefix, threads, session_ms, apps, .. } = self;
        let (heartbeat_ms, state) = (session_ms / 12, state.display());
        let bootstrap = broker().bootstrap();
        format!(
            r#"
[kafka]
bootstrap_servers = "{bootstrap}"
group_id = "{prefix}"
[kafka.properties]
"session.timeout.ms" = "{session_ms}"
"heartbeat.interval.ms" = "{heartbeat_ms}"
[topics]
prefix = "{prefix}."
webhooks = "{prefix}.in.webhooks"
sends = "{prefix}.in.sends"
[state]
dir = "{state}"
[workers]
threads = {threads}
[http]
listen = "off"
{apps}
"#
        )
    }
}

impl Running {
    /// Sends it a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// What it ended with, if it has; above 128 a signal ended it.
    pub fn exit_code(&self) -> Option<i32> {
        self.process.exit_code()
    }

    /// Waits for its end: the exit code.
    pub fn wait(&self) -> i32 {
        wait_until("the end of waid", || self.process.exit_code())
    }

    /// Asks it to stop and waits for its end: the exit code.
    pub fn stop(&self) -> i32 {
        self.signal("TERM");
        self.wait()
    }

    /// Waits until it has logged a line with all of these in it; panics with the log when it ends before, or does not in time.
    pub fn wait_for_line(&self, parts: &[&str]) {
        let found = poll_for(DEADLINE, || {
            let said = self.lines(parts) > 0;
            (said || self.process.exit_code().is_some()).then_some(said)
        });
        assert_eq!(found, Some(true), "no line with {parts:?} in the log:\n{}", self.log());
    }

    /// How many lines with all of these in it there are in its log.
    pub fn lines(&self, parts: &[&str]) -> usize {
        self.log().lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    }

    /// All that it logged so far.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
