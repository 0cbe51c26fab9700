//! A send and what comes back: statuses under either id, failures, mismatch events, replies.

use super::super::history::{Context, Fact, Mismatch, Send, Status, StatusKind};
use super::lively::Lively;
use super::world::{Person, typed};

pub struct Sent {
    pub app: usize,
    pub person: usize,
    pub id: String,
    /// The other id of the same message; none for raw Meta's sends.
    other_id: Option<String>,
    /// A third, which Meta's bodies have instead of the other, and v3's beside it.
    meta_msg_id: Option<String>,
}

impl Sent {
    pub fn context(&self) -> Context {
        match &self.other_id {
            Some(other) => {
                let (gs_id, id) = (Some(self.id.clone()), Some(other.clone()));
                Context { gs_id, id, meta_msg_id: self.meta_msg_id.clone() }
            }
            None => Context { gs_id: None, id: Some(self.id.clone()), meta_msg_id: None },
        }
    }
}

/// Who the statuses of a send say was reached.
enum Reached {
    Holder,
    Echo,
    SameCode,
    Foreign,
    Nobody,
}

impl Lively {
    pub fn send(&mut self, person: usize, app: usize) {
        let subscriber = self.world.people[person].subscriber;
        let by_user = if self.world.shares_users(app) { 0.35 } else { 0.12 };
        let user = self.world.user(person, app).filter(|_| self.dice.chance(by_user));
        let Person { phoneless, silent, .. } = self.world.people[person];
        // SENT is off by default; then a mismatch may be all that is told.
        let quiet = !phoneless && self.dice.chance(if silent { 0.95 } else { 0.1 });
        let spellings = &self.world.subscribers[subscriber].spellings;
        let dialled = if quiet { spellings[spellings.len() - 1].clone() } else { self.dice.pick(spellings).clone() };
        let raw = self.dice.chance(0.2);
        let id = self.id(if raw { "wamid." } else { "gs" });
        let other_id = (!raw).then(|| format!("wa{id}"));
        let reached = match self.dice.weighted(&[62, 14, 8, 6, 10]) {
            0 => Reached::Holder,
            1 => Reached::Echo,
            2 => Reached::SameCode,
            3 => Reached::Foreign,
            _ => Reached::Nobody,
        };
        let reached = if phoneless { Reached::Nobody } else { reached };
        let wa_id = self.reached(&reached, subscriber, &dialled);
        let response = if raw { 0.5 } else { 0.1 };
        let send = Send {
            app: self.world.apps[app].clone(),
            message_id: id.clone(),
            destination: user.clone().unwrap_or_else(|| typed(&mut self.dice, &dialled)),
            sent_at_ms: self.at_ms(),
            customer_id: self.dice.chance(0.5).then(|| format!("customer-{}", person / 2)),
            wa_id: wa_id.clone().filter(|wa_id| self.dice.chance(response) && (raw || *wa_id == dialled)),
        };
        self.delivery.deliver(&mut self.dice, Fact::Send(send));
        let meta_msg_id = self.meta_msg_id(other_id.as_ref());
        let sent = Sent { app, person, id, other_id, meta_msg_id };
        if !quiet {
            self.statuses(&sent, wa_id.as_ref());
        }
        if self.dice.chance(if quiet { 0.8 } else { 0.1 }) {
            self.mismatch(&sent, subscriber, &dialled);
        }
        let replies = if silent { 0.02 } else { 0.15 };
        if self.dice.chance(replies) {
            self.reply(&sent, wa_id);
        }
        self.sent.push(sent);
    }

    /// Someone's old number is dialled still, or one that was noted down wrongly: SENT repeats it beside the BSUID that was reached, who may
    /// answer later from where they really are.
    pub fn send_astray(&mut self, person: usize, app: usize) {
        let Some(user_id) = self.world.user(person, app) else { return };
        let strange = self.dice.below(self.world.subscribers.len());
        let dialled = self.dice.pick(&self.world.subscribers[strange].spellings).clone();
        let (id, at_ms) = (self.id("gs"), self.at_ms());
        let (name, other_id) = (self.world.apps[app].clone(), format!("wa{id}"));
        let destination = typed(&mut self.dice, &dialled);
        let send = Send { app: name.clone(), message_id: id.clone(), destination, sent_at_ms: at_ms, customer_id: None, wa_id: None };
        self.delivery.deliver(&mut self.dice, Fact::Send(send));
        let kind = *self.dice.pick(&[StatusKind::Sent, StatusKind::Sent, StatusKind::Delivered]);
        let (gs_id, whatsapp_id) = (Some(id.clone()), Some(other_id.clone()));
        let (wa_id, user) = (Some(dialled), Some(user_id.clone()));
        let status = Status { app: name, kind, gs_id, whatsapp_id, meta_msg_id: None, wa_id, user_id: user, at_ms };
        self.delivery.deliver(&mut self.dice, Fact::Status(status));
        let sent = Sent { app, person, id, other_id: Some(other_id), meta_msg_id: None };
        if self.dice.chance(0.4) {
            self.clock_s += self.dice.between(0, 4000);
            let subscriber = self.world.people[person].subscriber;
            let wa_id = Some(self.world.subscribers[subscriber].wa_id.clone()).filter(|_| self.dice.chance(0.7));
            let context = self.dice.chance(0.7).then(|| self.partly(sent.context()));
            self.write_as(app, (wa_id, Some(user_id)), context);
        }
        self.sent.push(sent);
    }

