//! What a home knows: who was seen when, who wrote, and the rows of its addresses. Only a home writes the records of its addresses.

use super::entity::{Absorbed, Change, CircleEvent, Entity, Event, Fact, Home, Message, Owner, OwnerIs, Sighting, Subject};
use super::evidence::Observation;
use super::flat::{FlatMap, FlatSet};
use super::ids::{Address, App, MessageId, Number, User};
use super::number;
use super::output::{IdentityEvent, IdentityEventType, Output};
use super::row::{AddressRow, Answer, OwnerTold, RowTold, Span, Wrote};
use super::state::{Key, Row};
use super::step::Step;
use uuid::Uuid;

/// The facts of a home.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Contact {
    /// The rows of addresses that were dialled.
    pub rows: FlatMap<Address, AddressRow>,
    /// Who wrote, by number.
    pub inbound: FlatMap<Number, Wrote>,
    /// Numbers and BSUIDs seen together.
    pub sights: FlatMap<(Number, User), Sighted>,
    /// Moves away from numbers here.
    pub moves: FlatSet<Change>,
    /// The addresses whose rows watch a number here.
    pub watchers: FlatMap<Number, FlatSet<Address>>,
    /// The addresses that joined the BSUID here.
    pub subscribers: FlatSet<Address>,
    /// Counts the identity events of each address here.
    pub revisions: FlatMap<Address, u32>,
    /// The identities that were told, under an address here, to be another's.
    pub absorbed: FlatMap<(Address, Uuid), Uuid>,
}

/// Since when a number and a BSUID are seen together, s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sighted {
    /// The earliest.
    pub first_s: i64,
    /// The earliest that is no hearsay.
    pub proper_s: Option<i64>,
}

/// A home, while it is told something.
pub struct ContactEntity<'a> {
    /// Which.
    pub home: &'a Home,
}

