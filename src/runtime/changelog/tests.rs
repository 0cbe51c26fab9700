//! What a checkpoint writes is what a restart reads, whatever the broker has compacted away by then.

use super::*;
use crate::domain::entity::Original;
use crate::domain::event::{Cause, Source};
use crate::domain::ids::{App, MessageId, Number};
use crate::domain::join::{Join, MismatchCopies};
use crate::domain::state::{Key, Row, State};
use crate::domain::step::Settings;
use crate::runtime::transaction::Discard;
use crate::wire::packed::{Control, Packed};
use crate::wire::state::encode_row;
use crate::wire::tests::random::{Random, any_row, seeded};
use rand::RngExt;
use std::collections::BTreeMap;

const SETTINGS: Settings = Settings { join_timeout_ms: 1, idle_timeout_s: 1, retention_ms: 1, service_window_s: 1, referral_window_s: 1 };

type Written = Vec<(Vec<u8>, Option<Vec<u8>>)>;

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

fn write(task: &mut Task, next: i64) -> Written {
    let mut records = Vec::new();
    assert!(Pending::begin(task, next).expect("it is whole").write(0, task, true, &mut records));
    records.into_iter().map(|record| (record.key.expect("keyed"), record.payload)).collect()
}

fn read(written: &Written) -> (Task, Option<i64>) {
    let mut restore = Restore::default();
    for (key, value) in written {
        restore.take(key, value.as_deref()).expect("waid wrote it");
    }
    restore.finish(0).expect("it is whole")
}

/// The rows and the marker of a task.
fn state(task: &Task) -> (Written, Vec<u8>) {
    let rows = task.store().sorted().into_iter().map(|(key, row)| encode_row(&key, &row)).map(|(key, value)| (key, Some(value)));
    (rows.collect(), marker::encode(&task.marker(0).expect("it has a control record")))
}

/// As a broker may leave it: of the first records, only the newest of each key, and not all of the tombstones.
fn compacted(written: &Written, random: &mut Random) -> Written {
    let clean = random.random_range(0..=written.len());
    let newest: BTreeMap<&Vec<u8>, usize> = written[..clean].iter().enumerate().map(|(index, (key, _))| (key, index)).collect();
    let stays = |(index, (key, value)): &(usize, &(Vec<u8>, Option<Vec<u8>>))| {
        *index >= clean || (newest[key] == *index && (value.is_some() || random.random_bool(0.5)))
    };
    written.iter().enumerate().filter(stays).map(|(_, record)| record.clone()).collect()
}

/// A row of so many bytes or a little more, which cannot be compressed.
fn large(bytes: usize, seed: u64) -> Row {
    let mut noise = vec![0; bytes];
    seeded(seed).fill(&mut noise[..]);
    let original = Original { value: Some(noise.into()), ..Original::default() };
    let cause = Cause { source: Source::Webhooks, partition: 0, offset: 0, element: 0, kafka_ms: 0 };
    let copies = MismatchCopies { kafka_ms: [1].into(), cause, original: Some(original) };
    let number = Number::from_digits("5535987654321").expect("a number");
    Row::Join(Join { mismatches: [((number, 1), copies)].into_iter().collect(), ..Join::default() }.into())
}

fn large_key(name: u8) -> Key {
    Key::Join(App::new("default", "app", "app"), MessageId::parse(&format!("large-{name}")).expect("an id"))
}

#[test]
fn random_rows_come_back_from_what_is_left_of_the_changelog() {
    for seed in 0..40 {
        let mut random = seeded(seed);
        let mut task = task();
        let keys: Vec<(Key, Row)> = (0..8).map(|_| any_row(&mut random)).collect();
        let mut written = write(&mut task, 0);
        for next in 1..8_u32 {
            for _ in 0..random.random_range(0..6) {
                let (key, row) = keys[random.random_range(0..keys.len())].clone();
                if random.random_bool(0.4) { task.store_mut().remove(&key) } else { task.store_mut().put(key, row) }
            }
            if random.random_bool(0.5) {
                let (key, bytes) = (large_key(random.random_range(0..2)), [10, 600_000, 1_200_000][random.random_range(0..3)]);
                if random.random_bool(0.3) { task.store_mut().remove(&key) } else { task.store_mut().put(key, large(bytes, next.into())) }
            }
            task.store_mut().keep(&SETTINGS);
            written.append(&mut write(&mut task, next.into()));
            let left = compacted(&written, &mut random);
            let (mut restored, included) = read(&left);
            assert_eq!(included, Some(next.into()), "seed {seed}");
            assert!(state(&restored) == state(&task), "seed {seed}, checkpoint {next}");
            if random.random_bool(0.3) {
                // Whoever was restored goes on: it must know what the changelog has.
                restored.store_mut().keep(&SETTINGS);
                (task, written) = (restored, left);
            }
        }
    }
}

