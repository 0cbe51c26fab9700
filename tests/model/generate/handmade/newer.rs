//! Echoes, BSUIDs that become others, and numbers that were only repeated.

use super::super::super::history::{Echo, Fact, Record, Renaming, Status};
use super::{HOUR_S, change, inbound, ms, send, sent};

/// All of them by name.
pub fn all() -> Vec<(&'static str, Vec<Record>)> {
    vec![
        ("an echo between two messages", echo_between()),
        ("an echo shows who had the number", echo_shows_an_owner()),
        ("an echo told twice", echo_told_twice()),
        ("an echo under the id of a send", echo_under_the_id_of_a_send()),
        ("a renaming told last", renaming_told_last()),
        ("a chain of renamings", chain_of_renamings()),
        ("a renaming on a recycled number", renaming_on_a_recycled_number()),
        ("a change that names a former BSUID", change_of_a_former_user()),
        ("a BSUID changed, and from which is not said", previous_unknown()),
        ("a renaming is a sight of the current BSUID", renaming_is_a_sight()),
        ("USER_ID does not follow renamings", user_id_follows_no_renaming()),
        ("two spellings, each repeated", two_repeated_spellings()),
        ("a repeated number that belongs elsewhere", astray()),
    ]
}

const NUMBER: &str = "5535988880004";
const OTHER: &str = "5535988880005";

/// 30 h lie between the two messages, and the echo in the middle ties them.
pub fn echo_between() -> Vec<Record> {
    vec![
        inbound("at-0", NUMBER, None, 0).recorded(ms(0)),
        inbound("at-30", NUMBER, None, 30 * HOUR_S).recorded(ms(30 * HOUR_S)),
        echo("typed-15", NUMBER, None, 15 * HOUR_S).recorded(ms(40 * HOUR_S)),
    ]
}

/// Its BSUID was never seen on the number otherwise: it had the number before the one that was.
pub fn echo_shows_an_owner() -> Vec<Record> {
    vec![
        echo("typed", NUMBER, Some("BR.1"), 0).recorded(ms(0)),
        inbound("plain", NUMBER, None, 5).recorded(ms(5)),
        inbound("known", NUMBER, Some("BR.2"), 10).recorded(ms(10)),
    ]
}

/// The copy with the number alone would be the stranger's.
pub fn echo_told_twice() -> Vec<Record> {
    vec![
        inbound("ana", NUMBER, Some("BR.ana"), 0).recorded(ms(0)),
        inbound("stranger", NUMBER, Some("BR.stranger"), 10).recorded(ms(10)),
        echo("typed", NUMBER, None, 20).recorded(ms(20)),
        echo("typed", "", Some("BR.ana"), 20).recorded(ms(25)),
    ]
}

/// Of the send nothing is heard: an echo is no evidence.
pub fn echo_under_the_id_of_a_send() -> Vec<Record> {
    vec![
        send("m1", NUMBER, 0).recorded(ms(0)),
        echo("m1", NUMBER, None, 1).recorded(ms(1)),
        send("m2", NUMBER, 2).recorded(ms(2)),
        sent("m2", Some(NUMBER), None, 3).recorded(ms(3)),
        echo("m2", NUMBER, None, 4).recorded(ms(4)),
    ]
}

/// Without the renaming, the second BSUID on the number is somebody else.
pub fn renaming_told_last() -> Vec<Record> {
    vec![
        inbound("before", NUMBER, Some("BR.1"), 0).recorded(ms(0)),
        inbound("after", NUMBER, Some("BR.2"), 10).recorded(ms(10)),
        inbound("stranger", NUMBER, Some("BR.3"), 20).recorded(ms(20)),
        renaming(Some("BR.1"), "BR.2", "", 5).recorded(ms(30)),
    ]
}

/// Nobody ever saw the one in the middle.
pub fn chain_of_renamings() -> Vec<Record> {
    vec![
        inbound("home", NUMBER, Some("BR.1"), 0).recorded(ms(0)),
        inbound("work", OTHER, Some("BR.3"), 10).recorded(ms(10)),
        renaming(Some("BR.2"), "BR.3", "", 8).recorded(ms(20)),
        renaming(Some("BR.1"), "BR.2", "", 5).recorded(ms(21)),
    ]
}

/// Ana's new BSUID is no newcomer on the number that a stranger has by then: her name was there before.
pub fn renaming_on_a_recycled_number() -> Vec<Record> {
    vec![
        inbound("ana", NUMBER, Some("BR.ana1"), 0).recorded(ms(0)),
        inbound("stranger", NUMBER, Some("BR.stranger"), 5 * HOUR_S).recorded(ms(5 * HOUR_S)),
        renaming(Some("BR.ana1"), "BR.ana2", NUMBER, 6 * HOUR_S).recorded(ms(6 * HOUR_S)),
        inbound("plain", NUMBER, None, 7 * HOUR_S).recorded(ms(7 * HOUR_S)),
        inbound("ana-later", OTHER, Some("BR.ana2"), 8 * HOUR_S).recorded(ms(8 * HOUR_S)),
    ]
}

