//! Rows of state.

use super::generated;
use super::random::{Any, any_row, damage, seeded};
use crate::domain::entity::Direction;
use crate::domain::entity::Home;
use crate::domain::ids::{App, Bsuid, MessageId, Number, User};
use crate::domain::number::class;
use crate::domain::state::{Key, MessageKey, Row};
use crate::wire::DecodeError;
use crate::wire::key::encode as encode_key;
use crate::wire::state::{decode_key, decode_row, encode_row};
use prost::Message;

const SEEDS: u64 = 2000;

#[test]
fn every_row_comes_back_and_a_circle_with_what_follows_from_its_facts() {
    for seed in 0..SEEDS {
        let (key, row) = any_row(&mut seeded(seed));
        let (key_bytes, value) = encode_row(&key, &row);
        assert_eq!(key_bytes, encode_key(&key));
        let expected = match row {
            Row::Circle(mut circle) => {
                circle.derive();
                Row::Circle(circle)
            }
            row => row,
        };
        assert_eq!(decode_row(&key_bytes, &value), Ok((key, expected)), "seed {seed}");
    }
}

#[test]
fn the_value_is_what_prost_would_write_behind_its_format() {
    for seed in 0..SEEDS {
        let (key, row) = any_row(&mut seeded(seed));
        let (_, value) = encode_row(&key, &row);
        let by_prost = generated::Row::decode(&value[1..]).expect("the proto file has every field");
        assert_eq!((value[0], by_prost.encode_to_vec()), (1, value[1..].to_vec()), "seed {seed}");
    }
}

#[test]
fn keys_sort_as_their_bytes_do() {
    let random = &mut seeded(5);
    let mut keys: Vec<Key> = (0..3000).map(|_| Key::any(random)).chain(neighbours()).collect();
    let mut bytes: Vec<Vec<u8>> = keys.iter().map(encode_key).collect();
    keys.sort();
    bytes.sort();
    assert_eq!(keys.iter().map(encode_key).collect::<Vec<_>>(), bytes);
    assert_eq!(bytes.iter().map(|bytes| decode_key(bytes).expect("a key")).collect::<Vec<_>>(), keys);
}

/// Keys whose parts are prefixes of each other, or hold what ends a part.
fn neighbours() -> Vec<Key> {
    let texts = ["", "a", "a\0", "a\0\u{1}", "a\u{1}", "ab", "b", "é"];
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
        let ids = texts.into_iter().filter_map(MessageId::parse);
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
    value[0] = 2;
    assert_eq!(decode_row(&key, &value), Err(DecodeError::Version(2)));
    assert_eq!(decode_row(&key, &[]), Err(DecodeError::Truncated));
}
