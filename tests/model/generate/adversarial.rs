//! Random facts over a tiny universe, kept only if the guarantee still covers the whole.

use super::super::apps::LINE_UPS;
use super::super::guarantee;
use super::super::history::{Context, Echo, Fact, Inbound, Mismatch, NumberChange, Record, Renaming, Send, Status, StatusKind};
use super::Options;
use super::dice::Dice;
use super::lively::EPOCH_S;

/// Three numbers in two classes each.
const NUMBERS: [[&str; 3]; 8] = [
    ["5535987654321", "553587654321", "553191112222"],
    ["551133334444", "5511933334444", "5511987654321"],
    ["5215513375592", "525513375592", "525599990000"],
    ["541141234567", "5491141234567", "5493512345678"],
    ["54111541234567", "5491141234567", "541141234568"],
    ["22501234567", "2250701234567", "22598765432"],
    ["22997123456", "2290197123456", "16315551002"],
    ["5535987654321", "553587654321", "351912345678"],
];
const USERS: [&str; 3] = ["BR.1", "BR.2", "US.3"];
const PARENT: &str = "BR.ENT.9";
const IDS: [&str; 5] = ["m1", "m2", "m3", "wamid.4", "wamid.5"];

struct Chaos {
    dice: Dice,
    numbers: [&'static str; 3],
    apps: &'static [&'static str],
    times_ms: Vec<i64>,
    kafka_ms: Vec<i64>,
    records: Vec<Record>,
    newer_facts: bool,
    wide: bool,
}

pub fn generate(options: &Options) -> Vec<Record> {
    let mut dice = Dice::new(options.seed);
    let (base_ms, idle_ms) = (EPOCH_S * 1000, options.settings.idle_timeout_s * 1000);
    let times_ms = [0, 1000, 1999, 60_000, idle_ms, idle_ms + 1000, idle_ms + 2000, 2 * idle_ms].map(|shift| base_ms + shift).to_vec();
    let first_ms = base_ms + 2 * idle_ms - 23 * 3_600_000;
    let kafka_ms = [0, 1, 5000, 3_600_000, 36_000_000, options.settings.retention_ms - 1].map(|shift| first_ms + shift).to_vec();
    let numbers = *dice.pick(&NUMBERS);
    let apps = if options.wide { *dice.pick(&LINE_UPS) } else { LINE_UPS[0] };
    let (newer_facts, wide) = (options.newer_facts, options.wide);
    let mut chaos = Chaos { dice, numbers, apps, times_ms, kafka_ms, records: Vec::new(), newer_facts, wide };
    // A tiny universe runs out of what may still be said; duplicates fill it up.
    for _ in 0..options.events * 4 {
        let fact = chaos.fact();
        let kafka_ms = *chaos.dice.pick(&chaos.kafka_ms);
        chaos.records.push(fact.recorded(kafka_ms));
        if !guarantee::violations(&chaos.records, &options.settings).is_empty() {
            chaos.records.pop();
        }
        if chaos.records.len() >= options.events {
            break;
        }
    }
    chaos.records
}

impl Chaos {
    fn fact(&mut self) -> Fact {
        let newer = if self.newer_facts { [9, 9] } else { [0, 0] };
        let kind = self.dice.weighted(&[20, 43, 8, 21, 8, newer[0], newer[1]]);
        let apps = [&self.apps[..1], self.apps].concat();
        let app = (*self.dice.pick(&apps)).to_owned();
        let at_ms = *self.dice.pick(&self.times_ms);
        let id = (*self.dice.pick(&IDS)).to_owned();
        let fact = match kind {
            0 => self.send(app, id, at_ms),
            1 => self.status(app),
            2 => Fact::Mismatch(Mismatch { app, message_id: id, phone: self.number(), wa_id: self.number(), at_ms }),
            3 => self.inbound(app, at_ms),
            4 => self.change(app, at_ms),
            5 => self.echo(app, at_ms),
            _ => self.renaming(app, at_ms),
        };
        self.agreeing(fact)
    }

    fn number(&mut self) -> String {
        (*self.dice.pick(&self.numbers)).to_owned()
    }

    fn maybe<T: ToString>(&mut self, from: &[T]) -> Option<String> {
        self.dice.chance(0.6).then(|| self.dice.pick(from).to_string())
    }

    fn send(&mut self, app: String, message_id: String, sent_at_ms: i64) -> Fact {
        let users = if self.wide && self.dice.chance(0.2) { &[PARENT][..] } else { &USERS };
        let destination = if self.dice.chance(0.2) { (*self.dice.pick(users)).to_owned() } else { self.number() };
        let wa_id = self.dice.chance(0.15).then(|| self.number());
        Fact::Send(Send { app, message_id, destination, sent_at_ms, customer_id: None, wa_id })
    }

