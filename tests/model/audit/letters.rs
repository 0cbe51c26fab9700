//! `dead-letter`: which element was refused, found through the source coordinates in the headers.

use super::super::history::Record;
use super::super::reference::{Settings, joins};
use super::super::render::Sources;
use super::Line;
use serde_json::Value;
use std::collections::BTreeSet;

pub fn letters(
    lines: &[&Line],
    sources: &Sources,
    settings: &Settings,
    violations: &mut Vec<String>,
) -> BTreeSet<(String, String, String)> {
    // Which message a refused element is about may take aliases to see; the model's joins know.
    let records: Vec<Record> = sources.values().flatten().cloned().collect();
    let refusals = joins::join(&records, settings).refusals;
    let mut letters = BTreeSet::new();
    for line in lines {
        let reason = header(line.headers, "reason").unwrap_or_default();
        let Some(record) = source(line, sources) else {
            violations.push(format!("dead-letter {reason}: no source in {}", line.headers));
            continue;
        };
        let meant = refusals.iter().filter(|refusal| refusal.reason == reason && refusal.fact == record.fact);
        let mut known = false;
        for refusal in meant {
            known = true;
            letters.insert((refusal.app.clone(), refusal.message_id.clone(), reason.clone()));
        }
        if !known {
            violations.push(format!("dead-letter {reason}: nothing wrong with {record:?}"));
        }
    }
    letters
}

fn source<'a>(line: &Line, sources: &'a Sources) -> Option<&'a Record> {
    let number = |name| header(line.headers, name).and_then(|value| value.parse().ok());
    let elements = sources.get(&(header(line.headers, "topic")?, number("partition")?, number("offset")?))?;
    elements.get(usize::try_from(number("element")?).ok()?)
}

/// The header of waid's own whose name ends like this: `waid-topic`, `waid-source-topic`.
fn header(headers: &Value, name: &str) -> Option<String> {
    let end = format!("-{name}");
    let own = |(key, _): &(&String, &Value)| key.starts_with("waid-") && key.ends_with(&end);
    let (_, value) = headers.as_object()?.iter().find(own)?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}
