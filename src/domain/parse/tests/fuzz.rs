//! Bodies damaged at random: whatever comes in, there is no panic, and no detail carries a number or an id out.

use super::*;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

const SAMPLES: [&str; 11] = [ENQUEUED, SENT, FAILED, INBOUND, MISMATCH, CHANGED, SANDBOX, META, TWINS, REPORT, SEND];

/// What is put in place of something, to reach more than syntax errors.
const PIECES: [&str; 24] = [
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "1e999",
    "18446744073709551616",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "[[[[",
    "{\"a\":{\"b\":",
    "\"BR.\"",
    "\"BR.é\"",
    "\"+\"",
    "\"00\"",
    "\u{FEFF}",
    ",",
    ":",
    "\"é\"",
    "\"9999999999999999\"",
    "\"9e18\"",
];

fn damaged(random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut body = SAMPLES.choose(random).expect("samples").as_bytes().to_vec();
    for _ in 0..random.random_range(1..6) {
        let from = random.random_range(0..=body.len());
        let to = random.random_range(from..=(from + 20).min(body.len()));
        match random.random_range(0..6) {
            0 => body.truncate(from),
            1 if from < body.len() => body[from] = random.random(),
            2 => drop(body.drain(from..to)),
            3 => drop(body.splice(from..from, body[from..to].to_vec())),
            4 => drop(body.splice(from..to, PIECES.choose(random).expect("pieces").bytes())),
            _ => replace_value(&mut body, from, random),
        }
    }
    body
}

/// Puts a piece in place of the value that follows the next colon, so that the body often remains JSON.
fn replace_value(body: &mut Vec<u8>, from: usize, random: &mut ChaCha8Rng) {
    let Some(colon) = body[from..].iter().position(|byte| *byte == b':').map(|at| from + at + 1) else { return };
    let length = body[colon..].iter().position(|byte| matches!(byte, b',' | b'}')).unwrap_or(0);
    body.splice(colon..colon + length, PIECES.choose(random).expect("pieces").bytes());
}

#[test]
fn no_body_panics_or_leaks() {
    let mut random = ChaCha8Rng::seed_from_u64(20_260_423);
    let apps = apps();
    let mut reached = BTreeMap::new();
    for _ in 0..400_000 {
        let body = damaged(&mut random);
        let kafka_ms = if random.random_ratio(1, 20) { random.random() } else { KAFKA_MS };
        let mut elements = webhook(&body, kafka_ms, &apps);
        elements.push(parse_send(&body, kafka_ms, &apps));
        for element in &elements {
            *reached.entry(kind(element)).or_insert(0) += 1;
            if let Element::Rejected(rejection) = element {
                let longest = rejection.detail.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
                assert!(longest <= Some(5) && !rejection.detail.contains("Ana"), "{} in {}", rejection.detail, body.escape_ascii());
            }
        }
    }
    for kind in ["send", "status", "mismatch", "inbound", "change", "ignored", "NOT_JSON", "UNKNOWN_SHAPE", "ENTERPRISE_REPORT"] {
        assert!(reached.get(kind) > Some(&100), "{kind} is hardly reached: {reached:?}");
    }
    for kind in ["MISSING_MESSAGE_ID", "BAD_NUMBER", "BAD_TIMESTAMP", "MISSING_FIELD"] {
        assert!(reached.get(kind) > Some(&100), "{kind} is hardly reached: {reached:?}");
    }
}

fn kind(element: &Element) -> &'static str {
    match element {
        Element::Send(_) => "send",
        Element::Status(_) => "status",
        Element::Mismatch(_) => "mismatch",
        Element::Inbound(_) => "inbound",
        Element::NumberChange(_) => "change",
        Element::UserChange(_) => "user",
        Element::Echo(_) => "echo",
        Element::Ignored(_) => "ignored",
        Element::Rejected(rejection) => rejection.reason.name(),
    }
}
