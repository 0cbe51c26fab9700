//! The row of an address: what was observed of it, and the answer that follows.

use super::contact::Sighted;
use super::entity::{Change, Owner, Subject};
use super::evidence::{Class, Evidence, Observation};
use super::flat::{FlatMap, FlatSet};
use super::ids::{Address, App, MessageId, Moment, Number, User};
use super::number;
use std::cmp::Reverse;
use std::sync::Arc;
use uuid::Uuid;

/// What is known about an address that was dialled.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AddressRow {
    /// Observations, by how much they count and the wa_id they name.
    pub observed: FlatMap<(Class, Option<Number>), Observed>,
    /// The BSUIDs that sends to this address joined, each with its newest send, s.
    pub users: FlatMap<User, i64>,
    /// The numbers seen with those, each with its earliest sight, s.
    pub seen: FlatMap<(User, Number), i64>,
    /// Moves away from numbers that this row watches.
    pub moves: FlatSet<Change>,
    /// What this row watches.
    pub watching: FlatSet<Subject>,
    /// Who is behind those.
    pub owners: FlatMap<Subject, OwnerTold>,
    /// What was told last.
    pub told: Option<RowTold>,
    /// The business's id for the person, as of the newest send.
    pub customer: Option<(i64, Arc<str>)>,
}

/// Observations of one class and wa_id.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Observed {
    /// Exact joins, whichever status brought them.
    pub exact: Option<Span>,
    /// The strongest of their kinds.
    pub exact_kind: Option<Evidence>,
    /// Replies.
    pub reply: Option<Span>,
    /// Mismatch events.
    pub mismatch: Option<Span>,
    /// The strongest, then earliest.
    pub best: Option<Proven>,
}

/// The earliest and the newest of something, s.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Earliest.
    pub first_s: i64,
    /// Newest.
    pub last_s: i64,
}

/// Evidence as a record shows it.
#[derive(Clone, PartialEq, Debug)]
pub struct Proven {
    /// Its kind.
    pub kind: Evidence,
    /// Its date.
    pub at: Moment,
    /// The app of the send or message, if any.
    pub app: Option<App>,
    /// The message sent.
    pub message_id: Option<MessageId>,
    /// WhatsApp's id of the message.
    pub whatsapp_id: Option<MessageId>,
    /// When it was sent.
    pub sent_at: Option<Moment>,
}

/// Who is behind a subject, as its circle said last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OwnerTold {
    /// Who.
    pub owner: Owner,
    /// The circle's version of it.
    pub version: u64,
    /// The identities that were found to be the same person.
    pub absorbed: FlatSet<Uuid>,
}

/// What a row told last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowTold {
    /// The answer.
    pub wa_id: Option<Number>,
    /// The identity.
    pub identity: Uuid,
    /// What it rested on.
    pub evidence: Option<Evidence>,
}

/// Something that speaks for a number as the answer.
#[derive(Clone, Debug)]
struct Claim {
    class: Class,
    wa_id: Number,
    kind: Evidence,
    span: Span,
}

/// The answer for an address, and what it rests on.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// The wa_id; `None` while only a BSUID, or nobody, was named.
    pub wa_id: Option<Number>,
    /// The strongest, then earliest evidence for it.
    pub proven: Proven,
}

impl Span {
    /// One moment.
    #[must_use]
    pub const fn at(at_s: i64) -> Self {
        Self { first_s: at_s, last_s: at_s }
    }

    /// With one more moment.
    pub fn extend(span: &mut Option<Self>, at_s: i64) {
        let known = span.get_or_insert(Self::at(at_s));
        known.first_s = known.first_s.min(at_s);
        known.last_s = known.last_s.max(at_s);
    }

    /// The newest moment that is known to be at or before `until_s`.
    fn as_of(self, until_s: i64) -> Option<i64> {
        [self.last_s, self.first_s].into_iter().find(|at_s| *at_s <= until_s)
    }
}

impl AddressRow {
    /// Takes an observation in.
    pub fn observe(&mut self, seen: &Observation) {
        let at_s = seen.at.seconds();
        let observed = self.observed.entry((seen.class, seen.wa_id)).or_default();
        match seen.kind {
            Evidence::Reply => Span::extend(&mut observed.reply, at_s),
            Evidence::Mismatch => Span::extend(&mut observed.mismatch, at_s),
            kind => {
                Span::extend(&mut observed.exact, at_s);
                observed.exact_kind = Some(observed.exact_kind.map_or(kind, |known| known.min(kind)));
            }
        }
        let source = &seen.source;
        observed.prove(Proven {
            kind: seen.kind,
            at: seen.at,
            app: Some(source.app.clone()),
            message_id: Some(source.message_id.clone()),
            whatsapp_id: source.whatsapp_id.clone(),
            sent_at: Some(source.sent_at),
        });
        if let Some(user) = &seen.user {
            let joined_s = source.sent_at.seconds();
            let newest = self.users.entry(user.clone()).or_insert(joined_s);
            *newest = joined_s.max(*newest);
        }
        if let Some(customer) = &source.customer_id {
            let newest = (source.sent_at.seconds(), customer.clone());
            if self.customer.as_ref().is_none_or(|known| *known <= newest) {
                self.customer = Some(newest);
            }
        }
    }

