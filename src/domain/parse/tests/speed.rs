//! What parsing costs: `cargo test --release parse::tests::speed -- --ignored --nocapture`.

use super::meta::body;
use super::*;
use std::hint::black_box;
use std::time::Instant;

/// A body of so many statuses, each with its contact.
fn statuses(count: usize) -> String {
    let list = |item: &str| vec![item; count].join(",");
    let contact = r#"{"user_id":"BR.1648738043044942","wa_id":"553587654321"}"#;
    let status = r#"{"gs_id":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","id":"cc3651a4-493b-4a38-b867-c547af202259","meta_msg_id":"wamid.HBgMNTUzNTg3NjU0MzIxFQIAERgS","recipient_id":"553587654321","recipient_user_id":"BR.1648738043044942","status":"sent","timestamp":"1776944126","pricing":{"billable":true,"category":"utility","pricing_model":"PMP","type":"regular"}}"#;
    let value = format!(r#""contacts":[{}],"statuses":[{}]"#, list(contact), list(status));
    body("4005ef9e-581e-41f4-9b04-e0797e0463d2", "messages", &value)
}

#[test]
#[ignore = "a measurement"]
fn an_event_of_v3_beside_one_of_v2() {
    let apps = apps();
    for (name, body) in [("v2", SENT.to_owned()), ("v3, 1", statuses(1)), ("v3, 100", statuses(100)), ("v3, 1000", statuses(1000))] {
        let best = (0..20).map(|_| {
            let start = Instant::now();
            let mut elements = 0;
            while elements < 20_000 {
                elements += black_box(webhook(black_box(body.as_bytes()), KAFKA_MS, &apps)).len();
            }
            start.elapsed().as_nanos() / elements as u128
        });
        println!("{name}: {} bytes, {} ns an event", body.len(), best.min().expect("rounds"));
    }
}
