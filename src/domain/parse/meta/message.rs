//! `messages`: what people wrote, whatever its type, and WhatsApp's own messages about them ("messages webhook reference", "System messages
//! webhook reference"; Gupshup adds `context.gs_id`).

use super::Around;
use crate::domain::event::{Context, Element, Inbound, NumberChange, Reason, Rejection, UserChange};
use crate::domain::ids::{Bsuid, Number};
use crate::domain::parse::field::{self, Person, WORD_BYTES_MAX};
use crate::domain::parse::json::{Filled, Object, Scalar};
use crate::domain::parse::rejected;
use serde::Deserialize;

/// One of `messages`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Message<'a> {
    #[serde(borrow)]
    from: Scalar<'a>,
    #[serde(borrow)]
    from_user_id: Scalar<'a>,
    #[serde(borrow)]
    group_id: Scalar<'a>,
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    timestamp: Scalar<'a>,
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
    #[serde(borrow)]
    context: Object<Answered<'a>>,
    #[serde(borrow)]
    reaction: Object<Reaction<'a>>,
    referral: Object<Filled>,
    #[serde(borrow)]
    system: Object<System<'a>>,
}

/// `context`: the message that is answered.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answered<'a> {
    #[serde(borrow)]
    gs_id: Scalar<'a>,
    #[serde(borrow)]
    id: Scalar<'a>,
    #[serde(borrow)]
    meta_msg_id: Scalar<'a>,
}

/// `reaction`: the message that it is to ("reaction messages webhook reference").
#[derive(Deserialize, Default)]
#[serde(default)]
struct Reaction<'a> {
    #[serde(borrow)]
    gs_id: Scalar<'a>,
    #[serde(borrow)]
    message_id: Scalar<'a>,
}

/// `system`: what WhatsApp says about the person.
#[derive(Deserialize, Default)]
#[serde(default)]
struct System<'a> {
    #[serde(borrow, rename = "type")]
    kind: Scalar<'a>,
    #[serde(borrow)]
    wa_id: Scalar<'a>,
    #[serde(borrow)]
    new_wa_id: Scalar<'a>,
    #[serde(borrow)]
    customer: Scalar<'a>,
    #[serde(borrow)]
    user_id: Scalar<'a>,
    #[serde(borrow)]
    previous_user_id: Scalar<'a>,
}

