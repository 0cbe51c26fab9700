//! Service windows, ties, and how people are known.

use super::*;
use crate::domain::ids::{Bsuid, MessageId, User};

const HOUR_MS: i64 = 3_600_000;

fn placed(direction: Direction, at_ms: i64, referral: bool) -> Placed {
    let phone = Number::from_digits("5535987654321").expect("a number");
    let message = Message {
        app: App::new("default", "app", "app"),
        direction,
        id: MessageId::parse("m").expect("an id"),
        at: Moment(at_ms),
        kafka_ms: at_ms,
        wa_id: Some(phone),
        user: None,
        address: Some(Address::Phone(phone)),
        customer_id: None,
        kind: None,
        whatsapp_id: None,
        referral,
        version: 1,
    };
    Placed { message, told: None, window_ms: None, founded: 0 }
}

#[test]
fn only_what_people_write_opens_the_service_window_and_nothing_closes_it_early() {
    let at = 10 * HOUR_MS;
    let after = |direction, referral, before| placed(direction, at, referral).window_after(before, &Settings::USUAL);
    assert_eq!(after(Direction::Outbound, false, None), None);
    assert_eq!(after(Direction::Inbound, false, None), Some(at + 24 * HOUR_MS));
    assert_eq!(after(Direction::Inbound, true, None), Some(at + 72 * HOUR_MS));
    assert_eq!(after(Direction::Outbound, false, Some(at + HOUR_MS)), Some(at + HOUR_MS));
    assert_eq!(after(Direction::Outbound, false, Some(at + 1)), Some(at + 1));
    assert_eq!(after(Direction::Outbound, false, Some(at)), None, "one that is over is not known for ever");
    assert_eq!(after(Direction::Inbound, false, Some(at + 60 * HOUR_MS)), Some(at + 60 * HOUR_MS), "an ad's window outlasts it");
}

#[test]
fn messages_are_tied_by_event_time_and_by_kafka_time() {
    let first = placed(Direction::Inbound, 0, false);
    let tied = |at_ms: i64, kafka_ms: i64| {
        let mut other = placed(Direction::Inbound, at_ms, false);
        other.message.kafka_ms = kafka_ms;
        first.is_tied(&other, &Settings::USUAL)
    };
    assert!(tied(24 * HOUR_MS + 999, 0), "event times count in whole seconds");
    assert!(!tied(24 * HOUR_MS + 1000, 0));
    assert!(tied(0, 96 * HOUR_MS));
    assert!(!tied(0, 96 * HOUR_MS + 1));
}

#[test]
fn a_person_is_known_as_the_newest_send_says_that_says_anything_of_it() {
    let (mut thread, person) = (Thread::default(), Uuid::from_u128(1));
    let know = |thread: &mut Thread, at_ms, address, customer: Option<&str>| {
        let message = placed(Direction::Outbound, at_ms, false).message;
        thread.know(person, &Message { address: Some(address), customer_id: customer.map(Into::into), ..message });
    };
    let phone = |digits| Address::Phone(Number::from_digits(digits).expect("a number"));
    let user = Address::User(User { scope: "app".into(), id: Bsuid::parse("BR.1").expect("a BSUID") });
    know(&mut thread, 2 * HOUR_MS, phone("5535987654321"), Some("customer-2"));
    know(&mut thread, HOUR_MS, phone("553587654321"), Some("customer-1"));
    know(&mut thread, 3 * HOUR_MS, user, None);
    let known = &thread.people[&person];
    assert_eq!((known.phone, known.customer_id.as_deref()), (Number::from_digits("5535987654321"), Some("customer-2")));
    know(&mut thread, 4 * HOUR_MS, phone("553587654321"), None);
    let known = &thread.people[&person];
    assert_eq!((known.phone, known.customer_id.as_deref()), (Number::from_digits("553587654321"), Some("customer-2")));
}

#[test]
fn a_message_never_founds_the_same_conversation_twice() {
    let mut message = placed(Direction::Inbound, 0, false);
    assert_ne!(message.found_conversation(), message.found_conversation());
}
