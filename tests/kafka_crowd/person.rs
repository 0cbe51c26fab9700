//! One of the crowd, and the records that a conversation with somebody like this leaves.

use serde_json::{Value, json};

use crate::support::{Deployment, Record};

/// How many input records there are of each.
pub const RECORDS: usize = 7;

/// How many messages there are with each: one to them, two from them.
pub const MESSAGES: usize = 3;

/// Begin of the first person's conversation, seconds; the next one's begins a second later.
const BEGIN_S: usize = 1_776_944_000;

/// Somebody in area 35 of Brazil, whose WhatsApp id lacks the ninth digit; by number in the crowd.
#[derive(Clone, Copy)]
pub struct Person(pub usize);

impl Person {
    /// As the business dials.
    pub fn phone(self) -> String {
        format!("553598{:07}", self.0)
    }

    /// As WhatsApp says.
    pub fn wa_id(self) -> String {
        format!("55358{:07}", self.0)
    }

    /// All messages of the conversation, by the ids that the outputs name them with.
    pub fn messages(self) -> [String; MESSAGES] {
        [self.message(), self.written(0), self.written(1)]
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

    /// All input records.
    pub fn records(self, deployment: &Deployment) -> [Record; RECORDS] {
        let begin_s = BEGIN_S + self.0;
        let send = json!({"messageId": self.message(), "app": "DemoApp", "destination": self.phone(), "sentAt": begin_s});
        let webhook = |body: Value| Record::to(&deployment.topic("in.webhooks")).payload(body.to_string());
        [
            Record::to(&deployment.topic("in.sends")).payload(send.to_string()),
            webhook(self.enqueued(begin_s + 1)),
            webhook(self.status("sent", begin_s + 2)),
            webhook(self.status("delivered", begin_s + 3)),
            webhook(self.status("read", begin_s + 4)),
            webhook(self.inbound(0, begin_s + 60)),
            webhook(self.inbound(1, begin_s + 90)),
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
