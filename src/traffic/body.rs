//! The events of a visit as records: Gupshup v2 webhooks as it sends them in 2026, and a business's records of its sends.

use super::inputs::Input;
use super::person::Person;
use super::text::{Text, rfc3339};
use super::visit::{Clock, Fate, Happening, Incoming, News, Outbound, Visit};
use super::{IdKind, World};
use crate::domain::event::Source;
use uuid::Uuid;

/// The record of an event.
pub fn input(world: &World, visit: &Visit, happening: Happening, kafka_ms: i64) -> Input {
    let page = Page { world, visit, person: &visit.person, app: visit.person.app_of(visit.number) };
    let mut text = Text(Vec::with_capacity(640));
    let (source, key) = match happening {
        Happening::Send(send) => {
            page.send(&mut text, send);
            (Source::Sends, Some(page.customer()))
        }
        Happening::Status { send, news, at_ms, named } => {
            if !(world.is_v3(page.app) && page.status_v3(&mut text, send, news, at_ms, named)) {
                page.status(&mut text, send, news, at_ms, named);
            }
            (Source::Webhooks, None)
        }
        Happening::Inbound { message, named } => {
            if world.is_v3(page.app) {
                page.inbound_v3(&mut text, message, named);
            } else {
                page.inbound(&mut text, message, named);
            }
            (Source::Webhooks, None)
        }
        Happening::Billing(send) => {
            page.billing(&mut text, send);
            (Source::Webhooks, None)
        }
    };
    Input { source, key, value: text.0, kafka_ms }
}

/// The id of a message from a person, which WhatsApp gave.
pub fn inbound_id(world: &World, person: &Person, visit: u32, message: usize) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = world.id(IdKind::Inbound, person, visit, message);
    let letters = (0..21).map(|place| char::from(ALPHABET[(bits >> (place * 6) & 63) as usize]));
    format!("wamid.HBgM{}FQIAEhgg==", letters.collect::<String>())
}

/// What one visit's records are written from.
pub(super) struct Page<'a> {
    pub world: &'a World,
    pub visit: &'a Visit,
    pub person: &'a Person,
    pub app: u16,
}

