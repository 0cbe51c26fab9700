//! The HTTP port of `waid run`, against a real Kafka.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Deployment, Record, Running, broker, wait_until};

/// Status and body of an answer; `None` when there is none.
fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
}

/// Where it listens, as it says in its log.
fn address(running: &Running) -> SocketAddr {
    wait_until("the address of the HTTP port", || {
        let log = running.log();
        let line: Value = serde_json::from_str(log.lines().find(|line| line.contains("listening for HTTP"))?).ok()?;
        line["address"].as_str()?.parse().ok()
    })
}

/// Waits until the metrics have all of these lines.
fn wait_for_metrics(address: SocketAddr, expected: &[&str]) {
    let mut seen = String::new();
    let found = support::poll_for(support::DEADLINE, || {
        (_, seen) = get(address, "/metrics")?;
        expected.iter().all(|line| seen.lines().any(|seen| seen == *line)).then_some(())
    });
    let missing: Vec<_> = expected.iter().filter(|line| !seen.lines().any(|seen| seen == **line)).collect();
    assert!(found.is_some(), "{missing:?} not in\n{seen}");
}

fn webhook(deployment: &Deployment, body: impl Into<Vec<u8>>) -> Record {
    Record::to(&deployment.topic("in.webhooks")).payload(body)
}

fn reply() -> Vec<u8> {
    let body = json!({
        "app": "DemoApp", "timestamp": 1_776_944_190_000_i64, "version": 2, "type": "message",
        "payload": {
            "id": "wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg", "source": "553587654321", "type": "text", "payload": {"text": "Oi"},
            "sender": {"phone": "553587654321", "name": "Ana", "userId": "BR.1648738043044942"},
        },
    });
    body.to_string().into_bytes()
}

#[test]
fn the_port_tells_what_was_done_and_when_it_is_ready() {
    let deployment = Deployment::create("http", [2, 1], 2);
    let running = deployment.start_with(&[("WAID__HTTP__LISTEN", "127.0.0.1:0")]);
    let address = address(&running);
    let ready = wait_until("readiness", || get(address, "/ready").filter(|(status, _)| *status == 200));
    assert_eq!(ready, (200, "ok\n".to_owned()));
    assert_eq!(get(address, "/live"), Some((200, "ok\n".to_owned())));
    wait_for_metrics(address, &[r#"waid_tasks{state="live"} 4"#, r#"waid_tasks{state="restoring"} 0"#]);

    let ignored = json!({"app": "DemoApp", "timestamp": 1_776_944_190_000_i64, "version": 2, "type": "billing-event", "payload": {}});
    let send = Record::to(&deployment.topic("in.sends")).payload(b"{}".to_vec());
    broker().produce(&[
        webhook(&deployment, reply()),
        webhook(&deployment, b"garbage".to_vec()),
        webhook(&deployment, ignored.to_string()),
        send,
    ]);
    wait_for_metrics(
        address,
        &[
            r#"waid_records_read_total{topic="webhooks"} 3"#,
            r#"waid_records_read_total{topic="sends"} 1"#,
            r#"waid_records_published_total{topic="conversation_assigned"} 1"#,
            r#"waid_records_published_total{topic="dead_letter"} 2"#,
            r#"waid_dead_letters_total{reason="NOT_JSON"} 1"#,
            r#"waid_dead_letters_total{reason="MISSING_MESSAGE_ID"} 1"#,
            r#"waid_events_ignored_total{event="billing-event"} 1"#,
            r#"waid_lag_records{topic="webhooks"} 0"#,
            r#"waid_lag_seconds{topic="webhooks"} 0.0"#,
            "waid_transactions_failed_total 0",
            "waid_worker_rebuilds_total 0",
        ],
    );
    let (_, metrics) = get(address, "/metrics").expect("an answer");
    for personal in ["553587654321", "BR.1648738043044942", "wamid", "DemoApp"] {
        assert!(!metrics.contains(personal), "{metrics}");
    }
    assert_eq!(running.stop(), 0, "{}", running.log());
    assert_eq!(get(address, "/live"), None, "it ends with the process");
}

/// More threads than tasks: those without are ready too.
#[test]
fn workers_without_partitions_are_ready() {
    let deployment = Deployment::create("http-idle", [1, 1], 6);
    let running = deployment.start_with(&[("WAID__HTTP__LISTEN", "127.0.0.1:0")]);
    let address = address(&running);
    wait_until("readiness", || get(address, "/ready").filter(|(status, _)| *status == 200));
    wait_for_metrics(address, &[r#"waid_tasks{state="live"} 4"#]);
    assert_eq!(running.stop(), 0, "{}", running.log());
}

/// Before anything is asked of Kafka.
#[test]
fn a_port_that_is_taken_ends_with_1_and_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let output = Deployment::named("port", 1).waid(&["run"], &[("WAID__HTTP__LISTEN", &address), ("WAID_LOG_FORMAT", "pretty")]);
    let err = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(1), "{err}");
    let expected = format!("waid: cannot listen on http.listen = \"{address}\": Address already in use");
    assert!(err.contains(&expected) && err.contains("or to \"off\""), "{err}");
}

#[test]
fn without_a_port_nothing_listens() {
    let output = Deployment::named("no-port", 1).waid(&["run"], &[("WAID__KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")]);
    let err = String::from_utf8(output.stderr).expect("text");
    assert!(err.contains("no Kafka broker answered") && !err.contains("listening"), "{err}");
    // What it ended with is a line of its log.
    assert!(err.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{err}");
}

#[test]
fn a_worker_that_no_group_takes_in_says_why_and_what_to_do() {
    let deployment = Deployment::create("refused", [1, 1], 1).session_ms(400);
    let running = deployment.start_with(&[("WAID__HTTP__LISTEN", "127.0.0.1:0")]);
    let address = address(&running);
    let starting = wait_until("the reason", || get(address, "/ready").filter(|(_, body)| body.starts_with("starting: ")));
    assert!(starting.0 == 503 && starting.1.contains("Invalid session timeout: session.timeout.ms (kafka.properties"), "{starting:?}");
    wait_until("it to try again", || (running.lines(&["trouble with kafka", "Invalid session timeout"]) > 2).then_some(()));
    assert_eq!(running.lines(&["ERROR", "the group does not take this worker in"]), 1, "{}", running.log());
    assert_eq!(running.stop(), 0, "{}", running.log());
}

#[test]
fn an_input_that_is_gone_is_told_before_anything_fails_of_it() {
    let deployment = Deployment::create("gone", [1, 1], 1);
    let running = deployment.start_with(&[("WAID__HTTP__LISTEN", "127.0.0.1:0")]);
    let address = address(&running);
    let ready = || wait_until("readiness", || get(address, "/ready").filter(|(status, _)| *status == 200));
    ready();
    let sends = deployment.topic("in.sends");
    broker().delete_topic(&sends);
    let gone = wait_until("the reason", || get(address, "/ready").filter(|(status, _)| *status == 503));
    assert_eq!(gone.1, format!("there is no topic {sends}\n"));
    assert_eq!(running.lines(&["ERROR", "inputs are not read", &sends]), 1, "{}", running.log());
    assert_eq!(running.lines(&["built anew"]), 0, "{}", running.log());
    broker().create_topic(&sends, 1, &[]);
    ready();
    assert_eq!(running.stop(), 0, "{}", running.log());
}
