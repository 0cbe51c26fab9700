//! The rows of `tests/fixtures/rows_v5.txt`, one of each kind with every field set: whatever waid becomes, it reads them.

use crate::domain::circle::{Circle, Derived, Founder};
use crate::domain::contact::{Contact, Sighted};
use crate::domain::entity::{Change, Direction, Heard, Home, Message, Original, Owner, ReportKind, Subject};
use crate::domain::event::{Cause, Send, SendError, Source};
use crate::domain::evidence::{Class, Evidence};
use crate::domain::ids::{Address, App, Bsuid, MessageId, Moment, Number, User};
use crate::domain::join::{Copies, Join, MismatchCopies, Received, Sent};
use crate::domain::row::{AddressRow, Observed, OwnerTold, Proven, RowTold, Span, Wrote};
use crate::domain::state::{Key, MessageKey, Row};
use crate::domain::thread::{Conversation, Known, Placed, Thread, Told};
use crate::domain::walk::Facts;
use crate::wire::state::{decode_row, encode_row};
use std::fmt::Write;
use uuid::Uuid;

/// A row a line: kind, then key and value in hexadecimal digits.
const ROWS: &str = include_str!("../../../tests/fixtures/rows_v5.txt");

#[test]
fn rows_as_they_are_written_stay_readable() {
    let read: Vec<(Key, Row)> = ROWS
        .lines()
        .map(|line| {
            let [_, key, value] = line.split(' ').collect::<Vec<_>>().try_into().expect("three words a line");
            decode_row(&bytes(key), &bytes(value)).expect(line)
        })
        .collect();
    assert_eq!(read, rows());
}

/// Rows that say less, as versions before wrote them.
#[test]
fn rows_of_earlier_versions_stay_readable() {
    let of_2026_11_30 = include_str!("../../../tests/fixtures/thread_v5_of_2026_11_30.txt");
    let [_, key, value] = of_2026_11_30.trim_end().split(' ').collect::<Vec<_>>().try_into().expect("three words");
    let (_, Row::Thread(read)) = decode_row(&bytes(key), &bytes(value)).expect("a row") else { panic!("a thread") };
    let known = Known { phone_s: None, customer_s: None, ..known() };
    assert_eq!(read, Thread { people: [(Uuid::from_u128(1), known)].into(), strays: None, ..thread() });
}

/// This says when a change of the domain changed the format by accident.
#[test]
fn rows_are_written_as_they_were() {
    assert_eq!(written(), ROWS, "if this is meant, raise the format and add a fixture");
}

#[test]
#[ignore = "writes the fixture anew"]
fn write() {
    std::fs::write("tests/fixtures/rows_v5.txt", written()).expect("the tests run in the crate");
}

fn written() -> String {
    let mut lines = String::new();
    for (key, row) in rows() {
        let kind = match key {
            Key::Join(..) => "join",
            Key::Contact(_) => "contact",
            Key::Circle(_) => "circle",
            Key::Thread(..) => "thread",
            Key::Message(..) => "message",
        };
        let (key, value) = encode_row(&key, &row);
        writeln!(lines, "{kind} {} {}", digits(&key), digits(&value)).expect("a String takes any text");
    }
    lines
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").expect("a String takes any text");
        digits
    })
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("hexadecimal digits"));
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits")).collect()
}

fn rows() -> Vec<(Key, Row)> {
    let (home, key) = (
        Home::of_number(app().tenant(), phone()),
        MessageKey { app: app(), at_s: T, direction: Direction::Inbound, id: wamid(), echo: false },
    );
    vec![
        (Key::Join(app(), gupshup_id()), Row::Join(join().into())),
        (Key::Contact(home.clone()), Row::Contact(contact().into())),
        (Key::Circle(home.clone()), Row::Circle(circle().into())),
        (Key::Circle(Home::of_user(app().tenant(), &user())), Row::Circle(Circle { into: Some(home.clone()), ..Circle::default() }.into())),
        (Key::Thread(home.clone(), app()), Row::Thread(thread())),
        (Key::Message(home, key), Row::Message(placed().into())),
    ]
}

