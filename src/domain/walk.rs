//! The owner walk: who owned each number when, and which owners are one person. A pure function of the facts of a circle.

use super::entity::{Change, Home, Subject};
use super::flat::{FlatMap, FlatSet};
use super::ids::{Number, User};
use super::number::{Subscriber, subscriber};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The facts that owners follow from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// The homes whose facts are all here.
    pub keys: FlatSet<Home>,
    /// Numbers and BSUIDs seen together, at the earliest, s.
    pub sights: FlatMap<(Number, User), i64>,
    /// Spellings of one class that evidence says are one subscriber.
    pub same: FlatSet<(Number, Number)>,
    /// Moves.
    pub changes: FlatSet<Change>,
    /// BSUIDs that became others, each with what it became.
    pub renamed: FlatSet<(User, User)>,
}

/// Something that can be a person, alone or with others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Node {
    /// The n-th owner of a line.
    Owner(Subscriber, usize),
    /// A BSUID, by its name.
    User(User),
}

/// Who owned which line when, and who is who.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Walk {
    lines: FlatMap<Subscriber, Subscriber>,
    names: Names,
    owners: FlatMap<Subscriber, Vec<Owner>>,
    persons: FlatMap<Node, Node>,
    entrants: FlatMap<Change, Node>,
}

/// BSUIDs that became others.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Names {
    /// Each that became another or came from one, with the least of those that are one person's by that.
    classes: FlatMap<User, User>,
    /// Those that became another.
    given_up: FlatSet<User>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Owner {
    opened_s: i64,
    users: FlatSet<User>,
    scopes: FlatSet<Arc<str>>,
    closed: bool,
}

