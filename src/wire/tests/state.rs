//! Rows of state.

use super::generated;
use super::random::{Any, any_row, damage, seeded};
use crate::domain::entity::Direction;
use crate::domain::entity::Home;
use crate::domain::ids::{App, Bsuid, MessageId, Number, User};
use crate::domain::number::class;
use crate::domain::state::{Key, MessageKey, Row};
use crate::wire::DecodeError;
use crate::wire::state::{
    Dictionary, decode_key, decode_row, decode_value, encode_row, encode_value, order_in_home, put_app_prefix, put_home_prefix, put_key,
};
use prost::Message;
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 2000;

#[test]
fn every_row_comes_back_and_a_circle_with_what_follows_from_its_facts() {
    for seed in 0..SEEDS {
        let (key, row) = any_row(&mut seeded(seed));
        let (key_bytes, value) = encode_row(&key, &row);
        assert_eq!(key_bytes, encode_key(&key));
        assert_eq!(decode_row(&key_bytes, &value), Ok((key, derived(row))), "seed {seed}");
    }
}

#[test]
fn the_value_is_what_prost_would_write_behind_its_format() {
    for seed in 0..SEEDS {
        let (key, row) = any_row(&mut seeded(seed));
        let (_, value) = encode_row(&key, &row);
        let by_prost = generated::Row::decode(&value[1..]).expect("the proto file has every field");
        assert_eq!((value[0], by_prost.encode_to_vec()), (5, value[1..].to_vec()), "seed {seed}");
    }
}

#[test]
fn rows_share_a_dictionary_until_it_is_full() {
    for entries_max in [0, 2, 5, 256] {
        let (random, mut names) = (&mut seeded(7), Dictionary::within(entries_max));
        let rows: Vec<(Key, Row)> = (0..SEEDS).map(|_| any_row(random)).collect();
        let written: Vec<(Vec<u8>, Vec<u8>)> =
            rows.iter().map(|(key, row)| (key_with(key, &mut names), encode_value(key, row, &mut names))).collect();
        assert!(names.apps().len() <= entries_max && names.texts().len() <= entries_max);
        for ((key, row), (key_bytes, value)) in rows.into_iter().zip(written) {
            assert_eq!(decode_key(&key_bytes, &names).as_ref(), Ok(&key));
            assert_eq!(decode_value(&key, &value, &names), Ok(derived(row)), "{entries_max} entries");
        }
    }
}

#[test]
fn keys_come_back() {
    let (random, mut names) = (&mut seeded(5), Dictionary::within(3));
    let keys: Vec<Key> = (0..3000).map(|_| Key::any(random)).chain(neighbours()).collect();
    for key in &keys {
        let bytes = key_with(key, &mut names);
        assert_eq!(decode_key(&bytes, &names).as_ref(), Ok(key));
        assert_eq!(decode_key(&encode_key(key), &Dictionary::none()).as_ref(), Ok(key));
    }
    let bytes: BTreeSet<Vec<u8>> = keys.iter().map(encode_key).collect();
    assert_eq!(bytes.len(), keys.iter().collect::<BTreeSet<_>>().len(), "each has bytes of its own");
}

/// Whether apps are in the dictionary or spelled.
#[test]
fn the_messages_of_a_home_and_app_sort_by_time_and_then_as_texts_do() {
    for entries_max in [0, 256] {
        let mut names = Dictionary::within(entries_max);
        let mut of_app: BTreeMap<App, Vec<Key>> = BTreeMap::new();
        for key in neighbours() {
            if let Key::Message(_, message) = &key {
                of_app.entry(message.app.clone()).or_default().push(key);
            }
        }
        for mut keys in of_app.into_values() {
            let Key::Message(home, message) = &keys[0] else { panic!("a message") };
            let mut prefix = Vec::new();
            put_home_prefix(home, &mut names, &mut prefix);
            let mut prefix_of_app = prefix.clone();
            put_app_prefix(&message.app, &mut names, &mut prefix_of_app);
            let mut bytes: Vec<Vec<u8>> = keys.iter().map(|key| key_with(key, &mut names)).collect();
            assert!(bytes.iter().all(|bytes| bytes.starts_with(&prefix) && bytes.starts_with(&prefix_of_app)));
            keys.sort();
            bytes.sort_by(|one, other| order_in_home(prefix.len(), one, other));
            assert_eq!(bytes.iter().map(|bytes| decode_key(bytes, &names).expect("a key")).collect::<Vec<_>>(), keys);
        }
    }
}

/// What nothing has a place for is not found, and gets none.
#[test]
fn what_is_looked_for_is_not_added() {
    let (names, mut bytes) = (Dictionary::within(5), Vec::new());
    let mut looked_into = &names;
    put_key(&neighbours()[0], &mut looked_into, &mut bytes);
    assert_eq!((names.apps().len(), names.texts().len()), (0, 0));
    assert!(decode_key(&bytes, &names).is_err());
}

fn encode_key(key: &Key) -> Vec<u8> {
    key_with(key, &mut Dictionary::none())
}

fn key_with(key: &Key, names: &mut Dictionary) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_key(key, names, &mut bytes);
    bytes
}

/// A row as it comes back: a circle with what follows from its facts.
fn derived(row: Row) -> Row {
    match row {
        Row::Circle(mut circle) => {
            circle.derive();
            Row::Circle(circle)
        }
        row => row,
    }
}

