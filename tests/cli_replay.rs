//! `waid replay`: what a capture comes to, and that no line of it can stop the rest.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use waid::domain::event::Source;
use waid::traffic::audit::{Audit, Published, Verdict};
use waid::traffic::{Input, Settings, World};

#[path = "cli_replay/twins.rs"]
mod twins;

const START_MS: i64 = 1_776_000_000_000;

/// `waid replay` without a configuration, and what it is to read on standard input.
fn replay(args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waid"));
    let ours = std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_string_lossy().starts_with("WAID"));
    ours.for_each(|name| {
        command.env_remove(name);
    });
    command.arg("replay").args(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("waid starts");
    // Whether it reads all of it is its own affair.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("waid ends")
}

/// Exit code, standard output, standard error.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("an exit code"), text(&output.stdout), text(&output.stderr))
}

/// The lines of standard output.
fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn captured(input: &Input, place: Option<(i32, i64)>) -> String {
    let topic = match input.source {
        Source::Webhooks => "whatsapp.webhooks",
        Source::Sends => "whatsapp.sends",
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    let mut line = json!({"topic": topic, "tstype": "create", "ts": input.kafka_ms, "broker": 0, "payload": text(&input.value)});
    line["key"] = input.key.as_deref().map_or(Value::Null, |key| Value::String(text(key)));
    if let Some((partition, offset)) = place {
        line["partition"] = partition.into();
        line["offset"] = offset.into();
    }
    format!("{line}\n")
}

/// A world as two captures, as kcat would take them: one of each topic, in two partitions.
fn captures(world: &World) -> (String, String) {
    let (mut webhooks, mut sends) = (String::new(), String::new());
    let mut offsets = BTreeMap::new();
    for (count, input) in world.inputs().enumerate() {
        let partition = i32::try_from(count % 2).expect("0 or 1");
        let offset = offsets.entry((input.source, partition)).or_insert(0);
        let line = captured(&input, Some((partition, *offset)));
        *offset += 1;
        match input.source {
            Source::Webhooks => webhooks.push_str(&line),
            Source::Sends => sends.push_str(&line),
        }
    }
    (webhooks, sends)
}

fn audit(directory: &Path, world: &World) -> Verdict {
    let mut audit = Audit::default();
    let topics = [
        ("identity-resolved", Published::IdentityResolved),
        ("identities", Published::Identities),
        ("conversation-assigned", Published::ConversationAssigned),
        ("send-unresolved", Published::SendUnresolved),
        ("dead-letter", Published::DeadLetter),
    ];
    for (name, published) in topics {
        let text = fs::read_to_string(directory.join(format!("waid.{name}.jsonl"))).expect("a file for each topic");
        for line in lines(&text) {
            audit.take(published, line["payload"].to_string().as_bytes(), line["headers"]["waid-reason"].as_str());
        }
    }
    audit.verdict(world)
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    fs::write(&path, text).expect("written");
    path.to_str().expect("a path").to_owned()
}

#[test]
fn the_truth_of_a_world_is_what_replay_finds() {
    let world = World::new(Settings { visits: 3, ..Settings::of_all_kinds(11, 400, START_MS) });
    let directory = tempfile::tempdir().expect("a directory");
    let config = write(directory.path(), "waid.toml", &world.listed_apps_toml());
    let (webhooks, sends) = captures(&world);
    let (webhooks, sends) = (write(directory.path(), "w", &webhooks), write(directory.path(), "s", &sends));
    let outs = ["one", "two"].map(|name| directory.path().join(name));
    for (files, out) in [[&webhooks, &sends], [&webhooks, &sends]].into_iter().zip(&outs) {
        let (code, text, err) = told(&replay(&["--config", &config, files[0], files[1], "--out", out.to_str().expect("a path")], ""));
        assert_eq!((code, text.as_str()), (0, ""), "{err}");
        assert_eq!(audit(out, &world).differences, []);
    }
    for file in fs::read_dir(&outs[0]).expect("a directory") {
        let name = file.expect("a file").file_name();
        assert!(fs::read(outs[0].join(&name)).ok() == fs::read(outs[1].join(&name)).ok(), "{name:?} is not the same again");
    }
}

#[test]
fn the_order_of_the_lines_changes_nothing_that_is_true() {
    let world = World::new(Settings { visits: 3, ..Settings::new(12, 150, START_MS) });
    let directory = tempfile::tempdir().expect("a directory");
    let mut backwards: Vec<String> = world.inputs().map(|input| captured(&input, None)).collect();
    backwards.reverse();
    let out = directory.path().join("out");
    let (code, _, err) = told(&replay(&["-", "--out", out.to_str().expect("a path")], &backwards.concat()));
    assert_eq!(code, 0, "{err}");
    assert_eq!(audit(&out, &world).differences, []);
}

const DAY_MS: i64 = 24 * 3_600_000;

/// A line of a capture: topic, partition, offset, days after the start, payload.
fn line(topic: &str, partition: i32, offset: i64, days: i64, payload: &Value) -> String {
    let (ts, payload) = (START_MS_PAST + days * DAY_MS, payload.to_string());
    let line =
        json!({"topic": topic, "partition": partition, "offset": offset, "tstype": "create", "ts": ts, "key": null, "payload": payload});
    format!("{line}\n")
}

/// 2024-01-10: before the wall clock of any machine, or stream time would not follow it.
const START_MS_PAST: i64 = 1_704_844_800_000;

fn send(message_id: &str, destination: &str) -> Value {
    json!({"messageId": message_id, "app": "DemoApp", "destination": destination, "sentAt": START_MS_PAST})
}

fn delivered(message_id: &str, destination: &str) -> Value {
    let (id, at) = (format!("wa-{message_id}"), json!({"ts": START_MS_PAST / 1000}));
    let payload = json!({"gsId": message_id, "id": id, "type": "delivered", "destination": destination, "payload": at});
    json!({"app": "DemoApp", "timestamp": START_MS_PAST, "version": 2, "type": "message-event", "payload": payload})
}

/// A send that nobody answers expires, once, as soon as the capture goes on for longer than `join.timeout` (7 days); what happened in time
/// never does, though one partition be read to its end before the other begins, as kcat writes them.
#[test]
fn an_unanswered_send_expires_once() {
    let (sends, webhooks) = ("whatsapp.sends", "whatsapp.webhooks");
    let silent = line(sends, 0, 0, 0, &send("silent", "5535987654321"));
    let answered = line(sends, 0, 1, 0, &send("answered", "5535987654322"));
    let (in_time, late) = (delivered("answered", "553587654322"), delivered("silent", "553587654321"));
    let (other, heard) = (send("other", "5535987654323"), delivered("nobody-sent-this", "553587654324"));
    let later = |days| [0, 1].map(|more| line(webhooks, 0, 10 + more, days, &heard) + &line(sends, 0, 10 + more, days, &other)).concat();
    let cases = [
        ("nothing came after it", vec![silent.clone()], vec![]),
        ("not long enough", vec![silent.clone(), later(7)], vec![]),
        ("long enough", vec![silent.clone(), later(8)], vec!["silent"]),
        ("in time", vec![answered.clone(), line(webhooks, 0, 0, 7, &in_time), later(8)], vec![]),
        ("too late", vec![silent.clone(), line(webhooks, 0, 0, 8, &late), later(9)], vec!["silent"]),
        ("in another partition", vec![silent, answered, later(30), line(webhooks, 1, 0, 7, &in_time)], vec!["silent"]),
    ];
    for (name, capture, expected) in cases {
        let outs = [told(&replay(&["-"], &capture.concat())), told(&replay(&["-"], &capture.concat()))];
        assert_eq!(outs[0].0, 0, "{name}: {}", outs[0].2);
        assert_eq!(outs[0].1, outs[1].1, "{name}: not the same again");
        let lines = lines(&outs[0].1);
        let unresolved = lines.iter().filter(|line| line["topic"] == "waid.send-unresolved").map(|line| &line["payload"]);
        let expired: Vec<_> = unresolved.map(|payload| (payload["reason"].as_str(), payload["message_id"].as_str())).collect();
        let expected: Vec<_> = expected.into_iter().map(|id| (Some("EXPIRED"), Some(id))).collect();
        assert_eq!(expired, expected, "{name}");
        let assigned = lines.iter().filter(|line| line["payload"]["event_type"] == "ASSIGNED").count();
        assert_eq!(assigned, usize::from(capture.concat().contains("wa-answered")), "{name}");
    }
}

/// More than are told at once, when stream time jumps to the end of a backlog.
#[test]
fn however_many_sends_expire_together_each_does_once() {
    const SENDS: u32 = 25_000;
    let silent = |index: u32| {
        line("whatsapp.sends", 0, i64::from(index), 0, &send(&format!("silent-{index}"), &format!("55359{:08}", 80_000_000 + index)))
    };
    let later = [0, 1].map(|more| line("whatsapp.webhooks", 0, more, 8, &delivered("nobody-sent-this", "553587654324"))).concat();
    let end = [0, 1].map(|more| line("whatsapp.sends", 0, i64::from(SENDS) + more, 8, &send("other", "5535987654323"))).concat();
    let (code, out, err) = told(&replay(&["-"], &((0..SENDS).map(silent).collect::<String>() + &later + &end)));
    assert_eq!(code, 0, "{err}");
    let expired = lines(&out).into_iter().filter(|line| line["payload"]["reason"] == "EXPIRED");
    let ids: BTreeMap<String, u32> = expired.fold(BTreeMap::new(), |mut ids, line| {
        *ids.entry(line["payload"]["message_id"].to_string()).or_default() += 1;
        ids
    });
    assert_eq!((ids.len(), ids.values().max()), (SENDS as usize, Some(&1)));
}

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/replay");

/// The article's case: a send to 5535987654321, SENT with 553587654321, a reply from there: one identity, one conversation. The article's own
/// sample of a mismatch event, which contradicts itself, is refused.
#[test]
fn the_articles_case() {
    let (code, out, err) = told(&replay(&[&format!("{FIXTURES}/article.jsonl")], ""));
    assert_eq!(code, 0, "{err}");
    let lines = lines(&out);
    let of = |topic: &str| lines.iter().filter(|line| line["topic"] == topic).map(|line| &line["payload"]).collect::<Vec<_>>();
    let rows = of("waid.identities");
    let told: Vec<_> = rows.iter().map(|row| (&row["event_type"], &row["evidence"], &row["wa_id"], &row["differs"])).collect();
    let wa_id = json!("553587654321");
    assert_eq!(
        told,
        [(&json!("RESOLVED"), &json!("SENT"), &wa_id, &json!(true)), (&json!("CONFIRMED"), &json!("REPLY"), &wa_id, &json!(true))]
    );
    let messages = of("waid.conversation-assigned");
    let told: Vec<_> = messages.iter().map(|message| (&message["direction"], &message["event_type"])).collect();
    assert_eq!(told, [(&json!("OUTBOUND"), &json!("ASSIGNED")), (&json!("INBOUND"), &json!("ASSIGNED"))]);
    assert_eq!(messages[0]["conversation_id"], messages[1]["conversation_id"]);
    assert_eq!((&messages[0]["identity_id"], &messages[1]["identity_id"]), (&rows[1]["identity_id"], &rows[1]["identity_id"]));
    let refused = lines.iter().find(|line| line["topic"] == "waid.dead-letter").expect("a dead letter");
    assert_eq!(refused["headers"]["waid-reason"], "INCONSISTENT_MISMATCH");
    assert!(refused["payload"].as_str().expect("a text").contains("5593587654321"));
}

#[test]
fn what_cannot_be_read_is_told_and_stops_nothing() {
    let (code, out, err) = told(&replay(&[&format!("{FIXTURES}/messy.jsonl")], ""));
    assert_eq!(code, 0, "{err}");
    let lines = lines(&out);
    let resolved = lines.iter().find(|line| line["topic"] == "waid.identity-resolved").expect("resolved");
    assert_eq!(
        (&resolved["payload"]["wa_id"], &resolved["headers"]["ce_type"]),
        (&json!("553587654321"), &json!("waid.identity.resolved"))
    );
    let refused = lines.iter().find(|line| line["topic"] == "waid.dead-letter").expect("a dead letter");
    assert_eq!((&refused["key"], &refused["headers"]["trace"], &refused["headers"]["empty"]), (&json!("k"), &json!("abc"), &Value::Null));
    assert_eq!(refused["payload"], r#"{"app":"DemoApp","timestamp":17769"#);
    for why in [
        ":2: not JSON: expected value at line 1 column 1\n",
        ":4: of topic \"orders\", which is neither topics.webhooks nor topics.sends\n",
        ":6: no timestamp in ts\n",
        ":8: offset 9 comes after 9 of the same partition: read before, or from files in the wrong order\n",
        ":10: not JSON: EOF while parsing a string at line 1 column 97\n",
        "  lines that could not be read            5\n",
        "  NOT_JSON                                2\n",
    ] {
        assert!(err.contains(why), "{why:?} is not in {err}");
    }
    assert!(!err.contains("5535987654321"), "{err}");
}

#[test]
fn nothing_to_read_is_a_failure() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("missing.jsonl");
    let empty = write(directory.path(), "empty", "");
    let compressed = directory.path().join("capture.gz");
    fs::write(&compressed, [0x1F, 0x8B, 8, 0, 0]).expect("written");
    let article = format!("{FIXTURES}/article.jsonl");
    let path = |path: &Path| path.to_str().expect("a path").to_owned();
    for (files, why) in [
        (vec![path(&missing)], "No such file"),
        (vec![article.clone(), path(&missing)], "No such file"),
        (vec![path(directory.path())], "Is a directory"),
        (vec![path(&compressed)], "decompress it first"),
        (vec![empty], "no line could be read"),
    ] {
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let (code, out, err) = told(&replay(&files, ""));
        assert_eq!((code, out.as_str()), (1, ""), "{files:?}");
        assert!(err.contains(why), "{err}");
    }
    let (code, _, err) = told(&replay(&["-"], "a\nb\n"));
    assert!(code == 1 && err.contains("-:2: not JSON") && err.contains("no line could be read"), "{code} {err}");
    assert_eq!(told(&replay(&[], "")).0, 2);
}

/// Topics go by the names that the configuration gives them.
#[test]
fn names_are_those_of_the_configuration() {
    let directory = tempfile::tempdir().expect("a directory");
    let config = write(directory.path(), "waid.toml", "[topics]\nprefix = \"x.\"\nsends = \"out\"\nwebhooks = \"in\"\n");
    let article = fs::read_to_string(format!("{FIXTURES}/article.jsonl")).expect("a fixture");
    let renamed = article.replace("whatsapp.sends", "out").replace("whatsapp.webhooks", "in");
    let out = directory.path().join("made/on/the/way");
    let (code, text, err) = told(&replay(&["-", "--config", &config, "--out", out.to_str().expect("a path")], &renamed));
    assert_eq!((code, text.as_str()), (0, ""), "{err}");
    let rows = lines(&fs::read_to_string(out.join("x.identities.jsonl")).expect("a file"));
    assert_eq!((rows.len(), &rows[0]["topic"], &rows[0]["payload"]["src_topic"]), (2, &json!("x.identities"), &json!("in")));
    assert_eq!(fs::read_to_string(out.join("x.send-unresolved.jsonl")).expect("a file"), "");
}

/// What came of the lines so far is told while more may come; Ctrl-C ends it in good order.
#[test]
fn an_interrupt_finishes_what_was_read() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waid"));
    command.env_remove("WAID_CONFIG").args(["replay", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("waid starts");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(&fs::read(format!("{FIXTURES}/article.jsonl")).expect("a fixture")).expect("taken");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("INCONSISTENT_MISMATCH") {
        line.clear();
        assert!(output.read_line(&mut line).expect("a line") > 0);
    }
    let told = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill");
    assert!(told.success());
    let output = child.wait_with_output().expect("waid ends");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && err.contains("stopped before the end"), "{err}");
    drop(input);
}

/// A disk that is full, or a reader of the log that went away, changes nothing.
#[test]
fn what_cannot_be_said_is_not_said() {
    let full = || std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let run = |args: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_waid")).args(args).stdin(Stdio::null()).stderr(full()).output().expect("waid starts")
    };
    assert_eq!(run(&["replay", "/dev/null"]).status.code(), Some(1), "no line could be read");
    assert_eq!(run(&["config", "check", "--config", "/nowhere"]).status.code(), Some(78));
}
