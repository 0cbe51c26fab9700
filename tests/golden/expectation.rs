//! What a script expects, held against what came.

use super::outcome::{Message, Outcome, Row, Unresolved};
use super::script::Script;
use std::collections::{BTreeMap, BTreeSet};

/// The line that is wrong, and how.
type Wrong = (usize, String);

/// What was named by some expectation: the rest must not be there.
#[derive(Default)]
struct Named {
    rows: BTreeSet<String>,
    unresolved: BTreeSet<(String, String)>,
    dead_letters: BTreeSet<String>,
    ignored: BTreeSet<String>,
}

/// Holds a run against all expectations. What is only told on the way (events, windows) counts when the records came `as_written`.
pub fn check(script: &Script, outcome: &Outcome, as_written: bool) -> Result<(), Wrong> {
    let mut named = Named::default();
    for (line, words) in &script.expectations {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        one(&words, outcome, as_written, &mut named).map_err(|why| (*line, why))?;
    }
    let last = script.expectations.last().map_or(0, |(line, _)| *line);
    match unexpected(outcome, &named).or_else(|| outcome.broken.first().cloned()) {
        Some(why) => Err((last, why)),
        None => Ok(()),
    }
}

fn one(words: &[&str], outcome: &Outcome, as_written: bool, named: &mut Named) -> Result<(), String> {
    match words {
        ["identity", address, "->", answer @ ..] => {
            named.rows.insert((*address).to_owned());
            identity(outcome, address, &answer.join(" "))
        }
        ["no", "identity", address] => outcome.rows.get(*address).map_or(Ok(()), |row| Err(format!("a row of {address}: {}", row.answer))),
        ["user", address, user] => said(outcome, address, user, |row| &row.user),
        ["customer", address, customer] => said(outcome, address, customer, |row| &row.customer),
        ["event", kind, address] if as_written => event(outcome, kind, address),
        ["window", message, until] if as_written => window(outcome.message(message)?, message, until),
        ["same", "person", names @ ..] => same("person", names, |name| outcome.identity_of(name)),
        ["other", "person", names @ ..] => different("person", names, |name| outcome.identity_of(name)),
        ["same", "conversation", names @ ..] => same("conversation", names, |name| conversation_of(outcome, name)),
        ["other", "conversation", names @ ..] => different("conversation", names, |name| conversation_of(outcome, name)),
        ["no", "message", name] => match outcome.messages_named(name).as_slice() {
            [] => Ok(()),
            [_, ..] => Err(format!("there is a message {name}")),
        },
        ["unresolved", message, reason] => {
            named.unresolved.insert(((*message).to_owned(), (*reason).to_owned()));
            unresolved(outcome, message, reason)
        }
        ["dead", "letter", reason, count] => {
            named.dead_letters.insert((*reason).to_owned());
            counted(&outcome.dead_letters, "dead letters", reason, count)
        }
        ["ignored", name @ .., count] => {
            let name = name.join(" ");
            named.ignored.insert(name.clone());
            counted(&outcome.ignored, "ignored", &name, count)
        }
        ["nothing"] if outcome.records > 0 => Err(format!("expected nothing, came {} records", outcome.records)),
        ["event" | "window", _, _] | ["nothing"] => Ok(()),
        _ => Err(format!("no such expectation: {}", words.join(" "))),
    }
}

fn identity(outcome: &Outcome, address: &str, answer: &str) -> Result<(), String> {
    match outcome.rows.get(address) {
        Some(row) if row.answer == answer => Ok(()),
        Some(row) => Err(format!("expected {answer}, came {}", row.answer)),
        None => Err(format!("expected {answer}, but there is no row of {address}")),
    }
}

fn said(outcome: &Outcome, address: &str, expected: &str, said: impl Fn(&Row) -> &String) -> Result<(), String> {
    match outcome.rows.get(address).map(said) {
        Some(said) if said == expected => Ok(()),
        Some(said) => Err(format!("expected {expected} in the row of {address}, came {said}")),
        None => Err(format!("expected {expected} in the row of {address}, but there is none")),
    }
}

fn event(outcome: &Outcome, kind: &str, address: &str) -> Result<(), String> {
    let came = outcome.events.get(address).map(Vec::as_slice).unwrap_or_default();
    if came.iter().any(|came| came == kind) { Ok(()) } else { Err(format!("expected {kind} of {address}, came {came:?}")) }
}

fn window(message: &Message, id: &str, until: &str) -> Result<(), String> {
    let came = message.window.trim_end_matches(".000Z");
    if came == until.trim_end_matches('Z') {
        Ok(())
    } else {
        Err(format!("expected the window of {id} until {until}, came {}", message.window))
    }
}

fn conversation_of<'o>(outcome: &'o Outcome, id: &str) -> Result<&'o str, String> {
    outcome.message(id).map(|message| message.conversation.as_str())
}

fn same<'o>(what: &str, names: &[&str], of: impl Fn(&str) -> Result<&'o str, String>) -> Result<(), String> {
    for pair in names.windows(2) {
        if of(pair[0])? != of(pair[1])? {
            return Err(format!("{} and {} are not in one {what}", pair[0], pair[1]));
        }
    }
    if names.len() < 2 { Err(format!("one {what} of how many?")) } else { Ok(()) }
}

fn different<'o>(what: &str, names: &[&str], of: impl Fn(&str) -> Result<&'o str, String>) -> Result<(), String> {
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(of(name)?, name) {
            return Err(format!("{other} and {name} are in one {what}"));
        }
    }
    if names.len() < 2 { Err(format!("another {what} than which?")) } else { Ok(()) }
}

fn unresolved(outcome: &Outcome, message: &str, reason: &str) -> Result<(), String> {
    let came: Vec<&str> = outcome.unresolved.iter().filter(|told| told.is_named(message)).map(|told| told.reason.as_str()).collect();
    match came.as_slice() {
        [one] if *one == reason => Ok(()),
        [] => Err(format!("expected {reason} of {message}, came nothing")),
        other => Err(format!("expected {reason} of {message}, came {other:?}")),
    }
}

fn counted(counts: &BTreeMap<String, u64>, what: &str, name: &str, expected: &str) -> Result<(), String> {
    let came = counts.get(name).copied().unwrap_or_default();
    if expected.parse() == Ok(came) || (expected == "some" && came > 0) {
        Ok(())
    } else {
        Err(format!("expected {expected} {what} {name}, came {came}"))
    }
}

/// What came and no expectation names.
fn unexpected(outcome: &Outcome, named: &Named) -> Option<String> {
    let row = outcome.rows.iter().find(|(address, _)| !named.rows.contains(*address));
    let row = row.map(|(address, row)| format!("a row of {address}: {}", row.answer));
    let expected = |told: &&Unresolved| named.unresolved.iter().any(|(name, reason)| told.is_named(name) && *reason == told.reason);
    let send = outcome.unresolved.iter().find(|told| !expected(told));
    let send = send.map(|told| format!("{} of {}", told.reason, told.id));
    let letter = outcome.dead_letters.iter().find(|(reason, _)| !named.dead_letters.contains(*reason));
    let letter = letter.map(|(reason, count)| format!("{count} dead letters {reason}"));
    let ignored = outcome.ignored.iter().find(|(name, _)| !named.ignored.contains(*name));
    let ignored = ignored.map(|(name, count)| format!("{count} ignored {name}"));
    row.or(send).or(letter).or(ignored).map(|what| format!("not expected: {what}"))
}