/// Seconds.
const T: i64 = 1_760_000_000;
/// The same, in milliseconds.
const MS: i64 = T * 1000;

fn app() -> App {
    App::new("acme", "support", "portfolio")
}

fn phone() -> Number {
    Number::from_digits("5535987654321").expect("a number")
}

fn wa_id() -> Number {
    Number::from_digits("553587654321").expect("a number")
}

fn user() -> User {
    User { scope: app().scope().clone(), id: Bsuid::parse("BR.1648738043044942").expect("the form") }
}

fn other_user() -> User {
    User { id: Bsuid::parse("BR.7130421865930174").expect("the form"), ..user() }
}

fn gupshup_id() -> MessageId {
    MessageId::parse("ee4a68a0-1203-4c85-8dc3-49d0b3226a35").expect("an id")
}

fn wamid() -> MessageId {
    MessageId::parse("wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgUM0EwMTIzNDU2Nzg5QUJDREVGMDEA").expect("an id")
}

fn cause() -> Cause {
    Cause { source: Source::Sends, partition: 3, offset: 4711, element: 1, kafka_ms: MS + 5 }
}

fn address() -> Address {
    Address::Phone(phone())
}

fn change() -> Change {
    Change { at_s: T, old: phone(), new: wa_id(), user: Some(user()) }
}

fn join() -> Join {
    let send = Send {
        app: app(),
        id: gupshup_id(),
        destination: address(),
        customer_id: Some("customer-1".into()),
        wa_id: Some(wa_id()),
        at: Moment(MS),
        kind: Some("template".into()),
    };
    let heard = Heard { report: ReportKind::Delivered, wa_id: Some(wa_id()), user: Some(user()), at_s: Some(T) };
    let error = SendError { code: Some("131026".into()), reason: Some("undeliverable".into()) };
    let copies = Copies {
        kafka_ms: [MS, MS + 1].into(),
        candidate_ms: [MS + 1].into(),
        cause: Some(cause()),
        candidate: Some(cause()),
        error: Some(error),
    };
    let original = Original {
        key: Some([1, 2][..].into()),
        value: Some(b"{}"[..].into()),
        headers: vec![("a".into(), None), ("b".into(), Some([0][..].into()))],
    };
    let mismatch = MismatchCopies { kafka_ms: [MS].into(), cause: cause(), original: Some(original) };
    Join {
        sent: Some(Sent { send, kafka_ms: [MS, MS + 9].into(), cause: Some(cause()) }),
        heard: [(heard, copies)].into(),
        aliases: [gupshup_id()].into(),
        others: [wamid()].into(),
        mismatches: [((wa_id(), T), mismatch)].into(),
        inbound: Some(Received { message: placed().message, home: Home::of_user(app().tenant(), &user()) }.into()),
        echo: Some(Received { message: echo(), home: Home::of_number(app().tenant(), wa_id()) }.into()),
        home: Some(Home::of_number(app().tenant(), phone())),
        version: 3,
        last_ms: MS + 9,
        timeout_ms: None,
    }
}

fn contact() -> Contact {
    Contact {
        rows: [(address(), row())].into(),
        inbound: [(wa_id(), Wrote { span: Span { first_s: T, last_s: T + 1 }, first_id: wamid(), app: app() })].into(),
        sights: [((wa_id(), user()), Sighted { first_s: T, proper_s: Some(T + 1) })].into(),
        moves: [change()].into(),
        watchers: [(phone(), [address(), Address::User(user())].into())].into(),
        subscribers: [address()].into(),
        revisions: [(address(), 4)].into(),
        absorbed: [((address(), Uuid::from_u128(8)), Uuid::from_u128(1))].into(),
    }
}

