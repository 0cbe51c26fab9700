//! `waid run` against a real Kafka.

mod support;

use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use serde_json::{Value, json};
use support::{DEADLINE, Deployment, Received, Record, broker, poll_for, send_all, wait_until};

const DIALLED: &str = "5535987654321";
const WA_ID: &str = "553587654321";
const MESSAGE: &str = "0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10";

/// The business sent at 2026-04-23T11:35:25Z.
fn send(deployment: &Deployment, message: &str) -> Record {
    let body = json!({"messageId": message, "app": "DemoApp", "destination": "+55 35 98765-4321", "sentAt": 1_776_944_125_000_i64});
    Record::to(&deployment.topic("in.sends")).payload(body.to_string())
}

fn sent(deployment: &Deployment) -> Record {
    let body = json!({
        "app": "DemoApp", "timestamp": 1_776_944_128_172_i64, "version": 2, "type": "message-event",
        "payload": {
            "id": "cc3651a4-493b-4a38-b867-c547af202259", "gsId": MESSAGE, "type": "sent", "destination": WA_ID,
            "payload": {"ts": 1_776_944_126}, "userId": "BR.1648738043044942",
        },
    });
    webhook(deployment, body.to_string())
}

fn reply(deployment: &Deployment) -> Record {
    let body = json!({
        "app": "DemoApp", "timestamp": 1_776_944_190_000_i64, "version": 2, "type": "message",
        "payload": {
            "id": "wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg", "source": WA_ID, "type": "text", "payload": {"text": "Oi"},
            "sender": {"phone": WA_ID, "name": "Ana", "userId": "BR.1648738043044942"}, "context": {"id": "gBEG", "gsId": MESSAGE},
        },
    });
    webhook(deployment, body.to_string())
}

fn webhook(deployment: &Deployment, body: impl Into<Vec<u8>>) -> Record {
    Record::to(&deployment.topic("in.webhooks")).payload(body)
}

fn object(record: &Received) -> Value {
    serde_json::from_str(record.payload_text()).expect("JSON")
}

/// Runs it over these records; each is read before the next one is sent.
fn run_over(deployment: &Deployment, records: &[Record]) {
    run_over_from(deployment, 0, records);
}

/// The same, when so many are there already.
fn run_over_from(deployment: &Deployment, there: usize, records: &[Record]) {
    let running = deployment.start();
    for (index, record) in records.iter().enumerate() {
        broker().produce(std::slice::from_ref(record));
        deployment.wait_for_inputs(there + index + 1);
    }
    deployment.wait_until_settled();
    assert_eq!(running.stop(), 0, "{}", running.log());
}

/// The case of the article: the reply comes from a number that differs from the one that was dialled.
fn is_one_conversation(deployment: &Deployment) {
    let rows: Vec<Received> = broker().read_all(&deployment.topic("identities"));
    let row = object(rows.iter().rfind(|row| row.key_text() == DIALLED).expect("a row"));
    assert_eq!((&row["wa_id"], &row["variant"]), (&json!(WA_ID), &json!("BR_NINTH_DIGIT")));

    let told = broker().read_all(&deployment.topic("conversation-assigned"));
    let told: Vec<Value> = told.iter().map(object).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told.iter().all(|event| event["event_type"] == "ASSIGNED"), "{told:#?}");
    for field in ["conversation_id", "identity_id"] {
        assert_eq!(told[0][field], told[1][field], "{field}: {told:#?}");
    }
    assert_eq!(told[0]["identity_id"], row["identity_id"]);
    assert_ne!(told[0]["direction"], told[1]["direction"]);
    assert!(broker().read_all(&deployment.topic("dead-letter")).is_empty());
}

#[test]
fn a_reply_from_another_spelling_is_in_the_same_conversation() {
    let deployment = Deployment::create("article", [4, 2], 2);
    run_over(&deployment, &[send(&deployment, MESSAGE), sent(&deployment), reply(&deployment)]);
    is_one_conversation(&deployment);
}

#[test]
fn also_when_the_reply_comes_first() {
    let deployment = Deployment::create("reply-first", [4, 2], 2);
    run_over(&deployment, &[reply(&deployment), sent(&deployment), send(&deployment, MESSAGE)]);
    is_one_conversation(&deployment);
}

