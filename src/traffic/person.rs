//! Who is in the simulated world: each person a pure function of the world's seed and an index.

use super::World;
use super::country::{ARTICLE, Country, Numbers};
use super::dice::Dice;
use super::turn::{Change, SECOND_APP, Turn};

/// How a person and the business came to know each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acquaintance {
    /// The number was in the business's records.
    Listed,
    /// The person wrote first; the business dials what it saw, the wa_id.
    WroteFirst,
    /// The person writes and is never written to.
    OnlyWrites,
    /// As listed, but by a user name: neither side sees a number, unless the person shows it.
    Nameless,
}

/// How the business's records group the digits of a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spelling {
    /// `5535987654321`
    Digits,
    /// `+5535987654321`
    Plus,
    /// `+55 35 98765-4321`
    Grouped,
    /// `005535987654321`
    Zeros,
}

/// A person, or two if the number was given to another.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// The index, less than the number of people.
    pub index: u32,
    /// Where the number is from.
    pub country: Country,
    /// The number's spellings, at first.
    pub numbers: Numbers,
    /// How the two came to know each other.
    pub acquaintance: Acquaintance,
    /// How the business writes the number.
    pub spelling: Spelling,
    /// The app that this person mostly talks to.
    pub app: u16,
    /// Another one, if there is one.
    pub second_app: Option<u16>,
    /// What happens to the person once.
    pub turn: Option<Turn>,
}

impl Person {
    /// The person with this index.
    pub(super) fn new(world: &World, index: u32) -> Self {
        let mut dice = world.dice(index, None);
        let seven = world.seven_digits(index);
        let country = Country::draw(&mut dice);
        let drawn = country.numbers(seven, &mut dice);
        let acquaintance = acquaintance(&mut dice);
        let spelling = dice.pick(&[Spelling::Digits, Spelling::Digits, Spelling::Plus, Spelling::Grouped, Spelling::Zeros]);
        let apps = world.settings().apps;
        let app = u16::try_from(dice.below(u32::from(apps))).expect("less than the apps");
        let other = (app + 1) % apps;
        let more = dice.below(1000);
        let moment = dice.below(world.settings().visits.saturating_sub(1).max(1)) + 1;
        let mut person = Self { index, country, numbers: drawn, acquaintance, spelling, app, second_app: None, turn: None };
        person.numbers = drawn.known_by(acquaintance);
        person.turn = Turn::of(world, &person, more, moment);
        if person.turn.is_none() && acquaintance != Acquaintance::Nameless {
            person.second_app = Some(other).filter(|other| *other != app && more < SECOND_APP);
        }
        if index == 0 { person.of_the_article() } else { person }
    }

    /// The worked example: nothing about it is drawn.
    fn of_the_article(self) -> Self {
        Self {
            country: Country::Brazil,
            numbers: ARTICLE,
            acquaintance: Acquaintance::Listed,
            spelling: Spelling::Grouped,
            app: 0,
            second_app: None,
            turn: None,
            ..self
        }
    }

    /// Whether neither side sees a number in a visit.
    pub fn is_nameless(&self, visit: u32) -> bool {
        self.acquaintance == Acquaintance::Nameless && self.turned(visit) != Some(Change::Shown)
    }

    /// The number's spellings at a visit.
    pub fn numbers(&self, visit: u32) -> Numbers {
        match self.turned(visit) {
            Some(Change::Moved(numbers)) => numbers,
            Some(Change::Recycled | Change::Renamed | Change::Shown) | None => self.numbers,
        }
    }

    /// The number that a visit dials: records of the same person are used in turn.
    pub fn dialled(&self, visit: u32) -> u64 {
        let numbers = self.numbers(visit);
        numbers.also_dialled.filter(|_| visit % 2 == 1).unwrap_or(numbers.dialled)
    }

    /// The app that a visit is with.
    pub fn app_of(&self, visit: u32) -> u16 {
        self.second_app.filter(|_| visit % 2 == 1).unwrap_or(self.app)
    }

    /// Who has the number: 0, or 1 once it was given to another.
    pub fn owner(&self, visit: u32) -> u8 {
        u8::from(self.turned(visit) == Some(Change::Recycled))
    }

    /// Which BSUID it is: 0, or 1 once it is another one.
    pub fn generation(&self, visit: u32) -> u8 {
        match self.turned(visit) {
            Some(Change::Recycled | Change::Moved(_) | Change::Renamed) => 1,
            Some(Change::Shown) | None => 0,
        }
    }

    /// Whether the number is given to another some time.
    pub fn is_recycled(&self) -> bool {
        self.turn.is_some_and(|turn| turn.change == Change::Recycled)
    }

    /// How many of a thousand events name the BSUID. All, where nothing else tells who it is.
    pub fn named_permille(&self) -> u32 {
        let alone = self.acquaintance == Acquaintance::Nameless || self.is_recycled() || self.index == 0;
        if alone { 1000 } else { 950 }
    }

    /// What has happened to the person by a visit.
    fn turned(&self, visit: u32) -> Option<Change> {
        self.turn.filter(|turn| visit >= turn.visit).map(|turn| turn.change)
    }
}

fn acquaintance(dice: &mut Dice) -> Acquaintance {
    match dice.below(1000) {
        0..820 => Acquaintance::Listed,
        820..950 => Acquaintance::WroteFirst,
        950..985 => Acquaintance::OnlyWrites,
        _ => Acquaintance::Nameless,
    }
}
