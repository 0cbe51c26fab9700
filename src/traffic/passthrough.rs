//! The same events in Meta's bodies: as Meta sends them (developers.facebook.com, "messages webhook reference"), and as Gupshup passes them on
//! in v3, with its own ids (partner-docs.gupshup.io, "v3 Message events").

use super::body::Page;
use super::text::Text;
use super::visit::{Fate, Happening, Incoming, News};
use super::{IdKind, World};

impl Page<'_> {
    /// A webhook from Gupshup, or from Meta itself.
    pub fn webhook_passed_on(&self, text: &mut Text, happening: Happening, gupshup: bool) {
        text.put(r#"{"object":"whatsapp_business_account","#);
        if gupshup {
            text.put(r#""gs_app_id":""#).uuid(World::gs_app_id(self.app)).put(r#"","#);
        }
        text.put(r#""entry":[{"id":"293928007134319","changes":[{"#);
        match happening {
            Happening::Status { send, news, at_ms, named } => self.status_passed_on(text, send, news, at_ms, named, gupshup),
            Happening::Inbound { message, named } => self.inbound_passed_on(text, message, named, gupshup),
            Happening::Echo { echo, named } => self.echo(text, echo, named),
            Happening::Notice { notice, at_ms, named } => self.notice(text, notice, at_ms, named),
            Happening::Send(_) | Happening::Billing(_) => unreachable!("no Meta body tells it"),
        }
        text.put("}]}]}");
    }

    fn status_passed_on(&self, text: &mut Text, send: usize, news: News, at_ms: i64, named: bool, gupshup: bool) {
        let (status, recipient) = match news {
            News::Enqueued => ("enqueued", self.dialled_digits()),
            News::Sent => ("sent", self.peer()),
            News::SentEcho => ("sent", self.dialled_digits()),
            News::Delivered => ("delivered", self.peer()),
            News::Read | News::ReadLate => ("read", self.peer()),
            News::Failed => ("failed", self.dialled_digits()),
            News::Mismatch | News::MismatchWrong => unreachable!("no Meta body tells it"),
        };
        let with_user = named && !matches!(news, News::Enqueued | News::Failed) || self.is_nameless();
        self.open_messages(text);
        // Meta has a contact beside the status, unless that only repeats what was dialled.
        if !gupshup && !matches!(news, News::SentEcho | News::Failed) {
            self.contact(text, with_user);
        }
        text.put(r#""statuses":[{"#);
        if gupshup {
            if news != News::ReadLate {
                text.put(r#""gs_id":""#).uuid(self.id(IdKind::Gupshup, send)).put(r#"","#);
            }
            if news != News::Failed || self.visit.sends[send].fate == Fate::FailedAtWhatsApp {
                text.put(r#""id":""#).uuid(self.id(IdKind::WhatsApp, send)).put(r#"","#);
            }
        } else {
            text.put(r#""id":""#).put(&self.send_id(send)).put(r#"","#);
        }
        if !self.is_nameless() {
            text.put(r#""recipient_id":""#).put(&recipient).put(r#"","#);
        }
        if with_user {
            text.put(r#""recipient_user_id":""#).put(&self.bsuid()).put(r#"","#);
        }
        text.put(r#""status":""#).put(status).put(r#"","timestamp":"#);
        // Gupshup's own are numbers in ms, Meta's are texts in seconds.
        match news {
            News::Enqueued => text.time(at_ms),
            _ => text.put("\"").time(at_ms / 1000).put("\""),
        };
        if news == News::Failed {
            text.put(r#","errors":[{"code":131026,"title":"Message undeliverable"}]"#);
        }
        if matches!(news, News::Sent | News::SentEcho | News::Delivered) {
            text.put(r#","pricing":{"billable":true,"category":"utility","pricing_model":"PMP","type":"regular"}"#);
        }
        text.put("}]}");
    }

    fn inbound_passed_on(&self, text: &mut Text, message: usize, named: bool, gupshup: bool) {
        let Incoming { at_ms, answers, answers_gupshup, referral, content } = self.visit.inbounds[message];
        let with_user = named || self.is_nameless();
        self.open_messages(text);
        self.contact(text, with_user);
        text.put(r#""messages":[{"#);
        if !self.is_nameless() {
            text.put(r#""from":""#).put(&self.peer()).put(r#"","#);
        }
        if with_user {
            text.put(r#""from_user_id":""#).put(&self.bsuid()).put(r#"","#);
        }
        text.put(r#""id":""#).put(&self.world.inbound_id(self.person, self.visit.number, message));
        text.put(r#"","timestamp":""#).time(at_ms / 1000).put(r#"","type":"text","text":{"body":""#).put(self.words(content)).put(r#""}"#);
        if let Some(send) = answers {
            text.put(r#","context":{"from":""#).integer(self.business_phone()).put(r#"","id":""#);
            if gupshup {
                text.uuid(self.id(IdKind::WhatsApp, send));
            } else {
                text.put(&self.send_id(send));
            }
            if gupshup && answers_gupshup {
                text.put(r#"","gs_id":""#).uuid(self.id(IdKind::Gupshup, send));
            }
            text.put("\"}");
        }
        if referral {
            text.put(r#","referral":{"source_url":"https://fb.me/3cr4Wqqkv","source_type":"ad","source_id":"120208"}"#);
        }
        text.put("}]}");
    }

    fn open_messages(&self, text: &mut Text) {
        text.put(r#""field":"messages","value":{"messaging_product":"whatsapp","#);
        self.metadata(text);
    }

    /// The business's number.
    pub(super) fn metadata(&self, text: &mut Text) {
        text.put(r#""metadata":{"display_phone_number":""#).integer(self.business_phone());
        text.put(r#"","phone_number_id":""#).integer(World::phone_number_id(self.app)).put(r#""},"#);
    }

    /// The person, as WhatsApp knows them.
    fn contact(&self, text: &mut Text, with_user: bool) {
        text.put(r#""contacts":[{"profile":{"name":""#).put(self.name()).put(r#""}"#);
        if !self.is_nameless() {
            text.put(r#","wa_id":""#).put(&self.peer()).put("\"");
        }
        if with_user {
            text.put(r#","user_id":""#).put(&self.bsuid()).put("\"");
        }
        text.put("}],");
    }

    fn send_id(&self, send: usize) -> String {
        self.world.send_id(self.person, self.visit.number, send)
    }
}