/// The sample of the article names three numbers; which of them was dialled is known from the send record.
#[test]
fn a_mismatch_that_contradicts_itself_is_a_dead_letter_as_received() {
    const SAMPLE: &str = r#"{
"app": "DemoApp",
"timestamp": 1638607221146,
"version": 2,
"type": "message-event",
"payload": {
"id": "499a3642-5d41-477f-8bdc-58985e9c6996",
"type": "mismatch",
"destination": "5535987654321",
"payload": {
"phone": "553587654321",
"wa_id": "5593587654321"
}
}
}"#;
    let deployment = Deployment::create("mismatch", [4, 2], 1);
    let sample = webhook(&deployment, SAMPLE).key([0xff, 0]).header("trace", "1");
    run_over(&deployment, &[sample.clone(), send(&deployment, "499a3642-5d41-477f-8bdc-58985e9c6996")]);

    let letters = broker().read_all(&deployment.topic("dead-letter"));
    let [letter] = letters.as_slice() else { panic!("one dead letter, not {letters:#?}") };
    assert_eq!((letter.payload_text(), &letter.key), (SAMPLE, &sample.key));
    let header = |name: &str| letter.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_deref());
    assert_eq!(header("waid-reason"), Some(Some(&b"INCONSISTENT_MISMATCH"[..])));
    assert_eq!(header("trace"), Some(Some(&b"1"[..])));
    assert!(broker().read_all(&deployment.topic("identities")).is_empty());
}

/// Nobody reads a new partition until the workers know of it.
#[test]
fn an_input_may_grow() {
    let deployment = Deployment::create("growth", [1, 1], 2);
    let running = deployment.start();
    running.wait_for_line(&["task assigned"]);
    broker().grow_topic(&deployment.topic("in.webhooks"), 3);
    broker().produce(&[reply(&deployment).partition(2)]);
    deployment.wait_until_settled();
    assert_eq!(running.stop(), 0, "{}", running.log());
    assert!(running.lines(&["built anew", "webhooks: 1", "webhooks: 3"]) >= 1, "{}", running.log());
    assert_eq!(broker().read_all(&deployment.topic("conversation-assigned")).len(), 1);
}

/// The offsets of a topic that is created anew are those of records that were read before; so are those of a group that is set back.
#[test]
fn an_input_that_begins_anew_is_read_again() {
    let deployment = Deployment::create("anew", [1, 1], 1);
    let assigned = || broker().read_all(&deployment.topic("conversation-assigned")).len();
    // Every task has had some of them.
    let others: Vec<Record> = (0..30).map(|index| send(&deployment, &format!("another {index}"))).collect();
    broker().produce(&others);
    run_over_from(&deployment, others.len(), &[sent(&deployment)]);
    assert_eq!(assigned(), 0);

    let sends = deployment.topic("in.sends");
    broker().delete_topic(&sends);
    broker().create_topic(&sends, 1, &[]);
    let read = deployment.inputs_read();
    run_over_from(&deployment, read, &[send(&deployment, MESSAGE)]);
    assert_eq!(assigned(), 1, "the send in the new topic was joined");

    broker().reset_offset(deployment.group(), &sends, 0, 0);
    let again = reply(&deployment);
    broker().produce(&[again]);
    let running = deployment.start();
    deployment.wait_until_settled();
    assert_eq!(running.stop(), 0, "{}", running.log());
    assert_eq!(assigned(), 2, "what was read again was told before");
    assert_eq!(running.lines(&["came twice"]), 0, "{}", running.log());
}

/// Behind the last record of a producer with transactions stands a mark, which is deleted with the records.
#[test]
fn an_input_may_lose_what_was_read_and_even_what_was_not() {
    let deployment = Deployment::create("emptied", [1, 1], 1);
    let (sends, assigned) = (deployment.topic("in.sends"), deployment.topic("conversation-assigned"));
    let producer = broker().transactional_producer(&format!("{sends} producer"));
    producer.begin_transaction().expect("a transaction");
    send_all(&producer, &[send(&deployment, MESSAGE)]);
    producer.commit_transaction(DEADLINE).expect("committed");
    let running = deployment.start();
    wait_until("the mark to be passed", || (broker().committed(deployment.group(), &sends).get(&0)?.offset == 2).then_some(()));
    assert_eq!(running.stop(), 0, "{}", running.log());

    broker().empty_partition(&sends, 0);
    run_over_from(&deployment, deployment.inputs_read(), &[sent(&deployment)]);
    assert_eq!(broker().read_all(&assigned).len(), 1);

    broker().produce(&[send(&deployment, "unread")]);
    broker().empty_partition(&sends, 0);
    let running = deployment.start();
    running.wait_for_line(&["ERROR", &sends, "was deleted", "\"committed\":2", "\"first\":3"]);
    broker().produce(&[reply(&deployment)]);
    broker().read_until(&assigned, |told| told.len() == 2);
    assert_eq!(running.stop(), 0, "{}", running.log());
}

