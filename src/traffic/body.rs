//! The events of a visit as records: Gupshup v2 webhooks as it sends them in 2026, and a business's records of its sends.

use super::apps::Format;
use super::country::Numbers;
use super::inputs::Input;
use super::person::Person;
use super::text::{Text, rfc3339};
use super::visit::{Clock, Fate, Happening, Incoming, News, Outbound, Visit};
use super::{IdKind, World};
use crate::domain::event::Source;
use uuid::Uuid;

/// The record of an event.
pub fn input(world: &World, visit: &Visit, happening: Happening, format: Format, kafka_ms: i64) -> Input {
    let page = Page { world, visit, person: &visit.person, app: visit.person.app_of(visit.number) };
    let mut text = Text(Vec::with_capacity(640));
    if let Happening::Send(send) = happening {
        page.send(&mut text, send);
        return Input { source: Source::Sends, key: Some(page.customer()), value: text.0, kafka_ms };
    }
    match format {
        Format::V2 => page.webhook_v2(&mut text, happening),
        Format::V3 => page.webhook_passed_on(&mut text, happening, true),
        Format::Meta => page.webhook_passed_on(&mut text, happening, false),
    }
    Input { source: Source::Webhooks, key: None, value: text.0, kafka_ms }
}

/// What one visit's records are written from.
pub(super) struct Page<'a> {
    pub world: &'a World,
    pub visit: &'a Visit,
    pub person: &'a Person,
    pub app: u16,
}

impl Page<'_> {
    fn webhook_v2(&self, text: &mut Text, happening: Happening) {
        match happening {
            Happening::Status { send, news, at_ms, named } => self.status(text, send, news, at_ms, named),
            Happening::Inbound { message, named } => self.inbound(text, message, named),
            Happening::Billing(send) => self.billing(text, send),
            Happening::Send(_) | Happening::Echo { .. } | Happening::Notice { .. } => unreachable!("v2 does not tell it"),
        }
    }

    fn send(&self, text: &mut Text, send: usize) {
        let Outbound { at_ms, clock, responded, .. } = self.visit.sends[send];
        text.put(r#"{"messageId":""#).put(&self.world.send_id(self.person, self.visit.number, send));
        text.put(r#"","app":""#).put(self.app_name());
        text.put(r#"","destination":""#).put(&self.destination());
        text.put(r#"","source":""#).integer(self.business_phone()).put(r#"","customerId":""#).bytes(&self.customer());
        text.put(r#"","sentAt":"#);
        match clock {
            Clock::Milliseconds => text.time(at_ms),
            Clock::Seconds => text.time(at_ms / 1000),
            Clock::Text => text.put("\"").put(&rfc3339(at_ms)).put("\""),
        };
        if responded {
            text.put(r#","waId":""#).put(&self.peer()).put("\"");
        }
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
            News::Mismatch => self.mismatch(text.uuid(gupshup), self.numbers().wa_id),
            // Off by its last digit: another subscriber, as in the help article's own sample.
            News::MismatchWrong => {
                let wa_id = self.numbers().wa_id;
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
        let id = self.world.inbound_id(self.person, self.visit.number, message);
        let source = self.peer();
        text.put(r#"{"id":""#).put(&id).put(r#"","source":""#).put(&source).put(r#"","#);
        self.content(text, content);
        text.put(r#","sender":{"#);
        if !self.is_nameless() {
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
        self.world.bsuid(self.person, self.person.generation(self.visit.number), self.app)
    }

    pub(super) fn is_nameless(&self) -> bool {
        self.person.is_nameless(self.visit.number)
    }

    fn numbers(&self) -> Numbers {
        self.person.numbers(self.visit.number)
    }

    /// Who it is, to WhatsApp.
    pub(super) fn peer(&self) -> String {
        if self.is_nameless() { self.bsuid() } else { self.numbers().wa_id.to_string() }
    }

    /// Whom the business's record names, as it is spelled there.
    fn destination(&self) -> String {
        if self.is_nameless() {
            return self.bsuid();
        }
        let number = self.person.dialled(self.visit.number);
        World::spelled(self.person.spelling, number, self.person.country.calling_code())
    }

    /// The same, as Gupshup repeats it.
    pub(super) fn dialled_digits(&self) -> String {
        if self.is_nameless() { self.bsuid() } else { self.person.dialled(self.visit.number).to_string() }
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
