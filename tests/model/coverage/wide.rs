//! Portfolios, tenants, and statuses with two candidate ids.

use super::super::apps;
use super::super::final_state::{FinalState, SendKey};
use super::super::history::{Context, Fact, Inbound, Record, Status};
use super::super::reference::joins::Dialled;
use super::super::reference::names::Names;
use super::super::reference::{Analysis, numbers};
use super::Counts;
use std::collections::{BTreeMap, BTreeSet};

/// Every name that is counted here.
pub const WIDE_SITUATIONS: [&str; 12] = [
    "BSUID seen by two apps of a portfolio",
    "person with messages in two apps of a portfolio",
    "row of a portfolio's BSUID",
    "row that two apps of a portfolio feed",
    "owner with BSUIDs of a portfolio and of an app",
    "name of BSUIDs of a portfolio",
    "number of two tenants",
    "BSUID of two tenants",
    "two candidate ids that name one send",
    "two candidate ids, the first unknown",
    "two candidate ids that name two sends",
    "reply to two candidate ids",
];

/// What is alike in two tenants, and means nothing.
pub fn tenants(records: &[Record], counts: &mut Counts) {
    let mut numbers: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut users: BTreeMap<&String, BTreeSet<&str>> = BTreeMap::new();
    for record in records {
        if let Fact::Inbound(Inbound { app, wa_id, user_id, .. }) = &record.fact {
            let tenant = apps::tenant(app);
            if let Some(wa_id) = wa_id {
                numbers.entry(numbers::subscriber(wa_id)).or_default().insert(tenant);
            }
            if let Some(user) = user_id {
                users.entry(user).or_default().insert(tenant);
            }
        }
    }
    counts.saw("number of two tenants", numbers.values().filter(|tenants| tenants.len() > 1).count());
    counts.saw("BSUID of two tenants", users.values().filter(|tenants| tenants.len() > 1).count());
}

pub fn portfolios(records: &[Record], analysis: &Analysis, state: &FinalState, counts: &mut Counts) {
    let portfolios: BTreeSet<&str> = records.iter().filter_map(|record| apps::named(record.fact.app()).portfolio).collect();
    let of_portfolio = |scope: &String| portfolios.contains(scope.as_str());
    let mut seen_by: BTreeMap<(&str, &String), BTreeSet<&String>> = BTreeMap::new();
    for record in records {
        if let Fact::Inbound(Inbound { app, user_id: Some(user), .. }) = &record.fact {
            seen_by.entry((apps::scope(app), user)).or_default().insert(app);
        }
    }
    counts.saw("BSUID seen by two apps of a portfolio", seen_by.values().filter(|apps| apps.len() > 1).count());
    let mut met: BTreeMap<(&String, &str), BTreeSet<&String>> = BTreeMap::new();
    for ((app, _, _), placed) in &state.messages {
        met.entry((&placed.identity, apps::scope(app))).or_default().insert(app);
    }
    counts.saw("person with messages in two apps of a portfolio", met.values().filter(|apps| apps.len() > 1).count());
    let mut fed_by: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for ((app, _), outbound) in &analysis.joins.outbound {
        if let Dialled::User(user) = &outbound.dialled
            && of_portfolio(&user.scope)
            && !outbound.evidence.is_empty()
        {
            fed_by.entry(&user.id).or_default().insert(app);
        }
    }
    counts.saw("row of a portfolio's BSUID", fed_by.len());
    counts.saw("row that two apps of a portfolio feed", fed_by.values().filter(|apps| apps.len() > 1).count());
    for owner in analysis.owners.lines.iter().flatten() {
        let mixed = owner.users.iter().any(|user| of_portfolio(&user.scope)) && !owner.users.iter().all(|user| of_portfolio(&user.scope));
        counts.saw_if("owner with BSUIDs of a portfolio and of an app", mixed);
    }
    let names = analysis.owners.names.classes();
    counts.saw("name of BSUIDs of a portfolio", names.iter().filter(|users| of_portfolio(&users[0].scope)).count());
}

/// Elements without a Gupshup id, and with two others.
pub fn candidates(records: &[Record], analysis: &Analysis, counts: &mut Counts) {
    let names = Names::learn(records);
    for record in records {
        let (first, second) = match &record.fact {
            Fact::Status(Status { gs_id: None, whatsapp_id: Some(first), meta_msg_id: Some(second), .. }) => (first, second),
            Fact::Inbound(Inbound { context: Some(Context { gs_id: None, id: Some(first), meta_msg_id: Some(second) }), .. }) => {
                counts.saw("reply to two candidate ids", 1);
                (first, second)
            }
            _ => continue,
        };
        let sends = |candidate: &String| -> BTreeSet<SendKey> {
            let named = names.of_candidate(record.fact.app(), candidate).into_iter();
            let keys = named.map(|message_id| (record.fact.app().to_owned(), message_id));
            keys.filter(|key| analysis.joins.outbound.contains_key(key)).collect()
        };
        let (first, second) = (sends(first), sends(second));
        counts.saw_if("two candidate ids that name one send", first == second && first.len() == 1);
        counts.saw_if("two candidate ids, the first unknown", first.is_empty() && !second.is_empty());
        counts.saw_if("two candidate ids that name two sends", first.union(&second).count() > 1);
    }
}
