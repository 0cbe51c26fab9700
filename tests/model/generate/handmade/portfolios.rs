//! Apps that share BSUIDs, apps that do not, and tenants that know the same numbers and BSUIDs of different people.

use super::super::super::history::{Fact, Record, Status, StatusKind};
use super::newer::{echo, renaming};
use super::{HOUR_S, by, change, inbound, reply, send, sent};

/// All of them by name.
pub fn all() -> Vec<(&'static str, Vec<Record>)> {
    vec![
        ("a BSUID in two apps of a portfolio", user_in_two_apps()),
        ("a BSUID in two apps without a portfolio", user_in_strange_apps()),
        ("a second BSUID of a portfolio is a stranger", second_user_of_a_portfolio()),
        ("scopes at one second", scopes_at_one_second()),
        ("scopes whose names begin alike", scopes_that_begin_alike()),
        ("a row that two apps of a portfolio feed", row_of_two_apps()),
        ("a number seen by the other app of the portfolio", seen_by_the_other_app()),
        ("a renaming told by the other app", renaming_by_the_other_app()),
        ("a change told by the other app", change_by_the_other_app()),
        ("a change within a line clears the portfolio's scope", change_within_a_line()),
        ("aliases stay within their app", aliases_of_each_app()),
        ("two tenants know one number", one_number_of_two_tenants()),
        ("two tenants, and each its own news", news_of_each_tenant()),
        ("a reply to another tenant", reply_across_tenants()),
        ("two candidates, the second known", second_candidate_known()),
        ("two candidates that name two messages", candidates_of_two_messages()),
    ]
}

const NUMBER: &str = "5535988880006";
const SHORT: &str = "553588880006";
const OTHER: &str = "5535988880007";

/// One person without a phone, and a conversation with each app.
pub fn user_in_two_apps() -> Vec<Record> {
    story([
        ("north", inbound("to-north", "", Some("BR.1"), 0)),
        ("south", inbound("to-south", "", Some("BR.1"), 5)),
        ("south", echo("from-south", "", Some("BR.1"), 6)),
        ("south", inbound("with-number", NUMBER, Some("BR.1"), 10)),
        ("north", inbound("number-only", SHORT, None, 20)),
    ])
}

/// Alike by chance: the scopes differ, and only a number would tie the two.
pub fn user_in_strange_apps() -> Vec<Record> {
    story([
        ("north", inbound("to-north", "", Some("BR.1"), 0)),
        ("alpha", inbound("to-alpha", "", Some("BR.1"), 5)),
        ("beta", inbound("to-beta", "", Some("BR.1"), 6)),
    ])
}

/// The owner may have a BSUID of each scope; of the portfolio's there is one already, whichever app shows the next.
pub fn second_user_of_a_portfolio() -> Vec<Record> {
    story([
        ("north", inbound("first", NUMBER, Some("BR.1"), 0)),
        ("alpha", inbound("of-alpha", NUMBER, Some("BR.9"), 5)),
        ("south", inbound("stranger", NUMBER, Some("BR.2"), 10)),
        ("alpha", inbound("number-only", NUMBER, None, 20)),
    ])
}

/// Which BSUID comes first is a matter of the scope's name, and then of the BSUID's.
pub fn scopes_at_one_second() -> Vec<Record> {
    story([
        ("south", inbound("south-1", NUMBER, Some("BR.1"), 0)),
        ("north", inbound("north-2", NUMBER, Some("BR.2"), 0)),
        ("alpha", inbound("alpha-1", NUMBER, Some("BR.1"), 0)),
        ("alpha", inbound("alpha-3", NUMBER, Some("BR.3"), 0)),
        ("beta", inbound("beta-0", NUMBER, Some("BR.0"), 0)),
    ])
}

/// As `scope:BSUID` in one text, they would come in another order.
pub fn scopes_that_begin_alike() -> Vec<Record> {
    story([
        ("beta", inbound("beta-1", NUMBER, Some("BR.1"), 0)),
        ("beta", inbound("beta-2", NUMBER, Some("BR.2"), 0)),
        ("beta-two", inbound("beta-two-1", NUMBER, Some("BR.1"), 0)),
    ])
}

/// Both sends have one id, and are two; the address is one.
pub fn row_of_two_apps() -> Vec<Record> {
    story([
        ("north", send("m1", "BR.1", 0)),
        ("north", sent("m1", None, None, 1)),
        ("south", send("m1", "BR.1", 10)),
        ("south", sent("m1", Some(NUMBER), None, 11)),
    ])
}

/// The send joined the BSUID, and the other app saw a number beside it.
pub fn seen_by_the_other_app() -> Vec<Record> {
    story([
        ("north", send("gs1", NUMBER, 0)),
        ("north", sent("gs1", None, Some("BR.1"), 1)),
        ("south", inbound("elsewhere", OTHER, Some("BR.1"), 5)),
        ("alpha", inbound("strange", "553191112222", Some("BR.1"), 9)),
    ])
}

pub fn renaming_by_the_other_app() -> Vec<Record> {
    story([
        ("north", inbound("before", NUMBER, Some("BR.1"), 0)),
        ("north", inbound("after", NUMBER, Some("BR.2"), 10)),
        ("alpha", renaming(Some("BR.2"), "BR.3", "", 5)),
        ("north", inbound("stranger", NUMBER, Some("BR.3"), 20)),
        ("south", renaming(Some("BR.1"), "BR.2", "", 5)),
    ])
}

