//! Ten days of records: episodes among strangers, each no longer than the retention, and people who stay all the time.

use super::model::generate::{Kind, Options, generate};
use super::model::history::{Context, Fact, Inbound, NumberChange, Record, Send, Status, StatusKind};
use super::model::reference::Settings;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};
use waid::runtime::broker::Source;

pub const HOUR_MS: i64 = 3_600_000;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// 2024-01-10, before the wall clock of any machine that this runs on.
pub const START_MS: i64 = 1_704_844_800_000;

/// When all is over.
pub const END_MS: i64 = START_MS + 16 * DAY_MS;

/// How late a record of those who stay may come.
const DELAY_MS_MAX: i64 = 5 * HOUR_MS;

/// So short that sends expire, and messages are forgotten, many times in ten days.
pub const SETTINGS: Settings = Settings { join_timeout_ms: DAY_MS, idle_timeout_s: 6 * 3600, retention_ms: 12 * HOUR_MS };

/// Records in the order of their Kafka times.
pub fn ten_days(seed: u64, episodes: usize, staying: usize) -> Vec<Record> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut records = Vec::new();
    for world in 0..episodes {
        let kind = match random.random_range(0..8) {
            0 => Kind::JoinEdges,
            1 => Kind::KafkaEdges,
            2 if world == 0 => Kind::Adversarial,
            _ => Kind::Lively,
        };
        let (people, density) = (random.random_range(2..7), random.random_range(0.0..=1.0));
        let options = Options { settings: SETTINGS, world, wide: false, ..Options::new(random.random(), kind, 60, people, density) };
        let mut episode = generate(&options);
        if kind == Kind::JoinEdges {
            one_copy_of_each_send(&mut episode);
        }
        shift(&mut episode, START_MS + random.random_range(0..10 * 24) * HOUR_MS);
        records.append(&mut episode);
    }
    for person in 0..staying {
        Staying::new(&mut random, person).live(&mut records, 10);
    }
    records.sort_by_key(|record| record.kafka_ms);
    records
}

/// People who write and are written to every day for so many days.
pub fn steady(seed: u64, people: usize, days: i64) -> Vec<Record> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut records = Vec::new();
    for person in 0..people {
        Staying::new(&mut random, person).live(&mut records, days);
    }
    records.sort_by_key(|record| record.kafka_ms);
    records
}

/// Adds to each partition one record whose Kafka time is wrong: a message a year ahead of the wall clock, or another record days ahead of
/// what lies around it.
pub fn with_wrong_clocks(mut records: Vec<Record>, seed: u64, place: impl Fn(&Record) -> Source) -> Vec<Record> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let next_year_ms = {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        i64::try_from(now.as_millis()).expect("fits") + random.random_range(300..400) * DAY_MS
    };
    let mut places = BTreeSet::new();
    for number in 0..100 {
        let index = random.random_range(0..records.len() / 2);
        let around = records[index..].iter().find(|record| record.fact.app() != "strange");
        let at_ms = around.expect("half of them are not").kafka_ms;
        let (app, id) = ("strange".to_owned(), format!("strange{number}"));
        let strange = if number % 3 == 0 {
            let wa_id = Some(format!("1631{}", 3_000_000 + number));
            let inbound = Inbound { app, id, wa_id, user_id: None, at_ms, context: None };
            Fact::Inbound(inbound).recorded(next_year_ms)
        } else if number % 3 == 1 {
            let (gs_id, whatsapp_id) = (Some(id), Some(format!("other{number}")));
            let kind = StatusKind::Enqueued;
            let status = Status { app, kind, gs_id, whatsapp_id, meta_msg_id: None, wa_id: None, user_id: None, at_ms };
            Fact::Status(status).recorded(at_ms + 5 * DAY_MS)
        } else {
            let destination = format!("1631{}", 3_000_000 + number);
            let send = Send { app, message_id: id, destination, sent_at_ms: at_ms, customer_id: None, wa_id: None };
            Fact::Send(send).recorded(at_ms + 5 * DAY_MS)
        };
        if places.insert(place(&strange)) {
            // A year ahead does not count though the next record confirm it.
            let copies = if strange.kafka_ms == next_year_ms { 2 } else { 1 };
            records.splice(index..index, vec![strange; copies]);
        }
    }
    records
}

/// Adds copies of some records, so late that what they are copies of was forgotten. They are outside the guarantee.
pub fn with_late_copies(mut records: Vec<Record>, seed: u64) -> Vec<Record> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for index in 0..records.len() {
        if random.random_bool(0.1) {
            let Record { fact, kafka_ms } = records[index].clone();
            let later_ms = kafka_ms + random.random_range(2 * DAY_MS..5 * DAY_MS);
            records.push(fact.recorded(later_ms.min(START_MS + 14 * DAY_MS)));
        }
    }
    records.sort_by_key(|record| record.kafka_ms);
    records
}

/// Of a send whose second copy alone meets its evidence, `EXPIRED` may have been told before that copy came.
fn one_copy_of_each_send(records: &mut Vec<Record>) {
    let mut seen = BTreeSet::new();
    records.retain(|record| match &record.fact {
        Fact::Send(send) => seen.insert(send.message_id.clone()),
        _ => true,
    });
}

/// Moves a history, so that its first record comes about then; by whole hours.
fn shift(records: &mut [Record], first_ms: i64) {
    let Some(least_ms) = records.iter().map(|record| record.kafka_ms).min() else { return };
    let by_ms = (first_ms - least_ms) / HOUR_MS * HOUR_MS;
    for record in records {
        record.kafka_ms += by_ms;
        *at_ms(&mut record.fact) += by_ms;
    }
}

