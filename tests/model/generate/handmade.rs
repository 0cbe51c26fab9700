//! Histories made by hand, each with one point; what must come of them stands in the tests.

pub mod newer;
pub mod portfolios;

use super::super::history::{Context, Fact, Inbound, Mismatch, NumberChange, Record, Send, Status, StatusKind};
use super::NEWER_FACTS;
use super::lively::EPOCH_S;

const HOUR_S: i64 = 3600;

/// All of them by name.
pub fn all() -> Vec<(&'static str, Vec<Record>)> {
    let mut all = vec![
        ("the article's case", article_case()),
        ("the article's contradictory mismatch", article_mismatch()),
        ("recycled number with a late change", recycled_number()),
        ("two people who swap numbers", swapped_numbers()),
        ("a BSUID on two numbers", user_on_two_numbers()),
        ("a late sight in the middle of a conversation", late_sight()),
        ("landline pair", landline_pair()),
        ("AR evidence", argentine_evidence()),
    ];
    if NEWER_FACTS {
        all.append(&mut newer::all());
    }
    all.append(&mut portfolios::all());
    all
}

/// Sent to the number with the 9, answered from the one without: one conversation.
pub fn article_case() -> Vec<Record> {
    vec![
        send("gs1", "+55 (35) 98765-4321", 0).recorded(ms(0)),
        sent("gs1", Some("553587654321"), None, 2).recorded(ms(2)),
        inbound("in1", "553587654321", None, 60).recorded(ms(60)),
    ]
}

/// Destination 55-35-9…, phone 55-35-8…, wa_id 55-93-5…: which number was dialled says the send record.
pub fn article_mismatch() -> Vec<Record> {
    let mismatch = Mismatch {
        app: "alpha".to_owned(),
        message_id: "gs1".to_owned(),
        phone: "553587654321".to_owned(),
        wa_id: "5593587654321".to_owned(),
        at_ms: ms(1),
    };
    vec![send("gs1", "5535987654321", 0).recorded(ms(0)), Fact::Mismatch(mismatch).recorded(ms(1))]
}

/// Ana leaves N1 for N2 at 5 h, which is told last; at 10 h a stranger writes from N1.
pub fn recycled_number() -> Vec<Record> {
    let (old, new) = ("5535988880001", "5535988880002");
    vec![
        inbound("ana-first", old, Some("BR.ana1"), 0).recorded(ms(0)),
        send("gs-ana", old, HOUR_S).recorded(ms(HOUR_S)),
        sent("gs-ana", Some(old), None, HOUR_S + 2).recorded(ms(HOUR_S + 2)),
        inbound("ana-moved", new, Some("BR.ana2"), 6 * HOUR_S).recorded(ms(6 * HOUR_S)),
        inbound("ana-old-number", old, None, 7 * HOUR_S).recorded(ms(7 * HOUR_S)),
        inbound("stranger", old, Some("BR.stranger"), 10 * HOUR_S).recorded(ms(10 * HOUR_S)),
        change("ch1", (old, new), Some("BR.ana1"), 5 * HOUR_S).recorded(ms(20 * HOUR_S)),
    ]
}

/// Both changes in one second; each writes before and after, with a new BSUID.
pub fn swapped_numbers() -> Vec<Record> {
    let (left, right) = ("16315550001", "16315550002");
    vec![
        inbound("p-before", left, Some("US.p1"), 0).recorded(ms(0)),
        inbound("q-before", right, Some("US.q1"), 0).recorded(ms(0)),
        change("ch-p", (left, right), Some("US.p1"), 10).recorded(ms(10)),
        change("ch-q", (right, left), Some("US.q1"), 10).recorded(ms(10)),
        inbound("p-after", right, Some("US.p2"), 20).recorded(ms(20)),
        inbound("q-after", left, Some("US.q2"), 20).recorded(ms(20)),
    ]
}

/// The BSUID makes one person of both numbers; a second BSUID on one of them is someone new from then on.
pub fn user_on_two_numbers() -> Vec<Record> {
    let (home, work) = ("351912000001", "351912000002");
    vec![
        inbound("home", home, None, 50).recorded(ms(50)),
        inbound("work", work, None, 50).recorded(ms(50)),
        inbound("home-user", home, Some("PT.1"), 0).recorded(ms(60)),
        inbound("work-user", work, Some("PT.1"), 100).recorded(ms(100)),
        inbound("stranger", work, Some("PT.2"), 1000).recorded(ms(1000)),
        inbound("work-later", work, None, 1001).recorded(ms(1001)),
        inbound("home-later", home, None, 1001).recorded(ms(1001)),
    ]
}