fn row() -> AddressRow {
    let proven = Proven {
        kind: Evidence::Sent,
        at: Moment(MS),
        app: Some(app()),
        message_id: Some(gupshup_id()),
        whatsapp_id: Some(wamid()),
        sent_at: Some(Moment(MS)),
    };
    let observed = Observed {
        exact: Some(Span { first_s: T, last_s: T + 1 }),
        exact_kind: Some(Evidence::Sent),
        reply: Some(Span { first_s: T + 2, last_s: T + 3 }),
        mismatch: Some(Span { first_s: T + 4, last_s: T + 5 }),
        best: Some(proven),
    };
    let subject = Subject::Number(wa_id());
    AddressRow {
        observed: [((Class::A, Some(wa_id())), observed)].into(),
        users: [(user(), T)].into(),
        seen: [((user(), wa_id()), T)].into(),
        moves: [change()].into(),
        watching: [subject.clone(), Subject::User(user())].into(),
        owners: [(subject, OwnerTold { owner: owner(), version: 5, absorbed: [Uuid::from_u128(8)].into() })].into(),
        told: Some(RowTold { wa_id: Some(wa_id()), identity: Uuid::from_u128(1), evidence: Some(Evidence::Sent) }),
        customer: Some((T, "customer-1".into())),
    }
}

fn owner() -> Owner {
    Owner { identity: Uuid::from_u128(1), user: Some(user()), others: [other_user()].into(), since_s: Some(T) }
}

fn circle() -> Circle {
    let home = Home::of_number(app().tenant(), phone());
    let facts = Facts {
        keys: [home, Home::of_user(app().tenant(), &user())].into(),
        sights: [((wa_id(), user()), T)].into(),
        same: [(phone(), wa_id())].into(),
        changes: [change()].into(),
        renamed: [(user(), other_user())].into(),
    };
    let founder = Founder { subject: Subject::User(user()), came_with: Some(change()) };
    let mut circle = Circle {
        into: None,
        watchers: [((Subject::Number(wa_id()), address()), Some(owner()))].into(),
        identities: [(Uuid::from_u128(1), founder)].into(),
        absorbed: [(Uuid::from_u128(2), Uuid::from_u128(1))].into(),
        generations: [(Subject::User(user()), 2)].into(),
        apps: [app(), App::new("acme", "sales", "sales")].into(),
        version: 6,
        facts,
        derived: Derived::default(),
    };
    circle.derive();
    circle
}

fn thread() -> Thread {
    let first = MessageKey { app: app(), at_s: T, direction: Direction::Outbound, id: wamid(), echo: true };
    Thread {
        conversations: vec![Conversation {
            number: 1,
            id: Uuid::from_u128(7),
            identity: Uuid::from_u128(1),
            first,
            last_s: T + 1,
            gone_s: Some(T),
        }],
        people: [(Uuid::from_u128(1), known())].into(),
        strays: Some(1),
    }
}

fn known() -> Known {
    Known { phone: Some(phone()), customer_id: Some("customer-1".into()), phone_s: Some(T), customer_s: Some(T + 1) }
}

fn echo() -> Message {
    Message { direction: Direction::Outbound, user: None, address: None, customer_id: None, referral: false, ..placed().message }
}

fn placed() -> Placed {
    let message = Message {
        app: app(),
        direction: Direction::Inbound,
        id: wamid(),
        at: Moment(MS + 500),
        kafka_ms: MS + 900,
        wa_id: Some(wa_id()),
        user: Some(user()),
        address: Some(address()),
        customer_id: Some("customer-1".into()),
        kind: Some("text".into()),
        whatsapp_id: Some(wamid()),
        referral: true,
        version: 2,
    };
    let told = Told { conversation: 1, revision: 1 };
    Placed { message, told: Some(told), window_ms: Some(MS + 86_400_000), founded: 1 }
}