/// The leaver is she whom the other app saw, though a stranger has the number by then.
pub fn change_by_the_other_app() -> Vec<Record> {
    story([
        ("north", inbound("ana", NUMBER, Some("BR.ana"), 0)),
        ("north", inbound("stranger", NUMBER, Some("BR.stranger"), HOUR_S)),
        ("south", change("ch1", (NUMBER, OTHER), Some("BR.ana"), 2 * HOUR_S)),
        ("alpha", inbound("moved", OTHER, None, 3 * HOUR_S)),
    ])
}

pub fn change_within_a_line() -> Vec<Record> {
    story([
        ("north", inbound("before", SHORT, Some("BR.1"), 0)),
        ("south", change("ch1", (SHORT, NUMBER), Some("BR.1"), 10)),
        ("south", inbound("after", NUMBER, Some("BR.2"), 20)),
        ("north", inbound("stranger", NUMBER, Some("BR.3"), 30)),
    ])
}

/// Messages are an app's own, also in a portfolio.
pub fn aliases_of_each_app() -> Vec<Record> {
    story([
        ("north", send("gs1", NUMBER, 0)),
        ("north", status(StatusKind::Enqueued, [Some("gs1"), Some("wa1"), None], None)),
        ("south", send("gs1", NUMBER, 0)),
        ("south", status(StatusKind::Read, [None, Some("wa1"), None], Some(SHORT))),
    ])
}

/// Number, BSUID and message ids are the same in all, and the people are two.
pub fn one_number_of_two_tenants() -> Vec<Record> {
    let one = |app: &'static str| {
        [
            (app, send("gs1", NUMBER, 0)),
            (app, sent("gs1", Some(SHORT), Some("BR.1"), 1)),
            (app, inbound("in1", SHORT, Some("BR.1"), 60)),
            (app, send("gs2", "BR.1", 70)),
            (app, sent("gs2", None, None, 71)),
        ]
    };
    story([one("north"), one("west")].concat())
}

/// In one tenant Ana moves, in the other her BSUID becomes another; neither hears of the other's.
pub fn news_of_each_tenant() -> Vec<Record> {
    let before = |app: &'static str| {
        [
            (app, send("gs1", NUMBER, 0)),
            (app, sent("gs1", Some(NUMBER), Some("BR.ana"), 1)),
            (app, inbound("before", NUMBER, Some("BR.ana"), 5)),
            (app, inbound("later", NUMBER, Some("BR.next"), 20)),
            (app, inbound("elsewhere", OTHER, None, 30)),
        ]
    };
    let news = [("north", change("ch1", (NUMBER, OTHER), Some("BR.ana"), 10)), ("west", renaming(Some("BR.ana"), "BR.next", "", 10))];
    story([before("north"), before("west")].into_iter().flatten().chain(news))
}

/// The message that it names is not there.
pub fn reply_across_tenants() -> Vec<Record> {
    story([("alpha", send("gs1", NUMBER, 0)), ("delta", reply("in1", SHORT, None, (Some("gs1"), None), 5))])
}

/// Only the second of the ids was told beside Gupshup's.
pub fn second_candidate_known() -> Vec<Record> {
    story([
        ("alpha", send("gs1", NUMBER, 0)),
        ("alpha", status(StatusKind::Enqueued, [Some("gs1"), Some("wamid.A"), None], None)),
        ("alpha", status(StatusKind::Sent, [None, Some("uuid-1"), Some("wamid.A")], Some(SHORT))),
        ("alpha", send("gs2", OTHER, 2)),
        ("alpha", status(StatusKind::Enqueued, [Some("gs2"), Some("uuid-2"), Some("wamid.B")], None)),
        ("alpha", status(StatusKind::Read, [None, Some("wamid.B"), None], None)),
    ])
}

/// Each names its own, one by itself and one through an alias; the second BSUID is for both.
pub fn candidates_of_two_messages() -> Vec<Record> {
    story([
        ("alpha", send("m1", NUMBER, 0)),
        ("alpha", send("m2", OTHER, 2)),
        ("alpha", status(StatusKind::Enqueued, [Some("m2"), Some("x2"), None], None)),
        ("alpha", status(StatusKind::Delivered, [None, Some("m1"), Some("x2")], Some(SHORT))),
    ])
}

fn status(kind: StatusKind, [gs_id, whatsapp_id, meta_msg_id]: [Option<&str>; 3], wa_id: Option<&str>) -> Fact {
    match sent("", wa_id, None, 1) {
        Fact::Status(status) => {
            let [gs_id, whatsapp_id, meta_msg_id] = [gs_id, whatsapp_id, meta_msg_id].map(|id| id.map(str::to_owned));
            Fact::Status(Status { kind, gs_id, whatsapp_id, meta_msg_id, ..status })
        }
        other => other,
    }
}

/// Each told by an app, when it happens.
fn story(facts: impl IntoIterator<Item = (&'static str, Fact)>) -> Vec<Record> {
    let told = |(app, fact): (&str, Fact)| {
        let at_ms = fact.at_ms();
        by(app, fact).recorded(at_ms)
    };
    facts.into_iter().map(told).collect()
}