    /// The answer for `address`, given who wrote from numbers of its class.
    #[must_use]
    pub fn answer(&self, address: &Address, inbound: &FlatMap<Number, Wrote>) -> Option<Answer> {
        if self.observed.is_empty() {
            return None;
        }
        let phone = address.phone();
        let claims = self.all_claims(phone, inbound);
        let Some(wa_id) = best(&claims, i64::MAX) else {
            let joined = self.observed.get(&(Class::Nobody, None)).and_then(|observed| observed.best.clone())?;
            return Some(Answer { wa_id: None, proven: joined });
        };
        let proven = self.proven(wa_id, &claims, phone, inbound);
        Some(Answer { wa_id: Some(wa_id), proven })
    }

    /// Whom to ask for the identity of this row, given its answer.
    #[must_use]
    pub fn subject(&self, address: &Address, wa_id: Option<Number>) -> Subject {
        match (address.person(), wa_id) {
            (Some(user), _) => Subject::User(user.clone()),
            (None, Some(wa_id)) => Subject::Number(wa_id),
            (None, None) => self.joined_last(|_| true).map_or_else(|| Subject::of(address), |user| Subject::User(user.clone())),
        }
    }

    /// Every number that may be the answer, or may have been.
    #[must_use]
    pub fn numbers(&self, address: &Address, inbound: &FlatMap<Number, Wrote>) -> FlatSet<Number> {
        let claimed = self.claims(address.phone(), inbound).into_iter().map(|claim| claim.wa_id);
        claimed.chain(self.moves.iter().map(|change| change.new)).collect()
    }

