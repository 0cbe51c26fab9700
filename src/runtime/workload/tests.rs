//! A task is taken on only with a log, a changelog and an offset that belong together.

use super::super::digest::Digest;
use super::*;
use crate::domain::ids::{App, MessageId};
use crate::domain::join::Join;
use crate::domain::state::{Key, Row, State};
use crate::domain::step::Settings;
use crate::wire::packed::{Mark, Packed};
use crate::wire::record::OutRecord;

const COUNTS: PartitionCounts = PartitionCounts { webhooks: 1, sends: 1, repartition: 1 };

/// A task that has taken its control record, for so many partitions.
fn task(partitions: i32) -> Task {
    let settings = Settings { join_timeout_ms: 1, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 };
    let control = Control {
        webhooks: "w".to_owned(),
        sends: "s".to_owned(),
        webhooks_partitions: 1,
        sends_partitions: 1,
        repartition_partitions: partitions,
        settings,
        step_version: STEP_VERSION,
    };
    let mut task = Task::new(0);
    task.take(Packed { control: Some(control), ..Packed::default() }, &mut Discard).expect("it is whole");
    task
}

fn commit(offset: i64, digest: u64) -> Commit {
    Commit { offset, account: Account { step_version: STEP_VERSION, digest: Digest(digest), partitions: None }.to_string() }
}

fn set_by_hand(offset: i64) -> Commit {
    Commit { offset, account: String::new() }
}

/// A workload whose task has a checkpoint of its log up to an offset, if any, and a committed offset, if any; and what its log is.
fn restored(included: Option<i64>, committed: Option<Commit>, log: Range<i64>) -> Result<(Workload, i64), String> {
    let mut work = Workload::new(Transaction::new(Arc::default()), None);
    work.assign(0, committed);
    let mut records: Vec<OutRecord> = Vec::new();
    if let Some(next) = included {
        assert!(checkpoint(&mut task(1), next, &mut records));
    }
    for (offset, record) in (0..).zip(&records) {
        let (key, value) = (record.key.as_deref(), record.payload.as_deref());
        let fetched = Fetched { source: (SourceTopic::Changelog, 0), offset, timestamp_ms: 0, key, value, headers: Vec::new() };
        work.restore(&fetched).map_err(|error| error.to_string())?;
    }
    let from = work.restored(0, &log, COUNTS).map_err(|error| error.to_string())?;
    Ok((work, from))
}

/// Writes a checkpoint at once; whether that could be.
fn checkpoint(task: &mut Task, next: i64, records: &mut Vec<OutRecord>) -> bool {
    Pending::begin(task, next).is_some_and(|mut pending| pending.write(0, task, true, records))
}

/// The next record of the log: a tick.
fn tick(work: &mut Workload, offset: i64) -> Result<(), String> {
    let mark = Mark { topic: SourceTopic::Webhooks, partition: 0, kafka_ms: 1, hops: 0 };
    let value = packed::encode(&Packed { marks: vec![mark], ..Packed::default() });
    let source = (SourceTopic::Repartition, 0);
    let fetched = Fetched { source, offset, timestamp_ms: 0, key: None, value: Some(&value), headers: Vec::new() };
    work.take(&fetched, COUNTS).map_err(|error| error.to_string())
}