/// Keys whose parts are prefixes of each other, or hold what ends a part.
fn neighbours() -> Vec<Key> {
    let texts = ["", "a", "a\0", "a\0\u{1}", "a\u{1}", "ab", "b", "é"];
    let written_as_uuids =
        ["a0000000-0000-0000-0000-000000000001", "a0000000-0000-0000-0000-0000000000ff", "b1000000-0000-0000-0000-000000000000"];
    let ids_beside = ["a0000000-0000-0000-0000", "a0000000-0000-0000-0000-00000000000g", "b1", "b1000000-0000-0000-0000-000000000000\0"];
    let of_meta = ["wamid.", "wamid.AAAA", "wamid.AAA=", "wamid.AA==", "wamid.AB==", "wamid.A", "wamid.zzzz", "wamid.AAEAAAE=", "wamid.é"];
    let numbers = ["55359", "553590", "5535987654321", "1202555", "9999999", "999999999999999"];
    let apps: Vec<App> = texts.iter().flat_map(|tenant| texts.map(|name| App::new(tenant, name, "scope"))).collect();
    let home = Home::Number { tenant: "a".into(), class: class(Number::from_digits("5535987654321").expect("a number")) };
    let of_numbers = numbers.map(|digits| {
        let class = class(Number::from_digits(digits).expect("a number"));
        Key::Contact(Home::Number { tenant: "a".into(), class })
    });
    let of_users = texts.iter().flat_map(|scope| {
        ["BR.1", "BR.12", "US.1"].map(|id| {
            let user = User { scope: (*scope).into(), id: Bsuid::parse(id).expect("the form") };
            Key::Circle(Home::User { tenant: "a".into(), user })
        })
    });
    let seconds = [i64::MIN, -1, 0, 1, 1_760_000_000, i64::MAX];
    let home = &home;
    let messages = apps.iter().zip(seconds.into_iter().cycle()).flat_map(|(app, at_s)| {
        let ids = texts.into_iter().chain(written_as_uuids).chain(ids_beside).chain(of_meta).chain(USUAL).filter_map(MessageId::parse);
        let directions = [Direction::Inbound, Direction::Outbound];
        let named = ids.flat_map(move |id| directions.map(|direction| (direction, id.clone())));
        named.flat_map(move |(direction, id)| {
            let key = |echo| MessageKey { app: app.clone(), at_s, direction, id: id.clone(), echo };
            [key(false), key(true)].map(|key| Key::Message(home.clone(), key))
        })
    });
    let joins = apps.iter().map(|app| Key::Join(app.clone(), MessageId::parse("x").expect("an id")));
    of_numbers.into_iter().chain(of_users).chain(messages).chain(joins).collect()
}

#[test]
fn damage_is_an_error_or_another_row_and_never_a_panic() {
    for seed in 0..200 {
        let random = &mut seeded(seed);
        let (key, row) = any_row(random);
        let (key, value) = encode_row(&key, &row);
        for _ in 0..50 {
            let (mut damaged_key, mut damaged_value) = (key.clone(), value.clone());
            damage(random, &mut damaged_key);
            damage(random, &mut damaged_value);
            drop(decode_row(&damaged_key, &value));
            drop(decode_row(&key, &damaged_value));
        }
        assert!(decode_row(&key[..3], &value).is_err());
    }
}

#[test]
fn another_format_or_kind_is_refused() {
    let random = &mut seeded(3);
    let (app, id): (App, MessageId) = Any::any(random);
    let join = Key::Join(app, id);
    let (key, mut value) = encode_row(&join, &Row::Join(Any::any(random)));
    assert_eq!(decode_row(&encode_key(&Key::Contact(Any::any(random))), &value), Err(DecodeError::UnknownField(3)));
    value[0] = 4;
    assert_eq!(decode_row(&key, &value), Err(DecodeError::Version(4)));
    assert_eq!(decode_row(&key, &[]), Err(DecodeError::Truncated));
}

/// Ids of Meta's as they usually are, that differ in each part. One has bytes that are escaped in a message's key.
const USUAL: [&str; 5] = [
    "wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgUM0EwMTIzNDU2Nzg5QUJDREVGMDEA",
    "wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgUM0EwMDAwMDAwMEZGMDAwMEZGMDAA",
    "wamid.HBgMNTUzNTg3NjU0MzIxFQIAERgUM0EwMTIzNDU2Nzg5QUJDREVGMDEA",
    "wamid.HBgNNTUzNTk4NzY1NDMyMRUCABIYFDNBMDEyMzQ1Njc4OUFCQ0RFRjAxAA==",
    "wamid.HBgLMTY0NjcwNDM1OTUVAgARGBI1RjQyNUE3NEYxMzAzMzQ5MkEA",
];

/// What a message id begins with takes its place in the key of a join: its text, but of a UUID and of what is base64 their bytes.
#[test]
fn ids_of_meta_are_kept_without_their_base64() {
    for (text, bytes) in [
        ("wamid.HBgMNTUzNTg3NjU0MzIxFQIAEhgg", b"\xFE\x1C\x18\x0C553587654321\x15\x02\0\x12\x18\x20".as_slice()),
        (USUAL[0], b"\xFD\x12\x1F\x77\xC2\xB7\xCE\x36\x8C\x3A\x01\x23\x45\x67\x89\xAB\xCD\xEF\x01"),
        ("wamid.AA==", b"\xFE\0"),
        ("wamid.", b"\xFE"),
        ("wamid.AB==", b"wamid.AB=="),
        ("wamid.AAA", b"wamid.AAA"),
        ("wamid.SYSTEM!", b"wamid.SYSTEM!"),
    ] {
        let id = MessageId::parse(text).expect("an id");
        let key = encode_key(&Key::Join(App::new("", "", ""), id.clone()));
        assert!(key.ends_with(bytes), "{text}: {key:?}");
        assert_eq!(decode_key(&key, &Dictionary::none()), Ok(Key::Join(App::new("", "", ""), id)));
    }
}
