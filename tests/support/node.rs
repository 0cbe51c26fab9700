//! A Kafka node, broker and controller in one process: its storage is formatted once, and a process works on it until it is killed; then another may.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::{fs, io};

use anyhow::{Context, Result, bail};

use super::download::REMEDY;
use super::process::Process;
use super::wait::wait_until;

const LOG4J: &str = "\
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ABSOLUTE} %p %c{1} %m%n
";

/// Options of the JVM that formats storage.
const JVM_OF_TOOLS: &str = "-XX:TieredStopAtLevel=1";

/// Where a node listens.
#[derive(Clone, Copy)]
pub struct Ports {
    pub clients: u16,
    pub controllers: u16,
}

pub struct Node {
    process: Mutex<Option<Process>>,
    storage: Storage,
    /// The command that runs it.
    command: Vec<String>,
}

/// A directory that lasts as long as the test process, however that ends.
struct Storage {
    path: PathBuf,
    _keeper: Process,
}

impl Ports {
    /// Ports that nobody listens on, for so many nodes; all stay bound until all are known, so that they differ.
    pub fn free(nodes: usize) -> io::Result<Vec<Self>> {
        let listeners: Vec<[TcpListener; 2]> =
            (0..nodes).map(|_| Ok([TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?])).collect::<io::Result<_>>()?;
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port());
        listeners.iter().map(|[clients, controllers]| Ok(Self { clients: port(clients)?, controllers: port(controllers)? })).collect()
    }
}

impl Node {
    /// The node at this index of a cluster, with empty storage; it does not run yet.
    pub fn format(index: usize, all: &[Ports], cluster_id: &str, jars: &Path, jvm: &str) -> Result<Self> {
        let storage = Storage::new()?;
        let file = |name: &str| storage.path.join(name).display().to_string();
        let (properties, log4j) = (file("server.properties"), file("log4j2.properties"));
        fs::write(&properties, server_properties(&storage.path, index, all))?;
        fs::write(&log4j, LOG4J)?;
        let classes = format!("{}/*", jars.display());
        format_storage(&classes, &properties, cluster_id)?;
        let log4j = format!("-Dlog4j2.configurationFile={log4j}");
        let rest = [&log4j, "-cp", &classes, "kafka.Kafka", &properties];
        let command = ["java"].into_iter().chain(jvm.split_whitespace()).chain(rest).map(str::to_owned).collect();
        Ok(Self { process: Mutex::default(), storage, command })
    }

    /// Starts a process on what the last one left; does not wait until it answers.
    pub fn start(&self) -> Result<()> {
        let log = tempfile::Builder::new().prefix("log-").tempdir_in(&self.storage.path)?;
        let command: Vec<&str> = self.command.iter().map(String::as_str).collect();
        *self.process.lock().expect("no panic") = Some(Process::start(log, &command)?);
        Ok(())
    }

    /// Sends its process a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        self.of_process(|process| process.signal(name)).expect("it runs");
    }

    /// Kills its process, and waits until it is gone.
    pub fn kill(&self) {
        self.process.lock().expect("no panic").take();
    }

    /// Asks its process to end, and waits until it has.
    pub fn stop(&self) {
        self.signal("TERM");
        wait_until("the end of a broker", || self.has_ended().then_some(()));
        self.kill();
    }

    pub fn pid(&self) -> Option<u32> {
        self.of_process(Process::pid)?
    }

    pub fn has_ended(&self) -> bool {
        self.of_process(Process::has_ended).unwrap_or(true)
    }

    pub fn log(&self) -> String {
        self.of_process(Process::log).unwrap_or_default()
    }

    pub fn log_excerpt(&self) -> String {
        self.of_process(Process::log_excerpt).unwrap_or_default()
    }

    fn of_process<T>(&self, ask: impl FnOnce(&Process) -> T) -> Option<T> {
        self.process.lock().expect("no panic").as_ref().map(ask)
    }
}

impl Storage {
    fn new() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("waid-kafka-").tempdir()?;
        let path = directory.path().to_owned();
        Ok(Self { path, _keeper: Process::start(directory, &["sleep", "infinity"])? })
    }
}

fn format_storage(classes: &str, properties: &str, cluster_id: &str) -> Result<()> {
    let output = Command::new("java")
        .args([JVM_OF_TOOLS, "-cp", classes, "kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", properties])
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => bail!("cannot format Kafka's storage; {REMEDY}. It said:\n{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!("there is no `java` on the PATH; {REMEDY}"),
        Err(error) => Err(error).context("cannot run `java`"),
    }
}

/// Small and prompt: few partitions to load, no wait for further group members, and transactions of dead producers aborted soon. Of several nodes each has
/// all partitions, and one may be missing.
///
/// The broker session of a single one is long, so that neither a busy machine nor a test that freezes the broker fences it: its partitions would
/// have no leader for a while, and clients that meet that are not what is tested. Of several, another is to lead soon.
fn server_properties(directory: &Path, index: usize, all: &[Ports]) -> String {
    let node = |index: usize| index + 1;
    let voters: Vec<String> = all.iter().enumerate().map(|(at, ports)| format!("{}@127.0.0.1:{}", node(at), ports.controllers)).collect();
    let [replicas, in_sync, session_ms] = if all.len() > 1 { [all.len(), all.len() - 1, 6000] } else { [1, 1, 60_000] };
    let Ports { clients, controllers } = all[index];
    format!(
        "process.roles=broker,controller
node.id={}
controller.quorum.voters={}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controllers}
advertised.listeners=PLAINTEXT://127.0.0.1:{clients}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms={session_ms}
default.replication.factor={replicas}
min.insync.replicas={in_sync}
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.cleaner.dedupe.buffer.size=4194304
offsets.topic.num.partitions=4
offsets.topic.replication.factor={replicas}
transaction.abort.timed.out.transaction.cleanup.interval.ms=2000
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor={replicas}
",
        node(index),
        voters.join(","),
        directory.join("data").display()
    )
}
