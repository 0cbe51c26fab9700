//! One bad element of a body never costs another, whatever is wrong with it.

use super::meta::{body, status_of};
use super::*;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Things that are no status, and why; the position is that of the middle one of three.
const BAD: [(&str, &str); 20] = [
    ("null", "UNKNOWN_SHAPE: @: no object"),
    ("7", "UNKNOWN_SHAPE: @: no object"),
    ("[]", "UNKNOWN_SHAPE: @: no object"),
    (r#""sent""#, "UNKNOWN_SHAPE: @: no object"),
    ("{}", "MISSING_FIELD: @: no status"),
    (r#"{"status":["sent"]}"#, "MISSING_FIELD: @: no status"),
    (r#"{"status":"sent"}"#, "MISSING_MESSAGE_ID: @: neither gs_id nor id"),
    (r#"{"status":"sent","id":{"x":[]}}"#, "MISSING_MESSAGE_ID: @: neither gs_id nor id"),
    (r#"{"status":"sent","id":"a"}"#, "BAD_TIMESTAMP: @: no timestamp"),
    (r#"{"status":"sent","id":"a","timestamp":{}}"#, "BAD_TIMESTAMP: @: timestamp is no time"),
    (r#"{"status":"sent","id":"a","timestamp":"soon"}"#, "BAD_TIMESTAMP: @: timestamp is no time"),
    (r#"{"status":"sent","id":"a","timestamp":123456789012345678901234567890}"#, "BAD_TIMESTAMP: @: timestamp is outside 2009–2100"),
    (r#"{"status":"sent","id":"a","timestamp":1e999}"#, "NOT_JSON: @: a number or a text that cannot be"),
    (r#"{"\ud800":"sent"}"#, "MISSING_FIELD: @: no status"),
    (r#"{"status":"sent","status":"read"}"#, "UNKNOWN_SHAPE: @: status is given twice"),
    (r#"{"status":"failed","errors":[{"code":1,"code":2}]}"#, "UNKNOWN_SHAPE: @: code is given twice"),
    (
        r#"{"status":"sent","id":"a","timestamp":1776944126,"recipient_id":"@ana"}"#,
        "BAD_NUMBER: @: recipient_id is neither a number nor a BSUID",
    ),
    (
        r#"{"status":"sent","id":"a","timestamp":1776944126,"recipient_id":[["5535987654321"]]}"#,
        "BAD_NUMBER: @: recipient_id is neither a number nor a BSUID",
    ),
    (
        r#"{"status":"sent","id":"a","timestamp":1776944126,"recipient_id":"123456789012345678"}"#,
        "BAD_NUMBER: @: recipient_id is neither a number nor a BSUID",
    ),
    (
        r#"{"status":"sent","id":"a","timestamp":4102444800}"#,
        "BAD_TIMESTAMP: @: timestamp is more than 24 h after the record's Kafka timestamp",
    ),
];

fn all_told(body: &str) -> Vec<String> {
    webhook(body.as_bytes(), KAFKA_MS, &apps()).iter().map(in_words).collect()
}

#[test]
fn a_bad_status_costs_only_itself() {
    let (one, two) = (status_of("a"), status_of("b"));
    let good = |id: &str| format!("Delivered default/gs other={id} wa=553587654321 at=1776944126000");
    for (bad, expected) in BAD {
        let told = all_told(&body("gs", "messages", &format!(r#""statuses":[{one},{bad},{two}]"#)));
        let expected = expected.replace('@', "entry[0].changes[0].value.statuses[1]");
        assert_eq!(told, [good("a"), expected, good("b")], "{bad}");
    }
    let deep = format!(r#"{{"status":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    let told = all_told(&body("gs", "messages", &format!(r#""statuses":[{one},{deep},{two}]"#)));
    assert_eq!(told, [good("a"), "MISSING_FIELD: entry[0].changes[0].value.statuses[1]: no status".to_owned(), good("b")]);
}

#[test]
fn a_bad_change_or_entry_costs_only_itself() {
    let change = |id: &str| format!(r#"{{"field":"messages","value":{{"statuses":[{}]}}}}"#, status_of(id));
    let good = |id: &str| format!("Delivered default/gs other={id} wa=553587654321 at=1776944126000");
    for (bad, expected) in [
        ("null", "no object"),
        ("[[]]", "no object"),
        ("{}", "no field"),
        (r#"{"field":1e999,"value":{}}"#, "no field"),
        (r#"{"field":"\ud800","value":{}}"#, "no field"),
        (r#"{"field":"messages"}"#, "value is no object"),
        (r#"{"field":"messages","value":[{}]}"#, "value is no object"),
        (r#"{"field":"messages","field":"calls"}"#, "field or value is given twice"),
        (r#"{"field":"messages","value":{"statuses":[],"statuses":[]}}"#, "a field of value is given twice"),
        (r#"{"field":"messages","value":{"statuses":{"id":"a"}}}"#, "statuses is no array"),
        (r#"{"field":"messages","value":{"messages":"x"}}"#, "messages is no array"),
        (r#"{"field":"smb_message_echoes","value":{"message_echoes":1.5}}"#, "message_echoes is no array"),
        (r#"{"field":"user_id_update","value":{"user_id_update":true}}"#, "user_id_update is no array"),
    ] {
        let entries = format!(r#"{{"changes":[{},{bad},{}]}}"#, change("a"), change("b"));
        let told = all_told(&format!(r#"{{"object":"whatsapp_business_account","gs_app_id":"gs","entry":[{entries}]}}"#));
        assert_eq!(told, [good("a"), format!("UNKNOWN_SHAPE: entry[0].changes[1]: {expected}"), good("b")], "{bad}");
    }
    for (bad, expected) in [
        ("7", "no object"),
        ("{}", "changes is no array"),
        (r#"{"changes":{"field":"messages"}}"#, "changes is no array"),
        (r#"{"changes":[],"changes":[]}"#, "changes is given twice"),
    ] {
        let entries = format!(r#"{{"changes":[{}]}},{bad},{{"changes":[{}]}}"#, change("a"), change("b"));
        let told = all_told(&format!(r#"{{"object":"whatsapp_business_account","gs_app_id":"gs","entry":[{entries}]}}"#));
        assert_eq!(told, [good("a"), format!("UNKNOWN_SHAPE: entry[1]: {expected}"), good("b")], "{bad}");
    }
}

#[test]
fn a_body_is_read_up_to_a_bound() {
    let many = |count: usize| body("gs", "messages", &format!(r#""statuses":[{}]"#, vec!["{}"; count].join(",")));
    assert_eq!(all_told(&many(10_000)).len(), 10_000);
    let told = all_told(&many(300_000));
    assert_eq!(told.len(), 10_001);
    let last = "TOO_LARGE: entry[0].changes[0].value.statuses[10000]: more than 10000 elements; those from here on were not read";
    assert_eq!(told[10_000], last);
    let entries = vec!["{}"; 20_000].join(",");
    assert_eq!(all_told(&format!(r#"{{"object":"whatsapp_business_account","entry":[{entries}]}}"#)).len(), 10_001);
}

/// What may stand in place of a field's value in a status or a message.
const PIECES: [&str; 16] = [
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "1e999",
    "18446744073709551616",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "[[{}]]",
    "\"BR.1\"",
    "\"5535987654321\"",
    "\"set-callback\"",
];

/// Some of the fields of a real shape, each with its own value or with another.
fn mutated(random: &mut ChaCha8Rng, fields: &[(&str, &str)]) -> String {
    let mut all = Vec::new();
    for (name, value) in fields {
        match random.random_range(0..8) {
            0 => {}
            1 => all.push(format!(r#""{name}":{}"#, PIECES.choose(random).expect("pieces"))),
            2 if random.random_ratio(1, 4) => all.extend([format!(r#""{name}":{value}"#), format!(r#""{name}":{value}"#)]),
            _ => all.push(format!(r#""{name}":{value}"#)),
        }
    }
    format!("{{{}}}", all.join(","))
}

#[test]
fn mutated_shapes_are_one_element_each_and_leave_their_siblings_alone() {
    let status = [
        ("gs_id", r#""0a58e0ce""#),
        ("id", r#""cc3651a4""#),
        ("meta_msg_id", r#""wamid.OUT""#),
        ("recipient_id", r#""553587654321""#),
        ("recipient_user_id", r#""BR.1""#),
        ("recipient_type", r#""individual""#),
        ("status", r#""failed""#),
        ("timestamp", r#""1776944126""#),
        ("errors", r#"[{"code":1,"title":"no"}]"#),
    ];
    let message = [
        ("from", r#""553587654321""#),
        ("from_user_id", r#""BR.1""#),
        ("id", r#""wamid.IN""#),
        ("timestamp", r#""1776944126""#),
        ("type", r#""system""#),
        ("context", r#"{"id":"wamid.OUT","gs_id":"0a58e0ce"}"#),
        ("referral", r#"{"source_type":"ad"}"#),
        ("system", r#"{"type":"user_changed_number","wa_id":"551187654321","user_id":"BR.2"}"#),
    ];
    let contact = [("wa_id", r#""553587654321""#), ("user_id", r#""BR.1""#)];
    let mut random = ChaCha8Rng::seed_from_u64(20_261_123);
    let mut used = 0;
    for _ in 0..20_000 {
        let list = |random: &mut ChaCha8Rng, fields: &[(&str, &str)]| -> Vec<String> {
            (0..random.random_range(0..4)).map(|_| mutated(random, fields)).collect()
        };
        let mut statuses = list(&mut random, &status);
        let at = random.random_range(0..=statuses.len());
        statuses.insert(at, status_of("sibling"));
        let (messages, contacts) = (list(&mut random, &message), list(&mut random, &contact));
        let value =
            format!(r#""contacts":[{}],"statuses":[{}],"messages":[{}]"#, contacts.join(","), statuses.join(","), messages.join(","));
        let body = body(if random.random() { "gs" } else { "" }, "messages", &value);
        let told = all_told(&body);
        assert_eq!(told.len(), statuses.len() + messages.len(), "{body}");
        // A contact of the change may spell its number otherwise.
        let is_itself = ["553587654321", "5535987654321"].iter().any(|wa_id| told[at].contains(&format!(" other=sibling wa={wa_id} ")));
        assert!(told[at].starts_with("Delivered default/") && is_itself, "{} of {body}", told[at]);
        used += told.iter().filter(|told| told.contains(" default/")).count();
    }
    assert!(used > 40_000, "too few are of use: {used}");
}
