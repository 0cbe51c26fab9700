//! A circle: numbers and BSUIDs that were ever seen together, whoever owned them. It only grows.
//!
//! Its facts live at one home, the root. Who is who inside it, and whose each message is, follows from them anew whenever
//! a fact arrives; an ordinary message asks only for its own conversation.

use super::entity::{Absorbed, Change, CircleEvent, Entity, Event, Fact, Home, Message, Owner, OwnerIs, Subject};
use super::flat::{FlatMap, FlatSet};
use super::ids::{Address, App, User};
use super::name_based::name_based;
use super::retell;
use super::state::{Key, Row};
use super::step::{Counts, Step};
use super::thread::{self, Bundle};
use super::walk::{Facts, Node, Walk};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// From how many facts on a circle is worth a look: families and renumbered people have a dozen. A shared telephone or a number for tests,
/// on which hundreds of people were seen, has more, and each of its facts costs the more.
pub const LARGE: usize = 1000;

/// The row of a circle.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Circle {
    /// The home that took this circle in; all else is then empty.
    pub into: Option<Home>,
    /// Who was seen where.
    pub facts: Facts,
    /// The addresses whose rows watch a subject here, with what was told them last.
    pub watchers: FlatMap<(Subject, Address), Option<Owner>>,
    /// The identities in use, with what founded them.
    pub identities: FlatMap<Uuid, Founder>,
    /// The identities that are no more, with the one that each belongs to.
    pub absorbed: FlatMap<Uuid, Uuid>,
    /// How many identities each number or BSUID has founded.
    pub generations: FlatMap<Subject, u32>,
    /// The apps that have messages here.
    pub apps: FlatSet<App>,
    /// Grows with each answer to a watcher.
    pub version: u64,
    /// What follows from all that.
    pub derived: Derived,
}

/// What follows from the rest of a circle's row, kept so that an ordinary message need not work it out; not stored.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Derived {
    /// Who owned which number when.
    pub walk: Arc<Walk>,
    /// The identity of each person that has one.
    pub known: FlatMap<Node, Uuid>,
}

/// What an identity was founded by: the person that this belongs to keeps it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Founder {
    /// A BSUID, or a number by its first owner.
    pub subject: Subject,
    /// A number by the owner who came with this change, if that person has neither of those.
    pub came_with: Option<Change>,
}

/// The circle founded at a home, while it is told something.
pub struct CircleEntity<'a> {
    /// The home.
    pub home: &'a Home,
}

