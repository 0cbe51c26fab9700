//! Lines, their owners in time, and persons.

use super::super::forest::Forest;
use super::joins::{Dialled, Joins};
use super::users::{Renaming, UserNames};
use super::{Bsuid, numbers};
use std::collections::{BTreeMap, BTreeSet};

pub type PersonId = usize;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    pub at_s: i64,
    pub old: String,
    pub new: String,
    pub user: Option<Bsuid>,
}

/// One stretch of a line, from when it opened to when the next one opens.
#[derive(Clone, Debug)]
pub struct Owner {
    pub opened_at_s: i64,
    /// By name.
    pub users: BTreeSet<Bsuid>,
    /// Of which this owner has its BSUID already.
    scopes: BTreeSet<String>,
    closed: bool,
    person: usize,
}

/// Everything on one line, in the order of the walk: an entry first, a leave last within a second.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Entry(Change),
    Within(Change),
    Sight { wa_id: String, user: Bsuid },
    Leave(Change),
}

/// When a BSUID was seen on a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    pub earliest_s: i64,
    /// The earliest that is more than a repetition of what was dialled.
    pub earliest_first_hand_s: Option<i64>,
}

#[derive(Default)]
pub struct Owners {
    /// Per wa_id and BSUID.
    pub sights: BTreeMap<(String, Bsuid), Seen>,
    pub names: UserNames,
    /// By narrow subscriber: the line it is part of.
    pub line_of: BTreeMap<String, usize>,
    pub lines: Vec<Vec<Owner>>,
    users: BTreeMap<Bsuid, usize>,
    persons: Forest,
}

impl Owners {
    /// In all of this a BSUID stands for its name.
    pub fn walk(joins: &Joins, changes: &BTreeSet<Change>, renamings: &BTreeSet<Renaming>) -> Self {
        let names = UserNames::of(renamings);
        let by_name = |change: &Change| Change { user: change.user.as_ref().map(|user| names.name(user)), ..change.clone() };
        let changes: &BTreeSet<Change> = &changes.iter().map(by_name).collect();
        let mut owners = Owners { sights: sights(joins, renamings), names, ..Owners::default() };
        owners.draw_lines(joins, changes);
        let mut leavers = BTreeMap::new();
        let mut enterers = BTreeMap::new();
        for (line, steps) in owners.steps(changes) {
            for (at_s, step) in steps {
                match step {
                    Step::Entry(change) => drop(enterers.insert(change, owners.open(line, at_s))),
                    Step::Within(change) => {
                        let named = owners.named(line, change.user.as_ref());
                        let named = &mut owners.lines[line][named];
                        let is_stale = change.old == change.new && change.user.as_ref().is_some_and(|user| named.users.contains(user));
                        if !is_stale {
                            named.scopes.clear();
                        }
                    }
                    Step::Sight { user, .. } => owners.sight(line, at_s, &user),
                    Step::Leave(change) => {
                        let named = owners.named(line, change.user.as_ref());
                        owners.lines[line][named].closed = true;
                        leavers.insert(change, owners.lines[line][named].person);
                    }
                }
            }
        }
        for (change, enterer) in enterers {
            owners.persons.join(enterer, leavers[&change]);
        }
        owners
    }

    pub fn person_of(&mut self, user: &Bsuid) -> PersonId {
        let node = self.user_node(user);
        self.persons.root(node)
    }

    /// The owner of a number's line at a time: the last one opened by then, the first since ever.
    pub fn owner_at(&mut self, number: &str, at_s: i64) -> PersonId {
        let line = self.line(number);
        let opened = self.lines[line].iter().skip(1).filter(|owner| owner.opened_at_s <= at_s).count();
        let person = self.lines[line][opened].person;
        self.persons.root(person)
    }

    pub fn owner_today(&mut self, number: &str) -> PersonId {
        self.owner_at(number, i64::MAX)
    }

    /// Spellings of one subscriber: the narrow rule, and accepted joins inside a class.
    fn draw_lines(&mut self, joins: &Joins, changes: &BTreeSet<Change>) {
        let mut linked = Forest::default();
        let mut spellings: BTreeMap<String, usize> = BTreeMap::new();
        let mut spelling =
            |number: &str, linked: &mut Forest| -> usize { *spellings.entry(numbers::subscriber(number)).or_insert_with(|| linked.add()) };
        for outbound in joins.outbound.values() {
            let Dialled::Phone(phone) = &outbound.dialled else { continue };
            for wa_id in outbound.evidence.iter().filter_map(|element| element.wa_id.as_ref()) {
                if numbers::linkable(phone, wa_id) {
                    let (dialled, answer) = (spelling(phone, &mut linked), spelling(wa_id, &mut linked));
                    linked.join(dialled, answer);
                }
            }
        }
        for number in self.sights.keys().map(|(wa_id, _)| wa_id).chain(changes.iter().flat_map(|change| [&change.old, &change.new])) {
            spelling(number, &mut linked);
        }
        let mut numbered: BTreeMap<usize, usize> = BTreeMap::new();
        for (subscriber, index) in spellings {
            let root = linked.root(index);
            let line = *numbered.entry(root).or_insert_with(|| self.new_line());
            self.line_of.insert(subscriber, line);
        }
    }