#[test]
fn a_checkpoint_that_is_broken_off_is_as_if_it_had_not_been_begun() {
    let (mut broken_off, mut cleaning, mut in_pieces) = (0, 0, 0);
    for seed in 0..20 {
        let mut random = seeded(seed);
        let mut task = task();
        let mut written = write(&mut task, 0);
        let mut known = (0, state(&task));
        for next in 1..20 {
            for name in 0..random.random_range(1..5) {
                task.store_mut().put(large_key(name), large([10, 300_000, 600_000][random.random_range(0..3)], next));
            }
            task.store_mut().keep(&SETTINGS);
            let next = i64::try_from(next).expect("small");
            let (mut pending, begun) = (Pending::begin(&mut task, next).expect("it is whole"), state(&task));
            let (breaks_off, mut pieces) = (random.random_bool(0.4), 0);
            let is_whole = loop {
                task.store_mut().put(large_key(7), large(random.random_range(1..1000), seed));
                task.store_mut().keep(&SETTINGS);
                let mut records = Vec::new();
                let is_last = pending.write(0, &task, false, &mut records);
                written.extend(records.into_iter().map(|record| (record.key.expect("keyed"), record.payload)));
                pieces += 1;
                if is_last || breaks_off && random.random_bool(0.5) {
                    break is_last;
                }
            };
            broken_off += usize::from(!is_whole);
            cleaning += usize::from(!is_whole && !pending.gone.is_empty());
            in_pieces += usize::from(pieces > 1);
            if is_whole {
                known = (next, begun);
            }
            written = compacted(&written, &mut random);
            let (mut restored, included) = read(&written);
            assert_eq!(included, Some(known.0), "seed {seed}");
            assert!(state(&restored) == known.1, "seed {seed}, checkpoint {next}");
            if !is_whole || random.random_bool(0.3) {
                restored.store_mut().keep(&SETTINGS);
                task = restored;
            }
        }
    }
    assert!(broken_off > 20 && cleaning > 5 && in_pieces > 100, "{broken_off} {cleaning} {in_pieces}");
}

#[test]
fn a_large_row_comes_in_parts_which_all_go_with_its_segment() {
    let mut task = task();
    let sizes = |written: &Written| written.iter().map(|(_, value)| value.as_ref().map(Vec::len)).collect::<Vec<_>>();
    task.store_mut().put(large_key(0), large(1_300_000, 1));
    task.store_mut().keep(&SETTINGS);
    let mut written = write(&mut task, 1);
    assert_eq!(written.len(), 4, "three parts, and a marker");
    assert_eq!(sizes(&written)[..2], [Some(INTERNAL_BYTES_MAX + 2); 2]);
    let mut gone = 0;
    for next in 2..100 {
        task.store_mut().put(large_key(0), large(1_300_000, 2));
        task.store_mut().keep(&SETTINGS);
        let mut more = write(&mut task, next);
        gone += more.iter().filter(|(key, value)| value.is_none() && key[..5] == [SEGMENT, 0, 0, 0, 0]).count();
        written.append(&mut more);
    }
    assert_eq!(gone, 4, "a tombstone for each part that the first segment can have had");
    let (restored, included) = read(&written);
    assert!(included == Some(99) && state(&restored) == state(&task));
}

#[test]
fn what_is_no_frame_is_refused() {
    let mut task = task();
    task.store_mut().put(large_key(0), large(10, 1));
    task.store_mut().keep(&SETTINGS);
    let mut restore = Restore::default();
    for (key, value) in write(&mut task, 1) {
        let damaged = value.map(|value| if key[0] == SEGMENT { value[..value.len() - 1].to_vec() } else { value });
        restore.take(&key, damaged.as_deref()).expect("its head is whole");
    }
    assert_eq!(restore.finish(0).err(), Some(ChangelogError::Frame(0)));
}

#[test]
fn without_a_marker_there_was_no_checkpoint() {
    let mut task = task();
    task.store_mut().put(large_key(0), large(10, 1));
    task.store_mut().keep(&SETTINGS);
    let mut written = write(&mut task, 1);
    written.pop();
    let (restored, included) = read(&written);
    assert_eq!((included, restored.store().len()), (None, 0));
}

#[test]
fn what_is_missing_is_told() {
    let mut task = task();
    task.store_mut().put(large_key(0), large(1_300_000, 1));
    task.store_mut().keep(&SETTINGS);
    let written = write(&mut task, 1);
    for lost in 0..3 {
        let mut restore = Restore::default();
        for (_, (key, value)) in written.iter().enumerate().filter(|(index, _)| *index != lost) {
            restore.take(key, value.as_deref()).expect("waid wrote it");
        }
        assert_eq!(restore.finish(0).err(), Some(ChangelogError::Missing(0)));
    }
}

#[test]
fn what_waid_did_not_write_is_refused() {
    let refused = |key: &[u8], value: &[u8]| Restore::default().take(key, Some(value)).expect_err("refused");
    let (key, value) = encode_row(&large_key(0), &large(1, 0));
    assert_eq!(refused(b"?", b"?"), ChangelogError::Foreign);
    assert_eq!(refused(&key, &value), ChangelogError::Foreign, "a row for itself, as an earlier version wrote it");
    assert_eq!(refused(&[SEGMENT, 0, 0, 0, 0, 0, 0], &[1]), ChangelogError::Foreign);
    assert!(matches!(refused(&marker::KEY, &[]), ChangelogError::Marker(_)));
}
