//! Two processes share 100 000 inputs, and one of them is stopped and started again in the middle: nothing is lost,
//! nothing comes twice.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use support::{Deployment, Received, Record, broker, wait_until};

/// Each is sent one message, and writes twice: seven input records.
const PEOPLE: usize = 14_300;
const RECORDS_OF_ONE: usize = 7;
const MESSAGES_OF_ONE: usize = 3;

/// Begin of the first person's conversation, seconds; the next one's begins a second later.
const BEGIN_S: usize = 1_776_944_000;

/// One of the crowd: somebody in area 35 of Brazil, whose WhatsApp id lacks the ninth digit.
#[derive(Clone, Copy)]
struct Person(usize);

impl Person {
    fn phone(self) -> String {
        format!("553598{:07}", self.0)
    }

    fn wa_id(self) -> String {
        format!("55358{:07}", self.0)
    }

    fn message(self) -> String {
        format!("00000000-0000-4000-8000-{:012}", self.0)
    }

    fn whatsapp_message(self) -> String {
        format!("00000000-0000-4000-9000-{:012}", self.0)
    }

    fn written(self, index: usize) -> String {
        format!("wamid.{}.{index}", self.0)
    }

    /// All messages of the conversation, by the id that an output names them with.
    fn messages(self) -> [String; MESSAGES_OF_ONE] {
        [self.message(), self.written(0), self.written(1)]
    }

    fn records(self, deployment: &Deployment) -> [Record; RECORDS_OF_ONE] {
        let begin_s = BEGIN_S + self.0;
        let send = json!({"messageId": self.message(), "app": "DemoApp", "destination": self.phone(), "sentAt": begin_s});
        [
            Record::to(&deployment.topic("in.sends")).payload(send.to_string()),
            webhook(deployment, &self.enqueued(begin_s + 1)),
            webhook(deployment, &self.status("sent", begin_s + 2)),
            webhook(deployment, &self.status("delivered", begin_s + 3)),
            webhook(deployment, &self.status("read", begin_s + 4)),
            webhook(deployment, &self.inbound(0, begin_s + 60)),
            webhook(deployment, &self.inbound(1, begin_s + 90)),
        ]
    }

    fn enqueued(self, at_s: usize) -> Value {
        let inner = json!({"whatsappMessageId": self.whatsapp_message(), "type": "session"});
        let payload = json!({"id": self.message(), "type": "enqueued", "destination": self.phone(), "payload": inner});
        event("message-event", at_s, &payload)
    }

    fn status(self, kind: &str, at_s: usize) -> Value {
        let payload = json!({
            "id": self.whatsapp_message(), "gsId": self.message(), "type": kind, "destination": self.wa_id(), "payload": {"ts": at_s},
        });
        event("message-event", at_s, &payload)
    }

    fn inbound(self, index: usize, at_s: usize) -> Value {
        let payload = json!({
            "id": self.written(index), "source": self.wa_id(), "type": "text", "payload": {"text": "Oi"},
            "sender": {"phone": self.wa_id(), "name": "Ana"},
        });
        event("message", at_s, &payload)
    }
}

fn event(kind: &str, at_s: usize, payload: &Value) -> Value {
    json!({"app": "DemoApp", "timestamp": at_s * 1000, "version": 2, "type": kind, "payload": payload})
}

fn webhook(deployment: &Deployment, body: &Value) -> Record {
    Record::to(&deployment.topic("in.webhooks")).payload(body.to_string())
}

#[test]
fn nothing_is_lost_and_nothing_comes_twice() {
    let deployment = Deployment::create("crowd", [6, 3], 2);
    let mut records: Vec<Record> = (0..PEOPLE).flat_map(|person| Person(person).records(&deployment)).collect();
    records.shuffle(&mut ChaCha8Rng::seed_from_u64(1));
    let (first, rest) = records.split_at(records.len() / 2);
    let (second, third) = rest.split_at(rest.len() / 2);

    let (one, two) = (deployment.start(), deployment.start());
    one.wait_for_line(&["task assigned"]);
    two.wait_for_line(&["task assigned"]);
    broker().produce(first);
    wait_until("the first inputs", || (inputs_read(&deployment) > first.len() / 4).then_some(()));
    one.terminate();
    broker().produce(second);
    assert_eq!(one.wait(), 0);
    let again = deployment.start();
    broker().produce(third);
    again.wait_for_line(&["task assigned"]);
    deployment.wait_until_settled();
    for running in [&two, &again] {
        assert_eq!(running.stop(), 0, "{}", running.log());
    }
    check_conversations(&deployment);
    check_rows(&deployment);
    for topic in ["dead-letter", "send-unresolved"] {
        assert!(broker().read_all(&deployment.topic(topic)).is_empty(), "{topic}");
    }
}

