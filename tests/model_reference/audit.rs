//! The audit, fed with output lines told by hand: it must see the state that was told, and each broken promise.

use crate::model::audit::{Audit, audit};
use crate::model::final_state::{Direction, FinalState, Outcome, compare};
use crate::model::generate::{Kind, Options, generate, handmade};
use crate::model::history::Record;
use crate::model::reference::{Settings, final_state, joins};
use crate::model::render::{Capture, capture};
use crate::view::{conversations, people};
use serde_json::{Value, json};

/// A line of waid's output, caused by the first record of the sends.
fn line(topic: &str, key: &str, event: usize, fields: &Value) -> String {
    let mut payload = json!({
        "event_id": format!("e{event}"), "app": "alpha", "tenant": "default",
        "src_topic": "whatsapp.sends", "src_partition": 0, "src_offset": 0,
    });
    for (name, value) in fields.as_object().expect("fields") {
        payload[name] = value.clone();
    }
    json!({"topic": format!("waid.{topic}"), "key": key, "headers": {}, "payload": payload}).to_string()
}

fn identity(event: usize, event_type: &str, wa_id: &str, evidence: &str, ids: (&str, &str)) -> String {
    let fields = json!({
        "event_type": event_type, "wa_id": wa_id, "evidence": evidence, "identity_id": ids.1,
        "previous_identity_id": Some(ids.0).filter(|id| !id.is_empty()),
    });
    line("identity-resolved", "553511112222", event, &fields)
}

fn row(event: usize, wa_id: &str, evidence: &str, id: &str) -> String {
    line("identities", "553511112222", event, &json!({"event_type": "RESOLVED", "wa_id": wa_id, "evidence": evidence, "identity_id": id}))
}

fn assigned(event: usize, message: &str, revision: i64, identity: &str, conversation: &str) -> String {
    let event_type = if revision == 1 { "ASSIGNED" } else { "MOVED" };
    let fields = json!({
        "event_type": event_type, "direction": "INBOUND", "whatsapp_message_id": message, "revision": revision,
        "identity_id": identity, "conversation_id": conversation,
    });
    line("conversation-assigned", identity, event, &fields)
}

fn merged(event: usize, key: &str, previous: &str, into: &str) -> String {
    let fields = json!({"event_type": "MERGED", "conversation_id": into, "previous_conversation_id": previous, "identity_id": key});
    line("conversation-assigned", key, event, &fields)
}

fn sources() -> Capture {
    capture(&handmade::article_case(), 1)
}

fn told(lines: &[String]) -> Audit {
    audit(lines, &sources().sources, &Settings::default())
}

/// Two strangers become one, then a message moves out again.
fn story() -> Vec<String> {
    vec![
        identity(1, "RESOLVED", "553511112222", "SENT", ("", "i1")),
        row(1, "553511112222", "SENT", "i1"),
        assigned(2, "a", 1, "i1", "c1"),
        assigned(3, "b", 1, "i2", "c2"),
        assigned(4, "d", 1, "i2", "c2"),
        identity(5, "MERGED", "553511112222", "SENT", ("i1", "i2")),
        row(5, "553511112222", "SENT", "i2"),
        merged(6, "i2", "c1", "c2"),
        assigned(7, "d", 2, "i3", "c3"),
        identity(8, "CONFIRMED", "553511112222", "REPLY", ("", "i2")),
        row(8, "553511112222", "REPLY", "i2"),
    ]
}

#[test]
fn merges_and_moves_are_followed() {
    let audit = told(&story());
    assert_eq!(audit.violations, Vec::<String>::new());
    assert_eq!(people(&audit.state), ["[553511112222] a b", "d"]);
    assert_eq!(conversations(&audit.state), ["a b", "d"]);
    assert_eq!(audit.state.rows["553511112222"].evidence, "REPLY");
    assert_eq!(audit.state.sends.values().collect::<Vec<_>>(), [&Outcome::Unresolved]);
}

