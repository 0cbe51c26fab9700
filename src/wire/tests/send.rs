//! Send records in Protobuf.

use crate::domain::apps::Apps;
use crate::domain::event::{Element, Reason};
use crate::domain::ids::{Address, Moment, Number};
use crate::wire::generated;
use crate::wire::send::decode;
use prost::Message;

const KAFKA_MS: i64 = 1_760_000_000_000;

fn record() -> generated::Send {
    generated::Send {
        message_id: "ee4a68a0-1203-4c85-8dc3-49d0b3226a35".into(),
        app: "support".into(),
        destination: "+55 35 98765-4321".into(),
        source: "912345678901".into(),
        customer_id: "customer-1".into(),
        sent_at_ms: Some(KAFKA_MS - 500),
        wa_id: "553587654321".into(),
        kind: String::new(),
    }
}

fn element(record: &generated::Send) -> Element {
    decode(&record.encode_to_vec()).expect("encoded here").into_element(KAFKA_MS, &Apps::new(&[]))
}

#[test]
fn a_send_is_read_as_from_json() {
    let Element::Send(send) = element(&record()) else { panic!("a send") };
    assert_eq!(&*send.id.reveal(), "ee4a68a0-1203-4c85-8dc3-49d0b3226a35");
    assert_eq!(&**send.app.name(), "support");
    assert_eq!(send.destination, Address::Phone(Number::from_digits("5535987654321").expect("a number")));
    assert_eq!((send.customer_id.as_deref(), send.kind), (Some("customer-1"), None));
    assert_eq!((send.wa_id, send.at), (Number::from_digits("553587654321"), Moment(KAFKA_MS - 500)));
}

#[test]
fn without_a_time_it_is_that_of_the_record_and_what_is_missing_is_named() {
    let Element::Send(send) = element(&generated::Send { sent_at_ms: None, ..record() }) else { panic!("a send") };
    assert_eq!(send.at, Moment(KAFKA_MS));
    let Element::Rejected(rejection) = element(&generated::Send::default()) else { panic!("rejected") };
    assert_eq!(rejection.reason, Reason::MissingMessageId);
}

#[test]
fn fields_of_later_versions_are_passed_over_and_other_bytes_refused() {
    let mut later = record().encode_to_vec();
    later.extend([0xF8, 0x07, 0x01]);
    assert!(decode(&later).is_ok_and(|send| send.app.as_deref() == Some("support")));
    let error = decode(br#"{"messageId":"x"}"#).err().expect("JSON is no Protobuf");
    assert!(error.to_string().starts_with("not a waid.v1.Send: failed to decode Protobuf message"), "{error}");
    assert!(!error.to_string().contains("messageId"));
}