/// Exit code and standard error.
fn run(deployment: &Deployment, env: &[(&str, &str)]) -> (i32, String) {
    broker();
    let begun = Instant::now();
    let output = deployment.waid(&["run"], env);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let err = String::from_utf8(output.stderr).expect("text");
    assert!(!err.contains("panicked"), "{err}");
    (output.status.code().expect("an exit code"), err)
}

#[test]
fn a_wrong_configuration_ends_with_78() {
    let (code, err) = run(&Deployment::named("wrong", 1), &[("WAID__WORKERS__THREADS", "none")]);
    assert_eq!(code, 78, "{err}");
    assert!(err.contains("WAID__WORKERS__THREADS"), "{err}");
}

#[test]
fn a_broker_that_is_not_there_ends_with_1_and_what_to_do() {
    let (code, err) = run(&Deployment::named("unreachable", 1), &[("WAID__KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")]);
    assert_eq!(code, 1, "{err}");
    for part in ["no Kafka broker answered at kafka.bootstrap_servers", "Connection refused", "security.protocol"] {
        assert!(err.contains(part), "{err}");
    }
}

#[test]
fn topics_that_are_missing_end_with_1_and_what_to_do() {
    let deployment = Deployment::named("missing", 1);
    let (code, err) = run(&deployment, &[]);
    assert_eq!(code, 1, "{err}");
    for part in [
        format!("{}: does not exist", deployment.topic("in.webhooks")),
        "fix: create it where its records come from".to_owned(),
        format!("{}: does not exist", deployment.topic("repartition")),
        "fix: waid topics create".to_owned(),
    ] {
        assert!(err.contains(&part), "{part}\n{err}");
    }
}

#[test]
fn another_number_of_partitions_ends_with_1() {
    let deployment = Deployment::create("counts", [1, 1], 1);
    let (code, err) = run(&deployment, &[("WAID__TOPICS__REPARTITION_PARTITIONS", "8")]);
    assert_eq!(code, 1, "{err}");
    assert!(err.contains(&format!("{}: has 4 partitions instead of 8", deployment.topic("repartition"))), "{err}");
}

/// An input's limit is on what a record is compressed to; waid could not write it out again.
#[test]
fn a_record_that_fits_into_no_topic_of_waid_stops_nothing() {
    let deployment = Deployment::create("oversize", [1, 1], 1);
    let mut config = broker().config();
    config.set("compression.codec", "lz4").set("message.max.bytes", "20000000");
    let producer: BaseProducer = config.create().expect("a producer");
    let mismatch = json!({
        "app": "DemoApp", "timestamp": 1_776_944_128_172_i64, "version": 2, "type": "message-event",
        "payload": {"id": MESSAGE, "type": "mismatch", "destination": WA_ID, "payload": {"ts": 1_776_944_126, "wa_id": WA_ID}},
        "padding": "a".repeat(5_000_000),
    });
    for body in ["a".repeat(5_000_000), mismatch.to_string()] {
        let topic = deployment.topic("in.webhooks");
        producer.send(BaseRecord::<str, str>::to(&topic).payload(&body)).map_err(|(error, _)| error).expect("a record");
        producer.flush(Duration::from_secs(10)).expect("delivered");
    }
    run_over_from(&deployment, 2, &[send(&deployment, MESSAGE), sent(&deployment)]);
    let letters = broker().read_all(&deployment.topic("dead-letter"));
    let refused = letters.first().expect("a dead letter");
    assert_eq!(refused.payload, None);
    let (_, detail) = refused.headers.iter().find(|(name, _)| name == "waid-detail").expect("a detail");
    let detail = String::from_utf8_lossy(detail.as_deref().unwrap_or_default());
    assert!(detail.contains("5000000 bytes, is too large to be kept"), "{detail}");
    let rows = broker().read_all(&deployment.topic("identities"));
    assert_eq!(object(rows.last().expect("a row"))["wa_id"], json!(WA_ID));
}

