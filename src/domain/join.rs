//! The row of a message id: a send, what was heard of it, and what follows from both; an inbound message; an echo; other names.
//!
//! Whatever follows is a pure function ([`Join::verdict`]) of sets that only grow, so a row tells exactly the difference between
//! what followed before an event and what follows after it.

use super::entity::{Direction, Heard, Home, Message, Original, ReportKind};
use super::event::{Cause, Echo, Inbound, Send, SendError};
use super::evidence::{Class, Evidence, Observation, ObservedIn};
use super::flat::{FlatMap, FlatSet};
use super::ids::{Address, App, MessageId, Moment, Number, User};
use super::number;
use super::step::Settings;
use std::sync::Arc;

/// What is known under one message id of one app.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Join {
    /// The send record.
    pub sent: Option<Sent>,
    /// What statuses and replies said, with the Kafka times of each copy; less what [`Self::says_again`] leaves out.
    pub heard: FlatMap<Heard, Copies>,
    /// The messages that this id is another name of, by Gupshup id.
    pub aliases: FlatSet<MessageId>,
    /// Other names of this message, each told once.
    pub others: FlatSet<MessageId>,
    /// Mismatch events, by wa_id and second.
    pub mismatches: FlatMap<(Number, i64), MismatchCopies>,
    /// The message that a person wrote under this id.
    pub inbound: Option<Box<Received>>,
    /// The message that the business typed in the WhatsApp Business app under this id.
    pub echo: Option<Box<Received>>,
    /// Where the sent message was first placed: all later news of it goes there.
    pub home: Option<Home>,
    /// What was last said of the sent message.
    pub version: u32,
    /// The greatest Kafka timestamp of all that was told to this id, ms.
    pub last_ms: i64,
    /// How far apart the two sides of a join may be, ms, if another `join.timeout` was in force when the row was made than is now.
    pub timeout_ms: Option<i64>,
}

/// A send record and the Kafka times of its copies.
#[derive(Clone, PartialEq, Debug)]
pub struct Sent {
    /// The record, with the send response's wa_id if any copy has it.
    pub send: Send,
    /// Kafka timestamps, ms.
    pub kafka_ms: FlatSet<i64>,
    /// The record that brought it first, until there is evidence, it failed or it was told to have expired: once that is so, it stays so,
    /// also when the timeout is made shorter.
    pub cause: Option<Cause>,
}

/// Copies of one thing heard.
#[derive(Clone, PartialEq, Debug)]
pub struct Copies {
    /// Kafka timestamps of all, ms.
    pub kafka_ms: FlatSet<i64>,
    /// Of those that named the message by an id of unknown kind, to be forwarded to what it is another name of.
    pub candidate_ms: FlatSet<i64>,
    /// The record that brought it first, until it is judged.
    pub cause: Option<Cause>,
    /// The record that first brought it under an id of unknown kind.
    pub candidate: Option<Cause>,
    /// What failed, of a failed status.
    pub error: Option<SendError>,
}

/// Copies of one mismatch event.
#[derive(Clone, PartialEq, Debug)]
pub struct MismatchCopies {
    /// Kafka timestamps, ms.
    pub kafka_ms: FlatSet<i64>,
    /// The record that brought it first.
    pub cause: Cause,
    /// That record, until judged.
    pub original: Option<Original>,
}

/// A message that needs no join, inbound or an echo: let through once.
#[derive(Clone, PartialEq, Debug)]
pub struct Received {
    /// The message, with what later copies filled in and their earliest Kafka timestamp.
    pub message: Message,
    /// Where it was placed.
    pub home: Home,
}

/// Accepted evidence: its kind, whom it names, and for a reply when.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Proof {
    /// What it rests on.
    pub kind: Evidence,
    /// The wa_id.
    pub wa_id: Option<Number>,
    /// The BSUID.
    pub user: Option<User>,
    /// A reply's own time, s.
    pub at_s: Option<i64>,
}

/// All that follows from a row.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Verdict {
    /// Accepted evidence, each with the least Kafka time at which it and its send were both there.
    pub proofs: FlatMap<Proof, i64>,
    /// What was heard but names a foreign number.
    pub refused: FlatSet<Heard>,
    /// Whether the send response names a foreign number.
    pub refused_response: bool,
    /// Whether the send failed.
    pub failed: bool,
    /// Mismatch events that were judged: accepted or not.
    pub mismatches: FlatMap<(Number, i64), bool>,
}

