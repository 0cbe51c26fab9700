//! The final state that the guarantee speaks of, and the comparison of two of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::rc::Rc;

/// A label of an identity or a conversation. Only which members share one counts, never the label itself.
pub type GroupId = String;
/// App, direction, message id.
pub type MessageKey = (String, Direction, String);
/// App, message id.
pub type SendKey = (String, String);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FinalState {
    /// By address: phone digits, or `app:BSUID`, or `portfolio:BSUID`; with the tenant before it if there are several.
    pub rows: BTreeMap<String, Row>,
    pub messages: BTreeMap<MessageKey, Placed>,
    pub sends: BTreeMap<SendKey, Outcome>,
    /// Sends with a matching failed status, joined or not.
    pub failures: BTreeSet<SendKey>,
    /// Elements refused after ingest: app, the message that they named, `FOREIGN_JOIN` or `INCONSISTENT_MISMATCH`.
    pub dead_letters: BTreeSet<(String, String, String)>,
}

impl FinalState {
    /// Takes in what another tenant's is: it shares nothing with what is here.
    pub fn add(&mut self, tenant: &str, other: FinalState) {
        let own = |name: &String| format!("{tenant}:{name}");
        let row = |(address, row): (String, Row)| (own(&address), Row { identity: own(&row.identity), ..row });
        let placed = |placed: Placed| Placed { identity: own(&placed.identity), conversation: own(&placed.conversation) };
        self.rows.extend(other.rows.into_iter().map(row));
        self.messages.extend(other.messages.into_iter().map(|(key, at)| (key, placed(at))));
        self.sends.extend(other.sends);
        self.failures.extend(other.failures);
        self.dead_letters.extend(other.dead_letters);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub wa_id: Option<String>,
    pub evidence: String,
    pub identity: GroupId,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    pub identity: GroupId,
    pub conversation: GroupId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    Inbound,
    /// Of a send.
    Outbound,
    /// Outbound too, typed in the WhatsApp Business app.
    Echo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Joined,
    Failed,
    /// Neither: EXPIRED, once stream time allows.
    Unresolved,
}

const DIFFERENCES_SHOWN_MAX: usize = 12;
const MEMBERS_SHOWN_MAX: usize = 8;

/// Compares groups as partitions and everything else by value.
///
/// # Errors
/// The first differences, one a line, `left` being what was expected.
pub fn compare(left: &FinalState, right: &FinalState) -> Result<(), String> {
    let mut differences = Vec::new();
    compare_maps("row", &answers(left), &answers(right), &mut differences);
    compare_maps("send", &left.sends, &right.sends, &mut differences);
    compare_sets("failed", &left.failures, &right.failures, &mut differences);
    compare_sets("dead letter", &left.dead_letters, &right.dead_letters, &mut differences);
    compare_groups("identity", &identities(left), &identities(right), &mut differences);
    compare_groups("conversation", &conversations(left), &conversations(right), &mut differences);
    if differences.is_empty() {
        return Ok(());
    }
    let count = differences.len();
    differences.truncate(DIFFERENCES_SHOWN_MAX);
    Err(format!("{count} differences (expected / found):\n{}", differences.join("\n")))
}

fn answers(state: &FinalState) -> BTreeMap<&String, (&Option<String>, &String)> {
    state.rows.iter().map(|(address, row)| (address, (&row.wa_id, &row.evidence))).collect()
}

/// Members of the partition into identities: rows and messages together, by a readable name.
fn identities(state: &FinalState) -> Vec<(String, &GroupId)> {
    let rows = state.rows.iter().map(|(address, row)| (format!("row {address}"), &row.identity));
    let messages = state.messages.iter().map(|(key, placed)| (name(key), &placed.identity));
    rows.chain(messages).collect()
}

fn conversations(state: &FinalState) -> Vec<(String, &GroupId)> {
    state.messages.iter().map(|(key, placed)| (name(key), &placed.conversation)).collect()
}

fn name((app, direction, id): &MessageKey) -> String {
    format!("{direction:?} {app}/{id}")
}

/// Partitions are equal if each member's group has the same smallest member.
fn compare_groups(what: &str, left: &[(String, &GroupId)], right: &[(String, &GroupId)], differences: &mut Vec<String>) {
    let (left, right) = (groups(left), groups(right));
    let members: BTreeSet<&String> = left.keys().chain(right.keys()).copied().collect();
    for member in members {
        let (expected, found) = (left.get(member), right.get(member));
        if expected.map(|group| group[0]) != found.map(|group| group[0]) {
            differences.push(format!("{what} of {member}: {} / {}", listed(expected), listed(found)));
        }
    }
}

/// Each member's group, sorted.
fn groups<'a>(members: &'a [(String, &GroupId)]) -> BTreeMap<&'a String, Rc<Vec<&'a str>>> {
    let mut by_group: BTreeMap<&GroupId, BTreeSet<&str>> = BTreeMap::new();
    for (member, group) in members {
        by_group.entry(*group).or_default().insert(member);
    }
    let shared: BTreeMap<&GroupId, Rc<Vec<&str>>> =
        by_group.into_iter().map(|(group, members)| (group, Rc::new(members.into_iter().collect()))).collect();
    members.iter().map(|(member, group)| (member, Rc::clone(&shared[group]))).collect()
}

fn listed(group: Option<&Rc<Vec<&str>>>) -> String {
    let Some(group) = group else { return "absent".to_owned() };
    let shown = group.iter().take(MEMBERS_SHOWN_MAX).copied().collect::<Vec<_>>().join(", ");
    let more = group.len().saturating_sub(MEMBERS_SHOWN_MAX);
    if more == 0 { format!("{{{shown}}}") } else { format!("{{{shown}, and {more} more}}") }
}

fn compare_maps<K: Ord + Debug, V: PartialEq + Debug>(
    what: &str,
    left: &BTreeMap<K, V>,
    right: &BTreeMap<K, V>,
    differences: &mut Vec<String>,
) {
    let keys: BTreeSet<&K> = left.keys().chain(right.keys()).collect();
    for key in keys {
        let (expected, found) = (left.get(key), right.get(key));
        if expected != found {
            differences.push(format!("{what} {key:?}: {} / {}", shown(expected), shown(found)));
        }
    }
}

fn shown<V: Debug>(value: Option<&V>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| format!("{value:?}"))
}

fn compare_sets<K: Ord + Debug>(what: &str, left: &BTreeSet<K>, right: &BTreeSet<K>, differences: &mut Vec<String>) {
    for key in left.difference(right) {
        differences.push(format!("{what} {key:?}: present / absent"));
    }
    for key in right.difference(left) {
        differences.push(format!("{what} {key:?}: absent / present"));
    }
}