impl ContactEntity<'_> {
    /// What a send to an address here showed.
    pub fn on_observed(&self, step: &mut Step, seen: &Observation) {
        let mut contact = self.row(step);
        let row = contact.rows.entry(seen.address.clone()).or_default();
        let named = seen.user.iter().chain(seen.address.person());
        let joined: FlatSet<User> = named.filter(|user| !row.users.contains_key(*user)).cloned().collect();
        row.observe(seen);
        if let (Some(wa_id), Some(user)) = (seen.wa_id.filter(|wa_id| !self.home.holds(*wa_id)), &seen.user) {
            // The home of the BSUID will say the same.
            lower(&mut row.seen, (user.clone(), wa_id), seen.at.seconds());
        }
        if let Some(user) = seen.address.person() {
            row.users.entry(user.clone()).or_insert(seen.source.sent_at.seconds());
        }
        for user in joined {
            let home = Home::of_user(self.home.tenant(), &user);
            step.tell(Entity::Home(home), Event::Subscribe(user, seen.address.clone()));
        }
        if let (Some(wa_id), Some(user)) = (seen.wa_id.filter(|wa_id| self.home.holds(*wa_id)), &seen.user) {
            // A number that was only repeated says nothing of where the BSUID can be reached.
            let is_hearsay = seen.address.phone() == Some(wa_id);
            self.note_sight(step, &mut contact, wa_id, user, Sighted::at(seen.at.seconds(), is_hearsay));
        }
        self.settle_row(step, &mut contact, &seen.address);
        self.keep(step, contact);
    }

    /// A message of somebody known here: an inbound one tells who wrote, and who was seen; then it goes on to the circle.
    pub fn on_placed(&self, step: &mut Step, message: &Message) {
        if let Some(seen) = message.sighting().filter(|seen| self.home.holds(seen.wa_id)) {
            self.on_sighted(step, &seen);
        }
        step.tell(Entity::Home(self.home.clone()), Event::Circle(CircleEvent::Message(message.clone())));
    }

    /// A number here was seen.
    pub fn on_sighted(&self, step: &mut Step, seen: &Sighting) {
        if step.state.contact(self.home).is_some_and(|known| known.has_seen(seen)) {
            return;
        }
        let mut contact = self.row(step);
        let mut news = false;
        if let Some((app, id)) = &seen.wrote {
            news |= self.note_inbound(step, &mut contact, seen, app, id);
        }
        if let Some(user) = &seen.user {
            news |= self.note_sight(step, &mut contact, seen.wa_id, user, Sighted::at(seen.at.seconds(), seen.is_hearsay));
        }
        if news {
            self.keep(step, contact);
        }
    }

    /// A person moved away from a number here.
    pub fn on_moved(&self, step: &mut Step, change: &Change) {
        let mut contact = self.row(step);
        if !contact.moves.insert(change.clone()) {
            return step.count_duplicate();
        }
        let tenant = self.home.tenant();
        let watchers = contact.watchers.iter().filter(|(number, _)| number::same_subscriber(**number, change.old));
        for address in watchers.flat_map(|(_, addresses)| addresses).collect::<FlatSet<_>>() {
            step.tell(Entity::Home(Home::of_address(tenant, address)), Event::MovedFrom(address.clone(), change.clone()));
        }
        step.tell(Entity::Home(self.home.clone()), Event::Circle(CircleEvent::Fact(Fact::Change(change.clone()))));
        let other = Home::of_number(tenant, change.new);
        if other != *self.home {
            step.tell(Entity::Home(self.home.clone()), Event::Circle(CircleEvent::Link(other)));
        }
        self.keep(step, contact);
    }

    /// A person moved away from a number that a row here watches.
    pub fn on_moved_from(&self, step: &mut Step, address: &Address, change: &Change) {
        self.change_row(step, address, |row| !row.moves.contains(change), |row| row.moves.extend([change.clone()]));
    }

    /// A row elsewhere (or here) wants to know who is behind a subject here.
    pub fn on_watch(&self, step: &mut Step, subject: &Subject, address: &Address) {
        if let Subject::Number(number) = subject {
            let mut contact = self.row(step);
            contact.watchers.entry(*number).or_default().insert(address.clone());
            let home = Home::of_address(self.home.tenant(), address);
            for change in contact.moves.iter().filter(|change| number::same_subscriber(change.old, *number)) {
                step.tell(Entity::Home(home.clone()), Event::MovedFrom(address.clone(), change.clone()));
            }
            self.keep(step, contact);
        }
        step.tell(Entity::Home(self.home.clone()), Event::Circle(CircleEvent::Watch(subject.clone(), address.clone())));
    }

    /// An address joined the BSUID here.
    pub fn on_subscribe(&self, step: &mut Step, address: &Address) {
        if step.state.contact(self.home).is_some_and(|known| known.subscribers.contains(address)) {
            return;
        }
        let mut contact = self.row(step);
        contact.subscribers.insert(address.clone());
        let home = Home::of_address(self.home.tenant(), address);
        for ((wa_id, user), sighted) in &contact.sights {
            let Some(at_s) = sighted.proper_s else { continue };
            step.tell(Entity::Home(home.clone()), Event::Seen(address.clone(), user.clone(), *wa_id, at_s));
        }
        self.keep(step, contact);
    }

    /// The BSUID here was seen with a number.
    pub fn on_seen_with(&self, step: &mut Step, user: &User, wa_id: Number, at_s: i64) {
        let sight = (wa_id, user.clone());
        if step.state.contact(self.home).is_some_and(|known| known.has_properly_seen(&sight, at_s)) {
            return;
        }
        let mut contact = self.row(step);
        contact.sight(sight, Sighted::at(at_s, false));
        for address in &contact.subscribers {
            let home = Home::of_address(self.home.tenant(), address);
            step.tell(Entity::Home(home), Event::Seen(address.clone(), user.clone(), wa_id, at_s));
        }
        self.keep(step, contact);
    }

    /// A BSUID that an address here joined was seen with a number.
    pub fn on_seen(&self, step: &mut Step, address: &Address, user: &User, wa_id: Number, at_s: i64) {
        let sight = (user.clone(), wa_id);
        self.change_row(
            step,
            address,
            |row| !is_known(&row.seen, &sight, at_s),
            |row| {
                lower(&mut row.seen, sight.clone(), at_s);
            },
        );
    }

    /// A circle says who is behind what a row here watches.
    pub fn on_owner_is(&self, step: &mut Step, said: &OwnerIs) {
        let Some(contact) = step.state.contact(self.home) else { return };
        let owner = Owner { identity: contact.follow(&said.address, said.owner.identity), ..said.owner.clone() };
        let is_news = |row: &AddressRow| row.owners.get(&said.subject).is_none_or(|known| known.version < said.version);
        self.change_row(step, &said.address, is_news, |row| {
            let told = OwnerTold { owner, version: said.version, absorbed: said.absorbed.clone() };
            row.owners.insert(said.subject.clone(), told);
        });
    }

    /// The identity that a number or BSUID here founded is no more.
    pub fn on_absorbed(&self, step: &mut Step, absorbed: &Absorbed) {
        let mut contact = self.row(step);
        let address = absorbed.founder.address();
        if contact.absorbed.insert((address.clone(), absorbed.previous), absorbed.current).is_some() {
            return;
        }
        if contact.absorb_in_row(&address, absorbed) {
            self.settle_row(step, &mut contact, &address);
            if step.outputs.last().is_some_and(|output| tells_merge(output, absorbed.previous)) {
                return self.keep(step, contact);
            }
        }
        let event = IdentityEvent {
            is_row: false,
            user: address.user().cloned(),
            previous_identity_id: Some(absorbed.previous),
            ..blank(step, self.home, &address, IdentityEventType::Merged, absorbed.current, contact.next_revision(&address))
        };
        step.publish(Output::Identity(event));
        self.keep(step, contact);
    }

    /// Somebody wrote from a number here, which speaks for each address of the same subscriber.
    fn note_inbound(&self, step: &mut Step, contact: &mut Contact, seen: &Sighting, app: &App, id: &MessageId) -> bool {
        if !contact.wrote(seen.wa_id, seen.at.seconds(), app, id) {
            return false;
        }
        let speaks_for = |address: &Address| address.phone().is_some_and(|phone| number::same_subscriber(phone, seen.wa_id));
        for address in contact.rows.keys().filter(|address| speaks_for(address)).cloned().collect::<Vec<_>>() {
            self.settle_row(step, contact, &address);
        }
        true
    }

    /// The owners of the number follow from every sight, what the rows of others learn of the BSUID only from those that are no hearsay.
    fn note_sight(&self, step: &mut Step, contact: &mut Contact, wa_id: Number, user: &User, seen: Sighted) -> bool {
        let (before, now) = contact.sight((wa_id, user.clone()), seen);
        let (here, users_home) = (Entity::Home(self.home.clone()), Home::of_user(self.home.tenant(), user));
        if let Some(at_s) = now.proper_s.filter(|_| before.and_then(|before| before.proper_s) != now.proper_s) {
            step.tell(Entity::Home(users_home.clone()), Event::SeenWith(user.clone(), wa_id, at_s));
        }
        if before.is_none_or(|before| now.first_s < before.first_s) {
            step.tell(here.clone(), Event::Circle(CircleEvent::Fact(Fact::Sight(wa_id, user.clone(), now.first_s))));
        }
        if before.is_none() {
            step.tell(here, Event::Circle(CircleEvent::Link(users_home)));
        }
        before != Some(now)
    }

    /// Changes the row of an address, if there is one and the change is news to it.
    fn change_row(
        &self,
        step: &mut Step,
        address: &Address,
        is_news: impl FnOnce(&AddressRow) -> bool,
        change: impl FnOnce(&mut AddressRow),
    ) {
        let known = step.state.contact(self.home).filter(|contact| contact.rows.get(address).is_some_and(is_news));
        let Some(mut contact) = known.cloned() else { return };
        change(contact.rows.get_mut(address).expect("found before"));
        self.settle_row(step, &mut contact, address);
        self.keep(step, contact);
    }

    /// Asks for what the row needs to know, and tells its answer if that is complete and new.
    fn settle_row(&self, step: &mut Step, contact: &mut Contact, address: &Address) {
        let Contact { rows, inbound, absorbed, sights, .. } = contact;
        let row = rows.get_mut(address).expect("the caller has it");
        let Some(answer) = row.answer(address, inbound) else { return };
        let subject = row.subject(address, answer.wa_id);
        let numbers = row.numbers(address, inbound).into_iter().map(Subject::Number);
        for wanted in numbers.chain([subject.clone()]).collect::<FlatSet<_>>() {
            if row.watching.insert(wanted.clone()) {
                step.tell(Entity::Home(wanted.home(self.home.tenant())), Event::Watch(wanted, address.clone()));
            }
        }
        let Some(OwnerTold { owner, absorbed: same, .. }) = row.owners.get(&subject) else { return };
        // Who is behind another subject may have been said before that identity was told here to be no more.
        let identity = follow(absorbed, address, owner.identity);
        let now = RowTold { wa_id: answer.wa_id, identity, evidence: Some(answer.proven.kind) };
        if row.told.as_ref() == Some(&now) {
            return;
        }
        let is_same = |before: &RowTold| before.identity == now.identity || same.contains(&before.identity);
        if !row.told.as_ref().is_some_and(is_same) {
            let passed_on_s = row.passed_on_s(&subject, owner);
            row.customer = row.customer.take().filter(|(sent_s, _)| passed_on_s.is_none_or(|since_s| since_s <= *sent_s));
        }
        let before = row.told.replace(now.clone());
        let event_type = event_type(before.as_ref(), &now, same);
        if let (IdentityEventType::Merged, Some(before)) = (event_type, &before) {
            contact.absorbed.insert((address.clone(), before.identity), now.identity);
        }
        let (customer_id, user) =
            (row.customer.as_ref().map(|(_, customer)| customer.clone()), row.user(address, answer.wa_id, owner, sights).cloned());
        let revision = contact.next_revision(address);
        let event = IdentityEvent { user, customer_id, ..blank(step, self.home, address, event_type, now.identity, revision) };
        step.publish(Output::Identity(with_answer(event, answer, before)));
    }

    fn row(&self, step: &mut Step) -> Contact {
        step.state.contact(self.home).cloned().unwrap_or_default()
    }

    fn keep(&self, step: &mut Step, contact: Contact) {
        step.state.put(Key::Contact(self.home.clone()), Row::Contact(contact.into()));
    }
}

