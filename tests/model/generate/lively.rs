//! A world that goes on: people write, are written to, move, swap numbers and leave them to others.

use super::super::history::{Context, Echo, Fact, Inbound, NumberChange, Record, Renaming};
use super::Options;
use super::copies::Delivery;
use super::dice::Dice;
use super::sends::Sent;
use super::world::World;
use std::collections::BTreeSet;

const HOUR_S: i64 = 3600;
/// 2026-03-01.
pub const EPOCH_S: i64 = 1_772_323_200;

pub struct Lively {
    pub dice: Dice,
    pub world: World,
    pub delivery: Delivery,
    pub sent: Vec<Sent>,
    pub clock_s: i64,
    pub made: usize,
    first_s: i64,
    last_s: i64,
    idle_s: i64,
    recent_s: Vec<i64>,
    newer_facts: bool,
    pub wide: bool,
    /// Ids of sends that an echo has had too.
    echoed: BTreeSet<String>,
}

pub fn generate(options: &Options) -> Vec<Record> {
    let mut dice = Dice::new(options.seed);
    let kafka_s = EPOCH_S + dice.between(0, 150 * 24) * HOUR_S;
    let backlog_h = if dice.chance(options.density) { 36 } else { 30 * 24 };
    let world = World::new(&mut dice, options);
    let delivery = Delivery::new(options, kafka_s * 1000);
    let (first_s, last_s) = (kafka_s - backlog_h * HOUR_S, delivery.last_ms / 1000);
    let idle_s = options.settings.idle_timeout_s;
    let clock_s = dice.between(first_s, kafka_s);
    let recent_s = vec![clock_s];
    let mut lively = Lively {
        dice,
        world,
        delivery,
        sent: Vec::new(),
        clock_s,
        made: options.world * 10_000,
        first_s,
        last_s,
        idle_s,
        recent_s,
        newer_facts: options.newer_facts,
        wide: options.wide,
        echoed: BTreeSet::new(),
    };
    let restless = 2 + usize::from(options.density > 0.4) * 6;
    while lively.delivery.records.len() < options.events {
        lively.happen(restless);
        lively.wait();
    }
    lively.delivery.records
}

impl Lively {
    fn happen(&mut self, restless: usize) {
        let person = self.dice.below(self.world.people.len());
        let app = self.dice.below(self.world.apps.len());
        let newer = |weight: usize| if self.newer_facts { weight } else { 0 };
        let newer = [newer(12), newer(2 + restless), newer(4)];
        let weights = [[40, 34, restless, restless].as_slice(), &[1 + restless / 4, restless, restless], &newer].concat();
        match self.dice.weighted(&weights) {
            0 => self.send(person, app),
            1 => self.write(person, app),
            2 => self.move_away(person),
            3 => self.recycle(person),
            4 => self.swap(person),
            5 => self.wander(person, app),
            6 => self.respell(person),
            7 => self.type_in_app(person, app),
            8 => self.rename(person, app),
            _ => self.send_astray(person, app),
        }
    }

    /// Mostly a little later; sometimes exactly at the edge of a conversation; sometimes anywhere.
    fn wait(&mut self) {
        self.recent_s.push(self.clock_s);
        self.clock_s = match self.dice.weighted(&[25, 35, 20, 14, 6]) {
            0 => self.clock_s,
            1 => self.clock_s + self.dice.between(1, 60),
            2 => self.clock_s + self.dice.between(60, 8 * HOUR_S),
            3 => {
                let recent = self.recent_s.len().saturating_sub(8) + self.dice.below(self.recent_s.len().min(8));
                self.recent_s[recent] + self.idle_s + self.dice.between(-1, 1)
            }
            _ => self.last_s + 1,
        };
        if self.clock_s > self.last_s {
            self.clock_s = self.dice.between(self.first_s, self.last_s);
        }
    }

    pub fn at_ms(&mut self) -> i64 {
        let fraction = if self.dice.chance(0.5) { 0 } else { self.dice.between(0, 999) };
        self.clock_s * 1000 + fraction
    }

