//! People, the subscribers whose numbers they hold, and the BSUIDs that each app knows them by.

use super::super::apps::{self, LINE_UPS};
use super::Options;
use super::dice::Dice;

/// A subscriber line of some country: the spelling that WhatsApp uses, and all that a business may have stored.
pub struct Subscriber {
    pub country: usize,
    pub wa_id: String,
    pub spellings: Vec<String>,
    /// Who holds it now.
    pub holder: usize,
}

pub struct Person {
    pub subscriber: usize,
    /// By scope; `None` until WhatsApp gives one.
    pub users: Vec<Option<String>>,
    /// How often events name the BSUID, in tenths.
    pub shows_user: usize,
    /// How often events leave out the phone although there is a BSUID, in tenths.
    pub hides_phone: usize,
    /// Never writes.
    pub silent: bool,
    /// Known by the BSUID alone: no status of theirs says a phone either.
    pub phoneless: bool,
}

pub struct World {
    pub apps: Vec<String>,
    /// By app, which of the scopes of BSUIDs is its own.
    pub scopes: Vec<usize>,
    /// By scope, whose it is.
    tenants: Vec<String>,
    pub people: Vec<Person>,
    pub subscribers: Vec<Subscriber>,
    users_made: usize,
    /// The number of its first subscriber.
    first: usize,
}

/// Subscribers of one country share a calling code.
const COUNTRIES: [&str; 9] = ["BR", "BL", "MX", "AR", "CI", "BJ", "US", "PT", "IN"];
const WEIGHTS: [usize; 9] = [30, 10, 12, 14, 5, 4, 10, 5, 5];

impl World {
    pub fn new(dice: &mut Dice, options: &Options) -> Self {
        let Options { world, people, density, wide, .. } = *options;
        let apps = if wide { *dice.pick(&LINE_UPS) } else { LINE_UPS[dice.below(2)] };
        let mut world = World {
            apps: apps.iter().map(|app| (*app).to_owned()).collect(),
            scopes: Vec::new(),
            tenants: Vec::new(),
            people: Vec::new(),
            subscribers: Vec::new(),
            users_made: world * 10_000,
            first: world * 1000,
        };
        world.tell_scopes_apart();
        let home = dice.weighted(&WEIGHTS);
        while world.people.len() < people {
            let country = if dice.chance(density) { home } else { dice.weighted(&WEIGHTS) };
            let subscriber = world.new_subscriber(dice, country);
            world.new_person(dice, subscriber);
            // The other number of a landline pair is someone else's.
            if COUNTRIES[country] == "BL" && world.people.len() < people {
                let pair = world.landline_pair(subscriber);
                world.new_person(dice, pair);
            }
        }
        world
    }

    fn tell_scopes_apart(&mut self) {
        let mut names: Vec<&str> = Vec::new();
        for app in &self.apps {
            let scope = apps::scope(app);
            let known = names.iter().position(|name| *name == scope);
            self.scopes.push(known.unwrap_or(names.len()));
            if known.is_none() {
                names.push(scope);
                self.tenants.push(apps::tenant(app).to_owned());
            }
        }
    }

    /// The BSUID that this app knows someone by.
    pub fn user(&self, person: usize, app: usize) -> Option<String> {
        self.people[person].users[self.scopes[app]].clone()
    }

    pub fn shares_users(&self, app: usize) -> bool {
        self.scopes.iter().filter(|scope| **scope == self.scopes[app]).count() > 1
    }