    /// A line starts with one open owner without BSUIDs.
    fn new_line(&mut self) -> usize {
        self.lines.push(Vec::new());
        self.open(self.lines.len() - 1, i64::MIN);
        self.lines.len() - 1
    }

    fn line(&mut self, number: &str) -> usize {
        let subscriber = numbers::subscriber(number);
        if let Some(line) = self.line_of.get(&subscriber) {
            return *line;
        }
        let line = self.new_line();
        self.line_of.insert(subscriber, line);
        line
    }

    fn steps(&mut self, changes: &BTreeSet<Change>) -> BTreeMap<usize, BTreeSet<(i64, Step)>> {
        let mut steps: BTreeMap<usize, BTreeSet<(i64, Step)>> = BTreeMap::new();
        let mut first: BTreeMap<(usize, Bsuid), (i64, String)> = BTreeMap::new();
        for ((wa_id, user), Seen { earliest_s: at_s, .. }) in self.sights.clone() {
            let (line, name) = (self.line(&wa_id), self.names.name(&user));
            let earliest = first.entry((line, name)).or_insert((at_s, wa_id.clone()));
            *earliest = earliest.clone().min((at_s, wa_id));
        }
        for ((line, user), (at_s, wa_id)) in first {
            steps.entry(line).or_default().insert((at_s, Step::Sight { wa_id, user }));
        }
        for change in changes.iter().cloned() {
            let (old, new) = (self.line(&change.old), self.line(&change.new));
            if old == new {
                steps.entry(old).or_default().insert((change.at_s, Step::Within(change)));
            } else {
                steps.entry(old).or_default().insert((change.at_s, Step::Leave(change.clone())));
                steps.entry(new).or_default().insert((change.at_s, Step::Entry(change)));
            }
        }
        steps
    }

    fn open(&mut self, line: usize, opened_at_s: i64) -> usize {
        let person = self.persons.add();
        let (users, scopes) = (BTreeSet::new(), BTreeSet::new());
        self.lines[line].push(Owner { opened_at_s, users, scopes, closed: false, person });
        person
    }

    /// An unknown BSUID joins the current owner, unless that one is closed or has one of this scope.
    fn sight(&mut self, line: usize, at_s: i64, user: &Bsuid) {
        let current = self.lines[line].last().expect("a line has an owner");
        if current.closed || current.scopes.contains(&user.scope) {
            self.open(line, at_s);
        }
        let node = self.user_node(user);
        let current = self.lines[line].last_mut().expect("a line has an owner");
        current.users.insert(user.clone());
        current.scopes.insert(user.scope.clone());
        self.persons.join(current.person, node);
    }

    /// The owner that has this BSUID so far, else the current one.
    fn named(&self, line: usize, user: Option<&Bsuid>) -> usize {
        let owners = &self.lines[line];
        let has = |owner: &Owner| user.is_some_and(|user| owner.users.contains(user));
        owners.iter().position(has).unwrap_or(owners.len() - 1)
    }

    fn user_node(&mut self, user: &Bsuid) -> usize {
        *self.users.entry(self.names.name(user)).or_insert_with(|| self.persons.add())
    }
}

fn sights(joins: &Joins, renamings: &BTreeSet<Renaming>) -> BTreeMap<(String, Bsuid), Seen> {
    let mut sights: BTreeMap<(String, Bsuid), Seen> = BTreeMap::new();
    let mut saw = |wa_id: &Option<String>, user: &Option<Bsuid>, at_s: i64, hearsay: bool| {
        if let (Some(wa_id), Some(user)) = (wa_id, user) {
            let fresh = Seen { earliest_s: at_s, earliest_first_hand_s: None };
            let seen = sights.entry((wa_id.clone(), user.clone())).or_insert(fresh);
            seen.earliest_s = at_s.min(seen.earliest_s);
            if !hearsay {
                seen.earliest_first_hand_s = Some(seen.earliest_first_hand_s.map_or(at_s, |earliest| earliest.min(at_s)));
            }
        }
    };
    for mail in joins.inbound.values() {
        saw(&mail.wa_id, &mail.user, mail.at_s, false);
    }
    for echo in joins.echoes.values() {
        saw(&echo.wa_id, &echo.user, echo.at_s, true);
    }
    for outbound in joins.outbound.values() {
        for element in &outbound.evidence {
            let repeated = element.wa_id.as_ref().is_some_and(|wa_id| outbound.dialled == Dialled::Phone(wa_id.clone()));
            saw(&element.wa_id, &element.user, element.at_s, repeated);
        }
    }
    for renaming in renamings {
        saw(&renaming.wa_id, &Some(renaming.current.clone()), renaming.at_s, false);
    }
    sights
}