    pub fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{}", self.made)
    }

    /// What an event of this person shows: a phone, a BSUID, or both.
    pub fn shown(&mut self, person: usize, app: usize) -> (Option<String>, Option<String>) {
        let who = &self.world.people[person];
        let user = self.world.user(person, app).filter(|_| self.dice.below(10) < who.shows_user);
        let hidden = user.is_some() && self.dice.below(10) < who.hides_phone;
        let wa_id = self.world.subscribers[who.subscriber].wa_id.clone();
        ((!hidden).then_some(wa_id), user)
    }

    fn write(&mut self, person: usize, app: usize) {
        if self.world.people[person].silent {
            return self.send(person, app);
        }
        let shown = self.shown(person, app);
        let answers: Vec<Context> =
            self.sent.iter().rev().take(30).filter(|sent| sent.app == app && sent.person == person).map(Sent::context).collect();
        let context = if answers.is_empty() || !self.dice.chance(0.5) {
            None
        } else {
            let whole = self.dice.pick(&answers).clone();
            Some(self.partly(whole))
        };
        self.write_as(app, shown, context);
    }

    pub fn partly(&mut self, whole: Context) -> Context {
        match self.dice.below(3) {
            0 if whole.gs_id.is_some() => Context { id: None, meta_msg_id: None, ..whole },
            1 if whole.id.is_some() => Context { gs_id: None, ..whole },
            _ => whole,
        }
    }

    pub fn write_as(&mut self, app: usize, shown: (Option<String>, Option<String>), context: Option<Context>) {
        let (app, id) = (self.world.apps[app].clone(), self.id("in"));
        let (wa_id, user_id) = shown;
        let inbound = Inbound { app, id, wa_id, user_id, at_ms: self.at_ms(), context };
        self.delivery.deliver(&mut self.dice, Fact::Inbound(inbound));
    }

    /// To a new number or someone's old one, told or not, now or with a time in the past; the BSUID changes with it, or not.
    fn move_away(&mut self, person: usize) {
        let from = self.world.people[person].subscriber;
        let country = self.world.subscribers[from].country;
        let to = match self.dice.below(3) {
            0 => self.world.new_subscriber(&mut self.dice, country),
            1 => self.dice.below(self.world.subscribers.len()),
            _ => self.world.other_subscriber(&mut self.dice, from, false).unwrap_or(from),
        };
        self.change(person, from, to);
    }

    fn change(&mut self, person: usize, from: usize, to: usize) {
        let (old, new) = (self.world.subscribers[from].wa_id.clone(), self.world.subscribers[to].wa_id.clone());
        let before = self.world.people[person].users.clone();
        if old != new && self.dice.chance(0.85) {
            self.tell(&before, &old, &new);
        }
        let renewed = self.dice.chance(0.8);
        if renewed {
            self.world.people[person].users = self.world.new_users(&mut self.dice, to, 0.8);
        }
        self.world.people[person].subscriber = to;
        self.world.subscribers[to].holder = person;
    }

    /// The system message of a change, in one app or two.
    fn tell(&mut self, users: &[Option<String>], old: &str, new: &str) {
        let shift_s = *self.dice.pick(&[0, 0, 0, 0, -1, 1, -HOUR_S, -20 * HOUR_S]);
        let mut app = self.dice.below(self.world.apps.len());
        for _ in 0..=usize::from(self.dice.chance(0.3)) {
            let user_id = users[self.world.scopes[app]].clone().filter(|_| self.dice.chance(0.6));
            let (name, id, at_ms) = (self.world.apps[app].clone(), self.id("ch"), self.at_ms() + shift_s * 1000);
            let change = NumberChange { app: name, id, old: old.to_owned(), new: new.to_owned(), user_id, current_user_id: None, at_ms };
            self.delivery.deliver(&mut self.dice, Fact::NumberChange(change));
            app = (app + 1) % self.world.apps.len();
        }
    }

    /// The number of someone now belongs to a stranger, and nobody says so.
    fn recycle(&mut self, person: usize) {
        let subscriber = self.world.people[person].subscriber;
        let stranger = self.world.new_person(&mut self.dice, subscriber);
        let app = self.dice.below(self.world.apps.len());
        self.write(stranger, app);
    }

    fn swap(&mut self, person: usize) {
        let other = self.dice.below(self.world.people.len());
        let (here, there) = (self.world.people[person].subscriber, self.world.people[other].subscriber);
        if here != there {
            self.change(person, here, there);
            self.change(other, there, here);
            self.world.subscribers[here].holder = other;
        }
    }

    /// The BSUID of one person seen on another number.
    fn wander(&mut self, person: usize, app: usize) {
        let elsewhere = self.dice.below(self.world.subscribers.len());
        let subscriber = &self.world.subscribers[elsewhere];
        let user = self.world.user(person, app);
        let spelling = self.dice.pick(&subscriber.spellings).clone();
        self.write_as(app, (Some(spelling), user), None);
    }

    /// A change within one line: the same subscriber under another spelling, often with a new BSUID.
    fn respell(&mut self, person: usize) {
        let subscriber = &mut self.world.subscribers[self.world.people[person].subscriber];
        let Some(new) = subscriber.spellings.iter().find(|spelling| **spelling != subscriber.wa_id).cloned() else { return };
        let old = std::mem::replace(&mut subscriber.wa_id, new.clone());
        let before = self.world.people[person].users.clone();
        if self.dice.chance(0.8) {
            self.tell(&before, &old, &new);
        }
        if self.dice.chance(0.7) {
            let subscriber = self.world.people[person].subscriber;
            self.world.people[person].users = self.world.new_users(&mut self.dice, subscriber, 1.0);
        }
    }

    /// The business writes to them by hand, and the id may be one that is known already.
    fn type_in_app(&mut self, person: usize, app: usize) {
        let (wa_id, user_id) = self.shown(person, app);
        let spelling = self.dice.pick(&self.world.subscribers[self.world.people[person].subscriber].spellings).clone();
        let wa_id = wa_id.map(|wa_id| if self.dice.chance(0.3) { spelling } else { wa_id });
        let known = self.sent.last().filter(|sent| sent.app == app).map(|sent| sent.id.clone());
        let known = known.filter(|id| self.dice.chance(0.3) && self.echoed.insert(id.clone()));
        let id = known.unwrap_or_else(|| self.id("echo"));
        let echo = Echo { app: self.world.apps[app].clone(), id, wa_id, user_id, at_ms: self.at_ms() };
        self.delivery.deliver(&mut self.dice, Fact::Echo(echo));
        if self.dice.chance(0.3) {
            self.clock_s += self.dice.between(0, 600);
            self.write(person, app);
        }
    }

    /// Someone gets another BSUID, once or several times; each is told or not, in any order, and with the number or not.
    fn rename(&mut self, person: usize, app: usize) {
        let subscriber = self.world.people[person].subscriber;
        for _ in 0..*self.dice.pick(&[1, 1, 1, 2, 3]) {
            let Some(previous) = self.world.user(person, app) else { return };
            let current = self.world.new_user(subscriber);
            let number = Some(self.world.subscribers[subscriber].wa_id.clone());
            let shift_s = *self.dice.pick(&[0, 0, 0, -HOUR_S, -20 * HOUR_S]);
            let told = Renaming {
                app: self.world.apps[app].clone(),
                previous: Some(previous),
                current: current.clone(),
                wa_id: number.clone().filter(|_| self.dice.chance(0.5)),
                at_ms: self.at_ms() + shift_s * 1000,
            };
            match self.dice.below(10) {
                0 => {}
                1 | 2 => self.delivery.deliver(&mut self.dice, Fact::Renaming(Renaming { previous: None, wa_id: number, ..told })),
                _ => self.delivery.deliver(&mut self.dice, Fact::Renaming(told)),
            }
            self.world.people[person].users[self.world.scopes[app]] = Some(current);
            if self.dice.chance(0.5) {
                self.clock_s += self.dice.between(0, 600);
                let shown = (self.shown(person, app).0, self.world.user(person, app));
                self.write_as(app, shown, None);
            }
        }
        if self.dice.chance(0.2) {
            // Whoever has the number next is told of before the last news of who had it.
            self.recycle(person);
        }
    }
}
