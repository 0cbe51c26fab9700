//! What the guarantee asks of a history: a list of the ways in which one steps outside.

use super::apps;
use super::forest::Forest;
use super::history::{Echo, Fact, Inbound, Record, Send, Status, StatusKind, is_bsuid};
use super::reference::names::Names;
use super::reference::{Settings, numbers};
use std::collections::{BTreeMap, BTreeSet};

const DAY_MS: i64 = 24 * 3_600_000;
/// 2026, the year of all event times.
const YEAR_MS: std::ops::Range<i64> = 1_767_225_600_000..1_798_761_600_000;

/// Empty for every history whose final state is promised not to depend on the order of its records.
pub fn violations(records: &[Record], settings: &Settings) -> Vec<String> {
    let mut violations = times(records);
    violations.extend(disagreements(records));
    violations.extend(late_news(records, settings));
    violations
}

fn times(records: &[Record]) -> Vec<String> {
    let bad = |record: &&Record| {
        let at_ms = record.fact.at_ms();
        at_ms > record.kafka_ms + DAY_MS || !YEAR_MS.contains(&at_ms)
    };
    records.iter().filter(bad).map(|record| format!("bad event time: {record:?}")).collect()
}

/// What all copies of one event must say the same: by event and property, the values seen.
#[derive(Default)]
struct Claims(BTreeMap<(String, &'static str), BTreeSet<String>>);

impl Claims {
    fn claim(&mut self, event: &str, property: &'static str, value: Option<String>) {
        self.0.entry((event.to_owned(), property)).or_default().extend(value);
    }
}

/// Twins with different BSUIDs, numbers or seconds; copies of a send that differ in more than that one lacks the send response; copies of a
/// system message that differ at all.
fn disagreements(records: &[Record]) -> Vec<String> {
    let names = Names::learn(records);
    let mut claims = Claims::default();
    for record in records {
        let app = record.fact.app();
        match &record.fact {
            Fact::Send(send) => {
                let event = format!("send {app}/{}", send.message_id);
                claims.claim(&event, "send response", send.wa_id.clone());
                claims.claim(&event, "content", Some(format!("{:?}", Send { wa_id: None, ..send.clone() })));
            }
            Fact::NumberChange(change) => {
                claims.claim(&format!("change {app}/{}", change.id), "content", Some(format!("{change:?}")));
            }
            Fact::Mismatch(mismatch) => {
                claims.claim(&format!("mismatch {app}/{}", mismatch.message_id), "content", Some(format!("{mismatch:?}")));
            }
            Fact::Inbound(inbound) => claim_inbound(inbound, &mut claims),
            Fact::Echo(echo) => claim_echo(echo, &mut claims),
            // It is no event of which there are copies that could disagree: all of them hold.
            Fact::Renaming(_) => {}
            Fact::Status(status) => {
                for message_id in names.named_by(&record.fact) {
                    claim_status(status, &format!("{:?} {app}/{message_id}", status.kind), &mut claims);
                }
            }
        }
    }
    let several = claims.0.into_iter().filter(|(_, values)| values.len() > 1);
    several.map(|((event, property), values)| format!("{event} has several of {property}: {values:?}")).collect()
}

fn claim_inbound(inbound: &Inbound, claims: &mut Claims) {
    let event = format!("inbound {}/{}", inbound.app, inbound.id);
    claims.claim(&event, "second", Some(inbound.at_ms.div_euclid(1000).to_string()));
    claims.claim(&event, "number", inbound.wa_id.as_ref().map(|wa_id| numbers::digits(wa_id)));
    claims.claim(&event, "BSUID", inbound.user_id.clone());
    let context = inbound.context.as_ref();
    claims.claim(&event, "Gupshup id answered", context.and_then(|context| context.gs_id.clone()));
    claims.claim(&event, "id answered", context.and_then(|context| context.id.clone()));
    claims.claim(&event, "second id answered", context.and_then(|context| context.meta_msg_id.clone()));
}

fn claim_echo(echo: &Echo, claims: &mut Claims) {
    let event = format!("echo {}/{}", echo.app, echo.id);
    claims.claim(&event, "second", Some(echo.at_ms.div_euclid(1000).to_string()));
    claims.claim(&event, "number", echo.wa_id.as_ref().map(|wa_id| numbers::digits(wa_id)));
    claims.claim(&event, "BSUID", echo.user_id.clone());
}

fn claim_status(status: &Status, event: &str, claims: &mut Claims) {
    claims.claim(event, "second", Some(status.at_ms.div_euclid(1000).to_string()));
    if status.kind != StatusKind::Enqueued {
        claims.claim(event, "number", status.wa_id.as_ref().map(|wa_id| numbers::digits(wa_id)));
        claims.claim(event, "BSUID", status.user_id.clone());
    }
}

/// News about a message whose Kafka timestamp is further away than the retention. Exact copies are no news. Facts that
/// share nothing cannot concern each other; beyond that, whatever hangs together must fit into one retention, unless
/// it is simple enough to see that each message stands alone.
fn late_news(records: &[Record], settings: &Settings) -> Vec<String> {
    let mut first: BTreeMap<&Fact, i64> = BTreeMap::new();
    for record in records {
        let earliest = first.entry(&record.fact).or_insert(record.kafka_ms);
        *earliest = record.kafka_ms.min(*earliest);
    }
    let facts: Vec<(&Fact, i64)> = first.into_iter().collect();
    let names = Names::learn(records);
    let too_long = |group: &&Vec<(&Fact, i64)>| span_ms(group) >= settings.retention_ms && !stands_alone(group, &names, settings);
    let groups = components(&facts);
    groups.iter().filter(too_long).map(|group| format!("news too late, Kafka times {} ms apart: {:?}", span_ms(group), group[0])).collect()
}

fn span_ms(group: &[(&Fact, i64)]) -> i64 {
    let times = group.iter().map(|(_, kafka_ms)| *kafka_ms);
    times.clone().max().unwrap_or(0) - times.min().unwrap_or(0)
}

/// Facts that share a message id, a BSUID or a number, directly or through others.
fn components<'a>(facts: &[(&'a Fact, i64)]) -> Vec<Vec<(&'a Fact, i64)>> {
    let mut forest = Forest::new(facts.len());
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, (fact, _)) in facts.iter().enumerate() {
        for key in keys(fact) {
            let first = *seen.entry(key).or_insert(index);
            forest.join(first, index);
        }
    }
    let mut groups: BTreeMap<usize, Vec<(&Fact, i64)>> = BTreeMap::new();
    for (index, fact) in facts.iter().enumerate() {
        groups.entry(forest.root(index)).or_default().push(*fact);
    }
    groups.into_values().collect()
}