    /// The BSUID to show, given the answer, whose that is, and which BSUIDs were seen with numbers of this home: never one that somebody else had
    /// there, nor one of which nobody knows whether its person has that number, or had the one that they left for it.
    #[must_use]
    pub fn user<'a>(
        &'a self,
        address: &'a Address,
        answer: Option<Number>,
        owner: &'a Owner,
        sights: &'a FlatMap<(Number, User), Sighted>,
    ) -> Option<&'a User> {
        let was_seen = |user: &User, number: Number| {
            let here = sights.keys().any(|(seen, with)| with == user && number::linkable(*seen, number));
            here || self.seen.keys().any(|(with, seen)| with == user && number::linkable(*seen, number))
        };
        let left = || self.moves.iter().map(|change| change.old);
        let has = |user: &User, number: Number| was_seen(user, number) || left().any(|number| was_seen(user, number));
        let is_owners = |user: &User| !owner.others.contains(user) && answer.is_none_or(|number| has(user, number));
        let seen_last = || {
            let seen = sights.iter().filter(|((seen, user), _)| Some(*seen) == answer && !owner.others.contains(user));
            seen.max_by_key(|((_, user), sighted)| (sighted.first_s, Reverse(user))).map(|((_, user), _)| user)
        };
        address.person().or_else(|| self.joined_last(is_owners)).or(owner.user.as_ref()).or_else(seen_last)
    }

    /// Another person is behind the row than was told before, if anything was: since when, s. What the business called them before is not theirs.
    #[must_use]
    pub fn passed_on_s(&self, subject: &Subject, owner: &Owner) -> Option<i64> {
        match subject {
            Subject::User(user) => self.users.get(user).copied().filter(|_| self.users.len() > 1),
            Subject::Number(number) => {
                // Who came with a move that this row followed was its person before.
                let mut followed = self.moves.iter().filter(|change| change.new == *number).peekable();
                let is_followed = followed.peek().is_some();
                let came_along = |since_s: &i64| followed.clone().any(|change| change.at_s == *since_s);
                let first_s = self.told.as_ref().and_then(|_| self.first_s(*number));
                let since_s = owner.since_s.filter(|since_s| !came_along(since_s)).max(first_s);
                // Or no send to this address has shown who it is now.
                since_s.or_else(|| self.told.as_ref().filter(|_| !is_followed).map(|_| i64::MAX))
            }
        }
    }

    /// When a send to this address first showed this number, s.
    fn first_s(&self, number: Number) -> Option<i64> {
        let observed = self.observed.iter().filter(|((_, wa_id), _)| *wa_id == Some(number));
        observed.flat_map(|(_, observed)| [observed.exact, observed.reply, observed.mismatch]).flatten().map(|span| span.first_s).min()
    }

    /// The BSUID of the newest send, of those that count.
    fn joined_last(&self, counts: impl Fn(&User) -> bool) -> Option<&User> {
        let joined = self.users.iter().filter(|(user, _)| counts(user));
        joined.max_by_key(|(user, joined_s)| (**joined_s, Reverse(*user))).map(|(user, _)| user)
    }

    fn all_claims(&self, phone: Option<Number>, inbound: &FlatMap<Number, Wrote>) -> Vec<Claim> {
        let mut claims = self.claims(phone, inbound);
        for change in &self.moves {
            let answer = best(&claims, change.at_s).filter(|answer| *answer != change.new);
            if answer.is_some_and(|answer| number::same_subscriber(answer, change.old)) {
                let (kind, span) = (Evidence::NumberChange, Span::at(change.at_s));
                add(&mut claims, Claim { class: Class::A, wa_id: change.new, kind, span });
            }
        }
        claims
    }

    fn claims(&self, phone: Option<Number>, inbound: &FlatMap<Number, Wrote>) -> Vec<Claim> {
        let observed = self.observed.iter().flat_map(|((class, wa_id), observed)| {
            let kinds = [
                (observed.exact, observed.exact_kind),
                (observed.reply, Some(Evidence::Reply)),
                (observed.mismatch, Some(Evidence::Mismatch)),
            ];
            let claim = move |(span, kind): (Option<Span>, Option<Evidence>)| {
                Some(Claim { class: *class, wa_id: (*wa_id)?, kind: kind?, span: span? })
            };
            kinds.into_iter().filter_map(claim)
        });
        let same = |wa_id: &Number| phone.is_some_and(|phone| number::same_subscriber(phone, *wa_id));
        let wrote = inbound.iter().filter(|(wa_id, _)| same(wa_id));
        let wrote = wrote.map(|(wa_id, wrote)| Claim { class: Class::A, wa_id: *wa_id, kind: Evidence::Inbound, span: wrote.span });
        let seen = self.seen.iter().filter(|((user, wa_id), _)| self.users.contains_key(user) && phone != Some(*wa_id));
        let seen = seen.map(|((_, wa_id), at_s)| Claim { class: Class::A, wa_id: *wa_id, kind: Evidence::UserId, span: Span::at(*at_s) });
        let mut claims = Vec::new();
        observed.chain(wrote).chain(seen).for_each(|claim| add(&mut claims, claim));
        claims
    }

    fn proven(&self, wa_id: Number, claims: &[Claim], phone: Option<Number>, inbound: &FlatMap<Number, Wrote>) -> Proven {
        let bare =
            |kind, at_s: i64| Proven { kind, at: Moment(at_s * 1000), app: None, message_id: None, whatsapp_id: None, sent_at: None };
        let observed =
            [Class::A, Class::B, Class::C].into_iter().filter_map(|class| self.observed.get(&(class, Some(wa_id)))?.best.clone());
        let same = phone.is_some_and(|phone| number::same_subscriber(phone, wa_id));
        let wrote = inbound.get(&wa_id).filter(|_| same).map(|wrote| Proven {
            app: Some(wrote.app.clone()),
            whatsapp_id: Some(wrote.first_id.clone()),
            ..bare(Evidence::Inbound, wrote.span.first_s)
        });
        let derived = claims.iter().filter(|claim| claim.wa_id == wa_id && claim.kind >= Evidence::NumberChange);
        let derived = derived.map(|claim| bare(claim.kind, claim.span.first_s));
        let all = observed.chain(wrote).chain(derived);
        all.min_by_key(|proven| (proven.kind, proven.at)).expect("an answer rests on something")
    }
}

/// Messages that people wrote from one number.
#[derive(Clone, PartialEq, Debug)]
pub struct Wrote {
    /// The earliest and the newest.
    pub span: Span,
    /// The id of the earliest.
    pub first_id: MessageId,
    /// Its app.
    pub app: App,
}

impl Observed {
    fn prove(&mut self, proven: Proven) {
        let rank = |proven: &Proven| (proven.kind, proven.at, proven.message_id.clone());
        if self.best.as_ref().is_none_or(|known| rank(&proven) < rank(known)) {
            self.best = Some(proven);
        }
    }
}

/// Claims of one class, number and kind are one, with the earliest and the newest of their times.
fn add(claims: &mut Vec<Claim>, claim: Claim) {
    let same = |known: &&mut Claim| (known.class, known.wa_id, known.kind) == (claim.class, claim.wa_id, claim.kind);
    match claims.iter_mut().find(same) {
        Some(known) => {
            known.span.first_s = known.span.first_s.min(claim.span.first_s);
            known.span.last_s = known.span.last_s.max(claim.span.last_s);
        }
        None => claims.push(claim),
    }
}

/// The newest of class A, else of class B, else the phone itself if it came back; only what is dated at or before `until_s`.
fn best(claims: &[Claim], until_s: i64) -> Option<Number> {
    let dated = claims.iter().filter_map(|claim| {
        let at_s = claim.span.as_of(until_s)?;
        Some((claim.class, Reverse(at_s), claim.kind, claim.wa_id))
    });
    dated.min().map(|(_, _, _, wa_id)| wa_id)
}