    fn reached(&mut self, reached: &Reached, subscriber: usize, dialled: &str) -> Option<String> {
        let other = match reached {
            Reached::Holder => Some(subscriber),
            Reached::Echo => return Some(dialled.to_owned()),
            Reached::SameCode => self.world.other_subscriber(&mut self.dice, subscriber, false),
            Reached::Foreign => self.world.other_subscriber(&mut self.dice, subscriber, true),
            Reached::Nobody => None,
        };
        other.map(|other| self.world.subscribers[other].wa_id.clone())
    }

    /// Each kind comes or not, all of one send at the same second or soon after; some lack the Gupshup id.
    fn statuses(&mut self, sent: &Sent, wa_id: Option<&String>) {
        let kinds = [StatusKind::Enqueued, StatusKind::Sent, StatusKind::Delivered, StatusKind::Read, StatusKind::Failed];
        for (kind, probability) in kinds.into_iter().zip([0.3, 0.75, 0.4, 0.25, 0.07]) {
            if !self.dice.chance(probability) || (kind == StatusKind::Enqueued && sent.other_id.is_none()) {
                continue;
            }
            let user_id = self.shown(sent.person, sent.app).1;
            let phone_shown = !(self.dice.chance(0.12) || (user_id.is_some() && self.dice.chance(0.15)));
            let [gs_id, whatsapp_id, meta_msg_id] = self.status_ids(sent, kind);
            let (app, at_ms) = (self.world.apps[sent.app].clone(), self.at_ms() + self.dice.between(0, 5000));
            let wa_id = wa_id.cloned().filter(|_| phone_shown);
            let (wa_id, user_id) = match kind {
                StatusKind::Enqueued => (wa_id, None),
                StatusKind::Failed => (None, None),
                StatusKind::Sent | StatusKind::Delivered | StatusKind::Read => (wa_id, user_id),
            };
            let status = Status { app, kind, gs_id, whatsapp_id, meta_msg_id, wa_id, user_id, at_ms };
            self.delivery.deliver(&mut self.dice, Fact::Status(status));
        }
    }

    fn meta_msg_id(&mut self, other_id: Option<&String>) -> Option<String> {
        let possible = self.wide && other_id.is_some();
        (possible && self.dice.chance(0.4)).then(|| self.id("wamid.of."))
    }

    /// Gupshup's, and up to two of WhatsApp's side.
    fn status_ids(&mut self, sent: &Sent, kind: StatusKind) -> [Option<String>; 3] {
        let id = || Some(sent.id.clone());
        let Some(other) = sent.other_id.clone() else {
            let raw_failure = kind == StatusKind::Failed;
            let as_gupshups = raw_failure && self.dice.chance(0.5);
            return if as_gupshups { [id(), None, None] } else { [None, id(), None] };
        };
        let ids = match (kind, self.dice.below(10)) {
            (StatusKind::Failed, 0..5) => return [id(), None, None],
            (StatusKind::Sent | StatusKind::Delivered | StatusKind::Read, 0..4) => [None, Some(other)],
            (StatusKind::Sent | StatusKind::Delivered | StatusKind::Read, 4) => [None, id()],
            (_, _) => [id(), Some(other)],
        };
        let [gs_id, candidate] = ids;
        match sent.meta_msg_id.clone().map(|meta_msg_id| (meta_msg_id, self.dice.below(3))) {
            // As Meta's bodies have it.
            Some((meta_msg_id, 0)) => [gs_id, Some(meta_msg_id), None],
            Some((meta_msg_id, 1)) => [gs_id, candidate, Some(meta_msg_id)],
            Some(_) | None => [gs_id, candidate, None],
        }
    }

    /// Good or bad, at once or hours later.
    fn mismatch(&mut self, sent: &Sent, subscriber: usize, dialled: &str) {
        let strange = self.world.other_subscriber(&mut self.dice, subscriber, false).filter(|_| self.dice.chance(0.3));
        let answer = match strange {
            Some(other) => self.world.subscribers[other].wa_id.clone(),
            None => self.dice.pick(&self.world.subscribers[subscriber].spellings).clone(),
        };
        let delay_ms = if self.dice.chance(0.6) { self.dice.between(0, 5000) } else { self.dice.between(0, 36_000_000) };
        let (app, at_ms) = (self.world.apps[sent.app].clone(), self.at_ms() + delay_ms);
        let mismatch = Mismatch { app, message_id: sent.id.clone(), phone: dialled.to_owned(), wa_id: answer, at_ms };
        self.delivery.deliver(&mut self.dice, Fact::Mismatch(mismatch));
    }

    /// Soon, from whoever was reached.
    fn reply(&mut self, sent: &Sent, wa_id: Option<String>) {
        self.clock_s += self.dice.between(0, 600);
        let user_id = self.shown(sent.person, sent.app).1;
        let context = self.partly(sent.context());
        if wa_id.is_some() || user_id.is_some() {
            self.write_as(sent.app, (wa_id, user_id), Some(context));
        }
    }
}