impl Contact {
    fn next_revision(&mut self, address: &Address) -> u32 {
        let revision = self.revisions.entry(address.clone()).or_default();
        *revision += 1;
        *revision
    }

    /// What an identity is called today, as far as was told under this address.
    fn follow(&self, address: &Address, identity: Uuid) -> Uuid {
        follow(&self.absorbed, address, identity)
    }

    /// Lets the row of the founder know; whether it said the identity that is no more.
    fn absorb_in_row(&mut self, address: &Address, absorbed: &Absorbed) -> bool {
        let Some(row) = self.rows.get_mut(address) else { return false };
        for told in row.owners.values_mut().filter(|told| told.owner.identity == absorbed.previous) {
            told.owner.identity = absorbed.current;
            told.absorbed.insert(absorbed.previous);
        }
        row.told.as_ref().is_some_and(|told| told.identity == absorbed.previous)
    }

    /// Whether a sighting says nothing new.
    fn has_seen(&self, seen: &Sighting) -> bool {
        let at_s = seen.at.seconds();
        let within = |wrote: &Wrote| (wrote.span.first_s..=wrote.span.last_s).contains(&at_s);
        let has_written = seen.wrote.is_none() || self.inbound.get(&seen.wa_id).is_some_and(within);
        let sight = seen.user.as_ref().map(|user| (seen.wa_id, user.clone()));
        let has_heard = |sight: &(Number, User)| self.sights.get(sight).is_some_and(|known| known.first_s <= at_s);
        let has_seen = |sight| if seen.is_hearsay { has_heard(&sight) } else { self.has_properly_seen(&sight, at_s) };
        has_written && sight.is_none_or(has_seen)
    }

