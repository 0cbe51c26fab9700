//! A process that dies in the middle of a commit leaves a transaction open, behind which nobody can read. The next process on
//! the same machine has the same transactional id and ends it at once; anywhere else, it has to time out.

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::{Deployment, Record, broker};

/// The transaction timeout of `waid run`.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

/// What must pass before a transaction that was begun a moment ago can have timed out.
const MOST_OF_IT: Duration = Duration::from_secs(8);

fn message(deployment: &Deployment) -> Record {
    let body = json!({
        "app": "DemoApp", "timestamp": 1_776_944_190_000_i64, "version": 2, "type": "message",
        "payload": {
            "id": "wamid.1", "source": "553587654321", "type": "text", "payload": {"text": "Oi"},
            "sender": {"phone": "553587654321", "name": "Ana"},
        },
    });
    Record::to(&deployment.topic("in.webhooks")).payload(body.to_string())
}

/// A process dies right before it commits; after its end, one starts on `next`. How long it then takes until readers can read
/// what is behind, and until the message has its conversation.
fn recover(name: &str, next: &str) -> (Duration, Duration) {
    let deployment = Deployment::create(name, [1, 1], 1).session_ms(1500);
    broker().produce(&[message(&deployment)]);
    let dies = deployment.start_on("machine", &[("WAID_TEST_CRASH", "before-commit:1")]);
    assert_eq!(dies.wait(), 134, "{}", dies.log());
    let begun = Instant::now();
    let running = deployment.start_on(next, &[]);
    let assigned = deployment.topic("conversation-assigned");
    let (readable, told) = std::thread::scope(|scope| {
        let readable = scope.spawn(|| {
            broker().read_all(&deployment.topic("repartition"));
            begun.elapsed()
        });
        broker().read_until(&assigned, |events| !events.is_empty());
        let told = begun.elapsed();
        (readable.join().expect("no panic"), told)
    });
    deployment.wait_until_settled();
    assert_eq!(running.stop(), 0, "{}", running.log());
    assert_eq!(broker().read_all(&assigned).len(), 1);
    (readable, told)
}

#[test]
fn a_restart_on_the_same_machine_ends_what_was_left_open() {
    let (readable, told) = recover("same", "machine");
    eprintln!("the same state.dir: readable after {readable:.1?}, told after {told:.1?}");
    assert!(readable < MOST_OF_IT && told < MOST_OF_IT, "{readable:?}, {told:?}");
}

/// What the other test would be like if the id were a new one each time.
#[test]
fn a_start_on_another_machine_has_to_wait() {
    let (readable, told) = recover("other", "another machine");
    eprintln!("another state.dir: readable after {readable:.1?}, told after {told:.1?}");
    assert!(readable > MOST_OF_IT && told > MOST_OF_IT, "{readable:?}, {told:?}");
    assert!(readable < 4 * TRANSACTION_TIMEOUT, "{readable:?}");
}