    /// The time of a status decides nothing; one for all keeps twins together.
    fn status(&mut self, app: String) -> Fact {
        let kinds = [StatusKind::Enqueued, StatusKind::Sent, StatusKind::Delivered, StatusKind::Read, StatusKind::Failed];
        let kind = kinds[self.dice.weighted(&[10, 45, 20, 15, 10])];
        let sure = matches!(kind, StatusKind::Enqueued | StatusKind::Failed);
        let gs_id = if sure { Some((*self.dice.pick(&IDS)).to_owned()) } else { self.maybe(&IDS) };
        let whatsapp_id = if gs_id.is_none() { Some((*self.dice.pick(&IDS)).to_owned()) } else { self.maybe(&IDS) };
        let numbers = self.numbers;
        let (wa_id, user_id) = (self.maybe(&numbers), self.maybe(&USERS));
        let (wa_id, user_id) = if sure { (None, None) } else { (wa_id, user_id) };
        // A failure that Meta tells has its only id where a candidate stands.
        let gs_id = gs_id.filter(|_| kind != StatusKind::Failed || whatsapp_id.is_none() || self.dice.chance(0.8));
        let second = self.wide && self.dice.chance(0.25);
        let meta_msg_id = second.then(|| (*self.dice.pick(&IDS)).to_owned());
        Fact::Status(Status { app, kind, gs_id, whatsapp_id, meta_msg_id, wa_id, user_id, at_ms: EPOCH_S * 1000 })
    }

    fn inbound(&mut self, app: String, at_ms: i64) -> Fact {
        let numbers = self.numbers;
        let (wa_id, user_id) = (self.maybe(&numbers), self.maybe(&USERS));
        let wa_id = if user_id.is_none() { Some(self.number()) } else { wa_id };
        let id = (*self.dice.pick(&["m1", "i1", "i2", "i3", "i4", "i5", "i6", "i7"])).to_owned();
        let context = self.dice.chance(0.4).then(|| Context { gs_id: self.maybe(&IDS), id: self.maybe(&IDS), meta_msg_id: None });
        let context = context.filter(|context| context.gs_id.is_some() || context.id.is_some());
        let second = self.wide && self.dice.chance(0.25);
        let meta_msg_id = second.then(|| (*self.dice.pick(&IDS)).to_owned());
        let context = context.map(|context| Context { meta_msg_id, ..context });
        Fact::Inbound(Inbound { app, id, wa_id, user_id, at_ms, context })
    }

    fn change(&mut self, app: String, at_ms: i64) -> Fact {
        let old = self.dice.below(3);
        let new = (old + 1 + self.dice.below(2)) % 3;
        let user_id = self.maybe(&USERS);
        // One that is named as both is the new one.
        let current_user_id = self.maybe(&USERS).filter(|current| Some(current) != user_id.as_ref());
        let id = (*self.dice.pick(&["c1", "c2", "c3", "c4"])).to_owned();
        let (old, new) = (self.numbers[old].to_owned(), self.numbers[new].to_owned());
        Fact::NumberChange(NumberChange { app, id, old, new, user_id, current_user_id, at_ms })
    }

    fn echo(&mut self, app: String, at_ms: i64) -> Fact {
        let numbers = self.numbers;
        let (wa_id, user_id) = (self.maybe(&numbers), self.maybe(&USERS));
        let wa_id = if user_id.is_none() { Some(self.number()) } else { wa_id };
        let id = (*self.dice.pick(&["m1", "m2", "i1", "e1", "e2", "e3"])).to_owned();
        Fact::Echo(Echo { app, id, wa_id, user_id, at_ms })
    }

    fn renaming(&mut self, app: String, at_ms: i64) -> Fact {
        let mut users = USERS.map(str::to_owned);
        self.dice.shuffle(&mut users);
        let [previous, current, _] = users;
        let previous = Some(previous).filter(|_| self.dice.chance(0.7));
        let numbers = self.numbers;
        let wa_id = if previous.is_none() { Some(self.number()) } else { self.maybe(&numbers) };
        Fact::Renaming(Renaming { app, previous, current, wa_id, at_ms })
    }

    /// A fact about an event that was told before tells the same, or, of an inbound message, some of it.
    fn agreeing(&mut self, fact: Fact) -> Fact {
        let told = self.records.iter().map(|record| &record.fact).find(|told| told.app() == fact.app() && same_event(told, &fact));
        match (told.cloned(), fact) {
            (Some(Fact::Inbound(told)), Fact::Inbound(fact)) => Fact::Inbound(Inbound {
                wa_id: fact.wa_id.map(|wa_id| told.wa_id.clone().unwrap_or(wa_id)),
                user_id: fact.user_id.map(|user_id| told.user_id.clone().unwrap_or(user_id)),
                context: told.context.clone(),
                at_ms: told.at_ms,
                ..fact
            }),
            (Some(Fact::Echo(told)), Fact::Echo(fact)) => Fact::Echo(Echo {
                wa_id: fact.wa_id.map(|wa_id| told.wa_id.clone().unwrap_or(wa_id)),
                user_id: fact.user_id.map(|user_id| told.user_id.clone().unwrap_or(user_id)),
                at_ms: told.at_ms,
                ..fact
            }),
            (Some(told), _) => told,
            (None, fact) => fact,
        }
    }
}

fn same_event(told: &Fact, fact: &Fact) -> bool {
    match (told, fact) {
        (Fact::Send(told), Fact::Send(fact)) => told.message_id == fact.message_id,
        (Fact::Mismatch(told), Fact::Mismatch(fact)) => told.message_id == fact.message_id,
        (Fact::Inbound(told), Fact::Inbound(fact)) => told.id == fact.id,
        (Fact::NumberChange(told), Fact::NumberChange(fact)) => told.id == fact.id,
        (Fact::Echo(told), Fact::Echo(fact)) => told.id == fact.id,
        (_, _) => false,
    }
}
