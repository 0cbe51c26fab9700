//! What must be known of what was fed: sets, and of times only which came first; without anything that follows.

use super::feed::Fed;
use std::collections::{BTreeMap, BTreeSet};
use waid::domain::apps::Apps;
use waid::domain::entity::{Change, Entity, Envelope, Event, Heard, Message, Naming, Original, ReportKind};
use waid::domain::event::{Cause, Source};
use waid::domain::ids::{App, MessageId, Number};
use waid::domain::ingest::{Routed, route};
use waid::domain::number;
use waid::domain::parse;
use waid::domain::state::{Key, Row};
use waid::store::memory::Memory;
use waid::wire::packed::SourceTopic;

/// What came, and what it comes to.
#[derive(Default)]
pub struct Ledger {
    apps: Option<Apps>,
    /// Elements of no interest.
    pub ignored: u64,
    /// Elements that were bad on sight.
    pub rejected: u64,
    /// Elements that told something.
    pub used: u64,
    /// What they told.
    pub events: u64,
    /// What of that was known.
    pub duplicates: u64,
    /// What of it only named a person again.
    pub repeated: u64,
    rows: BTreeMap<(App, MessageId), Known>,
    times: BTreeMap<(App, MessageId), Times>,
    changes: BTreeSet<Change>,
}

/// What is known under a message id.
#[derive(Default, PartialEq, Debug)]
struct Known {
    sent: bool,
    inbound: Option<(bool, bool)>,
    echo: Option<(bool, bool)>,
    heard: BTreeSet<Heard>,
    mismatches: BTreeSet<(Number, i64)>,
    aliases: BTreeSet<MessageId>,
    others: BTreeSet<MessageId>,
}

/// When it was told, ms.
#[derive(Default)]
struct Times {
    /// The number dialled, and the last record of the send.
    sent: Option<(Option<Number>, i64)>,
    /// The first of each thing heard.
    heard: BTreeMap<Heard, i64>,
}

impl Times {
    fn hear(&mut self, heard: &Heard, kafka_ms: i64) {
        let first = self.heard.entry(heard.clone()).or_insert(kafka_ms);
        *first = kafka_ms.min(*first);
    }

    /// Whether a status names two ids of a person that a stronger one named between the send and it, all within the time for joins.
    fn have_named(&self, heard: &Heard, kafka_ms: i64) -> bool {
        use ReportKind::{Delivered, Read, Sent};
        let stronger: &[ReportKind] = match heard.report {
            Delivered => &[Sent],
            Read => &[Sent, Delivered],
            _ => return false,
        };
        let (Some((phone, sent_ms)), Some(wa_id), Some(_)) = (self.sent, heard.wa_id, &heard.user) else { return false };
        let is_believed = phone.is_none_or(|phone| number::is_believed(phone, wa_id));
        let first = |report: &ReportKind| self.heard.get(&Heard { report: *report, ..heard.clone() });
        is_believed
            && stronger
                .iter()
                .filter_map(first)
                .any(|first_ms| (sent_ms..=kafka_ms).contains(first_ms) && first_ms - sent_ms <= JOIN_TIMEOUT_MS)
    }
}

/// By default.
const JOIN_TIMEOUT_MS: i64 = 7 * 86_400_000;

impl Ledger {
    /// Nothing.
    pub fn new() -> Self {
        Self { apps: Some(Apps::new(&[])), ..Self::default() }
    }

    /// Takes a record.
    pub fn take(&mut self, fed: &Fed) {
        let apps = self.apps.as_ref().expect("set at the beginning");
        let (source, elements) = match fed.topic {
            SourceTopic::Sends => (Source::Sends, vec![parse::send(&fed.body, fed.kafka_ms, apps)]),
            _ => (Source::Webhooks, parse::webhook(&fed.body, fed.kafka_ms, apps)),
        };
        let cause = Cause { source, partition: 0, offset: 0, element: 0, kafka_ms: fed.kafka_ms };
        for element in elements {
            match route(element, &cause, Original::default) {
                Routed::Ignored(_) => self.ignored += 1,
                Routed::Rejected(_) => self.rejected += 1,
                Routed::Events(events) => {
                    assert!(!events.is_empty(), "what is used tells something");
                    self.used += 1;
                    for envelope in &events {
                        self.note(envelope);
                    }
                }
            }
        }
    }

    fn note(&mut self, envelope: &Envelope) {
        self.events += 1;
        let is_new = match &envelope.to {
            Entity::Message { app, id } => self.note_message(app, id, &envelope.event, envelope.cause.kafka_ms),
            Entity::Home(_) => match &envelope.event {
                Event::Moved(change) => self.changes.insert(change.clone()),
                other => panic!("inputs do not tell homes {other:?}"),
            },
        };
        self.duplicates += u64::from(!is_new);
    }

