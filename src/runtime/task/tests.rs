//! What a task says of events and circles that are not as usual.

use super::*;
use crate::domain::entity::{Fact, Heard, Home, Naming, Report, ReportKind};
use crate::domain::event::{Cause, Element, Inbound, Send, Source};
use crate::domain::ids::{Address, App, Bsuid, MessageId, Moment, Number, User};
use crate::domain::ingest::{Routed, route};

#[derive(Default)]
struct Kept(Vec<Output>);

impl Sink for Kept {
    fn publish(&mut self, output: &Output) {
        self.0.push(output.clone());
    }

    fn send(&mut self, _: i32, _: &Envelope) {}
}

fn task() -> Task {
    let settings = Settings { join_timeout_ms: 1, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 };
    let control = Control {
        webhooks: "w".to_owned(),
        sends: "s".to_owned(),
        webhooks_partitions: 1,
        sends_partitions: 1,
        repartition_partitions: 1,
        settings,
        step_version: 1,
    };
    let mut task = Task::new(0);
    task.take(Packed { control: Some(control), ..Packed::default() }, &mut Kept::default()).expect("it is whole");
    task
}

/// A circle hears that its number was seen with this BSUID, after so many hops.
fn sight(user: u32, hops: u32) -> Envelope {
    let number = Number::from_digits("5535987654321").expect("a number");
    let user = User { scope: "app".into(), id: Bsuid::parse(&format!("BR.{user}")).expect("the form") };
    let cause = Cause { source: Source::Webhooks, partition: 0, offset: 5, element: 0, kafka_ms: 1 };
    let event = Event::Circle(CircleEvent::Fact(Fact::Sight(number, user, 1)));
    Envelope { to: Entity::Home(Home::of_number(&"default".into(), number)), cause, hops, event }
}

fn take(task: &mut Task, events: Vec<Envelope>) -> Vec<Output> {
    let mut kept = Kept::default();
    task.take(Packed { events, ..Packed::default() }, &mut kept).expect("it is whole");
    kept.0
}

#[test]
fn an_event_that_comes_from_far_is_counted_and_taken() {
    let mut task = task();
    assert_eq!(take(&mut task, vec![sight(1, FAR), sight(2, FAR + 1), sight(3, HOPS_MAX)]), []);
    let counts = task.counts();
    assert_eq!((counts.events, counts.far, counts.failed, counts.core.circle_facts_max), (3, 2, 0, 4));
}

#[test]
fn one_that_goes_round_is_a_defect_and_costs_itself() {
    let mut task = task();
    let told = take(&mut task, vec![sight(1, 2), sight(2, HOPS_MAX + 1), sight(3, 2)]);
    let [Output::DeadLetter(letter)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((letter.rejection.reason, letter.cause.offset), (Reason::Internal, 5));
    let counts = task.counts();
    assert_eq!((counts.events, counts.far, counts.failed, counts.core.circle_facts_max), (3, 1, 1, 3));
}

#[test]
fn a_circle_that_grows_large_is_noted_once() {
    let mut task = task();
    let most = u32::try_from(LARGE).expect("fits") - 1;
    take(&mut task, (0..most).map(|user| sight(user, 1)).collect());
    assert_eq!((task.counts().core.circle_facts_max, task.counts().core.large_circles), (1000, 0), "with its home");
    take(&mut task, (0..most + 50).map(|user| sight(user, 1)).collect());
    assert_eq!((task.counts().core.circle_facts_max, task.counts().core.large_circles), (1050, 1));
}

/// A send that was answered, and then a deployment with a timeout so short that the answer would not have counted.
#[test]
fn what_was_answered_does_not_expire_when_the_timeout_is_made_shorter() {
    let settings =
        |join_timeout_ms| Settings { join_timeout_ms, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 };
    let (long, short) = (settings(100_000), settings(1_000));
    let (app, id) = (App::new("default", "app", "app"), MessageId::parse("m").expect("an id"));
    let wa_id = Number::from_digits("5535987654321").expect("a number");
    let send = Send {
        app: app.clone(),
        id: id.clone(),
        destination: Address::Phone(wa_id),
        customer_id: None,
        wa_id: None,
        at: Moment(0),
        kind: None,
    };
    let heard = |report| Heard { report, wa_id: Some(wa_id), user: None, at_s: None };
    let report = |kind| Event::Report(Report { heard: Some(heard(kind)), error: None, naming: Naming::Gupshup(Vec::new()) });
    let mut store = Memory::default();
    let mut step = |settings: &Settings, kafka_ms, event| {
        let cause = Cause { source: Source::Sends, partition: 0, offset: kafka_ms, element: 0, kafka_ms };
        let envelope = Envelope { to: Entity::Message { app: app.clone(), id: id.clone() }, cause, hops: 0, event };
        Step::take(&mut store, settings, &envelope).outputs.len()
    };
    step(&long, 0, Event::Send(send));
    step(&long, 5_000, report(ReportKind::Sent));
    step(&short, 60_000, report(ReportKind::Delivered));
    let key = Key::Join(app, id);
    assert_eq!(Step::on_time(&mut store, &short, &key, 61_000).outputs, []);
    assert_eq!(store.len(), 1, "it is kept until nothing can come any more");
    Step::on_time(&mut store, &short, &key, 63_000);
    assert_eq!(store.len(), 0);
}

/// What somebody new costs a circle of thousands: `cargo test --lib a_crowd_on_one_number -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn a_crowd_on_one_number() {
    type Events = fn(u32) -> Vec<Envelope>;
    let kinds: [(&str, Events); 2] = [("facts alone", |user| vec![sight(user, 1)]), ("messages", wrote)];
    for (kind, events) in kinds {
        for size in [500, 1000, 2000] {
            let mut task = task();
            (0..size - 50).for_each(|user| drop(take(&mut task, events(user))));
            let begun = std::time::Instant::now();
            (size - 50..size).for_each(|user| drop(take(&mut task, events(user))));
            let micros = begun.elapsed().as_micros() / 50;
            println!("{kind}: {micros} us each at {size} people ({:?})", task.counts().core.circle_facts_max);
        }
    }
}

/// A message of somebody of this BSUID on the number, an hour after the one before.
fn wrote(user: u32) -> Vec<Envelope> {
    let app = App::new("default", "app", "app");
    let inbound = Inbound {
        app,
        id: MessageId::parse(&format!("wamid.{user}")).expect("an id"),
        wa_id: Number::from_digits("5535987654321"),
        user: Bsuid::parse(&format!("BR.{user}")),
        at: Moment(1_760_000_000_000 + i64::from(user) * 3_600_000),
        kind: None,
        context: None,
        referral: false,
    };
    let cause = Cause { source: Source::Webhooks, partition: 0, offset: user.into(), element: 0, kafka_ms: inbound.at.0 };
    match route(Element::Inbound(inbound), &cause, Original::default) {
        Routed::Events(events) => events,
        Routed::Ignored(_) | Routed::Rejected(_) => panic!("a message is of interest"),
    }
}