    /// Whether a sight that is no hearsay says nothing new.
    fn has_properly_seen(&self, sight: &(Number, User), at_s: i64) -> bool {
        self.sights.get(sight).and_then(|known| known.proper_s).is_some_and(|known_s| known_s <= at_s)
    }

    /// Takes a sight in; what was known of it before, and what is now.
    fn sight(&mut self, sight: (Number, User), seen: Sighted) -> (Option<Sighted>, Sighted) {
        let before = self.sights.get(&sight).copied();
        let now = before.map_or(seen, |before| before.with(seen));
        self.sights.insert(sight, now);
        (before, now)
    }

    /// Takes a message in that a number wrote; whether that is news.
    fn wrote(&mut self, wa_id: Number, at_s: i64, app: &App, id: &MessageId) -> bool {
        let first = || Wrote { span: Span::at(at_s), first_id: id.clone(), app: app.clone() };
        let Some(known) = self.inbound.get_mut(&wa_id) else {
            self.inbound.insert(wa_id, first());
            return true;
        };
        let span = known.span;
        if (at_s, id) < (span.first_s, &known.first_id) {
            *known = first();
        }
        known.span = Span { first_s: span.first_s.min(at_s), last_s: span.last_s.max(at_s) };
        known.span != span
    }
}

impl Sighted {
    /// At one moment.
    const fn at(at_s: i64, is_hearsay: bool) -> Self {
        Self { first_s: at_s, proper_s: if is_hearsay { None } else { Some(at_s) } }
    }