const fn at_ms(fact: &mut Fact) -> &mut i64 {
    match fact {
        Fact::Send(send) => &mut send.sent_at_ms,
        Fact::Status(status) => &mut status.at_ms,
        Fact::Mismatch(mismatch) => &mut mismatch.at_ms,
        Fact::Inbound(inbound) => &mut inbound.at_ms,
        Fact::NumberChange(change) => &mut change.at_ms,
        Fact::Echo(echo) => &mut echo.at_ms,
        Fact::Renaming(renaming) => &mut renaming.at_ms,
    }
}

/// Someone who talks to two apps all the time. Their BSUIDs become known at some time, and they may change their number once.
struct Staying<'a> {
    random: &'a mut ChaCha8Rng,
    name: String,
    stored: String,
    wa_id: String,
    next: Option<(i64, String)>,
    shown_from_ms: [i64; 2],
    made: usize,
}

impl<'a> Staying<'a> {
    fn new(random: &'a mut ChaCha8Rng, person: usize) -> Self {
        let (stored, wa_id) = (format!("55359{}", 83_000_000 + person), format!("5535{}", 83_000_000 + person));
        let moment = |random: &mut ChaCha8Rng| START_MS + random.random_range(0..10 * DAY_MS);
        let next = random.random_bool(0.5).then(|| (moment(random), format!("5535{}", 84_000_000 + person)));
        let shown_from_ms = [moment(random), moment(random)];
        Self { random, name: format!("p{person}"), stored, wa_id, next, shown_from_ms, made: 0 }
    }

    fn live(mut self, records: &mut Vec<Record>, days: i64) {
        let mut at_ms = START_MS;
        while at_ms < START_MS + days * DAY_MS {
            at_ms += match self.random.random_range(0..12) {
                0 => self.random.random_range(0..DAY_MS),
                1 => 6 * HOUR_MS + 1000 * self.random.random_range(-1..=1),
                _ => self.random.random_range(0..3 * HOUR_MS),
            };
            if self.next.as_ref().is_some_and(|(change_ms, _)| *change_ms <= at_ms) {
                self.change(records);
            }
            let app = self.random.random_range(0..2);
            if self.random.random_bool(0.5) { self.write(records, app, at_ms, None) } else { self.send(records, app, at_ms) }
        }
    }

    fn change(&mut self, records: &mut Vec<Record>) {
        let Some((at_ms, new)) = self.next.take() else { return };
        let old = std::mem::replace(&mut self.wa_id, new.clone());
        let id = self.id("ch");
        self.record(
            records,
            Fact::NumberChange(NumberChange { app: app_name(0), id, old, new, user_id: None, current_user_id: None, at_ms }),
        );
        self.stored.clone_from(&self.wa_id);
    }

    fn write(&mut self, records: &mut Vec<Record>, app: usize, at_ms: i64, context: Option<Context>) {
        let (id, user_id, wa_id) = (self.id("in"), self.user(app, at_ms), Some(self.wa_id.clone()));
        self.record(records, Fact::Inbound(Inbound { app: app_name(app), id, wa_id, user_id, at_ms, context }));
    }

    /// Answered in time, under any of its names; or late; or never; or failed.
    fn send(&mut self, records: &mut Vec<Record>, app: usize, at_ms: i64) {
        let (message_id, other) = (self.id("gs"), self.id("wa"));
        let send = Send {
            app: app_name(app),
            message_id: message_id.clone(),
            destination: self.stored.clone(),
            sent_at_ms: at_ms,
            customer_id: None,
            wa_id: None,
        };
        let sent_ms = at_ms + self.random.random_range(0..DELAY_MS_MAX);
        records.push(Fact::Send(send).recorded(sent_ms));
        let enqueued = Status {
            app: app_name(app),
            kind: StatusKind::Enqueued,
            gs_id: Some(message_id.clone()),
            whatsapp_id: Some(other.clone()),
            meta_msg_id: None,
            wa_id: None,
            user_id: None,
            at_ms,
        };
        let status =
            Status { kind: StatusKind::Delivered, wa_id: Some(self.wa_id.clone()), user_id: self.user(app, at_ms), ..enqueued.clone() };
        match self.random.random_range(0..10) {
            0 => {}
            1 => {
                let late_ms = SETTINGS.join_timeout_ms + self.random.random_range(HOUR_MS..DAY_MS);
                records.push(Fact::Status(status).recorded(sent_ms + late_ms));
            }
            2 => self.record(records, Fact::Status(Status { kind: StatusKind::Failed, wa_id: None, user_id: None, ..status })),
            3..6 => {
                self.record(records, Fact::Status(enqueued));
                self.record(records, Fact::Status(Status { gs_id: None, ..status }));
            }
            6 => {
                let context = Some(Context { gs_id: Some(message_id), id: Some(other), meta_msg_id: None });
                self.write(records, app, at_ms + 1000, context);
            }
            _ => self.record(records, Fact::Status(status)),
        }
    }

    fn record(&mut self, records: &mut Vec<Record>, mut fact: Fact) {
        let delay_ms = if self.random.random_bool(0.6) { 5_000 } else { DELAY_MS_MAX };
        let kafka_ms = *at_ms(&mut fact) + self.random.random_range(0..delay_ms);
        records.push(fact.recorded(kafka_ms));
    }

    fn user(&self, app: usize, at_ms: i64) -> Option<String> {
        (at_ms >= self.shown_from_ms[app]).then(|| format!("BR.{}{app}", self.name.replace('p', "90")))
    }

    fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}-{}-{}", self.name, self.made)
    }
}

fn app_name(app: usize) -> String {
    ["alpha", "beta"][app].to_owned()
}