#[test]
fn it_reads_on_where_the_checkpoint_ends() {
    assert_eq!(restored(None, None, 0..0).expect("new").1, 0);
    assert_eq!(restored(None, Some(commit(5, 0)), 0..9).expect("no checkpoint yet").1, 0);
    assert_eq!(restored(Some(4), Some(commit(5, 0)), 0..9).expect("a replay").1, 4);
    assert_eq!(restored(Some(4), Some(commit(4, 0)), 4..4).expect("purged up to the checkpoint").1, 4);
    assert_eq!(restored(Some(4), Some(set_by_hand(4)), 4..9).expect("set as was advised").1, 4);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let refused = |included, committed, log: Range<i64>| restored(included, committed, log).map(|(_, from)| from).expect_err("refused");
    let cases = [
        (refused(Some(4), None, 0..9), "the group has no committed offset"),
        (refused(Some(4), None, 0..9), "set the group's offset of this partition to 4"),
        (refused(Some(4), Some(set_by_hand(0)), 0..9), "set the group's offset of this partition to 4"),
        (refused(None, Some(set_by_hand(0)), 0..9), "offset 0 that the group has for it was not committed by waid"),
        (refused(None, Some(commit(10, 0)), 0..9), "ends at offset 9, before offset 10"),
        (refused(Some(4), Some(commit(3, 0)), 0..9), "in the changelog up to offset 4, but the group has committed 3"),
        (refused(Some(4), Some(commit(6, 0)), 5..9), "begins at offset 5, but the records from 4 on are needed"),
        (refused(None, Some(commit(6, 0)), 5..9), "begins at offset 5, but the records from 0 on are needed"),
        (refused(None, None, 5..9), "begins at offset 5"),
        (refused(Some(4), Some(commit(4, 77)), 4..9), "did not do what was done at first"),
    ];
    for (why, expected) in cases {
        assert!(why.contains(expected) && why.contains("partition 0 of the repartition topic"), "{why}");
    }
}

#[test]
fn a_state_of_another_partition_count_is_refused() {
    let mut work = Workload::new(Transaction::new(Arc::default()), None);
    work.assign(0, Some(commit(4, 0)));
    let mut records = Vec::new();
    assert!(checkpoint(&mut task(3), 4, &mut records));
    for (offset, OutRecord { key, payload, .. }) in (0..).zip(&records) {
        let (key, value) = (key.as_deref(), payload.as_deref());
        let fetched = Fetched { source: (SourceTopic::Changelog, 0), offset, timestamp_ms: 0, key, value, headers: Vec::new() };
        work.restore(&fetched).expect("waid wrote it");
    }
    let why = work.restored(0, &(4..4), COUNTS).expect_err("refused").to_string();
    assert!(why.contains("has 1 partitions, but state was written for 3"), "{why}");
}

#[test]
fn a_replay_that_does_not_do_what_was_done_is_refused() {
    let replay = |account: &str| {
        let (mut work, from) = restored(Some(4), Some(Commit { offset: 6, account: account.to_owned() }), 0..9)?;
        (from..6).try_for_each(|offset| tick(&mut work, offset)).map(|()| work)
    };
    let same = replay(&format!("step={STEP_VERSION};digest=0000000000000000")).expect("the same digest");
    assert_eq!(same.stages(), (1, 0));
    let defect = replay(&format!("step={STEP_VERSION};digest=0000000000000001")).err().expect("refused");
    assert!(defect.contains("up to offset 6 did not do what was done at first. Have the brokers lost records"), "{defect}");
    let older = replay("step=999;digest=0000000000000001").err().expect("refused");
    assert!(older.contains("version 999 of the step") && older.contains("SIGTERM"), "{older}");
    let foreign = replay("written by another tool").err().expect("refused");
    assert!(foreign.contains("offset 6 that the group has for it was not committed by waid"), "{foreign}");
}

/// Puts so many rows.
fn change(task: &mut Task, rows: usize) {
    for number in 0..rows {
        let id = MessageId::parse(&format!("message-{number}")).expect("an id");
        task.store_mut().put(Key::Join(App::new("default", "app", "app"), id), Row::Join(Join::default().into()));
    }
    let settings = task.control().expect("it has one").settings;
    task.store_mut().keep(&settings);
}

/// A task that works and has so many rows that are in no checkpoint.
fn held(rows: usize) -> Held {
    let mut task = task(1);
    change(&mut task, rows);
    Held { stage: Stage::Live(Box::new(task), 0), next: 1, ..Held::restoring(None) }
}

