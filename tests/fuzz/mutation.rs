//! Damage, seeded: to bytes, and to JSON as what it is.
//!
//! Own code, since what there is for stable Rust does not do this: bolero and arbtest draw inputs out of nothing there, of which hardly one
//! is JSON, and mutatis mutates typed values.

use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// One input in so many is blown up.
const INFLATED: u32 = 400;
/// To about so much.
const INFLATED_BYTES: usize = 150_000;
/// Nor does anything else get longer than this.
const BYTES_MAX: usize = 300_000;

/// What matters to the parsers: of JSON, of the formats, of numbers at their limits.
const TOKENS: [&str; 60] = [
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1e308",
    "1e999",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00\"",
    "[]",
    "{}",
    "[[[[[[[[",
    "{\"a\":{\"b\":[",
    "]",
    "}",
    ",",
    ":",
    "\"",
    "\\",
    "\u{FEFF}",
    "\"BR.\"",
    "\"BR.ENT.1\"",
    "\"BR.1648738043044942\"",
    "\"553587654321\"",
    "\"5535987654321\"",
    "\"+\"",
    "\"00\"",
    "\"9999999999999999\"",
    "1776944126",
    "1776944126000",
    "\"1776944126\"",
    "\"2026-04-23T11:35:25Z\"",
    "\"wamid.HBgM\"",
    "\"sent\"",
    "\"enqueued\"",
    "\"failed\"",
    "\"mismatch\"",
    "\"system\"",
    "\"user_changed_number\"",
    "\"set-callback\"",
    "\"group\"",
    "\"whatsapp_business_account\"",
    "\"messages\"",
    "\"smb_message_echoes\"",
    "\"user_id_update\"",
    "\"gsId\":",
    "\"gs_id\":",
    "\"id\":",
    "\"context\":",
    "\"contacts\":",
    "\"statuses\":",
    "\"payload\":",
    "\"type\":",
    "\"externalId\":1,\"eventType\":1,",
    "\"headers\":[",
];

/// Bytes that matter to the binary formats: lengths and numbers at their limits.
const BINARY_TOKENS: [&[u8]; 10] = [
    &[0],
    &[0x7F],
    &[0x80],
    &[0x80, 0x01],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
    &[0x0A, 0x00],
    &[0x12, 0x80, 0x80, 0x80, 0x80, 0x08],
    &[0xC3, 0x28],
];

/// Damages inputs of one target.
pub struct Mutator {
    random: ChaCha8Rng,
    is_json: bool,
}

impl Mutator {
    pub fn new(seed: u64, is_json: bool) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), is_json }
    }

    /// One of the pool, damaged in one place or several.
    pub fn mutated(&mut self, pool: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut input = self.pick(pool).to_vec();
        for _ in 0..=self.random.random_range(0..4).min(self.random.random_range(0..3)) {
            if self.is_json && self.random.random_ratio(2, 3) {
                self.damage_structure(&mut input);
            } else {
                self.damage_bytes(&mut input, pool);
            }
        }
        if self.random.random_ratio(1, INFLATED) {
            self.inflate(&mut input);
        }
        input.truncate(BYTES_MAX);
        input
    }

    fn pick<'p>(&mut self, pool: &'p [(String, Vec<u8>)]) -> &'p [u8] {
        &pool.choose(&mut self.random).expect("a corpus").1
    }

    fn damage_bytes(&mut self, input: &mut Vec<u8>, pool: &[(String, Vec<u8>)]) {
        let (from, to) = self.range(input.len(), 24);
        match self.random.random_range(0..9) {
            0 => input.truncate(from),
            1 if from < input.len() => input[from] ^= 1 << self.random.random_range(0..8),
            2 if from < input.len() => input[from] = self.random.random(),
            3 => drop(input.drain(from..to)),
            4 => drop(input.splice(to..to, input[from..to].to_vec())),
            5 => {
                let other = self.pick(pool).to_vec();
                let (start, end) = self.range(other.len(), 200);
                input.splice(from..to, other[start..end].iter().copied());
            }
            6 => {
                let other = self.pick(pool).to_vec();
                let start = self.random.random_range(0..=other.len());
                input.truncate(from);
                input.extend_from_slice(&other[start..]);
            }
            _ => {
                let token = self.token();
                let to = if self.random.random() { to } else { from };
                input.splice(from..to, token);
            }
        }
    }

    /// Somewhere, a few bytes.
    fn range(&mut self, length: usize, longest: usize) -> (usize, usize) {
        let from = self.random.random_range(0..=length);
        (from, self.random.random_range(from..=(from + longest).min(length)))
    }

    fn token(&mut self) -> Vec<u8> {
        if self.is_json {
            TOKENS.choose(&mut self.random).expect("tokens").as_bytes().to_vec()
        } else {
            BINARY_TOKENS.choose(&mut self.random).expect("tokens").to_vec()
        }
    }

    /// Changes a value somewhere in the JSON, which stays JSON. What is none is left alone.
    fn damage_structure(&mut self, input: &mut Vec<u8>) {
        let Ok(mut document) = serde_json::from_slice::<Value>(input) else { return };
        let donor = self.somewhere(&mut document).clone();
        let token = TOKENS.choose(&mut self.random).and_then(|token| serde_json::from_str(token).ok()).unwrap_or(json!(7));
        let choice = self.random.random_range(0..7);
        let place = self.somewhere(&mut document);
        match (choice, &mut *place) {
            (0, _) => *place = donor,
            (1, Value::Array(items)) => items.extend(items.clone()),
            (2, Value::Array(items)) => drop(items.pop()),
            (3, _) => *place = json!([place.take()]),
            (4, Value::Object(fields)) => drop(fields.remove(&fields.keys().next().cloned().unwrap_or_default())),
            // A payload in a text, as kcat writes it, is JSON too.
            (5, Value::String(text)) => {
                let mut inner = text.clone().into_bytes();
                self.damage_structure(&mut inner);
                *place = String::from_utf8_lossy(&inner).into_owned().into();
            }
            _ => *place = token,
        }
        *input = document.to_string().into_bytes();
    }

    /// A value somewhere inside.
    fn somewhere<'v>(&mut self, value: &'v mut Value) -> &'v mut Value {
        let inside = value.as_array().map_or(0, Vec::len) + value.as_object().map_or(0, serde_json::Map::len);
        if inside == 0 || self.random.random_ratio(1, 6) {
            return value;
        }
        let index = self.random.random_range(0..inside);
        let item = match value {
            Value::Array(items) => items.get_mut(index),
            Value::Object(fields) => fields.values_mut().nth(index),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
        self.somewhere(item.expect("inside"))
    }

    /// Repeats a piece of the input, or an item of an array, until it is large.
    fn inflate(&mut self, input: &mut Vec<u8>) {
        if let Some(document) = self.is_json.then(|| serde_json::from_slice::<Value>(input).ok()).flatten() {
            *input = self.inflated(document).to_string().into_bytes();
        }
        let (from, to) = self.range(input.len(), 64);
        let piece = input[from..to].to_vec();
        if input.len() < INFLATED_BYTES && !piece.is_empty() {
            let times = INFLATED_BYTES / piece.len();
            input.splice(to..to, piece.repeat(times));
        }
    }

    fn inflated(&mut self, mut document: Value) -> Value {
        for _ in 0..20 {
            if let Value::Array(items) = self.somewhere(&mut document)
                && let Some(item) = items.first().cloned()
            {
                let times = INFLATED_BYTES / item.to_string().len().max(2);
                items.resize(items.len() + times, item);
                break;
            }
        }
        document
    }
}