/// What happens on a line. At one second, in this order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Happening<'a> {
    Entry(&'a Change),
    Within(&'a Change),
    Sight(Number, &'a User),
    Leave(&'a Change),
}

impl Facts {
    /// Takes another circle's facts in.
    pub fn union(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.same.extend(other.same);
        self.changes.extend(other.changes);
        self.renamed.extend(other.renamed);
        for ((number, user), at_s) in other.sights {
            self.see(number, user, at_s);
        }
    }

    /// Takes a sight in; whether it is news.
    pub fn see(&mut self, number: Number, user: User, at_s: i64) -> bool {
        let known = self.sights.entry((number, user)).or_insert(i64::MAX);
        let news = at_s < *known;
        *known = at_s.min(*known);
        news
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.keys.len() + self.sights.len() + self.same.len() + self.changes.len() + self.renamed.len()
    }

    fn holds(&self, number: Number) -> bool {
        self.keys.iter().any(|home| home.holds(number))
    }
}

impl Walk {
    /// Walks every line of the circle.
    #[must_use]
    pub fn new(facts: &Facts) -> Self {
        let names = Names::new(&facts.renamed);
        let mut walk = Self { lines: lines(&facts.same), ..Self::default() };
        let mut moves: BTreeMap<&Change, [Option<Node>; 2]> = BTreeMap::new();
        for (line, mut happenings) in walk.happenings(facts, &names) {
            happenings.sort();
            let mut owners = vec![Owner::new(i64::MIN)];
            for (at_s, happening) in &happenings {
                match happening {
                    Happening::Sight(_, user) => sight(&mut owners, *at_s, user),
                    Happening::Within(change) => within(&mut owners, change, &names),
                    Happening::Leave(change) => {
                        let (index, leaver) = named(&mut owners, change, &names);
                        leaver.closed = true;
                        moves.entry(change).or_default()[0] = Some(Node::Owner(line, index));
                    }
                    Happening::Entry(change) => {
                        owners.push(Owner::new(*at_s));
                        moves.entry(change).or_default()[1] = Some(Node::Owner(line, owners.len() - 1));
                    }
                }
            }
            walk.owners.insert(line, owners);
        }
        walk.entrants = moves.iter().filter_map(|(change, [_, entrant])| Some(((*change).clone(), entrant.clone()?))).collect();
        walk.join_persons(moves.into_values());
        walk.names = names;
        walk
    }

    /// The person that a node is, or is part of.
    #[must_use]
    pub fn person(&self, node: &Node) -> Node {
        let mut current = node;
        while let Some(parent) = self.persons.get(current).filter(|parent| *parent != current) {
            current = parent;
        }
        current.clone()
    }

    /// Who a subject was at a second: a BSUID is its name, a number goes by its owner then.
    #[must_use]
    pub fn node(&self, subject: &Subject, at_s: i64) -> Node {
        match subject {
            Subject::User(user) => Node::User(self.names.of(user).clone()),
            Subject::Number(number) => {
                let line = self.line(*number);
                // They open one after the other.
                let last = |owners: &Vec<Owner>| owners.partition_point(|owner| owner.opened_s <= at_s).saturating_sub(1);
                Node::Owner(line, self.owners.get(&line).map_or(0, last))
            }
        }
    }

    /// The owner who came with a change.
    #[must_use]
    pub fn entrant(&self, change: &Change) -> Option<&Node> {
        self.entrants.get(change)
    }

    /// Whether a BSUID was seen on a number here.
    #[must_use]
    pub fn knows(&self, user: &User) -> bool {
        self.persons.contains_key(&Node::User(self.names.of(user).clone()))
    }

    /// All BSUIDs that are one person with `person`, under each of their names.
    pub fn users<'a>(&'a self, person: &'a Node) -> impl Iterator<Item = &'a User> {
        let members = self.persons.keys().filter(move |node| self.person(node) == *person);
        let users = members.chain([person]).filter_map(|node| match node {
            Node::User(user) => Some(user),
            Node::Owner(..) => None,
        });
        users.flat_map(|name| self.names.all(name).chain([name]))
    }

    /// If others than `person`, who has it today, ever had a number: the least BSUID of the owner today, of those that became no other, and those of the
    /// others, under each of their names.
    #[must_use]
    pub fn users_of(&self, number: Number, person: &Node) -> (Option<&User>, FlatSet<User>) {
        let line = self.line(number);
        let Some([before @ .., today]) = self.owners.get(&line).map(Vec::as_slice) else { return (None, FlatSet::new()) };
        let mut others = before.iter().enumerate().filter(|(index, _)| self.person(&Node::Owner(line, *index)) != *person).peekable();
        let had_others = others.peek().is_some();
        let names = others.flat_map(|(_, owner)| &owner.users);
        let others: FlatSet<User> = names.flat_map(|name| self.names.all(name).chain([name])).cloned().collect();
        let current = today.users.iter().map(|name| self.names.current(name)).min();
        (current.filter(|_| had_others), others)
    }

    /// Since when, s, `person`, who has a number today, has it without a break, if somebody had it before.
    #[must_use]
    pub fn since(&self, number: Number, person: &Node) -> Option<i64> {
        let line = self.line(number);
        let owners = self.owners.get(&line)?.iter().enumerate().rev();
        let (first, owner) = owners.take_while(|(index, _)| self.person(&Node::Owner(line, *index)) == *person).last()?;
        (first > 0).then_some(owner.opened_s)
    }

    fn line(&self, number: Number) -> Subscriber {
        let own = subscriber(number);
        self.lines.get(&own).copied().unwrap_or(own)
    }

    fn happenings<'a>(&self, facts: &'a Facts, names: &'a Names) -> BTreeMap<Subscriber, Vec<(i64, Happening<'a>)>> {
        let mut earliest: BTreeMap<(Subscriber, &User), (i64, Number)> = BTreeMap::new();
        for ((number, user), at_s) in &facts.sights {
            let known = earliest.entry((self.line(*number), names.of(user))).or_insert((*at_s, *number));
            *known = (*at_s, *number).min(*known);
        }
        let sights = earliest.into_iter().map(|((line, user), (at_s, number))| (line, (at_s, Happening::Sight(number, user))));
        let mut happenings: BTreeMap<Subscriber, Vec<(i64, Happening<'a>)>> = BTreeMap::new();
        for (line, happening) in sights {
            happenings.entry(line).or_default().push(happening);
        }
        for change in &facts.changes {
            let (old, new) = (self.line(change.old), self.line(change.new));
            let moved = [(change.old, old, Happening::Leave(change)), (change.new, new, Happening::Entry(change))];
            let within = [(change.old, old, Happening::Within(change))];
            let all = if old == new { &within[..] } else { &moved[..] };
            for (_, line, happening) in all.iter().filter(|(number, ..)| facts.holds(*number)) {
                happenings.entry(*line).or_default().push((change.at_s, happening.clone()));
            }
        }
        happenings
    }

    fn join_persons(&mut self, moves: impl Iterator<Item = [Option<Node>; 2]>) {
        let owned: Vec<(Node, FlatSet<User>)> = self
            .owners
            .iter()
            .flat_map(|(line, owners)| owners.iter().enumerate().map(|(index, owner)| (Node::Owner(*line, index), owner.users.clone())))
            .collect();
        let all = owned.iter().flat_map(|(owner, users)| users.iter().cloned().map(Node::User).chain([owner.clone()]));
        self.persons = all.map(|node| (node.clone(), node)).collect();
        for (owner, users) in owned {
            for user in users {
                self.join(&owner, &Node::User(user));
            }
        }
        for [leaver, entrant] in moves {
            if let (Some(leaver), Some(entrant)) = (leaver, entrant) {
                self.join(&leaver, &entrant);
            }
        }
    }

    fn join(&mut self, one: &Node, other: &Node) {
        let (one, other) = (self.person(one), self.person(other));
        let (root, child) = if one <= other { (one, other) } else { (other, one) };
        self.persons.entry(root.clone()).or_insert_with(|| root.clone());
        self.persons.insert(child, root);
    }
}

impl Names {
    fn new(renamed: &FlatSet<(User, User)>) -> Self {
        Self {
            classes: classes(renamed.iter().map(|(previous, current)| [previous.clone(), current.clone()])),
            given_up: renamed.iter().map(|(previous, _)| previous.clone()).collect(),
        }
    }

    /// What a BSUID goes by.
    fn of<'a>(&'a self, user: &'a User) -> &'a User {
        self.classes.get(user).unwrap_or(user)
    }

    /// The BSUIDs that go by a name, if it has more than one.
    fn all<'a>(&'a self, name: &'a User) -> impl Iterator<Item = &'a User> {
        self.classes.iter().filter(move |(_, least)| *least == name).map(|(user, _)| user)
    }

    /// The least of the BSUIDs that go by a name and became no other, if there is one.
    fn current<'a>(&'a self, name: &'a User) -> &'a User {
        self.all(name).find(|user| !self.given_up.contains(*user)).unwrap_or(name)
    }
}

impl Owner {
    const fn new(opened_s: i64) -> Self {
        Self { opened_s, users: FlatSet::new(), scopes: FlatSet::new(), closed: false }
    }
}

/// A BSUID appears: it joins the current owner if it can, else it is a new one's.
fn sight(owners: &mut Vec<Owner>, at_s: i64, user: &User) {
    let current = owners.last().expect("a line has an owner");
    if current.closed || current.scopes.contains(&user.scope) {
        owners.push(Owner::new(at_s));
    }
    let owner = owners.last_mut().expect("a line has an owner");
    owner.scopes.insert(user.scope.clone());
    owner.users.insert(user.clone());
}

/// Whom a change within the line is about can have other BSUIDs from now on; unless it says which, and it is one that was seen.
fn within(owners: &mut [Owner], change: &Change, names: &Names) {
    let (_, owner) = named(owners, change, names);
    let seen = change.old == change.new && change.user.as_ref().is_some_and(|user| owner.users.contains(names.of(user)));
    if !seen {
        owner.scopes.clear();
    }
}

/// The owner of the BSUID that a change names, else the current one.
fn named<'a>(owners: &'a mut [Owner], change: &Change, names: &Names) -> (usize, &'a mut Owner) {
    let name = change.user.as_ref().map(|user| names.of(user));
    let by_name = name.and_then(|name| owners.iter().position(|owner| owner.users.contains(name)));
    let index = by_name.unwrap_or(owners.len() - 1);
    (index, &mut owners[index])
}

/// Each subscriber that evidence linked to another one, with the least of its line.
fn lines(same: &FlatSet<(Number, Number)>) -> FlatMap<Subscriber, Subscriber> {
    classes(same.iter().map(|(one, other)| [subscriber(*one), subscriber(*other)]).filter(|[one, other]| one != other))
}

/// Each thing that is the same as another, with the least of its class.
fn classes<T: Ord + Clone>(pairs: impl Iterator<Item = [T; 2]>) -> FlatMap<T, T> {
    let mut classes: FlatMap<T, T> = FlatMap::new();
    for [one, other] in pairs {
        let class_of = |member: &T| classes.get(member).unwrap_or(member).clone();
        let (one_class, other_class) = (class_of(&one), class_of(&other));
        let (least, joined) = if one_class <= other_class { (one_class, other_class) } else { (other_class, one_class) };
        for member in [one, other] {
            classes.entry(member).or_insert_with(|| least.clone());
        }
        for class in classes.values_mut().filter(|class| **class == joined) {
            *class = least.clone();
        }
    }
    classes
}
