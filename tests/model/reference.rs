//! The final state as a plain function of all records at once: no order, no state, no incremental step.

pub mod conversations;
pub mod joins;
pub mod names;
pub mod numbers;
pub mod owners;
pub mod rows;
pub mod users;

use super::apps;
use super::final_state::{Direction, FinalState, Placed};
use super::history::{self, Fact, Record};
use joins::{Joins, Mail, Outbound};
use owners::{Change, Owners, PersonId};
use std::collections::{BTreeMap, BTreeSet};
use users::Renaming;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub join_timeout_ms: i64,
    pub idle_timeout_s: i64,
    pub retention_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        let hour_ms = 3_600_000;
        Settings { join_timeout_ms: 7 * 24 * hour_ms, idle_timeout_s: 24 * 3600, retention_ms: 72 * hour_ms }
    }
}

/// A BSUID with its scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bsuid {
    /// The portfolio, else the app.
    pub scope: String,
    pub id: String,
}

impl Bsuid {
    /// As this app sees it.
    pub fn of(app: &str, id: &str) -> Self {
        Bsuid { scope: apps::scope(app).to_owned(), id: id.to_owned() }
    }

    /// A second one that a person has, which no number is seen with.
    pub fn is_parent(&self) -> bool {
        self.id.get(2..).is_some_and(|rest| rest.starts_with(".ENT."))
    }
}

/// Everything the model works out on the way, of one tenant; `final_state` keeps what the guarantee speaks of.
pub struct Analysis {
    pub joins: Joins,
    pub owners: Owners,
    pub changes: BTreeSet<Change>,
    pub renamings: BTreeSet<Renaming>,
    pub addresses: BTreeMap<String, rows::Address>,
}

/// Tenants are worlds of their own; of several, the keys of rows name theirs.
pub fn final_state(records: &[Record], settings: &Settings) -> FinalState {
    let tenants = apps::tenants(records);
    if tenants.len() < 2 {
        return state_of_tenant(records, settings);
    }
    let mut state = FinalState::default();
    for tenant in tenants {
        let own: Vec<Record> = records.iter().filter(|record| apps::tenant(record.fact.app()) == tenant).cloned().collect();
        state.add(tenant, state_of_tenant(&own, settings));
    }
    state
}

fn state_of_tenant(records: &[Record], settings: &Settings) -> FinalState {
    let mut analysis = analyse(records, settings);
    let messages = place(&mut analysis, settings);
    let mut state = FinalState { messages, ..FinalState::default() };
    for (name, address) in &analysis.addresses {
        if let Some(row) = address.row(&mut analysis.owners) {
            state.rows.insert(name.clone(), row);
        }
    }
    for (key, outbound) in &analysis.joins.outbound {
        state.sends.insert(key.clone(), outbound.outcome());
        if outbound.failed {
            state.failures.insert(key.clone());
        }
    }
    let refusals = analysis.joins.refusals.iter();
    state.dead_letters = refusals.map(|refusal| (refusal.app.clone(), refusal.message_id.clone(), refusal.reason.to_owned())).collect();
    state
}

pub fn analyse(records: &[Record], settings: &Settings) -> Analysis {
    assert!(apps::tenants(records).len() < 2, "each tenant for itself");
    let joins = joins::join(records, settings);
    let changes: BTreeSet<Change> = records.iter().filter_map(change).collect();
    let renamings: BTreeSet<Renaming> = records.iter().filter_map(renaming).collect();
    let owners = Owners::walk(&joins, &changes, &renamings);
    let addresses = rows::addresses(&joins, &owners, &changes);
    Analysis { joins, owners, changes, renamings, addresses }
}

