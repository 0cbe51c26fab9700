//! The row of each address: observations, the number changes that follow from them, the answer.

use super::super::final_state::Row;
use super::joins::{Dialled, Joins, Kind, Outbound};
use super::owners::{Change, Owners};
use super::{Bsuid, numbers};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    A,
    B,
    C,
}

/// Only the earliest and the newest time of each observation are kept.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    pub earliest_s: i64,
    pub newest_s: i64,
}

#[derive(Clone, Debug)]
pub struct Address {
    pub dialled: Dialled,
    pub observations: BTreeMap<(Class, String, Kind), Span>,
    /// Kinds of the joins of all sends to this address.
    joins: BTreeSet<Kind>,
    /// BSUIDs that evidence named, with the newest `sentAt`.
    joined_users: BTreeMap<Bsuid, i64>,
}

pub fn addresses(joins: &Joins, owners: &Owners, changes: &BTreeSet<Change>) -> BTreeMap<String, Address> {
    let mut addresses: BTreeMap<String, Address> = BTreeMap::new();
    for outbound in joins.outbound.values() {
        addresses.entry(outbound.dialled.address()).or_insert_with(|| Address::new(outbound)).joined(outbound);
    }
    let mut by_subscriber: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    for mail in joins.inbound.values() {
        if let Some(wa_id) = &mail.wa_id {
            by_subscriber.entry(numbers::subscriber(wa_id)).or_default().push((wa_id.clone(), mail.at_s));
        }
    }
    let mut seen_with: BTreeMap<&Bsuid, Vec<(&String, i64)>> = BTreeMap::new();
    for ((wa_id, user), seen) in &owners.sights {
        if let Some(at_s) = seen.earliest_first_hand_s {
            seen_with.entry(user).or_default().push((wa_id, at_s));
        }
    }
    for address in addresses.values_mut() {
        if let Dialled::Phone(phone) = &address.dialled {
            for (wa_id, at_s) in by_subscriber.get(&numbers::subscriber(phone)).into_iter().flatten() {
                address.observe(Class::A, wa_id, Kind::Inbound, *at_s);
            }
        }
        address.unite_exact_joins();
        let dialled_user = match &address.dialled {
            Dialled::User(user) if !address.joins.is_empty() && !user.is_parent() => Some(user.clone()),
            Dialled::User(_) | Dialled::Phone(_) => None,
        };
        let joined: BTreeSet<Bsuid> = address.joined_users.keys().cloned().chain(dialled_user).collect();
        for user in joined {
            for (wa_id, at_s) in seen_with.get(&user).into_iter().flatten() {
                if address.dialled != Dialled::Phone((*wa_id).clone()) {
                    address.observe(Class::A, wa_id, Kind::UserId, *at_s);
                }
            }
        }
        address.follow(changes);
    }
    addresses
}

impl Address {
    fn new(outbound: &Outbound) -> Self {
        let dialled = outbound.dialled.clone();
        Address { dialled, observations: BTreeMap::new(), joins: BTreeSet::new(), joined_users: BTreeMap::new() }
    }

    fn observe(&mut self, class: Class, wa_id: &str, kind: Kind, at_s: i64) {
        let fresh = Span { earliest_s: at_s, newest_s: at_s };
        let span = self.observations.entry((class, wa_id.to_owned(), kind)).or_insert(fresh);
        span.earliest_s = span.earliest_s.min(at_s);
        span.newest_s = span.newest_s.max(at_s);
    }

    /// What a send to this address brought.
    fn joined(&mut self, outbound: &Outbound) {
        for element in &outbound.evidence {
            self.joins.insert(element.kind);
            if let Some(user) = &element.user {
                let newest = self.joined_users.entry(user.clone()).or_insert(outbound.sent_at_s);
                *newest = outbound.sent_at_s.max(*newest);
            }
            if let Some(wa_id) = &element.wa_id {
                let no_difference = self.dialled == Dialled::Phone(wa_id.clone());
                let class = if no_difference && element.kind != Kind::Reply { Class::C } else { Class::A };
                self.observe(class, wa_id, element.kind, element.at_s);
            }
        }
        for (at_s, wa_id) in &outbound.mismatches {
            self.observe(Class::B, wa_id, Kind::Mismatch, *at_s);
        }
    }

    /// The exact joins of one class and wa_id are one observation, of the strongest kind among them.
    fn unite_exact_joins(&mut self) {
        let mut united: BTreeMap<(Class, String), (Kind, Span)> = BTreeMap::new();
        let exact = |kind: Kind| matches!(kind, Kind::Sent | Kind::Delivered | Kind::Read | Kind::SendResponse);
        for ((class, wa_id, kind), span) in self.observations.extract_if(.., |(_, _, kind), _| exact(*kind)) {
            let (strongest, whole) = united.entry((class, wa_id)).or_insert((kind, span));
            *strongest = kind.min(*strongest);
            whole.earliest_s = span.earliest_s.min(whole.earliest_s);
            whole.newest_s = span.newest_s.max(whole.newest_s);
        }
        self.observations.extend(united.into_iter().map(|((class, wa_id), (kind, span))| ((class, wa_id, kind), span)));
    }

    /// A change takes along each address whose answer at that time was the old number, in whatever spelling of the subscriber.
    fn follow(&mut self, changes: &BTreeSet<Change>) {
        for change in changes.iter().filter(|change| change.old != change.new) {
            let answer = self.answer(change.at_s).filter(|answer| *answer != change.new);
            if answer.is_some_and(|answer| numbers::subscriber(&answer) == numbers::subscriber(&change.old)) {
                self.observe(Class::A, &change.new, Kind::NumberChange, change.at_s);
            }
        }
    }

    /// The newest of class A, else of class B, else the phone if there is a class C, as of a time.
    fn answer(&self, as_of_s: i64) -> Option<String> {
        let known = self.observations.iter().filter_map(|((class, wa_id, kind), span)| {
            let at_s = [span.newest_s, span.earliest_s].into_iter().find(|at_s| *at_s <= as_of_s)?;
            // The time of a class C does not count: it has one wa_id only.
            Some((*class, Reverse(at_s), *kind, wa_id))
        });
        known.min().map(|(_, _, _, wa_id)| wa_id.clone())
    }

    /// The row, once there is evidence or an accepted mismatch of a send.
    pub fn row(&self, owners: &mut Owners) -> Option<Row> {
        let mismatched = self.observations.keys().any(|(class, _, _)| *class == Class::B);
        if self.joins.is_empty() && !mismatched {
            return None;
        }
        let answer = self.answer(i64::MAX);
        let of_answer = self.observations.keys().filter(|(_, wa_id, _)| Some(wa_id) == answer.as_ref());
        let evidence = match &answer {
            Some(_) => of_answer.map(|(_, _, kind)| *kind).min(),
            None => self.joins.first().copied(),
        };
        let joined_last = self.joined_users.iter().min_by_key(|(user, sent_at_s)| (Reverse(**sent_at_s), *user));
        let identity = match (&self.dialled, &answer, joined_last) {
            (Dialled::User(user), _, _) if !user.is_parent() => owners.person_of(user),
            (_, Some(wa_id), _) => owners.owner_today(wa_id),
            (_, None, Some((user, _))) | (Dialled::User(user), None, None) => owners.person_of(user),
            (Dialled::Phone(phone), None, None) => owners.owner_today(phone),
        };
        let evidence = evidence.expect("an answer has evidence, and no answer has a join").name().to_owned();
        Some(Row { wa_id: answer, evidence, identity: format!("p{identity}") })
    }
}