    pub fn new_subscriber(&mut self, dice: &mut Dice, country: usize) -> usize {
        let serial = 1_000_000 + (self.first + self.subscribers.len()) * 7919 % 9_000_000;
        let spellings = match COUNTRIES[country] {
            "BR" => {
                let area = dice.pick(&[11, 35, 81]);
                let local = format!("{}{serial}", 6 + dice.below(4));
                let mut spellings = vec![format!("55{area}{local}"), format!("55{area}9{local}")];
                if *area == 11 || dice.chance(0.2) {
                    spellings.reverse();
                }
                spellings
            }
            "BL" => vec![format!("5511{}{serial}", 2 + dice.below(4))],
            "MX" => {
                let mut spellings = vec![format!("521551{serial}"), format!("52551{serial}")];
                if dice.chance(0.4) {
                    spellings.reverse();
                }
                spellings
            }
            "AR" => vec![format!("549114{serial}"), format!("54114{serial}"), format!("5411154{serial}")],
            "CI" => vec![format!("2250{serial}"), format!("225010{serial}")],
            "BJ" => vec![format!("2299{serial}"), format!("229019{serial}")],
            "US" => vec![format!("1631{serial}")],
            "PT" => vec![format!("35191{serial}")],
            _ => vec![format!("91982{serial}")],
        };
        self.subscribers.push(Subscriber { country, wa_id: spellings[0].clone(), spellings, holder: usize::MAX });
        self.subscribers.len() - 1
    }

    /// `55 11 9 3333-4444` beside `55 11 3333-4444`.
    fn landline_pair(&mut self, landline: usize) -> usize {
        let Subscriber { country, wa_id, .. } = &self.subscribers[landline];
        let (country, wa_id) = (*country, format!("55119{}", &wa_id[4..]));
        self.subscribers.push(Subscriber { country, spellings: vec![wa_id.clone()], wa_id, holder: usize::MAX });
        self.subscribers.len() - 1
    }

    /// A new person takes the number over, whoever had it.
    pub fn new_person(&mut self, dice: &mut Dice, subscriber: usize) -> usize {
        // Who takes a number over from someone phoneless mostly is so too.
        let before = self.people.get(self.subscribers[subscriber].holder);
        let phoneless = dice.chance(if before.is_some_and(|before| before.phoneless) { 0.8 } else { 0.1 });
        let known = if phoneless { 1.0 } else { 0.7 };
        let users = self.new_users(dice, subscriber, known);
        let shows_user = if phoneless { 9 } else { *dice.pick(&[0, 3, 6, 9, 10]) };
        let hides_phone = if phoneless { 10 } else { *dice.pick(&[0, 0, 0, 2, 6, 10]) };
        let silent = phoneless || dice.chance(0.25);
        self.people.push(Person { subscriber, users, shows_user, hides_phone, silent, phoneless });
        let person = self.people.len() - 1;
        self.subscribers[subscriber].holder = person;
        person
    }

    /// One for each scope, or none. What another tenant has there often is the same, and means nothing.
    pub fn new_users(&mut self, dice: &mut Dice, subscriber: usize, known: f64) -> Vec<Option<String>> {
        let mut users: Vec<Option<String>> = Vec::new();
        for scope in 0..self.tenants.len() {
            let elsewhere = (0..scope).find(|other| self.tenants[*other] != self.tenants[scope]).and_then(|other| users[other].clone());
            users.push(match elsewhere {
                Some(user) if dice.chance(0.7) => Some(user),
                Some(_) | None => dice.chance(known).then(|| self.new_user(subscriber)),
            });
        }
        users
    }

    pub fn new_user(&mut self, subscriber: usize) -> String {
        self.users_made += 1;
        let country = COUNTRIES[self.subscribers[subscriber].country].replace("BL", "BR");
        format!("{country}.{}", 1000 + self.users_made)
    }

    /// Another subscriber with the same calling code, if there is one; or, if `foreign`, with another.
    pub fn other_subscriber(&self, dice: &mut Dice, than: usize, foreign: bool) -> Option<usize> {
        let code = |subscriber: usize| COUNTRIES[self.subscribers[subscriber].country].replace("BL", "BR");
        let others: Vec<usize> =
            (0..self.subscribers.len()).filter(|&other| other != than && (code(other) != code(than)) == foreign).collect();
        (!others.is_empty()).then(|| *dice.pick(&others))
    }
}

/// As people type numbers.
pub fn typed(dice: &mut Dice, number: &str) -> String {
    match dice.below(6) {
        0 => format!("+{number}"),
        1 => format!("00{number}"),
        2 => format!("+{} ({}) {}-{}", &number[..2], &number[2..4], &number[4..8], &number[8..]),
        _ => number.to_owned(),
    }
}