/// A sight of a second BSUID at 14 h, told last, takes the message of 24 h away, and with it the bridge to 40 h.
pub fn late_sight() -> Vec<Record> {
    let number = "5535988880003";
    vec![
        inbound("at-0", number, Some("BR.first"), 0).recorded(ms(0)),
        inbound("at-12", number, None, 12 * HOUR_S).recorded(ms(12 * HOUR_S)),
        inbound("at-24", number, None, 24 * HOUR_S).recorded(ms(24 * HOUR_S)),
        inbound("at-40", number, Some("BR.first"), 40 * HOUR_S).recorded(ms(40 * HOUR_S)),
        inbound("at-14", number, Some("BR.second"), 14 * HOUR_S).recorded(ms(50 * HOUR_S)),
    ]
}

/// `55 11 3333-4444` and `55 11 9 3333-4444` stay two people, though a status answered one for the other.
pub fn landline_pair() -> Vec<Record> {
    vec![
        send("gs1", "551133334444", 0).recorded(ms(0)),
        sent("gs1", Some("5511933334444"), None, 1).recorded(ms(1)),
        inbound("landline", "551133334444", None, -10).recorded(ms(10)),
        inbound("mobile", "5511933334444", None, 10).recorded(ms(10)),
    ]
}

/// 54… and 549… are one person where a status said so, and two where none did.
pub fn argentine_evidence() -> Vec<Record> {
    vec![
        send("gs1", "541141234567", 0).recorded(ms(0)),
        sent("gs1", Some("5491141234567"), None, 1).recorded(ms(1)),
        inbound("short", "541141234567", None, 5).recorded(ms(5)),
        inbound("long", "5491141234567", None, 5).recorded(ms(5)),
        inbound("other-short", "541140000000", None, 5).recorded(ms(5)),
        inbound("other-long", "5491140000000", None, 5).recorded(ms(5)),
    ]
}

/// The same, told by this app.
pub fn by(app: &str, mut fact: Fact) -> Fact {
    let told_by = match &mut fact {
        Fact::Send(send) => &mut send.app,
        Fact::Status(status) => &mut status.app,
        Fact::Mismatch(mismatch) => &mut mismatch.app,
        Fact::Inbound(inbound) => &mut inbound.app,
        Fact::NumberChange(change) => &mut change.app,
        Fact::Echo(echo) => &mut echo.app,
        Fact::Renaming(renaming) => &mut renaming.app,
    };
    app.clone_into(told_by);
    fact
}

/// Milliseconds of a second of the story.
pub fn ms(second: i64) -> i64 {
    (EPOCH_S + second) * 1000
}

pub fn send(id: &str, destination: &str, second: i64) -> Fact {
    let (app, message_id, destination) = ("alpha".to_owned(), id.to_owned(), destination.to_owned());
    Fact::Send(Send { app, message_id, destination, sent_at_ms: ms(second), customer_id: None, wa_id: None })
}

pub fn sent(gs_id: &str, wa_id: Option<&str>, user_id: Option<&str>, second: i64) -> Fact {
    Fact::Status(Status {
        app: "alpha".to_owned(),
        kind: StatusKind::Sent,
        gs_id: Some(gs_id.to_owned()),
        whatsapp_id: Some(format!("wa-{gs_id}")),
        meta_msg_id: None,
        wa_id: wa_id.map(str::to_owned),
        user_id: user_id.map(str::to_owned),
        at_ms: ms(second),
    })
}

pub fn inbound(id: &str, wa_id: &str, user_id: Option<&str>, second: i64) -> Fact {
    let wa_id = (!wa_id.is_empty()).then(|| wa_id.to_owned());
    let (app, id, user_id) = ("alpha".to_owned(), id.to_owned(), user_id.map(str::to_owned));
    Fact::Inbound(Inbound { app, id, wa_id, user_id, at_ms: ms(second), context: None })
}

/// An inbound message that answers another.
pub fn reply(id: &str, wa_id: &str, user_id: Option<&str>, answered: (Option<&str>, Option<&str>), second: i64) -> Fact {
    match inbound(id, wa_id, user_id, second) {
        Fact::Inbound(inbound) => {
            let context = Context { gs_id: answered.0.map(str::to_owned), id: answered.1.map(str::to_owned), meta_msg_id: None };
            Fact::Inbound(Inbound { context: Some(context), ..inbound })
        }
        other => other,
    }
}

pub fn change(id: &str, (old, new): (&str, &str), user_id: Option<&str>, second: i64) -> Fact {
    let (app, id, user_id) = ("alpha".to_owned(), id.to_owned(), user_id.map(str::to_owned));
    let (old, new) = (old.to_owned(), new.to_owned());
    Fact::NumberChange(NumberChange { app, id, old, new, user_id, current_user_id: None, at_ms: ms(second) })
}