impl Join {
    /// When stream time should look at this row again, ms: when its send expires, or when it can be forgotten.
    #[must_use]
    pub fn deadline_ms(&self, settings: &Settings) -> i64 {
        self.expires_ms(settings).unwrap_or_else(|| self.last_ms.saturating_add(self.settings(settings).join_kept_ms()))
    }

    /// When evidence of the send can come no more, ms, if it has none.
    #[must_use]
    pub fn expires_ms(&self, settings: &Settings) -> Option<i64> {
        let sent = self.sent.as_ref().filter(|sent| sent.cause.is_some())?;
        Some(sent.kafka_ms.last().copied().expect("a send has a copy").saturating_add(self.timeout_ms(settings)))
    }

    /// How far apart the two sides of a join may be, ms: what was told of a row, or was not, stays so when the setting changes.
    #[must_use]
    pub fn timeout_ms(&self, settings: &Settings) -> i64 {
        self.timeout_ms.unwrap_or(settings.join_timeout_ms)
    }

    fn settings(&self, settings: &Settings) -> Settings {
        Settings { join_timeout_ms: self.timeout_ms(settings), ..*settings }
    }

    /// What follows from all that is known, with joins limited to `timeout_ms` between the Kafka times of the two sides.
    #[must_use]
    pub fn verdict(&self, timeout_ms: i64) -> Verdict {
        let mut verdict = Verdict::default();
        let Some(sent) = &self.sent else { return verdict };
        // Mostly all name the same number.
        let mut judged = (None, sent.accepts(None));
        for (heard, copies) in &self.heard {
            let Some(together_ms) = sent.together_ms(&copies.kafka_ms, timeout_ms) else { continue };
            if judged.0 != heard.wa_id {
                judged = (heard.wa_id, sent.accepts(heard.wa_id));
            }
            match (heard.report, judged.1) {
                (ReportKind::Failed, _) => verdict.failed = true,
                (_, false) => drop(verdict.refused.insert(heard.clone())),
                (_, true) => verdict.prove(sent.proof(heard), together_ms),
            }
        }
        verdict.prove_response(sent);
        verdict.join_twins();
        for (claim, copies) in &self.mismatches {
            if sent.together_ms(&copies.kafka_ms, timeout_ms).is_some() {
                let agrees = sent.send.destination.phone().is_some_and(|phone| number::same_subscriber(phone, claim.0));
                verdict.mismatches.insert(*claim, agrees);
            }
        }
        verdict
    }

    /// Whether a status only says again whom the message reached, after a stronger one said it. Nothing follows from it, whatever else is
    /// known or will be, so that it need not be kept: it was heard no nearer to any copy of the send so far than the stronger one, which counts
    /// whenever it would, also if the timeout is made shorter; and it names both ids, so that it is no twin.
    #[must_use]
    pub fn says_again(&self, heard: &Heard, kafka_ms: i64, timeout_ms: i64) -> bool {
        let names_both = heard.wa_id.is_some() && heard.user.is_some();
        let may_repeat = names_both && matches!(heard.report, ReportKind::Delivered | ReportKind::Read);
        let Some(sent) = self.sent.as_ref().filter(|_| may_repeat) else { return false };
        let is_stronger = |other: &Heard| {
            (ReportKind::Sent..heard.report).contains(&other.report) && (other.wa_id, &other.user) == (heard.wa_id, &heard.user)
        };
        let came_between = |copies: &Copies| {
            let first_ms = copies.kafka_ms.first().copied();
            first_ms.is_some_and(|first_ms| first_ms <= kafka_ms) && sent.kafka_ms.last().copied() <= first_ms
        };
        let is_joined = |copies: &Copies| sent.together_ms(&copies.kafka_ms, timeout_ms).is_some();
        let mut stronger = self.heard.iter().filter(|(other, _)| is_stronger(other));
        stronger.any(|(_, copies)| came_between(copies) && is_joined(copies)) && sent.accepts(heard.wa_id)
    }

    /// Lets go of the causes of which nothing can follow any more: a settled message need not be kept with them.
    pub fn forget_causes(&mut self, verdict: &Verdict, timeout_ms: i64) {
        let Some(sent) = self.sent.as_mut() else { return };
        if verdict.failed || !verdict.proofs.is_empty() {
            sent.cause = None;
        }
        for copies in self.heard.values_mut() {
            let is_judged = sent.together_ms(&copies.kafka_ms, timeout_ms).is_some();
            copies.cause = copies.cause.take().filter(|_| !is_judged);
        }
    }

