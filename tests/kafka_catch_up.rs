//! Two processes catch up with ten days of records on a real broker, one joining in the middle and one being killed: the final state is
//! that of having lived through them, and of the sends that nobody answered, and of no others, it is told that they have expired.
//!
//! `WAID_TEST_SEEDS` asks for another number of histories, `WAID_TEST_FIRST_SEED` for another start.

mod model;
mod support;

#[allow(dead_code, reason = "the other half of it is for a broker in memory")]
#[path = "catch_up/history.rs"]
mod history;
#[path = "kafka_catch_up/inputs.rs"]
mod inputs;
#[path = "kafka_catch_up/published.rs"]
mod published;

use std::collections::BTreeSet;
use std::env;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rdkafka::producer::Producer as _;

use history::{SETTINGS, ten_days};
use inputs::{Inputs, SENDS, WEBHOOKS};
use model::final_state::{FinalState, Outcome, SendKey, compare};
use model::reference::final_state;
use support::{DEADLINE, Deployment, Running, broker, send_all, unique};

const SEEDS_DEFAULT: u64 = 1;

/// Short episodes among strangers, and people who stay all the time: about 10 000 records.
const EPISODES: usize = 100;
const STAYING: usize = 30;

const SESSION_MS: u32 = 3000;

/// What SIGKILL ends a process with.
const KILLED: i32 = 137;

/// The settings that the model has, and fetches so small and rare that catching up takes some seconds.
const ENV: [(&str, &str); 6] = [
    ("WAID__JOIN__TIMEOUT", "24h"),
    ("WAID__CONVERSATION__IDLE_TIMEOUT", "6h"),
    ("WAID__CONVERSATION__RETENTION", "12h"),
    ("WAID__KAFKA__PROPERTIES__QUEUED_MIN_MESSAGES", "1"),
    ("WAID__KAFKA__PROPERTIES__FETCH_QUEUE_BACKOFF_MS", "100"),
    ("WAID__KAFKA__PROPERTIES__MAX_PARTITION_FETCH_BYTES", "24000"),
];

/// Records of a batch of the webhooks, of which a fetch of a partition takes some.
const BATCH: usize = 25;

/// When the sends can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sends {
    /// With everything else.
    AtOnce,
    /// When all webhooks were read. Until then they are there, in a transaction that is open.
    Last,
}

fn number(variable: &str, default: u64) -> u64 {
    env::var(variable).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}

fn seeds() -> std::ops::Range<u64> {
    let first = number("WAID_TEST_FIRST_SEED", 0);
    first..first + number("WAID_TEST_SEEDS", SEEDS_DEFAULT)
}

/// Two machines, on one of which the process is killed while it has much to do, and started again.
struct Pair {
    running: [Running; 2],
    /// Which one was killed, and where.
    victim: String,
    /// How many inputs had been read by then.
    read_when_killed: usize,
}

impl Pair {
    /// The second process joins while the first is in the middle of a commit. Then the one is killed in the middle of one of its first
    /// commits, or the other at any moment.
    fn start(deployment: &Deployment, inputs: usize, random: &mut ChaCha8Rng) -> Self {
        let one = start(deployment, "one", Some(&format!("before-commit:{}:1000", random.random_range(2..5))));
        one.wait_for_line(&["WAID_TEST_CRASH: at"]);
        deployment.wait_for_inputs(inputs / 20);
        let points = ["after-ahead", "after-produce", "after-offsets", "before-commit", "after-commit", "before-local-bookkeeping"];
        let point = points[random.random_range(0..points.len())];
        if random.random_bool(0.6) {
            let stops_at = format!("{point}:{}:600000", random.random_range(1..3));
            let two = start(deployment, "two", Some(&stops_at));
            two.wait_for_line(&["WAID_TEST_CRASH: at"]);
            let read_when_killed = kill(deployment, &two);
            Self { running: [one, start(deployment, "two", None)], victim: format!("two, {stops_at}"), read_when_killed }
        } else {
            let two = start(deployment, "two", None);
            two.wait_for_line(&["task assigned"]);
            let read_when_killed = kill(deployment, &one);
            Self { running: [start(deployment, "one", None), two], victim: "one".to_owned(), read_when_killed }
        }
    }

    fn stop(&self) {
        for running in &self.running {
            assert_eq!(running.stop(), 0, "{}", running.log());
        }
    }
}

