//! The broker does not answer for longer than anything may take, in the middle of transactions. What became of the last ones
//! nobody knows; nothing is lost and nothing comes twice.

mod support;

#[path = "kafka_crowd/person.rs"]
mod person;
#[path = "kafka_crowd/truth.rs"]
mod truth;

use std::thread;
use std::time::{Duration, Instant};

use person::{Person, RECORDS};
use support::{DEADLINE, Deployment, Record, Running, broker, poll_for};

/// Longer than a call to the broker may take, by its own word.
const FROZEN: Duration = Duration::from_secs(8);

const PEOPLE: usize = 3_000;

/// How many commits pass before the one that pauses, itself included, and how long it does: enough to stop the broker.
const PASSES: u32 = 4;
const PAUSE_MS: u32 = 1500;

fn records(deployment: &Deployment) -> Vec<Record> {
    (0..PEOPLE).flat_map(|person| Person(person).records(deployment)).collect()
}

fn freeze(frozen: Duration) {
    broker().signal("STOP");
    thread::sleep(frozen);
    broker().signal("CONT");
}

/// Tests of this file take turns: there is one broker.
fn alone() -> impl Drop {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Starts a process that pauses at a point of a commit that is not its first.
fn start_pausing(deployment: &Deployment, machine: &str, point: &str, env: &[(&str, &str)]) -> Running {
    let pause = format!("{point}:{PASSES}:{PAUSE_MS}");
    deployment.start_on(machine, &[env, &[("WAID_TEST_CRASH", &pause)]].concat())
}

/// One process is about to commit when the broker stops to answer; the other is wherever it is.
#[test]
fn a_commit_that_was_not_answered_happened_once_or_not_at_all() {
    let _turn = alone();
    let deployment = Deployment::create("frozen", [6, 3], 2);
    let env = [("WAID_TEST_TRANSACTION_TIMEOUT_MS", "2000"), ("WAID_TEST_CALL_MAX_MS", "60000")];
    let records = records(&deployment);
    let (first, second) = records.split_at(records.len() / 2);
    broker().produce(first);
    let two = deployment.start_on("two", &env);
    two.wait_for_line(&["task assigned"]);
    let running = [start_pausing(&deployment, "one", "before-commit", &env), two];
    running[0].wait_for_line(&["WAID_TEST_CRASH: at before-commit"]);
    freeze(FROZEN);
    broker().produce(second);
    let begun = Instant::now();
    let read = poll_for(DEADLINE, || (deployment.inputs_read() == PEOPLE * RECORDS).then_some(()));
    assert!(read.is_some(), "stuck at {} of {}:\n{}\n\n{}", deployment.inputs_read(), PEOPLE * RECORDS, running[0].log(), running[1].log());
    deployment.wait_until_settled();
    let anew: usize = running.iter().map(|running| running.lines(&["built anew"])).sum();
    eprintln!("everything read {:.1?} after the broker was back; workers built anew: {anew}", begun.elapsed());
    assert!(running[0].lines(&["no answer to a commit, asking again"]) >= 1, "{}", running[0].log());
    for running in &running {
        assert_eq!(running.stop(), 0, "{}", running.log());
    }
    truth::check(&deployment, PEOPLE);
}

/// Nothing inside a process can end a call.
#[test]
fn a_process_whose_call_does_not_return_ends() {
    let _turn = alone();
    let deployment = Deployment::create("hangs", [6, 3], 1);
    broker().produce(&records(&deployment));
    let running = start_pausing(&deployment, "one", "after-produce", &[("WAID_TEST_CALL_MAX_MS", "2000")]);
    running.wait_for_line(&["WAID_TEST_CRASH: at after-produce"]);
    broker().signal("STOP");
    let begun = Instant::now();
    let ended = poll_for(Duration::from_secs(20), || running.exit_code());
    broker().signal("CONT");
    eprintln!("ended {:.1?} after the broker stopped to answer", begun.elapsed());
    assert_eq!(ended, Some(1), "{}", running.log());
    assert_eq!(running.lines(&["does not return"]), 1, "{}", running.log());
    let next = deployment.start_on("one", &[]);
    deployment.wait_for_inputs(PEOPLE * RECORDS);
    deployment.wait_until_settled();
    assert_eq!(next.stop(), 0, "{}", next.log());
    truth::check(&deployment, PEOPLE);
}

#[test]
fn a_process_that_cannot_commit_when_it_is_told_to_stop_ends_with_1() {
    let _turn = alone();
    let deployment = Deployment::create("stops", [6, 3], 1);
    broker().produce(&records(&deployment));
    let env = [("WAID_TEST_TRANSACTION_TIMEOUT_MS", "2000"), ("WAID_TEST_CALL_MAX_MS", "60000")];
    let running = start_pausing(&deployment, "one", "before-commit", &env);
    running.wait_for_line(&["WAID_TEST_CRASH: at before-commit"]);
    broker().signal("STOP");
    running.signal("TERM");
    let ended = poll_for(DEADLINE, || running.exit_code());
    broker().signal("CONT");
    assert_eq!((ended, running.lines(&["was told to stop and failed"])), (Some(1), 1), "{}", running.log());
}
