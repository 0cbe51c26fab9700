//! What a message id does when it is told something: joins, passes on, and tells the difference.

use super::entity::{CircleEvent, Entity, Event, Fact, Heard, Home, Message, Naming, Original, Report, ReportKind, Sighting};
use super::event::{Cause, Echo, Inbound, Mismatch, Reason, Rejection, Send, SendError};
use super::ids::{App, MessageId, Moment};
use super::join::{Copies, Join, MismatchCopies, Received, Sent, Verdict, home_of, note_copy};
use super::output::{DeadLetter, Output, SendUnresolved, UnresolvedReason};
use super::state::{Key, Row};
use super::step::Step;

/// How many messages an id may be another name of, and how many other names a message may have. There is one, or a few; of an id that stands in every event, as
/// one copied from the documentation may, each event would cost more than the one before.
const NAMES_MAX: usize = 32;

/// How many different things are heard of one message, and how many mismatch events it has. Each costs the more the more there are; nobody sends one message to
/// many people, and who answers it often says nothing more of who they are.
const HEARD_MAX: usize = 32;

/// One message id, while it is told something.
pub struct MessageEntity<'a> {
    /// The app.
    pub app: &'a App,
    /// The id.
    pub id: &'a MessageId,
}

impl MessageEntity<'_> {
    /// A send record. A later copy fills in the wa_id of the send response, which the first may have been written before.
    pub fn on_send(&self, step: &mut Step, send: &Send) {
        let kafka_ms = step.cause.kafka_ms;
        let cause = step.cause.clone();
        let known = step.state.join(self.app, self.id).and_then(|join| join.sent.as_ref());
        if known.is_some_and(|sent| !sent.lacks_response(send)) {
            step.count_duplicate();
        }
        self.learn(step, |join, timeout_ms| {
            let sent = join.sent.get_or_insert_with(|| Sent { send: send.clone(), kafka_ms: [].into(), cause: Some(cause) });
            let fills_in = sent.lacks_response(send);
            sent.send.wa_id = sent.send.wa_id.or(send.wa_id);
            note_copy(&mut sent.kafka_ms, kafka_ms, timeout_ms) || fills_in
        });
    }

    /// A status or reply that names this id.
    pub fn on_report(&self, step: &mut Step, report: &Report) {
        let mut join = self.row(step);
        if knows(&join, self.id, report) {
            step.count_duplicate();
        } else if self.says_again(step, &join, report) {
            return step.count_repeated();
        }
        match &report.naming {
            Naming::Gupshup(others) => {
                let unknown = others.iter().filter(|other| *other != self.id && !join.others.contains(*other));
                for other in unknown.take(NAMES_MAX.saturating_sub(join.others.len())).cloned().collect::<Vec<_>>() {
                    step.tell(self.entity(&other), Event::Alias(self.id.clone()));
                    join.others.insert(other);
                }
            }
            Naming::Candidate => {
                let forwarded = Report { naming: Naming::Forwarded, ..report.clone() };
                for alias in &join.aliases {
                    step.tell(self.entity(alias), Event::Report(forwarded.clone()));
                }
            }
            Naming::Forwarded => {}
        }
        let timeout_ms = join.timeout_ms(step.settings);
        let (cause, before) = (step.cause.clone(), join.verdict(timeout_ms));
        let is_taken =
            |heard: &&Heard| join.heard.len() < HEARD_MAX || heard.report == ReportKind::Failed || join.heard.contains_key(*heard);
        if let Some(heard) = report.heard.as_ref().filter(is_taken) {
            let fresh = Copies {
                kafka_ms: [].into(),
                candidate_ms: [].into(),
                cause: Some(cause.clone()),
                candidate: None,
                error: report.error.clone(),
            };
            let copies = join.heard.entry(heard.clone()).or_insert(fresh);
            note_copy(&mut copies.kafka_ms, cause.kafka_ms, timeout_ms);
            if report.naming == Naming::Candidate {
                note_copy(&mut copies.candidate_ms, cause.kafka_ms, timeout_ms);
                copies.candidate.get_or_insert(cause);
            }
        }
        self.settle(step, join, &before);
    }

    /// This id is another name of the message `to`: what was heard under it, now and later, is news of that one.
    pub fn on_alias(&self, step: &mut Step, to: &MessageId) {
        if step.state.join(self.app, self.id).is_some_and(|join| join.aliases.len() >= NAMES_MAX) {
            return;
        }
        let mut join = self.row(step);
        if to == self.id || !join.aliases.insert(to.clone()) {
            return;
        }
        for (heard, copies) in &join.heard {
            for kafka_ms in &copies.candidate_ms {
                let report = Report { heard: Some(heard.clone()), error: copies.error.clone(), naming: Naming::Forwarded };
                let cause = Cause { kafka_ms: *kafka_ms, ..copies.candidate.clone().expect("set with the first") };
                step.tell_of(cause, self.entity(to), Event::Report(report));
            }
        }
        self.keep(step, join);
    }

    /// A mismatch event, which waits for the send that it names.
    pub fn on_mismatch(&self, step: &mut Step, mismatch: &Mismatch, original: &Original) {
        let cause = step.cause.clone();
        let claim = (mismatch.wa_id, mismatch.at.seconds());
        let known = step.state.join(self.app, self.id).map(|join| &join.mismatches);
        if known.is_some_and(|mismatches| mismatches.contains_key(&claim)) {
            step.count_duplicate();
        } else if known.is_some_and(|mismatches| mismatches.len() >= HEARD_MAX) {
            let detail = format!("there are more than {HEARD_MAX} mismatch events of this message");
            let rejection = Rejection { reason: Reason::InconsistentMismatch, detail };
            return step.publish(Output::DeadLetter(DeadLetter { cause, rejection, original: original.clone() }));
        }
        self.learn(step, |join, timeout_ms| {
            let fresh = || MismatchCopies { kafka_ms: [].into(), cause: cause.clone(), original: Some(original.clone()) };
            let copies = join.mismatches.entry(claim).or_insert_with(fresh);
            note_copy(&mut copies.kafka_ms, cause.kafka_ms, timeout_ms)
        });
    }

    /// An inbound message: who wrote it was seen.
    pub fn on_inbound(&self, step: &mut Step, inbound: &Inbound) {
        let copy = Message::written(inbound, step.cause.kafka_ms);
        self.receive(step, copy, |join| &mut join.inbound);
    }

    /// A message that the business typed in the WhatsApp Business app: whom it names with both ids is one person, as far as that goes.
    pub fn on_echo(&self, step: &mut Step, echo: &Echo) {
        let copy = Message::echoed(echo, step.cause.kafka_ms);
        self.receive(step, copy, |join| &mut join.echo);
    }

    /// Places a message that needs no join, once, and tells whom it shows; a later copy only fills in the id that the first lacked.
    fn receive(&self, step: &mut Step, copy: Message, slot: impl FnOnce(&mut Join) -> &mut Option<Box<Received>>) {
        let mut join = self.row(step);
        let known = slot(&mut join);
        let received = match known {
            None => Received::first(copy),
            Some(before) => {
                let received = before.with(&copy);
                if received.message.names() == before.message.names() {
                    step.count_duplicate();
                }
                if received == **before {
                    return;
                }
                received
            }
        };
        *known = Some(received.clone().into());
        let Received { message, home } = received;
        let sighting = message.sighting().filter(|seen| !home.holds(seen.wa_id));
        place(step, &home, message);
        self.keep(step, join);
        // At its home, placing it tells.
        if let Some(sighting) = sighting {
            step.tell(Entity::Home(Home::of_number(self.app.tenant(), sighting.wa_id)), Event::Sighted(sighting));
        }
    }

    /// Stream time has passed the row's deadline: its send has expired, or nothing that comes from now on concerns it.
    pub fn on_time(&self, step: &mut Step, now_ms: i64) {
        let Some(mut join) = step.state.join(self.app, self.id).cloned() else { return };
        if join.expires_ms(step.settings).is_some_and(|expires_ms| expires_ms < now_ms)
            && let Some(sent) = &mut join.sent
            && let Some(cause) = sent.cause.take()
        {
            step.cause = cause;
            self.publish_unresolved(step, sent, UnresolvedReason::Expired, None);
            step.counts.expired += 1;
        }
        if join.deadline_ms(step.settings) >= now_ms {
            return step.state.put(self.key(), Row::Join(join.into()));
        }
        // What came by another name was passed on to the message that it names, and is counted there.
        if join.sent.is_none() && join.aliases.is_empty() {
            step.counts.unmatched += u64::try_from(join.heard.len() + join.mismatches.len()).expect("fits");
        }
        step.state.remove(&self.key());
    }

    /// Whether a report is a status that need not be kept, and teaches no name and passes nothing on.
    fn says_again(&self, step: &Step, join: &Join, report: &Report) -> bool {
        let (kafka_ms, timeout_ms) = (step.cause.kafka_ms, join.timeout_ms(step.settings));
        let is_plain = matches!(report.naming, Naming::Gupshup(_)) && names_known(join, self.id, report);
        is_plain && report.heard.as_ref().is_some_and(|heard| join.says_again(heard, kafka_ms, timeout_ms))
    }

    fn learn(&self, step: &mut Step, change: impl FnOnce(&mut Join, i64) -> bool) {
        let mut join = self.row(step);
        let timeout_ms = join.timeout_ms(step.settings);
        let before = join.verdict(timeout_ms);
        if change(&mut join, timeout_ms) {
            self.settle(step, join, &before);
        }
    }

    /// Tells what follows now and did not before, and keeps the row.
    fn settle(&self, step: &mut Step, mut join: Box<Join>, before: &Verdict) {
        let timeout_ms = join.timeout_ms(step.settings);
        let after = join.verdict(timeout_ms);
        if after != *before {
            refuse(step, &mut join, before, &after);
            self.tell_failure(step, &join, before, &after);
            self.tell_observations(step, &join, before, &after);
            self.tell_sights(step, &join, before, &after);
            self.place_outbound(step, &mut join, before, &after);
        }
        join.forget_causes(&after, timeout_ms);
        self.keep(step, join);
    }

    fn keep(&self, step: &mut Step, mut join: Box<Join>) {
        join.last_ms = join.last_ms.max(step.cause.kafka_ms);
        step.state.put(self.key(), Row::Join(join));
    }

    fn tell_failure(&self, step: &mut Step, join: &Join, before: &Verdict, after: &Verdict) {
        let Some(sent) = join.sent.as_ref().filter(|_| after.failed && !before.failed) else { return };
        let error = join.heard.values().find_map(|copies| copies.error.clone());
        self.publish_unresolved(step, sent, UnresolvedReason::Failed, error);
    }

    fn publish_unresolved(&self, step: &mut Step, sent: &Sent, reason: UnresolvedReason, error: Option<SendError>) {
        step.publish(Output::SendUnresolved(SendUnresolved {
            cause: step.cause.clone(),
            app: self.app.clone(),
            message_id: self.id.clone(),
            address: sent.send.destination.clone(),
            customer_id: sent.send.customer_id.clone(),
            reason,
            error_code: error.as_ref().and_then(|error| error.code.clone()),
            error_reason: error.and_then(|error| error.reason),
            sent_at: sent.send.at,
        }));
    }

    fn tell_observations(&self, step: &mut Step, join: &Join, before: &Verdict, after: &Verdict) {
        for observation in join.observations(before, after, self.id) {
            step.tell(Entity::Home(home_of(self.app, &observation.address)), Event::Observed(observation));
        }
        let linked_before = join.linked(before);
        for (phone, wa_id) in join.linked(after).difference(&linked_before) {
            let same = CircleEvent::Fact(Fact::Same(*phone, *wa_id));
            step.tell(Entity::Home(Home::of_number(self.app.tenant(), *phone)), Event::Circle(same));
        }
    }

    fn place_outbound(&self, step: &mut Step, join: &mut Join, before: &Verdict, after: &Verdict) {
        let changed = join.belongs(before) != join.belongs(after);
        if !changed && join.home.is_some() {
            return;
        }
        let Some(mut message) = join.outbound(after, self.id) else { return };
        let home = join.home.get_or_insert_with(|| message.home()).clone();
        if changed {
            join.version += 1;
            message.version = join.version;
            place(step, &home, message.clone());
        }
    }

    /// Sights go to the home of their number, unless the observation that brought them goes there anyway.
    fn tell_sights(&self, step: &mut Step, join: &Join, before: &Verdict, after: &Verdict) {
        let Some(sent) = &join.sent else { return };
        let told = before.sights(sent.send.at.seconds());
        let observed_at = home_of(self.app, &sent.send.destination);
        for ((wa_id, user), at_s) in after.sights(sent.send.at.seconds()) {
            let home = Home::of_number(self.app.tenant(), wa_id);
            let news = told.get(&(wa_id, user.clone())).is_none_or(|told_s| at_s < *told_s);
            if news && home != observed_at {
                let sighting = Sighting { wa_id, user: Some(user), at: Moment(at_s * 1000), wrote: None, is_hearsay: false };
                step.tell(Entity::Home(home), Event::Sighted(sighting));
            }
        }
    }

    fn row(&self, step: &mut Step) -> Box<Join> {
        step.state.join(self.app, self.id).cloned().unwrap_or_default().into()
    }

    fn key(&self) -> Key {
        Key::Join(self.app.clone(), self.id.clone())
    }

    fn entity(&self, id: &MessageId) -> Entity {
        Entity::Message { app: self.app.clone(), id: id.clone() }
    }
}

