//! From the elements of an input record to the entities that they concern.

use super::entity::{Change, CircleEvent, Entity, Envelope, Event, Fact, Heard, Home, Naming, Original, Report, ReportKind, Sighting};
use super::event::{Cause, Element, Inbound, NumberChange, Rejection, Status, StatusKind, UserChange};
use super::ids::{App, Bsuid, MessageId, Number, User};
use super::join::scoped;

/// What an element comes to.
pub enum Routed {
    /// Events for entities.
    Events(Vec<Envelope>),
    /// Known, and of no interest: to be counted under this name.
    Ignored(&'static str),
    /// A dead letter.
    Rejected(Rejection),
}

/// Whom an element concerns. `original` is asked for only where the record must be kept with the event.
pub fn route(element: Element, cause: &Cause, original: impl FnOnce() -> Original) -> Routed {
    let mut events = Vec::new();
    let mut tell = |to: Entity, event: Event| events.push(Envelope { to, cause: cause.clone(), hops: 0, event });
    match element {
        Element::Send(send) => tell(message(&send.app, &send.id), Event::Send(send)),
        Element::Status(status) => report_status(status, &mut tell),
        Element::Mismatch(mismatch) => tell(message(&mismatch.app, &mismatch.id), Event::Mismatch(mismatch, original())),
        Element::Inbound(inbound) => {
            report_reply(&inbound, &mut tell);
            tell(message(&inbound.app, &inbound.id), Event::Inbound(inbound));
        }
        Element::NumberChange(change) => tell_change(&change, &mut tell),
        Element::UserChange(UserChange { previous: None, old: None, wa_id: None, .. }) => return Routed::Ignored("user_id_update"),
        Element::UserChange(change) => tell_user_change(&change, &mut tell),
        Element::Echo(echo) => tell(message(&echo.app, &echo.id), Event::Echo(echo)),
        Element::Ignored(name) => return Routed::Ignored(name),
        Element::Rejected(rejection) => return Routed::Rejected(rejection),
    }
    // Such as an enqueued status that names no Gupshup id: it teaches another name of a message, and not of which.
    if events.is_empty() { Routed::Ignored("nothing to learn") } else { Routed::Events(events) }
}

fn report_status(status: Status, tell: &mut impl FnMut(Entity, Event)) {
    let user = scoped(&status.app, status.user.as_ref());
    let report = match status.kind {
        StatusKind::Enqueued => None,
        StatusKind::Sent => Some(ReportKind::Sent),
        StatusKind::Delivered => Some(ReportKind::Delivered),
        StatusKind::Read => Some(ReportKind::Read),
        StatusKind::Failed => Some(ReportKind::Failed),
    };
    let names_somebody = status.kind != StatusKind::Failed;
    let heard = report.map(|report| Heard {
        report,
        wa_id: status.wa_id.filter(|_| names_somebody),
        user: user.filter(|_| names_somebody),
        at_s: None,
    });
    report_to(&status.app, status.gupshup_id, status.other_ids, heard, status.error, tell);
}

fn report_reply(inbound: &Inbound, tell: &mut impl FnMut(Entity, Event)) {
    let Some(context) = &inbound.context else { return };
    let user = scoped(&inbound.app, inbound.user.as_ref());
    let heard = Heard { report: ReportKind::Reply, wa_id: inbound.wa_id, user, at_s: Some(inbound.at.seconds()) };
    report_to(&inbound.app, context.gupshup_id.clone(), context.other_ids.clone(), Some(heard), None, tell);
}

/// By its Gupshup id if that is known, else by every id it may be.
fn report_to(
    app: &App,
    gupshup_id: Option<MessageId>,
    others: Vec<MessageId>,
    heard: Option<Heard>,
    error: Option<super::event::SendError>,
    tell: &mut impl FnMut(Entity, Event),
) {
    match gupshup_id {
        Some(id) => tell(message(app, &id), Event::Report(Report { heard, error, naming: Naming::Gupshup(others) })),
        None if heard.is_none() => {}
        None => {
            for id in others {
                let report = Report { heard: heard.clone(), error: error.clone(), naming: Naming::Candidate };
                tell(message(app, &id), Event::Report(report));
            }
        }
    }
}

/// A person left a number for another; and has another BSUID now, if both are named.
fn tell_change(change: &NumberChange, tell: &mut impl FnMut(Entity, Event)) {
    if change.old == change.new {
        return;
    }
    let NumberChange { app, old, new, user, current, at } = change;
    let user = scoped(app, user.as_ref());
    if let (Some(previous), Some(current)) = (&user, scoped(app, current.as_ref())) {
        tell_renaming(app, previous.clone(), current, tell);
    }
    let moved = Change { at_s: at.seconds(), old: *old, new: *new, user };
    tell(Entity::Home(Home::of_number(app.tenant(), *old)), Event::Moved(moved));
}

/// Two BSUIDs of one person; or, if the one before is not named, that whoever has this number has another BSUID from now on.
fn tell_user_change(change: &UserChange, tell: &mut impl FnMut(Entity, Event)) {
    let UserChange { app, previous, current, old, wa_id, at } = change;
    let tenant = app.tenant();
    let of = |id: &Bsuid| User { scope: app.scope().clone(), id: id.clone() };
    let of_number = |number: Number| Entity::Home(Home::of_number(tenant, number));
    let Some(previous) = previous.as_ref().map(of) else {
        let Some(number) = old.or(*wa_id) else { return };
        let within = Change { at_s: at.seconds(), old: number, new: number, user: Some(of(current)) };
        return tell(of_number(number), Event::Circle(CircleEvent::Fact(Fact::Change(within))));
    };
    let current = of(current);
    tell_renaming(app, previous, current.clone(), tell);
    if let Some(number) = wa_id.or(*old) {
        let sighting = Sighting { wa_id: number, user: Some(current), at: *at, wrote: None, is_hearsay: false };
        tell(of_number(number), Event::Sighted(sighting));
    }
}

fn tell_renaming(app: &App, previous: User, current: User, tell: &mut impl FnMut(Entity, Event)) {
    let [home, others_home] = [&previous, &current].map(|user| Home::of_user(app.tenant(), user));
    tell(Entity::Home(home.clone()), Event::Circle(CircleEvent::Fact(Fact::Renamed(previous, current))));
    tell(Entity::Home(home), Event::Circle(CircleEvent::Link(others_home)));
}

fn message(app: &App, id: &MessageId) -> Entity {
    Entity::Message { app: app.clone(), id: id.clone() }
}
