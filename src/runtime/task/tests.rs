//! What a task says of events and circles that are not as usual.

use super::*;
use crate::domain::entity::{Fact, Heard, Home, Naming, Report, ReportKind};
use crate::domain::event::{Cause, Element, Inbound, Send, Source};
use crate::domain::ids::{Address, App, Bsuid, MessageId, Moment, Number, User};
use crate::domain::ingest::{Routed, route};
use crate::domain::output::UnresolvedReason;

#[derive(Default)]
struct Kept(Vec<Output>);

impl Sink for Kept {
    fn publish(&mut self, output: &Output) {
        self.0.push(output.clone());
    }

    fn send(&mut self, _: i32, _: &Envelope) {}
}

const SETTINGS: Settings = Settings { join_timeout_ms: 1, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 };

fn task() -> Task {
    let mut task = Task::new(0);
    set(&mut task, SETTINGS);
    task
}

/// A deployment with these settings begins.
fn set(task: &mut Task, settings: Settings) {
    let control = Control {
        webhooks: "w".to_owned(),
        sends: "s".to_owned(),
        webhooks_partitions: 1,
        sends_partitions: 1,
        repartition_partitions: 1,
        settings,
        step_version: 1,
    };
    task.take(Packed { control: Some(control), ..Packed::default() }, &mut Kept::default()).expect("it is whole");
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

/// Otherwise what was not told would be taken for told once the timeout is longer, and be told again once it is shorter.
#[test]
fn another_timeout_holds_for_messages_that_are_heard_of_from_then_on() {
    let [short, long] = [1_000, 100_000].map(|join_timeout_ms| Settings { join_timeout_ms, ..SETTINGS });
    let reasons = |outputs: Vec<Output>| -> Vec<UnresolvedReason> {
        let reason = |output| if let Output::SendUnresolved(unresolved) = output { unresolved.reason } else { panic!("{output:?}") };
        outputs.into_iter().map(reason).collect()
    };
    let mut task = task();
    set(&mut task, short);
    assert_eq!(take(&mut task, vec![sent("one", 0), failed("one", 5_000)]), [], "too far apart");
    set(&mut task, long);
    assert_eq!(take(&mut task, vec![failed("one", 6_000)]), [], "they are still");
    assert_eq!(Step::on_time(task.store_mut(), &long, &join_key("one"), 1_000).outputs, []);
    assert_eq!(reasons(Step::on_time(task.store_mut(), &long, &join_key("one"), 1_001).outputs), [UnresolvedReason::Expired]);
    Step::on_time(task.store_mut(), &long, &join_key("one"), 8_001);
    assert!(task.store().is_empty());
    assert_eq!(reasons(take(&mut task, vec![sent("two", 0), failed("two", 5_000)])), [UnresolvedReason::Failed]);
    set(&mut task, short);
    assert_eq!(take(&mut task, vec![sent("two", 4_500)]), [], "that was told");
    Step::on_time(task.store_mut(), &short, &join_key("two"), 205_000);
    assert_eq!(task.store().len(), 1, "it is kept for as long as was said");
    Step::on_time(task.store_mut(), &short, &join_key("two"), 205_001);
    assert!(task.store().is_empty());
}

fn app() -> App {
    App::new("default", "app", "app")
}

fn message_id(id: &str) -> MessageId {
    MessageId::parse(id).expect("an id")
}

fn join_key(id: &str) -> Key {
    Key::Join(app(), message_id(id))
}

fn sent(id: &str, kafka_ms: i64) -> Envelope {
    let destination = Address::Phone(Number::from_digits("5535987654321").expect("a number"));
    let (app, at) = (app(), Moment(0));
    message_event(id, kafka_ms, Event::Send(Send { app, id: message_id(id), destination, customer_id: None, wa_id: None, at, kind: None }))
}

fn failed(id: &str, kafka_ms: i64) -> Envelope {
    let heard = Some(Heard { report: ReportKind::Failed, wa_id: None, user: None, at_s: None });
    message_event(id, kafka_ms, Event::Report(Report { heard, error: None, naming: Naming::Gupshup(Vec::new()) }))
}

fn message_event(id: &str, kafka_ms: i64, event: Event) -> Envelope {
    let cause = Cause { source: Source::Sends, partition: 0, offset: kafka_ms, element: 0, kafka_ms };
    Envelope { to: Entity::Message { app: app(), id: message_id(id) }, cause, hops: 0, event }
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
    let inbound = Inbound {
        app: app(),
        id: message_id(&format!("wamid.{user}")),
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