impl CircleEntity<'_> {
    /// Forwards what it is told if it went into another circle; else takes it in.
    pub fn on_event(&self, step: &mut Step, event: &CircleEvent) {
        if let Some(into) = step.state.circle(self.home).and_then(|circle| circle.into.clone()) {
            return step.tell(Entity::Home(into), Event::Circle(event.clone()));
        }
        if let CircleEvent::Message(message) = event {
            return self.on_message(step, message);
        }
        let mut circle = self.row(step);
        let before = circle.facts.count();
        match event {
            CircleEvent::Message(_) => unreachable!("taken before"),
            CircleEvent::Link(other) => return self.on_link(step, circle, other),
            CircleEvent::Fact(fact) => {
                let walk = Arc::clone(&circle.derived.walk);
                if !circle.learn(fact) {
                    return;
                }
                // Mostly a sight earlier than the one known: who is who is as it was, and so is all that follows.
                if circle.derived.walk != walk {
                    self.retell(step, &mut circle);
                }
            }
            CircleEvent::Watch(subject, address) => {
                circle.watchers.entry((subject.clone(), address.clone())).or_default();
                circle.answer_watchers(step);
            }
            CircleEvent::HandOver(other) => {
                step.counts.hand_overs += 1;
                let is_news = circle.learns_from(other);
                circle.union(other.as_ref().clone());
                if is_news {
                    self.retell(step, &mut circle);
                }
            }
            CircleEvent::HandOverMessages(bundle) => {
                circle.apps.insert(bundle.app.clone());
                thread::unpack(step, self.home, bundle);
                self.retell(step, &mut circle);
            }
        }
        step.counts.note_circle(before, circle.facts.count());
        step.state.put(Key::Circle(self.home.clone()), Row::Circle(circle.into()));
    }

    /// An ordinary message leaves the row of its circle as it is.
    fn on_message(&self, step: &mut Step, message: &Message) {
        let known = step.state.circle(self.home).and_then(|circle| circle.known_identity(message));
        let replaced = thread::replace(step, self.home, message, known);
        match (replaced, known) {
            (thread::Replaced::Stale, Some(_)) => return,
            (thread::Replaced::New, Some(identity)) => return thread::assign(step, self.home, Some(identity), message),
            _ => {}
        }
        let mut circle = self.row(step);
        circle.apps.insert(message.app.clone());
        match replaced {
            thread::Replaced::Stale => {}
            thread::Replaced::Changed => self.retell(step, &mut circle),
            thread::Replaced::New => {
                let identity = circle.identity_of(message);
                thread::assign(step, self.home, identity, message);
            }
        }
        step.state.put(Key::Circle(self.home.clone()), Row::Circle(circle.into()));
    }

    fn row(&self, step: &mut Step) -> Circle {
        step.state.circle(self.home).cloned().unwrap_or_else(|| Circle::founded_at(self.home))
    }

    /// Two circles are one: the one at the greater home goes into the other.
    fn on_link(&self, step: &mut Step, circle: Circle, other: &Home) {
        if circle.facts.keys.contains(other) {
            return;
        }
        let to = Entity::Home(other.clone());
        if *other > *self.home {
            step.state.put(Key::Circle(self.home.clone()), Row::Circle(circle.into()));
            return step.tell(to, Event::Circle(CircleEvent::Link(self.home.clone())));
        }
        let bundles: Vec<Bundle> = circle.apps.iter().flat_map(|app| thread::pack(step, self.home, app)).collect();
        step.tell(to.clone(), Event::Circle(CircleEvent::HandOver(Box::new(Circle { derived: Derived::default(), ..circle }))));
        for bundle in bundles {
            step.tell(to.clone(), Event::Circle(CircleEvent::HandOverMessages(Box::new(bundle))));
        }
        let gone = Circle { into: Some(other.clone()), ..Circle::default() };
        step.state.put(Key::Circle(self.home.clone()), Row::Circle(gone.into()));
    }

    fn retell(&self, step: &mut Step, circle: &mut Circle) {
        circle.merge_identities(step);
        for app in circle.apps.clone() {
            retell::retell(step, self.home, circle, &app);
        }
        circle.answer_watchers(step);
    }
}

impl Counts {
    /// A circle that had so many facts before an event has so many now.
    fn note_circle(&mut self, before: usize, now: usize) {
        self.circle_facts_max = self.circle_facts_max.max(u64::try_from(now).expect("fits"));
        self.large_circles += u64::from(before <= LARGE && now > LARGE);
    }
}

impl Circle {
    /// The circle of one home.
    #[must_use]
    pub fn founded_at(home: &Home) -> Self {
        let facts = Facts { keys: [home.clone()].into(), ..Facts::default() };
        Self { facts, ..Self::default() }
    }

    /// The identity that an id stands for today.
    #[must_use]
    pub fn follow(&self, identity: Uuid) -> Uuid {
        let mut current = identity;
        while let Some(next) = self.absorbed.get(&current) {
            current = *next;
        }
        current
    }

    /// The person a message belongs to, if that can be said with the facts at hand.
    #[must_use]
    pub fn person_of(&self, message: &Message) -> Option<Node> {
        self.person(&message.subject(), message.app.tenant(), message.at.seconds())
    }

    /// The identity of a message's person, if it has one and nothing about the message's app is new here.
    fn known_identity(&self, message: &Message) -> Option<Uuid> {
        let person = self.person_of(message).filter(|_| self.apps.contains(&message.app))?;
        self.derived.known.get(&person).copied()
    }

