//! Two processes share a crowd's records, and one of them is stopped, paused or killed in the middle: nothing is lost,
//! nothing comes twice.

mod support;

#[path = "kafka_crowd/person.rs"]
mod person;
#[path = "kafka_crowd/truth.rs"]
mod truth;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use person::{Person, RECORDS};
use support::{Deployment, Record, Running, broker, wait_until};

/// Two processes, and the records that they are given in three parts.
struct Crowd {
    deployment: Deployment,
    people: usize,
    records: Vec<Record>,
}

impl Crowd {
    fn new(name: &str, people: usize) -> Self {
        let deployment = Deployment::create(name, [6, 3], 2);
        let mut records: Vec<Record> = (0..people).flat_map(|person| Person(person).records(&deployment)).collect();
        records.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
        Self { deployment, people, records }
    }

    /// Two processes that both have tasks.
    fn start(&self) -> [Running; 2] {
        let both = [self.deployment.start(), self.deployment.start()];
        for one in &both {
            one.wait_for_line(&["task assigned"]);
        }
        both
    }

    /// Produces one third of the records.
    fn produce(&self, third: usize) {
        let size = self.records.len().div_ceil(3);
        broker().produce(self.records.chunks(size).nth(third).expect("one of three"));
    }

    /// Everything was read, and what came of it is right; then all stop.
    fn finish(&self, running: &[&Running]) {
        self.deployment.wait_until_settled();
        assert_eq!(self.deployment.inputs_read(), self.people * RECORDS);
        for running in running {
            assert_eq!(running.stop(), 0, "{}", running.log());
        }
        truth::check(&self.deployment, self.people);
    }
}

#[test]
fn a_process_is_stopped_and_started_again() {
    let crowd = Crowd::new("stopped", 14_300);
    let [one, two] = crowd.start();
    crowd.produce(0);
    crowd.deployment.wait_for_inputs(1);
    one.signal("TERM");
    crowd.produce(1);
    assert_eq!(one.wait(), 0, "{}", one.log());
    let again = crowd.deployment.start();
    crowd.produce(2);
    again.wait_for_line(&["task assigned"]);
    crowd.finish(&[&two, &again]);
}

/// Paused past the session timeout, its partitions go to the other one, which must not notice when it comes back and
/// goes on where it was.
#[test]
fn a_process_is_paused_and_comes_back() {
    let crowd = Crowd::new("paused", 2_000);
    let [one, two] = crowd.start();
    crowd.produce(0);
    crowd.deployment.wait_for_inputs(1);
    one.signal("STOP");
    crowd.produce(1);
    crowd.deployment.wait_until_settled();
    let assigned = one.lines(&["task assigned"]);
    one.signal("CONT");
    wait_until("the paused one to have tasks again", || (one.lines(&["task assigned"]) > assigned).then_some(()));
    crowd.produce(2);
    crowd.finish(&[&one, &two]);
}

#[test]
fn a_process_is_killed() {
    let crowd = Crowd::new("killed", 2_000);
    let [one, two] = crowd.start();
    crowd.produce(0);
    crowd.deployment.wait_for_inputs(1);
    one.signal("KILL");
    crowd.produce(1);
    let again = crowd.deployment.start();
    crowd.produce(2);
    again.wait_for_line(&["task assigned"]);
    crowd.finish(&[&two, &again]);
}
