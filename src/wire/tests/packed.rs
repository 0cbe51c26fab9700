//! Packed records.

use super::generated;
use super::random::{Any, Random, damage, seeded};
use crate::domain::entity::{Entity, Envelope};
use crate::wire::DecodeError;
use crate::wire::packed::{Packed, Packer, Parts, SourceTopic, Stamp, decode, encode, split};
use crate::wire::record::INTERNAL_BYTES_MAX;
use prost::Message;
use rand::RngExt;
use std::sync::Arc;

const SEEDS: u64 = 300;

#[test]
fn every_packed_record_comes_back() {
    for seed in 0..SEEDS {
        let packed = Packed::any(&mut seeded(seed));
        assert_eq!(decode(&encode(&packed)).as_ref(), Ok(&packed), "seed {seed}");
    }
}

#[test]
fn the_bytes_are_those_that_prost_would_write() {
    for seed in 0..SEEDS {
        let bytes = encode(&Packed::any(&mut seeded(seed)));
        let by_prost = generated::Packed::decode(bytes.as_slice()).expect("the proto file has every field");
        assert_eq!(by_prost.encode_to_vec(), bytes, "seed {seed}");
    }
}

#[test]
fn equal_apps_share_one_allocation() {
    let random = &mut seeded(1);
    let sends = std::iter::repeat_with(|| Envelope::any(random)).filter(|envelope| matches!(envelope.to, Entity::Message { .. }));
    let packed = Packed { events: sends.take(200).collect(), ..Packed::default() };
    let decoded = decode(&encode(&packed)).expect("encoded here");
    let apps: Vec<_> = decoded
        .events
        .iter()
        .filter_map(|envelope| match &envelope.to {
            Entity::Message { app, .. } => Some(app),
            Entity::Home(_) => None,
        })
        .collect();
    for (one, other) in apps.iter().zip(&apps[1..]) {
        assert_eq!(one == other, Arc::ptr_eq(one.name(), other.name()));
    }
}

#[test]
fn what_does_not_fit_is_left_for_the_next_record() {
    for seed in 0..20 {
        let random = &mut seeded(seed);
        let events: Vec<Envelope> = (0..100).map(|_| Envelope::any(random)).collect();
        let (mut records, mut packer) = (Vec::new(), Packer::new());
        for envelope in &events {
            if !packer.push_within(envelope, 2000) {
                records.push(std::mem::take(&mut packer));
                assert!(packer.push_within(envelope, 2000), "an empty one takes any");
            }
        }
        records.push(packer);
        let decoded: Vec<Packed> =
            records.into_iter().map(|packer| decode(&packer.finish(None, &[], None)).expect("encoded here")).collect();
        assert!(decoded.len() > 3);
        assert_eq!(decoded.into_iter().flat_map(|packed| packed.events).collect::<Vec<_>>(), events, "seed {seed}");
    }
}

#[test]
fn what_is_too_large_for_a_record_comes_back_from_its_parts() {
    let random = &mut seeded(3);
    let large = |partition: i32, random: &mut Random| {
        let stamp = Stamp { topic: SourceTopic::Sends, partition, offset: 7, chunk: 2, epoch: 0 };
        let mut packed = Packed { stamp: Some(stamp), ..Packed::default() };
        while encode(&packed).len() <= 2 * INTERNAL_BYTES_MAX {
            packed.events.extend((0..1000).map(|_| Envelope::any(random)));
        }
        (split(&encode(&packed), &stamp), packed)
    };
    let [(one, first), (two, second)] = [0, 1].map(|partition| large(partition, random));
    let mut parts = Parts::default();
    let mut take = |bytes: &[u8]| {
        assert!(bytes.len() <= INTERNAL_BYTES_MAX + 100);
        let packed = decode(bytes).expect("encoded here");
        (packed.stamp.expect("each has one").chunk, parts.take(packed).expect("in order"), parts.is_empty())
    };
    let small = encode(&Packed { stamp: Some(Stamp { partition: 5, ..first.stamp.expect("it has one") }), ..Packed::default() });
    assert_eq!((one.len(), two.len()), (3, 3));
    assert_eq!(take(&one[0]), (2, None, false));
    assert_eq!(take(&two[0]), (2, None, false));
    assert!(take(&small).1.is_some(), "what others sent is between them");
    assert_eq!((take(&one[1]), take(&two[1])), ((3, None, false), (3, None, false)));
    assert_eq!(take(&two[2]), (4, Some(second), false));
    assert_eq!(take(&one[2]), (4, Some(first), true));
    take(&one[0]);
    assert!(parts.take(decode(&one[2]).expect("encoded here")).is_err(), "one is missing");
}

#[test]
fn garbage_is_an_error_and_never_a_panic() {
    let random = &mut seeded(2);
    for _ in 0..20_000 {
        let length = random.random_range(1..60);
        let bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
        assert!(decode(&bytes).is_err());
    }
}

#[test]
fn damage_never_panics_and_a_cut_is_noticed() {
    for seed in 0..40 {
        let random = &mut seeded(seed);
        let packed = Packed { events: vec![Envelope::any(random)], ..Packed::default() };
        let bytes = encode(&packed);
        for _ in 0..200 {
            let mut damaged = bytes.clone();
            damage(random, &mut damaged);
            drop(decode(&damaged));
        }
        for end in 0..bytes.len() {
            let cut = decode(&bytes[..end]);
            assert!(cut.is_err() || cut.is_ok_and(|cut| cut.events.is_empty()), "seed {seed}, {end} bytes");
        }
    }
}

#[test]
fn another_version_is_refused() {
    assert_eq!(decode(&[8, 5]), Err(DecodeError::Version(5)));
    assert_eq!(decode(&[]), Err(DecodeError::Version(0)));
}
