//! What only Meta's bodies tell: messages typed in the WhatsApp Business app ("smb_message_echoes webhook reference"), and people's new
//! numbers and BSUIDs ("System messages webhook reference", "Business-scoped user IDs").

use super::body::Page;
use super::text::Text;
use super::visit::{Echo, Notice};

impl Page<'_> {
    /// A message that the business typed.
    pub fn echo(&self, text: &mut Text, echo: usize, named: bool) {
        let Echo { at_ms, to_dialled } = self.visit.echoes[echo];
        text.put(r#""field":"smb_message_echoes","value":{"messaging_product":"whatsapp","#);
        self.metadata(text);
        text.put(r#""message_echoes":[{"from":""#).integer(self.business_phone()).put("\"");
        if !self.is_nameless() {
            text.put(r#","to":""#).put(&if to_dialled { self.dialled_digits() } else { self.peer() }).put("\"");
        }
        if named {
            text.put(r#","to_user_id":""#).put(&self.bsuid()).put("\"");
        }
        text.put(r#","id":""#).put(&self.world.echo_id(self.person, self.visit.number, echo));
        text.put(r#"","timestamp":""#).time(at_ms / 1000).put(r#"","type":"text","text":{"body":"OK"}}]}"#);
    }

    /// A turn in the person's life. Its visit is the first one after it, so what was before is what the visit before had.
    pub fn notice(&self, text: &mut Text, notice: Notice, at_ms: i64, named: bool) {
        match notice {
            Notice::NewNumber => self.system(text, at_ms, "user_changed_number", named),
            Notice::NewUser => self.user_id_update(text, at_ms, named),
            Notice::AnotherUser => self.system(text, at_ms, "user_changed_user_id", named),
        }
    }

    /// WhatsApp's own message from the old number, or where there is none from the old BSUID.
    fn system(&self, text: &mut Text, at_ms: i64, kind: &str, named: bool) {
        text.put(r#""field":"messages","value":{"messaging_product":"whatsapp","#);
        self.metadata(text);
        text.put(r#""messages":[{"#);
        if !self.is_nameless() {
            text.put(r#""from":""#).integer(self.person.numbers(self.visit.number - 1).wa_id).put(r#"","#);
        }
        if named {
            text.put(r#""from_user_id":""#).put(&self.bsuid_before()).put(r#"","#);
        }
        text.put(r#""id":"wamid.SYSTEM","timestamp":""#)
            .time(at_ms / 1000)
            .put(r#"","type":"system","system":{"body":"Changed.","type":""#);
        text.put(kind).put("\"");
        if !self.is_nameless() {
            text.put(r#","wa_id":""#).put(&self.peer()).put("\"");
        }
        text.put(r#","user_id":""#).put(&self.bsuid()).put(r#""}}]}"#);
    }

    fn user_id_update(&self, text: &mut Text, at_ms: i64, named: bool) {
        text.put(r#""field":"user_id_update","value":{"messaging_product":"whatsapp","#);
        self.metadata(text);
        text.put(r#""user_id_update":[{"#);
        if named && !self.is_nameless() {
            text.put(r#""wa_id":""#).put(&self.peer()).put(r#"","#);
        }
        text.put(r#""user_id":{"previous":""#).put(&self.bsuid_before()).put(r#"","current":""#).put(&self.bsuid());
        text.put(r#""},"timestamp":""#).time(at_ms / 1000).put(r#""}]}"#);
    }

    fn bsuid_before(&self) -> String {
        self.world.bsuid(self.person, self.person.generation(self.visit.number - 1), self.app)
    }
}