/// What a fact speaks of, all optional.
#[derive(Default)]
struct Spoken<'a> {
    ids: Vec<Option<&'a String>>,
    numbers: Vec<Option<&'a String>>,
    users: Vec<Option<&'a String>>,
}

fn keys(fact: &Fact) -> Vec<String> {
    let mut spoken = Spoken::default();
    match fact {
        Fact::Send(send) => {
            spoken.ids.push(Some(&send.message_id));
            let dialled = if is_bsuid(&send.destination) { &mut spoken.users } else { &mut spoken.numbers };
            dialled.push(Some(&send.destination));
            spoken.numbers.push(send.wa_id.as_ref());
        }
        Fact::Status(status) => {
            spoken.ids.extend([&status.gs_id, &status.whatsapp_id, &status.meta_msg_id].map(Option::as_ref));
            spoken.numbers.push(status.wa_id.as_ref());
            spoken.users.push(status.user_id.as_ref());
        }
        Fact::Mismatch(mismatch) => {
            spoken.ids.push(Some(&mismatch.message_id));
            spoken.numbers.push(Some(&mismatch.wa_id));
        }
        Fact::Inbound(inbound) => {
            spoken.ids.push(Some(&inbound.id));
            let context = inbound.context.iter();
            spoken.ids.extend(context.flat_map(|context| [&context.gs_id, &context.id, &context.meta_msg_id].map(Option::as_ref)));
            spoken.numbers.push(inbound.wa_id.as_ref());
            spoken.users.push(inbound.user_id.as_ref());
        }
        Fact::NumberChange(change) => {
            spoken.numbers.extend([Some(&change.old), Some(&change.new)]);
            spoken.users.extend([change.user_id.as_ref(), change.current_user_id.as_ref()]);
        }
        Fact::Echo(echo) => {
            spoken.ids.push(Some(&echo.id));
            spoken.numbers.push(echo.wa_id.as_ref());
            spoken.users.push(echo.user_id.as_ref());
        }
        Fact::Renaming(renaming) => {
            spoken.numbers.push(renaming.wa_id.as_ref());
            spoken.users.extend([renaming.previous.as_ref(), Some(&renaming.current)]);
        }
    }
    let app = fact.app();
    let (tenant, scope) = (apps::tenant(app), apps::scope(app));
    let ids = spoken.ids.into_iter().flatten().map(|id| format!("id {app}/{id}"));
    let users = spoken.users.into_iter().flatten().map(|user| format!("user {scope}/{user}"));
    let numbers = spoken.numbers.into_iter().flatten();
    let numbers = numbers.map(|number| format!("number {tenant}/{}", numbers::class(&numbers::digits(number))));
    ids.chain(users).chain(numbers).collect()
}

/// One subscriber, no BSUID and no change, so that no record re-attributes another's message; and each message has one
/// piece of evidence, or all of its records within the retention.
fn stands_alone(group: &[(&Fact, i64)], names: &Names, settings: &Settings) -> bool {
    let mut subscribers = BTreeSet::new();
    let mut news: BTreeMap<String, Vec<(&Fact, i64)>> = BTreeMap::new();
    for (fact, kafka_ms) in group {
        for message_id in names.named_by(fact) {
            let taught = matches!(fact, Fact::Status(Status { kind: StatusKind::Enqueued, .. }));
            if !taught {
                news.entry(message_id).or_default().push((fact, *kafka_ms));
            }
        }
        match fact {
            Fact::Send(send) if !is_bsuid(&send.destination) => {
                subscribers.insert(numbers::subscriber(&numbers::digits(&send.destination)));
                subscribers.extend(send.wa_id.as_ref().map(|wa_id| numbers::subscriber(wa_id)));
            }
            Fact::Status(Status { wa_id, user_id: None, .. })
            | Fact::Inbound(Inbound { wa_id, user_id: None, .. })
            | Fact::Echo(Echo { wa_id, user_id: None, .. }) => {
                subscribers.extend(wa_id.as_ref().map(|wa_id| numbers::subscriber(wa_id)));
            }
            Fact::Mismatch(_) => {}
            Fact::Send(_) | Fact::Status(_) | Fact::Inbound(_) | Fact::NumberChange(_) | Fact::Echo(_) | Fact::Renaming(_) => return false,
        }
    }
    for (fact, kafka_ms) in group {
        if let Fact::Send(send) = fact
            && let Some(evidence) = news.get_mut(&send.message_id)
            && evidence.len() > 1
        {
            evidence.push((fact, *kafka_ms));
        }
    }
    subscribers.len() <= 1 && news.values().all(|evidence| evidence.len() == 1 || span_ms(evidence) < settings.retention_ms)
}
