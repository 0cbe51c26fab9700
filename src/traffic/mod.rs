//! The simulated world that demo, tests and benchmarks share: people, what they and businesses write to each other, the events that this
//! makes, and the truth that a processor of these events should find.
//!
//! Everything is a pure function of a seed: a person of the seed and an index, a visit (an hour or so of talk between a person and a
//! business) of these and a number. So nothing is kept but the visits in flight, and the truth about a person can be asked at any time.

pub mod apps;
pub mod audit;
pub mod country;
pub mod person;
pub mod truth;
pub mod turn;
pub mod visit;

mod body;
mod dice;
mod inputs;
mod notice;
mod passthrough;
mod play;
mod text;

use std::sync::Arc;

pub use apps::Formats;
pub use inputs::{Input, Inputs};

use crate::domain::ids::{MessageId, Number};
use apps::{APPS_MAX, TENANTS_MAX};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dice::{Cup, Dice};
use person::{Person, Spelling};
use truth::Truth;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// From the beginning of one visit of a person to that of the next, ms: far longer than a visit and a conversation's idle timeout, so that
/// each visit is a conversation of its own.
pub const VISIT_EVERY_MS: i64 = 48 * 60 * 60 * 1000;

/// How long after its beginning the last event of a visit may reach Kafka, ms.
pub const VISIT_LASTS_MS_MAX: i64 = 6 * 60 * 60 * 1000;

/// What a world is made from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// All chance.
    pub seed: u64,
    /// How many people, at most [`country::PEOPLE_MAX`].
    pub people: u32,
    /// How many apps, at most [`APPS_MAX`].
    pub apps: u16,
    /// How many tenants have them, at most [`TENANTS_MAX`] and no more than there are apps.
    pub tenants: u16,
    /// How many visits each person makes at most, 1 to 255.
    pub visits: u32,
    /// When the first event happens, ms.
    pub start_ms: i64,
    /// How webhooks are written. Two worlds that differ in nothing else have the same people and visits; but what only Meta's bodies tell
    /// happens only where they come. Unless it is v2, the apps must be listed as [`World::listed_apps`] says.
    pub formats: Formats,
}

impl Settings {
    /// Some people of a small business with two apps, in two visits each.
    pub const fn new(seed: u64, people: u32, start_ms: i64) -> Self {
        Self { seed, people, apps: 2, tenants: 1, visits: 2, start_ms, formats: Formats::V2 }
    }

    /// The same of two businesses, whose four apps have their webhooks in all ways that there are: everything happens that can.
    pub const fn of_all_kinds(seed: u64, people: u32, start_ms: i64) -> Self {
        Self { apps: 4, tenants: 2, formats: Formats::All, ..Self::new(seed, people, start_ms) }
    }

    /// How long the events go on, ms: a caller that wants them to end now lets them start so long ago.
    pub fn span_ms(&self) -> i64 {
        i64::from(self.visits) * VISIT_EVERY_MS + VISIT_LASTS_MS_MAX
    }
}

/// A simulated world. Cloning is cheap.
#[derive(Clone)]
pub struct World {
    settings: Settings,
    cup: Cup,
    /// Numbers are spread by it: odd, and no multiple of five, so that each of ten million people gets another one.
    stride: u64,
    apps: Arc<[String]>,
}

impl World {
    /// The world of these settings.
    ///
    /// # Panics
    /// When a setting is out of its bounds.
    pub fn new(settings: Settings) -> Self {
        assert!((1..=country::PEOPLE_MAX).contains(&settings.people), "1 to {} people", country::PEOPLE_MAX);
        assert!((1..=APPS_MAX).contains(&settings.apps), "1 to {APPS_MAX} apps");
        assert!((1..=TENANTS_MAX.min(settings.apps)).contains(&settings.tenants), "1 to {TENANTS_MAX} tenants, each with an app");
        assert!((1..=255).contains(&settings.visits), "1 to 255 visits");
        let cup = Cup::new(settings.seed);
        let mut dice = cup.dice(u64::MAX);
        let stride = u64::from(dice.below(100_000) + 300_000) * 10 + u64::from(dice.pick(&[1_u32, 3, 7, 9]));
        let name = |app| Self::name_of(settings.tenants, settings.apps, app);
        Self { settings, cup, stride, apps: (0..settings.apps).map(name).collect() }
    }

    /// What it was made from.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The names of its apps.
    pub fn apps(&self) -> &[String] {
        &self.apps
    }

    /// The records that reach Kafka, in the order in which they do.
    pub fn inputs(&self) -> Inputs {
        Inputs::new(self.clone())
    }

    /// The person with this index.
    pub fn person(&self, index: u32) -> Person {
        Person::new(self, index)
    }

    /// What is true of the person with this index.
    pub fn truth(&self, index: u32) -> Truth {
        Truth::of(self, index)
    }

