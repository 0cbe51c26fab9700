//! What bodies become, told in one line each; the samples have the shapes of Gupshup's documentation, with made-up numbers.

mod bodies;
mod fuzz;
mod gupshup_v2;
mod hardened;
mod meta;
mod send;
mod speed;
mod times;

use super::{send as parse_send, webhook};
use crate::domain::apps::{Apps, ListedApp};
use crate::domain::event::{Element, Rejection};
use crate::domain::ids::{Address, Bsuid, MessageId, Number};

/// The Kafka timestamp of every record here.
const KAFKA_MS: i64 = 1_776_944_200_000;

const ENQUEUED: &str = r#"{"app":"DemoApp","timestamp":1776944126001,"version":2,"type":"message-event","payload":{"id":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","type":"enqueued","destination":"5535987654321","payload":{"whatsappMessageId":"cc3651a4-493b-4a38-b867-c547af202259","type":"session"}}}"#;
const SENT: &str = r#"{"app":"DemoApp","phone":"5511900000000","timestamp":1776944128172,"version":2,"type":"message-event","payload":{"id":"cc3651a4-493b-4a38-b867-c547af202259","gsId":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","type":"sent","destination":"553587654321","payload":{"ts":1776944126},"conversation":{"id":"05c0fb06","expiresAt":1776944126,"type":"utility"},"pricing":{"policy":"PMP","category":"utility","type":"regular"},"userId":"BR.1648738043044942"}}"#;
const FAILED: &str = r#"{"app":"DemoApp","timestamp":1776944130000,"version":2,"type":"message-event","payload":{"id":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","type":"failed","destination":"5535987654321","payload":{"code":1008,"reason":"User is not Opted in and Inactive"}}}"#;
const INBOUND: &str = r#"{"app":"DemoApp","timestamp":1776944190000,"version":2,"type":"message","payload":{"id":"wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg","source":"553587654321","type":"text","payload":{"text":"Oi"},"sender":{"phone":"553587654321","name":"Ana","country_code":"55","dial_code":"3587654321","userId":"BR.1648738043044942"},"context":{"id":"gBEG","gsId":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10"}}}"#;
const MISMATCH: &str = r#"{"app":"DemoApp","timestamp":1638607221146,"version":2,"type":"message-event","payload":{"id":"499a3642-5d41-477f-8bdc-58985e9c6996","type":"mismatch","destination":"5535987654321","payload":{"phone":"553587654321","wa_id":"5593587654321"}}}"#;
const CHANGED: &str = r#"{"app":"DemoApp","timestamp":1776944190000,"version":2,"type":"message","payload":{"id":"wamid.S","source":"553587654321","type":"system","payload":{"type":"user_changed_number","body":"User Ana changed","wa_id":"551187654321"},"sender":{"phone":"553587654321","userId":"BR.1648738043044942"}}}"#;
const SANDBOX: &str = r#"{"app":"DemoApp","timestamp":1580142086287,"version":2,"type":"user-event","payload":{"phone":"callbackSetPhone","type":"sandbox-start"}}"#;
const META: &str = r#"{"object":"whatsapp_business_account","gs_app_id":"4005ef9e-581e-41f4-9b04-e0797e0463d2","entry":[{"id":"293928007134319","changes":[]}]}"#;
const TWINS: &str = r#"{"object":"whatsapp_business_account","gs_app_id":"4005ef9e-581e-41f4-9b04-e0797e0463d2","entry":[{"id":"293928007134319","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"5511900000000","phone_number_id":"269033402967482"},"contacts":[{"profile":{"name":"Ana"},"user_id":"BR.1648738043044942","wa_id":"553587654321"}],"statuses":[{"gs_id":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","id":"cc3651a4-493b-4a38-b867-c547af202259","meta_msg_id":"wamid.HBgMNTUzNTg3NjU0MzIxFQIAERgS","recipient_id":"553587654321","recipient_user_id":"BR.1648738043044942","status":"sent","timestamp":"1776944126"}],"messages":[{"from":"553587654321","from_user_id":"BR.1648738043044942","id":"wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg","timestamp":"1776944190","type":"text","text":{"body":"Oi"},"context":{"id":"gBEG","gs_id":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10"}}]}}]}]}"#;
const REPORT: &str = r#"{"srcAddr":"TESTIN","externalId":"3970912131313","cause":"SUCCESS","errorCode":"000","destAddr":"5535987654321","eventType":"DELIVERED","eventTs":1776944126000}"#;
const SEND: &str = r#"{"messageId":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","app":"DemoApp","destination":"+55 (35) 98765-4321","source":"5511900000000","customerId":"c-17","sentAt":1776944125000,"kind":"template"}"#;