impl Message<'_> {
    /// The element that it is.
    pub fn element(self, around: &Around) -> Result<Element, Rejection> {
        if !self.group_id.is_absent() || field::is_group(self.from.word()) {
            return Ok(Element::Ignored("group"));
        }
        match (self.kind.word(), &self.system.0) {
            ("system", Some(system)) => self.system(system, around),
            ("system", None) => Ok(Element::Ignored("message/system")),
            // Something was done to an earlier message ("Revoke messages webhook reference", "Edit messages webhook reference"), as v2's `deleted` says too.
            ("revoke", _) => Ok(Element::Ignored("message/revoke")),
            ("edit", _) => Ok(Element::Ignored("message/edit")),
            _ => self.inbound(around).map(Element::Inbound),
        }
    }

    fn inbound(&self, around: &Around) -> Result<Inbound, Rejection> {
        let id = field::id(&self.id, "id")?.ok_or_else(|| rejected(Reason::MissingMessageId, "no id"))?;
        let at = field::required_moment(&self.timestamp, "timestamp", around.kafka_ms)?;
        let Person { wa_id, user } = self.author(around)?;
        let kind = field::label(&self.kind, WORD_BYTES_MAX);
        let context = self.answered()?;
        let referral = matches!(self.referral.0, Some(Filled(true)));
        Ok(Inbound { app: around.app()?, id, wa_id, user, at, kind, context, referral })
    }

    /// The message that it answers. A reaction names one as exactly as an answer does.
    fn answered(&self) -> Result<Option<Context>, Rejection> {
        let answered = self.context.0.as_ref().map(Answered::context).transpose()?.flatten();
        match (&answered, &self.reaction.0) {
            (None, Some(Reaction { gs_id, message_id })) => {
                field::context((gs_id, "reaction.gs_id"), [(message_id, "reaction.message_id")])
            }
            _ => Ok(answered),
        }
    }

    /// Who wrote: as the message says, and what it does not say as its contact does.
    fn author(&self, around: &Around) -> Result<Person, Rejection> {
        let named = field::person(&[&self.from_user_id], &[(&self.from, "from")]);
        let contact = around.contacts.of(named.as_ref().unwrap_or(&Person::default()));
        let author = match named {
            Err(rejection) if contact.is_nobody() => return Err(rejection),
            Err(_) => contact,
            Ok(named) => Person { wa_id: named.wa_id.or(contact.wa_id), user: named.user.or(contact.user) },
        };
        if author.is_nobody() {
            return Err(rejected(Reason::BadNumber, "neither from nor from_user_id nor a contact names anybody"));
        }
        Ok(author)
    }

    /// Changes of a number or of a BSUID are of interest. The old number is `from` (earlier `system.customer`), the new one `system.wa_id`
    /// (earlier `new_wa_id`). `system.user_id` is the new BSUID, `system.previous_user_id` the old one ("Business-scoped user IDs", since August
    /// 2026; earlier `from_user_id`, if anything). A sentence beside it says the same, with the person's own name for themselves, and is not read:
    /// anybody could write another's BSUID into it.
    fn system(&self, system: &System<'_>, around: &Around) -> Result<Element, Rejection> {
        let of_number = match system.kind.word() {
            "user_changed_number" | "customer_changed_number" => true,
            "user_changed_user_id" => false,
            _ => return Ok(Element::Ignored("message/system")),
        };
        let at = field::required_moment(&self.timestamp, "timestamp", around.kafka_ms)?;
        let before =
            field::person(&[&system.previous_user_id, &self.from_user_id], &[(&self.from, "from"), (&system.customer, "system.customer")])?;
        let (old, new, current) = (before.wa_id, system.number()?, system.user_id.text().and_then(|text| Bsuid::parse(text.trim())));
        let previous = before.user.filter(|previous| Some(previous) != current.as_ref());
        match (old, new, current) {
            (Some(old), Some(new), current) if old != new => {
                Ok(Element::NumberChange(NumberChange { app: around.app()?, old, new, user: previous, current, at }))
            }
            (Some(_), Some(_), current) if of_number && (previous.is_none() || current.is_none()) => Ok(Element::Ignored("message/system")),
            (old, wa_id, Some(current)) if old.is_some() || previous.is_some() || (wa_id.is_some() && !of_number) => {
                Ok(Element::UserChange(UserChange { app: around.app()?, previous, current, old, wa_id, at }))
            }
            (None, _, _) if of_number => Err(rejected(Reason::BadNumber, "a number change without from")),
            (Some(_), _, _) if of_number => Err(rejected(Reason::BadNumber, "system.wa_id is no number")),
            (_, _, None) => Err(rejected(Reason::BadNumber, "system.user_id is no BSUID")),
            // Who has another BSUID now it does not say, so nothing is learnt from it.
            (_, _, Some(_)) => Ok(Element::Ignored("message/system")),
        }
    }
}

impl System<'_> {
    /// The new number, if there is one.
    fn number(&self) -> Result<Option<Number>, Rejection> {
        let new = if self.wa_id.is_absent() { &self.new_wa_id } else { &self.wa_id };
        if new.is_absent() { Ok(None) } else { field::number(new, "system.wa_id").map(Some) }
    }
}

impl Answered<'_> {
    /// The message answered, if it has an id of either side.
    fn context(&self) -> Result<Option<Context>, Rejection> {
        let others = [(&self.id, "context.id"), (&self.meta_msg_id, "context.meta_msg_id")];
        field::context((&self.gs_id, "context.gs_id"), others)
    }
}
