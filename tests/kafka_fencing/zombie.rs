//! waid's own client of Kafka, away for too long.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use waid::config::{Config, FileText, Sources, load};
use waid::domain::apps::Apps;
use waid::runtime::broker::{Broker as _, BrokerError, Change, Polled};
use waid::runtime::ingest::Ingest;
use waid::runtime::kafka::client::check_property;
use waid::runtime::kafka::{Common, KafkaBroker, Setup, Weakness};
use waid::runtime::transaction::Transaction;
use waid::runtime::vitals::Vitals;
use waid::runtime::workload::Workload;
use waid::wire::output::{Format, Outputs};
use waid::wire::packed::SourceTopic;

use crate::support::{DEADLINE, Deployment, Record, Running, broker, unique, wait_until};

const POLL: Duration = Duration::from_millis(50);

/// A worker, but for what it would do by itself; it is thrown out when it does not poll for a moment.
struct Zombie {
    deployment: Deployment,
    kafka: KafkaBroker,
    work: Workload,
}

impl Zombie {
    /// It has read a record that makes a dead letter, and has not committed it.
    fn new(name: &str, weakness: Option<Weakness>) -> Self {
        let deployment = Deployment::create(name, [1, 1], 1);
        let Config { kafka, topics, .. } = config(&deployment);
        let setup = Setup::new(kafka, topics.clone(), [].into(), unique("zombie"));
        let outputs = Outputs { format: Format::Json, webhooks: topics.webhooks, sends: topics.sends, keys_name_tenant: false };
        let outputs = Arc::new(outputs);
        let common = Arc::new(Common::new(&setup.kafka, &setup.topics).expect("clients"));
        let kafka = KafkaBroker::start(Setup { weakness, ..setup }, Arc::new(Vitals::default()), common).expect("a broker");
        let mut zombie = Self { deployment, kafka, work: Workload::new(Transaction::new(outputs), None) };
        zombie.read();
        zombie
    }

    fn read(&mut self) {
        broker().produce(&[Record::to(&self.deployment.topic("in.webhooks")).payload("not JSON")]);
        let mut ingest = Ingest::new(Apps::new(&[]));
        wait_until("the record", || {
            let Polled::Record(record) = self.kafka.poll(POLL, &mut self.work).expect("a member") else { return None };
            assert_eq!((record.source.0, record.offset), (SourceTopic::Webhooks, 0), "there is no other");
            ingest.take(&record, 4, &mut self.work.open.sink(record.source, record.offset));
            self.work.open.advance(record.source, record.offset + 1, 0);
            Some(())
        });
        assert_eq!(self.dead_letters(), 0);
    }

    /// It waits for more, and what it did is on its way.
    fn waits(&mut self) {
        let topic = self.deployment.topic("dead-letter");
        let client: BaseConsumer = broker().config().set("isolation.level", "read_uncommitted").create().expect("a consumer");
        let end = |partition| client.fetch_watermarks(&topic, partition, DEADLINE).expect("its ends").1;
        wait_until("the dead letter", || {
            assert!(matches!(self.kafka.poll(POLL, &mut self.work), Ok(Polled::Nothing)));
            broker().partitions(&topic).into_iter().any(|partition| end(partition) > 0).then_some(())
        });
    }

    /// It does not poll until the group has thrown it out.
    fn is_thrown_out(&self) {
        wait_until("the group to be empty", || (broker().members(self.deployment.group()) == 0).then_some(()));
    }

    /// Another process does its work while it is away.
    fn is_replaced(&self) -> Running {
        let successor = self.deployment.start();
        self.deployment.wait_for_inputs(1);
        assert_eq!(self.dead_letters(), 1);
        successor
    }

    /// It joins again, and is given tasks.
    fn comes_back(&mut self) {
        wait_until("tasks", || {
            let Polled::Changed(changes) = self.kafka.poll(POLL, &mut self.work).expect("a member again") else { return None };
            changes.iter().any(|change| matches!(change, Change::Assigned { .. })).then_some(())
        });
    }