    /// The identity of a message's person, founded now if it has none; `None` if the facts at hand do not tell the person.
    pub fn identity_of(&mut self, message: &Message) -> Option<Uuid> {
        let person = self.person_of(message)?;
        self.identity(message.app.tenant(), &person, &message.subject())
    }

    /// The identity of a person, founded now if it has none; `hint` is what it is known by just now.
    pub fn identity(&mut self, tenant: &str, person: &Node, hint: &Subject) -> Option<Uuid> {
        if let Some(known) = self.derived.known.get(person) {
            return Some(*known);
        }
        let founder = self.founder(tenant, person, hint)?;
        let generation = self.generations.entry(founder.subject.clone()).or_default();
        let identity = name_based(&NAMESPACE, format!("{tenant}\n{}\n{generation}", founder.subject.address().reveal()).as_bytes());
        *generation += 1;
        self.identities.insert(identity, founder);
        self.derived.known.insert(person.clone(), identity);
        Some(identity)
    }

    fn person(&self, subject: &Subject, tenant: &Arc<str>, at_s: i64) -> Option<Node> {
        let here = self.facts.keys.contains(&subject.home(tenant));
        let known = matches!(subject, Subject::User(user) if self.derived.walk.knows(user));
        (here || known).then(|| self.derived.walk.person(&self.derived.walk.node(subject, at_s)))
    }

    /// The person that a founder belongs to.
    fn founded(&self, founder: &Founder) -> Node {
        let came = founder.came_with.as_ref().and_then(|change| self.derived.walk.entrant(change));
        self.derived.walk.person(came.unwrap_or(&self.derived.walk.node(&founder.subject, i64::MIN)))
    }

    /// What founds the identity of a person: the number it is known by, if it was its first owner; else its least BSUID; else its least
    /// number; else, if it only ever came to numbers that others had, the least change that it came with.
    fn founder(&self, tenant: &str, person: &Node, hint: &Subject) -> Option<Founder> {
        let founder = |subject: Subject| Founder { subject, came_with: None };
        let founds = |founder: &Founder| self.founded(founder) == *person;
        let here = |founder: &Founder| self.facts.keys.contains(&founder.subject.home(&tenant.into()));
        let hint = Some(founder(hint.clone())).filter(|hint| matches!(hint.subject, Subject::Number(_)));
        let users = self.derived.walk.users(person).map(|user| founder(Subject::User(user.clone())));
        let changes = &self.facts.changes;
        let numbers = self.facts.sights.keys().map(|(number, _)| *number).chain(changes.iter().flat_map(|change| [change.old, change.new]));
        let numbers = numbers.map(|number| founder(Subject::Number(number)));
        let came = changes.iter().filter(|change| self.derived.walk.entrant(change).is_some());
        let came = came.map(|change| Founder { subject: Subject::Number(change.new), came_with: Some(change.clone()) });
        let fits = |found: &Founder| founds(found) && here(found);
        hint.filter(fits).or_else(|| users.filter(fits).min()).or_else(|| numbers.filter(fits).min()).or_else(|| came.filter(fits).min())
    }

    fn learn(&mut self, fact: &Fact) -> bool {
        let news = match fact.clone() {
            Fact::Sight(number, user, at_s) => self.facts.see(number, user, at_s),
            Fact::Same(one, other) => self.facts.same.insert((one, other)),
            Fact::Change(change) => self.facts.changes.insert(change),
            Fact::Renamed(previous, current) => self.facts.renamed.insert((previous, current)),
        };
        if news {
            self.derive();
        }
        news
    }

