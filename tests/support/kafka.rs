//! One Kafka node as broker and controller in one process: formatted, started, awaited, killed on drop.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, fs, io};

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use tempfile::TempDir;
use uuid::Uuid;

use super::download::{REMEDY, kafka_jars};
use super::process::Process;
use super::wait::poll_for;

const START_ATTEMPTS: usize = 5;
const START_TIMEOUT: Duration = Duration::from_mins(2);
const RUNNING_TIMEOUT: Duration = Duration::from_secs(15);

/// Client-side bound of one readiness request; the loop around it has the deadline.
const READY_REQUEST_TIMEOUT: Duration = Duration::from_millis(500);

const LOG4J: &str = "\
rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ABSOLUTE} %p %c{1} %m%n
";

/// A broker that answers: started here, or named by `WAID_TEST_BOOTSTRAP`.
pub struct Broker {
    bootstrap: String,
    process: Option<Process>,
}

impl Broker {
    /// Starts a broker of its own, for a test that cannot share one; it is killed on drop. Others call `support::broker`.
    pub fn start() -> Result<Self> {
        if let Ok(bootstrap) = env::var("WAID_TEST_BOOTSTRAP") {
            let broker = Self { bootstrap, process: None };
            broker.wait_until_ready(RUNNING_TIMEOUT).context("WAID_TEST_BOOTSTRAP must name a broker that runs")?;
            return Ok(broker);
        }
        let jars = kafka_jars()?;
        for _ in 0..START_ATTEMPTS {
            if let Some(broker) = Self::launch(&jars)? {
                return Ok(broker);
            }
        }
        bail!("Kafka found its ports taken {START_ATTEMPTS} times in a row; try again with fewer programs on this machine")
    }

    /// `host:port` for `bootstrap.servers`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Its process id, if it was started here.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref()?.pid()
    }

    /// Sends a signal to the broker, by its name without SIG. Only one that was started here takes it.
    pub fn signal(&self, name: &str) {
        self.process.as_ref().expect("a broker of its own: unset WAID_TEST_BOOTSTRAP").signal(name);
    }

    /// `None`: another program took one of the ports between the choice and the start.
    fn launch(jars: &Path) -> Result<Option<Self>> {
        let [port, controller_port] = free_ports()?;
        let directory = tempfile::Builder::new().prefix("waid-kafka-").tempdir()?;
        let properties = directory.path().join("server.properties");
        fs::write(&properties, server_properties(directory.path(), port, controller_port))?;
        fs::write(directory.path().join("log4j2.properties"), LOG4J)?;
        let classes = format!("{}/*", jars.display());
        format_storage(&classes, &properties)?;

        let process = start_server(directory, &classes)?;
        let broker = Self { bootstrap: format!("127.0.0.1:{port}"), process: Some(process) };
        match broker.wait_until_ready(START_TIMEOUT) {
            Ok(()) => Ok(Some(broker)),
            Err(_) if broker.log().contains("Address already in use") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ready = it answers a metadata request, and names itself in the answer, which it does once the controller lets it serve.
    fn wait_until_ready(&self, timeout: Duration) -> Result<()> {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "100")
            .create()?;
        let answers = || client.fetch_metadata(None, READY_REQUEST_TIMEOUT).is_ok_and(|metadata| !metadata.brokers().is_empty());
        let ended = || self.process.as_ref().is_some_and(Process::has_ended);
        match poll_for(timeout, || if answers() { Some(true) } else { ended().then_some(false) }) {
            Some(true) => Ok(()),
            Some(false) => bail!("Kafka ended while it started{}", self.log_excerpt()),
            None => bail!("no answer from Kafka at {} within {timeout:?}{}", self.bootstrap, self.log_excerpt()),
        }
    }

    fn log(&self) -> String {
        self.process.as_ref().map(Process::log).unwrap_or_default()
    }

    fn log_excerpt(&self) -> String {
        self.process.as_ref().map(|process| format!("; from its log:\n{}", process.log_excerpt())).unwrap_or_default()
    }
}

/// Two ports that nobody listens on; both stay bound until both are known, so that they differ.
fn free_ports() -> io::Result<[u16; 2]> {
    let first = TcpListener::bind("127.0.0.1:0")?;
    let second = TcpListener::bind("127.0.0.1:0")?;
    Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}

fn format_storage(classes: &str, properties: &Path) -> Result<()> {
    let output = Command::new("java")
        .args(["-XX:TieredStopAtLevel=1", "-cp", classes, "kafka.tools.StorageTool", "format", "-t", &cluster_id(), "-c"])
        .arg(properties)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => bail!("cannot format Kafka's storage; {REMEDY}. It said:\n{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => bail!("there is no `java` on the PATH; {REMEDY}"),
        Err(error) => Err(error).context("cannot run `java`"),
    }
}

/// A Kafka UUID is 22 characters of base64; the last one carries four bits that must be zero.
fn cluster_id() -> String {
    format!("{}A", &Uuid::new_v4().simple().to_string()[..21])
}

/// Options of the JVM for a broker that is soon up and small.
const JVM: &str = "-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1";

/// Those of Kafka's own start script, for a broker that works for long: after some minutes it takes much less for the same work.
const JVM_FOR_LONG: &str = "-Xmx1g -Xms1g -server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35";

static FOR_LONG: AtomicBool = AtomicBool::new(false);

/// From now on brokers are started as they are in production. `WAID_TEST_KAFKA_JVM` has other options than either.
pub fn start_for_long() {
    FOR_LONG.store(true, Ordering::Relaxed);
}

fn start_server(directory: TempDir, classes: &str) -> Result<Process> {
    let log4j = format!("-Dlog4j2.configurationFile={}", directory.path().join("log4j2.properties").display());
    let properties = directory.path().join("server.properties").display().to_string();
    let jvm =
        env::var("WAID_TEST_KAFKA_JVM").unwrap_or_else(|_| if FOR_LONG.load(Ordering::Relaxed) { JVM_FOR_LONG } else { JVM }.to_owned());
    let rest = [&log4j, "-cp", classes, "kafka.Kafka", &properties];
    let command: Vec<&str> = ["java"].into_iter().chain(jvm.split_whitespace()).chain(rest).collect();
    Process::start(directory, &command)
}

/// Small and prompt: few partitions to load, no wait for further group members, and transactions of dead producers aborted soon.
/// The broker session is long, so that neither a busy machine nor a test that freezes the broker fences the only one: its partitions would
/// have no leader for a while, and clients that meet that are not what is tested.
fn server_properties(directory: &Path, port: u16, controller_port: u16) -> String {
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=60000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
log.cleaner.dedupe.buffer.size=4194304
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.abort.timed.out.transaction.cleanup.interval.ms=2000
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
",
        directory.join("data").display()
    )
}