    /// WhatsApp's id of the sent message, as far as known: Meta's own rather than one that Gupshup gave beside it.
    #[must_use]
    pub fn whatsapp_id(&self, id: &MessageId) -> Option<MessageId> {
        let known = || self.others.iter().find(|other| other.is_wamid()).or_else(|| self.others.first());
        if id.is_wamid() { Some(id.clone()) } else { known().cloned() }
    }

    /// The sent message as its circle should know it, if any evidence counts.
    #[must_use]
    pub fn outbound(&self, verdict: &Verdict, id: &MessageId) -> Option<Message> {
        let sent = self.sent.as_ref()?;
        let send = &sent.send;
        let strongest = verdict.strongest()?;
        Some(Message {
            app: send.app.clone(),
            direction: Direction::Outbound,
            id: id.clone(),
            at: send.at,
            kafka_ms: verdict.proofs.values().copied().min()?,
            wa_id: strongest.wa_id,
            user: strongest.user.clone(),
            address: Some(send.destination.clone()),
            customer_id: send.customer_id.clone(),
            kind: send.kind.clone(),
            whatsapp_id: self.whatsapp_id(id),
            referral: false,
            version: self.version,
        })
    }

    /// Whose the sent message is as far as evidence says, and since which Kafka time.
    #[must_use]
    pub fn belongs<'v>(&self, verdict: &'v Verdict) -> Option<(Option<Number>, Option<&'v User>, i64)> {
        self.sent.as_ref()?;
        let strongest = verdict.strongest()?;
        Some((strongest.wa_id, strongest.user.as_ref(), verdict.proofs.values().copied().min()?))
    }

    /// What the sent message shows of its address after an event and did not before, by kind, wa_id, BSUID and second.
    #[must_use]
    pub fn observations(&self, before: &Verdict, after: &Verdict, id: &MessageId) -> Vec<Observation> {
        let Some(sent) = &self.sent else { return Vec::new() };
        let told = sent.shown(before);
        let news = sent.shown(after).into_iter().filter(|(shown, _)| !told.contains_key(shown));
        news.map(|((kind, wa_id, user, _), (class, at))| self.observation(sent, id, (kind, class, wa_id), user.cloned(), at)).collect()
    }

    fn observation(
        &self,
        sent: &Sent,
        id: &MessageId,
        (kind, class, wa_id): (Evidence, Class, Option<Number>),
        user: Option<User>,
        at: Moment,
    ) -> Observation {
        let send = &sent.send;
        let source = ObservedIn {
            app: send.app.clone(),
            message_id: id.clone(),
            whatsapp_id: self.whatsapp_id(id),
            sent_at: send.at,
            customer_id: send.customer_id.clone(),
        };
        Observation { address: send.destination.clone(), class, kind, wa_id, user, at, source }
    }

    /// The wa_ids of one class with the phone dialled that evidence says are the same subscriber, though no rule does.
    #[must_use]
    pub fn linked(&self, verdict: &Verdict) -> FlatSet<(Number, Number)> {
        let Some(phone) = self.sent.as_ref().and_then(|sent| sent.send.destination.phone()) else { return FlatSet::new() };
        let named = verdict.proofs.keys().filter_map(|proof| proof.wa_id);
        named
            .filter(|wa_id| *wa_id != phone && number::linkable(phone, *wa_id) && !number::same_subscriber(phone, *wa_id))
            .map(|wa_id| (phone, wa_id))
            .collect()
    }
}

/// Something that a sent message shows: its kind, wa_id, BSUID and second.
type Shown<'v> = (Evidence, Option<Number>, Option<&'v User>, i64);

impl Sent {
    /// Whether a copy says whom the send response named, and none so far did.
    #[must_use]
    pub const fn lacks_response(&self, copy: &Send) -> bool {
        self.send.wa_id.is_none() && copy.wa_id.is_some()
    }

