//! Writing JSON by hand: bodies are made by the million, and their shape is known.

use uuid::Uuid;

/// A body as it is written.
pub struct Text(pub Vec<u8>);

impl Text {
    /// As it is.
    pub fn put(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// As they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// An id.
    pub fn uuid(&mut self, id: Uuid) -> &mut Self {
        let mut buffer = Uuid::encode_buffer();
        self.put(id.hyphenated().encode_lower(&mut buffer))
    }

    /// The end of one field, and Gupshup's id in another.
    pub fn gs_id(&mut self, id: Uuid) -> &mut Self {
        self.put(r#"","gsId":""#).uuid(id)
    }

    /// A time.
    pub fn time(&mut self, time: i64) -> &mut Self {
        self.integer(u64::try_from(time).expect("after 1970"))
    }

    /// Its digits.
    pub fn integer(&mut self, mut integer: u64) -> &mut Self {
        let mut digits = [0_u8; 20];
        let mut from = digits.len();
        loop {
            from -= 1;
            digits[from] = b'0' + u8::try_from(integer % 10).expect("a digit");
            integer /= 10;
            if integer == 0 {
                return self.bytes(&digits[from..]);
            }
        }
    }
}

/// A time as RFC 3339 has it.
pub fn rfc3339(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).expect("a time that jiff can tell").to_string()
}