/// The leaver is Ana, though the number knows her by another BSUID, and though a stranger has it by then.
pub fn change_of_a_former_user() -> Vec<Record> {
    vec![
        inbound("ana", NUMBER, Some("BR.ana1"), 0).recorded(ms(0)),
        inbound("stranger", NUMBER, Some("BR.stranger"), 5 * HOUR_S).recorded(ms(5 * HOUR_S)),
        change("ch1", (NUMBER, OTHER), Some("BR.ana2"), 6 * HOUR_S).recorded(ms(6 * HOUR_S)),
        inbound("moved", OTHER, None, 7 * HOUR_S).recorded(ms(7 * HOUR_S)),
        renaming(Some("BR.ana1"), "BR.ana2", "", 4 * HOUR_S).recorded(ms(8 * HOUR_S)),
    ]
}

/// The next BSUID on the number is the same person's, and the one after it is not. The row does not hear of it.
pub fn previous_unknown() -> Vec<Record> {
    vec![
        send("gs1", NUMBER, -20).recorded(ms(-20)),
        sent("gs1", Some(NUMBER), None, -19).recorded(ms(-19)),
        inbound("before", OTHER, Some("BR.1"), 0).recorded(ms(0)),
        inbound("known", NUMBER, Some("BR.1"), 1).recorded(ms(1)),
        renaming(None, "BR.2", NUMBER, 10).recorded(ms(10)),
        inbound("after", NUMBER, Some("BR.2"), 20).recorded(ms(20)),
        inbound("stranger", NUMBER, Some("BR.3"), 30).recorded(ms(30)),
    ]
}

/// The address of the current BSUID learns the number, and that of the previous one does not.
pub fn renaming_is_a_sight() -> Vec<Record> {
    vec![
        send("gs1", "BR.1", 0).recorded(ms(0)),
        nobody("gs1", 1).recorded(ms(1)),
        send("gs2", "BR.2", 2).recorded(ms(2)),
        nobody("gs2", 3).recorded(ms(3)),
        renaming(Some("BR.1"), "BR.2", NUMBER, 10).recorded(ms(10)),
        inbound("plain", NUMBER, None, 20).recorded(ms(20)),
    ]
}

/// The person is one; but the number was seen with the other BSUID.
pub fn user_id_follows_no_renaming() -> Vec<Record> {
    vec![
        send("gs1", "BR.1", 0).recorded(ms(0)),
        nobody("gs1", 1).recorded(ms(1)),
        inbound("in1", NUMBER, Some("BR.2"), 5).recorded(ms(5)),
        renaming(Some("BR.1"), "BR.2", "", 3).recorded(ms(6)),
    ]
}

/// Of each spelling a status said no more than what had been dialled. The reply, taken away at the end, is the first real news.
pub fn two_repeated_spellings() -> Vec<Record> {
    let (short, long) = ("541141234567", "5491141234567");
    vec![
        send("gs1", short, 0).recorded(ms(0)),
        sent("gs1", Some(short), Some("AR.1"), 1).recorded(ms(1)),
        send("gs2", long, 10).recorded(ms(10)),
        sent("gs2", Some(long), Some("AR.1"), 11).recorded(ms(11)),
        inbound("in1", long, Some("AR.1"), 20).recorded(ms(20)),
    ]
}

/// Ana's BSUID beside a number that was only dialled: it tells who was meant, and no address follows it there.
pub fn astray() -> Vec<Record> {
    vec![
        send("gs1", NUMBER, 0).recorded(ms(0)),
        sent("gs1", None, Some("BR.ana"), 1).recorded(ms(1)),
        send("gs2", OTHER, 10).recorded(ms(10)),
        sent("gs2", Some(OTHER), Some("BR.ana"), 11).recorded(ms(11)),
    ]
}

pub fn echo(id: &str, wa_id: &str, user_id: Option<&str>, second: i64) -> Fact {
    let wa_id = (!wa_id.is_empty()).then(|| wa_id.to_owned());
    Fact::Echo(Echo { app: "alpha".to_owned(), id: id.to_owned(), wa_id, user_id: user_id.map(str::to_owned), at_ms: ms(second) })
}

pub fn renaming(previous: Option<&str>, current: &str, wa_id: &str, second: i64) -> Fact {
    let wa_id = (!wa_id.is_empty()).then(|| wa_id.to_owned());
    let (previous, current) = (previous.map(str::to_owned), current.to_owned());
    Fact::Renaming(Renaming { app: "alpha".to_owned(), previous, current, wa_id, at_ms: ms(second) })
}

/// A status that names nobody.
fn nobody(gs_id: &str, second: i64) -> Fact {
    match sent(gs_id, None, None, second) {
        Fact::Status(status) => Fact::Status(Status { whatsapp_id: None, ..status }),
        other => other,
    }
}
