//! Which elements meet which send, by which id and within which time; and inbound messages with their copies put together.

use super::super::final_state::{Outcome, SendKey};
use super::super::history::{Fact, Record, Send, StatusKind, is_bsuid};
use super::names::Names;
use super::{Bsuid, Settings, numbers, seconds};
use std::collections::{BTreeMap, BTreeSet};

/// Strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Reply,
    Inbound,
    Sent,
    Delivered,
    Read,
    SendResponse,
    Mismatch,
    NumberChange,
    UserId,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Reply => "REPLY",
            Kind::Inbound => "INBOUND",
            Kind::Sent => "SENT",
            Kind::Delivered => "DELIVERED",
            Kind::Read => "READ",
            Kind::SendResponse => "SEND_RESPONSE",
            Kind::Mismatch => "MISMATCH",
            Kind::NumberChange => "NUMBER_CHANGE",
            Kind::UserId => "USER_ID",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    Phone(String),
    User(Bsuid),
}

impl Dialled {
    pub fn address(&self) -> String {
        match self {
            Dialled::Phone(phone) => phone.clone(),
            Dialled::User(user) => format!("{}:{}", user.scope, user.id),
        }
    }
}

/// One element of evidence, dated: a reply at its own time, everything else at `sentAt`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    pub kind: Kind,
    pub wa_id: Option<String>,
    pub user: Option<Bsuid>,
    pub at_s: i64,
}

#[derive(Clone, Debug)]
pub struct Outbound {
    pub dialled: Dialled,
    pub sent_at_s: i64,
    pub evidence: BTreeSet<Element>,
    /// Accepted mismatch events: time and wa_id.
    pub mismatches: BTreeSet<(i64, String)>,
    pub failed: bool,
    /// Known once there is evidence.
    pub kafka_ms: Option<i64>,
}

impl Outbound {
    pub fn outcome(&self) -> Outcome {
        match (self.evidence.is_empty(), self.failed) {
            (false, _) => Outcome::Joined,
            (true, true) => Outcome::Failed,
            (true, false) => Outcome::Unresolved,
        }
    }
}

/// An inbound message or an echo, its copies put together.
#[derive(Clone, Debug)]
pub struct Mail {
    pub wa_id: Option<String>,
    pub user: Option<Bsuid>,
    pub at_s: i64,
    pub kafka_ms: i64,
}

/// An element that was refused, and the fact that brought it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    pub app: String,
    pub message_id: String,
    pub reason: &'static str,
    pub fact: Fact,
}

#[derive(Clone, Debug, Default)]
pub struct Joins {
    pub outbound: BTreeMap<SendKey, Outbound>,
    pub inbound: BTreeMap<SendKey, Mail>,
    pub echoes: BTreeMap<SendKey, Mail>,
    pub refusals: BTreeSet<Refusal>,
}

pub fn join(records: &[Record], settings: &Settings) -> Joins {
    let names = Names::learn(records);
    let mut probes: BTreeMap<SendKey, Vec<&Record>> = BTreeMap::new();
    let mut sends: BTreeMap<SendKey, Vec<(&Send, i64)>> = BTreeMap::new();
    let mut joins = Joins::default();
    for record in records {
        for message_id in names.named_by(&record.fact) {
            probes.entry((record.fact.app().to_owned(), message_id)).or_default().push(record);
        }
        match &record.fact {
            Fact::Send(send) => {
                let copies = sends.entry((send.app.clone(), send.message_id.clone())).or_default();
                copies.push((send, record.kafka_ms));
            }
            Fact::Inbound(inbound) => {
                let ids = ids(&inbound.app, inbound.wa_id.as_ref(), inbound.user_id.as_ref());
                put_together((&inbound.app, &inbound.id), ids, record, &mut joins.inbound);
            }
            Fact::Echo(echo) => {
                let ids = ids(&echo.app, echo.wa_id.as_ref(), echo.user_id.as_ref());
                put_together((&echo.app, &echo.id), ids, record, &mut joins.echoes);
            }
            Fact::Status(_) | Fact::Mismatch(_) | Fact::NumberChange(_) | Fact::Renaming(_) => {}
        }
    }
    for (key, copies) in sends {
        let with_response = copies.iter().find(|(send, _)| send.wa_id.is_some());
        let (send, _) = with_response.unwrap_or(&copies[0]);
        let mut meeting = Meeting::of(send, copies.iter().map(|copy| copy.1).collect());
        for record in probes.get(&key).into_iter().flatten() {
            meeting.probe(record, settings);
        }
        joins.refusals.append(&mut meeting.refusals);
        joins.outbound.insert(key, meeting.finish());
    }
    joins
}

/// Copies with the other id fill in what the first lacked; the earliest copy counts.
fn put_together((app, id): (&str, &str), (wa_id, user): Ids, record: &Record, all: &mut BTreeMap<SendKey, Mail>) {
    let fresh = Mail { wa_id: None, user: None, at_s: seconds(record.fact.at_ms()), kafka_ms: record.kafka_ms };
    let mail = all.entry((app.to_owned(), id.to_owned())).or_insert(fresh);
    mail.wa_id = mail.wa_id.take().or(wa_id);
    mail.user = mail.user.take().or(user);
    mail.kafka_ms = mail.kafka_ms.min(record.kafka_ms);
}

type Ids = (Option<String>, Option<Bsuid>);

