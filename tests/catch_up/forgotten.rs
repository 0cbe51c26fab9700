//! Histories made by hand, in which something is decided anew about people of whose messages some were forgotten.

use super::history::{DAY_MS, HOUR_MS, START_MS};
use super::model::history::{Fact, Inbound, Record, Send, Status, StatusKind};

/// So many in each partition that stream time follows; they concern nobody.
pub fn pass(records: &mut Vec<Record>, name: &str, kafka_ms: i64) {
    for index in 0..100 {
        let (app, id) = ("pass".to_owned(), format!("{name}{index}"));
        let fact = if index % 3 == 0 {
            let destination = format!("1631{}", 2_000_000 + index);
            Fact::Send(Send { app, message_id: id, destination, sent_at_ms: kafka_ms, customer_id: None, wa_id: None })
        } else {
            let (gs_id, whatsapp_id) = (Some(id), Some(format!("{name}-other{index}")));
            let (kind, at_ms) = (StatusKind::Enqueued, kafka_ms);
            Fact::Status(Status { app, kind, gs_id, whatsapp_id, meta_msg_id: None, wa_id: None, user_id: None, at_ms })
        };
        records.push(fact.recorded(kafka_ms));
    }
}

/// What a person writes, `at` so many hours, read so many hours after the start.
struct Wrote {
    app: &'static str,
    wa_id: String,
    user_id: Option<String>,
    made: usize,
}

impl Wrote {
    fn by(wa_id: &str) -> Self {
        Self { app: "alpha", wa_id: wa_id.to_owned(), user_id: None, made: 0 }
    }

    fn at(&mut self, hours: i64, kafka_hours: i64) -> Record {
        self.at_ms(START_MS + hours * HOUR_MS, START_MS + kafka_hours * HOUR_MS)
    }

    fn at_ms(&mut self, at_ms: i64, kafka_ms: i64) -> Record {
        self.made += 1;
        let id = format!("in-{}-{}-{}", self.app, self.wa_id, self.made);
        let (app, wa_id, user_id) = (self.app.to_owned(), Some(self.wa_id.clone()), self.user_id.clone());
        Fact::Inbound(Inbound { app, id, wa_id, user_id, at_ms, context: None }).recorded(kafka_ms)
    }
}

/// The middle one of three messages is forgotten before the others, which nothing else ties. Then the person is seen with a BSUID.
pub fn the_middle_one() -> Vec<Record> {
    let mut person = Wrote::by("553585000001");
    let mut records = vec![person.at(1, 1), person.at(0, 5), person.at(7, 7)];
    pass(&mut records, "pass", START_MS + 20 * HOUR_MS);
    (person.app, person.user_id) = ("beta", Some("BR.1".to_owned()));
    records.push(person.at(21, 21));
    records
}

/// The first of three messages is forgotten; then the middle one turns out to be somebody else's, so that the last stands alone.
pub fn the_first_one() -> Vec<Record> {
    let mut person = Wrote::by("553585000002");
    person.user_id = Some("BR.1".to_owned());
    let mut records = vec![person.at(0, -7)];
    records.push(Wrote { user_id: None, made: 1, ..Wrote::by("553585000002") }.at(5, 5));
    person.made = 2;
    records.push(person.at(10, 10));
    pass(&mut records, "pass", START_MS + 12 * HOUR_MS);
    (person.user_id, person.made) = (Some("BR.2".to_owned()), 3);
    records.push(person.at_ms(START_MS + 5 * HOUR_MS - 60_000, START_MS + 13 * HOUR_MS));
    records
}

/// As in [`the_middle_one`], among so many messages that they go to another circle in several pieces.
pub fn a_large_hand_over() -> Vec<Record> {
    let mut records = Vec::new();
    let mut news = Vec::new();
    for index in 0..4 {
        let mut person = Wrote::by(&format!("55358600000{index}"));
        records.extend([person.at(1, 1), person.at(0, 5), person.at(7, 7)]);
        for day in 1..5 {
            let first_ms = START_MS - day * DAY_MS;
            records.extend((0..180).map(|number| person.at_ms(first_ms + number * 1000, START_MS + 8 * HOUR_MS)));
        }
        let user_id = Some(format!("BR.{index}"));
        person.user_id.clone_from(&user_id);
        news.push(person.at(21, 21));
        news.push(Wrote { user_id, ..Wrote::by(&format!("55358500001{index}")) }.at(21, 21));
    }
    pass(&mut records, "pass", START_MS + 20 * HOUR_MS);
    records.append(&mut news);
    records
}
