//! A Kafka of one node or several: formatted, started, awaited, killed on drop.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use std::{env, thread};

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::{Metadata, MetadataTopic};
use uuid::Uuid;

use super::download::kafka_jars;
use super::node::{Node, Ports};
use super::wait::poll_for;

const START_ATTEMPTS: usize = 5;
const START_TIMEOUT: Duration = Duration::from_mins(2);
const RUNNING_TIMEOUT: Duration = Duration::from_secs(15);

/// Client-side bound of one readiness request; the loop around it has the deadline.
const READY_REQUEST_TIMEOUT: Duration = Duration::from_millis(500);

/// How many nodes a cluster has.
const CLUSTER_NODES: usize = 3;

/// Brokers that answer: started here, or named by `WAID_TEST_BOOTSTRAP`.
pub struct Broker {
    bootstrap: String,
    nodes: Vec<Node>,
}

impl Broker {
    /// Starts a broker of its own, for a test that cannot share one; it is killed on drop. Others call `support::broker`.
    pub fn start() -> Result<Self> {
        if let Ok(bootstrap) = env::var("WAID_TEST_BOOTSTRAP") {
            let broker = Self { bootstrap, nodes: Vec::new() };
            broker.wait_until_ready(1, RUNNING_TIMEOUT).context("WAID_TEST_BOOTSTRAP must name a broker that runs")?;
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

    /// `host:port`, one or several, for `bootstrap.servers`.
    pub fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// Its process id, if it was started here.
    pub fn pid(&self) -> Option<u32> {
        self.nodes.first()?.pid()
    }

    /// Sends a signal to the broker, by its name without SIG. Only one that was started here takes it.
    pub fn signal(&self, name: &str) {
        self.nodes.first().expect("a broker of its own: unset WAID_TEST_BOOTSTRAP").signal(name);
    }

    /// Its nodes, if they were started here.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// On how many nodes each partition is.
    pub fn replicas(&self) -> i32 {
        self.nodes.len().max(1).try_into().expect("a few")
    }

    /// Waits until all nodes serve again, and have all records.
    pub fn wait_until_whole(&self) -> Result<()> {
        self.wait_until_ready(self.nodes.len(), START_TIMEOUT)
    }

    /// `None`: another program took one of the ports between the choice and the start.
    fn launch(jars: &Path) -> Result<Option<Self>> {
        let ports = Ports::free(if AS_CLUSTER.load(Ordering::Relaxed) { CLUSTER_NODES } else { 1 })?;
        let (cluster_id, jvm) = (cluster_id(), jvm());
        let format = |index: usize| Node::format(index, &ports, &cluster_id, jars, &jvm);
        let nodes: Vec<Node> = thread::scope(|scope| {
            let formatting: Vec<_> = (0..ports.len()).map(|index| scope.spawn(move || format(index))).collect();
            formatting.into_iter().map(|formatting| formatting.join().expect("no panic")).collect::<Result<_>>()
        })?;
        nodes.iter().try_for_each(Node::start)?;
        let addresses: Vec<String> = ports.iter().map(|ports| format!("127.0.0.1:{}", ports.clients)).collect();
        let broker = Self { bootstrap: addresses.join(","), nodes };
        match broker.wait_until_whole() {
            Ok(()) => Ok(Some(broker)),
            Err(_) if broker.nodes.iter().any(|node| node.log().contains("Address already in use")) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ready = it answers a metadata request, and names so many brokers in the answer, which it does once the controller lets them serve, and no partition
    /// that is in sync on fewer.
    fn wait_until_ready(&self, brokers: usize, timeout: Duration) -> Result<()> {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.bootstrap)
            .set("reconnect.backoff.ms", "20")
            .set("reconnect.backoff.max.ms", "100")
            .create()?;
        let answers = || client.fetch_metadata(None, READY_REQUEST_TIMEOUT).is_ok_and(|metadata| is_whole(&metadata, brokers));
        let ended = || self.nodes.iter().any(Node::has_ended);
        match poll_for(timeout, || if answers() { Some(true) } else { ended().then_some(false) }) {
            Some(true) => Ok(()),
            Some(false) => bail!("Kafka ended while it started{}", self.log_excerpt()),
            None => bail!("no answer from Kafka at {} within {timeout:?}{}", self.bootstrap, self.log_excerpt()),
        }
    }

    fn log_excerpt(&self) -> String {
        let excerpts: Vec<String> = self.nodes.iter().map(|node| format!("; from a log of it:\n{}", node.log_excerpt())).collect();
        excerpts.concat()
    }
}

fn is_whole(metadata: &Metadata, brokers: usize) -> bool {
    let mut partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
    metadata.brokers().len() >= brokers && partitions.all(|partition| partition.isr().len() >= brokers)
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

static AS_CLUSTER: AtomicBool = AtomicBool::new(false);

/// From now on brokers are started as they are in production. `WAID_TEST_KAFKA_JVM` has other options than either.
pub fn start_for_long() {
    FOR_LONG.store(true, Ordering::Relaxed);
}

/// From now on three nodes are started where else it is one, with replicas of everything on each, of which one may be missing.
pub fn start_as_cluster() {
    AS_CLUSTER.store(true, Ordering::Relaxed);
}

fn jvm() -> String {
    env::var("WAID_TEST_KAFKA_JVM").unwrap_or_else(|_| if FOR_LONG.load(Ordering::Relaxed) { JVM_FOR_LONG } else { JVM }.to_owned())
}