    /// Whether anything of it was new.
    fn note_message(&mut self, app: &App, id: &MessageId, event: &Event, kafka_ms: i64) -> bool {
        let key = (app.clone(), id.clone());
        let (row, times) = (self.rows.entry(key.clone()).or_default(), self.times.entry(key).or_default());
        match event {
            Event::Send(send) => {
                let before_ms = times.sent.map_or(kafka_ms, |(_, last_ms)| last_ms);
                times.sent = Some((send.destination.phone(), kafka_ms.max(before_ms)));
                !std::mem::replace(&mut row.sent, true)
            }
            Event::Mismatch(mismatch, _) => row.mismatches.insert((mismatch.wa_id, mismatch.at.seconds())),
            Event::Inbound(inbound) => names_news(&mut row.inbound, inbound.wa_id.is_some(), inbound.user.is_some()),
            Event::Echo(echo) => names_news(&mut row.echo, echo.wa_id.is_some(), echo.user.is_some()),
            Event::Report(report) => {
                let teaches = matches!(&report.naming, Naming::Gupshup(others) if others.iter().any(|other| !row.others.contains(other)));
                let is_fresh = |heard: &&Heard| !row.heard.contains(*heard);
                let may_repeat = matches!(report.naming, Naming::Gupshup(_)) && !teaches;
                if may_repeat && report.heard.as_ref().filter(is_fresh).is_some_and(|heard| times.have_named(heard, kafka_ms)) {
                    self.repeated += 1;
                    return true;
                }
                report.heard.iter().for_each(|heard| times.hear(heard, kafka_ms));
                let news = report.heard.clone().is_some_and(|heard| row.heard.insert(heard));
                match &report.naming {
                    Naming::Candidate => {
                        let heard = report.heard.clone().expect("a candidate says something");
                        let aliases = row.aliases.clone();
                        for alias in aliases {
                            self.forward(app, alias, [(heard.clone(), kafka_ms)]);
                        }
                        news
                    }
                    Naming::Gupshup(others) => {
                        let fresh: Vec<MessageId> = others.iter().filter(|other| row.others.insert((*other).clone())).cloned().collect();
                        for other in &fresh {
                            self.alias(app, other, id);
                        }
                        news || !fresh.is_empty()
                    }
                    Naming::Forwarded => panic!("inputs forward nothing"),
                }
            }
            other => panic!("inputs do not tell messages {other:?}"),
        }
    }

    /// `other` is another name of `id`: what it heard, the other hears. (Nobody names one message by an id that is another's Gupshup id here.)
    fn alias(&mut self, app: &App, other: &MessageId, id: &MessageId) {
        let row = self.rows.entry((app.clone(), other.clone())).or_default();
        if row.aliases.insert(id.clone()) {
            let heard = self.times.entry((app.clone(), other.clone())).or_default().heard.clone();
            self.forward(app, id.clone(), heard);
        }
    }

    fn forward(&mut self, app: &App, id: MessageId, heard: impl IntoIterator<Item = (Heard, i64)>) {
        let key = (app.clone(), id);
        let (row, times) = (self.rows.entry(key.clone()).or_default(), self.times.entry(key).or_default());
        for (heard, kafka_ms) in heard {
            times.hear(&heard, kafka_ms);
            row.heard.insert(heard);
        }
    }

    /// Where the state does not hold what is known, or more.
    pub fn difference(&self, store: &Memory) -> Vec<String> {
        let joins = store.sorted().into_iter().filter_map(|(key, row)| match (key, row) {
            (Key::Join(app, id), Row::Join(join)) => Some(((app, id), join)),
            _ => None,
        });
        let held: BTreeMap<(App, MessageId), Known> = joins
            .map(|(key, join)| {
                let known = Known {
                    sent: join.sent.is_some(),
                    inbound: join.inbound.as_ref().map(|known| names(&known.message)),
                    echo: join.echo.as_ref().map(|known| names(&known.message)),
                    heard: join.heard.iter().map(|(heard, _)| heard.clone()).collect(),
                    mismatches: join.mismatches.iter().map(|(claim, _)| *claim).collect(),
                    aliases: join.aliases.iter().cloned().collect(),
                    others: join.others.iter().cloned().collect(),
                };
                (key, known)
            })
            .collect();
        let keys: BTreeSet<_> = held.keys().chain(self.rows.keys()).collect();
        let differing = keys.into_iter().filter(|key| held.get(key) != self.rows.get(key));
        differing.map(|key| format!("{key:?}: {:?} / {:?}", self.rows.get(key), held.get(key))).collect()
    }

    /// How many sends there are.
    pub fn sends(&self) -> usize {
        self.rows.values().filter(|row| row.sent).count()
    }

    /// How many messages people wrote.
    pub fn inbounds(&self) -> usize {
        self.rows.values().filter(|row| row.inbound.is_some()).count()
    }

    /// What was heard of no send: by a name that is another's it counts there.
    pub fn unmatched(&self) -> u64 {
        let stray = self.rows.values().filter(|row| !row.sent && row.aliases.is_empty());
        stray.map(|row| u64::try_from(row.heard.len() + row.mismatches.len()).expect("fits")).sum()
    }
}

/// Which ids of a person a message names.
fn names(message: &Message) -> (bool, bool) {
    (message.wa_id.is_some(), message.user.is_some())
}

/// Whether a copy names what the earlier ones did not.
fn names_news(known: &mut Option<(bool, bool)>, number: bool, user: bool) -> bool {
    let (had_number, had_user) = known.unwrap_or_default();
    let names = (had_number || number, had_user || user);
    known.replace(names) != Some(names)
}