/// What waits for its send is told of much later; by then nobody may take it whole.
#[test]
fn a_dead_letter_that_its_topic_takes_no_more_goes_without_its_record() {
    let deployment = Deployment::create("lowered", [1, 1], 1);
    let mismatch = json!({
        "app": "DemoApp", "timestamp": 1_776_944_128_172_i64, "version": 2, "type": "message-event",
        "payload": {"id": MESSAGE, "type": "mismatch", "destination": WA_ID, "payload": {"ts": 1_776_944_126, "wa_id": "5511987654321"}},
        "padding": "a".repeat(900_000),
    });
    run_over(&deployment, &[webhook(&deployment, mismatch.to_string())]);
    for (topic, bytes) in [("in.webhooks", "300000"), ("in.sends", "300000"), ("dead-letter", "600000")] {
        broker().limit_topic(&deployment.topic(topic), bytes);
    }
    run_over_from(&deployment, 1, &[send(&deployment, MESSAGE)]);
    let letters = broker().read_all(&deployment.topic("dead-letter"));
    let [letter] = letters.as_slice() else { panic!("one dead letter, not {letters:#?}") };
    let header = |name: &str| letter.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_deref().unwrap_or_default());
    assert_eq!(
        (&letter.payload, header("waid-reason"), header("waid-offset")),
        (&None, Some(&b"INCONSISTENT_MISMATCH"[..]), Some(&b"0"[..]))
    );
    assert!(header("waid-detail").is_some_and(|detail| detail.ends_with(b"bytes, is too large to be kept")));
}

/// All events of an input record go together, each partition's in one packed record, which has every name of an app that is in them.
#[test]
fn events_that_fit_into_no_record_of_the_log_come_in_parts() {
    let deployment = Deployment::create("parts", [1, 1], 1);
    let change = |index: u32| {
        let name = format!("{index:0250}");
        let status = json!({"id": format!("wamid.{index}"), "status": "sent", "timestamp": 1_776_944_126, "recipient_id": WA_ID});
        json!({"field": "messages", "value": {"metadata": {"phone_number_id": name}, "statuses": [status]}})
    };
    let changes: Vec<Value> = (0..10_000).map(change).collect();
    let body = json!({"object": "whatsapp_business_account", "entry": [{"changes": changes}]}).to_string();
    let mut config = broker().config();
    config.set("compression.codec", "lz4").set("message.max.bytes", "20000000");
    let producer: BaseProducer = config.create().expect("a producer");
    let topic = deployment.topic("in.webhooks");
    producer.send(BaseRecord::<str, str>::to(&topic).payload(&body)).map_err(|(error, _)| error).expect("a record");
    producer.flush(Duration::from_secs(10)).expect("delivered");
    run_over_from(&deployment, 1, &[send(&deployment, MESSAGE), sent(&deployment)]);
    assert!(broker().read_all(&deployment.topic("dead-letter")).is_empty());
    assert_eq!(broker().read_all(&deployment.topic("conversation-assigned")).len(), 1);
}

#[test]
fn a_topic_that_does_not_take_what_waid_writes_ends_with_1_and_what_to_do() {
    let deployment = Deployment::create("tight", [1, 1], 1);
    broker().limit_topic(&deployment.topic("send-unresolved"), "1000");
    let (code, err) = run(&deployment, &[]);
    assert_eq!(code, 1, "{err}");
    for part in ["send-unresolved: max.message.bytes is 1000, less than 131072", "--add-config max.message.bytes=1048588"] {
        assert!(err.contains(part), "{err}");
    }
}

/// Inputs are read between one checkpoint that fails and the next, so there is progress all the while.
#[test]
fn a_changelog_that_takes_no_checkpoints_any_more_ends_with_1_and_what_to_do() {
    let deployment = Deployment::create("shrunk", [1, 1], 1);
    let running = deployment.start();
    running.wait_for_line(&["task assigned"]);
    let settings = [("cleanup.policy", "compact"), ("delete.retention.ms", "604800000")];
    broker().limit_topic_with(&deployment.topic("changelog"), "100", &settings);
    let mut count = 0..;
    let ended = poll_for(3 * DEADLINE, || {
        broker().produce(&[send(&deployment, &format!("message {:?}", count.next()))]);
        running.exit_code()
    });
    assert_eq!(ended, Some(1), "{}", running.log());
    let told = ["gets no further", "was its max.message.bytes lowered? See waid topics check", &deployment.topic("changelog")];
    assert_eq!(running.lines(&told), 1, "{}", running.log());
    let (code, err) = run(&deployment, &[]);
    assert!(code == 1 && err.contains("changelog: max.message.bytes is 100, less than"), "{err}");
}
