//! Bodies that are not what they should be: each is refused with a reason, and with no value of the body in it.

use super::*;

#[test]
fn what_is_no_json_is_said_where() {
    for (body, expected) in [
        (&b""[..], "NOT_JSON: the body is empty"),
        (b" \r\n\t", "NOT_JSON: the body is empty"),
        (b"\xEF\xBB\xBF", "NOT_JSON: the body is empty"),
        (b"{", "NOT_JSON: EOF while parsing an object at line 1 column 1"),
        (b"{\"app\":\"5535987654321", "NOT_JSON: EOF while parsing a string at line 1 column 21"),
        (b"{\"app\":\"\xFF\"}", "NOT_JSON: not UTF-8 from byte 8 on"),
        (b"\xFF\xFE{\0}\0", "NOT_JSON: not UTF-8 from byte 0 on"),
        (b"{\"app\":5535987654321x}", "NOT_JSON: expected `,` or `}` at line 1 column 21"),
        (b"{\"app\":1e999}", "NOT_JSON: number out of range at line 1 column 12"),
        (b"{} {}", "NOT_JSON: trailing characters at line 1 column 4"),
        (b"\x1F\x8B\x08\0", "NOT_JSON: gzip; write bodies as JSON, and let the producer's compression.type compress"),
        (b"payload=%7B%7D", "NOT_JSON: expected value at line 1 column 1"),
        (b"{\"app\":\"\\ud80\"}", "NOT_JSON: invalid escape at line 1 column 14"),
    ] {
        let elements = webhook(body, KAFKA_MS, &apps());
        assert_eq!(elements.iter().map(in_words).collect::<Vec<_>>(), [expected], "{}", body.escape_ascii());
        assert_eq!(in_words(&parse_send(body, KAFKA_MS, &apps())), expected, "{}", body.escape_ascii());
    }
}

#[test]
fn json_of_another_shape_is_no_envelope() {
    let unknown = "UNKNOWN_SHAPE: neither type and payload, nor a whatsapp_business_account object";
    for (body, expected) in [
        ("{}", unknown),
        (r#""5535987654321""#, "UNKNOWN_SHAPE: the body is no object"),
        ("5535987654321", "UNKNOWN_SHAPE: the body is no object"),
        ("null", "UNKNOWN_SHAPE: the body is no object"),
        ("true", "UNKNOWN_SHAPE: the body is no object"),
        ("[]", "UNKNOWN_SHAPE: the body is an array"),
        ("[{},5]", "UNKNOWN_SHAPE: the body is an array"),
        (r#"{"app":"DemoApp","type":"message"}"#, unknown),
        (r#"{"app":"DemoApp","type":"message","payload":[]}"#, unknown),
        (r#"{"app":"DemoApp","type":["message"],"payload":{}}"#, "IGNORED unknown event type"),
        (r#"{"app":"DemoApp","payload":{}}"#, unknown),
        (r#"{"object":"instagram","entry":[]}"#, unknown),
        (r#"{"app":"a","version":3,"type":"message","payload":{}}"#, "UNKNOWN_SHAPE: a version other than 2"),
        (r#"{"app":"a","version":"2","type":"message","payload":{}}"#, "MISSING_MESSAGE_ID: no payload.id"),
        (r#"{"app":"a","version":2.0,"type":"message","payload":{}}"#, "MISSING_MESSAGE_ID: no payload.id"),
        (r#"{"app":"a","type":"message","payload":{}}"#, "MISSING_MESSAGE_ID: no payload.id"),
        (r#"{"app":"a","app":"b","type":"message","payload":{}}"#, "UNKNOWN_SHAPE: app is given twice, before line 1 column 16"),
        (META, "IGNORED empty envelope"),
        (r#"{"object":"whatsapp_business_account"}"#, "UNKNOWN_SHAPE: entry is no array"),
    ] {
        assert_eq!(told(body), expected, "{body}");
    }
    for (body, expected) in [
        ("[]", "UNKNOWN_SHAPE: the body is no object"),
        ("null", "UNKNOWN_SHAPE: the body is no object"),
        ("{}", "MISSING_MESSAGE_ID: no messageId"),
    ] {
        assert_eq!(in_words(&parse_send(body.as_bytes(), KAFKA_MS, &apps())), expected, "{body}");
    }
}

#[test]
fn an_enterprise_report_is_named_as_one() {
    let named = "ENTERPRISE_REPORT: an Enterprise delivery report names no app and no wa_id; subscribe to Gupshup's v2 or v3 events";
    let text = serde_json::to_string(&format!("[{REPORT}]")).expect("a text");
    let form = format!("response={}", format!("[{REPORT}]").replace('"', "%22").replace('{', "%7B").replace('[', "%5B"));
    for body in
        [REPORT.to_owned(), format!("[{REPORT}]"), format!("\u{FEFF} [{REPORT},{REPORT}]"), format!(r#"{{"response":{text}}}"#), form]
    {
        assert_eq!(told(&body), named, "{body}");
    }
    assert_eq!(told(r#"{"response":"[]"}"#), "UNKNOWN_SHAPE: neither type and payload, nor a whatsapp_business_account object");
    assert_eq!(told(&format!("[{REPORT},{{}}]")), "UNKNOWN_SHAPE: the body is an array");
}

#[test]
fn a_byte_order_mark_and_a_deep_body_do_no_harm() {
    assert_eq!(told(&format!("\u{FEFF}{SENT}")), told(SENT));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(told(&deep), "UNKNOWN_SHAPE: the body is an array");
    assert_eq!(told(&SENT.replace(r#""conversation":{"#, &format!(r#""conversation":{{"deep":{deep},"#))), told(SENT));
    assert_eq!(told(&SENT.replace(r#""ts":1776944126"#, &format!(r#""ts":{deep}"#))), "BAD_TIMESTAMP: payload.payload.ts is no time");
    assert_eq!(told(&"[".repeat(100_000)), "NOT_JSON: EOF while parsing a list at line 1 column 100000");
    let objects = r#"{"payload":"#.repeat(100_000);
    assert!(told(&objects).starts_with("NOT_JSON: EOF while parsing"));
}