/// Whether a row has heard all that a status or reply says.
fn knows(join: &Join, id: &MessageId, report: &Report) -> bool {
    names_known(join, id, report) && report.heard.as_ref().is_none_or(|heard| join.heard.contains_key(heard))
}

/// Whether it knows all names of the message that a status or reply teaches.
fn names_known(join: &Join, id: &MessageId, report: &Report) -> bool {
    match &report.naming {
        Naming::Gupshup(others) => others.iter().all(|other| other == id || join.others.contains(other)),
        Naming::Candidate | Naming::Forwarded => true,
    }
}

/// Sends a message to where it was first placed; if it turns out to belong elsewhere too, the two places are one circle.
fn place(step: &mut Step, home: &Home, message: Message) {
    let belongs = message.home();
    step.tell(Entity::Home(home.clone()), Event::Placed(message));
    if belongs != *home {
        step.tell(Entity::Home(home.clone()), Event::Circle(CircleEvent::Link(belongs)));
    }
}

/// Evidence of a foreign number, and mismatch events that contradict their send, go to the dead letters.
fn refuse(step: &mut Step, join: &mut Join, before: &Verdict, after: &Verdict) {
    let news = after.refused.difference(&before.refused).filter_map(|heard| Some((report_name(heard), join.heard[heard].cause.clone()?)));
    let response = (after.refused_response && !before.refused_response).then(|| ("the send response", step.cause.clone()));
    for (name, cause) in news.chain(response) {
        let detail = format!("{name} names a wa_id of another country than the number dialled");
        let rejection = Rejection { reason: Reason::ForeignJoin, detail };
        step.publish(Output::DeadLetter(DeadLetter { cause, rejection, original: Original::default() }));
    }
    for (claim, accepted) in after.mismatches.iter().filter(|(claim, _)| !before.mismatches.contains_key(claim)) {
        let copies = join.mismatches.get_mut(claim).expect("judged means known");
        let original = copies.original.take().unwrap_or_default();
        if !accepted {
            let detail = "the wa_id is not the same subscriber as the number dialled".to_owned();
            let rejection = Rejection { reason: Reason::InconsistentMismatch, detail };
            step.publish(Output::DeadLetter(DeadLetter { cause: copies.cause.clone(), rejection, original }));
        }
    }
}

fn report_name(heard: &Heard) -> &'static str {
    use super::entity::ReportKind;
    match heard.report {
        ReportKind::Reply => "a reply",
        ReportKind::Sent => "sent",
        ReportKind::Delivered => "delivered",
        ReportKind::Read => "read",
        ReportKind::Failed => "failed",
    }
}