    /// What a verdict shows, with how much it counts and its date.
    fn shown<'v>(&self, verdict: &'v Verdict) -> FlatMap<Shown<'v>, (Class, Moment)> {
        let proofs = verdict.proofs.keys().filter(|proof| !verdict.has_stronger(proof)).map(|proof| {
            let at = proof.at_s.map_or(self.send.at, |at_s| Moment(at_s * 1000));
            ((proof.kind, proof.wa_id, proof.user.as_ref(), at.seconds()), (self.class(proof), at))
        });
        let accepted = verdict.mismatches.iter().filter(|(_, accepted)| **accepted);
        let mismatches =
            accepted.map(|((wa_id, at_s), _)| ((Evidence::Mismatch, Some(*wa_id), None, *at_s), (Class::B, Moment(at_s * 1000))));
        proofs.chain(mismatches).collect()
    }

    /// The least Kafka time at which a copy of the send and a copy of the other side, not too far apart, were both there.
    fn together_ms(&self, others_ms: &FlatSet<i64>, timeout_ms: i64) -> Option<i64> {
        let pairs = self.kafka_ms.iter().flat_map(|sent| others_ms.iter().map(move |other| (*sent, *other)));
        pairs.filter(|(sent, other)| sent.abs_diff(*other) <= timeout_ms.unsigned_abs()).map(|(sent, other)| sent.max(other)).min()
    }

    /// Whether a wa_id may be who was dialled. Without one, or dialled by BSUID, there is nothing to judge.
    fn accepts(&self, wa_id: Option<Number>) -> bool {
        match (self.send.destination.phone(), wa_id) {
            (Some(phone), Some(wa_id)) => number::is_believed(phone, wa_id),
            _ => true,
        }
    }

    fn proof(&self, heard: &Heard) -> Proof {
        let kind = match heard.report {
            ReportKind::Reply => Evidence::Reply,
            ReportKind::Sent => Evidence::Sent,
            ReportKind::Delivered => Evidence::Delivered,
            ReportKind::Read => Evidence::Read,
            ReportKind::Failed => unreachable!("a failure proves nothing"),
        };
        let user = heard.user.clone().or_else(|| self.send.destination.person().cloned());
        Proof { kind, wa_id: heard.wa_id, user, at_s: heard.at_s }
    }

    fn class(&self, proof: &Proof) -> Class {
        match proof.wa_id {
            None => Class::Nobody,
            Some(wa_id) if proof.kind.is_exact_join() && self.send.destination.phone() == Some(wa_id) => Class::C,
            Some(_) => Class::A,
        }
    }
}

impl Proof {
    const fn names_number_alone(&self) -> bool {
        self.wa_id.is_some() && self.user.is_none()
    }

    const fn names_user_alone(&self) -> bool {
        self.wa_id.is_none() && self.user.is_some()
    }

    /// Where it stands among those that say whose message it is: the least says it.
    const fn rank(&self) -> (bool, Evidence, bool, Option<Number>, Option<&User>) {
        (self.wa_id.is_none(), self.kind, self.user.is_none(), self.wa_id, self.user.as_ref())
    }
}

impl Verdict {
    /// The evidence that says whose message it is: the strongest with a wa_id, else the strongest.
    #[must_use]
    pub fn strongest(&self) -> Option<&Proof> {
        let by_rank = |one: &&Proof, other: &&Proof| one.rank().cmp(&other.rank());
        let named = self.proofs.keys().filter(|proof| proof.wa_id.is_some()).min_by(by_rank);
        let known = || self.proofs.keys().filter(|proof| proof.user.is_some()).min_by(by_rank);
        named.or_else(known).or_else(|| self.proofs.keys().next())
    }

    /// The numbers and BSUIDs that evidence of a message sent at `sent_s` saw together, at the earliest, s.
    #[must_use]
    pub fn sights(&self, sent_s: i64) -> FlatMap<(Number, User), i64> {
        let mut sights = FlatMap::new();
        for proof in self.proofs.keys() {
            if let (Some(wa_id), Some(user)) = (proof.wa_id, proof.user.clone()) {
                let at_s = proof.at_s.unwrap_or(sent_s);
                let earliest = sights.entry((wa_id, user)).or_insert(at_s);
                *earliest = at_s.min(*earliest);
            }
        }
        sights
    }

    fn prove(&mut self, proof: Proof, together_ms: i64) {
        let known = self.proofs.entry(proof).or_insert(together_ms);
        *known = together_ms.min(*known);
    }

    fn prove_response(&mut self, sent: &Sent) {
        let Some(wa_id) = sent.send.wa_id else { return };
        self.refused_response = !sent.accepts(Some(wa_id));
        if self.refused_response {
            return;
        }
        let user = sent.send.destination.person().cloned();
        let first_ms = sent.kafka_ms.first().copied().expect("a send has a copy");
        self.prove(Proof { kind: Evidence::SendResponse, wa_id: Some(wa_id), user, at_s: None }, first_ms);
    }

