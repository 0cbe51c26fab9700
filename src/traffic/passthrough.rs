//! The same events as Gupshup's v3 webhooks: Meta's bodies, passed through with Gupshup's ids (partner-docs.gupshup.io, "v3 Message events").

use super::body::{Page, inbound_id};
use super::text::Text;
use super::visit::{Fate, Incoming, News};
use super::{IdKind, World};

impl Page<'_> {
    /// News of a send; whether v3 has any such.
    pub fn status_v3(&self, text: &mut Text, send: usize, news: News, at_ms: i64, named: bool) -> bool {
        let (status, recipient) = match news {
            News::Enqueued => ("enqueued", self.dialled_digits()),
            News::Sent => ("sent", self.peer()),
            News::SentEcho => ("sent", self.dialled_digits()),
            News::Delivered => ("delivered", self.peer()),
            News::Read | News::ReadLate => ("read", self.peer()),
            News::Failed => ("failed", self.dialled_digits()),
            News::Mismatch | News::MismatchWrong => return false,
        };
        self.open_v3(text);
        text.put(r#""statuses":[{"#);
        if news != News::ReadLate {
            text.put(r#""gs_id":""#).uuid(self.id(IdKind::Gupshup, send)).put(r#"","#);
        }
        if news != News::Failed || self.visit.sends[send].fate == Fate::FailedAtWhatsApp {
            text.put(r#""id":""#).uuid(self.id(IdKind::WhatsApp, send)).put(r#"","#);
        }
        if !self.person.is_nameless() {
            text.put(r#""recipient_id":""#).put(&recipient).put(r#"","#);
        }
        if named && !matches!(news, News::Enqueued | News::Failed) || self.person.is_nameless() {
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
        text.put("}]}}]}]}");
        true
    }

    /// A message from a person.
    pub fn inbound_v3(&self, text: &mut Text, message: usize, named: bool) {
        let Incoming { at_ms, answers, answers_gupshup, referral, content } = self.visit.inbounds[message];
        let with_user = named || self.person.is_nameless();
        self.open_v3(text);
        text.put(r#""contacts":[{"profile":{"name":""#).put(self.name()).put(r#""}"#);
        if !self.person.is_nameless() {
            text.put(r#","wa_id":""#).put(&self.peer()).put("\"");
        }
        if with_user {
            text.put(r#","user_id":""#).put(&self.bsuid()).put("\"");
        }
        text.put(r#"}],"messages":[{"#);
        if !self.person.is_nameless() {
            text.put(r#""from":""#).put(&self.peer()).put(r#"","#);
        }
        if with_user {
            text.put(r#""from_user_id":""#).put(&self.bsuid()).put(r#"","#);
        }
        text.put(r#""id":""#).put(&inbound_id(self.world, self.person, self.visit.number, message));
        text.put(r#"","timestamp":""#).time(at_ms / 1000).put(r#"","type":"text","text":{"body":""#).put(self.words(content)).put(r#""}"#);
        if let Some(send) = answers {
            text.put(r#","context":{"from":""#).integer(self.business_phone()).put(r#"","id":""#).uuid(self.id(IdKind::WhatsApp, send));
            if answers_gupshup {
                text.put(r#"","gs_id":""#).uuid(self.id(IdKind::Gupshup, send));
            }
            text.put("\"}");
        }
        if referral {
            text.put(r#","referral":{"source_url":"https://fb.me/3cr4Wqqkv","source_type":"ad","source_id":"120208"}"#);
        }
        text.put("}]}}]}]}");
    }

    fn open_v3(&self, text: &mut Text) {
        text.put(r#"{"object":"whatsapp_business_account","gs_app_id":""#).uuid(World::gs_app_id(self.app));
        text.put(r#"","entry":[{"id":"293928007134319","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","#);
        text.put(r#""metadata":{"display_phone_number":""#).integer(self.business_phone());
        text.put(r#"","phone_number_id":""#).integer(269_033_402_967_482 + u64::from(self.app)).put(r#""},"#);
    }
}
