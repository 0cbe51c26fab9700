//! waid's own worker, away for too long.

use std::sync::Arc;
use std::time::Duration;

use waid::config::{Config, FileText, Sources, load};
use waid::domain::apps::Apps;
use waid::domain::step::Settings;
use waid::runtime::broker::BrokerError;
use waid::runtime::ingest::Ingest;
use waid::runtime::kafka::client::check_property;
use waid::runtime::kafka::{KafkaBroker, Setup, Weakness};
use waid::runtime::vitals::Vitals;
use waid::runtime::worker::{self, CommitPolicy, Worker};
use waid::wire::output::{Format, Outputs};

use crate::support::{Deployment, Record, Running, broker, unique, wait_until};

/// Longer than it takes to be thrown out and to be back.
const AWAY_MAX: Duration = Duration::from_secs(20);

const NOTHING_OF_INTEREST: &str =
    r#"{"app":"DemoApp","timestamp":1776944128172,"version":2,"type":"user-event","payload":{"type":"opted-in"}}"#;

/// A worker that commits when the test says so, and is thrown out when it does not poll for a moment.
struct Zombie {
    deployment: Deployment,
    worker: Worker<KafkaBroker>,
}

impl Zombie {
    fn new(name: &str, weakness: Option<Weakness>) -> Self {
        let deployment = Deployment::create(name, [1, 1], 1);
        let Config { kafka, topics, .. } = config(&deployment);
        let setup = Setup::new(kafka, topics.clone(), [].into(), unique("zombie"));
        let outputs = Arc::new(Outputs {
            format: Format::Json,
            webhooks: topics.webhooks.clone(),
            sends: topics.sends.clone(),
            keys_name_tenant: false,
        });
        let kafka = KafkaBroker::start(Setup { weakness, ..setup }, Arc::clone(&outputs), Arc::new(Vitals::default())).expect("a broker");
        let commit = CommitPolicy { records_max: usize::MAX, bytes_max: usize::MAX, age_max: Duration::MAX, idle: AWAY_MAX };
        let told = worker::Deployment { webhooks: topics.webhooks, sends: topics.sends, settings: settings(), commit };
        let worker = Worker::new(kafka, Ingest::new(Apps::new(&[])), told, outputs).expect("a worker");
        Self { deployment, worker }
    }

    /// Reads a record that makes a dead letter, and does not commit it.
    fn open(&mut self) {
        wait_until("tasks, and nothing to do for them", || {
            self.worker.commit().expect("a member");
            let busy = self.worker.turn(Duration::from_millis(50)).expect("a turn");
            (!busy && self.has_tasks()).then_some(())
        });
        let record = |payload: &str| Record::to(&self.deployment.topic("in.webhooks")).payload(payload);
        broker().produce(&[record("not JSON"), record(NOTHING_OF_INTEREST)]);
        wait_until("both records to be taken", || {
            self.worker.turn(Duration::from_millis(50)).expect("a turn");
            (!self.worker.ingest().ignored().is_empty()).then_some(())
        });
        assert_eq!(self.dead_letters(), 0);
    }

    /// Another process does its work while it is away.
    fn is_replaced(&self) -> Running {
        let successor = self.deployment.start();
        self.deployment.wait_for_inputs(2);
        assert_eq!(self.dead_letters(), 1);
        successor
    }

    /// Is thrown out, joins again, and is given tasks.
    fn comes_back(&mut self) {
        self.worker.turn(AWAY_MAX).expect("a turn");
        assert!(self.has_tasks());
    }

    fn has_tasks(&self) -> bool {
        self.worker.tasks().count() > 0
    }

    fn dead_letters(&self) -> usize {
        broker().read_all(&self.deployment.topic("dead-letter")).len()
    }
}

fn config(deployment: &Deployment) -> Config {
    let text = format!(
        r#"
[kafka]
bootstrap_servers = "{}"
group_id = "{}"
[kafka.properties]
"session.timeout.ms" = "1000"
"heartbeat.interval.ms" = "100"
"max.poll.interval.ms" = "4000"
[topics]
prefix = "{}"
webhooks = "{}"
sends = "{}"
"#,
        broker().bootstrap(),
        deployment.group(),
        deployment.topic(""),
        deployment.topic("in.webhooks"),
        deployment.topic("in.sends"),
    );
    let file = Some(FileText { name: "zombie.toml".to_owned(), text });
    load(&Sources { file, env: Vec::new(), check_property }).expect("a configuration").config
}

/// Nothing depends on these here.
const fn settings() -> Settings {
    Settings { join_timeout_ms: 1, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 }
}

/// Its open transaction would come in addition to the one that was committed in its place.
fn zombie_commits_when_it_is_back(name: &str, weakness: Option<Weakness>) -> usize {
    let mut zombie = Zombie::new(name, weakness);
    zombie.open();
    let successor = zombie.is_replaced();
    zombie.comes_back();
    zombie.worker.commit().expect("it is a member, with nothing or something old to commit");
    let told = zombie.dead_letters();
    drop(zombie.worker);
    assert_eq!(successor.stop(), 0, "{}", successor.log());
    told
}

#[test]
fn what_was_open_when_partitions_were_lost_is_not_committed() {
    assert_eq!(zombie_commits_when_it_is_back("back", None), 1);
}

/// The other test can fail.
#[cfg(debug_assertions)]
#[test]
fn without_epochs_it_is_committed_twice() {
    assert_eq!(zombie_commits_when_it_is_back("back-without", Some(Weakness::NoEpochs)), 2);
}

/// Without asking the group first whether anything has changed.
fn zombie_commits_at_once(name: &str, weakness: Option<Weakness>) -> (Result<(), BrokerError>, usize) {
    let mut zombie = Zombie::new(name, weakness);
    zombie.open();
    let successor = zombie.is_replaced();
    let committed = zombie.worker.commit();
    let told = zombie.dead_letters();
    drop(zombie.worker);
    assert_eq!(successor.stop(), 0, "{}", successor.log());
    (committed, told)
}

#[test]
fn what_is_open_goes_to_the_coordinator_of_the_group_first() {
    let (committed, told) = zombie_commits_at_once("at-once", None);
    assert!(matches!(committed, Err(BrokerError::Aborted(_))), "{committed:?}");
    assert_eq!(told, 1);
}

/// The other test can fail.
#[cfg(debug_assertions)]
#[test]
fn without_offsets_it_is_committed_twice() {
    let (committed, told) = zombie_commits_at_once("at-once-without", Some(Weakness::NoOffsets));
    assert!(committed.is_ok(), "{committed:?}");
    assert_eq!(told, 2);
}