    /// Two copies of one status, one with the number and one with the BSUID, name both.
    fn join_twins(&mut self) {
        if !(self.proofs.keys().any(Proof::names_number_alone) && self.proofs.keys().any(Proof::names_user_alone)) {
            return;
        }
        for kind in [Evidence::Sent, Evidence::Delivered, Evidence::Read] {
            let one_kind: Vec<(Proof, i64)> =
                self.proofs.iter().filter(|(proof, _)| proof.kind == kind).map(|(p, ms)| (p.clone(), *ms)).collect();
            for (number, number_ms) in one_kind.iter().filter(|(proof, _)| proof.names_number_alone()) {
                for (user, user_ms) in one_kind.iter().filter(|(proof, _)| proof.names_user_alone()) {
                    let both = Proof { user: user.user.clone(), ..number.clone() };
                    self.prove(both, *number_ms.max(user_ms));
                }
            }
        }
    }

    /// Whether a stronger exact join says the same, so that this one adds nothing: both are dated at the send.
    fn has_stronger(&self, proof: &Proof) -> bool {
        let says_same = |other: &Proof| other.wa_id == proof.wa_id && other.user == proof.user && other.kind < proof.kind;
        proof.kind.is_exact_join() && self.proofs.keys().any(|other| other.kind.is_exact_join() && says_same(other))
    }
}

impl Received {
    /// From its first copy.
    #[must_use]
    pub fn first(copy: Message) -> Self {
        Self { home: copy.home(), message: copy }
    }

    /// With what a later copy fills in: the id that the earlier ones lacked, or that an advertisement led there.
    #[must_use]
    pub fn with(&self, copy: &Message) -> Self {
        let mut received = self.clone();
        let message = &mut received.message;
        message.wa_id = message.wa_id.or(copy.wa_id);
        message.user = message.user.take().or_else(|| copy.user.clone());
        message.referral |= copy.referral;
        message.kafka_ms = message.kafka_ms.min(copy.kafka_ms);
        if received != *self {
            received.message.version += 1;
        }
        received
    }
}

impl Message {
    /// A copy of what a person wrote, as its circle should know it.
    #[must_use]
    pub fn written(inbound: &Inbound, kafka_ms: i64) -> Self {
        let Inbound { app, id, wa_id, user, at, kind, context: _, referral } = inbound.clone();
        let user = scoped(&app, user.as_ref());
        Self { direction: Direction::Inbound, referral, ..typed(app, id, (wa_id, user), at, kind, kafka_ms) }
    }

    /// A copy of what the business typed in the WhatsApp Business app, as its circle should know it.
    #[must_use]
    pub fn echoed(echo: &Echo, kafka_ms: i64) -> Self {
        let Echo { app, id, wa_id, user, at, kind } = echo.clone();
        let user = scoped(&app, user.as_ref());
        typed(app, id, (wa_id, user), at, kind, kafka_ms)
    }
}

/// A first copy of a message without a send record: as far as it says, the business typed it.
fn typed(
    app: App,
    id: MessageId,
    (wa_id, user): (Option<Number>, Option<User>),
    at: Moment,
    kind: Option<Arc<str>>,
    kafka_ms: i64,
) -> Message {
    Message {
        app,
        direction: Direction::Outbound,
        whatsapp_id: Some(id.clone()),
        id,
        at,
        kafka_ms,
        wa_id,
        user,
        address: None,
        customer_id: None,
        kind,
        referral: false,
        version: 1,
    }
}

/// Adds the Kafka time of a copy, unless those at hand already pair with whatever it pairs with; whether it was added.
///
/// A copy between two that are no more than the timeout apart never matters: whatever lies near enough to it lies near
/// enough to one of them, and is together with that one no later. So copies, however many, take little room.
pub fn note_copy(copies_ms: &mut FlatSet<i64>, kafka_ms: i64, timeout_ms: i64) -> bool {
    if !copies_ms.insert(kafka_ms) {
        return false;
    }
    let before = copies_ms.before(&kafka_ms).copied();
    let after = copies_ms.after(&kafka_ms).copied();
    for middle in [Some(kafka_ms), before, after].into_iter().flatten() {
        let low = copies_ms.before(&middle);
        let high = copies_ms.after(&middle);
        if low.zip(high).is_some_and(|(low, high)| high - low <= timeout_ms) {
            copies_ms.remove(&middle);
        }
    }
    copies_ms.contains(&kafka_ms)
}

/// A BSUID inside the scope of the app that saw it.
#[must_use]
pub fn scoped(app: &App, id: Option<&super::ids::Bsuid>) -> Option<User> {
    id.map(|id| User { scope: app.scope().clone(), id: id.clone() })
}

/// The address as the key of a home: where observations of it go.
#[must_use]
pub fn home_of(app: &App, address: &Address) -> Home {
    Home::of_address(app.tenant(), address)
}

#[cfg(test)]
mod tests;
