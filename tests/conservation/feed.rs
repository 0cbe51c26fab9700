//! What is fed: a simulated world, some of it twice, and beside it whatever else may come.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use waid::domain::event::Source;
use waid::traffic::{Settings, World};
use waid::wire::packed::SourceTopic;

/// Moves stream time on, and is of no interest otherwise.
pub const CLOCK: &[u8] = br#"{"app":"clock","type":"onboarding-event","payload":{}}"#;

const START_MS: i64 = 1_704_844_800_000;

/// A record.
#[derive(Clone)]
pub struct Fed {
    /// Its topic.
    pub topic: SourceTopic,
    /// Its Kafka timestamp, ms.
    pub kafka_ms: i64,
    /// Its value.
    pub body: Vec<u8>,
}

/// All records, and how many elements they were built from.
pub struct Feed {
    /// The records, in the order to be read.
    pub records: Vec<Fed>,
    /// Their elements.
    pub elements: u64,
    /// The greatest Kafka timestamp, ms.
    pub end_ms: i64,
}

impl Feed {
    /// A few thousand records.
    pub fn new(seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut feed = Self { records: Vec::new(), elements: 0, end_ms: START_MS };
        for input in World::new(Settings { visits: 2, ..Settings::new(seed, 60, START_MS) }).inputs() {
            let topic = if input.source == Source::Sends { SourceTopic::Sends } else { SourceTopic::Webhooks };
            feed.add(topic, input.kafka_ms, input.value, 1);
            match random.random_range(0..10) {
                0 => feed.again(&mut random),
                1 => feed.garbage(&mut random),
                2 => feed.batch(&mut random),
                3 => feed.stray(&mut random),
                _ => {}
            }
        }
        feed
    }

    fn add(&mut self, topic: SourceTopic, kafka_ms: i64, body: Vec<u8>, elements: u64) {
        self.records.push(Fed { topic, kafka_ms, body });
        self.elements += elements;
        self.end_ms = self.end_ms.max(kafka_ms);
    }

    fn add_json(&mut self, topic: SourceTopic, body: &Value, elements: u64) {
        self.add(topic, self.end_ms, body.to_string().into_bytes(), elements);
    }

    /// A record of one element from before, once more.
    fn again(&mut self, random: &mut ChaCha8Rng) {
        let before = self.records[random.random_range(0..self.records.len())].clone();
        if !before.body.starts_with(br#"{"entry""#) {
            self.add(before.topic, self.end_ms, before.body, 1);
        }
    }

    /// Bytes that are no JSON, or JSON cut off, or of another shape: one element each.
    fn garbage(&mut self, random: &mut ChaCha8Rng) {
        let topic = if random.random() { SourceTopic::Sends } else { SourceTopic::Webhooks };
        let whole = self.records[random.random_range(0..self.records.len())].body.clone();
        let body = match random.random_range(0..5) {
            0 => (0..random.random_range(0..40)).map(|_| random.random()).collect(),
            1 => whole[..random.random_range(0..whole.len())].to_vec(),
            2 => b"[]".to_vec(),
            3 => br#"[{"externalId":"1","eventType":"SENT","destAddr":5535987654321}]"#.to_vec(),
            _ => br#"{"app":"a","type":"message","payload":{"id":"x"}}"#.to_vec(),
        };
        self.add(topic, self.end_ms, body, 1);
    }

    /// A v3 body with good elements, bad ones and ones of no interest.
    fn batch(&mut self, random: &mut ChaCha8Rng) {
        let at = (self.end_ms / 1000).to_string();
        let count: u64 = random.random_range(1..8);
        let (mut statuses, mut messages) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let id: u32 = random.random_range(0..200);
            match random.random_range(0..8) {
                0 => statuses.push(json!({"status": "sent", "timestamp": at, "recipient_id": "553587654321"})),
                1 => statuses.push(json!(7)),
                2 => statuses.push(json!({"type": "set-callback"})),
                3 => statuses.push(json!({"id": format!("u-{id}"), "status": "enqueued", "timestamp": at})),
                4 => statuses.push(json!({"gs_id": format!("g-{id}"), "id": format!("u-{id}"), "status": "sent", "timestamp": at, "recipient_id": "553587654321"})),
                5 => statuses.push(json!({"id": format!("u-{id}"), "status": "read", "timestamp": at, "recipient_id": "5215513375592"})),
                6 => messages.push(json!({"from": "553587654321", "id": format!("m-{id}"), "timestamp": at, "type": "text", "context": {"gs_id": format!("g-{id}")}})),
                _ => messages.push(json!({"from": "", "id": format!("m-{id}"), "timestamp": at})),
            }
        }
        let value = json!({"metadata": {"phone_number_id": "1"}, "statuses": statuses, "messages": messages});
        let changes = json!([{"field": "messages", "value": value}, {"field": "account_update", "value": {}}]);
        self.add_json(
            SourceTopic::Webhooks,
            &json!({"entry": [{"changes": changes}], "gs_app_id": "gs", "object": "whatsapp_business_account"}),
            count + 1,
        );
    }

    /// A send of which nothing is heard, or a status of the same app and a send of it some other time, or a number change.
    fn stray(&mut self, random: &mut ChaCha8Rng) {
        let (id, at) = (random.random_range(0..200), self.end_ms / 1000);
        let v2 = |payload: &Value| json!({"app": "gs", "timestamp": at, "version": 2, "type": "message-event", "payload": payload});
        match random.random_range(0..4) {
            0 => {
                let send = json!({"messageId": format!("g-{id}"), "app": "gs", "destination": "5535987654321"});
                self.add_json(SourceTopic::Sends, &send, 1);
            }
            1 => {
                let content = json!({"ts": at, "wa_id": "5593587654321"});
                let mismatch = json!({"id": format!("g-{id}"), "type": "mismatch", "payload": content});
                self.add_json(SourceTopic::Webhooks, &v2(&mismatch), 1);
            }
            2 => {
                let failed = json!({"id": format!("g-{id}"), "type": "failed", "payload": {"ts": at}});
                self.add_json(SourceTopic::Webhooks, &v2(&failed), 1);
            }
            _ => {
                let content = json!({"type": "user_changed_number", "wa_id": "5511922223333"});
                let system = json!({"id": "s", "source": "5511911112222", "type": "system", "payload": content});
                let at = at / 1_000_000 * 1_000_000;
                let body = json!({"app": "gs", "timestamp": at, "version": 2, "type": "message", "payload": system});
                self.add_json(SourceTopic::Webhooks, &body, 1);
            }
        }
    }
}
