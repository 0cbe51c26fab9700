//! Three brokers, of which one after the other is stopped, dies or freezes while two processes work, and comes back: partitions, the group and its transactions get other leaders and
//! coordinators. Nothing is lost, nothing comes twice.

mod support;

#[path = "kafka_crowd/person.rs"]
mod person;
#[path = "kafka_crowd/truth.rs"]
mod truth;

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use person::{Person, RECORDS};
use support::{Deployment, Node, Record, Running, broker, poll_for, wait_until};

/// How many people there are more of before each fault, and after it has begun.
const PEOPLE_AT_ONCE: usize = 500;

/// How long it may take until everything was read although a broker is missing: it takes the others six seconds and more to notice.
const READ_WITHIN: Duration = Duration::from_mins(2);

/// What happens to a broker.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It lets others lead, and ends.
    Stopped,
    /// It is gone, and so are its connections.
    Killed,
    /// It says nothing, and its connections stay.
    Frozen,
}

impl Fault {
    const ALL: [Self; 3] = [Self::Stopped, Self::Killed, Self::Frozen];

    fn begin(self, node: &Node) {
        match self {
            Self::Stopped => node.stop(),
            Self::Killed => node.kill(),
            Self::Frozen => node.signal("STOP"),
        }
    }

    fn end(self, node: &Node) {
        match self {
            Self::Stopped | Self::Killed => node.start().expect("a process"),
            Self::Frozen => node.signal("CONT"),
        }
    }
}

/// Each fault at another broker in turn; how many, `WAID_CLUSTER_FAULTS` may say.
fn faults() -> impl Iterator<Item = (Fault, &'static Node)> {
    let count = std::env::var("WAID_CLUSTER_FAULTS").map_or(Fault::ALL.len(), |count| count.parse().expect("a number"));
    let nodes = broker().nodes();
    assert!(!nodes.is_empty(), "brokers of its own: unset WAID_TEST_BOOTSTRAP");
    // Whole rounds of the faults begin at another node each.
    (0..count).map(move |at| (Fault::ALL[at % Fault::ALL.len()], &nodes[(at + at / nodes.len()) % nodes.len()]))
}

/// Two processes, and records for them.
struct Scene {
    deployment: Deployment,
    running: [Running; 2],
    produced: usize,
}

impl Scene {
    /// Produces the records of so many more people.
    fn produce(&mut self) {
        let people = self.people()..self.people() + PEOPLE_AT_ONCE;
        let mut records: Vec<Record> = people.flat_map(|person| Person(person).records(&self.deployment)).collect();
        records.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
        broker().produce(&records);
        self.produced += records.len();
    }

    fn people(&self) -> usize {
        self.produced / RECORDS
    }

    /// What checkpoints include is deleted, whoever leads the partitions by now.
    fn wait_until_purged(&mut self) {
        let log = self.deployment.topic("repartition");
        let before = broker().ranges(&log);
        self.produce();
        let purged = || broker().ranges(&log).iter().zip(&before).all(|(now, before)| now.start >= before.end);
        wait_until("the repartition topic to be purged", || purged().then_some(()));
    }

    /// Waits until everything was read. Whatever happens to brokers, no process ends.
    fn wait_until_read(&self) {
        let [one, two] = &self.running;
        let read = poll_for(READ_WITHIN, || (self.deployment.inputs_read() >= self.produced).then_some(()));
        assert!(read.is_some(), "stuck at {} of {}:\n{}\n\n{}", self.deployment.inputs_read(), self.produced, one.log(), two.log());
        for one in &self.running {
            assert_eq!(one.exit_code(), None, "{}", one.log());
        }
    }
}

#[test]
fn brokers_go_and_come_back_one_after_the_other() {
    support::start_as_cluster();
    let deployment = Deployment::create("cluster", [6, 3], 2);
    let running = [deployment.start(), deployment.start()];
    let mut scene = Scene { deployment, running, produced: 0 };
    for one in &scene.running {
        one.wait_for_line(&["task assigned"]);
    }
    for (fault, node) in faults() {
        scene.produce();
        let begun = Instant::now();
        fault.begin(node);
        scene.produce();
        scene.wait_until_read();
        eprintln!("{fault:?}: everything read after {:.1?}", begun.elapsed());
        fault.end(node);
        broker().wait_until_whole().expect("three brokers");
    }
    scene.wait_until_purged();
    let Scene { deployment, running, .. } = &scene;
    deployment.wait_until_settled();
    let workers: usize = running.iter().map(|running| running.lines(&["built anew"])).sum();
    eprintln!("{} inputs; workers built anew: {workers}", scene.produced);
    for one in running {
        assert_eq!(one.stop(), 0, "{}", one.log());
    }
    assert_eq!(deployment.inputs_read(), scene.produced);
    truth::check(deployment, scene.people());
}