fn inputs_read(deployment: &Deployment) -> usize {
    let read: i64 = ["in.webhooks", "in.sends"].into_iter().flat_map(|topic| deployment.committed(topic).into_values()).sum();
    usize::try_from(read).expect("a count")
}

fn read(deployment: &Deployment, topic: &str) -> Vec<(Received, Value)> {
    let received = broker().read_all(&deployment.topic(topic));
    let parsed: Vec<_> =
        received.into_iter().map(|record| (record.clone(), serde_json::from_str(record.payload_text()).expect("JSON"))).collect();
    let ids: BTreeSet<&str> = parsed.iter().map(|(_, event): &(_, Value)| text(event, "event_id")).collect();
    assert_eq!(ids.len(), parsed.len(), "an event_id came twice in {topic}");
    parsed
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_else(|| panic!("no {field} in {event:#}"))
}

/// One ASSIGNED for each message; in the end, one conversation and one identity for each person.
fn check_conversations(deployment: &Deployment) {
    let events = read(deployment, "conversation-assigned");
    let of_type = |kind: &'static str| events.iter().map(|(_, event)| event).filter(move |event| event["event_type"] == kind);
    let merged: BTreeMap<&str, &str> =
        of_type("MERGED").map(|event| (text(event, "previous_conversation_id"), text(event, "conversation_id"))).collect();
    let mut of_message = BTreeMap::new();
    for event in of_type("ASSIGNED") {
        let id = event["message_id"].as_str().or(event["whatsapp_message_id"].as_str()).expect("an id");
        let before = of_message.insert(id, (event["revision"].as_u64(), event));
        assert!(before.is_none(), "{id} was assigned twice");
    }
    assert_eq!(of_message.len(), PEOPLE * MESSAGES_OF_ONE);
    for event in of_type("MOVED") {
        let id = event["message_id"].as_str().or(event["whatsapp_message_id"].as_str()).expect("an id");
        let newest = of_message.get_mut(id).expect("assigned before it was moved");
        let revision = event["revision"].as_u64();
        if revision > newest.0 {
            *newest = (revision, event);
        }
    }
    let mut conversations = BTreeSet::new();
    let mut identities = BTreeSet::new();
    for person in (0..PEOPLE).map(Person) {
        let of_one = person.messages().map(|id| of_message[id.as_str()].1);
        let in_the_end = of_one.map(|event| (follow(&merged, text(event, "conversation_id")), text(event, "identity_id")));
        assert!(in_the_end.iter().all(|one| *one == in_the_end[0]), "{in_the_end:?}");
        conversations.insert(in_the_end[0].0);
        identities.insert(in_the_end[0].1);
    }
    assert_eq!((conversations.len(), identities.len()), (PEOPLE, PEOPLE));
}

fn follow<'a>(merged: &BTreeMap<&'a str, &'a str>, mut id: &'a str) -> &'a str {
    while let Some(next) = merged.get(id) {
        id = next;
    }
    id
}

/// One row for each person, with the wa_id that answered.
fn check_rows(deployment: &Deployment) {
    read(deployment, "identity-resolved");
    let rows = read(deployment, "identities");
    let newest: BTreeMap<&str, &Value> = rows.iter().map(|(record, row)| (record.key_text(), row)).collect();
    assert_eq!(newest.len(), PEOPLE);
    for person in (0..PEOPLE).map(Person) {
        let row = newest[person.phone().as_str()];
        assert_eq!((&row["wa_id"], &row["evidence"]), (&json!(person.wa_id()), &json!("INBOUND")), "{row:#}");
    }
}