#[test]
fn large_checkpoints_come_one_after_the_other() {
    let policy = CheckpointPolicy { age_max: Duration::ZERO, changes_max: 10 * ROWS_SMALL };
    let mut work = Workload::new(Transaction::new(Arc::default()), Some(policy));
    let rows = [ROWS_SMALL + 1, 1, ROWS_SMALL + 1, 10 * ROWS_SMALL, ROWS_SMALL];
    work.tasks = (0..).zip(rows.map(held)).collect();
    let mut written = || {
        work.checkpoint(|_| false);
        work.take_written().into_keys().collect::<Vec<i32>>()
    };
    assert_eq!(written(), [0, 1, 3, 4], "the oldest of the large ones, those that are small, and one that has grown too large to wait");
    assert_eq!(written(), [2]);
    assert_eq!(written(), [0; 0], "nothing new");
}

#[test]
fn what_leaves_is_written_in_any_case() {
    let policy = CheckpointPolicy { age_max: Duration::MAX, changes_max: usize::MAX };
    let mut work = Workload::new(Transaction::new(Arc::default()), Some(policy));
    work.tasks = (0..).zip([ROWS_SMALL + 1, ROWS_SMALL + 1].map(held)).collect();
    work.checkpoint(|partition| partition == 1);
    assert_eq!(work.take_written().into_keys().collect::<Vec<i32>>(), [1]);
}

#[test]
fn a_large_checkpoint_takes_some_transactions_and_what_leaves_is_not_waited_for() {
    let policy = CheckpointPolicy { age_max: Duration::ZERO, changes_max: usize::MAX };
    let rows = 60_000;
    let mut work = Workload::new(Transaction::new(Arc::default()), Some(policy));
    work.tasks.insert(0, held(rows));
    let mut transaction = |leaving: bool| {
        work.checkpoint(|_| leaving);
        let (records, offsets) = work.open.finish();
        let is_fenced = offsets.contains_key(&(SourceTopic::Repartition, 0));
        (records.len(), is_fenced, work.take_written().into_keys().count(), work.tasks[&0].included)
    };
    assert_eq!(transaction(false), (1, true, 0, 0), "a segment");
    assert_eq!(transaction(false), (1, true, 0, 0), "another");
    let (records, is_fenced, written, included) = transaction(true);
    assert!(records > 2 && is_fenced, "all others, and the marker");
    assert_eq!((written, included), (1, 1));
    assert_eq!(transaction(false), (0, false, 0, 1), "nothing new");
}

#[test]
fn while_a_checkpoint_is_being_written_it_is_the_turn_of_others() {
    let policy = CheckpointPolicy { age_max: Duration::ZERO, changes_max: usize::MAX };
    let mut work = Workload::new(Transaction::new(Arc::default()), Some(policy));
    work.tasks = (0..).zip([60_000, ROWS_SMALL + 1].map(held)).collect();
    work.checkpoint(|_| false);
    let oldest = work.tasks.get_mut(&0).expect("it is held");
    let Stage::Live(task, _) = &mut oldest.stage else { panic!("it works") };
    change(task, ROWS_SMALL + 1);
    oldest.next += 1;
    work.checkpoint(|_| false);
    assert_eq!(work.take_written().into_keys().collect::<Vec<i32>>(), [1]);
}

#[test]
fn checkpoints_have_one_turn_in_a_transaction() {
    let policy = CheckpointPolicy { age_max: Duration::ZERO, changes_max: usize::MAX };
    let mut work = Workload::new(Transaction::new(Arc::default()), Some(policy));
    work.checkpoint_in_turn();
    work.tasks.insert(0, held(60_000));
    let mut transaction = |turns: usize| {
        (0..turns).for_each(|_| work.checkpoint_in_turn());
        work.open.finish().0.len()
    };
    assert_eq!(transaction(1), 1, "a turn in which nothing was opened is none");
    assert_eq!(transaction(3), 1, "a segment, not one for each turn");
    assert_eq!(transaction(1), 1);
}
