//! Tasks that get no further hold the inputs back, also those of other processes, so that their log does not grow without bound; and nothing
//! waits for ever, whatever becomes of them.

mod support;

#[path = "kafka_crowd/person.rs"]
mod person;
#[path = "kafka_crowd/truth.rs"]
mod truth;

use std::time::Duration;

use person::{Person, RECORDS};
use rdkafka::producer::Producer as _;
use support::{DEADLINE, Deployment, Record, Running, broker, poll_for, send_all, unique, wait_until};

const WEBHOOKS: i32 = 6;
const SENDS: i32 = 3;

const PEOPLE: usize = 3_000;

/// How many of them come before one of the processes stands still.
const BEFORE: usize = 50;

/// How far behind tasks may be, and fetches so small and rare that the inputs are not all read before that is noticed.
const ENV: [(&str, &str); 4] = [
    ("WAID_TEST_BEHIND_BYTES_MAX", "30000"),
    ("WAID__KAFKA__PROPERTIES__QUEUED_MIN_MESSAGES", "1"),
    ("WAID__KAFKA__PROPERTIES__FETCH_QUEUE_BACKOFF_MS", "200"),
    ("WAID__KAFKA__PROPERTIES__MAX_PARTITION_FETCH_BYTES", "16000"),
];

/// Records of a batch of the inputs: a fetch of a partition takes two.
const BATCH: usize = 20;

/// Longer than it takes to notice that a task has come on, many times.
const HELD: Duration = Duration::from_secs(5);

const KILLED: i32 = 137;

/// Two processes, of which one stands still, and so the inputs of the other wait.
struct Scene {
    deployment: Deployment,
    works: Running,
    stands: Running,
}

impl Scene {
    fn new(name: &str, session_ms: u32) -> Self {
        let deployment = Deployment::create(name, [WEBHOOKS, SENDS], 1).session_ms(session_ms);
        let [works, stands] = ["works", "stands"].map(|machine| deployment.start_on(machine, &ENV));
        for running in [&works, &stands] {
            running.wait_for_line(&["task assigned"]);
        }
        let records: Vec<Record> = (0..PEOPLE).flat_map(|person| spread(person, &deployment)).collect();
        let (first, rest) = records.split_at(BEFORE * RECORDS);
        broker().produce(first);
        deployment.wait_until_settled();
        stands.signal("STOP");
        broker().produce_in_batches(rest, BATCH);
        works.wait_for_line(&["inputs wait for the tasks"]);
        Self { deployment, works, stands }
    }

    /// What is read now, unless more is within some time.
    fn holds(&self) -> usize {
        let mut read = self.deployment.inputs_read();
        // What was read before it waited is committed yet.
        while let Some(more) = poll_for(Duration::from_secs(1), || Some(self.deployment.inputs_read()).filter(|now| *now > read)) {
            read = more;
        }
        let more = poll_for(HELD, || Some(self.deployment.inputs_read()).filter(|now| *now != read));
        assert_eq!(more, None, "{read} were read before\n{}", self.works.log());
        read
    }

    fn finish(&self, running: &[&Running]) {
        wait_until("the inputs to go on", || (self.works.lines(&["inputs go on"]) > 0).then_some(()));
        self.deployment.wait_for_inputs(PEOPLE * RECORDS);
        self.deployment.wait_until_settled();
        for running in running {
            assert_eq!(running.stop(), 0, "{}", running.log());
        }
        truth::check(&self.deployment, PEOPLE);
    }
}

/// All records of a person, evenly over the partitions.
fn spread(person: usize, deployment: &Deployment) -> Vec<Record> {
    let records = Person(person).records(deployment).into_iter().enumerate();
    let place = |(index, record): (usize, Record)| {
        let count = if record.topic == deployment.topic("in.sends") { SENDS } else { WEBHOOKS };
        record.partition(i32::try_from(person + index).expect("fits") % count)
    };
    records.map(place).collect()
}

#[test]
fn inputs_wait_for_a_task_that_stands_still_and_go_on_with_it() {
    let scene = Scene::new("stands", 30_000);
    let read = scene.holds();
    eprintln!("{read} of {} inputs read when they waited", PEOPLE * RECORDS);
    // Two tasks and their inputs are its own, of the webhooks a third at least, and of the sends as much.
    assert!(read < PEOPLE * RECORDS / 3, "{read}");
    scene.stands.signal("CONT");
    scene.finish(&[&scene.works, &scene.stands]);
}

/// Its tasks, with all that waits for them, and its inputs go to a process whose own inputs wait.
#[test]
fn inputs_go_on_when_a_task_that_stood_still_has_another_owner() {
    let scene = Scene::new("dies", 12_000);
    scene.stands.signal("KILL");
    assert_eq!(scene.stands.wait(), KILLED);
    scene.finish(&[&scene.works]);
}

/// Nobody ever reads what an aborted transaction has left at the end of a log, and while inputs wait nothing may follow it.
#[test]
fn inputs_do_not_wait_for_what_was_aborted() {
    let deployment = Deployment::create("aborted", [1, 1], 1);
    let running = deployment.start_on("machine", &ENV);
    running.wait_for_line(&["task assigned"]);
    let producer = broker().open_producer(&unique("aborted"), DEADLINE);
    let record = Record::to(&deployment.topic("repartition")).partition(0).payload("nothing");
    send_all(&producer, &vec![record; 20_000]);
    // While no input comes, nobody asks how far tasks are behind.
    broker().produce(&[Record::to(&deployment.topic("in.webhooks")).payload("not JSON")]);
    running.wait_for_line(&["inputs wait for the tasks"]);
    producer.abort_transaction(DEADLINE).expect("aborted");
    running.wait_for_line(&["inputs go on"]);
    assert_eq!(running.stop(), 0, "{}", running.log());
}
