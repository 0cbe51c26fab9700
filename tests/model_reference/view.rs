//! A final state as short text, for expectations written by hand.

use crate::model::final_state::FinalState;
use crate::model::history::Record;
use crate::model::reference::{Settings, final_state};
use std::collections::{BTreeMap, BTreeSet};

pub fn state(records: &[Record]) -> FinalState {
    final_state(records, &Settings::default())
}

/// `address wa_id EVIDENCE`, sorted by address.
pub fn rows(state: &FinalState) -> Vec<String> {
    let shown = state.rows.iter().map(|(address, row)| format!("{address} {} {}", row.wa_id.as_deref().unwrap_or("null"), row.evidence));
    shown.collect()
}

/// The ids of each person's messages, and the addresses of their rows.
pub fn people(state: &FinalState) -> Vec<String> {
    let messages = state.messages.iter().map(|((_, _, id), placed)| (placed.identity.clone(), id.clone()));
    let rows = state.rows.iter().map(|(address, row)| (row.identity.clone(), format!("[{address}]")));
    grouped(messages.chain(rows))
}

/// Of each person, where several apps have messages of one id.
pub fn messages_of_apps(state: &FinalState) -> Vec<String> {
    grouped(state.messages.iter().map(|((app, _, id), placed)| (placed.identity.clone(), format!("{app}/{id}"))))
}

/// The ids of each conversation's messages.
pub fn conversations(state: &FinalState) -> Vec<String> {
    grouped(state.messages.iter().map(|((_, _, id), placed)| (placed.conversation.clone(), id.clone())))
}

fn grouped(members: impl Iterator<Item = (String, String)>) -> Vec<String> {
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (group, member) in members {
        groups.entry(group).or_default().insert(member);
    }
    let mut shown: Vec<String> = groups.into_values().map(|members| members.into_iter().collect::<Vec<_>>().join(" ")).collect();
    shown.sort();
    shown
}
