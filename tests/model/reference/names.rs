//! Which message an element is about: Gupshup ids, other ids, and the aliases between them.

use super::super::final_state::SendKey;
use super::super::history::{Fact, Record};
use std::collections::{BTreeMap, BTreeSet};

/// Which message an element is about.
pub struct Names {
    /// By app and other id: the Gupshup ids it stands for.
    aliases: BTreeMap<SendKey, BTreeSet<String>>,
}

impl Names {
    pub fn learn(records: &[Record]) -> Self {
        let mut aliases: BTreeMap<SendKey, BTreeSet<String>> = BTreeMap::new();
        for record in records {
            if let (Some(gs_id), Some(other)) = both_ids(&record.fact) {
                aliases.entry((record.fact.app().to_owned(), other.clone())).or_default().insert(gs_id.clone());
            }
        }
        Names { aliases }
    }

    /// By the Gupshup id; without one, by the other id itself and through one alias step.
    pub fn named_by(&self, fact: &Fact) -> BTreeSet<String> {
        match (fact, both_ids(fact)) {
            (Fact::Mismatch(mismatch), _) => BTreeSet::from([mismatch.message_id.clone()]),
            (_, (Some(gs_id), _)) => BTreeSet::from([gs_id.clone()]),
            (_, (None, Some(other))) => {
                let aliases = self.aliases.get(&(fact.app().to_owned(), other.clone()));
                aliases.into_iter().flatten().chain([other]).cloned().collect()
            }
            (_, (None, None)) => BTreeSet::new(),
        }
    }
}

fn both_ids(fact: &Fact) -> (Option<&String>, Option<&String>) {
    match fact {
        Fact::Status(status) => (status.gs_id.as_ref(), status.whatsapp_id.as_ref()),
        Fact::Inbound(inbound) => inbound.context.as_ref().map_or((None, None), |context| (context.gs_id.as_ref(), context.id.as_ref())),
        Fact::Send(_) | Fact::Mismatch(_) | Fact::NumberChange(_) | Fact::Echo(_) | Fact::Renaming(_) => (None, None),
    }
}