fn ids(app: &str, wa_id: Option<&String>, user_id: Option<&String>) -> Ids {
    let user = user_id.map(|id| Bsuid::of(app, id));
    (wa_id.map(|wa_id| numbers::digits(wa_id)), user)
}

/// A send while its elements come in.
struct Meeting {
    app: String,
    message_id: String,
    send_kafka_ms: Vec<i64>,
    outbound: Outbound,
    refusals: BTreeSet<Refusal>,
}

impl Meeting {
    fn of(send: &Send, send_kafka_ms: Vec<i64>) -> Self {
        let dialled = if is_bsuid(&send.destination) {
            Dialled::User(Bsuid::of(&send.app, &send.destination))
        } else {
            Dialled::Phone(numbers::digits(&send.destination))
        };
        let outbound = Outbound {
            dialled,
            sent_at_s: seconds(send.sent_at_ms),
            evidence: BTreeSet::new(),
            mismatches: BTreeSet::new(),
            failed: false,
            kafka_ms: None,
        };
        let (app, message_id) = (send.app.clone(), send.message_id.clone());
        let mut meeting = Meeting { app, message_id, send_kafka_ms, outbound, refusals: BTreeSet::new() };
        meeting.send_response(send);
        meeting
    }

    /// An echo of the destination counts only for the ids of raw Meta.
    fn send_response(&mut self, send: &Send) {
        let Some(wa_id) = send.wa_id.as_ref().map(|wa_id| numbers::digits(wa_id)) else { return };
        let echo = self.outbound.dialled == Dialled::Phone(wa_id.clone());
        if !echo || send.message_id.starts_with("wamid.") {
            let kafka_ms = *self.send_kafka_ms.iter().min().expect("a send has a copy");
            let fact = Fact::Send(send.clone());
            self.evidence(Kind::SendResponse, (Some(wa_id), None), self.outbound.sent_at_s, kafka_ms, fact);
        }
    }

    fn probe(&mut self, record: &Record, settings: &Settings) {
        let matching = self.send_kafka_ms.iter().filter(|send| (*send - record.kafka_ms).abs() <= settings.join_timeout_ms);
        let Some(kafka_ms) = matching.map(|send| *send.max(&record.kafka_ms)).min() else { return };
        match &record.fact {
            Fact::Status(status) => {
                let kind = match status.kind {
                    StatusKind::Enqueued => return,
                    StatusKind::Failed => {
                        self.outbound.failed = true;
                        return;
                    }
                    StatusKind::Sent => Kind::Sent,
                    StatusKind::Delivered => Kind::Delivered,
                    StatusKind::Read => Kind::Read,
                };
                let ids = ids(&status.app, status.wa_id.as_ref(), status.user_id.as_ref());
                self.evidence(kind, ids, self.outbound.sent_at_s, kafka_ms, record.fact.clone());
            }
            Fact::Inbound(reply) => {
                let ids = ids(&reply.app, reply.wa_id.as_ref(), reply.user_id.as_ref());
                self.evidence(Kind::Reply, ids, seconds(reply.at_ms), kafka_ms, record.fact.clone());
            }
            Fact::Mismatch(mismatch) => {
                let wa_id = numbers::digits(&mismatch.wa_id);
                match &self.outbound.dialled {
                    Dialled::Phone(phone) if numbers::same_subscriber(phone, &wa_id) => {
                        self.outbound.mismatches.insert((seconds(mismatch.at_ms), wa_id));
                    }
                    Dialled::Phone(_) | Dialled::User(_) => self.refuse("INCONSISTENT_MISMATCH", record.fact.clone()),
                }
            }
            Fact::Send(_) | Fact::NumberChange(_) | Fact::Echo(_) | Fact::Renaming(_) => {}
        }
    }

    fn evidence(&mut self, kind: Kind, ids: Ids, at_s: i64, kafka_ms: i64, fact: Fact) {
        let (wa_id, mut user) = ids;
        match (&self.outbound.dialled, &wa_id) {
            (Dialled::Phone(phone), Some(wa_id)) if numbers::foreign(phone, wa_id) => {
                return self.refuse("FOREIGN_JOIN", fact);
            }
            (Dialled::Phone(_), _) => {}
            (Dialled::User(dialled), _) if dialled.is_parent() => {}
            (Dialled::User(dialled), _) => user = user.or_else(|| Some(dialled.clone())),
        }
        self.outbound.evidence.insert(Element { kind, wa_id, user, at_s });
        self.outbound.kafka_ms = Some(self.outbound.kafka_ms.map_or(kafka_ms, |earliest| earliest.min(kafka_ms)));
    }

    fn refuse(&mut self, reason: &'static str, fact: Fact) {
        let (app, message_id) = (self.app.clone(), self.message_id.clone());
        self.refusals.insert(Refusal { app, message_id, reason, fact });
    }

    /// Twins: one copy with the phone and one with the BSUID are one event with both.
    fn finish(mut self) -> Outbound {
        let elements = self.outbound.evidence.clone();
        for left in &elements {
            for right in elements.iter().filter(|right| right.kind == left.kind) {
                let twins = matches!(left.kind, Kind::Sent | Kind::Delivered | Kind::Read)
                    && (left.user.is_none() && right.wa_id.is_none())
                    && (left.wa_id.is_some() && right.user.is_some());
                if twins {
                    self.outbound.evidence.insert(Element { user: right.user.clone(), ..left.clone() });
                }
            }
        }
        self.outbound
    }
}