#[test]
fn each_broken_promise_is_seen() {
    for (more, complaint) in [
        (vec![assigned(2, "z", 1, "i2", "c2")], "event_id e2 twice"),
        (vec![assigned(20, "a", 1, "i2", "c2")], "ASSIGNED shares its revision"),
        (vec![assigned(20, "a", 2, "i1", "c1")], "MOVED to where it was"),
        (vec![assigned(20, "a", 3, "i3", "c3")], "do not count up from 1"),
        (vec![assigned(20, "z", 2, "i3", "c3")], "ASSIGNED at revisions []"),
        (vec![assigned(20, "z", 1, "i2", "c1")], "uses c1, which was absorbed"),
        (vec![assigned(20, "z", 1, "i9", "c2")], "several parties"),
        (vec![merged(20, "i2", "c1", "c2")], "absorbed again"),
        (vec![merged(20, "i2", "c2", "c1")], "which it absorbed itself"),
        (vec![merged(20, "i9", "c1", "c9")], "was absorbed by c2 and by c9"),
        (vec![identity(20, "RESOLVED", "1", "SENT", ("", "i2"))], "RESOLVED again"),
        (vec![identity(20, "CHANGED", "553511112222", "REPLY", ("", "i2"))], "CHANGED to the same answer"),
        (vec![identity(20, "CONFIRMED", "553511112222", "REPLY", ("", "i2"))], "by the same evidence"),
        (vec![identity(20, "REASSIGNED", "553511112222", "REPLY", ("i1", "i2"))], "REASSIGNED to the same person"),
        (vec![identity(20, "REASSIGNED", "553511112222", "REPLY", ("i2", "i1"))], "uses i1, which was absorbed"),
        (vec![identity(20, "CHANGED", "553511113333", "REPLY", ("", "i2"))], "end differently"),
        (vec![row(20, "553511112222", "REPLY", "i2")], "changes nothing"),
        (vec![line("send-unresolved", "1", 20, &json!({"message_id": "nobody", "reason": "FAILED"}))], "no such send"),
        (vec![line("identities", "1", 20, &json!({"src_offset": 77}))], "caused by no input record"),
        (vec![line("identities", "1", 20, &json!({"tenant": "orient"}))], "told to orient of another tenant"),
        (vec!["{}".to_owned()], "no known topic"),
    ] {
        let violations = told(&[story(), more].concat()).violations;
        assert!(violations.iter().any(|violation| violation.contains(complaint)), "{complaint}: {violations:#?}");
    }
}

/// Tells a final state as waid would if it had known everything from the start.
fn narrate(state: &FinalState, records: &[Record], sources: &Capture) -> Vec<String> {
    let mut lines = Vec::new();
    for (address, row) in &state.rows {
        for topic in ["identity-resolved", "identities"] {
            let fields = json!({"event_type": "RESOLVED", "wa_id": row.wa_id, "evidence": row.evidence, "identity_id": row.identity});
            lines.push(line(topic, address, lines.len(), &fields));
        }
    }
    for ((app, direction, id), placed) in &state.messages {
        let (direction, field) = match direction {
            Direction::Inbound => ("INBOUND", "whatsapp_message_id"),
            Direction::Outbound => ("OUTBOUND", "message_id"),
            Direction::Echo => ("OUTBOUND", "whatsapp_message_id"),
        };
        let mut fields = json!({
            "event_type": "ASSIGNED", "app": app, "direction": direction, "revision": 1,
            "identity_id": placed.identity, "conversation_id": placed.conversation,
        });
        fields[field] = json!(id);
        lines.push(line("conversation-assigned", &placed.identity, lines.len(), &fields));
    }
    for (app, id) in &state.failures {
        let fields = json!({"app": app, "message_id": id, "reason": "FAILED"});
        lines.push(line("send-unresolved", "any", lines.len(), &fields));
    }
    for refusal in joins::join(records, &Settings::default()).refusals {
        let of_elements =
            sources.sources.iter().flat_map(|(source, elements)| elements.iter().enumerate().map(move |element| (source, element)));
        let ((topic, partition, offset), (element, _)) =
            of_elements.into_iter().find(|(_, (_, record))| record.fact == refusal.fact).expect("a source");
        let headers = json!({
            "waid-reason": refusal.reason, "waid-source-topic": topic,
            "waid-source-partition": partition.to_string(), "waid-source-offset": offset.to_string(), "waid-element": element.to_string(),
        });
        lines.push(json!({"topic": "waid.dead-letter", "key": null, "headers": headers, "payload": null}).to_string());
    }
    lines
}

#[test]
fn what_was_told_is_what_the_audit_reads() {
    let mut dead_letters = 0;
    for seed in 0..5 {
        // All of one tenant, as told below.
        let records = generate(&Options { wide: false, ..Options::new(seed, Kind::Lively, 150, 4, 0.9) });
        let state = final_state(&records, &Settings::default());
        let capture = capture(&records, 1);
        let audit = audit(&narrate(&state, &records, &capture), &capture.sources, &Settings::default());
        assert_eq!(audit.violations, Vec::<String>::new());
        compare(&state, &audit.state).expect("the same state");
        dead_letters += state.dead_letters.len();
    }
    assert!(dead_letters > 0);
}

#[test]
fn a_comparison_names_what_differs() {
    let records = handmade::late_sight();
    let (whole, part) = (final_state(&records, &Settings::default()), final_state(&records[..4], &Settings::default()));
    let differences = compare(&whole, &part).expect_err("a cut conversation");
    assert!(differences.contains("Inbound alpha/at-24"), "{differences}");
}