    /// Whether anything may follow from another circle being part of this one. Mostly it is the home of a BSUID that was just seen here, and
    /// knows nothing: nothing does if the person of that BSUID has its identity.
    fn learns_from(&self, other: &Self) -> bool {
        let Self { facts, watchers, identities, absorbed, generations, apps, .. } = other;
        let walk = &self.derived.walk;
        let is_known = |user: &User| {
            let person = || walk.person(&walk.node(&Subject::User(user.clone()), i64::MAX));
            walk.knows(user) && self.derived.known.contains_key(&person())
        };
        let is_settled = |home: &Home| matches!(home, Home::User { user, .. } if is_known(user));
        let knows_nothing = facts.count() == facts.keys.len()
            && (watchers.is_empty() && identities.is_empty() && absorbed.is_empty() && generations.is_empty() && apps.is_empty());
        !(knows_nothing && facts.keys.iter().all(is_settled))
    }

    fn union(&mut self, other: Self) {
        self.facts.union(other.facts);
        self.watchers.extend(other.watchers);
        self.identities.extend(other.identities);
        self.absorbed.extend(other.absorbed);
        self.apps.extend(other.apps);
        self.version = self.version.max(other.version) + 1;
        for (founder, count) in other.generations {
            let known = self.generations.entry(founder).or_default();
            *known = count.max(*known);
        }
        self.derive();
    }

    /// Brings up to date what follows from the rest.
    pub fn derive(&mut self) {
        self.derived.walk = Arc::new(Walk::new(&self.facts));
        self.derived.known = self.identities.iter().map(|(identity, founder)| (self.founded(founder), *identity)).collect();
    }

    /// Of the identities that are one person by now, the one with the least founder stays.
    fn merge_identities(&mut self, step: &mut Step) {
        // Mostly each is one person's.
        if self.derived.known.len() == self.identities.len() {
            return;
        }
        let mut of_person: BTreeMap<Node, Vec<(Founder, Uuid)>> = BTreeMap::new();
        for (identity, founder) in &self.identities {
            of_person.entry(self.founded(founder)).or_default().push((founder.clone(), *identity));
        }
        for mut same in of_person.into_values().filter(|same| same.len() > 1) {
            same.sort();
            let (_, current) = same[0];
            for (Founder { subject: founder, .. }, previous) in same.split_off(1) {
                step.counts.merges += 1;
                self.identities.remove(&previous);
                self.absorbed.insert(previous, current);
                let home = founder.home(&self.tenant());
                step.tell(Entity::Home(home), Event::Absorbed(Absorbed { founder, previous, current }));
            }
        }
        self.derived.known = self.identities.iter().map(|(identity, founder)| (self.founded(founder), *identity)).collect();
    }

    fn answer_watchers(&mut self, step: &mut Step) {
        let tenant = self.tenant();
        for ((subject, address), told) in self.watchers.clone() {
            let Some(person) = self.person(&subject, &tenant, i64::MAX) else { continue };
            let Some(identity) = self.identity(&tenant, &person, &subject) else { continue };
            let owner = self.owner(&subject, &person, identity);
            if told.as_ref() == Some(&owner) {
                continue;
            }
            self.version += 1;
            let absorbed = self.absorbed.keys().copied().filter(|absorbed| self.follow(*absorbed) == identity).collect();
            let said =
                OwnerIs { address: address.clone(), subject: subject.clone(), owner: owner.clone(), version: self.version, absorbed };
            step.tell(Entity::Home(Home::of_address(&tenant, &address)), Event::OwnerIs(said));
            self.watchers.insert((subject, address), Some(owner));
        }
    }

    /// A person that a subject is today.
    fn owner(&self, subject: &Subject, person: &Node, identity: Uuid) -> Owner {
        let walk = &self.derived.walk;
        let Subject::Number(number) = subject else { return Owner { identity, user: None, others: FlatSet::new(), since_s: None } };
        let (user, others) = walk.users_of(*number, person);
        Owner { identity, user: user.cloned(), others, since_s: walk.since(*number, person) }
    }

    fn tenant(&self) -> Arc<str> {
        self.facts.keys.first().expect("a circle has a home").tenant().clone()
    }
}

/// The namespace of identity and conversation ids.
pub const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_0c3a_52f4_5c1e_9d0b_77a1_d6b0_e5a4);
