//! `identity-resolved` and `identities`: what was told of each address, in the order of its key.

use super::super::final_state::Row;
use super::{Line, absorb, follow};
use std::collections::{BTreeMap, BTreeSet};

pub struct Events {
    /// Absorbed identity to the one that it became.
    pub merged: BTreeMap<String, String>,
    /// By key, what the events say that the row is now.
    told: BTreeMap<String, Told>,
}

#[derive(Clone, PartialEq, Eq)]
struct Told {
    wa_id: Option<String>,
    evidence: String,
    identity: String,
}

/// What one key has seen so far.
#[derive(Default)]
struct Key {
    told: Option<Told>,
    absorbed: BTreeSet<String>,
    /// Those that the row has told of.
    told_by_row: BTreeSet<String>,
}

pub fn events(lines: &[&Line], violations: &mut Vec<String>) -> Events {
    let mut keys: BTreeMap<&str, Key> = BTreeMap::new();
    let mut merged = BTreeMap::new();
    let mut shortcuts = Vec::new();
    for line in lines {
        let key = keys.entry(line.key).or_default();
        let complaint = if line.event_type() == "MERGED" {
            let previous = line.required("previous_identity_id", violations);
            let into = line.required("identity_id", violations);
            match merged.get(&previous) {
                Some(known) if *known != into => shortcuts.push((previous.clone(), into.clone())),
                _ => absorb(&mut merged, &previous, &into, violations),
            }
            let row = line.text("evidence").map(|_| Told::of(line, violations));
            key.merged(previous, &into, row)
        } else {
            key.answered(line.event_type(), Told::of(line, violations))
        };
        violations.extend(complaint.map(|complaint| format!("identity-resolved {}: {complaint}: {}", line.key, line.payload)));
    }
    // A row that was told late goes straight to the last of several identities.
    for (previous, into) in shortcuts.into_iter().filter(|(previous, into)| follow(&merged, previous) != follow(&merged, into)) {
        violations.push(format!("{previous} was absorbed by {} and by {into}", merged[&previous]));
    }
    let told = keys.into_iter().filter_map(|(key, state)| Some((key.to_owned(), state.told?))).collect();
    Events { merged, told }
}

impl Told {
    fn of(line: &Line, violations: &mut Vec<String>) -> Self {
        let (evidence, identity) = (line.required("evidence", violations), line.required("identity_id", violations));
        Told { wa_id: line.text("wa_id"), evidence, identity }
    }
}

impl Key {
    /// One for the row that changed, which also tells what the answer rests on now, and one under the founding number or BSUID of the person that was absorbed:
    /// of a row under that key it is the same one, unless the row did not know its answer's owner yet and follows.
    fn merged(&mut self, previous: String, into: &str, row: Option<Told>) -> Option<String> {
        if previous == into {
            return Some("an identity merged with itself".to_owned());
        }
        if let Some(told) = self.told.as_mut().filter(|told| told.identity == previous) {
            into.clone_into(&mut told.identity);
        }
        let row_says = row.clone();
        self.told = row.or(self.told.take());
        let complaint = if self.absorbed.contains(into) {
            Some(format!("uses {into}, which was absorbed"))
        } else if self.absorbed.contains(&previous) && (row_says.is_none() || self.told_by_row.contains(&previous)) {
            Some(format!("absorbs {previous} again"))
        } else {
            None
        };
        if row_says.is_some() {
            self.told_by_row.insert(previous.clone());
        }
        self.absorbed.insert(previous);
        complaint
    }

    fn answered(&mut self, event_type: &str, now: Told) -> Option<String> {
        let complaint = match (event_type, &self.told) {
            ("RESOLVED", None) => None,
            ("RESOLVED", Some(_)) => Some("RESOLVED again".to_owned()),
            (_, None) => Some(format!("{event_type} before RESOLVED")),
            ("CONFIRMED", Some(told)) if told.wa_id != now.wa_id => Some("CONFIRMED another answer".to_owned()),
            ("CONFIRMED", Some(told)) if told.evidence == now.evidence => Some("CONFIRMED by the same evidence".to_owned()),
            ("CHANGED", Some(told)) if told.wa_id == now.wa_id => Some("CHANGED to the same answer".to_owned()),
            ("REASSIGNED", Some(told)) if told.identity == now.identity => Some("REASSIGNED to the same person".to_owned()),
            ("CONFIRMED" | "CHANGED" | "REASSIGNED", Some(_)) => None,
            (other, Some(_)) => Some(format!("event type {other}")),
        };
        let reused = self.absorbed.contains(&now.identity).then(|| format!("uses {}, which was absorbed", now.identity));
        self.told = Some(now);
        complaint.or(reused)
    }
}

/// The table: the last record of each key, which must say what the events said.
pub fn rows(lines: &[&Line], events: &Events, violations: &mut Vec<String>) -> BTreeMap<String, Row> {
    let mut table: BTreeMap<&str, Told> = BTreeMap::new();
    for line in lines {
        if line.payload.is_null() {
            table.remove(line.key);
            continue;
        }
        let now = Told::of(line, violations);
        if table.get(line.key) == Some(&now) {
            violations.push(format!("identities {}: a record that changes nothing: {}", line.key, line.payload));
        }
        table.insert(line.key, now);
    }
    let mut rows = BTreeMap::new();
    for (key, row) in table {
        let identity = follow(&events.merged, &row.identity).to_owned();
        match events.told.get(key) {
            None => {
                violations.push(format!("identities {key}: a row that was never RESOLVED"));
                continue;
            }
            Some(told) => {
                let same = told.wa_id == row.wa_id && told.evidence == row.evidence;
                if !same || follow(&events.merged, &told.identity) != identity {
                    violations.push(format!("identities {key}: the table and the events end differently"));
                }
            }
        }
        rows.insert(key.to_owned(), Row { wa_id: row.wa_id, evidence: row.evidence, identity });
    }
    for key in events.told.keys().filter(|key| !rows.contains_key(*key)) {
        violations.push(format!("identities {key}: RESOLVED, but there is no row"));
    }
    rows
}