impl Page<'_> {
    fn send(&self, text: &mut Text, send: usize) {
        let Outbound { at_ms, clock, .. } = self.visit.sends[send];
        text.put(r#"{"messageId":""#).uuid(self.id(IdKind::Gupshup, send)).put(r#"","app":""#).put(self.app_name());
        text.put(r#"","destination":""#).put(&self.destination());
        text.put(r#"","source":""#).integer(self.business_phone()).put(r#"","customerId":""#).bytes(&self.customer());
        text.put(r#"","sentAt":"#);
        match clock {
            Clock::Milliseconds => text.time(at_ms),
            Clock::Seconds => text.time(at_ms / 1000),
            Clock::Text => text.put("\"").put(&rfc3339(at_ms)).put("\""),
        };
        text.put(r#","kind":""#).put(if send == 0 { "template" } else { "session" }).put("\"}");
    }

    fn status(&self, text: &mut Text, send: usize, news: News, at_ms: i64, named: bool) {
        let (gupshup, whatsapp) = (self.id(IdKind::Gupshup, send), self.id(IdKind::WhatsApp, send));
        self.open(text, "message-event", at_ms + 1500);
        text.put(r#"{"id":""#);
        match news {
            News::Enqueued => {
                text.uuid(gupshup).put(r#"","type":"enqueued","destination":""#).put(&self.dialled_digits());
                text.put(r#"","payload":{"whatsappMessageId":""#).uuid(whatsapp).put(r#"","type":"session"}"#);
            }
            News::Sent => report(text.uuid(whatsapp).gs_id(gupshup), "sent", &self.peer(), at_ms),
            News::SentEcho => report(text.uuid(whatsapp).gs_id(gupshup), "sent", &self.dialled_digits(), at_ms),
            News::Delivered => report(text.uuid(whatsapp).gs_id(gupshup), "delivered", &self.peer(), at_ms),
            News::Read => report(text.uuid(whatsapp).gs_id(gupshup), "read", &self.peer(), at_ms),
            News::ReadLate => report(text.uuid(whatsapp), "read", &self.peer(), at_ms),
            News::Failed => self.failed(text, send, at_ms),
            News::Mismatch => self.mismatch(text.uuid(gupshup), self.person.numbers.wa_id),
            // Off by its last digit: another subscriber, as in the help article's own sample.
            News::MismatchWrong => {
                let wa_id = self.person.numbers.wa_id;
                self.mismatch(text.uuid(gupshup), wa_id / 10 * 10 + (wa_id + 1) % 10);
            }
        }
        if matches!(news, News::Sent | News::SentEcho | News::Delivered) {
            self.price(text, send, at_ms);
        }
        self.user(text, named);
        text.put("}}");
    }

    fn mismatch(&self, text: &mut Text, wa_id: u64) {
        text.put(r#"","type":"mismatch","destination":""#).put(&self.dialled_digits());
        text.put(r#"","payload":{"phone":""#).put(&self.dialled_digits()).put(r#"","wa_id":""#).integer(wa_id).put("\"}");
    }

    fn failed(&self, text: &mut Text, send: usize, at_ms: i64) {
        let (gupshup, whatsapp) = (self.id(IdKind::Gupshup, send), self.id(IdKind::WhatsApp, send));
        let (code, reason) = if self.visit.sends[send].fate == Fate::FailedAtWhatsApp {
            text.uuid(whatsapp).put(r#"","gsId":""#).uuid(gupshup);
            ("131026", "Message Undeliverable.")
        } else {
            text.uuid(gupshup);
            ("1008", "User is not Opted in and Inactive")
        };
        text.put(r#"","type":"failed","destination":""#).put(&self.dialled_digits());
        text.put(r#"","payload":{"ts":"#).time(at_ms / 1000).put(r#","code":"#).put(code);
        text.put(r#","reason":""#).put(reason).put(r#""}"#);
    }

    /// What a message cost, and Meta's billing conversation, which is no thread.
    fn price(&self, text: &mut Text, send: usize, at_ms: i64) {
        let category = if self.visit.number == 0 && send == 0 { "utility" } else { "service" };
        text.put(r#","conversation":{"id":""#).uuid(self.id(IdKind::WhatsApp, send));
        text.put(r#"","expiresAt":"#).time(at_ms / 1000).put(r#","type":""#).put(category);
        text.put(r#""},"pricing":{"policy":"PMP","category":""#).put(category).put(r#"","type":"regular"}"#);
    }

    fn billing(&self, text: &mut Text, send: usize) {
        self.open(text, "billing-event", self.visit.sends[send].at_ms + 9000);
        text.put(r#"{"deductions":{"type":"utility","model":"PMP","source":"whatsapp","billable":true},"references":{"id":""#);
        text.uuid(self.id(IdKind::WhatsApp, send)).put(r#"","gsId":""#).uuid(self.id(IdKind::Gupshup, send));
        text.put(r#"","destination":""#).put(&self.dialled_digits()).put("\"}}}");
    }

    fn inbound(&self, text: &mut Text, message: usize, named: bool) {
        let Incoming { at_ms, answers, answers_gupshup, referral, content } = self.visit.inbounds[message];
        self.open(text, "message", at_ms);
        let id = inbound_id(self.world, self.person, self.visit.number, message);
        let source = self.peer();
        text.put(r#"{"id":""#).put(&id).put(r#"","source":""#).put(&source).put(r#"","#);
        self.content(text, content);
        text.put(r#","sender":{"#);
        if !self.person.is_nameless() {
            let code = self.person.country.calling_code();
            text.put(r#""phone":""#).put(&source).put(r#"","country_code":""#).put(code);
            text.put(r#"","dial_code":""#).put(&source[code.len()..]).put(r#"","#);
        }
        text.put(r#""name":""#).put(self.name()).put("\"");
        self.user(text, named);
        text.put("}");
        if let Some(send) = answers {
            text.put(r#","context":{"id":""#).uuid(self.id(IdKind::WhatsApp, send));
            if answers_gupshup {
                text.put(r#"","gsId":""#).uuid(self.id(IdKind::Gupshup, send));
            }
            text.put("\"}");
        }
        if referral {
            text.put(r#","referral":{"source_url":"https://fb.me/3cr4Wqqkv","source_type":"ad","source_id":"120208"}"#);
        }
        text.put("}}");
    }

    /// The kind of a message and what it says.
    fn content(&self, text: &mut Text, content: u32) {
        match content {
            0..75 => text.put(r#""type":"text","payload":{"text":""#).put(self.words(content)).put("\"}"),
            75..85 => text
                .put(r#""type":"image","payload":{"url":"https://filemanager.gupshup.io/wa/0a58e0ce/wa/media/"#)
                .integer(u64::from(content) + 1_000_000)
                .put(r#"?download=false","contentType":"image/jpeg","urlExpiry":1999999999999}"#),
            85..92 => text.put(r#""type":"audio","payload":{"url":"https://filemanager.gupshup.io/wa/0a58e0ce/wa/media/42","contentType":"audio/ogg; codecs=opus"}"#),
            _ => text.put(r#""type":"button_reply","payload":{"title":"OK","id":"confirm","reply":"OK 1"}"#),
        };
    }

    fn open(&self, text: &mut Text, kind: &str, timestamp_ms: i64) {
        text.put(r#"{"app":""#).put(self.app_name()).put(r#"","phone":""#).integer(self.business_phone());
        text.put(r#"","timestamp":"#).time(timestamp_ms).put(r#","version":2,"type":""#).put(kind).put(r#"","payload":"#);
    }

    fn user(&self, text: &mut Text, named: bool) {
        if named {
            text.put(r#","userId":""#).put(&self.bsuid()).put("\"");
        }
    }

    pub(super) fn id(&self, kind: IdKind, item: usize) -> Uuid {
        self.world.uuid(kind, self.person, self.visit.number, item)
    }

    pub(super) fn bsuid(&self) -> String {
        self.world.bsuid(self.person, self.person.owner(self.visit.number), self.app)
    }

    /// Who it is, to WhatsApp.
    pub(super) fn peer(&self) -> String {
        if self.person.is_nameless() { self.bsuid() } else { self.person.numbers.wa_id.to_string() }
    }

    /// Whom the business's record names, as it is spelled there.
    fn destination(&self) -> String {
        if self.person.is_nameless() {
            return self.bsuid();
        }
        let number = self.person.dialled(self.visit.number);
        World::spelled(self.person.spelling, number, self.person.country.calling_code())
    }

    /// The same, as Gupshup repeats it.
    pub(super) fn dialled_digits(&self) -> String {
        if self.person.is_nameless() { self.bsuid() } else { self.person.dialled(self.visit.number).to_string() }
    }

    fn customer(&self) -> Vec<u8> {
        let mut text = Text(Vec::with_capacity(16));
        text.put("c-").integer(u64::from(self.person.index) + 100_000);
        text.0
    }

    fn app_name(&self) -> &str {
        &self.world.apps[usize::from(self.app)]
    }

    pub(super) fn business_phone(&self) -> u64 {
        5_511_900_000_000 + u64::from(self.app)
    }

    pub(super) fn name(&self) -> &'static str {
        const NAMES: [&str; 8] = ["Ana", "João", "María", "Luis", "Sol", "Priya", "Kofi", "Inês"];
        NAMES[self.person.index as usize % NAMES.len()]
    }

    pub(super) fn words(&self, content: u32) -> &'static str {
        const PORTUGUESE: [&str; 5] = ["Oi", "Bom dia! Tudo bem?", "Ainda não chegou o meu pedido", "Obrigada!", "Pode ser amanhã às 10h?"];
        const SPANISH: [&str; 5] = ["Hola", "¿Me pueden ayudar?", "Gracias 🙏", "Sí, por favor", "¿Cuánto cuesta el envío?"];
        const ENGLISH: [&str; 5] = ["Hi", "Yes please", "When does it arrive?", "Thanks!", "Can I change the address?"];
        let words = match self.person.country.letters() {
            "BR" | "PT" => PORTUGUESE,
            "MX" | "AR" | "CO" | "ES" | "CL" => SPANISH,
            _ => ENGLISH,
        };
        words[content as usize % words.len()]
    }
}

/// What most statuses say after their ids.
fn report(text: &mut Text, kind: &str, destination: &str, at_ms: i64) {
    text.put(r#"","type":""#).put(kind).put(r#"","destination":""#).put(destination);
    text.put(r#"","payload":{"ts":"#).time(at_ms / 1000).put("}");
}
