//! Rows go into columns and come out again as they were.

use super::shape::{DEPTH_MAX, END};
use super::*;
use crate::wire::state::encode_row;
use crate::wire::tests::random::{any_row, damage, seeded};
use rand::RngExt;

type Row = (Vec<u8>, Option<Vec<u8>>);

fn columns(all: &[Row]) -> Vec<Vec<u8>> {
    let mut table = Table::default();
    for (key, value) in all {
        table.push(key, value.as_deref());
    }
    table.columns()
}

fn rows_of(columns: &[Vec<u8>]) -> Result<Vec<Row>, DecodeError> {
    let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
    let mut all = Vec::new();
    rows(&columns, |key, value| all.push((key.to_vec(), value.map(<[u8]>::to_vec))))?;
    Ok(all)
}

/// Rows as waid writes them, removed ones, and such with bytes that it does not write.
fn any_rows(seed: u64) -> Vec<Row> {
    let random = &mut seeded(seed);
    let mut row = || {
        let (key, row) = any_row(random);
        let (mut key, mut value) = encode_row(&key, &row);
        match random.random_range(0..10) {
            0 => return (key, None),
            1 => damage(random, &mut key),
            2 => damage(random, &mut value),
            3 => key.truncate(random.random_range(0..key.len())),
            4 => value.truncate(random.random_range(0..value.len())),
            _ => {}
        }
        (key, Some(value))
    };
    (0..20).map(|_| row()).collect()
}

#[test]
fn rows_come_back_as_they_were() {
    for seed in 0..300 {
        let all = any_rows(seed);
        assert!(rows_of(&columns(&all)) == Ok(all), "seed {seed}");
    }
    assert_eq!(rows_of(&columns(&[])), Ok(Vec::new()));
}

#[test]
fn what_is_in_one_field_of_all_rows_is_one_column() {
    let row = |number: u8, text: &str| {
        let value = [&[4, 0x08, number, 0x12, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
        (vec![number], Some(value))
    };
    let shape = [1, 0, 2, 4, 0x08, 0x12, 0, END];
    let expected: [&[u8]; 7] = [&[&[8], &shape[..]].concat(), &[0, 0], &[1, 1], &[1, 7], &[1, 7], &[2, 1], b"abc"];
    assert_eq!(columns(&[row(1, "ab"), row(7, "c")]), expected);
}

#[test]
fn what_only_seems_to_be_a_message_comes_back_as_it_was() {
    let nested = |depth: usize| {
        (0..depth).fold(vec![0x08, 1], |message, _| [&[0x12, u8::try_from(message.len()).expect("short")], &message[..]].concat())
    };
    let values = [
        vec![],
        vec![4],
        vec![4, 0x08, 0x80, 0],
        vec![4, 0x88, 0, 1],
        vec![4, 0x12, 0x81, 0, 7],
        vec![4, 0x12, 0],
        vec![4, 0x00, 1],
        vec![4, 0x12, 2, 0x08],
        [vec![4], nested(DEPTH_MAX - 1)].concat(),
        [vec![4], nested(DEPTH_MAX + 5)].concat(),
    ];
    let all: Vec<Row> = values.into_iter().map(|value| (b"k".to_vec(), Some(value))).collect();
    assert_eq!(rows_of(&columns(&all)), Ok(all));
}

#[test]
fn damage_is_an_error_or_other_rows_and_never_a_panic() {
    for seed in 0..300 {
        let (random, columns) = (&mut seeded(seed), columns(&any_rows(seed)));
        for _ in 0..20 {
            let mut damaged = columns.clone();
            let at = random.random_range(0..damaged.len().min(8));
            if !damaged[at].is_empty() {
                damage(random, &mut damaged[at]);
            }
            drop(rows_of(&damaged));
            damaged.truncate(random.random_range(0..damaged.len()));
            assert!(rows_of(&damaged).is_err());
        }
    }
}
