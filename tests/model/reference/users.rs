//! BSUIDs that became others: which of them are one person's name.

use super::super::forest::Forest;
use super::Bsuid;
use std::collections::{BTreeMap, BTreeSet};

/// Two BSUIDs of one scope are one person's, said at a time, perhaps with the number that the second was seen on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Renaming {
    pub at_s: i64,
    pub previous: Bsuid,
    pub current: Bsuid,
    pub wa_id: Option<String>,
}

/// Classes of BSUIDs by their renamings, whatever their times; each goes by its smallest BSUID.
#[derive(Clone, Debug, Default)]
pub struct UserNames(BTreeMap<Bsuid, Bsuid>);

impl UserNames {
    pub fn of(renamings: &BTreeSet<Renaming>) -> Self {
        let users: BTreeSet<&Bsuid> = renamings.iter().flat_map(|renaming| [&renaming.previous, &renaming.current]).collect();
        let users: Vec<&Bsuid> = users.into_iter().collect();
        let index: BTreeMap<&Bsuid, usize> = users.iter().enumerate().map(|(index, user)| (*user, index)).collect();
        let mut forest = Forest::new(users.len());
        for renaming in renamings {
            forest.join(index[&renaming.previous], index[&renaming.current]);
        }
        // The root of a component is its least index, and so its smallest BSUID.
        UserNames(users.iter().enumerate().map(|(index, user)| ((*user).clone(), users[forest.root(index)].clone())).collect())
    }

    /// A BSUID that was never renamed is its own name.
    pub fn name(&self, user: &Bsuid) -> Bsuid {
        self.0.get(user).unwrap_or(user).clone()
    }

    /// The BSUIDs of each name of several.
    pub fn classes(&self) -> Vec<Vec<&Bsuid>> {
        let mut classes: BTreeMap<&Bsuid, Vec<&Bsuid>> = BTreeMap::new();
        for (user, name) in &self.0 {
            classes.entry(name).or_default().push(user);
        }
        classes.into_values().collect()
    }
}