fn start(deployment: &Deployment, machine: &str, pause: Option<&str>) -> Running {
    let pause = pause.map(|pause| ("WAID_TEST_CRASH", pause));
    deployment.start_on(machine, &ENV.into_iter().chain(pause).collect::<Vec<_>>())
}

/// How many inputs had been read by then.
fn kill(deployment: &Deployment, running: &Running) -> usize {
    running.signal("KILL");
    assert_eq!(running.wait(), KILLED, "{}", running.log());
    deployment.inputs_read()
}

/// Once all inputs are read, stream time is the wall clock's: years later.
fn unanswered(expected: &FinalState) -> BTreeSet<SendKey> {
    let unresolved = expected.sends.iter().filter(|(_, outcome)| **outcome == Outcome::Unresolved);
    unresolved.map(|(key, _)| key.clone()).collect()
}

fn catch_up(seed: u64, sends: Sends) {
    let mut random = ChaCha8Rng::seed_from_u64(2 * seed + sends as u64);
    let records = ten_days(seed, EPISODES, STAYING);
    let expected = final_state(&records, &SETTINGS);
    let unanswered = unanswered(&expected);
    assert!(unanswered.len() > 100 && unanswered.len() * 2 < expected.sends.len(), "{} of {}", unanswered.len(), expected.sends.len());

    let deployment = Deployment::create("catch-up", [WEBHOOKS, SENDS], 2).session_ms(SESSION_MS);
    let begun = Instant::now();
    let mut inputs = Inputs::of(&records, &deployment);
    let (webhooks, late) = (inputs.webhooks.len(), inputs.sends.len());
    // Until the process is killed, so that it is killed before the end, however fast the other one reads.
    let tail_producer = broker().open_producer(&unique("tail"), DEADLINE * 3);
    let (first, tail) = inputs.webhooks.split_at(webhooks - inputs.tail);
    let placed = [broker().produce_in_batches(first, BATCH), send_all(&tail_producer, tail)].concat();
    inputs.placed_webhooks(&placed);
    let producer = broker().open_producer(&unique("sends"), DEADLINE * 3);
    inputs.placed_sends(&send_all(&producer, &inputs.sends));
    if sends == Sends::AtOnce {
        producer.commit_transaction(DEADLINE).expect("committed");
    }
    eprintln!("WAID_TEST_FIRST_SEED={seed} {sends:?}: {webhooks} webhooks, {late} sends, {} of them unanswered", unanswered.len());

    let total = if sends == Sends::AtOnce { webhooks + late } else { webhooks };
    let pair = Pair::start(&deployment, total, &mut random);
    assert!(pair.read_when_killed < total, "the tail was read before the process was killed");
    tail_producer.commit_transaction(DEADLINE).expect("committed");
    if sends == Sends::Last {
        broker().wait_until_read(deployment.group(), &[&deployment.topic("in.webhooks")]);
        // In this time stream time would have gone on if it could.
        let told = published::first_unresolved(&deployment, Duration::from_secs(10), "EXPIRED");
        assert_eq!(told, None, "told before any send was read");
        producer.commit_transaction(DEADLINE).expect("committed");
    }
    deployment.wait_for_inputs(webhooks + late);
    deployment.wait_until_settled();
    let read = begun.elapsed().as_secs_f32();
    published::wait_for_expired(&deployment, unanswered.len());
    let told = begun.elapsed().as_secs_f32();
    pair.stop();
    let Pair { victim, read_when_killed, .. } = &pair;
    eprintln!(
        "{sends:?}: {read_when_killed} of {total} inputs read when {victim} was killed; all after {read:.1} s, all told after {told:.1} s"
    );

    let audit = published::audit(&deployment, &inputs.sources, &SETTINGS);
    compare(&expected, &audit.state).unwrap_or_else(|why| panic!("{why}\n{}", audit.violations.join("\n")));
    let [missing, wrong] = [unanswered.difference(&audit.expired), audit.expired.difference(&unanswered)].map(Iterator::collect::<Vec<_>>);
    assert!(missing.is_empty() && wrong.is_empty(), "EXPIRED not told of {missing:?}, wrongly told of {wrong:?}");
    assert!(audit.violations.is_empty(), "{}", audit.violations.join("\n"));
}

#[test]
fn two_processes_catch_up_with_ten_days() {
    seeds().for_each(|seed| catch_up(seed, Sends::AtOnce));
}

#[test]
fn nothing_expires_before_all_sources_were_read() {
    seeds().for_each(|seed| catch_up(seed, Sends::Last));
}