    fn commit(&mut self) -> Result<(), BrokerError> {
        self.kafka.commit(&mut self.work)
    }

    fn dead_letters(&self) -> usize {
        broker().read_all(&self.deployment.topic("dead-letter")).len()
    }

    /// It leaves, and the successor has all partitions again.
    fn end(self, successor: &Running) {
        let told = self.dead_letters();
        drop(self.kafka);
        broker().produce(&[Record::to(&self.deployment.topic("in.webhooks")).payload("not JSON either")]);
        let topic = self.deployment.topic("dead-letter");
        wait_until("the successor to go on", || (broker().read_all(&topic).len() > told).then_some(()));
        assert_eq!(successor.stop(), 0, "{}", successor.log());
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

/// A zombie that is back, and the process that has done its work.
fn back(name: &str, weakness: Option<Weakness>) -> (Zombie, Running) {
    let mut zombie = Zombie::new(name, weakness);
    zombie.is_thrown_out();
    let successor = zombie.is_replaced();
    zombie.comes_back();
    (zombie, successor)
}

#[test]
fn what_was_open_when_partitions_were_lost_is_dropped() {
    let (zombie, successor) = back("lost", None);
    assert!(zombie.work.open.is_empty());
    zombie.end(&successor);
}

/// It has nothing open then, and may begin anew.
#[test]
fn what_was_sent_when_partitions_were_lost_is_taken_back() {
    let mut zombie = Zombie::new("sent", None);
    zombie.waits();
    zombie.is_thrown_out();
    zombie.comes_back();
    assert!(zombie.work.open.is_empty());
    zombie.read();
    zombie.commit().expect("it holds the partitions again");
    assert_eq!(zombie.dead_letters(), 1);
}

/// Were it not dropped, it would be refused.
#[cfg(debug_assertions)]
#[test]
fn what_began_under_another_epoch_is_not_committed() {
    let (mut zombie, successor) = back("epochs", Some(Weakness::KeepsLost));
    let refused = zombie.commit().expect_err("the partitions were away").to_string();
    assert!(refused.contains("given anew"), "{refused}");
    assert_eq!(zombie.dead_letters(), 1);
    zombie.end(&successor);
}

/// Without both it comes twice: Kafka takes it.
#[cfg(debug_assertions)]
#[test]
fn without_epochs_it_is_committed_twice() {
    let (mut zombie, successor) = back("no-epochs", Some(Weakness::NoEpochs));
    zombie.commit().expect("a member");
    assert_eq!(zombie.dead_letters(), 2);
    zombie.end(&successor);
}

/// The other one joins before this one is thrown out: it is asked for its partitions, and when it answers, it is none any more.
#[test]
fn what_is_let_go_too_late_is_not_committed() {
    let mut zombie = Zombie::new("late", None);
    let successor = zombie.is_replaced();
    let polled = zombie.kafka.poll(Duration::from_secs(10), &mut zombie.work).map(|_| ());
    assert!(matches!(polled, Err(BrokerError::Aborted(_))), "{polled:?}");
    assert_eq!(zombie.dead_letters(), 1);
    zombie.end(&successor);
}

/// It commits at once, before it has heard of anything.
fn rash(name: &str, weakness: Option<Weakness>) -> (Result<(), BrokerError>, usize) {
    let mut zombie = Zombie::new(name, weakness);
    zombie.is_thrown_out();
    let successor = zombie.is_replaced();
    let (committed, told) = (zombie.commit(), zombie.dead_letters());
    zombie.end(&successor);
    (committed, told)
}

#[test]
fn the_group_is_asked_before_a_commit() {
    let (committed, told) = rash("rash", None);
    assert!(matches!(committed, Err(BrokerError::Aborted(_))), "{committed:?}");
    assert_eq!(told, 1);
}

/// Without offsets nobody asks it, and it comes twice.
#[cfg(debug_assertions)]
#[test]
fn without_offsets_it_is_committed_twice_too() {
    let (committed, told) = rash("no-offsets", Some(Weakness::NoOffsets));
    assert!(committed.is_ok(), "{committed:?}");
    assert_eq!(told, 2);
}