fn change(record: &Record) -> Option<Change> {
    match &record.fact {
        Fact::NumberChange(change) => Some(Change {
            at_s: seconds(change.at_ms),
            old: numbers::digits(&change.old),
            new: numbers::digits(&change.new),
            user: change.user_id.as_ref().map(|id| Bsuid::of(&change.app, id)),
        }),
        // Somebody on this number has another BSUID now, and nobody says whose place it takes.
        Fact::Renaming(history::Renaming { app, previous: None, current, wa_id: Some(wa_id), at_ms }) => {
            let number = numbers::digits(wa_id);
            Some(Change { at_s: seconds(*at_ms), old: number.clone(), new: number, user: Some(Bsuid::of(app, current)) })
        }
        Fact::Renaming(_) | Fact::Send(_) | Fact::Status(_) | Fact::Mismatch(_) | Fact::Inbound(_) | Fact::Echo(_) => None,
    }
}

fn renaming(record: &Record) -> Option<Renaming> {
    if let Fact::NumberChange(change) = &record.fact {
        let user = |id: &String| Bsuid::of(&change.app, id);
        let (previous, current) = (change.user_id.as_ref().map(user)?, change.current_user_id.as_ref().map(user)?);
        return Some(Renaming { at_s: seconds(change.at_ms), previous, current, wa_id: None });
    }
    let Fact::Renaming(history::Renaming { app, previous: Some(previous), current, wa_id, at_ms }) = &record.fact else { return None };
    let user = |id: &String| Bsuid::of(app, id);
    let wa_id = wa_id.as_ref().map(|wa_id| numbers::digits(wa_id));
    Some(Renaming { at_s: seconds(*at_ms), previous: user(previous), current: user(current), wa_id })
}

/// Event times count in whole seconds.
fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1000)
}

/// Each message's person, then each person's conversations.
fn place(analysis: &mut Analysis, settings: &Settings) -> BTreeMap<super::final_state::MessageKey, Placed> {
    let mut messages = Vec::new();
    for (direction, mails) in [(Direction::Inbound, &analysis.joins.inbound), (Direction::Echo, &analysis.joins.echoes)] {
        for ((app, id), mail) in mails {
            let person = mail_person(mail, &mut analysis.owners);
            let key = (app.clone(), direction, id.clone());
            messages.push(conversations::Message { key, person, at_s: mail.at_s, kafka_ms: mail.kafka_ms });
        }
    }
    for ((app, id), outbound) in &analysis.joins.outbound {
        let Some(kafka_ms) = outbound.kafka_ms else { continue };
        let person = outbound_person(outbound, &mut analysis.owners);
        let key = (app.clone(), Direction::Outbound, id.clone());
        messages.push(conversations::Message { key, person, at_s: outbound.sent_at_s, kafka_ms });
    }
    conversations::place(messages, settings)
}

fn mail_person(mail: &Mail, owners: &mut Owners) -> PersonId {
    match (&mail.user, &mail.wa_id) {
        (Some(user), _) => owners.person_of(user),
        (None, Some(wa_id)) => owners.owner_at(wa_id, mail.at_s),
        (None, None) => panic!("a message without any id"),
    }
}

/// The person of the strongest evidence: with a wa_id if any has one, else with a BSUID, else of what was dialled.
fn outbound_person(outbound: &Outbound, owners: &mut Owners) -> PersonId {
    let with_wa_id = outbound.evidence.iter().filter(|element| element.wa_id.is_some());
    let strongest = with_wa_id.min_by_key(|element| (element.kind, element.user.is_none(), &element.wa_id, &element.user));
    if let Some(element) = strongest {
        return match (&element.user, &element.wa_id) {
            (Some(user), _) => owners.person_of(user),
            (None, wa_id) => owners.owner_at(wa_id.as_ref().expect("filtered"), outbound.sent_at_s),
        };
    }
    let with_user = outbound.evidence.iter().filter_map(|element| element.user.as_ref().map(|user| (element.kind, user)));
    match (with_user.min(), &outbound.dialled) {
        (Some((_, user)), _) | (None, joins::Dialled::User(user)) => owners.person_of(user),
        (None, joins::Dialled::Phone(phone)) => owners.owner_at(phone, outbound.sent_at_s),
    }
}
