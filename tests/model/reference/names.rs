//! Which message an element is about: Gupshup ids, other ids, and the aliases between them.

use super::super::final_state::SendKey;
use super::super::history::{Fact, Inbound, Record};
use std::collections::{BTreeMap, BTreeSet};

/// Which message an element is about.
pub struct Names {
    /// By app and candidate id: the Gupshup ids it stands for.
    aliases: BTreeMap<SendKey, BTreeSet<String>>,
}

impl Names {
    pub fn learn(records: &[Record]) -> Self {
        let mut aliases: BTreeMap<SendKey, BTreeSet<String>> = BTreeMap::new();
        for record in records {
            let (gs_id, candidates) = ids(&record.fact);
            for (gs_id, other) in gs_id.into_iter().flat_map(|gs_id| candidates.iter().map(move |other| (gs_id, other))) {
                aliases.entry((record.fact.app().to_owned(), (*other).clone())).or_default().insert(gs_id.clone());
            }
        }
        Names { aliases }
    }

    /// By the Gupshup id; without one, by each candidate itself and through one alias step.
    pub fn named_by(&self, fact: &Fact) -> BTreeSet<String> {
        match ids(fact) {
            (Some(gs_id), _) => BTreeSet::from([gs_id.clone()]),
            (None, candidates) => candidates.into_iter().flat_map(|candidate| self.of_candidate(fact.app(), candidate)).collect(),
        }
    }

    pub fn of_candidate(&self, app: &str, candidate: &String) -> BTreeSet<String> {
        let aliases = self.aliases.get(&(app.to_owned(), candidate.clone()));
        aliases.into_iter().flatten().chain([candidate]).cloned().collect()
    }
}

/// The Gupshup id, and the candidates.
fn ids(fact: &Fact) -> (Option<&String>, Vec<&String>) {
    let (gs_id, candidates) = match fact {
        Fact::Status(status) => (&status.gs_id, [&status.whatsapp_id, &status.meta_msg_id]),
        Fact::Inbound(Inbound { context: Some(context), .. }) => (&context.gs_id, [&context.id, &context.meta_msg_id]),
        Fact::Mismatch(mismatch) => return (Some(&mismatch.message_id), Vec::new()),
        Fact::Inbound(_) | Fact::Send(_) | Fact::NumberChange(_) | Fact::Echo(_) | Fact::Renaming(_) => return (None, Vec::new()),
    };
    (gs_id.as_ref(), candidates.into_iter().flatten().collect())
}