    /// What is true of each person.
    pub fn truths(&self) -> impl Iterator<Item = Truth> + '_ {
        (0..self.settings.people).map(|index| self.truth(index))
    }

    /// When a visit of a person begins, ms: people come one after the other, so later visits need no list of who comes when.
    fn visit_start_ms(&self, index: u32, visit: u32) -> i64 {
        let place = i64::from(visit) * i64::from(self.settings.people) + i64::from(index);
        self.settings.start_ms + place * VISIT_EVERY_MS / i64::from(self.settings.people)
    }

    /// The draws for a person (no visit) or for one of the person's visits.
    fn dice(&self, index: u32, visit: Option<u32>) -> Dice {
        let visit = visit.map_or(0, |visit| u64::from(visit) + 1);
        self.cup.dice(u64::from(index) << 16 | visit)
    }

    /// More draws for a person, beside those of up to 255 visits.
    fn dice_of_turn(&self, index: u32) -> Dice {
        self.cup.dice(u64::from(index) << 16 | 0xFFFF)
    }

    /// Seven digits that are this person's alone; those of person 0 are the article's.
    fn seven_digits(&self, index: u32) -> u64 {
        (7_654_321 + u64::from(index) * self.stride) % u64::from(country::PEOPLE_MAX)
    }

    /// 128 bits that are one thing's alone.
    fn id(&self, kind: IdKind, person: &Person, visit: u32, item: usize) -> u128 {
        let mut of = [0_u8; 16];
        of[0] = kind as u8;
        of[1..5].copy_from_slice(&person.index.to_le_bytes());
        of[5..9].copy_from_slice(&visit.to_le_bytes());
        of[9..13].copy_from_slice(&u32::try_from(item).expect("few").to_le_bytes());
        xxh3_128_with_seed(&of, self.settings.seed)
    }

    fn uuid(&self, kind: IdKind, person: &Person, visit: u32, item: usize) -> Uuid {
        uuid::Builder::from_random_bytes(self.id(kind, person, visit, item).to_be_bytes()).into_uuid()
    }

    /// Meta's id of a message: in base64 the number of whom it is from or to, from whose side it comes, and twenty digits of its own.
    fn wamid(&self, kind: IdKind, person: &Person, visit: u32, item: usize) -> String {
        let number = person.numbers(visit).wa_id.to_string();
        let side = if kind == IdKind::Inbound { 0x12 } else { 0x11 };
        let own = format!("3A{:018X}", self.id(kind, person, visit, item) & ((1 << 72) - 1));
        let mut bytes = vec![0x1C, 0x18, u8::try_from(number.len()).expect("few digits")];
        bytes.extend_from_slice(number.as_bytes());
        bytes.extend_from_slice(&[0x15, 0x02, 0x00, side, 0x18, u8::try_from(own.len()).expect("twenty")]);
        bytes.extend_from_slice(own.as_bytes());
        bytes.push(0);
        format!("{}{}", MessageId::WAMID, STANDARD.encode(bytes))
    }

    /// The id of a message from a person.
    fn inbound_id(&self, person: &Person, visit: u32, message: usize) -> String {
        self.wamid(IdKind::Inbound, person, visit, message)
    }

    /// The id of a message that the business typed in the WhatsApp Business app.
    fn echo_id(&self, person: &Person, visit: u32, echo: usize) -> String {
        self.wamid(IdKind::Echo, person, visit, echo)
    }

    /// The id of a send, as the API that it was sent with returned it.
    fn send_id(&self, person: &Person, visit: u32, send: usize) -> String {
        if self.is_without_gupshup(person.app_of(visit)) {
            self.wamid(IdKind::WhatsApp, person, visit, send)
        } else {
            self.uuid(IdKind::Gupshup, person, visit, send).to_string()
        }
    }

    /// A person's BSUID, which is another one in each app, for each owner of a number, and after some turns.
    fn bsuid(&self, person: &Person, generation: u8, app: u16) -> String {
        let bits = self.id(IdKind::Bsuid, person, u32::from(app), usize::from(generation));
        format!("{}.{}", person.country.letters(), 1_000_000_000_000_000 + bits % 9_000_000_000_000_000)
    }

    /// A phone number as the business's records spell it.
    fn spelled(spelling: Spelling, number: u64, calling_code: &str) -> String {
        let digits = number.to_string();
        match spelling {
            Spelling::Digits => digits,
            Spelling::Plus => format!("+{digits}"),
            Spelling::Zeros => format!("00{digits}"),
            Spelling::Grouped => {
                let national = &digits[calling_code.len()..];
                let (area, local) = national.split_at(2);
                let (head, tail) = local.split_at(local.len() - 4);
                format!("+{calling_code} {area} {head}-{tail}")
            }
        }
    }
}

/// What has an id of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum IdKind {
    /// A send, as Gupshup's API names it.
    Gupshup,
    /// The same, as WhatsApp names it.
    WhatsApp,
    /// A message from a person.
    Inbound,
    /// A person, to an app.
    Bsuid,
    /// A message that the business typed in the WhatsApp Business app.
    Echo,
}

fn number(value: u64) -> Number {
    Number::from_value(value).expect("simulated numbers have 11 to 14 digits")
}

#[cfg(test)]
mod tests;