fn apps() -> Apps {
    Apps::new(&[ListedApp {
        name: "acme-support".into(),
        tenant: "acme".into(),
        gs_app_id: Some("4005ef9e-581e-41f4-9b04-e0797e0463d2".into()),
        phone_number_id: Some("269033402967482".into()),
        portfolio: Some("acme".into()),
    }])
}

/// What the one element of a webhook body is.
fn told(body: &str) -> String {
    told_at(body, KAFKA_MS)
}

fn told_at(body: &str, kafka_ms: i64) -> String {
    let elements = webhook(body.as_bytes(), kafka_ms, &apps());
    assert_eq!(elements.len(), 1, "{body}");
    in_words(&elements[0])
}

/// An element in a line, in clear, without what is absent.
fn in_words(element: &Element) -> String {
    let number = |label: &str, value: Option<Number>| value.map(|number| format!(" {label}={}", number.reveal())).unwrap_or_default();
    let user = |value: &Option<Bsuid>| value.as_ref().map(|user| format!(" user={}", user.reveal())).unwrap_or_default();
    let id = |label: &str, value: &Option<MessageId>| value.as_ref().map(|id| format!(" {label}={}", short(id))).unwrap_or_default();
    let text = |label: &str, value: &Option<std::sync::Arc<str>>| value.as_ref().map(|text| format!(" {label}={text}")).unwrap_or_default();
    match element {
        Element::Send(send) => {
            let to = match &send.destination {
                Address::Phone(number) => number.reveal(),
                user @ Address::User(_) => user.reveal(),
            };
            let told = [number("wa", send.wa_id), text("customer", &send.customer_id), text("kind", &send.kind)].concat();
            format!("SEND {:?} {} to={to}{told} at={}", send.app, short(&send.id), send.at.0)
        }
        Element::Status(status) => {
            let other = status.other_ids.iter().fold(String::new(), |text, other| text + " other=" + &short(other));
            let error = status.error.as_ref().map(|error| text("code", &error.code) + &text("reason", &error.reason)).unwrap_or_default();
            let told = [id("gs", &status.gupshup_id), other, number("wa", status.wa_id), user(&status.user), error].concat();
            format!("{:?} {:?}{told} at={}", status.kind, status.app, status.at.0)
        }
        Element::Mismatch(mismatch) => {
            format!("MISMATCH {:?} {} wa={} at={}", mismatch.app, short(&mismatch.id), mismatch.wa_id.reveal(), mismatch.at.0)
        }
        Element::Inbound(inbound) => {
            let context = inbound.context.as_ref().map(|context| {
                let others: String = context.other_ids.iter().map(|other| id("re", &Some(other.clone()))).collect();
                id("re-gs", &context.gupshup_id) + &others
            });
            let referral = if inbound.referral { " referral" } else { "" };
            let told =
                [number("wa", inbound.wa_id), user(&inbound.user), text("kind", &inbound.kind), context.unwrap_or_default()].concat();
            format!("INBOUND {:?} {}{told}{referral} at={}", inbound.app, short(&inbound.id), inbound.at.0)
        }
        Element::NumberChange(change) => {
            let (old, new) = (change.old.reveal(), change.new.reveal());
            format!("CHANGE {:?} {old}→{new}{} at={}", change.app, user(&change.user), change.at.0)
        }
        Element::UserChange(change) => {
            let previous = change.previous.as_ref().map_or("?", Bsuid::reveal);
            let told = number("old", change.old) + &number("wa", change.wa_id);
            format!("USER {:?} {previous}→{}{told} at={}", change.app, change.current.reveal(), change.at.0)
        }
        Element::Echo(echo) => {
            let told = [number("to", echo.wa_id), user(&echo.user), text("kind", &echo.kind)].concat();
            format!("ECHO {:?} {}{told} at={}", echo.app, short(&echo.id), echo.at.0)
        }
        Element::Ignored(name) => format!("IGNORED {name}"),
        Element::Rejected(Rejection { reason, detail }) => format!("{}: {detail}", reason.name()),
    }
}

/// The first part of an id is enough to know which one it is.
fn short(id: &MessageId) -> String {
    id.reveal().split('-').next().expect("a first part").to_owned()
}