    /// With another.
    fn with(self, other: Self) -> Self {
        let proper_s = self.proper_s.into_iter().chain(other.proper_s).min();
        Self { first_s: self.first_s.min(other.first_s), proper_s }
    }
}

fn follow(absorbed: &FlatMap<(Address, Uuid), Uuid>, address: &Address, identity: Uuid) -> Uuid {
    let mut current = identity;
    while let Some(next) = absorbed.get(&(address.clone(), current)) {
        current = *next;
    }
    current
}

/// Whether a map has this or a lower value.
fn is_known<K: Ord>(map: &FlatMap<K, i64>, key: &K, value: i64) -> bool {
    map.get(key).is_some_and(|known| *known <= value)
}

/// Keeps the lower value; whether that is news.
fn lower<K: Ord>(map: &mut FlatMap<K, i64>, key: K, value: i64) -> bool {
    match map.get_mut(&key) {
        Some(known) if *known <= value => false,
        Some(known) => {
            *known = value;
            true
        }
        None => map.insert(key, value).is_none(),
    }
}

/// Whether a record says that an identity is another's.
fn tells_merge(output: &Output, previous: Uuid) -> bool {
    matches!(output, Output::Identity(event) if event.event_type == IdentityEventType::Merged && event.previous_identity_id == Some(previous))
}

fn event_type(before: Option<&RowTold>, now: &RowTold, absorbed: &FlatSet<Uuid>) -> IdentityEventType {
    match before {
        None => IdentityEventType::Resolved,
        Some(before) if before.wa_id != now.wa_id => IdentityEventType::Changed,
        Some(before) if before.identity == now.identity => IdentityEventType::Confirmed,
        Some(before) if absorbed.contains(&before.identity) => IdentityEventType::Merged,
        Some(_) => IdentityEventType::Reassigned,
    }
}

fn blank(step: &Step, home: &Home, address: &Address, event_type: IdentityEventType, identity_id: Uuid, revision: u32) -> IdentityEvent {
    IdentityEvent {
        event_type,
        cause: step.cause.clone(),
        tenant: home.tenant().clone(),
        app: None,
        address: address.clone(),
        is_row: true,
        revision,
        wa_id: None,
        identity_id,
        user: None,
        customer_id: None,
        variant: None,
        evidence: None,
        message_id: None,
        whatsapp_message_id: None,
        sent_at: None,
        observed_at: None,
        previous_wa_id: None,
        previous_identity_id: None,
    }
}

fn with_answer(event: IdentityEvent, answer: Answer, before: Option<RowTold>) -> IdentityEvent {
    let Answer { wa_id, proven } = answer;
    let variant = event.address.phone().zip(wa_id).map(|(phone, wa_id)| number::variant(phone, wa_id));
    let changed_wa_id = before.as_ref().and_then(|before| before.wa_id).filter(|previous| Some(*previous) != wa_id);
    let changed_identity = before.map(|before| before.identity).filter(|previous| *previous != event.identity_id);
    IdentityEvent {
        wa_id,
        variant,
        app: proven.app,
        evidence: Some(proven.kind),
        message_id: proven.message_id,
        whatsapp_message_id: proven.whatsapp_id,
        sent_at: proven.sent_at,
        observed_at: Some(proven.at),
        previous_wa_id: changed_wa_id,
        previous_identity_id: changed_identity,
        ..event
    }
}
