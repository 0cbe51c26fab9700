//! What is sent fits into records, and comes back.

use super::*;
use crate::domain::entity::{Entity, Event, Original};
use crate::domain::event::{Cause, Mismatch, Source as Input};
use crate::domain::ids::{App, MessageId, Moment, Number};
use crate::domain::step::Settings;
use crate::runtime::changelog::Pending;
use crate::runtime::task::Task;
use crate::wire::packed::{Packed, SourceTopic, decode, encode};

const SETTINGS: Settings = Settings { join_timeout_ms: 1, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 };

fn task() -> Task {
    let control = Control {
        webhooks: "w".to_owned(),
        sends: "s".to_owned(),
        webhooks_partitions: 1,
        sends_partitions: 1,
        repartition_partitions: 1,
        settings: SETTINGS,
        step_version: 1,
    };
    let mut task = Task::new(0);
    task.take(Packed { control: Some(control), ..Packed::default() }, &mut Discard).expect("it is whole");
    task
}

/// A mismatch event of this app, with a record of so many bytes.
fn mismatch(app: &str, bytes: usize) -> Envelope {
    let (app, id) = (App::new("default", app, app), MessageId::parse("m").expect("an id"));
    let wa_id = Number::from_digits("5535987654321").expect("a number");
    let original = Original { value: Some(vec![7; bytes].into()), ..Original::default() };
    let event = Event::Mismatch(Mismatch { app: app.clone(), id: id.clone(), wa_id, at: Moment(0) }, original);
    let cause = Cause { source: Input::Webhooks, partition: 0, offset: 5, element: 0, kafka_ms: 1 };
    Envelope { to: Entity::Message { app, id }, cause, hops: 0, event }
}

/// The records in which these events are sent.
fn sent(events: &[Envelope]) -> Vec<OutRecord> {
    let mut transaction = Transaction::new(Arc::default());
    let source = (SourceTopic::Webhooks, 0);
    for envelope in events {
        transaction.sink(source, 5).send(0, envelope);
    }
    transaction.advance(source, 6, 1);
    transaction.finish().0
}

/// Takes a record; whether the task could be in a checkpoint after it.
fn take(task: &mut Task, record: &OutRecord) -> bool {
    let bytes = record.payload.as_deref().expect("it has one");
    assert!(bytes.len() <= INTERNAL_BYTES_MAX + 100, "{} bytes", bytes.len());
    task.take(decode(bytes).expect("waid wrote it"), &mut Discard).expect("in order");
    Pending::begin(task, 1).is_some()
}

#[test]
fn events_of_any_size_come_in_parts_and_are_taken_once() {
    let records = sent(&[mismatch("a", 10), mismatch("b", 1_300_000), mismatch("c", 10), mismatch("d", 600_000)]);
    let mut task = task();
    let whole: Vec<bool> = records.iter().map(|record| take(&mut task, record)).collect();
    assert_eq!(whole, [true, false, false, true, true, false, true], "no checkpoint falls between two parts");
    assert_eq!((task.counts().events, task.store().len()), (4, 4));
    for record in &records {
        assert!(take(&mut task, record));
    }
    assert_eq!((task.counts().events, task.counts().stale), (4, 7), "what comes twice is dropped, part by part");
}

/// The names of apps are in the dictionary of a record, not in its events: anybody may make up as many as they like.
#[test]
fn a_record_of_many_long_names_comes_in_parts() {
    let events: Vec<Envelope> = (0..6_000).map(|index| mismatch(&format!("{index:0250}"), 1)).collect();
    let records = sent(&events);
    assert!(records.len() > 3, "{}", records.len());
    let mut task = task();
    for record in &records {
        take(&mut task, record);
    }
    assert_eq!((task.counts().events, task.is_whole()), (6_000, true));
}

#[test]
fn a_task_that_has_seen_half_of_a_record_is_not_put_into_a_checkpoint_by_ticks() {
    let records = sent(&[mismatch("a", 600_000)]);
    let mut task = task();
    assert!(!take(&mut task, &records[0]));
    let tick = OutRecord { payload: Some(encode(&Packed::default())), ..records[0].clone() };
    assert!(!take(&mut task, &tick));
    assert!(take(&mut task, &records[1]));
}

#[test]
fn what_an_input_brings_that_was_created_anew_has_not_come_before() {
    let input = (SourceTopic::Webhooks, 0);
    let (mut transaction, mut task) = (Transaction::new(Arc::default()), task());
    let mut bring = |transaction: &mut Transaction, app, offset| {
        transaction.sink(input, offset).send(0, &mismatch(app, 10));
        transaction.advance(input, offset + 1, 1);
        let (records, offsets) = transaction.finish();
        for record in &records {
            take(&mut task, record);
        }
        (offsets[&input].account.clone(), task.store().len())
    };
    transaction.begin(input, Epoch(7));
    assert_eq!(bring(&mut transaction, "a", 5), ("epoch=7".to_owned(), 1));
    assert_eq!(bring(&mut transaction, "b", 5), ("epoch=7".to_owned(), 1), "it comes twice");
    transaction.begin(input, Epoch(8));
    assert_eq!(bring(&mut transaction, "c", 0), ("epoch=8".to_owned(), 2));
    transaction.begin(input, Epoch(7));
    assert_eq!(bring(&mut transaction, "d", 6), ("epoch=7".to_owned(), 2), "one that reads what was there before");
    transaction.forget(input);
    transaction.touch(input, 9);
    assert_eq!(transaction.finish().1[&input].account, "", "nobody knows in which epoch");
}
