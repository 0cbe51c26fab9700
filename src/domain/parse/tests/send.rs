//! Send records, a table for each behaviour.

use super::*;
use crate::domain::parse::{Encoding, RawSend};

fn told(body: &str) -> String {
    in_words(&parse_send(body.as_bytes(), KAFKA_MS, &apps()))
}

/// A send record of the three required fields and these.
fn with(fields: &str) -> String {
    told(&format!(r#"{{"messageId":"m-1","app":"DemoApp","destination":"5535987654321"{fields}}}"#))
}

#[test]
fn both_ways_of_writing_fields_are_read() {
    let expected = "SEND default/DemoApp 0a58e0ce to=5535987654321 customer=c-17 kind=template at=1776944125000";
    let snake = SEND.replace("messageId", "message_id").replace("customerId", "customer_id").replace("sentAt", "sent_at");
    assert_eq!((told(SEND).as_str(), told(&snake).as_str()), (expected, expected));
    let numbers = r#"{"messageId":17,"app":5,"destination":5535987654321,"customerId":4,"sentAt":1776944125,"kind":null}"#;
    assert_eq!(told(numbers), "SEND default/5 17 to=5535987654321 customer=4 at=1776944125000");
    assert_eq!(told(&snake.replace('{', r#"{"messageId":"again","#)), "UNKNOWN_SHAPE: messageId is given twice, before line 1 column 33");
}

#[test]
fn what_is_missing_is_named() {
    for (field, expected) in [
        (r#""messageId":"0a58e0ce-6f0e-4a2e-9c53-0d6f6b9d7f10","#, "MISSING_MESSAGE_ID: no messageId"),
        (r#""app":"DemoApp","#, "MISSING_FIELD: no app"),
        (r#""destination":"+55 (35) 98765-4321","#, "MISSING_FIELD: no destination"),
    ] {
        assert_eq!(told(&SEND.replace(field, "")), expected);
        let (name, _) = field.split_once(':').expect("a field");
        for nothing in [r#""""#, "null", "{}", "[1]", "true"] {
            assert_eq!(told(&SEND.replace(field, &format!("{name}:{nothing},"))), expected, "{name} {nothing}");
        }
    }
    assert_eq!(told(&SEND.replace("0a58e0ce", &"0".repeat(500))), "MISSING_MESSAGE_ID: messageId is longer than 512 bytes");
    assert_eq!(told(&SEND.replace("DemoApp", &"a".repeat(257))), "MISSING_FIELD: app is longer than 256 bytes");
    assert_eq!(told(&SEND.replace("c-17", &"c".repeat(513))), "TOO_LARGE: customerId is longer than 512 bytes");
    assert_eq!(told(&SEND.replace("template", &"k".repeat(513))), "TOO_LARGE: kind is longer than 512 bytes");
}

#[test]
fn a_destination_is_a_phone_or_a_bsuid() {
    for (destination, app, expected) in [
        ("00 55 35 98765 4321", "DemoApp", "SEND default/DemoApp 0a58e0ce to=5535987654321"),
        ("BR.1648738043044942", "DemoApp", "SEND default/DemoApp 0a58e0ce to=DemoApp:BR.1648738043044942"),
        (" BR.ENT.164 ", "acme-support", "SEND acme/acme-support 0a58e0ce to=acme:BR.ENT.164"),
        ("DemoApp:BR.1648738043044942", "DemoApp", "BAD_NUMBER: destination is neither a number nor a BSUID"),
        ("035 98765-4321", "DemoApp", "BAD_NUMBER: destination is neither a number nor a BSUID"),
        ("553", "DemoApp", "BAD_NUMBER: destination is neither a number nor a BSUID"),
        ("Y2FwaV9ncm91cDoxNzA1NTU1", "DemoApp", "IGNORED group"),
    ] {
        let body = SEND.replace("+55 (35) 98765-4321", destination).replace("DemoApp\",\"destination", &format!("{app}\",\"destination"));
        assert!(told(&body).starts_with(expected), "{destination}: {}", told(&body));
    }
    assert!(told(&SEND.replace("DemoApp", "4005ef9e-581e-41f4-9b04-e0797e0463d2")).starts_with("SEND acme/acme-support "));
}

#[test]
fn an_echoed_wa_id_is_no_evidence_unless_meta_gave_the_id() {
    for (id, wa_id, expected) in [
        ("m", "553587654321", " wa=553587654321"),
        ("m", "5535987654321", ""),
        ("m", "+55 35 98765-4321", ""),
        ("wamid.X", "5535987654321", " wa=5535987654321"),
        ("wamid.X", "553587654321", " wa=553587654321"),
        ("m", "", ""),
        ("m", "unknown", ""),
        ("m", "BR.1648738043044942", ""),
    ] {
        for name in ["waId", "wa_id"] {
            let body = format!(r#"{{"messageId":"{id}","app":"DemoApp","destination":"5535987654321","{name}":"{wa_id}"}}"#);
            assert_eq!(told(&body), format!("SEND default/DemoApp {id} to=5535987654321{expected} at={KAFKA_MS}"));
        }
    }
}

#[test]
fn the_time_is_its_own_or_that_of_the_record() {
    for (sent_at, expected) in [
        ("1776944125000", "at=1776944125000"),
        ("1776944125", "at=1776944125000"),
        (r#""1776944125""#, "at=1776944125000"),
        ("1776944125.5", "at=1776944125500"),
        (r#""2026-04-23T11:35:25.250Z""#, "at=1776944125250"),
        (r#""2026-04-23T08:35:25-03:00""#, "at=1776944125000"),
        (r#""2026-04-23 11:35:25Z""#, "at=1776944125000"),
        ("null", "at=1776944200000"),
        (r#""""#, "at=1776944200000"),
        (r#""2026-04-23T11:35:25""#, "BAD_TIMESTAMP: sentAt is no time"),
        (r#""yesterday""#, "BAD_TIMESTAMP: sentAt is no time"),
        ("true", "BAD_TIMESTAMP: sentAt is no time"),
        ("{}", "BAD_TIMESTAMP: sentAt is no time"),
        ("1177694412500", "BAD_TIMESTAMP: sentAt is outside 2009–2100"),
        (r#""2026-04-24T11:36:41Z""#, "BAD_TIMESTAMP: sentAt is more than 24 h after the record's Kafka timestamp"),
    ] {
        let told = with(&format!(r#","sentAt":{sent_at}"#));
        assert!(told.ends_with(expected), "{sent_at}: {told}");
    }
}

#[test]
fn the_encoding_is_that_of_the_header() {
    for (content_type, expected) in [
        (None, Encoding::Json),
        (Some("application/json; charset=utf-8"), Encoding::Json),
        (Some("application/x-protobuf"), Encoding::Protobuf),
        (Some("application/protobuf"), Encoding::Protobuf),
        (Some(" Application/X-Protobuf ; messageType=waid.Send"), Encoding::Protobuf),
        (Some(""), Encoding::Json),
    ] {
        assert_eq!(Encoding::of(content_type), expected, "{content_type:?}");
    }
}

#[test]
fn empty_texts_of_another_encoding_are_none() {
    let raw = RawSend {
        message_id: Some("m".into()),
        app: Some("DemoApp".into()),
        destination: Some("5535987654321".into()),
        customer_id: Some("".into()),
        sent_at: Some("".into()),
        wa_id: Some("".into()),
        kind: Some("".into()),
    };
    assert_eq!(in_words(&raw.into_element(KAFKA_MS, &apps())), format!("SEND default/DemoApp m to=5535987654321 at={KAFKA_MS}"));
    assert_eq!(in_words(&RawSend::default().into_element(KAFKA_MS, &apps())), "MISSING_MESSAGE_ID: no messageId");
}
